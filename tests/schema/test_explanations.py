"""Every attribute of the explainer's problems, with one schema that has all keywords.

`test_explain.py` tests the meaning of each keyword. Here, a change to any sentence, location, rank or
hint changes `fixtures/expected/explanations.txt`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import pytest

from batchlint.findings import MAX_PROBLEMS_PER_LINE, Part, PathParts, Problem
from batchlint.nesting import MAX_EXPLAINED_LEVELS
from batchlint.schema.explain import Explainer, Schema
from golden import assert_matches_golden
from support import FIXTURES

TEXT: Final = {"type": "string", "minLength": 1, "maxLength": 5, "pattern": "^[a-z]*$"}
PART: Final = {
    "anyOf": [
        {
            "type": "object",
            "properties": {"type": {"enum": ["text"]}, "text": {"$ref": "#/$defs/text"}},
            "required": ["text"],
            "additionalProperties": False,
        },
        {
            "anyOf": [
                {
                    "type": "object",
                    "properties": {"type": {"enum": ["image", None]}, "url": {"type": "string"}},
                    "required": ["type", "url"],
                },
                {"$ref": "#/$defs/file"},
            ],
            "x-batchlint": {"tag": "type"},
        },
    ],
    "x-batchlint": {"tag": "type"},
}

SCHEMA: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["model", "messages"],
    "properties": {
        "model": {"type": "string"},
        "messages": {"type": "array", "minItems": 1, "maxItems": 3, "items": {"$ref": "#/$defs/m"}},
        "count": {"type": "integer", "minimum": 1, "maximum": 4},
        "share": {"type": "number", "minimum": 0, "maximum": 1},
        "either": {"type": ["integer", "null"], "minimum": 0},
        "effort": {"enum": ["low", "high", None], "x-batchlint": {"supported": ["low", "xhigh"]}},
        "size": {"type": "string", "enum": ["1x1", "2x2"]},
        "not": {"not": {"enum": [1]}},
        "input": {
            "anyOf": [
                {"$ref": "#/$defs/text"},
                {"type": "array", "items": {"type": "string"}},
                {"type": "array", "items": {"type": "integer"}},
                {"type": "array", "items": {"type": "array", "items": {"type": "integer"}}},
            ]
        },
        "some": {
            "type": "array",
            "items": {"anyOf": [{"type": "string"}, {"type": "integer"}]},
            "contains": {"type": "string"},
            "minContains": 1,
            "maxContains": 2,
        },
        "labels": {
            "type": "object",
            "additionalProperties": TEXT,
            "propertyNames": {"maxLength": 4},
            "maxProperties": 2,
            "minProperties": 1,
        },
        "closed": {
            "type": "object",
            "properties": {"a": {"type": "string"}, "b": {"type": "null"}},
            "required": ["a"],
            "additionalProperties": False,
            "allOf": [
                {
                    "anyOf": [{"required": ["b"]}, {"required": ["c"]}],
                    "x-batchlint": {"at": ["b", 0]},
                }
            ],
        },
        "untagged": {
            **PART,
            "x-batchlint": {"tag": "type", "untagged": {"url": "image", "": "text"}},
        },
        "otherwise": {**PART, "x-batchlint": {"tag": "type", "otherwise": "text"}},
        "item": {
            **PART,
            "x-batchlint": {"tag": "type", "at": "item", "among": ["a", "b"]},
        },
        "invalid": {**PART, "x-batchlint": {"tag": "type", "missing_as_invalid": True}},
        "noted": {
            "type": "array",
            "items": {
                "enum": ["x", "y", None],
                "x-batchlint": {
                    "errors": {
                        "enum": {
                            "rule": "image_detail",
                            "message": "'{p}' ({i}, {j}) is {repr}, not {supported}.",
                            "param": "noted[{i}]",
                            "phase": "empty",
                        },
                    }
                },
            },
            "maxItems": 2,
            "x-batchlint": {
                "errors": {
                    "maxItems": {"message": "At most {limit} in '{p}'."},
                    "type": {"rule": "image_detail", "param": ""},
                    "type:null": {"rule": "empty_array", "phase": "presence"},
                }
            },
        },
        "deep": {"$ref": "#/$defs/deep"},
        "bare": {"minimum": 1},
        "any number": {"type": ["integer", "number"], "minimum": 1},
        "one": {"type": "array", "contains": {"type": "string"}},
        "typed": {
            "type": "string",
            "x-batchlint": {"errors": {"type": {"rule": "image_detail", "param": ""}}},
        },
        "half": {
            "type": "object",
            "properties": {"a": {"type": "string"}},
            "anyOf": [{"required": ["a"]}, {"required": ["b"]}],
        },
    },
    "additionalProperties": False,
    "minProperties": 3,
    "maxProperties": 6,
    "allOf": [
        {
            "anyOf": [{"required": ["count"]}, {"required": ["share"]}],
            "x-batchlint": {"at": "count"},
        },
        {"anyOf": [{"required": ["model"]}], "x-batchlint": {}},
    ],
    "x-batchlint": {"early": ["model"]},
    "$defs": {
        "text": TEXT,
        "file": {
            "type": "object",
            "properties": {"type": {"enum": ["file"]}, "id": {"type": "integer"}},
            "required": ["type"],
        },
        "m": {
            "type": "object",
            "properties": {
                "role": {"enum": ["user", "system"]},
                "content": {
                    "anyOf": [
                        {"type": "string"},
                        {"type": "array", "items": {"$ref": "#/$defs/part"}},
                    ]
                },
            },
            "required": ["role"],
            "additionalProperties": False,
        },
        "part": PART,
        "deep": {"type": "object", "additionalProperties": {"$ref": "#/$defs/deep"}},
    },
}

#: A valid body. Other bodies have some of these fields, or different values.
GOOD: Final = {"model": "m", "messages": [{"role": "user", "content": "Hi"}], "count": 1}

#: Values to test for each field.
VALUES: Final[dict[str, list[Any]]] = {
    "model": [1, None, ""],
    "messages": [[], [{}] * 4, [{"role": "user"}, 1], {}, [{"role": "x", "name": 1}], None],
    "count": [0, 1, 4, 5, 1.0, 1.5, True, "1", None],
    "share": [-0.5, 0, 1, 1.5, 2, "x"],
    "either": [None, -1, 0, 0.0, -1.5],
    "effort": ["low", "high", "x", None, 1, False],
    "size": ["1x1", "3x3", "x" * 200, None],
    "not": [1, 2, "x", True],
    "input": ["", "abc", "ABC", "abcdef", [], ["a"], [1], ["a", 1], [1, "a"], [[1]], [["a"]]],
    "some": [[], [1], ["a"], ["a", "b", 1], ["a", "b", "c"], [None, "a"], "a"],
    "labels": [{}, {"a": "b"}, {"abcde": "x"}, {"a": ""}, {"a": 1, "b": "x", "c": "x"}, []],
    "closed": [{}, {"a": "x"}, {"a": "x", "b": None}, {"a": 1, "b": 1, "d": 1}, {"closed": {}}],
    "untagged": [{}, {"text": ""}, {"url": 1}, {"type": "text"}, {"type": "x"}, [], None],
    "otherwise": [{}, {"type": "x", "text": "a"}, {"type": "file", "id": "x"}],
    "item": [{"type": "a"}, {"type": "b"}, {"type": "c"}, {"type": 1}, {}, {"type": "image"}],
    "invalid": [{}, {"type": None}, {"type": "image", "url": 1}, {"type": "x"}, "x"],
    "noted": [["x", None], ["z"], ["x", "z", "q"], "x", None, [[]]],
    "bare": [0, 1],
    "any number": [0, 0.5, 1],
    "one": [["a"], [1], ["a", "b"]],
    "typed": [None, 1],
    "half": [{"a": 1}, {"a": "x"}],
    "x" * 200: [1],
    "y" * 300: [1],
    "modle": [1],
}

#: Whole bodies.
BODIES: Final[list[Any]] = [
    [],
    None,
    {},
    {"model": 1},
    {"share": 1},
    {**GOOD, "share": "x", "b": 1, "a": 2, "size": 1},
    {**GOOD, "effort": "low", "size": "1x1", "not": 2, "input": "a"},
    {
        **GOOD,
        "messages": [
            {"role": "user", "content": [{"type": "text"}, {"type": "image", "url": 1}, {}, 1]},
            {"content": [{"type": "x"}, {"type": "file", "id": 1}, {"type": "text", "text": ""}]},
        ],
    },
]


def bodies() -> Iterator[Any]:
    """Yield all bodies."""
    for name, values in VALUES.items():
        for value in values:
            yield {**GOOD, name: value}
    yield from BODIES


def explainer(**options: Any) -> Explainer:
    """Return an explainer with every option that affects problems."""

    def hint(value: Any, path: PathParts) -> str:
        return f"{len(value)} fields, at {path}"

    return Explainer(
        SCHEMA,
        part=Part.BODY,
        prefix=("body",),
        hints={"empty_array": hint, "image_detail": hint},
        newer_hint="newer",
        **options,
    )


def test_explanations_match_the_golden_file() -> None:
    lines = []
    one = explainer()
    for body in bodies():
        lines.append(str(body))
        for found in one.explain(body):
            rank = ", ".join(map(repr, found.rank))
            lines.append(f"  {found.rule} {found.param} {found.path} ({rank})")
            lines.append(f"    {found.message}")
            lines.extend([f"    {found.hint}"] if found.hint else [])
    text = "\n".join(lines)

    assert_matches_golden(f"{text}\n", FIXTURES / "expected" / "explanations.txt")


def test_explaining_compiles_no_validators() -> None:
    def explained(one: Explainer, body: Any) -> list[Problem]:
        """Explain without the serial number, which also counts problems of rejected branches."""
        return [found._replace(rank=found.rank._replace(serial=0)) for found in one.explain(body)]

    with_validators = explainer()
    without = explainer(validate_fields=False)
    for body in bodies():
        assert explained(without, body) == explained(with_validators, body)


def test_validator_accepts_schemas_without_problems() -> None:
    one = explainer()
    for body in bodies():
        assert one.accepts(body) == (one.explain(body) == []), body


@pytest.mark.parametrize("number", [MAX_PROBLEMS_PER_LINE, MAX_PROBLEMS_PER_LINE + 1])
def test_problems_of_one_parameter_are_limited(number: int) -> None:
    one = Explainer({"properties": {"a": {"items": {"type": "string"}}}}, prefix=("body",))
    problems = one.explain({"a": [1] * number})

    assert len(problems) == number
    assert problems[MAX_PROBLEMS_PER_LINE - 1].param == f"body.a[{MAX_PROBLEMS_PER_LINE - 1}]"
    last = problems[-1]
    assert (last.rule == "too_many_problems") is (number > MAX_PROBLEMS_PER_LINE)
    if number > MAX_PROBLEMS_PER_LINE:
        assert (last.param, last.path) == ("body.a", ("body", "a"))
        assert last.message == ("There are more than 1,000 problems. The rest are not listed.")


def test_unknown_parameters_and_their_suggestions_are_limited() -> None:
    one = Explainer({"properties": {"temperature": {}}, "additionalProperties": False})
    names = [f"temperatur{chr(0x4E00 + number)}" for number in range(MAX_PROBLEMS_PER_LINE + 1)]
    problems = one.explain(dict.fromkeys(names, 1))

    assert sum("Did you mean" in problem.message for problem in problems) == 100
    assert len(problems) == MAX_PROBLEMS_PER_LINE + 1
    assert (problems[-1].rule, problems[-1].param) == ("too_many_problems", None)
    assert problems[-1].path == ()


@pytest.mark.parametrize("levels", [MAX_EXPLAINED_LEVELS - 1, MAX_EXPLAINED_LEVELS])
def test_problems_are_explained_only_down_to_the_maximum_level(levels: int) -> None:
    value: Any = 1
    for _ in range(levels):
        value = {"a": value}

    assert len(explainer().explain({**GOOD, "deep": value})) == (levels < MAX_EXPLAINED_LEVELS - 1)


def test_levels_of_a_recursive_union_are_not_all_validated(monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise, the time would be quadratic."""
    compound = {
        "properties": {
            "type": {"enum": ["and"]},
            "filters": {"type": "array", "items": {"$ref": "#/$defs/filter"}},
        }
    }
    single = {"properties": {"type": {"enum": ["eq"]}, "value": {"type": "string"}}}
    union = {"anyOf": [compound, single], "x-batchlint": {"tag": "type"}}
    one = Explainer({"properties": {"f": union}, "$defs": {"filter": union}})
    value: Any = {"type": "eq", "value": 1}
    for _ in range(30):
        value = {"type": "and", "filters": [value]}
    sizes = []
    is_valid = one.is_valid

    def recording(node: Schema, item: Any) -> bool:
        sizes.append(len(repr(item)))
        return is_valid(node, item)

    monkeypatch.setattr(one, "is_valid", recording)
    problems = one.explain({"f": value})

    assert [problem.rule for problem in problems] == ["invalid_type"]
    assert sum(sizes) < 8 * len(repr(value))
