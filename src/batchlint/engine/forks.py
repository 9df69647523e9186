"""`ForkExecutor`: forked worker processes behind the interface of an executor.

A `ProcessPoolExecutor` would do the same, but it costs 45 ms per run, which is most of what two
processes gain on a file of 20 MB.
"""

from __future__ import annotations

import os
import pickle
import signal
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from select import POLLHUP, POLLIN, poll
from typing import Any, Final, NamedTuple, Self

from .worker import WORKER_DIED, LocalPool, init_worker

_LENGTH: Final = 8  # bytes
_BLOCKED_WHILE_FORKING: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class _Worker(NamedTuple):
    """A process, and the ends of the pipes to and from it."""

    pid: int
    calls: int
    answers: int


class ForkedCall:
    """The future result of a call."""

    def __init__(self, executor: ForkExecutor, payload: bytes) -> None:
        self.payload = payload
        self.done = False
        self._executor = executor
        self._value: Any = None
        self._error: BaseException | None = None

    def set(self, answer: tuple[Any, BaseException | None]) -> None:
        """Set the worker's result."""
        self._value, self._error = answer
        self.done = True

    def result(self) -> Any:
        """Wait for the result.

        Raises:
            OSError: a worker died.
            BaseException: the exception that the call raised.
        """
        while not self.done:
            self._executor.wait()
        if self._error is not None:
            raise self._error
        return self._value


class ForkExecutor(LocalPool):
    """Runs calls in forked processes, one at a time in each. Use it as a context manager.

    A process with threads must not be forked.

    Args:
        workers: the number of processes.
    """

    def __init__(self, workers: int) -> None:
        self.workers = workers
        self._workers: list[_Worker] = []
        self._idle: list[_Worker] = []
        self._busy: dict[int, tuple[_Worker, ForkedCall]] = {}  # by the pipe of its results
        self._queue: deque[ForkedCall] = deque()
        self._died = False

    def __enter__(self) -> Self:
        try:
            for _ in range(self.workers):
                self._workers.append(self._fork())
        except BaseException:
            self.__exit__()
            raise
        self._idle = list(self._workers)
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self._workers:
            with suppress(ProcessLookupError):
                os.kill(worker.pid, signal.SIGKILL)  # Its result is no longer needed.
            os.close(worker.calls)
            os.close(worker.answers)
            with suppress(
                ChildProcessError
            ):  # SIGCHLD may be ignored, as inherited from the parent process.
                os.waitpid(worker.pid, 0)
        self._workers = []

    def submit(self, function: Callable[..., Any], /, *args: Any) -> ForkedCall:
        """Start a call as soon as a worker is idle."""
        call = ForkedCall(self, pickle.dumps((function, args), pickle.HIGHEST_PROTOCOL))
        self._queue.append(call)
        self._dispatch()
        return call

    def first_done(self, calls: list[ForkedCall]) -> ForkedCall:
        """Wait until one of these calls has ended, and return it.

        Raises:
            OSError: a worker died.
        """
        while True:
            for call in calls:
                if call.done:
                    return call
            self.wait()

    def wait(self) -> None:
        """Wait until a call ends.

        Raises:
            OSError: a worker died.
        """
        if self._died:
            raise OSError(WORKER_DIED)
        waiting = poll()  # Unlike select(), poll() takes any file descriptor.
        for answers in self._busy:
            waiting.register(answers, POLLIN | POLLHUP)
        for answers, _ in waiting.poll():
            worker, call = self._busy.pop(answers)
            payload = _receive(answers)
            if payload is None:
                self._died = True
                raise OSError(WORKER_DIED)
            call.set(pickle.loads(payload))  # noqa: S301 - from our own child
            self._idle.append(worker)
        self._dispatch()

    def _dispatch(self) -> None:
        """Give the queued calls to idle workers.

        Only idle workers get calls. They are reading, so no two processes wait for each other.
        """
        while self._queue and self._idle:
            worker = self._idle.pop()
            call = self._queue.popleft()
            try:
                _send(worker.calls, call.payload)
            except BrokenPipeError:
                self._died = True
                raise OSError(WORKER_DIED) from None
            self._busy[worker.answers] = (worker, call)

    def _fork(self) -> _Worker:
        calls_out, calls_in = os.pipe()
        answers_out, answers_in = os.pipe()
        # A signal at this point must not run the parent's handlers in the child.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, _BLOCKED_WHILE_FORKING)
        try:
            pid = os.fork()
            if not pid:
                self._become_worker(calls_out, answers_in, (calls_in, answers_out), before)
        except OSError:
            for pipe in (calls_in, answers_out):
                os.close(pipe)
            raise
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
            for pipe in (calls_out, answers_in):
                os.close(pipe)
        return _Worker(pid, calls_in, answers_out)

    def _become_worker(
        self, calls: int, answers: int, others: tuple[int, ...], mask: set[int]
    ) -> None:
        """Work until the parent closes the pipe, then end this process."""
        status = 1
        try:
            init_worker()
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
            for worker in self._workers:
                os.close(worker.calls)
                os.close(worker.answers)
            for pipe in others:
                os.close(pipe)
            _work(calls, answers)
            status = 0
        finally:
            os._exit(status)  # The parent's files must not be flushed or closed a second time.


def _work(calls: int, answers: int) -> None:
    """Run calls until the parent closes the pipe."""
    with suppress(BrokenPipeError):
        while (payload := _receive(calls)) is not None:
            function, args = pickle.loads(payload)  # noqa: S301 - from our own parent
            try:
                answer: tuple[Any, BaseException | None] = (function(*args), None)
            except Exception as error:  # noqa: BLE001 - the parent raises it
                answer = (None, error)
            _send(answers, pickle.dumps(answer, pickle.HIGHEST_PROTOCOL))


def _send(pipe: int, payload: bytes) -> None:
    data = memoryview(len(payload).to_bytes(_LENGTH, "big") + payload)
    while data:
        data = data[os.write(pipe, data) :]


def _receive(pipe: int) -> bytes | None:
    """Return the next message, or None if the pipe ends before it does."""
    head = _read(pipe, _LENGTH)
    if len(head) < _LENGTH:
        return None
    length = int.from_bytes(head, "big")
    payload = _read(pipe, length)
    return payload if len(payload) == length else None


def _read(pipe: int, size: int) -> bytes:
    """Read `size` bytes, or fewer if the pipe ends."""
    pieces = []
    while size:
        piece = os.read(pipe, size)
        if not piece:
            break
        pieces.append(piece)
        size -= len(piece)
    return b"".join(pieces)
