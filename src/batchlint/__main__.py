"""The program: runs the command and ends with its exit status."""

from __future__ import annotations

import gc
import os
import signal
import sys
from contextlib import suppress
from typing import Any, Final, NoReturn

#: The exit status of a command that was stopped, by the signal that stopped it.
_SIGNAL_STATUSES: Final[dict[int, int]] = {signal.SIGINT: 130, signal.SIGTERM: 143}


class _StoppedError(BaseException):
    """A signal stopped the command. Workers and half-written files are removed on the way out."""


class _Signals:
    """Records the signals that stop the command, and raises them when it is safe to.

    An interrupted import would leave half-made modules, and crashes some compiled ones.

    Attributes:
        received: the first signal that came.
    """

    def __init__(self) -> None:
        self.received: int | None = None
        self._may_raise = False
        self._previous: dict[int, Any] = {}

    def install(self) -> None:
        """Install handlers, except for signals inherited as ignored."""
        for number in _SIGNAL_STATUSES:
            previous = signal.getsignal(number)
            if previous not in (signal.SIG_IGN, None):
                self._previous[number] = previous
                signal.signal(number, self._handle)

    def restore(self) -> None:
        """Restore the previous handlers."""
        for number, previous in self._previous.items():
            signal.signal(number, previous)

    def allow(self) -> None:
        """From now on, raise signals when they come, and now if one came already."""
        self._may_raise = True
        if self.received is not None:
            raise _StoppedError

    def forbid(self) -> None:
        """From now on, only record signals."""
        self._may_raise = False

    def _handle(self, number: int, _frame: object) -> None:
        if self.received is None:
            self.received = number
            if self._may_raise:
                raise _StoppedError


def main() -> int:
    """Run the command and return its exit status."""
    signals = _Signals()
    signals.install()
    try:
        return _run_until_signal(signals)
    finally:
        signals.restore()


def _run_until_signal(signals: _Signals) -> int:
    """Run the command. If a signal stops it, that decides the exit status."""
    status = 0
    try:
        status = _run_command(signals)
    except BaseException:
        if signals.received is None:
            raise
    signals.forbid()
    if signals.received is None:
        return status
    # Not `complain`: click may not be imported yet.
    if signals.received == signal.SIGINT and sys.stderr is not None:
        with suppress(OSError):
            sys.stderr.write("batchlint: interrupted\n")
    return _SIGNAL_STATUSES[signals.received]


def _run_command(signals: _Signals) -> int:
    """Run click's command, and turn what it raises into an exit status."""
    import click  # Here gc is disabled, which saves 4 ms.

    from .cli.check import EXIT_ERROR, EXIT_OK
    from .cli.main import cli
    from .cli.streams import complain, drop_output

    if sys.argv[1:2] == ["check"]:  # Import what it needs, while signals wait.
        from . import api  # noqa: F401
        from .schema import validate

        validate.engine_name()
    signals.allow()
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")  # A terminal may lack characters.
    try:
        status = cli.main(standalone_mode=False, prog_name="batchlint")
    except click.ClickException as error:
        if sys.stderr is not None:
            with suppress(OSError):
                error.show()
        return error.exit_code
    except SystemExit:  # click raises it when the reader of a help text goes away.
        drop_output()
        return EXIT_OK
    except OSError as error:
        drop_output()
        complain(f"cannot write: {error.strerror}")
        return EXIT_ERROR
    return status if isinstance(status, int) else EXIT_OK


def run() -> NoReturn:
    """The entry point: run, flush, and exit without unloading the modules."""
    gc.disable()  # There is little garbage, and collecting it takes long.
    signals = _Signals()
    signals.install()
    status = _run_until_signal(signals)
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, AttributeError):  # It may be closed, or its failure was reported.
            stream.flush()
    os._exit(status)  # Unloading the modules would take longer than most checks.


if __name__ == "__main__":
    run()
