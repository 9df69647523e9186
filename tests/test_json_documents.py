"""JSON arrays, pretty-printed JSON and UTF-16, turned into lines."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batchlint.json_documents import NotConvertibleError, as_lines, as_requests, as_utf8

Convert = Callable[[Iterator[bytes]], Iterator[bytes]]


def in_chunks(data: bytes, size: int) -> Iterator[bytes]:
    for start in range(0, len(data), size):
        yield data[start : start + size]


def converted(convert: Convert, data: bytes, size: int = 1 << 20) -> bytes:
    return b"".join(convert(in_chunks(data, size)))


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b'[{"a": 1.0},{"b":[ 1,{}]} ]\n', b'{"a": 1.0}\n{"b":[ 1,{}]}\n'),
        (b'\xef\xbb\xbf[\n {"a":\n  1,\r\n  "b": 2\n }\n]', b'{"a":1, "b": 2}\n'),
        (b'{\n"a": "]}\\"\\\\"\n}\n{\n"b": [\n1\n]\n}\n', b'{"a": "]}\\"\\\\"}\n{"b": [1]}\n'),
        ('[{"é\\n": "[{"}]'.encode(), '{"é\\n": "[{"}\n'.encode()),
        (b'[{"a": 12345678901234567890.10}]', b'{"a": 12345678901234567890.10}\n'),
    ],
)  # fmt: skip
def test_each_object_becomes_a_line_and_keeps_its_text(
    before: bytes, after: bytes, size: int
) -> None:
    assert converted(as_lines, before, size) == after


@pytest.mark.parametrize("size", [1, 3, 1000])
@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b'[{"a": 1}',
        b'[{"a": 1},',
        b'[{"a": 1}]]',
        b'[{"a": 1}]\x0b',
        b'[{"a": 1}], {"b": 2}',
        b'[{"a": 1}\x0b]',
        b'[{"a": 1}] {}',
        b'[{"a": 1}] "x"',
        b'[{"a": 1} {"b": 2}]',
        b'[{"a": 1}, 2]',
        b'[{"a": 1}, "x"]',
        b'[[{"a": 1}]]',
        b'[1, {"a": 1}]',
        b'{"a": 1}, {"b": 2}',
        b'{"a": ',
        b'{"a": "x',
        b"}{",
        b'"x"',
        b'x {"a": 1}',
        b'{"a": 1} x',
        b'{"a": 01}',
        b'{"a": "x\ny"}',
        b"{]",
        b'[{"a": 1}}',
    ],
)
def test_unconvertible_data_raises_not_convertible_error(data: bytes, size: int) -> None:
    with pytest.raises(NotConvertibleError):
        converted(as_lines, data, size)


@pytest.mark.parametrize("field", ["custom_id", "method", "url", "body"])
def test_requests_are_recognized_by_a_field(field: str) -> None:
    requests = [{field: "x"}, {"other": 1}]
    document = json.dumps(requests).encode()

    lines = converted(as_requests, document).splitlines()
    assert [json.loads(line) for line in lines] == requests


@pytest.mark.parametrize(
    "document", [b'{\n"name": "x"\n}', b'[{"name": "x"}, {"body": {}}]', b"[]"]
)
def test_other_documents_are_not_converted_to_requests(document: bytes) -> None:
    with pytest.raises(NotConvertibleError):
        converted(as_requests, document)


VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**40), 2**40) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)
OBJECTS = st.lists(st.dictionaries(st.text(), VALUES, max_size=3), min_size=1, max_size=4)


@given(OBJECTS, st.sampled_from([None, 0, 1, 4]), st.booleans(), st.integers(1, 50))
def test_lines_are_equivalent_to_the_document(
    objects: list[dict[str, Any]], indent: int | None, ascii_only: bool, size: int
) -> None:
    document = json.dumps(objects, indent=indent, ensure_ascii=ascii_only).encode()
    single = b"\n".join(json.dumps(each, indent=indent).encode() for each in objects)

    for data in (document, single):
        lines = converted(as_lines, data, size).split(b"\n")
        assert [json.loads(line) for line in lines[:-1]] == objects
        assert lines[-1] == b""


@pytest.mark.parametrize("size", [2, 3, 1000])
@pytest.mark.parametrize(
    ("mark", "encoding"), [(b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be")]
)
def test_utf16_with_a_mark_becomes_utf8(mark: bytes, encoding: str, size: int) -> None:
    text = "aé\u20ac\U0001f600\n"

    assert converted(as_utf8, mark + text.encode(encoding), size) == text.encode()


@pytest.mark.parametrize(
    "data", [b"a\0", b"\xff\xfea", b"\xff\xfe\x00\xd8", b"\xff\xfe\x00\xdca\0"]
)
def test_broken_utf16_raises_not_convertible_error(data: bytes) -> None:
    with pytest.raises(NotConvertibleError):
        converted(as_utf8, data)
