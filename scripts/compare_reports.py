"""Record what batchlint reports, and compare a later run with the record.

    python scripts/compare_reports.py record FILE [--data DIR]... [--quick]
    python scripts/compare_reports.py compare FILE [--quick] [--words] [--limit N]

This is a safety net for refactoring. Write a record before the change, and compare after it. A
record contains its inputs and every report on them, so new or changed fixtures don't affect a
comparison. If FILE ends in `.gz`, it is compressed.

The script uses only the public interface: the package's functions and the command. It always runs
the code in the `src` directory next to `scripts`. Each run's working directory is a temporary
directory with the inputs.

Options:
    --data DIR   Also use the *.jsonl files in DIR. Only `record` needs it. Repeatable.
    --quick      Use the fast subset, which takes about 15 seconds instead of one or two minutes.
    --words      Ignore wording: messages, hints, fix summaries, text formats and documentation.
    --limit N    Print at most N differences. The default is 20.

The exit status is 1 if any report differs.
"""

from __future__ import annotations

import argparse
import copy
import difflib
import functools
import gzip
import hashlib
import io
import json
import multiprocessing
import os
import platform
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final, NamedTuple

import orjson

ROOT: Final = Path(__file__).resolve().parent.parent

#: The time of every check, 2026-09-01.
EPOCH: Final = "1788220800"

ENGINES: Final = ("jsonschema-rs", "jsonschema")
FORMATS: Final = ("text", "json", "jsonl", "batch", "github", "gitlab", "junit", "sarif")

#: Formats that --words can compare, because their wording is in known JSON fields.
JSON_FORMATS: Final = ("json", "jsonl", "batch")

#: The number of hostile lines and create calls to generate, and of lines per generated file.
LINES, CREATES, LINES_PER_FILE = 2_000, 200, 100

#: The minimum size of the large files in bytes. Files under 1 MiB are not divided among processes.
LARGE: Final = 3_300_000

#: The sizes in bytes of files near and above the API's limit.
HUGE: Final = {"large/near-limit.jsonl": 205_000_000, "large/above-limit.jsonl": 210_000_000}

#: The maximum number of lines to print per difference, and to compare.
MAX_PRINTED_LINES, MAX_COMPARED_LINES = 60, 4_000

#: The placeholder that replaces wording with `--words`.
WORDING: Final = "(wording)"

Inputs = dict[str, bytes]


class Key(NamedTuple):
    """Identifies a report.

    Attributes:
        mode: How the report is created.
        engine: The schema engine.
        name: The input, or `FILE:LINE` for a single line.
    """

    mode: str
    engine: str
    name: str


class Screen(NamedTuple):
    """One run of the command.

    Attributes:
        kind: The output format, or `doc` for documentation.
        name: A short name.
        arguments: The command-line arguments.
        stdin: The file to use as standard input.
        output: A file that the run writes, which becomes part of the report.
        env: Additional environment variables.
    """

    kind: str
    name: str
    arguments: tuple[str, ...]
    stdin: str | None = None
    output: str | None = None
    env: Mapping[str, str] = {}


class Record(NamedTuple):
    """The content of a record file.

    Attributes:
        about: The options and versions with which the record was created.
        inputs: The inputs by name.
        reports: The digest of each report, by key.
        texts: Each distinct report as JSON, by digest.
    """

    about: dict[str, Any]
    inputs: Inputs
    reports: dict[Key, str]
    texts: dict[str, str]


# Inputs


def collect(directories: Iterable[Path]) -> Inputs:
    """Read the fixtures and extra files, and generate more inputs from them."""
    inputs: Inputs = {}
    fixtures = ROOT / "fixtures"
    for path in sorted(fixtures.rglob("*")):
        if path.is_file() and not path.name.startswith("."):
            inputs[f"fixtures/{path.relative_to(fixtures).as_posix()}"] = path.read_bytes()
    known = set(inputs.values())
    for number, directory in enumerate(directories, 1):
        for path in sorted(directory.rglob("*.jsonl")):
            data = path.read_bytes()
            if data not in known:
                inputs[f"data{number}/{path.relative_to(directory).as_posix()}"] = data
                known.add(data)
    for name, data in list(inputs.items()):
        requests = answered_requests(data)
        if requests:
            inputs["answers/" + name.replace("/", "-")] = b"".join(
                orjson.dumps(request) + b"\n" for request in requests
            )
    return inputs | generate(inputs)


def answered_requests(data: bytes) -> list[dict[str, Any]]:
    """Return the requests in a file of recorded responses. Return an empty list for other files."""
    rows = [parse(line) for line in data.splitlines()]
    return [
        {
            "custom_id": row.get("id"),
            "method": "POST",
            "url": row["endpoint"],
            "body": row["body"],
        }
        for row in rows
        if isinstance(row, dict) and "endpoint" in row and "body" in row
    ]


def parse(line: bytes) -> Any:
    """Decode a line. Return None if it is not JSON or may be nested too deep."""
    try:
        return orjson.loads(line)
    except orjson.JSONDecodeError:
        pass
    if line.count(b"[") + line.count(b"{") > 900:
        return None
    try:
        return json.loads(line)
    except ValueError:
        return None


def generate(inputs: Inputs) -> Inputs:
    """Generate hostile files from the lines of other inputs, with a fixed seed."""
    bases = [
        value
        for name, data in inputs.items()
        if name.endswith(".jsonl") and not name.startswith("data")
        for line in data.split(b"\n")
        if isinstance(value := parse(line), dict) and "body" in value and "custom_id" in value
    ]
    mutate = Mutator(20_260_901, bases)
    files: Inputs = {}
    for number in range(LINES // LINES_PER_FILE):
        lines = [mutate.line() for _ in range(LINES_PER_FILE)]
        files[f"generated/lines-{number:02}.jsonl"] = b"\n".join(lines) + b"\n"
    creates = [mutate.create() for _ in range(CREATES)]
    files["generated/create.jsonl"] = b"\n".join(creates) + b"\n"
    return files | hostile_files(inputs["fixtures/sample_batch.jsonl"], files)


def hostile_files(sample: bytes, generated: Inputs) -> Inputs:
    """Return files with unusual encodings, line endings, names and configurations."""
    lines = sample.splitlines()
    mixed = generated["generated/lines-00.jsonl"]
    text = sample.decode()
    compressed = gzip.compress(sample, mtime=0)
    files = {
        "bom": b"\xef\xbb\xbf" + sample,
        "bom-on-each-line": b"".join(b"\xef\xbb\xbf" + line + b"\n" for line in lines),
        "crlf": b"\r\n".join(lines) + b"\r\n",
        "crlf-mixed": mixed.replace(b"\n", b"\r\n"),
        "cr": b"\r".join(lines),
        "blank-lines": b"\n\n \n\t\n".join(lines) + b"\n\n\n",
        "blank-first": b"\n\n" + sample,
        "only-blank": b"\n \n\r\n\t\n",
        "empty": b"",
        "no-final-newline": mixed.rstrip(b"\n"),
        "truncated": mixed[: len(mixed) // 2 + 17],
        "invalid-utf8": mixed.replace(b"o", b"\xff", 40),
        "latin-1": text.replace("e", "é").encode("latin-1"),
        "nul": sample.replace(b" ", b"\0", 9),
        "utf-16": text.encode("utf-16"),
        "utf-32": text.encode("utf-32"),
        "array": b"[" + b",\n".join(lines) + b"]",
        "line-separators": text.replace(" ", "\u2028").encode(),
        "garbage": random.Random(7).randbytes(5_000),  # noqa: S311
        "long-line": b'{"custom_id": "' + b"x" * 300_000 + b'"}\n' + sample,
        "twice": sample + sample + b"\n" + sample,
    }
    named = {f"generated/file-{name}.jsonl": data for name, data in files.items()}
    return named | {
        "generated/named.txt": sample,
        "generated/batch_compressed.jsonl.gz": compressed,
        "generated/batch_damaged.jsonl.gz": compressed[:-20],
        "configured/batchlint.toml": b'ignore = ["blank_line"]\nerror = ["duplicate_key"]\n'
        b'[per-file."*draft*"]\nwarn = ["unknown_parameter", "invalid_value"]\n',
        "configured/batch.jsonl": generated["generated/lines-01.jsonl"],
        "configured/draft_batch.jsonl": generated["generated/lines-01.jsonl"],
        "misconfigured/batchlint.toml": b'ignroe = ["blank_line"]\n',
        "misconfigured/batch.jsonl": sample,
    }


def large_files(inputs: Inputs) -> Inputs:
    """Create files that are large enough to be divided among processes.

    One is full of errors and repeated IDs. One is mostly valid and has unique IDs. One has too many
    requests, and one has prompts that are too long.
    """
    sources = ("fixtures/valid/", "fixtures/cases/", "fixtures/invalid/", "generated/lines-")
    mixed = [inputs["fixtures/sample_batch.jsonl"]]
    mixed += [
        data if data.endswith(b"\n") else data + b"\n"
        for name, data in sorted(inputs.items())
        if name.startswith((*sources, "answers/fixtures"))
        and name.endswith(".jsonl")
        and not name.endswith(("not_utf8.jsonl", "_expected.jsonl"))
    ]
    whole = b"".join(mixed)
    valid = [
        value
        for name, data in sorted(inputs.items())
        if name.startswith(("fixtures/cases/valid/valid_", "fixtures/wild/"))
        for line in data.splitlines()
        if isinstance(value := parse(line), dict) and value.get("url") == "/v1/chat/completions"
    ]
    unique: list[bytes] = []
    size = 0
    while size < LARGE and valid:
        request = valid[len(unique) % len(valid)]
        unique.append(orjson.dumps(request | {"custom_id": f"request-{len(unique)}"}) + b"\n")
        size += len(unique[-1])
    return {
        "large/mixed.jsonl": whole * (LARGE // len(whole) + 1),
        "large/unique.jsonl": b"".join(unique),
        "large/many.jsonl": b"".join(
            b'{"custom_id": "%d", "method": "POST", "url": "/v1/embeddings", "body": '
            b'{"model": "text-embedding-3-small", "input": ["a", "b"]}}\n' % number
            for number in range(50_001)
        ),
        "large/long.jsonl": b"".join(
            orjson.dumps(
                {"custom_id": model, "method": "POST", "url": url, "body": body | {"model": model}}
            )
            + b"\n"
            for model, url, body in (
                (
                    "gpt-4o",
                    "/v1/chat/completions",
                    {"messages": [{"role": "user", "content": "json " * 3_400_000}]},
                ),
                ("text-embedding-3-small", "/v1/embeddings", {"input": "x" * 1_100_000}),
            )
        ),
    }


def write_huge_files(directory: Path) -> None:
    """Write files of about 200 MB. Their lines are padded with spaces."""
    for name, size in HUGE.items():
        with (directory / name).open("wb") as file:
            for number in range(size // 1_000_000):
                line = (
                    b'{"custom_id": "%d", "method": "POST", "url": "/v1/embeddings", "body": '
                    b'{"model": "text-embedding-3-small", "input": "a"}}' % number
                )
                file.write(line.ljust(999_999) + b"\n")
            file.write(b" " * (size % 1_000_000))


#: A dict or list, and a key or an index in it.
Slot = tuple[Any, Any]


class Mutator:
    """Generates hostile lines from valid ones.

    Args:
        seed: The seed for random numbers.
        bases: Requests to start from.
    """

    VALUES: Final[tuple[Any, ...]] = (
        None,
        True,
        False,
        0,
        -1,
        1.5,
        129,
        10**30,
        "",
        " ",
        "x",
        "auto",
        "none",
        "é" * 70,
        "x" * 600,
        "\ud800",
        "a\u0000b",
        [],
        {},
        [1],
        ["x"],
        [[]],
        {"a": 1},
        {"type": "x"},
        [{"type": "text", "text": "x"}],
        [{"role": "user", "content": "x"}],
    )
    LITERALS: Final = ("NaN", "-Infinity", "1e999", "-0", "1E400", "01", "'x'", "1" * 5_000, "tru")
    WORDS: Final = (
        "POST",
        "GET",
        "/v1/responses",
        "/v1/chat/completions",
        "/v1/embeddings",
        "/v1/images/generations",
        "/chat/completions",
        "gpt-5.4",
        "gpt-4o-mini",
        "o3",
        "text-embedding-3-small",
        "gpt-image-1",
        "gpt-3.5-turbo-0301",
    )

    def __init__(self, seed: int, bases: list[dict[str, Any]]) -> None:
        self._random = random.Random(seed)  # noqa: S311
        self._bases = bases
        self._raw: dict[str, str] = {}

    def line(self) -> bytes:
        """Generate a line with one to three faults in its value, and possibly damaged bytes."""
        return self._mutate(copy.deepcopy(self._random.choice(self._bases)))

    def create(self) -> bytes:
        """Generate the parameters of a create call, with one to three faults."""
        params = {
            "input_file_id": "file-abc",
            "endpoint": "/v1/responses",
            "completion_window": "24h",
            "metadata": {"team": "a", "purpose": "b"},
            "output_expires_after": {"anchor": "created_at", "seconds": 3600},
        }
        return self._mutate(params, may_damage=False)

    def _mutate(self, value: dict[str, Any], *, may_damage: bool = True) -> bytes:
        pick = self._random
        self._raw = {}
        steps: list[Callable[[Any], None]] = [
            self._drop,
            self._retype,
            self._retype,
            self._word,
            self._splice,
            self._splice,
            self._rename,
            self._add,
            self._mix,
            self._duplicate,
            self._deepen,
            self._literal,
            self._stretch,
        ]
        for _ in range(pick.randint(1, 3)):
            pick.choice(steps)(value)
        text = json.dumps(value, ensure_ascii=pick.random() < 0.5)
        for placeholder, raw in self._raw.items():
            text = text.replace(f'"{placeholder}"', raw)
        data = text.encode("utf-8", "surrogatepass")
        return self._damage(data) if may_damage and pick.random() < 0.2 else data

    def _slots(self, value: Any) -> list[Slot]:
        """Return every slot in a value, at any depth."""
        found: list[Slot] = []
        pending = [value]
        while pending:
            parent = pending.pop()
            keys: Iterable[Any] = parent if isinstance(parent, dict) else range(len(parent))
            for key in keys:
                found.append((parent, key))
                if isinstance(parent[key], dict | list):
                    pending.append(parent[key])
        return found

    def _slot(self, value: Any) -> Slot:
        return self._random.choice(self._slots(value) or [({"x": 1}, "x")])

    def _objects(self, value: Any) -> list[dict[str, Any]]:
        inner = (parent[key] for parent, key in self._slots(value))
        return [value, *(item for item in inner if isinstance(item, dict))]

    def _placeholder(self, raw: str) -> str:
        """Return a string that is replaced by raw JSON text after encoding."""
        placeholder = f"@{len(self._raw)}@"
        self._raw[placeholder] = raw
        return placeholder

    def _drop(self, value: Any) -> None:
        parent, key = self._slot(value)
        del parent[key]

    def _retype(self, value: Any) -> None:
        parent, key = self._slot(value)
        parent[key] = copy.deepcopy(self._random.choice(self.VALUES))

    def _word(self, value: Any) -> None:
        slots = [
            (parent, key) for parent, key in self._slots(value) if isinstance(parent[key], str)
        ]
        if slots:
            parent, key = self._random.choice(slots)
            parent[key] = self._random.choice(self.WORDS)

    def _splice(self, value: Any) -> None:
        """Copy a value from another request, to the same key if possible."""
        other, name = self._slot(self._random.choice(self._bases))
        slots = self._slots(value) or [(value, "x")]
        same = [(parent, key) for parent, key in slots if key == name]
        parent, key = self._random.choice(same or slots)
        parent[key] = copy.deepcopy(other[name])

    def _rename(self, value: Any) -> None:
        target = self._random.choice(self._objects(value))
        if target:
            key = self._random.choice(list(target))
            cut = self._random.randrange(len(key) + 1)
            target[key[:cut] + key[cut + 1 :]] = target.pop(key)

    def _add(self, value: Any) -> None:
        target = self._random.choice(self._objects(value))
        target[self._random.choice(("zzz", "", "stream", "Model", "x" * 80))] = self._random.choice(
            (1, "x", True)
        )

    def _mix(self, value: Any) -> None:
        """Copy a parameter from another request's body."""
        other = self._random.choice(self._bases)["body"]
        if isinstance(other, dict) and other and isinstance(value.get("body"), dict):
            key = self._random.choice(list(other))
            value["body"][key] = copy.deepcopy(other[key])

    def _duplicate(self, value: Any) -> None:
        target = self._random.choice(self._objects(value))
        if target:
            key = self._random.choice(list(target))
            placeholder = self._placeholder(json.dumps(key))
            target[placeholder] = self._random.choice((copy.deepcopy(target[key]), 1, "x"))

    def _deepen(self, value: Any) -> None:
        parent, key = self._slot(value)
        levels = self._random.choice((300, 1_100))
        opening, closing = self._random.choice((("[", "]"), ('{"a":', "}"), ('[{"type":', "}]")))
        parent[key] = self._placeholder(opening * levels + "1" + closing * levels)

    def _literal(self, value: Any) -> None:
        parent, key = self._slot(value)
        parent[key] = self._placeholder(self._random.choice(self.LITERALS))

    def _stretch(self, value: Any) -> None:
        """Make a list or a string much longer."""
        slots = [
            (parent, key)
            for parent, key in self._slots(value)
            if isinstance(parent[key], str | list)
        ]
        if slots:
            parent, key = self._random.choice(slots)
            parent[key] = (parent[key] * self._random.choice((2, 30, 200)))[:5_000]

    def _damage(self, data: bytes) -> bytes:
        """Truncate a line, or insert, remove or add bytes."""
        pick = self._random
        at = pick.randrange(len(data) + 1)
        return pick.choice(
            (
                data[:at],
                b"\xef\xbb\xbf" + data,
                data[:at] + b"\xff" + data[at:],
                data[:at] + b"\xc3(" + data[at:],
                data[:at] + b"\xed\xa0\x80" + data[at:],
                data[:at] + b"\0" + data[at:],
                data[:at] + data[at + 1 :],
                data + b"\r",
                b" \t" + data + b"  ",
                b"[" + data + b"]",
                data + b",",
                data + data,
                json.dumps(data.decode("latin-1")).encode(),
                b"",
            )
        )


# Modes


class Trickle(io.RawIOBase):
    """An unbuffered stream that returns at most 1,000 bytes at a time."""

    def __init__(self, data: bytes) -> None:
        self._file = io.BytesIO(data)

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read some bytes into a buffer."""
        data = self._file.read(min(len(buffer), 1_000))
        buffer[: len(data)] = data
        return len(data)


class Modes:
    """The library's functions, called with each kind of source and with various options."""

    #: The method and its arguments for each mode.
    ALL: Final[dict[str, tuple[str, dict[str, Any]]]] = {
        "check": ("path", {}),
        "check keep=0": ("path", {"keep": 0}),
        "check keep=2": ("path", {"keep": 2}),
        "check jobs=2 start=fork": ("path", {"jobs": 2, "start": "fork"}),
        "check jobs=2 start=fork keep=0": ("path", {"jobs": 2, "start": "fork", "keep": 0}),
        "check jobs=2 start=spawn": ("path", {"jobs": 2, "start": "spawn"}),
        "check jobs=2 start=spawn keep=0": ("path", {"jobs": 2, "start": "spawn", "keep": 0}),
        "check bytes jobs=2 start=fork": ("from_bytes", {"jobs": 2, "start": "fork"}),
        "check bytes": ("from_bytes", {}),
        "check stream": ("stream", {}),
        "check slow stream": ("trickle", {}),
        "check lines": ("lines", {}),
        "check requests": ("requests", {}),
        "check options": (
            "path",
            {
                "endpoint": "/v1/chat/completions",
                "name": "other.txt",
                "ignore": ["duplicate_custom_id"],
                "warn": ["unknown_parameter", "invalid_type"],
                "error": ["duplicate_key", "blank_line"],
                "max_enqueued_tokens": 1,
                "now": 1_900_000_000,
                "create": {"completion_window": "1h", "metadata": {"a": 1}},
            },
        ),
        "check select": ("path", {"select": ["invalid_type", "duplicate_custom_id"]}),
        "check threads": ("threads", {}),
        "check threads keep=0": ("threads", {"keep": 0}),
        "check processes": ("processes", {}),
        "iter_errors": ("iterated", {}),
        "check line": ("line", {}),
        "check_request": ("request", {}),
        "check_create": ("create", {}),
    }

    def __init__(self) -> None:
        import batchlint

        self._batchlint = batchlint
        self._pools: dict[str, Executor] = {}

    def __call__(self, mode: str, name: str) -> Any:
        """Create a report, or describe the exception that is raised."""
        method, options = self.ALL[mode]
        try:
            return getattr(self, method)(name, **options)
        except Exception as error:  # noqa: BLE001
            return {"raised": type(error).__name__, "message": str(error)}

    def close(self) -> None:
        """Shut down the pools."""
        for pool in self._pools.values():
            pool.shutdown()

    def path(self, name: str, /, **options: Any) -> Any:
        """Check a file by its path."""
        return to_dict(self._batchlint.check(name, **options))

    def from_bytes(self, name: str, /, **options: Any) -> Any:
        """Check the bytes of a file."""
        return to_dict(self._batchlint.check(read(name), name=name, **options))

    def stream(self, name: str) -> Any:
        """Check a buffered stream."""
        return to_dict(self._batchlint.check(io.BytesIO(read(name)), name=name))

    def trickle(self, name: str) -> Any:
        """Check a stream that returns few bytes at a time."""
        return to_dict(self._batchlint.check(Trickle(read(name)), name=name))

    def lines(self, name: str) -> Any:
        """Check an iterable of lines."""
        return to_dict(self._batchlint.check(iter(io.BytesIO(read(name)).readlines()), name=name))

    def requests(self, name: str) -> Any:
        """Check an iterable of decoded requests."""
        values = [parse(line) for line in read(name).split(b"\n")]
        requests = [value for value in values if isinstance(value, dict)]
        return to_dict(self._batchlint.check(requests))

    def threads(self, name: str, /, **options: Any) -> Any:
        """Check with a thread pool."""
        pool = self._pool("threads", lambda: ThreadPoolExecutor(2))
        return to_dict(self._batchlint.check(name, executor=pool, **options))

    def processes(self, name: str) -> Any:
        """Check with a process pool."""
        context = multiprocessing.get_context("spawn")
        pool = self._pool("processes", lambda: ProcessPoolExecutor(2, mp_context=context))
        return to_dict(self._batchlint.check(name, executor=pool))

    def iterated(self, name: str) -> Any:
        """Return the findings that `iter_errors` yields."""
        return [error.to_dict() for error in self._batchlint.iter_errors(name)]

    def line(self, name: str) -> Any:
        """Check a single line as a file."""
        return to_dict(self._batchlint.check(read_line(name)))

    def request(self, name: str) -> Any:
        """Check a single request."""
        found = self._batchlint.check_request(parse(read_line(name)))
        return [error.to_dict() for error in found]

    def create(self, name: str) -> Any:
        """Check the parameters of a create call."""
        found = self._batchlint.check_create(parse(read_line(name)))
        return [error.to_dict() for error in found]

    def _pool(self, name: str, make: Callable[[], Executor]) -> Executor:
        if name not in self._pools:
            self._pools[name] = make()
        return self._pools[name]


def to_dict(report: Any) -> dict[str, Any]:
    """Return all public data in a report."""
    counts = sorted([*map(str, kind), number] for kind, number in report.counts.items())
    return {"report": report.to_dict(), "batch": report.to_batch(), "counts": counts}


@functools.lru_cache(maxsize=4)
def read(name: str) -> bytes:
    """Return the contents of an input."""
    return Path(name).read_bytes()


@functools.lru_cache(maxsize=4)
def read_lines(name: str) -> list[bytes]:
    """Return the lines of an input."""
    return read(name).split(b"\n")


def read_line(name: str) -> bytes:
    """Return the line that `FILE:LINE` names."""
    file, _, number = name.rpartition(":")
    return read_lines(file)[int(number) - 1]


def plan_reports(inputs: Inputs, *, quick: bool) -> list[Key]:
    """Return the keys of the library reports to create. Those with new processes come first."""
    rust, python = ENGINES
    keys: list[Key] = []
    large = list(large_files(inputs))
    for name in large:
        keys += [Key(mode, rust, name) for mode in Modes.ALL if mode.startswith("check jobs=2")]
    keys += [Key("check jobs=2 start=fork", python, name) for name in large[:2]]
    keys += [
        Key(mode, rust, name) for mode in ("check", "check jobs=2 start=fork") for name in HUGE
    ]
    keys += [Key("check bytes jobs=2 start=fork", rust, "large/mixed.jsonl")]
    keys += [Key("check bytes jobs=2 start=fork", rust, "fixtures/sample_batch.jsonl")]
    keys += [Key("check jobs=2 start=spawn", python, "large/unique.jsonl")]
    whole = [
        mode
        for mode in Modes.ALL
        if "jobs=2" not in mode and mode not in ("check line", "check_request", "check_create")
    ]
    keys += [Key(mode, rust, name) for mode in whole for name in (*inputs, *large)]
    slow = ("check", "check keep=0", "check processes", "check threads", "iter_errors")
    keys += [Key(mode, python, name) for mode in slow for name in inputs]
    for name, data in inputs.items():
        for number, line in enumerate(data.split(b"\n"), 1):
            keys += plan_line_reports(f"{name}:{number}", line)
    return [key for key in keys if not quick or is_quick(key)]


def plan_line_reports(name: str, line: bytes) -> Iterator[Key]:
    """Yield the keys of the reports to create for a single line."""
    if ".jsonl:" not in name or "_expected." in name:
        return
    value = parse(line)
    if name.startswith("generated/create."):
        if isinstance(value, dict):
            yield Key("check_create", ENGINES[0], name)
        return
    yield Key("check line", ENGINES[0], name)
    if isinstance(value, dict):
        yield from (Key("check_request", engine, name) for engine in ENGINES)


def is_quick(key: Key) -> bool:
    """Return whether a report belongs to the fast subset."""
    if key.engine == ENGINES[1]:
        return key.mode == "check" and "cases/valid" in key.name
    if key.name in HUGE:
        return False
    if key.name.startswith("large/"):
        quick_modes = ("check", "check jobs=2 start=fork")
        return key.mode in quick_modes or (key.mode, key.name) == (
            "check jobs=2 start=spawn",
            "large/unique.jsonl",
        )
    return "processes" not in key.mode and key.mode not in (
        "check bytes",
        "check slow stream",
        "check threads keep=0",
        "check keep=2",
    )


def plan_screens(
    inputs: Inputs, rules: list[str], schemas: list[str], *, quick: bool
) -> list[Screen]:
    """Return the command runs."""
    directories: dict[str, list[str]] = {}
    for name in inputs:
        if name.startswith(("fixtures/", "generated/")) and name.endswith(("jsonl", ".json")):
            directories.setdefault(name.rpartition("/")[0], []).append(name)
    runs: list[Screen] = []
    few = ("fixtures", "fixtures/formats", "fixtures/invalid")
    for directory, names in directories.items():
        runs += [
            Screen(form, f"--format {form} {directory}/*", ("--format", form, *names))
            for form in FORMATS
            if not quick or (form in ("text", "json", "sarif") and directory in few)
        ]
    runs += special_screens(directories["fixtures/invalid"])
    runs = [screen._replace(arguments=("check", *screen.arguments)) for screen in runs]
    if quick:
        return [screen for screen in runs if "large" not in screen.name]
    documents = [
        ("rule",),
        *(("rule", name) for name in rules),
        ("rule", "no_such_rule"),
        ("schema",),
        *(("schema", name) for name in schemas),
        ("schema", "/v1/nothing"),
        ("--help",),
        ("--version",),
        *((name, "--help") for name in ("check", "rule", "schema")),
    ]
    return runs + [Screen("doc", " ".join(words), words) for words in documents]


def special_screens(names: list[str]) -> list[Screen]:
    """Return runs of `check` with various options, including runs that fail."""
    some = (
        "fixtures/sample_batch.jsonl",
        "fixtures/formats/batch.jsonl",
        "generated/lines-00.jsonl",
    )
    everything = ("--max-errors", "0", "--statistics", "--show-source")
    runs = [
        Screen("text", "text, everything", (*everything, *names)),
        Screen("text", "text in colors", ("--color", "always", "--show-source", *some)),
        Screen("text", "--strict", ("--strict", "--ignore", "unknown_parameter", *names)),
        Screen("text", "--select", ("--select", "invalid_type,unknown_parameter", *some)),
        Screen(
            "text", "--warn, --error", ("--warn", "invalid_type", "--error", "duplicate_key", *some)
        ),
        Screen("text", "--keep 1", ("--keep", "1", *some)),
        Screen("jsonl", "jsonl --keep 1", ("--format", "jsonl", "--keep", "1", *some)),
        Screen("text", "directory", ("fixtures/formats",)),
        Screen("json", "directories with configuration", ("--format", "json", "configured")),
        Screen("text", "invalid configuration", ("misconfigured/batch.jsonl",)),
        Screen("text", "missing file", ("nowhere/batch.jsonl", *some)),
        Screen("text", "directory without batch files", ("fixtures/answers",)),
        Screen("text", "unknown option", ("--no-such-option", *some)),
        Screen("text", "unknown format", ("--format", "no-such-format", *some)),
        Screen("text", "unknown rule", ("--select", "no_such_rule", *some)),
        Screen("text", "no file", ()),
        Screen("text", "unknown endpoint", ("--endpoint", "/v1/nothing", *some)),
        Screen("json", "standard input", ("--format", "json", "-"), stdin=some[2]),
        Screen("text", "standard input, text", ("-",), stdin=some[0]),
        Screen("text", "GitHub Actions", some, env={"GITHUB_ACTIONS": "true"}),
        Screen(
            "text",
            "GitHub step summary",
            ("--format", "github", *some),
            output="summary.md",
            env={"GITHUB_STEP_SUMMARY": "summary.md"},
        ),
        Screen(
            "json",
            "--output-file",
            ("--format", "json", "--output-file", "report.json", *some),
            output="report.json",
        ),
        Screen("text", "compressed", ("generated/batch_compressed.jsonl.gz",)),
        Screen("text", "compressed and damaged", ("generated/batch_damaged.jsonl.gz",)),
        Screen("text", "large", ("large/mixed.jsonl", "large/unique.jsonl")),
        Screen("json", "large --jobs 2", ("--format", "json", "--jobs", "2", "large/mixed.jsonl")),
        Screen("text", "--max-enqueued-tokens", ("--max-enqueued-tokens", "5", *some)),
    ]
    create = (
        "--metadata",
        "a=b",
        "--output-expires-after",
        "1",
        "--completion-window",
        "1h",
        *some,
    )
    return runs + [
        Screen(form, f"{form}, create call", ("--format", form, *create)) for form in FORMATS
    ]


# Runs


def environment(engine: str = ENGINES[0]) -> dict[str, str]:
    """Return the environment for a run, without variables that could change a report."""
    prefixes = ("GITHUB_", "GITLAB_", "CI_", "BATCHLINT_", "PYTHON", "LC_")
    names = ("CI", "LANG", "NO_COLOR", "FORCE_COLOR", "TERM", "COLUMNS")
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(prefixes) and name not in names
    }
    return kept | {
        "BATCHLINT_ENGINE": engine,
        "COLUMNS": "100",
        "LC_ALL": "C.UTF-8",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONPATH": str(ROOT / "src"),
        "SOURCE_DATE_EPOCH": EPOCH,
        "TERM": "dumb",
    }


def work(tasks: str, output: str) -> None:
    """Create reports in this process, which uses one engine.

    Args:
        tasks: A JSON file with (mode, input) pairs.
        output: The file to write, with the digest of each report and the text of each distinct one.
    """
    modes = Modes()
    known: set[str] = set()
    with Path(output).open("w", encoding="ascii") as file:
        for mode, name in json.loads(Path(tasks).read_text("utf-8")):
            text = json.dumps(modes(mode, name))
            digest = sha256(text)
            file.write(json.dumps([mode, name, digest, None if digest in known else text]) + "\n")
            known.add(digest)
    modes.close()


def sha256(text: str) -> str:
    """Return the SHA-256 digest of a report in hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


def run(inputs: Inputs, rules: list[str], schemas: list[str], *, quick: bool) -> Record:
    """Create all reports."""
    record = Record({}, inputs, {}, {})
    keys = plan_reports(inputs, quick=quick)
    with tempfile.TemporaryDirectory() as top, ThreadPoolExecutor(2) as pool:
        directory = Path(top, "inputs")
        for name, data in (inputs | large_files(inputs)).items():
            (directory / name).parent.mkdir(parents=True, exist_ok=True)
            (directory / name).write_bytes(data)
        if not quick:
            write_huge_files(directory)
        workers = [
            pool.submit(
                run_worker, Path(top), engine, [key for key in keys if key.engine == engine]
            )
            for engine in reversed(ENGINES)
        ]
        seen: list[tuple[Screen, Future[str]]] = [
            (screen, pool.submit(run_screen, directory, screen))
            for screen in plan_screens(inputs, rules, schemas, quick=quick)
        ]
        for worker in workers:
            for key, digest, text in worker.result():
                record.reports[key] = digest
                if text is not None:
                    record.texts[digest] = text
        for screen, future in seen:
            text = future.result()
            key = Key(f"screen {screen.kind}", ENGINES[0], screen.name)
            record.reports[key] = sha256(text)
            record.texts[sha256(text)] = text
    return record


def run_worker(top: Path, engine: str, keys: list[Key]) -> list[tuple[Key, str, str | None]]:
    """Create reports with one engine in a new process."""
    tasks, output = top / f"{engine}.tasks", top / f"{engine}.reports"
    tasks.write_text(json.dumps([(key.mode, key.name) for key in keys]), "utf-8")
    subprocess.run(
        [sys.executable, __file__, "work", str(tasks), str(output)],
        check=True,
        cwd=top / "inputs",
        env=environment(engine),
    )
    with output.open("rb") as file:
        rows = [orjson.loads(line) for line in file]
    return [(Key(mode, engine, name), digest, text) for mode, name, digest, text in rows]


def run_screen(directory: Path, screen: Screen) -> str:
    """Run the command, and return its exit status and output as JSON."""
    done = subprocess.run(
        [sys.executable, "-m", "batchlint", *screen.arguments],
        capture_output=True,
        check=False,
        cwd=directory,
        env={**environment(), **screen.env},
        input=(directory / screen.stdin).read_bytes() if screen.stdin else b"",
    )
    outputs = {"status": done.returncode, "stdout": done.stdout, "stderr": done.stderr}
    if screen.output:
        written = directory / screen.output
        outputs["written"] = written.read_bytes() if written.exists() else b"(missing)"
        written.unlink(missing_ok=True)
    return json.dumps(
        {
            key: to_text(value, directory) if isinstance(value, bytes) else value
            for key, value in outputs.items()
        }
    )


def to_text(data: bytes, directory: Path) -> str:
    """Decode output, and replace paths that depend on this machine."""
    text = data.decode("utf-8", "backslashreplace")
    return text.replace(str(directory.resolve()), "<inputs>").replace(str(ROOT), "<root>")


def list_names(*arguments: str) -> list[str]:
    """Return the first word of each line that the command prints."""
    with tempfile.TemporaryDirectory() as directory:
        done = subprocess.run(
            [sys.executable, "-m", "batchlint", *arguments],
            capture_output=True,
            check=True,
            cwd=directory,
            env=environment(),
            text=True,
        )
    return [line.split()[0] for line in done.stdout.splitlines() if line.strip()]


# Records


def open_record(path: Path, mode: str) -> Any:
    """Open a record, compressed if its name ends in `.gz`."""
    return gzip.open(path, mode, 6) if path.name.endswith(".gz") else path.open(mode)


def write_record(path: Path, record: Record) -> None:
    """Write a record as JSON Lines."""
    with open_record(path, "wb") as file:
        file.write(orjson.dumps({"about": record.about}) + b"\n")
        for name, data in record.inputs.items():
            file.write(orjson.dumps({"input": name, "data": data.decode("latin-1")}) + b"\n")
        for digest, text in record.texts.items():
            file.write(orjson.dumps({"digest": digest, "text": text}) + b"\n")
        for key, digest in record.reports.items():
            file.write(orjson.dumps({"report": list(key), "is": digest}) + b"\n")


def read_record(path: Path) -> Record:
    """Read a record."""
    record = Record({}, {}, {}, {})
    with open_record(path, "rb") as file:
        for line in file:
            row = orjson.loads(line)
            if "report" in row:
                record.reports[Key(*row["report"])] = row["is"]
            elif "digest" in row:
                record.texts[row["digest"]] = row["text"]
            elif "input" in row:
                record.inputs[row["input"]] = row["data"].encode("latin-1")
            else:
                record.about.update(row["about"])
    return record


# Comparison


def without_wording(key: Key, text: str) -> str:
    """Replace the wording in a report. From text output, keep only the exit status."""
    value = json.loads(text)
    if key.mode.startswith("screen "):
        if key.mode.removeprefix("screen ") not in JSON_FORMATS:
            return json.dumps({"status": value["status"]})
        value.pop("stderr")
        printed = {
            name: decode_output(value[name]) for name in ("stdout", "written") if name in value
        }
        value.update(printed)
    return json.dumps(replace_wording(value))


def decode_output(text: str) -> Any:
    """Decode JSON or JSON Lines. Return a placeholder for other output."""
    try:
        return json.loads(text)
    except ValueError:
        pass
    try:
        return [json.loads(line) for line in text.splitlines()]
    except ValueError:
        return WORDING


def replace_wording(value: Any) -> Any:
    """Replace each `message`, `hint` and `summary` in a value, at any depth."""
    if isinstance(value, list):
        return [replace_wording(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        key: WORDING if key in ("message", "hint", "summary") else replace_wording(item)
        for key, item in value.items()
    }


def to_lines(text: str | None) -> list[str]:
    """Format a report as lines of text."""
    if text is None:
        return ["(no such report)"]
    value = json.loads(text)
    if not isinstance(value, dict) or not isinstance(value.get("stdout"), str):
        return json.dumps(value, indent=1, ensure_ascii=False).splitlines()
    lines = [f"exit status: {value.pop('status')}"]
    for name, printed in value.items():
        lines += [f"--- {name}", *printed.split("\n")]
    return lines


def diff_reports(old: str | None, new: str | None) -> list[str]:
    """Return a unified diff of two reports, starting near their first difference."""
    before, after = to_lines(old), to_lines(new)
    pairs = enumerate(zip(before, after, strict=False))
    first = next((index for index, (a, b) in pairs if a != b), min(len(before), len(after)))
    start = max(0, first - 3)
    window = slice(start, start + MAX_COMPARED_LINES)
    diff = list(difflib.unified_diff(before[window], after[window], "recorded", "now", lineterm=""))
    if len(diff) > MAX_PRINTED_LINES:
        diff[MAX_PRINTED_LINES:] = [f"... {len(diff) - MAX_PRINTED_LINES:,} more lines"]
    return [line[:400] for line in diff]


def compare(recorded: Record, now: Record, *, words: bool, limit: int) -> int:
    """Print the differences, shortest reports first. Return the number of differing reports."""
    groups: dict[tuple[str, str | None, str | None], list[Key]] = {}
    cache: dict[tuple[str, str], str] = {}

    def text_of(record: Record, key: Key) -> str | None:
        digest = record.reports.get(key)
        if digest is None:
            return None
        if not words:
            return record.texts[digest]
        kind = key.mode if key.mode.startswith("screen ") else ""
        if (digest, kind) not in cache:
            cache[digest, kind] = without_wording(key, record.texts[digest])
        return cache[digest, kind]

    for key in dict.fromkeys((*recorded.reports, *now.reports)):
        if recorded.reports.get(key) == now.reports.get(key):
            continue
        old, new = text_of(recorded, key), text_of(now, key)
        if old != new:
            groups.setdefault((key.name, old, new), []).append(key)
    smallest = sorted(
        groups.items(), key=lambda group: len(group[0][1] or "") + len(group[0][2] or "")
    )
    for (name, old, new), keys in smallest[:limit]:
        print(f"{name}: {len(keys)} reports differ" if len(keys) > 1 else name)
        for key in keys:
            print(f"  {key.mode} ({key.engine})")
        for line in diff_reports(old, new):
            print(f"    {line}")
        print()
    if len(groups) > limit:
        print(f"... {len(groups) - limit:,} more differences; --limit {len(groups)} prints all\n")
    differing = [key for keys in groups.values() for key in keys]
    for mode, count in Counter(key.mode for key in differing).most_common():
        print(f"{count:7,} differ: {mode}")
    return len(differing)


def main() -> int:
    """Run the script, and return its exit status."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("action", choices=("record", "compare"))
    parser.add_argument("file", type=Path, metavar="FILE")
    parser.add_argument("--data", type=Path, action="append", default=[], metavar="DIR")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--words", action="store_true")
    parser.add_argument("--limit", type=int, default=20, metavar="N")
    options = parser.parse_args()
    sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    started = time.monotonic()
    if options.action == "record":
        record_now(options)
        status = 0
    else:
        status = compare_now(options)
    print(f"{time.monotonic() - started:.0f} seconds", file=sys.stderr)
    return status


def record_now(options: argparse.Namespace) -> None:
    """Create all reports, and write the record."""
    for directory in options.data:
        if not directory.is_dir():
            raise SystemExit(f"--data {directory}: no such directory")
    rules, schemas = list_names("rule"), list_names("schema")
    record = run(collect(options.data), rules, schemas, quick=options.quick)
    record.about.update(
        {
            "quick": options.quick,
            "python": platform.python_version(),
            "rules": rules,
            "schemas": schemas,
        }
    )
    write_record(options.file, record)
    print(f"{len(record.reports):,} reports recorded, {len(record.texts):,} of them distinct")


def compare_now(options: argparse.Namespace) -> int:
    """Create the reports again, and compare them with the record. Return the exit status."""
    recorded = read_record(options.file)
    about = recorded.about
    if about["python"] != platform.python_version():
        print(f"note: the record was created with Python {about['python']}", file=sys.stderr)
    quick = options.quick or about["quick"]
    now = run(recorded.inputs, about["rules"], about["schemas"], quick=quick)
    if options.quick and not about["quick"]:
        kept = {key: digest for key, digest in recorded.reports.items() if key in now.reports}
        recorded = recorded._replace(reports=kept)
    differing = compare(recorded, now, words=options.words, limit=options.limit)
    compared = len(recorded.reports.keys() | now.reports.keys())
    print(f"{compared:,} reports compared, {differing:,} differ")
    return 1 if differing else 0


if __name__ == "__main__":
    if sys.argv[1:2] == ["work"]:
        work(*sys.argv[2:])
    else:
        sys.exit(main())
