"""A model of `fix` that changes decoded requests, without the package's edits.

`apply_documented_fixes` changes a dict as `docs/fix-and-split.md` describes. The package only
determines which findings are fixable, and whether a fix is safe.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from batchlint import BatchError, check
from support import URLS

#: The placeholder for a custom_id that a fix generates.
NEW_ID: Final = "a new custom_id"

#: More rounds than any fixture needs.
_MAX_ROUNDS: Final = 60

Request = dict[str, Any]


def decode(text: str, *, unsafe: bool) -> Request | None:
    """Return the object in a line after the fixes that make it valid JSON. None if it has no object."""
    text = text.removeprefix("\ufeff").strip(" \t\r\n")
    text = text.removesuffix(",")
    try:
        value = json.loads(text)
    except ValueError:
        return None
    cleaned = _clean(value)
    is_changed = json.dumps(cleaned) != json.dumps(value)
    return cleaned if isinstance(cleaned, dict) and (unsafe or not is_changed) else None


def _clean(value: Any) -> Any:
    """Replace NaN and infinities with null, and lone surrogates with U+FFFD."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, str):
        return re.sub("[\ud800-\udfff]", "\ufffd", value)
    if isinstance(value, list):
        return [_clean(item) for item in value]
    if isinstance(value, dict):
        return {_clean(key): _clean(item) for key, item in value.items()}
    return value


def apply_documented_fixes(request: Request, *, unsafe: bool) -> Request:
    """Apply all fixes to a copy of a request. Its fields are in the order of the fixed line."""
    request = json.loads(json.dumps(request))
    for _ in range(_MAX_ROUNDS):
        report = check(json.dumps(request).encode(), keep=0)
        fixable = [
            error
            for error in (*report.errors, *report.warnings)
            if error.fix is not None and (unsafe or error.fix.safety == "safe")
        ]
        if not fixable:
            return request
        before = json.dumps(request)
        # Fixes without edits generate a custom_id. They are applied last.
        for error in [error for error in fixable if error.fix and error.fix.edits] or fixable:
            CHANGES[error.rule](request, error)
        assert json.dumps(request) != before, fixable
    raise AssertionError("there is always another fix")


# -- one change per rule --------------------------------------------------------------------------


def _rename(parent: Request, old: str, new: str) -> None:
    items = [(new if key == old else key, value) for key, value in parent.items()]
    parent.clear()
    parent.update(items)


def _locate(request: Any, error: BatchError) -> tuple[Any, str]:
    """Return the object that contains a finding's parameter, and the parameter's name."""
    *path, last = [
        token.replace("~1", "/").replace("~0", "~") for token in str(error.pointer).split("/")[1:]
    ]
    for token in path:
        request = request[int(token) if isinstance(request, list) else token]
    return request, last


def _summary(error: BatchError) -> str:
    assert error.fix is not None
    return error.fix.summary


def _add_missing_field(request: Request, error: BatchError) -> None:
    renamed = re.fullmatch(r'Rename "(.+)" to "(.+)"\.', _summary(error))
    if renamed:
        _rename(request, renamed[1], renamed[2])
    elif error.pointer == "/method":
        request["method"] = "POST"
    else:
        _replace_custom_id(request, error)


def _replace_custom_id(request: Request, _: BatchError) -> None:
    request["custom_id"] = NEW_ID


def _set_method(request: Request, _: BatchError) -> None:
    request["method"] = "POST"


def _correct_url(request: Request, _: BatchError) -> None:
    path = re.sub(r"^https?://[^/]*", "", request["url"].strip(), flags=re.IGNORECASE)
    [request["url"]] = [
        url for url in URLS if url.strip("/") in (path.strip("/"), f"v1/{path.strip('/')}")
    ]


def _decode_body(request: Request, _: BatchError) -> None:
    request["body"] = json.loads(request["body"], strict=False)


def _disable_streaming(request: Request, _: BatchError) -> None:
    request["body"].pop("stream", None)
    request["body"].pop("stream_options", None)


def _remove(request: Request, error: BatchError) -> None:
    parent, name = _locate(request, error)
    parent.pop(name, None)


def _replace_unsupported(request: Request, error: BatchError) -> None:
    if error.pointer == "/body/max_tokens" and "max_completion_tokens" in _summary(error):
        _use_max_completion_tokens(request, error)
    else:
        _remove(request, error)


def _use_max_completion_tokens(request: Request, _: BatchError) -> None:
    request["body"].pop("max_completion_tokens", None)
    _rename(request["body"], "max_tokens", "max_completion_tokens")


def _move_or_remove_field(request: Request, error: BatchError) -> None:
    _, name = _locate(request, error)
    value = request.pop(name)
    if _summary(error).startswith("Move"):
        request["body"][name] = value


def _replace_deprecated(request: Request, error: BatchError) -> None:
    body = request["body"]
    if error.pointer == "/body/max_tokens":
        _use_max_completion_tokens(request, error)
    elif "functions" in body:  # One fix covers both parameters.
        body["functions"] = [
            {"type": "function", "function": function} for function in body["functions"]
        ]
        _rename(body, "functions", "tools")
        if isinstance(body.get("function_call"), dict):
            body["function_call"] = {"type": "function", "function": body["function_call"]}
        _rename(body, "function_call", "tool_choice")


def _move_parameter(request: Request, error: BatchError) -> None:
    body, name = _locate(request, error)
    if name == "messages":
        _rename(body, name, "input")
    elif name == "max_completion_tokens":
        _rename(body, name, "max_output_tokens")
    elif name == "reasoning_effort":
        body[name] = {"effort": body[name]}
        _rename(body, name, "reasoning")
    else:
        form = body[name]
        nested = form.get("json_schema", {})
        # Without `strict`, chat completions don't use strict mode, but /v1/responses does.
        if "json_schema" in form and nested.get("strict") is None:
            nested["strict"] = False
        body[name] = {"format": {"type": form["type"], **nested}}
        _rename(body, name, "text")


def _quote_custom_id(request: Request, _: BatchError) -> None:
    request["custom_id"] = str(request["custom_id"])


def _make_strict(request: Request, error: BatchError) -> None:
    parent, name = _locate(request, error)
    schema = parent[int(name) if isinstance(parent, list) else name] if name in parent else parent
    if name in ("required", "additionalProperties") or not isinstance(schema, dict):
        schema = parent
    if "additionalProperties" in _summary(error):
        schema["additionalProperties"] = False
    else:
        schema["required"] = [*schema["properties"]]


def _use_successor(request: Request, error: BatchError) -> None:
    request["body"]["model"] = _summary(error).removeprefix("Use '").removesuffix("'.")


CHANGES: Final[Mapping[str, Callable[[Request, BatchError], None]]] = {
    "deprecated_parameter": _replace_deprecated,
    "doubtful_null": _remove,
    "doubtful_parameter": _remove,
    "empty_custom_id": _replace_custom_id,
    "invalid_body": _decode_body,
    "invalid_custom_id": _quote_custom_id,
    "invalid_function_parameters": _make_strict,
    "invalid_json_schema": _make_strict,
    "invalid_method": _set_method,
    "invalid_url": _correct_url,
    "max_tokens_twice": _remove,
    "missing_line_member": _add_missing_field,
    "model_shutdown": _use_successor,
    "moved_parameter": _move_parameter,
    "stream_options_without_stream": _remove,
    "streaming_unsupported": _disable_streaming,
    "unknown_line_member": _move_or_remove_field,
    "unknown_parameter": _remove,
    "unrecognized_argument": _remove,
    "unsupported_parameter": _replace_unsupported,
}
