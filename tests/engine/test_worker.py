"""Worker processes. Each test starts a process, because signal handlers change."""

from __future__ import annotations

import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals work differently")

INSPECT = """
import gc, signal
print(signal.getsignal(signal.SIGINT) == signal.SIG_IGN)
print(signal.getsignal(signal.SIGTERM) == signal.SIG_DFL)
print(gc.isenabled())
"""


def run_python(code: str) -> list[str]:
    """Run code in a new interpreter, and return the lines that it prints."""
    completed = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    return completed.stdout.split()


def test_unprepared_process_handles_ctrl_c_and_collects_garbage() -> None:
    """This test shows that the next one can fail."""
    restore = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"

    assert run_python(restore + INSPECT) == ["False", "True", "True"]


@pytest.mark.parametrize("function", ["init_worker", "init_pool_worker"])
def test_worker_ignores_ctrl_c_and_dies_on_sigterm_and_collects_no_garbage(function: str) -> None:
    prepare = f"""
import signal
from batchlint.engine.worker import {function}
signal.signal(signal.SIGTERM, lambda *_: None)
{function}()
"""
    assert run_python(prepare + INSPECT) == ["True", "True", "False"]


def test_worker_dies_on_sighup_and_leaves_ignored_signals_ignored() -> None:
    code = """
import signal
from batchlint.engine.worker import init_worker
signal.signal(signal.SIGHUP, lambda *_: None)
signal.signal(signal.SIGTERM, signal.SIG_IGN)
init_worker()
print(signal.getsignal(signal.SIGHUP) == signal.SIG_DFL)
print(signal.getsignal(signal.SIGTERM) == signal.SIG_IGN)
"""
    assert run_python(code) == ["True", "True"]


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_pool_worker_ends_after_its_parent_was_killed() -> None:
    """The parent prints the process ID of its worker and is killed. The worker would wait a minute."""
    parent = """
import os, signal, time
from batchlint.engine.parallel import worker_processes
with worker_processes(1, "spawn") as pool:
    print(pool.submit(os.getpid).result(), flush=True)
    pool.submit(time.sleep, 60)
    os.kill(os.getpid(), signal.SIGKILL)
"""
    check_exit = """
import os, sys, time
pid = int(sys.argv[1])
for _ in range(200):
    try:
        state = open(f"/proc/{pid}/stat").read().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        break
    if state == "Z":
        break
    time.sleep(0.05)
else:
    raise SystemExit("the child is alive")
"""
    killed = subprocess.run(
        [sys.executable, "-c", parent], stdout=subprocess.PIPE, timeout=60, check=False
    )
    pid = killed.stdout.decode().strip()
    assert pid

    subprocess.run([sys.executable, "-c", check_exit, pid], check=True, timeout=60)
