"""`Report`: the result of a check and the response that the API would give."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from .findings import (
    MAX_QUOTE_LENGTH,
    SAFETIES,
    BatchError,
    FindingKey,
    Safety,
    count_by_rule,
    count_by_severity,
)

#: The maximum number of models in a report.
MAX_MODELS: Final = 1000


@dataclass(frozen=True)
class Report:
    """The result of a check. It is truthy if `ok` is true.

    Attributes:
        path: the name of the file. None for bytes, streams and iterables, unless `name` was given.
        endpoint: the batch endpoint. None if it was not given and no line has a valid URL.
        models: the models in the file, most frequent first. At most 1,000.
        bytes: the size of the file.
        total: the number of requests, excluding blank lines.
        failed: the number of requests with an error.
        embedding_inputs: the number of inputs in all requests to `/v1/embeddings`.
        errors: the errors, in the order of `BatchError`. At most `keep` per rule.
        warnings: the warnings, in the same order. At most `keep` per rule.
        counts: the number of findings by rule, severity and effect (`fails`), including those that
            were not kept.
        now: the time of the check, in seconds since the epoch.
        fixable: the number of findings that `batchlint fix` can repair, by safety: `safe` or
            `unsafe`.
        create: the parameters of the create call, if they were checked with the file.
        provider: the name of the provider that the file was checked for.
        hint: a sentence that suggests another provider, if the file was checked for OpenAI but its
            most frequent model is not an OpenAI model. Otherwise None.
    """

    path: str | None
    endpoint: str | None
    models: tuple[str, ...]
    bytes: int
    total: int
    failed: int
    embedding_inputs: int
    errors: tuple[BatchError, ...]
    warnings: tuple[BatchError, ...]
    counts: Mapping[FindingKey, int]
    now: int
    fixable: Mapping[Safety, int] = field(default_factory=dict)
    create: Mapping[str, Any] = field(default_factory=dict)
    provider: str = "openai"
    hint: str | None = None

    def __bool__(self) -> bool:
        return self.ok

    def __str__(self) -> str:
        errors, warnings = count_by_severity(self.counts)
        summary = ", ".join(
            f"{count:,} {noun}{'' if count == 1 else 's'}"
            for count, noun in ((self.total, "request"), (errors, "error"), (warnings, "warning"))
        )
        return f"{self.path or 'requests'}: {summary}"

    @property
    def ok(self) -> bool:
        """Whether there are no errors."""
        return not any(severity == "error" for _, severity, _ in self.counts)

    @property
    def request_counts(self) -> dict[str, int]:
        """The number of requests (`total`) and of requests with an error (`failed`)."""
        return {"total": self.total, "failed": self.failed}

    @property
    def truncated(self) -> dict[str, int]:
        """The number of findings that were counted but not kept, by rule."""
        kept = Counter(error.rule for error in (*self.errors, *self.warnings))
        return {
            rule: count - kept[rule]
            for rule, count in count_by_rule(self.counts).items()
            if count > kept[rule]
        }

    def to_dict(self) -> dict[str, Any]:
        """Return the report as a dict, as `--format json` prints it for one file.

        `batchlint schema report` prints the JSON Schema of the whole document. This dict matches
        its `#/$defs/File`.
        """
        return {
            "path": self.path,
            "ok": self.ok,
            "provider": self.provider,
            "endpoint": self.endpoint,
            "models": [model[:MAX_QUOTE_LENGTH] for model in self.models],
            "bytes": self.bytes,
            "request_counts": self.request_counts,
            "embedding_inputs": self.embedding_inputs,
            "truncated": self.truncated,
            "hint": self.hint,
            "fixable": {safety: self.fixable.get(safety, 0) for safety in SAFETIES},
            "errors": {"object": "list", "data": [error.to_dict() for error in self.errors]},
            "warnings": {"object": "list", "data": [error.to_dict() for error in self.warnings]},
        }

    def rows(self) -> list[dict[str, Any]]:
        """Return the errors and warnings, in order, as flat rows for a data frame.

        Each row has the same keys: `path`, the keys of `BatchError.to_dict`, and `fix_summary`. The
        value of `fix` is `safe`, `unsafe` or None. Every value is a string, an integer or None.
        """
        rows = []
        for error in sorted([*self.errors, *self.warnings]):
            row = {"path": self.path, **error.to_dict()}
            fix = row["fix"] or {}
            rows.append({**row, "fix": fix.get("safety"), "fix_summary": fix.get("summary")})
        return rows

    def to_batch(self) -> dict[str, Any]:
        """Return the API's response: a Batch object, or the error object of a rejected call.

        A failed batch lists the errors that make it fail: every one about the whole file, then the
        first one of each line.

        Source of the structure: a batch recorded in April 2025, and `openai.types.Batch` in
        openai-python 3.57.0.
        """
        rejection = next((e for e in self.errors if e.fails in ("upload", "create")), None)
        if rejection is not None:
            return rejection.to_error()
        fatal = [error for error in self.errors if error.fails == "batch"]
        first_by_line: dict[int, BatchError] = {}
        for error in fatal:
            if error.line is not None:
                first_by_line.setdefault(error.line, error)
        listed = [*(error for error in fatal if error.line is None), *first_by_line.values()]
        data = [
            {"code": e.code, "message": e.message, "param": e.param, "line": e.line} for e in listed
        ]
        failed = any(effect == "batch" for _, _, effect in self.counts)
        metadata = self.create.get("metadata")
        return {
            "id": "batch_batchlint0000000000000000000000",
            "object": "batch",
            "endpoint": self.endpoint or "",
            "model": self.models[0][:MAX_QUOTE_LENGTH] if self.models and not failed else None,
            "errors": {"object": "list", "data": data} if failed else None,
            "input_file_id": self.create.get("input_file_id") or "file-batchlint00000000000000",
            "completion_window": self.create.get("completion_window", "24h"),
            "status": "failed" if failed else "validating",
            "output_file_id": None,
            "error_file_id": None,
            "created_at": self.now,
            "in_progress_at": None,
            "expires_at": self.now + 86_400,
            "finalizing_at": None,
            "completed_at": None,
            "failed_at": self.now if failed else None,
            "expired_at": None,
            "cancelling_at": None,
            "cancelled_at": None,
            "request_counts": {"total": 0, "completed": 0, "failed": 0},
            "usage": None,
            "metadata": metadata,
        }
