"""Rules about the length of a prompt, estimated from its text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from ..findings import Phase, Problem
from ..providers import CHAT, COMPLETIONS, RESPONSES, context_window
from .registry import Request, problem, request_rule
from .triggers import long_lines

#: The length of the longest token in OpenAI's tokenizers, in characters. It is a run of spaces in
#: o200k_base.
MAX_TOKEN_LENGTH: Final = 128

#: Estimates assume this many bytes of UTF-8 per token, which fits English prose. For other scripts,
#: bytes give better estimates than characters.
BYTES_PER_TOKEN: Final = 4

#: Lines with fewer bytes are not checked. They fit into every context window of at least 8,192
#: tokens. Only gpt-3.5-turbo-instruct has a smaller window.
LONG_LINE: Final = 8192 * MAX_TOKEN_LENGTH

#: The parameters that contain the prompt.
_PROMPT_PARAMETERS: Final = ("messages", "input", "instructions", "prompt")

#: Fields inside these parameters whose values are identifiers, not text.
_IDENTIFIERS: Final = frozenset(
    {"role", "type", "id", "call_id", "tool_call_id", "name", "detail", "status", "phase"}
)

#: Fields whose values are encoded bytes, such as audio, not text.
_ENCODED_FIELDS: Final = frozenset({"data", "file_data", "encrypted_content"})

#: Matches the beginning of a base64-encoded data URL, up to the comma.
_DATA_URL: Final = r"(?i)\s*+data:\s*+[^\s,;]*+(?:\s*+;\s*+[^\s,;]++)*?\s*+;\s*+base64\s*+,"


@request_rule(
    code="context_length_exceeded",
    endpoints=[CHAT, COMPLETIONS, RESPONSES],
    when=long_lines(LONG_LINE),
)
def context_exceeded(request: Request) -> Iterator[Problem]:
    """The prompt exceeds the model's context window, whichever tokenizer is used.

    No token is longer than 128 characters, so a prompt has at least one token per
    128 characters. This is a lower bound: a prompt that is not reported may still
    be too long. The API rejects the request when the batch runs. The error appears
    in the batch's error file.

    Nothing is reported for a `/v1/responses` request in which `truncation` is `auto` or
    `context_management` is set, because the API may then shorten the input.

    Fix: Shorten the prompt, or split it across several requests.

    Evidence: reported. openai/openai-openapi#302, about a batch, quotes the code
    `context_length_exceeded` and the beginning of the error message, which continues
    with the number of tokens. The context windows are from the models' pages.
    """
    if request.endpoint == RESPONSES and (
        request.body.get("truncation") == "auto" or request.body.get("context_management")
    ):
        return
    window = context_window(request.model) if request.line_bytes >= LONG_LINE else None
    count = _longest_prompt(request) if window is not None else 0
    if window is not None and count > window * MAX_TOKEN_LENGTH:
        yield problem(
            f"This model's maximum context length is {window} tokens.",
            request.endpoint.prompt,
            phase=Phase.LAST,
            hint=f"The prompt has {count:,} characters, so at least {count // MAX_TOKEN_LENGTH:,} "
            "tokens. Shorten it.",
        )


def _longest_prompt(request: Request) -> int:
    """Return the number of characters in a request's longest prompt. Completions accept several."""
    prompts = request.body.get("prompt")
    if request.endpoint == COMPLETIONS and isinstance(prompts, list):
        return max((prompt_characters({"prompt": prompt}) for prompt in prompts), default=0)
    return prompt_characters(request.body)


def prompt_characters(body: Mapping[str, Any]) -> int:
    """Count the characters in a prompt's strings."""
    return sum(map(len, _strings(body)))


def prompt_bytes(body: Mapping[str, Any]) -> int:
    """Count the UTF-8 bytes in a prompt's strings."""
    return sum(map(utf8_length, _strings(body)))


def utf8_length(text: str) -> int:
    """Return the length of a string in UTF-8 bytes."""
    return len(text) if text.isascii() else len(text.encode("utf-8", "replace"))


def _strings(body: Mapping[str, Any]) -> Iterator[str]:
    """Yield a prompt's strings, except identifiers, data URLs and encoded bytes."""
    queue = [body[parameter] for parameter in _PROMPT_PARAMETERS if parameter in body]
    while queue:
        value = queue.pop()
        if isinstance(value, str):
            if not is_data_url(value):
                yield value
        elif isinstance(value, list):
            queue += value
        elif isinstance(value, dict):
            queue += [inner for key, inner in text_fields(value) if key not in _IDENTIFIERS]


def is_data_url(text: str) -> bool:
    """Return whether a string is a base64-encoded data URL, and not a text such as `data: 1, 2`.

    Some parsers accept upper case, and whitespace between the parts (see `doubtful_image_url`).
    """
    return re.match(_DATA_URL, text) is not None


def text_fields(value: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield the fields of an object in a prompt, except those that contain encoded bytes."""
    is_image = value.get("type") == "image_generation_call"
    for key, inner in value.items():
        if key not in _ENCODED_FIELDS and not (is_image and key == "result"):
            yield key, inner
