"""The files to check: expands directories, opens one file, shows a progress bar."""

from __future__ import annotations

import io
import os
import re
import stat
import sys
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final, NamedTuple

import click

from ..phrasing import escape
from .printing import complain

if TYPE_CHECKING:
    from ..config import Config
    from ..output.result import FileResult
    from ..report import Report

#: Names of batch input files in directories, as in `.pre-commit-hooks.yaml`.
_BATCH_NAME: Final = r"(?i:batch)[^/]*\.jsonl$"

#: Smaller files (in bytes) are checked before anyone could read a progress bar.
_BAR_FROM: Final = 20_000_000

#: What reading a file may raise. The last two: a damaged gzip file.
UNREADABLE: Final = (OSError, EOFError, zlib.error)

Progress = Callable[[int], object]


def expand(paths: Iterable[str]) -> list[str]:
    """Replace each directory by the batch files in it, if there are any."""
    found: list[str] = []
    for path in paths:
        try:
            inside = batch_files(path) if path != "-" and Path(path).is_dir() else []
        except OSError:  # It is reported when the directory is read.
            inside = []
        found += inside or [path]
    return found


def batch_files(folder: str) -> list[str]:
    """The files in a directory whose names are those of batch input files; hidden ones are skipped.

    Pipes and devices are skipped too, and links to them, because reading them may never end.

    Raises:
        OSError: a directory cannot be read.
    """

    def refuse(error: OSError) -> None:
        raise error

    found = []
    for place, folders, names in os.walk(folder, onerror=refuse):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        wanted = [name for name in names if re.search(_BATCH_NAME, name) and name[0] != "."]
        files = (Path(place, name) for name in sorted(wanted))
        found += [str(file) for file in files if not _is_special(file)]
    return found


def _is_special(path: Path) -> bool:
    """Whether a path leads to a pipe or a device. A broken link does not; reading it reports it."""
    try:
        mode = path.stat().st_mode
    except OSError:
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


class CreateCall(NamedTuple):
    """What the command line says of the create call.

    Attributes:
        endpoint: its URL, if given.
        metadata: its metadata.
        expires_after: its `output_expires_after.seconds`, if given.
        window: its `completion_window`, if given.
    """

    endpoint: str | None
    metadata: Mapping[str, str]
    expires_after: int | None
    window: str | None

    def options(self, provider_name: str) -> dict[str, Any]:
        """The `endpoint` and `create` of `batchlint.check` for a provider.

        The endpoint is among the parameters of the create call if others are, or if it is wrong, so
        that a finding says so.
        """
        from ..providers import provider

        is_endpoint = provider(provider_name).endpoint(self.endpoint) is not None
        params: dict[str, Any] = {}
        if self.metadata:
            params["metadata"] = {**self.metadata}
        if self.expires_after is not None:
            params["output_expires_after"] = {
                "anchor": "created_at",
                "seconds": self.expires_after,
            }
        if self.window is not None:
            params["completion_window"] = self.window
        if self.endpoint is not None and (params or not is_endpoint):
            params["endpoint"] = self.endpoint
        return {"endpoint": self.endpoint if is_endpoint else None, "create": params or None}


def check_file(
    path: str,
    options: dict[str, Any],
    rules: dict[str, list[str]],
    *,
    provider: str | None,
    call: CreateCall,
    progress: bool | None,
    most_unpacked: int,
) -> FileResult:
    """Check one file. If it cannot be read, the result has an error.

    Args:
        path: the file; '-' is standard input.
        options: the options of `batchlint.check`.
        rules: the `select`, `ignore`, `warn` and `error` of the command line.
        provider: the provider of the command line, if given.
        call: the create call of the command line.
        progress: whether to show a bar; None decides by the size and the terminal.
        most_unpacked: the size in bytes that a compressed file may have when decompressed.
    """
    from ..output.result import FileResult

    shown = shown_name(path)
    source = None if path == "-" else path
    try:
        name = provider or _configured(path).provider_for(_as_path(path)) or "openai"
        chosen = {
            **options,
            **call.options(name),
            **_chosen_rules(path, rules, name),
            "provider": name,
        }
        report = _check(path, chosen, progress=progress, most_unpacked=most_unpacked)
    except UNREADABLE as error:
        return FileResult(shown, error=reason(error), source=source)
    except MemoryError:
        return FileResult(shown, error="not enough memory to check it", source=source)
    return FileResult(shown, report, source=source)


def reason(error: Exception) -> str:
    """Why a file could not be read."""
    return getattr(error, "strerror", None) or str(error)


def shown_name(path: str) -> str:
    """The name of a file as reports and messages have it."""
    return "<stdin>" if path == "-" else os.fsencode(path).decode("utf-8", "replace")


def _check(
    path: str, options: dict[str, Any], *, progress: bool | None, most_unpacked: int
) -> Report:
    from .. import api
    from ..sources import is_gzipped, open_file

    if path == "-":
        with _progress_bar(path, progress) as tick:
            return api.check(standard_input(), progress=tick, **options)
    if Path(path).is_dir():
        batch_files(path)  # It raises if the directory cannot be read.
        raise OSError("no files matching *batch*.jsonl in this directory")
    if not is_gzipped(path):
        with _progress_bar(path, progress) as tick:
            return api.check(path, progress=tick, **options)
    complain(
        f"{shown_name(path)}: decompressed for checking; the API accepts only uncompressed files"
    )
    with open_file(path, most_unpacked) as stream, _progress_bar(path, progress) as tick:
        return api.check(stream, name=path[: -len(".gz")], progress=tick, **options)


def standard_input() -> BinaryIO:
    """Standard input as a stream that signals can interrupt.

    Raises:
        OSError: it is closed.
    """
    if sys.stdin is None:
        raise OSError("standard input is closed")
    with suppress(OSError, AttributeError):  # Another process may have made it non-blocking.
        os.set_blocking(sys.stdin.fileno(), True)
    from ..sources import CHUNK

    return io.BufferedReader(_InterruptibleReader(sys.stdin.buffer), CHUNK)


class _InterruptibleReader(io.RawIOBase):
    """Reads a stream piece by piece, so that signals are handled between reads.

    A buffered stream goes on reading until it has as much as it was asked for. A signal that comes
    between two of its reads would wait for the end of the second one, which may never come.
    """

    def __init__(self, stream: BinaryIO) -> None:
        super().__init__()
        self._stream: Any = getattr(stream, "raw", stream)

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: Any, /) -> int:
        """Read a piece."""
        count: int = self._stream.readinto(buffer)
        return count


def _chosen_rules(path: str, from_command: dict[str, list[str]], provider: str) -> dict[str, Any]:
    """The rules for a file: the configuration's, with those of the command line on top."""
    chosen: dict[str, Any] = _configured(path).for_file(_as_path(path))
    wanted = {name for key, names in from_command.items() if key != "ignore" for name in names}
    if wanted:
        chosen["ignore"] = [name for name in chosen.get("ignore", []) if name not in wanted]
    for key, names in from_command.items():
        chosen[key] = names if key == "select" else [*chosen.get(key, []), *names]
    _refuse_empty(chosen, provider)
    return chosen


def _configured(path: str) -> Config:
    """The configuration of a file."""
    from .. import config

    try:
        return config.nearest(_as_path(path).parent)
    except ValueError as error:
        raise click.UsageError(str(error)) from None


def _as_path(path: str) -> Path:
    return Path("<stdin>" if path == "-" else path)


def _refuse_empty(chosen: dict[str, list[str]], provider_name: str) -> None:
    """Refuse a selection that leaves nothing to check."""
    from ..providers import provider
    from ..rules import select_rules

    try:
        select_rules(
            chosen.get("select"),
            *(chosen.get(key, ()) for key in ("ignore", "warn", "error")),
            provider=provider(provider_name),
        )
    except ValueError as error:
        raise click.UsageError(str(error)) from None


@contextmanager
def _progress_bar(path: str, wanted: bool | None) -> Iterator[Progress | None]:
    """A bar by bytes on standard error, and the function that moves it; None without a bar."""
    from ..sources import is_gzipped

    size = Path(path).stat().st_size if path != "-" and not is_gzipped(path) else None
    if wanted is None:
        is_long = size is None or size >= _BAR_FROM
        wanted = is_long and sys.stderr is not None and sys.stderr.isatty()
    if not wanted or sys.stderr is None:
        yield None
        return
    from tqdm import tqdm

    tqdm.monitor_interval = 0  # Its thread would make a fork unsafe.
    name = escape(os.path.basename(shown_name(path)))  # noqa: PTH119
    with tqdm(
        total=size,
        unit="B",
        unit_scale=True,
        desc=name,
        leave=False,
        file=sys.stderr,
        dynamic_ncols=True,
    ) as bar:
        yield bar.update
