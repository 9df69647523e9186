"""Recorded API responses, documented requests, and requests with one defect each."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from batchlint import check, check_create, check_request
from support import FIXTURES, fixture_files, rows

ANSWERS = [row for path in fixture_files("answers") for row in rows(path)]
ACCEPTED = [row for row in ANSWERS if row["status"] == 200]
REJECTED = [row for row in ANSWERS if row["status"] != 200 and row["kind"] == "schema"]

#: Responses that only the API can give. `misc-006` depends on the number of tokens.
SERVER_ONLY = {"misc-006"}

CASES = fixture_files("cases/valid")
MUTANTS = rows(FIXTURES / "cases" / "mutants_expected.jsonl")


def by_id(row: dict[str, Any]) -> str:
    return str(row["id"])


def as_request(row: dict[str, Any]) -> dict[str, Any]:
    """Return a recorded body as a batch request."""
    return {
        "custom_id": row["id"],
        "method": "POST",
        "url": row["endpoint"],
        "body": row["body"],
    }


def test_recorded_answers_have_at_least_the_expected_number_of_rows() -> None:
    assert len(ACCEPTED) > 40
    assert len(REJECTED) > 190
    assert len(CASES) > 20
    assert len(MUTANTS) > 450


@pytest.mark.parametrize("row", ACCEPTED, ids=by_id)
def test_accepted_body_has_no_errors(row: dict[str, Any]) -> None:
    errors = [error for error in check_request(as_request(row)) if error.severity == "error"]

    assert errors == []


@pytest.mark.parametrize(
    "row", [row for row in REJECTED if row["id"] not in SERVER_ONLY], ids=by_id
)
def test_first_error_matches_the_recorded_response(row: dict[str, Any]) -> None:
    """The code, param and message are compared if they were observed.

    If the response has no code, batchlint uses the rule's name. A batch rejects a body without a model
    earlier than the endpoint does, with another message.
    """
    first = next(error for error in check_request(as_request(row)) if error.severity == "error")
    if "model" not in row["body"]:
        expected = ("invalid_request", "body.model", "batch")
        assert (first.code, first.param, first.fails) == expected
        return
    code = None if first.code == first.rule and row["code"] is None else first.code
    param = None if first.param is None else first.param.removeprefix("body.")
    unobserved = row.get("unobserved", ())
    answer = {"code": code, "param": param, "message": first.message}
    observed = [key for key in answer if key not in unobserved]

    assert {key: answer[key] for key in observed} == {key: row[key] for key in observed}


@pytest.mark.parametrize(
    "path",
    [path for path in CASES if path.name.startswith(("valid", "constructed"))],
    ids=lambda path: path.name,
)
def test_documented_or_constructed_requests_have_no_errors(path: Path) -> None:
    """The files contain several models, one of which has since been shut down."""
    report = check(path, ignore=["mismatched_model", "model_shutdown"])

    assert report.errors == ()
    assert report.total == len(rows(path))


@pytest.mark.parametrize(
    "params", rows(FIXTURES / "cases" / "valid" / "create_batch_requests.jsonl"), ids=json.dumps
)
def test_documented_create_calls_have_no_errors(params: dict[str, Any]) -> None:
    assert check_create(params) == []


def test_at_least_97_percent_of_schema_defects_are_found_on_their_lines() -> None:
    """Only defects that a schema can detect are counted."""
    path = FIXTURES / "cases" / "mutants.jsonl"
    report = check(path, keep=0, ignore=["mismatched_model", "mismatched_url"])
    lines_with_errors = {error.line for error in report.errors}
    expected = {row["line"]: row for row in MUTANTS if row["category"] == "schema"}
    missed = [
        (row["custom_id"], row["detail"])
        for line, row in expected.items()
        if line not in lines_with_errors
    ]

    assert len(missed) <= 0.03 * len(expected), missed
