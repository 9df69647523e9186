"""Splits a batch input file into parts within the limits of a batch."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
import sys
import tempfile
from array import array
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from io import BytesIO
from itertools import count, islice
from pathlib import Path
from typing import Any, Final, NamedTuple

import orjson

from .arguments import check_count
from .bounds import raise_if_out_of_memory
from .engine.chunk import count_inputs
from .findings import MAX_QUOTE_LENGTH
from .output.complete_writer import OutputError, as_output_error, open_writer
from .output.wording import pluralize
from .providers import EMBEDDINGS, OTHER, Endpoint, Provider, provider
from .rules.file import repeated_ids
from .sources import AnySource, Source, is_url, open_source, size_without_newline
from .summary import CustomIds

#: The maximum number of unplaced lines, and of repeated custom_ids, to list. All of them are
#: counted.
MAX_LISTED: Final = 1000

#: The size in bytes at which a part's buffer is written.
_FLUSH_PART_BYTES: Final = 1 << 18

#: The total size in bytes at which all buffers are written.
_FLUSH_ALL_BYTES: Final = 1 << 22

#: The maximum length of a model or endpoint in the name of a part.
_MAX_SLUG_LENGTH: Final = 60

#: Matches a range of lines in indented JSON. In the manifest, each range is on one line. A string
#: never matches, because it contains no newlines.
_RANGE: Final = re.compile(rb"\[\n +(\d+),\n +(\d+)\n +\]")

#: The value that means no limit.
_UNLIMITED: Final = sys.maxsize

#: The fields that a file can be split by.
FIELDS: Final = ("model", "url")

#: The default maximum number of parts. A need for more is probably a mistake, such as splitting by a
#: field whose value differs in every request.
MAX_PARTS: Final = 1000

_BLANKS: Final = b" \t\r\n"

_CHECK_HINT: Final = "Run `batchlint check` for details."


class SplitPart(NamedTuple):
    """A part of a split file.

    Attributes:
        path: the name of the part's file. It is in the same directory as the manifest.
        url: the endpoint of all requests in the part. None if they have none, or may have different
            ones.
        model: the model of all requests in the part. None if they have none, or may have different
            ones.
        requests: the number of requests.
        bytes: the size of the part.
        embedding_inputs: the number of inputs in its requests to `/v1/embeddings`.
        sha256: the SHA-256 hash of its bytes, in hexadecimal.
        lines: the input lines in this part, as ranges (first, last), counted from 1.
    """

    path: str
    url: str | None
    model: str | None
    requests: int
    bytes: int
    embedding_inputs: int
    sha256: str
    lines: tuple[tuple[int, int], ...]


class UnplacedLine(NamedTuple):
    """A line that doesn't fit into any part.

    Attributes:
        line: the number of the line, counted from 1.
        message: why it doesn't fit.
        custom_id: the line's custom_id, cut at 1,000 characters. None if it has none.
    """

    line: int
    message: str
    custom_id: str | None = None


class RepeatedId(NamedTuple):
    """A custom_id that an earlier line already uses.

    Attributes:
        line: the number of the line, counted from 1.
        first: the number of the first line with this custom_id.
        custom_id: the custom_id, cut at 1,000 characters.
    """

    line: int
    first: int
    custom_id: str


@dataclass(frozen=True)
class Manifest:
    """The result of `split`, or of a dry run. It is truthy if `ok` is true.

    Attributes:
        source: the name of the input. None if it has none.
        provider: the name of the provider whose limits apply.
        by: the fields that all requests in a part share: `model`, `url`, both or none.
        limits: the limits of a part: `requests`, `bytes` and `embedding_inputs`. None means no
            limit.
        lines: the number of lines in the input, including blank lines.
        blank_lines: the number of blank lines. The parts don't include them.
        requests: the number of requests.
        bytes: the size of the input.
        parts: the parts, in the order of their first lines.
        repeated_ids: the number of lines whose custom_id an earlier line already uses, in the same
            part or in another. Results are matched to requests by custom_id, so the results of such
            lines are ambiguous.
        unplaced: the number of lines that don't fit into any part. If there are any, nothing is
            written.
        repeats: the first 1,000 lines with a repeated custom_id.
        unplaced_lines: the first 1,000 lines that don't fit into any part.
    """

    source: str | None
    provider: str
    by: tuple[str, ...]
    limits: Mapping[str, int | None]
    lines: int
    blank_lines: int
    requests: int
    bytes: int
    parts: tuple[SplitPart, ...]
    repeated_ids: int
    unplaced: int
    repeats: tuple[RepeatedId, ...]
    unplaced_lines: tuple[UnplacedLine, ...]

    def __bool__(self) -> bool:
        return self.ok

    @property
    def ok(self) -> bool:
        """Whether every request fits into a part."""
        return not self.unplaced

    def to_dict(self) -> dict[str, Any]:
        """Return the manifest file's content. `batchlint schema manifest` prints its schema."""
        parts = [
            part._asdict() | {"lines": [[first, last] for first, last in part.lines]}
            for part in self.parts
        ]
        return self._document(parts)

    def _document(self, parts: list[dict[str, Any]]) -> dict[str, Any]:
        from . import __version__

        return {
            "version": __version__,
            "source": self.source,
            "provider": self.provider,
            "by": [*self.by],
            "limits": {**self.limits},
            "lines": self.lines,
            "blank_lines": self.blank_lines,
            "requests": self.requests,
            "bytes": self.bytes,
            "repeated_ids": self.repeated_ids,
            "parts": parts,
        }


def split(
    source: AnySource,
    folder: str | os.PathLike[str],
    *,
    provider: str = "openai",
    name: str | None = None,
    by: Iterable[str] | None = None,
    max_requests: int | None = None,
    max_bytes: int | None = None,
    max_embedding_inputs: int | None = None,
    max_parts: int = MAX_PARTS,
    dry_run: bool = False,
    force: bool = False,
) -> Manifest:
    """Split a batch input file into parts within the limits of a batch.

    Lines are copied byte for byte and keep their order. Blank lines are omitted. Requests are not
    checked: use `check` before or after.

    The parts of `requests.jsonl` are named `requests-001.jsonl` and so on. If there are several
    models or endpoints, the names of the parts include the model or the endpoint. The manifest
    `requests.manifest.json` describes the parts. Everything is first written to a temporary
    directory. If a line doesn't fit into any part, nothing is written. The manifest is moved last.
    If it exists, the parts are complete.

    Memory grows with the number of custom_ids, not with the size of the file.

    Args:
        source: a path, bytes, a binary stream, or an iterable of requests (dicts) or of lines
            (bytes or str).
        folder: the directory for the parts and the manifest. It is created if it doesn't exist.
        provider: the service whose limits apply.
        name: the name of the file. The names of the parts begin with it, without `.jsonl`,
            `.jsonl.gz`, `.json` or `.txt`. Default: the name of the source, if it has one, or else
            `batch`.
        by: the fields that all requests in a part must share: `model`, `url`, both, or none.
            Default: the fields that the provider requires, or may require, to be the same in a
            file. OpenAI: both.
        max_requests: the maximum number of requests per part. Default: the lowest limit in any of
            the provider's published sources (OpenAI: 50,000).
        max_bytes: the maximum size of a part. Default: the lowest limit in any of these sources
            (OpenAI: 200,000,000).
        max_embedding_inputs: the maximum number of embedding inputs per part. Default: the lowest
            limit in any of these sources (OpenAI: 50,000).
        max_parts: the maximum number of parts. If the file needs more parts, nothing is written.
        dry_run: don't write any files.
        force: replace existing parts and an existing manifest. Parts that only the old manifest
            lists are removed.

    Returns:
        The manifest. It is truthy if every request fits into a part.

    Raises:
        FileExistsError: a part or the manifest already exists, and `force` is not set.
        OSError: the source can't be read, or a part can't be written.
        TypeError: an argument has the wrong type.
        ValueError: the provider or a field of `by` is unknown, a number is below 1 or above the
            provider's limit, or `folder` is a URL.
    """
    plan = _Plan.create(provider, by, max_requests, max_bytes, max_embedding_inputs, max_parts)
    if name is not None and not isinstance(name, str):
        raise TypeError(f"name must be a string, not {type(name).__name__}")
    if is_url(folder):
        raise ValueError(f"folder must be a directory on this machine, not the URL {folder}")
    opened = open_source(source)
    name = opened.name if name is None else name
    if dry_run:
        return _Splitter(plan, None).split(opened, name)
    local = None if opened.name is None or is_url(opened.name) else opened.name
    target = _Target(Path(os.fsdecode(folder)), _stem(name), local, force=force)
    with target:
        manifest = _Splitter(plan, target).split(opened, name)
        if manifest.ok:
            target.publish(manifest)
    return manifest


class _Plan(NamedTuple):
    """The fields to split by, the limits of a part, and the maximum number of parts."""

    provider: Provider
    by: tuple[str, ...]
    requests: int
    bytes: int
    embedding_inputs: int
    embedding_requests: int
    parts: int

    @classmethod
    def create(
        cls,
        name: str,
        by: Iterable[str] | None,
        requests: int | None,
        size: int | None,
        embedding_inputs: int | None,
        parts: int,
    ) -> _Plan:
        """Create the plan from the arguments of `split`.

        Raises:
            TypeError: an argument has the wrong type.
            ValueError: an argument has an invalid value.
        """
        if isinstance(by, str):
            raise TypeError("by must be a list of fields, not a string")
        chosen = provider(name)
        fields = tuple(dict.fromkeys(_shared_fields(chosen) if by is None else by))
        unknown = [field for field in fields if field not in FIELDS]
        if unknown:
            raise ValueError(
                f"by may contain only 'model' and 'url', not {', '.join(map(repr, unknown))}"
            )
        check_count("max_parts", parts)
        if not parts:
            raise ValueError("max_parts must be at least 1, not 0")
        highest = chosen.limits
        safe = chosen.safe_limits
        return cls(
            chosen,
            fields,
            _limit("max_requests", requests, safe.requests, highest.requests, chosen),
            _limit("max_bytes", size, safe.bytes, highest.bytes, chosen),
            _limit(
                "max_embedding_inputs",
                embedding_inputs,
                safe.embedding_inputs,
                highest.embedding_inputs,
                chosen,
            ),
            safe.embedding_requests or _UNLIMITED,
            parts,
        )

    @property
    def limits(self) -> dict[str, int | None]:
        """The limits of a part, for the manifest. None means no limit."""
        limits = {
            "requests": self.requests,
            "bytes": self.bytes,
            "embedding_inputs": self.embedding_inputs,
        }
        return {name: None if limit == _UNLIMITED else limit for name, limit in limits.items()}


def _shared_fields(provider: Provider) -> list[str]:
    """Return the fields that a provider requires, or may require, to be the same in a file."""
    off = {name for name, change in provider.rules.items() if change.severity == "none"}
    by_model = ["model"] if "mismatched_model" not in off else []
    return [*by_model, *(["url"] if provider.needs_url and "mismatched_url" not in off else ())]


def _limit(
    argument: str, value: int | None, default: int | None, highest: int | None, provider: Provider
) -> int:
    """Return a limit of a part: the caller's, or else the provider's, or else `_UNLIMITED`."""
    check_count(argument, value)
    if value is None:
        return _UNLIMITED if default is None else default
    highest = _UNLIMITED if highest is None else highest
    if not 1 <= value <= highest:
        if highest == _UNLIMITED:
            raise ValueError(f"{argument} must be at least 1, not {value:,}")
        raise ValueError(
            f"{argument} must be from 1 to {highest:,} (the limit of {provider.title}), not "
            f"{value:,}"
        )
    return value


# -- placing lines --------------------------------------------------------------------------------


class _Part:
    """A part under construction.

    Attributes:
        number: the index of the part, in the order of first lines.
        group: the URL and model that its requests share.
    """

    def __init__(self, number: int, group: tuple[str | None, str | None]) -> None:
        self.number = number
        self.group = group
        self.requests = 0
        self.bytes = 0
        self.embedding_inputs = 0
        self._sha256 = hashlib.sha256()
        self._ranges = array("q")  # the first and last line of each range

    def add(self, number: int, size: int, inputs: int) -> None:
        """Add a line to the counts."""
        self.requests += 1
        self.bytes += size
        self.embedding_inputs += inputs
        if self._ranges and self._ranges[-1] == number - 1:
            self._ranges[-1] = number
        else:
            self._ranges.extend((number, number))

    def hash(self, data: bytes) -> None:
        """Add bytes to the checksum."""
        self._sha256.update(data)

    def describe(self, path: str) -> SplitPart:
        """Return the description of the part for the manifest."""
        pairs = iter(self._ranges)
        return SplitPart(
            path,
            *self.group,
            self.requests,
            self.bytes,
            self.embedding_inputs,
            self._sha256.hexdigest(),
            tuple(zip(pairs, pairs, strict=True)),
        )


class _UnplaceableError(Exception):
    """A line doesn't fit into any part. The message gives the reason."""


class _Splitter:
    """Places each line in a part, in one pass.

    Args:
        plan: the fields to split by, and the limits.
        target: where to write the parts. If None, nothing is written.
    """

    def __init__(self, plan: _Plan, target: _Target | None) -> None:
        self._plan = plan
        self._target = target
        self._open: dict[tuple[str | None, str | None], _Part] = {}  # the last part of each group
        self._parts: list[_Part] = []
        self._unplaced: list[UnplacedLine] = []
        self._unplaced_count = 0
        self._lines = 0
        self._blank = 0
        self._bytes = 0

    def split(self, source: Source, name: str | None) -> Manifest:
        """Place all lines of a source and return the manifest."""
        ids = CustomIds()
        for chunk in source.chunks():
            ids.absorb(CustomIds.pack(self._place_all(chunk)))
        repeats = repeated_ids(ids, self._lines)
        listed = [
            RepeatedId(line, first, custom_id[:MAX_QUOTE_LENGTH])
            for line, first, custom_id in islice(repeats, MAX_LISTED)
        ]
        more = sum(1 for _ in repeats)
        paths = _names(_stem(name), [part.group for part in self._parts])
        return Manifest(
            None if name is None else _printable(name),
            self._plan.provider.name,
            self._plan.by,
            self._plan.limits,
            self._lines,
            self._blank,
            self._lines - self._blank,
            self._bytes,
            tuple(part.describe(path) for part, path in zip(self._parts, paths, strict=True)),
            len(listed) + more,
            self._unplaced_count,
            tuple(listed),
            tuple(self._unplaced),
        )

    def _place_all(self, chunk: bytes) -> list[str | None]:
        """Place the lines of a chunk and return their custom_ids."""
        custom_ids: list[str | None] = []
        by_part: dict[_Part, list[bytes]] = {}
        self._bytes += len(chunk)
        for line in BytesIO(chunk):
            self._lines += 1
            custom_id: str | None = None
            if not line.strip(_BLANKS):
                self._blank += 1
            else:
                request = _decode(line)
                if isinstance(request, dict):
                    value = request.get("custom_id")
                    custom_id = value if isinstance(value, str) else None
                try:
                    part = self._choose_part(line, request)
                except _UnplaceableError as error:
                    self._record_unplaced(str(error), custom_id)
                else:
                    by_part.setdefault(part, []).append(line)
            custom_ids.append(custom_id)
        for part, lines in by_part.items():
            data = b"".join(lines)
            part.hash(data)
            if self._target is not None and not self._unplaced_count:
                self._target.write(part.number, data)
        return custom_ids

    def _choose_part(self, line: bytes, request: Any) -> _Part:
        """Choose the part for a line and add the line to its counts.

        Raises:
            _UnplaceableError: the line doesn't fit into any part.
        """
        if not isinstance(request, dict):
            raise _UnplaceableError(f"The line is not a JSON object. {_CHECK_HINT}")
        plan = self._plan
        url = plan.provider.url_of_line(request)
        endpoint = plan.provider.endpoint(url)
        group = self._group(request, url, endpoint)
        size = len(line)
        content = size_without_newline(line)
        longest = plan.provider.limits.line_bytes
        if longest is not None and content > longest:
            raise _UnplaceableError(
                f"The line has {content:,} bytes; {plan.provider.title} accepts at most "
                f"{longest:,}."
            )
        if size > plan.bytes:
            raise _UnplaceableError(
                f"This line alone has {size:,} bytes; a part can have at most {plan.bytes:,}."
            )
        inputs = count_inputs(request["body"]) if _has_inputs(request, endpoint) else 0
        if inputs > plan.embedding_inputs:
            raise _UnplaceableError(
                f"This request alone has {inputs:,} embedding inputs; a part can have at most "
                f"{plan.embedding_inputs:,}."
            )
        requests = plan.requests
        if endpoint is EMBEDDINGS:
            requests = min(requests, plan.embedding_requests)
        part = self._open.get(group)
        if (
            part is None
            or part.requests >= requests
            or part.bytes + size > plan.bytes
            or part.embedding_inputs + inputs > plan.embedding_inputs
        ):
            if len(self._parts) == plan.parts:
                raise _UnplaceableError(
                    "The request needs another part, but the maximum is "
                    f"{pluralize(plan.parts, 'part')}."
                )
            part = self._open[group] = _Part(len(self._parts), group)
            self._parts.append(part)
        part.add(self._lines, size, inputs)
        return part

    def _group(
        self, request: dict[str, Any], url: Any, endpoint: Endpoint | None
    ) -> tuple[str | None, str | None]:
        """Return the URL and model of a request.

        A field is None if the request lacks it, or if the file is not split by it.

        Raises:
            _UnplaceableError: the request lacks a field that the provider requires, or its value is
                invalid.
        """
        by = self._plan.by
        if not by:
            return None, None
        body = request.get("body")
        model = body.get("model") if isinstance(body, dict) else None
        if model is None and endpoint is not None:
            model = endpoint.default_model
        provider = self._plan.provider
        for field, value, is_required in (
            ("url", url, provider.needs_url),
            ("model", model, provider.needs_model and endpoint is not OTHER),
        ):
            if field not in by or (isinstance(value, str) and value):
                continue
            if is_required or value is not None:
                raise _UnplaceableError(
                    f"The request has no valid {field}, which is needed to split the file."
                )
        return url if "url" in by else None, model if "model" in by else None

    def _record_unplaced(self, message: str, custom_id: str | None) -> None:
        self._unplaced_count += 1
        if len(self._unplaced) < MAX_LISTED:
            custom_id = custom_id and custom_id[:MAX_QUOTE_LENGTH]
            self._unplaced.append(UnplacedLine(self._lines, message, custom_id))


def _has_inputs(request: dict[str, Any], endpoint: Endpoint | None) -> bool:
    """Return whether a request has embedding inputs to count."""
    return endpoint is EMBEDDINGS and isinstance(request.get("body"), dict)


def _decode(line: bytes) -> Any:
    try:
        return orjson.loads(line)
    except ValueError as error:
        raise_if_out_of_memory(error)
        return None


# -- names ----------------------------------------------------------------------------------------


def _printable(name: str) -> str:
    """Replace the bytes of a name that are not UTF-8, and other lone surrogates."""
    name = re.sub("[\ud800-\udc7f\udd00-\udfff]", "\ufffd", name)
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _stem(name: str | None) -> str:
    """Return the prefix for the names of the parts."""
    base = os.path.basename(name or "")  # noqa: PTH119
    stem = re.sub(r"(?i)(\.jsonl(\.gz)?|\.json|\.txt)$", "", base)
    return re.sub("[\0\ud800-\udfff]", "_", stem) or "batch"


def _names(stem: str, groups: list[tuple[str | None, str | None]]) -> list[str]:
    """Return the names of the parts, which include the model or endpoint if there are several."""
    urls = {url for url, _ in groups}
    models = {model for _, model in groups}
    slugs: dict[tuple[str | None, str | None], str] = {}
    repeats: dict[str, count[int]] = {}
    numbers: dict[tuple[str | None, str | None], count[int]] = {}
    for group in groups:
        if group not in slugs:
            url, model = group
            words = [
                *([_slug((url or "").removeprefix("/v1/"))] if len(urls) > 1 else ()),
                *([_slug(model or "")] if len(models) > 1 else ()),
            ]
            slugs[group] = _unused("-".join([stem, *words]), repeats)
            numbers[group] = count(1)
    return [f"{slugs[group]}-{next(numbers[group]):03}.jsonl" for group in groups]


def _slug(text: str) -> str:
    """Make a string safe to use in file names on every system."""
    return re.sub(r"[^A-Za-z0-9._]+", "-", text)[:_MAX_SLUG_LENGTH].strip("-.") or "other"


def _unused(name: str, repeats: dict[str, count[int]]) -> str:
    """Return a name that no other group has, even on case-insensitive filesystems.

    Args:
        name: the name, in which only the stem can have a `~`.
        repeats: for each name in lower case, an iterator over the numbers of its groups.
    """
    number = next(repeats.setdefault(name.lower(), count(1)))
    return name if number == 1 else f"{name}~{number}"


# -- writing --------------------------------------------------------------------------------------


class _Target:
    """Writes the parts to a temporary directory, then moves them to the output directory.

    Args:
        folder: the output directory. It is created if it is missing.
        stem: the prefix for the names of the files.
        source: the path of the input, which is never replaced. None if it is not a local file.
        force: whether to replace existing files.
    """

    def __init__(self, folder: Path, stem: str, source: str | None, *, force: bool) -> None:
        self._folder = folder
        self._manifest = folder / f"{stem}.manifest.json"
        self._unfinished = folder / f"{stem}.manifest.json.unfinished"
        self._source = source
        self._force = force
        self._created: list[Path] = []
        self._temporary: Path
        self._buffers: dict[int, list[bytes]] = {}
        self._sizes: dict[int, int] = {}
        self._size = 0

    def __enter__(self) -> None:
        self._refuse_existing([self._manifest, self._unfinished])
        with as_output_error():
            missing = [self._folder, *self._folder.parents]
            self._created = [path for path in missing if not path.exists()]
            self._folder.mkdir(parents=True, exist_ok=True)
            prefix, suffix = ".batchlint.", ".parts"
            self._temporary = Path(tempfile.mkdtemp(suffix, prefix, self._folder))

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):
            for path in self._temporary.iterdir():
                path.unlink()
            self._temporary.rmdir()
        with suppress(OSError):  # This fails if parts were written.
            for path in self._created:
                path.rmdir()

    def write(self, part: int, data: bytes) -> None:
        """Append bytes to a part.

        Raises:
            OutputError: the bytes can't be written.
        """
        self._buffers.setdefault(part, []).append(data)
        self._sizes[part] = self._sizes.get(part, 0) + len(data)
        self._size += len(data)
        if self._sizes[part] >= _FLUSH_PART_BYTES:
            self._flush([part])
        elif self._size >= _FLUSH_ALL_BYTES:
            self._flush([*self._sizes])

    def _flush(self, parts: list[int]) -> None:
        """Write the buffers of parts. Each write opens a file, because there may be many parts."""
        for part in parts:
            _append(self._temporary / str(part), b"".join(self._buffers.pop(part)))
            self._size -= self._sizes.pop(part)

    def publish(self, manifest: Manifest) -> None:
        """Move the parts and the manifest to their final names.

        Without a manifest, parts count as incomplete. While files are moved, a `.unfinished` file
        lists the new parts and the parts of earlier runs. If the process is killed, the next run
        with `force` removes all of them. After any other failure, a run without `force` removes the
        parts that it has moved.

        Raises:
            FileExistsError: a part or the manifest already exists.
            OutputError: a file can't be written or moved.
        """
        self._flush([*self._sizes])
        _append(self._temporary / "manifest", _manifest_json(manifest))
        paths = [self._folder / part.path for part in manifest.parts]
        self._refuse_existing([self._manifest, *paths])
        new = {path.name for path in paths}
        old = self._listed_parts(self._manifest) | self._listed_parts(self._unfinished)
        self._refuse_input(self._folder / name for name in old)
        record = {"parts": [{"path": name} for name in sorted(old | new)]}
        _append(self._temporary / "unfinished", orjson.dumps(record))
        with as_output_error():
            (self._temporary / "unfinished").replace(self._unfinished)
            self._manifest.unlink(missing_ok=True)
            self._move_parts(paths)
            for name in old - new:
                (self._folder / name).unlink(missing_ok=True)
            (self._temporary / "manifest").replace(self._manifest)
            self._unfinished.unlink()

    def _move_parts(self, paths: list[Path]) -> None:
        """Move the parts. If this fails without `force`, remove those that were moved."""
        try:
            for number, path in enumerate(paths):
                (self._temporary / str(number)).replace(path)
        except BaseException:
            if not self._force:
                for path in [*paths, self._unfinished]:
                    with suppress(OSError):
                        path.unlink()
            raise

    def _refuse_existing(self, paths: list[Path]) -> None:
        """Raise an error if a file would be replaced without `force`, or if it is the input.

        Also raise an error if a name is invalid, for example because it is too long. Otherwise, the
        move would fail after it has replaced parts of an earlier run.
        """
        self._refuse_input(paths)
        for path in paths:
            with as_output_error():
                try:
                    os.lstat(path)
                except (FileNotFoundError, NotADirectoryError):
                    continue
            if not self._force or path.is_dir():
                raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path))

    def _refuse_input(self, paths: Iterable[Path]) -> None:
        """Raise an error if the input would be replaced or removed."""
        for path in paths:
            # A Path raises an error if access is denied.
            exists = os.path.exists(path)  # noqa: PTH110
            if self._source is not None and exists and path.samefile(self._source):
                raise OutputError(errno.EEXIST, f"{path} is the input")

    def _listed_parts(self, manifest: Path) -> set[str]:
        """Return the names of the parts in a manifest that exist as files."""
        if not manifest.is_file():  # Reading a pipe or a device might not end.
            return set()
        try:
            parts = json.loads(manifest.read_bytes())["parts"]
            names = {str(part["path"]) for part in parts}
        except (OSError, ValueError, TypeError, KeyError, RecursionError):
            return set()
        stem = self._manifest.name.removesuffix(".manifest.json")
        return {
            name
            for name in names
            if name.startswith(f"{stem}-")
            and name.endswith(".jsonl")
            and not re.search(r"[/\\\ud800-\udfff]", name)
            and os.path.isfile(self._folder / name)  # noqa: PTH113 - accepts any name
        }


def _manifest_json(manifest: Manifest) -> bytes:
    """Encode a manifest as JSON. Its ranges are not copied to lists, because there may be many."""
    document = manifest._document([part._asdict() for part in manifest.parts])  # noqa: SLF001
    return _RANGE.sub(rb"[\1, \2]", orjson.dumps(document, option=orjson.OPT_INDENT_2)) + b"\n"


def _append(path: Path, data: bytes) -> None:
    """Append bytes to a file.

    Raises:
        OutputError: the bytes can't be written.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0)
    with as_output_error(), open_writer(os.open(path, flags, 0o666)) as file:
        file.write(data)
