"""The `rdjson` format, which reviewdog reads. Its columns count bytes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from support import CommandResult, line, run_command

Run = Callable[..., CommandResult]


def test_columns_count_utf8_bytes(run: Run, batch_file: Callable[..., Path]) -> None:
    row = line("a", dimensions="x").replace(b'"a"', '"\U00010400\u00e4"'.encode())
    path = batch_file(row)
    (found,) = json.loads(run("check", "--format=rdjson", str(path)).out)["diagnostics"]
    place = found["location"]["range"]

    assert row[place["start"]["column"] - 1 : place["end"]["column"] - 1] == b'"x"'
    assert found["severity"] == "ERROR"
    assert found["code"]["value"] == "invalid_type"


def test_columns_in_standard_input_count_utf8_bytes() -> None:
    row = line("a", dimensions="x").replace(b'"a"', '"\U00010400\u00e4"'.encode())
    result = run_command("check", "--format=rdjson", "-", stdin=row)
    (found,) = json.loads(result.out)["diagnostics"]
    place = found["location"]["range"]

    assert found["location"]["path"] == "<stdin>"
    assert row[place["start"]["column"] - 1 : place["end"]["column"] - 1] == b'"x"'


def test_hint_is_on_a_separate_line_of_the_message(
    run: Run, batch_file: Callable[..., Path]
) -> None:
    path = batch_file(line("a", bogus=1))
    (found,) = json.loads(run("check", "--format=rdjson", str(path)).out)["diagnostics"]

    assert found["message"].startswith(
        "unknown_parameter body.bogus: Unknown parameter: 'bogus'.\n"
    )
