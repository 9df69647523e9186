"""Output on a terminal. `fixtures/screens/` contains the expected screens."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from cli.terminal import needs_terminal, run_on_terminal
from golden import assert_matches_golden
from support import FIXTURES, CommandResult, line, run_command

pytestmark = needs_terminal

SCREENS = FIXTURES / "screens"
SAMPLE = "fixtures/sample_batch.jsonl"


def write_many_errors(path: Path) -> None:
    """Write 50,000 lines, each with an error."""
    path.write_bytes(b"".join(line(str(number), dimensions="x") for number in range(50_000)))


@pytest.mark.parametrize(
    ("name", "args", "columns"),
    [
        ("wide.txt", ["check", "sample_batch.jsonl"], 120),
        ("narrow.txt", ["check", "--show-source", "--statistics", "sample_batch.jsonl"], 60),
        ("one_error.txt", ["check", "invalid/max_tokens_twice.jsonl"], 80),
        ("several_files.txt", ["check", "valid/embeddings.jsonl", "invalid/empty_file.jsonl"], 60),
        ("rule_list_narrow.txt", ["rule"], 60),
        ("rule_list_wide.txt", ["rule"], 100),
        ("rule.txt", ["rule", "duplicate_custom_id"], 72),
        ("no_command.txt", ["sample_batch.jsonl"], 80),
        ("no_arguments.txt", [], 60),
        ("provider_list.txt", ["provider"], 60),
        ("provider.txt", ["provider", "groq"], 60),
        ("provider_wide.txt", ["provider", "azure"], 100),
        ("help.txt", ["check", "--help"], 80),
        ("help_narrow.txt", ["check", "--help"], 60),
    ],
)
def test_screen_matches_the_expected_file(name: str, args: list[str], columns: int) -> None:
    screen = run_on_terminal(*args, columns=columns, cwd=FIXTURES)

    assert_matches_golden(screen, SCREENS / name)


def test_output_for_50_000_errors_fits_on_a_screen(tmp_path: Path) -> None:
    write_many_errors(tmp_path / "batch.jsonl")
    screen = run_on_terminal("check", "--no-progress", "batch.jsonl", columns=120, cwd=tmp_path)

    assert_matches_golden(screen, SCREENS / "many_errors.txt")
    assert screen.count("\n") < 48


def write_faulty_and_mixed_files(directory: Path) -> None:
    """Write a file with many different faults, and a file that `split` divides into many parts."""
    faulty = [
        *(line(str(number), "/v1/chat/completions", stream=True) for number in range(1200)),
        *(
            line(str(number), model=f"model-{number}").replace(b"POST", b"post")
            for number in range(9)
        ),
        b"\n",
        line("a", "/v1/chat/completions", model="gpt-5", max_tokens=1),
    ]
    (directory / "requests of today.jsonl").write_bytes(b"".join(faulty))
    mixed = [
        line("a", model=f"text-embedding-{number}-large", input=["x"] * 99) for number in range(4)
    ]
    (directory / "mixed.jsonl").write_bytes(b"".join(mixed))


@pytest.mark.parametrize("columns", [60, 100])
@pytest.mark.parametrize(
    ("name", "args"),
    [
        ("fix", ["fix", "requests of today.jsonl"]),
        ("fix_diff", ["fix", "--diff", "mixed.jsonl"]),
        ("split", ["split", "--dry-run", "mixed.jsonl"]),
        ("split_too_many_parts", ["split", "--max-parts=2", "mixed.jsonl"]),
    ],
)
def test_fix_and_split_screens_match_the_expected_files(
    name: str, args: list[str], columns: int, tmp_path: Path
) -> None:
    write_faulty_and_mixed_files(tmp_path)
    screen = run_on_terminal(*args, columns=columns, cwd=tmp_path)

    assert_matches_golden(screen, SCREENS / f"{name}_{columns}.txt")
    assert all(len(row) <= columns for row in screen.split("\n"))


def test_fix_and_split_never_wrap_piped_output(tmp_path: Path) -> None:
    write_faulty_and_mixed_files(tmp_path)
    for args in (["fix", "--output-file=out", "requests of today.jsonl"], ["split", "mixed.jsonl"]):
        result = run_command(*args, cwd=tmp_path, env={"COLUMNS": "60"})
        assert any(len(row) > 60 for row in result.out.split("\n"))
        assert "\n  " not in result.out.replace("\n    ", "", 1)


@pytest.mark.parametrize("columns", [60, 61, 79, 100])
def test_no_line_is_wider_than_the_terminal(columns: int) -> None:
    """A single word may be wider."""
    for args in (
        ["check", "--show-source", SAMPLE],
        ["check", "fixtures/invalid", "--max-errors=200"],
        ["rule"],
        ["rule", "image*,json"],
        ["provider"],
        ["provider", "azure"],
        ["check", "--help"],
    ):
        screen = run_on_terminal(*args, columns=columns, cwd=FIXTURES.parent)
        too_wide = [
            row for row in screen.split("\n") if len(row) > columns and " " in row.strip()[:columns]
        ]
        assert too_wide == []


def test_output_is_wrapped_at_60_columns_on_narrower_terminals() -> None:
    screens = [run_on_terminal("rule", columns=columns) for columns in (20, 60)]

    assert screens[0] == screens[1]


def test_terminal_width_is_used_if_columns_is_not_set() -> None:
    narrow = run_on_terminal("rule", "invalid_type", columns=None, window_columns=64)

    assert narrow == run_on_terminal("rule", "invalid_type", columns=64)
    assert narrow != run_on_terminal("rule", "invalid_type", columns=80)


def test_piped_output_is_never_wrapped(
    run: Callable[..., CommandResult], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(FIXTURES.parent)
    monkeypatch.setenv("COLUMNS", "60")
    *findings, last = run("check", SAMPLE).out.splitlines()

    assert last.startswith(f"{SAMPLE}: 7 requests")
    findings = [row for row in findings if "`batchlint fix" not in row]
    assert all(row.startswith((f"{SAMPLE}:", "    ")) for row in findings)
    assert sum(row.startswith(f"{SAMPLE}:") for row in findings) == 8
    assert all(
        "  error    " in row or " warning  " in row
        for row in run("rule").out.splitlines()
        if row.startswith("  ")
    )


def test_reading_from_a_terminal_prints_a_notice(tmp_path: Path) -> None:
    leader, terminal = os.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "batchlint", "check", "-"],
        stdin=terminal,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=tmp_path,
    ) as process:
        assert process.stderr is not None
        first = process.stderr.readline()
        os.write(leader, line("a", bogus=1) + b"\x04")
        try:
            out, err = process.communicate(timeout=60)
        finally:
            process.kill()
    os.close(leader)
    os.close(terminal)

    assert first.decode() == "batchlint: reading standard input…\n"
    assert out.startswith(b"<stdin>:1:100: unknown_parameter")
    assert err == b""


def test_messages_on_standard_error_are_wrapped_to_the_terminal(tmp_path: Path) -> None:
    (tmp_path / "batch_1_output.jsonl").write_bytes(
        (FIXTURES / "foreign" / "batch_output.jsonl").read_bytes()
    )
    screen = run_on_terminal("check", ".", columns=60, cwd=tmp_path)

    assert screen == (
        "batchlint: .: skipped batch_1_output.jsonl (the output or\n"
        "    error file of a batch)\n"
        "batchlint: .: no files to check in this directory\n"
    )
