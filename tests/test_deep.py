"""Deeply nested lines: the verdict depends on the bytes alone, not on the recursion limit or on who checks."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import line

from batchlint import Report, check, check_create
from batchlint.deep import Decoder, _pieces, flat, is_deeper, pruned

RESPONSES = "/v1/responses"


def nested(depth: int, inner: str) -> bytes:
    """A line whose input is an array so deep, around some JSON text (or something close to it)."""
    return line("a", RESPONSES, input="@").replace(b'"@"', b"[" * depth + inner.encode() + b"]" * depth)


def filters(levels: int, kind: str) -> bytes:
    """A line with filters in filters, the innermost of some type."""
    text = '{"type": "and", "filters": [' * levels + f'{{"type": "{kind}", "key": "k", "value": 1}}' + "]}" * levels
    tool = {"type": "file_search", "vector_store_ids": ["v"], "filters": "@"}
    return line("a", RESPONSES, tools=[tool]).replace(b'"@"', text.encode())


#: What is checked (with the rules that are off by default on), and what it is.
DEEP: list[tuple[str, bytes, list[str]]] = [
    ("a wrong filter", filters(500, "no"), ["invalid_value"]),
    ("a filter", filters(500, "eq"), []),
    ("a wrong item", nested(1015, "1"), ["invalid_type"]),
    ("no number", nested(1015, "NaN"), ["not_a_number"]),
    ("half a pair", nested(1015, r'"\ud800"'), ["lone_surrogate"]),
    ("cut off", nested(1015, "1")[:-100], ["invalid_json_line"]),
    ("a key twice", nested(1015, '{"a": 1, "a": 1}'), ["invalid_type", "duplicate_key"]),
    ("too deep", nested(1030, "1"), ["nesting_too_deep"]),
    ("no number, too deep", nested(1030, "NaN"), ["nesting_too_deep"]),
    ("far too deep", b"[" * 100_000, ["nesting_too_deep"]),
]
DATA = b"".join(data.rstrip(b"\n") + b"\n" for _, data, _ in DEEP)


@pytest.fixture(params=[None, 3000, 100_000], autouse=True)
def limit(request: pytest.FixtureRequest) -> Iterator[int]:
    """Recursion limits that a program may have."""
    before = sys.getrecursionlimit()
    chosen = request.param or before
    sys.setrecursionlimit(chosen)
    yield chosen
    assert sys.getrecursionlimit() == chosen
    sys.setrecursionlimit(before)


def rules(report: Report) -> list[str]:
    return [error.rule for error in sorted([*report.errors, *report.warnings])]


@pytest.mark.parametrize("engine", ["jsonschema-rs", "jsonschema"])
@pytest.mark.parametrize(("data", "expected"), [case[1:] for case in DEEP], ids=[case[0] for case in DEEP])
def test_the_verdict_does_not_depend_on_the_recursion_limit(
    data: bytes, expected: list[str], engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BATCHLINT_ENGINE", engine)

    assert rules(check(data, error=["duplicate_key"])) == expected


def test_the_verdict_does_not_depend_on_the_depth_of_the_caller() -> None:
    def below(levels: int) -> Report:
        return below(levels - 1) if levels else check(DEEP[0][1])

    assert rules(below(600)) == ["invalid_value"]


def in_threads(path: Path) -> list[Report]:
    with ThreadPoolExecutor(8) as pool:
        return list(pool.map(check, [path] * 8))


def on_threads(path: Path) -> list[Report]:
    with ThreadPoolExecutor(2) as pool:
        return [check(path, executor=pool)]


def on_processes(path: Path) -> list[Report]:
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        return [check(path, executor=pool)]


@pytest.mark.parametrize("way", [
    lambda path: [check(path, jobs=2, start="spawn")],
    lambda path: [check(path, jobs=2, start="fork")],
    in_threads, on_threads, on_processes], ids=["spawn", "fork", "in threads", "on threads", "on processes"])
@pytest.mark.parametrize("limit", [None], indirect=True)
@pytest.mark.usefixtures("limit")
def test_every_kind_of_worker_gives_the_same_verdict(way: Callable[[Path], list[Report]], tmp_path: Path) -> None:
    path = tmp_path / "deep.jsonl"
    path.write_bytes((DATA + b'{"pad": "' + b"x" * 1_000_000 + b'"}\n') * 3)  # enough for two workers
    expected = check(path, now=0)

    assert {"invalid_value", "nesting_too_deep", "invalid_type"} <= set(rules(expected))
    for report in way(path):
        assert (report.errors, report.warnings, report.failed) == (expected.errors, expected.warnings, expected.failed)


def test_a_request_that_only_the_standard_library_can_write_is_checked() -> None:
    deep: Any = "x"
    for _ in range(1010):
        deep = [deep]

    assert rules(check([{"custom_id": "a", "method": "POST", "url": RESPONSES, "body": {"model": "m", "input": deep}}])) == ["invalid_type"]
    assert [error.rule for error in check_create({"input_file_id": deep, "endpoint": RESPONSES, "completion_window": "24h"})] == ["invalid_type"]


@pytest.mark.parametrize("depth", [1030, 20_000])
def test_what_is_deeper_than_the_decoder_takes_is_a_bad_argument(depth: int) -> None:
    deep: Any = "x"
    for _ in range(depth):
        deep = [deep]

    with pytest.raises(TypeError, match="cannot be written as JSON"):
        check([{"custom_id": deep}])
    with pytest.raises(TypeError, match="cannot be written as JSON"):
        check_create({"input_file_id": deep})


def test_a_circular_parameter_is_a_bad_argument() -> None:
    circle: list[Any] = []
    circle.append(circle)

    with pytest.raises(TypeError, match="cannot be written as JSON"):
        check_create({"input_file_id": circle})


# -- what stands in for the standard library ---------------------------------------------------------------------------

TEXTS = ["", " ", "[]", "{}", " [ ] ", "[1, 2]", '{"a": [1, {"b": null}], "c": -1.5e3}', "[1,]", '{"a":1,}', "[1 2]", '{"a" 1}', "{a:1}", "{", "[",
         '{"a":', "[1,", '{"a":1', "[1]x", '{"a":}', '["x', '{"a":1 , }', "[ ,1]", "{,}", "]", '{"a', r'["\x"]', '["\t"]', "[NaN]", "[tru]",
         '{"a": 1, "a": {"b": 2, "b": 3}}', "[[[[", "[[]", '[{"a": [}]', "\ufeff[]", '[1, "\u00e9", true]', "1 2", "[1]]"]


def outcome(function: Callable[[], Any]) -> Any:
    """What a function gives, or the exception with its place."""
    try:
        return function()
    except ValueError as error:
        return str(error)


@pytest.mark.parametrize("hook", [None, list], ids=["dicts", "pairs"])
@given(st.one_of(st.sampled_from(TEXTS), st.text('[]{}:,"a1 \n', max_size=20)))
def test_the_decoder_without_recursion_is_the_standard_library_s(hook: Any, text: str) -> None:
    expected = outcome(lambda: json.JSONDecoder(object_pairs_hook=hook).raw_decode(text))

    assert outcome(lambda: Decoder(object_pairs_hook=hook)._decode(text, 0)) == expected


JSON = st.recursive(st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text()), lambda inner: st.one_of(
    st.lists(inner), st.tuples(inner), st.dictionaries(st.one_of(st.text(), st.integers(), st.booleans(), st.none()), inner)))


@given(JSON)
def test_the_encoder_without_recursion_is_the_standard_library_s(value: Any) -> None:
    assert "".join(_pieces(value)) == json.dumps(value)


@given(JSON)
def test_a_pruned_value_looks_the_same_as_far_as_it_is_shown(value: Any) -> None:
    for levels in range(5):
        assert repr(pruned(value, levels))[:levels] == repr(value)[:levels] or isinstance(value, tuple)


def test_generators_in_generators_are_flat() -> None:
    def numbers(below: int) -> Iterator[Any]:
        yield below
        if below:
            yield numbers(below - 1)
            yield -below

    assert list(flat(numbers(3))) == [3, 2, 1, 0, -1, -2, -3]
    assert sum(1 for _ in flat(numbers(20_000))) == 40_001


@pytest.mark.parametrize(("text", "levels", "deeper"), [
    ("[[1]]", 2, False), ("[[1]]", 1, True), ('{"a": [1]}', 1, True), ("[1][1][1]", 1, False), ('["[[[["]', 1, False),
    (r'["\"[[["]', 1, False), ('["[[[', 1, False), ("[" * 5, 4, True), ("]]][[", 1, False), (json.dumps({"a": "}}]["}), 1, False)])
def test_depth_is_counted_outside_of_strings(text: str, levels: int, deeper: bool) -> None:
    assert is_deeper(text, levels) is deeper
