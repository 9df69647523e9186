"""Expected texts in `fixtures/`, which `BATCHLINT_UPDATE_GOLDEN=1 pytest` rewrites."""

from __future__ import annotations

import os
from pathlib import Path


def assert_matches_golden(text: str, path: Path) -> None:
    """Compare a text with the contents of a file, byte for byte."""
    if os.environ.get("BATCHLINT_UPDATE_GOLDEN"):
        path.write_text(text, "utf-8", newline="\n")
    assert path.exists(), "BATCHLINT_UPDATE_GOLDEN=1 writes the expected text; read it, then commit"
    assert path.read_bytes().decode() == text
