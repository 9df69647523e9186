"""Error responses of the file and batch routes, in the API's own words if these are known.

Sources of the messages, which public repositories quote or record:

* `No such File object: …` and `No batch found with id …`: tests from 2025 and 2026 that quote the
  API's responses, with a null code and status 404.
* `Cannot cancel a batch with status …`: ogx-ai/ogx `test_batches_errors.py`, August 2025. The test
  also shows that a cancelled batch can be cancelled again.
* `Invalid 'batch_id': …`: a test from December 2025 that quotes the API's response.
* `'…' is not one of […] - 'purpose'`: errors of `POST /v1/files` that users quote, 2025.
* `'file' is a required property`: the same source. The message for `purpose` is inferred.
* The range of `limit`: BerriAI/litellm, tests from 2026 that follow the API's responses.
* `Not allowed to … on …`: a client's test that quotes the API's response.
* `File is too large.`: `batchlint rule file_too_large`.
"""

from __future__ import annotations

from typing import Any, Final

from ..findings import BatchError
from ..phrasing import excerpt, quoted, unsupported_value

#: The rules whose names are also the API's codes. For other rules without a `code`, the API's code
#: is null. Sources: recorded responses (`fixtures/answers/`) and codes that users quote.
_API_CODES: Final = frozenset(
    {
        "array_above_max_length",
        "decimal_above_max_value",
        "decimal_below_min_value",
        "empty_array",
        "empty_string",
        "integer_above_max_value",
        "integer_below_min_value",
        "invalid_base64_image",
        "invalid_function_parameters",
        "invalid_image_format",
        "invalid_json_schema",
        "invalid_parameter",
        "invalid_type",
        "invalid_value",
        "missing_mutually_exclusive_parameters",
        "missing_required_parameter",
        "model_not_found",
        "object_above_max_properties",
        "object_below_min_properties",
        "property_name_above_max_length",
        "string_above_max_length",
        "too_many_images",
        "unknown_parameter",
        "unsupported_parameter",
        "unsupported_value",
    }
)

#: Cases in which the API omits the code: the URL, the rule, and the beginning of the message.
#: Source: `fixtures/answers/`.
_WITHOUT_CODE: Final = (
    ("/v1/chat/completions", "invalid_json_schema", ""),
    ("/v1/chat/completions", "invalid_value", "Invalid prompt_cache_retention "),
    ("/v1/responses", "unsupported_parameter", "Unsupported parameter: "),
)

#: The values of `purpose` that the API accepts. Source: an error message that users quote.
_PURPOSES: Final = ("fine-tune", "assistants", "batch", "user_data", "vision", "evals")


class ApiError(Exception):
    """An error response of a route.

    Attributes:
        status: the HTTP status.
        content: the API's error object.
    """

    def __init__(
        self,
        status: int,
        message: str,
        param: str | None = None,
        code: str | None = None,
        kind: str = "invalid_request_error",
    ) -> None:
        super().__init__(message)
        self.status = status
        self.content = _error(message, kind, param, code)


def _error(message: str, kind: str, param: str | None, code: str | None) -> dict[str, Any]:
    return {"error": {"message": message, "type": kind, "param": param, "code": code}}


def rejection(error: BatchError) -> ApiError:
    """Return the API's error for an upload or a create call with this finding."""
    content = error.to_error()["error"]
    return ApiError(400, content["message"], content["param"], content["code"])


def request_rejection(error: BatchError, url: str) -> tuple[int, dict[str, Any]]:
    """Return the status and body of an endpoint's response to a request with this first error."""
    is_known = error.code != error.rule or error.rule in _API_CODES
    is_omitted = any(
        (url, error.rule) == (where, rule) and error.message.startswith(beginning)
        for where, rule, beginning in _WITHOUT_CODE
    )
    code = error.code if is_known and not is_omitted else None
    param = (error.param or "").removeprefix("body").removeprefix(".") or None
    status = 404 if code == "model_not_found" else 400
    return status, _error(error.message, "invalid_request_error", param, code)


def no_such_file(file_id: str) -> ApiError:
    """Return the error for an unknown file ID."""
    return ApiError(404, f"No such File object: {excerpt(file_id)}", "id")


def no_such_batch(batch_id: str) -> ApiError:
    """Return the error for an unknown or malformed batch ID."""
    if not batch_id.startswith("batch"):
        message = (
            f"Invalid 'batch_id': '{excerpt(batch_id)}'. Expected an ID that begins with 'batch'."
        )
        return ApiError(400, message, "batch_id", "invalid_value")
    return ApiError(404, f"No batch found with id '{excerpt(batch_id)}'.")


def cannot_cancel(status: str) -> ApiError:
    """Return the error for cancelling a batch that has already ended."""
    return ApiError(409, f"Cannot cancel a batch with status '{status}'.")


def wrong_purpose(purpose: str) -> ApiError:
    """Return the error for a purpose other than `batch`, even if the API accepts the purpose."""
    served = ("batch",) if purpose in _PURPOSES else _PURPOSES
    message = f"'{excerpt(purpose)}' is not one of [{', '.join(quoted(served))}] - 'purpose'"
    return ApiError(400, message, "purpose")


def missing_part(name: str) -> ApiError:
    """Return the error for an upload without a file or a purpose."""
    return ApiError(400, f"'{name}' is a required property")


def not_multipart() -> ApiError:
    """Return the error for an upload that is not a multipart form."""
    return ApiError(400, "The body is not valid multipart/form-data.")


def file_too_large() -> ApiError:
    """Return the error for a file that exceeds the limit for batch input files."""
    return ApiError(400, "File is too large.")


def body_too_large() -> ApiError:
    """Return the error for a body that is too large to be read completely."""
    return ApiError(413, "Request Entity Too Large")


def not_json() -> ApiError:
    """Return the error for a create call whose body is not valid JSON."""
    return ApiError(400, "We could not parse the JSON body of your request.")


def out_of_range(name: str, value: int, lowest: int, highest: int) -> ApiError:
    """Return the error for an integer that is too small or too large."""
    is_below = value < lowest
    kind, bound = (
        ("below minimum", f">= {lowest}") if is_below else ("above maximum", f"<= {highest}")
    )
    message = (
        f"Invalid '{name}': integer {kind} value. Expected a value {bound}, but got {value} "
        "instead."
    )
    return ApiError(400, message, name, f"integer_{'below_min' if is_below else 'above_max'}_value")


def not_an_integer(name: str) -> ApiError:
    """Return the error for a value that is not an integer."""
    message = f"Invalid type for '{name}': expected an integer, but got a string instead."
    return ApiError(400, message, name, "invalid_type")


def unsupported(name: str, value: str, *choices: str) -> ApiError:
    """Return the error for a value that is not supported."""
    return ApiError(400, unsupported_value(excerpt(value), choices), name, "invalid_value")


def unknown_url(method: str, path: str) -> ApiError:
    """Return the error for an unknown route."""
    note = "`batchlint serve` has only the routes of /v1/files and /v1/batches."
    return ApiError(404, f"Invalid URL ({method} {excerpt(path)}). {note}")


def wrong_method(method: str, path: str) -> ApiError:
    """Return the error for a method that the route doesn't support."""
    hint = "(HINT: Perhaps you meant to use a different HTTP method?)"
    return ApiError(405, f"Not allowed to {method} on {excerpt(path)}. {hint}")


def not_local() -> ApiError:
    """Return the error for a request to another host name, or from a web page on another host."""
    message = (
        "batchlint serve answers only requests to localhost and 127.0.0.1, and refuses requests "
        "from web pages on other hosts. Use --host to let other machines connect."
    )
    return ApiError(403, message)


def cannot_store(reason: str) -> ApiError:
    """Return the error for a file that can't be written, for example on a full disk."""
    message = f"batchlint serve cannot store the file: {reason}"
    return ApiError(500, message, kind="server_error")


def not_an_object() -> ApiError:
    """Return the error for a create call whose body is not a JSON object."""
    return ApiError(400, "The JSON body must be an object.")
