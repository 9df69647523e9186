"""Converts UTF-16, JSON arrays and pretty-printed JSON to one request per line.

Only one request is in memory at a time. Numbers keep their notation.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final

import orjson

from .edits import is_json_object

_BYTE_ORDER_MARKS: Final = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}

#: Everything up to a bracket (group 1), a string that is cut off, or the end of the data.
_TOKEN: Final = re.compile(rb'(?:[^"\[\]{}]++|"[^"\\]*+(?:\\.[^"\\]*+)*+")*+([\[\]{}])?', re.DOTALL)

#: The rest of a string that is cut off. Group 1 is the closing quote.
_STRING_REST: Final = re.compile(rb'[^"\\]*+(?:\\.[^"\\]*+)*+(")?', re.DOTALL)

#: The maximum size of a request in a JSON document, to limit memory.
_MAX_REQUEST_BYTES: Final = 1 << 26

_WHITESPACE: Final = b" \t\r\n"

#: The fields of a request. A JSON document without them, such as `package.json`, is not batch input.
_REQUEST_FIELDS: Final = frozenset(("custom_id", "method", "url", "body"))


class NotConvertibleError(Exception):
    """The input is not in the expected format."""


def as_utf8(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Convert UTF-16 with a byte order mark to UTF-8 without one.

    Raises:
        NotConvertibleError: the input is not valid UTF-16 with a byte order mark.
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


def as_requests(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield each request of a JSON array, or each request at the top level, as one line.

    Raises:
        NotConvertibleError: as for `as_lines`, or the first object has no field of a request.
    """
    lines = as_lines(chunks)
    for first in lines:
        if _REQUEST_FIELDS.isdisjoint(orjson.loads(first)):
            raise NotConvertibleError
        yield first
        yield from lines


def as_lines(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield each object of a JSON array, or each object at the top level, as one line.

    Raises:
        NotConvertibleError: the input has another format, is cut off, or contains a request that
            is too large.
    """
    for value in _objects(chunks):
        if not is_json_object(value):
            raise NotConvertibleError
        # JSON doesn't allow newlines in strings, so every newline is between tokens.
        yield (_join(value) if b"\n" in value else value) + b"\n"


#: The functions that convert a file to JSON Lines, by the rule that reports the file.
CONVERTERS: Final[Mapping[str, Callable[[Iterable[bytes]], Iterator[bytes]]]] = {
    "not_utf8": as_utf8,
    "not_a_batch_file": as_requests,
}


def is_convertible(rule: str, chunks: Iterable[bytes]) -> bool:
    """Return whether a file can be converted to JSON Lines. The chunks are consumed either way.

    Args:
        rule: the rule that reports the file.
        chunks: the file's bytes.
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


def _join(value: bytes) -> bytes:
    """Join the lines of a JSON value. A space follows each comma that ended a line."""
    stripped = (line.strip(_WHITESPACE) for line in value.split(b"\n"))
    return b"".join(line + b" " if line.endswith(b",") else line for line in stripped)


def _objects(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the text of each object in an array or at the top level.

    Raises:
        NotConvertibleError: the input contains anything else, or is cut off.
    """
    scanner = _Scanner()
    for chunk in chunks:
        yield from scanner.feed(chunk)
    scanner.finish()


class _Scanner:
    """Finds objects in a stream of chunks."""

    def __init__(self) -> None:
        self._data = b""
        self._offset = 0  # the offset of the next token
        self._start = 0  # the offset of the object, or of the gap before the next object
        self._depth = 0
        self._outer_depth: int | None = None  # 1 for an array, 0 for objects at the top level
        self._is_in_string = False  # whether a string continues in the next chunk
        self._has_object = False  # whether an object has ended
        self._is_closed = False  # whether the array has ended

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        """Yield the objects that end in a chunk.

        Raises:
            NotConvertibleError: there is unexpected content outside the objects, or a request is
                too large.
        """
        data = self._data[self._start :] + chunk
        self._offset -= self._start
        self._start = 0
        self._data = data
        if len(data) - len(chunk) > _MAX_REQUEST_BYTES:
            raise NotConvertibleError
        while self._skip_string() and (match := _TOKEN.match(data, self._offset)):
            self._offset = match.end()
            bracket = match[1]
            if bracket is None:
                if self._offset == len(data):
                    return
                self._is_in_string = True
                self._offset += 1
            elif bracket in b"[{":
                self._open(bracket, match)
            else:
                yield from self._close(match)

    def _skip_string(self) -> bool:
        """Skip the rest of a string. Return False if the string continues in the next chunk."""
        if self._is_in_string and (match := _STRING_REST.match(self._data, self._offset)):
            self._offset = match.end()
            self._is_in_string = match[1] is None
        return not self._is_in_string

    def _open(self, bracket: bytes, match: re.Match[bytes]) -> None:
        if self._outer_depth is None:
            if match.string[: match.start(1)].removeprefix(codecs.BOM_UTF8).strip(_WHITESPACE):
                raise NotConvertibleError
            self._outer_depth = int(bracket == b"[")
            if self._outer_depth:
                self._start = match.end()
            else:
                self._start = match.start(1)
        elif self._depth == self._outer_depth:
            self._check_gap(match, b"," * bool(self._has_object and self._outer_depth))
            self._start = match.start(1)
        self._depth += 1

    def _close(self, match: re.Match[bytes]) -> Iterator[bytes]:
        self._depth -= 1
        if self._outer_depth is None or self._depth < 0:
            raise NotConvertibleError
        if self._depth == self._outer_depth:
            self._has_object = True
            yield match.string[self._start : match.end()]
            self._start = match.end()
        elif self._depth < self._outer_depth:
            self._check_gap(match, b"")
            if match[1] != b"]":
                raise NotConvertibleError
            self._is_closed = True
            self._start = match.end()

    def _check_gap(self, match: re.Match[bytes], expected: bytes) -> None:
        """Check that the gap before a bracket has only the expected separator and whitespace."""
        if match.string[self._start : match.start(1)].strip(_WHITESPACE) != expected:
            raise NotConvertibleError

    def finish(self) -> None:
        """Check that the input is complete.

        Raises:
            NotConvertibleError: the input is cut off, has no object, or continues after the last
                object.
        """
        rest = self._data[self._start :]
        is_complete = self._depth == 0 and (self._is_closed or self._outer_depth == 0)
        if not is_complete or not self._has_object or rest.strip(_WHITESPACE):
            raise NotConvertibleError
