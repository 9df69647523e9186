"""Keeps one finding per cause, and drops problems that are consequences of another one.

A schema reports every invalid place. A body for another endpoint, or an object in the wrong form,
is invalid in several places at once, and one finding is enough.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from .. import phrasing
from ..findings import PathParts, Problem
from ..providers import (
    CHAT,
    COMPLETIONS,
    EMBEDDINGS,
    IMAGE_EDITS,
    IMAGE_GENERATIONS,
    MODERATIONS,
    RESPONSES,
    VIDEOS,
    Endpoint,
    Provider,
)
from ..rules.registry import Request
from ..schema.store import body_schema

#: The parameter that contains the prompt.
_PROMPT: Final[Mapping[Endpoint, str]] = {
    RESPONSES: "input",
    CHAT: "messages",
    EMBEDDINGS: "input",
    COMPLETIONS: "prompt",
    MODERATIONS: "input",
    IMAGE_GENERATIONS: "prompt",
    IMAGE_EDITS: "prompt",
    VIDEOS: "prompt",
}

#: Name prefixes of models whose requests have a `prompt`.
_IMAGE_MODELS: Final = ("gpt-image", "dall-e", "chatgpt-image")
_VIDEO_MODELS: Final = "sora"

#: Rules whose problems may be consequences of a wrong URL.
_WRONG_URL_SYMPTOMS: Final = frozenset(
    {
        "missing_messages",
        "missing_required_parameter",
        "moved_parameter",
        "not_a_responses_model",
        "not_an_image_model",
        "unknown_parameter",
        "wrong_endpoint",
    }
)

#: A rule whose message names a missing field, like that of `missing_required_parameter`.
_JSON_EDITS_IMAGE: Final = "json_edits_image"

#: Fields that are unknown because the object is in another endpoint's form, with the missing fields
#: that indicate this. On /v1/responses, JSON schema formats and functions are flat. In chat
#: completions, they are nested.
_OTHER_FORMS: Final = (
    (frozenset({"name", "schema", "strict", "description"}), ("json_schema",)),
    (frozenset({"json_schema"}), ("name", "schema")),
    (frozenset({"name"}), ("function",)),
    (frozenset({"function"}), ("name",)),
)


def first_of_each_cause(
    problems: Iterable[Problem], request: Request, provider: Provider
) -> list[Problem]:
    """Drop the problems of a body that are consequences of another one.

    Args:
        problems: the problems that the schema found, in the order of the API's checks.
        request: the request.
        provider: the provider, which has the URL of the endpoint that the body was written for.
    """
    kept = list(problems)
    if len(kept) > 1:
        kept = _one_per_message(_without_other_forms(kept))
    kept = _without_inner_fields(kept, request)
    return _one_per_wrong_url(kept, request, provider)


def _without_other_forms(problems: list[Problem]) -> list[Problem]:
    """Drop the consequences of a format or function in another endpoint's form."""
    missing = {
        problem.path
        for problem in problems
        if problem.path and problem.rule in ("missing_required_parameter", _JSON_EDITS_IMAGE)
    }
    return [
        problem
        for problem in problems
        if not (problem.path and _is_consequence(problem.rule, problem.path, missing))
    ]


def _is_consequence(rule: str, path: PathParts, missing: set[PathParts]) -> bool:
    """Return whether a problem is a consequence of a missing field."""
    parent = path[:-1]
    field = path[-1]

    def is_missing(*names: str) -> bool:
        return any((*parent, name) in missing for name in names)

    if rule == "unknown_parameter":
        return any(field in fields and is_missing(*names) for fields, names in _OTHER_FORMS)
    if rule != "missing_required_parameter":
        return False
    if field == "images":
        return is_missing("image", "image[]")
    return parent[-1:] == ("format",) and field == "schema" and is_missing("name")


def _one_per_message(problems: list[Problem]) -> list[Problem]:
    """Keep only the first image problem of each chat message. The API's error names the message."""
    seen: set[str] = set()
    kept: list[Problem] = []
    for problem in problems:
        if problem.rule != "image_not_from_user" or problem.message not in seen:
            kept.append(problem)
        seen.add(problem.message)
    return kept


def _without_inner_fields(problems: list[Problem], request: Request) -> list[Problem]:
    """Keep only the first problem of an object that is wrapped in another one."""
    if not any(problem.rule == "missing_required_parameter" for problem in problems):
        return problems
    wrapped: set[PathParts] = set()
    kept: list[Problem] = []
    for problem in problems:
        path = problem.path or ()
        parent = path[:-1]
        if parent in wrapped or path in wrapped:
            continue
        inner = None
        if problem.rule == "missing_required_parameter":
            inner = _wrapping_field(request, path[1:])
        if inner is None:
            kept.append(problem)
        else:
            wrapped.add(parent)
            hint = (
                "The object is wrapped in another one. Put the fields of "
                f"`{phrasing.excerpt(inner)}` in its place."
            )
            kept.append(problem._replace(hint=hint))
    return kept


def _wrapping_field(request: Request, path: PathParts) -> str | None:
    """Return the field whose object has the missing field and should replace its parent."""
    if len(path) < 2:
        return None
    parent = request.value_at(path[:-1])
    parent_name, missing = path[-2:]
    if not isinstance(parent, dict):
        return None
    candidates = [parent_name, *(parent if len(parent) == 1 else ())]
    for name in candidates:
        inner = parent.get(name) if isinstance(name, str) else None
        # A nested function or custom tool is in the form of chat completions, so it is not wrapped.
        may_wrap = name == parent_name or name not in ("function", "custom")
        if may_wrap and isinstance(inner, dict) and missing in inner:
            return str(name)
    return None


def _one_per_wrong_url(
    problems: list[Problem], request: Request, provider: Provider
) -> list[Problem]:
    """Keep only the first problem of a body that was written for another endpoint."""
    intended = _intended_endpoint(request)
    if intended is None:
        return problems
    parameters = body_schema(intended)["properties"]
    symptoms = [
        problem
        for problem in problems
        if problem.rule in _WRONG_URL_SYMPTOMS
        and problem.path is not None
        and len(problem.path) == 2
        and (problem.path[1] not in request.body or problem.path[1] in parameters)
    ]
    if not symptoms:
        return problems
    url = provider.url_of(request.endpoint)
    intended_url = provider.url_of(intended)
    hint = f'This body is written for {intended_url}. Change "url", or write a body for {url}.'
    return [
        problem._replace(hint=hint) if problem is symptoms[0] else problem
        for problem in problems
        if problem not in symptoms[1:]
    ]


def _intended_endpoint(request: Request) -> Endpoint | None:
    """Return the endpoint that a body was written for. None if it is the endpoint of its URL."""
    endpoint = request.endpoint
    body = request.body
    if body.get(_PROMPT[endpoint]) is not None:
        return None
    if endpoint is RESPONSES and body.keys() & {"prompt", "conversation"}:
        return None
    model = request.model
    if "messages" in body:
        return CHAT
    if "input" in body:
        return _endpoint_with_input(model)
    if isinstance(body.get("prompt"), str | list):
        intended = _endpoint_with_prompt(model)
        return None if intended is endpoint else intended
    return None


def _endpoint_with_input(model: str) -> Endpoint:
    if "embedding" in model:
        return EMBEDDINGS
    return MODERATIONS if "moderation" in model else RESPONSES


def _endpoint_with_prompt(model: str) -> Endpoint:
    if model.startswith(_IMAGE_MODELS):
        return IMAGE_GENERATIONS
    return VIDEOS if model.startswith(_VIDEO_MODELS) else COMPLETIONS
