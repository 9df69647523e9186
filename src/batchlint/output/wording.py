"""The sentences that formats share: about a finding, a file, and all files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from ..findings import BatchError, Effect, FindingKey, by_severity
from ..phrasing import escape
from ..report import Report

_EFFECTS: dict[
    Effect | None, tuple[str, str]
] = {  # one, several; None is what only a choice of rules makes an error
    "upload": ("fails the upload", "fail the upload"),
    "create": ("fails the create call", "fail the create call"),
    "batch": ("fails the whole batch", "fail the whole batch"),
    "request": ("fails its request", "fail their requests"),
    None: ("is an error by choice", "are errors by choice"),
}


#: What the API does about a problem of a rule.
EFFECT_OF_RULE: Final[Mapping[Effect | None, str]] = {
    "upload": "refuses the upload",
    "create": "refuses the batch",
    "batch": "fails the whole batch",
    "request": "refuses the request",
    None: "is not known to object",
}


def counted(number: int, noun: str) -> str:
    """`1 error`, `2,000 errors`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def by_effect(counts: Mapping[FindingKey, int]) -> list[tuple[FindingKey, int]]:
    """What was counted, the worst first and of what does the same the most frequent."""
    order = [*_EFFECTS]
    return sorted(
        counts.items(), key=lambda item: (item[0][1], order.index(item[0][2]), -item[1], item[0][0])
    )


def effect(kind: FindingKey, number: int) -> str:
    """What so many findings of a kind do."""
    _, severity, fails = kind
    return _EFFECTS[fails][number > 1] if severity == "error" else "warn" if number > 1 else "warns"


def place(path: str, line: int | None, column: int | None) -> str:
    """`file:line:column`, of which the last two may be unknown."""
    return ":".join(str(part) for part in (escape(path), line, column) if part is not None)


def label(error: BatchError) -> str:
    """The code and the param of a finding."""
    return error.code if error.param is None else f"{error.code} {_cut(error.param)}"


def _cut(param: str) -> str:
    return param if len(param) <= 120 else param[:80] + "..." + param[-37:]


def effects(report: Report) -> str:
    """`1 fails the upload, 2 fail their requests`; empty if there are no errors."""
    told = []
    for fails in _EFFECTS:
        number = sum(
            count
            for (_, severity, does), count in report.counts.items()
            if severity == "error" and does == fails
        )
        if number:
            told.append(f"{number:,} {_EFFECTS[fails][number > 1]}")
    return ", ".join(told)


def requests(report: Report) -> str:
    """How many requests there are, and to which endpoint."""
    return counted(report.total, "request") + (f" to {report.endpoint}" if report.endpoint else "")


def verdict(report: Report) -> str:
    """How many findings there are, and what would become of the requests."""
    errors, warnings = by_severity(report.counts)
    tail = f", {counted(warnings, 'warning')}" if warnings else ""
    wrong = (
        f"; {counted(report.failed, 'request')} {'has' if report.failed == 1 else 'have'} errors"
    )
    told = effects(report) + (wrong if 0 < report.failed < errors else "")
    return (f"{counted(errors, 'error')} ({told})" if errors else "no errors") + tail


def summary(report: Report) -> str:
    """A file in a sentence."""
    return f"{requests(report)}, {verdict(report)}"


def summary_of_all(fine: Sequence[bool | None]) -> str:
    """All files in a sentence, of each of which it is known whether it is in order; None is one that could not be read."""
    told = [
        f"{number:,} {what}"
        for number, what in (
            (fine.count(False), "with errors"),
            (fine.count(None), "could not be read"),
        )
        if number
    ]
    return f"{counted(len(fine), 'file')}, {', '.join(told) or 'all in order'}"
