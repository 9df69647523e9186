"""Patterns in schemas: what Python's `re` can compile, and how batchlint finds out."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from batchlint.structured.patterns import is_regex


@pytest.mark.parametrize(
    "pattern",
    [
        "(?<=a|bb)",
        "(?<!(?:a+))",
        "(?:b(?<=(?P<x>a?)))",
        "(?<=(?:a{65535}){65538})",
        "(?a)(?u)",
        "a{99999999999}",
        r"(a)\2",
        "(?L)a",
        "[z-a]",
    ],
)
def test_patterns_that_python_cannot_compile_are_invalid(pattern: str) -> None:
    with pytest.raises((re.error, ValueError, OverflowError)):
        re.compile(pattern)

    assert not is_regex(pattern)


@pytest.mark.parametrize("pattern", ["(?<=ab|cd)(?<!x)", "(?=a*)(?!b?)", "(?i)[a-z]", "[ä-ö]"])
def test_patterns_are_parsed_without_compiling_them(
    pattern: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A line of 3 KB took a quarter of a second to compile, so a file of 4 MB took minutes."""
    monkeypatch.setattr("re.compile", None)

    assert is_regex(pattern)


@pytest.mark.parametrize(
    "pattern",
    [r"^\d{4}-\d{5}$", "(a)(b)(c)(d)(e)", "[\x04-\x05]", "(?<=a{4})", "()()()()(?(4)a|b)"],
)
def test_numbers_in_a_pattern_are_not_mistaken_for_assertions(pattern: str) -> None:
    assert is_regex(pattern)


def test_threads_do_not_change_the_warning_filters() -> None:
    """With threads, warnings stayed silenced, or `-W error` made a check raise."""
    code = """
import warnings
from concurrent.futures import ThreadPoolExecutor
from batchlint import check
from support import request

def lines(thread):
    for number in range(300):
        schema = {"type": "object", "properties": {"a": {"pattern": f"[[a]{thread}x{number}"}}}
        tools = [{"type": "function", "function": {"name": "f", "parameters": schema}}]
        yield request(str(number), "/v1/chat/completions", tools=tools)

before = warnings.filters[:]
show = warnings.showwarning
with ThreadPoolExecutor(8) as pool:
    reports = list(pool.map(lambda thread: check(lines(thread)), range(8)))
assert all(report.ok and not report.warnings for report in reports), reports
assert warnings.filters == before
assert warnings.showwarning is show
try:
    warnings.warn("still an error")
except UserWarning:
    print("done")
"""
    result = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
        check=False,
    )

    assert (result.stdout, result.stderr) == ("done\n", "")
