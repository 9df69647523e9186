"""Compiles schemas into validators, with jsonschema-rs or jsonschema."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any

import orjson

from ..bounds import lean_validator
from ..nesting import prune, with_fresh_stack
from ..phrasing import with_short_reprs

#: A function that returns whether a decoded value matches a schema.
Validator = Callable[[Any], bool]


def engine_name() -> str:
    """Return the name of the validation engine.

    The default is `jsonschema-rs` if it is installed, and `jsonschema` otherwise. The environment
    variable `BATCHLINT_ENGINE` can name either of them instead. Both engines give the same reports.
    """
    name = os.environ.get("BATCHLINT_ENGINE", "")
    if name in ("jsonschema", "jsonschema-rs"):
        return name
    try:
        import jsonschema_rs  # noqa: F401 - only to see whether it is installed
    except ImportError:
        return "jsonschema"
    return "jsonschema-rs"


def compile_schema(schema: Mapping[str, Any]) -> Validator:
    """Compile a schema (JSON Schema 2020-12) into a validator."""
    if engine_name() == "jsonschema-rs":
        import jsonschema_rs

        is_valid: Validator = jsonschema_rs.validator_for(orjson.dumps(schema).decode()).is_valid
        return is_valid
    from jsonschema import Draft202012Validator

    validator = lean_validator(Draft202012Validator, anchor_patterns(schema))

    def validate(value: Any) -> bool:
        return bool(validator.is_valid(with_short_reprs(value)))

    def validate_pruned(value: Any) -> bool:
        return validate(prune(value))

    def validate_on_any_stack(value: Any) -> bool:
        try:
            return with_fresh_stack(validate, value)
        except RecursionError:
            # The value is too deep for the engine. Problems at this depth are never explained, so
            # validate only the upper levels.
            return with_fresh_stack(validate_pruned, value)

    return validate_on_any_stack


def anchor_patterns(schema: Any) -> Any:
    r"""Return a schema in which `\Z` replaces the final `$` of each pattern.

    In Python, `$` also matches before a newline at the end.
    """
    if isinstance(schema, list):
        return [anchor_patterns(item) for item in schema]
    if not isinstance(schema, Mapping):
        return schema
    return {
        key: anchor_pattern(value)
        if key == "pattern" and isinstance(value, str)
        else anchor_patterns(value)
        for key, value in schema.items()
    }


def anchor_pattern(pattern: str) -> str:
    r"""Return a pattern in which `\Z` replaces the final `$`."""
    return pattern.removesuffix("$") + r"\Z" if pattern.endswith("$") else pattern
