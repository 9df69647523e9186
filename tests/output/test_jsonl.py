"""The `jsonl` format: one finding per line."""

from __future__ import annotations

import json
from collections.abc import Callable

from support import FIXTURES, CommandResult

GOOD = str(FIXTURES / "valid" / "embeddings.jsonl")
BAD = str(FIXTURES / "invalid" / "invalid_type.jsonl")
WARNINGS = str(FIXTURES / "invalid" / "blank_line.jsonl")


def test_jsonl_output_has_one_finding_per_line_with_all_fields(
    run: Callable[..., CommandResult],
) -> None:
    out = run("check", "--format=jsonl", GOOD, BAD, WARNINGS).out
    rows = [json.loads(text) for text in out.splitlines()]

    assert [(row["path"], row["line"], row["severity"]) for row in rows] == [
        *((BAD, number, "error") for number in range(2, 7)),
        *((WARNINGS, number, "warning") for number in (2, 3, 5)),
    ]
    assert list(rows[0]) == [
        "path",
        "code",
        "line",
        "message",
        "param",
        "rule",
        "pointer",
        "custom_id",
        "severity",
        "fails",
        "hint",
        "column",
        "fix",
    ]
