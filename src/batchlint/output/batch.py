"""The `batch` format: the API's response."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from . import Options
from .document import to_json_document
from .result import FileResult


def render(files: Iterable[FileResult], _options: Options) -> Iterator[str]:
    """Yield one line per file: the Batch object or the error object that the API would return.

    For a file that can't be read, the line is an error object with batchlint's own `type`.
    """
    for file in files:
        response = (
            file.report.to_batch()
            if file.report is not None
            else {
                "error": {
                    "message": file.error,
                    "type": "unreadable_file",
                    "param": "file",
                    "code": None,
                }
            }
        )
        yield to_json_document(response)
