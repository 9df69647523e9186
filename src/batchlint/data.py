"""Reads the JSON files that ship with the package: schemas, models and providers."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import orjson

_PACKAGE: Final = Path(__file__).parent
#: In the installed package, or at the root of a checkout. importlib.resources would take 15 ms.
_FOLDERS: Final = (_PACKAGE / "schemas", _PACKAGE.parents[1] / "schemas")


def read(name: str) -> dict[str, Any]:
    """Read a file below `schemas/` by its name without the suffix: `v1/embeddings`, `report`.

    Raises:
        RuntimeError: the file is missing.
    """
    for folder in _FOLDERS:
        try:
            content: dict[str, Any] = orjson.loads((folder / f"{name}.json").read_bytes())
        except FileNotFoundError:
            continue
        return content
    # Not a FileNotFoundError, which callers would take for a missing input file.
    raise RuntimeError(f"the installation of batchlint is incomplete: {name}.json is missing")
