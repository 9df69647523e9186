"""Arguments that the library rejects, and requests that contain NaN or infinities."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from batchlint import check, check_create, check_request, finish, fix, iter_errors, merge
from support import line, request

CREATE: dict[str, Any] = {
    "input_file_id": "file-1",
    "endpoint": "/v1/embeddings",
    "completion_window": "24h",
}


@pytest.mark.parametrize("function", [check, iter_errors])
@pytest.mark.parametrize(
    ("options", "exception", "message"),
    [
        ({"now": math.inf}, ValueError, "now must be in the years 1 to 9999, not inf"),
        ({"now": -math.inf}, ValueError, "now must be in the years"),
        ({"now": math.nan}, ValueError, "now must be in the years"),
        ({"now": 1e18}, ValueError, "now must be in the years"),
        ({"now": "2026"}, TypeError, "now must be a number or a datetime, not str"),
        ({"name": Path("x.jsonl")}, TypeError, "name must be a string, not "),
        ({"name": b"x.jsonl"}, TypeError, "name must be a string, not bytes"),
        ({"endpoint": ["x"]}, TypeError, "endpoint must be a string, not list"),
        ({"create": 5}, TypeError, "create must be a dict, not int"),
        ({"max_enqueued_tokens": -1}, ValueError, "max_enqueued_tokens must not be negative"),
        ({"max_enqueued_tokens": 1.5}, TypeError, "max_enqueued_tokens must be an integer"),
        ({"max_enqueued_tokens": True}, TypeError, "max_enqueued_tokens must be an integer"),
    ],
    ids=str,
)
def test_invalid_argument_raises_immediately(
    function: Any, options: dict[str, Any], exception: type[Exception], message: str
) -> None:
    with pytest.raises(exception, match=message):
        function([line("a")], **options)


@pytest.mark.parametrize("name", ["select", "ignore", "warn", "error"])
@pytest.mark.parametrize(
    ("rules", "message"),
    [
        (5, "rules must be a list of names, not int"),
        ([None], "the name of a rule must be a string, not NoneType"),
        (b"all", "the name of a rule must be a string, not int"),
    ],
    ids=str,
)
def test_rules_must_be_a_list_of_strings(name: str, rules: Any, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        check([line("a")], **{name: rules})


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda value: fix([line("a")], value), "target must be a path, a binary stream or None"),
        (finish, "summary must be a ChunkSummary, not int"),
        (lambda value: merge([value]), "summaries must be ChunkSummary objects, not int"),
    ],
    ids=["fix", "finish", "merge"],
)
def test_argument_of_the_wrong_type_is_named(call: Any, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        call(5)


def test_time_that_the_platform_cannot_convert_is_out_of_range() -> None:
    with pytest.raises(ValueError, match="now must be in the years 1 to 9999"):
        check([line("a")], now=datetime(1, 1, 1))  # noqa: DTZ001 - a local time


@pytest.mark.parametrize("name", ["keep", "jobs"])
def test_count_arguments_must_be_non_negative_integers(name: str) -> None:
    options: dict[str, Any] = {name: -1}
    with pytest.raises(ValueError, match=f"{name} must not be negative"):
        check([line("a")], **options)
    options = {name: "1"}
    with pytest.raises(TypeError, match=f"{name} must be an integer, not str"):
        check([line("a")], **options)


@pytest.mark.parametrize(
    "now", [datetime(1, 1, 2, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC), 0, -1.5], ids=str
)
def test_any_year_is_accepted(now: Any) -> None:
    assert check([line("a")], now=now).now == math.trunc(
        now.timestamp() if isinstance(now, datetime) else now
    )


# -- NaN and infinities ---------------------------------------------------------------------------


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("where", ["top", "list", "tuple", "deep"])
def test_nan_in_a_request_is_reported_as_in_a_file(number: float, where: str) -> None:
    """Orjson writes null, but `json.dumps` writes NaN, which the API rejects."""
    values: dict[str, Any] = {
        "top": {"user": number},
        "list": {"input": ["x", number]},
        "tuple": {"input": ("x", number)},
        "deep": {"x": [{"y": [number]}]},
    }
    found = check([request("a", **values[where])]).errors
    single = check_request(request("a", **values[where]))

    assert [error.rule for error in found] == ["not_a_number"]
    assert [error.rule for error in single] == ["not_a_number"]


def test_null_is_not_reported_as_nan() -> None:
    for value in (None, "null"):
        report = check([request("a", input=value)])
        assert "not_a_number" not in {error.rule for error in report.errors}


def test_nan_next_to_a_date_is_found() -> None:
    """Only orjson serializes dates."""
    body: dict[str, Any] = {"input": [datetime(2026, 1, 1, tzinfo=UTC), math.nan]}

    assert [error.rule for error in check([request("a", **body)]).errors] == ["not_a_number"]


@pytest.mark.parametrize("number", [math.nan, math.inf])
def test_create_call_with_nan_or_infinity_raises_type_error(number: float) -> None:
    params = CREATE | {"output_expires_after": {"anchor": "created_at", "seconds": number}}

    with pytest.raises(TypeError, match="JSON has no NaN or Infinity"):
        check_create(params)
    with pytest.raises(TypeError, match="JSON has no NaN or Infinity"):
        check([line("a")], create=params)


def circular() -> dict[str, Any]:
    value: dict[str, Any] = {}
    value["x"] = value
    return value


def nested(levels: int) -> dict[str, Any]:
    value: dict[str, Any] = {}
    for _ in range(levels):
        value = {"x": value}
    return value


@pytest.mark.parametrize(
    "metadata",
    [circular(), nested(1100), nested(100_000), {"x": {1, 2}}],
    ids=["circular", "1,100", "100,000", "set"],
)
def test_create_call_that_is_not_serializable_raises_type_error(metadata: Any) -> None:
    with pytest.raises(TypeError):
        check_create(CREATE | {"metadata": metadata})


@pytest.mark.parametrize("levels", [100, 300, 900])
def test_nested_create_call_is_checked(levels: int) -> None:
    assert check_create(CREATE | {"metadata": nested(levels)})
