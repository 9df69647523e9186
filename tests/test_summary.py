"""Each fact about consecutive lines, `absorb`, and `merge`."""

from __future__ import annotations

import pickle
import tracemalloc
from dataclasses import fields
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batchlint.findings import DEFAULT_KEEP, BatchError, FindingKey
from batchlint.summary import (
    ChunkSummary,
    CustomIds,
    FindingStore,
    LineStatus,
    LineStatuses,
    Occurrences,
    Run,
    Runs,
    Totals,
    merge,
)


def finding(line: int | None = 1, rule: str = "r", **others: Any) -> BatchError:
    """Return a finding."""
    return BatchError(rule, rule, line, "A sentence.", **others)


# -- LineStatuses ---------------------------------------------------------------------------------


def test_line_statuses_count_requests_and_failures() -> None:
    statuses = LineStatuses([LineStatus.BLANK, LineStatus.PASSED, LineStatus.FAILED] * 2)

    assert statuses.requests == 4
    assert statuses.failed == 2
    assert [statuses.is_blank(line) for line in range(1, 7)] == [True, False, False] * 2


def test_line_statuses_absorb_those_of_the_following_lines() -> None:
    statuses = LineStatuses([LineStatus.PASSED])
    statuses.absorb(LineStatuses([LineStatus.FAILED, LineStatus.BLANK]), 1)

    assert list(statuses) == [LineStatus.PASSED, LineStatus.FAILED, LineStatus.BLANK]
    assert isinstance(statuses, LineStatuses)


# -- Totals ---------------------------------------------------------------------------------------


def test_totals_absorb_by_adding() -> None:
    totals = Totals(bytes=3, embedding_inputs=1)
    totals.absorb(Totals(bytes=4, prompt_bytes=2), 7)

    assert totals == {"bytes": 7, "embedding_inputs": 1, "prompt_bytes": 2}


def test_totals_without_a_number_are_zero() -> None:
    assert Totals()["bytes"] == 0


# -- Runs -----------------------------------------------------------------------------------------


def test_runs_record_a_value_only_where_it_changes() -> None:
    runs = Runs()
    for line, value in enumerate(["a", "a", None, None, "b", "a"], 1):
        runs.record(line, value)

    assert runs == [(1, "a"), (3, None), (5, "b"), (6, "a")]


def test_run_ends_where_the_next_one_starts() -> None:
    runs = Runs([(1, "a"), (3, None), (5, "b")])

    assert list(runs.until(9)) == [Run(1, 3, "a"), Run(3, 5, None), Run(5, 10, "b")]
    assert list(Runs().until(9)) == []


def test_runs_absorb_with_the_lines_shifted() -> None:
    runs = Runs([(1, "a"), (3, "b")])
    runs.absorb(Runs([(1, "c"), (2, None)]), 10)

    assert runs == [(1, "a"), (3, "b"), (11, "c"), (12, None)]


def test_runs_absorb_joins_equal_neighbors() -> None:
    runs = Runs([(1, "a")])
    runs.absorb(Runs([(1, "a"), (2, "b")]), 10)

    assert runs == [(1, "a"), (12, "b")]


def test_alternating_values_take_little_memory() -> None:
    tracemalloc.start()
    runs = Runs()
    for line in range(20_000):
        runs.record(line, f"model-{line % 2}")
    used, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert used < 20 * 20_000


def test_runs_are_equal_if_their_lines_are() -> None:
    assert Runs([(1, "a"), (2, "b")]) == Runs([(1, "a"), (2, "b")])
    assert Runs([(1, "a")]) != Runs([(2, "a")])
    assert repr(Runs([(1, "a")])) == "Runs([(1, 'a')])"


def test_most_frequent_values_are_counted_by_lines() -> None:
    runs = Runs([(1, "a"), (3, "b"), (4, None), (20, "b"), (22, "c")])

    assert runs.most_frequent(bytearray(b"\1") * 22) == ["b", "a", "c"]


def test_earliest_of_equally_frequent_values_comes_first() -> None:
    assert Runs([(1, "b"), (2, "a"), (3, "b"), (4, "a")]).most_frequent(bytearray(b"\1") * 4) == [
        "b",
        "a",
    ]
    assert Runs().most_frequent(bytearray()) == []


# -- CustomIds ------------------------------------------------------------------------------------


def test_packing_custom_ids_round_trips() -> None:
    ids = ["a", None, "ü\n", "", "a" * 1000]

    assert CustomIds.pack(ids).unpack() == ids
    assert CustomIds.pack([]) == CustomIds() == []


def test_custom_ids_absorb_keeps_the_blocks() -> None:
    ids = CustomIds.pack(["a", None])
    ids.absorb(CustomIds.pack(["b"]), 2)

    assert [count for count, _ in ids] == [2, 1]
    assert list(ids.blocks()) == [["a", None], ["b"]]
    assert ids.unpack() == ["a", None, "b"]


def test_packed_custom_ids_take_little_memory() -> None:
    ids = CustomIds.pack([f"request-{number}" for number in range(1000)])

    assert sum(len(block) for _, block in ids) < 20 * 1000


# -- FindingStore ---------------------------------------------------------------------------------


def test_finding_store_counts_by_rule_severity_and_effect() -> None:
    store = FindingStore()
    store.add(finding(1))
    store.add(finding(2))
    store.add(finding(2, fails="batch"))
    store.add(finding(3, severity="warning"))

    assert store.counts == {
        FindingKey("r", "error", None): 2,
        FindingKey("r", "error", "batch"): 1,
        FindingKey("r", "warning", None): 1,
    }
    assert [error.line for error in store.errors] == [1, 2, 2, 3]


def test_finding_store_limits_kept_findings_per_rule_but_counts_all() -> None:
    store = FindingStore(2)
    for line in range(1, 5):
        store.add(finding(line))
        store.add(finding(line, "another"))

    assert [(error.rule, error.line) for error in store.errors] == [
        ("r", 1),
        ("another", 1),
        ("r", 2),
        ("another", 2),
    ]
    assert list(store.counts.values()) == [4, 4]


def test_finding_store_without_a_limit_keeps_all() -> None:
    store = FindingStore(0)
    for line in range(2 * DEFAULT_KEEP):
        store.add(finding(line))

    assert len(store.errors) == 2 * DEFAULT_KEEP


def test_finding_store_keeps_1000_by_default() -> None:
    store = FindingStore()
    for line in range(2 * DEFAULT_KEEP):
        store.add(finding(line))

    assert len(store.errors) == DEFAULT_KEEP == 1000


def test_finding_store_absorbs_counts_and_moves_findings() -> None:
    store = FindingStore(3)
    store.add(finding(1))
    other = FindingStore(0)
    for line in (1, 2, 3):
        other.add(finding(line))
    other.add(finding(None, "about the file"))
    store.absorb(other, 10)

    assert [error.line for error in store.errors] == [1, 11, 12, None]
    assert list(store.counts.values()) == [4, 1]
    assert [error.line for error in other.errors] == [1, 2, 3, None]


def test_full_finding_store_stays_full_after_absorbing() -> None:
    """All findings that were kept count, even if the list no longer contains them."""
    store = FindingStore(1)
    store.add(finding(1))
    store.absorb(FindingStore(1), 5)
    store.add(finding(2))

    assert [error.line for error in store.errors] == [1]


def test_finding_stores_are_equal_if_their_contents_are() -> None:
    one, other = FindingStore(), FindingStore()
    one.add(finding())
    assert one != other

    other.add(finding())
    assert one == other
    assert one != FindingStore(7)
    assert one != [finding()]
    with pytest.raises(TypeError):
        hash(one)


# -- Occurrences ----------------------------------------------------------------------------------


def test_occurrences_keep_the_first_and_the_count() -> None:
    occurrences = Occurrences()
    occurrences.record("user", 3)
    occurrences.record("user", 5)
    occurrences.record("seed", 4)

    assert occurrences == {"user": (2, 3), "seed": (1, 4)}


def test_occurrences_absorb_adds_counts_and_moves_new_lines() -> None:
    occurrences = Occurrences({"user": (2, 3)})
    occurrences.absorb(Occurrences({"user": (4, 1), "seed": (5, 2)}), 10)

    assert occurrences == {"user": (6, 3), "seed": (5, 12)}


def test_occurrences_absorb_moves_new_findings() -> None:
    occurrences = Occurrences()
    occurrences.absorb(Occurrences({"r": (2, finding(4))}), 10)

    assert occurrences == {"r": (2, finding(14))}


# -- ChunkSummary ---------------------------------------------------------------------------------


def summary_of(*lines: str | None) -> ChunkSummary:
    """Return a summary in which each line fails, with its text as its custom_id."""
    summary = ChunkSummary(FindingStore(2))
    for number, text in enumerate(lines, 1):
        summary.findings.add(finding(number))
        summary.once_per_file.record("once", finding(number, "once"))
        summary.urls.record(number, text)
        summary.models.record(number, text)
        summary.deprecated.record(("url", "user", True), number)
        summary.statuses.append(LineStatus.FAILED)
    summary.custom_ids.absorb(CustomIds.pack(list(lines)))
    summary.totals["bytes"] = 10 * len(lines)
    return summary


def test_summary_of_no_lines_is_empty() -> None:
    summary = ChunkSummary()

    assert summary.lines == summary.bytes == 0
    assert summary == merge([])
    assert not any(getattr(summary, fact.name) for fact in fields(summary)[1:])


def test_summary_absorbs_every_fact_with_the_lines_shifted() -> None:
    summary = summary_of("a", "b", "b")
    summary.absorb(summary_of("b", None))

    assert summary.lines == 5
    assert summary.bytes == 50
    assert [error.line for error in summary.findings.errors] == [1, 2]
    assert list(summary.findings.counts.values()) == [5]
    assert summary.once_per_file == {"once": (5, finding(1, "once"))}
    assert summary.urls == summary.models == [(1, "a"), (2, "b"), (5, None)]
    assert summary.deprecated == {("url", "user", True): (5, 1)}
    assert summary.custom_ids.unpack() == ["a", "b", "b", "b", None]
    assert summary.statuses.failed == 5


def test_absorbed_line_numbers_are_shifted() -> None:
    summary = ChunkSummary(statuses=LineStatuses([LineStatus.BLANK] * 7))
    summary.absorb(summary_of("a"))

    assert [error.line for error in summary.findings.errors] == [8]
    assert summary.once_per_file == {"once": (1, finding(8, "once"))}
    assert summary.urls == [(8, "a")]
    assert summary.deprecated == {("url", "user", True): (1, 8)}


def test_every_field_of_a_summary_can_absorb() -> None:
    """A new fact requires no change to `merge`."""
    for fact in fields(ChunkSummary):
        assert callable(getattr(ChunkSummary(), fact.name).absorb), fact.name


def test_merge_keeps_the_requested_number_of_findings() -> None:
    parts = [summary_of("a", "b", "c"), summary_of("d")]

    assert [error.line for error in merge(parts, 1).findings.errors] == [1]
    assert [error.line for error in merge(parts, 0).findings.errors] == [1, 2, 4]
    assert merge(parts, 1).findings.counts == merge(parts, 0).findings.counts


def test_merge_consumes_an_iterator_and_leaves_the_parts_unchanged() -> None:
    parts = [summary_of("a"), summary_of("b")]
    merged = merge(iter(parts), 2)

    assert merged.lines == 2
    assert parts == [summary_of("a"), summary_of("b")]


TEXTS = st.lists(st.sampled_from(["a", "b", None]), max_size=4).map(tuple)


@given(TEXTS, TEXTS, TEXTS)
def test_merge_is_associative(a: Any, b: Any, c: Any) -> None:
    x, y, z = summary_of(*a), summary_of(*b), summary_of(*c)

    assert merge([merge([x, y], 2), z], 2) == merge([x, merge([y, z], 2)], 2)


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_summary_can_be_pickled(protocol: int) -> None:
    """Workers send summaries to their parent process."""
    summary = summary_of("a", None)
    copy = pickle.loads(pickle.dumps(summary, protocol))

    assert copy == summary
    assert merge([copy, copy], 2) == merge([summary, summary], 2)
