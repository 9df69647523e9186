"""Reads files at URLs through fsspec. No other module uses fsspec.

fsspec is imported only for URLs: importing it takes longer than checking a small file.
"""

from __future__ import annotations

import errno
import gzip
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from queue import Empty, SimpleQueue
from threading import Event, Semaphore, Thread
from time import monotonic
from typing import Any, BinaryIO, Final, NamedTuple
from urllib.parse import unquote

#: The size of a piece in bytes.
_PIECE_BYTES: Final = 1 << 20

#: The number of pieces to read ahead.
_PIECES_AHEAD: Final = 4

#: The number of bytes per request to an object store.
_BLOCK_BYTES: Final = 4 << 20

#: The suffixes of the files to check below a prefix.
_SUFFIXES: Final = (".jsonl", ".jsonl.gz")

#: The maximum length of a filesystem's error message. Longer ones are truncated.
_MAX_MESSAGE_LENGTH: Final = 300

#: The maximum number of directory levels to search over HTTP. A directory that links to itself has
#: infinitely many.
_MAX_DIRECTORY_LEVELS: Final = 64

#: The schemes of HTTP URLs.
_HTTP: Final = ("http", "https")

#: The schemes of filesystems that use another file or filesystem. Its URL follows "::". In all
#: other URLs, "::" is part of the name, but fsspec would split the URL there.
_CHAINED: Final = frozenset(
    (
        "blockcache",
        "cached",
        "dir",
        "filecache",
        "libarchive",
        "reference",
        "simplecache",
        "tar",
        "zip",
    )
)

#: Replaces "::" in URLs that fsspec must not split.
_COLONS: Final = ":\0:"

#: The HTTP status of a response with the whole file.
_OK: Final = 200

#: The content encoding of data that is not compressed, and the names of gzip.
_IDENTITY: Final = "identity"
_GZIP: Final = ("gzip", "x-gzip")

#: The number of bytes that a server must send within the timeout.
_MIN_BYTES: Final = 1 << 16

#: The number of seconds to wait for a connection to an HTTP server.
_CONNECT_SECONDS: Final = 30


class MatchingFile(NamedTuple):
    """A file that matches a glob or a prefix.

    Attributes:
        url: the URL of the file.
        size: the size in bytes. None if the filesystem doesn't report it.
    """

    url: str
    size: int | None


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
            with _as_os_errors(self.name):
                file = self._open(timeout)
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

    def _open(self, timeout: float) -> Any:
        filesystem, path = self._filesystem(timeout)
        filesystem.invalidate_cache()  # The file may have changed since an earlier listing.
        options = {"block_size": _BLOCK_BYTES, "cache_type": "readahead"}
        if isinstance(self.location, str) and _is_chain(self.location):
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
        encoding = headers.get("Content-Encoding", _IDENTITY).lower()
        # Servers also set this header for compressed files. `.jsonl.gz` files are decompressed later.
        if encoding == _IDENTITY or self.name.lower().endswith(".gz"):
            return file
        if file.fs.client_kwargs.get("auto_decompress", True):
            return file
        if encoding not in _GZIP:
            raise OSError(errno.EIO, f"Content-Encoding is {encoding}, but only gzip can be read")
        return gzip.GzipFile(fileobj=file)

    def _filesystem(self, timeout: float) -> tuple[Any, str]:
        if not isinstance(self.location, str):
            return self.location.fs, self.location.path
        options = self.storage_options or {}
        if self.location.partition(":")[0] in _HTTP and "client_kwargs" not in options:
            options = {**options, "client_kwargs": _http_options(timeout)}
        return _filesystem(self.location, options)


def _version(file: Any) -> str:
    """Return the version of an open file, as reported by the server."""
    headers = getattr(getattr(file, "r", None), "headers", {})
    details = getattr(file, "details", None) or {}
    known = [headers.get(name) for name in ("ETag", "Last-Modified", "Content-Length")]
    return repr([*known, *(details.get(name) for name in ("ETag", "etag", "generation", "size"))])


def is_pattern(url: str) -> bool:
    """Return whether a URL may match several files: it is a glob, or ends with a slash."""
    special = "*[" if url.partition(":")[0] in _HTTP else "*?["  # "?" begins the query in HTTP.
    return url.endswith("/") or any(character in url for character in special)


def find(
    url: str, storage_options: Mapping[str, Any] | None = None, timeout: float | None = None
) -> list[MatchingFile]:
    """Find the files that match a glob, or the `.jsonl` and `.jsonl.gz` files below a prefix.

    Args:
        url: the glob or prefix.
        storage_options: the arguments of the filesystem.
        timeout: the maximum number of seconds to wait for an HTTP server to list a directory.

    Returns:
        The files, sorted by URL. There is at least one.

    Raises:
        OSError: the filesystem can't list files, or no file matches.
    """
    name = public_name(url)
    with _as_os_errors(name):
        options = storage_options or {}
        if url.partition(":")[0] in _HTTP and "client_kwargs" not in options:
            options = {**options, "client_kwargs": _listing_options(timeout)}
        filesystem, path = _filesystem(url, options)
        filesystem.invalidate_cache()  # An earlier listing may be out of date.
        is_prefix = url.endswith("/")
        try:
            listed = (
                _find_all(filesystem, path) if is_prefix else filesystem.glob(path, detail=True)
            )
        except RecursionError:
            raise _too_many_levels_error() from None
        missing = "no .jsonl files below this prefix" if is_prefix else "no files match"
        files = {
            path: info
            for path, info in listed.items()
            if info["type"] == "file" and (not is_prefix or path.lower().endswith(_SUFFIXES))
        }
        if not files:
            raise FileNotFoundError(errno.ENOENT, missing, name)
        to_url = _url_maker(url, filesystem, path)
        return [
            MatchingFile(to_url(path), info.get("size")) for path, info in sorted(files.items())
        ]


def _find_all(filesystem: Any, path: str) -> dict[str, Any]:
    """Return the details of all files below a path. Over HTTP, links with `..` are ignored.

    Raises:
        OSError: there are too many levels of directories, or one of them can't be listed.
    """
    if "http" not in filesystem.protocol:
        found: dict[str, Any] = filesystem.find(path, detail=True)
        return found
    found = {}
    pending = [(path, 0)]
    while pending:
        directory, level = pending.pop()
        try:
            listed = filesystem.ls(directory, detail=True)
        except FileNotFoundError:
            if not level:
                raise
            continue  # The link is dead.
        for info in listed:
            name = info["name"]
            if ".." in unquote(name.removeprefix(path)).split("/"):
                continue  # The link leads to a parent, and may lead out of the prefix.
            if info["type"] != "directory":
                found[name] = info
            elif name.rstrip("/").rpartition("/")[2] != ".":
                if level == _MAX_DIRECTORY_LEVELS:
                    raise _too_many_levels_error()
                pending.append((name, level + 1))
    return found


def _too_many_levels_error() -> OSError:
    return OSError(errno.ELOOP, "too many levels of directories; does one of them link to itself?")


def _url_maker(url: str, filesystem: Any, pattern: str) -> Callable[[str], str]:
    """Return a function that converts a path in a filesystem to a URL.

    Args:
        url: the URL of a glob or prefix. The result keeps its host and the links of its chain.
        filesystem: the filesystem.
        pattern: the path of the glob or prefix in the filesystem.
    """
    links = url.split("::") if _is_chain(url) else [url]
    # A link without a path, such as `simplecache`, gets the path of the next one.
    position = next((i for i, link in enumerate(links) if link.partition("://")[2]), 0)
    prefix = links[position].removesuffix("/").removesuffix(pattern.removesuffix("/"))

    def to_url(path: str) -> str:
        # Some filesystems omit the host from the path.
        full = prefix + path if "://" in prefix else filesystem.unstrip_protocol(path)
        return "::".join((*links[:position], full, *links[position + 1 :]))

    return to_url


def _is_chain(url: str) -> bool:
    return "::" in url and url.partition(":")[0] in _CHAINED


def public_name(url: str) -> str:
    """Return a URL without its secret parts: the credentials, and the query of an HTTP URL."""
    scheme, separator, rest = url.partition("://")
    host, slash, path = rest.partition("/")
    if scheme in _HTTP:
        path = path.partition("?")[0].partition("#")[0]
    return f"{scheme}{separator}{host.rpartition('@')[2]}{slash}{path}"


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


def _listing_options(timeout: float | None) -> dict[str, Any]:
    """Return the HTTP client's arguments for listing directories."""
    try:
        from aiohttp import ClientTimeout
    except ImportError:  # Opening the URL reports the missing package.
        return {}
    return {} if timeout is None else {"timeout": ClientTimeout(total=timeout)}


def _filesystem(url: str, storage_options: Mapping[str, Any] | None) -> tuple[Any, str]:
    """Return the filesystem of a URL and the path of the file in it.

    Raises:
        OSError: fsspec, or the package for URLs with this scheme, is not installed.
    """
    scheme = url.partition(":")[0]
    try:
        from fsspec.core import url_to_fs
        from fsspec.registry import known_implementations
    except ImportError:
        raise OSError(_missing_extra_message(url)) from None
    try:
        escaped = url if _is_chain(url) else url.replace("::", _COLONS)
        filesystem, path = url_to_fs(escaped, **(storage_options or {}))
    except ImportError as error:
        package = known_implementations.get(scheme, {}).get("class", "").partition(".")[0]
        if scheme in _HTTP or package in ("", "fsspec"):
            raise OSError(f"{scheme}:// URLs need a package that is missing: {error}") from error
        raise OSError(
            f"{scheme}:// URLs need the package {package}: pip install {package}"
        ) from error
    return filesystem, path.replace(_COLONS, "::")


#: Commands that print the content of a URL, for users without the extra.
_PIPES: Final = {
    "s3": "aws s3 cp {url} -",
    "gs": "gcloud storage cat {url}",
    "http": "curl -fsS {url}",
    "https": "curl -fsS {url}",
}


def _missing_extra_message(url: str) -> str:
    name = public_name(url)
    pipe = _PIPES.get(url.partition(":")[0], "... {url}").format(url=name)
    decompress = " | gunzip" if name.lower().endswith(".gz") else ""
    return (
        'URLs need the "remote" extra: pip install "batchlint[remote]". Or pipe the file: '
        f"{pipe}{decompress} | batchlint check -"
    )


@contextmanager
def _as_os_errors(name: str) -> Iterator[None]:
    """Convert the exceptions of all filesystems to OSErrors."""
    try:
        yield
    except MemoryError:
        raise
    except Exception as error:
        raise _as_os_error(error, name) from error


def _as_os_error(error: Exception, name: str) -> OSError:
    reason: BaseException = error
    while isinstance(reason, FileNotFoundError) and reason.__cause__ is not None:
        # fsspec raises a FileNotFoundError for every HTTP status except 2xx.
        reason = reason.__cause__
    status = getattr(reason, "status", None)
    text = str(reason).strip() or type(reason).__name__
    if isinstance(reason, OSError) and reason.strerror:
        text = reason.strerror
    elif status is not None:  # The exception's text contains the whole URL.
        text = f"HTTP status {status} {getattr(reason, 'message', '')}"
    text = next(iter(text.splitlines()), "")[:_MAX_MESSAGE_LENGTH].strip()
    if isinstance(reason, PermissionError) or status in (401, 403):
        return PermissionError(errno.EACCES, f"access denied: {text}", name)
    if status in (404, 410) or (isinstance(reason, FileNotFoundError) and not reason.strerror):
        return FileNotFoundError(errno.ENOENT, "no such file", name)
    if isinstance(reason, TimeoutError):
        return TimeoutError(errno.ETIMEDOUT, "the server did not respond in time", name)
    number = errno.ENOENT if isinstance(error, FileNotFoundError) and status is None else errno.EIO
    if isinstance(reason, OSError) and reason.errno:
        number = reason.errno
    return OSError(number, text, name)
