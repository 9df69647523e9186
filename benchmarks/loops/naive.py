"""A naive loop: `jsonschema` on every line. Arguments: a schema of lines, a file."""

import json
import sys
from pathlib import Path

from jsonschema import Draft202012Validator

validator = Draft202012Validator(json.loads(Path(sys.argv[1]).read_text("utf-8")))
errors = 0
with Path(sys.argv[2]).open(encoding="utf-8") as file:
    for line in file:
        errors += sum(1 for _ in validator.iter_errors(json.loads(line)))
sys.exit(f"{errors} errors" if errors else 0)
