"""Every file in `fixtures/` is a test; `BATCHLINT_UPDATE_GOLDEN=1 pytest` rewrites the expected texts."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from support import FIXTURES, Ran, inputs

from batchlint import check
from batchlint.rules import RULES
from batchlint.schemas import ENDPOINTS

VALID, INVALID, FOREIGN, WILD = inputs("valid"), inputs("invalid"), inputs("foreign"), inputs("wild")

#: Rules that no small file shows, and where they are tested instead.
ELSEWHERE = {
    "file_too_large", "file_size_near_limit", "too_many_requests", "too_many_embedding_inputs",  # test_limits.py
    "context_exceeded", "enqueued_tokens", "input_too_long",  # test_rules_size.py
}


def by_name(path: Path) -> str:
    return path.name


def golden(ran: Ran, path: Path) -> None:
    """What the user sees is what stands in the file: standard output, standard error and the exit status."""
    text = f"{ran.out}{f'--- standard error{chr(10)}{ran.err}' if ran.err else ''}--- exit status {ran.status}\n"
    if os.environ.get("BATCHLINT_UPDATE_GOLDEN"):
        path.write_text(text, "utf-8", newline="\n")
    assert path.exists(), "no expected text; BATCHLINT_UPDATE_GOLDEN=1 writes it, and you read it"
    assert path.read_text("utf-8") == text


@pytest.mark.parametrize("found", [VALID, INVALID, FOREIGN, WILD], ids=["valid", "invalid", "foreign", "wild"])
def test_the_folder_has_files(found: list[Path]) -> None:
    assert found


def test_no_expected_text_is_left_over() -> None:
    texts = {path.with_suffix("") for folder in ("invalid", "foreign") for path in (FIXTURES / folder).glob("*.txt")}
    assert texts == {path.with_suffix("") for path in (*INVALID, *FOREIGN)}


@pytest.mark.parametrize("path", VALID, ids=by_name)
def test_nothing_is_said_of_a_valid_file(path: Path) -> None:
    report = check(path, now=datetime(2026, 1, 1, tzinfo=UTC))  # when all of the models were there

    assert report.errors == ()
    assert {e.rule for e in report.warnings} == ({"videos_shut_down"} if report.endpoint == "/v1/videos" else set())
    assert report.total == len(path.read_bytes().rstrip(b"\n").split(b"\n"))
    assert report.bytes == path.stat().st_size


def test_every_endpoint_has_a_valid_file() -> None:
    assert {check(path).endpoint for path in VALID} == set(ENDPOINTS)


@pytest.mark.parametrize("path", INVALID, ids=by_name)
def test_the_rule_of_an_invalid_file_fires(
    path: Path, run: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    """`invalid/<rule>.jsonl` brings a finding of the rule, and the user sees `invalid/<rule>.txt`."""
    monkeypatch.chdir(path.parent)
    name = path.stem
    switched_on = [] if RULES[name].default else [f"--warn={name}"]
    report = check(path.name, warn=[name] if switched_on else ())

    assert name in {error.rule for error in (*report.errors, *report.warnings)}
    golden(run("check", *switched_on, path.name), path.with_suffix(".txt"))


def test_every_rule_has_an_invalid_file() -> None:
    assert set(RULES) - {path.stem for path in INVALID} == ELSEWHERE


@pytest.mark.parametrize("path", FOREIGN, ids=by_name)
def test_a_foreign_file_is_told_in_one_finding(
    path: Path, run: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(path.parent)
    rule = {"utf16": "not_utf8", "utf8": "byte_order_mark"}.get(path.stem.partition("_")[0], "not_a_batch_file")
    report = check(path.name)

    assert [(error.rule, bool(error.hint)) for error in (*report.errors, *report.warnings)] == [(rule, True)]
    assert report.bytes == path.stat().st_size
    golden(run("check", path.name), path.with_suffix(".txt"))


def verdicts() -> dict[str, str]:
    """The table of provenance in `fixtures/README.md`: file and verdict."""
    cells = [[cell.strip(" `") for cell in row.split("|")[1:-1]]
             for row in (FIXTURES / "README.md").read_text("utf-8").splitlines() if row.startswith("| `wild/")]
    return {row[0].removeprefix("wild/"): row[-1] for row in cells if row[0] != "wild/"}


def test_every_wild_file_has_its_provenance() -> None:
    assert set(verdicts()) == {path.name for path in WILD}


@pytest.mark.parametrize("path", WILD, ids=by_name)
def test_a_wild_file_gets_its_verdict(path: Path) -> None:
    """Files that the API takes bring no error, and the others the one that they are known for."""
    verdict = verdicts()[path.name]

    assert {error.rule for error in check(path).errors} == (set() if verdict == "valid" else {verdict})
