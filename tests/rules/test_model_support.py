"""The rules of `rules/model_support.py`: what a model accepts."""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest

from batchlint import check_request
from rules.helpers import each
from support import BODIES, request, rule_findings

CHAT = "/v1/chat/completions"
RESPONSES = "/v1/responses"
COMPLETIONS = "/v1/completions"
EMBEDDINGS = "/v1/embeddings"
GENERATIONS = "/v1/images/generations"
EDITS = "/v1/images/edits"

# -- what the schemas of model families state -----------------------------------------------------


class UnsupportedParameters(NamedTuple):
    name: str
    rule: str
    url: str
    rejected: dict[str, Any]
    accepted: dict[str, Any]


TOOLS = [{"type": "function", "function": {"name": "f"}}]
LOGPROBS = {"model": "gpt-5.6-terra", "reasoning_effort": "none", "logprobs": True}


@each(
    [
        UnsupportedParameters(
            "parameter",
            "unsupported_parameter",
            CHAT,
            {"model": "gpt-5", "max_tokens": 9},
            {"model": "gpt-5", "max_completion_tokens": 9},
        ),
        UnsupportedParameters(
            "value",
            "unsupported_value",
            CHAT,
            {"model": "gpt-5", "temperature": 0},
            {"model": "gpt-5", "temperature": 1},
        ),
        UnsupportedParameters(
            "reasoning",
            "unrecognized_argument",
            CHAT,
            {"model": "gpt-4o", "reasoning_effort": "low"},
            {"model": "gpt-5", "reasoning_effort": "low"},
        ),
        UnsupportedParameters(
            "cache",
            "invalid_parameter",
            RESPONSES,
            {"model": "gpt-5.6-terra", "prompt_cache_retention": "in_memory"},
            {"model": "gpt-5.6-terra", "prompt_cache_retention": "24h"},
        ),
        UnsupportedParameters(
            "log probabilities",
            "top_logprobs_above_max",
            CHAT,
            LOGPROBS | {"top_logprobs": 6},
            LOGPROBS | {"top_logprobs": 5},
        ),
        UnsupportedParameters(
            "tools",
            "tools_need_no_effort",
            CHAT,
            {"model": "gpt-5.6-sol", "tools": TOOLS},
            {"model": "gpt-5.6-sol", "tools": TOOLS, "reasoning_effort": "none"},
        ),
        UnsupportedParameters(
            "output tokens",
            "max_tokens_too_large",
            CHAT,
            {"model": "gpt-4o-mini", "max_tokens": 16_385},
            {"model": "gpt-4o-mini", "max_tokens": 16_384},
        ),
        UnsupportedParameters(
            "stop of gpt-6-astra",
            "unsupported_parameter",
            CHAT,
            {"model": "gpt-6-astra", "stop": "x"},
            {"model": "gpt-6-astra", "stop": []},
        ),
        UnsupportedParameters(
            "temperature of gpt-6-astra",
            "unsupported_value",
            CHAT,
            {"model": "gpt-6-astra", "temperature": 0},
            {"model": "gpt-6-astra", "temperature": 1},
        ),
        UnsupportedParameters(
            "top_p of gpt-6-astra",
            "unsupported_parameter",
            CHAT,
            {"model": "gpt-6-astra", "top_p": 0},
            {"model": "gpt-6-astra", "top_p": 1},
        ),
        UnsupportedParameters(
            "tokens of gpt-6-astra",
            "max_tokens_too_large",
            CHAT,
            {"model": "gpt-6-astra", "max_completion_tokens": 128_001},
            {"model": "gpt-6-astra", "max_completion_tokens": 128_000},
        ),
        UnsupportedParameters(
            "temperature of gpt-6-astra in responses",
            "unsupported_parameter",
            RESPONSES,
            {"model": "gpt-6-astra", "temperature": 0},
            {"model": "gpt-6-astra", "temperature": 1},
        ),
        UnsupportedParameters(
            "dimensions",
            "too_many_dimensions",
            EMBEDDINGS,
            {"model": "text-embedding-3-small", "dimensions": 1537},
            {"model": "text-embedding-3-small", "dimensions": 1536},
        ),
        UnsupportedParameters(
            "fixed dimensions",
            "dimensions_unsupported",
            EMBEDDINGS,
            {"model": "text-embedding-ada-002", "dimensions": 1536},
            {"model": "text-embedding-ada-002"},
        ),
        UnsupportedParameters(
            "input fidelity",
            "invalid_input_fidelity_model",
            EDITS,
            {"model": "gpt-image-2", "input_fidelity": "high"},
            {"model": "gpt-image-1.5", "input_fidelity": "high"},
        ),
        UnsupportedParameters(
            "suffix",
            "unsupported_by_documentation",
            COMPLETIONS,
            {"model": "davinci-002", "suffix": "y"},
            {"model": "gpt-3.5-turbo-instruct", "suffix": "y"},
        ),
    ]
)
def test_model_rejects_parameters_that_its_family_does_not_support(
    case: UnsupportedParameters,
) -> None:
    rejected = [error.rule for error in check_request(request("a", case.url, **case.rejected))]
    accepted = [error.rule for error in check_request(request("a", case.url, **case.accepted))]
    unknown = check_request(request("a", case.url, **case.rejected | {"model": "unknown"}))

    assert case.rule in rejected
    assert case.rule not in accepted
    assert case.rule not in [error.rule for error in unknown]


class Tool(NamedTuple):
    name: str
    tool: dict[str, Any]
    rejected: tuple[str, ...]
    accepted: tuple[str, ...]
    rule: str = "unsupported_tools"


SEARCHABLE = {"type": "function", "name": "f", "parameters": {}, "strict": False}


@each(
    [
        Tool(
            "tool_search",
            {"type": "tool_search"},
            ("gpt-4.1", "gpt-4o", "gpt-5", "gpt-5.1", "gpt-5.4-nano", "gpt-5-codex", "o3"),
            ("gpt-5.2", "gpt-5.4", "gpt-5.4-mini", "gpt-5.3-codex", "gpt-5.5", "gpt-6-sol"),
        ),
        Tool(
            "computer",
            {"type": "computer"},
            ("gpt-4.1", "gpt-5-mini", "gpt-5.1", "gpt-5.2", "gpt-5.4-nano", "o1"),
            ("gpt-5.4", "gpt-5.4-mini", "gpt-5.5", "gpt-5.6"),
        ),
        Tool(
            "apply_patch",
            {"type": "apply_patch"},
            (
                "gpt-4.1-nano",
                "gpt-4o-mini",
                "gpt-5",
                "gpt-5-pro",
                "gpt-5-codex",
                "o1-pro",
                "o3-pro",
            ),
            ("gpt-5.1", "gpt-5.1-codex", "gpt-5.2", "gpt-5.4-nano", "gpt-5.5"),
        ),
        Tool(
            "shell",
            {"type": "shell"},
            ("gpt-4.1-mini", "gpt-4o-mini", "gpt-5"),
            ("gpt-5.1", "gpt-5.4", "gpt-5.5"),
        ),
        Tool(
            "computer_use_preview",
            {
                "type": "computer_use_preview",
                "display_width": 1024,
                "display_height": 768,
                "environment": "browser",
            },
            ("gpt-5.4", "gpt-5.5", "gpt-5.6", "gpt-6-astra"),
            ("computer-use-preview",),
            "doubtful_tool",
        ),
        Tool(
            "code_interpreter",
            {"type": "code_interpreter", "container": {"type": "auto"}},
            ("gpt-5.2-pro",),
            ("gpt-5.2", "gpt-5.4-pro"),
        ),
    ]
)
def test_model_rejects_a_tool_that_it_does_not_support(case: Tool) -> None:
    tools = [case.tool, {**SEARCHABLE, "defer_loading": case.name == "tool_search"}]

    for model in case.rejected + case.accepted:
        body = {"model": model, "input": "Hi", "tools": tools}
        found = [
            e for e in check_request(request("a", RESPONSES, **body)) if e.param == "body.tools"
        ]
        messages = [e.message for e in found]
        message = f"Tool '{case.name}' is not supported with {model}."
        assert messages == ([message] if model in case.rejected else [])
        assert all(e.rule == case.rule for e in found)


def test_local_shell_is_doubtful_for_every_model() -> None:
    for model in ("gpt-5.5", "unknown"):
        body = {"model": model, "input": "Hi", "tools": [{"type": "local_shell"}]}
        (warning,) = check_request(request("a", RESPONSES, **body))
        assert (warning.rule, warning.severity) == ("doubtful_tool", "warning")
        assert warning.param == "body.tools"
        assert warning.message == "The local_shell tool is no longer supported."


class Fidelity(NamedTuple):
    name: str
    tool: dict[str, Any]
    rejected: bool


@each(
    [
        Fidelity("newer", {"model": "gpt-image-2", "input_fidelity": "high"}, True),
        Fidelity("dated", {"model": "gpt-image-2-2026-04-21", "input_fidelity": "low"}, True),
        Fidelity("newest", {"model": "gpt-image-2.5-flare", "input_fidelity": "high"}, True),
        Fidelity("older", {"model": "gpt-image-1", "input_fidelity": "high"}, False),
        Fidelity("null", {"model": "gpt-image-2", "input_fidelity": None}, False),
        Fidelity("default model", {"input_fidelity": "high"}, False),
    ]
)
def test_input_fidelity_of_the_image_tool_depends_on_its_model(case: Fidelity) -> None:
    tools = [{"type": "image_generation", **case.tool}]

    found = check_request(request("a", RESPONSES, model="gpt-5.2", input="Hi", tools=tools))

    message = (
        f"The model '{case.tool.get('model')}' does not support the 'input_fidelity' parameter."
    )
    expected = [("invalid_input_fidelity_model", "body.tools", message)] if case.rejected else []
    assert [(e.rule, e.param, e.message) for e in found] == expected


class Minimal(NamedTuple):
    name: str
    types: tuple[str, ...]
    named: str


@each(
    [
        Minimal("web search", ("web_search",), "web_search"),
        Minimal("images", ("image_generation",), "image_gen"),
        Minimal("both", ("web_search", "image_generation"), "image_gen, web_search"),
        Minimal("file search", ("file_search",), "file_search"),
        Minimal("file and web search", ("file_search", "web_search"), "web_search"),
    ]
)
def test_minimal_effort_excludes_hosted_tools(case: Minimal) -> None:
    tools = [
        {"type": kind, "vector_store_ids": ["vs_1"]} if kind == "file_search" else {"type": kind}
        for kind in case.types
    ]
    body = {"model": "gpt-5", "input": "Hi", "tools": tools}

    found = check_request(request("a", RESPONSES, **body, reasoning={"effort": "minimal"}))
    accepted = check_request(request("a", RESPONSES, **body, reasoning={"effort": "low"}))

    message = "The following tools cannot be used with reasoning.effort 'minimal': "
    assert [e.message for e in found if e.severity == "error"] == [f"{message}{case.named}."]
    assert [e for e in accepted if e.severity == "error"] == []


# -- invalid_size ---------------------------------------------------------------------------------

DIVISIBLE = "Width and height must both be divisible by 16."
RATIO = "The aspect ratio must be between 1:3 and 3:1."
LONGEST = "The longest edge must be less than or equal to 3840."
TOO_FEW = "Requested resolution is below the current minimum pixel budget."
TOO_MANY = "Requested resolution exceeds the current pixel budget."


class Size(NamedTuple):
    name: str
    reason: str | None


@each(
    [
        Size("1024x1024", None),
        Size("16x16", TOO_FEW),
        Size("1024x640", None),
        Size("1024x624", TOO_FEW),
        Size("2880x2880", None),
        Size("2880x2896", TOO_MANY),
        Size("1008x1024", None),
        Size("1000x1024", DIVISIBLE),
        Size("1024x1000", DIVISIBLE),
        Size("1536x512", None),
        Size("1552x512", RATIO),
        Size("512x1536", None),
        Size("512x1552", RATIO),
        Size("3840x2160", None),
        Size("3856x2160", LONGEST),
        Size("2160x3856", LONGEST),
        Size("auto", None),
        Size("01000x1000", None),
        Size("0x0", None),
        Size("1000000000x1", None),
    ]
)
def test_arbitrary_size_is_checked(case: Size) -> None:
    body = {"model": "gpt-image-2", "size": case.name}
    message = f"Invalid size '{case.name}'. {case.reason}"
    expected = [] if case.reason is None else [(message, "size", ("size",))]

    assert rule_findings("invalid_size", GENERATIONS, body) == expected
    assert rule_findings("invalid_size", EDITS, body) == expected
    assert rule_findings("invalid_size", RESPONSES, body) == []


@pytest.mark.parametrize("model", ["gpt-image-2", "gpt-image-2.1", "gpt-image-2-2026-04-21"])
def test_newer_image_models_accept_any_size(model: str) -> None:
    body = {"model": model, "size": "1000x1000"}

    assert len(rule_findings("invalid_size", GENERATIONS, body)) == 1


@pytest.mark.parametrize("model", ["gpt-image-1", "gpt-image-20", "dall-e-3", "", 5, None])
def test_sizes_of_other_models_are_left_to_the_schema(model: Any) -> None:
    body = {"model": model, "size": "1000x1000"}

    assert rule_findings("invalid_size", GENERATIONS, body) == []


@pytest.mark.parametrize("size", [None, 1000, ["1000x1000"], {}], ids=str)
def test_size_of_a_wrong_type_is_left_to_the_schema(size: Any) -> None:
    body = {"model": "gpt-image-2", "size": size}

    assert rule_findings("invalid_size", GENERATIONS, body) == []


@pytest.mark.parametrize(
    ("model", "advice"),
    [
        ("gpt-5.4", "Please use /v1/responses instead."),
        ("gpt-5.4-mini", "Please use /v1/responses instead."),
        (
            "gpt-5.5",
            "To use function tools, use /v1/responses or set reasoning_effort to 'none'.",
        ),
    ],
)
def test_function_tools_with_an_effort_are_rejected(model: str, advice: str) -> None:
    body = BODIES[CHAT] | {"model": model, "tools": TOOLS}
    [error] = check_request(request("a", CHAT, **body, reasoning_effort="low"))

    assert error.message == (
        f"Function tools with reasoning_effort are not supported for {model} in "
        f"/v1/chat/completions. {advice}"
    )
    assert check_request(request("a", CHAT, **body)) == []
