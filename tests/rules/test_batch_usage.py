"""The rules of `rules/batch_usage.py`."""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest
from hypothesis import strategies as st

from batchlint import check
from batchlint.rules import batch_usage
from rules.helpers import each, invalid_data_test, request_rules
from support import line, rule_findings

CHAT = "/v1/chat/completions"
RESPONSES = "/v1/responses"
IMAGES = "/v1/images/generations"
EDITS = "/v1/images/edits"
RULES = request_rules(batch_usage)


class Case(NamedTuple):
    name: str
    url: str
    body: dict[str, Any]


def test_rules_are_warnings_reported_once_per_file() -> None:
    assert len(RULES) == 3
    assert all(rule.once_per_file and rule.severity == "warning" for rule in RULES)


def test_repeated_problem_is_reported_once_with_its_count() -> None:
    report = check([line(str(number), RESPONSES, background=True) for number in range(3)])

    assert [(warning.rule, warning.line) for warning in report.warnings] == [
        ("pointless_in_batch", 1)
    ]
    assert "3 requests" in (report.warnings[0].hint or "")


# -- service_tier_in_batch ------------------------------------------------------------------------


@pytest.mark.parametrize("url", [CHAT, RESPONSES])
@pytest.mark.parametrize("tier", ["flex", "priority", "fast"])
def test_tier_with_its_own_price_is_reported(url: str, tier: str) -> None:
    message = f"The service tier '{tier}' may not be available in a batch."

    assert rule_findings("service_tier_in_batch", url, {"service_tier": tier}) == [
        (message, "service_tier", ("service_tier",))
    ]


@pytest.mark.parametrize("tier", ["auto", "default", None, "x", ["flex"], 1])
def test_other_tiers_are_not_reported(tier: Any) -> None:
    assert rule_findings("service_tier_in_batch", CHAT, {"service_tier": tier}) == []


# -- pointless_in_batch ---------------------------------------------------------------------------


@each(
    [
        Case("background", RESPONSES, {"background": True}),
        Case("background_options", RESPONSES, {"background_options": {"completion_window": "2h"}}),
        Case("stream_options", RESPONSES, {"stream_options": {"include_obfuscation": False}}),
        Case("partial_images", IMAGES, {"partial_images": 2}),
    ]
)
def test_parameter_that_is_useless_in_a_batch_is_reported(case: Case) -> None:
    message = f"'{case.name}' serves no purpose in a batch."

    assert rule_findings("pointless_in_batch", case.url, case.body) == [
        (message, case.name, (case.name,))
    ]


def test_partial_images_of_edits_are_reported() -> None:
    assert rule_findings("pointless_in_batch", EDITS, {"partial_images": 1}) == [
        ("'partial_images' serves no purpose in a batch.", "partial_images", ("partial_images",))
    ]


def test_prewarming_the_cache_is_reported() -> None:
    body = {"prompt_cache_options": {"prewarm": True}}

    assert rule_findings("pointless_in_batch", RESPONSES, body) == [
        (
            "'prompt_cache_options.prewarm' serves no purpose in a batch.",
            "prompt_cache_options.prewarm",
            ("prompt_cache_options", "prewarm"),
        )
    ]


@each(
    [
        Case(
            "disabled",
            RESPONSES,
            {
                "background": False,
                "stream_options": None,
                "prompt_cache_options": {"prewarm": False},
            },
        ),
        Case("empty stream options", RESPONSES, {"stream_options": {}, "stream": True}),
        Case(
            "stream options",
            RESPONSES,
            {"stream_options": {"include_obfuscation": True}, "stream": True},
        ),
        Case("no partial images", IMAGES, {"partial_images": 0}),
        Case("image background", IMAGES, {"background": "transparent"}),
        Case("chat stream options", CHAT, {"stream_options": {"include_usage": True}}),
        Case("prewarm in chat", CHAT, {"prompt_cache_options": {"prewarm": True}}),
    ]
)
def test_useful_parameter_passes(case: Case) -> None:
    assert rule_findings("pointless_in_batch", case.url, case.body) == []


# -- order_not_guaranteed -------------------------------------------------------------------------


@pytest.mark.parametrize("field", ["previous_response_id", "conversation"])
def test_continued_conversation_is_reported(field: str) -> None:
    message = (
        f"The request has a '{field}', but the requests in a batch run in no particular order."
    )

    assert rule_findings("order_not_guaranteed", RESPONSES, {field: "x"}) == [
        (message, field, (field,))
    ]
    assert rule_findings("order_not_guaranteed", RESPONSES, {field: None}) == []
    assert rule_findings("order_not_guaranteed", CHAT, {field: "x"}) == []


test_invalid_data_never_raises = invalid_data_test(
    batch_usage,
    {name for rule in RULES for name in rule.when.fields} | {"stream", "prewarm"},
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
)
