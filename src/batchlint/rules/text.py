"""Rules about lines that are not JSON objects. A `Defect` says why a line could not be read."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any, Final, Literal, NamedTuple

import orjson

from ..findings import PathParts, Problem
from ..phrasing import GOT, NOT_JSON, dotted, escape, excerpt, json_type
from ..recursion import LEVELS, is_deeper_than, with_deep_stack
from .registry import every_line_rule, text_rule

BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"

#: What the API says of files that are not UTF-8 (source: `batchlint rule not_utf8`).
NOT_UTF8: Final = "Invalid file for Batch API. Must be utf-8 encoded"

_BLANKS: Final = " \t\r\n"
_HALF_PAIR: Final = (
    r"A string holds half of a surrogate pair (\ud800 to \udfff). Cut texts between characters."
)

DefectKind = Literal[
    "blank",
    "byte order mark",
    "utf-16",
    "not utf-8",
    "not a number",
    "lone surrogate",
    "lone surrogate in parameters",
    "too deep",
    "not json",
    "not an object",
    "foreign",
]


class Defect(NamedTuple):
    """Why a line, or the beginning of a file, could not be read.

    Attributes:
        kind: one of `DefectKind`.
        detail: how to fix it, as far as that depends on the text.
        name: of a foreign format.
        path: the place in the parameters of a create call.
    """

    kind: DefectKind
    detail: str = ""
    name: str = ""
    path: PathParts = ()


def find_surrogate(params: dict[str, Any]) -> Defect | None:
    """The first half of a surrogate pair in the parameters of a create call."""
    stack: list[tuple[Any, PathParts]] = [(params, ())]
    while stack:
        value, path = stack.pop()
        children: list[tuple[Any, PathParts]] = []
        if isinstance(value, list):
            children = [(item, (*path, index)) for index, item in enumerate(value)]
        elif isinstance(value, dict):
            if not all(map(_is_encodable, value)):
                return Defect("lone surrogate in parameters", path=path)
            children = [(item, (*path, key)) for key, item in value.items()]
        elif isinstance(value, str) and not _is_encodable(value):
            return Defect("lone surrogate in parameters", path=path)
        stack.extend(reversed(children))
    return None


def _is_encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def find_defect(line: bytes) -> Defect:
    """Find out why a line is not a JSON object. The standard library's decoder explains it."""
    if not line.strip(_BLANKS.encode()):
        return Defect("blank")
    try:
        got = GOT[json_type(orjson.loads(line))]
        return Defect("not an object", f"The line is {got}; a request is an object.")
    except ValueError:
        pass
    line = line.rstrip(b"\r\n")  # Otherwise an unterminated string would end at the newline.
    try:
        text = line.decode()
    except UnicodeDecodeError as error:
        byte = f"Byte {error.start + 1} of the line, 0x{line[error.start]:02x},"
        return Defect("not utf-8", f"{byte} is no UTF-8.")
    if is_deeper_than(LEVELS, text):
        return Defect("too deep")
    try:
        value = with_deep_stack(_DECODER.decode, text)
    except _NotANumberError as error:
        return Defect(
            "not a number", f"{error} is no JSON number. Leave the member out, or write null."
        )
    except json.JSONDecodeError as error:
        return Defect("not json", _explain(error, text))
    except ValueError as error:  # int() refuses more digits than sys.get_int_max_str_digits().
        return Defect("not a number", escape(str(error)).partition(";")[0])
    return Defect("lone surrogate" if _has_surrogate(value) else "too deep")


class _NotANumberError(ValueError):
    """A constant or a number that JSON does not have."""


def _refuse(constant: str) -> None:
    raise _NotANumberError(constant)


def _finite(digits: str) -> float:
    value = float(digits)
    if value in (float("inf"), float("-inf")):
        raise _NotANumberError(escape(digits[:32]))
    return value


_DECODER: Final = json.JSONDecoder(parse_constant=_refuse, parse_float=_finite, parse_int=_finite)


def _explain(error: json.JSONDecodeError, text: str) -> str:
    """The decoder's words and the column. The most frequent causes are named."""
    rest = text[error.pos :].strip(_BLANKS)
    if not rest and error.msg != "Extra data":
        end = len(text.rstrip(_BLANKS)) + 1
        return f"The line ends at column {end} in the middle of a value; it is cut off."
    if error.msg == "Extra data":
        return f"A second value begins at column {error.colno}; write one request a line."
    if rest.startswith("\ufeff"):
        return f"Column {error.colno}: Unexpected UTF-8 BOM; files that each begin with one were joined."
    if rest.startswith("'"):
        return f"Column {error.colno}: JSON wants double quotes; write the line with json.dumps()."
    if error.msg.startswith("Unterminated string"):
        return f"The string that begins at column {error.colno} does not end; the line is cut off."
    if error.msg.startswith("Invalid control character"):
        return (
            f"Column {error.colno}: a control character stands bare in a string; write it as "
            "\\n, \\t or \\u0000."
        )
    return f"Column {error.colno}: {escape(error.msg)}."


def _has_surrogate(value: Any) -> bool:
    """Whether a string inside a value cannot be encoded."""
    try:
        with_deep_stack(lambda: json.dumps(value, ensure_ascii=False)).encode()
    except UnicodeEncodeError:
        return True
    return False


def _not_json(hint: str) -> Problem:
    return Problem(NOT_JSON, hint=hint)


@text_rule()
def invalid_json_line(defect: Defect) -> Iterator[Problem]:
    """The line is not JSON.

    Cut off, a missing comma, a comment, single quotes, two values on one line: the hint tells what
    the standard library's decoder says, and where.

    Fails: {"custom_id": "a", "method": "POST", "url": "/v1/embeddings", "body": {"model": "m", "input": "x"
    Passes: {"custom_id": "a", "method": "POST", "url": "/v1/embeddings", "body": {"model": "m", "input": "x"}}

    To do: write each line with a JSON library, never by hand.

    Source: ogx-ai/ogx `test_batches_errors.py` (August 2025) and a batch of April 2024.  Certain.
    """
    if defect.kind == "not json":
        yield _not_json(defect.detail)


@text_rule(code="invalid_json_line")
def byte_order_mark(defect: Defect) -> Iterator[Problem]:
    """The file begins with a byte order mark, which makes its first line no JSON.

    To do: write the file as UTF-8 without it; in Python the encoding is `utf-8`, not `utf-8-sig`.

    Source: a user's report for OpenAI (code and sentence); Azure's documentation says the same.
    """
    if defect.kind == "byte order mark":
        yield _not_json(
            "The file begins with a byte order mark. Write it as UTF-8 without one (Python: "
            "encoding='utf-8')."
        )


@text_rule(fails="upload")
def not_utf8(defect: Defect) -> Iterator[Problem]:
    r"""The file is not encoded in UTF-8.

    The finding names the first byte that is wrong.  A file in UTF-16 (which PowerShell's `>` and
    Windows' Notepad like to write) is recognised as a whole.

    To do: write the file as UTF-8, e.g. `open(path, "w", encoding="utf-8", newline="\n")`.

    Source: mkht/PSOpenAI#19 (June 2024) has the sentence; the API gives no code.  Certain.
    """
    if defect.kind == "not utf-8":
        yield Problem(NOT_UTF8, hint=f"{defect.detail} Write the file with encoding='utf-8'.")
    elif defect.kind == "utf-16":
        yield Problem(
            NOT_UTF8,
            hint="The file is UTF-16. Write it as UTF-8 (PowerShell: Out-File -Encoding utf8NoBOM).",
        )


@text_rule(code="invalid_json_line")
def not_a_number(defect: Defect) -> Iterator[Problem]:
    """The line has `NaN`, `Infinity` or a number beyond the range of a double, which JSON does not know.

    Python's `json.dumps` writes the first two unless told not to.

    Fails: {"custom_id": "a", "method": "POST", "url": "/v1/completions", "body": {"model": "m", "temperature": NaN, "prompt": "x"}}
    Passes: {"custom_id": "a", "method": "POST", "url": "/v1/completions", "body": {"model": "m", "temperature": null, "prompt": "x"}}

    To do: write with `json.dumps(..., allow_nan=False)`, and leave the member out.

    Source: RFC 8259, section 6.  Nobody has recorded what the API says; its sentence for a line that is
    no JSON is given.
    """
    if defect.kind == "not a number":
        yield _not_json(defect.detail)


@text_rule(code="invalid_json_line")
def lone_surrogate(defect: Defect) -> Iterator[Problem]:
    r"""A string has one half of a surrogate pair as an escape, which is no character.

    It comes from cutting a text in the middle of an emoji in a language whose strings are UTF-16.

    Fails: {"custom_id": "a", "method": "POST", "url": "/v1/embeddings", "body": {"model": "m", "input": "\ud83d"}}
    Passes: {"custom_id": "a", "method": "POST", "url": "/v1/embeddings", "body": {"model": "m", "input": "\ud83d\ude00"}}

    To do: cut texts between characters.

    Source: RFC 8259, section 8.2, calls what happens to such text unpredictable.  Nobody has recorded
    what the API says; its sentence for a line that is no JSON is given.
    """
    if defect.kind == "lone surrogate":
        yield _not_json(_HALF_PAIR)
    elif defect.kind == "lone surrogate in parameters":
        # The sentence is the beginning of the API's for bodies that it cannot parse: inferred.
        message = "We could not parse the JSON body of your request."
        yield Problem(message, dotted(defect.path) or None, defect.path, _HALF_PAIR)


@text_rule(code="invalid_json_line")
def nesting_too_deep(defect: Defect) -> Iterator[Problem]:
    """Arrays and objects are nested deeper than 1,024 levels, and the line cannot be checked.

    To do: look for a loop in what writes the line.

    Source: the limit is that of our decoder; that of the API is not known.
    """
    if defect.kind == "too deep":
        yield _not_json(f"Arrays or objects are nested deeper than {LEVELS:,} levels.")


@text_rule(code="invalid_json_line")
def not_an_object(defect: Defect) -> Iterator[Problem]:
    """The line is JSON, but not an object.

    Fails: ["custom_id", "a"]
    Passes: {"custom_id": "a", "method": "POST", "url": "/v1/embeddings", "body": {"model": "m", "input": "x"}}

    To do: write one request object a line.

    Source: the API's answer is not known; its sentence for a line that is no JSON is given.
    """
    if defect.kind == "not an object":
        yield Problem(NOT_JSON, None, (), defect.detail)


@text_rule(fails=None)
def blank_line(defect: Defect) -> Iterator[Problem]:
    """The line is blank.

    It counts as a line, but not as a request.  A newline at the end of the last line is no blank line.

    To do: leave it out.

    Source: what the API does is not known; two servers of the same interface refuse blank lines, and
    others skip them.
    """
    if defect.kind == "blank":
        hint = "Leave it out; what the API does with it is not known."
        yield Problem("The line is blank.", None, (), hint)


@every_line_rule()
def duplicate_key(line: bytes) -> Iterator[Problem]:
    """An object has a key twice, of which decoders keep the last.

    Finding it needs a second, slower decoding of every line, so the rule is off unless chosen
    (`--warn duplicate_key`).

    To do: look at which of the values was meant.

    Source: RFC 8259, section 4, calls it unpredictable.  What the API does is not known.
    """
    key = repeated_key(line)
    if key is not None:
        hint = "Decoders keep the last; what the API does is not known."
        yield Problem(f"The key '{excerpt(key)}' stands twice in one object.", None, (), hint)


def repeated_key(line: bytes) -> str | None:
    """A key that one object of a line has twice; None if there is none, or if it is not JSON."""
    if is_deeper_than(LEVELS, line.decode(errors="replace")):
        return None
    try:
        return with_deep_stack(_repeated_key, line)
    except ValueError:
        return None


def _repeated_key(line: bytes) -> str | None:
    repeated: list[str] = []

    def watch(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        made = dict(pairs)
        if len(made) != len(pairs) and not repeated:
            counts = Counter(key for key, _ in pairs)
            repeated.append(next(key for key, count in counts.items() if count > 1))
        return made

    json.loads(line, object_pairs_hook=watch)
    return repeated[0] if repeated else None
