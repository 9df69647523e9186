"""Answers that the user supplies in a file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from openai import OpenAI
from starlette.testclient import TestClient

from batchlint.server import create_app
from batchlint.server.outputs import read_outputs
from server.steps import CHAT, create, finish, read
from support import line


def write_responses(path: Path, *responses: Any) -> Path:
    """Write responses to a file, and return its path."""
    path.write_text("".join(json.dumps(response) + "\n" for response in responses), "utf-8")
    return path


def test_requests_get_the_answers_from_the_file(tmp_path: Path) -> None:
    body = {"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 4}}
    limited = {"error": {"message": "Slow down.", "code": "rate_limit_exceeded"}}
    path = write_responses(
        tmp_path / "outputs.jsonl",
        {"custom_id": "a", "response": {"body": body}},
        {"custom_id": "b", "response": {"status_code": 429, "body": limited}},
        {
            "custom_id": "c",
            "response": None,
            "error": {"code": "batch_expired", "message": "Late."},
        },
        {"custom_id": "bad", "response": {"body": body}},
    )
    requests = [line(name, CHAT) for name in "abcd"]
    with TestClient(create_app(read_outputs(path))) as http:
        client = OpenAI(api_key="unused", base_url="http://testserver/v1", http_client=http)

        batch = finish(client, create(client, b"".join([*requests, line("bad", CHAT, bogus=1)])))

        good = {row["custom_id"]: row["response"] for row in read(client, batch.output_file_id)}
        bad = {row["custom_id"]: row for row in read(client, batch.error_file_id)}
    assert good["a"]["body"] == body
    assert "canned" in json.dumps(good["d"])
    assert bad["b"]["response"]["status_code"] == 429
    assert bad["b"]["response"]["body"] == limited
    assert (bad["c"]["response"], bad["c"]["error"]["code"]) == (None, "batch_expired")
    assert bad["bad"]["response"]["status_code"] == 400
    assert batch.request_counts is not None
    assert batch.request_counts.to_dict() == {"total": 5, "completed": 2, "failed": 3}
    assert batch.usage is not None
    assert batch.usage.output_tokens == 4 + 16


def test_output_file_of_a_batch_can_be_used_as_outputs(tmp_path: Path) -> None:
    with TestClient(create_app()) as http:
        client = OpenAI(api_key="unused", base_url="http://testserver/v1", http_client=http)
        batch = finish(client, create(client, line("a", CHAT)))
        rows = read(client, batch.output_file_id)

    outputs = read_outputs(write_responses(tmp_path / "outputs.jsonl", *rows))

    assert outputs["a"].body == rows[0]["response"]["body"]


@pytest.mark.parametrize(
    ("contents", "message"),
    [
        ("{", "outputs.jsonl:2: not valid JSON"),
        ("[]", "outputs.jsonl:2: a response must look like"),
        (
            '{"custom_id": 1, "response": {"body": {}}}',
            "outputs.jsonl:2: a response must look like",
        ),
        ('{"custom_id": "b", "response": {}}', "outputs.jsonl:2: a response must look like"),
        ('{"custom_id": "b", "response": {"body": {}, "status_code": 0}}', "status_code"),
        ('{"custom_id": "a", "response": {"body": {}}}', "this custom_id already has a response"),
    ],
)
def test_malformed_or_repeated_answer_raises_value_error_with_its_line(
    tmp_path: Path, contents: str, message: str
) -> None:
    path = tmp_path / "outputs.jsonl"
    path.write_text(f'{{"custom_id": "a", "response": {{"body": {{}}}}}}\n{contents}\n', "utf-8")

    with pytest.raises(ValueError, match=message):
        read_outputs(path)
