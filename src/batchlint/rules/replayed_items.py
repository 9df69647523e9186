"""Rules about output items of /v1/responses that a request sends back in `input`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from ..findings import Phase, Problem
from ..phrasing import excerpt
from ..providers import RESPONSES
from .registry import Request, problem, request_rule
from .triggers import items

#: The maximum number of characters in an ID.
_MAX_LENGTH: Final = 64

#: ID prefixes by item type. For these types, the API rejects other prefixes. Evidence: many reports
#: for `fc`, `msg` and `rs`, four for `ctc` (such as can1357/oh-my-pi#977, May 2026), and one from
#: 2026 for `ws`.
_REQUIRED_PREFIXES: Final = {
    "custom_tool_call": "ctc",
    "function_call": "fc",
    "message": "msg",
    "reasoning": "rs",
    "web_search_call": "ws",
}

#: ID prefixes that the API uses for other item types. Evidence: recorded responses, 2025 and 2026.
_USUAL_PREFIXES: Final = {
    "apply_patch_call": "apc",
    "code_interpreter_call": "ci",
    "compaction": "cmp",
    "computer_call": "cu",
    "file_search_call": "fs",
    "image_generation_call": "ig",
    "mcp_approval_request": "mcpr",
    "mcp_call": "mcp",
    "mcp_list_tools": "mcpl",
    "tool_search_call": "tsc",
    "tool_search_output": "tso",
}

#: IDs that examples use as placeholders.
_PLACEHOLDER: Final = r"item_\d{1,3}"

_SEND_ORIGINAL_ID: Final = "Send the ID that the API returned, or omit `id`."

_HAS_ID: Final = items({"id": {"type": "null"}})
_HAS_REASONING: Final = items({"type": {"not": {"const": "reasoning"}}})
_HAS_TRIGGER: Final = items({"type": {"not": {"const": "compaction_trigger"}}})


class _ItemId(NamedTuple):
    """The ID of an input item.

    Attributes:
        position: the index of the item.
        type: the item's type. Items without a type are messages or references.
        text: the ID.
    """

    position: int
    type: str
    text: str

    @property
    def has_valid_characters(self) -> bool:
        """Whether the API accepts all characters of the ID."""
        return re.fullmatch("[A-Za-z0-9_-]+", self.text) is not None

    def has_prefix(self, prefix: str) -> bool:
        """Return whether the ID begins with a prefix. Placeholders match every prefix."""
        return self.text.startswith(prefix) or re.fullmatch(_PLACEHOLDER, self.text) is not None


def _item_ids(request: Request) -> Iterator[_ItemId]:
    """Yield the IDs of all items that have one."""
    for index, item in request.objects("input"):
        text = item.get("id")
        if isinstance(text, str):
            kind = item.get("type") or ("message" if "role" in item else "item_reference")
            yield _ItemId(index, kind if isinstance(kind, str) else "", text)


@request_rule(code="invalid_value", endpoints=[RESPONSES], when=_HAS_ID)
def invalid_item_id(request: Request) -> Iterator[Problem]:
    """The ID of an input item has invalid characters or the wrong prefix.

    An ID consists of letters, digits, underscores and dashes. Its prefix depends on the
    item's type: `msg` for messages, `rs` for reasoning, `fc` for function calls,
    `ctc` for custom tool calls, `ws` for web searches. The ID of a call (`call_...`)
    belongs in `call_id`. Placeholders from examples, such as `item_1`, are not
    reported.

    The API rejects the request when the batch runs. The error appears in the
    batch's error file.

    Fails: /v1/responses {"model": "m", "input": [{"type": "message", "id": "1", "role":
            "assistant", "content": "Hi"}, {"role": "user", "content": "x"}]}
    Passes: /v1/responses {"model": "m", "input": [{"type": "message", "id": "msg_1",
            "role": "assistant", "content": "Hi"}, {"role": "user", "content": "x"}]}

    Fix: Send the ID that the API returned, or omit `id`.

    Evidence: reported. langchain-ai/langchainjs#11044 (2026) quotes the message
    about the characters. openai/codex#33176 (July 2026), mastra-ai/mastra#10815
    (December 2025) and many others quote the message about the prefixes, with its
    code and param.
    """
    for item_id in _item_ids(request):
        index, kind, text = item_id
        prefix = _REQUIRED_PREFIXES.get(kind, "")
        if len(text) > _MAX_LENGTH:
            continue  # `item_id_too_long` reports it.
        if not item_id.has_valid_characters:
            yield problem(
                f"Invalid 'input[{index}].id': '{excerpt(text)}'. Expected an ID that contains "
                "letters, numbers, underscores, or dashes, but this value contained additional "
                "characters.",
                "input",
                index,
                "id",
                hint=_SEND_ORIGINAL_ID if text else "The ID is empty. Omit `id`.",
            )
        elif not item_id.has_prefix(prefix):
            is_call = text.startswith("call_")
            yield _wrong_prefix(
                item_id,
                prefix,
                "This is the ID of a call. Put it in `call_id`, and omit `id`."
                if is_call
                else _SEND_ORIGINAL_ID,
            )


@request_rule(fails=None, endpoints=[RESPONSES], when=_HAS_ID)
def doubtful_item_id(request: Request) -> Iterator[Problem]:
    """The ID of an input item lacks the prefix that the API uses for such items.

    The API rejects wrong prefixes for the types that `invalid_item_id` lists. This
    is a warning because it is unknown whether it rejects them for other types.

    Fails: /v1/responses {"model": "m", "input": [{"type": "image_generation_call",
            "id": "call_1"}, {"role": "user", "content": "x"}]}
    Passes: /v1/responses {"model": "m", "input": [{"type": "image_generation_call",
            "id": "ig_1"}, {"role": "user", "content": "x"}]}

    Fix: Send the ID that the API returned.

    Evidence: inferred. The prefixes are from IDs in recorded responses from 2025 and
    2026.
    """
    for item_id in _item_ids(request):
        prefix = _USUAL_PREFIXES.get(item_id.type, "")
        if item_id.has_valid_characters and not item_id.has_prefix(prefix):
            hint = "The API uses this prefix for items of this type. It may reject others."
            yield _wrong_prefix(item_id, prefix, hint)


def _wrong_prefix(item_id: _ItemId, prefix: str, hint: str) -> Problem:
    return problem(
        f"Invalid 'input[{item_id.position}].id': '{excerpt(item_id.text)}'. Expected an ID that "
        f"begins with '{prefix}'.",
        "input",
        item_id.position,
        "id",
        hint=hint,
    )


@request_rule(code="string_above_max_length", endpoints=[RESPONSES], when=_HAS_ID)
def item_id_too_long(request: Request) -> Iterator[Problem]:
    """The ID of an input item has more than 64 characters.

    The API rejects the request when the batch runs. The error appears in the
    batch's error file.

    Fails: /v1/responses {"model": "m", "input": [{"role": "assistant", "content": "Hi",
            "id": "msg_5678901234567890123456789012345678901234567890123456789012345"},
            {"role": "user", "content": "x"}]}
    Passes: /v1/responses {"model": "m", "input": [{"role": "assistant", "content":
            "Hi", "id": "msg_1"}, {"role": "user", "content": "x"}]}

    Fix: Send the ID that the API returned, or omit `id`.

    Evidence: reported. Reports from 2026 about proxies that lengthen IDs. No ID in
    the recorded requests that the API accepted has more than 64 characters.
    """
    for index, _, text in _item_ids(request):
        if len(text) > _MAX_LENGTH:
            yield problem(
                f"Invalid 'input[{index}].id': string too long. Expected a string with maximum "
                f"length {_MAX_LENGTH}, but got a string with length {len(text)} instead.",
                "input",
                index,
                "id",
                hint=_SEND_ORIGINAL_ID,
            )


@request_rule(endpoints=[RESPONSES], when=_HAS_ID)
def duplicate_item(request: Request) -> Iterator[Problem]:
    """Two input items have the same ID.

    The API rejects the request when the batch runs. The error appears in the
    batch's error file.

    Fails: /v1/responses {"model": "m", "input": [{"role": "assistant", "content": "a",
            "id": "msg_1"}, {"role": "assistant", "content": "b", "id": "msg_1"},
            {"role": "user", "content": "x"}]}
    Passes: /v1/responses {"model": "m", "input": [{"role": "assistant", "content": "a",
            "id": "msg_1"}, {"role": "assistant", "content": "b", "id": "msg_2"},
            {"role": "user", "content": "x"}]}

    Fix: Send each item only once. Omit IDs that the API did not create.

    Evidence: reported. continuedev/continue#10723 and #10200 (February 2026) and
    six other reports quote the error, which has a param but no code.
    """
    seen: set[str] = set()
    for index, _, text in _item_ids(request):
        if text in seen:
            yield problem(
                f"Duplicate item found with id {excerpt(text)}. Remove duplicate items from your "
                "input and try again.",
                "input",
                index,
                "id",
                param="input",
                phase=Phase.STATE,
            )
        seen.add(text)


@request_rule(endpoints=[RESPONSES], when=_HAS_REASONING)
def reasoning_without_item(request: Request) -> Iterator[Problem]:
    """A reasoning item with an ID is not followed by the item that the model produced next.

    The API rejects the request if these two items are separated. The error appears
    in the batch's error file. batchlint reports a reasoning item that is last, or
    that is followed by an item that the model cannot have produced next: a message
    or tool output from the client, or an assistant message without its ID. Nothing is
    reported if `store` is false and the item has `encrypted_content`, because the API
    then accepts the item anywhere.

    Fails: /v1/responses {"model": "m", "input": [{"role": "user", "content": "x"},
            {"type": "reasoning", "id": "rs_1", "summary": []}]}
    Passes: /v1/responses {"model": "m", "input": [{"role": "user", "content": "x"},
            {"type": "reasoning", "id": "rs_1", "summary": []}, {"role": "assistant",
            "content": "y", "id": "msg_1"}, {"role": "user", "content": "z"}]}
    Fails: /v1/responses {"model": "m", "input": [{"type": "reasoning", "id": "rs_1",
            "summary": []}, {"role": "assistant", "content": "y"}, {"role": "user",
            "content": "z"}]}

    Fix: After the reasoning item, send the item that the model produced next, with
    its ID. Alternatively, omit the reasoning item.

    Evidence: confirmed. A recorded response to an assistant message without its ID
    (pydantic/pydantic-ai, September 2025), with a param but no code. Reports:
    continuedev/continue#8933, openai/openai-node#1567 and #1791, vercel/ai#7099. In 135
    recorded requests that the API accepted, reasoning is sometimes followed by a call
    without its ID, but never by a message without one. The exceptions are three
    recorded requests with `store` set to false and with `encrypted_content`
    (langchain-openai 1.7.4, October 2025 and August 2026). For such requests, a
    report from September 2026 says that reasoning may also be last or before a user
    message.
    """
    body_input = request.body.get("input")
    last = len(body_input) - 1 if isinstance(body_input, list) else -1
    objects = dict(request.objects("input"))
    is_stateless = request.body.get("store") is False
    for index, item in objects.items():
        if item.get("type") != "reasoning" or not str(item.get("id")).startswith("rs"):
            continue
        if is_stateless and isinstance(item.get("encrypted_content"), str):
            continue
        if index == last or _cannot_follow_reasoning(objects.get(index + 1, {})):
            yield problem(
                f"Item '{excerpt(item['id'])}' of type 'reasoning' was provided without its "
                "required following item.",
                "input",
                index,
                param="input",
                phase=Phase.STATE,
                hint="Send the item that the model produced next, with its ID, or omit the reasoning "
                "item.",
            )


def _cannot_follow_reasoning(item: dict[str, Any]) -> bool:
    """Return whether an item is from the client, or is an assistant message without its ID."""
    kind = item.get("type", "message")
    role = item.get("role")
    if kind == "message":
        return role in ("user", "system", "developer") or (
            role == "assistant" and item.get("id") is None
        )
    return kind in ("function_call_output", "custom_tool_call_output")


@request_rule(endpoints=[RESPONSES], when=_HAS_TRIGGER)
def misplaced_compaction_trigger(request: Request) -> Iterator[Problem]:
    """A `compaction_trigger` item is not the last item of the input, or is repeated.

    The API rejects the request when the batch runs. The error appears in the
    batch's error file.

    Fails: /v1/responses {"model": "m", "input": [{"type": "compaction_trigger"},
            {"role": "user", "content": "x"}]}
    Passes: /v1/responses {"model": "m", "input": [{"role": "user", "content": "x"},
            {"type": "compaction_trigger"}]}

    Fix: Move the item to the end of `input`. Send only one.

    Evidence: reported. router-for-me/CLIProxyAPI#4148 (July 2026),
    Wei-Shaw/sub2api#6366 and james-6-23/codex2api#546 (August 2026) quote the message
    about the position. The message about repeated items and the param are from tests of
    public projects. The code is unknown.
    """
    triggers = [
        index
        for index, item in request.objects("input")
        if item.get("type") == "compaction_trigger"
    ]
    if not triggers:
        return
    if len(triggers) > 1:
        message = "Only one 'compaction_trigger' item may be provided."
    elif triggers[0] != len(request.body["input"]) - 1:
        message = "The 'compaction_trigger' item must be the final input item."
    else:
        return
    yield problem(
        message,
        "input",
        triggers[0],
        param="input",
        phase=Phase.STATE,
        hint="Move the item to the end of `input`, and send only one.",
    )
