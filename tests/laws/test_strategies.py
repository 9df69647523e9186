"""`strategies.py` provides enough inputs for the other tests in this directory."""

from __future__ import annotations

from batchlint.providers import model_families, model_family
from strategies import FIXTURE_BODIES, LINES, MODELS
from support import URLS


def test_fixtures_provide_enough_lines_and_bodies() -> None:
    assert len(LINES) > 500
    assert len(FIXTURE_BODIES) > 500
    assert {url for url, _ in FIXTURE_BODIES} == set(URLS)


def test_models_cover_every_family() -> None:
    found = {family.name for model in MODELS if (family := model_family(model)) is not None}

    assert found == model_families().keys()
