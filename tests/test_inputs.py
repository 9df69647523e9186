"""What the command takes beside plain files: folders, and files that are packed."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from support import ROOT, Ran, line

from batchlint.sources import batch_files

Run = Callable[..., Ran]

NAMES = ["batch.jsonl", "a/my_Batch-1.jsonl", "a/b/batches.jsonl", "a.batch/x.jsonl", "batch.json", "train.jsonl", "batch.jsonl.bak",
         ".git/batch.jsonl", ".batch.jsonl"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of files, each with an error."""
    for name in NAMES:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(line("a", bogus=1))
    return tmp_path


def test_of_a_folder_those_files_are_checked_that_the_hook_would_take(folder: Path) -> None:
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))
    found = [Path(path).relative_to(folder).as_posix() for path in batch_files(str(folder))]

    assert found == ["batch.jsonl", "a/my_Batch-1.jsonl", "a/b/batches.jsonl"]
    assert {name for name in NAMES if re.search(hook["files"], name) and not name.startswith(".")} == set(found)


def test_a_folder_is_as_good_as_its_files(run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    files = [str(Path("a", "my_Batch-1.jsonl")), str(Path("a", "b", "batches.jsonl")), "train.jsonl"]

    assert run("check", "a", "train.jsonl").out == run("check", *files).out
    assert run("check", ".").out.splitlines()[-1] == "3 files, 3 with errors"


def test_a_folder_without_batch_files_is_told(run: Run, tmp_path: Path) -> None:
    ran = run("check", str(tmp_path))

    assert (ran.status, ran.out) == (2, "")
    assert "a folder in which no file is named like *batch*.jsonl" in ran.err


@pytest.mark.parametrize("options", [["--show-source"], ["--format=jsonl"], ["--jobs=2"], ["--progress"]], ids=str)
def test_a_packed_file_is_checked_as_if_it_were_plain(
    options: list[str], run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    data = line("a") + line("a", bogus=1) * 3
    Path("x.jsonl").write_bytes(data)
    Path("x.jsonl.gz").write_bytes(gzip.compress(data))
    plain, packed = run("check", *options, "x.jsonl"), run("check", *options, "x.jsonl.gz")

    assert packed.status == plain.status == 1
    assert packed.out.replace("x.jsonl.gz", "x.jsonl") == plain.out
    assert "x.jsonl.gz: unpacked to be checked; the API takes plain files only" in packed.err


def test_a_packed_file_that_is_none_is_told(run: Run, tmp_path: Path) -> None:
    for number, data in enumerate((line("a"), gzip.compress(line("a") * 100)[:-20], b"\x1f\x8b\x08\0" + b"\xff" * 40)):
        path = tmp_path / f"{number}.jsonl.gz"
        path.write_bytes(data)
        ran = run("check", "--format=json", str(path))

        assert ran.status == 2, data
        assert json.loads(ran.out)["files"][0]["error"]
