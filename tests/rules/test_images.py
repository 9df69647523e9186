"""The rules of `rules/images.py`."""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest
from hypothesis import strategies as st

from batchlint.rules import images
from rules.helpers import each, invalid_data_test
from support import rule_findings

GENERATIONS = "/v1/images/generations"
EDITS = "/v1/images/edits"
RESPONSES = "/v1/responses"
CHAT = "/v1/chat/completions"
PNG = "Compression less than 100 is not supported for PNG output format"
JPEG = "Transparent background is not supported for JPEG output format"


def only_for(field: str, output_format: str) -> str:
    return f"The '{field}' parameter is only allowed when 'output_format' is '{output_format}'."


class Conflict(NamedTuple):
    name: str
    rule: str
    body: dict[str, Any]
    message: str
    field: str
    param: str | None


class Compatible(NamedTuple):
    name: str
    rule: str
    body: dict[str, Any]


@each(
    [
        Conflict(
            "compressed png",
            "invalid_png_output_compression",
            {"output_format": "png", "output_compression": 99},
            PNG,
            "output_compression",
            None,
        ),
        Conflict(
            "compression without a format",
            "compression_without_format",
            {"output_compression": 50},
            "Compression is only supported for the output formats 'webp' and 'jpeg'. The default"
            " is 'png'.",
            "output_compression",
            "output_compression",
        ),
        Conflict(
            "transparent jpeg",
            "invalid_transparent_background_output_format",
            {"output_format": "jpeg", "background": "transparent"},
            JPEG,
            "background",
            None,
        ),
        Conflict(
            "frame_count without gif",
            "option_of_other_format",
            {"frame_count": 4},
            only_for("frame_count", "gif"),
            "frame_count",
            "frame_count",
        ),
        Conflict(
            "frame_duration_ms with png",
            "option_of_other_format",
            {"frame_duration_ms": 90, "output_format": "png"},
            only_for("frame_duration_ms", "gif"),
            "frame_duration_ms",
            "frame_duration_ms",
        ),
        Conflict(
            "svg options without svg",
            "option_of_other_format",
            {"svg": {"model": "m"}},
            only_for("svg", "svg"),
            "svg",
            "svg",
        ),
        Conflict(
            "two svgs",
            "format_excludes",
            {"output_format": "svg", "n": 2},
            "The output format 'svg' requires 'n' to be 1.",
            "n",
            "n",
        ),
        Conflict(
            "compressed gif",
            "format_excludes",
            {"output_format": "gif", "output_compression": 50},
            "The output format 'gif' does not support 'output_compression'.",
            "output_compression",
            "output_compression",
        ),
        Conflict(
            "gif with a mask",
            "format_excludes",
            {"output_format": "gif", "mask": {"file_id": "f"}},
            "The output format 'gif' does not support 'mask'.",
            "mask",
            "mask",
        ),
    ]
)
def test_conflicting_image_options_are_reported(case: Conflict) -> None:
    expected = [(case.message, case.param, (case.field,))]

    assert rule_findings(case.rule, EDITS, case.body) == expected
    assert rule_findings(case.rule, GENERATIONS, case.body) == expected
    assert rule_findings(case.rule, RESPONSES, case.body) == []


@each(
    [
        Compatible(
            "full-quality png",
            "invalid_png_output_compression",
            {"output_format": "png", "output_compression": 100},
        ),
        Compatible(
            "compressed webp",
            "invalid_png_output_compression",
            {"output_format": "webp", "output_compression": 50},
        ),
        Compatible(
            "compression of a wrong type",
            "invalid_png_output_compression",
            {"output_format": "png", "output_compression": "50"},
        ),
        Compatible(
            "png without compression", "invalid_png_output_compression", {"output_format": "png"}
        ),
        Compatible("null compression", "compression_without_format", {"output_compression": None}),
        Compatible(
            "compressed jpeg",
            "compression_without_format",
            {"output_compression": 50, "output_format": "jpeg"},
        ),
        Compatible(
            "transparent default format",
            "invalid_transparent_background_output_format",
            {"background": "transparent"},
        ),
        Compatible(
            "opaque jpeg",
            "invalid_transparent_background_output_format",
            {"background": "opaque", "output_format": "jpeg"},
        ),
        Compatible(
            "gif frames",
            "option_of_other_format",
            {"frame_count": 4, "output_format": "gif"},
        ),
        Compatible(
            "svg options for an svg",
            "option_of_other_format",
            {"svg": {"model": "m"}, "output_format": "svg"},
        ),
        Compatible("null svg options", "option_of_other_format", {"svg": None}),
        Compatible("unknown format", "option_of_other_format", {"svg": {}, "output_format": "SVG"}),
        Compatible(
            "format of a wrong type",
            "option_of_other_format",
            {"svg": {}, "output_format": ["svg"]},
        ),
        Compatible("one svg", "format_excludes", {"output_format": "svg", "n": 1}),
        Compatible("boolean n", "format_excludes", {"output_format": "svg", "n": True}),
        Compatible(
            "two pngs",
            "format_excludes",
            {"output_format": "png", "n": 2, "output_compression": 100},
        ),
        Compatible("mask without markup", "markup_with_mask", {"mask": {"file_id": "a"}}),
        Compatible(
            "null mask with markup",
            "markup_with_mask",
            {"mask": None, "markup": {"file_id": "a"}},
        ),
    ]
)
def test_consistent_image_options_pass(case: Compatible) -> None:
    assert rule_findings(case.rule, EDITS, case.body) == []


@pytest.mark.parametrize("model", ["gpt-image-2", "gpt-image-2-2026-04-21"])
def test_transparent_background_is_a_preview(model: str) -> None:
    body = {"model": model, "background": "transparent", "output_format": "png"}
    message = "Transparent background is not supported for this model."

    assert rule_findings("doubtful_background", GENERATIONS, body) == [
        (message, "background", ("background",))
    ]
    assert len(rule_findings("doubtful_background", EDITS, body)) == 1


@pytest.mark.parametrize(
    "options",
    [
        {"model": "gpt-image-1.5"},
        {"model": "gpt-image-2.5-flare"},
        {"model": "gpt-image-20"},
        {"model": None},
        {"background": "opaque"},
        {"background": ["transparent"]},
        {"output_format": "jpeg"},
    ],
    ids=str,
)
def test_doubtful_background_needs_the_model_and_transparency(options: dict[str, Any]) -> None:
    body = {"model": "gpt-image-2", "background": "transparent", **options}

    assert rule_findings("doubtful_background", GENERATIONS, body) == []


def test_markup_with_mask_is_reported() -> None:
    body = {"mask": {"file_id": "a"}, "markup": {"file_id": "b"}}
    message = (
        "Mutually exclusive parameters: ''. Ensure you are only providing one of: 'mask' or"
        " 'markup'."
    )

    assert rule_findings("markup_with_mask", EDITS, body) == [(message, "markup", ("markup",))]
    assert rule_findings("markup_with_mask", GENERATIONS, body) == []


def test_image_generation_tools_are_checked_one_by_one() -> None:
    tools = [
        {"type": "function", "name": "f"},
        {"type": "image_generation", "output_format": "png", "output_compression": 1},
        {"type": "image_generation", "output_format": "jpeg", "background": "transparent"},
        {"type": "image_generation", "output_compression": 50},
        5,
    ]

    assert rule_findings("image_tool_format", RESPONSES, {"tools": tools}) == [
        (PNG, "tools", ("tools", 1, "output_compression")),
        (JPEG, "tools", ("tools", 2, "background")),
    ]
    assert rule_findings("image_tool_format", CHAT, {"tools": tools}) == []
    assert rule_findings("image_tool_format", RESPONSES, {"tools": "x"}) == []


test_invalid_data_never_raises = invalid_data_test(
    images,
    {
        "output_format",
        "output_compression",
        "background",
        "frame_count",
        "svg",
        "n",
        "mask",
        "markup",
        "tools",
        "type",
    },
    st.sampled_from(
        [
            "png",
            "gif",
            "svg",
            "jpeg",
            "transparent",
            "image_generation",
            "",
            None,
            1,
            200,
            1.5,
            True,
        ]
    ),
)
