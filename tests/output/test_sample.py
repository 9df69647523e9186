"""Which of many findings are printed, and how the others are counted."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from batchlint.output.sample import describe_omitted, sample
from output.samples import render_text
from reports import make_finding, make_report
from support import CommandResult, line

BatchFile = Callable[..., Path]


def test_twenty_of_fifty_thousand_similar_findings_are_printed(batch_file: BatchFile) -> None:
    printed = render_text(batch_file(*(line("a") for _ in range(50_000))))

    assert len(printed) == 2 * 20 + 3  # Each finding has a hint.
    assert printed[-3] == (
        "... and 49,979 more of duplicate_custom_id, from line 22 on; `--max-errors 0` prints all"
    )
    assert printed[-1] == (
        "x: 50,000 requests to /v1/embeddings, 49,999 errors (49,999 fail the whole batch)"
    )


def test_lines_of_unprinted_findings_are_listed_if_the_report_has_them(
    batch_file: BatchFile,
) -> None:
    many = render_text(batch_file(*(line("a") for _ in range(500))))
    few = render_text(batch_file(*(line("a") for _ in range(12))), 10)

    assert many[-3].startswith("... and 479 more of duplicate_custom_id, lines 22-500;")
    assert few[-3].startswith("... and 1 more of duplicate_custom_id, line 12;")


def test_rare_findings_are_printed_among_hundreds_of_frequent_ones(batch_file: BatchFile) -> None:
    path = batch_file(
        *(line(str(number), dimensions="x") for number in range(900)),
        line("y", encoding_format=1),
        line("0"),
        b"\n",
        line("z", bogus=1),
    )
    printed = "\n".join(render_text(path))

    for place in ("x:1:", "x:901:", "x:902:", "x:903:", "x:904:"):
        assert place in printed
    assert (
        "... and 884 more of invalid_type, lines 17-900; `--max-errors 0` prints all\n" in printed
    )


@pytest.mark.parametrize(
    ("max_errors", "count"), [(1, 1), (3, 3), (7, 7), (20, 20), (100, 42), (0, 42)]
)
def test_max_errors_limits_printed_findings(
    max_errors: int, count: int, batch_file: BatchFile
) -> None:
    rows = [line(str(number), "/v1/embeddings", **{f"bogus_{number}": 1}) for number in range(42)]
    printed = render_text(batch_file(*rows), max_errors)
    numbers = [int(row.split(":")[1]) for row in printed if re.match(r"x:\d+:", row)]

    assert len(numbers) == count
    assert numbers == sorted(numbers)
    assert printed[-1].startswith("x: 42 requests to /v1/embeddings, 42 errors")
    if count < 42:
        assert printed[-2].startswith(f"... and {42 - count} more of unknown_parameter")


@pytest.mark.parametrize("count", [19, 20, 21])
def test_up_to_twenty_similar_findings_are_printed(count: int, batch_file: BatchFile) -> None:
    rows = [line(str(number), dimensions="x") for number in range(count)]
    printed = render_text(batch_file(*rows), 20)
    rest = "... and 1 more of invalid_type, line 21; `--max-errors 0` prints all"

    assert sum(": invalid_type" in row for row in printed) == min(count, 20)
    assert [row for row in printed if row.startswith("...")] == [rest] * (count > 20)


@pytest.mark.parametrize(
    ("max_errors", "params"),
    [
        (6, ["dimensions"] * 3 + ["encoding_format"] * 2 + ["bogus"]),
        (20, ["dimensions"] * 14 + ["encoding_format"] * 5 + ["bogus"]),
        (21, ["dimensions"] * 15 + ["encoding_format"] * 5 + ["bogus"]),
    ],
    ids=["6", "20", "21"],
)
def test_rare_findings_take_precedence_over_frequent_ones(
    max_errors: int, params: list[str], batch_file: BatchFile
) -> None:
    rows = [
        *(line(str(number), dimensions="x") for number in range(15)),
        *(line(f"b{number}", encoding_format=1) for number in range(5)),
        line("c", bogus=1),
    ]
    printed = render_text(batch_file(*rows), max_errors)

    found = re.findall(r"^x:\d.* body\.(\w+):", "\n".join(printed), re.MULTILINE)
    assert found == params
    assert sum(row.startswith("...") for row in printed) == (max_errors < 21)


def test_ten_similar_findings_are_all_printed(batch_file: BatchFile) -> None:
    printed = render_text(batch_file(*(line("a") for _ in range(11))))

    assert not any(row.startswith("...") for row in printed)
    assert sum(": duplicate_custom_id" in row for row in printed) == 10


def test_findings_that_were_not_kept_are_counted_without_an_option_hint(
    batch_file: BatchFile,
) -> None:
    printed = render_text(batch_file(*(line("a") for _ in range(50))), 0, keep=10)

    assert printed[-3] == "... and 39 more of duplicate_custom_id, from line 11 on"


def test_max_errors_0_prints_all_findings(
    run: Callable[..., CommandResult], batch_file: BatchFile
) -> None:
    path = batch_file(*(line("a") for _ in range(1_500)))
    out = run("check", "--max-errors=0", str(path)).out

    assert out.count(": duplicate_custom_id custom_id: ") == 1_499
    assert "..." not in out


def test_findings_that_differ_only_in_an_array_index_count_as_similar() -> None:
    report = make_report(
        *(make_finding(param=f"body.messages[{index}].content") for index in range(5)),
        make_finding(param="body.model"),
    )

    assert [error.param for error in sample(report, 2)] == [
        "body.messages[0].content",
        "body.model",
    ]


def test_omitted_findings_without_a_line_are_counted_without_a_location() -> None:
    report = make_report(*(make_finding(line=None) for _ in range(3)))

    assert describe_omitted(report, list(report.errors[:1])) == "2 more of invalid_value"


def test_at_most_ten_rules_with_omitted_findings_are_named() -> None:
    errors = [make_finding(rule=f"rule_{number}") for number in range(13)]
    text = describe_omitted(make_report(*errors), [])

    assert text.startswith("1 more of rule_0, line 1; 1 more of rule_1, line 1; ")
    assert text.endswith("; 1 more of rule_9, line 1; 3 more of 3 other rules")


def test_omitted_is_empty_if_all_findings_are_printed() -> None:
    report = make_report(make_finding())

    assert describe_omitted(report, list(report.errors)) == ""
