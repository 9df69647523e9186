"""Checks a schema against the meta-schema: a fast engine decides, and a slow library explains.

The fast engine is `jsonschema-rs`. The library is `jsonschema`, which the API uses. It sees only the
parts of a schema that the fast engine rejects.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from importlib import import_module
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import orjson

from .. import phrasing
from ..bounds import lean_validator
from ..findings import PathParts
from .patterns import all_patterns, is_regex

if TYPE_CHECKING:
    from jsonschema import ValidationError

#: The maximum number of errors to look for.
_MAX_ERRORS: Final = 100


class Draft(NamedTuple):
    """A draft of JSON Schema, and its keywords that contain schemas.

    Attributes:
        uri: the value of `$schema`.
        schema: keywords whose value is a schema.
        schema_list: keywords whose value is a list of schemas.
        schema_map: keywords whose value maps names to schemas.
    """

    uri: str
    schema: frozenset[str]
    schema_list: frozenset[str]
    schema_map: frozenset[str]

    def subschemas(self, keyword: str, value: Any) -> Iterator[tuple[PathParts, Any]]:
        """Yield the schemas in the value of a keyword, with their paths."""
        if keyword in self.schema:
            yield (keyword,), value
        elif keyword in self.schema_list and isinstance(value, list):
            yield from (((keyword, index), item) for index, item in enumerate(value))
        elif keyword in self.schema_map and isinstance(value, dict):
            yield from (((keyword, name), item) for name, item in value.items())


#: The meta-schema of draft 7 also allows a list in `items`, so the library reports an error inside
#: `items` as an error of `items` itself.
DRAFT_7: Final = Draft(
    "http://json-schema.org/draft-07/schema#",
    frozenset({"additionalProperties", "contains", "else", "if", "not", "propertyNames", "then"}),
    frozenset({"allOf", "anyOf", "oneOf"}),
    frozenset({"definitions", "patternProperties", "properties"}),
)
DRAFT_2020: Final = Draft(
    "https://json-schema.org/draft/2020-12/schema",
    DRAFT_7.schema | {"contentSchema", "items", "unevaluatedItems", "unevaluatedProperties"},
    DRAFT_7.schema_list | {"prefixItems"},
    DRAFT_7.schema_map | {"$defs", "dependentSchemas"},
)


def is_accepted(schema: Any, draft: Draft) -> bool:
    """Return whether the fast engine accepts a schema. It doesn't check patterns.

    Without the engine, return False.
    """
    try:
        import jsonschema_rs
    except ImportError:
        return False
    if not isinstance(schema, dict):
        return isinstance(schema, bool)
    # The engine chooses the meta-schema by this keyword, and fails if it doesn't know the dialect.
    has_dialect = isinstance(schema.get("$schema", ""), str)
    return has_dialect and jsonschema_rs.meta.is_valid({**schema, "$schema": draft.uri})


def find_errors(root: dict[str, Any], draft: Draft) -> list[tuple[PathParts, ValidationError]]:
    """Return up to 100 errors that the library finds in a schema, with their paths."""
    validator = _validator(draft)
    bad_patterns = {pattern for pattern in all_patterns(root) if not is_regex(pattern)}

    def is_valid(schema: Any) -> bool:
        return is_accepted(schema, draft) and (
            not bad_patterns or bad_patterns.isdisjoint(all_patterns(schema))
        )

    found: list[tuple[PathParts, ValidationError]] = []
    schemas: deque[tuple[PathParts, Any]] = deque([((), root)])
    while schemas and len(found) < _MAX_ERRORS:
        path, schema = schemas.popleft()
        own = schema  # The part of the schema that the library checks now.
        if isinstance(schema, dict):
            own = {}
            for keyword, value in schema.items():
                if is_valid({keyword: value}):
                    continue
                subschemas = [*draft.subschemas(keyword, value)]
                schemas.extend(
                    ((*path, *at), each) for at, each in subschemas if not is_valid(each)
                )
                if not subschemas:
                    own[keyword] = value
                elif keyword == "patternProperties":  # Its names are patterns.
                    own[keyword] = dict.fromkeys(value, True)
        if own != {}:
            errors = validator.iter_errors(phrasing.with_short_reprs(own))
            found += (
                ((*path, *error.path), error) for error in islice(errors, _MAX_ERRORS - len(found))
            )
    return found


_validators: Final[dict[str, Any]] = {}


def _validator(draft: Draft) -> Any:
    """Return the library's validator of schemas."""
    if draft.uri not in _validators:
        from jsonschema import Draft7Validator, Draft202012Validator, FormatChecker

        formats = FormatChecker(formats=())
        formats.checkers["regex"] = (is_regex, ())
        _validators[draft.uri] = (
            lean_validator(Draft7Validator, Draft7Validator.META_SCHEMA, format_checker=formats)
            if draft == DRAFT_7
            else lean_validator(Draft202012Validator, _metaschema_2020(), format_checker=formats)
        )
    return _validators[draft.uri]


def _metaschema_2020() -> dict[str, Any]:
    """Return the meta-schema of draft 2020-12, with its vocabularies merged.

    The library needs eight times as long with separate vocabularies, and repeats some errors.
    """
    from jsonschema import Draft202012Validator

    # The library itself needs this package.
    registry: Any = import_module("jsonschema_specifications").REGISTRY
    metaschema: Any = Draft202012Validator.META_SCHEMA
    base = metaschema["$id"].removesuffix("schema")
    parts = [metaschema, *(registry.contents(base + part["$ref"]) for part in metaschema["allOf"])]
    merged = {keyword: _merge(parts, keyword) for keyword in ("properties", "$defs")}
    text = orjson.dumps({"type": metaschema["type"], **merged})
    text = text.replace(b'"$dynamicRef":"#meta"', b'"$ref":"#"')
    document: dict[str, Any] = orjson.loads(re.sub(rb'"meta/[a-z-]+#/', b'"#/', text))
    return document


def _merge(schemas: list[dict[str, Any]], keyword: str) -> dict[str, Any]:
    return {name: value for schema in schemas for name, value in schema.get(keyword, {}).items()}
