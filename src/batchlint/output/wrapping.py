"""Fits text into the width of a terminal by wrapping or cutting it."""

from __future__ import annotations

import re
from typing import Final

#: A terminal is never treated as narrower than this many columns.
NARROWEST: Final = 60

#: The escape sequences of `click.style`, which take no room.
_STYLES: Final = re.compile(r"\x1b\[[\d;]*m")

#: The beginning of a block of documentation: a blank line, a section, a list item, or another line
#: of an example. Eight spaces continue the previous line.
_BEGINNING: Final = re.compile(r"$|(Fails|Passes|Fix|Evidence):|\* | {4}(?! {4})")


def wrap(text: str, width: int | None, indent: int = 4, first: int = 0) -> str:
    """Break a line between words if it is wider than the terminal.

    A word that is wider than the terminal is not broken, so that it can be copied.

    Args:
        text: one line, which may be colored.
        width: the columns of the terminal; None disables wrapping.
        indent: the number of spaces before all lines after the first.
        first: the number of columns before the text.
    """
    if width is None or first + width_of(text) <= width:
        return text
    lines: list[str] = []
    words: list[str] = []
    room = width - first
    for word in text.split(" "):
        wide = width_of(word)
        if words and wide > room:
            lines.append(" ".join(words))
            words = []
            room = width - indent
        words.append(word)
        room -= wide + 1
    return ("\n" + " " * indent).join([*lines, " ".join(words)])


def wrap_documentation(text: str, width: int | None) -> str:
    """Fill the paragraphs, the entries of lists and the examples of a rule's documentation."""
    if width is None:
        return text
    blocks: list[str] = []
    for line in text.split("\n"):
        begins = _BEGINNING.match(line)
        if begins or not blocks or not blocks[-1]:
            blocks.append(line)
        else:
            blocks[-1] += f" {line.strip()}"
    return "\n".join(wrap(block, width, _hanging(block)) for block in blocks)


def _hanging(block: str) -> int:
    """The indentation of the lines that continue a block."""
    if block.startswith("* "):
        return 2
    return 8 if block.startswith(("Fails:", "Passes:", "    ")) else 0


def width_of(text: str) -> int:
    """The number of terminal columns that a text takes."""
    text = _STYLES.sub("", text)
    return len(text) if text.isascii() else sum(map(character_width, text))


def character_width(character: str) -> int:
    """The number of terminal columns that a character takes."""
    import unicodedata  # Imported here because most text is ASCII.

    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
