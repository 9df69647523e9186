"""The meaning of fixes, defined for decoded requests and without the package's edits.

`documented` applies each fix to a dict as `docs/fix-and-split.md` describes it. From the package,
it uses only which findings are marked, and their safety.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from batchlint import BatchError, check
from support import URLS

#: Represents a custom_id that the fix generates.
NEW_ID: Final = "a new custom_id"

#: This is more rounds than any fixture needs.
_MOST_ROUNDS: Final = 60

Request = dict[str, Any]


def decode(text: str, *, unsafe: bool) -> Request | None:
    """The object in a line, if there is one or a fix creates one."""
    text = text.removeprefix("\ufeff").strip(" \t\r\n")
    text = text.removesuffix(",")
    try:
        value = json.loads(text)
    except ValueError:
        return None
    cleaned = _cleaned(value)
    is_changed = json.dumps(cleaned) != json.dumps(value)
    return cleaned if isinstance(cleaned, dict) and (unsafe or not is_changed) else None


def _cleaned(value: Any) -> Any:
    """A value with null instead of NaN and infinities, and U+FFFD instead of lone surrogates."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, str):
        return re.sub("[\ud800-\udfff]", "\ufffd", value)
    if isinstance(value, list):
        return [_cleaned(item) for item in value]
    if isinstance(value, dict):
        return {_cleaned(key): _cleaned(item) for key, item in value.items()}
    return value


def documented(request: Request, *, unsafe: bool) -> Request:
    """A request after the fixes of its findings. The order of its fields is that of the fixed line."""
    request = json.loads(json.dumps(request))
    for _ in range(_MOST_ROUNDS):
        report = check(json.dumps(request).encode(), keep=0)
        marked = [
            error
            for error in (*report.errors, *report.warnings)
            if error.fix is not None and (unsafe or error.fix.safety == "safe")
        ]
        if not marked:
            return request
        before = json.dumps(request)
        # Fixes without edits generate a custom_id. They come last.
        for error in [error for error in marked if error.fix and error.fix.edits] or marked:
            CHANGES[error.rule](request, error)
        assert json.dumps(request) != before, marked
    raise AssertionError("the fixes do not end")


# -- one change per rule --------------------------------------------------------------------------


def _rename(holder: Request, old: str, new: str) -> None:
    items = [(new if key == old else key, value) for key, value in holder.items()]
    holder.clear()
    holder.update(items)


def _place(request: Any, error: BatchError) -> tuple[Any, str]:
    """The object that holds the parameter of a finding, and the name of the parameter."""
    *path, last = [
        token.replace("~1", "/").replace("~0", "~") for token in str(error.pointer).split("/")[1:]
    ]
    for token in path:
        request = request[int(token) if isinstance(request, list) else token]
    return request, last


def _summary(error: BatchError) -> str:
    assert error.fix is not None
    return error.fix.summary


def _add(request: Request, error: BatchError) -> None:
    renamed = re.fullmatch(r'Rename "(.+)" to "(.+)"\.', _summary(error))
    if renamed:
        _rename(request, renamed[1], renamed[2])
    elif error.pointer == "/method":
        request["method"] = "POST"
    else:
        _renew(request, error)


def _renew(request: Request, _: BatchError) -> None:
    request["custom_id"] = NEW_ID


def _write_post(request: Request, _: BatchError) -> None:
    request["method"] = "POST"


def _write_url(request: Request, _: BatchError) -> None:
    path = re.sub(r"^https?://[^/]*", "", request["url"].strip(), flags=re.IGNORECASE)
    [request["url"]] = [
        url for url in URLS if url.strip("/") in (path.strip("/"), f"v1/{path.strip('/')}")
    ]


def _read_body(request: Request, _: BatchError) -> None:
    request["body"] = json.loads(request["body"], strict=False)


def _answer_at_once(request: Request, _: BatchError) -> None:
    request["body"].pop("stream", None)
    request["body"].pop("stream_options", None)


def _remove(request: Request, error: BatchError) -> None:
    holder, name = _place(request, error)
    holder.pop(name, None)


def _support(request: Request, error: BatchError) -> None:
    if error.pointer == "/body/max_tokens" and "max_completion_tokens" in _summary(error):
        _new_limit(request, error)
    else:
        _remove(request, error)


def _new_limit(request: Request, _: BatchError) -> None:
    request["body"].pop("max_completion_tokens", None)
    _rename(request["body"], "max_tokens", "max_completion_tokens")


def _move_or_remove(request: Request, error: BatchError) -> None:
    _, name = _place(request, error)
    value = request.pop(name)
    if _summary(error).startswith("Move"):
        request["body"][name] = value


def _deprecate(request: Request, error: BatchError) -> None:
    body = request["body"]
    if error.pointer == "/body/max_tokens":
        _new_limit(request, error)
    elif "functions" in body:  # One fix for both parameters.
        body["functions"] = [{"type": "function", "function": each} for each in body["functions"]]
        _rename(body, "functions", "tools")
        if isinstance(body.get("function_call"), dict):
            body["function_call"] = {"type": "function", "function": body["function_call"]}
        _rename(body, "function_call", "tool_choice")


def _move(request: Request, error: BatchError) -> None:
    body, name = _place(request, error)
    if name == "messages":
        _rename(body, name, "input")
    elif name == "max_completion_tokens":
        _rename(body, name, "max_output_tokens")
    elif name == "reasoning_effort":
        body[name] = {"effort": body[name]}
        _rename(body, name, "reasoning")
    else:
        form = body[name]
        body[name] = {"format": {"type": form["type"], **form.get("json_schema", {})}}
        _rename(body, name, "text")


def _quote(request: Request, _: BatchError) -> None:
    request["custom_id"] = str(request["custom_id"])


def _make_strict(request: Request, error: BatchError) -> None:
    holder, name = _place(request, error)
    schema = holder[int(name) if isinstance(holder, list) else name] if name in holder else holder
    if name in ("required", "additionalProperties") or not isinstance(schema, dict):
        schema = holder
    if "additionalProperties" in _summary(error):
        schema["additionalProperties"] = False
    else:
        schema["required"] = [*schema["properties"]]


def _use_successor(request: Request, error: BatchError) -> None:
    request["body"]["model"] = _summary(error).removeprefix("Use '").removesuffix("'.")


CHANGES: Final[Mapping[str, Callable[[Request, BatchError], None]]] = {
    "deprecated_parameter": _deprecate,
    "empty_custom_id": _renew,
    "invalid_body": _read_body,
    "invalid_custom_id": _quote,
    "invalid_function_parameters": _make_strict,
    "invalid_json_schema": _make_strict,
    "invalid_method": _write_post,
    "invalid_url": _write_url,
    "max_tokens_twice": _remove,
    "missing_line_member": _add,
    "model_shutdown": _use_successor,
    "moved_parameter": _move,
    "stream_options_without_stream": _remove,
    "streaming_unsupported": _answer_at_once,
    "unknown_line_member": _move_or_remove,
    "unknown_parameter": _remove,
    "unrecognized_argument": _remove,
    "unsupported_parameter": _support,
}
