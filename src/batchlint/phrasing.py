"""How the API words types, values, lists and places.

Source: recorded answers of the live API, August and September 2026 (`fixtures/answers/`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from typing import Any, Final

from .bounds import ByteCache
from .findings import LONGEST_QUOTE, PathParts
from .nesting import pruned

Schema = Mapping[str, Any]

#: What the API says of a line that it cannot read (source: `batchlint rule invalid_json_line`).
NOT_JSON: Final = "This line is not parseable as valid JSON."

#: The API shortens names longer than this. Seen whole at 12 characters, shortened at 20.
LONGEST_NAME: Final = 19

#: The same for values. Seen whole at 20 (August 2025), shortened at 24 and 28 (July 2026).
LONGEST_VALUE: Final = 20

#: Messages quote at most this many characters of a user's value.
QUOTED: Final = 64

#: Characters that may do more to a screen than appear on it, or that do not appear: control
#: characters, those that change the direction of text, those that are invisible by default
#: (Unicode's Default_Ignorable_Code_Point, version 16), and halves of surrogate pairs. A list of
#: our own, because `str.isprintable` calls some of them printable and depends on the version of
#: Python. Compiled when first needed.
_BEYOND_C0: Final = (
    "\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e"
    "\u2060-\u206f\u3164\ud800-\udfff\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3"
    "\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
_UNSAFE: Final = f"[\x00-\x1f{_BEYOND_C0}]"
_NOTHING: Final[Schema] = {}


# -- users' values -------------------------------------------------------------------------------


def escape(text: str) -> str:
    """Escape control characters, invisible ones, and those that change the direction of text."""
    if text.isascii() and text.isprintable():
        return text
    return re.sub(_UNSAFE, lambda match: ascii(match[0])[1:-1], text)


def escape_document(text: str, reference: Callable[[str], str]) -> str:
    """Escape the same characters in a document whose own escapes cover those up to U+001F.

    Args:
        text: the document.
        reference: how its format writes a character.
    """
    if text.isascii() and "\x7f" not in text:
        return text
    return re.sub(f"[{_BEYOND_C0}]", lambda match: reference(match[0]), text)


def excerpt(value: str) -> str:
    """A user's string as messages quote it: escaped, and at most 64 characters of it."""
    text = escape(value[: QUOTED + 1])
    return text if len(text) <= QUOTED else text[: QUOTED - 3] + "..."


def abbreviate(name: str, longest: int = LONGEST_NAME) -> str:
    """A name or value as the API shortens it: its first and last three characters."""
    return escape(name if len(name) <= longest else f"{name[:3]}...{name[-3:]}")


def python_repr(value: Any) -> str:
    """A value as the API prints it where it prints a Python repr."""
    try:
        # More levels have more brackets than an excerpt has characters.
        return excerpt(repr(pruned(value, QUOTED)))
    except (RecursionError, ValueError):  # A deep caller, or an integer of too many digits.
        return "..."


class _LongText(str):
    """A long string whose repr is short.

    `jsonschema` writes the repr of what it refuses into messages that nobody reads: a 50 MB image
    took 2.7 GB.
    """

    __slots__ = ()

    def __repr__(self) -> str:
        return repr(str(self[:_SHORT_REPR]))


#: Strings of more characters get a short repr.
_SHORT_REPR: Final = 1000


def with_short_reprs(value: Any) -> Any:
    """The same value for `jsonschema`, with a short repr for long strings."""
    if isinstance(value, str):
        return value if len(value) <= _SHORT_REPR else _LongText(value)
    if isinstance(value, dict):
        return {with_short_reprs(key): with_short_reprs(item) for key, item in value.items()}
    if isinstance(value, list):
        return [with_short_reprs(item) for item in value]
    return value


def number(value: float) -> str:
    """A number as the user wrote it: 99.0 stays 99.0 (source: a recorded answer of 2026)."""
    return str(value)


# -- lists ---------------------------------------------------------------------------------------


def listed(items: Sequence[str], joint: str = "and") -> str:
    """`'a'`, `'a' and 'b'`, `'a', 'b', and 'c'`."""
    if len(items) < 3:
        return f" {joint} ".join(items)
    return f"{', '.join(items[:-1])}, {joint} {items[-1]}"


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
    """`an array of objects`. An item phrase that is not a single noun stays as it is."""
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

#: How the API names the type it expected.
EXPECTED: Final = {
    "string": "a string",
    "integer": "an integer",
    "number": "a decimal",
    "boolean": "a boolean",
    "object": "an object",
    "array": "an array",
    "null": "null",
}

#: How the API names the type it got.
GOT: Final = EXPECTED | {"number": "a decimal number"}


def json_type(value: Any) -> str:
    """The JSON type of a decoded value. Whole floats are numbers."""
    return _JSON_TYPES.get(type(value), "null")


def expected(node: Schema, value: Any, deref: Callable[[Schema], Schema]) -> str:
    """What the API says it expected in place of a value.

    Args:
        node: the schema of the place.
        value: the value there. The API's phrase may depend on its type.
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
    """The sentence for a value that is not among those supported."""
    if len(values) == 1:
        return f"Invalid value: '{value}'. Value must be '{values[0]}'."
    return f"Invalid value: '{value}'. Supported values are: {listed(quoted(values))}."


def fill(template: str, values: Mapping[str, Any]) -> str:
    """Replace the placeholders of a schema's own sentence, each once.

    `{name}` is one of the values, `{repr}` the raw value as Python prints it (except for `null`),
    `{/a/b}` what is at that place in the value that the schema is about.
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


#: Findings often have the same places.
_known_dotted: Final[ByteCache[PathParts, str]] = ByteCache(1_000_000)
_known_pointers: Final[ByteCache[PathParts, str]] = ByteCache(1_000_000)


def dotted(path: PathParts) -> str:
    """A place in the API's words: `messages[0].content`."""
    return _known_dotted.get_or_make(path, _dotted, _size_of)


def _dotted(path: PathParts) -> str:
    words = "".join(
        f"[{part}]" if isinstance(part, int) else f".{escape(part[:LONGEST_QUOTE])}"
        for part in path
    )
    return words.removeprefix(".")


def pointer(path: PathParts) -> str:
    """A place as a JSON Pointer (RFC 6901)."""
    return _known_pointers.get_or_make(path, _pointer, _size_of)


def _pointer(path: PathParts) -> str:
    return "".join(
        "/" + str(part)[:LONGEST_QUOTE].replace("~", "~0").replace("/", "~1") for part in path
    )


def _size_of(path: PathParts) -> int:
    """The size in bytes of a path and of its words, roughly."""
    return 200 + sum(32 if isinstance(part, int) else 100 + 6 * len(part) for part in path)


# -- suggestions ---------------------------------------------------------------------------------


def distance(a: str, b: str, limit: int) -> int:
    """The Levenshtein distance of two names, or `limit` + 1 if it is more than `limit`."""
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


#: A misspelled name, and the names that may be meant.
_Misspelling = tuple[str, tuple[str, ...]]

#: Lines often have the same unknown parameters.
_known_near: Final[ByteCache[_Misspelling, list[str]]] = ByteCache(100_000)


def _near(key: _Misspelling) -> list[str]:
    """The known names at a distance of at most 2, the nearest first, then alphabetically."""
    name, known = key
    steps = sorted((distance(name, other, 2), other) for other in known)
    return [other for step, other in steps if step <= 2]


def _size_of_near(key: _Misspelling) -> int:
    return _size_of(key[:1])


def did_you_mean(key: str, known: Iterable[str], present: Container[str]) -> str:
    """The API's suggestion for an unknown parameter of a body's root, or nothing.

    The API suggests names at a Levenshtein distance of at most 2, the nearest first, and never one
    that the body already has.
    """
    near = _known_near.get_or_make((key, tuple(known)), _near, _size_of_near)
    names = [name for name in near if name not in present]
    return f" Did you mean {listed(quoted(names), 'or')}?" if names else ""
