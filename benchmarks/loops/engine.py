"""Validate every line with `jsonschema-rs`. Arguments: a schema of lines, a file."""

import sys
from pathlib import Path

import jsonschema_rs
import orjson

validator = jsonschema_rs.validator_for(Path(sys.argv[1]).read_text("utf-8"))
wrong = 0
with Path(sys.argv[2]).open("rb") as file:
    for line in file:
        wrong += not validator.is_valid(orjson.loads(line))
sys.exit(f"{wrong} invalid lines" if wrong else 0)
