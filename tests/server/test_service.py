"""Batch results for all fixtures agree with the reports on them."""

from __future__ import annotations

import shutil
from contextlib import closing
from pathlib import Path

import pytest

from batchlint import check, providers
from batchlint.server.batches import Batch
from batchlint.server.errors import ApiError
from batchlint.server.files import StoredFile
from batchlint.server.service import Service
from batchlint.server.uploads import Upload
from server.steps import CHAT
from support import FIXTURES, fixture_files, line, rows


def upload(service: Service, path: Path) -> StoredFile:
    """Pass a copy of a file to the service, as an upload does."""
    copy = service.files.new_path()
    shutil.copy(path, copy)
    return service.create_file(Upload({"purpose": "batch"}, path.name, path.stat().st_size), copy)


def finish(service: Service, file: StoredFile, endpoint: str) -> Batch:
    """Create a batch from a file, and poll it until it ends."""
    params = {"input_file_id": file.id, "endpoint": endpoint, "completion_window": "24h"}
    batch = service.create_batch(params)
    for _ in range(4):
        service.poll_batch(batch.id)
    return batch


def custom_ids(service: Service, file_id: str | None) -> list[str]:
    """Return the custom_ids in an output file or an error file."""
    if file_id is None:
        return []
    return [row["custom_id"] for row in rows(service.files.get(file_id).path)]


OPENAI_FILES = fixture_files("valid", "invalid", "wild")
PROVIDER_FILES = sorted((FIXTURES / "providers").glob("*/*.jsonl"))


@pytest.mark.parametrize(
    ("provider", "path"),
    [
        *(("openai", path) for path in OPENAI_FILES),
        *((path.parent.name, path) for path in PROVIDER_FILES),
    ],
    ids=[f"{path.parent.name}/{path.stem}" for path in (*OPENAI_FILES, *PROVIDER_FILES)],
)
def test_batch_results_agree_with_the_report(provider: str, path: Path) -> None:
    url = check(path, provider=provider).endpoint
    profile = providers.provider(provider)
    endpoint = url if url and profile.endpoint(url) else next(iter(profile.endpoints))
    report = check(path, provider=provider, endpoint=endpoint, keep=0)
    effects = {error.fails for error in report.errors}
    with closing(Service({}, provider)) as service:
        if "upload" in effects:
            with pytest.raises(ApiError):
                upload(service, path)
            return

        batch = finish(service, upload(service, path), endpoint).to_dict()

        if "batch" in effects:
            assert batch["status"] == "failed"
            expected = check(path, provider=provider, endpoint=endpoint).to_batch()["errors"]
            assert batch["errors"] == expected
            return
        failed_ids = {error.custom_id for error in report.errors if error.fails == "request"}
        assert batch["status"] == "completed"
        assert batch["request_counts"] == {
            "total": report.total,
            "completed": report.total - report.failed,
            "failed": report.failed,
        }
        assert set(custom_ids(service, batch["error_file_id"])) == failed_ids
        assert len(custom_ids(service, batch["output_file_id"])) == report.total - report.failed


@pytest.mark.parametrize(
    "name", ["byte_order_mark", "lone_surrogate", "nesting_too_deep", "not_a_number"]
)
@pytest.mark.parametrize("polls", [1, 4])
def test_every_line_gets_a_result_for_a_provider_with_fewer_checks(name: str, polls: int) -> None:
    with closing(Service({}, "compatible")) as service:
        path = FIXTURES / "invalid" / f"{name}.jsonl"
        file = upload(service, path)
        params = {"input_file_id": file.id, "endpoint": CHAT, "completion_window": "24h"}
        batch = service.create_batch(params)
        for _ in range(polls):
            service.poll_batch(batch.id)
        if batch.status != "completed":
            service.cancel_batch(batch.id)
            service.poll_batch(batch.id)

        found = batch.to_dict()
        report = check(path, provider="compatible")
        ids = [found["output_file_id"], found["error_file_id"]]
        assert sum(len(custom_ids(service, file_id)) for file_id in ids) == report.total


def test_request_with_deeply_nested_tools_is_answered(tmp_path: Path) -> None:
    schema: dict[str, object] = {"type": "object"}
    for _ in range(150):
        schema = {"type": "object", "properties": {"a": schema}}
    tool = {"type": "function", "name": "a", "parameters": schema, "strict": False}
    path = tmp_path / "deep.jsonl"
    path.write_bytes(line("a", "/v1/responses", tools=[tool]))
    with closing(Service({})) as service:
        batch = finish(service, upload(service, path), "/v1/responses").to_dict()

        assert batch["request_counts"]["completed"] == 1
        assert custom_ids(service, batch["output_file_id"]) == ["a"]


@pytest.mark.parametrize("name", ["groq", "mistral"])
def test_parameters_that_a_provider_does_not_require_have_defaults(
    name: str, tmp_path: Path
) -> None:
    path = tmp_path / "requests.jsonl"
    path.write_bytes(line("a", CHAT))
    with closing(Service({}, name)) as service:
        file = upload(service, path)
        batch = service.create_batch({"input_file_id": file.id}).to_dict()
        unknown = service.create_batch({"input_file_id": "file-0"}).to_dict()

    assert (batch["endpoint"], batch["completion_window"]) == (CHAT, "24h")
    assert (unknown["endpoint"], unknown["completion_window"]) == ("", "24h")
