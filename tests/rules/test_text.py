"""What is said of a line that is no request, and of a file that is no batch input file."""

from __future__ import annotations

import gzip
import json
from io import BytesIO

import pytest
from support import FIXTURES, inputs, line, request

from batchlint import BatchError, check

GOOD = line("b").rstrip(b"\n")
NO_JSON = "This line is not parseable as valid JSON."
NO_UTF8 = "Invalid file for Batch API. Must be utf-8 encoded"


def findings(*lines: bytes) -> list[BatchError]:
    """The findings about a file of these lines, a good one first."""
    report = check(b"\n".join([line("a").rstrip(b"\n"), *lines]))
    return sorted([*report.errors, *report.warnings])


def with_input(json_text: bytes) -> bytes:
    """The good line, with another text for its input."""
    return GOOD.replace(b'"x"', json_text)


#: Name, line, rule, what the hint says.
BROKEN: list[tuple[str, bytes, str, str]] = [
    ("NaN", with_input(b"NaN"), "not_a_number", "NaN is no JSON number"),
    ("Infinity", with_input(b"Infinity"), "not_a_number", "Infinity is no JSON number"),
    ("-Infinity", with_input(b"-Infinity"), "not_a_number", "-Infinity is no JSON number"),
    ("1e400", with_input(b"1e400"), "not_a_number", "1e400 is no JSON number"),
    ("-1e400", with_input(b"[-1e400]"), "not_a_number", "-1e400 is no JSON number"),
    ("an integer of 400 digits", with_input(b"9" * 400), "not_a_number", "number"),
    ("an integer of 5000 digits", with_input(b"9" * 5000), "not_a_number", "is no JSON number"),
    ("the first half of a pair", with_input(rb'"\ud83d"'), "lone_surrogate", "half of a surrogate pair"),
    ("the second half of a pair", with_input(rb'"\ude00"'), "lone_surrogate", "half of a surrogate pair"),
    ("a pair the wrong way round", with_input(rb'"\ude00\ud83d"'), "lone_surrogate", "half of a surrogate pair"),
    ("half a pair in a name", with_input(rb'{"\ud83d": 1}'), "lone_surrogate", "half of a surrogate pair"),
    ("nested too deep", with_input(b"[" * 1023 + b"]" * 1023), "nesting_too_deep", "deeper than 1,024 levels"),
    ("nested far too deep", b"[" * 100_000, "nesting_too_deep", "deeper than 1,024 levels"),
    ("cut in a string", GOOD[:-4], "invalid_json_line", "cut off"),
    ("cut after a string", GOOD[:-2], "invalid_json_line", f"The line ends at column {len(GOOD) - 1} in the middle of a value"),
    ("cut before the last brace", GOOD[:-1], "invalid_json_line", f"The line ends at column {len(GOOD)} in the middle of a value"),
    ("an opening brace", b"{", "invalid_json_line", "The line ends at column 2 in the middle of a value"),
    ("two values", GOOD + b" " + GOOD, "invalid_json_line", f"A second value begins at column {len(GOOD) + 2}"),
    ("two values, one carriage return", GOOD + b"\r" + GOOD, "invalid_json_line", f"A second value begins at column {len(GOOD) + 2}"),
    ("a brace too many", GOOD + b"}", "invalid_json_line", f"A second value begins at column {len(GOOD) + 1}"),
    ("single quotes", b"{'custom_id': 'b'}", "invalid_json_line", "Column 2: JSON wants double quotes"),
    ("a tab in a string", with_input(b'"a\tb"'), "invalid_json_line", "Column 97: a control character stands bare"),
    ("a NUL in a string", with_input(b'"\0"'), "invalid_json_line", "Column 96: a control character stands bare"),
    ("a carriage return in a string", with_input(b'"a\rb"'), "invalid_json_line", "Column 97: a control character"),
    ("a comma too many", GOOD[:-1] + b",}", "invalid_json_line", "Column"),
    ("a comma too few", GOOD.replace(b",", b"", 1), "invalid_json_line", "Column 19: Expecting ',' delimiter"),
    ("a comment", b"// " + GOOD, "invalid_json_line", "Column 1: Expecting value"),
    ("an unknown escape", with_input(rb'"\x41"'), "invalid_json_line", "Column 96: Invalid \\escape"),
    ("True of Python", with_input(b"True"), "invalid_json_line", "Column 95: Expecting value"),
    ("a mark before a later line", b"\xef\xbb\xbf" + GOOD, "invalid_json_line", "Column 1: Unexpected UTF-8 BOM"),
    ("a form feed", b"\f", "invalid_json_line", "Column 1: Expecting value"),
    ("a no-break space", b"\xc2\xa0", "invalid_json_line", "Column 1: Expecting value"),
    ("Latin-1", with_input(b'"Z\xfcrich"'), "not_utf8", "Byte 97 of the line, 0xfc, is no UTF-8"),
    ("a character cut in two", with_input(b'"\xe2\x82"'), "not_utf8", "Byte 96 of the line, 0xe2, is no UTF-8"),
    ("half a pair in UTF-8", with_input(b'"\xed\xa0\x80"'), "not_utf8", "Byte 96 of the line, 0xed, is no UTF-8"),
    ("an array", b'["b", "POST"]', "not_an_object", "The line is an array; a request is an object."),
    ("a string", b'"b"', "not_an_object", "The line is a string; a request is an object."),
    ("an integer", b"17", "not_an_object", "The line is an integer; a request is an object."),
    ("a number", b"1.5", "not_an_object", "The line is a decimal number; a request is an object."),
    ("a boolean", b"true", "not_an_object", "The line is a boolean; a request is an object."),
    ("null", b"null", "not_an_object", "The line is null; a request is an object."),
]


@pytest.mark.parametrize(("text", "rule", "hint"), [case[1:] for case in BROKEN], ids=[case[0] for case in BROKEN])
def test_a_line_that_is_no_json_object(text: bytes, rule: str, hint: str) -> None:
    """One finding, in the API's words, on the line; the hint says what is wrong with it; the lines around are judged."""
    errors = findings(text, line("c", bogus=1).rstrip(b"\n"))
    upload = rule == "not_utf8"

    assert [(error.rule, error.line) for error in errors] == [(rule, 2), ("unknown_parameter", 3)]
    error = errors[0]
    assert (error.code, error.message) == (rule, NO_UTF8) if upload else ("invalid_json_line", NO_JSON)
    assert (error.param, error.custom_id, error.severity) == (None, None, "error")
    assert error.fails == ("upload" if upload else "batch")
    assert hint in (error.hint or "")


def test_a_line_cut_off_anywhere_is_said_to_be_cut_off() -> None:
    for end in range(1, len(GOOD)):
        errors = findings(GOOD[:end])
        assert [error.rule for error in errors] == ["invalid_json_line"]
        assert "cut off" in str(errors[0].hint), (GOOD[:end], errors[0].hint)


def test_values_at_the_edge_of_json_are_json() -> None:
    texts = [b'"\\ud83d\\ude00"', b'"\xf0\x9f\x98\x80"', b'"\\u0000"', b'"\x7f\xc2\x85\xe2\x80\xa8\xe2\x80\xa9\xef\xbb\xbf"']
    good = [with_input(text).replace(b'"b"', b'"%d"' % number) for number, text in enumerate(texts)]
    depth = 1022  # and the line's own two levels
    odd = [with_input(text) for text in (b"1e308", b"-0", b"18446744073709551616", b"[" * depth + b"]" * depth)]

    assert findings(*good) == []
    for text in odd:
        assert [(error.rule, error.param) for error in findings(text)][:1] == [("invalid_type", "body.input")] or (
            findings(text)[0].param or "").startswith("body.input")


@pytest.mark.parametrize("blank", [b"", b" ", b"\t", b"\r", b" \t \r"], ids=repr)
def test_a_blank_line_is_a_warning(blank: bytes) -> None:
    report = check(line("a") + blank + b"\n" + line("b"))

    assert report.errors == ()
    assert [(e.rule, e.code, e.line, e.param, e.severity, e.fails) for e in report.warnings] == [
        ("blank_line", "blank_line", 2, None, "warning", None)]
    assert report.request_counts == {"total": 2, "failed": 0}


def test_a_final_newline_is_no_blank_line_and_a_second_one_is() -> None:
    assert check(line("a")).warnings == ()
    assert [error.line for error in check(line("a") + b"\n").warnings] == [2]


def test_a_byte_order_mark_is_one_finding_and_its_line_is_judged() -> None:
    report = check(b"\xef\xbb\xbf" + line("a", bogus=1) + line("b"))

    assert [(e.rule, e.code, e.line, e.message, e.param) for e in report.errors] == [
        ("byte_order_mark", "invalid_json_line", 1, NO_JSON, None),
        ("unknown_parameter", "unknown_parameter", 1, "Unknown parameter: 'bogus'.", "body.bogus")]
    assert "byte order mark" in (report.errors[0].hint or "")
    assert report.request_counts == {"total": 2, "failed": 1}


def test_separators_of_other_systems_end_no_line() -> None:
    """U+2028, U+2029, U+0085, form feeds and a lone carriage return between tokens are inside one line."""
    text = with_input('"\u2028\u2029\u0085\u001c"'.replace("\u001c", "\\f").encode()).replace(b", ", b",\r")

    assert findings(text, b"[]")[0].line == 3


def test_a_key_that_stands_twice_is_told_if_asked_for() -> None:
    text = with_input(b'"y", "input": "x"') + b"\n"
    report = check(text, warn=["duplicate_key"])

    assert check(text).warnings == ()
    assert [(e.rule, e.line, e.message, e.severity) for e in report.warnings] == [
        ("duplicate_key", 1, "The key 'input' stands twice in one object.", "warning")]
    assert [e.severity for e in check(text, error=["duplicate_key"]).errors] == ["error"]
    assert check(line("a"), warn=["duplicate_key"]).warnings == ()


# -- files of other formats --------------------------------------------------------------------------------------------

FOREIGN = [path for path in inputs("foreign") if not path.name.startswith("utf")]


@pytest.mark.parametrize("path", FOREIGN, ids=lambda path: path.name)
def test_a_foreign_file_is_recognised_with_a_mark_and_with_carriage_returns(path: object) -> None:
    data = (FIXTURES / "foreign" / str(path)).read_bytes()

    for made in (data.replace(b"\n", b"\r\n"), b"\xef\xbb\xbf" + data, b"\n\n" + data, data.rstrip(b"\n")):
        assert [error.rule for error in check(made).errors] == ["not_a_batch_file"], made[:80]


def test_a_long_foreign_file_is_told_in_one_finding() -> None:
    row = json.dumps({"messages": [{"role": "user", "content": "x" * 500}]}).encode() + b"\n"
    report = check(row * 5000)

    assert [(error.rule, error.line) for error in report.errors] == [("not_a_batch_file", None)]
    assert report.bytes == 5000 * len(row)
    assert report.request_counts["failed"] == 0


@pytest.mark.parametrize("data", [
    b"[]\n", b"{}\n", b"[1]\n" + line("a"), b'{"messages": []}\n' + line("a"), line("a") + b'{"messages": []}\n',
    b'{"custom_id": "a", "method": "POST", "body": {}}\n', b'{"custom_id": "a", "url": "/v1/embeddings", "body": {}}\n',
    GOOD[:40] + b"\n" + line("a"), b"\n", b"text\n", b"17\n",
], ids=lambda data: str(data[:30]))
def test_a_batch_file_with_faults_is_not_taken_for_another_format(data: bytes) -> None:
    assert "not_a_batch_file" not in {error.rule for error in check(data).errors}


def test_a_foreign_file_is_judged_line_by_line_if_its_rule_is_off() -> None:
    data = (FIXTURES / "foreign" / "fine_tuning.jsonl").read_bytes()
    errors = check(data, ignore=["not_a_batch_file"]).errors

    assert {(error.rule, error.line) for error in errors} >= {("missing_line_member", 1), ("missing_line_member", 2)}
    assert check(data, ignore=["not_a_batch_file"], create={"completion_window": "1h"}).total == 2


def test_findings_of_a_line_come_in_the_order_of_the_api() -> None:
    """What fails the batch comes before what fails the request."""
    made = request(bogus=1) | {"method": "GET", "custom_id": 7}

    assert [(error.rule, error.fails) for error in check([made]).errors] == [
        ("invalid_custom_id", "batch"), ("invalid_method", "batch"), ("unknown_parameter", "request")]


def test_a_packed_stream_is_recognised() -> None:
    (error,) = check(BytesIO(gzip.compress(line("a")))).errors

    assert (error.rule, error.line) == ("not_a_batch_file", None)
    assert "gzip" in error.message
    assert ".jsonl.gz" in (error.hint or "")
