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
    VIDEOS,
    Endpoint,
    Limits,
    ModelFamily,
    context_window,
    known_models,
    model_families,
    model_family,
    provider,
    reported_shutdown_dates,
    schema_date,
    schema_patches,
    schema_variant,
    schema_variants,
    shutdown_dates,
    successors,
    unbatchable_models,
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


def test_openai_limits_match_the_known_values() -> None:
    assert provider().limits == Limits(requests=50_000, bytes=209_715_200, embedding_inputs=50_000)
    assert provider().safe_limits == provider().limits._replace(bytes=200_000_000)


def test_unknown_provider_raises_value_error_with_the_known_ones() -> None:
    with pytest.raises(
        ValueError, match="unknown provider 'nope'; the providers are openai, compatible, azure"
    ):
        provider("nope")


@pytest.mark.parametrize(("name", "suggestion"), [("grok", "groq"), ("Azure", "azure")])
def test_misspelled_provider_raises_value_error_with_near_names(name: str, suggestion: str) -> None:
    with pytest.raises(ValueError, match=f"unknown provider '{name}'; did you mean {suggestion}"):
        provider(name)


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
    """The pattern allows any number of digits, so only the length excludes it."""
    prefix = "gpt-image-2."

    assert model_family(prefix + "5" * (256 - len(prefix))) is not None
    assert model_family(prefix + "5" * (257 - len(prefix))) is None


@pytest.mark.parametrize("family", model_families().values(), ids=lambda family: family.name)
def test_model_family_has_patterns_and_variants_of_schemas(family: ModelFamily) -> None:
    schemas = {endpoint.schema: endpoint for endpoint in ALL_ENDPOINTS}

    assert model_families()[family.name] is family
    for pattern in family.patterns:
        assert re.fullmatch(pattern, "no such model") is None
        assert pattern[0] not in "([.^\\", "few patterns have to be compiled"
    assert family.variants.keys() <= schemas.keys()
    for schema, variant in family.variants.items():
        assert variant in schema_variants(schemas[schema])


def test_known_model_has_the_family_whose_pattern_matches_first() -> None:
    for model, name in known_models().items():
        matching = [
            family.name
            for family in model_families().values()
            if any(re.fullmatch(pattern, model) for pattern in family.patterns)
        ]
        assert name == (matching[0] if matching else ""), model
        found = model_family(model)
        assert (found.name if found else "") == name


def test_models_that_accept_the_same_parameters_share_a_variant() -> None:
    assert schema_variant(CHAT, "gpt-5.4") == schema_variant(CHAT, "ft:gpt-5.4:acme::1") != ""
    assert schema_variant(EMBEDDINGS, "gpt-4o") == schema_variant(EMBEDDINGS, "gpt-5")
    assert schema_variant(EMBEDDINGS, "text-embedding-3-large") != ""


@pytest.mark.parametrize("model", [None, 7, [], {}, "m"], ids=repr)
def test_model_without_a_family_has_the_plain_schema(model: object) -> None:
    assert schema_variant(CHAT, model) == ""


@pytest.mark.parametrize("endpoint", ALL_ENDPOINTS, ids=lambda endpoint: endpoint.name)
def test_every_variant_patches_its_schema(endpoint: Endpoint) -> None:
    assert schema_variants(endpoint)
    for variant in schema_variants(endpoint):
        patches = list(schema_patches(endpoint, variant))
        assert patches
        assert all(patches)


def test_unknown_variant_raises_key_error() -> None:
    with pytest.raises(KeyError):
        list(schema_patches(CHAT, "no such variant"))


def test_context_window_comes_from_the_family() -> None:
    family = model_family("gpt-4.1")
    assert family is not None

    assert context_window("gpt-4.1") == family.context == 1_047_576
    assert context_window("m") is None


# -- dates ----------------------------------------------------------------------------------------


def test_dates_are_in_iso_format() -> None:
    assert date.fromisoformat(schema_date()) > date(2026, 1, 1)
    for dates in (shutdown_dates(), reported_shutdown_dates()):
        assert dates
        for model, day in dates.items():
            assert model in known_models()
            assert date.fromisoformat(day) > date(2023, 1, 1)


def test_announced_date_takes_precedence_over_a_reported_one() -> None:
    assert shutdown_dates().keys().isdisjoint(reported_shutdown_dates())


def test_successors_and_unbatchable_models_are_known() -> None:
    assert successors()
    assert set(successors().values()) <= known_models().keys()
    assert unbatchable_models()
    assert set(unbatchable_models()) <= known_models().keys()


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
