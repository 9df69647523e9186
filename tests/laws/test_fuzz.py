"""The fuzzer's lines get equal reports in every mode. `.ci/run` tries more lines."""

from __future__ import annotations

import importlib.util
import sys
from types import ModuleType

import pytest

from batchlint.engine.checker import checker_for
from support import ROOT


@pytest.fixture(scope="module")
def fuzzer() -> ModuleType:
    spec = importlib.util.spec_from_file_location("fuzz", ROOT / "scripts" / "fuzz.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["fuzz"] = module
    spec.loader.exec_module(module)
    return module


def test_lines_get_the_same_report_in_every_mode(fuzzer: ModuleType) -> None:
    assert fuzzer.fuzz(1, 200, all_modes=True) == []


def test_lines_depend_only_on_the_seed(fuzzer: ModuleType) -> None:
    def lines(seed: int) -> list[bytes]:
        grammar = fuzzer.Grammar(seed)
        return [grammar.line() for _ in range(100)]

    assert lines(1) == lines(1) != lines(2)


def test_changed_report_is_detected(fuzzer: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(fuzzer.MODES, "wrong", lambda case: fuzzer.check(case.data + b"{}"))
    ((_, error),) = fuzzer.fuzz(1, 10, all_modes=True)

    assert str(error) == "wrong"
    checker_for.cache_clear()
