"""Rules about the options of an image that depend on one another; what a model can do is not among them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from ..findings import Problem
from ..phrasing import json_type
from ..providers import IMAGE_EDITS, IMAGE_GENERATIONS, RESPONSES
from .registry import Request, problem, request_rule
from .triggers import fields

_FULL: Final = 100


_IMAGES: Final = (IMAGE_GENERATIONS, IMAGE_EDITS)


def _number(value: Any) -> int:
    """An integer; what is none counts as nothing at all."""
    return value if json_type(value) == "integer" else _FULL


_PNG: Final = "Compression less than 100 is not supported for PNG output format"
_JPEG: Final = "Transparent background is not supported for JPEG output format"


@request_rule(endpoints=_IMAGES, when=fields("output_compression"))
def invalid_png_output_compression(request: Request) -> Iterator[Problem]:
    """A PNG is to be compressed with a loss.

    Fails: /v1/images/generations {"model": "gpt-image-2", "prompt": "x", "output_format": "png", "output_compression": 50}
    Passes: /v1/images/generations {"model": "gpt-image-2", "prompt": "x", "output_format": "webp", "output_compression": 50}

    To do: leave `output_compression` out, or make a JPEG or WebP.

    Source: reports of the sentence and its code, 2026; the param is that of
    `invalid_transparent_background_output_format`.
    """
    if _is_lossy_png(request.body):
        yield problem(_PNG, "output_compression", param=None)


def _is_lossy_png(options: dict[str, Any]) -> bool:
    return (
        options.get("output_format") == "png" and _number(options.get("output_compression")) < _FULL
    )


@request_rule(fails=None, endpoints=_IMAGES, when=fields("output_compression"))
def compression_without_format(request: Request) -> Iterator[Problem]:
    """A compression is given, and the format is left to the API, whose own is PNG.

    Fails: /v1/images/generations {"model": "gpt-image-2", "prompt": "x", "output_compression": 50}
    Passes: /v1/images/generations {"model": "gpt-image-2", "prompt": "x", "output_compression": 100}

    To do: add `"output_format"`: `"webp"` or `"jpeg"`.

    Source: a recorded answer of August 2026, in which only a first look of the API let this pass.
    """
    options = request.body
    if options.get("output_format") is None and _number(options.get("output_compression")) < _FULL:
        yield problem(
            "Compression is only supported for the output formats 'webp' and 'jpeg'; the default is 'png'.",
            "output_compression",
            hint='Add "output_format": "webp".',
        )


@request_rule(endpoints=_IMAGES, when=fields("background"))
def invalid_transparent_background_output_format(request: Request) -> Iterator[Problem]:
    """A JPEG is to have a transparent background.

    Fails: /v1/images/generations {"model": "gpt-image-1.5", "prompt": "x", "output_format": "jpeg", "background": "transparent"}
    Passes: /v1/images/generations {"model": "gpt-image-1.5", "prompt": "x", "output_format": "png", "background": "transparent"}

    To do: make a PNG or WebP.

    Source: a full answer of 23 August 2026 for gpt-image-2; relays quote another code and param.
    """
    if _is_transparent_jpeg(request.body):
        yield problem(_JPEG, "background", param=None)


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
    """The tool for images of a response has options that do not go with its output format.

    Fails: /v1/responses {"model": "m", "input": "Hi", "tools": [{"type": "image_generation", "output_format": "png", "output_compression": 50}]}
    Passes: /v1/responses {"model": "m", "input": "Hi", "tools": [{"type": "image_generation", "output_format": "webp", "output_compression": 50}]}

    To do: what `invalid_png_output_compression` and `invalid_transparent_background_output_format` say.

    Source: one report of 2026 for PNG; for JPEG it is inferred.  Whether the request fails, or only the
    call of the tool, is not known.
    """
    for i, tool in request.objects("tools"):
        if tool.get("type") == "image_generation" and _is_lossy_png(tool):
            yield problem(_PNG, "tools", i, "output_compression", param="tools")
        elif tool.get("type") == "image_generation" and _is_transparent_jpeg(tool):
            yield problem(_JPEG, "tools", i, "background", param="tools")


#: Options that belong to one format, by their names.
_ONLY: Final = {"frame_count": "gif", "frame_duration_ms": "gif", "svg": "svg"}
_FORMATS: Final = ("png", "webp", "jpeg", "gif", "svg")


@request_rule(endpoints=_IMAGES, when=fields(*_ONLY))
def option_of_other_format(request: Request) -> Iterator[Problem]:
    """An option of the image belongs to another output format.

    `frame_count` and `frame_duration_ms` go with `gif`, `svg` goes with `svg`.

    Fails: /v1/images/generations {"model": "gpt-image-2.5-flare", "prompt": "x", "frame_count": 4}
    Passes: /v1/images/generations {"model": "gpt-image-2.5-flare", "prompt": "x", "frame_count": 4, "output_format": "gif"}

    To do: set the format, or leave the option out.

    Source: openai-python 3.54.0 (prose): "Only supported with output_format=gif", "Requires
    output_format=svg".  The API's sentence is not known.
    """
    given = request.body.get("output_format")
    if given is not None and given not in _FORMATS:
        return
    for member, needed in _ONLY.items():
        if request.body.get(member) is not None and given != needed:
            yield problem(
                f"The '{member}' parameter is only allowed when 'output_format' is '{needed}'.",
                member,
            )


@request_rule(endpoints=_IMAGES, when=fields("output_format"))
def format_excludes(request: Request) -> Iterator[Problem]:
    """The output format does not go with another option of the image.

    An SVG comes alone (`n` of 1); neither it nor a GIF has a compression, and a GIF no mask.

    Fails: /v1/images/generations {"model": "gpt-image-2.5-sunburst", "prompt": "x", "output_format": "svg", "n": 2}
    Passes: /v1/images/generations {"model": "gpt-image-2.5-sunburst", "prompt": "x", "output_format": "svg", "n": 1}

    To do: leave the option out.

    Source: openai-python 3.54.0 (prose): "SVG generation requires n=1 and does not support ...
    output_compression", "GIF output does not support ... masks, or custom output compression".  The API's
    sentence is not known.
    """
    options, given = request.body, request.body.get("output_format")
    if given == "svg" and json_type(options.get("n")) == "integer" and options["n"] > 1:
        yield problem("The output format 'svg' requires 'n' to be 1.", "n")
    if given in ("svg", "gif") and _number(options.get("output_compression")) < _FULL:
        yield problem(
            f"The output format '{given}' does not support 'output_compression'.",
            "output_compression",
        )
    if given == "gif" and options.get("mask") is not None:
        yield problem("The output format 'gif' does not support 'mask'.", "mask")


@request_rule(endpoints=[IMAGE_EDITS], when=fields("markup"))
def markup_with_mask(request: Request) -> Iterator[Problem]:
    """An image edit has both a mask and a markup.

    Fails: /v1/images/edits {"model": "gpt-image-2.5-flare", "prompt": "x", "images": [{"file_id": "file-1"}], "mask": {"file_id": "file-2"}, "markup": {"file_id": "file-3"}}
    Passes: /v1/images/edits {"model": "gpt-image-2.5-flare", "prompt": "x", "images": [{"file_id": "file-1"}], "markup": {"file_id": "file-3"}}

    To do: leave one of them out.

    Source: openai-python 3.54.0 (prose): "Cannot be combined with mask".  The sentence is made after the
    API's grammar.
    """
    if isinstance(request.body.get("markup"), dict) and isinstance(request.body.get("mask"), dict):
        yield problem(
            "Mutually exclusive parameters: ''. Ensure you are only providing one of: 'mask' or 'markup'.",
            "markup",
        )
