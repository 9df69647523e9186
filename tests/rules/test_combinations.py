"""The rules of `rules/combinations.py`."""

from __future__ import annotations

from typing import Any, NamedTuple

from hypothesis import strategies as st

from batchlint import check_request
from batchlint.rules import combinations
from rules.helpers import each, invalid_data_test, request_rules
from support import request, rule_findings

CHAT = "/v1/chat/completions"
RESPONSES = "/v1/responses"
COMPLETIONS = "/v1/completions"
EMBEDDINGS = "/v1/embeddings"


class Conflict(NamedTuple):
    name: str
    rule: str
    url: str
    body: dict[str, Any]
    message: str
    field: str
    has_param: bool = True


class Compatible(NamedTuple):
    name: str
    rule: str
    url: str
    body: dict[str, Any]


def only_with(field: str, required: str) -> str:
    return f"The '{field}' parameter is only allowed when '{required}' is enabled."


@each(
    [
        Conflict(
            "only top_logprobs",
            "top_logprobs_without_logprobs",
            CHAT,
            {"top_logprobs": 1},
            only_with("top_logprobs", "logprobs"),
            "top_logprobs",
        ),
        Conflict(
            "top_logprobs with false logprobs",
            "top_logprobs_without_logprobs",
            CHAT,
            {"top_logprobs": 1, "logprobs": False},
            only_with("top_logprobs", "logprobs"),
            "top_logprobs",
        ),
        Conflict(
            "only stream_options",
            "stream_options_without_stream",
            CHAT,
            {"stream_options": {"include_usage": True}},
            only_with("stream_options", "stream"),
            "stream_options",
        ),
        Conflict(
            "stream_options with false stream",
            "stream_options_without_stream",
            COMPLETIONS,
            {"stream_options": {}, "stream": False},
            only_with("stream_options", "stream"),
            "stream_options",
        ),
        Conflict(
            "metadata with false store",
            "metadata_without_store",
            CHAT,
            {"metadata": {"a": "b"}, "store": False},
            only_with("metadata", "store"),
            "metadata",
        ),
        Conflict(
            "best_of below n",
            "best_of_below_n",
            COMPLETIONS,
            {"n": 3, "best_of": 2},
            "You requested that the server return more choices than it will generate (HINT: you"
            " must set 'n' (currently 3) to be at most 'best_of' (currently 2), or omit either"
            " parameter if you don't specifically want to use them.)",
            "best_of",
        ),
        Conflict(
            "conversation with previous_response_id",
            "conversation_with_previous_response",
            RESPONSES,
            {"conversation": "c", "previous_response_id": "r"},
            "Mutually exclusive parameters: ''. Ensure you are only providing one of:"
            " 'pre..._id' or 'conversation'.",
            "conversation",
            has_param=False,
        ),
        Conflict(
            "prediction with a penalty",
            "prediction_excludes",
            CHAT,
            {"prediction": {}, "presence_penalty": 0.5},
            "'presence_penalty' cannot be combined with 'prediction'.",
            "presence_penalty",
        ),
        Conflict(
            "prediction with n",
            "prediction_excludes",
            CHAT,
            {"prediction": {}, "n": 2},
            "'n' cannot be combined with 'prediction'.",
            "n",
        ),
        Conflict(
            "prediction with max_completion_tokens",
            "prediction_excludes",
            CHAT,
            {"prediction": {}, "max_completion_tokens": 5},
            "'max_completion_tokens' cannot be combined with 'prediction'.",
            "max_completion_tokens",
        ),
    ]
)
def test_conflicting_parameters_are_reported(case: Conflict) -> None:
    param = case.field if case.has_param else None

    assert rule_findings(case.rule, case.url, case.body) == [(case.message, param, (case.field,))]
    assert rule_findings(case.rule, EMBEDDINGS, case.body) == []


@each(
    [
        Compatible(
            "top_logprobs with logprobs",
            "top_logprobs_without_logprobs",
            CHAT,
            {"top_logprobs": 1, "logprobs": True},
        ),
        Compatible("no top_logprobs", "top_logprobs_without_logprobs", CHAT, {"top_logprobs": 0}),
        Compatible(
            "boolean top_logprobs", "top_logprobs_without_logprobs", CHAT, {"top_logprobs": True}
        ),
        Compatible(
            "top_logprobs in responses",
            "top_logprobs_without_logprobs",
            RESPONSES,
            {"top_logprobs": 1},
        ),
        Compatible(
            "stream_options with stream",
            "stream_options_without_stream",
            CHAT,
            {"stream_options": {}, "stream": True},
        ),
        Compatible(
            "null stream_options", "stream_options_without_stream", CHAT, {"stream_options": None}
        ),
        Compatible(
            "stream_options of a wrong type",
            "stream_options_without_stream",
            CHAT,
            {"stream_options": "x"},
        ),
        Compatible(
            "stream_options in responses",
            "stream_options_without_stream",
            RESPONSES,
            {"stream_options": {}},
        ),
        Compatible(
            "metadata with store",
            "metadata_without_store",
            CHAT,
            {"metadata": {"a": "b"}, "store": True},
        ),
        Compatible("empty metadata", "metadata_without_store", CHAT, {"metadata": {}}),
        Compatible(
            "metadata in responses",
            "metadata_without_store",
            RESPONSES,
            {"metadata": {"a": "b"}},
        ),
        Compatible("best_of equal to n", "best_of_below_n", COMPLETIONS, {"n": 3, "best_of": 3}),
        Compatible("only n", "best_of_below_n", COMPLETIONS, {"n": 3}),
        Compatible("best_of 0", "best_of_below_n", COMPLETIONS, {"best_of": 0, "n": 1}),
        Compatible(
            "n and best_of of a wrong type",
            "best_of_below_n",
            COMPLETIONS,
            {"best_of": "2", "n": [3]},
        ),
        Compatible(
            "only conversation",
            "conversation_with_previous_response",
            RESPONSES,
            {"conversation": "c", "previous_response_id": None},
        ),
        Compatible(
            "conversation of a wrong type",
            "conversation_with_previous_response",
            RESPONSES,
            {"conversation": 5, "previous_response_id": "r"},
        ),
        Compatible(
            "prediction with defaults",
            "prediction_excludes",
            CHAT,
            {"prediction": {}, "n": 1, "logprobs": False, "presence_penalty": -1, "tools": []},
        ),
        Compatible("null prediction", "prediction_excludes", CHAT, {"prediction": None, "n": 2}),
    ]
)
def test_compatible_combinations_pass(case: Compatible) -> None:
    assert rule_findings(case.rule, case.url, case.body) == []


def test_both_max_tokens_parameters_are_reported_by_the_schema() -> None:
    both = request("a", CHAT, max_tokens=5, max_completion_tokens=5)
    one = request("a", CHAT, max_tokens=None, max_completion_tokens=5)

    [error] = [error for error in check_request(both) if error.severity == "error"]

    assert (error.rule, error.code, error.param) == (
        "max_tokens_twice",
        "invalid_parameter_combination",
        "body.max_tokens",
    )
    assert error.message == (
        "Setting 'max_tokens' and 'max_completion_tokens' at the same time is not supported."
    )
    assert all(error.severity == "warning" for error in check_request(one))


test_invalid_data_never_raises = invalid_data_test(
    combinations,
    {name for rule in request_rules(combinations) for name in rule.when.fields}
    | {"n", "logprobs", "stream", "store", "previous_response_id", "presence_penalty"},
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
)
