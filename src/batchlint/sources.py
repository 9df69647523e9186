"""Sources of lines: a path, bytes, a stream or an iterable of requests becomes chunks of whole lines."""

from __future__ import annotations

import errno
import io
import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO, Final, cast

import orjson

#: How many bytes a chunk has, but for the rest of its last line.
CHUNK: Final = 1 << 18

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


def ranged(path: str, start: int, stop: int, expected: int, size: int = CHUNK) -> Iterator[bytes]:
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
        reader = io.BufferedReader(file, 1 << 16)
        if start:
            reader.seek(start - 1)
            start += _rest(cast("BinaryIO", reader), stop - start + 1, size) - 1
        while start < stop:
            data = reader.read(min(size, stop - start))
            if not data:
                raise _shrunk(start, expected)
            data += b"" if data.endswith(b"\n") else reader.readline()
            yield data
            start += len(data)


def _rest(reader: BinaryIO, most: int, size: int) -> int:
    """Pass over the rest of a line that began before, or over so many bytes; how many those are."""
    passed = 0
    while passed < most and (data := reader.readline(min(size, most - passed))):
        passed += len(data)
        if data.endswith(b"\n"):
            break
    return passed


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
    with Path(path).open("rb", buffering=0) as file:
        expected = os.fstat(file.fileno()).st_size
        seen = 0
        for chunk in _of_stream(file, size):
            seen += len(chunk)
            yield chunk
        if seen < expected:
            raise _shrunk(seen, expected)


def _of_stream(stream: BinaryIO, size: int) -> Iterator[bytes]:
    kept: list[bytes] = []  # the beginning of a line whose end has not been read yet
    while data := stream.read(size):
        if not isinstance(data, bytes):
            raise TypeError("the stream gives text; open it in binary mode ('rb')")
        end = data.rfind(b"\n") + 1
        if not end:
            kept.append(data)
            continue
        yield b"".join([*kept, data[:end]]) if kept else data[:end]
        kept = [data[end:]] if end < len(data) else []
    if kept:
        yield b"".join(kept)


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
        return json.dumps(item).encode()
