"""Properties of every rule (name, documentation, examples), and the registry itself."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest

from batchlint import BatchError, check
from batchlint.findings import Part, Phase, Problem, Rank
from batchlint.providers import EMBEDDINGS, ENDPOINTS
from batchlint.rules import RULES, Rule, select_rules
from batchlint.rules.registry import Request, problem, request_rule, resolve_rule_names
from batchlint.rules.triggers import ALWAYS, items, parts
from batchlint.schema.store import body_schema
from rules.helpers import each
from support import NOW, example_lines

SNAKE_CASE = "[a-z][a-z0-9]*(_[a-z0-9]+)*"

#: Rules about providers other than OpenAI. Examples are lines for OpenAI.
OF_OTHER_PROVIDERS = {
    "doubtful_custom_id",
    "line_size_near_limit",
    "line_too_large",
    "misspelled_parameter",
    "refused_custom_id",
    "requests_near_limit",
    "unclear_endpoint",
}

#: Rules about bytes and whole files, which an example in a docstring can't show.
WITHOUT_EXAMPLES = OF_OTHER_PROVIDERS | {
    "too_many_problems",
    "unchecked_filter",
    "unchecked_schema",
    "not_jsonl_name",
    "empty_file",
    "file_too_large",
    "file_size_near_limit",
    "not_utf8",
    "byte_order_mark",
    "nesting_too_deep",
    "not_a_batch_file",
    "too_many_requests",
    "too_many_embedding_inputs",
    "blank_line",
    "model_shutdown",
    "model_shutdown_soon",
    "duplicate_key",
    "context_exceeded",
    "enqueued_tokens",
    "input_too_long",
    "long_token_list",
    "max_tokens_per_request",
    "embedding_tokens",
}

every_rule = each([*RULES.values()])


# -- every rule -----------------------------------------------------------------------------------


def test_many_rules_are_registered() -> None:
    assert len(RULES) > 45


@every_rule
def test_name_and_code_are_snake_case(case: Rule) -> None:
    assert RULES[case.name] is case
    assert re.fullmatch(SNAKE_CASE, case.name)
    assert re.fullmatch(SNAKE_CASE, case.code)


@every_rule
def test_documentation_has_a_summary_a_fix_and_its_evidence(case: Rule) -> None:
    assert re.fullmatch(r"[A-Z`][^\n]*\.", case.summary), case.summary
    assert len(case.summary) <= 140
    assert re.search(r"^Fix: \S", case.doc, re.MULTILINE)
    assert re.search(
        r"^Evidence: (confirmed|documented|reported|inferred|none)\. \S", case.doc, re.MULTILINE
    )
    assert case.doc.rstrip().endswith(".")


@every_rule
def test_errors_name_an_effect_and_warnings_do_not(case: Rule) -> None:
    assert (case.severity, case.fails is None) in (("warning", True), ("error", False))


@every_rule
def test_only_request_rules_have_triggers(case: Rule) -> None:
    has_trigger = bool(case.endpoints) or case.when != ALWAYS or case.unless is not None

    assert case.scope == "request" or not has_trigger


@every_rule
def test_only_schema_rules_have_hint_functions(case: Rule) -> None:
    assert case.scope == "schema" or case.hint is None


# -- examples -------------------------------------------------------------------------------------

EXAMPLES = [
    pytest.param(rule, heading, text, id=f"{name}-{heading}-{number}")
    for name, rule in RULES.items()
    for heading in ("Fails", "Passes")
    for number, text in enumerate(rule.examples(heading))
]


def findings(rule: Rule, example: str) -> list[BatchError]:
    """Check an example with its rule enabled, and return the findings."""
    report = check(example_lines(example), warn=() if rule.default else [rule.name], now=NOW)
    return [*report.errors, *report.warnings]


def test_rules_have_examples_if_lines_can_show_the_problem() -> None:
    assert {name for name in RULES if not RULES[name].examples("Fails")} == WITHOUT_EXAMPLES
    assert {name for name in RULES if not RULES[name].examples("Passes")} == WITHOUT_EXAMPLES


@pytest.mark.parametrize(("rule", "heading", "text"), EXAMPLES)
def test_examples_fail_or_pass_as_documented(rule: Rule, heading: str, text: str) -> None:
    """A `Passes` example has no error of any rule."""
    found = findings(rule, text)
    rule_findings = [error for error in found if error.rule == rule.name]

    if heading == "Fails":
        assert rule_findings
        assert all(error.code == rule.code and error.message for error in rule_findings)
    else:
        assert rule_findings == []
        assert [error for error in found if error.severity == "error"] == []


def test_bodies_in_examples_are_json() -> None:
    texts = [str(param.values[2]) for param in EXAMPLES]
    bodies = [text for text in texts if text.startswith("/v1/")]

    assert len(bodies) > 50
    for text in bodies:
        for part in text.split("\n"):
            json.loads(part.partition(" ")[2])


# -- registration ---------------------------------------------------------------------------------


def invalid_type(_: Request) -> Iterator[Problem]:
    """A rule whose name already exists."""
    return iter(())


def new_rule(_: Request) -> Iterator[Problem]:
    """A rule that the tests try to register."""
    return iter(())


def always_skip(_: Request) -> bool:
    return True


def test_duplicate_rule_name_raises_value_error() -> None:
    with pytest.raises(ValueError, match="two rules are called invalid_type"):
        request_rule()(invalid_type)


def test_unless_function_requires_a_trigger_on_fields() -> None:
    for decorator in (
        request_rule(unless=always_skip),
        request_rule(unless=always_skip, when=items({"a": False})),
        request_rule(unless=always_skip, when=parts({"a": False})),
    ):
        with pytest.raises(ValueError, match="`unless` must be a schema"):
            decorator(new_rule)
    assert "new_rule" not in RULES


def test_items_and_parts_of_endpoints_are_parameters_of_their_schemas() -> None:
    for endpoint in ENDPOINTS.values():
        places = endpoint.items or endpoint.parts

        assert {*places} <= body_schema(endpoint)["properties"].keys()


# -- what rules get and yield ---------------------------------------------------------------------


def test_request_has_its_model_and_the_objects_in_a_list() -> None:
    body = {"model": "m", "tools": [{"a": 1}, 5, {"b": 2}], "input": {"0": {}}}
    request = Request(EMBEDDINGS, body)

    assert request.model == "m"
    assert Request(EMBEDDINGS, {"model": 5}).model == Request(EMBEDDINGS, {}).model == ""
    assert [*request.objects("tools")] == [(0, {"a": 1}), (2, {"b": 2})]
    assert [*request.objects("input")] == [*request.objects("missing")] == []


class PlaceCase(NamedTuple):
    name: str
    problem: Problem
    param: str | None
    path: tuple[str | int, ...]


@each(
    [
        PlaceCase("dotted path", problem("x", "a", 0, "b"), "body.a[0].b", ("body", "a", 0, "b")),
        PlaceCase(
            "explicit param", problem("x", "a", "b", param="a"), "body.a", ("body", "a", "b")
        ),
        PlaceCase("null param", problem("x", "a", param=None), None, ("body", "a")),
        PlaceCase("body", problem("x"), "body", ("body",)),
    ]
)
def test_problem_has_a_param_and_a_path(case: PlaceCase) -> None:
    assert (case.problem.param, case.problem.path) == (case.param, case.path)


def test_rule_problem_sorts_after_schema_problems_in_the_same_phase() -> None:
    assert problem("x").rank == Rank(Part.BODY, Phase.FIELDS, is_from_rule=True)
    assert problem("x", phase=Phase.LAST).rank.phase == Phase.LAST


# -- selecting rules ------------------------------------------------------------------------------


def test_code_selects_all_of_its_rules() -> None:
    missing = {"missing_required_parameter", "missing_messages", "missing_line_member"}

    assert missing <= set(resolve_rule_names(["missing_required_parameter"]))
    assert resolve_rule_names("blank_line, duplicate_key,") == ["blank_line", "duplicate_key"]
    assert resolve_rule_names("") == resolve_rule_names([]) == []


def test_setting_a_severity_enables_a_rule() -> None:
    default = select_rules().as_dict()

    assert set(default) == {name for name in RULES if RULES[name].default}
    assert "duplicate_key" not in default
    assert select_rules(warn=["duplicate_key"]).as_dict() == default | {"duplicate_key": "warning"}
    assert select_rules(error=["blank_line"]).as_dict()["blank_line"] == "error"
    assert select_rules(warn=["invalid_type"]).as_dict()["invalid_type"] == "warning"


def test_selection_and_exclusion_combine() -> None:
    both = select_rules(["blank_line", "invalid_type"], ignore=["blank_line"])

    assert select_rules(["blank_line"]).as_dict() == {"blank_line": "warning"}
    assert both.as_dict() == {"invalid_type": "error"}


@pytest.mark.parametrize(
    "names",
    [{"only": []}, {"only": ""}, {"only": ["blank_line"], "ignore": ["blank_line"]}],
    ids=str,
)
def test_selecting_no_rules_raises_value_error(names: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="no rule is selected, so nothing would be checked"):
        select_rules(**names)


def test_warn_and_error_also_select_rules() -> None:
    assert select_rules([], error=["blank_line"]).as_dict() == {"blank_line": "error"}


class Unknown(NamedTuple):
    name: str
    suggestion: str


@each(
    [
        Unknown("duplicate_custom_ids", "did you mean duplicate_custom_id"),
        Unknown("duplicate_c", "did you mean duplicate_custom_id?"),
        Unknown("unknown_param", "unknown_parameter"),
        Unknown("xyz", "`batchlint rule` lists them"),
    ]
)
def test_unknown_rule_raises_with_a_suggestion(case: Unknown) -> None:
    with pytest.raises(ValueError, match=f"unknown rule '{case.name}'.*{case.suggestion}"):
        resolve_rule_names([case.name])
