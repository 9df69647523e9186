"""The quick check (`structured/plain.py`) accepts common strict schemas, and no invalid ones."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batchlint.structured import plain, subset
from rules.helpers import each
from structured.cases import STRICT
from structured.helpers import SchemaCase, closed, nested
from structured.strategies import SCHEMAS


def full_check(schema: dict[str, Any]) -> tuple[object, ...]:
    """Return the problems of a schema, without the quick check, which skips long schemas."""
    return subset.problems(schema | {"description": "x" * (plain.MAX_BYTES + 1)}, "strict")


@pytest.mark.parametrize(
    "schema",
    [
        pytest.param(closed(), id="empty object"),
        pytest.param(closed(a={"type": "string"}, b={"type": "boolean"}), id="scalars"),
        pytest.param(
            closed(a={"type": "array", "items": {"type": "string", "enum": ["x", "y"]}}),
            id="array of an enum",
        ),
        pytest.param(
            closed(a=closed(b={"type": "number", "title": "B", "description": "b"}))
            | {"title": "T"},
            id="notes",
        ),
        pytest.param(nested(6), id="six levels"),
    ],
)
def test_common_schema_passes_the_quick_check(schema: dict[str, Any]) -> None:
    assert plain.is_obviously_valid(schema)


@pytest.mark.parametrize(
    "schema",
    [
        pytest.param({}, id="empty"),
        pytest.param({"type": "string"}, id="string"),
        pytest.param({"type": "array", "items": {"type": "string"}}, id="array"),
        pytest.param(closed(a={}), id="no type"),
        pytest.param(closed(a=True), id="true"),
        pytest.param(closed(a={"type": ["string", "null"]}), id="union of types"),
        pytest.param(closed(a={"type": "null"}), id="null"),
        pytest.param(closed(a={"type": "str"}), id="unknown type"),
        pytest.param(closed(a={"type": "string", "pattern": "a"}), id="other keyword"),
        pytest.param(closed(a={"type": "string", "title": 1}), id="title of a wrong type"),
        pytest.param(closed(a={"type": "string", "description": None}), id="null description"),
        pytest.param(closed(a={"type": "string", "enum": []}), id="empty enum"),
        pytest.param(closed(a={"type": "string", "enum": ["a", "a"]}), id="repeated value"),
        pytest.param(closed(a={"type": "string", "enum": [1]}), id="value of a wrong type"),
        pytest.param(closed(a={"type": "string", "enum": "a"}), id="enum of a wrong type"),
        pytest.param(closed(a={"type": "integer", "enum": [1]}), id="enum of integers"),
        pytest.param(closed(a={"type": "array"}), id="no items"),
        pytest.param(closed(a={"type": "array", "items": {}}), id="any items"),
        pytest.param(closed() | {"additionalProperties": True}, id="open"),
        pytest.param(closed() | {"additionalProperties": 0}, id="zero for false"),
        pytest.param(closed() | {"properties": []}, id="array of properties"),
        pytest.param(closed() | {"required": None}, id="null as required"),
        pytest.param(closed(a={"type": "string"}) | {"required": []}, id="optional"),
        pytest.param(closed(a={"type": "string"}) | {"required": ["b"]}, id="other required"),
        pytest.param(
            closed(a={"type": "string"}) | {"required": ["a", "a"]}, id="repeated required"
        ),
        pytest.param(closed(a={"type": "string"}) | {"required": [1]}, id="required integer"),
        pytest.param(nested(7), id="seven levels"),
    ],
)
def test_other_schema_needs_the_full_check(schema: dict[str, Any]) -> None:
    assert not plain.is_obviously_valid(schema)


@each([case for case in STRICT if case.expected])
def test_schema_with_a_problem_fails_the_quick_check(case: SchemaCase) -> None:
    assert full_check(case.schema)
    assert not plain.is_obviously_valid(case.schema)


# -- properties -----------------------------------------------------------------------------------


def an_object(properties: dict[str, Any], required: list[str], *, is_open: bool) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": is_open,
    }


LEAVES = st.sampled_from(
    [
        {"type": "string"},
        {"type": "string", "description": "d"},
        {"type": "integer"},
        {"type": "string", "enum": ["a", "b"]},
        {"type": "string", "enum": []},
        {"type": "string", "enum": ["a", "a"]},
        {"type": "null"},
        {"type": ["string"]},
        {},
        None,
        {"type": "number", "minimum": 1},
        {"type": "boolean", "title": 1},
        {"type": "string", "enum": [1]},
    ]
)
PROPERTY_NAMES = st.sampled_from("abcd")
NEARLY_PLAIN = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        inner.map(lambda items: {"type": "array", "items": items}),
        st.dictionaries(PROPERTY_NAMES, inner, max_size=3).map(
            lambda properties: an_object(properties, [*properties], is_open=False)
        ),
        st.builds(
            an_object,
            st.dictionaries(PROPERTY_NAMES, inner, max_size=3),
            st.lists(PROPERTY_NAMES, max_size=3),
            is_open=st.booleans(),
        ),
    ),
    max_leaves=12,
)


@given(NEARLY_PLAIN)
def test_accepted_nearly_plain_schema_passes_the_full_check(schema: Any) -> None:
    if isinstance(schema, dict) and plain.is_obviously_valid(schema):
        assert full_check(schema) == ()


@given(SCHEMAS)
def test_accepted_random_schema_passes_the_full_check(schema: dict[str, Any]) -> None:
    if plain.is_obviously_valid(schema):
        assert full_check(schema) == ()
