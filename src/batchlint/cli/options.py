"""Options shared by several commands."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from .inputs import Configs
from .parameters import ProviderName, Rules, Text, complete_endpoint

if TYPE_CHECKING:
    from ..config import Config

_Command = TypeVar("_Command", bound=Callable[..., Any])

_NO_CONFIG: Final = "batchlint.no_config"
_CONFIG: Final = "batchlint.config"


endpoint_option = click.option(
    "--endpoint",
    metavar="URL",
    shell_complete=complete_endpoint,
    help="Endpoint of the batch.  [default: the most frequent URL in the file]",
)

jobs_option = click.option(
    "-j",
    "--jobs",
    type=click.IntRange(0),
    metavar="N",
    help="Number of worker processes; 0 means one per core.  [default: depends on the file size]",
)


def provider_option(noun: str) -> Callable[[_Command], _Command]:
    """Return the option `--provider`. `noun` is the word for the files in its help."""
    return click.option(
        "--provider",
        metavar="NAME",
        type=ProviderName(),
        help=f"Service that the {noun} are for. `batchlint provider` lists the services.  "
        "[default: openai]",
    )


def rule_options(command: _Command) -> _Command:
    """Add the options that select rules."""
    for option, help_text in (
        ("--error", "Enable these rules as errors."),
        ("--warn", "Enable these rules as warnings."),
        ("--ignore", "Skip these rules."),
        (
            "--select",
            "Check only these rules: names, groups, API codes or globs, separated by commas.",
        ),
    ):
        command = click.option(option, type=Rules(), metavar="RULES", help=help_text)(command)
    return command


def directory_options(command: _Command) -> _Command:
    """Add the options about files in directories."""
    command = click.option(
        "--list-files", is_flag=True, help="List the files that would be checked, and exit."
    )(command)
    command = click.option(
        "--exclude",
        type=Text(),
        multiple=True,
        metavar="GLOB",
        help="In directories, skip files and directories that match. Repeatable.",
    )(command)
    return click.option(
        "--include",
        type=Text(),
        multiple=True,
        metavar="GLOB",
        help="In directories, check only files that match. Repeatable.  [default: *.jsonl, "
        "*.jsonl.gz]",
    )(command)


def config_options(command: _Command) -> _Command:
    """Add the options that choose a configuration, which sets the defaults of other options."""
    command = click.option(
        "--config",
        type=Text(),
        metavar="PATH",
        is_eager=True,
        expose_value=False,
        callback=_load_config,
        help="Use this configuration file.  [default: the nearest batchlint.toml or "
        "pyproject.toml, in the checked file's directory or a parent]",
    )(command)
    return click.option(
        "--no-config",
        is_flag=True,
        is_eager=True,
        expose_value=False,
        callback=_forbid_config,
        help="Ignore configuration files.",
    )(command)


def config_lookup(ctx: click.Context) -> Configs:
    """Return a function that looks up the configuration of a directory.

    The function raises `click.ClickException` if a configuration is invalid.
    """
    chosen: Config | None = ctx.meta.get(_CONFIG)
    return _nearest if chosen is None else lambda _: chosen


def _forbid_config(ctx: click.Context, _param: click.Parameter, value: bool) -> None:
    if value:
        if ctx.meta.get(_CONFIG) is not None:
            raise click.UsageError("--config and --no-config cannot be combined", ctx)
        from ..config import Config

        ctx.meta[_NO_CONFIG] = True
        ctx.meta[_CONFIG] = Config()


def _load_config(ctx: click.Context, _param: click.Parameter, value: str | None) -> None:
    """Load the configuration and use its settings as the options' defaults."""
    if ctx.resilient_parsing:
        return
    if value is not None:
        if ctx.meta.get(_NO_CONFIG):
            raise click.UsageError("--config and --no-config cannot be combined", ctx)
        ctx.meta[_CONFIG] = _load_valid(lambda: _load(Path(value)))
    config = config_lookup(ctx)(Path(os.curdir))
    ctx.default_map = {key.replace("-", "_"): value for key, value in config.run.items()}


def _load(path: Path) -> Config:
    from ..config import load

    return load(path)


def _nearest(directory: Path) -> Config:
    from ..config import nearest

    return _load_valid(lambda: nearest(directory))


def _load_valid(load: Callable[[], Config]) -> Config:
    """Call `load` and return the configuration.

    Raises:
        click.ClickException: the configuration is invalid. This is not a `UsageError`, because the
            command line is correct.
    """
    from ..config import ConfigError

    try:
        return load()
    except ConfigError as error:
        raise click.ClickException(str(error)) from None
