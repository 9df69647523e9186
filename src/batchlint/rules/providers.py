"""Rules for some providers: line sizes, custom_ids and misspelled parameters."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from .. import phrasing
from ..findings import Problem
from ..providers import Provider
from ..schema.store import body_schema
from .registry import Line, Request, line_rule, problem, request_rule, stated_in_schema
from .triggers import Trigger, long_lines


def _limit_trigger(provider: Provider) -> Trigger | None:
    limit = provider.limits.line_bytes
    return None if limit is None else long_lines(limit + 1)


def _safe_limit_trigger(provider: Provider) -> Trigger | None:
    safe = provider.safe_limits.line_bytes
    return None if safe is None else long_lines(safe + 1)


@request_rule(when_for=_limit_trigger, fails="batch")
def line_too_large(request: Request) -> Iterator[Problem]:
    """The line has more bytes than the provider accepts.

    The whole batch fails before any request runs. OpenAI doesn't document such a limit.

    Fix: Shorten the request, or split it into several requests.

    Evidence: documented. `batchlint provider NAME` lists the limit and its sources. The
    message is batchlint's own.
    """
    assert request.provider is not None
    limit = request.provider.limits.line_bytes
    if limit is not None and request.line_bytes > limit:
        yield problem(
            f"The line has {request.line_bytes:,} bytes; {request.provider.title}'s maximum is "
            f"{limit:,}.",
            hint="Shorten the request, or split it into several.",
        )


@request_rule(when_for=_safe_limit_trigger, fails=None)
def line_size_near_limit(request: Request) -> Iterator[Problem]:
    """The line is larger than the lowest documented limit.

    This is a warning because the limit may be higher for the line. For example, 6 MB
    can mean 6,000,000 or 6,291,456 bytes, and Doubleword limits only the body.

    Fix: Shorten the request, or split it into several requests.

    Evidence: documented. `batchlint provider NAME` lists the limit and its sources.
    """
    assert request.provider is not None
    safe = request.provider.safe_limits.line_bytes
    limit = request.provider.limits.line_bytes
    if safe is None or request.line_bytes <= safe:
        return
    if limit is None or request.line_bytes <= limit:
        yield problem(
            f"The line has {request.line_bytes:,} bytes. {request.provider.title} may accept only "
            f"{safe:,}.",
            hint="Shorten the request, or split it into several.",
        )


@stated_in_schema(fails="batch")
def refused_custom_id() -> None:
    """`custom_id` has a length or characters that the provider does not accept.

    The whole batch fails before any request runs. OpenAI doesn't document such a limit.

    Fix: Use IDs within the limits that the message names.

    Evidence: documented. `batchlint provider NAME` lists the limits and their sources.
    The message is batchlint's own.
    """


@stated_in_schema(fails=None)
def doubtful_custom_id() -> None:
    """`custom_id` has a length or characters that the provider may reject.

    This is a warning because the limit comes from a single second-hand source, or because
    another source contradicts it.

    Fix: Use IDs within the limits that the message names.

    Evidence: reported. `batchlint provider NAME` lists the limits and their sources.
    """


#: Parameters of endpoints whose bodies are not checked: OCR, transcriptions and conversations.
#: Source: mistralai 3.7.0 and together 3.1.1.
_OTHER_PARAMETERS: Final = frozenset(("document", "file", "file_id", "file_url", "inputs"))


@line_rule(fails=None)
def unclear_endpoint(line: Line) -> Iterator[Problem]:
    """Neither the line nor its body shows which endpoint the request is for.

    This is a warning because the body is not checked. It concerns services whose lines
    have no URL, such as Mistral and Together. For them, `messages`, `input` or `prompt`
    in the body shows the endpoint. A body with `document`, `file`, `file_id`,
    `file_url` or `inputs` is for an endpoint whose bodies are never checked.

    Fix: Add the missing parameter to the body, or name the endpoint with `--endpoint`
    (`endpoint` in Python).

    Evidence: documented. `batchlint provider NAME` lists the line format and its
    sources. The clients mistralai 3.7.0 and together 3.1.1 define the parameters.
    """
    if line.endpoint is not None or line.provider.needs_url:
        return
    has_url = "url" in line.provider.line_fields and line.request.get("url") is not None
    body = line.request.get("body")
    if not has_url and isinstance(body, dict) and _OTHER_PARAMETERS.isdisjoint(body):
        yield Problem(
            "The request's endpoint is unclear, so its body was not checked.",
            path=("body",),
            hint="Add 'messages', 'input' or 'prompt' to the body, or name the endpoint with "
            "--endpoint (endpoint in Python).",
        )


#: A parameter name with at most this edit distance from a known one may be misspelled.
_MAX_DISTANCE: Final = 2
#: Names of up to this length are not checked: `top_k` and `top_p` are different parameters.
_SHORT_NAME: Final = 5
#: Longer names are not checked.
_MAX_NAME_LENGTH: Final = 64


@line_rule(fails=None)
def misspelled_parameter(line: Line) -> Iterator[Problem]:
    """The body has an unknown parameter whose name resembles a known one.

    This is a warning because the provider may have parameters that batchlint doesn't
    know. The rule doesn't apply to OpenAI and Azure, which reject unknown parameters
    (see `unknown_parameter`).

    Fix: Use the name in the message if that is the parameter you mean.

    Evidence: inferred. The known names are the parameters of OpenAI's API and those
    that `batchlint provider NAME` lists.
    """
    body = line.request.get("body")
    endpoint = line.endpoint
    if not isinstance(body, dict) or endpoint is None or not line.provider.checks_types_only:
        return
    known = body_schema(endpoint, "", line.provider.schema_provider)["properties"]
    if not known:
        return
    names = tuple(known)
    for name in body:
        if name in known:
            continue
        meant = _intended_parameter(name, names)
        if meant is not None and meant not in body:
            yield problem(
                f"The parameter '{phrasing.excerpt(name)}' is unknown. Did you mean '{meant}'?",
                name,
            )


@lru_cache(maxsize=1024)
def _intended_parameter(name: str, known: tuple[str, ...]) -> str | None:
    """Return the known parameter that a misspelled name probably stands for."""
    if not _SHORT_NAME < len(name) <= _MAX_NAME_LENGTH:
        return None
    limit = 1 if len(name) <= 2 * _SHORT_NAME - 2 else _MAX_DISTANCE
    near = [
        (phrasing.distance(name, other, limit), other)
        for other in known
        if abs(len(other) - len(name)) <= limit
    ]
    distance, other = min(near, default=(limit + 1, ""))
    return other if distance <= limit else None
