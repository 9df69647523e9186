"""`create_batch` with the official client and a local service."""

from __future__ import annotations

import pickle
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openai
import pytest
from openai import AsyncOpenAI, OpenAI
from openai.types import Batch

from acceptance.openai_service import Service
from batchlint import Report, check
from batchlint.openai import BatchInputError, create_batch
from support import line

CHAT = "/v1/chat/completions"
GOOD = line("a", CHAT) + line("b", CHAT)


@pytest.fixture
def client(service: Service) -> Iterator[OpenAI]:
    with OpenAI(base_url=service.url, api_key="test", max_retries=0) as client:
        yield client


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "requests.jsonl"
    path.write_bytes(GOOD)
    return path


def test_valid_file_is_uploaded_and_a_batch_is_created(
    client: OpenAI, service: Service, path: Path
) -> None:
    batch = create_batch(client, path, endpoint=CHAT)

    assert isinstance(batch, Batch)
    assert (batch.id, batch.status, batch.endpoint, batch.input_file_id) == (
        "batch_1",
        "validating",
        CHAT,
        "file-1",
    )
    assert service.paths == ["/v1/files", "/v1/batches"]
    assert service.uploads == [("requests.jsonl", "batch", GOOD)]
    assert service.creates == [
        {"input_file_id": "file-1", "endpoint": CHAT, "completion_window": "24h"}
    ]


def test_string_path_is_uploaded_and_create_parameters_are_sent(
    client: OpenAI, service: Service, path: Path
) -> None:
    expires = {"anchor": "created_at", "seconds": 3600}

    batch = create_batch(
        client,
        str(path),
        endpoint=CHAT,
        completion_window="24h",
        metadata={"team": "docs"},
        output_expires_after=expires,
        timeout=10,
    )

    assert batch.metadata == {"team": "docs"}
    assert service.creates == [
        {
            "input_file_id": "file-1",
            "endpoint": CHAT,
            "completion_window": "24h",
            "metadata": {"team": "docs"},
            "output_expires_after": expires,
        }
    ]


@pytest.mark.parametrize(
    "omitted",
    [openai.omit, openai.NOT_GIVEN, openai.not_given],
    ids=["omit", "NOT_GIVEN", "not_given"],
)
def test_omitted_parameters_are_not_sent(
    omitted: Any, client: OpenAI, service: Service, path: Path
) -> None:
    create_batch(
        client,
        path,
        endpoint=CHAT,
        completion_window=omitted,
        metadata=omitted,
        output_expires_after=omitted,
        input_file_id=omitted,
        timeout=omitted,
        extra_headers=omitted,
    )

    assert service.creates == [
        {"input_file_id": "file-1", "endpoint": CHAT, "completion_window": "24h"}
    ]


def test_file_with_warnings_is_uploaded(client: OpenAI, service: Service, path: Path) -> None:
    path.write_bytes(GOOD + b"\n" + line("c", CHAT))

    assert create_batch(client, path, endpoint=CHAT).id == "batch_1"
    assert len(service.uploads) == 1


@pytest.mark.parametrize(
    ("data", "name", "params", "rule"),
    [
        pytest.param(
            GOOD + line("c", CHAT, bogus=1), "requests.jsonl", {}, "unknown_parameter", id="line"
        ),
        pytest.param(line("a"), "requests.jsonl", {}, "mismatched_url", id="another endpoint"),
        pytest.param(GOOD + GOOD, "requests.jsonl", {}, "duplicate_custom_id", id="whole file"),
        pytest.param(b"", "requests.jsonl", {}, "empty_file", id="empty file"),
        pytest.param(GOOD, "requests.json", {}, "not_jsonl_name", id="name"),
        pytest.param(
            GOOD, "requests.jsonl", {"completion_window": "1h"}, None, id="completion window"
        ),
        pytest.param(GOOD, "requests.jsonl", {"metadata": {"k": 7}}, None, id="metadata"),
        pytest.param(GOOD, "requests.jsonl", {"meta": {}}, None, id="unknown parameter"),
    ],
)
def test_invalid_input_is_not_uploaded(
    client: OpenAI,
    service: Service,
    tmp_path: Path,
    data: bytes,
    name: str,
    params: dict[str, Any],
    rule: str | None,
) -> None:
    path = tmp_path / name
    path.write_bytes(data)

    with pytest.raises(BatchInputError) as caught:
        create_batch(client, path, endpoint=CHAT, **params)

    report = caught.value.report
    assert not report.ok
    if rule:
        assert rule in {error.rule for error in report.errors}
    else:
        assert {error.fails for error in report.errors} == {"create"}
    assert service.paths == []


@pytest.mark.skipif(sys.platform == "win32", reason="Windows can't replace an open file")
def test_checked_bytes_are_uploaded_even_if_the_file_is_replaced(
    client: OpenAI, service: Service, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The open file keeps its contents when another file replaces it."""
    other = path.with_name("other")
    other.write_bytes(line("a", CHAT, bogus=1))

    def check_and_replace(*args: Any, **options: Any) -> Report:
        report = check(*args, **options)
        other.replace(path)
        return report

    monkeypatch.setattr("batchlint.openai.check", check_and_replace)
    create_batch(client, path, endpoint=CHAT)

    assert service.uploads == [("requests.jsonl", "batch", GOOD)]


def test_file_that_changes_after_the_check_raises_and_is_not_uploaded(
    client: OpenAI, service: Service, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def check_and_change(*args: Any, **options: Any) -> Report:
        report = check(*args, **options)
        path.write_bytes(GOOD + b"{}\n")
        return report

    monkeypatch.setattr("batchlint.openai.check", check_and_change)

    with pytest.raises(OSError, match="changed"):
        create_batch(client, path, endpoint=CHAT)
    assert service.paths == []


def test_no_batch_is_created_from_a_file_that_changes_during_the_upload(
    client: OpenAI, service: Service, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload = client.files.create

    def upload_and_change(**options: Any) -> Any:
        uploaded = upload(**options)
        path.write_bytes(GOOD + b"{}\n")
        return uploaded

    monkeypatch.setattr(client.files, "create", upload_and_change)

    with pytest.raises(OSError, match="the file changed while it was being uploaded as file-1"):
        create_batch(client, path, endpoint=CHAT)
    assert service.paths == ["/v1/files"]


@pytest.mark.parametrize(
    ("more", "start"), [(b"", "1 error"), (line("a", CHAT), "2 errors, the first")]
)
def test_exception_message_has_the_error_count_and_the_first_error(
    more: bytes, start: str, client: OpenAI, path: Path
) -> None:
    path.write_bytes(GOOD + line("c", CHAT, bogus=1) + more)

    with pytest.raises(BatchInputError) as caught:
        create_batch(client, path, endpoint=CHAT)

    assert str(caught.value) == f"{start}: {path}:3: Unknown parameter: 'bogus'."
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


def test_invalid_arguments_raise_before_anything_is_sent(
    client: OpenAI, service: Service, path: Path
) -> None:
    with pytest.raises(TypeError, match="input_file_id"):
        create_batch(client, path, endpoint=CHAT, input_file_id="file-7")
    with pytest.raises(ValueError, match="not a batch endpoint"):
        create_batch(client, path, endpoint="/chat")
    with pytest.raises(FileNotFoundError):
        create_batch(client, path.with_name("none.jsonl"), endpoint=CHAT)
    assert service.paths == []


def test_asynchronous_client_is_a_type_error(service: Service, path: Path) -> None:
    client: Any = AsyncOpenAI(base_url=service.url, api_key="test")

    with pytest.raises(TypeError, match="needs a synchronous client"):
        create_batch(client, path, endpoint=CHAT)
    assert service.paths == []


def test_module_can_be_imported_without_openai() -> None:
    code = "import sys; sys.modules['openai'] = None; import batchlint.openai as b; print(b.create_batch.__name__)"

    completed = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )

    assert completed.stdout == "create_batch\n"
