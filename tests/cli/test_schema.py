"""`batchlint schema` lists and prints the JSON Schemas."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from batchlint import data
from support import URLS, CommandResult

NAMES = [*URLS, "batch-request", "batch-create", "batch", "report", "manifest", "config"]

Run = Callable[..., CommandResult]


def test_schema_lists_all_schemas(run: Run) -> None:
    assert run("schema").out.split() == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_schema_prints_the_named_schema(name: str, run: Run) -> None:
    assert json.loads(run("schema", name).out) == data.read(name.lstrip("/"))


def test_unknown_schema_is_a_usage_error_that_lists_all_schemas(run: Run) -> None:
    result = run("schema", "/v1/nope")

    assert (result.status, result.out) == (2, "")
    assert f"no schema for '/v1/nope'; the schemas are {', '.join(NAMES)}" in result.err
