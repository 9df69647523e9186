"""What the API has been seen to answer, request lines that it takes, and lines with one defect each."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from support import FIXTURES, inputs, rows

from batchlint import check, check_create, check_request

ANSWERS = [row for path in inputs("answers") for row in rows(path)]
ACCEPTED = [row for row in ANSWERS if row["status"] == 200]
REFUSED = [row for row in ANSWERS if row["status"] != 200 and row["kind"] == "schema"]

#: Answers that only the API can give: this one counts tokens.
BEYOND = {"misc-006"}

CASES = inputs("cases/valid")
MUTANTS = rows(FIXTURES / "cases" / "mutants_expected.jsonl")


def by_id(row: dict[str, Any]) -> str:
    return str(row["id"])


def as_request(row: dict[str, Any]) -> dict[str, Any]:
    """The recorded body as a line of a batch."""
    return {"custom_id": row["id"], "method": "POST", "url": row["endpoint"], "body": row["body"]}


def test_there_are_cases() -> None:
    assert len(ACCEPTED) > 40
    assert len(REFUSED) > 190
    assert len(CASES) > 20
    assert len(MUTANTS) > 450


@pytest.mark.parametrize("row", ACCEPTED, ids=by_id)
def test_what_the_api_took_brings_no_error(row: dict[str, Any]) -> None:
    assert [error for error in check_request(as_request(row)) if error.severity == "error"] == []


@pytest.mark.parametrize("row", [row for row in REFUSED if row["id"] not in BEYOND], ids=by_id)
def test_the_first_finding_is_the_answer_of_the_api(row: dict[str, Any]) -> None:
    """Code, param and message, as far as each was observed; where the API gives no code, ours is the rule's name.

    A body without a model never comes that far in a batch: the batch stage misses it before, in words of its own.
    """
    first = next(error for error in check_request(as_request(row)) if error.severity == "error")
    if "model" not in row["body"]:
        assert (first.code, first.param, first.fails) == ("invalid_request", "body.model", "batch")
        return
    code = None if first.code == first.rule and row["code"] is None else first.code
    param = None if first.param is None else first.param.removeprefix("body.")
    unobserved = row.get("unobserved", ())
    given = {"code": code, "param": param, "message": first.message}

    assert {key: value for key, value in given.items() if key not in unobserved} == {
        key: row[key] for key in given if key not in unobserved}


@pytest.mark.parametrize("path", [p for p in CASES if p.name.startswith(("valid", "constructed"))], ids=lambda p: p.name)
def test_documented_requests_bring_no_error(path: Path) -> None:
    """Each line is a valid request; the models differ between lines, and one has been shut down since."""
    report = check(path, ignore=["mismatched_model", "model_shutdown"])

    assert report.errors == ()
    assert report.total == len(rows(path))


@pytest.mark.parametrize("params", rows(FIXTURES / "cases" / "valid" / "create_batch_requests.jsonl"), ids=json.dumps)
def test_documented_create_calls_bring_no_error(params: dict[str, Any]) -> None:
    assert check_create(params) == []


def test_lines_with_a_defect_bring_an_error_on_their_line() -> None:
    """At least 97 of 100 defects that a schema can see are found, each on its own line."""
    path = FIXTURES / "cases" / "mutants.jsonl"
    wrong = {error.line for error in check(path, keep=0, ignore=["mismatched_model", "mismatched_url"]).errors}
    expected = {row["line"]: row for row in MUTANTS if row["category"] == "schema"}
    missed = [(row["custom_id"], row["detail"]) for line, row in expected.items() if line not in wrong]

    assert len(missed) <= 0.03 * len(expected), missed
