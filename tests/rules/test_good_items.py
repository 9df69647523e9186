"""The cache of tools without problems is exact and bounded, and doesn't change findings."""

from __future__ import annotations

import tracemalloc
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from batchlint.rules import structured_outputs
from batchlint.rules.structured_outputs import _BEGINNING, _MAX_BYTES, _GoodItems
from support import run_rule

#: Values whose JSON begins alike. Some are long enough to be cached.
SCALARS = st.sampled_from([1, 12, 123, "", "a", "ab", True, None, 1.5, "x" * 120])
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from(["a", "b", "x" * 120]), inner, max_size=3)
    ),
    max_leaves=6,
)


def item(name: str, size: int = 100) -> dict[str, str]:
    """Return an object that is long enough to be cached."""
    return {"name": name, "text": "x" * size}


def good_items(*items: Any) -> _GoodItems:
    """Return a cache that contains these items."""
    good = _GoodItems()
    for value in items:
        good.add(value)
    return good


# -- exact ----------------------------------------------------------------------------------------


@given(st.lists(VALUES, max_size=6), st.lists(VALUES, max_size=6))
def test_only_items_that_were_added_are_known(added: list[Any], queried: list[Any]) -> None:
    good = good_items(*added)
    texts = {orjson.dumps(value) for value in added}
    for _ in range(2):  # The second list is the same as the one before.
        unknown = set(good.unknown(queried))
        for index, value in enumerate(queried):
            assert orjson.dumps(value) in texts or index in unknown


def test_added_item_is_recognized_anywhere_in_a_list() -> None:
    good = good_items(item("f"), item("g"))

    assert list(good.unknown([item("f"), item("g"), item("f")])) == []
    assert list(good.unknown([item("h"), item("f"), 1, item("g")])) == [0, 2]


def test_item_with_more_fields_than_a_known_one_is_unknown() -> None:
    assert list(good_items(item("f")).unknown([{**item("f"), "more": 1}])) == [0]


def test_item_that_begins_like_a_known_one_is_unknown() -> None:
    good = good_items(item("f" * 200))

    assert list(good.unknown([item("f" * 201), item("f" * 200, 101), item("f" * 200)])) == [0, 1]


def test_short_items_are_not_remembered() -> None:
    """Checking them takes no longer than looking them up."""
    short = {"type": "web_search"}
    assert len(orjson.dumps(short)) < _BEGINNING

    assert list(good_items(short).unknown([short])) == [0]


def test_list_of_known_items_is_cached_as_a_whole() -> None:
    good = good_items(item("f"))
    items = [item("f"), item("f")]
    assert list(good.unknown(items)) == []
    good._texts.clear()

    assert list(good.unknown(items)) == []
    assert list(good.unknown(items[:1])) == [0]


def test_items_that_cannot_be_encoded_are_unknown() -> None:
    """The encoder rejects more than 254 levels."""
    deep: dict[str, Any] = {}
    for _ in range(300):
        deep = {"a": deep}

    assert list(good_items(deep, item("f")).unknown([item("f"), deep])) == [0, 1]


# -- bounded --------------------------------------------------------------------------------------


def test_size_of_the_cache_is_limited() -> None:
    good = _GoodItems()
    for number in range(3000):
        good.add(item(str(number), 1000 + number))

        assert sum(map(len, good._texts.values())) == good._bytes <= _MAX_BYTES
    assert list(good.unknown([item("2999", 3999)])) == []


def test_small_items_take_little_memory() -> None:
    tracemalloc.start()
    good = good_items(*(item(f"{number:05}") for number in range(1000)))
    used, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert list(good.unknown([item("00999")])) == []
    assert used < 1000 * 700


def test_replaced_item_is_not_counted_twice() -> None:
    """Otherwise items with the same beginning would push out all other items."""
    good = good_items(item("a", 1000))
    for number in range(5000):
        good.add(item("b" * 200, 2000 + number % 2))

    assert list(good.unknown([item("a", 1000)])) == []


# -- through the rules ----------------------------------------------------------------------------


def function(name: str, parameters: Any) -> dict[str, Any]:
    """Return a function as a tool of the responses endpoint."""
    return {"type": "function", "name": name, "description": "x" * 100, "parameters": parameters}


VALID = {"type": "object", "properties": {"a": {"type": "array", "items": {}}}}
INVALID = {"type": "object", "properties": {"a": {"type": "array"}}}


def paths(*tools: Any) -> list[tuple[str | int, ...] | None]:
    """Return the path of each finding about tools."""
    body = {"model": "m", "input": "x", "tools": list(tools)}
    found = run_rule("invalid_function_parameters", "/v1/responses", body)
    return [None if problem.path is None else problem.path[:3] for problem in found]


@pytest.fixture(autouse=True)
def _empty_caches(monkeypatch: pytest.MonkeyPatch) -> None:
    empty = {locate: _GoodItems() for locate in structured_outputs._good_items}
    monkeypatch.setattr(structured_outputs, "_good_items", empty)


def test_valid_tools_do_not_hide_an_invalid_one() -> None:
    valid, invalid = function("f", VALID), function("g", INVALID)

    for _ in range(2):
        assert paths(valid, valid) == []
        assert paths(valid, invalid, valid) == [("body", "tools", 1)]
        assert paths(invalid, valid) == [("body", "tools", 0)]


def test_invalid_tool_is_reported_each_time() -> None:
    invalid = function("g", INVALID)

    assert paths(invalid) == paths(invalid) == [("body", "tools", 0)]


def test_schema_of_a_valid_tool_is_checked_only_once(monkeypatch: pytest.MonkeyPatch) -> None:
    tools = [function(name, VALID) for name in "fgh"]
    assert paths(*tools) == []
    checked: list[Any] = []
    for good in structured_outputs._good_items.values():
        monkeypatch.setattr(good, "add", checked.append)
    paths(*tools)
    assert checked == []

    paths(*tools, function("i", VALID))
    assert {tool["name"] for tool in checked} == {"i"}


def test_each_type_of_list_has_its_own_cache() -> None:
    """A function that is valid in one type of list may be invalid in another."""
    caches = [id(good) for good in structured_outputs._good_items.values()]

    assert len(caches) == len(set(caches)) > 1
