"""The rules about the whole file, and the way from the part that is all of it to the report."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from itertools import pairwise
from typing import Any, Final

import orjson

from . import grammar, schemas
from .core import Plan
from .findings import BLANK, FAILED, PHASES, BatchError, Found, Part, Tally
from .judge import judge_of
from .report import Report
from .rules.files import INSTEAD
from .rules.size import CHARACTERS_A_TOKEN

#: Limits of a batch (sources: the rules' documentation).
MAX_REQUESTS: Final = 50_000
MAX_BYTES: Final = 209_715_200
WARN_BYTES: Final = 200_000_000
MAX_INPUTS: Final = 50_000

#: How many days before its end a model is warned of.
SOON: Final = 30

#: When the batch stage would come upon these: after the line's own members, the model after the body's presence
#: (inferred from batches with two faults, where the first of a line is answered).
_URL: Final = (PHASES["last"], 0, 0)
_ID: Final = (PHASES["last"], 1, 0)
_MODEL: Final = (len(PHASES) + PHASES["presence"], 99, 0)

_UPLOAD: Final = "Invalid file format for Batch API. Must be .jsonl"


def whole_file(part: Part, endpoint: str | None, now: int) -> Iterator[tuple[int | None, str | None, Found]]:
    """The findings of the rules about the whole file, as (line, custom_id, finding).

    Args:
        part: all of the file.
        endpoint: the batch's.
        now: in seconds since the epoch.
    """
    requests = len(part.outcomes) - part.outcomes.count(BLANK)
    if part.size > MAX_BYTES:
        yield None, None, Found("file_too_large", "File is too large.", hint=f"{part.size:,} bytes; the maximum is "
                                f"{MAX_BYTES:,}. Split the file; each part is a batch of its own.")
    elif part.size > WARN_BYTES:
        yield None, None, Found("file_size_near_limit", f"The file has {part.size:,} bytes, more than the 200 MB of "
                                "the documentation.", hint=f"The API has been seen to enforce {MAX_BYTES:,}.")
    if not requests:
        yield None, None, Found("empty_file", _UPLOAD, hint="The file has no request.")
    if requests > MAX_REQUESTS:
        yield None, None, Found("too_many_requests", f"The file has {requests:,} requests; a batch may have at most "
                                f"{MAX_REQUESTS:,}.", hint="Split the file; each part is a batch of its own.")
    if part.inputs > MAX_INPUTS:
        yield None, None, Found("too_many_embedding_inputs", f"The requests hold {part.inputs:,} embedding inputs; a "
                                f"batch may have at most {MAX_INPUTS:,}.",
                                hint="Split the file; each part is a batch of its own.")
    yield from _shutdowns(part, now)
    yield from _deprecations(part)
    yield from _mismatches(part, endpoint)
    yield from _duplicates(part)


def name_finding(name: str) -> Found | None:
    """The finding about the file's name, if the upload would refuse it."""
    if name.endswith(".jsonl"):
        return None
    return Found("not_jsonl_name", _UPLOAD, hint="Rename the file to end in .jsonl.")


def most_frequent(runs: Sequence[tuple[int, str | None]], lines: int) -> list[str]:
    """The values of runs by how many lines they cover, the most frequent first and else the earliest."""
    counts: Counter[str] = Counter()
    for start, stop, value in _runs(runs, lines):
        if value is not None:
            counts[value] += stop - start
    return [value for value, _ in counts.most_common()]


def _shutdowns(part: Part, now: int) -> Iterator[tuple[int | None, str | None, Found]]:
    """The models whose announced end is past or near, each once."""
    today = datetime.fromtimestamp(now, UTC).date()
    lines: dict[str, tuple[int, int]] = {}  # of each model the first line, and how many there are
    for start, stop, model in _runs(part.models, len(part.outcomes)):
        if model is not None and model in schemas.shutdowns():
            first, count = lines.get(model, (start, 0))
            lines[model] = first, count + stop - start - part.outcomes.count(BLANK, start - 1, stop - 1)
    for model, (line, count) in lines.items():
        end = date.fromisoformat(schemas.shutdowns()[model])
        many = _many(count, line)
        if end <= today:
            yield line, None, Found(
                "model_shutdown", f"The provided model '{model}' is not supported by the Batch API.", "body.model",
                ("body", "model"), f"Its shutdown was announced for {end}. {many}")
        elif (end - today).days <= SOON:
            yield line, None, Found(
                "model_shutdown_soon", f"The model '{model}' will be shut down on {end}.", "body.model",
                ("body", "model"), f"A batch may take a day. {many}")


def _deprecations(part: Part) -> Iterator[tuple[int | None, str | None, Found]]:
    """The deprecated members and endpoints of a file, each once."""
    for (_, member), (count, line) in sorted(part.deprecated.items(), key=_in_order):
        yield line, None, Found(
            "deprecated_parameter", f"The parameter '{member}' is deprecated.", f"body.{member}", ("body", member),
            f"{INSTEAD.get(member, '')} {_many(count, line)}".strip())
    videos = [start for start, _, url in _runs(part.urls, len(part.outcomes)) if url == "/v1/videos"]
    if videos:
        yield videos[0], None, Found("videos_shut_down", "The Sora API was announced to shut down on 2026-09-24.",
                                     "url", ("url",), "Make videos elsewhere.")


def _in_order(entry: tuple[tuple[str, str], tuple[int, int]]) -> tuple[int, int]:
    """Where a deprecated member was first seen: the line, and the member's place among all of the endpoint."""
    (url, member), (_, line) = entry
    return line, [*schemas.body(url)["properties"]].index(member)


def _enqueued(part: Part, limit: int | None) -> Iterator[tuple[int | None, str | None, Found]]:
    """Whether the prompts have more tokens than are allowed, by an estimate."""
    tokens = part.characters // CHARACTERS_A_TOKEN
    if limit is not None and tokens > limit:
        yield None, None, Found(
            "enqueued_tokens", f"The prompts have about {tokens:,} tokens (an estimate), more than {limit:,}.",
            hint=f"{part.characters:,} characters, {CHARACTERS_A_TOKEN} to a token. Split the file, and send the parts "
            "one after another.")


def _many(count: int, line: int) -> str:
    """How many requests have something that is said once."""
    return "One request has it." if count == 1 else f"{count:,} requests have it, the first on line {line:,}."


def _mismatches(part: Part, endpoint: str | None) -> Iterator[tuple[int | None, str | None, Found]]:
    """The lines whose url or model is not that of the batch."""
    lines = len(part.outcomes)
    models = most_frequent(part.models, lines)
    model = models[0] if models else None
    others = [(start, stop, "url", value) for start, stop, value in _runs(part.urls, lines)
              if value not in (None, endpoint)]
    others += [(start, stop, "model", value) for start, stop, value in _runs(part.models, lines)
               if value not in (None, model)]
    if not others:
        return
    ids = custom_ids(part)
    for start, stop, what, value in others:
        for line in range(start, stop):
            if part.outcomes[line - 1] == BLANK:
                continue
            if what == "url":
                yield line, ids[line - 1], Found(
                    "mismatched_url", "The URL provided for this request does not match the batch endpoint.", "url",
                    ("url",), f"This batch is for {endpoint}; write one file for each endpoint.", _URL)
            else:
                yield line, ids[line - 1], Found(
                    "mismatched_model", f"The model '{grammar.shown(value or '')}' for this request does not match the rest of the batch. "
                    "Each batch must contain requests for a single model.", "body.model", ("body", "model"),
                    f"The batch is for '{grammar.shown(model or '')}'; write one file for each model.",
                    _MODEL)


def _runs(runs: Sequence[tuple[int, str | None]], lines: int) -> Iterator[tuple[int, int, str | None]]:
    """Each run as its first line, the line after it, and its value."""
    for (start, value), (stop, _) in pairwise([*runs, (lines + 1, None)]):
        yield start, stop, value


def custom_ids(part: Part) -> list[str | None]:
    """The custom_id of every line."""
    return [custom_id for _, blob in part.ids for custom_id in orjson.loads(blob)]


#: Up to so many custom_ids are compared as they are, twice as many as a batch may have.
_FEW: Final = 100_000

#: Of so many hashes at a time there is a set, which takes ten times their size.
_HASHES: Final = 400_000


def _may_have_duplicates(part: Part) -> bool:
    """Whether two custom_ids are equal, or, in a file far beyond the limits, have the same hash."""
    if len(part.outcomes) <= _FEW:
        ids = [*filter(None, custom_ids(part))]
        return len(set(ids)) < len(ids)
    hashes = array("q")
    for _, blob in part.ids:
        hashes.extend(map(hash, filter(None, orjson.loads(blob))))
    shares = len(hashes) // _HASHES + 1
    for share in range(shares):
        own = array("q", (number for number in hashes if number % shares == share))
        if len(set(own)) < len(own):
            return True
    return False


def _duplicates(part: Part) -> Iterator[tuple[int | None, str | None, Found]]:
    """The lines whose custom_id an earlier line has."""
    if not _may_have_duplicates(part):
        return
    first: dict[str, int] = {}
    line = 0
    for _, blob in part.ids:
        for custom_id in orjson.loads(blob):
            line += 1
            if not custom_id:
                continue
            before = first.setdefault(custom_id, line)
            if before != line:
                yield line, custom_id, Found(
                    "duplicate_custom_id", "The custom_id for this request is a duplicate of another request. The "
                    "custom_id parameter must be unique for each request in a batch.", "custom_id", ("custom_id",),
                    f"Line {before} has it first.", _ID)


def finish(
    part: Part, plan: Plan, *, name: str | None, endpoint: str | None, foreign: bool = False,
    extra: Iterable[BatchError] = (), create: Mapping[str, Any] | None = None,
) -> Report:
    """The report of a file, from the part that is all of it.

    Args:
        part: all lines.
        plan: what they were checked for.
        name: of the file, if it has one.
        endpoint: the batch's, as the caller gave it; else it is the most frequent url.
        foreign: whether the file was recognised as another format, and its lines were not read.
        extra: findings about the file that were made before its lines were read.
        create: the parameters of the create call.
    """
    lines = len(part.outcomes)
    urls = most_frequent(part.urls, lines)
    endpoint = endpoint or (urls[0] if urls else None)
    outcomes = bytearray(part.outcomes)
    named = name_finding(name) if name is not None else None
    late: list[tuple[int | None, str | None, Found]] = [(None, None, named)] if named else []
    if not foreign:
        late += whole_file(part, endpoint, plan.now)
        late += _enqueued(part, plan.tokens)
    whole = Tally(plan.keep)
    for kind, count in part.counts.items():
        whole.count(kind, count)
    for error in part.errors:
        whole.keep(error)
    for line, custom_id, found in late:
        for error in judge_of(plan.selection).errors([found], line, custom_id):
            whole.add(error)
            if line is not None and error.severity == "error":
                outcomes[line - 1] = FAILED
    for error in extra:
        whole.add(error)
    for count, error in part.once.values():
        whole.add(error._replace(hint=f"{error.hint or ''} {_many(count, error.line or 1)}".strip()))
    errors = sorted(whole.errors)
    return Report(
        path=name, endpoint=endpoint, models=tuple(most_frequent(part.models, lines)), bytes=part.size,
        total=lines - outcomes.count(BLANK), failed=outcomes.count(FAILED), embedding_inputs=part.inputs,
        errors=tuple(e for e in errors if e.severity == "error"),
        warnings=tuple(e for e in errors if e.severity == "warning"),
        counts=whole.counts, now=plan.now, create=create or {})
