"""Strict schemas that are fine at first sight, as nearly all are; the rest is looked at closely."""

from __future__ import annotations

from typing import Any, Final

#: Schemas of more bytes than this are never fine at first sight: below it no limit on the numbers of
#: properties, characters or enum values can be reached.
SHORT: Final = 4000

_DEEPEST: Final = 6  # the limit is 10
_NOTES: Final = frozenset({"type", "description", "title"})
_OBJECT: Final = _NOTES | {"properties", "required", "additionalProperties"}
_ARRAY: Final = _NOTES | {"items"}
_STRING: Final = _NOTES | {"enum"}
_SIMPLE: Final = frozenset({"string", "number", "integer", "boolean"})


def is_fine(schema: dict[str, Any]) -> bool:
    """Whether a strict schema is made of the plainest parts alone, each as Structured Outputs want it."""
    return schema.get("type") == "object" and _fine(schema, 0)


def _fine(node: Any, depth: int) -> bool:
    if type(node) is not dict or depth > _DEEPEST:
        return False
    kind = node.get("type")
    if type(kind) is not str or not (_is_text(node, "description") and _is_text(node, "title")):
        return False
    if kind == "object":
        return node.keys() <= _OBJECT and _fine_object(node, depth)
    if kind == "array":
        return node.keys() <= _ARRAY and _fine(node.get("items"), depth + 1)
    if kind == "string" and "enum" in node:
        return node.keys() <= _STRING and _fine_enum(node["enum"])
    return kind in _SIMPLE and node.keys() <= _NOTES


def _fine_object(node: dict[str, Any], depth: int) -> bool:
    properties, required = node.get("properties"), node.get("required")
    if (
        node.get("additionalProperties") is not False
        or type(properties) is not dict
        or type(required) is not list
    ):
        return False
    if not all(type(key) is str for key in required) or len(required) != len(properties):
        return False
    return set(required) == properties.keys() and all(
        _fine(child, depth + 1) for child in properties.values()
    )


def _fine_enum(values: Any) -> bool:
    return (
        type(values) is list
        and bool(values)
        and all(type(v) is str for v in values)
        and len(set(values)) == len(values)
    )


def _is_text(node: dict[str, Any], key: str) -> bool:
    return key not in node or type(node[key]) is str
