"""The program: run the command, and end with the status that tells how it went."""

from __future__ import annotations

import gc
import os
import signal
import sys
from contextlib import suppress
from typing import NoReturn

#: Exit statuses of a command that was stopped.
INTERRUPTED, TERMINATED = 130, 143


class _TerminatedError(BaseException):
    """Somebody asked the command to end; workers and half-written files are to go first."""


def _terminate(*_: object) -> None:
    raise _TerminatedError


def main() -> int:
    """Run the command, and turn Ctrl-C and SIGTERM into their exit statuses."""
    try:
        signal.signal(signal.SIGTERM, _terminate)
        return _command()
    except _TerminatedError:
        return TERMINATED
    except KeyboardInterrupt:
        if sys.stderr is not None:  # not `cli.complain`: click may not have been imported yet
            with suppress(OSError):
                sys.stderr.write("batchlint: interrupted\n")
        return INTERRUPTED


def _command() -> int:
    """Run click's command, and turn what it raises into an exit status."""
    import click  # here Ctrl-C is handled already, and the garbage collector is off, which saves 4 ms

    from .cli import OK, TROUBLE, cli, complain, drop_output

    for stream in (sys.stdout, sys.stderr):  # a terminal may know few characters
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    try:
        status = cli.main(standalone_mode=False, prog_name="batchlint")
    except click.ClickException as error:
        with suppress(OSError):
            error.show()
        return error.exit_code
    except click.Abort:
        raise KeyboardInterrupt from None
    except SystemExit:  # click's own, where the reader of a help text went away
        drop_output()
        return OK
    except OSError as error:
        drop_output()
        complain(f"cannot write: {error.strerror}")
        return TROUBLE
    return status if isinstance(status, int) else OK


def run() -> NoReturn:
    """The entry point: run, flush, and leave without taking the modules down."""
    gc.disable()  # little here is the garbage that it is for, and its rounds take long
    status = main()
    for number in (signal.SIGINT, signal.SIGTERM):  # it is over
        signal.signal(number, signal.SIG_IGN)
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, AttributeError):  # what could not be written has been told; and it may be closed
            stream.flush()
    os._exit(status)  # to take down every module would take longer than most checks


if __name__ == "__main__":
    run()
