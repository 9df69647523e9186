"""Replace standard output and standard error with streams that don't lose bytes."""

from __future__ import annotations

import io
import sys
from typing import Any

from ..output.complete_writer import CompleteWriter


def secure_streams() -> None:
    """Replace standard output and standard error with streams that write everything.

    Python's streams lose bytes if they are unbuffered or non-blocking. A failed write to standard
    output raises an `OutputError`. A failed write to standard error is ignored, because the exit
    status reports the problem too.
    """
    sys.stdout = _secure(sys.stdout, optional=False)
    sys.stderr = _secure(sys.stderr, optional=True)


def _secure(stream: Any, *, optional: bool) -> Any:
    """Put a `CompleteWriter` below a text stream. Any other stream is returned unchanged."""
    if not isinstance(stream, io.TextIOWrapper):
        return stream
    raw = getattr(stream.buffer, "raw", stream.buffer)  # Unbuffered streams have no buffer.
    writer = CompleteWriter(raw, optional=optional)
    return io.TextIOWrapper(
        writer if raw is stream.buffer else io.BufferedWriter(writer),
        encoding=stream.encoding,
        errors="backslashreplace",  # The encoding may lack characters.
        line_buffering=stream.line_buffering,
        write_through=stream.write_through,
    )
