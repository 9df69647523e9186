"""The library: `check`, `iter_errors`, `check_request` and `check_create`."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from itertools import chain
from typing import Any, Protocol

import orjson

from . import rules, schemas, workers
from .core import Plan, check_chunk
from .decode import lone_surrogate
from .deep import Decoder
from .findings import KEEP, BatchError, Part, merge, moved
from .judge import judge_of
from .recognise import recognise
from .report import Report
from .sources import Source, chunks, name_of, written
from .whole import finish


class Executor(Protocol):
    """What is used of a `concurrent.futures.Executor`; others that have it will do."""

    def submit(self, fn: Callable[..., Any], /, *args: Any) -> Any:
        """Start a call; what comes back has `result()`."""


def check(
    source: Source,
    *,
    endpoint: str | None = None,
    name: str | None = None,
    select: Iterable[str] | None = None,
    ignore: Iterable[str] = (),
    warn: Iterable[str] = (),
    error: Iterable[str] = (),
    jobs: int | None = 1,
    executor: Executor | None = None,
    progress: Callable[[int], object] | None = None,
    now: float | datetime | None = None,
    keep: int = KEEP,
    create: Mapping[str, Any] | None = None,
    max_enqueued_tokens: int | None = None,
    start: workers.Start = "spawn",
) -> Report:
    """Check a batch input file before its upload.

    Whatever the data is, it becomes findings; memory does not grow with the file but by the
    custom_ids.

    Args:
        source: a path, bytes, a binary stream, or an iterable of requests (dicts, serialised with
            orjson) or of lines (bytes or str).
        endpoint: the batch's, one of the eight; None is the create call's, or else the most frequent url that is one.
        name: the file's name, where it is not that of the source; it must end in `.jsonl`.
        select: the rules or API codes to check for; None is all but those that are off by default.
        ignore: rules or codes to leave out.
        warn: rules or codes to make warnings.
        error: rules or codes to make errors.
        jobs: worker processes; 1 is this process alone, 0 one a core, None by the size of the file.
        executor: where to run instead, e.g. a `ProcessPoolExecutor` or Dask's `get_executor()`.
        progress: called with the number of bytes that have been checked since the last call.
        now: the time of the check, for rules with dates (seconds since the epoch, or an aware
            datetime); None is `SOURCE_DATE_EPOCH` where that is set, else the clock.
        keep: how many findings of one rule are kept, 1,000 unless it is given (all are counted); 0 keeps all.
        create: the parameters of the create call, without `input_file_id`, to check with the file.
        max_enqueued_tokens: how many tokens the prompts may have between them, by a rough estimate from
            their characters; None is not to estimate.
        start: how worker processes start; `fork` is quicker, and safe only in a program without threads.

    Returns:
        The report.

    Raises:
        OSError: the file cannot be read.
        TypeError: an argument is of a wrong type.
        ValueError: `endpoint` is no batch endpoint or not that of `create`, a rule is unknown, or a number is negative.
    """
    if keep < 0 or (jobs is not None and jobs < 0):
        raise ValueError("keep and jobs must not be negative")
    plan = Plan(rules.select(select, ignore, warn, error), keep, epoch(now), max_enqueued_tokens)
    run = _Run(source, plan, name, endpoint, create)

    def told() -> Iterator[Part]:
        for piece in run.parts(jobs, executor, start):
            if progress is not None and not run.foreign:
                progress(piece.size)
            yield piece

    return run.report(merge(told(), keep))


def iter_errors(
    source: Source,
    *,
    endpoint: str | None = None,
    name: str | None = None,
    select: Iterable[str] | None = None,
    ignore: Iterable[str] = (),
    warn: Iterable[str] = (),
    error: Iterable[str] = (),
    now: float | datetime | None = None,
    create: Mapping[str, Any] | None = None,
    max_enqueued_tokens: int | None = None,
) -> Iterator[BatchError]:
    """Check a batch input file, and give each finding when it is made.

    The findings are those of `check` with `keep=0`. Those about single lines come as the lines are
    read, a chunk (256 KiB) at a time; those that need the whole file, such as a repeated custom_id, and
    those that are said once for all lines, come last.

    Args:
        source: as for `check`; it is read as the findings are asked for.
        endpoint: the batch's, one of the eight; None is the create call's, or else the most frequent url that is one.
        name: the file's name, where it is not that of the source; it must end in `.jsonl`.
        select: the rules or API codes to check for; None is all but those that are off by default.
        ignore: rules or codes to leave out.
        warn: rules or codes to make warnings.
        error: rules or codes to make errors.
        now: the time of the check, as for `check`.
        create: the parameters of the create call, without `input_file_id`, to check with the file.
        max_enqueued_tokens: how many tokens the prompts may have between them, by a rough estimate.

    Returns:
        An iterator over the findings, errors and warnings; within a line they stand in the order in
        which the API checks.

    Raises:
        OSError: the file cannot be read; raised when a finding is asked for.
        TypeError: an argument is of a wrong type; for `source`, raised when a finding is asked for.
        ValueError: `endpoint` is no batch endpoint or not that of `create`, or a rule is unknown.
    """
    plan = Plan(rules.select(select, ignore, warn, error), 0, epoch(now), max_enqueued_tokens)
    return _Run(source, plan, name, endpoint, create).errors()


class _Run:
    """One check of one source.

    Attributes:
        source: what to check.
        plan: what to check for.
        name: of the file, if it has one that the source does not tell.
        endpoint: the batch's, if it is known.
        create: the parameters of the create call, if they are known.
        foreign: the finding that the source is of another format, which ends the reading.
    """

    def __init__(
        self, source: Source, plan: Plan, name: str | None, endpoint: str | None, create: Mapping[str, Any] | None
    ) -> None:
        self.source, self.plan, self.name, self.create = source, plan, name, create
        self.endpoint = _endpoint(endpoint, create)
        self.foreign: list[BatchError] = []

    def parts(
        self, jobs: int | None = 1, executor: Executor | None = None, start: workers.Start = "spawn"
    ) -> Iterator[Part]:
        """The parts of the source, in their order; of a foreign source only its size."""
        data = chunks(self.source)
        head = next(data, b"")
        found = recognise(head)
        self.foreign = judge_of(self.plan.selection).errors([found] if found else [], None)
        if self.foreign:
            yield Part(size=len(head) + sum(map(len, data)))
        else:
            data = chain([head] if head else [], data)
            yield from workers.parts(self.source, data, self.plan, jobs, executor, start)

    def errors(self) -> Iterator[BatchError]:
        """The findings of each part, then those about the whole file."""
        rest: list[Part] = []
        lines = 0
        for piece in self.parts():
            for error in piece.errors:
                yield moved(error, lines)
            lines += len(piece.outcomes)
            rest.append(piece._replace(errors=()))
        report = self.report(merge(rest))
        yield from sorted([*report.errors, *report.warnings])

    def report(self, part: Part) -> Report:
        """The report, from the part that is all of the source."""
        name = self.name if self.name is not None else name_of(self.source)
        extra = list(self.foreign)
        if self.create is not None:
            params = {"input_file_id": "file-batchlint", "endpoint": self.endpoint or "/v1/responses", "completion_window": "24h"}
            extra += _create_errors(params | dict(self.create), self.plan.selection)
        return finish(part, self.plan, name=name, endpoint=self.endpoint, foreign=bool(self.foreign), extra=extra,
                      create=self.create)


def _endpoint(endpoint: str | None, create: Mapping[str, Any] | None) -> str | None:
    """The batch's endpoint, as far as the arguments tell it.

    One of the create call that isn't a batch endpoint is a finding about the create call, not an exception.

    Raises:
        ValueError: `endpoint` is not a batch endpoint, or the create call has another.
    """
    if endpoint is not None and endpoint not in schemas.ENDPOINTS:
        raise ValueError(f"{endpoint!r} is no batch endpoint; they are {', '.join(schemas.ENDPOINTS)}")
    if create is None or "endpoint" not in create:
        return endpoint
    given = create["endpoint"]
    if endpoint is not None and given != endpoint:
        raise ValueError(f"endpoint is {endpoint!r}, but create['endpoint'] is {given!r}")
    return given if given in schemas.ENDPOINTS else None


def check_request(request: dict[str, Any], **choice: Iterable[str]) -> list[BatchError]:
    """Check one request as it would stand on a line; rules that look across lines are left out.

    Args:
        request: `custom_id`, `method`, `url` and `body`.
        choice: `select`, `ignore`, `warn` and `error`, as for `check`.

    Returns:
        The findings, in the order in which the API checks, their `line` 1.

    Raises:
        TypeError: the request is no dict.
        ValueError: a rule is unknown.
    """
    if not isinstance(request, dict):
        raise TypeError(f"a request is a dict, not {type(request).__name__}")
    plan = Plan(rules.select(**choice), 0, epoch(None))
    part = merge([check_chunk(chunk, plan) for chunk in chunks([request])])
    return sorted([*part.errors, *(error for _, error in part.once.values())])


def check_create(params: dict[str, Any], **choice: Iterable[str]) -> list[BatchError]:
    """Check the body of a `POST /v1/batches`.

    Args:
        params: `input_file_id`, `endpoint`, `completion_window`, and perhaps `metadata` and
            `output_expires_after`.
        choice: `select`, `ignore`, `warn` and `error`, as for `check`.

    Returns:
        The findings, in the order in which the API checks. The `fails` of an error is `create`.

    Raises:
        TypeError: the parameters are not a dict, or hold a value that JSON doesn't have.
        ValueError: a rule is unknown.
    """
    return _create_errors(params, rules.select(**choice))


def _create_errors(params: dict[str, Any], selection: rules.Selection) -> list[BatchError]:
    if not isinstance(params, dict):
        raise TypeError(f"the parameters are a dict, not {type(params).__name__}")
    try:
        decoded = orjson.loads(orjson.dumps(params))
    except TypeError:  # half of a surrogate pair and large numbers are findings; a TypeError for what JSON does not have
        decoded = Decoder().decode(written(params, "a create call"))
    judge = judge_of(selection)
    broken = lone_surrogate(decoded) if "lone_surrogate" in judge.severities else None
    # what cannot be parsed has no other findings
    found = schemas.create_explainer().explain(decoded) if broken is None else [broken]
    return judge.errors(found, None, fails="create")


def epoch(now: float | datetime | None) -> int:
    """A time in whole seconds since the epoch; None is `SOURCE_DATE_EPOCH` where that is set, else the clock."""
    if isinstance(now, datetime):
        return int(now.timestamp())
    if now is not None:
        return int(now)
    fixed = os.environ.get("SOURCE_DATE_EPOCH", "")
    return int(fixed) if re.fullmatch("[0-9]{1,11}", fixed) else int(time.time())
