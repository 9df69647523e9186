"""Fuzz batchlint with atheris, which keeps inputs that reach new code and mutates them further.

    python scripts/fuzz_coverage.py --seconds 300
    python scripts/fuzz_coverage.py --seconds 300 --corpus corpus   # continue later

The seed inputs are fixture lines. Each input is checked with both engines, and every eighth input
in each format. The first exception or difference is printed and ends the run. The input is written
to a file `crash-...`. To reproduce the failure:

    python scripts/fuzz_coverage.py --repeat crash-...

atheris is in the dependency group `fuzz`. It needs Linux and Python 3.12 or newer.
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
_MAX_INPUT_BYTES: Final = 4096

#: The maximum size of a seed input in bytes.
_MAX_SEED_BYTES: Final = 3000


class _OtherEngine:
    """Checks inputs with the engine `jsonschema`, and caches its checkers."""

    def __init__(self) -> None:
        self._checkers: dict[tuple[str, Selection], Checker] = {}

    def checker(self, name: str, selection: Selection) -> Checker:
        """Return the checker with the engine `jsonschema`."""
        key = (name, selection)
        if key not in self._checkers:
            self._checkers[key] = Checker(provider(name), selection)
        return self._checkers[key]

    def check(self, data: bytes) -> Any:
        """Check with the engine `jsonschema`."""
        os.environ["BATCHLINT_ENGINE"] = "jsonschema"
        vars(chunk)["checker_for"] = self.checker
        try:
            return fuzz.check(data)
        finally:
            vars(chunk)["checker_for"] = checker_for
            os.environ["BATCHLINT_ENGINE"] = ""


_OTHER_ENGINE: Final = _OtherEngine()


def check_input(data: bytes) -> None:
    """Check an input.

    Raises:
        DifferenceError: the engines disagree, or the report is inconsistent.
    """
    case = fuzz.Case(data, Path(), 0)
    report = fuzz.check_in_one_mode(case)
    if fuzz.facts(report) != fuzz.facts(_OTHER_ENGINE.check(data)):
        raise fuzz.DifferenceError("other engine")
    if zlib.crc32(data) % 8 == 0:
        fuzz.check_formats(case, report)
        found = list(batchlint.iter_errors(data, now=fuzz.NOW, name="batch.jsonl"))
        if len(found) != len(report.errors) + len(report.warnings):
            raise fuzz.DifferenceError("iter_errors")


_GRAMMAR: Final = fuzz.Grammar(0)


def change_input(data: bytes, max_size: int, seed: int) -> bytes:
    """Change one value of a line, or some bytes if the seed is divisible by 3."""
    if seed % 3 == 0:
        return bytes(atheris.Mutate(data, max_size))
    lines = data.split(b"\n")
    number = seed % len(lines)
    lines[number] = _GRAMMAR.change_line(lines[number], seed)
    return b"\n".join(lines)[:max_size]


def write_seeds(directory: Path) -> int:
    """Write the seed inputs (fixture lines and small fixtures), and return their number."""
    texts = set()
    for path in sorted((fuzz.ROOT / "fixtures").rglob("*.jsonl")):
        whole = path.read_bytes()
        texts |= {text for text in (whole, *whole.split(b"\n")) if 0 < len(text) < _MAX_SEED_BYTES}
    for number, text in enumerate(sorted(texts)):
        (directory / f"seed-{number:05}").write_bytes(text)
    return len(texts)


def main() -> None:
    """Run the fuzzer. libFuzzer ends the process, with status 0 if there are no failures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seconds", type=int, default=60, help="duration of the run")
    parser.add_argument("--seed", type=int, default=1, help="seed for the random changes")
    parser.add_argument(
        "--corpus", type=Path, help="keep inputs that reach new code in this directory"
    )
    parser.add_argument("--repeat", type=Path, help="check only this file")
    args = parser.parse_args()
    if args.repeat:
        check_input(args.repeat.read_bytes())
        print("no failures")
        return
    seeds = Path(tempfile.mkdtemp(prefix="seeds-"))
    corpus = args.corpus or Path(tempfile.mkdtemp(prefix="corpus-"))
    corpus.mkdir(parents=True, exist_ok=True)
    print(f"{write_seeds(seeds):,} seed inputs; inputs that reach new code go to {corpus}")
    options = [
        f"-max_total_time={args.seconds}",
        f"-seed={args.seed}",
        f"-max_len={_MAX_INPUT_BYTES}",
    ]
    options += ["-timeout=20", "-rss_limit_mb=2048", "-print_final_stats=1"]
    arguments = [sys.argv[0], *options, str(corpus), str(seeds)]
    atheris.Setup(arguments, check_input, custom_mutator=change_input)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
