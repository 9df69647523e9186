"""JSON for the machine-readable formats."""

from __future__ import annotations

from typing import Any

import orjson

from ..phrasing import escape_document


def to_json_document(value: Any, *, indent: bool = False) -> str:
    """Encode a value as JSON with a newline. Characters that may control a terminal are escaped."""
    text = orjson.dumps(value, option=orjson.OPT_INDENT_2 if indent else None).decode()
    return escape_document(text, _json_escape) + "\n"


def _json_escape(character: str) -> str:
    """Return a character as JSON escapes of its UTF-16 code units."""
    units = character.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))
