"""Locates findings in their lines by following JSON Pointers through the text."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from typing import Final, NamedTuple

from .findings import MAX_QUOTE_LENGTH, BatchError, PathParts
from .nesting import MAX_EXPLAINED_LEVELS, end_of_container, is_deeper_than, with_fresh_stack

_DECODER = json.JSONDecoder(strict=False, parse_int=str, parse_float=str)
_SPACES = re.compile(r"[ \t\r\n]*")

#: A string, or (group 1) a number or constant that may not be valid JSON.
SPECIAL_NUMBER: Final = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"|(-?(?:Infinity|\d[\d.eE+-]*)|NaN)')

#: A surrogate pair, an unpaired surrogate (group 1), or another escape.
SURROGATE: Final = re.compile(
    r"\\u[dD][89abAB][\da-fA-F]{2}\\u[dD][c-fC-F][\da-fA-F]{2}|(\\u[dD][89a-fA-F][\da-fA-F]{2})|\\."
)

#: Maximum number of array items and object fields to visit per line. Later places are not found.
#: A count rather than a time limit keeps reports reproducible.
_MAX_STEPS: Final = 20_000

_BYTE_ORDER_MARK: Final = "\ufeff"

#: JSON's whitespace characters.
_WHITESPACE: Final = " \t\r\n"

#: Rules that point to a key instead of its value.
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


def error_position(error: json.JSONDecodeError, text: str) -> int:
    """The index of the syntax error in an invalid JSON text, the same on every Python version.

    For a comma before a closing bracket, Python 3.13 and later report the comma; earlier versions
    report the bracket.
    """
    before = text[: error.pos].rstrip(_WHITESPACE)
    is_late = before.endswith(",") and text[error.pos : error.pos + 1] in ("}", "]")
    return len(before) - 1 if is_late else error.pos


def find(line: bytes, error: BatchError) -> Place | None:
    """The place of a finding in its line; None if it is not found."""
    return find_all(line, [error], first=error.line == 1)[0]


def find_all(line: bytes, errors: Sequence[BatchError], *, first: bool) -> list[Place | None]:
    """The places of findings in their line. The line is read only once.

    Args:
        line: the line.
        errors: its findings.
        first: whether it is the first line of the file, which may begin with a byte order mark.
    """
    try:
        text = line.decode("utf-8-sig" if first else "utf-8").rstrip("\r\n")
    except UnicodeDecodeError as error_at:
        start = len(line[: error_at.start].decode())
        shown = line.decode(errors="replace").rstrip("\r\n")
        return [Place(shown, start, start + 1)] * len(errors)
    # The decoder recurses, and the caller's stack may be small.
    if is_deeper_than(MAX_EXPLAINED_LEVELS, text):
        return [None] * len(errors)
    root = _Target()
    for error in errors:
        if error.pointer is not None:
            root.add(_tokens(error.pointer))
    walked = _try_walk(text, root, _MAX_STEPS, MAX_QUOTE_LENGTH)
    return [_place(text, root if walked else None, error) for error in errors]


def _try_walk(text: str, root: _Target, steps: int, longest: int | None) -> bool:
    """Record the spans of the targets in a text. Return whether that succeeded."""
    try:
        return with_fresh_stack(_walk, text, root, steps, longest) > 0
    except (ValueError, IndexError, RecursionError):
        return False


def _place(text: str, root: _Target | None, error: BatchError) -> Place | None:
    span: tuple[int, int] | None = None
    try:
        if error.pointer is None:
            span = with_fresh_stack(_defect_span, text, error.rule)
        elif root is not None:
            span = root.span(_tokens(error.pointer), text, about_key=error.rule in _ABOUT_KEYS)
    except (ValueError, IndexError, RecursionError):
        return None
    return span and Place(text, *span)


def _defect_span(text: str, rule: str) -> tuple[int, int] | None:
    """The span of the syntax error in a line that is not valid JSON."""
    if rule == "lone_surrogate":
        return next((match.span(1) for match in SURROGATE.finditer(text) if match[1]), None)
    if rule == "not_a_number":
        return next(
            (
                match.span(1)
                for match in SPECIAL_NUMBER.finditer(text)
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


def _tokens(pointer: str) -> list[str]:
    """The keys and indices of a JSON Pointer."""
    return [token.replace("~1", "/").replace("~0", "~") for token in pointer.split("/")[1:]]


class _Target:
    """A node on the path to a finding: the value to locate, or a container around it.

    Attributes:
        children: the targets inside, by key or index; empty until one is added.
        name: the offset of its key.
        start: the offset of its value.
        end: the offset after its value.
        visit: the number of times it was seen. Decoders keep the last of duplicate keys.
        visit_of_parent: the parent's `visit` when this target was last seen.
    """

    __slots__ = ("children", "end", "name", "start", "visit", "visit_of_parent")

    def __init__(self) -> None:
        self.children: dict[str, _Target] = {}
        self.name = self.start = self.end = 0
        self.visit = self.visit_of_parent = 0

    def add(self, tokens: list[str]) -> None:
        """Add the target that these keys and indices lead to."""
        place = self
        for token in tokens:
            place = place.children.setdefault(token, _Target())

    def span(self, tokens: list[str], text: str, *, about_key: bool) -> tuple[int, int]:
        """The span of the value or key that these keys and indices lead to.

        For a missing field, the span is the opening brace of the object that lacks it.
        """
        place = self
        for token in tokens:
            child = place.children[token]
            if child.visit_of_parent != place.visit:
                return place.start, place.start + 1
            place = child
        return (place.name, _end(text, place.name)) if about_key else (place.start, place.end)


#: Targets whose children are being read, each with its closing bracket and the next index.
_Open = list[tuple[_Target, str, int]]


def _walk(text: str, root: _Target, steps: int, longest: int | None) -> int:
    """Record the offsets of the targets in one pass; return the number of steps left.

    The walk does not recurse, and skips all other values whole.

    Args:
        text: the text.
        root: the places to find.
        steps: maximum number of array items and object fields to visit.
        longest: maximum length of keys, if the keys of the places are cut there; None if they are
            whole.
    """
    around: _Open = []
    at = _enter(text, root, _skip(text, int(text.startswith(_BYTE_ORDER_MARK))), around)
    while around:
        parent, closing, index = around.pop()
        if text[at] == closing:
            parent.end = at + 1
            at = _after_value(text, at + 1) if around else at + 1
            continue
        steps -= 1
        if steps <= 0:
            return 0
        around.append((parent, closing, index + 1))
        name = at
        key = str(index)
        if closing == "}":
            key, at = _DECODER.raw_decode(text, at)
            at = _skip(text, _skip(text, at) + 1)
        place = parent.children.get(str(key)[:longest])
        if place is None:
            at = _after_value(text, _end(text, at))
        else:
            place.name = name
            place.visit_of_parent = parent.visit
            at = _enter(text, place, at, around)
    return steps


def _enter(text: str, place: _Target, at: int, around: _Open) -> int:
    """Record where a target begins; return the offset of its first child, or after it."""
    place.start = at
    place.visit += 1
    if place.children and text[at] in "{[":
        around.append((place, "}" if text[at] == "{" else "]", 0))
        return _skip(text, at + 1)
    place.end = _end(text, at)
    return _after_value(text, place.end) if around else place.end


def _after_value(text: str, at: int) -> int:
    """The offset of the next child, or of the closing bracket."""
    at = _skip(text, at)
    return _skip(text, at + 1) if text[at] == "," else at


def _end(text: str, at: int) -> int:
    """The offset after the value that begins here."""
    try:
        return _DECODER.raw_decode(text, at)[1]
    except RecursionError:  # The text was decoded before, so looking at its brackets is enough.
        return end_of_container(text, at)


def _skip(text: str, at: int) -> int:
    """The offset of the next character that is not whitespace."""
    if text[at : at + 1] > " ":  # Usually there is none, and a regex match is slower.
        return at
    match = _SPACES.match(text, at)
    return match.end() if match else at


class Span(NamedTuple):
    """The offsets of a key and its value in a text.

    Attributes:
        name: the offset of the key; in an array, the offset of the value.
        start: the offset of the value.
        end: the offset after the value.
    """

    name: int
    start: int
    end: int


def find_span(text: str, path: PathParts) -> Span | None:
    """The span of a value in a JSON text; None if there is no such value.

    For duplicate keys, the last one counts, as in most decoders. Places are found however large
    and deep the value is.

    Args:
        text: a line that is valid JSON, perhaps with a byte order mark.
        path: the keys and indices that lead to the value.
    """
    return find_spans(text, [path])[0]


def find_spans(text: str, paths: Sequence[PathParts]) -> list[Span | None]:
    """The spans of several values. The text is read only once."""
    places = [[str(part) for part in path] for path in paths]
    root = _Target()
    for tokens in places:
        root.add(tokens)
    if not _try_walk(text, root, len(text) + 1, None):  # No value has more fields than characters.
        return [None] * len(paths)
    return [_span_of(root, tokens) for tokens in places]


def _span_of(root: _Target, tokens: list[str]) -> Span | None:
    """The span of a place; None if it was not seen."""
    place = root
    for token in tokens:
        child = place.children[token]
        if child.visit_of_parent != place.visit:
            return None
        place = child
    return Span(place.name, place.start, place.end)
