"""`batchlint split`: its output, the files it writes, and its exit status."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import pytest

from support import CommandResult, line, run_command

CHAT = "/v1/chat/completions"
Run = Callable[..., CommandResult]


@pytest.fixture(autouse=True)
def _in_an_empty_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def names(directory: str = ".") -> list[str]:
    return sorted(path.name for path in Path(directory).iterdir())


def test_split_prints_a_table_of_the_parts(run: Run) -> None:
    Path("in.jsonl").write_bytes(line("a", model="m", input=["x", "y"]) + b"\n" + line("b"))
    result = run("split", "in.jsonl", "--output-dir", "out", "--max-requests=1")

    assert result == (
        0,
        "part          requests  bytes  inputs  model  url\n"
        "in-001.jsonl         1    107       2  m      /v1/embeddings\n"
        "in-002.jsonl         1    100       1  m      /v1/embeddings\n"
        "in.jsonl: 2 requests, 1 blank line omitted: 2 parts written to out\n",
        "",
    )
    assert names("out") == ["in-001.jsonl", "in-002.jsonl", "in.manifest.json"]


def test_dry_run_prints_the_plan_and_writes_nothing(run: Run) -> None:
    Path("in.jsonl").write_bytes(line("a", CHAT, model="m\x1b") + line("b", CHAT))
    result = run("split", "in.jsonl", "--dry-run", "--by=none")

    assert result == (
        0,
        "part          requests  bytes\n"
        "in-001.jsonl         2    288\n"
        "in.jsonl: 2 requests: 1 part would be written to .\n",
        "",
    )
    assert names() == ["in.jsonl"]


def test_table_cuts_a_long_model(run: Run) -> None:
    Path("in.jsonl").write_bytes(line("a", model="m" * 5000) + line("b", model="n"))
    _, *rows, _ = run("split", "in.jsonl", "--dry-run").out.splitlines()

    assert max(map(len, rows)) < 200


@pytest.mark.parametrize("by", ["model", "url", "url, model"])
def test_table_has_a_column_for_each_grouping_field(by: str, run: Run) -> None:
    Path("in.jsonl").write_bytes(line("a"))
    header, *_ = run("split", "in.jsonl", "--dry-run", "--by", by).out.splitlines()

    assert header.split() == ["part", "requests", "bytes", "inputs", *by.split(", ")]


def test_unplaceable_lines_cause_exit_status_1_and_nothing_is_written(run: Run) -> None:
    Path("in.jsonl").write_bytes(line("a") + b"{}\n" * 30)
    result = run("split", "in.jsonl")

    assert result.status == 1
    assert result.out.startswith(
        "in.jsonl:2: The request has no valid url, which is needed to split the file.\n"
    )
    assert result.out.endswith(
        "... and 10 more\nin.jsonl: 31 requests: 30 lines don't fit into any part, so nothing was written\n"
    )
    assert names() == ["in.jsonl"]


def test_error_about_too_many_parts_names_the_option_that_allows_more(run: Run) -> None:
    Path("in.jsonl").write_bytes(line("a", model="m") + line("b", model="n") * 2)
    result = run("split", "in.jsonl", "--max-parts=1")

    assert result == (
        1,
        "in.jsonl:2: The request needs another part, but the maximum is 1 part.\n"
        "in.jsonl:3: The request needs another part, but the maximum is 1 part.\n"
        "in.jsonl:3: warning: the custom_id is already used on line 2. Results are matched by "
        "custom_id.\n"
        "in.jsonl: 3 requests: 2 lines don't fit into any part, so nothing was written\n"
        "    `--max-parts` allows more parts. `--by` and the limits change their number.\n",
        "",
    )
    assert names() == ["in.jsonl"]
    assert run("split", "in.jsonl", "--max-parts=2").status == 0


def test_repeated_custom_id_is_a_warning(run: Run) -> None:
    Path("in.jsonl").write_bytes(line("a") * 30)
    result = run("split", "in.jsonl")

    assert result.status == 0
    assert "in.jsonl:2: warning: the custom_id is already used on line 1. Results" in result.out
    assert "... and 9 more\n" in result.out


def test_existing_parts_are_replaced_only_with_force(run: Run) -> None:
    Path("in.jsonl").write_bytes(line("a"))
    run("split", "in.jsonl")
    result = run("split", "in.jsonl")

    assert result.status == 2
    assert result.err.endswith("in.manifest.json: already exists; --force replaces it\n")
    assert run("split", "in.jsonl", "--force").status == 0


def test_standard_input_is_split() -> None:
    result = run_command("split", "-", stdin=line("a"))

    assert result.status == 0
    assert result.out.endswith("<stdin>: 1 request: 1 part written to .\n")
    assert names() == ["stdin-001.jsonl", "stdin.manifest.json"]


def test_compressed_file_is_split(run: Run) -> None:
    Path("in.jsonl.gz").write_bytes(gzip.compress(line("a")))

    assert run("split", "in.jsonl.gz").status == 0
    assert Path("in-001.jsonl").read_bytes() == line("a")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["missing.jsonl"], "missing.jsonl: No such file or directory"),
        (["damaged.jsonl.gz"], "damaged.jsonl.gz: Not a gzipped file"),
        (["in.jsonl", "--output-dir=in.jsonl"], "in.jsonl: cannot write the parts: "),
        (["in.jsonl", "--by=endpoint"], "'endpoint' is not one of: model,url; model; url; none"),
        (["in.jsonl", "--max-requests=50001"], "--max-requests must be from 1 to 50,000"),
        (["in.jsonl", "--max-bytes=0"], "0 is not in the range"),
    ],
)
def test_failure_causes_exit_status_2_and_writes_nothing(
    arguments: list[str], message: str, run: Run
) -> None:
    Path("in.jsonl").write_bytes(line("a"))
    Path("damaged.jsonl.gz").write_bytes(b"damaged")
    result = run("split", *arguments)

    assert (result.status, result.out) == (2, "")
    assert message in result.err
    assert names() == ["damaged.jsonl.gz", "in.jsonl"]
