"""Calls of every public function, as users write them. Only type checkers read this module."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO, Literal, assert_type

import batchlint
from batchlint import (
    BatchError,
    ChunkSummary,
    FixReport,
    Manifest,
    Report,
    check,
    check_chunk,
    check_create,
    check_many,
    check_request,
    finish,
    fix,
    iter_errors,
    merge,
    split,
)


def lines() -> Iterator[bytes]:
    yield b"{}"


def requests() -> Iterator[dict[str, Any]]:
    yield {
        "custom_id": "a",
        "method": "POST",
        "url": "/v1/embeddings",
        "body": {"model": "m", "input": "x"},
    }


class MyPath(os.PathLike[str]):
    def __fspath__(self) -> str:
        return "requests.jsonl"


def sources(stream: BinaryIO) -> list[Report]:
    with Path("requests.jsonl").open("rb") as file:
        return [
            check("requests.jsonl"),
            check(Path("requests.jsonl")),
            check(MyPath()),
            check(b"{}"),
            check(BytesIO(b"{}")),
            check(stream),
            check(file),
            check(lines()),
            check(requests()),
            check(["{}", "{}"]),
            check([{"custom_id": "a"}]),
        ]


def arguments() -> Report:
    with ProcessPoolExecutor() as pool, ThreadPoolExecutor() as threads:
        check("requests.jsonl", executor=pool)
        check("requests.jsonl", executor=threads)
    check("requests.jsonl", jobs=None, now=0, progress=print)
    check("requests.jsonl", now=1.5, progress=lambda size: size + 1)
    return check(
        "requests.jsonl",
        endpoint="/v1/embeddings",
        name="x.jsonl",
        select=["invalid_type"],
        ignore=("blank_line",),
        warn={"invalid_url"},
        error=iter(["duplicate_key"]),
        jobs=4,
        now=datetime.now(UTC),
        keep=10,
        create={"metadata": {"team": "docs"}, "completion_window": "24h"},
    )


def results(report: Report) -> None:
    assert_type(report.ok, bool)
    assert_type(report.path, str | None)
    assert_type(report.endpoint, str | None)
    assert_type(report.models, tuple[str, ...])
    assert_type(report.bytes, int)
    assert_type(report.total, int)
    assert_type(report.failed, int)
    assert_type(report.embedding_inputs, int)
    assert_type(report.errors, tuple[BatchError, ...])
    assert_type(report.warnings, tuple[BatchError, ...])
    assert_type(report.request_counts, dict[str, int])
    assert_type(report.truncated, dict[str, int])
    assert_type(report.to_dict(), dict[str, Any])
    assert_type(report.to_batch(), dict[str, Any])
    assert_type(report.now, int)
    assert_type(report.create, Mapping[str, Any])


def findings(error: BatchError) -> None:
    assert_type(error.rule, str)
    assert_type(error.code, str)
    assert_type(error.line, int | None)
    assert_type(error.message, str)
    assert_type(error.param, str | None)
    assert_type(error.pointer, str | None)
    assert_type(error.custom_id, str | None)
    assert_type(error.severity, Literal["error", "warning"])
    assert_type(error.fails, Literal["upload", "create", "batch", "request"] | None)
    assert_type(error.hint, str | None)
    assert_type(error.to_dict(), dict[str, Any])
    assert_type(sorted([error, error]), list[BatchError])
    assert_type(error < error, bool)  # noqa: PLR0124


def others() -> None:
    assert_type(check_request({"custom_id": "a"}), list[BatchError])
    assert_type(
        check_request({"custom_id": "a"}, select=["invalid_type"], ignore=[], warn=[], error=[]),
        list[BatchError],
    )
    assert_type(
        check_create({"input_file_id": "file-1", "endpoint": "/v1/responses"}), list[BatchError]
    )
    assert_type(batchlint.check(b"").ok, bool)
    assert_type(iter_errors("requests.jsonl"), Iterator[BatchError])
    assert_type(
        iter_errors(
            requests(),
            endpoint="/v1/embeddings",
            name="x.jsonl",
            select=["invalid_type"],
            ignore=("blank_line",),
            warn={"invalid_url"},
            error=iter(["duplicate_key"]),
            now=datetime.now(UTC),
            create={"metadata": {}},
            max_enqueued_tokens=10,
        ),
        Iterator[BatchError],
    )


def many_files_and_parts(pool: ProcessPoolExecutor) -> None:
    results = check_many(
        ["requests.jsonl", Path("requests.jsonl"), MyPath(), "s3://bucket/*.jsonl"],
        executor=pool,
        storage_options={"anon": True},
        max_unpacked_bytes=1_000_000,
        read_timeout=7.5,
    )
    assert_type(results, Iterator[tuple[str, Report | OSError]])
    check_many("s3://bucket/prefix/", jobs=None, progress=print)
    check("s3://bucket/requests.jsonl", storage_options={"anon": True})
    parts = [check_chunk(b"{}\n", first=True), check_chunk(b"{}", select=["invalid_type"])]
    assert_type(parts, list[ChunkSummary])
    assert_type(merge(parts), ChunkSummary)
    assert_type(finish(merge(iter(parts)), name="x.jsonl", endpoint="/v1/embeddings"), Report)
    assert_type(check(b"{}").rows(), list[dict[str, Any]])


def wrong() -> None:
    check()  # type: ignore[call-arg]
    check("requests.jsonl", "/v1/embeddings")  # type: ignore[call-arg]
    check("requests.jsonl", jobs="4")  # type: ignore[arg-type]
    check_request([])  # type: ignore[arg-type]
    check(7)  # type: ignore[arg-type]
    iter_errors("requests.jsonl", jobs=4)  # type: ignore[call-arg]


def parts(stream: BinaryIO) -> dict[str, tuple[tuple[int, int], ...]]:
    manifest = split("requests.jsonl", "parts", max_requests=10_000, by=["model"], force=True)
    assert_type(manifest, Manifest)
    split(stream, Path("parts"), name="requests.jsonl", dry_run=True)
    return {part.path: part.lines for part in manifest.parts} if manifest else {}


def repair(stream: BinaryIO) -> Report:
    report = fix("requests.jsonl", "requests.jsonl", unsafe=True, ignore=["blank_line"], now=0)
    assert_type(report, FixReport)
    fix(Path("requests.jsonl"), stream)
    fix(requests(), None, provider="openai", endpoint="/v1/embeddings", jobs=None)
    return report.report
