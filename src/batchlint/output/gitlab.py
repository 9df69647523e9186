"""The `gitlab` format: a GitLab Code Quality report."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from . import Options
from .document import to_json_document
from .fingerprints import Fingerprints
from .paths import from_root
from .result import FileResult
from .wording import label


def render(files: Iterable[FileResult], _options: Options) -> Iterator[str]:
    """Yield one JSON array of all kept findings. A file that can't be read is a finding too."""
    fingerprints = Fingerprints()
    issues = [issue for file in files for issue in _issues(file, fingerprints)]
    yield to_json_document(issues, indent=True)


def _issues(file: FileResult, fingerprints: Fingerprints) -> Iterator[dict[str, Any]]:
    path = from_root(file.source) if file.source is not None else file.path
    path = path.encode(errors="replace").decode()  # JSON can't contain lone surrogates.
    if file.report is None:
        yield _issue(
            "unreadable_file",
            f"The file could not be read: {file.error}",
            fingerprints.from_parts(path, "unreadable_file"),
            "blocker",
            path,
            None,
        )
        return
    for error in sorted([*file.report.errors, *file.report.warnings]):
        severity = (
            "minor"
            if error.severity == "warning"
            else "major"
            if error.fails in ("request", None)
            else "blocker"
        )
        yield _issue(
            error.rule,
            f"{label(error)}: {error.message}" + (f" {error.hint}" if error.hint else ""),
            fingerprints.for_finding(path, error),
            severity,
            path,
            error.line,
        )


def _issue(
    rule: str, text: str, fingerprint: str, severity: str, path: str, line: int | None
) -> dict[str, Any]:
    return {
        "description": text,
        "check_name": rule,
        "fingerprint": fingerprint,
        "severity": severity,
        "location": {"path": path, "lines": {"begin": line or 1}},
    }
