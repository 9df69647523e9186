"""The format `batch`: what the API would answer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from . import Options
from .document import to_json
from .result import FileResult


def render(files: Iterable[FileResult], _options: Options) -> Iterator[str]:
    """One line a file: the Batch object, or the error object, that the API would answer; or why it cannot be read."""
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
        yield to_json(answer)
