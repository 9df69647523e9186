"""Recognize foreign formats, which are not batch input, from the first bytes of a file."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator
from typing import Any, Final

import orjson

from ..findings import Fix, Problem
from ..nesting import MAX_EXPLAINED_LEVELS, is_deeper_than, with_fresh_stack
from ..phrasing import listed
from ..providers import Provider, provider_index
from .registry import text_rule
from .text import BYTE_ORDER_MARK, Defect

#: The name for the output and error files of a batch in messages.
RESULT_OF_BATCH: Final = "the output or error file of a batch"

#: The maximum number of non-blank lines to inspect.
_LINES: Final = 20

#: Larger chunks are not decoded. Only a chunk with a very long line can be this large.
_MAX_BYTES: Final = 16_000_000

#: The beginnings of Git conflict markers. The lines between the markers show the format.
_CONFLICT: Final = (b"<<<<<<< ", b"||||||| ", b"=======", b">>>>>>> ")

_DECOMPRESS: Final = "Decompress it. The API accepts only uncompressed files."

#: The first bytes of formats that may contain requests, with the format's name and a hint.
_BEGINNINGS: Final = (
    (
        b"PK\x03\x04",
        "a ZIP archive or an Office document",
        "Unpack it, or export the table as JSON Lines.",
    ),
    (b"PAR1", "a Parquet file", "Export it as JSON Lines."),
    (
        b"\x1f\x8b",
        "a gzip file",
        "Decompress it. The API accepts only uncompressed files; batchlint can also read "
        ".jsonl.gz.",
    ),
    (b"\x28\xb5\x2f\xfd", "a Zstandard file", _DECOMPRESS),
    (b"\xfd7zXZ\0", "an xz file", _DECOMPRESS),
    (b"BZh", "a bzip2 file", _DECOMPRESS),
    (
        b"version https://git-lfs.github.com/spec/",
        "a Git LFS pointer",
        "Run `git lfs pull` to get the file. In GitHub Actions, set `lfs: true` for "
        "actions/checkout.",
    ),
)

_ZEROS_HINT: Final = (
    "Write the file again. A crash or a full disk may have interrupted the program that wrote it."
)

_CONVERT: Final = (
    'Write one request per line: {"custom_id": ..., "method": "POST", "url": ..., "body": {...}}.'
)


#: The byte order marks of UTF-16.
UTF16_MARKS: Final = (b"\xff\xfe", b"\xfe\xff")

_AS_UTF8: Final = Fix("safe", "Write the file as UTF-8.")
_AS_LINES: Final = Fix("safe", "Write one request per line.")


def find_foreign(head: bytes, provider: Provider | None = None) -> Defect | None:
    """Recognize a foreign format or encoding; None if the file may be a batch input file.

    Args:
        head: the first chunk of the file.
        provider: the provider that the file is for; None for OpenAI.
    """
    if head.startswith(b"\0\0") and not head.strip(b"\0\r\n"):
        return Defect("foreign", _ZEROS_HINT, "a file that contains only NUL bytes")
    if _is_utf32(head):
        return Defect("utf-32")
    if _is_utf16(head):
        return Defect("utf-16", fix=_AS_UTF8 if head.startswith(UTF16_MARKS) else None)
    for beginning, name, hint in _BEGINNINGS:
        if head.startswith(beginning):
            return Defect("foreign", hint, name)
    if len(head) > _MAX_BYTES:
        return _long_array(head.removeprefix(BYTE_ORDER_MARK))
    head = head.removeprefix(BYTE_ORDER_MARK)
    lines = [
        line
        for line in head.split(b"\n", 4 * _LINES)
        if line.strip() and not line.startswith(_CONFLICT)
    ][:_LINES]
    if not lines:
        return None
    found = _json_document(head, lines) or _rows(lines) or _text(lines)
    if found is None:
        return None
    name, hint = found
    if found == _SHORT_LINES:
        if provider is not None and not provider.needs_url:
            return None
        hint = f"{hint} {_short_lines_hint()}"
    return Defect("foreign", hint, name, fix=_AS_LINES if name in _JSON_DOCUMENTS else None)


@text_rule()
def not_a_batch_file(defect: Defect) -> Iterator[Problem]:
    """The file is in another known format, not a batch input file.

    The whole batch fails before any request runs.

    batchlint recognizes JSON arrays, pretty-printed JSON, fine-tuning rows, output and
    error files of a batch, the batch formats of Anthropic, Gemini, Amazon Bedrock and
    providers whose lines have only `custom_id` and `body`, CSV files, source code, web
    pages, compressed files, archives, Parquet files, Git LFS pointers, and files that
    contain only NUL bytes. It reports such a file once instead of once per line. For
    formats with one JSON object per line, each of the first 20 lines must match. Blank
    lines and Git conflict markers don't count.

    Fix: Convert the file to one request per line, as the hint describes. For an output
    or error file, check the input file instead.

    Evidence: inferred. Each of these formats either lacks fields that the API requires
    on every line (see `missing_line_member`) or does not have one JSON value per line
    (see `invalid_json_line`). The message is batchlint's own.
    """
    if defect.kind == "foreign":
        message = f"This is not a batch input file: it looks like {defect.name}."
        yield Problem(message, hint=defect.detail, fix=defect.fix)


def _is_utf32(head: bytes) -> bool:
    """Return whether a file is UTF-32, whose byte order mark begins like that of UTF-16."""
    return head.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)) or (
        head[:4].count(0) == head[4:8].count(0) == 3  # An ASCII character has three zero bytes.
    )


def _is_utf16(head: bytes) -> bool:
    return head.startswith(UTF16_MARKS) or (
        # Text has no NUL characters, so one of the two bytes of each character is not zero.
        len(head) >= 4
        and bool(head[:8].strip(b"\0"))
        and (head[1:8:2].strip(b"\0") == b"" or head[0:8:2].strip(b"\0") == b"")
    )


_ARRAY_NAME: Final = "a JSON array"
_PRETTY_NAME: Final = "pretty-printed JSON"
_JSON_DOCUMENTS: Final = (_ARRAY_NAME, _PRETTY_NAME)

_JSON_ARRAY: Final = (
    _ARRAY_NAME,
    "Write one item per line: `jq -c '.[]' FILE > requests.jsonl`.",
)


def _json_document(head: bytes, lines: list[bytes]) -> tuple[str, str] | None:
    """Recognize JSON that is not JSON Lines: an array, or pretty-printed JSON."""
    text = head.lstrip()
    if not text.startswith((b"[", b"{")):
        return None
    try:
        first = orjson.loads(lines[0])
    except ValueError:
        first = None
    if isinstance(first, list):
        if not first or not isinstance(first[0], dict) or text.strip().count(b"\n"):
            return None
        return _JSON_ARRAY
    if first is not None:
        return None
    opening = lines[0].strip().rstrip(b",")
    if text.startswith(b"["):
        if opening == b"[" or _spans_lines(text) or _begins_array(text):
            return _JSON_ARRAY
        return None
    if opening == b"{" or _spans_lines(text) or _begins_wrapper(lines):
        return (
            _PRETTY_NAME,
            "Write each request on one line: `jq -c . FILE > requests.jsonl`.",
        )
    return None


def _long_array(head: bytes) -> Defect | None:
    """Recognize an array on one line that is too long to decode. It may contain all requests."""
    if not re.match(rb"\s*\[\s*\{", head) or b"\n" in head.strip():
        return None
    name, hint = _JSON_ARRAY
    return Defect("foreign", hint, name, fix=_AS_LINES)


def _begins_array(text: bytes) -> bool:
    """Return whether the first line begins an array of objects that continues on the next line.

    The end of the array may be missing, because the text is only the beginning of the file.
    """
    line, newline, rest = text.partition(b"\n")
    line = line.strip()
    if line == b"[{":
        return True
    if not (newline and line.endswith(b",")) and not rest.lstrip().startswith(b","):
        return False
    try:
        items = orjson.loads(line.removesuffix(b",") + b"]")
    except ValueError:
        return False
    return bool(items) and isinstance(items[0], dict)


def _begins_wrapper(lines: list[bytes]) -> bool:
    """Return whether lines begin an object with an array of objects, such as `{"requests": [`.

    The end may be missing, because the lines are only the beginning of the file.
    """
    line = lines[0].strip()
    if line.endswith(b"["):
        return len(lines) > 1 and lines[1].strip().endswith((b",", b"{"))
    try:
        orjson.loads(line.removesuffix(b",") + b"]}")
    except ValueError:
        return False
    return line.endswith(b",")


def _spans_lines(text: bytes) -> bool:
    """Return whether the first JSON value continues after the first line."""
    decoded = text.decode("utf-8", "ignore")
    if is_deeper_than(MAX_EXPLAINED_LEVELS, decoded):
        return False
    try:
        _, end = with_fresh_stack(json.JSONDecoder().raw_decode, decoded)
    except ValueError:
        return False
    return "\n" in decoded[:end]


def _rows(lines: list[bytes]) -> tuple[str, str] | None:
    """Recognize lines that all have the same foreign shape."""
    shapes = set()
    for number, line in enumerate(lines, 1):
        try:
            row = orjson.loads(line)
        except ValueError:
            if number == len(lines) > 1:
                break  # The chunk may end in the middle of this line.
            return None
        shapes.add(_shape(row))
        if len(shapes) > 1 or None in shapes:
            return None
    return shapes.pop()


def _shape(row: Any) -> tuple[str, str] | None:
    """Return the foreign format of a row, and a hint; None if it may be a batch request."""
    if not isinstance(row, dict) or "url" in row or "method" in row:
        return None
    if "response" in row and "custom_id" in row:
        return (
            RESULT_OF_BATCH,
            "This file contains results. Check the input file of the batch instead.",
        )
    if "messages" in row and "body" not in row:
        return (
            "a fine-tuning file (`messages` at the top level)",
            f"{_CONVERT} Move these fields into the body, and add a model.",
        )
    if "params" in row and "custom_id" in row:
        return (
            "a batch for Anthropic's Message Batches API",
            f"{_CONVERT} Move the params into the body.",
        )
    if _is_for_gemini(row):
        return (
            "a batch for Gemini",
            f"{_CONVERT} Turn the request's contents into messages or input.",
        )
    if "modelInput" in row:
        return "a batch for Amazon Bedrock", f"{_CONVERT} Move the modelInput into the body."
    return _SHORT_LINES if row.keys() == {"custom_id", "body"} else None


def _short_lines_hint() -> str:
    """Return the hint to check the file for another provider."""
    names = [
        f"`--provider {name}`"
        for name, row in provider_index().items()
        if row["line"] == ["custom_id", "body"]
    ]
    return f"If the file is for another service, use {listed(names, 'or')}."


_SHORT_LINES: Final = (
    "a batch for a provider whose lines have only custom_id and body",
    'Add "method": "POST" and "url" to every line. OpenAI requires all four fields.',
)


def _is_for_gemini(row: dict[str, Any]) -> bool:
    """Return whether a row is a Gemini request, which may have a key, a custom_id or neither."""
    if "request" in row and ("key" in row or row.keys() == {"request"}):
        return True
    request = row.get("request")
    return isinstance(request, dict) and ("contents" in request or "generationConfig" in request)


#: The beginnings of source code lines, in languages that people use to write batch files.
_CODE: Final = rb"""(?x) \s* (
    \#!  | import\s+[\w{*"'.]  | from\s+[\w.]+\s+import\b  | def\s+\w+\(  | async\s+def\b  |
    class\s+\w+  | (const|let|var)\s+[\w{\[]  | (export|require)\b  | function\s*\w*\(  |
    package\s+\w+  | using\s+[\w.]+;  | \#include\b  | <\?php  | use\s+[\w:\\]+  |
    \w+\s*=\s*(\w+(\.\w+)*\(|\[|\{|"|') )"""
_MARKUP: Final = rb"(?i)\s*<(!doctype|html|\?xml|head|body)\b"

#: A file is source code if at least one in this many lines begins like source code.
_LINES_PER_CODE: Final = 4

#: The maximum length of a table's header, in bytes.
_MAX_HEADER_BYTES: Final = 4096


def _text(lines: list[bytes]) -> tuple[str, str] | None:
    """Recognize a text format other than JSON."""
    if any(line.lstrip().startswith((b'{"', b"[")) for line in lines):
        return None
    if re.match(_MARKUP, lines[0]):
        return (
            "a web page or XML",
            "A download may have failed. Open the file to see what it contains.",
        )
    if sum(re.match(_CODE, line) is not None for line in lines) * _LINES_PER_CODE >= len(lines):
        return "source code", "Run the program, and check the file that it writes."
    if _is_table(lines):
        return "a table (CSV)", f"{_CONVERT} Each row of the table becomes a request."
    return None


def _is_table(lines: list[bytes]) -> bool:
    """Return whether the first line is a header, and the next one has the same number of cells."""
    import csv  # Imported here because it is rarely needed.

    if len(lines[0]) > _MAX_HEADER_BYTES:
        return False
    text = [line.decode("utf-8", "replace").rstrip("\r") for line in lines[:2]]
    try:
        tables = [list(csv.reader(text, delimiter=delimiter)) for delimiter in (",", ";", "\t")]
    except csv.Error:
        return False
    return any(
        len(table) > 1
        and len(table[0]) == len(table[1]) > 1
        and all(re.fullmatch(r"[\w .()/-]{1,64}", cell) for cell in table[0])
        for table in tables
    )
