"""Generate small values that match a JSON Schema, for canned JSON responses."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any, Final

from ..nesting import prune

#: The depth beyond which values are null where the schema allows it, and unions take the branch with
#: the shallowest value, so that recursion ends.
_SHALLOW_DEPTH: Final = 6

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
        # The keys are the `id`s of parts of the schema.
        self._ends: dict[tuple[int, int], bool] = {}
        self._shallow: dict[int, Any] = {}

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
                return self.value(self._choice(schemas, depth), depth + 1)
        return self._value_of_type(schema, depth)

    def _copy(self, value: Any) -> Any:
        """Return a value from the schema and subtract its length from the remaining length."""
        value = prune(value)
        self._left -= len(json.dumps(value))
        return value

    def _target(self, reference: Any) -> Any:
        """Return the part of the schema that a reference points to. None if there is none."""
        target = self._root
        for token in str(reference).removeprefix("#").split("/")[1:]:
            key = token.replace("~1", "/").replace("~0", "~")
            target = target.get(key) if isinstance(target, Mapping) else None
        return target

    def _choice(self, schemas: list[Any], depth: int) -> Any:
        """Return one branch of a union: the first that is not null, or a shallow one at depth."""
        if depth <= _SHALLOW_DEPTH:
            return next((schema for schema in schemas if schema != {"type": "null"}), schemas[0])
        if id(schemas) not in self._shallow:
            self._shallow[id(schemas)] = self._shallowest(schemas)
        return self._shallow[id(schemas)]

    def _shallowest(self, schemas: list[Any]) -> Any:
        """Return the schema whose value takes the fewest levels. If none ends, return the first."""
        for levels in range(_MAX_DEPTH):
            for schema in schemas:
                if self._ends_within(levels, schema):
                    return schema
        return schemas[0]

    def _ends_within(self, levels: int, schema: Any) -> bool:
        """Return whether a part of the schema has a value that takes at most `levels` more levels.

        Each new answer counts like a character of the value, because a schema may be huge.
        """
        if not isinstance(schema, Mapping) or levels < 0 or self._left < 0:
            return False
        key = (id(schema), levels)
        if key not in self._ends:
            self._left -= 1
            self._ends[key] = self._has_shallow_value(schema, levels)
        return self._ends[key]

    def _has_shallow_value(self, schema: Mapping[str, Any], levels: int) -> bool:
        """Return the uncached result of `_ends_within`."""
        if "$ref" in schema:
            return self._ends_within(levels - 1, self._target(schema["$ref"]))
        if "const" in schema or _list(schema.get("enum")):
            return True
        for union in ("anyOf", "oneOf", "allOf"):
            if schemas := _list(schema.get(union)):
                return any(self._ends_within(levels - 1, each) for each in schemas)
        name = _type(schema, is_null_preferred=True)
        parts: list[Any] = []
        if name == "object":
            parts = [*_properties(schema).values()]
        elif name == "array" and _length(schema, "minItems", 0):
            parts = [schema.get("items")]
        return all(self._ends_within(levels - 1, part) for part in parts)

    def _value_of_type(self, schema: Mapping[str, Any], depth: int) -> Any:
        match _type(schema, is_null_preferred=depth > _SHALLOW_DEPTH):
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
        value = {}
        for name, part in _properties(schema).items():
            self._left -= len(name)
            value[name] = self.value(part, depth + 1)
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


def _type(schema: Mapping[str, Any], *, is_null_preferred: bool) -> Any:
    """Return the type of a value: the first that is not null, or null if preferred and allowed."""
    types = schema.get("type", "object" if "properties" in schema else "string")
    names = [types] if isinstance(types, str) else _list(types)
    if is_null_preferred and "null" in names:
        return "null"
    return next((name for name in names if name != "null"), "null")


def _properties(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return the schemas of the properties that an object gets: the required ones, or else all."""
    properties = schema.get("properties")
    properties = properties if isinstance(properties, Mapping) else {}
    names = _list(schema.get("required")) or properties
    return {name: properties.get(name) for name in names if isinstance(name, str)}


def _length(schema: Mapping[str, Any], keyword: str, default: int) -> int:
    """Return a length or count in a schema. JSON Schema accepts 2.0 as an integer."""
    value = schema.get(keyword)
    if not isinstance(value, int | float) or not value >= 0:  # It may be NaN.
        return default
    return int(min(value, _MAX_CHARACTERS))  # Other services may accept Infinity.


def _number(schema: Mapping[str, Any]) -> float:
    """Return the number in the range that is nearest to 0."""
    numbers = {key: value for key, value in schema.items() if isinstance(value, int | float)}
    low = numbers.get("minimum", numbers.get("exclusiveMinimum", -1) + 1)
    high = numbers.get("maximum", numbers.get("exclusiveMaximum", 1) - 1)
    number: float = high if high < 0 else max(0, low)
    if "integer" in (schema.get("type"), *_list(schema.get("type"))) and math.isfinite(number):
        return math.floor(number) if number < 0 else math.ceil(number)
    return number
