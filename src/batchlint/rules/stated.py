"""Rules that the schemas state: what the explainer raises about the body of a request.

In examples, `/v1/embeddings {...}` stands for a line with that url and body.
"""

from collections.abc import Iterator

from ..findings import Problem
from ..providers import MODERATIONS, VIDEOS
from .registry import Request, problem, request_rule, stated_in_schema


@stated_in_schema(code="invalid_request", fails="batch")
def missing_model() -> None:
    """The body has no model.

    A batch is for one model, which each line names.

    Fails: /v1/embeddings {"input": "x"}
    Passes: /v1/embeddings {"model": "m", "input": "x"}

    To do: add `"model"` to the body.

    Source: failed batches of August 2025 (ogx-ai/ogx, with the sentence) and 2 September 2026 (a research
    note of OpenRouter's, with code and param).  That the batch stage says it in these words for every
    endpoint is inferred.  An endpoint that has a default (moderations, videos) only gets a warning,
    `model_left_out`.
    """


@request_rule(
    fails=None,
    endpoints=[MODERATIONS, VIDEOS],
    unless={"required": ["model"], "properties": {"model": {"type": "string"}}},
)
def model_left_out(request: Request) -> Iterator[Problem]:
    """The body has no model, on an endpoint that has a default one.

    Fails: /v1/moderations {"input": "x"}
    Passes: /v1/moderations {"model": "omni-moderation-latest", "input": "x"}

    To do: add `"model"` to the body; "each input file can only include requests to a single model".

    Source: the Batch guide.  Whether the batch stage takes the default is not known.
    """
    default = request.endpoint.default_model
    if request.body.get("model") is None:
        yield problem(
            "The request names no model. Whether a batch takes the endpoint's default is not known.",
            "model",
            hint=f'Add "model": "{default}", which is the default.',
        )


@stated_in_schema(code="missing_required_parameter", fails="batch")
def missing_messages() -> None:
    """The body of a chat completion has no messages.

    Fails: /v1/chat/completions {"model": "m"}
    Passes: /v1/chat/completions {"model": "m", "messages": [{"role": "user", "content": "Hi"}]}

    To do: add `"messages"`; for `"input"` the url is /v1/responses.

    Source: a failed batch of 29 September 2026.  Certain.
    """


@stated_in_schema(fails="batch")
def streaming_unsupported() -> None:
    """The request asks for a stream.

    Fails: /v1/chat/completions {"model": "m", "messages": [{"role": "user", "content": "Hi"}], "stream": true}
    Passes: /v1/chat/completions {"model": "m", "messages": [{"role": "user", "content": "Hi"}], "stream": false}

    To do: leave `stream` out.

    Source: ogx-ai/ogx `test_batches_errors.py` (August 2025) for chat; for the other endpoints the
    sentence's first word is inferred.
    """


@stated_in_schema()
def invalid_type() -> None:
    """A value has another JSON type than the parameter.

    Fails: /v1/embeddings {"model": "m", "input": "x", "dimensions": "256"}
    Passes: /v1/embeddings {"model": "m", "input": "x", "dimensions": 256}

    Source: recorded answers, August and September 2026.
    """


@stated_in_schema()
def invalid_value() -> None:
    """A value is none of those that the parameter may have.

    A value that came after the schema's date is reported too; the hint has the date.

    Fails: /v1/embeddings {"model": "m", "input": "x", "encoding_format": "int8"}
    Passes: /v1/embeddings {"model": "m", "input": "x", "encoding_format": "base64"}

    Source: recorded answers, August and September 2026; the values, the types of openai-python.
    """


@stated_in_schema(code="invalid_value")
def invalid_pattern() -> None:
    """A string does not have the form that the parameter asks for.

    Fails: /v1/responses {"model": "m", "input": "x", "tools": [{"type": "function", "name": "get weather"}]}
    Passes: /v1/responses {"model": "m", "input": "x", "tools": [{"type": "function", "name": "get_weather"}]}

    Source: recorded answers, August and September 2026.
    """


@stated_in_schema()
def missing_required_parameter() -> None:
    """A member that the API asks for is missing.

    Fails: /v1/embeddings {"model": "m"}
    Passes: /v1/embeddings {"model": "m", "input": "x"}

    Source: recorded answers, August and September 2026.
    """


@stated_in_schema()
def unknown_parameter() -> None:
    """An object has a member that the API does not know.

    A parameter that came after the schema's date is reported too; the hint has the date.

    Fails: /v1/embeddings {"model": "m", "input": "x", "dimension": 256}
    Passes: /v1/embeddings {"model": "m", "input": "x", "dimensions": 256}

    Source: recorded answers, August and September 2026; the members, the types of openai-python.
    """


@stated_in_schema(code="unsupported_parameter")
def moved_parameter() -> None:
    """A parameter of chat completions stands in a request to /v1/responses, where it has another place.

    Fails: /v1/responses {"model": "m", "messages": [{"role": "user", "content": "Hi"}]}
    Passes: /v1/responses {"model": "m", "input": [{"role": "user", "content": "Hi"}]}

    To do: what the sentence says.

    Source: a recorded answer for `messages`; reports for the others.
    """


@stated_in_schema(code="invalid_value")
def json_edits_image() -> None:
    """An image edit has `image`, which only a multipart request has.

    A batch's line carries JSON; there the member is `images`, a list of objects with `image_url` or
    `file_id`.

    Fails: /v1/images/edits {"model": "gpt-image-2", "prompt": "x", "image": "file-1", "images": [{"file_id": "file-1"}]}
    Passes: /v1/images/edits {"model": "gpt-image-2", "prompt": "x", "images": [{"file_id": "file-1"}]}

    Source: a recorded answer, August 2026.
    """


@stated_in_schema()
def empty_array() -> None:
    """An array is empty that must not be.

    Fails: /v1/chat/completions {"model": "m", "messages": []}
    Passes: /v1/chat/completions {"model": "m", "messages": [{"role": "user", "content": "Hi"}]}

    Source: recorded answers, August and September 2026.
    """


@stated_in_schema()
def empty_string() -> None:
    """A string is empty that must not be.

    Fails: /v1/videos {"model": "sora-2", "prompt": ""}
    Passes: /v1/videos {"model": "sora-2", "prompt": "a cat"}

    Source: recorded answers, August and September 2026.
    """


@stated_in_schema()
def array_above_max_length() -> None:
    """An array has more members than the API takes.

    Fails: /v1/chat/completions {"model": "m", "messages": [{"role": "user", "content": "Hi"}], "stop": ["a", "b", "c", "d", "e"]}
    Passes: /v1/chat/completions {"model": "m", "messages": [{"role": "user", "content": "Hi"}], "stop": ["a", "b", "c", "d"]}

    Source: reports, 2023 to 2026; the numbers, the OpenAPI document of August 2026.
    """


@stated_in_schema()
def string_above_max_length() -> None:
    """A string has more characters than the API takes.

    Fails: /v1/responses {"model": "m", "input": [{"type": "function_call_output", "call_id": "call_45678901234567890123456789012345678901234567890123456789012345", "output": ""}]}
    Passes: /v1/responses {"model": "m", "input": [{"type": "function_call", "call_id": "a", "name": "f", "arguments": "{}"}, {"type": "function_call_output", "call_id": "a", "output": ""}]}

    Source: recorded answers, August and September 2026; the numbers, the OpenAPI document and
    openai-python.
    """


@stated_in_schema()
def input_too_long() -> None:
    """An input to embed has more than 8,192 tokens, however it is tokenised.

    A list of tokens is counted; of a string it is certain from 1,048,577 characters on, as no token is
    longer than 128.

    To do: cut the input into pieces.

    Source: a full answer of the live API (August 2026); it gives neither code nor param.
    """


@stated_in_schema()
def property_name_above_max_length() -> None:
    """A key of the metadata has more than 64 characters.

    Fails: /v1/responses {"model": "m", "input": "x", "metadata": {"a_key_that_is_longer_than_the_sixty_four_characters_it_may_have_here": "v"}}
    Passes: /v1/responses {"model": "m", "input": "x", "metadata": {"a_key": "v"}}

    Source: a recorded answer, 2026.
    """


@stated_in_schema()
def object_above_max_properties() -> None:
    """An object has more members than the API takes: metadata 16, a reference to an image 1.

    Fails: /v1/videos {"model": "sora-2", "prompt": "a cat", "input_reference": {"file_id": "file-1", "image_url": "https://example.com/a.png"}}
    Passes: /v1/videos {"model": "sora-2", "prompt": "a cat", "input_reference": {"file_id": "file-1"}}

    Source: a recorded answer for metadata, August 2026; for images the sentence is made after it.
    """


@stated_in_schema()
def object_below_min_properties() -> None:
    """An object has fewer members than the API takes: a reference to an image has one.

    Fails: /v1/videos {"model": "sora-2", "prompt": "a cat", "input_reference": {}}
    Passes: /v1/videos {"model": "sora-2", "prompt": "a cat", "input_reference": {"file_id": "file-1"}}

    Source: the sentence is made after that of `object_above_max_properties`.
    """


@stated_in_schema()
def integer_below_min_value() -> None:
    """An integer is smaller than the API takes.

    Fails: /v1/responses {"model": "m", "input": "x", "max_output_tokens": 15}
    Passes: /v1/responses {"model": "m", "input": "x", "max_output_tokens": 16}

    Source: recorded answers, August and September 2026.
    """


@stated_in_schema()
def integer_above_max_value() -> None:
    """An integer is larger than the API takes.

    Fails: /v1/images/generations {"model": "gpt-image-2", "prompt": "x", "n": 11}
    Passes: /v1/images/generations {"model": "gpt-image-2", "prompt": "x", "n": 10}

    Source: recorded answers, August and September 2026.
    """


@stated_in_schema()
def decimal_below_min_value() -> None:
    """A number is smaller than the API takes.

    Fails: /v1/completions {"model": "m", "prompt": "x", "temperature": -0.1}
    Passes: /v1/completions {"model": "m", "prompt": "x", "temperature": 0}

    Source: reports with full answers, 2025.
    """


@stated_in_schema()
def decimal_above_max_value() -> None:
    """A number is larger than the API takes.

    Fails: /v1/completions {"model": "m", "prompt": "x", "temperature": 2.1}
    Passes: /v1/completions {"model": "m", "prompt": "x", "temperature": 2}

    Source: reports with full answers, 2025.
    """


@stated_in_schema()
def missing_content() -> None:
    """A message has no content, or null, and nothing that may stand in for it.

    An assistant message may do without if it has `tool_calls`, `function_call`, `refusal` or `audio`.
    The API comes upon it last of all.

    Fails: /v1/chat/completions {"model": "m", "messages": [{"role": "user", "content": null}]}
    Passes: /v1/chat/completions {"model": "m", "messages": [{"role": "user", "content": "Hi"}]}

    Source: recorded answers, August 2026; the API gives no code.
    """


@stated_in_schema()
def model_not_found() -> None:
    """The model's name is empty.

    Whether a name is known to your organisation only the API can tell.

    Fails: /v1/responses {"model": "", "input": "x"}
    Passes: /v1/responses {"model": "gpt-5.4", "input": "x"}

    Source: a recorded answer, August 2026.
    """


@stated_in_schema()
def missing_mutually_exclusive_parameters() -> None:
    """None of several members is there of which the API wants exactly one.

    Fails: /v1/responses {"model": "m", "input": [{"role": "user", "content": [{"type": "input_image"}]}]}
    Passes: /v1/responses {"model": "m", "input": [{"role": "user", "content": [{"type": "input_image", "file_id": "file-1"}]}]}

    Source: answers of the live API in public issues, June 2026.
    """


@stated_in_schema()
def too_many_images() -> None:
    """A moderation has more than one image.

    Fails: /v1/moderations {"model": "omni-moderation-latest", "input": [{"type": "image_url", "image_url": {"url": "https://e.com/a.png"}}, {"type": "image_url", "image_url": {"url": "https://e.com/b.png"}}]}
    Passes: /v1/moderations {"model": "omni-moderation-latest", "input": [{"type": "image_url", "image_url": {"url": "https://e.com/a.png"}}]}

    Source: antiwork/gumroad#4709 (April 2026), with the full answer.
    """
