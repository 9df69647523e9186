"""Values that chat completions ignore, and similar values that they reject."""

from __future__ import annotations

from typing import Any, NamedTuple

from batchlint import BatchError, check_request
from rules.helpers import each
from support import request

USER = {"role": "user", "content": "x"}
TOOL = {"role": "tool", "tool_call_id": "call_1", "content": "x"}
CACHED = [{"type": "text", "text": "x", "cache_control": {"type": "ephemeral"}}]
IMAGE = {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}
EMPTY = {"type": "object", "properties": {}}
EMPTY_CONTENT = (
    "Invalid 'messages[0].content': empty array. Expected an array with minimum length 1, but got an"
    " empty array instead."
)
NOT_FROM_USER = (
    "Invalid 'messages[0]'. Image URLs are only allowed for messages with role 'user', but this"
    " message with role '{role}' contains an image URL."
)


def findings(body: dict[str, Any]) -> list[BatchError]:
    return check_request(request(url="/v1/chat/completions", **body))


def messages(*first: dict[str, Any]) -> dict[str, Any]:
    """Return a body with these messages before a user message."""
    return {"messages": [*first, USER]}


def content(*parts: Any, role: str = "user") -> dict[str, Any]:
    """Return a body whose first message has this content."""
    return messages({"role": role, "content": list(parts)})


def calling(call_id: str = "call_1", text: Any = None, **function: Any) -> dict[str, Any]:
    """Return a body with a call and its output."""
    call = {
        "id": call_id,
        "type": "function",
        "function": {"name": "f", "arguments": "{}", **function},
    }
    return messages(
        {"role": "assistant", "content": text, "tool_calls": [call]},
        {**TOOL, "tool_call_id": call_id},
    )


def tool(parameters: Any, **function: Any) -> dict[str, Any]:
    """Return a body with a function."""
    definition = {"name": "f", "parameters": parameters, **function}
    return {"tools": [{"type": "function", "function": definition}]}


class AcceptedBody(NamedTuple):
    name: str
    body: dict[str, Any]


@each(
    [
        AcceptedBody(
            "extra field next to a function name",
            tool(EMPTY, type="function", requires_confirmation=False),
        ),
        AcceptedBody("parsed call arguments", calling(parsed_arguments={})),
        AcceptedBody("cache control in a user message", content(*CACHED)),
        AcceptedBody("cache control in a system message", content(*CACHED, role="system")),
        AcceptedBody("cache control in an assistant message", content(*CACHED, role="assistant")),
        AcceptedBody("empty stop list", {"stop": []}),
        AcceptedBody("string between parts", content("What is this?", IMAGE)),
        AcceptedBody("tool for the other API", {"tools": [{"type": "web_search_preview"}]}),
        AcceptedBody("file by id", content({"type": "file", "file": {"file_id": "file-1"}})),
        AcceptedBody("call id with other characters", calling("functions.add:0")),
        AcceptedBody("call id with 64 characters", calling("c" * 64)),
        AcceptedBody(
            "tool image", messages(calling()["messages"][0], {**TOOL, "content": [IMAGE]})
        ),
    ]
)
def test_ignored_values_have_no_findings(case: AcceptedBody) -> None:
    assert findings(case.body) == []


class RejectedBody(NamedTuple):
    name: str
    body: dict[str, Any]
    code: str
    param: str
    message: str


@each(
    [
        RejectedBody(
            "cache control in a developer message",
            content(*CACHED, role="developer"),
            "unknown_parameter",
            "messages[0].content[0].cache_control",
            "Unknown parameter: 'messages[0].content[0].cache_control'.",
        ),
        RejectedBody(
            "extra field of a file",
            content({"type": "file", "file": {"file_id": "file-1", "mime_type": "x"}}),
            "unknown_parameter",
            "messages[0].content[0].file.mime_type",
            "Unknown parameter: 'messages[0].content[0].file.mime_type'.",
        ),
        RejectedBody(
            "file data without a name",
            content(
                {
                    "type": "file",
                    "file": {"file_data": "data:application/pdf;base64,JVBERi0xLjQK"},
                }
            ),
            "missing_required_parameter",
            "messages[0].content[0].file.file_id",
            "Missing required parameter: 'messages[0].content[0].file.file_id'.",
        ),
        RejectedBody(
            "empty user content",
            content(),
            "empty_array",
            "messages[0].content",
            EMPTY_CONTENT,
        ),
        RejectedBody(
            "empty assistant content",
            content(role="assistant"),
            "empty_array",
            "messages[0].content",
            EMPTY_CONTENT,
        ),
        RejectedBody(
            "call name",
            calling(name="get weather"),
            "invalid_value",
            "messages[0].tool_calls[0].function.name",
            "Invalid 'messages[0].tool_calls[0].function.name': string does not match pattern."
            " Expected a string that matches the pattern '^[a-zA-Z0-9_-]+$'.",
        ),
        RejectedBody(
            "call id",
            calling("c" * 65),
            "string_above_max_length",
            "messages[0].tool_calls[0].id",
            "Invalid 'messages[0].tool_calls[0].id': string too long. Expected a string with maximum"
            " length 64, but got a string with length 65 instead.",
        ),
        RejectedBody(
            "cache key",
            {"prompt_cache_key": "k" * 65},
            "string_above_max_length",
            "prompt_cache_key",
            "Invalid 'prompt_cache_key': string too long. Expected a string with maximum length 64,"
            " but got a string with length 65 instead.",
        ),
        RejectedBody(
            "tool of an unknown type",
            {"tools": [{"type": "mcp"}]},
            "invalid_value",
            "tools[0].type",
            "Invalid value: 'mcp'. Supported values are: 'function' and 'custom'.",
        ),
        RejectedBody(
            "root without a type",
            tool({"properties": {}}),
            "invalid_function_parameters",
            "tools[0].function.parameters",
            "Invalid schema for function 'f': schema must be a JSON Schema of 'type: \"object\"', got"
            " 'type: \"None\"'.",
        ),
        RejectedBody(
            "system message image",
            content(IMAGE, role="system"),
            "invalid_value",
            "messages[0]",
            NOT_FROM_USER.format(role="system"),
        ),
        RejectedBody(
            "developer message image",
            content(IMAGE, role="developer"),
            "invalid_value",
            "messages[0]",
            NOT_FROM_USER.format(role="developer"),
        ),
        RejectedBody(
            "number quoted as written",
            {"temperature": 99.0},
            "decimal_above_max_value",
            "temperature",
            "Invalid 'temperature': decimal above maximum value. Expected a value <= 2, but got 99.0"
            " instead.",
        ),
        RejectedBody(
            "integer quoted as written",
            {"temperature": 99},
            "decimal_above_max_value",
            "temperature",
            "Invalid 'temperature': decimal above maximum value. Expected a value <= 2, but got 99"
            " instead.",
        ),
    ]
)
def test_rejected_value_has_one_error(case: RejectedBody) -> None:
    (error,) = findings(case.body)

    assert (error.severity, error.code) == ("error", case.code)
    assert (error.param, error.message) == (f"body.{case.param}", case.message)
