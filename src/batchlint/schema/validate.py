"""Compiles schemas into validators, with jsonschema-rs or jsonschema."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any

import orjson

from ..nesting import prune, with_fresh_stack
from ..phrasing import with_short_reprs

#: Whether a decoded value matches a schema.
Validator = Callable[[Any], bool]


def engine_name() -> str:
    """Return the engine in use: `jsonschema-rs`, or `jsonschema` if the former is not installed.

    The environment variable `BATCHLINT_ENGINE` chooses one. Both give the same reports.
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
    """Compile a schema (JSON Schema 2020-12)."""
    if engine_name() == "jsonschema-rs":
        import jsonschema_rs

        is_valid: Validator = jsonschema_rs.validator_for(orjson.dumps(schema).decode()).is_valid
        return is_valid
    from jsonschema import Draft202012Validator

    validator = Draft202012Validator(anchor_patterns(schema))

    def fits(value: Any) -> bool:
        return bool(validator.is_valid(with_short_reprs(value)))

    def fits_above(value: Any) -> bool:
        return fits(prune(value))

    def fits_where_explained(value: Any) -> bool:
        try:
            return with_fresh_stack(fits, value)
        except RecursionError:  # Too deep for the engine. No problem so far down is explained.
            return with_fresh_stack(fits_above, value)

    return fits_where_explained


def anchor_patterns(schema: Any) -> Any:
    r"""Replace the final `$` of every pattern with `\Z`: Python's `$` also matches before "\n"."""
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
    r"""Return the same pattern for Python's `re`, with `\Z` instead of `$`."""
    return pattern.removesuffix("$") + r"\Z" if pattern.endswith("$") else pattern
