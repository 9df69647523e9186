"""Wrap text to the width of a terminal."""

from __future__ import annotations

import re
from typing import Final

#: The minimum width in columns. A narrower terminal is treated as having this width.
MIN_WIDTH: Final = 60

#: The escape sequences of `click.style`, which have no width.
_STYLES: Final = r"\x1b\[[\d;]*m"

#: The beginning of a block of documentation: a blank line, a section, a list item, or a new line of
#: an example. A line with eight spaces continues the previous one.
_BEGINNING: Final = r"$|(Fails|Passes|Fix|Evidence):|\* | {4}(?! {4})"


def wrap(text: str, width: int | None, indent: int = 4, first: int = 0) -> str:
    """Wrap a line between words if it is wider than the terminal.

    A word that is wider than the terminal is not broken, so that users can copy it.

    Args:
        text: one line, which may be colored.
        width: the width of the terminal in columns. None disables wrapping.
        indent: the number of spaces before all lines after the first.
        first: the number of columns before the text on the first line.
    """
    if width is None or first + width_of(text) <= width:
        return text
    lines: list[str] = []
    words: list[str] = []
    room = width - first
    for word in text.split(" "):
        columns = width_of(word)
        if words and columns > room:
            lines.append(" ".join(words))
            words = []
            room = width - indent
        words.append(word)
        room -= columns + 1
    return ("\n" + " " * indent).join([*lines, " ".join(words)])


def wrap_documentation(text: str, width: int | None) -> str:
    """Wrap the paragraphs, list items and examples of a rule's documentation."""
    if width is None:
        return text
    blocks: list[str] = []
    for line in text.split("\n"):
        starts_block = re.match(_BEGINNING, line)
        if starts_block or not blocks or not blocks[-1]:
            blocks.append(line)
        else:
            blocks[-1] += f" {line.strip()}"
    return "\n".join(wrap(block, width, _hanging_indent(block)) for block in blocks)


def _hanging_indent(block: str) -> int:
    """Return the indentation of the lines that continue a block."""
    if block.startswith("* "):
        return 2
    return 8 if block.startswith(("Fails:", "Passes:", "    ")) else 0


def width_of(text: str) -> int:
    """Return the width of a string in terminal columns."""
    text = re.sub(_STYLES, "", text)
    return len(text) if text.isascii() else sum(map(character_width, text))


def character_width(character: str) -> int:
    """Return the width of a character in terminal columns."""
    import unicodedata  # Imported here because most text is ASCII.

    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
