"""Messages quote at most 64 characters of a value, and no control characters."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import orjson
import pytest

import support
from batchlint import BatchError, check
from strategies import paths, replace_at
from support import URLS, fixture_files, request

#: A string in which no run of 65 characters occurs twice.
SECRET: Final = "".join(f"<{number:03}>" for number in range(60))
SECRET_PARTS: Final = {SECRET[start : start + 65] for start in range(len(SECRET) - 64)}

MAX_ITEMS: Final = 20

#: Control characters, a line separator and a right-to-left override could manipulate a terminal.
HOSTILE: Final = "".join(map(chr, (*range(0x20), *range(0x7F, 0xA0)))) + support.HOSTILE


def findings(data: bytes) -> list[BatchError]:
    """Return every finding about a file."""
    report = check(data, keep=0, warn=["duplicate_key"])
    return [*report.errors, *report.warnings]


def lines_with_text(case: Any, text: str) -> Iterator[bytes]:
    """Yield lines, each with one value of the request replaced by a string. Half are truncated.

    Of a list, only the first items are replaced, because the others are like them.
    """
    for path in paths(case):
        if path and all(isinstance(part, str) or part < MAX_ITEMS for part in path):
            yield json.dumps(replace_at(case, path, text)).encode()
            broken = json.dumps(replace_at(case, path, [text]), ensure_ascii=False)
            yield broken.encode("utf-8", "surrogatepass")[:-3]


def decode(text: bytes) -> Any:
    """Return the decoded line, or None if it is not JSON."""
    try:
        return orjson.loads(text)
    except ValueError:
        return None


def quotes_too_much(text: str) -> bool:
    """Return whether a string contains more than 64 consecutive characters of the secret."""
    return any(text[start : start + 65] in SECRET_PARTS for start in range(len(text) - 64))


def test_quote_of_more_than_64_characters_is_detected() -> None:
    assert quotes_too_much(f"It is '{SECRET[7:72]}'.")
    assert not quotes_too_much(f"It is '{SECRET[7:71]}'.")


@pytest.mark.parametrize(
    "path",
    fixture_files("valid", "invalid"),
    ids=lambda path: f"{path.parent.name}/{path.name}",
)
def test_messages_quote_at_most_64_characters_of_a_value(path: Path) -> None:
    cases = [
        case for text in path.read_bytes().split(b"\n") if isinstance(case := decode(text), dict)
    ]
    for case in cases:
        for data in lines_with_text(case, SECRET):
            for error in findings(data):
                assert not quotes_too_much(error.message), error
                assert not quotes_too_much(error.hint or ""), error


@pytest.mark.parametrize("url", URLS)
def test_control_characters_are_escaped(url: str) -> None:
    case = request(url=url)
    body = case["body"]
    rows = [
        case | {HOSTILE: 1},
        case | {"body": body | {HOSTILE: 1}},
        case | {"body": body | {"metadata": {HOSTILE * 3: 1}}},
        case | {"url": HOSTILE},
        case | {"method": HOSTILE},
    ]
    lines = [*lines_with_text(case, HOSTILE), *(json.dumps(row).encode() for row in rows)]
    errors = [error for data in lines for error in findings(data)]

    assert len(errors) > 10
    for error in errors:
        for text in (error.message, error.param or "", error.hint or ""):
            assert not set(HOSTILE) & set(text), error
