"""The library's `check`, `iter_errors`, `check_request` and `check_create`."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple

import orjson

from .. import providers
from ..arguments import check_count, check_seconds, check_workers, epoch_seconds
from ..bounds import MAX_UNPACKED_BYTES, READ_TIMEOUT
from ..findings import DEFAULT_KEEP, BatchError
from ..nesting import with_fresh_stack
from ..providers import Provider
from ..report import Report
from ..rules import Selection, select_rules
from ..sources import (
    AnySource,
    Source,
    contains_nan_or_infinity,
    open_source,
    to_json_bytes,
    to_json_text,
)
from ..summary import ChunkSummary, merge
from .checker import checker_for
from .chunk import Plan, check_chunk
from .columns import add_missing_columns
from .finish import finish, keep_first_date_hint, lacks_objects
from .parallel import Executor, Start, run

#: Values for required parameters of a create call that the caller omits.
_CREATE_DEFAULTS: Final = {"input_file_id": "file-batchlint", "completion_window": "24h"}


def check(
    source: AnySource,
    *,
    provider: str = "openai",
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
    keep: int = DEFAULT_KEEP,
    create: Mapping[str, Any] | None = None,
    max_enqueued_tokens: int | None = None,
    storage_options: Mapping[str, Any] | None = None,
    max_unpacked_bytes: int = MAX_UNPACKED_BYTES,
    read_timeout: float = READ_TIMEOUT,
    start: Start = "spawn",
) -> Report:
    """Check a batch input file before you upload it.

    Bad data is reported. It raises an exception only in the cases listed below. Memory grows with
    the number of custom_ids, not with the size of the file.

    Args:
        source: a path, a URL such as `s3://bucket/key` (needs the `remote` extra), a `UPath`,
            bytes, a binary stream, or an iterable of requests (dicts) or of lines (bytes or str).
        provider: the service that the file is for, such as `azure`. `batchlint provider` lists the
            names. Use `compatible` for any other service that accepts OpenAI's format.
        endpoint: the URL of the batch endpoint. Default: the `endpoint` in `create`, or else the
            most frequent valid URL in the file. If the service uses the URLs in the file, they take
            precedence.
        name: the name of the file. Default: the name of the source, if it has one. A name that
            doesn't end in `.jsonl` is reported.
        select: the rules to check: names, groups, API codes or globs. Default: all rules that are
            on by default.
        ignore: rules to skip.
        warn: rules to enable as warnings.
        error: rules to enable as errors.
        jobs: the maximum number of worker processes. Small files use fewer. 1 checks the file in
            this process, and 0 means one process per core. If None, the number depends on the size
            of the file.
            Daemonic processes, such as the workers of a `multiprocessing.Pool`, can't spawn others,
            so they check the file themselves.
        executor: an executor that runs the checks, such as a `ProcessPoolExecutor` or Dask's
            `get_executor()`. `jobs` then has no effect.
        progress: a function to call with the number of bytes checked since the last call.
        now: the time of the check, for rules that depend on the date: seconds since the epoch, or
            an aware datetime. Default: `SOURCE_DATE_EPOCH` if it is a valid number, or else the
            current time.
        keep: the maximum number of findings to keep per rule. All findings are counted. 0 means no
            limit.
        create: the parameters of the create call, without `input_file_id`. They are checked
            together with the file.
        max_enqueued_tokens: warn if the prompts have more than about this many tokens.
        storage_options: for a URL, the arguments of its fsspec filesystem, such as `endpoint_url`.
        max_unpacked_bytes: for a URL, the maximum size of a compressed file when decompressed, and
            of a file read over HTTP. Only files at URLs that end in `.jsonl.gz` are decompressed.
        read_timeout: for a URL, the maximum number of seconds to wait for the next 64 KiB.
        start: how worker processes start: `spawn` or `fork`. `fork` is faster, but safe only in a
            program without threads.

    Returns:
        The report. It is truthy if there are no errors.

    Raises:
        OSError: the file can't be read, it changed while it was being read, it has a line longer
            than 1,000,000,000 bytes, or a worker process died.
        TypeError: an argument has the wrong type, or a request contains a value that JSON can't
            represent.
        ValueError: the provider or a rule is unknown, no rule is selected, `endpoint` is not a
            batch endpoint or differs from the one in `create`, a number is negative, `read_timeout`
            is 0 or infinite, `now` is not in the years 1 to 9999, or `start` is unknown.
    """
    check_workers(jobs, executor, start)
    check_count("max_unpacked_bytes", max_unpacked_bytes)
    check_seconds("read_timeout", read_timeout)
    rules = Rules(select, ignore, warn, error)
    job = Job(rules, provider, name, endpoint, create, now, keep, max_enqueued_tokens)
    opened = open_source(source, storage_options, max_unpacked_bytes, read_timeout)

    def summaries() -> Iterator[ChunkSummary]:
        for summary in job.summaries(opened, jobs, executor, start):
            if progress is not None and not summary.foreign:
                progress(summary.bytes)
            yield summary

    return job.report(merge(summaries(), keep), opened)


def iter_errors(
    source: AnySource,
    *,
    provider: str = "openai",
    endpoint: str | None = None,
    name: str | None = None,
    select: Iterable[str] | None = None,
    ignore: Iterable[str] = (),
    warn: Iterable[str] = (),
    error: Iterable[str] = (),
    now: float | datetime | None = None,
    create: Mapping[str, Any] | None = None,
    max_enqueued_tokens: int | None = None,
    storage_options: Mapping[str, Any] | None = None,
    max_unpacked_bytes: int = MAX_UNPACKED_BYTES,
    read_timeout: float = READ_TIMEOUT,
) -> Iterator[BatchError]:
    """Check a batch input file and yield each finding as soon as it is known.

    The findings are the same as those of `check` with `keep=0`, but findings before the first JSON
    object may lack a fix. The file is read in chunks of 256 KiB. The findings about the lines of a
    chunk are yielded after the chunk has been checked. Findings about the whole file, such as
    duplicate custom_ids, and findings that are reported once per file come last.

    Args:
        source: as for `check`. It is read while you iterate over the findings.
        provider: the service that the file is for, as for `check`.
        endpoint: the URL of the batch endpoint, as for `check`.
        name: the name of the file, as for `check`.
        select: the rules to check: names, groups, API codes or globs. Default: all rules that are
            on by default.
        ignore: rules to skip.
        warn: rules to enable as warnings.
        error: rules to enable as errors.
        now: the time of the check, as for `check`.
        create: the parameters of the create call, without `input_file_id`. They are checked
            together with the file.
        max_enqueued_tokens: warn if the prompts have more than about this many tokens.
        storage_options: for a URL, as for `check`.
        max_unpacked_bytes: for a URL, as for `check`.
        read_timeout: for a URL, as for `check`.

    Returns:
        An iterator over errors and warnings. The findings of a line are in the order of the API's
        checks.

    Raises:
        OSError: the file can't be read, changed while it was being read, or has a line longer than
            1,000,000,000 bytes. Raised during iteration.
        TypeError: an argument has the wrong type, or a request contains a value that JSON can't
            represent. For `source`, raised during iteration.
        ValueError: the provider or a rule is unknown, no rule is selected, `endpoint` is not a
            batch endpoint or differs from the one in `create`, a number is negative, `read_timeout`
            is 0 or infinite, or `now` is not in the years 1 to 9999.
    """
    check_count("max_unpacked_bytes", max_unpacked_bytes)
    check_seconds("read_timeout", read_timeout)
    rules = Rules(select, ignore, warn, error)
    job = Job(rules, provider, name, endpoint, create, now, 0, max_enqueued_tokens)
    return keep_first_date_hint(
        job.errors(lambda: open_source(source, storage_options, max_unpacked_bytes, read_timeout))
    )


def _batch_endpoint(
    endpoint: str | None, create: Mapping[str, Any] | None, profile: Provider
) -> str | None:
    """Return the batch endpoint that the arguments name, or None.

    If the endpoint in `create` is not a batch endpoint, this is reported as a finding later.

    Raises:
        TypeError: `endpoint` is not a string, or `create` is not a mapping.
        ValueError: `endpoint` is not a batch endpoint, or differs from the one in `create`.
    """
    if create is not None and not isinstance(create, Mapping):
        raise TypeError(f"create must be a dict, not {type(create).__name__}")
    if endpoint is not None and not isinstance(endpoint, str):
        raise TypeError(f"endpoint must be a string, not {type(endpoint).__name__}")
    if endpoint is not None and profile.endpoint(endpoint) is None:
        owner = "" if profile.has_openai_models else f" of {profile.title}"
        raise ValueError(
            f"{endpoint!r} is not a batch endpoint{owner}; the batch endpoints are "
            f"{', '.join(profile.endpoints)}"
        )
    if create is None or "endpoint" not in create:
        return endpoint
    in_create = create["endpoint"]
    if endpoint is not None and in_create != endpoint:
        raise ValueError(f"endpoint is {endpoint!r}, but create['endpoint'] is {in_create!r}")
    return in_create if profile.endpoint(in_create) is not None else None


class Rules(NamedTuple):
    """The arguments that select the rules."""

    select: Iterable[str] | None = None
    ignore: Iterable[str] = ()
    warn: Iterable[str] = ()
    error: Iterable[str] = ()


class Job:
    """One check of one file, with the arguments of `check`.

    Attributes:
        plan: the settings that workers need.

    Raises:
        TypeError: an argument has the wrong type.
        ValueError: an argument has an invalid value.
    """

    def __init__(
        self,
        rules: Rules,
        provider: str = "openai",
        name: str | None = None,
        endpoint: str | None = None,
        create: Mapping[str, Any] | None = None,
        now: float | datetime | None = None,
        keep: int = DEFAULT_KEEP,
        max_enqueued_tokens: int | None = None,
    ) -> None:
        if name is not None and not isinstance(name, str):
            raise TypeError(f"name must be a string, not {type(name).__name__}")
        check_count("keep", keep)
        check_count("max_enqueued_tokens", max_enqueued_tokens)
        profile = providers.provider(provider)
        self._name = name
        self._endpoint = _batch_endpoint(endpoint, create, profile)
        self._create = create
        self.plan = Plan(
            select_rules(*rules, provider=profile),
            keep,
            epoch_seconds(now),
            max_enqueued_tokens,
            provider,
            None if profile.needs_url else self._endpoint,
        )
        self._checker = checker_for(provider, self.plan.selection)

    def summaries(
        self,
        source: Source,
        jobs: int | None = 1,
        executor: Executor | None = None,
        start: Start = "spawn",
    ) -> Iterator[ChunkSummary]:
        """Yield the summaries of consecutive chunks of a source, in order.

        If the source is not batch input, yield one summary that reports this.
        """
        foreign = self.foreign_summary(source)
        if foreign is not None:
            yield foreign
        else:
            yield from run(source, self.plan, jobs=jobs, executor=executor, start=start)

    def foreign_summary(self, source: Source) -> ChunkSummary | None:
        """Return a summary that reports why a source is not batch input. None if it may be.

        The summary contains the finding and the size of the source.
        """
        errors = self._checker.explain_head(source.head())
        if not errors:
            return None
        summary = ChunkSummary()

        def count_bytes() -> Iterator[bytes]:
            for chunk in source.chunks():
                summary.totals["bytes"] += len(chunk)
                yield chunk

        # Whether `fix` can convert the file depends on all of it, not only on its beginning.
        summary.foreign.absorb(_drop_impossible_fixes(errors, count_bytes()), 0)
        return summary

    def errors(self, opener: Callable[[], Source]) -> Iterator[BatchError]:
        """Yield the findings about the lines of a source, and then all other findings.

        Args:
            opener: a function that opens the source.
        """
        opened = opener()
        merged = ChunkSummary()
        for summary in self.summaries(opened):
            errors = summary.findings.errors[:]
            summary.findings.errors.clear()
            lines_before = merged.lines
            merged.absorb(summary)
            drops_fixes = lacks_objects(merged)
            for error in errors:
                yield (error._replace(fix=None) if drops_fixes else error).moved(lines_before)
        report = self.report(merged, opened)
        yield from sorted([*report.errors, *report.warnings])

    def report(self, summary: ChunkSummary, source: Source | None) -> Report:
        """Create the report.

        Args:
            summary: the summary of the whole source.
            source: the source. If None, some findings have no column.
        """
        extra: list[BatchError] = []
        if self._create is not None:
            endpoint = self._endpoint or next(iter(self._checker.provider.endpoints))
            params = {**_CREATE_DEFAULTS, "endpoint": endpoint, **self._create}
            extra = _create_errors(params, self.plan.selection, self.plan.provider)
        report = finish(
            summary,
            self.plan,
            name=self._name if self._name is not None or source is None else source.name,
            endpoint=self._endpoint,
            extra=extra,
            create=self._create,
        )
        return report if source is None else add_missing_columns(report, source)


def _drop_impossible_fixes(
    errors: Iterable[BatchError], chunks: Iterable[bytes]
) -> list[BatchError]:
    """Return the findings about a file's format. Drop their fixes if `fix` can't convert the file.

    Args:
        errors: the findings about the beginning of the file.
        chunks: the whole file. It is read to the end.
    """
    errors = [*errors]
    rules = [error.rule for error in errors if error.fix is not None]
    if rules:
        # Imported here because almost no file needs it.
        from ..json_documents import is_convertible

        if is_convertible(rules[0], chunks):
            return errors
    for _ in chunks:
        pass
    return [error._replace(fix=None) for error in errors]


def check_request(
    request: dict[str, Any],
    *,
    provider: str = "openai",
    select: Iterable[str] | None = None,
    ignore: Iterable[str] = (),
    warn: Iterable[str] = (),
    error: Iterable[str] = (),
) -> list[BatchError]:
    """Check one request as if it were a line in a file. Rules about the whole file don't run.

    Args:
        request: a dict with `custom_id`, `method`, `url` and `body`.
        provider: the service that the request is for, as for `check`.
        select: the rules to check, as for `check`.
        ignore: rules to skip.
        warn: rules to enable as warnings.
        error: rules to enable as errors.

    Returns:
        The findings, in the order of the API's checks. Their `line` is 1.

    Raises:
        TypeError: the request is not a dict, is nested too deeply, or contains a value that JSON
            can't represent. NaN and infinities are reported instead.
        ValueError: the provider or a rule is unknown, or no rule is selected.
    """
    if not isinstance(request, dict):
        raise TypeError(f"a request must be a dict, not {type(request).__name__}")
    profile = providers.provider(provider)
    selection = select_rules(select, ignore, warn, error, provider=profile)
    plan = Plan(selection, 0, epoch_seconds(None), None, provider)
    summary = check_chunk(to_json_bytes(request), plan)
    once_per_file = [error for _, error in summary.once_per_file.values()]
    return sorted([*summary.findings.errors, *once_per_file])


def check_create(
    params: dict[str, Any],
    *,
    provider: str = "openai",
    select: Iterable[str] | None = None,
    ignore: Iterable[str] = (),
    warn: Iterable[str] = (),
    error: Iterable[str] = (),
) -> list[BatchError]:
    """Check the parameters of a create call (`POST /v1/batches`).

    Args:
        params: a dict with `input_file_id`, `endpoint`, `completion_window`, and optionally
            `metadata` and `output_expires_after`.
        provider: the service that the call is for, as for `check`.
        select: the rules to check, as for `check`.
        ignore: rules to skip.
        warn: rules to enable as warnings.
        error: rules to enable as errors.

    Returns:
        The findings, in the order of the API's checks. Errors have `fails="create"`.

    Raises:
        TypeError: the parameters are not a dict, are nested too deeply or are circular, or contain
            a value that JSON can't represent, such as NaN.
        ValueError: the provider or a rule is unknown, or no rule is selected.
    """
    selection = select_rules(select, ignore, warn, error, provider=providers.provider(provider))
    return _create_errors(params, selection, provider)


def _create_errors(
    params: Mapping[str, Any], selection: Selection, provider: str
) -> list[BatchError]:
    if not isinstance(params, dict):
        raise TypeError(f"the parameters must be a dict, not {type(params).__name__}")
    try:
        decoded = orjson.loads(orjson.dumps(params))
    except TypeError:  # orjson also rejects lone surrogates and large integers.
        text = to_json_text(params, "a create call")
        decoded = with_fresh_stack(json.loads, text)
    if contains_nan_or_infinity(params):
        raise TypeError("a create call cannot be written as JSON: JSON has no NaN or Infinity")
    return checker_for(provider, selection).explain_create_call(decoded)
