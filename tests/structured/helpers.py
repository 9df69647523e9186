"""Helpers for user schema tests: build schemas and requests, and compare findings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NamedTuple

from batchlint.findings import Problem
from batchlint.phrasing import pointer
from batchlint.structured import subset
from support import run_rule

CHAT = "/v1/chat/completions"
RESPONSES = "/v1/responses"

#: The rules that check users' schemas.
RULE_NAMES = (
    "invalid_json_schema",
    "invalid_function_parameters",
    "doubtful_schema",
    "fine_tuned_schema",
)

# Phrases that several of the API's sentences share.
NOT_CLOSED = "'additionalProperties' is required to be supplied and to be false."
NOT_REQUIRED = (
    "'required' is required to be supplied and to be an array including every key in properties."
)
UNTYPED = "schema must have a 'type' key."


# -- schemas --------------------------------------------------------------------------------------


def closed(**properties: Any) -> dict[str, Any]:
    """Return the schema of an object that strict mode accepts."""
    return {
        "type": "object",
        "properties": properties,
        "required": [*properties],
        "additionalProperties": False,
    }


def nested(levels: int) -> dict[str, Any]:
    """Return the schema of objects nested to this many levels."""
    schema: dict[str, Any] = {"type": "string"}
    for _ in range(levels):
        schema = closed(a=schema)
    return schema


class Expected(NamedTuple):
    """An expected problem: the API's sentence, and a pointer to the location in the schema."""

    sentence: str
    location: str = ""
    certain: bool = True


def at(context: tuple[str, ...], tail: str, location: str, *, certain: bool = True) -> Expected:
    """Return a problem whose sentence names a context."""
    return Expected(f"In context={context!r}, {tail}", location, certain)


def in_a(tail: str, location: str = "", *, certain: bool = True) -> Expected:
    """Return a problem in the property `a`."""
    return at(("properties", "a"), tail, f"/properties/a{location}", certain=certain)


def in_root(tail: str, location: str = "") -> Expected:
    """Return a problem at the root."""
    return at((), tail, location)


def not_an_object(json_type: str, *, certain: bool = True) -> Expected:
    """Return the problem of a root that isn't an object."""
    got = f"""got 'type: "{json_type}"'."""
    sentence = f"""schema must be a JSON Schema of 'type: "object"', {got}"""
    return Expected(sentence, certain=certain)


#: The problem of an object root with a forbidden keyword.
FORBIDDEN_AT_ROOT: Final = Expected(
    "schema must have type 'object' and not have 'oneOf'/'anyOf'/'allOf'/'enum'/'const'/'not' at the"
    " top level."
)


class SchemaCase(NamedTuple):
    """A schema and its problems."""

    name: str
    schema: Any
    expected: tuple[Expected, ...] = ()


def sentences(schema: dict[str, Any], mode: subset.Mode = "strict") -> list[tuple[str, str]]:
    """Return the sentences and locations of a schema's problems."""
    return [(found.sentence, pointer(found.path)) for found in subset.problems(schema, mode)]


# -- requests with schemas ------------------------------------------------------------------------


def chat_format(schema: Any, **more: Any) -> dict[str, Any]:
    """Return a chat completion with a strict response format."""
    named = {"name": "r", "strict": True, "schema": schema, **more}
    return {"response_format": {"type": "json_schema", "json_schema": named}}


def text_format(schema: Any, **more: Any) -> dict[str, Any]:
    """Return a response with a strict format."""
    named = {"type": "json_schema", "name": "r", "strict": True, "schema": schema, **more}
    return {"text": {"format": named}}


def chat_tool(parameters: Any, **more: Any) -> dict[str, Any]:
    """Return a chat completion with a function."""
    function = {"name": "f", "parameters": parameters, **more}
    return {"tools": [{"type": "function", "function": function}]}


def responses_tool(parameters: Any, **more: Any) -> dict[str, Any]:
    """Return a response with a function."""
    return {"tools": [{"type": "function", "name": "f", "parameters": parameters, **more}]}


class Location(NamedTuple):
    """A location in a request that contains a schema.

    Attributes:
        name: the name of the location.
        url: the URL of the endpoint.
        body: a function that puts a schema into a body.
        rule: the rule that reports what the API is certain to reject.
        prefix: the beginning of every message.
        param: the param of every finding.
        pointer: the pointer to the schema.
    """

    name: str
    url: str
    body: Callable[[Any], dict[str, Any]]
    rule: str
    prefix: str
    param: str
    pointer: str


#: The four locations for a strict schema.
STRICT_LOCATIONS = [
    Location(
        "chat format",
        CHAT,
        chat_format,
        "invalid_json_schema",
        "Invalid schema for response_format 'r': ",
        "body.response_format",
        "/body/response_format/json_schema/schema",
    ),
    Location(
        "responses format",
        RESPONSES,
        text_format,
        "invalid_json_schema",
        "Invalid schema for response_format 'r': ",
        "body.text.format.schema",
        "/body/text/format/schema",
    ),
    Location(
        "chat function",
        CHAT,
        lambda schema: chat_tool(schema, strict=True),
        "invalid_function_parameters",
        "Invalid schema for function 'f': ",
        "body.tools[0].function.parameters",
        "/body/tools/0/function/parameters",
    ),
    Location(
        "responses function",
        RESPONSES,
        lambda schema: responses_tool(schema, strict=True),
        "invalid_function_parameters",
        "Invalid schema for function 'f': ",
        "body.tools[0].parameters",
        "/body/tools/0/parameters",
    ),
]

#: The three locations for the parameters of a function that isn't strict.
FUNCTION_LOCATIONS = [
    Location(
        "chat function",
        CHAT,
        chat_tool,
        "invalid_function_parameters",
        "Invalid schema for function 'f': ",
        "body.tools[0].function.parameters",
        "/body/tools/0/function/parameters",
    ),
    Location(
        "responses function",
        RESPONSES,
        lambda schema: responses_tool(schema, strict=False),
        "invalid_function_parameters",
        "Invalid schema for function 'f': ",
        "body.tools[0].parameters",
        "/body/tools/0/parameters",
    ),
    Location(
        "deprecated function",
        CHAT,
        lambda schema: {"functions": [{"name": "f", "parameters": schema}]},
        "invalid_function_parameters",
        "Invalid schema for function 'f': ",
        "body.functions[0].parameters",
        "/body/functions/0/parameters",
    ),
]


def schema_findings(url: str, body: dict[str, Any], *rules: str) -> list[Problem]:
    """Run the schema rules, or only these rules, on a body, and return the problems."""
    return [
        problem._replace(rule=name)
        for name in rules or RULE_NAMES
        for problem in run_rule(name, url, body)
    ]


def locations_of(problems: list[Problem]) -> list[tuple[str, str | None, str]]:
    """Return the messages, params and pointers of problems."""
    return [(found.message, found.param, pointer(found.path or ())) for found in problems]


def assert_findings(case: SchemaCase, location: Location) -> None:
    """Verify that a request with the schema has exactly the expected findings."""
    found = schema_findings(location.url, location.body(case.schema))
    errors = [problem for problem in found if problem.rule == location.rule]
    doubtful = [problem for problem in found if problem.rule == "doubtful_schema"]

    assert len(errors) + len(doubtful) == len(found)
    for certain, problems in ((True, errors), (False, doubtful)):
        assert locations_of(problems) == [
            (
                location.prefix + expected.sentence,
                location.param,
                location.pointer + expected.location,
            )
            for expected in case.expected
            if expected.certain is certain
        ]
