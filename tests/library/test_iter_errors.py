"""`iter_errors`: the same findings as `check`, as soon as they are found."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from batchlint import BatchError, check, iter_errors
from batchlint.rules.file import affected
from batchlint.sources import CHUNK_BYTES
from support import FIXTURES, NOW, fixture_files, line, request

DIRECTORIES = [path.name for path in FIXTURES.iterdir() if path.is_dir()]


def sorted_reprs(errors: Iterable[BatchError]) -> list[str]:
    """Return findings in a fixed order, with every field."""
    return sorted(repr(error) for error in errors)


# -- the findings ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path", fixture_files(*DIRECTORIES), ids=lambda path: f"{path.parent.name}/{path.name}"
)
def test_findings_match_the_report(path: Path) -> None:
    report = check(path, keep=0)

    assert sorted_reprs(iter_errors(path)) == sorted_reprs([*report.errors, *report.warnings])


def test_findings_of_many_chunks_match_the_report() -> None:
    """The file has unknown parameters, repeated custom_ids and a line for another endpoint."""
    lines = []
    for number in range(25_000):
        unknown: dict[str, Any] = {} if number % 7 else {"bogus": 1}
        lines.append(line(f"r{number % 20_000}", input="x" * 60, **unknown))
    data = b"".join(lines) + line("z", url="/v1/completions", best_of=1, n=2)
    report = check(data, keep=0)
    errors = list(iter_errors(data))

    assert len(data) > 2 * CHUNK_BYTES
    assert sorted_reprs(errors) == sorted_reprs([*report.errors, *report.warnings])
    assert len(errors) > 8_000


def test_arguments_work_as_in_check() -> None:
    arguments: dict[str, Any] = {
        "endpoint": "/v1/embeddings",
        "name": "x.json",
        "ignore": ["blank_line"],
        "warn": ["unknown_parameter"],
        "error": ["duplicate_key"],
        "now": NOW,
        "create": {"metadata": 7},
        "max_enqueued_tokens": 1,
    }
    data = [
        b"",
        line("a", bogus=1),
        line("b", "/v1/completions"),
        line("a", input="x" * 100),
        b'{"a":1,"a":2}',
    ]
    report = check(data, keep=0, **arguments)
    expected = sorted_reprs([*report.errors, *report.warnings])

    assert sorted_reprs(iter_errors(data, **arguments)) == expected
    assert {e.rule for e in iter_errors(data, select=["mismatched_url"])} == {"mismatched_url"}


# -- when they are found --------------------------------------------------------------------------


class CountedRequests:
    """Requests with one finding each, and the number of requests consumed."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.taken = 0

    def __iter__(self) -> Iterator[dict[str, Any]]:
        for number in range(self.number):
            self.taken += 1
            yield request(f"r{number}", bogus=1)


def test_nothing_is_read_before_the_first_finding_is_requested() -> None:
    source = CountedRequests(10)
    iter_errors(source)

    assert source.taken == 0


def test_findings_come_before_the_rest_is_read() -> None:
    source = CountedRequests(60_000)
    chunk = CHUNK_BYTES // len(line("r10000", bogus=1))
    errors = iter_errors(source)
    for _ in range(3):
        assert next(errors).rule == "unknown_parameter"

    assert source.taken < 1.5 * chunk < 20_000
    for error in errors:
        assert error.line is not None
        assert source.taken - error.line < 1.5 * chunk
        if error.line > 30_000:
            break
    assert source.taken < 60_000


def test_infinite_source_can_be_abandoned() -> None:
    def endless() -> Iterator[dict[str, Any]]:
        while True:
            yield request("a", bogus=1)

    assert next(iter_errors(endless())).line == 1


def test_findings_about_the_file_come_last_in_line_order() -> None:
    data = [
        request("a"),
        request("b", url="/v1/completions"),
        request("a"),
        request("c", bogus=1),
    ]
    errors = list(iter_errors(data, name="x.json"))

    assert [(error.rule, error.line) for error in errors] == [
        ("unknown_parameter", 4),
        ("not_jsonl_name", None),
        ("mismatched_url", 2),
        ("duplicate_custom_id", 3),
    ]


def test_findings_reported_once_per_file_come_last_with_their_count() -> None:
    data = [
        request("a", "/v1/responses", conversation="c"),
        request("b", "/v1/responses", conversation="c", bogus=1),
    ]
    first, last = iter_errors(data)

    assert (first.rule, first.line) == ("unknown_parameter", 2)
    assert last.line == 1
    assert str(last.hint).endswith(affected(2, 1))


@pytest.mark.parametrize(
    "path",
    [path for path in fixture_files("foreign") if path.name != "utf8_bom.jsonl"],
    ids=lambda path: path.name,
)
def test_foreign_file_has_one_finding(path: Path) -> None:
    (error,) = iter_errors(path, name="x.jsonl")

    assert error.line is None


# -- wrong arguments ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param({"endpoint": "/v1/audio"}, "'/v1/audio' .* batch endpoint", id="endpoint"),
        pytest.param({"select": ["bogus"]}, "bogus", id="select"),
        pytest.param({"ignore": ["bogus"]}, "bogus", id="ignore"),
    ],
)
def test_invalid_argument_raises_before_the_first_finding_is_requested(
    arguments: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        iter_errors(b"", **arguments)


def test_unreadable_file_raises_os_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        next(iter_errors(tmp_path / "none.jsonl"))


def test_unsupported_source_raises_type_error() -> None:
    with pytest.raises(TypeError, match="cannot read requests from int"):
        next(iter_errors(7))  # type: ignore[arg-type]
