"""Wording for findings and files, shared by several formats."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from ..findings import BatchError, Effect, FindingKey, count_by_severity
from ..phrasing import escape
from ..report import Report

#: The effect of one finding and of several. Errors without an effect were enabled with `--error`.
_EFFECTS: Final[Mapping[Effect | None, tuple[str, str]]] = {
    "upload": ("fails the upload", "fail the upload"),
    "create": ("fails the create call", "fail the create call"),
    "batch": ("fails the whole batch", "fail the whole batch"),
    "request": ("fails its request", "fail their requests"),
    None: ("is promoted to an error", "are promoted to errors"),
}

#: The API's reaction to input that breaks a rule.
EFFECT_OF_RULE: Final[Mapping[Effect | None, str]] = {
    "upload": "rejects the upload",
    "create": "rejects the create call",
    "batch": "fails the whole batch",
    "request": "rejects the request",
    None: "may accept such input",
}


def pluralize(number: int, noun: str) -> str:
    """Return a number and a noun, such as `1 error` or `2,000 errors`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def by_effect(counts: Mapping[FindingKey, int]) -> list[tuple[FindingKey, int]]:
    """Sort counts by effect (worst first), then by frequency."""
    order = [*_EFFECTS]
    return sorted(
        counts.items(), key=lambda item: (item[0][1], order.index(item[0][2]), -item[1], item[0][0])
    )


def effect(key: FindingKey, number: int) -> str:
    """Return the effect of findings as a verb phrase, singular or plural."""
    if key.severity == "error":
        return _EFFECTS[key.fails][number > 1]
    return "warn" if number > 1 else "warns"


def format_location(path: str, line: int | None, column: int | None) -> str:
    """Return `file:line:column`, without the line and column if these are unknown."""
    return ":".join(str(part) for part in (escape(path), line, column) if part is not None)


def label(error: BatchError) -> str:
    """Return the code and the param of a finding."""
    return error.code if error.param is None else f"{error.code} {_shorten(error.param)}"


def _shorten(param: str) -> str:
    return param if len(param) <= 120 else param[:80] + "..." + param[-37:]


def effects(report: Report) -> str:
    """Return the errors by effect, such as `1 fails the upload, 2 fail their requests`."""
    parts = []
    for fails in _EFFECTS:
        number = sum(
            count
            for key, count in report.counts.items()
            if key.severity == "error" and key.fails == fails
        )
        if number:
            parts.append(f"{number:,} {_EFFECTS[fails][number > 1]}")
    return ", ".join(parts)


def requests(report: Report) -> str:
    """Return the number of requests and their endpoint."""
    return pluralize(report.total, "request") + (
        f" to {report.endpoint}" if report.endpoint else ""
    )


def verdict(report: Report) -> str:
    """Return the number of findings and their effects."""
    errors, warnings = count_by_severity(report.counts)
    tail = f", {pluralize(warnings, 'warning')}" if warnings else ""
    failed_requests = (
        f"; {pluralize(report.failed, 'request')} {'has' if report.failed == 1 else 'have'} errors"
    )
    details = effects(report) + (failed_requests if 0 < report.failed < errors else "")
    return (f"{pluralize(errors, 'error')} ({details})" if errors else "no errors") + tail


def fixable(report: Report) -> str:
    """Return the number of findings that `batchlint fix` can repair. Empty if there are none."""
    safe = report.fixable.get("safe", 0)
    unsafe = report.fixable.get("unsafe", 0)
    if not safe:
        return f"[* unsafe] {unsafe:,} fixable with `batchlint fix --unsafe`" if unsafe else ""
    more = f" ({unsafe:,} more with `--unsafe`)" if unsafe else ""
    return f"[*] {safe:,} fixable with `batchlint fix`{more}"


def summary(report: Report) -> str:
    """Describe a file in one sentence."""
    return f"{requests(report)}, {verdict(report)}"


def summary_of_all(outcomes: Sequence[bool | None]) -> str:
    """Describe all files in one sentence.

    Args:
        outcomes: whether each file has no errors. None if it could not be read.
    """
    counts = (
        (outcomes.count(False), "with errors"),
        (outcomes.count(None), "could not be read"),
    )
    parts = [f"{number:,} {phrase}" for number, phrase in counts if number]
    return f"{pluralize(len(outcomes), 'file')}, {', '.join(parts) or 'no errors'}"
