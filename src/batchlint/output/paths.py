"""The path of a file as services name it: from the root of the project, with forward slashes."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import quote


def from_root(path: str) -> str:
    """The path from the root of the project, which the service names, else the working directory.

    A file that lies elsewhere keeps its absolute path.
    """
    root = os.environ.get("GITHUB_WORKSPACE") or os.environ.get("CI_PROJECT_DIR") or "."
    full = os.path.abspath(path)  # noqa: PTH100 - removes `..`, and follows no links
    try:
        return Path(full).relative_to(os.path.abspath(root)).as_posix()  # noqa: PTH100
    except ValueError:
        return Path(full).as_posix()


def uri(path: str) -> str:
    """The path from the root of the project as a relative reference (RFC 3986), or a `file` URI if it lies elsewhere."""
    shown = from_root(path)
    if Path(shown).is_absolute():
        return Path(shown).as_uri()
    return quote(shown.encode("utf-8", "replace"), safe="/")
