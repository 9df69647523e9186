"""The API's wording of types, values, lists and locations."""

from __future__ import annotations

import sys
import unicodedata
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batchlint import phrasing
from support import HOSTILE

# -- users' values --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("plain ü 你", "plain ü 你"),
        ("a\nb\tc", "a\\nb\\tc"),
        ("\x1b[31m", "\\x1b[31m"),
        ("\u202eabc", "\\u202eabc"),
        ("\ud800", "\\ud800"),
        ("\u2028", "\\u2028"),
        ("a\u061cb\u200bc", "a\\u061cb\\u200bc"),
        ("\U000e0041", "\\U000e0041"),
    ],
    ids=ascii,
)
def test_escape_replaces_control_characters(text: str, escaped: str) -> None:
    assert phrasing.escape(text) == escaped


def test_escape_replaces_invisible_and_bidirectional_characters() -> None:
    """Check every character of these categories, except those that only separate words."""
    text = "".join(map(chr, range(sys.maxunicode + 1)))
    hostile = {
        character
        for character in phrasing.escape(text)
        if unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp")
        or unicodedata.bidirectional(character) in ("RLE", "LRE", "RLO", "LRO", "PDF", "BN")
        or unicodedata.bidirectional(character) in ("RLI", "LRI", "FSI", "PDI")
    }

    assert hostile == set()
    assert not set(HOSTILE) & set(phrasing.escape(text))
    assert phrasing.escape("你好 ü é \U0001f600 \u0301") == "你好 ü é \U0001f600 \u0301"


@given(st.text())
def test_escaped_text_is_one_line_and_encodable(text: str) -> None:
    escaped = phrasing.escape(text)

    assert len(escaped.splitlines()) <= 1
    assert "\x1b" not in escaped
    escaped.encode()


@pytest.mark.parametrize(
    ("text", "quoted"),
    [
        pytest.param("x" * 64, "x" * 64, id="64"),
        pytest.param("x" * 65, "x" * 61 + "...", id="65"),
        pytest.param("\n" * 40, "\\n" * 30 + "\\...", id="escapes count"),
    ],
)
def test_excerpt_has_at_most_64_characters(text: str, quoted: str) -> None:
    assert phrasing.excerpt(text) == quoted


@pytest.mark.parametrize(
    ("name", "shortened"),
    [("x" * 19, "x" * 19), ("abc" + "x" * 14 + "yz1", "abc...yz1"), ("a\n", "a\\n")],
    ids=["19", "20", "control character"],
)
def test_abbreviate_keeps_three_characters_at_each_end(name: str, shortened: str) -> None:
    assert phrasing.abbreviate(name) == shortened


def test_abbreviate_cuts_values_at_20_characters() -> None:
    assert phrasing.abbreviate("x" * 20, phrasing.MAX_VALUE_LENGTH) == "x" * 20
    assert phrasing.abbreviate("x" * 21, phrasing.MAX_VALUE_LENGTH) == "xxx...xxx"


def deep_list(levels: int) -> list[Any]:
    """Return an empty list nested in this many lists."""
    value: list[Any] = []
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("value", "text"),
    [
        pytest.param({"a": [True, None, "x"]}, "{'a': [True, None, 'x']}", id="object"),
        pytest.param("x" * 100, "'" + "x" * 60 + "...", id="long string"),
        pytest.param(10**5000, "...", id="number of too many digits"),
        pytest.param(deep_list(100), "[" * 61 + "...", id="deep"),
        pytest.param(deep_list(100_000), "[" * 61 + "...", id="very deep"),
    ],
)
def test_python_repr_is_limited_in_length(value: object, text: str) -> None:
    assert phrasing.python_repr(value) == text


@pytest.mark.parametrize(
    ("value", "text"), [(1, "1"), (1.0, "1.0"), (1.5, "1.5"), (1e300, "1e+300"), (-0.0, "-0.0")]
)
def test_number_is_quoted_as_written(value: float, text: str) -> None:
    assert phrasing.format_number(value) == text


# -- lists ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("items", "text"),
    [
        ([], ""),
        (["a"], "a"),
        (["a", "b"], "a and b"),
        (["a", "b", "c"], "a, b, and c"),
    ],
    ids=["0", "1", "2", "3"],
)
def test_listed_joins_items_as_the_api_does(items: list[str], text: str) -> None:
    assert phrasing.listed(items) == text


def test_listed_accepts_another_conjunction() -> None:
    assert phrasing.listed(["a", "b", "c"], "or") == "a, b, or c"


@pytest.mark.parametrize(
    ("phrases", "text"),
    [
        (["a string"], "a string"),
        (["a string", "an array of objects"], "one of a string or array of objects"),
        (["a string", "an integer", "null"], "one of a string, integer, or null"),
    ],
    ids=["1", "2", "3"],
)
def test_one_of_keeps_the_first_article(phrases: list[str], text: str) -> None:
    assert phrasing.one_of(phrases) == text


@pytest.mark.parametrize(
    ("item", "text"),
    [
        ("an object", "an array of objects"),
        ("a string", "an array of strings"),
        ("an array of integers", "an array of array of integers"),
        ("one of 'a' or 'b'", "an array of one of 'a' or 'b'"),
        ("null", "an array of null"),
    ],
)
def test_array_of_makes_a_plural(item: str, text: str) -> None:
    assert phrasing.array_of(item) == text


# -- types ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "name"),
    [
        ("", "string"),
        (True, "boolean"),
        (1, "integer"),
        (1.0, "number"),
        ([], "array"),
        ({}, "object"),
        (None, "null"),
    ],
    ids=str,
)
def test_json_type_returns_the_name_of_the_type(value: object, name: str) -> None:
    assert phrasing.json_type(value) == name


@pytest.mark.parametrize(
    ("schema", "text"),
    [
        ({"type": "number"}, "a decimal"),
        ({"type": ["string", "null"]}, "a string"),
        ({"type": ["string", "integer"]}, "one of a string or integer"),
        ({"type": "array", "items": {"type": "object"}}, "an array of objects"),
        ({"enum": ["a", "b"]}, "one of 'a' or 'b'"),
        ({"enum": [1, 2], "type": "integer"}, "an integer"),
        (
            {"anyOf": [{"type": "string"}, {"type": "null"}, {"type": "string", "minLength": 1}]},
            "a string",
        ),
        ({"x-batchlint": {"expected": "a colour"}}, "a colour"),
        ({"x-batchlint": {"expected": {"integer": "a word", "": "a text"}}}, "a word"),
        ({"x-batchlint": {"expected": {"string": "a word", "": "a text"}}}, "a text"),
        ({}, "an object"),
    ],
    ids=str,
)
def test_expected_describes_the_schema(schema: dict[str, Any], text: str) -> None:
    assert phrasing.expected(schema, 1, lambda node: node) == text


# -- templates ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("plain", "plain"),
        ("{limit} at most", "7 at most"),
        ("{other} stays", "{other} stays"),
        ("got {repr}", "got [1]"),
        ("{/a/b}", "value"),
        ("{/a/x}", "None"),
        ("{/a/b/c}", "None"),
        ("{/n}", "3"),
    ],
)
def test_fill_replaces_placeholders(template: str, text: str) -> None:
    values = {"limit": 7, "raw": [1], "whole": {"a": {"b": "value"}, "n": 3}}

    assert phrasing.fill(template, values) == text


def test_fill_does_not_expand_inserted_values() -> None:
    assert phrasing.fill("{a}", {"a": "{b}", "b": "x"}) == "{b}"


# -- locations ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "dotted", "pointer"),
    [
        ((), "", ""),
        (("a",), "a", "/a"),
        (("a", 0, "b"), "a[0].b", "/a/0/b"),
        (("a/b~c",), "a/b~c", "/a~1b~0c"),
        (("a\nb",), "a\\nb", "/a\nb"),
    ],
    ids=str,
)
def test_path_is_written_as_a_param_and_as_a_pointer(
    path: tuple[str | int, ...], dotted: str, pointer: str
) -> None:
    assert phrasing.dotted(path) == dotted
    assert phrasing.pointer(path) == pointer


def test_long_keys_are_shortened_in_params_and_pointers() -> None:
    assert phrasing.dotted(("x" * 2000,)) == "x" * 1000
    assert phrasing.pointer(("x" * 2000,)) == "/" + "x" * 1000


# -- suggestions ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "present", "text"),
    [
        ("modle", [], " Did you mean 'model'?"),
        ("model", ["model"], ""),
        ("max_token", [], " Did you mean 'max_tokens'?"),
        ("tool", [], " Did you mean 'toll' or 'tools'?"),
        ("bogus", [], ""),
    ],
)
def test_suggestion_is_similar_and_not_already_present(
    key: str, present: list[str], text: str
) -> None:
    known = ["model", "max_tokens", "tools", "toll", "user"]

    assert phrasing.did_you_mean(key, known, present) == text


@given(st.text(max_size=6), st.text(max_size=6), st.integers(0, 6))
def test_distance_agrees_with_the_definition(a: str, b: str, limit: int) -> None:
    def distance(a: str, b: str) -> int:
        if not a or not b:
            return len(a) + len(b)
        change = a[0] != b[0]
        return min(distance(a[1:], b) + 1, distance(a, b[1:]) + 1, distance(a[1:], b[1:]) + change)

    assert phrasing.distance(a, b, limit) == min(distance(a, b), limit + 1)


def test_distance_between_long_names_is_found() -> None:
    """Work that grows with the square of the length would take minutes."""
    assert phrasing.distance("ab" * 50_000, "b" + "ab" * 49_999 + "c", 2) == 2
    assert phrasing.distance("a" * 100_000, "b" * 100_000, 2) == 3
