"""Which findings of a file are printed, and what is said of the others."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from itertools import chain, zip_longest

from ..findings import BatchError, by_rule
from ..report import Report
from .wording import counted

#: Of so many rules it is said how many more findings they have.
_RULES = 10


def sample(report: Report, most: int) -> list[BatchError]:
    """So many findings, or all that are kept: the first of each kind, then the second of each, and so on.

    Args:
        report: of the file.
        most: how many; 0 is all that are kept.
    """
    found = [*report.errors, *report.warnings]
    if not most:
        return found
    kinds: dict[tuple[str, str], list[BatchError]] = {}
    for error in found:
        kinds.setdefault((error.rule, re.sub(r"\[\d+\]", "[]", error.param or "")), []).append(
            error
        )
    rounds = zip_longest(*kinds.values())
    return [error for error in chain.from_iterable(rounds) if error is not None][:most]


def omitted(report: Report, printed: list[BatchError]) -> str:
    """For each rule how many findings are not printed, and on which lines they are; empty if all are printed."""
    return "; ".join(_omitted(report, printed))


def _omitted(report: Report, printed: list[BatchError]) -> Iterator[str]:
    left = Counter(by_rule(report.counts))
    left.subtract(Counter(error.rule for error in printed))
    hidden = [(rule, count) for rule, count in left.items() if count > 0]
    seen = {id(error) for error in printed}
    truncated = report.truncated
    for rule, count in hidden[:_RULES]:
        kept = [error for error in (*report.errors, *report.warnings) if error.rule == rule]
        lines = [error.line for error in kept if id(error) not in seen and error.line]
        if rule in truncated:
            lines = [*lines, *(error.line for error in kept[-1:] if error.line)][:1]
        yield f"{count:,} more of {rule}{_where(lines, rule in truncated)}"
    if hidden[_RULES:]:
        count = sum(count for _, count in hidden[_RULES:])
        yield f"{count:,} more of {counted(len(hidden) - _RULES, 'other rule')}"


def _where(lines: list[int], endless: bool) -> str:
    """The lines, in order; endless ones have more than is known."""
    if not lines:
        return ""
    if endless:
        return f", from line {lines[0]} on"
    return f", line {lines[0]}" if lines[0] == lines[-1] else f", lines {lines[0]}-{lines[-1]}"
