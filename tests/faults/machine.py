"""Simulated system failures. Tests are skipped where a failure can't be simulated."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

posix = pytest.mark.skipif(os.name != "posix", reason="needs POSIX signals and pipes")


def run_on_small_disk(script: str, *args: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run a shell script that can call `batchlint` on a new file system of 64 KiB."""
    if sys.platform != "linux" or os.geteuid() != 0 or shutil.which("unshare") is None:
        pytest.skip("needs Linux, root and unshare to mount a small file system")
    directory = cwd / "disk"
    directory.mkdir()
    mount = 'mount -t tmpfs -o size=64k none disk && cd disk || { echo "cannot mount"; exit 99; }'
    completed = subprocess.run(
        [
            *("unshare", "-m", "/bin/sh", "-c"),
            f'{mount}; batchlint() {{ "$0" -m batchlint "$@"; }}; {script}',
            *(sys.executable, *args),
        ],
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    if completed.returncode in (1, 99) and "unshare" in completed.stderr + completed.stdout:
        pytest.skip("this user isn't allowed to unshare mounts")
    if completed.returncode == 99:
        pytest.skip("this user isn't allowed to mount a file system")
    return completed
