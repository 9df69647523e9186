"""Time and memory of commands, each run in processes of its own, in turn with those that it is compared with."""

from __future__ import annotations

import os
import re
import signal
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

LAUNCHER: Final = Path(__file__).with_name("launch.py")

#: What settings of this shell would slow down, a user has quick: modules that were compiled once, and buffers.
_ENVIRONMENT: Final = {
    name: value
    for name, value in os.environ.items()
    if name not in ("PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED")
}

#: A command that takes longer (seconds) is given up.
PATIENCE: Final = 900


class Run(NamedTuple):
    """One run of a command.

    Attributes:
        seconds: wall time.
        peak: the most memory (bytes, resident) that any one of its processes had.
        status: its exit status.
        complaint: the last line that it wrote to standard error.
    """

    seconds: float
    peak: int
    status: int
    complaint: str


class Tool(NamedTuple):
    """A command to measure.

    Attributes:
        name: of its row.
        command: the program and its arguments.
        statuses: the exit statuses that mean that it did its work.
        whole: over how many times as many lines its time is to be extrapolated, if it sees a sample.
        start: the same command on no lines at all, which is not extrapolated.
    """

    name: str
    command: Sequence[str]
    statuses: frozenset[int] = frozenset({0})
    whole: float = 1
    start: Sequence[str] = ()


class Contest(NamedTuple):
    """Commands that do the same work.

    Attributes:
        name: of the corpus.
        title: for people.
        tools: the commands; what the others are compared with is the first.
        rounds: how often each runs.
        lines: how many the corpus has.
        size: how many bytes.
        folder: where the commands run.
        absent: why tools are not among the commands, by name.
    """

    name: str
    title: str
    tools: Sequence[Tool]
    rounds: int
    lines: int = 0
    size: int = 0
    folder: Path | None = None
    absent: Mapping[str, str] = {}


class Row(NamedTuple):
    """What was measured of a tool in a contest.

    Attributes:
        corpus: the name of the contest.
        tool: the name of the tool.
        seconds: the median.
        ratio: the median of the ratios to the first tool, each of one round.
        scatter: how far the middle half of the runs is spread, as a share of the median.
        peak: the greatest of all rounds, in bytes.
        rounds: how many.
        extrapolated: whether the time is that of a sample, extrapolated.
        failed: why nothing was measured, if so.
    """

    corpus: str
    tool: str
    seconds: float = 0
    ratio: float = 0
    scatter: float = 0
    peak: int = 0
    rounds: int = 0
    extrapolated: bool = False
    failed: str = ""


def run(command: Sequence[str], folder: Path | None = None) -> Run:
    """Run a command through the launcher."""
    launch = [sys.executable, "-I", "-S", str(LAUNCHER), *command]
    with subprocess.Popen(
        launch,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        cwd=folder,
        env=_ENVIRONMENT,
        start_new_session=True,
    ) as process:
        try:
            output, complaint = process.communicate(timeout=PATIENCE)
        except BaseException as error:
            os.killpg(process.pid, signal.SIGKILL)
            if isinstance(error, subprocess.TimeoutExpired):
                return Run(PATIENCE, 0, -signal.SIGKILL, f"not done after {PATIENCE} seconds")
            raise
    if process.returncode:
        return Run(0, 0, process.returncode, plain(complaint))
    seconds, peak, status = output.split()
    return Run(float(seconds), int(peak), int(status), plain(complaint))


def compete(contest: Contest, tick: Callable[[str], object]) -> list[Row]:
    """Run the tools of a contest in turn, each round in the other direction; a tool that fails is left out.

    Args:
        contest: what to run.
        tick: is told what runs.
    """
    runs: dict[str, list[Run]] = {tool.name: [] for tool in contest.tools}
    failed: dict[str, str] = {}
    for number in range(contest.rounds):
        for tool in contest.tools[:: -1 if number % 2 else 1]:
            if tool.name in failed:
                continue
            tick(f"{contest.name}: round {number + 1} of {contest.rounds}: {tool.name}")
            done = _once(tool, contest.folder)
            runs[tool.name].append(done)
            if done.status not in tool.statuses or (
                done.status and done.complaint
            ):  # Python dies with 1, too
                failed[tool.name] = f"exit status {done.status}" + (
                    f": {done.complaint}" if done.complaint else ""
                )
    first = contest.tools[0].name
    base = [] if first in failed else runs[first]
    failed |= contest.absent
    rows = [
        _row(contest.name, tool, runs[tool.name], base)
        for tool in contest.tools
        if tool.name not in failed
    ]
    return rows + [Row(contest.name, name, failed=reason) for name, reason in failed.items()]


def plain(text: str) -> str:
    """The last line of a complaint, without addresses and paths, for these differ from machine to machine."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return re.sub(r"(\w+:/)?/[^\s'\":,;)]+", "…", lines[-1])[:200] if lines else ""


def _once(tool: Tool, folder: Path | None) -> Run:
    done = run(tool.command, folder)
    if tool.whole == 1:
        return done
    start = run(tool.start, folder).seconds
    return done._replace(seconds=start + max(0, done.seconds - start) * tool.whole)


def _row(corpus: str, tool: Tool, runs: Sequence[Run], base: Iterable[Run]) -> Row:
    times = [done.seconds for done in runs]
    median = statistics.median(times)
    ratios = [time / other.seconds for time, other in zip(times, base, strict=False)]
    low, _, high = (
        statistics.quantiles(times, method="inclusive")
        if len(times) > 1
        else (median, median, median)
    )
    return Row(
        corpus,
        tool.name,
        seconds=median,
        ratio=statistics.median(ratios or [0]),
        scatter=(high - low) / median,
        peak=max(done.peak for done in runs),
        rounds=len(runs),
        extrapolated=tool.whole != 1,
    )
