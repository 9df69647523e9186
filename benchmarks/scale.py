"""Measure growth: many files, many lines, memory per custom_id, and two Dask workers.

    python benchmarks/scale.py [--folder FOLDER] [--quick]

It writes `benchmarks/scale.md`. Its files are created in the directory, which needs 2 GB, and
removed. Most times are the CPU time of all processes, because that depends least on other work.
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, NamedTuple

HERE: Final = Path(__file__).parent

#: The number of lines per file, if there are many files.
LINES_PER_FILE: Final = 100

#: Runs with fewer files than this are repeated. The fastest one counts.
FEW: Final = 2_000
REPEATS: Final = 3


class Run(NamedTuple):
    """One run of a command.

    Attributes:
        wall: seconds.
        cpu: seconds of all its processes, user and system.
        peak: the most memory (bytes, resident) of any one of its processes.
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
    """Run `batchlint check`, and return the fastest of some runs. Findings are not a failure."""
    runs = []
    for _ in range(repeats):
        began = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, "-m", "batchlint", "check", "--quiet", *arguments],
            stdout=subprocess.DEVNULL,
        )
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        assert process.returncode in (0, 1), process.returncode
        runs.append(
            Run(
                time.perf_counter() - began,
                usage.ru_utime + usage.ru_stime,
                usage.ru_maxrss * 1024,
            )
        )
    return min(runs, key=lambda run: run.cpu)


def many_files(folder: Path, counts: Sequence[int]) -> Iterator[str]:
    """Rows for 1 to 10,000 files of the same size."""
    yield "## Many files\n"
    yield f"Files of {LINES_PER_FILE} lines, about 19 KB, through the command.\n"
    yield "| files | jobs | wall, s | CPU, s | CPU per file, ms | peak, MB |\n|--:|--:|--:|--:|--:|--:|"
    for count in counts:
        place = folder / f"files-{count}"
        place.mkdir()
        for number in range(count):
            write(place / f"batch-{number:05}.jsonl", LINES_PER_FILE)
    start: dict[str, float] = {}
    for jobs in ("1", "2"):
        for count in counts:
            made = check(
                "--jobs",
                jobs,
                str(folder / f"files-{count}"),
                repeats=REPEATS if count < FEW else 1,
            )
            start.setdefault(jobs, made.cpu)
            each = (made.cpu - start[jobs]) / (count - 1) * 1000 if count > 1 else 0
            shown = f"{each:.2f}" if each else "start-up"
            yield f"| {count:,} | {jobs} | {made.wall:.2f} | {made.cpu:.2f} | {shown} | {made.peak / 1e6:.0f} |"


def many_lines(folder: Path, counts: Sequence[int]) -> Iterator[str]:
    """Rows for 1 to 10 million lines in one file, each with its own custom_id."""
    yield "\n## Many lines in one file\n"
    yield "Lines of about 190 bytes, each with a custom_id of 17 bytes, default jobs.\n"
    yield "| lines | MB | wall, s | CPU, s | CPU per line, µs | peak, MB | bytes per custom_id |\n|--:|--:|--:|--:|--:|--:|--:|"
    before: tuple[int, int] | None = None
    for count in counts:
        path = write(folder / "batch.jsonl", count)
        size = path.stat().st_size
        made = check(str(path))
        per_id = ""
        if before is not None:
            per_id = f"{(made.peak - before[1]) / (count - before[0]):.0f}"
        before = (count, made.peak)
        yield (
            f"| {count:,} | {size / 1e6:,.0f} | {made.wall:.1f} | {made.cpu:.1f} | "
            f"{made.cpu / count * 1e6:.2f} | {made.peak / 1e6:,.0f} | {per_id} |"
        )
        path.unlink()


#: The code of a separate process, which checks all files once to warm up, and then measures.
CLUSTER: Final = """
import sys, time
from pathlib import Path
import batchlint

def main():
    paths = sorted(map(str, Path(sys.argv[1]).iterdir()))
    results = {}

    def measure(name, **options):
        for _ in range(2):
            began = time.perf_counter()
            assert len(dict(batchlint.check_many(paths, **options))) == len(paths)
            results[name] = time.perf_counter() - began

    measure("one process", jobs=1)
    measure("two processes (`jobs=2`, start included)", jobs=2)
    from dask.distributed import Client, LocalCluster
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:
        with Client(cluster) as client:
            measure("two Dask workers (`executor=client.get_executor()`)", executor=client.get_executor(pure=False))
    for name, seconds in results.items():
        print(f"{name}\\t{seconds}")

if __name__ == "__main__":
    main()
"""


def cluster(folder: Path, files: int, lines: int) -> Iterator[str]:
    """Rows for one process, two processes and two Dask workers."""
    place = folder / "cluster"
    place.mkdir()
    size = 0
    for number in range(files):
        size += write(place / f"batch-{number:03}.jsonl", lines).stat().st_size
    script = folder / "cluster.py"
    script.write_text(CLUSTER, "utf-8")
    made = subprocess.run(
        [sys.executable, str(script), str(place)], check=True, capture_output=True, text=True
    )
    yield f"\n## {files} files on two Dask workers\n"
    yield f"`check_many` over {files} files of {lines:,} lines, {size / 1e6:.0f} MB together.\n"
    yield "| where | wall, s |\n|---|--:|"
    for row in made.stdout.splitlines():
        name, seconds = row.split("\t")
        yield f"| {name} | {float(seconds):.2f} |"


def processor() -> str:
    """The name of the processor, if Linux provides it."""
    about = Path("/proc/cpuinfo")
    names = [
        text.partition(": ")[2]
        for text in (about.read_text("utf-8").splitlines() if about.exists() else [])
        if text.startswith("model name")
    ]
    return names[0] if names else platform.machine()


def main() -> None:
    """Measure, and write the page."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--folder", type=Path, help="directory for the files")
    parser.add_argument(
        "--quick", action="store_true", help="use a hundredth of the size, and write nothing"
    )
    options = parser.parse_args()
    factor = 100 if options.quick else 1
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        folder = Path(name)
        rows = [
            "# Growth\n",
            "Made by `python benchmarks/scale.py`. CPU time is that of all processes.\n",
            *many_files(folder, [1, 2, 10, 100] if options.quick else [1, 100, 1_000, 10_000]),
            *many_lines(folder, [count // factor for count in (1_000_000, 2_000_000, 5_000_000, 10_000_000)]),
            *cluster(folder, 200 // (10 if options.quick else 1), 5_000 // (10 if options.quick else 1)),
        ]  # fmt: skip
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    rows.append(
        f"\n{processor()}, {cores} cores, Python {platform.python_version()}, "
        f"{datetime.now(UTC).date()}."
    )
    text = "\n".join(rows) + "\n"
    print(text)
    if not options.quick:
        (HERE / "scale.md").write_text(text, "utf-8")


if __name__ == "__main__":
    main()
