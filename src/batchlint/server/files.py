"""Stores uploaded and generated files. Contents are in a temporary directory."""

from __future__ import annotations

import errno
import shutil
import tempfile
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any, Final, Protocol, TypeVar

from ..report import Report
from ..sources import open_regular
from . import errors

#: Files of batches are kept this long (source: the API reference, August 2026: "By default, files
#: with `purpose=batch` expire after 30 days").
KEPT_SECONDS: Final = 2_592_000

#: The shortest time that a client may choose (same source).
SHORTEST_KEPT_SECONDS: Final = 3_600


@dataclass(frozen=True)
class StoredFile:
    """A stored file.

    Attributes:
        id: the public ID.
        path: the path of its contents. The store chooses it; clients cannot influence it.
        filename: the client's name for it.
        purpose: `batch` or `batch_output`.
        size: in bytes.
        created_at: in seconds since the epoch.
        expires_at: in seconds since the epoch. It is only reported; files don't expire.
        report: the report of the check; None for a file that the server made.
    """

    id: str
    path: Path
    filename: str
    purpose: str
    size: int
    created_at: int
    expires_at: int
    report: Report | None = None

    def to_dict(self) -> dict[str, Any]:
        """The API's File object.

        Sources of the fields: a response from December 2025 quoted in a public test, and
        `openai.types.FileObject` 3.57.0.
        """
        return {
            "id": self.id,
            "object": "file",
            "bytes": self.size,
            "created_at": self.created_at,
            "expires_at": self.expires_at,
            "filename": self.filename,
            "purpose": self.purpose,
            "status": "processed",
            "status_details": None,
        }


class FileStore:
    """All files, in upload order.

    The directory is made when it is first needed. It is removed by `close`, or at the latest when
    the interpreter exits.
    """

    def __init__(self) -> None:
        self._files: dict[str, StoredFile] = {}
        self._folder: Path | None = None
        self._remover: Callable[[], object] = lambda: None
        self._is_open = True
        self._paths = count(1)
        self._ids = count(1)

    def new_path(self) -> Path:
        """An unused path in the directory.

        Raises:
            OSError: the directory cannot be made, or the store is closed.
        """
        if not self._is_open:  # A thread that outlives the server must not make a new directory.
            raise OSError(errno.ESHUTDOWN, "the server has stopped")
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix="batchlint-serve-"))
            self._remover = weakref.finalize(self, shutil.rmtree, self._folder, ignore_errors=True)
        return self._folder / f"{next(self._paths)}.jsonl"

    def add(
        self,
        path: Path,
        filename: str,
        purpose: str,
        created_at: int,
        kept_seconds: int = KEPT_SECONDS,
        report: Report | None = None,
    ) -> StoredFile:
        """Add a file whose contents are already at a path from `new_path`."""
        stored = StoredFile(
            f"file-batchlint{next(self._ids):014}",
            path,
            filename,
            purpose,
            path.stat().st_size,
            created_at,
            created_at + kept_seconds,
            report,
        )
        self._files[stored.id] = stored
        return stored

    def find(self, file_id: object) -> StoredFile | None:
        """The file with an id."""
        return self._files.get(file_id) if isinstance(file_id, str) else None

    def get(self, file_id: str) -> StoredFile:
        """The file with an id.

        Raises:
            ApiError: there is no such file.
        """
        if file_id not in self._files:
            raise errors.no_such_file(file_id)
        return self._files[file_id]

    def delete(self, file_id: str) -> None:
        """Remove a file.

        Raises:
            ApiError: there is no such file.
        """
        self.get(file_id).path.unlink(missing_ok=True)
        del self._files[file_id]

    def listed(self, purpose: str | None, order: str) -> list[StoredFile]:
        """The files for a purpose.

        Args:
            purpose: None for all.
            order: `asc` or `desc`, by time.
        """
        found = [f for f in self._files.values() if purpose is None or f.purpose == purpose]
        return found if order == "asc" else found[::-1]

    def open(self) -> None:
        """Accept files, perhaps again after `close`."""
        self._is_open = True

    def close(self) -> None:
        """Remove the directory and its contents."""
        self._is_open = False
        self._remover()
        self._folder = None
        self._files.clear()


class _Listed(Protocol):
    @property
    def id(self) -> str: ...

    def to_dict(self) -> dict[str, Any]: ...


_Item = TypeVar("_Item", bound=_Listed)


def page(items: Sequence[_Item], after: str | None, limit: int) -> Mapping[str, Any] | None:
    """One page of a list, as the API returns it; None if `after` is not the ID of an item."""
    start = 0
    if after is not None:
        place = next((i for i, item in enumerate(items) if item.id == after), None)
        if place is None:
            return None
        start = place + 1
    shown = items[start : start + limit]
    return {
        "object": "list",
        "data": [item.to_dict() for item in shown],
        "first_id": shown[0].id if shown else None,
        "last_id": shown[-1].id if shown else None,
        "has_more": bool(limit) and start + limit < len(items),
    }


def lines_of(path: Path) -> Iterator[tuple[int, bytes]]:
    """The lines of a file that are not blank, with their numbers from 1."""
    with open_regular(str(path)) as file:
        for number, line in enumerate(file, 1):
            if line.strip():
                yield number, line
