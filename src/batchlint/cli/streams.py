"""Standard output and standard error. Either may be closed, full, or a broken pipe."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from contextlib import suppress

import click

from ..phrasing import escape


def print_all(texts: Iterable[str]) -> None:
    """Print texts as they come, and flush. A reader that goes away ends the output."""
    try:
        for text in texts:
            if sys.stdout is not None:  # Whoever started us may have closed it.
                sys.stdout.write(text)
        if sys.stdout is not None:
            sys.stdout.flush()
    except BrokenPipeError:
        drop_output()


def complain(text: str) -> None:
    """Print a message on standard error. If that fails, the exit status still reports it."""
    with suppress(OSError):
        click.echo(f"batchlint: {escape(text)}", err=True)


def drop_output() -> None:
    """Discard what is still to be written: its reader is gone."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
