"""Reading lines a second time, to print excerpts or to count columns in other units."""

from __future__ import annotations

import os
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pytest

from batchlint.findings import BatchError
from batchlint.output.locate import locate_all


def finding_at(pointer: str | None, number: int = 2) -> BatchError:
    return BatchError("invalid_type", "invalid_type", number, "m", pointer=pointer)


def test_lines_end_only_at_line_feeds_as_in_the_check(
    batch_file: Callable[..., Path],
) -> None:
    path = batch_file(b'{"a": 1}\r\n', b"\n", '{"\u2028": "\r", "a": 1}\n'.encode(), b'   {"a": 1}')
    errors = [finding_at("/a", number=number) for number in (1, 1, 3, 4, 5)]
    columns = [place and place.column for _, place in locate_all(str(path), errors)]

    assert columns == [7, 7, 17, 10, None]


def test_findings_in_an_unreadable_file_have_no_location(tmp_path: Path) -> None:
    for source in (None, str(tmp_path), str(tmp_path / "missing"), "a\0b"):
        found = locate_all(source, [finding_at("/a"), finding_at(None)])
        assert [place for _, place in found] == [None, None]


def test_copy_of_a_stream_can_be_read_repeatedly() -> None:
    copy = BytesIO(b'{"a": 1}\n   {"a": 1}')
    for _ in range(2):
        found = locate_all(copy, [finding_at("/a", number=number) for number in (1, 2, 3)])
        assert [place and place.column for _, place in found] == [7, 10, None]


def test_findings_in_a_closed_copy_of_a_stream_have_no_location() -> None:
    copy = BytesIO(b'{"a": 1}')
    copy.close()

    assert [place for _, place in locate_all(copy, [finding_at("/a", number=1)])] == [None]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_pipe_is_not_read_again(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    found = locate_all(str(tmp_path / "pipe"), [finding_at("/a")])

    assert [place for _, place in found] == [None]
