"""The rules of `rules/models.py`: models at the wrong endpoint, and malformed names."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from batchlint import BatchError, check_request
from rules.helpers import each
from support import BODIES, URLS, request

CHAT = "/v1/chat/completions"
RESPONSES = "/v1/responses"
EMBEDDINGS = "/v1/embeddings"
GENERATIONS = "/v1/images/generations"


class MisplacedModel(NamedTuple):
    model: str
    url: str
    rule: str
    hint: str

    @property
    def name(self) -> str:
        return f"{self.model} at {self.url}"


def about_model(url: str, model: str) -> list[BatchError]:
    return check_request(request("a", url, model=model))


@each(
    [
        MisplacedModel(
            "gpt-5.4-pro", CHAT, "wrong_endpoint", "This model is available at /v1/responses."
        ),
        MisplacedModel(
            "gpt-4o",
            EMBEDDINGS,
            "wrong_endpoint",
            "This model is available at /v1/chat/completions and /v1/responses.",
        ),
        MisplacedModel(
            "ft:gpt-4o:acme::1",
            EMBEDDINGS,
            "wrong_endpoint",
            "This model is available at /v1/chat/completions and /v1/responses.",
        ),
        MisplacedModel(
            "gpt-audio",
            RESPONSES,
            "not_a_responses_model",
            "This model is available at /v1/chat/completions.",
        ),
        MisplacedModel(
            "whisper-1",
            RESPONSES,
            "not_a_responses_model",
            "This model is not available at any batch endpoint. Use another model.",
        ),
        MisplacedModel(
            "gpt-4.1",
            GENERATIONS,
            "not_an_image_model",
            "This model is available at /v1/chat/completions and /v1/responses.",
        ),
        MisplacedModel(
            "gpt-6.2-sol",
            EMBEDDINGS,
            "doubtful_endpoint",
            "This model is available at /v1/chat/completions and /v1/responses.",
        ),
    ]
)
def test_model_at_the_wrong_endpoint_is_reported_with_the_correct_endpoints(
    case: MisplacedModel,
) -> None:
    (error,) = about_model(case.url, case.model)

    assert error.rule == case.rule
    assert error.hint == case.hint
    assert error.pointer == "/body/model"


def test_misplaced_model_at_an_images_endpoint_has_the_code_invalid_value() -> None:
    (error,) = about_model(GENERATIONS, "gpt-4.1")

    assert (error.code, error.param) == ("invalid_value", "body.model")
    assert error.message == "The model 'gpt-4.1' does not exist."


@pytest.mark.parametrize("url", URLS)
@pytest.mark.parametrize(
    "model",
    [
        "gpt-7",
        "gpt-5.9-mini",
        "my-model",
        "llama-3.3-70b",
        "gpt-6.2-terra",
        "o5",
        "ft:gpt-9:me::1",
    ],
)
def test_unknown_model_has_no_findings(model: str, url: str) -> None:
    assert [error.rule for error in about_model(url, model)] == []


@pytest.mark.parametrize("url", BODIES)
@pytest.mark.parametrize("model", ["gpt 4o", " gpt-4o", "gpt-4o\n"])
def test_model_name_with_whitespace_is_rejected(model: str, url: str) -> None:
    (error,) = about_model(url, model)

    rules = {
        RESPONSES: "model_not_found",
        GENERATIONS: "invalid_value",
        "/v1/images/edits": "invalid_value",
    }
    assert error.rule == rules.get(url, "invalid_model_name")
    assert error.severity == "error"
    assert error.pointer == "/body/model"
