"""Rules about model features. `schemas/models.json` performs all checks except `invalid_size`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from .. import edits
from ..findings import Fix, Problem
from ..providers import CHAT, IMAGE_EDITS, IMAGE_GENERATIONS
from .registry import Line, Request, problem, request_rule, stated_in_schema
from .triggers import fields


def _unsupported_parameter_fix(problem: Problem, line: Line) -> Fix | None:
    """Return the fix that removes an unsupported parameter, or renames it to its replacement."""
    path = problem.path or ()
    if len(path) < 2 or not isinstance(path[-1], str):
        return None
    if path == ("body", "max_tokens") and line.endpoint is CHAT:
        new = "max_completion_tokens"
        if line.request["body"].get(new) is None:
            summary = f"Write `{new}`, whose limit includes reasoning tokens."
            clear = edits.remove_if_present(("body", new))
            return Fix("unsafe", summary, (clear, edits.rename(path, new)))
    return Fix("unsafe", "Remove the parameter.", (edits.remove(path),))


@stated_in_schema(fix=_unsupported_parameter_fix)
def unsupported_parameter() -> None:
    """The model does not support the parameter.

    The API rejects the request when the batch runs. The error appears in the
    batch's error file.

    Fails: /v1/chat/completions {"model": "gpt-5", "messages": [{"role": "user",
            "content": "Hi"}], "max_tokens": 9}
    Passes: /v1/chat/completions {"model": "gpt-5", "messages": [{"role": "user",
            "content": "Hi"}], "max_completion_tokens": 9}

    Fix: Remove the parameter. If the message names a replacement, use it instead.

    Evidence: confirmed. Recorded responses from August and September 2026, and
    users' reports. `schemas/models.yaml` lists the sources for each family of
    models. The API returns this code for chat completions, but no code for
    `/v1/responses`.
    """


@stated_in_schema()
def unsupported_value() -> None:
    """The model does not support this value of the parameter.

    The API rejects the request when the batch runs. The error appears in the
    batch's error file.

    Fails: /v1/chat/completions {"model": "gpt-5", "messages": [{"role": "user",
            "content": "Hi"}], "temperature": 0}
    Passes: /v1/chat/completions {"model": "gpt-5", "messages": [{"role": "user",
            "content": "Hi"}], "temperature": 1}

    Fix: Use a value that the message lists, or remove the parameter to get the default.

    Evidence: confirmed. Recorded responses from August and September 2026, and
    users' reports. `schemas/models.yaml` lists the sources for each family of
    models.
    """


@stated_in_schema(
    fix=_unsupported_parameter_fix, hint="Remove `reasoning_effort`, or use a reasoning model."
)
def unrecognized_argument() -> None:
    """`reasoning_effort` is set for a model that does not reason.

    The API rejects the request when the batch runs. The error appears in the
    batch's error file. The parameter does not exist for older models.

    Fails: /v1/chat/completions {"model": "gpt-4o", "messages": [{"role": "user",
            "content": "Hi"}], "reasoning_effort": "low"}
    Passes: /v1/chat/completions {"model": "gpt-4o", "messages": [{"role": "user",
            "content": "Hi"}]}

    Fix: Remove `reasoning_effort`, or choose a reasoning model.

    Evidence: reported. Users' reports for gpt-4o and gpt-4.1-mini. The API returns
    neither code nor param.
    """


_RETENTION_HINT: Final = 'Set `prompt_cache_retention` to "24h", or remove it.'


@stated_in_schema(hint=_RETENTION_HINT)
def invalid_parameter() -> None:
    """`prompt_cache_retention` is `in_memory`, which the model does not support.

    The API rejects the request when the batch runs. The error appears in the
    batch's error file. The model supports only the extended prompt cache, which
    lasts 24 hours.

    Fails: /v1/responses {"model": "gpt-5.6-terra", "input": "Hi",
            "prompt_cache_retention": "in_memory"}
    Passes: /v1/responses {"model": "gpt-5.6-terra", "input": "Hi",
            "prompt_cache_retention": "24h"}

    Fix: Set `prompt_cache_retention` to `24h`, or remove it.

    Evidence: confirmed. Recorded responses from August 2026. The API returns this
    code for `/v1/responses`, but no code for chat completions.
    """


@stated_in_schema()
def top_logprobs_above_max() -> None:
    """`top_logprobs` is larger than the model supports.

    The API rejects the request when the batch runs. The error appears in the
    batch's error file.

    Fails: /v1/chat/completions {"model": "gpt-5.6-terra", "messages": [{"role": "user",
            "content": "Hi"}], "reasoning_effort": "none", "logprobs": true,
            "top_logprobs": 6}
    Passes: /v1/chat/completions {"model": "gpt-5.6-terra", "messages": [{"role":
            "user", "content": "Hi"}], "reasoning_effort": "none", "logprobs": true,
            "top_logprobs": 5}

    Fix: Lower `top_logprobs` to the maximum in the message.

    Evidence: confirmed. A recorded response from August 2026. The API returns no
    code.
    """


@stated_in_schema()
def tools_need_no_effort() -> None:
    """A chat completion request uses function tools with reasoning enabled.

    The API rejects the request when the batch runs. The error appears in the
    batch's error file. Some models accept function tools in chat completions only
    if reasoning is turned off.

    Fails: /v1/chat/completions {"model": "gpt-5.6-sol", "messages": [{"role": "user",
            "content": "Hi"}], "tools": [{"type": "function", "function": {"name":
            "f"}}]}
    Passes: /v1/chat/completions {"model": "gpt-5.6-sol", "messages": [{"role": "user",
            "content": "Hi"}], "reasoning_effort": "none", "tools": [{"type":
            "function", "function": {"name": "f"}}]}

    Fix: For gpt-5.6 and later, set `reasoning_effort` to `none`. Omitting it doesn't
    help, because the default isn't `none`. For gpt-5.4 and gpt-5.5, remove
    `reasoning_effort`. Alternatively, use `/v1/responses`.

    Evidence: confirmed. Recorded responses for gpt-5.6-sol (August 2026) and gpt-5.4-mini
    (May 2026), and users' reports for gpt-5.4, gpt-5.5 and gpt-6, for example
    onyx-dot-app/onyx#15008. The API returns no code.
    """


@stated_in_schema()
def max_tokens_too_large() -> None:
    """`max_tokens` or `max_completion_tokens` is larger than the model's output limit.

    The API rejects the request when the batch runs. The error appears in the
    batch's error file.

    Fails: /v1/chat/completions {"model": "gpt-4o-mini", "messages": [{"role": "user",
            "content": "Hi"}], "max_tokens": 16385}
    Passes: /v1/chat/completions {"model": "gpt-4o-mini", "messages": [{"role": "user",
            "content": "Hi"}], "max_tokens": 16384}

    Fix: Lower the parameter to the maximum in the message, or remove it.

    Evidence: reported. Users' reports with full responses, which have no code. The
    limits are from the models' pages.
    """


@stated_in_schema(hint="Use another type, or a model that supports this type.")
def response_format_unsupported() -> None:
    """The model does not support this type of `response_format` or `text.format`.

    The API rejects the request when the batch runs. The error appears in the
    batch's error file.

    Fails: /v1/chat/completions {"model": "gpt-4", "messages": [{"role": "user",
            "content": "JSON, please"}], "response_format": {"type": "json_object"}}
    Passes: /v1/chat/completions {"model": "gpt-4o", "messages": [{"role": "user",
            "content": "JSON, please"}], "response_format": {"type": "json_object"}}

    Fix: Use another type, or a model that supports this type.

    Evidence: reported. Users' reports from 2025 with full responses. The API
    returns no code.
    """


@stated_in_schema()
def too_many_dimensions() -> None:
    """`dimensions` is larger than the embedding model supports.

    The API rejects the request when the batch runs. The error appears in the
    batch's error file.

    Fails: /v1/embeddings {"model": "text-embedding-3-small", "input": "x",
            "dimensions": 1537}
    Passes: /v1/embeddings {"model": "text-embedding-3-small", "input": "x",
            "dimensions": 1536}

    Fix: Lower `dimensions` to the maximum in the message, or remove it.

    Evidence: reported. Users' reports from the live API, September 2026. The code is
    unknown.
    """


@stated_in_schema(hint="Remove `dimensions`.")
def dimensions_unsupported() -> None:
    """`dimensions` is set for an embedding model with a fixed number of dimensions.

    The API rejects the request when the batch runs. The error appears in the
    batch's error file. This applies even if the value equals the model's fixed
    number.

    Fails: /v1/embeddings {"model": "text-embedding-ada-002", "input": "x",
            "dimensions": 1536}
    Passes: /v1/embeddings {"model": "text-embedding-ada-002", "input": "x"}

    Fix: Remove `dimensions`.

    Evidence: confirmed. A recorded response from July 2024 and users' reports. The
    API returns neither code nor param.
    """


@stated_in_schema(hint="Remove `input_fidelity`, or use another model.")
def invalid_input_fidelity_model() -> None:
    """`input_fidelity` is set for an image model that does not support it.

    On `/v1/responses`, this is the model of an `image_generation` tool. The API rejects
    the request when the batch runs. The error appears in the batch's error file.

    Fails: /v1/images/edits {"model": "gpt-image-2", "prompt": "x", "images":
            [{"file_id": "file-1"}], "input_fidelity": "high"}
    Passes: /v1/images/edits {"model": "gpt-image-1.5", "prompt": "x", "images":
            [{"file_id": "file-1"}], "input_fidelity": "high"}

    Fix: Remove `input_fidelity`, or choose a model that supports it, for example
    `gpt-image-1.5`.

    Evidence: reported. Users' reports since April 2026 with full responses.
    """


@stated_in_schema(code="invalid_value", hint="Remove this content, or use a model that accepts it.")
def unsupported_content() -> None:
    """The model does not accept this type of content.

    The API rejects the request when the batch runs. The error appears in the
    batch's error file.

    Fails: /v1/chat/completions {"model": "gpt-4.1", "messages": [{"role": "user",
            "content": [{"type": "input_audio", "input_audio": {"data": "UklGRg==",
            "format": "wav"}}]}]}
    Passes: /v1/chat/completions {"model": "gpt-audio", "messages": [{"role": "user",
            "content": [{"type": "input_audio", "input_audio": {"data": "UklGRg==",
            "format": "wav"}}]}]}

    Fix: Remove the content, or use a model that accepts it.

    Evidence: confirmed. Recorded responses from August 2025 to May 2026.
    """


@stated_in_schema(hint="Remove the image, or use a model that accepts images.")
def unsupported_image_input() -> None:
    """The model does not accept images.

    The API rejects the request when the batch runs. The error appears in the
    batch's error file.

    Fails: /v1/chat/completions {"model": "gpt-3.5-turbo", "messages": [{"role": "user",
            "content": [{"type": "image_url", "image_url": {"url":
            "https://example.com/a.png"}}]}]}
    Passes: /v1/chat/completions {"model": "gpt-4o", "messages": [{"role": "user",
            "content": [{"type": "image_url", "image_url": {"url":
            "https://example.com/a.png"}}]}]}

    Fix: Remove the image, or use a model that accepts images.

    Evidence: reported. Users' reports for gpt-3.5-turbo (29 January 2025) and gpt-4. For
    the other models, neither litellm 1.110.2 nor gpt-tokenizer 4.0.0 lists image input.
    The API returns no code.
    """


@stated_in_schema(
    code="invalid_value",
    hint="Add an `input_audio` part, add `audio` to `modalities`, or use another model.",
)
def audio_required() -> None:
    """A request to an audio model neither contains audio nor asks for it.

    The API rejects the request when the batch runs. The error appears in the
    batch's error file.

    Fails: /v1/chat/completions {"model": "gpt-audio", "messages": [{"role": "user",
            "content": "Hi"}]}
    Passes: /v1/chat/completions {"model": "gpt-audio", "messages": [{"role": "user",
            "content": "Hi"}], "modalities": ["text", "audio"], "audio": {"voice":
            "alloy", "format": "mp3"}}

    Fix: Add an `input_audio` part, add `audio` to `modalities`, or use another model.

    Evidence: confirmed. Recorded responses for gpt-audio and gpt-4o-audio-preview (29 May
    2026).
    """


@stated_in_schema(hint="Change the tools or the reasoning effort, or use another model.")
def unsupported_tools() -> None:
    """The model does not support a tool in the request, or requires a tool that is missing.

    The API rejects the request when the batch runs. The error appears in the
    batch's error file. Some models reject a tool only with the reasoning effort
    `minimal`. Deep research models require a tool for web search, file search or
    MCP.

    Fails: /v1/responses {"model": "gpt-5", "input": "Hi", "reasoning": {"effort":
            "minimal"}, "tools": [{"type": "web_search"}]}
    Passes: /v1/responses {"model": "gpt-5", "input": "Hi", "reasoning": {"effort":
            "low"}, "tools": [{"type": "web_search"}]}

    Fix: Change the tools as the message describes, change the reasoning effort, or
    use another model.

    Evidence: confirmed. Recorded responses for search and deep-research models (October
    2025 to April 2026), and users' reports for the effort `minimal` (openai/codex#3559),
    for models without web search, and for `tool_search`, `computer`, `apply_patch`,
    `shell`, `local_shell` and others (2026). The API returns no code.
    """


@stated_in_schema(hint="Remove the parameter, or use another model.")
def incompatible_argument() -> None:
    """A request to a search model sets a parameter that the model does not support.

    The API rejects the request when the batch runs. The error appears in the
    batch's error file.

    Fails: /v1/chat/completions {"model": "gpt-4o-search-preview", "messages": [{"role":
            "user", "content": "Hi"}], "temperature": 0}
    Passes: /v1/chat/completions {"model": "gpt-4o", "messages": [{"role": "user",
            "content": "Hi"}], "temperature": 0}

    Fix: Remove the parameter, or use another model.

    Evidence: confirmed. A recorded response for `stop` (17 April 2026) and users'
    reports for `temperature` and `presence_penalty`. The API returns neither code
    nor param.
    """


@stated_in_schema(hint="Remove the parameter, or use the `web_search` tool on /v1/responses.")
def web_search_options_unsupported() -> None:
    """`web_search_options` is set for a model without web search in chat completions.

    The API rejects the request when the batch runs. The error appears in the
    batch's error file.

    Fails: /v1/chat/completions {"model": "gpt-4o", "messages": [{"role": "user",
            "content": "Hi"}], "web_search_options": {}}
    Passes: /v1/chat/completions {"model": "gpt-4o", "messages": [{"role": "user",
            "content": "Hi"}]}

    Fix: Remove the parameter, or use the `web_search` tool on `/v1/responses`.

    Evidence: confirmed. Recorded responses for gpt-4o, gpt-4.1 and gpt-audio (September
    2025 to May 2026). The API returns no code.
    """


@stated_in_schema(hint="Remove `reasoning.encrypted_content` from `include`.")
def encrypted_content_unsupported() -> None:
    """`include` contains `reasoning.encrypted_content`, but the model does not reason.

    The API rejects the request when the batch runs. The error appears in the
    batch's error file.

    Fails: /v1/responses {"model": "gpt-4o", "input": "Hi", "include":
            ["reasoning.encrypted_content"]}
    Passes: /v1/responses {"model": "gpt-5", "input": "Hi", "include":
            ["reasoning.encrypted_content"]}

    Fix: Remove `reasoning.encrypted_content` from `include`.

    Evidence: reported. NousResearch/hermes-agent#24234 (12 May 2026) quotes the
    message for gpt-4o, and microsoft/agent-framework#7483 for gpt-4.1. The API returns
    no code.
    """


@stated_in_schema(hint="Encode the prompt with the `cl100k_base` encoding.")
def token_out_of_range() -> None:
    """A token in the prompt is not in the model's vocabulary.

    The API rejects the request when the batch runs. The error appears in the
    batch's error file.

    Fails: /v1/completions {"model": "gpt-3.5-turbo-instruct", "prompt": [100258]}
    Passes: /v1/completions {"model": "gpt-3.5-turbo-instruct", "prompt": [100257]}

    Fix: Encode the prompt with the `cl100k_base` encoding.

    Evidence: confirmed. A recorded response for gpt-3.5-turbo-instruct (13 August 2025).
    The API returns neither code nor param.
    """


@stated_in_schema(
    fails=None,
    hint="Remove the parameter, or use another model. The API's response is unknown.",
)
def unsupported_by_documentation() -> None:
    """The model is not documented to support the parameter or its value.

    An example of such a value is a `max_output_tokens` above the documented limit. This
    is a warning because the API's response is unknown. The API may reject the request.

    Fails: /v1/completions {"model": "davinci-002", "prompt": "x", "suffix": "y"}
    Passes: /v1/completions {"model": "gpt-3.5-turbo-instruct", "prompt": "x", "suffix":
            "y"}

    Fix: Remove the parameter, change its value, or use a model that supports it.

    Evidence: documented. The sources are the docstrings of openai-python 3.57.0,
    the Batch guide and public lists of models.
    """


#: Models that accept any size within limits (source: docstrings of openai-python 3.54.0). The image
#: guide documents the numbers of pixels, and users measured them from April to October 2026: 640,000
#: and 9,048,064 were rejected, 655,360 and 8,294,400 accepted.
_ANY_SIZE = r"gpt-image-2(\.\d+)?(-.+)?"
_SIZE = r"([1-9]\d{0,5})x([1-9]\d{0,5})"
_MAX_EDGE, _MAX_RATIO, _STEP = 3840, 3, 16
_MIN_PIXELS, _MAX_PIXELS = 655_360, 8_294_400


@request_rule(code="invalid_value", endpoints=[IMAGE_GENERATIONS, IMAGE_EDITS], when=fields("size"))
def invalid_size(request: Request) -> Iterator[Problem]:
    """The model cannot generate an image of this `size`.

    The API rejects the request when the batch runs. The error appears in the
    batch's error file. Newer image models accept any width and height that are
    multiples of 16, with an aspect ratio of at most 3:1, no edge longer than 3840
    pixels, and from 655,360 to 8,294,400 pixels in total.

    Fails: /v1/images/generations {"model": "gpt-image-2", "prompt": "x", "size":
            "1000x1000"}
    Passes: /v1/images/generations {"model": "gpt-image-2", "prompt": "x", "size":
            "1008x1008"}

    Fix: Choose a size within these limits, for example `1024x1024`.

    Evidence: confirmed. A recorded response from August 2026 contains the message
    about multiples of 16. Users reported the messages about the longest edge and the
    number of pixels from April to October 2026. The aspect ratio is from the
    docstrings of openai-python 3.54.0, and its message is batchlint's own.
    """
    size = request.body.get("size")
    match = re.fullmatch(_SIZE, size) if isinstance(size, str) else None
    if match is None or not re.fullmatch(_ANY_SIZE, request.model):
        return
    width, height = int(match[1]), int(match[2])
    if width % _STEP or height % _STEP:
        reason = "Width and height must both be divisible by 16."
    elif max(width, height) > _MAX_RATIO * min(width, height):
        reason = "The aspect ratio must be between 1:3 and 3:1."
    elif max(width, height) > _MAX_EDGE:
        reason = f"The longest edge must be less than or equal to {_MAX_EDGE}."
    elif width * height < _MIN_PIXELS:
        reason = "Requested resolution is below the current minimum pixel budget."
    elif width * height > _MAX_PIXELS:
        reason = "Requested resolution exceeds the current pixel budget."
    else:
        return
    yield problem(f"Invalid size '{size}'. {reason}", "size")
