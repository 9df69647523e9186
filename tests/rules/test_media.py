"""The rules of `rules/values.py`."""

import base64

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import found, said

from batchlint import schemas
from batchlint.rules import RULES

CHAT, RESPONSES, EDITS = "/v1/chat/completions", "/v1/responses", "/v1/images/edits"
PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"
PICTURES = [PNG, b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01", b"GIF87a" + bytes(10), b"GIF89a" + bytes(10),
            b"RIFF\x1e\x00\x00\x00WEBPVP8L"]
OTHERS = [b"BM" + bytes(20), b"%PDF-1.4\n%\xc3\xa4\xc3\xbc", b"<svg xmlns='http://www.w3.org/2000/svg'/>", bytes(20),
          b"RIFF\x1e\x00\x00\x00WAVEfmt "]
EXPECTED = "Expected a base64-encoded data URL with an image MIME type (e.g. 'data:image/png;base64,aW1nIGJ5dGVzIGhlcmU=')"
PDF = ("Expected a base64-encoded data URL with an application/pdf MIME type "
       "(e.g. 'data:application/pdf;base64,SGVsbG8sIFdvcmxkIQ==')")


def data(content, mime="image/png"):
    return f"data:{mime};base64,{base64.b64encode(content).decode()}"


def chat(url):
    return {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": url}}]}]}


def response(url):
    return {"input": [{"role": "user", "content": [{"type": "input_text", "text": "x"},
                                                   {"type": "input_image", "image_url": url}]}]}


CHAT_PATH = ("messages", 0, "content", 0, "image_url", "url")
PATH = ("input", 0, "content", 1, "image_url")
BROKEN = [
    ("data:image/png;base64,", "empty base64-encoded bytes"),
    ("data:image/png;base64,undefined", "an invalid base64-encoded value"),
    ("data:image/png;base64,iVBORw0KGgo{AAANSUhEUg==", "an invalid base64-encoded value"),
    ("data:image/png,iVBORw0KGgo", "a value without the ';base64' separator"),
    ("data:", "a value without the ';base64' separator"),
]


@pytest.mark.parametrize(("url", "got"), BROKEN)
def test_a_broken_data_url(url, got):
    message = f"Invalid 'input[0].content[1].image_url'. {EXPECTED}, but got {got}."
    assert found("invalid_image_url", RESPONSES, response(url)) == [(message, "input[0].content[1].image_url", PATH)]
    assert found("invalid_base64_image", CHAT, chat(url)) == [("Invalid base64 image_url.", None, CHAT_PATH)]
    assert found("invalid_image_format", CHAT, chat(url)) == []
    assert found("doubtful_image_url", CHAT, chat(url)) == []


@pytest.mark.parametrize("mime", ["application/octet-stream", "undefined", "", "text/plain"])
def test_an_image_of_another_type(mime):
    url = data(PNG, mime)
    message = f"Invalid 'images[1].image_url'. {EXPECTED}, but got unsupported MIME type '{mime}'."
    body = {"images": [{"file_id": "file-1"}, {"image_url": url}]}
    assert found("invalid_image_url", EDITS, body) == [(message, "images[1].image_url", ("images", 1, "image_url"))]
    assert found("invalid_image_format", CHAT, chat(url)) == [
        ("Invalid MIME type. Only image types are supported.", None, CHAT_PATH)]
    assert found("invalid_base64_image", CHAT, chat(url)) == []


@pytest.mark.parametrize("content", OTHERS)
def test_no_picture(content):
    url = data(content)
    assert found("invalid_image_url", RESPONSES, response(url)) == [
        ("The image data you provided does not represent a valid image. Please check your input and try again with one "
         "of the supported image formats: ['image/jpeg', 'image/png', 'image/gif', 'image/webp'].", "input", PATH)]
    assert found("invalid_image_format", CHAT, chat(url)) == [
        ("You uploaded an unsupported image. Please make sure your image has of one the following formats: "
         "['png', 'jpeg', 'gif', 'webp'].", None, CHAT_PATH)]


@pytest.mark.parametrize("content", PICTURES)
@pytest.mark.parametrize("mime", ["image/png", "image/jpg", "IMAGE/JPEG", "image/png;charset=utf-8"])
def test_a_picture(content, mime):
    url = data(content, mime)
    for rule in ("invalid_image_url", "invalid_image_format", "invalid_base64_image", "doubtful_image_url"):
        assert found(rule, CHAT, chat(url)) == []
        assert found(rule, RESPONSES, response(url)) == []


UNTIDY = "The base64 of the image has blanks, escapes, the alphabet of URLs or no padding."


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("iVBORw0KGgoAAAANSUhEUg==",
         "Invalid 'messages[0].content[0].image_url.url'. Expected a valid URL, but got a value with an invalid format."),
        ("", "Invalid 'messages[0].content[0].image_url.url'. Expected a valid URL, but got a value with an invalid format."),
        ("data:image/png;base64,AAAA", "The data URL has too few bytes for an image."),
        ("data:image/png;base64,iVBORw0KGgoAAAANSUhEUg", UNTIDY),
        ("data:image/png;base64,iVBORw0KGgoAAAAN\nSUhEUgAA", UNTIDY),
        ("data:image/png;base64, iVBORw0KGgoAAAANSUhEUg==", UNTIDY),
        ("data:image/jpeg;base64,_9j_4AAQSkZJRgABAQAAAQ==", UNTIDY),
        ("data:image/jpeg;base64,%2F9j%2F4AAQSkZJRgABAQAAAQ%3D%3D", UNTIDY),
    ],
)
def test_a_doubtful_url(url, message):
    assert found("doubtful_image_url", CHAT, chat(url)) == [
        (message, "messages[0].content[0].image_url.url", CHAT_PATH)]
    for rule in ("invalid_image_format", "invalid_base64_image"):
        assert found(rule, CHAT, chat(url)) == []


@pytest.mark.parametrize("url", ["https://example.com/a.png", "http://example.com/data:image"])
def test_a_url(url):
    assert found("doubtful_image_url", CHAT, chat(url)) == []
    assert found("doubtful_image_url", RESPONSES, response(url)) == []


BAD = "data:image/png;base64,"


@pytest.mark.parametrize(
    ("url", "body", "place"),
    [
        (RESPONSES, {"input": [{"type": "function_call_output", "call_id": "a", "output": [{"image_url": BAD}]}]},
         "input[0].output[0].image_url"),
        (RESPONSES, {"input": [{"type": "computer_call_output", "output": {"image_url": BAD}}]}, "input[0].output.image_url"),
        (EDITS, {"mask": {"image_url": BAD}}, "mask.image_url"),
        (EDITS, {"markup": {"image_url": BAD}}, "markup.image_url"),
        ("/v1/videos", {"input_reference": {"image_url": BAD}}, "input_reference.image_url"),
        ("/v1/moderations", {"input": [{"type": "image_url", "image_url": {"url": BAD}}]}, "input[0].image_url.url"),
    ],
)
def test_where_images_are(url, body, place):
    message = f"Invalid '{place}'. {EXPECTED}, but got empty base64-encoded bytes."
    assert [f[:2] for f in found("invalid_image_url", url, body)] == [(message, place)]


def files(url, **file):
    if url == CHAT:
        return {"messages": [{"role": "user", "content": [{"type": "file", "file": file}]}]}
    return {"input": [{"role": "user", "content": [{"type": "input_file", **file}]}]}


@pytest.mark.parametrize(
    ("given", "got"),
    [
        ("https://example.com/a.pdf", "a value without the 'data:' prefix"),
        ("JVBERi0xLjQK", "a value without the 'data:' prefix"),
        ("data:text/plain;base64,SGVsbG8=", "unsupported MIME type 'text/plain'"),
        ("data:application/pdf;base64,", "empty base64-encoded bytes"),
        ("data:application/pdf;base64,undefined", "an invalid base64-encoded value"),
        ("data:application/pdf,x", "a value without the ';base64' separator"),
    ],
)
def test_invalid_file_data(given, got):
    place = "messages[0].content[0].file.file_data"
    assert found("invalid_file_data", CHAT, files(CHAT, file_data=given)) == [
        (f"Invalid file data: '{place}'. {PDF}, but got {got}.", place, ("messages", 0, "content", 0, "file", "file_data"))]
    assert found("invalid_file_data", RESPONSES, files(RESPONSES, file_data=given)) == []
    doubts = found("doubtful_file_data", RESPONSES, files(RESPONSES, file_data=given))
    if not given.startswith("data:") or "text/plain" in given:
        assert doubts == []
    else:
        assert doubts == [(f"The file cannot be decoded: it is {got}.", "input[0].content[0].file_data",
                           ("input", 0, "content", 0, "file_data"))]


@pytest.mark.parametrize("file", [{"file_data": data(b"%PDF-1.4\n", "application/pdf")}, {"file_id": "file-1"}, {"file_data": 5}])
def test_valid_file_data(file):
    for rule in ("invalid_file_data", "doubtful_file_data"):
        assert found(rule, CHAT, files(CHAT, **file)) == []
        assert found(rule, RESPONSES, files(RESPONSES, **file)) == []


def test_logit_bias_key():
    bias = {"50256": -100, "cat": 1, "-1": 1}
    message = "Invalid key in 'logit_bias': cat. You should only be submitting non-negative integers."
    assert found("logit_bias_key", CHAT, {"logit_bias": bias}) == [(message, "logit_bias", ("logit_bias", "cat"))]
    for good in ({"50256": -100}, {}, None, [], 5):
        assert found("logit_bias_key", CHAT, {"logit_bias": good}) == []
    assert len(found("logit_bias_key", CHAT, {"logit_bias": {"²": 1}})) == 1


MINE = [rule for rule in RULES.values() if rule.check and rule.check.__module__ == "batchlint.rules.values"]
NAMES = ["messages", "input", "content", "output", "image_url", "url", "file", "file_data", "images", "mask",
         "input_reference", "logit_bias", "type"]
URLS = st.builds("".join, st.lists(st.sampled_from(
    ["data:", "image/png", ";base64", ",", "iVBORw0KGgoAAAANSUhEUg", "=", "%2B", "_", " ", "\n", "é", "A"]), max_size=8))
GARBAGE = st.recursive(
    st.none() | st.integers() | URLS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=3),
    max_leaves=12,
)


@settings(max_examples=500)
@given(st.sampled_from(schemas.ENDPOINTS), st.dictionaries(st.sampled_from(NAMES), GARBAGE))
def test_garbage(url, body):
    for rule in MINE:
        for fault in said(rule.name, url, body):
            assert len(fault.message) < 400


@settings(max_examples=500)
@given(URLS | st.text(), st.sampled_from([CHAT, RESPONSES]))
def test_any_text_as_a_url(text, url):
    body = chat(text) if url == CHAT else response(text)
    faults = [fault for rule in MINE for fault in said(rule.name, url, body)]
    assert len(faults) <= 1
