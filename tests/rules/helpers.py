"""Helpers for rule tests: named cases, and a property test that all rule modules share."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from types import ModuleType
from typing import Any, Protocol

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batchlint.rules import RULES, Rule
from support import URLS, run_rule


class Named(Protocol):
    """A case whose name becomes its test ID."""

    @property
    def name(self) -> str: ...


def each(cases: Sequence[Named]) -> pytest.MarkDecorator:
    """Parametrize a test with cases. The test receives each as the argument `case`."""
    names = [case.name for case in cases]
    assert len(set(names)) == len(names), "two cases share a name"
    return pytest.mark.parametrize("case", cases, ids=names)


def request_rules(module: ModuleType) -> list[Rule]:
    """Return the request rules of a module."""
    rules = [rule for rule in RULES.values() if rule.scope == "request"]
    return [rule for rule in rules if rule.check.__module__ == module.__name__]


def invalid_data_test(
    module: ModuleType,
    fields: Iterable[str],
    scalars: st.SearchStrategy[Any],
    *,
    max_message_length: int = 2000,
    max_examples: int = 150,
) -> Callable[[], None]:
    """Create a property test for all rules in a module.

    The test fails if a rule raises, yields a long message, or finds a problem without its trigger.

    Args:
        module: the module with the rules.
        fields: the keys of the bodies and of nested objects.
        scalars: the values other than arrays and objects.
        max_message_length: the maximum length of a message.
        max_examples: the number of bodies to try.
    """
    rules = request_rules(module)
    assert rules
    names = st.sampled_from(sorted(fields))
    values = st.recursive(
        scalars,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=4),
        max_leaves=20,
    )

    @settings(max_examples=max_examples)
    @given(st.sampled_from(URLS), st.dictionaries(names, values))
    def test(url: str, body: dict[str, Any]) -> None:
        for rule in rules:
            for problem in run_rule(rule.name, url, body):
                assert len(problem.message) < max_message_length

    return test
