"""Fixtures for all tests: a fixed date, and the command run in this process."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator

import pytest
from hypothesis import settings

from support import NOW, CommandResult

# CI tries the same examples every time. Elsewhere, new examples may find new problems. Fifty
# examples keep the tests under four minutes; the fuzzer tries far more every night.
settings.register_profile(
    "batchlint",
    deadline=None,
    max_examples=50,
    print_blob=True,
    derandomize="CI" in os.environ,
)
settings.load_profile("batchlint")

# Shells start background processes with SIGINT ignored, which our commands would inherit.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
# `nohup` does the same with SIGHUP.
if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


@pytest.fixture(scope="session", autouse=True)
def _environment() -> Iterator[None]:
    """Set the date, and hide the CI service, because it would choose the output format."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SOURCE_DATE_EPOCH", str(NOW))
        for name in (
            "GITHUB_ACTIONS",
            "GITHUB_STEP_SUMMARY",
            "GITHUB_WORKSPACE",
            "CI_PROJECT_DIR",
            "NO_COLOR",
        ):
            patch.delenv(name, raising=False)
        yield


@pytest.fixture
def run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., CommandResult]:
    """Run the command in this process, which is faster."""
    from batchlint.__main__ import main

    def run(*args: str) -> CommandResult:
        monkeypatch.setattr(sys, "argv", ["batchlint", *args])
        status = main()
        out, err = capsys.readouterr()
        return CommandResult(status, out, err)

    return run
