"""Run a command and print how many seconds it took, how many bytes of memory at most, and how it ended.

A program of its own, and a small one: the kernel counts what a process inherited from its parent into its
peak, so that nothing could be seen to be smaller than the benchmark itself.  `wait4` gives the greatest
peak of the command and of all its descendants that were waited for, of each by itself.
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
