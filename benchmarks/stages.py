"""Where the time of a check goes: passes over the same file, each of which does a step more, in one process.

python stages.py ROUNDS FILE ...      in an environment that has batchlint; prints JSON
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

from batchlint import rules
from batchlint.core import Plan, check_chunk
from batchlint.judge import judge_of
from batchlint.sources import chunks


def passes(path: str) -> dict[str, Callable[[], None]]:
    """The steps as functions that go through a file."""
    selection = rules.select()
    request = orjson.loads(next(BytesIO(next(chunks(path)))))
    plain = judge_of(selection).lane(request["url"], request["body"]["model"]).is_plain

    def read() -> None:
        for chunk in chunks(path):
            for _ in BytesIO(chunk):
                pass

    def parse() -> None:
        for chunk in chunks(path):
            for line in BytesIO(chunk):
                try:  # noqa: SIM105 - as the yardstick does
                    orjson.loads(line)
                except ValueError:
                    pass

    def gate() -> None:
        for chunk in chunks(path):
            for line in BytesIO(chunk):
                request = None
                try:
                    request = orjson.loads(line)
                    plain(request)
                except ValueError:
                    pass

    def checked(plan: Plan) -> Callable[[], None]:
        def check() -> None:
            counted = Counter[str]()
            for chunk in chunks(path):
                for (rule, _, _), count in check_chunk(chunk, plan, before=counted).counts.items():
                    counted[rule] += count

        return check

    schema_alone = rules.select([name for name, rule in rules.RULES.items() if rule.check is None and rule.default])
    return {"read": read, "parse": parse, "gate": gate, "loop": checked(Plan(schema_alone)), "rules": checked(Plan(selection))}


def main(rounds: int, paths: list[str]) -> None:
    """Print the medians of all steps in seconds, by file."""
    gc.disable()
    found = {}
    for path in paths:
        steps = passes(path)
        times: dict[str, list[float]] = {name: [] for name in steps}
        for _ in range(rounds):
            for name, step in steps.items():
                start = time.perf_counter()
                step()
                times[name].append(time.perf_counter() - start)
        found[path] = {name: statistics.median(seconds) for name, seconds in times.items()}
    print(json.dumps(found))


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
