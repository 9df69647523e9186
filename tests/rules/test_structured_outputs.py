"""Strict schemas and the parameters of functions: each limit on both sides, each sentence, each place."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable
from typing import Any

import jsonschema
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import awake, said

from batchlint.findings import Found
from batchlint.grammar import pointer
from batchlint.rules import RULES, Request
from batchlint.rules.waking import EndpointRules
from batchlint.structured import limits, metaschema, plain, subset

CHAT, RESPONSES = "/v1/chat/completions", "/v1/responses"
NAMES = ("invalid_json_schema", "invalid_function_parameters", "doubtful_schema", "fine_tuned_schema")
OPEN = "'additionalProperties' is required to be supplied and to be false."
DEMAND = "'required' is required to be supplied and to be an array including every key in properties."
UNTYPED = "schema must have a 'type' key."
FEWER = "Consider reducing the number of enums, or opt out of structured outputs by setting 'strict: false'."


def closed(**properties: Any) -> dict[str, Any]:
    """An object as strict mode wants it."""
    return {"type": "object", "properties": properties, "required": [*properties], "additionalProperties": False}


def found(url: str, body: dict[str, Any], *names: str) -> list[Found]:
    """What the rules say."""
    return [hit._replace(rule=name) for name in names or NAMES for hit in said(name, url, body)]


def chat_format(schema: Any, **more: Any) -> dict[str, Any]:
    return {"response_format": {"type": "json_schema",
                                "json_schema": {"name": "r", "strict": True, "schema": schema, **more}}}


def text_format(schema: Any, **more: Any) -> dict[str, Any]:
    return {"text": {"format": {"type": "json_schema", "name": "r", "strict": True, "schema": schema, **more}}}


def chat_tool(parameters: Any, **more: Any) -> dict[str, Any]:
    return {"tools": [{"type": "function", "function": {"name": "f", "parameters": parameters, **more}}]}


def flat_tool(parameters: Any, **more: Any) -> dict[str, Any]:
    return {"tools": [{"type": "function", "name": "f", "parameters": parameters, **more}]}


#: The four places of a strict schema: url, body, what leads every sentence, param, pointer.
PLACES: list[tuple[str, Callable[[Any], dict[str, Any]], str, str, str, str]] = [
    (CHAT, chat_format, "Invalid schema for response_format 'r': ", "response_format",
     "/body/response_format/json_schema/schema", "invalid_json_schema"),
    (RESPONSES, text_format, "Invalid schema for response_format 'r': ", "text.format.schema",
     "/body/text/format/schema", "invalid_json_schema"),
    (CHAT, lambda schema: chat_tool(schema, strict=True), "Invalid schema for function 'f': ",
     "tools[0].function.parameters", "/body/tools/0/function/parameters", "invalid_function_parameters"),
    (RESPONSES, lambda schema: flat_tool(schema, strict=True), "Invalid schema for function 'f': ",
     "tools[0].parameters", "/body/tools/0/parameters", "invalid_function_parameters"),
]

#: A strict schema, and what is said of it: whether it is certain, the sentence, the place.
STRICT: dict[str, tuple[Any, list[tuple[bool, str, str]]]] = {
    "fine": (closed(a={"type": "string"}), []),
    "no properties": (closed(), []),
    "no required": ({"type": "object", "properties": {}, "additionalProperties": False}, []),
    "all that is taken": (closed(
        a={"type": "string", "pattern": "^a+$", "format": "uuid", "title": "A", "description": "a", "default": "x"},
        b={"type": "integer", "minimum": 1, "maximum": 9, "multipleOf": 2, "exclusiveMinimum": 0, "examples": [2]},
        c={"type": "array", "items": {"type": "string", "enum": ["a"]}, "minItems": 1, "maxItems": 2},
        d={"anyOf": [{"type": "null"}, closed(x={"type": "string", "const": "x"})]},
        e={"type": ["string", "null"], "enum": ["F", "C"]}, f={"type": "number", "enum": [1, 2.5]},
        g={"type": "integer", "enum": [1.0]}, h={"type": "null", "enum": [None]}, i={"$ref": "#"},
    ) | {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "T"}, []),
    "references": (closed(a={"$ref": "#/$defs/A"}, b={"$ref": "#/definitions/B~1b"}, c={"$ref": "#"}) | {
        "$defs": {"A": closed(next={"anyOf": [{"$ref": "#/$defs/A"}, {"type": "null"}]})},
        "definitions": {"B/b": {"type": "string"}}}, []),
    "ten levels through anyOf": (closed(a={"anyOf": [{"anyOf": [{"type": "string"}]}]}), []),
    # the root
    "empty": ({}, [(True, "schema must be a JSON Schema of 'type: \"object\"', got 'type: \"None\"'.", "")]),
    "root array": ({"type": "array", "items": {"type": "string"}},
                   [(True, "schema must be a JSON Schema of 'type: \"object\"', got 'type: \"array\"'.", "")]),
    "root union of types": (closed() | {"type": ["object", "null"]},
                            [(True, "schema must be a JSON Schema of 'type: \"object\"', "
                              "got 'type: \"['object', 'null']\"'.", "")]),
    "root reference": ({"$ref": "#/$defs/A", "$defs": {"A": closed()}},
                       [(True, "schema must be a JSON Schema of 'type: \"object\"', got 'type: \"None\"'.", "")]),
    "root anyOf": ({"anyOf": [closed(), {"type": "null"}]}, [(True, f"In context=(), {UNTYPED}", "")]),
    "root oneOf": ({"oneOf": [closed()]},
                   [(True, "schema must be a JSON Schema of 'type: \"object\"', got 'type: \"None\"'.", "")]),
    "root oneOf with a type": (closed() | {"oneOf": []},
                               [(True, "[] should be non-empty.", "/oneOf"),
                                (True, "schema must have type 'object' and not have 'oneOf'/'anyOf'/'allOf'/'enum'/"
                                 "'not' at the top level. Found 'oneOf'.", "")]),
    "root enum": (closed() | {"enum": [{}]},
                  [(True, "schema must have type 'object' and not have 'oneOf'/'anyOf'/'allOf'/'enum'/"
                    "'not' at the top level. Found 'enum'.", "")]),
    "root allOf": (closed() | {"allOf": [{}]}, [(True, "In context=(), 'allOf' is not permitted.", "/allOf")]),
    "root if": (closed() | {"if": {}}, [(True, "In context=(), 'if' is not permitted.", "/if")]),
    "root without properties": ({"type": "object", "additionalProperties": False},
                                [(True, "In context=(), object schema missing properties.", "")]),
    "root is a map": ({"type": "object", "additionalProperties": {"type": "string"}},
                      [(True, "In context=(), object schema missing properties.", ""),
                       (True, f"In context=(), {OPEN}", "/additionalProperties")]),
    # objects
    "open": ({"type": "object", "properties": {}, "required": []}, [(True, f"In context=(), {OPEN}", "")]),
    "wide open": (closed() | {"additionalProperties": True}, [(True, f"In context=(), {OPEN}", "/additionalProperties")]),
    "open below": (closed(a={"type": "object"}), [(True, f"In context=('properties', 'a'), {OPEN}", "/properties/a")]),
    "open in items": (closed(a={"type": "array", "items": {"type": "object"}}),
                      [(True, f"In context=('properties', 'a', 'items'), {OPEN}", "/properties/a/items")]),
    "open in a union": (closed(c={"anyOf": [{"type": "object"}]}),
                        [(True, f"In context=('properties', 'c', 'anyOf', '0'), {OPEN}", "/properties/c/anyOf/0")]),
    "open among types": (closed(a={"type": ["null", "object"]}),
                         [(True, f"In context=('properties', 'a', 'type', '1'), {OPEN}", "/properties/a")]),
    "a map of anything": (closed(a={"type": ["object", "null"], "additionalProperties": {}}),
                          [(True, "In context=('properties', 'a', 'type', '0', 'additionalProperties'), " + UNTYPED,
                            "/properties/a/additionalProperties")]),
    "open in a definition": (closed() | {"$defs": {"A": {"type": "object"}}},
                             [(True, f"In context=('$defs', 'A'), {OPEN}", "/$defs/A")]),
    "missing": (closed(a={"type": "string"}) | {"required": []},
                [(True, f"In context=(), {DEMAND} Missing 'a'.", "/required")]),
    "all missing": ({"type": "object", "properties": {"a": {"type": "null"}, "b": {"type": "null"}},
                     "additionalProperties": False}, [(True, f"In context=(), {DEMAND} Missing 'a'.", "")]),
    "extra": (closed() | {"required": ["z"]},
              [(True, f"In context=(), {DEMAND} Extra required key 'z' supplied.", "/required")]),
    "missing and extra": (closed(a={"type": "null"}) | {"required": ["z"]},
                          [(True, f"In context=(), {DEMAND} Missing 'a'.", "/required"),
                           (True, f"In context=(), {DEMAND} Extra required key 'z' supplied.", "/required")]),
    # other schemas
    "anything": (closed(a={}), [(True, f"In context=('properties', 'a'), {UNTYPED}", "/properties/a")]),
    "true": (closed(a=True), [(True, f"In context=('properties', 'a'), {UNTYPED}", "/properties/a")]),
    "const alone": (closed(a={"const": "x"}), [(True, f"In context=('properties', 'a'), {UNTYPED}", "/properties/a")]),
    "enum alone": (closed(a={"enum": ["x"]}), [(False, f"In context=('properties', 'a'), {UNTYPED}", "/properties/a")]),
    "no items": (closed(a={"type": "array"}),
                 [(True, "In context=('properties', 'a'), array schema missing items.", "/properties/a")]),
    "no items among types": (closed(a={"type": ["string", "array"]}),
                             [(True, "In context=('properties', 'a', 'type', '1'), array schema missing items.",
                               "/properties/a")]),
    "any items": (closed(a={"type": "array", "items": True}),
                  [(True, "In context=('properties', 'a'), array schema items is not an object.", "/properties/a/items")]),
    "a tuple": (closed(a={"type": "array", "items": [{"type": "null"}]}),
                [(True, "[{'type': 'null'}] is not of type 'object', 'boolean'.", "/properties/a/items")]),
    "an old tuple": (closed(a={"type": "array", "items": [{"type": "null"}]}) | {
        "$schema": "http://json-schema.org/draft-07/schema#"},
        [(True, "In context=('properties', 'a'), array schema items is not an object.", "/properties/a/items")]),
    "oneOf": (closed(a={"oneOf": [{"type": "null"}]}),
              [(True, "In context=('properties', 'a'), 'oneOf' is not permitted.", "/properties/a/oneOf")]),
    "not": (closed(a={"type": "string", "not": {}}),
            [(True, "In context=('properties', 'a'), Unsupported keywords ('not',).", "/properties/a/not")]),
    **{keyword: (closed(a={"type": "string", keyword: value}),
                 [(True, f"In context=('properties', 'a'), '{keyword}' is not permitted.", f"/properties/a/{keyword}")])
       for keyword, value in {"allOf": [{}], "if": {}, "then": {}, "else": {}, "contains": {}, "propertyNames": {},
                              "uniqueItems": True, "minProperties": 1, "maxProperties": 1, "dependentRequired": {},
                              "dependentSchemas": {}}.items()},
    **{keyword: (closed(a={"type": "string", keyword: value}),
                 [(False, f"In context=('properties', 'a'), '{keyword}' is not permitted.", f"/properties/a/{keyword}")])
       for keyword, value in {"minLength": 1, "maxLength": 1, "patternProperties": {}, "prefixItems": [{}],
                              "unevaluatedProperties": False, "minContains": 1}.items()},
    "uri": (closed(a={"type": "string", "format": "uri"}),
            [(True, "In context=('properties', 'a'), 'uri' is not a valid format.", "/properties/a/format")]),
    "int32": (closed(a={"type": "integer", "format": "int32"}),
              [(False, "In context=('properties', 'a'), 'int32' is not a valid format.", "/properties/a/format")]),
    "null enum": (closed(a={"type": "null", "enum": ["javascript"]}),
                  [(True, "context=('properties', 'a'), enum value javascript does not validate against "
                    "{'type': 'null'}.", "/properties/a/enum")]),
    "null among strings": (closed(a={"type": "string", "enum": ["x", None]}),
                           [(True, "context=('properties', 'a'), enum value None does not validate against "
                             "{'type': 'string'}.", "/properties/a/enum")]),
    "no integer": (closed(a={"type": "integer", "enum": [True]}),
                   [(True, "context=('properties', 'a'), enum value True does not validate against "
                     "{'type': 'integer'}.", "/properties/a/enum")]),
    # references
    "beside a reference": (closed(a={"$ref": "#", "title": "A", "description": "a"}),
                           [(True, "context=('properties', 'a'), $ref cannot have keywords {'description', 'title'}.",
                             "/properties/a/$ref")]),
    **{f"reference to {target}": (closed(a={"$ref": target}) | {"$defs": {"A": closed(b={"type": "null"})}}, [
        (True, "In context=('properties', 'a'), reference can only point to definitions defined at the top level "
         "of the schema.", "/properties/a/$ref")])
       for target in ("#/$defs/B", "#/properties/a", "#/$defs/A/properties/b", "#A", "", "https://e.com/a.json", "#/",
                      "#/definitions/A", "/$defs/A")},
    # the meta-schema
    "unknown type": (closed(a={"type": "str"}),
                     [(True, "'str' is not valid under any of the given schemas.", "/properties/a/type")]),
    "required on a property": (closed(a={"type": "null", "required": True}),
                               [(True, "True is not of type 'array'.", "/properties/a/required")]),
    "properties are a list": ({"type": "object", "properties": [], "required": [], "additionalProperties": False},
                              [(True, "[] is not of type 'object'.", "/properties")]),
    "a property is a string": (closed(a="string"),
                               [(True, "'string' is not of type 'object', 'boolean'.", "/properties/a")]),
    "required is null": (closed() | {"required": None}, [(True, "None is not of type 'array'.", "/required")]),
    "JavaScript's regex": (closed(a={"type": "string", "pattern": r"^\p{L}$"}),
                           [(True, r"'^\p{L}$' is not a 'regex'.", "/properties/a/pattern")]),
}


@pytest.mark.parametrize("place", PLACES, ids=lambda place: str(place[3]))
@pytest.mark.parametrize("name", STRICT)
def test_what_is_said_of_a_strict_schema(name: str, place: Any) -> None:
    schema, expected = STRICT[name]
    url, body, lead, param, at, certain = place

    hits = found(url, body(schema))

    said = [(hit.rule == certain, hit.message, hit.param, pointer(hit.path or ())) for hit in hits]
    wanted = [(sure, lead + tail, param, at + below) for sure, tail, below in expected]
    assert sorted(wanted) == sorted(said)
    assert [want[1] for want in wanted if want[0]] == [hit.message for hit in hits if hit.rule == certain]
    assert all(hit.rule == "doubtful_schema" for hit in hits if hit.rule != certain)


#: The parameters of a function that is not strict, and what is said of them.
LOOSE: dict[str, tuple[Any, list[tuple[bool, str, str]]]] = {
    "none": (None, []),
    "empty": ({}, []),
    "no properties": ({"type": "object", "properties": {}}, []),
    "open": ({"type": "object", "properties": {"a": {}, "b": {"type": "object"}, "c": {"type": "array", "items": {}},
                                               "d": True, "e": {"oneOf": [{}], "default": 3, "format": "uri"}}}, []),
    "dangling": ({"type": "object", "properties": {"a": {"$ref": "#/$defs/B", "description": "b"}}}, []),
    "no root properties": ({"type": "object"}, [(True, "In context=(), object schema missing properties.", "")]),
    "root array": ({"type": "array", "items": {}},
                   [(True, "schema must be a JSON Schema of 'type: \"object\"', got 'type: \"array\"'.", "")]),
    "no type": ({"properties": {}},
                [(False, "schema must be a JSON Schema of 'type: \"object\"', got 'type: \"None\"'.", "")]),
    "root union": ({"oneOf": [{"type": "object"}]},
                   [(True, "schema must be a JSON Schema of 'type: \"object\"', got 'type: \"None\"'.", "")]),
    "root anyOf": ({"anyOf": [{"type": "object"}]},
                   [(True, "schema must be a JSON Schema of 'type: \"object\"', got 'type: \"None\"'.", "")]),
    "root types": ({"type": ["object", "null"], "properties": {}}, []),
    "no items": ({"type": "object", "properties": {"a": {"type": "array"}}},
                 [(True, "In context=('properties', 'a'), array schema missing items.", "/properties/a")]),
    "no items, optional": ({"type": "object", "properties": {"a": {"anyOf": [{"type": "array", "prefixItems": [{}]}]}}},
                           [(True, "In context=('properties', 'a', 'anyOf', '0'), array schema missing items.",
                             "/properties/a/anyOf/0")]),
    "no items of items": ({"type": "object", "properties": {"a": {"type": "array", "items": {"type": "array"}}}},
                          [(True, "In context=('properties', 'a', 'items'), array schema missing items.",
                            "/properties/a/items")]),
    "any items": ({"type": "object", "properties": {"a": {"type": "array", "items": True}}},
                  [(True, "In context=('properties', 'a'), array schema items is not an object.", "/properties/a/items")]),
    "unknown type": ({"type": "object", "properties": {"a": {"type": "any"}}},
                     [(True, "'any' is not valid under any of the given schemas.", "/properties/a/type")]),
}


@pytest.mark.parametrize("url", [CHAT, RESPONSES, "functions"])
@pytest.mark.parametrize("name", LOOSE)
def test_what_is_said_of_any_function(name: str, url: str) -> None:
    parameters, expected = LOOSE[name]
    if url == "functions":
        hits, at = found(CHAT, {"functions": [{"name": "f", "parameters": parameters}]}), "/body/functions/0/parameters"
    elif url == CHAT:
        hits, at = found(CHAT, chat_tool(parameters)), "/body/tools/0/function/parameters"
    else:
        hits, at = found(RESPONSES, flat_tool(parameters, strict=False)), "/body/tools/0/parameters"

    assert [(sure, f"Invalid schema for function 'f': {tail}", at + below) for sure, tail, below in expected] == [
        (hit.rule == "invalid_function_parameters", hit.message, pointer(hit.path or ())) for hit in hits]


def test_unions_at_the_root_of_a_function_are_refused_by_chat_and_in_doubt_on_responses() -> None:
    parameters = {"type": "object", "properties": {}, "anyOf": [{"required": ["a"]}]}
    sentence = ("Invalid schema for function 'f': schema must have type 'object' and not have 'oneOf'/'anyOf'/'allOf'/"
                "'enum'/'not' at the top level. Found 'anyOf'.")

    assert [("invalid_function_parameters", sentence)] == [
        (hit.rule, hit.message) for hit in found(CHAT, chat_tool(parameters))]
    assert [("doubtful_schema", sentence)] == [
        (hit.rule, hit.message) for hit in found(RESPONSES, flat_tool(parameters))]


def test_a_strict_function_needs_parameters() -> None:
    absent = {"tools": [{"type": "function", "function": {"name": "f", "strict": True}}]}
    null = flat_tool(None, strict=True)

    assert [(f"Invalid schema for function 'f': In context=(), {OPEN}", "tools[0].function.parameters",
             "/body/tools/0/function")] == [
        (hit.message, hit.param, pointer(hit.path or ())) for hit in found(CHAT, absent)]
    [hit] = found(RESPONSES, null)
    assert (hit.param, pointer(hit.path or ())) == ("tools[0].parameters", "/body/tools/0/parameters")
    assert hit.message.endswith(OPEN)


def test_the_most_telling_fault_comes_first() -> None:
    schema = {"type": "object", "properties": {
        "a": {"type": "object", "propertyNames": {}, "additionalProperties": {}}, "b": {"type": "strng"}}}

    assert [
        "'strng' is not valid under any of the given schemas.",
        f"In context=(), {OPEN}",
        f"In context=(), {DEMAND} Missing 'a'.",
        "In context=('properties', 'a'), 'propertyNames' is not permitted.",
        f"In context=('properties', 'a', 'additionalProperties'), {UNTYPED}",
    ] == [fault.sentence for fault in subset.faults(schema, "strict")]


# -- limits ------------------------------------------------------------------------------------------------------------


def sentences(schema: dict[str, Any]) -> list[tuple[str, str]]:
    return [(fault.sentence, pointer(fault.path)) for fault in subset.faults(schema, "strict")]


def nested(levels: int) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "string"}
    for _ in range(levels):
        schema = closed(a=schema)
    return schema


def test_levels() -> None:
    assert sentences(nested(10)) == []
    assert sentences(nested(11)) == [("11 levels of nesting exceeds limit of 10.", "/properties/a" * 10)]
    assert sentences(nested(14)) == [("14 levels of nesting exceeds limit of 10.", "/properties/a" * 10)]


def test_items_are_levels_and_branches_are_none() -> None:
    schema: dict[str, Any] = {"type": "string"}
    for _ in range(9):
        schema = {"type": "array", "items": {"anyOf": [schema, {"type": "null"}]}}

    assert sentences(closed(a=schema)) == []
    assert sentences(closed(a={"type": "array", "items": schema})) == \
        [("11 levels of nesting exceeds limit of 10.", "/properties/a/items" + "/items/anyOf/0" * 8)]


def test_nesting_does_not_go_on_through_references() -> None:
    assert sentences(closed(a=closed(b={"$ref": "#/$defs/A"})) | {"$defs": {"A": nested(10)}}) == []


def test_properties() -> None:
    def of(count: int) -> dict[str, Any]:
        return closed(a=closed(**{f"p{i}": {"type": "null"} for i in range(count - 2)}), b={"type": "null"})

    assert sentences(of(5000)) == []
    assert sentences(of(5001)) == [("5001 parameters exceeds limit of 5000.", "/properties/a/properties")]


def test_characters() -> None:
    def of(count: int) -> dict[str, Any]:
        schema = closed(ab={"type": "string", "enum": ["cd"]}, e={"type": "string", "const": "x" * (count - 6)})
        return schema | {"$defs": {"f": {"type": "null"}}}

    assert sentences(of(120_000)) == []
    assert sentences(of(120_001)) == [("120001 characters of names and values exceeds limit of 120000.", "")]


def test_enum_values() -> None:
    def of(count: int) -> dict[str, Any]:
        return closed(a={"type": "integer", "enum": [1, 2]}, b={"type": "integer", "enum": [*range(count - 2)]})

    assert sentences(of(1000)) == []
    assert [("Expected at most 1000 enum values in total within a single schema when using structured outputs, but "
             f"received 1001. {FEWER}", "/properties/b/enum")] == sentences(of(1001))


@pytest.mark.parametrize(("values", "characters", "fine"), [(250, 20_000, True), (251, 15_000, True),
                                                            (251, 15_001, False)])
def test_large_enum(values: int, characters: int, fine: bool) -> None:
    enum = [f"{i:03}" for i in range(values - 1)]
    enum.append("x" * (characters - 3 * len(enum)))

    assert ([] if fine else [
        ("Expected at most 15000 total characters across enum values when there are more than 250 enum values, but "
         f"received 15001. {FEWER}", "/properties/a/enum")]) == sentences(closed(a={"type": "string", "enum": enum}))


def test_limits_do_not_hold_for_other_functions() -> None:
    assert subset.faults(nested(30), "loose") == ()
    assert list(subset.faults(closed(a={"type": "integer", "enum": [*range(2000)]}), "loose")) == []


# -- which schemas -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("more", [{"strict": False}, {"strict": None}, {"strict": "true"}, {"strict": 1}])
def test_only_true_is_strict(more: dict[str, Any]) -> None:
    assert found(CHAT, chat_format({}, **more)) == []
    assert found(RESPONSES, text_format({}, **more)) == []
    assert found(RESPONSES, flat_tool({"type": "object", "properties": {"a": {}}}, **more)) == []


def test_other_formats_tools_and_endpoints_are_left_alone() -> None:
    assert found(CHAT, {"response_format": {"type": "json_object", "json_schema": {"strict": True, "schema": {}}}}) == []
    assert found(CHAT, {"tools": [{"type": "custom", "function": {"name": "f", "parameters": {"type": "array"}}}]}) == []
    assert found(RESPONSES, {"tools": [{"type": "web_search"}], "text": {"verbosity": "low"}}) == []
    assert found(RESPONSES, chat_tool({"type": "array"})) == []
    assert found("/v1/embeddings", text_format({}) | chat_format({}) | flat_tool({"type": "array"})) == []


def test_every_tool_is_told_at_its_index_and_with_its_name() -> None:
    bad = {"type": "object", "properties": {"a": {"type": "array"}}}
    tools = [{"type": "function", "name": name, "parameters": bad} for name in ("f", "g")]

    assert [
        (re.findall("function '(.*?)'", hit.message)[0], hit.param, pointer(hit.path or ()))
        for hit in found(RESPONSES, {"tools": [{"type": "web_search"}, *tools]})] == [
            ("f", "tools[1].parameters", "/body/tools/1/parameters/properties/a"),
            ("g", "tools[2].parameters", "/body/tools/2/parameters/properties/a")]


def test_fine_tuned_models_lack_keywords() -> None:
    schema = closed(a={"type": "string", "minLength": 1, "pattern": "a"}, b={"type": "integer", "minimum": 1})
    tuned = {"model": "ft:gpt-4.1-mini:acme::1"}

    assert [("fine_tuned_schema", f"/body/text/format/schema/properties/{place}")
            for place in ("a/minLength", "a/pattern", "b/minimum")] == [
        (hit.rule, pointer(hit.path or ())) for hit in found(RESPONSES, tuned | text_format(schema))]
    assert [hit.rule for hit in found(RESPONSES, {"model": "m"} | text_format(schema))] == ["doubtful_schema"]
    assert found(CHAT, tuned | chat_tool(schema, strict=False)) == []


@pytest.mark.parametrize("url", [CHAT, RESPONSES])
def test_a_body_without_schemas_or_with_fine_ones_wakes_no_rule(url: str) -> None:
    rules = EndpointRules(url, (RULES[name] for name in NAMES))

    def woken(body: dict[str, Any]) -> list[str]:
        return awake(rules, Request(url, body, 0, {}))

    assert rules.members.isdisjoint({"model": "m", "messages": [{"role": "user", "content": "Hi"}], "input": "Hi", "temperature": 1})
    assert woken({"response_format": {"type": "json_object"}, "text": {"format": {"type": "text"}}}) == []
    assert woken({"tools": []}) == []
    fine, wrong = {"type": "object", "properties": {}, "additionalProperties": False}, {"type": "object", "properties": {}}
    for body, other in ((chat_format(fine), chat_format(wrong)), (text_format(fine), text_format(wrong))):
        assert woken(body) == []
        assert woken(other) == ([*NAMES] if ("text" in other) == (url == RESPONSES) else [])


@pytest.mark.parametrize("url", [CHAT, RESPONSES])
def test_what_stands_in_the_place_of_a_list_or_an_object_is_the_schema_s_matter(url: str) -> None:
    loose = {"type": "object", "properties": {"a": {"type": "array"}}}
    for body in (chat_tool(loose), flat_tool(loose)):
        assert found(url, {"tools": body["tools"][0]}) == []
    for member, body in (("response_format", chat_format(loose)), ("text", text_format(loose))):
        assert found(url, {member: [body[member]]}) == []


# -- remembering -------------------------------------------------------------------------------------------------------


def test_the_same_schema_gives_the_same_findings_at_other_places_and_under_other_names() -> None:
    bad = {"type": "object", "properties": {"a": {"type": "array"}}, "required": ["a"], "additionalProperties": False}

    first = found(CHAT, chat_format(bad))
    other = found(CHAT, chat_format(copy.deepcopy(bad), name="other"))
    tool = found(CHAT, chat_tool(bad))

    assert first == found(CHAT, chat_format(copy.deepcopy(bad)))
    assert [hit.message for hit in other] \
        == ["Invalid schema for response_format 'other': In context=('properties', 'a'), array schema missing items."]
    assert [(hit.param, hit.message) for hit in tool] == [
        ("tools[0].function.parameters",
         "Invalid schema for function 'f': In context=('properties', 'a'), array schema missing items.")]


def test_a_schema_without_fault_in_one_place_may_have_one_in_another() -> None:
    schema = {"type": "object", "properties": {"a": {"type": "string"}}}

    for _ in range(2):
        assert found(CHAT, chat_tool(schema)) == []
        assert found(CHAT, chat_tool(schema, strict=True)) != []
        assert found(RESPONSES, chat_tool(schema, strict=True)) == []
        assert found(RESPONSES, flat_tool(schema)) == []
        assert found(RESPONSES, flat_tool(schema, strict=True)) != []
        assert found(CHAT, {"response_format": {"type": "json_schema", "strict": True, "schema": schema}}) == []


def test_what_is_remembered_is_bounded() -> None:
    for i in range(3000):
        found(CHAT, chat_tool({"type": "object", "properties": {f"p{i}": {}}}))
        found(CHAT, chat_tool({"type": "object", "title": f"t{i}"}))

    assert len(subset._verdicts) <= subset._KEPT


def test_a_mutated_request_is_looked_at_again() -> None:
    body = chat_tool({"type": "object", "properties": {}})
    before = found(CHAT, body)
    del body["tools"][0]["function"]["parameters"]["properties"]

    assert before == []
    assert found(CHAT, body) != []


# -- garbage -----------------------------------------------------------------------------------------------------------

KEYWORDS = sorted({*metaschema._KEYWORDS, *metaschema._SCHEMA, *subset._REFUSED, *subset._DOUBTFUL, "type", "const",
                   "strict", "name", "schema", "parameters", "function", "json_schema", "format", "x"})
SCALARS = st.none() | st.booleans() | st.integers(-3, 2**63) | st.floats(allow_nan=False, allow_infinity=False) | \
    st.sampled_from(["object", "array", "string", "#", "#/$defs/x", "#/$defs/y", "function", "json_schema", "(", ""]) | \
    st.text(max_size=5)
JSON = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
    st.sampled_from(KEYWORDS) | st.text(max_size=3), inner, max_size=5), max_leaves=25)
SCHEMAS = st.dictionaries(st.sampled_from(KEYWORDS), JSON, max_size=6)


@given(JSON, st.sampled_from([CHAT, RESPONSES]))
@settings(max_examples=300, deadline=None)
def test_no_body_raises(value: Any, url: str) -> None:
    for member in ("response_format", "text", "tools", "functions"):
        found(url, {"model": value, member: value})
        found(url, {member: [value]})
        found(url, {member: {"type": "json_schema", "format": value, "json_schema": value}})


@given(SCHEMAS)
@settings(max_examples=300, deadline=None)
def test_no_schema_raises_and_every_place_exists(schema: dict[str, Any]) -> None:
    for url, body, lead, param, _, _ in PLACES:
        request = body(schema)
        for hit in found(url, request):
            assert hit.message.startswith(lead)
            assert param == hit.param
            place: Any = {"body": request}
            for part in hit.path or ():
                place = place[part]


@given(SCHEMAS)
@settings(max_examples=300, deadline=None)
def test_what_is_no_json_schema_for_us_is_none_for_the_library(schema: dict[str, Any]) -> None:
    schema.pop("$schema", None)
    told = [fault.sentence for fault in metaschema.faults(schema)]

    if told:
        with pytest.raises(jsonschema.SchemaError):
            jsonschema.Draft202012Validator.check_schema(schema)


@pytest.mark.parametrize("schema", [
    {"type": "strng"}, {"type": ["string", "foo"]}, {"type": []}, {"type": None}, {"properties": []},
    {"properties": {"a": []}}, {"properties": {"a": "text"}}, {"required": None}, {"required": [1]},
    {"required": ["a", "a"]}, {"items": [{"type": "string"}]}, {"enum": "a"}, {"anyOf": []}, {"anyOf": {}},
    {"minimum": "1"}, {"minLength": -1}, {"minItems": 1.5}, {"$defs": []}, {"additionalProperties": "false"},
    {"uniqueItems": "x"}, {"description": None}, {"exclusiveMinimum": True}, {"pattern": "("}, {"not": 3},
    {"properties": {"x": {"type": "string", "required": True}}},
], ids=str)
def test_the_sentence_is_that_of_the_library(schema: dict[str, Any]) -> None:
    with pytest.raises(jsonschema.SchemaError) as caught:
        jsonschema.Draft202012Validator.check_schema(schema)

    assert [(f"{caught.value.message}.", [*caught.value.absolute_path])] == [
        (fault.sentence, [*fault.path]) for fault in metaschema.faults(schema)]


@pytest.mark.parametrize("keyword", ["properties", "items", "anyOf", "not", "$defs", "enum", "type"])
def test_deep_schemas_end(keyword: str) -> None:
    schema: Any = {"type": "string"}
    for _ in range(1000):
        schema = {keyword: {"a": schema} if keyword in ("properties", "$defs") else [schema]
                  if keyword in ("anyOf", "enum", "type") else schema}

    for url, body, *_ in PLACES:
        for hit in found(url, body(closed(a=schema))):
            assert len(hit.message) < 10_000


def test_many_faults_are_cut_off() -> None:
    schema = closed(**{f"p{i}": {"type": "array"} for i in range(4000)})

    assert len(found(CHAT, chat_format(schema))) == 100


def test_sentences_show_little_of_a_name_and_nothing_that_is_no_character() -> None:
    name = "a\u202e'" + "b" * 100
    schema = closed(**{name: {"type": "array"}}) | {"required": []}

    missing, context = (hit.message for hit in found(CHAT, chat_format(schema, name="x" * 200)))
    assert missing.endswith(f"Missing 'a\\u202e'{'b' * 53}...'.")
    assert "\\u202e" in context
    assert "\u202e" not in missing + context
    assert "b" * 62 not in missing + context
    assert "x" * 65 not in missing


def test_patterns_are_compiled_without_a_warning_and_long_ones_not_at_all() -> None:
    assert sentences(closed(a={"type": "string", "pattern": "[[a]"}, b={"type": "string", "pattern": "(" * 20_000})) == []


def test_draft_4_may_have_boolean_bounds() -> None:
    schema = {"type": "object", "properties": {"a": {"type": "integer", "minimum": 0, "exclusiveMinimum": True}}}

    assert [fault.sentence for fault in subset.faults(schema, "loose")] == ["True is not of type 'number'."]
    assert subset.faults(schema | {"$schema": "http://json-schema.org/draft-04/schema#"}, "loose") == ()


# -- documentation -----------------------------------------------------------------------------------------------------


def example(text: str) -> tuple[str, dict[str, Any]]:
    url, _, body = text.partition(" ")
    return url, orjson.loads(body)


@pytest.mark.parametrize("name", NAMES)
def test_examples(name: str) -> None:
    rule = RULES[name]

    assert rule.examples("Fails")
    assert rule.examples("Passes")
    for text in rule.examples("Fails"):
        assert {name} == {hit.rule for hit in found(*example(text))}
    for text in rule.examples("Passes"):
        assert found(*example(text)) == []


def test_limits_are_those_of_the_guide() -> None:
    assert (
        limits.PROPERTIES, limits.LEVELS, limits.CHARACTERS, limits.ENUM_VALUES, limits.LARGE_ENUM,
        limits.LARGE_ENUM_CHARACTERS) == (5000, 10, 120_000, 1000, 250, 15_000)


# -- fine at first sight -----------------------------------------------------------------------------------------------

PLAIN_LEAVES = st.sampled_from([
    {"type": "string"}, {"type": "string", "description": "d"}, {"type": "integer"}, {"type": "string", "enum": ["a", "b"]},
    {"type": "string", "enum": []}, {"type": "string", "enum": ["a", "a"]}, {"type": "null"}, {"type": ["string"]}, {}, None,
    {"type": "number", "minimum": 1}, {"type": "boolean", "title": 1}, {"type": "string", "enum": [1]}])


def an_object(properties: dict[str, Any], required: list[str], closed: object) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": closed}


PLAIN_SCHEMAS = st.recursive(PLAIN_LEAVES, lambda inner: st.one_of(
    inner.map(lambda items: {"type": "array", "items": items}),
    st.dictionaries(st.sampled_from("abcd"), inner, max_size=3).map(lambda p: an_object(p, list(p), closed=False)),
    st.builds(an_object, st.dictionaries(st.sampled_from("abcd"), inner, max_size=3), st.lists(st.sampled_from("abcd"), max_size=3),
              st.booleans())), max_leaves=12)


@given(PLAIN_SCHEMAS)
def test_what_is_fine_at_first_sight_is_fine(schema: Any) -> None:
    if isinstance(schema, dict) and plain.is_fine(schema):
        assert subset._judged(schema, "strict") == ()


def test_a_common_schema_is_fine_at_first_sight() -> None:
    assert plain.is_fine(an_object({"a": {"type": "array", "items": {"type": "string", "enum": ["x", "y"]}}}, ["a"], closed=False))
