"""Write reports to files."""

from __future__ import annotations

import os
import re
import stat
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from ..output import FORMATS, Format
from ..output.complete_writer import OutputError
from .inputs import display_name
from .printing import print_message

if TYPE_CHECKING:
    from ..output.result import FileResult

#: The path that means standard output.
STANDARD_OUTPUT: Final = "-"

#: The name of a format and the path to write the report to.
Target = tuple[str, str]


def refuse_conflicts(paths: Sequence[str], inputs: Iterable[str]) -> None:
    """Raise an error if a report would overwrite an input or another report.

    Raises:
        click.UsageError: two paths conflict.
    """
    inputs = list(inputs)
    seen: set[str] = set()
    for path in paths:
        if path == STANDARD_OUTPUT:
            if path in seen:
                raise click.UsageError(
                    "two reports would be written to standard output; give one of them a file with "
                    "--output-file PATH or --output FORMAT=PATH"
                )
            seen.add(path)
            continue
        name = display_name(path)
        if any(_is_same_file(path, source) for source in inputs):
            raise click.UsageError(f"the report would overwrite {name}, which is an input file")
        try:
            real = os.path.realpath(path)
        except OSError:  # The working directory no longer exists. `write_report` reports it.
            continue
        is_replaced = os.path.isfile(real) or not os.path.exists(real)  # noqa: PTH110, PTH113
        if real in seen and is_replaced:
            raise click.UsageError(f"two reports would be written to {name}")
        seen.add(real)


def write_report(path: str, strings: Iterable[str], results: list[FileResult]) -> bool:
    """Write a report, unless no file could be checked. Return False if writing fails."""
    from ..output.write import write_atomic

    name = display_name(path)
    try:
        write_atomic(path, _require_checked_file(strings, results))
    except OutputError as error:
        print_message(f"{name}: cannot write: {error.strerror}")
        return False
    except _NothingCheckedError:
        print_message(f"{name}: not written, because no file could be checked")
    return True


def append_summary(main_format: Format, results: list[FileResult]) -> bool:
    """Write the CI service's step summary, if it has one. Return False if writing fails."""
    try:
        main_format.append_summary(results)
    except OSError as error:
        print_message(f"{error.filename}: cannot write the summary: {error.strerror}")
        return False
    return True


def parse_target(value: str) -> Target:
    """Parse `FORMAT=PATH`.

    Raises:
        ValueError: the value doesn't have this form, or the format is unknown.
    """
    name, equals, path = value.partition("=")
    if not equals or not path:
        raise ValueError(f"{value!r} is not of the form FORMAT=PATH, such as sarif=report.sarif")
    if name not in FORMATS:
        raise ValueError(f"{name!r} is not a format; the formats are {', '.join(FORMATS)}")
    return name, path


class _NothingCheckedError(Exception):
    """No file could be checked, so there is no report."""


def _require_checked_file(strings: Iterable[str], results: list[FileResult]) -> Iterator[str]:
    """Yield the strings of a report. Raise an error at the end if the old report must be kept.

    Raises:
        _NothingCheckedError: no file could be checked.
    """
    yield from strings
    if all(result.report is None for result in results):
        raise _NothingCheckedError


#: Matches a URL whose file, or whose archive, is on this machine. Group 1 is its path.
_LOCAL_URL: Final = r"(?s)(?:[^/].*::)?(?:file|local)://(.+)"


def _local_path(path: str) -> str:
    """Return the path of a local file. For a URL such as `file:///a`, return the path in it."""
    match = re.fullmatch(_LOCAL_URL, path)
    return path if match is None else os.path.expanduser(match[1])  # noqa: PTH111 - accepts any name


def _is_same_file(output_file: str, path: str) -> bool:
    """Return whether an output is also an input. Pipes and devices don't conflict."""
    try:
        target = Path(output_file).stat()
        source = os.fstat(sys.stdin.fileno()) if path == "-" else Path(_local_path(path)).stat()
    except (OSError, ValueError, AttributeError):  # One of them is missing or closed.
        return False
    return stat.S_ISREG(target.st_mode) and os.path.samestat(target, source)
