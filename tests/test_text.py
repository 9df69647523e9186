"""The format for people: which findings it shows, where it says they are, and how it looks on a terminal."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import FIXTURES, Ran, line

from batchlint import check
from batchlint.findings import BatchError
from batchlint.formats.checked import Checked
from batchlint.formats.places import find, located
from batchlint.formats.text import _excerpt, text
from batchlint.grammar import pointer

HERE = FIXTURES / "formats"
MIXED = "50% off, all.jsonl"

Run = Callable[..., Ran]


def lines_of(path: Path, most: int = 20, **options: Any) -> list[str]:
    """What the format says of a file, line by line."""
    return "".join(text([Checked("x", check(path, name="x.jsonl", keep=options.pop("keep", 1000)), source=str(path))], most,
                        **options)).splitlines()


@pytest.fixture
def batch(tmp_path: Path) -> Callable[..., Path]:
    """A batch file of these lines."""
    def batch(*rows: bytes) -> Path:
        path = tmp_path / "batch.jsonl"
        path.write_bytes(b"".join(rows))
        return path

    return batch


# -- which findings ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("options", [[], ["--show-source", "--statistics", "--color=always"]], ids=["plain", "full"])
def test_the_text_looks_as_it_always_did(options: list[str], run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(HERE)
    out = run("check", *options, MIXED, "clean.jsonl").out
    path = HERE / ("text_full.txt" if options else "text.txt")
    if os.environ.get("BATCHLINT_UPDATE_GOLDEN"):
        path.write_text(out, "utf-8", newline="\n")

    assert path.read_text("utf-8") == out


def test_of_fifty_thousand_equal_findings_twenty_are_printed(batch: Callable[..., Path]) -> None:
    said = lines_of(batch(*(line("a") for _ in range(50_000))))

    assert len(said) == 2 * 20 + 2  # each finding has a hint
    assert said[-2] == "... and 49,979 more of duplicate_custom_id, from line 22 on; `--max-errors 0` prints more"
    assert said[-1] == "x: 50,000 requests to /v1/embeddings, 49,999 errors (49,999 fail the whole batch)"


def test_the_lines_of_the_others_are_told_where_they_are_known(batch: Callable[..., Path]) -> None:
    said = lines_of(batch(*(line("a") for _ in range(500))))

    assert said[-2].startswith("... and 479 more of duplicate_custom_id, lines 22-500;")
    assert lines_of(batch(*(line("a") for _ in range(12))), 10)[-2].startswith("... and 1 more of duplicate_custom_id, line 12;")


def test_rare_findings_are_shown_among_many_of_another_kind(batch: Callable[..., Path]) -> None:
    path = batch(*(line(str(n), dimensions="x") for n in range(900)), line("y", encoding_format=1), line("0"), b"\n", line("z", bogus=1))
    said = "\n".join(lines_of(path))

    for place in ("x:1:", "x:901:", "x:902:", "x:903:", "x:904:"):
        assert place in said
    assert "... and 884 more of invalid_type, lines 17-900; `--max-errors 0` prints more\n" in said


@pytest.mark.parametrize(("most", "printed"), [(1, 1), (3, 3), (7, 7), (20, 20), (100, 42), (0, 42)])
def test_at_most_so_many_findings_are_printed(most: int, printed: int, batch: Callable[..., Path]) -> None:
    rows = [line(str(n), "/v1/embeddings", **{f"bogus_{n}": 1}) for n in range(42)]
    said = lines_of(batch(*rows), most)
    head = [row for row in said if re.match(r"x:\d+:", row)]

    assert len(head) == printed
    assert [int(row.split(":")[1]) for row in head] == sorted(int(row.split(":")[1]) for row in head)
    assert said[-1].startswith("x: 42 requests to /v1/embeddings, 42 errors")
    if printed < 42:
        assert said[-2].startswith(f"... and {42 - printed} more of unknown_parameter")


@pytest.mark.parametrize("count", [19, 20, 21])
def test_twenty_findings_of_one_rule_are_all_printed(count: int, batch: Callable[..., Path]) -> None:
    said = lines_of(batch(*(line(str(n), dimensions="x") for n in range(count))), 20)

    assert sum(": invalid_type" in row for row in said) == min(count, 20)
    assert [row for row in said if row.startswith("...")] == [
        "... and 1 more of invalid_type, line 21; `--max-errors 0` prints more"] * (count > 20)


@pytest.mark.parametrize(("most", "printed"), [
    (6, ["dimensions"] * 3 + ["encoding_format"] * 2 + ["bogus"]), (20, ["dimensions"] * 14 + ["encoding_format"] * 5 + ["bogus"]),
    (21, ["dimensions"] * 15 + ["encoding_format"] * 5 + ["bogus"])])
def test_a_rule_gives_way_to_others_where_there_are_too_many(most: int, printed: list[str], batch: Callable[..., Path]) -> None:
    rows = [*(line(str(n), dimensions="x") for n in range(15)), *(line(f"b{n}", encoding_format=1) for n in range(5)), line("c", bogus=1)]
    said = lines_of(batch(*rows), most)

    assert re.findall(r"^x:\d.* body\.(\w+):", "\n".join(said), re.MULTILINE) == printed
    assert sum(row.startswith("...") for row in said) == (most < 21)


def test_a_few_findings_are_all_shown_though_they_are_alike(batch: Callable[..., Path]) -> None:
    said = lines_of(batch(*(line("a") for _ in range(11))))

    assert not any(row.startswith("...") for row in said)
    assert sum(": duplicate_custom_id" in row for row in said) == 10


def test_what_is_not_kept_is_counted_and_not_promised(batch: Callable[..., Path]) -> None:
    said = lines_of(batch(*(line("a") for _ in range(50))), 0, keep=10)

    assert said[-2] == "... and 39 more of duplicate_custom_id, from line 11 on"


def test_all_means_all(run: Run, batch: Callable[..., Path]) -> None:
    path = batch(*(line("a") for _ in range(1_500)))
    assert run("check", "--max-errors=0", str(path)).out.count(": duplicate_custom_id custom_id: ") == 1_499
    assert "..." not in run("check", "--max-errors=0", str(path)).out


def test_statistics_count_each_rule_and_say_what_it_does(run: Run, batch: Callable[..., Path]) -> None:
    path = batch(line("a"), line("a"), line("b", bogus=1), line("c", bogus=1), b"\n", line("d"))
    rows = run("check", "--statistics", str(path), str(path)).out.splitlines()

    assert rows[-4:] == ["2 files, 2 with errors", "2  duplicate_custom_id  fail the whole batch",
                         "4  unknown_parameter    fail their requests", "2  blank_line           warn"]


# -- the place in the line ---------------------------------------------------------------------------------------------

scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
values = st.recursive(scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
                      max_leaves=20)


def paths(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    """Every place in a value, and what stands there."""
    yield path, value
    members: Any = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in members:
        yield from paths(inner, (*path, key))


def at(where: str | None, rule: str = "invalid_type", number: int = 2) -> BatchError:
    """A finding at a place."""
    return BatchError(rule, rule, number, "m", pointer=where)


@given(values, st.booleans(), st.sampled_from([None, 1]))
def test_the_place_of_a_pointer_is_what_it_points_at(value: Any, plain: bool, indent: int | None) -> None:
    data = json.dumps(value, ensure_ascii=plain, indent=indent).replace("\n", "\t")
    try:
        raw = f" {data} \r\n".encode()
    except UnicodeEncodeError:  # half a pair is no text
        return
    for path, inner in paths(value):
        found = find(raw, at(pointer(path)))
        assert found is not None
        assert json.loads(found.text[found.start : found.end]) == inner
        if path and isinstance(path[-1], str):
            key = find(raw, at(pointer(path), "unknown_parameter"))
            assert key is not None
            assert json.loads(key.text[key.start : key.end]) == path[-1]


@given(st.binary(), st.none() | st.text(), st.sampled_from(["invalid_type", "not_a_number", "lone_surrogate", "unknown_parameter"]))
def test_looking_for_a_place_never_fails(raw: bytes, where: str | None, rule: str) -> None:
    found = find(raw, at(where, rule))

    assert found is None or 0 <= found.start <= found.end


@pytest.mark.parametrize(("raw", "rule", "column"), [
    (b'{"a": NaN}', "not_a_number", 7), (b'{"NaN": "Infinity", "b": [1, -Infinity]}', "not_a_number", 30),
    (b'{"a": 1e5, "b": 1e999}', "not_a_number", 17), (rb'{"\\ud800": "\ud83d\ude00 \udc00"}', "lone_surrogate", 27),
    (b'{"a": 1,}', "invalid_json_line", 9), (b"{'a': 1}", "invalid_json_line", 2), (b'{"a": "b', "invalid_json_line", 7),
    ('{"ü": "'.encode() + b'\xff"}', "not_utf8", 8), (b"[" * 2000 + b"]" * 2000, "nesting_too_deep", None),
])
def test_the_place_of_what_the_decoder_refuses(raw: bytes, rule: str, column: int | None) -> None:
    found = find(raw + b"\n", at(None, rule))

    assert (found and found.column) == column


@pytest.mark.parametrize(("where", "column"), [
    ("", 1), ("/missing", 1), ("/a/b", 26), ("/a/c", 21), ("/a/b/0", 26), ("/a/b/x/y", 26), ("/k~1~0", 39), ("/l/1", 51), ("/l/2", 47)])
def test_of_what_is_missing_the_place_is_the_value_that_lacks_it(where: str, column: int) -> None:
    """And of two members of one name it is the last."""
    found = find(b'{"a": {"b": 0}, "a":{"b":[]} , "k/~": 1, "l": [1, 2]}', at(where))

    assert found is not None
    assert found.column == column


def test_columns_are_characters_and_a_byte_order_mark_is_none() -> None:
    raw = '{"ä": "漢字😀", "b": 1}\n'.encode()

    assert [found and found.column for _, found in ((0, find(raw, at("/b"))), (0, find(b"\xef\xbb\xbf" + raw, at("/b", number=1))))] == [
        19, 19]


def test_a_file_is_read_once_and_lines_are_counted_as_the_check_counts_them(batch: Callable[..., Path]) -> None:
    path = batch(b'{"a": 1}\r\n', b"\n", '{"\u2028": "\r", "a": 1}\n'.encode(), b'   {"a": 1}')
    found = [place and place.column for _, place in located(str(path), [at("/a", number=n) for n in (1, 1, 3, 4, 5)])]

    assert found == [7, 7, 17, 10, None]


def test_a_file_that_went_away_has_no_columns(tmp_path: Path) -> None:
    for source in (None, str(tmp_path), str(tmp_path / "missing"), "a\0b"):
        assert [place for _, place in located(source, [at("/a"), at(None)])] == [None, None]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_pipe_is_not_read_twice(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")

    assert [place for _, place in located(str(tmp_path / "pipe"), [at("/a")])] == [None]


def test_standard_input_has_no_columns_and_no_source() -> None:
    made = subprocess.run([sys.executable, "-m", "batchlint", "check", "--show-source", "-"], input=line("a", bogus=1),
                          capture_output=True, check=False)

    assert made.stdout.decode().splitlines()[0].startswith("<stdin>:1: unknown_parameter body.bogus: ")
    assert b"^" not in made.stdout


# -- the source --------------------------------------------------------------------------------------------------------


def test_the_source_is_shown_only_when_asked_for(batch: Callable[..., Path]) -> None:
    path = batch(line("a", input="SECRET", dimensions="x"))

    assert "SECRET" not in "\n".join(lines_of(path))
    assert "SECRET" in "\n".join(lines_of(path, show_source=True))


@given(st.text(), st.text())
def test_the_caret_is_under_the_place_of_a_short_excerpt(before: str, after: str) -> None:
    row = json.dumps({"custom_id": "a", "method": "POST", "url": "/v1/embeddings", "body": {
        "model": "m", "input": f"x{before}", "bogus": 1, "user": after}}, ensure_ascii=False)
    try:
        place = find(row.encode(), at("/body/bogus", "unknown_parameter"))
    except UnicodeEncodeError:
        return
    assert place is not None
    shown = _excerpt(place, lambda said, **_: said).splitlines()

    assert len(shown[0]) <= 4 + 60
    assert shown[0].isprintable()
    assert columns(shown[0][: shown[0].index('"bogus"')]) == shown[1].index("^")


def columns(said: str) -> int:
    """How many columns of a terminal a text takes."""
    return sum(0 if unicodedata.combining(c) else 1 + (unicodedata.east_asian_width(c) in {"W", "F"}) for c in said)


# -- the terminal ------------------------------------------------------------------------------------------------------


def test_colours_can_be_had_and_refused(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    path = str(HERE / MIXED)
    plain = run("check", path).out
    coloured = run("check", "--color=always", path).out

    assert "\x1b" not in plain
    assert re.sub(r"\x1b\[\d*m", "", coloured) == plain
    assert "\x1b[31m" in coloured
    monkeypatch.setenv("NO_COLOR", "1")
    assert run("check", "--color=always", path).out == coloured
    assert run("check", "--format=jsonl", "--color=always", path).out == run("check", "--format=jsonl", path).out


@pytest.mark.skipif(os.name != "posix", reason="needs a pseudo-terminal")
@pytest.mark.parametrize(("env", "options", "coloured"), [
    ({}, [], True), ({"NO_COLOR": "1"}, [], False), ({"NO_COLOR": ""}, [], True), ({"TERM": "dumb"}, [], False),
    ({}, ["--color=never"], False), ({"NO_COLOR": "1"}, ["--color=always"], True), ({}, ["--format=json"], False)])
def test_a_terminal_has_colours_unless_it_is_told_not_to(env: dict[str, str], options: list[str], coloured: bool) -> None:
    leader, terminal = os.openpty()
    try:
        subprocess.run([sys.executable, "-m", "batchlint", "check", str(HERE / "clean.jsonl"), *options], stdout=terminal,
                       env={**os.environ, "TERM": "xterm", **env}, check=True)
        said = os.read(leader, 1 << 16)
    finally:
        os.close(leader)
        os.close(terminal)

    assert (b"\x1b[" in said) == coloured
