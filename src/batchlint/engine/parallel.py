"""Runs checks in this process, in worker processes, or on the caller's executor."""

from __future__ import annotations

import os
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Final, Literal, NamedTuple, Protocol

from ..sources import Source
from ..summary import ChunkSummary, merge
from .chunk import Plan, check_chunk
from .columns import ColumnChecker, check_with_columns
from .worker import WORKER_DIED, LocalPool, init_pool_worker

#: The minimum size in bytes of a file that is checked in several processes. With a smaller file,
#: starting processes takes more time than it saves.
MIN_PARALLEL_BYTES: Final = {"fork": 8_000_000, "spawn": 64_000_000}

#: The minimum and maximum size in bytes of the ranges into which a file is divided for workers.
MIN_RANGE_BYTES: Final = 1 << 20
MAX_RANGE_BYTES: Final = 8 << 20

#: The minimum number of ranges per worker, if the file is large enough. Some ranges
#: take longer than others, so several ranges per worker balance the load.
RANGES_PER_WORKER: Final = 4

#: The maximum number of pending calls per worker.
CALLS_PER_WORKER: Final = 4

#: The number of workers to assume if an executor's number of workers is unknown.
_ASSUMED_WORKERS: Final = 4

#: The maximum number of small files in one call and their maximum total size in bytes.
MAX_FILES_PER_CALL: Final = 32
MAX_BYTES_PER_CALL: Final = 1 << 20

#: The minimum size in bytes of a file that is divided among the workers, even if there are many
#: files. Otherwise, one worker might still be checking it when the others are idle.
MIN_SHARED_FILE_BYTES: Final = 64_000_000

#: How often to check whether a pool's processes died or calls were cancelled, in seconds.
POLL_SECONDS: Final = 2.0

#: The message if spawned workers exit immediately. Usually, the script lacks this guard.
UNGUARDED_SCRIPT: Final = (
    "the worker processes ended unexpectedly: a script that sets `jobs` must call batchlint under "
    "`if __name__ == '__main__':`; if memory ran out, use jobs=1"
)

#: How worker processes start. Forking is faster, but safe only in a process without threads.
Start = Literal["fork", "spawn"]

Call = tuple[Callable[..., Any], tuple[Any, ...]]


class Future(Protocol):
    """A call whose result may still be pending."""

    def result(self) -> Any:
        """Wait for the result and return it."""


class FileCall(NamedTuple):
    """A call that checks one of many files.

    Attributes:
        key: the key that identifies the result.
        call: the function and its arguments, or an `OSError` if the file can't be read. If the
            file is divided among workers, the argument `executor` is added.
        size: the size of a local file in bytes. None if it is unknown.
    """

    key: Any
    call: Call | OSError
    size: int | None = None


class Executor(Protocol):
    """An object with the `submit` method of `concurrent.futures.Executor`."""

    def submit(self, fn: Callable[..., Any], /, *args: Any) -> Any:
        """Schedule a call and return its `Future`."""


def run(
    source: Source,
    plan: Plan,
    *,
    jobs: int | None = 1,
    executor: Executor | None = None,
    start: Start = "spawn",
) -> Iterator[ChunkSummary]:
    """Check a source and yield the summaries of its chunks or ranges, in order.

    Args:
        source: the source.
        plan: the settings of the check.
        jobs: the maximum number of worker processes. Small sources use fewer. 1 checks the source
            in this process, and 0 means one process per core. If None, the number depends on the
            size of the source.
        executor: the caller's executor. `jobs` then has no effect.
        start: how worker processes start.

    Raises:
        OSError: the source can't be read, or a worker died.
    """
    if executor is not None:
        yield from _run_on(executor, source, plan)
        return
    workers = count_workers(source, jobs, start)
    if workers == 1:
        for function, args in _chunk_calls(source, plan, ColumnChecker()):
            yield function(*args)
        return
    with worker_processes(workers, start) as pool:
        yield from _run_on(pool, source, plan)


def _run_on(executor: Executor, source: Source, plan: Plan) -> Iterator[ChunkSummary]:
    """Check a source on an executor. Workers on this machine read the file themselves."""
    calls = _chunk_calls(source, plan, check_with_columns)
    workers = _ASSUMED_WORKERS
    if isinstance(executor, LocalPool):
        workers = executor.workers
        if source.size is not None:
            calls = _range_calls(source, source.size, plan, workers)
    yield from _ordered_map(executor.submit, calls, workers * CALLS_PER_WORKER)


def count_workers(source: Source, jobs: int | None, start: Start = "spawn") -> int:
    """Return the number of processes to use. For the arguments, see `run`."""
    cores = count_cores()
    if not can_start_workers(start):
        return 1
    if jobs is None:
        jobs = 0 if (source.size or 0) >= MIN_PARALLEL_BYTES[start] else 1
    useful = 4 * cores if source.size is None else max(1, -(-source.size // MIN_RANGE_BYTES))
    return min(jobs or cores, useful)


def can_start_workers(start: Start) -> bool:
    """Return whether this process may start workers. A daemonic process can't spawn any."""
    if start == "fork" and hasattr(os, "fork"):
        return True
    if "multiprocessing.process" not in sys.modules:  # A daemonic process has imported it.
        return True
    # If another thread is importing the module, this waits until it is complete.
    from multiprocessing.process import current_process

    return not current_process().daemon


def count_cores() -> int:
    """Return the number of cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def check_range(source: Source, start: int, stop: int, plan: Plan) -> ChunkSummary:
    """Check the lines that begin in a range of bytes.

    Raises:
        OSError: the source can't be read, or the file was truncated.
    """
    check = ColumnChecker()
    chunks = source.read_range(start, stop)
    return merge(
        (check(chunk, plan, not start and not number) for number, chunk in enumerate(chunks)),
        plan.keep,
    )


def _chunk_calls(source: Source, plan: Plan, check: Callable[..., ChunkSummary]) -> Iterator[Call]:
    """Yield a call for each chunk. Findings have columns only if the source's lines are text."""
    for number, chunk in enumerate(source.chunks()):
        yield check if source.is_text else check_chunk, (chunk, plan, number == 0)


def _range_calls(source: Source, size: int, plan: Plan, workers: int) -> Iterator[Call]:
    step = max(MIN_RANGE_BYTES, min(MAX_RANGE_BYTES, size // (RANGES_PER_WORKER * workers)))
    for start in range(0, size, step):
        yield check_range, (source, start, min(start + step, size), plan)


def _ordered_map(
    submit: Callable[..., Future], calls: Iterable[Call], window: int
) -> Iterator[ChunkSummary]:
    """Run calls and yield their results in order. At most `window` calls are pending."""
    pending: deque[Future] = deque()
    for function, args in calls:
        pending.append(submit(function, *args))
        if len(pending) >= window:
            yield pending.popleft().result()
    while pending:
        yield pending.popleft().result()


def as_finished(
    executor: Executor, calls: Iterable[FileCall], window: int
) -> Iterator[tuple[Any, Any]]:
    """Run calls and yield (key, result) pairs as the calls finish.

    Args:
        executor: the executor. If its workers are processes on this machine, several small files
            share a call, and a large file is divided among the workers.
        calls: the calls. Only a few are taken from the iterable in advance.
        window: the maximum number of pending calls.
    """
    first_done = getattr(executor, "first_done", _first_done)
    pending: dict[Future, list[FileCall]] = {}  # oldest first

    def next_results() -> Iterator[tuple[Any, Any]]:
        future = first_done(list(pending))
        group = pending.pop(future)
        results = future.result() if group[1:] else [future.result()]
        return ((item.key, result) for item, result in zip(group, results, strict=True))

    is_local = isinstance(executor, LocalPool)
    for group in _group_small_files(calls) if is_local else ([item] for item in calls):
        key, call, size = group[0]
        if isinstance(call, OSError):
            yield key, call
            continue
        function, args = call
        if is_local and size is not None and size >= MIN_SHARED_FILE_BYTES:
            yield key, function(*args, executor=executor)
        elif group[1:]:
            pending[executor.submit(_run_all, [item.call for item in group])] = group
        else:
            pending[executor.submit(function, *args)] = group
        if len(pending) >= window:
            yield from next_results()
    while pending:
        yield from next_results()


def _group_small_files(calls: Iterable[FileCall]) -> Iterator[list[FileCall]]:
    """Group the calls. Small files share a group, because a call costs up to 0.8 ms.

    Any other file gets its own group.
    """
    group: list[FileCall] = []
    total = 0
    for call in calls:
        size = call.size
        if size is None or size >= MAX_BYTES_PER_CALL or isinstance(call.call, OSError):
            yield [call]
            continue
        if group and (len(group) == MAX_FILES_PER_CALL or total + size > MAX_BYTES_PER_CALL):
            yield group
            group = []
            total = 0
        group.append(call)
        total += size
    if group:
        yield group


def _run_all(calls: Iterable[Call]) -> list[Any]:
    return [function(*args) for function, args in calls]


def _first_done(futures: list[Future]) -> Future:
    """Wait until any of several futures is done, and return it.

    There is no common way to wait for futures of other libraries. If there are any, return the
    oldest future without waiting.
    """
    from concurrent.futures import FIRST_COMPLETED, wait
    from concurrent.futures import Future as StandardFuture

    standard = [future for future in futures if isinstance(future, StandardFuture)]
    if len(standard) < len(futures):
        return futures[0]
    while True:
        for future in standard:
            if future.done():
                return future
        # `wait` ignores futures that are cancelled before they start, so check again regularly.
        wait(standard, POLL_SECONDS, FIRST_COMPLETED)


class InlineExecutor:
    """An executor that runs each call immediately, in this process."""

    def submit(self, fn: Callable[..., Any], /, *args: Any) -> Future:
        """Run a call and return a future with its result."""
        return _CompletedFuture(fn(*args))


class _CompletedFuture:
    """A future whose call has ended."""

    def __init__(self, value: Any) -> None:
        self._value = value

    def result(self) -> Any:
        """Return the result."""
        return self._value


@contextmanager
def threads(count: int) -> Iterator[Executor]:
    """Start a pool of threads. After an exception, cancel the calls that have not started."""
    from concurrent.futures import ThreadPoolExecutor

    pool = ThreadPoolExecutor(count, "batchlint")
    done = False
    try:
        yield pool
        done = True
    finally:
        # After an exception, don't wait, because a call may be waiting for a server that never
        # responds.
        pool.shutdown(wait=done, cancel_futures=True)


def worker_processes(workers: int, start: Start) -> AbstractContextManager[Executor]:
    """Return a context manager that starts worker processes and stops them at the end.

    Inside the context, a call raises OSError if a worker has died. If the system can't start
    spawned workers, the calls run in this process.
    """
    if start == "fork" and hasattr(os, "fork"):
        from .forks import ForkExecutor

        return ForkExecutor(workers)
    return _process_pool(workers)


@contextmanager
def _process_pool(workers: int) -> Iterator[Executor]:
    import multiprocessing  # Imported here because it takes 14 ms.
    from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
    from concurrent.futures import Future as PoolFuture
    from concurrent.futures.process import BrokenProcessPool

    context = multiprocessing.get_context("spawn")
    try:
        pool = ProcessPoolExecutor(workers, mp_context=context, initializer=init_pool_worker)
    except (NotImplementedError, OSError):
        # Some systems have no semaphores, for example because /dev/shm is missing on AWS Lambda.
        yield InlineExecutor()
        return

    def processes() -> list[Any]:
        return list((getattr(pool, "_processes", None) or {}).values())

    class WatchedFuture:
        """A future that raises OSError if a worker process dies.

        The pool itself would wait forever if a process were killed while sending its result.
        """

        def __init__(self, pool: WatchedPool, future: PoolFuture[Any]) -> None:
            self.pool = pool
            self.future = future

        def result(self) -> Any:
            return self.pool.first_done([self]).future.result()

    class WatchedPool(LocalPool):
        """The pool, with futures of the type `WatchedFuture`."""

        def __init__(self) -> None:
            self.workers = workers
            self.died = False

        def submit(self, function: Callable[..., Any], /, *args: Any) -> WatchedFuture:
            if self.died:
                raise OSError(WORKER_DIED)
            return WatchedFuture(self, pool.submit(function, *args))

        def first_done(self, futures: list[WatchedFuture]) -> WatchedFuture:
            inner = [watched.future for watched in futures]
            while not (done := wait(inner, POLL_SECONDS, FIRST_COMPLETED).done):
                if any(process.exitcode is not None for process in processes()):
                    self.died = True
                    raise OSError(WORKER_DIED)
            return next(watched for watched in futures if watched.future in done)

    done = False
    try:
        yield WatchedPool()
        done = True
    except BrokenProcessPool as error:
        raise OSError(UNGUARDED_SCRIPT) from error
    finally:
        if not done:
            for process in processes():
                process.kill()  # Its result is no longer needed.
        pool.shutdown(wait=done, cancel_futures=True)
