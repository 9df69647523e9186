"""Edits to the text of a line. Each edit changes only a part of the text and keeps all other bytes.

An edit returns None if it doesn't apply to the text. Values keep their notation. For example,
moving a number doesn't decode and encode it.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Sequence
from typing import Any, Final

import orjson

from .findings import Edit, PathParts
from .locate import SPECIAL_NUMBER, SURROGATE, Span, find_span, find_spans

_BLANKS: Final = " \t\r\n"
_BYTE_ORDER_MARK: Final = "\ufeff"

#: The maximum number of fields with the same name to rename or remove. Each requires a search.
_MAX_DUPLICATES: Final = 20

#: Matches the end of a key and the colon. Group 1 is the space after the colon.
_COLON: Final = r'"\s*:(\s?)'


def replace(path: PathParts, value: str) -> Edit:
    """Replace a value with another one, given as JSON text."""
    return Edit(_replace, (path, value))


def swap(path: PathParts, old: str, new: str) -> Edit:
    """Replace a string with another one if it equals `old`."""
    return Edit(_swap, (path, old, new))


def put(path: PathParts, value: str) -> Edit:
    """Set a field to a value, given as JSON text. Add the field if it is missing."""
    return Edit(_put, (path, value))


def insert(path: PathParts, value: str) -> Edit:
    """Add a missing field, with a value given as JSON text."""
    return Edit(_insert, (path, value))


def remove(path: PathParts) -> Edit:
    """Remove a field."""
    return Edit(_remove, (path,))


def remove_if_present(path: PathParts) -> Edit:
    """Remove a field, and its duplicates, if it exists."""
    return Edit(_remove_if_present, (path,))


def rename(path: PathParts, key: str) -> Edit:
    """Rename a field, and its duplicates, unless a field with the new name exists."""
    return Edit(_rename, (path, key))


def move(path: PathParts, parent: PathParts) -> Edit:
    """Move a field into another object, unless that object already has the field."""
    return Edit(_move, (path, parent))


def wrap(path: PathParts, before: str, after: str) -> Edit:
    """Add text before and after a value."""
    return Edit(_wrap, (path, before, after))


def wrap_items(path: PathParts, count: int, before: str, after: str) -> Edit:
    """Add text before and after each item of an array, which has `count` items."""
    return Edit(_wrap_items, (path, count, before, after))


def unwrap(path: PathParts) -> Edit:
    """Replace a field with the fields of the object that is its value."""
    return Edit(_unwrap, (path,))


def unquote(path: PathParts) -> Edit:
    """Replace a string with the JSON object that it contains."""
    return Edit(_unquote, (path,))


def quote(path: PathParts) -> Edit:
    """Convert an integer to a string."""
    return Edit(_quote, (path,))


def require_all(path: PathParts) -> Edit:
    """List every property of a JSON Schema in its `required`."""
    return Edit(_require_all, (path,))


# -- implementation -------------------------------------------------------------------------------


def _splice(text: str, start: int, end: int, new: str) -> str:
    return text[:start] + new + text[end:]


def _replace(text: str, path: PathParts, value: str) -> str | None:
    span = find_span(text, path)
    return None if span is None else _splice(text, span.start, span.end, value)


def _swap(text: str, path: PathParts, old: str, new: str) -> str | None:
    return _replace(text, path, _to_json(new)) if value_at(text, path) == old else None


def _put(text: str, path: PathParts, value: str) -> str | None:
    if find_span(text, path) is None:
        return _insert(text, path, value)
    return _replace(text, path, value)


def _insert(text: str, path: PathParts, value: str) -> str | None:
    parent = find_span(text, path[:-1])
    if parent is None or text[parent.start] != "{" or find_span(text, path) is not None:
        return None
    return _add_field(text, parent.end - 1, f"{_to_json(path[-1])}:{_space(text)}{value}")


def _add_field(text: str, end: int, field: str) -> str:
    """Add a field to the object whose closing brace is at offset `end`."""
    before = text[:end].rstrip(_BLANKS)
    comma = "" if before.endswith("{") else f",{_space(text)}"
    return f"{before}{comma}{field}{text[len(before) :]}"


def _space(text: str) -> str:
    """Return the space to write after colons and commas: empty if the line is compact."""
    match = re.search(_COLON, text)
    return "" if match is not None and not match[1] else " "


def removed_path(edits: tuple[Edit, ...]) -> PathParts | None:
    """Return the path of the field that the edits remove. None if they do anything else."""
    if len(edits) != 1 or edits[0].change is not _remove:
        return None
    path: PathParts = edits[0].args[0]
    return path


def remove_all(text: str, paths: Iterable[PathParts]) -> tuple[str, list[PathParts]]:
    """Remove fields. This is faster than one edit per field, because the text is scanned only once.

    Returns:
        The new text, and the paths of the removed fields.
    """
    paths = [*paths]
    found = [
        (span, path)
        for span, path in zip(find_spans(text, paths), paths, strict=True)
        if span is not None
    ]
    outermost: list[Span] = []
    for span, _ in sorted(found):
        if not outermost or span.key_start >= outermost[-1].end:
            outermost.append(span)
    for span in reversed(outermost):  # Go backwards, so that earlier offsets stay valid.
        text = _without(text, span)
    return text, [path for _, path in found]


def sets_field(edits: tuple[Edit, ...]) -> bool:
    """Return whether the edits are a single `put` or `require_all`."""
    return len(edits) == 1 and edits[0].change in (_put, _require_all)


def set_all(text: str, edits: Sequence[Edit]) -> tuple[str, list[bool]]:
    """Apply `put` and `require_all` edits. The text is scanned only once, unlike with single edits.

    An edit inside a value that another edit replaces is not applied.

    Returns:
        The new text, and whether each edit changed it.
    """
    paths = [edit.args[0] if edit.change is _put else (*edit.args[0], "required") for edit in edits]
    spans = find_spans(text, [*paths, *(path[:-1] for path in paths)])
    replacements: list[tuple[int, int, str, list[int]]] = []
    new_fields: dict[int, list[tuple[str, int]]] = {}  # by the offset of the object's closing brace
    space = _space(text)
    for number, (edit, path) in enumerate(zip(edits, paths, strict=True)):
        old, parent = spans[number], spans[len(paths) + number]
        if parent is None or text[parent.start] != "{":
            continue
        value = edit.args[1] if edit.change is _put else _all_names(text, parent, space)
        if value is None:
            continue
        if old is not None:
            if text[old.start : old.end] != value:
                replacements.append((old.start, old.end, value, [number]))
            continue
        field = f"{_to_json(path[-1])}:{space}{value}"
        new_fields.setdefault(parent.end - 1, []).append((field, number))
    for brace, fields in new_fields.items():
        offset = brace
        while text[offset - 1] in _BLANKS:
            offset -= 1
        comma = f",{space}"
        first = "" if text[offset - 1] == "{" else comma
        new = first + comma.join(field for field, _ in fields)
        replacements.append((offset, offset, new, [number for _, number in fields]))
    done = [False] * len(edits)
    pieces = []
    end = 0
    for start, stop, new, numbers in sorted(replacements):
        if start < end:
            continue
        pieces += [text[end:start], new]
        end = stop
        for number in numbers:
            done[number] = True
    return "".join([*pieces, text[end:]]), done


def _remove(text: str, path: PathParts) -> str | None:
    span = find_span(text, path)
    return None if span is None or not path else _without(text, span)


def _without(text: str, span: Span) -> str:
    """Remove a field and the comma before or after it."""
    rest = text[span.end :].lstrip(_BLANKS)
    if rest.startswith(","):
        return text[: span.key_start] + rest[1:].lstrip(_BLANKS)
    return text[: span.key_start].rstrip(_BLANKS).removesuffix(",") + text[span.end :]


def _remove_if_present(text: str, path: PathParts) -> str | None:
    """Remove a field and its duplicates. A remaining duplicate would take effect."""
    for _ in range(_MAX_DUPLICATES):
        span = find_span(text, path)
        if span is None:
            return text
        text = _without(text, span)
    return None


def _rename(text: str, path: PathParts, key: str) -> str | None:
    """Rename a field and its duplicates. A remaining duplicate would take effect."""
    span = find_span(text, path)
    if span is None or find_span(text, (*path[:-1], key)) is not None:
        return None
    for _ in range(_MAX_DUPLICATES):
        end = text[: span.start].rstrip(_BLANKS)[:-1].rstrip(_BLANKS)  # without the colon
        text = _splice(text, span.key_start, len(end), _to_json(key))
        span = find_span(text, path)
        if span is None:
            return text
    return None


def _move(text: str, path: PathParts, parent: PathParts) -> str | None:
    span = find_span(text, path)
    if span is None or find_span(text, (*parent, path[-1])) is not None:
        return None
    field = text[span.key_start : span.end]
    without = _remove(text, path)
    target = None if without is None else find_span(without, parent)
    if without is None or target is None or without[target.start] != "{":
        return None
    return _add_field(without, target.end - 1, field)


def _wrap(text: str, path: PathParts, before: str, after: str) -> str | None:
    span = find_span(text, path)
    if span is None:
        return None
    return _splice(text, span.start, span.end, before + text[span.start : span.end] + after)


def _wrap_items(text: str, path: PathParts, count: int, before: str, after: str) -> str | None:
    pieces = []
    end = 0
    for span in find_spans(text, [(*path, index) for index in range(count)]):
        if span is None:
            return None
        pieces += [text[end : span.start], before, text[span.start : span.end], after]
        end = span.end
    return "".join([*pieces, text[end:]])


def _unwrap(text: str, path: PathParts) -> str | None:
    span = find_span(text, path)
    if span is None or text[span.start] != "{":
        return None
    fields = text[span.start + 1 : span.end - 1].strip(_BLANKS)
    if not fields:
        return _remove(text, path)
    return _splice(text, span.key_start, span.end, fields)


def _unquote(text: str, path: PathParts) -> str | None:
    content = value_at(text, path)
    if not isinstance(content, str) or not fits_as_object(content):
        return None
    return _replace(text, path, re.sub(r"[\r\n]", " ", content.strip(_BLANKS)))


def is_json_object(text: str | bytes) -> bool:
    """Return whether a string is a JSON object."""
    try:
        return isinstance(orjson.loads(text), dict)
    except ValueError:
        return False


def fits_as_object(text: str) -> bool:
    """Return whether a string is a JSON object that can be nested one level deeper.

    The decoder limits the depth.
    """
    try:
        return isinstance(orjson.loads(f"[{text}]")[0], dict) and is_json_object(text)
    except (ValueError, IndexError):
        return False


def _quote(text: str, path: PathParts) -> str | None:
    span = find_span(text, path)
    if span is None or not re.fullmatch(r"-?\d+", text[span.start : span.end]):
        return None
    return _wrap(text, path, '"', '"')


def _require_all(text: str, path: PathParts) -> str | None:
    span = find_span(text, path)
    names = None if span is None else _all_names(text, span, _space(text))
    return None if names is None else _put(text, (*path, "required"), names)


def _all_names(text: str, span: Span, space: str) -> str | None:
    """Return the names of a schema's properties, as a JSON array. None if it has no properties."""
    try:
        schema = orjson.loads(text[span.start : span.end])
    except ValueError:
        return None
    properties = schema.get("properties") if isinstance(schema, dict) else None
    if not isinstance(properties, dict):
        return None
    return f"[{f',{space}'.join(map(_to_json, properties))}]"


def value_at(text: str, path: PathParts) -> Any:
    """Return the value at a path in JSON text. None if the value is missing or invalid."""
    span = find_span(text, path)
    try:
        return None if span is None else orjson.loads(text[span.start : span.end])
    except ValueError:
        return None


def _to_json(value: object) -> str:
    """Encode a key or a string as JSON."""
    return json.dumps(value, ensure_ascii=False)


# -- lines that are not JSON ----------------------------------------------------------------------


def _without_mark(text: str) -> str | None:
    return text[1:] if text.startswith(_BYTE_ORDER_MARK) else None


def _without_inner_mark(text: str) -> str | None:
    changed = _without_mark(text)
    return changed if changed is not None and _is_almost_object(changed) else None


def _without_comma(text: str) -> str | None:
    before = text.rstrip(_BLANKS)
    return before[:-1] + text[len(before) :] if before.endswith(",") else None


def _empty(_: str) -> str:
    return ""


def _with_nulls(text: str) -> str | None:
    changed = _replace_non_finite(text)
    return changed if changed != text and _is_almost_object(changed) else None


def _without_surrogates(text: str) -> str | None:
    changed = _replace_lone_surrogates(text)
    return changed if changed != text and _is_almost_object(changed) else None


def _is_almost_object(text: str) -> bool:
    """Return whether the other edits can turn a line into a JSON object."""
    return is_json_object(
        _replace_lone_surrogates(_replace_non_finite(_without_comma(text) or text))
    )


def _replace_non_finite(text: str) -> str:
    """Replace NaN, infinities and numbers beyond the range of a double with null.

    Text with something like `1.2.3` is not JSON and is returned unchanged.
    """

    def null(match: re.Match[str]) -> str:
        number = match[1]
        return match[0] if not number or math.isfinite(float(number)) else "null"

    try:
        return re.sub(SPECIAL_NUMBER, null, text)
    except ValueError:
        return text


def _replace_lone_surrogates(text: str) -> str:
    """Replace each lone surrogate with U+FFFD."""
    return re.sub(SURROGATE, lambda match: r"\ufffd" if match[1] else match[0], text)


#: Remove the byte order mark at the start of the line.
REMOVE_BYTE_ORDER_MARK: Final = Edit(_without_mark)

#: Remove the byte order mark at the start of the line, if the other edits can turn the rest into a
#: JSON object.
REMOVE_INNER_BYTE_ORDER_MARK: Final = Edit(_without_inner_mark)

#: Remove the comma after the object.
REMOVE_TRAILING_COMMA: Final = Edit(_without_comma)

#: Remove the line.
REMOVE_LINE: Final = Edit(_empty)

#: Replace NaN, infinities and numbers beyond the range of a double with null.
REPLACE_NON_FINITE_WITH_NULL: Final = Edit(_with_nulls)

#: Replace each lone surrogate with U+FFFD.
REPLACE_LONE_SURROGATES: Final = Edit(_without_surrogates)


def apply_all(text: str, edits: Iterable[Edit]) -> str | None:
    """Apply edits one after another. Return None if one of them doesn't apply."""
    for edit in edits:
        changed = edit.apply(text)
        if changed is None:
            return None
        text = changed
    return text
