"""The schemas that ship: well-formed, of the vocabulary that the explainer knows, and what they are said to be."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import jsonschema_rs
import pytest
from jsonschema import Draft202012Validator
from openai.types import Batch
from pydantic import BaseModel, ValidationError
from support import BODIES, FIXTURES, ROOT, Ran, inputs, request

from batchlint import check, check_create, check_request, schemas
from batchlint.rules import RULES

OTHERS = ("batch-request", "batch-create", "batch", "report")
NAMES = (*(url.lstrip("/") for url in schemas.ENDPOINTS), *OTHERS)
SCHEMAS = {name: schemas.load(name) for name in NAMES}

#: What `explain.py` understands of JSON Schema; a keyword that it does not know would be a rule that no one explains.
VOCABULARY = {
    "$defs", "$ref", "type", "enum", "anyOf", "allOf", "not", "properties", "required", "additionalProperties", "propertyNames",
    "minProperties", "maxProperties", "items", "minItems", "maxItems", "contains", "minContains", "maxContains", "minLength",
    "maxLength", "pattern", "minimum", "maximum", "deprecated", "x-batchlint"}
ABOUT = {"$schema", "$id", "$comment", "title"}  # of the whole


def nodes(schema: Any) -> Iterator[dict[str, Any]]:
    """Every schema inside a schema, itself first; members of objects that happen to be called like keywords are none."""
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


@pytest.mark.parametrize("name", NAMES)
def test_the_schema_passes_the_metaschema(name: str) -> None:
    schema = SCHEMAS[name]

    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    Draft202012Validator.check_schema(schema)
    assert jsonschema_rs.meta.is_valid(schema)


@pytest.mark.parametrize("name", NAMES)
def test_every_reference_leads_to_a_definition_and_every_definition_is_referred_to(name: str) -> None:
    used = {node["$ref"] for node in nodes(SCHEMAS[name]) if "$ref" in node}

    assert used == {f"#/$defs/{key}" for key in SCHEMAS[name].get("$defs", {})}


@pytest.mark.parametrize("name", [name for name in NAMES if name not in ("batch", "report")])
def test_the_schema_uses_only_what_the_explainer_knows(name: str) -> None:
    found = list(nodes(SCHEMAS[name]))

    assert set(found[0]) <= VOCABULARY | ABOUT
    for node in found[1:]:
        assert set(node) <= VOCABULARY, node
        assert set(node.get("propertyNames", {})) <= {"maxLength"}, node
        assert "contains" not in node or (node["minContains"] == 0 and "maxContains" in node), node
        assert "anyOf" not in node or "properties" not in node, node


@pytest.mark.parametrize("name", NAMES)
def test_the_notes_of_a_schema_name_rules_that_exist(name: str) -> None:
    for node in nodes(SCHEMAS[name]):
        for keyword, own in node.get("x-batchlint", {}).get("errors", {}).items():
            assert own.get("rule", "invalid_type") in RULES, (keyword, own)


def test_some_schema_notes_name_a_rule() -> None:
    named = {own["rule"] for schema in SCHEMAS.values() for node in nodes(schema)
             for own in node.get("x-batchlint", {}).get("errors", {}).values() if "rule" in own}

    assert {"missing_model", "missing_messages", "streaming_unsupported", "invalid_custom_id"} <= named


def test_every_endpoint_has_a_schema_at_its_path_and_every_file_is_listed() -> None:
    files = {f"/{path.relative_to(ROOT / 'schemas').with_suffix('')}" for path in (ROOT / "schemas/v1").rglob("*.json")}

    assert files == set(schemas.ENDPOINTS)
    assert set(schemas.load("batch-request")["properties"]["url"]["enum"]) == files
    assert set(schemas.load("batch-create")["properties"]["endpoint"]["enum"]) == files


TREE = sorted((ROOT / "schemas").rglob("*.json"))


def test_there_are_schemas_in_the_tree() -> None:
    assert len(TREE) >= len(NAMES)


@pytest.mark.parametrize("path", TREE, ids=lambda path: path.name)
def test_what_is_installed_is_what_is_in_the_tree(path: Path) -> None:
    """A wheel has all of them too, which is why the tests are run against one."""
    name = path.relative_to(ROOT / "schemas").with_suffix("").as_posix()

    assert schemas.load(name) == json.loads(path.read_text("utf-8"))


@pytest.mark.parametrize("url", schemas.ENDPOINTS)
def test_the_least_body_of_an_endpoint_is_valid_and_an_empty_one_is_not(url: str) -> None:
    validator = Draft202012Validator(schemas.body(url))

    assert validator.is_valid(BODIES[url])
    assert not validator.is_valid({})
    assert not validator.is_valid(BODIES[url] | {"bogus": 1})
    assert not validator.is_valid(BODIES[url] | {"stream": True})


def test_a_schema_that_does_not_exist_is_not_found() -> None:
    with pytest.raises(RuntimeError):
        schemas.load("v1/audio/speech")


def test_the_schemas_are_what_refresh_makes() -> None:
    """`schemas/v1` is generated from the pinned client and the overlay, and nothing in it is written by hand."""
    pinned = "3.54.0"
    if (installed := importlib.metadata.version("openai")) != pinned:
        pytest.skip(f"needs openai {pinned}; {installed} is installed")
    made = subprocess.run([sys.executable, "schemas/refresh.py", "--check"], cwd=ROOT, capture_output=True, text=True,
                          check=False)

    assert (made.returncode, made.stdout, made.stderr) == (0, "", "")


def test_the_date_of_the_schemas_stands_in_the_overlay_alone() -> None:
    date = re.findall(r"^date: (\d{4}-\d\d-\d\d)$", (ROOT / "schemas" / "overlay.yaml").read_text("utf-8"), re.MULTILINE)

    assert [schemas.date()] == date
    assert all(f"({schemas.date()})" in SCHEMAS[url.lstrip("/")]["$comment"] for url in schemas.ENDPOINTS)
    assert schemas.date() in (check_request(request(bogus=1))[0].hint or "")
    assert not [path for path in (ROOT / "src").rglob("*.py") if schemas.date() in path.read_text("utf-8")]


def test_the_readme_of_the_schemas_has_their_date() -> None:
    assert f"({schemas.date()})" in (ROOT / "schemas" / "README.md").read_text("utf-8")


@pytest.fixture
def refresh() -> ModuleType:
    """`schemas/refresh.py`, which is not part of the package."""
    pytest.importorskip("yaml")
    spec = importlib.util.spec_from_file_location("refresh", ROOT / "schemas" / "refresh.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(("patch", "adds", "complaint"), [
    ({"properties": {"dimesions": {"minimum": 1}}}, [], "not listed: ['dimesions']"),
    ({"properties": {"inner": {"properties": {"nmae": {}}}}}, [], "not listed: ['nmae']"),
    ({"properties": {"list": {"items": {"properties": {"nmae": {}}}}}}, [], "not listed: ['nmae']"),
    ({"properties": {"dimensions": {"minimum": 1}}}, ["dimensions"], "not added: ['dimensions']"),
    ({"properties": {"new": {"properties": {"inside": {}}}}}, ["new"], None),
    ({"properties": {"dimensions": {"minimum": 1}, "inner": {"properties": {"name": {"minLength": 1}}}}}, [], None)])
def test_a_fact_that_adds_a_property_says_so(refresh: ModuleType, patch: dict[str, Any], adds: list[str], complaint: str | None) -> None:
    inner = {"type": "object", "properties": {"name": {}}}
    made = {"/v1/x": {"properties": {"dimensions": {}, "inner": inner, "list": {"items": inner}}, "$defs": {}}}
    facts = [{"source": "a test", "adds": adds, "patch": {"/v1/x": patch}}]

    if complaint is None:
        refresh.overlay(made, facts)
    else:
        with pytest.raises(SystemExit, match=re.escape(complaint)):
            refresh.overlay(made, facts)


# -- the line and the create call --------------------------------------------------------------------------------------


def test_the_schema_of_the_line_takes_a_request_and_refuses_what_is_none() -> None:
    validator = Draft202012Validator(SCHEMAS["batch-request"])
    good = request()

    assert validator.is_valid(good)
    for key in good:
        assert not validator.is_valid({name: value for name, value in good.items() if name != key})
        assert not validator.is_valid(good | {key: 7})
    assert not validator.is_valid(good | {"method": "GET"})
    assert not validator.is_valid(good | {"url": "/v1/audio/speech"})


def test_the_schema_of_the_create_call_and_check_create_agree() -> None:
    validator = Draft202012Validator(SCHEMAS["batch-create"])
    good = {"input_file_id": "file-1", "endpoint": "/v1/responses", "completion_window": "24h"}
    tried: list[dict[str, Any]] = [
        {}, {"metadata": {"k": "v"}}, {"metadata": {"k": 1}}, {"metadata": {"k": "v" * 513}}, {"bogus": 1}, {"endpoint": "x"},
        {"output_expires_after": {"anchor": "created_at", "seconds": 1}}, {"completion_window": "1h"}]

    assert [validator.is_valid(good | params) for params in tried] == [True, True, *[False] * 6]
    assert [not check_create(good | params) for params in tried] == [True, True, *[False] * 6]


# -- reports -----------------------------------------------------------------------------------------------------------

FILES = [*inputs("valid", "invalid", "foreign", "wild"), FIXTURES / "cases" / "mutants.jsonl"]


def test_the_json_report_of_every_fixture_is_valid(run: Callable[..., Ran], tmp_path: Path) -> None:
    ran = run("check", "--format=json", *map(str, FILES), str(tmp_path / "missing.jsonl"))
    document = json.loads(ran.out)

    assert [str(error) for error in Draft202012Validator(SCHEMAS["report"]).iter_errors(document)] == []
    assert [file["path"] for file in document["files"]] == [*map(str, FILES), str(tmp_path / "missing.jsonl")]
    assert set(document["files"][-1]) == {"path", "ok", "error"}
    assert document["version"] == importlib.metadata.version("batchlint")
    assert document["ok"] is False


def test_the_schema_of_the_report_refuses_what_is_none() -> None:
    validator = Draft202012Validator(SCHEMAS["report"])
    good = {"version": "1", "ok": True, "files": [check(FIXTURES / "invalid" / "invalid_type.jsonl").to_dict()]}
    finding = good["files"][0]["errors"]["data"][0]  # type: ignore[index]

    assert validator.is_valid(good)
    for wrong in ({"line": 0}, {"code": None}, {"severity": "note"}, {"fails": "x"}, {"rule": "Not snake"}, {"more": 1}):
        kept = dict(finding)
        finding.update(wrong)
        assert not validator.is_valid(good), wrong
        finding.clear()
        finding.update(kept)
    assert validator.is_valid(good)


def unknown(model: BaseModel) -> dict[str, Any]:
    """The members, of a model and of those inside it, that the client's type does not know."""
    extra = dict(model.model_extra or {})
    for name in type(model).model_fields:
        inner = getattr(model, name)
        for child in inner if isinstance(inner, list) else [inner]:
            if isinstance(child, BaseModel):
                extra |= unknown(child)
    return extra


@pytest.mark.parametrize(("path", "status"), [
    ("valid/responses.jsonl", "validating"), ("valid/embeddings.jsonl", "validating"), ("invalid/invalid_method.jsonl", "failed"),
    ("invalid/duplicate_custom_id.jsonl", "failed"), ("invalid/invalid_type.jsonl", "validating"), ("foreign/fine_tuning.jsonl", "failed")])
def test_the_official_client_takes_the_batch_object(path: str, status: str, run: Callable[..., Ran]) -> None:
    """`--format batch` prints what the API would answer: the client's type knows all of it, and nothing is missing."""
    made = json.loads(run("check", "--format=batch", "--metadata=team=docs", str(FIXTURES / path)).out)
    batch = Batch.model_validate(made, strict=True)

    assert [str(error) for error in Draft202012Validator(SCHEMAS["batch"]).iter_errors(made)] == []
    assert unknown(batch) == {}
    assert set(made) == set(Batch.model_fields)
    assert batch.status == status
    assert (batch.errors is not None) == (status == "failed")
    assert batch.request_counts is not None
    assert batch.request_counts.model_dump() == {"total": 0, "completed": 0, "failed": 0}
    assert batch.metadata == {"team": "docs"}
    assert batch.id.startswith("batch_batchlint")
    assert batch.input_file_id.startswith("file-batchlint")


USAGE = {"input_tokens": 10, "input_tokens_details": {"cached_tokens": 0}, "output_tokens": 5,
         "output_tokens_details": {"reasoning_tokens": 0}, "total_tokens": 15}


@pytest.mark.parametrize(("members", "valid"), [
    ({"usage": None}, True), ({"usage": USAGE}, True), ({"usage": {}}, False), ({"usage": USAGE | {"total_tokens": "15"}}, False),
    ({"usage": {key: value for key, value in USAGE.items() if key != "input_tokens_details"}}, False),
    ({"usage": USAGE | {"input_tokens_details": {}}}, False),
    ({"errors": None}, True), ({"errors": {}}, True), ({"errors": {"object": "list"}}, True), ({"errors": {"data": []}}, True),
    ({"errors": {"data": None, "object": None}}, True), ({"errors": {"data": [{}]}}, True),
    ({"errors": {"data": [{"code": None, "line": None, "message": None, "param": None}]}}, True),
    ({"errors": {"data": [{"line": 0, "message": "m"}]}}, True), ({"errors": {"data": [{"line": "1"}]}}, False),
    ({"errors": {"data": [7]}}, False), ({"errors": []}, False)], ids=str)
def test_the_schema_of_the_batch_object_takes_what_the_official_client_takes(members: dict[str, Any], valid: bool) -> None:
    batch = check([request()]).to_batch() | members

    assert Draft202012Validator(SCHEMAS["batch"]).is_valid(batch) is valid
    if valid:
        Batch.model_validate(batch, strict=True)
    else:
        with pytest.raises(ValidationError):
            Batch.model_validate(batch, strict=True)


def test_a_failed_batch_lists_the_first_error_of_each_line_as_the_api_does(run: Callable[..., Ran]) -> None:
    path = FIXTURES / "invalid" / "missing_line_member.jsonl"
    batch = json.loads(run("check", "--format=batch", str(path)).out)

    assert batch["errors"]["object"] == "list"
    assert [list(item) for item in batch["errors"]["data"]] == [["code", "message", "param", "line"]] * 5
    assert [(item["param"], item["line"]) for item in batch["errors"]["data"]] == [
        ("custom_id", 1), ("method", 2), ("url", 3), ("body", 4), ("custom_id", 5)]


@pytest.mark.parametrize("path", ["invalid/not_jsonl_name.json", "invalid/empty_file.jsonl", "foreign/utf16_le.jsonl"])
def test_a_refused_upload_is_the_error_of_the_api(path: str, run: Callable[..., Ran]) -> None:
    made = json.loads(run("check", "--format=batch", str(FIXTURES / path)).out)

    assert list(made) == ["error"]
    assert list(made["error"]) == ["message", "type", "param", "code"]
    assert made["error"]["type"] == "invalid_request_error"
    assert (made["error"]["param"], made["error"]["code"]) == (None, None)
