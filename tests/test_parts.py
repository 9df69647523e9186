"""`check_chunk`, `merge` and `finish`: parts of a file give the report of the whole file."""

from __future__ import annotations

import json
import pickle
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from batchlint import ChunkSummary, Report, check, check_chunk, finish, merge
from batchlint.rules.foreign import find_foreign
from batchlint.sources import CHUNK_BYTES
from support import FIXTURES, fixture_files, line

FILES = [*fixture_files("invalid")[::2], *fixture_files("valid", "foreign")]


def check_in_parts(parts: list[bytes], **options: Any) -> Report:
    """Check parts as workers on other machines do, and pickle their summaries."""
    summaries = [
        pickle.loads(pickle.dumps(check_chunk(part, first=not number)))
        for number, part in enumerate(parts)
    ]
    return finish(merge(summaries), source=b"".join(parts), **options)


def parts_of(data: bytes, size: int) -> list[bytes]:
    """Split at the first newline after each `size` bytes."""
    parts = []
    start = 0
    while start < len(data):
        end = data.find(b"\n", start + size - 1) + 1 or len(data)
        parts.append(data[start:end])
        start = end
    return parts


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_parts_give_the_same_report_as_the_file(path: Any) -> None:
    data = path.read_bytes()
    whole = check(data, name=path.name)

    assert check_in_parts([data], name=path.name) == whole
    if not any(error.rule in ("not_a_batch_file", "not_utf8") for error in whole.errors):
        assert check_in_parts(parts_of(data, 1), name=path.name) == whole


@given(
    st.lists(st.sampled_from([line("a"), line("b", bogus=1), b"\n", b"{\n", line("c", model="n")])),
    st.integers(1, 400),
)
def test_any_parts_give_the_same_report(lines: list[bytes], size: int) -> None:
    data = b"".join(lines)
    assume(find_foreign(data) is None)  # The first part may be too small to show the format.

    assert check_in_parts(parts_of(data, size)) == check(data)


def test_summaries_can_be_merged_in_groups() -> None:
    parts = [check_chunk(line(name), first=name == "a") for name in "abcda"]
    groups = [merge(parts[:2]), merge(parts[2:4]), merge(parts[4:])]
    data = b"".join(map(line, "abcda"))

    assert finish(merge(groups), source=data) == finish(merge(parts), source=data) == check(data)


def test_duplicate_in_the_first_and_the_last_line_is_found() -> None:
    lines = [line("same"), *(line(str(number)) for number in range(20)), line("same")]
    report = check_in_parts(lines)

    (error,) = report.errors
    assert (error.rule, error.line, error.column) == ("duplicate_custom_id", 22, 15)


def test_findings_that_compare_lines_have_no_column_without_the_source() -> None:
    (error,) = finish(check_chunk(line("a") + line("a"))).errors

    assert (error.line, error.column) == (2, None)


def test_part_may_be_larger_than_a_chunk() -> None:
    data = b"".join(line(f"{number}", user="x" * 3000) for number in range(200))
    assert len(data) > 2 * CHUNK_BYTES

    assert check_in_parts([data]) == check(data)


def test_foreign_file_has_one_finding_for_any_division_into_parts() -> None:
    data = b"PK\x03\x04 an archive\n" + (b"x" * 999 + b"\n") * 600
    report = check_in_parts(parts_of(data, CHUNK_BYTES))

    assert report == check(data)
    assert len(report.errors) == 1
    assert report.bytes == len(data)


def test_byte_order_mark_is_expected_in_the_first_part_only() -> None:
    data = b"\xef\xbb\xbf" + line("a")
    first = finish(check_chunk(data, first=True))
    other = finish(check_chunk(data))

    assert first == check(data)
    assert first != other


def test_parts_accept_the_options_of_check() -> None:
    data = (FIXTURES / "sample_batch.jsonl").read_bytes()
    rules = {"ignore": ["unsupported_parameter"], "warn": ["invalid_type"]}
    more: dict[str, Any] = {"keep": 1, "max_enqueued_tokens": 1, **rules}
    summary = merge((check_chunk(part, **more) for part in parts_of(data, 1)), keep=1)
    others: dict[str, Any] = {"name": "x.txt", "endpoint": "/v1/embeddings", "now": 5}
    others["create"] = {"metadata": {"a": "b"}}

    assert finish(summary, source=data, **more, **others) == check(data, **more, **others)


def test_no_parts_give_the_report_of_an_empty_file() -> None:
    assert finish(ChunkSummary()) == finish(merge([])) == check(b"")


@pytest.mark.parametrize(
    ("options", "kind"),
    [({"keep": -1}, ValueError), ({"select": ["nothing"]}, ValueError), ({"keep": "1"}, TypeError)],
)
def test_invalid_arguments_raise(options: dict[str, Any], kind: type[Exception]) -> None:
    with pytest.raises(kind):
        check_chunk(b"", **options)
    with pytest.raises(kind):
        finish(ChunkSummary(), **options)


def test_path_as_a_part_raises_type_error() -> None:
    with pytest.raises(TypeError, match="a part must be bytes, not str"):
        check_chunk("requests.jsonl")  # type: ignore[arg-type]


def test_provider_without_urls_needs_the_endpoint_in_every_part() -> None:
    rows = [{"custom_id": name, "body": {"model": "m", "messages": []}} for name in "aba"]
    lines = [json.dumps(row).encode() + b"\n" for row in rows]
    options: dict[str, Any] = {"provider": "mistral", "endpoint": "/v1/chat/completions"}
    summary = merge(check_chunk(part, first=part is lines[0], **options) for part in lines)
    data = b"".join(lines)

    assert finish(summary, source=data, **options) == check(data, **options)
