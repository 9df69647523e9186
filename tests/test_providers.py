"""Providers, endpoints and model families."""

from __future__ import annotations

import re
from datetime import date

import pytest

from batchlint import data
from batchlint.providers import (
    CHAT,
    EMBEDDINGS,
    ENDPOINTS,
    MODERATIONS,
    RESPONSES,
    VIDEOS,
    Endpoint,
    Limits,
    context_window,
    model_families,
    model_family,
    patching_family,
    provider,
    schema_date,
    shutdown_dates,
)
from batchlint.schema.store import body_schema
from support import BODIES

ALL_ENDPOINTS = list(ENDPOINTS.values())


# -- providers ------------------------------------------------------------------------------------


def test_openai_is_the_default_provider() -> None:
    assert provider() == provider("openai")
    assert provider().name == "openai"
    assert provider().title == "OpenAI"


def test_openai_has_eight_endpoints_in_the_order_of_its_documentation() -> None:
    assert list(provider().endpoints) == list(BODIES)
    assert set(provider().endpoints.values()) == set(ALL_ENDPOINTS)
    assert provider().endpoints["/v1/chat/completions"] is CHAT
    assert provider().endpoints["/v1/embeddings"] is EMBEDDINGS


def test_openai_has_the_limits_of_its_documentation() -> None:
    assert provider().limits == Limits(
        requests=50_000,
        bytes=209_715_200,
        documented_bytes=200_000_000,
        embedding_inputs=50_000,
    )


def test_unknown_provider_raises_value_error_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match="unknown provider 'nope'; known are openai"):
        provider("nope")


# -- endpoints ------------------------------------------------------------------------------------


@pytest.mark.parametrize("endpoint", ALL_ENDPOINTS, ids=lambda endpoint: endpoint.name)
def test_endpoint_names_parameters_of_its_schema(endpoint: Endpoint) -> None:
    schema = body_schema(endpoint)
    in_body = endpoint.items or endpoint.parts

    assert set(in_body) <= schema["properties"].keys()
    assert ENDPOINTS[endpoint.name] is endpoint


@pytest.mark.parametrize("endpoint", ALL_ENDPOINTS, ids=lambda endpoint: endpoint.name)
def test_endpoint_with_a_default_model_does_not_require_one(endpoint: Endpoint) -> None:
    has_default = endpoint.default_model is not None

    assert has_default == (endpoint in (MODERATIONS, VIDEOS))
    assert not (has_default and "model" in body_schema(endpoint)["required"])


def test_provider_knows_the_url_of_an_endpoint() -> None:
    openai = provider()

    assert [openai.url_of(endpoint) for endpoint in openai.endpoints.values()] == list(
        openai.endpoints
    )
    assert openai._replace(endpoints={}).url_of(VIDEOS) == "videos"


# -- model families -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "family"),
    [
        ("gpt-4.1", "gpt-4.1"),
        ("gpt-4.1-mini", "gpt-4.1"),
        ("gpt-4.1-2025-04-14", "gpt-4.1"),
        ("ft:gpt-4.1-mini:acme::1", "gpt-4.1"),
        ("text-embedding-3-large", "text-embedding-3-large"),
        ("davinci-002", "base completion models"),
    ],
)
def test_model_family_matches_snapshots_and_fine_tuned_models(model: str, family: str) -> None:
    found = model_family(model)

    assert found is not None
    assert found.name == family


@pytest.mark.parametrize("model", ["", "m", "gpt", "xgpt-4.1", "gpt-4.1x", "ft:", "ft:m"])
def test_unknown_model_has_no_family(model: str) -> None:
    assert model_family(model) is None


def test_very_long_model_has_no_family() -> None:
    """Patterns end in `.*`, so only the length excludes it."""
    suffix = "gpt-image-2.5"

    assert model_family(suffix + "x" * (256 - len(suffix))) is not None
    assert model_family(suffix + "x" * (257 - len(suffix))) is None


def test_model_families_have_patterns_and_patches_of_schemas() -> None:
    schemas = {endpoint.schema for endpoint in ALL_ENDPOINTS}
    for name, family in model_families().items():
        assert family.name == name
        assert re.fullmatch(family.pattern, "no such model") is None
        assert family.patches.keys() <= schemas


def test_patching_family_is_named_only_for_schemas_that_it_changes() -> None:
    (chat_only,) = {
        model
        for model in ("text-embedding-3-large",)
        if patching_family(EMBEDDINGS, model) and not patching_family(CHAT, model)
    }

    assert patching_family(EMBEDDINGS, chat_only) == "text-embedding-3-large"
    assert patching_family(RESPONSES, chat_only) == ""


@pytest.mark.parametrize("model", [None, 7, [], {}, "m"], ids=repr)
def test_model_without_a_family_patches_nothing(model: object) -> None:
    assert patching_family(CHAT, model) == ""


def test_context_window_is_that_of_the_family() -> None:
    family = model_family("gpt-4.1")
    assert family is not None

    assert context_window("gpt-4.1") == family.context == 1_047_576
    assert context_window("m") is None


# -- dates ----------------------------------------------------------------------------------------


def test_dates_are_in_iso_format() -> None:
    assert date.fromisoformat(schema_date()) > date(2026, 1, 1)
    assert shutdown_dates()
    for model, day in shutdown_dates().items():
        assert model
        assert date.fromisoformat(day) > date(2023, 1, 1)


# -- data -----------------------------------------------------------------------------------------


def test_data_reads_a_file_by_its_name_without_the_suffix() -> None:
    assert data.read("v1/embeddings")["properties"]["input"]
    assert data.read("models")["families"]


def test_data_returns_a_new_object_each_time() -> None:
    """Callers change what they read."""
    data.read("batch-request").clear()

    assert data.read("batch-request")


def test_missing_data_raises_runtime_error() -> None:
    """Callers would take a FileNotFoundError for one of the user's files."""
    with pytest.raises(RuntimeError, match=r"installation of batchlint is incomplete: nope\.json"):
        data.read("nope")
