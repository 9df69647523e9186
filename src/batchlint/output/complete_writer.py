"""Streams that write all bytes, however few the underlying stream accepts per call."""

from __future__ import annotations

import io
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

#: The number of seconds to wait for a non-blocking stream on systems without `poll`.
_PAUSE: Final = 0.01


class OutputError(OSError):
    """Output could not be written."""


@contextmanager
def as_output_error() -> Iterator[None]:
    """Convert any `OSError` to an `OutputError`, to distinguish it from input errors."""
    try:
        yield
    except OutputError:
        raise
    except OSError as error:
        raise _output_error(error) from error


def _output_error(error: OSError) -> OutputError:
    """Return an error as an `OutputError`."""
    return OutputError(error.errno, error.strerror or str(error))


class CompleteWriter(io.RawIOBase):
    """Writes all bytes to a raw stream, even if the stream accepts only some of them per call.

    After a failure, further output is discarded. If the reader of a pipe exits, output is discarded
    too, but no error is raised.

    Args:
        raw: an unbuffered stream, blocking or not.
        optional: whether to ignore failed writes.

    Attributes:
        reader_exited: whether the reader of a pipe has exited.
    """

    def __init__(self, raw: Any, *, optional: bool = False) -> None:
        super().__init__()
        self._raw = raw
        self._optional = optional
        self._is_discarding = False
        self.reader_exited = False

    def write(self, data: Any, /) -> int:
        """Write all bytes.

        Raises:
            OutputError: writing failed, and the stream is not optional.
        """
        view = memoryview(data).cast("B")
        rest = view
        while rest and not self._is_discarding:
            rest = rest[self._write_some(rest) :]
        return len(view)

    def _write_some(self, data: memoryview) -> int:
        try:
            written: int | None = self._raw.write(data)
        except BrokenPipeError:
            self._is_discarding = self.reader_exited = True
            return 0
        except OSError as error:
            self._is_discarding = True
            if self._optional:
                return 0
            raise _output_error(error) from error
        if written is None:
            _wait_until_writable(self._raw)
        return written or 0

    def writable(self) -> bool:
        """Return True."""
        return True

    def fileno(self) -> int:
        """Return the file descriptor."""
        descriptor: int = self._raw.fileno()
        return descriptor

    def isatty(self) -> bool:
        """Return whether the stream is a terminal."""
        return bool(self._raw.isatty())

    def close(self) -> None:
        """Close the raw stream.

        Raises:
            OutputError: an earlier write failed, and the system reports it only now.
        """
        if not self.closed:
            super().close()
            with as_output_error():
                self._raw.close()


def _wait_until_writable(raw: Any) -> None:
    try:
        from select import POLLOUT, poll
    except ImportError:  # Windows
        time.sleep(_PAUSE)
        return
    poller = poll()
    poller.register(raw.fileno(), POLLOUT)
    poller.poll()


def open_writer(descriptor: int) -> io.BufferedWriter:
    """Return a buffered stream that writes all bytes to a file descriptor and closes it."""
    return io.BufferedWriter(CompleteWriter(io.FileIO(descriptor, "w")), 1 << 16)


def to_bytes(text: str) -> bytes:
    """Encode a string as UTF-8, in any locale. Lone surrogates are escaped."""
    return text.encode("utf-8", "backslashreplace")
