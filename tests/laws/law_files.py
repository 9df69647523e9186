"""The files over which the laws of `fix` and `split` are tested."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from support import FIXTURES, fixture_files

#: The files of the folders in `BATCHLINT_LAW_FILES`, separated as in `PATH`.
FURTHER: Final = [
    path
    for folder in os.environ.get("BATCHLINT_LAW_FILES", "").split(os.pathsep)
    if folder
    for path in sorted(Path(folder).rglob("*.jsonl"))
]

FILES: Final = [
    *fixture_files("valid", "invalid", "foreign", "wild", "cases/valid"),
    FIXTURES / "cases" / "mutants.jsonl",
    *sorted((FIXTURES / "fix").rglob("*.jsonl")),
    *FURTHER,
]


def name_of(path: Path) -> str:
    """The name of a file in the name of a test."""
    return "-".join(path.parts[-3:])
