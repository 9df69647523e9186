"""Read the lines of findings again, to show them or to count columns in other units."""

from __future__ import annotations

import stat
import sys
import zlib
from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path
from typing import IO

from ..findings import BatchError
from ..locate import Location, find_all
from ..sources import open_file


def locate_all(
    source: str | IO[bytes] | None, errors: Iterable[BatchError]
) -> Iterator[tuple[BatchError, Location | None]]:
    """Yield each finding with its location, or with None if the location is unknown.

    The file is read once.

    Args:
        source: the path of the file, or a copy of its bytes. None if there is nothing to read.
        errors: the findings, in the order of their lines.
    """
    lines = _lines(source) if source is not None else iter(())
    number = 0
    line = b""
    for error_line, group in groupby(errors, key=lambda error: error.line or 0):
        while number < error_line:
            number, line = next(lines, (sys.maxsize, b""))  # Past the end of the file.
        findings = list(group)
        if error_line and number == error_line:
            yield from zip(findings, find_all(line, findings, first=number == 1), strict=True)
        else:
            yield from ((error, None) for error in findings)


def _lines(source: str | IO[bytes]) -> Iterator[tuple[int, bytes]]:
    """Yield the lines of a file with their numbers, or nothing for a pipe or a missing file."""
    try:
        if not isinstance(source, str):
            source.seek(0)
            yield from enumerate(source, 1)
        elif stat.S_ISREG(Path(source).stat().st_mode):
            with open_file(source) as file:
                yield from enumerate(file, 1)
    except (OSError, ValueError, EOFError, zlib.error):  # A changed file, or an incomplete copy.
        return
