"""The rules of `rules/tool_choice.py`."""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest
from hypothesis import strategies as st

from batchlint.rules import RULES, tool_choice
from rules.helpers import each, invalid_data_test
from support import rule_findings

CHAT = "/v1/chat/completions"
RESPONSES = "/v1/responses"
EMBEDDINGS = "/v1/embeddings"

#: The function `f`, as each of the two endpoints declares it.
CHAT_F = {"type": "function", "function": {"name": "f"}}
RESPONSES_F = {"type": "function", "name": "f"}

#: A choice of the function `g`, as each of the two endpoints writes it.
CHAT_G = {"type": "function", "function": {"name": "g"}}
RESPONSES_G = {"type": "function", "name": "g"}


def not_found(name: str) -> str:
    return f"Tool choice '{name}' not found in 'tools' parameter."


class Case(NamedTuple):
    name: str
    body: dict[str, Any]


# -- choice_without_tools -------------------------------------------------------------------------


class Choice(NamedTuple):
    name: str
    field: str
    required: str
    value: Any


@each(
    [
        Choice("no tool", "tool_choice", "tools", "none"),
        Choice("any tool", "tool_choice", "tools", "auto"),
        Choice("one function", "tool_choice", "tools", CHAT_F),
        Choice("no parallel calls", "parallel_tool_calls", "tools", False),
        Choice("any function", "function_call", "functions", "auto"),
        Choice("one old function", "function_call", "functions", {"name": "f"}),
    ]
)
def test_choice_without_tools_is_reported(case: Choice) -> None:
    rule, field, required = "choice_without_tools", case.field, case.required
    body = {field: case.value}
    message = (
        f"Invalid value for '{field}': '{field}' is only allowed when '{required}' are specified."
    )

    assert rule_findings(rule, CHAT, body) == [(message, field, (field,))]
    assert rule_findings(rule, CHAT, body | {required: None}) == [(message, field, (field,))]
    assert rule_findings(rule, CHAT, body | {required: [CHAT_F]}) == []
    assert rule_findings(rule, RESPONSES, body) == []


@each(
    [
        Case("null choice", {"tool_choice": None}),
        Case("unknown choice", {"tool_choice": "any"}),
        Case("choice of a wrong type", {"tool_choice": 5}),
        Case("parallel calls as an object", {"parallel_tool_calls": {}}),
        Case("parallel calls as a string", {"parallel_tool_calls": "auto"}),
        Case("function call as an array", {"function_call": []}),
        Case("empty tools", {"tool_choice": "auto", "tools": []}),
    ]
)
def test_malformed_choice_is_left_to_the_schema(case: Case) -> None:
    assert rule_findings("choice_without_tools", CHAT, case.body) == []


# -- undeclared_function --------------------------------------------------------------------------


class UndeclaredFunction(NamedTuple):
    name: str
    body: dict[str, Any]
    path: tuple[str, ...]


@each(
    [
        UndeclaredFunction(
            "functions",
            {"functions": [{"name": "f"}], "function_call": {"name": "g"}},
            ("function_call", "name"),
        ),
        UndeclaredFunction(
            "tools",
            {"tools": [CHAT_F], "tool_choice": CHAT_G},
            ("tool_choice", "function", "name"),
        ),
    ]
)
def test_undeclared_function_is_reported(case: UndeclaredFunction) -> None:
    message = (
        "Invalid value for 'function_call': no function named 'g' was specified in the"
        " 'functions' parameter."
    )

    assert rule_findings("undeclared_function", CHAT, case.body) == [
        (message, "function_call", case.path)
    ]


@each(
    [
        Case(
            "declared",
            {"functions": [{"name": "f"}, {"name": "g"}], "function_call": {"name": "g"}},
        ),
        Case("malformed declaration", {"functions": [{"name": 5}], "function_call": {"name": "g"}}),
        Case("malformed name", {"functions": [{"name": "f"}], "function_call": {"name": ["g"]}}),
        Case("any function", {"functions": [{"name": "f"}], "function_call": "auto"}),
        Case("no functions", {"function_call": {"name": "g"}}),
        Case("declared tool", {"tools": [CHAT_F], "tool_choice": CHAT_F}),
        Case(
            "custom tool",
            {
                "tools": [{"type": "custom", "custom": {"name": "c"}}],
                "tool_choice": {"type": "custom", "custom": {"name": "c"}},
            },
        ),
        Case(
            "malformed tool",
            {
                "tools": [{"type": "function", "function": "f"}],
                "tool_choice": {"function": {"name": "g"}},
            },
        ),
        Case("tools of a wrong type", {"tools": "f", "tool_choice": {"function": {"name": "g"}}}),
    ]
)
def test_declared_or_possibly_declared_function_passes(case: Case) -> None:
    assert rule_findings("undeclared_function", CHAT, case.body) == []


# -- tool_choice_not_found ------------------------------------------------------------------------


class MissingFunction(NamedTuple):
    name: str
    body: dict[str, Any]
    message: str


NO_TOOLS = "Tool choice 'required' must be specified with 'tools' parameter."


@each(
    [
        MissingFunction(
            "other function", {"tools": [RESPONSES_F], "tool_choice": RESPONSES_G}, not_found("g")
        ),
        MissingFunction(
            "empty tools", {"tools": [], "tool_choice": RESPONSES_G}, not_found("function")
        ),
        MissingFunction("no tools", {"tool_choice": RESPONSES_G}, not_found("function")),
        MissingFunction("required without tools", {"tool_choice": "required"}, NO_TOOLS),
        MissingFunction("required of none", {"tools": [], "tool_choice": "required"}, NO_TOOLS),
    ]
)
def test_chosen_function_that_is_missing_is_reported(case: MissingFunction) -> None:
    assert rule_findings("tool_choice_not_found", RESPONSES, case.body) == [
        (case.message, "tool_choice", ("tool_choice",))
    ]
    assert rule_findings("tool_choice_not_found", CHAT, case.body) == []


@each(
    [
        Case("declared", {"tools": [RESPONSES_F, {"type": "function", "name": "g"}]}),
        Case(
            "namespace", {"tools": [RESPONSES_F, {"type": "namespace", "name": "n", "tools": []}]}
        ),
        Case("mcp server", {"tools": [RESPONSES_F, {"type": "mcp", "server_label": "s"}]}),
        Case("malformed name", {"tools": [{"type": "function", "name": 5}]}),
        Case("malformed tool", {"tools": [RESPONSES_F, 5]}),
        Case("tools of a wrong type", {"tools": {"0": RESPONSES_F}}),
        Case("prompt template", {"prompt": {"id": "pmpt_1"}}),
        Case("item with tools", {"input": [{"type": "additional_tools", "tools": []}]}),
    ]
)
def test_chosen_function_that_may_exist_passes(case: Case) -> None:
    body = {"tool_choice": RESPONSES_G, **case.body}

    assert rule_findings("tool_choice_not_found", RESPONSES, body) == []


@pytest.mark.parametrize(
    "choice", ["auto", "none", None, 5, {"type": ["function"]}, {"type": "function"}], ids=str
)
def test_choice_that_names_no_tool_passes(choice: Any) -> None:
    assert rule_findings("tool_choice_not_found", RESPONSES, {"tool_choice": choice}) == []


# -- tool_choice_elsewhere ------------------------------------------------------------------------


class OtherTool(NamedTuple):
    name: str
    url: str
    tools: list[Any]
    choice: dict[str, Any]
    label: str = ""


@each(
    [
        OtherTool("file search", RESPONSES, [RESPONSES_F], {"type": "file_search"}, "file_search"),
        OtherTool("no tools", RESPONSES, [], {"type": "image_generation"}, "image_generation"),
        OtherTool("custom tool", RESPONSES, [RESPONSES_F], {"type": "custom", "name": "f"}, "f"),
        OtherTool(
            "allowed tools",
            RESPONSES,
            [RESPONSES_F],
            {"type": "allowed_tools", "mode": "auto", "tools": [RESPONSES_G]},
            "g",
        ),
        OtherTool(
            "custom tool in chat",
            CHAT,
            [CHAT_F],
            {"type": "custom", "custom": {"name": "c"}},
            "c",
        ),
        OtherTool(
            "allowed tools in chat",
            CHAT,
            [CHAT_F],
            {"type": "allowed_tools", "allowed_tools": {"mode": "auto", "tools": [CHAT_G]}},
            "g",
        ),
    ]
)
def test_chosen_non_function_tool_that_is_missing_is_reported(case: OtherTool) -> None:
    body = {"tools": case.tools, "tool_choice": case.choice}

    assert rule_findings("tool_choice_elsewhere", case.url, body) == [
        (not_found(case.label), "tool_choice", ("tool_choice",))
    ]
    assert RULES["tool_choice_elsewhere"].severity == "warning"


@each(
    [
        OtherTool("declared", RESPONSES, [{"type": "file_search"}], {"type": "file_search"}),
        OtherTool(
            "same family", RESPONSES, [{"type": "web_search"}], {"type": "web_search_preview"}
        ),
        OtherTool("computer", RESPONSES, [{"type": "computer_use_preview"}], {"type": "computer"}),
        OtherTool("mcp", RESPONSES, [RESPONSES_F], {"type": "mcp", "server_label": "s"}),
        OtherTool(
            "allowed and malformed tools",
            RESPONSES,
            [RESPONSES_F],
            {"type": "allowed_tools", "mode": "auto", "tools": [{}, RESPONSES_F, 5]},
        ),
        OtherTool("function, which has its own rule", RESPONSES, [RESPONSES_F], RESPONSES_G),
        OtherTool("empty tools in chat", CHAT, [], {"type": "custom", "custom": {"name": "c"}}),
        OtherTool(
            "malformed allowed tools",
            CHAT,
            [CHAT_F],
            {"type": "allowed_tools", "allowed_tools": 5},
        ),
        OtherTool("other endpoint", EMBEDDINGS, [RESPONSES_F], {"type": "file_search"}),
    ]
)
def test_chosen_non_function_tool_that_may_exist_passes(case: OtherTool) -> None:
    body = {"tools": case.tools, "tool_choice": case.choice}

    assert rule_findings("tool_choice_elsewhere", case.url, body) == []


test_invalid_data_never_raises = invalid_data_test(
    tool_choice,
    {
        "tools",
        "tool_choice",
        "functions",
        "function_call",
        "parallel_tool_calls",
        "type",
        "name",
        "function",
        "custom",
        "allowed_tools",
        "input",
        "prompt",
    },
    st.sampled_from(
        [
            "function",
            "custom",
            "allowed_tools",
            "required",
            "auto",
            "web_search",
            "f",
            "",
            None,
            1,
            True,
        ]
    ),
    max_message_length=200,
)
