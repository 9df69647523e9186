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
from collections import deque
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

import orjson

from .. import phrasing
from ..findings import PathParts
from ..nesting import prune, with_fresh_stack
from .problems import SchemaProblem

if TYPE_CHECKING:
    from jsonschema import ValidationError

TYPES: Final = ("array", "boolean", "integer", "null", "number", "object", "string")

#: The maximum number of errors to look for.
_MAX_ERRORS: Final = 100

#: The keywords whose values are a schema, a list of schemas, or schemas by name. The errors of
#: these schemas are reported for each of them. Draft 7 reports an error below `items` for `items`.
_SCHEMA: Final = frozenset(
    {
        "additionalProperties",
        "contains",
        "contentSchema",
        "else",
        "if",
        "items",
        "not",
        "propertyNames",
        "then",
        "unevaluatedItems",
        "unevaluatedProperties",
    }
)
_SCHEMA_LIST: Final = frozenset({"allOf", "anyOf", "oneOf", "prefixItems"})
_SCHEMA_MAP: Final = frozenset(
    {"$defs", "definitions", "dependentSchemas", "patternProperties", "properties"}
)
_NOT_IN_DRAFT_7: Final = frozenset(
    {
        "$defs",
        "contentSchema",
        "dependentSchemas",
        "items",
        "prefixItems",
        "unevaluatedItems",
        "unevaluatedProperties",
    }
)

_DRAFT_7: Final = "http://json-schema.org/draft-07/schema#"
_DRAFT_2020: Final = "https://json-schema.org/draft/2020-12/schema"

#: The maximum number of levels to check. The library needs about 15 stack frames per level.
_MAX_LEVELS: Final = 50

#: The maximum length of a pattern to compile. Compiling a longer one may take too much time.
MAX_PATTERN_LENGTH: Final = 500

#: The maximum number of characters before a position that a pattern can refer to.
_MAX_LOOK_BEHIND: Final = 2**32 - 1

#: The maximum length of a path to visit. No value in a decoded line is deeper.
MAX_PATH_LENGTH: Final = 2500

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
        errors = with_fresh_stack(_errors, shallow)
    except RecursionError:
        return
    # The library's order depends on the hash seed, which differs between processes.
    for (path, sentence), error in sorted(
        errors.items(), key=lambda item: (len(item[0][0]), item[0][0])
    ):
        if len(path) < _MAX_LEVELS:
            yield SchemaProblem(sentence, path, _hint(error, path))


def is_obviously_valid(root: dict[str, Any]) -> bool:
    """Return whether the fast engine accepts a schema and all of its patterns compile.

    Without the engine, return False.
    """
    return _is_accepted(root, is_draft_before_2019(root)) and all(map(is_regex, _patterns(root)))


def _is_accepted(schema: Any, is_old_draft: bool) -> bool:
    """Return whether the fast engine accepts a schema. It doesn't check patterns."""
    try:
        import jsonschema_rs
    except ImportError:
        return False
    if not isinstance(schema, dict):
        return isinstance(schema, bool)
    # The engine chooses the meta-schema by this keyword, and fails if it doesn't know the dialect.
    dialect = _DRAFT_7 if is_old_draft else _DRAFT_2020
    has_dialect = isinstance(schema.get("$schema", ""), str)
    return has_dialect and jsonschema_rs.meta.is_valid({**schema, "$schema": dialect})


def _errors(root: dict[str, Any]) -> dict[tuple[PathParts, str], ValidationError]:
    """Return the errors that the library finds in a schema, by path and message.

    The library is slow, so it never sees what the fast engine accepts.
    """
    is_old_draft = is_draft_before_2019(root)
    validator = _validator(is_old_draft)
    bad_patterns = {pattern for pattern in _patterns(root) if not is_regex(pattern)}

    def is_accepted(schema: Any) -> bool:
        return _is_accepted(schema, is_old_draft) and (
            not bad_patterns
            or isinstance(schema, bool)
            or bad_patterns.isdisjoint(_patterns(schema))
        )

    found: dict[tuple[PathParts, str], ValidationError] = {}
    schemas: deque[tuple[PathParts, Any]] = deque([((), root)])
    while schemas and len(found) < _MAX_ERRORS:
        path, schema = schemas.popleft()
        own: Any = schema
        if isinstance(schema, dict):
            wrong = {key: schema[key] for key in schema if not is_accepted({key: schema[key]})}
            own, inner = _split(wrong, is_old_draft)
            schemas.extend(
                ((*path, *parts), child) for parts, child in inner if not is_accepted(child)
            )
        errors = validator.iter_errors(phrasing.with_short_reprs(own)) if own != {} else ()
        for error in errors:
            found.setdefault(((*path, *error.path), _sentence(error)), error)
            if len(found) >= _MAX_ERRORS:
                break
    return found


@cache
def _validator(is_old_draft: bool) -> Any:
    """Return the library's validator of schemas."""
    from jsonschema import Draft7Validator, Draft202012Validator, FormatChecker

    formats = FormatChecker(formats=())
    formats.checkers["regex"] = (is_regex, ())
    if is_old_draft:
        return Draft7Validator(Draft7Validator.META_SCHEMA, format_checker=formats)
    return Draft202012Validator(_metaschema_2020(), format_checker=formats)


def _metaschema_2020() -> dict[str, Any]:
    """Return the meta-schema of draft 2020-12, with its vocabularies merged.

    The library needs eight times as long with separate vocabularies, and repeats some errors.
    """
    from jsonschema import Draft202012Validator

    registry: Any = import_module(
        "jsonschema_specifications"
    ).REGISTRY  # The library needs it, too.
    metaschema: Any = Draft202012Validator.META_SCHEMA
    base = metaschema["$id"].removesuffix("schema")
    vocabularies: list[Any] = [registry.contents(base + v["$ref"]) for v in metaschema["allOf"]]
    text = orjson.dumps(
        {
            "type": metaschema["type"],
            "properties": _merge(metaschema, *vocabularies, keyword="properties"),
            "$defs": _merge(*vocabularies, keyword="$defs"),
        }
    )
    text = text.replace(b'"$dynamicRef":"#meta"', b'"$ref":"#"')
    merged: dict[str, Any] = orjson.loads(re.sub(rb'"meta/[a-z-]+#/', b'"#/', text))
    return merged


def _merge(*schemas: dict[str, Any], keyword: str) -> dict[str, Any]:
    return {name: value for schema in schemas for name, value in schema.get(keyword, {}).items()}


def _split(
    schema: dict[str, Any], is_old_draft: bool
) -> tuple[dict[str, Any], list[tuple[PathParts, Any]]]:
    """Split a schema into its own keywords, and the schemas in it with their paths."""
    own: dict[str, Any] = {}
    inner: list[tuple[PathParts, Any]] = []
    for key, value in schema.items():
        if is_old_draft and key in _NOT_IN_DRAFT_7:
            own[key] = value
        elif key in _SCHEMA:
            inner.append(((key,), value))
        elif key in _SCHEMA_LIST and isinstance(value, list) and value:
            inner += (((key, index), item) for index, item in enumerate(value))
        elif key in _SCHEMA_MAP and isinstance(value, dict):
            inner += (((key, name), item) for name, item in value.items())
            if key == "patternProperties":  # Its names are patterns.
                own[key] = dict.fromkeys(value, True)
        else:
            own[key] = value
    return own, inner


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


def _patterns(root: Any) -> Iterator[str]:
    """Yield the patterns in a schema, and perhaps other strings with the key `pattern`.

    The values of keywords such as `default` are visited too, because a property can have the name
    of a keyword.
    """
    stack: list[Any] = [root]
    while stack:
        node = stack.pop()
        if isinstance(node, list):
            stack.extend(item for item in node if isinstance(item, dict | list))
        if not isinstance(node, dict):  # A schema may be a boolean.
            continue
        for key, value in node.items():
            if key == "pattern" and isinstance(value, str):
                yield value
            elif isinstance(value, dict | list):
                stack.append(value)
                if key == "patternProperties" and isinstance(value, dict):
                    yield from value


def is_regex(pattern: object) -> bool:
    """Return whether Python's `re` can compile a pattern. Long patterns count as valid."""
    if not isinstance(pattern, str) or len(pattern) > MAX_PATTERN_LENGTH:
        return True
    # `catch_warnings` changes state that all threads share, so it needs a lock.
    with _warnings_lock, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Python warns about constructs whose meaning will change.
        try:
            _parse_pattern(pattern)
        except (re.error, OverflowError, ValueError):
            return False
        except RecursionError:
            return True
    return True


def _parse_pattern(pattern: str) -> None:
    """Raise what `re.compile` raises. For some patterns, it would take half a second.

    Raises:
        re.error: the pattern is invalid.
        OverflowError: a number in it is too large.
        ValueError: its flags are incompatible.
    """
    parser: Any = import_module("re._parser")
    stack: list[Any] = [parser.parse(pattern)]
    while stack:
        part = stack.pop()
        if isinstance(part, parser.SubPattern):
            stack += part
        elif isinstance(part, list | tuple):
            stack += part
            # Compare identities: numbers, as in `a{4}`, can equal the constants.
            if part and (part[0] is parser.ASSERT or part[0] is parser.ASSERT_NOT):
                direction, content = part[1]
                shortest, longest = content.getwidth()
                if direction < 0 and (shortest != longest or shortest > _MAX_LOOK_BEHIND):
                    raise re.error("look-behind must have a fixed width")
