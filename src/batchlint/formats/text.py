"""The format for people."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ..findings import BatchError, Fails
from ..grammar import clean
from ..report import Report
from .checked import Checked

_EFFECTS: dict[Fails, tuple[str, str]] = {  # one, several
    "upload": ("fails the upload", "fail the upload"),
    "create": ("fails the create call", "fail the create call"),
    "batch": ("fails the whole batch", "fail the whole batch"),
    "request": ("fails a single request", "fail single requests"),
}


def text(files: Iterable[Checked], most: int) -> Iterator[str]:
    """Each finding on a line, its hint below it; a summary of each file, and of all if there are several."""
    seen: list[Checked] = []
    for file in files:
        seen.append(file)
        if file.report is not None:
            yield from _findings(file.path, file.report, most)
            yield f"{clean(file.path)}: {_summary(file.report)}\n"
    if len(seen) > 1:
        bad = sum(file.report is None or not file.report.ok for file in seen)
        yield f"{len(seen):,} files, {f'{bad:,} not in order' if bad else 'all in order'}\n"


def _findings(path: str, report: Report, most: int) -> Iterator[str]:
    shown = sorted([*report.errors, *report.warnings])
    for error in shown[:most] if most else shown:
        yield _finding(path, error)
    total = sum(report.counts.values())
    printed = min(most or len(shown), len(shown))
    if total > printed:
        hidden = "" if printed < len(shown) else f"; of one rule {max(1, printed):,} are kept"
        advice = "; `--max-errors 0` prints more" if printed < len(shown) else hidden
        yield f"... and {total - printed:,} more{advice}\n"


def _finding(path: str, error: BatchError) -> str:
    place = clean(path) if error.line is None else f"{clean(path)}:{error.line}"
    level = "warning: " if error.severity == "warning" else ""
    param = "" if error.param is None else f" {_cut(error.param)}"
    hint = "" if error.hint is None else f"    {error.hint}\n"
    return f"{place}: {level}{error.code}{param}: {error.message}\n{hint}"


def _cut(param: str) -> str:
    return param if len(param) <= 120 else param[:80] + "..." + param[-37:]


def _summary(report: Report) -> str:
    """How many requests there are, and what would become of them."""
    effects: dict[Fails, int] = {}
    warnings = 0
    for (_, severity, fails), count in report.counts.items():
        if severity == "warning" or fails is None:
            warnings += count
        else:
            effects[fails] = effects.get(fails, 0) + count
    requests = _count(report.total, "request")
    if report.endpoint:
        requests += f" to {report.endpoint}"
    errors = sum(effects.values())
    tail = f", {_count(warnings, 'warning')}" if warnings else ""
    if not errors:
        return f"{requests}, no errors{tail}"
    told = [f"{effects[fails]:,} {_EFFECTS[fails][effects[fails] > 1]}" for fails in _EFFECTS if fails in effects]
    return f"{requests}, {_count(errors, 'error')} ({', '.join(told)}){tail}"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
