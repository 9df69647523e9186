"""Signals at random times: the exit status is correct, and no incomplete file remains."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cli.samples import MANY_ERRORS
from faults.machine import posix
from support import line

pytestmark = [pytest.mark.faults, posix]

if sys.platform == "win32":
    pytest.skip("needs POSIX signals", allow_module_level=True)

#: Number of runs for each signal.
RUNS = 12


def start(*args: str, cwd: Path, stdin: int = subprocess.DEVNULL) -> subprocess.Popen[bytes]:
    """Start the command in a separate process group."""
    return subprocess.Popen(
        [sys.executable, "-m", "batchlint", "check", *args],
        cwd=cwd,
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )


@pytest.mark.parametrize("jobs", ["1", "2"])
@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_signal_leaves_the_old_report_or_the_complete_new_one(
    number: signal.Signals, jobs: str, tmp_path: Path
) -> None:
    """SIGKILL may also leave a temporary file, because no process can handle it."""
    (tmp_path / "batch.jsonl").write_bytes(Path(MANY_ERRORS).read_bytes() * 2)
    args = ["--format=json", "--keep=0", "--jobs", jobs, "--output-file=report", "batch.jsonl"]
    report = tmp_path / "report"
    started = time.monotonic()
    with start(*args, cwd=tmp_path) as process:
        process.communicate(timeout=60)
    duration = time.monotonic() - started
    new = report.read_text("utf-8")
    delays = random.Random(int(number))
    for _ in range(RUNS):
        report.write_text("old", "utf-8")
        with start(*args, cwd=tmp_path) as process:
            time.sleep(delays.uniform(0.0, duration))
            process.send_signal(number)
            out, err = process.communicate(timeout=60)

        # Before batchlint installs its handlers, a signal kills Python.
        statuses = {1, -number} if number == signal.SIGKILL else {1, 128 + number, -number}
        assert process.returncode in statuses, err
        assert out == b""
        assert b"internal error" not in err
        # If SIGINT arrives while Python starts, before batchlint runs, Python may exit with 1.
        too_early = b"KeyboardInterrupt" in err
        finished = process.returncode == 1 and not too_early
        # The signal may also arrive after the report has been written.
        assert report.read_text("utf-8") in ((new,) if finished else ("old", new)), err
        remaining = sorted(entry.name for entry in tmp_path.iterdir())
        if number == signal.SIGKILL:
            remaining = [name for name in remaining if not name.endswith(".part")]
        assert remaining == ["batch.jsonl", "report"]


@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGHUP, 129), (signal.SIGTERM, 143), (signal.SIGINT, 130)]
)
def test_signal_stops_a_command_that_waits_for_input(
    number: signal.Signals, status: int, tmp_path: Path
) -> None:
    """The signals arrive at different times between two reads from an open pipe."""
    for attempt in range(8):
        with start("--output-file=report", "-", cwd=tmp_path, stdin=subprocess.PIPE) as process:
            assert process.stdin is not None
            for count in range(40):
                process.stdin.write(line(str(count), input="x" * 100_000))
            process.stdin.flush()
            time.sleep(attempt / 2000)
            process.send_signal(number)
            try:
                assert process.wait(timeout=20) == status
            finally:
                process.kill()
        assert list(tmp_path.iterdir()) == []


def test_signals_ignored_by_the_parent_stay_ignored_in_workers(tmp_path: Path) -> None:
    """Under `nohup`, the command and its workers keep running when the terminal closes."""
    with (tmp_path / "batch.jsonl").open("wb") as file:
        for count in range(400):
            file.write(line(str(count), input="x" * 100_000))
    script = 'trap "" HUP TERM; echo; exec "$0" -m batchlint check -j2 batch.jsonl'
    with subprocess.Popen(
        ["/bin/sh", "-c", script, sys.executable],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()  # The shell now ignores the signals.
        while process.poll() is None:
            os.killpg(process.pid, signal.SIGHUP)
            os.killpg(process.pid, signal.SIGTERM)
            time.sleep(0.02)
        _, err = process.communicate(timeout=60)

    assert (process.returncode, err) == (0, b"")


@pytest.mark.parametrize("format_name", ["text", "json", "sarif"])
def test_worker_death_keeps_the_old_report(format_name: str, tmp_path: Path) -> None:
    with (tmp_path / "batch.jsonl").open("wb") as file:
        for count in range(400):
            file.write(line(str(count), input="x" * 100_000))
    (tmp_path / "report").write_text("old", "utf-8")
    code = """
import os, signal, batchlint.engine.forks as forks
os_fork = os.fork
def fork():
    pid = os_fork()
    if pid:
        os.kill(pid, signal.SIGKILL)
    return pid
os.fork = fork
import sys
sys.argv = ["batchlint", *sys.argv[1:]]
from batchlint.__main__ import run
run()
"""
    completed = subprocess.run(
        [
            *(sys.executable, "-c", code, "check", "-j2", f"--format={format_name}"),
            *("--output-file=report", "batch.jsonl"),
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    if sys.platform != "linux":
        pytest.skip("needs forked workers, which only Linux has")

    assert completed.returncode == 2
    assert "a worker process died" in completed.stderr
    assert (tmp_path / "report").read_text("utf-8") == "old"
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["batch.jsonl", "report"]


def test_signal_that_arrives_in_a_finalizer_stops_the_command(tmp_path: Path) -> None:
    code = """
import signal, sys
import batchlint.sources as sources
class Finalized:
    def __del__(self):
        signal.raise_signal(signal.SIGTERM)
read = sources.StreamSource._read
def read_after_signal(*args):
    Finalized()
    return read(*args)
sources.StreamSource._read = read_after_signal
sys.argv = ["batchlint", "check", "-"]
from batchlint.__main__ import run
run()
"""
    with subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        try:
            process.wait(timeout=20)
        finally:
            process.kill()
        assert process.stderr is not None
        assert (process.returncode, process.stderr.read()) == (143, b"")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signal_stops_the_server_at_any_time(number: signal.Signals) -> None:
    for attempt in range(8):
        with subprocess.Popen(
            [sys.executable, "-m", "batchlint", "serve", "--port=0"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        ) as process:
            time.sleep(0.1 + attempt / 10)
            process.send_signal(number)
            try:
                _, err = process.communicate(timeout=20)
            finally:
                process.kill()
        assert process.returncode in {128 + number, -number}, err
        assert b"Traceback" not in err or b"KeyboardInterrupt" in err
