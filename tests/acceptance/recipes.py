"""The Python blocks on a page of the documentation, which tests run unchanged."""

from __future__ import annotations

import re
from typing import Any

from support import ROOT


class Recipes(dict[str, str]):
    """The recipes on a page in `docs/`, by heading.

    Attributes:
        page: the contents of the page.
    """

    def __init__(self, name: str) -> None:
        self.page = page = (ROOT / "docs" / name).read_text("utf-8")
        super().__init__(
            (heading, block)
            for heading, text in re.findall(r"^## (.+)\n((?:(?!## ).*\n)*)", page, re.MULTILINE)
            for block in re.findall(r"^```python\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
        )
        assert page.count("```python") == len(self), "two blocks have the same heading"

    def run(self, heading: str) -> dict[str, Any]:
        """Run a recipe, and return the names that it defines."""
        names: dict[str, Any] = {"__name__": "recipe"}
        exec(compile(self[heading], heading, "exec"), names)
        return names
