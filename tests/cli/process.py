"""Run the command in the background."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

posix = pytest.mark.skipif(os.name != "posix", reason="needs POSIX signals and pipes")


@contextlib.contextmanager
def start_command(
    *args: str,
    stdin: int = subprocess.DEVNULL,
    stdout: int = subprocess.PIPE,
    stderr: int = subprocess.PIPE,
) -> Iterator[subprocess.Popen[bytes]]:
    """Start the command, and kill it when the block ends."""
    with subprocess.Popen(
        [sys.executable, "-m", "batchlint", *args], stdin=stdin, stdout=stdout, stderr=stderr
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def wait_for(process: subprocess.Popen[bytes]) -> tuple[int, str]:
    """Wait for the process to end, and return its exit status and standard error."""
    status = process.wait(timeout=60)
    assert process.stderr is not None
    return status, process.stderr.read().decode()
