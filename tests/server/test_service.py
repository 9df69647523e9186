"""Results for real files agree with the report of the check."""

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
from support import FIXTURES, fixture_files, rows


def upload(service: Service, path: Path) -> StoredFile:
    """Pass a file to the service, as an upload does."""
    copy = service.files.new_path()
    shutil.copy(path, copy)
    return service.create_file(Upload({"purpose": "batch"}, path.name, path.stat().st_size), copy)


def finish(service: Service, file: StoredFile, endpoint: str) -> Batch:
    """Create the batch of a file, and poll it until it ends."""
    params = {"input_file_id": file.id, "endpoint": endpoint, "completion_window": "24h"}
    batch = service.create_batch(params)
    for _ in range(4):
        service.poll_batch(batch.id)
    return batch


def custom_ids(service: Service, file_id: str | None) -> list[str]:
    """The custom_ids of an output file or an error file."""
    if file_id is None:
        return []
    return [row["custom_id"] for row in rows(service.files.get(file_id).path)]


OPENAI = fixture_files("valid", "invalid", "wild")
OTHERS = sorted((FIXTURES / "providers").glob("*/*.jsonl"))


@pytest.mark.parametrize(
    ("provider", "path"),
    [*(("openai", path) for path in OPENAI), *((path.parent.name, path) for path in OTHERS)],
    ids=[f"{path.parent.name}/{path.stem}" for path in (*OPENAI, *OTHERS)],
)
def test_results_agree_with_the_report(provider: str, path: Path) -> None:
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
            listed = check(path, provider=provider, endpoint=endpoint).to_batch()["errors"]
            assert batch["errors"] == listed
            return
        refused = {error.custom_id for error in report.errors if error.fails == "request"}
        assert batch["status"] == "completed"
        assert batch["request_counts"] == {
            "total": report.total,
            "completed": report.total - report.failed,
            "failed": report.failed,
        }
        assert set(custom_ids(service, batch["error_file_id"])) == refused
        assert len(custom_ids(service, batch["output_file_id"])) == report.total - report.failed
