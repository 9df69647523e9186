"""Whether a value is a JSON Schema at all, in the words of the validator that the API uses.

The API checks every schema of a function or a response format against the meta-schema of draft 2020-12
with Python's `jsonschema`, formats included, and answers with that library's sentence.  Source: public
reports of such answers (`[] is not of type 'object'`, March 2024; `'any' is not valid under any of the
given schemas`, 2025; `[] is not of type 'object', 'boolean'`, June 2025; `None is not of type 'array'`,
March 2026; `'...' is not a 'regex'`, August and September 2026); those for other keywords are the
library's own, and inferred.
"""

from __future__ import annotations

import re
import warnings
from collections import deque
from collections.abc import Iterator
from typing import Any, Final

from .. import phrasing
from ..findings import PathParts
from .problems import SchemaProblem

TYPES: Final = ("array", "boolean", "integer", "null", "number", "object", "string")

#: The JSON type of a keyword's value.
_KEYWORDS: Final = {
    **dict.fromkeys(
        ("$ref", "$schema", "$comment", "title", "description", "format", "pattern"), "string"
    ),
    **dict.fromkeys(
        ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"), "number"
    ),
    **dict.fromkeys(
        (
            "minLength",
            "maxLength",
            "minItems",
            "maxItems",
            "minProperties",
            "maxProperties",
            "minContains",
            "maxContains",
        ),
        "integer",
    ),
    **dict.fromkeys(("uniqueItems", "deprecated", "readOnly", "writeOnly"), "boolean"),
    **dict.fromkeys(
        ("anyOf", "allOf", "oneOf", "prefixItems", "required", "enum", "examples"), "array"
    ),
    **dict.fromkeys(
        ("properties", "patternProperties", "$defs", "definitions", "dependentSchemas"), "object"
    ),
}
_SCHEMA: Final = frozenset(
    {
        "items",
        "additionalProperties",
        "not",
        "if",
        "then",
        "else",
        "contains",
        "propertyNames",
        "unevaluatedItems",
        "unevaluatedProperties",
    }
)
_SCHEMAS: Final = frozenset({"anyOf", "allOf", "oneOf", "prefixItems"})
_SCHEMAS_BY_NAME: Final = frozenset(
    {"properties", "patternProperties", "$defs", "definitions", "dependentSchemas"}
)
#: Keywords whose value had another form in draft 4.
_CHANGED: Final = frozenset({"exclusiveMinimum", "exclusiveMaximum"})

#: Places further from the root than this are not looked at; a decoded line has none.
LONGEST_PATH: Final = 2500
#: Longer patterns are not compiled: that takes its time.
_LONGEST_PATTERN: Final = 500


def is_old(root: dict[str, Any]) -> bool:
    """Whether a schema names a draft from before 2019, in which `items` may be an array."""
    dialect = root.get("$schema")
    return isinstance(dialect, str) and "json-schema.org/draft-0" in dialect


def is_a(value: Any, name: str) -> bool:
    """Whether a value is of a JSON type; whole floats are integers, booleans are no numbers."""
    kind = phrasing.json_type(value)
    return (
        kind == name
        or (name == "number" and kind == "integer")
        or (name == "integer" and isinstance(value, float) and value.is_integer())
    )


def problems(root: dict[str, Any]) -> Iterator[SchemaProblem]:
    """Where a schema breaks the meta-schema, the shallowest place first.

    Which of several the library tells depends on its version, and that of the API's is not known.
    """
    old = is_old(root)
    places: deque[tuple[Any, PathParts]] = deque([(root, ())])
    while places:
        node, path = places.popleft()
        if isinstance(node, dict):
            yield from _keywords(node, path, old)
            if len(path) < LONGEST_PATH:
                places.extend(_subschemas(node, path, old))
        elif not isinstance(node, bool):
            yield SchemaProblem(
                f"{phrasing.python_repr(node)} is not of type 'object', 'boolean'.",
                path,
                "Put one schema there, an object.",
            )


def _subschemas(
    node: dict[str, Any], path: PathParts, old: bool
) -> Iterator[tuple[Any, PathParts]]:
    """What stands where a schema must, below a schema."""
    for key, value in node.items():
        if key in _SCHEMAS_BY_NAME and isinstance(value, dict):
            for name, child in value.items():
                yield child, (*path, key, name)
        elif isinstance(value, list) and (key in _SCHEMAS or (old and key == "items")):
            for index, child in enumerate(value):
                yield child, (*path, key, index)
        elif key in _SCHEMA:
            yield value, (*path, key)


def _keywords(node: dict[str, Any], path: PathParts, old: bool) -> Iterator[SchemaProblem]:
    """What is wrong with the values of a schema's keywords, subschemas apart."""
    for key, value in node.items():
        expected = _KEYWORDS.get(key)
        if key == "type":
            sentence = (
                None
                if _is_type(value)
                else f"{phrasing.python_repr(value)} is not valid under any of the given schemas."
            )
            hint = f"A type is one of {phrasing.listed(phrasing.quoted(TYPES), 'and')}, or an array of some."
        elif expected is None or (old and key in _CHANGED):
            continue
        elif not is_a(value, expected):
            sentence = f"{phrasing.python_repr(value)} is not of type '{expected}'."
            hint = (
                "`required` stands beside `properties` and lists names."
                if key == "required"
                else (
                    "Leave the keyword out."
                    if value is None
                    else f"Give `{key}` {phrasing.EXPECTED[expected]}."
                )
            )
        else:
            yield from _details(key, value, (*path, key))
            continue
        if sentence:
            yield SchemaProblem(sentence, (*path, key), hint)


def _details(key: str, value: Any, path: PathParts) -> Iterator[SchemaProblem]:
    """What is wrong with the value of a keyword that has the right type."""
    if key == "required":
        yield from _required(value, path)
    elif key in _SCHEMAS and not value:
        yield SchemaProblem("[] should be non-empty.", path, "Leave the keyword out.")
    elif key == "pattern" and not _is_regex(value):
        yield SchemaProblem(
            f"'{phrasing.excerpt(value)}' is not a 'regex'.",
            path,
            "The API compiles patterns with Python's `re`, which lacks \\p{...}, \\u{...} and (?<name>...).",
        )
    elif _KEYWORDS[key] == "integer" and value < 0:
        yield SchemaProblem(f"{value} is less than the minimum of 0.", path)


def _required(names: list[Any], path: PathParts) -> Iterator[SchemaProblem]:
    """What is wrong with the members of `required`."""
    for index, name in enumerate(names):
        if not isinstance(name, str):
            yield SchemaProblem(
                f"{phrasing.python_repr(name)} is not of type 'string'.",
                (*path, index),
                "`required` lists names.",
            )
            return
    if len(set(names)) < len(names):
        yield SchemaProblem(
            f"{phrasing.python_repr(names)} has non-unique elements.",
            path,
            "Name each property once.",
        )


def _is_type(value: Any) -> bool:
    """Whether this may stand as `type`."""
    if not isinstance(value, list):
        return isinstance(value, str) and value in TYPES
    return (
        bool(value)
        and all(isinstance(name, str) and name in TYPES for name in value)
        and len(set(value)) == len(value)
    )


def _is_regex(pattern: str) -> bool:
    """Whether Python compiles a pattern, as far as that can be told in little time."""
    if len(pattern) > _LONGEST_PATTERN:
        return True
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of constructs whose meaning may change
        try:
            re.compile(pattern)
        except (re.error, OverflowError):
            return False
        except RecursionError:
            return True
    return True
