"""Results that the user supplies, by custom_id (`--outputs`)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from .files import numbered_lines


class RequestResult(NamedTuple):
    """The result of a request.

    Attributes:
        status: the HTTP status of the response. 0 if there is no response.
        body: the body of the response.
        error: the `code` and `message` of a request that got no response.
    """

    status: int
    body: Any
    error: Any


#: The results by custom_id.
Outputs = Mapping[str | None, RequestResult]


def read_outputs(path: Path) -> Outputs:
    """Read a file of results. It has the format of the API's output and error files.

    Each line needs `custom_id` and `response.body`. `response.status_code` defaults to 200. A line
    with an `error` and no response represents a request that did not run.

    Raises:
        OSError: the file can't be read.
        ValueError: a line is invalid, or repeats a custom_id. The message names the line.
    """
    results: dict[str | None, RequestResult] = {}
    for number, line in numbered_lines(path):
        try:
            custom_id, result = _parse(line)
        except ValueError as error:
            raise ValueError(f"{path}:{number}: {error}") from None
        if custom_id in results:
            raise ValueError(f"{path}:{number}: this custom_id already has a response")
        results[custom_id] = result
    return results


def _parse(line: bytes) -> tuple[str, RequestResult]:
    try:
        row = orjson.loads(line)
    except ValueError as error:
        raise ValueError(f"not valid JSON: {error}") from None
    match row:
        case {"custom_id": str(custom_id), "response": {"body": body, **response}}:
            status: Any = response.get("status_code", 200)
            if status not in range(100, 600):
                raise ValueError("'response.status_code' must be an HTTP status")
            return custom_id, RequestResult(status, body, None)
        case {"custom_id": str(custom_id), "error": dict(reason)}:
            return custom_id, RequestResult(0, None, reason)
    raise ValueError('a response must look like {"custom_id": "a", "response": {"body": {}}}')
