"""Rules about whole conversations: tool calls, and the word "json" for JSON mode."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

import orjson

from ..findings import Phase, Problem
from ..phrasing import excerpt
from ..providers import CHAT, RESPONSES
from .prompt_size import is_data_url, text_fields
from .registry import Request, problem, request_rule
from .triggers import fields, items

#: The maximum number of IDs that a message lists.
_MAX_IDS_LISTED: Final = 100

#: Fields of messages and items that contain calls or their outputs, each with a schema for the
#: values that trigger no rule.
_CHAT_CALL_FIELDS: Final = {"tool_calls": False, "tool_call_id": False}
_ITEM_CALL_FIELDS: Final = {"type": {"not": {"type": "string", "pattern": "_call"}}}
_ROLES: Final = frozenset({"system", "developer", "user", "assistant", "tool", "function"})


class _Exchange(NamedTuple):
    """An assistant message with tool calls, and the tool messages right after it.

    Attributes:
        assistant: the index of the assistant message; None if no such message precedes the
            tool messages.
        ids: the IDs of its calls.
        answers: the index and the ID of each tool message.
        is_malformed: whether a message is malformed, which the schema reports.
    """

    assistant: int | None
    ids: tuple[str, ...]
    answers: tuple[tuple[int, str], ...]
    is_malformed: bool


@request_rule(endpoints=[CHAT], when=items(_CHAT_CALL_FIELDS))
def unpaired_tool_message(request: Request) -> Iterator[Problem]:
    """The `tool_calls` of an assistant message and the tool messages after it do not match.

    Each tool call needs a tool message with its ID, before the next message with
    another role. Tool messages are not allowed anywhere else. The API rejects the
    request when the batch runs. The error appears in the batch's error file.

    Fails: /v1/chat/completions {"model": "m", "messages": [{"role": "assistant",
            "tool_calls": [{"id": "a", "type": "function", "function": {"name": "f",
            "arguments": "{}"}}]}, {"role": "user", "content": "Hi"}]}
    Passes: /v1/chat/completions {"model": "m", "messages": [{"role": "assistant",
            "tool_calls": [{"id": "a", "type": "function", "function": {"name": "f",
            "arguments": "{}"}}]}, {"role": "tool", "tool_call_id": "a", "content":
            "1"}]}
    Fails: /v1/chat/completions {"model": "m", "messages": [{"role": "tool",
            "tool_call_id": "a", "content": "1"}]}

    Fix: Put the tool messages right after the assistant message that makes the
    calls, or remove the calls and the tool messages.

    Evidence: confirmed. Recorded responses from 2024 to 2026 show the messages
    about missing and unexpected tool messages, without a code. Several reports
    quote the message about a `tool_call_id` that matches no call. If the
    conversation ends with the calls, the param is inferred.
    """
    messages = request.body.get("messages")
    if not isinstance(messages, list) or _is_paired(messages):
        return
    for exchange in _exchanges(messages):
        if not exchange.is_malformed:
            yield from _unpaired(exchange)


@request_rule(endpoints=[CHAT], when=items(_CHAT_CALL_FIELDS))
def duplicate_tool_message(request: Request) -> Iterator[Problem]:
    """Two tool messages answer the same tool call.

    The API rejects the request when the batch runs. The error appears in the batch's
    error file.

    Fails: /v1/chat/completions {"model": "m", "messages": [{"role": "assistant",
            "tool_calls": [{"id": "a", "type": "function", "function": {"name": "f",
            "arguments": "{}"}}]}, {"role": "tool", "tool_call_id": "a", "content":
            "1"}, {"role": "tool", "tool_call_id": "a", "content": "2"}]}
    Passes: /v1/chat/completions {"model": "m", "messages": [{"role": "assistant",
            "tool_calls": [{"id": "a", "type": "function", "function": {"name": "f",
            "arguments": "{}"}}]}, {"role": "tool", "tool_call_id": "a", "content":
            "1"}]}

    Fix: Remove one of the tool messages, or join their contents.

    Evidence: reported. agno-agi/agno#5116 (October 2025) quotes the full error response,
    which has no code. neuron-core/neuron-ai#46 (gpt-4.1-nano, April 2025) and
    anomalyco/opencode#1211 (July 2025) quote the message.
    """
    messages = request.body.get("messages")
    if not isinstance(messages, list) or _is_paired(messages):
        return
    for exchange in _exchanges(messages):
        if exchange.is_malformed:
            continue
        calls = Counter(exchange.ids)
        first: dict[str, int] = {}
        for i, answer in exchange.answers:
            if calls[answer] == 1 and first.setdefault(answer, i) != i:
                yield problem(
                    f"Invalid parameter: Duplicate value for 'tool_call_id' of "
                    f"'{excerpt(answer)}', in messages[{first[answer]}] and messages[{i}].",
                    "messages",
                    i,
                    "tool_call_id",
                    param=f"messages.[{i}].tool_call_id",
                    phase=Phase.LAST,
                    hint="Remove one of the tool messages, or join their contents.",
                )
                break


def _is_paired(messages: Sequence[Any]) -> bool:
    """Return whether all calls and answers match. This quick check suffices for most requests."""
    waiting: set[str] = set()
    try:
        for message in messages:
            if message.get("tool_calls") and message["role"] == "assistant":
                if waiting:
                    return False
                waiting = {call["id"] for call in message["tool_calls"]}
            elif message["role"] == "tool":
                waiting.remove(message["tool_call_id"])
            elif waiting:
                return False
    except (AttributeError, KeyError, TypeError):  # A malformed message, or an unknown call.
        return False
    return not waiting


def _exchanges(messages: Sequence[Any]) -> Iterator[_Exchange]:
    """Split a conversation into its exchanges, in order."""
    assistant: int | None = None
    ids: tuple[str, ...] = ()
    answers: list[tuple[int, str]] = []
    is_malformed = False
    for i, message in enumerate(messages):
        role = _role(message)
        if role == "tool":
            answer = message.get("tool_call_id")
            is_malformed |= not isinstance(answer, str)
            answers.append((i, answer if isinstance(answer, str) else ""))
            continue
        if ids or answers:  # A malformed message here may be a broken tool message.
            yield _Exchange(assistant, ids, tuple(answers), is_malformed or not role)
        assistant = None
        ids = ()
        answers = []
        is_malformed = not role
        calls = message.get("tool_calls") if role == "assistant" else None
        if calls is not None:
            assistant, (ids, is_malformed) = i, _call_ids(calls)
    if ids or answers:
        yield _Exchange(assistant, ids, tuple(answers), is_malformed)


def _role(message: Any) -> str:
    """Return the role of a message, or an empty string for an unknown role."""
    role = message.get("role") if isinstance(message, dict) else None
    return role if isinstance(role, str) and role in _ROLES else ""


def _call_ids(calls: Any) -> tuple[tuple[str, ...], bool]:
    """Return the IDs of tool calls, and whether calls are missing or lack an ID."""
    if not isinstance(calls, list) or not calls:
        return (), True
    ids = [call.get("id") if isinstance(call, dict) else None for call in calls]
    named = tuple(call for call in ids if isinstance(call, str))
    return named, len(named) < len(ids)


def _unpaired(exchange: _Exchange) -> Iterator[Problem]:
    """Report calls without an answer and answers without a call."""
    if exchange.assistant is None:
        for i, _ in exchange.answers:
            yield problem(
                "Invalid parameter: messages with role 'tool' must be a response to a "
                "preceeding message with 'tool_calls'.",
                "messages",
                i,
                "role",
                param=f"messages.[{i}].role",
                phase=Phase.LAST,
                hint="Put it right after the assistant message with the call, or remove it.",
            )
        return
    answered = {answer for _, answer in exchange.answers}
    calls = set(exchange.ids)
    missing = [call for call in exchange.ids if call not in answered]
    strays = [(i, answer) for i, answer in exchange.answers if answer not in calls]
    if missing:
        hint = (
            f"messages[{strays[0][0]}] answers '{excerpt(strays[0][1])}', but no tool call has "
            "this ID."
            if strays
            else "Add a tool message for each call, right after the assistant message."
        )
        yield problem(
            "An assistant message with 'tool_calls' must be followed by tool messages "
            "responding to each 'tool_call_id'. The following tool_call_ids did not have "
            f"response messages: {', '.join(map(excerpt, missing[:_MAX_IDS_LISTED]))}",
            "messages",
            exchange.assistant,
            "tool_calls",
            param=f"messages.[{exchange.assistant + 1}].role",
            phase=Phase.LAST,
            hint=hint,
        )
        return
    for i, answer in strays:
        yield problem(
            f"Invalid parameter: 'tool_call_id' of '{excerpt(answer)}' not found in "
            "'tool_calls' of previous message.",
            "messages",
            i,
            "tool_call_id",
            param=f"messages.[{i}].tool_call_id",
            phase=Phase.LAST,
            hint="Use the ID of a call in the preceding assistant message.",
        )


#: The item types of calls that the client must answer, with the API's names for the calls.
_CALL_NAMES: Final[Mapping[str, str]] = {
    "function_call": "function call",
    "custom_tool_call": "custom tool call",
}
_CALL_NAMES_BY_OUTPUT: Final[Mapping[str, str]] = {
    f"{kind}_output": name for kind, name in _CALL_NAMES.items()
}


@request_rule(endpoints=[RESPONSES], when=items(_ITEM_CALL_FIELDS))
def unpaired_call_output(request: Request) -> Iterator[Problem]:
    """The `input` has a tool call without its output, or an output without its call.

    This applies to function calls and custom tool calls. The call must come before
    its output. Each call must have exactly one output, unless it is asynchronous or a
    program makes it. The API rejects the request when the batch runs. The error appears
    in the batch's error file.

    Nothing is reported if the API may have stored part of the conversation: if the request
    has `previous_response_id`, `conversation` or `prompt`, or if the input contains
    item references or compaction items.

    Fails: /v1/responses {"model": "m", "input": [{"type": "function_call_output",
            "call_id": "a", "output": "1"}]}
    Passes: /v1/responses {"model": "m", "input": [{"type": "function_call", "call_id":
            "a", "name": "f", "arguments": "{}"}, {"type": "function_call_output",
            "call_id": "a", "output": "1"}]}
    Fails: /v1/responses {"model": "m", "input": [{"type": "function_call", "call_id":
            "a", "name": "f", "arguments": "{}"}]}

    Fix: Include both the call and its output, with the call first.

    Evidence: reported. microsoft/vscode#320060 (June 2026) and symgraph/GhidrAssist#78
    (March 2026) quote full error responses, which have no code. openai/codex,
    `context_manager/normalize.rs`, shows that the API also rejects a second output and
    an output before its call.
    """
    if _is_partly_stored(request.body):
        return
    items = list(request.objects("input"))
    kinds = [_kind(item) for _, item in items]
    if "item_reference" in kinds or "compaction" in kinds:
        return
    answered = {
        item.get("call_id")
        for (_, item), kind in zip(items, kinds, strict=True)
        if kind.endswith("_output") and isinstance(item.get("call_id"), str)
    }
    # The number of outputs that the calls with an ID still accept. Several calls may have one ID.
    open_outputs: dict[str, float] = {}
    for (i, item), kind in zip(items, kinds, strict=True):
        call = item.get("call_id", item.get("id") if kind.endswith("_call") else None)
        if not isinstance(call, str):
            continue
        if kind in _CALL_NAMES_BY_OUTPUT:
            if not open_outputs.get(call):
                yield problem(
                    f"No tool call found for {_CALL_NAMES_BY_OUTPUT[kind]} output with call_id "
                    f"{excerpt(call)}.",
                    "input",
                    i,
                    "call_id",
                    param="input",
                    phase=Phase.STATE,
                    hint="Put the call before its output, or remove the output.",
                )
            else:
                open_outputs[call] -= 1
        elif kind.endswith("_call"):
            needs_one = _needs_one_output(item)
            open_outputs[call] = open_outputs.get(call, 0) + (1 if needs_one else math.inf)
            if kind in _CALL_NAMES and needs_one and call not in answered:
                yield problem(
                    f"No tool output found for {_CALL_NAMES[kind]} {excerpt(call)}.",
                    "input",
                    i,
                    param="input",
                    phase=Phase.STATE,
                    hint="Add the output of the call, or remove the call.",
                )


def _kind(item: Mapping[str, Any]) -> str:
    """Return the type of an input item. An ID without a type, role or content is a reference."""
    kind = item.get("type")
    if kind is None and "id" in item and "role" not in item and "content" not in item:
        return "item_reference"
    return kind if isinstance(kind, str) else ""


def _needs_one_output(call: Mapping[str, Any]) -> bool:
    """Return whether a call needs exactly one output. Async calls and program calls do not."""
    return not call.get("async") and call.get("caller") in (None, {"type": "direct"})


def _is_partly_stored(body: Mapping[str, Any]) -> bool:
    """Return whether the API may have stored part of the conversation."""
    return any(
        body.get(parameter) is not None
        for parameter in ("previous_response_id", "conversation", "prompt")
    )


def _has_no_json_mode_conversation(request: Request) -> bool:
    """Return whether the request doesn't use JSON mode, or doesn't contain the conversation."""
    return _json_mode_parameter(request) is None


@request_rule(
    endpoints=[CHAT, RESPONSES],
    when=fields("response_format", "text"),
    unless=_has_no_json_mode_conversation,
)
def json_word_missing(request: Request) -> Iterator[Problem]:
    """The request uses JSON mode, but its conversation does not contain the word "json".

    Case does not matter. The API rejects the request when the batch runs. The error
    appears in the batch's error file.

    Nothing is reported if the word may be somewhere that batchlint cannot see: in an
    attached file, or in a part of the conversation that the API stores. If the word is
    only in `instructions`, see `json_word_only_in_instructions`.

    Fails: /v1/chat/completions {"model": "m", "messages": [{"role": "user", "content":
            "Hi"}], "response_format": {"type": "json_object"}}
    Passes: /v1/chat/completions {"model": "m", "messages": [{"role": "user", "content":
            "Hi. Answer in JSON."}], "response_format": {"type": "json_object"}}
    Fails: /v1/responses {"model": "m", "input": "Hi", "text": {"format": {"type":
            "json_object"}}}
    Passes: /v1/responses {"model": "m", "input": "Hi. Answer in JSON.", "text":
            {"format": {"type": "json_object"}}}

    Fix: Ask for JSON in a message, or use `json_schema` instead of `json_object`.

    Evidence: reported. For chat completions, ultimatejimmy/xray.koplugin#33 (May
    2026) quotes the full error response. For `/v1/responses`, several reports from
    2025 and 2026 quote the error message but not the param, which is inferred. The
    error has no code.
    """
    parameter = _json_mode_parameter(request)
    if (
        parameter is None
        or _mentions(request.body.get(parameter))
        or _mentions(request.body.get("instructions"))
    ):
        return
    yield problem(_JSON_WORD[parameter], parameter, phase=Phase.LAST)


@request_rule(
    fails=None, endpoints=[RESPONSES], when=fields("text"), unless=_has_no_json_mode_conversation
)
def json_word_only_in_instructions(request: Request) -> Iterator[Problem]:
    """The request uses JSON mode, and the word "json" is in `instructions` but not in `input`.

    This is a warning because only one user has reported that the API rejects such a
    request.

    Fails: /v1/responses {"model": "m", "input": "Hi", "instructions": "Answer in
            JSON.", "text": {"format": {"type": "json_object"}}}
    Passes: /v1/responses {"model": "m", "input": "Hi. Answer in JSON.", "text":
            {"format": {"type": "json_object"}}}

    Fix: Ask for JSON in the `input` too.

    Evidence: reported. One report from 2026 quotes the error.
    """
    if (
        _json_mode_parameter(request) == "input"
        and not _mentions(request.body.get("input"))
        and _mentions(request.body.get("instructions"))
    ):
        yield problem(
            _JSON_WORD["input"],
            "input",
            phase=Phase.LAST,
            hint="The API reportedly ignores the word in the instructions. Add it to the input.",
        )


_JSON_WORD: Final[Mapping[str, str]] = {
    "messages": "'messages' must contain the word 'json' in some form, to use 'response_format' of "
    "type 'json_object'.",
    "input": "Response input messages must contain the word 'json' in some form to use "
    "'text.format' of type 'json_object'.",
}


def _json_mode_parameter(request: Request) -> str | None:
    """Return the parameter that contains the conversation of a request in JSON mode.

    Return None for other requests, for an empty conversation, and if the API may have stored part
    of the conversation.
    """
    body = request.body
    if request.endpoint == CHAT:
        parameter = "messages"
        output_format = body.get("response_format")
    elif request.endpoint == RESPONSES and isinstance(body.get("text"), dict):
        parameter = "input"
        output_format = body["text"].get("format")
    else:
        return None
    is_json_mode = isinstance(output_format, dict) and output_format.get("type") == "json_object"
    if not is_json_mode or (parameter == "input" and _is_partly_stored(body)):
        return None
    return parameter if body.get(parameter) else None


#: Types of parts and items whose text is stored elsewhere.
_TYPES_STORED_ELSEWHERE: Final = frozenset({"file", "input_file", "item_reference", "compaction"})

#: Fields that contain URLs. Any other field may be a text that begins with a data URL.
_URL_FIELDS: Final = frozenset({"url", "image_url"})


def _mentions(value: Any) -> bool:
    """Return whether a part of a conversation contains the word "json", or may contain it."""
    todo = [value]
    while todo:
        value = todo.pop()
        if isinstance(value, str):
            if "json" in value.lower():
                return True
        elif isinstance(value, list):
            # Start with the first item: instructions are most likely to contain the word.
            todo += reversed(value)
        elif isinstance(value, dict):
            if _kind(value) in _TYPES_STORED_ELSEWHERE:
                return True
            todo += [inner for key, inner in text_fields(value) if not _is_encoded(key, inner)]
    return False


def _is_encoded(key: str, value: Any) -> bool:
    """Return whether a field is a data URL. In encoded bytes, the word can only occur by chance."""
    return key in _URL_FIELDS and isinstance(value, str) and is_data_url(value)


#: A schema for calls whose arguments are empty, or begin and end like a JSON object.
_JSON_LIKE_CALL: Final = {"properties": {"arguments": {"pattern": r'^(\{"[\s\S]*\})?$'}}}
#: A schema for bodies that contain only such calls.
_ONLY_JSON_LIKE_CALLS: Final = {
    "properties": {
        "input": {"items": _JSON_LIKE_CALL},
        "messages": {
            "items": {
                "properties": {
                    "tool_calls": {"items": {"properties": {"function": _JSON_LIKE_CALL}}}
                }
            }
        },
    }
}


@request_rule(
    fails=None,
    endpoints=[CHAT, RESPONSES],
    when=items({**_CHAT_CALL_FIELDS, **_ITEM_CALL_FIELDS}),
    unless=_ONLY_JSON_LIKE_CALLS,
)
def arguments_not_json(request: Request) -> Iterator[Problem]:
    r"""The `arguments` of a function call in the conversation are not valid JSON.

    This is a warning because it is unknown whether the API rejects them. If it doesn't,
    the model gets the text unchanged.

    batchlint assumes that a string is valid if it is empty, or begins with `{"` and
    ends with `}`.

    Fails: /v1/responses {"model": "m", "input": [{"type": "function_call", "call_id":
            "a", "name": "f", "arguments": "{'x': 1}"}, {"type": "function_call_output",
            "call_id": "a", "output": "1"}]}
    Passes: /v1/responses {"model": "m", "input": [{"type": "function_call", "call_id":
            "a", "name": "f", "arguments": "{\"x\": 1}"}, {"type":
            "function_call_output", "call_id": "a", "output": "1"}]}

    Fix: Serialize the arguments with a JSON library and don't truncate them.

    Evidence: documented. OpenAI's documentation describes the arguments as JSON. It
    is unknown whether OpenAI rejects other strings. Some servers with the same
    interface reject them (vLLM, llama.cpp).
    """
    for path, call in _calls(request):
        text = call.get("arguments") if isinstance(call, dict) else None
        if isinstance(text, str) and not _is_json(text):
            yield problem(
                "The arguments of the call are not valid JSON.",
                *path,
                "arguments",
                hint="Serialize them with a JSON library. It is unknown whether the API rejects this "
                "string.",
            )


def _calls(request: Request) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    """Yield the function calls in a conversation, with their paths."""
    if request.endpoint == RESPONSES:
        for i, item in request.objects("input"):
            if item.get("type") == "function_call":
                yield ("input", i), item
        return
    for i, message in request.objects("messages"):
        calls = message.get("tool_calls")
        for j, call in enumerate(calls if isinstance(calls, list) else ()):
            if isinstance(call, dict):
                yield ("messages", i, "tool_calls", j, "function"), call.get("function")


def _is_json(text: str) -> bool:
    """Return whether a string is JSON or looks like it. An empty one can mean no arguments."""
    if not text or (text.startswith('{"') and text.endswith("}")):
        return True
    try:
        orjson.loads(text)
    except ValueError:
        return False
    return True
