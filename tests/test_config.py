"""Configuration: where it is found, what it may say, and what is told when it says something else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from support import Ran, line

from batchlint import config


@pytest.fixture(autouse=True)
def _nothing_remembered() -> None:
    config._nearest.cache_clear()


@pytest.mark.parametrize("text", [
    '[tool.batchlint]\nignore = ["blank_line"]', '[ tool . batchlint ]\nignore = ["blank_line"]',
    '[tool."batchlint"]\nignore = ["blank_line"]', "[ 'tool' .\t'batchlint' ]\nignore = ['blank_line']",
    '[tool]\nbatchlint.ignore = ["blank_line"]', 'tool.batchlint.ignore = ["blank_line"]',
    'tool = {batchlint = {ignore = ["blank_line"]}}', '["tool"]\n"batchlint" = {ignore = ["blank_line"]}'])
def test_the_table_is_found_however_it_is_spelled(text: str, tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(text, "utf-8")

    assert config.nearest(tmp_path).for_file(tmp_path / "x.jsonl") == {"ignore": ["blank_line"]}


def test_a_project_that_only_names_us_is_not_parsed(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[dependency-groups]\ndev = ["batchlint"]\n[tool.ruff]\nthis is no TOML', "utf-8")

    assert config.nearest(tmp_path).rules == {}


def test_the_nearest_counts_and_one_of_our_own_goes_first(tmp_path: Path) -> None:
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    (tmp_path / "batchlint.toml").write_text('select = ["blank_line"]', "utf-8")
    (tmp_path / "pyproject.toml").write_text('[tool.batchlint]\nselect = ["invalid_type"]', "utf-8")
    (tmp_path / "a" / "pyproject.toml").write_text('[project]\nname = "batchlint"\n[tool.other]', "utf-8")

    assert config.nearest(inner).path == tmp_path / "batchlint.toml"


def test_globs_add_to_what_holds_for_all(tmp_path: Path) -> None:
    (tmp_path / "batchlint.toml").write_text('ignore = ["blank_line"]\n[per-file."old/*.jsonl"]\nwarn = ["unknown_parameter"]\n'
                                             '[per-file."x.jsonl"]\nselect = ["invalid_type"]', "utf-8")
    made = config.nearest(tmp_path)

    assert made.for_file(tmp_path / "y.jsonl") == {"ignore": ["blank_line"]}
    assert made.for_file(tmp_path / "old" / "y.jsonl") == {"ignore": ["blank_line"], "warn": ["unknown_parameter"]}
    assert made.for_file(tmp_path / "x.jsonl") == {"ignore": ["blank_line"], "select": ["invalid_type"]}


@pytest.mark.parametrize(("text", "said"), [
    ("ignore = 3", "ignore must be a list of names of rules"),
    ('ignore = "blank_line"', "ignore must be a list of names of rules"),
    ('ignore = ["blank_lines"]', "ignore: unknown rule 'blank_lines'; did you mean blank_line"),
    ("ingore = []", "unknown key ingore; there are select, ignore, warn, error, per-file"),
    ("per-file = 3", "per-file must be a table"),
    ('[per-file]\n"*.jsonl" = 3', "per-file.'*.jsonl' must be a table"),
    ('[per-file."a"]\nx = 1', "unknown key per-file.'a'.x"),
    ("ignore = [", "Invalid value"),
])
def test_what_cannot_be_is_told_with_its_place_and_no_file_is_checked(
    text: str, said: str, run: Callable[..., Ran], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "batchlint.toml").write_text(text, "utf-8")
    (tmp_path / "x.jsonl").write_bytes(line())
    ran = run("check", "x.jsonl")

    assert ran.status == 2
    assert ran.out == ""
    assert f"batchlint.toml: {said}" in ran.err


def test_the_command_line_goes_on_top(run: Callable[..., Ran], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "batchlint.toml").write_text('ignore = ["invalid_type"]', "utf-8")
    (tmp_path / "x.jsonl").write_bytes(line(dimensions="x") + b"\n")

    assert [run("check", "x.jsonl", *more).status for more in ([], ["--strict"], ["--strict", "--ignore=blank_line"])] == [0, 1, 0]
    assert [run("check", "x.jsonl", f"--{option}=invalid_type").status for option in ("select", "error", "warn")] == [1, 1, 0]
    assert run("check", "x.jsonl", "--warn=invalid_type").out.splitlines()[-1].endswith("no errors, 2 warnings")
