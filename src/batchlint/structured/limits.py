"""How large a strict schema may be (source: the Structured Outputs guide, October 2026).

Older pages have smaller numbers.  The sentences are those of live answers of 2026, but for the one
about characters, which is ours.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from ..findings import PathParts
from .nodes import Node, nodes
from .problems import SchemaProblem

LEVELS: Final = 10
PROPERTIES: Final = 5000
CHARACTERS: Final = 120_000
ENUM_VALUES: Final = 1000
LARGE_ENUM: Final = 250
LARGE_ENUM_CHARACTERS: Final = 15_000

_FEWER: Final = "Consider reducing the number of enums, or opt out of structured outputs by setting 'strict: false'."


def problems(root: dict[str, Any]) -> list[SchemaProblem]:
    """What is too much in a schema, each at the place where it becomes too much."""
    below = [node for node in nodes(root, strict=True) if isinstance(node.value, dict)]
    found = [*_levels(below), *_properties(below), *_characters(below), *_enum_values(below)]
    for node in below:
        found += _large_enum(node.value.get("enum"), node.path)
    return found


def _levels(below: list[Node]) -> Iterator[SchemaProblem]:
    """Objects and arrays in one another; the place is that of the schema whose members are too deep.

    Source for how the API counts: its answers to a schema of depth 15 (14 levels) and to one with
    ten objects below the root, whose properties are strings (11 levels).
    """
    deepest = max(node.level for node in below)
    if deepest > LEVELS:
        place = next(
            node.path for node in below if node.level == LEVELS and _has_members(node.value)
        )
        yield SchemaProblem(
            f"{deepest} levels of nesting exceeds limit of {LEVELS}.",
            place,
            "Flatten it, or use definitions.",
        )


def _has_members(schema: dict[str, Any]) -> bool:
    """Whether a schema has properties or items that are schemas."""
    properties = schema.get("properties")
    return isinstance(schema.get("items"), dict) or (
        isinstance(properties, dict)
        and any(isinstance(child, dict) for child in properties.values())
    )


def _properties(below: list[Node]) -> Iterator[SchemaProblem]:
    """Properties of all objects together."""
    counted = [
        (len(node.value["properties"]), (*node.path, "properties"))
        for node in below
        if isinstance(node.value.get("properties"), dict)
    ]
    total, place = _beyond(counted, PROPERTIES)
    if place:
        yield SchemaProblem(
            f"{total} parameters exceeds limit of {PROPERTIES}.", place, "Split the schema."
        )


def _enum_values(below: list[Node]) -> Iterator[SchemaProblem]:
    """Values of all enums together."""
    counted = [
        (len(node.value["enum"]), (*node.path, "enum"))
        for node in below
        if isinstance(node.value.get("enum"), list)
    ]
    total, place = _beyond(counted, ENUM_VALUES)
    if place:
        yield SchemaProblem(
            f"Expected at most {ENUM_VALUES} enum values in total within a single schema when using "
            f"structured outputs, but received {total}. {_FEWER}",
            place,
        )


def _beyond(counted: list[tuple[int, PathParts]], limit: int) -> tuple[int, PathParts | None]:
    """The sum of counts, and the place where it passes the limit."""
    total, place = 0, None
    for count, path in counted:
        total += count
        if total > limit and place is None:
            place = path
    return total, place


def _characters(below: list[Node]) -> Iterator[SchemaProblem]:
    """Characters of the names of properties and definitions, and of the values of enums and constants."""
    total = sum(len(name) for node in below for name in _names(node.value))
    if total > CHARACTERS:
        yield SchemaProblem(
            f"{total} characters of names and values exceeds limit of {CHARACTERS}.",
            (),
            "The limit is the guide's, the sentence ours: that of the API is not known.",
        )


def _names(schema: dict[str, Any]) -> Iterator[str]:
    """The names and values of a schema whose characters count."""
    for key in ("properties", "$defs", "definitions"):
        named = schema.get(key)
        if isinstance(named, dict):
            yield from named
    enum = schema.get("enum")
    for value in (*(enum if isinstance(enum, list) else ()), schema.get("const")):
        if isinstance(value, str):
            yield value


def _large_enum(enum: Any, path: PathParts) -> Iterator[SchemaProblem]:
    """Characters of one enum of many values."""
    if isinstance(enum, list) and len(enum) > LARGE_ENUM:
        total = sum(len(value) for value in enum if isinstance(value, str))
        if total > LARGE_ENUM_CHARACTERS:
            yield SchemaProblem(
                f"Expected at most {LARGE_ENUM_CHARACTERS} total characters across enum values when there are "
                f"more than {LARGE_ENUM} enum values, but received {total}. {_FEWER}",
                (*path, "enum"),
            )
