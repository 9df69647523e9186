"""The inputs of the GitHub action, as the command receives them."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from support import ROOT

pytestmark = pytest.mark.skipif(shutil.which("bash") is None, reason="the action's shell is bash")


def arguments(directory: Path, files: str, args: str = "") -> list[str]:
    """Run the action's last step in a directory, and return the arguments of the command."""
    (step,) = [
        step
        for step in yaml.safe_load((ROOT / "action.yml").read_text())["runs"]["steps"]
        if step["name"] == "Check"
    ]
    command = directory / "temp" / "batchlint" / "bin" / "batchlint"
    command.parent.mkdir(parents=True)
    command.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    command.chmod(0o755)
    completed = subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
        cwd=directory,
        env={**os.environ, "FILES": files, "ARGS": args, "RUNNER_TEMP": str(directory / "temp")},
        capture_output=True,
        text=True,
        check=True,
    )
    return completed.stdout.splitlines()


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    for name in ("a.jsonl", "b.jsonl", "--output-file=a.jsonl"):
        (tmp_path / name).write_text("", "utf-8")
    return tmp_path


def test_globs_in_the_files_input_are_expanded(directory: Path) -> None:
    assert arguments(directory, "[ab].jsonl\nc.jsonl") == [
        "check",
        "--",
        "a.jsonl",
        "b.jsonl",
        "c.jsonl",
    ]


def test_double_star_matches_nested_directories(directory: Path) -> None:
    nested = directory / "data" / "deeply" / "nested"
    nested.mkdir(parents=True)
    for path in (directory / "data" / "c.jsonl", nested / "d.jsonl"):
        path.write_text("", "utf-8")

    assert arguments(directory, "data/**/*.jsonl") == [
        "check",
        "--",
        "data/c.jsonl",
        "data/deeply/nested/d.jsonl",
    ]


def test_globs_in_the_args_input_are_not_expanded(directory: Path) -> None:
    options = "--strict --exclude *.jsonl ??output*"

    assert arguments(directory, "a.jsonl", options) == ["check", *options.split(), "--", "a.jsonl"]


def test_file_name_that_looks_like_an_option_is_passed_as_a_file(directory: Path) -> None:
    assert arguments(directory, "*output*") == ["check", "--", "--output-file=a.jsonl"]


def test_no_module_is_imported_from_the_working_directory(tmp_path: Path) -> None:
    (step,) = [
        step
        for step in yaml.safe_load((ROOT / "action.yml").read_text())["runs"]["steps"]
        if step["name"] == "Install batchlint"
    ]
    log = tmp_path / "log"
    python = tmp_path / "batchlint" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(f'#!/bin/sh\necho "$1" "$2" "$3" >> "{log}"\n')
    python.chmod(0o755)

    subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
        env={**os.environ, "PYTHON": str(python), "SOURCE": ".", "RUNNER_TEMP": str(tmp_path)},
        check=True,
    )

    assert log.read_text().splitlines() == ["-I -m venv", "-I -m pip"]
