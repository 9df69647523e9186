"""Bounds on memory and work, so that no file takes more than its share."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Final, Generic, TypeVar

#: The default maximum size in bytes of a compressed file when decompressed, and of a file over
#: HTTP.
MAX_UNPACKED_BYTES: Final = 2_000_000_000

#: The default number of seconds to wait for the next bytes from a URL.
READ_TIMEOUT: Final = 120

#: Extra steps that checking the schemas of one line may take. A step takes about a microsecond.
MAX_EXTRA_STEPS: Final = 1_000_000


def raise_if_out_of_memory(error: ValueError) -> None:
    """Raise MemoryError if orjson could not decode a text because memory is short.

    orjson calls such a text invalid JSON, which would be a false finding.
    """
    if str(error).startswith("Not enough memory"):
        raise MemoryError from error


_K = TypeVar("_K", bound=Hashable)
_V = TypeVar("_V")


class ByteCache(Generic[_K, _V]):
    """Remembers values until they take too many bytes, and then forgets all of them.

    Keys from users' files may be as large as a line.

    Args:
        max_bytes: the maximum total size.
    """

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._bytes = 0
        self._values: dict[_K, _V] = {}
        self.get = self._values.get

    def get_or_make(self, key: _K, make: Callable[[_K], _V], size: Callable[[_K], int]) -> _V:
        """Return the value of a key. If it is unknown, make it and remember it.

        Args:
            key: the key.
            make: makes the value.
            size: the approximate size of both in bytes, given the key.
        """
        value = self.get(key)
        if value is None:
            value = make(key)
            self.put(key, value, size(key))
        return value

    def put(self, key: _K, value: _V, size: int) -> None:
        """Remember a value, unless it is too large.

        Args:
            key: the key.
            value: anything but None.
            size: the approximate size of both in bytes.
        """
        if size > self._max_bytes // 8:
            return
        if self._bytes + size > self._max_bytes:
            self._values.clear()
            self._bytes = 0
        self._bytes += size
        self._values[key] = value


class Budget:
    """The remaining steps for a line. Work is counted, not timed, to make reports reproducible."""

    __slots__ = ("left",)

    def __init__(self) -> None:
        self.left = MAX_EXTRA_STEPS

    def spend(self, steps: int) -> bool:
        """Spend steps. Return False, and spend none, if too few are left."""
        if steps > self.left:
            return False
        self.left -= steps
        return True
