"""Every file in `fixtures/fix/` is a test: `NAME.before.jsonl` is repaired to `NAME.after.jsonl`.

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


def repaired(data: bytes, *, unsafe: bool) -> bytes:
    target = io.BytesIO()
    fix(data, target, unsafe=unsafe)
    return target.getvalue()


def after(path: Path) -> bytes:
    return path.with_name(f"{name(path)}.after.jsonl").read_bytes()


# -- what a request means, written without the package --------------------------------------------


def objects(data: bytes) -> list[dict[str, Any]]:
    """The requests of a file in any form."""
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
    """A request in a canonical form, which is the same for equivalent parameters."""
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
        form = body.pop("response_format")
        body["text"] = {"format": {"type": form["type"], **form.get("json_schema", {})}}
    url = str(request["url"]).strip()
    fitting = [each for each in URLS if url.rstrip("/").endswith(each.removeprefix("/v1/"))]
    meant = max(fitting, key=len)
    method = request.get("method", "POST").strip().upper()
    whole = {**request, "method": method, "url": meant, "body": body}
    found: dict[str, Any] = without_unknown_nulls(whole)
    return found


# -- fixtures -------------------------------------------------------------------------------------


def test_all_fixture_directories_have_files() -> None:
    assert len(SAFE) > 15
    assert len(UNSAFE) > 10


@pytest.mark.parametrize("path", SAFE, ids=name)
def test_safe_fix_keeps_the_meaning(path: Path) -> None:
    before = path.read_bytes()
    result = repaired(before, unsafe=False)

    assert result == after(path)
    assert [*map(meaning, objects(result))] == [*map(meaning, objects(before))]


@pytest.mark.parametrize("path", UNSAFE, ids=name)
def test_unsafe_fix_is_only_applied_on_request(path: Path) -> None:
    before = path.read_bytes()

    assert repaired(before, unsafe=False) == before
    assert repaired(before, unsafe=True) == after(path) != before


@pytest.mark.parametrize("path", [*SAFE, *UNSAFE], ids=name)
def test_fixed_file_has_no_findings_and_is_not_changed_again(path: Path) -> None:
    report = check(after(path))

    assert [*map(str, (*report.errors, *report.warnings))] == []
    assert repaired(after(path), unsafe=True) == after(path)


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
