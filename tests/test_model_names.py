"""Misspelled model names get a suggestion, unless they may be the names of newer models."""

from __future__ import annotations

import pytest

from batchlint import model_names
from batchlint.model_names import suggest_models
from batchlint.providers import known_models
from support import count_calls


@pytest.mark.parametrize(
    ("model", "suggestion"),
    [
        ("gpt-5.4-mni", "gpt-5.4-mini"),
        ("gtp-4o-mini", "gpt-4o-mini"),
        ("GPT-4o", "gpt-4o"),
        (" gpt-4o ", "gpt-4o"),
        ("gpt_4o_mini", "gpt-4o-mini"),
        ("openai/gpt-5", "gpt-5"),
        ("text-embeding-3-smal", "text-embedding-3-small"),
        ("gpt5.4", "gpt-5.4"),
    ],
)
def test_misspelled_model_gets_a_suggestion(model: str, suggestion: str) -> None:
    assert suggest_models([model]) == {model: suggestion}


@pytest.mark.parametrize(
    "model",
    [
        pytest.param("gpt-4o", id="known"),
        pytest.param("gpt-5.7", id="another version"),
        pytest.param("gpt-5.9-mini", id="another version of a variant"),
        pytest.param("gpt-6.2-sol-2027-01-01", id="another date"),
        pytest.param("ft:gpt-4o-mni:me::1", id="fine-tuned"),
        pytest.param("txt-embeding-3-smal", id="three edits"),
        pytest.param("tgt-5-x", id="two edits in a short name"),
        pytest.param("llama-3.3-70b", id="another provider"),
        pytest.param("", id="empty"),
        pytest.param("x" * 1000, id="long"),
    ],
)
def test_model_name_that_may_be_correct_gets_no_suggestion(model: str) -> None:
    assert suggest_models([model]) == {}


def test_known_models_get_no_suggestion() -> None:
    assert suggest_models(known_models()) == {}


def test_only_misspelled_models_of_a_file_are_in_the_result() -> None:
    assert suggest_models(["gpt-5.4-mni", "gpt-4o", "gtp-4o"]) == {
        "gpt-5.4-mni": "gpt-5.4-mini",
        "gtp-4o": "gpt-4o",
    }


def test_number_of_compared_names_is_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each comparison takes up to a millisecond, and a file may have thousands of unknown names."""
    monkeypatch.setattr(model_names, "_MAX_NAMES", 20)
    names = [f"gpt-4o-mini-search-prev-{a}{b}" for a in "abcdefghij" for b in "qrstuvwxyz"]
    suggest_models(names)  # Load the known models.

    assert count_calls(suggest_models, names) < 2 * count_calls(suggest_models, names[:20])
