"""The sentences of the API: how it words types, values, lists and places.

Source: recorded answers of the live API, August and September 2026 (`fixtures/answers/`).
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Sequence
from functools import lru_cache
from typing import Any

from .deep import pruned
from .findings import PathParts

#: Names of more characters than this are shortened in a sentence.  Seen whole at 12 and shortened at 20.
SHORT = 19

#: Values likewise.  Seen whole at 20 (August 2025), shortened at 24 and 28 (July 2026).
SHORT_VALUE = 20

#: How much of a value a message quotes at most.
QUOTED = 64

#: Compiled when first needed: a start should not wait for it.
_CONTROL = "[\x00-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufeff]"


def clean(text: str) -> str:
    """The text with control characters (and those that turn its direction) escaped."""
    return text if text.isprintable() else re.sub(_CONTROL, lambda match: ascii(match[0])[1:-1], text)


def shown(value: str) -> str:
    """A user's string as a message quotes it: escaped, and at most 64 characters of it."""
    text = clean(value[: QUOTED + 1])
    return text if len(text) <= QUOTED else text[: QUOTED - 3] + "..."


def abbreviated(name: str, longest: int = SHORT) -> str:
    """A name or value as the API shortens it where it is long: its first and last three characters."""
    return clean(name if len(name) <= longest else f"{name[:3]}...{name[-3:]}")


def listed(items: Sequence[str], joint: str = "and") -> str:
    """`'a'`, `'a' and 'b'`, `'a', 'b', and 'c'`."""
    if len(items) < 3:
        return f" {joint} ".join(items)
    return f"{', '.join(items[:-1])}, {joint} {items[-1]}"


def quoted(values: Iterable[str]) -> list[str]:
    """The values in single quotes."""
    return [f"'{value}'" for value in values]


def kind(value: Any) -> str:
    """The JSON type of a decoded value; whole floats count as numbers."""
    return _KINDS.get(type(value), "null")


_KINDS = {str: "string", bool: "boolean", int: "integer", float: "number", list: "array", dict: "object"}

#: How the API names what it expected, by JSON type.
EXPECTED = {"string": "a string", "integer": "an integer", "number": "a decimal", "boolean": "a boolean",
            "object": "an object", "array": "an array", "null": "null"}

#: How the API names what it got.
GOT = EXPECTED | {"number": "a decimal number"}


def one_of(phrases: Sequence[str]) -> str:
    """`one of a string or array of objects`: only the first keeps its article."""
    if len(phrases) == 1:
        return phrases[0]
    rest = [re.sub("^an? ", "", phrase) for phrase in phrases[1:]]
    return f"one of {listed([phrases[0], *rest], 'or')}"


def plural(phrase: str) -> str:
    """`a string` to `strings`; what is no single noun stays as it is."""
    noun = re.sub("^an? ", "", phrase)
    return noun if noun == phrase or " of " in noun else noun + "s"


def array_of(item: str) -> str:
    """`an array of objects`."""
    return f"an array of {plural(item)}"


def as_python(value: Any) -> str:
    """A value as the API prints it where it prints a Python repr: strings quoted, objects as dicts."""
    try:
        return shown(repr(value))
    except RecursionError:  # each level takes a character, so deeper ones are not shown
        return shown(repr(pruned(value, QUOTED + 1)))
    except ValueError:  # an integer of too many digits
        return "..."


def number(value: float) -> str:
    """A number as it stands in a sentence."""
    return str(int(value)) if value == int(value) and abs(value) < 1e16 else str(value)


@lru_cache(maxsize=1024)
def dotted(path: PathParts) -> str:
    """A place in the API's words: `messages[0].content`."""
    words = "".join(f"[{part}]" if isinstance(part, int) else f".{clean(part[:1000])}" for part in path)
    return words.removeprefix(".")


@lru_cache(maxsize=1024)
def pointer(path: PathParts) -> str:
    """A place as a JSON Pointer (RFC 6901)."""
    return "".join("/" + str(part)[:1000].replace("~", "~0").replace("/", "~1") for part in path)


def distance(a: str, b: str, limit: int) -> int:
    """The Levenshtein distance of two names, or `limit` + 1 if it is more than `limit`."""
    if abs(len(a) - len(b)) > limit:
        return limit + 1
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        last, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            last, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, last + (x != y))
    return min(row[-1], limit + 1)


@lru_cache(maxsize=256)
def near(key: str, known: tuple[str, ...]) -> list[str]:
    """The known names at a distance of at most 2, nearest first and else by the alphabet."""
    steps = sorted((distance(key, name, 2), name) for name in known)
    return [name for step, name in steps if step <= 2]


def did_you_mean(key: str, known: Iterable[str], present: Container[str]) -> str:
    """The API's suggestion for an unknown member of a body's root, or nothing.

    Names at a Levenshtein distance of at most 2 are offered, nearest first and else by the
    alphabet; one that the body already has never is.
    """
    names = [name for name in near(key, tuple(known)) if name not in present]
    return f" Did you mean {listed(quoted(names), 'or')}?" if names else ""
