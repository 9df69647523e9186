"""Links to the documentation."""

from __future__ import annotations

from typing import Final

#: The URL of the documentation site. The site doesn't exist yet, so this is a placeholder.
#: `pyproject.toml` contains it too.
SITE: Final = "https://batchlint.example/"


def rule_page(name: str) -> str:
    """Return the URL of a rule's page."""
    return f"{SITE}rules/{name}/"
