"""The `sarif` format: SARIF 2.1.0, for code scanning services."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from ..findings import MAX_QUOTE_LENGTH, BatchError, FindingKey, count_by_rule, count_by_severity
from ..locate import Location
from ..rules import RULES
from . import Options
from .document import to_json_document
from .fingerprints import Fingerprints
from .links import SITE, rule_page
from .locate import locate_all
from .paths import uri
from .result import FileResult
from .wording import label, summary

#: The number of results that GitHub shows per run. It rejects files with more than five times as
#: many.
MAX_RESULTS: Final = 5_000

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def render(files: Iterable[FileResult], _options: Options) -> Iterator[str]:
    """Yield one run: rules with findings, the first 5,000 results (errors first), and totals."""
    from .. import __version__

    results_of_files = list(files)
    fingerprints = Fingerprints()
    results = [result for file in results_of_files for result in _results(file, fingerprints)]
    results.sort(key=lambda result: bool(result["level"] == "warning"))
    shown = results[:MAX_RESULTS]
    rules = list(dict.fromkeys(result["ruleId"] for result in shown))
    for result in shown:
        result["ruleIndex"] = rules.index(result["ruleId"])
    run = {
        "tool": {
            "driver": {
                "name": "batchlint",
                "informationUri": SITE,
                "version": __version__,
                "semanticVersion": __version__,
                "rules": [_rule(name) for name in rules],
            }
        },
        "invocations": [_invocation(results_of_files, len(shown))],
        "columnKind": "unicodeCodePoints",
        "results": shown,
        "properties": _totals(results_of_files, len(shown)),
    }
    document = {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}
    yield to_json_document(document, indent=True)


def _rule(name: str) -> dict[str, Any]:
    rule = RULES[name]
    return {
        "id": name,
        "shortDescription": {"text": rule.summary},
        "fullDescription": {"text": rule.doc.partition("\n\nFails: ")[0]},
        "help": {"text": rule.doc},
        "helpUri": rule_page(name),
        "defaultConfiguration": {"level": rule.severity},
        "properties": {"code": rule.code, "fails": rule.fails, "tags": [rule.group]},
    }


def _results(file: FileResult, fingerprints: Fingerprints) -> Iterator[dict[str, Any]]:
    if file.report is not None:
        findings = [*file.report.errors[:MAX_RESULTS], *file.report.warnings[:MAX_RESULTS]]
        for error, position in locate_all(file.stored, sorted(findings)):
            yield _result(file, error, position, fingerprints)


def _result(
    file: FileResult, error: BatchError, position: Location | None, fingerprints: Fingerprints
) -> dict[str, Any]:
    region = {"startLine": error.line or 1}
    if position is not None:
        region |= {"startColumn": position.column, "endColumn": position.end + 1}
    elif error.column is not None:
        region["startColumn"] = error.column
    text = f"{label(error)}: {error.message}" + (f" {error.hint}" if error.hint else "")
    properties = {
        "code": error.code,
        "param": error.param,
        "pointer": error.pointer,
        "customId": error.custom_id and error.custom_id[:MAX_QUOTE_LENGTH],
        "fails": error.fails,
    }
    location = {"physicalLocation": {"artifactLocation": _artifact(file), "region": region}}
    return {
        "ruleId": error.rule,
        "level": error.severity,
        "message": {"text": _literal(text)},
        "locations": [location],
        "partialFingerprints": {"batchlint/v1": fingerprints.for_finding(file.path, error)},
        "properties": {key: value for key, value in properties.items() if value is not None},
    }


def _artifact(file: FileResult) -> dict[str, str]:
    return {"uri": uri(file.source if file.source is not None else file.path)}


def _literal(text: str) -> str:
    """Escape a string so that no part of it becomes a link."""
    return text.replace("](", "\\](")


def _invocation(files: Sequence[FileResult], shown: int) -> dict[str, Any]:
    """Describe the run: files that could not be read and the number of omitted results."""
    notes: list[dict[str, Any]] = [
        {
            "level": "error",
            "message": {"text": f"{file.path}: {file.error}"},
            "locations": [{"physicalLocation": {"artifactLocation": _artifact(file)}}],
        }
        for file in files
        if file.report is None
    ]
    successful = not notes
    total = sum(sum(file.report.counts.values()) for file in files if file.report is not None)
    if total > shown:
        notes.append(
            {
                "level": "note",
                "message": {
                    "text": f"{total:,} findings were counted, and {shown:,} of them are shown."
                },
            }
        )
    return {"executionSuccessful": successful, "toolExecutionNotifications": notes}


def _totals(files: Sequence[FileResult], shown: int) -> dict[str, Any]:
    """Return the counts of all findings, including omitted ones."""
    counts: dict[FindingKey, int] = {}
    rows = []
    for file in files:
        if file.report is None:
            continue
        errors, warnings = count_by_severity(file.report.counts)
        rows.append(
            {
                "path": file.path,
                "requests": file.report.total,
                "errors": errors,
                "warnings": warnings,
                "summary": summary(file.report),
            }
        )
        for key, count in file.report.counts.items():
            counts[key] = counts.get(key, 0) + count
    errors, warnings = count_by_severity(counts)
    return {
        "errors": errors,
        "warnings": warnings,
        "shown": shown,
        "findingsByRule": count_by_rule(counts),
        "files": rows,
    }
