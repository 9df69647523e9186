"""`BatchError` and `Problem`: order, counts and string forms."""

from __future__ import annotations

import copy
import json
import operator
from collections.abc import Callable
from typing import Any, get_args

import pytest

from batchlint import BatchError, check
from batchlint.edits import REMOVE_LINE
from batchlint.findings import (
    Effect,
    FindingKey,
    Fix,
    Part,
    Phase,
    Problem,
    Rank,
    count_by_rule,
    count_by_severity,
    stage,
)
from reports import make_finding
from support import FIXTURES, request

INVALID = FIXTURES / "invalid" / "invalid_type.jsonl"


# -- BatchError -----------------------------------------------------------------------------------


def test_finding_has_the_documented_fields_and_is_frozen() -> None:
    error = check(INVALID).errors[0]

    assert error.rule == "invalid_type"
    assert error.code == "invalid_type"
    assert error.line == 2
    assert error.param == "body.temperature"
    assert error.pointer == "/body/temperature"
    assert error.custom_id == "b"
    assert error.severity == "error"
    assert error.fails == "request"
    with pytest.raises(AttributeError):
        error.line = 3  # type: ignore[misc]
    assert len({error, copy.copy(error)}) == 1


def test_finding_can_be_constructed_directly() -> None:
    error = BatchError("mine", "mine", 3, "A sentence.")

    assert error.param is None
    assert error.pointer is None
    assert error.custom_id is None
    assert error.severity == "error"
    assert error.fails is None
    assert error.hint is None


def test_findings_sort_by_line_and_then_in_the_order_of_the_api() -> None:
    requests = [request("a", bogus=1, dimensions="x"), request("b", model="n")]
    errors = list(check(requests, name="x.txt").errors)

    assert [(error.line, error.rule) for error in errors] == [
        (None, "not_jsonl_name"),
        (1, "unknown_parameter"),
        (1, "invalid_type"),
        (2, "mismatched_model"),
    ]
    assert sorted([errors[-1], *errors[:-1]]) == errors
    errors.reverse()
    assert sorted(errors) == errors[::-1]


def test_findings_compare_by_line_and_order() -> None:
    earlier = make_finding(line=1, order=(2,))
    later = make_finding(line=1, order=(3,))

    assert earlier < later
    assert later > earlier
    assert earlier <= later
    assert later >= earlier
    assert not later <= earlier
    assert earlier < make_finding(line=2, order=(0,))


@pytest.mark.parametrize("compare", [operator.lt, operator.le, operator.gt, operator.ge])
def test_findings_do_not_compare_with_other_tuples(compare: Callable[..., bool]) -> None:
    with pytest.raises(TypeError):
        compare(make_finding(), (1,))


def test_finding_does_not_equal_a_plain_tuple() -> None:
    assert make_finding() != tuple(make_finding())


def test_findings_that_differ_only_in_their_order_are_equal() -> None:
    one, other = make_finding(order=(1,)), make_finding(order=(2,))

    assert one == other
    assert hash(one) == hash(other)
    assert one != make_finding(line=2)


def test_moving_a_finding_changes_its_line_number() -> None:
    assert make_finding(line=3).moved(4).line == 7
    assert make_finding(line=None).moved(4).line is None
    assert make_finding(line=3).moved(0).line == 3


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        pytest.param({}, "line 1: c: m", id="line"),
        pytest.param({"line": None}, "c: m", id="file"),
        pytest.param({"param": "body.n"}, "line 1: c body.n: m", id="param"),
        pytest.param({"hint": "Do it."}, "line 1: c: m (Do it.)", id="hint"),
    ],
)
def test_finding_can_be_printed(fields: dict[str, Any], expected: str) -> None:
    assert str(make_finding(**fields)) == expected


def test_dictionary_starts_with_the_fields_of_the_api() -> None:
    finding = make_finding(param="body.n", pointer="/body/n", custom_id="a", hint="h")

    assert list(finding.to_dict().items()) == [
        ("code", "c"),
        ("line", 1),
        ("message", "m"),
        ("param", "body.n"),
        ("rule", "invalid_value"),
        ("pointer", "/body/n"),
        ("custom_id", "a"),
        ("severity", "error"),
        ("fails", "request"),
        ("hint", "h"),
        ("column", None),
        ("fix", None),
    ]
    assert json.loads(json.dumps(finding.to_dict())) == finding.to_dict()


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        pytest.param({"fails": "create", "code": "c"}, "c", id="create call"),
        pytest.param({"fails": "upload", "rule": "r", "code": "c"}, "c", id="upload with a code"),
        pytest.param({"fails": "upload", "rule": "r", "code": "r"}, None, id="upload without one"),
    ],
)
def test_error_object_matches_the_api(fields: dict[str, Any], code: str | None) -> None:
    assert make_finding(**fields).to_error() == {
        "error": {"message": "m", "type": "invalid_request_error", "param": None, "code": code}
    }


# -- counts ---------------------------------------------------------------------------------------

COUNTS = {
    FindingKey("a", "error", "batch"): 2,
    FindingKey("a", "warning", None): 3,
    FindingKey("b", "error", None): 4,
}


def test_counts_by_rule() -> None:
    assert count_by_rule(COUNTS) == {"a": 5, "b": 4}
    assert count_by_rule({}) == {}


def test_counts_by_severity() -> None:
    assert count_by_severity(COUNTS) == (6, 3)
    assert count_by_severity({}) == (0, 0)


def test_findings_are_counted_by_rule_severity_and_effect() -> None:
    finding = make_finding(severity="warning", fails=None)

    assert finding.key == FindingKey("invalid_value", "warning", None)


# -- order ----------------------------------------------------------------------------------------


def test_stages_are_in_the_order_of_the_api_calls() -> None:
    effects = [*get_args(Effect), None]

    assert effects == ["upload", "create", "batch", "request", None]
    effects.reverse()
    assert sorted(effects, key=stage) == effects[::-1]


def test_ranks_sort_by_part_then_phase_then_position() -> None:
    ranks = [
        Rank(),
        Rank(Part.LINE, Phase.LAST, 9),
        Rank(Part.BODY, Phase.MODEL, 9),
        Rank(Part.BODY, Phase.FIELDS, 1, False, 5),
        Rank(Part.BODY, Phase.FIELDS, 1, True, 0),
        Rank(Part.BODY, Phase.FIELDS, 1, True, 1),
        Rank(Part.BODY, Phase.FIELDS, 2),
    ]

    backwards = ranks[::-1]
    assert sorted(backwards) == ranks


def test_problem_is_about_the_whole_file_by_default() -> None:
    problem = Problem("A sentence.")

    assert (problem.line, problem.path, problem.param, problem.rule) == (None, None, None, "")


def test_fix_is_shown_without_its_edits() -> None:
    fix = Fix("safe", "Do it.", (REMOVE_LINE,))

    assert make_finding(fix=fix).to_dict()["fix"] == {"safety": "safe", "summary": "Do it."}
