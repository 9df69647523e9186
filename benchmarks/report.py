"""Render results as tables and as JSON."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, NamedTuple

from budget import BASELINE, BUDGET, MB, TEN_LINES, Limit, Results
from measure import Contest, Row
from peers import PEERS

#: The scatter of the baseline's times above which ratios are unreliable.
NOISY: Final = 0.15


class Setting(NamedTuple):
    """The settings of a run.

    Attributes:
        scale: the scale of the corpora.
        rounds: the number of rounds of each contest.
        versions: the versions of the packages that ran, by name.
    """

    scale: float
    rounds: int
    versions: Mapping[str, str]


#: The seconds of each pass over the file, by corpus. Each pass adds one step (`stages.py`).
Stages = Mapping[str, Mapping[str, float]]

#: The steps, and the work that each one adds.
STEPS: Final = {
    "read": "read the lines",
    "parse": "`orjson.loads`",
    "validate": "run the schema engine on the line, and look for rule triggers",
    "count": "record IDs, URLs and models; explain lines that the engine rejected",
    "rules": "run the rules that were triggered",
}


def machine() -> dict[str, Any]:
    """Describe this machine, but omit its name."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "system": platform.system(),
        "processor": _processor(),
        "cores": cores,
        "memory_gb": round(memory / 1e9),
        "python": platform.python_version(),
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        return platform.processor()
    return next(
        (line.partition(": ")[2] for line in lines if line.startswith("model name")),
        platform.machine(),
    )


def as_json(results: Results, setting: Setting, stages: Stages) -> dict[str, Any]:
    """Return everything as JSON data."""
    return {
        "made": datetime.now(UTC).date().isoformat(),
        "machine": machine(),
        **setting._asdict(),
        "corpora": [
            {"name": c.name, "title": c.title, "lines": c.lines, "bytes": c.size}
            for c in results.contests.values()
        ],
        "rows": [_row_as_json(row) for row in results.rows],
        "budget": [_limit_as_json(limit, results) for limit in BUDGET],
        "stages": {
            corpus: {step: round(value, 4) for step, value in seconds.items()}
            for corpus, seconds in stages.items()
        },
        "peers": [
            {"name": peer.name, "checks": peer.checks, "misses": peer.misses} for peer in PEERS
        ],
    }


def _row_as_json(row: Row) -> dict[str, Any]:
    return row._asdict() | {
        "seconds": round(row.seconds, 4),
        "ratio": round(row.ratio, 3),
        "scatter": round(row.scatter, 3),
    }


def _limit_as_json(limit: Limit, results: Results) -> dict[str, Any]:
    value, met = limit.verdict(results)
    return {
        "what": limit.quantity,
        "limit": limit.limit,
        "unit": limit.unit,
        "at_least": limit.at_least,
        "measured": None if value is None else round(value, 3),
        "met": met,
    }


def as_markdown(results: Results, setting: Setting, stages: Stages) -> str:
    """Render the tables."""
    parts = [
        "# Results",
        "Written by `run.py`. [README.md](README.md) explains the rows.",
        _describe_run(setting),
    ]
    noise = [
        row
        for row in results.rows
        if row.tool == _reference(results.contests[row.corpus]) and row.scatter > NOISY
    ]
    if noise:
        shares = ", ".join(f"{row.corpus} {row.scatter:.0%}" for row in noise)
        parts.append(
            f"**The machine was busy.** The first row of these contests scattered widely: {shares}."
        )
    parts += ["## Budget", _budget(results)]
    if stages:
        parts += ["## Where the time goes", _stages(results, stages)]
    for contest in results.contests.values():
        parts += [f"## {contest.name}: {contest.title}", _contest(contest, results)]
    parts += ["## What the peers check", _peers(setting.versions)]
    return "\n\n".join(parts) + "\n"


def _describe_run(setting: Setting) -> str:
    here = machine()
    versions = ", ".join(f"{name} {version}" for name, version in sorted(setting.versions.items()))
    scale = (
        ""
        if setting.scale == 1
        else f" The corpora have {setting.scale:g} times their full size, so the budget does not apply."
    )
    return (
        f"{here['processor']}, {here['cores']} cores, {here['memory_gb']} GB, {here['system']}, "
        f"Python {here['python']}; {versions}. Medians of {setting.rounds} rounds (more for startup, fewer for growth).{scale}"
    )


def _budget(results: Results) -> str:
    rows = []
    for limit in BUDGET:
        value, met = limit.verdict(results)
        bound = f"{'>=' if limit.at_least else '<='} {limit.limit:g} {limit.unit}"
        rows.append(
            (
                limit.quantity,
                bound,
                "not measured" if value is None else f"{value:.2f}",
                {True: "yes", False: "**no**", None: ""}[met],
            )
        )
    return table(("what", "limit", "measured", "met"), rows)


def _stages(results: Results, stages: Stages) -> str:
    """Render the time that each step adds, in seconds and in L, and the startup time."""
    rows = []
    for corpus, seconds in stages.items():
        baseline = results.row(corpus, BASELINE)
        before = 0.0
        cells = [corpus]
        for step in STEPS:
            added, before = seconds[step] - before, seconds[step]
            cells.append(
                f"{added:.3f}" + (f" ({added / baseline.seconds:.2f})" if baseline else "")
            )
        rows.append(cells)
    ten = results.row("start", TEN_LINES)
    start = f" Startup and a check of 10 lines take {ten.seconds:.3f} s." if ten else ""
    notes = "; ".join(f"*{step}*: {what}" for step, what in STEPS.items())
    return (
        f"The seconds that each step adds in one process, without startup. In parentheses, the "
        f"same as a multiple of L. {notes}.{start}\n\n" + table(("corpus", *STEPS), rows)
    )


def _contest(contest: Contest, results: Results) -> str:
    rows = [_measurements(row) for row in results.rows if row.corpus == contest.name]
    size = f"{contest.lines:,} lines, {contest.size / MB:.1f} MB.\n\n" if contest.lines else ""
    return size + table(
        ("tool", "seconds", f"x {_reference(contest).partition(':')[0]}", "scatter", "peak MB"),
        rows,
    )


def _measurements(row: Row) -> tuple[str, ...]:
    if row.failed:
        return row.tool, row.failed, "", "", ""
    seconds = f"{row.seconds:.3f}" + (" (extrapolated)" if row.extrapolated else "")
    return row.tool, seconds, f"{row.ratio:.2f}", f"{row.scatter:.0%}", f"{row.peak / MB:.0f}"


def _peers(versions: Mapping[str, str]) -> str:
    rows = [
        (peer.name, versions.get(peer.packages[0], "not installed"), peer.checks, peer.misses)
        for peer in PEERS
    ]
    return table(("peer", "version", "checks", "does not check"), rows)


def _reference(contest: Contest) -> str:
    return contest.tools[0].name


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Render a Markdown table with aligned columns."""
    cells = [tuple(head), *(tuple(cell.replace("|", "\\|") for cell in row) for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |"
        for row in cells
    ]
    return "\n".join(
        [lines[0], "|" + "|".join("-" * (width + 2) for width in widths) + "|", *lines[1:]]
    )
