"""The library's `provider` argument, and Azure OpenAI in detail."""

from __future__ import annotations

from typing import Any

import pytest

from batchlint import check, check_create, check_many, check_request, iter_errors
from batchlint.providers import known_models, reported_shutdown_dates, shutdown_dates
from batchlint.rules.registry import resolve_rule_names
from support import NOW

MESSAGES = [{"role": "user", "content": "Hi"}]


def row(url: str, model: str = "m", custom_id: str = "request-1", **body: Any) -> dict[str, Any]:
    body = {"model": model, "messages": MESSAGES} | body
    return {"custom_id": custom_id, "method": "POST", "url": url, "body": body}


def short(custom_id: str, **body: Any) -> dict[str, Any]:
    return {"custom_id": custom_id, "body": {"model": "m", **body}}


# -- the argument ---------------------------------------------------------------------------------


def test_every_function_takes_a_provider() -> None:
    request = row("/chat/completions")

    assert check([request], provider="azure").ok
    assert check([request], provider="azure").provider == "azure"
    assert list(iter_errors([request], provider="azure")) == []
    assert check_request(request, provider="azure") == []
    assert [error.code for error in check_request(request)] == ["invalid_url"]
    assert check_create({"input_file_id": "f"}, provider="groq") == []
    assert [name for name, _ in check_many([], provider="azure")] == []


@pytest.mark.parametrize("function", [check, iter_errors])
def test_unknown_provider_raises_value_error(function: Any) -> None:
    with pytest.raises(ValueError, match="unknown provider 'grok'; did you mean groq"):
        function([], provider="grok")
    with pytest.raises(ValueError, match="unknown provider"):
        check_request({}, provider="grok")
    with pytest.raises(ValueError, match="unknown provider"):
        check_create({}, provider="grok")


def test_endpoint_must_belong_to_the_provider() -> None:
    with pytest.raises(ValueError, match="'/v1/videos' is not a batch endpoint of Groq"):
        check([], provider="groq", endpoint="/v1/videos")


def test_rule_that_is_off_by_default_can_be_enabled() -> None:
    requests = [row("/v1/chat/completions", "m"), row("/v1/chat/completions", "n", "b")]

    assert check(requests, provider="vllm").warnings == ()
    [warning] = check(requests, provider="vllm", warn=["mismatched_model"]).warnings
    assert warning.rule == "mismatched_model"


# -- windows --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("provider", "window", "ok"),
    [
        ("groq", "24h", True),
        ("groq", "7d", True),
        ("groq", "8d", False),
        ("groq", "23h", False),
        ("moonshot", "12h", True),
        ("moonshot", "11h", False),
        ("dashscope", "336h", True),
        ("dashscope", "14d", True),
        ("dashscope", "337h", False),
        ("azure", "48h", False),
        ("compatible", "5 minutes", True),
    ],
)
def test_valid_completion_windows_depend_on_the_provider(
    provider: str, window: str, ok: bool
) -> None:
    call = {"input_file_id": "f", "endpoint": "/v1/chat/completions", "completion_window": window}
    errors = check_create(call, provider=provider)

    assert [error.param for error in errors] == ([] if ok else ["completion_window"])
    assert all(f"'{window}'" in error.message for error in errors)


# -- lines without a URL --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "endpoint"),
    [
        ({"messages": MESSAGES}, "/v1/chat/completions"),
        ({"input": "x"}, "/v1/embeddings"),
        ({"prompt": "x"}, "/v1/fim/completions"),
        ({"document": {}}, None),
    ],
)
def test_endpoint_is_inferred_from_the_body_if_a_line_has_no_url(
    body: dict[str, Any], endpoint: str | None
) -> None:
    report = check([short("a", **body)], provider="mistral")

    assert report.ok
    assert report.endpoint == endpoint


def test_batch_endpoint_takes_precedence_over_the_body() -> None:
    request = short("a", input="x")

    assert check([request], provider="mistral").ok
    report = check([request], provider="mistral", endpoint="/v1/chat/completions")
    assert [error.rule for error in report.errors] == ["missing_messages"]


def test_mixed_endpoints_are_reported_at_the_body_if_lines_have_no_url() -> None:
    requests = [short("a", input="x"), short("b", input="y"), short("c", messages=MESSAGES)]
    [warning] = check(requests, provider="mistral").warnings

    assert (warning.rule, warning.line, warning.param) == ("mismatched_url", 3, "body")


# -- Azure OpenAI ---------------------------------------------------------------------------------


def test_azure_deployment_may_have_the_name_of_any_model() -> None:
    """No rule or schema that depends on the model applies."""
    names = [*known_models(), *shutdown_dates(), *reported_shutdown_dates(), "gpt-4o-mni", "ft:a:b"]
    body: dict[str, Any] = {
        "temperature": 0.2,
        "max_tokens": 5,
        "logprobs": True,
        "stop": "x",
        "top_p": 0.5,
    }
    for name in dict.fromkeys(names):
        report = check([row("/chat/completions", name, **body)], provider="azure", now=NOW)
        assert (report.errors, report.warnings) == ((), ()), name


@pytest.mark.parametrize("url", ["/chat/completions", "/v1/chat/completions"])
@pytest.mark.parametrize("endpoint", [None, "/chat/completions", "/v1/responses"])
def test_azure_endpoint_is_determined_by_the_file(url: str, endpoint: str | None) -> None:
    report = check([row(url)], provider="azure", endpoint=endpoint)

    assert report.ok
    assert report.endpoint == url


def test_azure_findings_have_the_codes_of_azure() -> None:
    url = "/chat/completions"
    cases: list[tuple[Any, str]] = [
        ([row(url, "d"), row("/v1/chat/completions", "d", "b")], "url_mismatch"),
        ([row("/v1/embeddings")], "url_mismatch"),
        ([row(url, "d"), row(url, "e", "b")], "model_mismatch"),
        ([row(url), row(url)], "duplicate_custom_id"),
        ([{"custom_id": "a", "method": "POST", "url": url}], "invalid_request"),
        (b'{"a": x}', "invalid_json_line"),
        (b"", "empty_file"),
    ]
    for data, code in cases:
        [error] = check(data, provider="azure").errors
        assert (error.code, error.fails) == (code, "batch")


def test_rules_can_be_selected_by_azure_code() -> None:
    requests = [row("/chat/completions", "d"), row("/v1/chat/completions", "d", "b")]

    assert check(requests, provider="azure", ignore=["url_mismatch"]).ok
    assert not check(requests, provider="azure", select=["url_mismatch"]).ok
    assert resolve_rule_names("too_many_tasks") == ["too_many_requests"]


def test_byte_order_mark_is_reported_with_the_message_of_azure() -> None:
    line = b'{"custom_id":"a","method":"POST","url":"/chat/completions","body":{"model":"d",'
    [error] = check(
        b"\xef\xbb\xbf" + line + b'"messages":[{"role":"user","content":"Hi"}]}}', provider="azure"
    ).errors

    assert error.rule == "byte_order_mark"
    assert "A valid model deployment name couldn't be extracted" in error.message


def test_azure_rejects_everything_that_openai_rejects() -> None:
    """It is the same API, so bodies are checked against OpenAI's schemas."""
    requests = [row("/chat/completions", bogus=1), row("/chat/completions", stream=True)]
    codes = [[error.code for error in check([one], provider="azure").errors] for one in requests]

    assert codes == [["unknown_parameter"], ["streaming_unsupported"]]
