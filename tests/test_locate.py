"""Locating a finding by following its JSON Pointer through the line's text."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batchlint import locate
from batchlint.findings import BatchError
from batchlint.locate import find, find_all
from batchlint.phrasing import pointer

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4)
    ),
    max_leaves=20,
)


def values_with_paths(
    value: Any, path: tuple[str | int, ...] = ()
) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    """Yield a value and every value inside it, each with its path."""
    yield path, value
    items: Any = ()
    if isinstance(value, dict):
        items = value.items()
    elif isinstance(value, list):
        items = enumerate(value)
    for key, inner in items:
        yield from values_with_paths(inner, (*path, key))


def finding_at(where: str | None, rule: str = "invalid_type", number: int = 2) -> BatchError:
    """Return a finding at a pointer into a line, by default not the first line."""
    return BatchError(rule, rule, number, "m", pointer=where)


@given(VALUES, st.booleans(), st.sampled_from([None, 1]))
def test_located_text_is_the_value_at_the_pointer(
    value: Any, ascii_only: bool, indent: int | None
) -> None:
    text = json.dumps(value, ensure_ascii=ascii_only, indent=indent).replace("\n", "\t")
    try:
        raw = f" {text} \r\n".encode()
    except UnicodeEncodeError:  # A lone surrogate has no encoding.
        return
    for path, inner in values_with_paths(value):
        found = find(raw, finding_at(pointer(path)))
        assert found is not None
        assert json.loads(found.text[found.start : found.end]) == inner
        if path and isinstance(path[-1], str):
            key = find(raw, finding_at(pointer(path), "unknown_parameter"))
            assert key is not None
            assert json.loads(key.text[key.start : key.end]) == path[-1]


@given(
    st.binary(),
    st.none() | st.text(),
    st.sampled_from(["invalid_type", "not_a_number", "lone_surrogate", "unknown_parameter"]),
)
def test_locating_a_finding_never_raises(raw: bytes, where: str | None, rule: str) -> None:
    found = find(raw, finding_at(where, rule))

    assert found is None or 0 <= found.start <= found.end


@pytest.mark.parametrize(
    ("raw", "rule", "column"),
    [
        (b'{"a": NaN}', "not_a_number", 7),
        (b'{"NaN": "Infinity", "b": [1, -Infinity]}', "not_a_number", 30),
        (b'{"a": 1e5, "b": 1e999}', "not_a_number", 17),
        (rb'{"\\ud800": "\ud83d\ude00 \udc00"}', "lone_surrogate", 27),
        (b'{"a": 1,}', "invalid_json_line", 8),
        (b"{'a': 1}", "invalid_json_line", 2),
        (b'{"a": "b', "invalid_json_line", 7),
        ('{"ü": "'.encode() + b'\xff"}', "not_utf8", 8),
        pytest.param(
            b"[" * 1100 + b"]" * 1099, "nesting_too_deep", None, id="1100 levels-nesting_too_deep"
        ),
        pytest.param(
            b"[" * 2000 + b"]" * 2000, "nesting_too_deep", None, id="2000 levels-nesting_too_deep"
        ),
    ],
)
def test_defect_in_undecodable_text_is_located(raw: bytes, rule: str, column: int | None) -> None:
    found = find(raw + b"\n", finding_at(None, rule))

    assert (found and found.column) == column


@pytest.mark.parametrize(("raw", "column"), [(b'{"a":"\xff"}', 7), (b"{\xff}", 2), (b"\xff", 1)])
def test_columns_do_not_count_a_byte_order_mark(raw: bytes, column: int) -> None:
    found = find(b"\xef\xbb\xbf" + raw, finding_at(None, "not_utf8", 1))

    assert found is not None
    assert (found.column, found.text[found.start]) == (column, "\ufffd")


@pytest.mark.parametrize(
    ("where", "column"),
    [
        ("", 1),
        ("/missing", 1),
        ("/a/b", 26),
        ("/a/c", 21),
        ("/a/b/0", 26),
        ("/a/b/x/y", 26),
        ("/k~1~0", 39),
        ("/l/1", 51),
        ("/l/2", 47),
    ],
)
def test_location_of_a_missing_value_is_the_object_that_lacks_it(where: str, column: int) -> None:
    """If two fields have the same name, the last one counts."""
    raw = b'{"a": {"b": 0}, "a":{"b":[]} , "k/~": 1, "l": [1, 2]}'
    found = find(raw, finding_at(where))

    assert found is not None
    assert found.column == column


def test_columns_count_characters_and_skip_a_byte_order_mark() -> None:
    raw = '{"ä": "漢字😀", "b": 1}\n'.encode()
    plain = find(raw, finding_at("/b"))
    marked = find(b"\xef\xbb\xbf" + raw, finding_at("/b", number=1))

    assert plain is not None
    assert marked is not None
    assert (plain.column, marked.column) == (19, 19)


# -- bounds ---------------------------------------------------------------------------------------


@given(VALUES)
def test_find_all_agrees_with_find(value: Any) -> None:
    raw = json.dumps(value).encode()
    errors = [
        finding_at(where, rule)
        for path, _ in values_with_paths(value)
        for where in (pointer(path), pointer((*path, "missing")))
        for rule in ("invalid_type", "unknown_parameter")
    ]

    assert find_all(raw, errors, first=False) == [find(raw, error) for error in errors]


def test_location_of_a_duplicate_key_is_its_last_occurrence() -> None:
    raw = b'{"a": {"b": 1, "c": 2}, "a": {"c": 3}}'
    found = find_all(raw, [finding_at("/a/b"), finding_at("/a/c")], first=False)

    assert [place and place.text[place.start : place.end] for place in found] == ["{", "3"]
    assert [place and place.column for place in found] == [30, 36]


def test_deep_location_in_a_long_line_is_found_in_one_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading the line again for each level took 30 s for 1 MB."""
    read = 0
    end = locate._value_end

    def counting_end(text: str, at: int) -> int:
        nonlocal read
        after = end(text, at)
        read += after - at
        return after

    monkeypatch.setattr(locate, "_value_end", counting_end)
    levels = 60
    raw = ('{"a": "' + "x" * 1000 + '", "b": ') * levels
    line = f"{raw}1{'}' * levels}".encode()
    found = find(line, finding_at("/b" * levels))

    assert found is not None
    assert found.text[found.start : found.end] == "1"
    assert read < 2 * len(line)


def test_key_that_is_shortened_in_the_pointer_is_found() -> None:
    line = b'{"a": 1, "' + b"k" * 1200 + b'": 2}'
    error = BatchError("x", "x", 1, "", pointer="/" + "k" * 1000)

    place = find(line, error)
    assert place is not None
    assert place.text[place.start : place.end] == "2"


def test_number_of_steps_is_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locate, "_MAX_STEPS", 100)
    raw = json.dumps(list(range(110))).encode()

    assert find(raw, finding_at("/89")) is None
    monkeypatch.setattr(locate, "_MAX_STEPS", 120)
    assert find(raw, finding_at("/89")) is not None
