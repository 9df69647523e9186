"""All routes, called with each client: upload, create, poll, read, cancel, list and delete."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from batchlint import check, data
from clients.clients import Client, PythonClient, ResponseError
from server.processes import serving, stop
from support import NOW, URLS, line

pytestmark = pytest.mark.clients

CHAT = "/v1/chat/completions"
GOOD = line("a", CHAT) + line("b", CHAT) + line("c", CHAT) + line("d", CHAT)
ONE_INVALID = line("a", CHAT) + line("b", CHAT, bogus=1)


def create(client: Client, path: Path, contents: bytes, **params: Any) -> Any:
    """Upload a file, and create a batch from it."""
    path.write_bytes(contents)
    uploaded = client.call("files.create", str(path), "batch")
    call = {"input_file_id": uploaded["id"], "endpoint": CHAT, "completion_window": "24h"}
    return client.call("batches.create", call | params)


def poll(client: Client, batch: Any) -> list[Any]:
    """Poll a batch until it ends, and return the batch before and after each poll."""
    seen = [batch]
    while seen[-1]["status"] not in ("completed", "failed", "cancelled"):
        seen.append(client.call("batches.retrieve", batch["id"]))
    return seen


def read(client: Client, file_id: str) -> list[Any]:
    """Return the decoded lines of a file."""
    return [json.loads(text) for text in client.call("files.content", file_id).splitlines()]


def test_valid_batch_goes_through_all_states(client: Client, path: Path) -> None:
    seen = poll(client, create(client, path, GOOD, metadata={"team": "docs"}))

    assert [batch["status"] for batch in seen] == [
        "validating", "in_progress", "finalizing", "completed",
    ]  # fmt: skip
    batch = seen[-1]
    assert batch["request_counts"] == {"total": 4, "completed": 4, "failed": 0}
    assert batch["metadata"] == {"team": "docs"}
    assert batch["error_file_id"] is None
    rows = read(client, batch["output_file_id"])
    assert [row["custom_id"] for row in rows] == ["a", "b", "c", "d"]
    assert {row["response"]["status_code"] for row in rows} == {200}


@pytest.mark.parametrize("endpoint", URLS)
def test_batch_completes_for_every_endpoint(client: Client, path: Path, endpoint: str) -> None:
    batch = poll(client, create(client, path, line("a", endpoint), endpoint=endpoint))[-1]

    assert (batch["status"], batch["error_file_id"]) == ("completed", None)
    assert len(read(client, batch["output_file_id"])) == 1


def test_invalid_request_is_in_the_error_file(client: Client, path: Path) -> None:
    batch = poll(client, create(client, path, ONE_INVALID))[-1]

    assert batch["request_counts"] == {"total": 2, "completed": 1, "failed": 1}
    (row,) = read(client, batch["error_file_id"])
    assert (row["custom_id"], row["response"]["status_code"]) == ("b", 400)
    assert row["response"]["body"]["error"]["code"] == "unknown_parameter"


def test_failed_batch_lists_the_errors_of_the_check(client: Client, path: Path) -> None:
    contents = GOOD + b"{\n" + line("a", CHAT)
    seen = poll(client, create(client, path, contents))

    assert [batch["status"] for batch in seen] == ["validating", "failed"]
    assert seen[-1]["errors"] == check(contents, endpoint=CHAT).to_batch()["errors"]
    assert [error["line"] for error in seen[-1]["errors"]["data"]] == [5, 6]


def test_missing_input_file_gives_an_error_without_a_line(client: Client) -> None:
    call = {"input_file_id": "file-none", "endpoint": CHAT, "completion_window": "24h"}

    batch = poll(client, client.call("batches.create", call))[-1]

    (error,) = batch["errors"]["data"]
    assert (error["code"], error["line"]) == ("invalid_request", None)


@pytest.mark.parametrize(
    ("name", "contents", "purpose", "message"),
    [
        ("a.txt", GOOD, "batch", "Invalid file format for Batch API. Must be .jsonl"),
        ("a.jsonl", b"", "batch", "Invalid file format for Batch API. Must be .jsonl"),
        ("a.jsonl", b"\xff\n", "batch", "Invalid file for Batch API. Must be utf-8 encoded"),
        ("a.jsonl", GOOD, "fine-tune", "'fine-tune' is not one of ['batch'] - 'purpose'"),
    ],
)
def test_invalid_upload_is_rejected(
    client: Client, tmp_path: Path, name: str, contents: bytes, purpose: str, message: str
) -> None:
    path = tmp_path / name
    path.write_bytes(contents)

    with pytest.raises(ResponseError) as caught:
        client.call("files.create", str(path), purpose)

    assert (caught.value.status, caught.value.message) == (400, message)


@pytest.mark.parametrize(
    ("params", "code", "param"),
    [
        ({"endpoint": "/v1/nothing"}, "invalid_value", "endpoint"),
        ({"completion_window": "1h"}, "invalid_value", "completion_window"),
        ({"metadata": {"a": "b" * 513}}, "string_above_max_length", "metadata.a"),
        (
            {"output_expires_after": {"anchor": "created_at", "seconds": 1}},
            "integer_below_min_value",
            "output_expires_after.seconds",
        ),
    ],
)
def test_invalid_create_call_is_rejected(
    client: Client, path: Path, params: Any, code: str, param: str
) -> None:
    with pytest.raises(ResponseError) as caught:
        create(client, path, GOOD, **params)

    assert (caught.value.status, caught.value.code, caught.value.param) == (400, code, param)


def test_cancelled_batch_has_results_for_the_first_half(client: Client, path: Path) -> None:
    batch = create(client, path, GOOD)
    client.call("batches.retrieve", batch["id"])

    seen = poll(client, client.call("batches.cancel", batch["id"]))

    assert [batch["status"] for batch in seen] == ["cancelling", "cancelled"]
    cancelled = seen[-1]
    assert cancelled["request_counts"] == {"total": 4, "completed": 2, "failed": 0}
    assert len(read(client, cancelled["output_file_id"])) == 2
    assert [row["error"]["code"] for row in read(client, cancelled["error_file_id"])] == [
        "batch_cancelled"
    ] * 2
    assert client.call("batches.cancel", batch["id"]) == cancelled


def test_completed_batch_cannot_be_cancelled(client: Client, path: Path) -> None:
    batch = poll(client, create(client, path, GOOD))[-1]

    with pytest.raises(ResponseError) as caught:
        client.call("batches.cancel", batch["id"])

    assert caught.value.status == 409
    assert caught.value.message == "Cannot cancel a batch with status 'completed'."


def test_batch_list_is_paged_from_newest_to_oldest(client: Client, path: Path) -> None:
    ids = [create(client, path, GOOD)["id"] for _ in range(3)][::-1]

    pages = client.call("batches.pages", 2)

    listed = [batch["id"] for page in pages for batch in page]
    assert listed[:3] == ids
    assert len(listed) == len({*listed})
    assert {len(page) for page in pages[:-1]} == {2}


def test_deleted_file_is_not_found(client: Client, path: Path) -> None:
    batch = poll(client, create(client, path, GOOD))[-1]
    for file_id in (batch["input_file_id"], batch["output_file_id"]):
        assert client.call("files.retrieve", file_id)["id"] == file_id
        assert client.call("files.delete", file_id) == {
            "id": file_id, "object": "file", "deleted": True,
        }  # fmt: skip
        for call in ("files.retrieve", "files.content", "files.delete"):
            with pytest.raises(ResponseError) as caught:
                client.call(call, file_id)
            assert caught.value.status == 404
            assert caught.value.message == f"No such File object: {file_id}"


def test_batch_has_every_field_with_each_client(client: Client, path: Path) -> None:
    fields = data.read("batch")["properties"].keys()
    for contents in (GOOD, ONE_INVALID, b"{}\n" + GOOD):
        for batch in poll(client, create(client, path, contents)):
            assert batch.keys() == fields
            assert batch["created_at"] == NOW


def test_twenty_concurrent_clients_receive_their_own_results(tmp_path: Path) -> None:
    def run_batch(number: int) -> tuple[Any, list[str]]:
        client = PythonClient(url)
        contents = b"".join(line(f"{number}-{i}", CHAT) for i in range(100))
        batch = poll(client, create(client, tmp_path / f"{number}.jsonl", contents))[-1]
        ids = [row["custom_id"] for row in read(client, batch["output_file_id"])]
        client.close()
        return batch["id"], ids

    directory = tmp_path / "server"
    directory.mkdir()
    with serving(directory) as (url, process), ThreadPoolExecutor(20) as pool:
        results = [*pool.map(run_batch, range(20))]
        log = stop(process)

    assert len({batch_id for batch_id, _ in results}) == 20
    for number, (_, ids) in enumerate(results):
        assert ids == [f"{number}-{i}" for i in range(100)]
    assert "Traceback" not in log
    assert [*directory.iterdir()] == []
