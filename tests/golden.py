"""Golden files in `fixtures/`, which `BATCHLINT_UPDATE_GOLDEN=1 pytest` rewrites."""

from __future__ import annotations

import os
from pathlib import Path


def assert_matches_golden(text: str, path: Path) -> None:
    """Compare text with a golden file, byte for byte."""
    if os.environ.get("BATCHLINT_UPDATE_GOLDEN"):
        path.write_text(text, "utf-8", newline="\n")
    assert path.exists(), (
        "BATCHLINT_UPDATE_GOLDEN=1 writes this file. Review it before you commit it."
    )
    assert path.read_bytes().decode() == text
