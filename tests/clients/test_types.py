"""The Batch type of the official Node client declares exactly the fields that the server sends."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from clients.clients import DIRECTORY, PACKAGES, PythonClient, skip_without
from support import line

pytestmark = pytest.mark.clients

CHAT = "/v1/chat/completions"


def compile_with_types(directory: Path, source: str) -> str:
    """Compile TypeScript that imports the Node client, and return the errors."""
    node = shutil.which("node") or skip_without("node")
    compiler = DIRECTORY / "node_modules" / "typescript" / "bin" / "tsc"
    if not compiler.is_file():
        skip_without(PACKAGES, required_in_ci=True)
    (directory / "node_modules").symlink_to(DIRECTORY / "node_modules")
    path = directory / "batches.ts"
    path.write_text(source, "utf-8")
    options = ["--noEmit", "--skipLibCheck", "--target", "es2022", "--module", "node20"]
    completed = subprocess.run(
        # The API sends null for absent values, which the client's types don't declare.
        [node, compiler, *options, "--strict", "false", path],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return completed.stdout


def source_of(type_name: str, values: list[Any]) -> str:
    """Return TypeScript that assigns JSON values to variables of a client type.

    A value with an unknown field at any depth, or without a required field, is a compile error. The
    last line is an error if the first value lacks any field of the type, even an optional one.
    """
    literals = "\n".join(
        f"const value{i}: {type_name} = {json.dumps(value)};" for i, value in enumerate(values)
    )
    return f"""
import OpenAI from "openai";
{literals}
const raw = {json.dumps(values[0])};
const missing: [Exclude<keyof {type_name}, keyof typeof raw>] extends [never] ? true : false = true;
"""


@pytest.fixture
def batches(server: str, tmp_path: Path) -> list[Any]:
    """Batches in every state."""
    client = PythonClient(server)
    path = tmp_path / "requests.jsonl"
    seen = []
    for contents in (line("a", CHAT) + line("b", CHAT, bogus=1), b"{}\n"):
        path.write_bytes(contents)
        file_id = client.call("files.create", str(path), "batch")["id"]
        call = {"input_file_id": file_id, "endpoint": CHAT, "completion_window": "24h"}
        cancelled = client.call("batches.create", call)
        seen += [cancelled, client.call("batches.cancel", cancelled["id"])]
        seen.append(client.call("batches.retrieve", cancelled["id"]))
        batch = client.call("batches.create", call | {"metadata": {"a": "b"}})
        seen += [client.call("batches.retrieve", batch["id"]) for _ in range(3)]
    client.close()
    return seen


def test_node_client_declares_exactly_the_fields_of_a_batch(
    batches: list[Any], tmp_path: Path
) -> None:
    assert {batch["status"] for batch in batches} == {
        "validating", "in_progress", "finalizing", "completed", "failed", "cancelling", "cancelled",
    }  # fmt: skip

    assert compile_with_types(tmp_path, source_of("OpenAI.Batches.Batch", batches)) == ""


def test_unknown_and_missing_fields_are_compile_errors(batches: list[Any], tmp_path: Path) -> None:
    batch = batches[0]
    unknown = batch | {"request_counts": batch["request_counts"] | {"more": 1}}
    missing = {name: value for name, value in batch.items() if name != "model"}

    errors = compile_with_types(tmp_path, source_of("OpenAI.Batches.Batch", [missing, unknown]))

    assert "'\"more\"' does not exist in type 'BatchRequestCounts'" in errors
    assert "Type 'true' is not assignable to type 'false'" in errors
