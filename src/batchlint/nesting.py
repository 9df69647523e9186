"""Limits on nesting, so that results don't depend on the recursion limit or the caller's stack.

The decoder accepts 1,024 levels. The explainer recurses, so it stops at 64 levels, which fit on any
thread's stack. It doesn't check deeper values.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from threading import Thread
from typing import Any, Final, TypeVar

#: The maximum number of levels that orjson decodes.
MAX_LEVELS: Final = 1024

#: The maximum number of levels at which problems are explained.
MAX_EXPLAINED_LEVELS: Final = 64

#: A string, which may be cut off at the end of the text, or a bracket of an array or an object.
_STRING_OR_BRACKET: Final = r'(?s)"(?:[^"\\]++|\\.)*+"?|[\[{\]}]'

_T = TypeVar("_T")


def is_deeper_than(levels: int, text: str) -> bool:
    """Return whether arrays and objects in JSON text are nested deeper than `levels`.

    The text may be invalid JSON.
    """
    if text.count("[") + text.count("{") <= levels:
        return False
    depth = 0
    for match in re.finditer(_STRING_OR_BRACKET, text):
        lexeme = match[0]
        if lexeme in "[{":
            depth += 1
            if depth > levels:
                return True
        elif lexeme in "]}":
            depth -= 1
    return False


def container_end(text: str, start: int) -> int:
    """Return the offset after the array or object that begins at `start`.

    Raises:
        ValueError: the array or object is not closed.
    """
    depth = 0
    for match in re.compile(_STRING_OR_BRACKET).finditer(text, start):
        lexeme = match[0]
        if lexeme in "[{":
            depth += 1
        elif lexeme in "]}":
            depth -= 1
            if not depth:
                return match.end()
    raise ValueError("an array or object is not closed")


def prune(value: Any, levels: int = MAX_EXPLAINED_LEVELS) -> Any:
    """Return a copy of a value in which None replaces arrays and objects below `levels`."""
    if not isinstance(value, list | dict):
        return value
    if not levels:
        return None
    if isinstance(value, list):
        return [prune(item, levels - 1) for item in value]
    return {key: prune(item, levels - 1) for key, item in value.items()}


def with_fresh_stack(function: Callable[..., _T], *args: Any) -> _T:
    """Call a function. If the caller's stack is too full for it, call it again in a new thread.

    The function must be safe to call twice.

    Raises:
        RecursionError: the call needs more than an empty stack provides.
    """
    try:
        return function(*args)
    except RecursionError:
        pass
    results: list[_T] = []
    errors: list[BaseException] = []

    def call() -> None:
        try:
            results.append(function(*args))
        except BaseException as error:  # noqa: BLE001 - the caller's thread raises it
            errors.append(error)

    thread = Thread(target=call, name="batchlint-fresh-stack", daemon=True)
    thread.start()
    thread.join()
    if errors:
        raise errors.pop()  # The error refers to this frame, so the frame must not refer to it.
    return results[0]
