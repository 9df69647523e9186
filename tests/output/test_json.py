"""The `json` format: one document, described by `schemas/report.json`."""

from __future__ import annotations

import importlib.metadata
import json
from collections.abc import Callable
from pathlib import Path

from jsonschema import Draft202012Validator

from batchlint import check, data
from batchlint.output import FORMATS
from batchlint.output.result import FileResult
from output.samples import render
from support import FIXTURES, CommandResult, fixture_files

FILES = [
    *fixture_files("valid", "invalid", "foreign", "wild"),
    FIXTURES / "cases" / "mutants.jsonl",
]
GOOD = str(FIXTURES / "valid" / "embeddings.jsonl")
BAD = str(FIXTURES / "invalid" / "invalid_type.jsonl")

Run = Callable[..., CommandResult]


def test_json_output_is_one_document_for_all_files(run: Run) -> None:
    document = json.loads(run("check", "--format=json", GOOD, BAD).out)

    assert [(file["path"], file["ok"]) for file in document["files"]] == [
        (GOOD, True),
        (BAD, False),
    ]
    assert document["ok"] is False
    assert document["files"][1]["request_counts"] == {"total": 6, "failed": 5}


def test_report_on_every_fixture_matches_the_schema(run: Run, tmp_path: Path) -> None:
    paths = [*map(str, FILES), str(tmp_path / "missing.jsonl")]
    document = json.loads(run("check", "--format=json", *paths).out)
    validator = Draft202012Validator(data.read("report"))

    assert [str(error) for error in validator.iter_errors(document)] == []
    assert [file["path"] for file in document["files"]] == paths
    assert set(document["files"][-1]) == {"path", "ok", "error"}
    assert document["version"] == importlib.metadata.version("batchlint")
    assert document["ok"] is False


def test_report_quotes_at_most_1000_characters_of_keys_ids_and_models() -> None:
    long = "x" * 5_000
    body = {"model": long, "input": "x", long: {long: 1}}
    row = {"custom_id": long, "method": "POST", "url": "/v1/embeddings", "body": body}
    result = FileResult("x", check(json.dumps(row).encode(), name="x.jsonl"))
    (file,) = json.loads(render("json", result))["files"]
    (error,) = file["errors"]["data"]

    assert error["custom_id"] == long[:1000]
    assert error["pointer"] == f"/body/{long[:1000]}"
    assert error["param"] == f"body.{long[:1000]}"
    assert file["models"] == [long[:1000]]
    for name in FORMATS:
        assert long[:1001] not in render(name, result)
