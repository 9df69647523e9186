"""Rules about images and files in data URLs, and about image URLs."""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator
from typing import Any, Final, Literal, NamedTuple

from ..findings import PathParts, Phase, Problem
from ..phrasing import dotted, excerpt
from ..providers import CHAT, ENDPOINTS, RESPONSES
from .registry import Request, problem, request_rule
from .triggers import parts

#: The API's phrases for the data URL that it expects.
_EXPECTED_IMAGE: Final = (
    "Expected a base64-encoded data URL with an image MIME type "
    "(e.g. 'data:image/png;base64,aW1nIGJ5dGVzIGhlcmU=')"
)
_EXPECTED_PDF: Final = (
    "Expected a base64-encoded data URL with an application/pdf MIME type "
    "(e.g. 'data:application/pdf;base64,SGVsbG8sIFdvcmxkIQ==')"
)

_CONVERT_IMAGE: Final = "Convert the image to PNG, JPEG, GIF or WebP."
_ENCODE_IMAGE: Final = "Encode the bytes of the image file with a base64 library."


class _Flaw(NamedTuple):
    """A flaw in a data URL: its kind, and the API's description of the value."""

    kind: Literal["url", "mime", "data"]
    description: str


def _flaw(url: str, mime: str) -> _Flaw | None:
    """Return the flaw in a data URL, or None. The MIME type must begin with `mime`."""
    flaw = _header_flaw(url, mime)
    if flaw is None and not _is_base64(url.partition(",")[2]):
        return _Flaw("data", "an invalid base64-encoded value")
    return flaw


def _header_flaw(url: str, mime: str) -> _Flaw | None:
    """Return a flaw in a data URL that can be found without decoding, or None."""
    header, _, payload = url.partition(",")
    if not header.startswith("data:"):
        return _Flaw("url", "a value without the 'data:' prefix")
    mime_type, *parameters = (part.strip() for part in header.removeprefix("data:").split(";"))
    if "base64" not in map(str.lower, parameters):
        return _Flaw("url", "a value without the ';base64' separator")
    if not mime_type.lower().startswith(mime):
        return _Flaw("mime", f"unsupported MIME type '{excerpt(mime_type)}'")
    return None if payload else _Flaw("data", "empty base64-encoded bytes")


#: Tolerant base64 decoders accept whitespace, the URL-safe alphabet and URL escapes.
_TOLERANT_TRANSLATION: Final = str.maketrans(
    {"-": "+", "_": "/", " ": None, "\n": None, "\r": None, "\t": None}
)
_ESCAPES: Final = (("%2B", "+"), ("%2F", "/"), ("%3D", "="))
_ALPHABET: Final = r"[A-Za-z0-9+/]+"


def _is_base64(payload: str) -> bool:
    """Return whether a strict or a tolerant base64 decoder accepts a payload."""
    try:
        binascii.a2b_base64(payload, strict_mode=True)
    except ValueError:
        text = _normalize(payload)
        return re.fullmatch(_ALPHABET, text) is not None and len(text) % 4 != 1
    return True


def _normalize(payload: str) -> str:
    """Normalize base64 as a tolerant decoder does, and remove the padding."""
    for escape, character in _ESCAPES:
        payload = payload.replace(escape, character)
    return payload.translate(_TOLERANT_TRANSLATION).rstrip("=")


#: The first bytes of the four image formats that the API accepts. The API's messages list the
#: formats, and the format specifications define these bytes.
_IMAGE_PREFIXES: Final = rb"(?s)\x89PNG\r\n\x1a\n|\xff\xd8\xff|GIF8[79]a|RIFF....WEBP"
#: This many base64 characters, which encode 12 bytes, identify an image format.
_PREFIX_LENGTH: Final = 16


def _begins_like_image(url: str) -> bool:
    """Return whether the bytes of a data URL begin like an image.

    True if the URL is too short to tell, or is not base64.
    """
    beginning = _normalize(url.partition(",")[2][: 4 * _PREFIX_LENGTH])[:_PREFIX_LENGTH]
    if len(beginning) < _PREFIX_LENGTH or re.fullmatch(_ALPHABET, beginning) is None:
        return True
    return re.match(_IMAGE_PREFIXES, binascii.a2b_base64(beginning)) is not None


#: A schema for image URLs without problems. Web addresses cannot be checked offline. Data URLs must
#: be plain padded base64 that begins like one of the formats in `_IMAGE_PREFIXES`.
_GOOD_URL: Final = {
    "pattern": "^(https?://[^\n]*|data:image/[a-z]+;base64,"
    "(iVBORw0KGg[o-r][A-Za-z0-9+/]|/9j/|R0lGOD[dl]h|"
    "UklGR[g-v][A-Za-z0-9+/]{4}[BFJNRVZdhlptx159]XRUJQ)([A-Za-z0-9+/]{4}){3,}"
    "([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?)$"
}
_IMAGE_FIELDS: Final = {
    "image_url": {
        **_GOOD_URL,
        "type": ["string", "object"],
        "required": ["url"],
        "properties": {"url": {**_GOOD_URL, "type": "string"}},
    }
}
_FILE_FIELDS: Final = dict.fromkeys(("file_data", "file"), False)
#: All media rules share these triggers, so one check of a request covers them all.
MEDIA_FIELDS: Final = {**_IMAGE_FIELDS, **_FILE_FIELDS}


def _images(request: Request) -> Iterator[tuple[PathParts, str]]:
    """Yield the URLs of the images in a request, with their paths, in order."""
    for path, part in content_parts(request):
        yield from _image(path, part.get("image_url"))


def content_parts(request: Request) -> Iterator[tuple[PathParts, dict[str, Any]]]:
    """Yield the content parts of a request, with their paths."""
    endpoint = request.endpoint
    parents: list[tuple[PathParts, dict[str, Any]]] = [((), request.body)]
    if endpoint.items:
        parents = [
            ((name, i), item) for name in endpoint.items for i, item in request.objects(name)
        ]
    for path, parent in parents:
        for field in endpoint.parts:
            content = parent.get(field)
            if isinstance(content, dict):  # A single part, such as a screenshot.
                yield (*path, field), content
            elif isinstance(content, list):
                yield from (
                    ((*path, field, j), part)
                    for j, part in enumerate(content)
                    if isinstance(part, dict)
                )


def _image(path: PathParts, value: Any) -> Iterator[tuple[PathParts, str]]:
    if isinstance(value, dict):
        path, value = (*path, "image_url", "url"), value.get("url")
    else:
        path = (*path, "image_url")
    if isinstance(value, str):
        yield path, value


def _data_urls(request: Request) -> Iterator[tuple[PathParts, str]]:
    """Yield the data URLs of images, with their paths."""
    return ((path, url) for path, url in _images(request) if url.startswith("data:"))


@request_rule(
    code="invalid_value",
    endpoints=[endpoint for endpoint in ENDPOINTS.values() if endpoint != CHAT],
    when=parts(MEDIA_FIELDS),
)
def invalid_image_url(request: Request) -> Iterator[Problem]:
    """An image's data URL cannot be decoded, or its MIME type or bytes are not those of an image.

    The API accepts PNG, JPEG, GIF and WebP images. It rejects requests with other
    data URLs. The error appears in the batch's error file.

    For chat completions, see `invalid_image_format` and `invalid_base64_image`.

    Fails: /v1/responses {"model": "m", "input": [{"role": "user", "content": [{"type":
            "input_image", "image_url": "data:image/png;base64,"}]}]}
    Passes: /v1/responses {"model": "m", "input": [{"role": "user", "content": [{"type":
            "input_image", "image_url":
            "data:image/png;base64,iVBORw0KGgoAAAANSUhEUg=="}]}]}
    Fails: /v1/images/edits {"model": "gpt-image-1.5", "prompt": "x", "images":
            [{"image_url":
            "data:application/octet-stream;base64,iVBORw0KGgoAAAANSUhEUg=="}]}

    Fix: Encode the bytes of the file with a base64 library and put its MIME type
    into the data URL.

    Evidence: reported. Full error responses: anomalyco/opencode#23983 (April 2026) and
    others (May to October 2026). For moderations and videos, the error message is
    inferred.
    """
    for path, url in _data_urls(request):
        flaw = _flaw(url, "image/")
        if flaw:
            yield problem(
                f"Invalid '{dotted(path)}'. {_EXPECTED_IMAGE}, but got {flaw.description}.", *path
            )
        elif not _begins_like_image(url):
            yield problem(
                "The image data you provided does not represent a valid image. Please check "
                "your input and try again with one of the supported image formats: "
                "['image/jpeg', 'image/png', 'image/gif', 'image/webp'].",
                *path,
                param="input" if request.endpoint == RESPONSES else dotted(path),
                phase=Phase.LAST,
            )


@request_rule(endpoints=[CHAT], when=parts(MEDIA_FIELDS))
def invalid_image_format(request: Request) -> Iterator[Problem]:
    """The image in a data URL of a chat completion request is not a PNG, JPEG, GIF or WebP file.

    The API checks both the MIME type and the bytes. It rejects the request when the
    batch runs. The error appears in the batch's error file.

    Fails: /v1/chat/completions {"model": "m", "messages": [{"role": "user", "content":
            [{"type": "image_url", "image_url": {"url":
            "data:application/pdf;base64,JVBERi0xLjQKJcOkw7zDtsOfCg=="}}]}]}
    Passes: /v1/chat/completions {"model": "m", "messages": [{"role": "user", "content":
            [{"type": "image_url", "image_url": {"url":
            "data:image/png;base64,iVBORw0KGgoAAAANSUhEUg=="}}]}]}

    Fix: Convert the image to one of these formats. Send a PDF as a content part of
    type `file`.

    Evidence: reported. STranslate/STranslate#277 and others quote full error
    responses from November 2025 and October 2026.
    """
    for path, url in _data_urls(request):
        flaw = _header_flaw(url, "image/")
        if flaw and flaw.kind == "mime":
            yield problem(
                "Invalid MIME type. Only image types are supported.",
                *path,
                param=None,
                phase=Phase.LAST,
                hint=f"{_CONVERT_IMAGE} Send a PDF in a content part of type `file`.",
            )
        elif not (flaw or _begins_like_image(url)) and _flaw(url, "image/") is None:
            yield problem(
                "You uploaded an unsupported image. Please make sure your image has of one "
                "the following formats: ['png', 'jpeg', 'gif', 'webp'].",
                *path,
                param=None,
                phase=Phase.LAST,
                hint=_CONVERT_IMAGE,
            )


@request_rule(endpoints=[CHAT], when=parts(MEDIA_FIELDS))
def invalid_base64_image(request: Request) -> Iterator[Problem]:
    """The data URL of an image in a chat completion request cannot be decoded.

    The API rejects the request when the batch runs. The error appears in the
    batch's error file.

    Fails: /v1/chat/completions {"model": "m", "messages": [{"role": "user", "content":
            [{"type": "image_url", "image_url": {"url":
            "data:image/png;base64,undefined"}}]}]}
    Passes: /v1/chat/completions {"model": "m", "messages": [{"role": "user", "content":
            [{"type": "image_url", "image_url": {"url":
            "data:image/png;base64,iVBORw0KGgoAAAANSUhEUg=="}}]}]}

    Fix: Encode the bytes of the file with a base64 library, exactly once.

    Evidence: reported. Many reports from 2024 to 2026 quote the error message. Its code
    and param are unknown.
    """
    for path, url in _data_urls(request):
        flaw = _flaw(url, "image/")
        if flaw and flaw.kind != "mime":
            yield problem(
                "Invalid base64 image_url.",
                *path,
                param=None,
                phase=Phase.LAST,
                hint=f"Expected a base64-encoded data URL, but got {flaw.description}. {_ENCODE_IMAGE}",
            )


@request_rule(fails=None, when=parts(MEDIA_FIELDS))
def doubtful_image_url(request: Request) -> Iterator[Problem]:
    """An image URL is neither a web address nor a data URL, or its base64 may be invalid.

    Only some base64 decoders accept whitespace, URL escapes, missing padding or the
    URL-safe alphabet. The rule also reports whitespace before a URL, and data URLs with
    whitespace before the comma, with `base64` in upper case, or of only a few bytes,
    which are too short for an image.

    This is a warning because the API's response to such values is unknown. In chat
    completions, a URL without a scheme is an error: see `image_url_without_scheme`.

    Fails: /v1/responses {"model": "m", "input": [{"role": "user", "content": [{"type":
            "input_image", "image_url": "iVBORw0KGgoAAAANSUhEUg=="}]}]}
    Passes: /v1/responses {"model": "m", "input": [{"role": "user", "content": [{"type":
            "input_image", "image_url": "https://example.com/a.png"}]}]}

    Fix: Encode the image with a base64 library and put `data:image/png;base64,`
    (with the image's type) before the result.

    Evidence: inferred. The API's response in each case is unknown. The "Expected a
    valid URL" message comes from a server that mimics the API.
    """
    for path, url in _images(request):
        if url.startswith("data:"):
            if doubt := _doubt(url):
                yield problem(doubt[0], *path, hint=doubt[1])
        elif not url.startswith(("http://", "https://")):
            if request.endpoint == CHAT and url and not has_scheme(url):
                continue  # `image_url_without_scheme` reports it.
            yield problem(
                f"Invalid '{dotted(path)}'. Expected a valid URL, but got a value with an "
                "invalid format.",
                *path,
                hint="Use a URL that begins with https:// or data:image/.",
            )


def _doubt(url: str) -> tuple[str, str] | None:
    """Return the message and the hint for a data URL that the API may reject, or None."""
    header, _, payload = url.partition(",")
    is_short = len(payload) < _PREFIX_LENGTH
    is_unusual = _is_unusual(header)
    if not (is_short or is_unusual or _needs_tolerance(payload)) or _flaw(url, "image/"):
        return None
    if is_short:
        return "The data URL is too short for an image.", _ENCODE_IMAGE
    if is_unusual:
        return (
            _UNUSUAL,
            "It is unknown whether the API accepts this. Begin the URL with "
            "`data:image/png;base64,` (with the image's type).",
        )
    return (
        "The image's base64 contains whitespace or URL escapes, uses the URL-safe alphabet, or "
        "lacks padding.",
        f"It is unknown whether the API accepts this. {_ENCODE_IMAGE}",
    )


_UNUSUAL: Final = (
    "The part of the data URL before the comma contains whitespace, or its 'base64' is not in lower "
    "case."
)


def _is_unusual(header: str) -> bool:
    """Return whether only tolerant parsers accept the part of a data URL before the comma."""
    return "base64" not in header.split(";") or any(map(str.isspace, header))


def has_scheme(url: str) -> bool:
    """Return whether a URL begins with a scheme. A Windows path and `localhost:80` do not.

    Whitespace before a URL is ignored, because the API may remove it.
    """
    return re.match(_SCHEME, url.lstrip()) is not None


_SCHEME: Final = r"(?i)(https?|data|file|ftp|gs|s3|blob|attachment|about|cid):|[a-z][a-z0-9+.-]*://"


def _needs_tolerance(payload: str) -> bool:
    """Return whether only tolerant decoders accept a payload."""
    return len(payload) % 4 > 0 or any(character in payload for character in "-_% \n\r\t")


@request_rule(code="invalid_value", endpoints=[CHAT], when=parts(MEDIA_FIELDS))
def invalid_file_data(request: Request) -> Iterator[Problem]:
    """The `file_data` in a chat completion request is not the data URL of a PDF.

    The API rejects other file types and `https://` URLs here. The error appears in
    the batch's error file.

    Fails: /v1/chat/completions {"model": "m", "messages": [{"role": "user", "content":
            [{"type": "file", "file": {"filename": "a.txt", "file_data":
            "data:text/plain;base64,SGVsbG8="}}]}]}
    Passes: /v1/chat/completions {"model": "m", "messages": [{"role": "user", "content":
            [{"type": "file", "file": {"filename": "a.pdf", "file_data":
            "data:application/pdf;base64,JVBERi0xLjQK"}}]}]}

    Fix: Begin `file_data` with `data:application/pdf;base64,`. Put the text of other
    documents into a text part, or use `/v1/responses`.

    Evidence: reported. Five reports from 2026 about the live API, one of them about a
    batch (2 September 2026). The code and param are inferred from the same error
    message about images.
    """
    for path, data in _files(request):
        flaw = _flaw(data, "application/pdf")
        if flaw:
            yield problem(
                f"Invalid file data: '{dotted(path)}'. {_EXPECTED_PDF}, but got {flaw.description}.",
                *path,
                hint="Chat completions accept only PDF files. For other files, use /v1/responses."
                if flaw.kind == "mime"
                else None,
            )


@request_rule(fails=None, endpoints=[CHAT, RESPONSES], when=parts(MEDIA_FIELDS))
def doubtful_file_data(request: Request) -> Iterator[Problem]:
    """The API may be unable to decode the data URL in `file_data`.

    The rule reports data URLs with whitespace before the comma, or with `base64` in
    upper case. On `/v1/responses`, it also reports data URLs that cannot be decoded.
    For chat completions, see `invalid_file_data`.

    This is a warning because the API's response is unknown.

    Fails: /v1/responses {"model": "m", "input": [{"role": "user", "content": [{"type":
            "input_file", "filename": "a.pdf", "file_data":
            "data:application/pdf;base64,"}]}]}
    Passes: /v1/responses {"model": "m", "input": [{"role": "user", "content": [{"type":
            "input_file", "filename": "a.pdf", "file_data":
            "data:application/pdf;base64,JVBERi0xLjQK"}]}]}

    Fix: Encode the bytes of the file with a base64 library and put its MIME type
    into the data URL.

    Evidence: inferred. The rule is modeled on the API's response to images. It is
    unknown which file types the API accepts.
    """
    mime = "application/pdf" if request.endpoint == CHAT else ""
    for path, data in _files(request):
        if not data.startswith("data:"):
            continue
        flaw = _flaw(data, mime)
        if flaw is None and _is_unusual(data.partition(",")[0]):
            yield problem(
                _UNUSUAL,
                *path,
                hint="It is unknown whether the API accepts this. Begin the value with "
                "`data:application/pdf;base64,` (with the file's type).",
            )
        elif flaw and request.endpoint == RESPONSES:
            yield problem(
                "The file cannot be decoded. Expected a base64-encoded data URL, but got "
                f"{flaw.description}.",
                *path,
            )


def _files(request: Request) -> Iterator[tuple[PathParts, str]]:
    """Yield the `file_data` of the files in a request, with their paths."""
    for path, part in content_parts(request):
        inner = part.get("file")
        data = inner.get("file_data") if isinstance(inner, dict) else part.get("file_data")
        if isinstance(data, str):
            yield (
                (*path, "file", "file_data") if isinstance(inner, dict) else (*path, "file_data"),
                data,
            )
