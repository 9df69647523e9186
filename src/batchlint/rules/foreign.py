"""Recognizes other file formats from the first bytes of a file."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

import orjson

from ..findings import Problem
from ..nesting import EXPLAINED_LEVELS, is_deeper_than, with_fresh_stack
from .registry import text_rule
from .text import BYTE_ORDER_MARK, Defect

#: Number of the first lines that must all look foreign.
_LINES: Final = 20

#: Longer beginnings are not decoded: a chunk is this large only if one line is.
_LONGEST: Final = 16_000_000

_CONVERT: Final = 'Write one request per line: {"custom_id", "method": "POST", "url", "body"}.'


def find_foreign(head: bytes) -> Defect | None:
    """Recognise a foreign format or encoding. None if the file may be a batch input file.

    Args:
        head: the first chunk of the file.
    """
    if _is_utf16(head):
        return Defect("utf-16")
    if head.startswith(b"\x1f\x8b"):
        hint = (
            "Decompress it; the API accepts only uncompressed files. batchlint reads FILE.jsonl.gz."
        )
        return Defect("foreign", hint, "a gzip file")
    if len(head) > _LONGEST:
        return None
    head = head.removeprefix(BYTE_ORDER_MARK)
    lines = [line for line in head.split(b"\n", 4 * _LINES) if line.strip()][:_LINES]
    if not lines:
        return None
    form = _json_document(head, lines[0]) or _rows(lines)
    if form is None:
        return None
    name, hint = form
    return Defect("foreign", hint, name)


@text_rule()
def not_a_batch_file(defect: Defect) -> Iterator[Problem]:
    """The file is not a batch input file, but has another known format.

    Such a file fails as a whole, so no request runs.

    batchlint recognizes JSON arrays, pretty-printed JSON, gzip files, fine-tuning rows,
    output and error files of a batch, and the batch formats of Anthropic, Gemini and
    Amazon Bedrock, among others. It reports such a file once instead of once per line.
    For a format with one row per line, each of the first 20 lines must match.

    Fix: Convert the file to one request per line, as the hint describes. For an output
    or error file, check the input file instead.

    Evidence: inferred. Each of these formats either lacks fields that the API requires
    on every line (see `missing_line_member`) or is not JSON line by line (see
    `invalid_json_line`). The message is batchlint's own.
    """
    if defect.kind == "foreign":
        message = f"This is not a batch input file: it looks like {defect.name}."
        yield Problem(message, hint=defect.detail)


def _is_utf16(head: bytes) -> bool:
    return head.startswith((b"\xff\xfe", b"\xfe\xff")) or (
        len(head) >= 4 and (head[1:8:2].strip(b"\0") == b"" or head[0:8:2].strip(b"\0") == b"")
    )


def _json_document(head: bytes, line: bytes) -> tuple[str, str] | None:
    """One JSON document over all lines: an array, or pretty-printed."""
    text = head.lstrip()
    if not text.startswith((b"[", b"{")):
        return None
    try:
        first = orjson.loads(line)
    except ValueError:
        first = None
    if isinstance(first, list):
        if not first or not isinstance(first[0], dict) or text.strip().count(b"\n"):
            return None
        return "a JSON array", "Write one item per line: `jq -c '.[]' FILE > requests.jsonl`."
    if first is not None:
        return None
    opening = line.strip().rstrip(b",")
    if text.startswith(b"["):
        if opening == b"[" or _spans_lines(text):
            return (
                "a JSON array",
                "Write one item per line: `jq -c '.[]' FILE > requests.jsonl`.",
            )
        return None
    if opening == b"{" or _spans_lines(text):
        return (
            "pretty-printed JSON",
            "Write each request on one line: `jq -c . FILE > requests.jsonl`.",
        )
    return None


def _spans_lines(text: bytes) -> bool:
    """Whether the first JSON value goes on after the first line."""
    decoded = text.decode("utf-8", "ignore")
    if is_deeper_than(EXPLAINED_LEVELS, decoded):
        return False
    try:
        _, end = with_fresh_stack(json.JSONDecoder().raw_decode, decoded)
    except ValueError:
        return False
    return "\n" in decoded[:end]


def _rows(lines: list[bytes]) -> tuple[str, str] | None:
    """Lines that are all of one foreign shape."""
    shapes = set()
    for number, line in enumerate(lines, 1):
        try:
            row = orjson.loads(line)
        except ValueError:
            if number == len(lines) > 1:
                break  # the chunk may end in the middle of it
            return None
        shapes.add(_shape(row))
        if len(shapes) > 1 or None in shapes:
            return None
    return shapes.pop()


def _shape(row: Any) -> tuple[str, str] | None:
    """The foreign format of a row; None if it may be a batch request."""
    if not isinstance(row, dict) or "url" in row or "method" in row:
        return None
    if "response" in row and "custom_id" in row:
        return (
            "the output or error file of a batch",
            "Check the input file instead; this file has its results.",
        )
    if "messages" in row and "body" not in row:
        return (
            "rows for fine-tuning (`messages` at the top)",
            f"{_CONVERT} Put these fields into the body, with a model.",
        )
    if "params" in row and "custom_id" in row:
        return (
            "a batch for Anthropic's Message Batches",
            f"{_CONVERT} Put the params into the body.",
        )
    if "request" in row and ("key" in row or row.keys() == {"request"}):
        return (
            "a batch for Gemini",
            f"{_CONVERT} Turn the request's contents into messages or input.",
        )
    if "modelInput" in row:
        return "a batch for Amazon Bedrock", f"{_CONVERT} Put the modelInput into the body."
    if row.keys() == {"custom_id", "body"}:
        return (
            "a batch for a provider whose lines have only custom_id and body",
            'Add "method": "POST" and "url" to every line; OpenAI needs all four.',
        )
    return None
