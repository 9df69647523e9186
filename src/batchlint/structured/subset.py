"""Checks whether the API accepts a user's JSON Schema.

The schema is strict, or describes the parameters of a function that isn't strict. The API reports
one problem per request. These checks report up to 100 violations of the meta-schema, up to 100
problems in subschemas, and every exceeded limit. They follow the API's order, so the problem that
the API would report comes first:

1. The meta-schema, and then the root.
2. The subschemas, depth-first. For each one, the API checks `$ref`, unsupported keywords, the type,
   `items`, `additionalProperties`, `required`, `enum` and `format`. Then it visits the properties
   in order, the items, the branches of `anyOf` and the definitions.
3. The limits.

Evidence:

* The supported keywords and the limits are documented: the Structured Outputs guide, October 2026.
* The messages are confirmed by recorded responses, or reported in public, from 2025 to October
  2026.
* The order is inferred from individual responses. The API reports `propertyNames` before
  `additionalProperties`, `oneOf` before a missing type, and missing properties of the root before
  `additionalProperties`.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any, Final, Literal

import orjson

from .. import phrasing
from ..bounds import MAX_EXTRA_STEPS, Budget, ByteCache
from . import limits, metaschema, plain
from .nodes import Node, as_python_tuple, nodes, quote, type_context, types
from .problems import SchemaProblem
from .work import excess_steps, explanation_steps

#: What to check: the parameters of a function that isn't strict, a strict schema, or only keywords
#: that strict mode doesn't support for fine-tuned models.
Mode = Literal["function", "strict", "fine-tuned"]

#: The formats that strict mode supports. Evidence: documented in the guide. Users report that
#: strict mode rejects `uri` and `phone`.
FORMATS: Final = (
    "date-time",
    "time",
    "date",
    "duration",
    "email",
    "hostname",
    "ipv4",
    "ipv6",
    "uuid",
)

#: Keywords that the root of a schema must not have.
_FORBIDDEN_AT_ROOT: Final = ("oneOf", "anyOf", "allOf", "enum", "const", "not")

_MOVE_TO_DESCRIPTION: Final = "Remove it, and describe the constraint in `description`."

#: The keywords that strict mode rejects, and the hint for each. Evidence: live tests from 2026
#: confirm oneOf, allOf, not, if, contains, propertyNames, uniqueItems, minProperties and
#: maxProperties. The guide documents the rest.
_REJECTED_KEYWORDS: Final = {
    "oneOf": "Write `anyOf`.",
    "allOf": "Merge the schemas into one.",
    **dict.fromkeys(
        (
            "not",
            "if",
            "then",
            "else",
            "contains",
            "uniqueItems",
            "minProperties",
            "maxProperties",
            "dependentRequired",
            "dependentSchemas",
        ),
        _MOVE_TO_DESCRIPTION,
    ),
    "propertyNames": "Strict mode does not support arbitrary keys. Use an array of objects, each "
    "with a key and a value.",
}

_NOT_IN_GUIDE: Final = (
    "The Structured Outputs guide does not mention this keyword. It is not known whether the API "
    "accepts it."
)
_CONFLICTING_REPORTS: Final = (
    "The API rejected this keyword in late 2025, but accepted it in tests in 2026. Put the "
    "limit in `description` to be safe."
)

#: The keywords that strict mode may reject, and the reason why this is uncertain.
_UNCERTAIN_KEYWORDS: Final = {
    "minLength": _CONFLICTING_REPORTS,
    "maxLength": _CONFLICTING_REPORTS,
    "patternProperties": "The Structured Outputs guide lists it as unsupported for fine-tuned "
    "models only.",
    **dict.fromkeys(
        (
            "prefixItems",
            "additionalItems",
            "minContains",
            "maxContains",
            "unevaluatedItems",
            "unevaluatedProperties",
            "dependencies",
            "$dynamicRef",
            "$recursiveRef",
        ),
        _NOT_IN_GUIDE,
    ),
}

#: The keywords that strict mode doesn't support for fine-tuned models. Evidence: documented in the
#: guide.
NOT_FOR_FINE_TUNED: Final = (
    "minLength",
    "maxLength",
    "pattern",
    "format",
    "minimum",
    "maximum",
    "multipleOf",
    "patternProperties",
    "minItems",
    "maxItems",
)

#: The maximum number of violations of the meta-schema, and of problems in subschemas, to report.
_MAX_PROBLEMS: Final = 100

#: A number of levels that no schema reaches.
_ALL_LEVELS: Final = 1000

#: A placeholder for a value that was not found. None would not work, because an enum may contain
#: null.
_NOT_FOUND: Final = object()

_NOT_CLOSED: Final = "'additionalProperties' is required to be supplied and to be false."
_UNTYPED: Final = "schema must have a 'type' key."
_CLOSE_OBJECT: Final = 'Add "additionalProperties": false; strict mode requires it in every object.'

#: The problem of a strict function without parameters. Evidence: confirmed by a recorded response,
#: September 2026.
MISSING_PARAMETERS: Final = SchemaProblem(
    f"In context=(), {_NOT_CLOSED}",
    (),
    'Add an object without properties: {"type": "object", "properties": {}, "required": [], '
    '"additionalProperties": false}.',
)

#: A placeholder for the problems of a schema that would take too much work to check.
UNCHECKED: Final = (SchemaProblem("it was not checked"),)

#: The excess steps and the problems of schemas, by mode and by JSON text or fingerprint. Lines of a
#: file often have the same schema.
_cache: Final[ByteCache[tuple[Mode, bytes], tuple[int, tuple[SchemaProblem, ...]]]] = ByteCache(
    8_000_000
)

#: The approximate size in bytes of a cache entry without its key, and of a problem.
_ENTRY_SIZE: Final = 500
_PROBLEM_SIZE: Final = 1000

#: The maximum size in bytes of a JSON text that serves as a key of the cache. For a longer text, a
#: fingerprint is the key.
_MAX_UNHASHED_BYTES: Final = plain.MAX_BYTES

#: The size of a fingerprint in bytes.
_DIGEST_SIZE: Final = 32


def problems(
    schema: dict[str, Any] | None, mode: Mode, budget: Budget | None = None
) -> tuple[SchemaProblem, ...]:
    """Return the problems for which the API rejects, or may reject, a schema.

    The result is cached.

    Args:
        schema: the schema. None if a function has no parameters.
        mode: what to check.
        budget: the line's budget. Default: a full budget.

    Returns:
        The problems, or `UNCHECKED` if the work exceeds the budget.
    """
    if schema is None:
        return (MISSING_PARAMETERS,) if mode == "strict" else ()
    raw = _to_json(schema)
    content = raw if len(raw) <= _MAX_UNHASHED_BYTES else fingerprint(raw)
    cached = _cache.get((mode, content))
    if cached is not None and raw:
        excess, found = cached
        return found if not excess or (budget or Budget()).spend(excess) else UNCHECKED
    if content is raw:  # orjson's buffer is several times larger than its content.
        content = bytes(memoryview(raw))
    if mode == "strict" and 0 < len(raw) <= plain.MAX_BYTES and plain.is_obviously_valid(schema):
        _cache.put((mode, content), (0, ()), _ENTRY_SIZE + len(content))
        return ()
    budget = budget or Budget()
    excess = excess_steps(schema, len(raw))
    if excess <= budget.left:  # Otherwise, the schema isn't checked anyway.
        excess += explanation_steps(schema)
    if not budget.spend(excess):
        if raw and excess > MAX_EXTRA_STEPS:  # No budget suffices.
            _cache.put((mode, content), (excess, UNCHECKED), _ENTRY_SIZE + len(content))
        return UNCHECKED
    found = _check(schema, mode)
    if raw:
        size = _ENTRY_SIZE + len(content) + _PROBLEM_SIZE * len(found)
        _cache.put((mode, content), (excess, found), size)
    return found


def repairs(schema: dict[str, Any]) -> Iterator[SchemaProblem]:
    """Yield the problems of a strict schema that have a `repair`. Their number is not limited."""
    for node in nodes(schema, strict=True, levels=limits.MAX_LEVELS):
        if isinstance(node.value, dict) and "$ref" not in node.value:
            yield from (found for found in _check_object(node) if found.repair is not None)


def _to_json(value: Any) -> bytes:
    """Return a value as JSON. Return b"" if orjson can't encode it, such as above 254 levels."""
    try:
        return orjson.dumps(value)
    except TypeError:
        return b""


def fingerprint(raw: bytes) -> bytes:
    """Return a hash that identifies a long JSON text."""
    from hashlib import blake2b  # Imported here because it loads OpenSSL.

    return blake2b(raw, digest_size=_DIGEST_SIZE).digest()


def _check(schema: dict[str, Any], mode: Mode) -> tuple[SchemaProblem, ...]:
    if mode == "fine-tuned":
        return tuple(islice(_check_fine_tuned(schema), _MAX_PROBLEMS))
    found = [
        *metaschema.problems(schema),
        *_check_root(schema, strict=mode == "strict"),
    ]
    if mode == "function":
        found += islice(_check_function(schema), _MAX_PROBLEMS)
    else:
        found += islice(_check_strict(schema), _MAX_PROBLEMS)
        found += limits.problems(schema)
    return tuple(found)


# -- the root -------------------------------------------------------------------------------------


def _check_root(schema: dict[str, Any], *, strict: bool) -> Iterator[SchemaProblem]:
    """Check the root. An empty schema is valid if the function isn't strict."""
    json_type = schema.get("type")
    hint = (
        "The root of a schema must be an object. Wrap any other type in an object with one "
        "property."
    )
    if "type" not in schema:
        if strict and "anyOf" in schema:
            yield Node(schema).problem(_UNTYPED, hint=hint)
        elif schema or strict:
            has_forbidden_key = any(key in schema for key in (*_FORBIDDEN_AT_ROOT, "$ref"))
            yield SchemaProblem(
                _not_object("None"),
                (),
                hint if has_forbidden_key else 'Add "type": "object".',
                certain=strict or has_forbidden_key or "properties" in schema,
            )
    elif json_type == "object":
        forbidden = next(
            (
                key
                for key in _FORBIDDEN_AT_ROOT
                if key in schema and not (strict and key == "allOf")
            ),
            None,
        )
        if forbidden:
            yield SchemaProblem(
                "schema must have type 'object' and not have "
                "'oneOf'/'anyOf'/'allOf'/'enum'/'const'/'not' at the "
                "top level.",
                (),
                f"Found '{forbidden}'. {hint}",
                chat_only=not strict,
            )
        if "properties" not in schema:
            yield Node(schema).problem(
                "object schema missing properties.", hint='Add "properties": {}.'
            )
    elif isinstance(json_type, str) and json_type in metaschema.TYPES:
        yield SchemaProblem(_not_object(json_type), (), hint)
    elif isinstance(json_type, list) and (strict or "object" not in json_type):
        yield SchemaProblem(_not_object(phrasing.python_repr(json_type)), (), hint, certain=strict)


def _not_object(json_type: str) -> str:
    return f"schema must be a JSON Schema of 'type: \"object\"', got 'type: \"{json_type}\"'."


# -- functions that aren't strict -----------------------------------------------------------------


def _check_function(root: dict[str, Any]) -> Iterator[SchemaProblem]:
    """Check the arrays in the parameters of a function that isn't strict."""
    is_old_draft = metaschema.is_draft_before_2019(root)
    for node in nodes(root, strict=False, levels=_ALL_LEVELS):
        if isinstance(node.value, dict):
            yield from _check_array(node, is_old_draft)


def _check_array(node: Node, is_old_draft: bool) -> Iterator[SchemaProblem]:
    """Check that an array has `items` and that `items` is an object.

    Since draft 2020-12, the meta-schema already rejects a list of schemas in `items`.
    """
    if "array" not in types(node.value):
        return
    context = type_context(node.value, "array")
    if "items" not in node.value:
        yield node.problem(
            "array schema missing items.",
            context=context,
            hint='Add "items" with a schema for the array items.',
        )
    elif isinstance(node.value["items"], bool) or (
        is_old_draft and isinstance(node.value["items"], list)
    ):
        yield node.problem(
            "array schema items is not an object.",
            "items",
            context=context,
            hint="Write one schema here, as an object. For a tuple, combine the item schemas with "
            "`anyOf`.",
        )


# -- strict mode ----------------------------------------------------------------------------------


def _check_strict(root: dict[str, Any]) -> Iterator[SchemaProblem]:
    """Check the requirements of strict mode, except the limits."""
    is_old_draft = metaschema.is_draft_before_2019(root)
    for node in nodes(root, strict=True, levels=limits.MAX_LEVELS):
        if isinstance(node.value, bool):
            yield node.problem(_UNTYPED, hint="Add a `type`.")
        elif isinstance(node.value, dict) and "$ref" in node.value:
            if node.path:
                yield from _check_reference(node, root)
        elif isinstance(node.value, dict):
            yield from _check_keywords(node)
            yield from _check_type(node)
            yield from _check_array(node, is_old_draft)
            yield from _check_object(node)
            yield from _check_enum_and_format(node)


def _check_reference(node: Node, root: dict[str, Any]) -> Iterator[SchemaProblem]:
    """Check that a reference has no siblings and points to the root or to one of its definitions.

    Evidence: the API's message for an undefined name is inferred.
    """
    siblings = sorted(key for key in node.value if key != "$ref")
    if siblings:
        names = ", ".join(map(quote, siblings[:8]))
        yield SchemaProblem(
            f"context={as_python_tuple(node.context)}, $ref cannot have keywords {{{names}}}.",
            (*node.path, "$ref"),
            "`$ref` must be the only keyword. Remove the others, or inline the schema.",
        )
    target = node.value["$ref"]
    if isinstance(target, str) and not _is_defined(target, root):
        yield node.problem(
            "reference can only point to definitions defined at the top level of the schema.",
            "$ref",
            hint=f"'{phrasing.excerpt(target)}' is not a definition of this schema. Write '#', or "
            "'#/$defs/' followed by the name of a definition.",
        )


def _is_defined(target: str, root: dict[str, Any]) -> bool:
    """Return whether a reference points to the root or to one of its definitions."""
    if target == "#":
        return True
    keyword, _, name = target.removeprefix("#/").partition("/")
    definitions = root.get(keyword)
    return (
        target.startswith("#/")
        and keyword in ("$defs", "definitions")
        and isinstance(definitions, dict)
        and (name in definitions or name.replace("~1", "/").replace("~0", "~") in definitions)
    )


def _check_keywords(node: Node) -> Iterator[SchemaProblem]:
    """Report keywords that strict mode rejects or may reject.

    At the root, `_check_root` checks some of them.
    """
    for key in node.value:
        if key in _UNCERTAIN_KEYWORDS:
            yield node.problem(
                f"{quote(key)} is not permitted.", key, hint=_UNCERTAIN_KEYWORDS[key], certain=False
            )
        elif key in _REJECTED_KEYWORDS and (
            node.path or key == "allOf" or key not in _FORBIDDEN_AT_ROOT
        ):
            # For `not`, the API has a different message. We infer that a context precedes it.
            tail = (
                "Unsupported keywords ('not',)."
                if key == "not"
                else f"{quote(key)} is not permitted."
            )
            yield node.problem(tail, key, hint=_REJECTED_KEYWORDS[key])


def _check_type(node: Node) -> Iterator[SchemaProblem]:
    """Check that a schema below the root has a type, `anyOf` or a reference.

    The API rejects a schema that has only `const`. It isn't known whether it rejects one that has
    only `enum`.
    """
    schema = node.value
    if (
        node.path
        and "type" not in schema
        and not {"anyOf", "oneOf", "allOf", "not", "if"} & schema.keys()
    ):
        certain = "enum" not in schema
        yield node.problem(_UNTYPED, hint="Add a `type`.", certain=certain)


def _check_object(node: Node) -> Iterator[SchemaProblem]:
    """Check that an object has no additional properties and requires all of its properties."""
    schema = node.value
    if "object" not in types(schema):
        return
    context = type_context(schema, "object")
    if "additionalProperties" not in schema:
        found = node.problem(_NOT_CLOSED, context=context, hint=_CLOSE_OBJECT)
        yield found._replace(repair="close", object_path=node.path)
    elif schema["additionalProperties"] == {}:
        # Recorded responses show that the API reports the missing type of the empty schema.
        yield node.problem(
            _UNTYPED,
            "additionalProperties",
            context=(*context, "additionalProperties"),
            hint=_CLOSE_OBJECT,
        )
    elif schema["additionalProperties"] is not False:
        # The API accepted a schema here if the value could also have another type. Evidence:
        # confirmed by a recorded response, December 2025.
        may_be_accepted = bool(context) and isinstance(schema["additionalProperties"], dict)
        found = node.problem(
            _NOT_CLOSED,
            "additionalProperties",
            context=context,
            hint=_CLOSE_OBJECT,
            certain=not may_be_accepted,
        )
        if schema["additionalProperties"] is True:
            found = found._replace(repair="close", object_path=node.path)
        yield found
    properties = schema.get("properties")
    required = schema.get("required", [])
    if isinstance(required, list) and isinstance(properties, dict):
        yield from _check_required(node, properties, required, context)


def _check_required(
    node: Node, properties: dict[str, Any], required: list[Any], context: tuple[str, ...]
) -> Iterator[SchemaProblem]:
    """Report the first property that is missing from `required`, and the first unknown name."""
    requirement = (
        "'required' is required to be supplied and to be an array including every key in "
        "properties."
    )
    path = ("required",) if "required" in node.value else ()
    names = {name for name in required if isinstance(name, str)}
    missing = [name for name in properties if name not in names]
    extra = [name for name in required if isinstance(name, str) and name not in properties]
    if missing:
        more = f" {len(missing)} properties are missing." if len(missing) > 1 else ""
        found = node.problem(
            f"{requirement} Missing '{phrasing.excerpt(missing[0])}'.",
            *path,
            context=context,
            hint="List every property in `required`. To make one optional, allow null: "
            f'`"type": ["string", "null"]`.{more}',
        )
        yield found._replace(repair="require", object_path=node.path)
    if extra:
        yield node.problem(
            f"{requirement} Extra required key '{phrasing.excerpt(extra[0])}' supplied.",
            *path,
            context=context,
            hint="Remove the names that are not properties from `required`.",
        )


def _check_enum_and_format(node: Node) -> Iterator[SchemaProblem]:
    """Check that enum values match the schema's type and that a string's format is supported.

    For types other than strings, the API ignores formats such as `int64`. Evidence: confirmed by
    recorded responses, May to August 2026.
    """
    schema = node.value
    json_type = schema.get("type")
    values = schema.get("enum")
    format_name = schema.get("format")
    if isinstance(json_type, str) and json_type in metaschema.TYPES and isinstance(values, list):
        mismatch = next(
            (value for value in values if not metaschema.is_of_type(value, json_type)), _NOT_FOUND
        )
        if mismatch is not _NOT_FOUND:
            short = (
                phrasing.excerpt(mismatch)
                if isinstance(mismatch, str)
                else phrasing.python_repr(mismatch)
            )
            yield SchemaProblem(
                f"context={as_python_tuple(node.context)}, "
                f"enum value {short} does not validate against "
                f"{{'type': '{json_type}'}}.",
                (*node.path, "enum"),
                "The type must match every value.",
            )
    is_string = "string" in types(schema) or "type" not in schema
    if is_string and isinstance(format_name, str) and format_name not in FORMATS:
        yield node.problem(
            f"'{phrasing.excerpt(format_name)}' is not a valid format.",
            "format",
            hint=f"Supported formats are {phrasing.listed(phrasing.quoted(FORMATS))}. Describe "
            "other formats in `description`.",
        )


def _check_fine_tuned(root: dict[str, Any]) -> Iterator[SchemaProblem]:
    """Report keywords that strict mode doesn't support for fine-tuned models."""
    for node in nodes(root, strict=True, levels=_ALL_LEVELS):
        if isinstance(node.value, dict):
            for key in node.value:
                if key in NOT_FOR_FINE_TUNED:
                    yield node.problem(
                        f"{quote(key)} is not permitted.",
                        key,
                        certain=False,
                        hint="The Structured Outputs guide lists it as unsupported for fine-tuned "
                        "models. State the constraint in `description` instead.",
                    )
