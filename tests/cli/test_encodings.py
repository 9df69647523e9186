"""Machine-readable formats are UTF-8 in any locale."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from batchlint.output import FORMATS
from support import line

ENVIRONMENTS = [
    {"PYTHONIOENCODING": "cp1252"},
    {"PYTHONIOENCODING": "ascii"},
    {"PYTHONIOENCODING": "utf-16"},
    {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    {"PYTHONIOENCODING": "latin-1:strict", "PYTHONUNBUFFERED": "1"},
]


def run_check(format_name: str, path: Path, **env: str) -> bytes:
    """Return the bytes that `batchlint check` prints."""
    return subprocess.run(
        [sys.executable, "-m", "batchlint", "check", f"--format={format_name}", path.name],
        cwd=path.parent,
        env=os.environ | env,
        capture_output=True,
        check=False,
    ).stdout


@pytest.mark.parametrize("format_name", [name for name in FORMATS if name != "text"])
def test_machine_readable_formats_are_utf8_in_any_locale(format_name: str, tmp_path: Path) -> None:
    path = tmp_path / "größe.jsonl"
    path.write_bytes(line("ü\U0001f600\u202e\x7f", encoding_format="größe 你 €"))
    expected = run_check(format_name, path, PYTHONUTF8="1")

    for env in ENVIRONMENTS:
        assert run_check(format_name, path, **env) == expected, env
    assert format_name == "batch" or "größe" in expected.decode()
    if format_name in ("json", "gitlab", "sarif"):
        json.loads(expected)
    if format_name == "junit":
        ET.fromstring(expected)
    if format_name == "jsonl":
        assert json.loads(expected)["custom_id"] == "ü\U0001f600\u202e\x7f"


@pytest.mark.parametrize("format_name", ["json", "jsonl", "sarif", "junit"])
def test_invisible_characters_are_escaped(format_name: str, tmp_path: Path) -> None:
    path = tmp_path / "batch.jsonl"
    path.write_bytes(line("\U000e0041\u202e\x7f", encoding_format="x"))
    text = run_check(format_name, path).decode()

    assert not set("\U000e0041\u202e\x7f") & set(text)
