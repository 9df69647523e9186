"""A `Judge`: all findings about one decoded line under a choice of rules, and findings as users see them."""

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


#: The rules that may be awake, and the deprecated members.
Turn = tuple[waking.Groups, tuple[str, ...]]

#: Of so many sets of members a lane remembers the turn; files have a few.
_KEPT: Final = 256


class Lane:
    """What the lines of one url and model go through.

    Args:
        url: an endpoint.
        of: the family of models whose refusals are its schema's too.
        bench: the rules for its bodies.

    Attributes:
        plain: whether a line, decoded, is let through and has no marks inside that wake rules.
        watched: the members of a body that wake rules, or are to be counted since they are deprecated.
        deprecated: the latter.
    """

    def __init__(self, url: str, of: str, bench: waking.Bench) -> None:
        self._schema = url, of
        self.plain = schemas.plain_gate(url, of, bench.unmarked)
        self.deprecated = schemas.deprecated(url, of)
        self.watched = bench.members | self.deprecated
        self._bench = bench
        self._turns: dict[tuple[frozenset[str], bool, bool], Turn] = {}

    def turn(self, body: Mapping[str, Any], *, plain: bool, size: int) -> Turn:
        """What a line has to go through after it was let through.

        Args:
            body: of the request.
            plain: whether the line is.
            size: of the line, in bytes.
        """
        key = self.watched.intersection(body), plain, size >= LONG_LINE
        turn = self._turns.get(key)
        if turn is None:
            if len(self._turns) >= _KEPT:
                self._turns.clear()
            members, unmarked, long = key
            turn = self._turns[key] = (self._bench.groups(members, unmarked=unmarked, long=long),
                                       tuple(members & self.deprecated))
        return turn

    @cached_property
    def gate(self) -> schemas.Gate:
        """Whether a line, decoded, is let through."""
        return schemas.gate(*self._schema)


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
        self._benches: dict[str, waking.Bench] = {}
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
        key = url, schemas.patched_for(url, model)
        made = self._lanes.get(key)
        if made is None:
            made = self._lanes[key] = Lane(*key, self._bench(url))
        return made

    def _bench(self, url: str) -> waking.Bench:
        bench = self._benches.get(url)
        if bench is None:
            bench = self._benches[url] = waking.Bench(url, (rule for rule in self._checks if not rule.urls or url in rule.urls))
        return bench

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
            explainer = schemas.explainer(url, schemas.patched_for(url, body.get("model")))
            if fine or not explainer.surely_fits(body):  # a line that is fine was refused for its body
                for found in explainer.explain(body):
                    yield _in_batch(found)
            bench = self._bench(url)
            groups = bench.groups(bench.members.intersection(body), unmarked=bench.is_unmarked(body), long=size >= LONG_LINE)
            yield from self.woken(groups, Request(url, body, size, {})) if groups else ()

    def woken(self, groups: waking.Groups, request: Request) -> list[Found]:
        """What the rules say of a body, as far as they are awake."""
        return [_placed(found, rule, request.url, serial) for rule, check in waking.awake(groups, request)
                for serial, found in enumerate(check(request))]

    def kind(self, name: str, fails: Fails | None = None) -> Kind | None:
        """How findings of a rule count: with which severity and effect; None if the rule is off.

        Args:
            name: of the rule.
            fails: what the API does, where that is not the rule's own.
        """
        severity = self.severities.get(name)
        if severity is None:
            return None
        return name, severity, (fails or RULES[name].fails or "request") if severity == "error" else None

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
                None if found.path is None or line is None else grammar.pointer(found.path), custom_id, severity, effect,
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
