"""Values that were found to be fine, known again by their text: the lines of a file share their schemas."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import orjson

#: How many bytes of texts are kept: of values, and of those of them that are looked up in lists.
KEPT: Final = 2_000_000

#: By so many bytes of its beginning a value in a list is looked up; it is compared to its end.
_BEGINNING: Final = 96


class Known:
    """Values that were fine."""

    def __init__(self) -> None:
        self._texts: dict[int, bytes] = {}  # by their length
        self._items: dict[bytes, bytes] = {}  # by their beginning
        self._last = b""
        self._size = self._items_size = 0

    def has(self, value: Any) -> bool:
        """Whether a value is known; of texts of one length only the last one is."""
        try:
            text = orjson.dumps(value)
        except TypeError:  # nested more than 254 levels deep
            return False
        return self._texts.get(len(text)) == text

    def strangers(self, values: Sequence[Any]) -> Sequence[int]:
        """The places of the values in a list that may not be known.

        The list is encoded once.  An object in it is one that is known if their texts are equal up to the end of the
        known one, for no object's text is the beginning of another's.
        """
        try:
            text = orjson.dumps(values)
        except TypeError:
            return range(len(values))
        if text == self._last:
            return ()
        strangers = []
        items, at = self._items, 1  # after the bracket
        for place, value in enumerate(values):
            item = items.get(text[at:at + _BEGINNING])
            if item is None or not text.startswith(item, at):
                strangers.append(place)
                item = orjson.dumps(value)
            at += len(item) + 1  # and the comma
        if not strangers:
            self._last = text  # one alone: what is kept cannot be used again for the next line, while it is in the caches
        return strangers

    def add(self, value: Any) -> None:
        """Remember a value."""
        if self.has(value):
            return
        try:
            text = orjson.dumps(value)
        except TypeError:
            return
        self._size += len(text)
        if self._size > KEPT:
            self._texts.clear()
            self._size = len(text)
        self._texts[len(text)] = text
        if isinstance(value, dict) and len(text) >= _BEGINNING:
            self._items_size += len(text)
            if self._items_size > KEPT:
                self._items.clear()
                self._items_size = len(text)
            self._items[text[:_BEGINNING]] = text
