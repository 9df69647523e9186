"""The rules of `rules/tools.py`."""

from __future__ import annotations

from typing import Any, NamedTuple

from hypothesis import strategies as st

from batchlint import check_request
from batchlint.rules import tools
from rules.helpers import each, invalid_data_test
from support import request, rule_findings

CHAT = "/v1/chat/completions"
RESPONSES = "/v1/responses"

F = {"type": "function", "name": "f"}
DEFERRED = {**F, "defer_loading": True}
SEARCH = {"type": "tool_search"}
SEARCH_CALL = {"type": "tool_search_call", "arguments": {}}
CALL = {"type": "function_call", "call_id": "a", "name": "f", "arguments": "{}"}


def namespace(*tools: Any, name: str = "n") -> dict[str, Any]:
    return {"type": "namespace", "name": name, "description": "d", "tools": list(tools)}


def found(*tools: Any) -> dict[str, Any]:
    """Return the output of a tool search."""
    return {"type": "tool_search_output", "tools": list(tools)}


class Case(NamedTuple):
    name: str
    body: dict[str, Any]


# -- deferred_tool_without_search -----------------------------------------------------------------


@each(
    [
        Case("function", {"tools": [DEFERRED]}),
        Case("function in a namespace", {"tools": [namespace(F, DEFERRED)]}),
        Case("after a search", {"tools": [DEFERRED], "input": [SEARCH_CALL, found(F)]}),
        Case("function named like the search", {"tools": [DEFERRED, {**F, "name": "tool_search"}]}),
    ]
)
def test_deferred_tool_needs_a_tool_search(case: Case) -> None:
    rule = "deferred_tool_without_search"
    message = "Invalid Value: 'tools.defer_loading'. Deferred tools require tools.tool_search."

    findings = rule_findings(rule, RESPONSES, case.body)

    assert findings == [(message, "tools.defer_loading", ("tools",))]


@each(
    [
        Case("tool search", {"tools": [DEFERRED, SEARCH]}),
        Case("client's tool search", {"tools": [{**SEARCH, "execution": "client"}, DEFERRED]}),
        Case("not deferred", {"tools": [{**F, "defer_loading": False}]}),
        Case("loaded namespace", {"tools": [namespace(F)]}),
        Case("server", {"tools": [{"type": "mcp", "server_label": "s", "defer_loading": True}]}),
        Case("prompt", {"tools": [DEFERRED], "prompt": {"id": "pmpt_1"}}),
        Case("stored response", {"tools": [DEFERRED], "previous_response_id": "resp_1"}),
        Case("added tools", {"tools": [DEFERRED], "input": [{"type": "additional_tools"}]}),
        Case("malformed tool", {"tools": [DEFERRED, 1]}),
    ]
)
def test_deferred_tool_that_a_search_may_find_is_not_reported(case: Case) -> None:
    assert rule_findings("deferred_tool_without_search", RESPONSES, case.body) == []


# -- tool_search_without_deferred_tool ------------------------------------------------------------


@each(
    [
        Case("alone", {"tools": [SEARCH]}),
        Case("on the server", {"tools": [{**SEARCH, "execution": "server"}, F]}),
        Case("loaded function", {"tools": [SEARCH, {**F, "defer_loading": False}]}),
        Case("loaded namespace", {"tools": [SEARCH, namespace(F)]}),
    ]
)
def test_tool_search_needs_a_deferred_tool(case: Case) -> None:
    rule = "tool_search_without_deferred_tool"
    message = (
        "Invalid Value: 'tools.tool_search'. tools.tool_search requires at least one deferred tool."
    )

    findings = rule_findings(rule, RESPONSES, case.body)

    assert findings == [(message, "tools.tool_search", ("tools",))]


@each(
    [
        Case("function", {"tools": [SEARCH, DEFERRED]}),
        Case("function in a namespace", {"tools": [namespace(F, DEFERRED), SEARCH]}),
        Case("server", {"tools": [SEARCH, {"type": "mcp", "defer_loading": True}]}),
        Case("custom tool", {"tools": [SEARCH, {"type": "custom", "defer_loading": True}]}),
        Case("search by the client", {"tools": [{**SEARCH, "execution": "client"}]}),
        Case("earlier search", {"tools": [SEARCH], "input": [SEARCH_CALL, found(F)]}),
        Case("conversation", {"tools": [SEARCH], "conversation": "conv_1"}),
        Case("added tools", {"tools": [SEARCH], "input": [{"type": "additional_tools"}]}),
        Case("malformed tool", {"tools": [SEARCH, None]}),
    ]
)
def test_tool_search_that_may_find_a_tool_is_not_reported(case: Case) -> None:
    assert rule_findings("tool_search_without_deferred_tool", RESPONSES, case.body) == []


# -- tool_search_description ----------------------------------------------------------------------


class Description(NamedTuple):
    name: str
    tool: dict[str, Any]
    message: str | None


ON_SERVER = (
    "Invalid Value: 'tools.tool_search.description'. Server-executed tool_search does not accept a"
    " description."
)
ON_CLIENT = "Client-executed tool_search requires a description."


@each(
    [
        Description("default", {"description": "d"}, ON_SERVER),
        Description("server", {"execution": "server", "description": "d"}, ON_SERVER),
        Description("client", {"execution": "client"}, ON_CLIENT),
        Description("null for the client", {"execution": "client", "description": None}, ON_CLIENT),
        Description("null for the server", {"description": None}, None),
        Description("absent for the server", {}, None),
        Description("described", {"execution": "client", "description": "d"}, None),
        Description("other", {"execution": "x", "description": "d"}, None),
    ]
)
def test_description_of_a_tool_search_depends_on_who_runs_it(case: Description) -> None:
    tools = [DEFERRED, {**SEARCH, **case.tool}]

    findings = rule_findings("tool_search_description", RESPONSES, {"tools": tools})

    assert [(message, param) for message, param, _ in findings] == (
        [] if case.message is None else [(case.message, "tools")]
    )


# -- several_mcp_addresses, connector_without_authorization ---------------------------------------

ADDRESSES: dict[str, Any] = {
    "server_url": "https://example.com/mcp",
    "connector_id": "connector_gmail",
    "tunnel_id": "tunnel_" + "a" * 32,
}


class Addresses(NamedTuple):
    name: str
    fields: tuple[str, ...]
    message: str | None


def one_of(first: str, second: str) -> str:
    """Return the message about two addresses of one server."""
    return (
        "Mutually exclusive parameters: 'tools[0]'. Ensure you are only providing one of:"
        f" '{first}' or '{second}'."
    )


@each(
    [
        Addresses("URL", ("server_url",), None),
        Addresses("tunnel", ("tunnel_id",), None),
        Addresses("connector", ("connector_id", "authorization"), None),
        Addresses(
            "URL and connector",
            ("server_url", "connector_id", "authorization"),
            one_of("server_url", "connector_id"),
        ),
        Addresses("URL and tunnel", ("server_url", "tunnel_id"), one_of("server_url", "tunnel_id")),
        Addresses(
            "connector and tunnel",
            ("connector_id", "tunnel_id", "authorization"),
            one_of("connector_id", "tunnel_id"),
        ),
        Addresses(
            "connector without authorization",
            ("connector_id",),
            "Must specify 'authorization' parameter with 'connector_id'.",
        ),
    ]
)
def test_mcp_server_has_one_address(case: Addresses) -> None:
    addresses = {name: ADDRESSES.get(name, "t") for name in case.fields}
    absent = dict.fromkeys(ADDRESSES) | addresses
    for more in (addresses, absent):
        tool = {"type": "mcp", "server_label": "s", **more}
        found = check_request(request(url=RESPONSES, input="Hi", tools=[tool]))
        expected = [] if case.message is None else [("body.tools[0]", case.message)]
        assert [(error.param, error.message) for error in found] == expected


# -- reserved_namespace ---------------------------------------------------------------------------


def test_first_reserved_namespace_is_reported() -> None:
    tools = [namespace(F), namespace(F, name="web"), namespace(F, name="python")]
    message = (
        "Invalid Value: 'tools.namespace'. User-defined namespace 'web' collides with an existing"
        " tool namespace."
    )

    findings = rule_findings("reserved_namespace", RESPONSES, {"tools": tools})

    assert findings == [(message, "tools.namespace", ("tools", 1, "name"))]


@each(
    [
        Case("other namespace", {"tools": [namespace(F, name="website")]}),
        Case("function", {"tools": [{**DEFERRED, "name": "web"}]}),
        Case("malformed", {"tools": [{"type": "namespace", "name": ["web"]}, 1]}),
    ]
)
def test_other_namespaces_are_not_reported(case: Case) -> None:
    assert rule_findings("reserved_namespace", RESPONSES, case.body) == []


# -- missing_call_namespace -----------------------------------------------------------------------


@each(
    [
        Case("absent", {"input": [SEARCH_CALL, found(namespace(F)), CALL]}),
        Case("null", {"input": [SEARCH_CALL, found(namespace(F)), {**CALL, "namespace": None}]}),
        Case(
            "still deferred",
            {
                "input": [SEARCH_CALL, found(namespace(F)), CALL],
                "tools": [SEARCH, namespace(DEFERRED)],
            },
        ),
        Case(
            "namespace named like the function",
            {"input": [SEARCH_CALL, found(namespace(F, name="f")), CALL]},
        ),
    ]
)
def test_call_of_a_function_in_a_namespace_needs_the_namespace(case: Case) -> None:
    message = (
        "Missing namespace for function_call 'f'. It does not exist in the default namespace."
        " Round-trip the model's function_call item with its namespace field included."
    )

    findings = rule_findings("missing_call_namespace", RESPONSES, case.body)

    assert findings == [(message, "input[2].namespace", ("input", 2, "namespace"))]


@each(
    [
        Case("namespace", {"input": [found(namespace(F)), {**CALL, "namespace": "n"}]}),
        Case("other function", {"input": [found(namespace(F)), {**CALL, "name": "g"}]}),
        Case("no namespace", {"input": [found(DEFERRED), CALL]}),
        Case("also declared", {"input": [found(namespace(F)), CALL], "tools": [F]}),
        Case("stored", {"input": [found(namespace(F)), CALL], "conversation": "conv_1"}),
        Case("no search", {"input": [CALL], "tools": [namespace(F)]}),
    ]
)
def test_call_with_its_namespace_or_without_one_is_not_reported(case: Case) -> None:
    assert rule_findings("missing_call_namespace", RESPONSES, case.body) == []


# -- reserved_function_name -----------------------------------------------------------------------


def test_reserved_name_is_reported_at_both_endpoints() -> None:
    rule = "reserved_function_name"
    message = (
        "The function name 'python' is reserved for use by this model. Please use a different"
        " function name."
    )
    python = {"name": "python"}

    chat = rule_findings(rule, CHAT, {"tools": [{"type": "function", "function": python}]})
    responses = rule_findings(rule, RESPONSES, {"tools": [F, {"type": "function", **python}]})

    assert chat == [(message, "tools", ("tools", 0, "function", "name"))]
    assert responses == [(message, "tools", ("tools", 1, "name"))]


@each(
    [
        Case("other function", {"tools": [{"type": "function", "name": "Python"}]}),
        Case("other tool", {"tools": [{"type": "custom", "name": "python"}]}),
        Case("container", {"tools": [namespace({**F, "name": "python"})]}),
        Case("malformed", {"tools": [1, {"type": "function", "name": ["python"]}]}),
    ]
)
def test_other_names_are_not_reported(case: Case) -> None:
    assert rule_findings("reserved_function_name", RESPONSES, case.body) == []


# -- web_search_in_json_mode ----------------------------------------------------------------------

JSON_MODE: dict[str, Any] = {"text": {"format": {"type": "json_object"}}}


@each(
    [
        Case("web_search", {}),
        Case("web_search_2025_08_26", {}),
        Case("web_search_preview", {}),
        Case("web_search_preview_2025_03_11", {}),
    ]
)
def test_web_search_in_json_mode_is_reported(case: Case) -> None:
    body = {**JSON_MODE, "tools": [F, {"type": case.name}]}
    message = "Web Search cannot be used with JSON mode."

    findings = rule_findings("web_search_in_json_mode", RESPONSES, body)

    assert findings == [(message, "tools", ("tools", 1, "type"))]


@each(
    [
        Case("other tool", {**JSON_MODE, "tools": [F, {"type": "file_search"}]}),
        Case("no tools", JSON_MODE),
        Case(
            "schema",
            {"text": {"format": {"type": "json_schema"}}, "tools": [{"type": "web_search"}]},
        ),
        Case("no format", {"text": {"verbosity": "low"}, "tools": [{"type": "web_search"}]}),
        Case("malformed", {"text": "json_object", "tools": [{"type": "web_search"}]}),
    ]
)
def test_web_search_without_json_mode_is_not_reported(case: Case) -> None:
    assert rule_findings("web_search_in_json_mode", RESPONSES, case.body) == []


test_invalid_data_never_raises = invalid_data_test(
    tools,
    ("tools", "input", "type", "name", "namespace", "defer_loading", "function", "text", "format"),
    st.sampled_from(
        [
            "tool_search",
            "tool_search_output",
            "namespace",
            "function",
            "f",
            "python",
            "web_search",
            "json_object",
            None,
            True,
        ]
    ),
)
