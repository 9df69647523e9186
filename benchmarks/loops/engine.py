"""Validate every line with `jsonschema-rs`. Arguments: a schema of lines, a file."""

import sys
from pathlib import Path

import jsonschema_rs
import orjson

validator = jsonschema_rs.validator_for(Path(sys.argv[1]).read_text("utf-8"))
invalid_lines = 0
with Path(sys.argv[2]).open("rb") as file:
    for line in file:
        invalid_lines += not validator.is_valid(orjson.loads(line))
sys.exit(f"{invalid_lines} invalid lines" if invalid_lines else 0)
