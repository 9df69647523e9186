"""Findings have columns for every type of source."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from batchlint import check, check_request, iter_errors
from batchlint import sources as sources_module
from batchlint.engine import columns as columns_module
from batchlint.engine.chunk import Plan
from batchlint.engine.columns import ColumnChecker
from batchlint.locate import find_all
from batchlint.report import Report
from batchlint.rules import select_rules
from support import FIXTURES, line, request, run_command

SAMPLE = FIXTURES / "sample_batch.jsonl"

#: Lines and columns of the findings in the sample, in order.
EXPECTED = [(2, 186), (3, 52), (4, 184), (4, 127), (5, 117), (6, 15), (6, 198), (7, 146)]


def positions(report: Report) -> list[tuple[int | None, int | None]]:
    return [(error.line, error.column) for error in report.errors]


class Pipe(io.RawIOBase):
    """A stream that can't seek."""

    def __init__(self, data: bytes) -> None:
        self._data = BytesIO(data)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        return self._data.readinto(buffer)


@pytest.mark.parametrize(
    "source",
    [
        pytest.param(lambda data: data, id="bytes"),
        pytest.param(BytesIO, id="stream"),
        pytest.param(Pipe, id="pipe"),
        pytest.param(lambda data: iter(data.splitlines(keepends=True)), id="lines"),
    ],
)
def test_columns_do_not_depend_on_the_source(source: Callable[[bytes], Any]) -> None:
    assert positions(check(source(SAMPLE.read_bytes()))) == EXPECTED


def test_file_and_standard_input_have_the_same_columns() -> None:
    piped = run_command("check", "--format=json", "-", stdin=SAMPLE.read_bytes())

    assert positions(check(SAMPLE)) == EXPECTED
    assert piped.out.count('"column": null') == 0


def test_iterated_findings_have_columns() -> None:
    found = sorted(iter_errors(SAMPLE))

    assert [(error.line, error.column) for error in found] == EXPECTED


def test_requests_given_as_dicts_have_no_columns() -> None:
    requests = [request("a", bogus=1), request("a")]

    assert positions(check(requests)) == [(1, None), (2, None)]
    assert [error.column for error in check_request(requests[0])] == [None]


def test_findings_about_the_file_have_no_column() -> None:
    (error,) = check(b"").errors

    assert (error.line, error.column) == (None, None)


def test_columns_count_code_points_of_the_line_without_its_byte_order_mark() -> None:
    mark = b"\xef\xbb\xbf"
    row = line("a", dimensions="x")
    column = row.index(b'"x"}') + 1

    assert (1, column) in positions(check(mark + row + line("b")))
    wide = row.replace(b'"a"', '"\U0001f600"'.encode())
    assert (1, column) in positions(check(wide))


def test_columns_are_located_only_for_kept_findings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Locating a finding takes longer than the check, and a file may have 50,000 errors."""
    located = 0

    def counting(*args: Any, **options: Any) -> Any:
        nonlocal located
        located += len(args[1])
        return find_all(*args, **options)

    monkeypatch.setattr(columns_module, "find_all", counting)
    report = check(b"".join(line(str(number), bogus=1) for number in range(9000)), keep=5)

    assert located == len(report.errors) == 5


def test_column_of_a_finding_reported_once_per_file_is_located_once() -> None:
    data = line("a", "/v1/chat/completions", metadata={"a": "b"})
    check_chunk = ColumnChecker()
    plan = Plan(select_rules())
    columns = [
        [error.column for _, error in check_chunk(data, plan).once_per_file.values()]
        for _ in range(2)
    ]

    assert columns == [[data.index(b'{"a": "b"}') + 1], [None]]


def test_start_of_a_stream_is_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    """A repeated custom_id is found only after all lines have been read."""

    def repeated() -> Iterator[bytes]:
        yield from (
            line("a"),
            line("a"),
            line("b", input="x" * sources_module.CHUNK_BYTES),
            line("b"),
        )

    assert positions(check(repeated())) == [(2, 15), (4, 15)]
    monkeypatch.setattr(sources_module, "MAX_REMEMBERED_BYTES", 10_000)
    assert positions(check(repeated())) == [(2, None), (4, None)]


def test_rereading_a_stream_restores_its_position(tmp_path: Path) -> None:
    path = tmp_path / "requests"
    path.write_bytes(b"not read\n" + line("a") + line("a"))
    with path.open("rb") as stream:
        stream.readline()
        found = positions(check(stream))

        assert found == [(2, 15)]
        assert stream.tell() == path.stat().st_size


def test_columns_match_the_pointers_in_all_fixtures() -> None:
    """A column is missing only if the line can't be decoded or is very deep."""
    missing = [
        (path.name, error.rule)
        for path in sorted((FIXTURES / "invalid").glob("*.jsonl"))
        for error in check(path).errors
        if error.line is not None and error.pointer is not None and error.column is None
    ]

    assert missing == []
