"""The rules of `rules/media.py`."""

from __future__ import annotations

import base64
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batchlint.rules import media
from rules.helpers import each, invalid_data_test, request_rules
from support import rule_findings, run_rule

CHAT = "/v1/chat/completions"
RESPONSES = "/v1/responses"
EDITS = "/v1/images/edits"

PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"
EXPECTED_IMAGE = (
    "Expected a base64-encoded data URL with an image MIME type"
    " (e.g. 'data:image/png;base64,aW1nIGJ5dGVzIGhlcmU=')"
)
EXPECTED_PDF = (
    "Expected a base64-encoded data URL with an application/pdf MIME type"
    " (e.g. 'data:application/pdf;base64,SGVsbG8sIFdvcmxkIQ==')"
)

#: The location of the image in the bodies below.
CHAT_PATH = ("messages", 0, "content", 0, "image_url", "url")
RESPONSES_PATH = ("input", 0, "content", 1, "image_url")


def data_url(content: bytes, mime: str = "image/png") -> str:
    return f"data:{mime};base64,{base64.b64encode(content).decode()}"


def chat_image(url: str) -> dict[str, Any]:
    """Return a chat completion with an image."""
    part = {"type": "image_url", "image_url": {"url": url}}
    return {"messages": [{"role": "user", "content": [part]}]}


def response_image(url: str) -> dict[str, Any]:
    """Return a response with an image."""
    parts = [{"type": "input_text", "text": "x"}, {"type": "input_image", "image_url": url}]
    return {"input": [{"role": "user", "content": parts}]}


# -- images: invalid_image_url, invalid_base64_image, invalid_image_format ------------------------


class BrokenImage(NamedTuple):
    name: str
    url: str
    got: str


@each(
    [
        BrokenImage("empty", "data:image/png;base64,", "empty base64-encoded bytes"),
        BrokenImage(
            "undefined", "data:image/png;base64,undefined", "an invalid base64-encoded value"
        ),
        BrokenImage(
            "brace",
            "data:image/png;base64,iVBORw0KGgo{AAANSUhEUg==",
            "an invalid base64-encoded value",
        ),
        BrokenImage(
            "not base64",
            "data:image/png,iVBORw0KGgo",
            "a value without the ';base64' separator",
        ),
        BrokenImage("only the prefix", "data:", "a value without the ';base64' separator"),
    ]
)
def test_broken_data_url_is_reported(case: BrokenImage) -> None:
    message = f"Invalid 'input[0].content[1].image_url'. {EXPECTED_IMAGE}, but got {case.got}."

    assert rule_findings("invalid_image_url", RESPONSES, response_image(case.url)) == [
        (message, "input[0].content[1].image_url", RESPONSES_PATH)
    ]
    assert rule_findings("invalid_base64_image", CHAT, chat_image(case.url)) == [
        ("Invalid base64 image_url.", None, CHAT_PATH)
    ]
    assert rule_findings("invalid_image_format", CHAT, chat_image(case.url)) == []
    assert rule_findings("doubtful_image_url", CHAT, chat_image(case.url)) == []


@pytest.mark.parametrize("mime", ["application/octet-stream", "undefined", "", "text/plain"])
def test_mime_type_that_is_not_an_image_is_reported(mime: str) -> None:
    url = data_url(PNG, mime)
    body = {"images": [{"file_id": "file-1"}, {"image_url": url}]}
    message = (
        f"Invalid 'images[1].image_url'. {EXPECTED_IMAGE}, but got unsupported MIME type '{mime}'."
    )

    assert rule_findings("invalid_image_url", EDITS, body) == [
        (message, "images[1].image_url", ("images", 1, "image_url"))
    ]
    assert rule_findings("invalid_image_format", CHAT, chat_image(url)) == [
        ("Invalid MIME type. Only image types are supported.", None, CHAT_PATH)
    ]
    assert rule_findings("invalid_base64_image", CHAT, chat_image(url)) == []


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"BM" + bytes(20), id="bmp"),
        pytest.param(b"%PDF-1.4\n%\xc3\xa4\xc3\xbc", id="pdf"),
        pytest.param(b"<svg xmlns='http://www.w3.org/2000/svg'/>", id="svg"),
        pytest.param(bytes(20), id="zeros"),
        pytest.param(b"RIFF\x1e\x00\x00\x00WAVEfmt ", id="wav"),
    ],
)
def test_bytes_that_are_not_an_image_are_reported(content: bytes) -> None:
    url = data_url(content)

    assert rule_findings("invalid_image_url", RESPONSES, response_image(url)) == [
        (
            "The image data you provided does not represent a valid image. Please check your"
            " input and try again with one of the supported image formats: ['image/jpeg',"
            " 'image/png', 'image/gif', 'image/webp'].",
            "input",
            RESPONSES_PATH,
        )
    ]
    assert rule_findings("invalid_image_format", CHAT, chat_image(url)) == [
        (
            "You uploaded an unsupported image. Please make sure your image has of one the"
            " following formats: ['png', 'jpeg', 'gif', 'webp'].",
            None,
            CHAT_PATH,
        )
    ]


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(PNG, id="png"),
        pytest.param(b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01", id="jpeg"),
        pytest.param(b"GIF87a" + bytes(10), id="gif87"),
        pytest.param(b"GIF89a" + bytes(10), id="gif89"),
        pytest.param(b"RIFF\x1e\x00\x00\x00WEBPVP8L", id="webp"),
    ],
)
@pytest.mark.parametrize(
    "mime", ["image/png", "image/jpg", "IMAGE/JPEG", "image/png;charset=utf-8"]
)
@pytest.mark.parametrize(
    "rule",
    ["invalid_image_url", "invalid_image_format", "invalid_base64_image", "doubtful_image_url"],
)
def test_supported_image_passes(content: bytes, mime: str, rule: str) -> None:
    url = data_url(content, mime)

    assert rule_findings(rule, CHAT, chat_image(url)) == []
    assert rule_findings(rule, RESPONSES, response_image(url)) == []


class ImagePlace(NamedTuple):
    name: str
    url: str
    body: dict[str, Any]
    location: str


BAD_IMAGE = {"image_url": "data:image/png;base64,"}


@each(
    [
        ImagePlace(
            "function output",
            RESPONSES,
            {"input": [{"type": "function_call_output", "call_id": "a", "output": [BAD_IMAGE]}]},
            "input[0].output[0].image_url",
        ),
        ImagePlace(
            "screenshot",
            RESPONSES,
            {"input": [{"type": "computer_call_output", "output": BAD_IMAGE}]},
            "input[0].output.image_url",
        ),
        ImagePlace("mask", EDITS, {"mask": BAD_IMAGE}, "mask.image_url"),
        ImagePlace("markup", EDITS, {"markup": BAD_IMAGE}, "markup.image_url"),
        ImagePlace(
            "video", "/v1/videos", {"input_reference": BAD_IMAGE}, "input_reference.image_url"
        ),
        ImagePlace(
            "moderation",
            "/v1/moderations",
            {"input": [{"type": "image_url", "image_url": {"url": BAD_IMAGE["image_url"]}}]},
            "input[0].image_url.url",
        ),
    ]
)
def test_images_are_found_in_every_location(case: ImagePlace) -> None:
    message = f"Invalid '{case.location}'. {EXPECTED_IMAGE}, but got empty base64-encoded bytes."

    [(found, param, _)] = rule_findings("invalid_image_url", case.url, case.body)

    assert (found, param) == (message, case.location)


# -- images: doubtful_image_url -------------------------------------------------------------------

UNTIDY = "The image's base64 contains whitespace or URL escapes, uses the URL-safe alphabet, or lacks padding."
HEADER = (
    "The part of the data URL before the comma contains whitespace, or its 'base64' is not in"
    " lower case."
)
NO_URL = (
    "Invalid 'messages[0].content[0].image_url.url'. Expected a valid URL, but got a value with"
    " an invalid format."
)


class DoubtfulUrl(NamedTuple):
    name: str
    url: str
    message: str


@each(
    [
        DoubtfulUrl("other scheme", "gs://bucket/a.png", NO_URL),
        DoubtfulUrl("empty", "", NO_URL),
        DoubtfulUrl(
            "few bytes",
            "data:image/png;base64,AAAA",
            "The data URL is too short for an image.",
        ),
        DoubtfulUrl("no padding", "data:image/png;base64,iVBORw0KGgoAAAANSUhEUg", UNTIDY),
        DoubtfulUrl("newline", "data:image/png;base64,iVBORw0KGgoAAAAN\nSUhEUgAA", UNTIDY),
        DoubtfulUrl("blank", "data:image/png;base64, iVBORw0KGgoAAAANSUhEUg==", UNTIDY),
        DoubtfulUrl("URL-safe alphabet", "data:image/jpeg;base64,_9j_4AAQSkZJRgABAQAAAQ==", UNTIDY),
        DoubtfulUrl("escapes", "data:image/jpeg;base64,%2F9j%2F4AAQSkZJRgABAQAAAQ%3D%3D", UNTIDY),
        DoubtfulUrl("blank in front", " https://example.com/a.png", NO_URL),
        DoubtfulUrl("newline in front", "\ndata:image/png;base64,iVBORw0KGgoAAAANSUhEUg==", NO_URL),
        DoubtfulUrl("blank in header", "data:image/png; base64,iVBORw0KGgoAAAANSUhEUg==", HEADER),
        DoubtfulUrl("blank before type", "data: image/png;base64,iVBORw0KGgoAAAANSUhEUg==", HEADER),
        DoubtfulUrl("upper case", "data:image/png;BASE64,iVBORw0KGgoAAAANSUhEUg==", HEADER),
    ]
)
def test_doubtful_image_url_is_reported(case: DoubtfulUrl) -> None:
    body = chat_image(case.url)

    assert rule_findings("doubtful_image_url", CHAT, body) == [
        (case.message, "messages[0].content[0].image_url.url", CHAT_PATH)
    ]
    assert rule_findings("invalid_image_format", CHAT, body) == []
    assert rule_findings("invalid_base64_image", CHAT, body) == []
    assert rule_findings("image_url_without_scheme", CHAT, body) == []
    assert rule_findings("invalid_image_url", RESPONSES, response_image(case.url)) == []


@pytest.mark.parametrize("url", ["https://example.com/a.png", "http://example.com/data:image"])
def test_web_address_passes(url: str) -> None:
    assert rule_findings("doubtful_image_url", CHAT, chat_image(url)) == []
    assert rule_findings("doubtful_image_url", RESPONSES, response_image(url)) == []


# -- files ----------------------------------------------------------------------------------------


def chat_file(**file: Any) -> dict[str, Any]:
    """Return a chat completion with a file."""
    return {"messages": [{"role": "user", "content": [{"type": "file", "file": file}]}]}


def response_file(**file: Any) -> dict[str, Any]:
    """Return a response with a file."""
    return {"input": [{"role": "user", "content": [{"type": "input_file", **file}]}]}


class BadFile(NamedTuple):
    name: str
    data: str
    got: str
    doubtful_on_responses: bool = True


@each(
    [
        BadFile(
            "address",
            "https://example.com/a.pdf",
            "a value without the 'data:' prefix",
            doubtful_on_responses=False,
        ),
        BadFile(
            "bare base64",
            "JVBERi0xLjQK",
            "a value without the 'data:' prefix",
            doubtful_on_responses=False,
        ),
        BadFile(
            "text",
            "data:text/plain;base64,SGVsbG8=",
            "unsupported MIME type 'text/plain'",
            doubtful_on_responses=False,
        ),
        BadFile("empty", "data:application/pdf;base64,", "empty base64-encoded bytes"),
        BadFile(
            "undefined",
            "data:application/pdf;base64,undefined",
            "an invalid base64-encoded value",
        ),
        BadFile("not base64", "data:application/pdf,x", "a value without the ';base64' separator"),
    ]
)
def test_invalid_file_data_is_reported(case: BadFile) -> None:
    chat, response = chat_file(file_data=case.data), response_file(file_data=case.data)
    location = "messages[0].content[0].file.file_data"
    message = f"Invalid file data: '{location}'. {EXPECTED_PDF}, but got {case.got}."
    doubt = (
        f"The file cannot be decoded. Expected a base64-encoded data URL, but got {case.got}.",
        "input[0].content[0].file_data",
        ("input", 0, "content", 0, "file_data"),
    )

    assert rule_findings("invalid_file_data", CHAT, chat) == [
        (message, location, ("messages", 0, "content", 0, "file", "file_data"))
    ]
    assert rule_findings("invalid_file_data", RESPONSES, response) == []
    assert rule_findings("doubtful_file_data", RESPONSES, response) == (
        [doubt] if case.doubtful_on_responses else []
    )


@pytest.mark.parametrize("header", ["application/pdf; base64", "application/pdf;BASE64"])
def test_untidy_file_data_is_doubtful(header: str) -> None:
    data = f"data:{header},JVBERi0xLjQK"

    for endpoint, body in (
        (CHAT, chat_file(file_data=data)),
        (RESPONSES, response_file(file_data=data)),
    ):
        [(message, _, _)] = rule_findings("doubtful_file_data", endpoint, body)
        assert message.startswith("The part of the data URL before the comma")
        assert rule_findings("invalid_file_data", endpoint, body) == []


@pytest.mark.parametrize(
    "file",
    [
        pytest.param({"file_data": data_url(b"%PDF-1.4\n", "application/pdf")}, id="pdf"),
        pytest.param({"file_id": "file-1"}, id="file_id"),
        pytest.param({"file_data": 5}, id="wrong type"),
    ],
)
@pytest.mark.parametrize("rule", ["invalid_file_data", "doubtful_file_data"])
def test_valid_or_malformed_file_passes(file: dict[str, Any], rule: str) -> None:
    assert rule_findings(rule, CHAT, chat_file(**file)) == []
    assert rule_findings(rule, RESPONSES, response_file(**file)) == []


# -- any text -------------------------------------------------------------------------------------

URLS = st.builds(
    "".join,
    st.lists(
        st.sampled_from(
            [
                "data:",
                "image/png",
                ";base64",
                ",",
                "iVBORw0KGgoAAAANSUhEUg",
                "=",
                "%2B",
                "_",
                " ",
                "\n",
                "é",
                "A",
            ]
        ),
        max_size=8,
    ),
)

test_invalid_data_never_raises = invalid_data_test(
    media,
    {
        "messages",
        "input",
        "content",
        "output",
        "image_url",
        "url",
        "file",
        "file_data",
        "images",
        "mask",
        "input_reference",
        "type",
    },
    st.none() | st.integers() | URLS,
    max_message_length=400,
    max_examples=250,
)


@settings(max_examples=250)
@given(URLS | st.text(), st.sampled_from([CHAT, RESPONSES]))
def test_image_has_at_most_one_finding(text: str, url: str) -> None:
    body = chat_image(text) if url == CHAT else response_image(text)

    problems = [
        problem for rule in request_rules(media) for problem in run_rule(rule.name, url, body)
    ]

    assert len(problems) <= 1
