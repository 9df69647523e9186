"""Values that are known again by their text."""

from __future__ import annotations

from typing import Any

import orjson
from hypothesis import given
from hypothesis import strategies as st

from batchlint import known
from batchlint.known import Known

#: Texts alike at their beginning, short and long, one the beginning of the other.
SCALARS = st.sampled_from([1, 12, 123, "", "a", "ab", True, None, 1.5])
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(
    st.sampled_from(["a", "b", "x" * 120]), inner, max_size=3), max_leaves=6)


@given(st.lists(VALUES, max_size=6), st.lists(VALUES, max_size=6))
def test_only_what_was_added_is_known(added: list[Any], asked: list[Any]) -> None:
    seen = Known()
    for value in added:
        seen.add(value)
    texts = {orjson.dumps(value) for value in added}

    for _ in range(2):  # the second time, of the same list
        strangers = set(seen.strangers(asked))
        for place, value in enumerate(asked):
            assert orjson.dumps(value) in texts or place in strangers
    for value in added[-1:]:
        assert list(seen.strangers([value])) == list(seen.strangers((value,))) == []


def test_long_objects_are_found_in_lists_and_other_values_by_themselves() -> None:
    seen = Known()
    long, other = {"name": "f", "text": "x" * 100}, {"name": "g", "text": "x" * 100}
    for value in (long, other, {"type": "web_search"}):
        seen.add(value)

    assert list(seen.strangers([long, other, long])) == []
    assert list(seen.strangers([long, {"type": "web_search"}, {**long, "more": 1}, other])) == [2]


def test_what_the_encoder_gives_up_is_never_known() -> None:
    deep: list[Any] = []
    for _ in range(300):
        deep = [deep]
    seen = Known()
    seen.add(deep)

    assert list(seen.strangers([1, deep])) == [0, 1]


def test_what_is_remembered_is_bounded() -> None:
    seen = Known()
    for number in range(3000):
        seen.add({"name": f"{number}", "text": "x" * (1000 + number)})

        assert sum(map(len, seen._texts.values())) <= known.MOST_BYTES
        assert sum(map(len, seen._items.values())) <= known.MOST_BYTES
    assert list(seen.strangers([{"name": "2999", "text": "x" * 3999}])) == []


def test_what_takes_the_place_of_another_is_not_counted_twice() -> None:
    seen = Known()
    seen.add({"name": "a", "text": "x" * 1000})
    for number in range(5000):
        seen.add({"name": "bc"[number % 2], "text": "y" * 2000})

    assert list(seen.strangers([{"name": "a", "text": "x" * 1000}])) == []
