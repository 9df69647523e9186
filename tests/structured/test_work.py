"""The work budget for schemas, which limits the time per line."""

from __future__ import annotations

import json
from typing import Any

import pytest

from batchlint import Report, check
from batchlint.bounds import MAX_EXTRA_STEPS, Budget
from batchlint.structured import subset
from batchlint.structured.work import excess_steps
from support import FIXTURES, fixture_files, request

CHAT = "/v1/chat/completions"


def costly_schemas(count: int) -> list[dict[str, Any]]:
    """Return different valid schemas. The budget of a line suffices for two of them."""
    return [
        {"type": "object", "properties": {f"a{number}": deep({"anyOf": [{}] * 2000})}}
        for number in range(count)
    ]


def deep(schema: dict[str, Any]) -> dict[str, Any]:
    for _ in range(200):
        schema = {"items": schema}
    return schema


def check_tools(*schemas: dict[str, Any], **options: Any) -> Report:
    tools = [
        {"type": "function", "function": {"name": f"f{number}", "parameters": schema}}
        for number, schema in enumerate(schemas)
    ]
    return check([request("a", CHAT, tools=tools)], **options)


def excess(schema: dict[str, Any]) -> int:
    return excess_steps(schema, len(json.dumps(schema, separators=(",", ":"))))


# -- counting -------------------------------------------------------------------------------------


def test_typical_schemas_use_no_budget() -> None:
    seen = 0
    for path in fixture_files("valid", "cases/valid"):
        for text in path.read_bytes().splitlines():
            for tool in json.loads(text).get("body", {}).get("tools") or ():
                schema = tool.get("parameters") or tool.get("function", {}).get("parameters")
                if schema:
                    seen += 1
                    assert excess(schema) == 0
    assert seen, FIXTURES


def test_deep_values_use_the_budget() -> None:
    assert excess(deep({"anyOf": [{}] * 1000})) > 1000 * 200 / 2
    assert excess({"anyOf": [{}] * 100_000}) == 0


def test_counting_stops_when_the_budget_is_exceeded() -> None:
    schema: dict[str, Any] = {"anyOf": [{}] * 1000}
    for _ in range(50):
        schema = {"anyOf": [schema, schema]}  # 2 ** 50 locations

    assert excess_steps(schema, 0) > MAX_EXTRA_STEPS


def test_budget_cannot_be_overspent() -> None:
    budget = Budget()

    assert budget.spend(MAX_EXTRA_STEPS)
    assert budget.spend(0)
    assert not budget.spend(1)


# -- lines ----------------------------------------------------------------------------------------


def test_line_with_costly_schemas_has_one_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    checked: list[dict[str, Any]] = []
    check_schema = subset._check

    def counting(schema: dict[str, Any], mode: Any) -> Any:
        checked.append(schema)
        return check_schema(schema, mode)

    monkeypatch.setattr(subset, "_check", counting)
    report = check_tools(*costly_schemas(100))
    (warning,) = report.warnings

    assert report.ok
    assert warning.rule == "unchecked_schema"
    assert warning.pointer == "/body/tools/2/function/parameters"
    assert "'f2' and 97 others" in warning.message
    assert len(checked) == 2


def test_typical_schemas_are_checked_even_if_the_budget_is_exhausted() -> None:
    report = check_tools(*costly_schemas(9), {"type": "array"})

    assert {error.rule for error in report.errors} == {"invalid_function_parameters"}
    assert [error.rule for error in report.warnings] == ["unchecked_schema"]


@pytest.mark.parametrize(("number", "rules"), [(10, set()), (30_000, {"unchecked_schema"})])
def test_invalid_schema_with_very_many_subschemas_is_not_checked(
    number: int, rules: set[str]
) -> None:
    """Without the budget, a line of 9 MB took several minutes."""
    many: dict[str, Any] = {"type": "string", "allOf": [{}] * number}
    valid = {"type": "object", "properties": {"a": many}}
    invalid = {"type": "object", "properties": {"a": many, "b": 1}}

    assert check_tools(valid).counts == {}
    assert {error.rule for error in check_tools(invalid).warnings} == rules
    assert check_tools(invalid).ok == bool(rules)


@pytest.mark.parametrize("repeated", [False, True])
def test_only_the_first_thousand_schemas_of_a_line_are_checked(repeated: bool) -> None:
    """Without the limit, 16,000 different schemas took half a minute."""
    schemas: list[dict[str, Any]] = [
        {"type": "object", "properties": {f"a{0 if repeated else index}": {"type": "string"}}}
        for index in range(1002)
    ]
    schemas[999] = schemas[1001] = {"type": "array"}
    report = check_tools(*schemas)
    invalid = [error for error in report.errors if error.rule == "invalid_function_parameters"]
    unchecked = [error for error in report.warnings if error.rule == "unchecked_schema"]

    assert {error.param for error in invalid} == {"body.tools[999].function.parameters"}
    assert [error.pointer for error in unchecked] == ["/body/tools/1000/function/parameters"]


def test_caching_does_not_affect_the_budget() -> None:
    schemas = costly_schemas(4)
    for schema in schemas:
        assert check_tools(schema).counts == {}
    first = check_tools(*schemas)
    subset._cache._values.clear()
    again = check_tools(*schemas)
    reversed_first = check_tools(*reversed(schemas))

    assert first == again
    assert first.warnings == again.warnings
    assert first.warnings[0].pointer == reversed_first.warnings[0].pointer


def test_schema_that_no_budget_suffices_for_is_counted_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Every rule about schemas asks for the problems. Counting each time took six times as long."""
    calls = []

    def count(_schema: dict[str, Any], size: int) -> int:
        calls.append(size)
        return MAX_EXTRA_STEPS + 1

    monkeypatch.setattr(subset, "excess_steps", count)
    schema = {"type": "object", "properties": {"counted once": {"type": "null", "enum": [1]}}}

    reports = [check_tools(schema) for _ in range(2)]

    assert len(calls) == 1
    assert [report.warnings[0].rule for report in reports] == ["unchecked_schema"] * 2


def test_deep_and_wide_schema_is_not_checked() -> None:
    """Without the budget, the paths inside it took more than a gigabyte."""
    inner = '{"type":"array","items":' * 900 + "{}" + "}" * 900
    wide = inner.replace("{}", '{"anyOf":[' + ",".join(["{}"] * 10_000) + "]}", 1)
    line = (
        '{"custom_id":"a","method":"POST","url":"/v1/chat/completions","body":{"model":"m",'
        '"messages":[{"role":"user","content":"x"}],"tools":[{"type":"function","function":'
        '{"name":"f","strict":true,"parameters":{"type":"object","properties":{"a":'
    )
    report = check((line + wide + "}" * 4 + "]}}").encode())

    assert [error.rule for error in report.warnings] == ["unchecked_schema"]
