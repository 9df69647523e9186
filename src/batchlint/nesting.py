"""Deeply nested data: results must not depend on the recursion limit or the caller's stack.

Two fixed bounds ensure this. The decoder accepts 1,024 levels. Explaining a problem recurses, so it
stops at 64 levels, for which any thread has room. Deeper values are not checked.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from threading import Thread
from typing import Any, Final, TypeVar

#: The number of levels that orjson decodes.
MAX_LEVELS: Final = 1024

#: The number of levels down to which problems are explained.
MAX_EXPLAINED_LEVELS: Final = 64

#: Strings (the last one may be cut off), and brackets that open or close arrays and objects.
_BRACKETS: Final = re.compile(r'"(?:[^"\\]++|\\.)*+"?|[\[{\]}]', re.DOTALL)

_T = TypeVar("_T")


def is_deeper_than(levels: int, text: str) -> bool:
    """Whether a text, which may be invalid JSON, nests arrays and objects deeper than this."""
    if text.count("[") + text.count("{") <= levels:
        return False
    depth = 0
    for match in _BRACKETS.finditer(text):
        mark = match[0]
        if mark in "[{":
            depth += 1
            if depth > levels:
                return True
        elif mark in "]}":
            depth -= 1
    return False


def end_of_container(text: str, start: int) -> int:
    """The offset after the array or object that begins here.

    Raises:
        ValueError: an array or object is not closed.
    """
    depth = 0
    for match in _BRACKETS.finditer(text, start):
        mark = match[0]
        if mark in "[{":
            depth += 1
        elif mark in "]}":
            depth -= 1
            if not depth:
                return match.end()
    raise ValueError("an array or object does not end")


def prune(value: Any, levels: int = MAX_EXPLAINED_LEVELS) -> Any:
    """The value, with None instead of everything that is nested deeper than this."""
    if not isinstance(value, list | dict):
        return value
    if not levels:
        return None
    if isinstance(value, list):
        return [prune(item, levels - 1) for item in value]
    return {key: prune(item, levels - 1) for key, item in value.items()}


def with_fresh_stack(function: Callable[..., _T], *args: Any) -> _T:
    """Call a function; if the caller's stack is too deep for it, call it again in a new thread.

    The function must be safe to call twice.

    Raises:
        RecursionError: the call needs more than a whole stack.
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
        raise errors[0]
    return results[0]
