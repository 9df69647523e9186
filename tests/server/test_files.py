"""The file routes, called with the official client and with hostile requests."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import anyio
import openai
import pytest
from openai import OpenAI
from openai.types import FileObject
from python_multipart.multipart import MultipartParser
from starlette.testclient import TestClient

from batchlint.server import create_app, errors, uploads
from batchlint.server.service import Service
from server.steps import CHAT, assert_client_knows_all_fields, create, finish, upload
from support import NOW, line

GOOD = line("a", CHAT)
BOUNDARY = "multipart/form-data; boundary=x"


@pytest.fixture
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The directory in which the server creates its temporary directory."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def stored_names(directory: Path) -> list[str]:
    """Return the names of all files that the server stores."""
    return [path.name for path in directory.rglob("*") if path.is_file()]


def test_client_knows_every_file_field(client: OpenAI, http: TestClient) -> None:
    batch = finish(client, create(client, GOOD))
    for file_id in (batch.input_file_id, batch.output_file_id):
        raw = http.get(f"/v1/files/{file_id}").json()
        assert_client_knows_all_fields(FileObject.model_validate(raw), raw)
        assert raw.keys() == FileObject.model_fields.keys()


def test_uploaded_file_can_be_retrieved_read_and_deleted(client: OpenAI) -> None:
    file_id = upload(client, GOOD, "my requests.jsonl")

    uploaded = client.files.retrieve(file_id)
    assert (uploaded.filename, uploaded.bytes, uploaded.purpose) == (
        "my requests.jsonl",
        len(GOOD),
        "batch",
    )
    assert (uploaded.created_at, uploaded.expires_at) == (NOW, NOW + 2_592_000)
    assert client.files.content(file_id).read() == GOOD

    assert client.files.delete(file_id).deleted
    for call in (client.files.retrieve, client.files.content, client.files.delete):
        with pytest.raises(openai.NotFoundError, match=f"No such File object: {file_id}"):
            call(file_id)


@pytest.mark.parametrize(
    ("name", "contents", "message"),
    [
        ("requests.json", GOOD, "Invalid file format for Batch API. Must be .jsonl"),
        ("requests.jsonl", b"", "Invalid file format for Batch API. Must be .jsonl"),
        ("requests.jsonl", b"\n \n", "Invalid file format for Batch API. Must be .jsonl"),
        (
            "requests.jsonl",
            GOOD + "\n".join(["é"] * 3).encode("latin-1"),
            "Invalid file for Batch API. Must be utf-8 encoded",
        ),
    ],
)
def test_upload_with_invalid_contents_or_name_is_rejected(
    client: OpenAI, directory: Path, name: str, contents: bytes, message: str
) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        upload(client, contents, name)

    assert caught.value.body == {
        "message": message,
        "type": "invalid_request_error",
        "param": None,
        "code": None,
    }
    assert stored_names(directory) == []
    assert client.files.list().data == []


def test_upload_for_another_purpose_is_rejected(client: OpenAI) -> None:
    with pytest.raises(openai.BadRequestError, match=r"'fine-tune' is not one of \['batch'\]"):
        client.files.create(file=("a.jsonl", GOOD), purpose="fine-tune")


@pytest.mark.parametrize(
    ("seconds", "code"),
    [(3_599, "integer_below_min_value"), (2_592_001, "integer_above_max_value"), (3_600, None)],
)
def test_expires_after_must_be_within_the_limits(
    client: OpenAI, seconds: int, code: str | None
) -> None:
    def call() -> FileObject:
        return client.files.create(
            file=("a.jsonl", GOOD),
            purpose="batch",
            expires_after={"anchor": "created_at", "seconds": seconds},
        )

    if code is None:
        assert call().expires_at == NOW + seconds
    else:
        with pytest.raises(openai.BadRequestError) as caught:
            call()
        assert caught.value.code == code


def test_output_file_expires_as_the_create_call_specifies(client: OpenAI) -> None:
    after = {"anchor": "created_at", "seconds": 7200}
    batch = finish(client, create(client, GOOD, output_expires_after=after))

    assert batch.output_file_id is not None
    assert client.files.retrieve(batch.output_file_id).expires_at == NOW + 7200


def test_file_over_the_size_limit_is_rejected(
    client: OpenAI, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    limit = len(GOOD)
    original = Service.__init__

    def with_limit(self: Service, *args: object) -> None:
        original(self, *args)  # type: ignore[arg-type]
        self.max_bytes = limit

    monkeypatch.setattr(Service, "__init__", with_limit)
    with TestClient(create_app()) as http:
        limited = client.with_options(http_client=http)

        upload(limited, GOOD)
        with pytest.raises(openai.BadRequestError, match=r"File is too large\."):
            upload(limited, GOOD + b" ")
        assert len(stored_names(directory)) == 1


@pytest.mark.parametrize(
    "name",
    ["../../etc/a.jsonl", "/etc/a.jsonl", "..\\..\\a.jsonl", "C:\\a.jsonl"],
)
def test_client_file_name_never_determines_the_storage_path(
    client: OpenAI, directory: Path, name: str
) -> None:
    file_id = upload(client, GOOD, name)

    assert client.files.retrieve(file_id).filename == "a.jsonl"
    assert stored_names(directory) == ["1.jsonl"]


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/json", b"{}"),
        ("", b""),
        ("multipart/form-data", b"--x--"),
        (BOUNDARY, b""),
        (BOUNDARY, b"no form at all"),
        (BOUNDARY, b"--x\r\nno header\r\n\r\n"),
        (BOUNDARY, b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nabc'),
        ("multipart/form-data; boundary=" + "x" * 5000, b"--x--"),
    ],
)
def test_upload_with_a_malformed_form_is_rejected(
    http: TestClient, directory: Path, content_type: str, body: bytes
) -> None:
    answer = http.post("/v1/files", content=body, headers={"content-type": content_type})

    assert answer.status_code == 400
    assert answer.json()["error"]["message"] == "The body is not valid multipart/form-data."
    assert stored_names(directory) == []


def test_upload_needs_a_file_and_a_purpose(http: TestClient) -> None:
    file = {"file": ("a.jsonl", GOOD)}
    for message, answer in (
        ("'file' is a required property", http.post("/v1/files", files={"purpose": (None, b"x")})),
        ("'purpose' is a required property", http.post("/v1/files", files=file)),
    ):
        assert answer.status_code == 400
        assert answer.json()["error"]["message"] == message


def test_file_list_supports_pages_order_and_purpose(client: OpenAI) -> None:
    batch = finish(client, create(client, GOOD))
    ids = [batch.input_file_id, *(upload(client, GOOD) for _ in range(2))]

    assert [file.id for file in client.files.list(purpose="batch", order="asc")] == ids
    assert [file.id for file in client.files.list(purpose="batch", limit=1)] == ids[::-1]
    assert len([*client.files.list()]) == 4
    with pytest.raises(openai.NotFoundError):
        client.files.list(after="file-none")


@pytest.mark.parametrize(
    ("query", "param", "code"),
    [
        ("order=up", "order", "invalid_value"),
        ("limit=10001", "limit", "integer_above_max_value"),
        ("limit=many", "limit", "invalid_type"),
    ],
)
def test_file_list_with_an_invalid_parameter_is_rejected(
    http: TestClient, query: str, param: str, code: str
) -> None:
    answer = http.get(f"/v1/files?{query}")

    error = answer.json()["error"]
    assert (answer.status_code, error["param"], error["code"]) == (400, param, code)


@pytest.mark.parametrize(
    ("anchor", "seconds", "param"),
    [
        ("uploaded_at", "3600", "expires_after.anchor"),
        ("created_at", "soon", "expires_after.seconds"),
        ("created_at", "-3600", "expires_after.seconds"),
    ],
)
def test_malformed_expires_after_is_rejected(
    http: TestClient, anchor: str, seconds: str, param: str
) -> None:
    form: Any = {
        "file": ("a.jsonl", GOOD),
        "purpose": (None, "batch"),
        "expires_after[anchor]": (None, anchor),
        "expires_after[seconds]": (None, seconds),
    }

    answer = http.post("/v1/files", files=form)

    assert (answer.status_code, answer.json()["error"]["param"]) == (400, param)


def test_upload_far_over_the_limit_is_rejected_before_its_end(
    http: TestClient, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("batchlint.server.uploads._MAX_BYTES", 1000)

    answer = http.post("/v1/files", files={"file": ("a.jsonl", GOOD * 20)})

    assert answer.status_code == 413
    assert stored_names(directory) == []


def test_only_the_beginning_of_a_form_with_many_parts_is_parsed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = b"--x\r\n\r\n\r\n" * 1000
    parsed = []

    write = MultipartParser.write

    def record_and_write(parser: MultipartParser, data: bytes) -> int:
        parsed.append(len(data))
        return write(parser, data)

    async def chunks() -> AsyncIterator[bytes]:
        for start in range(0, len(data), 100):
            yield data[start : start + 100]

    monkeypatch.setattr(MultipartParser, "write", record_and_write)
    monkeypatch.setattr(uploads, "_MAX_OVERHEAD", 1000)
    with pytest.raises(errors.ApiError, match="File is too large"):
        anyio.run(uploads.read_upload, BOUNDARY, chunks(), tmp_path / "file", 10**9)

    assert sum(parsed) <= 1100


@pytest.mark.parametrize(
    ("form", "status"),
    [
        ({"file": ("a.jsonl", GOOD), "other": ("b", b"x" * 5000), "purpose": (None, "batch")}, 200),
        ({"file": (None, b"x" * 5000), "purpose": (None, "batch")}, 400),
    ],
    ids=["another file", "a field instead of a file"],
)
def test_contents_of_other_parts_may_be_large(
    http: TestClient, monkeypatch: pytest.MonkeyPatch, form: Any, status: int
) -> None:
    monkeypatch.setattr(uploads, "_MAX_OVERHEAD", 1000)

    answer = http.post("/v1/files", files=form)

    assert answer.status_code == status
    if status == 400:
        assert answer.json()["error"]["message"] == "'file' is a required property"


@pytest.mark.parametrize(
    ("method", "path", "status", "message"),
    [
        ("POST", "/v1/chat/completions", 404, "Invalid URL (POST /v1/chat/completions)."),
        ("GET", "/v1/files/", 404, "Invalid URL (GET /v1/files/)."),
        ("GET", "/v1/files/../../etc/passwd", 404, "Invalid URL (GET /etc/passwd)."),
        ("GET", "/v1/files/%2e%2e%2fetc/content", 404, "Invalid URL (GET "),
        ("PUT", "/v1/files", 405, "Not allowed to PUT on /v1/files."),
        ("GET", "/v1/files/a", 404, "No such File object: a"),
    ],
)
def test_unknown_route_or_file_gives_an_api_error(
    http: TestClient, method: str, path: str, status: int, message: str
) -> None:
    answer = http.request(method, path)

    assert (answer.status_code, answer.json()["error"]["type"]) == (
        status,
        "invalid_request_error",
    )
    assert answer.json()["error"]["message"].startswith(message)


def test_temporary_directory_is_removed_when_the_server_stops(directory: Path) -> None:
    with TestClient(create_app()) as http:
        http.post("/v1/files", files={"file": ("a.jsonl", GOOD), "purpose": (None, b"batch")})
        assert len(stored_names(directory)) == 1

    assert [*directory.iterdir()] == []


def test_temporary_directory_is_created_only_for_an_upload(directory: Path) -> None:
    with TestClient(create_app()) as http:
        http.get("/v1/files")

        assert [*directory.iterdir()] == []


def test_full_disk_gives_status_500(
    http: TestClient, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_room(*_: object, **__: object) -> Iterator[bytes]:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("batchlint.server.routes.read_upload", no_room)

    answer = http.post("/v1/files", files={"file": ("a.jsonl", GOOD)})

    assert answer.status_code == 500
    assert "No space left on device" in answer.json()["error"]["message"]
    assert stored_names(directory) == []


def test_root_and_headers_state_that_answers_are_canned(http: TestClient) -> None:
    assert http.get("/").json()["answers"] == "canned"
    assert "canned" in http.get("/v1/batches").headers["x-batchlint"]


@pytest.mark.parametrize("path", ["/v1/files", "/v1/batches"])
def test_client_that_disconnects_while_sending_causes_no_exception(path: str) -> None:
    messages = iter(
        [
            {"type": "http.request", "body": b'--x\r\n{"a', "more_body": True},
            {"type": "http.disconnect"},
        ]
    )
    scope = {
        "type": "http",
        "method": "POST",
        "path": path,
        "query_string": b"",
        "headers": [(b"content-type", BOUNDARY.encode())],
    }
    statuses: list[int] = []

    async def receive() -> Any:
        return next(messages)

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    anyio.run(create_app(), scope, receive, send)

    assert statuses == [400]
