"""Directories, and compressed files, as inputs of `batchlint check`."""

from __future__ import annotations

import gzip
import json
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from batchlint.cli.inputs import batch_files, expand
from support import ROOT, CommandResult, line

Run = Callable[..., CommandResult]

WANTED = ["batch.jsonl", "a/my_Batch-1.jsonl", "a/b/batches.jsonl"]
UNWANTED = [
    "a.batch/x.jsonl",
    "batch.json",
    "train.jsonl",
    "batch.jsonl.bak",
    ".git/batch.jsonl",
    ".batch.jsonl",
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A directory of files, each with an error."""
    for name in (*WANTED, *UNWANTED):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(line("a", bogus=1))
    return tmp_path


# -- directories ----------------------------------------------------------------------------------


def test_batch_files_are_found_by_their_names(folder: Path) -> None:
    found = [Path(path).relative_to(folder).as_posix() for path in batch_files(str(folder))]

    assert found == WANTED


def test_batch_files_are_those_that_the_commit_hook_would_check() -> None:
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))
    visible = [name for name in (*WANTED, *UNWANTED) if not name.startswith(".")]

    assert [name for name in visible if re.search(hook["files"], name)] == WANTED


@pytest.mark.skipif(sys.platform == "win32", reason="this system has no named pipes")
def test_pipes_and_devices_in_directories_are_skipped(tmp_path: Path, run: Run) -> None:
    """Git stores links, so a repository may have a link to a device."""
    os.mkfifo(tmp_path / "batch1.jsonl")
    (tmp_path / "batch2.jsonl").symlink_to("/dev/zero")
    (tmp_path / "batch3.jsonl").symlink_to("batch1.jsonl")
    (tmp_path / "batch4.jsonl").symlink_to("missing")
    (tmp_path / "batch5.jsonl").symlink_to("other")
    (tmp_path / "other").write_bytes(line("a"))
    found = [Path(path).name for path in batch_files(str(tmp_path))]
    result = run("check", str(tmp_path))

    assert found == ["batch4.jsonl", "batch5.jsonl"]
    assert result.status == 2
    assert "batch4.jsonl" in result.err


def test_expand_replaces_directories_and_keeps_everything_else(folder: Path) -> None:
    inner = str(folder / "a")
    paths = ["-", str(folder / "train.jsonl"), inner, "missing", str(folder / "a.batch")]

    assert expand(paths) == [
        "-",
        str(folder / "train.jsonl"),
        str(folder / "a" / "my_Batch-1.jsonl"),
        str(folder / "a" / "b" / "batches.jsonl"),
        "missing",
        str(folder / "a.batch"),
    ]


def test_unreadable_directory_raises_os_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        batch_files(str(tmp_path / "missing"))


def test_checking_a_directory_is_checking_its_batch_files(
    run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    files = [str(Path("a", "my_Batch-1.jsonl")), str(Path("a", "b", "batches.jsonl"))]

    assert run("check", "a", "train.jsonl").out == run("check", *files, "train.jsonl").out
    assert run("check", ".").out.splitlines()[-1] == "3 files, 3 with errors"


def test_directory_without_batch_files_is_an_error(run: Run, tmp_path: Path) -> None:
    result = run("check", str(tmp_path))

    assert (result.status, result.out) == (2, "")
    assert str(tmp_path) in result.err
    assert "*batch*.jsonl" in result.err


# -- compressed files -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "options", [["--show-source"], ["--format=jsonl"], ["--jobs=2"], ["--progress"]], ids=str
)
def test_compressed_file_is_checked_like_a_plain_one(
    options: list[str], run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    data = line("a") + line("a", bogus=1) * 3
    Path("x.jsonl").write_bytes(data)
    Path("x.jsonl.gz").write_bytes(gzip.compress(data))
    plain = run("check", *options, "x.jsonl")
    compressed = run("check", *options, "x.jsonl.gz")

    assert compressed.status == plain.status == 1
    assert compressed.out.replace("x.jsonl.gz", "x.jsonl") == plain.out
    assert "x.jsonl.gz: " in compressed.err
    assert "the API accepts only uncompressed files" in compressed.err


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(line("a"), id="plain text"),
        pytest.param(gzip.compress(line("a") * 100)[:-20], id="cut off"),
        pytest.param(b"\x1f\x8b\x08\0" + b"\xff" * 40, id="damaged"),
    ],
)
def test_damaged_compressed_file_is_an_error(data: bytes, run: Run, tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl.gz"
    path.write_bytes(data)
    result = run("check", "--format=json", str(path))

    assert result.status == 2
    assert json.loads(result.out)["files"][0]["error"]


def test_compressed_file_that_is_too_large_is_an_error(run: Run, tmp_path: Path) -> None:
    """A line of zeros, the size of which a small file hides."""
    path = tmp_path / "batch.jsonl.gz"
    path.write_bytes(gzip.compress(b"0" * 50_000_000))
    plain = tmp_path / "batch.jsonl"
    plain.write_bytes(line("a"))
    result = run("check", "--max-unpacked-bytes=1000000", "--format=json", str(path), str(plain))
    first, second = json.loads(result.out)["files"]

    assert result.status == 2
    assert "more than 1,000,000 bytes when decompressed" in first["error"]
    assert second["ok"]
