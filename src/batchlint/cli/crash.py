"""Report unexpected exceptions."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import Final

#: The environment variable that has the same effect as `--traceback`.
TRACEBACK: Final = "BATCHLINT_TRACEBACK"

#: The exit status after a usage error, an unreadable file, a failed write or a crash.
EXIT_ERROR: Final = 2

_NO_MEMORY: Final = "batchlint: not enough memory\n"


class Settings:
    """Settings of the program.

    Attributes:
        traceback: whether to show the traceback of an unexpected exception.
    """

    def __init__(self) -> None:
        self.traceback = os.environ.get(TRACEBACK, "0") not in ("", "0")


def report_crash(error: BaseException, settings: Settings) -> None:
    """Print an exception to standard error as one line, after its traceback if requested."""
    if sys.stderr is None:
        return
    with suppress(OSError):
        try:
            text = _message(error) + "\n"
            if settings.traceback:
                text = _traceback(error) + text
        except MemoryError:
            text = _NO_MEMORY
        sys.stderr.write(text)
        sys.stderr.flush()


def _message(error: BaseException) -> str:
    from ..phrasing import excerpt

    if isinstance(error, MemoryError):
        return _NO_MEMORY.rstrip()
    detail = excerpt(str(error))
    name = type(error).__name__ + (f": {detail}" if detail else "")
    return (
        f"batchlint: internal error: {name}; please open an issue in batchlint's repository, with "
        "the output of `batchlint --traceback ...`"
    )


def _traceback(error: BaseException) -> str:
    import traceback

    from ..phrasing import escape

    lines = "".join(traceback.format_exception(error)).splitlines()
    return "".join(f"{escape(line)}\n" for line in lines)
