"""Wrapping between words to fit the terminal."""

from __future__ import annotations

import re

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from batchlint.output.wrapping import width_of, wrap, wrap_documentation

WORDS = st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\n\r\x1b")), max_size=30)


@given(WORDS, st.integers(60, 200), st.integers(0, 8), st.integers(0, 8))
def test_wrapping_changes_only_spaces(
    words: list[str], width: int, indent: int, first: int
) -> None:
    text = " ".join(words)
    rows = wrap(text, width, indent, first).split("\n")

    assert " ".join([rows[0], *(row[indent:] for row in rows[1:])]) == text
    for row in [" " * first + rows[0], *rows[1:]]:
        assert width_of(row) <= width or " " not in row.strip(" ")


def test_text_is_not_wrapped_if_the_width_is_unknown() -> None:
    assert wrap("word " * 100, None) == "word " * 100


def test_color_codes_do_not_count_toward_the_width() -> None:
    plain = "one two three four five six seven eight nine ten eleven twelve thirteen"
    styled = " ".join(click.style(word, fg="red") for word in plain.split())

    assert re.sub(r"\x1b\[\d*m", "", wrap(styled, 60)) == wrap(plain, 60)


@pytest.mark.parametrize(
    ("text", "width"),
    [("abc", 3), ("\u6f22\u5b57", 4), ("e\u0301", 1), ("\x1b[1mx\x1b[0m", 1), ("", 0)],
)
def test_width_counts_terminal_columns(text: str, width: int) -> None:
    assert width_of(text) == width


def test_documentation_is_joined_into_paragraphs_before_wrapping() -> None:
    text = (
        "One sentence that\ngoes on.\n\n* An entry that\n  goes on.\n* Another.\n\n"
        'Fails: {"a": 1,\n        "b": 2}\n    {"c": 3}\n\nFix: This.'
    )

    assert wrap_documentation(text, 200) == (
        "One sentence that goes on.\n\n* An entry that goes on.\n* Another.\n\n"
        'Fails: {"a": 1, "b": 2}\n    {"c": 3}\n\nFix: This.'
    )
    assert wrap_documentation(text, None) == text
