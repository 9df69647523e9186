"""Rules about members that need, or exclude, one another."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from ..findings import Phase, Problem
from ..phrasing import json_type
from ..providers import CHAT, COMPLETIONS, RESPONSES
from .registry import Request, problem, request_rule, stated_in_schema
from .triggers import fields


@request_rule(endpoints=[CHAT], when=fields("top_logprobs"))
def top_logprobs_without_logprobs(request: Request) -> Iterator[Problem]:
    """A chat completion has `top_logprobs`, but `logprobs` is not true.

    Fails: /v1/chat/completions {"model": "m", "messages": [{"role": "user", "content": "Hi"}], "top_logprobs": 3}
    Passes: /v1/chat/completions {"model": "m", "messages": [{"role": "user", "content": "Hi"}], "top_logprobs": 3, "logprobs": true}

    To do: set `logprobs` to true.

    Source: the API's sentence, August 2026, without a code; a 0 is not reported, since nobody asked.
    """
    if _number(request.body.get("top_logprobs")) > 0 and not request.body.get("logprobs"):
        yield problem(
            "The 'top_logprobs' parameter is only allowed when 'logprobs' is enabled.",
            "top_logprobs",
        )


@request_rule(endpoints=[CHAT, COMPLETIONS], when=fields("stream_options"))
def stream_options_without_stream(request: Request) -> Iterator[Problem]:
    """The request has `stream_options`, but asks for no stream.

    In a batch nothing is ever streamed, so the options can only be left out.

    Fails: /v1/chat/completions {"model": "m", "messages": [{"role": "user", "content": "Hi"}], "stream_options": {"include_usage": true}}
    Passes: /v1/chat/completions {"model": "m", "messages": [{"role": "user", "content": "Hi"}], "stream_options": null}

    To do: leave `stream_options` out; the usage is in every answer of a batch.

    Source: BerriAI/litellm#5803 (September 2024), with the full answer, and reports of 2026, all about
    chat; for /v1/completions the sentence is inferred.  For /v1/responses see `pointless_in_batch`.
    """
    if isinstance(request.body.get("stream_options"), dict) and not request.body.get("stream"):
        yield problem(
            "The 'stream_options' parameter is only allowed when 'stream' is enabled.",
            "stream_options",
            hint="Leave it out; the usage is in every answer of a batch.",
        )


@stated_in_schema(code="invalid_parameter_combination")
def max_tokens_twice() -> None:
    """A chat completion has both `max_tokens` and `max_completion_tokens`.

    Fails: /v1/chat/completions {"model": "m", "messages": [{"role": "user", "content": "Hi"}], "max_tokens": 9, "max_completion_tokens": 9}
    Passes: /v1/chat/completions {"model": "m", "messages": [{"role": "user", "content": "Hi"}], "max_completion_tokens": 9}

    To do: keep `max_completion_tokens`.

    Source: langchain-ai/langgraph#5943 (August 2025), with code and param; one report of 2026 has neither.
    """


@request_rule(fails=None, once_per_file=True, endpoints=[CHAT], when=fields("metadata"))
def metadata_without_store(request: Request) -> Iterator[Problem]:
    """A chat completion has metadata, but is not to be stored.

    Fails: /v1/chat/completions {"model": "m", "messages": [{"role": "user", "content": "Hi"}], "metadata": {"a": "b"}}
    Passes: /v1/chat/completions {"model": "m", "messages": [{"role": "user", "content": "Hi"}], "metadata": {"a": "b"}, "store": true}

    To do: set `store` to true, or tell requests apart by their `custom_id`.

    Source: three reports of 2026 have the sentence from the live API; recorded answers of August 2026,
    for gpt-5.6-terra, are 200.
    """
    if request.body.get("metadata") and not request.body.get("store"):
        yield problem(
            "The 'metadata' parameter is only allowed when 'store' is enabled.",
            "metadata",
            hint='Some models refuse it, and others do not; add "store": true, or use the custom_id instead.',
        )


@request_rule(endpoints=[COMPLETIONS], when=fields("best_of"))
def best_of_below_n(request: Request) -> Iterator[Problem]:
    """More completions are to be returned than generated.

    Fails: /v1/completions {"model": "m", "prompt": "x", "n": 3, "best_of": 2}
    Passes: /v1/completions {"model": "m", "prompt": "x", "n": 3, "best_of": 3}

    To do: make `best_of` at least `n`.

    Source: openai-python 3.54.0 (prose); the sentence is that of 2022, as another server of the same
    interface has it.
    """
    best_of, n = _number(request.body.get("best_of")), _number(request.body.get("n"))
    if 0 < best_of < n:
        yield problem(
            "You requested that the server return more choices than it will generate (HINT: you must set 'n' "
            f"(currently {n}) to be at most 'best_of' (currently {best_of}), or omit either parameter if you "
            "don't specifically want to use them.)",
            "best_of",
        )


@request_rule(
    code="mutually_exclusive_parameters", endpoints=[RESPONSES], when=fields("conversation")
)
def conversation_with_previous_response(request: Request) -> Iterator[Problem]:
    """A response has both a conversation and a previous response.

    Fails: /v1/responses {"model": "m", "input": "Hi", "conversation": "conv_1", "previous_response_id": "resp_1"}
    Passes: /v1/responses {"model": "m", "input": "Hi", "conversation": "conv_1"}

    To do: keep one of them.

    Source: a recorded answer, August 2026, with its empty quotes and shortened name.
    """
    if isinstance(request.body.get("conversation"), str | dict) and isinstance(
        request.body.get("previous_response_id"), str
    ):
        yield problem(
            "Mutually exclusive parameters: ''. Ensure you are only providing one of: 'pre..._id' or "
            "'conversation'.",
            "conversation",
            param=None,
            phase=Phase.STATE,
        )


#: What a predicted output excludes.
_UNPREDICTED: Final = (
    "n",
    "logprobs",
    "presence_penalty",
    "frequency_penalty",
    "audio",
    "tools",
    "max_completion_tokens",
)


@request_rule(fails=None, endpoints=[CHAT], when=fields("prediction"))
def prediction_excludes(request: Request) -> Iterator[Problem]:
    """A chat completion with a predicted output has a member that does not go with it.

    Those are `n` above 1, `logprobs`, penalties above 0, `audio`, `tools` and `max_completion_tokens`.

    Fails: /v1/chat/completions {"model": "m", "messages": [{"role": "user", "content": "Hi"}], "prediction": {"type": "content", "content": "x"}, "n": 2}
    Passes: /v1/chat/completions {"model": "m", "messages": [{"role": "user", "content": "Hi"}], "prediction": {"type": "content", "content": "x"}, "n": 1}

    To do: leave one of the two out.

    Source: the guide to predicted outputs, not looked at again for this rule; no answer has been seen.
    """
    if request.body.get("prediction") is None:
        return
    for member in _UNPREDICTED:
        if _conflicts(member, request.body.get(member)):
            yield problem(f"'{member}' does not go with 'prediction'.", member)


def _conflicts(member: str, value: Any) -> bool:
    if member == "n":
        return _number(value) > 1
    if member.endswith("_penalty"):
        return _number(value) > 0
    return bool(value)


def _number(value: Any) -> int | float:
    """A number; what is none counts as 0."""
    return value if json_type(value) in ("integer", "number") else 0
