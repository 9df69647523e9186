"""The rules of `rules/stated.py`, which the body schemas check."""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest

from batchlint import BatchError, check_request
from batchlint.engine.checker import checker_for
from rules.helpers import each
from support import BODIES, URLS, request, rule_findings

CHAT = "/v1/chat/completions"
RESPONSES = "/v1/responses"
EMBEDDINGS = "/v1/embeddings"
COMPLETIONS = "/v1/completions"
MODERATIONS = "/v1/moderations"
GENERATIONS = "/v1/images/generations"
EDITS = "/v1/images/edits"
VIDEOS = "/v1/videos"

WITH_DEFAULT_MODEL = {MODERATIONS: "omni-moderation-latest", VIDEOS: "sora-2"}


def without(url: str, field: str) -> dict[str, Any]:
    """Return a valid request without one of its parameters."""
    line = request("a", url)
    del line["body"][field]
    return line


def findings(url: str, body: dict[str, Any]) -> list[BatchError]:
    return check_request(request("a", url, **body))


@pytest.mark.parametrize("url", URLS)
def test_sample_body_of_every_endpoint_passes(url: str) -> None:
    assert check_request(request("a", url)) == []


# -- the model ------------------------------------------------------------------------------------


@pytest.mark.parametrize("url", [url for url in URLS if url not in WITH_DEFAULT_MODEL])
def test_missing_model_fails_the_batch(url: str) -> None:
    [error] = check_request(without(url, "model"))

    assert (error.rule, error.code, error.fails) == ("missing_model", "invalid_request", "batch")
    assert error.param == "body.model"


@pytest.mark.parametrize("url", WITH_DEFAULT_MODEL)
def test_missing_model_is_a_warning_if_the_endpoint_has_a_default(url: str) -> None:
    [error] = check_request(without(url, "model"))

    assert (error.rule, error.severity, error.param) == (
        "model_left_out",
        "warning",
        "body.model",
    )
    assert f'"{WITH_DEFAULT_MODEL[url]}"' in (error.hint or "")


@pytest.mark.parametrize("url", WITH_DEFAULT_MODEL)
@pytest.mark.parametrize(("model", "count"), [("m", 0), ("", 0), (None, 1), (5, 0)])
def test_only_a_null_model_counts_as_left_out(url: str, model: Any, count: int) -> None:
    assert len(rule_findings("model_left_out", url, {"model": model})) == count


@pytest.mark.parametrize("url", WITH_DEFAULT_MODEL)
def test_null_model_has_no_other_finding_if_the_endpoint_has_a_default(url: str) -> None:
    found = findings(url, BODIES[url] | {"model": None})
    assert [error.rule for error in found if error.rule != "videos_shut_down"] == ["model_left_out"]


def test_prompt_template_may_name_the_model() -> None:
    template = without(RESPONSES, "model")
    del template["body"]["input"]
    template["body"]["prompt"] = {"id": "pmpt_1"}

    [warning] = check_request(template)
    [error] = check_request(without(RESPONSES, "model"))

    assert (warning.rule, warning.severity) == ("model_left_out", "warning")
    assert (error.rule, error.message) == ("missing_model", "Model parameter is required.")


def test_model_of_other_endpoints_is_left_to_the_schema() -> None:
    assert rule_findings("model_left_out", EMBEDDINGS, {}) == []


def test_empty_model_is_not_found() -> None:
    [error] = findings(RESPONSES, {"model": ""})

    assert (error.rule, error.code, error.fails) == (
        "model_not_found",
        "model_not_found",
        "request",
    )


# -- one case per rule, on both sides -------------------------------------------------------------


class Case(NamedTuple):
    name: str
    url: str
    rejected: dict[str, Any]
    accepted: dict[str, Any]
    param: str | None


def metadata(count: int) -> dict[str, str]:
    return {f"key {number}": "value" for number in range(count)}


IMAGE = {"type": "input_image"}


@each(
    [
        Case("streaming_unsupported", CHAT, {"stream": True}, {"stream": False}, "body.stream"),
        Case(
            "invalid_type",
            EMBEDDINGS,
            {"dimensions": "256"},
            {"dimensions": 256},
            "body.dimensions",
        ),
        Case(
            "invalid_value",
            EMBEDDINGS,
            {"encoding_format": "int8"},
            {"encoding_format": "base64"},
            "body.encoding_format",
        ),
        Case(
            "invalid_pattern",
            RESPONSES,
            {"tools": [{"type": "function", "name": "a b"}]},
            {"tools": [{"type": "function", "name": "a_b"}]},
            "body.tools[0].name",
        ),
        Case(
            "missing_required_parameter",
            RESPONSES,
            {"tools": [{"type": "function"}]},
            {"tools": [{"type": "function", "name": "f"}]},
            "body.tools[0].name",
        ),
        Case(
            "unknown_parameter",
            EMBEDDINGS,
            {"dimension": 256},
            {"dimensions": 256},
            "body.dimension",
        ),
        Case("moved_parameter", RESPONSES, {"messages": []}, {"input": "Hi"}, None),
        Case("json_edits_image", EDITS, {"image": "file-1"}, {}, "body.image"),
        Case("empty_array", CHAT, {"messages": []}, {}, "body.messages"),
        Case("empty_string", VIDEOS, {"prompt": ""}, {"prompt": "x"}, "body.prompt"),
        Case(
            "array_above_max_length",
            CHAT,
            {"stop": ["a", "b", "c", "d", "e"]},
            {"stop": ["a", "b", "c", "d"]},
            "body.stop",
        ),
        Case(
            "string_above_max_length",
            RESPONSES,
            {"metadata": {"k": "v" * 513}},
            {"metadata": {"k": "v" * 512}},
            "body.metadata.k",
        ),
        Case(
            "property_name_above_max_length",
            RESPONSES,
            {"metadata": {"k" * 65: "v"}},
            {"metadata": {"k" * 64: "v"}},
            f"body.metadata.{'k' * 65}",
        ),
        Case(
            "object_above_max_properties",
            RESPONSES,
            {"metadata": metadata(17)},
            {"metadata": metadata(16)},
            "body.metadata",
        ),
        Case(
            "object_below_min_properties",
            VIDEOS,
            {"input_reference": {}},
            {"input_reference": {"file_id": "file-1"}},
            "body.input_reference",
        ),
        Case(
            "integer_below_min_value",
            RESPONSES,
            {"max_output_tokens": 15},
            {"max_output_tokens": 16},
            "body.max_output_tokens",
        ),
        Case("integer_above_max_value", GENERATIONS, {"n": 11}, {"n": 10}, "body.n"),
        Case(
            "decimal_below_min_value",
            COMPLETIONS,
            {"temperature": -0.1},
            {"temperature": 0},
            "body.temperature",
        ),
        Case(
            "decimal_above_max_value",
            COMPLETIONS,
            {"temperature": 2.1},
            {"temperature": 2},
            "body.temperature",
        ),
        Case(
            "missing_content",
            CHAT,
            {"messages": [{"role": "user", "content": None}]},
            {"messages": [{"role": "assistant", "content": None, "refusal": "No."}]},
            "body.messages.[0].content",
        ),
        Case(
            "missing_mutually_exclusive_parameters",
            RESPONSES,
            {"input": [{"role": "user", "content": [IMAGE]}]},
            {"input": [{"role": "user", "content": [IMAGE | {"file_id": "file-1"}]}]},
            "body.input[0].content[0]",
        ),
    ]
)
def test_rule_fails_and_passes_as_the_schema_states(case: Case) -> None:
    rejected = [error for error in findings(case.url, case.rejected) if error.rule == case.name]
    accepted = findings(case.url, case.accepted)

    assert [error.param for error in rejected] == [case.param]
    assert case.name not in [error.rule for error in accepted]


def test_missing_messages_fail_the_batch() -> None:
    [error] = check_request(without(CHAT, "messages"))

    assert (error.rule, error.code, error.fails) == (
        "missing_messages",
        "missing_required_parameter",
        "batch",
    )


def test_second_image_of_a_moderation_is_reported() -> None:
    image = {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}

    assert [error.rule for error in findings(MODERATIONS, {"input": [image] * 2})] == [
        "too_many_images"
    ]
    assert findings(MODERATIONS, {"input": [image]}) == []


def test_sample_bodies_cover_every_endpoint() -> None:
    assert [*BODIES] == URLS


# -- logit_bias_key -------------------------------------------------------------------------------


def test_logit_bias_key_that_is_not_a_token_is_reported() -> None:
    bias = {"50256": -100, "cat": 1, "-1": 1}
    message = (
        "Invalid key in 'logit_bias': cat. You should only be submitting non-negative integers."
    )

    assert rule_findings("logit_bias_key", CHAT, {"logit_bias": bias}) == [
        (message, "logit_bias", ("logit_bias", "cat"))
    ]


def test_superscript_digit_is_not_a_token() -> None:
    assert len(rule_findings("logit_bias_key", CHAT, {"logit_bias": {"²": 1}})) == 1


@pytest.mark.parametrize("bias", [{"50256": -100}, {}, None, [], 5], ids=str)
def test_valid_or_malformed_logit_bias_passes(bias: Any) -> None:
    assert rule_findings("logit_bias_key", CHAT, {"logit_bias": bias}) == []


# -- unchecked_filter -----------------------------------------------------------------------------


def with_filter(levels: int, condition: Any) -> dict[str, Any]:
    """Return a body with a file search filter of this many levels."""
    for _ in range(levels - 1):
        condition = {"type": "and", "filters": [condition]}
    tool = {"type": "file_search", "vector_store_ids": ["vs_1"], "filters": condition}
    return {"model": "gpt-4.1", "input": "x", "tools": [tool]}


@pytest.mark.parametrize("engine", ["jsonschema", "jsonschema-rs"])
@pytest.mark.parametrize("condition_type", ["eq", "equals"])
@pytest.mark.parametrize("levels", [30, 31, 32, 33, 100, 480])
def test_filter_is_either_checked_or_reported_as_unchecked(
    levels: int, condition_type: str, engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BATCHLINT_ENGINE", engine)
    checker_for.cache_clear()
    condition = {"type": condition_type, "key": "a", "value": 1}
    rules = [error.rule for error in findings(RESPONSES, with_filter(levels, condition))]
    checker_for.cache_clear()
    is_wrong = condition_type == "equals"
    if levels <= 30:
        assert rules == (["invalid_value"] if is_wrong else [])
    elif levels > 32:
        assert rules == ["unchecked_filter"]
    else:
        assert "unchecked_filter" in rules


IMAGE_PART = {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}
AUDIO_PART = {"type": "input_audio", "input_audio": {"data": "UklGRg==", "format": "wav"}}
FILE_PART = {"type": "file", "file": {"file_id": "file-1"}}
CACHE = {"cache_control": {"type": "ephemeral"}}
CALL = {"id": "a", "type": "function", "function": {"name": "f", "arguments": "{}"}}


def user_message(part: dict[str, Any]) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": [part]}]}


@pytest.mark.parametrize(
    ("url", "body", "path"),
    [
        (CHAT, user_message(IMAGE_PART | CACHE), "messages[0].content[0].cache_control"),
        (CHAT, user_message(AUDIO_PART | CACHE), "messages[0].content[0].cache_control"),
        (CHAT, user_message(FILE_PART | CACHE), "messages[0].content[0].cache_control"),
        (
            CHAT,
            {
                "messages": [
                    {"role": "assistant", "tool_calls": [CALL | {"extra_content": {}}]},
                    {"role": "tool", "tool_call_id": "a", "content": "x"},
                ]
            },
            "messages[0].tool_calls[0].extra_content",
        ),
        (CHAT, {"functions": [{"name": "f", "strict": True}]}, "functions[0].strict"),
        (
            RESPONSES,
            {
                "input": [
                    {"type": "custom_tool_call", "call_id": "a", "name": "f", "input": "x"},
                    {
                        "type": "custom_tool_call_output",
                        "call_id": "a",
                        "output": "x",
                        "status": "completed",
                    },
                ]
            },
            "input[1].status",
        ),
        (
            RESPONSES,
            {
                "input": [
                    {
                        "type": "web_search_call",
                        "id": "ws_1",
                        "status": "completed",
                        "action": {"type": "search", "query": "x"},
                        "results": [],
                    },
                    {"role": "user", "content": "x"},
                ]
            },
            "input[0].results",
        ),
        *(
            (RESPONSES, {"input": "x", "tools": [{"type": tool, name: value}]}, f"tools[0].{name}")
            for tool, name, value in (
                ("web_search_preview", "external_web_access", False),
                ("web_search_preview", "filters", {"allowed_domains": ["example.com"]}),
                ("web_search_preview", "return_token_budget", "default"),
                ("web_search", "indexed_web_access", True),
            )
        ),
    ],
)
def test_parameter_that_the_api_may_ignore_is_a_warning(
    url: str, body: dict[str, Any], path: str
) -> None:
    [found] = [e for e in findings(url, BODIES[url] | body) if e.rule != "deprecated_parameter"]
    assert (found.rule, found.severity) == ("doubtful_parameter", "warning")
    assert found.param == f"body.{path}"


@pytest.mark.parametrize(
    "fields",
    [
        {"return_token_budget": "unlimited"},
        {"search_content_types": ["image", "text"]},
        {"image_settings": {"max_results": 3, "caption": True}},
        {"filters": {"allowed_domains": ["a.com"], "blocked_domains": ["b.a.com"]}},
    ],
)
def test_documented_controls_of_web_search_are_accepted(fields: dict[str, Any]) -> None:
    tool = {"type": "web_search", **fields}
    assert findings(RESPONSES, {"model": "gpt-5.5", "input": "x", "tools": [tool]}) == []


@pytest.mark.parametrize("version", [2, "2", "latest"])
def test_version_of_a_skill_may_be_an_integer(version: Any) -> None:
    skill = {"type": "skill_reference", "skill_id": "skill_1", "version": version}
    tool = {"type": "shell", "environment": {"type": "container_auto", "skills": [skill]}}
    assert findings(RESPONSES, {"model": "gpt-5.5", "input": "x", "tools": [tool]}) == []


def test_video_may_have_characters() -> None:
    body = {"model": "sora-2", "prompt": "x", "characters": [{"id": "char_1"}]}
    assert not [e for e in findings("/v1/videos", body) if e.rule == "unknown_parameter"]


def test_screenshot_of_a_computer_call_may_have_a_detail() -> None:
    screenshot = {"type": "computer_screenshot", "file_id": "file-1", "detail": "original"}
    items = [
        {
            "type": "computer_call",
            "id": "cu_1",
            "call_id": "a",
            "actions": [{"type": "screenshot"}],
            "pending_safety_checks": [],
            "status": "completed",
        },
        {"type": "computer_call_output", "call_id": "a", "output": screenshot},
    ]
    assert findings(RESPONSES, {"model": "gpt-5.5", "input": items}) == []


@pytest.mark.parametrize("value", [None, 1000, "high"])
def test_token_budget_of_web_search_is_default_or_unlimited(value: Any) -> None:
    tool = {"type": "web_search", "return_token_budget": value}
    [found] = findings(RESPONSES, {"model": "gpt-5.5", "input": "x", "tools": [tool]})
    assert (found.severity, found.param) == ("error", "body.tools[0].return_token_budget")


def chat_tool(**function: Any) -> dict[str, Any]:
    return {"tools": [{"type": "function", "function": function}]}


def file_search(**fields: Any) -> dict[str, Any]:
    return {"tools": [{"type": "file_search", "vector_store_ids": ["vs_1"], **fields}]}


def ranked(threshold: float) -> dict[str, Any]:
    return file_search(ranking_options={"score_threshold": threshold})


def namespace(callers: list[str]) -> dict[str, Any]:
    function = {"type": "function", "name": "f", "allowed_callers": callers}
    return {"tools": [{"type": "namespace", "name": "n", "description": "d", "tools": [function]}]}


def prediction(content: Any) -> dict[str, Any]:
    return {"prediction": {"type": "content", "content": content}}


def chat_call(name: str) -> dict[str, Any]:
    call = CALL | {"function": {"name": name, "arguments": "{}"}}
    return {
        "messages": [
            {"role": "assistant", "tool_calls": [call]},
            {"role": "tool", "tool_call_id": "a", "content": "x"},
        ]
    }


def function_call(**fields: str) -> dict[str, Any]:
    call = {"type": "function_call", "call_id": "a", "name": "f", "arguments": "{}", **fields}
    output = {"type": "function_call_output", "call_id": call["call_id"], "output": ""}
    return {"input": [call, output]}


def input_text(text: str) -> dict[str, Any]:
    return {"input": [{"role": "user", "content": [{"type": "input_text", "text": text}]}]}


class Limit(NamedTuple):
    name: str
    url: str
    within: dict[str, Any]
    beyond: dict[str, Any]
    path: str
    message: str


@each(
    [
        Limit(
            "name of a chat tool",
            CHAT,
            chat_tool(name="f" * 64),
            chat_tool(name="f" * 65),
            "tools[0].function.name",
            "string too long. Expected a string with maximum length 64.",
        ),
        Limit(
            "longest doubtful name of a chat tool",
            CHAT,
            chat_tool(name="f"),
            chat_tool(name="f" * 128),
            "tools[0].function.name",
            "string too long. Expected a string with maximum length 64.",
        ),
        Limit(
            "name of a call",
            CHAT,
            chat_call("f" * 64),
            chat_call("f" * 65),
            "messages[0].tool_calls[0].function.name",
            "string too long. Expected a string with maximum length 64.",
        ),
        Limit(
            "empty prediction",
            CHAT,
            prediction([{"type": "text", "text": "x"}]),
            prediction([]),
            "prediction.content",
            "empty array. Expected an array with minimum length 1, but got an empty array instead.",
        ),
        Limit(
            "number of search results",
            RESPONSES,
            file_search(max_num_results=50),
            file_search(max_num_results=51),
            "tools[0].max_num_results",
            "integer above maximum value. Expected a value <= 50, but got 51 instead.",
        ),
        Limit(
            "no search results",
            RESPONSES,
            file_search(max_num_results=1),
            file_search(max_num_results=0),
            "tools[0].max_num_results",
            "integer below minimum value. Expected a value >= 1, but got 0 instead.",
        ),
        Limit(
            "high score",
            RESPONSES,
            ranked(1),
            ranked(1.5),
            "tools[0].ranking_options.score_threshold",
            "decimal above maximum value. Expected a value <= 1, but got 1.5 instead.",
        ),
        Limit(
            "negative score",
            RESPONSES,
            ranked(0),
            ranked(-0.5),
            "tools[0].ranking_options.score_threshold",
            "decimal below minimum value. Expected a value >= 0, but got -0.5 instead.",
        ),
        Limit(
            "no callers",
            RESPONSES,
            namespace(["direct"]),
            namespace([]),
            "tools[0].tools[0].allowed_callers",
            "empty array. Expected an array with minimum length 1, but got an empty array instead.",
        ),
        *(
            Limit(
                f"user on {url}",
                url,
                {"user": "u" * 64},
                {"user": "u" * 65},
                "user",
                "string too long. Expected a string with maximum length 64, but got a string with"
                " length 65 instead.",
            )
            for url in (CHAT, RESPONSES)
        ),
    ]
)
def test_limit_that_the_api_may_not_enforce_is_a_warning(case: Limit) -> None:
    def found(body: dict[str, Any]) -> list[BatchError]:
        return [e for e in findings(case.url, body) if e.rule != "deprecated_parameter"]

    assert found(case.within) == []
    [warning] = found(case.beyond)
    assert (warning.rule, warning.severity) == ("doubtful_limit", "warning")
    assert warning.param == f"body.{case.path}"
    assert warning.message == f"Invalid '{case.path}': {case.message}"


def too_long(maximum: int) -> str:
    return (
        f"string too long. Expected a string with maximum length {maximum}, but got a string with"
        f" length {maximum + 1} instead."
    )


EMPTY_STRING = (
    "empty string. Expected a string with minimum length 1, but got an empty string instead."
)


@each(
    [
        Limit(
            "name of a chat tool",
            CHAT,
            {},
            chat_tool(name="f" * 129),
            "tools[0].function.name",
            too_long(128),
        ),
        Limit(
            "name of a chat call",
            CHAT,
            {},
            chat_call("f" * 129),
            "messages[0].tool_calls[0].function.name",
            too_long(128),
        ),
        Limit(
            "description of a chat tool",
            CHAT,
            chat_tool(name="f", description="d" * 1_048_576),
            chat_tool(name="f", description="d" * 1_048_577),
            "tools[0].function.description",
            too_long(1_048_576),
        ),
        Limit(
            "text of a chat part",
            CHAT,
            user_message({"type": "text", "text": "x" * 10_485_760}),
            user_message({"type": "text", "text": "x" * 10_485_761}),
            "messages[0].content[0].text",
            too_long(10_485_760),
        ),
        Limit(
            "text of an input part",
            RESPONSES,
            input_text("x" * 10_485_760),
            input_text("x" * 10_485_761),
            "input[0].content[0].text",
            too_long(10_485_760),
        ),
        Limit(
            "instructions",
            RESPONSES,
            {"instructions": "x" * 1_048_576},
            {"instructions": "x" * 1_048_577},
            "instructions",
            too_long(1_048_576),
        ),
        Limit(
            "arguments",
            RESPONSES,
            function_call(arguments="{}".ljust(1_048_576)),
            function_call(arguments="{}".ljust(1_048_577)),
            "input[0].arguments",
            too_long(1_048_576),
        ),
        Limit(
            "empty name of a call",
            RESPONSES,
            function_call(name="f"),
            function_call(name=""),
            "input[0].name",
            EMPTY_STRING,
        ),
        Limit(
            "empty ID of a call",
            RESPONSES,
            function_call(call_id="a"),
            function_call(call_id=""),
            "input[0].call_id",
            EMPTY_STRING,
        ),
        Limit(
            "number of items",
            RESPONSES,
            {"input": [{"role": "user", "content": "x"}] * 131_072},
            {"input": [{"role": "user", "content": "x"}] * 131_073},
            "input",
            "array too long. Expected an array with maximum length 131072, but got an array with"
            " length 131073 instead.",
        ),
    ]
)
def test_limit_that_the_api_enforces_is_an_error(case: Limit) -> None:
    assert findings(case.url, case.within) == []
    error = findings(case.url, case.beyond)[0]
    assert (error.severity, error.param) == ("error", f"body.{case.path}")
    assert error.code == error.rule
    assert error.message == f"Invalid '{case.path}': {case.message}"


@pytest.mark.parametrize(
    ("url", "field"),
    [
        (EMBEDDINGS, "dimensions"),
        (COMPLETIONS, "user"),
        (EDITS, "markup"),
        (VIDEOS, "seconds"),
        (VIDEOS, "size"),
        (VIDEOS, "input_reference"),
    ],
)
def test_null_that_the_api_may_accept_is_a_warning(url: str, field: str) -> None:
    [found] = findings(url, BODIES[url] | {field: None})
    assert (found.rule, found.severity, found.param) == (
        "doubtful_null",
        "warning",
        f"body.{field}",
    )


def test_null_may_be_accepted_by_a_model_with_fixed_dimensions() -> None:
    body = {"model": "text-embedding-ada-002", "input": "x", "dimensions": None}

    assert [found.rule for found in findings(EMBEDDINGS, body)] == ["doubtful_null"]


def test_null_user_of_an_embeddings_request_is_rejected() -> None:
    """Two reports from 2024 say so."""
    [found] = findings(EMBEDDINGS, BODIES[EMBEDDINGS] | {"user": None})
    assert (found.rule, found.severity) == ("invalid_type", "error")


CALL = {"id": "a", "type": "function", "function": {"name": "f", "arguments": "{}"}}
ANSWER = {"role": "tool", "tool_call_id": "a", "content": "1"}


@pytest.mark.parametrize(
    ("messages", "rule"),
    [
        ([{"role": "assistant", "content": [], "tool_calls": [CALL]}, ANSWER], "doubtful"),
        ([{"role": "assistant", "tool_calls": [CALL]}, ANSWER | {"content": []}], "doubtful"),
        ([{"role": "system", "content": []}], "doubtful"),
        ([{"role": "assistant", "content": []}], "error"),
        ([{"role": "user", "content": []}], "error"),
        ([{"role": "developer", "content": []}], "error"),
    ],
)
def test_empty_content_is_a_warning_where_reports_contradict_each_other(
    messages: list[Any], rule: str
) -> None:
    [found] = findings(CHAT, {"model": "gpt-4.1", "messages": messages})
    index = next(i for i, message in enumerate(messages) if message.get("content") == [])
    expected = (
        ("doubtful_empty_content", "warning") if rule == "doubtful" else ("empty_array", "error")
    )

    assert (found.rule, found.severity) == expected
    assert (found.code, found.param) == ("empty_array", f"body.messages[{index}].content")


def test_message_about_an_image_size_quotes_the_size() -> None:
    body = {"model": "gpt-image-1-mini", "prompt": "x", "size": "3x3"}
    [found] = findings(GENERATIONS, body)

    assert found.message == (
        "Invalid size '3x3'. Supported sizes are 1024x1024, 1024x1536, 1536x1024, and auto."
    )
