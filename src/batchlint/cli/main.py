"""The `batchlint` program. It imports only click until it knows which command to run."""

from __future__ import annotations

import os
import re
from importlib import import_module
from typing import Final

import click

from .. import __version__
from .crash import TRACEBACK, Settings

#: The commands. Each is a module of this package, imported on demand.
COMMANDS: Final = ("check", "fix", "provider", "rule", "schema", "serve", "split")

#: The shell asks for completions with this environment variable.
COMPLETION_VARIABLE: Final = "_BATCHLINT_COMPLETE"


class Commands(click.Group):
    """The group of commands. An unknown command may be a file or a misspelling."""

    def list_commands(self, _ctx: click.Context) -> list[str]:
        """Return the names of the commands."""
        return [*COMMANDS]

    def get_command(self, _ctx: click.Context, name: str) -> click.Command | None:
        """Import and return a command. None if there is no such command."""
        if name not in COMMANDS:
            return None
        command: click.Command = getattr(import_module(f".{name}", __package__), name)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find a command by its name."""
        name = args[0]
        if self.get_command(ctx, name) is None and not ctx.resilient_parsing:
            raise click.ClickException(f"{name!r} is not a command{self._suggestion(ctx, args)}")
        return super().resolve_command(ctx, args)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the options before the command. Explain where options of `check` belong."""
        original = [*args]  # The parser consumes them.
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            check = self.get_command(ctx, "check")
            if check and any(error.option_name in option.opts for option in check.params):
                raise click.ClickException(
                    f"{error.option_name} is an option of check; type: "
                    f"{_command_line('batchlint', 'check', *original)}"
                ) from None
            raise

    def _suggestion(self, ctx: click.Context, args: list[str]) -> str:
        """Return the end of an error message: the command that may be meant, or all commands."""
        import difflib

        name = args[0]
        if name == "-" or os.path.lexists(name) or name.endswith((".jsonl", ".jsonl.gz")):
            return f"; to check files, type: {_command_line('batchlint', 'check', *args)}"
        commands = self.list_commands(ctx)
        near = difflib.get_close_matches(name, commands, 1)
        return f"; did you mean {near[0]}?" if near else f"; the commands are {', '.join(commands)}"


def check_completion_request() -> None:
    """Check the environment variables of shell completion, because click doesn't check them.

    Raises:
        click.UsageError: a variable is missing or invalid.
    """
    request = os.environ.get(COMPLETION_VARIABLE)
    if not request:
        return
    match = re.fullmatch("(bash|fish|zsh)_(source|complete)", request)
    if match is None:
        raise click.UsageError(
            f"{COMPLETION_VARIABLE} is {request!r}; it must be bash, fish or zsh, followed by "
            "_source or _complete"
        )
    shell, action = match.groups()
    word = os.environ.get("COMP_CWORD")
    if action == "complete" and (
        "COMP_WORDS" not in os.environ
        or word is None
        or (shell != "fish" and not re.fullmatch("[0-9]{1,9}", word))
    ):
        raise click.UsageError(
            "to complete words, the shell must set COMP_WORDS to the command line, and COMP_CWORD "
            "to the index of the word (fish: to the word itself)"
        )


def _command_line(*words: str) -> str:
    """Join words into a command line, with quotes where a shell needs them."""
    import shlex

    return shlex.join(words)


def _print_version(ctx: click.Context, _param: click.Parameter, value: bool) -> None:
    if value and not ctx.resilient_parsing:
        click.echo(f"batchlint {__version__}")
        ctx.exit()


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
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
    help=f"Show the traceback of an internal error. {TRACEBACK}=1 does the same.",
)
@click.pass_context
def cli(ctx: click.Context, /, traceback: bool) -> None:
    """Check OpenAI Batch API input files before you upload them."""
    if traceback:
        ctx.ensure_object(Settings).traceback = True
