"""The `json` format: one JSON document."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from . import Options
from .document import to_json_document
from .result import FileResult


def render(files: Iterable[FileResult], _options: Options) -> Iterator[str]:
    """Yield one document for all files (`schemas/report.json`)."""
    from .. import __version__

    entries = [
        {"path": file.path, "ok": False, "error": file.error}
        if file.report is None
        else file.report.to_dict() | {"path": file.path}
        for file in files
    ]
    is_ok = all(entry["ok"] for entry in entries)
    document = {"version": __version__, "ok": is_ok, "files": entries}
    yield to_json_document(document, indent=True)
