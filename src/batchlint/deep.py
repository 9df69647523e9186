"""Deeply nested data without recursion, so that no verdict depends on the recursion limit or on the caller's stack.

The standard library's decoder and encoder recurse; what they give up on is done again here, with a stack in a list.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from json.decoder import scanstring  # type: ignore[attr-defined]  # not in typeshed
from types import GeneratorType
from typing import Any, Final

#: How many levels of JSON orjson decodes.
LEVELS: Final = 1024

#: Strings, of which the last may be cut off, and what opens and closes arrays and objects.
_MARKS: Final = re.compile(r'"(?:[^"\\]++|\\.)*+"?|[\[{\]}]', re.DOTALL)
_SPACE: Final = re.compile(r"[ \t\n\r]*")
#: Newer decoders name a comma before a closing bracket.
_NAMES_COMMAS: Final = sys.version_info >= (3, 13)


def is_deeper(text: str, levels: int) -> bool:
    """Whether arrays and objects of a text, JSON or nearly, are nested deeper than this."""
    if text.count("[") + text.count("{") <= levels:
        return False
    depth = 0
    for mark in _MARKS.findall(text):
        if mark in "[{":
            depth += 1
            if depth > levels:
                return True
        elif mark in "]}":
            depth -= 1
    return False


def flat(steps: Iterator[Any]) -> Iterator[Any]:
    """What a generator yields, and in the place of generators that it yields what they do: `yield from` without frames."""
    stack = [steps]
    while stack:
        for step in stack[-1]:
            if type(step) is GeneratorType:
                stack.append(step)
                break
            yield step
        else:
            stack.pop()


def pruned(value: Any, levels: int) -> Any:
    """The value with None instead of what is nested deeper than so many levels."""
    if not isinstance(value, list | dict):
        return value
    if not levels:
        return None
    if isinstance(value, list):
        return [pruned(item, levels - 1) for item in value]
    return {key: pruned(item, levels - 1) for key, item in value.items()}


class Decoder(json.JSONDecoder):
    """The standard library's decoder, for any depth."""

    def raw_decode(self, s: str, idx: int = 0) -> tuple[Any, int]:
        """The value that begins at an index, and the index after it.

        Raises:
            json.JSONDecodeError: there is no value.
        """
        try:
            return super().raw_decode(s, idx)
        except RecursionError:
            return self._decode(s, idx)

    def _decode(self, text: str, at: int) -> tuple[Any, int]:
        containers: list[tuple[list[Any], list[str] | None]] = []  # the items of each, and the keys if it is an object
        while True:
            if text[at:at + 1] in ("[", "{"):
                keys: list[str] | None = [] if text[at] == "{" else None
                items: list[Any] = []
                at = _skip(text, at + 1)
                if text[at:at + 1] != _closing(keys):
                    containers.append((items, keys))
                    at = self._key(text, at, keys)
                    continue
                value, at = self._made(items, keys), at + 1
            else:
                try:
                    value, at = self.scan_once(text, at)  # type: ignore[attr-defined]  # not in typeshed
                except StopIteration as stop:
                    raise json.JSONDecodeError("Expecting value", text, stop.value) from None
            while containers:
                items, keys = containers[-1]
                items.append(value)
                at = _skip(text, at)
                if text[at:at + 1] == ",":
                    at = self._key(text, self._after_comma(text, at, keys), keys)
                    break
                if text[at:at + 1] != _closing(keys):
                    raise json.JSONDecodeError("Expecting ',' delimiter", text, at)
                containers.pop()
                value, at = self._made(items, keys), at + 1
            else:
                return value, at

    def _key(self, text: str, at: int, keys: list[str] | None) -> int:
        """Read the key and the colon of an object's member; where the value begins."""
        if keys is None:
            return at
        if text[at:at + 1] != '"':
            raise json.JSONDecodeError("Expecting property name enclosed in double quotes", text, at)
        key, at = scanstring(text, at + 1, self.strict)
        at = _skip(text, at)
        if text[at:at + 1] != ":":
            raise json.JSONDecodeError("Expecting ':' delimiter", text, at)
        keys.append(key)
        return _skip(text, at + 1)

    @staticmethod
    def _after_comma(text: str, comma: int, keys: list[str] | None) -> int:
        at = _skip(text, comma + 1)
        if _NAMES_COMMAS and text[at:at + 1] == _closing(keys):
            what = "array" if keys is None else "object"
            raise json.JSONDecodeError(f"Illegal trailing comma before end of {what}", text, comma)
        return at

    def _made(self, items: list[Any], keys: list[str] | None) -> Any:
        if keys is None:
            return items
        pairs = list(zip(keys, items, strict=True))
        hook: Any = self.object_pairs_hook
        return dict(pairs) if hook is None else hook(pairs)


def _skip(text: str, at: int) -> int:
    """The next index that isn't white space."""
    match = _SPACE.match(text, at)
    return match.end() if match else at


def _closing(keys: list[str] | None) -> str:
    return "]" if keys is None else "}"


def encoded(value: Any) -> str:
    """A value as the standard library writes it as JSON.

    Raises:
        TypeError: it holds what JSON doesn't have.
        ValueError: it is nested deeper than the decoder takes, or contains itself.
    """
    try:
        text = json.dumps(value)
    except RecursionError:
        text = "".join(_pieces(value))
    if is_deeper(text, LEVELS):
        raise ValueError(f"nested deeper than {LEVELS:,} levels")
    return text


def _pieces(value: Any) -> Iterator[str]:
    """The text of a value, piece by piece."""
    stack: list[tuple[Iterator[Any], str]] = [(iter([("", value)]), "")]
    while stack:
        members, closing = stack[-1]
        member = next(members, None)
        if member is None:
            stack.pop()
            yield closing
            continue
        before, inner = member
        yield before
        if len(stack) > LEVELS + 1:
            raise ValueError(f"nested deeper than {LEVELS:,} levels")
        if isinstance(inner, list | tuple):
            yield "["
            stack.append((((", " if index else "", item) for index, item in enumerate(inner)), "]"))
        elif isinstance(inner, dict):
            yield "{"
            stack.append((((", " * (index > 0) + json.dumps({key: 0})[1:-2], item) for index, (key, item) in enumerate(inner.items())), "}"))
        else:
            yield json.dumps(inner)
