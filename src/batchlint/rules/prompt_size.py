"""Rules about how long a prompt is, as far as its characters tell."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from ..findings import Phase, Problem
from ..providers import RESPONSES, context_window
from .registry import Request, problem, request_rule
from .triggers import long_lines

#: The most characters that one token of OpenAI's tokenizers stands for (a run of blanks in o200k_base).
LONGEST_TOKEN: Final = 128

#: What an estimate takes a token to be: English prose has about four characters to a token.
CHARACTERS_PER_TOKEN: Final = 4

#: Lines of fewer bytes than this exceed no context window: the smallest is of 8,192 tokens.
LONG_LINE: Final = 8192 * LONGEST_TOKEN

#: The members of a body that hold the prompt.
_PROMPT: Final = ("messages", "input", "instructions", "prompt")

#: Members inside of these that name things and are no text.
_NAMES: Final = frozenset(
    {"role", "type", "id", "call_id", "tool_call_id", "name", "detail", "status", "phase"}
)


@request_rule(code="context_length_exceeded", when=long_lines(LONG_LINE))
def context_exceeded(request: Request) -> Iterator[Problem]:
    """The prompt cannot fit into the model's context window, however it is tokenised.

    No token is longer than 128 characters, so a prompt has at least a 128th as many tokens as
    characters.  This is a lower bound; what is below it may still be too long.

    To do: split the request.

    Source: the models' pages for the windows; the code `context_length_exceeded` and the beginning of the
    sentence, openai/openai-openapi#302 (a batch).  The API goes on with the number of tokens.
    """
    window = context_window(request.model) if request.line_bytes >= LONG_LINE else None
    count = prompt_characters(request.body) if window is not None else 0
    if window is not None and count > window * LONGEST_TOKEN:
        yield problem(
            f"This model's maximum context length is {window} tokens.",
            "input" if request.endpoint == RESPONSES else "messages",
            phase=Phase.LAST,
            hint=f"The prompt has {count:,} characters, which are at least {count // LONGEST_TOKEN:,} tokens.",
        )


def prompt_characters(body: dict[str, Any]) -> int:
    """How many characters the strings of a prompt have; images and files, as data URLs, are left out."""
    total = 0
    queue = [body[member] for member in _PROMPT if member in body]
    while queue:
        value = queue.pop()
        if isinstance(value, str):
            total += 0 if value.startswith("data:") else len(value)
        elif isinstance(value, list):
            queue += value
        elif isinstance(value, dict):
            queue += [inner for key, inner in value.items() if key not in _NAMES]
    return total
