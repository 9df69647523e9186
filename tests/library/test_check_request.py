"""`check_request`: one request, without the rules about the file."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from batchlint import check_request
from support import request


def test_valid_request_has_no_findings() -> None:
    assert check_request(request("a")) == []


def test_findings_are_in_the_order_of_the_api() -> None:
    errors = check_request(request("a", dimensions="x", bogus=1))

    assert [(error.line, error.rule, error.param) for error in errors] == [
        (1, "unknown_parameter", "body.bogus"),
        (1, "invalid_type", "body.dimensions"),
    ]


def test_missing_and_unknown_fields_of_the_line_are_reported() -> None:
    assert [error.rule for error in check_request({})] == ["missing_line_member"] * 4
    rules = {error.rule for error in check_request({"messages": []})}
    assert rules >= {"missing_line_member", "unknown_line_member"}


def test_findings_reported_once_per_file_are_included() -> None:
    (error,) = check_request(request("a", "/v1/responses", conversation="c"))

    assert error.line == 1


def test_rules_can_be_selected() -> None:
    row = request("a", dimensions="x", bogus=1)

    assert [e.rule for e in check_request(row, select=["invalid_type"])] == ["invalid_type"]
    assert [e.rule for e in check_request(row, ignore=["invalid_type"])] == ["unknown_parameter"]
    warnings = check_request(row, warn=["unknown_parameter", "invalid_type"])
    assert [error.severity for error in warnings] == ["warning"] * 2


def test_checking_leaves_the_request_unchanged() -> None:
    row = request("a", dimensions="x", metadata={"k": [1]})
    before = copy.deepcopy(row)
    check_request(row)

    assert row == before


@pytest.mark.parametrize("value", [None, "x", b"{}", [request("a")], 7], ids=repr)
def test_non_dict_raises_type_error(value: Any) -> None:
    with pytest.raises(TypeError):
        check_request(value)


def test_value_that_json_can_represent_never_raises() -> None:
    """Decoders produce lone surrogates and integers of any size."""
    assert [e.rule for e in check_request(request("a", input="cut \ud83d"))] == ["lone_surrogate"]
    assert check_request(request("a", dimensions=2**70)) == []
    (error,) = check_request(request("a", dimensions=-(2**70)))
    assert error.rule == "integer_below_min_value"


# -- metadata -------------------------------------------------------------------------------------


def pairs(number: int) -> dict[str, str]:
    """Return metadata with this many keys."""
    return {f"key {n}": "value" for n in range(number)}


@pytest.mark.parametrize("url", ["/v1/chat/completions", "/v1/responses"])
@pytest.mark.parametrize(
    ("metadata", "code"),
    [
        pytest.param(pairs(16), None, id="16 keys"),
        pytest.param(pairs(17), "object_above_max_properties", id="17 keys"),
        pytest.param({"k" * 64: "v"}, None, id="key of 64 characters"),
        pytest.param({"k" * 65: "v"}, "property_name_above_max_length", id="key of 65 characters"),
        pytest.param({"k": "v" * 512}, None, id="value of 512 characters"),
        pytest.param({"k": "v" * 513}, "string_above_max_length", id="value of 513 characters"),
        pytest.param({"k": "\U0001f600" * 512}, None, id="characters beyond the BMP"),
        pytest.param(None, None, id="null"),
        pytest.param({"k": 1}, "invalid_type", id="number"),
    ],
)
def test_metadata_of_a_request_follows_the_documented_limits(
    url: str, metadata: Any, code: str | None
) -> None:
    errors = check_request(request("a", url, metadata=metadata))

    assert [e.code for e in errors if e.severity == "error"] == ([code] if code else [])


# -- hostile requests -----------------------------------------------------------------------------


def tool_call(call_id: str, **more: Any) -> dict[str, Any]:
    """Return a call of a function."""
    function = {"name": "f", "arguments": "{}"}
    return {"id": call_id, "type": "function", "function": function, **more}


def test_message_names_at_most_a_hundred_unanswered_calls() -> None:
    calls = [tool_call(f"call_{number}") for number in range(120)]
    messages = [{"role": "assistant", "tool_calls": calls}]
    [error] = check_request(request("a", url="/v1/chat/completions", messages=messages))

    assert error.message.endswith("call_99")


def test_at_most_a_hundred_unknown_parameters_get_a_suggestion() -> None:
    unknown = {f"temperature{number:02x}": 1 for number in range(101)}
    errors = check_request(request("a", url="/v1/responses", **unknown))

    assert ["Did you mean" in error.message for error in errors] == [True] * 100 + [False]


def test_image_in_a_tool_message_and_index_in_a_tool_call_are_accepted() -> None:
    image = {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}
    messages = [
        {"role": "assistant", "tool_calls": [tool_call("a", index=0)]},
        {"role": "tool", "tool_call_id": "a", "content": [image]},
    ]

    assert not check_request(request("a", url="/v1/chat/completions", messages=messages))
