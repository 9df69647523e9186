"""Rules about the inputs of an embeddings request."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from ..findings import Phase, Problem
from ..providers import EMBEDDINGS
from .prompt_size import utf8_length
from .registry import Request, problem, request_rule, stated_in_schema
from .triggers import long_lines

#: The maximum number of tokens in one request.
_LIMIT: Final = 300_000

#: Shorter lines are within the limit: a token ID takes at least two bytes, such as "5,".
_LONG_LINE: Final = 2 * _LIMIT

#: The API estimates the tokens of a string from its bytes (timescale/pgai#730).
_BYTES_PER_TOKEN: Final = 4

#: The API rejected all known requests with at least this estimate (1.5 million bytes).
_CERTAINLY_REJECTED: Final = 375_000

_SPREAD: Final = "Spread the inputs across several requests."


class _Tokens(NamedTuple):
    """The number of tokens in the inputs of a request.

    Attributes:
        total: the number of tokens.
        is_exact: whether all inputs are token IDs, so that nothing is estimated.
    """

    total: int
    is_exact: bool


@request_rule(endpoints=[EMBEDDINGS], when=long_lines(_LONG_LINE))
def max_tokens_per_request(request: Request) -> Iterator[Problem]:
    """The inputs of one embeddings request have more than 300,000 tokens in total.

    The API rejects the request when the batch runs. The error appears in the
    batch's error file.

    The API counts token IDs. For strings, it estimates one token per four bytes of
    UTF-8. batchlint reports a request whose strings have at least 1.5 million bytes in
    total, because the API has rejected all known requests of this size. If they have
    more than 1.2 million bytes in total, `embedding_tokens` warns.

    Fix: Spread the inputs across several requests.

    Evidence: reported. The estimate is from timescale/pgai#728 and #730 (May 2025).
    The message, code and param are from spiceai/spiceai#6142 (June 2025),
    OpenDataBox/CrackSQL#27 (June 2025) and four more reports.
    """
    tokens = _tokens(request)
    if tokens.total > _LIMIT and (tokens.is_exact or tokens.total >= _CERTAINLY_REJECTED):
        yield _too_many(tokens.total, _SPREAD)


@request_rule(
    code="max_tokens_per_request",
    fails=None,
    endpoints=[EMBEDDINGS],
    when=long_lines(_LONG_LINE),
)
def embedding_tokens(request: Request) -> Iterator[Problem]:
    """The inputs of one embeddings request have an estimated total of over 300,000 tokens.

    This is a warning because the count is an estimate: one token per four bytes of
    UTF-8. For 1.5 million bytes or more in total, see `max_tokens_per_request`.

    Fix: Spread the inputs across several requests.

    Evidence: reported. timescale/pgai#730 (May 2025) contains measurements of
    the API's estimate.
    """
    tokens = _tokens(request)
    if not tokens.is_exact and _LIMIT < tokens.total < _CERTAINLY_REJECTED:
        yield _too_many(
            tokens.total, f"This is an estimate, at {_BYTES_PER_TOKEN} bytes per token. {_SPREAD}"
        )


def _too_many(tokens: int, hint: str) -> Problem:
    return problem(
        f"Requested {tokens} tokens, max {_LIMIT} tokens per request",
        "input",
        param=None,
        phase=Phase.LAST,
        hint=hint,
    )


def _tokens(request: Request) -> _Tokens:
    """Count the token IDs in the inputs, and estimate the tokens in strings."""
    body_input = request.body.get("input")
    inputs = [body_input]
    if isinstance(body_input, list) and body_input and isinstance(body_input[0], str | list):
        inputs = body_input
    ids = sum(len(value) for value in inputs if isinstance(value, list))
    text_bytes = sum(utf8_length(value) for value in inputs if isinstance(value, str))
    return _Tokens(ids + text_bytes // _BYTES_PER_TOKEN, not text_bytes)


@stated_in_schema(fails=None)
def empty_embedding_input() -> None:
    """The `input` of an embeddings request is the empty string.

    This is a warning because the sources contradict each other. The documentation
    says that the input "cannot be an empty string", but the API has accepted one.
    In a list of inputs, an empty string is an error.

    Fails: /v1/embeddings {"model": "m", "input": ""}
    Passes: /v1/embeddings {"model": "m", "input": "x"}

    Fix: Remove the request.

    Evidence: reported. The docstrings of openai-python 3.54.0 forbid an empty
    string, but the API accepted one in a recorded response from August 2025 and in
    a report from September 2026.
    """


@stated_in_schema(
    code="array_above_max_length",
    fails=None,
    hint="The API has accepted such a list, against its documentation. To be safe, put the list in "
    "another list, or split it.",
)
def long_token_list() -> None:
    """The `input` of an embeddings request is one list of more than 2,048 tokens.

    This is a warning because the sources contradict each other. The documentation
    limits every list to 2,048 items, but also one input to 8,192 tokens, and the API
    has accepted a list of 8,191 tokens. More than 8,192 tokens are an error.

    Fix: Put the list in another list, such as `[[1, 2, 3]]`, or split it.

    Evidence: reported. The OpenAPI document and the docstrings of openai-python
    3.57.0 have the limit. The recorded output of Embedding_long_inputs.ipynb
    (openai/openai-cookbook, 2023) shows that text-embedding-ada-002 accepted one
    list of 8,191 tokens.
    """
