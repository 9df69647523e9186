"""With the official client: check a file, then upload it and create its batch."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from .api import check
from .findings import by_severity
from .report import Report

if TYPE_CHECKING:
    from openai import OpenAI
    from openai.types import Batch

#: Arguments of the client's methods that are no parameters of the create call.
_OF_THE_CLIENT: Final = {"extra_headers", "extra_query", "extra_body", "timeout"}


class BatchInputError(Exception):
    """A batch input file, or the parameters of its create call, have errors; nothing was uploaded.

    Attributes:
        report: the report of the check.
    """

    def __init__(self, report: Report) -> None:
        super().__init__(report)
        self.report = report

    def __str__(self) -> str:
        count, _ = by_severity(self.report.counts)
        first = min(self.report.errors)
        place = (
            ""
            if first.fails == "create"
            else f"{self.report.path}: "
            if first.line is None
            else f"{self.report.path}:{first.line}: "
        )
        return f"{count:,} {'error' if count == 1 else 'errors'}, the first: {place}{first.message}"


def create_batch(
    client: OpenAI, path: str | os.PathLike[str], *, endpoint: str, **create_params: Any
) -> Batch:
    """Check a batch input file and the create call's parameters; without errors, upload the file and create the batch.

    Args:
        client: an `openai.OpenAI`, or what has its `files.create` and `batches.create`.
        path: the file.
        endpoint: the batch's, one of the eight.
        create_params: what else `client.batches.create` takes: `metadata`, `output_expires_after`, and
            `completion_window`, which is "24h" unless it is given. `openai.omit` and `openai.NOT_GIVEN` mean
            that a parameter isn't given.

    Returns:
        The Batch, as the API has created it; its `input_file_id` is that of the upload.

    Raises:
        BatchInputError: the file or the parameters have errors; nothing was uploaded.
        OSError: the file cannot be read.
        TypeError: `input_file_id` is given, which comes from the upload.
        ValueError: `endpoint` is no batch endpoint.
    """
    given = {name: value for name, value in create_params.items() if not _is_omitted(value)}
    if "input_file_id" in given:
        raise TypeError("input_file_id comes from the upload; leave it out")
    params = {"completion_window": "24h", **given}
    create = {name: value for name, value in params.items() if name not in _OF_THE_CLIENT}
    report = check(path, endpoint=endpoint, create=create)
    if not report.ok:
        raise BatchInputError(report)
    with Path(path).open("rb") as file:
        uploaded = client.files.create(file=file, purpose="batch")
    make: Any = client.batches.create
    batch: Batch = make(input_file_id=uploaded.id, endpoint=endpoint, **params)
    return batch


def _is_omitted(value: Any) -> bool:
    """Whether a value is one of those with which the official client leaves a parameter out.

    Nobody has one without having imported the client, so this doesn't import it.
    """
    client = sys.modules.get("openai")
    kinds = (getattr(client, name, None) for name in ("Omit", "NotGiven"))
    return any(isinstance(kind, type) and isinstance(value, kind) for kind in kinds)
