"""`finish` turns the summary of all lines into the report."""

from __future__ import annotations

import pytest

from batchlint import BatchError, iter_errors
from batchlint.engine.chunk import Plan, check_chunk
from batchlint.engine.finish import finish
from batchlint.report import MAX_MODELS, Report
from batchlint.rules import select_rules
from batchlint.rules.file import affected
from batchlint.schema.store import newer_hint
from batchlint.summary import ChunkSummary, ForeignFormat
from support import NOW, line

PLAN = Plan(select_rules(), now=NOW)
FILE_FINDING = BatchError("mine", "mine", None, "A sentence.", fails="create")


def finished_report(
    data: bytes, plan: Plan = PLAN, name: str | None = None, endpoint: str | None = None
) -> Report:
    """Check lines and finish the report."""
    return finish(check_chunk(data, plan), plan, name=name, endpoint=endpoint)


def test_report_has_the_totals_of_the_summary() -> None:
    data = line("a") + line("b", model="n", input=["x", "y"]) + line("c") + b"\n"
    report = finished_report(data, name="x.jsonl")

    assert report.path == "x.jsonl"
    assert report.endpoint == "/v1/embeddings"
    assert report.models == ("m", "n")
    assert report.bytes == len(data)
    assert (report.total, report.failed) == (3, 1)
    assert report.embedding_inputs == 4
    assert report.now == NOW


def test_report_lists_a_limited_number_of_models() -> None:
    data = b"".join(line(str(number), model=f"m{number}") for number in range(MAX_MODELS + 5))
    models = finished_report(data + line("last", model="m7")).models

    assert len(models) == MAX_MODELS
    assert models[:3] == ("m7", "m0", "m1")


def test_endpoint_defaults_to_the_most_frequent_url() -> None:
    data = line("a", "/v1/completions") + line("b") + line("c")

    assert finished_report(data).endpoint == "/v1/embeddings"
    assert finished_report(data, endpoint="/v1/completions").endpoint == "/v1/completions"
    assert finished_report(b"").endpoint is None


def test_blank_lines_do_not_affect_the_most_frequent_url_and_model() -> None:
    few = line("a", "/v1/completions", model="few")
    many = line("b", model="many") + line("c", model="many")

    for data in (few + b"\n" * 9 + many, many + few + b"\n" * 9):
        report = finished_report(data)
        assert report.endpoint == "/v1/embeddings"
        assert report.models == ("many", "few")


def test_problem_that_a_file_rule_finds_on_a_line_fails_that_line() -> None:
    summary = check_chunk(line("a") * 3, PLAN)
    report = finish(summary, PLAN, name=None, endpoint=None)

    assert [error.line for error in report.errors] == [2, 3]
    assert report.failed == 2
    assert summary.statuses.failed == 0


def test_warning_that_a_file_rule_finds_on_a_line_does_not_fail_it() -> None:
    plan = PLAN._replace(selection=select_rules(warn=["duplicate_custom_id"]))
    report = finished_report(line("a") * 3, plan)

    assert [error.line for error in report.warnings] == [2, 3]
    assert report.failed == 0


def test_findings_about_the_file_come_first_and_lines_are_in_order() -> None:
    data = line("a") + line("a", bogus=1) + line("b", bogus=1)
    report = finished_report(data, name="x.txt")

    assert [(error.line, error.rule) for error in report.errors] == [
        (None, "not_jsonl_name"),
        (2, "duplicate_custom_id"),
        (2, "unknown_parameter"),
        (3, "unknown_parameter"),
    ]


@pytest.mark.parametrize("count", [1, 2])
def test_finding_reported_once_per_file_names_the_number_of_requests(count: int) -> None:
    lines = [line(str(n), "/v1/responses", conversation="c") for n in range(count)]
    report = finished_report(line("a", "/v1/responses") + b"".join(lines))
    (error,) = (*report.errors, *report.warnings)

    assert error.line == 2
    assert str(error.hint).endswith(affected(count, 2))
    assert sum(report.counts.values()) == 1


def test_schema_date_is_mentioned_once() -> None:
    data = b"".join(line(str(number), bogus=1) for number in range(3))
    hints = [error.hint for error in finished_report(data).errors]

    assert hints == [newer_hint(), None, None]
    assert [error.hint for error in iter_errors(data)] == hints


def test_create_call_findings_keep_the_schema_date() -> None:
    create_finding = FILE_FINDING._replace(hint=newer_hint())
    summary = check_chunk(line("a", bogus=1), PLAN)
    report = finish(summary, PLAN, name=None, endpoint=None, extra=[create_finding] * 2)

    assert [error.hint for error in report.errors] == [newer_hint()] * 3


def test_foreign_file_has_no_findings_of_file_rules() -> None:
    """The file has no lines, but `empty_file` is not reported."""
    foreign = BatchError("not_a_batch_file", "not_a_batch_file", None, "A sentence.")
    report = finish(
        ChunkSummary(foreign=ForeignFormat([foreign])), PLAN, name="x.txt", endpoint=None
    )

    assert {error.rule for error in report.errors} == {"not_a_batch_file", "not_jsonl_name"}


def test_extra_findings_are_added_and_counted() -> None:
    report = finish(
        check_chunk(line("a"), PLAN), PLAN, name=None, endpoint=None, extra=[FILE_FINDING]
    )

    assert report.errors == (FILE_FINDING,)
    assert report.counts == {FILE_FINDING.key: 1}


def test_parameters_of_the_create_call_are_in_the_report() -> None:
    summary = check_chunk(line("a"), PLAN)

    assert finish(summary, PLAN, name=None, endpoint=None).create == {}
    create = {"metadata": {"a": "b"}}
    assert finish(summary, PLAN, name=None, endpoint=None, create=create).create == create


def test_keep_limits_findings_of_file_rules() -> None:
    report = finished_report(line("a") * 6, PLAN._replace(keep=2))

    assert [error.line for error in report.errors] == [2, 3]
    assert report.truncated == {"duplicate_custom_id": 3}
    assert report.failed == 5
