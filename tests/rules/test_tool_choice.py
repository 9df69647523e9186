"""The rules of `rules/tool_choice.py`."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import found, said

from batchlint import schemas
from batchlint.rules import RULES

CHAT, RESPONSES = "/v1/chat/completions", "/v1/responses"
TOOL = {"type": "function", "function": {"name": "f"}}
FLAT = {"type": "function", "name": "f"}


@pytest.mark.parametrize(
    ("member", "needed", "value"),
    [
        ("tool_choice", "tools", "none"),
        ("tool_choice", "tools", "auto"),
        ("tool_choice", "tools", {"type": "function", "function": {"name": "f"}}),
        ("parallel_tool_calls", "tools", False),
        ("function_call", "functions", "auto"),
        ("function_call", "functions", {"name": "f"}),
    ],
)
def test_choice_without_tools(member, needed, value):
    message = f"Invalid value for '{member}': '{member}' is only allowed when '{needed}' are specified."
    assert found("choice_without_tools", CHAT, {member: value}) == [(message, member, (member,))]
    assert found("choice_without_tools", CHAT, {member: value, needed: None}) == [(message, member, (member,))]
    assert found("choice_without_tools", CHAT, {member: value, needed: [TOOL]}) == []
    assert found("choice_without_tools", RESPONSES, {member: value}) == []


@pytest.mark.parametrize(
    "body",
    [{"tool_choice": None}, {"tool_choice": "any"}, {"tool_choice": 5}, {"parallel_tool_calls": {}},
     {"parallel_tool_calls": "auto"}, {"function_call": []}, {"tool_choice": "auto", "tools": []}],
)
def test_choice_that_the_schema_refuses(body):
    assert found("choice_without_tools", CHAT, body) == []


NO_FUNCTION = "Invalid value for 'function_call': no function named 'g' was specified in the 'functions' parameter."


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"functions": [{"name": "f"}], "function_call": {"name": "g"}}, ("function_call", "name")),
        ({"tools": [TOOL], "tool_choice": {"type": "function", "function": {"name": "g"}}},
         ("tool_choice", "function", "name")),
    ],
)
def test_undeclared_function(body, path):
    assert found("undeclared_function", CHAT, body) == [(NO_FUNCTION, "function_call", path)]


@pytest.mark.parametrize(
    "body",
    [
        {"functions": [{"name": "f"}, {"name": "g"}], "function_call": {"name": "g"}},
        {"functions": [{"name": 5}], "function_call": {"name": "g"}},
        {"functions": [{"name": "f"}], "function_call": {"name": ["g"]}},
        {"functions": [{"name": "f"}], "function_call": "auto"},
        {"function_call": {"name": "g"}},
        {"tools": [TOOL], "tool_choice": {"type": "function", "function": {"name": "f"}}},
        {"tools": [{"type": "custom", "custom": {"name": "c"}}], "tool_choice": {"type": "custom", "custom": {"name": "c"}}},
        {"tools": [{"type": "function", "function": "f"}], "tool_choice": {"function": {"name": "g"}}},
        {"tools": "f", "tool_choice": {"function": {"name": "g"}}},
    ],
)
def test_declared_function(body):
    assert found("undeclared_function", CHAT, body) == []


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"tools": [FLAT], "tool_choice": {"type": "function", "name": "g"}},
         "Tool choice 'g' not found in 'tools' parameter."),
        ({"tools": [], "tool_choice": {"type": "function", "name": "g"}},
         "Tool choice 'function' not found in 'tools' parameter."),
        ({"tool_choice": {"type": "function", "name": "g"}}, "Tool choice 'function' not found in 'tools' parameter."),
        ({"tool_choice": "required"}, "Tool choice 'required' must be specified with 'tools' parameter."),
        ({"tools": [], "tool_choice": "required"}, "Tool choice 'required' must be specified with 'tools' parameter."),
    ],
)
def test_tool_choice_not_found(body, message):
    assert found("tool_choice_not_found", RESPONSES, body) == [(message, "tool_choice", ("tool_choice",))]
    assert found("tool_choice_not_found", CHAT, body) == []


@pytest.mark.parametrize(
    "more",
    [
        {"tools": [FLAT, {"type": "function", "name": "g"}]},
        {"tools": [FLAT, {"type": "namespace", "name": "n", "tools": []}]},
        {"tools": [FLAT, {"type": "mcp", "server_label": "s"}]},
        {"tools": [{"type": "function", "name": 5}]},
        {"tools": [FLAT, 5]},
        {"tools": {"0": FLAT}},
        {"prompt": {"id": "pmpt_1"}},
        {"input": [{"type": "additional_tools", "tools": []}]},
    ],
)
def test_tool_choice_that_may_be_found(more):
    assert found("tool_choice_not_found", RESPONSES, {"tool_choice": {"type": "function", "name": "g"}, **more}) == []


@pytest.mark.parametrize("choice", ["auto", "none", None, 5, {"type": ["function"]}, {"type": "function"}])
def test_tool_choice_that_needs_no_tool(choice):
    assert found("tool_choice_not_found", RESPONSES, {"tool_choice": choice}) == []


@pytest.mark.parametrize(
    ("url", "tools", "choice", "name"),
    [
        (RESPONSES, [FLAT], {"type": "file_search"}, "file_search"),
        (RESPONSES, [], {"type": "image_generation"}, "image_generation"),
        (RESPONSES, [FLAT], {"type": "custom", "name": "f"}, "f"),
        (RESPONSES, [FLAT], {"type": "allowed_tools", "mode": "auto", "tools": [{"type": "function", "name": "g"}]}, "g"),
        (CHAT, [TOOL], {"type": "custom", "custom": {"name": "c"}}, "c"),
        (CHAT, [TOOL], {"type": "allowed_tools", "allowed_tools": {"mode": "auto", "tools": [
            {"type": "function", "function": {"name": "g"}}]}}, "g"),
    ],
)
def test_tool_choice_elsewhere(url, tools, choice, name):
    assert found("tool_choice_elsewhere", url, {"tools": tools, "tool_choice": choice}) == [
        (f"Tool choice '{name}' not found in 'tools' parameter.", "tool_choice", ("tool_choice",))]
    assert RULES["tool_choice_elsewhere"].severity == "warning"


@pytest.mark.parametrize(
    ("url", "tools", "choice"),
    [
        (RESPONSES, [{"type": "file_search"}], {"type": "file_search"}),
        (RESPONSES, [{"type": "web_search"}], {"type": "web_search_preview"}),
        (RESPONSES, [{"type": "computer_use_preview"}], {"type": "computer"}),
        (RESPONSES, [FLAT], {"type": "mcp", "server_label": "s"}),
        (RESPONSES, [FLAT], {"type": "allowed_tools", "mode": "auto", "tools": [{}, FLAT, 5]}),
        (RESPONSES, [FLAT], {"type": "function", "name": "g"}),
        (CHAT, [], {"type": "custom", "custom": {"name": "c"}}),
        (CHAT, [TOOL], {"type": "allowed_tools", "allowed_tools": 5}),
        ("/v1/embeddings", [FLAT], {"type": "file_search"}),
    ],
)
def test_tool_choice_here(url, tools, choice):
    assert found("tool_choice_elsewhere", url, {"tools": tools, "tool_choice": choice}) == []


NAMES = ["tools", "tool_choice", "functions", "function_call", "parallel_tool_calls", "type", "name", "function",
         "custom", "allowed_tools", "input", "prompt"]
VALUES = ["function", "custom", "allowed_tools", "required", "auto", "web_search", "f", "", None, 1, True]
GARBAGE = st.recursive(
    st.sampled_from(VALUES),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=4),
    max_leaves=20,
)
MINE = [rule for rule in RULES.values() if rule.check and rule.check.__module__ == "batchlint.rules.tool_choice"]


@settings(max_examples=300)
@given(st.sampled_from(schemas.ENDPOINTS), st.dictionaries(st.sampled_from(NAMES), GARBAGE, max_size=5))
def test_garbage(url, body):
    for rule in MINE:
        for fault in said(rule.name, url, body):
            assert len(fault.message) < 200
