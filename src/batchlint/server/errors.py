"""The errors of the file and batch routes, in the API's own words if these are known.

Sources of the messages, as quoted or recorded in public repositories:

* `No such File object: …` and `No batch found with id …`: tests from 2025 and 2026 that quote the
  API's responses, with a null code and status 404.
* `Cannot cancel a batch with status …`: ogx-ai/ogx `test_batches_errors.py`, August 2025. The test
  also shows that a cancelled batch can be cancelled again.
* `Invalid 'batch_id': …`: a test from December 2025 that quotes the API's response.
* `'…' is not one of […] - 'purpose'`: errors of `POST /v1/files` that users quote, 2025.
* `'file' is a required property`: the same source. The message for `purpose` is inferred.
* The limits of `limit`: BerriAI/litellm, tests from 2026 that follow the API's responses.
* `Not allowed to … on …`: a client's test that quotes the API's response.
* `File is too large.`: `batchlint rule file_too_large`.
"""

from __future__ import annotations

from typing import Any, Final

from ..findings import BatchError
from ..phrasing import excerpt, quoted, supported

#: Codes of the API that are also rule names. For all other rules, the API's code is null. Source:
#: recorded responses (`fixtures/answers/`), and the codes that users quote.
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

#: Cases in which the API omits a code that it otherwise gives. Each has the URL, the rule, and the
#: beginning of the message. Source: `fixtures/answers/`.
_WITHOUT_CODE: Final = (
    ("/v1/chat/completions", "invalid_json_schema", ""),
    ("/v1/chat/completions", "invalid_value", "Invalid prompt_cache_retention "),
    ("/v1/responses", "unsupported_parameter", "Unsupported parameter: "),
)

#: The API's values of `purpose` (source: the message that users quote).
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


def refused(error: BatchError) -> ApiError:
    """The response to an upload or a create call with an error."""
    about = error.to_error()["error"]
    return ApiError(400, about["message"], about["param"], about["code"])


def refused_request(error: BatchError, url: str) -> tuple[int, dict[str, Any]]:
    """The status and body of an endpoint's error response, from the first error of a request."""
    is_known = error.code != error.rule or error.rule in _API_CODES
    is_left_out = any(
        url == where and error.rule == rule and error.message.startswith(beginning)
        for where, rule, beginning in _WITHOUT_CODE
    )
    code = error.code if is_known and not is_left_out else None
    param = (error.param or "").removeprefix("body").removeprefix(".") or None
    status = 404 if code == "model_not_found" else 400
    return status, _error(error.message, "invalid_request_error", param, code)


def no_such_file(file_id: str) -> ApiError:
    """There is no file with this id."""
    return ApiError(404, f"No such File object: {excerpt(file_id)}", "id")


def no_such_batch(batch_id: str) -> ApiError:
    """There is no batch with this id."""
    if not batch_id.startswith("batch"):
        message = (
            f"Invalid 'batch_id': '{excerpt(batch_id)}'. Expected an ID that begins with 'batch'."
        )
        return ApiError(400, message, "batch_id", "invalid_value")
    return ApiError(404, f"No batch found with id '{excerpt(batch_id)}'.")


def cannot_cancel(status: str) -> ApiError:
    """The batch has already ended."""
    return ApiError(409, f"Cannot cancel a batch with status '{status}'.")


def wrong_purpose(purpose: str) -> ApiError:
    """An upload whose purpose is not `batch`. The API's other purposes are also refused."""
    served = ("batch",) if purpose in _PURPOSES else _PURPOSES
    message = f"'{excerpt(purpose)}' is not one of [{', '.join(quoted(served))}] - 'purpose'"
    return ApiError(400, message, "purpose")


def missing_part(name: str) -> ApiError:
    """An upload without its file or its purpose."""
    return ApiError(400, f"'{name}' is a required property")


def not_multipart() -> ApiError:
    """The body of an upload is not a form with files."""
    return ApiError(400, "The body is not valid multipart/form-data.")


def file_too_large() -> ApiError:
    """The uploaded file exceeds the limit for batch input files."""
    return ApiError(400, "File is too large.")


def body_too_large() -> ApiError:
    """A body is too large to be read to its end."""
    return ApiError(413, "Request Entity Too Large")


def not_json() -> ApiError:
    """The body of a create call cannot be parsed."""
    return ApiError(400, "We could not parse the JSON body of your request.")


def out_of_range(name: str, value: int, lowest: int, highest: int) -> ApiError:
    """An integer is too small or too large."""
    below = value < lowest
    kind, bound = ("below minimum", f">= {lowest}") if below else ("above maximum", f"<= {highest}")
    message = f"Invalid '{name}': integer {kind} value. Expected a value {bound}, but got {value} instead."
    return ApiError(400, message, name, f"integer_{'below_min' if below else 'above_max'}_value")


def not_an_integer(name: str) -> ApiError:
    """An integer was expected."""
    message = f"Invalid type for '{name}': expected an integer, but got a string instead."
    return ApiError(400, message, name, "invalid_type")


def unsupported(name: str, value: str, *choices: str) -> ApiError:
    """A value is not one of the supported values."""
    return ApiError(400, supported(excerpt(value), choices), name, "invalid_value")


def unknown_url(method: str, path: str) -> ApiError:
    """There is no such route."""
    about = "`batchlint serve` has only the routes of /v1/files and /v1/batches."
    return ApiError(404, f"Invalid URL ({method} {excerpt(path)}). {about}")


def wrong_method(method: str, path: str) -> ApiError:
    """The route has no such method."""
    hint = "(HINT: Perhaps you meant to use a different HTTP method?)"
    return ApiError(405, f"Not allowed to {method} on {excerpt(path)}. {hint}")


def not_local() -> ApiError:
    """The request names another host, or comes from a web page on another host."""
    message = (
        "batchlint serve answers only requests to localhost and 127.0.0.1, and refuses requests from "
        "web pages on other hosts. Use --host to let other machines connect."
    )
    return ApiError(403, message)


def cannot_store(reason: str) -> ApiError:
    """A file cannot be written, for example because the disk is full."""
    message = f"batchlint serve cannot store the file: {reason}"
    return ApiError(500, message, kind="server_error")


def not_an_object() -> ApiError:
    """The body of a create call is not a JSON object."""
    return ApiError(400, "The JSON body must be an object.")
