"""Sample files for the command-line tests."""

from __future__ import annotations

from typing import Final

from support import FIXTURES

#: Files with no findings, with errors, with only warnings, and with hundreds of errors.
GOOD: Final = str(FIXTURES / "valid" / "embeddings.jsonl")
BAD: Final = str(FIXTURES / "invalid" / "invalid_type.jsonl")
WARNINGS: Final = str(FIXTURES / "invalid" / "blank_line.jsonl")
MANY_ERRORS: Final = str(FIXTURES / "cases" / "mutants.jsonl")
