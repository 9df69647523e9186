"""The rules of `rules/together.py`."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import found, said

from batchlint import check_request, schemas
from batchlint.rules import RULES

CHAT, RESPONSES, COMPLETIONS = "/v1/chat/completions", "/v1/responses", "/v1/completions"


@pytest.mark.parametrize(
    ("rule", "url", "body", "message", "param", "member"),
    [
        ("top_logprobs_without_logprobs", CHAT, {"top_logprobs": 1},
         "The 'top_logprobs' parameter is only allowed when 'logprobs' is enabled.", "top_logprobs", "top_logprobs"),
        ("top_logprobs_without_logprobs", CHAT, {"top_logprobs": 1, "logprobs": False},
         "The 'top_logprobs' parameter is only allowed when 'logprobs' is enabled.", "top_logprobs", "top_logprobs"),
        ("stream_options_without_stream", CHAT, {"stream_options": {"include_usage": True}},
         "The 'stream_options' parameter is only allowed when 'stream' is enabled.", "stream_options", "stream_options"),
        ("stream_options_without_stream", COMPLETIONS, {"stream_options": {}, "stream": False},
         "The 'stream_options' parameter is only allowed when 'stream' is enabled.", "stream_options", "stream_options"),
        ("metadata_without_store", CHAT, {"metadata": {"a": "b"}, "store": False},
         "The 'metadata' parameter is only allowed when 'store' is enabled.", "metadata", "metadata"),
        ("best_of_below_n", COMPLETIONS, {"n": 3, "best_of": 2},
         "You requested that the server return more choices than it will generate (HINT: you must set 'n' (currently 3) "
         "to be at most 'best_of' (currently 2), or omit either parameter if you don't specifically want to use them.)",
         "best_of", "best_of"),
        ("conversation_with_previous_response", RESPONSES, {"conversation": "c", "previous_response_id": "r"},
         "Mutually exclusive parameters: ''. Ensure you are only providing one of: 'pre..._id' or 'conversation'.",
         None, "conversation"),
        ("prediction_excludes", CHAT, {"prediction": {}, "presence_penalty": 0.5},
         "'presence_penalty' does not go with 'prediction'.", "presence_penalty", "presence_penalty"),
        ("prediction_excludes", CHAT, {"prediction": {}, "n": 2}, "'n' does not go with 'prediction'.", "n", "n"),
        ("prediction_excludes", CHAT, {"prediction": {}, "max_completion_tokens": 5},
         "'max_completion_tokens' does not go with 'prediction'.", "max_completion_tokens", "max_completion_tokens"),
    ],
)
def test_fires(rule, url, body, message, param, member):
    assert found(rule, url, body) == [(message, param, (member,))]
    assert found(rule, "/v1/embeddings", body) == []


@pytest.mark.parametrize(
    ("rule", "url", "body"),
    [
        ("top_logprobs_without_logprobs", CHAT, {"top_logprobs": 1, "logprobs": True}),
        ("top_logprobs_without_logprobs", CHAT, {"top_logprobs": 0}),
        ("top_logprobs_without_logprobs", CHAT, {"top_logprobs": True}),
        ("top_logprobs_without_logprobs", RESPONSES, {"top_logprobs": 1}),
        ("stream_options_without_stream", CHAT, {"stream_options": {}, "stream": True}),
        ("stream_options_without_stream", CHAT, {"stream_options": None}),
        ("stream_options_without_stream", CHAT, {"stream_options": "x"}),
        ("stream_options_without_stream", RESPONSES, {"stream_options": {}}),
        ("metadata_without_store", CHAT, {"metadata": {"a": "b"}, "store": True}),
        ("metadata_without_store", CHAT, {"metadata": {}}),
        ("metadata_without_store", RESPONSES, {"metadata": {"a": "b"}}),
        ("best_of_below_n", COMPLETIONS, {"n": 3, "best_of": 3}),
        ("best_of_below_n", COMPLETIONS, {"n": 3}),
        ("best_of_below_n", COMPLETIONS, {"best_of": 0, "n": 1}),
        ("best_of_below_n", COMPLETIONS, {"best_of": "2", "n": [3]}),
        ("conversation_with_previous_response", RESPONSES, {"conversation": "c", "previous_response_id": None}),
        ("conversation_with_previous_response", RESPONSES, {"conversation": 5, "previous_response_id": "r"}),
        ("prediction_excludes", CHAT, {"prediction": {}, "n": 1, "logprobs": False, "presence_penalty": -1, "tools": []}),
        ("prediction_excludes", CHAT, {"prediction": None, "n": 2}),
    ],
)
def test_is_silent(rule, url, body):
    assert found(rule, url, body) == []


def test_max_tokens_twice():
    """The schema states this one."""
    body = {"model": "m", "messages": [{"role": "user", "content": "Hi"}], "max_tokens": 5, "max_completion_tokens": 5}
    line = {"custom_id": "a", "method": "POST", "url": CHAT, "body": body}
    [error] = [error for error in check_request(line) if error.severity == "error"]
    assert (error.rule, error.code, error.param) == ("max_tokens_twice", "invalid_parameter_combination", "body.max_tokens")
    assert error.message == "Setting 'max_tokens' and 'max_completion_tokens' at the same time is not supported."
    assert all(error.severity == "warning" for error in check_request(line | {"body": body | {"max_tokens": None}}))


MINE = [rule for rule in RULES.values() if rule.check and rule.check.__module__ == "batchlint.rules.together"]
NAMES = sorted({name for rule in MINE for name in rule.wakes} | {"n", "logprobs", "stream", "store",
                                                                 "previous_response_id", "presence_penalty"})
GARBAGE = st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
                       lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=2), inner, max_size=2),
                       max_leaves=4)


@settings(max_examples=300)
@given(st.sampled_from(schemas.ENDPOINTS), st.dictionaries(st.sampled_from(NAMES), GARBAGE))
def test_garbage(url, body):
    for rule in MINE:
        said(rule.name, url, body)
