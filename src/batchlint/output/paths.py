"""Paths as CI services expect them: relative to the root of the project, with forward slashes."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final
from urllib.parse import quote

from ..sources import is_url

#: The characters that a URL may contain in addition to letters, digits and `_.-~`.
_OF_URLS: Final = ":/?#[]@!$&'()*+,;=%"


def from_root(path: str) -> str:
    """The path relative to the root of the project. A file outside of it keeps its absolute path.

    The root is the directory that the service names, or else the working directory. A name that is
    not UTF-8 gets replacement characters.
    """
    return os.fsencode(_from_root(path)).decode("utf-8", "replace")


def _from_root(path: str) -> str:
    if is_url(path):
        return path
    root = os.environ.get("GITHUB_WORKSPACE") or os.environ.get("CI_PROJECT_DIR") or "."
    full = _absolute(path)
    try:
        return Path(full).relative_to(_absolute(root)).as_posix()
    except ValueError:
        return Path(full).as_posix()


def _absolute(path: str) -> str:
    """The absolute path. If the working directory no longer exists, the path stays relative."""
    try:
        return os.path.abspath(path)  # noqa: PTH100 - removes `..`, and follows no links
    except OSError:
        return os.path.normpath(path)


def uri(path: str) -> str:
    """The path relative to the root of the project, as a relative reference (RFC 3986).

    A file outside of the project gets a `file` URI, and a URL is unchanged.
    """
    name = _from_root(path)
    if is_url(name):
        return quote(name, safe=_OF_URLS)
    return Path(name).as_uri() if Path(name).is_absolute() else quote(os.fsencode(name), safe="/")
