"""Converts UTF-16, JSON arrays and pretty-printed JSON to one request per line.

Only one value is in memory at a time. Numbers keep their spelling.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final

from .edits import is_json_object

_BYTE_ORDER_MARKS: Final = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}

#: Everything up to a bracket (group 1), to a string that is cut off, or to the end of the data.
_TOKEN: Final = re.compile(rb'(?:[^"\[\]{}]++|"[^"\\]*+(?:\\.[^"\\]*+)*+")*+([\[\]{}])?', re.DOTALL)

#: The rest of a string that is cut off. Group 1 ends it.
_STRING_REST: Final = re.compile(rb'[^"\\]*+(?:\\.[^"\\]*+)*+(")?', re.DOTALL)

#: Maximum size of a request in a JSON document, so that memory is bounded.
_MAX_REQUEST_BYTES: Final = 1 << 26

#: A string, or whitespace with a newline and the comma before it.
_STRING_OR_BREAK: Final = re.compile(
    rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"|(,?)[ \t\r]*\n[ \t\r\n]*', re.DOTALL
)

_WHITESPACE: Final = b" \t\r\n"


class NotConvertibleError(Exception):
    """The bytes are not in the expected format."""


def as_utf8(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Convert UTF-16 with a byte order mark to UTF-8 without one.

    Raises:
        NotConvertibleError: the bytes are not UTF-16 with a byte order mark.
    """
    decoder = None
    for chunk in chunks:
        data = chunk
        if decoder is None:
            encoding = _BYTE_ORDER_MARKS.get(chunk[:2])
            if encoding is None:
                raise NotConvertibleError
            decoder = codecs.getincrementaldecoder(encoding)()
            data = chunk[2:]
        yield _decode(decoder, data)
    if decoder is not None:
        yield _decode(decoder, b"", final=True)


def _decode(decoder: codecs.IncrementalDecoder, data: bytes, *, final: bool = False) -> bytes:
    try:
        return decoder.decode(data, final).encode()
    except UnicodeError:
        raise NotConvertibleError from None


def as_lines(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Write the objects of a JSON array, or objects that span several lines, one per line.

    Raises:
        NotConvertibleError: the bytes are something else, or are cut off.
    """
    for value in _objects(chunks):
        line = _STRING_OR_BREAK.sub(_replace_break, value) if b"\n" in value else value
        if not is_json_object(
            line
        ):  # Any remaining newline is inside a string, where JSON does not allow it.
            raise NotConvertibleError
        yield line + b"\n"


#: The functions that convert a file to lines, by the rule that reports the file.
CONVERTERS: Final[Mapping[str, Callable[[Iterable[bytes]], Iterator[bytes]]]] = {
    "not_utf8": as_utf8,
    "not_a_batch_file": as_lines,
}


def is_convertible(rule: str, chunks: Iterable[bytes]) -> bool:
    """Whether a file can be converted to lines. All chunks are read.

    Args:
        rule: the rule that reports the file.
        chunks: the file.
    """
    rest = iter(chunks)
    try:
        for _ in CONVERTERS[rule](rest):
            pass
    except NotConvertibleError:
        for _ in rest:
            pass
        return False
    return True


def _replace_break(match: re.Match[bytes]) -> bytes:
    """The replacement of a newline between the tokens of a value."""
    comma = match[1]
    if comma is None:
        return match[0]
    return b", " if comma else b""


def _objects(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The text of each object in an array, or of each object at the top level.

    Raises:
        NotConvertibleError: there is anything else, or the bytes are cut off.
    """
    scanner = _Scanner()
    for chunk in chunks:
        yield from scanner.feed(chunk)
    scanner.finish()


class _Scanner:
    """Finds objects in a stream of chunks."""

    def __init__(self) -> None:
        self._data = b""
        self._at = 0  # where the next token may begin
        self._start = 0  # where the object begins, or what is between two objects
        self._depth = 0
        self._outer: int | None = None  # the depth around the objects: 1 in an array
        self._is_cut = False  # whether a string continues in the next chunk
        self._found = False  # whether an object has ended
        self._is_closed = False  # whether the array has ended

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        """Yield the objects that end in a chunk.

        Raises:
            NotConvertibleError: there is something else between two objects.
        """
        data = self._data[self._start :] + chunk
        self._at -= self._start
        self._start = 0
        self._data = data
        if len(data) - len(chunk) > _MAX_REQUEST_BYTES:
            raise NotConvertibleError
        while self._ends_string() and (match := _TOKEN.match(data, self._at)):
            self._at = match.end()
            mark = match[1]
            if mark is None:
                if self._at == len(data):
                    return
                self._is_cut = True
                self._at += 1
            elif mark in b"[{":
                self._open(mark, match)
            else:
                yield from self._close(match)

    def _ends_string(self) -> bool:
        """Skip the rest of a string. Return False if it goes on in the next chunk."""
        if self._is_cut and (match := _STRING_REST.match(self._data, self._at)):
            self._at = match.end()
            self._is_cut = match[1] is None
        return not self._is_cut

    def _open(self, mark: bytes, match: re.Match[bytes]) -> None:
        if self._outer is None:
            if match.string[: match.start(1)].removeprefix(codecs.BOM_UTF8).strip(_WHITESPACE):
                raise NotConvertibleError
            self._outer = int(mark == b"[")
            if self._outer:
                self._start = match.end()
            else:
                self._start = match.start(1)
        elif self._depth == self._outer:
            self._check_gap(match, b"," * bool(self._found and self._outer))
            self._start = match.start(1)
        self._depth += 1

    def _close(self, match: re.Match[bytes]) -> Iterator[bytes]:
        self._depth -= 1
        if self._outer is None or self._depth < 0:
            raise NotConvertibleError
        if self._depth == self._outer:
            self._found = True
            yield match.string[self._start : match.end()]
            self._start = match.end()
        elif self._depth < self._outer:
            self._check_gap(match, b"")
            if match[1] != b"]":
                raise NotConvertibleError
            self._is_closed = True
            self._start = match.end()

    def _check_gap(self, match: re.Match[bytes], expected: bytes) -> None:
        """Check what is before a bracket."""
        if match.string[self._start : match.start(1)].strip(_WHITESPACE) != expected:
            raise NotConvertibleError

    def finish(self) -> None:
        """Check what is after the last object.

        Raises:
            NotConvertibleError: the data is cut off, or something else follows.
        """
        rest = self._data[self._start :]
        is_complete = self._depth == 0 and (self._is_closed or self._outer == 0)
        if not is_complete or not self._found or rest.strip(_WHITESPACE):
            raise NotConvertibleError
