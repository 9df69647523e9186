"""Paths in the form that CI services expect."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from batchlint.output.paths import from_root, uri


def test_uri_is_relative_inside_the_working_directory_and_absolute_outside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    unusual = os.path.join("a b", "..", "c d", "ü%#?:.jsonl")  # noqa: PTH118

    assert uri(unusual) == "c%20d/%C3%BC%25%23%3F%3A.jsonl"
    assert uri(str(tmp_path / "x.jsonl")) == "x.jsonl"
    assert uri(str(tmp_path.parent / "x.jsonl")) == (tmp_path.parent / "x.jsonl").as_uri()


@pytest.mark.parametrize("variable", ["GITHUB_WORKSPACE", "CI_PROJECT_DIR"])
def test_paths_are_relative_to_the_root_in_the_environment(
    variable: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, str(tmp_path))
    (tmp_path / "inner").mkdir()
    monkeypatch.chdir(tmp_path / "inner")

    assert from_root("x.jsonl") == "inner/x.jsonl"
