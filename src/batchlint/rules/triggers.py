"""Triggers, which determine the requests that a rule checks. Most rules can skip most requests.

A rule lists the fields for which it may report something: fields of the body, of its items or of
its content parts. It can also name a minimum size of the line. Body fields are found by their keys.
Fields of items and parts are found by validating the body against the endpoint's quiet schema. A
value is quiet if it triggers no rule.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from ..providers import Endpoint
from ..schema.validate import compile_schema

if TYPE_CHECKING:
    from .registry import Check, Request, Rule

_NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})


class Trigger(NamedTuple):
    """The conditions under which a rule checks a request. `|` combines triggers.

    Attributes:
        fields: fields of the body.
        items: fields of messages or items, each with a schema for the values that don't trigger
            the rule (False: all values trigger it).
        parts: the same for fields of content parts.
        line_bytes: the minimum size of lines that trigger the rule; None if the size doesn't
            matter.
    """

    fields: frozenset[str] = frozenset()
    items: Mapping[str, Any] = _NOTHING
    parts: Mapping[str, Any] = _NOTHING
    line_bytes: int | None = None

    def __or__(self, other: Trigger) -> Trigger:
        return Trigger(
            self.fields | other.fields,
            {**self.items, **other.items},
            {**self.parts, **other.parts},
            self.line_bytes if other.line_bytes is None else other.line_bytes,
        )

    def matches(self, fields: Iterable[str], line_bytes: int) -> bool:
        """Return whether the fields of a body or the size of its line trigger the rule."""
        if self.line_bytes is not None and line_bytes >= self.line_bytes:
            return True
        return not self.fields.isdisjoint(fields)

    @property
    def looks_inside(self) -> bool:
        """Whether items or parts can trigger the rule."""
        return bool(self.items or self.parts)


#: No conditions: every request triggers the rule, except those that `unless` matches. Compare with
#: `ALWAYS` to detect this trigger, because its `matches` returns False.
ALWAYS: Final = Trigger()


def fields(*names: str) -> Trigger:
    """Trigger on fields of the body."""
    return Trigger(fields=frozenset(names))


def items(quiet: Mapping[str, Any]) -> Trigger:
    """Trigger on fields of messages or items, except for values that match their quiet schema."""
    return Trigger(items=quiet)


def parts(quiet: Mapping[str, Any]) -> Trigger:
    """Trigger on fields of content parts, except for values that match their quiet schema."""
    return Trigger(parts=quiet)


def long_lines(line_bytes: int) -> Trigger:
    """Trigger on lines of at least this size in bytes."""
    return Trigger(line_bytes=line_bytes)


#: Matches requests in which a triggered rule finds nothing: a schema for the body, or a predicate.
Unless = Mapping[str, Any] | Callable[["Request"], bool]


class Group(NamedTuple):
    """Triggered rules with the same `unless`.

    Attributes:
        unless: returns whether the rules can skip a request; None if they never can.
        checks: (rule name, check) pairs.
    """

    unless: Callable[[Request], bool] | None
    checks: tuple[tuple[str, Check], ...]


class EndpointRules:
    """The rules for requests to one endpoint.

    Args:
        endpoint: the endpoint.
        rules: its request rules.

    Attributes:
        fields: the fields of a body that trigger a rule.
        line_sizes: the minimum sizes of lines that trigger a rule, in bytes, ascending.
        quiet_schema: matches bodies that trigger no rule, except by their fields or size.
        is_quiet: returns whether a body matches the quiet schema.
    """

    def __init__(self, endpoint: Endpoint, rules: Iterable[Rule]) -> None:
        self._endpoint = endpoint
        self._rules = tuple(rules)
        self._compiled: dict[str, Callable[[Request], bool] | None] = {}
        self.fields = frozenset[str]().union(*(rule.when.fields for rule in self._rules))
        sizes = {rule.when.line_bytes for rule in self._rules}
        self.line_sizes = sorted(size for size in sizes if size is not None)
        quiet: list[Any] = [self._nothing_inside(self._rules)]
        quiet += [rule.unless or False for rule in self._rules if rule.when == ALWAYS]
        self.quiet_schema = {"allOf": [part for part in quiet if part != {}]}
        is_always_quiet = not self.quiet_schema["allOf"]
        self.is_quiet = _always if is_always_quiet else compile_schema(self.quiet_schema)

    def triggered(
        self, body_fields: Iterable[str], *, quiet: bool, line_bytes: int
    ) -> Iterator[Group]:
        """Yield the rules that a request triggers, grouped by their `unless`.

        Args:
            body_fields: the fields of the body.
            quiet: whether nothing inside the body triggers a rule.
            line_bytes: the size of the line in bytes.
        """
        groups: dict[str, list[Rule]] = {}
        for rule in self._rules:
            if rule.when.matches(body_fields, line_bytes):
                unless = rule.unless
            elif quiet or not (rule.when.looks_inside or rule.when == ALWAYS):
                continue
            else:
                unless = self._skip_condition(rule)
            key = repr(unless)
            if key not in self._compiled:
                self._compiled[key] = _compile(unless) if isinstance(unless, Mapping) else unless
            groups.setdefault(key, []).append(rule)
        for key, rules in groups.items():
            yield Group(self._compiled[key], tuple((rule.name, rule.check) for rule in rules))

    def _skip_condition(self, rule: Rule) -> Any:
        """Return the condition for skipping a rule that no field of the body triggers."""
        if rule.when == ALWAYS:
            return rule.unless
        nothing = self._nothing_inside([rule])
        return nothing if rule.unless is None else {"anyOf": [nothing, rule.unless]}

    def _nothing_inside(self, rules: Iterable[Rule]) -> dict[str, Any]:
        """Return a schema that matches bodies without an item or part that triggers these rules."""
        if not (self._endpoint.items or self._endpoint.parts):
            return {}
        item_fields: dict[str, Any] = {}
        part_fields: dict[str, Any] = {}
        for rule in rules:
            _add_quiet(item_fields, rule.when.items)
            _add_quiet(part_fields, rule.when.parts)
        part = {"properties": dict(sorted(part_fields.items()))}
        inside = {name: {"items": part, **part} for name in self._endpoint.parts if part_fields}
        if not self._endpoint.items:
            return {"properties": inside} if inside else {}
        properties = dict(sorted(item_fields.items())) | inside
        if not properties:
            return {}
        item = {"properties": properties}
        return {"properties": {name: {"items": item} for name in self._endpoint.items}}


def _always(_: Any) -> bool:
    return True


def _add_quiet(merged: dict[str, Any], quiet: Mapping[str, Any]) -> None:
    """Merge a rule's quiet schemas into those of other rules. A value must match all of them."""
    for name, schema in quiet.items():
        existing = merged.setdefault(name, schema)
        if existing != schema:
            merged[name] = {"allOf": [existing, schema]}


def checks_to_run(groups: Iterable[Group], request: Request) -> list[tuple[str, Check]]:
    """Return the (rule name, check) pairs of the triggered rules that must run on a request."""
    return [
        check
        for unless, checks in groups
        if unless is None or not unless(request)
        for check in checks
    ]


def _compile(schema: Mapping[str, Any]) -> Callable[[Request], bool]:
    """Compile a schema to a predicate on requests, which checks the body."""
    is_valid = compile_schema(schema)
    return lambda request: is_valid(request.body)
