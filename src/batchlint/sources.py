"""Sources of lines: files, URLs, bytes, streams and iterables, read in chunks of whole lines.

To add a source, write a class that implements `Source`, and add a branch to `open_source`.
"""

from __future__ import annotations

import errno
import io
import json
import math
import os
import re
import stat
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from itertools import chain, count
from pathlib import Path
from threading import Lock
from typing import Any, BinaryIO, Final, NamedTuple, Protocol, cast
from weakref import WeakValueDictionary

import orjson

from .bounds import MAX_UNPACKED_BYTES, READ_TIMEOUT
from .nesting import MAX_LEVELS, is_deeper_than, with_fresh_stack

#: The size of a chunk in bytes. A chunk may be longer, to complete its last line.
CHUNK_BYTES: Final = 1 << 18

#: The maximum size of a source's head in bytes. The first line may be very long.
MAX_HEAD_BYTES: Final = 16_000_001

#: The maximum length of a line in bytes. A longer line and its decoded values might not fit into
#: memory, and no service accepts a request of this size.
MAX_LINE_BYTES: Final = 1_000_000_000

#: The maximum number of bytes to remember from a stream that can't be read again.
MAX_REMEMBERED_BYTES: Final = 16_000_000

#: The size in bytes of the first and of the largest read when searching for the end of a line.
_FIRST_READ_BYTES: Final = 1 << 13
_MAX_READ_BYTES: Final = 1 << 20

#: The message for a file that changes during a check.
FILE_CHANGED: Final = "the file changed while it was being read; check it again"

#: The types that `open_source` accepts.
AnySource = str | os.PathLike[str] | bytes | BinaryIO | Iterable[Any]


class Source(Protocol):
    r"""A source of lines. Only "\n" ends a line.

    Attributes:
        name: the file's name. None if there is no file.
        size: the size in bytes. None if it is unknown, or if the source can't be read in ranges.
        is_text: whether the user supplied the lines as text, so that columns are meaningful. It
            becomes false when an object is serialized.
    """

    name: str | None
    size: int | None
    is_text: bool

    def head(self) -> bytes:
        """Return the beginning: the first chunk, cut at `MAX_HEAD_BYTES`.

        The bytes are not consumed: `chunks` still yields them.

        Raises:
            OSError: the source can't be read.
        """

    def chunks(self, size: int = CHUNK_BYTES) -> Iterator[bytes]:
        """Yield all bytes, in chunks that end with a newline. The last chunk may end without one.

        A chunk has about `size` bytes, and is longer only to complete its last line.

        Raises:
            OSError: the source can't be read, or the file was truncated.
        """

    def reread(self) -> Iterator[bytes]:
        """Yield the chunks a second time.

        For a stream that can't be read again, this yields at most the first 16 MB.

        Raises:
            OSError: the source can't be read, or it has changed.
        """

    def read_range(self, start: int, stop: int, size: int = CHUNK_BYTES, /) -> Iterator[bytes]:
        """Yield the lines that begin in a range of bytes, in chunks. The source must have a `size`.

        Raises:
            OSError: the source can't be read, or the file was truncated.
        """


def is_url(path: object) -> bool:
    """Return whether a path is a URL, such as `s3://bucket/key` or the chain `zip://a::s3://b`.

    A local path may contain `::`. It rarely contains `://`, because `a://b` means `a:/b`.
    """
    # Most paths contain no "://", and compiling the pattern takes longer than looking for it.
    pattern = r"[a-z][a-z0-9+.-]+(::.*)?://"
    return isinstance(path, str) and "://" in path and re.match(pattern, path) is not None


def open_source(
    source: Any,
    storage_options: Mapping[str, Any] | None = None,
    max_unpacked_bytes: int = MAX_UNPACKED_BYTES,
    read_timeout: float = READ_TIMEOUT,
) -> Source:
    """Open a source.

    Args:
        source: a path, a URL, bytes, a binary stream, or an iterable of requests or lines.
        storage_options: for a URL, the arguments of its filesystem.
        max_unpacked_bytes: for a URL, the number of bytes after which reading raises OSError. It
            applies to compressed files, and to files whose size the filesystem doesn't know.
        read_timeout: for a URL, the maximum number of seconds to wait for the next 64 KiB.

    Raises:
        OSError: a local file can't be opened. Files at URLs are not opened yet.
        TypeError: the type of the source is not supported.
    """
    if is_url(source) or is_remote_path(source):
        return RemoteSource(source, storage_options, max_unpacked_bytes, read_timeout)
    if isinstance(source, bytes | bytearray | memoryview):
        return BytesSource(bytes(source))
    if isinstance(source, str | os.PathLike):
        return FileSource(source)
    if hasattr(source, "read"):
        return StreamSource(cast("BinaryIO", source))
    if hasattr(source, "__dataframe__"):  # Iterating over it may yield the names of its columns.
        raise TypeError("cannot read requests from a data frame; pass an iterable of its rows")
    if isinstance(source, Iterable) and not isinstance(source, Mapping | io.TextIOBase):
        return ItemSource(source)
    raise TypeError(
        f"cannot read requests from {type(source).__name__}; pass a path, a URL, bytes, a binary "
        "stream or an iterable of requests"
    )


def is_remote_path(source: Any) -> bool:
    """Return whether a source is a `UPath` that is not a local file."""
    local_types = (str, bytes, os.PathLike)
    return not isinstance(source, local_types) and all(
        hasattr(source, name) for name in ("fs", "path", "protocol", "storage_options")
    )


class _Stream:
    """The base class of sources that are read from start to end."""

    name: str | None = None
    size: int | None = None
    is_text: bool = True

    def __init__(self) -> None:
        self._head: bytes | None = None
        self._rest: Iterator[bytes] | None = None
        self._remembered: list[bytes] = []
        self._remembered_bytes = 0

    def head(self) -> bytes:
        """See `Source`."""
        if self._rest is None:
            self._rest = self._read(CHUNK_BYTES)
            self._head = _join_until(self._rest, CHUNK_BYTES)
        head = self._head or b""
        # A stream may return more or fewer bytes than requested. Cut the head where `FileSource`
        # would cut it.
        return head[: head.find(b"\n", CHUNK_BYTES - 1) + 1 or None][:MAX_HEAD_BYTES]

    def chunks(self, size: int = CHUNK_BYTES) -> Iterator[bytes]:
        """See `Source`."""
        if self._rest is None:
            self._rest = self._read(size)
        for chunk in chain((self._head or b"",), self._rest):
            if chunk:
                self._remember(chunk)
                yield chunk

    def _remember(self, chunk: bytes) -> None:
        """Keep a chunk of text while the total stays within `MAX_REMEMBERED_BYTES`."""
        self._remembered_bytes += len(chunk)
        if self.is_text and self._remembered_bytes <= MAX_REMEMBERED_BYTES:
            self._remembered.append(chunk)

    def reread(self) -> Iterator[bytes]:
        """See `Source`."""
        return iter(self._remembered)

    def _read(self, size: int) -> Iterator[bytes]:
        raise NotImplementedError

    def read_range(self, _start: int, _stop: int, _size: int = CHUNK_BYTES) -> Iterator[bytes]:
        """Raise an exception, because a stream has no ranges."""
        raise io.UnsupportedOperation("this source cannot be read in ranges")


class BytesSource(_Stream):
    """Bytes in memory."""

    def __init__(self, data: bytes) -> None:
        super().__init__()
        self._data = data

    def reread(self) -> Iterator[bytes]:
        """See `Source`."""
        return self._read(CHUNK_BYTES)

    def _remember(self, chunk: bytes) -> None:
        """Do nothing, because the bytes are already in memory."""

    def _read(self, size: int) -> Iterator[bytes]:
        start = 0
        while start < len(self._data):
            end = self._data.find(b"\n", start + size - 1) + 1 or len(self._data)
            yield self._data[start:end]
            start = end


class FileIdentity(NamedTuple):
    """The properties of a file that change when the file is replaced or modified."""

    device: int
    inode: int
    size: int
    mtime_ns: int

    @classmethod
    def from_stat(cls, status: os.stat_result) -> FileIdentity:
        """Create an identity from the result of `os.stat` or `os.fstat`."""
        return cls(status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)


class _Descriptor:
    """An open file descriptor. It is closed when the last reference to this object is gone."""

    def __init__(self, path: Path) -> None:
        flags = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0)
        self.number = os.open(path, flags)
        self._lock = Lock()

    def __del__(self) -> None:
        number = getattr(self, "number", -1)
        if number >= 0:
            os.close(number)

    def identity(self) -> FileIdentity:
        """Return the file's current identity."""
        return FileIdentity.from_stat(os.fstat(self.number))

    def read(self, size: int, offset: int) -> bytes:
        """Read up to `size` bytes from an offset. Forks and threads may read concurrently."""
        if hasattr(os, "pread"):
            return os.pread(self.number, size, offset)
        with self._lock:
            os.lseek(self.number, offset, os.SEEK_SET)
            return os.read(self.number, size)


#: Open descriptors by (process ID, serial number). A fork finds its parent's descriptors here.
_descriptors: Final[WeakValueDictionary[tuple[int, int], _Descriptor]] = WeakValueDictionary()
_serial_numbers: Final = count()


class FileSource:
    """A local file. Pipes and devices are read as streams.

    The file is opened once. This process and its forks read through the same descriptor, so they
    never read a file that has replaced this one. Other workers open the file again.
    """

    is_text: bool = True

    def __init__(self, path: str | os.PathLike[str]) -> None:
        name = os.fsdecode(path)  # A path object may return bytes.
        self.name: str | None = name
        self._path = Path(name)
        if "\0" in name:
            raise OSError(errno.EINVAL, "a path must not contain null characters", path)
        status = self._path.stat()
        # Files in /proc, for example, report a size of 0 but are not empty. Read them as streams.
        has_ranges = stat.S_ISREG(status.st_mode) and status.st_size > 0
        self._stream = None if has_ranges else _PipeSource(self._path)
        self._descriptor: _Descriptor | None = None
        self._key = (0, -1)
        self._identity: FileIdentity | None = None
        self.size: int | None = None
        if has_ranges:
            self._identity = self._open().identity()
            self.size = self._identity.size

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "_descriptor": None, "_stream": None}

    def _open(self) -> _Descriptor:
        """Return this process's descriptor, its parent's, or a new one.

        Raises:
            OSError: the file can't be opened, or another file has replaced it.
        """
        if self._descriptor is None:
            self._descriptor = _descriptors.get(self._key)
        if self._descriptor is None:
            descriptor = _Descriptor(self._path)
            _check_unchanged(descriptor, self._identity)
            self._key = (os.getpid(), next(_serial_numbers))
            _descriptors[self._key] = self._descriptor = descriptor
        return self._descriptor

    def head(self) -> bytes:
        """See `Source`."""
        if self._stream is not None:
            return self._stream.head()
        file = self._open()
        return _read_exactly(
            file, 0, min(_line_end(file, CHUNK_BYTES - 1, MAX_HEAD_BYTES), MAX_HEAD_BYTES)
        )

    def chunks(self, size: int = CHUNK_BYTES) -> Iterator[bytes]:
        """See `Source`."""
        if self._stream is not None:
            return self._stream.chunks(size)
        return self.read_range(0, self.size or 0, size)

    def reread(self) -> Iterator[bytes]:
        """See `Source`."""
        return self.chunks() if self._stream is None else self._stream.reread()

    def raise_if_changed(self) -> None:
        """Check that the file at the path is still the one that was opened.

        Raises:
            OSError: the file was replaced or changed.
        """
        if self._identity not in (None, FileIdentity.from_stat(self._path.stat())):
            raise OSError(FILE_CHANGED)

    def read_range(self, start: int, stop: int, size: int = CHUNK_BYTES) -> Iterator[bytes]:
        """See `Source`. A line belongs to the range that contains its first byte."""
        length = self.size or 0
        file = self._open()
        _check_unchanged(file, self._identity)
        offset = _line_end(file, start - 1, stop) if start else 0
        while offset < stop:
            limit = min(offset + size + MAX_LINE_BYTES + 1, length)
            end = min(_line_end(file, min(offset + size, stop) - 1, limit), length)
            if end - offset > MAX_LINE_BYTES + size:
                raise _line_too_long_error()
            data = _read_exactly(file, offset, end - offset)
            if len(data) < end - offset:
                raise _truncated_error(offset + len(data), length)
            yield data
            offset = end
        _check_unchanged(file, self._identity)


def _check_unchanged(file: _Descriptor, expected: FileIdentity | None) -> None:
    """Raise OSError if a file has been changed or replaced since it was first opened."""
    if expected is None:
        return
    found = file.identity()
    if found[:2] == expected[:2] and found.size < expected.size:
        raise _truncated_error(found.size, expected.size)
    if found != expected:
        raise OSError(FILE_CHANGED)


def _read_exactly(file: _Descriptor, offset: int, size: int) -> bytes:
    """Read `size` bytes, or all that are left.

    More than 2 GB takes several reads, because a single system call returns at most that much.
    """
    data = file.read(size, offset)
    while len(data) < size and (more := file.read(size - len(data), offset + len(data))):
        data += more
    return data


def _line_end(file: _Descriptor, offset: int, stop: int) -> int:
    """Return the offset after the first newline at or after an offset.

    If there is no newline before `stop`, return `stop` or an offset after it. The caller can then
    read the whole chunk at once.
    """
    read_bytes = _FIRST_READ_BYTES
    while offset < stop and (data := file.read(read_bytes, offset)):
        newline = data.find(b"\n")
        if newline >= 0:
            return offset + newline + 1
        offset += len(data)
        read_bytes = min(2 * read_bytes, _MAX_READ_BYTES)
    return max(offset, stop)


def _line_too_long_error() -> OSError:
    return OSError(
        f"a line is longer than {MAX_LINE_BYTES:,} bytes, so this is not a batch input file"
    )


def _truncated_error(size: int, expected: int) -> OSError:
    return OSError(
        f"the file became shorter while it was being read: {size:,} of {expected:,} bytes were left"
    )


class StreamSource(_Stream):
    """A binary stream."""

    def __init__(self, stream: BinaryIO) -> None:
        super().__init__()
        self._stream = stream
        self._start = _seekable_position(stream)

    def reread(self) -> Iterator[bytes]:
        """See `Source`. Afterwards, the stream is at the same position as before."""
        if self._start is None:
            yield from super().reread()
            return
        end = self._stream.tell()
        try:
            self._stream.seek(self._start)
        except ValueError as error:  # A file over HTTP may wrongly report that it is seekable.
            raise OSError(str(error)) from error
        try:
            yield from self._read(CHUNK_BYTES)
        finally:
            with suppress(ValueError):  # The stream may be closed after an exception.
                self._stream.seek(end)

    def _remember(self, chunk: bytes) -> None:
        """Remember a chunk only if the stream can't be read again."""
        if self._start is None:
            super()._remember(chunk)

    def _read(self, size: int) -> Iterator[bytes]:
        return _whole_lines(self._pieces(size))

    def _pieces(self, size: int) -> Iterator[bytes]:
        """Yield the bytes. Complete lines if possible: joining pieces copies them."""
        while data := _read_some(self._stream, size):
            if isinstance(self._stream, io.BufferedIOBase) and not data.endswith(b"\n"):
                # A non-blocking stream may return only a part of the line.
                rest = self._stream.readline(MAX_LINE_BYTES)
                if len(rest) >= MAX_LINE_BYTES:
                    raise _line_too_long_error()
                data += rest
            yield data


def _whole_lines(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Join and cut pieces, so that each ends with a newline. The last may end without one."""
    kept: list[bytes] = []  # The beginning of a line whose end has not been read yet.
    length = 0
    for data in pieces:
        end = data.rfind(b"\n") + 1
        if not end:
            kept.append(data)
            length += len(data)
            if length > MAX_LINE_BYTES:
                raise _line_too_long_error()
            continue
        yield b"".join([*kept, data[:end]]) if kept else data[:end]
        kept = [data[end:]] if end < len(data) else []
        length = len(data) - end
    if kept:
        yield b"".join(kept)


def _join_until(chunks: Iterator[bytes], size: int) -> bytes:
    """Join the next chunks until they have at least `size` bytes."""
    found: list[bytes] = []
    length = 0
    while length < size and (chunk := next(chunks, b"")):
        found.append(chunk)
        length += len(chunk)
    return b"".join(found)


class _PipeSource(_Stream):
    """A pipe, a device, or a file that reports a size of 0."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path

    def _read(self, size: int) -> Iterator[bytes]:
        with self._path.open("rb", buffering=0) as file:
            yield from StreamSource(file).chunks(size)


def _seekable_position(stream: Any) -> int | None:
    """Return a stream's position, or None if the stream can't go back to it."""
    try:
        return int(stream.tell()) if stream.seekable() else None
    except (OSError, AttributeError, ValueError):  # The method is missing, or the stream is closed.
        return None


def _read_some(stream: Any, size: int) -> bytes:
    """Read up to `size` bytes from a stream.

    Raises:
        OSError: the stream is non-blocking and has no data yet.
        TypeError: the stream yields text.
    """
    data = stream.read(size)
    if data is None:
        message = "the stream is non-blocking and has no data yet; make it blocking"
        raise BlockingIOError(errno.EAGAIN, message)
    if not isinstance(data, bytes | bytearray | memoryview):  # `bytes(5)` would be five zeros.
        raise TypeError("the stream is a text stream; open it in binary mode ('rb')")
    return bytes(data)


class RemoteSource(_Stream):
    """A file at a URL. A compressed file is decompressed while it is read.

    Args:
        location: a URL, or a `UPath`.
        storage_options: the arguments of the filesystem.
        max_unpacked_bytes: as for `open_source`.
        read_timeout: as for `open_source`.
    """

    def __init__(
        self,
        location: Any,
        storage_options: Mapping[str, Any] | None,
        max_unpacked_bytes: int,
        read_timeout: float,
    ) -> None:
        super().__init__()
        from .remote.file import RemoteFile  # Imported here because local files don't need it.

        self._file = RemoteFile(location, storage_options)
        self._version: str | None = None
        self._max_unpacked_bytes = max_unpacked_bytes
        self._read_timeout = read_timeout
        self.name = self._file.name
        self._is_gzipped = is_gzipped(self.name)
        if self._is_gzipped:
            self.name = re.sub(r"(?i)(\.jsonl)\.gz(?=::|$)", r"\1", self.name)

    def _read(self, _size: int) -> Iterator[bytes]:
        pieces = self._file.pieces(self._read_timeout, self._with_limit, self._check_version)
        yield from _whole_lines(pieces)

    def _check_version(self, version: str) -> None:
        """Raise OSError if the file has changed since it was first read."""
        if self._version not in (None, version):
            raise OSError(FILE_CHANGED)
        self._version = version

    def reread(self) -> Iterator[bytes]:
        """See `Source`. This downloads the file again."""
        return self._read(CHUNK_BYTES)

    def _remember(self, chunk: bytes) -> None:
        """Do nothing, because remembering many files at once would take too much memory."""

    def _with_limit(self, file: BinaryIO) -> BinaryIO:
        """Decompress a stream. Limit its size if it is compressed, or if its size is unknown."""
        limit = self._max_unpacked_bytes
        if self._file.is_in_archive:
            file = cast("BinaryIO", _LimitedStream(file, limit, " when decompressed"))
        elif getattr(file, "size", None) is None and not self._is_gzipped:
            file = cast("BinaryIO", _LimitedStream(file, limit, ""))
        return decompress(file, limit) if self._is_gzipped else file


class ItemSource(_Stream):
    """An iterable of requests (dicts, which are serialized with orjson) or lines (bytes or str)."""

    def __init__(self, items: Iterable[Any]) -> None:
        super().__init__()
        self._items = items

    def _read(self, size: int) -> Iterator[bytes]:
        pending: list[bytes] = []
        length = 0
        for item in self._items:
            self.is_text = self.is_text and isinstance(item, str | bytes)
            line = _to_line(item)
            pending.append(line)
            length += len(line)
            if length >= size:
                yield b"".join(pending)
                pending = []
                length = 0
        if pending:
            yield b"".join(pending)


def is_open_file(path: str) -> bool:
    """Return whether a path refers to an open descriptor, as in a shell's process substitution."""
    pattern = r"/dev/stdin|(/dev|/proc/(self|\d+))/fd/\d+"
    return path.startswith(("/dev/", "/proc/")) and re.fullmatch(pattern, path) is not None


def open_regular(path: str) -> BinaryIO:
    """Open a regular file, an open descriptor (see `is_open_file`), or `/dev/null`.

    Other pipes and devices are rejected, because reading them might never end.

    Raises:
        OSError: the file can't be opened, or is another pipe or device.
    """

    def opener(path: str, flags: int) -> int:
        # Without O_NONBLOCK, opening a pipe would wait for a writer.
        return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))

    file = open(path, "rb", opener=opener)  # noqa: SIM115 - the caller closes it
    if is_open_file(path):
        os.set_blocking(file.fileno(), True)
    elif path != os.devnull and not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise OSError(errno.EINVAL, "not a regular file", path)
    return file


def is_gzipped(path: str) -> bool:
    """Return whether a path, or a link of a URL's chain, ends in `.jsonl.gz`, ignoring case."""
    names = path.split("::") if is_url(path) else [path]
    return any(name.lower().endswith(".jsonl.gz") for name in names)


def open_file(path: str, max_unpacked_bytes: int | None = None) -> BinaryIO:
    """Open a local file. A compressed file is decompressed while it is read.

    Args:
        path: the path of the file.
        max_unpacked_bytes: for a compressed file, the number of bytes after which reading raises
            OSError. None means no limit.

    Raises:
        OSError: the file can't be read.
    """
    if not is_gzipped(path):
        return Path(path).open("rb")
    return decompress(path, max_unpacked_bytes)


def decompress(source: str | BinaryIO, max_bytes: int | None = None) -> BinaryIO:
    """Return a stream that decompresses a gzip file.

    Args:
        source: the path of the file, or a stream.
        max_bytes: the number of bytes after which reading raises OSError. None means no limit.
    """
    import gzip

    stream = cast(
        "BinaryIO",
        gzip.GzipFile(source) if isinstance(source, str) else gzip.GzipFile(fileobj=source),
    )
    if max_bytes is None:
        return stream
    return io.BufferedReader(
        _LimitedStream(stream, max_bytes, " when decompressed"), _MAX_READ_BYTES
    )


class _LimitedStream(io.RawIOBase):
    """A stream that raises OSError after a number of bytes.

    A small compressed file may decompress to a huge one, and a server may never stop sending.

    Args:
        stream: the stream to read from.
        max_bytes: the maximum number of bytes.
        condition: the words that follow the number in the error message.
    """

    def __init__(self, stream: BinaryIO, max_bytes: int, condition: str) -> None:
        self._stream = stream
        self._max_bytes = max_bytes
        self._left = max_bytes
        self._condition = condition

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: Any, /) -> int:
        """Read up to the size of a buffer into it.

        Raises:
            OSError: the stream has more than the maximum number of bytes.
        """
        data = self._stream.read(len(buffer))
        self._left -= len(data)
        if self._left < 0:
            raise OSError(
                f"it has more than {self._max_bytes:,} bytes{self._condition}; raise "
                "--max-unpacked-bytes (max_unpacked_bytes in Python) to check it"
            )
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        """Close this stream and the one it reads from."""
        self._stream.close()
        super().close()


def size_without_newline(line: bytes) -> int:
    """Return the size of a line in bytes, without its newline. This doesn't copy the line."""
    return len(line) - line.endswith(b"\n") - line.endswith(b"\r\n")


def _to_line(item: Any) -> bytes:
    line: bytes
    if isinstance(item, str):
        line = item.encode("utf-8", "surrogatepass")
    else:
        line = item if isinstance(item, bytes) else to_json_bytes(item)
    return line if line.endswith(b"\n") else line + b"\n"


def to_json_bytes(value: Any) -> bytes:
    """Serialize a value as JSON. Keep invalid parts, so that the check reports them.

    Lone surrogates become escapes. NaN and infinities are written as by `json.dumps`.

    Raises:
        TypeError: the value contains something that JSON can't represent, or is nested too deeply.
    """
    try:
        text = orjson.dumps(value)
    except TypeError:  # orjson also rejects lone surrogates.
        return to_json_text(value, "a request").encode()
    # orjson writes null for NaN and infinities.
    if b"null" in text and contains_nan_or_infinity(value):
        return to_json_text(value, "a request").encode()
    return text


def contains_nan_or_infinity(value: Any) -> bool:
    """Return whether a value contains NaN or an infinity at any depth."""
    stack = [value]
    while stack:
        item = stack.pop()
        if isinstance(item, float):
            if not math.isfinite(item):
                return True
        elif isinstance(item, dict):
            stack.extend(item.values())
        elif isinstance(item, list | tuple):
            stack.extend(item)
    return False


def to_json_text(value: Any, name: str) -> str:
    """Serialize a value as JSON with the standard library, which accepts more than orjson.

    Args:
        value: the value.
        name: the value's name in the exception.

    Raises:
        TypeError: the value contains something that JSON can't represent, or is nested too deeply.
    """
    try:
        text = with_fresh_stack(lambda: json.dumps(value, default=_orjson_default))
    # The value is nested too deeply, is circular, or has a number with too many digits.
    except (RecursionError, ValueError) as error:
        raise TypeError(f"{name} cannot be written as JSON: {error}") from None
    if is_deeper_than(MAX_LEVELS, text):
        raise TypeError(
            f"{name} cannot be written as JSON: nested deeper than {MAX_LEVELS:,} levels"
        )
    return text


def _orjson_default(value: Any) -> Any:
    """Convert a value that only orjson can serialize, such as a date, a UUID or a dataclass."""
    return orjson.loads(orjson.dumps(value))
