"""The rules of `rules/providers.py`, and the hints to use `--provider`."""

from __future__ import annotations

from typing import Any

import pytest

from batchlint import check, check_request
from batchlint.model_names import provider_of_model

MESSAGES = [{"role": "user", "content": "Hi"}]


def row(**body: Any) -> dict[str, Any]:
    body = {"model": "m", "messages": MESSAGES} | body
    return {"custom_id": "a", "method": "POST", "url": "/v1/chat/completions", "body": body}


# -- lines without a URL --------------------------------------------------------------------------


@pytest.mark.parametrize("provider", ["mistral", "together"])
@pytest.mark.parametrize("body", [{}, {"model": "m"}, {"model": "m", "mesages": MESSAGES}])
def test_body_that_shows_no_endpoint_is_a_warning(provider: str, body: dict[str, Any]) -> None:
    line = {"custom_id": "a", "body": body}

    [warning] = check([line], provider=provider).warnings
    assert (warning.rule, warning.pointer) == ("unclear_endpoint", "/body")
    findings = check([line], provider=provider, endpoint="/v1/chat/completions")
    assert not findings.ok
    assert "unclear_endpoint" not in {error.rule for error in findings.warnings}


@pytest.mark.parametrize("provider", ["mistral", "together", "fireworks", "novita", "openai"])
def test_body_with_messages_shows_its_endpoint(provider: str) -> None:
    report = check([row()], provider=provider)
    assert "unclear_endpoint" not in {error.rule for error in report.warnings}


# -- misspelled parameters ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "suggestion"),
    [
        ("temprature", "temperature"),
        ("max_token", "max_tokens"),
        ("frequency_penality", "frequency_penalty"),
        ("enable_thinkng", "enable_thinking"),
    ],
)
def test_unknown_parameter_close_to_a_known_one_is_a_warning(name: str, suggestion: str) -> None:
    [warning] = check_request(row(**{name: 1}), provider="compatible")

    assert (warning.rule, warning.severity) == ("misspelled_parameter", "warning")
    assert warning.param == f"body.{name}"
    assert warning.message.endswith(f"Did you mean '{suggestion}'?")


@pytest.mark.parametrize(
    "name", ["top_k", "top_a", "min_p", "tool", "seeds", "stops", "my_own_parameter", "x" * 70, ""]
)
def test_other_unknown_parameters_pass(name: str) -> None:
    assert check_request(row(**{name: 1}), provider="compatible") == []


def test_unknown_parameter_passes_if_the_similar_known_one_is_present() -> None:
    assert check_request(row(temprature=1, temperature=1), provider="compatible") == []


def test_known_parameters_must_have_the_right_type() -> None:
    [error] = check_request(row(temperature="1", seed="2"), provider="vllm")[:1]

    assert (error.rule, error.param) == ("invalid_type", "body.temperature")
    assert check_request(row(temperature=None, tool_choice={"x": 1}), provider="vllm") == []


@pytest.mark.parametrize("messages", [[{"content": "x"}], ["x"], "x", {}, None])
def test_messages_must_be_a_list_of_objects_with_a_role(messages: Any) -> None:
    assert not check([row(messages=messages)], provider="compatible").ok


# -- hints for OpenAI -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "provider"),
    [
        ("gpt-5.4", None),
        ("gpt-5.4-mni", None),
        ("ft:gpt-4.1-mini:acme::1", None),
        ("openai/gpt-4o", None),
        ("m", None),
        ("my-model", None),
        ("meta-llama/Llama-3.3-70B-Instruct", "compatible"),
        ("claude-sonnet-5", "compatible"),
        ("deepseek-r1", "compatible"),
        ("qwen-plus", "dashscope"),
        ("qwen3.7-max", "dashscope"),
        ("glm-4-plus", "zhipu"),
        ("kimi-k3", "moonshot"),
        ("mistral-small-latest", "mistral"),
        ("gemini-3-flash", "gemini"),
        ("llama-3.1-8b-instant", "groq"),
        ("accounts/fireworks/models/llama-v3p1-8b-instruct", "fireworks"),
        ("Pro/deepseek-ai/DeepSeek-V3", "siliconflow"),
    ],
)
def test_model_name_identifies_its_provider(model: str, provider: str | None) -> None:
    assert provider_of_model(model) == provider


def test_openai_models_do_not_suggest_another_provider() -> None:
    from batchlint.providers import known_models

    assert [model for model in known_models() if provider_of_model(model)] == []


def test_report_has_a_hint_only_for_openai() -> None:
    requests = [row(model="qwen-plus")]

    assert "use `--provider dashscope`" in (check(requests).hint or "")
    assert check(requests, provider="compatible").hint is None
    assert check([row()]).hint is None
    assert check(requests).ok
    assert check(requests).warnings == ()


@pytest.mark.parametrize(
    ("url", "hint"),
    [
        (
            "/chat/completions",
            "Did you mean /v1/chat/completions? For Azure OpenAI, use `--provider azure`.",
        ),
        ("/v1/rerank", "'/v1/rerank' is not a batch endpoint. For vLLM, use `--provider vllm`."),
        ("/v4/embeddings", "For Zhipu AI, use `--provider zhipu`."),
        ("/v1/nope", "'/v1/nope' is not a batch endpoint. The body was skipped."),
    ],
)
def test_url_of_another_provider_gets_a_hint(url: str, hint: str) -> None:
    [error] = check_request(row() | {"url": url})

    assert error.rule == "invalid_url"
    assert hint in (error.hint or "")


def test_lines_of_another_provider_get_a_hint() -> None:
    [error] = check([{"custom_id": "a", "body": {}}]).errors

    assert error.rule == "not_a_batch_file"
    assert "use `--provider together`, `--provider mistral`, or `--provider fireworks`." in (
        error.hint or ""
    )
