"""The `text` format: its expected output, excerpts and colors."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import unicodedata
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batchlint.findings import BatchError
from batchlint.locate import find
from batchlint.output import Options
from batchlint.output.text import _excerpt
from golden import assert_matches_golden
from output.samples import CLEAN, MIXED, SAMPLES, render_text
from support import CommandResult, line

Run = Callable[..., CommandResult]


@pytest.mark.parametrize(
    ("options", "name"),
    [
        pytest.param([], "text.txt", id="default"),
        pytest.param(
            ["--show-source", "--statistics", "--color=always"], "text_full.txt", id="all options"
        ),
    ],
)
def test_text_format_matches_its_expected_output(
    options: list[str], name: str, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(SAMPLES)

    assert_matches_golden(run("check", *options, MIXED, CLEAN).out, SAMPLES / name)


def test_statistics_list_each_rule_with_its_count_and_effect(
    run: Run, batch_file: Callable[..., Path]
) -> None:
    path = batch_file(
        line("a"), line("a"), line("b", bogus=1), line("c", bogus=1), b"\n", line("d")
    )
    copy = path.with_name("batch2.jsonl")
    copy.write_bytes(path.read_bytes())
    rows = run("check", "--statistics", str(path), str(copy)).out.splitlines()

    assert rows[-4:] == [
        "2 files, 2 with errors",
        "2  duplicate_custom_id  fail the whole batch",
        "4  unknown_parameter    fail their requests",
        "2  blank_line           warn",
    ]


# -- excerpts -------------------------------------------------------------------------------------


def test_source_line_is_printed_only_on_request(batch_file: Callable[..., Path]) -> None:
    path = batch_file(line("a", input="SECRET", dimensions="x"))

    assert "SECRET" not in "\n".join(render_text(path))
    assert "SECRET" in "\n".join(render_text(path, show_source=True))


@given(st.text(), st.text())
def test_caret_points_at_the_finding(before: str, after: str) -> None:
    body = {"model": "m", "input": f"x{before}", "bogus": 1, "user": after}
    request = {"custom_id": "a", "method": "POST", "url": "/v1/embeddings", "body": body}
    row = json.dumps(request, ensure_ascii=False)
    error = BatchError("unknown_parameter", "unknown_parameter", 2, "m", pointer="/body/bogus")
    try:
        place = find(row.encode(), error)
    except UnicodeEncodeError:
        return
    assert place is not None
    excerpt = _excerpt(place, Options()).splitlines()

    assert len(excerpt[0]) <= 4 + 60
    assert excerpt[0].isprintable()
    assert width(excerpt[0][: excerpt[0].index('"bogus"')]) == excerpt[1].index("^")


def width(text: str) -> int:
    """Return the number of terminal columns that a string occupies."""
    return sum(
        0
        if unicodedata.combining(character)
        else 1 + (unicodedata.east_asian_width(character) in {"W", "F"})
        for character in text
    )


# -- colors ---------------------------------------------------------------------------------------


def test_color_option_enables_colors(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    path = str(SAMPLES / MIXED)
    plain = run("check", path).out
    colored = run("check", "--color=always", path).out

    assert "\x1b" not in plain
    assert re.sub(r"\x1b\[\d*m", "", colored) == plain
    assert "\x1b[31m" in colored
    monkeypatch.setenv("NO_COLOR", "1")
    assert run("check", "--color=always", path).out == colored
    rows = run("check", "--format=jsonl", path).out
    assert run("check", "--format=jsonl", "--color=always", path).out == rows


@pytest.mark.skipif(os.name != "posix", reason="needs a pseudo-terminal")
@pytest.mark.parametrize(
    ("env", "options", "colored"),
    [
        pytest.param({}, [], True, id="default"),
        pytest.param({"NO_COLOR": "1"}, [], False, id="NO_COLOR"),
        pytest.param({"NO_COLOR": ""}, [], True, id="empty NO_COLOR"),
        pytest.param({"TERM": "dumb"}, [], False, id="dumb terminal"),
        pytest.param({}, ["--color=never"], False, id="never"),
        pytest.param({"NO_COLOR": "1"}, ["--color=always"], True, id="NO_COLOR and always"),
        pytest.param({}, ["--format=json"], False, id="json"),
    ],
)
def test_terminal_output_is_colored_unless_disabled(
    env: dict[str, str], options: list[str], colored: bool
) -> None:
    leader, terminal = os.openpty()
    try:
        subprocess.run(
            [sys.executable, "-m", "batchlint", "check", str(SAMPLES / "clean.jsonl"), *options],
            stdout=terminal,
            env={**os.environ, "TERM": "xterm", **env},
            check=True,
        )
        out = os.read(leader, 1 << 16)
    finally:
        os.close(leader)
        os.close(terminal)

    assert (b"\x1b[" in out) == colored
