"""Hypothesis strategies that generate almost valid files, lines and bodies."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

import orjson
from hypothesis import strategies as st

from batchlint.providers import known_models
from support import FIXTURES, fixture_files, rows

#: All lines in the fixtures.
LINES: Final = sorted(
    {
        text
        for path in fixture_files("valid", "invalid", "cases")
        for text in path.read_bytes().split(b"\n")
    }
)

#: The bodies in the fixtures, as (URL, body).
FIXTURE_BODIES: Final = [
    (row["url"], row["body"])
    for path in (*fixture_files("valid", "cases/valid"), FIXTURES / "cases" / "mutants.jsonl")
    for row in rows(path)
    if "url" in row
]

#: Models in the recorded responses, and a known model of each family.
MODELS: Final = sorted(
    {str(row["body"].get("model")) for path in fixture_files("answers") for row in rows(path)}
    | set({family: model for model, family in known_models().items()}.values())
)

#: Replacement values.
REPLACEMENTS: Final[list[Any]] = [
    None,
    True,
    False,
    0,
    1,
    -1,
    1.0,
    0.5,
    1e300,
    2**64,
    "",
    "x",
    "user",
    "text",
    "function",
    "name\n",
    "\u0663",
    "x" * 70,
    [],
    [[]],
    [""],
    ["x"],
    [1],
    [{}],
    {},
    {"type": "text"},
    {"type": "x"},
    {"type": 1},
    {"x": None},
]

_NEW_NAMES: Final = ["bogus", "type", "role", "content", "name", "text", "stream", "model"]

_ODD_LINES: Final = [
    b"",
    b" ",
    b"\r",
    b"\t \r",
    b"\xef\xbb\xbf",
    b"\xff\xfe",
    b"\0",
    b"{}",
    b"[]",
    b"null",
    b"NaN",
    b"1e400",
    b'"\\ud800"',
    b"\xe2\x80\xa8",
    b"\xc2\x85",
    b"[" * 3000,
    b'{"a":' * 1100,
    b'{"url":' + b"9" * 5000 + b"}",
]


# -- paths in a value -----------------------------------------------------------------------------


def paths(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the path of a value, then those of all values inside it."""
    yield path
    if isinstance(value, dict):
        for key, child in value.items():
            yield from paths(child, (*path, key))
    elif isinstance(value, list):
        for index, child in enumerate(value):
            yield from paths(child, (*path, index))


def get_at(value: Any, path: tuple[Any, ...]) -> Any:
    """Return the value at a path."""
    return get_at(value[path[0]], path[1:]) if path else value


def replace_at(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    """Return a copy of a value with a different value at a path."""
    if not path:
        return new
    copy = value.copy()
    copy[path[0]] = replace_at(value[path[0]], path[1:], new)
    return copy


# -- strategies -----------------------------------------------------------------------------------


@st.composite
def damaged_lines(draw: st.DrawFn) -> bytes:
    """Generate fixture lines with a few bytes removed, inserted, or both."""
    text = draw(st.sampled_from(LINES))
    start = draw(st.integers(0, len(text)))
    return text[:start] + draw(st.binary(max_size=4)) + text[start + draw(st.integers(0, 9)) :]


@st.composite
def mutated_bodies(draw: st.DrawFn) -> tuple[str, dict[str, Any]]:
    """Generate fixture bodies with one to three changes, as (URL, body)."""
    url, body = draw(st.sampled_from(FIXTURE_BODIES))
    for _ in range(draw(st.integers(1, 3))):
        inner = [path for path in paths(body) if path]
        path = draw(st.sampled_from(inner)) if inner else ()
        parent = get_at(body, path[:-1])
        change = draw(st.sampled_from(["replace", "delete", "insert", "copy"]))
        if change == "delete" and path:
            kept = parent.copy()
            del kept[path[-1]]
            body = replace_at(body, path[:-1], kept)
        elif change == "insert" or not path:
            new = draw(st.sampled_from(REPLACEMENTS))
            name = draw(st.sampled_from(_NEW_NAMES))
            extended = parent | {name: new} if isinstance(parent, dict) else [*parent, new]
            body = replace_at(body, path[:-1], extended)
        elif change == "copy":
            body = replace_at(body, path, get_at(body, draw(st.sampled_from(inner))))
        else:
            body = replace_at(body, path, draw(st.sampled_from(REPLACEMENTS)))
    return url, orjson.loads(json.dumps(body))


def _without_newlines(text: bytes) -> bytes:
    return text.replace(b"\n", b"\r")


#: A line without its newline.
ANY_LINE: Final = st.one_of(
    st.sampled_from(LINES),
    damaged_lines(),
    st.binary(max_size=30),
    st.sampled_from(_ODD_LINES),
).map(_without_newlines)

#: Lines that all end with a newline.
WHOLE_LINES: Final = st.lists(
    st.tuples(ANY_LINE, st.sampled_from([b"\n", b"\r\n"])).map(b"".join), max_size=8
).map(b"".join)

#: A file. It may lack the final newline.
ANY_FILE: Final = st.tuples(WHOLE_LINES, st.one_of(st.just(b""), ANY_LINE)).map(b"".join)
