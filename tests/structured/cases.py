"""Schemas with their problems, except those that violate the meta-schema (`test_metaschema.py`)."""

from __future__ import annotations

from typing import Any, Final

from structured.helpers import (
    FORBIDDEN_AT_ROOT,
    NOT_CLOSED,
    NOT_REQUIRED,
    UNTYPED,
    Expected,
    SchemaCase,
    at,
    closed,
    in_a,
    in_root,
    not_an_object,
)

NO_ITEMS = "array schema missing items."
BAD_ITEMS = "array schema items is not an object."
NO_PROPERTIES = "object schema missing properties."
UNKNOWN_REFERENCE = (
    "reference can only point to definitions defined at the top level of the schema."
)


def not_permitted(keyword: str) -> str:
    return f"'{keyword}' is not permitted."


#: Keywords that strict mode rejects, each with a value.
REFUSED: Final[dict[str, Any]] = {
    "allOf": [{}],
    "if": {},
    "then": {},
    "else": {},
    "contains": {},
    "propertyNames": {},
    "uniqueItems": True,
    "minProperties": 1,
    "maxProperties": 1,
    "dependentRequired": {},
    "dependentSchemas": {},
}

#: Keywords that strict mode may reject, each with a value.
DOUBTFUL: Final[dict[str, Any]] = {
    "minLength": 1,
    "maxLength": 1,
    "patternProperties": {},
    "prefixItems": [{}],
    "unevaluatedProperties": False,
    "minContains": 1,
}

#: Dangling references. The schema defines only `A` in `$defs`.
UNKNOWN_REFERENCES: Final = (
    "#/$defs/B",
    "#/properties/a",
    "#/$defs/A/properties/b",
    "#A",
    "",
    "https://e.com/a.json",
    "#/",
    "#/definitions/A",
    "/$defs/A",
)

STRICT: Final = [
    # -- schemas without problems
    SchemaCase("fine", closed(a={"type": "string"})),
    SchemaCase("no properties", closed()),
    SchemaCase("no required", {"type": "object", "properties": {}, "additionalProperties": False}),
    SchemaCase(
        "all supported keywords",
        closed(
            a={
                "type": "string",
                "pattern": "^a+$",
                "format": "uuid",
                "title": "A",
                "description": "a",
                "default": "x",
            },
            b={
                "type": "integer",
                "minimum": 1,
                "maximum": 9,
                "multipleOf": 2,
                "exclusiveMinimum": 0,
                "examples": [2],
            },
            c={
                "type": "array",
                "items": {"type": "string", "enum": ["a"]},
                "minItems": 1,
                "maxItems": 2,
            },
            d={"anyOf": [{"type": "null"}, closed(x={"type": "string", "const": "x"})]},
            e={"type": ["string", "null"], "enum": ["F", "C"]},
            f={"type": "number", "enum": [1, 2.5]},
            g={"type": "integer", "enum": [1.0]},
            h={"type": "null", "enum": [None]},
            i={"$ref": "#"},
        )
        | {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "T"},
    ),
    SchemaCase(
        "references",
        closed(a={"$ref": "#/$defs/A"}, b={"$ref": "#/definitions/B~1b"}, c={"$ref": "#"})
        | {
            "$defs": {"A": closed(next={"anyOf": [{"$ref": "#/$defs/A"}, {"type": "null"}]})},
            "definitions": {"B/b": {"type": "string"}},
        },
    ),
    SchemaCase("anyOf in anyOf", closed(a={"anyOf": [{"anyOf": [{"type": "string"}]}]})),
    # -- the root
    SchemaCase("empty", {}, (not_an_object("None"),)),
    SchemaCase(
        "array at the root",
        {"type": "array", "items": {"type": "string"}},
        (not_an_object("array"),),
    ),
    SchemaCase(
        "union of types at the root",
        closed() | {"type": ["object", "null"]},
        (not_an_object("['object', 'null']"),),
    ),
    SchemaCase(
        "reference at the root",
        {"$ref": "#/$defs/A", "$defs": {"A": closed()}},
        (not_an_object("None"),),
    ),
    SchemaCase("anyOf at the root", {"anyOf": [closed(), {"type": "null"}]}, (in_root(UNTYPED),)),
    SchemaCase("oneOf at the root", {"oneOf": [closed()]}, (not_an_object("None"),)),
    SchemaCase(
        "oneOf and a type at the root",
        closed() | {"oneOf": [{}]},
        (FORBIDDEN_AT_ROOT,),
    ),
    SchemaCase("enum at the root", closed() | {"enum": [{}]}, (FORBIDDEN_AT_ROOT,)),
    SchemaCase("const at the root", closed() | {"const": {}}, (FORBIDDEN_AT_ROOT,)),
    SchemaCase(
        "allOf at the root",
        closed() | {"allOf": [{}]},
        (in_root(not_permitted("allOf"), "/allOf"),),
    ),
    SchemaCase("if at the root", closed() | {"if": {}}, (in_root(not_permitted("if"), "/if"),)),
    SchemaCase(
        "root without properties",
        {"type": "object", "additionalProperties": False},
        (in_root(NO_PROPERTIES),),
    ),
    SchemaCase(
        "map at the root",
        {"type": "object", "additionalProperties": {"type": "string"}},
        (in_root(NO_PROPERTIES), in_root(NOT_CLOSED, "/additionalProperties")),
    ),
    # -- objects
    SchemaCase(
        "open",
        {"type": "object", "properties": {}, "required": []},
        (in_root(NOT_CLOSED),),
    ),
    SchemaCase(
        "explicitly open",
        closed() | {"additionalProperties": True},
        (in_root(NOT_CLOSED, "/additionalProperties"),),
    ),
    SchemaCase("open property", closed(a={"type": "object"}), (in_a(NOT_CLOSED),)),
    SchemaCase(
        "open items",
        closed(a={"type": "array", "items": {"type": "object"}}),
        (at(("properties", "a", "items"), NOT_CLOSED, "/properties/a/items"),),
    ),
    SchemaCase(
        "open in a union",
        closed(c={"anyOf": [{"type": "object"}]}),
        (at(("properties", "c", "anyOf", "0"), NOT_CLOSED, "/properties/c/anyOf/0"),),
    ),
    SchemaCase(
        "open among types",
        closed(a={"type": ["null", "object"]}),
        (at(("properties", "a", "type", "1"), NOT_CLOSED, "/properties/a"),),
    ),
    SchemaCase(
        "map of any values",
        closed(a={"type": ["object", "null"], "additionalProperties": {}}),
        (
            at(
                ("properties", "a", "type", "0", "additionalProperties"),
                UNTYPED,
                "/properties/a/additionalProperties",
            ),
        ),
    ),
    SchemaCase(
        "open in a definition",
        closed() | {"$defs": {"A": {"type": "object"}}},
        (at(("$defs", "A"), NOT_CLOSED, "/$defs/A"),),
    ),
    SchemaCase(
        "optional property",
        closed(a={"type": "string"}) | {"required": []},
        (in_root(f"{NOT_REQUIRED} Missing 'a'.", "/required"),),
    ),
    SchemaCase(
        "optional properties without required",
        {
            "type": "object",
            "properties": {"a": {"type": "null"}, "b": {"type": "null"}},
            "additionalProperties": False,
        },
        (in_root(f"{NOT_REQUIRED} Missing 'a'."),),
    ),
    SchemaCase(
        "unknown required property",
        closed() | {"required": ["z"]},
        (in_root(f"{NOT_REQUIRED} Extra required key 'z' supplied.", "/required"),),
    ),
    SchemaCase(
        "optional and unknown properties",
        closed(a={"type": "null"}) | {"required": ["z"]},
        (
            in_root(f"{NOT_REQUIRED} Missing 'a'.", "/required"),
            in_root(f"{NOT_REQUIRED} Extra required key 'z' supplied.", "/required"),
        ),
    ),
    # -- types
    SchemaCase("no type", closed(a={}), (in_a(UNTYPED),)),
    SchemaCase("true", closed(a=True), (in_a(UNTYPED),)),
    SchemaCase("const without a type", closed(a={"const": "x"}), (in_a(UNTYPED),)),
    SchemaCase("enum without a type", closed(a={"enum": ["x"]}), (in_a(UNTYPED, certain=False),)),
    # -- arrays
    SchemaCase("no items", closed(a={"type": "array"}), (in_a(NO_ITEMS),)),
    SchemaCase(
        "no items among types",
        closed(a={"type": ["string", "array"]}),
        (at(("properties", "a", "type", "1"), NO_ITEMS, "/properties/a"),),
    ),
    SchemaCase(
        "any items", closed(a={"type": "array", "items": True}), (in_a(BAD_ITEMS, "/items"),)
    ),
    SchemaCase(
        "tuple of an old draft",
        closed(a={"type": "array", "items": [{"type": "null"}]})
        | {"$schema": "http://json-schema.org/draft-07/schema#"},
        (in_a(BAD_ITEMS, "/items"),),
    ),
    # -- keywords
    SchemaCase(
        "oneOf",
        closed(a={"oneOf": [{"type": "null"}]}),
        (in_a(not_permitted("oneOf"), "/oneOf"),),
    ),
    SchemaCase(
        "not without a type",
        closed(a={"not": {"type": "null"}}),
        (in_a("Unsupported keywords ('not',).", "/not"),),
    ),
    SchemaCase(
        "not",
        closed(a={"type": "string", "not": {}}),
        (in_a("Unsupported keywords ('not',).", "/not"),),
    ),
    *(
        SchemaCase(
            keyword,
            closed(a={"type": "string", keyword: value}),
            (in_a(not_permitted(keyword), f"/{keyword}"),),
        )
        for keyword, value in REFUSED.items()
    ),
    *(
        SchemaCase(
            keyword,
            closed(a={"type": "string", keyword: value}),
            (in_a(not_permitted(keyword), f"/{keyword}", certain=False),),
        )
        for keyword, value in DOUBTFUL.items()
    ),
    # -- formats and enums
    SchemaCase(
        "unknown format of a string",
        closed(a={"type": "string", "format": "uri"}),
        (in_a("'uri' is not a valid format.", "/format"),),
    ),
    SchemaCase(
        "unknown format of an integer",
        closed(a={"type": "integer", "format": "int32"}),
    ),
    SchemaCase(
        "map next to other types",
        closed(a={"type": ["object", "null"], "additionalProperties": {"type": "string"}}),
        (
            Expected(
                "In context=('properties', 'a', 'type', '0'), 'additionalProperties' is required to"
                " be supplied and to be false.",
                "/properties/a/additionalProperties",
                certain=False,
            ),
        ),
    ),
    SchemaCase(
        "string in an enum of null",
        closed(a={"type": "null", "enum": ["javascript"]}),
        (
            Expected(
                "context=('properties', 'a'), enum value javascript does not validate against"
                " {'type': 'null'}.",
                "/properties/a/enum",
            ),
        ),
    ),
    SchemaCase(
        "null in an enum of strings",
        closed(a={"type": "string", "enum": ["x", None]}),
        (
            Expected(
                "context=('properties', 'a'), enum value None does not validate against"
                " {'type': 'string'}.",
                "/properties/a/enum",
            ),
        ),
    ),
    SchemaCase(
        "boolean in an enum of integers",
        closed(a={"type": "integer", "enum": [True]}),
        (
            Expected(
                "context=('properties', 'a'), enum value True does not validate against"
                " {'type': 'integer'}.",
                "/properties/a/enum",
            ),
        ),
    ),
    # -- references
    SchemaCase(
        "keywords next to a reference",
        closed(a={"$ref": "#", "title": "A", "description": "a"}),
        (
            Expected(
                "context=('properties', 'a'), $ref cannot have keywords {'description', 'title'}.",
                "/properties/a/$ref",
            ),
        ),
    ),
    *(
        SchemaCase(
            f"reference to '{target}'",
            closed(a={"$ref": target}) | {"$defs": {"A": closed(b={"type": "null"})}},
            (in_a(UNKNOWN_REFERENCE, "/$ref"),),
        )
        for target in UNKNOWN_REFERENCES
    ),
]


def with_a(schema: Any) -> dict[str, Any]:
    """Return the schema of an object with the property `a`, without strict mode's keywords."""
    return {"type": "object", "properties": {"a": schema}}


#: The parameters of a function that is not strict.
FUNCTION: Final = [
    SchemaCase("none", None),
    SchemaCase("empty", {}),
    SchemaCase("no properties", {"type": "object", "properties": {}}),
    SchemaCase(
        "open",
        {
            "type": "object",
            "properties": {
                "a": {},
                "b": {"type": "object"},
                "c": {"type": "array", "items": {}},
                "d": True,
                "e": {"oneOf": [{}], "default": 3, "format": "uri"},
            },
        },
    ),
    SchemaCase("unknown reference", with_a({"$ref": "#/$defs/B", "description": "b"})),
    SchemaCase("root without properties", {"type": "object"}, (in_root(NO_PROPERTIES),)),
    SchemaCase("array at the root", {"type": "array", "items": {}}, (not_an_object("array"),)),
    SchemaCase("no type", {"properties": {}}, (not_an_object("None"),)),
    SchemaCase("no type and no properties", {"x": 1}, (not_an_object("None", certain=False),)),
    SchemaCase("oneOf at the root", {"oneOf": [{"type": "object"}]}, (not_an_object("None"),)),
    SchemaCase("anyOf at the root", {"anyOf": [{"type": "object"}]}, (not_an_object("None"),)),
    SchemaCase("union of types at the root", {"type": ["object", "null"], "properties": {}}),
    SchemaCase("no items", with_a({"type": "array"}), (in_a(NO_ITEMS),)),
    SchemaCase(
        "no items in a union",
        with_a({"anyOf": [{"type": "array", "prefixItems": [{}]}]}),
        (at(("properties", "a", "anyOf", "0"), NO_ITEMS, "/properties/a/anyOf/0"),),
    ),
    SchemaCase(
        "no items in items",
        with_a({"type": "array", "items": {"type": "array"}}),
        (at(("properties", "a", "items"), NO_ITEMS, "/properties/a/items"),),
    ),
    SchemaCase("any items", with_a({"type": "array", "items": True}), (in_a(BAD_ITEMS, "/items"),)),
]
