"""Canned responses: one body per endpoint, which the official client accepts. No model is called.

Source: the types of openai 3.57.0. The tests validate the responses against them.
"""

from __future__ import annotations

import base64
import json
import struct
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from ..engine.chunk import count_inputs
from ..providers import (
    CHAT,
    COMPLETIONS,
    EMBEDDINGS,
    IMAGE_EDITS,
    IMAGE_GENERATIONS,
    MODERATIONS,
    OTHER,
    RESPONSES,
    VIDEOS,
    Endpoint,
)
from ..rules.prompt_size import BYTES_PER_TOKEN, prompt_bytes
from .samples import sample

#: The text of canned responses.
TEXT: Final = "This is a canned response from batchlint serve. No model was called."

#: The number of tokens that `TEXT` counts as.
_TEXT_TOKENS: Final = 16

#: A PNG image with one pixel, in base64.
_PIXEL: Final = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5E"
    "rkJggg=="
)

#: The moderation categories and whether each applies to images too. Source: openai-python 3.57.0,
#: `openai.types.Moderation`.
_CATEGORIES: Final = {
    "harassment": False,
    "harassment/threatening": False,
    "hate": False,
    "hate/threatening": False,
    "illicit": False,
    "illicit/violent": False,
    "self-harm": True,
    "self-harm/instructions": True,
    "self-harm/intent": True,
    "sexual": True,
    "sexual/minors": False,
    "violence": True,
    "violence/graphic": True,
}

#: The default length of an embedding, by model. Source: the embeddings guide, 2026.
_DIMENSIONS: Final = {"text-embedding-3-large": 3072}

#: The default length for all other models: the smallest one that is documented.
_OTHER_DIMENSIONS: Final = 1536

#: The maximum length of an embedding. Other services may accept any `dimensions`.
_MAX_DIMENSIONS: Final = 65_536

#: The maximum number of choices or images. Source for OpenAI's maximum: the schema of `n`.
_MAX_CHOICES: Final = 128

#: The maximum number of choices, embeddings or moderation results in a response. A short request can
#: ask for millions: 128 choices for each of many prompts.
_MAX_RESULTS: Final = 10_000

#: The maximum number of numbers in all embeddings of a response. 2,048 inputs, OpenAI's maximum, get
#: embeddings with 8,192 dimensions.
_MAX_NUMBERS: Final = 1 << 24

#: How long a video can be downloaded, in seconds (source: the Batch guide, October 2026).
_VIDEO_SECONDS: Final = 86_400


class Context(NamedTuple):
    """The values that differ between responses.

    Attributes:
        tag: the suffix of the IDs in the response.
        created: the time of the response, in seconds since the epoch.
        model: the model of the request, or else the endpoint's default. Empty if there is neither.
    """

    tag: str
    created: int
    model: str


def canned_response(
    endpoint: Endpoint, body: Mapping[str, Any], tag: str, created: int
) -> dict[str, Any]:
    """Return the body of a canned response to a valid request.

    Args:
        endpoint: the endpoint of the request.
        body: the body of the request. Values that OpenAI would reject are ignored, because other
            services may accept them.
        tag: a suffix that makes the IDs in the response unique.
        created: the time of the response, in seconds since the epoch.
    """
    model = body.get("model")
    model = (model if isinstance(model, str) else "") or endpoint.default_model or ""
    return _BODIES[endpoint](body, Context(tag, created, model))


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _count(body: Mapping[str, Any], name: str, default: int, limit: int) -> int:
    """Return a count such as `n`. JSON Schema accepts 2.0 as an integer."""
    value = body.get(name)
    return int(min(value, limit)) if isinstance(value, int | float) and value >= 1 else default


def _text(text_format: Any) -> str:
    """Return the text of a response. If the request asks for JSON, the text is JSON.

    Args:
        text_format: the request's parameter for the format.
    """
    form = _mapping(text_format)
    if form.get("type") == "json_object":
        return json.dumps({"answer": TEXT})
    if form.get("type") == "json_schema":
        # The chat endpoint nests the schema one level deeper.
        parent = _mapping(form.get("json_schema")) or form
        return json.dumps(sample(parent.get("schema") or {}, TEXT))
    return TEXT


def _chat(body: Mapping[str, Any], context: Context) -> dict[str, Any]:
    content = _text(body.get("response_format"))
    message: Any = {"role": "assistant", "content": content, "refusal": None, "annotations": []}
    count = _count(body, "n", 1, _MAX_CHOICES)
    choices = [
        {"index": i, "message": message, "logprobs": None, "finish_reason": "stop"}
        for i in range(count)
    ]
    return {
        "id": f"chatcmpl-{context.tag}",
        "object": "chat.completion",
        "created": context.created,
        "model": context.model,
        "choices": choices,
        "usage": _completion_usage(body, count),
        "service_tier": "default",
        "system_fingerprint": None,
    }


def _completion_usage(body: Mapping[str, Any], count: int) -> dict[str, Any]:
    prompt = _prompt_tokens(body)
    completion = _TEXT_TOKENS * count
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
        "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
        "completion_tokens_details": {
            "reasoning_tokens": 0,
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    }


def _prompt_tokens(body: Mapping[str, Any]) -> int:
    """Estimate the number of tokens in a prompt."""
    return 1 + prompt_bytes(body) // BYTES_PER_TOKEN


def _response(body: Mapping[str, Any], context: Context) -> dict[str, Any]:
    content = _text(_mapping(body.get("text")).get("format"))
    text = {"type": "output_text", "text": content, "annotations": [], "logprobs": []}
    message = {
        "id": f"msg_{context.tag}",
        "type": "message",
        "role": "assistant",
        "status": "completed",
        "content": [text],
    }
    prompt = _prompt_tokens(body)
    echoed = {
        name: default if body.get(name) is None else body[name] for name, default in _ECHOED.items()
    }
    return {
        "id": f"resp_{context.tag}",
        "object": "response",
        "created_at": context.created,
        "completed_at": context.created,
        "status": "completed",
        "background": False,
        "error": None,
        "incomplete_details": None,
        "model": context.model,
        "output": [message],
        **echoed,
        "usage": {
            "input_tokens": prompt,
            "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
            "output_tokens": _TEXT_TOKENS,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": prompt + _TEXT_TOKENS,
        },
    }


#: Parameters that a response repeats from its request, with their default values.
_ECHOED: Final[Mapping[str, Any]] = {
    "instructions": None,
    "max_output_tokens": None,
    "max_tool_calls": None,
    "metadata": {},
    "parallel_tool_calls": True,
    "previous_response_id": None,
    "prompt_cache_key": None,
    "safety_identifier": None,
    "temperature": 1.0,
    "tool_choice": "auto",
    "tools": [],
    "top_logprobs": 0,
    "top_p": 1.0,
    "truncation": "disabled",
}


def _embeddings(body: Mapping[str, Any], context: Context) -> dict[str, Any]:
    count = min(count_inputs(body), _MAX_RESULTS)
    most = min(_MAX_DIMENSIONS, _MAX_NUMBERS // max(count, 1))
    default = _DIMENSIONS.get(context.model, _OTHER_DIMENSIONS)
    length = _count(body, "dimensions", min(default, most), most)
    vector = [1.0] + [0.0] * (length - 1)
    embedding: Any = vector
    if body.get("encoding_format") == "base64":
        embedding = base64.b64encode(struct.pack(f"<{length}f", *vector)).decode()
    prompt = _prompt_tokens(body)
    return {
        "object": "list",
        "data": [{"object": "embedding", "index": i, "embedding": embedding} for i in range(count)],
        "model": context.model,
        "usage": {"prompt_tokens": prompt, "total_tokens": prompt},
    }


def _completion(body: Mapping[str, Any], context: Context) -> dict[str, Any]:
    prompts = count_inputs({"input": body.get("prompt") or " "})
    count = min(prompts * _count(body, "n", 1, _MAX_CHOICES), _MAX_RESULTS)
    return {
        "id": f"cmpl-{context.tag}",
        "object": "text_completion",
        "created": context.created,
        "model": context.model,
        "choices": [
            {"text": TEXT, "index": i, "logprobs": None, "finish_reason": "stop"}
            for i in range(count)
        ],
        "usage": _completion_usage(body, count),
        "system_fingerprint": None,
    }


def _moderation(body: Mapping[str, Any], context: Context) -> dict[str, Any]:
    value = body.get("input")
    # A list of content parts is one input. A list of strings is one input per item.
    count = len(value) if isinstance(value, list) and value and isinstance(value[0], str) else 1
    result = {
        "flagged": False,
        "categories": dict.fromkeys(_CATEGORIES, False),
        "category_scores": dict.fromkeys(_CATEGORIES, 0.0),
        "category_applied_input_types": {name: ["text"] for name in _CATEGORIES},
    }
    return {
        "id": f"modr-{context.tag}",
        "model": context.model,
        "results": [result] * min(count, _MAX_RESULTS),
    }


def _images(body: Mapping[str, Any], context: Context) -> dict[str, Any]:
    image = {"b64_json": _PIXEL}
    if body.get("response_format") == "url":
        image = {"url": f"data:image/png;base64,{_PIXEL}"}
    prompt = _prompt_tokens(body)
    return {
        "created": context.created,
        "background": "opaque",
        "output_format": "png",  # Whatever the request asks for, the image is a PNG.
        "size": "1024x1024",
        "quality": "low",
        "data": [image] * _count(body, "n", 1, _MAX_CHOICES),
        "usage": {
            "input_tokens": prompt,
            "input_tokens_details": {"image_tokens": 0, "text_tokens": prompt},
            "output_tokens": 0,
            "total_tokens": prompt,
        },
    }


def _video(body: Mapping[str, Any], context: Context) -> dict[str, Any]:
    return {
        "id": f"video_{context.tag}",
        "object": "video",
        "created_at": context.created,
        "completed_at": context.created,
        "expires_at": context.created + _VIDEO_SECONDS,
        "status": "completed",
        "progress": 100,
        "error": None,
        "model": context.model,
        "prompt": body.get("prompt"),
        "remixed_from_video_id": None,
        "seconds": body.get("seconds") or "4",
        "size": body.get("size") or "720x1280",
    }


def _other(_body: Mapping[str, Any], context: Context) -> dict[str, Any]:
    """Return a response for an endpoint that only other services have. Its real shape is unknown."""
    return {
        "id": f"canned-{context.tag}",
        "object": "canned_answer",
        "created": context.created,
        "model": context.model,
        "text": TEXT,
    }


_BODIES: Final[Mapping[Endpoint, Callable[[Mapping[str, Any], Context], dict[str, Any]]]] = {
    CHAT: _chat,
    RESPONSES: _response,
    EMBEDDINGS: _embeddings,
    COMPLETIONS: _completion,
    MODERATIONS: _moderation,
    IMAGE_GENERATIONS: _images,
    IMAGE_EDITS: _images,
    VIDEOS: _video,
    OTHER: _other,
}
