"""Finds the column of a finding: reads its line again, and follows its JSON Pointer in the text."""

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

from ..findings import BatchError
from ..nesting import with_fresh_stack
from ..rules.text import error_position
from ..sources import open_file

_DECODER = json.JSONDecoder(strict=False, parse_int=str, parse_float=str)
_SPACE = re.compile(r"[ \t\r\n]*")
_NUMBER = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"|(-?(?:Infinity|\d[\d.eE+-]*)|NaN)')
_SURROGATE = re.compile(
    r"\\u[dD][89abAB][\da-fA-F]{2}\\u[dD][c-fC-F][\da-fA-F]{2}|(\\u[dD][89a-fA-F][\da-fA-F]{2})|\\."
)

#: At most this many findings of one line are located, because each one parses the line again.
_MAX_PER_LINE: Final = 50

#: Rules whose place is a key, not its value.
_ABOUT_KEYS: Final = frozenset(
    {
        "unknown_parameter",
        "unknown_line_member",
        "moved_parameter",
        "unsupported_parameter",
        "unrecognized_argument",
        "deprecated_parameter",
        "property_name_above_max_length",
        "logit_bias_key",
    }
)


class Place(NamedTuple):
    """A part of a line.

    Attributes:
        text: the line without its newline.
        start: the offset of the first character.
        end: the offset after the last character.
    """

    text: str
    start: int
    end: int

    @property
    def column(self) -> int:
        """The 1-based column of the first character, in code points."""
        return self.start + 1


def locate_all(
    source: str | None, errors: Iterable[BatchError]
) -> Iterator[tuple[BatchError, Place | None]]:
    """The findings, each with its place, if that is found. The file is read once.

    Args:
        source: the path of the file; None if there is no file to read.
        errors: in the order of their lines.
    """
    lines = _lines(source) if source is not None else iter(())
    number = 0
    line = b""
    count = 0
    for error in errors:
        while number < (error.line or 0):
            number, line = next(lines, (sys.maxsize, b""))  # Past the end of the file.
            count = 0
        count += 1
        is_located = number == error.line and count <= _MAX_PER_LINE
        yield error, find(line, error) if is_located else None


def _lines(source: str) -> Iterator[tuple[int, bytes]]:
    """The lines of a file with their numbers. A pipe, or a file that is gone, has none."""
    try:
        if stat.S_ISREG(Path(source).stat().st_mode):
            with open_file(source) as file:
                yield from enumerate(file, 1)
    except (OSError, ValueError, EOFError, zlib.error):  # A null character, or a changed file.
        return


def find(line: bytes, error: BatchError) -> Place | None:
    """The place of a finding in its line; None if it is not found."""
    try:
        text = line.decode("utf-8-sig" if error.line == 1 else "utf-8").rstrip("\r\n")
    except UnicodeDecodeError as error_at:
        start = len(line[: error_at.start].decode())
        return Place(line.decode(errors="replace").rstrip("\r\n"), start, start + 1)
    try:
        if error.pointer is None:
            span = with_fresh_stack(_defect_span, text, error.rule)
        else:
            span = with_fresh_stack(_pointer_span, text, error.pointer, error.rule)
    except (ValueError, IndexError, RecursionError):
        return None
    return span and Place(text, *span)


def _defect_span(text: str, rule: str) -> tuple[int, int] | None:
    """Where the decoder fails in a line that is not JSON."""
    if rule == "lone_surrogate":
        return next((match.span(1) for match in _SURROGATE.finditer(text) if match[1]), None)
    if rule == "not_a_number":
        return next(
            (
                match.span(1)
                for match in _NUMBER.finditer(text)
                if match[1] and not math.isfinite(float(match[1]))
            ),
            None,
        )
    try:
        _DECODER.decode(text)
    except json.JSONDecodeError as error:
        start = error_position(error, text)
        return start, min(start + 1, len(text))
    return None


def _pointer_span(text: str, pointer: str, rule: str) -> tuple[int, int]:
    """The value, or the key, that a JSON Pointer names.

    For a missing field it is the opening brace of the object that lacks it.
    """
    start = _skip(text, 0)
    name = start
    end = _end(text, start)
    for token in pointer.split("/")[1:]:
        key = token.replace("~1", "/").replace("~0", "~")
        spans = [child[1:] for child in _children(text, start) if str(child[0])[:1000] == key]
        if not spans:
            return start, start + 1
        name, start, end = spans[-1]  # Decoders keep the last of equal keys.
    return (name, _end(text, name)) if rule in _ABOUT_KEYS else (start, end)


def _children(text: str, at: int) -> Iterator[tuple[str | int, int, int, int]]:
    """The children of an array or object, as (index or key, start of the key, start, end)."""
    if text[at] not in "{[":
        return
    closing = "}" if text[at] == "{" else "]"
    at = _skip(text, at + 1)
    index = 0
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
    """The offset of the next character that is not white space."""
    match = _SPACE.match(text, at)
    return match.end() if match else at
