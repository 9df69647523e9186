"""Rules about the whole file: its name, its limits, and consistency between lines."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from itertools import chain, islice
from operator import itemgetter
from typing import Any, Final, NamedTuple

import orjson

from .. import edits
from ..findings import Edit, Fix, Part, Phase, Problem, Rank
from ..model_names import suggest_models
from ..phrasing import excerpt
from ..providers import (
    CHAT,
    VIDEOS,
    Endpoint,
    provider,
    reported_shutdown_dates,
    schema_variant,
    shutdown_dates,
    successors,
    unbatchable_models,
)
from ..schema.store import body_schema, deprecated_parameters
from ..sources import is_open_file, is_url
from ..summary import CustomIds, Runs
from .prompt_size import BYTES_PER_TOKEN
from .registry import CheckedFile, file_rule, name_rule

_NOT_JSONL: Final = "Invalid file format for Batch API. Must be .jsonl"
_SPLIT: Final = "Split the file into several batches."

#: Warn about a model this many days before its shutdown.
_WARNING_DAYS: Final = 30

#: Batch validation reports conflicts between lines last. Conflicts of URLs and IDs come after all
#: problems of the line's fields, and conflicts of models after missing parameters of the body. This
#: is inferred from batches with two faults per line, of which the API reports only the first.
_URL_RANK: Final = Rank(Part.LINE, Phase.LAST, 0)
_ID_RANK: Final = Rank(Part.LINE, Phase.LAST, 1)
_MODEL_RANK: Final = Rank(Part.BODY, Phase.PRESENCE, 99)


def affected(count: int, first_line: int) -> str:
    """Return a sentence with the number of requests that a problem affects."""
    if count == 1:
        return "1 request is affected."
    return f"{count:,} requests are affected, the first on line {first_line:,}."


@name_rule(fails="upload")
def not_jsonl_name(name: str) -> Iterator[Problem]:
    """The file name does not end in `.jsonl`.

    The API checks the name and rejects the upload. batchlint skips this check for
    standard input and for a shell's process substitution, which have no file name.

    Fix: Rename the file so that its name ends in `.jsonl`.

    Evidence: reported. BerriAI/litellm#37527 (August 2026) quotes the message. The
    API returns no code.
    """
    names = name.split("::") if is_url(name) else [name]  # zip://a.jsonl::s3://bucket/a.zip
    if not any(part.endswith(".jsonl") for part in names) and not is_open_file(name):
        yield Problem(_NOT_JSONL, hint="Rename the file to end in .jsonl.")


@file_rule(fails="upload")
def file_too_large(file: CheckedFile) -> Iterator[Problem]:
    """The file is larger than the provider's limit: 209,715,200 bytes (200 MiB) for OpenAI.

    The API rejects the upload.

    Fix: Split the file with `batchlint split`, then create one batch per part.

    Evidence: confirmed. Two logs from April 2026 give 209715200 as the maximum.
    bespokelabsai/curator#111 quotes the error message. The Batch guide says "200
    MB". `batchlint provider NAME` lists the sources for other providers.
    """
    size = file.summary.bytes
    limit = file.limits.bytes
    if limit is not None and size > limit:
        hint = f"The file has {size:,} bytes; {_maximum(file, limit)}. {_SPLIT}"
        yield Problem("File is too large.", hint=hint)


@file_rule(fails=None)
def file_size_near_limit(file: CheckedFile) -> Iterator[Problem]:
    """The file is larger than the lowest documented limit: 200 MB for OpenAI.

    This is a warning because other sources give a higher limit (see
    `file_too_large`), or because the only source is a third party. OpenAI's Batch
    guide says "200 MB", which may mean 200,000,000 bytes. If the API enforces the
    lower limit, it rejects the upload.

    Fix: To be safe, split the file with `batchlint split`, then create one batch
    per part.

    Evidence: documented. The Batch guide says "200 MB". `file_too_large` lists the
    evidence for the higher limit. `batchlint provider NAME` lists the sources for other
    providers.
    """
    size = file.summary.bytes
    safe = file.safe_limits.bytes
    limit = file.limits.bytes
    if safe is None or size <= safe or (limit is not None and size > limit):
        return
    megabytes = f"{safe // 10**6:,} MB"
    if file.provider.has_openai_models:
        message = f"The file has {size:,} bytes, more than the documented limit of {megabytes}."
        hint = f"In practice, the API enforces a limit of {limit:,} bytes."
    else:
        message = f"The file has {size:,} bytes. {file.provider.title} may accept only {safe:,}."
        hint = _warning_reason(limit)
    yield Problem(message, hint=hint)


def _maximum(file: CheckedFile, limit: int) -> str:
    """Return "the maximum is 50,000", with the provider's name unless it is OpenAI."""
    subject = (
        "the maximum" if file.provider.has_openai_models else f"{file.provider.title}'s maximum"
    )
    return f"{subject} is {limit:,}"


def _warning_reason(limit: int | None) -> str:
    """Return the reason why exceeding the lower limit is only a warning."""
    if limit is None:
        return "This limit comes from a single second-hand source."
    return f"The sources disagree. None of them allows more than {limit:,}."


@file_rule(fails="upload")
def empty_file(file: CheckedFile) -> Iterator[Problem]:
    """The file has no requests: it has 0 bytes or only blank lines.

    The API rejects the upload, with the same message as for a wrong file name.

    Fix: Write at least one request to the file. If it should already contain
    requests, check the program that writes the file.

    Evidence: reported. ogx-ai/ogx `test_batches_errors.py` (August 2025) asserts
    the status and parts of the message. For a file with only blank lines, the
    response is inferred.
    """
    if not file.summary.statuses.requests:
        yield Problem(_NOT_JSONL, hint="The file has no requests. Write one per line.")


@file_rule(fails="batch")
def too_many_requests(file: CheckedFile) -> Iterator[Problem]:
    """The file has more requests than the provider accepts: 50,000 for OpenAI.

    The whole batch fails before any request runs. Blank lines do not count as requests.
    Some providers accept fewer requests if they are for embeddings.

    Fix: Split the file with `batchlint split`, then create one batch per part.

    Evidence: documented. The Batch guide states the limit. The API's code and message
    are unknown, so batchlint uses its own. `batchlint provider NAME` lists the sources
    for other providers.
    """
    requests = file.summary.statuses.requests
    limit = file.limits.requests
    if limit is not None and requests > limit:
        message = f"The file has {requests:,} requests; {_maximum(file, limit)}."
        yield Problem(message, hint=_SPLIT)
        return
    requests = file.summary.totals["embedding_requests"]
    limit = file.limits.embedding_requests
    if limit is not None and requests > limit:
        message = f"The file has {requests:,} requests for embeddings; {_maximum(file, limit)}."
        yield Problem(message, hint=_SPLIT)


@file_rule(fails=None)
def requests_near_limit(file: CheckedFile) -> Iterator[Problem]:
    """The file has more requests than the lowest documented limit.

    This is a warning because another source gives a higher limit, or because the
    only source is a third party. The rule doesn't apply to OpenAI, whose limit is
    certain (see `too_many_requests`).

    Fix: To be safe, split the file with `batchlint split`, then create one batch
    per part.

    Evidence: documented. `batchlint provider NAME` lists the sources.
    """
    requests = file.summary.statuses.requests
    safe = file.safe_limits.requests
    limit = file.limits.requests
    if safe is not None and requests > safe and (limit is None or requests <= limit):
        yield Problem(
            f"The file has {requests:,} requests. {file.provider.title} may accept only {safe:,}.",
            hint=_warning_reason(limit),
        )


@file_rule(fails="batch")
def too_many_embedding_inputs(file: CheckedFile) -> Iterator[Problem]:
    """The requests to `/v1/embeddings` have more inputs in total than the provider accepts.

    OpenAI accepts 50,000. The whole batch fails before any request runs. A string or a
    list of tokens counts as one input. A list of strings, or of lists of tokens, counts
    as one input per item.

    Fix: Split the file with `batchlint split`, then create one batch per part.

    Evidence: documented. The Batch guide states the limit. The API's code and message
    are unknown, so batchlint uses its own.
    """
    inputs = file.summary.totals["embedding_inputs"]
    limit = file.limits.embedding_inputs
    if limit is not None and inputs > limit:
        message = f"The requests have {inputs:,} embedding inputs; {_maximum(file, limit)}."
        yield Problem(message, hint=_SPLIT)


class _ModelUse(NamedTuple):
    """A model that a file uses, with the number of requests that use it."""

    name: str
    first_line: int
    requests: int

    @property
    def affected(self) -> str:
        return affected(self.requests, self.first_line)

    def problem(self, message: str, hint: str = "", fix: Fix | None = None) -> Problem:
        """Make a problem on the first line that uses the model."""
        hint = f"{hint} {self.affected}".strip()
        return Problem(
            message, "body.model", ("body", "model"), hint, line=self.first_line, fix=fix
        )


def _model_names(file: CheckedFile) -> set[str]:
    return {model for _, model in file.summary.models if model is not None}


def _model_uses(file: CheckedFile, names: Collection[str]) -> Iterable[_ModelUse]:
    """Return the uses of these models, in order of first use."""
    if not names:
        return ()
    summary = file.summary
    found: dict[str, _ModelUse] = {}
    for run in summary.models.until(summary.lines):
        if run.value is None or run.value not in names:
            continue
        blank = summary.statuses.count(0, run.start - 1, run.stop - 1)
        use = found.get(run.value, _ModelUse(run.value, run.start, 0))
        found[run.value] = use._replace(requests=use.requests + run.stop - run.start - blank)
    return found.values()


def _today(file: CheckedFile) -> date:
    return datetime.fromtimestamp(file.now, UTC).date()


def _replacement(model: str) -> str:
    return (
        f" Use '{successors()[model]}' instead." if model in successors() else " Use another model."
    )


def _successor_fix(model: str) -> Fix | None:
    new = successors().get(model)
    if new is None:
        return None
    return Fix("unsafe", f"Use '{new}'.", (edits.swap(("body", "model"), model, new),))


@file_rule(code="model_not_found", fails="batch")
def model_shutdown(file: CheckedFile) -> Iterator[Problem]:
    """The model's announced shutdown date is today or in the past.

    The whole batch fails before any request runs.

    The finding appears once per model, on the first line that uses it. Fine-tuned
    models, and models without an announced date, are never reported. `SOURCE_DATE_EPOCH`, if
    set, replaces today's date.

    Fix: Use the successor that the hint names, or another model.

    Evidence: inferred. The API's response to a batch with a retired model is
    unknown. batchlint uses the message for unknown models (ogx-ai/ogx, August
    2025). A report from 2 September 2026 describes a batch that failed with the same
    code and param. The dates are from the docstrings of openai-python 3.57.0, or from
    recorded responses from 3 August 2026. The successors are from litellm 1.110.2.
    """
    for model in _model_uses(file, _retired_models(file)):
        yield model.problem(
            f"The provided model '{model.name}' is not supported by the Batch API.",
            f"Its shutdown was announced for {shutdown_dates()[model.name]}."
            f"{_replacement(model.name)}",
            _successor_fix(model.name),
        )


def _retired_models(file: CheckedFile) -> set[str]:
    dates = shutdown_dates()
    today = _today(file).isoformat()
    return {name for name in _model_names(file) & dates.keys() if dates[name] <= today}


@file_rule(fails=None)
def model_shutdown_soon(file: CheckedFile) -> Iterator[Problem]:
    """The model shuts down within 30 days, or has reportedly been shut down.

    This is a warning because the model may still work today. The batch may still be
    running at the shutdown, because it can take 24 hours. Later runs of the same
    file may fail. The finding appears once per model, on the first line that uses
    it.

    After an announced date, `model_shutdown` reports an error. If the date comes only
    from a public list of models, the finding stays a warning after that date too.

    Fix: Use the successor that the hint names, or another model.

    Evidence: documented. Announced dates are from the docstrings of openai-python
    3.57.0. Other dates are from litellm 1.110.2. For these dates, the message
    contains "reportedly".
    """
    for model in _model_uses(file, _ending_models(file)):
        announced = shutdown_dates().get(model.name)
        shutdown = announced or reported_shutdown_dates()[model.name]
        is_past = shutdown <= _today(file).isoformat()
        verb = "will be" if announced else "will reportedly be"
        wait = "The batch may still be running then: it can take 24 hours."
        if is_past:  # `model_shutdown` reports announced dates.
            verb = "was reportedly"
            wait = ""
        yield model.problem(
            f"The model '{model.name}' {verb} shut down on {shutdown}.",
            f"{wait}{_replacement(model.name)}".strip(),
        )


def _ending_models(file: CheckedFile) -> set[str]:
    """Return the models that shut down soon, or whose shutdown only a public list reports."""
    today = _today(file)
    last = (today + min(timedelta(days=_WARNING_DAYS), date.max - today)).isoformat()
    announced = shutdown_dates()
    reported = reported_shutdown_dates()
    names = _model_names(file)
    return {
        name for name in names & announced.keys() if today.isoformat() < announced[name] <= last
    } | {name for name in names & reported.keys() if reported[name] <= last}


@file_rule(fails=None)
def model_not_batchable(file: CheckedFile) -> Iterator[Problem]:
    """The model is known, but no public list marks it as available in the Batch API.

    This is a warning because the lists may be incomplete. If the model is not
    available, the whole batch fails. The finding appears once per model, on the first
    line that uses it.

    Fails: /v1/responses {"model": "gpt-5.3-codex", "input": "Hi"}
    Passes: /v1/responses {"model": "gpt-5.4", "input": "Hi"}

    Fix: Create a batch with one request first, or use another model.

    Evidence: inferred. The lists are those of litellm 1.110.2 and gpt-tokenizer
    4.0.0, read on 27 November 2026.
    """
    names = _model_names(file) & set(unbatchable_models())
    if names:
        names -= _retired_models(file) | _ending_models(file)
    for model in _model_uses(file, names):
        yield model.problem(
            f"The model '{model.name}' may not be available in the Batch API.",
            "No public list marks it as available. Send a batch of one request first, or use "
            "another model.",
        )


@file_rule(fails=None)
def misspelled_model(file: CheckedFile) -> Iterator[Problem]:
    """The model name is unknown, but resembles a known one.

    This is a warning because the model may be newer than batchlint's list. If the
    model does not exist, the whole batch fails. Unknown names that don't resemble a
    known one are not reported. The finding appears once per model, on the first
    line that uses it. If a file has more than 500 unknown names, only the first 500
    in alphabetical order are compared.

    Fails: /v1/chat/completions {"model": "gpt-5.4-mni", "messages": [{"role": "user",
            "content": "Hi"}]}
    Passes: /v1/chat/completions {"model": "gpt-5.4-mini", "messages": [{"role": "user",
            "content": "Hi"}]}

    Fix: Use the name in the message if that is the model you mean.

    Evidence: inferred. The known names are those of openai-python 3.57.0, litellm
    1.110.2 and gpt-tokenizer 4.0.0.
    """
    suggestions = suggest_models(_model_names(file))
    for model in _model_uses(file, suggestions):
        yield model.problem(
            f"The model '{excerpt(model.name)}' is unknown. "
            f"Did you mean '{suggestions[model.name]}'?"
        )


#: Replacements for deprecated parameters (source: the docstrings of openai-python 3.54.0).
_REPLACEMENTS: Final = {
    "functions": "Use 'tools'.",
    "function_call": "Use 'tool_choice'.",
    "max_tokens": "Use 'max_completion_tokens' instead.",
    "prompt_cache_retention": "Use 'prompt_cache_options.ttl'.",
    "seed": "There is no replacement.",
    "truncation": "Use 'context_management', or shorten the input.",
    "user": "Use 'safety_identifier' instead, and 'prompt_cache_key' for caching.",
}


@file_rule(fails=None)
def deprecated_parameter(file: CheckedFile) -> Iterator[Problem]:
    """A request uses a deprecated parameter.

    This is a warning because the API still accepts the parameter. The finding appears
    once per parameter and endpoint, on the first line that uses it. If `batchlint fix`
    can replace the parameter only in some requests, a second finding covers the others.

    Fails: /v1/responses {"model": "m", "input": "Hi", "user": "u"}
    Passes: /v1/responses {"model": "m", "input": "Hi", "safety_identifier": "u"}

    Fix: Use the replacement that the hint names, for example `safety_identifier` and
    `prompt_cache_key` instead of `user`. `seed` has no replacement.

    Evidence: documented. The OpenAPI document from August 2026 marks the parameters as
    deprecated. The replacements are from the docstrings of openai-python 3.54.0.
    """
    for name, count, line, fix in _deprecated(file):
        yield Problem(
            f"The parameter '{name}' is deprecated.",
            f"body.{name}",
            ("body", name),
            f"{_REPLACEMENTS.get(name, '')} {affected(count, line)}".strip(),
            line=line,
            fix=fix,
        )


def _deprecated(file: CheckedFile) -> list[tuple[str, int, int, Fix | None]]:
    """Return the deprecated parameters as (name, count, first line, fix), in order of first use."""
    found = []
    for (url, name, is_fixable), (count, line) in file.summary.deprecated.items():
        parameters = list(body_schema(_endpoint_of(file, url))["properties"])
        fix = _replacement_fix(url, name, file.provider.name) if is_fixable else None
        found.append((line, parameters.index(name), name, count, fix))
    found.sort(key=itemgetter(0, 1))
    return [(name, count, line, fix) for line, _, name, count, fix in found]


def _endpoint_of(file: CheckedFile, url: str) -> Endpoint:
    endpoint = file.provider.endpoint(url)
    assert endpoint is not None, "lines with other URLs have no deprecated parameters"
    return endpoint


def is_replaceable(endpoint: Endpoint, name: str, body: Mapping[str, Any]) -> bool:
    """Return whether a request's deprecated parameter can be replaced.

    Args:
        endpoint: the endpoint of the request.
        name: the parameter.
        body: the body of the request, in which the parameter is not null.
    """
    if endpoint is not CHAT:
        return False
    if name == "max_tokens":
        return body.get("max_completion_tokens") is None
    if name in ("functions", "function_call"):
        functions = body.get("functions")
        has_new = "tools" in body or "tool_choice" in body
        return isinstance(functions, list) and bool(functions) and not has_new
    return False


def _replacement_fix(url: str, name: str, provider_name: str) -> Fix:
    """Return the fix that replaces a deprecated parameter in requests to a URL, where possible."""
    if name == "max_tokens":
        edit = Edit(_rename_max_tokens, (url, provider_name))
        return Fix("safe", "Rename `max_tokens` to `max_completion_tokens`.", (edit,))
    return Fix("unsafe", "Write `tools` and `tool_choice`.", (Edit(_use_tools, (url,)),))


def _body_for_url(url: str, text: str) -> dict[str, Any] | None:
    """Return the body of a line; None if the line is not a request to this URL."""
    try:
        request = orjson.loads(text)
    except ValueError:
        return None
    if not isinstance(request, dict) or request.get("url") != url:
        return None
    body = request.get("body")
    return body if isinstance(body, dict) else None


def _rename_max_tokens(text: str, url: str, provider_name: str) -> str | None:
    """Rename `max_tokens`, unless the model reasons. The new limit includes reasoning tokens."""
    body = _body_for_url(url, text)
    if body is None or body.get("max_tokens") is None:
        return None
    service = provider(provider_name)
    variant = schema_variant(CHAT, body.get("model")) if service.has_openai_models else ""
    if "max_tokens" not in deprecated_parameters(CHAT, variant, service.schema_provider):
        return None
    if not is_replaceable(CHAT, "max_tokens", body):
        return None
    new = ("body", "max_completion_tokens")
    changes = (edits.remove_if_present(new), edits.rename(("body", "max_tokens"), new[1]))
    return edits.apply_all(text, changes)


def _use_tools(text: str, url: str) -> str | None:
    """Replace `functions` and `function_call` with `tools` and `tool_choice`."""
    body = _body_for_url(url, text)
    if body is None or not is_replaceable(CHAT, "functions", body):
        return None
    functions = body["functions"]
    before = '{"type": "function", "function": '
    path = ("body", "functions")
    changes = [
        edits.wrap_items(path, len(functions), before, "}"),
        edits.rename(path, "tools"),
    ]
    if "function_call" in body:
        choice = ("body", "function_call")
        if isinstance(body["function_call"], dict):
            changes.append(edits.wrap(choice, before, "}"))
        changes.append(edits.rename(choice, "tool_choice"))
    return edits.apply_all(text, changes)


@file_rule(fails=None)
def videos_shut_down(file: CheckedFile) -> Iterator[Problem]:
    """The URL is the endpoint of the Sora API, whose shutdown has been announced.

    OpenAI announced that the Sora API would shut down on 24 September 2026. This is a
    warning because the Batch API's response after that date is unknown. The finding
    appears once per file.

    Fails: /v1/videos {"model": "sora-2", "prompt": "a cat"}
    Passes: /v1/images/generations {"model": "gpt-image-2", "prompt": "a cat"}

    Fix: Generate the videos with another service.

    Evidence: documented. The docstrings of openai-python 3.54.0 and the video
    generation guide give this date.
    """
    for run in file.summary.urls.until(file.summary.lines):
        if file.provider.endpoint(run.value) is VIDEOS:
            yield Problem(
                "The shutdown of the Sora API was announced for 2026-09-24.",
                "url",
                ("url",),
                "Use another service for videos.",
                line=run.start,
            )
            return


@file_rule(code="invalid_url", fails="batch")
def mismatched_url(file: CheckedFile) -> Iterator[Problem]:
    """`url` is a valid batch endpoint, but not the endpoint of this batch.

    The whole batch fails before any request runs.

    `--endpoint` sets the endpoint of the batch. Without it, batchlint uses the most
    frequent valid URL (the first one if there is a tie). The body is still checked
    against the URL of its line.

    Fails: {"custom_id": "a", "method": "POST", "url": "/v1/embeddings", "body":
            {"model": "m", "input": "x"}}
        {"custom_id": "b", "method": "POST", "url": "/v1/completions", "body": {"model":
            "m", "prompt": "y"}}
    Passes: {"custom_id": "a", "method": "POST", "url": "/v1/embeddings", "body":
            {"model": "m", "input": "x"}}
        {"custom_id": "b", "method": "POST", "url": "/v1/embeddings", "body": {"model":
            "m", "input": "y"}}

    Fix: Write one file per endpoint, for example with `batchlint split`.

    Evidence: confirmed. A recorded failed batch (thyword-study/scribe, April 2025).
    """
    # Without a `url`, the body determines the endpoint.
    field = "url" if "url" in file.provider.line_fields else "body"
    for line, _, custom_id in _mismatches(file, file.summary.urls, file.endpoint):
        yield Problem(
            "The URL provided for this request does not match the batch endpoint.",
            field,
            (field,),
            f"This batch is for {excerpt(file.endpoint or '')}. Write one file per endpoint.",
            rank=_URL_RANK,
            line=line,
            custom_id=custom_id,
        )


@file_rule(fails="batch")
def mismatched_model(file: CheckedFile) -> Iterator[Problem]:
    """`model` differs from the model of the batch.

    The whole batch fails before any request runs. A batch may use only one model.

    batchlint assumes that the most frequent model (the first one if there is a tie) is
    the model of the batch. It reports every line with a different model.

    Fails: {"custom_id": "a", "method": "POST", "url": "/v1/embeddings", "body":
            {"model": "m", "input": "x"}}
        {"custom_id": "b", "method": "POST", "url": "/v1/embeddings", "body": {"model":
            "n", "input": "y"}}
    Passes: {"custom_id": "a", "method": "POST", "url": "/v1/embeddings", "body":
            {"model": "m", "input": "x"}}
        {"custom_id": "b", "method": "POST", "url": "/v1/embeddings", "body": {"model":
            "m", "input": "y"}}

    Fix: Write one file per model, for example with `batchlint split`.

    Evidence: confirmed. A failed batch from 2 September 2026, described by OpenRouter,
    shows the code and the param. The Batch guide says: "each input file can only
    include requests to a single model". The message is from a clone of the API that
    copies OpenAI's wording. It is unknown which line the API uses as the reference.
    """
    models = file.summary.models.most_frequent(file.summary.statuses)
    expected = models[0] if models else None
    suggestions = suggest_models(models[1:])
    for line, model, custom_id in _mismatches(file, file.summary.models, expected):
        yield Problem(
            f"The model '{excerpt(model)}' for this request does not match the rest of the batch. "
            "Each batch must contain requests for a single model.",
            "body.model",
            ("body", "model"),
            f"Did you mean '{suggestions[model]}'?"
            if model in suggestions
            else f"The batch is for '{excerpt(expected or '')}'. Write one file per model.",
            rank=_MODEL_RANK,
            line=line,
            custom_id=custom_id,
        )


def _mismatches(
    file: CheckedFile, runs: Runs, expected: str | None
) -> Iterator[tuple[int, str, str | None]]:
    """Yield the requests whose value differs from the expected one, as (line, value, custom_id)."""
    summary = file.summary
    custom_ids = chain.from_iterable(summary.custom_ids.blocks())  # One per line.
    consumed = 0
    for run in runs.until(summary.lines):
        if run.value is None or run.value == expected:
            continue
        ids_of_run = islice(custom_ids, run.start - 1 - consumed, run.stop - 1 - consumed)
        for line, custom_id in enumerate(ids_of_run, run.start):
            if not summary.statuses.is_blank(line):
                yield line, run.value, custom_id
        consumed = run.stop - 1


#: This fix has no edits. New IDs must differ from those of all lines, so a final pass assigns them.
_NEW_ID: Final = Fix("unsafe", "Add a number to the custom_id.")


@file_rule(fails="batch")
def duplicate_custom_id(file: CheckedFile) -> Iterator[Problem]:
    """Two lines have the same `custom_id`.

    The whole batch fails before any request runs. With identical IDs, you could not
    tell the results of the two requests apart. batchlint reports the later line, and
    the hint names the first one.

    Fails: {"custom_id": "a", "method": "POST", "url": "/v1/embeddings", "body":
            {"model": "m", "input": "x"}}
        {"custom_id": "a", "method": "POST", "url": "/v1/embeddings", "body": {"model":
            "m", "input": "y"}}
    Passes: {"custom_id": "a", "method": "POST", "url": "/v1/embeddings", "body":
            {"model": "m", "input": "x"}}
        {"custom_id": "b", "method": "POST", "url": "/v1/embeddings", "body": {"model":
            "m", "input": "y"}}

    Fix: Make the IDs unique, for example with a sequence number.

    Evidence: confirmed. community.openai.com/t/723696 (2024) quotes the message. A
    failed batch from 2 September 2026, described by OpenRouter, shows the code and the
    param, and that the API reports the later line.
    """
    for line, first, custom_id in repeated_ids(file.summary.custom_ids, file.summary.lines):
        yield Problem(
            "The custom_id for this request is a duplicate of another request. The "
            "custom_id parameter must be unique for each request in a batch.",
            "custom_id",
            ("custom_id",),
            f"First used on line {first:,}.",
            rank=_ID_RANK,
            line=line,
            custom_id=custom_id,
            fix=_NEW_ID,
        )


def repeated_ids(custom_ids: CustomIds, lines: int) -> Iterator[tuple[int, int, str]]:
    """Yield non-empty custom_ids that occur on an earlier line, as (line, first line, ID).

    Args:
        custom_ids: the IDs of all lines.
        lines: the number of lines.
    """
    repeated = _repeated_hashes(custom_ids, lines)
    if not repeated:
        return
    first_lines: dict[str, int] = {}
    line = 0
    for block in custom_ids.blocks():
        for custom_id in block:
            line += 1
            if not custom_id or hash(custom_id) not in repeated:
                continue
            first = first_lines.setdefault(custom_id, line)
            if first != line:
                yield line, first, custom_id


#: In files of up to this many lines, one set of all IDs shows whether any ID is repeated.
_FEW_LINES: Final = 100_000

#: In larger files, the hashes are divided into partitions of about this size. The set of one
#: partition fits into a core's cache, so the time per line doesn't grow with the number of lines.
_PARTITION_SIZE: Final = 1 << 14


def _repeated_hashes(custom_ids: CustomIds, lines: int) -> set[int]:
    """Return the hashes that occur on several lines. Different IDs rarely have the same hash."""
    if lines <= _FEW_LINES:
        ids = [*filter(None, custom_ids.unpack())]
        if len(set(ids)) == len(ids):
            return set()
    count = lines // _PARTITION_SIZE + 1
    partitions = [array("q") for _ in range(count)]
    append_functions = [partition.append for partition in partitions]
    for block in custom_ids.blocks():
        for number in map(hash, filter(None, block)):
            append_functions[number % count](number)
    repeated: set[int] = set()
    for partition in partitions:
        if len(set(partition)) < len(partition):
            repeated.update(number for number, times in Counter(partition).items() if times > 1)
    return repeated


@file_rule(fails=None)
def enqueued_tokens(file: CheckedFile) -> Iterator[Problem]:
    """The estimated token count of the prompts exceeds `--max-enqueued-tokens`.

    If a batch exceeds the enqueued token limit, the API fails it before any request
    runs. The limit depends on the organization and the model, so batchlint checks it
    only if you set `--max-enqueued-tokens`.

    This is a warning because the count is a rough estimate: one token per four bytes of
    UTF-8. It covers only text, not images, audio or files. Users report that the API's
    own estimate is higher than a tokenizer's count.

    Fix: Split the file with `batchlint split`, then wait for each batch to finish
    before you create the next one.

    Evidence: reported. openai/openai-python#2084 (February 2025) quotes the code
    `token_limit_exceeded` and the message "Enqueued token limit reached for ...".
    """
    prompt_bytes = file.summary.totals["prompt_bytes"]
    tokens = prompt_bytes // BYTES_PER_TOKEN
    limit = file.max_enqueued_tokens
    if limit is not None and tokens > limit:
        yield Problem(
            f"The prompts have about {tokens:,} tokens (estimated from {prompt_bytes:,} bytes of "
            f"text, {BYTES_PER_TOKEN} bytes per token), more than {limit:,}.",
            hint="Images, audio and files are not counted. Split the file, and create each batch "
            "when the previous one has finished.",
        )
