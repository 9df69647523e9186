"""The reasons why the API rejects a schema, in each of the three modes (`structured/subset.py`)."""

from __future__ import annotations

import tracemalloc
from typing import Any

import pytest

from batchlint.phrasing import pointer
from batchlint.structured import subset
from golden import assert_matches_golden
from rules.helpers import each
from structured import test_metaschema
from structured.cases import FUNCTION, STRICT, with_a
from structured.helpers import (
    NOT_CLOSED,
    NOT_REQUIRED,
    UNTYPED,
    SchemaCase,
    closed,
    nested,
    sentences,
)
from support import FIXTURES


def found(case: SchemaCase, mode: subset.Mode) -> list[tuple[str, str, bool]]:
    return [
        (problem.sentence, pointer(problem.path), problem.certain)
        for problem in subset.problems(case.schema, mode)
    ]


@each(STRICT)
def test_strict_schema_has_its_problems(case: SchemaCase) -> None:
    assert found(case, "strict") == [*map(tuple, case.expected)]


@each([case for case in FUNCTION if case.schema is not None])
def test_parameters_of_a_function_have_their_problems(case: SchemaCase) -> None:
    assert found(case, "function") == [*map(tuple, case.expected)]


def test_problems_are_in_the_api_order() -> None:
    schema = {
        "type": "object",
        "properties": {
            "a": {"type": "object", "propertyNames": {}, "additionalProperties": {}},
            "b": {"type": "array"},
        },
    }

    assert [sentence for sentence, _ in sentences(schema)] == [
        f"In context=(), {NOT_CLOSED}",
        f"In context=(), {NOT_REQUIRED} Missing 'a'.",
        "In context=('properties', 'a'), 'propertyNames' is not permitted.",
        f"In context=('properties', 'a', 'additionalProperties'), {UNTYPED}",
        "In context=('properties', 'b'), array schema missing items.",
    ]


def test_limit_problems_are_reported_last() -> None:
    schema = nested(11) | {"$defs": {"A": {}}}

    assert [sentence for sentence, _ in sentences(schema)] == [
        f"In context=('$defs', 'A'), {UNTYPED}",
        "11 levels of nesting exceeds limit of 10.",
    ]


def test_every_problem_that_can_be_fixed_has_a_hint() -> None:
    without = [
        problem.sentence
        for case in STRICT
        for problem in subset.problems(case.schema, "strict")
        if not problem.hint
    ]

    assert without == []


def test_hint_counts_the_optional_properties() -> None:
    properties = {name: {"type": "null"} for name in "abc"}
    schema = {"type": "object", "properties": properties, "additionalProperties": False}

    [problem] = subset.problems(schema, "strict")

    assert "3 properties are missing" in (problem.hint or "")


def test_forbidden_root_keyword_in_a_function_is_certain_only_in_chat() -> None:
    schema = {"type": "object", "properties": {}, "anyOf": []}

    chat_only = [problem.chat_only for problem in subset.problems(schema, "function")]

    assert True in chat_only
    assert not any(problem.chat_only for problem in subset.problems(schema, "strict"))


def test_limits_and_strict_keywords_do_not_apply_to_other_functions() -> None:
    assert subset.problems(nested(30), "function") == ()
    many = closed(a={"type": "integer", "enum": [*range(2000)]}, b={"type": "null", "not": {}})
    assert subset.problems(many, "function") == ()


# -- fine-tuned models ----------------------------------------------------------------------------


@pytest.mark.parametrize("keyword", subset.NOT_FOR_FINE_TUNED)
def test_keyword_unsupported_by_fine_tuned_models_is_reported(keyword: str) -> None:
    schema = closed(a={"type": "string", keyword: 1}, b={"anyOf": [{keyword: 2}]})

    assert sentences(schema, "fine-tuned") == [
        (
            f"In context=('properties', 'a'), '{keyword}' is not permitted.",
            f"/properties/a/{keyword}",
        ),
        (
            f"In context=('properties', 'b', 'anyOf', '0'), '{keyword}' is not permitted.",
            f"/properties/b/anyOf/0/{keyword}",
        ),
    ]


def test_fine_tuned_mode_reports_nothing_else() -> None:
    assert subset.problems({"type": "array", "oneOf": []}, "fine-tuned") == ()
    assert subset.problems(closed(pattern={"type": "string"}), "fine-tuned") == ()


# -- caching --------------------------------------------------------------------------------------


def test_modes_are_cached_separately() -> None:
    schema = with_a({"type": "string", "minLength": 1})

    for _ in range(2):
        assert len(subset.problems(schema, "function")) == 0
        assert len(subset.problems(schema, "fine-tuned")) == 1
        assert len(subset.problems(schema, "strict")) == 3


def test_cache_size_is_limited() -> None:
    for number in range(3000):
        subset.problems({"type": "object", "title": f"{number}" * 900}, "function")
    size = sum(len(key) for _, key in subset._cache._values)

    assert 0 < size < subset._cache._max_bytes


def test_small_schemas_take_little_memory() -> None:
    tracemalloc.start()
    for number in range(1000):
        subset.problems({"type": "object", "title": f"title {number}"}, "function")
    used, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert used < 1000 * 700


def test_fingerprint_is_short_and_distinguishes_values() -> None:
    long = [b"x" * 10_000, b"x" * 10_001]

    assert subset.fingerprint(long[0]) == subset.fingerprint(bytes(long[0]))
    assert subset.fingerprint(long[0]) != subset.fingerprint(long[1])
    assert len(subset.fingerprint(long[0])) < 100


def test_schema_that_is_nested_too_deep_for_the_encoder_is_checked() -> None:
    schema: dict[str, Any] = {"type": "array"}
    for _ in range(300):
        schema = {"type": "object", "properties": {"a": schema}}

    for _ in range(2):
        assert len(subset.problems(schema, "strict")) > 20


def test_problems_match_the_golden_file() -> None:
    """The golden file lists every problem with its hint, as rules receive them."""

    def lines(case: SchemaCase, mode: subset.Mode) -> list[str]:
        if not isinstance(case.schema, dict):
            return []
        doubts = {(True, False): "", (False, False): " (doubtful)", (True, True): " (chat only)"}
        return [
            f"{case.name}, {mode}",
            *(
                f"  {pointer(found.path)}{doubts.get((found.certain, found.chat_only), ' (both)')}: "
                f"{found.sentence}\n    {found.hint}"
                for found in subset.problems(case.schema, mode)
            ),
        ]

    modes: tuple[subset.Mode, ...] = ("strict", "function", "fine-tuned")
    null = {"type": "null"}
    large = [
        SchemaCase("many properties", closed(**{f"p{number}": null for number in range(5001)})),
        SchemaCase("many characters", closed(**{"x" * 60_001: null, "y" * 60_000: null})),
        SchemaCase("many values", closed(a={"type": "integer", "enum": [*range(1001)]})),
        SchemaCase("deep", nested(11)),
    ]
    cases = [*STRICT, *FUNCTION, *test_metaschema.STRICT, *test_metaschema.FUNCTION, *large]
    text = "\n".join(line for case in cases for mode in modes for line in lines(case, mode))
    assert_matches_golden(f"{text}\n", FIXTURES / "expected" / "schema_problems.txt")
