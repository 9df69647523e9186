"""Canned responses, and error responses to invalid requests."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from openai.types import (
    Completion,
    CreateEmbeddingResponse,
    ImagesResponse,
    ModerationCreateResponse,
    Video,
)
from openai.types.chat import ChatCompletion
from openai.types.responses import Response

from batchlint import check_request
from batchlint.providers import provider
from batchlint.server.canned import canned_response
from batchlint.server.errors import request_rejection
from server.steps import assert_client_knows_all_fields
from support import FIXTURES, NOW, URLS, fixture_files, request, rows

TYPES: dict[str, Any] = {
    "/v1/responses": Response,
    "/v1/chat/completions": ChatCompletion,
    "/v1/embeddings": CreateEmbeddingResponse,
    "/v1/completions": Completion,
    "/v1/moderations": ModerationCreateResponse,
    "/v1/images/generations": ImagesResponse,
    "/v1/images/edits": ImagesResponse,
    "/v1/videos": Video,
}

#: The fields that the client declares but canned responses omit.
OMITTED = {
    "/v1/chat/completions": {"metadata", "moderation"},
    "/v1/responses": {
        "access_programs",
        "conversation",
        "input_transformations",
        "moderation",
        "prompt",
        "prompt_cache_diagnostics",
        "prompt_cache_options",
        "prompt_cache_retention",
        "reasoning",
        "service_tier",
        "text",
        "tool_usage",
        "user",
        "image",
    },
    "/v1/images/generations": {"safety_identifier", "svg_usage"},
    "/v1/images/edits": {"safety_identifier", "svg_usage"},
}


def respond(url: str, body: dict[str, Any]) -> Any:
    """Return a canned response as an object of the official client, which must know every field."""
    raw = canned_response(provider().endpoints[url], body, "batchlint1", NOW)
    typed = TYPES[url].model_validate(raw)
    assert_client_knows_all_fields(typed, raw)
    return typed


def test_every_endpoint_is_tested() -> None:
    assert TYPES.keys() == set(URLS)


@pytest.mark.parametrize("url", URLS)
def test_answer_has_only_known_fields_and_omits_only_the_listed_ones(url: str) -> None:
    raw = canned_response(provider().endpoints[url], request(url=url)["body"], "t", NOW)

    assert_client_knows_all_fields(TYPES[url].model_validate(raw), raw)
    assert TYPES[url].model_fields.keys() - raw.keys() == OMITTED.get(url, set())


@pytest.mark.parametrize(
    "path",
    [p for p in fixture_files("valid", "cases/valid") if p.stem != "create_batch_requests"],
    ids=lambda path: path.stem,
)
def test_client_accepts_the_answer_to_every_valid_request(path: Any) -> None:
    for row in rows(path):
        # The client decodes base64 before it validates the embeddings.
        body = {name: value for name, value in row["body"].items() if name != "encoding_format"}
        respond(row["url"], body)


def test_chat_answer_has_the_requested_number_of_choices() -> None:
    single = respond("/v1/chat/completions", request(url="/v1/chat/completions")["body"])
    typed = respond("/v1/chat/completions", request(url="/v1/chat/completions", n=3.0)["body"])

    assert [choice.index for choice in typed.choices] == [0, 1, 2]
    assert typed.usage.total_tokens == typed.usage.prompt_tokens + typed.usage.completion_tokens
    assert typed.usage.completion_tokens == 3 * single.usage.completion_tokens


@pytest.mark.parametrize(
    ("params", "count", "length"),
    [
        ({"input": "x"}, 1, 1536),
        ({"input": ["x", "y", "z"]}, 3, 1536),
        ({"input": [1, 2, 3]}, 1, 1536),
        ({"model": "text-embedding-3-large"}, 1, 3072),
        ({"dimensions": 256}, 1, 256),
        ({"dimensions": 256.0}, 1, 256),
        ({"dimensions": "256"}, 1, 1536),
    ],
)
def test_answer_has_an_embedding_of_the_right_length_per_input(
    params: dict[str, Any], count: int, length: int
) -> None:
    typed = respond("/v1/embeddings", request(**params)["body"])

    assert [item.index for item in typed.data] == list(range(count))
    assert {len(item.embedding) for item in typed.data} == {length}


def test_embedding_is_base64_on_request() -> None:
    body = request(encoding_format="base64", dimensions=3)["body"]

    raw = canned_response(provider().endpoints["/v1/embeddings"], body, "t", NOW)

    assert raw["data"][0]["embedding"] == "AACAPwAAAAAAAAAA"  # 1, 0, 0 as float32


@pytest.mark.parametrize(
    ("url", "params"),
    [
        ("/v1/completions", {"prompt": ["x"] * 100_000, "n": 128}),
        ("/v1/moderations", {"input": ["x"] * 100_000}),
        ("/v1/embeddings", {"input": ["x"] * 100_000}),
        ("/v1/embeddings", {"input": ["x"] * 2048, "dimensions": 65_536}),
    ],
)
def test_size_of_answer_is_limited(url: str, params: dict[str, Any]) -> None:
    body = {"model": "m", **params}

    answer = canned_response(provider().endpoints[url], body, "t", NOW)

    assert len(orjson.dumps(answer)) < 100_000_000


@pytest.mark.parametrize(
    ("inputs", "count"),
    [
        ("x", 1),
        (["x", "y"], 2),
        ([{"type": "text", "text": "x"}, {"type": "text", "text": "y"}], 1),
    ],
)
def test_moderation_answer_has_a_result_per_input(inputs: Any, count: int) -> None:
    body = request(url="/v1/moderations", input=inputs)["body"]

    assert len(respond("/v1/moderations", body).results) == count


@pytest.mark.parametrize("url", URLS)
@pytest.mark.parametrize("value", [10**12, -1, 1.5, "a", [], [1], {}, {"json_schema": [1]}])
def test_canned_response_ignores_invalid_values(url: str, value: Any) -> None:
    body = request(url=url)["body"]
    for name in ("n", "dimensions", "text", "response_format", "model"):
        canned_response(provider().endpoints[url], {**body, name: value}, "t", NOW)


def test_error_matches_the_recorded_response_with_the_same_message() -> None:
    """Status, code and param are compared."""
    compared = 0
    for path in sorted((FIXTURES / "answers").glob("*.jsonl")):
        for row in rows(path):
            if row["status"] == 200 or {"code", "param"} & set(row.get("unobserved", ())):
                continue
            line = {"custom_id": "a", "method": "POST", "url": row["endpoint"], "body": row["body"]}
            found = [e for e in check_request(line) if e.severity == "error"]
            if not found or found[0].fails != "request" or found[0].message != row["message"]:
                continue
            status, body = request_rejection(found[0], row["endpoint"])
            compared += 1
            error = body["error"]
            ours = (status, error["code"], error["param"])
            theirs = (row["status"], row["code"], row["param"])
            assert ours == theirs, row["id"]
    assert compared > 150
