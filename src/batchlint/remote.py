"""Reads files at URLs through fsspec. No other module uses fsspec.

fsspec is imported only for URLs: importing it takes longer than checking a small file.
"""

from __future__ import annotations

import errno
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, BinaryIO, Final, NamedTuple
from urllib.parse import urlsplit

#: The size of a piece in bytes, and the number of pieces to read ahead.
_PIECE: Final = 1 << 20
_PIECES_AHEAD: Final = 4

#: The number of bytes that one request to an object store reads ahead.
_BLOCK: Final = 4 << 20

#: Suffixes of the files below a prefix that are checked.
_SUFFIXES: Final = (".jsonl", ".jsonl.gz")

#: Maximum number of characters of an error message to show.
_LONGEST_TEXT: Final = 300

_HTTP: Final = ("http", "https")


class Found(NamedTuple):
    """A file that matches a glob or a prefix.

    Attributes:
        url: its URL.
        size: its size in bytes; None if the filesystem does not report it.
    """

    url: str
    size: int | None


class RemoteFile(NamedTuple):
    """The location of a file. It can be pickled, so that workers can open the file.

    Attributes:
        location: a URL, or a path object with its own filesystem, such as a `UPath`.
        storage_options: arguments of the filesystem, if the location is a URL.
    """

    location: Any
    storage_options: Mapping[str, Any] | None = None

    @property
    def name(self) -> str:
        """The URL without parts that may be secret."""
        return public_name(str(self.location))

    def pieces(self, unpack: Callable[[BinaryIO], BinaryIO] | None = None) -> Iterator[bytes]:
        """The bytes of the file, in pieces. The next pieces are read while one is in use.

        Args:
            unpack: wraps the stream that the filesystem opens, for example to decompress it.

        Raises:
            OSError: the file cannot be opened or read.
        """
        with _as_os_errors(self.name):
            filesystem, path = self._filesystem()
            # A server may not support ranges, and over HTTP one request is enough for a file.
            block = 0 if "http" in filesystem.protocol else _BLOCK
            file = filesystem.open(path, "rb", block_size=block, cache_type="readahead")
            if (getattr(file, "details", None) or {}).get("type") == "directory":
                # An object store would return an empty file.
                message = f"this is a prefix; to check the files below it, write {self.name}/"
                raise IsADirectoryError(errno.EISDIR, message)
            stream = file if unpack is None else unpack(file)

        def read() -> bytes:
            with _as_os_errors(self.name):
                return bytes(stream.read(_PIECE))

        yield from _read_ahead(read, file.close)

    def _filesystem(self) -> tuple[Any, str]:
        if not isinstance(self.location, str):
            return self.location.fs, self.location.path
        return _filesystem(self.location, self.storage_options)


def is_pattern(url: str) -> bool:
    """Whether a URL may match several files: it is a glob, or ends with a slash."""
    special = "*[" if urlsplit(url).scheme in _HTTP else "*?["  # "?" begins the query in HTTP.
    return url.endswith("/") or any(character in url for character in special)


def find(url: str, storage_options: Mapping[str, Any] | None = None) -> list[Found]:
    """The files that match a glob, or the `.jsonl` and `.jsonl.gz` files below a prefix, by name.

    Raises:
        OSError: the filesystem cannot list files, or none match.
    """
    name = public_name(url)
    with _as_os_errors(name):
        filesystem, path = _filesystem(url, storage_options)
        if url.endswith("/"):
            listed = filesystem.find(path, detail=True)
            listed = {place: about for place, about in listed.items() if _is_batch_file(place)}
            missing = "no .jsonl files below this prefix"
        else:
            listed = filesystem.glob(path, detail=True)
            missing = "no files match"
        files = {place: about for place, about in listed.items() if about["type"] == "file"}
        if not files:
            raise FileNotFoundError(errno.ENOENT, missing, name)
        return [
            Found(filesystem.unstrip_protocol(place), about.get("size"))
            for place, about in sorted(files.items())
        ]


def _is_batch_file(path: str) -> bool:
    return path.lower().endswith(_SUFFIXES)


def public_name(url: str) -> str:
    """A URL without parts that may be secret: passwords, and the query of an HTTP URL."""
    scheme, separator, rest = url.partition("://")
    host, slash, path = rest.partition("/")
    if scheme in _HTTP:
        path = path.partition("?")[0].partition("#")[0]
    return f"{scheme}{separator}{host.rpartition('@')[2]}{slash}{path}"


def _read_ahead(read: Callable[[], bytes], close: Callable[[], object]) -> Iterator[bytes]:
    """Yield the pieces that a function reads, while a thread reads the next ones."""
    pool = ThreadPoolExecutor(1, "batchlint-read")
    pending: deque[Future[bytes]] = deque()
    done = False
    try:
        while not done:
            while len(pending) < _PIECES_AHEAD:
                pending.append(pool.submit(read))
            data = pending.popleft().result()
            if data:
                yield data
            done = not data
    finally:
        for future in pending:
            future.cancel()
        pool.submit(close)  # Runs after the pending read.
        pool.shutdown(wait=done)  # The read may never return, so don't wait for it.


def _filesystem(url: str, storage_options: Mapping[str, Any] | None) -> tuple[Any, str]:
    """The filesystem of a URL, and the path of the file in it.

    Raises:
        OSError: fsspec, or the package for this kind of URL, is not installed.
    """
    scheme = url.partition(":")[0]
    try:
        from fsspec.core import url_to_fs
        from fsspec.registry import known_implementations
    except ImportError:
        raise OSError(_needs_extra(url)) from None
    try:
        filesystem, path = url_to_fs(url, **(storage_options or {}))
    except ImportError as error:
        package = known_implementations.get(scheme, {}).get("class", "").partition(".")[0]
        if scheme in _HTTP or package in ("", "fsspec"):
            raise OSError(f"{scheme}:// URLs need a package that is missing: {error}") from error
        raise OSError(
            f"{scheme}:// URLs need the package {package}: pip install {package}"
        ) from error
    return filesystem, path


#: For users without the extra: commands that write an object to standard output.
_PIPES: Final = {
    "s3": "aws s3 cp {url} -",
    "gs": "gcloud storage cat {url}",
    "http": "curl -fsS {url}",
    "https": "curl -fsS {url}",
}


def _needs_extra(url: str) -> str:
    name = public_name(url)
    pipe = _PIPES.get(url.partition(":")[0], "... {url}").format(url=name)
    unpack = " | gunzip" if name.lower().endswith(".gz") else ""
    return (
        'URLs need the extra "remote": pip install "batchlint[remote]". Or pipe the file: '
        f"{pipe}{unpack} | batchlint check -"
    )


@contextmanager
def _as_os_errors(name: str) -> Iterator[None]:
    """Convert the exceptions of filesystems, which differ, to OSErrors."""
    try:
        yield
    except MemoryError:
        raise
    except Exception as error:
        raise _as_os_error(error, name) from error


def _as_os_error(error: Exception, name: str) -> OSError:
    reason: BaseException = error
    while isinstance(reason, FileNotFoundError) and reason.__cause__ is not None:
        reason = reason.__cause__  # fsspec raises it for every HTTP status but 2xx.
    status = getattr(reason, "status", None)
    text = next(iter(str(reason).splitlines()), "")[:_LONGEST_TEXT] or type(reason).__name__
    if isinstance(reason, OSError) and reason.strerror:
        text = reason.strerror
    elif status is not None:  # Their text contains the whole URL.
        text = f"HTTP status {status} {getattr(reason, 'message', '')}".strip()
    if isinstance(reason, PermissionError) or status in (401, 403):
        return PermissionError(errno.EACCES, f"access denied: {text}", name)
    if status in (404, 410) or (isinstance(reason, FileNotFoundError) and not reason.strerror):
        return FileNotFoundError(errno.ENOENT, "no such file", name)
    if isinstance(reason, TimeoutError):
        return TimeoutError(errno.ETIMEDOUT, "the server did not answer in time", name)
    number = errno.ENOENT if isinstance(error, FileNotFoundError) and status is None else errno.EIO
    if isinstance(reason, OSError) and reason.errno:
        number = reason.errno
    return OSError(number, text, name)
