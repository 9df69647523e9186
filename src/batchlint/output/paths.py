"""Paths as CI services write them: from the root of the project, with forward slashes."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import quote


def from_root(path: str) -> str:
    """The path from the root of the project. A file outside of it keeps its absolute path.

    The root is the directory that the service names, or else the working directory.
    """
    root = os.environ.get("GITHUB_WORKSPACE") or os.environ.get("CI_PROJECT_DIR") or "."
    full = os.path.abspath(path)  # noqa: PTH100 - removes `..`, and follows no links
    try:
        return Path(full).relative_to(os.path.abspath(root)).as_posix()  # noqa: PTH100
    except ValueError:
        return Path(full).as_posix()


def uri(path: str) -> str:
    """The path from the root of the project as a relative reference (RFC 3986).

    A file outside of the project gets a `file` URI.
    """
    shown = from_root(path)
    if Path(shown).is_absolute():
        return Path(shown).as_uri()
    return quote(shown.encode("utf-8", "replace"), safe="/")
