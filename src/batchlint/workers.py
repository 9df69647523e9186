"""Where chunks are checked: in this process, in workers of our own, or on an executor of the caller's."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

from .core import Plan, check_chunk
from .findings import Part
from .sources import Source

#: Files smaller than this stay in one process: starting another costs more than it saves.
PARALLEL_FROM = 64_000_000

#: How many chunks may be on their way at a time, for each worker.
WINDOW = 8


def parts(source: Source, data: Iterator[bytes], plan: Plan, jobs: int | None, executor: Any) -> Iterator[Part]:
    """The parts of the chunks, in their order.

    Args:
        source: what the chunks come from, for its size.
        data: the chunks.
        plan: what to check for.
        jobs: worker processes; 1 is this process, 0 one a core, None by the size of the source.
        executor: what to submit to instead; it has `submit`, and what that returns has `result`.
    """
    if executor is not None:
        yield from _submitted(executor.submit, data, plan, 2 * WINDOW)
        return
    count = _workers(source, jobs)
    if count == 1:
        for number, chunk in enumerate(data):
            yield check_chunk(chunk, plan, number == 0)
        return
    from concurrent.futures import ProcessPoolExecutor  # noqa: PLC0415 - 14 ms that one process need not spend

    with ProcessPoolExecutor(count) as pool:
        yield from _submitted(pool.submit, data, plan, count * WINDOW)


def _workers(source: Source, jobs: int | None) -> int:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if jobs is not None:
        return jobs or cores
    size = os.stat(source).st_size if isinstance(source, str | os.PathLike) else 0
    return cores if size >= PARALLEL_FROM else 1


def _submitted(submit: Callable[..., Any], data: Iterator[bytes], plan: Plan, window: int) -> Iterator[Part]:
    """`map`, in order, with at most `window` calls in flight."""
    pending: deque[Any] = deque()
    for number, chunk in enumerate(data):
        pending.append(submit(check_chunk, chunk, plan, number == 0))
        if len(pending) >= window:
            yield pending.popleft().result()
    while pending:
        yield pending.popleft().result()
