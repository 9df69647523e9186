"""Schemas that violate the meta-schema, and the exact sentences about them.

The sentences come from the `jsonschema` library, which the API uses. They differ between its
versions, so every test that quotes one is in this file.
"""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings

from batchlint import check_request
from batchlint.structured import subset
from batchlint.structured.metaschema import problems
from batchlint.structured.problems import SchemaProblem
from rules.helpers import each
from structured.cases import with_a
from structured.helpers import (
    CHAT,
    FORBIDDEN_AT_ROOT,
    FUNCTION_LOCATIONS,
    NOT_CLOSED,
    NOT_REQUIRED,
    STRICT_LOCATIONS,
    UNTYPED,
    Expected,
    Location,
    SchemaCase,
    assert_findings,
    chat_tool,
    closed,
    sentences,
)
from structured.strategies import SCHEMAS
from support import count_calls, count_garbage, request

DRAFT_4 = {"$schema": "http://json-schema.org/draft-04/schema#"}


def library_problems(schema: dict[str, Any]) -> list[SchemaProblem]:
    """Return the problems that have a sentence from the library."""
    return [
        problem
        for problem in subset.problems(schema, "function")
        if not problem.sentence.startswith(("In context=", "schema must "))
    ]


# -- exact sentences ------------------------------------------------------------------------------

STRICT = [
    SchemaCase(
        "empty oneOf and a type at the root",
        closed() | {"oneOf": []},
        (Expected("[] should be non-empty.", "/oneOf"), FORBIDDEN_AT_ROOT),
    ),
    SchemaCase(
        "tuple",
        closed(a={"type": "array", "items": [{"type": "null"}]}),
        (
            Expected(
                "[{'type': 'null'}] is not of type 'object', 'boolean'.", "/properties/a/items"
            ),
        ),
    ),
    SchemaCase(
        "unknown type",
        closed(a={"type": "str"}),
        (Expected("'str' is not valid under any of the given schemas.", "/properties/a/type"),),
    ),
    SchemaCase(
        "required in a property",
        closed(a={"type": "null", "required": True}),
        (Expected("True is not of type 'array'.", "/properties/a/required"),),
    ),
    SchemaCase(
        "array of properties",
        {"type": "object", "properties": [], "required": [], "additionalProperties": False},
        (Expected("[] is not of type 'object'.", "/properties"),),
    ),
    SchemaCase(
        "string as a property",
        closed(a="string"),
        (Expected("'string' is not of type 'object', 'boolean'.", "/properties/a"),),
    ),
    SchemaCase(
        "null as required",
        closed() | {"required": None},
        (Expected("None is not of type 'array'.", "/required"),),
    ),
    SchemaCase(
        "JavaScript pattern",
        closed(a={"type": "string", "pattern": r"^\p{L}$"}),
        (Expected(r"'^\\p{L}$' is not a 'regex'.", "/properties/a/pattern"),),
    ),
]

FUNCTION = [
    SchemaCase(
        "unknown type",
        with_a({"type": "any"}),
        (Expected("'any' is not valid under any of the given schemas.", "/properties/a/type"),),
    ),
]


@pytest.mark.parametrize(
    "location", STRICT_LOCATIONS, ids=[location.name for location in STRICT_LOCATIONS]
)
@each(STRICT)
def test_strict_schema_is_checked_against_the_metaschema(
    case: SchemaCase, location: Location
) -> None:
    assert_findings(case, location)


@pytest.mark.parametrize(
    "location", FUNCTION_LOCATIONS, ids=[location.name for location in FUNCTION_LOCATIONS]
)
@each(FUNCTION)
def test_parameters_of_a_function_are_checked_against_the_metaschema(
    case: SchemaCase, location: Location
) -> None:
    assert_findings(case, location)


def test_metaschema_problems_come_first() -> None:
    schema = {
        "type": "object",
        "properties": {
            "a": {"type": "object", "propertyNames": {}, "additionalProperties": {}},
            "b": {"type": "strng"},
        },
    }

    assert [sentence for sentence, _ in sentences(schema)] == [
        "'strng' is not valid under any of the given schemas.",
        f"In context=(), {NOT_CLOSED}",
        f"In context=(), {NOT_REQUIRED} Missing 'a'.",
        "In context=('properties', 'a'), 'propertyNames' is not permitted.",
        f"In context=('properties', 'a', 'additionalProperties'), {UNTYPED}",
    ]


def test_order_of_problems_does_not_depend_on_the_hash_seed() -> None:
    """The library returns the problems of the properties in the order of a set."""
    schema = {"type": "object", "properties": {f"p{i}": {"type": "x"} for i in range(9)}}

    assert [problem.path[-2] for problem in problems(schema)] == [f"p{i}" for i in range(9)]


def test_finding_quotes_the_library_message() -> None:
    line = request("a", CHAT, **chat_tool(with_a({"type": "any"})))

    [error] = check_request(line)

    assert (error.rule, error.param) == (
        "invalid_function_parameters",
        "body.tools[0].function.parameters",
    )
    assert error.message == (
        "Invalid schema for function 'f': 'any' is not valid under any of the given schemas."
    )


def test_draft_4_allows_boolean_bounds() -> None:
    schema = with_a({"type": "integer", "minimum": 0, "exclusiveMinimum": True})

    assert sentences(schema, "function") == [
        ("True is not of type 'number'.", "/properties/a/exclusiveMinimum")
    ]


# -- agreement with the library -------------------------------------------------------------------


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "strng"},
        {"type": ["string", "foo"]},
        {"type": []},
        {"type": None},
        {"properties": []},
        {"properties": {"a": []}},
        {"properties": {"a": "text"}},
        {"required": None},
        {"required": [1]},
        {"required": ["a", "a"]},
        {"items": [{"type": "string"}]},
        {"enum": "a"},
        {"anyOf": []},
        {"anyOf": {}},
        {"minimum": "1"},
        {"minLength": -1},
        {"minItems": 1.5},
        {"$defs": []},
        {"additionalProperties": "false"},
        {"uniqueItems": "x"},
        {"description": None},
        {"exclusiveMinimum": True},
        {"pattern": "("},
        {"not": 3},
        {"properties": {"x": {"type": "string", "required": True}}},
    ],
    ids=str,
)
def test_sentence_and_location_match_the_library(schema: dict[str, Any]) -> None:
    with pytest.raises(jsonschema.SchemaError) as caught:
        jsonschema.Draft202012Validator.check_schema(schema)

    error = caught.value
    assert [(problem.sentence, [*problem.path]) for problem in library_problems(schema)] == [
        (f"{error.message}.", [*error.absolute_path])
    ]


@given(SCHEMAS)
@settings(max_examples=300, deadline=None)
def test_library_rejects_every_schema_with_a_metaschema_problem(schema: dict[str, Any]) -> None:
    schema.pop("$schema", None)

    if library_problems(schema):
        with pytest.raises(jsonschema.SchemaError):
            jsonschema.Draft202012Validator.check_schema(schema)


@given(SCHEMAS)
@settings(max_examples=300, deadline=None)
def test_every_schema_that_the_library_rejects_has_a_metaschema_problem(
    schema: dict[str, Any],
) -> None:
    schema.pop("$schema", None)
    errors = [
        *jsonschema.Draft202012Validator(jsonschema.Draft202012Validator.META_SCHEMA).iter_errors(
            schema
        )
    ]

    if errors:
        assert library_problems(schema)


@pytest.mark.parametrize("draft", ["draft-07", "2020-12"])
@given(schema=SCHEMAS)
@settings(max_examples=200, deadline=None)
def test_problems_are_the_errors_of_the_library(draft: str, schema: dict[str, Any]) -> None:
    """The library sees only parts of the schema, and a merged meta-schema."""
    is_old = draft == "draft-07"
    schema["$schema"] = f"http://json-schema.org/{draft}/schema#"
    library: Any = jsonschema.Draft7Validator if is_old else jsonschema.Draft202012Validator
    checker = library(
        library.META_SCHEMA, format_checker=jsonschema.FormatChecker(formats=["regex"])
    )
    errors = {(f"{error.message}.", tuple(error.path)) for error in checker.iter_errors(schema)}

    found = {(problem.sentence, problem.path) for problem in problems(schema)}

    assert {path for _, path in found} == {path for _, path in errors}
    assert {item for item in errors if len(item[0]) < 60} <= found


def test_library_never_sees_what_the_fast_engine_accepts() -> None:
    """The library took 140 µs per subschema, so a file of 4 MB took three minutes."""
    schema = with_a({"allOf": [{"type": "string"}] * 300}) | {"required": 1}
    library_problems(schema)  # Import the library.

    assert count_calls(lambda: [*problems(schema)]) < 10_000


# -- patterns -------------------------------------------------------------------------------------


def test_patterns_are_checked_without_warnings() -> None:
    assert sentences(closed(a={"type": "string", "pattern": "[[a]"})) == []


def test_long_patterns_are_not_checked() -> None:
    assert sentences(closed(a={"type": "string", "pattern": "(" + "x" * 499})) != []
    assert sentences(closed(a={"type": "string", "pattern": "(" + "x" * 500})) == []
    assert sentences(closed(a={"type": "string", "pattern": "(" * 20_000})) == []


@pytest.mark.parametrize("keyword", ["const", "default", "enum", "examples"])
def test_pattern_inside_a_value_is_not_reported(keyword: str) -> None:
    schema = with_a({keyword: [{"pattern": "("}]})

    assert sentences(schema, "function") == []


@pytest.mark.parametrize("name", ["const", "default", "enum", "examples"])
@pytest.mark.parametrize("keyword", ["properties", "$defs"])
def test_wrong_pattern_is_reported_in_a_schema_with_booleans(keyword: str, name: str) -> None:
    [problem] = library_problems(
        {keyword: {name: {"pattern": "(", "not": False}, "b": True}, "additionalProperties": True}
    )

    assert problem.path == (keyword, name, "pattern")


@pytest.mark.parametrize("name", ["const", "default", "enum", "examples"])
@pytest.mark.parametrize("keyword", ["properties", "$defs"])
def test_pattern_of_a_property_with_the_name_of_a_keyword_is_checked(
    keyword: str, name: str
) -> None:
    [problem] = library_problems({keyword: {name: {"type": "string", "pattern": "("}}})

    assert problem.sentence == "'(' is not a 'regex'."
    assert problem.path == (keyword, name, "pattern")


# -- deep and long values -------------------------------------------------------------------------


@pytest.mark.parametrize("keyword", ["type", "enum", "required", "items", "properties"])
def test_deeply_nested_value_is_explained_in_a_short_sentence(keyword: str) -> None:
    value: Any = 1
    for _ in range(1000):
        value = [{keyword: value}]

    [first, *_] = library_problems(with_a({"type": value}))

    assert len(first.sentence) < 200


def test_long_value_is_shortened_in_the_sentence() -> None:
    [problem] = library_problems({"type": "x" * 1000})

    assert problem.sentence.startswith("'" + "x" * 10)
    assert problem.sentence.endswith("... is not valid under any of the given schemas.")
    assert len(problem.sentence) < 150


@pytest.mark.parametrize("dialect", ["draft/2020-12/schema", "draft-07/schema#"])
def test_problems_leave_no_reference_cycles(dialect: str) -> None:
    """Different invalid schemas in 7 MB took 1.8 GB, as the command doesn't collect garbage."""
    names = {str(name): {"type": "x", "dependencies": {"a": 1}} for name in range(20)}
    schema = {"$schema": f"https://json-schema.org/{dialect}", "properties": names}

    assert count_garbage(lambda: list(problems(schema))) < 10
