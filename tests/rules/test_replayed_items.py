"""The rules of `rules/replayed_items.py`, and what a schema states about replayed items."""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest
from hypothesis import strategies as st

from batchlint import BatchError, check_request
from batchlint.rules import replayed_items
from rules.helpers import each, invalid_data_test
from support import request

RESPONSES = "/v1/responses"
USER = {"role": "user", "content": "x"}
OUTPUT = {"type": "function_call_output", "call_id": "call_1", "output": "1"}
MESSAGE = {
    "type": "message",
    "id": "msg_1",
    "role": "assistant",
    "status": "completed",
    "content": [{"type": "output_text", "text": "x", "annotations": [], "logprobs": []}],
}


def findings(*items: dict[str, Any]) -> list[BatchError]:
    """Check a request with these items between two user messages, and return the findings."""
    return check_request(request(url=RESPONSES, input=[USER, *items, USER]))


def reasoning(**fields: Any) -> dict[str, Any]:
    return {"type": "reasoning", "summary": [], **fields}


def call(**fields: Any) -> dict[str, Any]:
    return {"type": "function_call", "call_id": "call_1", "name": "f", "arguments": "{}", **fields}


class ApiItems(NamedTuple):
    """Items as the API returns them in `output`."""

    name: str
    items: list[dict[str, Any]]


@each(
    [
        ApiItems(
            "reasoning without an id",
            [reasoning(encrypted_content="gAAA", content=None), MESSAGE],
        ),
        ApiItems("reasoning with empty content", [reasoning(id="rs_1", content=[]), MESSAGE]),
        ApiItems("call with a status", [call(id="fc_1", status="completed"), OUTPUT]),
        ApiItems(
            "custom call with a status",
            [
                {
                    "type": "custom_tool_call",
                    "id": "ctc_1",
                    "call_id": "call_1",
                    "name": "f",
                    "input": "x",
                    "status": "completed",
                },
                {"type": "custom_tool_call_output", "call_id": "call_1", "output": "x"},
            ],
        ),
        ApiItems("image", [{"type": "image_generation_call", "id": "ig_1"}, MESSAGE]),
        ApiItems(
            "web search",
            [
                {
                    "type": "web_search_call",
                    "id": "ws_1",
                    "status": "completed",
                    "action": {
                        "type": "search",
                        "query": "x",
                        "sources": [
                            {"type": "api", "name": "weather"},
                            {"type": "url", "url": "https://example.com"},
                        ],
                    },
                }
            ],
        ),
        ApiItems(
            "web search without an action",
            [{"type": "web_search_call", "id": "ws_1", "status": "completed"}],
        ),
        ApiItems(
            "web search without an id",
            [
                {
                    "type": "web_search_call",
                    "status": "completed",
                    "action": {"type": "search", "query": "x"},
                }
            ],
        ),
        ApiItems(
            "file search",
            [
                {
                    "type": "file_search_call",
                    "id": "fs_1",
                    "queries": ["x"],
                    "status": "completed",
                    "results": [
                        {
                            "file_id": "file-1",
                            "filename": "a.txt",
                            "score": 0.5,
                            "text": "x",
                            "vector_store_id": "vs_1",
                            "attributes": {},
                        }
                    ],
                }
            ],
        ),
        ApiItems(
            "code interpreter without outputs",
            [
                {
                    "type": "code_interpreter_call",
                    "id": "ci_1",
                    "code": "1",
                    "container_id": "cntr_1",
                    "status": "completed",
                }
            ],
        ),
        ApiItems(
            "computer call",
            [
                {
                    "type": "computer_call",
                    "id": "cu_1",
                    "call_id": "call_1",
                    "status": "completed",
                    "action": {"type": "screenshot"},
                }
            ],
        ),
        ApiItems(
            "text with a cache breakpoint",
            [
                {
                    "role": "assistant",
                    "content": [
                        {
                            "type": "output_text",
                            "text": "x",
                            "prompt_cache_breakpoint": {"mode": "explicit"},
                        }
                    ],
                }
            ],
        ),
        ApiItems("id from the examples", [{**MESSAGE, "id": "item_1"}]),
    ]
)
def test_items_that_the_api_writes_pass(case: ApiItems) -> None:
    assert findings(*case.items) == []


LOCAL_SHELL_CALL = {
    "type": "local_shell_call",
    "id": "lsh_1",
    "call_id": "call_1",
    "action": {"type": "exec", "command": ["ls"], "env": {}},
}


@pytest.mark.parametrize("key", ["id", "call_id"])
def test_output_of_a_local_shell_names_the_call(key: str) -> None:
    output = {"type": "local_shell_call_output", key: "call_1", "output": "x"}

    assert findings(LOCAL_SHELL_CALL, output) == []


def test_output_of_a_local_shell_without_a_call() -> None:
    (error,) = findings(LOCAL_SHELL_CALL, {"type": "local_shell_call_output", "output": "x"})

    assert error.message == "Missing required parameter: 'input[2].call_id'."


class RejectedItems(NamedTuple):
    """Items with one error. If the API's code is unknown, the code is the rule's name."""

    name: str
    items: list[dict[str, Any]]
    code: str
    param: str
    message: str


@each(
    [
        RejectedItems(
            "call id prefix",
            [call(id="call_1"), OUTPUT],
            "invalid_value",
            "input[1].id",
            "Invalid 'input[1].id': 'call_1'. Expected an ID that begins with 'fc'.",
        ),
        RejectedItems(
            "message id prefix",
            [{**MESSAGE, "id": "019f629b-43ee"}],
            "invalid_value",
            "input[1].id",
            "Invalid 'input[1].id': '019f629b-43ee'. Expected an ID that begins with 'msg'.",
        ),
        RejectedItems(
            "id prefix of a message without a type",
            [{"role": "assistant", "content": "x", "id": "rs_1"}],
            "invalid_value",
            "input[1].id",
            "Invalid 'input[1].id': 'rs_1'. Expected an ID that begins with 'msg'.",
        ),
        RejectedItems(
            "reasoning id prefix",
            [reasoning(id="item_df7e40"), MESSAGE],
            "invalid_value",
            "input[1].id",
            "Invalid 'input[1].id': 'item_df7e40'. Expected an ID that begins with 'rs'.",
        ),
        RejectedItems(
            "empty id",
            [call(id=""), OUTPUT],
            "invalid_value",
            "input[1].id",
            "Invalid 'input[1].id': ''. Expected an ID that contains letters, numbers, underscores,"
            " or dashes, but this value contained additional characters.",
        ),
        RejectedItems(
            "other characters",
            [{**MESSAGE, "id": "msg:1"}],
            "invalid_value",
            "input[1].id",
            "Invalid 'input[1].id': 'msg:1'. Expected an ID that contains letters, numbers,"
            " underscores, or dashes, but this value contained additional characters.",
        ),
        RejectedItems(
            "long id",
            [{**MESSAGE, "id": "msg_" + "a" * 61}],
            "string_above_max_length",
            "input[1].id",
            "Invalid 'input[1].id': string too long. Expected a string with maximum length 64, but"
            " got a string with length 65 instead.",
        ),
        RejectedItems(
            "same item twice",
            [MESSAGE, USER, MESSAGE],
            "duplicate_item",
            "input",
            "Duplicate item found with id msg_1. Remove duplicate items from your input and try"
            " again.",
        ),
        RejectedItems(
            "compaction trigger before another item",
            [{"type": "compaction_trigger"}],
            "misplaced_compaction_trigger",
            "input",
            "The 'compaction_trigger' item must be the final input item.",
        ),
        RejectedItems(
            "two compaction triggers",
            [{"type": "compaction_trigger"}, {"type": "compaction_trigger"}],
            "misplaced_compaction_trigger",
            "input",
            "Only one 'compaction_trigger' item may be provided.",
        ),
        RejectedItems(
            "reasoning status",
            [reasoning(id="rs_1", status=None), MESSAGE],
            "unknown_parameter",
            "input[1].status",
            "Unknown parameter: 'input[1].status'.",
        ),
        RejectedItems(
            "reasoning content",
            [reasoning(id="rs_1", content=[{"type": "reasoning_text", "text": "x"}]), MESSAGE],
            "array_above_max_length",
            "input[1].content",
            "Invalid 'input[1].content': array too long. Expected an array with maximum length 0,"
            " but got an array with length 1 instead.",
        ),
        RejectedItems(
            "long name",
            [call(name="f" * 129), OUTPUT],
            "string_above_max_length",
            "input[1].name",
            "Invalid 'input[1].name': string too long. Expected a string with maximum length 128,"
            " but got a string with length 129 instead.",
        ),
        RejectedItems(
            "name with a dot",
            [call(name="a.b"), OUTPUT],
            "invalid_value",
            "input[1].name",
            "Invalid 'input[1].name': string does not match pattern. Expected a string that matches"
            " the pattern '^[a-zA-Z0-9_-]+$'.",
        ),
    ]
)
def test_rejected_item_has_one_error(case: RejectedItems) -> None:
    (error,) = findings(*case.items)

    assert (error.severity, error.code) == ("error", case.code)
    assert (error.param, error.message) == (f"body.{case.param}", case.message)


def test_wrong_id_prefix_that_the_api_may_accept_is_a_warning() -> None:
    (warning,) = findings({"type": "image_generation_call", "id": "call_1"})

    assert (warning.rule, warning.severity) == ("doubtful_item_id", "warning")


class FollowingItems(NamedTuple):
    """The items after a reasoning item."""

    name: str
    rest: list[dict[str, Any]]
    passes: bool


@each(
    [
        FollowingItems("nothing", [], passes=False),
        FollowingItems("user", [USER], passes=False),
        FollowingItems("tool output", [OUTPUT, call(id="fc_1")], passes=False),
        FollowingItems(
            "message without its id", [{"role": "assistant", "content": "x"}, USER], passes=False
        ),
        FollowingItems("message", [MESSAGE, USER], passes=True),
        FollowingItems("call", [call(id="fc_1"), OUTPUT], passes=True),
        FollowingItems("call without its id", [call(), OUTPUT], passes=True),
        FollowingItems("more reasoning", [reasoning(id="rs_2"), MESSAGE], passes=True),
    ]
)
def test_reasoning_needs_the_item_that_followed_it(case: FollowingItems) -> None:
    def found(item: dict[str, Any]) -> list[BatchError]:
        errors = check_request(request(url=RESPONSES, input=[USER, item, *case.rest]))
        return [error for error in errors if error.rule == "reasoning_without_item"]

    errors = found(reasoning(id="rs_1"))

    assert bool(errors) is not case.passes
    for error in errors:
        assert (error.param, error.pointer) == ("body.input", "/body/input/1")
        assert error.message == (
            "Item 'rs_1' of type 'reasoning' was provided without its required following item."
        )
    assert found(reasoning(encrypted_content="gAAA")) == []


@pytest.mark.parametrize(
    ("store", "encrypted", "passes"),
    [(False, "gAAA", True), (False, None, False), (True, "gAAA", False), (None, "gAAA", False)],
)
@pytest.mark.parametrize("rest", [[{"role": "assistant", "content": "x"}, USER], [USER], []])
def test_encrypted_reasoning_may_stand_anywhere_if_nothing_is_stored(
    rest: list[dict[str, Any]], store: bool | None, encrypted: str | None, passes: bool
) -> None:
    item = reasoning(id="rs_1", encrypted_content=encrypted)

    errors = check_request(request(url=RESPONSES, store=store, input=[USER, item, *rest]))

    assert [error.rule for error in errors] == ([] if passes else ["reasoning_without_item"])


def test_hint_explains_where_a_call_id_belongs() -> None:
    assert "`call_id`" in str(findings(call(id="call_1"), OUTPUT)[0].hint)


def test_map_of_strings_is_named_in_the_message() -> None:
    (error,) = findings(
        {
            "type": "local_shell_call",
            "id": "lsh_1",
            "call_id": "call_1",
            "status": "completed",
            "action": {"type": "exec", "command": ["ls"], "env": None},
        },
        {"type": "local_shell_call_output", "id": "lsho_1", "output": "x"},
    )

    assert "expected an object with string keys and string values, but got null" in error.message


test_invalid_data_never_raises = invalid_data_test(
    replayed_items,
    ("input", "id", "type", "role", "content", "messages"),
    st.sampled_from(["reasoning", "message", "rs_1", "msg 1", "x" * 65, "", None, 1, True]),
)


def test_compaction_trigger_may_be_the_last_item() -> None:
    assert check_request(request(url=RESPONSES, input=[USER, {"type": "compaction_trigger"}])) == []
