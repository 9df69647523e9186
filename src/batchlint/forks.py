"""Forked workers: calls are handed out through one pipe, and each worker answers through one of its own."""

from __future__ import annotations

import gc
import os
import signal
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import suppress
from select import select
from typing import Any, Final, NamedTuple

Call = tuple[Callable[..., Any], tuple[Any, ...]]

#: The numbers of all calls are in the pipe before the first is taken, so they must fit into it.
MOST_CALLS: Final = 10_000

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)
_NUMBER: Final = 4  # bytes
_LENGTH: Final = 8
#: What is said of a worker that ended before its work did.
DIED: Final = "a worker process died, perhaps for want of memory; try --jobs 1"


class _Worker(NamedTuple):
    """A process, and the end of the pipe at which its answers come out."""

    pid: int
    answers: int


def forked(calls: Sequence[Call], count: int) -> Generator[Any, None, None]:
    """The results of calls, in their order, from processes of our own, which end with this generator.

    A process with threads must not be forked.  Results that come before their turn wait in memory.

    Args:
        calls: at most `MOST_CALLS`; what they give and raise can be pickled.
        count: of processes.

    Raises:
        OSError: a worker died.
        Exception: whatever a call raises.
    """
    todo, fill = os.pipe()
    os.write(fill, b"".join(number.to_bytes(_NUMBER, "big") for number in range(len(calls))))
    os.close(fill)
    workers: dict[int, _Worker] = {}
    try:
        for _ in range(count):
            worker = _start(calls, todo, list(workers))
            workers[worker.answers] = worker
        yield from _in_order(workers, len(calls))
    finally:
        os.close(todo)
        for worker in workers.values():
            os.kill(worker.pid, signal.SIGKILL)  # what it works on is wanted no more
            _end(worker)


def _in_order(workers: dict[int, _Worker], count: int) -> Iterator[Any]:
    """The results, each as soon as those before it are there; workers that are done are removed."""
    import pickle  # late, for most runs need no workers

    early: dict[int, Any] = {}
    wanted = 0
    while workers:
        for answers in select(list(workers), [], [])[0]:
            head = _read(answers, _NUMBER + _LENGTH)
            if not head:
                if _end(workers.pop(answers)):
                    raise OSError(DIED)
                continue
            payload = _read(answers, int.from_bytes(head[_NUMBER:], "big"))
            if not payload:
                raise OSError(DIED)
            fine, result = pickle.loads(payload)  # noqa: S301 - from our own child
            if not fine:
                raise result
            early[int.from_bytes(head[:_NUMBER], "big")] = result
        while wanted in early:
            yield early.pop(wanted)
            wanted += 1
    if wanted < count:  # one ended as if all were well, in the middle of a call
        raise OSError(DIED)


def _read(pipe: int, size: int) -> bytes:
    """So many bytes, or none where the pipe ends before."""
    pieces = []
    while size:
        piece = os.read(pipe, size)
        if not piece:
            return b""
        pieces.append(piece)
        size -= len(piece)
    return b"".join(pieces)


def _end(worker: _Worker) -> int:
    """Wait for the end of a worker; how it ended, 0 if well."""
    os.close(worker.answers)
    return os.waitstatus_to_exitcode(os.waitpid(worker.pid, 0)[1])


def _start(calls: Sequence[Call], todo: int, others: Sequence[int]) -> _Worker:
    """Fork a worker.

    Args:
        calls: all of them.
        todo: the pipe with the numbers of those that nobody has taken.
        others: the pipes of earlier workers, which are not this one's to keep open.
    """
    answers, tell = os.pipe()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)  # else the child may begin with what the parent does on one
    pid = os.fork()
    if pid:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        os.close(tell)
        return _Worker(pid, answers)
    status = 1
    try:
        begin()
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        for pipe in (answers, *others):
            os.close(pipe)
        _work(calls, todo, tell)
        status = 0
    finally:
        os._exit(status)  # nothing of the parent's is to be flushed, closed or shown a second time


def _work(calls: Sequence[Call], todo: int, tell: int) -> None:
    """Make the calls whose numbers can be had, and tell the results, as long as the parent lives to hear them."""
    import pickle  # late, for most runs need no workers

    with os.fdopen(tell, "wb") as pipe, suppress(BrokenPipeError):
        while number := os.read(todo, _NUMBER):
            function, arguments = calls[int.from_bytes(number, "big")]
            try:
                answer: tuple[bool, Any] = True, function(*arguments)
            except Exception as error:  # noqa: BLE001 - the parent raises it
                answer = False, error
            payload = pickle.dumps(answer, pickle.HIGHEST_PROTOCOL)
            pipe.write(number + len(payload).to_bytes(_LENGTH, "big") + payload)
            pipe.flush()


def begin() -> None:
    """What a worker does first: leave Ctrl-C to its parent, end at once when asked to, and make no garbage rounds."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # a fork has its parent's handler
    gc.disable()
