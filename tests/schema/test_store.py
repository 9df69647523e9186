"""The schemas in the package are valid and complete, and the explainer knows their keywords."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from openai.types import Batch
from pydantic import ValidationError

from batchlint import check, check_create, check_request, data
from batchlint.providers import CHAT, EMBEDDINGS, provider, schema_date, schema_variants
from batchlint.rules import RULES
from batchlint.schema.store import body_schema, deprecated_parameters, line_schema, merge_patch
from support import BODIES, FIXTURES, ROOT, URLS, request

NAMES = (
    *(url.lstrip("/") for url in URLS),
    "batch-request",
    "batch-create",
    "batch",
    "report",
    "manifest",
)
SCHEMAS = {name: data.read(name) for name in NAMES}

#: The keywords that `explain.py` knows. It can't explain problems with other keywords.
VOCABULARY = {
    "$defs",
    "$ref",
    "type",
    "enum",
    "anyOf",
    "allOf",
    "not",
    "properties",
    "required",
    "additionalProperties",
    "propertyNames",
    "minProperties",
    "maxProperties",
    "items",
    "minItems",
    "maxItems",
    "contains",
    "minContains",
    "maxContains",
    "minLength",
    "maxLength",
    "pattern",
    "minimum",
    "maximum",
    "deprecated",
    "x-batchlint",
}
#: Keywords that apply to a whole schema.
ABOUT = {"$schema", "$id", "$comment", "title"}


def nodes(schema: Any) -> Iterator[dict[str, Any]]:
    """Yield a schema and every schema inside it."""
    if not isinstance(schema, dict):
        return
    yield schema
    for keyword in ("properties", "$defs"):
        for child in schema.get(keyword, {}).values():
            yield from nodes(child)
    for keyword in ("anyOf", "allOf"):
        for child in schema.get(keyword, ()):
            yield from nodes(child)
    for keyword in ("items", "additionalProperties", "contains", "propertyNames", "not"):
        yield from nodes(schema.get(keyword))


# -- every schema ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_schema_passes_the_metaschema(name: str) -> None:
    schema = SCHEMAS[name]

    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    Draft202012Validator.check_schema(schema)
    assert jsonschema_rs.meta.is_valid(schema)


@pytest.mark.parametrize("name", NAMES)
def test_references_match_their_definitions(name: str) -> None:
    used = {node["$ref"] for node in nodes(SCHEMAS[name]) if "$ref" in node}

    assert used == {f"#/$defs/{key}" for key in SCHEMAS[name].get("$defs", {})}


@pytest.mark.parametrize(
    "name", [name for name in NAMES if name not in ("batch", "report", "manifest")]
)
def test_schema_uses_only_keywords_that_the_explainer_knows(name: str) -> None:
    found = list(nodes(SCHEMAS[name]))

    assert set(found[0]) <= VOCABULARY | ABOUT
    for node in found[1:]:
        assert set(node) <= VOCABULARY, node
        assert set(node.get("propertyNames", {})) <= {"maxLength"}, node
        if "contains" in node:
            assert node["minContains"] == 0, node
            assert "maxContains" in node, node
        assert "anyOf" not in node or "properties" not in node, node


@pytest.mark.parametrize("name", NAMES)
def test_notes_name_rules_that_exist(name: str) -> None:
    for node in nodes(SCHEMAS[name]):
        for keyword, note in node.get("x-batchlint", {}).get("errors", {}).items():
            assert note.get("rule", "invalid_type") in RULES, (keyword, note)


def test_some_notes_name_a_rule() -> None:
    named = {
        note["rule"]
        for schema in SCHEMAS.values()
        for node in nodes(schema)
        for note in node.get("x-batchlint", {}).get("errors", {}).values()
        if "rule" in note
    }

    expected = {"missing_model", "missing_messages", "streaming_unsupported", "invalid_custom_id"}
    assert expected <= named


# -- the files ------------------------------------------------------------------------------------

TREE = sorted((ROOT / "schemas").rglob("*.json"))


def test_every_endpoint_has_a_schema_at_its_path() -> None:
    directory = ROOT / "schemas"
    files = {
        f"/{path.relative_to(directory).with_suffix('')}"
        for path in (directory / "v1").rglob("*.json")
    }

    assert files == set(URLS)
    assert set(data.read("batch-request")["properties"]["url"]["enum"]) == files
    assert set(data.read("batch-create")["properties"]["endpoint"]["enum"]) == files


def test_source_tree_is_not_empty() -> None:
    assert len(TREE) >= len(NAMES)


@pytest.mark.parametrize("path", TREE, ids=lambda path: path.name)
def test_installed_files_match_the_source_tree(path: Path) -> None:
    """CI runs this with the wheel."""
    name = path.relative_to(ROOT / "schemas").with_suffix("").as_posix()

    assert data.read(name) == json.loads(path.read_text("utf-8"))


def test_missing_file_is_reported_as_an_incomplete_installation() -> None:
    with pytest.raises(RuntimeError, match=r"v1/audio/speech\.json is missing"):
        data.read("v1/audio/speech")


def test_only_the_overlay_has_the_date_of_the_schemas() -> None:
    overlay = (ROOT / "schemas" / "overlay.yaml").read_text("utf-8")
    dates = re.findall(r"^date: (\d{4}-\d\d-\d\d)$", overlay, re.MULTILINE)
    date = schema_date()

    assert dates == [date]
    for url in URLS:
        assert f"({date})" in SCHEMAS[url.lstrip("/")]["$comment"]
    assert date in (check_request(request(bogus=1))[0].hint or "")
    sources = (ROOT / "src").rglob("*.py")
    assert [path for path in sources if date in path.read_text("utf-8")] == []


def test_schemas_readme_states_the_schema_date() -> None:
    assert f"({schema_date()})" in (ROOT / "schemas" / "README.md").read_text("utf-8")


# -- bodies ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("url", URLS)
def test_minimal_body_is_valid_and_an_empty_one_is_not(url: str) -> None:
    validator = Draft202012Validator(body_schema(provider().endpoints[url]))

    assert validator.is_valid(BODIES[url])
    assert not validator.is_valid({})
    assert not validator.is_valid(BODIES[url] | {"bogus": 1})
    assert not validator.is_valid(BODIES[url] | {"stream": True})


VARIANTS = [
    (url, variant)
    for url, endpoint in provider().endpoints.items()
    for variant in schema_variants(endpoint)
]


@pytest.mark.parametrize(("url", "variant"), VARIANTS)
def test_variant_is_valid_and_keeps_the_constraints_of_the_plain_schema(
    url: str, variant: str
) -> None:
    endpoint = provider().endpoints[url]
    plain = body_schema(endpoint)
    patched = body_schema(endpoint, variant)

    jsonschema_rs.meta.validate(patched)  # `jsonschema` agrees, but takes 20 times as long.
    assert patched != plain
    constraints = plain.get("allOf", [])
    assert patched.get("allOf", [])[: len(constraints)] == constraints


@pytest.mark.parametrize(("url", "variant"), VARIANTS)
def test_notes_of_a_variant_name_rules_that_exist(url: str, variant: str) -> None:
    for node in nodes(body_schema(provider().endpoints[url], variant)):
        for keyword, note in node.get("x-batchlint", {}).get("errors", {}).items():
            assert note.get("rule", "invalid_type") in RULES, (keyword, note)


def test_parameters_that_a_family_rejects_are_not_listed_as_deprecated() -> None:
    plain = deprecated_parameters(CHAT)

    assert "max_tokens" in plain
    assert deprecated_parameters(EMBEDDINGS) == frozenset()
    variants = schema_variants(CHAT)
    assert any("max_tokens" not in deprecated_parameters(CHAT, name) for name in variants)


def test_line_schema_accepts_only_lines_without_findings() -> None:
    validator = Draft202012Validator(line_schema(EMBEDDINGS, "", "/v1/embeddings", provider()))
    good = request()

    assert validator.is_valid(good)
    assert not validator.is_valid(good | {"custom_id": ""})
    assert not validator.is_valid(good | {"url": "/v1/responses"})
    assert not validator.is_valid(good | {"more": 1})
    assert not validator.is_valid(good | {"body": {"model": "m"}})


JSON = st.recursive(
    st.none() | st.integers() | st.text(max_size=2),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from(["a", "b", "c"]), inner, max_size=3)
    ),
    max_leaves=8,
)


@pytest.mark.parametrize(
    ("target", "patch", "merged"),
    [
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b"}, {"a": None}, {}),
        ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        (["a", "b"], ["c", "d"], ["c", "d"]),
        ({"a": "b"}, ["c"], ["c"]),
        ({"a": "foo"}, None, None),
        ({"a": "foo"}, "bar", "bar"),
        ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
        ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
    ],
)
def test_merge_patch_follows_the_examples_of_rfc_7396(target: Any, patch: Any, merged: Any) -> None:
    assert merge_patch(target, patch) == merged


@given(JSON, JSON)
def test_merge_patch_changes_neither_argument_and_can_be_repeated(target: Any, patch: Any) -> None:
    before = json.dumps([target, patch])
    merged = merge_patch(target, patch)

    assert json.dumps([target, patch]) == before
    assert merge_patch(merged, patch) == merged


# -- lines, the create call and reports -----------------------------------------------------------


def test_line_schema_accepts_a_request_and_rejects_other_lines() -> None:
    validator = Draft202012Validator(SCHEMAS["batch-request"])
    good = request()

    assert validator.is_valid(good)
    for key in good:
        rest = {name: value for name, value in good.items() if name != key}
        assert not validator.is_valid(rest)
        assert not validator.is_valid(good | {key: 7})
    assert not validator.is_valid(good | {"method": "GET"})
    assert not validator.is_valid(good | {"url": "/v1/audio/speech"})


@pytest.mark.parametrize(
    ("params", "valid"),
    [
        ({}, True),
        ({"metadata": {"k": "v"}}, True),
        ({"metadata": {"k": 1}}, False),
        pytest.param({"metadata": {"k": "v" * 513}}, False, id="long metadata"),
        ({"bogus": 1}, False),
        ({"endpoint": "x"}, False),
        ({"output_expires_after": {"anchor": "created_at", "seconds": 1}}, False),
        ({"completion_window": "1h"}, False),
    ],
    ids=str,
)
def test_create_call_schema_and_check_create_agree(params: dict[str, Any], valid: bool) -> None:
    validator = Draft202012Validator(SCHEMAS["batch-create"])
    good = {
        "input_file_id": "file-1",
        "endpoint": "/v1/responses",
        "completion_window": "24h",
    }

    assert validator.is_valid(good | params) is valid
    assert (not check_create(good | params)) is valid


@pytest.mark.parametrize(
    "change",
    [
        {"line": 0},
        {"code": None},
        {"severity": "note"},
        {"fails": "x"},
        {"rule": "Not snake"},
        {"more": 1},
    ],
    ids=str,
)
def test_report_schema_rejects_malformed_findings(change: dict[str, Any]) -> None:
    validator = Draft202012Validator(SCHEMAS["report"])
    file: dict[str, Any] = check(FIXTURES / "invalid" / "invalid_type.jsonl").to_dict()
    document = {"version": "1", "ok": True, "files": [file]}

    assert validator.is_valid(document)
    file["errors"]["data"][0].update(change)
    assert not validator.is_valid(document)


USAGE: dict[str, Any] = {
    "input_tokens": 10,
    "input_tokens_details": {"cached_tokens": 0},
    "output_tokens": 5,
    "output_tokens_details": {"reasoning_tokens": 0},
    "total_tokens": 15,
}


@pytest.mark.parametrize(
    ("fields", "valid"),
    [
        ({"usage": None}, True),
        pytest.param({"usage": USAGE}, True, id="usage"),
        ({"usage": {}}, False),
        pytest.param({"usage": USAGE | {"total_tokens": "15"}}, False, id="usage with a string"),
        pytest.param(
            {"usage": {key: USAGE[key] for key in USAGE if key != "input_tokens_details"}},
            False,
            id="usage without details",
        ),
        pytest.param(
            {"usage": USAGE | {"input_tokens_details": {}}}, False, id="usage with empty details"
        ),
        ({"errors": None}, True),
        ({"errors": {}}, True),
        ({"errors": {"object": "list"}}, True),
        ({"errors": {"data": []}}, True),
        ({"errors": {"data": None, "object": None}}, True),
        ({"errors": {"data": [{}]}}, True),
        pytest.param(
            {"errors": {"data": [{"code": None, "line": None, "message": None, "param": None}]}},
            True,
            id="error of nulls",
        ),
        ({"errors": {"data": [{"line": 0, "message": "m"}]}}, True),
        ({"errors": {"data": [{"line": "1"}]}}, False),
        ({"errors": {"data": [7]}}, False),
        ({"errors": []}, False),
    ],
    ids=str,
)
def test_batch_object_schema_agrees_with_the_official_client(
    fields: dict[str, Any], valid: bool
) -> None:
    batch = check([request()]).to_batch() | fields

    assert Draft202012Validator(SCHEMAS["batch"]).is_valid(batch) is valid
    if valid:
        Batch.model_validate(batch, strict=True)
    else:
        with pytest.raises(ValidationError):
            Batch.model_validate(batch, strict=True)


@pytest.mark.parametrize("name", ["CodeInterpreter", "ImageGeneration", "Mcp"])
def test_tools_in_search_results_have_the_limits_of_other_tools(name: str) -> None:
    definitions = SCHEMAS["v1/responses"]["$defs"]

    for parameter, schema in definitions[name]["properties"].items():
        limits = {key: schema[key] for key in schema.keys() & {"minimum", "maximum", "minItems"}}
        assert limits.items() <= definitions[f"Tool{name}"]["properties"][parameter].items()
