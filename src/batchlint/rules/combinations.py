"""Rules about parameters that require or exclude each other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from .. import edits
from ..findings import Fix, Phase, Problem
from ..phrasing import json_type
from ..providers import CHAT, COMPLETIONS, RESPONSES
from .registry import Line, Request, problem, request_rule, stated_in_schema
from .triggers import fields


@request_rule(endpoints=[CHAT], when=fields("top_logprobs"))
def top_logprobs_without_logprobs(request: Request) -> Iterator[Problem]:
    """A chat completion request sets `top_logprobs`, but `logprobs` is not true.

    The API rejects the request when the batch runs. The error appears in the
    batch's error file. A `top_logprobs` of 0 is not reported, because the API's
    response to it is unknown.

    Fails: /v1/chat/completions {"model": "m", "messages": [{"role": "user", "content":
            "Hi"}], "top_logprobs": 3}
    Passes: /v1/chat/completions {"model": "m", "messages": [{"role": "user", "content":
            "Hi"}], "top_logprobs": 3, "logprobs": true}

    Fix: Set `logprobs` to true, or remove `top_logprobs`.

    Evidence: reported. A report from August 2026 quotes the error message. The
    error has no code.
    """
    if _number(request.body.get("top_logprobs")) > 0 and not request.body.get("logprobs"):
        yield problem(
            "The 'top_logprobs' parameter is only allowed when 'logprobs' is enabled.",
            "top_logprobs",
        )


_REMOVE_STREAM_OPTIONS: Final = Fix(
    "unsafe", "Remove `stream_options`.", (edits.remove(("body", "stream_options")),)
)


@request_rule(endpoints=[CHAT, COMPLETIONS], when=fields("stream_options"))
def stream_options_without_stream(request: Request) -> Iterator[Problem]:
    """`stream_options` is set, but `stream` is not true.

    The API rejects the request when the batch runs. The error appears in the
    batch's error file. Setting `stream` does not help, because a batch never
    streams. For `/v1/responses`, see `pointless_in_batch`.

    Fails: /v1/chat/completions {"model": "m", "messages": [{"role": "user", "content":
            "Hi"}], "stream_options": {"include_usage": true}}
    Passes: /v1/chat/completions {"model": "m", "messages": [{"role": "user", "content":
            "Hi"}], "stream_options": null}

    Fix: Remove `stream_options`. Every response in a batch includes the token usage.

    Evidence: reported. BerriAI/litellm#5803 (September 2024) quotes the full error
    response. There are more reports from 2026, all about chat completions. For
    `/v1/completions`, the error message is inferred.
    """
    if isinstance(request.body.get("stream_options"), dict) and not request.body.get("stream"):
        yield problem(
            "The 'stream_options' parameter is only allowed when 'stream' is enabled.",
            "stream_options",
            hint="Remove it. Every response in a batch includes the token usage.",
            fix=_REMOVE_STREAM_OPTIONS,
        )


def _max_tokens_fix(_: Problem, __: Line) -> Fix:
    return Fix("unsafe", "Remove `max_tokens`.", (edits.remove(("body", "max_tokens")),))


@stated_in_schema(
    code="invalid_parameter_combination", fix=_max_tokens_fix, hint="Remove `max_tokens`."
)
def max_tokens_twice() -> None:
    """A chat completion request sets both `max_tokens` and `max_completion_tokens`.

    The API rejects the request when the batch runs. The error appears in the
    batch's error file.

    Fails: /v1/chat/completions {"model": "m", "messages": [{"role": "user", "content":
            "Hi"}], "max_tokens": 9, "max_completion_tokens": 9}
    Passes: /v1/chat/completions {"model": "m", "messages": [{"role": "user", "content":
            "Hi"}], "max_completion_tokens": 9}

    Fix: Remove `max_tokens` and keep `max_completion_tokens`.

    Evidence: reported. langchain-ai/langgraph#5943 (August 2025) quotes the error
    message, code and param. One report from 2026 has neither code nor param.
    """


@request_rule(fails=None, once_per_file=True, endpoints=[CHAT], when=fields("metadata"))
def metadata_without_store(request: Request) -> Iterator[Problem]:
    """A chat completion request sets `metadata`, but `store` is not true.

    This is a warning because some models reject such requests, while others accept
    them. The finding appears once per file.

    Fails: /v1/chat/completions {"model": "m", "messages": [{"role": "user", "content":
            "Hi"}], "metadata": {"a": "b"}}
    Passes: /v1/chat/completions {"model": "m", "messages": [{"role": "user", "content":
            "Hi"}], "metadata": {"a": "b"}, "store": true}

    Fix: Set `store` to true, or use `custom_id` to tell requests apart.

    Evidence: reported. Three reports from 2026 quote the API's error message. In
    recorded responses from August 2026, gpt-5.6-terra accepted such requests.
    """
    if request.body.get("metadata") and not request.body.get("store"):
        yield problem(
            "The 'metadata' parameter is only allowed when 'store' is enabled.",
            "metadata",
            hint='Some models reject it. Add "store": true, or use the custom_id to tell requests '
            "apart.",
        )


@request_rule(endpoints=[COMPLETIONS], when=fields("best_of"))
def best_of_below_n(request: Request) -> Iterator[Problem]:
    """`best_of` is smaller than `n`.

    The API rejects the request, because it would have to return more completions
    than it generates. The error appears in the batch's error file.

    Fails: /v1/completions {"model": "m", "prompt": "x", "n": 3, "best_of": 2}
    Passes: /v1/completions {"model": "m", "prompt": "x", "n": 3, "best_of": 3}

    Fix: Set `best_of` to at least `n`, or remove one of the two.

    Evidence: documented. The docstrings of openai-python 3.54.0 describe the
    relation between the parameters. The error message is from 2022. It also appears
    in another server with the same interface.
    """
    best_of = _number(request.body.get("best_of"))
    n = _number(request.body.get("n"))
    if 0 < best_of < n:
        yield problem(
            "You requested that the server return more choices than it will generate (HINT: "
            f"you must set 'n' (currently {n}) to be at most 'best_of' (currently {best_of}), or "
            "omit either parameter if you don't specifically want to use them.)",
            "best_of",
        )


@request_rule(
    code="mutually_exclusive_parameters", endpoints=[RESPONSES], when=fields("conversation")
)
def conversation_with_previous_response(request: Request) -> Iterator[Problem]:
    """`conversation` and `previous_response_id` are both set.

    The API rejects the request when the batch runs. The error appears in the
    batch's error file.

    Fails: /v1/responses {"model": "m", "input": "Hi", "conversation": "conv_1",
            "previous_response_id": "resp_1"}
    Passes: /v1/responses {"model": "m", "input": "Hi", "conversation": "conv_1"}

    Fix: Remove either `conversation` or `previous_response_id`.

    Evidence: confirmed. A recorded response from August 2026. The API's message
    contains empty quotes and a shortened name: 'pre..._id'.
    """
    if isinstance(request.body.get("conversation"), str | dict) and isinstance(
        request.body.get("previous_response_id"), str
    ):
        yield problem(
            "Mutually exclusive parameters: ''. Ensure you are only providing one of: "
            "'pre..._id' or 'conversation'.",
            "conversation",
            param=None,
            phase=Phase.STATE,
            hint="Remove either `conversation` or `previous_response_id`.",
        )


#: Parameters that `prediction` does not support at all, or only with certain values.
_EXCLUDED_BY_PREDICTION: Final = (
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
    """`prediction` is combined with a parameter that it does not support.

    `prediction` does not support `logprobs`, `audio`, `tools` or
    `max_completion_tokens`. It also requires `n` to be at most 1, and
    `presence_penalty` and `frequency_penalty` to be at most 0. This is a warning
    because the API's response is unknown.

    Fails: /v1/chat/completions {"model": "m", "messages": [{"role": "user", "content":
            "Hi"}], "prediction": {"type": "content", "content": "x"}, "n": 2}
    Passes: /v1/chat/completions {"model": "m", "messages": [{"role": "user", "content":
            "Hi"}], "prediction": {"type": "content", "content": "x"}, "n": 1}

    Fix: Remove either `prediction` or the other parameter.

    Evidence: documented. The Predicted Outputs guide lists these parameters. The
    current guide was not checked.
    """
    if request.body.get("prediction") is None:
        return
    for parameter in _EXCLUDED_BY_PREDICTION:
        if _conflicts(parameter, request.body.get(parameter)):
            yield problem(
                f"'{parameter}' cannot be combined with 'prediction'.",
                parameter,
                hint="Remove one of them. The API's response to the combination is unknown.",
            )


def _conflicts(parameter: str, value: Any) -> bool:
    if parameter == "n":
        return _number(value) > 1
    if parameter.endswith("_penalty"):
        return _number(value) > 0
    return bool(value)


def _number(value: Any) -> int | float:
    """Return the value if it is a number, otherwise 0."""
    return value if json_type(value) in ("integer", "number") else 0
