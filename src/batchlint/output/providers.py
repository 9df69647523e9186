"""Describe providers as text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from ..providers import Limits, Provider, provider, provider_index
from .wrapping import wrap

#: The column in which descriptions begin.
_COLUMN: Final = 22

#: The unit of each limit.
LIMIT_UNITS: Final[Mapping[str, str]] = {
    "requests": "requests",
    "bytes": "bytes",
    "line_bytes": "bytes per line",
    "embedding_inputs": "embedding inputs",
    "embedding_requests": "embedding requests",
}

#: Labels for facts whose names are not good labels.
_LABELS: Final[Mapping[str, str]] = {
    f"limits.{limit}": unit for limit, unit in LIMIT_UNITS.items()
} | {
    "any_method": "methods",
    "bodies": "body",
    "default": "default endpoint",
    "uses_file_endpoint": "endpoint of the batch",
    "endpoints": "URLs",
    "parameters": "provider-specific parameters",
}


#: Labels for the rules whose severity a provider changes, by severity.
_RULE_LABELS: Final[Mapping[str, str]] = {
    "off": "disabled rules",
    "warning": "rules as warnings",
    "error": "rules as errors",
}


def list_providers(width: int | None = None) -> Iterator[str]:
    """Yield one row per provider, wrapped to the width of the terminal.

    Args:
        width: the width of the terminal in columns. None disables wrapping.
    """
    column = max(map(len, provider_index())) + 2
    for name, row in provider_index().items():
        yield _row(name, row["service"], column, width)


def explain_provider(name: str, width: int | None = None) -> str:
    """Return all facts about a provider, with their sources.

    Args:
        name: the name of the provider.
        width: the width of the terminal in columns. None disables wrapping.

    Raises:
        ValueError: there is no such provider.
    """
    profile = provider(name)
    parts = [f"{profile.name}: {profile.title}\n\n"]
    parts += [_row(label, text, _COLUMN, width) for label, text in facts(profile)]
    parts += [_row("note", note, _COLUMN, width) for note in profile.notes]
    parts.append("\nSources\n")
    for source, about in by_source(profile).items():
        text = f"{source}: {', '.join(about)}"
        parts.append(f"  {wrap(text, width, 4, 2)}\n")
    return "".join(parts)


def by_source(profile: Provider) -> dict[str, list[str]]:
    """Return the labels of the facts that each source supports."""
    found: dict[str, list[str]] = {}
    for fact, sources in profile.sources.items():
        for source in sources:
            found.setdefault(source, []).append(_LABELS.get(fact, fact))
    return found


def facts(profile: Provider) -> Iterator[tuple[str, str]]:
    """Yield the facts about a provider, as (label, text)."""
    yield "service", profile.service
    yield "line", line(profile)
    yield "URLs", ", ".join([*profile.endpoints, *(f"*{end}" for end in profile.suffixes)])
    yield "model", model(profile)
    for limit, unit in LIMIT_UNITS.items():
        if text := bound(profile, limit):
            yield unit, text
    if text := custom_id(profile):
        yield "custom_id", text
    if text := window(profile):
        yield "window", text
    yield "body", body(profile)
    yield from _rules(profile)


def line(profile: Provider) -> str:
    """Return the fields of a line."""
    return ", ".join(
        name if required else f"{name} (optional)" for name, required in profile.line_fields.items()
    )


def model(profile: Provider) -> str:
    """Return where the model is named and how many models a file may have."""
    where = (
        "in every body" if profile.needs_model else "in the body, or set by the job or the server"
    )
    count = {
        True: "one per file",
        False: "several per file",
        None: "unknown whether a file may have several",
    }
    return f"{where}; {count[profile.single_model]}"


def bound(profile: Provider, limit: str) -> str:
    """Return a limit. Empty if none is known."""
    assert limit in Limits._fields
    safe = getattr(profile.safe_limits, limit)
    highest = getattr(profile.limits, limit)
    if safe is None:
        return ""
    if highest is None:
        return f"{safe:,} (above this, a warning)"
    if safe == highest:
        return f"{safe:,}"
    return f"{safe:,} (a warning up to {highest:,}, an error above)"


def custom_id(profile: Provider) -> str:
    """Return the limits for custom_ids. Empty if none are known."""
    limits = profile.custom_id
    texts = [f"at least {limits['min']} characters"] if "min" in limits else []
    texts += [f"at most {limits['max']} characters"] if "max" in limits else []
    texts += [f"pattern {limits['pattern']}"] if "pattern" in limits else []
    return ", ".join(texts) + (" (otherwise a warning)" if limits.get("doubtful") else "")


def window(profile: Provider) -> str:
    """Return the completion window. Empty if it is unknown."""
    if profile.window is None:
        return ""
    shortest, longest = profile.window
    return f"{shortest}h" if shortest == longest else f"{shortest}h to {longest}h"


def body(profile: Provider) -> str:
    """Return how bodies are checked."""
    if profile.has_openai_models:
        return "checked against OpenAI's schemas, and by all rules"
    if not profile.checks_types_only:
        return "checked against OpenAI's schemas, without checks that depend on the model"
    return "the types of known parameters are checked; others are allowed"


def _rules(profile: Provider) -> Iterator[tuple[str, str]]:
    changes: dict[str, Any] = {"off": [], "warning": [], "error": []}
    for name, change in profile.rules.items():
        if change.severity is not None:
            changes["off" if change.severity == "none" else change.severity].append(name)
    for severity, names in changes.items():
        if names:
            yield _RULE_LABELS[severity], ", ".join(names)
    codes: dict[str, list[str]] = {}
    for name, change in profile.rules.items():
        if change.code:
            codes.setdefault(change.code, []).append(name)
    for code, names in codes.items():
        yield f"code {code}", ", ".join(names)


def _row(label: str, text: str, column: int, width: int | None) -> str:
    """Return a label and its description.

    The description begins at `column`, or two spaces after a label that is too long.
    """
    label = f"{label:{column - 2}}  "
    return f"{label}{wrap(text, width, column, len(label))}\n"
