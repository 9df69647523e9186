"""`ForkExecutor`: an executor with forked worker processes.

It replaces `ProcessPoolExecutor`, which costs 45 ms per run. That is most of the time that two
processes save on a 20 MB file.
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

#: The size in bytes of a message's header, which contains the length of the payload.
_HEADER_BYTES: Final = 8

#: Signals that are blocked during a fork.
_BLOCKED_WHILE_FORKING: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class _Worker(NamedTuple):
    """A worker process.

    Attributes:
        pid: its process ID.
        calls: the descriptor of the pipe for calls.
        results: the descriptor of the pipe for results.
    """

    pid: int
    calls: int
    results: int


class ForkedCall:
    """A call whose result may still be pending."""

    def __init__(self, executor: ForkExecutor, payload: bytes) -> None:
        self.payload = payload
        self.done = False
        self._executor = executor
        self._value: Any = None
        self._error: BaseException | None = None

    def set(self, outcome: tuple[Any, BaseException | None]) -> None:
        """Set the result or the exception that the call raised."""
        self._value, self._error = outcome
        self.done = True

    def result(self) -> Any:
        """Wait for the result and return it.

        Raises:
            OSError: a worker died.
            Exception: any exception that the call raised.
        """
        while not self.done:
            self._executor.wait()
        if self._error is not None:
            raise self._error
        return self._value


class ForkExecutor(LocalPool):
    """Runs calls in forked processes, each of which runs one call at a time.

    Use it as a context manager. The calling process must not have other threads, because a fork
    would then be unsafe.

    Args:
        workers: the number of processes.
    """

    def __init__(self, workers: int) -> None:
        self.workers = workers
        self._workers: list[_Worker] = []
        self._idle: list[_Worker] = []
        self._busy: dict[int, tuple[_Worker, ForkedCall]] = {}  # by the pipe for results
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
            os.close(worker.results)
            # If this process inherited an ignored SIGCHLD, there is no child to wait for.
            with suppress(ChildProcessError):
                os.waitpid(worker.pid, 0)
        self._workers = []

    def submit(self, function: Callable[..., Any], /, *args: Any) -> ForkedCall:
        """Queue a call. It starts as soon as a worker is idle.

        Raises:
            OSError: a worker died.
        """
        call = ForkedCall(self, pickle.dumps((function, args), pickle.HIGHEST_PROTOCOL))
        self._queue.append(call)
        self._dispatch()
        return call

    def first_done(self, calls: list[ForkedCall]) -> ForkedCall:
        """Wait until at least one of the calls has ended, and return the first such call.

        Raises:
            OSError: a worker died.
        """
        while True:
            for call in calls:
                if call.done:
                    return call
            self.wait()

    def wait(self) -> None:
        """Wait until at least one call ends.

        Raises:
            OSError: a worker died.
        """
        if self._died:
            raise OSError(WORKER_DIED)
        poller = poll()  # Unlike select(), poll() accepts descriptors above 1023.
        for pipe in self._busy:
            poller.register(pipe, POLLIN | POLLHUP)
        for pipe, _ in poller.poll():
            worker, call = self._busy.pop(pipe)
            payload = _receive(pipe)
            if payload is None:
                self._died = True
                raise OSError(WORKER_DIED)
            call.set(pickle.loads(payload))  # noqa: S301 - from our own child
            self._idle.append(worker)
        self._dispatch()

    def _dispatch(self) -> None:
        """Send queued calls to idle workers.

        An idle worker is reading from its pipe, so this process never waits for a worker that is
        itself waiting to send a result.
        """
        while self._queue and self._idle:
            worker = self._idle.pop()
            call = self._queue.popleft()
            try:
                _send(worker.calls, call.payload)
            except BrokenPipeError:
                self._died = True
                raise OSError(WORKER_DIED) from None
            self._busy[worker.results] = (worker, call)

    def _fork(self) -> _Worker:
        calls_out, calls_in = os.pipe()
        results_out, results_in = os.pipe()
        # Until the child sets its handlers, a signal would run the parent's handlers in the child.
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, _BLOCKED_WHILE_FORKING)
        try:
            pid = os.fork()
            if not pid:
                self._become_worker(calls_out, results_in, (calls_in, results_out), mask)
        except OSError:
            for pipe in (calls_in, results_out):
                os.close(pipe)
            raise
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
            for pipe in (calls_out, results_in):
                os.close(pipe)
        return _Worker(pid, calls_in, results_out)

    def _become_worker(
        self, calls: int, results: int, unused: tuple[int, ...], mask: set[int]
    ) -> None:
        """Run calls until the parent closes the pipe, and then end this process.

        Args:
            calls: the pipe to read calls from.
            results: the pipe to write results to.
            unused: descriptors to close.
            mask: the signal mask to restore.
        """
        status = 1
        try:
            init_worker()
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
            for worker in self._workers:
                os.close(worker.calls)
                os.close(worker.results)
            for pipe in unused:
                os.close(pipe)
            _run_calls(calls, results)
            status = 0
        finally:
            os._exit(status)  # A normal exit would flush the parent's files a second time.


def _run_calls(calls: int, results: int) -> None:
    """Run calls until the parent closes the pipe."""
    with suppress(BrokenPipeError):
        while (payload := _receive(calls)) is not None:
            function, args = pickle.loads(payload)  # noqa: S301 - from our own parent
            try:
                outcome: tuple[Any, BaseException | None] = (function(*args), None)
            except Exception as error:  # noqa: BLE001 - the parent raises it
                outcome = (None, error)
            _send(results, pickle.dumps(outcome, pickle.HIGHEST_PROTOCOL))


def _send(pipe: int, payload: bytes) -> None:
    """Write a message: a header with the length of the payload, and then the payload."""
    data = memoryview(len(payload).to_bytes(_HEADER_BYTES, "big") + payload)
    while data:
        data = data[os.write(pipe, data) :]


def _receive(pipe: int) -> bytes | None:
    """Read a message and return its payload. Return None if the pipe ends first."""
    header = _read(pipe, _HEADER_BYTES)
    if len(header) < _HEADER_BYTES:
        return None
    length = int.from_bytes(header, "big")
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
