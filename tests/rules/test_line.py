"""The rules of `rules/line.py`, about the fields next to the body."""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest

from batchlint import BatchError, check, check_request
from batchlint.findings import Problem
from batchlint.providers import provider
from batchlint.rules import RULES
from batchlint.rules.line import misnamed_fields
from batchlint.rules.registry import Line
from rules.helpers import each
from support import count_calls, request


def run(rule: str, line: dict[str, Any]) -> list[Problem]:
    """Run a line rule on a decoded line, and return the problems."""
    openai = provider()
    return [*RULES[rule].check(Line(line, openai, openai.endpoint(line.get("url"))))]


def without(field: str) -> dict[str, Any]:
    return {name: value for name, value in request().items() if name != field}


def only(line: dict[str, Any]) -> BatchError:
    """Return the only finding about a line."""
    [error] = check_request(line)
    return error


# -- rules that the schema states -----------------------------------------------------------------


class MissingField(NamedTuple):
    name: str
    text: str | None


@each(
    [
        MissingField(
            "custom_id", "Give each request a unique ID, so that you can find its result."
        ),
        MissingField("method", 'Add "method": "POST".'),
        MissingField("url", 'Add the endpoint, for example "url": "/v1/responses".'),
        MissingField("body", 'Put the parameters of the request into "body".'),
    ]
)
def test_missing_field_is_reported(case: MissingField) -> None:
    error = only(without(case.name))

    assert (error.rule, error.code) == ("missing_line_member", "missing_required_parameter")
    assert (error.param, error.pointer, error.fails) == (case.name, f"/{case.name}", "batch")
    assert error.message == f"Missing required parameter: '{case.name}'."
    assert error.hint == case.text


class WrongValue(NamedTuple):
    name: str
    field: str
    value: Any
    rule: str


@each(
    [
        WrongValue("integer as custom_id", "custom_id", 17, "invalid_custom_id"),
        WrongValue("null as custom_id", "custom_id", None, "invalid_custom_id"),
        WrongValue("GET", "method", "GET", "invalid_method"),
        WrongValue("lower case", "method", "post", "invalid_method"),
        WrongValue("method of a wrong type", "method", 1, "invalid_method"),
        WrongValue("unknown url", "url", "/v1/nope", "invalid_url"),
        WrongValue("url with a slash at the end", "url", "/v1/embeddings/", "invalid_url"),
        WrongValue("url of a wrong type", "url", ["/v1/embeddings"], "invalid_url"),
        WrongValue("string as body", "body", "{}", "invalid_body"),
        WrongValue("array as body", "body", [], "invalid_body"),
    ]
)
def test_wrong_value_is_reported(case: WrongValue) -> None:
    error = only(request() | {case.field: case.value})

    assert (error.rule, error.code) == (case.rule, case.rule)
    assert (error.param, error.pointer, error.fails) == (case.field, f"/{case.field}", "batch")


def test_valid_line_passes() -> None:
    assert check_request(request()) == []


class IntendedUrl(NamedTuple):
    name: str
    suggestion: str | None


@each(
    [
        IntendedUrl("/chat/completions", "/v1/chat/completions"),
        IntendedUrl("https://api.openai.com/v1/embeddings", "/v1/embeddings"),
        IntendedUrl("/v1/embeddings/", "/v1/embeddings"),
        IntendedUrl("/v1/embedding", "/v1/embeddings"),
        IntendedUrl("chat/completions", "/v1/chat/completions"),
        IntendedUrl("/v1/chat/completion", "/v1/chat/completions"),
        IntendedUrl("/v1/audio/speech", None),
        IntendedUrl("nonsense", None),
    ]
)
def test_hint_suggests_the_intended_url(case: IntendedUrl) -> None:
    hint = only(request() | {"url": case.name}).hint or ""

    assert f"'{case.name}'" in hint
    if case.suggestion is None:
        assert "Did you mean" not in hint
    else:
        assert f"Did you mean {case.suggestion}?" in hint


@pytest.mark.parametrize(
    ("url", "quoted"), [(None, "null"), (17, "17"), (True, "true"), ({"a": 1}, '{"a":1}')]
)
def test_url_that_is_not_a_string_is_quoted_as_json(url: object, quoted: str) -> None:
    hint = only(request() | {"url": url}).hint

    assert hint == f"{quoted} is not a batch endpoint. The body was skipped."


def test_body_is_not_checked_under_an_invalid_url() -> None:
    assert only(request(bogus=1) | {"url": "/v1/nope"}).rule == "invalid_url"


def test_hint_explains_a_body_that_is_a_string() -> None:
    assert "string" in (only(request() | {"body": "{}"}).hint or "")
    assert only(request() | {"body": []}).hint is None


# -- fields with a wrong name ---------------------------------------------------------------------


def test_work_for_misnamed_fields_is_limited() -> None:
    row = {f"k{number}": 1 for number in range(100_000)}

    assert count_calls(misnamed_fields, row, ["custom_id", "method", "url", "body"]) < 20_000


@pytest.mark.parametrize(
    ("misspelled", "correct"),
    [
        ("id", "custom_id"),
        ("customId", "custom_id"),
        ("custm_id", "custom_id"),
        ("endpoint", "url"),
        ("request", "body"),
    ],
)
def test_misnamed_field_is_reported_once(misspelled: str, correct: str) -> None:
    invalid_line = request()
    invalid_line[misspelled] = invalid_line.pop(correct)
    error = only(invalid_line)

    assert (error.rule, error.param) == ("missing_line_member", correct)
    assert error.hint == f'Rename "{misspelled}" to "{correct}".'


def test_field_of_a_wrong_type_is_not_a_misspelling() -> None:
    invalid_line = request()
    invalid_line["request"] = str(invalid_line.pop("body"))

    assert {error.rule for error in check_request(invalid_line)} == {
        "missing_line_member",
        "unknown_line_member",
    }


# -- empty_custom_id ------------------------------------------------------------------------------


def test_empty_custom_id_is_a_warning() -> None:
    error = only(request(""))

    assert (error.rule, error.severity, error.param) == ("empty_custom_id", "warning", "custom_id")
    assert error.message == "The custom_id is empty."


@pytest.mark.parametrize("line", [request("a"), request(" "), request(None), {}], ids=str)
def test_other_custom_ids_are_not_empty(line: dict[str, Any]) -> None:
    assert run("empty_custom_id", line) == []


# -- unknown_line_member --------------------------------------------------------------------------


def test_unknown_fields_of_a_line_are_warnings() -> None:
    errors = check_request(request() | {"priority": 1, "dimensions": 2})

    assert [(error.rule, error.severity, error.param, error.pointer) for error in errors] == [
        ("unknown_line_member", "warning", "priority", "/priority"),
        ("unknown_line_member", "warning", "dimensions", "/dimensions"),
    ]


class UnknownField(NamedTuple):
    name: str
    line: dict[str, Any]
    hint: str


def test_body_in_a_string_is_not_parsed_for_each_unknown_field(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    parsed: list[str] = []

    def fits(text: str) -> bool:
        parsed.append(text)
        return True

    monkeypatch.setattr("batchlint.edits.fits_as_object", fits)
    line = {**request(), "body": "{}", **dict.fromkeys(map(str, range(100)))}
    run("unknown_line_member", line)

    assert len(parsed) == 1


@each(
    [
        UnknownField(
            "parameter of the body", request() | {"dimensions": 2}, "Move it into the body"
        ),
        UnknownField("unknown anywhere", request() | {"priority": 2}, "Remove it"),
        UnknownField("parameter of another endpoint", request() | {"temperature": 2}, "Remove it"),
        UnknownField(
            "unknown endpoint",
            request() | {"dimensions": 2, "url": "/v1/nope"},
            "Remove it",
        ),
        UnknownField(
            "endpoint of a wrong type", request() | {"dimensions": 2, "url": []}, "Remove it"
        ),
    ]
)
def test_hint_moves_a_parameter_into_the_body(case: UnknownField) -> None:
    [problem] = run("unknown_line_member", case.line)

    assert (problem.hint or "").startswith(case.hint)


@pytest.mark.parametrize("line", [request(), without("body"), {}], ids=["full", "no body", "empty"])
def test_known_fields_pass(line: dict[str, Any]) -> None:
    assert run("unknown_line_member", line) == []


# -- the order of the findings --------------------------------------------------------------------


def test_findings_that_fail_the_batch_come_before_those_that_fail_the_request() -> None:
    line = request(bogus=1) | {"method": "GET", "custom_id": 7}

    assert [(error.rule, error.fails) for error in check([line]).errors] == [
        ("invalid_custom_id", "batch"),
        ("invalid_method", "batch"),
        ("unknown_parameter", "request"),
    ]
