"""Limits on the memory and work that an input can cost."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping
from typing import Any, Final, Generic, TypeVar

#: The default maximum size, in bytes, of a decompressed file, and of a file read over HTTP.
MAX_UNPACKED_BYTES: Final = 2_000_000_000

#: The default maximum number of seconds to wait for the next 64 KiB from a URL.
READ_TIMEOUT: Final = 120

#: The maximum number of extra steps for checking the user schemas in one line. A step takes about a
#: microsecond. `structured/work.py` defines which steps are extra.
MAX_EXTRA_STEPS: Final = 1_000_000


def raise_if_out_of_memory(error: ValueError) -> None:
    """Raise MemoryError if orjson failed because it ran out of memory.

    orjson raises the same exception for invalid JSON, so a valid line would get a finding.
    """
    if str(error).startswith("Not enough memory"):
        raise MemoryError from error


#: The classes of lean validators, by the class of the library. Each class is a reference cycle.
_lean_classes: Final[dict[Any, Any]] = {}


def lean_validator(draft: Any, schema: Mapping[str, Any], **options: Any) -> Any:
    """Create a validator of the `jsonschema` library that leaves no reference cycles behind.

    For `anyOf`, the library keeps all errors of all subschemas, in cycles. Lines of 4 MB took gigabytes
    of memory, and the command doesn't collect garbage.

    Args:
        draft: the library's class for a draft, such as `Draft202012Validator`.
        schema: the schema.
        options: the other arguments of the class.
    """
    lean = _lean_classes.get(draft)
    if lean is None:
        from jsonschema import validators

        extend: Any = validators.extend
        lean = _lean_classes[draft] = extend(draft, {"anyOf": _any_of})
    # With a declared dialect, the library would use its own class for references to the root.
    undeclared = {key: value for key, value in schema.items() if key != "$schema"}
    return lean(undeclared, **options)


def _any_of(validator: Any, subschemas: list[Any], value: Any, _: Any) -> Iterator[Any]:
    """Yield an error if a value matches no subschema."""
    from jsonschema import ValidationError

    if all(any(True for _ in validator.descend(value, subschema)) for subschema in subschemas):
        yield ValidationError(f"{value!r} is not valid under any of the given schemas")


_K = TypeVar("_K", bound=Hashable)
_V = TypeVar("_V")


class ByteCache(Generic[_K, _V]):
    """A cache whose size in bytes is limited. When it is full, it drops all its values.

    A limit on the number of entries would not limit memory, because keys from users' files may be
    as large as a line.

    Args:
        max_bytes: the maximum total size.
    """

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._bytes = 0
        self._values: dict[_K, _V] = {}
        self.get = self._values.get

    def get_or_make(self, key: _K, make: Callable[[_K], _V], size: Callable[[_K], int]) -> _V:
        """Return the value for a key. If it is not cached, make it and pass it to `put`.

        Args:
            key: the key.
            make: a function that makes the value from the key.
            size: a function that estimates the size of the key and its value, in bytes.
        """
        value = self.get(key)
        if value is None:
            value = make(key)
            self.put(key, value, size(key))
        return value

    def put(self, key: _K, value: _V, size: int) -> None:
        """Store a value, unless it would take more than an eighth of the cache.

        Args:
            key: the key.
            value: the value, which must not be None.
            size: the approximate size of the key and the value, in bytes.
        """
        if size > self._max_bytes // 8:
            return
        if self._bytes + size > self._max_bytes:
            self._values.clear()
            self._bytes = 0
        self._bytes += size
        self._values[key] = value


class Budget:
    """The number of steps left for a line. Counting steps, unlike timing, is reproducible."""

    __slots__ = ("left",)

    def __init__(self) -> None:
        self.left = MAX_EXTRA_STEPS

    def spend(self, steps: int) -> bool:
        """Spend steps and return True. If too few are left, spend none and return False."""
        if steps > self.left:
            return False
        self.left -= steps
        return True
