"""Fixtures for the output format tests."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from output.samples import CLEAN, MISSING, MIXED, SAMPLES
from support import CommandResult

RenderSamples = Callable[[str], str]


@pytest.fixture
def render_samples(
    run: Callable[..., CommandResult], monkeypatch: pytest.MonkeyPatch
) -> RenderSamples:
    """Return a function that renders the three sample files in a format."""
    monkeypatch.chdir(SAMPLES)

    def render_samples(name: str) -> str:
        result = run("check", f"--format={name}", MIXED, CLEAN, MISSING)
        assert result.status == 2
        assert result.err == f"batchlint: {MISSING}: No such file or directory\n"
        return result.out

    return render_samples


@pytest.fixture
def batch_file(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes lines to a batch file."""

    def batch_file(*lines: bytes) -> Path:
        path = tmp_path / "batch.jsonl"
        path.write_bytes(b"".join(lines))
        return path

    return batch_file
