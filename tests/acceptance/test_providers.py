"""Every provider: its valid files have no findings, and each of its limits is exact.

The tests read `schemas/providers.yaml` and `fixtures/providers/`, so they cover new providers too.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import pytest

from batchlint import check, check_request
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
EFFECTS = ("upload", "create", "batch", "request")
INVALID = [path for path in FILES if path not in VALID]


def by_name(path: Path) -> str:
    return f"{path.parent.name}/{path.name}"


def findings_in(path: Path) -> set[tuple[str, str]]:
    """Return the rules and severities of the findings about a provider's file."""
    report = check(path, provider=path.parent.name)
    return {(error.rule, error.severity) for error in (*report.errors, *report.warnings)}


# -- the data -------------------------------------------------------------------------------------


@pytest.mark.parametrize("profile", PROVIDERS, ids=lambda profile: profile.name)
def test_provider_data_refers_only_to_known_rules_and_endpoints(profile: Provider) -> None:
    assert profile.rules.keys() <= RULES.keys()
    assert {change.fails for change in profile.rules.values()} <= {None, *EFFECTS}
    assert {change.severity for change in profile.rules.values()} <= {
        None,
        "none",
        "warning",
        "error",
    }
    assert {*profile.parameters, *profile.body_patches} <= ENDPOINTS.keys()
    assert profile.line_fields.keys() <= {"custom_id", "method", "url", "body"}
    assert profile.title
    assert profile.service
    assert all(profile.sources.values())


@pytest.mark.parametrize("profile", PROVIDERS, ids=lambda profile: profile.name)
def test_limit_is_not_below_the_safe_limit(profile: Provider) -> None:
    for safe, maximum in zip(profile.safe_limits, profile.limits, strict=True):
        assert maximum is None or maximum >= (safe or 0)
        assert safe is not None or maximum is None


# -- files ----------------------------------------------------------------------------------------


def test_every_provider_has_a_valid_fixture() -> None:
    named = {path.parent.name for path in VALID}

    assert named == {profile.name for profile in PROVIDERS} - {"openai"}


@pytest.mark.parametrize("path", VALID, ids=by_name)
def test_valid_provider_file_has_no_findings(path: Path) -> None:
    assert findings_in(path) == set()


@pytest.mark.parametrize("path", INVALID, ids=by_name)
def test_invalid_provider_file_breaks_only_the_rule_in_its_name(path: Path) -> None:
    """`refused_custom_id.txt` contains the findings about `refused_custom_id.jsonl`."""
    report = check(path, provider=path.parent.name)
    errors = [*report.errors, *report.warnings]

    assert {error.rule for error in errors} == {path.stem}
    text = "".join(f"{error.severity}: {error}\n" for error in errors)
    assert_matches_golden(text, path.with_suffix(".txt"))


# -- limits ---------------------------------------------------------------------------------------


class BoundaryCase(NamedTuple):
    """A number at or just above a limit, and the severity of its finding or None."""

    provider: Provider
    limit: str
    number: int
    severity: str | None

    @property
    def name(self) -> str:
        """The ID of the parametrized test."""
        return f"{self.provider.name}-{self.limit}-{self.number}"


def boundary_cases() -> list[BoundaryCase]:
    """Return the numbers at and just above every limit."""
    cases = []
    for profile in PROVIDERS:
        for limit in Limits._fields:
            safe = getattr(profile.safe_limits, limit)
            maximum = getattr(profile.limits, limit)
            if safe is not None:
                cases.append(BoundaryCase(profile, limit, safe, None))
                cases.append(
                    BoundaryCase(
                        profile, limit, safe + 1, "error" if maximum == safe else "warning"
                    )
                )
            if maximum not in (None, safe):
                cases.append(BoundaryCase(profile, limit, maximum, "warning"))
                cases.append(BoundaryCase(profile, limit, maximum + 1, "error"))
    return cases


BOUNDARY_CASES = boundary_cases()


@pytest.mark.parametrize(
    "case",
    [case for case in BOUNDARY_CASES if case.limit != "line_bytes"],
    ids=lambda case: case.name,
)
def test_file_limit_is_exact(case: BoundaryCase) -> None:
    summary = ChunkSummary()
    rows = case.number if case.limit == "requests" else 1
    summary.statuses.extend(bytes([LineStatus.PASSED]) * rows)
    summary.custom_ids.absorb(CustomIds.pack([None] * min(rows, 10)))
    if case.limit != "requests":
        summary.totals[case.limit] = case.number
    plan = Plan(select_rules(provider=case.provider), provider=case.provider.name)
    report = finish(summary, plan, name=None, endpoint=None)
    findings = [*report.errors, *report.warnings]

    assert [error.severity for error in findings] == ([case.severity] if case.severity else [])
    if findings and case.provider.name != "openai":
        [error] = findings
        assert case.provider.title in f"{error.message} {error.hint}"


@pytest.mark.parametrize(
    "case",
    [case for case in BOUNDARY_CASES if case.limit == "line_bytes"],
    ids=lambda case: case.name,
)
@pytest.mark.parametrize("newline", [b"", b"\n", b"\r\n"])
@pytest.mark.parametrize("field", [b"", b', "custom_id": 1'], ids=["valid", "invalid"])
def test_line_size_limit_is_exact(case: BoundaryCase, newline: bytes, field: bytes) -> None:
    path = next(path for path in VALID if path.parent.name == case.provider.name)
    line = path.read_bytes().split(b"\n")[0]
    line = line[:-1] + field + line[-1:]
    padded = line[:-1] + b" " * (case.number - len(line)) + line[-1:]
    report = check(padded + newline, provider=case.provider.name)
    findings = [
        error for error in (*report.errors, *report.warnings) if error.rule.startswith("line_")
    ]

    assert len(padded) == case.number
    assert [error.severity for error in findings] == ([case.severity] if case.severity else [])


def custom_id_lengths() -> list[Any]:
    """Return the length limits of custom_ids, as (provider, valid ID, invalid ID)."""
    cases = []
    for profile in PROVIDERS:
        if maximum := profile.custom_id.get("max"):
            cases.append((profile, "x" * maximum, "x" * (maximum + 1)))
        if minimum := profile.custom_id.get("min"):
            cases.append((profile, "x" * minimum, "x" * (minimum - 1)))
    return cases


@pytest.mark.parametrize(("profile", "valid_id", "invalid_id"), custom_id_lengths())
def test_custom_id_length_limit_is_exact(profile: Provider, valid_id: str, invalid_id: str) -> None:
    line = {"custom_id": valid_id, "method": "POST", "url": next(iter(profile.endpoints))}
    line = {key: value for key, value in line.items() if key in profile.line_fields}
    body = {"model": "m", "messages": [{"role": "user", "content": "Hi"}]}
    doubtful = profile.custom_id.get("doubtful")
    expected = ("doubtful_custom_id", "warning") if doubtful else ("refused_custom_id", "error")

    def findings(custom_id: str) -> list[tuple[str, str]]:
        report = check([line | {"custom_id": custom_id, "body": body}], provider=profile.name)
        return [(error.rule, error.severity) for error in (*report.errors, *report.warnings)]

    assert findings(valid_id) == []
    assert findings(invalid_id) == [expected]


@pytest.mark.parametrize(
    ("name", "parameter", "value"),
    [
        ("compatible", "logprobs", 5),
        ("compatible", "logprobs", True),
        ("compatible", "prediction", "text"),
        ("compatible", "reasoning_effort", 0.5),
        ("compatible", "reasoning_effort", False),
        ("together", "logprobs", 1),
        ("fireworks", "logprobs", 5),
        ("fireworks", "logprobs", True),
        ("fireworks", "prediction", "text"),
        ("fireworks", "reasoning_effort", 1_000),
        ("fireworks", "reasoning_effort", False),
        ("vllm", "model", None),
    ],
)
def test_parameter_may_have_a_type_that_the_provider_accepts(
    name: str, parameter: str, value: object
) -> None:
    def errors(value: object) -> list[tuple[str, str | None]]:
        body = {"model": "a/b", "messages": [{"role": "user", "content": "a"}], parameter: value}
        line = {"custom_id": "a", "method": "POST", "url": "/v1/chat/completions", "body": body}
        if not provider(name).needs_url:
            del line["method"], line["url"]
        return [(error.rule, error.param) for error in check_request(line, provider=name)]

    assert errors(value) == []
    assert errors([]) == [("invalid_type", f"body.{parameter}")]


@pytest.mark.parametrize("name", ["compatible", "dashscope"])
def test_stop_may_contain_token_ids(name: str) -> None:
    def errors(stop: object) -> list[tuple[str, str | None]]:
        body = {"model": "a/b", "messages": [{"role": "user", "content": "a"}], "stop": stop}
        line = {"custom_id": "a", "method": "POST", "url": "/v1/chat/completions", "body": body}
        return [(error.rule, error.param) for error in check_request(line, provider=name)]

    assert errors("a") == errors(["a"]) == errors([1, 2]) == errors([[1, 2], [3]]) == []
    assert errors([0.5]) == [("invalid_type", "body.stop[0]")]


@pytest.mark.parametrize(
    ("url", "given", "required", "alternative"),
    [
        ("/v1/embeddings", {}, "input", {"messages": [{"role": "user", "content": "a"}]}),
        ("/v1/completions", {}, "prompt", {"prompt_embeds": "AAAA"}),
        ("/v1/images/edits", {"prompt": "a"}, "images", {"image": {"url": "https://a.example"}}),
    ],
)
def test_compatible_service_may_have_another_parameter_instead_of_a_required_one(
    url: str, given: dict[str, Any], required: str, alternative: dict[str, Any]
) -> None:
    def findings(**body: Any) -> list[tuple[str, str | None]]:
        line = {"custom_id": "a", "method": "POST", "url": url, "body": {"model": "a/b", **body}}
        errors = check_request(line, provider="compatible")
        return [(error.rule, error.param) for error in errors]

    assert findings(**given, **alternative) == []
    assert findings(**given) == [("missing_required_parameter", f"body.{required}")]


def test_compatible_service_may_accept_objects_as_embedding_inputs() -> None:
    body = {"model": "a/b", "input": [{"text": "a"}, {"image": "https://a.example/a.png"}]}
    line = {"custom_id": "a", "method": "POST", "url": "/v1/embeddings", "body": body}

    assert check_request(line, provider="compatible") == []


# -- files from public repositories ---------------------------------------------------------------


@pytest.mark.parametrize("path", fixture_files("wild"), ids=lambda path: path.name)
def test_wild_file_has_no_errors_for_a_compatible_provider(path: Path) -> None:
    errors = {error.rule for error in check(path, provider="compatible").errors}

    assert errors <= {"duplicate_custom_id"}
    assert check(path, provider="vllm" if "openai__" not in path.name else "azure").ok
