"""Fuzz batchlint with atheris, which keeps the inputs that reach new code and changes them further.

    python scripts/fuzz_coverage.py --seconds 300
    python scripts/fuzz_coverage.py --seconds 300 --corpus corpus   # continue later

The first inputs are the lines of the fixtures. Each input is checked with both engines, and every
eighth one in each format. An exception or a difference ends the run: it is printed, and the input
is written to a file `crash-...`, so that it can be reproduced:

    python scripts/fuzz_coverage.py --repeat crash-...

atheris comes with the dependency group `fuzz`. It has wheels for Linux.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import atheris

with atheris.instrument_imports(include=["batchlint"]):
    import batchlint
    from batchlint.engine import chunk
    from batchlint.engine.checker import Checker, checker_for
    from batchlint.providers import provider

sys.path.insert(0, str(Path(__file__).parents[1]))
from scripts import fuzz

if TYPE_CHECKING:
    from batchlint.rules import Selection

#: The maximum size of an input in bytes.
_LONGEST: Final = 4096

#: Larger fixtures (in bytes) are not used as first inputs.
_LONGEST_SEED: Final = 3000


class _Engines:
    """The checkers of both engines. They are kept, because engines compile schemas when first needed."""

    def __init__(self) -> None:
        self._others: dict[tuple[str, Selection], Checker] = {}

    def other(self, name: str, selection: Selection) -> Checker:
        """The checker with the engine `jsonschema`."""
        key = (name, selection)
        if key not in self._others:
            self._others[key] = Checker(provider(name), selection)
        return self._others[key]

    def check(self, data: bytes) -> Any:
        """Check with the engine `jsonschema`."""
        os.environ["BATCHLINT_ENGINE"] = "jsonschema"
        vars(chunk)["checker_for"] = self.other
        try:
            return fuzz.check(data)
        finally:
            vars(chunk)["checker_for"] = checker_for
            os.environ["BATCHLINT_ENGINE"] = ""


_ENGINES: Final = _Engines()


def check_input(data: bytes) -> None:
    """Check an input.

    Raises:
        DifferenceError: the engines differ, or the report contradicts itself.
    """
    case = fuzz.Case(data, Path(), 0)
    report = fuzz.check_one_way(case)
    if fuzz.facts(report) != fuzz.facts(_ENGINES.check(data)):
        raise fuzz.DifferenceError("other engine")
    if zlib.crc32(data) % 8 == 0:
        fuzz.check_formats(case, report)
        found = list(batchlint.iter_errors(data, now=fuzz.NOW, name="batch.jsonl"))
        if len(found) != len(report.errors) + len(report.warnings):
            raise fuzz.DifferenceError("iter_errors")


_GRAMMAR: Final = fuzz.Grammar(0)


def change_input(data: bytes, longest: int, seed: int) -> bytes:
    """Change a value of one line, or, in every third input, some bytes."""
    if seed % 3 == 0:
        return bytes(atheris.Mutate(data, longest))
    lines = data.split(b"\n")
    number = seed % len(lines)
    lines[number] = _GRAMMAR.changed_line(lines[number], seed)
    return b"\n".join(lines)[:longest]


def write_seeds(folder: Path) -> int:
    """Write the first inputs: the lines of fixtures, and small fixtures as a whole."""
    texts = set()
    for path in sorted((fuzz.ROOT / "fixtures").rglob("*.jsonl")):
        whole = path.read_bytes()
        texts |= {text for text in (whole, *whole.split(b"\n")) if 0 < len(text) < _LONGEST_SEED}
    for number, text in enumerate(sorted(texts)):
        (folder / f"seed-{number:05}").write_bytes(text)
    return len(texts)


def main() -> None:
    """Fuzz. libFuzzer ends the process, with status 0 if nothing was found."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seconds", type=int, default=60, help="how long to run")
    parser.add_argument("--seed", type=int, default=1, help="seed of the random changes")
    parser.add_argument(
        "--corpus", type=Path, help="keep inputs that reach new code in this directory"
    )
    parser.add_argument("--repeat", type=Path, help="check only this file")
    args = parser.parse_args()
    if args.repeat:
        check_input(args.repeat.read_bytes())
        print("nothing found")
        return
    seeds = Path(tempfile.mkdtemp(prefix="seeds-"))
    corpus = args.corpus or Path(tempfile.mkdtemp(prefix="corpus-"))
    corpus.mkdir(parents=True, exist_ok=True)
    print(f"{write_seeds(seeds):,} first inputs; inputs that reach new code are kept in {corpus}")
    options = [f"-max_total_time={args.seconds}", f"-seed={args.seed}", f"-max_len={_LONGEST}"]
    options += ["-timeout=20", "-rss_limit_mb=2048", "-print_final_stats=1"]
    arguments = [sys.argv[0], *options, str(corpus), str(seeds)]
    atheris.Setup(arguments, check_input, custom_mutator=change_input)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
