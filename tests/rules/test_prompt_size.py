"""Rules about how long a prompt is, at both sides of their limits."""

from __future__ import annotations

from typing import Any

import pytest

from batchlint import check, check_request
from batchlint.rules.size import LONG_LINE, characters


def line(url: str, **body: Any) -> dict[str, Any]:
    return {"custom_id": "a", "method": "POST", "url": url, "body": body}


def chat(characters: int, model: str = "gpt-4o") -> dict[str, Any]:
    return line("/v1/chat/completions", model=model, messages=[{"role": "user", "content": "x" * characters}])


def test_a_prompt_that_no_tokenizer_fits_into_the_window_is_refused() -> None:
    """128 characters to a token, and a character more."""
    assert check_request(chat(128_000 * 128)) == []

    (error,) = check_request(chat(128_000 * 128 + 1))

    assert (error.rule, error.code, error.param) == ("context_exceeded", "context_length_exceeded", "body.messages")
    assert error.message == "This model's maximum context length is 128000 tokens."
    assert "16,384,001 characters" in (error.hint or "")


def test_a_model_whose_window_is_not_known_is_not_judged() -> None:
    assert check_request(chat(128_000 * 128 + 1, model="some-other-model")) == []


def test_an_image_does_not_count_as_characters() -> None:
    body = {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:image/png;base64," + "A" * 99}},
                                                      {"type": "text", "text": "1234"}]}]}

    assert characters(body) == len("1234")


@pytest.mark.parametrize(("given", "message"), [
    ("x" * (8192 * 128 + 1), "Invalid 'input': maximum input length is 8192 tokens."),
    (["a", "x" * (8192 * 128 + 1)], "Invalid 'input[1]': maximum input length is 8192 tokens."),
    ([[1] * 8193], "Invalid 'input[0]': maximum input length is 8192 tokens."),
], ids=["string", "strings", "tokens"])
def test_an_input_to_embed_is_too_long_for_certain(given: Any, message: str) -> None:
    (error,) = check_request(line("/v1/embeddings", model="text-embedding-3-small", input=given))

    assert (error.rule, error.param, error.message) == ("input_too_long", None, message)


@pytest.mark.parametrize("given", ["x" * (8192 * 128), [[1] * 8192]], ids=["string", "tokens"])
def test_an_input_to_embed_may_be_as_long_as_that(given: Any) -> None:
    assert check_request(line("/v1/embeddings", model="text-embedding-3-small", input=given)) == []


def test_the_estimate_of_enqueued_tokens_is_a_warning_that_says_so() -> None:
    requests = [chat(400) | {"custom_id": str(i)} for i in range(10)]

    assert check(requests, max_enqueued_tokens=1000).warnings == ()

    report = check(requests, max_enqueued_tokens=999)

    assert report.ok
    assert [warning.rule for warning in report.warnings] == ["enqueued_tokens"]
    assert report.warnings[0].message == "The prompts have about 1,000 tokens (an estimate), more than 999."


def test_short_lines_are_not_counted() -> None:
    """The smallest context window is that of a line of this length."""
    assert LONG_LINE == 1_048_576
