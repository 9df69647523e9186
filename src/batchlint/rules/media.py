"""Rules about values that a schema cannot read: images and files in data URLs, and the keys of a bias."""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator
from typing import Any, Final, Literal, NamedTuple

from ..findings import PathParts, Phase, Problem
from ..phrasing import dotted, excerpt
from ..providers import CHAT, ENDPOINTS, RESPONSES
from .registry import Request, problem, request_rule
from .triggers import fields, parts

#: What the API wants in the place of a data URL, with its own example.
_IMAGE: Final = (
    "Expected a base64-encoded data URL with an image MIME type "
    "(e.g. 'data:image/png;base64,aW1nIGJ5dGVzIGhlcmU=')"
)
_PDF: Final = (
    "Expected a base64-encoded data URL with an application/pdf MIME type "
    "(e.g. 'data:application/pdf;base64,SGVsbG8sIFdvcmxkIQ==')"
)


class _Flaw(NamedTuple):
    """What is wrong with a data URL: in which respect, and in the API's words."""

    kind: Literal["url", "mime", "data"]
    got: str


def _flaw(url: str, mime: str) -> _Flaw | None:
    """What is wrong with the URL of something of a MIME type that begins like this; None if it can be decoded."""
    flaw = _flaw_of_head(url, mime)
    if flaw is None and not _is_base64(url.partition(",")[2]):
        return _Flaw("data", "an invalid base64-encoded value")
    return flaw


def _flaw_of_head(url: str, mime: str) -> _Flaw | None:
    """What is wrong with a data URL, as far as that can be told without decoding it."""
    head, _, payload = url.partition(",")
    if not head.startswith("data:"):
        return _Flaw("url", "a value without the 'data:' prefix")
    given, *parameters = head.removeprefix("data:").split(";")
    if "base64" not in parameters:
        return _Flaw("url", "a value without the ';base64' separator")
    if not given.lower().startswith(mime):
        return _Flaw("mime", f"unsupported MIME type '{excerpt(given)}'")
    return None if payload else _Flaw("data", "empty base64-encoded bytes")


#: What tolerant decoders of base64 forgive: blanks, the alphabet of URLs, escapes of URLs.
_FORGIVEN: Final = str.maketrans(
    {"-": "+", "_": "/", " ": None, "\n": None, "\r": None, "\t": None}
)
_ESCAPES: Final = (("%2B", "+"), ("%2F", "/"), ("%3D", "="))
_ALPHABET: Final = r"[A-Za-z0-9+/]+"


def _is_base64(payload: str) -> bool:
    """Whether a decoder, strict or tolerant, makes something of a text."""
    try:
        binascii.a2b_base64(payload, strict_mode=True)
    except ValueError:
        text = _tidied(payload)
        return re.fullmatch(_ALPHABET, text) is not None and len(text) % 4 != 1
    return True


def _tidied(payload: str) -> str:
    """The text of some base64 without its padding and what a tolerant decoder forgives."""
    for escape, character in _ESCAPES:
        payload = payload.replace(escape, character)
    return payload.translate(_FORGIVEN).rstrip("=")


#: How the four kinds of images begin that the API takes (source: its own list; the bytes, their formats).
_PICTURES: Final = rb"(?s)\x89PNG\r\n\x1a\n|\xff\xd8\xff|GIF8[79]a|RIFF....WEBP"
_BEGINNING: Final = 16  # characters of base64, which are 12 bytes: as many as tell the four kinds


def _is_picture(url: str) -> bool:
    """Whether the bytes of a data URL begin like an image; what is too short or no base64 is not judged."""
    beginning = _tidied(url.partition(",")[2][: 4 * _BEGINNING])[:_BEGINNING]
    if len(beginning) < _BEGINNING or re.fullmatch(_ALPHABET, beginning) is None:
        return True
    return re.match(_PICTURES, binascii.a2b_base64(beginning)) is not None


#: Addresses of images with which nothing is wrong: what is fetched cannot be judged offline, and what is
#: decoded has four characters of the alphabet at a time, and one of the beginnings of `_PICTURES`.
_FINE: Final = {
    "pattern": "^(https?://[^\n]*|data:image/[a-z]+;base64,(iVBORw0KGg[o-r][A-Za-z0-9+/]|/9j/|R0lGOD[dl]h|"
    "UklGR[g-v][A-Za-z0-9+/]{4}[BFJNRVZdhlptx159]XRUJQ)([A-Za-z0-9+/]{4}){3,}"
    "([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?)$"
}
_IMAGES: Final = {
    "image_url": {
        **_FINE,
        "type": ["string", "object"],
        "required": ["url"],
        "properties": {"url": {**_FINE, "type": "string"}},
    }
}
_FILES: Final = dict.fromkeys(("file_data", "file"), False)
#: One and the same for all rules here, so that they are asked at once whether they have to wake.
_ATTACHED: Final = {**_IMAGES, **_FILES}


def _images(request: Request) -> Iterator[tuple[PathParts, str]]:
    """The URLs of the images of a request, with their places, in order."""
    for path, part in _parts(request):
        yield from _image(path, part.get("image_url"))


def _parts(request: Request) -> Iterator[tuple[PathParts, dict[str, Any]]]:
    """The parts of the content of a request, with their places."""
    endpoint = request.endpoint
    holders: list[tuple[PathParts, dict[str, Any]]] = [((), request.body)]
    if endpoint.items:
        holders = [
            ((field, i), item) for field in endpoint.items for i, item in request.objects(field)
        ]
    for path, holder in holders:
        for place in endpoint.parts:
            given = holder.get(place)
            if isinstance(given, dict):  # a screenshot, or the only part
                yield (*path, place), given
            elif isinstance(given, list):
                yield from (
                    ((*path, place, j), part)
                    for j, part in enumerate(given)
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
    """Those of the images that are data URLs."""
    return ((path, url) for path, url in _images(request) if url.startswith("data:"))


@request_rule(
    code="invalid_value",
    endpoints=[endpoint for endpoint in ENDPOINTS.values() if endpoint != CHAT],
    when=parts(_ATTACHED),
)
def invalid_image_url(request: Request) -> Iterator[Problem]:
    """The data URL of an image cannot be decoded, or holds no image.

    The API takes PNG, JPEG, GIF and WebP.  Chat completions have sentences of their own:
    `invalid_image_format` and `invalid_base64_image`.

    Fails: /v1/responses {"model": "m", "input": [{"role": "user", "content": [{"type": "input_image", "image_url": "data:image/png;base64,"}]}]}
    Passes: /v1/responses {"model": "m", "input": [{"role": "user", "content": [{"type": "input_image", "image_url": "data:image/png;base64,iVBORw0KGgoAAAANSUhEUg=="}]}]}
    Fails: /v1/images/edits {"model": "gpt-image-1.5", "prompt": "x", "images": [{"image_url": "data:application/octet-stream;base64,iVBORw0KGgoAAAANSUhEUg=="}]}

    To do: encode the bytes of the file with a base64 library, and name their type.

    Source: anomalyco/opencode#23983 (April 2026) and other full answers, May to October 2026; for
    moderations and videos the sentence is inferred.
    """
    for path, url in _data_urls(request):
        flaw = _flaw(url, "image/")
        if flaw:
            yield problem(f"Invalid '{dotted(path)}'. {_IMAGE}, but got {flaw.got}.", *path)
        elif not _is_picture(url):
            yield problem(
                "The image data you provided does not represent a valid image. Please check your input and try "
                "again with one of the supported image formats: ['image/jpeg', 'image/png', 'image/gif', "
                "'image/webp'].",
                *path,
                param="input" if request.endpoint == RESPONSES else dotted(path),
                phase=Phase.LAST,
            )


@request_rule(endpoints=[CHAT], when=parts(_ATTACHED))
def invalid_image_format(request: Request) -> Iterator[Problem]:
    """The data URL of an image in a chat completion holds something else, or an image that the API does not take.

    It takes PNG, JPEG, GIF and WebP, and looks at the bytes.

    Fails: /v1/chat/completions {"model": "m", "messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:application/pdf;base64,JVBERi0xLjQKJcOkw7zDtsOfCg=="}}]}]}
    Passes: /v1/chat/completions {"model": "m", "messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgoAAAANSUhEUg=="}}]}]}

    To do: convert the image; send a PDF as a part of type `file`.

    Source: STranslate/STranslate#277, and full answers of November 2025 and October 2026.
    """
    for path, url in _data_urls(request):
        flaw = _flaw_of_head(url, "image/")
        if flaw and flaw.kind == "mime":
            yield problem(
                "Invalid MIME type. Only image types are supported.",
                *path,
                param=None,
                phase=Phase.LAST,
            )
        elif not (flaw or _is_picture(url)) and _flaw(url, "image/") is None:
            yield problem(
                "You uploaded an unsupported image. Please make sure your image has of one the following "
                "formats: ['png', 'jpeg', 'gif', 'webp'].",
                *path,
                param=None,
                phase=Phase.LAST,
            )


@request_rule(endpoints=[CHAT], when=parts(_ATTACHED))
def invalid_base64_image(request: Request) -> Iterator[Problem]:
    """The data URL of an image in a chat completion cannot be decoded.

    Fails: /v1/chat/completions {"model": "m", "messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:image/png;base64,undefined"}}]}]}
    Passes: /v1/chat/completions {"model": "m", "messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgoAAAANSUhEUg=="}}]}]}

    To do: encode the bytes of the file with a base64 library, once.

    Source: many reports, 2024 to 2026, of the sentence; its code and param are not known.
    """
    for path, url in _data_urls(request):
        flaw = _flaw(url, "image/")
        if flaw and flaw.kind != "mime":
            yield problem(
                "Invalid base64 image_url.",
                *path,
                param=None,
                phase=Phase.LAST,
                hint=f"Expected a base64-encoded data URL, but got {flaw.got}.",
            )


@request_rule(fails=None, when=parts(_ATTACHED))
def doubtful_image_url(request: Request) -> Iterator[Problem]:
    """An image's address is neither a URL nor a data URL, or its base64 is one that strict decoders refuse.

    Blanks, missing padding and the alphabet of URLs are forgiven by some decoders of base64 only.  A
    data URL of a few bytes is a placeholder, and no image.

    Fails: /v1/chat/completions {"model": "m", "messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "iVBORw0KGgoAAAANSUhEUg=="}}]}]}
    Passes: /v1/chat/completions {"model": "m", "messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}]}]}

    To do: write `data:image/png;base64,` before base64, and encode with a library.

    Source: what the API does with each is not known; a server that mimics it gives the first sentence.
    """
    for path, url in _images(request):
        payload = url.partition(",")[2]
        if not url.startswith(("data:", "http://", "https://")):
            yield problem(
                f"Invalid '{dotted(path)}'. Expected a valid URL, but got a value with an invalid format.",
                *path,
                hint="An image is a URL that begins with https:// or data:image/.",
            )
        elif (
            not url.startswith("data:")
            or not (len(payload) < _BEGINNING or _is_untidy(payload))
            or _flaw(url, "image/")
        ):
            continue
        elif len(payload) < _BEGINNING:
            yield problem("The data URL has too few bytes for an image.", *path)
        else:
            yield problem(
                "The base64 of the image has blanks, escapes, the alphabet of URLs or no padding.",
                *path,
                hint="Whether the API takes that is not known; encode it with a library.",
            )


def _is_untidy(payload: str) -> bool:
    """Whether some base64 is such as only tolerant decoders take."""
    return len(payload) % 4 > 0 or any(character in payload for character in "-_% \n\r\t")


@request_rule(code="invalid_value", endpoints=[CHAT], when=parts(_ATTACHED))
def invalid_file_data(request: Request) -> Iterator[Problem]:
    """The file in a chat completion is not the data URL of a PDF.

    Other documents, and the address of one, are not taken: put their text into a text part, or use
    /v1/responses.

    Fails: /v1/chat/completions {"model": "m", "messages": [{"role": "user", "content": [{"type": "file", "file": {"filename": "a.txt", "file_data": "data:text/plain;base64,SGVsbG8="}}]}]}
    Passes: /v1/chat/completions {"model": "m", "messages": [{"role": "user", "content": [{"type": "file", "file": {"filename": "a.pdf", "file_data": "data:application/pdf;base64,JVBERi0xLjQK"}}]}]}

    To do: begin with `data:application/pdf;base64,`.

    Source: five reports of the live API, 2026, one of them of a batch (2 September 2026); code and
    param are those of the same sentence about images.
    """
    for path, data in _files(request):
        flaw = _flaw(data, "application/pdf")
        if flaw:
            yield problem(
                f"Invalid file data: '{dotted(path)}'. {_PDF}, but got {flaw.got}.", *path
            )


@request_rule(fails=None, endpoints=[RESPONSES], when=parts(_ATTACHED))
def doubtful_file_data(request: Request) -> Iterator[Problem]:
    """The data URL of a file in a response cannot be decoded.

    Fails: /v1/responses {"model": "m", "input": [{"role": "user", "content": [{"type": "input_file", "filename": "a.pdf", "file_data": "data:application/pdf;base64,"}]}]}
    Passes: /v1/responses {"model": "m", "input": [{"role": "user", "content": [{"type": "input_file", "filename": "a.pdf", "file_data": "data:application/pdf;base64,JVBERi0xLjQK"}]}]}

    To do: encode the bytes of the file with a base64 library, and name their type.

    Source: inferred from images; which types of files the API takes here, and its sentence, are not known.
    """
    for path, data in _files(request):
        flaw = _flaw(data, "") if data.startswith("data:") else None
        if flaw:
            yield problem(f"The file cannot be decoded: it is {flaw.got}.", *path)


def _files(request: Request) -> Iterator[tuple[PathParts, str]]:
    """The contents of the files in the messages of a request, with their places."""
    for path, part in _parts(request):
        inner = part.get("file")
        data = inner.get("file_data") if isinstance(inner, dict) else part.get("file_data")
        if isinstance(data, str):
            yield (
                (*path, "file", "file_data") if isinstance(inner, dict) else (*path, "file_data"),
                data,
            )


@request_rule(
    when=fields("logit_bias"),
    unless={"properties": {"logit_bias": {"propertyNames": {"pattern": "^[0-9]+$"}}}},
)
def logit_bias_key(request: Request) -> Iterator[Problem]:
    """A key of `logit_bias` is no token's id.

    Fails: /v1/completions {"model": "m", "prompt": "x", "logit_bias": {"cat": 5}}
    Passes: /v1/completions {"model": "m", "prompt": "x", "logit_bias": {"9246": 5}}

    To do: encode the word with the model's tokenizer, and use the numbers.

    Source: openai-python 3.54.0 (prose); the sentence is from one report of 2023, and has no known code.
    """
    bias = request.body.get("logit_bias")
    for key in bias if isinstance(bias, dict) else ():
        if not (key.isascii() and key.isdigit()):
            yield problem(
                f"Invalid key in 'logit_bias': {excerpt(key)}. You should only be submitting non-negative "
                "integers.",
                "logit_bias",
                key,
                param="logit_bias",
            )
            return
