"""The `jsonl` format: one finding per line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from . import Options
from .document import to_json_document
from .result import FileResult


def render(files: Iterable[FileResult], _options: Options) -> Iterator[str]:
    """Yield one finding per line, errors first, each with the path of its file.

    A file that can't be read gets a line too.
    """
    for file in files:
        if file.report is None:
            yield to_json_document({"path": file.path, "error": file.error})
        else:
            for error in (*file.report.errors, *file.report.warnings):
                yield to_json_document({"path": file.path} | error.to_dict())
