"""`Report`: its attributes, its output forms, and the API's response."""

from __future__ import annotations

import dataclasses
import json
import pickle

import pytest

from batchlint import BatchError, Report, check
from batchlint.providers import schema_date
from reports import make_report
from support import FIXTURES, NOW, line, request

INVALID = FIXTURES / "invalid" / "invalid_type.jsonl"


def test_report_has_the_properties_of_the_file() -> None:
    report = check(
        [
            request("a", model="text"),
            b"\n",
            request("b", model="text", input=["x", "y"]),
            request("c", model=7),
        ]
    )

    assert not report.ok
    assert report.endpoint == "/v1/embeddings"
    assert report.models == ("text",)
    assert report.embedding_inputs == 4
    assert (report.total, report.failed) == (3, 1)
    assert report.request_counts == {"total": 3, "failed": 1}
    assert report.now == NOW
    assert check([request("a")]).ok


def test_report_with_only_warnings_is_ok() -> None:
    report = check([request("a") | {"more": 1}])

    assert report.ok
    assert report.failed == 0
    assert [error.severity for error in report.warnings] == ["warning"]


def test_report_is_truthy_if_it_has_no_errors() -> None:
    assert bool(check(line())) is True
    assert bool(check(line() + b"\n")) is True
    assert bool(check(INVALID)) is False


def test_report_is_frozen() -> None:
    report = check(line())

    assert not hasattr(report, "__len__")
    with pytest.raises(AttributeError):
        report.total = 7  # type: ignore[misc]
    assert dataclasses.replace(report, total=7).total == 7


def test_report_counts_findings_that_were_not_kept() -> None:
    report = check(line(bogus=1) * 3, keep=1, ignore=["duplicate_custom_id"])

    assert len(report.errors) == 1
    assert sum(report.counts.values()) == 3
    assert report.truncated == {"unknown_parameter": 2}


def test_report_is_not_ok_if_an_error_was_counted_but_not_kept() -> None:
    report = make_report(BatchError("r", "r", 1, "A sentence."))

    assert not dataclasses.replace(report, errors=()).ok


# -- forms ----------------------------------------------------------------------------------------


def test_report_can_be_printed() -> None:
    assert str(check(line())) == "requests: 1 request, 0 errors, 0 warnings"
    assert str(check(line() + b"\n")) == "requests: 1 request, 0 errors, 1 warning"


def test_findings_can_be_printed() -> None:
    report = check(line(dimensions="x") + line("b", bogus=1), name="x.jsonl")
    first, second = map(str, report.errors)

    assert str(report) == "x.jsonl: 2 requests, 2 errors, 0 warnings"
    assert first == (
        "line 1: invalid_type body.dimensions: Invalid type for 'dimensions': "
        "expected an integer, but got a string instead."
    )
    assert second.startswith(
        "line 2: unknown_parameter body.bogus: Unknown parameter: 'bogus'. (batchlint's "
        f"schemas date from {schema_date()}."
    )


def test_dictionary_has_the_fields_in_the_documented_order() -> None:
    document = check(INVALID).to_dict()

    assert list(document) == [
        "path",
        "ok",
        "provider",
        "endpoint",
        "models",
        "bytes",
        "request_counts",
        "embedding_inputs",
        "truncated",
        "hint",
        "fixable",
        "errors",
        "warnings",
    ]
    assert list(document["errors"]["data"][0]) == [
        "code",
        "line",
        "message",
        "param",
        "rule",
        "pointer",
        "custom_id",
        "severity",
        "fails",
        "hint",
        "column",
        "fix",
    ]
    assert json.loads(json.dumps(document)) == document


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_reports_and_findings_can_be_pickled(protocol: int) -> None:
    report = check(INVALID, warn=["blank_line"])
    again: Report = pickle.loads(pickle.dumps(report, protocol))

    assert again == report
    assert again.to_dict() == report.to_dict()
    assert sorted(again.errors) == list(report.errors)


# -- the Batch object -----------------------------------------------------------------------------


def test_failed_batch_lists_errors_about_the_file_and_the_first_of_each_line() -> None:
    def error(rule: str, line: int | None, message: str, fails: str = "batch") -> BatchError:
        return BatchError(rule, rule, line, message, fails=fails)  # type: ignore[arg-type]

    report = make_report(
        error("too_many_requests", None, "requests"),
        error("too_many_embedding_inputs", None, "inputs"),
        error("invalid_url", 2, "first"),
        error("invalid_method", 2, "second"),
        error("invalid_type", 3, "answered", fails="request"),
        error("invalid_url", 4, "third"),
    )
    batch = report.to_batch()

    assert batch["status"] == "failed"
    assert [(row["line"], row["message"]) for row in batch["errors"]["data"]] == [
        (None, "requests"),
        (None, "inputs"),
        (2, "first"),
        (4, "third"),
    ]


def test_batch_of_a_valid_file_is_validating() -> None:
    batch = check(line("a"), create={"metadata": {"team": "docs"}}).to_batch()

    assert batch["status"] == "validating"
    assert batch["errors"] is None
    assert batch["endpoint"] == "/v1/embeddings"
    assert batch["model"] == "m"
    assert batch["metadata"] == {"team": "docs"}
    assert batch["created_at"] == NOW


def test_rejected_upload_becomes_an_api_error_object() -> None:
    assert check(line("a"), name="x.txt").to_batch() == {
        "error": {
            "message": "Invalid file format for Batch API. Must be .jsonl",
            "type": "invalid_request_error",
            "param": None,
            "code": None,
        }
    }


def test_rows_are_flat_and_have_the_same_keys() -> None:
    rows = check(FIXTURES / "sample_batch.jsonl").rows()

    assert [row["line"] for row in rows] == sorted(row["line"] for row in rows)
    assert {tuple(row) for row in rows} == {tuple(rows[0])}
    assert {type(value) for row in rows for value in row.values()} == {str, int, type(None)}
    assert {row["fix"] for row in rows} == {"safe", "unsafe", None}
    assert check(line()).rows() == []
