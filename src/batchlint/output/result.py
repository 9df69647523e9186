"""The result of checking one file."""

from __future__ import annotations

from typing import IO, NamedTuple

from ..report import Report


class FileResult(NamedTuple):
    """The result of checking a file.

    Attributes:
        path: the user's path, in printable form.
        report: the report. None if the file could not be read.
        error: the reason why the file could not be read.
        source: the user's path. None for standard input without a name.
        stored: where lines can be read again: a path, or a copy of standard input. None if they
            can't be.
    """

    path: str
    report: Report | None = None
    error: str | None = None
    source: str | None = None
    stored: str | IO[bytes] | None = None

    @property
    def ok(self) -> bool | None:
        """Whether the file has no errors. None if it could not be read."""
        return None if self.report is None else self.report.ok
