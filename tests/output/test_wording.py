"""Wording that several formats use: effects, verdicts and summaries."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from batchlint.findings import FindingKey
from batchlint.output.wording import (
    EFFECT_OF_RULE,
    by_effect,
    effect,
    effects,
    format_location,
    label,
    pluralize,
    summary_of_all,
    verdict,
)
from batchlint.rules import RULES
from reports import make_finding, make_report
from support import FIXTURES, CommandResult, line

GOOD = str(FIXTURES / "valid" / "embeddings.jsonl")
BAD = str(FIXTURES / "invalid" / "invalid_type.jsonl")
WARNINGS = str(FIXTURES / "invalid" / "blank_line.jsonl")

Run = Callable[..., CommandResult]


def test_text_shows_each_finding_and_a_summary_per_file(run: Run) -> None:
    lines = run("check", BAD).out.splitlines()

    assert lines[0] == (
        f"{BAD}:2:167: invalid_type body.temperature: Invalid type for 'temperature': expected a "
        "decimal, but got a string instead."
    )
    assert lines[-1] == (
        f"{BAD}: 6 requests to /v1/chat/completions, 5 errors (5 fail their requests)"
    )


def test_summary_counts_findings_by_effect(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "x.txt"
    path.write_bytes(line("a") + line("a", bogus=1) + b"\n")
    summary = run("check", str(path)).out.splitlines()[-1]

    assert summary == (
        f"{path}: 2 requests to /v1/embeddings, 3 errors (1 fails the upload, 1 fails the whole "
        "batch, 1 fails its request; 1 request has errors), 1 warning"
    )


def test_several_files_are_followed_by_a_summary_of_all(run: Run) -> None:
    assert run("check", GOOD, BAD, WARNINGS).out.splitlines()[-1] == "3 files, 1 with errors"
    assert run("check", GOOD, WARNINGS).out.splitlines()[-1] == "2 files, no errors"
    missing = run("check", GOOD, "nowhere.jsonl").out.splitlines()[-1]
    assert missing == "2 files, 1 could not be read"


def test_findings_promoted_to_errors_are_counted_as_promoted(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_bytes(line().replace(b"{", b'{"custom_id": "a", ', 1) + b"\n")
    result = run("check", "--error=duplicate_key,blank_line", "--statistics", str(path))

    assert result.status == 1
    assert result.out.splitlines()[-3:] == [
        f"{path}: 1 request to /v1/embeddings, 2 errors (2 are promoted to errors; 1 request has "
        "errors)",
        "1  blank_line     is promoted to an error",
        "1  duplicate_key  is promoted to an error",
    ]
    out = run("check", "--error=duplicate_key", "--format=json", str(path)).out
    file = json.loads(out)["files"][0]
    found = [(error["rule"], error["fails"]) for error in file["errors"]["data"]]
    assert found == [("duplicate_key", None)]
    assert file["request_counts"] == {"total": 1, "failed": 1}


def test_summary_mentions_strict_only_if_nothing_else_fails_the_run(run: Run) -> None:
    def last_line(*args: str) -> str:
        return run("check", *args).out.splitlines()[-1]

    assert last_line(WARNINGS).endswith("no errors, 3 warnings")
    assert last_line("--strict", WARNINGS).endswith("no errors, 3 warnings (fails: --strict)")
    assert last_line("--strict", BAD).endswith("5 errors (5 fail their requests)")


@pytest.mark.parametrize(
    ("number", "text"), [(0, "0 files"), (1, "1 file"), (2, "2 files"), (1234, "1,234 files")]
)
def test_noun_agrees_with_its_count(number: int, text: str) -> None:
    assert pluralize(number, "file") == text


@pytest.mark.parametrize(
    ("line_number", "column", "text"),
    [(None, None, "a\\nb"), (3, None, "a\\nb:3"), (3, 7, "a\\nb:3:7")],
)
def test_place_omits_unknown_line_and_column(
    line_number: int | None, column: int | None, text: str
) -> None:
    assert format_location("a\nb", line_number, column) == text


def test_label_shortens_a_param_over_120_characters() -> None:
    assert label(make_finding(param=None)) == "c"
    assert label(make_finding(param="x" * 120)) == f"c {'x' * 120}"
    assert label(make_finding(param="x" * 100 + "y" * 100)) == f"c {'x' * 80}...{'y' * 37}"


@pytest.mark.parametrize(
    ("key", "singular", "plural"),
    [
        (FindingKey("r", "error", "upload"), "fails the upload", "fail the upload"),
        (FindingKey("r", "error", "create"), "fails the create call", "fail the create call"),
        (FindingKey("r", "error", "batch"), "fails the whole batch", "fail the whole batch"),
        (FindingKey("r", "error", "request"), "fails its request", "fail their requests"),
        (FindingKey("r", "error", None), "is promoted to an error", "are promoted to errors"),
        (FindingKey("r", "warning", None), "warns", "warn"),
    ],
    ids=["upload", "create", "batch", "request", "promoted", "warning"],
)
def test_effect_has_a_singular_and_a_plural(key: FindingKey, singular: str, plural: str) -> None:
    assert (effect(key, 1), effect(key, 2)) == (singular, plural)


def test_counts_are_ordered_by_severity_effect_number_and_name() -> None:
    counts = {
        FindingKey("w", "warning", None): 9,
        FindingKey("r", "error", "request"): 5,
        FindingKey("q", "error", "request"): 7,
        FindingKey("p", "error", "request"): 5,
        FindingKey("u", "error", "upload"): 1,
    }

    assert [key.rule for key, _ in by_effect(counts)] == ["u", "q", "p", "r", "w"]


def test_verdict_counts_errors_by_effect() -> None:
    report = make_report(make_finding(), make_finding(fails="batch"))

    assert effects(report) == "1 fails the whole batch, 1 fails its request"
    assert verdict(report) == (
        "2 errors (1 fails the whole batch, 1 fails its request; 1 request has errors)"
    )
    assert verdict(make_report()) == "no errors"


def test_summary_of_all_files_counts_each_state() -> None:
    assert summary_of_all([True]) == "1 file, no errors"
    assert summary_of_all([True, False, None, False]) == (
        "4 files, 2 with errors, 1 could not be read"
    )


def test_every_effect_of_a_rule_has_wording() -> None:
    assert {rule.fails for rule in RULES.values()} <= set(EFFECT_OF_RULE)
