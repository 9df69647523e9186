"""Writes a report to a file atomically."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Iterable
from pathlib import Path


def write_atomic(path: str, texts: Iterable[str]) -> None:
    """Write texts to a temporary file, and rename it to `path` when it is complete.

    A pipe or a device is written to directly.

    Raises:
        OSError: the file cannot be written. It keeps its old content.
    """
    target = Path(os.path.realpath(path))  # A link stays a link.
    if target.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), path)
    if target.exists() and not target.is_file():
        with target.open("w", encoding="utf-8", errors="backslashreplace", newline="\n") as file:
            file.writelines(texts)
        return
    if path.endswith(("/", os.sep)):
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), path)
    temporary = target.with_name(f".batchlint.{os.getpid()}.part")
    try:
        with temporary.open("w", encoding="utf-8", errors="backslashreplace", newline="\n") as file:
            file.writelines(texts)
        if target.exists():
            temporary.chmod(stat.S_IMODE(target.stat().st_mode))
        temporary.replace(target)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise
