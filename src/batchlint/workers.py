"""Where chunks are checked: in this process, in workers of our own, or on an executor of the caller's."""

from __future__ import annotations

import os
import sys
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Final, Literal, TypeGuard

from . import forks
from .core import Plan, check_chunk
from .findings import Part, merge
from .sources import Source, ranged

#: Files smaller than this (bytes) stay in one process: starting others costs more than it saves.
PARALLEL_FROM: Final = {"fork": 8_000_000, "spawn": 64_000_000}

#: How many bytes of a file a worker gets at a time: at least, and at most unless the file is huge.
SMALLEST: Final = 1 << 20
LARGEST: Final = 8 << 20

#: Into how many ranges a small file is cut for each worker.
SHARES: Final = 4

#: How many chunks or ranges may be on their way at a time, for each worker.
WINDOW: Final = 4

#: After so many seconds without an answer it is looked whether the workers of a pool live.
PATIENCE: Final = 2.0

#: What is said of workers that are started afresh and end: most often the script that starts them starts in each of them.
UNGUARDED: Final = ("the worker processes ended: a script that uses jobs must do so under `if __name__ == '__main__':`, and where "
                    "memory is short, jobs=1 needs the least")

#: How worker processes are started.  A fork is quick, but only safe where no thread runs.
Start = Literal["fork", "spawn"]


def parts(
    source: Source, data: Iterator[bytes], plan: Plan, jobs: int | None, executor: Any, start: Start = "spawn"
) -> Iterator[Part]:
    """The parts of a source, in their order.

    Args:
        source: what the chunks come from; a path is read by the workers themselves.
        data: the chunks.
        plan: what to check for.
        jobs: worker processes; 1 is this process, 0 one a core, None by the size of the source.
        executor: what to submit to instead; it has `submit`, and what that returns has `result`.
        start: how to start processes.

    Raises:
        OSError: the source cannot be read, or a worker died.
    """
    if executor is not None:
        yield from _submitted(executor.submit, _chunk_calls(data, plan), 4 * WINDOW)
        return
    count = workers(source, jobs, start)
    if count == 1:
        yield from _one_by_one(data, plan, first=True, counted=Counter())
        return
    if not is_regular(source):
        yield from _in_processes(_chunk_calls(data, plan), count, start)
        return
    calls = list(_range_calls(source, plan, count))
    yield from forks.forked(calls, count) if start == "fork" and hasattr(os, "fork") else _in_processes(calls, count, start)


def workers(source: Source, jobs: int | None, start: Start = "spawn") -> int:
    """How many processes to use."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    size = Path(source).stat().st_size if is_regular(source) else None
    if jobs is None:
        jobs = 0 if (size or 0) >= PARALLEL_FROM[start] else 1
    most = 4 * cores if size is None else max(1, -(-size // SMALLEST))  # more would find nothing to do
    return min(jobs or cores, most)


def is_regular(source: Source) -> TypeGuard[str | os.PathLike[str]]:
    """Whether a source is the path of a file that can be read from any place, and not of a pipe."""
    return isinstance(source, str | os.PathLike) and Path(source).is_file()


def _one_by_one(data: Iterable[bytes], plan: Plan, *, first: bool, counted: Counter[str]) -> Iterator[Part]:
    """The parts of chunks that follow each other.

    Args:
        data: the chunks.
        plan: what to check for.
        first: whether the first chunk begins the file.
        counted: how many findings of each rule earlier chunks have; those of these chunks are added.
    """
    for number, chunk in enumerate(data):
        part = check_chunk(chunk, plan, first and number == 0, counted)
        for (rule, _, _), count in part.counts.items():
            counted[rule] += count
        yield part


class Ranges:
    """Checks ranges of a file; called with one after another, it only counts findings that would not be kept.

    A forked worker has its own and keeps it; a pool sends its workers a fresh one with each call.

    Args:
        path: the file.
        size: of the file when the check began; a shorter one is an error.
        plan: what to check for.
    """

    def __init__(self, path: str, size: int, plan: Plan) -> None:
        self._path, self._size, self._plan = path, size, plan
        self._counted: Counter[str] = Counter()

    def __call__(self, start: int, stop: int) -> Part:
        """Check the lines that begin in a range, which lies behind those of earlier calls.

        Args:
            start: the first byte of the range.
            stop: the byte after it.

        Raises:
            OSError: the file cannot be read, or it has become shorter.
        """
        data = ranged(self._path, start, stop, self._size)
        return merge(_one_by_one(data, self._plan, first=not start, counted=self._counted), self._plan.keep)


def _chunk_calls(data: Iterable[bytes], plan: Plan) -> Iterator[forks.Call]:
    for number, chunk in enumerate(data):
        yield check_chunk, (chunk, plan, number == 0)


def _range_calls(path: str | os.PathLike[str], plan: Plan, count: int) -> Iterator[forks.Call]:
    """The ranges of a file: several for each worker, for they do not run equally fast."""
    size = Path(path).stat().st_size
    step = max(SMALLEST, min(LARGEST, size // (SHARES * count)), -(-size // forks.MOST_CALLS))
    check = Ranges(os.fspath(path), size, plan)
    for start in range(0, size, step):
        yield check, (start, min(start + step, size))


def _result(future: Any) -> Any:
    return future.result()


def _submitted(
    submit: Callable[..., Any], calls: Iterable[forks.Call], window: int, waited: Callable[[Any], Any] = _result
) -> Iterator[Part]:
    """The results of calls, in order, with at most `window` of them under way.

    Args:
        submit: starts a call.
        calls: what to start.
        window: how many may be under way.
        waited: waits for what `submit` gives, and gives its result.
    """
    pending: deque[Any] = deque()
    for function, arguments in calls:
        pending.append(submit(function, *arguments))
        if len(pending) >= window:
            yield waited(pending.popleft())
    while pending:
        yield waited(pending.popleft())


def _in_processes(calls: Iterable[forks.Call], count: int, start: Start) -> Iterator[Part]:
    """The results of calls in processes of our own, which end with this generator."""
    import multiprocessing  # 14 ms that one process need not spend
    from concurrent.futures import ProcessPoolExecutor, wait
    from concurrent.futures.process import BrokenProcessPool

    context = multiprocessing.get_context(start if start in multiprocessing.get_all_start_methods() else "spawn")
    pool = ProcessPoolExecutor(count, mp_context=context, initializer=_begin)

    def processes() -> list[Any]:
        return list((getattr(pool, "_processes", None) or {}).values())

    def waited(future: Any) -> Any:
        """The result of a call; a worker that was killed in the middle of its answer would be waited for for ever."""
        while not wait([future], PATIENCE).done:
            if any(process.exitcode is not None for process in processes()):
                raise OSError(forks.DIED)
        return future.result()

    done = False
    try:
        yield from _submitted(pool.submit, calls, count * WINDOW, waited)
        done = True
    except BrokenProcessPool as error:
        raise OSError(forks.DIED if start == "fork" else UNGUARDED) from error
    finally:
        if not done:
            for process in processes():
                process.kill()  # what they work on is wanted no more, and half an answer is never read to its end
        pool.shutdown(wait=done, cancel_futures=True)


def _begin() -> None:
    """What a worker of a pool does first, beside what all do: on Linux, end with its parent.

    It would wait for work for ever if the parent was killed.
    """
    forks.begin()
    if sys.platform == "linux":
        import ctypes
        import signal

        ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG
