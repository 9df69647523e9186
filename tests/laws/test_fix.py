"""Fixes undo faults and change nothing else.

The tests replace a few characters of valid lines with every type of fixable fault. Each fault
states the result of its fix, so the whole repaired file is known, byte for byte. It must contain
none of the faults and no fixable findings.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterable
from typing import Final, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batchlint import FixReport, check, fix
from fixable import FIXABLE
from strategies import ANY_FILE


class Fault(NamedTuple):
    """A fault in a line, and the result of its fix.

    Attributes:
        rule: the rule that reports it.
        old: the text in the valid line to replace.
        broken: the fault, which replaces it.
        repaired: the text after the fix. `#` is a placeholder for a new custom_id.
        end: the text that the fix adds at the end of the object.
        after: the text that the fault adds after the line.
    """

    rule: str
    old: str
    broken: str
    repaired: str
    end: str = ""
    after: str = ""


def restorable(rule: str, old: str, broken: str) -> Fault:
    """Return a fault whose fix restores the valid line."""
    return Fault(rule, old, broken, old)


def removable(rule: str, broken: str, before: str) -> Fault:
    """Return a fault that adds text. Its fix removes the text."""
    return restorable(rule, before, broken + before)


MODEL: Final = '"model": '
URL: Final = '"url": '
TOOLS: Final = '"tools": [{"type": "function", "function": {"name": "f", "parameters": {} }}]'
CHOICE: Final = ', "tool_choice": {"type": "function", "function": {"name":"f"}}'
STRICT: Final = (
    '"name": "r", "strict": true, "schema": {"type": "object", "properties": {"a": {"type": '
    '"string"}, "\\u00e9": {"type": "integer"}}, "required": ["a", "é"], "additionalProperties": '
    "false}"
)

#: Valid lines. Decoding and encoding them would change numbers, escapes and spaces.
LINES: Final = (
    '{"custom_id": "@", "method": "POST", "url": "/v1/chat/completions", "body": {"model": '
    '"gpt-4o-mini", "messages": [{"role": "user", "content": "\\u00e9 \\/ é"}],  "temperature": '
    f'1.50e0, "max_completion_tokens": 1e2, {TOOLS}{CHOICE}}}}}',
    '{"custom_id": "@", "method": "POST", "url": "/v1/chat/completions", "body": {"model": "gpt-5", '
    '"messages": [{"role": "user", "content": "\\u00e9 \\/ é"}], "max_completion_tokens": 7, '
    f'"response_format" : {{"type": "json_schema", "json_schema": {{{STRICT} }}}}}}}}',
    '{"custom_id": "@", "method": "POST", "url": "/v1/responses", "body": {"model": "gpt-5.4", '
    '"input": [{"role": "user", "content": "\\u00e9 \\/ é"}], "max_output_tokens": 99 , '
    '"reasoning": {"effort": "low"}, "text": {"format": {"type": "json_schema", '
    f'{STRICT}}}}}, "tools": [{{"type": "function", "name": "f", "strict": true, "parameters": '
    '{"type": "object", "properties": {"x": {"type": "string"}}, "required": ["x"], '
    '"additionalProperties": false}}]}}',
    '{"custom_id": "@", "method": "POST", "url": "/v1/completions", "body": {"model": '
    '"m","prompt":"x",  "logit_bias":{ "50256" : -1.0e2 }, "n":1}}',
    '{"custom_id": "@", "method": "POST", "url": "/v1/chat/completions", "body": {"model": "old", '
    '"messages": [{"role": "user", "content": "Hi"}]}}',
)

SAFE: Final = (
    restorable("invalid_method", '"POST"', '"post"'),
    restorable("invalid_method", '"POST"', '" Post\\t"'),
    Fault("missing_line_member", '"method": "POST", ', "", "", end=', "method": "POST"'),
    restorable("invalid_url", '"/v1/', '"/'),
    restorable("invalid_url", '"/v1/', '"v1/'),
    restorable("invalid_url", '"/v1/', '"https://api.openai.com/v1/'),
    restorable("invalid_url", 's", "body"', 's/", "body"'),
    removable("streaming_unsupported", '"stream": true, ', MODEL),
    removable("streaming_unsupported", '"stream_options": {"x": [1]}, "stream": true,', MODEL),
    removable("unknown_parameter", '"nothing": null , ', MODEL),
    removable("unknown_line_member", '"note": null, ', URL),
    restorable("deprecated_parameter", '"max_completion_tokens": 1e2', '"max_tokens": 1e2'),
    restorable("moved_parameter", '"input": [', '"messages": ['),
    restorable("moved_parameter", '"max_output_tokens"', '"max_completion_tokens"'),
    restorable("moved_parameter", '"reasoning": {"effort": "low"}', '"reasoning_effort": "low"'),
    restorable(
        "moved_parameter",
        f'"text": {{"format": {{"type": "json_schema", {STRICT}}}}}',
        f'"response_format": {{"type": "json_schema", "json_schema": {{ {STRICT}}}}}',
    ),
    Fault("invalid_json_line", "", "", "", after=","),
    removable("invalid_json_line", "\ufeff", '{"custom_id'),
)

UNSAFE: Final = (
    restorable("unsupported_parameter", '"max_completion_tokens": 7', '"max_tokens": 7'),
    removable("unsupported_parameter", '"presence_penalty": 1, ', '"max_completion_tokens": 7'),
    removable("unrecognized_argument", '"reasoning_effort": "low", ', '"temperature": 1.50e0'),
    removable("stream_options_without_stream", '"stream_options": {"x": {} } , ', '"messages": ['),
    removable("max_tokens_twice", '"max_tokens": 7, ', '"max_completion_tokens": 1e2'),
    restorable(
        "deprecated_parameter",
        TOOLS + CHOICE,
        '"functions": [{"name": "f", "parameters": {} }], "function_call": {"name":"f"}',
    ),
    Fault("unknown_line_member", '"n":1}}', '"n":1}, "echo": false}', '"n":1, "echo": false}}'),
    removable("unknown_line_member", '"note": {"a": [2]}, ', URL),
    restorable("missing_line_member", '"url"', '"endpoint"'),
    restorable("missing_line_member", '"body"', '"payload"'),
    restorable("missing_line_member", '"custom_id"', '"customId"'),
    Fault("not_a_number", "1.50e0", "NaN", "null"),
    Fault("not_a_number", "1.50e0", "-Infinity", "null"),
    Fault("not_a_number", "1.50e0", "1e999", "null"),
    Fault("lone_surrogate", r"\u00e9 ", r"\ud83d ", r"\ufffd "),
    restorable("invalid_custom_id", '"custom_id": "@"', '"custom_id": @'),
    Fault("missing_line_member", '"custom_id": "@", ', "", "", end=', "custom_id": "#"'),
    Fault("empty_custom_id", '"@"', '""', '"#"'),
    Fault("duplicate_custom_id", '"@"', '"first"', '"#"'),
    Fault("model_shutdown", '"old"', '"gpt-5-chat-latest"', '"gpt-5.6-sol"'),
    restorable("invalid_json_schema", '], "additionalProperties": false} }', "]} }"),
    restorable(
        "invalid_json_schema", '"additionalProperties": false} }', '"additionalProperties": true} }'
    ),
    restorable("invalid_json_schema", '["a", "é"]', '["a"]'),
    restorable("invalid_function_parameters", '"x"], "additionalProperties": false}', '"x"]}'),
    restorable("invalid_function_parameters", '["x"]', "[]"),
)

#: The first line of every file. Other lines may repeat its custom_id.
FIRST: Final = LINES[0].replace("@", "first")

#: The rules whose fixes change the whole file.
FILE_RULES: Final = {"blank_line", "byte_order_mark", "not_a_batch_file", "not_utf8"}

#: The rules that report any file with several models and URLs.
UNFIXABLE: Final = {"mismatched_model", "mismatched_url"}


def possible_faults(line: str, faults: Iterable[Fault]) -> list[Fault]:
    """Return the faults that a line can have."""
    body = line[line.index('"body": ') + 8 : -1]
    encoded_body = restorable("invalid_body", body, json.dumps(body))
    return [
        fault for fault in (*faults, encoded_body) if not fault.old or line.count(fault.old) == 1
    ]


class Case(NamedTuple):
    """A line with faults, the line after its fixes, and the rules of the faults."""

    broken: str
    repaired: str
    rules: frozenset[str]


def make_case(line: str, faults: Iterable[Fault]) -> Case:
    """Put faults into a line. If faults overlap, only the first one is used."""
    broken = repaired = after = end = ""
    rules: set[str] = set()
    at = 0
    for start, fault in sorted((line.index(fault.old), fault) for fault in faults):
        if start < at or (fault.end and end) or (fault.after and after):
            continue
        broken += line[at:start] + fault.broken
        repaired += line[at:start] + fault.repaired
        at = start + len(fault.old)
        end += fault.end
        after += fault.after
        rules.add(fault.rule)
    rest = line[at:]
    return Case(f"{broken}{rest}{after}", f"{(repaired + rest)[:-1]}{end}}}", frozenset(rules))


@st.composite
def cases(draw: st.DrawFn, *faults: Fault) -> list[Case]:
    """Generate lines with up to five faults each. Only a fault makes custom_ids equal."""
    found = [Case(FIRST, FIRST, frozenset())]
    for number in range(draw(st.integers(1, 6))):
        line = draw(st.sampled_from(LINES))
        possible = st.sampled_from(possible_faults(line, faults))
        chosen = draw(st.lists(possible, max_size=5, unique=True))
        found.append(make_case(line, chosen))
        found[-1] = found[-1]._replace(
            broken=found[-1].broken.replace("@", str(number)),
            repaired=found[-1].repaired.replace("@", str(number)),
        )
    return found


def counted_rules(rules: frozenset[str]) -> frozenset[str]:
    """Return the rules whose fixes are counted. The fix for `stream` removes `stream_options` too."""
    has_both = "streaming_unsupported" in rules
    return rules - {"stream_options_without_stream"} if has_both else rules


def run_fix(data: bytes, *, unsafe: bool = False) -> bytes:
    target = io.BytesIO()
    fix(data, target, unsafe=unsafe)
    return target.getvalue()


def assert_repaired(report: FixReport, result: bytes, repaired: str, rules: Iterable[str]) -> None:
    """Verify that a repaired file is as expected, and contains none of its faults."""
    expected = re.escape(repaired).replace(r"\#", r"(?:first-|request-)\d+")
    assert re.fullmatch(expected, result.decode())
    assert {*rules} <= report.fixed.keys()
    after = check(result, keep=0)
    assert {error.rule for error in after.errors} <= UNFIXABLE
    assert not {error.rule for error in after.warnings} & {*rules}
    assert after.fixable == {}


# -- each fault by itself -------------------------------------------------------------------------


def test_lines_are_valid() -> None:
    for line in LINES:
        report = check(line.replace("@", "a").encode())
        assert (report.errors, report.warnings) == ((), ())


def test_every_fix_has_a_fault() -> None:
    assert {fault.rule for fault in (*SAFE, *UNSAFE)} | FILE_RULES | {"invalid_body"} == FIXABLE


@pytest.mark.parametrize(
    "fault", [*SAFE, *UNSAFE], ids=lambda fault: f"{fault.rule} {fault.broken}"
)
def test_fix_undoes_the_fault(fault: Fault) -> None:
    lines = [line for line in LINES if fault in possible_faults(line, [fault])]
    assert lines
    for line in lines:
        case = make_case(line, [fault])
        data = f"{FIRST}\n{case.broken}\n".replace("@", "1").encode()
        report = fix(data, None, unsafe=True)

        assert_repaired(
            report,
            run_fix(data, unsafe=True),
            f"{FIRST}\n{case.repaired}\n".replace("@", "1"),
            case.rules,
        )
        is_fixed = run_fix(data) != data
        assert is_fixed == (fault in SAFE)


# -- many faults together -------------------------------------------------------------------------


@settings(max_examples=100)
@given(
    cases(*SAFE).map(lambda found: (found, False))
    | cases(*SAFE, *UNSAFE).map(lambda found: (found, True)),
    st.sampled_from(["\n", "\r\n"]),
    st.booleans(),
    st.booleans(),
    st.booleans(),
)
def test_fix_restores_the_original_file(
    lines_and_safety: tuple[list[Case], bool], end: str, mark: bool, blank: bool, ends: bool
) -> None:
    lines, unsafe = lines_and_safety
    between = end + " \t" * blank + end if blank else end
    data = ("\ufeff" * mark + between.join(line.broken for line in lines) + end * ends).encode()
    rules = {rule for line in lines for rule in counted_rules(line.rules)}
    report = fix(data, None, unsafe=unsafe)
    result = run_fix(data, unsafe=unsafe)

    assert_repaired(report, result, end.join(line.repaired for line in lines) + end * ends, rules)
    custom_ids = [json.loads(line)["custom_id"] for line in result.splitlines()]
    assert len({*custom_ids}) == len(custom_ids)
    assert run_fix(result, unsafe=unsafe) == result


@given(cases(*UNSAFE))
def test_unsafe_fixes_are_applied_only_on_request(lines: list[Case]) -> None:
    data = "\n".join(line.broken for line in lines if "invalid_body" not in line.rules).encode()

    assert run_fix(data) == data


@settings(max_examples=40)
@given(cases(*SAFE), st.sampled_from([None, 1, 4]), st.sampled_from(["utf-8", "utf-16"]))
def test_array_of_broken_requests_becomes_equivalent_lines(
    lines: list[Case], indent: int | None, encoding: str
) -> None:
    requests = [json.loads(line.broken.strip("\ufeff, ")) for line in lines]
    result = run_fix(json.dumps(requests, indent=indent).encode(encoding))

    after = [json.loads(line) for line in result.splitlines()]
    assert after == [json.loads(line.repaired) for line in lines]


# -- any file -------------------------------------------------------------------------------------


@settings(max_examples=60)
@given(ANY_FILE, st.booleans())
def test_fixing_is_idempotent(data: bytes, unsafe: bool) -> None:
    first_run = run_fix(data, unsafe=unsafe)

    assert run_fix(first_run, unsafe=unsafe) == first_run


@settings(max_examples=40)
@given(ANY_FILE)
def test_lines_without_a_fix_are_unchanged(data: bytes) -> None:
    report = check(data, keep=0)
    fixable_lines = {
        error.line for error in (*report.errors, *report.warnings) if error.fix is not None
    }
    if None in fixable_lines or any(
        error.rule == "deprecated_parameter" for error in report.warnings
    ):
        return
    lines = data.split(b"\n")
    kept = [line for number, line in enumerate(lines, 1) if number not in fixable_lines]
    result = iter(run_fix(data).split(b"\n"))

    # A line with only byte order marks may become the first line, where a fix removes one.
    assert all(line in result for line in kept if line.strip(b"\xef\xbb\xbf \t\r"))


@settings(max_examples=40)
@given(ANY_FILE, st.booleans())
def test_fixes_cause_no_new_upload_errors(data: bytes, unsafe: bool) -> None:
    """A valid upload stays valid, unless fixes reveal that the file has no requests."""
    before = check(data)
    after = check(run_fix(data, unsafe=unsafe))

    upload = {error.rule for error in after.errors if error.fails == "upload"}
    assert upload <= {error.rule for error in before.errors} | {"empty_file"}
