"""Makes small values that match a JSON Schema, for canned JSON answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

#: Below this depth, a union takes its null branch, so that recursive schemas end.
_DEEP: Final = 6

#: Below this depth, every value is null.
_DEEPEST: Final = 30

#: Sample strings for the formats in structured outputs (source: the Structured Outputs guide,
#: 2026).
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
    """A value that matches a schema. `pattern` and contradictory ranges are not supported.

    Args:
        schema: a JSON Schema. Its references must point into itself.
        text: the value of unconstrained strings.
    """
    return _Sampler(schema, text).value(schema, 0)


class _Sampler:
    def __init__(self, root: Any, text: str) -> None:
        self._root = root
        self._text = text

    def value(self, schema: Any, depth: int) -> Any:
        """A value for a part of the schema."""
        if not isinstance(schema, Mapping) or depth > _DEEPEST:
            return None
        if "$ref" in schema:
            return self.value(self._target(schema["$ref"]), depth + 1)
        if "const" in schema:
            return schema["const"]
        if schema.get("enum"):
            return schema["enum"][0]
        for union in ("anyOf", "oneOf", "allOf"):
            if schema.get(union):
                return self.value(_choice(schema[union], depth), depth + 1)
        return self._typed(schema, depth)

    def _target(self, reference: Any) -> Any:
        """The part of the schema that a reference points to; None if there is none."""
        found = self._root
        for key in str(reference).removeprefix("#").split("/")[1:]:
            found = found.get(key) if isinstance(found, Mapping) else None
        return found

    def _typed(self, schema: Mapping[str, Any], depth: int) -> Any:
        types = schema.get("type", "object" if "properties" in schema else "string")
        names = [types] if isinstance(types, str) else [t for t in types if t != "null"]
        match names[0] if names else "null":
            case "object":
                properties = schema.get("properties") or {}
                names = schema.get("required") or list(properties)
                return {name: self.value(properties.get(name), depth + 1) for name in names}
            case "array":
                item = self.value(schema.get("items"), depth + 1)
                return [item] * (schema.get("minItems") or 0)
            case "string":
                return self._string(schema)
            case "boolean":
                return False
            case "integer" | "number":
                return _number(schema)
        return None

    def _string(self, schema: Mapping[str, Any]) -> str:
        text = _FORMATS.get(schema.get("format", ""), self._text)
        text = text[: schema.get("maxLength")]
        return text.ljust(schema.get("minLength") or 0, ".")


def _choice(schemas: Any, depth: int) -> Any:
    """One branch of a union: the first that is not null, or null to end a recursion."""
    nulls = [schema for schema in schemas if schema == {"type": "null"}]
    others = [schema for schema in schemas if schema != {"type": "null"}]
    return (nulls if nulls and depth > _DEEP else others or nulls)[0]


def _number(schema: Mapping[str, Any]) -> float:
    """The number nearest to 0 that is in the range."""
    low = schema.get("minimum", schema.get("exclusiveMinimum", -1) + 1)
    high = schema.get("maximum", schema.get("exclusiveMaximum", 1) - 1)
    number: float = high if high < 0 else max(0, low)
    return number
