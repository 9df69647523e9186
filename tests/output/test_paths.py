"""Paths as CI services expect them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from batchlint.output.paths import from_root, uri


def test_path_becomes_a_relative_reference(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    odd = os.path.join("a b", "..", "c d", "ü%#?:.jsonl")  # noqa: PTH118

    assert uri(odd) == "c%20d/%C3%BC%25%23%3F%3A.jsonl"
    assert uri(str(tmp_path / "x.jsonl")) == "x.jsonl"
    assert uri(str(tmp_path.parent / "x.jsonl")) == (tmp_path.parent / "x.jsonl").as_uri()


@pytest.mark.parametrize("variable", ["GITHUB_WORKSPACE", "CI_PROJECT_DIR"])
def test_root_is_the_directory_that_the_service_names(
    variable: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, str(tmp_path))
    (tmp_path / "inner").mkdir()
    monkeypatch.chdir(tmp_path / "inner")

    assert from_root("x.jsonl") == "inner/x.jsonl"
