"""Measure growth: many files, many lines, memory per custom_id, and two Dask workers.

    python benchmarks/scale.py [--directory DIRECTORY] [--quick]

The script writes `benchmarks/scale.md`, and keeps the notes at the end of the page. The exit status
is 1 if the cost per file or line grows by more than 20%. A run takes about five minutes, and needs
2 GB in the directory for temporary files. Growth is measured in the CPU time of the benchmark's
processes, because other processes on the machine affect it the least.
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, NamedTuple

HERE: Final = Path(__file__).parent

#: The number of lines per file when there are many files.
LINES_PER_FILE: Final = 100

#: Runs with fewer files are repeated. The run with the least CPU time counts.
REPEAT_BELOW: Final = 2_000

#: The number of times that such a run is repeated.
REPEATS: Final = 3

#: The maximum growth of the cost per file or line, as a share.
MAX_GROWTH: Final = 0.20

#: The line before the handwritten notes, which the script keeps.
NOTES: Final = "<!-- The notes below are written by hand. benchmarks/scale.py keeps them. -->"


class Run(NamedTuple):
    """One run of a command.

    Attributes:
        wall: the wall time in seconds.
        cpu: the user and system time of all its processes, in seconds.
        peak: the highest resident memory of any of its processes, in bytes.
    """

    wall: float
    cpu: float
    peak: int


#: A request of about 190 bytes. Formatting it is faster than encoding it.
LINE: Final = (
    b'{"custom_id": "request-%09d", "method": "POST", "url": "/v1/chat/completions", "body": '
    b'{"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Translate %d"}]}}\n'
)


def write(path: Path, lines: int, first: int = 0) -> Path:
    """Write a file with this many lines."""
    with path.open("wb") as file:
        for number in range(first, first + lines):
            file.write(LINE % (number, number))
    return path


def check(*arguments: str, repeats: int = 1) -> Run:
    """Run `batchlint check` several times, and return the run with the least CPU time."""
    runs = []
    for _ in range(repeats):
        started = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, "-m", "batchlint", "check", "--quiet", *arguments],
            stdout=subprocess.DEVNULL,
        )
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        assert process.returncode in (0, 1), process.returncode  # 1 means findings
        runs.append(
            Run(
                time.perf_counter() - started,
                usage.ru_utime + usage.ru_stime,
                usage.ru_maxrss * 1024,
            )
        )
    return min(runs, key=lambda run: run.cpu)


class Page:
    """Collects the lines of the page.

    Attributes:
        rows: the lines of the page.
        is_linear: whether all growth so far is within the limit.
    """

    def __init__(self) -> None:
        self.rows: list[str] = []
        self.is_linear = True

    def add(self, *rows: str) -> None:
        """Add lines to the page, and print them."""
        print(*rows, sep="\n", flush=True)
        self.rows += rows

    def compare(self, what: str, few: float, many: float) -> None:
        """Report the growth of the cost per item."""
        growth = many / few - 1
        self.is_linear = self.is_linear and growth <= MAX_GROWTH
        verdict = "within" if growth <= MAX_GROWTH else "ABOVE"
        more = "more" if growth >= 0 else "less"
        self.add(f"\n{what}: {abs(growth):.0%} {more}, {verdict} the limit of {MAX_GROWTH:.0%}.")


def many_files(page: Page, directory: Path, counts: Sequence[int]) -> None:
    """Measure 1 to 10,000 files of the same size."""
    page.add(
        "## Many files\n",
        f"Files of {LINES_PER_FILE} lines (about 19 KB), checked with `batchlint check`.\n",
        "| files | jobs | wall, s | CPU, s | CPU per file, ms | peak, MB |",
        "|--:|--:|--:|--:|--:|--:|",
    )
    for count in counts:
        inputs = directory / f"files-{count}"
        inputs.mkdir()
        for number in range(count):
            write(inputs / f"batch-{number:05}.jsonl", LINES_PER_FILE)
    per_file: dict[str, list[float]] = {"1": [], "2": []}
    for jobs, costs in per_file.items():
        start = 0.0
        for count in counts:
            repeats = REPEATS if count < REPEAT_BELOW else 1
            measured = check("--jobs", jobs, str(directory / f"files-{count}"), repeats=repeats)
            cost = "(startup)"
            if count == 1:
                start = measured.cpu
            else:
                costs.append((measured.cpu - start) / (count - 1) * 1000)
                cost = f"{costs[-1]:.2f}"
            page.add(
                f"| {count:,} | {jobs} | {measured.wall:.2f} | {measured.cpu:.2f} | {cost} | {measured.peak / 1e6:.0f} |"
            )
    for jobs, costs in per_file.items():
        what = f"CPU time per file with `--jobs {jobs}`, {counts[-1]:,} files compared with {counts[-2]:,}"
        page.compare(what, costs[-2], costs[-1])


def many_lines(page: Page, directory: Path, counts: Sequence[int]) -> None:
    """Measure 1 to 10 million lines in one file, each with a different custom_id."""
    page.add(
        "\n## Many lines in one file\n",
        "Lines of about 190 bytes, each with a custom_id of 17 bytes, checked with the default `--jobs`.\n",
        "| lines | MB | wall, s | CPU, s | CPU per line, µs | peak, MB | bytes per custom_id |",
        "|--:|--:|--:|--:|--:|--:|--:|",
    )
    before: tuple[int, int] | None = None
    costs = []
    for count in counts:
        path = write(directory / "batch.jsonl", count)
        size = path.stat().st_size
        measured = check(str(path), repeats=2)
        per_id = ""
        if before is not None:
            per_id = f"{(measured.peak - before[1]) / (count - before[0]):.0f}"
        before = (count, measured.peak)
        costs.append(measured.cpu / count * 1e6)
        page.add(
            f"| {count:,} | {size / 1e6:,.0f} | {measured.wall:.1f} | {measured.cpu:.1f} | "
            f"{costs[-1]:.2f} | {measured.peak / 1e6:,.0f} | {per_id} |"
        )
        path.unlink()
    page.compare(
        f"CPU time per line, {counts[-1]:,} lines compared with {counts[0]:,}", costs[0], costs[-1]
    )


#: The program of a separate process. Each measurement checks a few files first, so that its workers have
#: imported batchlint and compiled the schemas.
CLUSTER: Final = """
import os, sys, time
from pathlib import Path
import batchlint

def main():
    paths = sorted(map(str, Path(sys.argv[1]).iterdir()))
    expected = None

    def measure(name, cpu_of_workers=lambda: 0.0, **options):
        nonlocal expected
        list(batchlint.check_many(paths[:8], **options))

        def cpu():
            return sum(os.times()[:4]) + cpu_of_workers()

        started, cpu_before = time.perf_counter(), cpu()
        results = dict(batchlint.check_many(paths, **options))
        print(name, time.perf_counter() - started, cpu() - cpu_before, sep="\\t", flush=True)
        assert len(results) == len(paths)
        expected = expected or results
        assert results == expected

    now = time.time()
    measure("one process", jobs=1, now=now)
    measure("two processes (`jobs=2`, including startup)", jobs=2, now=now)
    from dask.distributed import Client, LocalCluster
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:
        with Client(cluster) as client:
            measure(
                "two Dask workers (`executor=client.get_executor()`)",
                lambda: sum(client.run(time.process_time).values()),
                executor=client.get_executor(pure=False),
                now=now,
            )

if __name__ == "__main__":
    main()
"""


def cluster(page: Page, directory: Path, files: int, lines: int) -> None:
    """Measure one process, two processes and two Dask workers."""
    inputs = directory / "cluster"
    inputs.mkdir()
    size = 0
    for number in range(files):
        size += write(inputs / f"batch-{number:03}.jsonl", lines).stat().st_size
    script = directory / "cluster.py"
    script.write_text(CLUSTER, "utf-8")
    page.add(
        f"\n## {files} files on two Dask workers\n",
        f"`check_many` over {files} files of {lines:,} lines, {size / 1e6:.0f} MB in total. All "
        "three runs give the same reports.\n",
        "| where | wall, s | CPU, s | speedup |",
        "|---|--:|--:|--:|",
    )
    completed = subprocess.run(
        [sys.executable, str(script), str(inputs)], check=True, stdout=subprocess.PIPE, text=True
    )
    rows = [row.split("\t") for row in completed.stdout.splitlines()]
    for name, wall, cpu in rows:
        speedup = float(rows[0][1]) / float(wall)
        page.add(f"| {name} | {float(wall):.2f} | {float(cpu):.2f} | {speedup:.2f} |")


def processor() -> str:
    """Return the name of the processor, or the architecture if the name is unknown."""
    cpuinfo = Path("/proc/cpuinfo")
    names = [
        text.partition(": ")[2]
        for text in (cpuinfo.read_text("utf-8").splitlines() if cpuinfo.exists() else [])
        if text.startswith("model name")
    ]
    return names[0] if names else platform.machine()


def main() -> None:
    """Measure, and write the page."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--directory", type=Path, help="directory for the files")
    parser.add_argument(
        "--quick", action="store_true", help="use a hundredth of the size, and write nothing"
    )
    options = parser.parse_args()
    factor = 100 if options.quick else 1
    page = Page()
    page.add(
        "# Growth\n", "Written by `python benchmarks/scale.py`. CPU times include all processes.\n"
    )
    with tempfile.TemporaryDirectory(dir=options.directory) as name:
        directory = Path(name)
        millions = [1_000_000, 2_000_000, 5_000_000, 10_000_000]
        many_files(page, directory, [1, 10, 100] if options.quick else [1, 100, 1_000, 10_000])
        many_lines(page, directory, [count // factor for count in millions])
        cluster(page, directory, 20 if options.quick else 200, 20_000)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    page.add(
        f"\n{processor()}, {cores} cores, Python {platform.python_version()}, "
        f"{datetime.now(UTC).date()}."
    )
    if options.quick:
        return
    target = HERE / "scale.md"
    _, _, notes = target.read_text("utf-8").partition(NOTES) if target.exists() else ("", "", "")
    target.write_text("\n".join([*page.rows, "", NOTES]) + (notes or "\n"), "utf-8")
    if not page.is_linear:
        sys.exit("growth is not linear within the limit: see above")


if __name__ == "__main__":
    main()
