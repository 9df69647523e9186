"""All findings about one decoded line, and findings as users see them."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from functools import cache, lru_cache
from typing import Any, Final

from . import grammar, schemas
from .findings import BatchError, Fails, Found, Severity
from .rules import RULES, Request, Rule, Selection

_STAGES: Final[dict[Fails | None, int]] = {"upload": 0, "create": 1, "batch": 2, "request": 3, None: 4}
_MEMBERS: Final = ("custom_id", "method", "url", "body")
_EMPTY_ID: Final = Found("empty_custom_id", "The custom_id is empty.", "custom_id", ("custom_id",),
                         "Give the request an id by which its result is found.")


def judge(request: dict[str, Any], selection: Selection) -> Iterator[Found]:
    """The findings about a decoded line: its own members, then what its url's schema and the rules say of its body.

    A line whose url is no batch endpoint, or whose body is no object, has no findings about the body.
    """
    if not schemas.line_gate()(request):
        for found in schemas.line_explainer().explain(request):
            yield found._replace(hint=_hint(found, request))
    if request.get("custom_id") == "":
        yield _EMPTY_ID
    for key in request:
        if key not in _MEMBERS:
            yield Found("unknown_line_member", f"The line has a member beside the four: '{grammar.shown(key)}'.",
                        grammar.dotted((key,)), (key,),
                        f"{'Move it into the body' if key in _body_members(request) else 'Leave it out'}; what the "
                        "API does with it is not known.")
    url, body = request.get("url"), request.get("body")
    if isinstance(url, str) and url in schemas.ENDPOINTS and isinstance(body, dict):
        explainer = schemas.explainer(url, schemas.patched_for(url, body.get("model")))
        for found in (*explainer.explain(body), *asleep(selection, Request(url, body))):
            yield in_batch(found)


def in_batch(found: Found) -> Found:
    """A finding about a body, its param with the batch's prefix."""
    return found if found.param is None else found._replace(param=f"body.{found.param}".removesuffix("."))


def awake(selection: Selection, request: Request) -> Iterator[Found]:
    """What the rules say of a request that its schema lets through: those that a member or a mark wakes."""
    for rule in checks(selection):
        if rule.marks or not rule.wakes.isdisjoint(request.body):
            yield from _of(rule, request)


def asleep(selection: Selection, request: Request) -> Iterator[Found]:
    """What the rules say of any request: those of `awake`, and those that wake when something is missing."""
    for rule in checks(selection):
        if rule.marks or not rule.wakes or not rule.wakes.isdisjoint(request.body):
            yield from _of(rule, request)


def _of(rule: Rule, request: Request) -> Iterator[Found]:
    """The findings of a rule, named, and placed after the schema's about the same member."""
    if rule.check is None:
        return
    places = _places(request.url)
    for serial, found in enumerate(rule.check(request)):
        member = found.path[1] if found.path and len(found.path) > 1 else None
        place = places.get(member, len(places))
        yield found._replace(rule=rule.name, order=(found.order[0], place, 100_000 + serial))


@cache
def _places(url: str) -> Mapping[Any, int]:
    return {key: place for place, key in enumerate(schemas.body(url).get("properties", {}))}


@cache
def checks(selection: Selection) -> tuple[Rule, ...]:
    """The rules that are on and look at requests."""
    return tuple(RULES[name] for name, _ in selection.severities if RULES[name].check)


@cache
def wakes(selection: Selection) -> frozenset[str]:
    """The members of a body that wake a rule."""
    return frozenset().union(*(rule.wakes for rule in checks(selection)))


@cache
def severities(selection: Selection) -> Mapping[str, Severity]:
    """The severity of every rule that is on."""
    return dict(selection.severities)


def errors(
    founds: Iterable[Found], selection: Selection, line: int | None, custom_id: str | None = None,
    fails: Fails | None = None,
) -> list[BatchError]:
    """Findings as users see them, in the order in which the API checks; those of rules that are off are left out.

    Args:
        founds: in any order.
        selection: the rules that are on.
        line: of all of them; None is the file as a whole.
        custom_id: likewise.
        fails: what the API does, where that is not the rule's own.
    """
    on = severities(selection)
    made = []
    for found in founds:
        severity = on.get(found.rule)
        if severity is None:
            continue
        rule = RULES[found.rule]
        effect = (fails or rule.fails or "request") if severity == "error" else None
        made.append(BatchError(
            found.rule, rule.code, line, found.message, found.param,
            None if found.path is None or line is None else grammar.pointer(found.path), custom_id, severity, effect,
            found.hint, (_STAGES[effect], *found.order)))
    made.sort()
    return made


@lru_cache(maxsize=64)
def _other_url(url: str) -> str:
    """Which endpoint was meant."""
    ends = [end for end in schemas.ENDPOINTS if url.rstrip("/").endswith(end.removeprefix("/v1"))]
    near = ends or difflib.get_close_matches(url, schemas.ENDPOINTS, 1)
    return f"'{url}' is no batch endpoint." + (f" Did you mean {near[0]}?" if near else "")


def _body_members(request: dict[str, Any]) -> Mapping[str, Any]:
    """The members that a body for this line's url may have."""
    url = request.get("url")
    known: Mapping[str, Any] = schemas.body(url)["properties"] if url in schemas.ENDPOINTS else {}
    return known


def _hint(found: Found, request: dict[str, Any]) -> str | None:
    """What to do about a member of the line."""
    if found.rule == "invalid_url":
        return _other_url(grammar.shown(str(request["url"])))
    if found.rule == "missing_line_member" and found.param == "method":
        return 'Add "method": "POST".'
    if found.rule == "missing_line_member" and found.param == "custom_id":
        return "Give the request an id by which its result is found."
    if found.rule == "invalid_body" and isinstance(request["body"], str):
        return "The body is a string of JSON; put the object in its place."
    return found.hint

