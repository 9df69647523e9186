"""`check_chunk`: the facts in the summary of a chunk."""

from __future__ import annotations

from typing import Any

import pytest

from batchlint.engine.chunk import Plan, check_chunk, count_inputs
from batchlint.findings import FindingKey
from batchlint.rules import select_rules
from batchlint.summary import ChunkSummary, LineStatus, merge
from support import NOW, line

PLAN = Plan(select_rules(), now=NOW)
RESPONSES = "/v1/responses"


def test_summary_counts_lines_and_bytes() -> None:
    data = line("a") + b"\n" + line("b", bogus=1) + b"[" + b"\n" + line("c").rstrip()
    summary = check_chunk(data, PLAN)

    assert list(summary.statuses) == [
        LineStatus.PASSED,
        LineStatus.BLANK,
        LineStatus.FAILED,
        LineStatus.FAILED,
        LineStatus.PASSED,
    ]
    assert summary.lines == 5
    assert summary.bytes == len(data)


def test_plan_has_defaults() -> None:
    assert Plan(select_rules())[1:] == (1000, 0, None, "openai", None)


def test_warnings_do_not_fail_a_line() -> None:
    plan = PLAN._replace(selection=select_rules(warn=["unknown_parameter"]))
    summary = check_chunk(line("a", bogus=1), plan)

    assert [error.severity for error in summary.findings.errors] == ["warning"]
    assert list(summary.statuses) == [LineStatus.PASSED]


def test_findings_are_numbered_from_1_and_have_the_custom_id() -> None:
    summary = check_chunk(line("a") + line("b", bogus=1), PLAN)

    assert [(error.line, error.custom_id) for error in summary.findings.errors] == [(2, "b")]


def test_custom_ids_are_kept_for_every_line() -> None:
    data = line("a") + b"\n" + line(7) + b"[1]\n" + line("b", bogus=1)

    assert check_chunk(data, PLAN).custom_ids.unpack() == ["a", None, None, None, "b"]


def test_urls_and_models_are_recorded_where_they_change() -> None:
    data = (
        line("a")
        + line("b", bogus=1)
        + b"\n"
        + line("c")
        + line("d", model="n")
        + line("e", RESPONSES, model="n")
        + b"{}\n"
        + line("f")
    )
    summary = check_chunk(data, PLAN)

    assert summary.urls == [
        (1, "/v1/embeddings"),
        (6, RESPONSES),
        (7, None),
        (8, "/v1/embeddings"),
    ]
    assert summary.models == [(1, "m"), (5, "n"), (7, None), (8, "m")]


def test_deprecated_parameters_are_counted_with_their_first_line() -> None:
    data = line("a") + line("b", RESPONSES, user="u") * 2 + line("c", RESPONSES, user=None)
    summary = check_chunk(data, PLAN)

    assert summary.deprecated == {(RESPONSES, "user", False): (2, 2)}


def test_replaceable_deprecated_parameters_are_counted_separately() -> None:
    chat = "/v1/chat/completions"
    both = line("a", chat, max_tokens=1, max_completion_tokens=1)
    summary = check_chunk(both + line("b", chat, max_tokens=1) * 2, PLAN)

    assert summary.deprecated == {
        (chat, "max_tokens", False): (1, 1),
        (chat, "max_tokens", True): (2, 2),
    }


def test_lines_that_are_objects_are_counted() -> None:
    data = line("a") + b"{}\n" + b"\n" + b"[1]\n" + b"null\n" + b"text\n"

    assert check_chunk(data, PLAN).totals["objects"] == 2
    assert check_chunk(b"\n\n", PLAN).totals["objects"] == 0


def test_finding_reported_once_per_file_has_the_first_line_and_a_count() -> None:
    data = line("a") + line("b", RESPONSES, conversation="c") * 3
    summary = check_chunk(data, PLAN)
    [((rule, message), (count, first))] = summary.once_per_file.items()

    assert summary.findings.counts == {}
    assert (count, first.rule, first.message, first.line) == (3, rule, message, 2)


def test_keep_limits_findings_per_rule_but_not_the_counts() -> None:
    data = line("a", bogus=1) * 5 + line("b", dimensions="x") * 2
    summary = check_chunk(data, PLAN._replace(keep=2))

    assert [error.line for error in summary.findings.errors] == [1, 2, 6, 7]
    assert summary.findings.counts == {
        FindingKey("unknown_parameter", "error", "request"): 5,
        FindingKey("invalid_type", "error", "request"): 2,
    }


@pytest.mark.parametrize(
    ("first", "rule"), [(True, "byte_order_mark"), (False, "invalid_json_line")]
)
def test_byte_order_mark_is_expected_in_the_first_chunk_only(first: bool, rule: str) -> None:
    mark = b"\xef\xbb\xbf"
    summary = check_chunk(mark + line("a") + mark + line("b"), PLAN, first)

    assert [(error.line, error.rule) for error in summary.findings.errors] == [
        (1, rule),
        (2, "invalid_json_line"),
    ]


def test_empty_chunk_has_an_empty_summary() -> None:
    assert check_chunk(b"", PLAN) == ChunkSummary()


# -- totals ---------------------------------------------------------------------------------------


def test_prompt_bytes_are_counted_only_if_there_is_a_limit() -> None:
    data = line("a", input="four") + line("b", input="x" * 100, bogus=1)

    assert check_chunk(data, PLAN).totals["prompt_bytes"] == 0
    limited = check_chunk(data, PLAN._replace(max_enqueued_tokens=1))
    assert limited.totals["prompt_bytes"] == 104


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param("x", 1, id="string"),
        pytest.param([1, 2, 3], 1, id="tokens"),
        pytest.param(["x", "y", "z"], 3, id="strings"),
        pytest.param([[1, 2], [3]], 2, id="lists of tokens"),
        pytest.param("", 0, id="empty string"),
        pytest.param([], 0, id="empty list"),
        pytest.param(None, 0, id="null"),
        pytest.param(7, 1, id="another type"),
    ],
)
def test_count_inputs(value: Any, expected: int) -> None:
    assert count_inputs({"input": value}) == expected


def test_count_inputs_is_0_without_an_input() -> None:
    assert count_inputs({}) == 0


def test_embedding_inputs_are_counted_in_valid_and_in_invalid_lines() -> None:
    data = (
        line("a", input=["x", "y"])
        + line("b", input=["x"], bogus=1)
        + line("c", "/v1/moderations", input=["x"] * 50)
        + b"[\n"
        + line("d", input=[[1], [2], [3]])
    )

    assert check_chunk(data, PLAN).totals["embedding_inputs"] == 6


@pytest.mark.parametrize("keep", [0, 2, 1000])
@pytest.mark.parametrize("blank", [b"\n", b" \r\n\n\t\n", b"\n\n\n  "])
def test_file_of_blank_lines_is_checked_like_any_other(blank: bytes, keep: int) -> None:
    plan = PLAN._replace(keep=keep)
    if not blank.endswith(b"\n"):
        combined = check_chunk(line("a") + blank, plan)
        separate = merge([check_chunk(line("a"), plan), check_chunk(blank, plan)], keep)
    else:
        combined = check_chunk(blank + line("a"), plan)
        separate = merge([check_chunk(blank, plan), check_chunk(line("a"), plan)], keep)

    assert separate.custom_ids.unpack() == combined.custom_ids.unpack()
    for name in ("findings", "statuses", "totals", "urls", "models"):
        assert getattr(separate, name) == getattr(combined, name), name


def test_runs_of_blank_lines_are_not_checked_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[object] = []
    monkeypatch.setattr("batchlint.engine.chunk.orjson.loads", seen.append)
    summary = check_chunk(b"\n" * 10_000, PLAN)

    assert (summary.lines, summary.statuses.requests, seen) == (10_000, 0, [])
