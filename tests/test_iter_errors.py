"""Findings as they are made: the same as in the report, none late, and those about the whole file last."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support import FIXTURES, NOW, inputs, line, request

from batchlint import check, iter_errors
from batchlint.sources import CHUNK

FOLDERS = [path.name for path in FIXTURES.iterdir() if path.is_dir()]


def shown(errors: Any) -> list[str]:
    """Findings in an order of their own, to compare sets of them."""
    return sorted(repr(error) for error in errors)


def bogus(number: int) -> dict[str, Any]:
    """An unknown parameter, in every seventh request."""
    return {} if number % 7 else {"bogus": 1}


@pytest.mark.parametrize("path", inputs(*FOLDERS), ids=lambda path: f"{path.parent.name}/{path.name}")
def test_the_findings_are_those_of_the_report(path: Path) -> None:
    report = check(path, keep=0)

    assert shown(iter_errors(path)) == shown([*report.errors, *report.warnings])


def test_the_findings_of_many_chunks_are_those_of_the_report() -> None:
    data = b"".join(line(f"r{n % 20_000}", input="x" * 60, **bogus(n)) for n in range(25_000))
    data += line("z", url="/v1/completions", best_of=1, n=2)
    report = check(data, keep=0)
    assert len(data) > 2 * CHUNK

    errors = list(iter_errors(data))

    assert shown(errors) == shown([*report.errors, *report.warnings])
    assert len(errors) > 8_000


def test_all_arguments_about_rules_and_the_batch_are_those_of_check() -> None:
    arguments: dict[str, Any] = {
        "endpoint": "/v1/embeddings", "name": "x.json", "ignore": ["blank_line"], "warn": ["unknown_parameter"],
        "error": ["duplicate_key"], "now": NOW, "create": {"metadata": 7}, "max_enqueued_tokens": 1}
    data = [b"", line("a", bogus=1), line("b", "/v1/completions"), line("a", input="x" * 100), b'{"a":1,"a":2}']
    report = check(data, keep=0, **arguments)

    assert shown(iter_errors(data, **arguments)) == shown([*report.errors, *report.warnings])
    assert {e.rule for e in iter_errors(data, select=["mismatched_url"])} == {"mismatched_url"}


class Counted:
    """Requests, and how many of them have been taken."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.taken = 0

    def __iter__(self) -> Iterator[dict[str, Any]]:
        for number in range(self.number):
            self.taken += 1
            yield request(f"r{number}", bogus=1)


def test_nothing_is_read_before_a_finding_is_asked_for() -> None:
    source = Counted(10)

    iter_errors(source)

    assert source.taken == 0


def test_findings_come_before_the_rest_is_read() -> None:
    source = Counted(60_000)
    a_chunk = CHUNK // len(line("r10000", bogus=1))
    errors = iter_errors(source)

    for _ in range(3):
        assert next(errors).rule == "unknown_parameter"

    assert source.taken < 1.5 * a_chunk < 20_000
    for error in errors:
        assert error.line is not None
        assert source.taken - error.line < 1.5 * a_chunk
        if error.line > 30_000:
            break
    assert source.taken < 60_000


def test_an_endless_source_can_be_given_up() -> None:
    def endless() -> Iterator[dict[str, Any]]:
        while True:
            yield request("a", bogus=1)

    assert next(iter_errors(endless())).line == 1


def test_what_concerns_the_whole_file_comes_last_in_the_order_of_the_lines() -> None:
    data = [request("a"), request("b", url="/v1/completions"), request("a"), request("c", bogus=1)]

    errors = list(iter_errors(data, name="x.json"))

    assert [(error.rule, error.line) for error in errors] == [
        ("unknown_parameter", 4), ("not_jsonl_name", None), ("mismatched_url", 2), ("duplicate_custom_id", 3)]


def test_what_is_said_once_comes_last_with_its_count() -> None:
    data = [request("a", "/v1/responses", conversation="c"), request("b", "/v1/responses", conversation="c", bogus=1)]

    first, *last = iter_errors(data)

    assert (first.rule, first.line) == ("unknown_parameter", 2)
    assert [(error.line, "2 requests have it" in str(error.hint)) for error in last] == [(1, True)]


@pytest.mark.parametrize("path", [path for path in inputs("foreign") if path.name != "utf8_mark.jsonl"],
                         ids=lambda path: path.name)
def test_a_foreign_file_has_one_finding(path: Path) -> None:
    (error,) = iter_errors(path, name="x.jsonl")

    assert error.line is None


@pytest.mark.parametrize(("arguments", "message"), [
    ({"endpoint": "/v1/audio"}, "is no batch endpoint"), ({"select": ["bogus"]}, "bogus"),
    ({"ignore": ["bogus"]}, "bogus")])
def test_a_bad_argument_is_told_at_once(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        iter_errors(b"", **arguments)


def test_an_unreadable_file_is_an_oserror(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        next(iter_errors(tmp_path / "none.jsonl"))


def test_a_source_of_a_wrong_type_is_a_typeerror() -> None:
    with pytest.raises(TypeError, match="cannot read requests from int"):
        next(iter_errors(7))  # type: ignore[arg-type]
