"""The output formats: each a function from the checked files to the text to print."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final

from .checked import Checked
from .machine import batch, json, jsonl
from .text import text

__all__ = ["FORMATS", "Checked"]

#: A format takes the files as they are checked, and the most findings to print of a file.
Format = Callable[[Iterable[Checked], int], Iterator[str]]

FORMATS: Final[Mapping[str, Format]] = {"text": text, "json": json, "jsonl": jsonl, "batch": batch}
