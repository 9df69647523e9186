"""What the tests share: where the fixtures are, what a request looks like, and how the command is run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from batchlint.findings import Found
from batchlint.rules import RULES, Request, waking
from batchlint.rules.size import LONG_LINE
from batchlint.rules.waking import EndpointRules

ROOT = Path(__file__).parents[1]
FIXTURES = ROOT / "fixtures"

#: 2026-09-01, the day on which the tests are run (`conftest.py`): models have shutdown dates.
NOW = 1_788_220_800

#: A body that nothing is said about, for each endpoint.
BODIES: dict[str, dict[str, Any]] = {
    "/v1/responses": {"model": "m", "input": "Hi"},
    "/v1/chat/completions": {"model": "m", "messages": [{"role": "user", "content": "Hi"}]},
    "/v1/embeddings": {"model": "m", "input": "x"},
    "/v1/completions": {"model": "m", "prompt": "x"},
    "/v1/moderations": {"model": "m", "input": "x"},
    "/v1/images/generations": {"model": "m", "prompt": "x"},
    "/v1/images/edits": {"model": "m", "prompt": "x", "images": [{"file_id": "file-1"}]},
    "/v1/videos": {"model": "m", "prompt": "x"},
}


def request(custom_id: Any = "a", url: str = "/v1/embeddings", **body: Any) -> dict[str, Any]:
    """A good request, but for the members of the body that are given."""
    return {"custom_id": custom_id, "method": "POST", "url": url, "body": BODIES[url] | body}


def line(custom_id: Any = "a", url: str = "/v1/embeddings", **body: Any) -> bytes:
    """A good request as a line, but for the members of the body that are given."""
    return json.dumps(request(custom_id, url, **body)).encode() + b"\n"


def rows(path: Path) -> list[dict[str, Any]]:
    """The rows of a JSONL file."""
    return [json.loads(text) for text in path.read_bytes().split(b"\n") if text.strip()]


def inputs(*folders: str) -> list[Path]:
    """The files of these folders of `fixtures/`, without the texts that stand beside them."""
    return [path for folder in folders for path in sorted((FIXTURES / folder).iterdir())
            if path.is_file() and path.suffix in (".jsonl", ".json")]


class Ran(NamedTuple):
    """What came of a run of the command."""

    status: int
    out: str
    err: str


def command(
    *args: str | bytes, stdin: bytes = b"", cwd: Path | None = None, env: Mapping[str, str] | None = None
) -> Ran:
    """Run the command as users do, in a process of its own; whatever happens, no traceback is shown."""
    made = subprocess.run([sys.executable, "-m", "batchlint", *args], input=stdin, capture_output=True, cwd=cwd,
                          env={**os.environ, **(env or {})}, timeout=60, check=False)
    ran = Ran(made.returncode, made.stdout.decode("utf-8", "replace"), made.stderr.decode("utf-8", "replace"))
    assert "Traceback" not in ran.err, ran.err
    return ran


@cache
def _rules(rule: str, url: str) -> EndpointRules:
    return EndpointRules(url, [RULES[rule]])


def awake(rules: EndpointRules, request: Request) -> list[str]:
    """The rules that have to look at a request."""
    groups = rules.groups(request.body, unmarked=rules.is_unmarked(request.body), long=request.size >= LONG_LINE)
    return [name for name, _ in waking.awake(groups, request)]


def said(rule: str, url: str, body: dict[str, Any]) -> list[Found]:
    """What a rule says of a body; where the body does not wake it, that it would have said nothing."""
    made = RULES[rule]
    if made.check is None or (made.urls and url not in made.urls):
        return []
    found = list(made.check(Request(url, body, 0, {})))
    assert awake(_rules(rule, url), Request(url, body, 0, {})) == [rule] or not found, f"{rule} slept"
    return found


def found(rule: str, url: str, body: dict[str, Any]) -> list[tuple[str, str | None, Any]]:
    """What a rule says of a body: (message, param, place in the body)."""
    return [(hit.message, hit.param, (hit.path or ())[1:]) for hit in said(rule, url, body)]
