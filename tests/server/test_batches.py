"""The batch routes, called with the official client."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import openai
import pytest
from openai import OpenAI
from openai.types import Batch
from starlette.testclient import TestClient

from batchlint import check, data
from server.steps import CHAT, assert_client_knows_all_fields, create, finish, read, upload
from support import NOW, line

GOOD = line("a", CHAT) + line("b", CHAT) + line("c", CHAT) + line("d", CHAT)
MIXED = line("a", CHAT) + line("b", CHAT, bogus=1) + b"\n" + line("c", CHAT, n=2)


def statuses(client: OpenAI, batch: Batch, polls: int) -> list[str]:
    """Poll a batch several times, and return the status after each poll."""
    return [client.batches.retrieve(batch.id).status for _ in range(polls)]


def test_each_poll_advances_a_valid_batch_by_one_state(client: OpenAI) -> None:
    batch = create(client, GOOD)

    assert batch.status == "validating"
    assert statuses(client, batch, 4) == ["in_progress", "finalizing", "completed", "completed"]


def test_batch_advances_by_one_state_per_second_without_polls(
    client: OpenAI, monkeypatch: pytest.MonkeyPatch
) -> None:
    create(client, GOOD)
    seen = []
    for now in (NOW, NOW + 1, NOW + 2, NOW + 9):
        monkeypatch.setenv("SOURCE_DATE_EPOCH", str(now))
        seen.append(client.batches.list().data[0])

    assert [batch.status for batch in seen] == [
        "validating", "in_progress", "finalizing", "completed",
    ]  # fmt: skip
    last = seen[-1]
    assert (last.in_progress_at, last.finalizing_at, last.completed_at) == (
        NOW + 1, NOW + 2, NOW + 3,
    )  # fmt: skip


def test_output_file_has_an_answer_to_every_valid_request(client: OpenAI) -> None:
    batch = finish(client, create(client, GOOD, metadata={"team": "docs"}))

    rows = read(client, batch.output_file_id)
    assert [row["custom_id"] for row in rows] == ["a", "b", "c", "d"]
    assert [row["response"]["status_code"] for row in rows] == [200] * 4
    assert "canned" in rows[0]["response"]["body"]["choices"][0]["message"]["content"]
    assert rows[0]["error"] is None
    assert batch.error_file_id is None
    assert batch.metadata == {"team": "docs"}
    assert batch.model == "m"
    assert batch.usage is not None
    answered = [row["response"]["body"]["usage"]["total_tokens"] for row in rows]
    assert batch.usage.total_tokens == sum(answered) > 0


def test_error_file_has_the_invalid_requests(client: OpenAI) -> None:
    batch = finish(client, create(client, MIXED))

    (row,) = read(client, batch.error_file_id)
    assert row["custom_id"] == "b"
    assert row["response"]["status_code"] == 400
    assert row["response"]["body"] == {
        "error": {
            "message": "Unknown parameter: 'bogus'.",
            "type": "invalid_request_error",
            "param": "bogus",
            "code": "unknown_parameter",
        }
    }
    assert [row["custom_id"] for row in read(client, batch.output_file_id)] == ["a", "c"]
    assert batch.request_counts is not None
    assert batch.request_counts.to_dict() == {"total": 3, "completed": 2, "failed": 1}


def test_batch_with_only_invalid_requests_completes_without_an_output_file(client: OpenAI) -> None:
    batch = finish(client, create(client, line("a", CHAT, bogus=1)))

    assert (batch.status, batch.output_file_id) == ("completed", None)
    assert len(read(client, batch.error_file_id)) == 1


@pytest.mark.parametrize("endpoint", [CHAT, "/v1/embeddings"])
def test_failed_batch_has_the_errors_that_the_check_reports(client: OpenAI, endpoint: str) -> None:
    bad = GOOD + line("a", CHAT) + b"{\n" + line("e", CHAT, stream=True)
    batch = create(client, bad, endpoint)
    assert batch.errors is None

    failed = client.batches.retrieve(batch.id)

    report = check(bad, endpoint=endpoint)
    assert failed.status == "failed"
    assert failed.errors is not None
    assert failed.errors.to_dict() == report.to_batch()["errors"]
    assert failed.failed_at == NOW
    assert failed.request_counts is not None
    assert failed.request_counts.to_dict() == {"total": 0, "completed": 0, "failed": 0}
    assert statuses(client, batch, 2) == ["failed", "failed"]


def test_unknown_input_file_fails_the_batch(client: OpenAI) -> None:
    batch = client.batches.create(input_file_id="file-none", endpoint=CHAT, completion_window="24h")

    failed = client.batches.retrieve(batch.id)

    assert failed.errors is not None
    assert failed.errors.data is not None
    (error,) = failed.errors.data
    assert (error.code, error.param, error.line) == ("invalid_request", "file_id", None)
    assert str(error.message).startswith("Cannot find file file-none, or organization ")


@pytest.mark.parametrize(
    ("params", "code", "param"),
    [
        ({"endpoint": "/v1/nothing"}, "invalid_value", "endpoint"),
        ({"completion_window": "1h"}, "invalid_value", "completion_window"),
        ({"metadata": {"tags": ["a"]}}, "invalid_type", "metadata.tags"),
        ({"metadata": {str(i): "" for i in range(17)}}, "object_above_max_properties", "metadata"),
        ({"metadata": {"k" * 65: ""}}, "property_name_above_max_length", f"metadata.{'k' * 65}"),
        ({"metadata": {"k": "v" * 513}}, "string_above_max_length", "metadata.k"),
        (
            {"output_expires_after": {"anchor": "created_at", "seconds": 3599}},
            "integer_below_min_value",
            "output_expires_after.seconds",
        ),
        (
            {"output_expires_after": {"anchor": "created_at", "seconds": 2_592_001}},
            "integer_above_max_value",
            "output_expires_after.seconds",
        ),
        ({"priority": "high"}, "unknown_parameter", "priority"),
        ({"input_file_id": None}, "invalid_type", "input_file_id"),
    ],
)
def test_invalid_create_call_is_rejected(
    client: OpenAI, params: dict[str, Any], code: str, param: str
) -> None:
    good = {"input_file_id": "file-none", "endpoint": CHAT, "completion_window": "24h"}

    with pytest.raises(openai.BadRequestError) as caught:
        client.post("/batches", body=good | params, cast_to=Batch)

    assert isinstance(caught.value.body, dict)
    assert (caught.value.body["code"], caught.value.param) == (code, param)
    assert client.batches.list().data == []


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"\xff", b"[" * 5000, b'{"metadata": ' + b"[" * 1000 + b"]" * 1000 + b"}"],
)
def test_create_call_without_a_json_object_is_rejected(http: TestClient, body: bytes) -> None:
    answer = http.post("/v1/batches", content=body)

    assert answer.status_code == 400
    assert answer.json()["error"]["type"] == "invalid_request_error"


def test_create_call_over_1_mib_is_rejected(http: TestClient) -> None:
    answer = http.post("/v1/batches", content=b" " * (1 << 20) + b"{}")

    assert answer.status_code == 413


@pytest.mark.parametrize(
    ("polls", "ran"),
    [(0, []), (1, ["a", "b"]), (2, ["a", "b", "c", "d"])],
    ids=["validating", "in_progress", "finalizing"],
)
def test_cancelled_batch_has_results_only_for_requests_that_ran(
    client: OpenAI, polls: int, ran: list[str]
) -> None:
    mixed = line("a", CHAT) + line("b", CHAT, bogus=1) + line("c", CHAT) + line("d", CHAT, bogus=1)
    batch = create(client, mixed)
    statuses(client, batch, polls)

    cancelling = client.batches.cancel(batch.id)
    cancelled = client.batches.retrieve(batch.id)

    assert (cancelling.status, cancelled.status) == ("cancelling", "cancelled")
    assert cancelled.completed_at is None
    assert cancelled.cancelled_at == cancelled.cancelling_at == NOW
    output = read(client, cancelled.output_file_id) if cancelled.output_file_id else []
    errors = read(client, cancelled.error_file_id) if cancelled.error_file_id else []
    assert [row["custom_id"] for row in output] == [i for i in ran if i in "ac"]
    stopped = [row["custom_id"] for row in errors if row["error"] is not None]
    assert sorted(stopped) == [i for i in "abcd" if i not in ran]
    assert all(row["response"] is None for row in errors if row["error"] is not None)
    assert {row["error"]["code"] for row in errors if row["error"]} <= {"batch_cancelled"}
    assert cancelled.request_counts is not None
    assert cancelled.request_counts.to_dict() == {
        "total": 4,
        "completed": len(output),
        "failed": len(errors) - len(stopped),
    }


def test_completed_or_failed_batch_cannot_be_cancelled(client: OpenAI) -> None:
    completed = finish(client, create(client, GOOD))
    cancelled = client.batches.cancel(create(client, GOOD).id)

    with pytest.raises(openai.ConflictError) as caught:
        client.batches.cancel(completed.id)

    assert "Cannot cancel a batch with status 'completed'." in str(caught.value)
    failed = finish(client, create(client, b"{}\n"))
    with pytest.raises(openai.ConflictError, match="Cannot cancel a batch with status 'failed'"):
        client.batches.cancel(failed.id)
    assert client.batches.cancel(finish(client, cancelled).id).status == "cancelled"


@pytest.mark.parametrize("call", ["retrieve", "cancel"])
def test_unknown_batch_is_not_found_and_malformed_id_is_rejected(client: OpenAI, call: str) -> None:
    with pytest.raises(openai.NotFoundError, match=r"No batch found with id 'batch_x'\."):
        getattr(client.batches, call)("batch_x")
    with pytest.raises(openai.BadRequestError, match="Expected an ID that begins with 'batch'"):
        getattr(client.batches, call)("x")


def test_batches_are_listed_in_pages_from_newest_to_oldest(client: OpenAI) -> None:
    created = [create(client, GOOD).id for _ in range(5)]

    first = client.batches.list(limit=2)

    assert [batch.id for batch in first.data] == created[:2:-1]
    assert first.has_more
    assert not client.batches.list(limit=5).has_more
    assert [batch.id for batch in client.batches.list(limit=2)] == created[::-1]
    assert [batch.id for batch in client.batches.list(after=created[1])] == [created[0]]
    with pytest.raises(openai.NotFoundError, match="No batch found with id 'batch_x'"):
        client.batches.list(after="batch_x")


@pytest.mark.parametrize(
    ("limit", "code"),
    [
        ("-1", "integer_below_min_value"),
        ("101", "integer_above_max_value"),
        ("x", "invalid_type"),
    ],
)
def test_invalid_list_limit_is_rejected(http: TestClient, limit: str, code: str) -> None:
    answer = http.get("/v1/batches", params={"limit": limit})

    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == code
    assert answer.json()["error"]["param"] == "limit"


def test_client_knows_every_batch_field_in_every_state(client: OpenAI, http: TestClient) -> None:
    schema = data.read("batch")
    batches = [
        create(client, GOOD, metadata={"a": "b"}),
        create(client, MIXED),
        create(client, b"{}\n" + GOOD),
        client.batches.cancel(create(client, MIXED).id),
    ]
    for batch in batches:
        for _ in range(4):
            raw = http.get(f"/v1/batches/{batch.id}").json()
            assert_client_knows_all_fields(Batch.model_validate(raw), raw)
            jsonschema.validate(raw, schema)
            assert raw.keys() == Batch.model_fields.keys() == schema["properties"].keys()


def test_request_without_a_model_is_answered_with_the_default_model(
    client: OpenAI,
) -> None:
    row = json.loads(line("a", "/v1/moderations"))
    del row["body"]["model"]

    batch = finish(client, create(client, json.dumps(row).encode(), "/v1/moderations"))

    (answer,) = read(client, batch.output_file_id)
    assert answer["response"]["body"]["model"] == "omni-moderation-latest"


def test_input_file_can_be_deleted_while_the_batch_runs(client: OpenAI) -> None:
    batch = create(client, GOOD)

    client.files.delete(batch.input_file_id)

    assert finish(client, batch).status == "completed"


def test_same_calls_give_the_same_responses() -> None:
    def answers() -> list[Any]:
        from batchlint.server import create_app

        with TestClient(create_app()) as http:
            client = OpenAI(api_key="unused", base_url="http://testserver/v1", http_client=http)
            batch = finish(client, create(client, MIXED))
            return [
                batch.to_dict(),
                read(client, batch.output_file_id),
                read(client, batch.error_file_id),
                [file.to_dict() for file in client.files.list()],
            ]

    assert answers() == answers()


def test_several_batches_can_use_the_same_file(client: OpenAI) -> None:
    file_id = upload(client, GOOD)
    batches = [
        client.batches.create(input_file_id=file_id, endpoint=CHAT, completion_window="24h")
        for _ in range(2)
    ]

    outputs = [finish(client, batch).output_file_id for batch in batches]

    assert len({*outputs, file_id}) == 3
