"""The explainer: the API's wording for each keyword, and the API's order of problems.

These tests use small schemas. `fixtures/answers` tests the sentences with real schemas.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest

from batchlint.findings import Part, PathParts, Phase, Problem
from batchlint.schema.explain import Explainer
from support import count_calls


def explain(schema: dict[str, Any], value: object) -> list[Problem]:
    return Explainer(schema).explain(value)


def field(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of an object with a field `a`."""
    return {"type": "object", "properties": {"a": schema}}


class Case(NamedTuple):
    """A value of the field `a`, and its problem."""

    schema: dict[str, Any]
    value: Any
    rule: str
    message: str
    param: str | None = "a"


CASES = {
    "type": Case(
        {"type": "integer"},
        "1",
        "invalid_type",
        "Invalid type for 'a': expected an integer, but got a string instead.",
    ),
    "null": Case(
        {"type": "string"},
        None,
        "invalid_type",
        "Invalid type for 'a': expected a string, but got null instead.",
    ),
    "enum and a value that looks like a placeholder": Case(
        {"type": "string", "enum": ["x"]},
        "{p}",
        "invalid_value",
        "Invalid value: '{p}'. Value must be 'x'.",
    ),
    "enum": Case(
        {"type": "string", "enum": ["x", "y"]},
        "z",
        "invalid_value",
        "Invalid value: 'z'. Supported values are: 'x' and 'y'.",
    ),
    "enum with one value": Case(
        {"type": "string", "enum": ["x"]},
        "z",
        "invalid_value",
        "Invalid value: 'z'. Value must be 'x'.",
    ),
    "boolean among numbers": Case(
        {"enum": [1, 2]},
        True,
        "invalid_value",
        "Invalid value: ''. Supported values are: '1' and '2'.",
    ),
    "minLength": Case(
        {"type": "string", "minLength": 1},
        "",
        "empty_string",
        "Invalid 'a': empty string. Expected a string with minimum length 1, but got an empty "
        "string instead.",
    ),
    "maxLength": Case(
        {"type": "string", "maxLength": 2},
        "xyz",
        "string_above_max_length",
        "Invalid 'a': string too long. Expected a string with maximum length 2, but got a string "
        "with length 3 instead.",
    ),
    "pattern": Case(
        {"type": "string", "pattern": "^x$"},
        "x\n",
        "invalid_pattern",
        "Invalid 'a': string does not match pattern. Expected a string that matches the pattern "
        "'^x$'.",
    ),
    "minimum": Case(
        {"type": "integer", "minimum": 1},
        0,
        "integer_below_min_value",
        "Invalid 'a': integer below minimum value. Expected a value >= 1, but got 0 instead.",
    ),
    "maximum": Case(
        {"type": "number", "maximum": 2},
        2.5,
        "decimal_above_max_value",
        "Invalid 'a': decimal above maximum value. Expected a value <= 2, but got 2.5 instead.",
    ),
    "minItems": Case(
        {"type": "array", "minItems": 1},
        [],
        "empty_array",
        "Invalid 'a': empty array. Expected an array with minimum length 1, but got an empty "
        "array instead.",
    ),
    "maxItems": Case(
        {"type": "array", "maxItems": 1},
        [1, 2],
        "array_above_max_length",
        "Invalid 'a': array too long. Expected an array with maximum length 1, but got an array "
        "with length 2 instead.",
    ),
    "items": Case(
        {"type": "array", "items": {"type": "string"}},
        ["x", 1],
        "invalid_type",
        "Invalid type for 'a[1]': expected a string, but got an integer instead.",
        "a[1]",
    ),
    "maxContains": Case(
        {
            "type": "array",
            "contains": {"type": "string"},
            "minContains": 0,
            "maxContains": 1,
        },
        ["x", "y"],
        "invalid_value",
        "Invalid 'a'.",
    ),
    "contains": Case(
        {"type": "array", "contains": {"type": "string"}}, [1], "invalid_value", "Invalid 'a'."
    ),
    "required": Case(
        {"type": "object", "required": ["b"]},
        {},
        "missing_required_parameter",
        "Missing required parameter: 'a.b'.",
        "a.b",
    ),
    "additionalProperties": Case(
        {"type": "object", "properties": {}, "additionalProperties": False},
        {"b": 1},
        "unknown_parameter",
        "Unknown parameter: 'a.b'.",
        "a.b",
    ),
    "schema of additionalProperties": Case(
        {"type": "object", "additionalProperties": {"type": "string"}},
        {"b": 1},
        "invalid_type",
        "Invalid type for 'a.b': expected a string, but got an integer instead.",
        "a.b",
    ),
    "maxProperties": Case(
        {"type": "object", "maxProperties": 1},
        {"b": 1, "c": 2},
        "object_above_max_properties",
        "Invalid 'a': too many properties. Expected an object with at most 1 properties, but got "
        "an object with 2 properties instead.",
    ),
    "minProperties": Case(
        {"type": "object", "minProperties": 1},
        {},
        "object_below_min_properties",
        "Invalid 'a': too few properties. Expected an object with at least 1 properties, but got "
        "an object with 0 properties instead.",
    ),
    "propertyNames": Case(
        {"type": "object", "propertyNames": {"maxLength": 2}},
        {"bcd": 1},
        "property_name_above_max_length",
        "Invalid property name in 'a': 'bcd' is too long. Expected a string with maximum length "
        "2, but got a string with length 3 instead.",
        "a.bcd",
    ),
    "not": Case({"not": {"type": "string"}}, "x", "invalid_value", "Invalid 'a'."),
    "anyOf": Case(
        {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]},
        1,
        "invalid_type",
        "Invalid type for 'a': expected one of a string or array of strings, but got an integer "
        "instead.",
    ),
    "branch of anyOf": Case(
        {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]},
        [1],
        "invalid_type",
        "Invalid type for 'a[0]': expected a string, but got an integer instead.",
        "a[0]",
    ),
    "anyOf of arrays": Case(
        {
            "anyOf": [
                {"type": "array", "items": {"type": "string"}},
                {"type": "array", "items": {"type": "integer"}},
            ]
        },
        [1, "x"],
        "invalid_type",
        "Invalid type for 'a[1]': expected an integer, but got a string instead.",
        "a[1]",
    ),
    "anyOf of arrays without a fitting item": Case(
        {
            "anyOf": [
                {"type": "array", "items": {"type": "string"}},
                {"type": "array", "items": {"type": "integer"}},
            ]
        },
        [None],
        "invalid_type",
        "Invalid type for 'a[0]': expected one of a string or integer, but got null instead.",
        "a[0]",
    ),
    "allOf": Case(
        {"type": "object", "allOf": [{"anyOf": [{"required": ["b"]}], "x-batchlint": {"at": "b"}}]},
        {},
        "missing_required_parameter",
        "Missing required parameter: 'a.b'.",
        "a.b",
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_problem_has_the_wording_of_the_api(case: Case) -> None:
    (problem,) = explain(field(case.schema), {"a": case.value})

    assert (problem.rule, problem.message, problem.param) == case[2:]


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"type": "number"}, 1),
        ({"type": "integer"}, 1.0),
        ({"type": ["string", "null"]}, None),
        ({"enum": [None, "x"]}, None),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, None),
        ({"type": "array", "contains": {"type": "string"}}, ["x"]),
    ],
    ids=str,
)
def test_valid_value_has_no_problems(schema: dict[str, Any], value: object) -> None:
    assert explain(field(schema), {"a": value}) == []


# -- unions with a tag ----------------------------------------------------------------------------


def tagged(**notes: Any) -> dict[str, Any]:
    """Return the schema of a union whose branches differ in `type`."""
    branches = [
        {
            "type": "object",
            "properties": {"type": {"enum": [name]}, "text": {"type": "string"}},
            "required": ["text"],
        }
        for name in ("x", "y")
    ]
    return field({"anyOf": branches, "x-batchlint": {"tag": "type"} | notes})


class Union(NamedTuple):
    """A union's notes, a value, and the value's problem (None if it is valid)."""

    notes: dict[str, Any]
    value: dict[str, Any]
    message: str | None
    param: str | None = None
    path: PathParts = ()


UNIONS = {
    "valid": Union({}, {"type": "x", "text": "t"}, None),
    "inside the branch": Union(
        {},
        {"type": "y"},
        "Missing required parameter: 'a.text'.",
        "a.text",
        ("a", "text"),
    ),
    "unknown tag": Union(
        {},
        {"type": "z"},
        "Invalid value: 'z'. Supported values are: 'x' and 'y'.",
        "a.type",
        ("a", "type"),
    ),
    "tag of another type": Union(
        {},
        {"type": 1},
        "Invalid value: ''. Supported values are: 'x' and 'y'.",
        "a.type",
        ("a", "type"),
    ),
    "missing tag": Union(
        {}, {"text": 1}, "Missing required parameter: 'a.type'.", "a.type", ("a", "type")
    ),
    "missing tag that is not named": Union(
        {"missing_as_invalid": True},
        {"text": 1},
        "Invalid value: ''. Supported values are: 'x' and 'y'.",
        "a.type",
        ("a", "type"),
    ),
    "another branch for missing tags": Union(
        {"untagged": {"text": "x", "": "y"}},
        {"text": 1},
        "Invalid type for 'a.text': expected a string, but got an integer instead.",
        "a.text",
        ("a", "text"),
    ),
    "a branch for other tags": Union(
        {"otherwise": "x"},
        {"type": "z", "text": "t"},
        "Invalid value: 'z'. Value must be 'x'.",
        "a.type",
        ("a", "type"),
    ),
    "named at the item": Union(
        {"at": "item"},
        {"type": "z"},
        "Invalid value: 'z'. Supported values are: 'x' and 'y'.",
        "a",
        ("a", "type"),
    ),
    "other supported values": Union(
        {"supported": ["x"]},
        {"type": "z"},
        "Invalid value: 'z'. Value must be 'x'.",
        "a.type",
        ("a", "type"),
    ),
}


@pytest.mark.parametrize("case", UNIONS.values(), ids=UNIONS)
def test_tag_chooses_the_branch(case: Union) -> None:
    problems = explain(tagged(**case.notes), {"a": case.value})
    found = [(problem.message, problem.param, problem.path) for problem in problems]

    assert found == ([] if case.message is None else [case[2:]])


# -- order, locations and notes -------------------------------------------------------------------

ORDERED = {
    "type": "object",
    "required": ["b", "c"],
    "properties": {"a": {"type": "string"}, "b": {"type": "string"}, "c": {"type": "string"}},
    "additionalProperties": False,
}


def test_problems_are_in_the_order_of_the_api_phases() -> None:
    problems = explain(ORDERED, {"b": 1, "x": 1, "a": 1})

    assert [(problem.rule, problem.param) for problem in problems] == [
        ("missing_required_parameter", "c"),
        ("unknown_parameter", "x"),
        ("invalid_type", "a"),
        ("invalid_type", "b"),
    ]
    assert [problem.rank.phase for problem in problems] == [
        Phase.PRESENCE,
        Phase.UNKNOWN,
        Phase.FIELDS,
        Phase.FIELDS,
    ]


def test_several_missing_fields_count_as_one_cause() -> None:
    schema = ORDERED | {"x-batchlint": {"in_place": True}}
    problems = explain(schema, {"a": 1})

    assert [problem.param for problem in problems] == ["a", "b", "c"]


def test_prefix_is_added_to_path_and_param_but_not_to_the_message() -> None:
    explainer = Explainer(ORDERED, part=Part.BODY, prefix=("body",))
    (problem,) = explainer.explain({"b": "", "c": "", "a": 1})

    assert problem.message.startswith("Invalid type for 'a': ")
    assert (problem.param, problem.path) == ("body.a", ("body", "a"))
    assert problem.rank.part == Part.BODY


def test_unknown_field_near_a_known_one_gets_a_suggestion() -> None:
    schema = {"type": "object", "properties": {"model": {}}, "additionalProperties": False}
    (problem,) = explain(schema, {"modle": 1})

    assert problem.message == "Unknown parameter: 'modle'. Did you mean 'model'?"


def test_doubly_nested_object_gets_a_hint_at_the_outer_object() -> None:
    schema = field({"type": "object", "properties": {}, "additionalProperties": False})
    (problem,) = explain(schema, {"a": {"a": 1}})

    assert problem.param == "a.a"
    assert problem.path == ("a",)
    assert problem.hint is not None
    assert "contains another object with the same name" in problem.hint


@pytest.mark.parametrize(
    ("schema", "value", "hint"),
    [
        ({"enum": ["x"]}, "y", "newer"),
        ({"type": "string"}, 1, "own"),
        ({"type": "string", "minLength": 1}, "", None),
    ],
    ids=["value", "type", "bound"],
)
def test_hints_come_from_the_rule_or_from_the_date_of_the_schema(
    schema: dict[str, Any], value: object, hint: str | None
) -> None:
    explainer = Explainer(
        field(schema), hints={"invalid_type": lambda _value, _path: "own"}, newer_hint="newer"
    )
    (problem,) = explainer.explain({"a": value})

    assert problem.hint == hint


def test_notes_replace_rule_message_param_and_phase() -> None:
    note = {
        "rule": "image_detail",
        "message": "'{p}' is {repr}, not {supported}.",
        "param": "",
        "phase": "empty",
    }
    schema = field(
        {"type": "string", "enum": ["x", "y"], "x-batchlint": {"errors": {"enum": note}}}
    )
    (problem,) = explain(schema, {"a": "z"})

    assert problem.rule == "image_detail"
    assert problem.message == "'a' is 'z', not 'x' and 'y'."
    assert problem.param is None
    assert problem.rank.phase == Phase.EMPTY


def test_long_location_is_shortened_only_in_the_message() -> None:
    name = "x" * 500
    schema = {"type": "object", "properties": {}, "additionalProperties": False}
    (problem,) = explain(schema, {name: 1})

    assert len(problem.message) < 100
    assert problem.param == name


def test_root_that_is_not_an_object_is_a_type_error() -> None:
    (problem,) = explain({"type": "object"}, [])

    assert problem.rule == "invalid_type"
    assert problem.path == ()


@pytest.mark.parametrize("validate_fields", [True, False])
def test_problems_do_not_depend_on_field_validators(validate_fields: bool) -> None:
    explainer = Explainer(ORDERED, validate_fields=validate_fields)

    assert len(explainer.explain({"a": 1, "b": "", "c": ""})) == 1
    assert explainer.explain({"a": "", "b": "", "c": ""}) == []
    assert explainer.accepts({"a": "", "b": "", "c": ""}) is validate_fields


def test_references_are_followed() -> None:
    schema = field({"$ref": "#/$defs/name"}) | {
        "$defs": {"name": {"$ref": "#/$defs/text"}, "text": {"type": "string"}}
    }
    (problem,) = explain(schema, {"a": 1})

    assert problem.message.startswith("Invalid type for 'a': expected a string")


def test_numbers_within_their_bounds_are_not_formatted() -> None:
    """An embedding input may have hundreds of thousands of numbers."""
    schema = {"type": "array", "items": {"type": "integer", "minimum": 0, "maximum": 9}}

    assert count_calls(explain, schema, [1] * 1000) < 13_000
