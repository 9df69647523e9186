"""The format for GitHub Actions: workflow commands that become annotations, and a summary in Markdown."""

from __future__ import annotations

import html
import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from ..findings import BatchError, FindingKey, by_severity
from . import Options
from .locate import locate_all
from .paths import from_root
from .result import FileResult
from .sample import omitted, sample
from .wording import by_effect, counted, effect, effects, label, place, summary, summary_of_all

#: A summary has at most so many files, and so many rules.
_ROWS = 100


def render(files: Iterable[FileResult], options: Options) -> Iterator[str]:
    """A command for each finding, those of different kinds first, for few are shown; a sentence about each file."""
    for file in files:
        if file.report is None:
            yield _command("error", file, None, None, "batchlint", f"{file.path}: {file.error}")
            continue
        printed = sample(file.report, options.max_errors)
        columns = {
            id(error): found and found.column
            for error, found in locate_all(file.source, sorted(printed))
        }
        for error in printed:
            yield _finding(file, error, columns[id(error)])
        if rest := omitted(file.report, printed):
            yield _plain(f"{file.path}: {rest}")
        yield _plain(f"{file.path}: {summary(file.report)}")


def _finding(file: FileResult, error: BatchError, column: int | None) -> str:
    text = f"{place(file.path, error.line, column)}: {label(error)}: {error.message}"
    hint = f"\n{error.hint}" if error.hint else ""
    return _command(
        error.severity, file, error.line, column, f"batchlint ({error.rule})", text + hint
    )


def _command(
    level: str, file: FileResult, line: int | None, column: int | None, title: str, text: str
) -> str:
    path = from_root(file.source) if file.source is not None else None
    values = {"title": title, "file": path, "line": line, "col": column}
    properties = ",".join(
        f"{key}={_escaped(str(value), ':,')}" for key, value in values.items() if value is not None
    )
    return f"::{level} {properties}::{_escaped(text)}\n"


def _escaped(text: str, more: str = "") -> str:
    """The text as the runner reads it back; in properties some characters more are escaped."""
    for character in ("%", "\r", "\n", *more):
        text = text.replace(character, f"%{ord(character):02X}")
    return text


def _plain(text: str) -> str:
    """A line that is no command to the runner, whatever a file is called."""
    return "batchlint: " + text.replace("\r", " ").replace("\n", " ").replace("##[", "## [") + "\n"


def append_summary(files: Sequence[FileResult]) -> None:
    """Append to the summary of the step, if the runner named a file for it.

    Raises:
        OSError: it cannot be written.
    """
    path = os.environ.get("GITHUB_STEP_SUMMARY")
    if path:
        with Path(path).open(
            "a", encoding="utf-8", errors="backslashreplace", newline="\n"
        ) as file:
            file.write(step_summary(files))


def step_summary(files: Sequence[FileResult]) -> str:
    """What the summary of the step says, in Markdown: the totals by file and by rule, of which annotations show a few."""
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
            [_code(kind[0]), f"{count:,}", effect(kind, count)] for kind, count in by_effect(counts)
        )
        lines += ["", *_table("Rule", "Findings", "Effect", ":--|--:|:--", rows=rows)]
    return "\n".join(lines) + "\n\n"


def _file_row(file: FileResult) -> list[str]:
    if file.report is None:
        return [_code(file.path), "", "", "", f"could not be read: {_literal(file.error or '')}"]
    return [
        _code(file.path),
        f"{file.report.total:,}",
        *(f"{number:,}" for number in by_severity(file.report.counts)),
        effects(file.report),
    ]


def _table(*head: str, rows: Iterable[list[str]]) -> Iterator[str]:
    *titles, alignment = head
    yield f"| {' | '.join(titles)} |"
    yield f"|{alignment}|"
    left = 0
    for number, row in enumerate(rows):
        if number < _ROWS:
            yield f"| {' | '.join(row)} |"
        else:
            left += 1
    if left:
        yield f"| {counted(left, 'more row')}{' |' * len(titles)}"


def _code(text: str) -> str:
    return f"<code>{_literal(text)}</code>"


def _literal(text: str) -> str:
    """The text as Markdown shows it unchanged, in a cell of a table too."""
    return re.sub(
        r"[^\w\s./-]|_",
        lambda match: f"&#{ord(match[0])};" if match[0].isascii() else html.escape(match[0]),
        text,
    )
