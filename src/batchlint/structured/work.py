"""Counts the work of checking a schema, and limits it per line.

Work is counted, never timed, so that every run gives the same report. Work proportional to the size
of a schema is not counted, because reading the line costs as much. Only extra work counts: many
values far below the root, because each gets a path, and patterns that are slow to compile.
"""

from __future__ import annotations

import re
from typing import Any, Final

from ..bounds import MAX_EXTRA_STEPS
from .metaschema import MAX_PATTERN_LENGTH

#: Free steps per byte of a schema. Typical schemas need less than 2.
FREE_STEPS_PER_BYTE: Final = 8

#: Steps per character of a pattern that is slow to compile.
_SLOW: Final = 1000

#: Patterns that have non-ASCII classes or ignore case may take a millisecond per character.
_MAY_BE_SLOW: Final = re.compile(r"[^\x00-\x7f]|\\[xuUN]|\(\?[aLmsux]*i")


def excess_steps(schema: dict[str, Any], size: int) -> int:
    """Return the steps beyond the free ones. Counting stops when they exceed the budget.

    Args:
        schema: the schema.
        size: the size of its JSON text in bytes.
    """
    free = FREE_STEPS_PER_BYTE * size
    steps = 0
    stack: list[tuple[Any, int]] = [(schema, 1)]
    while stack and steps <= free + MAX_EXTRA_STEPS:
        value, depth = stack.pop()
        steps += depth
        if isinstance(value, dict):
            stack += [(child, depth + 1) for child in value.values()]
            steps += sum(map(_pattern_steps, _patterns(value)))
        elif isinstance(value, list):
            stack += [(child, depth + 1) for child in value]
    return max(0, steps - free)


def _patterns(schema: dict[str, Any]) -> list[str]:
    """Return the patterns of one subschema."""
    named = schema.get("patternProperties")
    own = schema.get("pattern")
    return [*(named if isinstance(named, dict) else ()), *([own] if isinstance(own, str) else ())]


def _pattern_steps(pattern: str) -> int:
    if len(pattern) > MAX_PATTERN_LENGTH or not _MAY_BE_SLOW.search(pattern):
        return 0
    return _SLOW * len(pattern)
