"""The laws about chunks, arbitrary bytes and both engines hold for every provider."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from typing import Any, Final

import jsonschema_rs
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from batchlint import check, check_create
from batchlint.engine.checker import checker_for
from batchlint.engine.chunk import Plan, check_chunk
from batchlint.findings import Part
from batchlint.providers import OTHER, Endpoint, Provider, provider, provider_names
from batchlint.rules import select_rules
from batchlint.schema.explain import Explainer
from batchlint.schema.store import (
    body_schema,
    create_schema,
    line_fields_schema,
    line_schema,
    narrow_line_schema,
)
from batchlint.schema.validate import anchor_patterns
from batchlint.summary import CustomIds, merge
from strategies import FIXTURE_BODIES, LINES, REPLACEMENTS, mutated_bodies
from support import FIXTURES, NOW, URLS

NAMES: Final = [name for name in provider_names() if name != "openai"]
FILES: Final = sorted((FIXTURES / "providers").glob("*/*.jsonl"))
PROVIDER_LINES: Final = sorted({text for path in FILES for text in path.read_bytes().split(b"\n")})

#: Lines from the providers' fixtures and from OpenAI's.
ANY_LINES: Final = st.lists(
    st.one_of(
        st.sampled_from(PROVIDER_LINES), st.sampled_from(PROVIDER_LINES), st.sampled_from(LINES)
    ),
    max_size=5,
)

#: OpenAI's endpoints by URL. The fixtures use these URLs.
ENDPOINTS: Final = {url: provider().endpoints[url] for url in URLS}


def joined(lines: list[bytes]) -> bytes:
    return b"".join(text + b"\n" for text in lines)


# -- chunks ---------------------------------------------------------------------------------------


@given(st.sampled_from(NAMES), ANY_LINES, ANY_LINES, st.booleans())
def test_division_into_chunks_does_not_change_the_summary(
    name: str, first: list[bytes], second: list[bytes], has_endpoint: bool
) -> None:
    one = provider(name)
    endpoint = next(iter(one.endpoints)) if has_endpoint and not one.needs_url else None
    plan = Plan(select_rules(provider=one), 3, NOW, None, name, endpoint)
    a, b = joined(first), joined(second)
    parts = merge([check_chunk(a, plan, first=True), check_chunk(b, plan, first=not a)], plan.keep)
    whole = check_chunk(a + b, plan, first=True)

    def in_one_block(summary: Any) -> Any:
        return replace(summary, custom_ids=CustomIds.pack(summary.custom_ids.unpack()))

    assert in_one_block(parts) == in_one_block(whole)


# -- any bytes ------------------------------------------------------------------------------------


@given(st.sampled_from(NAMES), st.one_of(st.binary(max_size=100), ANY_LINES.map(joined)))
def test_check_accepts_any_file(name: str, data: bytes) -> None:
    report = check(data, provider=name, keep=5)

    assert json.loads(orjson.dumps(report.to_dict()))["ok"] is report.ok
    assert orjson.dumps(report.to_batch())


@given(
    st.sampled_from(NAMES),
    st.dictionaries(
        st.sampled_from(["custom_id", "method", "url", "body", "model"]),
        st.sampled_from([*REPLACEMENTS, *URLS, {"model": 1, "messages": None}]),
    ),
)
def test_check_never_raises_for_any_line(name: str, row: dict[str, Any]) -> None:
    check([row], provider=name)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("parameter", ["endpoint", "completion_window", "metadata"])
def test_check_create_accepts_any_value(name: str, parameter: str) -> None:
    for value in REPLACEMENTS:
        check_create({"input_file_id": "file-a", parameter: value}, provider=name)


# -- engines --------------------------------------------------------------------------------------


@cache
def engines(name: str, endpoint: Endpoint) -> tuple[Any, Any, Explainer]:
    """Compile an endpoint's body schema with both engines, and create its explainer."""
    schema = body_schema(endpoint, "", provider(name).schema_provider)
    return (
        jsonschema_rs.validator_for(orjson.dumps(schema).decode()).is_valid,
        Draft202012Validator(anchor_patterns(schema)).is_valid,
        Explainer(schema, part=Part.BODY, prefix=("body",)),
    )


def assert_agreement(name: str, endpoint: Endpoint, body: dict[str, Any]) -> None:
    fast, slow, explainer = engines(name, endpoint)
    problems = explainer.explain(body)

    assert fast(body) == slow(body) == (not problems), (name, endpoint.name, body, problems)
    assert not problems or not explainer.accepts(body)


@given(st.sampled_from(NAMES), mutated_bodies())
def test_engines_agree_on_mutated_bodies(name: str, case: tuple[str, dict[str, Any]]) -> None:
    url, body = case
    assert_agreement(name, ENDPOINTS[url], body)


@pytest.mark.parametrize("name", NAMES)
def test_engines_agree_on_fixture_bodies(name: str) -> None:
    one = provider(name)
    for path in FILES:
        if path.parent.name != name:
            continue
        for text in filter(None, path.read_bytes().split(b"\n")):
            row = orjson.loads(text)
            endpoint = one.endpoint(row.get("url") or one.url_of_body(row["body"]))
            assert_agreement(name, endpoint or OTHER, row["body"])


@pytest.mark.parametrize("name", NAMES)
def test_engines_agree_on_lines(name: str) -> None:
    """The schemas describe the fields of a line, or whole lines."""
    one = provider(name)
    schemas = [line_fields_schema(one), narrow_line_schema(line_fields_schema(one))]
    schemas += [line_schema(known, "", url, one) for url, known in one.endpoints.items()]
    rows = [orjson.loads(text) for text in PROVIDER_LINES if text]
    for schema in schemas:
        fast = jsonschema_rs.validator_for(orjson.dumps(schema).decode()).is_valid
        slow = Draft202012Validator(anchor_patterns(schema)).is_valid
        assert [fast(row) for row in rows] == [slow(row) for row in rows]


@pytest.mark.parametrize("name", NAMES)
def test_engines_give_the_same_report(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    files = [path for path in FILES if path.parent.name in (name, "compatible")]
    reports = []
    for engine in ("jsonschema-rs", "jsonschema"):
        monkeypatch.setenv("BATCHLINT_ENGINE", engine)
        checker_for.cache_clear()
        reports.append([check(path, provider=name).to_dict() for path in files])
    checker_for.cache_clear()

    assert reports[0] == reports[1]


@pytest.mark.parametrize("name", NAMES)
def test_both_engines_compile_the_create_call_schema(name: str) -> None:
    schema = create_schema(provider(name))
    Draft202012Validator.check_schema(schema)

    assert not jsonschema_rs.validator_for(orjson.dumps(schema).decode()).is_valid([])


# -- valid bodies ---------------------------------------------------------------------------------


def accepts(one: Provider, url: str, body: dict[str, Any]) -> bool:
    row = {"custom_id": "request-1", "method": "POST", "url": url, "body": body}
    return check([row], provider=one.name).ok


def test_bodies_valid_for_openai_are_valid_for_compatible_providers() -> None:
    openai, compatible = provider(), provider("compatible")
    accepted = [case for case in FIXTURE_BODIES[::3] if accepts(openai, *case)]

    assert len(accepted) > 40
    assert [case for case in accepted if not accepts(compatible, *case)] == []
