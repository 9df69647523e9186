"""Tests with the files in `fixtures/`: valid, invalid, foreign and wild batch files."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from batchlint import check
from batchlint.rules import RULES
from golden import assert_matches_golden
from support import FIXTURES, URLS, CommandResult, fixture_files

VALID = fixture_files("valid")
INVALID = fixture_files("invalid")
FOREIGN = fixture_files("foreign")
WILD = fixture_files("wild")

#: Rules without a fixture, because the file would be too large. Other tests cover them.
WITHOUT_FIXTURE = {
    "file_too_large",
    "file_size_near_limit",
    "too_many_requests",
    "too_many_embedding_inputs",
    "context_exceeded",
    "embedding_tokens",
    "enqueued_tokens",
    "input_too_long",
    "max_tokens_per_request",
    "too_many_problems",
    "unchecked_filter",
    "unchecked_schema",
    # Rules about other providers (`test_providers.py`).
    "doubtful_custom_id",
    "line_size_near_limit",
    "line_too_large",
    "misspelled_parameter",
    "refused_custom_id",
    "requests_near_limit",
    "unclear_endpoint",
}

Run = Callable[..., CommandResult]


def by_name(path: Path) -> str:
    return path.name


def output_of(result: CommandResult) -> str:
    """Combine standard output, standard error and the exit status into the expected output."""
    err = f"--- standard error\n{result.err}" if result.err else ""
    return f"{result.out}{err}--- exit status {result.status}\n"


@pytest.mark.parametrize(
    "files", [VALID, INVALID, FOREIGN, WILD], ids=["valid", "invalid", "foreign", "wild"]
)
def test_every_fixture_directory_has_files(files: list[Path]) -> None:
    assert files


def test_fixtures_and_expected_outputs_match() -> None:
    texts = {
        path.with_suffix("")
        for directory in ("invalid", "foreign")
        for path in (FIXTURES / directory).glob("*.txt")
    }

    assert texts == {path.with_suffix("") for path in (*INVALID, *FOREIGN)}


@pytest.mark.parametrize("path", VALID, ids=by_name)
def test_valid_file_has_no_findings(path: Path) -> None:
    report = check(path, now=datetime(2026, 1, 1, tzinfo=UTC))  # Before any shutdown date.
    warnings = {"videos_shut_down"} if report.endpoint == "/v1/videos" else set()

    assert report.errors == ()
    assert {error.rule for error in report.warnings} == warnings
    assert report.total == len(path.read_bytes().rstrip(b"\n").split(b"\n"))
    assert report.bytes == path.stat().st_size


def test_every_endpoint_has_a_valid_fixture() -> None:
    assert {check(path).endpoint for path in VALID} == set(URLS)


@pytest.mark.parametrize("path", INVALID, ids=by_name)
def test_invalid_file_breaks_the_rule_in_its_name(
    path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`invalid/<rule>.jsonl` has a finding of the rule. `invalid/<rule>.txt` is the output."""
    monkeypatch.chdir(path.parent)
    name = path.stem
    enabled = [] if RULES[name].default else [name]
    report = check(path.name, warn=enabled)

    assert name in {error.rule for error in (*report.errors, *report.warnings)}
    options = [f"--warn={rule}" for rule in enabled]
    assert_matches_golden(output_of(run("check", *options, path.name)), path.with_suffix(".txt"))


def test_every_rule_has_an_invalid_fixture() -> None:
    assert set(RULES) - {path.stem for path in INVALID} == WITHOUT_FIXTURE


@pytest.mark.parametrize("path", FOREIGN, ids=by_name)
def test_foreign_file_has_one_finding_with_a_hint(
    path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(path.parent)
    encodings = {"utf16": "not_utf8", "utf8": "byte_order_mark"}
    rule = encodings.get(path.stem.partition("_")[0], "not_a_batch_file")
    report = check(path.name)
    found = [(error.rule, bool(error.hint)) for error in (*report.errors, *report.warnings)]

    assert found == [(rule, True)]
    assert report.bytes == path.stat().st_size
    assert_matches_golden(output_of(run("check", path.name)), path.with_suffix(".txt"))


def verdicts() -> dict[str, str]:
    """Return the verdict for each wild file, from the table in `fixtures/README.md`."""
    text = (FIXTURES / "README.md").read_text("utf-8")
    cells = [
        [cell.strip(" `") for cell in row.split("|")[1:-1]]
        for row in text.splitlines()
        if row.startswith("| `wild/")
    ]
    return {row[0].removeprefix("wild/"): row[-1] for row in cells if row[0] != "wild/"}


def test_every_wild_file_has_a_verdict_in_the_readme() -> None:
    assert set(verdicts()) == {path.name for path in WILD}


@pytest.mark.parametrize("path", WILD, ids=by_name)
def test_wild_file_has_only_the_error_in_its_verdict(path: Path) -> None:
    """Files with the verdict `valid` have no errors."""
    verdict = verdicts()[path.name]
    expected = set() if verdict == "valid" else {verdict}

    assert {error.rule for error in check(path).errors} == expected
