"""`create_batch`: checks and uploads a file and creates its batch with the official client."""

from __future__ import annotations

import inspect
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from .engine.check import check
from .findings import count_by_severity
from .report import Report
from .sources import FILE_CHANGED, FileIdentity

if TYPE_CHECKING:
    from openai import OpenAI
    from openai.types import Batch

#: Arguments of the client's methods that are not parameters of the create call.
_CLIENT_ARGUMENTS: Final = {"extra_headers", "extra_query", "extra_body", "timeout"}


class BatchInputError(Exception):
    """The file or the parameters of the create call have errors. Nothing was uploaded.

    Attributes:
        report: the report of the check.
    """

    def __init__(self, report: Report) -> None:
        super().__init__(report)
        self.report = report

    def __str__(self) -> str:
        count, _ = count_by_severity(self.report.counts)
        first = min(self.report.errors)
        location = ""
        if first.fails != "create":
            line = "" if first.line is None else f"{first.line}:"
            location = f"{self.report.path}:{line} "
        start = "1 error" if count == 1 else f"{count:,} errors, the first"
        return f"{start}: {location}{first.message}"


def create_batch(
    client: OpenAI, path: str | os.PathLike[str], *, endpoint: str, **create_params: Any
) -> Batch:
    """Check a file and the parameters of its create call, then upload it and create the batch.

    If there are errors, nothing is uploaded. The file is opened only once, so the API gets exactly
    the file that was checked. If it changes before the upload ends, no batch is created.

    Args:
        client: an `openai.OpenAI`, or an object with the same `files.create` and `batches.create`.
        path: the path of the file.
        endpoint: the URL of the batch endpoint.
        create_params: further parameters of `client.batches.create`, such as `metadata`,
            `output_expires_after` and `completion_window` (default: "24h"). Parameters that are
            `openai.omit` or `openai.NOT_GIVEN` are ignored.

    Returns:
        The Batch that the API created. Its `input_file_id` is the ID of the uploaded file.

    Raises:
        BatchInputError: the file or the parameters have errors. Nothing was uploaded.
        OSError: the file can't be read, or it changed while it was being checked or uploaded.
        TypeError: the client is asynchronous, or `input_file_id` was passed. The upload determines
            it.
        ValueError: `endpoint` is not a batch endpoint.
    """
    if inspect.iscoroutinefunction(client.files.create):
        raise TypeError("create_batch needs a synchronous client, such as openai.OpenAI")
    passed = {name: value for name, value in create_params.items() if not _is_omitted(value)}
    if "input_file_id" in passed:
        raise TypeError("input_file_id comes from the upload; don't pass it")
    params = {"completion_window": "24h", **passed}
    create = {name: value for name, value in params.items() if name not in _CLIENT_ARGUMENTS}
    name = os.fsdecode(path)
    with Path(name).open("rb") as file:
        identity = FileIdentity.from_stat(os.fstat(file.fileno()))
        report = check(file, name=name, endpoint=endpoint, create=create)
        if not report.ok:
            raise BatchInputError(report)
        if FileIdentity.from_stat(os.fstat(file.fileno())) != identity:
            raise OSError(FILE_CHANGED)
        file.seek(0)
        uploaded = client.files.create(file=file, purpose="batch")
        if FileIdentity.from_stat(os.fstat(file.fileno())) != identity:
            raise OSError(f"the file changed while it was being uploaded as {uploaded.id}")
    create_call: Any = client.batches.create
    batch: Batch = create_call(input_file_id=uploaded.id, endpoint=endpoint, **params)
    return batch


def _is_omitted(value: Any) -> bool:
    """Return whether a value is one of the official client's markers for omitted arguments.

    Only a program that has imported the client can pass a marker, so this function doesn't import
    the client.
    """
    client = sys.modules.get("openai")
    markers = (getattr(client, name, None) for name in ("Omit", "NotGiven"))
    return any(isinstance(marker, type) and isinstance(value, marker) for marker in markers)
