"""The rules of `rules/conversation.py`."""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batchlint.rules import conversation
from rules.helpers import each, invalid_data_test
from support import rule_findings, run_rule

CHAT = "/v1/chat/completions"
RESPONSES = "/v1/responses"
USER = {"role": "user", "content": "Hi"}


class Case(NamedTuple):
    name: str
    url: str
    body: dict[str, Any]


# -- unpaired_tool_message ------------------------------------------------------------------------

UNANSWERED = (
    "An assistant message with 'tool_calls' must be followed by tool messages responding to each"
    " 'tool_call_id'. The following tool_call_ids did not have response messages: "
)
ORPHAN = (
    "Invalid parameter: messages with role 'tool' must be a response to a preceeding message with"
    " 'tool_calls'."
)


def calls_message(*ids: str) -> dict[str, Any]:
    """Return an assistant message with calls that have these IDs."""
    calls = [
        {"id": call_id, "type": "function", "function": {"name": "f", "arguments": "{}"}}
        for call_id in ids
    ]
    return {"role": "assistant", "content": None, "tool_calls": calls}


def answer_message(call_id: str) -> dict[str, Any]:
    """Return a tool message that answers the call with this ID."""
    return {"role": "tool", "tool_call_id": call_id, "content": "1"}


Finding = tuple[str, str | None, tuple[str | int, ...]]


def unanswered(ids: str, index: int) -> Finding:
    """Return the finding about unanswered calls in the assistant message at this index."""
    return (UNANSWERED + ids, f"messages.[{index + 1}].role", ("messages", index, "tool_calls"))


def orphan(index: int) -> Finding:
    """Return the finding about the tool message at this index, which has no preceding call."""
    return (ORPHAN, f"messages.[{index}].role", ("messages", index, "role"))


class UnpairedMessages(NamedTuple):
    name: str
    messages: list[Any]
    expected: list[Finding]


@each(
    [
        UnpairedMessages(
            "followed by a user message", [USER, calls_message("a"), USER], [unanswered("a", 1)]
        ),
        UnpairedMessages("at the end", [USER, calls_message("a")], [unanswered("a", 1)]),
        UnpairedMessages(
            "partly answered",
            [calls_message("a", "b", "c"), answer_message("b"), USER],
            [unanswered("a, c", 0)],
        ),
        UnpairedMessages(
            "answered too late",
            [calls_message("a"), USER, answer_message("a")],
            [unanswered("a", 0), orphan(2)],
        ),
        UnpairedMessages(
            "followed by other calls",
            [calls_message("a"), calls_message("b"), answer_message("b")],
            [unanswered("a", 0)],
        ),
        UnpairedMessages(
            "answers without calls",
            [answer_message("a"), answer_message("b")],
            [orphan(0), orphan(1)],
        ),
        UnpairedMessages(
            "answer to an unknown call",
            [calls_message("a"), answer_message("a"), answer_message("b")],
            [
                (
                    "Invalid parameter: 'tool_call_id' of 'b' not found in 'tool_calls' of"
                    " previous message.",
                    "messages.[2].tool_call_id",
                    ("messages", 2, "tool_call_id"),
                )
            ],
        ),
        UnpairedMessages(
            "answer to another call",
            [calls_message("a"), answer_message("b")],
            [unanswered("a", 0)],
        ),
        UnpairedMessages("long id", [calls_message("a" * 100)], [unanswered("a" * 61 + "...", 0)]),
    ]
)
def test_unpaired_call_or_tool_message_is_reported(case: UnpairedMessages) -> None:
    body = {"messages": case.messages}

    assert rule_findings("unpaired_tool_message", CHAT, body) == case.expected


class PairedMessages(NamedTuple):
    name: str
    messages: Any


@each(
    [
        PairedMessages("no calls", [USER]),
        PairedMessages("answered", [calls_message("a"), answer_message("a"), USER]),
        PairedMessages(
            "answered in another order",
            [
                calls_message("a", "b"),
                answer_message("b"),
                answer_message("a"),
                calls_message("c"),
                answer_message("c"),
            ],
        ),
        PairedMessages(
            "answered twice", [calls_message("a"), answer_message("a"), answer_message("a")]
        ),
        PairedMessages("null calls", [{"role": "assistant", "tool_calls": None}, USER]),
        # The missing message may be one that the schema rejects.
        PairedMessages(
            "answer without an id", [calls_message("a"), {"role": "tool", "content": "1"}]
        ),
        PairedMessages(
            "answer of a wrong role", [calls_message("a"), {"role": "Tool", "tool_call_id": "a"}]
        ),
        PairedMessages("answer that is not an object", [calls_message("a"), 5]),
        PairedMessages(
            "call without an id",
            [{"role": "assistant", "tool_calls": [{"type": "function"}]}, answer_message("a")],
        ),
        PairedMessages(
            "empty calls", [{"role": "assistant", "tool_calls": []}, answer_message("a")]
        ),
        PairedMessages("role of a wrong type", [{"role": ["assistant"]}, answer_message("a")]),
        PairedMessages("messages of a wrong type", {"role": "tool"}),
    ]
)
def test_paired_or_malformed_messages_pass(case: PairedMessages) -> None:
    assert rule_findings("unpaired_tool_message", CHAT, {"messages": case.messages}) == []


def test_messages_of_other_endpoints_are_not_checked() -> None:
    body = {"messages": [answer_message("a")]}

    assert rule_findings("unpaired_tool_message", RESPONSES, body) == []


def test_hint_names_the_output_of_an_unknown_call() -> None:
    body = {"messages": [calls_message("a"), answer_message("b")]}

    [problem] = run_rule("unpaired_tool_message", CHAT, body)

    assert problem.hint == "messages[1] answers 'b', but no tool call has this ID."


MESSAGES = st.lists(
    st.one_of(
        st.builds(
            lambda role, ids: {
                "role": role,
                "content": "Hi",
                "tool_calls": [{"id": call_id} for call_id in ids],
            },
            st.sampled_from(["user", "assistant", "tool"]),
            st.lists(st.sampled_from("ab"), max_size=2),
        ),
        st.builds(answer_message, st.sampled_from("ab")),
        st.just(USER),
    ),
    max_size=5,
)


@settings(max_examples=500)
@given(MESSAGES)
def test_quick_check_for_pairs_finds_every_mismatch(messages: list[dict[str, Any]]) -> None:
    if conversation._is_paired(messages):
        assert not [
            problem
            for exchange in conversation._exchanges(messages)
            if not exchange.is_malformed
            for problem in conversation._unpaired(exchange)
        ]


# -- duplicate_tool_message -----------------------------------------------------------------------


@each(
    [
        UnpairedMessages(
            "twice",
            [USER, calls_message("a"), answer_message("a"), answer_message("a")],
            [
                (
                    "Invalid parameter: Duplicate value for 'tool_call_id' of 'a', in messages[2]"
                    " and messages[3].",
                    "messages.[3].tool_call_id",
                    ("messages", 3, "tool_call_id"),
                )
            ],
        ),
        UnpairedMessages(
            "two calls, both twice",
            [calls_message("a", "b"), *map(answer_message, "abba")],
            [
                (
                    "Invalid parameter: Duplicate value for 'tool_call_id' of 'b', in messages[2]"
                    " and messages[3].",
                    "messages.[3].tool_call_id",
                    ("messages", 3, "tool_call_id"),
                )
            ],
        ),
        UnpairedMessages(
            "an ID of two calls", [calls_message("a", "a"), *map(answer_message, "aa")], []
        ),
        UnpairedMessages(
            "in two exchanges",
            [calls_message("a"), answer_message("a"), calls_message("a"), answer_message("a")],
            [],
        ),
        UnpairedMessages("without a call", [answer_message("a"), answer_message("a")], []),
    ]
)
def test_second_answer_to_a_tool_call_is_reported(case: UnpairedMessages) -> None:
    body = {"messages": case.messages}

    assert rule_findings("duplicate_tool_message", CHAT, body) == case.expected


# -- unpaired_call_output -------------------------------------------------------------------------


def call(call_id: str = "a", kind: str = "function_call", **more: Any) -> dict[str, Any]:
    return {"type": kind, "call_id": call_id, "name": "f", "arguments": "{}", **more}


def output(call_id: str = "a", kind: str = "function_call_output") -> dict[str, Any]:
    return {"type": kind, "call_id": call_id, "output": "1"}


class UnpairedItem(NamedTuple):
    name: str
    items: list[Any]
    message: str
    path: tuple[str | int, ...]


NO_CALL = "No tool call found for function call output with call_id a."


@each(
    [
        UnpairedItem("only an output", [output()], NO_CALL, ("input", 0, "call_id")),
        UnpairedItem(
            "output before its call", [output(), call()], NO_CALL, ("input", 0, "call_id")
        ),
        UnpairedItem("two outputs", [call(), output(), output()], NO_CALL, ("input", 2, "call_id")),
        UnpairedItem(
            "three outputs for two calls",
            [call(), call(), output(), output(), output()],
            NO_CALL,
            ("input", 4, "call_id"),
        ),
        UnpairedItem(
            "only a call",
            [USER, call()],
            "No tool output found for function call a.",
            ("input", 1),
        ),
        UnpairedItem(
            "one of two calls",
            [call("a"), call("b"), output("a")],
            "No tool output found for function call b.",
            ("input", 1),
        ),
        UnpairedItem(
            "only a custom call",
            [call(kind="custom_tool_call")],
            "No tool output found for custom tool call a.",
            ("input", 0),
        ),
        UnpairedItem(
            "only a custom output",
            [output(kind="custom_tool_call_output")],
            "No tool call found for custom tool call output with call_id a.",
            ("input", 0, "call_id"),
        ),
    ]
)
def test_unpaired_call_or_output_is_reported(case: UnpairedItem) -> None:
    assert rule_findings("unpaired_call_output", RESPONSES, {"input": case.items}) == [
        (case.message, "input", case.path)
    ]


class PairedItems(NamedTuple):
    name: str
    body: dict[str, Any]


@each(
    [
        PairedItems("text", {"input": "Hi"}),
        PairedItems("paired", {"input": [call(), output()]}),
        PairedItems("repeated id", {"input": [call(), USER, output(), call(), output()]}),
        PairedItems("parallel calls with one id", {"input": [call(), call(), output(), output()]}),
        PairedItems(
            "custom tool",
            {
                "input": [
                    call(kind="custom_tool_call"),
                    output(kind="custom_tool_call_output"),
                ]
            },
        ),
        PairedItems(
            "other type of call", {"input": [{"type": "local_shell_call", "id": "a"}, output()]}
        ),
        PairedItems("previous response", {"input": [output()], "previous_response_id": "resp_1"}),
        PairedItems("conversation", {"input": [output()], "conversation": {"id": "conv_1"}}),
        PairedItems("prompt template", {"input": [call()], "prompt": {"id": "pmpt_1"}}),
        PairedItems("reference", {"input": [{"type": "item_reference", "id": "fc_1"}, output()]}),
        PairedItems("reference without a type", {"input": [{"id": "fc_1"}, output()]}),
        PairedItems(
            "compaction",
            {"input": [{"type": "compaction", "encrypted_content": "x"}, output()]},
        ),
        PairedItems("asynchronous call", {"input": [call() | {"async": True}]}),
        PairedItems(
            "program call",
            {"input": [call(caller={"type": "program", "caller_id": "p"})]},
        ),
        PairedItems(
            "output without an id", {"input": [{"type": "function_call_output", "output": "1"}]}
        ),
        PairedItems("malformed items", {"input": [{"type": ["function_call"], "call_id": "a"}, 5]}),
    ]
)
def test_paired_or_incomplete_input_passes(case: PairedItems) -> None:
    assert rule_findings("unpaired_call_output", RESPONSES, case.body) == []


class WithoutCallId(NamedTuple):
    name: str
    rule: str
    item: dict[str, Any]


@each(
    [
        WithoutCallId(
            "arguments",
            "arguments_not_json",
            {"type": "function_call", "name": "f", "arguments": "{'x'"},
        ),
        WithoutCallId(
            "pairing",
            "unpaired_call_output",
            {"type": "custom_tool_call", "id": "x", "name": "f", "input": "{}"},
        ),
    ]
)
def test_call_without_a_call_id_is_checked_too(case: WithoutCallId) -> None:
    assert len(run_rule(case.rule, RESPONSES, {"input": [case.item]})) == 1


# -- json_word_missing, json_word_only_in_instructions --------------------------------------------

JSON_MODE = {"type": "json_object"}
CHAT_WORD = (
    "'messages' must contain the word 'json' in some form, to use 'response_format' of type"
    " 'json_object'."
)
RESPONSES_WORD = (
    "Response input messages must contain the word 'json' in some form to use 'text.format' of"
    " type 'json_object'."
)


def chat_in_json(content: Any, *before: dict[str, Any]) -> dict[str, Any]:
    messages = [*before, {"role": "user", "content": content}]
    return {"messages": messages, "response_format": JSON_MODE}


@each(
    [
        Case("text", CHAT, chat_in_json("Hi")),
        Case("text part", CHAT, chat_in_json([{"type": "text", "text": "Hi"}])),
        Case(
            "image data",
            CHAT,
            chat_in_json(
                [{"type": "image_url", "image_url": {"url": "data:image/png;base64,Json"}}]
            ),
        ),
        Case(
            "generated image",
            RESPONSES,
            {
                "input": [{"type": "image_generation_call", "id": "ig_1", "result": "Json"}, USER],
                "text": {"format": JSON_MODE},
            },
        ),
        Case("input text", RESPONSES, {"input": "Hi", "text": {"format": JSON_MODE}}),
        Case(
            "input items",
            RESPONSES,
            {"input": [USER], "instructions": "Hi", "text": {"format": JSON_MODE}},
        ),
    ]
)
def test_json_mode_without_the_word_json_is_reported(case: Case) -> None:
    message, field = (CHAT_WORD, "messages") if case.url == CHAT else (RESPONSES_WORD, "input")

    assert rule_findings("json_word_missing", case.url, case.body) == [(message, field, (field,))]


@each(
    [
        Case(
            "word in a system message",
            CHAT,
            chat_in_json("Hi", {"role": "system", "content": "Use JSON."}),
        ),
        Case("mixed case", CHAT, chat_in_json([{"type": "text", "text": "a jSoN"}])),
        Case("text that is not a data URL", CHAT, chat_in_json("data: 1, 2. Answer in JSON.")),
        Case(
            "text that begins with a data URL",
            CHAT,
            chat_in_json("data:text/plain;base64,SGVsbG8= Decode this. Answer in JSON."),
        ),
        Case("file", CHAT, chat_in_json([{"type": "file", "file": {"file_id": "file-1"}}])),
        Case(
            "other format", CHAT, {"messages": [USER], "response_format": {"type": "json_schema"}}
        ),
        Case(
            "format of a wrong type", CHAT, {"messages": [USER], "response_format": "json_object"}
        ),
        Case("no messages", CHAT, {"messages": [], "response_format": JSON_MODE}),
        Case("word in the input", RESPONSES, {"input": "json", "text": {"format": JSON_MODE}}),
        Case(
            "word in the instructions",
            RESPONSES,
            {"input": "Hi", "instructions": "json", "text": {"format": JSON_MODE}},
        ),
        Case(
            "previous response",
            RESPONSES,
            {"input": "Hi", "previous_response_id": "resp_1", "text": {"format": JSON_MODE}},
        ),
        Case("reference", RESPONSES, {"input": [{"id": "msg_1"}], "text": {"format": JSON_MODE}}),
        Case("text format", RESPONSES, {"input": "Hi", "text": {"format": {"type": "text"}}}),
        Case("text of a wrong type", RESPONSES, {"input": "Hi", "text": "json_object"}),
    ]
)
def test_json_mode_with_the_word_json_or_unknown_text_passes(case: Case) -> None:
    assert rule_findings("json_word_missing", case.url, case.body) == []


def test_json_word_only_in_instructions_is_reported() -> None:
    rule = "json_word_only_in_instructions"
    body = {"input": "Hi", "instructions": "Answer in JSON.", "text": {"format": JSON_MODE}}

    assert rule_findings(rule, RESPONSES, body) == [(RESPONSES_WORD, "input", ("input",))]
    assert rule_findings(rule, RESPONSES, body | {"input": "json"}) == []
    assert rule_findings(rule, RESPONSES, body | {"instructions": None}) == []


# -- arguments_not_json ---------------------------------------------------------------------------

NOT_JSON = "The arguments of the call are not valid JSON."


@pytest.mark.parametrize("text", ["{'x': 1}", '{"x": 1', "x", "{x: 1}", "NaN"])
def test_arguments_that_are_not_json_are_reported(text: str) -> None:
    message = {"role": "assistant", "tool_calls": [{"function": {"arguments": text}}]}

    assert rule_findings("arguments_not_json", RESPONSES, {"input": [call(arguments=text)]}) == [
        (NOT_JSON, "input[0].arguments", ("input", 0, "arguments"))
    ]
    assert rule_findings("arguments_not_json", CHAT, {"messages": [USER, message]}) == [
        (
            NOT_JSON,
            "messages[1].tool_calls[0].function.arguments",
            ("messages", 1, "tool_calls", 0, "function", "arguments"),
        )
    ]


@pytest.mark.parametrize("text", ["", "{}", ' {"x": 1}\n', "null", '{"x": {}}', 5], ids=repr)
def test_arguments_that_are_json_or_empty_pass(text: Any) -> None:
    assert rule_findings("arguments_not_json", RESPONSES, {"input": [call(arguments=text)]}) == []


test_invalid_data_never_raises = invalid_data_test(
    conversation,
    {
        "messages",
        "input",
        "role",
        "content",
        "type",
        "id",
        "call_id",
        "tool_calls",
        "tool_call_id",
        "function",
        "arguments",
        "response_format",
        "text",
        "format",
        "caller",
        "async",
        "instructions",
    },
    st.sampled_from(
        [
            "user",
            "assistant",
            "tool",
            "function_call",
            "function_call_output",
            "custom_tool_call",
            "json_object",
            "a",
            "b",
            "",
            None,
            1,
            1.5,
            True,
        ]
    ),
)
