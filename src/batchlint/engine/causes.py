"""Drops problems that follow from other problems, so that each cause is reported once.

The explainer reports everything that a schema rejects. A body that was written for another
endpoint, or an object in the wrong form, has several invalid fields, but only one cause.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from .. import phrasing
from ..findings import PathParts, Problem
from ..providers import (
    CHAT,
    COMPLETIONS,
    EMBEDDINGS,
    IMAGE_GENERATIONS,
    MODERATIONS,
    RESPONSES,
    VIDEOS,
    Endpoint,
    Provider,
)
from ..rules.registry import Request
from ..schema.store import body_schema

#: Prefixes of the names of image and video models. Their requests have a `prompt`.
_IMAGE_MODEL_PREFIXES: Final = ("gpt-image", "dall-e", "chatgpt-image")
_VIDEO_MODEL_PREFIXES: Final = ("sora",)

#: Rules whose problems may follow from a wrong URL.
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

#: The rule for `image` in an image edit. That `images` is missing follows from it.
_JSON_EDITS_IMAGE: Final = "json_edits_image"

#: Pairs of unknown and missing fields. If a missing field is reported, the unknown fields follow
#: from it, because the object has the form of another endpoint. On /v1/responses, JSON schema
#: formats and functions are flat. In chat completions, they are nested.
_UNKNOWN_AND_MISSING: Final = (
    (frozenset({"name", "schema", "strict", "description"}), ("json_schema",)),
    (frozenset({"json_schema"}), ("name", "schema")),
    (frozenset({"name"}), ("function",)),
    (frozenset({"function"}), ("name",)),
)


def first_of_each_cause(
    problems: Iterable[Problem], request: Request, provider: Provider
) -> list[Problem]:
    """Return the problems of a body, without those that follow from another one.

    Args:
        problems: the body's schema problems, in the order of the API's checks.
        request: the request.
        provider: the provider, whose URLs appear in hints.
    """
    kept = list(problems)
    if len(kept) > 1:
        kept = _one_image_per_message(_drop_symptoms(kept))
    kept = _one_per_wrapped_object(kept, request)
    return _one_per_wrong_url(kept, request, provider)


def _drop_symptoms(problems: list[Problem]) -> list[Problem]:
    """Drop problems that follow from another problem of the same object."""
    causes = {
        problem.path
        for problem in problems
        if problem.path and problem.rule in ("missing_required_parameter", _JSON_EDITS_IMAGE)
    }
    return [
        problem
        for problem in problems
        if not (problem.path and _is_symptom(problem.rule, problem.path, causes))
    ]


def _is_symptom(rule: str, path: PathParts, causes: set[PathParts]) -> bool:
    """Return whether a problem follows from another one.

    Args:
        rule: the problem's rule.
        path: the problem's path.
        causes: the paths of the problems that it may follow from.
    """
    parent = path[:-1]
    field = path[-1]

    def has_cause(*names: str) -> bool:
        return any((*parent, name) in causes for name in names)

    if rule == "unknown_parameter":
        return any(field in fields and has_cause(*names) for fields, names in _UNKNOWN_AND_MISSING)
    if rule != "missing_required_parameter":
        return False
    if field == "images":
        return has_cause("image", "image[]")
    return parent[-1:] == ("format",) and field == "schema" and has_cause("name")


def _one_image_per_message(problems: list[Problem]) -> list[Problem]:
    """Keep only the first image problem of each chat message. The API reports only the message."""
    seen: set[str] = set()
    kept: list[Problem] = []
    for problem in problems:
        if problem.rule != "image_not_from_user" or problem.message not in seen:
            kept.append(problem)
        seen.add(problem.message)
    return kept


def _one_per_wrapped_object(problems: list[Problem], request: Request) -> list[Problem]:
    """Keep only the first problem of an object that is wrapped in another one."""
    if not any(problem.rule == "missing_required_parameter" for problem in problems):
        return problems
    wrappers: set[PathParts] = set()
    kept: list[Problem] = []
    for problem in problems:
        path = problem.path or ()
        parent = path[:-1]
        if parent in wrappers or path in wrappers:
            continue
        inner = None
        if problem.rule == "missing_required_parameter":
            inner = _name_of_wrapped_object(request, path[1:])
        if inner is None:
            kept.append(problem)
        else:
            wrappers.add(parent)
            hint = (
                "The object is wrapped in another one. Move the fields of "
                f"`{phrasing.excerpt(inner)}` into the outer object."
            )
            kept.append(problem._replace(hint=hint))
    return kept


def _name_of_wrapped_object(request: Request, path: PathParts) -> str | None:
    """Return the name of the sibling that contains a missing field, or None.

    Args:
        request: the request.
        path: the path of the missing field in the body.
    """
    if len(path) < 2:
        return None
    parent = request.value_at(path[:-1])
    parent_name, missing = path[-2:]
    if not isinstance(parent, dict):
        return None
    candidates = [parent_name, *(parent if len(parent) == 1 else ())]
    for name in candidates:
        inner = parent.get(name) if isinstance(name, str) else None
        # In chat completions, functions and custom tools are nested, so they count as another form.
        may_be_wrapped = name == parent_name or name not in ("function", "custom")
        if may_be_wrapped and isinstance(inner, dict) and missing in inner:
            return str(name)
    return None


def _one_per_wrong_url(
    problems: list[Problem], request: Request, provider: Provider
) -> list[Problem]:
    """If a body was written for another endpoint, keep only the first symptom of the wrong URL."""
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
    """Return the other endpoint that a body was written for, or None."""
    endpoint = request.endpoint
    body = request.body
    if body.get(endpoint.prompt) is not None:
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
    if model.startswith(_IMAGE_MODEL_PREFIXES):
        return IMAGE_GENERATIONS
    return VIDEOS if model.startswith(_VIDEO_MODEL_PREFIXES) else COMPLETIONS
