"""Choose which findings of a file to print and count the others."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from itertools import chain, zip_longest
from typing import Final

from ..findings import BatchError, count_by_rule
from ..report import Report
from . import Options
from .wording import pluralize

#: The maximum number of rules whose omitted findings are counted separately.
_MAX_RULES: Final = 10


def report_to_print(report: Report, options: Options) -> Report:
    """Return the report to print. With `--quiet`, it has no warnings, unless they fail the run."""
    if not options.quiet or options.strict:
        return report
    counts = {key: count for key, count in report.counts.items() if key.severity == "error"}
    return replace(report, warnings=(), counts=counts)


def sample(report: Report, limit: int) -> list[BatchError]:
    """Return some findings: the first of each rule and param, then the second, and so on.

    Args:
        report: the file's report.
        limit: the maximum number of findings. 0 means all kept findings.
    """
    findings = [*report.errors, *report.warnings]
    if not limit:
        return findings
    groups: dict[tuple[str, str], list[BatchError]] = {}
    for error in findings:
        param = re.sub(r"\[\d+\]", "[]", error.param or "")
        groups.setdefault((error.rule, param), []).append(error)
    rounds = zip_longest(*groups.values())
    return [error for error in chain.from_iterable(rounds) if error is not None][:limit]


def describe_omitted(report: Report, printed: list[BatchError]) -> str:
    """Return the number and the lines of omitted findings by rule. Empty if there are none."""
    return "; ".join(_omitted_by_rule(report, printed))


def _omitted_by_rule(report: Report, printed: list[BatchError]) -> Iterator[str]:
    remaining = Counter(count_by_rule(report.counts))
    remaining.subtract(Counter(error.rule for error in printed))
    hidden = [(rule, count) for rule, count in remaining.items() if count > 0]
    printed_ids = {id(error) for error in printed}
    truncated = report.truncated
    for rule, count in hidden[:_MAX_RULES]:
        kept = [error for error in (*report.errors, *report.warnings) if error.rule == rule]
        lines = [error.line for error in kept if id(error) not in printed_ids and error.line]
        if rule in truncated:
            lines = [*lines, *(error.line for error in kept[-1:] if error.line)][:1]
        yield f"{count:,} more of {rule}{_where(lines, rule in truncated)}"
    if hidden[_MAX_RULES:]:
        count = sum(count for _, count in hidden[_MAX_RULES:])
        yield f"{count:,} more of {pluralize(len(hidden) - _MAX_RULES, 'other rule')}"


def _where(lines: list[int], is_truncated: bool) -> str:
    """Return the lines as text. If findings were truncated, the last line is unknown."""
    if not lines:
        return ""
    if is_truncated:
        return f", from line {lines[0]} on"
    return f", line {lines[0]}" if lines[0] == lines[-1] else f", lines {lines[0]}-{lines[-1]}"
