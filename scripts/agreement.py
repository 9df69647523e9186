"""Compare findings with recorded responses from the live API.

    python scripts/agreement.py [FILE ...]      default: fixtures/answers/*.jsonl

Each row has a request body and the API's response to it (`fixtures/README.md`). The script compares
the code, the param and the exact message of batchlint's first error. Accepted bodies must have no errors.
If the API's code is null, any code agrees.

The script prints every disagreement. It exits with status 1 if too few rows agree.
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final, NamedTuple

import batchlint

#: The minimum share of rows with grades A and B whose code and param must agree.
MIN_CODE_AND_PARAM_AGREEMENT: Final = 0.97

#: The minimum share of these rows whose message must agree.
MIN_MESSAGE_AGREEMENT: Final = 0.95

#: The kinds of rows that don't depend on the server's state.
KINDS: Final = ("schema", "capability", "control")


class Verdict(NamedTuple):
    """Whether batchlint agrees with a row.

    Attributes:
        code_and_param: whether the code and the param agree. None if the API accepted the request.
        message: whether the message agrees. None if it can't be compared.
        accepted: whether batchlint accepts a request that the API accepted. None for other requests.
        found: batchlint's first error, or `accepted`.
    """

    code_and_param: bool | None
    message: bool | None
    accepted: bool | None
    found: str


def compare(row: dict[str, Any]) -> Verdict:
    """Compare a row with batchlint's first error for its body."""
    request = {
        "custom_id": row["id"],
        "method": "POST",
        "url": row["endpoint"],
        "body": row["body"],
    }
    errors = [e for e in batchlint.check_request(request) if e.severity == "error"]
    found = f"{errors[0].code} {errors[0].param} {errors[0].message}" if errors else "accepted"
    if row["status"] == 200:
        return Verdict(None, None, not errors, found)
    if not errors:
        return Verdict(False, False, None, found)
    first, unrecorded = errors[0], row.get("unobserved", ())
    param = (first.param or "").removeprefix("body.").removeprefix("body") or None
    code_agrees = row["code"] is None or "code" in unrecorded or first.code == row["code"]
    param_agrees = "param" in unrecorded or param == row["param"]
    message = None if not row.get("message_exact", True) else first.message == row["message"]
    return Verdict(code_agrees and param_agrees, message, None, found)


def rows(paths: Iterable[Path]) -> Iterable[dict[str, Any]]:
    """Yield the rows of files, except those that depend on the server's state."""
    for path in paths:
        for line in path.read_text("utf-8").splitlines():
            row = json.loads(line)
            if row["kind"] in KINDS:
                yield row


def main(arguments: list[str]) -> int:
    """Print the disagreements, then a table of totals. Return the exit status."""
    default = sorted((Path(__file__).parents[1] / "fixtures" / "answers").glob("*.jsonl"))
    table: dict[tuple[str, str, str], list[Verdict]] = defaultdict(list)
    for row in rows([Path(a) for a in arguments] or default):
        verdict = compare(row)
        table[row["endpoint"], row["kind"], "A, B" if row["grade"] in "AB" else "C"].append(verdict)
        if False in verdict[:3]:
            print(
                f"{row['id']} ({row['grade']}, {row['kind']}) {row['name']}\n"
                f"    API:  {row['code']} {row['param']} {row['message'] or 'accepted'}\n    batchlint: {verdict.found}"
            )
    print(
        f"\n{'endpoint':24} {'kind':11} {'grade':5} {'code+param':>12} {'message':>12} {'accepted':>12}"
    )
    for key, verdicts in sorted(table.items()):
        print(
            f"{key[0]:24} {key[1]:11} {key[2]:5} "
            + " ".join(f"{fraction(verdicts, i):>12}" for i in range(3))
        )
    graded = [v for key, verdicts in table.items() if key[2] == "A, B" for v in verdicts]
    print(
        f"{'all':24} {'':11} {'A, B':5} " + " ".join(f"{fraction(graded, i):>12}" for i in range(3))
    )
    is_enough = (
        ratio(graded, 0) >= MIN_CODE_AND_PARAM_AGREEMENT
        and ratio(graded, 1) >= MIN_MESSAGE_AGREEMENT
        and ratio(graded, 2) == 1
    )
    return 0 if is_enough else 1


def ratio(verdicts: list[Verdict], column: int) -> float:
    """Return the share of comparable verdicts that agree."""
    compared = [v[column] for v in verdicts if v[column] is not None]
    return sum(map(bool, compared)) / len(compared) if compared else 1.0


def fraction(verdicts: list[Verdict], column: int) -> str:
    """Format how many of the comparable verdicts agree, such as `12/13`."""
    compared = [v[column] for v in verdicts if v[column] is not None]
    return f"{sum(map(bool, compared))}/{len(compared)}" if compared else ""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
