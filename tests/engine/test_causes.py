"""Each mistake leads to one finding (`engine/causes.py`)."""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest

from batchlint import BatchError, check_request
from batchlint.engine.causes import first_of_each_cause
from batchlint.findings import Problem
from batchlint.providers import CHAT, ENDPOINTS, provider
from batchlint.rules.registry import Request
from rules.helpers import each
from support import BODIES

USER = [{"role": "user", "content": "Hi"}]
FORMAT = {"name": "r", "schema": {"type": "object", "properties": {}}}
FUNCTION = {"type": "function", "function": {"name": "f"}}
CHAT_URL = "/v1/chat/completions"
RESPONSES_URL = "/v1/responses"


def findings(url: str, body: dict[str, Any]) -> list[BatchError]:
    """Check a body with the model `m`, and return the findings."""
    return check_request(
        {"custom_id": "a", "method": "POST", "url": url, "body": {"model": "m", **body}}
    )


class Mistake(NamedTuple):
    """A body that violates its schema several times for one reason."""

    name: str
    url: str
    body: dict[str, Any]
    hint: str | None = None


@each(
    [
        Mistake(
            "chat body on completions",
            "/v1/completions",
            {"messages": USER, "max_completion_tokens": 5},
            "This body is written for /v1/chat/completions. ",
        ),
        Mistake(
            "chat body on responses",
            RESPONSES_URL,
            {"messages": USER, "max_tokens": 5, "stop": ["x"]},
            "This body is written for /v1/chat/completions. ",
        ),
        Mistake(
            "responses body on chat",
            CHAT_URL,
            {"input": "Hi", "instructions": "x", "max_output_tokens": 16},
            "This body is written for /v1/responses. ",
        ),
        Mistake(
            "embeddings body on chat",
            CHAT_URL,
            {"model": "text-embedding-3-small", "input": "x"},
            "This body is written for /v1/embeddings. ",
        ),
        Mistake(
            "moderations body on chat",
            CHAT_URL,
            {"model": "omni-moderation-latest", "input": "x"},
            "This body is written for /v1/moderations. ",
        ),
        Mistake(
            "completions body on chat",
            CHAT_URL,
            {"prompt": "x"},
            "This body is written for /v1/completions. ",
        ),
        Mistake(
            "images body on chat",
            CHAT_URL,
            {"model": "gpt-image-1", "prompt": "x", "size": "1024x1024"},
            "This body is written for /v1/images/generations. ",
        ),
        Mistake(
            "format inside json_schema",
            CHAT_URL,
            {
                "messages": USER,
                "response_format": {"type": "json_schema", "json_schema": {"json_schema": FORMAT}},
            },
            "Move the fields of `json_schema` into the outer object",
        ),
        Mistake(
            "format in another field",
            CHAT_URL,
            {
                "messages": USER,
                "response_format": {"type": "json_schema", "json_schema": {"x": FORMAT}},
            },
            "Move the fields of `x` into the outer object",
        ),
        Mistake(
            "call inside function",
            CHAT_URL,
            {
                "messages": [
                    *USER,
                    {
                        "role": "assistant",
                        "tool_calls": [
                            {
                                "id": "a",
                                "type": "function",
                                "function": {"function": {"name": "f", "arguments": "{}"}},
                            }
                        ],
                    },
                    {"role": "tool", "tool_call_id": "a", "content": "x"},
                ]
            },
            "Move the fields of `function` into the outer object",
        ),
        Mistake(
            "flat format in chat",
            CHAT_URL,
            {
                "messages": USER,
                "response_format": {"type": "json_schema", "strict": False, **FORMAT},
            },
        ),
        Mistake(
            "nested format in responses",
            RESPONSES_URL,
            {"input": "x", "text": {"format": {"type": "json_schema", "json_schema": FORMAT}}},
        ),
        Mistake(
            "nested format with a schema next to it",
            RESPONSES_URL,
            {
                "input": "x",
                "text": {
                    "format": {
                        "type": "json_schema",
                        "json_schema": FORMAT,
                        "schema": FORMAT["schema"],
                        "strict": False,
                    }
                },
            },
        ),
        Mistake(
            "nested format with a name next to it",
            RESPONSES_URL,
            {
                "input": "x",
                "text": {"format": {"type": "json_schema", "json_schema": FORMAT, "name": "r"}},
            },
        ),
        Mistake(
            "flat choice in chat",
            CHAT_URL,
            {
                "messages": USER,
                "tools": [FUNCTION],
                "tool_choice": {"type": "function", "name": "f"},
            },
        ),
        Mistake(
            "nested choice in responses",
            RESPONSES_URL,
            {
                "input": "x",
                "tools": [{"type": "function", "name": "f"}],
                "tool_choice": FUNCTION,
            },
        ),
        Mistake("edit image", "/v1/images/edits", {"prompt": "x", "image": "file-1"}),
        Mistake(
            "assistant images",
            CHAT_URL,
            {
                "messages": [
                    {
                        "role": "assistant",
                        "content": [
                            {"type": "image_url", "image_url": {"url": "https://example.com/a"}},
                            {"type": "image_url", "image_url": {"url": "https://example.com/b"}},
                        ],
                    },
                    *USER,
                ]
            },
        ),
    ]
)
def test_mistake_has_one_finding(case: Mistake) -> None:
    (error,) = findings(case.url, case.body)

    assert case.hint is None or case.hint in str(error.hint)


def test_misspelling_is_reported_in_addition_to_a_wrong_url() -> None:
    errors = findings("/v1/completions", {"messages": USER, "tempratur": 1})

    assert [error.param for error in errors] == ["body.prompt", "body.tempratur"]


def test_several_images_in_a_message_are_reported_once() -> None:
    image = {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}
    message = {"role": "system", "content": [image, image]}

    errors = findings(CHAT_URL, {"messages": [message, message, *USER]})

    assert [error.param for error in errors] == ["body.messages[0]", "body.messages[1]"]


def test_images_in_several_messages_are_reported_once_per_message() -> None:
    image = {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}

    errors = findings(CHAT_URL, {"messages": [{"role": "system", "content": [image]}] * 3 + USER})

    assert [error.param for error in errors] == [f"body.messages[{index}]" for index in range(3)]


@pytest.mark.parametrize("field", ["prompt", "conversation"])
def test_body_with_a_responses_field_is_not_mistaken_for_a_chat_body(field: str) -> None:
    errors = findings(RESPONSES_URL, {"messages": USER, field: {"id": "x"}})

    assert errors
    assert not any("This body is written for" in str(error.hint) for error in errors)


def test_problems_without_a_common_cause_are_unchanged() -> None:
    request = Request(CHAT, {"model": "m", "messages": USER})
    problems = [
        Problem("One.", "body.a", ("body", "a"), rule="unknown_parameter"),
        Problem("Two.", None, ("body",), rule="nesting_too_deep"),
        Problem("Three.", None, None, rule="invalid_type"),
    ]

    assert first_of_each_cause(problems, request, provider()) == problems


def test_valid_body_is_not_mistaken_for_a_body_of_another_endpoint() -> None:
    problem = Problem("One.", "body.x", ("body", "x"), rule="unknown_parameter")
    for url, endpoint in provider().endpoints.items():
        request = Request(endpoint, BODIES[url])

        assert first_of_each_cause([problem] * 2, request, provider()) == [problem] * 2
    assert len(BODIES) == len(ENDPOINTS)
