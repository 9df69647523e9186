"""Measure how long each step of a check takes. Each pass over a file adds one step.

    python stages.py ROUNDS FILE ...

Run this script in an environment that has batchlint. It prints JSON.
"""

from __future__ import annotations

import gc
import json
import statistics
import sys
import time
from collections import Counter
from collections.abc import Callable
from io import BytesIO

import orjson

from batchlint.engine.checker import checker_for
from batchlint.engine.chunk import Plan, check_chunk
from batchlint.rules import RULES, Selection, select_rules
from batchlint.sources import open_source


def passes(path: str) -> dict[str, Callable[[], None]]:
    """Return the passes over a file, by the step that each one adds."""
    source = open_source(path)
    selection = select_rules()
    first = orjson.loads(next(BytesIO(source.head())))
    checker = checker_for("openai", selection).endpoint_checker(
        first["url"], first["body"]["model"]
    )
    if checker is None:
        raise SystemExit(f"{path}: the first line is not a request to a batch endpoint")
    is_valid = checker.is_valid
    is_quiet = checker.is_quiet

    def read() -> None:
        for chunk in source.chunks():
            for _ in BytesIO(chunk):
                pass

    def parse() -> None:
        for chunk in source.chunks():
            for line in BytesIO(chunk):
                try:  # noqa: SIM105 - as the baseline does
                    orjson.loads(line)
                except ValueError:
                    pass

    def validate() -> None:
        for chunk in source.chunks():
            for line in BytesIO(chunk):
                try:
                    request = orjson.loads(line)
                except ValueError:
                    continue
                if is_valid(request):
                    is_quiet(request["body"])

    def check_with(selection: Selection) -> Callable[[], None]:
        plan = Plan(selection)

        def check() -> None:
            counts = Counter[str]()
            for number, chunk in enumerate(source.chunks()):
                summary = check_chunk(chunk, plan, number == 0)
                for key, count in summary.findings.counts.items():
                    counts[key.rule] += count

        return check

    schema_rules = [name for name, rule in RULES.items() if rule.scope == "schema" and rule.default]
    return {
        "read": read,
        "parse": parse,
        "validate": validate,
        "count": check_with(select_rules(schema_rules)),
        "rules": check_with(selection),
    }


def main(rounds: int, paths: list[str]) -> None:
    """Print the median seconds of all passes, by file."""
    gc.disable()
    medians = {}
    for path in paths:
        steps = passes(path)
        times: dict[str, list[float]] = {name: [] for name in steps}
        for _ in range(rounds):
            for name, step in steps.items():
                start = time.perf_counter()
                step()
                times[name].append(time.perf_counter() - start)
        medians[path] = {name: statistics.median(seconds) for name, seconds in times.items()}
    print(json.dumps(medians))


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
