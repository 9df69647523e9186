"""The `text` format, for people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from ..findings import BatchError, FindingKey, Safety
from ..locate import Location
from ..phrasing import escape
from ..report import Report
from . import Options
from .locate import locate_all
from .result import FileResult
from .sample import describe_omitted, report_to_print, sample
from .wording import (
    by_effect,
    effect,
    fixable,
    format_location,
    label,
    requests,
    summary_of_all,
    verdict,
)
from .wrapping import character_width, width_of, wrap

#: The maximum width of an excerpt, in columns.
_EXCERPT_WIDTH: Final = 60

#: The maximum number of columns before the finding in an excerpt of a long line.
_CONTEXT_WIDTH: Final = 24

#: The marks of findings that `batchlint fix` can repair.
_MARKS: Final[Mapping[Safety | None, str]] = {
    "safe": " [*]",
    "unsafe": " [* unsafe]",
    None: "",
}


def render(files: Iterable[FileResult], options: Options) -> Iterator[str]:
    """Yield each finding with its hint below, then a summary of each file and of all files."""
    outcomes: list[bool | None] = []
    counts = Counter[FindingKey]()
    for file in files:
        outcomes.append(file.ok)
        if file.report is not None:
            report = report_to_print(file.report, options)
            yield from _file(file, report, options)
            counts.update(report.counts)
    if len(outcomes) > 1 and not options.quiet:
        color = "green" if all(outcomes) else "red"
        text = options.style(summary_of_all(outcomes), fg=color, bold=True)
        yield wrap(text, options.width) + "\n"
    if options.statistics:
        yield from _statistics(counts, options)


def _file(file: FileResult, report: Report, options: Options) -> Iterator[str]:
    style = options.style
    printed = sample(report, options.max_errors)
    source = file.stored if options.show_source else None
    for error, location in locate_all(source, sorted(printed)):
        yield _finding(file.path, error, options)
        if location is not None:
            yield _excerpt(location, options)
    if rest := describe_omitted(report, printed):
        kept = len(report.errors) + len(report.warnings)
        more = "; `--max-errors 0` prints all" if len(printed) < kept else ""
        yield wrap(style(f"... and {rest}{more}", dim=True), options.width) + "\n"
    if options.quiet:
        return
    if report.hint is not None:
        yield wrap(style(f"hint: {escape(report.hint)}", dim=True), options.width) + "\n"
    if report.fixable:
        yield wrap(style(fixable(report), dim=True), options.width) + "\n"
    is_strict_failure = options.strict and report.ok and bool(report.counts)
    color = "red" if is_strict_failure or not report.ok else "green"
    outcome = verdict(report) + (" (fails: --strict)" if is_strict_failure else "")
    name = style(escape(file.path), bold=True)
    text = f"{name}: {requests(report)}, {style(outcome, fg=color, bold=True)}"
    yield wrap(text, options.width) + "\n"


def _finding(path: str, error: BatchError, options: Options) -> str:
    """Return the finding on one line and its hint on the next. On a terminal, both are wrapped."""
    style = options.style
    where = style(format_location(path, error.line, error.column), bold=True)
    color = "yellow" if error.severity == "warning" else "red"
    level = style("warning: ", fg=color) if error.severity == "warning" else ""
    rule = "" if error.rule == error.code else style(f" [{error.rule}]", dim=True)
    fix = _MARKS[None if error.fix is None else error.fix.safety]
    mark = style(fix, fg="cyan") if fix else ""
    text = f"{where}: {level}{style(label(error), fg=color)}: {error.message}{rule}{mark}"
    lines = [wrap(text, options.width, 2)]
    if error.hint is not None:
        lines.append(f"    {wrap(style(error.hint, dim=True), options.width, 4, 4)}")
    return "\n".join(lines) + "\n"


def _excerpt(location: Location, options: Options) -> str:
    """Return a part of the line, with a caret under the finding."""
    room = _EXCERPT_WIDTH
    if options.width is not None:
        room = min(room, options.width - 4)
    text = location.text
    first = last = location.start
    columns = 0

    def grow(limit: int) -> None:
        """Add characters at the end, up to `limit` columns."""
        nonlocal last, columns
        while last < len(text) and last - first < limit:
            columns += character_width(text[last])
            if columns > limit:
                columns -= character_width(text[last])
                break
            last += 1

    grow(room - _CONTEXT_WIDTH)
    while first and last - first < room and columns + character_width(text[first - 1]) <= room:
        first -= 1
        columns += character_width(text[first])
    grow(room)
    excerpt = [_printable(character) for character in text[first:last]]
    if first:
        excerpt[:3] = "..."
    if last < len(text):
        excerpt[-3:] = "..."
    before = width_of("".join(excerpt[: location.start - first]))
    caret = options.style("^", fg="green", bold=True)
    return f"    {''.join(excerpt)}\n    {' ' * before}{caret}\n"


def _printable(character: str) -> str:
    return character if character.isprintable() and escape(character) == character else "?"


def _statistics(counts: Counter[FindingKey], options: Options) -> Iterator[str]:
    """Yield one row per rule, with the number of findings and their effect."""
    width = max((len(f"{count:,}") for count in counts.values()), default=1)
    names = max((len(rule) for rule, _, _ in counts), default=1)
    for key, count in by_effect(counts):
        color = "yellow" if key.severity == "warning" else "red"
        rule = options.style(f"{key.rule:{names}}", fg=color)
        yield wrap(f"{count:>{width},}  {rule}  {effect(key, count)}", options.width) + "\n"
