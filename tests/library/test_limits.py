"""Both sides of each batch limit, and values that all lines must share."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from batchlint import Report, check
from support import line

Facts = tuple[str, int | None, str | None, str | None]


def facts(report: Report) -> list[Facts]:
    """Return the rule, line, param and effect of each finding."""
    return [
        (error.rule, error.line, error.param, error.fails)
        for error in (*report.errors, *report.warnings)
    ]


# -- limits ---------------------------------------------------------------------------------------


def test_batch_is_limited_to_50000_requests() -> None:
    lines = [line(str(number), "/v1/completions") for number in range(50_001)]
    full = check(lines[:-1])
    over = check(lines)

    assert facts(full) == []
    assert facts(over) == [("too_many_requests", None, None, "batch")]
    assert "50,001" in over.errors[0].message
    assert "50,000" in over.errors[0].message


def test_blank_line_is_not_a_request() -> None:
    lines = [line(str(number), "/v1/completions") for number in range(50_000)]

    assert facts(check([*lines, b"\n"])) == [("blank_line", 50_001, None, None)]


def test_batch_is_limited_to_50000_embedding_inputs() -> None:
    """A string or a list of tokens is one input. In a list of either, each item is one input."""
    lines = [line(str(number), input=["x"] * 2000) for number in range(24)]
    lines += [line(f"tokens {number}", input=[[1, 2], [3]]) for number in range(999)]
    lines += [line("string", input="x"), line("token list", input=[1, 2, 3])]
    full = check(lines)
    over = check([*lines, line("last")])

    assert facts(full) == []
    assert full.embedding_inputs == 50_000
    assert facts(over) == [("too_many_embedding_inputs", None, None, "batch")]
    assert "50,001" in over.errors[0].message


def test_inputs_of_other_endpoints_are_not_embedding_inputs() -> None:
    report = check([line("a", "/v1/moderations", input=["x"] * 60_000)])

    assert report.embedding_inputs == 0
    assert "too_many_embedding_inputs" not in {error.rule for error in report.errors}


@pytest.mark.parametrize(
    "item", [pytest.param("x", id="strings"), pytest.param([1, 2], id="token lists")]
)
def test_request_is_limited_to_2048_inputs(item: Any) -> None:
    assert facts(check([line(input=[item] * 2048)])) == []
    assert facts(check([line(input=[item] * 2049)])) == [
        ("array_above_max_length", 1, "body.input", "request")
    ]


def padded_lines(size: int) -> Iterator[bytes]:
    """Yield valid lines with this many bytes in total, mostly spaces."""
    number = 0
    step = 4_000_000
    while size:
        # The last line gets the remainder, so every line is long enough for a request.
        length = size if size < 2 * step else step
        text = line(str(number)).rstrip(b"\n")
        yield text + b" " * (length - len(text) - 1) + b"\n"
        size -= length
        number += 1


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        pytest.param(200_000_000, [], id="200 MB"),
        pytest.param(
            200_000_001, [("file_size_near_limit", None, None, None)], id="more than 200 MB"
        ),
        pytest.param(209_715_200, [("file_size_near_limit", None, None, None)], id="200 MiB"),
        pytest.param(
            209_715_201, [("file_too_large", None, None, "upload")], id="more than 200 MiB"
        ),
    ],
)
def test_batch_is_limited_to_200_mib(size: int, expected: list[Facts]) -> None:
    report = check(padded_lines(size))

    assert report.bytes == size
    assert facts(report) == expected


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("x.jsonl", None),
        ("a b/ü.jsonl", None),
        ("x.json", "not_jsonl_name"),
        ("x.JSONL", "not_jsonl_name"),
        ("x.jsonl.gz", "not_jsonl_name"),
        ("jsonl", "not_jsonl_name"),
        (None, None),
    ],
)
def test_file_name_must_end_in_jsonl(name: str | None, rule: str | None) -> None:
    report = check([line("a")], name=name)

    assert facts(report) == ([(rule, None, None, "upload")] if rule else [])


@pytest.mark.parametrize("data", [b"", b"\n", b" \n\n\t\r\n"], ids=repr)
def test_file_without_requests_is_empty(data: bytes) -> None:
    report = check(data)
    (error,) = report.errors

    assert (error.rule, error.line, error.fails) == ("empty_file", None, "upload")
    assert error.message == "Invalid file format for Batch API. Must be .jsonl"
    assert report.total == 0


# -- values that all lines share ------------------------------------------------------------------


def test_repeated_custom_id_is_reported_with_the_line_of_the_first() -> None:
    report = check([line("a"), line("b"), b"\n", line("a"), line("a"), line("A")])

    assert [error.line for error in report.errors] == [4, 5]
    for error in report.errors:
        assert error.rule == error.code == "duplicate_custom_id"
        assert (error.param, error.pointer) == ("custom_id", "/custom_id")
        assert error.custom_id == "a"
        assert error.fails == "batch"
        assert re.search(r"\bline 1\b", str(error.hint), re.IGNORECASE)
        assert error.message == (
            "The custom_id for this request is a duplicate of another request. "
            "The custom_id parameter must be unique for each request in a batch."
        )
    assert report.request_counts == {"total": 5, "failed": 2}


def test_every_line_with_another_model_is_reported() -> None:
    report = check([line("a"), line("b", model="n"), line("c"), line("d", model="n"), line("e")])

    assert [(error.line, error.custom_id) for error in report.errors] == [(2, "b"), (4, "d")]
    for error in report.errors:
        assert error.rule == error.code == "mismatched_model"
        assert (error.param, error.pointer) == ("body.model", "/body/model")
        assert "'n'" in error.message
    assert report.models == ("m", "n")


def test_first_of_equally_frequent_models_is_the_model_of_the_file() -> None:
    report = check([line("a", model="n"), line("b", model="m")])

    assert [(error.rule, error.line) for error in report.errors] == [("mismatched_model", 2)]


def test_line_for_another_endpoint_is_reported_and_its_body_is_checked() -> None:
    lines = [line("a"), line("b", "/v1/completions", prompt=7), line("c")]
    report = check(lines)

    assert [(e.rule, e.code, e.line, e.param, e.fails) for e in report.errors] == [
        ("mismatched_url", "invalid_url", 2, "url", "batch"),
        ("invalid_type", "invalid_type", 2, "body.prompt", "request"),
    ]
    assert report.errors[0].message == (
        "The URL provided for this request does not match the batch endpoint."
    )
    assert report.endpoint == "/v1/embeddings"


def test_endpoint_argument_determines_which_lines_are_reported() -> None:
    lines = [line("a"), line("b", "/v1/completions", prompt=7), line("c")]
    errors = check(lines, endpoint="/v1/completions").errors

    assert [(error.rule, error.line) for error in errors if error.param == "url"] == [
        ("mismatched_url", 1),
        ("mismatched_url", 3),
    ]


def test_line_with_an_invalid_url_has_no_other_finding() -> None:
    invalid = line("b", bogus=1).replace(b"/v1/embeddings", b"/v1/embedding")
    report = check([line("a"), invalid])
    (error,) = report.errors

    assert (error.rule, error.code, error.line, error.param) == (
        "invalid_url",
        "invalid_url",
        2,
        "url",
    )
    assert "/v1/embeddings" in (error.hint or "")
