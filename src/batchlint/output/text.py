"""The format `text`: for people."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from ..findings import BatchError, FindingKey, Safety
from ..locate import Place
from ..phrasing import escape
from ..report import Report
from . import Options, Style
from .locate import locate_all
from .result import FileResult
from .sample import omitted, sample, shown_report
from .wording import by_effect, effect, fixable, label, place, requests, summary_of_all, verdict

#: The length of an excerpt in characters, and the maximum before the place.
_EXCERPT = 60
_BEFORE = 24

#: What marks a finding that `batchlint fix` can repair.
_MARKS: Final[Mapping[Safety | None, str]] = {
    "safe": " [*]",
    "unsafe": " [* unsafe]",
    None: "",
}


def render(files: Iterable[FileResult], options: Options) -> Iterator[str]:
    """Each finding on one line with its hint below, and a summary of each file and of all files."""
    outcomes: list[bool | None] = []
    counts = Counter[FindingKey]()
    for file in files:
        outcomes.append(file.ok)
        if file.report is not None:
            report = shown_report(file.report, options)
            yield from _file(file, report, options)
            counts.update(report.counts)
    if len(outcomes) > 1 and not options.quiet:
        color = "green" if all(outcomes) else "red"
        yield options.style(summary_of_all(outcomes), fg=color, bold=True) + "\n"
    if options.statistics:
        yield from _statistics(counts, options.style)


def _file(file: FileResult, report: Report, options: Options) -> Iterator[str]:
    style = options.style
    printed = sample(report, options.max_errors)
    source = file.stored if options.show_source else None
    for error, at in locate_all(source, sorted(printed)):
        yield _finding(file.path, error, style)
        if at is not None:
            yield _excerpt(at, style)
    if rest := omitted(report, printed):
        kept = len(report.errors) + len(report.warnings)
        more = "; `--max-errors 0` prints more" if len(printed) < kept else ""
        yield style(f"... and {rest}{more}", dim=True) + "\n"
    if options.quiet:
        return
    if report.hint is not None:
        yield style(f"hint: {escape(report.hint)}", dim=True) + "\n"
    if report.fixable:
        yield style(fixable(report), dim=True) + "\n"
    fails = options.strict and report.ok and bool(report.counts)
    color = "red" if fails or not report.ok else "green"
    outcome = verdict(report) + (" (fails: --strict)" if fails else "")
    name = style(escape(file.path), bold=True)
    yield f"{name}: {requests(report)}, {style(outcome, fg=color, bold=True)}\n"


def _finding(path: str, error: BatchError, style: Style) -> str:
    where = style(place(path, error.line, error.column), bold=True)
    color = "yellow" if error.severity == "warning" else "red"
    level = style("warning: ", fg=color) if error.severity == "warning" else ""
    hint = "" if error.hint is None else f"    {style(error.hint, dim=True)}\n"
    rule = "" if error.rule == error.code else style(f" [{error.rule}]", dim=True)
    fix = _MARKS[None if error.fix is None else error.fix.safety]
    mark = style(fix, fg="cyan") if fix else ""
    return f"{where}: {level}{style(label(error), fg=color)}: {error.message}{rule}{mark}\n{hint}"


def _excerpt(at: Place, style: Style) -> str:
    """A part of the line, and a caret under the place."""
    first = max(0, min(at.start - _BEFORE, len(at.text) - _EXCERPT))
    last = min(len(at.text), first + _EXCERPT)
    shown = [_visible(character) for character in at.text[first:last]]
    if first:
        shown[:3] = "..."
    if last < len(at.text):
        shown[-3:] = "..."
    before = sum(map(_width, shown[: at.start - first]))
    return f"    {''.join(shown)}\n    {' ' * before}{style('^', fg='green', bold=True)}\n"


def _visible(character: str) -> str:
    return character if character.isprintable() and escape(character) == character else "?"


def _width(character: str) -> int:
    """The columns of a terminal that a character takes."""
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _statistics(counts: Counter[FindingKey], style: Style) -> Iterator[str]:
    """One row per rule: the number of findings, and what they do."""
    width = max((len(f"{count:,}") for count in counts.values()), default=1)
    names = max((len(rule) for rule, _, _ in counts), default=1)
    for key, count in by_effect(counts):
        color = "yellow" if key.severity == "warning" else "red"
        rule = style(f"{key.rule:{names}}", fg=color)
        yield f"{count:>{width},}  {rule}  {effect(key, count)}\n"
