"""The `sarif` format, parsed with types generated from the SARIF schema."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote

from pydantic_sarif.model import (  # type: ignore[import-untyped]
    StaticAnalysisResultsFormatSarifVersion210JsonSchema as SarifLog,
)

from batchlint.output.sarif import MAX_RESULTS
from output.samples import MIXED, SAMPLES
from support import CommandResult, line


def test_sarif_log_matches_the_schema_types(render_samples: Callable[[str], str]) -> None:
    text = render_samples("sarif")
    SarifLog.model_validate_json(text)
    (run,) = json.loads(text)["runs"]

    rules = run["tool"]["driver"]["rules"]
    assert all(rule["help"]["text"] and rule["fullDescription"]["text"] for rule in rules)
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        location = result["locations"][0]["physicalLocation"]
        assert unquote(location["artifactLocation"]["uri"]) == MIXED
        assert location["region"]["startLine"] >= 1
    levels = [result["level"] for result in run["results"]]
    assert levels == sorted(levels)
    assert run["invocations"][0]["executionSuccessful"] is False
    assert run["columnKind"] == "unicodeCodePoints"


def test_region_of_a_result_covers_the_value(render_samples: Callable[[str], str]) -> None:
    (run,) = json.loads(render_samples("sarif"))["runs"]
    lines = (SAMPLES / MIXED).read_text("utf-8").split("\n")
    regions = {
        result["ruleId"]: result["locations"][0]["physicalLocation"]["region"]
        for result in reversed(run["results"])
    }
    texts = {
        rule: lines[region["startLine"] - 1][region["startColumn"] - 1 : region["endColumn"] - 1]
        for rule, region in regions.items()
        if "startColumn" in region
    }

    assert texts["invalid_type"] == '"256"'
    assert texts["duplicate_custom_id"] == '"a"'
    assert texts["unknown_parameter"] == '"[click](https://example.com)"'
    assert texts["unknown_line_member"] == '"priority"'


def test_results_are_limited_but_totals_are_complete(
    run: Callable[..., CommandResult], tmp_path: Path
) -> None:
    path = tmp_path / "x.jsonl"
    path.write_bytes(b"".join(line(str(number), dimensions="x", more=1) for number in range(3_000)))
    log = json.loads(run("check", "--format=sarif", "--max-errors=0", str(path)).out)
    (only,) = log["runs"]

    SarifLog.model_validate(log)
    assert len(only["results"]) == MAX_RESULTS
    assert only["properties"]["errors"] == 6_000
    assert only["properties"]["findingsByRule"] == {
        "invalid_type": 3_000,
        "unknown_parameter": 3_000,
    }
    notes = json.dumps(only["invocations"])
    assert "6,000 findings were counted, and 5,000 of them are shown" in notes


def test_link_syntax_in_a_message_is_escaped(render_samples: Callable[[str], str]) -> None:
    (run,) = json.loads(render_samples("sarif"))["runs"]
    texts = [result["message"]["text"] for result in run["results"]]

    assert any("[click\\](https://example.com)" in text for text in texts)
    assert not any("[click](" in text for text in texts)
