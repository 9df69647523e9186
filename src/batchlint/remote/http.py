"""Finds files on HTTP servers, whose directory pages may be hostile, large or endless.

fsspec's own search has no limits, and its regular expression for links takes cubic time.
"""

from __future__ import annotations

import errno
import re
from collections.abc import Collection, Iterator, Sequence
from fnmatch import fnmatchcase
from html import unescape
from time import monotonic
from typing import Any, Final
from urllib.parse import unquote, urldefrag, urljoin

from aiohttp import ClientTimeout
from fsspec.asyn import sync

from .filesystem import HTTP

#: The maximum number of directories to list.
_MAX_DIRECTORIES: Final = 10_000

#: The maximum number of directory levels. A directory that links to itself has infinitely many.
_MAX_LEVELS: Final = 64

#: The maximum number of links in all pages together.
_MAX_LINKS: Final = 200_000

#: The maximum size of all pages together, in MiB.
_MAX_MEBIBYTES: Final = 32

#: The maximum total length of the links as URLs. A URL contains the URL of its directory, which may
#: be very long.
_MAX_URL_CHARACTERS: Final = 1 << 25

#: The maximum length of an address. Longer ones are ignored, because no server accepts them, and
#: resolving them takes a hundred times their size in memory.
_MAX_ADDRESS_LENGTH: Final = 1 << 16

#: The content types of pages with links. Some servers don't send one.
_HTML: Final = ("text/html", "")

#: An `a` tag, the address in it, and an address in plain text. Each takes linear time.
_TAG: Final = re.compile(r"<[aA]\s[^<]*")
_ADDRESS: Final = re.compile(r"""\s(?:href|HREF)=(?:"([^"]+)|'([^']+))""")
_PLAIN_ADDRESS: Final = re.compile(r"https?://[-a-zA-Z0-9@:%_+.~#?&/=]+")

#: A character reference in an address, such as `&amp;` or `&#39;`.
_REFERENCE: Final = re.compile("&(?:[a-zA-Z]{2,31}|#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6});")


def find_files(filesystem: Any, root: str, glob: str, seconds: float) -> list[str]:
    """Return the URLs of the files below a directory that match a glob.

    Args:
        filesystem: fsspec's HTTP filesystem.
        root: the URL of the directory.
        glob: the glob relative to the directory. `**` matches any number of path segments.
        seconds: the maximum duration of the search.

    Raises:
        FileNotFoundError: the server has no such directory.
        OSError: the search exceeds a limit, or the glob is invalid.
        aiohttp.ClientError: the server can't be reached, or it refuses to list a directory.
    """
    root = root.rstrip("/") + "/"
    base = _decoded_path(root)
    pages = _Pages(filesystem, seconds)
    pattern = unquote(glob).split("/")
    if any("**" in segment and segment != "**" for segment in pattern):
        raise OSError(errno.EINVAL, "** must be a whole path segment, as in **/*.jsonl")
    found: list[str] = []
    listed = set()
    pending = [root]
    while pending:
        directory = pending.pop()
        if directory in listed:
            continue
        listed.add(directory)
        if len(listed) > _MAX_DIRECTORIES:
            raise _too_large_error(f"{_MAX_DIRECTORIES:,} directories")
        try:
            links = pages.links(directory)
        except FileNotFoundError:
            if directory == root:
                raise
            continue  # The link is dead.
        for link in links:
            path = _decoded_path(link).removeprefix(base)
            segments = path.rstrip("/").split("/", _MAX_LEVELS)
            if len(segments) > _MAX_LEVELS:
                raise OSError(
                    errno.ELOOP, "too many levels of directories; does one of them link to itself?"
                )
            positions = _positions(segments, pattern)
            if not path.endswith("/"):
                if len(pattern) in positions:
                    found.append(link)
            elif positions:
                pending.append(link)
    return found


def _positions(segments: Sequence[str], pattern: Sequence[str]) -> set[int]:
    """Return the numbers of segments of a pattern that can match all segments of a path."""
    positions = _skip_double_stars({0}, pattern)
    for segment in segments:
        matched = {
            position if pattern[position] == "**" else position + 1
            for position in positions
            if position < len(pattern) and fnmatchcase(segment, pattern[position])
        }
        positions = _skip_double_stars(matched, pattern)
    return positions


def _skip_double_stars(positions: Collection[int], pattern: Sequence[str]) -> set[int]:
    """Add the positions after each `**`, because it can match nothing."""
    reachable = set(positions)
    for position, segment in enumerate(pattern):
        if segment == "**" and position in reachable:
            reachable.add(position + 1)
    return reachable


class _Pages:
    """The directory pages that a search reads, with limits on their time and size.

    Args:
        filesystem: fsspec's HTTP filesystem.
        seconds: the maximum duration of the search.
    """

    def __init__(self, filesystem: Any, seconds: float) -> None:
        self._filesystem = filesystem
        self._seconds = seconds
        self._end = monotonic() + seconds
        self._links = 0
        self._bytes = 0
        self._characters = 0

    def links(self, directory: str) -> list[str]:
        """Return the URLs below a directory that its page links to.

        Raises:
            FileNotFoundError: the page doesn't exist.
            OSError: the search exceeds a limit.
            aiohttp.ClientError: the page can't be read.
        """
        try:
            text = self._text(directory)
        except FileNotFoundError:
            text = ""
        # Some servers have the page only at the URL without the slash.
        text = text or self._text(directory.removesuffix("/"))
        links = set()
        for address in self._addresses(text):
            self._links += 1
            if self._links > _MAX_LINKS:
                raise _too_large_error(f"{_MAX_LINKS:,} links in directory pages")
            if len(address) > _MAX_ADDRESS_LENGTH:
                continue
            self._characters += len(directory) + len(address)
            if self._characters > _MAX_URL_CHARACTERS:
                raise _too_large_error(f"{_MAX_URL_CHARACTERS:,} characters in links")
            link = _resolve(directory, address)
            if link is not None:
                links.add(link)
        return sorted(links)

    def _addresses(self, text: str) -> Iterator[str]:
        for tag in _TAG.finditer(text):
            address = _ADDRESS.search(tag[0])
            if address is not None and ">" not in tag[0][: address.start()]:
                quoted = address[1] or address[2]
                yield _REFERENCE.sub(lambda reference: unescape(reference[0]), quoted)
        if self._filesystem.simple_links:
            yield from (address[0] for address in _PLAIN_ADDRESS.finditer(text))

    def _text(self, url: str) -> str:
        """Read a page. The result is empty if the page is not HTML."""
        try:
            data: bytes = sync(self._filesystem.loop, self._read, url)
        except TimeoutError:
            raise TimeoutError(
                errno.ETIMEDOUT,
                f"listing the directories took more than {self._seconds:g} seconds; use a longer "
                "prefix, or raise --read-timeout (read_timeout in Python)",
            ) from None
        self._bytes += len(data)
        return data.decode(errors="ignore")

    async def _read(self, url: str) -> bytes:
        left = self._end - monotonic()
        if left <= 0:
            raise TimeoutError
        options = {"timeout": ClientTimeout(total=left), **self._filesystem.kwargs}
        session = await self._filesystem.set_session()
        data = bytearray()
        async with session.get(self._filesystem.encode_url(url), **options) as response:
            if response.status == 404:
                raise FileNotFoundError(url)
            response.raise_for_status()
            if response.headers.get("Content-Type", "").partition(";")[0] in _HTML:
                async for piece in response.content.iter_any():
                    data += piece
                    if self._bytes + len(data) > _MAX_MEBIBYTES << 20:
                        raise _too_large_error(f"{_MAX_MEBIBYTES} MiB of directory pages")
        return bytes(data)


def _resolve(directory: str, address: str) -> str | None:
    """Return the URL of an address in a page, or None if it is not below the directory.

    Links to the directory itself, such as `?sort=name`, are not below it. The scheme may differ,
    because some servers use http:// in pages at https:// URLs.
    """
    try:
        link = urldefrag(urljoin(directory, address)).url
    except ValueError:  # For example, a bracket is missing.
        return None
    base = _decoded_path(directory)
    path = _decoded_path(link)
    if link.partition("://")[0] not in HTTP or not path.startswith(base):
        return None
    if _decoded_path(link.partition("?")[0]) == base:
        return None
    # A server may decode "%2e", and would then leave the directory.
    return None if ".." in path.split("/") else link


def _decoded_path(url: str) -> str:
    """Return a URL without its scheme, and decoded: users and servers may encode it differently."""
    return unquote(url.partition("://")[2])


def _too_large_error(limit: str) -> OSError:
    return OSError(
        errno.EFBIG, f"there are more than {limit}; use a longer prefix, or name the files"
    )
