"""Print to standard output and standard error.

Both may be closed. `standard_streams.py` handles failed writes.
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Iterable
from contextlib import suppress
from typing import Any, Final

import click

from ..output.complete_writer import OutputError, to_bytes
from ..output.wrapping import MIN_WIDTH, wrap
from ..phrasing import escape

#: The assumed width of terminals that don't report theirs.
_DEFAULT_WIDTH: Final = 80


def print_all(strings: Iterable[str], *, as_utf8: bool = False) -> None:
    """Print strings as they arrive, then flush.

    Args:
        strings: the strings. All are consumed even if standard output is closed, because consuming
            them runs the checks.
        as_utf8: whether to print UTF-8, whatever the encoding of standard output.

    Raises:
        OutputError: writing to standard output failed.
    """
    stream = sys.stdout
    for text in strings:
        if stream is None:  # The parent process may have closed it.
            continue
        if as_utf8:
            stream.buffer.write(to_bytes(text))
        else:
            stream.write(text)
    if stream is not None:
        stream.flush()


def print_lines(lines: Iterable[str]) -> None:
    """Print lines as they arrive, then flush. On a terminal, lines are wrapped between words.

    Args:
        lines: the lines without their newlines.

    Raises:
        OutputError: writing to standard output failed.
    """
    width = terminal_width(sys.stdout)
    print_all(f"{wrap(line, width)}\n" for line in lines)


def print_bytes(chunks: Iterable[bytes]) -> None:
    """Print bytes as they arrive, then flush. If standard output is closed, print nothing.

    Raises:
        OutputError: writing to standard output failed.
    """
    stream = sys.stdout
    if stream is not None:
        stream.buffer.writelines(chunks)
        stream.flush()


def print_file(chunks: Iterable[bytes]) -> None:
    """Print the bytes of a file. Unlike a report, a file must be complete.

    Raises:
        OutputError: writing to standard output failed, it is closed, or its reader has exited.
    """
    stream = sys.stdout
    if stream is None:
        raise OutputError(errno.EBADF, "it is closed")
    print_bytes(chunks)
    raw = getattr(stream.buffer, "raw", stream.buffer)  # Unbuffered streams have no `raw`.
    if getattr(raw, "reader_exited", False):
        raise OutputError(errno.EPIPE, "its reader exited")


def print_message(text: str) -> None:
    """Print a message on standard error.

    A failed write is ignored, because the exit status reports the problem too.
    """
    with suppress(OSError):
        click.echo(wrap(f"batchlint: {escape(text)}", terminal_width(sys.stderr)), err=True)


def terminal_width(stream: Any) -> int | None:
    """Return the width of a stream's terminal in columns. None if it is not a terminal."""
    if stream is None or not stream.isatty():
        return None
    with suppress(KeyError, ValueError):
        return max(int(os.environ["COLUMNS"]), MIN_WIDTH)
    with suppress(OSError):
        return max(os.get_terminal_size(stream.fileno()).columns or _DEFAULT_WIDTH, MIN_WIDTH)
    return _DEFAULT_WIDTH


def show_error(error: click.ClickException) -> None:
    """Print an error from click. Its message is escaped, because it may quote any argument."""
    # `NoArgsIsHelpError` is new in click 8.2.
    if not isinstance(error, getattr(click.exceptions, "NoArgsIsHelpError", ())):
        indent = len("Error: ")  # click prints this before the message.
        message = wrap(escape(error.format_message()), terminal_width(sys.stderr), indent, indent)
        error.format_message = lambda: message  # type: ignore[method-assign]
    if sys.stderr is not None:
        with suppress(OSError):
            error.show()
