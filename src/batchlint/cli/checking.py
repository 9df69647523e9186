"""Check files with their settings and show a progress bar."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import MappingProxyType
from typing import IO, TYPE_CHECKING, Any, Final, NamedTuple

import click

from ..bounds import MAX_UNPACKED_BYTES, READ_TIMEOUT
from ..phrasing import escape
from .inputs import (
    UNREADABLE,
    Configs,
    display_name,
    reason,
    refuse_directory,
    standard_input,
)
from .printing import print_message

if TYPE_CHECKING:
    from ..engine.parallel import Executor, Start
    from ..output.result import FileResult
    from ..report import Report

#: The minimum total size in bytes for a progress bar. Smaller files finish before anyone can read it.
_MIN_BAR_BYTES: Final = 20_000_000

Progress = Callable[[int], object]


class FileSettings(NamedTuple):
    """The settings from the command line and the configuration files.

    Attributes:
        rules: the rule names passed to `--select`, `--ignore`, `--warn` and `--error`, by key.
        values: the other settings, by configuration key. None means not set.
        configs: a function that returns the configuration of a directory.
    """

    rules: Mapping[str, list[str]]
    values: Mapping[str, Any]
    configs: Configs

    def rules_for(self, path: Path) -> dict[str, list[str]]:
        """Return the rule selection for a file.

        `--select` replaces the configured rules. The other options add to the configured ones. The
        configured `ignore` doesn't apply to rules that the command line selects.
        """
        chosen = self.configs(path.parent).rules_for(path)
        enabled = {name for key, names in self.rules.items() if key != "ignore" for name in names}
        if enabled:
            chosen["ignore"] = [name for name in chosen.get("ignore", []) if name not in enabled]
        for key, names in self.rules.items():
            chosen[key] = names if key == "select" else [*chosen.get(key, []), *names]
        return chosen

    def value_for(self, path: Path, key: str) -> Any:
        """Return a setting from the command line, or else from the configuration."""
        value = self.values.get(key)
        return self.configs(path.parent).value_for(path, key) if value is None else value

    def read_timeout_for(self, path: Path) -> int:
        """Return the maximum number of seconds to wait for a server."""
        timeout: int = self.value_for(path, "read-timeout") or READ_TIMEOUT
        return timeout

    def options_for(self, path: Path) -> dict[str, Any]:
        """Return the options of `batchlint.check` for a file.

        Raises:
            click.ClickException: the configuration is invalid.
            click.UsageError: the selection leaves no rule to check.
        """
        provider_name = self.value_for(path, "provider") or "openai"
        rules = self.rules_for(path)
        _reject_empty_selection(rules, provider_name)
        return {
            **rules,
            "provider": provider_name,
            "max_enqueued_tokens": self.value_for(path, "max-enqueued-tokens"),
            "read_timeout": self.read_timeout_for(path),
            **self._create_call(path, provider_name),
        }

    def _create_call(self, path: Path, provider_name: str) -> dict[str, Any]:
        """Return the arguments `endpoint` and `create` of `batchlint.check`.

        `create` contains the endpoint if it contains other parameters, or if the endpoint is
        invalid. A finding then reports the invalid endpoint.
        """
        from ..providers import provider

        params: dict[str, Any] = {}
        if metadata := self.value_for(path, "metadata"):
            params["metadata"] = {**metadata}
        seconds = self.value_for(path, "output-expires-after")
        if seconds is not None:
            params["output_expires_after"] = {"anchor": "created_at", "seconds": seconds}
        window = self.value_for(path, "completion-window")
        if window is not None:
            params["completion_window"] = window
        endpoint = self.value_for(path, "endpoint")
        is_endpoint = provider(provider_name).endpoint(endpoint) is not None
        if endpoint is not None and (params or not is_endpoint):
            params["endpoint"] = endpoint
        return {"endpoint": endpoint if is_endpoint else None, "create": params or None}


def _reject_empty_selection(rules: Mapping[str, list[str]], provider_name: str) -> None:
    """Raise an error if the selection leaves no rule to check."""
    from ..providers import provider
    from ..rules import select_rules

    try:
        select_rules(
            rules.get("select"),
            *(rules.get(key, ()) for key in ("ignore", "warn", "error")),
            provider=provider(provider_name),
        )
    except ValueError as error:
        raise click.UsageError(str(error)) from None


class FileCheck(NamedTuple):
    """The check of one file, which can be pickled and sent to a worker process.

    Attributes:
        path: the path or URL of the file. '-' is standard input.
        name: the name shown to the user. None for standard input without a name.
        max_unpacked_bytes: the maximum size in bytes of a compressed file when decompressed.
        options: options of `batchlint.check`.
        error: why the file can't be checked, if that is already known.
        copies_stdin: whether to copy standard input, so that its lines can be read again.
    """

    path: str
    name: str | None
    max_unpacked_bytes: int = MAX_UNPACKED_BYTES
    options: Mapping[str, Any] = MappingProxyType({})
    error: str | None = None
    copies_stdin: bool = False

    def run(self, **options: Any) -> FileResult:
        """Check the file. If it can't be read, or memory runs out, the result's `error` is set."""
        from ..output.result import FileResult
        from ..sources import is_url

        copy = _new_copy() if self.path == "-" and self.copies_stdin else None
        stored = copy if self.path == "-" or is_url(self.path) else self.path
        result = FileResult(display_name(self.name or self.path), source=self.name, stored=stored)
        if self.error is not None:
            return result._replace(error=self.error)
        try:
            return result._replace(report=self._check(copy, {**self.options, **options}))
        except UNREADABLE as error:
            return result._replace(error=reason(error))
        except MemoryError:
            return result._replace(error="not enough memory to check it")

    def _check(self, copy: IO[bytes] | None, options: dict[str, Any]) -> Report:
        from ..engine.check import check
        from ..sources import is_gzipped, is_url, open_file

        path = self.path
        if path == "-":
            return check(standard_input(copy), name=self.name, **options)
        if is_url(path):
            return check(path, max_unpacked_bytes=self.max_unpacked_bytes, **options)
        refuse_directory(path)
        if not is_gzipped(path):
            return check(path, **options)
        with open_file(path, self.max_unpacked_bytes) as stream:
            return check(stream, name=path[: -len(".gz")], **options)


def _new_copy() -> IO[bytes]:
    """Return an unnamed file for a copy of standard input. It vanishes when the program ends."""
    import tempfile

    from ..sources import MAX_REMEMBERED_BYTES

    return tempfile.SpooledTemporaryFile(max_size=MAX_REMEMBERED_BYTES)


def _prepare(path: str, settings: FileSettings, stdin_name: str | None) -> FileCheck:
    """Return the `FileCheck` of a file with its settings.

    Raises:
        click.ClickException: the configuration is invalid, or the selection leaves no rule.
    """
    from ..sources import is_open_file

    name = stdin_name if path == "-" else _public_name(path)
    config_path = Path("<stdin>" if name is None or is_open_file(name) else name)
    try:
        options = settings.options_for(config_path)
        max_unpacked_bytes = (
            settings.value_for(config_path, "max-unpacked-bytes") or MAX_UNPACKED_BYTES
        )
    except UNREADABLE as error:
        return FileCheck(path, name, error=reason(error))
    return FileCheck(path, name, max_unpacked_bytes, options)


def _public_name(path: str) -> str:
    """Return a URL without its secret parts, or any other path unchanged."""
    from ..sources import is_url

    if not is_url(path):
        return path
    from ..remote.filesystem import public_name

    return public_name(path)


def check_files(
    paths: Sequence[str],
    settings: FileSettings,
    unlisted: Mapping[str, str],
    *,
    stdin_name: str | None = None,
    copy_stdin: bool = False,
    progress: bool | None = None,
    quiet: bool = False,
    jobs: int | None = None,
    start: Start = "spawn",
    **options: Any,
) -> Iterator[FileResult]:
    """Check files and yield their results in the order of the paths.

    Many files are checked in parallel, in processes or (for URLs) in threads. A few local files are
    checked one after another, and a large file in several processes.

    Args:
        paths: the files and URLs. '-' is standard input.
        settings: the settings from the command line and the configuration files.
        unlisted: the reason why a glob or prefix can't be listed, by URL.
        stdin_name: the name of standard input.
        copy_stdin: whether to copy standard input, so that its lines can be read again.
        progress: whether to show a progress bar. None shows one on a terminal if the files are
            large.
        quiet: whether to omit notes.
        jobs: the number of worker processes, as for `batchlint.check_many`.
        start: how worker processes start.
        options: further options of `batchlint.check`.

    Raises:
        click.ClickException: a configuration is invalid, or the selection leaves no rule.
    """

    def prepare_all() -> Iterator[FileCheck]:
        for path in paths:
            if not quiet:
                _print_note(path)
            check = _prepare(path, settings, stdin_name)
            yield check._replace(error=unlisted.get(path, check.error), copies_stdin=copy_stdin)

    with _progress_bar(paths, progress) as bar:
        update = None if bar is None else bar.update
        results: Iterator[FileResult]
        if len(paths) == 1 or "-" in paths:
            options |= {"jobs": jobs, "start": start}
            results = (check.run(progress=update, **options) for check in prepare_all())
        else:
            results = _check_many(paths, prepare_all(), options, jobs, start, update)
        for result in results:
            if bar is not None:
                bar.clear()  # The result is printed where the bar was.
            yield result


def _check_many(
    paths: Sequence[str],
    checks: Iterator[FileCheck],
    options: Mapping[str, Any],
    jobs: int | None,
    start: Start,
    progress: Progress | None,
) -> Iterator[FileResult]:
    """Run checks as `choose_execution` decides and yield the results in order."""
    from ..engine.parallel import FileCall, InlineExecutor, as_finished
    from ..many import choose_execution, local_size
    from ..sources import is_gzipped, is_url

    if any(map(is_url, paths)):
        gc.enable()  # Filesystem clients create reference cycles.
    execution = choose_execution(paths, jobs, start)
    options = {**options, "jobs": execution.jobs, "start": execution.start}
    done: dict[int, FileResult] = {}
    next_number = 0
    try:
        with execution.executor as executor:
            if isinstance(executor, InlineExecutor):
                yield from (check.run(progress=progress, **options) for check in checks)
                return
            calls = (
                FileCall(
                    number,
                    (_run, (check, options)),
                    None if is_gzipped(check.path) else local_size(check.path),
                )
                for number, check in enumerate(checks)
            )
            for number, result in as_finished(executor, calls, execution.window):
                done[number] = result
                if progress is not None and result.report is not None:
                    progress(result.report.bytes)
                while next_number in done:
                    yield done.pop(next_number)
                    next_number += 1
    except OSError as error:  # A worker died.
        for number in range(next_number, len(paths)):
            path = paths[number]
            yield (
                done.get(number) or FileCheck(path, _public_name(path), error=reason(error)).run()
            )


def _run(
    check: FileCheck, options: Mapping[str, Any], executor: Executor | None = None
) -> FileResult:
    return check.run(executor=executor, **options)


def _print_note(path: str) -> None:
    """Print a note if a file is read from a terminal or decompressed."""
    from ..sources import is_gzipped, is_url

    if path == "-":
        if sys.stdin is not None and sys.stdin.isatty():
            print_message("reading standard input…")
        return
    # A Path would raise an error if access is denied.
    if not is_url(path) and os.path.isdir(path):  # noqa: PTH112
        return
    name = _public_name(path)
    if is_gzipped(name):
        print_message(
            f"{display_name(name)}: decompressed for checking; the API accepts only uncompressed "
            "files"
        )


@contextmanager
def _progress_bar(paths: Sequence[str], enabled: bool | None) -> Iterator[Any]:
    """Show a progress bar on standard error. Yield the bar, or None if there is none.

    Args:
        paths: the files.
        enabled: whether to show the bar. None shows it on a terminal if the files are large.
    """
    if enabled is None and (sys.stderr is None or not sys.stderr.isatty()):
        enabled = False
    if enabled is False or sys.stderr is None:
        yield None
        return
    size = _total_size(paths)
    if enabled is None and size is not None and size < _MIN_BAR_BYTES:
        yield None
        return
    from tqdm import tqdm

    tqdm.monitor_interval = 0  # Its thread would make a fork unsafe.
    name = escape(os.path.basename(display_name(paths[0])))  # noqa: PTH119
    with tqdm(
        total=size,
        unit="B",
        unit_scale=True,
        desc=name if len(paths) == 1 else f"{len(paths):,} files",
        leave=False,
        file=sys.stderr,
        dynamic_ncols=True,
    ) as bar:
        yield bar


def _total_size(paths: Iterable[str]) -> int | None:
    """Return the total size of the files in bytes. None if it is unknown."""
    from ..sources import is_gzipped, is_url

    total = 0
    for path in paths:
        if path == "-" or is_url(path) or is_gzipped(path):
            return None
        with suppress(OSError, ValueError):  # The check reports the error.
            total += Path(path).stat().st_size
    return total
