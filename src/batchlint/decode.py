"""What is wrong with a line that the decoder refuses: asked of the standard library, never guessed."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

from .deep import LEVELS, Decoder, is_deeper
from .findings import Found, PathParts
from .grammar import GOT, clean, dotted, kind

#: What the API says of such lines (source: `batchlint rule invalid_json_line`).
NOT_JSON = "This line is not parseable as valid JSON."

#: What it says of files that are not UTF-8 (source: `batchlint rule not_utf8`).
NOT_UTF8 = "Invalid file for Batch API. Must be utf-8 encoded"

_TOO_DEEP = Found("nesting_too_deep", NOT_JSON, hint=f"Arrays or objects are nested deeper than {LEVELS:,} levels.")

BOM = b"\xef\xbb\xbf"
_BLANKS = " \t\r\n"


class _NotANumberError(ValueError):
    """A constant or a number that JSON does not have."""


def refused(line: bytes, first: bool) -> Found:
    """The finding about a line, not blank, that is no JSON to the decoder.

    Args:
        line: the line, with or without its newline.
        first: whether it is the first line of the file.
    """
    if first and line.startswith(BOM):
        return Found("byte_order_mark", NOT_JSON, hint="The file begins with a byte order mark. Write it as UTF-8 "
                     "without one (Python: encoding='utf-8').")
    line = line.rstrip(b"\r\n")  # else a string that does not end would end at the newline
    try:
        text = line.decode()
    except UnicodeDecodeError as error:
        return Found("not_utf8", NOT_UTF8, hint=f"Byte {error.start + 1} of the line, 0x{line[error.start]:02x}, is no "
                     "UTF-8. Write the file with encoding='utf-8'.")
    if is_deeper(text, LEVELS):
        return _TOO_DEEP
    try:
        value = _DECODER.decode(text)
    except _NotANumberError as error:
        return Found("not_a_number", NOT_JSON, hint=f"{error} is no JSON number. Leave the member out, or write null.")
    except json.JSONDecodeError as error:
        return Found("invalid_json_line", NOT_JSON, hint=_where(error, text))
    except ValueError as error:  # int() refuses more digits than sys.get_int_max_str_digits()
        return Found("not_a_number", NOT_JSON, hint=clean(str(error)).partition(";")[0])
    if lone_surrogate(value):
        return Found("lone_surrogate", NOT_JSON, hint=r"A string holds half of a surrogate pair (\ud800 to \udfff). "
                     "Cut texts between characters.")
    return _TOO_DEEP


def no_object(line: bytes, request: Any) -> Found:
    """The finding about a line that is no JSON (decoded to None) or JSON but no object."""
    if request is None and line.strip(_BLANKS.encode()) != b"null":
        return refused(line, first=False)
    return Found("not_an_object", NOT_JSON, None, (), f"The line is {GOT[kind(request)]}; a request is an object.")


def _where(error: json.JSONDecodeError, text: str) -> str:
    """The decoder's words and the column, with the commonest causes named."""
    rest = text[error.pos:].strip(_BLANKS)
    if not rest and error.msg != "Extra data":
        return f"The line ends at column {len(text.rstrip(_BLANKS)) + 1} in the middle of a value; it is cut off."
    if error.msg == "Extra data":
        return f"A second value begins at column {error.colno}; write one request a line."
    if rest.startswith("\ufeff"):
        return f"Column {error.colno}: Unexpected UTF-8 BOM; files that each begin with one were joined."
    if rest.startswith("'"):
        return f"Column {error.colno}: JSON wants double quotes; write the line with json.dumps()."
    if error.msg.startswith("Unterminated string"):
        return f"The string that begins at column {error.colno} does not end; the line is cut off."
    if error.msg.startswith("Invalid control character"):
        return f"Column {error.colno}: a control character stands bare in a string; write it as \\n, \\t or \\u0000."
    return f"Column {error.colno}: {clean(error.msg)}."


def _refuse(constant: str) -> None:
    raise _NotANumberError(constant)


def _finite(digits: str) -> float:
    value = float(digits)
    if value in (float("inf"), float("-inf")):
        raise _NotANumberError(clean(digits[:32]))
    return value


_DECODER = Decoder(parse_constant=_refuse, parse_float=_finite, parse_int=_finite)


def lone_surrogate(params: Any) -> Found | None:
    """The finding that a string of a create call's parameters holds half of a surrogate pair.

    The API's sentence is the head of the one that it has for bodies that it cannot parse, and inferred for this case.
    """
    stack: list[tuple[Any, PathParts]] = [(params, ())]
    while stack:
        value, path = stack.pop()
        if isinstance(value, list):
            stack.extend(reversed([(item, (*path, index)) for index, item in enumerate(value)]))
        elif isinstance(value, dict) and all(map(_is_encodable, value)):
            stack.extend(reversed([(item, (*path, key)) for key, item in value.items()]))
        elif isinstance(value, dict) or (isinstance(value, str) and not _is_encodable(value)):
            return Found("lone_surrogate", "We could not parse the JSON body of your request.", dotted(path) or None, path,
                         r"A string holds half of a surrogate pair (\ud800 to \udfff). Cut texts between characters.")
    return None


def _is_encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def repeated_key(line: bytes) -> str | None:
    """A key that stands twice in one object of a line that is JSON; None if there is none."""
    if is_deeper(line.decode(errors="replace"), LEVELS):
        return None
    repeated: list[str] = []

    def watch(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        made = dict(pairs)
        if len(made) != len(pairs) and not repeated:
            repeated.append(next(key for key, count in Counter(key for key, _ in pairs).items() if count > 1))
        return made

    try:
        json.loads(line, cls=Decoder, object_pairs_hook=watch)
    except ValueError:
        return None
    return repeated[0] if repeated else None
