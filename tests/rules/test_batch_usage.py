"""The rules of `rules/batch_sense.py`."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import found, said

from batchlint import schemas
from batchlint.rules import RULES

CHAT, RESPONSES, IMAGES = "/v1/chat/completions", "/v1/responses", "/v1/images/generations"
MINE = [rule for rule in RULES.values() if rule.check and rule.check.__module__ == "batchlint.rules.batch_sense"]


def test_all_are_warnings_that_are_said_once():
    assert len(MINE) == 2
    assert all(rule.once and rule.severity == "warning" for rule in MINE)


@pytest.mark.parametrize(
    ("url", "body", "member"),
    [
        (RESPONSES, {"background": True}, "background"),
        (RESPONSES, {"background_options": {"completion_window": "2h"}}, "background_options"),
        (RESPONSES, {"stream_options": {"include_obfuscation": False}}, "stream_options"),
        (IMAGES, {"partial_images": 2}, "partial_images"),
    ],
)
def test_pointless_in_batch(url, body, member):
    assert found("pointless_in_batch", url, body) == [(f"'{member}' has no use in a batch.", member, (member,))]


def test_prewarm_is_pointless():
    path = ("prompt_cache_options", "prewarm")
    assert found("pointless_in_batch", RESPONSES, {"prompt_cache_options": {"prewarm": True}}) == [
        ("'prompt_cache_options.prewarm' has no use in a batch.", "prompt_cache_options.prewarm", path)]


@pytest.mark.parametrize(
    ("url", "body"),
    [
        (RESPONSES, {"background": False, "stream_options": None, "prompt_cache_options": {"prewarm": False}}),
        (RESPONSES, {"stream_options": {}, "stream": True}),
        (RESPONSES, {"stream_options": {"include_obfuscation": True}, "stream": True}),
        (IMAGES, {"partial_images": 0}),
        (IMAGES, {"background": "transparent"}),
        (CHAT, {"stream_options": {"include_usage": True}}),
        (CHAT, {"prompt_cache_options": {"prewarm": True}}),
    ],
)
def test_of_use_or_said_elsewhere(url, body):
    assert found("pointless_in_batch", url, body) == []


@pytest.mark.parametrize("member", ["previous_response_id", "conversation"])
def test_order_not_guaranteed(member):
    message = f"The request has a '{member}', and the requests of a batch run in no order."
    assert found("order_not_guaranteed", RESPONSES, {member: "x"}) == [(message, member, (member,))]
    assert found("order_not_guaranteed", RESPONSES, {member: None}) == []
    assert found("order_not_guaranteed", CHAT, {member: "x"}) == []


NAMES = sorted({name for rule in MINE for name in rule.wakes} | {"stream"})
GARBAGE = st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=3),
                       lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.just("prewarm"), inner),
                       max_leaves=4)


@settings(max_examples=200)
@given(st.sampled_from(schemas.ENDPOINTS), st.dictionaries(st.sampled_from(NAMES), GARBAGE))
def test_garbage(url, body):
    for rule in MINE:
        said(rule.name, url, body)
