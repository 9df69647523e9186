"""Runs of the command on a pseudo-terminal."""

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
    *args: str, columns: int | None = 80, cwd: Path | None = None, env: Mapping[str, str] = {}
) -> str:
    """Run the command with all streams on a terminal, and return its output without colors."""
    leader, terminal = os.openpty()
    if columns is not None:
        env = {"COLUMNS": str(columns), **env}
    try:
        process = subprocess.Popen(
            [sys.executable, "-m", "batchlint", *args],
            stdin=subprocess.DEVNULL,
            stdout=terminal,
            stderr=terminal,
            cwd=cwd,
            env={**os.environ, "TERM": "xterm", "NO_COLOR": "1", **env},
        )
        os.close(terminal)
        shown = b""
        with suppress(OSError):  # Reading raises at the end, when no process has the terminal open.
            while data := os.read(leader, 1 << 16):
                shown += data
        process.wait(timeout=60)
    finally:
        os.close(leader)
    return shown.decode().replace("\r\n", "\n")
