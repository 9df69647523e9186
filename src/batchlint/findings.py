"""Problems and findings: `Problem`, which a check yields, and `BatchError`, which users get."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import IntEnum
from typing import Any, Final, Literal, NamedTuple

Severity = Literal["error", "warning"]

#: What the API does about a problem: it rejects the upload (POST /v1/files), the create call
#: (POST /v1/batches), the whole batch, or one request.
Effect = Literal["upload", "create", "batch", "request"]

#: `safe` fixes preserve meaning and intent, `unsafe` fixes may change them.
Safety = Literal["safe", "unsafe"]

SAFETIES: Final[tuple[Safety, ...]] = ("safe", "unsafe")

#: A place in a decoded line: keys and indices from the root.
PathParts = tuple[str | int, ...]

#: Default number of findings to keep per rule. All are counted.
DEFAULT_KEEP: Final = 1000

#: Maximum number of characters of a key, a custom_id or a model name in a report. The limit is high
#: because programs compare them with their own data or with the API's responses.
MAX_QUOTE_LENGTH: Final = 1000

#: At most this many problems of one line are explained per rule, and per parameter of its body.
MAX_PROBLEMS_PER_LINE: Final = 1000

#: The rule that reports that there are more problems.
TOO_MANY_PROBLEMS: Final = "too_many_problems"

#: The order in which the API applies its checks.
_STAGES: Final[Mapping[Effect | None, int]] = {
    "upload": 0,
    "create": 1,
    "batch": 2,
    "request": 3,
    None: 4,
}


class Phase(IntEnum):
    """The phases in which the API checks a line, and then a body.

    Source: recorded responses to bodies with two faults, August and September 2026.
    """

    MODEL = 0
    PRESENCE = 1
    UNKNOWN = 2
    FIELDS = 3
    STATE = 4
    EMPTY = 5
    VALUES = 6
    LAST = 7


class Part(IntEnum):
    """The two parts of a line, which the API checks one after the other."""

    LINE = 0
    BODY = 1


class Rank(NamedTuple):
    """When the API would report a problem. Ranks compare as tuples.

    Attributes:
        part: the line itself, or its body.
        phase: the API's phase.
        position: the parameter's position in the order in which the API checks parameters.
        by_rule: schema problems sort before the problems that a rule finds in the same parameter.
        serial: the order in which the check found them.
    """

    part: Part = Part.LINE
    phase: Phase = Phase.MODEL
    position: int = 0
    by_rule: bool = False
    serial: int = 0


class Edit(NamedTuple):
    """One change to the text of a line. It is computed only when it is applied.

    Attributes:
        change: takes the text of the line and `args`; returns the new text, or None if the edit
            does not apply. It must be a module-level function, so that it can be pickled.
        args: further arguments.
    """

    change: Callable[..., str | None]
    args: tuple[Any, ...] = ()

    def apply(self, text: str) -> str | None:
        """The text after the change; None if it does not apply."""
        return self.change(text, *self.args)


class Fix(NamedTuple):
    """How `batchlint fix` would repair the problem of a finding.

    Attributes:
        safety: `safe` if the fix preserves the meaning of the request, otherwise `unsafe`.
        summary: what the fix would do, in one sentence.
        edits: the changes to the line, in order. Empty if the fix changes the whole file.
    """

    safety: Safety
    summary: str
    edits: tuple[Edit, ...] = ()

    def to_dict(self) -> dict[str, str]:
        """The fix as `--format json` prints it."""
        return {"safety": self.safety, "summary": self.summary}


class Problem(NamedTuple):
    """What is wrong and where, as a check yields it. The rule adds the severity.

    Attributes:
        message: the API's sentence if it is known.
        param: the place in the API's notation; None if the API gives null.
        path: the path in the line; None for the file as a whole.
        hint: how to fix it.
        rule: the rule's name. Empty in problems that a rule's own check yields.
        rank: when the API would report it.
        line: the line number, counted from 1. None for the file as a whole, or if the caller sets
            it.
        custom_id: the custom_id of that line.
        fix: how to repair it, if that is possible.
    """

    message: str
    param: str | None = None
    path: PathParts | None = None
    hint: str | None = None
    rule: str = ""
    rank: Rank = Rank()
    line: int | None = None
    custom_id: str | None = None
    fix: Fix | None = None


class BatchError(NamedTuple):
    """One finding: the four fields of the Batch API's `errors.data[]`, and what batchlint adds.

    Findings sort by line, then in the order of the API's checks. The first finding of a line is the
    one that the API would report.

    Attributes:
        rule: the unique name of the rule, in snake_case.
        code: the API's code if it is known, otherwise the name of the rule.
        line: the line number, counted from 1. Blank lines count. None for the file as a whole.
        message: the API's own sentence if it is known. It quotes at most 64 characters of a value.
        param: the location in the API's notation, such as `body.messages[0].content`. Keys are cut
            at 1,000 characters. None if the API's `param` is null.
        pointer: the location as a JSON Pointer (RFC 6901) into the line or the parameters of the
            create call. Keys are cut at 1,000 characters. None for the file as a whole.
        custom_id: the line's custom_id, cut at 1,000 characters. None if it has none.
        severity: `error` or `warning`.
        fails: what the API does. `upload`: POST /v1/files rejects the file. `create`: POST
            /v1/batches rejects the call. `batch`: the batch becomes `failed`, and no request runs.
            `request`: only this request gets a 4xx error. None for warnings, and for errors that
            are errors only because of `--error`.
        hint: how to fix the problem; may be None.
        column: where the location begins in the line, in code points, counted from 1. None for the
            file as a whole, for requests passed as dicts, for lines that could not be read again,
            and for lines with a very large number of fields.
        fix: how `batchlint fix` would repair the problem. None if it can't.
        order: the rank in the order of the API's checks. It is ignored when findings are compared
            for equality.
    """

    rule: str
    code: str
    line: int | None
    message: str
    param: str | None = None
    pointer: str | None = None
    custom_id: str | None = None
    severity: Severity = "error"
    fails: Effect | None = None
    hint: str | None = None
    column: int | None = None
    fix: Fix | None = None
    order: tuple[int, ...] = ()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, BatchError) and self[:-1] == other[:-1]

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash(self[:-1])

    def __lt__(self, other: tuple[Any, ...]) -> bool:
        return self.sort_key < other.sort_key if isinstance(other, BatchError) else NotImplemented

    def __le__(self, other: tuple[Any, ...]) -> bool:
        return self.sort_key <= other.sort_key if isinstance(other, BatchError) else NotImplemented

    def __gt__(self, other: tuple[Any, ...]) -> bool:
        return self.sort_key > other.sort_key if isinstance(other, BatchError) else NotImplemented

    def __ge__(self, other: tuple[Any, ...]) -> bool:
        return self.sort_key >= other.sort_key if isinstance(other, BatchError) else NotImplemented

    def __str__(self) -> str:
        where = "" if self.line is None else f"line {self.line}: "
        label = self.code if self.param is None else f"{self.code} {self.param}"
        hint = "" if self.hint is None else f" ({self.hint})"
        return f"{where}{label}: {self.message}{hint}"

    @property
    def sort_key(self) -> tuple[int, tuple[int, ...]]:
        """The line number (0 for the file as a whole), then `order`."""
        return self.line or 0, self.order

    @property
    def key(self) -> FindingKey:
        """The key for counting findings: the rule, the severity and the effect (`fails`)."""
        return FindingKey(self.rule, self.severity, self.fails)

    def moved(self, lines: int) -> BatchError:
        """Return a copy of the finding with `lines` added to its line number."""
        return self if not lines or self.line is None else self._replace(line=self.line + lines)

    def to_dict(self) -> dict[str, Any]:
        """The finding as `--format json` prints it. The API's four fields come first."""
        return {
            "code": self.code,
            "line": self.line,
            "message": self.message,
            "param": self.param,
            "rule": self.rule,
            "pointer": self.pointer,
            "custom_id": self.custom_id and self.custom_id[:MAX_QUOTE_LENGTH],
            "severity": self.severity,
            "fails": self.fails,
            "hint": self.hint,
            "column": self.column,
            "fix": None if self.fix is None else self.fix.to_dict(),
        }

    def to_error(self) -> dict[str, Any]:
        """The error object with which the API rejects an upload or a create call."""
        code = None if self.code == self.rule and self.fails == "upload" else self.code
        return {
            "error": {
                "message": self.message,
                "type": "invalid_request_error",
                "param": self.param,
                "code": code,
            }
        }


class FindingKey(NamedTuple):
    """The key by which findings are counted: the rule, the severity and the effect."""

    rule: str
    severity: Severity
    fails: Effect | None


def stage(effect: Effect | None) -> int:
    """When the API applies the checks that have this effect: upload, create, batch, request."""
    return _STAGES[effect]


def count_by_rule(counts: Mapping[FindingKey, int]) -> dict[str, int]:
    """The number of findings of each rule."""
    totals: dict[str, int] = {}
    for key, count in counts.items():
        totals[key.rule] = totals.get(key.rule, 0) + count
    return totals


def count_by_severity(counts: Mapping[FindingKey, int]) -> tuple[int, int]:
    """The number of errors and the number of warnings."""
    errors = sum(count for key, count in counts.items() if key.severity == "error")
    return errors, sum(counts.values()) - errors
