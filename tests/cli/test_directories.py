"""Directories and compressed files as inputs of `batchlint check`."""

from __future__ import annotations

import gzip
import json
import os
import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
import yaml

from batchlint.cli.inputs import Directory, find_inputs
from batchlint.config import Config, load
from support import FIXTURES, ROOT, CommandResult, line

Run = Callable[..., CommandResult]

BATCH_FILES = [
    "batch.jsonl",
    "train.jsonl",
    "a/my_Batch-1.jsonl",
    "a/b/x.jsonl.gz",
    "a.batch/x.jsonl",
]
OTHER_FILES = ["batch.json", "batch.jsonl.bak", "notes.txt", ".git/batch.jsonl"]
HIDDEN_FILES = [".batch.jsonl"]

BATCH_OUTPUT = (FIXTURES / "foreign" / "batch_output.jsonl").read_bytes()


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """A directory of files that each have an error."""
    for name in (*BATCH_FILES, *OTHER_FILES, *HIDDEN_FILES):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        data = line("a", bogus=1)
        path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    return tmp_path


def files_in(
    directory: Path,
    config: Config | None = None,
    include: Sequence[str] = (),
    exclude: Sequence[str] = (),
) -> list[str]:
    """Return the files found in a directory, as paths relative to it."""
    found = Directory(str(directory), config or Config(), include, exclude).files()
    return [Path(path).relative_to(directory).as_posix() for path in found]


def no_config(_: Path) -> Config:
    return Config()


# -- file discovery -------------------------------------------------------------------------------


def test_all_jsonl_files_in_a_directory_are_found(directory: Path) -> None:
    assert sorted(files_in(directory)) == sorted(BATCH_FILES)


@pytest.mark.parametrize(
    ("globs", "expected"),
    [
        pytest.param({"include": ["*atch*"]}, {"batch.jsonl", "a/my_Batch-1.jsonl"}, id="name"),
        pytest.param({"include": ["a/*.jsonl"]}, {"a/my_Batch-1.jsonl"}, id="relative path"),
        pytest.param(
            {"include": ["x.*", "train*"]},
            {"a/b/x.jsonl.gz", "a.batch/x.jsonl", "train.jsonl"},
            id="two globs",
        ),
        pytest.param(
            {"exclude": ["a"]}, {"batch.jsonl", "train.jsonl", "a.batch/x.jsonl"}, id="directory"
        ),
        pytest.param(
            {"exclude": ["a/", "train.jsonl"]},
            {"batch.jsonl", "a.batch/x.jsonl"},
            id="trailing slash",
        ),
        pytest.param(
            {"include": ["*atch*"], "exclude": ["a/*"]}, {"batch.jsonl"}, id="exclude wins"
        ),
    ],
)
def test_include_and_exclude_globs_select_files(
    globs: dict[str, list[str]], expected: set[str], directory: Path
) -> None:
    chosen = files_in(directory, include=globs.get("include", ()), exclude=globs.get("exclude", ()))
    found = {name for name in chosen if not name.endswith((".json", ".bak"))}

    assert found == expected


def test_globs_in_a_config_file_are_relative_to_its_directory(directory: Path) -> None:
    path = directory / "batchlint.toml"
    path.write_text('include = ["a/*.jsonl", "train*"]\nexclude = ["a/my*"]', "utf-8")

    assert files_in(directory, load(path)) == ["train.jsonl"]
    assert files_in(directory, load(path), include=["x.*"]) == ["a/b/x.jsonl.gz", "a.batch/x.jsonl"]
    assert files_in(directory / "a", load(path)) == []


def test_config_file_in_a_directory_applies_to_that_directory(directory: Path, run: Run) -> None:
    (directory / "a" / "batchlint.toml").write_text('exclude = ["b"]', "utf-8")
    result = run("check", "--list-files", str(directory / "a"))

    assert result.out == f"{directory / 'a' / 'my_Batch-1.jsonl'}\n"
    assert run("check", "--no-config", "--list-files", str(directory / "a")).out.count("\n") == 2


def test_hook_matches_batch_files_but_not_downloaded_results() -> None:
    """OpenAI's website names the results `batch_ID_output.jsonl` and `batch_ID_error.jsonl`."""
    hook, _ = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))

    def is_checked(name: str) -> bool:
        return bool(re.search(hook["files"], name)) and not re.search(hook["exclude"], name)

    assert all(map(is_checked, ["batch.jsonl", "a/my_Batch-1.jsonl", "batch_output.jsonl"]))
    assert not any(
        map(
            is_checked,
            [
                "train.jsonl",
                "batch.json",
                "a.batch/x.jsonl",
                "batch_x_output.jsonl",
                "a/batch_67f0a1_error.jsonl",
                "batch_67f0a1_errors.jsonl",
            ],
        )
    )


@pytest.mark.skipif(sys.platform == "win32", reason="this system has no named pipes")
def test_pipes_and_devices_in_directories_are_skipped(tmp_path: Path, run: Run) -> None:
    """A Git repository may contain a symlink to a device."""
    os.mkfifo(tmp_path / "batch1.jsonl")
    (tmp_path / "batch2.jsonl").symlink_to("/dev/zero")
    (tmp_path / "batch3.jsonl").symlink_to("batch1.jsonl")
    (tmp_path / "batch4.jsonl").symlink_to("missing")
    (tmp_path / "batch5.jsonl").symlink_to("other")
    (tmp_path / "other").write_bytes(line("a"))
    result = run("check", str(tmp_path))

    assert files_in(tmp_path) == ["batch4.jsonl", "batch5.jsonl"]
    assert result.status == 2
    assert "skipped batch1.jsonl, batch2.jsonl, batch3.jsonl (a pipe or a device)" in result.err
    assert "batch4.jsonl: No such file or directory" in result.err


def test_links_to_directories_are_skipped_with_a_note(tmp_path: Path, run: Run) -> None:
    directory = tmp_path / "directory"
    target = tmp_path / "target"
    for path in (directory, target):
        path.mkdir()
        (path / "batch.jsonl").write_bytes(line("a"))
    (directory / "link").symlink_to(target)
    (directory / "loop").symlink_to(directory)
    (directory / ".hidden").symlink_to(target)
    result = run("check", str(directory))

    assert files_in(directory) == ["batch.jsonl"]
    assert result.err.endswith(": skipped link, loop (a symbolic link to a directory)\n")
    assert files_in(directory / "link") == ["batch.jsonl"]


def test_only_directories_are_expanded(directory: Path) -> None:
    inner = str(directory / "a")
    paths = ["-", str(directory / "notes.txt"), inner, "missing", str(directory / ".git")]

    assert find_inputs(paths, no_config).paths == [
        "-",
        str(directory / "notes.txt"),
        str(directory / "a" / "my_Batch-1.jsonl"),
        str(directory / "a" / "b" / "x.jsonl.gz"),
        "missing",
        str(directory / ".git" / "batch.jsonl"),
    ]


def test_file_given_several_times_is_checked_once(
    directory: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(directory)
    Path("link.jsonl").symlink_to("batch.jsonl")
    arguments = [
        "batch.jsonl",
        "./batch.jsonl",
        str(directory / "batch.jsonl"),
        "link.jsonl",
        "-",
        "-",
    ]

    assert find_inputs(arguments, no_config).paths == ["batch.jsonl", "-"]
    assert run("check", "batch.jsonl", "batch.jsonl").out == run("check", "batch.jsonl").out


# -- messages -------------------------------------------------------------------------------------


def test_skipped_files_are_reported_with_the_reason(directory: Path, run: Run) -> None:
    (directory / "batch_1_output.jsonl").write_bytes(BATCH_OUTPUT)
    (directory / "batch_1_error.jsonl").write_bytes(b"")
    result = run("check", str(directory), "--exclude=a", "--exclude=train*")

    assert result.err == (
        f"batchlint: {directory}: skipped a, train.jsonl (excluded), .batch.jsonl (hidden), "
        "batch_1_error.jsonl (an empty result of a batch), batch_1_output.jsonl (the output or "
        "error file of a batch)\n"
    )
    assert result.out.splitlines()[-1] == "2 files, 2 with errors"


def test_skip_message_names_at_most_three_files_per_reason(directory: Path, run: Run) -> None:
    for number in range(1200):
        (directory / f"skip{number:04}.jsonl").write_bytes(b"")

    err = run("check", str(directory), "--exclude=skip*").err
    assert " skip0000.jsonl, skip0001.jsonl, skip0002.jsonl and 1,197 more (excluded)" in err


def test_batch_output_named_explicitly_is_checked_and_recognized(directory: Path, run: Run) -> None:
    path = directory / "batch_1_output.jsonl"
    path.write_bytes(BATCH_OUTPUT)
    result = run("check", str(path))

    assert result.status == 1
    assert "it looks like the output or error file of a batch" in result.out


def test_list_files_prints_files_without_checking_them(directory: Path, run: Run) -> None:
    result = run("check", "--list-files", str(directory), "missing.jsonl")

    assert sorted(result.out.splitlines()) == sorted(str(directory / name) for name in BATCH_FILES)
    assert (result.status, "missing.jsonl: no such file" in result.err) == (2, True)
    assert run("check", "--list-files", str(directory)).status == 0


def test_directory_gives_the_same_report_as_its_files(
    run: Run, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(directory)
    files = [str(Path("a", "my_Batch-1.jsonl")), str(Path("a", "b", "x.jsonl.gz"))]

    assert run("check", "a", "train.jsonl").out == run("check", *files, "train.jsonl").out
    assert run("check", ".").out.splitlines()[-1] == "5 files, 5 with errors"


def test_directory_without_batch_files_is_an_error(run: Run, tmp_path: Path) -> None:
    result = run("check", str(tmp_path))

    assert (result.status, result.out) == (2, "")
    message = f"batchlint: {tmp_path}: no files to check in this directory\n"
    assert (
        result.err == f"batchlint: {tmp_path}: no file here matches *.jsonl, *.jsonl.gz\n{message}"
    )
    (tmp_path / "x.jsonl").write_bytes(BATCH_OUTPUT)
    result = run("check", str(tmp_path))
    assert (result.status, result.err.splitlines(keepends=True)[-1]) == (2, message)


@pytest.mark.parametrize("command", ["check", "check --list-files", "fix"])
def test_globs_without_a_match_are_reported(command: str, run: Run, tmp_path: Path) -> None:
    (tmp_path / "x.jsonl").write_bytes(line())
    (tmp_path / "batchlint.toml").write_text("include = ['*.json', 'data/*']", "utf-8")
    result = run(*command.split(), str(tmp_path))

    assert result.status == 2
    assert f"batchlint: {tmp_path}: no file here matches *.json, data/*\n" in result.err


# -- compressed files -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "options", [["--show-source"], ["--format=jsonl"], ["--jobs=2"], ["--progress"]], ids=str
)
def test_compressed_file_is_checked_like_an_uncompressed_one(
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


def test_file_over_the_decompressed_size_limit_is_an_error(run: Run, tmp_path: Path) -> None:
    """The compressed file is small, because its only line repeats one digit."""
    path = tmp_path / "batch.jsonl.gz"
    path.write_bytes(gzip.compress(b"0" * 50_000_000))
    plain = tmp_path / "batch.jsonl"
    plain.write_bytes(line("a"))
    result = run("check", "--max-unpacked-bytes=1000000", "--format=json", str(path), str(plain))
    first, second = json.loads(result.out)["files"]

    assert result.status == 2
    assert "more than 1,000,000 bytes when decompressed" in first["error"]
    assert second["ok"]
