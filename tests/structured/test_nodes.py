"""Walking the subschemas of a schema, and naming their locations (`structured/nodes.py`)."""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest

from batchlint.phrasing import pointer
from batchlint.structured.nodes import Node, as_python_tuple, nodes, quote, type_context, types
from rules.helpers import each

LEAF = {"type": "string"}


def locations(schema: dict[str, Any], *, strict: bool, levels: int | None = None) -> list[str]:
    return [pointer(node.path) for node in nodes(schema, strict=strict, levels=levels)]


# -- which subschemas -----------------------------------------------------------------------------

SCHEMA = {
    "properties": {"a": {"items": LEAF}, "b": {"anyOf": [LEAF, {"properties": {"c": LEAF}}]}},
    "items": LEAF,
    "anyOf": [LEAF],
    "$defs": {"d": {"items": LEAF}},
    "definitions": {"e": LEAF},
    "allOf": [LEAF],
    "not": LEAF,
}
BELOW = [
    "",
    "/properties/a",
    "/properties/a/items",
    "/properties/b",
    "/properties/b/anyOf/0",
    "/properties/b/anyOf/1",
    "/properties/b/anyOf/1/properties/c",
    "/items",
    "/anyOf/0",
]
DEFINITIONS = ["/$defs/d", "/$defs/d/items", "/definitions/e"]


def test_subschemas_are_yielded_depth_first_and_definitions_only_in_strict_mode() -> None:
    assert locations(SCHEMA, strict=False) == BELOW
    assert locations(SCHEMA, strict=True) == BELOW + DEFINITIONS


def test_walk_stops_at_references_in_strict_mode() -> None:
    schema = {"properties": {"a": {"$ref": "#", "items": LEAF}}}

    assert locations(schema, strict=True) == ["", "/properties/a"]
    assert locations(schema, strict=False) == ["", "/properties/a", "/properties/a/items"]


def test_levels_limit_the_depth_of_the_data() -> None:
    schema = {"properties": {"a": {"anyOf": [{"items": LEAF}]}}}

    assert locations(schema, strict=True, levels=0) == [""]
    assert locations(schema, strict=True, levels=1) == [
        "",
        "/properties/a",
        "/properties/a/anyOf/0",
    ]
    assert len(locations(schema, strict=True, levels=2)) == 4


def test_values_that_are_not_schemas_are_visited_but_not_entered() -> None:
    schema = {"properties": {"a": True, "b": None, "c": [LEAF]}, "items": [LEAF], "anyOf": LEAF}

    assert [node.value for node in nodes(schema, strict=True)] == [schema, True, None, [LEAF]]


@pytest.mark.parametrize("levels", [None, 1000])
def test_deep_schema_does_not_exhaust_the_stack(levels: int | None) -> None:
    schema: dict[str, Any] = LEAF
    for _ in range(5000):
        schema = {"items": schema}

    visited = locations(schema, strict=True, levels=levels)

    assert 50 < len(visited) < 5000


# -- facts about a subschema ----------------------------------------------------------------------


class NodeCase(NamedTuple):
    name: str
    context: tuple[str, ...]
    level: int


@each(
    [
        NodeCase("", (), 0),
        NodeCase("/properties/a", ("properties", "a"), 1),
        NodeCase("/properties/a/items", ("properties", "a", "items"), 2),
        NodeCase("/properties/b/anyOf/1", ("properties", "b", "anyOf", "1"), 1),
        NodeCase("/items", ("items",), 1),
        NodeCase("/$defs/d", ("$defs", "d"), 0),
        NodeCase("/$defs/d/items", ("$defs", "d", "items"), 1),
    ]
)
def test_node_has_its_context_and_level(case: NodeCase) -> None:
    [node] = [node for node in nodes(SCHEMA, strict=True) if pointer(node.path) == case.name]

    assert (node.context, node.level) == (case.context, case.level)


def test_context_names_one_of_several_types() -> None:
    schema = {
        "type": ["null", "object", "array"],
        "properties": {"a": LEAF},
        "items": LEAF,
    }

    assert [node.context for node in nodes(schema, strict=True)] == [
        (),
        ("type", "1", "properties", "a"),
        ("type", "2", "items"),
    ]


def test_problem_of_a_node_names_its_context_and_location() -> None:
    node = Node(LEAF, ("properties", "a"), ("properties", "a"), 1)

    here = node.problem("is wrong.")
    below = node.problem(
        "is wrong.", "items", hint="Mend it.", certain=False, context=("type", "0")
    )

    assert here.sentence == "In context=('properties', 'a'), is wrong."
    assert (here.path, here.hint, here.certain) == (("properties", "a"), None, True)
    assert below.sentence == "In context=('properties', 'a', 'type', '0'), is wrong."
    assert (below.path, below.hint, below.certain) == (
        ("properties", "a", "items"),
        "Mend it.",
        False,
    )


# -- wording --------------------------------------------------------------------------------------


class ContextCase(NamedTuple):
    name: str
    context: tuple[str, ...]


@each([ContextCase("()", ()), ContextCase("('a',)", ("a",)), ContextCase("('a', 'b')", ("a", "b"))])
def test_context_is_printed_as_a_tuple(case: ContextCase) -> None:
    assert as_python_tuple(case.context) == case.name == repr(case.context)


def test_name_is_quoted_as_python_prints_it_and_cut() -> None:
    assert quote("a") == "'a'"
    assert quote("a'b") == '"a\'b"'
    assert quote("\u202e") == r"'\u202e'"
    assert quote("x" * 64) == f"'{'x' * 64}'"
    assert quote("x" * 65) == f"'{'x' * 61}...'"


def test_types_returns_a_list() -> None:
    assert types({"type": "string"}) == ["string"]
    assert types({"type": ["string", "null"]}) == ["string", "null"]
    assert types({}) == [None]


def test_type_context_has_an_index_only_if_there_are_several_types() -> None:
    assert type_context({"type": ["null", "array"]}, "array") == ("type", "1")
    assert type_context({"type": ["null", "array"]}, "object") == ()
    assert type_context({"type": "array"}, "array") == ()
    assert type_context({}, "array") == ()
