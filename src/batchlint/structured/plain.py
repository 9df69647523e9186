"""Accepts simple strict schemas quickly. Other schemas need the full check."""

from __future__ import annotations

from typing import Any, Final

#: The maximum size of a schema in bytes. Schemas up to this size can't reach the limits on
#: properties, characters or enum values.
MAX_BYTES: Final = 4000

#: The maximum depth of a schema, well below the API's limit of 10 levels.
_MAX_DEPTH: Final = 6
_COMMON_KEYS: Final = frozenset({"type", "description", "title"})
_OBJECT_KEYS: Final = _COMMON_KEYS | {"properties", "required", "additionalProperties"}
_ARRAY_KEYS: Final = _COMMON_KEYS | {"items"}
_STRING_KEYS: Final = _COMMON_KEYS | {"enum"}
_SCALAR_TYPES: Final = frozenset({"string", "number", "integer", "boolean"})


def is_obviously_valid(schema: dict[str, Any]) -> bool:
    """Return whether a schema is simple and meets the requirements of strict mode."""
    return schema.get("type") == "object" and _is_valid_node(schema, 0)


def _is_valid_node(node: Any, depth: int) -> bool:
    if type(node) is not dict or depth > _MAX_DEPTH:
        return False
    json_type = node.get("type")
    if type(json_type) is not str or not (
        _is_string_or_missing(node, "description") and _is_string_or_missing(node, "title")
    ):
        return False
    if json_type == "object":
        return node.keys() <= _OBJECT_KEYS and _is_valid_object(node, depth)
    if json_type == "array":
        return node.keys() <= _ARRAY_KEYS and _is_valid_node(node.get("items"), depth + 1)
    if json_type == "string" and "enum" in node:
        return node.keys() <= _STRING_KEYS and _is_valid_enum(node["enum"])
    return json_type in _SCALAR_TYPES and node.keys() <= _COMMON_KEYS


def _is_valid_object(node: dict[str, Any], depth: int) -> bool:
    properties = node.get("properties")
    required = node.get("required")
    if (
        node.get("additionalProperties") is not False
        or type(properties) is not dict
        or type(required) is not list
    ):
        return False
    if not all(type(key) is str for key in required) or len(required) != len(properties):
        return False
    return set(required) == properties.keys() and all(
        _is_valid_node(child, depth + 1) for child in properties.values()
    )


def _is_valid_enum(values: Any) -> bool:
    return (
        type(values) is list
        and bool(values)
        and all(type(v) is str for v in values)
        and len(set(values)) == len(values)
    )


def _is_string_or_missing(node: dict[str, Any], key: str) -> bool:
    return key not in node or type(node[key]) is str
