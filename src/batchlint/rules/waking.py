"""Which rules have to look at a request: most sleep until a member of the body, or something inside of it, wakes them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property
from typing import Any, Final

from .. import schemas
from .registry import PLACES, Check, Request, Rule

#: For how many sets of members it is remembered whom they may wake; files have a few.
_KEPT: Final = 256

Groups = tuple[tuple[Callable[[Request], bool] | None, tuple[tuple[str, Check], ...]], ...]


class Bench:
    """The rules for one endpoint, asleep until a request wakes them.

    Args:
        url: the endpoint.
        rules: all of which have a check.

    Attributes:
        members: of a body, each of which wakes a rule.
        unmarked: the schema of bodies in which nothing else does, unless the line is long.
    """

    def __init__(self, url: str, rules: Iterable[Rule]) -> None:
        self._url, self._rules = url, tuple(rules)
        self._groups: dict[tuple[frozenset[str], bool, bool], Groups] = {}
        self._gates: dict[str, Callable[[Request], bool] | None] = {}
        self.members = frozenset[str]().union(*(rule.wakes for rule in self._rules))
        self.unmarked = self._unmarked_schema()

    @cached_property
    def is_unmarked(self) -> schemas.Gate:
        """Whether a body fits `unmarked`."""
        return schemas.compiled(self.unmarked)

    def groups(self, members: frozenset[str], *, unmarked: bool, long: bool) -> Groups:
        """The rules that have to look at requests unless they sleep on, by what lets them sleep.

        Args:
            members: of the body, as far as they wake rules; others do no harm.
            unmarked: whether the body fits `unmarked`.
            long: whether the line is long.
        """
        key = members & self.members, unmarked, long
        groups = self._groups.get(key)
        if groups is None:
            if len(self._groups) >= _KEPT:
                self._groups.clear()
            groups = self._groups[key] = tuple(self._grouped(*key))
        return groups

    def _grouped(self, members: frozenset[str], unmarked: bool, long: bool) -> Iterator[tuple[Callable[[Request], bool] | None, tuple[tuple[str, Check], ...]]]:
        """The rules that may be awake where a body has these members, perhaps marks, by what lets them sleep on."""
        groups: dict[str, list[Rule]] = {}
        for rule in self._rules:
            asleep = rule.asleep
            if not (rule.wakes & members or (long and rule.long_lines)):
                if unmarked or not (rule.marks or rule.parts or rule.restless):
                    continue
                if not rule.restless:
                    none = self._without([rule])
                    asleep = none if asleep is None else {"anyOf": [none, asleep]}
            name = repr(asleep)
            if name not in self._gates:
                self._gates[name] = _fitting(asleep) if isinstance(asleep, Mapping) else asleep
            groups.setdefault(name, []).append(rule)
        for name, rules in groups.items():
            yield self._gates[name], tuple((rule.name, rule.check) for rule in rules if rule.check)

    def _unmarked_schema(self) -> dict[str, Any]:
        return {"allOf": [self._without(self._rules), *(rule.asleep or False for rule in self._rules if rule.restless)]}

    def _without(self, rules: Iterable[Rule]) -> dict[str, Any]:
        """The schema of bodies that have no mark of some rules, and no part that wakes them."""
        marks: dict[str, Any] = {}
        parts: dict[str, Any] = {}
        for rule in rules:
            marks |= rule.marks
            parts |= rule.parts
        places = PLACES.get(self._url)
        if places is None:
            return {}
        part = {"properties": dict(sorted(parts.items()))}
        inner = {key: {"items": part, **part} for key in places.parts} if parts else {}
        if not places.items:
            return {"properties": inner}
        item = {"properties": dict(sorted(marks.items())) | inner}
        return {"properties": {key: {"items": item} for key in places.items}}


def awake(groups: Groups, request: Request) -> list[tuple[str, Check]]:
    """The rules that have to look at a request, by name."""
    found: list[tuple[str, Check]] = []
    for asleep, checks in groups:
        if asleep is None or not asleep(request):
            found += checks
    return found


def _fitting(schema: Mapping[str, Any]) -> Callable[[Request], bool]:
    """Whether the body of a request fits a schema."""
    gate = schemas.compiled(schema)
    return lambda request: gate(request.body)
