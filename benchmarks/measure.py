"""Measure the time and memory of commands, which run in turn in separate processes."""

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

#: The environment, without variables that slow Python down by disabling cached bytecode or buffered
#: output.
_ENVIRONMENT: Final = {
    name: value
    for name, value in os.environ.items()
    if name not in ("PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED")
}

#: The time in seconds after which a command is killed.
TIMEOUT: Final = 900


class Run(NamedTuple):
    """One run of a command.

    Attributes:
        seconds: the wall time in seconds.
        peak: the highest resident memory of any of its processes, in bytes.
        status: the exit status.
        message: the last line on standard error.
    """

    seconds: float
    peak: int
    status: int
    message: str


class Tool(NamedTuple):
    """A command to measure.

    Attributes:
        name: the name of its row.
        command: the program and its arguments.
        statuses: the exit statuses that mean success.
        factor: the factor by which to extrapolate its time if it checks only a sample.
        startup_command: the same command on an empty file. Its time is not extrapolated.
    """

    name: str
    command: Sequence[str]
    statuses: frozenset[int] = frozenset({0})
    factor: float = 1
    startup_command: Sequence[str] = ()


class Contest(NamedTuple):
    """Commands that do the same work.

    Attributes:
        name: the name of the corpus.
        title: the title to print.
        tools: the commands. The first one is the reference for the others.
        rounds: the number of times that each command runs.
        lines: the number of lines in the corpus.
        size: the number of bytes in the corpus.
        directory: the working directory of the commands.
        absent: the reasons why tools are missing, by name.
    """

    name: str
    title: str
    tools: Sequence[Tool]
    rounds: int
    lines: int = 0
    size: int = 0
    directory: Path | None = None
    absent: Mapping[str, str] = {}


class Row(NamedTuple):
    """The measurements of one tool in one contest.

    Attributes:
        corpus: the name of the contest.
        tool: the name of the tool.
        seconds: the median time in seconds.
        ratio: the median ratio to the first tool's time in the same round.
        scatter: the width of the middle half of the times, as a share of the median.
        peak: the highest peak of all rounds, in bytes.
        rounds: the number of rounds.
        extrapolated: whether the time is extrapolated from a sample.
        failed: why the tool failed. Empty if it didn't.
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


def run(command: Sequence[str], directory: Path | None = None) -> Run:
    """Run a command through the launcher."""
    launch = [sys.executable, "-I", "-S", str(LAUNCHER), *command]
    with subprocess.Popen(
        launch,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        cwd=directory,
        env=_ENVIRONMENT,
        start_new_session=True,
    ) as process:
        try:
            output, errors = process.communicate(timeout=TIMEOUT)
        except BaseException as error:
            os.killpg(process.pid, signal.SIGKILL)
            if isinstance(error, subprocess.TimeoutExpired):
                return Run(TIMEOUT, 0, -signal.SIGKILL, f"not finished after {TIMEOUT} seconds")
            raise
    if process.returncode:
        return Run(0, 0, process.returncode, plain(errors))
    seconds, peak, status = output.split()
    return Run(float(seconds), int(peak), int(status), plain(errors))


def compete(contest: Contest, on_run: Callable[[str], object]) -> list[Row]:
    """Run the tools of a contest in turn, in reverse order in every other round.

    A tool that fails doesn't run again.

    Args:
        contest: the contest.
        on_run: called with a description of each run before it starts.
    """
    runs: dict[str, list[Run]] = {tool.name: [] for tool in contest.tools}
    failed: dict[str, str] = {}
    for number in range(contest.rounds):
        for tool in contest.tools[:: -1 if number % 2 else 1]:
            if tool.name in failed:
                continue
            on_run(f"{contest.name}: round {number + 1} of {contest.rounds}: {tool.name}")
            done = _run_tool(tool, contest.directory)
            runs[tool.name].append(done)
            if done.status not in tool.statuses or (
                done.status and done.message
            ):  # A Python crash also gives status 1.
                failed[tool.name] = f"exit status {done.status}" + (
                    f": {done.message}" if done.message else ""
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
    """Return the last line of a message. Omit URLs and paths, which differ between machines."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return re.sub(r"(\w+:/)?/[^\s'\":,;)]+", "…", lines[-1])[:200] if lines else ""


def _run_tool(tool: Tool, directory: Path | None) -> Run:
    done = run(tool.command, directory)
    if tool.factor == 1:
        return done
    start = run(tool.startup_command, directory).seconds
    return done._replace(seconds=start + max(0, done.seconds - start) * tool.factor)


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
        extrapolated=tool.factor != 1,
    )
