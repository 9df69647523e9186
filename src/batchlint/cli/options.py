"""Options that several commands have in common."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from .inputs import Configs
from .parameters import Rules

if TYPE_CHECKING:
    from ..config import Config

_Command = TypeVar("_Command", bound=Callable[..., Any])

_NO_CONFIG: Final = "batchlint.no_config"
_CONFIG: Final = "batchlint.config"


def rule_options(command: _Command) -> _Command:
    """Add the options that choose rules."""
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


def folder_options(command: _Command) -> _Command:
    """Add the options about files in directories."""
    command = click.option(
        "--list-files", is_flag=True, help="List the files that would be checked, and exit."
    )(command)
    command = click.option(
        "--exclude",
        multiple=True,
        metavar="GLOB",
        help="Skip files and directories in directories that match. Repeatable.",
    )(command)
    return click.option(
        "--include",
        multiple=True,
        metavar="GLOB",
        help="Check the files in directories that match. Repeatable.  [default: *.jsonl, "
        "*.jsonl.gz]",
    )(command)


def config_options(command: _Command) -> _Command:
    """Add the options that choose a configuration. They also set the defaults of the others."""
    command = click.option(
        "--config",
        metavar="PATH",
        is_eager=True,
        expose_value=False,
        callback=_load_config,
        help="Use this configuration file.  [default: batchlint.toml or pyproject.toml, of the "
        "checked file's directory or the nearest one above]",
    )(command)
    return click.option(
        "--no-config",
        is_flag=True,
        is_eager=True,
        expose_value=False,
        callback=_forbid_config,
        help="Use no configuration file.",
    )(command)


def configs_of(ctx: click.Context) -> Configs:
    """The configuration of each directory, as the options chose it.

    It raises `click.ClickException` if that is invalid.
    """
    chosen: Config | None = ctx.meta.get(_CONFIG)
    return _nearest if chosen is None else lambda _: chosen


def _forbid_config(ctx: click.Context, _param: click.Parameter, value: bool) -> None:
    if value:
        if ctx.meta.get(_CONFIG) is not None:
            raise click.UsageError("--config and --no-config exclude each other", ctx)
        from ..config import Config

        ctx.meta[_NO_CONFIG] = True
        ctx.meta[_CONFIG] = Config()


def _load_config(ctx: click.Context, _param: click.Parameter, value: str | None) -> None:
    """Load the configuration, and take its settings as the defaults of the options."""
    if ctx.resilient_parsing:
        return
    if value is not None:
        if ctx.meta.get(_NO_CONFIG):
            raise click.UsageError("--config and --no-config exclude each other", ctx)
        ctx.meta[_CONFIG] = _checked(lambda: _load(Path(value)))
    config = configs_of(ctx)(Path(os.curdir))
    ctx.default_map = {key.replace("-", "_"): value for key, value in config.run.items()}


def _load(path: Path) -> Config:
    from ..config import load

    return load(path)


def _nearest(folder: Path) -> Config:
    from ..config import nearest

    return _checked(lambda: nearest(folder))


def _checked(load: Callable[[], Config]) -> Config:
    """The configuration.

    Raises:
        click.ClickException: it is invalid. The command line is not to blame, so click doesn't
            print how it is used.
    """
    from ..config import ConfigError

    try:
        return load()
    except ConfigError as error:
        raise click.ClickException(str(error)) from None
