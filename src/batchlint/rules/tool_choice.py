"""Rules about tool choices. A request must declare the tools that it chooses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from ..findings import Problem
from ..phrasing import excerpt
from ..providers import CHAT, RESPONSES
from .registry import Request, problem, request_rule
from .triggers import fields

#: Parameters of chat completions, each with the parameter that it requires.
_REQUIRED: Final = {
    "tool_choice": "tools",
    "parallel_tool_calls": "tools",
    "function_call": "functions",
}

_DECLARE_FUNCTION: Final = "Declare the function, or choose a declared one."


def _has_tools(request: Request) -> bool:
    """Return whether the request has `tools`, and no `function_call`, which needs `functions`."""
    return isinstance(request.body.get("tools"), list) and "function_call" not in request.body


def _names_no_tool(request: Request) -> bool:
    """Return whether the request does not choose a tool by name."""
    return not any(
        isinstance(request.body.get(parameter), dict)
        for parameter in ("tool_choice", "function_call")
    )


@request_rule(endpoints=[CHAT], when=fields(*_REQUIRED), unless=_has_tools)
def choice_without_tools(request: Request) -> Iterator[Problem]:
    """`tool_choice`, `parallel_tool_calls` or `function_call` is set without the tools it needs.

    `tool_choice` and `parallel_tool_calls` need `tools`, and `function_call` needs
    `functions`, even if the value is `none` or `false`. For an empty list, see
    `empty_array`. The API rejects the request when the batch runs. The error appears in
    the batch's error file.

    Fails: /v1/chat/completions {"model": "m", "messages": [{"role": "user", "content":
            "Hi"}], "tool_choice": "none"}
    Passes: /v1/chat/completions {"model": "m", "messages": [{"role": "user", "content":
            "Hi"}], "tool_choice": "none", "tools": [{"type": "function", "function":
            {"name": "f"}}]}

    Fix: Remove the parameter, or add the tools that it needs.

    Evidence: confirmed. Recorded responses from August and September 2026 for
    `tool_choice` and `function_call`, and reports for `parallel_tool_calls`
    (openai/swarm#30 and others). The responses have no code.
    """
    for parameter, needed in _REQUIRED.items():
        if _is_choice(parameter, request.body.get(parameter)) and request.body.get(needed) is None:
            yield problem(
                f"Invalid value for '{parameter}': '{parameter}' is only allowed when '{needed}' "
                "are specified.",
                parameter,
            )


def _is_choice(parameter: str, value: Any) -> bool:
    """Return whether the schema may accept a value. Other rules report the rest."""
    if parameter == "parallel_tool_calls":
        return isinstance(value, bool)
    return isinstance(value, dict) or value in ("none", "auto", "required")


@request_rule(endpoints=[CHAT], when=fields("tool_choice", "function_call"), unless=_names_no_tool)
def undeclared_function(request: Request) -> Iterator[Problem]:
    """`tool_choice` or `function_call` names a function that the request does not declare.

    The API rejects the request when the batch runs. The error appears in the
    batch's error file. The API's message mentions `function_call` and `functions`
    even if the request uses `tool_choice` and `tools`.

    Fails: /v1/chat/completions {"model": "m", "messages": [{"role": "user", "content":
            "Hi"}], "tools": [{"type": "function", "function": {"name": "f"}}],
            "tool_choice": {"type": "function", "function": {"name": "g"}}}
    Passes: /v1/chat/completions {"model": "m", "messages": [{"role": "user", "content":
            "Hi"}], "tools": [{"type": "function", "function": {"name": "f"}}],
            "tool_choice": {"type": "function", "function": {"name": "f"}}}

    Fix: Declare the function, or choose a declared one.

    Evidence: confirmed. Recorded responses from August and September 2026, which
    have no code.
    """
    call = request.body.get("function_call")
    choice = request.body.get("tool_choice")
    if isinstance(call, dict):
        declared = [item for _, item in request.objects("functions")]
        yield from _undeclared(call.get("name"), declared, "function_call", "name")
    if isinstance(choice, dict) and isinstance(choice.get("function"), dict):
        declared = [
            item["function"]
            for _, item in request.objects("tools")
            if isinstance(item.get("function"), dict)
        ]
        yield from _undeclared(
            choice["function"].get("name"), declared, "tool_choice", "function", "name"
        )


def _undeclared(name: Any, declared: Sequence[Mapping[str, Any]], *path: str) -> Iterator[Problem]:
    """Report a name that is missing from well-formed declarations."""
    if (
        isinstance(name, str)
        and declared
        and name not in (names := _names(declared))
        and None not in names
    ):
        yield problem(
            f"Invalid value for 'function_call': no function named '{excerpt(name)}' was "
            "specified in the 'functions' parameter.",
            *path,
            param="function_call",
            hint=_DECLARE_FUNCTION,
        )


def _names(declared: Sequence[Mapping[str, Any]]) -> list[str | None]:
    """Return the names of declarations, with None for each name that the schema rejects."""
    return [name if isinstance(name := item.get("name"), str) else None for item in declared]


@request_rule(endpoints=[RESPONSES], when=fields("tool_choice"))
def tool_choice_not_found(request: Request) -> Iterator[Problem]:
    """`tool_choice` requires a tool, but `tools` is empty or lacks the named function.

    The API rejects the request when the batch runs. The error appears in the
    batch's error file.

    Nothing is reported if tools may come from elsewhere: a prompt template, a
    namespace, a tool search, an MCP server, or an input item that adds tools.

    Fails: /v1/responses {"model": "m", "input": "Hi", "tool_choice": "required"}
    Passes: /v1/responses {"model": "m", "input": "Hi", "tool_choice": "auto"}
    Fails: /v1/responses {"model": "m", "input": "Hi", "tools": [{"type": "function",
            "name": "f"}], "tool_choice": {"type": "function", "name": "g"}}

    Fix: Declare the tool in `tools`, or choose a declared one.

    Evidence: confirmed. Recorded responses from August and September 2026, which
    have no code.
    """
    choice = request.body.get("tool_choice")
    tools = _tools(request) if choice == "required" or isinstance(choice, dict) else None
    if tools is None:
        return
    if choice == "required" and not tools:
        yield problem(
            "Tool choice 'required' must be specified with 'tools' parameter.",
            "tool_choice",
            hint="Add `tools`, or remove `tool_choice`.",
        )
    elif (
        isinstance(choice, dict)
        and choice.get("type") == "function"
        and isinstance(choice.get("name"), str)
    ):
        name = choice["name"]
        names = _names([tool for tool in tools if tool.get("type") == "function"])
        if name not in names and None not in names:
            message = _not_found(name if tools else "function")
            yield problem(message, "tool_choice", hint=_DECLARE_FUNCTION)


def _not_found(name: str) -> str:
    return f"Tool choice '{excerpt(name)}' not found in 'tools' parameter."


def _tools(request: Request) -> list[dict[str, Any]] | None:
    """Return the tools of a `/v1/responses` request.

    None if there may be other tools, or if the schema rejects these.
    """
    declared = request.body.get("tools") or []
    tools = [tool for _, tool in request.objects("tools")]
    if (
        not isinstance(declared, list)
        or len(tools) < len(declared)
        or request.body.get("prompt") is not None
        or any(item.get("type") == "additional_tools" for _, item in request.objects("input"))
    ):
        return None
    return (
        None
        if any(tool.get("type") in ("namespace", "tool_search", "mcp") for tool in tools)
        else tools
    )


@request_rule(
    fails=None, endpoints=[CHAT, RESPONSES], when=fields("tool_choice"), unless=_names_no_tool
)
def tool_choice_elsewhere(request: Request) -> Iterator[Problem]:
    """`tool_choice` names a built-in, custom or allowed tool that is missing from `tools`.

    Allowed tools are those in `allowed_tools`, which may be functions. For a choice of a
    single function, see `undeclared_function` and `tool_choice_not_found`.

    This is a warning because the only known error responses are about
    `image_generation`, in requests from which the API had removed that tool.

    Fails: /v1/responses {"model": "m", "input": "Hi", "tools": [{"type": "function",
            "name": "f"}], "tool_choice": {"type": "file_search"}}
    Passes: /v1/responses {"model": "m", "input": "Hi", "tools": [{"type":
            "file_search", "vector_store_ids": ["vs_1"]}], "tool_choice": {"type":
            "file_search"}}

    Fix: Declare the tool in `tools`, or choose a declared one.

    Evidence: reported. Reports from 2026, all about requests from which the API itself
    had removed `image_generation`. For other tools, the error message is inferred.
    """
    choice = request.body.get("tool_choice")
    chosen = (
        [key for tool in _chosen_tools(choice) if (key := _tool_key(tool))]
        if isinstance(choice, dict)
        else []
    )
    declared = _declared(request) if chosen else None
    for key in chosen:
        if declared is not None and key not in declared:
            yield problem(
                _not_found(key[1] or key[0]),
                "tool_choice",
                hint="Add the tool to `tools`, or choose a tool from `tools`. It is unknown whether "
                "the API rejects this.",
            )


def _chosen_tools(choice: Mapping[str, Any]) -> Sequence[Any]:
    """Return the tools that a choice names. Other rules check choices of a single function."""
    if choice.get("type") != "allowed_tools":
        return [choice] if choice.get("type") != "function" else []
    allowed = choice.get("allowed_tools", choice)
    tools = allowed.get("tools") if isinstance(allowed, dict) else None
    return tools if isinstance(tools, list) else []


def _declared(request: Request) -> set[tuple[str, str]] | None:
    """Return the keys of the declared tools; None if the request may have other tools."""
    tools = (
        [tool for _, tool in request.objects("tools")]
        if request.endpoint == CHAT
        else _tools(request)
    )
    if tools is None or (request.endpoint == CHAT and not tools):
        return None
    return {key for tool in tools if (key := _tool_key(tool))}


def _tool_key(tool: Any) -> tuple[str, str] | None:
    """Return a tool's type, and its name if a request can have several tools of this type.

    None for a malformed tool, and for MCP servers, which provide any number of tools.
    """
    kind = tool.get("type") if isinstance(tool, dict) else None
    if not isinstance(kind, str):
        return None
    if kind in ("function", "custom"):
        # In chat completions, the function is nested in the tool.
        declaration = tool[kind] if isinstance(tool.get(kind), dict) else tool
        name = declaration.get("name")
        return (kind, name) if isinstance(name, str) else None
    for family in ("web_search", "computer"):
        if kind.startswith(family):
            return family, ""
    return (kind, "") if kind != "mcp" else None
