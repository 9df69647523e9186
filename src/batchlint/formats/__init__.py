"""The output formats: each a function from the checked files to the text to print, imported when it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from typing import Final

#: The name of each format, which is also its function's, and the module that has it.
FORMATS: Final[Mapping[str, str]] = {
    "text": "text", "json": "machine", "jsonl": "machine", "batch": "machine", "github": "github", "gitlab": "gitlab",
    "junit": "junit", "sarif": "sarif",
}


def formatter(name: str) -> Callable[..., Iterator[str]]:
    """The format of a name: a function of the files (`Checked`) as they come, and of the most findings to print of one."""
    found: Callable[..., Iterator[str]] = getattr(import_module(f".{FORMATS[name]}", __name__), name)
    return found
