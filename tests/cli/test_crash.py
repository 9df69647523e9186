"""Unexpected exceptions: exit status 2, a one-line message, and a traceback on request."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from cli.samples import GOOD
from support import CommandResult, run_command

Run = Callable[..., CommandResult]


class PanicError(BaseException):
    """Simulates a panic in a compiled module, which is not an `Exception`."""


ERRORS = [
    KeyError("x\x1b[31m\u202e"),
    OSError(24, "Too many open files"),
    RecursionError("maximum recursion depth exceeded"),
    AssertionError(),
    SystemExit(0),
    PanicError("called `Option::unwrap()` on a `None` value"),
]


@pytest.fixture
def crash(monkeypatch: pytest.MonkeyPatch) -> Callable[[BaseException], None]:
    """Return a function that makes every format raise an exception."""

    def crash(error: BaseException) -> None:
        def render(*_: object) -> None:
            raise error

        for name in ("text", "json", "github"):
            monkeypatch.setattr(f"batchlint.output.{name}.render", render)

    return crash


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("format_name", ["text", "json", "github"])
def test_unexpected_exception_prints_one_line_and_causes_exit_status_2(
    format_name: str, error: BaseException, crash: Callable[[BaseException], None], run: Run
) -> None:
    crash(error)
    result = run("check", f"--format={format_name}", GOOD)

    assert (result.status, result.out) == (2, "")
    assert result.err.count("\n") == len(result.err.splitlines()) == 1
    assert result.err.startswith(f"batchlint: internal error: {type(error).__name__}")
    assert "open an issue" in result.err
    assert "--traceback" in result.err
    assert not set("\x1b\u202e") & set(result.err)


def test_unrelated_broken_pipe_error_causes_exit_status_2(
    crash: Callable[[BaseException], None], run: Run
) -> None:
    """Click exits with status 1 for every `BrokenPipeError`."""
    crash(BrokenPipeError(32, "Broken pipe"))

    assert run("check", GOOD).status == 2


def test_unexpected_exception_keeps_the_existing_report(
    crash: Callable[[BaseException], None], run: Run, tmp_path: Path
) -> None:
    path = tmp_path / "report"
    path.write_text("old", "utf-8")
    crash(KeyError("x"))

    assert run("check", "--output-file", str(path), GOOD).status == 2
    assert path.read_text("utf-8") == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["report"]


@pytest.mark.parametrize("source", ["option", "variable"])
def test_traceback_is_printed_on_request(
    source: str,
    crash: Callable[[BaseException], None],
    run: Run,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if source == "variable":
        monkeypatch.setenv("BATCHLINT_TRACEBACK", "1")
    crash(KeyError("x\x1b"))
    options = ["--traceback"] if source == "option" else []
    result = run(*options, "check", GOOD)

    assert result.status == 2
    assert result.err.startswith("Traceback (most recent call last):\n")
    assert "batchlint: internal error: KeyError" in result.err.splitlines()[-1]
    assert "\x1b" not in result.err


def test_traceback_is_not_printed_by_default(
    crash: Callable[[BaseException], None], run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    crash(KeyError("x"))
    for value in ("", "0"):
        monkeypatch.setenv("BATCHLINT_TRACEBACK", value)
        assert "Traceback" not in run("check", GOOD).err


def test_memory_error_while_rendering_is_reported_without_an_internal_error(
    crash: Callable[[BaseException], None], run: Run
) -> None:
    crash(MemoryError())

    assert run("check", GOOD) == (2, "", "batchlint: not enough memory\n")


@pytest.mark.parametrize("module", ["click", "orjson", "batchlint.engine.check"])
@pytest.mark.parametrize("code", ["raise RuntimeError('broken')", "raise SystemExit(0)"])
def test_broken_installation_causes_exit_status_2(module: str, code: str, tmp_path: Path) -> None:
    finder = f"""
import sys
class Finder:
    def find_spec(self, name, path=None, target=None):
        if name == {module!r}:
            {code}
sys.meta_path.insert(0, Finder())
"""
    (tmp_path / "sitecustomize.py").write_text(finder, "utf-8")
    env = {"PYTHONPATH": str(tmp_path), "COVERAGE_PROCESS_CONFIG": ""}
    result = run_command("check", GOOD, env=env)

    assert (result.status, result.out) == (2, "")
    assert result.err.startswith("batchlint: internal error: ")
    assert len(result.err.splitlines()) == 1
