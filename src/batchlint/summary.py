"""`ChunkSummary` holds the facts about checked lines, and `merge` joins summaries.

Each fact is a monoid: it starts empty, and `absorb` appends the same fact about the lines that
follow. To add a fact, write a class and add a field to `ChunkSummary`.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, fields
from enum import IntEnum
from itertools import chain, pairwise
from typing import Any, Final, NamedTuple

import orjson

from .findings import DEFAULT_KEEP, BatchError, FindingKey, Safety

#: The maximum number of distinct strings that a `Runs` object shares between runs.
_MAX_SHARED_VALUES: Final = 1000


class LineStatus(IntEnum):
    """The status of a line: it is blank, has no errors, or has errors."""

    BLANK = 0
    PASSED = 1
    FAILED = 2


class LineStatuses(bytearray):
    """The status of each line, one byte each."""

    def absorb(self, other: bytes | bytearray, _shift: int = 0) -> None:
        """Append the statuses of the lines that follow."""
        self += other

    @property
    def requests(self) -> int:
        """The number of requests: lines that are not blank."""
        return len(self) - self.count(LineStatus.BLANK)

    @property
    def failed(self) -> int:
        """The number of lines with an error."""
        return self.count(LineStatus.FAILED)

    def is_blank(self, line: int) -> bool:
        """Return whether a line, counted from 1, is blank."""
        return self[line - 1] == LineStatus.BLANK


class Totals(Counter[str]):
    """Sums by name: `bytes`, `embedding_inputs`, `embedding_requests`, `prompt_bytes`, `objects`."""

    def absorb(self, other: Counter[str], _shift: int) -> None:
        """Add the sums of the lines that follow."""
        for name, number in other.items():
            self[name] += number


class Run(NamedTuple):
    """A run of consecutive lines with the same value.

    Attributes:
        start: the number of the first line.
        stop: the number of the last line, plus 1.
        value: the value. None if the lines have no value.
    """

    start: int
    stop: int
    value: str | None


class Runs:
    """The value of each line. Where it changes, a pair (first line, value) is stored.

    Blank lines are skipped and don't end a run. Equal values share one string, so a file with
    alternating values takes 16 bytes per line.
    """

    def __init__(self, runs: Iterable[tuple[int, str | None]] = ()) -> None:
        self._starts = array("q")
        self._values: list[str | None] = []
        self._shared: dict[str | None, str | None] = {}
        self.absorb(runs)

    def __len__(self) -> int:
        return len(self._starts)

    def __iter__(self) -> Iterator[tuple[int, str | None]]:
        return zip(self._starts, self._values, strict=True)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Runs | list) and list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]  # mutable

    def __repr__(self) -> str:
        return f"Runs({list(self)})"

    def record(self, line: int, value: str | None) -> None:
        """Record the value of a line."""
        if not self._values or self._values[-1] != value:
            if len(self._shared) >= _MAX_SHARED_VALUES:
                self._shared.clear()
            self._starts.append(line)
            self._values.append(self._shared.setdefault(value, value))

    def absorb(self, other: Iterable[tuple[int, str | None]], shift: int = 0) -> None:
        """Append the values of the lines that follow."""
        for line, value in other:
            self.record(line + shift, value)

    def until(self, last_line: int) -> Iterator[Run]:
        """Yield the runs. The last one ends with `last_line`."""
        for (start, value), (stop, _) in pairwise(chain(self, [(last_line + 1, None)])):
            yield Run(start, stop, value)

    def most_frequent(self, statuses: bytearray) -> list[str]:
        """Return the values, most frequent first. Ties keep the order of first use.

        Args:
            statuses: the status of each line. Blank lines and lines without a value are not
                counted.
        """
        counts: Counter[str] = Counter()
        for run in self.until(len(statuses)):
            if run.value is not None:
                blank = statuses.count(LineStatus.BLANK, run.start - 1, run.stop - 1)
                counts[run.value] += run.stop - run.start - blank
        return [value for value, _ in counts.most_common()]


class CustomIds(list[tuple[int, bytes]]):
    """The custom_id of each line, in blocks of (number of lines, JSON array of IDs).

    The JSON text is empty if no line in the block has an ID. JSON takes about a third of the memory
    of strings. Hashes would take less, but messages about duplicates could not show the ID.
    """

    @classmethod
    def pack(cls, ids: list[str | None]) -> CustomIds:
        """Pack the IDs of consecutive lines. The ID of a line without one is None."""
        if not ids:
            return cls()
        # orjson's buffer is several times larger than its content, so copy the content.
        return cls([(len(ids), bytes(memoryview(orjson.dumps(ids))))])

    @classmethod
    def missing(cls, lines: int) -> CustomIds:
        """Return one block for lines without an ID."""
        return cls([(lines, b"")])

    def absorb(self, other: Iterable[tuple[int, bytes]], _shift: int = 0) -> None:
        """Append the IDs of the lines that follow."""
        self += other

    def blocks(self) -> Iterator[list[str | None]]:
        """Yield a list of IDs for each block."""
        for lines, block in self:
            yield orjson.loads(block) if block else [None] * lines

    def unpack(self) -> list[str | None]:
        """Return the ID of every line."""
        return [custom_id for block in self.blocks() for custom_id in block]


class FindingStore:
    """Counts all findings and keeps the first `keep` findings of each rule.

    Attributes:
        keep: the maximum number of findings to keep per rule. 0 means no limit.
        counts: the number of findings by rule, severity and effect.
        fixable: the number of findings with a fix, by the fix's safety.
        errors: the findings that were kept, in order.
    """

    def __init__(self, keep: int = DEFAULT_KEEP) -> None:
        self.keep = keep
        self.counts: dict[FindingKey, int] = {}
        self.fixable: dict[Safety, int] = {}
        self.errors: list[BatchError] = []
        self._kept: dict[str, int] = {}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, FindingStore) and vars(self) == vars(other)

    __hash__ = None  # type: ignore[assignment]  # mutable

    def add(self, error: BatchError) -> None:
        """Count a finding and keep it if fewer than `keep` findings of its rule were kept."""
        self._count(error, 1)
        self._keep(error)

    def _count(self, error: BatchError, number: int) -> None:
        key = error.key
        self.counts[key] = self.counts.get(key, 0) + number
        if error.fix is not None:
            safety = error.fix.safety
            self.fixable[safety] = self.fixable.get(safety, 0) + number

    def add_for_lines(self, error: BatchError, lines: int) -> None:
        """Add a copy of a finding for each line from 1 to `lines`."""
        for line in range(1, lines + 1):
            if self.keep and self._kept.get(error.rule, 0) >= self.keep:
                self._count(error, lines + 1 - line)
                return
            self.add(error._replace(line=line))

    def drop_fixes(self) -> None:
        """Remove the fixes from all findings."""
        self.fixable = {}
        self.errors = [error._replace(fix=None) for error in self.errors]

    def absorb(self, other: FindingStore, shift: int = 0) -> None:
        """Append the findings of the lines that follow."""
        for key, count in other.counts.items():
            self.counts[key] = self.counts.get(key, 0) + count
        for safety, count in other.fixable.items():
            self.fixable[safety] = self.fixable.get(safety, 0) + count
        for error in other.errors:
            self._keep(error, shift)

    def _keep(self, error: BatchError, shift: int = 0) -> None:
        kept = self._kept.get(error.rule, 0)
        if not self.keep or kept < self.keep:
            self._kept[error.rule] = kept + 1
            self.errors.append(error.moved(shift))


class Occurrences(dict[Any, tuple[int, Any]]):
    """For each key, the number of occurrences, and the line or finding of the first one."""

    def record(self, key: Any, occurrence: Any) -> None:
        """Count an occurrence, which is a line number or a finding. Keep it if it is the first."""
        seen = self.get(key)
        self[key] = (1, occurrence) if seen is None else (seen[0] + 1, seen[1])

    def absorb(self, other: Occurrences, shift: int) -> None:
        """Add the occurrences in the lines that follow."""
        for key, (count, first) in other.items():
            seen = self.get(key)
            if seen is None:
                moved = first + shift if isinstance(first, int) else first.moved(shift)
                self[key] = (count, moved)
            else:
                self[key] = (seen[0] + count, seen[1])


class ForeignFormat(list[BatchError]):
    """The finding that the file is not batch input, if there is one.

    It is always about the beginning of the file.
    """

    def absorb(self, other: Iterable[BatchError], _shift: int) -> None:
        """Append the finding of the lines that follow."""
        self += other


@dataclass(frozen=True)
class ChunkSummary:
    """The summary of consecutive lines: their findings and the facts for rules about the file.

    Line numbers are relative: the first of these lines is 1. `ChunkSummary()` is the summary of no
    lines. A summary can be pickled. Treat it as opaque, because its attributes may change.

    Attributes:
        findings: the findings about single lines.
        once_per_file: the findings of rules that report once per file, by (rule, message).
        custom_ids: the custom_id of each line.
        urls: the URL of each request. None if it is not a batch endpoint.
        models: the model of each request.
        deprecated: the number of uses of deprecated parameters, and the first line, by (URL,
            parameter, whether `fix` can replace it).
        totals: the numbers of bytes, embedding inputs, prompt bytes, and lines that are objects.
        foreign: the finding that the file is not batch input. If there is one, the file's lines are
            not checked.
        statuses: the status of each line.
    """

    findings: FindingStore = field(default_factory=FindingStore)
    once_per_file: Occurrences = field(default_factory=Occurrences)
    custom_ids: CustomIds = field(default_factory=CustomIds)
    urls: Runs = field(default_factory=Runs)
    models: Runs = field(default_factory=Runs)
    deprecated: Occurrences = field(default_factory=Occurrences)
    totals: Totals = field(default_factory=Totals)
    foreign: ForeignFormat = field(default_factory=ForeignFormat)
    statuses: LineStatuses = field(default_factory=LineStatuses)

    @property
    def lines(self) -> int:
        """The number of lines, including blank lines."""
        return len(self.statuses)

    @property
    def bytes(self) -> int:
        """The size in bytes."""
        return self.totals["bytes"]

    def record_request(self, line: int, url: str | None, model: str | None) -> None:
        """Record the URL and the model of a request."""
        self.urls.record(line, url)
        self.models.record(line, model)

    def absorb(self, other: ChunkSummary) -> None:
        """Append the summary of the lines that follow."""
        shift = self.lines
        for name in _FACTS:
            getattr(self, name).absorb(getattr(other, name), shift)


_FACTS: Final = tuple(fact.name for fact in fields(ChunkSummary))


def merge(summaries: Iterable[ChunkSummary], keep: int = DEFAULT_KEEP) -> ChunkSummary:
    """Join the summaries of consecutive parts of a file.

    Args:
        summaries: the summaries, in file order.
        keep: the maximum number of findings to keep per rule. 0 means no limit.

    Returns:
        The summary of all lines.

    Raises:
        TypeError: `summaries` contains something other than a `ChunkSummary`.
    """
    merged = ChunkSummary(FindingStore(keep))
    for summary in summaries:
        if not isinstance(summary, ChunkSummary):
            raise TypeError(f"summaries must be ChunkSummary objects, not {type(summary).__name__}")
        merged.absorb(summary)
    return merged
