"""Write the output file and error file of a batch."""

from __future__ import annotations

import json
from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import orjson

from ..findings import BatchError
from ..nesting import prune, with_fresh_stack
from ..providers import OTHER, Endpoint, Provider
from .canned import canned_response
from .errors import request_rejection
from .files import numbered_lines
from .outputs import Outputs, RequestResult


@dataclass(frozen=True)
class Job:
    """The properties of a batch that its results depend on.

    Attributes:
        number: the sequence number of the batch, which is part of IDs.
        provider: the service that the batch is for.
        url: the batch's endpoint.
        created_at: the time of the create call, in seconds since the epoch.
        outputs: the results that the user supplies, by custom_id.
    """

    number: int
    provider: Provider
    url: str
    created_at: int
    outputs: Outputs = field(default_factory=dict)


@dataclass(frozen=True)
class Results:
    """The results of a batch's requests.

    Attributes:
        output: the path of the output file.
        errors: the path of the error file.
        total: the number of requests that ran.
        failures: the positions of the requests that failed, counted from 0, in order.
        usage: the total token counts.
    """

    output: Path
    errors: Path
    total: int
    failures: array[int]
    usage: Counter[str]

    def counts(self, first: int | None = None) -> dict[str, int]:
        """Count the completed and failed requests among the first `first`. None counts all."""
        total = self.total if first is None else first
        failed = bisect_left(self.failures, total)
        return {"completed": total - failed, "failed": failed}


def write_results(
    job: Job, source: Path, rejections: Iterable[BatchError], output: Path, errors: Path
) -> Results:
    """Answer all requests of a file.

    Args:
        job: the batch.
        source: the input file, which has no error that fails the batch.
        rejections: the first error of each rejected request, in order.
        output: where to write the responses.
        errors: where to write the errors.

    Raises:
        OSError: a file can't be read or written.
    """
    usage: Counter[str] = Counter()
    failures = array("I")
    remaining = iter(rejections)
    rejection = next(remaining, None)
    position = 0
    with output.open("wb") as good, errors.open("wb") as bad:
        for number, line in numbered_lines(source):
            request = _request(line)
            if rejection is not None and rejection.line == number:
                status, body = request_rejection(rejection, job.url)
                result = RequestResult(status, body, None)
                rejection = next(remaining, None)
            else:
                result = _result_of(job, request, position)
            if result.status in range(200, 300):
                _write(good, _line(job, request.get("custom_id"), position, result))
                _add_usage(usage, result.body)
            else:
                _write(bad, _line(job, request.get("custom_id"), position, result))
                failures.append(position)
            position += 1
    return Results(output, errors, position, failures, usage)


def _request(line: bytes) -> dict[str, Any]:
    """Return a request, with an empty object in place of an invalid body or line."""
    request = _decode(line)
    request = request if isinstance(request, dict) else {}
    body = request.get("body")
    return {**request, "body": body if isinstance(body, dict) else {}}


def _decode(line: bytes) -> Any:
    """Decode a line. Other services may accept lines that only Python's decoder can read."""
    try:
        return orjson.loads(line)
    except ValueError:
        text = line.decode("utf-8-sig", "replace")
    try:
        return with_fresh_stack(json.loads, text)
    except (ValueError, RecursionError):
        return None


def _result_of(job: Job, request: dict[str, Any], position: int) -> RequestResult:
    custom_id = request.get("custom_id")
    supplied = job.outputs.get(custom_id) if isinstance(custom_id, str) else None
    if supplied is not None:
        return supplied
    tag = _tag(job, position)
    body = request["body"]
    return RequestResult(
        200, canned_response(_endpoint(job, request), body, tag, job.created_at), None
    )


def _endpoint(job: Job, request: dict[str, Any]) -> Endpoint:
    """Return the endpoint of a request. Some providers' lines have no URL, or different URLs."""
    urls = (request.get("url"), job.url, job.provider.url_of_body(request["body"]))
    return next(filter(None, map(job.provider.endpoint, urls)), OTHER)


def _tag(job: Job, position: int) -> str:
    """Return the suffix of all IDs for a request."""
    return f"batchlint{job.number:07}{position + 1:08}"


def _line(job: Job, custom_id: str | None, position: int, result: RequestResult) -> dict[str, Any]:
    """Return a line for the output file or the error file.

    Sources: the Batch guide, October 2026, and lines that users quote (openai/openai-openapi#302).
    """
    tag = _tag(job, position)
    response = {"status_code": result.status, "request_id": f"req_{tag}", "body": result.body}
    return {
        "id": f"batch_req_{tag}",
        "custom_id": custom_id,
        "response": response if result.status else None,
        "error": result.error,
    }


def _write(file: BinaryIO, line: dict[str, Any]) -> None:
    try:
        text = orjson.dumps(line)
    except TypeError:  # Lone surrogates, or more than 254 levels.
        text = json.dumps(prune(line)).encode()
    file.write(text + b"\n")


def _add_usage(usage: Counter[str], body: Any) -> None:
    """Add the token counts of a response body. Their names depend on the endpoint."""
    counts = body.get("usage") if isinstance(body, dict) else None
    inputs = _count(counts, "input_tokens", "prompt_tokens")
    outputs = _count(counts, "output_tokens", "completion_tokens")
    usage["input_tokens"] += inputs
    usage["output_tokens"] += outputs
    for name, part in (("input", "prompt"), ("output", "completion")):
        details = _first(counts, f"{name}_tokens_details", f"{part}_tokens_details")
        usage["cached_tokens"] += _count(details, "cached_tokens")
        usage["reasoning_tokens"] += _count(details, "reasoning_tokens")


def _first(value: Any, *names: str) -> Any:
    """Return the first of these fields that is not null. None if all are."""
    fields = value if isinstance(value, dict) else {}
    return next((fields[name] for name in names if fields.get(name) is not None), None)


def _count(value: Any, *names: str) -> int:
    number = _first(value, *names)
    return number if isinstance(number, int) else 0


#: The error of a request that did not run because its batch was cancelled. The code is documented.
#: The API's message is unknown.
_CANCELLED = {
    "code": "batch_cancelled",
    "message": "This request was not executed because the batch was cancelled.",
}


def cancel_results(results: Results, first: int) -> Results:
    """Keep the results of the first requests and give all later requests an error.

    Source: BerriAI/litellm#36034 (2026) shows a cancelled OpenAI batch with both files. Its
    `failed` count excludes the requests that did not run.

    Args:
        results: the results of all requests.
        first: the number of requests to keep.

    Raises:
        OSError: a file can't be read or written.
    """
    usage: Counter[str] = Counter()
    failed = bisect_left(results.failures, first)
    output = results.output.with_suffix(".cancelled")
    errors = results.errors.with_suffix(".cancelled")
    with output.open("wb") as good, errors.open("wb") as bad:
        for position, line in numbered_lines(results.errors):
            if position <= failed:
                bad.write(line)
            else:
                _write(bad, _not_run(line))
        for position, line in numbered_lines(results.output):
            if position <= first - failed:
                good.write(line)
                _add_usage(usage, _decode(line)["response"]["body"])
            else:
                _write(bad, _not_run(line))
    output.replace(results.output)
    errors.replace(results.errors)
    return Results(results.output, results.errors, first, results.failures[:failed], usage)


def _not_run(line: bytes) -> dict[str, Any]:
    return {**_decode(line), "response": None, "error": _CANCELLED}


def first_rejections(findings: Iterable[BatchError]) -> Iterator[BatchError]:
    """Yield the first error of each request that its endpoint rejects.

    Args:
        findings: the findings of a file, in order.
    """
    last = 0
    for error in findings:
        if error.fails == "request" and error.line is not None and error.line > last:
            last = error.line
            yield error
