"""`forks.py`: calls in processes of our own."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator
from itertools import islice
from typing import NoReturn

import pytest

from batchlint.forks import DIED, forked

pytestmark = [pytest.mark.skipif(sys.platform == "win32", reason="there is no fork"), pytest.mark.usefixtures("forked_pids")]


def slept(seconds: float, number: int) -> tuple[int, int]:
    time.sleep(seconds)
    return number, os.getpid()


def broken(number: int) -> NoReturn:
    raise ConnectionResetError(f"call {number}")


@pytest.fixture
def forked_pids(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """The processes that are forked in a test, which must all be gone when it ends."""
    pids: list[int] = []
    fork = os.fork

    def noted() -> int:
        pids.append(fork())
        return pids[-1]

    monkeypatch.setattr("os.fork", noted)
    yield pids
    assert pids
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_results_come_in_order_from_all_workers() -> None:
    calls = [(slept, (0.1 if number == 0 else 0.01, number)) for number in range(20)]
    made = list(forked(calls, 3))

    assert [number for number, _ in made] == list(range(20))
    assert os.getpid() not in {pid for _, pid in made}
    assert len({pid for _, pid in made}) > 1


@pytest.mark.parametrize("count", [1, 5])
def test_there_may_be_fewer_calls_than_workers(count: int) -> None:
    assert list(forked([], count)) == []
    assert [number for number, _ in forked([(slept, (0, 7))], count)] == [7]


def test_a_large_result_arrives_whole() -> None:
    assert list(map(len, forked([(bytes, (size,)) for size in (0, 1, 70_000, 5_000_000)], 2))) == [0, 1, 70_000, 5_000_000]


def test_an_exception_of_a_call_is_raised_and_the_others_end() -> None:
    started = time.monotonic()
    with pytest.raises(ConnectionResetError, match="call 3"):
        list(forked([(broken, (3,)), (slept, (30, 1))], 2))

    assert time.monotonic() - started < 20


@pytest.mark.parametrize("end", [(os._exit, (3,)), (os._exit, (0,)), (signal.raise_signal, (signal.SIGKILL,))])
def test_a_worker_that_dies_is_an_error_with_a_remedy(end: object) -> None:
    with pytest.raises(OSError, match="--jobs 1") as caught:
        list(forked([(slept, (0, 0)), end, (slept, (0, 2))], 1))  # type: ignore[list-item]

    assert str(caught.value) == DIED


def test_who_stops_asking_leaves_no_process_behind() -> None:
    results = forked([(slept, (0 if number < 2 else 30, number)) for number in range(6)], 2)
    assert [number for number, _ in islice(results, 2)] == [0, 1]
    results.close()
