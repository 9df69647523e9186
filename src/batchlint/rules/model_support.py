"""Rules about what a model can do; all but the size of images are stated in `schemas/models.json`."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..findings import Problem
from ..providers import IMAGE_EDITS, IMAGE_GENERATIONS
from .registry import Request, problem, request_rule, stated_in_schema
from .triggers import fields


@stated_in_schema()
def unsupported_parameter() -> None:
    """The model does not take the parameter.

    Fails: /v1/chat/completions {"model": "gpt-5", "messages": [{"role": "user", "content": "Hi"}], "max_tokens": 9}
    Passes: /v1/chat/completions {"model": "gpt-5", "messages": [{"role": "user", "content": "Hi"}], "max_completion_tokens": 9}

    Source: recorded answers, August and September 2026, and reports; `schemas/models.yaml` has those of
    each family.  The API gives this code on chat, and none on /v1/responses.
    """


@stated_in_schema()
def unsupported_value() -> None:
    """The model does not take this value of the parameter.

    Fails: /v1/chat/completions {"model": "gpt-5", "messages": [{"role": "user", "content": "Hi"}], "temperature": 0}
    Passes: /v1/chat/completions {"model": "gpt-5", "messages": [{"role": "user", "content": "Hi"}], "temperature": 1}

    Source: recorded answers, August and September 2026, and reports; `schemas/models.yaml` has those of
    each family.
    """


@stated_in_schema()
def unrecognized_argument() -> None:
    """The model belongs to those before reasoning, for which the parameter does not exist.

    Fails: /v1/chat/completions {"model": "gpt-4o", "messages": [{"role": "user", "content": "Hi"}], "reasoning_effort": "low"}
    Passes: /v1/chat/completions {"model": "gpt-4o", "messages": [{"role": "user", "content": "Hi"}]}

    Source: reports for gpt-4o and gpt-4.1-mini; the API gives neither code nor param.
    """


@stated_in_schema()
def invalid_parameter() -> None:
    """The model has only the extended prompt cache of 24 hours.

    Fails: /v1/responses {"model": "gpt-5.6-terra", "input": "Hi", "prompt_cache_retention": "in_memory"}
    Passes: /v1/responses {"model": "gpt-5.6-terra", "input": "Hi", "prompt_cache_retention": "24h"}

    Source: recorded answers, August 2026; the API gives this code on /v1/responses, and none on chat.
    """


@stated_in_schema()
def top_logprobs_above_max() -> None:
    """The model gives fewer log probabilities a token than are asked for.

    Fails: /v1/chat/completions {"model": "gpt-5.6-terra", "messages": [{"role": "user", "content": "Hi"}], "reasoning_effort": "none", "logprobs": true, "top_logprobs": 6}
    Passes: /v1/chat/completions {"model": "gpt-5.6-terra", "messages": [{"role": "user", "content": "Hi"}], "reasoning_effort": "none", "logprobs": true, "top_logprobs": 5}

    Source: a recorded answer, August 2026; the one bound that the API reports without a code.
    """


@stated_in_schema()
def tools_need_no_effort() -> None:
    """Chat completions of the model take function tools only with `reasoning_effort` `none`.

    Leaving the effort out is no remedy: the model's own is not `none`.

    Fails: /v1/chat/completions {"model": "gpt-5.6-sol", "messages": [{"role": "user", "content": "Hi"}], "tools": [{"type": "function", "function": {"name": "f"}}]}
    Passes: /v1/chat/completions {"model": "gpt-5.6-sol", "messages": [{"role": "user", "content": "Hi"}], "reasoning_effort": "none", "tools": [{"type": "function", "function": {"name": "f"}}]}

    To do: set the effort to `none`, or use /v1/responses.

    Source: recorded answers for gpt-5.6-sol, 2026, and onyx-dot-app/onyx#15008 for gpt-6-sol; the code
    is not known.
    """


@stated_in_schema()
def max_tokens_too_large() -> None:
    """More output tokens are asked for than the model can give.

    Fails: /v1/chat/completions {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Hi"}], "max_tokens": 16385}
    Passes: /v1/chat/completions {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Hi"}], "max_tokens": 16384}

    Source: reports with full answers, which have no code; the numbers, the models' pages.
    """


@stated_in_schema()
def response_format_unsupported() -> None:
    """The model does not know this kind of response format.

    Fails: /v1/chat/completions {"model": "gpt-4", "messages": [{"role": "user", "content": "JSON, please"}], "response_format": {"type": "json_object"}}
    Passes: /v1/chat/completions {"model": "gpt-4o", "messages": [{"role": "user", "content": "JSON, please"}], "response_format": {"type": "json_object"}}

    Source: reports with full answers, 2025; the API gives no code.
    """


@stated_in_schema()
def too_many_dimensions() -> None:
    """An embedding of more dimensions is asked for than the model has.

    Fails: /v1/embeddings {"model": "text-embedding-3-small", "input": "x", "dimensions": 1537}
    Passes: /v1/embeddings {"model": "text-embedding-3-small", "input": "x", "dimensions": 1536}

    Source: reports of the live API, September 2026; the code is not known.
    """


@stated_in_schema()
def dimensions_unsupported() -> None:
    """The embedding model has one number of dimensions alone.

    Fails: /v1/embeddings {"model": "text-embedding-ada-002", "input": "x", "dimensions": 1536}
    Passes: /v1/embeddings {"model": "text-embedding-ada-002", "input": "x"}

    Source: a recorded answer of July 2024, and reports; the API gives neither code nor param.
    """


@stated_in_schema()
def invalid_input_fidelity_model() -> None:
    """The image model does not know `input_fidelity`.

    Fails: /v1/images/edits {"model": "gpt-image-2", "prompt": "x", "images": [{"file_id": "file-1"}], "input_fidelity": "high"}
    Passes: /v1/images/edits {"model": "gpt-image-1.5", "prompt": "x", "images": [{"file_id": "file-1"}], "input_fidelity": "high"}

    Source: reports with full answers, April 2026 and later.
    """


@stated_in_schema(fails=None)
def unsupported_by_documentation() -> None:
    """The documentation has the parameter for other models alone.

    Fails: /v1/completions {"model": "davinci-002", "prompt": "x", "suffix": "y"}
    Passes: /v1/completions {"model": "gpt-3.5-turbo-instruct", "prompt": "x", "suffix": "y"}

    Source: openai-python 3.54.0 (prose) and the Batch guide.  What the API answers is not known.
    """


#: Models that take any size within limits (source: openai-python 3.54.0, prose of `size`).
_FREE_SIZE = r"gpt-image-2(\.\d+)?(-.+)?"
_SIZE = r"([1-9]\d{0,5})x([1-9]\d{0,5})"
_LONGEST, _RATIO, _STEP = 3840, 3, 16


@request_rule(code="invalid_value", endpoints=[IMAGE_GENERATIONS, IMAGE_EDITS], when=fields("size"))
def invalid_size(request: Request) -> Iterator[Problem]:
    """The size of an image is not one that the model can make.

    The newer image models take any width and height that are multiples of 16, at most 3:1 of each
    other, and of at most 3840 pixels.

    Fails: /v1/images/generations {"model": "gpt-image-2", "prompt": "x", "size": "1000x1000"}
    Passes: /v1/images/generations {"model": "gpt-image-2", "prompt": "x", "size": "1008x1008"}

    Source: a recorded answer of August 2026 for the multiples; openai-python 3.54.0 (prose) for the
    other limits, whose sentences are ours.
    """
    size = request.body.get("size")
    match = re.fullmatch(_SIZE, size) if isinstance(size, str) else None
    if match is None or not re.fullmatch(_FREE_SIZE, request.model):
        return
    width, height = int(match[1]), int(match[2])
    if width % _STEP or height % _STEP:
        yield problem(
            f"Invalid size '{size}'. Width and height must both be divisible by 16.", "size"
        )
    elif max(width, height) > _RATIO * min(width, height):
        yield problem(
            f"Invalid size '{size}'. The aspect ratio must be between 1:3 and 3:1.", "size"
        )
    elif max(width, height) > _LONGEST:
        yield problem(
            f"Invalid size '{size}'. The longest edge must be at most {_LONGEST} pixels.", "size"
        )
