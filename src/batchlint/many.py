"""`check_many`: checks many files in this process, in worker processes or on an executor."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime
from itertools import chain, islice
from typing import Any, Final, NamedTuple

from .arguments import check_count, check_seconds, check_workers
from .bounds import MAX_UNPACKED_BYTES, READ_TIMEOUT
from .engine.check import Job, Rules, check
from .engine.parallel import (
    CALLS_PER_WORKER,
    MIN_PARALLEL_BYTES,
    Executor,
    FileCall,
    InlineExecutor,
    Start,
    as_finished,
    can_start_workers,
    count_cores,
    threads,
    worker_processes,
)
from .findings import DEFAULT_KEEP
from .report import Report
from .sources import is_remote_path, is_url

#: A path or a URL. `Any` allows objects such as `UPath`, whose files are not local.
AnyPath = str | os.PathLike[str] | Any

#: The maximum number of unfinished calls on a caller's executor.
_EXECUTOR_WINDOW: Final = 256

#: The minimum number of files to inspect before choosing where to run the checks. With many
#: workers, the number is two per worker.
_LOOK_AHEAD: Final = 100

#: The number of threads that check files at URLs. They spend most of the time waiting for servers.
_THREADS: Final = 8


def check_many(
    sources: Iterable[AnyPath] | str | os.PathLike[str],
    *,
    provider: str = "openai",
    endpoint: str | None = None,
    select: Iterable[str] | None = None,
    ignore: Iterable[str] = (),
    warn: Iterable[str] = (),
    error: Iterable[str] = (),
    jobs: int | None = None,
    executor: Executor | None = None,
    progress: Callable[[int], object] | None = None,
    now: float | datetime | None = None,
    keep: int = DEFAULT_KEEP,
    create: Mapping[str, Any] | None = None,
    max_enqueued_tokens: int | None = None,
    storage_options: Mapping[str, Any] | None = None,
    max_unpacked_bytes: int = MAX_UNPACKED_BYTES,
    read_timeout: float = READ_TIMEOUT,
    start: Start = "spawn",
) -> Iterator[tuple[str, Report | OSError]]:
    """Check many batch input files and yield each report as soon as it is ready.

    If a file can't be read, its result is the `OSError`, and the other files are still checked.

    Args:
        sources: paths and URLs. A URL may be a glob (`s3://bucket/2026-*/*.jsonl`), or a prefix
            that ends with a slash, for all `.jsonl` and `.jsonl.gz` files below it. An iterator is
            consumed only as fast as the files are checked. If `jobs` is not 1 and there is no
            executor, the first 100 files (see `jobs`) are taken from it before the first check.
        provider: the service that the files are for, as for `check`.
        endpoint: the URL of the batch endpoint of every file, as for `check`.
        select: the rules to check, as for `check`.
        ignore: rules to skip.
        warn: rules to enable as warnings.
        error: rules to enable as errors.
        jobs: the number of worker processes. 1 checks one file after another in this process, and
            0 uses one process per core. If None, the choice depends on the first 100 files (more
            on machines with many cores). If there are several files, and any of them is at a URL,
            batchlint uses threads. If there are at least two local files per core, with a total
            size of at least 64 MB (8 MB with `fork`), it uses one process per core. Otherwise, it
            checks one file at a time, and a large file in several processes.
        executor: an executor to run the checks, with one call per file: a `concurrent.futures`
            executor, Dask's `get_executor()`, or any object with a `submit` method. Its workers
            must be able to read the files. `jobs` then has no effect.
        progress: a function to call after each file that could be read, with its size in bytes.
        now: the time of the check, as for `check`.
        keep: the maximum number of findings to keep per rule and file. 0 means no limit.
        create: the parameters of the create call, without `input_file_id`. They are checked
            together with each file.
        max_enqueued_tokens: warn if the prompts of a file have more than about this many tokens.
        storage_options: for URLs, the arguments of their fsspec filesystem.
        max_unpacked_bytes: for URLs, the maximum size of a compressed file when decompressed, and
            of a file read over HTTP.
        read_timeout: for URLs, the maximum number of seconds to wait for the next 64 KiB of a file,
            and the maximum duration of a search for files on an HTTP server.
        start: how worker processes start, as for `check`.

    Returns:
        An iterator over (name, result) pairs. The name is the path or URL that you passed. For a
        glob or a prefix, it is the URL of the matching file. Results come in the order in which
        the checks finish.

    Raises:
        OSError: a worker process died. Raised during iteration.
        TypeError: an argument has the wrong type. For a source, raised during iteration.
        ValueError: as for `check`.
    """
    check_workers(jobs, executor, start)
    check_count("max_unpacked_bytes", max_unpacked_bytes)
    check_seconds("read_timeout", read_timeout)
    rules = Rules(None if select is None else list(select), list(ignore), list(warn), list(error))
    job = Job(rules, provider, None, endpoint, create, now, keep, max_enqueued_tokens)
    options = {
        **rules._asdict(),
        "provider": provider,
        "endpoint": endpoint,
        "now": job.plan.now,
        "keep": keep,
        "create": create,
        "max_enqueued_tokens": max_enqueued_tokens,
        "storage_options": storage_options,
        "max_unpacked_bytes": max_unpacked_bytes,
        "read_timeout": read_timeout,
    }
    if isinstance(sources, str | os.PathLike):
        sources = [sources]
    files = _expand(sources, storage_options, read_timeout)
    return _check_all(files, options, jobs, executor, start, progress)


def _check_all(
    files: Iterator[tuple[str, Any]],
    options: dict[str, Any],
    jobs: int | None,
    executor: Executor | None,
    start: Start,
    progress: Callable[[int], object] | None,
) -> Iterator[tuple[str, Report | OSError]]:
    """Check files, yield the results, and report progress."""
    if executor is None:
        # With many workers, 100 files would be too few to divide among worker processes.
        look_ahead = max(_LOOK_AHEAD, 2 * (jobs or count_cores()))
        look_ahead = min(look_ahead, sys.maxsize)  # The maximum for `islice`.
        # One process checks one file at a time, and the iterator may wait before it yields another.
        first = [] if jobs == 1 else list(islice(files, look_ahead))
        files = chain(first, files)
        execution = choose_execution([source for _, source in first], jobs, start)
    else:
        execution = Execution(nullcontext(executor), _EXECUTOR_WINDOW, 1, start)
    options = {**options, "jobs": execution.jobs, "start": execution.start}
    calls = (_call(name, source, options) for name, source in files)
    with execution.executor as chosen:
        for name, result in as_finished(chosen, calls, execution.window):
            if progress is not None and isinstance(result, Report):
                progress(result.bytes)
            yield name, result


def _call(name: str, source: Any, options: dict[str, Any]) -> FileCall:
    if isinstance(source, OSError):
        return FileCall(name, source)
    return FileCall(name, (_check, (source, options)), local_size(source))


def _check(
    source: Any, options: dict[str, Any], executor: Executor | None = None
) -> Report | OSError:
    """Check one file. The result can be pickled."""
    try:
        return check(source, executor=executor, **options)
    except OSError as error:
        return error.with_traceback(None)


def _expand(
    sources: Iterable[Any], storage_options: Mapping[str, Any] | None, timeout: float
) -> Iterator[tuple[str, Any]]:
    """Yield each file with its name. For a glob or prefix without matches, yield an OSError.

    Raises:
        TypeError: a source is neither a path nor a URL.
    """
    for source in sources:
        if not isinstance(source, str | os.PathLike) and not is_remote_path(source):
            raise TypeError(f"sources must be paths or URLs, not {type(source).__name__}")
        if not is_url(source):
            yield (os.fsdecode(source) if isinstance(source, os.PathLike) else str(source)), source
            continue
        from .remote.find import find, is_pattern

        if not is_pattern(source):
            yield source, source
            continue
        try:
            found = find(source, timeout, storage_options)
        except OSError as error:
            yield source, error
        else:
            yield from ((file.url, file.url) for file in found)


class Execution(NamedTuple):
    """How to run the checks of many files.

    Attributes:
        executor: a context manager that provides the executor.
        window: the maximum number of unfinished calls.
        jobs: the number of worker processes for each check, as for `check`.
        start: how these processes start.
    """

    executor: AbstractContextManager[Executor]
    window: int
    jobs: int | None
    start: Start


def choose_execution(sources: Sequence[Any], jobs: int | None, start: Start) -> Execution:
    """Choose where to check files: in this process, in threads or in worker processes.

    Args:
        sources: all files, or the first ones.
        jobs: as for `check_many`.
        start: how worker processes start. With URLs they are spawned, because the threads of a
            filesystem make a fork unsafe.
    """
    workers = count_cores() if jobs == 0 else jobs
    if any(map(_is_remote, sources)):
        start = "spawn"
        if workers is None and len(sources) > 1:
            return Execution(threads(_THREADS), 2 * _THREADS, 1, start)
    if not can_start_workers(start):
        workers = jobs = 1
    if len(sources) < 2 * (workers or count_cores()):
        # There are few files, so the workers divide each file.
        return Execution(nullcontext(InlineExecutor()), 1, jobs, start)
    if workers is None:
        size = sum(local_size(source) or 0 for source in sources)
        workers = count_cores() if size >= MIN_PARALLEL_BYTES[start] else 1
    if workers == 1:
        return Execution(nullcontext(InlineExecutor()), 1, 1, start)
    return Execution(worker_processes(workers, start), CALLS_PER_WORKER * workers, 1, start)


def _is_remote(source: Any) -> bool:
    return is_url(source) or not isinstance(source, str | os.PathLike | OSError)


def local_size(source: Any) -> int | None:
    """Return the size of a local file in bytes. None if it is unknown."""
    if _is_remote(source):
        return None
    try:
        return os.stat(source).st_size  # noqa: PTH116 - faster than a Path
    except (OSError, TypeError, ValueError):
        return None
