"""The `batchlint` command. It imports nothing but click until it knows what to do."""

from __future__ import annotations

import click

from .. import __version__
from .check import check
from .crash import TRACEBACK, Settings
from .fix import fix
from .provider import provider
from .rule import rule
from .schema import schema
from .serve import serve
from .split import split


def _print_version(ctx: click.Context, _param: click.Parameter, value: bool) -> None:
    if value and not ctx.resilient_parsing:
        click.echo(f"batchlint {__version__}")
        ctx.exit()


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "-V",
    "--version",
    is_flag=True,
    is_eager=True,
    allow_from_autoenv=False,
    expose_value=False,
    callback=_print_version,
    help="Print the version and exit.",
)
@click.option(
    "--traceback",
    is_flag=True,
    allow_from_autoenv=False,
    help=f"Show the traceback of an internal error, also if {TRACEBACK}=1 is set.",
)
@click.pass_context
def cli(ctx: click.Context, /, traceback: bool) -> None:
    """Check OpenAI Batch API input files before the upload."""
    if traceback:
        ctx.ensure_object(Settings).traceback = True


cli.add_command(check)
cli.add_command(fix)
cli.add_command(provider)
cli.add_command(rule)
cli.add_command(schema)
cli.add_command(serve)
cli.add_command(split)
