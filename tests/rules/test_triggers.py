"""Triggers: which requests a rule has to check."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from batchlint.providers import CHAT, EMBEDDINGS, MODERATIONS, RESPONSES, Endpoint
from batchlint.rules import RULES, Rule
from batchlint.rules.registry import Request
from batchlint.rules.triggers import (
    ALWAYS,
    EndpointRules,
    Trigger,
    Unless,
    fields,
    items,
    long_lines,
    parts,
)
from rules.helpers import each
from support import triggered_rules

NOT_TEXT = {"type": "string"}  # A quiet schema: any value that is not a string triggers.


def make_rule(when: Trigger, unless: Unless | None = None, name: str = "a") -> Rule:
    """Return a rule with this trigger. These tests don't run its check."""
    return RULES["order_not_guaranteed"]._replace(name=name, when=when, unless=unless)


def triggered(
    rule: Rule, body: Mapping[str, Any], endpoint: Endpoint = CHAT, line_bytes: int = 0
) -> bool:
    """Return whether a rule has to check a request."""
    names = triggered_rules(
        EndpointRules(endpoint, [rule]), Request(endpoint, {**body}, line_bytes)
    )
    assert names in ([], [rule.name])
    return bool(names)


def message(**more: Any) -> dict[str, Any]:
    """Return a chat completion with one message."""
    return {"messages": [{"role": "user", "content": "Hi", **more}]}


def part(**more: Any) -> dict[str, Any]:
    """Return a chat completion whose message has one content part."""
    return message(content=[{"type": "text", **more}])


# -- single triggers ------------------------------------------------------------------------------


class Case(NamedTuple):
    name: str
    when: Trigger
    body: dict[str, Any]
    expected: bool
    endpoint: Endpoint = CHAT


@each(
    [
        Case("always", ALWAYS, {}, expected=True),
        Case("field", fields("n", "seed"), {"seed": None}, expected=True),
        Case("other field", fields("n", "seed"), {"temperature": 1}, expected=False),
        Case("field inside an item", fields("n"), message(n=1), expected=False),
        Case("item", items({"name": False}), message(name="x"), expected=True),
        Case("item without the field", items({"name": False}), message(), expected=False),
        Case("quiet item", items({"name": NOT_TEXT}), message(name="x"), expected=False),
        Case("item that is not quiet", items({"name": NOT_TEXT}), message(name=5), expected=True),
        Case("body field for items", items({"name": False}), {"name": "x"}, expected=False),
        Case("other list of items", items({"name": False}), {"input": [{"name": 5}]}, False),
        Case(
            "responses items",
            items({"name": False}),
            {"input": [{"name": 5}]},
            expected=True,
            endpoint=RESPONSES,
        ),
        Case(
            "endpoint without items",
            items({"name": False}),
            {"input": [{"name": 5}]},
            expected=False,
            endpoint=EMBEDDINGS,
        ),
        Case("part", parts({"file": False}), part(file={}), expected=True),
        Case("part without the field", parts({"file": False}), part(), expected=False),
        Case("quiet part", parts({"file": NOT_TEXT}), part(file="x"), expected=False),
        Case("part that is not quiet", parts({"file": NOT_TEXT}), part(file=5), expected=True),
        Case("part in an item", parts({"file": False}), message(file=5), expected=False),
        Case("only part", parts({"file": False}), message(content={"file": 5}), expected=True),
        Case(
            "item output",
            parts({"file": False}),
            {"input": [{"output": [{"file": 5}]}]},
            expected=True,
            endpoint=RESPONSES,
        ),
        Case(
            "body parts",
            parts({"file": False}),
            {"input": [{"file": 5}]},
            expected=True,
            endpoint=MODERATIONS,
        ),
        Case(
            "endpoint without parts",
            parts({"file": False}),
            {"input": [{"file": 5}]},
            expected=False,
            endpoint=EMBEDDINGS,
        ),
    ]
)
def test_trigger_matches_as_expected(case: Case) -> None:
    assert triggered(make_rule(case.when), case.body, case.endpoint) is case.expected


def test_lines_of_at_least_the_minimum_size_trigger_the_rule() -> None:
    rule = make_rule(long_lines(100))

    assert not triggered(rule, message(), line_bytes=99)
    assert triggered(rule, message(), line_bytes=100)


# -- combined triggers ----------------------------------------------------------------------------


def test_each_part_of_a_combined_trigger_triggers_the_rule() -> None:
    rule = make_rule(
        fields("n") | items({"name": False}) | parts({"file": False}) | long_lines(100)
    )

    assert triggered(rule, message() | {"n": 1})
    assert triggered(rule, message(name="x"))
    assert triggered(rule, part(file={}))
    assert triggered(rule, message(), line_bytes=100)
    assert not triggered(rule, message() | {"seed": 1}, line_bytes=99)


def test_triggers_combine_into_one() -> None:
    assert fields("a") | fields("b") == fields("a", "b")
    assert items({"a": False}) | items({"b": NOT_TEXT}) == items({"a": False, "b": NOT_TEXT})
    assert parts({"a": False}) | fields("b") == Trigger(frozenset("b"), parts={"a": False})
    assert long_lines(5) | fields("a") == fields("a") | long_lines(5)
    assert (long_lines(5) | long_lines(6)).line_bytes == 6


def test_only_triggers_on_items_and_parts_look_inside() -> None:
    assert items({"a": False}).looks_inside
    assert parts({"a": False}).looks_inside
    assert not (fields("a") | long_lines(5)).looks_inside


# -- unless ---------------------------------------------------------------------------------------

QUIET = {"properties": {"n": {"const": 1}}}


def n_is_1(request: Request) -> bool:
    return bool(request.body.get("n") == 1)


class SkipCase(NamedTuple):
    name: str
    when: Trigger
    unless: Unless
    skipped: dict[str, Any]
    checked: dict[str, Any]


@each(
    [
        SkipCase("field and schema", fields("n"), QUIET, {"n": 1}, {"n": 2}),
        SkipCase("field and function", fields("n"), n_is_1, {"n": 1}, {"n": 2}),
        SkipCase("every request and schema", ALWAYS, QUIET, {"n": 1}, {"n": 2}),
        SkipCase(
            "items and schema",
            items({"name": False}),
            QUIET,
            message(name="x") | {"n": 1},
            message(name="x") | {"n": 2},
        ),
        SkipCase(
            "parts and schema",
            parts({"file": False}),
            QUIET,
            part(file={}) | {"n": 1},
            part(file={}) | {"n": 2},
        ),
    ]
)
def test_unless_skips_triggered_requests(case: SkipCase) -> None:
    rule = make_rule(case.when, case.unless)

    assert not triggered(rule, case.skipped)
    assert triggered(rule, case.checked)


def test_unless_alone_triggers_no_rule() -> None:
    assert not triggered(make_rule(items({"name": False}), QUIET), message() | {"n": 2})
    assert not triggered(make_rule(fields("seed"), n_is_1), message() | {"n": 2})


def test_unless_applies_to_long_lines_too() -> None:
    rule = make_rule(long_lines(100), QUIET)

    assert not triggered(rule, {"n": 1}, line_bytes=100)
    assert triggered(rule, {"n": 2}, line_bytes=100)


# -- the rules of an endpoint ---------------------------------------------------------------------


def test_fields_and_line_sizes_of_all_rules_are_collected() -> None:
    rules = EndpointRules(
        CHAT,
        [
            make_rule(fields("a") | long_lines(7)),
            make_rule(fields("b", "a"), name="b"),
            make_rule(long_lines(5), name="c"),
        ],
    )

    assert rules.fields == {"a", "b"}
    assert rules.line_sizes == [5, 7]


def test_every_body_is_quiet_if_only_fields_and_sizes_trigger() -> None:
    rules = EndpointRules(CHAT, [make_rule(fields("a")), make_rule(long_lines(5), name="b")])

    assert rules.is_quiet({"a": 1})
    assert rules.is_quiet(part(file={}) | {"a": 1, "messages": [{"a": 1}]})


def test_every_body_is_quiet_if_the_endpoint_has_no_items_or_parts() -> None:
    rules = EndpointRules(EMBEDDINGS, [make_rule(items({"a": False}) | parts({"a": False}))])

    assert rules.is_quiet({"input": [{"a": 1}], "messages": [{"a": 1, "content": [{"a": 1}]}]})


def test_quiet_schema_covers_items_parts_and_rules_for_every_request() -> None:
    rules = EndpointRules(
        CHAT,
        [
            make_rule(items({"name": False})),
            make_rule(parts({"file": False}), name="b"),
            make_rule(ALWAYS, QUIET, name="c"),
        ],
    )

    assert rules.is_quiet(message())
    assert rules.is_quiet(part() | {"n": 1})
    assert not rules.is_quiet(message(name="x"))
    assert not rules.is_quiet(part(file={}))
    assert not rules.is_quiet(message() | {"n": 2})


def test_rule_without_a_trigger_runs_on_every_body() -> None:
    assert not EndpointRules(CHAT, [make_rule(ALWAYS)]).is_quiet({})


def test_rules_with_different_quiet_values_for_a_field_are_both_triggered() -> None:
    any_name = make_rule(items({"name": False}), name="any_name")
    no_text = make_rule(items({"name": NOT_TEXT}), name="no_text")

    for rules in ([any_name, no_text], [no_text, any_name]):
        request = Request(CHAT, message(name="y"))

        assert triggered_rules(EndpointRules(CHAT, rules), request) == ["any_name"]


def test_triggered_rules_are_grouped_by_their_unless() -> None:
    rules = EndpointRules(
        CHAT,
        [
            make_rule(fields("n"), QUIET),
            make_rule(fields("n"), name="b"),
            make_rule(fields("n"), {**QUIET}, name="c"),
        ],
    )

    groups = [*rules.triggered({"n"}, quiet=True, line_bytes=0)]

    assert [[name for name, _ in group.checks] for group in groups] == [["a", "c"], ["b"]]
    assert [group.unless is None for group in groups] == [False, True]
