"""Fixtures for all tests: a day that stands still, and the command run in this process."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable

import pytest
from hypothesis import settings
from support import NOW, Ran

# In CI the same examples are tried every time; elsewhere new ones, which may find something.
settings.register_profile("batchlint", deadline=None, print_blob=True, derandomize="CI" in os.environ)
settings.load_profile("batchlint")

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # so a shell starts what runs in the background; commands inherit it
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def _on_a_fixed_day(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is the first of September 2026."""
    monkeypatch.setenv("SOURCE_DATE_EPOCH", str(NOW))


@pytest.fixture(autouse=True)
def _under_no_service(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tests' own service, which would choose a format, is forgotten."""
    for name in ("GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY", "GITHUB_WORKSPACE", "CI_PROJECT_DIR", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Ran]:
    """The command in this process, for tests that need many runs."""
    from batchlint.__main__ import main

    def run(*args: str) -> Ran:
        monkeypatch.setattr(sys, "argv", ["batchlint", *args])
        status = main()
        out, err = capsys.readouterr()
        return Ran(status, out, err)

    return run
