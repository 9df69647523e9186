"""Describe rules as text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from ..rules import RULES, Rule
from ..rules.groups import GROUPS
from .wording import EFFECT_OF_RULE
from .wrapping import wrap, wrap_documentation

#: The maximum width of the name column on a terminal. A longer name gets a separate line.
_MAX_NAME_WIDTH: Final = 30


def list_rules(width: int | None = None) -> Iterator[str]:
    """Yield the rules by group, one line per rule. On a terminal, long lines are wrapped.

    Args:
        width: the width of the terminal in columns. None disables wrapping.
    """
    names = max(map(len, RULES))
    for position, (name, group) in enumerate(GROUPS.items()):
        yield "\n" * (position > 0) + f"{group.title} ({name})\n"
        for rule in RULES.values():
            if rule.group == name:
                yield _row(rule, names) if width is None else _wrapped_row(rule, width)


def _row(rule: Rule, names: int) -> str:
    return f"  {rule.name:{names}}  {rule.severity:7}  {_summary(rule)}\n"


def _wrapped_row(rule: Rule, width: int) -> str:
    """Return the name and the summary, side by side if there is enough room."""
    level = "" if rule.severity == "error" else "Warning. "
    text = f"{level}{_summary(rule)}"
    if width < 2 * _MAX_NAME_WIDTH + 20:
        return f"  {rule.name}\n      {wrap(text, width, 6, 6)}\n"
    indent = _MAX_NAME_WIDTH + 4
    if len(rule.name) > _MAX_NAME_WIDTH:
        return f"  {rule.name}\n{' ' * indent}{wrap(text, width, indent, indent)}\n"
    return f"  {rule.name:{_MAX_NAME_WIDTH}}  {wrap(text, width, indent, indent)}\n"


def _summary(rule: Rule) -> str:
    return rule.summary + ("" if rule.default else " Off by default.")


def explain_rule(rule: Rule, width: int | None = None) -> str:
    """Return the name and the documentation of a rule.

    Args:
        rule: the rule.
        width: the width of the terminal in columns. None disables wrapping.
    """
    state = "" if rule.default else ", off by default"
    code = f", code {rule.code}" if rule.code != rule.name else ""
    effect = EFFECT_OF_RULE[rule.fails]
    head = f"{rule.name} ({rule.severity}{code}{state}; the API {effect}; group {rule.group})"
    return f"{wrap(head, width)}\n\n{wrap_documentation(rule.doc, width)}"
