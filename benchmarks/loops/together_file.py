"""Check a file as `tg files check` does, without its login. Arguments: a schema (ignored), a file."""

import sys
from pathlib import Path

from together.lib.utils import check_file

report = check_file(Path(sys.argv[2]))
sys.exit(0 if report["is_check_passed"] else str(report["message"]))
