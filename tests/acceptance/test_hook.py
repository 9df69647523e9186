"""The pre-commit hook, run by pre-commit itself, and which files it looks at."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from support import FIXTURES, ROOT

(HOOK,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))


def test_the_hook_has_what_pre_commit_wants() -> None:
    assert (HOOK["id"], HOOK["language"], HOOK["entry"], HOOK["types"]) == ("batchlint", "python", "batchlint check", ["file"])
    assert HOOK["description"]


@pytest.mark.parametrize(("name", "taken"), [
    ("batch.jsonl", True), ("data/my_batch_1.jsonl", True), ("batch-input.jsonl", True), ("BATCH.jsonl", True), ("MyBatch.jsonl", True),
    ("batch.json", False), ("requests.jsonl", False), ("batch/requests.jsonl", False), ("batch.jsonl.bak", False),
    ("train.jsonl", False), ("batch.JSONL", False), ("batchxjsonl", False)])
def test_the_hook_looks_at_names_with_batch_that_end_in_jsonl(name: str, taken: bool) -> None:
    assert bool(re.search(HOOK["files"], name)) is taken


def do(*args: str, cwd: Path, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run a program; what it says comes back, with its exit status."""
    return subprocess.run(args, cwd=cwd, env={**os.environ, **(env or {})}, text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=600, check=False)


def git(*args: str, cwd: Path) -> None:
    """Run git without the user's settings."""
    settings = ["user.name=test", "user.email=test@example.org", "commit.gpgsign=false", "core.hooksPath=/dev/null",
                "protocol.file.allow=always"]
    done = do("git", *(part for setting in settings for part in ("-c", setting)), *args, cwd=cwd)
    assert done.returncode == 0, done.stdout


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tree as it is, committed."""
    if shutil.which("git") is None:
        pytest.skip("needs git")
    folder = tmp_path_factory.mktemp("hook") / "batchlint"
    folder.mkdir()
    for name in ("src", "schemas", "pyproject.toml", "README.md", "LICENSE", ".pre-commit-hooks.yaml"):
        copy: Any = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, folder / name)
    git("init", "-q", cwd=folder)
    git("add", "-A", "-f", cwd=folder)
    git("commit", "-q", "-m", "as it is", cwd=folder)
    return folder


def test_pre_commit_installs_the_hook_and_runs_it_on_a_good_and_a_bad_file(repository: Path, tmp_path: Path) -> None:
    """`pre-commit try-repo` on a good file passes, on a bad one it fails and shows what is wrong."""
    pytest.importorskip("pre_commit", reason="needs pre-commit")
    git("init", "-q", cwd=tmp_path)
    shutil.copy(FIXTURES / "valid" / "embeddings.jsonl", tmp_path / "good_batch.jsonl")
    shutil.copy(FIXTURES / "invalid" / "invalid_type.jsonl", tmp_path / "bad batch.jsonl")
    shutil.copy(FIXTURES / "foreign" / "fine_tuning.jsonl", tmp_path / "training.jsonl")
    git("add", "-A", cwd=tmp_path)
    env = {"PRE_COMMIT_HOME": str(tmp_path / "home"), "PRE_COMMIT_COLOR": "never", "PYTHONPATH": ""}

    def hook(*names: str) -> subprocess.CompletedProcess[str]:
        return do(sys.executable, "-m", "pre_commit", "try-repo", str(repository), "batchlint", "--files", *names, cwd=tmp_path, env=env)

    good = hook("good_batch.jsonl", "training.jsonl")
    if good.returncode == 3 and re.search("No matching distribution|Could not fetch|NameResolution|ConnectionError|Retrying", good.stdout):
        pytest.skip("needs a package index to install the hook from")
    assert (good.returncode, "Passed" in good.stdout) == (0, True), good.stdout
    bad = hook("good_batch.jsonl", "bad batch.jsonl")
    assert (bad.returncode, "Failed" in bad.stdout) == (1, True), bad.stdout
    assert "bad batch.jsonl:2:167: invalid_type body.temperature: Invalid type for 'temperature'" in bad.stdout
    assert "2 files, 1 with errors" in bad.stdout
    none = hook("training.jsonl")
    assert (none.returncode, "Skipped" in none.stdout) == (0, True), none.stdout
