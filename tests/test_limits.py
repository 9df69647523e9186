"""Both sides of every limit."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from reports import a_report
from support import line, request

from batchlint import BatchError, Report, check, check_create, check_request, iter_errors

CREATE: dict[str, Any] = {"input_file_id": "file-1", "endpoint": "/v1/embeddings", "completion_window": "24h"}


def said(report: Report) -> list[tuple[str, int | None, str | None, str | None]]:
    """What is said about a file: rule, line, param, and what the API does."""
    return [(error.rule, error.line, error.param, error.fails) for error in (*report.errors, *report.warnings)]


# -- the file ----------------------------------------------------------------------------------------------------------


def test_50000_requests_are_taken_and_one_more_is_not() -> None:
    lines = [line(str(number), "/v1/completions") for number in range(50_001)]
    full, over = check(lines[:-1]), check(lines)

    assert said(full) == []
    assert said(over) == [("too_many_requests", None, None, "batch")]
    assert "50,001" in over.errors[0].message
    assert "50,000" in over.errors[0].message
    assert said(check([*lines[:-1], b"\n"])) == [("blank_line", 50_001, None, None)]  # a line, and no request


def test_50000_embedding_inputs_are_taken_and_one_more_is_not() -> None:
    """A string or a list of tokens is one input; lists of either are as many as they hold."""
    lines = [line(str(number), input=["x"] * 2000) for number in range(24)]
    lines += [line(f"tokens {number}", input=[[1, 2], [3]]) for number in range(999)]
    lines += [line("string", input="x"), line("token list", input=[1, 2, 3])]
    full, over = check(lines), check([*lines, line("last")])

    assert said(full) == []
    assert full.embedding_inputs == 50_000
    assert said(over) == [("too_many_embedding_inputs", None, None, "batch")]
    assert "50,001" in over.errors[0].message


def test_inputs_of_other_endpoints_are_no_embedding_inputs() -> None:
    report = check([line("a", "/v1/moderations", input=["x"] * 60_000)])

    assert report.embedding_inputs == 0
    assert "too_many_embedding_inputs" not in {error.rule for error in report.errors}


@pytest.mark.parametrize("inputs", [["x"], [[1, 2]]], ids=["strings", "token lists"])
def test_one_request_takes_2048_inputs_and_no_more(inputs: list[Any]) -> None:
    assert said(check([line(input=inputs * 2048)])) == []
    assert said(check([line(input=inputs * 2049)])) == [("array_above_max_length", 1, "body.input", "request")]


def padded(size: int) -> Iterator[bytes]:
    """Good lines of so many bytes in all, most of them blanks."""
    number, step = 0, 4_000_000
    while size:
        # the last line takes what is left; none is shorter than a request
        length = size if size < 2 * step else step
        text = line(str(number)).rstrip(b"\n")
        yield text + b" " * (length - len(text) - 1) + b"\n"
        size -= length
        number += 1


@pytest.mark.parametrize(("size", "expected"), [
    (200_000_000, []),
    (200_000_001, [("file_size_near_limit", None, None, None)]),
    (209_715_200, [("file_size_near_limit", None, None, None)]),
    (209_715_201, [("file_too_large", None, None, "upload")]),
])
def test_a_file_takes_200_mib(size: int, expected: list[Any]) -> None:
    report = check(padded(size))

    assert report.bytes == size
    assert said(report) == expected


# -- across lines ------------------------------------------------------------------------------------------------------


def test_a_second_custom_id_is_flagged_with_the_line_of_the_first() -> None:
    report = check([line("a"), line("b"), b"\n", line("a"), line("a"), line("A")])

    assert [(e.rule, e.line, e.code, e.param, e.pointer, e.custom_id, e.fails) for e in report.errors] == [
        ("duplicate_custom_id", number, "duplicate_custom_id", "custom_id", "/custom_id", "a", "batch")
        for number in (4, 5)]
    assert {e.hint for e in report.errors} == {"Line 1 has it first."}
    assert report.errors[0].message == ("The custom_id for this request is a duplicate of another request. The custom_id "
                                        "parameter must be unique for each request in a batch.")
    assert report.request_counts == {"total": 5, "failed": 2}


def test_every_line_of_another_model_is_flagged() -> None:
    report = check([line("a"), line("b", model="n"), line("c"), line("d", model="n"), line("e")])

    assert [(e.rule, e.line, e.code, e.param, e.pointer, e.custom_id) for e in report.errors] == [
        ("mismatched_model", number, "mismatched_model", "body.model", "/body/model", name)
        for number, name in ((2, "b"), (4, "d"))]
    assert report.models == ("m", "n")
    assert "'n'" in report.errors[0].message


def test_the_first_of_equally_frequent_models_is_the_one_of_the_file() -> None:
    report = check([line("a", model="n"), line("b", model="m")])

    assert [(e.rule, e.line) for e in report.errors] == [("mismatched_model", 2)]


def test_every_line_of_another_endpoint_is_flagged_and_judged_by_its_own() -> None:
    lines = [line("a"), line("b", "/v1/completions", prompt=7), line("c")]
    report = check(lines)

    assert [(e.rule, e.code, e.line, e.param, e.fails) for e in report.errors] == [
        ("mismatched_url", "invalid_url", 2, "url", "batch"), ("invalid_type", "invalid_type", 2, "body.prompt", "request")]
    assert report.errors[0].message == "The URL provided for this request does not match the batch endpoint."
    assert report.endpoint == "/v1/embeddings"
    assert [(e.rule, e.line) for e in check(lines, endpoint="/v1/completions").errors if e.param == "url"] == [
        ("mismatched_url", 1), ("mismatched_url", 3)]


def test_a_line_whose_url_is_no_endpoint_gets_that_finding_only() -> None:
    bad = line("b", bogus=1).replace(b"/v1/embeddings", b"/v1/embedding")
    report = check([line("a"), bad])

    assert [(e.rule, e.code, e.line, e.param) for e in report.errors] == [("invalid_url", "invalid_url", 2, "url")]
    assert "/v1/embeddings" in (report.errors[0].hint or "")


@pytest.mark.parametrize(("name", "rule"), [
    ("x.jsonl", None), ("a b/ü.jsonl", None), ("x.json", "not_jsonl_name"), ("x.JSONL", "not_jsonl_name"),
    ("x.jsonl.gz", "not_jsonl_name"), ("jsonl", "not_jsonl_name"), (None, None)])
def test_the_name_of_a_file_ends_in_jsonl(name: str | None, rule: str | None) -> None:
    report = check([line("a")], name=name)

    assert said(report) == ([(rule, None, None, "upload")] if rule else [])


@pytest.mark.parametrize("data", [b"", b"\n", b" \n\n\t\r\n"], ids=repr)
def test_a_file_without_requests_is_empty(data: bytes) -> None:
    report = check(data)

    assert [(e.rule, e.line, e.message, e.fails) for e in report.errors] == [
        ("empty_file", None, "Invalid file format for Batch API. Must be .jsonl", "upload")]
    assert report.total == 0


# -- the create call ---------------------------------------------------------------------------------------------------


def expires(seconds: Any, anchor: str = "created_at") -> dict[str, Any]:
    return {"output_expires_after": {"anchor": anchor, "seconds": seconds}}


def pairs(number: int) -> dict[str, str]:
    return {f"key {n}": "value" for n in range(number)}


TAKEN: list[dict[str, Any]] = [
    {}, {"metadata": None}, {"metadata": {}}, {"metadata": pairs(16)}, {"metadata": {"k" * 64: "v"}}, {"metadata": {"k": "v" * 512}},
    {"metadata": {"k": ""}}, expires(3600), expires(2_592_000), {"output_expires_after": None},
]
REFUSED: list[tuple[dict[str, Any], str, str]] = [
    ({"metadata": pairs(17)}, "object_above_max_properties", "metadata"),
    ({"metadata": {"k" * 65: "v"}}, "property_name_above_max_length", f"metadata.{'k' * 65}"),
    ({"metadata": {"k": "v" * 513}}, "string_above_max_length", "metadata.k"),
    ({"metadata": {"k": ["v"]}}, "invalid_type", "metadata.k"),
    ({"metadata": "k=v"}, "invalid_type", "metadata"),
    (expires(3599), "integer_below_min_value", "output_expires_after.seconds"),
    (expires(2_592_001), "integer_above_max_value", "output_expires_after.seconds"),
    (expires("3600"), "invalid_type", "output_expires_after.seconds"),
    (expires(3600.5), "invalid_type", "output_expires_after.seconds"),
    (expires(3600, "completed_at"), "invalid_value", "output_expires_after.anchor"),
    ({"output_expires_after": {"seconds": 3600}}, "missing_required_parameter", "output_expires_after.anchor"),
    ({"output_expires_after": {"anchor": "created_at"}}, "missing_required_parameter", "output_expires_after.seconds"),
    ({"output_expires_after": 3600}, "invalid_type", "output_expires_after"),
    ({"completion_window": "48h"}, "invalid_value", "completion_window"),
    ({"completion_window": ""}, "invalid_value", "completion_window"),
    ({"completion_window": 24}, "invalid_type", "completion_window"),
    ({"completion_window": None}, "invalid_type", "completion_window"),
    ({"endpoint": "/v1/invalid/endpoint"}, "invalid_value", "endpoint"),
    ({"endpoint": None}, "invalid_type", "endpoint"),
    ({"input_file_id": 7}, "invalid_type", "input_file_id"),
    ({"bogus": 1}, "unknown_parameter", "bogus"),
]


def triples(errors: list[BatchError]) -> list[tuple[str, str | None, int | None, str | None]]:
    return [(error.code, error.param, error.line, error.fails) for error in errors]


@pytest.mark.parametrize("params", TAKEN, ids=lambda params: str(params)[:60])
def test_a_create_call_that_is_taken(params: dict[str, Any]) -> None:
    assert check_create(CREATE | params) == []


@pytest.mark.parametrize(("params", "code", "param"), REFUSED, ids=lambda value: str(value)[:60])
def test_a_create_call_that_is_refused(params: dict[str, Any], code: str, param: str) -> None:
    assert triples(check_create(CREATE | params)) == [(code, param, None, "create")]


@pytest.mark.parametrize("name", CREATE)
def test_a_create_call_without_a_parameter_that_it_needs(name: str) -> None:
    errors = check_create({key: value for key, value in CREATE.items() if key != name})

    assert triples(errors) == [("missing_required_parameter", name, None, "create")]
    assert errors[0].message == f"Missing required parameter: '{name}'."


def test_an_unknown_endpoint_of_a_create_call_is_told_in_the_words_of_the_api() -> None:
    (error,) = check_create(CREATE | {"endpoint": "/v1/invalid/endpoint"})

    assert error.message.startswith("Invalid value: '/v1/invalid/endpoint'. Supported values are: '/v1/chat/completions'")


def test_create_parameters_are_checked_with_the_file() -> None:
    report = check([line("a")], create={"metadata": pairs(17)})

    assert said(report) == [("object_above_max_properties", None, "metadata", "create")]
    assert report.to_batch() == {"error": {
        "message": report.errors[0].message, "type": "invalid_request_error", "param": "metadata",
        "code": "object_above_max_properties"}}
    assert said(check([line("a")], create={"metadata": pairs(16)})) == []


@pytest.mark.parametrize(("choice", "errors", "warnings"), [
    ({}, ["invalid_type"], []), ({"ignore": ["invalid_type"]}, [], []), ({"select": ["invalid_url"]}, [], []),
    ({"select": ["invalid_type"]}, ["invalid_type"], []), ({"warn": ["invalid_type"]}, [], ["invalid_type"]),
    ({"select": [], "error": ["invalid_type"]}, ["invalid_type"], [])], ids=str)
def test_the_choice_of_rules_holds_for_the_create_call(choice: dict[str, list[str]], errors: list[str], warnings: list[str]) -> None:
    create = {"metadata": {"a": 1}}
    report = check([line("a")], create=create, **choice)  # type: ignore[arg-type]  # names of options

    assert [error.rule for error in report.errors] == errors
    assert [error.rule for error in report.warnings] == warnings
    assert check_create(CREATE | create, **choice) == [*report.errors, *report.warnings]


def test_the_choice_of_rules_for_the_create_call_is_checked() -> None:
    with pytest.raises(ValueError, match="unknown rule 'nope'"):
        check_create(CREATE, ignore=["nope"])


@pytest.mark.parametrize(("metadata", "param", "pointer"), [
    ({"a": 1, "b/~": 2}, "metadata.a", "/metadata/a"), ({"b/~": 2}, "metadata.b/~", "/metadata/b~1~0"), (pairs(17), "metadata", "/metadata")],
    ids=lambda value: str(value)[:20])
def test_a_finding_of_the_create_call_has_a_pointer(metadata: dict[str, Any], param: str, pointer: str) -> None:
    first = check_create(CREATE | {"metadata": metadata})[0]

    assert (first.param, first.pointer, first.line) == (param, pointer, None)
    assert check([line("a")], create={"metadata": metadata}).errors[0] == first


@pytest.mark.parametrize(("params", "param", "pointer"), [
    ({"metadata": {"a": "cut \ud83d"}}, "metadata.a", "/metadata/a"), ({"metadata": {"\ude00": "x"}}, "metadata", "/metadata"),
    ({"metadata": {"a": [{"b": "\ud83d"}]}}, "metadata.a[0].b", "/metadata/a/0/b"), ({"\ud83d": 1, "metadata": 1}, None, "")],
    ids=["value", "key", "inner", "parameter"])
def test_half_a_surrogate_pair_in_the_create_call_is_a_finding(params: dict[str, Any], param: str | None, pointer: str) -> None:
    [error] = check_create(CREATE | params)

    assert (error.rule, error.param, error.pointer, error.fails) == ("lone_surrogate", param, pointer, "create")
    assert json.dumps(error.to_dict(), ensure_ascii=False).encode()
    assert check_create(CREATE | {"metadata": {"a": "whole \U0001f600"}}) == []
    assert check_create(CREATE | {"metadata": {"a": "cut \ud83d"}}, ignore=["lone_surrogate"]) == []


def test_a_finding_of_the_create_call_becomes_the_error_object_of_the_api() -> None:
    [error] = check_create(CREATE | {"metadata": pairs(17)})

    assert error.to_error() == {"error": {
        "message": error.message, "type": "invalid_request_error", "param": "metadata", "code": "object_above_max_properties"}}
    assert check([line("a")], create={"metadata": pairs(17)}).to_batch() == error.to_error()


def test_a_failed_batch_lists_every_error_about_the_file_and_the_first_of_each_line() -> None:
    batched = BatchError("too_many_requests", "too_many_requests", None, "requests", fails="batch")
    others = [BatchError("too_many_embedding_inputs", "too_many_embedding_inputs", None, "inputs", fails="batch"),
              BatchError("invalid_url", "invalid_url", 2, "first", fails="batch"), BatchError("invalid_method", "invalid_method", 2, "second", fails="batch"),
              BatchError("invalid_type", "invalid_type", 3, "answered", fails="request"), BatchError("invalid_url", "invalid_url", 4, "third", fails="batch")]
    errors = a_report(batched, *others).to_batch()["errors"]["data"]

    assert [(error["line"], error["message"]) for error in errors] == [
        (None, "requests"), (None, "inputs"), (2, "first"), (4, "third")]


CHAT, RESPONSES = "/v1/chat/completions", "/v1/responses"


def test_the_endpoint_of_the_create_call_is_the_batch_s() -> None:
    data = [line("a", CHAT), line("b", CHAT), line("c", RESPONSES)]
    report = check(data, create={"endpoint": RESPONSES})

    assert report.endpoint == RESPONSES
    assert [(error.rule, error.line) for error in report.errors] == [("mismatched_url", 1), ("mismatched_url", 2)]
    assert report.to_batch()["status"] == "failed"
    assert sorted(iter_errors(data, create={"endpoint": RESPONSES})) == [*report.errors, *report.warnings]
    assert check(data, endpoint=RESPONSES, create={"endpoint": RESPONSES}).errors == report.errors


@pytest.mark.parametrize("given", [RESPONSES, "/v1/nope", None, 7, []], ids=str)
@pytest.mark.parametrize("call", [check, iter_errors])
def test_two_different_endpoints_are_a_contradiction(call: Any, given: Any) -> None:
    with pytest.raises(ValueError, match=r"endpoint is '/v1/chat/completions', but create\['endpoint'\] is"):
        call([line("a", CHAT)], endpoint=CHAT, create={"endpoint": given})


@pytest.mark.parametrize("given", ["/v1/nope", None, 7, []], ids=str)
def test_an_endpoint_of_the_create_call_that_is_none_is_a_finding_about_it(given: Any) -> None:
    report = check([line("a", CHAT)], create={"endpoint": given})

    assert [(error.param, error.fails) for error in report.errors] == [("endpoint", "create")]
    assert report.endpoint == CHAT


# -- the metadata of a request -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("url", ["/v1/chat/completions", "/v1/responses"])
@pytest.mark.parametrize(("metadata", "code"), [
    (pairs(16), None), (pairs(17), "object_above_max_properties"), ({"k" * 64: "v"}, None),
    ({"k" * 65: "v"}, "property_name_above_max_length"), ({"k": "v" * 512}, None), ({"k": "v" * 513}, "string_above_max_length"),
    ({"k": "\U0001f600" * 512}, None), (None, None), ({"k": 1}, "invalid_type"),
], ids=lambda value: str(value)[:40])
def test_the_metadata_of_a_request(url: str, metadata: Any, code: str | None) -> None:
    made = request("a", url, metadata=metadata)

    assert [e.code for e in check_request(made) if e.severity == "error"] == ([code] if code else [])


# -- what a hostile line costs -----------------------------------------------------------------------------------------


def test_only_the_first_hundred_ids_without_an_answer_are_named() -> None:
    calls = [{"id": f"call_{i}", "type": "function", "function": {"name": "f", "arguments": "{}"}} for i in range(120)]
    messages = [{"role": "assistant", "tool_calls": calls}]
    [error] = check_request(request("a", url="/v1/chat/completions", messages=messages))
    assert error.message.endswith("call_99")


def test_only_the_first_hundred_unknown_members_get_a_suggestion() -> None:
    unknown = {f"temperature{i:02x}": 1 for i in range(101)}
    errors = check_request(request("a", url="/v1/responses", **unknown))
    assert ["Did you mean" in error.message for error in errors] == [True] * 100 + [False]


def test_an_image_in_the_answer_of_a_tool_and_an_index_of_its_call_are_taken() -> None:
    called = {"index": 0, "id": "a", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    picture = {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}
    messages = [{"role": "assistant", "tool_calls": [called]}, {"role": "tool", "tool_call_id": "a", "content": [picture]}]
    assert not check_request(request("a", url="/v1/chat/completions", messages=messages))


def test_create_parameters_are_what_json_has() -> None:
    with pytest.raises(TypeError):
        check_create({"endpoint": "/v1/embeddings", "metadata": {"a": object()}})
