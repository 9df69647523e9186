"""Rules about the file as a whole: what the upload refuses, limits, and what must agree between lines."""

from typing import Final

from .registry import rule


@rule(fails="upload")
def not_jsonl_name() -> None:
    """The file's name does not end in `.jsonl`.

    The upload looks at the name.  On standard input there is none, and the rule is silent.

    To do: rename the file.

    Source: BerriAI/litellm#37527 (August 2026) has the sentence; the API gives no code.  Certain.
    """


@rule(fails="upload")
def empty_file() -> None:
    """The file has no request: no bytes, or blank lines alone.

    The upload answers as for a wrong name.

    To do: look at what should have written the file.

    Source: ogx-ai/ogx `test_batches_errors.py` (August 2025) asserts the status and parts of the
    sentence.  That blank lines alone count as empty is our inference.
    """


@rule(fails="upload")
def file_too_large() -> None:
    """The file is larger than 209,715,200 bytes (200 MiB).

    To do: split it; each part is a batch of its own.

    Source: two logs of April 2026 name 209715200 as the maximum; bespokelabsai/curator#111 has the
    sentence of the upload.  The guide says "200 MB".
    """


@rule(fails=None)
def file_size_near_limit() -> None:
    """The file is larger than 200,000,000 bytes, which the guide's "200 MB" may mean.

    The limit that the API has been seen to enforce is 209,715,200 bytes, so this is a warning.

    To do: split the file to be safe.

    Source: the Batch guide says 200 MB; see `file_too_large`.
    """


@rule(fails="upload")
def not_utf8() -> None:
    r"""The file is not encoded in UTF-8.

    The finding names the first byte that is wrong.  A file in UTF-16 (which PowerShell's `>` and
    Windows' Notepad like to write) is recognised as a whole.

    To do: write the file as UTF-8, e.g. `open(path, "w", encoding="utf-8", newline="\n")`.

    Source: mkht/PSOpenAI#19 (June 2024) has the sentence; the API gives no code.  Certain.
    """


@rule(fails="batch")
def not_a_batch_file() -> None:
    """The file is no batch input file, but another format that is recognised.

    A JSON array, pretty-printed JSON, rows for fine-tuning, the output or error file of a batch,
    and the batch formats of Anthropic and Gemini are told in one finding instead of one a line.
    Recognised is what every one of the first lines looks like.

    To do: what the hint says.

    Source: each of them lacks what the API requires of a line (see `missing_required_parameter`)
    or is no JSON line by line (`invalid_json_line`).  The sentence is ours.
    """


@rule(fails="batch")
def too_many_requests() -> None:
    """The file has more than 50,000 requests.

    To do: split it; each part is a batch of its own.

    Source: the Batch guide.  The API's code and sentence are not known; these are ours.
    """


@rule(fails="batch")
def too_many_embedding_inputs() -> None:
    """The requests to /v1/embeddings hold more than 50,000 inputs between them.

    A string or a list of tokens is one input; a list of strings or of lists of tokens is as many as
    it has.

    To do: split the file.

    Source: the Batch guide.  The API's code and sentence are not known; these are ours.
    """


@rule(fails="batch")
def duplicate_custom_id() -> None:
    """A `custom_id` stands in two lines, so that their results could not be told apart.

    The later line is flagged; the hint names the first.

    Fails: {"custom_id": "a", "method": "POST", "url": "/v1/embeddings", "body": {"model": "m", "input": "x"}}
        {"custom_id": "a", "method": "POST", "url": "/v1/embeddings", "body": {"model": "m", "input": "y"}}
    Passes: {"custom_id": "a", "method": "POST", "url": "/v1/embeddings", "body": {"model": "m", "input": "x"}}
        {"custom_id": "b", "method": "POST", "url": "/v1/embeddings", "body": {"model": "m", "input": "y"}}

    To do: make the ids unique, e.g. by a running number.

    Source: community.openai.com/t/723696 (2024) has the sentence; a failed batch of 2 September 2026 (a
    research note of OpenRouter's) has code, param and the line of the repeat.
    """


@rule(fails="batch")
def mismatched_model() -> None:
    """A line's model differs from that of the file.

    The file's model is the most frequent one (of equals, the first).  The report lists all.

    Fails: {"custom_id": "a", "method": "POST", "url": "/v1/embeddings", "body": {"model": "m", "input": "x"}}
        {"custom_id": "b", "method": "POST", "url": "/v1/embeddings", "body": {"model": "n", "input": "y"}}
    Passes: {"custom_id": "a", "method": "POST", "url": "/v1/embeddings", "body": {"model": "m", "input": "x"}}
        {"custom_id": "b", "method": "POST", "url": "/v1/embeddings", "body": {"model": "m", "input": "y"}}

    To do: write one file for each model.

    Source: the Batch guide ("each input file can only include requests to a single model"); a failed
    batch of 2 September 2026 (a research note of OpenRouter's) has code and param; the sentence is that
    of a clone that copies OpenAI's words.  Which line the API takes as the reference is not known.
    """


@rule(code="invalid_url", fails="batch")
def mismatched_url() -> None:
    """A line's url is a batch endpoint, but not the one of the batch.

    The batch's endpoint is what `--endpoint` says; else the most frequent url that is a batch
    endpoint (of equals, the first).  The line's body is still judged by its own url.

    Fails: {"custom_id": "a", "method": "POST", "url": "/v1/embeddings", "body": {"model": "m", "input": "x"}}
        {"custom_id": "b", "method": "POST", "url": "/v1/completions", "body": {"model": "m", "prompt": "y"}}
    Passes: {"custom_id": "a", "method": "POST", "url": "/v1/embeddings", "body": {"model": "m", "input": "x"}}
        {"custom_id": "b", "method": "POST", "url": "/v1/embeddings", "body": {"model": "m", "input": "y"}}

    To do: write one file for each endpoint.

    Source: a recorded failed batch (thyword-study/scribe, April 2025).  Certain.
    """


@rule(code="model_not_found", fails="batch")
def model_shutdown() -> None:
    """The model's announced shutdown date is past.  Said once for each model of a file.

    "Now" is `SOURCE_DATE_EPOCH` where that is set.  A model without an announced date is never flagged,
    nor is one that was fine-tuned.

    To do: use the replacement that the provider's page on deprecations names.

    Source: the dates, openai-python 3.54.0 (docstrings).  The sentence is that of the batch stage for a
    model that it does not know (ogx-ai/ogx, August 2025; code, param and effect again on 2 September
    2026); that it says so of a retired one is inferred.
    """


@rule(fails=None)
def model_shutdown_soon() -> None:
    """The model's announced shutdown is less than 31 days away.  Said once for each model of a file.

    To do: use the replacement that the provider's page on deprecations names.

    Source: the dates, openai-python 3.54.0 (docstrings).
    """


#: What takes the place of a deprecated member (source: openai-python 3.54.0, prose).
INSTEAD: Final = {
    "functions": "Use 'tools'.",
    "function_call": "Use 'tool_choice'.",
    "max_tokens": "Use 'max_completion_tokens'.",
    "prompt_cache_retention": "Use 'prompt_cache_options.ttl'.",
    "seed": "Nothing takes its place.",
    "truncation": "Use 'context_management', or send less.",
    "user": "Use 'safety_identifier', and 'prompt_cache_key' for the cache.",
}


@rule(fails=None)
def deprecated_parameter() -> None:
    """A parameter is deprecated.  Said once for each parameter of a file.

    Fails: /v1/responses {"model": "m", "input": "Hi", "user": "u"}
    Passes: /v1/responses {"model": "m", "input": "Hi", "safety_identifier": "u"}

    To do: what the hint says.

    Source: the OpenAPI document of August 2026 marks it; the hint, openai-python 3.54.0 (prose).
    """


@rule(fails=None)
def videos_shut_down() -> None:
    """The endpoint is that of Sora, whose end was announced.  Said once for a file.

    Fails: /v1/videos {"model": "sora-2", "prompt": "a cat"}
    Passes: /v1/images/generations {"model": "gpt-image-2", "prompt": "a cat"}

    To do: make videos elsewhere.

    Source: openai-python 3.54.0 (prose) and the guide to videos, which name 24 September 2026.
    """
