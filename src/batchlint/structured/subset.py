"""What the API demands of a JSON Schema: of the parameters of any function, and in strict mode.

The API answers one fault a request.  Here all are found (at most 100 a schema, and the limits), the one
that it would answer first being first: the meta-schema, the root, then depth-first; at one schema `$ref`,
keywords that are not permitted, the type, `items`, `additionalProperties`, `required`, `enum` and
`format`, then the properties in their order, the items, the branches of `anyOf` and the definitions; the
limits last.  That order is inferred from single answers: `propertyNames` is told before
`additionalProperties`, `oneOf` before a missing type, and missing properties of the root before
`additionalProperties`.

Sources: the Structured Outputs guide (October 2026) for the subset and its limits; recorded answers and
public reports of answers, 2025 to October 2026, for the sentences.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any, Final, Literal

import orjson

from .. import phrasing
from . import limits, metaschema, plain
from .nodes import Node, in_words, nodes, of_type, quoted, types
from .problems import SchemaProblem

#: What a schema is checked for: `function` is a function that is not strict; `fine-tuned` is what strict mode
#: lacks for fine-tuned models besides.
Mode = Literal["function", "strict", "fine-tuned"]

#: Formats that strict mode knows (source: the guide; reports for `uri` and `phone`).
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

_UNIONS: Final = ("oneOf", "anyOf", "allOf", "enum", "not")
_SAY_IT: Final = "Take it out, and say what it says in the description."
#: Keywords that strict mode refuses, with what to do.  Live probes of 2026 name oneOf, allOf, not, if,
#: contains, propertyNames, uniqueItems, minProperties and maxProperties; the guide names the rest.
_REFUSED: Final = {
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
        _SAY_IT,
    ),
    "propertyNames": "Objects with any keys can't be had; use an array of objects with a key and a value.",
}
_UNTOLD: Final = "The guide does not name it, and what the API does with it is not known."
_AGAINST: Final = "Refused in reports up to the end of 2025, accepted by live probes of 2026."
#: Keywords of which it is doubtful whether strict mode takes them, with why.
_DOUBTFUL: Final = {
    "minLength": _AGAINST,
    "maxLength": _AGAINST,
    "patternProperties": "The guide refuses it for fine-tuned models, and does not say that others take it.",
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
        _UNTOLD,
    ),
}
#: Keywords that strict mode lacks for fine-tuned models (source: the guide).
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

_MOST: Final = 100
_ALL: Final = 1000
_OPEN: Final = "'additionalProperties' is required to be supplied and to be false."
_UNTYPED: Final = "schema must have a 'type' key."
_CLOSE_IT: Final = 'Add "additionalProperties": false; strict mode asks it of every object.'

#: What a strict function without parameters is told (source: a recorded answer, September 2026).
ABSENT: Final = SchemaProblem(
    f"In context=(), {_OPEN}",
    (),
    'Add an object without properties: {"type": "object", "properties": {}, "required": [], '
    '"additionalProperties": false}.',
)

_known: dict[tuple[Mode, bytes], tuple[SchemaProblem, ...]] = {}
_KEPT: Final = 2048
_WHOLE: Final = plain.SHORT
_DIGEST: Final = 32


def problems(schema: dict[str, Any], mode: Mode) -> tuple[SchemaProblem, ...]:
    """What the API refuses, or may refuse, about a schema; remembered, for the lines of a file share theirs."""
    content = fingerprint(schema)
    if content is None:
        return _check(schema, mode)
    verdict = _known.get((mode, content))
    if verdict is None:
        fine = mode == "strict" and len(content) != _DIGEST and plain.is_fine(schema)
        verdict = () if fine else _check(schema, mode)
        if len(_known) >= _KEPT:
            _known.clear()
        _known[mode, content] = verdict
    return verdict


def fingerprint(value: Any) -> bytes | None:
    """Bytes that only values have that look the same; None where the encoder gives up, at 254 levels.

    They are few, so that they can be kept.
    """
    try:
        raw = orjson.dumps(value)
    except TypeError:
        return None
    if len(raw) <= _WHOLE:
        return raw
    from hashlib import blake2b  # brings OpenSSL along, which a start should not wait for

    return blake2b(raw, digest_size=_DIGEST).digest()


def _check(schema: dict[str, Any], mode: Mode) -> tuple[SchemaProblem, ...]:
    if mode == "fine-tuned":
        return tuple(islice(_fine_tuned(schema), _MOST))
    found = [*islice(metaschema.problems(schema), _MOST), *_root(schema, strict=mode == "strict")]
    if mode == "function":
        found += islice(_function(schema), _MOST)
    else:
        found += islice(_strict(schema), _MOST)
        found += limits.problems(schema)
    return tuple(found)


# -- the root ----------------------------------------------------------------------------------------------------------


def _root(schema: dict[str, Any], *, strict: bool) -> Iterator[SchemaProblem]:
    """What the API demands of the root alone; an empty schema of a function counts as none."""
    kind = schema.get("type")
    hint = "The root of a schema is an object; wrap what is none as the only property of one."
    if "type" not in schema:
        if strict and "anyOf" in schema:
            yield Node(schema).problem(_UNTYPED, hint=hint)
        elif schema or strict:
            union = any(key in schema for key in (*_UNIONS, "$ref"))
            yield SchemaProblem(
                _not_object("None"),
                (),
                hint if union else 'Add "type": "object".',
                certain=strict or union,
            )
    elif kind == "object":
        found = next(
            (key for key in _UNIONS if key in schema and not (strict and key == "allOf")), None
        )
        if found:
            yield SchemaProblem(
                "schema must have type 'object' and not have 'oneOf'/'anyOf'/'allOf'/'enum'/'not' at the top "
                f"level. Found '{found}'.",
                (),
                hint,
                chat_only=not strict,
            )
        if "properties" not in schema:
            yield Node(schema).problem(
                "object schema missing properties.", hint='Add "properties": {}.'
            )
    elif isinstance(kind, str) and kind in metaschema.TYPES:
        yield SchemaProblem(_not_object(kind), (), hint)
    elif isinstance(kind, list) and (strict or "object" not in kind):
        yield SchemaProblem(_not_object(phrasing.python_repr(kind)), (), hint, certain=strict)


def _not_object(kind: str) -> str:
    return f"schema must be a JSON Schema of 'type: \"object\"', got 'type: \"{kind}\"'."


# -- any function ------------------------------------------------------------------------------------------------------


def _function(root: dict[str, Any]) -> Iterator[SchemaProblem]:
    """What the API demands of the parameters of any function, below the root."""
    old = metaschema.is_draft_before_2019(root)
    for node in nodes(root, strict=False, levels=_ALL):
        if isinstance(node.value, dict):
            yield from _array(node, old)


def _array(node: Node, old: bool) -> Iterator[SchemaProblem]:
    """Every array has items, and they are an object.  An array of items is no JSON Schema since 2020."""
    if "array" not in types(node.value):
        return
    context = of_type(node.value, "array")
    if "items" not in node.value:
        yield node.problem(
            "array schema missing items.", context=context, hint='Add "items", a schema.'
        )
    elif isinstance(node.value["items"], bool) or (old and isinstance(node.value["items"], list)):
        yield node.problem(
            "array schema items is not an object.",
            "items",
            context=context,
            hint="Put one schema there, an object; a tuple is an array of `anyOf` its members.",
        )


# -- strict mode -------------------------------------------------------------------------------------------------------


def _strict(root: dict[str, Any]) -> Iterator[SchemaProblem]:
    """What strict mode refuses, the limits apart."""
    old = metaschema.is_draft_before_2019(root)
    for node in nodes(root, strict=True, levels=limits.LEVELS):
        if isinstance(node.value, bool):
            yield node.problem(_UNTYPED, hint="Say what may stand there.")
        elif isinstance(node.value, dict) and "$ref" in node.value:
            if node.path:
                yield from _reference(node, root)
        elif isinstance(node.value, dict):
            yield from _unpermitted(node)
            yield from _typed(node)
            yield from _array(node, old)
            yield from _object(node)
            yield from _values(node)


def _reference(node: Node, root: dict[str, Any]) -> Iterator[SchemaProblem]:
    """A reference stands alone, and points to the root or to a definition of the root.

    What the API says of a name that is not defined is inferred.
    """
    beside = sorted(key for key in node.value if key != "$ref")
    if beside:
        names = ", ".join(map(quoted, beside[:8]))
        yield SchemaProblem(
            f"context={in_words(node.context)}, $ref cannot have keywords {{{names}}}.",
            (*node.path, "$ref"),
            "Nothing may stand beside `$ref`; put the schema in its place.",
        )
    target = node.value["$ref"]
    if isinstance(target, str) and not _is_defined(target, root):
        yield node.problem(
            "reference can only point to definitions defined at the top level of the schema.",
            "$ref",
            hint=f"'{phrasing.excerpt(target)}' is neither '#' nor '#/$defs/' with the name of a definition.",
        )


def _is_defined(target: str, root: dict[str, Any]) -> bool:
    """Whether a reference can be followed."""
    if target == "#":
        return True
    start, _, name = target.removeprefix("#/").partition("/")
    named = root.get(start)
    return (
        target.startswith("#/")
        and start in ("$defs", "definitions")
        and isinstance(named, dict)
        and (name in named or name.replace("~1", "/").replace("~0", "~") in named)
    )


def _unpermitted(node: Node) -> Iterator[SchemaProblem]:
    """Keywords that strict mode does not take, or may not; those of `_root` apart."""
    for key in node.value:
        if key in _DOUBTFUL:
            yield node.problem(
                f"{quoted(key)} is not permitted.", key, hint=_DOUBTFUL[key], certain=False
            )
        elif key in _REFUSED and (node.path or key == "allOf" or key not in _UNIONS):
            # `not` has a sentence of its own, whose frame is inferred.
            tail = (
                "Unsupported keywords ('not',)."
                if key == "not"
                else f"{quoted(key)} is not permitted."
            )
            yield node.problem(tail, key, hint=_REFUSED[key])


def _typed(node: Node) -> Iterator[SchemaProblem]:
    """Every schema below the root has a type, `anyOf` or a reference; `const` alone is not enough.

    Whether `enum` alone is enough is not known.
    """
    schema = node.value
    if (
        node.path
        and "type" not in schema
        and not {"anyOf", "oneOf", "allOf", "not", "if"} & schema.keys()
    ):
        certain = "enum" not in schema
        yield node.problem(_UNTYPED, hint="Say what may stand there.", certain=certain)


def _object(node: Node) -> Iterator[SchemaProblem]:
    """Every object is closed, and requires each of its properties."""
    schema = node.value
    if "object" not in types(schema):
        return
    context = of_type(schema, "object")
    if "additionalProperties" not in schema:
        yield node.problem(_OPEN, context=context, hint=_CLOSE_IT)
    elif (
        schema["additionalProperties"] == {}
    ):  # seen in this order: the schema that it is comes first
        yield node.problem(
            _UNTYPED,
            "additionalProperties",
            context=(*context, "additionalProperties"),
            hint=_CLOSE_IT,
        )
    elif schema["additionalProperties"] is not False:
        yield node.problem(_OPEN, "additionalProperties", context=context, hint=_CLOSE_IT)
    properties, required = schema.get("properties"), schema.get("required", [])
    if isinstance(required, list) and isinstance(properties, dict):
        yield from _required(node, properties, required, context)


def _required(
    node: Node, properties: dict[str, Any], required: list[Any], context: tuple[str, ...]
) -> Iterator[SchemaProblem]:
    """The properties that are not required, and the required that are no properties: the first of each."""
    demand = "'required' is required to be supplied and to be an array including every key in properties."
    place = ("required",) if "required" in node.value else ()
    names = {name for name in required if isinstance(name, str)}
    missing = [name for name in properties if name not in names]
    extra = [name for name in required if isinstance(name, str) and name not in properties]
    if missing:
        more = f" {len(missing)} properties are missing." if len(missing) > 1 else ""
        yield node.problem(
            f"{demand} Missing '{phrasing.excerpt(missing[0])}'.",
            *place,
            context=context,
            hint=f"Require every property; what may be left out has a union with null.{more}",
        )
    if extra:
        yield node.problem(
            f"{demand} Extra required key '{phrasing.excerpt(extra[0])}' supplied.",
            *place,
            context=context,
            hint="Leave out of `required` what is no property.",
        )


def _values(node: Node) -> Iterator[SchemaProblem]:
    """The values of an enum are of the type beside it, and a format is one of the nine."""
    schema = node.value
    kind, values, form = schema.get("type"), schema.get("enum"), schema.get("format")
    if isinstance(kind, str) and kind in metaschema.TYPES and isinstance(values, list):
        strange = next((value for value in values if not metaschema.is_of_type(value, kind)), _NONE)
        if strange is not _NONE:
            words = (
                phrasing.excerpt(strange)
                if isinstance(strange, str)
                else phrasing.python_repr(strange)
            )
            yield SchemaProblem(
                f"context={in_words(node.context)}, enum value {words} does not validate against "
                f"{{'type': '{kind}'}}.",
                (*node.path, "enum"),
                "Give the type of every value.",
            )
    if isinstance(form, str) and form not in FORMATS:
        certain = "string" in types(schema) or "type" not in schema
        yield node.problem(
            f"'{phrasing.excerpt(form)}' is not a valid format.",
            "format",
            certain=certain,
            hint=f"Formats are {phrasing.listed(phrasing.quoted(FORMATS))}; say others in the description.",
        )


_NONE: Final = object()


def _fine_tuned(root: dict[str, Any]) -> Iterator[SchemaProblem]:
    """What strict mode does not take for fine-tuned models."""
    for node in nodes(root, strict=True, levels=_ALL):
        if isinstance(node.value, dict):
            for key in node.value:
                if key in NOT_FOR_FINE_TUNED:
                    yield node.problem(
                        f"{quoted(key)} is not permitted.",
                        key,
                        certain=False,
                        hint="The guide refuses it for fine-tuned models.",
                    )
