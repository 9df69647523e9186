"""Paths in the form that CI services expect: relative to the project root, with forward slashes."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final
from urllib.parse import quote

from ..sources import is_url

#: The characters that a URL may contain in addition to letters, digits and `_.-~`.
_URL_CHARACTERS: Final = ":/?#[]@!$&'()*+,;=%"


def from_root(path: str) -> str:
    """Return a path relative to the project root, or an absolute path for a file outside of it.

    The root is the directory that the CI service names, or else the working directory. Bytes that
    are not UTF-8 are replaced.
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
    """Make a path absolute, unless the working directory no longer exists."""
    try:
        return os.path.abspath(path)  # noqa: PTH100 - removes `..` without following links
    except OSError:
        return os.path.normpath(path)


def uri(path: str) -> str:
    """Return a path relative to the project root, as a relative reference (RFC 3986).

    For a file outside of the project, return a `file` URI. In a URL, only characters that a URL
    can't contain are escaped.
    """
    name = _from_root(path)
    if is_url(name):
        return quote(name, safe=_URL_CHARACTERS)
    return Path(name).as_uri() if Path(name).is_absolute() else quote(os.fsencode(name), safe="/")
