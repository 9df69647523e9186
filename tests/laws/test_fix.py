"""Fixes undo faults, and touch nothing else.

Faults of every kind that a safe fix repairs are put into valid lines. Where the fault changed the
text in a way that can be undone, the repaired line is the original one, byte for byte.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from typing import Final, NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from batchlint import check, fix
from strategies import ANY_FILE

CHAT: Final = "/v1/chat/completions"


class Fault(NamedTuple):
    """A fault of a line.

    Attributes:
        make: puts it into a line.
        undone: the line after its repair; None if that is the original one.
    """

    make: Callable[[str], str]
    undone: Callable[[str], str] | None = None


def swapped(old: str, new: str) -> Callable[[str], str]:
    return lambda line: line.replace(old, new, 1)


def with_body_in_a_string(line: str) -> str:
    """The body is the last field of the line."""
    if not line.endswith("}}"):
        return line
    start, body = line.split('"body": ', 1)
    return f'{start}"body": {json.dumps(body[:-1])}}}'


FAULTS: Final = (
    Fault(swapped('"POST"', '"post"')),
    Fault(swapped('"POST"', '" Post"')),
    Fault(
        swapped('"method": "POST", ', ""),
        lambda line: line.replace('"method": "POST", ', "", 1)[:-1] + ', "method": "POST"}',
    ),
    Fault(swapped('"/v1/', '"/')),
    Fault(swapped('"/v1/', '"v1/')),
    Fault(swapped('"/v1/', '"https://api.openai.com/v1/')),
    Fault(swapped('completions"', 'completions/"')),
    Fault(with_body_in_a_string),
    Fault(swapped('"model": ', '"stream": true, "model": ')),
    Fault(swapped('"model": ', '"stream_options": {}, "stream": true, "model": ')),
    Fault(swapped('"model": ', '"nothing": null, "model": ')),
    Fault(swapped('"url": ', '"note": null, "url": ')),
    Fault(swapped("max_completion_tokens", "max_tokens")),
    Fault(lambda line: f"{line},"),
)

#: Texts that decoding and writing again would change.
LINES: Final = [
    '{"custom_id": "@", "method": "POST", "url": "/v1/chat/completions", "body": {"model": '
    '"gpt-4o-mini", "messages": [{"role": "user", "content": "\\u00e9 \\/ é"}], '
    '"temperature": 1.50e0, "max_completion_tokens": 1e2}}',
    '{"custom_id": "@", "method": "POST", "url": "/v1/completions", "body": {"model": '
    '"gpt-3.5-turbo-instruct","prompt":"x",  "logit_bias":{ "50256" : -1.0e2 }, "n":1}}',
]


class Case(NamedTuple):
    """A line, with faults and without."""

    broken: str
    repaired: str


@st.composite
def cases(draw: st.DrawFn) -> list[Case]:
    """Lines with up to three faults each; some have none. Their custom_ids differ."""
    found = []
    for number in range(draw(st.integers(1, 6))):
        line = draw(st.sampled_from(LINES)).replace("@", str(number))
        broken = repaired = line
        for fault in draw(st.lists(st.sampled_from(FAULTS), max_size=3, unique=True)):
            changed = fault.make(broken)
            if changed != broken and (fault.undone is None or broken == line):
                broken = changed
                if fault.undone is not None:
                    repaired = fault.undone(repaired)
                    break
        found.append(Case(broken, repaired))
    return found


def fixed(data: bytes, *, unsafe: bool = False) -> bytes:
    target = io.BytesIO()
    fix(data, target, unsafe=unsafe)
    return target.getvalue()


@settings(max_examples=100)
@given(cases(), st.sampled_from(["\n", "\r\n"]), st.booleans(), st.booleans(), st.booleans())
def test_fix_restores_the_original_file(
    lines: list[Case], end: str, mark: bool, blank: bool, ends: bool
) -> None:
    between = end + " \t" * blank + end if blank else end
    broken = "\ufeff" * mark + between.join(line.broken for line in lines) + end * ends
    repaired = end.join(line.repaired for line in lines) + end * ends
    result = fixed(broken.encode())

    assert result.decode() == repaired
    found = {error.rule for error in check(result).errors}
    assert found <= {"mismatched_url", "mismatched_model"}


@settings(max_examples=40)
@given(cases(), st.sampled_from([None, 1, 4]), st.sampled_from(["utf-8", "utf-16"]))
def test_array_of_broken_requests_becomes_equivalent_lines(
    lines: list[Case], indent: int | None, encoding: str
) -> None:
    requests = [json.loads(line.broken.rstrip(",")) for line in lines]
    result = fixed(json.dumps(requests, indent=indent).encode(encoding))

    after = [json.loads(line) for line in result.splitlines()]
    assert after == [json.loads(line.repaired) for line in lines]


@settings(max_examples=60)
@given(ANY_FILE, st.booleans())
def test_fixing_is_idempotent(data: bytes, unsafe: bool) -> None:
    once = fixed(data, unsafe=unsafe)

    assert fixed(once, unsafe=unsafe) == once


@settings(max_examples=40)
@given(ANY_FILE)
def test_lines_without_a_fix_stay_byte_for_byte(data: bytes) -> None:
    report = check(data, keep=0)
    wrong = {error.line for error in (*report.errors, *report.warnings) if error.fix is not None}
    if None in wrong or any(error.rule == "deprecated_parameter" for error in report.warnings):
        return
    lines = data.split(b"\n")
    kept = [line for number, line in enumerate(lines, 1) if number not in wrong]
    result = iter(fixed(data).split(b"\n"))

    assert all(line in result for line in kept if line)


@settings(max_examples=40)
@given(ANY_FILE, st.booleans())
def test_fixes_cause_no_new_upload_errors(data: bytes, unsafe: bool) -> None:
    """A file that could be uploaded still can, unless fixes reveal that it has no requests."""
    before = check(data)
    after = check(fixed(data, unsafe=unsafe))

    upload = {error.rule for error in after.errors if error.fails == "upload"}
    assert upload <= {error.rule for error in before.errors} | {"empty_file"}
