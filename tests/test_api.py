"""The library: sources, arguments, and what comes back."""

from __future__ import annotations

import copy
import dataclasses
import json
import os
import pickle
from collections.abc import Iterator
from datetime import UTC, datetime
from io import BufferedReader, BytesIO, RawIOBase, StringIO
from pathlib import Path
from typing import Any

import pytest
from support import FIXTURES, NOW, line, request

import batchlint
from batchlint import BatchError, Report, check, check_create, check_request
from batchlint.sources import CHUNK
from batchlint.workers import Start

BAD = FIXTURES / "invalid" / "invalid_type.jsonl"


def test_all_names_are_exactly_the_public_ones() -> None:
    assert batchlint.__all__ == sorted(batchlint.__all__) == [
        "BatchError", "Report", "check", "check_create", "check_request", "iter_errors"]
    for name in batchlint.__all__:
        assert getattr(batchlint, name).__doc__
    assert set(dir(batchlint)) == {*batchlint.__all__, "__version__"}
    assert batchlint.__version__ == "0.1.0"
    with pytest.raises(AttributeError, match="has no attribute 'lint'"):
        batchlint.lint  # noqa: B018


# -- sources -----------------------------------------------------------------------------------------------------------

REQUESTS = [request("a"), request("b", bogus=1), request("c")]
LINES = [json.dumps(made) for made in REQUESTS]
TEXT = "\n".join(LINES)


class Socket(RawIOBase):
    """A stream that gives a few bytes at a time, and knows no size."""

    def __init__(self, data: bytes) -> None:
        self.rest = data

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        given, self.rest = self.rest[:7], self.rest[7:]
        buffer[: len(given)] = given
        return len(given)


@pytest.mark.parametrize("source", [
    pytest.param(TEXT.encode(), id="bytes"),
    pytest.param(bytearray(TEXT.encode()), id="bytearray"),
    pytest.param(memoryview(TEXT.encode()), id="memoryview"),
    pytest.param(BytesIO(TEXT.encode()), id="stream"),
    pytest.param(BufferedReader(Socket(TEXT.encode())), id="buffered stream"),
    pytest.param(Socket(TEXT.encode()), id="raw stream"),
    pytest.param(REQUESTS, id="dicts"),
    pytest.param(tuple(REQUESTS), id="a tuple of dicts"),
    pytest.param(LINES, id="lines of str"),
    pytest.param([text.encode() for text in LINES], id="lines of bytes"),
    pytest.param([text + "\n" for text in LINES], id="lines with newlines"),
    pytest.param(iter(LINES), id="an iterator"),
    pytest.param([REQUESTS[0], LINES[1], LINES[2].encode()], id="a mixture"),
])
def test_a_source_may_be(source: Any) -> None:
    report = check(source)

    assert [(error.line, error.code, error.param, error.custom_id) for error in report.errors] == [
        (2, "unknown_parameter", "body.bogus", "b")]
    assert report.request_counts == {"total": 3, "failed": 1}
    assert report.path is None


class PathLike:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __fspath__(self) -> str:
        return str(self.path)


@pytest.mark.parametrize("kind", [str, Path, PathLike])
def test_a_source_may_be_a_path(kind: Any, tmp_path: Path) -> None:
    path = tmp_path / "a batch ü.jsonl"
    path.write_text(TEXT, "utf-8")
    report = check(kind(path))

    assert report.path == str(path)
    assert report.bytes == path.stat().st_size
    assert [error.line for error in report.errors] == [2]


def test_a_name_of_bytes_that_are_not_utf8_is_a_path_too(tmp_path: Path) -> None:
    path = os.fsdecode(bytes(tmp_path) + b"/z\xfcrich.jsonl")
    try:
        Path(path).write_text(TEXT, "utf-8")
    except OSError as error:
        pytest.skip(f"this file system takes no such name: {error}")
    report = check(path)

    assert report.path == path
    assert report.request_counts == {"total": 3, "failed": 1}


def test_a_name_may_be_given() -> None:
    assert check(TEXT.encode(), name="x.jsonl").path == "x.jsonl"
    assert [e.rule for e in check(TEXT.encode(), name="x.txt").errors] == ["not_jsonl_name", "unknown_parameter"]


def test_an_iterable_is_read_as_it_is_checked() -> None:
    """No more than about two chunks are pulled before they are checked."""
    text = line("a" * 10_000)
    pulled = done = ahead = 0

    def source() -> Iterator[bytes]:
        nonlocal pulled
        for _ in range(8 * CHUNK // len(text)):
            pulled += len(text)
            yield text

    def progress(size: int) -> None:
        nonlocal done, ahead
        done += size
        ahead = max(ahead, pulled - done)

    assert check(source(), progress=progress).bytes == pulled == done
    assert ahead <= 2 * CHUNK + len(text)


class Lazy:
    """An executor that does what it was given only when the result is asked for."""

    def __init__(self) -> None:
        self.waiting = self.most = 0

    def submit(self, function: Any, /, *args: Any) -> Later:
        self.waiting += 1
        self.most = max(self.most, self.waiting)
        return Later(self, function, args)


class Later:
    """What is asked for a result."""

    def __init__(self, executor: Lazy, function: Any, args: tuple[Any, ...]) -> None:
        self.executor, self.function, self.args = executor, function, args

    def result(self) -> Any:
        self.executor.waiting -= 1
        return self.function(*self.args)


def test_an_executor_has_a_bounded_number_of_chunks_at_a_time() -> None:
    executor = Lazy()
    text = line("a") + b" " * (CHUNK - 200) + b"\n"
    report = check((text for _ in range(120)), executor=executor)

    assert report.total == 120
    assert 2 <= executor.most <= 32


def test_progress_sums_to_the_size(tmp_path: Path) -> None:
    path = tmp_path / "batch.jsonl"
    path.write_bytes(line("a", input="x" * 1000) * 3000)
    size = path.stat().st_size
    for source, jobs in ((path, 1), (path, 2), (path.read_bytes(), 1), (path.open("rb"), 1)):
        steps: list[int] = []
        check(source, progress=steps.append, jobs=jobs)
        assert sum(steps) == size
        assert all(step > 0 for step in steps)
        if not isinstance(source, bytes | Path):
            source.close()


# -- what cannot be read -----------------------------------------------------------------------------------------------


def test_a_path_that_cannot_be_read_is_its_oserror(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        check(tmp_path / "missing.jsonl")
    with pytest.raises(IsADirectoryError):
        check(tmp_path)


@pytest.mark.parametrize(("jobs", "start"), [(1, "spawn"), (2, "spawn"), (2, "fork")])
def test_a_file_that_shrinks_while_it_is_read_is_an_oserror(
    tmp_path: Path, jobs: int, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("batchlint.workers.LARGEST", 1 << 20)
    path = tmp_path / "batch.jsonl"
    path.write_bytes(line("a", input="x" * 1000) * 40_000)

    with pytest.raises(OSError, match="shorter"):
        check(path, jobs=jobs, start=start, progress=lambda _: os.truncate(path, 10_000))


def test_an_error_of_a_stream_is_passed_on() -> None:
    class Broken(BytesIO):
        def read(self, _size: int | None = -1, /) -> bytes:
            raise ConnectionResetError("gone")

    with pytest.raises(ConnectionResetError, match="gone"):
        check(Broken())


def test_an_error_of_an_iterable_is_passed_on() -> None:
    def source() -> Iterator[bytes]:
        yield line("a")
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        check(source())


# -- bad arguments -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("source", [None, 7, 1.5, StringIO(TEXT), request("a"), object()], ids=lambda value: type(value).__name__)
def test_a_source_that_is_none_is_a_typeerror(source: Any) -> None:
    """A single request is a dict, and to go through its keys would say nothing of it."""
    with pytest.raises(TypeError):
        check(source)


@pytest.mark.parametrize(("arguments", "error"), [
    ({"endpoint": "/v1/embedding"}, ValueError), ({"endpoint": "/v1/audio/speech"}, ValueError), ({"jobs": -1}, ValueError),
    ({"keep": -1}, ValueError), ({"select": ["nope"]}, ValueError), ({"ignore": ["nope"]}, ValueError),
    ({"warn": ["nope"]}, ValueError), ({"error": ["nope"]}, ValueError), ({"select": 7}, TypeError), ({"ignore": [7]}, TypeError),
    ({"now": "today"}, (TypeError, ValueError)), ({"bogus": 1}, TypeError)], ids=str)
def test_a_bad_argument_is_an_exception(arguments: dict[str, Any], error: Any) -> None:
    with pytest.raises(error):
        check(b"", **arguments)


@pytest.mark.parametrize("call", [check_request, check_create])
@pytest.mark.parametrize("value", [None, "x", b"{}", [request("a")], 7], ids=repr)
def test_what_is_no_dict_is_a_typeerror(call: Any, value: Any) -> None:
    with pytest.raises(TypeError):
        call(value)


@pytest.mark.parametrize("value", [{1, 2}, object(), {"inner": {1}}], ids=["set", "object", "inner set"])
def test_a_request_that_json_cannot_say_is_a_typeerror(value: Any) -> None:
    with pytest.raises(TypeError):
        check([request("a", input=value)])


def test_data_that_json_can_say_is_never_an_exception() -> None:
    """Half a surrogate pair and integers of any size come out of decoders, and into requests."""
    assert [error.rule for error in check_request(request("a", input="cut \ud83d"))] == ["lone_surrogate"]
    assert check_request(request("a", dimensions=2**70)) == []
    assert [error.param for error in check_request(request("a", dimensions=-(2**70)))] == ["body.dimensions"]


# -- one request -------------------------------------------------------------------------------------------------------


def test_one_request_is_checked_without_the_rules_about_the_file() -> None:
    assert check_request(request("a")) == []
    assert [(e.line, e.rule, e.param) for e in check_request(request("a", dimensions="x", bogus=1))] == [
        (1, "unknown_parameter", "body.bogus"), (1, "invalid_type", "body.dimensions")]
    assert [e.rule for e in check_request({})] == ["missing_line_member"] * 4
    assert {e.rule for e in check_request({"messages": []})} >= {"missing_line_member", "unknown_line_member"}


def test_rules_can_be_chosen_for_one_request() -> None:
    made = request("a", dimensions="x", bogus=1)

    assert [e.rule for e in check_request(made, select=["invalid_type"])] == ["invalid_type"]
    assert [e.rule for e in check_request(made, ignore=["invalid_type"])] == ["unknown_parameter"]
    assert [e.severity for e in check_request(made, warn=["unknown_parameter", "invalid_type"])] == ["warning"] * 2


def test_checking_changes_no_request() -> None:
    made = request("a", dimensions="x", metadata={"k": [1]})
    before = copy.deepcopy(made)
    check_request(made)
    check([made])

    assert made == before


# -- reports -----------------------------------------------------------------------------------------------------------


def test_a_report_tells_what_is_in_the_file() -> None:
    report = check([request("a", model="text"), b"\n", request("b", model="text", input=["x", "y"]), request("c", model=7)])

    assert not report.ok
    assert (report.endpoint, report.models, report.embedding_inputs) == ("/v1/embeddings", ("text",), 4)
    assert (report.total, report.failed) == (3, 1)
    assert report.request_counts == {"total": 3, "failed": 1}
    assert report.now == NOW
    assert check([request("a")]).ok


def test_warnings_alone_leave_a_report_in_order() -> None:
    report = check([request("a") | {"more": 1}])

    assert report.ok
    assert report.failed == 0
    assert [error.severity for error in report.warnings] == ["warning"]


def test_the_order_of_members_is_that_of_the_documentation() -> None:
    made = check(BAD).to_dict()

    assert list(made) == ["path", "ok", "endpoint", "models", "bytes", "request_counts", "embedding_inputs", "truncated", "errors",
                          "warnings"]
    assert list(made["errors"]["data"][0]) == ["code", "line", "message", "param", "rule", "pointer", "custom_id", "severity",
                                               "fails", "hint"]
    assert json.loads(json.dumps(made)) == made


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_reports_and_findings_can_be_pickled(protocol: int) -> None:
    report = check(BAD, warn=["blank_line"])
    again: Report = pickle.loads(pickle.dumps(report, protocol))

    assert again == report
    assert again.to_dict() == report.to_dict()
    assert sorted(again.errors) == list(report.errors)


def test_a_finding_is_frozen_and_has_the_members_of_the_documentation() -> None:
    error = check(BAD).errors[0]

    assert [getattr(error, name) for name in (
        "rule", "code", "line", "param", "pointer", "custom_id", "severity", "fails")] == [
        "invalid_type", "invalid_type", 2, "body.temperature", "/body/temperature", "b", "error", "request"]
    with pytest.raises(AttributeError):
        error.line = 3  # type: ignore[misc]
    assert len({error, copy.copy(error)}) == 1


def test_findings_sort_by_line_and_then_as_the_api_checks() -> None:
    report = check([request("a", bogus=1, dimensions="x"), request("b", model="n")], name="x.txt")
    errors = list(report.errors)

    assert [(error.line, error.rule) for error in errors] == [
        (None, "not_jsonl_name"), (1, "unknown_parameter"), (1, "invalid_type"), (2, "mismatched_model")]
    assert sorted([errors[-1], *errors[:-1]]) == errors
    assert errors[0] < errors[1]
    assert errors[1] >= errors[0]
    with pytest.raises(TypeError):
        _ = errors[0] < (1,)


def test_a_finding_can_be_made_by_hand() -> None:
    error = BatchError("mine", "mine", 3, "A sentence.")

    assert (error.param, error.pointer, error.custom_id, error.severity, error.fails, error.hint) == (
        None, None, None, "error", None, None)


# -- now ---------------------------------------------------------------------------------------------------------------


def test_now_is_source_date_epoch_or_what_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    day = datetime(2026, 9, 1, tzinfo=UTC)

    assert check(b"").now == NOW == day.timestamp()
    assert check(b"", now=day).now == check(b"", now=NOW + 0.9).now == NOW
    assert check(line("a"), now=17).to_batch()["created_at"] == 17
    for broken in ("", "soon"):
        monkeypatch.setenv("SOURCE_DATE_EPOCH", broken)
        assert check(b"").now > NOW


def test_a_report_is_frozen_and_true_where_there_is_no_error() -> None:
    good, warned, bad = check(line()), check(line() + b"\n"), check(BAD)

    assert (bool(good), bool(warned), bool(bad)) == (True, True, False)
    assert not hasattr(good, "__len__")
    with pytest.raises(AttributeError):
        good.total = 7  # type: ignore[misc]
    assert dataclasses.replace(good, total=7).total == 7
    assert str(good) == "requests: 1 request, 0 errors, 0 warnings"
    assert str(warned) == "requests: 1 request, 0 errors, 1 warning"


def test_findings_and_reports_can_be_printed() -> None:
    report = check(line(dimensions="x") + line("b", bogus=1), name="x.jsonl")

    assert str(report) == "x.jsonl: 2 requests, 2 errors, 0 warnings"
    assert [str(error) for error in report.errors] == [
        "line 1: invalid_type body.dimensions: Invalid type for 'dimensions': expected an integer, but got a string instead.",
        "line 2: unknown_parameter body.bogus: Unknown parameter: 'bogus'. (Known as of 2026-11-17, when the schema was made; a "
        "newer API may know more.)"]


def test_the_module_for_the_official_client_is_an_attribute() -> None:
    assert batchlint.openai.create_batch.__module__ == "batchlint.openai"


def test_streams_that_only_read_are_read_in_whole_lines() -> None:
    class Bare:
        def __init__(self, data: bytes) -> None:
            self.data = data

        def read(self, size: int) -> bytes:
            taken, self.data = self.data[:min(size, 100)], self.data[min(size, 100):]
            return taken

    data = b"".join(line(str(number)) for number in range(50)) + line("0")

    assert check(Bare(data), now=NOW).to_dict() == check(data, now=NOW).to_dict()  # type: ignore[arg-type]


def test_a_stream_that_has_nothing_yet_is_no_empty_one() -> None:
    class Waiting(RawIOBase):
        def readinto(self, _: Any) -> None:
            return None

        def readable(self) -> bool:
            return True

    for stream in (Waiting(), BufferedReader(Waiting())):
        with pytest.raises(BlockingIOError, match="make it blocking"):
            check(stream)


@pytest.mark.parametrize("given", ["text", 5, [65, 66]])
def test_a_stream_gives_bytes(given: object) -> None:
    class Odd:
        def read(self, _: int) -> object:
            return given

    with pytest.raises(TypeError, match="open it in binary mode"):
        check(Odd())  # type: ignore[arg-type]


def test_what_cannot_be_written_as_json_is_a_bad_argument() -> None:
    deep: dict[str, Any] = {}
    for _ in range(5000):
        deep = {"a": deep}
    circular: dict[str, Any] = {}
    circular["a"] = circular
    for item in (deep, circular, {"a": 10**5000}):
        with pytest.raises(TypeError, match="cannot be written as JSON"):
            check([item])


@pytest.mark.parametrize("levels", [200, 900, 1000, 1020])
def test_deep_values_where_names_are_wanted_are_findings(levels: int) -> None:
    deep = b"[" * levels + b"]" * levels
    text = line(url="/v1/chat/completions", messages=[{"role": "tool", "tool_call_id": "@", "content": "x"}]).replace(b'"@"', deep)

    assert check(text).errors[0].param == "body.messages[0].tool_call_id"
