"""Reads the JSON files that ship with the package, such as schemas, models and providers."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import orjson

_PACKAGE: Final = Path(__file__).parent
#: The directories to search: in the installed package, and at the root of a checkout. Importing
#: importlib.resources would take 15 ms.
_DIRECTORIES: Final = (_PACKAGE / "schemas", _PACKAGE.parents[1] / "schemas")


def read(name: str) -> dict[str, Any]:
    """Read a JSON file in `schemas/`.

    Args:
        name: the path relative to `schemas/`, without the suffix, such as `v1/embeddings`.

    Raises:
        RuntimeError: the file is missing.
    """
    for directory in _DIRECTORIES:
        try:
            content: dict[str, Any] = orjson.loads((directory / f"{name}.json").read_bytes())
        except FileNotFoundError:
            continue
        return content
    # Callers would mistake a FileNotFoundError for a missing input file.
    raise RuntimeError(f"the installation of batchlint is incomplete: {name}.json is missing")
