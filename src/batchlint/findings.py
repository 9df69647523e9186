"""The nouns: `Found`, `BatchError`, `Part`; `Tally`, which counts and bounds findings; `merge`, which joins parts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal, NamedTuple

Severity = Literal["error", "warning"]
Fails = Literal["upload", "create", "batch", "request"]
Order = tuple[int, int, int]
PathParts = tuple[str | int, ...]

#: How many findings of a rule are kept unless somebody says otherwise; all are counted.
KEEP = 1000

#: The phases in which the API looks at a body, by the names that the schemas use
#: (source: recorded answers to bodies with two faults, August and September 2026).
PHASES = {name: rank for rank, name in enumerate(
    ["model", "presence", "unknown", "fields", "state", "empty", "values", "last"])}


class Found(NamedTuple):
    """What a check yields: which rule, what the API says, and where; it knows no line, severity or file.

    Attributes:
        rule: the name of the rule.
        message: the sentence.
        param: the place in the API's words, without the batch's prefix; None where the API gives null.
        path: the true place, as keys and indices from the root of the line.
        hint: what to do, or None.
        order: the phase, the position of the member in its surface's order, a running number.
    """

    rule: str
    message: str
    param: str | None = None
    path: PathParts | None = None
    hint: str | None = None
    order: Order = (0, 0, 0)


class BatchError(NamedTuple):
    """One finding, in the shape of the Batch API's `errors.data[]` and with what a linter adds to it.

    Findings sort by their line, then in the order in which the API checks: the first finding of a
    line is the one that the API would answer.

    Attributes:
        rule: our name of the check, unique, snake_case.
        code: the API's own code where it is known, else the name of the rule.
        line: the 1-based physical line; None for the file as a whole.
        message: the API's own sentence where it is known; at most 64 characters of a value are quoted.
        param: the place in the API's words (`body.messages[0].content`); None where the API gives null.
        pointer: the true place, a JSON Pointer (RFC 6901) into the line, or into the parameters of the create call;
            None for the file.
        custom_id: of the line, if it has one.
        severity: `error` or `warning`.
        fails: what the API does: `upload` (POST /v1/files refuses), `create` (POST /v1/batches refuses),
            `batch` (the batch becomes `failed`, nothing runs), `request` (that line is answered by
            a 4xx); None for a warning, and for one that only the user's choice of rules makes an error.
        hint: what to do, in our words; may be None.
        order: the rank among the API's checks; findings that differ in it alone are equal.
    """

    rule: str
    code: str
    line: int | None
    message: str
    param: str | None = None
    pointer: str | None = None
    custom_id: str | None = None
    severity: Severity = "error"
    fails: Fails | None = None
    hint: str | None = None
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
        return f"{where}{label}: {self.message}" + ("" if self.hint is None else f" ({self.hint})")

    @property
    def sort_key(self) -> tuple[int, tuple[int, ...]]:
        """The line, with the file as a whole first; then the rank among the API's checks."""
        return self.line or 0, self.order

    def to_dict(self) -> dict[str, Any]:
        """The finding as `--format json` shows it, the API's four members first."""
        return {"code": self.code, "line": self.line, "message": self.message, "param": self.param,
                "rule": self.rule, "pointer": self.pointer, "custom_id": self.custom_id,
                "severity": self.severity, "fails": self.fails, "hint": self.hint}

    def to_error(self) -> dict[str, Any]:
        """The error object with which the API refuses an upload or a create call for this reason."""
        code = None if self.code == self.rule and self.fails == "upload" else self.code
        return {"error": {"message": self.message, "type": "invalid_request_error", "param": self.param, "code": code}}


#: What is counted: a rule, with the severity and the effect that its findings had.
Kind = tuple[str, Severity, Fails | None]
_NONE: Mapping[str, int] = {}


def by_rule(counts: Mapping[Kind, int]) -> dict[str, int]:
    """How many findings each rule has."""
    found: dict[str, int] = {}
    for (rule, _, _), count in counts.items():
        found[rule] = found.get(rule, 0) + count
    return found


def totals(counts: Mapping[Kind, int]) -> tuple[int, int]:
    """How many errors and warnings there are."""
    errors = sum(count for (_, severity, _), count in counts.items() if severity == "error")
    return errors, sum(counts.values()) - errors


class Part(NamedTuple):
    """What a run of whole lines amounts to: findings, and the facts that rules about the file need.

    Parts form a monoid: `merge` is associative, and `Part()` is its identity.  Line numbers are
    relative to the part.

    Attributes:
        outcomes: one byte a line: `BLANK`, `PASSED` or `FAILED`.
        size: in bytes.
        errors: findings, in order, at most `keep` of a rule.
        counts: how many findings of a kind there were, kept or not.
        ids: pairs of a number of lines and their custom_ids as a JSON array (null where a line has none).
        urls: (line, url) wherever the url differs from that of the request before it; None if it is
            no batch endpoint.
        models: likewise (line, model).
        inputs: how many embedding inputs the requests hold.
        characters: of the prompts; counted only if an estimate of tokens is wanted.
        deprecated: (url, member) of the deprecated members of bodies, to how many requests have it and the
            line of the first.
        once: what is said once for the whole file: (rule, key) to the count and the first finding.
    """

    outcomes: bytes = b""
    size: int = 0
    errors: tuple[BatchError, ...] = ()
    counts: Mapping[Kind, int] = {}
    ids: tuple[tuple[int, bytes], ...] = ()
    urls: tuple[tuple[int, str | None], ...] = ()
    models: tuple[tuple[int, str | None], ...] = ()
    inputs: int = 0
    characters: int = 0
    deprecated: Mapping[tuple[str, str], tuple[int, int]] = {}
    once: Mapping[tuple[str, str], tuple[int, BatchError]] = {}


BLANK, PASSED, FAILED = 0, 1, 2


class Tally:
    """Findings, of which all are counted and at most so many of a rule kept.

    Args:
        keep: how many of a rule; 0 keeps all.
        before: how many of some rules there are already.

    Attributes:
        counts: how many findings of a kind were counted.
        errors: what was kept, in the order in which it came.
        full: the rules of which no more will be kept.
    """

    def __init__(self, keep: int, before: Mapping[str, int] = _NONE) -> None:
        self.counts: dict[Kind, int] = {}
        self.errors: list[BatchError] = []
        self.full = {rule for rule, count in before.items() if keep and count >= keep}
        self._keep, self._seen = keep, dict(before)

    def count(self, kind: Kind, number: int = 1) -> None:
        """Count findings of a kind."""
        self.counts[kind] = self.counts.get(kind, 0) + number

    def keep(self, error: BatchError) -> None:
        """Keep a finding while there is room."""
        self._seen[error.rule] = seen = self._seen.get(error.rule, 0) + 1
        if not self._keep or seen <= self._keep:
            self.errors.append(error)
            if seen == self._keep:
                self.full.add(error.rule)

    def add(self, error: BatchError) -> None:
        """Count a finding, and keep it while there is room."""
        self.count((error.rule, error.severity, error.fails))
        self.keep(error)


def merge(parts: Iterable[Part], keep: int = KEEP) -> Part:
    """Concatenate parts, each one's lines moved past those before it; at most `keep` findings a rule stay.

    Args:
        parts: in the order of the file.
        keep: how many findings of one rule are kept; 0 keeps all.
    """
    outcomes, size, inputs, characters = bytearray(), 0, 0, 0
    tally = Tally(keep)
    ids: list[tuple[int, bytes]] = []
    urls: list[tuple[int, str | None]] = []
    models: list[tuple[int, str | None]] = []
    deprecated: dict[tuple[str, str], tuple[int, int]] = {}
    once: dict[tuple[str, str], tuple[int, BatchError]] = {}
    for part in parts:
        shift = len(outcomes)
        for error in part.errors:
            if error.rule not in tally.full:
                tally.keep(moved(error, shift))
        for kind, count in part.counts.items():
            tally.count(kind, count)
        for key, (count, error) in part.once.items():
            seen, first = once.get(key, (0, moved(error, shift)))
            once[key] = seen + count, first
        for member, (count, line) in part.deprecated.items():
            had, earlier = deprecated.get(member, (0, line + shift))
            deprecated[member] = had + count, earlier
        add_runs(urls, part.urls, shift)
        add_runs(models, part.models, shift)
        ids += part.ids
        outcomes += part.outcomes
        size += part.size
        inputs += part.inputs
        characters += part.characters
    return Part(bytes(outcomes), size, tuple(tally.errors), tally.counts, tuple(ids), tuple(urls), tuple(models), inputs,
                characters, deprecated, once)


def moved(error: BatchError, shift: int) -> BatchError:
    """The finding, with its line moved."""
    return error if not shift or error.line is None else error._replace(line=error.line + shift)


def add_runs(
    runs: list[tuple[int, str | None]], more: Iterable[tuple[int, str | None]], shift: int
) -> None:
    """Append runs to runs, joining equal neighbours."""
    for line, value in more:
        if not runs or runs[-1][1] != value:
            runs.append((line + shift, value))
