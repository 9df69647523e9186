"""The `rdjson` format: the Reviewdog Diagnostic Format, which reviewdog posts as review comments.

Source: `proto/rdf/reviewdog.proto` in reviewdog/reviewdog, November 2026.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from ..findings import BatchError
from ..locate import Location
from . import Options
from .document import to_json_document
from .links import SITE, rule_page
from .locate import locate_all
from .paths import from_root
from .result import FileResult
from .wording import label


def render(files: Iterable[FileResult], _options: Options) -> Iterator[str]:
    """Yield one document with all kept findings. A file that can't be read is a diagnostic too."""
    diagnostics = [diagnostic for file in files for diagnostic in _diagnostics(file)]
    source = {"name": "batchlint", "url": SITE}
    yield to_json_document({"source": source, "diagnostics": diagnostics}, indent=True)


def _diagnostics(file: FileResult) -> Iterator[dict[str, Any]]:
    path = file.path if file.source is None else from_root(file.source)
    path = path.encode(errors="replace").decode()  # JSON can't contain lone surrogates.
    if file.report is None:
        yield {
            "message": f"The file could not be read: {file.error}",
            "location": {"path": path},
            "severity": "ERROR",
        }
        return
    findings = sorted([*file.report.errors, *file.report.warnings])
    for error, location in locate_all(file.stored, findings):
        hint = f"\n{error.hint}" if error.hint else ""
        yield {
            "message": f"{label(error)}: {error.message}{hint}",
            "location": {"path": path, "range": _range(error, location)},
            "severity": error.severity.upper(),
            "code": {"value": error.rule, "url": rule_page(error.rule)},
        }


def _range(error: BatchError, location: Location | None) -> dict[str, Any]:
    """Return the location in the file. Columns count bytes, so they require the text of the line."""
    line = error.line or 1
    if location is None:
        return {"start": {"line": line}}
    return {
        "start": {"line": line, "column": _bytes(location.text[: location.start]) + 1},
        "end": {"line": line, "column": _bytes(location.text[: location.end]) + 1},
    }


def _bytes(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))
