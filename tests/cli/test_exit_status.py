"""The exit status that follows from the results of a check."""

from __future__ import annotations

import pytest

from batchlint import Report
from batchlint.cli.check import exit_status
from batchlint.findings import FindingKey
from batchlint.output.result import FileResult
from reports import make_finding, make_report

CLEAN = FileResult("clean", make_report())
ERRORS = FileResult("errors", make_report(make_finding()))
WARNING = make_finding(severity="warning", fails=None)
WARNINGS = FileResult(
    "warnings",
    Report(
        path=None,
        endpoint=None,
        models=(),
        bytes=0,
        total=1,
        failed=0,
        embedding_inputs=0,
        errors=(),
        warnings=(WARNING,),
        counts={FindingKey("invalid_value", "warning", None): 1},
        now=0,
    ),
)
UNREADABLE = FileResult("unreadable", error="No such file or directory")


@pytest.mark.parametrize(
    ("results", "status", "strict_status"),
    [
        pytest.param([], 0, 0, id="no files"),
        pytest.param([CLEAN], 0, 0, id="clean"),
        pytest.param([WARNINGS], 0, 1, id="warnings"),
        pytest.param([ERRORS], 1, 1, id="errors"),
        pytest.param([CLEAN, ERRORS], 1, 1, id="errors in the last file"),
        pytest.param([ERRORS, CLEAN], 1, 1, id="errors in the first file"),
        pytest.param([CLEAN, WARNINGS], 0, 1, id="warnings in the last file"),
        pytest.param([UNREADABLE], 2, 2, id="unreadable"),
        pytest.param([ERRORS, UNREADABLE], 2, 2, id="errors, then unreadable"),
        pytest.param([UNREADABLE, CLEAN], 2, 2, id="unreadable, then clean"),
    ],
)
def test_exit_status_reflects_the_worst_result(
    results: list[FileResult], status: int, strict_status: int
) -> None:
    assert exit_status(results, strict=False) == status
    assert exit_status(results, strict=True) == strict_status
