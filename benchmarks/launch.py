"""Run a command and print its time in seconds, its peak memory in bytes and its exit status.

This is a separate, small program, because a process inherits its parent's peak memory. A command
started by the benchmark would never appear smaller than the benchmark. `wait4` returns the highest
peak of any single process: the command, or a descendant that it waited for.
"""

import os
import sys
import time

discard_output = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
start = time.perf_counter()
child = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ, file_actions=discard_output)
_, status, usage = os.wait4(child, 0)
seconds = time.perf_counter() - start
unit = 1 if sys.platform == "darwin" else 1024
print(seconds, usage.ru_maxrss * unit, os.waitstatus_to_exitcode(status))
