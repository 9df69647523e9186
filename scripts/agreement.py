"""Measure how well the findings agree with recorded responses of the live API.

    python scripts/agreement.py [FILE ...]      default: fixtures/answers/*.jsonl

Each row has a request body and the API's response to it (`fixtures/README.md`). The script compares
the code, the param and the exact message of our first error. Accepted bodies must have no errors.
If the API's code is null, any code agrees.

The script prints every disagreement. It exits with status 1 if the agreement is below the required
shares.
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import batchlint

#: Minimum shares of the rows of grades A and B that must agree.
PLACE, MESSAGE = 0.97, 0.95

KINDS = ("schema", "capability", "control")


class Verdict(NamedTuple):
    """Whether one row agrees. None if the row has nothing to compare."""

    place: bool | None
    message: bool | None
    accepted: bool | None
    ours: str


def judged(row: dict[str, Any]) -> Verdict:
    """Compare a row with our first error for its body."""
    request = {
        "custom_id": row["id"],
        "method": "POST",
        "url": row["endpoint"],
        "body": row["body"],
    }
    errors = [e for e in batchlint.check_request(request) if e.severity == "error"]
    ours = f"{errors[0].code} {errors[0].param} {errors[0].message}" if errors else "accepted"
    if row["status"] == 200:
        return Verdict(None, None, not errors, ours)
    if not errors:
        return Verdict(False, False, None, ours)
    first, unseen = errors[0], row.get("unobserved", ())
    param = (first.param or "").removeprefix("body.").removeprefix("body") or None
    code_agrees = row["code"] is None or "code" in unseen or first.code == row["code"]
    param_agrees = "param" in unseen or param == row["param"]
    message = None if not row.get("message_exact", True) else first.message == row["message"]
    return Verdict(code_agrees and param_agrees, message, None, ours)


def rows(paths: Iterable[Path]) -> Iterable[dict[str, Any]]:
    """Yield the rows of files, except those that depend on the server's state."""
    for path in paths:
        for line in path.read_text("utf-8").splitlines():
            row = json.loads(line)
            if row["kind"] in KINDS:
                yield row


def main(arguments: list[str]) -> int:
    """Print the disagreements, then the table."""
    default = sorted((Path(__file__).parents[1] / "fixtures" / "answers").glob("*.jsonl"))
    table: dict[tuple[str, str, str], list[Verdict]] = defaultdict(list)
    for row in rows([Path(a) for a in arguments] or default):
        verdict = judged(row)
        table[row["endpoint"], row["kind"], "A, B" if row["grade"] in "AB" else "C"].append(verdict)
        if False in verdict[:3]:
            print(
                f"{row['id']} ({row['grade']}, {row['kind']}) {row['name']}\n"
                f"    API:  {row['code']} {row['param']} {row['message'] or 'accepted'}\n    ours: {verdict.ours}"
            )
    print(
        f"\n{'endpoint':24} {'kind':11} {'grade':5} {'code+param':>12} {'message':>12} {'accepted':>12}"
    )
    for key, verdicts in sorted(table.items()):
        print(
            f"{key[0]:24} {key[1]:11} {key[2]:5} "
            + " ".join(f"{share(verdicts, i):>12}" for i in range(3))
        )
    sure = [v for key, verdicts in table.items() if key[2] == "A, B" for v in verdicts]
    print(f"{'all':24} {'':11} {'A, B':5} " + " ".join(f"{share(sure, i):>12}" for i in range(3)))
    good = ratio(sure, 0) >= PLACE and ratio(sure, 1) >= MESSAGE and ratio(sure, 2) == 1
    return 0 if good else 1


def ratio(verdicts: list[Verdict], column: int) -> float:
    """Return the share of comparable verdicts that agree."""
    said = [v[column] for v in verdicts if v[column] is not None]
    return sum(map(bool, said)) / len(said) if said else 1.0


def share(verdicts: list[Verdict], column: int) -> str:
    """Format the number of comparable verdicts that agree, and their total."""
    said = [v[column] for v in verdicts if v[column] is not None]
    return f"{sum(map(bool, said))}/{len(said)}" if said else ""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
