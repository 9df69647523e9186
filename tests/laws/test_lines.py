r"""Lines end at "\n" only. Blank lines are lines, but not requests."""

from __future__ import annotations

import re

from hypothesis import assume, given

from batchlint import check
from batchlint.engine.chunk import Plan, check_chunk
from batchlint.rules import select_rules
from batchlint.rules.foreign import find_foreign
from batchlint.rules.text import BYTE_ORDER_MARK
from strategies import ANY_FILE, WHOLE_LINES
from support import NOW

PLAN = Plan(select_rules(), keep=3, now=NOW)


@given(ANY_FILE)
def test_lines_end_at_newlines_only(data: bytes) -> None:
    unterminated = data != b"" and not data.endswith(b"\n")

    assert check_chunk(data, PLAN).lines == data.count(b"\n") + unterminated


@given(ANY_FILE)
def test_blank_line_counts_as_a_line_but_not_as_a_request(data: bytes) -> None:
    assume(find_foreign(data) is None)
    assume(find_foreign(b"\n \n" + data) is None)
    assume(not data.startswith(BYTE_ORDER_MARK))
    before = check(data, keep=0)
    after = check(b"\n \n" + data, keep=0)

    assert (after.total, after.failed) == (before.total, before.failed)
    lines_before = [error.line for error in before.errors if error.line]
    assert [error.line - 2 for error in after.errors if error.line] == lines_before
    blank = [error.line for error in after.warnings if error.rule == "blank_line"]
    assert blank[:2] == [1, 2]


@given(ANY_FILE)
def test_final_newline_is_optional(data: bytes) -> None:
    assume(data and not data.endswith(b"\n"))
    # With the newline, a file of a few null characters may be UTF-16.
    assume(find_foreign(data) is None and find_foreign(data + b"\n") is None)

    assert check(data + b"\n").to_dict() == check(data).to_dict() | {"bytes": len(data) + 1}


@given(WHOLE_LINES)
def test_carriage_returns_change_only_the_size(data: bytes) -> None:
    plain = re.sub(rb"\r+\n", b"\n", data)
    assume(find_foreign(plain) is None)
    windows = plain.replace(b"\n", b"\r\n")

    assert check(windows).to_dict() == check(plain).to_dict() | {"bytes": len(windows)}
