"""Fixtures for the chunk tests: a file of several chunks, and executors."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context

import pytest

from batchlint.sources import CHUNK_BYTES
from strategies import LINES
from support import line


@pytest.fixture(scope="session")
def large_file() -> bytes:
    """Return a file of several chunks in which most rules find something."""
    long_line = b'{"custom_id": "a' + b"long" * 500_000 + b'"}\n'
    blank_chunk = b" " * CHUNK_BYTES + b"\n"
    # Each quarter takes every fourth line, so the chunks share rules, custom_ids and models.
    quarters = (b"\n".join(LINES[start::4]) + b"\n" for start in range(4))
    return line("first") + b"".join(quarter + long_line + blank_chunk for quarter in quarters)


@pytest.fixture(scope="module", params=["threads", "processes"])
def executor(request: pytest.FixtureRequest) -> Iterator[Executor]:
    """Start an executor from the standard library."""
    if request.param == "threads":
        with ThreadPoolExecutor(3) as threads:
            yield threads
    else:
        with ProcessPoolExecutor(2, get_context("spawn")) as processes:
            yield processes
