"""Finds the patterns in a schema, and checks whether Python's `re` can compile them."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from importlib import import_module
from threading import Lock
from typing import Any, Final

#: The maximum length of a pattern to check. Longer patterns count as valid.
_MAX_LENGTH: Final = 500

#: The maximum length of the text that a look-behind can match. `re` stores it in 32 bits.
_MAX_LOOK_BEHIND: Final = 2**32 - 1

_warnings_lock: Final = Lock()


def all_patterns(schema: Any) -> Iterator[str]:
    """Yield the patterns in a schema, and perhaps other strings with the key `pattern`.

    The values of keywords such as `default` are visited too, because a property can have the name
    of a keyword.
    """
    stack: list[Any] = [schema]
    while stack:
        value = stack.pop()
        if isinstance(value, dict):
            if isinstance(value.get("pattern"), str):
                yield value["pattern"]
            if isinstance(value.get("patternProperties"), dict):
                yield from value["patternProperties"]
            stack += value.values()
        elif isinstance(value, list):
            stack += value


def is_regex(pattern: object) -> bool:
    """Return whether Python's `re` can compile a pattern.

    Values that aren't strings, long patterns and patterns nested too deeply count as valid.
    """
    if not isinstance(pattern, str) or len(pattern) > _MAX_LENGTH:
        return True
    # `catch_warnings` changes state that all threads share, so it needs a lock.
    with _warnings_lock, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Python warns about constructs whose meaning will change.
        try:
            _parse(pattern)
        except (re.error, OverflowError, ValueError):
            return False
        except RecursionError:
            return True
    return True


def _parse(pattern: str) -> None:
    """Raise what `re.compile` raises, without compiling, which can take half a second.

    Raises:
        re.error: the pattern is invalid.
        OverflowError: a number in it is too large.
        ValueError: its flags are incompatible.
    """
    parser: Any = import_module("re._parser")
    stack: list[Any] = [parser.parse(pattern)]
    while stack:
        part = stack.pop()
        if not isinstance(part, parser.SubPattern | list | tuple):
            continue
        stack += part
        # Compare identities: numbers, as in `a{4}`, can equal the constants.
        if part and (part[0] is parser.ASSERT or part[0] is parser.ASSERT_NOT):
            direction, content = part[1]
            shortest, longest = content.getwidth()
            if direction < 0 and (shortest != longest or shortest > _MAX_LOOK_BEHIND):
                raise re.error("look-behind must have a fixed width")
