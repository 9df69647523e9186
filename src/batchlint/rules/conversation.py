"""Rules about a conversation as a whole: calls and their answers, and the word that JSON mode asks for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

import orjson

from ..findings import Phase, Problem
from ..phrasing import excerpt
from ..providers import CHAT, RESPONSES
from .registry import Request, problem, request_rule
from .triggers import fields, items

#: How many ids a sentence names.
_NAMED: Final = 100

#: What tells that a conversation has calls, or answers to them: of messages, and of items.
_CHAT_MARKS: Final = {"tool_calls": False, "tool_call_id": False}
_ITEM_MARKS: Final = {"type": {"not": {"type": "string", "pattern": "_call"}}}
_ROLES: Final = frozenset({"system", "developer", "user", "assistant", "tool", "function"})


class _Exchange(NamedTuple):
    """An assistant message with tool calls, and the tool messages right after it.

    Attributes:
        asked: the place of the assistant message; None for tool messages that follow no such message.
        ids: of its calls.
        answers: the places and ids of the tool messages.
        broken: a message of it is malformed, and the schema says so.
    """

    asked: int | None
    ids: tuple[str, ...]
    answers: tuple[tuple[int, str], ...]
    broken: bool


@request_rule(endpoints=[CHAT], when=items(_CHAT_MARKS))
def unpaired_tool_message(request: Request) -> Iterator[Problem]:
    """The tool calls of an assistant message and the tool messages after it do not answer each other.

    Each call of an assistant message needs a tool message with its id, before any other message
    comes; and a tool message has its place only there.

    Fails: /v1/chat/completions {"model": "m", "messages": [{"role": "assistant", "tool_calls": [{"id": "a", "type": "function", "function": {"name": "f", "arguments": "{}"}}]}, {"role": "user", "content": "Hi"}]}
    Passes: /v1/chat/completions {"model": "m", "messages": [{"role": "assistant", "tool_calls": [{"id": "a", "type": "function", "function": {"name": "f", "arguments": "{}"}}]}, {"role": "tool", "tool_call_id": "a", "content": "1"}]}
    Fails: /v1/chat/completions {"model": "m", "messages": [{"role": "tool", "tool_call_id": "a", "content": "1"}]}

    To do: put the answers right after the calls, or leave out both.

    Source: recorded answers of 2024 to 2026 for the first two sentences, without a code; the third,
    of a message whose id was not asked for, from several reports.  That the first sentence's param
    names the message after the calls is inferred, even where none is there.
    """
    messages = request.body.get("messages")
    if not isinstance(messages, list) or _is_paired(messages):
        return
    for exchange in _exchanges(messages):
        if not exchange.broken:
            yield from _unpaired(exchange)


def _is_paired(messages: Sequence[Any]) -> bool:
    """Whether each call has its answer and each answer its call, in one quick look: most conversations are right."""
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
    except (AttributeError, KeyError, TypeError):  # malformed, or not awaited
        return False
    return not waiting


def _exchanges(messages: Sequence[Any]) -> Iterator[_Exchange]:
    """The exchanges of a conversation, in order."""
    asked: int | None = None
    ids: tuple[str, ...] = ()
    answers: list[tuple[int, str]] = []
    broken = False
    for i, message in enumerate(messages):
        role = _role(message)
        if role == "tool":
            answer = message.get("tool_call_id")
            broken |= not isinstance(answer, str)
            answers.append((i, answer if isinstance(answer, str) else ""))
            continue
        if ids or answers:  # what stands in the place of a tool message may have been meant for one
            yield _Exchange(asked, ids, tuple(answers), broken or not role)
        asked, ids, answers, broken = None, (), [], not role
        calls = message.get("tool_calls") if role == "assistant" else None
        if calls is not None:
            asked, (ids, broken) = i, _call_ids(calls)
    if ids or answers:
        yield _Exchange(asked, ids, tuple(answers), broken)


def _role(message: Any) -> str:
    """The role of a message; empty if it has none that the API knows."""
    role = message.get("role") if isinstance(message, dict) else None
    return role if isinstance(role, str) and role in _ROLES else ""


def _call_ids(calls: Any) -> tuple[tuple[str, ...], bool]:
    """The ids of tool calls, and whether any has none."""
    if not isinstance(calls, list) or not calls:
        return (), True
    ids = [call.get("id") if isinstance(call, dict) else None for call in calls]
    named = tuple(call for call in ids if isinstance(call, str))
    return named, len(named) < len(ids)


def _unpaired(exchange: _Exchange) -> Iterator[Problem]:
    if exchange.asked is None:
        for i, _ in exchange.answers:
            yield problem(
                "Invalid parameter: messages with role 'tool' must be a response to a preceeding message "
                "with 'tool_calls'.",
                "messages",
                i,
                "role",
                param=f"messages.[{i}].role",
                phase=Phase.LAST,
            )
        return
    answered = {answer for _, answer in exchange.answers}
    asked = set(exchange.ids)
    missing = [call for call in exchange.ids if call not in answered]
    strays = [(i, answer) for i, answer in exchange.answers if answer not in asked]
    if missing:
        hint = (
            f"messages[{strays[0][0]}] answers '{excerpt(strays[0][1])}', which was not asked."
            if strays
            else None
        )
        yield problem(
            "An assistant message with 'tool_calls' must be followed by tool messages responding to each "
            "'tool_call_id'. The following tool_call_ids did not have response messages: "
            f"{', '.join(map(excerpt, missing[:_NAMED]))}",
            "messages",
            exchange.asked,
            "tool_calls",
            param=f"messages.[{exchange.asked + 1}].role",
            phase=Phase.LAST,
            hint=hint,
        )
        return
    for i, answer in strays:
        yield problem(
            f"Invalid parameter: 'tool_call_id' of '{excerpt(answer)}' not found in 'tool_calls' of previous "
            "message.",
            "messages",
            i,
            "tool_call_id",
            param=f"messages.[{i}].tool_call_id",
            phase=Phase.LAST,
        )


#: The calls that a client answers, by the type of the item, and how the API names them.
_CALLS: Final[Mapping[str, str]] = {
    "function_call": "function call",
    "custom_tool_call": "custom tool call",
}
_OUTPUTS: Final[Mapping[str, str]] = {f"{kind}_output": name for kind, name in _CALLS.items()}


@request_rule(endpoints=[RESPONSES], when=items(_ITEM_MARKS))
def unpaired_call_output(request: Request) -> Iterator[Problem]:
    """A function's call and its output are not both in the input.

    The API looks for the call of an output among the items before it, and for the output of a call
    anywhere; a call has one output.  Nothing is said if part of the conversation lies with the API:
    with `previous_response_id`, `conversation`, `prompt`, or references and compactions among the items.

    Fails: /v1/responses {"model": "m", "input": [{"type": "function_call_output", "call_id": "a", "output": "1"}]}
    Passes: /v1/responses {"model": "m", "input": [{"type": "function_call", "call_id": "a", "name": "f", "arguments": "{}"}, {"type": "function_call_output", "call_id": "a", "output": "1"}]}
    Fails: /v1/responses {"model": "m", "input": [{"type": "function_call", "call_id": "a", "name": "f", "arguments": "{}"}]}

    To do: put both in, the call first.

    Source: microsoft/vscode#320060 (June 2026) and symgraph/GhidrAssist#78 (March 2026), with full
    answers; that a second output and one before its call are refused too, openai/codex,
    `context_manager/normalize.rs`.  The answers have no code.
    """
    if _remembers(request.body):
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
    waiting: dict[str, bool] = {}
    for (i, item), kind in zip(items, kinds, strict=True):
        call = item.get("call_id", item.get("id") if kind.endswith("_call") else None)
        if not isinstance(call, str):
            continue
        if kind in _OUTPUTS:
            if call not in waiting:
                yield problem(
                    f"No tool call found for {_OUTPUTS[kind]} output with call_id {excerpt(call)}.",
                    "input",
                    i,
                    "call_id",
                    param="input",
                    phase=Phase.STATE,
                )
            elif waiting[call]:
                del waiting[call]
        elif kind.endswith("_call"):
            waiting[call] = _answered_once(item)
            if kind in _CALLS and waiting[call] and call not in answered:
                yield problem(
                    f"No tool output found for {_CALLS[kind]} {excerpt(call)}.",
                    "input",
                    i,
                    param="input",
                    phase=Phase.STATE,
                )


def _kind(item: Mapping[str, Any]) -> str:
    """The type of an input item; one that has nothing but an id is a reference."""
    kind = item.get("type")
    if kind is None and "id" in item and "role" not in item and "content" not in item:
        return "item_reference"
    return kind if isinstance(kind, str) else ""


def _answered_once(call: Mapping[str, Any]) -> bool:
    """Whether a call has exactly one output: not so if it runs on its own, or a program made it."""
    return not call.get("async") and call.get("caller") in (None, {"type": "direct"})


def _remembers(body: Mapping[str, Any]) -> bool:
    """Whether a part of the conversation is not in the request."""
    return any(
        body.get(member) is not None
        for member in ("previous_response_id", "conversation", "prompt")
    )


def _not_in_json_mode(request: Request) -> bool:
    """Whether the request is not for JSON mode, or a part of its conversation lies elsewhere."""
    return _json_mode(request) is None


@request_rule(
    endpoints=[CHAT, RESPONSES], when=fields("response_format", "text"), unless=_not_in_json_mode
)
def json_word_missing(request: Request) -> Iterator[Problem]:
    """JSON mode is asked for, and the conversation does not have the word "json".

    Upper and lower case count alike.

    Fails: /v1/chat/completions {"model": "m", "messages": [{"role": "user", "content": "Hi"}], "response_format": {"type": "json_object"}}
    Passes: /v1/chat/completions {"model": "m", "messages": [{"role": "user", "content": "Hi. Answer in JSON."}], "response_format": {"type": "json_object"}}
    Fails: /v1/responses {"model": "m", "input": "Hi", "text": {"format": {"type": "json_object"}}}
    Passes: /v1/responses {"model": "m", "input": "Hi. Answer in JSON.", "text": {"format": {"type": "json_object"}}}

    To do: ask for JSON in a message, or use `json_schema`.

    Source: ultimatejimmy/xray.koplugin#33 (May 2026), with the full answer, for chat; several reports
    of 2025 and 2026 for /v1/responses, whose param was not quoted and is inferred.  The answers have no code.  What
    a file says is not looked at: with one, nothing is reported.
    """
    member = _json_mode(request)
    if (
        member is None
        or _mentions(request.body.get(member))
        or _mentions(request.body.get("instructions"))
    ):
        return
    yield problem(_JSON_WORD[member], member, phase=Phase.LAST)


@request_rule(fails=None, endpoints=[RESPONSES], when=fields("text"), unless=_not_in_json_mode)
def json_word_only_in_instructions(request: Request) -> Iterator[Problem]:
    """JSON mode is asked for, and the word "json" is in the instructions, but not in the input.

    Fails: /v1/responses {"model": "m", "input": "Hi", "instructions": "Answer in JSON.", "text": {"format": {"type": "json_object"}}}
    Passes: /v1/responses {"model": "m", "input": "Hi. Answer in JSON.", "text": {"format": {"type": "json_object"}}}

    To do: say it in the input too.

    Source: one report of 2026, in which the API refused such a request.
    """
    if (
        _json_mode(request) == "input"
        and not _mentions(request.body.get("input"))
        and _mentions(request.body.get("instructions"))
    ):
        yield problem(
            _JSON_WORD["input"],
            "input",
            phase=Phase.LAST,
            hint="The word is in the instructions, where the API was reported not to look.",
        )


_JSON_WORD: Final[Mapping[str, str]] = {
    "messages": "'messages' must contain the word 'json' in some form, to use 'response_format' of type 'json_object'.",
    "input": "Response input messages must contain the word 'json' in some form to use 'text.format' of type "
    "'json_object'.",
}


def _json_mode(request: Request) -> str | None:
    """The member with the conversation, if the request is for JSON mode and the conversation is all there."""
    body = request.body
    if request.endpoint == CHAT:
        member, form = "messages", body.get("response_format")
    elif (
        request.endpoint == RESPONSES
        and isinstance(body.get("text"), dict)
        and not _remembers(body)
    ):
        member, form = "input", body["text"].get("format")
    else:
        return None
    asked = isinstance(form, dict) and form.get("type") == "json_object"
    return member if asked and body.get(member) else None


#: Members that hold bytes, in which the word would be there only by chance.
_BYTES: Final = frozenset({"data", "file_data", "encrypted_content"})
#: Types of parts and items whose words are not in the request.
_ELSEWHERE: Final = frozenset({"file", "input_file", "item_reference", "compaction"})


def _mentions(value: Any) -> bool:
    """Whether the word is, or may be, in a part of a conversation."""
    todo = [value]
    while todo:
        value = todo.pop()
        if isinstance(value, str):
            if not value.startswith("data:") and "json" in value.lower():
                return True
        elif isinstance(value, list):
            todo += reversed(value)  # instructions come first, and are most likely to have it
        elif isinstance(value, dict):
            if _kind(value) in _ELSEWHERE:
                return True
            todo += [inner for key, inner in value.items() if key not in _BYTES]
    return False


#: Bodies in which what calls are given begins and ends like an object.
_LIKE_JSON: Final = {"properties": {"arguments": {"pattern": r'^(\{"[\s\S]*\})?$'}}}
_ALL_LIKE_JSON: Final = {
    "properties": {
        "input": {"items": _LIKE_JSON},
        "messages": {
            "items": {
                "properties": {"tool_calls": {"items": {"properties": {"function": _LIKE_JSON}}}}
            }
        },
    }
}


@request_rule(
    fails=None,
    endpoints=[CHAT, RESPONSES],
    when=items({**_CHAT_MARKS, **_ITEM_MARKS}),
    unless=_ALL_LIKE_JSON,
)
def arguments_not_json(request: Request) -> Iterator[Problem]:
    r"""The arguments of a call in the conversation are no JSON.

    Fails: /v1/responses {"model": "m", "input": [{"type": "function_call", "call_id": "a", "name": "f", "arguments": "{'x': 1}"}, {"type": "function_call_output", "call_id": "a", "output": "1"}]}
    Passes: /v1/responses {"model": "m", "input": [{"type": "function_call", "call_id": "a", "name": "f", "arguments": "{\"x\": 1}"}, {"type": "function_call_output", "call_id": "a", "output": "1"}]}

    To do: serialise them with a JSON library, and cut them nowhere.

    What begins and ends like an object is not looked into.

    Source: the documentation calls them JSON.  That OpenAI refuses others has not been reported; other
    servers of the same interface do (vLLM, llama.cpp).
    """
    for path, call in _calls(request):
        text = call.get("arguments") if isinstance(call, dict) else None
        if isinstance(text, str) and not _is_json(text):
            yield problem(
                "The arguments of the call are not JSON.",
                *path,
                "arguments",
                hint="Whether the API refuses that is not known; the model will see it as it is.",
            )


def _calls(request: Request) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    """The calls of functions in a conversation, with their places."""
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
    """Whether a text is, or looks like, JSON; an empty one may stand for no arguments."""
    if not text or (text.startswith('{"') and text.endswith("}")):
        return True
    try:
        orjson.loads(text)
    except ValueError:
        return False
    return True
