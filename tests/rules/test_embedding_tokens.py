"""The rules of `rules/embedding_tokens.py`."""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest

from batchlint import check_request
from rules.helpers import each
from support import request

TOKENS = [40_000] * 8000


class Inputs(NamedTuple):
    name: str
    inputs: list[Any]
    rule: str | None
    tokens: int = 0


@each(
    [
        Inputs("tokens at the limit", [TOKENS] * 37, None),
        Inputs("tokens beyond the limit", [TOKENS] * 38, "max_tokens_per_request", 304_000),
        Inputs("short tokens at the limit", [[5] * 2000] * 150, None),
        Inputs(
            "short tokens beyond the limit",
            [*[[5] * 2000] * 150, [5]],
            "max_tokens_per_request",
            300_001,
        ),
        Inputs("text at the limit", ["word " * 1500] * 160, None),
        Inputs("text beyond the limit", ["word " * 1500] * 161, "embedding_tokens", 301_875),
        Inputs("Chinese text", ["\u6f22" * 1000] * 401, "embedding_tokens", 300_750),
    ]
)
def test_token_ids_are_counted_and_text_is_estimated(case: Inputs) -> None:
    errors = check_request(request(input=case.inputs))

    assert [error.rule for error in errors] == ([case.rule] if case.rule else [])
    for error in errors:
        assert (error.code, error.param) == ("max_tokens_per_request", None)
        assert error.message == f"Requested {case.tokens} tokens, max 300000 tokens per request"


@pytest.mark.parametrize(
    ("letters", "rule"),
    [
        (1_200_000, None),
        (1_200_004, "embedding_tokens"),
        (1_499_996, "embedding_tokens"),
        (1_500_000, "max_tokens_per_request"),
    ],
)
def test_embedding_text_of_1_5_million_bytes_is_an_error(letters: int, rule: str | None) -> None:
    errors = check_request(request(input=["x" * (letters // 4)] * 4))

    assert [error.rule for error in errors] == ([rule] if rule else [])


def test_empty_input_is_a_warning_but_an_error_in_a_list() -> None:
    (warning,) = check_request(request(input=""))
    (error,) = check_request(request(input=[""]))

    assert (warning.rule, warning.severity) == ("empty_embedding_input", "warning")
    assert (error.rule, error.severity) == ("empty_string", "error")
    assert "has accepted one" in str(warning.hint)


@pytest.mark.parametrize(
    ("count", "found"),
    [
        (2048, []),
        (2049, [("long_token_list", "warning")]),
        (8192, [("long_token_list", "warning")]),
        (8193, [("input_too_long", "error")]),
    ],
)
def test_one_list_may_have_8192_tokens(count: int, found: list[tuple[str, str]]) -> None:
    """The documentation limits it to 2,048, but the API has accepted 8,191."""
    assert [
        (error.rule, error.severity) for error in check_request(request(input=[5] * count))
    ] == found
    assert check_request(request(input=[[5] * min(count, 8192)])) == []


def test_encoding_format_may_be_null() -> None:
    assert check_request(request(encoding_format=None)) == []
    assert [error.code for error in check_request(request(encoding_format="int8"))] == [
        "invalid_value"
    ]
