"""Checks one file with its settings, and shows a progress bar."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import click

from ..phrasing import escape
from .inputs import NO_FILES, UNREADABLE, Configs, reason, shown_name, standard_input
from .printing import complain

if TYPE_CHECKING:
    from ..output.result import FileResult
    from ..report import Report

#: Smaller files (in bytes) are checked before anyone could read a progress bar.
_BAR_FROM: Final = 20_000_000

#: The size in bytes that a compressed file may have when decompressed.
MOST_UNPACKED: Final = 2_000_000_000

Progress = Callable[[int], object]


class FileSettings(NamedTuple):
    """Settings of a file, as far as the command line gives them.

    Attributes:
        rules: `select`, `ignore`, `warn` and `error`, where given.
        values: the other settings, by the key of the configuration, where given.
        configs: the configuration of a directory.
    """

    rules: Mapping[str, list[str]]
    values: Mapping[str, Any]
    configs: Configs

    def rules_for(self, path: Path) -> dict[str, list[str]]:
        """The rules for a file: the configuration's, with those of the command line on top."""
        chosen = self.configs(path.parent).rules_for(path)
        wanted = {name for key, names in self.rules.items() if key != "ignore" for name in names}
        if wanted:
            chosen["ignore"] = [name for name in chosen.get("ignore", []) if name not in wanted]
        for key, names in self.rules.items():
            chosen[key] = names if key == "select" else [*chosen.get(key, []), *names]
        return chosen

    def value_for(self, path: Path, key: str) -> Any:
        """The value of a setting: the command line's, or else the configuration's."""
        value = self.values.get(key)
        return self.configs(path.parent).value_for(path, key) if value is None else value

    def options_for(self, path: Path) -> dict[str, Any]:
        """The options of `batchlint.check` for a file.

        Raises:
            click.ClickException: the configuration is invalid.
            click.UsageError: nothing is left to check.
        """
        provider_name = self.value_for(path, "provider") or "openai"
        rules = self.rules_for(path)
        _refuse_empty(rules, provider_name)
        return {
            **rules,
            "provider": provider_name,
            "max_enqueued_tokens": self.value_for(path, "max-enqueued-tokens"),
            **self._create_call(path, provider_name),
        }

    def _create_call(self, path: Path, provider_name: str) -> dict[str, Any]:
        """The `endpoint` and `create` of `batchlint.check`.

        The endpoint is among the parameters of the create call if others are, or if it is wrong, so
        that a finding says so.
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


def _refuse_empty(rules: Mapping[str, list[str]], provider_name: str) -> None:
    """Refuse a selection that leaves nothing to check."""
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


def check_file(
    path: str,
    settings: FileSettings,
    *,
    stdin_name: str | None = None,
    progress: bool | None = None,
    quiet: bool = False,
    **options: Any,
) -> FileResult:
    """Check one file. If it cannot be read, the result has an error.

    Args:
        path: the file; '-' is standard input.
        settings: those of the command line.
        stdin_name: the name of standard input.
        progress: whether to show a bar; None decides by the size and the terminal.
        quiet: print no notes.
        options: further options of `batchlint.check`.

    Raises:
        click.ClickException: the configuration is invalid, or nothing is left to check.
    """
    from ..output.result import FileResult
    from ..sources import is_open_file

    stored = None if path == "-" else path
    named = stdin_name if path == "-" else path
    shown = shown_name(named or path)
    about = Path("<stdin>" if named is None or is_open_file(named) else named)
    try:
        options |= settings.options_for(about)
        most_unpacked = settings.value_for(about, "max-unpacked-bytes") or MOST_UNPACKED
        with _progress_bar(path, progress) as tick:
            options["progress"] = tick
            report = _check(path, stdin_name, most_unpacked, options, quiet=quiet)
    except UNREADABLE as error:
        return FileResult(shown, error=reason(error), source=named, stored=stored)
    except MemoryError:
        error_text = "not enough memory to check it"
        return FileResult(shown, error=error_text, source=named, stored=stored)
    return FileResult(shown, report, source=named, stored=stored)


def _check(
    path: str, stdin_name: str | None, most_unpacked: int, options: dict[str, Any], *, quiet: bool
) -> Report:
    from .. import api
    from ..sources import is_gzipped, open_file

    if path == "-":
        if not quiet and sys.stdin is not None and sys.stdin.isatty():
            complain("reading standard input…")
        return api.check(standard_input(), name=stdin_name, **options)
    if Path(path).is_dir():
        os.scandir(path).close()  # It raises if the directory cannot be read.
        raise OSError(NO_FILES)
    if not is_gzipped(path):
        return api.check(path, **options)
    if not quiet:
        complain(
            f"{shown_name(path)}: decompressed for checking; the API accepts only uncompressed "
            "files"
        )
    with open_file(path, most_unpacked) as stream:
        return api.check(stream, name=path[: -len(".gz")], **options)


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
