"""Standard streams that are closed, full, non-blocking or limited to a small character set."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from cli.process import posix, start_command, wait_for
from cli.samples import BAD, GOOD, MANY_ERRORS
from support import line, run_command

FULL = Path("/dev/full")
needs_full_device = pytest.mark.skipif(not FULL.exists(), reason="needs /dev/full")


@pytest.mark.parametrize(
    "env",
    [
        pytest.param({"PYTHONIOENCODING": "ascii"}, id="ascii"),
        pytest.param({"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}, id="C locale"),
        pytest.param({"PYTHONIOENCODING": "latin-1:strict"}, id="latin-1"),
    ],
)
@pytest.mark.parametrize("format_name", ["text", "json", "jsonl"])
def test_characters_outside_the_output_encoding_cause_no_failure(
    env: dict[str, str], format_name: str, tmp_path: Path
) -> None:
    path = tmp_path / "größe.jsonl"
    unknown: dict[str, Any] = {"größe \U0001f600": 1}
    path.write_bytes(line("你好", **unknown) + line("b", encoding_format="größe 你"))
    result = run_command(
        "check", f"--format={format_name}", str(path), "größe/missing.jsonl", env=env
    )

    assert result.status == 2
    assert "unknown_parameter" in result.out
    assert "missing.jsonl: No such file or directory" in result.err
    assert run_command("rule", "unknown_parameter", env=env).status == 0
    assert run_command("rule", "größe", env=env).status == 2


# -- readers that exit ----------------------------------------------------------------------------


@posix
@pytest.mark.parametrize(
    "args",
    [
        ["check", "--format=jsonl", MANY_ERRORS],
        ["check", "--max-errors=0", MANY_ERRORS],
        ["check", "--format=json", MANY_ERRORS, GOOD],
        ["rule"],
        ["rule", "invalid_type"],
        ["schema", "/v1/responses"],
        ["schema"],
        ["--help"],
    ],
    ids=lambda args: " ".join(args[:2]),
)
@pytest.mark.parametrize("lines", [0, 1], ids=["at once", "after a line"])
def test_command_exits_without_a_message_if_its_reader_exits(args: list[str], lines: int) -> None:
    with start_command(*args) as process:
        assert process.stdout is not None
        for _ in range(lines):
            assert process.stdout.readline()
        process.stdout.close()
        status, err = wait_for(process)

    assert err == ""
    assert status == (args[0] == "check")


@posix
@pytest.mark.parametrize("format_name", ["text", "json", "jsonl", "github"])
def test_remaining_files_are_checked_after_the_reader_exits(
    format_name: str, tmp_path: Path
) -> None:
    """The exit status depends on the last file, whose output is not read."""
    good = tmp_path / "good.jsonl"
    good.write_bytes(line())
    files = [str(good)] * 50
    for last, expected in ((BAD, 1), (GOOD, 0), ("missing", 2)):
        with start_command("check", f"--format={format_name}", *files, last) as process:
            assert process.stdout is not None
            process.stdout.close()
            status, err = wait_for(process)

        assert status == expected
        assert err.count("\n") == (expected == 2)


@posix
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_cut_file_of_fix_exits_with_status_2_but_a_cut_diff_does_not(
    unbuffered: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONUNBUFFERED", unbuffered)
    path = tmp_path / "in.jsonl"
    path.write_bytes(line().replace(b"POST", b"post") * 3000)
    for options, expected, message in (
        (["--output-file=-"], 2, "batchlint: cannot write to standard output: its reader exited"),
        (["--diff"], 1, f"{path}: 3,000 problems would be fixed"),
    ):
        args = ["fix", "--ignore=duplicate_custom_id", str(path), *options]
        with start_command(*args) as process:
            assert process.stdout is not None
            process.stdout.close()
            status, err = wait_for(process)

        assert status == expected
        assert err.startswith(message)


# -- slow readers ---------------------------------------------------------------------------------


def wait_until_full(pipe: int) -> None:
    """Wait until a pipe is full and the writer has tried again."""
    import fcntl
    import termios

    deadline = time.monotonic() + 20
    waiting = b""
    while time.monotonic() < deadline:
        time.sleep(0.1)
        before, waiting = waiting, fcntl.ioctl(pipe, termios.FIONREAD, bytes(4))
        if waiting == before != bytes(4):
            return
    pytest.fail("the pipe did not become full")


@posix
@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("format_name", ["text", "json", "jsonl"])
def test_non_blocking_standard_output_receives_all_output(
    format_name: str, unbuffered: str
) -> None:
    args = [
        sys.executable,
        "-m",
        "batchlint",
        "check",
        f"--format={format_name}",
        "--max-errors=0",
        MANY_ERRORS,
    ]
    expected = subprocess.run(args, capture_output=True, check=False).stdout
    assert len(expected) > 3 * 65536
    read, write = os.pipe()
    os.set_blocking(write, False)
    env = os.environ | {"PYTHONUNBUFFERED": unbuffered}
    with subprocess.Popen(args, stdout=write, stderr=subprocess.PIPE, env=env) as process:
        os.close(write)
        wait_until_full(read)
        with os.fdopen(read, "rb") as file:
            printed = file.read()
        assert wait_for(process) == (1, "")

    assert printed == expected


# -- full disks -----------------------------------------------------------------------------------


@posix
@needs_full_device
@pytest.mark.parametrize(
    "args",
    [
        ["check", GOOD],
        ["check", "--format=json", MANY_ERRORS],
        ["rule"],
        ["schema", "/v1/responses"],
    ],
    ids=lambda args: " ".join(args[:2]),
)
def test_full_standard_output_is_reported(args: list[str]) -> None:
    with FULL.open("wb") as full, start_command(*args, stdout=full.fileno()) as process:
        status, err = wait_for(process)

    assert "Traceback" not in err
    assert status == 2
    assert "No space left on device" in err


@posix
@needs_full_device
@pytest.mark.parametrize(
    ("args", "printed"),
    [(["check", "missing"], 0), (["check", "--nonsense"], 0), (["check", "missing", GOOD], 2)],
    ids=["missing file", "unknown option", "missing and good file"],
)
def test_full_standard_error_does_not_change_the_exit_status(args: list[str], printed: int) -> None:
    with FULL.open("wb") as full, start_command(*args, stderr=full.fileno()) as process:
        out, _ = process.communicate(timeout=60)

    assert process.returncode == 2
    assert len(out.splitlines()) == printed


# -- closed streams -------------------------------------------------------------------------------


@posix
@pytest.mark.parametrize("args", [f"check {GOOD}", "rule", "schema /v1/videos"])
def test_closed_standard_output_is_not_an_error(args: str) -> None:
    completed = subprocess.run(
        f"{sys.executable} -m batchlint {args} >&-",
        shell=True,
        capture_output=True,
        text=True,
        check=False,
    )

    assert completed.stderr == ""
    assert completed.returncode == 0


@posix
def test_closed_standard_output_is_an_error_for_fix() -> None:
    """The fixed file would be lost."""
    completed = subprocess.run(
        ["/bin/sh", "-c", '"$0" -m batchlint fix - <"$1" >&-', sys.executable, GOOD],
        capture_output=True,
        text=True,
        check=False,
    )

    assert completed.returncode == 2
    assert completed.stderr == "batchlint: cannot write to standard output: it is closed\n"


@posix
def test_closed_standard_output_does_not_hide_a_failed_write(tmp_path: Path) -> None:
    script = '"$0" -m batchlint check --output-file=missing/x "$1" >&-'
    completed = subprocess.run(
        ["/bin/sh", "-c", script, sys.executable, GOOD],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )

    assert completed.returncode == 2
    assert completed.stderr == "batchlint: missing/x: cannot write: No such file or directory\n"


@posix
@pytest.mark.parametrize("options", ["", "--format json", "--progress", "-j2", "--bogus"])
def test_closed_standard_error_does_not_change_the_exit_status(options: str) -> None:
    completed = subprocess.run(
        ["/bin/sh", "-c", f'"$0" -m batchlint check {options} "$1" 2>&-', sys.executable, GOOD],
        capture_output=True,
        check=False,
    )
    expected = (2, False) if options == "--bogus" else (0, True)

    assert (completed.returncode, bool(completed.stdout)) == expected


@posix
def test_closed_standard_input_is_reported() -> None:
    completed = subprocess.run(
        ["/bin/sh", "-c", '"$0" -m batchlint check - <&-', sys.executable],
        capture_output=True,
        text=True,
        check=False,
    )

    assert completed.returncode == 2
    assert completed.stderr == "batchlint: <stdin>: standard input is closed\n"


@posix
def test_non_blocking_standard_input_is_read_to_the_end() -> None:
    read, write = os.pipe()
    os.set_blocking(read, False)
    with start_command("check", "--format=jsonl", "-", stdin=read) as process:
        for part in (line("a")[:30], line("a")[30:], b"garbage\n"):
            time.sleep(0.3)
            os.write(write, part)
        os.close(write)
        out, _ = process.communicate(timeout=60)
    os.close(read)

    assert [json.loads(row)["line"] for row in out.splitlines()] == [2]
