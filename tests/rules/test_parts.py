"""The rules of `rules/parts.py`, and what a schema states about files and images."""

from __future__ import annotations

from typing import Any, NamedTuple

from hypothesis import strategies as st

from batchlint import check_request
from batchlint.rules import parts
from rules.helpers import each, invalid_data_test
from support import request, rule_findings

CHAT = "/v1/chat/completions"
RESPONSES = "/v1/responses"
FILE_URL = "https://example.com/a.pdf"
IMAGE_URL = "https://example.com/a.png"


class Part(NamedTuple):
    name: str
    part: dict[str, Any]
    code: str | None = None
    message: str = ""


@each(
    [
        Part(
            "data",
            {"type": "input_file", "filename": "a", "file_data": "data:text/csv;base64,YSxiCg=="},
        ),
        Part("url", {"type": "input_file", "file_url": FILE_URL}),
        Part(
            "url and name",
            {"type": "input_file", "file_url": FILE_URL, "filename": "a.pdf"},
            "mutually_exclusive_parameters",
            "Mutually exclusive parameters: 'input[0].content[0]'. Ensure you are only providing one"
            " of: 'file_id' or 'filename'.",
        ),
        Part(
            "video",
            {"type": "input_file", "filename": "a", "file_data": "data:video/webm;base64,YQ=="},
            "invalid_value",
            "Invalid file data: 'input[0].content[0].file_data'.",
        ),
    ]
)
def test_file_part_of_a_responses_request_is_checked(case: Part) -> None:
    """Messages and tool outputs can contain files."""
    call = {"type": "function_call", "call_id": "a", "name": "f", "arguments": "{}"}
    output = {"type": "function_call_output", "call_id": "a", "output": [case.part]}
    in_message = check_request(
        request(url=RESPONSES, input=[{"role": "user", "content": [case.part]}])
    )
    in_output = check_request(request(url=RESPONSES, input=[call, output]))

    expected = [case.code] if case.code else []
    assert [error.code for error in in_message] == expected
    assert [error.code for error in in_output] == expected
    assert all(error.message.startswith(case.message) for error in in_message)


@each(
    [
        Part("id", {"type": "input_image", "file_id": "file-1", "image_url": None}),
        Part(
            "id and url",
            {"type": "input_image", "file_id": "file-1", "image_url": IMAGE_URL},
            "missing_mutually_exclusive_parameters",
            "Missing mutually exclusive parameters: 'input[0].content[0]'. Ensure you are providing"
            " exactly one of: 'file_id' or 'image_url'.",
        ),
        Part(
            "long id",
            {"type": "input_image", "file_id": "f" * 65},
            "string_above_max_length",
            "Invalid 'input[0].content[0].file_id': string too long.",
        ),
    ]
)
def test_image_part_of_a_responses_request_is_checked(case: Part) -> None:
    errors = check_request(request(url=RESPONSES, input=[{"role": "user", "content": [case.part]}]))

    assert [error.code for error in errors] == ([case.code] if case.code else [])
    assert all(error.message.startswith(case.message) for error in errors)


class MimeType(NamedTuple):
    name: str
    rule: str | None


@each(
    [
        MimeType("application/pdf", None),
        MimeType("text/csv", None),
        MimeType("audio/wav", "unsupported_file_type"),
        MimeType("Video/MP4", "unsupported_file_type"),
        MimeType("image/png", "doubtful_file_type"),
        MimeType("application/zip", "doubtful_file_type"),
    ]
)
def test_rule_depends_on_the_file_type(case: MimeType) -> None:
    part = {"type": "input_file", "filename": "a", "file_data": f"data:{case.name};base64,YQ=="}
    body = {"input": [{"role": "user", "content": [part]}]}

    for rule in ("unsupported_file_type", "doubtful_file_type"):
        assert bool(rule_findings(rule, RESPONSES, body)) is (rule == case.rule)


class Url(NamedTuple):
    name: str
    rule: str | None


@each(
    [
        Url(IMAGE_URL, None),
        Url("data:image/png;base64,iVBORw0KGgoAAAANSUhEUg==", None),
        Url("photos/a.png", "image_url_without_scheme"),
        Url("C:\\a.png", "image_url_without_scheme"),
        Url("localhost:80/a.png", "image_url_without_scheme"),
        Url("iVBORw0KGgoAAAANSUhEUg==", "image_url_without_scheme"),
        Url("gs://bucket/a.png", "doubtful_image_url"),
    ]
)
def test_url_of_an_image_needs_a_scheme(case: Url) -> None:
    part = {"type": "image_url", "image_url": {"url": case.name}}
    errors = check_request(request(url=CHAT, messages=[{"role": "user", "content": [part]}]))

    assert [error.rule for error in errors] == ([case.rule] if case.rule else [])


@each(
    [Url("gpt-4o-mini", "image_not_from_user"), Url("gpt-4.1-nano", None), Url("gpt-5-nano", None)]
)
def test_only_some_models_reject_an_image_in_a_tool_message(case: Url) -> None:
    call = {"id": "a", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    part = {"type": "image_url", "image_url": {"url": IMAGE_URL}}
    messages = [
        {"role": "assistant", "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "a", "content": [{"type": "text", "text": "x"}, part]},
    ]
    errors = check_request(request(url=CHAT, model=case.name, messages=messages))

    assert [(error.rule, error.param) for error in errors] == (
        [(case.rule, "body.messages[1]")] if case.rule else []
    )


test_invalid_data_never_raises = invalid_data_test(
    parts,
    ("input", "messages", "content", "output", "image_url", "url", "file_data", "file"),
    st.sampled_from(["data:", "data:audio/x", "/a", "", "https://x", None, 1, True]),
)
