"""The examples in `docs/scale.md` that read from S3, run unchanged."""

from __future__ import annotations

import re
from typing import Any

import pytest

from batchlint import check
from remote.conftest import S3
from support import ROOT, line, run_command

pytestmark = pytest.mark.remote

PAGE = (ROOT / "docs" / "scale.md").read_text("utf-8")


def test_documented_python_examples_give_the_expected_results(s3: S3) -> None:
    first = s3.put("2026-11/part-0001.jsonl", line("a"))
    second = s3.put("2026-11/part-0002.jsonl", line("a", bogus=1))
    blocks = re.findall(r"^```python\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
    names: dict[str, Any] = {}
    for block in blocks:
        if "s3://" in block:
            exec(compile(block, "scale.md", "exec"), names)

    assert names["report"] == check(line("a"), name=first)
    assert names["bad"] == [second]


def test_documented_commands_pass(s3: S3) -> None:
    s3.put("2026-11/part-0001.jsonl", line("a"))
    s3.put("2026-11/part-0002.jsonl", line("b"))
    commands = re.findall(r"^batchlint check (\"?s3\S+)", PAGE, re.MULTILINE)

    assert len(commands) == 3
    for url in commands:
        result = run_command("check", url.strip('"'), env=s3.variables)
        assert (result.status, result.err) == (0, ""), result
