"""Rules about the body of a request. The schemas perform nearly all of these checks.

In examples, `/v1/embeddings {...}` stands for a line with that URL and body.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from .. import edits
from ..findings import Edit, Fix, Problem
from ..phrasing import excerpt
from ..providers import MODERATIONS, RESPONSES, VIDEOS
from .registry import Line, Request, problem, request_rule, stated_in_schema
from .triggers import fields


@stated_in_schema(code="invalid_request", fails="batch", hint="Set `model` to the name of a model.")
def missing_model() -> None:
    """The body has no `model`.

    The whole batch fails before any request runs. Every line must name a model, and all
    lines must name the same one. If a default or a prompt template may provide the
    model, batchlint only warns (see `model_left_out`). In a chat completion request,
    `null` and an empty string count as missing.

    Fails: /v1/embeddings {"input": "x"}
    Passes: /v1/embeddings {"model": "m", "input": "x"}

    Fix: Add `"model"` to the body, with the same model on every line.

    Evidence: confirmed. A failed batch from August 2025 (ogx-ai/ogx) shows the
    message. Another failed batch from 2 September 2026, described by OpenRouter,
    shows the code and the param. For other endpoints, the message is inferred.
    """


@request_rule(
    fails=None,
    endpoints=[RESPONSES, MODERATIONS, VIDEOS],
    unless={"required": ["model"], "properties": {"model": {"type": "string"}}},
)
def model_left_out(request: Request) -> Iterator[Problem]:
    """The body has no `model`, but the endpoint or a prompt template may provide one.

    Moderations and videos have a default model. There, `null` counts as missing too. On
    `/v1/responses`, a prompt template can name the model.

    This is a warning because it is unknown whether batch validation accepts a missing
    model in these cases. If not, the whole batch fails before any request runs.

    Fails: /v1/moderations {"input": "x"}
    Passes: /v1/moderations {"model": "omni-moderation-latest", "input": "x"}
    Fails: /v1/responses {"prompt": {"id": "pmpt_1"}}

    Fix: Add `"model"` to the body. If the endpoint has a default, the hint names
    it.

    Evidence: documented. The Batch guide says: "each input file can only include
    requests to a single model". Outside of batches, the API uses the model of the
    prompt template (recorded responses, November 2025).
    """
    default = request.endpoint.default_model
    if default is None:
        if "model" not in request.body and "prompt" in request.body:
            yield problem(
                "The request has no model. It is unknown whether a batch uses the prompt "
                "template's model.",
                "model",
                hint='Add "model" to the body.',
            )
    elif request.body.get("model") is None:
        yield problem(
            "The request has no model. It is unknown whether a batch uses the endpoint's default.",
            "model",
            hint=f'Add "model": "{default}", which is the default.',
        )


@stated_in_schema(
    code="missing_required_parameter", fails="batch", hint='Add "messages" to the body.'
)
def missing_messages() -> None:
    """The body of a chat completion request has no `messages`.

    The whole batch fails before any request runs.

    Fails: /v1/chat/completions {"model": "m"}
    Passes: /v1/chat/completions {"model": "m", "messages": [{"role": "user", "content":
            "Hi"}]}

    Fix: Add `"messages"`. If the body has `"input"`, the URL should be `/v1/responses`.

    Evidence: confirmed. A failed batch from 29 September 2026.
    """


def _stream_fix(problem: Problem, _: Line) -> Fix | None:
    if problem.path != ("body", "stream"):
        return None
    options = edits.remove_if_present(("body", "stream_options"))
    return Fix("safe", "Remove `stream`.", (edits.remove(problem.path), options))


@stated_in_schema(fails="batch", fix=_stream_fix, hint="Remove `stream`.")
def streaming_unsupported() -> None:
    """`stream` is `true`.

    The whole batch fails before any request runs. Batches don't stream.

    Fails: /v1/chat/completions {"model": "m", "messages": [{"role": "user", "content":
            "Hi"}], "stream": true}
    Passes: /v1/chat/completions {"model": "m", "messages": [{"role": "user", "content":
            "Hi"}], "stream": false}

    Fix: Remove `stream`.

    Evidence: confirmed. Comments in ogx-ai/ogx `test_batches_errors.py` (August
    2025) record the API's response for chat completions. For other endpoints, the
    endpoint's name at the beginning of the message is inferred.
    """


@stated_in_schema()
def invalid_type() -> None:
    """A parameter's value has the wrong JSON type.

    The API rejects the request when the batch runs. The error appears in the
    batch's error file.

    Fails: /v1/embeddings {"model": "m", "input": "x", "dimensions": "256"}
    Passes: /v1/embeddings {"model": "m", "input": "x", "dimensions": 256}

    Fix: Use the type that the message names. A common cause is a number or boolean in
    quotes.

    Evidence: confirmed. Recorded responses from August and September 2026.
    """


@stated_in_schema()
def invalid_value() -> None:
    """A parameter's value is not one of the supported values.

    The API rejects the request when the batch runs. The error appears in the
    batch's error file. The check is based on the values known when the schemas were
    generated. Values that OpenAI added later are reported too, so the hint shows
    the schemas' date.

    Fails: /v1/embeddings {"model": "m", "input": "x", "encoding_format": "int8"}
    Passes: /v1/embeddings {"model": "m", "input": "x", "encoding_format": "base64"}

    Fix: Use one of the values in the message. If the value is newer than the schemas,
    update batchlint or ignore the finding.

    Evidence: confirmed. Recorded responses from August and September 2026. The
    values are from the types of openai-python.
    """


@stated_in_schema(code="invalid_value")
def invalid_pattern() -> None:
    """A string does not match the pattern that the parameter requires.

    The API rejects the request when the batch runs. The error appears in the
    batch's error file. A common cause is a space or a dot in a function's name.

    Fails: /v1/responses {"model": "m", "input": "x", "tools": [{"type": "function",
            "name": "get weather"}]}
    Passes: /v1/responses {"model": "m", "input": "x", "tools": [{"type": "function",
            "name": "get_weather"}]}

    Fix: Change the string to match the pattern in the message. For function names, use
    letters, digits, `_` and `-`.

    Evidence: confirmed. Recorded responses from August and September 2026.
    """


@stated_in_schema()
def missing_required_parameter() -> None:
    """A required parameter is missing.

    The API rejects the request when the batch runs. The error appears in the
    batch's error file. A `/v1/responses` request needs `input`, `prompt` or
    `conversation`.

    Fails: /v1/embeddings {"model": "m"}
    Passes: /v1/embeddings {"model": "m", "input": "x"}

    Fix: Add the parameter that the message names.

    Evidence: confirmed. Recorded responses from August and September 2026.
    """


def _null_fix(problem: Problem, line: Line) -> Fix | None:
    """Return the fix for a parameter that is null. Exported data frames often contain such nulls."""
    value: Any = line.request
    for part in problem.path or ():
        value = value[part]
    if not problem.path or value is not None:
        return None
    return Fix("safe", "Remove the parameter, which is null.", (edits.remove(problem.path),))


@stated_in_schema(fix=_null_fix)
def unknown_parameter() -> None:
    """An object has a parameter that the API does not recognize.

    The API rejects the request when the batch runs. The error appears in the
    batch's error file. The check is based on the parameters known when the schemas
    were generated. Parameters that OpenAI added later are reported too, so the hint
    shows the schemas' date.

    Fails: /v1/embeddings {"model": "m", "input": "x", "dimension": 256}
    Passes: /v1/embeddings {"model": "m", "input": "x", "dimensions": 256}

    Fix: Correct the spelling or remove the parameter. If it is newer than the schemas,
    update batchlint or ignore the finding.

    Evidence: confirmed. Recorded responses from August and September 2026. The
    parameters are from the types of openai-python.
    """


@stated_in_schema(
    fails=None,
    fix=_null_fix,
    hint="It is unknown whether the API accepts null here. To be safe, remove the parameter.",
)
def doubtful_null() -> None:
    """A parameter is null, which the API may reject.

    The rule reports null as `dimensions` on `/v1/embeddings`, as `user` on
    `/v1/completions`, as `markup` on `/v1/images/edits`, and as `seconds`, `size` or
    `input_reference` on `/v1/videos`. This is a warning because the API's response is
    unknown. For other parameters, see `invalid_type`.

    Fails: /v1/embeddings {"model": "m", "input": "x", "dimensions": null}
    Passes: /v1/embeddings {"model": "m", "input": "x"}

    Fix: Remove the parameter.

    Evidence: inferred. The types of openai-python 3.57.0 don't allow null here. They
    don't allow it as `encoding_format` on `/v1/embeddings` either, but the API accepted
    it there in recorded requests (2026).
    """


@stated_in_schema(
    code="empty_array", fails=None, hint="Use a string, which can be empty, or a list of parts."
)
def doubtful_empty_content() -> None:
    """The content of a chat message is an empty array, which the API may reject.

    The rule reports it in system and tool messages, and in assistant messages with
    `tool_calls`. This is a warning because the reports contradict each other. In other
    messages, it is an error: see `empty_array`.

    Fails: /v1/chat/completions {"model": "m", "messages": [{"role": "assistant",
            "content": [], "tool_calls": [{"id": "a", "type": "function", "function":
            {"name": "f", "arguments": "{}"}}]}, {"role": "tool", "tool_call_id": "a",
            "content": "1"}]}
    Passes: /v1/chat/completions {"model": "m", "messages": [{"role": "assistant",
            "content": "", "tool_calls": [{"id": "a", "type": "function", "function":
            {"name": "f", "arguments": "{}"}}]}, {"role": "tool", "tool_call_id": "a",
            "content": "1"}]}

    Fix: Use a string, which can be empty, or a list of parts.

    Evidence: reported. Next to tool calls, the API accepted it in a recorded request
    (February 2026), but langchain-ai/langchainjs#11416 and n8n-io/n8n#36774 (August
    2026) quote its rejection. It was accepted in a system message
    (openai/openai-python#1812, October 2024) and, as a public project measured, in a
    tool message (2026-10-01).
    """


@stated_in_schema(
    fails=None,
    fix=_null_fix,
    hint="It is unknown whether the API rejects or ignores it here. To be safe, remove it.",
)
def doubtful_parameter() -> None:
    """An object has a parameter that the API may reject or ignore.

    In chat completions, the rule reports `cache_control` in image, audio and file
    parts, `extra_content` in tool calls, and `strict` in the deprecated `functions`. On
    `/v1/responses`, it reports the `status` of a `custom_tool_call_output`,
    `external_web_access`, `filters` and `return_token_budget` in the tool
    `web_search_preview`, `indexed_web_access` in `web_search`, and the `results` of a
    `web_search_call`.

    This is a warning because the API's response is unknown. For other parameters,
    see `unknown_parameter`.

    Fails: /v1/chat/completions {"model": "m", "messages": [{"role": "user", "content":
            [{"type": "image_url", "image_url": {"url": "https://example.com/a.png"},
            "cache_control": {"type": "ephemeral"}}]}]}
    Passes: /v1/chat/completions {"model": "m", "messages": [{"role": "user", "content":
            [{"type": "image_url", "image_url": {"url":
            "https://example.com/a.png"}}]}]}

    Fix: Remove the parameter.

    Evidence: inferred. The types of openai-python 3.57.0 lack these parameters. In
    recorded requests from 2025 and 2026, the API ignored `cache_control` in text parts
    and unknown parameters in the function of a tool. In the OpenAPI document, only
    stored items have a `status`. According to the web search guide (May 2026),
    `web_search_preview` ignores `external_web_access`.
    """


@stated_in_schema(
    fails=None,
    hint="It is unknown whether the API enforces this limit. To be safe, stay within it.",
)
def doubtful_limit() -> None:
    """A value is beyond a limit that the API may not enforce.

    In chat completions, the rule reports a function name of 65 to 128 characters in
    `tools` and `tool_calls`, and empty `content` of a `prediction`. On `/v1/responses`,
    it reports `max_num_results` and `score_threshold` of a file search outside of 1 to 50
    and 0 to 1, and empty `allowed_callers` of a function in a namespace. On both
    endpoints, it reports `user` with more than 64 characters.

    This is a warning because the API's response is unknown, or because sources
    contradict each other.

    Fails: /v1/responses {"model": "m", "input": "x", "tools": [{"type": "file_search",
            "vector_store_ids": ["vs_1"], "max_num_results": 51}]}
    Passes: /v1/responses {"model": "m", "input": "x", "tools": [{"type": "file_search",
            "vector_store_ids": ["vs_1"], "max_num_results": 50}]}

    Fix: Use a value within the limit that the message states.

    Evidence: documented. The docstrings of openai-python 3.57.0 limit function names to
    64 characters, as did the API in reports up to January 2026. But according to a
    project that probed the API in 2026, it accepts 128. Reports from 2025 have the limit
    of `user`. The other limits are from the docstrings and the OpenAPI document.
    """


#: The roles and fields of messages that /v1/responses accepts unchanged.
_SAME_ROLES: Final = frozenset({"user", "assistant", "system", "developer"})
_MESSAGE_FIELDS: Final = {"role", "content"}


def _messages_edits(body: Mapping[str, Any]) -> tuple[Edit, ...]:
    """Return the edit that renames `messages`, if /v1/responses accepts their value."""
    messages = body["messages"]
    is_portable = isinstance(messages, list) and all(
        isinstance(message, dict)
        and message.keys() == _MESSAGE_FIELDS
        and isinstance(message["role"], str)
        and message["role"] in _SAME_ROLES
        and isinstance(message["content"], str)
        for message in messages
    )
    return (edits.rename(("body", "messages"), "input"),) if is_portable and messages else ()


def _format_edits(body: Mapping[str, Any]) -> tuple[Edit, ...]:
    """Return the edits that move the format into `text`, and its schema up by one level."""
    old = body["response_format"]
    path = ("body", "response_format")
    if not isinstance(old, dict) or "text" in body:
        return ()
    flatten: tuple[Edit, ...] = ()
    if old.keys() == {"type", "json_schema"} and old["type"] == "json_schema":
        nested = old["json_schema"]
        if not isinstance(nested, dict) or "type" in nested:
            return ()
        if nested.get("strict") is None:  # /v1/responses would use strict mode.
            flatten = (edits.put((*path, "json_schema", "strict"), "false"),)
        flatten += (edits.unwrap((*path, "json_schema")),)
    elif old not in ({"type": "text"}, {"type": "json_object"}):
        return ()
    return (*flatten, edits.wrap(path, '{"format": ', "}"), edits.rename(path, "text"))


def _limit_edits(_: Mapping[str, Any]) -> tuple[Edit, ...]:
    return (edits.rename(("body", "max_completion_tokens"), "max_output_tokens"),)


def _effort_edits(body: Mapping[str, Any]) -> tuple[Edit, ...]:
    path = ("body", "reasoning_effort")
    if "reasoning" in body:
        return ()
    return (edits.wrap(path, '{"effort": ', "}"), edits.rename(path, "reasoning"))


#: The parameters that moved, each with its new name and a function that makes the edits.
_MOVED: Final[Mapping[str, tuple[str, Callable[[Mapping[str, Any]], tuple[Edit, ...]]]]] = {
    "messages": ("input", _messages_edits),
    "response_format": ("text.format", _format_edits),
    "max_completion_tokens": ("max_output_tokens", _limit_edits),
    "reasoning_effort": ("reasoning.effort", _effort_edits),
}


def _moved_parameter_fix(problem: Problem, line: Line) -> Fix | None:
    """Return the fix that moves a parameter, if its value can be converted."""
    name = str((problem.path or ("",))[-1])
    body = line.request["body"]
    if name not in _MOVED or problem.path != ("body", name):
        return None
    new, edits_for = _MOVED[name]
    changes = () if new in body or body[name] is None else edits_for(body)
    return Fix("safe", f"Use `{new}` instead of `{name}`.", changes) if changes else None


@stated_in_schema(code="unsupported_parameter", fix=_moved_parameter_fix)
def moved_parameter() -> None:
    """The request uses a chat completions parameter that has another name on `/v1/responses`.

    The API rejects the request when the batch runs. The error appears in the
    batch's error file.

    Fails: /v1/responses {"model": "m", "messages": [{"role": "user", "content": "Hi"}]}
    Passes: /v1/responses {"model": "m", "input": [{"role": "user", "content": "Hi"}]}

    Fix: Use `input` instead of `messages`, `text.format` instead of `response_format`,
    `max_output_tokens` instead of `max_completion_tokens`, and `reasoning.effort`
    instead of `reasoning_effort`.

    Evidence: confirmed. A recorded response shows the message for `messages`. For
    the other parameters, users quote the message.
    """


@stated_in_schema(code="invalid_value")
def json_edits_image() -> None:
    """An image edit uses `image`, a parameter that only multipart requests accept.

    The API rejects the request when the batch runs. The error appears in the
    batch's error file. In JSON requests, the parameter is `images`, a list of
    objects with `image_url` or `file_id`.

    Fails: /v1/images/edits {"model": "gpt-image-2", "prompt": "x", "image": "file-1",
            "images": [{"file_id": "file-1"}]}
    Passes: /v1/images/edits {"model": "gpt-image-2", "prompt": "x", "images":
            [{"file_id": "file-1"}]}

    Fix: Replace `image` with `images`, for example `"images": [{"file_id": "file-1"}]`.

    Evidence: confirmed. A recorded response from August 2026.
    """


@stated_in_schema()
def empty_array() -> None:
    """An array is empty, but the API requires at least one item.

    The API rejects the request when the batch runs. The error appears in the
    batch's error file.

    Fails: /v1/chat/completions {"model": "m", "messages": []}
    Passes: /v1/chat/completions {"model": "m", "messages": [{"role": "user", "content":
            "Hi"}]}

    Fix: Add an item. If the parameter is optional, you can remove it instead.

    Evidence: confirmed. Recorded responses from August and September 2026.
    """


@stated_in_schema()
def empty_string() -> None:
    """A string is empty, but the API requires at least one character.

    The API rejects the request when the batch runs. The error appears in the
    batch's error file.

    Fails: /v1/videos {"model": "sora-2", "prompt": ""}
    Passes: /v1/videos {"model": "sora-2", "prompt": "a cat"}

    Fix: Provide a non-empty string. If the parameter is optional, you can remove it
    instead.

    Evidence: confirmed. Recorded responses from August and September 2026.
    """


@stated_in_schema()
def array_above_max_length() -> None:
    """An array has more items than the API accepts.

    The API rejects the request when the batch runs. The error appears in the
    batch's error file.

    Fails: /v1/chat/completions {"model": "m", "messages": [{"role": "user", "content":
            "Hi"}], "stop": ["a", "b", "c", "d", "e"]}
    Passes: /v1/chat/completions {"model": "m", "messages": [{"role": "user", "content":
            "Hi"}], "stop": ["a", "b", "c", "d"]}

    Fix: Shorten the array to the maximum in the message, or split it across several
    requests.

    Evidence: reported. Users' reports from 2023 to 2026. The limits are from the
    OpenAPI document from August 2026.
    """


@stated_in_schema()
def string_above_max_length() -> None:
    """A string has more characters than the API accepts.

    The API rejects the request when the batch runs. The error appears in the
    batch's error file.

    Fails: /v1/responses {"model": "m", "input": [{"type": "function_call_output",
            "call_id":
            "call_45678901234567890123456789012345678901234567890123456789012345",
            "output": ""}]}
    Passes: /v1/responses {"model": "m", "input": [{"type": "function_call", "call_id":
            "a", "name": "f", "arguments": "{}"}, {"type": "function_call_output",
            "call_id": "a", "output": ""}]}

    Fix: Shorten the string to the maximum length that the message states.

    Evidence: confirmed. Recorded responses from August and September 2026. The
    limits are from the OpenAPI document and openai-python.
    """


@stated_in_schema(hint="Split the input into shorter pieces.")
def input_too_long() -> None:
    """An embedding input has more than 8,192 tokens, whichever tokenizer is used.

    The API rejects the request when the batch runs. The error appears in the
    batch's error file. batchlint counts the items of a list of tokens. A string is
    reported if it has more than 1,048,576 characters, because no token is longer
    than 128 characters. A shorter string may still be too long.

    Fix: Split the input into shorter pieces.

    Evidence: reported. A full response from the live API (August 2026), which has
    neither code nor param.
    """


@stated_in_schema()
def property_name_above_max_length() -> None:
    """A key in `metadata` has more than 64 characters.

    The API rejects the request when the batch runs. The error appears in the
    batch's error file.

    Fails: /v1/responses {"model": "m", "input": "x", "metadata":
            {"a_key_that_is_longer_than_the_sixty_four_characters_it_may_have_here":
            "v"}}
    Passes: /v1/responses {"model": "m", "input": "x", "metadata": {"a_key": "v"}}

    Fix: Shorten the key to 64 characters or fewer.

    Evidence: confirmed. A recorded response from 2026.
    """


@stated_in_schema()
def object_above_max_properties() -> None:
    """An object has more keys than the API accepts.

    The API rejects the request when the batch runs. The error appears in the
    batch's error file. The maximum is 16 for `metadata` and for the `attributes` of a
    file search result, and 1 for a reference to an image.

    Fails: /v1/videos {"model": "sora-2", "prompt": "a cat", "input_reference":
            {"file_id": "file-1", "image_url": "https://example.com/a.png"}}
    Passes: /v1/videos {"model": "sora-2", "prompt": "a cat", "input_reference":
            {"file_id": "file-1"}}

    Fix: Keep at most 16 keys in `metadata` or `attributes`. In a reference to an image, keep either
    `file_id` or `image_url`.

    Evidence: confirmed. A recorded response for `metadata`, August 2026. For images, the
    message is inferred.
    """


@stated_in_schema()
def object_below_min_properties() -> None:
    """An object has fewer keys than the API requires.

    The API rejects the request when the batch runs. The error appears in the
    batch's error file. A reference to an image needs exactly one key.

    Fails: /v1/videos {"model": "sora-2", "prompt": "a cat", "input_reference": {}}
    Passes: /v1/videos {"model": "sora-2", "prompt": "a cat", "input_reference":
            {"file_id": "file-1"}}

    Fix: Add `file_id` or `image_url`.

    Evidence: inferred. The message is modeled on that of `object_above_max_properties`.
    """


@stated_in_schema()
def integer_below_min_value() -> None:
    """An integer is smaller than the API accepts.

    The API rejects the request when the batch runs. The error appears in the
    batch's error file.

    Fails: /v1/responses {"model": "m", "input": "x", "max_output_tokens": 15}
    Passes: /v1/responses {"model": "m", "input": "x", "max_output_tokens": 16}

    Fix: Raise the value to at least the minimum in the message.

    Evidence: confirmed. Recorded responses from August and September 2026.
    """


@stated_in_schema()
def integer_above_max_value() -> None:
    """An integer is larger than the API accepts.

    The API rejects the request when the batch runs. The error appears in the
    batch's error file.

    Fails: /v1/images/generations {"model": "gpt-image-2", "prompt": "x", "n": 11}
    Passes: /v1/images/generations {"model": "gpt-image-2", "prompt": "x", "n": 10}

    Fix: Lower the value to at most the maximum in the message.

    Evidence: confirmed. Recorded responses from August and September 2026.
    """


@stated_in_schema()
def decimal_below_min_value() -> None:
    """A number is smaller than the API accepts.

    The API rejects the request when the batch runs. The error appears in the
    batch's error file.

    Fails: /v1/completions {"model": "m", "prompt": "x", "temperature": -0.1}
    Passes: /v1/completions {"model": "m", "prompt": "x", "temperature": 0}

    Fix: Raise the value to at least the minimum in the message.

    Evidence: reported. Users' reports from 2025 with full responses.
    """


@stated_in_schema()
def decimal_above_max_value() -> None:
    """A number is larger than the API accepts.

    The API rejects the request when the batch runs. The error appears in the
    batch's error file.

    Fails: /v1/completions {"model": "m", "prompt": "x", "temperature": 2.1}
    Passes: /v1/completions {"model": "m", "prompt": "x", "temperature": 2}

    Fix: Lower the value to at most the maximum in the message.

    Evidence: reported. Users' reports from 2025 with full responses.
    """


@stated_in_schema()
def missing_content() -> None:
    """A message has no `content`, or `content` is `null`, and no other field replaces it.

    The API rejects the request when the batch runs. The error appears in the
    batch's error file. An assistant message needs no content if it has
    `tool_calls`, `function_call`, `refusal` or `audio`. The API checks this last,
    so it reports any other error in the body first. For developer messages, see
    `missing_required_parameter` and `invalid_type`.

    Fails: /v1/chat/completions {"model": "m", "messages": [{"role": "user", "content":
            null}]}
    Passes: /v1/chat/completions {"model": "m", "messages": [{"role": "user", "content":
            "Hi"}]}

    Fix: Add `content`, or remove the message.

    Evidence: confirmed. Recorded responses from August 2026. The API returns no
    code.
    """


@stated_in_schema(hint="Set `model` to the name of a model, without spaces.")
def model_not_found() -> None:
    """On `/v1/responses`, `model` is an empty string or contains whitespace.

    The API rejects the request when the batch runs. The error appears in the
    batch's error file. Only the API knows which models your organization can use,
    so batchlint doesn't check other names here.

    Fails: /v1/responses {"model": "", "input": "x"}
    Passes: /v1/responses {"model": "gpt-5.4", "input": "x"}

    Fix: Set `model` to the name of a model.

    Evidence: confirmed. Recorded responses from 2026 for an empty name and for a
    name with a space.
    """


@stated_in_schema()
def missing_mutually_exclusive_parameters() -> None:
    """Exactly one of several parameters is required, and none is present.

    The API rejects the request when the batch runs. The error appears in the
    batch's error file. For example, an input image needs either `file_id` or
    `image_url`.

    Fails: /v1/responses {"model": "m", "input": [{"role": "user", "content": [{"type":
            "input_image"}]}]}
    Passes: /v1/responses {"model": "m", "input": [{"role": "user", "content": [{"type":
            "input_image", "file_id": "file-1"}]}]}

    Fix: Add exactly one of the parameters that the message lists.

    Evidence: reported. Public issues from June 2026 quote the API's responses.
    """


@stated_in_schema(hint="Write one request per image.")
def too_many_images() -> None:
    """A moderation request has several images, or a request asks `dall-e-3` for several.

    The API rejects the request when the batch runs. The error appears in the
    batch's error file.

    Fails: /v1/moderations {"model": "omni-moderation-latest", "input": [{"type":
            "image_url", "image_url": {"url": "https://e.com/a.png"}}, {"type":
            "image_url", "image_url": {"url": "https://e.com/b.png"}}]}
    Passes: /v1/moderations {"model": "omni-moderation-latest", "input": [{"type":
            "image_url", "image_url": {"url": "https://e.com/a.png"}}]}

    Fix: Write one request per image.

    Evidence: reported. antiwork/gumroad#4709 (April 2026) quotes the full response for
    moderations. For `dall-e-3`, reports quote the message.
    """


@request_rule(
    when=fields("logit_bias"),
    unless={"properties": {"logit_bias": {"propertyNames": {"pattern": "^[0-9]+$"}}}},
)
def logit_bias_key(request: Request) -> Iterator[Problem]:
    """A key of `logit_bias` is not a token ID.

    Token IDs are non-negative integers. The API rejects the request when the batch
    runs. The error appears in the batch's error file. Only the first such key is
    reported.

    Fails: /v1/completions {"model": "m", "prompt": "x", "logit_bias": {"cat": 5}}
    Passes: /v1/completions {"model": "m", "prompt": "x", "logit_bias": {"9246": 5}}

    Fix: Encode the text with the model's tokenizer and use the resulting numbers as
    keys.

    Evidence: documented. The docstrings of openai-python 3.54.0 describe the keys
    as token IDs. The error message is from a 2023 report. Its code is unknown.
    """
    bias = request.body.get("logit_bias")
    for key in bias if isinstance(bias, dict) else ():
        if not (key.isascii() and key.isdigit()):
            yield problem(
                f"Invalid key in 'logit_bias': {excerpt(key)}. You should only be submitting "
                "non-negative integers.",
                "logit_bias",
                key,
                param="logit_bias",
                hint="Use token IDs as keys. The model's tokenizer encodes words as token IDs.",
            )
            return


#: The number of levels of a filter that the schema's problems are explained for. A level adds two
#: parts to a problem's path.
_MAX_FILTER_LEVELS: Final = 30

#: Matches requests without a filter that contains other filters.
_NO_NESTED_FILTER: Final = {
    "properties": {
        "tools": {"items": {"properties": {"filters": {"not": {"required": ["filters"]}}}}}
    }
}


def _is_nested_too_deeply(condition: Any) -> bool:
    """Return whether a filter has more than `_MAX_FILTER_LEVELS` levels."""
    level = [condition]
    for _ in range(_MAX_FILTER_LEVELS):
        lists = [item.get("filters") for item in level if isinstance(item, dict)]
        level = [item for items in lists if isinstance(items, list) for item in items]
    return bool(level)


@request_rule(fails=None, endpoints=[RESPONSES], when=fields("tools"), unless=_NO_NESTED_FILTER)
def unchecked_filter(request: Request) -> Iterator[Problem]:
    """A file search filter has more than 30 levels, so its inner levels were not checked.

    Fix: Combine the inner conditions, so that the filter has fewer levels. The API may
    accept the filter as it is.

    Evidence: none. The limit is batchlint's own. The API's limit is unknown.
    """
    tools = request.body.get("tools")
    for index, tool in enumerate(tools if isinstance(tools, list) else ()):
        if isinstance(tool, dict) and _is_nested_too_deeply(tool.get("filters")):
            yield problem(
                f"The filter has more than {_MAX_FILTER_LEVELS} levels. Its inner levels were not "
                "checked.",
                "tools",
                index,
                "filters",
                hint="It is unknown whether the API accepts it. Combine the inner conditions, so "
                "that the filter has fewer levels.",
            )
