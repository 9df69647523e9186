"""The rules of `rules/text.py`: lines that are not JSON objects, and repeated keys."""

from __future__ import annotations

from typing import Any, NamedTuple, get_args

import pytest

from batchlint import BatchError, check
from batchlint.rules import RULES, Rule
from batchlint.rules.text import (
    Defect,
    DefectKind,
    find_defect,
    find_surrogate,
    repeated_key,
)
from rules.helpers import each
from support import line

GOOD = line("b").rstrip(b"\n")
NOT_JSON = "This line is not parseable as valid JSON."
NOT_UTF8 = "Invalid file for Batch API. Must be utf-8 encoded"


def findings(*lines: bytes) -> list[BatchError]:
    """Check these lines after a valid first line, and return the findings."""
    report = check(b"\n".join([line("a").rstrip(b"\n"), *lines]))
    return sorted([*report.errors, *report.warnings])


def with_input(json_text: bytes) -> bytes:
    """Return the valid line with this text as its input."""
    return GOOD.replace(b'"x"', json_text)


# -- lines that are not JSON objects --------------------------------------------------------------


class BrokenLine(NamedTuple):
    name: str
    line: bytes
    rule: str
    hint: str


BROKEN = [
    BrokenLine("NaN", with_input(b"NaN"), "not_a_number", "NaN is not valid in JSON"),
    BrokenLine(
        "Infinity", with_input(b"Infinity"), "not_a_number", "Infinity is not valid in JSON"
    ),
    BrokenLine(
        "-Infinity", with_input(b"-Infinity"), "not_a_number", "-Infinity is not valid in JSON"
    ),
    BrokenLine(
        "1e400",
        with_input(b"1e400"),
        "not_a_number",
        "1e400 is too large for a double-precision number",
    ),
    BrokenLine(
        "-1e400",
        with_input(b"[-1e400]"),
        "not_a_number",
        "-1e400 is too large for a double-precision number",
    ),
    BrokenLine("integer of 400 digits", with_input(b"9" * 400), "not_a_number", "number"),
    BrokenLine(
        "integer of 5000 digits",
        with_input(b"9" * 5000),
        "not_a_number",
        "is too large for a double-precision number",
    ),
    BrokenLine(
        "first half of a pair",
        with_input(rb'"\ud83d"'),
        "lone_surrogate",
        "half of a surrogate pair",
    ),
    BrokenLine(
        "second half of a pair",
        with_input(rb'"\ude00"'),
        "lone_surrogate",
        "half of a surrogate pair",
    ),
    BrokenLine(
        "pair in the wrong order",
        with_input(rb'"\ude00\ud83d"'),
        "lone_surrogate",
        "half of a surrogate pair",
    ),
    BrokenLine(
        "half a pair in a key",
        with_input(rb'{"\ud83d": 1}'),
        "lone_surrogate",
        "half of a surrogate pair",
    ),
    BrokenLine(
        "nested too deep",
        with_input(b"[" * 1023 + b"]" * 1023),
        "nesting_too_deep",
        "deeper than 1,024 levels",
    ),
    BrokenLine(
        "nested far too deep", b"[" * 100_000, "nesting_too_deep", "deeper than 1,024 levels"
    ),
    BrokenLine("cut in a string", GOOD[:-4], "invalid_json_line", "cut off"),
    BrokenLine(
        "cut after a string",
        GOOD[:-2],
        "invalid_json_line",
        f"The line ends at column {len(GOOD) - 1} in the middle of a value",
    ),
    BrokenLine(
        "cut before the last brace",
        GOOD[:-1],
        "invalid_json_line",
        f"The line ends at column {len(GOOD)} in the middle of a value",
    ),
    BrokenLine(
        "opening brace",
        b"{",
        "invalid_json_line",
        "The line ends at column 2 in the middle of a value",
    ),
    BrokenLine(
        "two values",
        GOOD + b" " + GOOD,
        "invalid_json_line",
        f"A second value begins at column {len(GOOD) + 2}",
    ),
    BrokenLine(
        "two values with a carriage return between",
        GOOD + b"\r" + GOOD,
        "invalid_json_line",
        f"A second value begins at column {len(GOOD) + 2}",
    ),
    BrokenLine(
        "extra brace",
        GOOD + b"}",
        "invalid_json_line",
        f"Column {len(GOOD) + 1}: unexpected closing }}.",
    ),
    BrokenLine(
        "single quotes",
        b"{'custom_id': 'b'}",
        "invalid_json_line",
        "Column 2: JSON needs double quotes",
    ),
    BrokenLine(
        "tab in a string",
        with_input(b'"a\tb"'),
        "invalid_json_line",
        "Column 97: a control character in a string must be escaped",
    ),
    BrokenLine(
        "NUL in a string",
        with_input(b'"\0"'),
        "invalid_json_line",
        "Column 96: a control character in a string must be escaped",
    ),
    BrokenLine(
        "carriage return in a string",
        with_input(b'"a\rb"'),
        "invalid_json_line",
        "Column 97: a control character",
    ),
    BrokenLine(
        "extra comma",
        GOOD[:-1] + b",}",
        "invalid_json_line",
        f"Column {len(GOOD)}: remove the comma before the closing }}.",
    ),
    BrokenLine(
        "comma after the object",
        GOOD + b",",
        "invalid_json_line",
        f"Column {len(GOOD) + 1}: the line ends with a comma.",
    ),
    BrokenLine(
        "conflict marker",
        b"<<<<<<< HEAD",
        "invalid_json_line",
        "The line is a Git conflict marker.",
    ),
    BrokenLine(
        "missing comma",
        GOOD.replace(b",", b"", 1),
        "invalid_json_line",
        "Column 19: a comma is missing",
    ),
    BrokenLine(
        "comment",
        b"// " + GOOD,
        "invalid_json_line",
        "Column 1: JSON does not allow comments. Remove the comment.",
    ),
    BrokenLine(
        "unknown escape",
        with_input(rb'"\x41"'),
        "invalid_json_line",
        "Column 96: JSON does not have this escape.",
    ),
    BrokenLine(
        "Python's True",
        with_input(b"True"),
        "invalid_json_line",
        "Column 95: In JSON, true and false are lowercase.",
    ),
    BrokenLine(
        "byte order mark on a later line",
        b"\xef\xbb\xbf" + GOOD,
        "invalid_json_line",
        "Column 1: unexpected byte order mark",
    ),
    BrokenLine("form feed", b"\f", "invalid_json_line", "Column 1: a value is missing"),
    BrokenLine("no-break space", b"\xc2\xa0", "invalid_json_line", "Column 1: a value is missing"),
    BrokenLine(
        "Latin-1",
        with_input(b'"Z\xfcrich"'),
        "not_utf8",
        "Byte 97 of the line, 0xfc, is not valid UTF-8",
    ),
    BrokenLine(
        "character cut in two",
        with_input(b'"\xe2\x82"'),
        "not_utf8",
        "Byte 96 of the line, 0xe2, is not valid UTF-8",
    ),
    BrokenLine(
        "half a pair in UTF-8",
        with_input(b'"\xed\xa0\x80"'),
        "not_utf8",
        "Byte 96 of the line, 0xed, is not valid UTF-8",
    ),
    BrokenLine(
        "array",
        b'["b", "POST"]',
        "not_an_object",
        "The line is an array, but a request must be an object.",
    ),
    BrokenLine(
        "string", b'"b"', "not_an_object", "The line is a string, but a request must be an object."
    ),
    BrokenLine(
        "integer",
        b"17",
        "not_an_object",
        "The line is an integer, but a request must be an object.",
    ),
    BrokenLine(
        "number",
        b"1.5",
        "not_an_object",
        "The line is a decimal number, but a request must be an object.",
    ),
    BrokenLine(
        "boolean",
        b"true",
        "not_an_object",
        "The line is a boolean, but a request must be an object.",
    ),
    BrokenLine(
        "null", b"null", "not_an_object", "The line is null, but a request must be an object."
    ),
]


@each(BROKEN)
def test_broken_line_has_one_finding_and_the_next_line_is_checked(case: BrokenLine) -> None:
    errors = findings(case.line, line("c", bogus=1).rstrip(b"\n"))
    is_upload = case.rule == "not_utf8"

    assert [(error.rule, error.line) for error in errors] == [
        (case.rule, 2),
        ("unknown_parameter", 3),
    ]
    error = errors[0]
    if is_upload:
        assert (error.code, error.message, error.fails) == (case.rule, NOT_UTF8, "upload")
    else:
        assert (error.code, error.message, error.fails) == ("invalid_json_line", NOT_JSON, "batch")
    assert (error.param, error.custom_id, error.severity) == (None, None, "error")
    assert case.hint in (error.hint or "")


def test_line_cut_off_anywhere_is_reported_as_cut_off() -> None:
    for end in range(1, len(GOOD)):
        errors = findings(GOOD[:end])

        assert [error.rule for error in errors] == ["invalid_json_line"]
        assert "cut off" in str(errors[0].hint), (GOOD[:end], errors[0].hint)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(b'"\\ud83d\\ude00"', id="escaped pair"),
        pytest.param(b'"\xf0\x9f\x98\x80"', id="emoji"),
        pytest.param(b'"\\u0000"', id="escaped NUL"),
        pytest.param(b'"\x7f\xc2\x85\xe2\x80\xa8\xe2\x80\xa9\xef\xbb\xbf"', id="odd characters"),
    ],
)
def test_unusual_strings_are_json(text: bytes) -> None:
    assert findings(with_input(text)) == []


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(b"1e308", id="large number"),
        pytest.param(b"-0", id="minus zero"),
        pytest.param(b"18446744073709551616", id="large integer"),
        pytest.param(b"[" * 1022 + b"]" * 1022, id="1,024 levels with the line's own"),
    ],
)
def test_extreme_json_values_are_checked_against_the_schema(text: bytes) -> None:
    first = findings(with_input(text))[0]

    assert (first.param or "").startswith("body.input")
    assert first.rule not in ("not_a_number", "nesting_too_deep", "invalid_json_line")


def test_other_line_separators_do_not_end_a_line() -> None:
    """Form feeds, and carriage returns between tokens, don't end lines either."""
    text = with_input('"\u2028\u2029\u0085\\f"'.encode()).replace(b", ", b",\r")

    assert findings(text, b"[]")[0].line == 3


# -- blank lines and byte order marks -------------------------------------------------------------


@pytest.mark.parametrize("blank", [b"", b" ", b"\t", b"\r", b" \t \r"], ids=repr)
def test_blank_line_is_a_warning(blank: bytes) -> None:
    report = check(line("a") + blank + b"\n" + line("b"))

    assert report.errors == ()
    assert [(e.rule, e.code, e.line, e.param, e.severity, e.fails) for e in report.warnings] == [
        ("blank_line", "blank_line", 2, None, "warning", None)
    ]
    assert report.request_counts == {"total": 2, "failed": 0}


def test_only_a_second_final_newline_makes_a_blank_line() -> None:
    assert check(line("a")).warnings == ()
    assert [error.line for error in check(line("a") + b"\n").warnings] == [2]


def test_line_after_a_byte_order_mark_is_checked() -> None:
    report = check(b"\xef\xbb\xbf" + line("a", bogus=1) + line("b"))

    assert [(e.rule, e.code, e.line, e.message, e.param) for e in report.errors] == [
        ("byte_order_mark", "invalid_json_line", 1, NOT_JSON, None),
        ("unknown_parameter", "unknown_parameter", 1, "Unknown parameter: 'bogus'.", "body.bogus"),
    ]
    assert "byte order mark" in (report.errors[0].hint or "")
    assert report.request_counts == {"total": 2, "failed": 1}


# -- each rule, and each kind of defect -----------------------------------------------------------

#: The rule that reports each kind of defect.
RULE_OF_KIND = {
    "blank": "blank_line",
    "byte order mark": "byte_order_mark",
    "utf-16": "not_utf8",
    "utf-32": "not_utf8",
    "not utf-8": "not_utf8",
    "not a number": "not_a_number",
    "lone surrogate": "lone_surrogate",
    "lone surrogate in parameters": "lone_surrogate",
    "too deep": "nesting_too_deep",
    "not json": "invalid_json_line",
    "not an object": "not_an_object",
    "foreign": "not_a_batch_file",
}
TEXT_RULES = [rule for rule in RULES.values() if rule.scope == "text"]


def test_every_kind_of_defect_has_a_rule() -> None:
    assert set(RULE_OF_KIND) == set(get_args(DefectKind))
    assert set(RULE_OF_KIND.values()) == {rule.name for rule in TEXT_RULES}


@each(TEXT_RULES)
@pytest.mark.parametrize("kind", get_args(DefectKind))
def test_rule_reports_only_its_own_kinds_of_defect(case: Rule, kind: DefectKind) -> None:
    problems = list(case.check(Defect(kind, "the detail", "a name", ("metadata",))))

    assert len(problems) == (RULE_OF_KIND[kind] == case.name)


@pytest.mark.parametrize("kind", ["not json", "not utf-8", "not a number", "not an object"])
def test_hint_contains_the_detail_of_the_defect(kind: DefectKind) -> None:
    [problem] = RULES[RULE_OF_KIND[kind]].check(Defect(kind, "the detail"))

    assert (problem.hint or "").startswith("the detail")


class DefectCase(NamedTuple):
    name: DefectKind
    line: bytes


@each(
    [
        DefectCase("blank", b" \r\n"),
        DefectCase("not an object", b" null\n"),
        DefectCase("not utf-8", b'"\xff"'),
        DefectCase("too deep", b"[" * 1025 + b"]" * 1025),
        DefectCase("not a number", b'{"a": NaN}'),
        DefectCase("not json", b"{"),
        DefectCase("lone surrogate", rb'{"a": "\ud800"}'),
    ]
)
def test_defect_of_a_line_is_classified(case: DefectCase) -> None:
    assert find_defect(case.line).kind == case.name


# -- surrogates in the parameters of a create call ------------------------------------------------


class Parameters(NamedTuple):
    name: str
    params: dict[str, Any]
    path: tuple[str | int, ...] | None


@each(
    [
        Parameters("no surrogate", {"a": ["x", 1, None, {"b": "\U0001f600"}]}, None),
        Parameters("value", {"a": "\ud83d"}, ("a",)),
        Parameters("key", {"a": {"\ud83d": 1}}, ("a",)),
        Parameters("inner value", {"a": [0, {"b": "\ude00"}]}, ("a", 1, "b")),
        Parameters("first of two", {"a": {"b": "\ud83d"}, "c": "\ud83d"}, ("a", "b")),
    ]
)
def test_lone_surrogate_in_parameters_is_found(case: Parameters) -> None:
    defect = find_surrogate(case.params)

    assert (None if defect is None else defect.path) == case.path


def test_lone_surrogate_in_parameters_is_reported_at_its_location() -> None:
    defect = Defect("lone surrogate in parameters", path=("metadata", "a"))

    [problem] = RULES["lone_surrogate"].check(defect)

    assert (problem.param, problem.path) == ("metadata.a", ("metadata", "a"))
    assert problem.message == "We could not parse the JSON body of your request."


# -- duplicate_key --------------------------------------------------------------------------------


def test_repeated_key_is_reported_if_its_rule_is_enabled() -> None:
    text = with_input(b'"y", "input": "x"') + b"\n"

    report = check(text, warn=["duplicate_key"])

    assert check(text).warnings == ()
    assert [(e.rule, e.line, e.message, e.severity) for e in report.warnings] == [
        ("duplicate_key", 1, "The key 'input' occurs twice in one object.", "warning")
    ]
    assert [e.severity for e in check(text, error=["duplicate_key"]).errors] == ["error"]
    assert check(line("a"), warn=["duplicate_key"]).warnings == ()


class RepeatedKeys(NamedTuple):
    name: str
    line: bytes
    key: str | None


@each(
    [
        RepeatedKeys("no keys", b"[1, 2]", None),
        RepeatedKeys("different keys", b'{"a": 1, "b": {"a": 2}}', None),
        RepeatedKeys("different objects", b'[{"a": 1}, {"a": 2}]', None),
        RepeatedKeys("repeated", b'{"b": 1, "a": 1, "a": 2}', "a"),
        RepeatedKeys("repeated inside", b'{"b": [{"a": 1, "a": 2}]}', "a"),
        RepeatedKeys("escaped", rb'{"a": 1, "\u0061": 2}', "a"),
        RepeatedKeys("not JSON", b'{"a": 1, "a": 2', None),
        RepeatedKeys("too deep", b'{"a": 1, "a": ' + b"[" * 1024 + b"]" * 1024 + b"}", None),
    ]
)
def test_repeated_key_is_found(case: RepeatedKeys) -> None:
    assert repeated_key(case.line) == case.key
