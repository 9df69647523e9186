"""Hints for common mistakes (`engine/hints.py`)."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

import pytest

from batchlint import BatchError, check_request
from batchlint.engine import hints
from batchlint.findings import Problem
from batchlint.providers import CHAT, RESPONSES, Endpoint
from batchlint.rules import RULES
from batchlint.rules.registry import Request
from batchlint.schema.store import body_schema, newer_hint
from golden import assert_matches_golden
from rules.helpers import each
from support import BODIES, FIXTURES

USER = [{"role": "user", "content": "Hi"}]
FORMAT = {"name": "r", "schema": {"type": "object", "properties": {}}}
URL = "https://example.com/a.png"


class Mistake(NamedTuple):
    """A request with one finding, and a part of its hint."""

    name: str
    request: dict[str, Any]
    hint: str


def chat(**body: Any) -> dict[str, Any]:
    return _request("/v1/chat/completions", {"messages": USER, **body})


def responses(**body: Any) -> dict[str, Any]:
    return _request("/v1/responses", {"input": "x", **body})


def chat_part(part: dict[str, Any]) -> dict[str, Any]:
    return chat(messages=[{"role": "user", "content": [part]}])


def responses_part(part: dict[str, Any], role: str = "user") -> dict[str, Any]:
    return responses(input=[{"role": role, "content": [part]}])


def _request(url: str, body: dict[str, Any]) -> dict[str, Any]:
    return {"custom_id": "a", "method": "POST", "url": url, "body": {"model": "m", **body}}


def only(request: dict[str, Any]) -> BatchError:
    """Return the only finding of a request."""
    (error,) = check_request(request)
    return error


#: Requests with one mistake each.
MISTAKES = [
    # -- parameters of the other API, and of other providers
    Mistake(
        "modalities of a reasoning model",
        chat(model="gpt-5.5", modalities=["text"]),
        "This model doesn't have this parameter",
    ),
    Mistake(
        "web search options of a reasoning model",
        chat(model="gpt-5.5", web_search_options={}),
        "This model doesn't have this parameter",
    ),
    Mistake("max_tokens in responses", responses(max_tokens=16), "`max_output_tokens`"),
    Mistake("max_output_tokens in chat", chat(max_output_tokens=16), "max_completion_tokens"),
    Mistake("reasoning in chat", chat(reasoning={"effort": "low"}), "`reasoning_effort`"),
    Mistake("text in chat", chat(text={"format": {"type": "text"}}), "`response_format`"),
    Mistake("instructions in chat", chat(instructions="x"), "`developer`"),
    Mistake("top_k", chat(top_k=5), "OpenAI's API doesn't have this parameter"),
    # -- formats, tools and choices
    Mistake(
        "flat format in chat",
        chat(response_format={"type": "json_schema", "strict": False, **FORMAT}),
        "the format is nested",
    ),
    Mistake(
        "nested format in responses",
        responses(text={"format": {"type": "json_schema", "json_schema": FORMAT}}),
        "the format is flat",
    ),
    Mistake(
        "flat tool in chat",
        chat(tools=[{"type": "function", "name": "f"}]),
        "a function is nested",
    ),
    Mistake(
        "nested tool in responses",
        responses(tools=[{"type": "function", "function": {"name": "f"}}]),
        "a function is flat",
    ),
    Mistake(
        "Anthropic tool",
        chat(tools=[{"name": "f", "input_schema": {}}]),
        "in Anthropic's format",
    ),
    Mistake(
        "hosted tool in chat",
        chat(tools=[{"type": "file_search"}]),
        "send the request to /v1/responses",
    ),
    # -- content parts and items
    Mistake(
        "text in responses",
        responses_part({"type": "text", "text": "x"}),
        "this is `input_text`",
    ),
    Mistake(
        "assistant text in responses",
        responses_part({"type": "text", "text": "x"}, "assistant"),
        "this is `output_text`",
    ),
    Mistake(
        "image in responses",
        responses_part({"type": "image_url", "image_url": {"url": URL}}),
        "this is `input_image`",
    ),
    Mistake(
        "input_text in chat",
        chat_part({"type": "input_text", "text": "x"}),
        "this is `text`",
    ),
    Mistake(
        "input_image in chat",
        chat_part({"type": "input_image", "image_url": URL}),
        "this is `image_url`",
    ),
    Mistake(
        "response image as an object",
        responses_part({"type": "input_image", "image_url": {"url": URL}}),
        "is the URL itself",
    ),
    Mistake(
        "chat image as a string",
        chat_part({"type": "image_url", "image_url": URL}),
        "is an object",
    ),
    Mistake(
        "tool message in responses",
        responses(input=[{"role": "tool", "content": "x", "tool_call_id": "a"}]),
        "function_call_output",
    ),
    Mistake(
        "dumped reasoning",
        responses(
            input=[
                {"type": "reasoning", "id": "rs_1", "summary": [], "status": None},
                {"role": "assistant", "content": "x", "id": "msg_1"},
            ]
        ),
        "model_dump(exclude_none=True)",
    ),
    Mistake(
        "parsed text",
        responses_part({"type": "output_text", "text": "{}", "parsed": {}}, "assistant"),
        "`parse()` adds this field",
    ),
    Mistake(
        "Anthropic cache control",
        responses_part({"type": "input_text", "text": "x", "cache_control": {"type": "ephemeral"}}),
        "Anthropic's API",
    ),
    # -- values of the wrong type
    Mistake(
        "messages as a string",
        chat(messages=json.dumps(USER)),
        "Write the array itself instead",
    ),
    Mistake("tools as a string", chat(tools="[]"), "Write the array itself instead"),
    Mistake("one message", chat(messages=USER[0]), "Wrap it in an array"),
    Mistake(
        "one part",
        chat(messages=[{"role": "user", "content": {"type": "text", "text": "x"}}]),
        "Wrap it in an array",
    ),
    Mistake("messages to embed", _request("/v1/embeddings", {"input": USER}), "accepts text"),
    Mistake("format as a string", chat(response_format="text"), 'Write {"type": "text"}'),
    Mistake("reasoning as a string", responses(reasoning="low"), 'Write {"effort": "low"}'),
    Mistake("no content", chat(messages=[{"role": "user"}]), "`content` is missing"),
    Mistake(
        "null content",
        chat(messages=[{"role": "user", "content": None}]),
        "`content` is null",
    ),
]


@each(MISTAKES)
def test_hint_addresses_the_mistake(case: Mistake) -> None:
    assert case.hint in str(only(case.request).hint)


def test_specific_hint_of_a_problem_is_kept() -> None:
    request = Request(CHAT, {"model": "m", "top_k": 1})
    problem = Problem("One.", "body.top_k", ("body", "top_k"), rule="unknown_parameter")

    def hint(specific: str | None) -> str | None:
        (hinted,) = hints.with_hints([problem._replace(hint=specific)], request)
        return hinted.hint

    assert hint("Its own.") == "Its own."
    assert (
        hint(None) == hint(newer_hint()) == "OpenAI's API doesn't have this parameter. Remove it."
    )


def test_hints_belong_to_existing_rules() -> None:
    assert hints._HINTS.keys() <= RULES.keys()


@pytest.mark.parametrize(
    "endpoint", hints._UNKNOWN_PARAMETER_HINTS, ids=lambda endpoint: str(endpoint.name)
)
def test_parameters_with_a_hint_are_unknown_to_the_endpoint(endpoint: Endpoint) -> None:
    assert (
        not hints._UNKNOWN_PARAMETER_HINTS[endpoint].keys()
        & body_schema(endpoint)["properties"].keys()
    )


def test_hints_match_the_golden_file() -> None:
    """The golden file has every hint, for the mistakes above and for every row of the tables."""
    requests = [(case.name, case.request) for case in MISTAKES]
    for endpoint, instead in hints._UNKNOWN_PARAMETER_HINTS.items():
        url = f"/{endpoint.schema}"
        requests += [
            (f"{name} on {url}", _request(url, {**BODIES[url], name: "x"})) for name in instead
        ]
    for make, endpoint in ((chat_part, CHAT), (responses_part, RESPONSES)):
        requests += [
            (f"{name} on /{endpoint.schema}", make({"type": name, "text": "x"}))
            for name in hints._PART_TYPES[endpoint]
        ]
    requests += [
        (f"{name} as a tool of chat completions", chat(tools=[{"type": name}]))
        for name in hints._HOSTED_TOOLS
    ]
    requests += [
        (f"one item instead of {name}", make(**{name: {"type": "x"}}))
        for make, names in (
            (chat, ("messages", "tools", "functions")),
            (responses, ("tools", "include", "context_management")),
        )
        for name in names
    ]
    requests += [
        (f"item with {name}", responses(input=[{"role": "user", "content": "x", name: "x"}]))
        for name in ("tool_calls", "tool_call_id", "other", "status")
    ]
    requests += [
        (f"messages as {text}", chat(messages=text)) for text in ("{}", "[]", " [1]", "{", "x")
    ]
    requests += [
        (f"flat format with {name}", chat(response_format={"type": "json_schema", name: "x"}))
        for name in sorted(hints._FORMAT_FIELDS)
    ]

    def lines(request: dict[str, Any]) -> list[str]:
        return [
            f"  {error.param}: {'newer' if error.hint == newer_hint() else error.hint}"
            for error in check_request(request)
        ]

    text = "\n".join("\n".join([name, *lines(request)]) for name, request in requests)
    assert_matches_golden(f"{text}\n", FIXTURES / "expected" / "hints.txt")
