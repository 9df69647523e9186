"""Rules about image options that depend on each other, for any model."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from ..findings import Problem
from ..phrasing import json_type
from ..providers import IMAGE_EDITS, IMAGE_GENERATIONS, RESPONSES
from .registry import Request, problem, request_rule
from .triggers import fields

#: The default of `output_compression`, which every format supports.
_NO_COMPRESSION: Final = 100

_IMAGES: Final = (IMAGE_GENERATIONS, IMAGE_EDITS)

_PREVIEWS_TRANSPARENCY: Final = r"gpt-image-2(-\d{4}-\d{2}-\d{2})?"


def _compression(value: Any) -> int:
    """Return the `output_compression`, or the default if it is not an integer."""
    return value if json_type(value) == "integer" else _NO_COMPRESSION


_COMPRESSED_PNG: Final = "Compression less than 100 is not supported for PNG output format"
_TRANSPARENT_JPEG: Final = "Transparent background is not supported for JPEG output format"
_COMPRESSED_PNG_HINT: Final = (
    'Remove `output_compression`, or set `output_format` to "jpeg" or "webp".'
)
_TRANSPARENT_JPEG_HINT: Final = 'Set `output_format` to "png" or "webp".'


@request_rule(endpoints=_IMAGES, when=fields("output_compression"))
def invalid_png_output_compression(request: Request) -> Iterator[Problem]:
    """`output_compression` is below 100, but `output_format` is `png`.

    PNG compression is always lossless. The API rejects the request when the batch
    runs. The error appears in the batch's error file.

    Fails: /v1/images/generations {"model": "gpt-image-2", "prompt": "x",
            "output_format": "png", "output_compression": 50}
    Passes: /v1/images/generations {"model": "gpt-image-2", "prompt": "x",
            "output_format": "webp", "output_compression": 50}

    Fix: Remove `output_compression`, or set `output_format` to `jpeg` or `webp`.

    Evidence: reported. Reports from 2026 quote the error message and its code. The
    param is inferred from `invalid_transparent_background_output_format`.
    """
    if _is_lossy_png(request.body):
        yield problem(_COMPRESSED_PNG, "output_compression", param=None, hint=_COMPRESSED_PNG_HINT)


def _is_lossy_png(options: dict[str, Any]) -> bool:
    return (
        options.get("output_format") == "png"
        and _compression(options.get("output_compression")) < _NO_COMPRESSION
    )


@request_rule(fails=None, endpoints=_IMAGES, when=fields("output_compression"))
def compression_without_format(request: Request) -> Iterator[Problem]:
    """`output_compression` is below 100, but `output_format` is not set.

    The default format is PNG, which does not support compression below 100. This is a
    warning because it is unknown whether the API rejects such a request.

    Fails: /v1/images/generations {"model": "gpt-image-2", "prompt": "x",
            "output_compression": 50}
    Passes: /v1/images/generations {"model": "gpt-image-2", "prompt": "x",
            "output_compression": 100}

    Fix: Set `output_format` to `webp` or `jpeg`.

    Evidence: inferred. In a recorded response from August 2026, such a request passed
    the API's first validation. What happens after that is unknown.
    """
    options = request.body
    if (
        options.get("output_format") is None
        and _compression(options.get("output_compression")) < _NO_COMPRESSION
    ):
        yield problem(
            "Compression is only supported for the output formats 'webp' and 'jpeg'. The "
            "default is 'png'.",
            "output_compression",
            hint='Add "output_format": "webp".',
        )


@request_rule(endpoints=_IMAGES, when=fields("background"))
def invalid_transparent_background_output_format(request: Request) -> Iterator[Problem]:
    """`background` is `transparent`, but `output_format` is `jpeg`.

    JPEG images cannot be transparent. The API rejects the request when the batch
    runs. The error appears in the batch's error file.

    Fails: /v1/images/generations {"model": "gpt-image-1.5", "prompt": "x",
            "output_format": "jpeg", "background": "transparent"}
    Passes: /v1/images/generations {"model": "gpt-image-1.5", "prompt": "x",
            "output_format": "png", "background": "transparent"}

    Fix: Set `output_format` to `png` or `webp`.

    Evidence: reported. A full error response from 23 August 2026, for gpt-image-2.
    Reports from users of proxies show a different code and param.
    """
    if _is_transparent_jpeg(request.body):
        yield problem(_TRANSPARENT_JPEG, "background", param=None, hint=_TRANSPARENT_JPEG_HINT)


@request_rule(code="invalid_value", fails=None, endpoints=_IMAGES, when=fields("background"))
def doubtful_background(request: Request) -> Iterator[Problem]:
    """`background` is `transparent`, which gpt-image-2 may reject.

    OpenAI documents transparent backgrounds as a preview for gpt-image-2. This is a
    warning because the API rejects them for some users.

    Fails: /v1/images/generations {"model": "gpt-image-2", "prompt": "x", "background":
            "transparent"}
    Passes: /v1/images/generations {"model": "gpt-image-2.5-flare", "prompt": "x",
            "background": "transparent"}

    Fix: Send one request to the API before the batch, or use another model.

    Evidence: reported. The docstrings of openai-python 3.57.0 describe the preview
    (since August 2026). A public project quotes the rejection of two requests to the
    API on 2026-10-08.
    """
    options = request.body
    if (
        options.get("background") == "transparent"
        and re.fullmatch(_PREVIEWS_TRANSPARENCY, request.model)
        and not _is_transparent_jpeg(options)
    ):
        yield problem(
            "Transparent background is not supported for this model.",
            "background",
            hint="It is a preview, which may not be available to you. To be safe, use another "
            "model.",
        )


def _is_transparent_jpeg(options: dict[str, Any]) -> bool:
    return options.get("output_format") == "jpeg" and options.get("background") == "transparent"


@request_rule(
    fails=None,
    endpoints=[RESPONSES],
    when=fields("tools"),
    unless={
        "properties": {
            "tools": {"items": {"not": {"properties": {"type": {"const": "image_generation"}}}}}
        }
    },
)
def image_tool_format(request: Request) -> Iterator[Problem]:
    """An `image_generation` tool has an option that its output format does not support.

    The rule reports an `output_compression` below 100 for PNG and a transparent
    background for JPEG. This is a warning because it is unknown whether the whole
    request fails or only the tool call.

    Fails: /v1/responses {"model": "m", "input": "Hi", "tools": [{"type":
            "image_generation", "output_format": "png", "output_compression": 50}]}
    Passes: /v1/responses {"model": "m", "input": "Hi", "tools": [{"type":
            "image_generation", "output_format": "webp", "output_compression": 50}]}

    Fix: For PNG, remove `output_compression`. Otherwise, change `output_format`: only
    JPEG and WebP support compression, and only PNG and WebP support transparency.

    Evidence: reported. One report from 2026 is about PNG. For JPEG, the rule is
    inferred.
    """
    for i, tool in request.objects("tools"):
        if tool.get("type") == "image_generation" and _is_lossy_png(tool):
            yield problem(
                _COMPRESSED_PNG,
                "tools",
                i,
                "output_compression",
                param="tools",
                hint=_COMPRESSED_PNG_HINT,
            )
        elif tool.get("type") == "image_generation" and _is_transparent_jpeg(tool):
            yield problem(
                _TRANSPARENT_JPEG,
                "tools",
                i,
                "background",
                param="tools",
                hint=_TRANSPARENT_JPEG_HINT,
            )


#: Options that require an output format, each with that format.
_REQUIRED_FORMAT: Final = {"frame_count": "gif", "frame_duration_ms": "gif", "svg": "svg"}
_FORMATS: Final = ("png", "webp", "jpeg", "gif", "svg")


@request_rule(endpoints=_IMAGES, when=fields(*_REQUIRED_FORMAT))
def option_of_other_format(request: Request) -> Iterator[Problem]:
    """An image option requires a different `output_format`.

    `frame_count` and `frame_duration_ms` require `output_format` to be `gif`. The
    parameter `svg` requires it to be `svg`. The API rejects the request when the batch
    runs. The error appears in the batch's error file.

    Fails: /v1/images/generations {"model": "gpt-image-2.5-flare", "prompt": "x",
            "frame_count": 4}
    Passes: /v1/images/generations {"model": "gpt-image-2.5-flare", "prompt": "x",
            "frame_count": 4, "output_format": "gif"}

    Fix: Set the `output_format` that the option needs, or remove the option.

    Evidence: documented. The docstrings of openai-python 3.54.0: "Only supported with
    output_format=gif", "Requires output_format=svg". The API's error message is
    unknown.
    """
    output_format = request.body.get("output_format")
    if output_format is not None and output_format not in _FORMATS:
        return
    for parameter, required in _REQUIRED_FORMAT.items():
        if request.body.get(parameter) is not None and output_format != required:
            yield problem(
                f"The '{parameter}' parameter is only allowed when 'output_format' is "
                f"'{required}'.",
                parameter,
            )


@request_rule(endpoints=_IMAGES, when=fields("output_format"))
def format_excludes(request: Request) -> Iterator[Problem]:
    """The request sets an image option that its `output_format` does not support.

    `svg` requires `n` to be 1. Neither `svg` nor `gif` supports an
    `output_compression` below 100, and `gif` does not support `mask`. The API rejects
    the request when the batch runs. The error appears in the batch's error file.

    Fails: /v1/images/generations {"model": "gpt-image-2.5-sunburst", "prompt": "x",
            "output_format": "svg", "n": 2}
    Passes: /v1/images/generations {"model": "gpt-image-2.5-sunburst", "prompt": "x",
            "output_format": "svg", "n": 1}

    Fix: Remove the option, or choose another `output_format`.

    Evidence: documented. The docstrings of openai-python 3.54.0: "SVG generation
    requires n=1 and does not support ... output_compression", "GIF output does not
    support ... masks, or custom output compression". The API's error message is
    unknown.
    """
    options = request.body
    output_format = options.get("output_format")
    if output_format == "svg" and json_type(options.get("n")) == "integer" and options["n"] > 1:
        yield problem("The output format 'svg' requires 'n' to be 1.", "n")
    compression = _compression(options.get("output_compression"))
    if output_format in ("svg", "gif") and compression < _NO_COMPRESSION:
        yield problem(
            f"The output format '{output_format}' does not support 'output_compression'.",
            "output_compression",
        )
    if output_format == "gif" and options.get("mask") is not None:
        yield problem("The output format 'gif' does not support 'mask'.", "mask")


@request_rule(endpoints=[IMAGE_EDITS], when=fields("markup"))
def markup_with_mask(request: Request) -> Iterator[Problem]:
    """An image edit has both `mask` and `markup`.

    The API rejects the request when the batch runs. The error appears in the
    batch's error file.

    Fails: /v1/images/edits {"model": "gpt-image-2.5-flare", "prompt": "x", "images":
            [{"file_id": "file-1"}], "mask": {"file_id": "file-2"}, "markup":
            {"file_id": "file-3"}}
    Passes: /v1/images/edits {"model": "gpt-image-2.5-flare", "prompt": "x", "images":
            [{"file_id": "file-1"}], "markup": {"file_id": "file-3"}}

    Fix: Remove either `mask` or `markup`.

    Evidence: documented. The docstrings of openai-python 3.54.0: "Cannot be
    combined with mask". The error message is inferred from similar ones.
    """
    if isinstance(request.body.get("markup"), dict) and isinstance(request.body.get("mask"), dict):
        yield problem(
            "Mutually exclusive parameters: ''. Ensure you are only providing one of: 'mask' "
            "or 'markup'.",
            "markup",
        )
