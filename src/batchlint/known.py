"""Values that were found to be fine, recognised by their text: the lines of a file share their schemas."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import orjson

#: How many bytes of texts are kept in each of the two tables.
MOST_BYTES: Final = 2_000_000

#: By so many bytes of its beginning a value in a list is looked up; then it is compared to its end.
_BEGINNING: Final = 96


class Known:
    """Values that were fine."""

    def __init__(self) -> None:
        self._texts: dict[int, bytes] = {}  # by length: to compare two texts is quicker than to hash one
        self._items: dict[bytes, bytes] = {}  # by beginning
        self._texts_size = self._items_size = 0
        self._last = b""

    def strangers(self, values: Sequence[Any]) -> Sequence[int]:
        """The places of the values that may not be known; of values of one length only the last one added is.

        Several values are encoded in one go.  An object among them is a known one if their texts are equal up to the
        end of the known one, for no object's text is the beginning of another's.
        """
        try:
            text = orjson.dumps(values)
        except TypeError:  # nested more than 254 levels deep
            return range(len(values))
        if text == self._last:
            return ()
        strangers = []
        items, texts, at = self._items, self._texts, 1  # after the bracket
        for place, value in enumerate(values):
            item = items.get(text[at:at + _BEGINNING])
            if item is None or not text.startswith(item, at):
                item = orjson.dumps(value)
                if texts.get(len(item)) != item:
                    strangers.append(place)
            at += len(item) + 1  # and the comma
        if not strangers:
            self._last = text  # only one: memory that is kept cannot be used for the next line while it is cached
        return strangers

    def add(self, value: Any) -> None:
        """Remember a value."""
        try:
            text = orjson.dumps(value)
        except TypeError:  # see above
            return
        self._texts_size = _added(self._texts, len(text), text, self._texts_size)
        if isinstance(value, dict) and len(text) >= _BEGINNING:
            self._items_size = _added(self._items, text[:_BEGINNING], text, self._items_size)


def _added(table: dict[Any, bytes], key: Any, text: bytes, size: int) -> int:
    """Add a text to a table of so many bytes, which is emptied first where they would be too many; how many it has then."""
    size += len(text) - len(table.get(key, b""))
    if size > MOST_BYTES:
        table.clear()
        size = len(text)
    table[key] = text
    return size
