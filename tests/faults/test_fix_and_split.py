"""A crash of `fix` leaves the old file or the new one. A crash of `split` leaves all parts or none."""

from __future__ import annotations

import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from faults.machine import on_small_disk, posix
from support import line

pytestmark = [pytest.mark.faults, posix]

CHAT = "/v1/chat/completions"
LINES = 3_000
OLD = b"".join(line(str(n), CHAT).replace(b"POST", b"post") for n in range(LINES))
NEW = b"".join(line(str(n), CHAT) for n in range(LINES))
FULL = "No space left on device"


def run_until_killed(args: list[str], seconds: float, number: int) -> bool:
    """Run the command and send it a signal after some seconds. Return whether it still ran."""
    with subprocess.Popen(
        [sys.executable, "-m", "batchlint", *args],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        time.sleep(seconds)
        was_running = process.poll() is None
        process.send_signal(number)
        process.wait(timeout=60)
    return was_running


def duration(args: list[str]) -> float:
    started = time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "batchlint", *args], capture_output=True, check=False, timeout=60
    )
    return time.perf_counter() - started


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_killing_fix_leaves_the_old_file_or_the_new_one(number: int, tmp_path: Path) -> None:
    path = tmp_path / "batch.jsonl"
    path.write_bytes(OLD)
    longest = 1.1 * duration(["fix", str(path)])
    assert path.read_bytes() == NEW
    moments = random.Random(7)
    killed = 0
    for turn in range(12):
        if turn - killed > 4:
            longest /= 2  # The machine was busy when the duration was measured.
        path.write_bytes(OLD)
        killed += run_until_killed(["fix", str(path)], moments.uniform(0, longest), number)
        assert path.read_bytes() in (OLD, NEW)
        left = {entry.name for entry in tmp_path.iterdir()} - {"batch.jsonl"}
        if number == signal.SIGTERM:
            assert left == set()
        for name in left:  # A temporary file of a killed process.
            assert name.startswith(".batchlint.")
            (tmp_path / name).unlink()

    assert killed > 3


def is_complete(folder: Path) -> bool:
    """Whether the manifest exists. If so, check that all parts exist and match its checksums."""
    manifest = folder / "batch.manifest.json"
    if not manifest.exists():
        return False
    for part in json.loads(manifest.read_bytes())["parts"]:
        content = (folder / part["path"]).read_bytes()
        assert hashlib.sha256(content).hexdigest() == part["sha256"]
    return True


def test_killing_split_never_leaves_a_manifest_without_its_parts(tmp_path: Path) -> None:
    path = tmp_path / "batch.jsonl"
    path.write_bytes(NEW)
    folder = tmp_path / "parts"
    args = ["split", str(path), "--output-dir", str(folder), "--max-requests=10", "--force"]
    longest = 1.1 * duration(args)
    assert is_complete(folder)
    moments = random.Random(7)
    killed = 0
    for turn in range(12):
        if turn - killed > 4:
            longest /= 2  # The machine was busy when the duration was measured.
        path.write_bytes(NEW + line(f"turn {turn}", CHAT))  # Each run has other parts.
        killed += run_until_killed(args, moments.uniform(0, longest), signal.SIGKILL)
        is_complete(folder)

    assert killed > 3
    assert duration(args) > 0
    assert is_complete(folder)
    assert not [name for name in os.listdir(tmp_path) if name.startswith(".")]  # noqa: PTH208


def test_full_disk_keeps_the_old_file(tmp_path: Path) -> None:
    small = tmp_path / "small.jsonl"
    small.write_bytes(OLD[: OLD.index(b"\n", 40_000) + 1])
    script = 'cp "$1" batch.jsonl; batchlint fix batch.jsonl; echo $?; cmp "$1" batch.jsonl; ls -A'
    result = on_small_disk(script, str(small), cwd=tmp_path)

    assert result.stdout == "2\nbatch.jsonl\n"
    assert result.stderr == f"batchlint: batch.jsonl: cannot write: {FULL}\n"


def test_full_disk_keeps_a_hard_linked_file(tmp_path: Path) -> None:
    """Such a file is overwritten, so the room for the new content is reserved first."""
    small = tmp_path / "small.jsonl"
    small.write_bytes(OLD[: OLD.index(b"\n", 25_000) + 1])
    script = (
        'cp "$1" batch.jsonl; ln batch.jsonl more; batchlint fix batch.jsonl; echo $?; '
        'cmp "$1" batch.jsonl; ls -A'
    )
    result = on_small_disk(script, str(small), cwd=tmp_path)

    assert result.stdout == "2\nbatch.jsonl\nmore\n"
    assert result.stderr == f"batchlint: batch.jsonl: cannot write: {FULL}\n"


def test_full_disk_leaves_no_parts(tmp_path: Path) -> None:
    path = tmp_path / "batch.jsonl"
    path.write_bytes(NEW)
    script = 'batchlint split "$1" --output-dir parts; echo $?; ls -A'
    result = on_small_disk(script, str(path), cwd=tmp_path)

    assert result.stdout == "2\n"
    assert result.stderr == f"batchlint: parts: cannot write the parts: {FULL}\n"
