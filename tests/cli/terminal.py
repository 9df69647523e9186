"""Run the command on a pseudo-terminal."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import pytest

needs_terminal = pytest.mark.skipif(os.name != "posix", reason="needs a pseudo-terminal")


def run_on_terminal(
    *args: str,
    columns: int | None = 80,
    window_columns: int | None = None,
    cwd: Path | None = None,
    env: Mapping[str, str] = {},
) -> str:
    """Run the command with all streams on a terminal, and return the output without colors.

    `columns` sets the variable COLUMNS, and `window_columns` the width of the terminal itself.
    """
    leader, terminal = os.openpty()
    if window_columns is not None:
        set_window_size(terminal, window_columns)
    inherited = {name: value for name, value in os.environ.items() if name != "COLUMNS"}
    if columns is not None:
        env = {"COLUMNS": str(columns), **env}
    try:
        process = subprocess.Popen(
            [sys.executable, "-m", "batchlint", *args],
            stdin=subprocess.DEVNULL,
            stdout=terminal,
            stderr=terminal,
            cwd=cwd,
            env={**inherited, "TERM": "xterm", "NO_COLOR": "1", **env},
        )
        os.close(terminal)
        output = b""
        with suppress(OSError):  # `read` raises once no process has the terminal open.
            while data := os.read(leader, 1 << 16):
                output += data
        process.wait(timeout=60)
    finally:
        os.close(leader)
    return output.decode().replace("\r\n", "\n")


def set_window_size(terminal: int, columns: int) -> None:
    """Set the size of a terminal to 24 rows and the given number of columns."""
    import fcntl
    import struct
    import termios

    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
