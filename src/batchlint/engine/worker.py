"""What every worker process does first."""

from __future__ import annotations

import gc
import signal
import sys
from typing import Final

#: The message about a worker that ended before its work did.
WORKER_DIED: Final = "a worker process died, perhaps because memory ran out; try --jobs 1"


def init_worker() -> None:
    """Ignore SIGINT, die on SIGTERM, and disable gc."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # The parent handles Ctrl-C.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # A fork has its parent's handler.
    gc.disable()


def init_pool_worker() -> None:
    """The same for a worker of a pool, which on Linux also dies with its parent.

    Otherwise it would wait for work forever if its parent was killed. A forked worker of our own
    sees that its pipe is closed.
    """
    init_worker()
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG
