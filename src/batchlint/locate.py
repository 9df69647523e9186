"""Locates findings in the text of their lines: values by JSON Pointer, and syntax errors."""

from __future__ import annotations

import json
import math
import re
from codecs import BOM_UTF8
from collections.abc import Sequence
from typing import Final, NamedTuple

from .findings import MAX_QUOTE_LENGTH, BatchError, PathParts
from .nesting import MAX_EXPLAINED_LEVELS, container_end, is_deeper_than, with_fresh_stack

_DECODER = json.JSONDecoder(strict=False, parse_int=str, parse_float=str)
_SPACES = re.compile(r"[ \t\r\n]*")

#: A string, or a number or constant that may be invalid in JSON (group 1).
SPECIAL_NUMBER: Final = r'"[^"\\]*+(?:\\.[^"\\]*+)*+"|(-?(?:Infinity|\d[\d.eE+-]*)|NaN)'

#: A surrogate pair, an unpaired surrogate (group 1), or another escape.
SURROGATE: Final = (
    r"\\u[dD][89abAB][\da-fA-F]{2}\\u[dD][c-fC-F][\da-fA-F]{2}|(\\u[dD][89a-fA-F][\da-fA-F]{2})|\\."
)

#: The maximum number of array items and object fields to visit per line. Values beyond them are not
#: located. Counting steps, unlike timing, keeps reports reproducible.
_MAX_STEPS: Final = 20_000

_BYTE_ORDER_MARK: Final = "\ufeff"

#: JSON's whitespace characters.
_WHITESPACE: Final = " \t\r\n"

#: Rules whose findings are about a key, not about its value.
_KEY_RULES: Final = frozenset(
    {
        "unknown_parameter",
        "doubtful_parameter",
        "unknown_line_member",
        "moved_parameter",
        "unsupported_parameter",
        "unrecognized_argument",
        "deprecated_parameter",
        "property_name_above_max_length",
        "logit_bias_key",
    }
)


class Location(NamedTuple):
    """The location of a finding in a line.

    Attributes:
        text: the line without its newline.
        start: the offset of the location's first character.
        end: the offset after its last character.
    """

    text: str
    start: int
    end: int

    @property
    def column(self) -> int:
        """The column of the first character, in code points, counted from 1."""
        return self.start + 1


def error_position(error: json.JSONDecodeError, text: str) -> int:
    """Return the offset of a syntax error in JSON text, the same in every Python version.

    If there is a comma before a closing bracket, Python 3.13 and later report the comma. Earlier
    versions report the bracket.
    """
    before = text[: error.pos].rstrip(_WHITESPACE)
    is_bracket_reported = before.endswith(",") and text[error.pos : error.pos + 1] in ("}", "]")
    return len(before) - 1 if is_bracket_reported else error.pos


def find(line: bytes, error: BatchError) -> Location | None:
    """Locate a finding in its line. Return None if the location is not found."""
    return find_all(line, [error], first=error.line == 1)[0]


def find_all(line: bytes, errors: Sequence[BatchError], *, first: bool) -> list[Location | None]:
    """Locate several findings of one line in a single pass.

    Args:
        line: the line.
        errors: the findings.
        first: whether this is the first line of the file, which may begin with a byte order mark.

    Returns:
        For each finding, its location, or None if it is not found.
    """
    if first:
        line = line.removeprefix(BOM_UTF8)
    try:
        text = line.decode().rstrip("\r\n")
    except UnicodeDecodeError as decode_error:
        start = len(line[: decode_error.start].decode())
        text = line.decode(errors="replace").rstrip("\r\n")
        return [Location(text, start, start + 1)] * len(errors)
    # The decoder recurses, and the caller's stack may be small.
    if is_deeper_than(MAX_EXPLAINED_LEVELS, text):
        return [None] * len(errors)
    root = _Target()
    for error in errors:
        if error.pointer is not None:
            root.add(_parse_pointer(error.pointer))
    succeeded = _try_walk(text, root, _MAX_STEPS, MAX_QUOTE_LENGTH)
    return [_location(text, root if succeeded else None, error) for error in errors]


def _try_walk(text: str, root: _Target, steps: int, max_key_length: int | None) -> bool:
    """Record the spans of the targets in JSON text. Return whether this succeeded."""
    try:
        return with_fresh_stack(_walk, text, root, steps, max_key_length) > 0
    except (ValueError, IndexError, RecursionError):
        return False


def _location(text: str, root: _Target | None, error: BatchError) -> Location | None:
    """Return the location of a finding after the walk. If the walk failed, `root` is None."""
    span: tuple[int, int] | None = None
    try:
        if error.pointer is None:
            span = with_fresh_stack(_defect_span, text, error.rule)
        elif root is not None:
            span = root.span(_parse_pointer(error.pointer), text, is_key=error.rule in _KEY_RULES)
    except (ValueError, IndexError, RecursionError):
        return None
    return span and Location(text, *span)


def _defect_span(text: str, rule: str) -> tuple[int, int] | None:
    """Return the span of the syntax error in a line that is not valid JSON."""
    if rule == "lone_surrogate":
        return next((match.span(1) for match in re.finditer(SURROGATE, text) if match[1]), None)
    if rule == "not_a_number":
        return next(
            (
                match.span(1)
                for match in re.finditer(SPECIAL_NUMBER, text)
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


def _parse_pointer(pointer: str) -> list[str]:
    """Split a JSON Pointer into keys and indices."""
    return [token.replace("~1", "/").replace("~0", "~") for token in pointer.split("/")[1:]]


class _Target:
    """A value to locate, or an array or object that contains one.

    Attributes:
        children: the targets inside this one, by key or index.
        key_start: the offset of the key.
        start: the offset of the value.
        end: the offset after the value.
        visit: how many times the walk has found this target. If keys are duplicated, it finds the
            target several times, and the last one counts, as in decoders.
        parent_visit: the parent's `visit` when the walk last found this target.
    """

    __slots__ = ("children", "end", "key_start", "parent_visit", "start", "visit")

    def __init__(self) -> None:
        self.children: dict[str, _Target] = {}
        self.key_start = self.start = self.end = 0
        self.visit = self.parent_visit = 0

    def add(self, tokens: list[str]) -> None:
        """Add the target at a path of keys and indices."""
        target = self
        for token in tokens:
            target = target.children.setdefault(token, _Target())

    def span(self, tokens: list[str], text: str, *, is_key: bool) -> tuple[int, int]:
        """Return the span of the value or key at a path of keys and indices.

        For a missing field, the span is the opening brace of the object that lacks it.
        """
        target = self
        for token in tokens:
            child = target.children[token]
            if child.parent_visit != target.visit:
                return target.start, target.start + 1
            target = child
        return (
            (target.key_start, _value_end(text, target.key_start))
            if is_key
            else (target.start, target.end)
        )


#: A stack of open arrays and objects: the target, the closing bracket, and the next child's index.
_OpenContainers = list[tuple[_Target, str, int]]


def _walk(text: str, root: _Target, steps: int, max_key_length: int | None) -> int:
    """Record the offsets of the targets in one pass and return the number of steps left.

    The walk doesn't recurse. It skips values that contain no target.

    Args:
        text: JSON text.
        root: the targets.
        steps: maximum number of array items and object fields to visit.
        max_key_length: the length at which the targets' keys are cut. None if they are complete.
    """
    containers: _OpenContainers = []
    start = _skip_spaces(text, int(text.startswith(_BYTE_ORDER_MARK)))
    offset = _enter(text, root, start, containers)
    while containers:
        parent, closing, index = containers.pop()
        if text[offset] == closing:
            parent.end = offset + 1
            offset = _after_value(text, offset + 1) if containers else offset + 1
            continue
        steps -= 1
        if steps <= 0:
            return 0
        containers.append((parent, closing, index + 1))
        key_start = offset
        key = str(index)
        if closing == "}":
            key, offset = _DECODER.raw_decode(text, offset)
            offset = _skip_spaces(text, _skip_spaces(text, offset) + 1)
        target = parent.children.get(str(key)[:max_key_length])
        if target is None:
            offset = _after_value(text, _value_end(text, offset))
        else:
            target.key_start = key_start
            target.parent_visit = parent.visit
            offset = _enter(text, target, offset, containers)
    return steps


def _enter(text: str, target: _Target, offset: int, containers: _OpenContainers) -> int:
    """Record where a target begins. Return the offset of its first child, or of the next value."""
    target.start = offset
    target.visit += 1
    if target.children and text[offset] in "{[":
        containers.append((target, "}" if text[offset] == "{" else "]", 0))
        return _skip_spaces(text, offset + 1)
    target.end = _value_end(text, offset)
    return _after_value(text, target.end) if containers else target.end


def _after_value(text: str, offset: int) -> int:
    """Return the offset of the next child, or of the closing bracket."""
    offset = _skip_spaces(text, offset)
    return _skip_spaces(text, offset + 1) if text[offset] == "," else offset


def _value_end(text: str, offset: int) -> int:
    """Return the offset after the value that begins at an offset."""
    try:
        return _DECODER.raw_decode(text, offset)[1]
    except RecursionError:  # The text is valid JSON, so matching the brackets is enough.
        return container_end(text, offset)


def _skip_spaces(text: str, offset: int) -> int:
    """Return the offset of the next character that is not whitespace."""
    # Usually there is no whitespace, and a regex match is slower.
    if text[offset : offset + 1] > " ":
        return offset
    match = _SPACES.match(text, offset)
    return match.end() if match else offset


class Span(NamedTuple):
    """The offsets of a key and its value in JSON text.

    Attributes:
        key_start: the offset of the key; in an array, the offset of the value.
        start: the offset of the value.
        end: the offset after the value.
    """

    key_start: int
    start: int
    end: int


def find_span(text: str, path: PathParts) -> Span | None:
    """Return the span of a value in JSON text, or None if there is no such value.

    If keys are duplicated, the last one counts, as in most decoders. There is no limit on the
    number of fields or the depth.

    Args:
        text: a line that is valid JSON, perhaps with a byte order mark.
        path: the keys and indices that lead to the value.
    """
    return find_spans(text, [path])[0]


def find_spans(text: str, paths: Sequence[PathParts]) -> list[Span | None]:
    """Return the spans of several values, found in a single pass."""
    token_lists = [[str(part) for part in path] for path in paths]
    root = _Target()
    for tokens in token_lists:
        root.add(tokens)
    max_steps = len(text) + 1  # There are fewer items and fields than characters.
    if not _try_walk(text, root, max_steps, None):
        return [None] * len(paths)
    return [_target_span(root, tokens) for tokens in token_lists]


def _target_span(root: _Target, tokens: list[str]) -> Span | None:
    """Return the span of a target, or None if the walk didn't find it."""
    target = root
    for token in tokens:
        child = target.children[token]
        if child.parent_visit != target.visit:
            return None
        target = child
    return Span(target.key_start, target.start, target.end)
