"""Rules about what a batch makes no sense of; each is said once for a file."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from ..findings import Problem
from ..providers import IMAGE_EDITS, IMAGE_GENERATIONS, RESPONSES
from .registry import Request, problem, request_rule
from .triggers import fields

#: Members that are for someone who waits for the answer, and why a batch has no use for them.
_POINTLESS: Final = {
    "background": "Every request of a batch runs in the background.",
    "background_options": "Every request of a batch runs in the background, in the batch's own time.",
    "partial_images": "Partial images come by streams, which a batch does not have.",
    "stream_options": "A batch does not have streams; the API may refuse the request.",
}


@request_rule(
    fails=None,
    once_per_file=True,
    endpoints=[RESPONSES, IMAGE_GENERATIONS, IMAGE_EDITS],
    when=fields(*_POINTLESS, "prompt_cache_options"),
)
def pointless_in_batch(request: Request) -> Iterator[Problem]:
    """The request asks for something that a batch has no use for.

    Those are `background`, `background_options`, `partial_images`, `prompt_cache_options.prewarm`,
    which gives no answer at all, and `stream_options` of /v1/responses.

    Fails: /v1/responses {"model": "m", "input": "Hi", "background": true}
    Passes: /v1/responses {"model": "m", "input": "Hi", "background": false}

    To do: leave it out.

    Source: openai-python 3.54.0 (prose).  What the Batch API does with each is not known.
    """
    body = request.body
    for member, reason in _POINTLESS.items():
        if body.get(member) and _is_meant(request, member):
            yield problem(f"'{member}' has no use in a batch.", member, hint=reason)
    options = body.get("prompt_cache_options")
    if (
        isinstance(options, dict)
        and options.get("prewarm") is True
        and _is_meant(request, "prompt_cache_options")
    ):
        yield problem(
            "'prompt_cache_options.prewarm' has no use in a batch.",
            "prompt_cache_options",
            "prewarm",
            hint="It fills the cache and gives no answer.",
        )


def _is_meant(request: Request, member: str) -> bool:
    """Whether a member is the one meant: `background` of images is a colour, and some are refused elsewhere."""
    if member == "partial_images":
        return request.endpoint in (IMAGE_GENERATIONS, IMAGE_EDITS)
    if member == "stream_options" and request.body.get("stream"):
        return False
    return request.endpoint == RESPONSES


@request_rule(
    fails=None,
    once_per_file=True,
    endpoints=[RESPONSES],
    when=fields("previous_response_id", "conversation"),
)
def order_not_guaranteed(request: Request) -> Iterator[Problem]:
    """The request goes on from a response or a conversation that lies with the API.

    That is allowed, as long as what it goes on from was there before the batch: the requests of a batch
    run in no order.

    Fails: /v1/responses {"model": "m", "input": "Hi", "previous_response_id": "resp_1"}
    Passes: /v1/responses {"model": "m", "input": "Hi"}

    To do: let no request of a batch depend on another one.

    Source: the Batch guide, of the order of the answers; of these members it says nothing.
    """
    for member in ("previous_response_id", "conversation"):
        if request.body.get(member):
            yield problem(
                f"The request has a '{member}', and the requests of a batch run in no order.",
                member,
                hint="It must not depend on another request of the batch, nor share a conversation with one.",
            )
