"""A file that was checked, or could not be."""

from __future__ import annotations

from typing import NamedTuple

from ..report import Report


class FileResult(NamedTuple):
    """What became of a file.

    Attributes:
        path: as the user wrote it, fit to print.
        report: None if the file could not be read.
        error: why it could not.
        source: the path by which its lines can be read again; None if they cannot, as of standard input.
    """

    path: str
    report: Report | None = None
    error: str | None = None
    source: str | None = None

    @property
    def ok(self) -> bool | None:
        """Whether there is no error; None if it could not be read."""
        return None if self.report is None else self.report.ok
