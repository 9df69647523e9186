"""The place of a finding in its line: the line is read again, and its JSON Pointer followed in the text."""

from __future__ import annotations

import json
import math
import re
import stat
import sys
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final, NamedTuple

from ..deep import Decoder
from ..findings import BatchError
from ..sources import opened

_DECODER = Decoder(strict=False, parse_int=str, parse_float=str)
_SPACE = re.compile(r"[ \t\r\n]*")
_NUMBER = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"|(-?(?:Infinity|\d[\d.eE+-]*)|NaN)')
_SURROGATE = re.compile(r"\\u[dD][89abAB][\da-fA-F]{2}\\u[dD][c-fC-F][\da-fA-F]{2}|(\\u[dD][89a-fA-F][\da-fA-F]{2})|\\.")

#: How many findings of one line have their place looked for.
_PLACES: Final = 50

#: Rules that are about a member itself, not about its value.
_ABOUT_KEYS: Final = frozenset({
    "unknown_parameter", "unknown_line_member", "moved_parameter", "unsupported_parameter", "unrecognized_argument",
    "deprecated_parameter", "property_name_above_max_length", "logit_bias_key"})


class Place(NamedTuple):
    """A stretch of a line.

    Attributes:
        text: of the line, without its end.
        start: the first character, counted from 0.
        end: the character after the last.
    """

    text: str
    start: int
    end: int

    @property
    def column(self) -> int:
        """The first character, counted from 1."""
        return self.start + 1


def located(source: str | None, errors: Iterable[BatchError]) -> Iterator[tuple[BatchError, Place | None]]:
    """The findings, each with its place if that can be found; the file is read once, as far as needed.

    Args:
        source: the path of the file; None if there is none to read.
        errors: in the order of their lines.
    """
    lines = _lines(source) if source is not None else iter(())
    number, line, found = 0, b"", 0
    for error in errors:
        while number < (error.line or 0):
            number, line = next(lines, (sys.maxsize, b""))  # past the end
            found = 0
        found += 1  # each reads the line anew, and one may have thousands
        yield error, find(line, error) if number == error.line and found <= _PLACES else None


def _lines(source: str) -> Iterator[tuple[int, bytes]]:
    """The lines of a file with their numbers; what cannot be read twice, or not now, has none."""
    try:
        if stat.S_ISREG(Path(source).stat().st_mode):
            with opened(source) as file:
                yield from enumerate(file, 1)
    except (OSError, ValueError, EOFError, zlib.error):  # a path with a null character, a file that changed
        return


def find(line: bytes, error: BatchError) -> Place | None:
    """The place of a finding in the line that it is about; None if it is not found."""
    try:
        text = line.decode("utf-8-sig" if error.line == 1 else "utf-8").rstrip("\r\n")
    except UnicodeDecodeError as wrong:
        start = len(line[:wrong.start].decode())
        return Place(line.decode(errors="replace").rstrip("\r\n"), start, start + 1)
    try:
        span = _refused(text, error.rule) if error.pointer is None else _pointed(text, error.pointer, error.rule)
    except (ValueError, IndexError):
        return None
    return span and Place(text, *span)


def _refused(text: str, rule: str) -> tuple[int, int] | None:
    """What the decoder stumbles over in a line that is no JSON."""
    if rule == "lone_surrogate":
        return next((match.span(1) for match in _SURROGATE.finditer(text) if match[1]), None)
    if rule == "not_a_number":
        return next((match.span(1) for match in _NUMBER.finditer(text)
                     if match[1] and not math.isfinite(float(match[1]))), None)
    if rule == "nesting_too_deep":
        return None
    try:
        _DECODER.decode(text)
    except json.JSONDecodeError as error:
        return error.pos, min(error.pos + 1, len(text))
    return None


def _pointed(text: str, pointer: str, rule: str) -> tuple[int, int]:
    """The value (or the key) that a JSON Pointer names; of what is missing, the brace of the object that lacks it."""
    start = _skip(text, 0)
    name, end = start, _end(text, start)
    for token in pointer.split("/")[1:]:
        key = token.replace("~1", "/").replace("~0", "~")
        found = [member[1:] for member in _members(text, start) if str(member[0])[:1000] == key]
        if not found:
            return start, start + 1
        name, start, end = found[-1]  # as decoders do, of members of one name
    return (name, _end(text, name)) if rule in _ABOUT_KEYS else (start, end)


def _members(text: str, at: int) -> Iterator[tuple[str | int, int, int, int]]:
    """The members of an array or object: index or key, where the name begins, where the value, where that ends."""
    if text[at] not in "{[":
        return
    closing = "}" if text[at] == "{" else "]"
    at, index = _skip(text, at + 1), 0
    while text[at] != closing:
        key: str | int = index
        name = at
        if closing == "}":
            key, at = _DECODER.raw_decode(text, at)
            at = _skip(text, _skip(text, at) + 1)
        end = _end(text, at)
        yield key, name, at, end
        index += 1
        at = _skip(text, end)
        if text[at] == ",":
            at = _skip(text, at + 1)


def _end(text: str, at: int) -> int:
    """Where the value that begins here ends."""
    return _DECODER.raw_decode(text, at)[1]


def _skip(text: str, at: int) -> int:
    """The first character from here on that is no white space."""
    match = _SPACE.match(text, at)
    return match.end() if match else at
