"""Hostile characters in file names, arguments and configuration files."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from cli.process import posix
from cli.samples import BAD, GOOD
from support import HOSTILE, CommandResult, line, run_command

Run = Callable[..., CommandResult]

#: Characters that must not reach a terminal. The output itself contains newlines.
NEVER_PRINTED = set(HOSTILE) - {"\n"}


@posix
@pytest.mark.parametrize("character", sorted(set(HOSTILE) - {"\0"}), ids=ascii)
@pytest.mark.parametrize(
    "format_name", ["text", "json", "jsonl", "batch", "github", "gitlab", "sarif"]
)
def test_hostile_character_in_a_file_name_is_not_printed(
    format_name: str, character: str, run: Run, tmp_path: Path
) -> None:
    path = tmp_path / f"a{character}::error::batch.jsonl"
    path.write_bytes(line("a", bogus=1) + b"{\n")
    compressed = tmp_path / f"b{character}.jsonl.gz"
    compressed.write_bytes(b"not compressed")
    missing = f"c{character}missing"
    result = run("check", f"--format={format_name}", str(path), str(compressed), missing)

    assert result.status == 2
    assert not NEVER_PRINTED & set(result.out + result.err)
    assert len(result.err.splitlines()) == 3
    if format_name != "github":
        assert not any(row.startswith("::error") for row in (result.out + result.err).splitlines())


@posix
@pytest.mark.parametrize("character", sorted(set(HOSTILE) - {"\0"}), ids=ascii)
def test_hostile_character_in_a_file_name_is_not_in_the_junit_report(
    character: str, run: Run, tmp_path: Path
) -> None:
    path = tmp_path / f"a{character}b.jsonl"
    path.write_bytes(line())
    result = run("check", "--format=junit", str(path))

    assert result.status == 0
    assert not NEVER_PRINTED & set(result.out)


@posix
@pytest.mark.parametrize(
    "args",
    [
        ["check", "--a\x1bb", GOOD],
        ["check", "--format=a\x1bb", GOOD],
        ["check", "--select=a\x1bb", GOOD],
        ["check", "--jobs=a\x1bb", GOOD],
        ["check", "--metadata=a\x1b\n::error::b", GOOD],
        ["check", "--output-file=a\x1bb/c", GOOD],
        ["a\x1bb"],
        ["rule", "a\x1b\u202eb"],
        ["schema", "a\x1bb"],
    ],
    ids=ascii,
)
def test_hostile_character_in_an_argument_is_not_printed(args: list[str], run: Run) -> None:
    result = run(*args)

    assert result.status == 2
    assert not NEVER_PRINTED & set(result.err)
    assert not any(row.startswith("::") for row in result.err.splitlines())


@pytest.mark.parametrize(
    "text",
    [
        '"a\\u001b\\u202eb" = []',
        '"a\\n::error::b" = []',
        'select = ["a\\u001bb"]',
        '[per-file."a\\u001bb"]\nselect = 1',
        '[per-file."a\\u001bb"]\n"c\\u200bd" = []',
    ],
)
def test_hostile_character_in_a_configuration_is_not_printed(
    text: str, run: Run, tmp_path: Path
) -> None:
    (tmp_path / "batchlint.toml").write_text(text, "utf-8")
    path = tmp_path / "batch.jsonl"
    path.write_bytes(line())
    result = run("check", str(path))

    assert result.status == 2
    assert not NEVER_PRINTED & set(result.err)
    assert not any(row.startswith("::") for row in result.err.splitlines())


@posix
def test_progress_bar_escapes_the_file_name(tmp_path: Path) -> None:
    path = tmp_path / "a\x1b[31m\u202eb.jsonl"
    path.write_bytes(line("a", input="x" * 1000) * 3000)
    result = run_command("check", "--progress", str(path))

    assert "\\x1b[31m\\u202eb.jsonl" in result.err
    assert "\u202e" not in result.err
    assert "\x1b[31m" not in result.err


@posix
@pytest.mark.parametrize(
    "format_name", ["json", "jsonl", "gitlab", "sarif", "junit", "github", "text"]
)
def test_file_name_that_is_not_utf8_causes_no_internal_error(
    format_name: str, tmp_path: Path
) -> None:
    path = os.fsencode(tmp_path) + b"/a\xff\xfeb.jsonl"
    Path(os.fsdecode(path)).write_bytes(line())
    result = run_command("check", f"--format={format_name}".encode(), path, path + b"missing")

    assert result.status == 2
    assert "internal error" not in result.err


# -- file names that look like options ------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["--output-file=x-batch.jsonl", "--metadata=x=batch.jsonl", "-x batch.jsonl"]
)
def test_file_name_that_looks_like_an_option_is_a_usage_error(
    name: str, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path(name).write_bytes(line())
    result = run("check", name, GOOD)

    assert result.status == 2
    assert "write `--` before the files" in result.err
    assert [entry.name for entry in tmp_path.iterdir()] == [name]
    assert run("check", "--", name, BAD).status == 1
    assert run("check", "--strict", "--", name).status == 0
    assert run("check", f"./{name}").status == 0
