"""The `github` format: annotations, and the step summary."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batchlint.output import FORMATS
from batchlint.output.github import step_summary
from batchlint.output.paths import from_root
from batchlint.output.result import FileResult
from batchlint.phrasing import escape
from output.samples import CLEAN, MISSING, MIXED, SAMPLES, render
from reports import make_finding, make_report
from support import FIXTURES, HOSTILE, CommandResult, line

Run = Callable[..., CommandResult]


class Annotation(NamedTuple):
    """A workflow command."""

    level: str
    properties: dict[str, str]
    message: str


def parse_annotations(text: str) -> list[Annotation]:
    """Find the workflow commands in step output, like `ActionCommand.TryParseV2` in actions/runner."""
    found = []
    for row in text.split("\n"):
        if not row.lstrip().startswith("::"):
            assert "##[" not in row  # The runner finds this older syntax anywhere in a line.
            continue
        head, _, data = row.lstrip()[2:].partition("::")
        level, _, rest = head.partition(" ")
        pairs = (pair.split("=", 1) for pair in rest.split(",") if pair)
        properties = {key: unescape(value, ":,") for key, value in pairs}
        found.append(Annotation(level, properties, unescape(data)))
    return found


def unescape(text: str, more: str = "") -> str:
    for character in f"\r\n{more}%":
        text = text.replace(f"%{ord(character):02X}", character)
    return text


def test_annotations_have_levels_and_locations(render_samples: Callable[[str], str]) -> None:
    found = parse_annotations(render_samples("github"))
    for_mixed = [
        (level, properties.get("line"), properties.get("col"))
        for level, properties, _ in found
        if properties["file"] == MIXED
    ]

    assert for_mixed[:4] == [
        ("error", "2", "144"),
        ("error", "3", "139"),
        ("error", "4", "15"),
        ("error", "6", "136"),
    ]
    assert {annotation.level for annotation in found} == {"error", "warning"}
    assert found[-1] == Annotation(
        "error",
        {"title": "batchlint", "file": MISSING},
        "The file could not be read: No such file or directory",
    )


@given(st.text(), st.text(min_size=1).filter(str.strip))
def test_annotation_preserves_every_message_and_path(message: str, path: str) -> None:
    message, path = (
        text.replace("\x00", "").encode(errors="replace").decode() for text in (message, path)
    )
    report = make_report(make_finding(message=message, hint="50%::\n,"))
    found = parse_annotations(render("github", FileResult("x", report, source=f"missing/{path}")))

    assert len(found) == 1
    assert found[0].level == "error"
    assert found[0].properties["file"] == escape_lines(from_root(f"missing/{path}"))
    assert found[0].message.endswith(f"c: {escape_lines(message)}\n50%::\n,")


def escape_lines(text: str) -> str:
    """Escape a string except its line breaks, for which the runner has its own escapes."""
    return "".join(part if part in "\r\n" else escape(part) for part in re.split("([\r\n])", text))


@pytest.mark.parametrize("character", HOSTILE, ids=ascii)
def test_hostile_character_in_a_name_reaches_neither_the_log_nor_the_table(character: str) -> None:
    name = f"a{character}|b.jsonl"
    report = make_report(make_finding())
    files = [FileResult(name, report, source=name), FileResult(name, error=f"no {name}")]
    log = render("github", *files)
    table = step_summary(files)

    assert log.count("\n") == len(log.splitlines()) == 3
    assert [row.count("|") for row in table.splitlines() if row.startswith("|")] == [6] * 4 + [
        4
    ] * 3
    assert character == "\n" or character not in log + table


def test_file_name_that_looks_like_a_command_is_not_an_annotation() -> None:
    file = FileResult("::error::##[error]", make_report())

    assert parse_annotations(render("github", file)) == []


def test_github_format_is_the_default_only_in_github_actions(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.chdir(SAMPLES)

    assert parse_annotations(run("check", MIXED).out)
    assert not parse_annotations(run("check", "--format=text", MIXED).out)
    monkeypatch.setenv("GITHUB_ACTIONS", "false")
    assert not parse_annotations(run("check", MIXED).out)


def test_paths_inside_the_workspace_are_relative_to_it(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("GITHUB_WORKSPACE", str(FIXTURES))
    monkeypatch.chdir(SAMPLES)

    inside = parse_annotations(run("check", "--format=github", MIXED).out)[0]
    assert inside.properties["file"] == f"formats/{MIXED}"
    (tmp_path / "x.jsonl").write_bytes(line("a", bogus=1))
    monkeypatch.chdir(tmp_path)
    outside = parse_annotations(run("check", "--format=github", "x.jsonl").out)[0]
    assert outside.properties["file"] == (tmp_path / "x.jsonl").as_posix()


# -- the step summary -----------------------------------------------------------------------------


def test_step_summary_has_a_row_per_file_and_per_rule(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = tmp_path / "summary.md"
    path.write_text("# before\n", "utf-8")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(path))
    monkeypatch.chdir(SAMPLES)
    run("check", "--format=github", "--max-errors=1", MIXED, CLEAN, MISSING)
    text = path.read_text("utf-8")

    assert text.startswith(
        "# before\n### batchlint\n\n3 files, 1 with errors, 1 could not be read\n"
    )
    assert "| <code>clean.jsonl</code> | 2 | 0 | 0 |  |" in text
    assert (
        "| <code>50&#37; off&#44; all.jsonl</code> | 18 | 17 | 2 "
        "| 2 fail the whole batch, 15 fail their requests |"
    ) in text
    assert "| <code>duplicate&#95;custom&#95;id</code> | 1 | fails the whole batch |" in text
    assert "could not be read: No such file or directory" in text
    before = text
    run("check", "--format=text", MIXED)
    assert path.read_text("utf-8") == before


def test_unwritable_step_summary_is_reported_with_status_2(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(SAMPLES / "missing" / "summary.md"))
    monkeypatch.chdir(SAMPLES)
    result = run("check", "--format=github", CLEAN)

    assert result.status == 2
    assert "cannot write the summary: No such file or directory" in result.err


def test_step_summary_is_not_written_without_the_variable(tmp_path: Path) -> None:
    FORMATS["github"].append_summary([FileResult("x", make_report())])

    assert list(tmp_path.iterdir()) == []


def test_step_summary_escapes_cells_and_has_at_most_100_file_rows() -> None:
    files = [
        FileResult("a|b`c<d>_e_*f*", make_report()),
        *(FileResult(f"{number}", make_report()) for number in range(200)),
    ]
    text = step_summary(files)
    rows = [row for row in text.splitlines() if row.startswith("| ")]

    assert {row.count("|") for row in rows} == {6}
    assert "a&#124;b&#96;c&#60;d&#62;&#95;e&#95;&#42;f&#42;" in text
    assert rows[-1].startswith("| 101 more rows")
