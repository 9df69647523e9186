"""Measure the command, the baseline L and the peers in turn, and compare the results with the budget.

    python benchmarks/run.py [--scale 0.02] [--rounds 5] [--growth] [--no-peers] [--only NAME ...]

The script creates its corpora and environments in `benchmarks/data/`. A full run (all corpora at
full size, with --growth and the peers) writes `results.json`, `results.md` and `results.svg` to
`benchmarks/`. Any other run writes them to `benchmarks/data/`.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from budget import BARE_PYTHON, BASELINE, ONE_PROCESS, OURS, TEN_LINES, VERSION, Results
from corpora import CORPORA, GROWTH, TEN, Corpus, corpus_files, sample
from measure import Contest, Row, Tool, compete
from peers import DATA, HERE, PEERS, Environment, InstallError, Peer, environment, line_schema, ours
from picture import as_svg
from report import Setting, Stages, as_json, as_markdown

START: Final = "start"

#: The factor by which startup is measured more often, because it is short.
START_ROUNDS: Final = 8

#: The maximum number of rounds with the growth corpora, which take a long time.
MAX_GROWTH_ROUNDS: Final = 3


class Bench:
    """The contests of a run.

    Args:
        options: the command-line options.
        home: the environment of this checkout.
    """

    def __init__(self, options: argparse.Namespace, home: Environment) -> None:
        self._options = options
        self._home = home
        self._directory = DATA / f"corpora-{options.scale:g}"
        self._peers: dict[str, Environment] = {}
        self._missing: dict[str, str] = {}

    def install(self) -> dict[str, str]:
        """Install the peers, and return the versions of all packages."""
        versions = dict(self._home.versions)
        for peer in () if self._options.no_peers else PEERS:
            show_progress(f"installing {peer.packages[0]}")
            try:
                installed = environment(peer.packages[0], peer.packages, peer.packages)
            except InstallError as error:
                self._missing[peer.name] = f"not installed: {error}"
            else:
                self._peers[peer.name] = installed
                versions |= installed.versions
        return versions

    def contests(self) -> Iterator[Contest]:
        """Yield the contests in order. Each corpus is created just before its contest."""
        only = self._options.only
        if not only or START in only:
            yield self._start()
        for corpus in CORPORA:
            if not only or corpus.name in only:
                yield self._corpus(corpus)
        for corpus in GROWTH:
            if corpus.name in only if only else self._options.growth:
                yield self._growth(corpus)

    def _start(self) -> Contest:
        (ten,) = corpus_files(TEN, self._directory, 1)
        batchlint = self._home.command("batchlint")
        tools = [
            Tool(BARE_PYTHON, [str(self._home.python), "-c", "pass"]),
            Tool(VERSION, [batchlint, "--version"]),
            Tool(TEN_LINES, [batchlint, "check", str(ten)]),
        ]
        return Contest(
            START,
            "the command compared with a bare interpreter",
            tools,
            self._options.rounds * START_ROUNDS,
        )

    def _corpus(self, corpus: Corpus) -> Contest:
        (path,) = self._make(corpus)
        lines, size = extent([path])
        tools = self._our_tools([str(path)], frozenset({int(corpus.has_errors)}))
        contest = Contest(corpus.name, corpus.title, tools, self._options.rounds, lines, size)
        if corpus.has_errors:
            return contest  # Most peers stop at the first error.
        peers = [
            self._peer(peer, path, lines, corpus) for peer in PEERS if peer.name in self._peers
        ]
        return contest._replace(tools=[*contest.tools, *peers], absent=self._missing)

    def _growth(self, corpus: Corpus) -> Contest:
        paths = self._make(corpus)
        # Whether the corpora have errors depends on the scale.
        tools = self._our_tools([path.name for path in paths], frozenset({0, 1}))
        rounds = min(self._options.rounds, MAX_GROWTH_ROUNDS)
        return Contest(
            corpus.name, corpus.title, tools, rounds, *extent(paths), directory=paths[0].parent
        )

    def _make(self, corpus: Corpus) -> list[Path]:
        show_progress(f"generating {corpus.name}")
        return corpus_files(corpus, self._directory, self._options.scale)

    def _our_tools(self, files: list[str], statuses: frozenset[int]) -> list[Tool]:
        """Return the baseline and batchlint's commands."""
        check = [self._home.command("batchlint"), "check"]
        return [
            Tool(BASELINE, [str(self._home.python), str(HERE / "loops" / "parse.py"), *files]),
            Tool(OURS, [*check, *files], statuses),
            Tool(ONE_PROCESS, [*check, "--jobs", "1", *files], statuses),
        ]

    def _peer(self, peer: Peer, path: Path, lines: int, corpus: Corpus) -> Tool:
        command = [
            str(self._peers[peer.name].python),
            *peer.program,
            str(line_schema(self._home, corpus.url)),
        ]
        if not peer.sample or lines <= peer.sample:
            return Tool(peer.name, [*command, str(path)])
        few, none = sample(path, peer.sample), sample(path, 0)
        return Tool(
            peer.name,
            [*command, str(few)],
            factor=lines / peer.sample,
            startup_command=[*command, str(none)],
        )

    def stages(self, results: Results) -> Stages:
        """Measure the passes of `stages.py` over each measured corpus."""
        paths = {
            str(self._make(corpus)[0]): corpus.name
            for corpus in CORPORA
            if corpus.name in results.contests
        }
        if not paths:
            return {}
        show_progress("measuring the stages")
        command = [
            str(self._home.python),
            str(HERE / "stages.py"),
            str(self._options.rounds),
            *paths,
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        return {paths[path]: seconds for path, seconds in json.loads(done.stdout).items()}


def extent(paths: Sequence[Path]) -> tuple[int, int]:
    """Count the lines and bytes of files. Reading them fills the page cache."""
    lines = size = 0
    for path in paths:
        with path.open("rb") as file:
            while data := file.read(1 << 20):
                lines += data.count(b"\n")
                size += len(data)
    return lines, size


def show_progress(text: str) -> None:
    """Show progress on a terminal."""
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)


def run_all(bench: Bench) -> Results:
    """Run all contests."""
    contests, rows = [], list[Row]()
    for contest in bench.contests():
        contests.append(contest)
        rows += compete(contest, show_progress)
    show_progress("")
    return Results(contests, rows)


def write(results: Results, setting: Setting, stages: Stages, directory: Path) -> None:
    """Write the results as JSON, Markdown and SVG."""
    text = json.dumps(as_json(results, setting, stages), indent=1, ensure_ascii=False)
    for name, content in (
        ("json", text + "\n"),
        ("md", as_markdown(results, setting, stages)),
        ("svg", as_svg(results)),
    ):
        if content:
            (directory / f"results.{name}").write_text(content, "utf-8")


def options(arguments: Sequence[str]) -> argparse.Namespace:
    """Parse the command line."""
    names = [START, *(corpus.name for corpus in (*CORPORA, *GROWTH))]
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--scale",
        type=float,
        default=1,
        help="size of the corpora relative to their full size, such as 0.02 for a quick run",
    )
    parser.add_argument(
        "--rounds", type=int, default=5, help="number of runs of each command (default: 5)"
    )
    parser.add_argument(
        "--growth",
        action="store_true",
        help="also measure a million lines, lines of 199 MB and 10,000 files",
    )
    parser.add_argument(
        "--no-peers", action="store_true", help="measure only batchlint and the baseline"
    )
    parser.add_argument(
        "--only",
        nargs="+",
        default=[],
        choices=names,
        metavar="NAME",
        help=f"measure only these contests: {', '.join(names)}",
    )
    return parser.parse_args(arguments)


def main(arguments: Sequence[str]) -> int:
    """Measure, print and write the results. Return 1 if a command of batchlint failed."""
    parsed = options(arguments)
    DATA.mkdir(exist_ok=True)
    show_progress("installing batchlint")
    bench = Bench(parsed, ours())
    setting = Setting(parsed.scale, parsed.rounds, bench.install())
    results = run_all(bench)
    is_full_run = parsed.scale == 1 and parsed.growth and not parsed.only and not parsed.no_peers
    stages = bench.stages(results)
    show_progress("")
    write(results, setting, stages, HERE if is_full_run else DATA)
    print(as_markdown(results, setting, stages))
    failed = [
        row
        for row in results.rows
        if row.failed and row.tool in {OURS, ONE_PROCESS, BASELINE, TEN_LINES, VERSION}
    ]
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
