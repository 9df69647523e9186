"""The examples in `docs/serve.md`, run unchanged."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from clients.clients import DIRECTORY, PACKAGES, skip_without
from server.processes import serving
from support import ROOT, line

pytestmark = [
    pytest.mark.clients,
    pytest.mark.skipif(sys.platform == "win32", reason="the examples are for POSIX shells"),
]

CHAT = "/v1/chat/completions"
PAGE = (ROOT / "docs" / "serve.md").read_text("utf-8")
COMPLETING = line("a", CHAT) + line("b", CHAT, bogus=1)
FAILING = line("a", CHAT) + line("a", CHAT, stream=True)


def example(heading: str, language: str, index: int = 0) -> str:
    """Return a code block from the page."""
    (section,) = re.findall(rf"^## {heading}\n((?:(?!## ).*\n)*)", PAGE, re.MULTILINE)
    blocks = re.findall(rf"^```{language}\n(.*?)^```$", section, re.DOTALL | re.MULTILINE)
    text: str = blocks[index]
    return text


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """A working directory with the Node client, if it is installed."""
    if (DIRECTORY / "node_modules").is_dir():
        (tmp_path / "node_modules").symlink_to(DIRECTORY / "node_modules")
    return tmp_path


def run(directory: Path, server: str, *command: str) -> str:
    """Run a program against a server, and return its output."""
    if shutil.which(command[0]) is None:
        skip_without(command[0])
    if command[0] == "node" and not (directory / "node_modules").exists():
        skip_without(PACKAGES, required_in_ci=True)
    env = {**os.environ, "OPENAI_BASE_URL": server, "OPENAI_API_KEY": "unused"}
    completed = subprocess.run(
        command, cwd=directory, env=env, capture_output=True, text=True, timeout=60, check=False
    )
    assert (completed.returncode, completed.stderr) == (0, "")
    return completed.stdout


def example_command(directory: Path, name: str) -> list[str]:
    """Write an example to a file, and return the command that runs it."""
    heading, language, program, suffix = {
        "python": ("Python", "python", sys.executable, "py"),
        "node": ("Node", "javascript", "node", "mjs"),
        "curl": ("curl", "bash", "bash", "sh"),
    }[name]
    path = directory / f"example.{suffix}"
    path.write_text(example(heading, language), "utf-8")
    return [program, str(path)]


@pytest.mark.parametrize("name", ["python", "node", "curl"])
def test_example_prints_the_output_and_error_files(directory: Path, server: str, name: str) -> None:
    (directory / "requests.jsonl").write_bytes(COMPLETING)

    rows = [
        json.loads(x)
        for x in run(directory, server, *example_command(directory, name)).splitlines()
    ]

    assert [(row["custom_id"], row["response"]["status_code"]) for row in rows] == [
        ("a", 200),
        ("b", 400),
    ]


@pytest.mark.parametrize("name", ["python", "node", "curl"])
def test_example_prints_the_errors_of_a_failed_batch(
    directory: Path, server: str, name: str
) -> None:
    (directory / "requests.jsonl").write_bytes(FAILING)

    out = run(directory, server, *example_command(directory, name))

    if name == "curl":
        errors = [(e["line"], e["code"]) for e in json.loads(out)["errors"]["data"]]
    else:
        errors = [
            (int(n), code) for n, code in re.findall(r"^line (\d+): (\w+): ", out, re.MULTILINE)
        ]
    assert errors == [(2, "duplicate_custom_id")]


def test_pytest_fixture_example_starts_a_server(directory: Path) -> None:
    scripts = Path(sys.executable).parent
    (directory / "conftest.py").write_text(example("A pytest fixture", "python"), "utf-8")
    use = example("A pytest fixture", "python", 1)
    (directory / "test_it.py").write_text(
        "from openai import OpenAI\n\n\n"
        "def run_my_pipeline(_):\n"
        "    with OpenAI() as client:\n"
        "        assert client.batches.list().data == []\n\n\n" + use,
        "utf-8",
    )

    completed = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-W", "error", "-p", "no:cacheprovider"],
        cwd=directory,
        env={**os.environ, "PATH": f"{scripts}{os.pathsep}{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert "1 passed" in completed.stdout, completed.stdout + completed.stderr


def test_in_process_example_needs_no_server_process(directory: Path, server: str) -> None:
    (directory / "example.py").write_text(example("A pytest fixture", "python", 2), "utf-8")

    assert run(directory, server, sys.executable, "example.py") == "[]\n"


def test_answers_file_example_is_accepted(directory: Path) -> None:
    path = directory / "outputs.jsonl"
    path.write_text(example("Supply responses", "json"), "utf-8")
    (directory / "requests.jsonl").write_bytes(b"".join(line(name, CHAT) for name in "abcd"))
    (directory / "server").mkdir()

    with serving(directory / "server", "--outputs", str(path)) as (server, _):
        out = run(directory, server, *example_command(directory, "python"))

    rows = {row["custom_id"]: row for row in map(json.loads, out.splitlines())}
    assert rows["a"]["response"]["body"]["choices"][0]["message"]["content"] == "Yes."
    assert rows["b"]["response"]["status_code"] == 429
    assert rows["c"]["error"]["code"] == "batch_expired"
    assert "canned" in str(rows["d"])


def test_github_workflow_step_waits_for_the_server(directory: Path) -> None:
    job: Any = yaml.safe_load(example("GitHub Actions", "yaml"))["jobs"]["pipeline"]
    (script,) = (step["run"] for step in job["steps"] if "batchlint serve" in step.get("run", ""))
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    assert "127.0.0.1:8000" in script
    assert "127.0.0.1:8000" in job["env"]["OPENAI_BASE_URL"]
    program = f"{sys.executable} -m batchlint serve"
    script = script.replace("batchlint serve", f"{program} --port {port}").replace("8000", port)

    completed = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", f"trap 'kill %1' EXIT\n{script}\ncat serve.json"],
        cwd=directory,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert json.loads(completed.stdout)["answers"] == "canned", completed.stderr


def test_page_has_examples_in_every_language_and_explains_null_lines() -> None:
    assert {*re.findall(r"^```(\w+)$", PAGE, re.MULTILINE)} >= {
        "python", "javascript", "bash", "go", "yaml",
    }  # fmt: skip
    for words in ("JSON.Line.Valid()", "null is 0 in problem.Line", "errors.data"):
        assert words in PAGE
