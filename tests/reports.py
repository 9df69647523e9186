"""Builds reports and findings for the output format tests."""

from __future__ import annotations

from collections import Counter
from typing import Any

from batchlint.findings import BatchError
from batchlint.report import Report


def make_report(*errors: BatchError) -> Report:
    """Return a report with these findings."""
    return Report(
        path=None,
        endpoint=None,
        models=(),
        bytes=0,
        total=1,
        failed=1,
        embedding_inputs=0,
        errors=errors,
        warnings=(),
        counts=Counter(error.key for error in errors),
        now=0,
    )


def make_finding(**fields: Any) -> BatchError:
    """Return a finding with these fields, and defaults for the others."""
    defaults: dict[str, Any] = {
        "rule": "invalid_value",
        "code": "c",
        "line": 1,
        "message": "m",
        "fails": "request",
    }
    return BatchError(**defaults | fields)
