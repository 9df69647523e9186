"""Which rules have to look at a request: most need not, unless a certain member is there."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property
from typing import Any, NamedTuple

from .. import schemas
from .places import PLACES
from .registry import Check, Request, Rule


class Group(NamedTuple):
    """Rules that sleep over the same requests.

    Attributes:
        asleep: tells whether they sleep over a request; None if they never do.
        checks: of the rules, by name.
    """

    asleep: Callable[[Request], bool] | None
    checks: tuple[tuple[str, Check], ...]


class EndpointRules:
    """The rules for one endpoint, asleep until a request wakes them.

    Args:
        url: the endpoint.
        rules: all of which have a check.

    Attributes:
        members: of a body, each of which wakes a rule.
        unmarked: the schema of bodies in which nothing else wakes one, unless the line is long.
    """

    def __init__(self, url: str, rules: Iterable[Rule]) -> None:
        self._places = PLACES.get(url)
        self._rules = tuple(rules)
        self._gates: dict[str, Callable[[Request], bool] | None] = {}
        self.members = frozenset[str]().union(*(rule.wakes for rule in self._rules))
        self.unmarked = {"allOf": [self._without(self._rules),
                                   *(rule.asleep or False for rule in self._rules if rule.always_asked)]}

    @cached_property
    def is_unmarked(self) -> schemas.Gate:
        """Whether a body fits `unmarked`."""
        return schemas.compiled(self.unmarked)

    def groups(self, members: Iterable[str], *, unmarked: bool, long: bool) -> Iterator[Group]:
        """The rules that may have something to say about a request, grouped by what still lets them sleep.

        Args:
            members: of the body.
            unmarked: whether the body fits `unmarked`.
            long: whether the line is long.
        """
        groups: dict[str, list[Rule]] = {}
        for rule in self._rules:
            if not rule.wakes.isdisjoint(members) or (long and rule.long_lines):
                asleep = rule.asleep
            elif unmarked or not (rule.marks or rule.part_marks or rule.always_asked):
                continue
            else:
                asleep = self._asleep(rule)
            name = repr(asleep)
            if name not in self._gates:
                self._gates[name] = _fitting(asleep) if isinstance(asleep, Mapping) else asleep
            groups.setdefault(name, []).append(rule)
        for name, rules in groups.items():
            yield Group(self._gates[name], tuple((rule.name, rule.check) for rule in rules if rule.check))

    def _asleep(self, rule: Rule) -> Any:
        """What lets a rule sleep that no member of the body has woken."""
        if rule.always_asked:
            return rule.asleep
        none = self._without([rule])
        return none if rule.asleep is None else {"anyOf": [none, rule.asleep]}

    def _without(self, rules: Iterable[Rule]) -> dict[str, Any]:
        """The schema of bodies in which no item has a mark of some rules, and no part."""
        if self._places is None:
            return {}
        marks: dict[str, Any] = {}
        part_marks: dict[str, Any] = {}
        for rule in rules:
            for own, merged in ((rule.marks, marks), (rule.part_marks, part_marks)):
                for key, fine in own.items():  # what every rule sleeps over
                    both = merged.setdefault(key, fine)
                    merged[key] = fine if both == fine else {"allOf": [both, fine]}
        part = {"properties": dict(sorted(part_marks.items()))}
        inner = {key: {"items": part, **part} for key in self._places.parts if part_marks}
        if not self._places.items:
            return {"properties": inner}
        item = {"properties": dict(sorted(marks.items())) | inner}
        return {"properties": {key: {"items": item} for key in self._places.items}}


def awake(groups: Iterable[Group], request: Request) -> Iterator[tuple[str, Check]]:
    """The rules that have to look at a request, by name."""
    for asleep, checks in groups:
        if asleep is None or not asleep(request):
            yield from checks


def _fitting(schema: Mapping[str, Any]) -> Callable[[Request], bool]:
    """A function that tells whether a request's body fits a schema."""
    gate = schemas.compiled(schema)
    return lambda request: gate(request.body)
