"""Room to recurse: deeply nested data gets the same answer wherever a check runs."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock, Thread, stack_size
from typing import Any, Final, TypeVar

#: How many levels of JSON the decoder takes (orjson's own limit).
LEVELS: Final = 1024

#: Enough frames for everything that walks a line of so many levels; the explainer needs the most, four a level.
_FRAMES: Final = 10_000

#: Enough stack (bytes) for so many frames; 2 MiB were enough for the deepest line with Python 3.11.
_STACK: Final = 32 << 20

_T = TypeVar("_T")
_limit, _starting = Lock(), Lock()
_users: list[int] = []  # the recursion limit that each call found


def with_deep_stack(function: Callable[..., _T], *arguments: Any) -> _T:
    """Call a function; if it recurses too deep for the caller's thread, call it again in a thread with room.

    The answer then depends neither on the recursion limit nor on how deep the caller's own stack is. The function must
    be safe to call twice. Lines of up to `LEVELS` levels never exhaust the room.

    Raises:
        RecursionError: there is not enough room either.
    """
    try:
        return function(*arguments)
    except RecursionError:
        pass
    return _in_deep_thread(function, *arguments)


#: Strings (the last one may be cut off), and what opens and closes arrays and objects.
_BRACKETS: Final = re.compile(r'"(?:[^"\\]++|\\.)*+"?|[\[{\]}]', re.DOTALL)


def is_deeper_than(levels: int, text: str) -> bool:
    """Whether arrays and objects of a text, JSON or nearly JSON, are nested deeper than this."""
    if text.count("[") + text.count("{") <= levels:
        return False
    depth = 0
    for mark in _BRACKETS.findall(text):
        if mark in "[{":
            depth += 1
            if depth > levels:
                return True
        elif mark in "]}":
            depth -= 1
    return False


def _in_deep_thread(function: Callable[..., _T], *arguments: Any) -> _T:
    results: list[_T] = []
    errors: list[BaseException] = []

    def call() -> None:
        try:
            with _raised_limit():
                results.append(function(*arguments))
        except BaseException as error:  # noqa: BLE001 - the caller's thread raises it
            errors.append(error)

    thread = Thread(target=call, name="batchlint-deep-stack", daemon=True)
    with _starting:  # the size is that of all threads that start
        before = stack_size(_STACK)
        try:
            thread.start()
        finally:
            stack_size(before)
    thread.join()
    if errors:
        raise errors[0]
    return results[0]


@contextmanager
def _raised_limit() -> Iterator[None]:
    """Raise the recursion limit, which all threads share, until the last call that needs it has ended."""
    with _limit:
        _users.append(sys.getrecursionlimit())
        sys.setrecursionlimit(max(_users[-1], _FRAMES))
    try:
        yield
    finally:
        with _limit:
            if len(_users) == 1:
                sys.setrecursionlimit(_users[0])
                _users.clear()
            else:
                _users.pop()
