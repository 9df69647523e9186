"""The examples in `docs/upload.md`, run unchanged with a local service."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final, NamedTuple

import pytest

from acceptance.openai_service import Service
from support import ROOT, line

CHAT: Final = "/v1/chat/completions"
PAGE: Final = (ROOT / "docs" / "upload.md").read_text("utf-8")


class Example(NamedTuple):
    """An example, and how to run it.

    Attributes:
        name: the name of its file.
        command: the command that runs the file.
        programs: the programs that it needs.
        output: its output for a valid file.
    """

    name: str
    command: tuple[str, ...]
    programs: tuple[str, ...]
    output: str

    @property
    def text(self) -> str:
        """The example, as printed on the page."""
        (text,) = re.findall(
            rf'^```\w+ title="{re.escape(self.name)}"\n(.*?)^```$',
            PAGE,
            re.MULTILINE | re.DOTALL,
        )
        return str(text)


EXAMPLES: Final = (
    Example("upload.sh", ("bash", "upload.sh"), ("bash", "curl", "python3"), '"id": "batch_1"'),
    Example("upload.mjs", ("node", "upload.mjs"), ("node",), "batch_1 validating\n"),
    Example("upload.go", ("go", "run", "upload.go"), ("go",), "batch_1 validating\n"),
)


#: An example that prints the findings and sends nothing.
FINDINGS: Final = Example("findings.mjs", ("node", "findings.mjs"), ("node",), "")


@pytest.fixture(params=EXAMPLES, ids=lambda example: example.name)
def example(request: pytest.FixtureRequest, tmp_path: Path) -> Example:
    """An example that uploads a file, written to the test's directory."""
    example: Example = request.param
    return write_example(example, tmp_path)


def write_example(example: Example, directory: Path) -> Example:
    """Write an example to a directory, or skip the test if a program is missing."""
    missing = [program for program in example.programs if shutil.which(program) is None]
    if missing or sys.platform == "win32":
        pytest.skip(f"needs {', '.join(missing) or 'a POSIX system'}")
    (directory / example.name).write_text(example.text, "utf-8")
    return example


def run(example: Example, service: Service, directory: Path) -> subprocess.CompletedProcess[str]:
    bin_directory = directory / "bin"
    bin_directory.mkdir()
    command = bin_directory / "batchlint"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m batchlint "$@"\n', "utf-8")
    command.chmod(0o755)
    return subprocess.run(
        example.command,
        capture_output=True,
        text=True,
        check=False,
        cwd=directory,
        env=os.environ
        | {
            "PATH": f"{bin_directory}{os.pathsep}{os.environ['PATH']}",
            "OPENAI_BASE_URL": service.url,
            "OPENAI_API_KEY": "test",
        },
    )


def test_all_examples_on_the_page_are_tested() -> None:
    names = re.findall(r'title="(.+)"', PAGE)

    assert sorted(names) == sorted(example.name for example in (*EXAMPLES, FINDINGS))


def test_upload_example_uploads_a_valid_file(
    example: Example, service: Service, tmp_path: Path
) -> None:
    data = line("a", CHAT) + line("b", CHAT)
    (tmp_path / "requests.jsonl").write_bytes(data)

    completed = run(example, service, tmp_path)

    assert (completed.returncode, example.output in completed.stdout) == (0, True), completed
    assert service.uploads == [("requests.jsonl", "batch", data)]
    assert service.creates == [
        {"input_file_id": "file-1", "endpoint": CHAT, "completion_window": "24h"}
    ]


def test_upload_example_reports_an_invalid_file_and_sends_nothing(
    example: Example, service: Service, tmp_path: Path
) -> None:
    (tmp_path / "requests.jsonl").write_bytes(line("a", CHAT) + line("b", CHAT, bogus=1))

    completed = run(example, service, tmp_path)

    assert (completed.returncode, "Unknown parameter: 'bogus'" in completed.stdout) == (1, True), (
        completed
    )
    assert service.paths == []


def test_findings_example_prints_the_findings(service: Service, tmp_path: Path) -> None:
    (tmp_path / "requests.jsonl").write_bytes(line("a", CHAT) + line("b", CHAT, bogus=1))

    completed = run(write_example(FINDINGS, tmp_path), service, tmp_path)

    assert completed.stdout == "line 2: Unknown parameter: 'bogus'.\n"
