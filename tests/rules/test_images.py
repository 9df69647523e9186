"""The rules of `rules/images.py`."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import found, said

from batchlint import schemas
from batchlint.rules import RULES

MAKE, EDITS, RESPONSES = "/v1/images/generations", "/v1/images/edits", "/v1/responses"
PNG = "Compression less than 100 is not supported for PNG output format"
JPEG = "Transparent background is not supported for JPEG output format"


def only(member, needed):
    return f"The '{member}' parameter is only allowed when 'output_format' is '{needed}'."


@pytest.mark.parametrize(
    ("rule", "options", "message", "param", "member"),
    [
        ("invalid_png_output_compression", {"output_format": "png", "output_compression": 99}, PNG, None, "output_compression"),
        ("compression_without_format", {"output_compression": 50},
         "Compression is only supported for the output formats 'webp' and 'jpeg'; the default is 'png'.",
         "output_compression", "output_compression"),
        ("invalid_transparent_background_output_format", {"output_format": "jpeg", "background": "transparent"}, JPEG,
         None, "background"),
        ("option_of_other_format", {"frame_count": 4}, only("frame_count", "gif"), "frame_count", "frame_count"),
        ("option_of_other_format", {"frame_duration_ms": 90, "output_format": "png"}, only("frame_duration_ms", "gif"),
         "frame_duration_ms", "frame_duration_ms"),
        ("option_of_other_format", {"svg": {"model": "m"}}, only("svg", "svg"), "svg", "svg"),
        ("format_excludes", {"output_format": "svg", "n": 2}, "The output format 'svg' requires 'n' to be 1.", "n", "n"),
        ("format_excludes", {"output_format": "gif", "output_compression": 50},
         "The output format 'gif' does not support 'output_compression'.", "output_compression", "output_compression"),
        ("format_excludes", {"output_format": "gif", "mask": {"file_id": "f"}},
         "The output format 'gif' does not support 'mask'.", "mask", "mask"),
    ],
)
def test_fires(rule, options, message, param, member):
    assert found(rule, EDITS, options) == [(message, param, (member,))]
    assert found(rule, MAKE, options) == [(message, param, (member,))]
    assert found(rule, RESPONSES, options) == []


@pytest.mark.parametrize(
    ("rule", "options"),
    [
        ("invalid_png_output_compression", {"output_format": "png", "output_compression": 100}),
        ("invalid_png_output_compression", {"output_format": "webp", "output_compression": 50}),
        ("invalid_png_output_compression", {"output_format": "png", "output_compression": "50"}),
        ("invalid_png_output_compression", {"output_format": "png"}),
        ("compression_without_format", {"output_compression": None}),
        ("compression_without_format", {"output_compression": 50, "output_format": "jpeg"}),
        ("invalid_transparent_background_output_format", {"background": "transparent"}),
        ("invalid_transparent_background_output_format", {"background": "opaque", "output_format": "jpeg"}),
        ("option_of_other_format", {"frame_count": 4, "output_format": "gif"}),
        ("option_of_other_format", {"svg": {"model": "m"}, "output_format": "svg"}),
        ("option_of_other_format", {"svg": None}),
        ("option_of_other_format", {"svg": {}, "output_format": "SVG"}),
        ("option_of_other_format", {"svg": {}, "output_format": ["svg"]}),
        ("format_excludes", {"output_format": "svg", "n": 1}),
        ("format_excludes", {"output_format": "svg", "n": True}),
        ("format_excludes", {"output_format": "png", "n": 2, "output_compression": 100}),
        ("markup_with_mask", {"mask": {"file_id": "a"}}),
        ("markup_with_mask", {"mask": None, "markup": {"file_id": "a"}}),
    ],
)
def test_is_silent(rule, options):
    assert found(rule, EDITS, options) == []


def test_markup_with_mask():
    body = {"mask": {"file_id": "a"}, "markup": {"file_id": "b"}}
    message = "Mutually exclusive parameters: ''. Ensure you are only providing one of: 'mask' or 'markup'."
    assert found("markup_with_mask", EDITS, body) == [(message, "markup", ("markup",))]
    assert found("markup_with_mask", MAKE, body) == []


def test_image_tool_format():
    tools = [{"type": "function", "name": "f"}, {"type": "image_generation", "output_format": "png", "output_compression": 1},
             {"type": "image_generation", "output_format": "jpeg", "background": "transparent"},
             {"type": "image_generation", "output_compression": 50}, 5]
    assert found("image_tool_format", RESPONSES, {"tools": tools}) == [
        (PNG, "tools", ("tools", 1, "output_compression")), (JPEG, "tools", ("tools", 2, "background"))]
    assert found("image_tool_format", "/v1/chat/completions", {"tools": tools}) == []
    assert found("image_tool_format", RESPONSES, {"tools": "x"}) == []


MINE = [rule for rule in RULES.values() if rule.check and rule.check.__module__ == "batchlint.rules.images"]
NAMES = ["output_format", "output_compression", "background", "frame_count", "svg", "n", "mask", "markup", "tools", "type"]
GARBAGE = st.recursive(
    st.sampled_from(["png", "gif", "svg", "jpeg", "transparent", "image_generation", "", None, 1, 200, 1.5, True]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=3), max_leaves=8)


@settings(max_examples=300)
@given(st.sampled_from(schemas.ENDPOINTS), st.dictionaries(st.sampled_from(NAMES), GARBAGE))
def test_garbage(url, body):
    for rule in MINE:
        said(rule.name, url, body)
