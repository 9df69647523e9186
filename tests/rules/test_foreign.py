"""Files of another format or encoding are recognized and reported once."""

from __future__ import annotations

import gzip
import json
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from batchlint import check
from batchlint.rules import RULES
from batchlint.rules.foreign import find_foreign
from batchlint.rules.text import BYTE_ORDER_MARK, Defect
from batchlint.sources import MAX_HEAD_BYTES
from rules.helpers import each
from support import fixture_files, line

GOOD = line("b").rstrip(b"\n")


def rows(*values: Any) -> bytes:
    """Return values as JSON Lines."""
    return b"".join(json.dumps(value).encode() + b"\n" for value in values)


# -- find_foreign ---------------------------------------------------------------------------------


class Format(NamedTuple):
    name: str
    row: dict[str, Any]
    format_name: str
    hint: str


FORMATS = [
    Format("result", {"custom_id": "a", "response": None}, "output or error file", "input file"),
    Format("fine-tuning", {"messages": []}, "fine-tuning", "body"),
    Format("Anthropic", {"custom_id": "a", "params": {}}, "Anthropic", "params"),
    Format("Gemini with a key", {"key": "a", "request": {}}, "Gemini", "contents"),
    Format("Gemini without a key", {"request": {}}, "Gemini", "contents"),
    Format("Bedrock", {"recordId": "a", "modelInput": {}}, "Bedrock", "modelInput"),
    Format("no method and url", {"custom_id": "a", "body": {}}, "only custom_id and body", "url"),
]


@each(FORMATS)
def test_rows_of_another_format_are_recognized(case: Format) -> None:
    defect = find_foreign(rows(case.row, case.row))

    assert defect is not None
    assert defect.kind == "foreign"
    assert case.format_name in defect.name
    assert case.hint in defect.detail
    assert find_foreign(rows(case.row)) == defect


@each(FORMATS)
def test_rows_with_a_url_or_a_method_are_not_foreign(case: Format) -> None:
    assert find_foreign(rows(case.row | {"url": "/v1/embeddings"})) is None
    assert find_foreign(rows(case.row | {"method": "POST"})) is None


@each(FORMATS)
def test_rows_of_two_formats_are_not_foreign(case: Format) -> None:
    other = FORMATS[0].row if case.row != FORMATS[0].row else FORMATS[1].row

    assert find_foreign(rows(case.row, other)) is None
    assert find_foreign(rows(case.row) + GOOD) is None


def test_only_the_first_twenty_rows_are_inspected() -> None:
    foreign: list[Any] = [{"messages": []}] * 19

    assert find_foreign(rows(*foreign) + GOOD) is None
    assert find_foreign(rows(*foreign, {"messages": []}) + GOOD) is not None


def test_last_row_of_the_chunk_may_be_cut_off() -> None:
    assert find_foreign(rows({"messages": []}) + b'{"messages": [') is not None
    assert find_foreign(b'{"messages": [') is None
    assert find_foreign(b'{"messages": [\n' + rows({"messages": []})) is None


class Document(NamedTuple):
    name: str
    head: bytes
    format_name: str | None


@each(
    [
        Document("array on one line", b'[{"custom_id": "a"}, {"custom_id": "b"}]\n', "JSON array"),
        Document("array, one object per line", b'[\n{"custom_id": "a"},\n{}\n]\n', "JSON array"),
        Document("array, pretty-printed", b'[\n  {\n    "a": 1\n  }\n]\n', "JSON array"),
        Document("array that starts with an object", b'[{"a": 1},\n{"b": 2}]\n', "JSON array"),
        Document("array cut after a comma", b'[{"a": 1},\n{"b": 2', "JSON array"),
        Document("array cut after its first line", b' [ {"a": 1},\r\n', "JSON array"),
        Document("array cut after lines of commas", b'[{"a": 1}\n,{"b": 2}\n,{', "JSON array"),
        Document("array cut in its first object", b'[{\n  "a": 1,\n  "b": "', "JSON array"),
        Document("array in an object", b'{"a": [\n{"b": 1},\n{"b": 2', "pretty-printed"),
        Document("pretty array in an object", b'{"a": [\n{\n "b": 1,', "pretty-printed"),
        Document("array on the line of its key", b'{"a": [{"b": 1},\n{"b":', "pretty-printed"),
        Document("object, pretty-printed", b'{\n  "a": 1\n}\n', "pretty-printed"),
        Document("object over two lines", b'{"a": 1,\n"b": 2}\n', "pretty-printed"),
        Document("empty array", b"[]\n", None),
        Document("array of numbers", b"[1]\n", None),
        Document("array before other lines", b'[{"a": 1}]\n' + GOOD, None),
        Document("unfinished array", b'[{"a": 1},', None),
        Document("unfinished array before other lines", b'[{"a": 1}\n' + GOOD, None),
        Document("unfinished array of numbers", b"[1,\n2,\n3", None),
        Document("unfinished object", b'{"a": 1,\n' + GOOD, None),
        Document("unfinished array in an object", b'{"a": [\n' + GOOD, None),
        Document("unfinished array in an array", b'{"a": [[1,\n' + GOOD, None),
        Document("empty object", b"{}\n", None),
        Document("text", b"text\n", None),
        Document("number", b"17\n", None),
        Document("blank lines", b"\n \n", None),
        Document("nothing", b"", None),
        Document("nested too deep", b'{"a":' + b"[" * 2000 + b"\n", None),
    ]
)
def test_json_document_over_several_lines_is_recognized(case: Document) -> None:
    defect = find_foreign(case.head)

    if case.format_name is None:
        assert defect is None
    else:
        assert defect is not None
        assert (defect.kind, case.format_name in defect.name) == ("foreign", True)
        assert "jq" in defect.detail


CSV = b"id,prompt\n1,Hi\n2,Ho\n"
GEMINI = rows({"custom_id": "a", "request": {"contents": [{"parts": [{"text": "Hi"}]}]}})


class OtherFormat(NamedTuple):
    name: str
    head: bytes
    format_name: str


@each(
    [
        OtherFormat("commas", CSV, "a table"),
        OtherFormat("semicolons", b"id;prompt\n1;Hi\n", "a table"),
        OtherFormat("tabs", b"id\tprompt\r\n1\tHi\r\n", "a table"),
        OtherFormat("JSON in a cell", b'custom_id,body\na,"{""model"": ""m""}"\n', "a table"),
        OtherFormat("Gemini with a custom_id", GEMINI, "Gemini"),
        OtherFormat(
            "conflict",
            b"<<<<<<< HEAD\n" + GEMINI + b"=======\n" + GEMINI + b">>>>>>> x\n",
            "Gemini",
        ),
        OtherFormat("script", b"#!/usr/bin/env python3\nimport openai\n", "source code"),
        OtherFormat("JavaScript", b"import fs from 'fs'\nconst a = 1\n", "source code"),
        OtherFormat(
            "Python with a docstring",
            b'"""Make a batch."""\nfrom openai import OpenAI\nclient = OpenAI()\n',
            "source code",
        ),
        OtherFormat("HTML", b"<!DOCTYPE html>\n<html>\n", "a web page"),
        OtherFormat("ZIP", b"PK\x03\x04rest", "a ZIP archive"),
        OtherFormat("Parquet", b"PAR1rest", "a Parquet file"),
        OtherFormat("Zstandard", b"\x28\xb5\x2f\xfdrest", "a Zstandard file"),
        OtherFormat("xz", b"\xfd7zXZ\0rest", "an xz file"),
        OtherFormat("bzip2", b"BZh91AY&SY", "a bzip2 file"),
        OtherFormat(
            "Git LFS",
            b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 9\n",
            "a Git LFS pointer",
        ),
    ]
)
def test_other_formats_are_recognized(case: OtherFormat) -> None:
    defect = find_foreign(case.head)

    assert defect is not None
    assert (defect.kind, case.format_name in defect.name) == ("foreign", True)
    assert defect.detail


class BrokenBatch(NamedTuple):
    name: str
    head: bytes


@each(
    [
        BrokenBatch("line", line("a")),
        BrokenBatch("conflict", b"<<<<<<< HEAD\n" + line("a")),
        BrokenBatch("comment", b"// a comment\n" + line("a")),
        BrokenBatch("single quotes", b"{'custom_id': 'a'}\n"),
        BrokenBatch("word", b"hello\n"),
        BrokenBatch("words with a comma", b"hello, world\n"),
        BrokenBatch(
            "request without contents", rows({"custom_id": "a", "request": {"model": "m"}})
        ),
        BrokenBatch("line that is cut off", line("a")[:-5]),
        BrokenBatch("blank line first", b"\n" + line("a")),
        BrokenBatch("comma after the object", line("a").rstrip() + b",\n" + line("b")),
    ]
)
def test_broken_lines_are_not_foreign(case: BrokenBatch) -> None:
    assert find_foreign(case.head) is None


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_utf16_is_recognized(encoding: str) -> None:
    for text in (line("a").decode(), "[]\n"):
        defect = find_foreign(text.encode(encoding))
        assert defect is not None
        assert defect.kind == "utf-16"
        assert (defect.fix is not None) == (
            encoding == "utf-16"
        )  # Only this one has a byte order mark.


@pytest.mark.parametrize("encoding", ["utf-32", "utf-32-le", "utf-32-be"])
def test_utf32_is_not_mistaken_for_utf16(encoding: str) -> None:
    """Otherwise, `fix` would leave three zero bytes around each character."""
    for text in (line("a").decode(), "[]\n", "\ufeff{}\n"):
        assert find_foreign(text.encode(encoding)) == Defect("utf-32")


@pytest.mark.parametrize("head", [b"\0" * 2, b"\0" * 4096, b"\0" * 4096 + b"\r\n"])
def test_file_of_null_bytes_is_not_recognized_as_utf16(head: bytes) -> None:
    defect = find_foreign(head)

    assert defect is not None
    assert (defect.kind, defect.name) == ("foreign", "a file that contains only NUL bytes")
    assert find_foreign(b"\0" * 8 + line("a")) is None


def test_utf16_is_not_mistaken_for_short_or_binary_input() -> None:
    assert find_foreign(b"a\0") is None
    assert find_foreign(b"a\0b\0c") == Defect("utf-16")
    assert find_foreign(b"a\0bc") is None


def test_gzip_is_recognized() -> None:
    defect = find_foreign(gzip.compress(line("a")))

    assert defect is not None
    assert (defect.kind, defect.name) == ("foreign", "a gzip file")


def test_byte_order_mark_and_blank_lines_before_the_format_are_skipped() -> None:
    assert find_foreign(BYTE_ORDER_MARK + rows({"messages": []})) is not None
    assert find_foreign(b"\n \r\n" + rows({"messages": []})) is not None


def test_very_long_first_line_is_not_decoded() -> None:
    assert find_foreign(rows({"messages": ["x" * 15_900_000]})) is not None
    assert find_foreign(rows({"messages": ["x" * 16_000_000]})) is None


@pytest.mark.parametrize("before", [b"", BYTE_ORDER_MARK, b" \r\n"])
def test_array_on_a_very_long_line_is_recognized(before: bytes) -> None:
    """A program may write all requests as one array."""
    defect = find_foreign(before + b'[ {"custom_id": "' + b"x" * MAX_HEAD_BYTES)

    assert defect is not None
    assert defect.name == "a JSON array"
    assert defect.fix is not None


@pytest.mark.parametrize("before", [b"[1, ", b"[{}]\n[{", b'{"a": [{'])
def test_other_very_long_lines_are_not_arrays_of_requests(before: bytes) -> None:
    assert find_foreign(before + b'"custom_id": "' + b"x" * MAX_HEAD_BYTES) is None


def test_rule_names_the_format_and_keeps_the_hint() -> None:
    [problem] = RULES["not_a_batch_file"].check(Defect("foreign", "Convert it.", "a sonnet"))

    assert problem.message == "This is not a batch input file: it looks like a sonnet."
    assert (problem.hint, problem.param, problem.path) == ("Convert it.", None, None)


# -- whole files ----------------------------------------------------------------------------------

FOREIGN_FILES = [path for path in fixture_files("foreign") if not path.name.startswith("utf")]


@pytest.mark.parametrize("path", FOREIGN_FILES, ids=lambda path: path.name)
def test_foreign_file_is_recognized_with_any_line_ending_or_mark(path: Path) -> None:
    data = path.read_bytes()

    for variant in (
        data,
        data.replace(b"\n", b"\r\n"),
        BYTE_ORDER_MARK + data,
        b"\n\n" + data,
        data.rstrip(b"\n"),
    ):
        assert [error.rule for error in check(variant).errors] == ["not_a_batch_file"], variant[:80]


def test_long_foreign_file_has_one_finding() -> None:
    row = rows({"messages": [{"role": "user", "content": "x" * 500}]})

    report = check(row * 5000)

    assert [(error.rule, error.line) for error in report.errors] == [("not_a_batch_file", None)]
    assert report.bytes == 5000 * len(row)
    assert report.request_counts["failed"] == 0


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"[]\n", id="array"),
        pytest.param(b"{}\n", id="object"),
        pytest.param(b"[1]\n" + line("a"), id="array before a request"),
        pytest.param(b'{"messages": []}\n' + line("a"), id="messages before a request"),
        pytest.param(line("a") + b'{"messages": []}\n', id="messages after a request"),
        pytest.param(b'{"custom_id": "a", "method": "POST", "body": {}}\n', id="no url"),
        pytest.param(b'{"custom_id": "a", "url": "/v1/embeddings", "body": {}}\n', id="no method"),
        pytest.param(GOOD[:40] + b"\n" + line("a"), id="cut line"),
        pytest.param(b"\n", id="blank"),
        pytest.param(b"text\n", id="text"),
        pytest.param(b"17\n", id="number"),
    ],
)
def test_batch_file_with_errors_is_not_foreign(data: bytes) -> None:
    report = check(data)

    assert report.errors
    assert "not_a_batch_file" not in {error.rule for error in report.errors}


def test_lines_of_a_foreign_file_are_checked_if_the_rule_is_disabled() -> None:
    [path] = [path for path in FOREIGN_FILES if path.name == "fine_tuning.jsonl"]
    data = path.read_bytes()

    errors = check(data, ignore=["not_a_batch_file"]).errors

    assert {(error.rule, error.line) for error in errors} >= {
        ("missing_line_member", 1),
        ("missing_line_member", 2),
    }
    assert check(data, ignore=["not_a_batch_file"], create={"completion_window": "1h"}).total == 2


def test_gzip_stream_is_recognized() -> None:
    (error,) = check(BytesIO(gzip.compress(line("a")))).errors

    assert (error.rule, error.line) == ("not_a_batch_file", None)
    assert "gzip" in error.message
    assert ".jsonl.gz" in (error.hint or "")
