"""The `batch` format: the API's response, parsed with the official client's types."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from openai.types import Batch
from pydantic import BaseModel

from batchlint import data
from support import FIXTURES, CommandResult

Run = Callable[..., CommandResult]


def unknown_fields(model: BaseModel) -> dict[str, Any]:
    """Return the fields that the client's types don't declare, at any depth."""
    extra = dict(model.model_extra or {})
    for name in type(model).model_fields:
        inner = getattr(model, name)
        for child in inner if isinstance(inner, list) else [inner]:
            if isinstance(child, BaseModel):
                extra |= unknown_fields(child)
    return extra


def test_batch_output_has_one_line_per_file(run: Run) -> None:
    good = str(FIXTURES / "valid" / "embeddings.jsonl")
    bad = str(FIXTURES / "invalid" / "invalid_url.jsonl")
    out = run("check", "--format=batch", good, bad).out
    rows = [json.loads(text) for text in out.splitlines()]

    assert [row["status"] for row in rows] == ["validating", "failed"]
    assert {row["created_at"] for row in rows} == {int(os.environ["SOURCE_DATE_EPOCH"])}


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("valid/responses.jsonl", "validating"),
        ("valid/embeddings.jsonl", "validating"),
        ("invalid/invalid_method.jsonl", "failed"),
        ("invalid/duplicate_custom_id.jsonl", "failed"),
        ("invalid/invalid_type.jsonl", "validating"),
        ("foreign/fine_tuning.jsonl", "failed"),
    ],
)
def test_batch_object_has_exactly_the_fields_of_the_official_client(
    path: str, status: str, run: Run
) -> None:
    """It also matches `schemas/batch.json`."""
    args = ("--format=batch", "--metadata=team=docs", str(FIXTURES / path))
    answer = json.loads(run("check", *args).out)
    batch = Batch.model_validate(answer, strict=True)
    validator = Draft202012Validator(data.read("batch"))

    assert [str(error) for error in validator.iter_errors(answer)] == []
    assert unknown_fields(batch) == {}
    assert set(answer) == set(Batch.model_fields)
    assert batch.status == status
    assert (batch.errors is not None) == (status == "failed")
    assert batch.request_counts is not None
    assert batch.request_counts.model_dump() == {"total": 0, "completed": 0, "failed": 0}
    assert batch.metadata == {"team": "docs"}
    assert batch.id.startswith("batch_batchlint")
    assert batch.input_file_id.startswith("file-batchlint")


def test_failed_batch_lists_the_first_error_of_each_line(run: Run) -> None:
    path = FIXTURES / "invalid" / "missing_line_member.jsonl"
    batch = json.loads(run("check", "--format=batch", str(path)).out)

    assert batch["errors"]["object"] == "list"
    fields = [list(item) for item in batch["errors"]["data"]]
    assert fields == [["code", "message", "param", "line"]] * 5
    assert [(item["param"], item["line"]) for item in batch["errors"]["data"]] == [
        ("custom_id", 1),
        ("method", 2),
        ("url", 3),
        ("body", 4),
        ("custom_id", 5),
    ]


@pytest.mark.parametrize(
    "path",
    ["invalid/not_jsonl_name.json", "invalid/empty_file.jsonl", "foreign/utf16_le.jsonl"],
)
def test_rejected_upload_gives_an_error_object(path: str, run: Run) -> None:
    answer = json.loads(run("check", "--format=batch", str(FIXTURES / path)).out)

    assert list(answer) == ["error"]
    assert list(answer["error"]) == ["message", "type", "param", "code"]
    assert answer["error"]["type"] == "invalid_request_error"
    assert (answer["error"]["param"], answer["error"]["code"]) == (None, None)
