"""Rule groups: their modules, and their names on the command line."""

from __future__ import annotations

import pkgutil
from pathlib import Path

import pytest

from batchlint import rules
from batchlint.output.rules import list_rules
from batchlint.rules import RULES
from batchlint.rules.groups import GROUPS
from batchlint.rules.registry import resolve_rule_names


def test_every_module_with_rules_has_one_group() -> None:
    modules = [module for group in GROUPS.values() for module in group.modules]
    directory = str(Path(str(rules.__file__)).parent)
    existing = {module.name for module in pkgutil.iter_modules([directory])}

    assert len(modules) == len(set(modules))
    assert {rule.module for rule in RULES.values()} == set(modules) <= existing


def test_group_names_differ_from_rule_names_and_codes() -> None:
    assert not GROUPS.keys() & {name for rule in RULES.values() for name in (rule.name, rule.code)}


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        pytest.param("line", {"missing_line_member", "unknown_line_member"}, id="group"),
        pytest.param("image*", {"image_tool_format", "format_excludes"}, id="glob of names"),
        pytest.param("*_model", {"mismatched_model", "missing_model"}, id="glob at the end"),
        pytest.param("duplicate_[ck]*", {"duplicate_key", "duplicate_custom_id"}, id="set"),
    ],
)
def test_groups_and_globs_expand_to_rules(names: str, expected: set[str]) -> None:
    found = resolve_rule_names(names)

    assert expected <= set(found)
    assert len(found) == len(set(found)) < len(RULES)


def test_rules_are_listed_once_each() -> None:
    assert resolve_rule_names("duplicate_key,json,duplicate*").count("duplicate_key") == 1


@pytest.mark.parametrize("names", ["no_such_*", "[", "imag"])
def test_name_that_matches_no_rule_raises_value_error(names: str) -> None:
    with pytest.raises(ValueError, match=r"unknown rule"):
        resolve_rule_names(names)


def test_rules_are_listed_by_group() -> None:
    text = "".join(list_rules())

    assert [title for title in text.split("\n") if title and title[0] != " "] == [
        f"{group.title} ({name})" for name, group in GROUPS.items()
    ]
    assert text.count("\n  ") == len(RULES)
