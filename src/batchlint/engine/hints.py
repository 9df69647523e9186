"""Hints for common mistakes. A schema finds an invalid value, and a hint suggests the right one.

Most mistakes mix up chat completions and /v1/responses, or use parameters of other providers.
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

#: Parameters of other providers.
_FOREIGN_PARAMETERS: Final = dict.fromkeys(
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
    "OpenAI doesn't have this parameter. Remove it.",
)

#: Hints for unknown parameters of a body.
_UNKNOWN_PARAMETER_HINTS: Final[Mapping[Endpoint, Mapping[str, str]]] = {
    CHAT: {
        **_FOREIGN_PARAMETERS,
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
            "In chat completions, instructions are a message with the role `developer` or `system`."
        ),
        "max_output_tokens": "In chat completions, this is `max_completion_tokens`.",
        "reasoning": "In chat completions, the effort is `reasoning_effort`.",
        "stop_sequences": "Use `stop`.",
        "system": "Put it in a message with the role `system`.",
        "text": (
            "In chat completions, the format is `response_format`, and the verbosity is "
            "`verbosity`."
        ),
    },
    RESPONSES: {
        **_FOREIGN_PARAMETERS,
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
        **_FOREIGN_PARAMETERS,
        "max_completion_tokens": _MAX_TOKENS,
        "max_output_tokens": _MAX_TOKENS,
        "stop_sequences": "Use `stop`.",
    },
}

#: Content part types of other endpoints and providers, each with this endpoint's type.
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

#: The general hint. Specific hints replace it.
_GENERAL: Final = newer_hint()

#: Fields of a format with the type `json_schema`.
_FORMAT_FIELDS: Final = frozenset({"name", "schema", "strict", "description"})


def with_hints(problems: Iterable[Problem], request: Request) -> list[Problem]:
    """Add hints for common mistakes to the problems that a body's schema found.

    Args:
        problems: the problems. Existing hints are kept, except the general one about a newer API.
        request: the request.
    """
    return [_with_hint(problem, request) for problem in problems]


def _with_hint(problem: Problem, request: Request) -> Problem:
    make_hint = _HINTS.get(problem.rule)
    if make_hint is None or problem.path is None or len(problem.path) < 2:
        return problem
    if problem.hint is not None and problem.hint != _GENERAL:
        return problem
    hint = make_hint(_Place(request, problem.path[1:]))
    return problem._replace(hint=hint) if hint else problem


class _Place(NamedTuple):
    """The place of a problem.

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
        """The value at the path. None if there is none."""
        return self.request.value_at(self.path)

    @property
    def parent(self) -> dict[str, Any]:
        """The object that contains the value. Empty if a list contains it."""
        parent = self.request.value_at(self.path[:-1])
        return parent if isinstance(parent, dict) else {}


def _unknown(place: _Place) -> str | None:
    """Return the hint for an unknown field."""
    if len(place.path) == 1:
        return _UNKNOWN_PARAMETER_HINTS.get(place.endpoint, {}).get(str(place.field))
    if place.field == "cache_control":
        return "Anthropic's API has this field. Remove it."
    if place.endpoint is not RESPONSES or place.path[0] != "input":
        return None
    if place.field in ("parsed", "parsed_arguments"):
        return "The SDK's `parse()` adds this field. Remove it."
    return _unknown_in_item(place) if len(place.path) == 3 else None


def _unknown_in_item(place: _Place) -> str | None:
    """Return the hint for an unknown field of a /v1/responses item."""
    if place.field == "status" and place.parent.get("type") == "reasoning":
        return "The SDK's `model_dump()` adds this field. Write `model_dump(exclude_none=True)`."
    if place.field == "tool_calls":
        return (
            "On /v1/responses, each call is an item: "
            '{"type": "function_call", "call_id": ..., "name": ..., "arguments": ...}.'
        )
    return _TOOL_OUTPUT if place.field == "tool_call_id" else None


def _missing(place: _Place) -> str | None:
    """Return the hint for a field that is missing because the object is in another API's form."""
    parent = place.parent
    if place.path[0] in ("tools", "tool_choice"):
        return _missing_in_tool(place)
    if place.field == "json_schema" and parent.keys() & _FORMAT_FIELDS:
        return (
            "In chat completions, the format is nested: "
            '{"type": "json_schema", "json_schema": {"name": ..., "schema": ...}}.'
        )
    if place.path[:-1] == ("text", "format") and isinstance(parent.get("json_schema"), dict):
        return (
            "On /v1/responses, the format is flat: "
            '{"type": "json_schema", "name": ..., "schema": ...}.'
        )
    return None


def _missing_in_tool(place: _Place) -> str | None:
    """Return the hint for a missing field of a tool."""
    parent = place.parent
    if place.endpoint is CHAT and place.field == "function" and "name" in parent:
        return (
            "In chat completions, a function is nested: "
            '{"type": "function", "function": {"name": ...}}.'
        )
    function = parent.get("function")
    if place.endpoint is RESPONSES and place.field == "name" and isinstance(function, dict):
        return 'On /v1/responses, a function is flat: {"type": "function", "name": ...}.'
    if "input_schema" in parent:
        return (
            "This tool is in Anthropic's format. OpenAI requires `type`, and uses `parameters` "
            "instead of `input_schema`."
        )
    return None


def _wrong_type(place: _Place) -> str | None:
    """Return the hint for a value of the wrong type."""
    value = place.value
    if isinstance(value, dict):
        return _unexpected_object(place, value)
    if isinstance(value, str):
        return _unexpected_string(place, value)
    return None


def _unexpected_object(place: _Place, value: dict[str, Any]) -> str | None:
    if place.field == "image_url":
        return "On /v1/responses, `image_url` is the URL itself. Put `detail` next to it."
    if "role" in value and place.endpoint in (EMBEDDINGS, MODERATIONS):
        url = f"/{place.endpoint.schema}"
        return f"This is a message. {url} accepts text. To send messages, use /v1/responses."
    return "Wrap it in an array: [...]." if place.field in _LIST_FIELDS else None


def _unexpected_string(place: _Place, value: str) -> str | None:
    if place.endpoint is CHAT and place.field == "image_url":
        return 'In chat completions, `image_url` is an object: {"url": ...}.'
    is_format = place.field in ("response_format", "format")
    if is_format and value in ("text", "json_object", "json_schema"):
        return f'Write {{"type": "{value}"}}.'
    if place.path == ("reasoning",):
        return f'Write {{"effort": "{excerpt(value)}"}}.'
    if value.lstrip()[:1] in ("[", "{"):
        return _serialized(value)
    return None


def _serialized(value: str) -> str | None:
    """Return the hint for a string that contains JSON."""
    try:
        decoded = orjson.loads(value)
    except ValueError:
        return None
    kind = "array" if isinstance(decoded, list) else "object"
    return f"The string contains JSON. Write the {kind} itself instead."


def _wrong_value(place: _Place) -> str | None:
    """Return the hint for a role or type of another endpoint."""
    value = place.value
    if not isinstance(value, str):
        return None
    if place.endpoint is RESPONSES and place.field == "role" and value in ("tool", "function"):
        return _TOOL_OUTPUT
    if place.field != "type":
        return None
    if place.endpoint is CHAT and place.path[0] == "tools" and value.startswith(_HOSTED_TOOLS):
        return (
            "Chat completions support only function and custom tools. Use /v1/responses for this "
            "tool."
        )
    return _wrong_part_type(place, value) if "content" in place.path else None


def _wrong_part_type(place: _Place, value: str) -> str | None:
    part_type = _PART_TYPES.get(place.endpoint, {}).get(value)
    if part_type is None:
        return None
    if place.endpoint is not RESPONSES:
        return f"In chat completions, this is `{part_type}`."
    item = place.request.value_at(place.path[:2])
    if part_type == "input_text" and isinstance(item, dict) and item.get("role") == "assistant":
        part_type = "output_text"
    return f"On /v1/responses, this is `{part_type}`."


def _no_content(place: _Place) -> str:
    """Return the hint for content that is null or missing."""
    state = "is null" if place.field in place.parent else "is missing"
    return f"`content` {state}. Add it, or remove the message."


def _empty_input(_: _Place) -> str:
    return "The documentation forbids it, but the API has accepted it. Remove it to be safe."


#: Functions that make hints, by rule.
_HINTS: Final[Mapping[str, Callable[[_Place], str | None]]] = {
    "unknown_parameter": _unknown,
    "missing_required_parameter": _missing,
    "invalid_type": _wrong_type,
    "invalid_value": _wrong_value,
    "missing_content": _no_content,
    "empty_embedding_input": _empty_input,
}
