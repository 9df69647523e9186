"""Phrases types, values, lists and paths the way the API does.

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

#: The API's message for a line that it cannot parse (source: `batchlint rule invalid_json_line`).
NOT_JSON: Final = "This line is not parseable as valid JSON."

#: The API shortens longer names. A name of 12 characters was seen whole, and one of 20 shortened.
LONGEST_NAME: Final = 19

#: The same for values. A value of 20 characters was seen whole (August 2025), and values of 24 and
#: 28 shortened (July 2026).
LONGEST_VALUE: Final = 20

#: Messages quote at most this many characters of a user's value.
QUOTED: Final = 64

#: Characters that could control a terminal or are invisible: control characters, characters that
#: change the direction of text, characters that are invisible by default (Unicode's
#: Default_Ignorable_Code_Point, version 16), and lone surrogates. The list is fixed, because
#: `str.isprintable` calls some of them printable and depends on the version of Python. Compiled
#: when first needed.
_BEYOND_C0: Final = (
    "\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e"
    "\u2060-\u206f\u3164\ud800-\udfff\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3"
    "\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
_UNSAFE: Final = f"[\x00-\x1f{_BEYOND_C0}]"
_NOTHING: Final[Schema] = {}


# -- users' values -------------------------------------------------------------------------------


def escape(text: str) -> str:
    """Escape control characters, invisible characters and those that change the text direction."""
    if text.isascii() and text.isprintable():
        return text
    return re.sub(_UNSAFE, lambda match: ascii(match[0])[1:-1], text)


def escape_document(text: str, reference: Callable[[str], str]) -> str:
    """Like `escape`, for a document whose characters up to U+001F are already escaped.

    Args:
        text: the document.
        reference: escapes a character as the format of the document requires.
    """
    if text.isascii() and "\x7f" not in text:
        return text
    return re.sub(f"[{_BEYOND_C0}]", lambda match: reference(match[0]), text)


def excerpt(value: str) -> str:
    """A user's string as messages quote it: escaped, and cut to 64 characters."""
    text = escape(value[: QUOTED + 1])
    return text if len(text) <= QUOTED else text[: QUOTED - 3] + "..."


def abbreviate(name: str, longest: int = LONGEST_NAME) -> str:
    """A name or value as the API shortens it: its first and last three characters."""
    return escape(name if len(name) <= longest else f"{name[:3]}...{name[-3:]}")


def python_repr(value: Any) -> str:
    """The Python repr of a value, as some API messages show it."""
    try:
        # Deeper levels can be dropped: the brackets alone would fill the excerpt.
        return excerpt(repr(prune(value, QUOTED)))
    except (
        RecursionError,
        ValueError,
    ):  # The caller's stack is too deep, or an integer has too many digits.
        return "..."


class _LongText(str):
    """A long string whose repr is short.

    `jsonschema` writes the repr of rejected values into messages that are never used. A 50 MB image
    took 2.7 GB of memory.
    """

    __slots__ = ()

    def __repr__(self) -> str:
        return repr(str(self[:_SHORT_REPR]))


#: Longer strings get a short repr.
_SHORT_REPR: Final = 1000


def with_short_reprs(value: Any) -> Any:
    """A copy of a value for `jsonschema`, in which long strings have a short repr."""
    if isinstance(value, str):
        return value if len(value) <= _SHORT_REPR else _LongText(value)
    if isinstance(value, dict):
        return {with_short_reprs(key): with_short_reprs(item) for key, item in value.items()}
    if isinstance(value, list):
        return [with_short_reprs(item) for item in value]
    return value


def number(value: float) -> str:
    """A number as the API prints it: floats keep their '.0'."""
    return str(value)


# -- lists ---------------------------------------------------------------------------------------


def listed(items: Sequence[str], conjunction: str = "and") -> str:
    """`'a'`, `'a' and 'b'`, `'a', 'b', and 'c'`."""
    if len(items) < 3:
        return f" {conjunction} ".join(items)
    return f"{', '.join(items[:-1])}, {conjunction} {items[-1]}"


def quoted(values: Iterable[str]) -> list[str]:
    """The values in single quotes."""
    return [f"'{value}'" for value in values]


def one_of(phrases: Sequence[str]) -> str:
    """`one of a string or array of objects`: only the first keeps its article."""
    if len(phrases) == 1:
        return phrases[0]
    rest = [re.sub("^an? ", "", phrase) for phrase in phrases[1:]]
    return f"one of {listed([phrases[0], *rest], 'or')}"


def array_of(item: str) -> str:
    """`an array of objects`. A phrase that is not a single noun is unchanged."""
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

#: The API's phrases for the type that it expected.
EXPECTED: Final = {
    "string": "a string",
    "integer": "an integer",
    "number": "a decimal",
    "boolean": "a boolean",
    "object": "an object",
    "array": "an array",
    "null": "null",
}

#: The API's phrases for the type that it got.
GOT: Final = EXPECTED | {"number": "a decimal number"}


def json_type(value: Any) -> str:
    """The JSON type of a decoded value. A float such as 1.0 is a 'number', not an 'integer'."""
    return _JSON_TYPES.get(type(value), "null")


def expected(node: Schema, value: Any, deref: Callable[[Schema], Schema]) -> str:
    """The phrase after 'expected' in the API's message about this value.

    Args:
        node: the schema for the value.
        value: the value. The API's phrase may depend on its type.
        deref: follows the references of a schema.
    """
    node = deref(node)
    notes = node.get("x-batchlint", _NOTHING)
    own = notes.get("expected")
    if isinstance(own, str):
        return own
    if own is not None:
        return str(own.get(json_type(value), own[""]))
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


def supported(value: str, values: Sequence[str]) -> str:
    """The sentence for an unsupported value."""
    if len(values) == 1:
        return f"Invalid value: '{value}'. Value must be '{values[0]}'."
    return f"Invalid value: '{value}'. Supported values are: {listed(quoted(values))}."


def fill(template: str, values: Mapping[str, Any]) -> str:
    """Fill in the placeholders of a message template from a schema, in a single pass.

    Inserted text is not expanded.

    `{name}` is one of the values. `{repr}` is the raw value as Python prints it (except for
    `null`). `{/a/b}` is the value at this JSON Pointer.
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


# -- places --------------------------------------------------------------------------------------


#: The cache for paths, because findings often share them.
_dotted_cache: Final[ByteCache[PathParts, str]] = ByteCache(1_000_000)
_pointer_cache: Final[ByteCache[PathParts, str]] = ByteCache(1_000_000)


def dotted(path: PathParts) -> str:
    """A path in the API's notation: `messages[0].content`."""
    return _dotted_cache.get_or_make(path, _dotted, _size_of)


def _dotted(path: PathParts) -> str:
    words = "".join(
        f"[{part}]" if isinstance(part, int) else f".{escape(part[:MAX_QUOTE_LENGTH])}"
        for part in path
    )
    return words.removeprefix(".")


def pointer(path: PathParts) -> str:
    """A place as a JSON Pointer (RFC 6901)."""
    return _pointer_cache.get_or_make(path, _pointer, _size_of)


def _pointer(path: PathParts) -> str:
    return "".join(
        "/" + str(part)[:MAX_QUOTE_LENGTH].replace("~", "~0").replace("/", "~1") for part in path
    )


def _size_of(path: PathParts) -> int:
    """The approximate size in bytes of a path and of its text."""
    return 200 + sum(32 if isinstance(part, int) else 100 + 6 * len(part) for part in path)


# -- suggestions ---------------------------------------------------------------------------------


def distance(a: str, b: str, limit: int) -> int:
    """The Levenshtein distance between two names, or `limit` + 1 if it is more than `limit`."""
    if abs(len(a) - len(b)) > limit:
        return limit + 1
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        diagonal = row[0]
        row[0] = i
        for j, y in enumerate(b, 1):
            above = row[j]
            row[j] = min(above + 1, row[j - 1] + 1, diagonal + (x != y))
            diagonal = above
    return min(row[-1], limit + 1)


#: The key of the cache: a misspelled name, and all valid names.
_Misspelling = tuple[str, tuple[str, ...]]

#: Lines often have the same unknown parameters.
_suggestion_cache: Final[ByteCache[_Misspelling, list[str]]] = ByteCache(100_000)


def _near(key: _Misspelling) -> list[str]:
    """The known names at a distance of at most 2, the nearest first, then alphabetically."""
    name, known = key
    steps = sorted((distance(name, other, 2), other) for other in known)
    return [other for step, other in steps if step <= 2]


def _size_of_near(key: _Misspelling) -> int:
    return _size_of(key[:1])


def did_you_mean(key: str, known: Iterable[str], present: Container[str]) -> str:
    """The API's suggestion for an unknown top-level parameter, or ''.

    The API suggests names at a Levenshtein distance of at most 2, the nearest first, and never one
    that the body already has.
    """
    near = _suggestion_cache.get_or_make((key, tuple(known)), _near, _size_of_near)
    names = [name for name in near if name not in present]
    return f" Did you mean {listed(quoted(names), 'or')}?" if names else ""
