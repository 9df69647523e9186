"""The formats for services: each read by a reader of its own, and its exact text in `fixtures/formats/`."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from junitparser import Error, Failure, JUnitXml, TestSuite
from pydantic_sarif.model import (  # type: ignore[import-untyped]
    StaticAnalysisResultsFormatSarifVersion210JsonSchema as SarifLog,
)
from reports import a_finding, a_report
from support import FIXTURES, Ran, line

import batchlint
from batchlint.formats import FORMATS, formatter
from batchlint.formats.checked import Checked
from batchlint.formats.github import step_summary
from batchlint.formats.paths import from_root, uri
from batchlint.formats.sarif import MOST

HERE = FIXTURES / "formats"
MIXED, CLEAN, MISSING = "50% off, all.jsonl", "clean.jsonl", "missing.jsonl"
GOLDEN = {"github": "github.txt", "gitlab": "gitlab.json", "junit": "junit.xml", "sarif": "sarif.json", "jsonl": "jsonl.jsonl",
          "batch": "batch.jsonl"}

Run = Callable[..., Ran]


@pytest.fixture
def shown(run: Run, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], str]:
    """A format's text about three files: one with findings, a clean one, one that is not there."""
    monkeypatch.chdir(HERE)

    def shown(name: str) -> str:
        ran = run("check", f"--format={name}", MIXED, CLEAN, MISSING)
        assert ran.status == 2
        assert ran.err == f"batchlint: {MISSING}: No such file or directory\n"
        return ran.out

    return shown


# -- all formats -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", GOLDEN)
def test_a_format_looks_as_it_always_did(name: str, shown: Callable[[str], str]) -> None:
    text = shown(name).replace(f'"{batchlint.__version__}"', '"0"')
    path = HERE / GOLDEN[name]
    if os.environ.get("BATCHLINT_UPDATE_GOLDEN"):
        path.write_text(text, "utf-8", newline="\n")

    assert path.read_text("utf-8") == text


@pytest.mark.parametrize("name", [name for name in FORMATS if name != "text"])
def test_every_file_is_in_every_format(name: str, shown: Callable[[str], str]) -> None:
    text = shown(name)

    assert text.endswith("\n")
    if name == "batch":  # one line a file
        assert [json.loads(row).get("object", "error") for row in text.splitlines()] == ["batch", "batch", "error"]
    else:
        assert MISSING in text


@pytest.mark.parametrize("name", FORMATS)
def test_of_no_files_there_is_a_text_too(name: str) -> None:
    text = "".join(formatter(name)(iter(()), 20))

    assert name not in {"json", "gitlab", "sarif"} or json.loads(text) is not None


@pytest.mark.parametrize("name", FORMATS)
def test_a_format_imports_no_other(name: str) -> None:
    code = f"from batchlint.formats import formatter; formatter({name!r}); import sys; print(*sys.modules)"
    modules = set(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split())
    formats = {module.removeprefix("batchlint.formats.") for module in modules} & {*FORMATS.values()}

    assert formats == {FORMATS[name]}
    assert name == "junit" or "xml.etree.ElementTree" not in modules
    assert not modules & {"click", "jsonschema", "jsonschema_rs"}


# -- github ------------------------------------------------------------------------------------------------------------


def commands(text: str) -> list[tuple[str, dict[str, str], str]]:
    """The commands that the runner of GitHub Actions finds in a text (after `ActionCommand.TryParseV2` of actions/runner)."""
    found = []
    for row in text.split("\n"):
        if not row.lstrip().startswith("::"):
            assert "##[" not in row  # the runner's older form, which it looks for anywhere in a line
            continue
        head, _, data = row.lstrip()[2:].partition("::")
        name, _, rest = head.partition(" ")
        pairs = (pair.split("=", 1) for pair in rest.split(",") if pair)
        found.append((name, {key: unescaped(value, ":,") for key, value in pairs}, unescaped(data)))
    return found


def unescaped(text: str, more: str = "") -> str:
    for character in f"\r\n{more}%":
        text = text.replace(f"%{ord(character):02X}", character)
    return text


def test_github_reads_the_annotations(shown: Callable[[str], str]) -> None:
    found = commands(shown("github"))

    assert [(name, values.get("line"), values.get("col")) for name, values, _ in found if values["file"] == MIXED][:4] == [
        ("error", "2", "144"), ("error", "3", "139"), ("error", "4", "15"), ("error", "6", "136")]
    assert {name for name, _, _ in found} == {"error", "warning"}
    assert found[-1] == ("error", {"title": "batchlint", "file": MISSING}, f"{MISSING}: No such file or directory")


@given(st.text(), st.text(min_size=1).filter(str.strip))
def test_github_reads_what_was_written(message: str, path: str) -> None:
    message, path = (text.replace("\x00", "").encode(errors="replace").decode() for text in (message, path))
    file = Checked("x", a_report(a_finding(message=message, hint="50%::\n,")), source=f"missing/{path}")
    found = commands("".join(formatter("github")([file], 20)))

    assert len(found) == 1
    assert found[0][0] == "error"
    assert found[0][1]["file"] == from_root(f"missing/{path}")
    assert found[0][2].endswith(f"c: {message}\n50%::\n,")


def test_github_takes_no_file_name_for_a_command() -> None:
    file = Checked("::error::##[error]", a_report())

    assert commands("".join(formatter("github")([file], 20))) == []


def test_github_is_chosen_by_its_runner_unless_a_format_is_asked_for(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.chdir(HERE)

    assert commands(run("check", MIXED).out)
    assert not commands(run("check", "--format=text", MIXED).out)
    monkeypatch.setenv("GITHUB_ACTIONS", "false")
    assert not commands(run("check", MIXED).out)


def test_github_names_files_from_the_root_of_the_repository(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("GITHUB_WORKSPACE", str(FIXTURES))
    monkeypatch.chdir(HERE)

    assert commands(run("check", "--format=github", MIXED).out)[0][1]["file"] == f"formats/{MIXED}"
    (tmp_path / "x.jsonl").write_bytes(line("a", bogus=1))
    monkeypatch.chdir(tmp_path)
    assert commands(run("check", "--format=github", "x.jsonl").out)[0][1]["file"] == (tmp_path / "x.jsonl").as_posix()


def test_the_summary_of_the_step_has_the_totals(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = tmp_path / "summary.md"
    path.write_text("# before\n", "utf-8")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(path))
    monkeypatch.chdir(HERE)
    run("check", "--format=github", "--max-errors=1", MIXED, CLEAN, MISSING)
    text = path.read_text("utf-8")

    assert text.startswith("# before\n### batchlint\n\n3 files, 1 with errors, 1 could not be read\n")
    assert "| <code>clean.jsonl</code> | 2 | 0 | 0 |  |" in text
    assert "| <code>50&#37; off&#44; all.jsonl</code> | 18 | 17 | 2 | 2 fail the whole batch, 15 fail their requests |" in text
    assert "| <code>duplicate&#95;custom&#95;id</code> | 1 | fails the whole batch |" in text
    assert "could not be read: No such file or directory" in text
    before = text
    run("check", "--format=text", MIXED)
    assert path.read_text("utf-8") == before


def test_a_summary_that_cannot_be_written_is_told_and_changes_no_verdict(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(HERE / "missing" / "summary.md"))
    monkeypatch.chdir(HERE)
    ran = run("check", "--format=github", CLEAN)

    assert ran.status == 0
    assert "the summary cannot be written: No such file or directory" in ran.err


def test_a_cell_of_the_summary_stays_one() -> None:
    text = step_summary([Checked("a|b`c<d>_e_*f*", a_report()), *[Checked(f"{n}", a_report()) for n in range(200)]])
    rows = [row for row in text.splitlines() if row.startswith("| ")]

    assert {row.count("|") for row in rows} == {6}
    assert "a&#124;b&#96;c&#60;d&#62;&#95;e&#95;&#42;f&#42;" in text
    assert rows[-1].startswith("| 101 more rows")


# -- gitlab ------------------------------------------------------------------------------------------------------------

#: docs.gitlab.com/ci/testing/code_quality, "Code Quality report format" (2025): more than types say (`test_format_readers.py`).
GITLAB = Draft202012Validator({
    "type": "array",
    "items": {
        "type": "object", "additionalProperties": False,
        "required": ["description", "check_name", "fingerprint", "severity", "location"],
        "properties": {
            "description": {"type": "string", "minLength": 1}, "check_name": {"type": "string", "pattern": r"^\w+$"},
            "fingerprint": {"type": "string", "pattern": "^[0-9a-f]{32}$"},
            "severity": {"enum": ["info", "minor", "major", "critical", "blocker"]},
            "location": {
                "type": "object", "additionalProperties": False, "required": ["path", "lines"],
                "properties": {
                    "path": {"type": "string", "pattern": r"^(?!\./|/)[^\\]+$"},
                    "lines": {"type": "object", "additionalProperties": False, "required": ["begin"],
                              "properties": {"begin": {"type": "integer", "minimum": 1}}}}}}}})


def test_gitlab_is_as_its_documentation_says(shown: Callable[[str], str]) -> None:
    text = shown("gitlab")
    issues = json.loads(text)

    GITLAB.validate(issues)
    assert not text.startswith("\ufeff")
    assert {issue["severity"] for issue in issues} == {"minor", "major", "blocker"}
    assert issues[-1]["location"] == {"path": MISSING, "lines": {"begin": 1}}


def test_fingerprints_are_unique_and_outlive_a_move(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    lines = [line("a", bogus=1), line("a", bogus=1), line("a", bogus=1), line("b", dimensions="x")]

    def prints() -> list[str]:
        Path("x.jsonl").write_bytes(b"".join(lines))
        made = [issue["fingerprint"] for issue in json.loads(run("check", "--format=gitlab", "x.jsonl").out)]
        assert len(set(made)) == len(made)
        return made

    before = prints()
    lines.insert(0, line("new"))
    assert len(before) == 6
    assert prints() == before


# -- junit -------------------------------------------------------------------------------------------------------------


def test_junit_is_read_by_a_parser(shown: Callable[[str], str]) -> None:
    read = JUnitXml.fromstring(shown("junit").encode())
    suites: dict[str | None, TestSuite] = {suite.name: suite for suite in read}
    results = {name: [type(result) for case in suite for result in case.result] for name, suite in suites.items()}

    assert list(suites) == [MIXED, CLEAN, MISSING]
    assert set(results[MIXED]) == {Failure}
    assert (suites[MIXED].failures, suites[MIXED].tests) == (len(results[MIXED]), len(list(suites[MIXED])))
    assert [(case.name, case.is_passed) for case in suites[CLEAN]] == [("no errors", True)]
    assert (results[MISSING], suites[MISSING].errors) == ([Error], 1)
    totals = read.tests, read.failures, read.errors, read.skipped
    read.update_statistics()  # type: ignore[no-untyped-call]  # the package's
    assert (read.tests, read.failures, read.errors, read.skipped) == totals


@given(st.text())
def test_junit_is_read_whatever_a_message_has(text: str) -> None:
    file = Checked("x", a_report(a_finding(message=text, hint=text, param=text or None)))
    read = JUnitXml.fromstring("".join(formatter("junit")([file], 20)).encode())

    assert read.failures == 1


# -- sarif -------------------------------------------------------------------------------------------------------------


def test_sarif_is_read_by_the_types_of_its_schema(shown: Callable[[str], str]) -> None:
    text = shown("sarif")
    SarifLog.model_validate_json(text)
    (run,) = json.loads(text)["runs"]

    rules = run["tool"]["driver"]["rules"]
    assert all(rule["help"]["text"] and rule["fullDescription"]["text"] for rule in rules)
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        place = result["locations"][0]["physicalLocation"]
        assert unquote(place["artifactLocation"]["uri"]) == MIXED
        assert place["region"]["startLine"] >= 1
    assert [result["level"] for result in run["results"]] == sorted(result["level"] for result in run["results"])
    assert run["invocations"][0]["executionSuccessful"] is False
    assert run["columnKind"] == "unicodeCodePoints"


def test_the_region_of_a_result_is_the_value(shown: Callable[[str], str]) -> None:
    (run,) = json.loads(shown("sarif"))["runs"]
    lines = (HERE / MIXED).read_text("utf-8").split("\n")
    places = {result["ruleId"]: result["locations"][0]["physicalLocation"]["region"] for result in reversed(run["results"])}
    texts = {rule: lines[region["startLine"] - 1][region["startColumn"] - 1 : region["endColumn"] - 1]
             for rule, region in places.items() if "startColumn" in region}

    assert texts["invalid_type"] == '"256"'
    assert texts["duplicate_custom_id"] == '"a"'
    assert texts["unknown_parameter"] == '"[click](https://example.com)"'
    assert texts["unknown_line_member"] == '"priority"'


def test_sarif_has_at_most_so_many_results_and_all_of_the_totals(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_bytes(b"".join(line(str(number), dimensions="x", more=1) for number in range(3_000)))
    log = json.loads(run("check", "--format=sarif", "--max-errors=0", str(path)).out)
    (only,) = log["runs"]

    SarifLog.model_validate(log)
    assert len(only["results"]) == MOST
    assert only["properties"]["errors"] == 6_000
    assert only["properties"]["findingsByRule"] == {"invalid_type": 3_000, "unknown_parameter": 3_000}
    assert "6,000 findings were counted; 5,000 of them are shown" in json.dumps(only["invocations"])


def test_a_message_of_sarif_is_no_link(shown: Callable[[str], str]) -> None:
    (run,) = json.loads(shown("sarif"))["runs"]

    assert any("[click\\](https://example.com)" in result["message"]["text"] for result in run["results"])


def test_a_path_becomes_a_relative_reference(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    assert uri(os.path.join("a b", "..", "c d", "ü%#?:.jsonl")) == "c%20d/%C3%BC%25%23%3F%3A.jsonl"  # noqa: PTH118
    assert uri(str(tmp_path / "x.jsonl")) == "x.jsonl"
    assert uri(str(tmp_path.parent / "x.jsonl")) == (tmp_path.parent / "x.jsonl").as_uri()


# -- where it goes -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", FORMATS)
def test_a_report_is_written_to_a_file(name: str, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(HERE)
    printed = run("check", f"--format={name}", MIXED).out
    path = tmp_path / "report"
    ran = run("check", f"--format={name}", MIXED, "--output-file", str(path))

    assert (ran.status, ran.out, ran.err) == (1, "", "")
    assert path.read_bytes() == printed.encode()
    assert [entry.name for entry in tmp_path.iterdir()] == ["report"]


def test_a_report_that_cannot_be_written_is_told(run: Run, tmp_path: Path) -> None:
    for path in (tmp_path / "missing" / "x", tmp_path):
        ran = run("check", str(HERE / CLEAN), "--output-file", str(path))

        assert ran.status == 2
        assert ran.out == ""
        assert f"{path}: cannot be written: " in ran.err


def test_a_run_that_breaks_off_leaves_the_old_report(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "x"
    path.write_text("old", "utf-8")

    def broken(*_: object, **__: object) -> None:
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr("batchlint.api.check", broken)
    assert run("check", str(HERE / CLEAN), "--output-file", str(path)).status == 130
    assert path.read_text("utf-8") == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["x"]


def test_a_report_never_takes_the_place_of_what_is_checked(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_bytes(line("a"))
    ran = run("check", str(path), "--output-file", str(tmp_path / "." / "x.jsonl"))

    assert ran.status == 2
    assert "would overwrite" in ran.err
    assert path.read_bytes() == line("a")


@pytest.mark.skipif(os.name != "posix", reason="needs links and devices")
def test_links_and_devices_stay_what_they_are(run: Run, tmp_path: Path) -> None:
    link, target = tmp_path / "link", tmp_path / "target"
    target.write_text("old", "utf-8")
    link.symlink_to(target)
    run("check", str(HERE / CLEAN), "--output-file", str(link))

    assert link.is_symlink()
    assert "no errors" in target.read_text("utf-8")
    assert run("check", str(HERE / CLEAN), "--output-file", os.devnull).status == 0
    assert Path(os.devnull).is_char_device()
