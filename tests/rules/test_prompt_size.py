"""The rules of `rules/prompt_size.py`: both sides of every limit."""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest

from batchlint import check, check_request
from batchlint.rules.prompt_size import LONG_LINE, prompt_bytes, prompt_characters
from rules.helpers import each
from support import request

CHAT = "/v1/chat/completions"
RESPONSES = "/v1/responses"
EMBEDDINGS = "/v1/embeddings"
COMPLETIONS = "/v1/completions"

#: The maximum number of characters: gpt-4o accepts 128,000 tokens of at most 128 characters.
FULL = 128_000 * 128

#: The maximum number of characters in the content of a message.
MAX_CONTENT = 10_485_760


def conversation(characters: int) -> list[dict[str, Any]]:
    """Two messages, because a single one may not be longer than `MAX_CONTENT`."""
    half = characters // 2
    return [{"role": "user", "content": "x" * length} for length in (half, characters - half)]


def chat(characters: int, model: str = "gpt-4o", custom_id: str = "a") -> dict[str, Any]:
    return request(custom_id, CHAT, model=model, messages=conversation(characters))


def embedding(value: Any) -> dict[str, Any]:
    return request("a", EMBEDDINGS, model="text-embedding-3-small", input=value)


# -- context_exceeded -----------------------------------------------------------------------------


def test_prompt_beyond_the_context_window_is_reported() -> None:
    assert check_request(chat(FULL)) == []

    (error,) = check_request(chat(FULL + 1))

    assert (error.rule, error.code, error.param) == (
        "context_exceeded",
        "context_length_exceeded",
        "body.messages",
    )
    assert error.message == "This model's maximum context length is 128000 tokens."
    assert "16,384,001 characters" in (error.hint or "")


class ShortenedInput(NamedTuple):
    name: str
    options: dict[str, Any]
    errors: int


def test_long_input_of_responses_is_reported() -> None:
    long = request("a", RESPONSES, model="gpt-4o", input=["x" * (FULL + 1)])

    errors = [error for error in check_request(long) if error.rule == "context_exceeded"]

    assert [error.param for error in errors] == ["body.input"]


@each(
    [
        ShortenedInput("truncation", {"truncation": "auto"}, 0),
        ShortenedInput("no truncation", {"truncation": "disabled"}, 1),
        ShortenedInput("compaction", {"context_management": [{"type": "compaction"}]}, 0),
        ShortenedInput("no compaction", {"context_management": None}, 1),
    ]
)
def test_input_that_the_api_may_shorten_is_not_reported(case: ShortenedInput) -> None:
    long = request("a", RESPONSES, model="gpt-4o", input=conversation(FULL + 1), **case.options)

    assert len(check_request(long)) == case.errors


def test_each_prompt_of_a_completions_request_has_its_own_window() -> None:
    """davinci-002 accepts 16,384 tokens of at most 128 characters."""
    full = "x" * (16_384 * 128)

    def findings(prompt: Any) -> list[str | None]:
        line = request("a", COMPLETIONS, model="davinci-002", prompt=prompt)
        return [error.param for error in check_request(line) if error.severity == "error"]

    assert findings([full, full]) == []
    assert findings(["x", full + "x"]) == findings(full + "x") == ["body.prompt"]


def test_model_with_unknown_context_window_is_not_checked() -> None:
    assert check_request(chat(FULL + 1, model="some-other-model")) == []


def test_short_lines_are_not_counted() -> None:
    """The smallest context window is 8,192 tokens of 128 characters."""
    assert LONG_LINE == 1_048_576


# -- prompt_characters and prompt_bytes -----------------------------------------------------------


class PromptSize(NamedTuple):
    name: str
    body: dict[str, Any]
    characters: int


@each(
    [
        PromptSize("string", {"prompt": "1234"}, 4),
        PromptSize("strings", {"input": ["12", "3"]}, 3),
        PromptSize("instructions", {"input": "12", "instructions": "345"}, 5),
        PromptSize("message without a role", {"messages": [{"role": "user", "content": "123"}]}, 3),
        PromptSize("tokens", {"input": [1, 2, 3]}, 0),
        PromptSize("other parameters", {"user": "1234"}, 0),
    ]
)
def test_characters_of_the_prompt_are_counted(case: PromptSize) -> None:
    assert prompt_characters(case.body) == case.characters
    assert prompt_bytes(case.body) == case.characters


class Encoded(NamedTuple):
    name: str
    value: dict[str, Any]


def test_size_is_counted_in_utf8_bytes() -> None:
    body = {"messages": [{"role": "user", "content": "\u6f22\u00e9x"}]}

    assert (prompt_characters(body), prompt_bytes(body)) == (3, 6)


@each(
    [
        Encoded(
            "image",
            {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}},
        ),
        Encoded("audio", {"type": "input_audio", "input_audio": {"data": "AAAA"}}),
        Encoded("file", {"type": "input_file", "file_data": "AAAA"}),
        Encoded("reasoning", {"type": "reasoning", "encrypted_content": "AAAA"}),
        Encoded("generated image", {"type": "image_generation_call", "result": "AAAA"}),
    ]
)
def test_encoded_bytes_do_not_count_as_characters(case: Encoded) -> None:
    assert prompt_characters({"input": [case.value, {"type": "text", "text": "1234"}]}) == 4


@pytest.mark.parametrize(
    "url",
    [
        "data:;base64,AAAA",
        "data:image/png;name=a;base64,AAAA",
        "data:image/png; base64,AAAA",
        "DATA:image/png;BASE64 ,AAAA",
        "\n data:image/png;\tbase64,AAAA",
    ],
)
def test_untidy_data_urls_do_not_count(url: str) -> None:
    assert prompt_characters({"input": url}) == 0


@pytest.mark.parametrize("text", ["data: a b;base64,", "data:a,;base64,", "data:" + ";a" * 99])
def test_text_with_a_semicolon_is_not_a_data_url(text: str) -> None:
    assert prompt_characters({"input": text}) == len(text)


def test_text_that_begins_like_a_data_url_counts() -> None:
    assert prompt_characters({"input": "data: 1, 2"}) == 10


def test_long_audio_is_accepted() -> None:
    audio = {"type": "input_audio", "input_audio": {"data": "A" * (FULL + 4), "format": "wav"}}
    messages = [{"role": "user", "content": [audio]}]

    assert check_request(request("a", CHAT, model="gpt-audio", messages=messages)) == []


# -- input_too_long, which the schema states ------------------------------------------------------


class TooLongInput(NamedTuple):
    name: str
    value: Any
    location: str


@each(
    [
        TooLongInput("string", "x" * (8192 * 128 + 1), "input"),
        TooLongInput("strings", ["a", "x" * (8192 * 128 + 1)], "input[1]"),
        TooLongInput("tokens", [[1] * 8193], "input[0]"),
    ]
)
def test_embedding_input_too_long_for_any_tokenizer_is_reported(case: TooLongInput) -> None:
    (error,) = check_request(embedding(case.value))

    assert (error.rule, error.param) == ("input_too_long", None)
    assert error.message == f"Invalid '{case.location}': maximum input length is 8192 tokens."


class LongestInput(NamedTuple):
    name: str
    value: Any


@each([LongestInput("string", "x" * (8192 * 128)), LongestInput("tokens", [[1] * 8192])])
def test_embedding_input_of_maximum_length_passes(case: LongestInput) -> None:
    assert check_request(embedding(case.value)) == []


# -- string_above_max_length, which the schema states ---------------------------------------------


class LongText(NamedTuple):
    name: str
    url: str
    location: str

    def request(self, characters: int) -> dict[str, Any]:
        """Create a request with a text of this many characters."""
        text = "x" * characters
        messages = [{"role": "user", "content": text}]
        key = "messages" if self.url == CHAT else "input"
        value = text if self.location == "input" else messages
        return request("a", self.url, **{"model": "gpt-4.1", key: value})


@each(
    [
        LongText("chat", CHAT, "messages[0].content"),
        LongText("input", RESPONSES, "input"),
        LongText("input message", RESPONSES, "input[0].content"),
    ]
)
def test_text_above_the_maximum_length_is_reported(case: LongText) -> None:
    assert check_request(case.request(MAX_CONTENT)) == []

    (error,) = check_request(case.request(MAX_CONTENT + 1))

    assert (error.code, error.param) == ("string_above_max_length", f"body.{case.location}")
    assert error.message == (
        f"Invalid '{case.location}': string too long. Expected a string with maximum length"
        " 10485760, but got a string with length 10485761 instead."
    )


# -- enqueued_tokens ------------------------------------------------------------------------------


def test_estimated_tokens_beyond_the_limit_are_a_warning() -> None:
    requests = [chat(400, custom_id=str(number)) for number in range(10)]

    assert check(requests, max_enqueued_tokens=1000).warnings == ()

    report = check(requests, max_enqueued_tokens=999)

    assert report.ok
    assert [warning.rule for warning in report.warnings] == ["enqueued_tokens"]
    assert report.warnings[0].message == (
        "The prompts have about 1,000 tokens (estimated from 4,000 bytes of text, 4 bytes per"
        " token), more than 999."
    )
    assert str(report.warnings[0].hint).startswith("Images, audio and files are not counted.")
