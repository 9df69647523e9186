"""The unified diff of a file before and after its fixes, which `patch` can apply."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from batchlint.output.diff import unified_diff


def diff(old: bytes, new: bytes, *, same_lines: bool = True) -> bytes:
    return b"".join(
        unified_diff(
            "f",
            lambda: old.splitlines(keepends=True),
            lambda: new.splitlines(keepends=True),
            same_lines=same_lines,
        )
    )


def numbered(count: int, **changed: str) -> bytes:
    lines = [changed.get(f"n{number}", f"{number}\n") for number in range(1, count + 1)]
    return "".join(lines).encode()


def test_file_name_that_is_not_utf8_is_written_unchanged() -> None:
    pieces = unified_diff("a\udcff/é", lambda: [b"1\n"], lambda: [b"2\n"], same_lines=True)

    assert b"".join(pieces).startswith(b"--- a\xff/\xc3\xa9\n+++ a\xff/\xc3\xa9\n@@ ")


def test_equal_files_have_no_diff() -> None:
    assert diff(numbered(9), numbered(9)) == b""


def test_change_is_shown_with_three_lines_of_context() -> None:
    assert diff(numbered(9), numbered(9, n5="x\n")).decode() == (
        "--- f\n+++ f\n@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+x\n 6\n 7\n 8\n"
    )


def test_changes_up_to_six_lines_apart_share_a_hunk() -> None:
    near = diff(numbered(30), numbered(30, n5="x\n", n12="y\n"))
    far = diff(numbered(30), numbered(30, n5="x\n", n13="y\n"))

    assert near.count(b"@@ -") == 1
    assert far.count(b"@@ -") == 2
    assert b"@@ -10,7 +10,7 @@\n 10\n" in far


def test_removed_blank_line_shifts_the_line_numbers_of_later_hunks() -> None:
    old = b"\n" + numbered(20, n15="x\n")
    new = numbered(20)

    assert b"@@ -1,4 +1,3 @@\n-\n 1\n 2\n 3\n" in diff(old, new)
    assert b"@@ -13,7 +12,7 @@\n 12\n 13\n 14\n-x\n+15\n" in diff(old, new)


def test_hunk_for_an_empty_new_file_starts_at_line_0() -> None:
    assert diff(b"\n \n", b"").decode() == "--- f\n+++ f\n@@ -1,2 +0,0 @@\n-\n- \n"


def test_missing_final_newline_is_marked_as_in_patch_files() -> None:
    end = "\n\\ No newline at end of file\n"

    assert diff(b"a\nb", b"a\nc").decode().endswith(f" a\n-b{end}+c{end}")


@pytest.mark.parametrize("blank", [b"\n", b" \t\r\n", b" "])
def test_removed_whitespace_line_counts_as_a_blank_line(blank: bytes) -> None:
    end = b"" if blank.endswith(b"\n") else b"\n\\ No newline at end of file\n"

    assert diff(b"a\n" + blank, b"a\n") == b"--- f\n+++ f\n@@ -1,2 +1,1 @@\n a\n-" + blank + end


def test_kept_blank_line_is_a_context_line() -> None:
    assert diff(b"\nx\n \n", b"\ny\n \n") == (b"--- f\n+++ f\n@@ -1,3 +1,3 @@\n \n-x\n+y\n  \n")


def test_line_with_a_vertical_tab_is_not_blank() -> None:
    assert diff(b"\x0b\nx\n", b"\x0b\ny\n").endswith(b" \x0b\n-x\n+y\n")


def test_diff_of_a_converted_file_replaces_all_lines() -> None:
    assert diff(b"[\n{}]\n", b"{}\n", same_lines=False) == (
        b"--- f\n+++ f\n@@ -1,2 +1,1 @@\n-[\n-{}]\n+{}\n"
    )


LINE = st.sampled_from([b"\n", b" \n", b"a\n", b"b\n", b"c\n"])


@pytest.mark.skipif(shutil.which("patch") is None, reason="patch is not installed")
@pytest.mark.parametrize("name", ["a b", "a\tb", 'a"b', "a\\b", "a\nb", "é ü"])
def test_patch_finds_a_file_with_an_unusual_name(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(b"1\n")
    text = b"".join(unified_diff(name, lambda: [b"1\n"], lambda: [b"2\n"], same_lines=True))
    subprocess.run(["patch", "-s", "-p0"], input=text, check=True, cwd=tmp_path)

    assert path.read_bytes() == b"2\n"


@pytest.mark.skipif(shutil.which("patch") is None, reason="patch is not installed")
@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.tuples(LINE, st.booleans()), max_size=40), ends=st.booleans())
def test_patch_turns_the_old_file_into_the_new_one(
    rows: list[tuple[bytes, bool]], ends: bool, tmp_path: Path
) -> None:
    old = b"".join(line for line, _ in rows)
    new = b"".join(
        (b"" if not line.strip() else line.upper()) if changed else line for line, changed in rows
    )
    if not ends:
        old, new = old.removesuffix(b"\n"), new.removesuffix(b"\n")
    path = tmp_path / "f"
    path.write_bytes(old)
    text = diff(old, new)
    if text:
        subprocess.run(["patch", "-s", path], input=text, check=True, capture_output=True)

    assert path.read_bytes() == new
