"""The other tests in this directory prove nothing without inputs."""

from __future__ import annotations

from batchlint.providers import model_families, model_family
from strategies import BODIES_SEEN, LINES, MODELS
from support import URLS


def test_fixtures_provide_enough_lines_and_bodies() -> None:
    assert len(LINES) > 500
    assert len(BODIES_SEEN) > 500
    assert {url for url, _ in BODIES_SEEN} == set(URLS)


def test_models_cover_every_family() -> None:
    found = {family.name for model in MODELS if (family := model_family(model)) is not None}

    assert found == model_families().keys()
