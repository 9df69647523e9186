"""Fills in the columns of findings while their lines are in memory."""

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
    """Check whole lines like `check_chunk`, and fill in the columns of all kept findings."""
    return ColumnChecker()(chunk, plan, first)


class ColumnChecker:
    """Checks consecutive chunks in order, like `check_chunk`.

    It fills in columns only for findings that are kept when the summaries are merged, because
    locating a finding takes longer than the check.
    """

    def __init__(self) -> None:
        self._kept: Counter[str] = Counter()
        self._once: set[Any] = set()

    def __call__(self, chunk: bytes, plan: Plan, first: bool = False) -> ChunkSummary:
        """Check whole lines. The arguments are those of `check_chunk`."""
        summary = check_chunk(chunk, plan, first)
        once = self._new_once(summary.once_per_file)
        wanted = [*self._new(summary.findings.errors, plan.keep), *once.values()]
        if wanted:
            columns = _find_columns(wanted, BytesIO(chunk), first=first)
            summary.findings.errors[:] = _with_columns(summary.findings.errors, columns)
            for key, error in zip(once, _with_columns(once.values(), columns), strict=True):
                count, _ = summary.once_per_file[key]
                summary.once_per_file[key] = (count, error)
        return summary

    def _new_once(self, occurrences: Occurrences) -> dict[Any, BatchError]:
        """Return the findings of rules that are reported once per file, except those already found."""
        new = {key: error for key, (_, error) in occurrences.items() if key not in self._once}
        self._once.update(new)
        return new

    def _new(self, errors: Iterable[BatchError], keep: int) -> Iterator[BatchError]:
        """Yield the findings to keep after those of earlier chunks."""
        for error in errors:
            if not keep or self._kept[error.rule] < keep:
                self._kept[error.rule] += 1
                yield error


def add_missing_columns(report: Report, source: Source) -> Report:
    """Read a source again for the columns of findings about the file as a whole.

    Args:
        report: the report.
        source: the source of its lines, which were already read.
    """
    wanted = [e for e in (*report.errors, *report.warnings) if e.line and e.column is None]
    if not wanted or not source.is_text:
        return report
    columns: dict[int, int] = {}
    with suppress(OSError):  # The file has changed, so columns would be wrong.
        lines = (line for chunk in source.again() for line in BytesIO(chunk))
        columns = _find_columns(wanted, lines, first=True)
    return replace(
        report,
        errors=tuple(_with_columns(report.errors, columns)),
        warnings=tuple(_with_columns(report.warnings, columns)),
    )


def _find_columns(
    errors: Iterable[BatchError], lines: Iterable[bytes], *, first: bool
) -> dict[int, int]:
    """Return the columns of findings, by `id(finding)`. Columns that are not found are left out.

    Args:
        errors: findings about lines.
        lines: the lines, starting with line 1.
        first: whether they begin the file, where a byte order mark may be.
    """
    columns = {}
    numbered = enumerate(lines, 1)
    in_order = sorted(errors, key=lambda error: error.line or 0)
    for number, group in groupby(in_order, key=lambda error: error.line):
        line = next((line for at, line in numbered if at == number), None)
        if line is None:
            break
        of_line = list(group)
        places = find_all(line, of_line, first=first and number == 1)
        for error, place in zip(of_line, places, strict=True):
            if place is not None:
                columns[id(error)] = place.column
    return columns


def _with_columns(errors: Iterable[BatchError], columns: dict[int, int]) -> list[BatchError]:
    """Return the findings with their columns, where these were found."""
    return [
        error._replace(column=columns[id(error)]) if id(error) in columns else error
        for error in errors
    ]
