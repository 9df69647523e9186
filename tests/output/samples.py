"""Sample files for the output format tests, and functions that render results."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from batchlint import check
from batchlint.output import FORMATS, Options
from batchlint.output.result import FileResult
from support import FIXTURES

SAMPLES: Final = FIXTURES / "formats"

#: A file with findings, a file without findings, and a file that doesn't exist.
MIXED: Final = "50% off, all.jsonl"
CLEAN: Final = "clean.jsonl"
MISSING: Final = "missing.jsonl"


def render(name: str, *files: FileResult, options: Options | None = None) -> str:
    """Render results in a format."""
    return "".join(FORMATS[name].render(files, options or Options()))


def render_text(path: Path, max_errors: int = 20, *, keep: int = 1000, **options: Any) -> list[str]:
    """Check a file, and return the lines of its text report, which calls the file `x`."""
    result = FileResult(
        "x", check(path, name="x.jsonl", keep=keep), source=str(path), stored=str(path)
    )
    return render("text", result, options=Options(max_errors, **options)).splitlines()
