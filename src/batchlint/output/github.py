"""The `github` format: workflow commands, which become annotations, and a step summary."""

from __future__ import annotations

import html
import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

from ..findings import BatchError, FindingKey, count_by_severity
from ..phrasing import escape
from . import Options
from .paths import from_root
from .result import FileResult
from .sample import describe_omitted, report_to_print, sample
from .wording import (
    by_effect,
    effect,
    effects,
    format_location,
    label,
    pluralize,
    summary,
    summary_of_all,
)

#: The maximum number of rows per table in the summary.
_MAX_ROWS: Final = 100


def render(files: Iterable[FileResult], options: Options) -> Iterator[str]:
    """Yield commands for findings, the number of omitted findings, and one sentence per file.

    GitHub shows only the first few annotations, so these are about different rules.
    """
    for file in files:
        if file.report is None:
            text = escape(f"The file could not be read: {file.error}")
            yield _command("error", file, None, None, "batchlint", text)
            continue
        report = report_to_print(file.report, options)
        printed = sample(report, options.max_errors)
        for error in printed:
            yield _finding(file, error)
        if rest := describe_omitted(report, printed):
            yield _plain(f"{file.path}: {rest}")
        if not options.quiet:
            yield _plain(f"{file.path}: {summary(file.report)}")


def _finding(file: FileResult, error: BatchError) -> str:
    """Return the command for a finding."""
    text = f"{label(error)}: {error.message}" + (f"\n{error.hint}" if error.hint else "")
    return _command(
        error.severity, file, error.line, error.column, f"batchlint ({error.rule})", text
    )


def _command(
    level: str, file: FileResult, line: int | None, column: int | None, title: str, text: str
) -> str:
    path = from_root(file.source) if file.source is not None else None
    if path is None:  # With a path, GitHub shows the location.
        text = f"{format_location(file.path, line, column)}: {text}"
    values = {"title": title, "file": path, "line": line, "col": column}
    properties = ",".join(
        f"{key}={_escape_command(str(value), ':,')}"
        for key, value in values.items()
        if value is not None
    )
    return f"::{level} {properties}::{_escape_command(text)}\n"


def _escape_command(text: str, more: str = "") -> str:
    """Escape a string for the runner and for its display. Properties need more escapes."""
    for character in ("%", "\r", "\n", *more):
        text = text.replace(character, f"%{ord(character):02X}")
    return escape(text)


def _plain(text: str) -> str:
    """Return a line that the runner never treats as a command, whatever the file name."""
    return "batchlint: " + escape(text).replace("##[", "## [") + "\n"


def append_summary(files: Sequence[FileResult]) -> None:
    """Append to the step summary, if the runner named a file for it.

    Raises:
        OSError: the summary can't be written.
    """
    path = os.environ.get("GITHUB_STEP_SUMMARY")
    if path:
        with Path(path).open(
            "a", encoding="utf-8", errors="backslashreplace", newline="\n"
        ) as file:
            file.write(step_summary(files))


def step_summary(files: Sequence[FileResult]) -> str:
    """Return the totals by file and by rule, in Markdown. Annotations show only some findings."""
    counts = Counter[FindingKey]()
    for file in files:
        if file.report is not None:
            counts.update(file.report.counts)
    lines = ["### batchlint", "", summary_of_all([file.ok for file in files]), ""]
    lines += _table(
        "File",
        "Requests",
        "Errors",
        "Warnings",
        "Effect",
        ":--|--:|--:|--:|:--",
        rows=map(_file_row, files),
    )
    if counts:
        rows = (
            [_code(key.rule), f"{count:,}", effect(key, count)] for key, count in by_effect(counts)
        )
        lines += ["", *_table("Rule", "Findings", "Effect", ":--|--:|:--", rows=rows)]
    return "\n".join(lines) + "\n\n"


def _file_row(file: FileResult) -> list[str]:
    if file.report is None:
        return [_code(file.path), "", "", "", f"could not be read: {_literal(file.error or '')}"]
    return [
        _code(file.path),
        f"{file.report.total:,}",
        *(f"{number:,}" for number in count_by_severity(file.report.counts)),
        effects(file.report),
    ]


def _table(*head: str, rows: Iterable[list[str]]) -> Iterator[str]:
    *titles, alignment = head
    yield f"| {' | '.join(titles)} |"
    yield f"|{alignment}|"
    omitted_rows = 0
    for number, row in enumerate(rows):
        if number < _MAX_ROWS:
            yield f"| {' | '.join(row)} |"
        else:
            omitted_rows += 1
    if omitted_rows:
        yield f"| {pluralize(omitted_rows, 'more row')}{' |' * len(titles)}"


def _code(text: str) -> str:
    return f"<code>{_literal(text)}</code>"


def _literal(text: str) -> str:
    """Escape a string so that Markdown shows it unchanged, even in a table."""
    return re.sub(
        r"[^\w\s./-]|_",
        lambda match: f"&#{ord(match[0])};" if match[0].isascii() else html.escape(match[0]),
        escape(text),
    )
