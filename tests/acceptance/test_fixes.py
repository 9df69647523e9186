"""Tests with `fixtures/fix/`: `fix` turns `NAME.before.jsonl` into `NAME.after.jsonl`.

In `safe/`, the requests have the same meaning before and after. In `unsafe/`, safe fixes change
nothing.
"""

from __future__ import annotations

import io
import json
import re
from pathlib import Path
from typing import Any

import pytest

from batchlint import check, fix
from batchlint.findings import Safety
from fixable import FIXABLE
from support import FIXTURES, URLS

SAFE = sorted((FIXTURES / "fix" / "safe").glob("*.before.jsonl"))
UNSAFE = sorted((FIXTURES / "fix" / "unsafe").glob("*.before.jsonl"))


def name(path: Path) -> str:
    return path.name.partition(".")[0]


def run_fix(data: bytes, *, unsafe: bool) -> bytes:
    target = io.BytesIO()
    fix(data, target, unsafe=unsafe)
    return target.getvalue()


def after(path: Path) -> bytes:
    return path.with_name(f"{name(path)}.after.jsonl").read_bytes()


# -- the meaning of a request, determined without batchlint ---------------------------------------


def objects(data: bytes) -> list[dict[str, Any]]:
    """Return the requests in a file, which may be JSON Lines, an array or pretty-printed JSON."""
    encoding = "utf-16" if data[:1] in (b"\xff", b"\xfe") else "utf-8"
    text = data.decode(encoding).replace("\ufeff", "")
    found: list[dict[str, Any]] = []
    at = 0
    while match := re.compile(r"[\s,\[\]]*(?=\{)").match(text, at):
        value, at = json.JSONDecoder().raw_decode(text, match.end())
        found.append(value)
    assert not text[at:].strip(" \t\r\n,]")
    return found


def without_unknown_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: without_unknown_nulls(item) for key, item in value.items() if item is not None}
    return [without_unknown_nulls(item) for item in value] if isinstance(value, list) else value


def meaning(request: dict[str, Any]) -> dict[str, Any]:
    """Return a request in a canonical form, which is the same for equivalent requests."""
    body = request["body"]
    body = dict(json.loads(body) if isinstance(body, str) else body)
    if body.get("stream"):
        del body["stream"]
        body.pop("stream_options", None)
    for old, new in (
        ("max_tokens", "max_completion_tokens"),
        ("max_completion_tokens", "max_output_tokens"),
        ("messages", "input"),
    ):
        if body.get(old) is not None:
            body[new] = body.pop(old)
    if "reasoning_effort" in body:
        body["reasoning"] = {"effort": body.pop("reasoning_effort")}
    if "response_format" in body:
        response_format = body.pop("response_format")
        named = response_format.get("json_schema", {})
        if named and named.get("strict") is None:  # The default of /v1/responses is true.
            named = {**named, "strict": False}
        body["text"] = {"format": {"type": response_format["type"], **named}}
    url = str(request["url"]).strip()
    matching = [each for each in URLS if url.rstrip("/").endswith(each.removeprefix("/v1/"))]
    full_url = max(matching, key=len)
    method = request.get("method", "POST").strip().upper()
    canonical = {**request, "method": method, "url": full_url, "body": body}
    found: dict[str, Any] = without_unknown_nulls(canonical)
    return found


# -- fixtures -------------------------------------------------------------------------------------


def test_both_fixture_directories_have_files() -> None:
    assert len(SAFE) > 15
    assert len(UNSAFE) > 10


@pytest.mark.parametrize("path", SAFE, ids=name)
def test_safe_fix_gives_the_expected_file_and_keeps_the_meaning(path: Path) -> None:
    before = path.read_bytes()
    result = run_fix(before, unsafe=False)

    assert result == after(path)
    assert [*map(meaning, objects(result))] == [*map(meaning, objects(before))]


@pytest.mark.parametrize("path", UNSAFE, ids=name)
def test_unsafe_fix_is_applied_only_on_request(path: Path) -> None:
    before = path.read_bytes()

    assert run_fix(before, unsafe=False) == before
    assert run_fix(before, unsafe=True) == after(path) != before


@pytest.mark.parametrize("path", [*SAFE, *UNSAFE], ids=name)
def test_fixed_file_has_no_findings_and_needs_no_second_fix(path: Path) -> None:
    report = check(after(path))

    assert [*map(str, (*report.errors, *report.warnings))] == []
    assert run_fix(after(path), unsafe=True) == after(path)


@pytest.mark.parametrize("path", [*SAFE, *UNSAFE], ids=name)
def test_check_marks_fixable_findings(path: Path) -> None:
    report = check(path.read_bytes())
    safety: Safety = "safe" if path in SAFE else "unsafe"
    found = {
        error.fix.safety for error in (*report.errors, *report.warnings) if error.fix is not None
    }

    assert safety in found
    assert report.fixable[safety] > 0


def test_every_fixable_rule_has_a_fixture() -> None:
    fixed: set[str] = set()
    for path in (*SAFE, *UNSAFE):
        fixed |= {*fix(path, None, unsafe=True).fixed}

    assert fixed == FIXABLE
