"""Print the changelog section of a version, for a release.

    python scripts/release_notes.py v0.2.0

The exit status is 1 if the tag differs from the version in `src/batchlint/__init__.py`, or if the
changelog has no dated section for the version.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]


def version() -> str:
    """Read the version of the package."""
    text = (ROOT / "src" / "batchlint" / "__init__.py").read_text("utf-8")
    (found,) = re.findall(r'^__version__ = "(.+)"$', text, re.MULTILINE)
    return str(found)


def notes(tag: str, changelog: str) -> str:
    """Return the changelog section for a tag.

    Raises:
        ValueError: the tag is not the current version, or the section is missing.
    """
    if tag != f"v{version()}":
        raise ValueError(f"the tag is {tag}, but src/batchlint/__init__.py has version {version()}")
    heading = rf"^## \[{re.escape(tag[1:])}\] - \d{{4}}-\d\d-\d\d\n(.*?)(?=^## |^\[|\Z)"
    section = re.search(heading, changelog, re.MULTILINE | re.DOTALL)
    if section is None or not section[1].strip():
        raise ValueError(
            f"CHANGELOG.md has no section `## [{tag[1:]}] - YYYY-MM-DD`, or it is empty"
        )
    return section[1].strip() + "\n"


def main() -> int:
    """Print the section or an error, and return the exit status."""
    if len(sys.argv) != 2:
        print((__doc__ or "").strip(), file=sys.stderr)
        return 1
    try:
        print(notes(sys.argv[1], (ROOT / "CHANGELOG.md").read_text("utf-8")), end="")
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
