"""The pre-commit hook: the files it takes, and a run by pre-commit itself."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml

from support import FIXTURES, ROOT

(HOOK,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))


def test_hook_has_the_fields_that_pre_commit_requires() -> None:
    assert HOOK["id"] == "batchlint"
    assert HOOK["language"] == "python"
    assert HOOK["entry"] == "batchlint check"
    assert HOOK["types"] == ["file"]
    assert HOOK["description"]


@pytest.mark.parametrize(
    ("name", "taken"),
    [
        ("batch.jsonl", True),
        ("data/my_batch_1.jsonl", True),
        ("batch-input.jsonl", True),
        ("BATCH.jsonl", True),
        ("MyBatch.jsonl", True),
        ("batch.json", False),
        ("requests.jsonl", False),
        ("batch/requests.jsonl", False),
        ("batch.jsonl.bak", False),
        ("train.jsonl", False),
        ("batch.JSONL", False),
        ("batchxjsonl", False),
    ],
)
def test_hook_takes_jsonl_files_with_batch_in_their_names(name: str, taken: bool) -> None:
    assert bool(re.search(HOOK["files"], name)) is taken


def run_program(
    *args: str, cwd: Path, env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a program, its standard error within its standard output."""
    return subprocess.run(
        args,
        cwd=cwd,
        env={**os.environ, **(env or {})},
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=600,
        check=False,
    )


def git(*args: str, cwd: Path) -> None:
    """Run git without the user's settings."""
    settings = [
        "user.name=test",
        "user.email=test@example.org",
        "commit.gpgsign=false",
        "core.hooksPath=/dev/null",
        "protocol.file.allow=always",
    ]
    options = [part for setting in settings for part in ("-c", setting)]
    completed = run_program("git", *options, *args, cwd=cwd)
    assert completed.returncode == 0, completed.stdout


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a repository with the tree as it is, committed."""
    if shutil.which("git") is None:
        pytest.skip("needs git")
    folder = tmp_path_factory.mktemp("hook") / "batchlint"
    folder.mkdir()
    for name in ("src", "schemas"):
        shutil.copytree(ROOT / name, folder / name)
    for name in ("pyproject.toml", "README.md", "LICENSE", ".pre-commit-hooks.yaml"):
        shutil.copy(ROOT / name, folder / name)
    git("init", "-q", cwd=folder)
    git("add", "-A", "-f", cwd=folder)
    git("commit", "-q", "-m", "as it is", cwd=folder)
    return folder


def test_pre_commit_installs_and_runs_the_hook(repository: Path, tmp_path: Path) -> None:
    """`pre-commit try-repo` passes on a good file, fails on a bad one, and skips another."""
    pytest.importorskip("pre_commit", reason="needs pre-commit")
    git("init", "-q", cwd=tmp_path)
    shutil.copy(FIXTURES / "valid" / "embeddings.jsonl", tmp_path / "good_batch.jsonl")
    shutil.copy(FIXTURES / "invalid" / "invalid_type.jsonl", tmp_path / "bad batch.jsonl")
    shutil.copy(FIXTURES / "foreign" / "fine_tuning.jsonl", tmp_path / "training.jsonl")
    git("add", "-A", cwd=tmp_path)
    env = {
        "PRE_COMMIT_HOME": str(tmp_path / "home"),
        "PRE_COMMIT_COLOR": "never",
        "PYTHONPATH": "",
    }
    command = [sys.executable, "-m", "pre_commit", "try-repo", str(repository), "batchlint"]

    def run_hook(*names: str) -> subprocess.CompletedProcess[str]:
        return run_program(*command, "--files", *names, cwd=tmp_path, env=env)

    good = run_hook("good_batch.jsonl", "training.jsonl")
    offline = "No matching distribution|Could not fetch|NameResolution|ConnectionError|Retrying"
    if good.returncode == 3 and re.search(offline, good.stdout):
        pytest.skip("needs a package index to install the hook from")
    assert (good.returncode, "Passed" in good.stdout) == (0, True), good.stdout
    bad = run_hook("good_batch.jsonl", "bad batch.jsonl")
    assert (bad.returncode, "Failed" in bad.stdout) == (1, True), bad.stdout
    finding = "bad batch.jsonl:2:167: invalid_type body.temperature: Invalid type for 'temperature'"
    assert finding in bad.stdout
    assert "2 files, 1 with errors" in bad.stdout
    skipped = run_hook("training.jsonl")
    assert (skipped.returncode, "Skipped" in skipped.stdout) == (0, True), skipped.stdout
