"""Run a command and print its time in seconds, its peak memory in bytes and its exit status.

This is a separate, small program. A process inherits the peak of its parent, so commands started
by the benchmark itself would never appear smaller than the benchmark. `wait4` returns the highest
peak of any single process: the command, or one of its descendants that were waited for.
"""

import os
import sys
import time

quiet = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
start = time.perf_counter()
child = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ, file_actions=quiet)
_, status, usage = os.wait4(child, 0)
seconds = time.perf_counter() - start
unit = 1 if sys.platform == "darwin" else 1024
print(seconds, usage.ru_maxrss * unit, os.waitstatus_to_exitcode(status))
