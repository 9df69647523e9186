"""Generate small values that match a JSON Schema, for canned JSON responses."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from ..nesting import prune

#: The depth beyond which a union takes its null branch, so that recursion ends.
_NULL_BRANCH_DEPTH: Final = 6

#: The depth beyond which every value is null.
_MAX_DEPTH: Final = 30

#: The approximate maximum length of a value as JSON. A schema may require a billion array items.
_MAX_CHARACTERS: Final = 100_000

#: Sample strings for the formats that structured outputs support. Source: the Structured Outputs
#: guide, 2026.
_FORMATS: Final = {
    "date-time": "2026-01-01T00:00:00Z",
    "time": "00:00:00Z",
    "date": "2026-01-01",
    "duration": "P1D",
    "email": "canned@example.com",
    "hostname": "example.com",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "uuid": "00000000-0000-0000-0000-000000000000",
}


def sample(schema: Any, text: str) -> Any:
    """Return a value that matches a schema, if possible.

    `pattern`, `multipleOf`, fractional exclusive limits, an `allOf` with several branches, and
    contradictory ranges are not supported.

    The length of the value is limited, even if the schema requires a longer one.

    Args:
        schema: a JSON Schema. Its references must point within the schema. Invalid keywords are
            ignored, because other services may accept them.
        text: the value of unconstrained strings.
    """
    return _Sampler(schema, text).value(schema, 0)


class _Sampler:
    def __init__(self, root: Any, text: str) -> None:
        self._root = root
        self._text = text
        self._left = _MAX_CHARACTERS

    def value(self, schema: Any, depth: int) -> Any:
        """Return a value for a part of the schema."""
        self._left -= 1
        if not isinstance(schema, Mapping) or depth > _MAX_DEPTH or self._left < 0:
            return None
        if "$ref" in schema:
            return self.value(self._target(schema["$ref"]), depth + 1)
        if "const" in schema:
            return self._copy(schema["const"])
        if values := _list(schema.get("enum")):
            return self._copy(values[0])
        for union in ("anyOf", "oneOf", "allOf"):
            if schemas := _list(schema.get(union)):
                return self.value(_choice(schemas, depth), depth + 1)
        return self._value_of_type(schema, depth)

    def _copy(self, value: Any) -> Any:
        """Return a value from the schema and subtract its length from the remaining length."""
        value = prune(value)
        self._left -= len(json.dumps(value))
        return value

    def _target(self, reference: Any) -> Any:
        """Return the part of the schema that a reference points to. None if there is none."""
        target = self._root
        for key in str(reference).removeprefix("#").split("/")[1:]:
            target = target.get(key) if isinstance(target, Mapping) else None
        return target

    def _value_of_type(self, schema: Mapping[str, Any], depth: int) -> Any:
        types = schema.get("type", "object" if "properties" in schema else "string")
        names = [types] if isinstance(types, str) else [t for t in _list(types) if t != "null"]
        match names[0] if names else "null":
            case "object":
                return self._object(schema, depth)
            case "array":
                return self._array(schema, depth)
            case "string":
                return self._string(schema)
            case "boolean":
                return False
            case "integer" | "number":
                return _number(schema)
        return None

    def _object(self, schema: Mapping[str, Any], depth: int) -> dict[str, Any]:
        properties = schema.get("properties")
        properties = properties if isinstance(properties, Mapping) else {}
        value = {}
        for name in _list(schema.get("required")) or properties:
            if isinstance(name, str):
                self._left -= len(name)
                value[name] = self.value(properties.get(name), depth + 1)
        return value

    def _array(self, schema: Mapping[str, Any], depth: int) -> list[Any]:
        value: list[Any] = []
        length = _length(schema, "minItems", 0)
        while len(value) < length and self._left > 0:
            value.append(self.value(schema.get("items"), depth + 1))
        return value

    def _string(self, schema: Mapping[str, Any]) -> str:
        name = schema.get("format")
        text = _FORMATS.get(name, self._text) if isinstance(name, str) else self._text
        text = text[: _length(schema, "maxLength", len(text))]
        text = text.ljust(min(_length(schema, "minLength", 0), self._left), ".")
        self._left -= len(text)
        return text


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _length(schema: Mapping[str, Any], keyword: str, default: int) -> int:
    """Return a length or count in a schema. JSON Schema accepts 2.0 as an integer."""
    value = schema.get(keyword)
    return int(value) if isinstance(value, int | float) and value >= 0 else default


def _choice(schemas: Any, depth: int) -> Any:
    """Return one branch of a union: the first that is not null, or null to end a recursion."""
    nulls = [schema for schema in schemas if schema == {"type": "null"}]
    others = [schema for schema in schemas if schema != {"type": "null"}]
    return (nulls if nulls and depth > _NULL_BRANCH_DEPTH else others or nulls)[0]


def _number(schema: Mapping[str, Any]) -> float:
    """Return the number in the range that is nearest to 0."""
    numbers = {key: value for key, value in schema.items() if isinstance(value, int | float)}
    low = numbers.get("minimum", numbers.get("exclusiveMinimum", -1) + 1)
    high = numbers.get("maximum", numbers.get("exclusiveMaximum", 1) - 1)
    number: float = high if high < 0 else max(0, low)
    return number
