"""A unified diff of a file before and after its fixes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Final, NamedTuple

#: The number of unchanged lines around a change.
_CONTEXT: Final = 3

_BLANKS: Final = b" \t\r\n"

#: Yields the lines of a file from the beginning.
Lines = Callable[[], Iterable[bytes]]


class _Row(NamedTuple):
    """A line before and after. None if it was added or removed."""

    old: bytes | None
    new: bytes | None


def unified(path: str, old: Lines, new: Lines, *, same_lines: bool) -> Iterator[bytes]:
    """Yield the diff piece by piece. Nothing is yielded for equal files.

    Fixes change lines in place or remove blank lines, so no search for matching lines is needed.
    Each file is read once or twice, and only a few of its lines are in memory.

    Args:
        path: the name of the file.
        old: the lines before.
        new: the lines after.
        same_lines: whether lines correspond to each other. Otherwise all lines are replaced.
    """
    name = path.encode("utf-8", "surrogateescape")
    hunks = _hunks(_rows(old(), new())) if same_lines else _whole(old, new)
    first = next(hunks, None)
    if first is None:
        return
    yield b"--- %s\n+++ %s\n" % (name, name)
    yield first
    yield from hunks


def _rows(old: Iterable[bytes], new: Iterable[bytes]) -> Iterator[_Row]:
    """Pair the lines. A blank line without a counterpart was removed."""
    after = iter(new)
    following = next(after, None)
    for line in old:
        if not line.strip(_BLANKS) and (following is None or following.strip(_BLANKS)):
            yield _Row(line, None)
        else:
            yield _Row(line, following)
            following = next(after, None)


def _hunks(rows: Iterator[_Row]) -> Iterator[bytes]:
    """Changed lines with their context."""
    before: list[_Row] = []  # unchanged lines before the next change
    hunk: list[_Row] = []
    unchanged = 0  # at the end of the hunk
    at_old = at_new = 1
    for row in rows:
        is_changed = row.old != row.new
        if is_changed:
            hunk += [*before, row]
            before = []
            unchanged = 0
        elif hunk and unchanged < 2 * _CONTEXT:
            hunk.append(row)
            unchanged += 1
        else:
            if hunk:
                kept = hunk[: len(hunk) - _CONTEXT]
                before = hunk[len(kept) :]
                yield _hunk(kept, at_old, at_new)
                at_old += sum(each.old is not None for each in kept)
                at_new += sum(each.new is not None for each in kept)
                hunk = []
            before.append(row)
            if len(before) > _CONTEXT:
                at_old += 1
                at_new += 1
                del before[0]
    if hunk:
        yield _hunk(hunk[: len(hunk) - max(0, unchanged - _CONTEXT)], at_old, at_new)


def _hunk(rows: list[_Row], at_old: int, at_new: int) -> bytes:
    old = [row.old for row in rows if row.old is not None]
    new = [row.new for row in rows if row.new is not None]
    parts = [_header(at_old, len(old), at_new, len(new))]
    removed: list[bytes] = []
    added: list[bytes] = []
    for row in rows:
        if row.old == row.new:
            parts += [*removed, *added]
            removed = []
            added = []
            parts.append(_line(b" ", row.old or b""))
            continue
        if row.old is not None:
            removed.append(_line(b"-", row.old))
        if row.new is not None:
            added.append(_line(b"+", row.new))
    return b"".join([*parts, *removed, *added])


def _whole(old: Lines, new: Lines) -> Iterator[bytes]:
    """A hunk that replaces all lines."""
    counts = sum(1 for _ in old()), sum(1 for _ in new())
    yield _header(1, counts[0], 1, counts[1])
    for mark, lines in ((b"-", old), (b"+", new)):
        for line in lines():
            yield _line(mark, line)


def _header(at_old: int, old: int, at_new: int, new: int) -> bytes:
    # For an empty range, the number is that of the previous line.
    return b"@@ -%d,%d +%d,%d @@\n" % (at_old - (not old), old, at_new - (not new), new)


def _line(mark: bytes, line: bytes) -> bytes:
    end = b"" if line.endswith(b"\n") else b"\n\\ No newline at end of file\n"
    return mark + line + end
