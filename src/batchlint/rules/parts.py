"""Rules about content parts: where images are allowed, image URLs, and file types."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from ..findings import PathParts, Phase, Problem
from ..phrasing import dotted, excerpt
from ..providers import CHAT, RESPONSES
from .media import MEDIA_FIELDS, content_parts, has_scheme
from .registry import Request, problem, request_rule, stated_in_schema
from .triggers import parts

_EXPECTED_FILE: Final = (
    "Expected a base64-encoded data URL with a valid file MIME type (e.g. "
    "'data:text/plain;base64,SGVsbG8sIFdvcmxkIQ==')"
)
_SUPPORTED_FILES: Final = (
    "Please see https://platform.openai.com/docs/assistants/tools/file-search#supported-files for "
    "supported file types."
)

#: Prefixes of MIME types that the API is known to reject.
_REJECTED: Final = ("audio/", "video/")

#: Prefixes of MIME types that are not documents.
_DOUBTFUL: Final = (
    "application/gzip",
    "application/octet-stream",
    "application/x-tar",
    "application/zip",
    "font/",
    "image/",
)


@stated_in_schema(code="invalid_value", hint="Move the image into a message with the role `user`.")
def image_not_from_user() -> None:
    """A chat message with the role `system`, `developer` or `assistant` contains an image.

    The API rejects the request when the batch runs. The error appears in the
    batch's error file. In a tool message, the rule reports an image only for gpt-4o and
    gpt-4o-mini because newer models accept it.

    Fails: /v1/chat/completions {"model": "m", "messages": [{"role": "system",
            "content": [{"type": "image_url", "image_url": {"url":
            "https://example.com/a.png"}}]}, {"role": "user", "content": "x"}]}
    Passes: /v1/chat/completions {"model": "m", "messages": [{"role": "user", "content":
            [{"type": "image_url", "image_url": {"url":
            "https://example.com/a.png"}}]}]}

    Fix: Move the image into a message with the role `user`.

    Evidence: reported. openai/openai-node#1030 (September 2024, assistant),
    OpenHands/OpenHands#7700 (April 2025, tool), and a report from 2026 (system). For
    `developer`, the message is inferred. A public project measured the response to an
    image in a tool message with gpt-4o-mini (2026-10-01).
    """


@stated_in_schema(code="mutually_exclusive_parameters", hint="Remove `filename`.")
def exclusive_file_fields() -> None:
    """A file part on `/v1/responses` has a `filename`, but refers to an uploaded file or a URL.

    Only `file_data` can have a name. The API rejects the request when the batch
    runs. The error appears in the batch's error file.

    Fails: /v1/responses {"model": "m", "input": [{"role": "user", "content": [{"type":
            "input_file", "file_id": "file-1", "filename": "a.pdf"}]}]}
    Passes: /v1/responses {"model": "m", "input": [{"role": "user", "content": [{"type":
            "input_file", "file_id": "file-1"}]}]}

    Fix: Remove `filename`.

    Evidence: reported. 0xPlaygrounds/rig#1429 (February 2026) quotes the message,
    code and param. The API returns the same message for `file_url`.
    """


@request_rule(code="invalid_value", endpoints=[RESPONSES], when=parts(MEDIA_FIELDS))
def unsupported_file_type(request: Request) -> Iterator[Problem]:
    """A file part of a `/v1/responses` request contains audio or video.

    File parts are for documents: PDFs, text files, spreadsheets and presentations.
    The API rejects the request when the batch runs. The error appears in the
    batch's error file.

    Fails: /v1/responses {"model": "m", "input": [{"role": "user", "content": [{"type":
            "input_file", "filename": "a.mp3", "file_data":
            "data:audio/mpeg;base64,SGVsbG8="}]}]}
    Passes: /v1/responses {"model": "m", "input": [{"role": "user", "content": [{"type":
            "input_file", "filename": "a.pdf", "file_data":
            "data:application/pdf;base64,JVBERi0xLjQK"}]}]}

    Fix: Transcribe the audio or video and send the text.

    Evidence: confirmed. 88 recorded responses (maruel/genai, 2026) for `audio/mpeg`,
    `aac`, `flac`, `ogg` and `wav`, and `video/mp4` and `webm`.
    """
    yield from _files_with_type(
        request, _REJECTED, "Transcribe the audio or video and send the text."
    )


@request_rule(fails=None, endpoints=[RESPONSES], when=parts(MEDIA_FIELDS))
def doubtful_file_type(request: Request) -> Iterator[Problem]:
    """A file part of a `/v1/responses` request contains something that is not a document.

    Images belong in parts of type `input_image`. This is a warning because the API's
    response to these types is unknown.

    Fails: /v1/responses {"model": "m", "input": [{"role": "user", "content": [{"type":
            "input_file", "filename": "a.zip", "file_data":
            "data:application/zip;base64,UEsDBA=="}]}]}
    Passes: /v1/responses {"model": "m", "input": [{"role": "user", "content": [{"type":
            "input_file", "filename": "a.csv", "file_data":
            "data:text/csv;base64,YSxiCg=="}]}]}

    Fix: Send a document, with its MIME type in the data URL. Send an image in a
    part of type `input_image`.

    Evidence: inferred. The rule and its message are modeled on `unsupported_file_type`.
    """
    yield from _files_with_type(
        request,
        _DOUBTFUL,
        "It is unknown whether the API accepts this type. If the file is an image, send it in a "
        "part of type `input_image`.",
    )


def _files_with_type(request: Request, types: tuple[str, ...], hint: str) -> Iterator[Problem]:
    """Report the files in data URLs whose MIME type has one of these prefixes."""
    for path, mime in _mime_types(request):
        if mime.startswith(types):
            yield problem(
                f"Invalid file data: '{dotted(path)}'. {_EXPECTED_FILE}, but got unsupported MIME "
                f"type '{excerpt(mime)}'. {_SUPPORTED_FILES}",
                *path,
                hint=hint,
            )


def _mime_types(request: Request) -> Iterator[tuple[PathParts, str]]:
    """Yield the MIME types of the files in data URLs, with the paths of the data."""
    for path, part in content_parts(request):
        data = part.get("file_data")
        if isinstance(data, str) and data.startswith("data:"):
            mime = re.split("[;,]", data.removeprefix("data:"), maxsplit=1)[0]
            yield (*path, "file_data"), mime.lower()


@request_rule(code="invalid_image_url", endpoints=[CHAT], when=parts(MEDIA_FIELDS))
def image_url_without_scheme(request: Request) -> Iterator[Problem]:
    """The URL of an image in a chat completion request has no scheme.

    The value may be a path, a host name or bare base64. The API rejects the request
    when the batch runs. The error appears in the batch's error file. For URLs with an
    unusual scheme, see `doubtful_image_url`.

    Fails: /v1/chat/completions {"model": "m", "messages": [{"role": "user", "content":
            [{"type": "image_url", "image_url": {"url": "/a.png"}}]}]}
    Passes: /v1/chat/completions {"model": "m", "messages": [{"role": "user", "content":
            [{"type": "image_url", "image_url": {"url":
            "https://example.com/a.png"}}]}]}

    Fix: Write the full URL. If the value is base64, put `data:image/png;base64,`
    (with the image's type) before it.

    Evidence: confirmed. A recorded response (2026) shows the code.
    tbxark/ChatGPT-Telegram-Workers#295 (October 2024) quotes the message. The null
    param is inferred from other responses with this code.
    """
    for path, part in content_parts(request):
        image = part.get("image_url")
        url = image.get("url") if isinstance(image, dict) else None
        if isinstance(url, str) and url and not has_scheme(url):
            yield problem(
                f"Failed to download image from {excerpt(url)}. Image URL is invalid.",
                *path,
                "image_url",
                "url",
                param=None,
                phase=Phase.LAST,
                hint="Begin the URL with `https://`. If the value is base64 data, put "
                "`data:image/png;base64,` (with the image's type) before it.",
            )
