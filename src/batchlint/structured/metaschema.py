"""Checks whether a value is a valid JSON Schema and reports problems in the API's words.

The API checks the schemas of functions and response formats with Python's `jsonschema`. It uses the
meta-schema of draft 2020-12, checks formats too, and returns the library's message.

Evidence: reported. Public reports quote responses with these messages:

* `[] is not of type 'object'`: March 2024
* `'any' is not valid under any of the given schemas`: 2025
* `[] is not of type 'object', 'boolean'`: June 2025
* `None is not of type 'array'`: March 2026
* `'...' is not a 'regex'`: August and September 2026

It isn't known which version of the library the API uses, so other messages may differ.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from .. import phrasing
from ..findings import PathParts
from ..nesting import prune, with_fresh_stack
from . import engines
from .patterns import all_patterns, is_regex
from .problems import SchemaProblem

if TYPE_CHECKING:
    from jsonschema import ValidationError

TYPES: Final = ("array", "boolean", "integer", "null", "number", "object", "string")

#: The maximum number of levels to check. The library needs about 15 stack frames per level.
_MAX_LEVELS: Final = 50


def is_draft_before_2019(root: dict[str, Any]) -> bool:
    """Return whether a schema declares a draft from before 2019.

    In these drafts, `items` may be an array.
    """
    dialect = root.get("$schema")
    return isinstance(dialect, str) and "json-schema.org/draft-0" in dialect


def is_of_type(value: Any, name: str) -> bool:
    """Return whether a value has a JSON type.

    Floats without a fraction are integers. Booleans are not numbers.
    """
    json_type = phrasing.json_type(value)
    if name == "integer" and isinstance(value, float):
        return value.is_integer()
    return json_type == name or (name == "number" and json_type == "integer")


def problems(root: dict[str, Any]) -> Iterator[SchemaProblem]:
    """Yield up to 100 violations of the meta-schema in a schema, the shallowest first.

    The API reports only one of them. Which one depends on the version of its library.
    """
    shallow = prune(root, _MAX_LEVELS)
    if is_obviously_valid(shallow):
        return
    try:
        errors = with_fresh_stack(engines.find_errors, shallow, _draft(root))
    except RecursionError:
        return
    # The library's order depends on the hash seed, which differs between processes.
    for path, error in sorted(errors, key=lambda item: (len(item[0]), item[0])):
        if len(path) < _MAX_LEVELS:
            yield SchemaProblem(_sentence(error), path, _hint(error, path))


def is_obviously_valid(root: dict[str, Any]) -> bool:
    """Return whether the fast engine accepts a schema and all of its patterns are valid.

    Without the engine, return False.
    """
    return engines.is_accepted(root, _draft(root)) and all(map(is_regex, all_patterns(root)))


def _draft(root: dict[str, Any]) -> engines.Draft:
    return engines.DRAFT_7 if is_draft_before_2019(root) else engines.DRAFT_2020


def _sentence(error: ValidationError) -> str:
    """Return the library's message, with a long value shortened."""
    short = phrasing.python_repr(error.instance)
    full = repr(error.instance)
    return f"{error.message.replace(full, short, 1)}."


def _hint(error: ValidationError, path: PathParts) -> str | None:
    """Return a hint on how to fix an error, or None."""
    keyword = path[-1] if path else ""
    if error.validator == "type" and error.validator_value == ["object", "boolean"]:
        return "Write one schema here, as an object."
    if keyword == "type":
        types = phrasing.listed(phrasing.quoted(TYPES))
        return f"Valid types are {types}. Write one of them, or an array of several."
    if error.validator == "format":
        return (
            "The API compiles patterns with Python's `re`, which lacks \\p{...}, \\u{...} and "
            "(?<name>...)."
        )
    if error.validator == "uniqueItems":
        return "List each property once."
    if "required" in path:
        if keyword == "required":
            return "`required` belongs next to `properties` and must list names."
        return "`required` must list names."
    if error.validator == "minItems" or error.instance is None:
        return "Remove the keyword."
    if error.validator == "type" and isinstance(error.validator_value, str):
        return f"`{keyword}` must be {phrasing.EXPECTED[error.validator_value]}."
    return None
