"""Printing. Either stream may be closed; `standard_streams.py` handles failed writes."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Iterable
from contextlib import suppress
from typing import Any, Final

import click

from ..output.complete_writer import OutputError, to_bytes
from ..output.wrapping import NARROWEST, wrap
from ..phrasing import escape

#: The width of terminals that don't report one.
_DEFAULT_WIDTH: Final = 80


def print_all(texts: Iterable[str], *, as_utf8: bool = False) -> None:
    """Print strings as they arrive, then flush.

    Args:
        texts: the texts. All are consumed, even if there is no reader, because consuming them runs
            the checks.
        as_utf8: print UTF-8 bytes, independent of the encoding of standard output.

    Raises:
        OutputError: standard output cannot be written.
    """
    stream = sys.stdout
    for text in texts:
        if stream is None:  # The parent process may have closed it.
            continue
        if as_utf8:
            stream.buffer.write(to_bytes(text))
        else:
            stream.write(text)
    if stream is not None:
        stream.flush()


def print_lines(lines: Iterable[str]) -> None:
    """Print lines as they come, and flush. On a terminal, they are wrapped between words.

    Args:
        lines: the lines, each without its newline.

    Raises:
        OutputError: standard output cannot be written.
    """
    width = terminal_width(sys.stdout)
    print_all(f"{wrap(line, width)}\n" for line in lines)


def print_bytes(chunks: Iterable[bytes]) -> None:
    """Print bytes as they come, and flush. They are data, so a closed stream is an error.

    Raises:
        OutputError: standard output cannot be written.
    """
    stream = sys.stdout
    if stream is None:
        raise OutputError(errno.EBADF, "standard output is closed")
    for chunk in chunks:
        stream.buffer.write(chunk)
    stream.flush()


def complain(text: str) -> None:
    """Print a message on standard error. If that fails, the exit status still reports it."""
    with suppress(OSError):
        click.echo(wrap(f"batchlint: {escape(text)}", terminal_width(sys.stderr)), err=True)


def terminal_width(stream: Any) -> int | None:
    """The columns of the terminal that a stream writes to; None if it is not a terminal."""
    if stream is None or not stream.isatty():
        return None
    with suppress(KeyError, ValueError):
        return max(int(os.environ["COLUMNS"]), NARROWEST)
    with suppress(OSError):
        return max(os.get_terminal_size(stream.fileno()).columns or _DEFAULT_WIDTH, NARROWEST)
    return _DEFAULT_WIDTH


def show_error(error: click.ClickException) -> None:
    """Print an error about the command line. The message may quote anything, so escape it."""
    # `NoArgsIsHelpError` is new in click 8.2.
    if not isinstance(error, getattr(click.exceptions, "NoArgsIsHelpError", ())):
        label = len("Error: ")  # click puts it before the message.
        message = wrap(escape(error.format_message()), terminal_width(sys.stderr), label, label)
        error.format_message = lambda: message  # type: ignore[method-assign]
    if sys.stderr is not None:
        with suppress(OSError):
            error.show()
