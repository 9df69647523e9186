"""Shared test helpers: fixture files, sample requests, and functions that run the command."""

from __future__ import annotations

import cProfile
import gc
import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final, NamedTuple

from batchlint.findings import Problem
from batchlint.providers import provider
from batchlint.rules import RULES
from batchlint.rules.registry import Request
from batchlint.rules.triggers import EndpointRules, checks_to_run

ROOT: Final = Path(__file__).parents[1]
FIXTURES: Final = ROOT / "fixtures"

#: The time at which every test runs, 2026-09-01 (see `conftest.py`). It is fixed because models
#: have shutdown dates.
NOW: Final = 1_788_220_800

#: Some of the characters that manipulate a terminal or a table, or are invisible.
HOSTILE: Final = (
    "\n\r\x1b\x00\x7f\x85\x9b"  # control characters
    "\u061c\u200e\u202e\u2066\u2028"  # text direction, and a line separator
    "\u00ad\u034f\u115f\u200b\u200d\u2060\u3164\ufe0f\ufeff\uffa0"  # invisible
    "\U000e0041\U000e0100\U0001d173"  # tags, variation selectors, musical controls
)

#: The batch endpoints.
URLS: Final = list(provider().endpoints)

#: A body without findings for each endpoint.
BODIES: Final[dict[str, dict[str, Any]]] = {
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
    """Return a valid request, with the given parameters added to its body."""
    return {"custom_id": custom_id, "method": "POST", "url": url, "body": BODIES[url] | body}


def line(custom_id: Any = "a", url: str = "/v1/embeddings", **body: Any) -> bytes:
    """Return a valid request as a line, with the given parameters added to its body."""
    return json.dumps(request(custom_id, url, **body)).encode() + b"\n"


def example_lines(example: str) -> bytes:
    """Return a rule's example as lines. `/v1/x {...}` means a line with this URL and body."""
    lines = []
    for number, text in enumerate(example.split("\n")):
        url, _, body = text.partition(" ")
        if url.startswith("/v1/"):
            start = f'{{"custom_id": "{number}", "method": "POST"'
            lines.append(f'{start}, "url": "{url}", "body": {body}}}')
        else:
            lines.append(text)
    return "\n".join(lines).encode() + b"\n"


def rows(path: Path) -> list[dict[str, Any]]:
    """Return the rows of a JSONL file."""
    return [json.loads(text) for text in path.read_bytes().split(b"\n") if text.strip()]


def fixture_files(*directories: str) -> list[Path]:
    """Return the batch files that are directly in these subdirectories of `fixtures/`."""
    return [
        path
        for directory in directories
        for path in sorted((FIXTURES / directory).iterdir())
        if path.is_file() and path.suffix in (".jsonl", ".json")
    ]


# -- the command ----------------------------------------------------------------------------------


class CommandResult(NamedTuple):
    """The result of running the command."""

    status: int
    out: str
    err: str


def run_command(
    *args: str | bytes,
    stdin: bytes = b"",
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
) -> CommandResult:
    """Run the command in a separate process, and verify that it prints no traceback."""
    completed = subprocess.run(
        [sys.executable, "-m", "batchlint", *args],
        input=stdin,
        capture_output=True,
        cwd=cwd,
        env={**os.environ, **(env or {})},
        timeout=60,
        check=False,
    )
    result = CommandResult(
        completed.returncode,
        completed.stdout.decode("utf-8", "replace"),
        completed.stderr.decode("utf-8", "replace"),
    )
    assert "Traceback" not in result.err, result.err
    return result


# -- rules ----------------------------------------------------------------------------------------


@cache
def _rules_for(url: str, rule: str) -> EndpointRules:
    return EndpointRules(provider().endpoints[url], [RULES[rule]])


def triggered_rules(rules: EndpointRules, request: Request) -> list[str]:
    """Return the names of the rules that have to check a request."""
    groups = rules.triggered(
        request.body, quiet=rules.is_quiet(request.body), line_bytes=request.line_bytes
    )
    return [name for name, _ in checks_to_run(groups, request)]


def run_rule(rule: str, url: str, body: dict[str, Any]) -> list[Problem]:
    """Run one rule on a body. If the rule finds a problem, the body must have triggered it."""
    endpoint = provider().endpoints[url]
    chosen = RULES[rule]
    if chosen.scope == "schema" or (chosen.endpoints and endpoint not in chosen.endpoints):
        return []
    request = Request(endpoint, body)
    problems = list(chosen.check(request))
    triggered = triggered_rules(_rules_for(url, rule), request) == [rule]
    assert triggered or not problems, f"{rule} was not triggered"
    return problems


def rule_findings(
    rule: str, url: str, body: dict[str, Any]
) -> list[tuple[str, str | None, tuple[str | int, ...]]]:
    """Run one rule on a body, and return (message, param, path). `param` and `path` start at the body."""
    found = []
    for problem in run_rule(rule, url, body):
        param = problem.param
        assert param is None or param == "body" or param.startswith("body."), param
        param = None if param is None else param.removeprefix("body").removeprefix(".")
        found.append((problem.message, param, (problem.path or ())[1:]))
    return found


def count_calls(function: Callable[..., object], *args: object) -> int:
    """Count the function calls that a call makes. Unlike time, this measure is reproducible."""
    with cProfile.Profile() as profile:
        function(*args)
    return sum(entry.callcount for entry in profile.getstats())


def count_garbage(function: Callable[..., object], *args: object) -> int:
    """Count the objects in reference cycles that a call leaves behind."""
    function(*args)  # Import modules and fill caches.
    gc.collect()
    gc.disable()
    try:
        function(*args)
        return gc.collect()
    finally:
        gc.enable()


def assert_linear_work(function: Callable[[int], object], size: int) -> None:
    """Verify that twice the input causes less than three times as many function calls."""
    function(1)  # Import modules and fill caches.
    calls = count_calls(function, size)
    assert count_calls(function, 2 * size) < 3 * calls
