"""The pre-commit hooks: their definitions, and runs with pre-commit."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
import yaml

from batchlint.phrasing import escape
from support import FIXTURES, ROOT

HOOK, FIX = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))


def test_hook_has_the_fields_that_pre_commit_requires() -> None:
    assert HOOK["id"] == "batchlint"
    assert HOOK["language"] == "python"
    assert HOOK["entry"] == "batchlint check"
    assert HOOK["args"] == ["--"]
    assert HOOK["types"] == ["file"]
    assert HOOK["description"]


def test_fix_hook_has_the_same_settings_as_the_check_hook() -> None:
    differences = {"id": "batchlint-fix", "name": "batchlint fix", "entry": "batchlint fix"}

    assert {**HOOK, **differences, "description": FIX["description"]} == FIX


@pytest.mark.parametrize(
    ("name", "matches"),
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
def test_hook_matches_jsonl_files_with_batch_in_their_names(name: str, matches: bool) -> None:
    assert bool(re.search(HOOK["files"], name)) is matches


def run_program(
    *args: str, cwd: Path, env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a program, with standard error redirected to standard output."""
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
    """A repository with the current tree as its only commit."""
    if shutil.which("git") is None:
        pytest.skip("needs git")
    directory = tmp_path_factory.mktemp("hook") / "batchlint"
    directory.mkdir()
    for name in ("src", "schemas"):
        shutil.copytree(ROOT / name, directory / name)
    for name in ("pyproject.toml", "README.md", "LICENSE", ".pre-commit-hooks.yaml"):
        shutil.copy(ROOT / name, directory / name)
    git("init", "-q", cwd=directory)
    git("add", "-A", "-f", cwd=directory)
    git("commit", "-q", "-m", "Initial commit", cwd=directory)
    return directory


#: Runs a hook on files in a repository.
RunHook = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of pre-commit's cache. All tests share it, so the hook is installed once."""
    return tmp_path_factory.mktemp("pre-commit")


@pytest.fixture
def run_hook(repository: Path, home: Path, tmp_path: Path) -> RunHook:
    """Return a function that runs a hook from the repository on files in the test's directory."""
    pytest.importorskip("pre_commit", reason="needs pre-commit")
    git("init", "-q", cwd=tmp_path)
    env = {"PRE_COMMIT_HOME": str(home), "PRE_COMMIT_COLOR": "never", "PYTHONPATH": ""}
    revision = run_program("git", "rev-parse", "HEAD", cwd=repository).stdout.strip()

    def run_hook(
        *names: str, hook: str = "batchlint", args: list[str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        chosen = {"id": hook} if args is None else {"id": hook, "args": args}
        config = home / "config.yaml"
        repos = [{"repo": str(repository), "rev": revision, "hooks": [chosen]}]
        config.write_text(yaml.safe_dump({"repos": repos}), "utf-8")
        git("add", "-A", cwd=tmp_path)
        command = [sys.executable, "-m", "pre_commit", "run", "--config", str(config)]
        completed = run_program(*command, "--files", *names, cwd=tmp_path, env=env)
        offline = "No matching distribution|Could not fetch|NameResolution|ConnectionError|Retrying"
        if completed.returncode == 3 and re.search(offline, completed.stdout):
            pytest.skip("needs a package index to install the hook from")
        return completed

    return run_hook


@pytest.mark.hook
def test_pre_commit_installs_and_runs_the_hook(run_hook: RunHook, tmp_path: Path) -> None:
    """The hook skips a file without `batch` in its name."""
    shutil.copy(FIXTURES / "valid" / "embeddings.jsonl", tmp_path / "good_batch.jsonl")
    shutil.copy(FIXTURES / "invalid" / "invalid_type.jsonl", tmp_path / "bad batch.jsonl")
    shutil.copy(FIXTURES / "foreign" / "fine_tuning.jsonl", tmp_path / "training.jsonl")

    good = run_hook("good_batch.jsonl", "training.jsonl")
    assert (good.returncode, "Passed" in good.stdout) == (0, True), good.stdout
    bad = run_hook("good_batch.jsonl", "bad batch.jsonl")
    assert (bad.returncode, "Failed" in bad.stdout) == (1, True), bad.stdout
    finding = "bad batch.jsonl:2:167: invalid_type body.temperature: Invalid type for 'temperature'"
    assert finding in bad.stdout
    assert "2 files, 1 with errors" in bad.stdout
    skipped = run_hook("training.jsonl")
    assert (skipped.returncode, "Skipped" in skipped.stdout) == (0, True), skipped.stdout


@pytest.mark.hook
def test_pre_commit_runs_the_fix_hook(run_hook: RunHook, tmp_path: Path) -> None:
    """The hook fails if it changes a file, so that the user reviews the change. The next run passes."""
    fixtures = FIXTURES / "fix" / "safe"
    path = tmp_path / "my_batch.jsonl"
    shutil.copy(fixtures / "url_forms.before.jsonl", path)

    changed = run_hook(path.name, hook="batchlint-fix")
    assert changed.returncode == 1, changed.stdout
    assert "files were modified by this hook" in changed.stdout
    assert "my_batch.jsonl: 7 problems fixed (7 invalid_url)" in changed.stdout
    assert path.read_bytes() == (fixtures / "url_forms.after.jsonl").read_bytes()
    passed = run_hook(path.name, hook="batchlint-fix")
    assert (passed.returncode, "Passed" in passed.stdout) == (0, True), passed.stdout


#: Names that a shell, an option parser or a terminal may misinterpret.
HOSTILE_NAMES = (
    "--output-file=x-batch.jsonl",
    "--metadata=x=batch.jsonl",
    "--help batch.jsonl",
    "-j2batch.jsonl",
    " batch .jsonl",
    "new\nline batch.jsonl",
    "$(touch batch).jsonl",
    "a\x1b[31m\u202ebatch.jsonl",
)


@pytest.mark.hook
@pytest.mark.skipif(os.name != "posix", reason="needs a file system that allows any name")
def test_hook_treats_hostile_names_as_file_names(run_hook: RunHook, tmp_path: Path) -> None:
    directory = tmp_path / "--output-file=y"
    directory.mkdir()
    names = [*HOSTILE_NAMES, f"{directory.name}/batch.jsonl"]
    for name in names:
        shutil.copy(FIXTURES / "invalid" / "invalid_type.jsonl", tmp_path / name)
    before = {entry: entry.read_bytes() for entry in tmp_path.iterdir() if entry.is_file()}
    for name in names:
        # Without `./`, pre-commit would parse the name as one of its options.
        completed = run_hook(f"./{name}")
        assert completed.returncode == 1, completed.stdout
        escaped_name = escape(name).lstrip()  # pre-commit strips the output.
        assert f"{escaped_name}:2:167: invalid_type body.temperature" in completed.stdout
        assert not {"\x1b", "\u202e"} & set(completed.stdout.rpartition("hook id")[2])
    after = {entry: entry.read_bytes() for entry in tmp_path.iterdir() if entry.is_file()}
    assert after == before


@pytest.mark.hook
@pytest.mark.skipif(os.name != "posix", reason="needs a file system that allows any name")
def test_hook_with_custom_args_rejects_names_that_look_like_options(
    run_hook: RunHook, tmp_path: Path
) -> None:
    """`args` in `.pre-commit-config.yaml` replaces the hook's `args`, including the `--`."""
    names = ["--output-file=x-batch.jsonl", "batch.jsonl"]
    for name in names:
        shutil.copy(FIXTURES / "valid" / "embeddings.jsonl", tmp_path / name)
    before = {name: (tmp_path / name).read_bytes() for name in names}
    # Without `./`, pre-commit would parse a name as one of its options.
    paths = [f"./{name}" for name in names]

    rejected = run_hook(*paths, args=["--strict"])
    assert rejected.returncode == 1, rejected.stdout
    assert "write `--` before the files" in rejected.stdout
    accepted = run_hook(*paths, args=["--strict", "--"])
    assert accepted.returncode == 0, accepted.stdout
    assert {name: (tmp_path / name).read_bytes() for name in names} == before
    assert not (tmp_path / "x-batch.jsonl").exists()
