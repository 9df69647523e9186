"""Rules about the tools of a request. A model finds deferred tools with the tool `tool_search`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any, Final

from ..findings import Phase, Problem
from ..phrasing import excerpt
from ..providers import CHAT, RESPONSES
from .registry import Request, problem, request_rule, stated_in_schema
from .triggers import fields, items

#: Matches requests without a format for JSON mode.
_NO_JSON_MODE: Final = {
    "properties": {
        "text": {
            "properties": {
                "format": {"properties": {"type": {"not": {"const": "json_object"}}}},
            }
        }
    }
}

#: Fields that refer to a stored prompt or conversation, which may add tools.
_STORED: Final = ("prompt", "previous_response_id", "conversation")

#: Matches requests without a deferred tool, a namespace or a tool search.
_NO_DEFERRED_TOOLS: Final = {
    "properties": {
        "tools": {
            "items": {
                "properties": {
                    "type": {"not": {"enum": ["namespace", "tool_search"]}},
                    "defer_loading": {"enum": [False, None]},
                }
            }
        }
    }
}

_NOT_PYTHON: Final = {"not": {"const": "python"}}

#: Matches requests without a function that is called `python`.
_NO_RESERVED_NAME: Final = {
    "properties": {
        "tools": {
            "items": {
                "properties": {
                    "name": _NOT_PYTHON,
                    "function": {"properties": {"name": _NOT_PYTHON}},
                }
            }
        }
    }
}

_HAS_SEARCH_OUTPUT: Final = items({"type": {"not": {"const": "tool_search_output"}}})


@request_rule(endpoints=[RESPONSES], when=fields("tools"), unless=_NO_DEFERRED_TOOLS)
def deferred_tool_without_search(request: Request) -> Iterator[Problem]:
    """A function has `defer_loading`, but `tools` has no `tool_search`.

    The function can be in `tools` or in a namespace. The API rejects the request when
    the batch runs. The error appears in the batch's error file.

    Nothing is reported if tools may come from elsewhere: a prompt template, a stored
    conversation, or an input item that adds tools.

    Fails: /v1/responses {"model": "m", "input": "Hi", "tools": [{"type": "function",
            "name": "f", "parameters": {}, "strict": false, "defer_loading": true}]}
    Passes: /v1/responses {"model": "m", "input": "Hi", "tools": [{"type": "function",
            "name": "f", "parameters": {}, "strict": false, "defer_loading": true},
            {"type": "tool_search"}]}

    Fix: Add `{"type": "tool_search"}` to `tools`, or remove `defer_loading`.

    Evidence: reported. pydantic/pydantic-ai#5938 (June 2026) and Wei-Shaw/sub2api#5942
    (August 2026) quote the message. The param, the null code and the same message for a
    function in a namespace are from the tests of davidmovas/postulator (2026), which
    repeat responses of the live API.
    """
    if _may_have_other_tools(request):
        return
    tools = [tool for _, tool in request.objects("tools")]
    if any(tool.get("type") == "tool_search" for tool in tools):
        return
    if any(
        tool.get("type") == "function" and tool.get("defer_loading") is True
        for tool in _with_members(tools)
    ):
        yield problem(
            "Invalid Value: 'tools.defer_loading'. Deferred tools require tools.tool_search.",
            "tools",
            param="tools.defer_loading",
            hint='Add `{"type": "tool_search"}` to `tools`, or remove `defer_loading`.',
        )


@request_rule(endpoints=[RESPONSES], when=fields("tools"), unless=_NO_DEFERRED_TOOLS)
def tool_search_without_deferred_tool(request: Request) -> Iterator[Problem]:
    """The `tools` have a `tool_search`, but no tool with `defer_loading` that it can find.

    The deferred tool can be in `tools` or in a namespace. The API rejects the request
    when the batch runs. The error appears in the batch's error file.

    Nothing is reported if the client runs the search (`"execution": "client"`), or if
    tools may come from elsewhere: a prompt template, a stored conversation, or input
    items that add tools or repeat an earlier search.

    Fails: /v1/responses {"model": "m", "input": "Hi", "tools": [{"type": "function",
            "name": "f", "parameters": {}, "strict": false}, {"type": "tool_search"}]}
    Passes: /v1/responses {"model": "m", "input": "Hi", "tools": [{"type": "function",
            "name": "f", "parameters": {}, "strict": false, "defer_loading": true},
            {"type": "tool_search"}]}

    Fix: Set `defer_loading` to true in the tools that the search should find, or remove
    `tool_search`.

    Evidence: reported. In pydantic/pydantic-ai#5230 (May 2026), the live API rejected
    20 of 20 such requests. justrach/codegraff#746 (September 2026) quotes the message
    too. The param is from the tests of a public project. Recordings show that the API
    accepts a client's search without deferred tools (gpt-5.3-codex, 2026).
    """
    if _may_have_other_tools(request) or any(
        str(item.get("type")).startswith("tool_search_") for _, item in request.objects("input")
    ):
        return
    tools = [tool for _, tool in request.objects("tools")]
    searches = [tool for tool in tools if tool.get("type") == "tool_search"]
    if not searches or any(search.get("execution") not in (None, "server") for search in searches):
        return
    if not any(tool.get("defer_loading") for tool in _with_members(tools)):
        yield problem(
            "Invalid Value: 'tools.tool_search'. tools.tool_search requires at least one deferred "
            "tool.",
            "tools",
            param="tools.tool_search",
            hint="Set `defer_loading` to true in the tools that the search should find, or remove "
            "`tool_search`.",
        )


@request_rule(endpoints=[RESPONSES], when=fields("tools"), unless=_NO_DEFERRED_TOOLS, fails=None)
def tool_search_description(request: Request) -> Iterator[Problem]:
    """A `tool_search` on the server has a description, or one on the client has none.

    The API runs the search, unless `execution` is `client`. It probably rejects the
    request when the batch runs. This is a warning because `description` is optional for
    both in openai-python 3.57.0.

    Fails: /v1/responses {"model": "m", "input": "Hi", "tools": [{"type": "function",
            "name": "f", "parameters": {}, "strict": false, "defer_loading": true},
            {"type": "tool_search", "description": "Find tools."}]}
    Passes: /v1/responses {"model": "m", "input": "Hi", "tools": [{"type": "tool_search",
            "execution": "client", "description": "Find tools.", "parameters": {}}]}
    Fails: /v1/responses {"model": "m", "input": "Hi", "tools": [{"type": "tool_search",
            "execution": "client", "parameters": {}}]}

    Fix: Remove `description`, or add one if the client runs the search.

    Evidence: reported. A post on linux.do (2026) quotes the error response for a search
    on the server, which has no code. For a search by the client, a public project quotes
    the end of the message, which it measured in August 2026.
    """
    for i, tool in request.objects("tools"):
        if tool.get("type") != "tool_search":
            continue
        execution, description = tool.get("execution"), tool.get("description")
        if execution in (None, "server") and description is not None:
            yield problem(
                "Invalid Value: 'tools.tool_search.description'. Server-executed tool_search does "
                "not accept a description.",
                "tools",
                i,
                "description",
                param="tools",
                hint='Remove `description`, or set `execution` to "client".',
            )
        elif execution == "client" and description is None:
            yield problem(
                "Client-executed tool_search requires a description.",
                "tools",
                i,
                param="tools",
                hint="Describe the search in `description`.",
            )


#: Namespaces that the API uses for its own tools. Source: openai/codex#20724 (May 2026).
_RESERVED_NAMESPACES: Final = (
    "api_tool",
    "browser",
    "computer",
    "container",
    "file_search",
    "functions",
    "image_gen",
    "multi_tool_use",
    "python",
    "python_user_visible",
    "submodel_delegator",
    "terminal",
    "tool_search",
    "web",
)


@request_rule(endpoints=[RESPONSES], when=fields("tools"), unless=_NO_DEFERRED_TOOLS)
def reserved_namespace(request: Request) -> Iterator[Problem]:
    """A `namespace` in `tools` has a name that the API uses for its own tools.

    The API rejects the request when the batch runs. The error appears in the
    batch's error file.

    Fails: /v1/responses {"model": "m", "input": "Hi", "tools": [{"type": "namespace",
            "name": "web", "description": "d", "tools": [{"type": "function", "name":
            "f", "parameters": {}, "strict": false}]}]}
    Passes: /v1/responses {"model": "m", "input": "Hi", "tools": [{"type": "namespace",
            "name": "my_web", "description": "d", "tools": [{"type": "function", "name":
            "f", "parameters": {}, "strict": false}]}]}

    Fix: Use another name.

    Evidence: reported. Public projects quote the error response for `image_gen` and
    `web` (2026), which has no code. openai/codex#20724 (May 2026) lists the names.
    """
    for i, tool in request.objects("tools"):
        name = tool.get("name")
        if tool.get("type") == "namespace" and name in _RESERVED_NAMESPACES:
            yield problem(
                f"Invalid Value: 'tools.namespace'. User-defined namespace '{name}' collides with "
                "an existing tool namespace.",
                "tools",
                i,
                "name",
                param="tools.namespace",
                hint="Use another name.",
            )
            return


@request_rule(endpoints=[RESPONSES], when=_HAS_SEARCH_OUTPUT)
def missing_call_namespace(request: Request) -> Iterator[Problem]:
    """A function call has no `namespace`, but a tool search found its function in one.

    The API returns each such call with the namespace of its function, and expects the
    namespace if the call is sent back together with the output of the search. It
    rejects the request when the batch runs. The error appears in the batch's error file.

    Nothing is reported if the function is also available without a namespace, or if
    tools may come from elsewhere: a prompt template, a stored conversation, or an input
    item that adds tools.

    Fails: /v1/responses {"model": "m", "input": [{"type": "tool_search_call",
            "arguments": {}, "execution": "server"}, {"type": "tool_search_output",
            "execution": "server", "tools": [{"type": "namespace", "name": "n",
            "description": "d", "tools": [{"type": "function", "name": "f"}]}]}, {"type":
            "function_call", "call_id": "a", "name": "f", "arguments": "{}"}, {"type":
            "function_call_output", "call_id": "a", "output": "1"}]}
    Passes: /v1/responses {"model": "m", "input": [{"type": "tool_search_call",
            "arguments": {}, "execution": "server"}, {"type": "tool_search_output",
            "execution": "server", "tools": [{"type": "namespace", "name": "n",
            "description": "d", "tools": [{"type": "function", "name": "f"}]}]}, {"type":
            "function_call", "call_id": "a", "name": "f", "namespace": "n", "arguments":
            "{}"}, {"type": "function_call_output", "call_id": "a", "output": "1"}]}

    Fix: Send the call with the `namespace` that the API returned.

    Evidence: reported. vercel/ai#15193 and #20265, and earendil-works/pi#7709 (2026)
    quote the message and the param. The code is unknown.
    """
    if _may_have_other_tools(request):
        return
    found = [
        tool
        for _, item in request.objects("input")
        if item.get("type") == "tool_search_output"
        for tool in _objects(item.get("tools"))
    ]
    in_namespaces = _names(
        tool
        for namespace in found
        if namespace.get("type") == "namespace"
        for tool in _objects(namespace.get("tools"))
    )
    declared = [tool for _, tool in request.objects("tools")]
    elsewhere = _names(tool for tool in (*found, *declared) if tool.get("type") != "namespace")
    for i, item in request.objects("input"):
        name = item.get("name")
        if (
            item.get("type") == "function_call"
            and item.get("namespace") is None
            and isinstance(name, str)
            and name in in_namespaces
            and name not in elsewhere
        ):
            yield problem(
                f"Missing namespace for function_call '{excerpt(name)}'. It does not exist in the "
                "default namespace. Round-trip the model's function_call item with its namespace "
                "field included.",
                "input",
                i,
                "namespace",
                phase=Phase.STATE,
                hint="Send the call with the `namespace` that the API returned.",
            )


@request_rule(endpoints=[CHAT, RESPONSES], when=fields("tools"), unless=_NO_RESERVED_NAME)
def reserved_function_name(request: Request) -> Iterator[Problem]:
    """A function in `tools` has the name `python`, which the API reserves.

    The API rejects the request when the batch runs. The error appears in the
    batch's error file.

    Fails: /v1/chat/completions {"model": "m", "messages": [{"role": "user", "content":
            "Hi"}], "tools": [{"type": "function", "function": {"name": "python"}}]}
    Passes: /v1/chat/completions {"model": "m", "messages": [{"role": "user", "content":
            "Hi"}], "tools": [{"type": "function", "function": {"name": "run_python"}}]}
    Fails: /v1/responses {"model": "m", "input": "Hi", "tools": [{"type": "function",
            "name": "python", "parameters": {}, "strict": false}]}

    Fix: Use another name, such as `run_python`.

    Evidence: reported. onyx-dot-app/onyx#13235 and Kohaku-Lab/KohakuTerrarium#80 (July
    2026) quote the error response, which has no code. According to the former, all GPT
    models have rejected the name since 2026-07-21, but Azure OpenAI has not. Earlier
    reports are about o4-mini (avante-corp/avante.nvim#1890, April 2025).
    """
    for i, tool in request.objects("tools"):
        nested = tool.get("function") if request.endpoint == CHAT else None
        function = nested if isinstance(nested, dict) else tool
        if tool.get("type") == "function" and function.get("name") == "python":
            yield problem(
                "The function name 'python' is reserved for use by this model. Please use a "
                "different function name.",
                "tools",
                i,
                *(["function"] if request.endpoint == CHAT else []),
                "name",
                param="tools",
                phase=Phase.VALUES,
                hint="Use another name, such as `run_python`.",
            )
            return


@request_rule(endpoints=[RESPONSES], when=fields("text"), unless=_NO_JSON_MODE)
def web_search_in_json_mode(request: Request) -> Iterator[Problem]:
    """A request in JSON mode has a tool for web search.

    The API rejects the request when the batch runs. The error appears in the
    batch's error file. It accepts web search with the format `json_schema`.

    Fails: /v1/responses {"model": "m", "input": "Reply in JSON.", "tools": [{"type":
            "web_search"}], "text": {"format": {"type": "json_object"}}}
    Passes: /v1/responses {"model": "m", "input": "Reply in JSON.", "tools": [{"type":
            "web_search"}], "text": {"format": {"type": "text"}}}

    Fix: Use the format `json_schema` instead of `json_object`, or remove the tool.

    Evidence: reported. At least ten public projects quote the message (2025 and 2026),
    some of them from a test with the live API. The code and the param are unknown.
    """
    text = request.body.get("text")
    response_format = text.get("format") if isinstance(text, dict) else None
    if not isinstance(response_format, dict) or response_format.get("type") != "json_object":
        return
    for i, tool in request.objects("tools"):
        if re.fullmatch(r"web_search(_preview)?(_\d{4}_\d\d_\d\d)?", str(tool.get("type"))):
            yield problem(
                "Web Search cannot be used with JSON mode.",
                "tools",
                i,
                "type",
                param="tools",
                phase=Phase.VALUES,
                hint="Use the format `json_schema` instead of `json_object`, or remove the tool.",
            )
            return


@stated_in_schema(
    fails=None,
    hint="OpenAI's client has this tool, but users report that the API rejects it. To be safe, use "
    "another tool.",
)
def doubtful_tool() -> None:
    """A tool is probably not supported any more, or not by the model.

    The rule reports `local_shell`, and `computer_use_preview` with gpt-5.4 and later
    models.

    This is a warning because sources contradict each other.

    Fails: /v1/responses {"model": "m", "input": "Hi", "tools": [{"type":
            "local_shell"}]}
    Passes: /v1/responses {"model": "m", "input": "Hi", "tools": [{"type": "shell"}]}

    Fix: Use `shell` instead of `local_shell`, and `computer` instead of
    `computer_use_preview`.

    Evidence: reported. Users quote the messages (gpt-5.4, gpt-5.5, gpt-6-astra, August
    and September 2026). openai-python 3.57.0 still has both tools, for all models.
    """


@stated_in_schema(
    fails=None,
    code="mutually_exclusive_parameters",
    hint="Keep one of them, and remove the other.",
)
def several_mcp_addresses() -> None:
    """An `mcp` tool has two of `server_url`, `connector_id` and `tunnel_id`.

    The API probably rejects the request when the batch runs. This is a warning because
    there is only one source, and openai-python 3.57.0 doesn't exclude it.

    Fails: /v1/responses {"model": "m", "input": "Hi", "tools": [{"type": "mcp",
            "server_label": "s", "server_url": "https://example.com/mcp",
            "connector_id": "connector_gmail", "authorization": "t"}]}
    Passes: /v1/responses {"model": "m", "input": "Hi", "tools": [{"type": "mcp",
            "server_label": "s", "server_url": "https://example.com/mcp"}]}

    Fix: Keep one of them, and remove the other.

    Evidence: reported. A public project measured all three pairs on 2026-10-01, and
    quotes the message. The code and the param are assumed to be those of similar errors.
    """


@stated_in_schema(fails=None, hint="Add the OAuth token of the connector as `authorization`.")
def connector_without_authorization() -> None:
    """An `mcp` tool has a `connector_id`, but no `authorization`.

    The API probably rejects the request when the batch runs. This is a warning because
    there is only one source, and `authorization` is optional in openai-python 3.57.0.

    Fails: /v1/responses {"model": "m", "input": "Hi", "tools": [{"type": "mcp",
            "server_label": "s", "connector_id": "connector_gmail"}]}
    Passes: /v1/responses {"model": "m", "input": "Hi", "tools": [{"type": "mcp",
            "server_label": "s", "connector_id": "connector_gmail", "authorization":
            "t"}]}

    Fix: Add the OAuth token of the connector as `authorization`.

    Evidence: reported. A public project measured this on 2026-10-01, and quotes the
    message. The code and the param are unknown.
    """


def _may_have_other_tools(request: Request) -> bool:
    """Return whether tools may come from elsewhere, or the schema rejects these tools."""
    tools = request.body.get("tools") or []
    return (
        not isinstance(tools, list)
        or not all(isinstance(tool, dict) for tool in tools)
        or any(request.body.get(name) is not None for name in _STORED)
        or any(item.get("type") == "additional_tools" for _, item in request.objects("input"))
    )


def _with_members(tools: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield tools, and the tools in namespaces."""
    for tool in tools:
        yield tool
        if tool.get("type") == "namespace":
            yield from _objects(tool.get("tools"))


def _names(tools: Iterable[dict[str, Any]]) -> set[str]:
    """Return the names of tools."""
    return {tool["name"] for tool in tools if isinstance(tool.get("name"), str)}


def _objects(values: Any) -> Iterator[dict[str, Any]]:
    """Yield the objects in a list; nothing if it is not a list."""
    if isinstance(values, list):
        yield from (value for value in values if isinstance(value, dict))
