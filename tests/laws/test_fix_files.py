"""The laws of fixes, for every file of the fixtures and of the folders in `BATCHLINT_LAW_FILES`.

For each file, safely and unsafely: a line without a fixable finding is unchanged, byte for byte. In
all other lines, the decoded value is what the documentation promises (`fix_model.py`), and numbers
and strings keep their spelling. Marked findings are gone, no others are marked, and a second run
changes nothing.
"""

from __future__ import annotations

import io
import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from batchlint import BatchError, FixReport, Report, check, fix
from batchlint.providers import successors
from laws.fix_model import NEW_ID, decode, documented
from laws.law_files import FILES, FURTHER, name_of
from support import URLS

#: The strings that fixes write.
WRITTEN: Final = {
    *URLS,
    *successors().values(),
    *("method", "POST", "custom_id", "url", "body", "\ufffd", "required", "additionalProperties"),
    *("max_completion_tokens", "max_output_tokens", "tools", "tool_choice", "type", "function"),
    *("input", "text", "format", "reasoning", "effort"),
}

#: Rules whose finding may be gone because that of another rule was fixed.
ABSORBED: Final = {"stream_options_without_stream", "max_tokens_twice", "deprecated_parameter"}

TOKEN: Final = re.compile(r'"(?:[^"\\]|\\.)*"|-?(?:\d[\d.eE+-]*|Infinity)|NaN', re.DOTALL)


def fixed(data: bytes, *, unsafe: bool) -> tuple[bytes, FixReport]:
    target = io.BytesIO()
    report = fix(data, target, unsafe=unsafe, keep=0)
    return target.getvalue(), report


def marked(report: Report, *, unsafe: bool) -> list[BatchError]:
    return [
        error
        for error in (*report.errors, *report.warnings)
        if error.fix is not None and (unsafe or error.fix.safety == "safe")
    ]


def tokens_of(text: str) -> Iterator[str]:
    """The numbers and strings of a text as they are spelled, also those in a string of JSON."""
    for token in TOKEN.findall(text):
        yield token
        if token.startswith('"'):
            held = decoded(token)
            if held.strip().startswith("{"):
                yield from tokens_of(held)


def decoded(token: str) -> str:
    try:
        return str(json.loads(token, strict=False))
    except ValueError:  # A control character, or an escape that JSON does not have.
        return token


def assert_spelled_as_before(before: str, after: str) -> None:
    """Numbers and strings are copied, apart from those that fixes write."""
    old = {*tokens_of(before)}
    values = {decoded(token) for token in old if token.startswith('"')}
    for token in tokens_of(after):
        if token in old:
            continue
        assert token.startswith('"'), token
        value = decoded(token)
        is_new_id = re.fullmatch(r"request-\d+|.*-\d+", value, re.DOTALL)
        is_key = value in values  # Names of properties, in `required`.
        is_number = value in old  # A custom_id that was a number.
        assert value in WRITTEN or is_new_id or is_key or is_number or "\ufffd" in value, token


def as_text(data: bytes) -> str:
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data.decode("utf-16")
    return data.decode("utf-8", "surrogateescape")


def objects(text: str) -> list[dict[str, Any]]:
    """The objects of a JSON array, or of pretty-printed JSON."""
    found: list[dict[str, Any]] = []
    at = 0
    while match := re.compile(r"[\s,\[\]\ufeff]*(?=\{)").match(text, at):
        value, at = json.JSONDecoder().raw_decode(text, match.end())
        found.append(value)
    return found


def assert_means(before: dict[str, Any], after: str, *, unsafe: bool, other_id: bool) -> None:
    """A fixed request is what the documentation says, in the order that it says."""
    expected = documented(before, unsafe=unsafe)
    result = json.loads(after)
    if expected.get("custom_id") == NEW_ID or other_id:
        assert isinstance(result["custom_id"], str)
        expected["custom_id"] = result["custom_id"]
    assert json.dumps(result) == json.dumps(expected)


def assert_lines(before: bytes, after: bytes, *, unsafe: bool) -> None:
    """Compare the lines of a file before and after its fixes."""
    rest = iter(after.split(b"\n"))
    ids: set[str] = set()
    for number, line in enumerate(before.split(b"\n")):
        is_last = number == before.count(b"\n")
        if not line.strip(b" \t\r") and not is_last:
            continue
        result = next(rest, b"")
        if is_last and not line.strip(b" \t\r"):
            assert not result
            break
        try:
            text = line.decode()
            request = decode(text, unsafe=unsafe)
        except (UnicodeDecodeError, RecursionError):
            request = None
        if request is None:
            without_mark = line.removeprefix(b"\xef\xbb\xbf") if not number else line
            assert result == without_mark
            continue
        new = documented(request, unsafe=unsafe)
        custom_id = new.get("custom_id")
        repeats = unsafe and isinstance(custom_id, str) and custom_id in ids
        if isinstance(custom_id, str) and custom_id:
            ids.add(custom_id)
        assert_means(request, result.decode(), unsafe=unsafe, other_id=repeats)
        is_same = json.dumps(new) == json.dumps(request) and not repeats
        if (
            is_same
            and text.strip(" \t\r").startswith("{")
            and not text.strip(" \t\r").endswith(",")
        ):
            assert result == line or not json_is_strict(text)
    assert b"".join(rest) == b""


def json_is_strict(text: str) -> bool:
    return decode(text, unsafe=False) is not None


@pytest.mark.parametrize("unsafe", [False, True], ids=["safe", "unsafe"])
@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_fixed_file_matches_the_documentation(path: Path, unsafe: bool) -> None:
    before = path.read_bytes()
    report = check(before, keep=0)
    after, result = fixed(before, unsafe=unsafe)
    promised = marked(report, unsafe=unsafe)

    assert result.changed == (after != before) == bool(promised)
    assert fixed(after, unsafe=unsafe)[0] == after
    assert marked(check(after, keep=0), unsafe=unsafe) == []
    assert {error.rule for error in promised} <= {*result.fixed, *ABSORBED}
    if not promised:
        return
    forms = [error for error in promised if error.line is None]
    assert_spelled_as_before(as_text(before), as_text(after))
    if not forms:
        assert_lines(before, after, unsafe=unsafe)
        return
    lines = after.decode().splitlines() if forms[0].rule == "not_a_batch_file" else []
    for request, line in zip(objects(as_text(before)), lines, strict=bool(lines)):
        assert_means(request, line, unsafe=unsafe, other_id=False)
    if not lines:
        assert_lines(as_text(before).removeprefix("\ufeff").encode(), after, unsafe=unsafe)


def test_extra_law_directories_contain_files() -> None:
    assert bool(FURTHER) == bool(os.environ.get("BATCHLINT_LAW_FILES"))
