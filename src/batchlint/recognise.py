"""Recognising what is no batch input file at all, from its first bytes."""

from __future__ import annotations

from typing import Any

import orjson

from .decode import BOM, NOT_UTF8
from .deep import LEVELS, Decoder, is_deeper
from .findings import Found

#: How many of the first lines are looked at; and how long they may be, or nothing is recognised.
_LINES = 20
_LONGEST = 16_000_000

_CONVERT = 'Write one request a line: {"custom_id", "method": "POST", "url", "body"}.'


def recognise(head: bytes) -> Found | None:
    """The finding about a file that is another format; None if it may be a batch input file.

    Args:
        head: the first chunk of the file.
    """
    if _is_utf16(head):
        return Found("not_utf8", NOT_UTF8, hint="The file is UTF-16. Write it as UTF-8 (PowerShell: Out-File -Encoding utf8NoBOM).")
    if head.startswith(b"\x1f\x8b"):
        return Found("not_a_batch_file", "This is not a batch input file: it looks like a gzip file.",
                     hint="Unpack it; the API takes plain files. As FILE.jsonl.gz it is read packed.")
    if len(head) > _LONGEST:  # a chunk is that large only if its last line is; to decode it twice would take long
        return None
    head = head.removeprefix(BOM)
    lines = [line for line in head.split(b"\n", 4 * _LINES) if line.strip()][:_LINES]
    if not lines:
        return None
    form = _json_document(head, lines[0]) or _rows(lines)
    if form is None:
        return None
    what, hint = form
    return Found("not_a_batch_file", f"This is not a batch input file: it looks like {what}.", hint=hint)


def _is_utf16(head: bytes) -> bool:
    return head.startswith((b"\xff\xfe", b"\xfe\xff")) or (
        len(head) >= 4 and (head[1:8:2].strip(b"\0") == b"" or head[0:8:2].strip(b"\0") == b""))


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
        return "a JSON array", "Write its members one a line: `jq -c '.[]' FILE > requests.jsonl`."
    if first is not None:
        return None
    opening = line.strip().rstrip(b",")
    if text.startswith(b"["):
        if opening == b"[" or _spans_lines(text):
            return "a JSON array", "Write its members one a line: `jq -c '.[]' FILE > requests.jsonl`."
        return None
    if opening == b"{" or _spans_lines(text):
        return "pretty-printed JSON", "Write each request on a line of its own: `jq -c . FILE > requests.jsonl`."
    return None


def _spans_lines(text: bytes) -> bool:
    """Whether the first JSON value goes on after the first line."""
    decoded = text.decode("utf-8", "ignore")
    if is_deeper(decoded, LEVELS):
        return False
    try:
        _, end = Decoder().raw_decode(decoded)
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
    """What a row is, if it is a known one that is no batch request."""
    if not isinstance(row, dict) or "url" in row or "method" in row:
        return None
    if "response" in row and "custom_id" in row:
        return "the output or error file of a batch", "Check the input file; its results are in this one."
    if "messages" in row and "body" not in row:
        return "rows for fine-tuning (`messages` at the top)", f"{_CONVERT} What stands here goes into the body, with a model."
    if "params" in row and "custom_id" in row:
        return "a batch for Anthropic's Message Batches", f"{_CONVERT} The params go into the body."
    if "request" in row and ("key" in row or row.keys() == {"request"}):
        return "a batch for Gemini", f"{_CONVERT} The request's contents become messages or input."
    if "modelInput" in row:
        return "a batch for Amazon Bedrock", f"{_CONVERT} The modelInput goes into the body."
    if row.keys() == {"custom_id", "body"}:
        return ("a batch for a provider whose lines have only custom_id and body",
                'Add "method": "POST" and "url" to every line; OpenAI needs all four.')
    return None
