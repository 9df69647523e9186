"""`ForkExecutor`: results, errors, and clean-up of processes."""

from __future__ import annotations

import errno
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any, NoReturn

import pytest

if sys.platform == "win32":
    pytest.skip("this system has no fork", allow_module_level=True)

import posix
import resource

from batchlint.engine.forks import ForkExecutor
from batchlint.engine.worker import WORKER_DIED

#: The original `os._exit`. Coverage replaces it with a function that can't be pickled.
EXIT = posix._exit


def sleep(seconds: float, number: int) -> tuple[int, int]:
    time.sleep(seconds)
    return number, os.getpid()


def raise_error(number: int) -> NoReturn:
    raise ConnectionResetError(f"call {number}")


def run_calls(workers: int, *calls: tuple[Any, ...]) -> list[Any]:
    """Run calls, given as tuples of a function and its arguments, and return the results."""
    with ForkExecutor(workers) as executor:
        pending = [executor.submit(function, *args) for function, *args in calls]
        return [call.result() for call in pending]


def signal_state() -> dict[str, Any]:
    """Return the signal mask and handlers of the current process."""
    return {
        "mask": signal.pthread_sigmask(signal.SIG_BLOCK, ()),
        "SIGINT": signal.getsignal(signal.SIGINT),
        "SIGTERM": signal.getsignal(signal.SIGTERM),
    }


def open_descriptors() -> set[int]:
    """Return the open file descriptors of this process, up to 63."""
    found = set()
    for descriptor in range(64):
        try:
            os.fstat(descriptor)
        except OSError:
            continue
        found.add(descriptor)
    return found


@pytest.fixture
def pids(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Record the IDs of the processes that a test forks."""
    forked: list[int] = []
    fork = os.fork

    def recording_fork() -> int:
        pid = fork()
        forked.append(pid)
        return pid

    monkeypatch.setattr("os.fork", recording_fork)
    return forked


@pytest.fixture(autouse=True)
def _no_process_is_left(pids: list[int]) -> Iterator[None]:
    """Verify that a test leaves no forked process and no open pipe."""
    before = open_descriptors()
    yield
    assert pids
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
    assert open_descriptors() == before


# -- results --------------------------------------------------------------------------------------


def test_calls_have_separate_results_and_run_in_several_workers() -> None:
    with ForkExecutor(3) as executor:
        calls = [
            executor.submit(sleep, 0.1 if not number else 0.01, number) for number in range(20)
        ]
        results = [call.result() for call in calls]

    assert [number for number, _ in results] == list(range(20))
    workers = {pid for _, pid in results}
    assert os.getpid() not in workers
    assert len(workers) > 1


def test_results_can_be_read_in_any_order() -> None:
    with ForkExecutor(2) as executor:
        calls = [executor.submit(sleep, 0, number) for number in range(6)]

        assert [call.result()[0] for call in reversed(calls)] == [5, 4, 3, 2, 1, 0]
        assert calls[3].result()[0] == 3


def test_call_starts_while_an_earlier_result_is_pending() -> None:
    with ForkExecutor(2) as executor:
        slow = executor.submit(sleep, 0.3, 0)
        quick = executor.submit(sleep, 0, 1)
        quick.result()

        assert quick.done
        assert not slow.done


@pytest.mark.parametrize("workers", [1, 5])
def test_executor_accepts_fewer_calls_than_workers(workers: int) -> None:
    with ForkExecutor(workers):
        pass
    with ForkExecutor(workers) as executor:
        assert executor.submit(sleep, 0, 7).result()[0] == 7


def test_large_arguments_and_results_arrive_whole() -> None:
    """A pipe holds 64 KiB, so neither side can write everything before the other reads."""
    sizes = [0, 1, 70_000, 5_000_000]
    with ForkExecutor(2) as executor:
        results = [executor.submit(bytes, size) for size in sizes]
        arguments = [executor.submit(len, b"x" * size) for size in sizes]

        assert [len(call.result()) for call in results] == sizes
        assert [call.result() for call in arguments] == sizes


# -- errors ---------------------------------------------------------------------------------------


def test_exception_in_a_call_is_raised_and_ends_the_other_workers() -> None:
    started = time.monotonic()
    with pytest.raises(ConnectionResetError, match="call 3"):
        run_calls(2, (raise_error, 3), (sleep, 30, 1))

    assert time.monotonic() - started < 20


def test_worker_stays_usable_after_an_exception() -> None:
    with ForkExecutor(1) as executor:
        failing = executor.submit(raise_error, 3)
        following = executor.submit(sleep, 0, 4)

        with pytest.raises(ConnectionResetError, match="call 3"):
            failing.result()
        assert following.result()[0] == 4


@pytest.mark.parametrize(
    ("function", "argument"),
    [
        pytest.param(EXIT, 3, id="exits with an error"),
        pytest.param(EXIT, 0, id="exits without an error"),
        pytest.param(signal.raise_signal, signal.SIGKILL, id="is killed"),
    ],
)
def test_worker_that_dies_raises_an_os_error(
    function: Callable[[int], object], argument: int
) -> None:
    with pytest.raises(OSError, match="--jobs 1") as caught:
        run_calls(1, (sleep, 0, 0), (function, argument), (sleep, 0, 2))

    assert str(caught.value) == WORKER_DIED


def test_worker_that_died_while_idle_raises_an_os_error(pids: list[int]) -> None:
    with ForkExecutor(1) as executor:
        executor.submit(sleep, 0, 0).result()
        os.kill(pids[0], signal.SIGKILL)
        os.waitid(os.P_PID, pids[0], os.WEXITED | os.WNOWAIT)

        with pytest.raises(OSError, match="--jobs 1"):
            executor.submit(sleep, 0, 1)


def test_pool_stays_unusable_after_a_worker_died(pids: list[int]) -> None:
    with ForkExecutor(1) as executor:
        call = executor.submit(sleep, 30, 0)
        later = executor.submit(sleep, 0, 0)
        os.kill(pids[0], signal.SIGKILL)
        for _ in range(2):
            for waiting in (call, later):
                with pytest.raises(OSError, match="--jobs 1"):
                    waiting.result()


def test_leaving_the_context_ends_the_workers_at_once() -> None:
    started = time.monotonic()
    with ForkExecutor(2) as executor:
        calls = [executor.submit(sleep, 0 if number < 2 else 30, number) for number in range(6)]

        assert [call.result()[0] for call in calls[:2]] == [0, 1]
    assert time.monotonic() - started < 20


# -- signals --------------------------------------------------------------------------------------


def test_workers_ignore_ctrl_c_and_die_on_sigterm() -> None:
    with ForkExecutor(1) as executor:
        state = executor.submit(signal_state).result()

    assert state["SIGINT"] == signal.SIG_IGN
    assert state["SIGTERM"] == signal.SIG_DFL


def test_signal_mask_of_parent_and_workers_is_unchanged() -> None:
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    with ForkExecutor(1) as executor:
        assert signal.pthread_sigmask(signal.SIG_BLOCK, ()) == before
        assert executor.submit(signal_state).result()["mask"] == before


def test_ignored_sigchld_is_harmless() -> None:
    """Children inherit an ignored SIGCHLD. The system then reaps processes by itself."""
    before = signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    try:
        with ForkExecutor(2) as executor:
            assert executor.submit(sleep, 0, 7).result()[0] == 7
    finally:
        signal.signal(signal.SIGCHLD, before)


# -- limits of the system -------------------------------------------------------------------------


@pytest.mark.parametrize("successful", [0, 1])
def test_failed_fork_restores_the_signal_mask_and_ends_the_workers(
    successful: int, pids: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    fork = os.fork
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ())

    def failing_fork() -> int:
        if len(pids) >= successful:
            pids.append(2**22 + 1)  # No process has this ID.
            raise BlockingIOError(errno.EAGAIN, "no more processes")
        return fork()

    monkeypatch.setattr("os.fork", failing_fork)

    with pytest.raises(BlockingIOError, match="no more processes"), ForkExecutor(3):
        pass
    assert signal.pthread_sigmask(signal.SIG_BLOCK, ()) == before


def test_executor_works_with_more_than_1024_open_files() -> None:
    """Such file descriptors are too large for `select`."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    file_count = 1100
    if hard != resource.RLIM_INFINITY and hard < file_count + 50:
        pytest.skip("this system does not allow so many open files")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, file_count + 50), hard))
    null = os.open(os.devnull, os.O_RDONLY)
    copies = [os.dup(null) for _ in range(file_count)]
    try:
        with ForkExecutor(2) as executor:
            calls = [executor.submit(sleep, 0, number) for number in range(4)]

            assert [call.result()[0] for call in calls] == [0, 1, 2, 3]
            assert all(worker.results > 1024 for worker in executor._workers)
    finally:
        for descriptor in (null, *copies):
            os.close(descriptor)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
