"""The format for people."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator

from ..findings import BatchError, FindingKey
from ..phrasing import escape
from ..report import Report
from . import Options, Style
from .locate import Place, locate_all
from .result import FileResult
from .sample import omitted, sample
from .wording import by_effect, effect, label, place, requests, summary_of_all, verdict

#: How many characters of a line are shown, and how many of them may stand before the place.
_EXCERPT = 60
_BEFORE = 24


def render(files: Iterable[FileResult], options: Options) -> Iterator[str]:
    """Each finding on a line, its hint below it; a summary of each file, and of all if there are several."""
    fine: list[bool | None] = []
    counts = Counter[FindingKey]()
    for file in files:
        fine.append(file.ok)
        if file.report is not None:
            yield from _file(file, file.report, options)
            counts.update(file.report.counts)
    if len(fine) > 1:
        color = "green" if all(fine) else "red"
        yield options.style(summary_of_all(fine), fg=color, bold=True) + "\n"
    if options.statistics:
        yield from _statistics(counts, options.style)


def _file(file: FileResult, report: Report, options: Options) -> Iterator[str]:
    style = options.style
    printed = sample(report, options.max_errors)
    for error, found in locate_all(file.source, sorted(printed)):
        yield _finding(file.path, error, found, style)
        if options.show_source and found is not None:
            yield _excerpt(found, style)
    if rest := omitted(report, printed):
        kept = len(report.errors) + len(report.warnings)
        more = "; `--max-errors 0` prints more" if len(printed) < kept else ""
        yield style(f"... and {rest}{more}", dim=True) + "\n"
    fails = options.strict and report.ok and bool(report.counts)
    color = "red" if fails or not report.ok else "green"
    told = verdict(report) + (" (fails: --strict)" if fails else "")
    name = style(escape(file.path), bold=True)
    yield f"{name}: {requests(report)}, {style(told, fg=color, bold=True)}\n"


def _finding(path: str, error: BatchError, found: Place | None, style: Style) -> str:
    where = style(place(path, error.line, found and found.column), bold=True)
    color = "yellow" if error.severity == "warning" else "red"
    level = style("warning: ", fg=color) if error.severity == "warning" else ""
    hint = "" if error.hint is None else f"    {style(error.hint, dim=True)}\n"
    rule = (
        "" if error.rule == error.code else style(f" [{error.rule}]", dim=True)
    )  # its name, where the code is not it
    return f"{where}: {level}{style(label(error), fg=color)}: {error.message}{rule}\n{hint}"


def _excerpt(found: Place, style: Style) -> str:
    """A part of the line, and a caret under the place."""
    first = max(0, min(found.start - _BEFORE, len(found.text) - _EXCERPT))
    last = min(len(found.text), first + _EXCERPT)
    shown = [character if character.isprintable() else "?" for character in found.text[first:last]]
    if first:
        shown[:3] = "..."
    if last < len(found.text):
        shown[-3:] = "..."
    before = sum(map(_width, shown[: found.start - first]))
    return f"    {''.join(shown)}\n    {' ' * before}{style('^', fg='green', bold=True)}\n"


def _width(character: str) -> int:
    """How many columns of a terminal a character takes."""
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _statistics(counts: Counter[FindingKey], style: Style) -> Iterator[str]:
    """A row for each rule: how many findings, and what they do."""
    width = max((len(f"{count:,}") for count in counts.values()), default=1)
    names = max((len(rule) for rule, _, _ in counts), default=1)
    for kind, count in by_effect(counts):
        rule, severity, _ = kind
        color = "yellow" if severity == "warning" else "red"
        yield f"{count:>{width},}  {style(f'{rule:{names}}', fg=color)}  {effect(kind, count)}\n"
