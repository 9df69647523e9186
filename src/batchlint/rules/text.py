"""Rules about lines that are not JSON objects, and about duplicate keys."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any, Final, Literal, NamedTuple

import orjson

from ..bounds import raise_if_out_of_memory
from ..edits import (
    REMOVE_BYTE_ORDER_MARK,
    REMOVE_INNER_BYTE_ORDER_MARK,
    REMOVE_LINE,
    REMOVE_TRAILING_COMMA,
    REPLACE_LONE_SURROGATES,
    REPLACE_NON_FINITE_WITH_NULL,
    apply_all,
)
from ..findings import Fix, PathParts, Problem
from ..locate import error_position
from ..nesting import MAX_EXPLAINED_LEVELS, MAX_LEVELS, is_deeper_than, with_fresh_stack
from ..phrasing import GOT, NOT_JSON, dotted, escape, excerpt, json_type
from .registry import every_line_rule, text_rule

BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"

#: The API's message for files that are not UTF-8 (source: `batchlint rule not_utf8`).
NOT_UTF8: Final = "Invalid file for Batch API. Must be utf-8 encoded"

_BLANKS: Final = " \t\r\n"
_HALF_PAIR: Final = (
    r"A string contains half of a surrogate pair (\ud800 to \udfff). Don't cut text inside a "
    "character."
)

DefectKind = Literal[
    "blank",
    "byte order mark",
    "utf-16",
    "utf-32",
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
    """Why a line, the beginning of a file, or a create call could not be read.

    Attributes:
        kind: the kind of defect.
        detail: the details for the hint.
        name: the name of the foreign format, if the file has one.
        path: the path in the parameters of a create call.
        fix: how to repair the line or the file; None if that is not possible.
    """

    kind: DefectKind
    detail: str = ""
    name: str = ""
    path: PathParts = ()
    fix: Fix | None = None


_REMOVE_MARK: Final = Fix("safe", "Remove the byte order mark.", (REMOVE_BYTE_ORDER_MARK,))
_REMOVE_INNER_MARK: Final = Fix(
    "safe", "Remove the byte order mark.", (REMOVE_INNER_BYTE_ORDER_MARK,)
)
_REMOVE_COMMA: Final = Fix("safe", "Remove the comma after the object.", (REMOVE_TRAILING_COMMA,))
_REMOVE_LINE_FIX: Final = Fix("safe", "Remove the line.", (REMOVE_LINE,))
_WRITE_NULLS: Final = Fix(
    "unsafe", "Write null instead of the number.", (REPLACE_NON_FINITE_WITH_NULL,)
)
_REPLACE_SURROGATES: Final = Fix(
    "unsafe", "Write the replacement character U+FFFD.", (REPLACE_LONE_SURROGATES,)
)


def find_surrogate(params: Any) -> Defect | None:
    """Find the first lone surrogate in a value, such as the parameters of a create call."""
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


def find_defect(line: bytes, decoded: Any = None) -> Defect:
    """Find out why a line is not a JSON object, with the standard library's decoder.

    Args:
        line: the line.
        decoded: the decoded line; None if decoding failed.

    Raises:
        MemoryError: the line is valid, but there was not enough memory to decode it.
    """
    if not line.strip(_BLANKS.encode()):
        return Defect("blank")
    if decoded is not None or line.strip(_BLANKS.encode()) == b"null":
        got = GOT[json_type(decoded)]
        return Defect("not an object", f"The line is {got}, but a request must be an object.")
    line = line.rstrip(b"\r\n")  # Otherwise an unterminated string would end at the newline.
    try:
        text = line.decode()
    except UnicodeDecodeError as error:
        byte = f"Byte {error.start + 1} of the line, 0x{line[error.start]:02x},"
        return Defect("not utf-8", f"{byte} is not valid UTF-8.")
    for levels in (MAX_LEVELS, MAX_EXPLAINED_LEVELS):
        if is_deeper_than(levels, text):
            return Defect(
                "too deep",
                f"Arrays or objects are nested deeper than {levels:,} levels. Reduce the nesting.",
            )
    try:
        with_fresh_stack(_DECODER.decode, text)
    except _NotANumberError as error:
        number = str(error)
        flaw = (
            "too large for a double-precision number"
            if number[-1].isdigit()
            else "not valid in JSON"
        )
        detail = f"{number} is {flaw}. Remove the field, or write null."
        return Defect("not a number", detail, fix=_if_effective(_WRITE_NULLS, text))
    except json.JSONDecodeError as error:
        return Defect("not json", _explain(error, text), fix=_fix_for(error, text))
    except ValueError:  # int() rejects more digits than sys.get_int_max_str_digits().
        return Defect("not a number", "A number has too many digits. Shorten it.")
    try:
        orjson.loads(line)
    except ValueError as error:
        raise_if_out_of_memory(error)
    else:  # The first attempt to decode the line ran out of memory.
        raise MemoryError
    return Defect("lone surrogate", fix=_if_effective(_REPLACE_SURROGATES, text))


def _if_effective(fix: Fix, text: str) -> Fix | None:
    """Return the fix if it turns the text into a JSON object, otherwise None."""
    return None if apply_all(text, fix.edits) is None else fix


def _fix_for(error: json.JSONDecodeError, text: str) -> Fix | None:
    """Return the fix for text that is not JSON; None if there is none."""
    if error.msg == "Extra data" and text[error.pos :].strip(_BLANKS) == ",":
        return _REMOVE_COMMA if text.lstrip(_BLANKS).startswith("{") else None
    return _if_effective(_REMOVE_INNER_MARK, text)


class _NotANumberError(ValueError):
    """A constant or a number that JSON does not allow."""


def _reject_constant(constant: str) -> None:
    raise _NotANumberError(constant)


def _parse_finite(digits: str) -> float:
    value = float(digits)
    if value in (float("inf"), float("-inf")):
        raise _NotANumberError(escape(digits[:32]))
    return value


_DECODER: Final = json.JSONDecoder(
    parse_constant=_reject_constant, parse_float=_parse_finite, parse_int=_parse_finite
)


#: The beginnings of Git conflict markers.
_CONFLICT: Final = ("<<<<<<< ", "||||||| ", "=======", ">>>>>>> ")

#: Beginnings of text that JSON does not allow, each with a hint.
_NOT_IN_JSON: Final[tuple[tuple[str | tuple[str, ...], str], ...]] = (
    (
        "\ufeff",
        "unexpected byte order mark, perhaps from joining files that begin with one. Remove it.",
    ),
    ("'", "JSON needs double quotes. Write the line with json.dumps()."),
    (
        ("True", "False"),
        "In JSON, true and false are lowercase. Write the line with json.dumps().",
    ),
    ("None", "In JSON, None is null. Write the line with json.dumps()."),
    ("undefined", "JSON has no `undefined`. Remove the field, or write null."),
    (("//", "/*", "#"), "JSON does not allow comments. Remove the comment."),
)

#: Explanations of the decoder's errors, by the beginning of its message.
_EXPLANATIONS: Final = (
    (
        "Invalid control character",
        "a control character in a string must be escaped, as \\n, \\t or \\u0000.",
    ),
    ("Invalid \\u", "\\u must be followed by four hexadecimal digits."),
    ("Invalid \\escape", "JSON does not have this escape. Write a backslash as \\\\."),
    ("Expecting property name", "a key in double quotes is missing."),
    ("Expecting ':'", "a colon is missing after the key."),
    ("Expecting ','", "a comma is missing, or a quotation mark in a string is not escaped."),
    ("Expecting value", "a value is missing or is not valid JSON."),
)


_CUT_OFF: Final = "If the line was cut off, write it again."


def _explain(error: json.JSONDecodeError, text: str) -> str:
    """Describe the mistake and its column. The wording doesn't depend on the Python version."""
    position = error_position(error, text)
    column = f"Column {position + 1}"
    rest = text[position:].strip(_BLANKS)
    after_comma = rest[1:].lstrip(_BLANKS)[:1] if rest.startswith(",") else ""
    if error.msg == "Extra data":
        return _explain_extra(rest, position)
    if after_comma in ("}", "]"):
        return f"{column}: remove the comma before the closing {after_comma}."
    if not rest:
        end = len(text.rstrip(_BLANKS)) + 1
        return f"The line ends at column {end} in the middle of a value. {_CUT_OFF}"
    if error.msg.startswith("Unterminated string"):
        return f"The string that begins at column {position + 1} is never closed. {_CUT_OFF}"
    if rest.startswith(_CONFLICT):
        return "The line is a Git conflict marker. Resolve the conflict."
    for beginning, hint in _NOT_IN_JSON:
        if rest.startswith(beginning):
            return f"{column}: {hint}"
    explanations = (hint for beginning, hint in _EXPLANATIONS if error.msg.startswith(beginning))
    return f"{column}: {next(explanations, 'this is not valid JSON.')}"


def _explain_extra(rest: str, position: int) -> str:
    """Describe text after the first value on a line."""
    column = f"Column {position + 1}"
    if rest == ",":
        return (
            f"{column}: the line ends with a comma. Write one object per line, without commas "
            "between them."
        )
    if not rest.strip("}]"):
        return f"{column}: unexpected closing {rest[0]}. Remove it."
    return f"A second value begins at column {position + 1}. Write one request per line."


def _not_json(hint: str, fix: Fix | None = None) -> Problem:
    return Problem(NOT_JSON, hint=hint, fix=fix)


def find_mark_fix(line: bytes) -> Fix | None:
    """Return the fix for a line that begins with a byte order mark. None if it isn't UTF-8."""
    try:
        line.decode()
    except UnicodeDecodeError:
        return None
    return _REMOVE_MARK


@text_rule()
def invalid_json_line(defect: Defect) -> Iterator[Problem]:
    """The line is not valid JSON.

    The whole batch fails before any request runs. Common causes are truncated lines,
    extra or missing commas, comments, single quotes, and two values on one line. The
    hint names the cause and usually the column.

    Fails: {"custom_id": "a", "method": "POST", "url": "/v1/embeddings", "body":
            {"model": "m", "input": "x"
    Passes: {"custom_id": "a", "method": "POST", "url": "/v1/embeddings", "body":
            {"model": "m", "input": "x"}}

    Fix: Write each line with a JSON library, not by hand.

    Evidence: confirmed. Comments in ogx-ai/ogx `test_batches_errors.py` (August
    2025) record the API's response. Another source is a failed batch from April
    2024.
    """
    if defect.kind == "not json":
        yield _not_json(defect.detail, defect.fix)


@text_rule(code="invalid_json_line")
def byte_order_mark(defect: Defect) -> Iterator[Problem]:
    """The file begins with a byte order mark (BOM).

    The whole batch fails before any request runs, because the BOM makes the first line
    invalid JSON.

    Fix: Write the file as UTF-8 without a BOM. In Python, use the encoding `utf-8`, not
    `utf-8-sig`.

    Evidence: reported. A user's report about OpenAI's API quotes the code and the
    message. Azure's documentation describes the same error.
    """
    if defect.kind == "byte order mark":
        yield _not_json(
            "The file begins with a byte order mark. Write it as UTF-8 without one (Python: "
            "encoding='utf-8').",
            defect.fix,
        )


@text_rule(fails="upload")
def not_utf8(defect: Defect) -> Iterator[Problem]:
    r"""The file is not encoded in UTF-8.

    The API rejects the upload. The finding is on each invalid line, and the hint names
    the first invalid byte of the line. A UTF-16 or UTF-32 file is reported once.
    PowerShell's `>` and older versions of Windows Notepad can write UTF-16.

    Fix: Write the file as UTF-8, for example with
    `open(path, "w", encoding="utf-8", newline="\n")`.

    Evidence: reported. mkht/PSOpenAI#19 (June 2024) quotes the message. The API
    returns no code.
    """
    if defect.kind == "not utf-8":
        yield Problem(NOT_UTF8, hint=f"{defect.detail} Write the file with encoding='utf-8'.")
    elif defect.kind in ("utf-16", "utf-32"):
        yield Problem(
            NOT_UTF8,
            hint=f"The file is {defect.kind.upper()}. Write it as UTF-8 (PowerShell: Out-File "
            "-Encoding utf8NoBOM).",
            fix=defect.fix,
        )


@text_rule(code="invalid_json_line")
def not_a_number(defect: Defect) -> Iterator[Problem]:
    """The line contains `NaN`, `Infinity` or a number beyond the range of a double.

    The whole batch fails before any request runs. JSON has no `NaN` or `Infinity`, but
    Python's `json.dumps` writes them by default.

    Fails: {"custom_id": "a", "method": "POST", "url": "/v1/completions", "body":
            {"model": "m", "temperature": NaN, "prompt": "x"}}
    Passes: {"custom_id": "a", "method": "POST", "url": "/v1/completions", "body":
            {"model": "m", "temperature": null, "prompt": "x"}}

    Fix: Write the line with `json.dumps(..., allow_nan=False)` and omit the
    parameter if it has no value.

    Evidence: inferred. RFC 8259, section 6, defines JSON numbers. The API's response is
    unknown. The message is the one for lines that are not valid JSON.
    """
    if defect.kind == "not a number":
        yield _not_json(defect.detail, defect.fix)


@text_rule(code="invalid_json_line")
def lone_surrogate(defect: Defect) -> Iterator[Problem]:
    r"""A string has an unpaired surrogate escape, such as `\ud83d`.

    The whole batch fails before any request runs. Half of a surrogate pair is not a
    character. A common cause is a program that cuts text inside an emoji, in a language
    that stores strings as UTF-16. batchlint also checks the parameters of create calls.

    Fails: {"custom_id": "a", "method": "POST", "url": "/v1/embeddings", "body":
            {"model": "m", "input": "\ud83d"}}
    Passes: {"custom_id": "a", "method": "POST", "url": "/v1/embeddings", "body":
            {"model": "m", "input": "\ud83d\ude00"}}

    Fix: Cut text between characters, not inside one.

    Evidence: inferred. RFC 8259, section 8.2, calls the behavior of software that
    receives such text unpredictable. The API's response is unknown. The message is the
    one for lines that are not valid JSON.
    """
    if defect.kind == "lone surrogate":
        yield _not_json(_HALF_PAIR, defect.fix)
    elif defect.kind == "lone surrogate in parameters":
        # The beginning of the API's message for bodies that it cannot parse. Its use here is
        # inferred.
        message = "We could not parse the JSON body of your request."
        yield Problem(message, dotted(defect.path) or None, defect.path, _HALF_PAIR)


@text_rule(code="invalid_json_line")
def nesting_too_deep(defect: Defect) -> Iterator[Problem]:
    """The line has more than 1,024 levels of nesting, or more than 64 if it is invalid.

    batchlint cannot decode more than 1,024 levels, so it reports the line as invalid
    JSON. If a line is not valid JSON, batchlint looks for the reason only down to 64
    levels. Invalid JSON fails the whole batch.

    Fix: Reduce the nesting. If it is unintended, look for an endless recursion in
    the program that writes the line.

    Evidence: inferred. JSON decoders limit the nesting. The limits of 1,024 and 64
    levels are batchlint's own. The API's limit is unknown.
    """
    if defect.kind == "too deep":
        yield _not_json(defect.detail)


@text_rule(code="invalid_json_line")
def not_an_object(defect: Defect) -> Iterator[Problem]:
    """The line is valid JSON, but not an object.

    The whole batch fails before any request runs.

    Fails: ["custom_id", "a"]
    Passes: {"custom_id": "a", "method": "POST", "url": "/v1/embeddings", "body":
            {"model": "m", "input": "x"}}

    Fix: Write one request object per line.

    Evidence: inferred. The API's response is unknown. The message is the one for lines
    that are not valid JSON.
    """
    if defect.kind == "not an object":
        yield Problem(NOT_JSON, None, (), defect.detail)


@text_rule(fails=None)
def blank_line(defect: Defect) -> Iterator[Problem]:
    """The line is blank.

    This is a warning because the API's response to blank lines is unknown. A blank
    line counts as a line, but not as a request. The newline at the end of the last
    line doesn't create a blank line.

    Fix: Remove the blank line.

    Evidence: inferred. Two servers with the same interface reject blank lines, and
    others skip them.
    """
    if defect.kind == "blank":
        hint = "Remove it. The API's response to blank lines is unknown."
        yield Problem("The line is blank.", None, (), hint, fix=_REMOVE_LINE_FIX)


@every_line_rule()
def duplicate_key(line: bytes) -> Iterator[Problem]:
    """An object has the same key twice.

    This is a warning because the API's response to duplicate keys is unknown. Most
    decoders keep the last value.

    The rule is off by default because it has to decode every line again, with a slower
    decoder. Enable it with `--warn duplicate_key`.

    Fix: Keep the value that you mean and remove the other one.

    Evidence: inferred. RFC 8259, section 4, calls the behavior of software that
    receives such an object unpredictable. The API's response is unknown.
    """
    key = repeated_key(line)
    if key is not None:
        hint = (
            "Remove one of them. Most decoders keep the last value. The API's response is unknown."
        )
        yield Problem(f"The key '{excerpt(key)}' occurs twice in one object.", None, (), hint)


def repeated_key(line: bytes) -> str | None:
    """Return the first key that occurs twice in one object, or None. Also None for invalid JSON."""
    if is_deeper_than(MAX_EXPLAINED_LEVELS, line.decode(errors="replace")):
        return None
    try:
        return with_fresh_stack(_repeated_key, line)
    except ValueError:
        return None


def _repeated_key(line: bytes) -> str | None:
    repeated: list[str] = []

    def record(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        decoded = dict(pairs)
        if len(decoded) != len(pairs) and not repeated:
            counts = Counter(key for key, _ in pairs)
            repeated.append(next(key for key, count in counts.items() if count > 1))
        return decoded

    json.loads(line, object_pairs_hook=record)
    return repeated[0] if repeated else None
