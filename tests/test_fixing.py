"""`fix`: what it reads and writes, and how fixes of several lines work together."""

from __future__ import annotations

import codecs
import io
import json
import os
import stat
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from batchlint import FixReport, check, fix, fixing, iter_errors
from batchlint.engine.chunk import check_chunk
from batchlint.sources import FileIdentity
from support import assert_linear_work, line, request

CHAT = "/v1/chat/completions"
WRONG = line("a", CHAT).replace(b"POST", b"post")
RIGHT = line("a", CHAT)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "in.jsonl"
    path.write_bytes(WRONG + b"\n" + line("b", CHAT))
    return path


def names(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


def repaired(source: Any, **options: Any) -> bytes:
    target = io.BytesIO()
    fix(source, target, **options)
    return target.getvalue()


# -- sources and targets --------------------------------------------------------------------------


def test_file_is_replaced_and_keeps_mode_and_link(path: Path, tmp_path: Path) -> None:
    path.chmod(0o640)
    link = tmp_path / "link.jsonl"
    link.symlink_to(path)
    report = fix(link, link)

    assert report.fixed == {"invalid_method": 1, "blank_line": 1}
    assert path.read_bytes() == RIGHT + line("b", CHAT)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert link.is_symlink()
    assert names(tmp_path) == ["in.jsonl", "link.jsonl"]


def test_file_without_faults_is_not_written(path: Path) -> None:
    fix(path, path)
    before = FileIdentity.from_stat(path.stat())
    report = fix(path, path)

    assert report.fixed == {}
    assert not report.changed
    assert FileIdentity.from_stat(path.stat()) == before


def grow(path: Path) -> None:
    with path.open("ab") as stream:
        stream.write(line("c", CHAT))


def replace(path: Path) -> None:
    other = path.with_name("other")
    other.write_bytes(line("c", CHAT))
    other.replace(path)


@pytest.mark.skipif(os.name != "posix", reason="an open file cannot be replaced elsewhere")
@pytest.mark.parametrize("change", [grow, replace])
def test_file_that_changes_before_it_is_replaced_is_kept(
    change: Callable[[Path], None], path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise, another program's changes would be lost."""
    after: list[bytes] = []

    def change_during_sync(_: int) -> None:
        change(path)
        after.append(path.read_bytes())

    monkeypatch.setattr(os, "fsync", change_during_sync)
    with pytest.raises(OSError, match="changed while it was being read"):
        fix(path, path)

    assert [path.read_bytes()] == after
    assert names(path.parent) == ["in.jsonl"]


def test_separate_target_is_written_even_without_fixes(path: Path, tmp_path: Path) -> None:
    source = path.read_bytes()
    target = tmp_path / "out.jsonl"
    for _ in range(2):
        fix(path, target)
        assert target.read_bytes() == RIGHT + line("b", CHAT)
    fix(target, tmp_path / "more.jsonl")

    assert path.read_bytes() == source
    assert (tmp_path / "more.jsonl").read_bytes() == RIGHT + line("b", CHAT)


def test_nothing_is_written_without_a_target(path: Path, tmp_path: Path) -> None:
    before = path.read_bytes()
    report = fix(path, None)

    assert report.changed
    assert path.read_bytes() == before
    assert names(tmp_path) == ["in.jsonl"]


def sources() -> Iterator[Any]:
    yield WRONG
    yield io.BytesIO(WRONG)
    yield io.BufferedReader(io.BytesIO(WRONG))
    yield [WRONG]
    yield iter([WRONG.decode()])
    yield [request("a", CHAT) | {"method": "post"}]


@pytest.mark.parametrize("source", [*sources()], ids=lambda source: type(source).__name__)
def test_any_source_can_be_fixed(source: Any) -> None:
    assert repaired(source).replace(b": ", b":").replace(b", ", b",") == RIGHT.replace(
        b": ", b":"
    ).replace(b", ", b",")


class ShortWrites(io.RawIOBase):
    """A stream that accepts at most 7 bytes per call, and no more than `space` bytes in all."""

    def __init__(self, space: int) -> None:
        super().__init__()
        self.data = b""
        self.space = space

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int | None:
        piece = bytes(data)[: min(7, self.space - len(self.data))]
        self.data += piece
        return len(piece) or None


def test_unbuffered_target_receives_all_bytes() -> None:
    target: Any = ShortWrites(1 << 20)
    fix(WRONG, target)

    assert target.data == RIGHT


def test_full_non_blocking_target_raises() -> None:
    target: Any = ShortWrites(20)
    with pytest.raises(BlockingIOError):
        fix(WRONG, target)


def test_pipe_is_read_once(tmp_path: Path) -> None:
    reader, writer = os.pipe()
    os.write(writer, WRONG)
    os.close(writer)
    with os.fdopen(reader, "rb") as stream:
        fix(stream, tmp_path / "out.jsonl")

    assert (tmp_path / "out.jsonl").read_bytes() == RIGHT
    assert names(tmp_path) == ["out.jsonl"]


@pytest.mark.skipif(not Path("/dev/fd").exists(), reason="this system has no /dev/fd")
def test_pipe_that_has_a_path_is_read_once() -> None:
    """The shell passes such a path for `<(command)`."""
    reader, writer = os.pipe()
    os.write(writer, WRONG)
    os.close(writer)

    assert repaired(f"/dev/fd/{reader}", name="in.jsonl") == RIGHT
    os.close(reader)


@pytest.mark.skipif(not Path("/dev/fd").exists(), reason="this system has no /dev/fd")
def test_open_pipe_can_be_the_target() -> None:
    """`/dev/stdout` in a pipeline, and the path that the shell passes for `>(command)`."""
    reader, writer = os.pipe()
    try:
        fix(WRONG, f"/dev/fd/{writer}", name="in.jsonl")
        assert os.read(reader, 2 * len(RIGHT)) == RIGHT
    finally:
        os.close(reader)
        os.close(writer)


def test_failure_keeps_the_old_file(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = path.read_bytes()

    def chunks(_: fixing.Result) -> Iterator[bytes]:
        yield b"half"
        raise OSError("broken")

    monkeypatch.setattr(fixing.Result, "chunks", chunks)
    with pytest.raises(OSError, match="broken"):
        fix(path, path)

    assert path.read_bytes() == before
    assert names(path.parent) == ["in.jsonl"]


def test_large_copies_are_created_next_to_the_target(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The system's temporary directory may be small or in memory."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "missing"))
    fix(path, path)

    assert path.read_bytes() == RIGHT + line("b", CHAT)
    with pytest.raises(OSError, match="No such file"):
        fix(io.BytesIO(WRONG), None)


# -- the report -----------------------------------------------------------------------------------


def test_report_lists_fixed_and_remaining_findings() -> None:
    report = fix(WRONG + line("b", CHAT, bogus=1), None)

    assert isinstance(report, FixReport)
    assert not report
    assert report.fixed == {"invalid_method": 1}
    assert [error.rule for error in report.report.errors] == ["unknown_parameter"]
    assert report.report.errors[0].line == 2


def test_number_of_kept_findings_can_be_limited() -> None:
    report = fix([WRONG, *(line(str(number), CHAT, bogus=1) for number in range(3))], None, keep=2)

    assert len(report.report.errors) == 2
    assert report.report.truncated == {"unknown_parameter": 1}


def test_report_counts_the_findings_that_unsafe_fixes_would_fix() -> None:
    report = fix(line("a") * 2, None)

    assert report.report.fixable == {"unsafe": 1}
    assert not report.unsafe
    assert fix(line("a") * 2, None, unsafe=True).report.fixable == {}


# -- lines ----------------------------------------------------------------------------------------


def test_correcting_the_url_reveals_faults_in_the_body() -> None:
    text = line("a", CHAT, stream=True).replace(b"/v1/", b"/")

    assert repaired(text) == line("a", CHAT)


def test_fault_that_appears_after_a_fix_is_fixed_too() -> None:
    """Whether `max_tokens` is deprecated depends on the URL."""
    text = line("a", CHAT, model="gpt-4o", max_tokens=9).replace(b"/v1/", b"/")

    assert repaired(text) == line("a", CHAT, model="gpt-4o", max_completion_tokens=9)


def test_safe_rename_skips_reasoning_models() -> None:
    lines = [line(model, CHAT, model=model, max_tokens=9) for model in ("gpt-4o", "gpt-5.4")]
    fixed = repaired(lines)

    assert fixed.count(b"max_completion_tokens") == 1
    assert repaired(lines, unsafe=True).count(b"max_completion_tokens") == 2


@pytest.mark.parametrize("limits", ["5, 'max_tokens': 6", "6, 'max_completion_tokens': null"])
def test_renaming_a_limit_renames_its_duplicates(limits: str) -> None:
    """Otherwise, the request would have both limits, which the API rejects."""
    data = line("a", CHAT).replace(
        b'"messages"',
        f'"max_tokens": {limits}, "max_tokens": 7, "messages"'.replace("'", '"').encode(),
    )
    after = repaired(data)

    assert check(data).ok
    assert check(after).ok
    assert b'"max_tokens"' not in after


def test_every_line_keeps_its_line_ending() -> None:
    text = WRONG.replace(b"\n", b"\r\n") + WRONG.replace(b'"a"', b'"b"').rstrip()
    fixed = repaired(text)

    assert fixed.count(b"\r\n") == 1
    assert not fixed.endswith(b"\n")


def test_truncated_lines_and_lines_that_are_not_utf8_are_kept() -> None:
    text = b'{"custom_id": "\xff"}\n' + line("c")[:50] + b"\n" + b"[1]\n"

    assert repaired(WRONG + text, unsafe=True) == RIGHT + text


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r\r\n", b" \r\n", b"\t", b""])
def test_whitespace_at_the_end_of_a_line_is_kept(end: bytes) -> None:
    assert repaired(WRONG.rstrip() + end) == RIGHT.rstrip() + end


def test_invalid_lines_in_several_chunks_are_fixed() -> None:
    good = b"".join(line(str(number)) for number in range(20_000))
    text = good + line("x").replace(b"POST", b"post") + b"\n"

    assert repaired(text) == good + line("x")


def test_array_that_is_read_in_several_chunks_becomes_lines() -> None:
    lines = [line(str(number), CHAT) for number in range(3000)]
    array = b"[" + b", \n ".join(each.rstrip() for each in lines) + b"]\n"

    assert repaired(array) == b"".join(lines)


def test_fault_is_fixed_in_any_number_of_lines() -> None:
    lines = [line(str(number), CHAT) for number in range(50)]

    assert repaired([each.replace(b"POST", b"post") for each in lines]) == b"".join(lines)


def test_line_that_never_becomes_valid_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fixing, "_MAX_ROUNDS", 1)

    assert repaired(WRONG) == WRONG


# -- lines that fix keeps, and whether check marks them -------------------------------------------

NOTES = b"# Notes\n\nBuy milk.\n"


@pytest.mark.parametrize("data", [NOTES, b"\n \n", b"", b'"text"\n\n[1]\n', b'{"a": \n\n'])
@pytest.mark.parametrize("unsafe", [False, True])
def test_file_without_an_object_is_not_changed_and_has_no_fix(data: bytes, unsafe: bool) -> None:
    report = fix(data, None, unsafe=unsafe)
    found = check(data)

    assert repaired(data, unsafe=unsafe) == data
    assert (report.fixed, report.has_objects) == ({}, False)
    assert found.fixable == {}
    for error in (*found.errors, *found.warnings, *iter_errors(data)):
        assert error.fix is None


@pytest.mark.parametrize("text", [b'{"a": 1},\n', b'{"a": NaN}\n', b"{}\n", "\ufeff{}\n".encode()])
def test_blank_lines_are_removed_from_files_with_objects(text: bytes) -> None:
    report = fix(text + NOTES, None)

    assert report.fixed["blank_line"] == 1
    assert report.has_objects
    assert check(text + NOTES).fixable["safe"] >= 1
    blank = next(error for error in iter_errors(text + NOTES) if error.rule == "blank_line")
    assert blank.fix is not None


def test_file_of_another_format_may_contain_objects() -> None:
    assert fix(b'{"messages": []}\n', None).has_objects


def test_deprecated_parameter_is_marked_only_if_fix_replaces_it() -> None:
    old = line("a", CHAT, model="gpt-4o", max_tokens=9)
    both = line("b", CHAT, model="gpt-4o", max_tokens=9, max_completion_tokens=9)
    found = [error for error in check(both + old).warnings if error.rule == "deprecated_parameter"]

    assert [(error.line, error.fix is not None) for error in found] == [(1, False), (2, True)]
    report = fix(both + old, None)
    assert report.fixed == {"deprecated_parameter": 1}
    assert "safe" not in report.report.fixable


def test_limit_is_renamed_for_a_provider_with_its_own_model_names() -> None:
    """An Azure deployment may have the name of a reasoning model."""
    old = line("a", CHAT, model="gpt-5.4", max_tokens=9)

    fixed = repaired(old, provider="azure", warn=["deprecated_parameter"])
    assert fixed == old.replace(b"max_tokens", b"max_completion_tokens")


@pytest.mark.parametrize(
    "data",
    [
        b'[\n{"a": 1},\n{"a": 1}' + b"\n" * 300_000 + b"7]",
        b'[\n  {"a": 1},\n' + b'{"a": 1},\n' * 60_000,
        "\ufeff{}\n".encode("utf-16-le") + b"\n\0" * 300_000 + b"\0\xd8",
    ],
    ids=["number at the end", "cut off", "half a pair at the end"],
)
def test_unconvertible_file_is_not_marked_as_fixable(data: bytes) -> None:
    report = check(data)

    assert len(report.errors) == 1
    assert report.errors[0].fix is None
    assert report.fixable == {}
    assert report.bytes == len(data)
    assert [error.fix for error in iter_errors(data)] == [None]
    assert fix(data, None).fixed == {}


def test_faults_in_very_deep_or_wide_lines_are_fixed() -> None:
    deep = b'"x": ' + b"[" * 200 + b"]" * 200 + b", "
    wide = b"".join(b'"x%d": 1, ' % number for number in range(30_000))
    for more in (deep, wide):
        text = line("a").replace(b'"method": "POST"', more + b'"method": "post"')
        assert fix(text, None, select=["invalid_method"]).fixed == {"invalid_method": 1}


def fix_nulls(count: int) -> None:
    """Fix a line with this many unknown parameters that are null."""
    nulls = {f"column_{number}": None for number in range(count)}
    assert fix(line("a", CHAT, **nulls), None).fixed == {"unknown_parameter": count}


def fix_functions(field: str, count: int) -> None:
    """Fix a line with this many functions, whose schemas need a fix."""
    schema = {"type": "object", "properties": {"a": {}}, "additionalProperties": False}
    items = [{"name": f"f{number}", "parameters": schema} for number in range(count)]
    tools = [{"type": "function", "function": {**each, "strict": True}} for each in items]
    data = line("a", CHAT, **{field: items if field == "functions" else tools})
    assert fix(data, None, unsafe=True).fixed


def fix_blank_lines(count: int) -> None:
    """Fix a file with this many blank lines."""
    target = io.BytesIO()
    assert fix(b" \n\r\n" * count + line("a", CHAT), target).fixed == {"blank_line": 2 * count}
    assert target.getvalue() == line("a", CHAT)


def fix_objects(count: int) -> None:
    """Fix a schema with this many objects."""
    schema = {"type": "object", "properties": {"a": {"type": "string"}}}
    root = {"type": "object", "properties": {f"p{number}": schema for number in range(count)}}
    form = {"type": "json_schema", "json_schema": {"name": "r", "strict": True, "schema": root}}
    report = fix(line("a", CHAT, response_format=form), None, unsafe=True)
    assert report.ok
    assert report.fixed == {"invalid_json_schema": 2 * count + 2}


@pytest.mark.parametrize(
    ("repair", "size"),
    [
        pytest.param(fix_nulls, 1000, id="nulls"),
        pytest.param(partial(fix_functions, "tools"), 200, id="tools"),
        pytest.param(partial(fix_functions, "functions"), 400, id="functions"),
        pytest.param(fix_blank_lines, 5000, id="blank lines"),
        pytest.param(fix_objects, 100, id="objects of a schema"),
    ],
)
def test_work_of_a_fix_grows_slower_than_the_square_of_its_size(
    repair: Callable[[int], object], size: int
) -> None:
    assert_linear_work(repair, size)


def test_equal_short_lines_are_repaired_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A check of each of a million tiny lines would take minutes."""
    checked = checked_bytes(monkeypatch)
    report = fix(b'{"a": 1},\n{"a": 1}\n' * 1000, None)

    assert report.fixed == {"invalid_json_line": 1000}
    assert checked() < 1000 * 30


def checked_bytes(monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    """Return a function that returns the number of bytes that the rounds have checked so far."""
    sizes = []

    def counting(chunk: bytes, *args: Any) -> Any:
        sizes.append(len(chunk))
        return check_chunk(chunk, *args)

    monkeypatch.setattr(fixing, "check_chunk", counting)
    return lambda: sum(sizes)


def test_rounds_are_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each round checks the whole line."""
    checked = checked_bytes(monkeypatch)
    data = line("a", CHAT, **dict.fromkeys(map(str, range(20_000)), None))

    assert repaired(data) == data
    assert checked() < 12 * len(data)


@pytest.mark.parametrize("per_tool", [2000, 40])
def test_many_objects_of_schemas_are_fixed_in_one_round(
    per_tool: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A check lists at most 100 problems of a schema, and 1,000 problems of a rule."""
    checked = checked_bytes(monkeypatch)
    schema = {
        "type": "object",
        "properties": {"a": {"anyOf": [{"type": "object"}] * per_tool}},
        "required": ["a"],
        "additionalProperties": False,
    }
    tools = [
        {"type": "function", "function": {"name": "f", "strict": True, "parameters": schema}}
    ] * (2000 // per_tool)
    data = line("a", CHAT, tools=tools)

    assert fix(data, None, unsafe=True).fixed == {"invalid_function_parameters": 2000}
    assert checked() < 6 * len(data)


def test_objects_of_schemas_are_fixed_only_if_their_rule_is_selected() -> None:
    schema = {"type": "object", "properties": {}, "required": []}
    tool = {"type": "function", "function": {"name": "f", "strict": True, "parameters": schema}}
    form = {
        "type": "json_schema",
        "json_schema": {"name": "r", "strict": True, "schema": schema},
    }
    data = line("a", CHAT, tools=[tool], response_format=form)
    fixed = json.loads(repaired(data, unsafe=True, ignore=["invalid_json_schema"]))["body"]

    assert "additionalProperties" in fixed["tools"][0]["function"]["parameters"]
    assert fixed["response_format"] == form


@pytest.mark.parametrize(
    ("strict", "expected"),
    [({}, False), ({"strict": None}, False), ({"strict": True}, True)],
    ids=str,
)
def test_moved_response_format_keeps_its_strict_mode(strict: Any, expected: bool) -> None:
    """Without `strict`, chat completions don't use strict mode, but /v1/responses does."""
    schema = {"type": "object", "properties": {}, "additionalProperties": False}
    form = {"type": "json_schema", "json_schema": {"name": "r", "schema": schema} | strict}
    data = line("a", "/v1/responses", input="Hi", response_format=form)
    body = json.loads(repaired(data))["body"]

    assert body["text"]["format"] == {
        "type": "json_schema",
        "name": "r",
        "schema": schema,
        "strict": expected,
    }


def test_line_after_a_byte_order_mark_is_fixed_even_if_the_mark_is_kept() -> None:
    text = "\ufeff".encode() + line("").replace(b"POST", b"post") + line("a")

    fixed = repaired(text, ignore=["byte_order_mark"], unsafe=True)
    assert fixed == "\ufeff".encode() + line("request-1") + line("a")


def test_mark_before_text_that_is_not_utf8_is_kept_and_has_no_fix() -> None:
    data = codecs.BOM_UTF8 + line("a", CHAT).replace(b"a", b"\xff", 1)

    assert repaired(data, unsafe=True) == data
    assert [error.fix for error in check(data).errors if error.rule == "byte_order_mark"] == [None]


def test_byte_order_mark_before_a_truncated_line_is_kept() -> None:
    text = line("a") + "\ufeff".encode() + line("b")[:40] + b"\n"

    assert check(text).fixable == {}
    assert repaired(text) == text


@pytest.mark.parametrize(
    "row",
    [
        b'{"url": "https://example.org", "text": "x", "author": null}\n',
        b'{"id": 7, "label": null}\n',
        b'{"subject": "x", "body": "Dear all", "cc": null}\n',
        b'{"body": [1], "method": "x", "note": null}\n',
        b'{"event": "push", "body": {"ref": "main"}, "user": null}\n',
        b'{"id": 2, "url": "https://example.org", "body": "{\\"a\\": 1}", "user": null}\n',
        b'{"event": "push", "payload": {"ref": "main"}, "url": "/v1/embeddings"}\n',
        b'{"method": "post", "url": "https://example.org/v1/responses", "status": 200}\n',
    ],
)
def test_row_of_another_format_keeps_its_fields(row: bytes) -> None:
    """A directory may contain other JSON Lines files."""
    assert check(row).fixable == {}
    assert repaired(row, unsafe=True) == row


@pytest.mark.parametrize(
    "row",
    [
        b'{"url": "/v1/responses", "body": {"input": "x"}, "user": null}\n',
        b'{"url": "/v1/responses", "body": "{\\"model\\": \\"m\\"}"}\n',
        b'{"custom_id": "a", "payload": {}}\n',
    ],
)
def test_row_that_resembles_a_request_gets_a_method(row: bytes) -> None:
    assert json.loads(repaired(row))["method"] == "POST"


def test_method_and_url_of_a_line_with_an_invalid_body_are_repaired() -> None:
    row = b'{"custom_id": "a", "method": "post", "url": "v1/responses/", "body": []}\n'

    assert repaired(row) == row.replace(b"post", b"POST").replace(
        b"v1/responses/", b"/v1/responses"
    )


def test_line_whose_body_is_missing_keeps_its_other_fields() -> None:
    text = line("a").replace(b'"body"', b'"content"')

    assert repaired(text, unsafe=True) == text


@pytest.mark.parametrize(
    ("model", "field", "value"),
    [("gpt-5", "temperature", 0), ("gpt-4.1", "tools", {}), ("gpt-4.1", "stream", True)],
)
def test_field_whose_value_the_body_does_not_accept_stays(
    model: str, field: str, value: object
) -> None:
    """Moving it would turn a valid request into an invalid one."""
    text = json.dumps(json.loads(line("a", CHAT, model=model)) | {field: value}).encode()

    assert check(text).ok
    assert check(text).fixable == {}
    assert repaired(text, unsafe=True) == text


# -- custom_ids -----------------------------------------------------------------------------------


@pytest.mark.parametrize("provider", ["together", "doubleword"])
def test_new_id_is_not_longer_than_the_provider_allows(provider: str) -> None:
    ids = ("x" * 64, "x" * 64, "x" * 63 + "y", "x" * 63 + "y", "a", "a")
    data = b"".join(line(each, CHAT, model="m") for each in ids)
    if provider == "together":
        rows = [json.loads(each) for each in data.splitlines()]
        data = b"".join(
            json.dumps({name: row[name] for name in ("custom_id", "body")}).encode() + b"\n"
            for row in rows
        )
    fixed = repaired(data, unsafe=True, provider=provider)

    after = [json.loads(each)["custom_id"] for each in fixed.splitlines()]
    assert after[1::2] == ["x" * 55 + "-2", "x" * 55 + "-3", "a-2"]
    assert check(fixed, provider=provider).ok


def test_new_id_is_unique_in_the_file() -> None:
    text = b"".join(line(custom_id) for custom_id in ("a", "a", "a", "a-2", "a-3"))
    fixed = repaired(text, unsafe=True)

    assert fixed == b"".join(line(custom_id) for custom_id in ("a", "a-4", "a-5", "a-2", "a-3"))


def test_new_id_avoids_ids_revealed_by_a_fix() -> None:
    text = line("a") + line("a").replace(b'"custom_id"', b'"id"') + line("a-2")

    assert repaired(text, unsafe=True) == line("a") + line("a-3") + line("a-2")


def test_custom_ids_are_changed_only_if_their_rules_are_enabled() -> None:
    text = line("a") * 2 + line("")

    assert repaired(text, unsafe=True, ignore=["duplicate_custom_id"]) == line("a") * 2 + line(
        "request-3"
    )
    assert repaired(text, unsafe=True, ignore=["empty_custom_id"]) == line("a") + line(
        "a-2"
    ) + line("")


def test_custom_id_of_another_type_is_not_replaced() -> None:
    text = line([1]) + line({}) + line("a")

    assert repaired(text, unsafe=True) == text


def test_new_id_keeps_the_characters_of_the_old_one_and_is_counted() -> None:
    text = json.dumps(request("é€😀"), ensure_ascii=False) + "\n"
    repeated = (text * 3).encode()
    report = fix(repeated, None, unsafe=True)

    assert report.fixed == {"duplicate_custom_id": 2}
    fixed = repaired(repeated, unsafe=True).decode()
    assert fixed.splitlines()[1:] == [text.replace("😀", f"😀-{n}").rstrip() for n in (2, 3)]


def test_equal_ids_are_replaced_in_time_proportional_to_their_number() -> None:
    """Searching from 2 for each line took minutes if all 50,000 lines had the same ID."""
    lookups: list[object] = []

    class Counted(set[str]):
        def __contains__(self, value: object) -> bool:
            lookups.append(value)
            return super().__contains__(value)

    new_ids = fixing.NewIds(["a", "a-2", "a-5"])
    assert [new_ids.new("a-", 2) for _ in range(4)] == ["a-3", "a-4", "a-6", "a-7"]

    new_ids._taken = Counted()
    for _ in range(100):
        new_ids.new("b-", 2)
    assert len(lookups) == 100


def test_new_ids_are_counted_per_rule() -> None:
    nameless = line("x").replace(b'"custom_id": "x", ', b"")
    report = fix(nameless * 2 + line("") * 3 + line("a") * 2, None, unsafe=True)

    assert report.fixed == {
        "missing_line_member": 2,
        "empty_custom_id": 3,
        "duplicate_custom_id": 1,
    }


# -- selection ------------------------------------------------------------------------------------


def test_only_selected_rules_are_fixed_and_reported() -> None:
    text = b"\n" + WRONG
    report = fix(text, None, select=["blank_line"])

    assert report.fixed == {"blank_line": 1}
    assert report.ok
    assert repaired(text, ignore=["invalid_method"]) == WRONG
    assert repaired(b" \n" + WRONG, ignore=["blank_line"]) == b" \n" + RIGHT


def test_retired_models_depend_on_the_date() -> None:
    text = line("a", CHAT, model="gpt-5-chat-latest")

    assert repaired(text, unsafe=True, now=datetime(2026, 1, 1, tzinfo=UTC)) == text
    assert repaired(text, unsafe=True) != text


# -- arguments ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "exception", "message"),
    [
        ({"endpoint": "/v1/x"}, ValueError, "'/v1/x' is not a batch endpoint; the batch"),
        ({"endpoint": 5}, TypeError, "endpoint must be a string, not int"),
        ({"name": 5}, TypeError, "name must be a string, not int"),
        ({"keep": -1}, ValueError, "keep must not be negative"),
        ({"jobs": 1.5}, TypeError, "jobs must be an integer"),
        ({"select": ["x"]}, ValueError, "unknown rule 'x'"),
        ({"provider": "x"}, ValueError, "unknown provider 'x'"),
        ({"start": "x"}, ValueError, "start must be"),
    ],
)
def test_invalid_argument_raises(
    options: dict[str, Any], exception: type[Exception], message: str
) -> None:
    with pytest.raises(exception, match=message):
        fix(WRONG, None, **options)


def test_missing_file_raises(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        fix(tmp_path / "missing.jsonl", None)
