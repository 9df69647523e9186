"""The `gitlab` format: code quality reports."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from output.samples import MISSING
from support import CommandResult, line

#: Source: docs.gitlab.com/ci/testing/code_quality, "Code Quality report format" (2025). It is
#: stricter than the types in `test_readers.py`.
CODE_QUALITY = Draft202012Validator(
    {
        "type": "array",
        "items": {
            "type": "object",
            "additionalProperties": False,
            "required": ["description", "check_name", "fingerprint", "severity", "location"],
            "properties": {
                "description": {"type": "string", "minLength": 1},
                "check_name": {"type": "string", "pattern": r"^\w+$"},
                "fingerprint": {"type": "string", "pattern": "^[0-9a-f]{32}$"},
                "severity": {"enum": ["info", "minor", "major", "critical", "blocker"]},
                "location": {
                    "type": "object",
                    "additionalProperties": False,
                    "required": ["path", "lines"],
                    "properties": {
                        "path": {"type": "string", "pattern": r"^(?!\./|/)[^\\]+$"},
                        "lines": {
                            "type": "object",
                            "additionalProperties": False,
                            "required": ["begin"],
                            "properties": {"begin": {"type": "integer", "minimum": 1}},
                        },
                    },
                },
            },
        },
    }
)


def test_report_matches_the_documented_format(render_samples: Callable[[str], str]) -> None:
    text = render_samples("gitlab")
    issues = json.loads(text)

    CODE_QUALITY.validate(issues)
    assert not text.startswith("\ufeff")
    assert {issue["severity"] for issue in issues} == {"minor", "major", "blocker"}
    assert issues[-1]["location"] == {"path": MISSING, "lines": {"begin": 1}}


def test_fingerprints_are_unique_and_do_not_change_if_a_line_is_inserted(
    run: Callable[..., CommandResult], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    lines = [
        line("a", bogus=1),
        line("a", bogus=1),
        line("", bogus=1),
        line(None, bogus=1),
        line("b", dimensions="x"),
    ]

    def fingerprints() -> list[str]:
        Path("x.jsonl").write_bytes(b"".join(lines))
        issues = json.loads(run("check", "--format=gitlab", "x.jsonl").out)
        found = [issue["fingerprint"] for issue in issues]
        assert len(set(found)) == len(found)
        return found

    before = fingerprints()
    lines.insert(0, line("new"))
    assert len(before) == 8
    assert fingerprints() == before
