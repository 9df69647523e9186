"""Check a file with openbatch. Arguments: a schema (ignored), a file."""

import sys

from openbatch.validation import validate_batch_file

result = validate_batch_file(sys.argv[2])
sys.exit(0 if result.is_valid else "; ".join(result.errors[:1]))
