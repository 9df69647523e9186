"""Properties of all output formats. `fixtures/formats/` contains their expected output."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable

import pytest

import batchlint
from batchlint.output import FORMATS, default_format
from golden import assert_matches_golden
from output.samples import MISSING, SAMPLES, render
from support import CommandResult, line

GOLDEN = {
    "github": "github.txt",
    "gitlab": "gitlab.json",
    "junit": "junit.xml",
    "sarif": "sarif.json",
    "jsonl": "jsonl.jsonl",
    "batch": "batch.jsonl",
    "rdjson": "rdjson.json",
}


@pytest.mark.parametrize("name", GOLDEN)
def test_format_matches_its_expected_output(
    name: str, render_samples: Callable[[str], str]
) -> None:
    text = render_samples(name).replace(f'"{batchlint.__version__}"', '"0"')

    assert_matches_golden(text, SAMPLES / GOLDEN[name])


@pytest.mark.parametrize("name", [name for name in FORMATS if name != "text"])
def test_every_format_reports_an_unreadable_file(
    name: str, render_samples: Callable[[str], str]
) -> None:
    text = render_samples(name)

    assert text.endswith("\n")
    if name == "batch":  # It has one line per file, without file names.
        objects = [json.loads(row).get("object", "error") for row in text.splitlines()]
        assert objects == ["batch", "batch", "error"]
    else:
        assert MISSING in text


@pytest.mark.parametrize("name", FORMATS)
def test_report_about_no_files_is_well_formed(name: str) -> None:
    text = render(name)

    assert name not in {"json", "gitlab", "rdjson", "sarif"} or json.loads(text) is not None
    assert name not in {"text", "jsonl", "batch", "github"} or text == ""


@pytest.mark.parametrize("name", FORMATS)
def test_format_does_not_import_other_formats(name: str) -> None:
    code = (
        "import sys; before = set(sys.modules)\n"
        "from batchlint.output import FORMATS, Options\n"
        f"FORMATS[{name!r}].render([], Options())\n"
        "print(*(set(sys.modules) - before))"
    )
    completed = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    modules = set(completed.stdout.split())
    prefix = "batchlint.output."
    imported = {module.removeprefix(prefix) for module in modules if module.startswith(prefix)}

    assert imported & set(FORMATS) == {name}
    assert name == "junit" or "xml.etree.ElementTree" not in modules
    assert not modules & {"click", "jsonschema", "jsonschema_rs"}


@pytest.mark.parametrize(
    ("value", "expected"), [("true", "github"), ("false", "text"), ("", "text"), (None, "text")]
)
def test_default_format_is_github_in_github_actions(
    value: str | None, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if value is not None:
        monkeypatch.setenv("GITHUB_ACTIONS", value)

    assert default_format() is FORMATS[expected]


@pytest.mark.parametrize("name", ["jsonl", "gitlab", "junit", "rdjson"])
def test_format_without_a_truncation_field_reports_truncation_on_standard_error(
    name: str, run: Callable[..., CommandResult], batch_file: Callable[..., object]
) -> None:
    path = batch_file(*(line(str(number), dimensions="x") for number in range(30)))

    assert run("check", f"--format={name}", "--keep=10", str(path)).err == (
        f"batchlint: {path}: 20 findings are not in this report; use --keep 0 to keep all\n"
    )
    assert run("check", f"--format={name}", str(path)).err == ""


@pytest.mark.parametrize("name", ["text", "json", "sarif", "github", "batch"])
def test_other_formats_report_no_truncation_on_standard_error(
    name: str, run: Callable[..., CommandResult], batch_file: Callable[..., object]
) -> None:
    path = batch_file(*(line(str(number), dimensions="x") for number in range(30)))

    assert "not in this report" not in run("check", f"--format={name}", "--keep=10", str(path)).err
