"""The program as a whole: exit statuses and signals."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from batchlint import __version__
from cli.process import posix, start_command, wait_for
from cli.samples import BAD, GOOD, WARNINGS
from support import line, run_command


@pytest.mark.parametrize(
    ("args", "status"),
    [
        (["check", GOOD], 0),
        (["check", GOOD, GOOD], 0),
        (["check", BAD], 1),
        (["check", GOOD, BAD], 1),
        (["check", BAD, GOOD], 1),
        (["check", WARNINGS], 0),
        (["check", "--strict", WARNINGS], 1),
        (["check", "--strict", GOOD], 0),
        (["check", "missing.jsonl"], 2),
        (["check", GOOD, "missing.jsonl"], 2),
        (["check", "missing.jsonl", BAD], 2),
        (["check"], 2),
        (["check", "--bogus", GOOD], 2),
        (["check", "--format=xml", GOOD], 2),
        (["check", "--jobs=-1", GOOD], 2),
        (["check", "--max-errors=x", GOOD], 2),
        (["check", "--select=nope", GOOD], 2),
        (["check", "--metadata=novalue", GOOD], 2),
        (["bogus"], 2),
        (["rule", "nope"], 2),
        (["schema", "/v1/nope"], 2),
        (["--help"], 0),
        (["--version"], 0),
        (["check", "--help"], 0),
        (["rule"], 0),
        (["schema"], 0),
    ],
    ids=lambda value: (
        " ".join(Path(arg).name for arg in value) if isinstance(value, list) else str(value)
    ),
)
def test_outcome_determines_the_exit_status_and_the_stream(
    args: list[str], status: int, tmp_path: Path
) -> None:
    result = run_command(*args, cwd=tmp_path)

    assert result.status == status, result
    if status == 2:
        assert result.err.strip()
    else:
        assert result.out.strip()
        assert result.err == ""


def test_version_option_prints_the_package_version() -> None:
    assert run_command("--version").out == f"batchlint {__version__}\n"


# -- signals --------------------------------------------------------------------------------------

SIGNALS = pytest.mark.parametrize(
    ("number", "status", "message"),
    [
        pytest.param(signal.SIGINT, 130, "batchlint: interrupted\n", id="SIGINT"),
        pytest.param(signal.SIGTERM, 143, "", id="SIGTERM"),
    ],
)


def write_until_read(process: subprocess.Popen[bytes]) -> None:
    """Write more data than a pipe can hold, so that the command has begun to read.

    If a signal arrives just before a blocking read, Python handles it only after the read. Callers
    must pause before sending a signal, so that the command is already waiting for data.
    """
    assert process.stdin is not None
    for number in range(40):
        process.stdin.write(line(str(number), input="x" * 100_000))
    process.stdin.flush()


@posix
@SIGNALS
@pytest.mark.parametrize("args", [["-"], ["--jobs=2", "-"], ["--format=json", "-"]], ids=" ".join)
def test_signal_stops_the_command_while_it_reads(
    args: list[str], number: int, status: int, message: str
) -> None:
    with start_command("check", *args, stdin=subprocess.PIPE) as process:
        write_until_read(process)
        time.sleep(0.3)
        process.send_signal(number)

        assert wait_for(process) == (status, message)


def test_interrupt_during_startup_is_reported(tmp_path: Path) -> None:
    code = "import os, signal\nos.kill(os.getpid(), signal.SIGINT)\n"
    (tmp_path / "click.py").write_text(code, "utf-8")
    result = run_command("--version", env={"PYTHONPATH": str(tmp_path)})

    assert result == (130, "", "batchlint: interrupted\n")


@posix
@SIGNALS
@pytest.mark.parametrize(
    "module", ["uuid", "batchlint.schema.validate", "jsonschema_rs", "click.core"]
)
def test_signal_during_an_import_is_handled_after_it(
    module: str, number: signal.Signals, status: int, message: str, tmp_path: Path
) -> None:
    """An interrupted import crashes orjson."""
    code = f"""
import os, sys
class Finder:
    def find_spec(self, name, path=None, target=None):
        if name == {module!r}:
            os.kill(os.getpid(), {int(number)})
sys.meta_path.insert(0, Finder())
"""
    (tmp_path / "sitecustomize.py").write_text(code, "utf-8")
    env = {
        "PYTHONPATH": str(tmp_path),
        "COVERAGE_PROCESS_CONFIG": "",
    }  # Coverage imports uuid earlier.
    result = run_command("check", GOOD, env=env)

    assert result == (status, "", message)


@posix
def test_signals_after_the_first_are_ignored() -> None:
    with start_command("check", "-", stdin=subprocess.PIPE) as process:
        write_until_read(process)
        time.sleep(0.3)
        for _ in range(3):
            process.send_signal(signal.SIGTERM)
            process.send_signal(signal.SIGINT)

        # If two signals arrive together, either may be handled first.
        assert wait_for(process) in [(143, ""), (130, "batchlint: interrupted\n")]


@posix
@pytest.mark.parametrize("pause", [0.0, 0.1, 0.2])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signal_stops_workers_while_standard_input_is_checked(
    number: signal.Signals, pause: float, tmp_path: Path
) -> None:
    path = tmp_path / "batch.jsonl"
    path.write_bytes(b"".join(line(str(i), input="x" * 20_000) for i in range(800)))
    with (
        path.open("rb") as file,
        start_command("check", "-j2", "-", stdin=file.fileno()) as process,
    ):
        # The command shares the file offset, which changes once it begins to read.
        while not os.lseek(file.fileno(), 0, os.SEEK_CUR) and process.poll() is None:
            time.sleep(0.01)
        time.sleep(pause)
        process.send_signal(number)
        status, err = wait_for(process)

    assert status in (128 + number, 0)  # The command may have finished already.
    assert "Traceback" not in err
