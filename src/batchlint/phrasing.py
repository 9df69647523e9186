"""Formats types, values, lists and paths as the API's messages do.

Source: recorded responses of the live API, August and September 2026 (`fixtures/answers/`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from typing import Any, Final

from .bounds import ByteCache
from .findings import MAX_QUOTE_LENGTH, PathParts
from .nesting import prune

Schema = Mapping[str, Any]

#: The API's message for a line that it can't parse (source: `batchlint rule invalid_json_line`).
NOT_JSON: Final = "This line is not parseable as valid JSON."

#: The API shortens longer names. Recorded responses show a 12-character name in full and a
#: 20-character name shortened.
MAX_NAME_LENGTH: Final = 19

#: The API shortens longer values. Recorded responses show a 20-character value in full (August
#: 2025) and values of 24 and 28 characters shortened (July 2026).
MAX_VALUE_LENGTH: Final = 20

#: Messages quote at most this many characters of a user's value.
MAX_EXCERPT_LENGTH: Final = 64

#: Characters that could control a terminal, or are invisible: control characters, characters that
#: change the text direction, default-ignorable characters (Unicode 16), and lone surrogates. The
#: list is fixed, because `str.isprintable` accepts some of them and depends on the Python version.
#: The pattern is compiled when it is first needed.
_BEYOND_C0: Final = (
    "\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e"
    "\u2060-\u206f\u3164\ud800-\udfff\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3"
    "\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
_UNSAFE: Final = f"[\x00-\x1f{_BEYOND_C0}]"
_NOTHING: Final[Schema] = {}


# -- user values ---------------------------------------------------------------------------------


def escape(text: str) -> str:
    """Escape control and invisible characters, and characters that change the text direction."""
    if text.isascii() and text.isprintable():
        return text
    return re.sub(_UNSAFE, lambda match: ascii(match[0])[1:-1], text)


def escape_document(text: str, reference: Callable[[str], str]) -> str:
    """Escape unsafe characters in a document whose characters up to U+001F are already escaped.

    Args:
        text: the document.
        reference: a function that escapes a character as the document's format requires.
    """
    if text.isascii() and "\x7f" not in text:
        return text
    return re.sub(f"[{_BEYOND_C0}]", lambda match: reference(match[0]), text)


def excerpt(value: str) -> str:
    """Escape a user's string for a message and cut it to 64 characters."""
    text = escape(value[: MAX_EXCERPT_LENGTH + 1])
    return text if len(text) <= MAX_EXCERPT_LENGTH else text[: MAX_EXCERPT_LENGTH - 3] + "..."


def abbreviate(name: str, max_length: int = MAX_NAME_LENGTH) -> str:
    """Shorten a long name or value as the API does: to its first and last three characters."""
    return escape(name if len(name) <= max_length else f"{name[:3]}...{name[-3:]}")


def python_repr(value: Any) -> str:
    """Return an excerpt of a value's Python repr, which some API messages contain."""
    try:
        # Deeper levels can be dropped, because their brackets alone would exceed the excerpt.
        return excerpt(repr(prune(value, MAX_EXCERPT_LENGTH)))
    except (RecursionError, ValueError):
        # The caller's stack is too deep, or an integer has too many digits.
        return "..."


class _LongString(str):
    """A long string whose repr is short.

    `jsonschema` writes the repr of rejected values into messages that are never used. For a 50 MB
    image, this took 2.7 GB of memory.
    """

    __slots__ = ()

    def __repr__(self) -> str:
        return repr(str(self[:_SHORT_REPR]))


#: The maximum length of a string that gets its full repr.
_SHORT_REPR: Final = 1000


def with_short_reprs(value: Any) -> Any:
    """Return a copy of a value for `jsonschema`, in which long strings have a short repr."""
    if isinstance(value, str):
        return value if len(value) <= _SHORT_REPR else _LongString(value)
    if isinstance(value, dict):
        return {with_short_reprs(key): with_short_reprs(item) for key, item in value.items()}
    if isinstance(value, list):
        return [with_short_reprs(item) for item in value]
    return value


def format_number(value: float) -> str:
    """Format a number as the API does: floats keep their '.0'. A number may be cut off."""
    return python_repr(value)


# -- lists ---------------------------------------------------------------------------------------


def listed(items: Sequence[str], conjunction: str = "and") -> str:
    """Join items: `'a'`, `'a' and 'b'`, or `'a', 'b', and 'c'`."""
    if len(items) < 3:
        return f" {conjunction} ".join(items)
    return f"{', '.join(items[:-1])}, {conjunction} {items[-1]}"


def quoted(values: Iterable[str]) -> list[str]:
    """Return the values in single quotes."""
    return [f"'{value}'" for value in values]


def one_of(phrases: Sequence[str]) -> str:
    """Join phrases: `one of a string or array of objects`. Only the first keeps its article."""
    if len(phrases) == 1:
        return phrases[0]
    rest = [re.sub("^an? ", "", phrase) for phrase in phrases[1:]]
    return f"one of {listed([phrases[0], *rest], 'or')}"


def array_of(item: str) -> str:
    """Return `an array of objects` for `an object`.

    Phrases without an article, or with `of`, don't become plural.
    """
    noun = re.sub("^an? ", "", item)
    return f"an array of {noun if noun == item or ' of ' in noun else noun + 's'}"


# -- types ---------------------------------------------------------------------------------------

_JSON_TYPES: Final = {
    str: "string",
    bool: "boolean",
    int: "integer",
    float: "number",
    list: "array",
    dict: "object",
}

#: The API's phrases for expected types.
EXPECTED: Final = {
    "string": "a string",
    "integer": "an integer",
    "number": "a decimal",
    "boolean": "a boolean",
    "object": "an object",
    "array": "an array",
    "null": "null",
}

#: The API's phrases for actual types.
GOT: Final = EXPECTED | {"number": "a decimal number"}


def json_type(value: Any) -> str:
    """Return the JSON type of a decoded value. 1.0 is a 'number', not an 'integer'."""
    return _JSON_TYPES.get(type(value), "null")


def expected(node: Schema, value: Any, deref: Callable[[Schema], Schema]) -> str:
    """Return the phrase after "expected" in the API's message about a value.

    Args:
        node: the schema of the value.
        value: the value. The API's phrase may depend on its type.
        deref: a function that resolves a schema's reference.
    """
    node = deref(node)
    notes = node.get("x-batchlint", _NOTHING)
    phrase = notes.get("expected")
    if isinstance(phrase, str):
        return phrase
    if phrase is not None:
        return str(phrase.get(json_type(value), phrase[""]))
    values = notes.get("supported", node.get("enum", ())) if "enum" in node else ()
    values = [value for value in values if value is not None]
    if values and all(isinstance(value, str) for value in values):
        return one_of(quoted(map(abbreviate, values)))
    if "anyOf" in node and "properties" not in node:
        branches = [branch for branch in node["anyOf"] if deref(branch).get("type") != "null"]
        phrases = [expected(branch, value, deref) for branch in branches]
        return one_of(list(dict.fromkeys(phrases)))
    if _is_map_of_strings(node):
        return "an object with string keys and string values"
    types = node.get("type", "object")
    names = [types] if isinstance(types, str) else [name for name in types if name != "null"]
    return one_of([_expected_type(name, node, value, deref) for name in names])


def _expected_type(name: str, node: Schema, value: Any, deref: Callable[[Schema], Schema]) -> str:
    if name == "array" and "items" in node:
        return array_of(expected(node["items"], value, deref))
    return EXPECTED[name]


def _is_map_of_strings(node: Schema) -> bool:
    return (
        node.get("type") == "object"
        and "properties" not in node
        and node.get("additionalProperties") == {"type": "string"}
    )


def unsupported_value(value: str, values: Sequence[str]) -> str:
    """Return the API's message about an unsupported value, with the supported ones."""
    if len(values) == 1:
        return f"Invalid value: '{value}'. Value must be '{values[0]}'."
    return f"Invalid value: '{value}'. Supported values are: {listed(quoted(values))}."


def fill(template: str, values: Mapping[str, Any]) -> str:
    """Fill in a message template from a schema in a single pass. Inserted text is not expanded.

    `{name}` is one of the values. `{repr}` is the Python repr of the raw value, but `null` for
    None. `{/a/b}` is the value at this JSON Pointer.
    """
    if "{" not in template:
        return template

    def replacement(match: re.Match[str]) -> str:
        name = match[1]
        if name == "repr":
            raw = values.get("raw")
            return "null" if raw is None else python_repr(raw)
        if not name.startswith("/"):
            return str(values.get(name, match[0]))
        value = values.get("whole")
        for key in name[1:].split("/"):
            value = value.get(key) if isinstance(value, dict) else None
        return excerpt(value) if isinstance(value, str) else python_repr(value)

    return re.sub(r"\{(\w+|/[\w/]+)\}", replacement, template)


# -- paths ---------------------------------------------------------------------------------------


#: Caches of formatted paths. Many findings have the same path.
_dotted_cache: Final[ByteCache[PathParts, str]] = ByteCache(1_000_000)
_pointer_cache: Final[ByteCache[PathParts, str]] = ByteCache(1_000_000)


def dotted(path: PathParts) -> str:
    """Return a path in the API's notation: `messages[0].content`."""
    return _dotted_cache.get_or_make(path, _dotted, _path_size)


def _dotted(path: PathParts) -> str:
    words = "".join(
        f"[{part}]" if isinstance(part, int) else f".{escape(part[:MAX_QUOTE_LENGTH])}"
        for part in path
    )
    return words.removeprefix(".")


def pointer(path: PathParts) -> str:
    """Return a path as a JSON Pointer (RFC 6901)."""
    return _pointer_cache.get_or_make(path, _pointer, _path_size)


def _pointer(path: PathParts) -> str:
    return "".join(
        "/" + str(part)[:MAX_QUOTE_LENGTH].replace("~", "~0").replace("/", "~1") for part in path
    )


def _path_size(path: PathParts) -> int:
    """Return the approximate size of a path and its formatted string, in bytes."""
    return 200 + sum(32 if isinstance(part, int) else 100 + 6 * len(part) for part in path)


# -- suggestions ---------------------------------------------------------------------------------


def distance(a: str, b: str, limit: int) -> int:
    """Return the Levenshtein distance between two names, but at most `limit` + 1."""
    if not _is_within(a, b, limit):  # Most names are not close.
        return limit + 1
    return next(steps for steps in range(limit + 1) if _is_within(a, b, steps))


def _is_within(a: str, b: str, steps: int) -> bool:
    """Return whether the Levenshtein distance between two strings is at most `steps`.

    For few steps, this is faster than the usual table of distances.
    """
    if abs(len(a) - len(b)) > steps:
        return False
    if not steps or a == b:
        return a == b
    start = 0
    for x, y in zip(a, b, strict=False):
        if x != y:
            break
        start += 1
    else:  # One string begins with the other.
        return True
    return (
        _is_within(a[start + 1 :], b[start + 1 :], steps - 1)
        or _is_within(a[start + 1 :], b[start:], steps - 1)
        or _is_within(a[start:], b[start + 1 :], steps - 1)
    )


#: A cache key: a misspelled name and all valid names.
_Misspelling = tuple[str, tuple[str, ...]]

#: A cache of suggestions, because lines often have the same unknown parameters.
_suggestion_cache: Final[ByteCache[_Misspelling, list[str]]] = ByteCache(100_000)


def _nearby_names(key: _Misspelling) -> list[str]:
    """Return the known names at a distance of at most 2, sorted by distance, then name."""
    name, known = key
    steps = sorted((distance(name, other, 2), other) for other in known)
    return [other for step, other in steps if step <= 2]


def _suggestions_size(key: _Misspelling) -> int:
    return _path_size(key[:1])


def did_you_mean(key: str, known: Iterable[str], present: Container[str]) -> str:
    """Return the API's suggestion for an unknown top-level parameter, or ''.

    The API suggests names at a Levenshtein distance of at most 2, the nearest first. It doesn't
    suggest parameters that the body already has.
    """
    near = _suggestion_cache.get_or_make((key, tuple(known)), _nearby_names, _suggestions_size)
    names = [name for name in near if name not in present]
    return f" Did you mean {listed(quoted(names), 'or')}?" if names else ""
