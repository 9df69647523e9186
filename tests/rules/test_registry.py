"""What holds of every rule: its name, its documentation, and the examples in it."""

from __future__ import annotations

import json
import re

import pytest
from support import NOW, awake

from batchlint import BatchError, check, schemas
from batchlint.rules import RULES, Request, Rule, places, select
from batchlint.rules.registry import named, rule
from batchlint.rules.waking import EndpointRules

BY_NAME = sorted(RULES)

#: Rules about bytes and whole files, which no lines of documentation can show.
WITHOUT_EXAMPLE = {
    "not_jsonl_name", "empty_file", "file_too_large", "file_size_near_limit", "not_utf8", "byte_order_mark", "nesting_too_deep",
    "not_a_batch_file", "too_many_requests", "too_many_embedding_inputs", "blank_line", "model_shutdown", "model_shutdown_soon", "duplicate_key", "context_exceeded", "enqueued_tokens",
    "input_too_long"}


def test_there_are_rules() -> None:
    assert len(RULES) > 45


@pytest.mark.parametrize("name", BY_NAME)
def test_the_name_and_the_code_are_in_snake_case(name: str) -> None:
    assert RULES[name].name == name
    assert re.fullmatch("[a-z][a-z0-9]*(_[a-z0-9]+)*", name)
    assert re.fullmatch("[a-z][a-z0-9]*(_[a-z0-9]+)*", RULES[name].code)


def test_names_are_unique() -> None:
    with pytest.raises(ValueError, match="two rules are called invalid_type"):
        rule()(invalid_type)


def test_a_function_tells_that_a_rule_sleeps_only_where_members_alone_wake_it() -> None:
    def asleep(_: Request) -> bool:
        return True

    for made in (rule(asleep=asleep), rule(asleep=asleep, marks={"a": False}), rule(asleep=asleep, part_marks={"a": False})):
        with pytest.raises(ValueError, match="`asleep` may be a function only"):
            made(a_new_rule)


def test_rules_that_name_the_same_mark_do_not_put_one_another_to_sleep() -> None:
    any_name, no_text = (RULES["unpaired_tool_message"]._replace(name=name, marks={"name": fine}, asleep=None)
                         for name, fine in (("any_name", False), ("no_text", {"type": "string"})))
    for rules in ([any_name, no_text], [no_text, any_name]):
        made = EndpointRules("/v1/chat/completions", rules)
        body = {"messages": [{"role": "user", "content": "x", "name": "y"}]}
        assert awake(made, Request("/v1/chat/completions", body, 0, {})) == ["any_name"]


def test_places_are_members_of_the_schemas() -> None:
    for url, found in places.PLACES.items():
        assert {*(found.items or found.parts)} <= schemas.body(url)["properties"].keys()


def a_new_rule() -> None:
    """A rule that cannot be registered."""


def invalid_type() -> None:
    """A second rule of a name that is taken."""


@pytest.mark.parametrize("name", BY_NAME)
def test_the_documentation_has_a_summary_and_a_source(name: str) -> None:
    doc = RULES[name].doc

    assert re.fullmatch(r"[A-Z`][^\n]*\.", RULES[name].summary), RULES[name].summary
    assert len(RULES[name].summary) <= 140
    assert re.search(r"^Source: \S", doc, re.MULTILINE)
    assert doc.rstrip().endswith(".")


@pytest.mark.parametrize("name", BY_NAME)
def test_a_warning_says_nothing_of_what_fails_and_an_error_does(name: str) -> None:
    made = RULES[name]

    assert (made.severity, made.fails is None) in (("warning", True), ("error", False))
    assert made.check is not None or not (made.urls or made.wakes or made.marks or made.asleep or made.long_lines)


def test_every_rule_that_can_has_examples() -> None:
    assert {name for name in RULES if not RULES[name].examples("Fails")} == WITHOUT_EXAMPLE
    assert {name for name in RULES if not RULES[name].examples("Passes")} == WITHOUT_EXAMPLE


EXAMPLES = [pytest.param(made, heading, text, id=f"{name}-{heading}-{number}") for name, made in RULES.items()
            for heading in ("Fails", "Passes") for number, text in enumerate(made.examples(heading))]


def as_lines(example: str) -> bytes:
    """An example as lines; `/v1/x {...}` stands for a line with this url and body."""
    lines = []
    for number, text in enumerate(example.split("\n")):
        url, _, body = text.partition(" ")
        lines.append(f'{{"custom_id": "{number}", "method": "POST", "url": "{url}", "body": {body}}}'
                     if url.startswith("/v1/") else text)
    return "\n".join(lines).encode() + b"\n"


def findings(made: Rule, example: str) -> list[BatchError]:
    """What is said of an example, with its rule switched on."""
    report = check(as_lines(example), warn=() if made.default else [made.name], now=NOW)
    return [*report.errors, *report.warnings]


@pytest.mark.parametrize(("made", "heading", "text"), EXAMPLES)
def test_the_examples_of_a_rule_do_what_they_are_for(made: Rule, heading: str, text: str) -> None:
    """What `Fails:` shows brings a finding of the rule; what `Passes:` shows brings none of it, and no error at all."""
    found = findings(made, text)
    own = [error for error in found if error.rule == made.name]

    if heading == "Fails":
        assert own
        assert all(error.code == made.code and error.message for error in own)
    else:
        assert own == []
        assert [error for error in found if error.severity == "error"] == []


def test_examples_of_bodies_are_json() -> None:
    texts = [text for param in EXAMPLES for text in [str(param.values[2])] if text.startswith("/v1/")]

    assert len(texts) > 50
    for text in texts:
        for part in text.split("\n"):
            json.loads(part.partition(" ")[2])


# -- choosing rules ----------------------------------------------------------------------------------------------------


def test_a_code_stands_for_all_of_its_rules() -> None:
    assert {"missing_required_parameter", "missing_messages", "missing_line_member"} <= set(named(["missing_required_parameter"]))
    assert named("blank_line, duplicate_key,") == ["blank_line", "duplicate_key"]
    assert named("") == named([]) == []


def test_rules_that_are_off_are_switched_on_by_a_severity() -> None:
    default = select().as_dict()

    assert set(default) == {name for name in RULES if RULES[name].default}
    assert "duplicate_key" not in default
    assert select(warn=["duplicate_key"]).as_dict() == default | {"duplicate_key": "warning"}
    assert select(error=["blank_line"]).as_dict()["blank_line"] == "error"
    assert select(warn=["invalid_type"]).as_dict()["invalid_type"] == "warning"
    assert select(["blank_line"]).as_dict() == {"blank_line": "warning"}
    assert select(["blank_line", "invalid_type"], ignore=["blank_line"]).as_dict() == {"invalid_type": "error"}
    assert select([]).as_dict() == {}


@pytest.mark.parametrize(("name", "meant"), [
    ("duplicate_custom_ids", "did you mean duplicate_custom_id"), ("unknown_param", "unknown_parameter"), ("xyz", "`batchlint rule` lists them")])
def test_an_unknown_rule_is_an_error_that_suggests_the_near_ones(name: str, meant: str) -> None:
    with pytest.raises(ValueError, match=f"unknown rule '{name}'.*{meant}"):
        named([name])
