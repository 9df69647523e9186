"""Sources of lines. Each source yields its bytes in chunks of whole lines.

To add a source, write a class with the attributes of `Source` and a branch in `open_source`.
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
from itertools import chain, count
from pathlib import Path
from threading import Lock
from typing import Any, BinaryIO, Final, NamedTuple, Protocol, cast
from weakref import WeakValueDictionary

import orjson

from .bounds import MAX_UNPACKED_BYTES, READ_TIMEOUT
from .nesting import MAX_LEVELS, is_deeper_than, with_fresh_stack

#: The size of a chunk in bytes, not counting the rest of its last line.
CHUNK_BYTES: Final = 1 << 18

#: The maximum size of the head of a file, because its first line may be very long.
MAX_HEAD_BYTES: Final = 16_000_001

#: Longer lines are not read, because their text and the decoded values would not fit into memory.
#: No service accepts a request of this size in bytes.
MAX_LINE_BYTES: Final = 1_000_000_000

#: How many bytes are remembered of a stream that cannot be read again.
MAX_REMEMBERED_BYTES: Final = 16_000_000

#: The number of bytes to read at a time to find the end of a line: at first, and at most.
_FIRST_WINDOW: Final = 1 << 13
_LARGEST_WINDOW: Final = 1 << 20

#: The message about a file that changes during the run.
FILE_CHANGED: Final = "the file changed while it was being read; check it again"

#: The types that `open_source` accepts.
AnySource = str | os.PathLike[str] | bytes | BinaryIO | Iterable[Any]


class Source(Protocol):
    r"""A source of lines. Lines end at "\n" only.

    Attributes:
        name: the file's name; None if it has none.
        size: in bytes; None if it is unknown or the source cannot be read in ranges.
        is_text: whether the lines are the user's own text, in which columns are meaningful. It is
            true until a chunk was made from objects.
    """

    name: str | None
    size: int | None
    is_text: bool

    def head(self) -> bytes:
        """The first chunk, or a long enough part of it. `chunks` still begins with it.

        Raises:
            OSError: the source cannot be read.
        """

    def chunks(self, size: int = CHUNK_BYTES) -> Iterator[bytes]:
        """The bytes in chunks that end with a newline, except perhaps the last one.

        No more than a chunk and the rest of its last line is in memory.

        Raises:
            OSError: the source cannot be read, or it has become shorter.
        """

    def again(self) -> Iterator[bytes]:
        """The chunks once more, after the first reading.

        For a stream that cannot be read again, this yields the first 16 MB.

        Raises:
            OSError: the source cannot be read, or it has changed.
        """

    def read_range(self, start: int, stop: int, size: int = CHUNK_BYTES, /) -> Iterator[bytes]:
        """The lines that begin in a range of bytes, in chunks. Needs a `size`.

        Raises:
            OSError: the source cannot be read, or it has become shorter.
        """


def is_url(path: object) -> bool:
    """Whether a path is a URL, such as `s3://bucket/key` or a chain, `zip://a::s3://b`.

    The name of a local file may contain `::`, but not `://`, because systems collapse slashes.
    """
    return isinstance(path, str) and re.match(r"[a-z][a-z0-9+.-]+(::.*)?://", path) is not None


def open_source(
    source: Any,
    storage_options: Mapping[str, Any] | None = None,
    max_unpacked_bytes: int = MAX_UNPACKED_BYTES,
    read_timeout: float = READ_TIMEOUT,
) -> Source:
    """The source for a path, a URL, bytes, a binary stream, or an iterable of requests or lines.

    Args:
        source: any of these.
        storage_options: arguments of the filesystem of a URL.
        max_unpacked_bytes: for a URL: the bytes after which reading a compressed file, or one whose size
            the filesystem does not know, raises OSError.
        read_timeout: for a URL: the seconds to wait for the next 64 KiB.

    Raises:
        OSError: the file cannot be found.
        TypeError: the source has another type.
    """
    if is_url(source) or _is_remote_path(source):
        return RemoteSource(source, storage_options, max_unpacked_bytes, read_timeout)
    if isinstance(source, bytes | bytearray | memoryview):
        return BytesSource(bytes(source))
    if isinstance(source, str | os.PathLike):
        return FileSource(source)
    if hasattr(source, "read"):
        return StreamSource(cast("BinaryIO", source))
    if isinstance(source, Iterable) and not isinstance(source, Mapping | io.TextIOBase):
        return ItemSource(source)
    raise TypeError(
        f"cannot read requests from {type(source).__name__}; give a path, a URL, bytes, a binary "
        "stream or an iterable of requests"
    )


def _is_remote_path(source: Any) -> bool:
    """Whether this is a path with its own filesystem: a `UPath` that is not a local file."""
    kinds = (str, bytes, os.PathLike)
    return not isinstance(source, kinds) and all(
        hasattr(source, name) for name in ("fs", "path", "protocol", "storage_options")
    )


class _Stream:
    """A source that can be read once, from its beginning to its end."""

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
        # The head is the same as for a file, for streams that return any number of bytes at a time.
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
        """Keep a chunk if all earlier chunks were kept and there is room."""
        self._remembered_bytes += len(chunk)
        if self.is_text and self._remembered_bytes <= MAX_REMEMBERED_BYTES:
            self._remembered.append(chunk)

    def again(self) -> Iterator[bytes]:
        """See `Source`."""
        return iter(self._remembered)

    def _read(self, size: int) -> Iterator[bytes]:
        raise NotImplementedError

    def read_range(self, _start: int, _stop: int, _size: int = CHUNK_BYTES) -> Iterator[bytes]:
        """Not possible."""
        raise io.UnsupportedOperation("this source cannot be read in ranges")


class BytesSource(_Stream):
    """Bytes in memory."""

    def __init__(self, data: bytes) -> None:
        super().__init__()
        self._data = data

    def again(self) -> Iterator[bytes]:
        """See `Source`."""
        return self._read(CHUNK_BYTES)

    def _remember(self, chunk: bytes) -> None:
        """Remember nothing, because everything is in memory."""

    def _read(self, size: int) -> Iterator[bytes]:
        start = 0
        while start < len(self._data):
            end = self._data.find(b"\n", start + size - 1) + 1 or len(self._data)
            yield self._data[start:end]
            start = end


class FileIdentity(NamedTuple):
    """The properties of a file that must not change while it is read."""

    device: int
    inode: int
    size: int
    mtime_ns: int

    @classmethod
    def of(cls, about: os.stat_result) -> FileIdentity:
        """The identity of a file, from its status."""
        return cls(about.st_dev, about.st_ino, about.st_size, about.st_mtime_ns)


class _Descriptor:
    """An open descriptor. It is closed when its last owner is gone."""

    def __init__(self, path: Path) -> None:
        flags = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0)
        self.number = os.open(path, flags)
        self._lock = Lock()

    def __del__(self) -> None:
        number = getattr(self, "number", -1)
        if number >= 0:
            os.close(number)

    def identity(self) -> FileIdentity:
        """The identity of the file as it is now."""
        return FileIdentity.of(os.fstat(self.number))

    def read(self, size: int, at: int) -> bytes:
        """Read up to `size` bytes from an offset. This is safe in forks and threads."""
        if hasattr(os, "pread"):
            return os.pread(self.number, size, at)
        with self._lock:
            os.lseek(self.number, at, os.SEEK_SET)
            return os.read(self.number, size)


#: Open descriptors by (process ID, serial number), so that forks find those of their parent.
_descriptors: Final[WeakValueDictionary[tuple[int, int], _Descriptor]] = WeakValueDictionary()
_serial_numbers: Final = count()


class FileSource:
    """A local file. A pipe or a device is read as a stream.

    The file is opened once. This process and its forks read through the same descriptor, so a file
    that replaces this one is never read. Other workers open it again.
    """

    is_text: bool = True

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.name: str | None = os.fsdecode(path)
        self._path = Path(path)
        if "\0" in os.fsdecode(path):
            raise OSError(errno.EINVAL, "a path must not contain null characters", path)
        about = self._path.stat()
        # Files such as those in /proc report the size 0, so read those as streams.
        regular = stat.S_ISREG(about.st_mode) and about.st_size > 0
        self._stream = None if regular else _PipeSource(self._path)
        self._descriptor: _Descriptor | None = None
        self._key = (0, -1)
        self._identity: FileIdentity | None = None
        self.size: int | None = None
        if regular:
            self._identity = self._open().identity()
            self.size = self._identity.size

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "_descriptor": None, "_stream": None}

    def _open(self) -> _Descriptor:
        """The descriptor: that of this process, that of its parent, or a new one.

        Raises:
            OSError: the file cannot be opened, or another file has replaced it.
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

    def again(self) -> Iterator[bytes]:
        """See `Source`."""
        return self.chunks() if self._stream is None else self._stream.again()

    def read_range(self, start: int, stop: int, size: int = CHUNK_BYTES) -> Iterator[bytes]:
        """See `Source`. A line belongs to the range in which its first byte is."""
        length = self.size or 0
        file = self._open()
        _check_unchanged(file, self._identity)
        at = _line_end(file, start - 1, stop) if start else 0
        while at < stop:
            end = min(_line_end(file, min(at + size, stop) - 1, length), length)
            if end - at > MAX_LINE_BYTES + size:
                raise _line_too_long()
            data = _read_exactly(file, at, end - at)
            if len(data) < end - at:
                raise _file_shrunk(at + len(data), length)
            yield data
            at = end
        _check_unchanged(file, self._identity)


def _check_unchanged(file: _Descriptor, expected: FileIdentity | None) -> None:
    """Raise OSError if a file is not, or is no longer, the one that was opened first."""
    if expected is None:
        return
    found = file.identity()
    if found[:2] == expected[:2] and found.size < expected.size:
        raise _file_shrunk(found.size, expected.size)
    if found != expected:
        raise OSError(FILE_CHANGED)


def _read_exactly(file: _Descriptor, at: int, size: int) -> bytes:
    """Read this many bytes, or all that are left. Systems read at most 2 GB at a time."""
    data = file.read(size, at)
    while len(data) < size and (more := file.read(size - len(data), at + len(data))):
        data += more
    return data


def _line_end(file: _Descriptor, at: int, stop: int) -> int:
    """The offset after the first newline at or after `at`, or at least `stop` if there is none.

    Finding the end first means that one read suffices for the chunk.
    """
    window = _FIRST_WINDOW
    while at < stop and (data := file.read(window, at)):
        newline = data.find(b"\n")
        if newline >= 0:
            return at + newline + 1
        at += len(data)
        window = min(2 * window, _LARGEST_WINDOW)
    return max(at, stop)


def _line_too_long() -> OSError:
    return OSError(
        f"a line is longer than {MAX_LINE_BYTES:,} bytes, so this is not a batch input file"
    )


def _file_shrunk(seen: int, expected: int) -> OSError:
    return OSError(
        f"the file became shorter while it was being read: {seen:,} of {expected:,} bytes were left"
    )


class StreamSource(_Stream):
    """A binary stream."""

    def __init__(self, stream: BinaryIO) -> None:
        super().__init__()
        self._stream = stream
        self._start = _seekable_position(stream)

    def again(self) -> Iterator[bytes]:
        """See `Source`. Afterwards, the stream is back at its old position."""
        if self._start is None:
            yield from super().again()
            return
        end = self._stream.tell()
        try:
            self._stream.seek(self._start)
        except ValueError as error:  # A file over HTTP may claim to be seekable although it is not.
            raise OSError(str(error)) from error
        try:
            yield from self._read(CHUNK_BYTES)
        finally:
            self._stream.seek(end)

    def _remember(self, chunk: bytes) -> None:
        """Remember only what cannot be read again."""
        if self._start is None:
            super()._remember(chunk)

    def _read(self, size: int) -> Iterator[bytes]:
        if isinstance(self._stream, io.BufferedIOBase):
            # The stream can read the rest of a line, so no bytes are joined twice.
            while data := _read_some(self._stream, size):
                rest = b"" if data.endswith(b"\n") else self._stream.readline(MAX_LINE_BYTES)
                if len(rest) >= MAX_LINE_BYTES:
                    raise _line_too_long()
                yield data + rest
            return
        yield from _whole_lines(iter(lambda: _read_some(self._stream, size), b""))


def _whole_lines(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes in chunks that end with a newline, except perhaps the last one."""
    kept: list[bytes] = []  # The beginning of a line whose end has not been read yet.
    length = 0
    for data in pieces:
        end = data.rfind(b"\n") + 1
        if not end:
            kept.append(data)
            length += len(data)
            if length > MAX_LINE_BYTES:
                raise _line_too_long()
            continue
        yield b"".join([*kept, data[:end]]) if kept else data[:end]
        kept = [data[end:]] if end < len(data) else []
        length = len(data) - end
    if kept:
        yield b"".join(kept)


def _join_until(chunks: Iterator[bytes], size: int) -> bytes:
    """Join the next chunks until they have this many bytes."""
    found: list[bytes] = []
    length = 0
    while length < size and (chunk := next(chunks, b"")):
        found.append(chunk)
        length += len(chunk)
    return b"".join(found)


class _PipeSource(_Stream):
    """A pipe, a device, or a file whose size the system does not know."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path

    def _read(self, size: int) -> Iterator[bytes]:
        with self._path.open("rb", buffering=0) as file:
            yield from StreamSource(file).chunks(size)


def _seekable_position(stream: Any) -> int | None:
    """The position of a stream; None if it cannot return there."""
    try:
        return int(stream.tell()) if stream.seekable() else None
    except (OSError, AttributeError, ValueError):  # No method, or closed.
        return None


def _read_some(stream: Any, size: int) -> bytes:
    """Read from a stream.

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
    """A file at a URL. A compressed one is decompressed as it is read.

    Args:
        location: a URL, or a `UPath`.
        storage_options: arguments of the filesystem.
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
        from .remote import RemoteFile  # Imported here because local files don't need it.

        self._file = RemoteFile(location, storage_options)
        self._max_unpacked_bytes = max_unpacked_bytes
        self._read_timeout = read_timeout
        self.name = self._file.name
        self._is_packed = is_gzipped(self.name)
        if self._is_packed:
            self.name = self.name[: -len(".gz")]

    def _read(self, _size: int) -> Iterator[bytes]:
        yield from _whole_lines(self._file.pieces(self._read_timeout, self._bounded))

    def again(self) -> Iterator[bytes]:
        """See `Source`. The file is read over the network once more."""
        return self._read(CHUNK_BYTES)

    def _remember(self, chunk: bytes) -> None:
        """Remember nothing, so that many files can be read at the same time."""

    def _bounded(self, file: BinaryIO) -> BinaryIO:
        """Limit a stream. A server's stream may never end, even if the server reports a size."""
        if self._is_packed:
            return decompress(file, self._max_unpacked_bytes)
        if getattr(file, "size", None) is None:
            return cast("BinaryIO", _LimitedStream(file, self._max_unpacked_bytes, ""))
        return file


class ItemSource(_Stream):
    """An iterable of requests (dicts, serialized with orjson) or of lines (bytes or str)."""

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
    """Whether a path names an open file, as a shell's process substitution does."""
    return re.fullmatch(r"/dev/stdin|(/dev|/proc/(self|\d+))/fd/\d+", path) is not None


def open_regular(path: str) -> BinaryIO:
    """Open a regular file, an open file of this process (see `is_open_file`), or `/dev/null`.

    Reading another pipe or device might never end.

    Raises:
        OSError: the file cannot be opened, or is a pipe or a device.
    """

    def opener(path: str, flags: int) -> int:
        return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))  # Opening a pipe would wait.

    file = open(path, "rb", opener=opener)  # noqa: SIM115 - the caller closes it
    if is_open_file(path):
        os.set_blocking(file.fileno(), True)
    elif path != os.devnull and not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise OSError(errno.EINVAL, "not a regular file", path)
    return file


def is_gzipped(path: str) -> bool:
    """Whether a file has the name of a compressed batch input file."""
    return path.lower().endswith(".jsonl.gz")


def open_file(path: str, max_unpacked_bytes: int | None = None) -> BinaryIO:
    """Open a local file. Compressed files are decompressed as they are read.

    Args:
        path: the file.
        max_unpacked_bytes: for a compressed file, the bytes after which reading raises OSError.

    Raises:
        OSError: the file cannot be read.
    """
    if not is_gzipped(path):
        return Path(path).open("rb")
    return decompress(path, max_unpacked_bytes)


def decompress(packed: str | BinaryIO, most: int | None = None) -> BinaryIO:
    """A stream that decompresses a file or a stream. After `most` bytes, it raises OSError."""
    import gzip

    stream = cast(
        "BinaryIO",
        gzip.GzipFile(packed) if isinstance(packed, str) else gzip.GzipFile(fileobj=packed),
    )
    if most is None:
        return stream
    return io.BufferedReader(_LimitedStream(stream, most, " when decompressed"), _LARGEST_WINDOW)


class _LimitedStream(io.RawIOBase):
    """A stream with a maximum size, because a small compressed file may contain a huge one."""

    def __init__(self, stream: BinaryIO, limit: int, when: str) -> None:
        self._stream = stream
        self._limit = limit
        self._left = limit
        self._when = when

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: Any, /) -> int:
        """Read into a buffer."""
        data = self._stream.read(len(buffer))
        self._left -= len(data)
        if self._left < 0:
            raise OSError(
                f"it has more than {self._limit:,} bytes{self._when}; raise "
                "--max-unpacked-bytes (max_unpacked_bytes in Python) to check it"
            )
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        """Close both streams."""
        self._stream.close()
        super().close()


def _to_line(item: Any) -> bytes:
    line: bytes
    if isinstance(item, str):
        line = item.encode("utf-8", "surrogatepass")
    else:
        line = item if isinstance(item, bytes) else to_json_bytes(item)
    return line if line.endswith(b"\n") else line + b"\n"


def to_json_bytes(value: Any) -> bytes:
    """A value as JSON. Checking the text finds the problems of the value.

    A lone surrogate is written as an escape, and NaN and infinities as `json.dumps` writes them.

    Raises:
        TypeError: the value contains something that JSON cannot represent.
    """
    try:
        text = orjson.dumps(value)
    except TypeError:  # orjson also rejects lone surrogates.
        return to_json_text(value, "a request").encode()
    if b"null" in text and contains_nan_or_infinity(value):  # orjson writes null for them.
        return to_json_text(value, "a request").encode()
    return text


def contains_nan_or_infinity(value: Any) -> bool:
    """Whether a value contains NaN or an infinity at any depth."""
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
    """A value as JSON written by the standard library, which accepts more values than orjson.

    Args:
        value: any value.
        name: what to call it in the exception.

    Raises:
        TypeError: the value contains something that JSON cannot represent, or is nested too deep.
    """
    try:
        text = with_fresh_stack(lambda: json.dumps(value, default=_orjson_default))
    except (RecursionError, ValueError) as error:  # Too deep, circular, or too many digits.
        raise TypeError(f"{name} cannot be written as JSON: {error}") from None
    if is_deeper_than(MAX_LEVELS, text):
        raise TypeError(
            f"{name} cannot be written as JSON: nested deeper than {MAX_LEVELS:,} levels"
        )
    return text


def _orjson_default(value: Any) -> Any:
    """Convert dates, UUIDs, dataclasses and other values that only orjson can write."""
    return orjson.loads(orjson.dumps(value))
