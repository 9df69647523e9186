"""Runs the rules about the whole file and turns the summary of its lines into a report."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ..findings import BatchError, Problem
from ..model_names import provider_of_model
from ..phrasing import excerpt
from ..providers import COMPATIBLE, OPENAI, provider
from ..report import MAX_MODELS, Report
from ..rules.file import affected
from ..rules.registry import CheckedFile
from ..schema.store import newer_hint
from ..summary import ChunkSummary, FindingStore, LineStatus, Totals
from .checker import Checker, checker_for
from .chunk import Plan


def finish(
    summary: ChunkSummary,
    plan: Plan,
    *,
    name: str | None,
    endpoint: str | None,
    extra: Iterable[BatchError] = (),
    create: Mapping[str, Any] | None = None,
) -> Report:
    """Run the rules about the whole file and create the report.

    Args:
        summary: the summary of all lines.
        plan: the settings that the lines were checked with.
        name: the file's name, if it has one.
        endpoint: the URL of the batch endpoint, if the caller set it. Default: the most frequent
            valid URL, which takes precedence if the provider uses the URLs in the file.
        extra: further findings, such as those about the create call.
        create: the parameters of the create call.
    """
    checker = checker_for(plan.provider, plan.selection)
    foreign = summary.foreign
    if foreign:
        summary = ChunkSummary(totals=Totals(bytes=summary.bytes))
    urls = summary.urls.most_frequent(summary.statuses)
    if checker.provider.uses_file_endpoint and urls:
        endpoint = None
    endpoint = endpoint or (urls[0] if urls else None)
    statuses = summary.statuses[:]
    findings = FindingStore(plan.keep)
    findings.absorb(summary.findings)
    if lacks_objects(summary):
        findings.drop_fixes()
    file = CheckedFile(summary, checker.provider, endpoint, plan.now, plan.max_enqueued_tokens)
    for problem in _problems(checker, name, None if foreign else file):
        for error in checker.errors([problem]):
            findings.add(error)
            if error.line is not None and error.severity == "error":
                statuses[error.line - 1] = LineStatus.FAILED
    for error in (*foreign, *extra):
        findings.add(error)
    for count, error in summary.once_per_file.values():
        hint = f"{error.hint or ''} {affected(count, error.line or 1)}".strip()
        findings.add(error._replace(hint=hint))
    errors = [*keep_first_date_hint(sorted(findings.errors))]
    models = summary.models.most_frequent(summary.statuses)
    return Report(
        path=name,
        endpoint=endpoint,
        models=tuple(models[:MAX_MODELS]),
        bytes=summary.bytes,
        total=summary.statuses.requests,
        failed=statuses.count(LineStatus.FAILED),
        embedding_inputs=summary.totals["embedding_inputs"],
        errors=tuple(error for error in errors if error.severity == "error"),
        warnings=tuple(error for error in errors if error.severity == "warning"),
        counts=findings.counts,
        now=plan.now,
        fixable=findings.fixable,
        create=create or {},
        provider=plan.provider,
        hint=_provider_hint(models[0]) if models and plan.provider == OPENAI else None,
    )


def lacks_objects(summary: ChunkSummary) -> bool:
    """Return whether no line is a JSON object, and `fix` can't turn any line into one.

    Such a file may not be batch input at all, so `fix` doesn't even remove its blank lines. For a
    file in another known format, return False.

    Args:
        summary: the summary of all lines.
    """
    if summary.totals["objects"] or summary.foreign:
        return False
    findings = summary.findings
    blank_lines = sum(count for key, count in findings.counts.items() if key.rule == "blank_line")
    return sum(findings.fixable.values()) == blank_lines


def _provider_hint(model: str) -> str | None:
    """Return a hint to use `--provider`, or None.

    Args:
        model: the file's most frequent model.
    """
    name = provider_of_model(model)
    if name is None:
        return None
    if name == COMPATIBLE:
        return (
            f"The model '{excerpt(model)}' is not an OpenAI model. If the file is for another "
            "service, use `--provider NAME`. `batchlint provider` lists the names."
        )
    title = provider(name).title
    return (
        f"The model '{excerpt(model)}' is a model of {title}. If the file is for that service, use "
        f"`--provider {name}`."
    )


def keep_first_date_hint(errors: Iterable[BatchError]) -> Iterator[BatchError]:
    """Yield findings, but drop repetitions of the hint about the schemas' date.

    Findings that are not about a line keep the hint.

    Args:
        errors: the findings of one file, in order.
    """
    date_hint = newer_hint()
    is_first = True
    for error in errors:
        if error.line is None or error.hint != date_hint:
            yield error
        else:
            yield error if is_first else error._replace(hint=None)
            is_first = False


def _problems(checker: Checker, name: str | None, file: CheckedFile | None) -> Iterator[Problem]:
    """Yield the problems that rules find in the file's name and in the whole file."""
    if name is not None:
        for rule in checker.rules("name"):
            for problem in rule.check(name):
                yield problem._replace(rule=rule.name)
    if file is not None:
        for rule in checker.rules("file"):
            for problem in rule.check(file):
                yield problem._replace(rule=rule.name)
