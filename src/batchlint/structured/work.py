"""Counts the steps of checking a schema, to limit the work per line.

batchlint counts steps instead of measuring time, so that every run gives the same report. Work in
proportion to the schema's size is free, because decoding the line costs as much. Only work beyond
that counts, such as deep values (each one has a path) and looking for errors in many subschemas.
"""

from __future__ import annotations

from typing import Any, Final

from ..bounds import MAX_EXTRA_STEPS
from ..nesting import prune
from .metaschema import is_obviously_valid

#: The number of free steps per byte of a schema. Typical schemas need less than 2.
FREE_STEPS_PER_BYTE: Final = 8

#: The number of steps for each value of a schema that is searched for errors, and the number of free
#: visits per schema.
_STEPS_PER_VISIT: Final = 50
_FREE_VISITS: Final = 500


def excess_steps(schema: dict[str, Any], size: int) -> int:
    """Return the number of steps beyond the free ones. Counting stops above a line's budget.

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
        elif isinstance(value, list):
            stack += [(child, depth + 1) for child in value]
    return max(0, steps - free)


def explanation_steps(schema: dict[str, Any]) -> int:
    """Return the steps for explaining a schema that the fast engine doesn't accept.

    Without the engine, the `jsonschema` library visits every value. Typical schemas need no steps.
    """
    steps = -_STEPS_PER_VISIT * _FREE_VISITS
    stack: list[Any] = [schema]
    while stack and steps <= MAX_EXTRA_STEPS:
        value = stack.pop()
        steps += _STEPS_PER_VISIT
        if isinstance(value, dict | list):
            stack += value.values() if isinstance(value, dict) else value
    return 0 if steps <= 0 or is_obviously_valid(prune(schema)) else steps
