"""Sample values that match a JSON Schema."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from datetime import date, datetime, time
from ipaddress import IPv4Address, IPv6Address
from typing import Any
from uuid import UUID

import jsonschema
import pytest

from batchlint.providers import provider
from batchlint.server.canned import TEXT, canned_response
from batchlint.server.samples import sample
from support import NOW, count_calls, fixture_files, request, rows

VALID = [p for p in fixture_files("valid", "cases/valid") if p.stem != "create_batch_requests"]
NODE = {
    "type": "object",
    "properties": {
        "next": {"anyOf": [{"$ref": "#"}, {"type": "null"}]},
        "children": {"type": "array", "items": {"$ref": "#/$defs/child"}},
    },
    "required": ["next", "children"],
    "additionalProperties": False,
    "$defs": {"child": {"type": "object", "properties": {"a": {"$ref": "#"}}, "required": ["a"]}},
}

#: A recursive union without a null branch. The first branch contains the union twice.
EXPRESSION = {
    "type": "object",
    "properties": {"root": {"$ref": "#/$defs/expression"}},
    "required": ["root"],
    "$defs": {
        "expression": {"anyOf": [{"$ref": "#/$defs/sum"}, {"$ref": "#/$defs/literal"}]},
        "sum": {
            "type": "object",
            "properties": {
                "left": {"$ref": "#/$defs/expression"},
                "right": {"$ref": "#/$defs/expression"},
            },
            "required": ["left", "right"],
        },
        "literal": {
            "type": "object",
            "properties": {"kind": {"$ref": "#/$defs/kind"}},
            "required": ["kind"],
        },
        "kind": {"enum": ["a", "b"]},
    },
}
TREE = {
    "type": ["object", "null"],
    "properties": {"left": {"$ref": "#"}, "right": {"$ref": "#"}},
    "required": ["left", "right"],
}


@pytest.mark.parametrize(
    "schema",
    [
        {},
        {"type": "string"},
        {"type": "string", "maxLength": 3},
        {"type": "string", "minLength": 100},
        {"type": ["null", "integer"]},
        {"type": "null"},
        {"type": "number", "minimum": 5, "maximum": 6},
        {"type": "number", "maximum": -3},
        {"type": "integer", "exclusiveMinimum": 0},
        {"type": "integer", "minimum": 0.5},
        {"type": ["integer", "null"], "maximum": -0.5},
        {"type": "integer", "exclusiveMaximum": 0},
        {"type": "array", "items": {"type": "boolean"}, "minItems": 2},
        {"type": "array", "items": {"type": "string", "minLength": 200.0}, "minItems": 2.0},
        {"enum": ["a", "b"]},
        {"const": 7},
        {"anyOf": [{"type": "null"}, {"type": "integer"}]},
        {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]},
        {"properties": {"a": {"$ref": "#/$defs/b"}}, "$defs": {"b": {"enum": [1]}}},
        {
            "$ref": "#/$defs/Pair~1of~0int",
            "$defs": {"Pair/of~int": {"type": "integer", "minimum": 3}},
        },
        NODE,
        EXPRESSION,
        TREE,
    ],
)
def test_sample_matches_its_schema(schema: Any) -> None:
    value = sample(schema, "canned")

    jsonschema.validate(json.loads(json.dumps(value)), schema)


@pytest.mark.parametrize(
    ("name", "parse"),
    [
        ("date-time", datetime.fromisoformat),
        ("time", time.fromisoformat),
        ("date", date.fromisoformat),
        ("duration", re.compile(r"P\d+D").fullmatch),
        ("email", re.compile(r"\w+@\w+\.\w+").fullmatch),
        ("hostname", re.compile(r"\w+\.\w+").fullmatch),
        ("ipv4", IPv4Address),
        ("ipv6", IPv6Address),
        ("uuid", UUID),
    ],
)
def test_sample_string_has_the_format_of_its_schema(
    name: str, parse: Callable[[str], object]
) -> None:
    assert parse(sample({"type": "string", "format": name}, TEXT))


@pytest.mark.parametrize("schema", [True, [], {"$ref": "#/nothing"}, {"$ref": "#"}, {"type": []}])
def test_sample_for_a_malformed_schema_is_null(schema: Any) -> None:
    assert sample(schema, "canned") is None


@pytest.mark.parametrize(
    "schema",
    [
        {"type": 5},
        {"type": [5]},
        {"enum": {"a": 1}},
        {"anyOf": {"a": 1}},
        {"properties": [1], "required": [[], "a"]},
        {"properties": {"a": {"type": "string", "format": [], "maxLength": "a", "minLength": []}}},
        {"type": "array", "minItems": "a"},
        {"type": "number", "minimum": "a", "exclusiveMaximum": []},
    ],
)
def test_invalid_keyword_values_are_ignored(schema: Any) -> None:
    """Services other than OpenAI may accept such schemas."""
    json.dumps(sample(schema, "canned"))


@pytest.mark.parametrize("schema", [EXPRESSION, TREE])
def test_sample_for_a_recursive_schema_is_short(schema: Any) -> None:
    assert len(json.dumps(sample(schema, "canned"))) < 10_000


def test_branch_of_a_deep_union_is_chosen_only_once() -> None:
    schema: Any = {"type": "array", "minItems": 500, "items": {"anyOf": [{"$ref": "#"}] * 500}}
    for _ in range(8):
        schema = {"type": "object", "properties": {"a": schema}}

    assert count_calls(sample, schema, "canned") < 3_000_000


LONG_ARRAY = {"type": "array", "minItems": 1000}
BRANCHING = {"properties": {"left": {"$ref": "#"}, "right": {"$ref": "#"}, "next": {"$ref": "#"}}}


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "array", "items": {"type": "string"}, "minItems": 10**12},
        {
            **LONG_ARRAY,
            "items": {**LONG_ARRAY, "items": {**LONG_ARRAY, "items": {"type": "integer"}}},
        },
        {"type": "string", "minLength": 10**12},
        {"type": "string", "minLength": math.inf},
        {"type": "array", "items": {"type": "string"}, "minItems": math.inf},
        {"type": "string", "maxLength": math.inf},
        {**LONG_ARRAY, "items": {"const": "a" * 10_000}},
        {**LONG_ARRAY, "items": {"required": ["a" * 10_000]}},
        BRANCHING,
    ],
)
def test_sample_is_limited_to_a_million_characters(schema: Any) -> None:
    assert len(json.dumps(sample(schema, "canned"))) < 1_000_000


def requested_schema(url: str, body: Any) -> Any:
    """Return the schema that the response to a request must match, or None."""
    if url == "/v1/chat/completions":
        return ((body.get("response_format") or {}).get("json_schema") or {}).get("schema")
    if url == "/v1/responses":
        return ((body.get("text") or {}).get("format") or {}).get("schema")
    return None


def text_of(answer: Any) -> str:
    """Return the text of a chat completion or a response."""
    if "choices" in answer:
        return str(answer["choices"][0]["message"]["content"])
    return str(answer["output"][0]["content"][0]["text"])


def test_answer_matches_the_schema_in_the_request() -> None:
    compared = 0
    for row in (row for path in VALID for row in rows(path)):
        schema = requested_schema(row["url"], row["body"])
        if schema is not None and '"pattern"' not in json.dumps(schema):
            answer = canned_response(provider().endpoints[row["url"]], row["body"], "t", NOW)
            jsonschema.validate(json.loads(text_of(answer)), schema)
            compared += 1
    assert compared > 5


def test_answer_is_json_in_json_mode() -> None:
    json_mode = {"type": "json_object"}
    for url, extra in (
        ("/v1/chat/completions", {"response_format": json_mode}),
        ("/v1/responses", {"text": {"format": json_mode}}),
    ):
        answer = canned_response(
            provider().endpoints[url], request(url=url, **extra)["body"], "t", 0
        )

        assert json.loads(text_of(answer)) == {"answer": TEXT}
