"""Hints for common mistakes.

Most of these mistakes confuse chat completions with /v1/responses, or use parameters of other
providers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, NamedTuple

import orjson

from ..findings import PathParts, Problem
from ..phrasing import excerpt
from ..providers import CHAT, COMPLETIONS, EMBEDDINGS, MODERATIONS, RESPONSES, Endpoint
from ..rules.registry import Request
from ..schema.store import newer_hint

_ONLY_RESPONSES: Final = "Only /v1/responses has this parameter."
_NOT_ON_RESPONSES: Final = (
    "/v1/responses doesn't have this parameter. Remove it, or use /v1/chat/completions."
)
_MAX_TOKENS: Final = "On /v1/completions, this is `max_tokens`."
_TOOL_OUTPUT: Final = (
    "On /v1/responses, the output of a tool is an item: "
    '{"type": "function_call_output", "call_id": ..., "output": ...}.'
)

#: Hints for parameters of other providers.
_OTHER_PROVIDERS: Final = dict.fromkeys(
    (
        "top_k",
        "top_a",
        "min_p",
        "typical_p",
        "repetition_penalty",
        "anthropic_version",
        "safety_settings",
        "safetySettings",
    ),
    "OpenAI's API doesn't have this parameter. Remove it.",
)

#: Hints for unknown parameters of a body, by endpoint.
_UNKNOWN_PARAMETER_HINTS: Final[Mapping[Endpoint, Mapping[str, str]]] = {
    CHAT: {
        **_OTHER_PROVIDERS,
        **dict.fromkeys(
            (
                "background",
                "context_management",
                "conversation",
                "include",
                "max_tool_calls",
                "previous_response_id",
                "prompt",
                "truncation",
            ),
            _ONLY_RESPONSES,
        ),
        "input": (
            "In chat completions, the conversation is in `messages`. `input` is for /v1/responses."
        ),
        "instructions": (
            "In chat completions, put instructions in a message with the role `developer` or "
            "`system`."
        ),
        "max_output_tokens": "In chat completions, this is `max_completion_tokens`.",
        "reasoning": "In chat completions, set the effort with `reasoning_effort`.",
        "stop_sequences": "Use `stop`.",
        "system": "Put it in a message with the role `system`.",
        "text": "In chat completions, use `response_format` and `verbosity`.",
    },
    RESPONSES: {
        **_OTHER_PROVIDERS,
        **dict.fromkeys(
            ("audio", "logit_bias", "modalities", "prediction", "seed", "stop", "stop_sequences"),
            _NOT_ON_RESPONSES,
        ),
        "function_call": "On /v1/responses, this is `tool_choice`.",
        "functions": "On /v1/responses, functions go in `tools`.",
        "logprobs": 'On /v1/responses, write "include": ["message.output_text.logprobs"].',
        "max_tokens": "On /v1/responses, this is `max_output_tokens`.",
        "n": "/v1/responses returns one response per request. Send several requests instead.",
        "system": "On /v1/responses, this is `instructions`.",
        "verbosity": 'On /v1/responses, this is "text": {"verbosity": ...}.',
        "web_search_options": 'On /v1/responses, web search is a tool: {"type": "web_search"}.',
    },
    COMPLETIONS: {
        **_OTHER_PROVIDERS,
        "max_completion_tokens": _MAX_TOKENS,
        "max_output_tokens": _MAX_TOKENS,
        "stop_sequences": "Use `stop`.",
    },
}

#: Parameters of chat completions that only some models know.
_PARAMETERS_OF_SOME_MODELS: Final = frozenset({"modalities", "web_search_options"})

#: Content part types of other endpoints and providers, with the equivalent type, by endpoint.
_PART_TYPES: Final[Mapping[Endpoint, Mapping[str, str]]] = {
    CHAT: {
        "input_text": "text",
        "output_text": "text",
        "input_image": "image_url",
        "image": "image_url",
        "input_file": "file",
        "document": "file",
    },
    RESPONSES: {
        "text": "input_text",
        "image_url": "input_image",
        "image": "input_image",
        "file": "input_file",
        "document": "input_file",
    },
}

#: Fields whose values are lists. Users often write a single item without the list.
_LIST_FIELDS: Final = frozenset(
    {"messages", "tools", "functions", "content", "images", "include", "context_management"}
)

#: Prefixes of the tool types that only /v1/responses has.
_HOSTED_TOOLS: Final = (
    "web_search",
    "file_search",
    "code_interpreter",
    "computer",
    "image_generation",
    "mcp",
    "shell",
    "apply_patch",
    "namespace",
    "tool_search",
)

#: The general hint. More specific hints replace it.
_GENERAL_HINT: Final = newer_hint()

#: Fields of a format with the type `json_schema`.
_FORMAT_FIELDS: Final = frozenset({"name", "schema", "strict", "description"})


def with_hints(problems: Iterable[Problem], request: Request) -> list[Problem]:
    """Return the schema problems of a body, with hints for common mistakes.

    Args:
        problems: the problems. Existing hints are kept, except the general one about a newer API.
        request: the request.
    """
    return [_with_hint(problem, request) for problem in problems]


def _with_hint(problem: Problem, request: Request) -> Problem:
    make_hint = _HINTS.get(problem.rule)
    if make_hint is None or problem.path is None or len(problem.path) < 2:
        return problem
    if problem.hint is not None and problem.hint != _GENERAL_HINT:
        return problem
    hint = make_hint(_Location(request, problem.path[1:]))
    return problem._replace(hint=hint) if hint else problem


class _Location(NamedTuple):
    """The location of a problem.

    Attributes:
        request: the request.
        path: the path in the request's body. It is not empty.
    """

    request: Request
    path: PathParts

    @property
    def endpoint(self) -> Endpoint:
        """The endpoint of the request."""
        return self.request.endpoint

    @property
    def field(self) -> str | int:
        """The last part of the path."""
        return self.path[-1]

    @property
    def value(self) -> Any:
        """The value at the path. None if there is no value."""
        return self.request.value_at(self.path)

    @property
    def parent(self) -> dict[str, Any]:
        """The object that contains the value. Empty if a list contains it."""
        parent = self.request.value_at(self.path[:-1])
        return parent if isinstance(parent, dict) else {}


def _unknown_field_hint(location: _Location) -> str | None:
    """Return the hint for an unknown field."""
    if len(location.path) == 1:
        if location.endpoint is CHAT and location.field in _PARAMETERS_OF_SOME_MODELS:
            return "This model doesn't have this parameter. Remove it."
        return _UNKNOWN_PARAMETER_HINTS.get(location.endpoint, {}).get(str(location.field))
    if location.field == "cache_control":
        return "Anthropic's API has this field. Remove it."
    if location.endpoint is not RESPONSES or location.path[0] != "input":
        return None
    if location.field in ("parsed", "parsed_arguments"):
        return "The SDK's `parse()` adds this field. Remove it."
    return _unknown_item_field_hint(location) if len(location.path) == 3 else None


def _unknown_item_field_hint(location: _Location) -> str | None:
    """Return the hint for an unknown field of an input item of /v1/responses."""
    if location.field == "status" and location.parent.get("type") == "reasoning":
        return "The SDK's `model_dump()` adds this field. Write `model_dump(exclude_none=True)`."
    if location.field == "tool_calls":
        return (
            "On /v1/responses, each call is an item: "
            '{"type": "function_call", "call_id": ..., "name": ..., "arguments": ...}.'
        )
    return _TOOL_OUTPUT if location.field == "tool_call_id" else None


def _missing_field_hint(location: _Location) -> str | None:
    """Return the hint for a field that is missing because the object has another API's form."""
    parent = location.parent
    if location.path[0] in ("tools", "tool_choice"):
        return _missing_tool_field_hint(location)
    if location.field == "json_schema" and parent.keys() & _FORMAT_FIELDS:
        return (
            "In chat completions, the format is nested: "
            '{"type": "json_schema", "json_schema": {"name": ..., "schema": ...}}.'
        )
    if location.path[:-1] == ("text", "format") and isinstance(parent.get("json_schema"), dict):
        return (
            "On /v1/responses, the format is flat: "
            '{"type": "json_schema", "name": ..., "schema": ...}.'
        )
    return None


def _missing_tool_field_hint(location: _Location) -> str | None:
    """Return the hint for a missing field of a tool."""
    parent = location.parent
    if location.endpoint is CHAT and location.field == "function" and "name" in parent:
        return (
            "In chat completions, a function is nested: "
            '{"type": "function", "function": {"name": ...}}.'
        )
    function = parent.get("function")
    if location.endpoint is RESPONSES and location.field == "name" and isinstance(function, dict):
        return 'On /v1/responses, a function is flat: {"type": "function", "name": ...}.'
    if "input_schema" in parent:
        return (
            "This tool is in Anthropic's format. OpenAI requires `type` and uses `parameters` "
            "instead of `input_schema`."
        )
    return None


def _wrong_type_hint(location: _Location) -> str | None:
    """Return the hint for a value of the wrong type."""
    value = location.value
    if isinstance(value, dict):
        return _unexpected_object_hint(location, value)
    if isinstance(value, str):
        return _unexpected_string_hint(location, value)
    return None


def _unexpected_object_hint(location: _Location, value: dict[str, Any]) -> str | None:
    if location.field == "image_url":
        return "On /v1/responses, `image_url` is the URL itself. Put `detail` next to it."
    if "role" in value and location.endpoint in (EMBEDDINGS, MODERATIONS):
        url = f"/{location.endpoint.schema}"
        return f"This is a message. {url} accepts text. To send messages, use /v1/responses."
    return "Wrap it in an array: [...]." if location.field in _LIST_FIELDS else None


def _unexpected_string_hint(location: _Location, value: str) -> str | None:
    if location.endpoint is CHAT and location.field == "image_url":
        return 'In chat completions, `image_url` is an object: {"url": ...}.'
    is_format = location.field in ("response_format", "format")
    if is_format and value in ("text", "json_object", "json_schema"):
        return f'Write {{"type": "{value}"}}.'
    if location.path == ("reasoning",):
        return f'Write {{"effort": "{excerpt(value)}"}}.'
    if value.lstrip()[:1] in ("[", "{"):
        return _json_string_hint(value)
    return None


def _json_string_hint(value: str) -> str | None:
    """Return the hint for a string that contains JSON."""
    try:
        decoded = orjson.loads(value)
    except ValueError:
        return None
    kind = "array" if isinstance(decoded, list) else "object"
    return f"The string contains JSON. Write the {kind} itself instead."


def _wrong_value_hint(location: _Location) -> str | None:
    """Return the hint for a role or type of another endpoint."""
    value = location.value
    if not isinstance(value, str):
        return None
    if (
        location.endpoint is RESPONSES
        and location.field == "role"
        and value in ("tool", "function")
    ):
        return _TOOL_OUTPUT
    if location.field != "type":
        return None
    if (
        location.endpoint is CHAT
        and location.path[0] == "tools"
        and value.startswith(_HOSTED_TOOLS)
    ):
        return (
            "Chat completions support only functions and custom tools. To use this tool, send the "
            "request to /v1/responses."
        )
    return _wrong_part_type_hint(location, value) if "content" in location.path else None


def _wrong_part_type_hint(location: _Location, value: str) -> str | None:
    part_type = _PART_TYPES.get(location.endpoint, {}).get(value)
    if part_type is None:
        return None
    if location.endpoint is not RESPONSES:
        return f"In chat completions, this is `{part_type}`."
    item = location.request.value_at(location.path[:2])
    if part_type == "input_text" and isinstance(item, dict) and item.get("role") == "assistant":
        part_type = "output_text"
    return f"On /v1/responses, this is `{part_type}`."


def _missing_content_hint(location: _Location) -> str:
    """Return the hint for content that is null or missing."""
    state = "is null" if location.field in location.parent else "is missing"
    return f"`content` {state}. Add it, or remove the message."


def _empty_input_hint(_: _Location) -> str:
    return (
        "The documentation forbids an empty string, but the API has accepted one. To be safe, "
        "remove the request."
    )


#: Functions that make hints, by rule.
_HINTS: Final[Mapping[str, Callable[[_Location], str | None]]] = {
    "unknown_parameter": _unknown_field_hint,
    "missing_required_parameter": _missing_field_hint,
    "invalid_type": _wrong_type_hint,
    "invalid_value": _wrong_value_hint,
    "missing_content": _missing_content_hint,
    "empty_embedding_input": _empty_input_hint,
}
