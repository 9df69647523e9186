"""The operations of the routes, independent of HTTP: upload, create, poll and cancel."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from .. import providers
from ..arguments import epoch_seconds
from ..engine.check import check, check_create, iter_errors
from ..findings import BatchError
from ..report import Report
from . import errors
from .batches import Batch, Outcome
from .files import MAX_LIFETIME_SECONDS, MIN_LIFETIME_SECONDS, FileStore, StoredFile
from .outputs import Outputs
from .results import Job, Results, cancel_results, first_rejections, write_results
from .uploads import Upload

#: The default and maximum `limit` when listing files. Source: the API reference, August 2026.
FILE_PAGE: Final = 10_000

#: The default and the maximum `limit` when listing batches (same source).
BATCH_PAGE: Final = (20, 100)

#: The maximum size of a file in bytes if the provider's limit is unknown.
_DEFAULT_MAX_BYTES: Final = 512 << 20


class Service:
    """All files and batches of a server.

    Attributes:
        files: all files.
        max_bytes: the maximum size of an uploaded file.
    """

    def __init__(self, outputs: Outputs, provider: str = "openai") -> None:
        """Create a service without files.

        Args:
            outputs: results by custom_id, to use instead of canned responses.
            provider: the service whose checks apply.

        Raises:
            ValueError: there is no such provider.
        """
        self._provider = providers.provider(provider)
        self._outputs = outputs
        self._batches: dict[str, Batch] = {}
        self.files = FileStore()
        self.max_bytes = self._provider.limits.bytes or _DEFAULT_MAX_BYTES

    def close(self) -> None:
        """Remove all files."""
        self.files.close()

    def create_file(self, upload: Upload, path: Path) -> StoredFile:
        """Check an upload and store its file.

        Args:
            upload: the fields and the file name of the upload.
            path: the path of the uploaded file.

        Raises:
            ApiError: the API would reject the upload.
            OSError: the file can't be read.
        """
        if upload.filename is None:
            raise errors.missing_part("file")
        if "purpose" not in upload.fields:
            raise errors.missing_part("purpose")
        if upload.fields["purpose"] != "batch":
            raise errors.wrong_purpose(upload.fields["purpose"])
        lifetime = _lifetime(upload.fields)
        report = check(path, name=upload.filename, provider=self._provider.name)
        for error in report.errors:
            if error.fails == "upload":
                raise errors.rejection(error)
        return self.files.add(path, upload.filename, "batch", epoch_seconds(None), lifetime, report)

    def create_batch(self, params: Any) -> Batch:
        """Create a batch. Check and answer its requests. Clients see the results later.

        Args:
            params: the decoded body of the create call.

        Raises:
            ApiError: the API would reject the call.
            OSError: a file can't be read or written.
        """
        if not isinstance(params, dict):
            raise errors.not_an_object()
        try:
            findings = check_create(params, provider=self._provider.name)
        except TypeError:  # The parameters are nested too deeply.
            raise errors.not_json() from None
        for error in findings:
            if error.severity == "error":
                raise errors.rejection(error)
        params = self._with_defaults(params)
        number = len(self._batches) + 1
        now = epoch_seconds(None)
        outcome = self._outcome(number, params, now)
        lifetime = (params.get("output_expires_after") or {}).get("seconds", MAX_LIFETIME_SECONDS)
        batch_id = f"batch_batchlint{number:022}"

        def publish(results: Results) -> tuple[str | None, str | None]:
            return self._publish(batch_id, results, lifetime)

        batch = self._batches[batch_id] = Batch(batch_id, params, outcome, now, publish)
        return batch

    def _with_defaults(self, params: dict[str, Any]) -> dict[str, Any]:
        """Add the parameters that some services don't require. The file determines the endpoint."""
        stored = self.files.find(params["input_file_id"])
        report = None if stored is None else stored.report
        endpoint = "" if report is None else report.endpoint or ""
        return {"endpoint": endpoint, "completion_window": "24h", **params}

    def _outcome(self, number: int, params: dict[str, Any], now: int) -> Outcome:
        """Check and answer the requests of a batch and return the outcome."""
        stored = self.files.find(params["input_file_id"])
        if stored is None:
            return Outcome([_cannot_find(params["input_file_id"])])
        profile = self._provider
        url = params["endpoint"]
        endpoint = url if profile.endpoint(url) is not None else None
        report = stored.report
        if report is None or report.endpoint != url or not profile.needs_url:
            report = check(
                stored.path, name=stored.filename, endpoint=endpoint, provider=profile.name
            )
        failure = _failure(report)
        if failure is not None:
            return Outcome(failure)
        findings: Iterable[BatchError] = ()
        if report.failed:
            findings = iter_errors(stored.path, endpoint=endpoint, provider=profile.name)
        job = Job(number, profile, url, now, self._outputs)
        output = self.files.new_path()
        bad = self.files.new_path()
        results = write_results(job, stored.path, first_rejections(findings), output, bad)
        return Outcome(results=results, model=report.models[0] if report.models else None)

    def _publish(
        self, batch_id: str, results: Results, lifetime: int
    ) -> tuple[str | None, str | None]:
        """Store the results as files and return their IDs. Empty files are not stored."""
        ids: list[str | None] = []
        for path, kind in ((results.output, "output"), (results.errors, "error")):
            if path.stat().st_size:
                name = f"{batch_id}_{kind}.jsonl"
                stored = self.files.add(path, name, "batch_output", epoch_seconds(None), lifetime)
                ids.append(stored.id)
            else:
                path.unlink()
                ids.append(None)
        return ids[0], ids[1]

    def list_batches(self) -> list[Batch]:
        """Advance all batches and return them, newest first.

        Raises:
            OSError: the result files can't be stored.
        """
        batches = [*self._batches.values()][::-1]
        for batch in batches:
            batch.advance(epoch_seconds(None), polled=False)
        return batches

    def poll_batch(self, batch_id: str) -> Batch:
        """Advance a batch by at least one state, unless it has ended, and return it.

        Raises:
            ApiError: there is no such batch.
            OSError: the result files can't be stored.
        """
        batch = self._get_batch(batch_id)
        batch.advance(epoch_seconds(None), polled=True)
        return batch

    def cancel_batch(self, batch_id: str) -> Batch:
        """Start cancelling a batch.

        Raises:
            ApiError: there is no such batch, or it has completed or failed.
            OSError: the result files can't be written.
        """
        batch = self._get_batch(batch_id)
        batch.advance(epoch_seconds(None), polled=False)
        batch.cancel(epoch_seconds(None), cancel_results)
        return batch

    def _get_batch(self, batch_id: str) -> Batch:
        if batch_id not in self._batches:
            raise errors.no_such_batch(batch_id)
        return self._batches[batch_id]


def _failure(report: Report) -> list[dict[str, Any]] | None:
    """Return the `errors.data` of a batch that fails. None if it doesn't fail."""
    # The upload was already accepted, so only errors that fail the batch count.
    batch = replace(report, create={}).to_batch()
    if batch.get("status") != "failed":
        return None
    data: list[dict[str, Any]] = batch["errors"]["data"]
    return data


def _cannot_find(file_id: str) -> dict[str, Any]:
    """Return the error of a batch whose input file doesn't exist.

    Source: ogx-ai/ogx `test_batches_errors.py`, August 2025. The organization is fictitious.
    """
    return {
        "code": "invalid_request",
        "message": f"Cannot find file {file_id[:64]}, or organization org-batchlint does not have "
        "access to it.",
        "param": "file_id",
        "line": None,
    }


def _lifetime(fields: dict[str, str]) -> int:
    """Return the lifetime of a file that the client requests, in seconds.

    Raises:
        ApiError: the anchor is not supported, or the lifetime is not an integer or out of range.
    """
    name = "expires_after.seconds"
    anchor = fields.get("expires_after[anchor]", "created_at")
    if anchor != "created_at":
        raise errors.unsupported("expires_after.anchor", anchor, "created_at")
    text = fields.get("expires_after[seconds]", str(MAX_LIFETIME_SECONDS))
    if not text.isdecimal() or not text.isascii():
        raise errors.not_an_integer(name)
    seconds = int(text)
    if not MIN_LIFETIME_SECONDS <= seconds <= MAX_LIFETIME_SECONDS:
        raise errors.out_of_range(name, seconds, MIN_LIFETIME_SECONDS, MAX_LIFETIME_SECONDS)
    return seconds
