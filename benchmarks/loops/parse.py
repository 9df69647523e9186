"""The baseline L: parse every line, and skip lines that can't be parsed."""

import sys

import orjson

for f in sys.argv[1:]:
    for line in open(f, "rb"):  # noqa: PTH123, SIM115 - this is the baseline itself
        try:  # noqa: SIM105 - `try` costs nothing unless an exception is raised
            orjson.loads(line)
        except orjson.JSONDecodeError:
            pass
