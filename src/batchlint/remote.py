"""Reads files at URLs through fsspec. No other module uses fsspec.

fsspec is imported only for URLs: importing it takes longer than checking a small file.
"""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from queue import Empty, SimpleQueue
from threading import Event, Semaphore, Thread
from time import monotonic
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

#: The number of bytes that a server must send within the timeout.
_ENOUGH: Final = 1 << 16

#: The number of seconds to wait for a connection to an HTTP server.
_CONNECT_SECONDS: Final = 30


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

    def pieces(
        self, timeout: float, wrap: Callable[[BinaryIO], BinaryIO] | None = None
    ) -> Iterator[bytes]:
        """The bytes of the file, in pieces. The next pieces are read while one is in use.

        Args:
            timeout: the maximum number of seconds to wait for the next 64 KiB.
            wrap: wraps the stream that the filesystem opens, for example to decompress it.

        Raises:
            OSError: the file cannot be opened or read. A `TimeoutError` if the server sends nothing
                for too long or is too slow.
        """
        opened: list[Any] = []

        @contextmanager
        def stream() -> Iterator[BinaryIO]:
            with _as_os_errors(self.name):
                file = self._open(timeout)
                opened.append(file)
                with closing(file):
                    yield file if wrap is None else wrap(file)

        try:
            yield from _read_ahead(stream(), timeout)
        except _TooSlowError as error:
            for file in opened:  # Otherwise the thread might wait for it forever.
                with suppress(Exception):
                    file.close()
            raise TimeoutError(errno.ETIMEDOUT, str(error), self.name) from None

    def _open(self, timeout: float) -> Any:
        filesystem, path = self._filesystem(timeout)
        # A server may not support ranges, and over HTTP one request is enough for a file.
        block = 0 if "http" in filesystem.protocol else _BLOCK
        file = filesystem.open(path, "rb", block_size=block, cache_type="readahead")
        if (getattr(file, "details", None) or {}).get("type") == "directory":
            # An object store would return an empty file.
            message = f"this is a prefix; to check the files below it, write {self.name}/"
            raise IsADirectoryError(errno.EISDIR, message)
        return file

    def _filesystem(self, timeout: float) -> tuple[Any, str]:
        if not isinstance(self.location, str):
            return self.location.fs, self.location.path
        options = self.storage_options or {}
        if self.location.partition(":")[0] in _HTTP and "client_kwargs" not in options:
            options = {**options, "client_kwargs": _http_timeouts(timeout)}
        return _filesystem(self.location, options)


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


class _TooSlowError(Exception):
    """A server did not send enough bytes in time."""


def _read_ahead(stream: AbstractContextManager[BinaryIO], timeout: float) -> Iterator[bytes]:
    """Yield the pieces of a stream, while a thread reads the next ones.

    The thread also opens the stream, because a server may never respond. It is a daemon thread, so
    that it does not keep the program alive.

    Raises:
        Exception: any exception from opening or reading the stream.
        _TooSlowError: fewer than 64 KiB arrived in `timeout` seconds of waiting. Only waiting time
            counts.
    """
    answers: SimpleQueue[bytes | BaseException] = SimpleQueue()
    room = Semaphore(_PIECES_AHEAD)
    stopped = Event()

    def read_all() -> None:
        try:
            with stream as file:
                while room.acquire() and not stopped.is_set() and (data := file.read(_PIECE)):
                    answers.put(bytes(data))
            answers.put(b"")
        except BaseException as error:  # noqa: BLE001 - the reader of the pieces raises it
            answers.put(error)

    Thread(target=read_all, name="batchlint-read", daemon=True).start()
    waited = 0.0
    received = 0
    try:
        while True:
            began = monotonic()
            try:
                answer = answers.get(timeout=max(timeout - waited, 0))
            except Empty:
                raise _TooSlowError(_too_slow(received, timeout)) from None
            waited += monotonic() - began
            if isinstance(answer, BaseException):
                raise answer
            if not answer:
                return
            received += len(answer)
            if received >= _ENOUGH:
                waited = 0
                received = 0
            yield answer
            room.release()
    finally:
        stopped.set()
        room.release()


def _too_slow(received: int, timeout: float) -> str:
    what = f"only {received:,} bytes" if received else "nothing"
    return (
        f"the server sent {what} in {timeout:g} seconds; raise --read-timeout (read_timeout in "
        "Python) to wait longer"
    )


def _http_timeouts(timeout: float) -> dict[str, Any]:
    """Arguments of the HTTP client: it has no limit on the time of a whole download.

    Its default is 5 minutes, which is too short for a large file. Waiting for a silent server ends
    with batchlint's own timeout, so that no thread waits forever.
    """
    try:
        from aiohttp import ClientTimeout
    except ImportError:  # Opening the URL names the missing package.
        return {}
    limits = ClientTimeout(total=None, sock_connect=_CONNECT_SECONDS, sock_read=timeout + 1)
    return {"timeout": limits}


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
        'URLs need the "remote" extra: pip install "batchlint[remote]". Or pipe the file: '
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
