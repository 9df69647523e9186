"""Repairs a batch input file by applying the fixes of its findings until none are left."""

from __future__ import annotations

import errno
import io
import json
import os
import stat
import tempfile
from codecs import BOM_UTF8
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO, Final, NamedTuple

import orjson

from . import edits
from .arguments import check_count, check_workers
from .edits import REMOVE_LINE
from .engine.check import Job, Rules
from .engine.chunk import Plan, check_chunk
from .engine.finish import lacks_objects
from .engine.parallel import Start
from .findings import DEFAULT_KEEP, BatchError, Edit, Fix, PathParts
from .json_documents import CONVERTERS, NotConvertibleError
from .output.complete_writer import CompleteWriter, as_output_error
from .output.write import real_path, write_atomic
from .providers import provider
from .report import Report
from .rules import RULES
from .rules.file import repeated_ids
from .rules.line import resembles_request
from .rules.registry import Request
from .rules.structured_outputs import schema_repairs
from .sources import (
    CHUNK_BYTES,
    AnySource,
    FileSource,
    Source,
    StreamSource,
    is_gzipped,
    open_source,
)
from .summary import ChunkSummary, LineStatus, merge

#: The maximum number of rounds of fixes per line. A line that still has fixes after these rounds is
#: left unchanged. Each round checks the whole line.
_MAX_ROUNDS: Final = 10

#: The maximum number of short lines to remember, and their maximum length in bytes. A file may have
#: a million equal lines, such as blank lines.
_MAX_SHORT_LINES: Final = 1000
_MAX_SHORT_BYTES: Final = 100

#: The number of digits for which a cut custom_id leaves room.
_ID_DIGITS: Final = 8

#: The maximum number of times that a file is read and changed.
_MAX_PASSES: Final = 10


@dataclass(frozen=True)
class FixReport:
    """The fixes that `fix` applied and the remaining findings. It is truthy if `ok` is true.

    Attributes:
        fixed: the number of fixes per rule.
        report: the report of the file after the fixes.
        unsafe: whether unsafe fixes were allowed.
        has_objects: whether at least one line is, or can be turned into, a JSON object. If not, the
            file is probably not batch input, so it is not changed. Always true for a file in
            another format that batchlint recognizes.
    """

    fixed: Mapping[str, int]
    report: Report
    unsafe: bool = False
    has_objects: bool = True

    def __bool__(self) -> bool:
        return self.ok

    @property
    def ok(self) -> bool:
        """Whether no errors remain."""
        return self.report.ok

    @property
    def changed(self) -> bool:
        """Whether anything was fixed."""
        return bool(self.fixed)


def fix(
    source: AnySource,
    target: str | os.PathLike[str] | BinaryIO | None,
    *,
    unsafe: bool = False,
    provider: str = "openai",
    endpoint: str | None = None,
    name: str | None = None,
    select: Iterable[str] | None = None,
    ignore: Iterable[str] = (),
    warn: Iterable[str] = (),
    error: Iterable[str] = (),
    jobs: int | None = 1,
    now: float | datetime | None = None,
    keep: int = DEFAULT_KEEP,
    start: Start = "spawn",
) -> FixReport:
    """Repair a batch input file.

    Each fix changes only the faulty text. All other bytes stay the same: the notation of numbers,
    the order of keys, spaces and escapes. If there is nothing to fix, the source is not rewritten.
    Fixing a file a second time changes nothing.

    Safe fixes preserve the meaning of a request. Unsafe fixes may change it. The
    "Fix and split" page lists them all.

    Args:
        source: a path, bytes, a binary stream, or an iterable of requests (dicts) or of lines
            (bytes or str). Any source except a regular file is first copied to a temporary file.
        target: where to write the repaired file: a path, a binary stream, or None. If it is the
            path of the source, the file is replaced once the new one is complete, and keeps its
            mode and links. If it is None, nothing is written, and the result describes the fixes
            that would be applied.
        unsafe: also apply unsafe fixes.
        provider: the service that the file is for, as for `check`.
        endpoint: the URL of the batch endpoint, as for `check`.
        name: the name of the file. Default: the name of the source, if it has one. A name that
            doesn't end in `.jsonl` is reported.
        select: the rules whose findings are fixed and reported. Default: all rules that are on by
            default.
        ignore: rules to skip.
        warn: rules to enable as warnings.
        error: rules to enable as errors.
        jobs: the number of worker processes that check the file, as for `check`.
        now: the time of the check, as for `check`.
        keep: the maximum number of findings to keep per rule. All findings are counted. 0 means no
            limit.
        start: how worker processes start, as for `check`.

    Returns:
        The number of fixes, and the report of the repaired file. The result is truthy if no errors
        remain.

    Raises:
        OSError: the source can't be read, or the target can't be written. A target path then keeps
            its old content, unless the message names the file that has the new content.
        TypeError: an argument has the wrong type.
        ValueError: the provider, a rule or the endpoint is unknown, no rule is selected, a number
            is negative, `now` is not in the years 1 to 9999, `start` is unknown, or the target is a
            `.jsonl.gz` file.
    """
    check_workers(jobs, None, start)
    repair = Repair(
        Rules(select, ignore, warn, error),
        unsafe=unsafe,
        provider=provider,
        endpoint=endpoint,
        name=name,
        jobs=jobs,
        now=now,
        keep=keep,
        start=start,
    )
    path = os.fsdecode(target) if isinstance(target, str | os.PathLike) else None
    if path is None and target is not None and not hasattr(target, "write"):
        raise TypeError(
            f"target must be a path, a binary stream or None, not {type(target).__name__}"
        )
    if path is not None and is_gzipped(path):
        raise ValueError(
            "the target must not be a .jsonl.gz file: the API rejects compressed files"
        )
    with repair.run(source, beside=path) as result:
        if path is not None:
            result.write(path, source=source)
        elif target is not None and not isinstance(target, str | os.PathLike):
            for chunk in result.chunks():
                _write_all(target, chunk)
    return result.report


def _write_all(stream: BinaryIO, data: bytes) -> None:
    """Write bytes to a stream. An unbuffered stream may accept only some of them per call.

    Raises:
        BlockingIOError: the stream is non-blocking, and accepts no more data.
        OSError: the data can't be written.
    """
    while data:
        written = stream.write(data)
        if not written:
            if isinstance(stream, io.RawIOBase):
                raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))
            return  # Other streams write everything, whatever they return.
        data = data[written:]


class Result(NamedTuple):
    """A file after its fixes.

    Attributes:
        before: the file before the fixes.
        after: the file after the fixes.
        report: the fixes, and the remaining findings.
        is_converted: whether lines were joined or split, or the encoding was changed.
    """

    before: Content
    after: Content
    report: FixReport
    is_converted: bool

    def chunks(self) -> Iterator[bytes]:
        """Yield the bytes of the repaired file."""
        return self.after.open().chunks()

    def write(self, path: str, *, source: Any) -> None:
        """Write the repaired file, unless the target is the source and nothing was fixed.

        Args:
            path: the target.
            source: the source.

        Raises:
            OSError: the target is the source, which has changed since it was read.
            OutputError: the target can't be written. It keeps its old content.
        """
        if not _is_same(source, path):
            write_atomic(path, self.chunks())
        elif self.report.changed:
            write_atomic(path, self.chunks(), self.before.raise_if_changed)


def _directory(target: str | os.PathLike[str]) -> str | None:
    """Return the directory of a target. None for a pipe or a device, such as `/dev/stdout`.

    No files can be created in the directory of an open pipe, which is `/proc/self/fd`.
    """
    with suppress(OSError):  # A new file doesn't exist yet.
        if not stat.S_ISREG(os.stat(target).st_mode):  # noqa: PTH116 - accepts any name
            return None
    return os.path.dirname(real_path(os.fsdecode(target))) or os.curdir  # noqa: PTH120


def _is_same(source: Any, target: str) -> bool:
    """Return whether a source is the path of the target."""
    if not isinstance(source, str | os.PathLike):
        return False
    try:
        return Path(os.fsdecode(source)).samefile(target)
    except OSError:
        return False


class Content:
    """The bytes of a file, which can be read repeatedly.

    Args:
        source: a file on disk, or an open temporary file.
    """

    def __init__(self, source: FileSource | BinaryIO) -> None:
        self._source = source

    def open(self) -> Source:
        """Return a source that begins at the first byte. Use only one at a time."""
        if isinstance(self._source, FileSource):
            return self._source
        self._source.seek(0)
        return StreamSource(self._source)

    def raise_if_changed(self) -> None:
        """Raise OSError if a file on disk has changed since it was first read."""
        if isinstance(self._source, FileSource):
            self._source.raise_if_changed()

    def lines(self) -> Iterator[bytes]:
        """Yield the lines."""
        for chunk in self.open().chunks():
            yield from BytesIO(chunk)


class Repair:
    """Repairs one file. The arguments are those of `fix`.

    Raises:
        TypeError: an argument has the wrong type.
        ValueError: an argument has an invalid value.
    """

    def __init__(
        self,
        rules: Rules,
        *,
        unsafe: bool,
        provider: str,
        endpoint: str | None,
        name: str | None,
        jobs: int | None,
        start: Start,
        now: float | datetime | None = None,
        keep: int = DEFAULT_KEEP,
    ) -> None:
        check_count("jobs", jobs)
        self._new_job = partial(Job, rules, provider, endpoint=endpoint, now=now, keep=keep)
        self._job = self._new_job(name)
        self._plan = self._job.plan
        self._name = name
        self._unsafe = unsafe
        self._jobs = jobs
        self._start: Start = start
        self._fixed: Counter[str] = Counter()
        # Short lines, each with the repaired line and the rules of its fixes.
        self._repaired: dict[bytes, tuple[bytes, list[str]]] = {}
        self._is_converted = False

    @contextmanager
    def run(
        self, source: AnySource, *, beside: str | os.PathLike[str] | None = None
    ) -> Iterator[Result]:
        """Repair a source. The result can be read inside the context.

        Args:
            source: the source.
            beside: a file. Temporary files are created in its directory. Default, and for a pipe or
                a device: the system's temporary directory.

        Raises:
            OSError: the source can't be read.
            OutputError: a temporary file can't be written.
            TypeError: the type of the source is not supported.
        """
        directory = None if beside is None else _directory(beside)
        with ExitStack() as stack:
            opened = open_source(source)
            if self._name is None:
                self._job = self._new_job(opened.name)
            if isinstance(opened, FileSource) and opened.size is not None:
                current = Content(opened)
            else:
                current = stack.enter_context(_spool(opened.chunks(), directory))
            before = current
            summary, report = self._check(current)
            has_objects = not lacks_objects(summary)
            for _ in range(_MAX_PASSES):
                changed = self._first_change(current, summary, report, directory, stack)
                if changed is None:
                    break
                current = changed
                summary, report = self._check(current)
            fix_report = FixReport(dict(self._fixed), report, self._unsafe, has_objects)
            yield Result(before, current, fix_report, self._is_converted)

    def _first_change(
        self,
        content: Content,
        summary: ChunkSummary,
        report: Report,
        directory: str | None,
        stack: ExitStack,
    ) -> Content | None:
        """Return the file after the first attempt that changes it. None if no attempt does."""
        for chunks in self._attempts(content, summary, report):
            count = self._fixed.total()
            changed = stack.enter_context(_spool(chunks, directory))
            if self._fixed.total() > count:
                return changed
        return None

    def _check(self, content: Content) -> tuple[ChunkSummary, Report]:
        """Check a file, as `batchlint.check` does."""
        source = content.open()
        summaries = self._job.summaries(source, self._jobs, start=self._start)
        summary = merge(summaries, self._plan.keep)
        return summary, self._job.report(summary, source)

    def _is_fixable(self, error: BatchError) -> bool:
        """Return whether a finding has a fix that the caller allows."""
        return error.fix is not None and (self._unsafe or error.fix.safety == "safe")

    def _attempts(
        self, content: Content, summary: ChunkSummary, report: Report
    ) -> Iterator[Iterator[bytes]]:
        """Yield the attempts to fix the file, in order. Each yields the bytes of the new file."""
        if not any(self._unsafe or safety == "safe" for safety in report.fixable):
            return
        fixable = [error for error in (*report.errors, *report.warnings) if self._is_fixable(error)]
        format_error = next((error for error in fixable if _is_about_format(error)), None)
        if format_error is not None:
            yield self._convert(content, format_error)
            return
        shared = {error.fix: error.rule for error in fixable if error.fix and _is_shared(error)}
        yield self._repair_lines(content, shared)
        if self._unsafe:
            yield self._renumber(content, summary)

    # -- the format of the file -------------------------------------------------------------------

    def _convert(self, content: Content, error: BatchError) -> Iterator[bytes]:
        """Yield the file, converted to UTF-8 or to one request per line."""
        chunks = content.open().chunks()
        try:
            yield from CONVERTERS[error.rule](chunks)
        except NotConvertibleError:
            return
        self._fixed[error.rule] += 1
        self._is_converted = True

    # -- lines ------------------------------------------------------------------------------------

    def _repair_lines(self, content: Content, shared: Mapping[Fix, str]) -> Iterator[bytes]:
        """Yield the file with its lines repaired.

        Args:
            content: the file.
            shared: the fixes to try on every line, and their rules.
        """
        plan = self._plan._replace(keep=0)
        self._repaired.clear()  # Each pass may have other shared fixes.
        for number, chunk in enumerate(content.open().chunks()):
            first = not number
            numbers = None if shared else self._fixable_lines(check_chunk(chunk, plan, first))
            if numbers is not None and not numbers:
                yield chunk
                continue
            yield b"".join(
                self._repair_line(line, plan, shared, first=first and index == 1)
                if numbers is None or index in numbers
                else line
                for index, line in enumerate(BytesIO(chunk), 1)
            )

    def _fixable_lines(self, summary: ChunkSummary) -> set[int] | None:
        """Return the numbers of the lines with a fix. None if any line may have one."""
        if any(self._is_fixable(error) for _, error in summary.once_per_file.values()):
            return None
        return {error.line or 0 for error in summary.findings.errors if self._is_fixable(error)}

    def _repair_line(
        self, line: bytes, plan: Plan, shared: Mapping[Fix, str], *, first: bool
    ) -> bytes:
        """Return the repaired line and count its fixes. Equal short lines are repaired only once."""
        if first or len(line) > _MAX_SHORT_BYTES:
            new, rules = self._apply_fixes(line, plan, shared, first=first)
        else:
            if line not in self._repaired:
                if len(self._repaired) >= _MAX_SHORT_LINES:
                    self._repaired.clear()
                self._repaired[line] = self._apply_fixes(line, plan, shared, first=False)
            new, rules = self._repaired[line]
        self._fixed.update(rules)
        return new

    def _apply_fixes(
        self, line: bytes, plan: Plan, shared: Mapping[Fix, str], *, first: bool
    ) -> tuple[bytes, list[str]]:
        """Apply the fixes of a line until none are left.

        If the line still has fixes after the last round, it is not changed.

        Returns:
            The new line, and the rule of each fix.
        """
        content = line.rstrip(b"\r\n")
        try:
            text = content.decode()
        except UnicodeDecodeError:
            return line, []
        fixed: list[str] = []
        for _ in range(_MAX_ROUNDS):
            fixes = self._find_fixes(text, plan, first=first)
            removal = next((r for fix, r in fixes.items() if fix.edits == (REMOVE_LINE,)), None)
            if removal is not None:
                return b"", [*fixed, removal]
            text, rules = _apply({**fixes, **shared}, text, plan)
            fixed += rules
            if not rules:
                return text.encode() + line[len(content) :], fixed
        return line, []

    def _find_fixes(self, text: str, plan: Plan, *, first: bool) -> dict[Fix, str]:
        """Check a line and return the fixes of its findings, each with its rule."""
        summary = check_chunk(text.encode() + b"\n", plan, first)
        per_file = (error for _, error in summary.once_per_file.values())
        return {
            error.fix: error.rule
            for error in (*summary.findings.errors, *per_file)
            if error.fix is not None and error.fix.edits and self._is_fixable(error)
        }

    # -- custom_ids -------------------------------------------------------------------------------

    def _renumber(self, content: Content, summary: ChunkSummary) -> Iterator[bytes]:
        """Yield the file with unique custom_ids. A new ID never equals an existing one."""
        ids = summary.custom_ids.unpack()
        severities = self._plan.selection.as_dict()
        repeats = {line for line, _, _ in repeated_ids(summary.custom_ids, summary.lines)}
        if "duplicate_custom_id" not in severities:
            repeats = set()
        fields = provider(self._plan.provider).line_patch.get("properties", {})
        new_ids = NewIds(filter(None, ids), fields.get("custom_id", {}).get("maxLength"))
        for number, line in enumerate(content.lines(), 1):
            custom_id = ids[number - 1]
            lacks_id = not custom_id and summary.statuses[number - 1] != LineStatus.BLANK
            if number in repeats and custom_id:
                yield self._with_id(line, new_ids.new(f"{custom_id}-", 2), "duplicate_custom_id")
            elif lacks_id and (rule := self._missing_id_rule(line)) in severities:
                yield self._with_id(line, new_ids.new("request-", number), rule)
            else:
                yield line

    def _missing_id_rule(self, line: bytes) -> str:
        """Return the rule whose fix adds a custom_id to a line. Empty if there is none."""
        try:
            request = orjson.loads(line.removeprefix(BOM_UTF8))
        except ValueError:
            return ""
        if not isinstance(request, dict):
            return ""
        if "custom_id" in request:
            return "empty_custom_id" if request["custom_id"] == "" else ""
        fields = provider(self._plan.provider).line_fields
        return "missing_line_member" if resembles_request(request, fields) else ""

    def _with_id(self, line: bytes, custom_id: str, rule: str) -> bytes:
        """Return a line with a new custom_id."""
        value = json.dumps(custom_id, ensure_ascii=False)
        changed = edits.put(("custom_id",), value).apply(line.decode())
        if changed is None:
            return line
        self._fixed[rule] += 1
        return changed.encode()


class NewIds:
    """Generates unused IDs.

    Args:
        taken: the IDs that are in use.
        max_length: the maximum length of an ID. None means no limit.
    """

    def __init__(self, taken: Iterable[str], max_length: int | None = None) -> None:
        self._taken = {*taken}
        self._max_length = max_length
        self._next_numbers: dict[str, int] = {}

    def new(self, prefix: str, number: int) -> str:
        """Return an unused ID: a prefix and the first unused number that is at least `number`.

        The prefix, which ends with "-", is cut if the ID might be too long otherwise.
        """
        if self._max_length is not None and len(prefix) + _ID_DIGITS > self._max_length:
            prefix = f"{prefix[: self._max_length - _ID_DIGITS - 1]}-"
        # Don't try the same numbers again, because every line may have the same ID.
        number = max(number, self._next_numbers.get(prefix, number))
        while f"{prefix}{number}" in self._taken:
            number += 1
        self._next_numbers[prefix] = number + 1
        self._taken.add(f"{prefix}{number}")
        return f"{prefix}{number}"


def _is_about_format(error: BatchError) -> bool:
    """Return whether a finding is about the format of the whole file."""
    return error.line is None and RULES[error.rule].scope == "text"


def _is_shared(error: BatchError) -> bool:
    """Return whether a finding is reported once per file, with edits for every line."""
    return RULES[error.rule].scope == "file" and error.fix is not None and bool(error.fix.edits)


def _apply(fixes: Mapping[Fix, str], text: str, plan: Plan) -> tuple[str, list[str]]:
    """Apply fixes to a line, each of them completely or not at all.

    If a fix is about an object of a schema, also apply the fixes of all other objects.

    Returns:
        The new text, and the rules of the fixes that changed something.
    """
    rules = []
    removals: dict[PathParts, str] = {}
    schema_rules: set[str] = set()
    for fix, rule in fixes.items():
        if edits.sets_field(fix.edits):
            schema_rules.add(rule)  # Every object of a schema may have a fix.
            continue
        path = edits.removed_path(fix.edits)
        if path is not None:
            # A line exported from a data frame may have a null for every column, so all fields are
            # removed in one pass.
            removals.setdefault(path, rule)
            continue
        changed = edits.apply_all(text, fix.edits)
        if changed is not None and changed != text:
            text = changed
            rules.append(rule)
    if schema_rules:
        found = [each for each in _schema_repairs(text, plan) if each[1] in schema_rules]
        text, done = edits.set_all(text, [edit for edit, _ in found])
        rules += [rule for (_, rule), is_done in zip(found, done, strict=True) if is_done]
    if removals:
        text, removed = edits.remove_all(text, removals)
        rules += [removals[path] for path in removed]
    return text, rules


def _schema_repairs(text: str, plan: Plan) -> Iterator[tuple[Edit, str]]:
    """Yield the edits of the strict schemas in a line, and their rules."""
    request = orjson.loads(text.removeprefix("\ufeff"))
    service = provider(plan.provider)
    endpoint = service.endpoint(service.url_of_line(request, plan.endpoint))
    if endpoint is not None:
        yield from schema_repairs(Request(endpoint, request["body"], provider=service))


@contextmanager
def _spool(chunks: Iterable[bytes], directory: str | None) -> Iterator[Content]:
    """Copy bytes to an unnamed temporary file, which is removed when the context ends.

    Raises:
        OutputError: the file can't be written.
    """
    with _temporary_file(directory) as file:
        writer = CompleteWriter(file)
        buffer: list[bytes] = []
        size = 0
        for chunk in chunks:
            buffer.append(chunk)
            size += len(chunk)
            if size >= CHUNK_BYTES:
                writer.write(b"".join(buffer))
                buffer = []
                size = 0
        writer.write(b"".join(buffer))
        yield Content(file)


def _temporary_file(directory: str | None) -> AbstractContextManager[Any]:
    """Create an unbuffered temporary file. A buffer would repeat a failed write on closing."""
    with as_output_error():
        return tempfile.TemporaryFile(dir=directory, buffering=0, prefix=".batchlint.")
