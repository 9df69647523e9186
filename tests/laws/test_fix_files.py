"""The laws about fixes, for all fixtures and the files in `BATCHLINT_LAW_FILES`.

Each test runs with safe fixes only, and with all fixes. Lines without a fixable finding must not
change. In other lines, the decoded value matches the documentation (`fix_model.py`), and
numbers and strings keep their spelling. The fixed file has no fixable findings, and a second run
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
from laws.fix_model import NEW_ID, apply_documented_fixes, decode
from laws.law_files import EXTRA_FILES, FILES, file_id
from support import URLS

#: All strings that fixes can write.
STRINGS_IN_FIXES: Final = {
    *URLS,
    *successors().values(),
    *("method", "POST", "custom_id", "url", "body", "\ufffd", "required", "additionalProperties"),
    *("max_completion_tokens", "max_output_tokens", "tools", "tool_choice", "type", "function"),
    *("input", "text", "format", "strict", "reasoning", "effort"),
}

#: Rules whose findings can disappear because a finding of another rule is fixed.
FIXED_BY_OTHER_RULES: Final = {
    "stream_options_without_stream",
    "max_tokens_twice",
    "deprecated_parameter",
}

TOKEN: Final = re.compile(r'"(?:[^"\\]|\\.)*"|-?(?:\d[\d.eE+-]*|Infinity)|NaN', re.DOTALL)


def run_fix(data: bytes, *, unsafe: bool) -> tuple[bytes, FixReport]:
    target = io.BytesIO()
    report = fix(data, target, unsafe=unsafe, keep=0)
    return target.getvalue(), report


def fixable(report: Report, *, unsafe: bool) -> list[BatchError]:
    return [
        error
        for error in (*report.errors, *report.warnings)
        if error.fix is not None and (unsafe or error.fix.safety == "safe")
    ]


def tokens_of(text: str) -> Iterator[str]:
    """Yield number and string tokens, including those in strings that contain a JSON object."""
    for token in TOKEN.findall(text):
        yield token
        if token.startswith('"'):
            inner = decode_token(token)
            if inner.strip().startswith("{"):
                yield from tokens_of(inner)


def decode_token(token: str) -> str:
    try:
        return str(json.loads(token, strict=False))
    except ValueError:  # A control character, or an invalid escape.
        return token


def assert_spelling_is_kept(before: str, after: str) -> None:
    """Verify that every number and string is spelled as before or written by a fix."""
    old = {*tokens_of(before)}
    values = {decode_token(token) for token in old if token.startswith('"')}
    for token in tokens_of(after):
        if token in old:
            continue
        assert token.startswith('"'), token
        value = decode_token(token)
        is_new_id = re.fullmatch(r"request-\d+|.*-\d+", value, re.DOTALL)
        is_key = value in values  # Property names in `required`.
        is_number = value in old  # A custom_id that was a number.
        assert value in STRINGS_IN_FIXES or is_new_id or is_key or is_number or "\ufffd" in value, (
            token
        )


def as_text(data: bytes) -> str:
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data.decode("utf-16")
    return data.decode("utf-8", "surrogateescape")


def objects(text: str) -> list[dict[str, Any]]:
    """Return the objects in a JSON array or in pretty-printed JSON."""
    found: list[dict[str, Any]] = []
    at = 0
    while match := re.compile(r"[\s,\[\]\ufeff]*(?=\{)").match(text, at):
        value, at = json.JSONDecoder().raw_decode(text, match.end())
        found.append(value)
    return found


def assert_equals_model(
    before: dict[str, Any], after: str, *, unsafe: bool, has_new_id: bool
) -> None:
    """Verify that a fixed request, and the order of its fields, match the documentation."""
    expected = apply_documented_fixes(before, unsafe=unsafe)
    result = json.loads(after)
    if expected.get("custom_id") == NEW_ID or has_new_id:
        assert isinstance(result["custom_id"], str)
        expected["custom_id"] = result["custom_id"]
    assert json.dumps(result) == json.dumps(expected)


def assert_lines(before: bytes, after: bytes, *, unsafe: bool) -> None:
    """Compare a file's lines before and after its fixes."""
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
        new = apply_documented_fixes(request, unsafe=unsafe)
        custom_id = new.get("custom_id")
        repeats = unsafe and isinstance(custom_id, str) and custom_id in ids
        if isinstance(custom_id, str) and custom_id:
            ids.add(custom_id)
        assert_equals_model(request, result.decode(), unsafe=unsafe, has_new_id=repeats)
        is_same = json.dumps(new) == json.dumps(request) and not repeats
        if (
            is_same
            and text.strip(" \t\r").startswith("{")
            and not text.strip(" \t\r").endswith(",")
        ):
            assert result == line or not is_strict_json(text)
    assert b"".join(rest) == b""


def is_strict_json(text: str) -> bool:
    return decode(text, unsafe=False) is not None


@pytest.mark.parametrize("unsafe", [False, True], ids=["safe", "unsafe"])
@pytest.mark.parametrize("path", FILES, ids=file_id)
def test_fixed_file_matches_the_documentation(path: Path, unsafe: bool) -> None:
    before = path.read_bytes()
    report = check(before, keep=0)
    after, result = run_fix(before, unsafe=unsafe)
    to_fix = fixable(report, unsafe=unsafe)

    assert result.changed == (after != before) == bool(to_fix)
    assert run_fix(after, unsafe=unsafe)[0] == after
    assert fixable(check(after, keep=0), unsafe=unsafe) == []
    assert {error.rule for error in to_fix} <= {*result.fixed, *FIXED_BY_OTHER_RULES}
    if not to_fix:
        return
    file_errors = [error for error in to_fix if error.line is None]
    assert_spelling_is_kept(as_text(before), as_text(after))
    if not file_errors:
        assert_lines(before, after, unsafe=unsafe)
        return
    lines = after.decode().splitlines() if file_errors[0].rule == "not_a_batch_file" else []
    for request, line in zip(objects(as_text(before)), lines, strict=bool(lines)):
        assert_equals_model(request, line, unsafe=unsafe, has_new_id=False)
    if not lines:
        assert_lines(as_text(before).removeprefix("\ufeff").encode(), after, unsafe=unsafe)


def test_extra_law_directories_contain_files() -> None:
    assert bool(EXTRA_FILES) == bool(os.environ.get("BATCHLINT_LAW_FILES"))
