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

import re
import warnings
from collections.abc import Iterator
from itertools import islice
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

from .. import phrasing
from ..findings import PathParts
from ..nesting import prune, with_fresh_stack
from .problems import SchemaProblem

if TYPE_CHECKING:
    from jsonschema import ValidationError

TYPES: Final = ("array", "boolean", "integer", "null", "number", "object", "string")

#: The maximum number of errors to read from the library. It reports some of them repeatedly.
_MAX_ERRORS: Final = 800

#: The maximum number of levels to check. The library needs about 15 stack frames per level.
_MAX_LEVELS: Final = 50

#: The maximum length of a pattern to compile. Compiling a longer one may take too much time.
MAX_PATTERN_LENGTH: Final = 500

#: The maximum length of a path to visit. No value in a decoded line is deeper.
MAX_PATH_LENGTH: Final = 2500

#: Keywords whose values are data, not schemas. A "pattern" inside them is not a pattern.
_DATA_KEYWORDS: Final = frozenset({"enum", "const", "default", "examples"})

_warnings_lock: Final = Lock()


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
    """Yield the violations of the meta-schema in a schema, the shallowest first.

    The API reports only one of them. Which one depends on the version of its library.
    """
    shallow = prune(root, _MAX_LEVELS)
    if is_obviously_valid(shallow):
        return
    try:
        errors = with_fresh_stack(_errors, phrasing.with_short_reprs(shallow))
    except RecursionError:
        return
    seen: set[tuple[PathParts, str]] = set()
    # The library's order depends on the hash seed, which differs between processes.
    for error in sorted(errors, key=lambda error: (len(error.path), tuple(error.path))):
        path = tuple(error.path)
        if len(path) >= _MAX_LEVELS:
            continue
        sentence = _sentence(error)
        if (path, sentence) not in seen:
            seen.add((path, sentence))
            yield SchemaProblem(sentence, path, _hint(error, path))


def is_obviously_valid(root: dict[str, Any]) -> bool:
    """Return whether the fast engine accepts a schema and all of its patterns compile.

    Without the engine, or if the schema declares a draft, return False.
    """
    try:
        import jsonschema_rs
    except ImportError:
        return False
    if "$schema" in root:
        return False
    return jsonschema_rs.meta.is_valid(root) and all(map(is_regex, _patterns(root)))


def _errors(root: dict[str, Any]) -> list[ValidationError]:
    """Return the errors that the library finds in a schema."""
    from jsonschema import Draft7Validator, Draft202012Validator, FormatChecker

    formats = FormatChecker(formats=())
    formats.checkers["regex"] = (is_regex, ())
    draft = Draft7Validator if is_draft_before_2019(root) else Draft202012Validator
    validator = draft(draft.META_SCHEMA, format_checker=formats)
    return list(islice(validator.iter_errors(root), _MAX_ERRORS))


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


def _patterns(root: dict[str, Any]) -> Iterator[str]:
    """Yield the patterns in a schema, and perhaps other strings with the key `pattern`."""
    stack: list[Any] = [root]
    while stack:
        node = stack.pop()
        if isinstance(node, list):
            stack.extend(node)
        elif isinstance(node, dict):
            for key, value in node.items():
                if key == "pattern" and isinstance(value, str):
                    yield value
                elif key == "patternProperties" and isinstance(value, dict):
                    yield from value
                if key not in _DATA_KEYWORDS and isinstance(value, dict | list):
                    stack.append(value)


def is_regex(pattern: object) -> bool:
    """Return whether Python's `re` can compile a pattern. Long patterns count as valid."""
    if not isinstance(pattern, str) or len(pattern) > MAX_PATTERN_LENGTH:
        return True
    # `catch_warnings` changes state that all threads share, so it needs a lock.
    with _warnings_lock, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Python warns about constructs whose meaning will change.
        try:
            re.compile(pattern)
        except (re.error, OverflowError):
            return False
        except RecursionError:
            return True
    return True
