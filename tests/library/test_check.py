"""`check`: its sources, its errors, and its guarantees about memory and progress."""

from __future__ import annotations

import copy
import json
import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from io import BufferedReader, BytesIO, RawIOBase, StringIO
from pathlib import Path
from typing import Any, Final

import pytest

import batchlint
from batchlint import check, check_many
from batchlint.engine.parallel import Start
from batchlint.sources import CHUNK_BYTES
from support import NOW, line, request

REQUESTS: Final = [request("a"), request("b", bogus=1), request("c")]
LINES: Final = [json.dumps(row) for row in REQUESTS]
TEXT: Final = "\n".join(LINES)
DATA: Final = TEXT.encode()


def test_package_has_exactly_the_public_names() -> None:
    assert batchlint.__all__ == [
        "BatchError",
        "ChunkSummary",
        "Fix",
        "FixReport",
        "Manifest",
        "RepeatedId",
        "Report",
        "SplitPart",
        "UnplacedLine",
        "check",
        "check_chunk",
        "check_create",
        "check_many",
        "check_request",
        "finish",
        "fix",
        "iter_errors",
        "merge",
        "split",
    ]
    for name in batchlint.__all__:
        assert getattr(batchlint, name).__doc__
    assert set(dir(batchlint)) == {*batchlint.__all__, "__version__"}
    assert batchlint.__version__ == "0.1.0"


def test_unknown_name_raises_attribute_error() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'lint'"):
        batchlint.lint  # noqa: B018


def test_package_has_the_openai_module_as_an_attribute() -> None:
    assert batchlint.openai.create_batch.__module__ == "batchlint.openai"


# -- sources --------------------------------------------------------------------------------------


class Socket(RawIOBase):
    """A stream that returns a few bytes at a time."""

    def __init__(self, data: bytes) -> None:
        self._data = BytesIO(data)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return self._data.readinto(memoryview(buffer)[:7])


@pytest.mark.parametrize(
    "source",
    [
        pytest.param(DATA, id="bytes"),
        pytest.param(bytearray(DATA), id="bytearray"),
        pytest.param(memoryview(DATA), id="memoryview"),
        pytest.param(BytesIO(DATA), id="stream"),
        pytest.param(BufferedReader(Socket(DATA)), id="buffered stream"),
        pytest.param(Socket(DATA), id="raw stream"),
        pytest.param(REQUESTS, id="dicts"),
        pytest.param(tuple(REQUESTS), id="tuple of dicts"),
        pytest.param(LINES, id="lines of str"),
        pytest.param([text.encode() for text in LINES], id="lines of bytes"),
        pytest.param([text + "\n" for text in LINES], id="lines with newlines"),
        pytest.param(iter(LINES), id="iterator"),
        pytest.param([REQUESTS[0], LINES[1], LINES[2].encode()], id="mixture"),
    ],
)
def test_check_accepts_every_type_of_source(source: Any) -> None:
    report = check(source)
    (error,) = report.errors

    assert error.line == 2
    assert error.code == "unknown_parameter"
    assert error.param == "body.bogus"
    assert error.custom_id == "b"
    assert report.request_counts == {"total": 3, "failed": 1}
    assert report.path is None


class PathLike:
    """A path class from another library."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __fspath__(self) -> str:
        return str(self._path)


class BytesPathLike(PathLike):
    """A path class that uses bytes."""

    def __fspath__(self) -> bytes:  # type: ignore[override]
        return os.fsencode(self._path)


@pytest.mark.parametrize("kind", [str, Path, PathLike, BytesPathLike])
def test_check_accepts_every_type_of_path(kind: Callable[[Path], Any], tmp_path: Path) -> None:
    path = tmp_path / "a batch ü.jsonl"
    path.write_text(TEXT, "utf-8")
    report = check(kind(path))

    assert report.path == str(path)
    assert report.bytes == path.stat().st_size
    assert [error.line for error in report.errors] == [2]
    assert [*check_many([kind(path)])] == [(str(path), report)]


def test_check_accepts_a_path_that_is_not_utf8(tmp_path: Path) -> None:
    path = os.fsdecode(bytes(tmp_path) + b"/z\xfcrich.jsonl")
    try:
        Path(path).write_text(TEXT, "utf-8")
    except OSError as error:
        pytest.skip(f"this file system does not accept such a name: {error}")
    report = check(path)

    assert report.path == path
    assert report.request_counts == {"total": 3, "failed": 1}


def test_name_argument_is_used_instead_of_the_path() -> None:
    assert check(DATA, name="x.jsonl").path == "x.jsonl"
    rules = [error.rule for error in check(DATA, name="x.txt").errors]
    assert rules == ["not_jsonl_name", "unknown_parameter"]


def test_object_with_only_a_read_method_is_read_in_whole_lines() -> None:
    class Bare:
        def __init__(self, data: bytes) -> None:
            self._data = BytesIO(data)

        def read(self, size: int) -> bytes:
            return self._data.read(min(size, 100))

    data = b"".join(line(str(number)) for number in range(50)) + line("0")
    report = check(Bare(data), now=NOW)  # type: ignore[arg-type]

    assert report.to_dict() == check(data, now=NOW).to_dict()


def test_checking_leaves_requests_unchanged() -> None:
    row = request("a", dimensions="x", metadata={"k": [1]})
    before = copy.deepcopy(row)
    check([row])

    assert row == before


# -- memory and progress --------------------------------------------------------------------------


def test_iterable_is_read_while_it_is_checked() -> None:
    """At most about two chunks are read before they are checked."""
    text = line("a" * 10_000)
    consumed = checked = ahead = 0

    def source() -> Iterator[bytes]:
        nonlocal consumed
        for _ in range(8 * CHUNK_BYTES // len(text)):
            consumed += len(text)
            yield text

    def progress(size: int) -> None:
        nonlocal checked, ahead
        checked += size
        ahead = max(ahead, consumed - checked)

    assert check(source(), progress=progress).bytes == consumed == checked
    assert ahead <= 2 * CHUNK_BYTES + len(text)


class LazyExecutor:
    """Runs a call only when its result is requested."""

    def __init__(self) -> None:
        self.pending = 0
        self.most_pending = 0

    def submit(self, function: Any, /, *args: Any) -> LazyFuture:
        self.pending += 1
        self.most_pending = max(self.most_pending, self.pending)
        return LazyFuture(self, function, args)


class LazyFuture:
    """A call that has not run yet."""

    def __init__(self, executor: LazyExecutor, function: Any, args: tuple[Any, ...]) -> None:
        self._executor = executor
        self._function = function
        self._args = args

    def result(self) -> Any:
        self._executor.pending -= 1
        return self._function(*self._args)


def test_executor_gets_a_limited_number_of_chunks_at_a_time() -> None:
    executor = LazyExecutor()
    text = line("a") + b" " * (CHUNK_BYTES - 200) + b"\n"
    report = check((text for _ in range(120)), executor=executor)

    assert report.total == 120
    assert 2 <= executor.most_pending <= 32


@pytest.mark.parametrize("jobs", [1, 2])
def test_progress_adds_up_to_the_size_of_the_file(jobs: int, tmp_path: Path) -> None:
    path = tmp_path / "batch.jsonl"
    path.write_bytes(line("a", input="x" * 1000) * 3000)
    steps: list[int] = []
    check(path, progress=steps.append, jobs=jobs)

    assert sum(steps) == path.stat().st_size
    assert all(step > 0 for step in steps)


def test_progress_adds_up_to_the_size_of_bytes_and_streams() -> None:
    data = line("a", input="x" * 1000) * 3000
    for source in (data, BytesIO(data)):
        steps: list[int] = []
        check(source, progress=steps.append)

        assert sum(steps) == len(data)
        assert all(step > 0 for step in steps)


# -- sources that can't be read -------------------------------------------------------------------


def test_unreadable_path_raises_os_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        check(tmp_path / "missing.jsonl")
    with pytest.raises(IsADirectoryError):
        check(tmp_path)


@pytest.mark.parametrize(("jobs", "start"), [(1, "spawn"), (2, "spawn"), (2, "fork")])
def test_file_that_shrinks_while_it_is_read_raises_os_error(
    tmp_path: Path, jobs: int, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("batchlint.engine.parallel.MAX_RANGE_BYTES", 1 << 20)
    path = tmp_path / "batch.jsonl"
    path.write_bytes(line("a", input="x" * 1000) * 40_000)

    def truncate(_: int) -> None:
        os.truncate(path, 10_000)

    with pytest.raises(OSError, match="shorter"):
        check(path, jobs=jobs, start=start, progress=truncate)


def test_exception_from_a_stream_propagates() -> None:
    class Broken(BytesIO):
        def read(self, _size: int | None = -1, /) -> bytes:
            raise ConnectionResetError("gone")

    with pytest.raises(ConnectionResetError, match="gone"):
        check(Broken())


def test_exception_from_an_iterable_propagates() -> None:
    def source() -> Iterator[bytes]:
        yield line("a")
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        check(source())


def test_stream_without_data_yet_raises_blocking_io_error() -> None:
    """Otherwise it would look like an empty file."""

    class Waiting(RawIOBase):
        def readinto(self, _: Any) -> None:
            return None

        def readable(self) -> bool:
            return True

    for stream in (Waiting(), BufferedReader(Waiting())):
        with pytest.raises(BlockingIOError, match="make it blocking"):
            check(stream)


@pytest.mark.parametrize("value", ["text", 5, [65, 66]], ids=repr)
def test_stream_of_non_bytes_raises_type_error(value: object) -> None:
    class Odd:
        def read(self, _: int) -> object:
            return value

    with pytest.raises(TypeError, match="open it in binary mode"):
        check(Odd())  # type: ignore[arg-type]


# -- wrong arguments ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "source",
    [None, 7, 1.5, StringIO(TEXT), request("a"), object()],
    ids=lambda value: type(value).__name__,
)
def test_unsupported_source_raises_type_error(source: Any) -> None:
    """A dict is a single request. Iterating over it would check the names of its fields."""
    with pytest.raises(TypeError):
        check(source)


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"endpoint": "/v1/embedding"}, ValueError),
        ({"endpoint": "/v1/audio/speech"}, ValueError),
        ({"jobs": -1}, ValueError),
        ({"start": "forkserver"}, ValueError),
        ({"executor": 5}, TypeError),
        ({"keep": -1}, ValueError),
        ({"select": ["nope"]}, ValueError),
        ({"ignore": ["nope"]}, ValueError),
        ({"warn": ["nope"]}, ValueError),
        ({"error": ["nope"]}, ValueError),
        ({"select": 7}, TypeError),
        ({"ignore": [7]}, TypeError),
        ({"now": "today"}, (TypeError, ValueError)),
        ({"bogus": 1}, TypeError),
    ],
    ids=str,
)
def test_invalid_argument_raises(arguments: dict[str, Any], error: Any) -> None:
    with pytest.raises(error):
        check(b"", **arguments)


@pytest.mark.parametrize(
    "value",
    [
        pytest.param({1, 2}, id="set"),
        pytest.param(object(), id="object"),
        pytest.param({"inner": {1}}, id="inner set"),
    ],
)
def test_request_with_a_value_that_json_cannot_represent_raises_type_error(value: Any) -> None:
    with pytest.raises(TypeError):
        check([request("a", input=value)])


def test_request_that_cannot_be_serialized_raises_type_error() -> None:
    deep: dict[str, Any] = {}
    for _ in range(5000):
        deep = {"a": deep}
    circular: dict[str, Any] = {}
    circular["a"] = circular
    for item in (deep, circular, {"a": 10**5000}):
        with pytest.raises(TypeError, match="cannot be written as JSON"):
            check([item])


@pytest.mark.parametrize("levels", [200, 900, 1000, 1020])
def test_deeply_nested_value_instead_of_a_string_is_reported(levels: int) -> None:
    deep = b"[" * levels + b"]" * levels
    messages = [{"role": "tool", "tool_call_id": "@", "content": "x"}]
    text = line(url="/v1/chat/completions", messages=messages).replace(b'"@"', deep)

    assert check(text).errors[0].param == "body.messages[0].tool_call_id"


# -- the time of the check ------------------------------------------------------------------------


def test_time_defaults_to_source_date_epoch() -> None:
    assert check(b"").now == NOW == datetime(2026, 9, 1, tzinfo=UTC).timestamp()


def test_time_can_be_given_as_a_number_or_a_datetime() -> None:
    assert check(b"", now=datetime(2026, 9, 1, tzinfo=UTC)).now == NOW
    assert check(b"", now=NOW + 0.9).now == NOW
    assert check(line("a"), now=17).to_batch()["created_at"] == 17


@pytest.mark.parametrize("invalid", ["", "soon"])
def test_invalid_source_date_epoch_is_ignored(
    invalid: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", invalid)

    assert check(b"").now > NOW
