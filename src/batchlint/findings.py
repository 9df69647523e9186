"""Problems and findings: a check yields a `Problem`, and users get a `BatchError`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import IntEnum
from typing import Any, Final, Literal, NamedTuple

Severity = Literal["error", "warning"]

#: What the API rejects because of a problem: the upload (POST /v1/files), the create call
#: (POST /v1/batches), the whole batch, or one request.
Effect = Literal["upload", "create", "batch", "request"]

#: A `safe` fix preserves the meaning of a request. An `unsafe` fix may change it.
Safety = Literal["safe", "unsafe"]

SAFETIES: Final[tuple[Safety, ...]] = ("safe", "unsafe")

#: The path to a value in a decoded line: keys and indices from the root.
PathParts = tuple[str | int, ...]

#: The default maximum number of findings to keep per rule. The others are only counted.
DEFAULT_KEEP: Final = 1000

#: The maximum length of a key, a custom_id or a model name in a report, in characters. The limit is
#: high because programs compare these strings with their data or with the API's responses.
MAX_QUOTE_LENGTH: Final = 1000

#: The maximum number of problems to explain in one line, per rule and per body parameter.
MAX_PROBLEMS_PER_LINE: Final = 1000

#: The rule that reports a line with more problems.
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
    """The phases of the API's checks. A line and its body go through them separately.

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
    """A problem's place in the order of the API's checks. Ranks compare as tuples.

    Attributes:
        part: the line itself, or its body.
        phase: the phase of the API's checks.
        position: the parameter's position in the API's order of parameters.
        is_from_rule: whether a rule found the problem. Within a parameter, problems that the schema
            finds come first.
        serial: the problem's number among the problems of one check.
    """

    part: Part = Part.LINE
    phase: Phase = Phase.MODEL
    position: int = 0
    is_from_rule: bool = False
    serial: int = 0


class Edit(NamedTuple):
    """One change to a line's text. The new text is computed only when the edit is applied.

    Attributes:
        change: a function that takes the line's text and `args`. It returns the new text, or None
            if the edit doesn't apply. It must be a module-level function, so that it can be
            pickled.
        args: the function's remaining arguments.
    """

    change: Callable[..., str | None]
    args: tuple[Any, ...] = ()

    def apply(self, text: str) -> str | None:
        """Return the new text, or None if the edit doesn't apply."""
        return self.change(text, *self.args)


class Fix(NamedTuple):
    """How `batchlint fix` would repair a problem.

    Attributes:
        safety: `safe` if the fix preserves the meaning of the request, otherwise `unsafe`.
        summary: one sentence that describes the fix.
        edits: the changes to the line, in order. Empty if the fix depends on the whole file.
    """

    safety: Safety
    summary: str
    edits: tuple[Edit, ...] = ()

    def to_dict(self) -> dict[str, str]:
        """Return the fix as a dict, as `--format json` prints it."""
        return {"safety": self.safety, "summary": self.summary}


class Problem(NamedTuple):
    """A problem that a check yields. Its rule later adds the severity, code and effect.

    Attributes:
        message: the API's own sentence if it is known.
        param: the location in the API's notation. None if the API's `param` is null.
        path: the path in the line. None for the file as a whole.
        hint: how to fix the problem.
        rule: the rule's name. A rule's check leaves it empty, and the caller fills it in.
        rank: when the API would report the problem.
        line: the line number, counted from 1. None for the file as a whole, or if the caller fills
            it in.
        custom_id: the line's custom_id.
        fix: how `batchlint fix` would repair the problem. None if it can't.
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
    """One finding: the four fields of the Batch API's `errors.data[]`, plus batchlint's own.

    Findings sort by line, then in the order of the API's checks, with warnings last. The first
    error of a line is the one that the API would report.

    Attributes:
        rule: the rule's unique name, in snake_case.
        code: the API's code if it is known, otherwise the rule's name.
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
            `request`: only this request gets a 4xx error. None for warnings, and for findings that
            are errors only because of `--error`.
        hint: how to fix the problem. None if there is no hint.
        column: the column where the location begins, in code points, counted from 1. None for the
            file as a whole, for requests passed as dicts, for lines that could not be read again,
            and for lines that are deeply nested or have a very large number of fields.
        fix: how `batchlint fix` would repair the problem. None if it can't.
        order: the finding's rank in the order of the API's checks. It doesn't affect equality.
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
        """Return the finding as `--format json` prints it. The API's fields come first."""
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
        """Return the error object that the API sends when it rejects an upload or a create call."""
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
    """The key for counting findings: the rule, the severity and the effect."""

    rule: str
    severity: Severity
    fails: Effect | None


def stage(effect: Effect | None) -> int:
    """Return the position of an effect in the order of the API's checks."""
    return _STAGES[effect]


def count_by_rule(counts: Mapping[FindingKey, int]) -> dict[str, int]:
    """Return the number of findings of each rule."""
    totals: dict[str, int] = {}
    for key, count in counts.items():
        totals[key.rule] = totals.get(key.rule, 0) + count
    return totals


def count_by_severity(counts: Mapping[FindingKey, int]) -> tuple[int, int]:
    """Return the number of errors and the number of warnings."""
    errors = sum(count for key, count in counts.items() if key.severity == "error")
    return errors, sum(counts.values()) - errors
