"""Every provider: its valid file has no errors, and each of its limits is exact.

The tests read the data and `fixtures/providers/`, so a new provider needs no new test.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import pytest

from batchlint import check
from batchlint.engine.chunk import Plan
from batchlint.engine.finish import finish
from batchlint.providers import ENDPOINTS, Limits, Provider, provider, provider_names
from batchlint.rules import RULES, select_rules
from batchlint.summary import ChunkSummary, CustomIds, LineStatus
from golden import assert_matches_golden
from support import FIXTURES, fixture_files

PROVIDERS = [provider(name) for name in provider_names()]
FILES = sorted((FIXTURES / "providers").glob("*/*.jsonl"))
VALID = [path for path in FILES if path.stem.startswith("valid")]
_EFFECTS = ("upload", "create", "batch", "request")
BROKEN = [path for path in FILES if path not in VALID]


def by_name(path: Path) -> str:
    return f"{path.parent.name}/{path.name}"


def found(path: Path) -> set[tuple[str, str]]:
    """The rules and severities of the findings about a file of a provider."""
    report = check(path, provider=path.parent.name)
    return {(error.rule, error.severity) for error in (*report.errors, *report.warnings)}


# -- the data -------------------------------------------------------------------------------------


@pytest.mark.parametrize("one", PROVIDERS, ids=lambda one: one.name)
def test_provider_data_refers_only_to_known_rules_and_endpoints(one: Provider) -> None:
    assert one.rules.keys() <= RULES.keys()
    assert {change.fails for change in one.rules.values()} <= {None, *_EFFECTS}
    assert {change.severity for change in one.rules.values()} <= {None, "none", "warning", "error"}
    assert {*one.parameters, *one.body_patches} <= ENDPOINTS.keys()
    assert one.line_fields.keys() <= {"custom_id", "method", "url", "body"}
    assert one.title
    assert one.service
    assert all(one.sources.values())


@pytest.mark.parametrize("one", PROVIDERS, ids=lambda one: one.name)
def test_maximum_is_not_below_the_safe_limit(one: Provider) -> None:
    for safe, most in zip(one.safe_limits, one.limits, strict=True):
        assert most is None or most >= (safe or 0)
        assert safe is not None or most is None


# -- files ----------------------------------------------------------------------------------------


def test_every_provider_has_a_valid_file() -> None:
    named = {path.parent.name for path in VALID}

    assert named == {one.name for one in PROVIDERS} - {"openai"}


@pytest.mark.parametrize("path", VALID, ids=by_name)
def test_valid_file_of_a_provider_has_no_findings(path: Path) -> None:
    assert found(path) == set()


@pytest.mark.parametrize("path", BROKEN, ids=by_name)
def test_invalid_file_of_a_provider_breaks_the_rule_in_its_name(path: Path) -> None:
    """`refused_custom_id.jsonl` has only findings of this rule, which the text file shows."""
    report = check(path, provider=path.parent.name)
    errors = [*report.errors, *report.warnings]

    assert {error.rule for error in errors} == {path.stem}
    words = "".join(f"{error.severity}: {error}\n" for error in errors)
    assert_matches_golden(words, path.with_suffix(".txt"))


# -- limits ---------------------------------------------------------------------------------------


class Side(NamedTuple):
    """A number on one side of a limit, and the severity of the finding about it."""

    provider: Provider
    limit: str
    number: int
    severity: str | None

    @property
    def name(self) -> str:
        """The name of the test."""
        return f"{self.provider.name}-{self.limit}-{self.number}"


def sides() -> list[Side]:
    """Both sides of every limit."""
    cases = []
    for one in PROVIDERS:
        for limit in Limits._fields:
            safe = getattr(one.safe_limits, limit)
            most = getattr(one.limits, limit)
            if safe is not None:
                cases.append(Side(one, limit, safe, None))
                cases.append(Side(one, limit, safe + 1, "error" if most == safe else "warning"))
            if most not in (None, safe):
                cases.append(Side(one, limit, most, "warning"))
                cases.append(Side(one, limit, most + 1, "error"))
    return cases


SIDES = sides()


@pytest.mark.parametrize(
    "side", [side for side in SIDES if side.limit != "line_bytes"], ids=lambda side: side.name
)
def test_limit_of_a_file_is_exact(side: Side) -> None:
    summary = ChunkSummary()
    rows = side.number if side.limit == "requests" else 1
    summary.statuses.extend(bytes([LineStatus.PASSED]) * rows)
    summary.custom_ids.absorb(CustomIds.pack([None] * min(rows, 10)))
    if side.limit != "requests":
        summary.totals[side.limit] = side.number
    plan = Plan(select_rules(provider=side.provider), provider=side.provider.name)
    report = finish(summary, plan, name=None, endpoint=None)
    findings = [*report.errors, *report.warnings]

    assert [error.severity for error in findings] == ([side.severity] if side.severity else [])
    if findings and side.provider.name != "openai":
        [error] = findings
        assert side.provider.title in f"{error.message} {error.hint}"


@pytest.mark.parametrize(
    "side", [side for side in SIDES if side.limit == "line_bytes"], ids=lambda side: side.name
)
def test_limit_of_a_line_is_exact(side: Side) -> None:
    path = next(path for path in VALID if path.parent.name == side.provider.name)
    line = path.read_bytes().split(b"\n")[0]
    padded = line[:-1] + b" " * (side.number - len(line)) + line[-1:]
    report = check(padded, provider=side.provider.name)
    findings = [*report.errors, *report.warnings]

    assert len(padded) == side.number
    assert [error.severity for error in findings] == ([side.severity] if side.severity else [])


def custom_ids() -> list[Any]:
    """The limits of custom_ids, as (provider, valid ID, invalid ID)."""
    cases = []
    for one in PROVIDERS:
        if most := one.custom_id.get("max"):
            cases.append((one, "x" * most, "x" * (most + 1)))
        if least := one.custom_id.get("min"):
            cases.append((one, "x" * least, "x" * (least - 1)))
    return cases


@pytest.mark.parametrize(("one", "good", "bad"), custom_ids())
def test_limit_of_a_custom_id_is_exact(one: Provider, good: str, bad: str) -> None:
    line = {"custom_id": good, "method": "POST", "url": next(iter(one.endpoints))}
    line = {key: value for key, value in line.items() if key in one.line_fields}
    body = {"model": "m", "messages": [{"role": "user", "content": "Hi"}]}
    doubtful = one.custom_id.get("doubtful")
    expected = ("doubtful_custom_id", "warning") if doubtful else ("refused_custom_id", "error")

    def findings(custom_id: str) -> list[tuple[str, str]]:
        report = check([line | {"custom_id": custom_id, "body": body}], provider=one.name)
        return [(error.rule, error.severity) for error in (*report.errors, *report.warnings)]

    assert findings(good) == []
    assert findings(bad) == [expected]


# -- files of public repositories -----------------------------------------------------------------


@pytest.mark.parametrize("path", fixture_files("wild"), ids=lambda path: path.name)
def test_public_file_has_no_errors_for_a_compatible_provider(path: Path) -> None:
    errors = {error.rule for error in check(path, provider="compatible").errors}

    assert errors <= {"duplicate_custom_id"}
    assert check(path, provider="vllm" if "openai__" not in path.name else "azure").ok
