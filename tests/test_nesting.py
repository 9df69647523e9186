"""Findings about deeply nested lines depend only on the bytes.

They don't depend on the recursion limit, the caller's stack or the type of worker.
"""

from __future__ import annotations

import inspect
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Final

import pytest

from batchlint import Report, check, check_create
from batchlint.engine.checker import checker_for
from batchlint.nesting import is_deeper_than, prune, with_fresh_stack
from support import line

RESPONSES: Final = "/v1/responses"


def nested_input(depth: int, inner: str) -> bytes:
    """Return a line whose input is an array of this depth around some JSON."""
    text = b"[" * depth + inner.encode() + b"]" * depth
    return line("a", RESPONSES, input="@").replace(b'"@"', text)


def nested_filters(depth: int, kind: str) -> bytes:
    """Return a line with nested filters. The innermost filter has the given type."""
    innermost = f'{{"type": "{kind}", "key": "k", "value": 1}}'
    text = '{"type": "and", "filters": [' * depth + innermost + "]}" * depth
    tool = {"type": "file_search", "vector_store_ids": ["v"], "filters": "@"}
    return line("a", RESPONSES, tools=[tool]).replace(b'"@"', text.encode())


def nested_list(depth: int) -> Any:
    """Return nested lists with a string inside."""
    value: Any = "x"
    for _ in range(depth):
        value = [value]
    return value


INVALID_FILTER: Final = nested_filters(20, "no")

#: Lines with the rules they break, including rules that are off by default.
DEEP_LINES: Final[dict[str, tuple[bytes, list[str]]]] = {
    "an invalid filter": (INVALID_FILTER, ["invalid_value"]),
    "a valid filter": (nested_filters(150, "eq"), ["unchecked_filter"]),
    "an invalid filter, too deep to explain": (nested_filters(150, "no"), ["unchecked_filter"]),
    "an invalid item": (nested_input(1015, "1"), ["invalid_type"]),
    "not a number": (nested_input(50, "NaN"), ["not_a_number"]),
    "not a number, too deep to explain": (nested_input(1015, "NaN"), ["nesting_too_deep"]),
    "half a surrogate pair": (nested_input(50, r'"\ud800"'), ["lone_surrogate"]),
    "cut off": (nested_input(50, "1")[:-20], ["invalid_json_line"]),
    "cut off, too deep to explain": (nested_input(1015, "1")[:-100], ["nesting_too_deep"]),
    "a repeated key": (
        nested_input(50, '{"a": 1, "a": 1}'),
        ["invalid_type", "duplicate_key"],
    ),
    "too deep": (nested_input(1030, "1"), ["nesting_too_deep"]),
    "far too deep": (b"[" * 100_000, ["nesting_too_deep"]),
}


@pytest.fixture(params=[None, 3000, 100_000], autouse=True)
def limit(request: pytest.FixtureRequest) -> Iterator[int]:
    """Set a recursion limit, as programs do. A check must not change it."""
    before = sys.getrecursionlimit()
    chosen: int = request.param or before
    sys.setrecursionlimit(chosen)
    yield chosen
    assert sys.getrecursionlimit() == chosen
    sys.setrecursionlimit(before)


def rules(report: Report) -> list[str]:
    """Return the rules of all findings, in order."""
    return [error.rule for error in sorted([*report.errors, *report.warnings])]


# -- findings -------------------------------------------------------------------------------------


@pytest.fixture(params=["jsonschema-rs", "jsonschema"])
def engine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Check with each engine. A compiled checker keeps its engine, so the cache is cleared."""
    monkeypatch.setenv("BATCHLINT_ENGINE", request.param)
    checker_for.cache_clear()
    yield request.param
    checker_for.cache_clear()


@pytest.mark.usefixtures("engine")
def test_findings_do_not_depend_on_the_recursion_limit() -> None:
    """Compiling an engine takes longer than checking all lines, so this is one test."""
    found = {
        name: rules(check(data, error=["duplicate_key"])) for name, (data, _) in DEEP_LINES.items()
    }

    assert found == {name: expected for name, (_, expected) in DEEP_LINES.items()}


def test_findings_do_not_depend_on_the_depth_of_the_caller() -> None:
    def check_below(levels: int) -> Report:
        return check_below(levels - 1) if levels else check(INVALID_FILTER)

    assert rules(check_below(600)) == ["invalid_value"]


def deep_request(levels: int) -> bytes:
    """Return a valid chat request whose response format has a deeply nested value."""
    schema = '{"type":"object","default":' + '{"a":' * levels + "1" + "}" * levels + "}"
    text = {"type": "json_schema", "json_schema": {"name": "f", "schema": 0}}
    body = {"messages": [{"role": "user", "content": "x"}], "response_format": text}
    whole = line(url="/v1/chat/completions", model="gpt-4.1", **body)
    return whole.replace(b'"schema": 0', f'"schema": {schema}'.encode())


@pytest.mark.usefixtures("engine")
def test_valid_nested_value_has_no_findings_in_any_engine() -> None:
    def check_below(frames: int, data: bytes) -> Report:
        return check_below(frames - 1, data) if frames else check(data)

    for levels in (20, 300, 900):
        for depth in (0, 900):
            frames = max(depth - len(inspect.stack(0)), 0)
            assert rules(check_below(frames, deep_request(levels))) == [], (levels, depth)


def check_in_spawned_workers(path: Path) -> list[Report]:
    return [check(path, jobs=2, start="spawn")]


def check_in_forked_workers(path: Path) -> list[Report]:
    return [check(path, jobs=2, start="fork")]


def check_in_threads(path: Path) -> list[Report]:
    with ThreadPoolExecutor(8) as pool:
        return list(pool.map(check, [path] * 8))


def check_on_threads(path: Path) -> list[Report]:
    with ThreadPoolExecutor(2) as pool:
        return [check(path, executor=pool)]


def check_on_processes(path: Path) -> list[Report]:
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        return [check(path, executor=pool)]


@pytest.mark.parametrize(
    "check_there",
    [
        check_in_spawned_workers,
        check_in_forked_workers,
        check_in_threads,
        check_on_threads,
        check_on_processes,
    ],
)
@pytest.mark.parametrize("limit", [None], indirect=True)
@pytest.mark.usefixtures("limit")
def test_findings_do_not_depend_on_the_type_of_worker(
    check_there: Callable[[Path], list[Report]], tmp_path: Path
) -> None:
    deep = b"".join(data.rstrip(b"\n") + b"\n" for data, _ in DEEP_LINES.values())
    padding = b'{"pad": "' + b"x" * 1_000_000 + b'"}\n'  # Enough for two workers.
    path = tmp_path / "deep.jsonl"
    path.write_bytes((deep + padding) * 3)
    expected = check(path, now=0)

    assert {"invalid_value", "nesting_too_deep", "invalid_type"} <= set(rules(expected))
    for report in check_there(path):
        assert report.errors == expected.errors
        assert report.warnings == expected.warnings
        assert report.failed == expected.failed


# -- arguments ------------------------------------------------------------------------------------


def test_request_that_only_the_standard_library_can_serialize_is_checked() -> None:
    deep = nested_list(900)
    request = {
        "custom_id": "a",
        "method": "POST",
        "url": RESPONSES,
        "body": {"model": "m", "input": deep},
    }
    create = {"input_file_id": deep, "endpoint": RESPONSES, "completion_window": "24h"}

    assert rules(check([request])) == ["invalid_type"]
    assert [error.rule for error in check_create(create)] == ["invalid_type"]


@pytest.mark.parametrize("depth", [1030, 20_000])
def test_request_deeper_than_the_decoder_accepts_raises_type_error(depth: int) -> None:
    deep = nested_list(depth)

    with pytest.raises(TypeError, match="cannot be written as JSON"):
        check([{"custom_id": deep}])
    with pytest.raises(TypeError, match="cannot be written as JSON"):
        check_create({"input_file_id": deep})


def test_circular_parameter_raises_type_error() -> None:
    circle: list[Any] = []
    circle.append(circle)

    with pytest.raises(TypeError, match="cannot be written as JSON"):
        check_create({"input_file_id": circle})


# -- with_fresh_stack -----------------------------------------------------------------------------


def recurse(levels: int) -> str:
    """Make this many nested calls, and return the name of the thread of the last one."""
    return recurse(levels - 1) if levels else threading.current_thread().name


def call_below(levels: int, needed: int) -> str:
    """Call `recurse` with a fresh stack from a caller at this depth."""
    return call_below(levels - 1, needed) if levels else with_fresh_stack(recurse, needed)


def test_call_from_a_shallow_stack_stays_in_its_thread() -> None:
    assert with_fresh_stack(recurse, 10) == threading.current_thread().name


def test_call_from_a_deep_stack_is_repeated_in_a_new_thread(limit: int) -> None:
    half = min(limit, 3000) // 2
    needed = limit - half

    assert call_below(half, needed) == "batchlint-fresh-stack"


@pytest.mark.parametrize("limit", [None], indirect=True)
def test_exceptions_from_a_repeated_call_propagate(limit: int) -> None:
    def fail_below(levels: int) -> int:
        if levels:
            return fail_below(levels - 1)
        raise KeyError(threading.current_thread().name)

    def call_below(levels: int) -> int:
        return call_below(levels - 1) if levels else with_fresh_stack(fail_below, limit // 2)

    with pytest.raises(KeyError, match="fresh"):
        call_below(limit // 2)


@pytest.mark.parametrize("limit", [None], indirect=True)
def test_call_too_deep_for_a_fresh_stack_raises_recursion_error(limit: int) -> None:
    with pytest.raises(RecursionError):
        with_fresh_stack(recurse, limit + 1)


# -- prune ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "levels", "expected"),
    [
        pytest.param([[1], {"a": [2]}], 2, [[1], {"a": None}], id="deeper values are cut"),
        pytest.param([[1]], 2, [[1]], id="at the limit"),
        pytest.param("x", 0, "x", id="no container"),
    ],
)
def test_prune_replaces_deeper_values(value: Any, levels: int, expected: Any) -> None:
    assert prune(value, levels) == expected


# -- is_deeper_than -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "levels", "expected"),
    [
        pytest.param("[[1]]", 2, False, id="at the limit"),
        pytest.param("[[1]]", 1, True, id="deeper"),
        pytest.param('{"a": [1]}', 1, True, id="object and array"),
        pytest.param("[1][1][1]", 1, False, id="side by side"),
        pytest.param('["[[[["]', 1, False, id="brackets in a string"),
        pytest.param(r'["\"[[["]', 1, False, id="escaped quote in a string"),
        pytest.param('["[[[', 1, False, id="string that does not end"),
        pytest.param("[" * 5, 4, True, id="unclosed"),
        pytest.param("]]][[", 1, False, id="closed too often"),
        pytest.param(json.dumps({"a": "}}]["}), 1, False, id="closing brackets in a string"),
    ],
)
def test_is_deeper_than_counts_brackets_outside_of_strings(
    text: str, levels: int, expected: bool
) -> None:
    assert is_deeper_than(levels, text) is expected


@pytest.mark.parametrize(("engine", "stack"), [("jsonschema", "512"), ("jsonschema-rs", "256")])
@pytest.mark.parametrize("limit", [None], indirect=True)
@pytest.mark.usefixtures("limit")
def test_deep_line_does_not_overflow_a_small_thread_stack(engine: str, stack: str) -> None:
    """A deep unterminated line crashed a thread with a stack of 128 kB."""
    code = """
import threading
from batchlint import check

lines = [
    b'{"a":' * 100_000, b"[" * 100_000, b'{"a":' * 1000, b"[" * 1000 + b"]" * 1000,
    b'{"custom_id":"a","method":"POST","url":"/v1/responses","body":{"model":"m","input":'
    + b"[" * 900 + b"]" * 900 + b"}}",
    b'{"custom_id":"a","method":"POST","url":"/v1/responses","body":{"model":"m","input":"x",'
    b'"tools":[{"type":"function","name":"f","strict":true,"parameters":'
    + b'{"items":' * 500 + b"{}" + b"}" * 500 + b"}]}}",
]
found = []
expected = [report.counts for report in map(check, lines)]
for line in lines:
    # The jsonschema library, which explains schemas and may be the engine, needs a larger stack.
    threading.stack_size(({library} if b"custom_id" in line else 128) * 1024)
    thread = threading.Thread(target=lambda line=line: found.append(check(line).counts))
    thread.start()
    thread.join()
assert found == expected, found
print("done")
"""
    result = subprocess.run(
        [sys.executable, "-c", code.replace("{library}", stack)],
        capture_output=True,
        text=True,
        env={**os.environ, "BATCHLINT_ENGINE": engine},
        check=False,
    )

    assert (result.stdout, result.stderr, result.returncode) == ("done\n", "", 0)
