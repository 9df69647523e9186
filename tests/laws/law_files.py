"""The files with which the laws about `fix` and `split` are tested."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from support import FIXTURES, fixture_files

#: Files in the directories that `BATCHLINT_LAW_FILES` lists, separated as in `PATH`.
EXTRA_FILES: Final = [
    path
    for directory in os.environ.get("BATCHLINT_LAW_FILES", "").split(os.pathsep)
    if directory
    for path in sorted(Path(directory).rglob("*.jsonl"))
]

FILES: Final = [
    *fixture_files("valid", "invalid", "foreign", "wild", "cases/valid"),
    FIXTURES / "cases" / "mutants.jsonl",
    *sorted((FIXTURES / "fix").rglob("*.jsonl")),
    *EXTRA_FILES,
]


def file_id(path: Path) -> str:
    """Return the test ID for a file."""
    return "-".join(path.parts[-3:])
