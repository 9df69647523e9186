"""The format `batch`: the API's response."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from . import Options
from .document import to_json_document
from .result import FileResult


def render(files: Iterable[FileResult], _options: Options) -> Iterator[str]:
    """One line per file: the Batch object or the error object that the API would return.

    A file that cannot be read gets an error object that the API does not have.
    """
    for file in files:
        answer = (
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
        yield to_json_document(answer)
