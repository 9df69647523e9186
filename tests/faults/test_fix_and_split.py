"""A killed `fix` leaves the old or the new file. A killed `split` leaves no manifest without parts."""

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

from faults.machine import posix, run_on_small_disk
from support import line

pytestmark = [pytest.mark.faults, posix]

CHAT = "/v1/chat/completions"
LINES = 3_000
OLD = b"".join(line(str(n), CHAT).replace(b"POST", b"post") for n in range(LINES))
NEW = b"".join(line(str(n), CHAT) for n in range(LINES))
FULL = "No space left on device"


def run_until_killed(args: list[str], seconds: float, number: int) -> bool:
    """Run the command, and send it a signal after a delay.

    Returns:
        Whether the command was still running when the signal was sent.
    """
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
    delays = random.Random(7)
    killed = 0
    for attempt in range(12):
        if attempt - killed > 4:
            longest /= 2  # The machine was busy when the duration was measured.
        path.write_bytes(OLD)
        killed += run_until_killed(["fix", str(path)], delays.uniform(0, longest), number)
        assert path.read_bytes() in (OLD, NEW)
        remaining = {entry.name for entry in tmp_path.iterdir()} - {"batch.jsonl"}
        if number == signal.SIGTERM:
            assert remaining == set()
        for name in remaining:  # SIGKILL may leave a temporary file.
            assert name.startswith(".batchlint.")
            (tmp_path / name).unlink()

    assert killed > 3


def has_manifest(directory: Path) -> bool:
    """Return whether the manifest exists. If so, assert that all parts match its checksums."""
    manifest = directory / "batch.manifest.json"
    if not manifest.exists():
        return False
    for part in json.loads(manifest.read_bytes())["parts"]:
        content = (directory / part["path"]).read_bytes()
        assert hashlib.sha256(content).hexdigest() == part["sha256"]
    return True


def test_killing_split_never_leaves_a_manifest_without_its_parts(tmp_path: Path) -> None:
    path = tmp_path / "batch.jsonl"
    path.write_bytes(NEW)
    directory = tmp_path / "parts"
    args = ["split", str(path), "--output-dir", str(directory), "--max-requests=10", "--force"]
    longest = 1.1 * duration(args)
    assert has_manifest(directory)
    delays = random.Random(7)
    killed = 0
    for attempt in range(12):
        if attempt - killed > 4:
            longest /= 2  # The machine was busy when the duration was measured.
        path.write_bytes(NEW + line(f"attempt {attempt}", CHAT))  # Each run writes different parts.
        killed += run_until_killed(args, delays.uniform(0, longest), signal.SIGKILL)
        has_manifest(directory)  # Asserts that its parts are complete.

    assert killed > 3
    duration(args)  # A run that isn't killed succeeds and removes what the others left.
    assert has_manifest(directory)
    assert not [name for name in os.listdir(tmp_path) if name.startswith(".")]  # noqa: PTH208


def test_fix_on_a_full_disk_keeps_the_old_file(tmp_path: Path) -> None:
    small = tmp_path / "small.jsonl"
    small.write_bytes(OLD[: OLD.index(b"\n", 40_000) + 1])
    script = 'cp "$1" batch.jsonl; batchlint fix batch.jsonl; echo $?; cmp "$1" batch.jsonl; ls -A'
    result = run_on_small_disk(script, str(small), cwd=tmp_path)

    assert result.stdout == "2\nbatch.jsonl\n"
    assert result.stderr == f"batchlint: batch.jsonl: cannot write: {FULL}\n"


def test_fix_on_a_full_disk_keeps_a_hard_linked_file(tmp_path: Path) -> None:
    """`fix` overwrites such a file in place, so it reserves the space first."""
    small = tmp_path / "small.jsonl"
    small.write_bytes(OLD[: OLD.index(b"\n", 25_000) + 1])
    script = (
        'cp "$1" batch.jsonl; ln batch.jsonl more; batchlint fix batch.jsonl; echo $?; '
        'cmp "$1" batch.jsonl; ls -A'
    )
    result = run_on_small_disk(script, str(small), cwd=tmp_path)

    assert result.stdout == "2\nbatch.jsonl\nmore\n"
    assert result.stderr == f"batchlint: batch.jsonl: cannot write: {FULL}\n"


def test_split_on_a_full_disk_leaves_no_parts(tmp_path: Path) -> None:
    path = tmp_path / "batch.jsonl"
    path.write_bytes(NEW)
    script = 'batchlint split "$1" --output-dir parts; echo $?; ls -A'
    result = run_on_small_disk(script, str(path), cwd=tmp_path)

    assert result.stdout == "2\n"
    assert result.stderr == f"batchlint: parts: cannot write the parts: {FULL}\n"
