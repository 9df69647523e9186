"""The rules of `rules/structured_outputs.py`: which schemas in a request they check."""

from __future__ import annotations

import copy
import re
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batchlint import check_request
from batchlint.phrasing import pointer
from batchlint.providers import provider
from batchlint.rules import RULES
from batchlint.rules.registry import Request
from batchlint.rules.triggers import EndpointRules
from rules.helpers import each
from structured.cases import FUNCTION, STRICT, with_a
from structured.helpers import (
    CHAT,
    FORBIDDEN_AT_ROOT,
    FUNCTION_LOCATIONS,
    NOT_CLOSED,
    RESPONSES,
    RULE_NAMES,
    STRICT_LOCATIONS,
    Location,
    SchemaCase,
    assert_findings,
    chat_format,
    chat_tool,
    closed,
    locations_of,
    responses_tool,
    schema_findings,
    text_format,
)
from structured.strategies import JSON, SCHEMAS
from support import request, triggered_rules

EMBEDDINGS = "/v1/embeddings"

#: The parameters of a function in which an array has no items.
BAD = with_a({"type": "array"})

strict_locations = pytest.mark.parametrize(
    "location", STRICT_LOCATIONS, ids=[location.name for location in STRICT_LOCATIONS]
)
function_locations = pytest.mark.parametrize(
    "location", FUNCTION_LOCATIONS, ids=[location.name for location in FUNCTION_LOCATIONS]
)
both_endpoints = pytest.mark.parametrize("url", [CHAT, RESPONSES])


# -- findings and their locations -----------------------------------------------------------------


@strict_locations
@each(STRICT)
def test_strict_schema_is_checked_in_every_location(case: SchemaCase, location: Location) -> None:
    assert_findings(case, location)


@function_locations
@each(FUNCTION)
def test_parameters_of_a_function_are_checked_in_every_location(
    case: SchemaCase, location: Location
) -> None:
    assert_findings(case, location)


def test_forbidden_root_keyword_in_a_function_is_doubtful_only_in_responses() -> None:
    parameters = {"type": "object", "properties": {}, "anyOf": [{"required": ["a"]}]}
    message = f"Invalid schema for function 'f': {FORBIDDEN_AT_ROOT.sentence}"

    chat = schema_findings(CHAT, chat_tool(parameters))
    responses = schema_findings(RESPONSES, responses_tool(parameters))

    assert [(found.rule, found.message) for found in chat] == [
        ("invalid_function_parameters", message)
    ]
    assert [(found.rule, found.message) for found in responses] == [("doubtful_schema", message)]


def test_strict_function_needs_parameters() -> None:
    absent = {"tools": [{"type": "function", "function": {"name": "f", "strict": True}}]}
    message = f"Invalid schema for function 'f': In context=(), {NOT_CLOSED}"

    assert locations_of(schema_findings(CHAT, absent)) == [
        (message, "body.tools[0].function.parameters", "/body/tools/0/function")
    ]
    assert locations_of(schema_findings(RESPONSES, responses_tool(None, strict=True))) == [
        (message, "body.tools[0].parameters", "/body/tools/0/parameters")
    ]


def test_each_tool_is_reported_with_its_index_and_name() -> None:
    tools = [{"type": "function", "name": name, "parameters": BAD} for name in ("f", "g")]

    found = schema_findings(RESPONSES, {"tools": [{"type": "web_search"}, *tools]})

    assert [
        (*re.findall("function '(.*?)'", message), param, location)
        for message, param, location in locations_of(found)
    ] == [
        ("f", "body.tools[1].parameters", "/body/tools/1/parameters/properties/a"),
        ("g", "body.tools[2].parameters", "/body/tools/2/parameters/properties/a"),
    ]


# -- which schemas are checked --------------------------------------------------------------------


@pytest.mark.parametrize("options", [{}, {"strict": None}], ids=repr)
def test_text_format_is_strict_by_default(options: dict[str, Any]) -> None:
    """It is unknown what the API does with a schema that strict mode does not support."""
    text = {"type": "json_schema", "name": "r", "schema": {"type": "object", "properties": {}}}
    body = {"model": "gpt-4o", "input": "x", "text": {"format": {**text, **options}}}

    findings = check_request(request("a", RESPONSES, **body))

    assert [(each.rule, each.severity, each.fix) for each in findings] == [
        ("doubtful_schema", "warning", None)
    ]
    assert "set `strict` to false" in str(findings[0].hint)


@pytest.mark.parametrize("strict", [False, None, "true", 1], ids=repr)
def test_only_true_is_strict(strict: Any) -> None:
    assert schema_findings(CHAT, chat_format({}, strict=strict)) == []
    if strict is not None:
        assert schema_findings(RESPONSES, text_format({}, strict=strict)) == []
    assert schema_findings(RESPONSES, responses_tool(with_a({}), strict=strict)) == []


@pytest.mark.parametrize(
    ("url", "body"),
    [
        pytest.param(
            CHAT,
            {
                "response_format": {
                    "type": "json_object",
                    "json_schema": {"strict": True, "schema": {}},
                }
            },
            id="other format",
        ),
        pytest.param(
            CHAT,
            {"tools": [{"type": "custom", "function": {"parameters": {"type": "array"}}}]},
            id="other tool of chat",
        ),
        pytest.param(
            RESPONSES,
            {"tools": [{"type": "web_search"}], "text": {"verbosity": "low"}},
            id="other tool of responses",
        ),
        pytest.param(RESPONSES, chat_tool({"type": "array"}), id="function of chat on responses"),
        pytest.param(
            EMBEDDINGS,
            text_format({}) | chat_format({}) | responses_tool({"type": "array"}),
            id="other endpoint",
        ),
    ],
)
def test_other_formats_tools_and_endpoints_are_not_checked(url: str, body: Any) -> None:
    assert schema_findings(url, body) == []


@both_endpoints
def test_field_of_a_wrong_type_is_left_to_the_schema(url: str) -> None:
    for body in (chat_tool(BAD), responses_tool(BAD)):
        assert schema_findings(url, {"tools": body["tools"][0]}) == []
    for field, body in (("response_format", chat_format(BAD)), ("text", text_format(BAD))):
        assert schema_findings(url, {field: [body[field]]}) == []


def test_keywords_unsupported_by_fine_tuned_models_are_reported() -> None:
    schema = closed(
        a={"type": "string", "minLength": 1, "pattern": "a"}, b={"type": "integer", "minimum": 1}
    )
    model = {"model": "ft:gpt-4.1-mini:acme::1"}

    found = schema_findings(RESPONSES, model | text_format(schema))

    assert [(problem.rule, pointer(problem.path or ())) for problem in found] == [
        ("fine_tuned_schema", f"/body/text/format/schema/properties/{location}")
        for location in ("a/minLength", "a/pattern", "b/minimum")
    ]
    other = schema_findings(RESPONSES, {"model": "m"} | text_format(schema))
    assert [problem.rule for problem in other] == ["doubtful_schema"]
    assert schema_findings(CHAT, model | chat_tool(schema, strict=False)) == []


# -- triggers -------------------------------------------------------------------------------------


@both_endpoints
def test_only_schemas_with_problems_trigger_the_rules(url: str) -> None:
    endpoint = provider().endpoints[url]
    rules = EndpointRules(endpoint, [RULES[name] for name in RULE_NAMES])
    fine = closed()
    wrong = {"type": "object", "properties": {}}

    def triggered(body: dict[str, Any]) -> list[str]:
        return triggered_rules(rules, Request(endpoint, body))

    assert rules.fields.isdisjoint({"model", "messages", "input", "temperature"})
    assert triggered({"response_format": {"type": "json_object"}, "text": {"format": {}}}) == []
    assert triggered({"tools": []}) == []
    for own, body in ((CHAT, chat_format), (RESPONSES, text_format)):
        assert triggered(body(fine)) == []
        assert triggered(body(wrong)) == ([*RULE_NAMES] if own == url else [])


# -- caching --------------------------------------------------------------------------------------


def test_schema_has_the_same_findings_in_every_location_and_under_every_name() -> None:
    bad = closed(a={"type": "array"})
    tail = "In context=('properties', 'a'), array schema missing items."

    first = schema_findings(CHAT, chat_format(bad))
    again = schema_findings(CHAT, chat_format(copy.deepcopy(bad)))
    other = schema_findings(CHAT, chat_format(copy.deepcopy(bad), name="other"))
    tool = schema_findings(CHAT, chat_tool(bad))

    assert first == again
    assert [found.message for found in other] == [
        f"Invalid schema for response_format 'other': {tail}"
    ]
    assert [(found.param, found.message) for found in tool] == [
        ("body.tools[0].function.parameters", f"Invalid schema for function 'f': {tail}")
    ]


def test_schema_that_is_valid_in_one_location_may_be_invalid_in_another() -> None:
    schema = with_a({"type": "string"})
    not_a_format = {"type": "json_schema", "strict": True, "schema": schema}

    for _ in range(2):
        assert schema_findings(CHAT, chat_tool(schema)) == []
        assert schema_findings(CHAT, chat_tool(schema, strict=True)) != []
        assert schema_findings(RESPONSES, chat_tool(schema, strict=True)) == []
        assert schema_findings(RESPONSES, responses_tool(schema)) == []
        assert schema_findings(RESPONSES, responses_tool(schema, strict=True)) != []
        assert schema_findings(CHAT, {"response_format": not_a_format}) == []


def test_changed_request_is_checked_again() -> None:
    body = chat_tool({"type": "object", "properties": {}})

    before = schema_findings(CHAT, body)
    del body["tools"][0]["function"]["parameters"]["properties"]

    assert before == []
    assert schema_findings(CHAT, body) != []


# -- long and odd schemas -------------------------------------------------------------------------


def test_at_most_100_problems_are_reported() -> None:
    schema = closed(**{f"p{number}": {"type": "array"} for number in range(4000)})

    assert len(schema_findings(CHAT, chat_format(schema))) == 100


def test_messages_escape_and_shorten_names() -> None:
    name = "a\u202e'" + "b" * 100
    schema = closed(**{name: {"type": "array"}}) | {"required": []}

    found = schema_findings(CHAT, chat_format(schema, name="x" * 200))

    missing, context = (problem.message for problem in found)
    assert missing.endswith(f"Missing 'a\\u202e'{'b' * 53}...'.")
    assert "\\u202e" in context
    assert "\u202e" not in missing + context
    assert "b" * 62 not in missing + context
    assert "x" * 65 not in missing


@pytest.mark.parametrize(
    "keyword", ["properties", "items", "anyOf", "not", "$defs", "enum", "type"]
)
@strict_locations
def test_deep_schema_is_checked_with_short_messages(keyword: str, location: Location) -> None:
    schema: Any = {"type": "string"}
    for _ in range(1000):
        if keyword in ("properties", "$defs"):
            schema = {keyword: {"a": schema}}
        elif keyword in ("anyOf", "enum", "type"):
            schema = {keyword: [schema]}
        else:
            schema = {keyword: schema}

    for problem in schema_findings(location.url, location.body(closed(a=schema))):
        assert len(problem.message) < 10_000


# -- invalid values -------------------------------------------------------------------------------


@given(JSON, st.sampled_from([CHAT, RESPONSES]))
@settings(max_examples=300, deadline=None)
def test_invalid_data_never_raises(value: Any, url: str) -> None:
    named = {"type": "json_schema", "format": value, "json_schema": value}
    for field in ("response_format", "text", "tools", "functions"):
        schema_findings(url, {"model": value, field: value})
        schema_findings(url, {field: [value]})
        schema_findings(url, {field: named})


@given(SCHEMAS)
@settings(max_examples=300, deadline=None)
def test_findings_of_any_schema_have_existing_paths(schema: dict[str, Any]) -> None:
    for location in STRICT_LOCATIONS:
        line = {"body": location.body(schema)}
        for found in schema_findings(location.url, line["body"]):
            assert found.message.startswith(location.prefix)
            assert found.param == location.param
            value: Any = line
            for part in found.path or ():
                value = value[part]


# -- documentation --------------------------------------------------------------------------------


def findings_of_example(text: str) -> list[str]:
    url, _, body = text.partition(" ")
    return [found.rule for found in schema_findings(url, orjson.loads(body))]


@pytest.mark.parametrize("name", RULE_NAMES)
def test_examples_break_only_the_rule_they_document(name: str) -> None:
    rule = RULES[name]

    assert rule.examples("Fails")
    assert rule.examples("Passes")
    for text in rule.examples("Fails"):
        assert {*findings_of_example(text)} == {name}
    for text in rule.examples("Passes"):
        assert findings_of_example(text) == []
