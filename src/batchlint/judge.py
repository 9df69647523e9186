"""A `Lane`, what the lines of one url and model go through; a `Judge`, all findings about one line under a choice of rules."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cache, cached_property, lru_cache
from typing import Any, Final

from . import grammar, schemas
from .findings import PHASES, BatchError, Fails, Found, Kind, Severity
from .rules import RULES, Request, Selection, waking
from .rules.size import LONG_LINE

_STAGES: Final[dict[Fails | None, int]] = {"upload": 0, "create": 1, "batch": 2, "request": 3, None: 4}
_MEMBERS: Final = frozenset({"custom_id", "method", "url", "body"})
_EMPTY_ID: Final = Found("empty_custom_id", "The custom_id is empty.", "custom_id", ("custom_id",),
                         "Give the request an id by which its result is found.")

#: Within a member, what the rules find stands after what the schema finds.
_AFTER: Final = 100_000

#: For how many different sets of members a lane keeps whom they concern; a file has a few.
_MOST_SETS: Final = 256


class Lane:
    """What the lines of one url and model go through.

    Args:
        url: an endpoint.
        family_name: of the family of models whose refusals are its schema's too.
        endpoint_rules: the rules for requests to this endpoint.

    Attributes:
        deprecated: the members of a body that the API marks as deprecated.
        watched: these, and those that wake rules.
    """

    def __init__(self, url: str, family_name: str, endpoint_rules: waking.EndpointRules) -> None:
        self._url, self._family_name, self._rules = url, family_name, endpoint_rules
        self.deprecated = schemas.deprecated(url, family_name)
        self.watched = endpoint_rules.members | self.deprecated
        self._seen: dict[tuple[frozenset[str], bool, bool], tuple[tuple[waking.Group, ...], tuple[str, ...]]] = {}

    @cached_property
    def is_plain(self) -> schemas.Gate:
        """Whether a decoded line is let through, and its body is unmarked."""
        return schemas.plain_gate(self._url, self._family_name, self._rules.unmarked)

    @cached_property
    def gate(self) -> schemas.Gate:
        """Whether a decoded line is let through."""
        return schemas.gate(self._url, self._family_name)

    def look(self, body: dict[str, Any], *, unmarked: bool | None = None, size: int) -> tuple[list[Found], tuple[str, ...]]:
        """What the rules find in a body, and its deprecated members.

        Args:
            body: whatever the schema says of it.
            unmarked: whether it is, if that is known.
            size: of the line, in bytes.
        """
        if unmarked is None:
            unmarked = self._rules.is_unmarked(body)
        key = self.watched.intersection(body), unmarked, size >= LONG_LINE
        seen = self._seen.get(key)
        if seen is None:
            if len(self._seen) >= _MOST_SETS:
                self._seen.clear()
            members, _, long = key
            seen = self._seen[key] = (tuple(self._rules.groups(members, unmarked=unmarked, long=long)),
                                      tuple(members & self.deprecated))
        groups, deprecated = seen
        if not groups:
            return [], deprecated
        request = Request(self._url, body, size, {})
        return [_placed(found, rule, self._url, serial) for rule, check in waking.awake(groups, request)
                for serial, found in enumerate(check(request))], deprecated


class Judge:
    """Judges requests by the rules of a selection.

    Args:
        selection: the rules that are on.

    Attributes:
        severities: of the rules that are on, by name.
    """

    def __init__(self, selection: Selection) -> None:
        self.severities: Mapping[str, Severity] = selection.as_dict()
        self._checks = tuple(RULES[name] for name in self.severities if RULES[name].check)
        self._rules: dict[str, waking.EndpointRules] = {}
        self._lanes: dict[tuple[str, str], Lane] = {}

    def lane(self, url: str, model: str) -> Lane:
        """What a line goes through.

        Raises:
            KeyError: the url is no batch endpoint.
            TypeError: one of the two is no string.
        """
        if not isinstance(model, str):
            raise TypeError("the model is no string")
        if url not in schemas.ENDPOINTS:
            raise KeyError(url)
        return self._lane(url, schemas.patched_for(url, model))

    def _lane(self, url: str, family_name: str) -> Lane:
        key = url, family_name
        made = self._lanes.get(key)
        if made is None:
            if url not in self._rules:
                own = (rule for rule in self._checks if not rule.urls or url in rule.urls)
                self._rules[url] = waking.EndpointRules(url, own)
            made = self._lanes[key] = Lane(url, family_name, self._rules[url])
        return made

    def line(self, request: dict[str, Any], size: int) -> Iterator[Found]:
        """The findings about a decoded line: its own members, then what its url's schema and the rules say of its body.

        A line whose url is no batch endpoint, or whose body is no object, has no findings about the body.
        """
        fine = schemas.line_explainer().surely_fits(request)
        if not fine:
            for found in schemas.line_explainer().explain(request):
                yield found._replace(hint=_hint(found, request))
        if request.get("custom_id") == "":
            yield _EMPTY_ID
        if not request.keys() <= _MEMBERS:
            for key in request:
                if key not in _MEMBERS:
                    yield _beside(key, request)
        url, body = request.get("url"), request.get("body")
        if isinstance(url, str) and url in schemas.ENDPOINTS and isinstance(body, dict):
            family_name = schemas.patched_for(url, body.get("model"))
            explainer = schemas.explainer(url, family_name)
            if fine or not explainer.surely_fits(body):  # a line that is fine was refused for its body
                for found in explainer.explain(body):
                    yield _in_batch(found)
            yield from self._lane(url, family_name).look(body, size=size)[0]

    def kind(self, name: str, fails: Fails | None = None) -> Kind | None:
        """How findings of a rule count: with which severity and effect (None if none is known); None if the rule is off.

        Args:
            name: of the rule.
            fails: what the API does, where that is not the rule's own.
        """
        severity = self.severities.get(name)
        if severity is None:
            return None
        return name, severity, (fails or RULES[name].fails) if severity == "error" else None

    def errors(
        self, founds: Iterable[Found], line: int | None, custom_id: str | None = None, fails: Fails | None = None
    ) -> list[BatchError]:
        """Findings as users see them, in the order in which the API checks; those of rules that are off are left out.

        Args:
            founds: in any order.
            line: of all of them; None is the file as a whole.
            custom_id: likewise.
            fails: what the API does, where that is not the rule's own.
        """
        made = []
        for found in founds:
            kind = self.kind(found.rule, fails)
            if kind is None:
                continue
            name, severity, effect = kind
            made.append(BatchError(
                name, RULES[name].code, line, found.message, found.param,
                None if found.path is None else grammar.pointer(found.path), custom_id, severity, effect,
                found.hint, (_STAGES[effect], *found.order)))
        if len(made) > 1:
            made.sort()
        return made


@cache
def judge_of(selection: Selection) -> Judge:
    """The judge of a selection, made once in a process."""
    return Judge(selection)


def _placed(found: Found, rule: str, url: str, serial: int) -> Found:
    """A finding of a rule, named, and placed after the schema's about the same member."""
    places = _places(url)
    member = found.path[1] if found.path and len(found.path) > 1 else None
    order = found.order[0], places.get(member, len(places)), _AFTER + serial
    return _in_batch(found._replace(rule=rule, order=order))


def _in_batch(found: Found) -> Found:
    """A finding about a body: its param with the batch's prefix, its order after that of the line's own members."""
    rule, message, param, path, hint, (phase, place, serial) = found
    if param is not None:
        param = f"body.{param}".removesuffix(".")
    return Found(rule, message, param, path, hint, (phase + len(PHASES), place, serial))


@cache
def _places(url: str) -> Mapping[Any, int]:
    return {key: place for place, key in enumerate(schemas.body(url).get("properties", {}))}


def _beside(key: str, request: dict[str, Any]) -> Found:
    """The finding about a member of a line beside the four."""
    url = request.get("url")
    known = schemas.body(url)["properties"] if isinstance(url, str) and url in schemas.ENDPOINTS else {}
    return Found("unknown_line_member", f"The line has a member beside the four: '{grammar.shown(key)}'.",
                 grammar.dotted((key,)), (key,),
                 f"{'Move it into the body' if key in known else 'Leave it out'}; what the API does with it is not known.")


def _hint(found: Found, request: dict[str, Any]) -> str | None:
    """What to do about a member of the line."""
    if found.rule == "invalid_url":
        url = request["url"]
        return _other_url(grammar.shown(url) if isinstance(url, str) else grammar.as_python(url))
    if found.rule == "missing_line_member" and found.param == "method":
        return 'Add "method": "POST".'
    if found.rule == "missing_line_member" and found.param == "custom_id":
        return "Give the request an id by which its result is found."
    if found.rule == "invalid_body" and isinstance(request["body"], str):
        return "The body is a string of JSON; put the object in its place."
    return found.hint


@lru_cache(maxsize=64)
def _other_url(url: str) -> str:
    """Which endpoint was meant."""
    ends = [end for end in schemas.ENDPOINTS if url.rstrip("/").endswith(end.removeprefix("/v1"))]
    import difflib  # what most files have no need of

    near = ends or difflib.get_close_matches(url, schemas.ENDPOINTS, 1)
    return f"'{url}' is no batch endpoint." + (f" Did you mean {near[0]}?" if near else "") + " The body was not checked."
