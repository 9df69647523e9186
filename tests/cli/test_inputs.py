"""Inputs of `batchlint check`: standard input, files with any name, and unreadable files."""

from __future__ import annotations

import errno
import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

import pytest

from batchlint.cli.inputs import standard_input
from cli.samples import BAD, GOOD
from support import FIXTURES, ROOT, CommandResult, line, run_command

Run = Callable[..., CommandResult]


def test_standard_input_is_checked_and_reported_as_stdin() -> None:
    result = run_command("check", "-", stdin=line("a", bogus=1))

    assert result.status == 1
    assert result.out.splitlines()[0].startswith("<stdin>:1:100: unknown_parameter body.bogus: ")
    assert run_command("check", "--format=json", "-", stdin=line("a")).status == 0
    assert run_command("check", "-", stdin=b"").status == 1
    assert run_command("check", "-", GOOD, stdin=line("a")).out.count("no errors") == 3


@pytest.mark.parametrize("format_name", ["text", "rdjson", "sarif"])
def test_standard_input_gives_the_same_report_as_the_file(format_name: str) -> None:
    """Columns and excerpts need a second read, which a stream doesn't allow."""
    path = Path(BAD).relative_to(ROOT)
    options = ["check", f"--format={format_name}", "--show-source", f"--stdin-filename={path}"]
    from_stdin = run_command(*options, "-", stdin=Path(BAD).read_bytes(), cwd=ROOT)

    assert from_stdin == run_command(*options, str(path), cwd=ROOT)


def test_standard_input_is_checked_even_if_the_disk_is_too_full_for_a_copy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class FullDisk(io.BytesIO):
        def write(self, _data: Any, /) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(line("a"))))
    copy = FullDisk()

    assert standard_input(copy).read() == line("a")
    assert copy.closed


def test_file_path_is_printed_as_given(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(FIXTURES)
    out = run("check", "invalid/../valid/embeddings.jsonl").out

    assert out.startswith("invalid/../valid/embeddings.jsonl: 4 requests")


@pytest.mark.parametrize(
    "name",
    [
        b"a b c.jsonl",
        "größe 你.jsonl".encode(),
        b"-dash.jsonl",
        b"new\nline.jsonl",
        b"\x1b[31mred.jsonl",
        b"z\xfcrich.jsonl",
    ],
    ids=repr,
)
@pytest.mark.parametrize("format_name", ["text", "json", "jsonl", "batch"])
def test_file_with_an_unusual_name_is_checked(
    name: bytes, format_name: str, tmp_path: Path
) -> None:
    path = os.fsencode(tmp_path) + b"/" + name
    try:
        Path(os.fsdecode(path)).write_bytes(line("a", bogus=1))
    except OSError as error:
        pytest.skip(f"the file system rejects the name: {error}")
    result = run_command("check", f"--format={format_name}", "--", path)

    assert result.status == 1
    # Only `batch` writes to standard error: it explains the exit status.
    assert len(result.err.splitlines()) == (format_name == "batch")
    assert format_name == "batch" or "bogus" in result.out
    assert "\x1b" not in result.out + result.err
    if format_name == "text":
        assert len(result.out.splitlines()) == 3  # The finding, its hint, the summary.


# -- unreadable inputs ----------------------------------------------------------------------------


def test_unreadable_files_are_reported_and_other_files_are_checked(tmp_path: Path) -> None:
    (tmp_path / "directory.jsonl").mkdir()
    (tmp_path / "dangling.jsonl").symlink_to(tmp_path / "nowhere")
    (tmp_path / "good.jsonl").write_bytes(line("a"))
    (tmp_path / "bad.jsonl").write_bytes(line("a", bogus=1))
    names = [
        "missing/x.jsonl",
        "directory.jsonl",
        "good.jsonl",
        "dangling.jsonl",
        "good.jsonl/x.jsonl",
        "bad.jsonl",
    ]
    result = run_command("check", *names, cwd=tmp_path)

    assert result.status == 2
    assert [text.partition(": ")[2] for text in result.err.splitlines()] == [
        "directory.jsonl: no file here matches *.jsonl, *.jsonl.gz",
        "missing/x.jsonl: No such file or directory",
        "directory.jsonl: no files to check in this directory",
        "dangling.jsonl: No such file or directory",
        "good.jsonl/x.jsonl: Not a directory",
    ]
    assert "good.jsonl: 1 request to /v1/embeddings, no errors\n" in result.out
    assert "bad.jsonl:1:100: unknown_parameter body.bogus" in result.out
    assert result.out.splitlines()[-1] == "6 files, 1 with errors, 4 could not be read"


def test_file_without_read_permission_is_reported(tmp_path: Path) -> None:
    path = tmp_path / "secret.jsonl"
    path.write_bytes(line("a"))
    path.chmod(0)
    if os.access(path, os.R_OK):
        pytest.skip("this user may read any file")
    result = run_command("check", str(path))

    assert (result.status, result.err) == (2, f"batchlint: {path}: Permission denied\n")


@pytest.mark.parametrize("command", [["check"], ["check", "--list-files"], ["fix"]])
def test_unreadable_directory_is_reported_and_other_files_are_checked(
    command: list[str], run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "closed").mkdir()
    (tmp_path / "open.jsonl").write_bytes(line("a"))
    real = os.scandir

    def scandir(path: Any) -> Any:
        if os.path.basename(path) == "closed":  # noqa: PTH119
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    result = run(*command, str(tmp_path))

    message = f"batchlint: {tmp_path / 'closed'}: Permission denied\n"
    assert (result.status, result.err) == (2, message)
    assert str(tmp_path / "open.jsonl") in result.out


@pytest.mark.parametrize(
    "command", [["check"], ["check", "--list-files"], ["fix"], ["fix", "--diff"], ["split"]]
)
def test_file_whose_name_is_too_long_is_reported(command: list[str], run: Run) -> None:
    name = "x" * 300 + ".jsonl"

    assert run(*command, name) == (2, "", f"batchlint: {name}: File name too long\n")


@pytest.mark.parametrize("command", [["check"], ["check", "--list-files"], ["fix"], ["split"]])
@pytest.mark.skipif(not hasattr(os, "seteuid"), reason="the system has no user IDs")
def test_file_in_a_directory_without_search_permission_is_reported(
    command: list[str], run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    tmp_path.chmod(0o755)
    directory = Path("closed")
    directory.mkdir()
    (directory / "x.jsonl").write_bytes(line("a"))
    inputs = [*command, "--no-config", "closed/x.jsonl"]
    if "--list-files" in command:
        inputs.remove("--no-config")
    elif command != ["split"]:
        inputs.append("closed")
    run(*inputs)  # Imports modules that another user may not be able to read.
    directory.chmod(0o444)
    user = os.geteuid()
    try:
        if not user:
            os.seteuid(65534)
        status, _, errors = run(*inputs)
    finally:
        os.seteuid(user)
        directory.chmod(0o755)

    assert (status, errors) == (2, "batchlint: closed/x.jsonl: Permission denied\n")


@pytest.mark.parametrize("format_name", ["json", "jsonl", "batch"])
def test_unreadable_file_is_reported_on_standard_error_in_json_formats(
    format_name: str, tmp_path: Path
) -> None:
    result = run_command("check", f"--format={format_name}", "missing.jsonl", GOOD, cwd=tmp_path)

    assert result.status == 2
    assert "missing.jsonl: No such file or directory" in result.err
    for text in [result.out] if format_name == "json" else result.out.splitlines():
        json.loads(text)


def test_memory_error_during_a_check_is_reported(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise MemoryError

    monkeypatch.setattr("batchlint.engine.check.check", fail)
    result = run("check", GOOD)

    assert result.status == 2
    assert result.err == f"batchlint: {GOOD}: not enough memory to check it\n"


def test_newline_in_a_file_name_is_escaped_on_standard_error(run: Run) -> None:
    result = run("check", "a\n::error::x.jsonl")

    assert result.err == "batchlint: a\\n::error::x.jsonl: No such file or directory\n"


# -- changing files and named pipes ---------------------------------------------------------------


def test_file_truncated_during_the_check_is_reported(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "batch.jsonl"
    path.write_bytes(line("a", input="x" * 1000) * 5000)

    class Bar:
        """Truncates the file after the first chunk has been checked."""

        def __init__(self, **_: Any) -> None:
            pass

        def update(self, _size: int) -> None:
            os.truncate(path, 1000)

        def clear(self) -> None:
            pass

        def __enter__(self) -> Self:
            return self

        def __exit__(self, *_: object) -> None:
            pass

    monkeypatch.setattr("tqdm.tqdm", Bar)
    result = run("check", "--progress", "--jobs=1", str(path))

    assert result.status == 2
    message = f"batchlint: {path}: the file became shorter while it was being read"
    assert result.err.startswith(message)


def test_named_pipe_is_read_to_the_end(tmp_path: Path) -> None:
    if not hasattr(os, "mkfifo"):
        pytest.skip("needs named pipes")
    path = tmp_path / "pipe.jsonl"
    os.mkfifo(path)
    with subprocess.Popen(
        [sys.executable, "-m", "batchlint", "check", str(path)], stdout=subprocess.PIPE
    ) as reader:
        path.write_bytes(line("a") + line("b"))
        out, _ = reader.communicate(timeout=30)

    assert reader.returncode == 0
    assert b"2 requests to /v1/embeddings, no errors" in out


# -- progress -------------------------------------------------------------------------------------


def test_progress_option_draws_a_bar_on_standard_error() -> None:
    result = run_command("check", "--progress", GOOD)

    assert result.status == 0
    assert "embeddings.jsonl" in result.err
    assert "embeddings.jsonl: 4 requests" in result.out
    assert run_command("check", "--no-progress", GOOD).err == ""
