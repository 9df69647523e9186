"""The documentation of rules as text."""

from __future__ import annotations

from collections.abc import Iterator

from ..rules import RULES, Rule
from .wording import EFFECT_OF_RULE


def list_rules() -> Iterator[str]:
    """One line per rule."""
    width = max(map(len, RULES))
    for rule in RULES.values():
        off = "" if rule.default else " Off by default."
        yield f"{rule.name:{width}}  {rule.severity:7}  {rule.summary}{off}\n"


def explain_rule(rule: Rule) -> str:
    """The name and the documentation of a rule."""
    state = "" if rule.default else ", off by default"
    code = f", code {rule.code}" if rule.code != rule.name else ""
    effect = EFFECT_OF_RULE[rule.fails]
    return f"{rule.name} ({rule.severity}{code}{state}; the API {effect})\n\n{rule.doc}"
