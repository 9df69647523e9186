"""`batchlint fix`: its output, the files it writes, and its exit status."""

from __future__ import annotations

import gzip
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from cli.process import posix, start_command
from support import CommandResult, line, run_command

CHAT = "/v1/chat/completions"
WRONG = line("a", CHAT).replace(b"POST", b"post")
RIGHT = line("a", CHAT)
Run = Callable[..., CommandResult]


@pytest.fixture(autouse=True)
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = Path("in.jsonl")
    path.write_bytes(WRONG)
    return path


def test_file_is_fixed_in_place(path: Path, run: Run) -> None:
    result = run("fix", "in.jsonl")

    assert result == (
        0,
        "in.jsonl: 1 problem fixed (1 invalid_method)\n"
        "in.jsonl: 1 request to /v1/chat/completions, no errors\n",
        "",
    )
    assert path.read_bytes() == RIGHT


def test_remaining_errors_cause_exit_status_1(path: Path, run: Run) -> None:
    path.write_bytes(WRONG + RIGHT)
    result = run("fix", "in.jsonl")

    assert result.status == 1
    assert result.out == (
        "in.jsonl: 1 problem fixed (1 invalid_method)\n"
        "in.jsonl: 2 requests to /v1/chat/completions, 1 error (1 fails the whole batch)\n"
        "    1 problem fixable with `--unsafe`\n"
    )
    result = run("fix", "--unsafe", "in.jsonl")
    assert result.status == 0
    assert "fixable" not in result.out
    assert path.read_bytes() == RIGHT + line("a-2", CHAT)


def test_file_without_json_objects_is_not_changed(path: Path, run: Run) -> None:
    path.write_bytes(b"# Notes\n\nBuy milk.\n")
    result = run("fix", "--unsafe", "in.jsonl")

    assert result == (
        1,
        "in.jsonl: not changed, because none of its lines is a JSON object\n"
        "in.jsonl: 2 requests, 2 errors (2 fail the whole batch), 1 warning\n",
        "",
    )
    assert path.read_bytes() == b"# Notes\n\nBuy milk.\n"


def test_diff_option_prints_a_diff_and_changes_nothing(path: Path, run: Run) -> None:
    result = run("fix", "--diff", "in.jsonl")

    assert result.status == 1
    assert result.out == (
        f"--- in.jsonl\n+++ in.jsonl\n@@ -1,1 +1,1 @@\n-{WRONG.decode()}+{RIGHT.decode()}"
    )
    assert result.err.startswith("in.jsonl: 1 problem would be fixed (1 invalid_method)\n")
    assert path.read_bytes() == WRONG
    run("fix", "in.jsonl")
    assert run("fix", "--diff", "in.jsonl")[:2] == (0, "")


def test_diff_of_a_json_array_replaces_all_lines(path: Path, run: Run) -> None:
    lines = [line("a", CHAT), line("b", CHAT)]
    array = b"[" + b",".join(lines).replace(b"\n", b"") + b"]\n"
    path.write_bytes(array)
    result = run("fix", "--diff", "in.jsonl")

    assert result.out.endswith(
        f"@@ -1,1 +1,2 @@\n-{array.decode()}+{lines[0].decode()}+{lines[1].decode()}"
    )


def test_output_file_option_writes_a_new_file_and_keeps_the_input(path: Path, run: Run) -> None:
    assert run("fix", "in.jsonl", "--output-file", "out.jsonl").status == 0
    assert Path("out.jsonl").read_bytes() == RIGHT
    assert path.read_bytes() == WRONG
    result = run("fix", "in.jsonl", "--output-file", "-")
    assert result.out == RIGHT.decode()
    assert result.err.startswith("in.jsonl: 1 problem fixed")


@posix
@pytest.mark.parametrize("target", ["/dev/stdout", "/dev/fd/1"])
def test_summary_is_not_mixed_with_the_file_on_standard_output(path: Path, target: str) -> None:
    with start_command("fix", str(path), "--output-file", target) as process:
        output, messages = process.communicate(timeout=60)

    assert output == RIGHT
    assert b"in.jsonl: 1 problem fixed" in messages


def test_fixed_standard_input_is_printed() -> None:
    result = run_command("fix", "-", stdin=WRONG)

    assert result.status == 0
    assert result.out == RIGHT.decode()
    assert result.err.startswith("<stdin>: 1 problem fixed (1 invalid_method)\n<stdin>: 1 request")
    assert run_command("fix", "-", "--diff", stdin=WRONG).out.startswith("--- <stdin>\n+++ <stdin>")
    result = run_command("fix", "-", "--output-file=out.jsonl", stdin=WRONG)
    assert Path("out.jsonl").read_bytes() == RIGHT
    assert result.out.startswith("<stdin>: 1 problem fixed")


def test_several_files_and_directories_are_fixed(run: Run) -> None:
    for directory in ("a", "b"):
        Path(directory).mkdir()
        Path(directory, "batch.jsonl").write_bytes(WRONG)
    result = run("fix", "a", "b/batch.jsonl")

    assert result.status == 0
    assert Path("a", "batch.jsonl").read_bytes() == RIGHT == Path("b", "batch.jsonl").read_bytes()


def test_rule_selection_from_options_and_config_file_applies(path: Path, run: Run) -> None:
    assert run("fix", "--ignore=invalid_method", "in.jsonl").status == 0
    assert path.read_bytes() == WRONG
    Path("sub").mkdir()
    Path("sub", "batchlint.toml").write_text('ignore = ["invalid_method"]\n', "utf-8")
    other = path.rename("sub/in.jsonl")
    assert run("fix", "sub/in.jsonl").status == 0
    assert other.read_bytes() == WRONG
    assert run("fix", "--select=invalid_method", "sub/in.jsonl").status == 0
    assert other.read_bytes() == RIGHT


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["missing.jsonl"], "missing.jsonl: No such file or directory"),
        (["in.jsonl.gz"], "in.jsonl.gz: cannot fix a compressed file; decompress it first"),
        (["in.jsonl", "--output-file=no/out.jsonl"], "no/out.jsonl: cannot write: No such file"),
        (["in.jsonl", "--output-file=out", "--diff"], "--output-file needs a single file"),
        (["in.jsonl", "in.jsonl.gz", "--output-file=out"], "--output-file needs a single file"),
        (["in.jsonl", "--output-file=in.jsonl.gz"], "--output-file must not be a .jsonl.gz file"),
        (["in.jsonl", "--endpoint=/v1/x"], "'/v1/x' is not a batch endpoint"),
        (["in.jsonl", "--select=x"], "unknown rule 'x'"),
    ],
)
def test_failure_causes_exit_status_2_and_changes_nothing(
    arguments: list[str], message: str, run: Run
) -> None:
    Path("in.jsonl.gz").write_bytes(gzip.compress(WRONG))
    result = run("fix", *arguments)

    assert (result.status, result.out) == (2, "")
    assert message in result.err
    assert Path("in.jsonl").read_bytes() == WRONG


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_pipe_cannot_be_fixed_in_place(run: Run) -> None:
    """Writing would block until another process reads, and the data from the pipe would be lost."""
    os.mkfifo("pipe")
    result = run("fix", "pipe")

    assert (result.status, result.out) == (2, "")
    assert result.err == (
        "batchlint: pipe: cannot fix a pipe or a device in place; use --output-file or --diff\n"
    )


def test_unreadable_file_does_not_prevent_fixing_other_files(path: Path, run: Run) -> None:
    result = run("fix", "missing.jsonl", "in.jsonl")

    assert result.status == 2
    assert path.read_bytes() == RIGHT


def test_symlink_in_a_directory_is_skipped_unless_named_explicitly(
    run: Run, tmp_path: Path
) -> None:
    """A repository may contain a link to any of the user's files."""
    elsewhere = tmp_path / "elsewhere.txt"
    elsewhere.write_bytes(b"text\n\n" + line("a"))
    directory = tmp_path / "directory"
    directory.mkdir()
    (directory / "x.jsonl").symlink_to(elsewhere)
    result = run("fix", str(directory))

    assert "x.jsonl: skipped, because it is a symbolic link" in result.err
    assert elsewhere.read_bytes() == b"text\n\n" + line("a")
    run("fix", str(directory / "x.jsonl"))
    assert elsewhere.read_bytes() == b"text\n" + line("a")


def test_compressed_files_in_directories_are_skipped_with_a_note(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "sub" / "x.jsonl.gz"
    path.parent.mkdir()
    path.write_bytes(gzip.compress(line("a")))
    result = run("fix", str(path.parent))

    assert result == (0, "", f"batchlint: {path}: skipped, because it is compressed\n")
