"""Initializes worker processes."""

from __future__ import annotations

import gc
import signal
import sys
from typing import Final

#: The message about a worker that ended before its work was done.
WORKER_DIED: Final = "a worker process died, perhaps because memory ran out; try --jobs 1"


class LocalPool:
    """An executor whose workers are processes on this machine. They can open the caller's files.

    Attributes:
        workers: the number of processes.
    """

    workers: int


def init_worker() -> None:
    """Ignore SIGINT, die on the other signals that stop a command, and disable gc."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # The parent handles Ctrl-C.
    for number in (signal.SIGTERM, getattr(signal, "SIGHUP", None)):
        if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)  # A fork has its parent's handler.
    gc.disable()


def init_pool_worker() -> None:
    """Return the same for a worker of a pool, which on Linux also dies with its parent.

    Otherwise it would wait for work forever if its parent was killed. A worker of `ForkExecutor`
    notices that its pipe is closed.
    """
    init_worker()
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG
