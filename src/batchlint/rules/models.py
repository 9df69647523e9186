"""Rules about model names and endpoints. The schemas perform these checks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..findings import PathParts
from ..providers import Provider, model_family
from .registry import stated_in_schema


def _endpoint_hint(body: Mapping[str, Any], _path: PathParts, provider: Provider) -> str | None:
    """List the endpoints at which the model is available."""
    model = body.get("model")
    family = model_family(model) if isinstance(model, str) else None
    if family is None or family.endpoints is None:
        return None
    urls = [provider.url_of(endpoint) for endpoint in family.endpoints]
    return (
        f"This model is available at {' and '.join(urls)}."
        if urls
        else "This model is not available at any batch endpoint. Use another model."
    )


@stated_in_schema(hint=_endpoint_hint)
def wrong_endpoint() -> None:
    """The model is not available at this endpoint.

    At this endpoint, the API rejects every request to the model, usually with status
    404. The errors appear in the batch's error file.

    Fails: /v1/chat/completions {"model": "gpt-5-pro", "messages": [{"role": "user",
            "content": "Hi"}]}
    Passes: /v1/chat/completions {"model": "gpt-5.4", "messages": [{"role": "user",
            "content": "Hi"}]}

    Fix: Use an endpoint that the hint names, or another model.

    Evidence: confirmed. Recorded responses (June 2025 to March 2026) and users'
    reports show the messages of chat completions, completions and embeddings, which
    have no code. For moderations, videos and some completions models, the evidence
    is that litellm 1.110.2 and gpt-tokenizer 4.0.0 list the same endpoints (read on
    27 November 2026). In those cases, the message is batchlint's own.
    """


@stated_in_schema(code="model_not_found", hint=_endpoint_hint)
def not_a_responses_model() -> None:
    """The model is not available at `/v1/responses`.

    At this endpoint, the API rejects every request to the model. The errors appear
    in the batch's error file.

    Fails: /v1/responses {"model": "gpt-audio", "input": "Hi"}
    Passes: /v1/responses {"model": "gpt-4o", "input": "Hi"}

    Fix: Use an endpoint that the hint names, or another model.

    Evidence: confirmed. Recorded responses from 4 October 2025 and 3 August 2026, and
    users' reports.
    """


@stated_in_schema(code="invalid_value", hint=_endpoint_hint)
def not_an_image_model() -> None:
    """The model cannot generate or edit images.

    At the image endpoints, the API rejects every request to this model and reports that
    the model does not exist. The errors appear in the batch's error file.

    Fails: /v1/images/generations {"model": "gpt-4.1", "prompt": "a cat"}
    Passes: /v1/images/generations {"model": "gpt-image-2", "prompt": "a cat"}

    Fix: Use an endpoint that the hint names, or an image model.

    Evidence: confirmed. Recorded responses for gpt-4.1, o4-mini and
    gpt-4o-audio-preview (July 2025). The message is from a recorded response from
    August 2026.
    """


@stated_in_schema(fails=None, hint=_endpoint_hint)
def doubtful_endpoint() -> None:
    """The model may not be available at this endpoint.

    This is a warning because public lists of models disagree about this model, or
    because only one of them includes it.

    Fails: /v1/embeddings {"model": "gpt-6.2-sol", "input": "Hi"}
    Passes: /v1/responses {"model": "gpt-6.2-sol", "input": "Hi"}

    Fix: Send one request to the endpoint before you create the batch, or use
    another model.

    Evidence: inferred. The lists are those of litellm 1.110.2 and gpt-tokenizer
    4.0.0, read on 27 November 2026.
    """


@stated_in_schema(hint="The name contains whitespace. Copy it from the provider's list of models.")
def invalid_model_name() -> None:
    """The model's name contains whitespace.

    The API rejects every request with this name, because no model has such a name.
    The errors appear in the batch's error file. On `/v1/responses`, `model_not_found`
    reports such a name. On the image endpoints, `invalid_value` does.

    Fails: /v1/chat/completions {"model": "gpt 4o", "messages": [{"role": "user",
            "content": "Hi"}]}
    Passes: /v1/chat/completions {"model": "gpt-4o", "messages": [{"role": "user",
            "content": "Hi"}]}

    Fix: Copy the name from the provider's list of models.

    Evidence: confirmed. A recorded response from 17 April 2026, which has neither code
    nor param.
    """
