"""Sources of lines: a path, bytes, a stream or an iterable as chunks of whole lines; the batch files of a folder."""

from __future__ import annotations

import errno
import io
import os
import re
import stat
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO, Final, cast

import orjson

from .deep import encoded

#: How many bytes a chunk has, but for the rest of its last line.
CHUNK: Final = 1 << 18

#: How many bytes are read at a time to find the end of a line, at first and at most.
_WINDOW: Final = 1 << 13
_WIDEST: Final = 1 << 20

#: Names of files in folders that are taken for batch input files, as in `.pre-commit-hooks.yaml`.
_BATCH_NAME: Final = r"(?i:batch)[^/]*\.jsonl$"

Source = str | os.PathLike[str] | bytes | BinaryIO | Iterable[Any]


def chunks(source: Any, size: int = CHUNK) -> Iterator[bytes]:
    r"""The bytes of a source, in chunks that end with a newline (the last one perhaps without).

    Lines end at `\n` alone.  No more than a chunk and the rest of its last line is in memory.

    Args:
        source: a path; bytes; a binary stream; or an iterable of requests (dicts, serialised with
            orjson) or of lines (bytes or str, with or without their newline).
        size: of a chunk, in bytes.

    Raises:
        OSError: the file cannot be read, or it has become shorter while it was read.
        TypeError: the source is nothing of the kind.
    """
    if isinstance(source, bytes | bytearray | memoryview):
        yield from _of_bytes(bytes(source), size)
    elif isinstance(source, str | os.PathLike):
        yield from _of_path(source, size)
    elif hasattr(source, "read"):
        yield from _of_stream(cast("BinaryIO", source), size)
    elif isinstance(source, Iterable) and not isinstance(source, Mapping | io.TextIOBase):
        yield from _of_items(source, size)
    else:
        raise TypeError(f"cannot read requests from {type(source).__name__}; give a path, bytes, a binary stream or "
                        "an iterable of requests")


def ranged(path: str | os.PathLike[str], start: int, stop: int, expected: int, size: int = CHUNK) -> Iterator[bytes]:
    """The lines that begin in a range of a file, in chunks.

    A line belongs to the range in which its first byte is.

    Args:
        path: the file.
        start: the first byte of the range.
        stop: the byte after it.
        expected: the size that the file has; a shorter one is an error.
        size: of a chunk, in bytes.

    Raises:
        OSError: the file cannot be read, or it has become shorter.
    """
    with Path(path).open("rb", buffering=0) as file:
        length = os.fstat(file.fileno()).st_size
        if length < expected:
            raise _shrunk(length, expected)
        at = _line_end(file, start - 1, stop) if start else 0
        while at < stop:
            end = min(_line_end(file, min(at + size, stop) - 1, length), length)
            file.seek(at)
            data = _whole(file, end - at)
            if len(data) < end - at:
                raise _shrunk(at + len(data), expected)
            yield data
            at = end


def _whole(file: io.FileIO, size: int) -> bytes:
    """So many bytes, or those that are left; systems read no more than 2 GB at a time."""
    data = file.read(size)
    while len(data) < size and (more := file.read(size - len(data))):
        data += more
    return data


def _line_end(file: io.FileIO, at: int, stop: int) -> int:
    """The offset after the first newline at or after `at`; if there is none before `stop`, an offset of at least `stop`.

    Chunks are read in one piece, once their ends are known: to put one together out of two would copy it once more.
    """
    file.seek(at)
    window = _WINDOW
    while at < stop and (data := file.read(window)):
        newline = data.find(b"\n")
        if newline >= 0:
            return at + newline + 1
        at += len(data)
        window = min(2 * window, _WIDEST)
    return max(at, stop)


def _shrunk(seen: int, expected: int) -> OSError:
    return OSError(f"the file became shorter while it was read: {seen:,} of {expected:,} bytes were left")


def batch_files(folder: str) -> list[str]:
    """The files in a folder and those inside it whose names are a batch file's; what is hidden is left out.

    Raises:
        OSError: a folder cannot be read.
    """
    def refuse(error: OSError) -> None:
        raise error

    found = []
    for place, folders, names in os.walk(folder, onerror=refuse):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        found += [str(Path(place, name)) for name in sorted(names)
                  if re.search(_BATCH_NAME, name) and not name.startswith(".")]
    return found


def is_packed(path: str) -> bool:
    """Whether the name of a file says that its lines are packed."""
    return path.lower().endswith(".jsonl.gz")


def opened(path: str) -> BinaryIO:
    """A file as a stream of its lines, which are unpacked if they are packed.

    Raises:
        OSError: the file cannot be read.
    """
    if is_packed(path):
        import gzip

        return cast("BinaryIO", gzip.open(path))
    return Path(path).open("rb")


def name_of(source: Source) -> str | None:
    """The name of the file that a source is, if it has one."""
    if isinstance(source, str | os.PathLike):
        return os.fspath(source)
    return None


def _of_bytes(data: bytes, size: int) -> Iterator[bytes]:
    start = 0
    while start < len(data):
        end = data.find(b"\n", start + size - 1) + 1 or len(data)
        yield data[start:end]
        start = end


def _of_path(path: str | os.PathLike[str], size: int) -> Iterator[bytes]:
    if "\0" in os.fsdecode(path):
        raise OSError(errno.EINVAL, "a path has no null characters", path)
    about = Path(path).stat()
    if stat.S_ISREG(about.st_mode) and about.st_size:  # those of the system may not tell
        yield from ranged(path, 0, about.st_size, about.st_size, size)
        return
    with Path(path).open("rb", buffering=0) as file:
        yield from _of_stream(file, size)


def _of_stream(stream: BinaryIO, size: int) -> Iterator[bytes]:
    if isinstance(stream, io.BufferedIOBase):
        yield from _of_buffered(stream, size)
        return
    kept: list[bytes] = []  # the beginning of a line whose end has not been read yet
    while data := _read(stream, size):
        end = data.rfind(b"\n") + 1
        if not end:
            kept.append(data)
            continue
        yield b"".join([*kept, data[:end]]) if kept else data[:end]
        kept = [data[end:]] if end < len(data) else []
    if kept:
        yield b"".join(kept)


def _read(stream: Any, size: int) -> bytes:
    """What a stream gives.

    Raises:
        OSError: it has nothing yet, and does not wait.
        TypeError: that is text, or no bytes otherwise.
    """
    data = stream.read(size)
    if data is None:
        raise BlockingIOError(errno.EAGAIN, "the stream does not wait for its data; make it blocking")
    if not isinstance(data, bytes | bytearray | memoryview):  # of a number, `bytes` would make as many zeros
        raise TypeError("the stream gives text; open it in binary mode ('rb')")
    return bytes(data)


def _of_buffered(stream: io.BufferedIOBase, size: int) -> Iterator[bytes]:
    """The chunks of a stream that can be asked for the rest of a line, so that no bytes are joined twice."""
    while data := _read(stream, size):
        yield data if data.endswith(b"\n") else data + stream.readline()


def _of_items(items: Iterable[Any], size: int) -> Iterator[bytes]:
    pending: list[bytes] = []
    length = 0
    for item in items:
        line = _line(item)
        pending.append(line)
        length += len(line)
        if length >= size:
            yield b"".join(pending)
            pending, length = [], 0
    if pending:
        yield b"".join(pending)


def _line(item: Any) -> bytes:
    line: bytes
    if isinstance(item, str):
        line = item.encode("utf-8", "surrogatepass")
    else:
        line = item if isinstance(item, bytes) else _serialised(item)
    return line if line.endswith(b"\n") else line + b"\n"


def _serialised(item: Any) -> bytes:
    """A request as JSON.

    Raises:
        TypeError: it holds what JSON does not have.
    """
    try:
        return orjson.dumps(item)
    except TypeError:  # also for half of a surrogate pair, which is a finding
        return written(item, "a request").encode()


def written(value: Any, what: str) -> str:
    """A value as the standard library writes it as JSON, which takes more than orjson does.

    Args:
        value: of any type.
        what: it is, for the exception.

    Raises:
        TypeError: it holds what JSON doesn't have, or is nested deeper than the decoder takes.
    """
    try:
        return encoded(value)
    except ValueError as error:  # nested too deep, in itself, or a number of too many digits
        raise TypeError(f"{what} cannot be written as JSON: {error}") from None
