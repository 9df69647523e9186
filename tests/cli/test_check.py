"""`batchlint check`: rule selection, limits on findings, and options for the create call."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from batchlint.providers import schema_date
from cli.samples import BAD, GOOD
from support import CommandResult, line, run_command

Run = Callable[..., CommandResult]


# -- limits on findings ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "printed"),
    [
        ([], 20),
        (["--max-errors=3"], 3),
        (["--max-errors=39"], 39),
        (["--max-errors=40"], 40),
        (["--max-errors", "0"], 40),
    ],
    ids=["default", "3", "39", "40", "0"],
)
def test_max_errors_limits_printed_findings_but_not_the_counts(
    options: list[str], printed: int, run: Run, tmp_path: Path
) -> None:
    path = tmp_path / "batch.jsonl"
    path.write_bytes(b"".join(line(str(number), dimensions="x") for number in range(40)))
    out = run("check", *options, str(path)).out

    assert out.count(": invalid_type ") == printed
    assert ("... and " in out) == (printed < 40)
    assert printed == 40 or f"... and {40 - printed} more" in out
    assert "40 errors (40 fail their requests)" in out


@pytest.mark.parametrize(
    ("options", "kept"),
    [
        ([], 1000),
        (["--keep=7"], 7),
        (["--keep=0"], 1200),
        (["--max-errors=0"], 1200),
        (["--max-errors=1100"], 1100),
        (["--max-errors=0", "--keep=5"], 5),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else str(value),
)
def test_keep_limits_stored_findings_per_rule_but_not_the_counts(
    options: list[str], kept: int, run: Run, tmp_path: Path
) -> None:
    path = tmp_path / "batch.jsonl"
    path.write_bytes(b"".join(line(str(number), dimensions="x") for number in range(1200)))
    file = json.loads(run("check", "--format=json", *options, str(path)).out)["files"][0]

    assert len(file["errors"]["data"]) == kept
    assert file["truncated"] == ({"invalid_type": 1200 - kept} if kept < 1200 else {})
    assert file["request_counts"] == {"total": 1200, "failed": 1200}


# -- rules ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "severities"),
    [
        (
            [],
            {
                "unknown_parameter": "error",
                "invalid_type": "error",
                "blank_line": "warning",
                "unknown_line_member": "warning",
            },
        ),
        (["--select=invalid_type"], {"invalid_type": "error"}),
        (
            ["--select=invalid_type,blank_line"],
            {"invalid_type": "error", "blank_line": "warning"},
        ),
        (
            ["--ignore=unknown_parameter,unknown_line_member"],
            {"invalid_type": "error", "blank_line": "warning"},
        ),
        (
            ["--warn=invalid_type,unknown_parameter"],
            {
                "unknown_parameter": "warning",
                "invalid_type": "warning",
                "blank_line": "warning",
                "unknown_line_member": "warning",
            },
        ),
        (["--select=blank_line", "--error=blank_line"], {"blank_line": "error"}),
        (["--select=duplicate_key", "--warn=duplicate_key"], {"duplicate_key": "warning"}),
        (
            ["--select=missing_required_parameter", "--error=duplicate_key"],
            {"duplicate_key": "error"},
        ),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else str(len(value)),
)
def test_rule_options_set_which_rules_run_and_their_severity(
    options: list[str], severities: dict[str, str], run: Run, tmp_path: Path
) -> None:
    path = tmp_path / "batch.jsonl"
    repeated = b'"POST", "method": "POST", "more": 1,'
    row = line("a", bogus=1, dimensions="x").replace(b'"POST",', repeated)
    path.write_bytes(row + b"\n")
    result = run("check", "--format=jsonl", *options, str(path))
    found = [json.loads(text) for text in result.out.splitlines()]

    assert {row["rule"]: row["severity"] for row in found} == severities
    assert result.status == ("error" in severities.values())


@pytest.mark.parametrize(
    "options",
    [
        ["--select="],
        ["--select=,"],
        ["--select", " "],
        ["--select=", "--warn=duplicate_key"],
        ["--select=invalid_type", "--ignore=invalid_type"],
    ],
    ids=" ".join,
)
def test_selecting_no_rules_is_a_usage_error(options: list[str], run: Run) -> None:
    result = run("check", *options, BAD)

    assert (result.status, result.out) == (2, "")
    assert "so nothing would be checked" in result.err


@pytest.mark.parametrize(
    "text",
    [
        "select = []",
        'select = [""]',
        '[per-file."*"]\nselect = []',
        'select = ["invalid_type"]\nignore = ["invalid_type"]',
    ],
)
def test_config_that_selects_no_rules_is_an_error(text: str, run: Run, tmp_path: Path) -> None:
    (tmp_path / "batchlint.toml").write_text(text, "utf-8")
    (tmp_path / "x.jsonl").write_bytes(line("a", bogus=1))
    result = run("check", str(tmp_path / "x.jsonl"))

    assert (result.status, result.out) == (2, "")
    assert "so nothing would be checked" in result.err


@pytest.mark.parametrize("option", ["--ignore=", "--warn=", "--error="])
def test_ignore_warn_and_error_options_may_be_empty(option: str, run: Run) -> None:
    assert run("check", option, BAD).status == 1


@pytest.mark.parametrize("option", ["--select", "--ignore", "--warn", "--error"])
def test_unknown_rule_is_a_usage_error_with_a_suggestion(option: str) -> None:
    result = run_command("check", option, "duplicate_custom_ids", GOOD)

    assert result.status == 2
    message = "unknown rule 'duplicate_custom_ids'; did you mean duplicate_custom_id"
    assert message in result.err
    assert result.out == ""


# -- the create call ------------------------------------------------------------------------------


def test_endpoint_option_sets_the_endpoint(run: Run) -> None:
    assert run("check", "--endpoint=/v1/embeddings", GOOD).status == 0
    result = run("check", "--endpoint=/v1/responses", GOOD)
    assert (result.status, result.out.count("invalid_url url: ")) == (1, 4)


@pytest.mark.parametrize(
    ("options", "finding"),
    [
        pytest.param(
            ["--endpoint=/v1/audio/speech"], "invalid_value endpoint", id="unknown endpoint"
        ),
        pytest.param(
            ["--completion-window=1h"], "invalid_value completion_window", id="completion window"
        ),
        pytest.param(
            ["--output-expires-after=3599"],
            "integer_below_min_value output_expires_after.seconds",
            id="expires too early",
        ),
        pytest.param(
            ["--output-expires-after=2592001"],
            "integer_above_max_value output_expires_after.seconds",
            id="expires too late",
        ),
        pytest.param(
            [f"--metadata=key{number}=x" for number in range(17)],
            "object_above_max_properties metadata",
            id="17 metadata keys",
        ),
        pytest.param(
            ["--metadata", f"{'k' * 65}=x"],
            "property_name_above_max_length metadata.k",
            id="long metadata key",
        ),
        pytest.param(
            ["--metadata", f"k={'v' * 513}"],
            "string_above_max_length metadata.k",
            id="long metadata value",
        ),
    ],
)
def test_invalid_create_call_parameter_is_an_error(options: list[str], finding: str) -> None:
    result = run_command("check", *options, GOOD)

    assert result.status == 1, result
    assert f": {finding}" in result.out
    assert "1 error (1 fails the create call)" in result.out


@pytest.mark.parametrize(
    ("options", "param"),
    [
        pytest.param(["--completion-window", "\udcff"], "completion_window", id="surrogate window"),
        pytest.param(
            ["--output-expires-after", "9" * 25],
            "output_expires_after.seconds",
            id="25 digits",
        ),
        pytest.param(
            ["--output-expires-after", "-" + "9" * 25],
            "output_expires_after.seconds",
            id="minus 25 digits",
        ),
        pytest.param(["--endpoint", "\udcff"], "endpoint", id="surrogate endpoint"),
    ],
)
def test_malformed_create_call_parameter_is_reported_as_a_finding(
    options: list[str], param: str, run: Run
) -> None:
    result = run("check", "--format=jsonl", *options, GOOD)

    assert result.status == 1
    assert [json.loads(row)["param"] for row in result.out.splitlines()] == [param]


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("novalue", "'novalue' has no '='; write KEY=VALUE"),
        ("k=\udcff", "metadata must be UTF-8 text"),
    ],
    ids=["no equals sign", "surrogate"],
)
def test_malformed_metadata_is_a_usage_error(value: str, message: str, run: Run) -> None:
    result = run("check", "--metadata", value, GOOD)

    assert (result.status, result.out) == (2, "")
    assert message in result.err


def test_ignore_option_applies_to_the_create_call(run: Run) -> None:
    assert run("check", GOOD, "--completion-window=1h").status == 1
    assert run("check", GOOD, "--completion-window=1h", "--ignore=invalid_value").status == 0


def test_valid_create_call_parameters_pass() -> None:
    metadata = [f"--metadata=key{number}=a=b" for number in range(16)]
    options = [
        "--completion-window=24h",
        "--output-expires-after=3600",
        "--output-expires-after=2592000",
        *metadata,
        "--endpoint=/v1/embeddings",
    ]

    assert run_command("check", *options, GOOD).status == 0


# -- shell completion -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "index", "completions"),
    [
        ("batchlint rule invalid_typ", 2, ["invalid_type"]),
        ("batchlint check --ignore=blank_line,duplicate_k", 2, ["blank_line,duplicate_key"]),
        ("batchlint check --endpoint /v1/emb", 3, ["/v1/embeddings"]),
        ("batchlint schema batch-c", 2, ["batch-create"]),
    ],
    ids=["rule", "rules", "endpoint", "schema"],
)
def test_shell_completion_offers_matching_names(
    words: str, index: int, completions: list[str]
) -> None:
    result = run_command(
        env={
            "_BATCHLINT_COMPLETE": "bash_complete",
            "COMP_WORDS": words,
            "COMP_CWORD": str(index),
        }
    )

    assert [row.partition(",")[2] for row in result.out.splitlines()] == completions
    assert (result.status, result.err) == (0, "")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_shell_completion_prints_its_script(shell: str) -> None:
    result = run_command(env={"_BATCHLINT_COMPLETE": f"{shell}_source"})

    assert "_BATCHLINT_COMPLETE" in result.out
    assert (result.status, result.err) == (0, "")


@pytest.mark.parametrize(
    "variables",
    [
        {"_BATCHLINT_COMPLETE": "bash_complete"},
        {"_BATCHLINT_COMPLETE": "fish_complete", "COMP_WORDS": "batchlint"},
        {"_BATCHLINT_COMPLETE": "zsh_complete", "COMP_WORDS": "batchlint", "COMP_CWORD": "x"},
        {
            "_BATCHLINT_COMPLETE": "bash_complete",
            "COMP_WORDS": "batchlint",
            "COMP_CWORD": "9" * 5000,
        },
        {"_BATCHLINT_COMPLETE": "csh_source"},
        {"_BATCHLINT_COMPLETE": "bash"},
    ],
    ids=lambda variables: " ".join(variables.values())[:40],
)
def test_invalid_request_for_completions_is_a_usage_error(variables: dict[str, str]) -> None:
    result = run_command(env=variables)

    assert (result.status, result.out) == (2, "")
    assert "the shell must set COMP_WORDS" in result.err or "_BATCHLINT_COMPLETE is" in result.err


# -- outdated schemas -----------------------------------------------------------------------------


@pytest.mark.parametrize(("days", "notices"), [(-100, 0), (0, 0), (179, 0), (180, 1), (4000, 1)])
def test_schemas_180_days_old_cause_one_notice_per_run(
    days: int, notices: int, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = datetime.fromisoformat(f"{schema_date()}T12:00:00+00:00") + timedelta(days=days)
    monkeypatch.setenv("SOURCE_DATE_EPOCH", str(int(now.timestamp())))
    paths = [tmp_path / "one.jsonl", tmp_path / "two.jsonl"]
    for path in paths:
        path.write_bytes(line())
    result = run("check", "--format=json", *map(str, paths))

    assert result.err.count(f"batchlint: the schemas date from {schema_date()}") == notices
    assert result.err.count("\n") == notices
    json.loads(result.out)
