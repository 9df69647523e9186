"""Which rules have to look at a request: schemas tell, so that a plain line costs one call for all of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import Any, Final

from .. import schemas
from .registry import Check, Rule
from .size import LONG_LINE

#: The members of a body inside of which rules may look, and those inside of what these hold.
_OUTER: Final = ("messages", "input", "images", "mask", "markup", "input_reference")
_INNER: Final = ("content", "output")

#: For how many sets of members it is remembered whom they may wake; files have a few.
_KEPT: Final = 256

_Group = tuple[schemas.Gate | None, tuple[tuple[str, Check], ...]]


class Bench:
    """The rules for one endpoint, asleep until a request wakes them.

    Args:
        rules: all of which have a check.

    Attributes:
        schema: of the bodies that wake none of them, unless the line is long.
    """

    def __init__(self, rules: Iterable[Rule]) -> None:
        self._rules = tuple(rules)
        self._members = frozenset[str]().union(*(rule.wakes for rule in self._rules))
        self._groups: dict[tuple[frozenset[str], bool, bool], tuple[_Group, ...]] = {}
        self._gates: dict[str, schemas.Gate] = {}
        self.schema = _quiet_schema(rule for rule in self._rules if not rule.long_lines)

    @cached_property
    def quiet(self) -> schemas.Gate:
        """Whether a body wakes none of them, unless the line is long."""
        return schemas.compiled(self.schema)

    @cached_property
    def _unmarked(self) -> schemas.Gate:
        """Whether a body wakes none of those that marks wake."""
        return schemas.compiled(_quiet_schema(rule for rule in self._rules if rule.marks))

    def awake(self, body: dict[str, Any], size: int) -> Iterator[tuple[str, Check]]:
        """The rules that have to look at a body, by name.

        Args:
            body: of whatever members.
            size: of the line, in bytes.
        """
        key = self._members.intersection(body), self._unmarked(body), size >= LONG_LINE
        groups = self._groups.get(key)
        if groups is None:
            if len(self._groups) >= _KEPT:
                self._groups.clear()
            groups = self._groups[key] = tuple(self._grouped(*key))
        for asleep, checks in groups:
            if asleep is None or not asleep(body):
                yield from checks

    def _grouped(self, members: frozenset[str], unmarked: bool, long: bool) -> Iterator[_Group]:
        """The rules that may be awake where a body has these members, and perhaps no marks, by what lets them sleep on."""
        groups: dict[str, list[Rule]] = {}
        for rule in self._rules:
            if rule.long_lines:
                if long:
                    groups.setdefault("", []).append(rule)
            elif rule.wakes & members or (rule.marks and not unmarked) or not (rule.wakes or rule.marks):
                surely_awake = rule.asleep is None and not rule.marks
                groups.setdefault("" if surely_awake else repr(_quiet_schema([rule])), []).append(rule)
        for name, rules in groups.items():
            if name and name not in self._gates:
                self._gates[name] = schemas.compiled(_quiet_schema(rules))
            yield self._gates.get(name), tuple((rule.name, rule.check) for rule in rules if rule.check)


def _quiet_schema(rules: Iterable[Rule]) -> dict[str, Any]:
    """The schema of the bodies that wake none of some rules; most have not even a member that might."""
    members: dict[str, Any] = {}
    marks: dict[str, Any] = {}
    surely: dict[str, Any] = {}  # those whose values do not matter
    surely_marks: dict[str, Any] = {}
    asleep, always = [], []
    for rule in rules:
        own = dict.fromkeys(sorted(rule.wakes), False)
        members |= own
        marks |= rule.marks
        if not (rule.wakes or rule.marks):
            always.append(False if rule.asleep is None else rule.asleep)
        elif rule.asleep is None:
            surely |= own
            surely_marks |= rule.marks
        else:
            asleep.append({"anyOf": [{"properties": _without(rule.marks) | own}, rule.asleep]})
    fine = [{"properties": _without(surely_marks) | surely, "allOf": asleep}] if asleep else []
    return {"allOf": [*always, {"anyOf": [{"properties": _without(marks) | members}, *fine]}]}


def _without(marks: Mapping[str, Any]) -> dict[str, Any]:
    """The members of a body whose messages or items, and the parts of their content, have none of these marks."""
    if not marks:
        return {}
    part = {"properties": dict(sorted(marks.items()))}
    item = {"properties": part["properties"] | {key: {"items": part, **part} for key in _INNER}}
    return {key: {"items": item, **part} for key in _OUTER}
