"""`check_chunk` and `finish`: check the parts of one file separately and join the results."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from .engine.check import Job, Rules
from .engine.columns import ColumnChecker
from .findings import DEFAULT_KEEP
from .report import Report
from .sources import AnySource, BytesSource, open_source
from .summary import ChunkSummary, merge


def check_chunk(
    data: bytes,
    *,
    first: bool = False,
    provider: str = "openai",
    endpoint: str | None = None,
    select: Iterable[str] | None = None,
    ignore: Iterable[str] = (),
    warn: Iterable[str] = (),
    error: Iterable[str] = (),
    keep: int = DEFAULT_KEEP,
    max_enqueued_tokens: int | None = None,
) -> ChunkSummary:
    """Check part of a file. The parts of a file can be checked on different machines.

    Pass the summaries of all parts to `merge`, in file order, and the result to
    `finish`. The report equals that of `check` for the whole file.

    Args:
        data: whole lines. Every part except the last must end with a newline, so only the last part
            may be empty.
        first: whether this is the first part of the file. batchlint looks for a byte order mark and
            for other file formats only in the first part. To recognize another format, it needs at
            least 256 KiB, or the whole file. A finding about another format has a fix only if the
            part can be converted by itself.
        provider: the service that the file is for, as for `check`.
        endpoint: the URL of the batch endpoint. Needed only if the provider's lines have no URL.
        select: the rules to check, as for `check`.
        ignore: rules to skip.
        warn: rules to enable as warnings.
        error: rules to enable as errors.
        keep: the maximum number of findings to keep per rule. 0 means no limit.
        max_enqueued_tokens: if it is set, the size of the prompts is measured for `finish`. The
            value itself doesn't matter here.

    Returns:
        The summary. It can be pickled.

    Raises:
        TypeError: an argument has the wrong type.
        ValueError: the provider, the endpoint or a rule is unknown, no rule is selected, or a
            number is negative.
    """
    if not isinstance(data, bytes | bytearray | memoryview):
        raise TypeError(f"a part must be bytes, not {type(data).__name__}")
    rules = Rules(select, ignore, warn, error)
    job = Job(rules, provider, None, endpoint, None, 0, keep, max_enqueued_tokens)
    source = BytesSource(bytes(data))
    if first and (foreign := job.foreign_summary(source)) is not None:
        return foreign
    check = ColumnChecker()
    chunks = enumerate(source.chunks())
    return merge((check(chunk, job.plan, first and not number) for number, chunk in chunks), keep)


def finish(
    summary: ChunkSummary,
    *,
    source: AnySource | None = None,
    provider: str = "openai",
    name: str | None = None,
    endpoint: str | None = None,
    select: Iterable[str] | None = None,
    ignore: Iterable[str] = (),
    warn: Iterable[str] = (),
    error: Iterable[str] = (),
    now: float | datetime | None = None,
    keep: int = DEFAULT_KEEP,
    create: Mapping[str, Any] | None = None,
    max_enqueued_tokens: int | None = None,
    storage_options: Mapping[str, Any] | None = None,
) -> Report:
    """Create the report of a file from the merged summary of its parts.

    This function runs the rules about the whole file, such as the one about duplicate custom_ids.

    Args:
        summary: the result of `merge` for all parts.
        source: the file. It is read again to find the columns of findings from rules that compare
            lines, such as duplicate custom_ids. Without it, the `column` of these findings is
            None.
        provider: the service that the file is for. It must be the one given to `check_chunk`.
        name: the name of the file. Default: the name of the source, if it has one. A name that
            doesn't end in `.jsonl` is reported.
        endpoint: the URL of the batch endpoint, as for `check`.
        select: the rules to check. This argument and the next three must have the values given to
            `check_chunk`.
        ignore: rules to skip.
        warn: rules to enable as warnings.
        error: rules to enable as errors.
        now: the time of the check, as for `check`.
        keep: the maximum number of findings to keep per rule. It must be the value given to
            `check_chunk` and `merge`.
        create: the parameters of the create call, without `input_file_id`. They are checked
            together with the file.
        max_enqueued_tokens: warn if the prompts have more than about this many tokens. Has an
            effect only if it was also given to `check_chunk`.
        storage_options: if the source is a URL, the arguments of its fsspec filesystem.

    Returns:
        The report.

    Raises:
        OSError: the source can't be opened.
        TypeError: an argument has the wrong type.
        ValueError: as for `check`.
    """
    if not isinstance(summary, ChunkSummary):
        raise TypeError(f"summary must be a ChunkSummary, not {type(summary).__name__}")
    rules = Rules(select, ignore, warn, error)
    job = Job(rules, provider, name, endpoint, create, now, keep, max_enqueued_tokens)
    opened = None if source is None else open_source(source, storage_options)
    return job.report(summary, opened)
