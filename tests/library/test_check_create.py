"""`check_create`, and `check` with the parameters of a create call."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Final

import pytest

from batchlint import BatchError, check, check_create, iter_errors
from support import line, request

CHAT: Final = "/v1/chat/completions"
RESPONSES: Final = "/v1/responses"

#: A valid create call.
CREATE: Final[dict[str, Any]] = {
    "input_file_id": "file-1",
    "endpoint": "/v1/embeddings",
    "completion_window": "24h",
}


def expires(seconds: Any, anchor: str = "created_at") -> dict[str, Any]:
    """Return the parameter that sets when the output expires."""
    return {"output_expires_after": {"anchor": anchor, "seconds": seconds}}


def pairs(number: int) -> dict[str, str]:
    """Return metadata with this many keys."""
    return {f"key {n}": "value" for n in range(number)}


def facts(errors: list[BatchError]) -> list[tuple[str, str | None, int | None, str | None]]:
    """Return the code, param, line and effect of each finding."""
    return [(error.code, error.param, error.line, error.fails) for error in errors]


# -- parameters -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "params",
    [
        pytest.param({}, id="only required parameters"),
        pytest.param({"metadata": None}, id="no metadata"),
        pytest.param({"metadata": {}}, id="empty metadata"),
        pytest.param({"metadata": pairs(16)}, id="16 keys"),
        pytest.param({"metadata": {"k" * 64: "v"}}, id="key of 64 characters"),
        pytest.param({"metadata": {"k": "v" * 512}}, id="value of 512 characters"),
        pytest.param({"metadata": {"k": ""}}, id="empty value"),
        pytest.param(expires(3600), id="one hour"),
        pytest.param(expires(2_592_000), id="30 days"),
        pytest.param({"output_expires_after": None}, id="never expires"),
    ],
)
def test_valid_create_call_has_no_findings(params: dict[str, Any]) -> None:
    assert check_create(CREATE | params) == []


@pytest.mark.parametrize(
    ("params", "code", "param"),
    [
        pytest.param(
            {"metadata": pairs(17)}, "object_above_max_properties", "metadata", id="17 keys"
        ),
        pytest.param(
            {"metadata": {"k" * 65: "v"}},
            "property_name_above_max_length",
            f"metadata.{'k' * 65}",
            id="key of 65 characters",
        ),
        pytest.param(
            {"metadata": {"k": "v" * 513}},
            "string_above_max_length",
            "metadata.k",
            id="value of 513 characters",
        ),
        pytest.param({"metadata": {"k": ["v"]}}, "invalid_type", "metadata.k", id="list as value"),
        pytest.param({"metadata": "k=v"}, "invalid_type", "metadata", id="metadata as a string"),
        pytest.param(
            expires(3599),
            "integer_below_min_value",
            "output_expires_after.seconds",
            id="less than one hour",
        ),
        pytest.param(
            expires(2_592_001),
            "integer_above_max_value",
            "output_expires_after.seconds",
            id="more than 30 days",
        ),
        pytest.param(
            expires("3600"), "invalid_type", "output_expires_after.seconds", id="seconds as text"
        ),
        pytest.param(
            expires(3600.5), "invalid_type", "output_expires_after.seconds", id="half a second"
        ),
        pytest.param(
            expires(3600, "completed_at"),
            "invalid_value",
            "output_expires_after.anchor",
            id="another anchor",
        ),
        pytest.param(
            {"output_expires_after": {"seconds": 3600}},
            "missing_required_parameter",
            "output_expires_after.anchor",
            id="no anchor",
        ),
        pytest.param(
            {"output_expires_after": {"anchor": "created_at"}},
            "missing_required_parameter",
            "output_expires_after.seconds",
            id="no seconds",
        ),
        pytest.param(
            {"output_expires_after": 3600},
            "invalid_type",
            "output_expires_after",
            id="number instead of an object",
        ),
        pytest.param(
            {"completion_window": "48h"}, "invalid_value", "completion_window", id="48 hours"
        ),
        pytest.param(
            {"completion_window": ""}, "invalid_value", "completion_window", id="empty window"
        ),
        pytest.param(
            {"completion_window": 24}, "invalid_type", "completion_window", id="window as number"
        ),
        pytest.param(
            {"completion_window": None}, "invalid_type", "completion_window", id="window as null"
        ),
        pytest.param(
            {"endpoint": "/v1/invalid/endpoint"}, "invalid_value", "endpoint", id="other endpoint"
        ),
        pytest.param({"endpoint": None}, "invalid_type", "endpoint", id="endpoint as null"),
        pytest.param({"input_file_id": 7}, "invalid_type", "input_file_id", id="number as id"),
        pytest.param({"bogus": 1}, "unknown_parameter", "bogus", id="unknown parameter"),
    ],
)
def test_invalid_create_call_has_one_finding(params: dict[str, Any], code: str, param: str) -> None:
    assert facts(check_create(CREATE | params)) == [(code, param, None, "create")]


@pytest.mark.parametrize("name", CREATE)
def test_missing_parameter_is_reported(name: str) -> None:
    errors = check_create({key: value for key, value in CREATE.items() if key != name})

    assert facts(errors) == [("missing_required_parameter", name, None, "create")]
    assert errors[0].message == f"Missing required parameter: '{name}'."


def test_unknown_endpoint_is_reported_with_the_message_of_the_api() -> None:
    (error,) = check_create(CREATE | {"endpoint": "/v1/invalid/endpoint"})

    assert error.message.startswith(
        "Invalid value: '/v1/invalid/endpoint'. Supported values are: '/v1/chat/completions'"
    )


@pytest.mark.parametrize("value", [None, "x", b"{}", [request("a")], 7], ids=repr)
def test_non_dict_raises_type_error(value: Any) -> None:
    with pytest.raises(TypeError):
        check_create(value)


def test_value_that_json_cannot_represent_raises_type_error() -> None:
    with pytest.raises(TypeError):
        check_create({"endpoint": "/v1/embeddings", "metadata": {"a": object()}})


# -- findings -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("metadata", "param", "pointer"),
    [
        pytest.param({"a": 1, "b/~": 2}, "metadata.a", "/metadata/a", id="first value"),
        pytest.param({"b/~": 2}, "metadata.b/~", "/metadata/b~1~0", id="escaped key"),
        pytest.param(pairs(17), "metadata", "/metadata", id="the object"),
    ],
)
def test_finding_has_a_pointer(metadata: dict[str, Any], param: str, pointer: str) -> None:
    first = check_create(CREATE | {"metadata": metadata})[0]

    assert (first.param, first.pointer, first.line) == (param, pointer, None)
    assert check([line("a")], create={"metadata": metadata}).errors[0] == first


def test_finding_becomes_an_api_error_object() -> None:
    [error] = check_create(CREATE | {"metadata": pairs(17)})

    assert error.to_error() == {
        "error": {
            "message": error.message,
            "type": "invalid_request_error",
            "param": "metadata",
            "code": "object_above_max_properties",
        }
    }
    assert check([line("a")], create={"metadata": pairs(17)}).to_batch() == error.to_error()


@pytest.mark.parametrize(
    ("params", "param", "pointer"),
    [
        pytest.param(
            {"metadata": {"a": "cut \ud83d"}}, "metadata.a", "/metadata/a", id="in a value"
        ),
        pytest.param({"metadata": {"\ude00": "x"}}, "metadata", "/metadata", id="in a key"),
        pytest.param(
            {"metadata": {"a": [{"b": "\ud83d"}]}},
            "metadata.a[0].b",
            "/metadata/a/0/b",
            id="in an inner value",
        ),
        pytest.param({"\ud83d": 1, "metadata": 1}, None, "", id="in the name of a parameter"),
    ],
)
def test_lone_surrogate_is_reported(
    params: dict[str, Any], param: str | None, pointer: str
) -> None:
    [error] = check_create(CREATE | params)

    assert error.rule == "lone_surrogate"
    assert (error.param, error.pointer, error.fails) == (param, pointer, "create")
    assert json.dumps(error.to_dict(), ensure_ascii=False).encode()


def test_lone_surrogate_is_not_reported_if_its_rule_is_disabled() -> None:
    params = CREATE | {"metadata": {"a": "cut \ud83d"}}

    assert check_create(params, ignore=["lone_surrogate"]) == []
    assert check_create(CREATE | {"metadata": {"a": "whole \U0001f600"}}) == []


# -- rules ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("selection", "errors", "warnings"),
    [
        pytest.param({}, ["invalid_type"], [], id="default"),
        pytest.param({"ignore": ["invalid_type"]}, [], [], id="ignored"),
        pytest.param({"select": ["invalid_url"]}, [], [], id="another rule selected"),
        pytest.param({"select": ["invalid_type"]}, ["invalid_type"], [], id="selected"),
        pytest.param({"warn": ["invalid_type"]}, [], ["invalid_type"], id="as a warning"),
        pytest.param(
            {"select": [], "error": ["invalid_type"]}, ["invalid_type"], [], id="as an error"
        ),
    ],
)
def test_selection_of_rules_applies_to_the_create_call(
    selection: dict[str, list[str]], errors: list[str], warnings: list[str]
) -> None:
    create = {"metadata": {"a": 1}}
    report = check([line("a")], create=create, **selection)  # type: ignore[arg-type]

    assert [error.rule for error in report.errors] == errors
    assert [error.rule for error in report.warnings] == warnings
    found = check_create(CREATE | create, **selection)  # type: ignore[arg-type]
    assert found == [*report.errors, *report.warnings]


def test_unknown_rule_raises_value_error() -> None:
    with pytest.raises(ValueError, match="unknown rule 'nope'"):
        check_create(CREATE, ignore=["nope"])


# -- with a file ----------------------------------------------------------------------------------


def test_create_call_is_checked_with_the_file() -> None:
    report = check([line("a")], create={"metadata": pairs(17)})

    assert facts(list(report.errors)) == [
        ("object_above_max_properties", "metadata", None, "create")
    ]
    assert report.errors[0].rule == "object_above_max_properties"
    assert report.warnings == ()
    assert report.to_batch() == {
        "error": {
            "message": report.errors[0].message,
            "type": "invalid_request_error",
            "param": "metadata",
            "code": "object_above_max_properties",
        }
    }


def test_valid_create_call_adds_no_finding() -> None:
    report = check([line("a")], create={"metadata": pairs(16)})

    assert (report.errors, report.warnings) == ((), ())


def test_endpoint_of_the_create_call_is_the_batch_endpoint() -> None:
    data = [line("a", CHAT), line("b", CHAT), line("c", RESPONSES)]
    report = check(data, create={"endpoint": RESPONSES})

    assert report.endpoint == RESPONSES
    assert [(error.rule, error.line) for error in report.errors] == [
        ("mismatched_url", 1),
        ("mismatched_url", 2),
    ]
    assert report.to_batch()["status"] == "failed"
    all_findings = [*report.errors, *report.warnings]
    assert sorted(iter_errors(data, create={"endpoint": RESPONSES})) == all_findings
    both = check(data, endpoint=RESPONSES, create={"endpoint": RESPONSES})
    assert both.errors == report.errors


@pytest.mark.parametrize("endpoint", [RESPONSES, "/v1/nope", None, 7, []], ids=str)
@pytest.mark.parametrize("call", [check, iter_errors])
def test_two_different_endpoints_raise_value_error(
    call: Callable[..., object], endpoint: Any
) -> None:
    with pytest.raises(
        ValueError, match=r"endpoint is '/v1/chat/completions', but create\['endpoint'\] is"
    ):
        call([line("a", CHAT)], endpoint=CHAT, create={"endpoint": endpoint})


@pytest.mark.parametrize("endpoint", ["/v1/nope", None, 7, []], ids=str)
def test_invalid_endpoint_of_the_create_call_is_reported(endpoint: Any) -> None:
    report = check([line("a", CHAT)], create={"endpoint": endpoint})

    assert [(error.param, error.fails) for error in report.errors] == [("endpoint", "create")]
    assert report.endpoint == CHAT


def test_number_with_many_digits_is_cut_off_in_the_message() -> None:
    (error,) = check_create(CREATE | expires(10**400))

    assert len(error.message) < 200
