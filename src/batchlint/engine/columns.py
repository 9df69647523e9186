"""Fills in the columns of findings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from io import BytesIO
from itertools import groupby
from typing import Any

from ..findings import BatchError
from ..locate import find_all
from ..report import Report
from ..sources import Source
from ..summary import ChunkSummary, Occurrences
from .chunk import Plan, check_chunk


def check_with_columns(chunk: bytes, plan: Plan, first: bool = False) -> ChunkSummary:
    """Check whole lines like `check_chunk`, and fill in the columns of findings."""
    return ColumnChecker()(chunk, plan, first)


class ColumnChecker:
    """Checks consecutive chunks like `check_chunk`, and fills in the columns of findings.

    Only findings that `merge` will keep get a column, because locating a finding takes longer than
    checking its line.
    """

    def __init__(self) -> None:
        self._kept: Counter[str] = Counter()  # the number of kept findings, by rule
        self._seen: set[Any] = set()  # the keys of earlier findings that are reported once per file

    def __call__(self, chunk: bytes, plan: Plan, first: bool = False) -> ChunkSummary:
        """Check whole lines. The arguments are those of `check_chunk`."""
        summary = check_chunk(chunk, plan, first)
        new = self._first_occurrences(summary.once_per_file)
        kept = [*self._findings_to_keep(summary.findings.errors, plan.keep), *new.values()]
        if kept:
            columns = _find_columns(kept, BytesIO(chunk), first=first)
            summary.findings.errors[:] = _with_columns(summary.findings.errors, columns)
            for key, error in zip(new, _with_columns(new.values(), columns), strict=True):
                count, _ = summary.once_per_file[key]
                summary.once_per_file[key] = (count, error)
        return summary

    def _first_occurrences(self, occurrences: Occurrences) -> dict[Any, BatchError]:
        """Return the findings whose keys no earlier chunk had, by key."""
        new = {key: error for key, (_, error) in occurrences.items() if key not in self._seen}
        self._seen.update(new)
        return new

    def _findings_to_keep(self, errors: Iterable[BatchError], keep: int) -> Iterator[BatchError]:
        """Yield the first `keep` findings of each rule, counting those in earlier chunks."""
        for error in errors:
            if not keep or self._kept[error.rule] < keep:
                self._kept[error.rule] += 1
                yield error


def add_missing_columns(report: Report, source: Source) -> Report:
    """Return a report in which the findings of rules that compare lines have columns, too.

    The source is read again to find these columns. If it can't be read, they stay None.

    Args:
        report: the report.
        source: the source that the report is about. It has already been read once.
    """
    missing = [e for e in (*report.errors, *report.warnings) if e.line and e.column is None]
    if not missing or not source.is_text:
        return report
    columns: dict[int, int] = {}
    with suppress(OSError):  # If the file has changed, the columns would be wrong.
        lines = (line for chunk in source.reread() for line in BytesIO(chunk))
        columns = _find_columns(missing, lines, first=True)
    return replace(
        report,
        errors=tuple(_with_columns(report.errors, columns)),
        warnings=tuple(_with_columns(report.warnings, columns)),
    )


def _find_columns(
    errors: Iterable[BatchError], lines: Iterable[bytes], *, first: bool
) -> dict[int, int]:
    """Return the columns of findings, by `id(finding)`. Findings without a location are omitted.

    Args:
        errors: findings about lines.
        lines: the lines, starting with line 1.
        first: whether line 1 is the first line of the file, which may start with a byte order mark.
    """
    columns = {}
    numbered_lines = enumerate(lines, 1)
    by_line = sorted(errors, key=lambda error: error.line or 0)
    for number, group in groupby(by_line, key=lambda error: error.line):
        line = next((line for line_number, line in numbered_lines if line_number == number), None)
        if line is None:
            break
        line_errors = list(group)
        locations = find_all(line, line_errors, first=first and number == 1)
        for error, location in zip(line_errors, locations, strict=True):
            if location is not None:
                columns[id(error)] = location.column
    return columns


def _with_columns(errors: Iterable[BatchError], columns: dict[int, int]) -> list[BatchError]:
    """Return the findings, with the columns that `_find_columns` found."""
    return [
        error._replace(column=columns[id(error)]) if id(error) in columns else error
        for error in errors
    ]
