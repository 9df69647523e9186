"""`engine/parallel.py`: the number of workers, the calls, their order, and dying workers."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import CancelledError, Executor, Future, ThreadPoolExecutor
from contextlib import suppress
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from typing import Any, cast

import pytest

from batchlint.engine import parallel
from batchlint.engine.check import check
from batchlint.engine.chunk import Plan
from batchlint.engine.columns import check_with_columns
from batchlint.engine.parallel import (
    FileCall,
    InlineExecutor,
    Start,
    as_finished,
    check_range,
    count_workers,
    run,
    threads,
)
from batchlint.engine.worker import WORKER_DIED, LocalPool
from batchlint.many import check_many
from batchlint.rules import select_rules
from batchlint.sources import CHUNK_BYTES, BytesSource, FileSource
from batchlint.summary import merge
from support import NOW, line

PLAN = Plan(select_rules(), now=NOW)
MEBIBYTE = 1 << 20

#: The original `os._exit`. Coverage replaces it with a function that can't be pickled.
EXIT = import_module(os.name)._exit


@pytest.fixture
def lines() -> bytes:
    """Return about 1.1 MB of lines, each with a finding."""
    return b"".join(line(str(number), input="x" * 900, bogus=1) for number in range(1100))


@pytest.fixture
def source(lines: bytes, tmp_path: Path) -> FileSource:
    """Write these lines to a file."""
    path = tmp_path / "batch.jsonl"
    path.write_bytes(lines)
    return FileSource(path)


# -- the number of workers ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("size", "jobs", "start", "expected"),
    [
        pytest.param(100 * MEBIBYTE, 1, "spawn", 1, id="as many as requested"),
        pytest.param(100 * MEBIBYTE, 3, "spawn", 3, id="not more than requested"),
        pytest.param(100 * MEBIBYTE, 0, "spawn", 4, id="0 means one per core"),
        pytest.param(100 * MEBIBYTE, 50, "spawn", 50, id="more than the cores"),
        pytest.param(3 * MEBIBYTE, 50, "spawn", 3, id="at most one per MiB"),
        pytest.param(3 * MEBIBYTE + 1, 50, "spawn", 4, id="one for the remainder"),
        pytest.param(0, 50, "spawn", 1, id="one for an empty file"),
        pytest.param(63_999_999, None, "spawn", 1, id="small file, spawn"),
        pytest.param(64_000_000, None, "spawn", 4, id="large file, spawn"),
        pytest.param(7_999_999, None, "fork", 1, id="small file, fork"),
        pytest.param(8_000_000, None, "fork", 4, id="large file, fork"),
        pytest.param(None, None, "fork", 1, id="stream"),
        pytest.param(None, 0, "fork", 4, id="stream, one per core"),
        pytest.param(None, 50, "fork", 16, id="stream, at most four per core"),
    ],
)
def test_count_workers(
    size: int | None,
    jobs: int | None,
    start: Start,
    expected: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda _: {0, 1, 2, 3}, raising=False)
    source = BytesSource(b"")
    source.size = size

    assert count_workers(source, jobs, start) == expected


def test_count_workers_uses_cpu_count_if_the_affinity_is_unknown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delattr("os.sched_getaffinity", raising=False)
    monkeypatch.setattr("os.cpu_count", lambda: 3)
    assert count_workers(BytesSource(b""), 0) == 3

    monkeypatch.setattr("os.cpu_count", lambda: None)
    assert count_workers(BytesSource(b""), 0) == 1


# -- chunks and ranges ----------------------------------------------------------------------------


def test_run_in_one_process_yields_one_summary_per_chunk(source: FileSource, lines: bytes) -> None:
    summaries = list(run(source, PLAN))

    assert len(summaries) == len(list(source.chunks())) > 3
    assert all(summary.bytes <= CHUNK_BYTES + 2000 for summary in summaries)
    assert merge(summaries).findings == check_with_columns(lines, PLAN).findings


def test_only_the_first_chunk_begins_the_file() -> None:
    """A byte order mark is allowed only at the beginning of the file."""
    mark = b"\xef\xbb\xbf"
    data = mark + b" " * CHUNK_BYTES + b"\n" + mark + b"\n"
    rules = [error.rule for part in run(BytesSource(data), PLAN) for error in part.findings.errors]

    assert rules.count("byte_order_mark") == 1
    assert len(rules) > 1


@pytest.mark.parametrize("start", [0, 1, 50_000])
def test_check_range_checks_the_lines_that_begin_in_it(
    start: int, source: FileSource, lines: bytes
) -> None:
    stop = 300_000
    first = lines.find(b"\n", start - 1) + 1 if start else 0
    last = lines.find(b"\n", stop - 1) + 1
    summary = check_range(source, start, stop, PLAN)

    assert summary.bytes == last - first
    assert summary.findings == check_with_columns(lines[first:last], PLAN).findings


def test_only_the_range_at_offset_0_begins_the_file(tmp_path: Path) -> None:
    mark = b"\xef\xbb\xbf"
    first = mark + b" " * CHUNK_BYTES + b"\n"
    path = tmp_path / "batch.jsonl"
    path.write_bytes(first + mark + b"\n" + mark + b"\n")
    source = FileSource(path)

    def rules(start: int, stop: int) -> list[str]:
        return [error.rule for error in check_range(source, start, stop, PLAN).findings.errors]

    size = path.stat().st_size
    assert rules(0, size).count("byte_order_mark") == 1
    assert rules(0, size)[0] == "byte_order_mark"
    assert "byte_order_mark" not in rules(len(first), size)


def test_line_that_begins_between_two_ranges_is_checked_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parallel, "MIN_RANGE_BYTES", 100_000)
    monkeypatch.setattr(parallel, "MAX_RANGE_BYTES", 100_000)
    lines = [line(str(number)).rstrip(b"\n").ljust(999) + b"\n" for number in range(400)]
    path = tmp_path / "batch.jsonl"
    path.write_bytes(b"".join(lines))
    summaries = list(run(FileSource(path), PLAN, jobs=2, start="fork"))

    assert [summary.lines for summary in summaries] == [100] * 4
    assert merge(summaries).custom_ids.unpack() == [str(number) for number in range(400)]


@pytest.mark.parametrize("start", ["fork", "spawn"])
def test_run_in_workers_yields_the_summaries_of_ranges_in_order(
    start: Start, source: FileSource, lines: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parallel, "MIN_RANGE_BYTES", 150_000)
    monkeypatch.setattr(parallel, "MAX_RANGE_BYTES", 150_000)
    summaries = list(run(source, PLAN, jobs=2, start=start))

    assert len(summaries) == -(-len(lines) // 150_000)
    assert merge(summaries).findings == check_with_columns(lines, PLAN).findings
    assert merge(summaries).custom_ids.unpack() == [str(number) for number in range(1100)]


@pytest.mark.parametrize("start", ["fork", "spawn"])
def test_run_in_workers_accepts_sources_without_ranges(start: Start, lines: bytes) -> None:
    summaries = list(run(BytesSource(lines), PLAN, jobs=2, start=start))

    assert len(summaries) > 3
    assert merge(summaries).findings == check_with_columns(lines, PLAN).findings


# -- executors ------------------------------------------------------------------------------------


class BackwardsExecutor(Executor):
    """An executor that finishes the second of two calls before the first one."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(8)
        self._number = 0
        self._odd_is_done = threading.Event()

    def submit(self, function: Callable[..., Any], /, *args: Any, **_: Any) -> Future[Any]:
        self._number += 1
        return self._pool.submit(self._run, self._number % 2, function, args)

    def _run(self, is_first: int, function: Callable[..., Any], args: tuple[Any, ...]) -> Any:
        if is_first:
            self._odd_is_done.wait(0.2)
        result = function(*args)
        self._odd_is_done.set()
        return result

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        self._pool.shutdown(wait, cancel_futures=cancel_futures)


def test_results_of_an_executor_are_used_in_the_order_of_the_file(lines: bytes) -> None:
    with BackwardsExecutor() as executor:
        summaries = list(run(BytesSource(lines), PLAN, executor=executor))

    ids = [custom_id for summary in summaries for custom_id in summary.custom_ids.unpack()]
    assert ids == [str(number) for number in range(1100)]


def test_executor_is_used_for_any_number_of_jobs(lines: bytes) -> None:
    threads: set[str] = set()

    class RecordingExecutor(ThreadPoolExecutor):
        def submit(self, function: Any, /, *args: Any, **_: Any) -> Any:
            threads.add(threading.current_thread().name)
            return super().submit(function, *args)

    with RecordingExecutor(1) as executor:
        merged = merge(run(BytesSource(lines), PLAN, jobs=7, executor=executor))

    assert threads
    assert merged.findings == check_with_columns(lines, PLAN).findings


# -- calls that may finish in any order -----------------------------------------------------------


def test_as_finished_yields_keys_and_results_in_order_of_completion() -> None:
    is_second_done = threading.Event()

    def first() -> str:
        assert is_second_done.wait(20)
        return "first"

    calls = [FileCall("a", (first, ())), FileCall("b", (str, ("second",)))]
    with threads(2) as executor:
        results = as_finished(executor, calls, 2)
        assert next(results) == ("b", "second")
        is_second_done.set()
        assert list(results) == [("a", "first")]


def test_file_call_with_an_error_yields_the_error_as_its_result() -> None:
    error = OSError("cannot be read")
    calls = [FileCall("a", error), FileCall("b", (str, (1,)))]

    assert list(as_finished(InlineExecutor(), calls, 1)) == [("a", error), ("b", "1")]


def test_calls_are_requested_only_when_the_window_has_room() -> None:
    requested: list[int] = []

    def calls() -> Iterator[FileCall]:
        for number in range(9):
            requested.append(number)
            yield FileCall(number, (str, (number,)))

    results = as_finished(InlineExecutor(), calls(), 3)
    next(results)

    assert requested == [0, 1, 2]
    assert [key for key, _ in results] == [*range(1, 9)]


def test_inline_executor_yields_results_in_call_order() -> None:
    keys = [
        key
        for key, _ in as_finished(InlineExecutor(), [FileCall(n, (str, (n,))) for n in range(9)], 4)
    ]

    assert keys == [*range(9)]


def test_executor_can_choose_the_next_future() -> None:
    class LastFirst(InlineExecutor):
        def first_done(self, futures: list[Any]) -> Any:
            return futures[-1]

    keys = [
        key for key, _ in as_finished(LastFirst(), [FileCall(n, (str, (n,))) for n in range(4)], 4)
    ]

    assert keys == [3, 2, 1, 0]


def test_interrupt_cancels_calls_that_have_not_started() -> None:
    has_begun = threading.Event()
    may_end = threading.Event()

    def work() -> None:
        has_begun.set()
        may_end.wait(20)

    with suppress(KeyboardInterrupt), threads(1) as executor:
        running, *waiting = [executor.submit(work) for _ in range(3)]
        has_begun.wait(20)
        raise KeyboardInterrupt
    may_end.set()

    assert running.result() is None
    assert all(future.cancelled() for future in waiting)


def test_calls_cancelled_by_the_shutdown_of_the_executor_end_the_wait(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(parallel, "POLL_SECONDS", 0.05)
    may_end = threading.Event()
    with ThreadPoolExecutor(1) as executor:
        executor.submit(may_end.wait, 20)
        results = as_finished(executor, [FileCall(1, (str, ())), FileCall(2, (str, ()))], 2)
        timer = threading.Timer(0.2, executor.shutdown, (False,), {"cancel_futures": True})
        timer.start()
        try:
            with pytest.raises(CancelledError):
                next(results)
        finally:
            may_end.set()
            timer.join()


def test_ordered_map_waits_for_a_result_when_the_window_is_full() -> None:
    submitted: list[int] = []

    def submit(_: Callable[..., Any], number: int) -> Any:
        submitted.append(number)
        return InlineExecutor().submit(int, number)

    results = parallel._ordered_map(submit, [(int, (number,)) for number in range(9)], 3)

    assert [next(results), len(submitted)] == [0, 3]
    assert [next(results), len(submitted)] == [1, 4]


# -- workers that die -----------------------------------------------------------------------------


def calls_that_exit(*_: object) -> Iterator[Any]:
    """Yield calls that end the worker process."""
    return iter([(EXIT, (3,))] * 3)


@pytest.mark.skipif(sys.platform == "win32", reason="this system has no fork")
def test_forked_worker_that_dies_raises_an_os_error(
    source: FileSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parallel, "_range_calls", calls_that_exit)

    with pytest.raises(OSError, match="--jobs 1") as caught:
        list(run(source, PLAN, jobs=2, start="fork"))
    assert str(caught.value) == WORKER_DIED


def test_spawned_worker_that_dies_raises_an_os_error_with_the_usual_cause(
    source: FileSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parallel, "_range_calls", calls_that_exit)

    with pytest.raises(OSError, match="if __name__ == '__main__':") as caught:
        list(run(source, PLAN, jobs=2))
    assert str(caught.value) == (
        "the worker processes ended unexpectedly: a script that sets `jobs` must call batchlint under "
        "`if __name__ == '__main__':`; if memory ran out, use jobs=1"
    )


@pytest.mark.skipif(sys.platform == "win32", reason="this system has no SIGKILL")
def test_spawned_worker_that_is_killed_while_responding_raises_an_os_error(
    source: FileSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without this check, the pool would wait forever for the rest of the result."""
    from concurrent.futures import ProcessPoolExecutor

    submit = ProcessPoolExecutor.submit

    def submit_and_kill(self: ProcessPoolExecutor, *args: Any, **options: Any) -> Future[Any]:
        submit(self, *args, **options).result()
        (pid, *_) = self._processes
        os.kill(pid, signal.SIGKILL)
        return Future()  # It never completes, as if only half of the result had arrived.

    monkeypatch.setattr(ProcessPoolExecutor, "submit", submit_and_kill)
    monkeypatch.setattr(parallel, "_range_calls", lambda *_: iter([(os.getpid, ())]))
    monkeypatch.setattr(parallel, "POLL_SECONDS", 0.05)

    with pytest.raises(OSError, match="--jobs 1") as caught:
        list(run(source, PLAN, jobs=2))
    assert str(caught.value) == WORKER_DIED


def test_abandoning_the_iteration_ends_spawned_workers(
    source: FileSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise the program would wait for them at exit."""
    sleeping = [(os.getpid, ()), (time.sleep, (60,)), (time.sleep, (60,))]
    monkeypatch.setattr(parallel, "_range_calls", lambda *_: iter(sleeping))
    monkeypatch.setattr(parallel, "CALLS_PER_WORKER", 1)
    results = cast("Generator[object, None, None]", run(source, PLAN, jobs=2))
    next(results)
    workers = multiprocessing.active_children()
    results.close()

    assert len(workers) == 2
    for worker in workers:
        assert _is_gone(worker.pid or 0)


def _is_gone(pid: int) -> bool:
    """Wait for a process to end, and return whether it did. The pool's thread may reap it."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.05)
    return False


@pytest.mark.parametrize("start", ["fork", "spawn"])
def test_error_in_a_worker_is_raised(start: Start, source: FileSource) -> None:
    """The file becomes shorter after it was opened."""
    os.truncate(str(source.name), 1000)

    with pytest.raises(OSError, match="became shorter"):
        list(run(source, PLAN, jobs=2, start=start))


@pytest.mark.parametrize("size", [1, 1 << 20, 3_000_001, 41_000_003, 1 << 30])
def test_ranges_cover_the_file_without_gaps(size: int, source: FileSource) -> None:
    ranges = [args[1:3] for _, args in parallel._range_calls(source, size, PLAN, 2)]

    assert ranges[0][0] == 0
    assert ranges[-1][1] == size
    assert all(stop == start for (_, stop), (start, _) in pairwise(ranges))
    assert all(isinstance(stop, int) and start < stop for start, stop in ranges)


# -- many files -----------------------------------------------------------------------------------


class Pool(LocalPool):
    """A pool that runs each call immediately, and records its arguments."""

    workers = 2

    def __init__(self) -> None:
        self.submitted: list[tuple[Any, ...]] = []

    def submit(self, function: Callable[..., Any], /, *args: Any) -> Future[Any]:
        self.submitted.append(args)
        future: Future[Any] = Future()
        future.set_result(function(*args))
        return future


def named(name: str, executor: Any = None) -> str:
    return f"{name} here" if executor else f"{name} there"


def file_call(name: str, size: int | None) -> FileCall:
    return FileCall(name, (named, (name,)), size)


def number_of_files(pool: Pool) -> list[int]:
    """Return the number of files in each call."""
    return [len(args[0]) if isinstance(args[0], list) else 1 for args in pool.submitted]


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        pytest.param([10] * 70, [32, 32, 6], id="at most 32 files"),
        pytest.param([MEBIBYTE // 2] * 5, [2, 2, 1], id="at most 1 MiB"),
        pytest.param([10, MEBIBYTE, 10], [1, 2], id="a large file gets its own call"),
        pytest.param([10, None, 10], [1, 2], id="a file of unknown size gets its own call"),
        pytest.param([], [], id="no files"),
    ],
)
def test_small_files_are_sent_together(sizes: list[int | None], expected: list[int]) -> None:
    pool = Pool()
    calls = [file_call(str(number), size) for number, size in enumerate(sizes)]
    results = dict(as_finished(pool, calls, 3))

    assert results == {call.key: f"{call.key} there" for call in calls}
    assert number_of_files(pool) == expected


def test_other_executors_get_one_file_per_call() -> None:
    with ThreadPoolExecutor(1) as executor:
        results = dict(as_finished(executor, [file_call(name, 10) for name in "abc"], 2))

    assert results == {"a": "a there", "b": "b there", "c": "c there"}


def test_huge_file_is_divided_among_the_workers() -> None:
    pool = Pool()
    calls = [file_call("a", 10), file_call("b", parallel.MIN_SHARED_FILE_BYTES), file_call("c", 10)]

    assert dict(as_finished(pool, calls, 3)) == {"a": "a there", "b": "b here", "c": "c there"}
    assert number_of_files(pool) == [2]


def test_number_of_pending_calls_is_limited() -> None:
    consumed: list[int] = []

    def calls() -> Iterator[FileCall]:
        for number in range(500):
            consumed.append(number)
            yield file_call(str(number), 10)

    results = as_finished(Pool(), calls(), 2)
    next(results)
    assert len(consumed) == 2 * 32 + 1
    assert len(list(results)) == 499


def test_pool_reads_a_file_in_ranges(source: FileSource) -> None:
    pool = Pool()
    summaries = list(run(source, PLAN, executor=pool))

    assert [args[1:3] for args in pool.submitted] == [(0, MEBIBYTE), (MEBIBYTE, source.size)]
    assert merge(summaries) == merge(run(source, PLAN))


def test_pool_receives_chunks_of_sources_without_ranges(lines: bytes) -> None:
    pool = Pool()
    list(run(BytesSource(lines), PLAN, executor=pool))

    assert b"".join(args[0] for args in pool.submitted) == lines


def test_daemonic_process_checks_a_file_without_workers(tmp_path: Path) -> None:
    path = tmp_path / "batch.jsonl"
    path.write_bytes((b"x" * (1 << 20) + b"\n") * 2)
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        report = pool.apply(check, (path,), {"jobs": 2})

    assert report == check(path)


@pytest.mark.parametrize("error", [OSError(38, "Function not implemented"), NotImplementedError()])
def test_system_without_semaphores_checks_a_file_in_this_process(
    lines: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fail(*_args: object, **_options: object) -> None:
        raise error

    monkeypatch.setattr("concurrent.futures.ProcessPoolExecutor", fail)
    monkeypatch.setattr(parallel, "MIN_RANGE_BYTES", 1)
    path = tmp_path / "batch.jsonl"
    path.write_bytes(lines)

    assert check(path, jobs=2) == check(path)
    assert dict(check_many([path] * 4, jobs=2)) == {str(path): check(path)}


def test_check_waits_while_another_thread_imports_multiprocessing() -> None:
    code = """
import sys, threading, time
from importlib.machinery import PathFinder, SourceFileLoader
from batchlint.engine.parallel import can_start_workers

started = threading.Event()

class SlowLoader(SourceFileLoader):
    def exec_module(self, module):
        started.set()
        time.sleep(0.2)
        super().exec_module(module)

class SlowFinder(PathFinder):
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        spec = super().find_spec(name, path, target)
        if name == "multiprocessing.process":
            spec.loader = SlowLoader(name, spec.origin)
        return spec

sys.meta_path.insert(0, SlowFinder)
threading.Thread(target=__import__, args=("multiprocessing",)).start()
started.wait()
print(can_start_workers("spawn"))
"""
    completed = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={**os.environ, "COVERAGE_PROCESS_CONFIG": ""},  # Coverage imports multiprocessing.
    )

    assert (completed.stdout, completed.stderr) == ("True\n", "")
