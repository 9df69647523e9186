"""Rules about the fields of a line around the body: custom_id, method and url."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, Final

from .. import phrasing
from ..findings import PathParts, Problem
from ..providers import provider
from ..schema.store import body_schema
from .registry import Line, line_rule, stated_in_schema

_FIELDS: Final = frozenset({"custom_id", "method", "url", "body"})


def _missing_field_hint(_line: Mapping[str, Any], path: PathParts) -> str | None:
    if path == ("method",):
        return 'Add "method": "POST".'
    if path == ("custom_id",):
        return "Give the request an id by which its result is found."
    return None


@stated_in_schema(code="missing_required_parameter", fails="batch", hint=_missing_field_hint)
def missing_line_member() -> None:
    """One of `custom_id`, `method`, `url` and `body` is missing.

    Fails: {"custom_id": "a", "url": "/v1/embeddings", "body": {"model": "m", "input": "x"}}
    Passes: {"custom_id": "a", "method": "POST", "url": "/v1/embeddings", "body": {"model": "m", "input": "x"}}

    To do: add it; `method` is always `POST`.

    Source: ogx-ai/ogx `test_batches_errors.py` (August 2025).  Certain.
    """


@stated_in_schema(fails="batch")
def invalid_custom_id() -> None:
    """The `custom_id` is not a string.

    Fails: {"custom_id": 17, "method": "POST", "url": "/v1/embeddings", "body": {"model": "m", "input": "x"}}
    Passes: {"custom_id": "17", "method": "POST", "url": "/v1/embeddings", "body": {"model": "m", "input": "x"}}

    To do: write it in quotes.

    Source: the Batch guide documents a string.  The API's code and sentence are not known; the
    sentence is made after the API's grammar.
    """


@line_rule(fails=None)
def empty_custom_id(line: Line) -> Iterator[Problem]:
    """The `custom_id` is the empty string.

    Fails: {"custom_id": "", "method": "POST", "url": "/v1/embeddings", "body": {"model": "m", "input": "x"}}
    Passes: {"custom_id": "a", "method": "POST", "url": "/v1/embeddings", "body": {"model": "m", "input": "x"}}

    To do: give every request an id by which its result is found.

    Source: what the API does is not known.
    """
    if line.request.get("custom_id") == "":
        hint = "Give the request an id by which its result is found."
        yield Problem("The custom_id is empty.", "custom_id", ("custom_id",), hint)


@stated_in_schema(fails="batch")
def invalid_method() -> None:
    """The `method` is not `POST`.

    Fails: {"custom_id": "a", "method": "GET", "url": "/v1/embeddings", "body": {"model": "m", "input": "x"}}
    Passes: {"custom_id": "a", "method": "POST", "url": "/v1/embeddings", "body": {"model": "m", "input": "x"}}

    To do: write `"method": "POST"`.

    Source: the Batch guide ("Currently only POST is supported").  The API's code and sentence are not
    known; the sentence is made after the API's grammar.
    """


def _url_hint(line: Mapping[str, Any], _path: PathParts) -> str:
    """Suggest the endpoint that was meant."""
    url = line["url"]
    return _suggest_url(
        phrasing.excerpt(url) if isinstance(url, str) else phrasing.python_repr(url)
    )


@lru_cache(maxsize=64)
def _suggest_url(shown: str) -> str:
    import difflib

    endpoints = list(provider().endpoints)
    near = [known for known in endpoints if shown.rstrip("/").endswith(known.removeprefix("/v1"))]
    if not near:
        near = difflib.get_close_matches(shown, endpoints, 1)
    suggestion = f" Did you mean {near[0]}?" if near else ""
    return f"'{shown}' is no batch endpoint.{suggestion} The body was not checked."


@stated_in_schema(fails="batch", hint=_url_hint)
def invalid_url() -> None:
    """The `url` is none of the endpoints that a batch may have.

    It must equal the batch's endpoint to the letter: `/v1/chat/completions`, without host and
    without a slash at the end.  Nothing else of the line is judged.

    Fails: {"custom_id": "a", "method": "POST", "url": "/chat/completions", "body": {"model": "m"}}
    Passes: {"custom_id": "a", "method": "POST", "url": "/v1/embeddings", "body": {"model": "m", "input": "x"}}

    To do: what the hint says.

    Source: a recorded failed batch (thyword-study/scribe, April 2025), and 97 batches lost to a missing
    `/v1`.  Certain.
    """


def _body_hint(line: Mapping[str, Any], _path: PathParts) -> str | None:
    if isinstance(line["body"], str):
        return "The body is a string of JSON; put the object in its place."
    return None


@stated_in_schema(fails="batch", hint=_body_hint)
def invalid_body() -> None:
    """The `body` is not an object.

    Fails: {"custom_id": "a", "method": "POST", "url": "/v1/embeddings", "body": "{}"}
    Passes: {"custom_id": "a", "method": "POST", "url": "/v1/embeddings", "body": {"model": "m", "input": "x"}}

    To do: put the request in as an object, not as a string of JSON.

    Source: the API's code and sentence are not known; the sentence is made after the API's grammar.
    """


@line_rule(fails=None)
def unknown_line_member(line: Line) -> Iterator[Problem]:
    """The line has a member beside `custom_id`, `method`, `url` and `body`.

    Fails: {"custom_id": "a", "method": "POST", "url": "/v1/embeddings", "body": {"model": "m", "input": "x"}, "model": "m"}
    Passes: {"custom_id": "a", "method": "POST", "url": "/v1/embeddings", "body": {"model": "m", "input": "x"}}

    To do: move it into the body, or leave it out.

    Source: what the API does is not known.
    """
    if line.request.keys() <= _FIELDS:
        return
    url = line.request.get("url")
    endpoint = line.provider.endpoints.get(url) if isinstance(url, str) else None
    parameters = body_schema(endpoint)["properties"] if endpoint is not None else {}
    for field in line.request:
        if field not in _FIELDS:
            action = "Move it into the body" if field in parameters else "Leave it out"
            yield Problem(
                f"The line has a member beside the four: '{phrasing.excerpt(field)}'.",
                phrasing.dotted((field,)),
                (field,),
                f"{action}; what the API does with it is not known.",
            )
