"""`check_chunk` and `finish`: parts of one file, checked anywhere and joined with `merge`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from .engine.check import Job, Rules
from .engine.checker import checker_for
from .engine.chunk import Plan
from .engine.columns import ColumnChecker
from .findings import KEEP
from .report import Report
from .sources import LONGEST_HEAD, AnySource, BytesSource, open_source
from .summary import ChunkSummary, Foreign, merge


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
    keep: int = KEEP,
    max_enqueued_tokens: int | None = None,
) -> ChunkSummary:
    """Check a part of a file, in any process on any machine.

    `merge` joins the summaries of all parts, in the order of the file, and `finish` makes the
    report. The report equals that of `check` for the whole file.

    Args:
        data: whole lines. Each part but the last of the file must end with a newline.
        first: whether the part begins the file. A byte order mark and foreign formats are
            recognised only there. A foreign format is recognised only if the part is at least
            256 KiB long, or the whole file.
        provider: the service that the file is for, as for `check`.
        endpoint: the URL of the batch endpoint. Only needed for a provider whose lines have no URL.
        select: the rules or API codes to check for, as for `check`.
        ignore: rules or codes to skip.
        warn: rules or codes to enable as warnings.
        error: rules or codes to enable as errors.
        keep: the maximum number of findings to keep per rule. 0 means no limit.
        max_enqueued_tokens: as for `check`; here it matters only whether it is given.

    Returns:
        The summary, which can be pickled.

    Raises:
        TypeError: an argument has the wrong type.
        ValueError: a rule is unknown, or a number is negative.
    """
    if not isinstance(data, bytes | bytearray | memoryview):
        raise TypeError(f"a part must be bytes, not {type(data).__name__}")
    rules = Rules(select, ignore, warn, error)
    plan = Job(rules, provider, None, endpoint, None, 0, keep, max_enqueued_tokens).plan
    lines = bytes(data)
    if first and (foreign := _explain_head(lines, plan)):
        summary = ChunkSummary(foreign=foreign)
        summary.totals["bytes"] = len(lines)
        return summary
    check = ColumnChecker()
    chunks = enumerate(BytesSource(lines).chunks())
    return merge((check(chunk, plan, first and not number) for number, chunk in chunks), keep)


def _explain_head(lines: bytes, plan: Plan) -> Foreign:
    return Foreign(checker_for(plan.provider, plan.selection).explain_head(lines[:LONGEST_HEAD]))


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
    keep: int = KEEP,
    create: Mapping[str, Any] | None = None,
    max_enqueued_tokens: int | None = None,
    storage_options: Mapping[str, Any] | None = None,
) -> Report:
    """Make the report of a file whose parts were checked with `check_chunk`.

    The rules about the whole file run here, such as the one about repeated custom_ids.

    Args:
        summary: what `merge` returns for the summaries of all parts.
        source: the file, which is read again for the columns of findings that compare lines, such
            as a repeated custom_id, if there are any. Without it, their `column` is None.
        provider: the service that the file is for, as in `check_chunk`.
        name: the file's name, if there is no source or it has none. It must end in `.jsonl`.
        endpoint: the URL of the batch endpoint, as for `check`.
        select: the rules or API codes to check for. This and the next three arguments must be
            those of `check_chunk`.
        ignore: rules or codes to skip.
        warn: rules or codes to enable as warnings.
        error: rules or codes to enable as errors.
        now: the time of the check, as for `check`.
        keep: the maximum number of findings to keep per rule, as in `check_chunk` and `merge`.
        create: the parameters of the create call, without `input_file_id`, to check with the file.
        max_enqueued_tokens: warn if the prompts have more tokens than this, by a rough estimate.
        storage_options: for a URL as the source, the arguments of its fsspec filesystem.

    Returns:
        The report.

    Raises:
        OSError: the source cannot be found.
        TypeError: an argument has the wrong type.
        ValueError: as for `check`.
    """
    rules = Rules(select, ignore, warn, error)
    job = Job(rules, provider, name, endpoint, create, now, keep, max_enqueued_tokens)
    again = None if source is None else open_source(source, storage_options)
    return job.report(summary, again)
