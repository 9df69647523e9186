"""Rules about parameters that are pointless or risky in a batch, reported once per file each."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from ..findings import Problem
from ..providers import CHAT, IMAGE_EDITS, IMAGE_GENERATIONS, RESPONSES
from .registry import Request, problem, request_rule
from .triggers import fields

#: Parameters that serve no purpose in a batch, each with a hint.
_POINTLESS: Final = {
    "background": "Remove it. All requests in a batch run in the background.",
    "background_options": "Remove it. All requests in a batch run in the background.",
    "partial_images": "Remove it. Partial images are streamed, and batches don't stream.",
    "stream_options": "Remove it. Batches don't stream, and the API may reject the request.",
}


_CACHE_OPTIONS: Final = "prompt_cache_options"

#: The service tiers with a price or speed of their own.
_SPECIAL_TIERS: Final = ("flex", "scale", "priority", "fast", "ultrafast")


@request_rule(
    fails=None,
    once_per_file=True,
    endpoints=[RESPONSES, IMAGE_GENERATIONS, IMAGE_EDITS],
    when=fields(*_POINTLESS, _CACHE_OPTIONS),
)
def pointless_in_batch(request: Request) -> Iterator[Problem]:
    """The request sets a parameter that serves no purpose in a batch.

    The rule reports `background`, `background_options`, `stream_options` and
    `prompt_cache_options.prewarm` on `/v1/responses`, and `partial_images` on the
    image endpoints. A request with `prewarm` only fills the cache and returns no
    output. If `stream` is set, `stream_options` is not reported (see
    `streaming_unsupported`).

    This is a warning because the Batch API's response to these parameters is
    unknown. The finding appears once per file and parameter.

    Fails: /v1/responses {"model": "m", "input": "Hi", "background": true}
    Passes: /v1/responses {"model": "m", "input": "Hi", "background": false}

    Fix: Remove the parameter.

    Evidence: documented. The docstrings of openai-python 3.54.0 describe what the
    parameters do.
    """
    body = request.body
    for parameter, hint in _POINTLESS.items():
        if body.get(parameter) and _applies_to(request, parameter):
            yield problem(f"'{parameter}' serves no purpose in a batch.", parameter, hint=hint)
    options = body.get(_CACHE_OPTIONS)
    if (
        isinstance(options, dict)
        and options.get("prewarm") is True
        and _applies_to(request, _CACHE_OPTIONS)
    ):
        yield problem(
            "'prompt_cache_options.prewarm' serves no purpose in a batch.",
            "prompt_cache_options",
            "prewarm",
            hint="Remove it. It only fills the cache and returns no output.",
        )


@request_rule(
    fails=None, once_per_file=True, endpoints=[CHAT, RESPONSES], when=fields("service_tier")
)
def service_tier_in_batch(request: Request) -> Iterator[Problem]:
    """The request sets a `service_tier` other than `auto` and `default`.

    A batch has its own price and speed. This is a warning because it is unknown for
    which models and tiers the Batch API rejects the request. The finding appears once
    per file and tier.

    Fails: /v1/responses {"model": "m", "input": "Hi", "service_tier": "flex"}
    Passes: /v1/responses {"model": "m", "input": "Hi", "service_tier": "auto"}

    Fix: Remove `service_tier`.

    Evidence: reported. The release notes of a public project say that every request of
    its batches failed with the message "Flex is not available for this model" until it
    removed the parameter (2025). Outside of batches, gpt-4o rejects the tier `flex`
    with this message.
    """
    tier = request.body.get("service_tier")
    if tier in _SPECIAL_TIERS:
        yield problem(
            f"The service tier '{tier}' may not be available in a batch.",
            "service_tier",
            hint="Remove `service_tier`. A batch has its own price and speed.",
        )


def _applies_to(request: Request, parameter: str) -> bool:
    """Return whether a parameter is pointless on the endpoint of a request.

    On the image endpoints, `background` is the background color. Other rules report the
    parameters that an endpoint rejects, and `stream`.
    """
    if parameter == "partial_images":
        return request.endpoint in (IMAGE_GENERATIONS, IMAGE_EDITS)
    if parameter == "stream_options" and request.body.get("stream"):
        return False
    return request.endpoint == RESPONSES


@request_rule(
    fails=None,
    once_per_file=True,
    endpoints=[RESPONSES],
    when=fields("previous_response_id", "conversation"),
)
def order_not_guaranteed(request: Request) -> Iterator[Problem]:
    """`previous_response_id` or `conversation` refers to earlier turns that the API has stored.

    The API allows this if those turns existed before the batch. The requests in a
    batch run in no particular order, so no request can depend on another one.

    This is a warning because batchlint cannot tell when the turns were created. The
    finding appears once per file and parameter.

    Fails: /v1/responses {"model": "m", "input": "Hi", "previous_response_id": "resp_1"}
    Passes: /v1/responses {"model": "m", "input": "Hi"}

    Fix: Remove the parameter if it refers to another request in the same batch. Use
    each conversation in only one request.

    Evidence: inferred. The Batch guide states that the order of the responses is not
    guaranteed. It does not mention these parameters.
    """
    for parameter in ("previous_response_id", "conversation"):
        if request.body.get(parameter):
            yield problem(
                f"The request has a '{parameter}', but the requests in a batch run in no "
                "particular order.",
                parameter,
                hint="Don't refer to another request in this batch. Use each conversation in only "
                "one request.",
            )
