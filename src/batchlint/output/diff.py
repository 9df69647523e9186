"""A unified diff of a file before and after its fixes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Final, NamedTuple

#: The number of unchanged lines around a change.
_CONTEXT: Final = 3

_BLANKS: Final = b" \t\r\n"

#: Matches the bytes of a name that must be quoted.
_SPECIAL: Final = re.compile(rb'[\x00-\x1f\x7f"\\]')

#: A function that yields the lines of a file from the beginning.
Lines = Callable[[], Iterable[bytes]]


class _Row(NamedTuple):
    """A line before and after the fixes. None if the line is missing."""

    old: bytes | None
    new: bytes | None


def unified_diff(path: str, old: Lines, new: Lines, *, same_lines: bool) -> Iterator[bytes]:
    """Yield the diff piece by piece, or nothing for equal files.

    Fixes change lines in place or remove blank lines, so there is no need to search for matching
    lines. Each file is read once or twice, and only a few lines are in memory.

    Args:
        path: the name of the file.
        old: the lines before the fixes.
        new: the lines after the fixes.
        same_lines: whether lines correspond to each other. Otherwise, the diff replaces all lines.
    """
    name = _quoted(path.encode("utf-8", "surrogateescape"))
    hunks = _hunks(_rows(old(), new())) if same_lines else _whole(old, new)
    first = next(hunks, None)
    if first is None:
        return
    yield b"--- %s\n+++ %s\n" % (name, name)
    yield first
    yield from hunks


def _quoted(name: bytes) -> bytes:
    """Return a name in the notation of Git and `diff`, so that `patch` finds the file.

    A name with quotes, backslashes or control characters is quoted as in C. A name with spaces is
    followed by a tab.
    """
    if not _SPECIAL.search(name):
        return name + b"\t" * (b" " in name)
    return b'"%s"' % _SPECIAL.sub(lambda match: b"\\%03o" % ord(match[0]), name)


def _rows(old: Iterable[bytes], new: Iterable[bytes]) -> Iterator[_Row]:
    """Pair the lines. A blank line without a counterpart was removed."""
    after = iter(new)
    candidate = next(after, None)
    for line in old:
        if not line.strip(_BLANKS) and (candidate is None or candidate.strip(_BLANKS)):
            yield _Row(line, None)
        else:
            yield _Row(line, candidate)
            candidate = next(after, None)


def _hunks(rows: Iterator[_Row]) -> Iterator[bytes]:
    """Yield hunks: changed lines with their context."""
    before: list[_Row] = []  # unchanged lines before the next change
    hunk: list[_Row] = []
    unchanged = 0  # unchanged lines at the end of the hunk
    old_start = new_start = 1
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
                yield _hunk(kept, old_start, new_start)
                old_start += sum(row.old is not None for row in kept)
                new_start += sum(row.new is not None for row in kept)
                hunk = []
            before.append(row)
            if len(before) > _CONTEXT:
                old_start += 1
                new_start += 1
                del before[0]
    if hunk:
        yield _hunk(hunk[: len(hunk) - max(0, unchanged - _CONTEXT)], old_start, new_start)


def _hunk(rows: list[_Row], old_start: int, new_start: int) -> bytes:
    old = [row.old for row in rows if row.old is not None]
    new = [row.new for row in rows if row.new is not None]
    parts = [_header(old_start, len(old), new_start, len(new))]
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
    """Yield a hunk that replaces all lines."""
    yield _header(1, sum(1 for _ in old()), 1, sum(1 for _ in new()))
    for mark, lines in ((b"-", old), (b"+", new)):
        for line in lines():
            yield _line(mark, line)


def _header(old_start: int, old: int, new_start: int, new: int) -> bytes:
    # An empty range starts at the number of the previous line.
    return b"@@ -%d,%d +%d,%d @@\n" % (old_start - (not old), old, new_start - (not new), new)


def _line(mark: bytes, line: bytes) -> bytes:
    end = b"" if line.endswith(b"\n") else b"\n\\ No newline at end of file\n"
    return mark + line + end
