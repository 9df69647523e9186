"""Opens fsspec filesystems, and converts their exceptions."""

from __future__ import annotations

import errno
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

#: The maximum length of a filesystem's error message. Longer ones are truncated.
_MAX_MESSAGE_LENGTH: Final = 300

#: The schemes of HTTP URLs.
HTTP: Final = ("http", "https")

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

#: The schemes of filesystems whose files are in an archive.
_ARCHIVES: Final = frozenset(("libarchive", "tar", "zip"))

#: Replaces "::" in URLs that fsspec must not split.
_COLONS: Final = ":\0:"


def is_chain(url: str) -> bool:
    """Return whether `::` separates the filesystems in a URL."""
    return "::" in url and url.partition(":")[0] in _CHAINED


def is_in_archive(url: str) -> bool:
    """Return whether a URL names a file in an archive."""
    return any(link.partition("://")[0] in _ARCHIVES for link in url.split("::"))


def public_name(url: str) -> str:
    """Return a URL without its secret parts: the credentials, and the query of an HTTP URL."""
    if is_chain(url):
        return "::".join(map(public_name, url.split("::")))
    scheme, separator, rest = url.partition("://")
    host, slash, path = rest.partition("/")
    if scheme in HTTP:
        path = path.partition("?")[0].partition("#")[0]
    return f"{scheme}{separator}{host.rpartition('@')[2]}{slash}{path}"


def open_filesystem(url: str, storage_options: Mapping[str, Any] | None) -> tuple[Any, str]:
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
        escaped = url if is_chain(url) else url.replace("::", _COLONS)
        filesystem, path = url_to_fs(escaped, **(storage_options or {}))
    except ImportError as error:
        package = known_implementations.get(scheme, {}).get("class", "").partition(".")[0]
        if scheme in HTTP or package in ("", "fsspec"):
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
def as_os_errors(name: str) -> Iterator[None]:
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
    if isinstance(reason, TimeoutError) and not reason.strerror:
        return TimeoutError(errno.ETIMEDOUT, "the server did not respond in time", name)
    number = errno.ENOENT if isinstance(error, FileNotFoundError) and status is None else errno.EIO
    if isinstance(reason, OSError) and reason.errno:
        number = reason.errno
    return OSError(number, text, name)
