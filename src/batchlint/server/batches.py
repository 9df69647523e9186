"""Batches and their states."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from . import errors
from .results import Results

#: The statuses of a batch that fails.
_FAILING: Final = ("validating", "failed")

#: The statuses of a batch that completes.
_RUNNING: Final = ("validating", "in_progress", "finalizing", "completed")

#: The time in seconds from creation to the reported expiry. Source: recorded batches, 2025.
_WINDOW_SECONDS: Final = 86_400


@dataclass(frozen=True)
class Outcome:
    """The outcome of a batch.

    Attributes:
        errors: the API's `errors.data` if the batch fails, otherwise None.
        results: the results of the requests. None if the batch fails.
        model: the most frequent model in the file. None if the batch fails, or no request has one.
    """

    errors: list[dict[str, Any]] | None = None
    results: Results | None = None
    model: str | None = None


class Batch:
    """A batch, which enters its next state when a client polls it, or after a second.

    Attributes:
        id: the public ID.
    """

    def __init__(
        self,
        batch_id: str,
        params: Mapping[str, Any],
        outcome: Outcome,
        created_at: int,
        publish: Callable[[Results], tuple[str | None, str | None]],
    ) -> None:
        """Create a batch in its first state.

        Args:
            batch_id: the public ID.
            params: the parameters of the create call.
            outcome: the outcome of the batch.
            created_at: the current time, in seconds since the epoch.
            publish: a function that stores the results as files, and returns the IDs of the output
                file and the error file.
        """
        self.id = batch_id
        self._params = params
        self._outcome = outcome
        self._results = outcome.results
        self._created_at = created_at
        self._publish = publish
        self._states = list(_FAILING if outcome.results is None else _RUNNING)
        self._step = 0
        self._since = created_at
        self._entered: dict[str, int] = {}
        self._file_ids: tuple[str | None, str | None] = (None, None)

    @property
    def status(self) -> str:
        """The current status, in the API's terms."""
        return self._states[self._step]

    def advance(self, now: int, *, polled: bool) -> None:
        """Enter the states that are due: one per second, or one per poll.

        Args:
            now: the current time, in seconds since the epoch.
            polled: whether a client polled this batch.

        Raises:
            OSError: the result files can't be stored.
        """
        steps = max(now - self._since, 1 if polled else 0)
        left = len(self._states) - 1 - self._step
        for _ in range(min(steps, left)):
            self._since = max(self._since, min(self._since + 1, now))
            self._enter(self._step + 1)

    def cancel(self, now: int, cancel_results: Callable[[Results, int], Results]) -> None:
        """Start cancelling the batch. If it is already cancelling or cancelled, do nothing.

        Args:
            now: the current time, in seconds since the epoch.
            cancel_results: a function that keeps only the results of the first requests.

        Raises:
            ApiError: the batch has completed or failed.
            OSError: the result files can't be written.
        """
        if self.status in ("completed", "failed"):
            raise errors.cannot_cancel(self.status)
        if self.status in ("cancelling", "cancelled"):
            return
        if self._results is not None:
            self._results = cancel_results(self._results, self._requests_run)
        self._states[self._step + 1 :] = ["cancelling", "cancelled"]
        self._since = max(now, self._since)
        self._enter(self._step + 1)

    def _enter(self, step: int) -> None:
        self._step = step
        self._entered[self.status] = self._since
        if self.status in ("completed", "cancelled") and self._results is not None:
            self._file_ids = self._publish(self._results)

    @property
    def _requests_run(self) -> int:
        """The number of requests that have run: none, half of them, or all."""
        if self._results is None or self.status == "validating":
            return 0
        total = self._results.total
        return total // 2 if self.status == "in_progress" else total

    def to_dict(self) -> dict[str, Any]:
        """Return the API's Batch object.

        Sources: responses from April and December 2025 that public tests quote, and
        `openai.types.Batch` 3.57.0.
        """
        outcome = self._outcome
        data = outcome.errors if self.status == "failed" else None
        is_validated = self.status not in ("validating", "failed")
        return {
            "id": self.id,
            "object": "batch",
            "endpoint": self._params["endpoint"],
            "model": outcome.model if is_validated else None,
            "errors": None if data is None else {"object": "list", "data": data},
            "input_file_id": self._params["input_file_id"],
            "completion_window": self._params["completion_window"],
            "status": self.status,
            "output_file_id": self._file_ids[0],
            "error_file_id": self._file_ids[1],
            "created_at": self._created_at,
            "in_progress_at": self._entered.get("in_progress"),
            "expires_at": self._created_at + _WINDOW_SECONDS,
            "finalizing_at": self._entered.get("finalizing"),
            "completed_at": self._entered.get("completed"),
            "failed_at": self._entered.get("failed"),
            "expired_at": None,
            "cancelling_at": self._entered.get("cancelling"),
            "cancelled_at": self._entered.get("cancelled"),
            "request_counts": self._counts(),
            "usage": self._usage(),
            "metadata": self._params.get("metadata"),
        }

    def _counts(self) -> dict[str, int]:
        if self._results is None or self.status == "validating":
            return {"total": 0, "completed": 0, "failed": 0}
        counts = self._results.counts(self._requests_run)
        return {"total": self._outcome.results.total if self._outcome.results else 0, **counts}

    def _usage(self) -> dict[str, Any]:
        """Return the token counts, which are 0 until the batch ends, as in recorded responses."""
        has_ended = self.status in ("completed", "cancelled") and self._results is not None
        usage = self._results.usage if has_ended and self._results else Counter[str]()
        return {
            "input_tokens": usage["input_tokens"],
            "input_tokens_details": {"cached_tokens": usage["cached_tokens"]},
            "output_tokens": usage["output_tokens"],
            "output_tokens_details": {"reasoning_tokens": usage["reasoning_tokens"]},
            "total_tokens": usage["input_tokens"] + usage["output_tokens"],
        }
