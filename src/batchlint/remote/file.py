"""Reads files at URLs."""

from __future__ import annotations

import errno
import gzip
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from queue import Empty, SimpleQueue
from threading import Event, Semaphore, Thread
from time import monotonic
from typing import Any, BinaryIO, Final, NamedTuple

from .filesystem import (
    HTTP,
    as_os_errors,
    is_chain,
    is_in_archive,
    open_filesystem,
    public_name,
)

#: The size of a piece in bytes.
_PIECE_BYTES: Final = 1 << 20

#: The number of pieces to read ahead.
_PIECES_AHEAD: Final = 4

#: The number of bytes per request to an object store.
_BLOCK_BYTES: Final = 4 << 20

#: The HTTP status of a response with the whole file.
_OK: Final = 200

#: The content encoding of data that is not compressed, and the names of gzip.
_IDENTITY: Final = "identity"
_GZIP: Final = (["gzip"], ["x-gzip"])

#: Content encodings of data that is not compressed. All except the first are mistakes, which object
#: stores keep and send.
_UNCOMPRESSED: Final = (_IDENTITY, "", "none", "utf-8", "utf8", "binary", "aws-chunked")

#: The number of bytes that a server must send within the timeout.
_MIN_BYTES: Final = 1 << 16

#: The number of seconds to wait for a connection to an HTTP server.
_CONNECT_SECONDS: Final = 30


class RemoteFile(NamedTuple):
    """The location of a file. It can be pickled, so that workers can open the file.

    Attributes:
        location: a URL, or a path object that contains its filesystem, such as a `UPath`.
        storage_options: the arguments of the filesystem if the location is a URL.
    """

    location: Any
    storage_options: Mapping[str, Any] | None = None

    @property
    def name(self) -> str:
        """The URL without parts that may be secret."""
        return public_name(str(self.location))

    @property
    def is_in_archive(self) -> bool:
        """Whether the file is in an archive, which may be compressed."""
        return is_in_archive(str(self.location))

    def pieces(
        self,
        timeout: float,
        wrap: Callable[[BinaryIO], BinaryIO] | None = None,
        check_version: Callable[[str], None] | None = None,
    ) -> Iterator[bytes]:
        """Yield the bytes of the file in pieces. A thread reads ahead.

        Args:
            timeout: the maximum number of seconds to wait for the next 64 KiB.
            wrap: a function that wraps the open stream, for example to decompress it.
            check_version: a function to call with the version of the file, a string that changes
                when the file changes. It may raise OSError.

        Raises:
            TimeoutError: the server sends nothing for too long, or is too slow.
            OSError: the file can't be opened or read.
        """
        opened: list[Any] = []

        @contextmanager
        def stream() -> Iterator[BinaryIO]:
            with as_os_errors(self.name):
                # An archive closes its file when nothing refers to its filesystem any more.
                filesystem, path = self._filesystem(timeout)
                file = self._open(filesystem, path)
                opened.append(file)
                with closing(file):
                    if check_version is not None:
                        check_version(_version(file))
                    decoded = self._decode(file)
                    yield decoded if wrap is None else wrap(decoded)

        try:
            yield from _read_ahead(stream(), timeout)
        except _TooSlowError as error:
            for file in opened:  # Otherwise, the thread might wait forever.
                with suppress(Exception):
                    file.close()
            raise TimeoutError(errno.ETIMEDOUT, str(error), self.name) from None

    def _open(self, filesystem: Any, path: str) -> Any:
        filesystem.invalidate_cache()  # The file may have changed since an earlier listing.
        options = {"block_size": _BLOCK_BYTES, "cache_type": "readahead"}
        if isinstance(self.location, str) and is_chain(self.location):
            options = {}  # Some filesystems pass their own options to the next one.
        elif "http" in filesystem.protocol:
            # One request reads the whole file, because a server may not support ranges.
            options["block_size"] = 0
        file = filesystem.open(path, "rb", **options)
        status = getattr(getattr(file, "r", None), "status", _OK)
        if status != _OK:  # For example, a 206 response has only a part of the file.
            file.close()
            raise OSError(
                errno.EIO, f"HTTP status {status} instead of {_OK}: the file may be incomplete"
            )
        if (getattr(file, "details", None) or {}).get("type") == "directory":
            # An object store would return an empty file.
            message = f"this is a prefix; to check the files below it, use {self.name}/"
            raise IsADirectoryError(errno.EISDIR, message)
        return file

    def _decode(self, file: Any) -> Any:
        """Undo the `Content-Encoding` of an HTTP response.

        The HTTP client would not report a compressed response that is cut off.
        """
        headers = getattr(getattr(file, "r", None), "headers", {})
        encoding = headers.get("Content-Encoding", _IDENTITY)
        names = [name.strip() for name in encoding.lower().split(",")]
        names = [name for name in names if name not in _UNCOMPRESSED]
        # Servers also set this header for compressed files. `.jsonl.gz` files are decompressed later.
        if not names or self.name.lower().endswith(".gz"):
            return file
        if file.fs.client_kwargs.get("auto_decompress", True):
            return file
        if names not in _GZIP:
            raise OSError(errno.EIO, f"Content-Encoding is {encoding}, but only gzip can be read")
        return gzip.GzipFile(fileobj=file)

    def _filesystem(self, timeout: float) -> tuple[Any, str]:
        if not isinstance(self.location, str):
            return self.location.fs, self.location.path
        options = self.storage_options or {}
        if self.location.partition(":")[0] in HTTP and "client_kwargs" not in options:
            options = {**options, "client_kwargs": _http_options(timeout)}
        return open_filesystem(self.location, options)


def _version(file: Any) -> str:
    """Return the version of an open file, as reported by the server."""
    headers = getattr(getattr(file, "r", None), "headers", {})
    details = getattr(file, "details", None) or {}
    known = [headers.get(name) for name in ("ETag", "Last-Modified", "Content-Length")]
    return repr([*known, *(details.get(name) for name in ("ETag", "etag", "generation", "size"))])


class _TooSlowError(Exception):
    """A server didn't send enough bytes within the timeout."""


def _read_ahead(stream: AbstractContextManager[BinaryIO], timeout: float) -> Iterator[bytes]:
    """Yield the pieces of a stream, while a thread reads the next ones.

    The thread also opens the stream, because a server may never respond. It is a daemon thread, so
    it doesn't keep the program alive.

    Raises:
        Exception: any exception that opening or reading the stream raises.
        _TooSlowError: fewer than 64 KiB arrived in `timeout` seconds. Only the time spent waiting
            counts.
    """
    pieces: SimpleQueue[bytes | BaseException] = SimpleQueue()
    free_slots = Semaphore(_PIECES_AHEAD)
    stopped = Event()

    def read_all() -> None:
        try:
            with stream as file:
                while (
                    free_slots.acquire()
                    and not stopped.is_set()
                    and (data := file.read(_PIECE_BYTES))
                ):
                    pieces.put(bytes(data))
            pieces.put(b"")
        except BaseException as error:  # noqa: BLE001 - the other thread raises it
            pieces.put(error)

    Thread(target=read_all, name="batchlint-read", daemon=True).start()
    waited = 0.0
    received = 0
    try:
        while True:
            started = monotonic()
            try:
                piece = pieces.get(timeout=max(timeout - waited, 0))
            except Empty:
                raise _TooSlowError(_too_slow_message(received, timeout)) from None
            waited += monotonic() - started
            if isinstance(piece, BaseException):
                raise piece
            if not piece:
                return
            received += len(piece)
            if received >= _MIN_BYTES:
                waited = 0
                received = 0
            yield piece
            free_slots.release()
    finally:
        stopped.set()
        free_slots.release()


def _too_slow_message(received: int, timeout: float) -> str:
    amount = f"only {received:,} bytes" if received else "nothing"
    return (
        f"the server sent {amount} in {timeout:g} seconds; raise --read-timeout (read_timeout in "
        "Python) to wait longer"
    )


def _http_options(timeout: float) -> dict[str, Any]:
    """Return the HTTP client's arguments.

    By default, the client limits a whole download to 5 minutes, which is too short for a large
    file. Instead, each read has a timeout, slightly longer than batchlint's, so that no thread
    waits forever.
    """
    try:
        from aiohttp import ClientTimeout
    except ImportError:  # Opening the URL reports the missing package.
        return {}
    limits = ClientTimeout(total=None, sock_connect=_CONNECT_SECONDS, sock_read=timeout + 1)
    headers = {"Accept-Encoding": _IDENTITY}
    return {"timeout": limits, "auto_decompress": False, "headers": headers}
