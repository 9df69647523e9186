"""The entry point of the command line: runs a command and exits with its status."""

from __future__ import annotations

import atexit
import gc
import os
import signal
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, NoReturn

if TYPE_CHECKING:
    from .cli.crash import Settings

#: The exit status for each signal that can stop the program.
_SIGNAL_STATUSES: Final[dict[int, int]] = {
    number: 128 + number
    for number in (signal.SIGINT, signal.SIGTERM, getattr(signal, "SIGHUP", None))
    if number is not None
}

#: The number of seconds after which to stop the command if Python ignored the first attempt.
_RETRY_SECONDS: Final = 0.01

#: The exit status after a failure that can't be reported.
_FALLBACK_STATUS: Final = 2


class _StoppedError(BaseException):
    """A signal stopped the command. Unwinding the stack removes workers and partial files."""


class _Signals:
    """Records the first signal that stops the command. Raises an exception when that is safe.

    An exception is not safe during imports: it leaves a module half initialized, and crashes some
    compiled modules.

    Attributes:
        received: the first signal. None if there was none.
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

    def allow_exceptions(self) -> None:
        """From now on, raise an exception for the first signal, even if it has already arrived."""
        self._may_raise = True
        if self.received is not None:
            raise _StoppedError

    def forbid_exceptions(self) -> None:
        """From now on, record the first signal without raising an exception."""
        self._may_raise = False

    def report_unraisable(self, unraisable: Any) -> None:
        """Report an unraisable exception, except a MemoryError, which is reported elsewhere.

        Python ignores exceptions in finalizers. If it ignored the one for a signal, raise another
        one soon.
        """
        if issubclass(unraisable.exc_type, _StoppedError):
            if hasattr(signal, "setitimer"):
                signal.signal(signal.SIGALRM, self._raise_again)
                signal.setitimer(signal.ITIMER_REAL, _RETRY_SECONDS)
        elif not issubclass(unraisable.exc_type, MemoryError):
            sys.__unraisablehook__(unraisable)

    def _handle(self, number: int, _frame: object) -> None:
        if self.received is None:
            self.received = number
            if self._may_raise:
                raise _StoppedError

    def _raise_again(self, _number: int, _frame: object) -> None:
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
    """Run the command. If a signal stops it, return the exit status for the signal."""
    from .cli.crash import EXIT_ERROR, Settings, report_crash

    settings = Settings()
    status = EXIT_ERROR
    try:
        status = _run_command(signals, settings)
        signals.forbid_exceptions()
    except BaseException as error:  # noqa: BLE001 - a Rust panic is not an Exception
        signals.forbid_exceptions()
        if signals.received is None:
            report_crash(error, settings)
    if signals.received is None:
        return status
    # `print_message` needs click, which may not be imported yet.
    if signals.received == signal.SIGINT and sys.stderr is not None:
        with suppress(OSError):
            sys.stderr.write("batchlint: interrupted\n")
    return _SIGNAL_STATUSES[signals.received]


def _run_command(signals: _Signals, settings: Settings) -> int:
    """Run click's command and return its exit status. Report invalid usage and failed output."""
    import click  # Imported here, after `run` has disabled gc, which saves 4 ms.

    from .cli.check import EXIT_OK
    from .cli.crash import EXIT_ERROR
    from .cli.main import COMMANDS, COMPLETION_VARIABLE, check_completion_request, cli
    from .cli.printing import print_message, show_error
    from .output.complete_writer import OutputError

    # Import the command, and the modules that it needs, while signals are only recorded.
    for name in {*sys.argv[1:3]}.intersection(COMMANDS):
        cli.get_command(click.Context(cli), name)
    if {"check", "fix"} & {*sys.argv[1:3]}:
        from .engine import check  # noqa: F401
        from .schema import validate

        validate.engine_name()
    elif "split" in sys.argv[1:3]:
        from . import splitting  # noqa: F401
    elif "serve" in sys.argv[1:3]:
        with suppress(ImportError):  # The command reports the missing package.
            from .server import run as _  # noqa: F401
    signals.allow_exceptions()
    try:
        check_completion_request()
        status = cli.main(
            standalone_mode=False,
            prog_name="batchlint",
            auto_envvar_prefix="BATCHLINT",
            obj=settings,
        )
        if sys.stdout is not None:
            sys.stdout.flush()
    except SystemExit as error:
        # Shell completion exits, even if `standalone_mode` is off.
        if COMPLETION_VARIABLE not in os.environ or not isinstance(error.code, int):
            raise
        return error.code
    except click.ClickException as error:
        show_error(error)
        return EXIT_ERROR
    except OutputError as error:
        print_message(f"cannot write to standard output: {error.strerror}")
        return EXIT_ERROR
    return status if isinstance(status, int) else EXIT_OK


def run() -> NoReturn:
    """Run the command, flush its output, and exit without unloading the modules."""
    gc.disable()  # There is little garbage, and collection is slow.
    # Otherwise, spawned workers would import modules from the working directory.
    os.environ["PYTHONSAFEPATH"] = "1"
    signals = _Signals()
    sys.unraisablehook = signals.report_unraisable
    status = _FALLBACK_STATUS
    try:
        signals.install()
        from .cli.standard_streams import secure_streams

        secure_streams()
        status = _run_until_signal(signals)
        for stream in (sys.stdout, sys.stderr):
            # The stream may be missing, or its failure may have been reported already.
            with suppress(OSError, AttributeError):
                stream.flush()
        if "fsspec.implementations.cached" in sys.modules:
            atexit._run_exitfuncs()  # noqa: SLF001 - removes temporary copies of files at URLs
    finally:
        os._exit(status)  # Unloading the modules takes longer than most checks.


if __name__ == "__main__":
    run()
