"""The yardstick L: parse every line, and skip lines that can't be parsed."""

import sys

import orjson

for f in sys.argv[1:]:
    for line in open(f, "rb"):  # noqa: PTH123, SIM115 - exactly the yardstick
        try:  # noqa: SIM105 - `try` is free if nothing is raised
            orjson.loads(line)
        except orjson.JSONDecodeError:
            pass
