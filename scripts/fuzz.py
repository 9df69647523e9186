"""Fuzz batchlint: generate lines from the fixtures, and check them in modes that must agree.

    python scripts/fuzz.py --lines 100000         # one mode: no exception may be raised
    python scripts/fuzz.py --lines 10000 --all    # all modes: engines, jobs, sources, formats

The lines depend only on the seed. The script prints each difference and exception, and writes the
lines that reproduce it to a file.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any, Final, NamedTuple
from xml.etree import ElementTree as ET

import orjson

import batchlint
from batchlint.engine.checker import checker_for
from batchlint.output import FORMATS, Options
from batchlint.output.result import FileResult
from batchlint.report import Report
from batchlint.sources import open_file

ROOT: Final = Path(__file__).parents[1]
NOW: Final = 1_788_220_800

#: The number of lines per file.
_BATCH: Final = 250

#: Replacement values of every type, at and beyond common limits.
_VALUES: Final[list[Any]] = [
    *(None, True, False, 0, 1, -1, 1.0, 0.5, -0.0, 1e300, 2**53, 2**64, 128, 129, 2048),
    *("", "x", "user", "text", "function", "auto", "none", "name\n", "\u0663", "\U0001f600"),
    *("x" * 64, "x" * 65, "x" * 513, "\x1b[31m", "\u202e", "\ufeff", "data:image/png;base64,AA=="),
    *([], [[]], [""], ["x"], [1], [None], [{}], [1, 2, 3], {}, {"type": "text"}, {"type": "x"}),
    *({"type": 1}, {"x": None}, {"": ""}, {"type": "object", "properties": {}}, {"$ref": "#"}),
]

#: Names of fields to add: real fields, JSON Schema keywords, and unknown names.
_NAMES: Final = (
    *("type", "role", "content", "name", "text", "stream", "model", "tools", "input", "messages"),
    *("strict", "schema", "properties", "items", "required", "pattern", "anyOf", "$defs", "$ref"),
    *("bogus", "", "a/b", "a~b", "é", "x" * 70, "custom_id", "body", "seed", "n", "temperature"),
)

#: Bytes to insert into a line.
_BYTES: Final = (
    *(b"", b" ", b"\t", b"\r", b"\0", b"\xff", b"\xef\xbb\xbf", b"\xe2\x80\xa8", b"\\", b'"'),
    *(b"{", b"}", b"[", b"]", b",", b":", b"NaN", b"-Infinity", b"1e999", b"9" * 400),
    *(b"\\ud83d", b"\\u0000", b"null", b"'", b"//", b"[" * 1100, b'{"a":' * 300),
)


# -- the grammar ----------------------------------------------------------------------------------


class Grammar:
    """Generates lines by changing fixture lines."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311 - it must be reproducible
        texts = {
            text
            for directory in ("valid", "invalid", "cases", "wild")
            for path in sorted((ROOT / "fixtures" / directory).rglob("*.jsonl"))
            for text in path.read_bytes().split(b"\n")
            if 0 < len(text) < 20_000
        }
        self._texts = sorted(texts)
        self._requests = [value for value in map(_decode, self._texts) if isinstance(value, dict)]
        self._fragments: dict[str, list[Any]] = {}
        for request in self._requests:
            self._collect(request)

    def _collect(self, value: Any) -> None:
        """Record the values of each field, to use them elsewhere."""
        if isinstance(value, list):
            for item in value:
                self._collect(item)
        elif isinstance(value, dict):
            for name, item in value.items():
                known = self._fragments.setdefault(name, [])
                if len(known) < 50:
                    known.append(item)
                self._collect(item)

    def line(self) -> bytes:
        """Generate a line with its newline."""
        choice = self._random.random()
        if choice < 0.03:
            return self._random.choice([b"", b" ", b"\r", b"{}", b"[]", b"null", b"1"]) + b"\n"
        if choice < 0.15:
            return self._damage(self._random.choice(self._texts)) + b"\n"
        request = self._random.choice(self._requests)
        for _ in range(self._random.choice([0, 1, 1, 2, 2, 3, 5])):
            request = self._change(request)
        text = json.dumps(request, ensure_ascii=self._random.random() < 0.5)
        raw = text.encode("utf-8", "surrogatepass")
        if choice < 0.2:
            raw = self._damage(raw)
        return raw.replace(b"\n", b" ") + self._random.choice([b"\n", b"\n", b"\r\n"])

    def change_line(self, line: bytes, seed: int) -> bytes:
        """Change one value of a line, or a few bytes if it is not JSON."""
        self._random.seed(seed)
        decoded = _decode(line)
        if decoded is None:
            return self._damage(line)
        text = json.dumps(self._change(decoded), ensure_ascii=False)
        return text.encode("utf-8", "surrogatepass").replace(b"\n", b" ")

    def _damage(self, text: bytes) -> bytes:
        at = self._random.randint(0, len(text))
        cut = self._random.choice([0, 0, 1, 3, len(text)])
        return (text[:at] + self._random.choice(_BYTES) + text[at + cut :]).replace(b"\n", b" ")

    def _change(self, value: Any) -> Any:
        """Return a copy in which one value, at any depth, is changed."""
        if isinstance(value, dict) and value and self._random.random() < 0.8:
            name = self._random.choice(list(value))
            return value | {name: self._change(value[name])}
        if isinstance(value, list) and value and self._random.random() < 0.8:
            index = self._random.randrange(len(value))
            return [*value[:index], self._change(value[index]), *value[index + 1 :]]
        return self._replace(value)

    def _replace(self, value: Any) -> Any:
        choice = self._random.randrange(6)
        if isinstance(value, dict) and choice < 3:
            if choice == 0 and value:
                removed = self._random.choice(list(value))
                return {name: item for name, item in value.items() if name != removed}
            name = self._random.choice([*_NAMES, *self._fragments])
            return value | {name: self._any_value(name)}
        if isinstance(value, list) and choice < 3:
            return value * self._random.choice([0, 2, 3]) if choice else [*value, self._any_value()]
        if choice == 3:
            return [value]
        return self._any_value()

    def _any_value(self, name: str = "") -> Any:
        known = (
            self._fragments.get(name) or self._fragments[self._random.choice(list(self._fragments))]
        )
        return self._random.choice(known if self._random.random() < 0.5 else _VALUES)


def _decode(text: bytes) -> Any:
    try:
        return orjson.loads(text)
    except ValueError:
        return None


# -- modes ----------------------------------------------------------------------------------------


class DifferenceError(Exception):
    """Two modes give different reports about a file."""


def facts(report: Report) -> tuple[Any, ...]:
    """Return the parts of a report that must not depend on the mode."""
    errors = [tuple(error) for error in (*report.errors, *report.warnings)]
    totals = (report.total, report.failed, report.embedding_inputs, report.bytes)
    return (*totals, report.endpoint, report.models, sorted(report.counts.items()), errors)


class Case(NamedTuple):
    """A file to check.

    Attributes:
        data: the bytes of the file.
        directory: the directory for the file.
        number: the number of the case.
    """

    data: bytes
    directory: Path
    number: int

    @property
    def path(self) -> Path:
        """The path of the file."""
        return self.directory / "batch.jsonl"


def check(source: Any, **options: Any) -> Report:
    """Check a source at a fixed time, and keep all findings."""
    return batchlint.check(source, **{"now": NOW, "keep": 0, "name": "batch.jsonl", **options})


def _split_lines(data: bytes) -> list[bytes]:
    return data.split(b"\n")[: -1 if data.endswith(b"\n") else None]


def _check_with_other_engine(case: Case) -> Report:
    """Check with the engine `jsonschema`, in a separate checker."""
    before = os.environ.get("BATCHLINT_ENGINE", "")
    os.environ["BATCHLINT_ENGINE"] = "jsonschema"
    try:
        checker_for.cache_clear()
        return check(case.data)
    finally:
        os.environ["BATCHLINT_ENGINE"] = before
        checker_for.cache_clear()


def _check_stream_of_pieces(case: Case) -> Report:
    class Pieces:
        def __init__(self) -> None:
            self._data = BytesIO(case.data)

        def read(self, _: int) -> bytes:
            return self._data.read(3001)

    return check(Pieces())


def _check_compressed(case: Case) -> Report:
    path = case.directory / "batch.jsonl.gz"
    path.write_bytes(gzip.compress(case.data, 1))
    with open_file(str(path), 1 << 30) as stream:
        return check(stream)


def _check_in_small_ranges(case: Case, **options: Any) -> Report:
    from batchlint.engine import parallel

    before = parallel.MIN_RANGE_BYTES, parallel.MAX_RANGE_BYTES
    vars(parallel).update(MIN_RANGE_BYTES=20_000, MAX_RANGE_BYTES=20_000)
    try:
        return check(case.path, **options)
    finally:
        vars(parallel).update(MIN_RANGE_BYTES=before[0], MAX_RANGE_BYTES=before[1])


#: Functions that check a file, by the name of the mode.
MODES: Final[dict[str, Callable[[Case], Report]]] = {
    "path": lambda case: check(case.path),
    "other engine": _check_with_other_engine,
    "stream": lambda case: check(BytesIO(case.data)),
    "pieces": _check_stream_of_pieces,
    "lines": lambda case: check(line + b"\n" for line in _split_lines(case.data)),
    "gz": _check_compressed,
    "forks": lambda case: _check_in_small_ranges(case, jobs=2, start="fork"),
}


def _check_iteration(case: Case, expected: Report) -> None:
    """Verify that `iter_errors` yields the same findings."""
    found = batchlint.iter_errors(case.data, now=NOW, name="batch.jsonl")
    if sorted(map(tuple, found), key=repr) != sorted(
        map(tuple, (*expected.errors, *expected.warnings)), key=repr
    ):
        raise DifferenceError("iter_errors")


#: The parser for each format.
_PARSERS: Final[dict[str, Callable[[str], object]]] = {
    "json": orjson.loads,
    "jsonl": lambda text: [orjson.loads(line) for line in text.split("\n") if line],
    "batch": orjson.loads,
    "gitlab": orjson.loads,
    "sarif": orjson.loads,
    "junit": ET.fromstring,
}


def check_formats(case: Case, report: Report) -> None:
    """Verify that every format can be rendered and parsed."""
    path = str(case.path)
    result = FileResult(path, report, source=path)
    for name, output_format in FORMATS.items():
        text = "".join(output_format.render([result], Options(0, show_source=True)))
        text.encode()
        if name in _PARSERS:
            _PARSERS[name](text)
        if any(ord(letter) < 32 and letter not in "\n\t" for letter in text):
            raise DifferenceError(f"a control character in {name}")


def check_in_one_mode(case: Case) -> Report:
    """Check a file, and verify that the counts in its report are consistent."""
    report = check(case.data)
    failed = {error.line for error in report.errors if error.line is not None}
    if not len(failed) == report.failed <= report.total:
        raise DifferenceError("the number of failed requests")
    return report


def check_in_all_modes(case: Case) -> None:
    """Check a file in all modes.

    Raises:
        DifferenceError: two reports differ.
    """
    case.path.write_bytes(case.data)
    first = check_in_one_mode(case)
    expected = facts(first)
    for name, mode in MODES.items():
        if name == "forks" and not hasattr(os, "fork"):
            continue
        if facts(mode(case)) != expected:
            raise DifferenceError(name)
    _check_iteration(case, first)
    check_formats(case, first)


# -- runs -----------------------------------------------------------------------------------------


def cases(seed: int, lines: int, directory: Path) -> Iterator[Case]:
    """Yield files with this many lines in total."""
    grammar = Grammar(seed)
    for number in range(-(-lines // _BATCH)):
        count = min(_BATCH, lines - number * _BATCH)
        yield Case(b"".join(grammar.line() for _ in range(count)), directory, number)


def fuzz(seed: int, lines: int, *, all_modes: bool) -> list[tuple[Case, BaseException]]:
    """Check this many lines, and return the files with a difference or exception."""
    failures: list[tuple[Case, BaseException]] = []
    with tempfile.TemporaryDirectory() as directory:
        for case in cases(seed, lines, Path(directory)):
            try:
                if all_modes:
                    check_in_all_modes(case)
                else:
                    check_in_one_mode(case)
            except Exception as error:  # noqa: BLE001 - any exception is a bug
                failures.append((case, error))
    return failures


def main() -> int:
    """Run the fuzzer, and print the totals. Return 1 if there are failures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--lines", type=int, default=10_000, help="number of lines to generate")
    parser.add_argument(
        "--seed", type=int, default=0, help="different seeds generate different lines"
    )
    parser.add_argument("--all", action="store_true", help="check each file in all modes")
    args = parser.parse_args()
    start = time.perf_counter()
    failures = fuzz(args.seed, args.lines, all_modes=args.all)
    seconds = time.perf_counter() - start
    for case, error in failures:
        path = Path(f"fuzz-{args.seed}-{case.number}.jsonl")
        path.write_bytes(case.data)
        print(f"{path}: {type(error).__name__}: {error}")
    modes = f"{len(MODES) + 2} modes and {len(FORMATS)} formats" if args.all else "one mode"
    print(
        f"{args.lines:,} lines in {modes}, seed {args.seed}: {len(failures)} failures, {seconds:.0f} s"
    )
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
