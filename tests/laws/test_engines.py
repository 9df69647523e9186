"""Both schema engines and the explainer agree about every body."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import jsonschema_rs
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from batchlint import check
from batchlint.engine.checker import checker_for
from batchlint.findings import Part
from batchlint.providers import provider, schema_variant, schema_variants
from batchlint.rules import select_rules
from batchlint.schema.explain import Explainer
from batchlint.schema.store import body_schema, line_schema
from batchlint.schema.validate import Validator, anchor_patterns, compile_schema
from strategies import FIXTURE_BODIES, REPLACEMENTS, mutated_bodies
from support import BODIES, FIXTURES, URLS, fixture_files, run_command

FILES = [
    *fixture_files("valid", "invalid", "foreign", "wild", "cases/valid"),
    FIXTURES / "cases" / "mutants.jsonl",
]

#: The model-specific variants of the schemas, as (URL, variant name).
VARIANTS = [
    (url, variant)
    for url, endpoint in provider().endpoints.items()
    for variant in schema_variants(endpoint)
]


class Verdicts(NamedTuple):
    """Both engines and the explainer. Each decides whether a body is valid."""

    jsonschema_rs: Validator
    jsonschema: Validator
    line: Validator
    explainer: Explainer


@cache
def verdicts(url: str, variant: str = "") -> Verdicts:
    """Compile a variant of an endpoint's body schema."""
    endpoint = provider().endpoints[url]
    schema = body_schema(endpoint, variant)
    return Verdicts(
        jsonschema_rs.validator_for(orjson.dumps(schema).decode()).is_valid,
        Draft202012Validator(anchor_patterns(schema)).is_valid,
        compile_schema(line_schema(endpoint, variant, url, provider())),
        Explainer(schema, part=Part.BODY, prefix=("body",)),
    )


def assert_agreement(url: str, body: Any, variant: str = "") -> None:
    """Verify that the engines and the explainer agree."""
    checks = verdicts(url, variant)
    problems = checks.explainer.explain(body)
    found = {
        "jsonschema-rs": checks.jsonschema_rs(body),
        "jsonschema": checks.jsonschema(body),
        "line": checks.line({"custom_id": "a", "method": "POST", "url": url, "body": body}),
        "explainer": not problems,
    }

    assert len(set(found.values())) == 1, (found, problems, body)
    assert not problems or not checks.explainer.accepts(body)


# -- whole files ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def reports() -> dict[str, list[dict[str, Any]]]:
    """Check all fixtures with each engine, and return the reports by engine."""
    by_engine = {}
    for engine in ("jsonschema-rs", "jsonschema"):
        result = run_command(
            "check", "--format=json", *map(str, FILES), env={"BATCHLINT_ENGINE": engine}
        )
        by_engine[engine] = json.loads(result.out)["files"]
    return by_engine


def _file_id(path: Path) -> str:
    return f"{path.parent.name}/{path.name}"


def test_enough_files_are_compared() -> None:
    assert len(FILES) > 80


@pytest.mark.parametrize("number", range(len(FILES)), ids=map(_file_id, FILES))
def test_engines_give_the_same_report(
    number: int, reports: dict[str, list[dict[str, Any]]]
) -> None:
    report = reports["jsonschema"][number]

    assert report["path"] == str(FILES[number])
    assert "errors" in report
    assert report == reports["jsonschema-rs"][number]


# -- bodies ---------------------------------------------------------------------------------------


def test_engines_agree_on_fixture_bodies() -> None:
    for url, body in FIXTURE_BODIES:
        assert_agreement(url, body)


@pytest.mark.parametrize(("url", "variant"), VARIANTS)
def test_engines_agree_on_fixture_bodies_for_every_variant(url: str, variant: str) -> None:
    # The pure-Python engine is slow, so each variant is tested with every tenth body. The offsets
    # differ, so all bodies are used.
    bodies = [body for other, body in FIXTURE_BODIES if other == url]
    for body in bodies[VARIANTS.index((url, variant)) % 10 :: 10]:
        assert_agreement(url, body, variant)


@given(mutated_bodies(), st.data())
def test_engines_agree_on_mutated_bodies_for_any_variant(
    case: tuple[str, dict[str, Any]], data: st.DataObject
) -> None:
    url, body = case
    variants = schema_variants(provider().endpoints[url])
    assert_agreement(url, body, data.draw(st.sampled_from(["", *variants])))


@settings(max_examples=500)
@given(mutated_bodies())
def test_engines_agree_on_mutated_bodies(case: tuple[str, dict[str, Any]]) -> None:
    assert_agreement(*case)


@pytest.mark.parametrize("url", URLS)
@pytest.mark.parametrize("value", REPLACEMENTS, ids=repr)
def test_engines_agree_on_any_value_of_a_parameter(url: str, value: Any) -> None:
    for name in body_schema(provider().endpoints[url])["properties"]:
        assert_agreement(url, orjson.loads(json.dumps(BODIES[url] | {name: value})))


BOUNDS = (
    "minimum",
    "maximum",
    "minLength",
    "maxLength",
    "minItems",
    "maxItems",
    "minProperties",
    "maxProperties",
)


def bounds_in(schema: Any) -> set[int]:
    """Return the numbers that limit a value, or the values inside it."""
    found: set[int] = set()
    inner: list[Any] = []
    if isinstance(schema, dict):
        inner = list(schema.values())
        limits = [schema.get(keyword) for keyword in BOUNDS]
        found = {int(limit) for limit in limits if isinstance(limit, int | float)}
    elif isinstance(schema, list):
        inner = schema
    return {number for number in found if abs(number) <= 5000}.union(*map(bounds_in, inner))


def values_of_size(size: int) -> list[Any]:
    """Return numbers, strings, arrays and objects of this size."""
    length = max(size, 0)
    return [
        size,
        size + 0.5,
        "x" * length,
        ["x"] * length,
        [1] * length,
        [[1]] * length,
        [{}] * length,
        {str(number): "v" for number in range(length)},
        {"k" * length: "v"},
        {"k": "v" * length},
    ]


@pytest.mark.parametrize("url", URLS)
def test_engines_agree_on_both_sides_of_every_bound(url: str) -> None:
    for name, schema in body_schema(provider().endpoints[url])["properties"].items():
        for size in {bound + step for bound in bounds_in(schema) for step in (-1, 0, 1)}:
            for value in values_of_size(size):
                assert_agreement(url, BODIES[url] | {name: value})


def _function(name: str) -> dict[str, Any]:
    return {"tools": [{"type": "function", "function": {"name": name}}]}


#: Values that schema engines often treat differently. None means that either result is correct if
#: the engines agree.
DISPUTED_VALUES = [
    pytest.param(_function("f\n"), False, id="a pattern's $ before a final newline"),
    pytest.param(_function("\u0663"), False, id="digits that are not ASCII"),
    pytest.param(_function("\u00e9"), False, id="letters that are not ASCII"),
    pytest.param({"n": 2.0}, True, id="a whole float as an integer"),
    pytest.param({"n": True}, False, id="true as an integer"),
    pytest.param({"seed": 2**70}, None, id="an integer beyond 64 bits"),
    pytest.param({"seed": 2**63 - 1}, None, id="an integer of 64 bits"),
    pytest.param({"temperature": 2}, True, id="a value equal to its bound"),
    pytest.param({"temperature": 2.0000000000000004}, False, id="a value just above its bound"),
    pytest.param({"temperature": -0.0}, True, id="minus zero at a bound"),
    pytest.param({"metadata": {"k": "\U0001f600" * 512}}, True, id="characters beyond the BMP"),
    pytest.param({"metadata": {"k": "\U0001f600" * 513}}, False, id="one character too many"),
]


@pytest.mark.parametrize(("parameters", "expected"), DISPUTED_VALUES)
def test_engines_agree_on_disputed_values(
    parameters: dict[str, Any], expected: bool | None
) -> None:
    url = "/v1/chat/completions"
    body = orjson.loads(json.dumps(BODIES[url] | parameters))
    assert_agreement(url, body)

    assert expected is None or verdicts(url).jsonschema_rs(body) is expected


# -- lines ----------------------------------------------------------------------------------------


@given(mutated_bodies())
def test_line_fails_if_and_only_if_it_has_an_error(case: tuple[str, dict[str, Any]]) -> None:
    url, body = case
    row = {"custom_id": "a", "method": "POST", "url": url, "body": body}
    report = check([row])

    assert report.failed == (not report.ok)


@given(mutated_bodies())
def test_explainer_finds_nothing_in_valid_lines(case: tuple[str, dict[str, Any]]) -> None:
    """The fast path accepts a valid line without looking for problems."""
    url, body = case
    row = {"custom_id": "a", "method": "POST", "url": url, "body": body}
    checker = checker_for("openai", select_rules()).endpoint_checker(url, body.get("model"))
    assert checker is not None

    if checker.is_valid(row):
        variant = schema_variant(provider().endpoints[url], body.get("model"))
        assert verdicts(url, variant).explainer.explain(body) == []
