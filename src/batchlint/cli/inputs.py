"""Find a command's input: named files, files in directories, URLs and standard input."""

from __future__ import annotations

import io
import os
import re
import stat
import sys
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, BinaryIO, Final, NamedTuple

from ..bounds import READ_TIMEOUT
from ..config import Config, is_matched

#: A function that returns the configuration of a directory.
Configs = Callable[[Path], Config]

#: Globs for the files in a directory that are checked by default.
DEFAULT_INCLUDE: Final = ("*.jsonl", "*.jsonl.gz")

#: Matches names of result files downloaded from OpenAI's website. Such a file may be empty.
_RESULT_NAME: Final = r"(?i:batch)_[^/]*_(?i:output|error)s?\.jsonl(\.gz)?"

#: Exceptions raised by reading a file. The last two mean that a gzip file is damaged.
UNREADABLE: Final = (OSError, EOFError, zlib.error)

#: The message for a directory without files to check.
NO_FILES: Final = "no files to check in this directory"

#: The maximum number of skipped files to name for each reason.
_MAX_NAMED: Final = 3


class Inputs(NamedTuple):
    """The files of a run.

    Attributes:
        paths: the unique paths. '-' is standard input. They include directories that have no
            files to check, or can't be read.
        notes: messages about skipped files.
        unlisted: the reason why a glob or prefix can't be listed, by URL.
    """

    paths: list[str]
    notes: list[str]
    unlisted: dict[str, str]


def find_inputs(
    paths: Iterable[str],
    configs: Configs,
    include: Sequence[str] = (),
    exclude: Sequence[str] = (),
    read_timeout_for: Callable[[Path], int] = lambda _: READ_TIMEOUT,
) -> Inputs:
    """Find the files that may be batch input, including those in directories and at URLs.

    Args:
        paths: files, directories and URLs. A file that is named twice is returned once.
        configs: a function that returns the configuration of a directory.
        include: globs for the files in directories. Defaults to the globs in the configuration, or
            else to `DEFAULT_INCLUDE`.
        exclude: globs for files and directories to skip in directories. The globs in the
            configuration also apply.
        read_timeout_for: a function that returns the maximum number of seconds for the search on
            an HTTP server.

    Raises:
        click.ClickException: a configuration is invalid.
    """
    from ..sources import is_url

    found = Inputs([], [], {})
    seen: set[str] = set()
    for path in paths:
        matches = [path]
        if path != "-" and is_url(path):
            try:
                matches = find_urls(path, read_timeout_for(Path(path)))
            except OSError as error:
                found.unlisted[path] = reason(error)
        elif path != "-" and _is_directory(path):
            directory = Directory(path, configs(Path(path)), include, exclude)
            with suppress(OSError):  # The working directory no longer exists.
                matches = directory.files() or [path]
                found.notes.extend(directory.notes())
        for match in matches:
            key = match if match == "-" or is_url(match) else _real_path(match)
            if key not in seen:
                seen.add(key)
                found.paths.append(match)
    return found


def _real_path(path: str) -> str:
    """Resolve links. If the working directory no longer exists, return the path unchanged."""
    try:
        return os.path.realpath(path)
    except OSError:
        return path


def find_urls(url: str, seconds: int) -> list[str]:
    """Return the URLs of files that match a glob or prefix. Other URLs are returned unchanged.

    Args:
        url: the URL.
        seconds: the maximum duration of the search on an HTTP server.

    Raises:
        OSError: no file matches, or the filesystem can't list files.
    """
    from ..remote.find import find, is_pattern

    return [file.url for file in find(url, seconds)] if is_pattern(url) else [url]


def _is_directory(path: str) -> bool:
    with suppress(OSError, ValueError):
        return Path(path).is_dir()
    return False


def refuse_directory(path: str) -> None:
    """Raise an error if a path that `find_inputs` returned is a directory.

    Raises:
        OSError: the directory can't be read, or has no files to check.
    """
    if Path(path).is_dir():
        os.scandir(path).close()
        raise OSError(NO_FILES)


class Directory:
    """A directory to search for files.

    Args:
        path: the directory.
        config: its configuration.
        include: as for `find_inputs`.
        exclude: as for `find_inputs`.
    """

    def __init__(
        self, path: str, config: Config, include: Sequence[str] = (), exclude: Sequence[str] = ()
    ) -> None:
        self._path = path
        base = Path(path)
        self._include = (
            [(glob, base) for glob in include]
            or config.globs("include")
            or [(glob, base) for glob in DEFAULT_INCLUDE]
        )
        self._exclude = [*((glob, base) for glob in exclude), *config.globs("exclude")]
        self._skipped: dict[str, list[str]] = {}
        self._has_match = False

    def files(self) -> list[str]:
        """Return the files to check.

        Excluded files, hidden files and the results of batches are skipped. So are excluded and
        hidden directories. Pipes, devices and links to them are skipped because reading them may
        never end. Links to directories are skipped because they may form a loop. A directory that
        can't be read is returned like a file, so that the check reports it.
        """

        def add(error: OSError) -> None:
            found.append(str(error.filename))

        self._skipped.clear()
        found: list[str] = []
        for parent, directories, names in os.walk(self._path, onerror=add):
            directories[:] = [
                name for name in sorted(directories) if self._should_enter(Path(parent, name))
            ]
            for path in (Path(parent, name) for name in sorted(names)):
                if is_matched(path, self._include):
                    self._has_match = True
                    reason = self._skip_reason(path)
                    if reason is None:
                        found.append(str(path))
                    else:
                        self._skip(path, reason)
        return found

    def notes(self) -> Iterator[str]:
        """Yield a message if no file matches any glob, and one about skipped files."""
        if not self._has_match:
            globs = ", ".join(glob for glob, _ in self._include)
            yield f"{display_name(self._path)}: no file here matches {globs}"
        if not self._skipped:
            return
        parts = []
        for reason, names in self._skipped.items():
            more = f" and {len(names) - _MAX_NAMED:,} more" if names[_MAX_NAMED:] else ""
            parts.append(f"{', '.join(names[:_MAX_NAMED])}{more} ({reason})")
        yield f"{display_name(self._path)}: skipped {', '.join(parts)}"

    def _should_enter(self, directory: Path) -> bool:
        if directory.name.startswith("."):
            return False
        if is_matched(directory, self._exclude):
            self._skip(directory, "excluded")
            return False
        # `os.walk` doesn't follow a link, because it may lead to a parent. A Path would raise an
        # error if access is denied.
        if os.path.islink(directory):  # noqa: PTH114
            self._skip(directory, "a symbolic link to a directory")
            return False
        return True

    def _skip_reason(self, path: Path) -> str | None:
        """Return why a file is skipped. None if it is not skipped."""
        if path.name.startswith("."):
            return "hidden"
        if is_matched(path, self._exclude):
            return "excluded"
        if is_special(path):
            return "a pipe or a device"
        return _result_skip_reason(path)

    def _skip(self, path: Path, reason: str) -> None:
        name = display_name(os.path.relpath(path, self._path))
        self._skipped.setdefault(reason, []).append(name)


def is_special(path: Path) -> bool:
    """Return whether a path is a pipe or a device. For a broken link, reading reports the error."""
    try:
        mode = path.stat().st_mode
    except OSError:
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


def _result_skip_reason(path: Path) -> str | None:
    """Return why a file is skipped if it is the result of a batch. None if it isn't."""
    from ..rules.foreign import RESULT_OF_BATCH, find_foreign
    from ..sources import CHUNK_BYTES, open_file

    try:
        with open_file(str(path)) as file:
            head = file.read(CHUNK_BYTES)
    except UNREADABLE:
        return None
    if not head and re.fullmatch(_RESULT_NAME, path.name):
        return "an empty result of a batch"
    found = find_foreign(head[: head.rfind(b"\n") + 1] or head)
    return RESULT_OF_BATCH if found is not None and found.name == RESULT_OF_BATCH else None


def reason(error: Exception) -> str:
    """Return why a file could not be read."""
    return getattr(error, "strerror", None) or str(error)


def display_name(path: str) -> str:
    """Return the name of a file for reports and messages."""
    return "<stdin>" if path == "-" else os.fsencode(path).decode("utf-8", "replace")


def standard_input(copy: IO[bytes] | None = None) -> BinaryIO:
    """Return standard input as a stream that signals can interrupt.

    Args:
        copy: a file to which everything is copied. It is closed if writing to it fails.

    Raises:
        OSError: standard input is closed.
    """
    if sys.stdin is None:
        raise OSError("standard input is closed")
    with suppress(OSError, AttributeError):  # Another process may have made it non-blocking.
        os.set_blocking(sys.stdin.fileno(), True)
    from ..sources import CHUNK_BYTES

    return io.BufferedReader(_InterruptibleReader(sys.stdin.buffer, copy), CHUNK_BYTES)


class _InterruptibleReader(io.RawIOBase):
    """A stream that reads piece by piece, so that signals are handled between reads.

    A buffered stream keeps reading until it has the requested number of bytes. A signal between two
    reads would have to wait for the second one, which may never return.
    """

    def __init__(self, stream: BinaryIO, copy: IO[bytes] | None) -> None:
        super().__init__()
        self._copy = copy
        self._stream: Any = getattr(stream, "raw", stream)
        self._is_at_end = False

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: Any, /) -> int:
        """Read a piece. Don't read after the end: a terminal would wait for another Ctrl-D."""
        count: int = 0 if self._is_at_end else self._stream.readinto(buffer)
        self._is_at_end = count == 0
        if self._copy is not None:
            try:
                self._copy.write(buffer[:count])
            except OSError:
                self._copy.close()
                self._copy = None
        return count
