"""The recipes in `docs/recipes.md`, run unchanged, and the GitHub action."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from acceptance.openai_service import Service
from acceptance.recipes import Recipes
from batchlint import check
from batchlint.openai import BatchInputError
from support import ROOT, line

CHAT = "/v1/chat/completions"
RECIPES = Recipes("recipes.md")
run = RECIPES.run


@pytest.fixture(autouse=True)
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Write a valid file for the recipes to the working directory."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "requests.jsonl"
    path.write_bytes(line("a", CHAT) + line("b", CHAT))
    return path


def append_invalid_line(file: Path) -> None:
    with file.open("ab") as stream:
        stream.write(line("c", CHAT, bogus=1))


def skip_without(package: str) -> None:
    if importlib.util.find_spec(package) is None:
        pytest.skip(f"{package} is not installed; it is large (CI installs the group `frames`)")


def test_every_python_block_is_tested() -> None:
    assert list(RECIPES) == [
        "The official client",
        "A pandas DataFrame",
        "A Polars DataFrame",
        "A test with pytest",
        "A task in Airflow, Prefect or Dagster",
    ]


def test_official_client_recipe_creates_a_batch(
    service: Service, capsys: pytest.CaptureFixture[str]
) -> None:
    names = run("The official client")
    names["client"].close()

    assert capsys.readouterr().out == "batch_1 validating\n"
    assert service.creates[0]["metadata"] == {"team": "docs"}


def test_official_client_recipe_sends_nothing_if_the_file_is_invalid(
    service: Service, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    append_invalid_line(file)

    with pytest.raises(BatchInputError):
        run("The official client")

    assert capsys.readouterr().out == "line 3: Unknown parameter: 'bogus'.\n"
    assert service.paths == []


@pytest.mark.parametrize(
    ("package", "heading"), [("pandas", "A pandas DataFrame"), ("polars", "A Polars DataFrame")]
)
def test_data_frame_recipe_writes_a_valid_file(package: str, heading: str, file: Path) -> None:
    skip_without(package)

    run(heading)

    report = check(file, endpoint="/v1/embeddings")
    assert (report.ok, report.total, report.warnings) == (True, 2, ())


@pytest.mark.parametrize(
    ("package", "heading", "invalid_input"),
    [("pandas", "A pandas DataFrame", "7"), ("polars", "A Polars DataFrame", "None")],
)
def test_data_frame_recipe_raises_value_error_for_invalid_input(
    package: str, heading: str, invalid_input: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    skip_without(package)
    monkeypatch.setitem(RECIPES, heading, RECIPES[heading].replace('"The second."', invalid_input))

    with pytest.raises(ValueError, match="input"):
        run(heading)


def test_pytest_recipe_fails_with_the_findings(file: Path) -> None:
    test = run("A test with pytest")["test_batch_file_is_valid"]

    test()
    append_invalid_line(file)
    with pytest.raises(AssertionError, match="line 3: Unknown parameter: 'bogus'"):
        test()


def test_task_recipe_returns_counts_or_raises_with_the_findings(file: Path) -> None:
    task = run("A task in Airflow, Prefect or Dagster")["check_batch_file"]

    assert task("requests.jsonl", CHAT) == {
        "path": "requests.jsonl",
        "models": ["m"],
        "total": 2,
        "failed": 0,
    }
    append_invalid_line(file)
    with pytest.raises(ValueError, match=r"^requests\.jsonl:3: Unknown parameter: 'bogus'"):
        task("requests.jsonl", CHAT)


ACTION = yaml.safe_load((ROOT / "action.yml").read_text("utf-8"))
STEPS = {step["name"]: step for step in ACTION["runs"]["steps"]}


def test_action_has_the_expected_steps_and_runs_no_input_as_code() -> None:
    assert ACTION["runs"]["using"] == "composite"
    assert list(STEPS) == ["Set up Python", "Install batchlint", "Check"]
    assert STEPS["Install batchlint"]["env"]["SOURCE"] == "${{ github.action_path }}"
    assert all(step["shell"] == "bash" for step in STEPS.values() if "run" in step)
    assert not any("${{" in step.get("run", "") for step in STEPS.values()), (
        "pass inputs as variables, never as code"
    )


def test_action_recipe_uses_all_inputs_of_the_action() -> None:
    (block,) = re.findall(r"^```yaml\n(.*?)^```$", RECIPES.page, re.DOTALL | re.MULTILINE)

    assert yaml.safe_load(block)[1]["with"].keys() == ACTION["inputs"].keys() == {"files", "args"}


@pytest.mark.skipif(
    sys.platform == "win32" or not shutil.which("bash"),
    reason="needs bash, and scripts that can be commands",
)
@pytest.mark.parametrize(
    ("files", "args", "status", "expected"),
    [
        ("*.jsonl", "", 0, "requests.jsonl: 2 requests"),
        ("requests.jsonl\nrequests.jsonl", "--endpoint /v1/responses", 1, "invalid_url"),
        ("none.jsonl", "", 2, "none.jsonl"),
        ("$(touch created)", "", 2, "touch"),
    ],
)
def test_check_step_of_the_action_runs_the_command(
    tmp_path: Path, files: str, args: str, status: int, expected: str
) -> None:
    venv = tmp_path / "runner" / "batchlint" / "bin"
    venv.mkdir(parents=True)
    command = venv / "batchlint"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m batchlint "$@"\n', "utf-8")
    command.chmod(0o755)

    completed = subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", STEPS["Check"]["run"]],
        capture_output=True,
        text=True,
        check=False,
        env={
            "PATH": "/usr/bin:/bin",
            "RUNNER_TEMP": str(tmp_path / "runner"),
            "FILES": files,
            "ARGS": args,
        },
    )

    assert (completed.returncode, expected in completed.stdout + completed.stderr) == (
        status,
        True,
    ), completed.stdout + completed.stderr
    assert not (tmp_path / "created").exists()
