"""Formats for CI services, read with independent programs that are not written in Python."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Callable, Iterable
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

import pytest

from batchlint.output.paths import from_root
from batchlint.output.result import FileResult
from output.samples import SAMPLES, render
from reports import make_finding, make_report
from support import rows

READERS = Path(__file__).parent / "readers"

#: Escaped characters, and strings that look like escapes.
PIECES = ("%", "\n", "\r", ",", ":", "0A", "25", "2C", "a b", "é")
#: All combinations of up to three pieces.
TEXTS = ["".join(pieces) for length in (1, 2, 3) for pieces in product(PIECES, repeat=length)]


def skip_without(requirement: str, *, required_in_ci: bool = True) -> NoReturn:
    """Skip the test. In CI, fail if the requirement is expected there."""
    if required_in_ci and os.environ.get("CI") == "true":
        pytest.fail(f"not installed: {requirement}")
    pytest.skip(f"not installed: {requirement}")


def run_reader(
    *command: str | Path, text: str = "", **env: str
) -> subprocess.CompletedProcess[str]:
    """Run a reader, with `text` as standard input. Its environment has only PATH and `env`."""
    return subprocess.run(
        command,
        input=text,
        env={"PATH": os.environ["PATH"], **env},
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )


def run_node(script: str, text: str) -> subprocess.CompletedProcess[str]:
    """Run a script in `readers/` with Node, with `text` as standard input."""
    command = shutil.which("node")
    if command is None:
        skip_without("node", required_in_ci=False)
    if not (READERS / "node_modules").is_dir():
        skip_without("tests/output/readers/node_modules (npm ci --prefix tests/output/readers)")
    return run_reader(command, READERS / script, text=text)


# -- GitHub ---------------------------------------------------------------------------------------


class Command(NamedTuple):
    """A workflow command that a reader found."""

    name: str
    properties: dict[str, str]
    message: str


def read_with_act(text: str, directory: Path) -> list[Command]:
    """Find the commands with act, which runs a workflow step that prints `text`."""
    act = shutil.which("act", path=sysconfig.get_path("scripts"))
    if act is None:
        skip_without(
            "act (pip install --group test)",
            required_in_ci=sys.platform == "linux",
        )
    printed = directory / "printed.txt"
    printed.write_text(text, "utf-8", newline="\n")
    completed = run_reader(
        act,
        "--json",
        "--no-cache-server",
        "--platform=this-machine=-self-hosted",
        f"--workflows={READERS / 'github.yml'}",
        f"--directory={directory}",
        f"--env=PRINTED={printed}",
        HOME=str(directory / "home"),
        ACT_DISABLE_VERSION_CHECK="1",
    )
    assert completed.returncode == 0, completed.stderr
    records = map(json.loads, completed.stdout.splitlines())
    return [
        Command(record["command"], record["kvPairs"], record["arg"])
        for record in records
        if "command" in record
    ]


def read_with_node(text: str, _directory: Path) -> list[Command]:
    """Find the commands with github-action-ts-run-api, a library for testing actions."""
    completed = run_node("github.mjs", text)
    assert completed.returncode == 0, completed.stderr
    return [
        Command(found["command"], found["properties"], found["message"])
        for found in json.loads(completed.stdout)
    ]


class Reader(NamedTuple):
    """A reader of workflow commands, and patterns for the strings that it misreads.

    GitHub's runner reads these strings correctly. It ends the properties at the first `::`, but both
    readers end them at the last one. act unescapes in no particular order, so it may turn an
    escaped `%0A` into a newline. The other reader unescapes only the first occurrence of each
    character.
    """

    read: Callable[[str, Path], list[Command]]
    misread_messages: str
    misread_properties: str


GITHUB_READERS = {
    "act": Reader(read_with_act, r"::|%0[AD]", r"%(0[AD]|2C|3A)"),
    "github-action-ts-run-api": Reader(
        read_with_node, r"::|([%\r\n])(?s:.*)\1", r"([%\r\n,:])(?s:.*)\1"
    ),
}


@pytest.fixture(params=GITHUB_READERS)
def reader(request: pytest.FixtureRequest) -> Reader:
    return GITHUB_READERS[request.param]


def render_github(files: Iterable[FileResult]) -> str:
    return render("github", *files)


@pytest.mark.parametrize("path", sorted(SAMPLES.glob("github*")), ids=lambda path: path.name)
def test_github_reader_finds_all_annotations(reader: Reader, path: Path, tmp_path: Path) -> None:
    text = path.read_text("utf-8")
    found = reader.read(text, tmp_path)
    *findings, missing = rows(SAMPLES / "jsonl.jsonl")
    expected = {
        (row["severity"], f"batchlint ({row['rule']})", row["path"], str(row["line"])): row
        for row in findings
    }

    assert len(found) == sum(row.startswith("::") for row in text.splitlines())
    assert found.pop() == Command(
        "error",
        {"title": "batchlint", "file": missing["path"]},
        f"The file could not be read: {missing['error']}",
    )
    for name, properties, message in found:
        row = expected[name, properties["title"], properties["file"], properties["line"]]
        hint = f"\n{row['hint']}" if row["hint"] else ""
        assert message.endswith(f": {row['message']}{hint}")


def test_github_reader_receives_messages_unchanged(reader: Reader, tmp_path: Path) -> None:
    texts = [text for text in TEXTS if not re.search(reader.misread_messages, text)]
    files = (FileResult("x", make_report(make_finding(message=text))) for text in texts)
    found = reader.read(render_github(files), tmp_path)

    assert [command.message for command in found] == [f"x:1: c: {text}" for text in texts]


def test_github_reader_receives_titles_and_paths_unchanged(reader: Reader, tmp_path: Path) -> None:
    texts = [text for text in TEXTS if not re.search(reader.misread_properties, text)]
    printed = render_github(
        FileResult("x", make_report(make_finding(rule=text)), source=f"missing/{text}.jsonl")
        for text in texts
    )
    found = reader.read(printed, tmp_path)

    # Neither reader would reject a third `::` in a title.
    assert printed.count("::") == 2 * len(found)
    assert [command.properties for command in found] == [
        {
            "title": f"batchlint ({text})",
            "file": from_root(f"missing/{text}.jsonl"),  # `from_root` escapes none of them.
            "line": "1",
        }
        for text in texts
    ]


def test_github_reader_finds_no_command_in_a_file_name(reader: Reader, tmp_path: Path) -> None:
    files = [FileResult(f"{text}::error::x", make_report()) for text in ("", "\n", "\r", "\r\n")]

    assert reader.read(render_github(files), tmp_path) == []


# -- GitLab ---------------------------------------------------------------------------------------


def test_gitlab_sample_reports_match_the_type() -> None:
    paths = sorted(SAMPLES.glob("gitlab*"))

    assert paths
    for path in paths:
        completed = run_node("gitlab.mjs", path.read_text("utf-8"))
        assert completed.stderr == ""
        assert json.loads(completed.stdout) == json.loads(path.read_bytes())


def test_gitlab_reports_match_the_type_with_any_message_and_path() -> None:
    texts = [
        *TEXTS,
        '"\\`${}',
        "*/ //",
        "</script>",
        "\u2028\u2029",
        "\x00\x1f\x7f",
        "\U0001f600",
        "\ud800",
    ]
    encodable = [text.encode(errors="replace").decode() for text in texts]
    files = [
        FileResult(path, make_report(make_finding(message=message)))
        for path, message in zip(texts, encodable, strict=True)
    ]
    completed = run_node("gitlab.mjs", render("gitlab", *files))

    assert completed.stderr == ""
    issues = json.loads(completed.stdout)
    assert [(issue["description"], issue["location"]["path"]) for issue in issues] == [
        (f"c: {text}", text) for text in encodable
    ]


def without(issue: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in issue.items() if key != name}


def test_gitlab_reader_rejects_invalid_reports() -> None:
    issue = json.loads((SAMPLES / "gitlab.json").read_bytes())[0]
    path = issue["location"]["path"]
    lines = issue["location"]["lines"]
    broken = {
        **{f"'{name}' is missing": without(issue, name) for name in issue},
        "'\"majr\"' is not assignable to type 'Severity'": issue | {"severity": "majr"},
        "'\"priority\"' does not exist": issue | {"priority": 1},
        "'path' is missing": issue | {"location": {"lines": lines}},
        "'lines' is missing": issue | {"location": {"path": path}},
        "'begin' is missing": issue | {"location": {"path": path, "lines": {}}},
        "'string' is not assignable to type 'number'": issue
        | {"location": {"path": path, "lines": {"begin": "2"}}},
    }
    completed = run_node("gitlab.mjs", json.dumps(list(broken.values()), indent=1))
    rejections = re.split(r"^\S*report\.ts", completed.stderr, flags=re.MULTILINE)[1:]

    assert (completed.returncode, completed.stdout) == (1, "")
    for sentence, rejection in zip(broken, rejections, strict=True):
        assert sentence in rejection
