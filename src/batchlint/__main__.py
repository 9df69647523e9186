"""The program: run the command, and end with the status that tells how it went."""

from __future__ import annotations

import gc
import os
import signal
import sys
from contextlib import suppress
from typing import Any, Final, NoReturn

#: Exit statuses of a command that was stopped, by the signal that stopped it.
_STATUSES: Final[dict[int, int]] = {signal.SIGINT: 130, signal.SIGTERM: 143}


class _StoppedError(BaseException):
    """Somebody asked the command to end; workers and half-written files are to go first."""


class _Signals:
    """The signals that stop the command: noted at any time, and raised only while no modules are imported.

    An import that is interrupted leaves modules half made, and crashes some that are compiled.

    Attributes:
        noted: the first one that came.
    """

    def __init__(self) -> None:
        self.noted: int | None = None
        self._raising = False
        self._before: dict[int, Any] = {}

    def watch(self) -> None:
        """Note these signals from now on, but for those that who started us has us ignore."""
        for number in _STATUSES:
            before = signal.getsignal(number)
            if before not in (signal.SIG_IGN, None):
                self._before[number] = before
                signal.signal(number, self._note)

    def restore(self) -> None:
        """Leave them to who had them before."""
        for number, before in self._before.items():
            signal.signal(number, before)

    def let_raise(self, *, raising: bool = True) -> None:
        """Raise them, or no longer."""
        self._raising = raising
        if raising and self.noted is not None:
            raise _StoppedError

    def _note(self, number: int, _frame: object) -> None:
        if self.noted is None:
            self.noted = number
            if self._raising:
                raise _StoppedError


def main() -> int:
    """Run the command; the exit status."""
    signals = _Signals()
    signals.watch()
    try:
        return _status(signals)
    finally:
        signals.restore()


def _status(signals: _Signals) -> int:
    """Run the command; its exit status, or that of the signal that stopped it, whatever came of that."""
    status = 0
    try:
        status = _command(signals)
    except BaseException:
        if signals.noted is None:
            raise
    signals.let_raise(raising=False)
    if signals.noted is None:
        return status
    if signals.noted == signal.SIGINT and sys.stderr is not None:  # not `cli.complain`: click may not have been imported
        with suppress(OSError):
            sys.stderr.write("batchlint: interrupted\n")
    return _STATUSES[signals.noted]


def _command(signals: _Signals) -> int:
    """Run click's command, and turn what it raises into an exit status."""
    import click  # here the garbage collector is off, which saves 4 ms

    from .cli import OK, TROUBLE, cli, complain, drop_output

    if sys.argv[1:2] == ["check"]:  # what it will import
        from . import api, schemas  # noqa: F401

        schemas.engine()
    signals.let_raise()
    for stream in (sys.stdout, sys.stderr):  # a terminal may know few characters
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    try:
        status = cli.main(standalone_mode=False, prog_name="batchlint")
    except click.ClickException as error:
        if sys.stderr is not None:
            with suppress(OSError):
                error.show()
        return error.exit_code
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
    signals = _Signals()
    signals.watch()
    status = _status(signals)
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, AttributeError):  # what could not be written has been told; and it may be closed
            stream.flush()
    os._exit(status)  # to take down every module would take longer than most checks


if __name__ == "__main__":
    run()
