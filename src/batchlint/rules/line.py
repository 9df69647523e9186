"""Rules about the fields of a line: `custom_id`, `method`, `url` and `body`."""

from __future__ import annotations

import re
from collections.abc import Container, Iterator, Mapping
from functools import lru_cache
from itertools import islice
from typing import Any, Final

import orjson

from .. import edits, phrasing
from ..findings import Fix, PathParts, Problem
from ..providers import (
    COMPATIBLE,
    OPENAI,
    Provider,
    provider,
    provider_index,
    schema_variant,
)
from ..schema.store import body_schema
from .registry import Line, line_rule, stated_in_schema

#: Longer URLs don't match any endpoint.
_MAX_URL_LENGTH: Final = 1000

#: Common wrong names for the four fields.
_WRONG_NAMES: Final[Mapping[str, tuple[str, ...]]] = {
    "custom_id": ("id", "customId", "customID", "custom-id", "request_id", "key"),
    "method": ("http_method", "verb"),
    "url": ("endpoint", "uri", "path"),
    "body": ("request", "params", "payload", "data"),
}

#: Hints for missing fields.
_MISSING_FIELD_HINTS: Final[Mapping[str, str]] = {
    "custom_id": "Give each request a unique ID, so that you can find its result.",
    "method": 'Add "method": "POST".',
    "url": 'Add the endpoint, for example "url": "/v1/responses".',
    "body": 'Put the parameters of the request into "body".',
}

#: The body of a request has at least one of these parameters.
_TYPICAL_PARAMETERS: Final = ("model", "messages", "input", "prompt")

#: A field name within this edit distance of a correct name is a misspelling.
_MAX_DISTANCE: Final = 2

#: The maximum number of field names per line to compare with the correct ones.
_MAX_NAMES: Final = 100

#: Longer field names are not compared with the correct ones.
_MAX_WRONG_LENGTH: Final = max(
    max(len(right) + _MAX_DISTANCE, *map(len, wrong)) for right, wrong in _WRONG_NAMES.items()
)


def misnamed_fields(line: Mapping[str, Any], fields: Container[str]) -> dict[str, str]:
    """Map each misnamed field of a line to its correct name.

    Args:
        line: the decoded line.
        fields: the fields that a line may have.
    """
    names: dict[str, str] = {}
    short_names = [name for name in islice(line, _MAX_NAMES) if len(name) <= _MAX_WRONG_LENGTH]
    for right in _WRONG_NAMES:
        if right in line or right not in fields:
            continue
        found = next((name for name in short_names if _is_meant(name, right)), None)
        if found is None or found in fields:
            continue
        if _may_be_body(line[found]) == (right == "body"):
            names[found] = right
    return names


@lru_cache(maxsize=4 * _MAX_NAMES)  # Enough for one line, whose names are compared repeatedly.
def _is_meant(name: str, right: str) -> bool:
    """Return whether a field name is a common wrong name or a misspelling of a correct name."""
    return (
        name in _WRONG_NAMES[right]
        or phrasing.distance(name, right, _MAX_DISTANCE) <= _MAX_DISTANCE
    )


def _may_be_body(value: Any) -> bool:
    """Return whether a value is an object, or a string that contains one."""
    return isinstance(value, dict) or (isinstance(value, str) and edits.fits_as_object(value))


def _missing_field_hint(line: Mapping[str, Any], path: PathParts, provider: Provider) -> str | None:
    for wrong, right in misnamed_fields(line, provider.line_fields).items():
        if path == (right,):
            return f'Rename "{phrasing.excerpt(wrong)}" to "{right}".'
    return _MISSING_FIELD_HINTS.get(str(path[0])) if len(path) == 1 else None


#: This fix has no edits. New IDs must differ from those of all lines, so a final pass assigns them.
_NEW_ID: Final = Fix("unsafe", "Add a unique custom_id.")


def resembles_request(request: Mapping[str, Any], fields: Container[str]) -> bool:
    """Return whether a line has the body of a request, perhaps in a string or under a wrong name.

    Another line may be a row of a foreign format, so fixes don't change its fields. If it has no
    `custom_id`, its body must have a typical parameter.

    Args:
        request: the decoded line.
        fields: the fields that a line may have.
    """
    name: str | None = "body"
    if "body" not in request:
        misnamed = misnamed_fields(request, fields)
        name = next((wrong for wrong, right in misnamed.items() if right == "body"), None)
    if name is None or not _may_be_body(request[name]):
        return False
    if "custom_id" in request:
        return True
    value = request[name]
    body = orjson.loads(value) if isinstance(value, str) else value
    return any(parameter in body for parameter in _TYPICAL_PARAMETERS)


def _may_be_request(line: Line) -> bool:
    """Return whether a line has a `custom_id`, or the body of a request."""
    return "custom_id" in line.request or resembles_request(line.request, line.provider.line_fields)


def _missing_field_fix(problem: Problem, line: Line) -> Fix | None:
    """Return the fix that renames a misnamed field, or adds the missing one."""
    path = problem.path or ()
    if not resembles_request(line.request, line.provider.line_fields):
        return None
    for wrong, right in misnamed_fields(line.request, line.provider.line_fields).items():
        if path == (right,):
            summary = f'Rename "{phrasing.excerpt(wrong)}" to "{right}".'
            return Fix("unsafe", summary, (edits.rename((wrong,), right),))
    if path == ("method",):
        return Fix("safe", 'Add "method": "POST".', (edits.insert(path, '"POST"'),))
    return _NEW_ID if path == ("custom_id",) else None


@stated_in_schema(
    code="missing_required_parameter",
    fails="batch",
    hint=_missing_field_hint,
    fix=_missing_field_fix,
)
def missing_line_member() -> None:
    """The line lacks `custom_id`, `method`, `url` or `body`.

    The whole batch fails before any request runs. OpenAI requires all four fields. A
    field that has the wrong name, such as `id` instead of `custom_id`, counts as missing.

    Fails: {"custom_id": "a", "url": "/v1/embeddings", "body": {"model": "m", "input":
            "x"}}
    Passes: {"custom_id": "a", "method": "POST", "url": "/v1/embeddings", "body":
            {"model": "m", "input": "x"}}

    Fix: Add the missing field, or rename the misnamed one. `method` is always `POST`.

    Evidence: confirmed. Comments in ogx-ai/ogx `test_batches_errors.py` (August
    2025) record the API's response.
    """


def _custom_id_fix(problem: Problem, line: Line) -> Fix | None:
    path = problem.path or ()
    if path != ("custom_id",) or type(line.request["custom_id"]) is not int:
        return None
    return Fix("unsafe", "Put the custom_id in quotes.", (edits.quote(path),))


@stated_in_schema(fails="batch", fix=_custom_id_fix)
def invalid_custom_id() -> None:
    """`custom_id` is not a string.

    The whole batch fails before any request runs.

    Fails: {"custom_id": 17, "method": "POST", "url": "/v1/embeddings", "body":
            {"model": "m", "input": "x"}}
    Passes: {"custom_id": "17", "method": "POST", "url": "/v1/embeddings", "body":
            {"model": "m", "input": "x"}}

    Fix: Write the ID as a string. If it is a number, put it in quotes.

    Evidence: documented. The Batch guide describes the ID as a string. The API's
    code and message are unknown. The message follows the API's wording for wrong
    types.
    """


@line_rule(fails=None)
def empty_custom_id(line: Line) -> Iterator[Problem]:
    """`custom_id` is an empty string.

    This is a warning because the API's response to an empty ID is unknown. You need the
    ID to match each result to its request.

    Fails: {"custom_id": "", "method": "POST", "url": "/v1/embeddings", "body":
            {"model": "m", "input": "x"}}
    Passes: {"custom_id": "a", "method": "POST", "url": "/v1/embeddings", "body":
            {"model": "m", "input": "x"}}

    Fix: Give every request a unique ID.

    Evidence: inferred. The Batch guide requires a unique ID. It does not mention
    empty IDs.
    """
    if line.request.get("custom_id") == "":
        hint = "Give each request a unique ID, so that you can find its result."
        yield Problem("The custom_id is empty.", "custom_id", ("custom_id",), hint, fix=_NEW_ID)


def _method_fix(_: Problem, line: Line) -> Fix | None:
    method = line.request.get("method")
    if not isinstance(method, str) or method.strip().upper() != "POST":
        return None
    if not _may_be_request(line):
        return None
    return Fix("safe", 'Write "POST".', (edits.replace(("method",), '"POST"'),))


@stated_in_schema(fails="batch", fix=_method_fix)
def invalid_method() -> None:
    """`method` is not `POST`.

    The whole batch fails before any request runs.

    Fails: {"custom_id": "a", "method": "GET", "url": "/v1/embeddings", "body":
            {"model": "m", "input": "x"}}
    Passes: {"custom_id": "a", "method": "POST", "url": "/v1/embeddings", "body":
            {"model": "m", "input": "x"}}

    Fix: Write `"method": "POST"`.

    Evidence: documented. The Batch guide says: "Currently only POST is supported".
    The API's code and message are unknown. The message follows the API's wording
    for invalid values.
    """


def _url_hint(line: Mapping[str, Any], _path: PathParts, service: Provider) -> str:
    """Explain that the URL is not an endpoint, and suggest a similar one if there is one."""
    url = line["url"]
    if isinstance(url, str):
        return _suggest_url(phrasing.excerpt(url), service.name)
    return _not_an_endpoint(_as_json(url), service)


def _as_json(value: Any) -> str:
    """Return a value other than a string as JSON, for a message."""
    try:
        return phrasing.excerpt(orjson.dumps(value).decode())
    except TypeError:  # Nested too deeply.
        return "..."


@lru_cache(maxsize=64)
def _suggest_url(url: str, provider_name: str) -> str:
    import difflib

    service = provider(provider_name)
    path = f"/{url.strip('/')}"
    similar = [known for known in service.endpoints if path.endswith(known.removeprefix("/v1"))]
    others = _providers_with(url) if service.has_openai_models else []
    if not similar and not others:
        similar = difflib.get_close_matches(url, service.endpoints, 1, cutoff=0.85)
    suggestion = f" Did you mean {similar[0]}?" if similar else ""
    if others:
        title = provider(others[0]).title if len(others) == 1 else "another service"
        options = phrasing.listed([f"`--provider {name}`" for name in others], "or")
        suggestion += f" For {title}, use {options}."
    return _not_an_endpoint(f"'{url}'", service, suggestion)


def _providers_with(url: str) -> list[str]:
    """Return the other providers whose lines may have a URL, except those that accept any URL."""
    return [
        name
        for name, row in provider_index().items()
        if url in row["urls"]
        or any(
            known[0] == "*" and len(known) > 1 and url.endswith(known[1:]) for known in row["urls"]
        )
        if name not in (OPENAI, COMPATIBLE) and "url" in row["line"]
    ]


def _not_an_endpoint(value: str, service: Provider, suggestion: str = "") -> str:
    owner = "" if service.has_openai_models else f" of {service.title}"
    return f"{value} is not a batch endpoint{owner}.{suggestion} The body was skipped."


#: The scheme and host, which people add to an endpoint's URL.
_HOST: Final = r"(?i)https?://[^/]*"


def _url_fix(_: Problem, line: Line) -> Fix | None:
    """Return the fix for the host, slashes and `/v1` of a URL, if only one endpoint matches."""
    url = line.request.get("url")
    if not isinstance(url, str) or len(url) > _MAX_URL_LENGTH:
        return None
    name = _name_in(url)
    matches = [known for known in line.provider.endpoints if _name_in(known) == name]
    if len(matches) != 1 or not _may_be_request(line):
        return None
    return Fix("safe", f'Write "{matches[0]}".', (edits.replace(("url",), f'"{matches[0]}"'),))


def _name_in(url: str) -> str:
    """Return the part of a URL that identifies the endpoint: `chat/completions`."""
    path = re.sub(_HOST, "", url.strip(), count=1).strip("/")
    return path.removeprefix("v1/")


@stated_in_schema(fails="batch", hint=_url_hint, fix=_url_fix)
def invalid_url() -> None:
    """`url` is not a valid batch endpoint.

    The whole batch fails before any request runs. The URL must match an endpoint
    exactly, without a host or a trailing slash. An example is
    `/v1/chat/completions`. The body of such a line is not checked.

    Fails: {"custom_id": "a", "method": "POST", "url": "/chat/completions", "body":
            {"model": "m"}}
    Passes: {"custom_id": "a", "method": "POST", "url": "/v1/embeddings", "body":
            {"model": "m", "input": "x"}}

    Fix: Write the URL of the endpoint, with `/v1`. The hint suggests a similar endpoint
    if there is one.

    Evidence: confirmed. A recorded failed batch (thyword-study/scribe, April 2025)
    shows the message. A public report from November 2025 describes 97 batches that
    failed because `/v1` was missing.
    """


def _body_hint(line: Mapping[str, Any], _path: PathParts, _provider: Provider) -> str | None:
    if isinstance(line["body"], str):
        return "The body is a string. Write it as a JSON object, without quotes around it."
    return None


def _body_fix(_: Problem, line: Line) -> Fix | None:
    body = line.request.get("body")
    if not isinstance(body, str) or not resembles_request(line.request, line.provider.line_fields):
        return None
    return Fix("safe", "Write the body as an object.", (edits.unquote(("body",)),))


@stated_in_schema(fails="batch", hint=_body_hint, fix=_body_fix)
def invalid_body() -> None:
    """`body` is not an object.

    The whole batch fails before any request runs. A common cause is a body that was
    serialized twice, which makes it a string.

    Fails: {"custom_id": "a", "method": "POST", "url": "/v1/embeddings", "body": "{}"}
    Passes: {"custom_id": "a", "method": "POST", "url": "/v1/embeddings", "body":
            {"model": "m", "input": "x"}}

    Fix: Write the body as a JSON object. If it is a string that contains JSON,
    remove the quotes and the escapes.

    Evidence: inferred. The API's code and message are unknown. The message follows
    the API's wording for wrong types.
    """


@stated_in_schema(fails=None)
def too_many_problems() -> None:
    """One rule, or one parameter of the body, has more than 1,000 findings on the line.

    Further findings of that rule or parameter are not listed, so that the report of
    a damaged line stays short. The finding appears once per line.

    Fix: Fix the listed problems, then check the file again.

    Evidence: none. The limit is batchlint's own, not the API's.
    """


_REMOVE_FIELD: Final = "Remove the field."


@line_rule(fails=None)
def unknown_line_member(line: Line) -> Iterator[Problem]:
    """The line has a field other than `custom_id`, `method`, `url` and `body`.

    This is a warning because the API's response to other fields is unknown. Parameters
    of the request belong in the body. `missing_line_member` reports a field that has
    the wrong name, such as `id` instead of `custom_id`.

    Fails: {"custom_id": "a", "method": "POST", "url": "/v1/embeddings", "body":
            {"model": "m", "input": "x"}, "model": "m"}
    Passes: {"custom_id": "a", "method": "POST", "url": "/v1/embeddings", "body":
            {"model": "m", "input": "x"}}

    Fix: If the field is a parameter of the request, move it into the body. Otherwise,
    remove it.

    Evidence: inferred. The Batch guide mentions only these four fields.
    """
    known = line.provider.line_fields
    if line.request.keys() <= known.keys():
        return
    parameters = body_schema(line.endpoint)["properties"] if line.endpoint is not None else {}
    misnamed = misnamed_fields(line.request, known)
    body = line.request.get("body")
    is_fixable = "body" in line.request and resembles_request(line.request, known)
    for field in line.request:
        if field not in known and field not in misnamed:
            action = "Move it into the body" if field in parameters else "Remove it"
            fix: Fix | None = None
            if not is_fixable:
                pass  # The line may be a row of a foreign format, or the field may be its body.
            elif line.request[field] is None:
                fix = Fix("safe", _REMOVE_FIELD, (edits.remove((field,)),))
            elif line.endpoint is None or not isinstance(body, dict):
                pass  # The field may be a parameter, so it is kept for now.
            elif field not in parameters:
                fix = Fix("unsafe", _REMOVE_FIELD, (edits.remove((field,)),))
            elif field not in body and _is_movable(line, field):
                fix = Fix("unsafe", f"{action}.", (edits.move((field,), ("body",)),))
            yield Problem(
                f"The line has an unknown field: '{phrasing.excerpt(field)}'.",
                phrasing.dotted((field,)),
                (field,),
                f"{action}. The API's response to it is unknown.",
                fix=fix,
            )


def _is_movable(line: Line, field: str) -> bool:
    """Return whether the model accepts a field of the line, with its value, as a parameter.

    If the model itself is invalid, return True. The rest of the body is not checked again, because
    it may be large.
    """
    from ..schema.explain import Explainer  # Imported here because valid lines don't need it.

    assert line.endpoint is not None
    body = line.request["body"]
    service = line.provider
    variant = schema_variant(line.endpoint, body.get("model")) if service.has_openai_models else ""
    schema = body_schema(line.endpoint, variant, service.schema_provider)
    explainer = Explainer({**schema, "required": []}, validate_fields=False)
    model = {"model": body["model"]} if "model" in body else {}
    parameters = {**model, field: line.request[field]}
    return not explainer.explain(parameters) or bool(explainer.explain(model))
