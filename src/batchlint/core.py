"""The core: `check_chunk`, a pure function from whole lines to the `Part` they amount to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from io import BytesIO
from typing import Any, Final, NamedTuple

import orjson

from . import decode, grammar, schemas
from .findings import BLANK, FAILED, KEEP, PASSED, BatchError, Found, Part, Tally
from .judge import Judge, judge_of
from .rules import RULES, Selection, size

_BLANKS: Final = b" \t\r\n"
_EMBEDDINGS: Final = "/v1/embeddings"
_NONE: Final[Mapping[str, int]] = {}
_NO_BODY: Final[dict[str, Any]] = {}


class Plan(NamedTuple):
    """What a chunk is checked for.  It travels to the workers with every chunk.

    Attributes:
        selection: the rules that are on.
        keep: how many findings of a rule are kept; 0 keeps all.
        now: the time of the check, in seconds since the epoch.
        tokens: how many tokens the prompts may have, by an estimate; None is not to estimate.
    """

    selection: Selection
    keep: int = KEEP
    now: int = 0
    tokens: int | None = None


class _Line(NamedTuple):
    """What is kept of a line beside its findings."""

    outcome: int
    custom_id: str | None = None
    url: str | None = None
    model: str | None = None
    body: dict[str, Any] = _NO_BODY


class _Findings:
    """The findings of a part in the making."""

    def __init__(self, judge: Judge, keep: int, before: Mapping[str, int]) -> None:
        self.judge, self.tally = judge, Tally(keep, before)
        self.once: dict[tuple[str, str], tuple[int, BatchError]] = {}

    def add(self, errors: list[BatchError]) -> bool:
        """Take the findings of a line; whether an error is among them."""
        failed = False
        for error in errors:
            failed |= error.severity == "error"
            if RULES[error.rule].once:
                key = (error.rule, error.message)
                count, first = self.once.get(key, (0, error))
                self.once[key] = count + 1, first
            else:
                self.tally.add(error)
        return failed

    def take(self, founds: Iterable[Found], number: int, custom_id: str | None = None) -> bool:
        """Take what is found about a line; whether it is an error.  What would not be kept is only counted."""
        failed = False
        if self.tally.full:
            rest = []
            for found in founds:
                if found.rule not in self.tally.full:
                    rest.append(found)
                elif (kind := self.judge.kind(found.rule)) is not None:
                    self.tally.count(kind)
                    failed |= kind[1] == "error"
            founds = rest
        return self.add(self.judge.errors(founds, number, custom_id)) or failed

    def add_one(self, found: Found, number: int, custom_id: str | None = None) -> bool:
        """Take one finding about a line."""
        return self.take([found], number, custom_id)


class _Facts:
    """What rules about the whole file need to know, in the making."""

    def __init__(self) -> None:
        self.outcomes = bytearray()
        self.ids: list[str | None] = []
        self.urls: list[tuple[int, str | None]] = []
        self.models: list[tuple[int, str | None]] = []
        self.inputs = self.characters = 0
        self.deprecated: dict[tuple[str, str], list[int]] = {}

    def note_run(self, number: int, url: str | None, model: str | None) -> None:
        """Note the url and the model of a request where they differ from those of the one before."""
        if not self.urls or self.urls[-1][1] != url:
            self.urls.append((number, url))
        if not self.models or self.models[-1][1] != model:
            self.models.append((number, model))

    def count_deprecated(self, url: str, members: Iterable[str], body: Mapping[str, Any], number: int) -> None:
        """Count the deprecated members to which a request gives a value."""
        for member in members:
            if body[member] is not None:
                seen = self.deprecated.get((url, member))
                if seen is None:
                    seen = self.deprecated[url, member] = [0, number]
                seen[0] += 1


def check_chunk(chunk: bytes, plan: Plan, first: bool = False, before: Mapping[str, int] = _NONE) -> Part:  # noqa: PLR0912 - one flat loop, for speed
    """Check whole lines.

    The part depends on the arguments alone.  What is kept between calls (compiled schemas, texts that were fine) saves
    time and changes nothing.

    Args:
        chunk: lines, each but perhaps the last with its newline.
        plan: what to check for.
        first: whether the chunk begins the file, where a byte order mark may stand.
        before: how many findings of some rules the lines before have; those that will not be kept are only counted.

    Returns:
        The part, its lines numbered from 1.
    """
    judge = judge_of(plan.selection)
    findings, facts = _Findings(judge, plan.keep, before), _Facts()
    loads, ids, outcomes = orjson.loads, facts.ids, facts.outcomes
    repeats, counts = "duplicate_key" in judge.severities, plan.tokens is not None
    may_have_long_lines = len(chunk) >= size.LONG_LINE
    lane_url = lane_model = None  # of the lane at hand; the lines of a file seldom need another
    for number, line in enumerate(BytesIO(chunk), 1):
        request: Any = None
        body: Any = None  # frees the last request, so that its memory is used again while it is cached
        try:
            request = loads(line)
            url, body = request["url"], request["body"]
            model = body["model"]
            if lane_url is None or url != lane_url or model != lane_model:
                lane = judge.lane(url, model)
                is_plain, is_unwatched = lane.is_plain, lane.watched.isdisjoint
                lane_url, lane_model = url, model
                facts.note_run(number, url, model)
            plain = is_plain(request)
            passed = plain or lane.gate(request)
        except (ValueError, TypeError, KeyError):  # no JSON, no object, a member missing, no endpoint
            passed = False
        if passed:
            custom_id, outcome = request["custom_id"], PASSED
            if not (plain and is_unwatched(body)) or may_have_long_lines:
                found, deprecated = lane.look(body, unmarked=plain, size=len(line))
                if found and findings.take(found, number, custom_id):
                    outcome = FAILED
                facts.count_deprecated(url, deprecated, body, number)
        else:
            outcome, custom_id, url, model, body = _refused(line, request, number, findings, first)
            if url is None or url != lane_url or model != lane_model:
                lane_url = None
            if outcome != BLANK:
                facts.note_run(number, url, model)
            if url is not None:
                own = lane.deprecated if lane_url is not None else schemas.deprecated(url, schemas.patched_for(url, model))
                facts.count_deprecated(url, own.intersection(body), body, number)
        if repeats and (key := decode.repeated_key(line)) is not None \
                and findings.add_one(_repeated(key), number, custom_id):
            outcome = FAILED
        outcomes.append(outcome)
        ids.append(custom_id)
        if url == _EMBEDDINGS:
            facts.inputs += count_inputs(body)
        if counts:
            facts.characters += size.characters(body)
    return Part(bytes(outcomes), len(chunk), tuple(findings.tally.errors), findings.tally.counts,
                ((len(ids), _packed(ids)),) if ids else (), tuple(facts.urls), tuple(facts.models), facts.inputs,
                facts.characters, {member: (count, line) for member, (count, line) in facts.deprecated.items()},
                findings.once)


def _packed(ids: list[str | None]) -> bytes:
    """The ids as a JSON array, in no more memory than its length: what the encoder gives has room for several times as much."""
    return bytes(memoryview(orjson.dumps(ids)))


def _repeated(key: str) -> Found:
    return Found("duplicate_key", f"The key '{grammar.shown(key)}' stands twice in one object.", None, (),
                 "Decoders keep the last; what the API does is not known.")


def _refused(line: bytes, request: Any, number: int, findings: _Findings, first: bool) -> _Line:
    """A line that was not let through: its findings are taken, what else is to be kept comes back.

    Args:
        line: the line.
        request: the line, decoded; None if it could not be.
        number: of the line in its chunk.
        findings: where the findings go.
        first: whether the chunk begins the file.
    """
    if request is None and not line.strip(_BLANKS):
        findings.add_one(Found("blank_line", "The line is blank.", None, (),
                               "Leave it out; what the API does with it is not known."), number)
        return _Line(BLANK)
    failed = False
    if first and number == 1 and line.startswith(decode.BOM):
        failed = findings.add_one(decode.refused(line, first), number)
        line = line.removeprefix(decode.BOM)
        try:
            request = orjson.loads(line)
        except ValueError:
            request = None
    if not isinstance(request, dict):
        failed |= findings.add_one(decode.no_object(line, request), number)
        return _Line(FAILED if failed else PASSED)
    custom_id, url, body = request.get("custom_id"), request.get("url"), request.get("body")
    custom_id = custom_id if isinstance(custom_id, str) else None
    failed |= findings.take(findings.judge.line(request, len(line)), number, custom_id)
    body = body if isinstance(body, dict) else _NO_BODY
    model = body.get("model")
    return _Line(FAILED if failed else PASSED, custom_id,
                 url if isinstance(url, str) and url in schemas.ENDPOINTS else None,
                 model if isinstance(model, str) else None, body)


def count_inputs(body: dict[str, Any]) -> int:
    """How many inputs a request to /v1/embeddings has: a list of strings or of lists of tokens as many as it holds."""
    given = body.get("input")
    if isinstance(given, list) and given and isinstance(given[0], str | list):
        return len(given)
    return 1 if given else 0
