"""`batchlint rule` lists and explains rules."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from batchlint.rules import RULES
from support import CommandResult, run_command

Run = Callable[..., CommandResult]


def test_rule_lists_all_rules_one_per_line(run: Run) -> None:
    lines = [text for text in run("rule").out.splitlines() if text.startswith("  ")]

    assert sorted(text.split()[0] for text in lines) == sorted(RULES)
    assert all(text.endswith(".") for text in lines)


@pytest.mark.parametrize("name", RULES)
def test_rule_prints_the_documentation_of_one_rule(name: str, run: Run) -> None:
    result = run("rule", name)

    assert result.status == 0
    assert RULES[name].doc in result.out
    assert result.out.count(f"\n{name} (") + result.out.startswith(f"{name} (") == 1


def test_rule_with_the_given_name_comes_before_rules_with_that_code(run: Run) -> None:
    out = run("rule", "invalid_url").out

    assert out.startswith("invalid_url (")
    assert "\nmismatched_url (" in out


def test_rule_explains_all_rules_with_the_given_code() -> None:
    out = run_command("rule", "missing_required_parameter").out

    for name in ("missing_required_parameter", "missing_messages", "missing_line_member"):
        assert f"{name} (" in out


@pytest.mark.parametrize(
    ("name", "suggestion"),
    [("nope", "`batchlint rule` lists them"), ("blank_lines", "did you mean blank_line")],
)
def test_unknown_rule_is_a_usage_error_with_a_suggestion(name: str, suggestion: str) -> None:
    result = run_command("rule", name)

    assert (result.status, result.out) == (2, "")
    assert suggestion in result.err
