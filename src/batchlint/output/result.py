"""The result of one file."""

from __future__ import annotations

from typing import IO, NamedTuple

from ..report import Report


class FileResult(NamedTuple):
    """The result of checking a file.

    Attributes:
        path: the path as the user wrote it, made printable.
        report: None if the file could not be read.
        error: the reason why the file could not be read.
        source: the path as the user wrote it; None for standard input without a name.
        stored: the source for reading lines again: a path or a copy of standard input; None if
            neither.
    """

    path: str
    report: Report | None = None
    error: str | None = None
    source: str | None = None
    stored: str | IO[bytes] | None = None

    @property
    def ok(self) -> bool | None:
        """Whether the file has no errors; None if it could not be read."""
        return None if self.report is None else self.report.ok
