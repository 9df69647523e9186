"""The rules of `rules/conversation.py`."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import found, said

from batchlint import schemas
from batchlint.rules import RULES, conversation

CHAT, RESPONSES = "/v1/chat/completions", "/v1/responses"
USER = {"role": "user", "content": "Hi"}
UNANSWERED = (
    "An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'. "
    "The following tool_call_ids did not have response messages: "
)
ORPHAN = "Invalid parameter: messages with role 'tool' must be a response to a preceeding message with 'tool_calls'."
CHAT_WORD = "'messages' must contain the word 'json' in some form, to use 'response_format' of type 'json_object'."
WORD = "Response input messages must contain the word 'json' in some form to use 'text.format' of type 'json_object'."


def asks(*ids):
    calls = [{"id": i, "type": "function", "function": {"name": "f", "arguments": "{}"}} for i in ids]
    return {"role": "assistant", "content": None, "tool_calls": calls}


def answers(call):
    return {"role": "tool", "tool_call_id": call, "content": "1"}


@pytest.mark.parametrize(
    ("messages", "expected"),
    [
        ([USER, asks("a"), USER], [(UNANSWERED + "a", "messages.[2].role", ("messages", 1, "tool_calls"))]),
        ([USER, asks("a")], [(UNANSWERED + "a", "messages.[2].role", ("messages", 1, "tool_calls"))]),
        ([asks("a", "b", "c"), answers("b"), USER],
         [(UNANSWERED + "a, c", "messages.[1].role", ("messages", 0, "tool_calls"))]),
        ([asks("a"), USER, answers("a")],
         [(UNANSWERED + "a", "messages.[1].role", ("messages", 0, "tool_calls")),
          (ORPHAN, "messages.[2].role", ("messages", 2, "role"))]),
        ([asks("a"), asks("b"), answers("b")],
         [(UNANSWERED + "a", "messages.[1].role", ("messages", 0, "tool_calls"))]),
        ([answers("a"), answers("b")],
         [(ORPHAN, "messages.[0].role", ("messages", 0, "role")),
          (ORPHAN, "messages.[1].role", ("messages", 1, "role"))]),
        ([asks("a"), answers("a"), answers("b")],
         [("Invalid parameter: 'tool_call_id' of 'b' not found in 'tool_calls' of previous message.",
           "messages.[2].tool_call_id", ("messages", 2, "tool_call_id"))]),
        ([asks("a"), answers("b")], [(UNANSWERED + "a", "messages.[1].role", ("messages", 0, "tool_calls"))]),
        ([asks("a" * 100)],
         [(UNANSWERED + "a" * 61 + "...", "messages.[1].role", ("messages", 0, "tool_calls"))]),
    ],
)
def test_unpaired_tool_message(messages, expected):
    assert found("unpaired_tool_message", CHAT, {"messages": messages}) == expected


@pytest.mark.parametrize(
    "messages",
    [
        [USER],
        [asks("a"), answers("a"), USER],
        [asks("a", "b"), answers("b"), answers("a"), asks("c"), answers("c")],
        [asks("a"), answers("a"), answers("a")],
        [{"role": "assistant", "tool_calls": None}, USER],
        # What the schema refuses may be what is missing.
        [asks("a"), {"role": "tool", "content": "1"}],
        [asks("a"), {"role": "Tool", "tool_call_id": "a"}],
        [asks("a"), 5],
        [{"role": "assistant", "tool_calls": [{"type": "function"}]}, answers("a")],
        [{"role": "assistant", "tool_calls": []}, answers("a")],
        [{"role": ["assistant"]}, answers("a")],
        {"role": "tool"},
    ],
)
def test_paired_tool_message(messages):
    assert found("unpaired_tool_message", CHAT, {"messages": messages}) == []
    assert found("unpaired_tool_message", RESPONSES, {"messages": [answers("a")]}) == []


def test_a_stray_answer_is_hinted_at():
    [fault] = said("unpaired_tool_message", CHAT, {"messages": [asks("a"), answers("b")]})
    assert fault.hint == "messages[1] answers 'b', which was not asked."


def call(call_id="a", kind="function_call", **more):
    return {"type": kind, "call_id": call_id, "name": "f", "arguments": "{}", **more}


def output(call_id="a", kind="function_call_output"):
    return {"type": kind, "call_id": call_id, "output": "1"}


@pytest.mark.parametrize(
    ("items", "expected"),
    [
        ([output()], [("No tool call found for function call output with call_id a.", ("input", 0, "call_id"))]),
        ([output(), call()], [("No tool call found for function call output with call_id a.", ("input", 0, "call_id"))]),
        ([call(), output(), output()],
         [("No tool call found for function call output with call_id a.", ("input", 2, "call_id"))]),
        ([USER, call()], [("No tool output found for function call a.", ("input", 1))]),
        ([call("a"), call("b"), output("a")], [("No tool output found for function call b.", ("input", 1))]),
        ([call(kind="custom_tool_call")], [("No tool output found for custom tool call a.", ("input", 0))]),
        ([output(kind="custom_tool_call_output")],
         [("No tool call found for custom tool call output with call_id a.", ("input", 0, "call_id"))]),
    ],
)
def test_unpaired_call_output(items, expected):
    assert found("unpaired_call_output", RESPONSES, {"input": items}) == [(m, "input", p) for m, p in expected]


@pytest.mark.parametrize(
    "body",
    [
        {"input": "Hi"},
        {"input": [call(), output()]},
        {"input": [call(), USER, output(), call(), output()]},
        {"input": [call(kind="custom_tool_call"), output(kind="custom_tool_call_output")]},
        {"input": [{"type": "local_shell_call", "id": "a"}, output()]},
        {"input": [output()], "previous_response_id": "resp_1"},
        {"input": [output()], "conversation": {"id": "conv_1"}},
        {"input": [call()], "prompt": {"id": "pmpt_1"}},
        {"input": [{"type": "item_reference", "id": "fc_1"}, output()]},
        {"input": [{"id": "fc_1"}, output()]},
        {"input": [{"type": "compaction", "encrypted_content": "x"}, output()]},
        {"input": [call(**{"async": True})]},
        {"input": [call(caller={"type": "program", "caller_id": "p"})]},
        {"input": [{"type": "function_call_output", "output": "1"}]},
        {"input": [{"type": ["function_call"], "call_id": "a"}, 5]},
    ],
)
def test_paired_call_output(body):
    assert found("unpaired_call_output", RESPONSES, body) == []


JSON = {"type": "json_object"}


@pytest.mark.parametrize(
    ("url", "body", "message", "param"),
    [
        (CHAT, {"messages": [USER], "response_format": JSON}, CHAT_WORD, "messages"),
        (CHAT, {"messages": [{"role": "user", "content": [{"type": "text", "text": "Hi"}]}], "response_format": JSON},
         CHAT_WORD, "messages"),
        (CHAT, {"messages": [{"role": "user", "content": [
            {"type": "image_url", "image_url": {"url": "data:image/png;base64,Json"}}]}], "response_format": JSON},
         CHAT_WORD, "messages"),
        (RESPONSES, {"input": "Hi", "text": {"format": JSON}}, WORD, "input"),
        (RESPONSES, {"input": [USER], "instructions": "Hi", "text": {"format": JSON}}, WORD, "input"),
    ],
)
def test_json_word_missing(url, body, message, param):
    assert found("json_word_missing", url, body) == [(message, param, (param,))]


@pytest.mark.parametrize(
    ("url", "body"),
    [
        (CHAT, {"messages": [{"role": "system", "content": "Use JSON."}, USER], "response_format": JSON}),
        (CHAT, {"messages": [{"role": "user", "content": [{"type": "text", "text": "a jSoN"}]}], "response_format": JSON}),
        (CHAT, {"messages": [{"role": "user", "content": [{"type": "file", "file": {"file_id": "file-1"}}]}],
                "response_format": JSON}),
        (CHAT, {"messages": [USER], "response_format": {"type": "json_schema"}}),
        (CHAT, {"messages": [USER], "response_format": "json_object"}),
        (CHAT, {"messages": [], "response_format": JSON}),
        (RESPONSES, {"input": "json", "text": {"format": JSON}}),
        (RESPONSES, {"input": "Hi", "instructions": "json", "text": {"format": JSON}}),
        (RESPONSES, {"input": "Hi", "previous_response_id": "resp_1", "text": {"format": JSON}}),
        (RESPONSES, {"input": [{"id": "msg_1"}], "text": {"format": JSON}}),
        (RESPONSES, {"input": "Hi", "text": {"format": {"type": "text"}}}),
        (RESPONSES, {"input": "Hi", "text": "json_object"}),
    ],
)
def test_json_word_there(url, body):
    assert found("json_word_missing", url, body) == []


def test_json_word_only_in_instructions():
    body = {"input": "Hi", "instructions": "Answer in JSON.", "text": {"format": JSON}}
    assert found("json_word_only_in_instructions", RESPONSES, body) == [(WORD, "input", ("input",))]
    assert found("json_word_only_in_instructions", RESPONSES, body | {"input": "json"}) == []
    assert found("json_word_only_in_instructions", RESPONSES, body | {"instructions": None}) == []


@pytest.mark.parametrize("text", ["{'x': 1}", '{"x": 1', "x", "{x: 1}", "NaN"])
def test_arguments_not_json(text):
    place = ("input", 0, "arguments")
    assert found("arguments_not_json", RESPONSES, {"input": [call(arguments=text)]}) == [
        ("The arguments of the call are not JSON.", "input[0].arguments", place)]
    message = {"role": "assistant", "tool_calls": [{"function": {"arguments": text}}]}
    assert found("arguments_not_json", CHAT, {"messages": [USER, message]}) == [
        ("The arguments of the call are not JSON.", "messages[1].tool_calls[0].function.arguments",
         ("messages", 1, "tool_calls", 0, "function", "arguments"))]


@pytest.mark.parametrize("text", ["", "{}", ' {"x": 1}\n', "null", '{"x": {}}', 5])
def test_arguments_json(text):
    assert found("arguments_not_json", RESPONSES, {"input": [call(arguments=text)]}) == []


NAMES = ["messages", "input", "role", "content", "type", "id", "call_id", "tool_calls", "tool_call_id", "function",
         "arguments", "response_format", "text", "format", "caller", "async", "instructions"]
VALUES = ["user", "assistant", "tool", "function_call", "function_call_output", "custom_tool_call", "json_object",
          "a", "b", "", None, 1, 1.5, True]
GARBAGE = st.recursive(
    st.sampled_from(VALUES),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=4),
    max_leaves=20,
)
MINE = [rule for rule in RULES.values() if rule.check and rule.check.__module__ == "batchlint.rules.conversation"]


@settings(max_examples=300)
@given(st.sampled_from(schemas.ENDPOINTS), st.dictionaries(st.sampled_from(NAMES), GARBAGE, max_size=5))
def test_garbage(url, body):
    for rule in MINE:
        for fault in said(rule.name, url, body):
            assert len(fault.message) < 2000


MESSAGES = st.lists(st.one_of(
    st.builds(lambda role, calls: {"role": role, "content": "Hi", "tool_calls": [{"id": i} for i in calls]},
              st.sampled_from(["user", "assistant", "tool"]), st.lists(st.sampled_from("ab"), max_size=2)),
    st.builds(lambda call: {"role": "tool", "content": "1", "tool_call_id": call}, st.sampled_from("ab")),
    st.just(USER)), max_size=5)


@settings(max_examples=500)
@given(MESSAGES)
def test_the_quick_look_at_pairs_passes_over_nothing(messages):
    if conversation._is_paired(messages):
        assert not [fault for exchange in conversation._exchanges(messages) if not exchange.broken
                    for fault in conversation._unpaired(exchange)]


@pytest.mark.parametrize(("rule", "item"), [
    ("arguments_not_json", {"type": "function_call", "name": "f", "arguments": "{'x'"}),
    ("unpaired_call_output", {"type": "custom_tool_call", "id": "x", "name": "f", "input": "{}"}),
])
def test_a_call_without_the_id_of_a_call_is_looked_at_too(rule, item):
    assert len(said(rule, RESPONSES, {"input": [item]})) == 1
