"""The budget: limits on time and memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Final, NamedTuple

from corpora import CORPORA
from measure import Contest, Row

#: The names of batchlint's commands, and of the commands to compare them with.
OURS: Final = "batchlint check"
ONE_PROCESS: Final = "batchlint check --jobs 1"
BASELINE: Final = "L: orjson.loads(line)"
TEN_LINES: Final = "batchlint check, 10 lines"
VERSION: Final = "batchlint --version"
BARE_PYTHON: Final = "python -c pass"
NAIVE: Final = "jsonschema loop"
ENGINE: Final = "jsonschema-rs alone"

MB: Final = 1_000_000


class Results:
    """The measurements of a run.

    Attributes:
        contests: all contests, by name.
        rows: one row per tool and contest.
    """

    def __init__(self, contests: Iterable[Contest], rows: Iterable[Row]) -> None:
        self.contests: Mapping[str, Contest] = {contest.name: contest for contest in contests}
        self.rows = tuple(rows)

    def row(self, corpus: str, tool: str) -> Row | None:
        """Return the row of a tool, or None if the tool failed or didn't run."""
        found = (
            row for row in self.rows if (row.corpus, row.tool) == (corpus, tool) and not row.failed
        )
        return next(found, None)

    def peaks(self, corpora: Iterable[str]) -> list[int]:
        """Return batchlint's peak memory on these corpora, in bytes."""
        rows = [self.row(corpus, tool) for corpus in corpora for tool in (OURS, ONE_PROCESS)]
        return [row.peak for row in rows if row is not None]


class Limit(NamedTuple):
    """A row of the budget.

    Attributes:
        quantity: the description of the limited quantity.
        limit: the limit.
        unit: the unit to print.
        measure: returns the value to compare with the limit, or None if it was not measured.
        at_least: whether the limit is a minimum. Otherwise it is a maximum.
    """

    quantity: str
    limit: float
    unit: str
    measure: Callable[[Results], float | None]
    at_least: bool = False

    def verdict(self, results: Results) -> tuple[float | None, bool | None]:
        """Return the value, and whether it meets the limit. Both are None if it was not measured."""
        value = self.measure(results)
        if value is None:
            return None, None
        return value, value >= self.limit if self.at_least else value <= self.limit


def _ratio(corpus: str, tool: str) -> Callable[[Results], float | None]:
    def measure(results: Results) -> float | None:
        row = results.row(corpus, tool)
        return row.ratio if row else None

    return measure


def _highest_peak(results: Results) -> float | None:
    peaks = results.peaks(corpus.name for corpus in CORPORA)
    return max(peaks) / MB if peaks else None


def _memory_per_id(results: Results) -> float | None:
    few, many = results.row("lines-100k", ONE_PROCESS), results.row("lines-1m", ONE_PROCESS)
    if few is None or many is None:
        return None
    more = results.contests["lines-1m"].lines - results.contests["lines-100k"].lines
    return (many.peak - few.peak) / more


def _memory_per_byte(results: Results) -> float | None:
    sizes = [
        max(peaks) / results.contests[name].size
        for name in ("long-text", "long-list")
        if (peaks := results.peaks([name]))
    ]
    return max(sizes, default=None)


def _time_growth(results: Results) -> float | None:
    few, many = results.row("lines-100k", ONE_PROCESS), results.row("lines-1m", ONE_PROCESS)
    if few is None or many is None:
        return None
    ten = results.row("start", TEN_LINES)
    start = ten.seconds if ten else 0
    more = results.contests["lines-1m"].lines / results.contests["lines-100k"].lines
    return (many.seconds - start) / (few.seconds - start) / more


def _speedup_over_naive(results: Results) -> float | None:
    naive, ours = results.row("chat", NAIVE), results.row("chat", OURS)
    return naive.seconds / ours.seconds if naive and ours else None


def _speedup_over_engine(results: Results) -> float | None:
    pairs = [
        (results.row(corpus.name, ENGINE), results.row(corpus.name, OURS)) for corpus in CORPORA
    ]
    return min(
        (engine.seconds / ours.seconds for engine, ours in pairs if engine and ours), default=None
    )


BUDGET: Final = (
    Limit("chat, 200 MB, 50,000 lines, default jobs on 2 cores", 1.05, "L", _ratio("chat", OURS)),
    Limit("the same in one process", 1.8, "L", _ratio("chat", ONE_PROCESS)),
    Limit("50,000 lines of 400 bytes (20 MB)", 1.7, "L", _ratio("small", OURS)),
    Limit("50,000 Responses requests of 1.9 KB (93 MB)", 1.2, "L", _ratio("responses", OURS)),
    Limit("200 MB of long conversations with tools", 0.87, "L", _ratio("heavy", OURS)),
    Limit("20 MB in which every line is wrong", 7.5, "L", _ratio("small-wrong-100", OURS)),
    Limit("peak memory of any process, lines up to 1 MB", 80, "MB", _highest_peak),
    Limit("10 lines (commit hook)", 6.5, "bare starts", _ratio("start", TEN_LINES)),
    Limit("faster than a jsonschema loop, chat", 40, "times", _speedup_over_naive, at_least=True),
    Limit(
        "faster than jsonschema-rs alone, the worst corpus",
        1,
        "times",
        _speedup_over_engine,
        at_least=True,
    ),
    Limit("memory per custom_id, up to 1,000,000 lines", 100, "bytes", _memory_per_id),
    Limit(
        "time per line at 1,000,000 lines, relative to 100,000 lines",
        1.2,
        "times",
        _time_growth,
    ),
    Limit("memory for a line of 199 MB", 25, "times its length", _memory_per_byte),
)
