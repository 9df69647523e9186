"""Sample files for the tests of the command line."""

from __future__ import annotations

from typing import Final

from support import FIXTURES

#: Files without findings, with errors, with warnings only, and with hundreds of errors.
GOOD: Final = str(FIXTURES / "valid" / "embeddings.jsonl")
BAD: Final = str(FIXTURES / "invalid" / "invalid_type.jsonl")
WARNED: Final = str(FIXTURES / "invalid" / "blank_line.jsonl")
MANY: Final = str(FIXTURES / "cases" / "mutants.jsonl")
