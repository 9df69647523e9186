"""The report doesn't depend on how a file is divided or where its parts are checked."""

from __future__ import annotations

from concurrent.futures import Executor
from dataclasses import replace
from functools import cache
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from batchlint import check
from batchlint.engine.chunk import Plan, check_chunk
from batchlint.engine.columns import add_missing_columns, check_with_columns
from batchlint.engine.finish import finish
from batchlint.engine.parallel import Start
from batchlint.rules import select_rules
from batchlint.rules.foreign import find_foreign
from batchlint.sources import AnySource, FileSource, open_source
from batchlint.summary import ChunkSummary, CustomIds, merge
from strategies import ANY_FILE, WHOLE_LINES
from support import NOW, line

#: A plan that keeps so few findings that most files reach the limit.
PLAN = Plan(select_rules(), keep=3, now=NOW)


def one_block(summary: ChunkSummary) -> ChunkSummary:
    """Return the same summary with its custom_ids in one block.

    The division into blocks depends on the chunks. The IDs don't.
    """
    return replace(summary, custom_ids=CustomIds.pack(summary.custom_ids.unpack()))


# -- summaries are a monoid -----------------------------------------------------------------------


@given(WHOLE_LINES, ANY_FILE)
def test_merged_summaries_of_two_chunks_equal_the_summary_of_both(a: bytes, b: bytes) -> None:
    merged = merge([check_chunk(a, PLAN, first=True), check_chunk(b, PLAN, first=not a)], PLAN.keep)

    assert one_block(merged) == one_block(check_chunk(a + b, PLAN, first=True))


@given(WHOLE_LINES, WHOLE_LINES, ANY_FILE)
def test_merge_is_associative(a: bytes, b: bytes, c: bytes) -> None:
    x, y, z = (check_chunk(data, PLAN) for data in (a, b, c))
    left_first = merge([merge([x, y], PLAN.keep), z], PLAN.keep)
    right_first = merge([x, merge([y, z], PLAN.keep)], PLAN.keep)

    assert left_first == right_first == merge([x, y, z], PLAN.keep)


@given(ANY_FILE)
def test_empty_summary_is_the_identity_of_merge(data: bytes) -> None:
    summary = check_chunk(data, PLAN)

    assert merge([ChunkSummary(), summary], PLAN.keep) == summary
    assert merge([summary, ChunkSummary()], PLAN.keep) == summary
    assert merge([]) == ChunkSummary() == check_chunk(b"", Plan(select_rules()))


@given(WHOLE_LINES, ANY_FILE)
def test_merge_leaves_its_arguments_unchanged(a: bytes, b: bytes) -> None:
    x, y = check_chunk(a, PLAN), check_chunk(b, PLAN)
    merge([x, y], PLAN.keep)

    assert (x, y) == (check_chunk(a, PLAN), check_chunk(b, PLAN))


@given(ANY_FILE)
def test_checking_a_chunk_twice_gives_equal_summaries(data: bytes) -> None:
    assert check_chunk(data, PLAN) == check_chunk(data, PLAN)


# -- chunks and ranges ----------------------------------------------------------------------------


@given(ANY_FILE, st.sampled_from([1, 2, 7, 64, 500]))
def test_chunk_size_does_not_change_the_report(data: bytes, size: int) -> None:
    assume(find_foreign(data) is None)
    expected = check(data, keep=PLAN.keep).to_dict()
    for source in (open_source(data), open_source(BytesIO(data))):
        chunks = list(source.chunks(size))
        summaries = [
            check_with_columns(chunk, PLAN, not number) for number, chunk in enumerate(chunks)
        ]
        report = finish(merge(summaries, PLAN.keep), PLAN, name=None, endpoint=None)

        assert b"".join(chunks) == data
        assert add_missing_columns(report, source).to_dict() == expected


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=ANY_FILE, length=st.integers(100, 900), size=st.integers(1, 60))
@example(data=b"{}\n\n[]\n1", length=1, size=1)
def test_ranges_of_a_file_contain_each_line_once(
    data: bytes, length: int, size: int, tmp_path: Path
) -> None:
    path = tmp_path / "file"
    path.write_bytes(data)
    source = FileSource(path)
    cuts = [*range(0, len(data), length), len(data)]
    ranges = [b"".join(source.read_range(start, stop, size)) for start, stop in pairwise(cuts)]

    assert b"".join(ranges) == data
    assert all(text.endswith(b"\n") for text in list(filter(None, ranges))[:-1])


# -- where the chunks are checked -----------------------------------------------------------------


@cache
def expected_report(data: bytes, keep: int) -> dict[str, Any]:
    """Check a file in this process, and return the report as a dict."""
    return check(data, name="batch.jsonl", keep=keep).to_dict()


def test_executor_does_not_change_the_report(large_file: bytes, executor: Executor) -> None:
    expected = expected_report(large_file, 1000)

    assert expected["errors"]
    assert len(list(open_source(large_file).chunks())) > 5
    assert check(large_file, name="batch.jsonl", executor=executor).to_dict() == expected
    assert check(b"", executor=executor).to_dict() == check(b"").to_dict()


@pytest.mark.parametrize(
    ("jobs", "start", "keep"),
    [
        (0, "spawn", 2),
        (None, "spawn", 1000),
        (None, "fork", 0),
        (3, "fork", 2),
    ],
)
def test_number_of_jobs_does_not_change_the_report(
    large_file: bytes,
    jobs: int | None,
    start: Start,
    keep: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = tmp_path / "batch.jsonl"
    path.write_bytes(large_file)
    monkeypatch.setattr("batchlint.engine.parallel.MIN_RANGE_BYTES", 400_000)
    monkeypatch.setattr("batchlint.engine.parallel.MIN_PARALLEL_BYTES", {"fork": 1, "spawn": 1})
    report = check(path, name="batch.jsonl", jobs=jobs, start=start, keep=keep)

    assert report.to_dict() == expected_report(large_file, keep)


def test_type_of_source_does_not_change_the_report(large_file: bytes, tmp_path: Path) -> None:
    path = tmp_path / "batch.jsonl"
    path.write_bytes(large_file)
    sources: list[AnySource] = [
        path,
        str(path),
        BytesIO(large_file),
        BytesIO(large_file).readlines(),
        (text for text in BytesIO(large_file)),
    ]
    for source in sources:
        report = check(source, name="batch.jsonl", jobs=1)
        assert report.to_dict() == expected_report(large_file, 1000), type(source)


# -- limits on memory -----------------------------------------------------------------------------


@pytest.mark.parametrize("few_lines", [0, 100_000])
@pytest.mark.parametrize("share", [1, 3, 1000])
def test_number_of_hash_partitions_does_not_change_the_duplicates(
    few_lines: int, share: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("batchlint.rules.file._FEW_LINES", few_lines)
    monkeypatch.setattr("batchlint.rules.file._PARTITION_SIZE", share)
    ids = [str(number) for number in range(20)]

    assert check(b"".join(map(line, ids))).errors == ()
    for repeated in ids:
        (error,) = check(b"".join(map(line, [*ids, repeated]))).errors
        assert (error.rule, error.line, error.custom_id) == ("duplicate_custom_id", 21, repeated)


def test_keep_limits_the_findings_of_a_rule_but_not_the_counts() -> None:
    data = b"".join(line(str(number), bogus=number) for number in range(40))
    full = check(data, keep=0)
    limited = check(data, keep=7)

    assert len(full.errors) == 40
    assert full.truncated == {}
    assert limited.errors == full.errors[:7]
    assert limited.counts == full.counts
    assert limited.truncated == {"unknown_parameter": 33}
    assert limited.failed == full.failed == 40
