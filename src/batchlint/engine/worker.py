"""Code shared by the executors with worker processes."""

from __future__ import annotations

import gc
import os
import signal
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from multiprocessing.process import BaseProcess

#: The message if a worker process ends unexpectedly.
WORKER_DIED: Final = "a worker process died, perhaps because memory ran out; try a single process (--jobs 1, or jobs=1)"


class LocalPool:
    """The base class of executors with worker processes on this machine.

    Such workers can open the caller's files.

    Attributes:
        workers: the number of processes.
    """

    workers: int


def init_worker() -> None:
    """Ignore SIGINT, die on SIGTERM and SIGHUP, and disable the garbage collector.

    Signals that the parent ignores stay ignored.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # The parent handles Ctrl-C.
    for number in (signal.SIGTERM, getattr(signal, "SIGHUP", None)):
        if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)  # A fork inherits its parent's handler.
    gc.disable()


def init_pool_worker() -> None:
    """Initialize a worker of a process pool. The worker ends soon after its parent has ended.

    Without this, it would wait forever after its parent was killed. The workers of `ForkExecutor`
    don't need this, because they end when their pipe is closed.
    """
    import multiprocessing  # Imported here because it takes 14 ms.
    from threading import Thread

    init_worker()
    parent = multiprocessing.parent_process()
    # On Linux, PR_SET_PDEATHSIG would be simpler, but it takes effect when the thread that started
    # the worker ends. An iterator of `check_many` may be used in another thread.
    if parent is not None:
        Thread(target=_exit_after, args=(parent,), daemon=True).start()


def _exit_after(parent: BaseProcess) -> None:
    """Wait until a process has ended, and then end this process."""
    parent.join()
    os._exit(1)
