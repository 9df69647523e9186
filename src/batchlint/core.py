"""The core: `check_chunk`, a pure function from whole lines to the `Part` they amount to."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from io import BytesIO
from typing import Any, NamedTuple

import orjson

from . import decode, grammar, judge, schemas
from .findings import BLANK, FAILED, PASSED, BatchError, Found, Kind, Part
from .rules import RULES, Request, Selection

_BLANKS = b" \t\r\n"
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Plan:
    """What a chunk is checked for.  It travels to the workers with every chunk.

    Attributes:
        selection: the rules that are on.
        keep: how many findings of a rule are kept; 0 keeps all.
        now: the time of the check, in seconds since the epoch.
    """

    selection: Selection
    keep: int = 1000
    now: int = 0


class _Gates(dict[tuple[str, str], schemas.Gate]):
    """The gates by url and model, compiled when first asked for."""

    def __missing__(self, key: tuple[str, str]) -> schemas.Gate:
        url, model = key
        if url not in schemas.ENDPOINTS:
            raise KeyError(url)
        self[key] = gate = schemas.gate(url, schemas.patched_for(url, model))
        return gate


class _Facts(NamedTuple):
    """What is kept of a line beside its findings."""

    outcome: int
    custom_id: str | None = None
    url: str | None = None
    model: str | None = None
    body: dict[str, Any] = {}  # noqa: RUF012 - never written to


@dataclass(slots=True)
class _Tally:
    """The findings of a part in the making."""

    plan: Plan
    errors: list[BatchError] = field(default_factory=list)
    counts: dict[Kind, int] = field(default_factory=dict)
    kept: dict[str, int] = field(default_factory=dict)
    once: dict[tuple[str, str], tuple[int, BatchError]] = field(default_factory=dict)

    def add(self, errors: list[BatchError]) -> bool:
        """Take the findings of a line; whether an error is among them."""
        failed = False
        for error in errors:
            failed |= error.severity == "error"
            if RULES[error.rule].once:
                key = (error.rule, error.message)
                count, first = self.once.get(key, (0, error))
                self.once[key] = count + 1, first
                continue
            kind = (error.rule, error.severity, error.fails)
            self.counts[kind] = self.counts.get(kind, 0) + 1
            self.kept[error.rule] = number = self.kept.get(error.rule, 0) + 1
            if not self.plan.keep or number <= self.plan.keep:
                self.errors.append(error)
        return failed


def check_chunk(chunk: bytes, plan: Plan, first: bool = False) -> Part:
    """Check whole lines; nothing is read, written or remembered.

    Args:
        chunk: lines, each but perhaps the last with its newline.
        plan: what to check for.
        first: whether the chunk begins the file, where a byte order mark may stand.

    Returns:
        The part, its lines numbered from 1.
    """
    loads, gates = orjson.loads, _gates()
    selection = plan.selection
    wakes = judge.wakes(selection)
    duplicate_keys = "duplicate_key" in judge.severities(selection)
    tally = _Tally(plan)
    outcomes = bytearray()
    ids: list[str | None] = []
    urls: list[tuple[int, str | None]] = []
    models: list[tuple[int, str | None]] = []
    gate: schemas.Gate = bool
    gate_url = gate_model = ""
    last_url: str | None = None
    last_model: str | None = None
    inputs = 0
    for number, line in enumerate(BytesIO(chunk), 1):
        try:
            request = loads(line)
            url, body = request["url"], request["body"]
            model = body["model"]
            if url != gate_url or model != gate_model:
                gate, gate_url, gate_model = gates[url, model], url, model
            passed = gate(request) and request["custom_id"] != ""
        except (ValueError, TypeError, KeyError):  # no JSON, no object, a member missing, no endpoint
            passed = False
        if passed:
            custom_id, outcome = request["custom_id"], PASSED
            if not wakes.isdisjoint(body):
                founds = map(judge.in_batch, judge.awake(selection, Request(url, body)))
                if tally.add(judge.errors(founds, selection, number, custom_id)):
                    outcome = FAILED
        else:
            outcome, custom_id, url, model, body = _refused(line, number, tally, first and number == 1)
        if duplicate_keys and (key := decode.repeated_key(line)) is not None:
            found = Found("duplicate_key", f"The key '{grammar.shown(key)}' stands twice in one object.", None, (),
                          "Decoders keep the last; what the API does is not known.")
            tally.add(judge.errors([found], selection, number, custom_id))
        outcomes.append(outcome)
        ids.append(custom_id)
        if outcome == BLANK:
            continue
        if url != last_url or not urls:
            urls.append((number, url))
            last_url = url
        if model != last_model or not models:
            models.append((number, model))
            last_model = model
        if url == "/v1/embeddings":
            inputs += count_inputs(body)
    return Part(bytes(outcomes), len(chunk), tuple(tally.errors), tally.counts,
                ((len(ids), orjson.dumps(ids)),) if ids else (), tuple(urls), tuple(models), inputs, tally.once)


@cache
def _gates() -> _Gates:
    return _Gates()


def _refused(line: bytes, number: int, tally: _Tally, first: bool) -> _Facts:
    """A line that was not let through: its findings go to the tally, its facts come back."""
    selection = tally.plan.selection
    if not line.strip(_BLANKS):
        found = Found("blank_line", "The line is blank.", None, (), "Leave it out; what the API does with it is not known.")
        tally.add(judge.errors([found], selection, number))
        return _Facts(BLANK)
    failed = False
    text = line
    if first and line.startswith(_BOM):
        failed = tally.add(judge.errors([decode.refused(line, first)], selection, number))
        text = line.removeprefix(_BOM)
    try:
        request = orjson.loads(text)
    except ValueError:
        failed |= tally.add(judge.errors([decode.refused(text, False)], selection, number))
        return _Facts(FAILED if failed else PASSED)
    if not isinstance(request, dict):
        found = Found("not_an_object", "This line is not parseable as valid JSON.", None, (),
                      f"The line is {grammar.GOT[grammar.kind(request)]}; a request is an object.")
        failed |= tally.add(judge.errors([found], selection, number))
        return _Facts(FAILED if failed else PASSED)
    custom_id, url, body = request.get("custom_id"), request.get("url"), request.get("body")
    custom_id = custom_id if isinstance(custom_id, str) else None
    failed |= tally.add(judge.errors(judge.judge(request, selection), selection, number, custom_id))
    body = body if isinstance(body, dict) else {}
    model = body.get("model")
    return _Facts(FAILED if failed else PASSED, custom_id,
                  url if isinstance(url, str) and url in schemas.ENDPOINTS else None,
                  model if isinstance(model, str) else None, body)


def count_inputs(body: dict[str, Any]) -> int:
    """How many inputs a request to /v1/embeddings has: a list of strings or of lists of tokens as many as it holds."""
    given = body.get("input")
    if isinstance(given, list) and given and isinstance(given[0], (str, list)):
        return len(given)
    return 1 if given else 0
