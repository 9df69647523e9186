"""Store uploaded and generated files in a temporary directory."""

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

#: The default and maximum lifetime of a file in seconds. Source: the API reference, August 2026:
#: "By default, files with `purpose=batch` expire after 30 days".
MAX_LIFETIME_SECONDS: Final = 2_592_000

#: The minimum lifetime that a client can choose, in seconds (same source).
MIN_LIFETIME_SECONDS: Final = 3_600


@dataclass(frozen=True)
class StoredFile:
    """A stored file.

    Attributes:
        id: the public ID.
        path: the path of its contents. The store chooses it, never the client.
        filename: the client's name for the file.
        purpose: `batch` or `batch_output`.
        size: the size in bytes.
        created_at: the creation time, in seconds since the epoch.
        expires_at: the reported expiry time, in seconds since the epoch. Files don't expire.
        report: the report of the check. None for a file that the server created.
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
        """Return the API's File object.

        Sources: a response from December 2025 quoted in a public test, and
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

    The directory is created when it is first needed, and removed by `close`, or when the
    interpreter exits.
    """

    def __init__(self) -> None:
        self._files: dict[str, StoredFile] = {}
        self._directory: Path | None = None
        self._remover: Callable[[], object] = lambda: None
        self._is_open = True
        self._paths = count(1)
        self._ids = count(1)

    def new_path(self) -> Path:
        """Return an unused path in the directory.

        Raises:
            OSError: the directory can't be created, or the store is closed.
        """
        if not self._is_open:  # A thread may outlive the server. Don't create a new directory.
            raise OSError(errno.ESHUTDOWN, "the server has stopped")
        if self._directory is None:
            self._directory = Path(tempfile.mkdtemp(prefix="batchlint-serve-"))
            self._remover = weakref.finalize(
                self, shutil.rmtree, self._directory, ignore_errors=True
            )
        return self._directory / f"{next(self._paths)}.jsonl"

    def add(
        self,
        path: Path,
        filename: str,
        purpose: str,
        created_at: int,
        lifetime: int = MAX_LIFETIME_SECONDS,
        report: Report | None = None,
    ) -> StoredFile:
        """Add a file whose contents are already at a path from `new_path`.

        Args:
            path: the path of the contents.
            filename: the client's name for the file.
            purpose: `batch` or `batch_output`.
            created_at: the current time, in seconds since the epoch.
            lifetime: the lifetime in seconds.
            report: the report of the check. None for a file that the server created.
        """
        stored = StoredFile(
            f"file-batchlint{next(self._ids):014}",
            path,
            filename,
            purpose,
            path.stat().st_size,
            created_at,
            created_at + lifetime,
            report,
        )
        self._files[stored.id] = stored
        return stored

    def find(self, file_id: object) -> StoredFile | None:
        """Return the file with an ID. None if there is no such file."""
        return self._files.get(file_id) if isinstance(file_id, str) else None

    def get(self, file_id: str) -> StoredFile:
        """Return the file with an ID.

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

    def list(self, purpose: str | None, order: str) -> Sequence[StoredFile]:
        """Return the files with a purpose.

        Args:
            purpose: the purpose. None means any.
            order: `asc` (oldest first) or `desc`.
        """
        files = [*self._files.values()]  # A thread may add files in the meantime.
        found = [file for file in files if purpose is None or file.purpose == purpose]
        return found if order == "asc" else found[::-1]

    def open(self) -> None:
        """Accept files. A closed store can be opened again."""
        self._is_open = True

    def close(self) -> None:
        """Remove the directory and its contents."""
        self._is_open = False
        self._remover()
        self._directory = None
        self._files.clear()


class _HasId(Protocol):
    @property
    def id(self) -> str: ...

    def to_dict(self) -> dict[str, Any]: ...


_Item = TypeVar("_Item", bound=_HasId)


def page(items: Sequence[_Item], after: str | None, limit: int) -> Mapping[str, Any] | None:
    """Return one page of a list, as the API does. None if `after` is not the ID of an item."""
    start = 0
    if after is not None:
        index = next((i for i, item in enumerate(items) if item.id == after), None)
        if index is None:
            return None
        start = index + 1
    selected = items[start : start + limit]
    return {
        "object": "list",
        "data": [item.to_dict() for item in selected],
        "first_id": selected[0].id if selected else None,
        "last_id": selected[-1].id if selected else None,
        "has_more": bool(limit) and start + limit < len(items),
    }


def numbered_lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """Yield the non-blank lines of a file, with their numbers from 1."""
    with open_regular(str(path)) as file:
        for number, line in enumerate(file, 1):
            if line.strip():
                yield number, line
