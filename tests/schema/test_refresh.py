"""`schemas/refresh.py`, which generates the schemas from the pinned client and the overlay."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import re
import subprocess
import sys
from types import ModuleType
from typing import Any

import pytest
import yaml

from support import ROOT

PINNED = yaml.safe_load((ROOT / "schemas" / "overlay.yaml").read_text("utf-8"))["openai"]


def test_schemas_are_up_to_date() -> None:
    """Nothing in `schemas/v1` is written by hand."""
    installed = importlib.metadata.version("openai")
    if installed != PINNED:
        pytest.skip(f"needs openai {PINNED}; {installed} is installed")
    completed = subprocess.run(
        [sys.executable, "schemas/refresh.py", "--check"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (completed.returncode, completed.stdout, completed.stderr) == (0, "", "")


@pytest.fixture
def refresh() -> ModuleType:
    """Return `schemas/refresh.py`, which is not part of the package."""
    pytest.importorskip("yaml")
    spec = importlib.util.spec_from_file_location("refresh", ROOT / "schemas" / "refresh.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("patch", "adds", "complaint"),
    [
        pytest.param(
            {"properties": {"dimesions": {"minimum": 1}}},
            [],
            "not listed: ['dimesions']",
            id="misspelled",
        ),
        pytest.param(
            {"properties": {"inner": {"properties": {"nmae": {}}}}},
            [],
            "not listed: ['nmae']",
            id="misspelled in an object",
        ),
        pytest.param(
            {"properties": {"list": {"items": {"properties": {"nmae": {}}}}}},
            [],
            "not listed: ['nmae']",
            id="misspelled in an array",
        ),
        pytest.param(
            {"properties": {"dimensions": {"minimum": 1}}},
            ["dimensions"],
            "not added: ['dimensions']",
            id="listed but known",
        ),
        pytest.param(
            {"properties": {"new": {"properties": {"inside": {}}}}}, ["new"], None, id="added"
        ),
        pytest.param(
            {
                "properties": {
                    "dimensions": {"minimum": 1},
                    "inner": {"properties": {"name": {"minLength": 1}}},
                }
            },
            [],
            None,
            id="known",
        ),
    ],
)
def test_fact_that_adds_a_property_must_list_it(
    refresh: ModuleType, patch: dict[str, Any], adds: list[str], complaint: str | None
) -> None:
    inner = {"type": "object", "properties": {"name": {}}}
    properties = {"dimensions": {}, "inner": inner, "list": {"items": inner}}
    schemas = {"/v1/x": {"properties": properties, "$defs": {}}}
    facts = [{"source": "a test", "adds": adds, "patch": {"/v1/x": patch}}]

    if complaint is None:
        refresh.overlay(schemas, facts)
    else:
        with pytest.raises(SystemExit, match=re.escape(complaint)):
            refresh.overlay(schemas, facts)


ROW: dict[str, Any] = {
    "title": "A service",
    "limits": {"requests": 5},
    "evidence": {"limits.requests": "guide"},
    "sources": {"guide": {"what": "its guide", "date": "2026-11"}},
}


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        pytest.param({"limit": {}}, "unknown fields: ['limit']", id="misspelled"),
        pytest.param({"limits": {"bytes": 5}}, "missing: ['limits.bytes']", id="no source"),
        pytest.param({"evidence": {}}, "missing: ['limits.requests']", id="no sources at all"),
        pytest.param(
            {"evidence": {"limits.requests": "blog"}},
            "unknown sources ['blog']",
            id="unknown source",
        ),
        pytest.param(
            {"sources": {"guide": {"what": "its guide"}}}, "lacks `what` or `date`", id="no date"
        ),
    ],
)
def test_every_fact_about_a_provider_must_have_a_source_and_a_date(
    refresh: ModuleType, change: dict[str, Any], complaint: str
) -> None:
    refresh.check_evidence("x", ROW)
    with pytest.raises(SystemExit, match=re.escape(complaint)):
        refresh.check_evidence("x", ROW | change)


def test_limit_has_a_safe_and_a_maximum_value(refresh: ModuleType) -> None:
    assert refresh.safe_and_max(5) == (5, 5)
    assert refresh.safe_and_max([5, 6]) == (5, 6)
    assert refresh.safe_and_max([5, None]) == (5, None)
    assert refresh.safe_and_max(None) == (None, None)
