"""Finds the files at URLs that match a glob or a prefix."""

from __future__ import annotations

import errno
import re
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from .filesystem import (
    HTTP,
    as_os_errors,
    is_chain,
    is_in_archive,
    open_filesystem,
    public_name,
)

#: The maximum number of matching files in an archive times the number of its entries. For each
#: file, the whole list of entries is read again. For this maximum, that takes 8 seconds.
_MAX_ARCHIVE_WORK: Final = 1_000_000

#: The time to read an entry of other archives, relative to ZIP archives.
_STREAM_ENTRY_WORK: Final = 4

#: The maximum number of matching files in a compressed stream, such as .tar.gz, times its size when
#: decompressed. For each file, it is decompressed again. For this maximum, that takes 40 seconds.
_MAX_STREAM_BYTES: Final = 20_000_000_000


class MatchingFile(NamedTuple):
    """A file that matches a glob or a prefix.

    Attributes:
        url: the URL of the file.
        size: the size in bytes. None if the filesystem doesn't report it.
    """

    url: str
    size: int | None


def is_pattern(url: str) -> bool:
    """Return whether a URL may match several files: it is a glob, or ends with a slash."""
    _, link, _ = _split_chain(url)
    special = "*?["
    path = link
    if link.partition(":")[0] in HTTP:
        special = "*["  # "?" begins the query.
        path = link[_host_end(link) :].partition("?")[0]
    return _is_prefix(link) or any(character in path for character in special)


def _is_prefix(link: str) -> bool:
    """Return whether a link ends with a slash that is not in the query of an HTTP URL."""
    return link.endswith("/") and not (link.partition(":")[0] in HTTP and "?" in link)


def _host_end(url: str) -> int:
    """Return the offset after the host. An IPv6 address has brackets, which aren't wildcards."""
    end = url.find("/", url.find("://") + len("://"))
    return len(url) if end < 0 else end


def _split_chain(url: str) -> tuple[list[str], str, list[str]]:
    """Split a URL into the links before the one with the path of the files, that one, and the rest.

    A URL that is not a chain is one link.
    """
    links = url.split("::") if is_chain(url) else [url]
    # A link without a path, such as `simplecache`, gets the path of the next one.
    position = next((i for i, link in enumerate(links) if link.partition("://")[2]), 0)
    return links[:position], links[position], links[position + 1 :]


def find(
    url: str, timeout: float, storage_options: Mapping[str, Any] | None = None
) -> list[MatchingFile]:
    """Find the files that match a glob, or the `.jsonl` and `.jsonl.gz` files below a prefix.

    Args:
        url: the glob or prefix.
        timeout: the maximum number of seconds for the search on an HTTP server.
        storage_options: the arguments of the filesystem.

    Returns:
        The files, sorted by URL. There is at least one.

    Raises:
        OSError: the filesystem can't list files, no file matches, the search on an HTTP server
            exceeds a limit, an archive has too many files, or `::` in the name of a file would begin
            another link of a chain.
    """
    name = public_name(url)
    with as_os_errors(name):
        filesystem, path = open_filesystem(url, storage_options)
        is_prefix = _is_prefix(_split_chain(url)[1])
        http = _http_filesystem(filesystem)
        if http is not None:
            from .http import find_files  # It needs aiohttp.

            root, glob = (path, "**") if is_prefix else _split_glob(path)
            sizes = dict.fromkeys(find_files(http, root, glob, timeout))
        else:
            filesystem.invalidate_cache()  # An earlier listing may be out of date.
            search = filesystem.find if is_prefix else filesystem.glob
            found = search(path, detail=True).items()
            sizes = {
                path: info.get("size") for path, info in found if _is_file(filesystem, path, info)
            }
        if is_prefix:
            sizes = {path: size for path, size in sizes.items() if _is_input(path)}
        if not sizes:
            missing = "no .jsonl files below this prefix" if is_prefix else "no files match"
            raise FileNotFoundError(errno.ENOENT, missing, name)
        if is_in_archive(url):
            _check_work(url, filesystem, len(sizes))
        to_url = _url_maker(url, filesystem, path)
        return [MatchingFile(to_url(path), size) for path, size in sorted(sizes.items())]


def _check_work(url: str, archive: Any, matches: int) -> None:
    """Raise OSError if it would take too long to check the matching files of an archive."""
    entries = getattr(archive, "dir_cache", None) or {}
    work = matches * len(entries)
    size = 0
    if "zip://" not in url:
        work *= _STREAM_ENTRY_WORK
        if not url.lower().endswith(".tar"):
            size = sum(info.get("size") or 0 for info in entries.values())
    if work > _MAX_ARCHIVE_WORK or matches * size > _MAX_STREAM_BYTES:
        raise OSError(
            errno.EFBIG,
            f"the archive has {len(entries):,} entries, and {matches:,} of them match; extract it, "
            "and check the files",
        )


def _http_filesystem(filesystem: Any) -> Any:
    """Return the HTTP filesystem that a filesystem, such as a cache, uses. None if it uses none."""
    while (inner := getattr(filesystem, "fs", None)) is not None:
        filesystem = inner
    # The one inside may belong to another library, such as pyarrow for HDFS.
    return filesystem if "http" in getattr(filesystem, "protocol", ()) else None


def _split_glob(url: str) -> tuple[str, str]:
    """Split a glob into the directory without wildcards and the rest."""
    end = _host_end(url)
    literal = url[:end] + re.split(r"[*[]", url[end:], maxsplit=1)[0]
    length = literal.rfind("/") + 1
    return url[:length], url[length:]


def _is_file(filesystem: Any, path: str, info: Mapping[str, Any]) -> bool:
    """Return whether a path is a file, or a symbolic link to one."""
    is_link = info.get("islink") or info["type"] == "link"
    return info["type"] == "file" or bool(is_link and filesystem.isfile(path))


def _is_input(path: str) -> bool:
    return path.lower().endswith((".jsonl", ".jsonl.gz"))


def _url_maker(url: str, filesystem: Any, pattern: str) -> Callable[[str], str]:
    """Return a function that converts a path in a filesystem to a URL.

    Args:
        url: the URL of a glob or prefix. The result keeps its host and the links of its chain.
        filesystem: the filesystem.
        pattern: the path of the glob or prefix in the filesystem.
    """
    before, link, after = _split_chain(url)
    prefix = link.removesuffix("/").removesuffix(pattern.removesuffix("/"))

    def to_url(path: str) -> str:
        if "://" in prefix:  # Some filesystems omit the host from the path.
            full = prefix + path
        elif path.partition("://")[0] in HTTP:  # Older versions of fsspec would add a scheme.
            full = path
        else:
            full = filesystem.unstrip_protocol(path)
        found = "::".join((*before, full, *after))
        if "::" in full and is_chain(found):  # A hostile archive could refer to any other file.
            raise OSError(errno.EINVAL, f"the name of a file contains '::': {public_name(path)}")
        return found

    return to_url
