"""The limits on the size of strict schemas (`structured/limits.py`), on both sides."""

from __future__ import annotations

from typing import Any, NamedTuple

from batchlint.structured import limits
from rules.helpers import each
from structured.helpers import closed, nested, sentences

FEWER = (
    "Consider reducing the number of enums, or opt out of structured outputs by setting"
    " 'strict: false'."
)


def test_limits_match_the_guide() -> None:
    assert (
        limits.MAX_PROPERTIES,
        limits.MAX_LEVELS,
        limits.MAX_CHARACTERS,
        limits.MAX_ENUM_VALUES,
        limits.LARGE_ENUM,
        limits.MAX_LARGE_ENUM_CHARACTERS,
    ) == (5000, 10, 120_000, 1000, 250, 15_000)


# -- levels ---------------------------------------------------------------------------------------


def test_nesting_is_limited_to_10_levels() -> None:
    location = "/properties/a" * 10

    assert sentences(nested(10)) == []
    assert sentences(nested(11)) == [("11 levels of nesting exceeds limit of 10.", location)]
    assert sentences(nested(14)) == [("14 levels of nesting exceeds limit of 10.", location)]


def test_items_count_as_nesting_levels_but_branches_do_not() -> None:
    schema: dict[str, Any] = {"type": "string"}
    for _ in range(9):
        schema = {"type": "array", "items": {"anyOf": [schema, {"type": "null"}]}}

    assert sentences(closed(a=schema)) == []
    assert sentences(closed(a={"type": "array", "items": schema})) == [
        (
            "11 levels of nesting exceeds limit of 10.",
            "/properties/a/items" + "/items/anyOf/0" * 8,
        )
    ]


def test_definitions_start_at_the_first_level() -> None:
    schema = nested(5)

    assert sentences(schema | {"$defs": {"A": nested(10)}}) == []
    assert sentences(schema | {"$defs": {"A": nested(11)}}) == [
        ("11 levels of nesting exceeds limit of 10.", "/$defs/A" + "/properties/a" * 10)
    ]


# -- properties -----------------------------------------------------------------------------------


def test_properties_of_all_objects_are_limited_to_5000() -> None:
    def with_properties(count: int) -> dict[str, Any]:
        inner = closed(**{f"p{number}": {"type": "null"} for number in range(count - 1)})
        return closed(a=inner)

    assert sentences(with_properties(5000)) == []
    assert sentences(with_properties(5001)) == [
        ("5001 parameters exceeds limit of 5000.", "/properties/a/properties")
    ]


# -- characters -----------------------------------------------------------------------------------


def test_characters_of_names_and_values_are_limited_to_120000() -> None:
    def with_characters(count: int) -> dict[str, Any]:
        schema = closed(
            ab={"type": "string", "enum": ["cd"]}, e={"type": "string", "const": "x" * (count - 6)}
        )
        return schema | {"$defs": {"f": {"type": "null"}}}

    assert sentences(with_characters(120_000)) == []
    assert sentences(with_characters(120_001)) == [
        ("120001 characters of names and values exceeds limit of 120000.", "")
    ]


def test_descriptions_do_not_count_as_characters() -> None:
    assert sentences(closed(a={"type": "string", "description": "x" * 120_001})) == []


# -- enums ----------------------------------------------------------------------------------------


def test_enum_values_are_limited_to_1000() -> None:
    def with_values(count: int) -> dict[str, Any]:
        return closed(
            a={"type": "integer", "enum": [1, 2]},
            b={"type": "integer", "enum": [*range(count - 2)]},
        )

    assert sentences(with_values(1000)) == []
    assert sentences(with_values(1001)) == [
        (
            "Expected at most 1000 enum values in total within a single schema when using"
            f" structured outputs, but received 1001. {FEWER}",
            "/properties/b/enum",
        )
    ]


class Enum(NamedTuple):
    name: str
    values: int
    characters: int
    fine: bool


@each(
    [
        Enum("250 values", 250, 20_000, fine=True),
        Enum("251 values of the maximum length", 251, 15_000, fine=True),
        Enum("251 values, one character too long", 251, 15_001, fine=False),
    ]
)
def test_characters_of_a_large_enum_are_limited_to_15000(case: Enum) -> None:
    enum = [f"{number:03}" for number in range(case.values - 1)]
    enum.append("x" * (case.characters - 3 * len(enum)))
    expected = (
        "Expected at most 15000 total characters across enum values when there are more than 250"
        f" enum values, but received 15001. {FEWER}",
        "/properties/a/enum",
    )

    assert sentences(closed(a={"type": "string", "enum": enum})) == (
        [] if case.fine else [expected]
    )
