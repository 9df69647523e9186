"""Identifies unknown model names: finds the intended model, or the provider that offers it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from .providers import COMPATIBLE, base_model, known_models, model_family, provider_index

#: Prefixes that other tools add to the names of OpenAI models.
_PREFIXES: Final = ("openai/", "models/", "openai:")

#: Longer names are not looked up.
_MAX_LENGTH: Final = 64

#: The maximum number of unknown names in a file to compare with the known names. Each name takes up
#: to a millisecond, and a file with more unknown names probably doesn't use OpenAI's models.
_MAX_NAMES: Final = 500

#: Names of at least this length may differ from a known name by two edits. Shorter names may differ
#: by one.
_MIN_LENGTH_FOR_TWO_EDITS: Final = 16


def suggest_models(models: Iterable[str]) -> dict[str, str]:
    """Suggest a known model for each unknown name that is close to one.

    The digits must be equal, because different digits mean another version or date.

    Args:
        models: names of models. Known names, long names and fine-tuned models get no suggestion. Of
            the other names, only the first 500 in alphabetical order are compared.

    Returns:
        The suggestion for each name that has one.
    """
    unknown = sorted({model for model in models if _is_unknown(model)})[:_MAX_NAMES]
    if not unknown:
        return {}
    by_digits: dict[str, list[str]] = {}
    for known in known_models():
        by_digits.setdefault(_digits(known), []).append(known)
    suggestions = {}
    for model in unknown:
        name = _normalize(model)
        nearest = _nearest(name, by_digits.get(_digits(name), ()))
        if nearest is not None:
            suggestions[model] = nearest
    return suggestions


def provider_of_model(model: str) -> str | None:
    """Return the name of the provider that a model clearly belongs to, or None.

    OpenAI is never returned. The patterns are in `schemas/providers.yaml`, with their sources.
    """
    if not _is_unknown(model) or _normalize(model) in known_models():
        return None
    for name, row in provider_index().items():
        if name != COMPATIBLE and _matches(row["models"], model):
            return name
    return COMPATIBLE if _matches(provider_index()[COMPATIBLE]["models"], model) else None


def _matches(patterns: Iterable[str], model: str) -> bool:
    return any(re.fullmatch(pattern, model, re.IGNORECASE) for pattern in patterns)


def _is_unknown(model: str) -> bool:
    return (
        len(model) <= _MAX_LENGTH
        and model not in known_models()
        and base_model(model) == model
        and model_family(model) is None
    )


def _normalize(model: str) -> str:
    name = re.sub("[_ ]", "-", model.lower().strip())
    for prefix in _PREFIXES:
        name = name.removeprefix(prefix)
    return name


def _digits(name: str) -> str:
    return re.sub(r"\D", "", name)


def _nearest(name: str, known: Iterable[str]) -> str | None:
    """Return the known name that is the fewest edits away. None if all are too far away."""
    limit = 1 if len(name) < _MIN_LENGTH_FOR_TWO_EDITS else 2
    near = [
        (distance, other)
        for other in known
        if abs(len(other) - len(name)) <= limit
        and (distance := _edit_distance(name, other)) <= limit
    ]
    return min(near)[1] if near else None


def _edit_distance(a: str, b: str) -> int:
    """Return the minimum number of insertions, deletions, replacements and adjacent swaps."""
    rows = [list(range(len(b) + 1))]
    for i, x in enumerate(a, 1):
        row = [i]
        for j, y in enumerate(b, 1):
            steps = min(row[-1] + 1, rows[-1][j] + 1, rows[-1][j - 1] + (x != y))
            if i > 1 and j > 1 and x == b[j - 2] and a[i - 2] == y:
                steps = min(steps, rows[-2][j - 2] + 1)
            row.append(steps)
        rows.append(row)
    return rows[-1][-1]
