"""Checks the size limits of strict schemas.

Evidence: documented. The Structured Outputs guide, October 2026. Older pages have smaller numbers.
The messages are quoted from live responses in 2026. The API's message about characters is unknown.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from ..findings import PathParts
from .nodes import Node, nodes
from .problems import SchemaProblem

#: The maximum number of nesting levels of objects and arrays.
MAX_LEVELS: Final = 10

#: The maximum total number of properties of objects.
MAX_PROPERTIES: Final = 5000

#: The maximum total number of characters in names and values.
MAX_CHARACTERS: Final = 120_000

#: The maximum total number of values in enums.
MAX_ENUM_VALUES: Final = 1000

#: The characters of an enum are limited if it has more than this number of values.
LARGE_ENUM: Final = 250

#: The maximum total number of characters in the values of such an enum.
MAX_LARGE_ENUM_CHARACTERS: Final = 15_000

_FEWER_ENUM_VALUES: Final = (
    "Consider reducing the number of enums, or opt out of structured outputs by setting "
    "'strict: false'."
)


def problems(root: dict[str, Any]) -> list[SchemaProblem]:
    """Return a problem for each limit that a strict schema exceeds."""
    subschemas = [node for node in nodes(root, strict=True) if isinstance(node.value, dict)]
    exceeded = [
        *_check_levels(subschemas),
        *_check_properties(subschemas),
        *_check_characters(subschemas),
        *_check_enum_values(subschemas),
    ]
    for node in subschemas:
        exceeded += _check_large_enum(node.value.get("enum"), node.path)
    return exceeded


def _check_levels(subschemas: list[Node]) -> Iterator[SchemaProblem]:
    """Report nesting that is too deep, at the first schema whose children are too deep.

    Evidence: confirmed. Responses show how the API counts. A schema with a depth of 15 has 14
    levels. If ten objects are nested below the root, and the innermost has string properties, the
    schema has 11 levels.
    """
    deepest = max(node.level for node in subschemas)
    if deepest > MAX_LEVELS:
        location = next(
            node.path
            for node in subschemas
            if node.level == MAX_LEVELS and _has_children(node.value)
        )
        yield SchemaProblem(
            f"{deepest} levels of nesting exceeds limit of {MAX_LEVELS}.",
            location,
            "Flatten the schema, or use definitions.",
        )


def _has_children(schema: dict[str, Any]) -> bool:
    """Return whether a schema has a subschema in `properties` or `items`."""
    properties = schema.get("properties")
    return isinstance(schema.get("items"), dict) or (
        isinstance(properties, dict)
        and any(isinstance(child, dict) for child in properties.values())
    )


def _check_properties(subschemas: list[Node]) -> Iterator[SchemaProblem]:
    """Report too many properties in all objects together."""
    counted = [
        (len(node.value["properties"]), (*node.path, "properties"))
        for node in subschemas
        if isinstance(node.value.get("properties"), dict)
    ]
    total, location = _total_and_location(counted, MAX_PROPERTIES)
    if location:
        yield SchemaProblem(
            f"{total} parameters exceeds limit of {MAX_PROPERTIES}.", location, "Split the schema."
        )


def _check_enum_values(subschemas: list[Node]) -> Iterator[SchemaProblem]:
    """Report too many values in all enums together."""
    counted = [
        (len(node.value["enum"]), (*node.path, "enum"))
        for node in subschemas
        if isinstance(node.value.get("enum"), list)
    ]
    total, location = _total_and_location(counted, MAX_ENUM_VALUES)
    if location:
        yield SchemaProblem(
            f"Expected at most {MAX_ENUM_VALUES} enum values in total within a single schema when "
            f"using structured outputs, but received {total}. {_FEWER_ENUM_VALUES}",
            location,
        )


def _total_and_location(
    counted: list[tuple[int, PathParts]], limit: int
) -> tuple[int, PathParts | None]:
    """Return the sum of the counts and the path where it exceeds the limit, or None."""
    total = 0
    location = None
    for count, path in counted:
        total += count
        if total > limit and location is None:
            location = path
    return total, location


def _check_characters(subschemas: list[Node]) -> Iterator[SchemaProblem]:
    """Report too many characters in the names and values that `_names_and_values` yields."""
    total = sum(len(name) for node in subschemas for name in _names_and_values(node.value))
    if total > MAX_CHARACTERS:
        yield SchemaProblem(
            f"{total} characters of names and values exceeds limit of {MAX_CHARACTERS}.",
            (),
            "The limit is documented, but the API's message is unknown.",
        )


def _names_and_values(schema: dict[str, Any]) -> Iterator[str]:
    """Yield the names of properties and definitions, and the strings in `enum` and `const`."""
    for key in ("properties", "$defs", "definitions"):
        named = schema.get(key)
        if isinstance(named, dict):
            yield from named
    enum = schema.get("enum")
    for value in (*(enum if isinstance(enum, list) else ()), schema.get("const")):
        if isinstance(value, str):
            yield value


def _check_large_enum(enum: Any, path: PathParts) -> Iterator[SchemaProblem]:
    """Report too many characters in a large enum."""
    if isinstance(enum, list) and len(enum) > LARGE_ENUM:
        total = sum(len(value) for value in enum if isinstance(value, str))
        if total > MAX_LARGE_ENUM_CHARACTERS:
            yield SchemaProblem(
                f"Expected at most {MAX_LARGE_ENUM_CHARACTERS} total characters across enum values "
                f"when there are more than {LARGE_ENUM} enum values, but received {total}. "
                f"{_FEWER_ENUM_VALUES}",
                (*path, "enum"),
            )
