"""Fixtures for the tests marked `clusters`: the recipes in `docs/scale.md`, and files."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from support import NOW, ROOT, line

PAGE: Final = (ROOT / "docs" / "scale.md").read_text("utf-8")


@pytest.fixture(scope="session")
def recipes() -> dict[str, Any]:
    """The names that the Python examples on the page define."""
    names: dict[str, Any] = {"__name__": "recipes"}
    for block in re.findall(r"^```python\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE):
        if "s3://" not in block:  # `remote/test_recipes.py` runs these.
            exec(compile(block, "scale.md", "exec"), names)
    return names


@pytest.fixture
def paths(tmp_path: Path) -> list[str]:
    """Write eight files, one of which has an error."""
    found = []
    for number in range(8):
        path = tmp_path / f"{number}.jsonl"
        path.write_bytes(line("a") + (line("b", bogus=1) if number == 3 else line("b")))
        found.append(str(path))
    return found


@pytest.fixture(scope="session", autouse=True)
def _date_of_workers() -> Iterator[None]:
    """Set the date before workers start, because they inherit the environment then."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SOURCE_DATE_EPOCH", str(NOW))
        patch.setenv("RAY_AUTH_MODE", "disabled")
        yield
