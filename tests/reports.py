"""Reports made by hand, for the tests of the formats."""

from __future__ import annotations

from typing import Any

from batchlint.findings import BatchError
from batchlint.report import Report


def a_report(*errors: BatchError) -> Report:
    """A report with these findings."""
    counts = {(error.rule, error.severity, error.fails): errors.count(error) for error in errors}
    return Report(None, None, (), 0, 1, 1, 0, errors, (), counts, 0)


def a_finding(**members: Any) -> BatchError:
    """A finding, but for the members that are given."""
    given: dict[str, Any] = {"rule": "invalid_value", "code": "c", "line": 1, "message": "m", "fails": "request"}
    return BatchError(**given | members)
