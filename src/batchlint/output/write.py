"""A report written to a file: whole, or not at all."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Iterable
from pathlib import Path


def write_atomic(path: str, texts: Iterable[str]) -> None:
    """Write texts as they come to a file beside this one, which takes its place when all is written.

    What is no regular file, as a pipe, is written to as it is.

    Raises:
        OSError: the file cannot be written; what was there is there still.
    """
    target = Path(os.path.realpath(path))  # a link stays a link
    if target.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), path)
    if target.exists() and not target.is_file():
        with target.open("w", encoding="utf-8", errors="backslashreplace", newline="\n") as file:
            file.writelines(texts)
        return
    if path.endswith(("/", os.sep)):
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), path)
    beside = target.with_name(f".batchlint.{os.getpid()}.part")
    try:
        with beside.open("w", encoding="utf-8", errors="backslashreplace", newline="\n") as file:
            file.writelines(texts)
        if target.exists():
            beside.chmod(stat.S_IMODE(target.stat().st_mode))  # who may read it stays as it was
        beside.replace(target)
    except BaseException:
        with contextlib.suppress(OSError):
            beside.unlink()
        raise
