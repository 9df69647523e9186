"""URLs of the documentation, for formats that link to it."""

from __future__ import annotations

from typing import Final

#: The URL of the documentation site. It does not exist yet, so this is a placeholder, which is also
#: in `pyproject.toml`.
SITE: Final = "https://batchlint.example/"


def rule_page(name: str) -> str:
    """The page of a rule."""
    return f"{SITE}rules/{name}/"
