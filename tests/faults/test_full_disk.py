"""Reports on a full file system."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli.samples import MANY_ERRORS
from faults.machine import posix, run_on_small_disk

pytestmark = [pytest.mark.faults, posix]

FULL = "No space left on device"


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("format_name", ["text", "json", "jsonl", "sarif"])
def test_truncated_output_is_reported(format_name: str, unbuffered: str, tmp_path: Path) -> None:
    script = 'export PYTHONUNBUFFERED="$1"; shift; batchlint "$@" > out; echo $?'
    args = ["check", f"--format={format_name}", "--keep=0", "--max-errors=0", MANY_ERRORS]
    result = run_on_small_disk(script, unbuffered, *args, cwd=tmp_path)

    assert result.stdout == "2\n"
    assert result.stderr == f"batchlint: cannot write to standard output: {FULL}\n"


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("args", [["--help"], ["--version"], ["rule"], ["schema", "/v1/responses"]])
def test_truncated_output_of_other_commands_is_reported(
    args: list[str], unbuffered: str, tmp_path: Path
) -> None:
    script = (
        'export PYTHONUNBUFFERED="$1"; shift; head -c 65536 /dev/zero > fill; batchlint "$@" > out;'
        "echo $?"
    )
    result = run_on_small_disk(script, unbuffered, *args, cwd=tmp_path)

    assert result.stdout == "2\n"
    assert FULL in result.stderr


@pytest.mark.parametrize("links", [1, 2])
def test_full_disk_keeps_the_old_output_file(links: int, tmp_path: Path) -> None:
    script = 'echo old > out; [ "$1" = 1 ] || ln out more; shift; batchlint "$@"; echo $?; cat out; ls -A'
    args = ["check", "--format=json", "--keep=0", "--output-file=out", MANY_ERRORS]
    result = run_on_small_disk(script, str(links), *args, cwd=tmp_path)

    assert result.stdout == "2\nold\nout\n" if links == 1 else "2\nold\nmore\nout\n"
    assert result.stderr == f"batchlint: out: cannot write: {FULL}\n"


def test_full_disk_keeps_a_hard_linked_output_file_that_would_fit_once(tmp_path: Path) -> None:
    """The report goes to a temporary file first, and the disk is too small for both."""
    script = 'echo old > out; ln out more; batchlint "$@"; echo $?; cat out; ls -A'
    args = ["check", "--format=text", "--max-errors=200", "--output-file=out", MANY_ERRORS]
    result = run_on_small_disk(script, *args, cwd=tmp_path)

    assert result.stdout == "2\nold\nmore\nout\n"
    assert result.stderr == f"batchlint: out: cannot write: {FULL}\n"


def test_full_disk_for_standard_error_does_not_lose_the_report(tmp_path: Path) -> None:
    script = 'head -c 65536 /dev/zero > fill; batchlint "$@" 2> err; echo $?'
    result = run_on_small_disk(
        script, "check", "--progress", "--format=batch", MANY_ERRORS, cwd=tmp_path
    )

    assert result.stdout.startswith("{")
    assert result.stdout.endswith("\n1\n")
