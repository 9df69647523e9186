"""Readers of standard output and standard error that exit early."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from cli.samples import BAD, GOOD
from faults.machine import posix
from support import line

pytestmark = [pytest.mark.faults, posix]


@pytest.fixture
def large(tmp_path: Path) -> str:
    """A file of 30 MB with an error in its last line."""
    path = tmp_path / "batch.jsonl"
    with path.open("wb") as file:
        for number in range(300):
            file.write(line(str(number), input="x" * 100_000))
        file.write(line("last", bogus=1))
    return str(path)


def run_with_broken_pipe(stream: str, *args: str, env: dict[str, str]) -> tuple[int, bytes]:
    """Run the command with one broken stream.

    Returns:
        The exit status, and the contents of the other stream.
    """
    read, write = os.pipe()
    os.close(read)
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | {stream: write}
    completed = subprocess.run(
        [sys.executable, "-m", "batchlint", *args],
        env=os.environ | env,
        check=False,
        timeout=60,
        **streams,  # type: ignore[call-overload]
    )
    os.close(write)
    return completed.returncode, completed.stdout or completed.stderr or b""


ENVIRONMENTS = pytest.mark.parametrize("env", [{}, {"PYTHONUNBUFFERED": "1"}], ids=str)


@ENVIRONMENTS
@pytest.mark.parametrize("args", [["--jobs=1"], ["--jobs=2"], ["--progress"]], ids=" ".join)
def test_progress_bar_on_a_broken_pipe_does_not_lose_the_report(
    args: list[str], env: dict[str, str], large: str
) -> None:
    status, out = run_with_broken_pipe("stderr", "check", "--progress", *args, large, env=env)

    assert status == 1
    assert b"unknown_parameter body.bogus" in out


@ENVIRONMENTS
def test_broken_standard_error_does_not_change_the_exit_status(env: dict[str, str]) -> None:
    for args in (["missing", BAD], ["--bogus"], ["--select=nope", GOOD]):
        assert run_with_broken_pipe("stderr", "check", *args, env=env)[0] == 2


@ENVIRONMENTS
@pytest.mark.parametrize("jobs", ["1", "2"])
def test_broken_standard_output_does_not_change_the_exit_status(
    jobs: str, env: dict[str, str], large: str
) -> None:
    result = run_with_broken_pipe("stdout", "check", "--jobs", jobs, GOOD, large, env=env)

    assert result == (1, b"")
    assert run_with_broken_pipe("stdout", "check", GOOD, GOOD, env=env) == (0, b"")


def test_closed_standard_streams_do_not_change_the_exit_status(large: str) -> None:
    script = '"$0" -m batchlint check --progress -j2 "$1" <&- >&- 2>&-'
    completed = subprocess.run(["/bin/sh", "-c", script, sys.executable, large], check=False)

    assert completed.returncode == 1
