"""The `junit` format, read with a parser for JUnit reports."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st
from junitparser import Error, Failure, JUnitXml, TestSuite

from batchlint.output.result import FileResult
from output.samples import CLEAN, MISSING, MIXED, render
from reports import make_finding, make_report


def test_junit_report_has_a_suite_per_file_and_correct_totals(
    render_samples: Callable[[str], str],
) -> None:
    parsed = JUnitXml.fromstring(render_samples("junit").encode())
    suites: dict[str | None, TestSuite] = {suite.name: suite for suite in parsed}
    results = {
        name: [type(result) for case in suite for result in case.result]
        for name, suite in suites.items()
    }

    assert list(suites) == [MIXED, CLEAN, MISSING]
    assert set(results[MIXED]) == {Failure}
    assert suites[MIXED].failures == len(results[MIXED])
    assert suites[MIXED].tests == len(list(suites[MIXED]))
    assert [(case.name, case.is_passed) for case in suites[CLEAN]] == [("no errors", True)]
    assert results[MISSING] == [Error]
    assert suites[MISSING].errors == 1
    totals = parsed.tests, parsed.failures, parsed.errors, parsed.skipped
    parsed.update_statistics()  # type: ignore[no-untyped-call]  # junitparser doesn't annotate it
    assert (parsed.tests, parsed.failures, parsed.errors, parsed.skipped) == totals


@given(st.text())
def test_junit_report_is_readable_with_any_message(text: str) -> None:
    report = make_report(make_finding(message=text, hint=text, param=text or None))
    parsed = JUnitXml.fromstring(render("junit", FileResult("x", report)).encode())

    assert parsed.failures == 1
