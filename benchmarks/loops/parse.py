"""The yardstick L: only parse every line (of a wrong file, those that can be parsed)."""

import sys

import orjson

for f in sys.argv[1:]:
    for line in open(f, "rb"):  # noqa: PTH123, SIM115 - the yardstick to the letter
        try:  # noqa: SIM105 - `try` costs nothing where nothing is raised
            orjson.loads(line)
        except orjson.JSONDecodeError:
            pass
