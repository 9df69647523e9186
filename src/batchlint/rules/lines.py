"""Rules about a line: whether it is JSON, and the four members around the body."""

from .registry import rule


@rule(fails="batch")
def invalid_json_line() -> None:
    """The line is not JSON.

    Cut off, a missing comma, a comment, single quotes, two values on one line: the hint tells what
    the standard library's decoder says, and where.

    Fails: {"custom_id": "a", "method": "POST", "url": "/v1/embeddings", "body": {"model": "m", "input": "x"
    Passes: {"custom_id": "a", "method": "POST", "url": "/v1/embeddings", "body": {"model": "m", "input": "x"}}

    To do: write each line with a JSON library, never by hand.

    Source: ogx-ai/ogx `test_batches_errors.py` (August 2025) and a batch of April 2024.  Certain.
    """


@rule(code="invalid_json_line", fails="batch")
def byte_order_mark() -> None:
    """The file begins with a byte order mark, which makes its first line no JSON.

    To do: write the file as UTF-8 without it; in Python the encoding is `utf-8`, not `utf-8-sig`.

    Source: a user's report for OpenAI (code and sentence); Azure's documentation says the same.
    """


@rule(code="invalid_json_line", fails="batch")
def not_a_number() -> None:
    """The line has `NaN`, `Infinity` or a number beyond the range of a double, which JSON does not know.

    Python's `json.dumps` writes the first two unless told not to.

    Fails: {"custom_id": "a", "method": "POST", "url": "/v1/completions", "body": {"model": "m", "temperature": NaN, "prompt": "x"}}
    Passes: {"custom_id": "a", "method": "POST", "url": "/v1/completions", "body": {"model": "m", "temperature": null, "prompt": "x"}}

    To do: write with `json.dumps(..., allow_nan=False)`, and leave the member out.

    Source: RFC 8259, section 6.  Nobody has recorded what the API says; its sentence for a line that is
    no JSON is given.
    """


@rule(code="invalid_json_line", fails="batch")
def lone_surrogate() -> None:
    r"""A string has one half of a surrogate pair as an escape, which is no character.

    It comes from cutting a text in the middle of an emoji in a language whose strings are UTF-16.

    Fails: {"custom_id": "a", "method": "POST", "url": "/v1/embeddings", "body": {"model": "m", "input": "\ud83d"}}
    Passes: {"custom_id": "a", "method": "POST", "url": "/v1/embeddings", "body": {"model": "m", "input": "\ud83d\ude00"}}

    To do: cut texts between characters.

    Source: RFC 8259, section 8.2, calls what happens to such text unpredictable.  Nobody has recorded
    what the API says; its sentence for a line that is no JSON is given.
    """


@rule(code="invalid_json_line", fails="batch")
def nesting_too_deep() -> None:
    """Arrays and objects are nested deeper than 1,024 levels, and the line cannot be checked.

    To do: look for a loop in what writes the line.

    Source: the limit is that of our decoder; that of the API is not known.
    """


@rule(code="invalid_json_line", fails="batch")
def not_an_object() -> None:
    """The line is JSON, but not an object.

    Fails: ["custom_id", "a"]
    Passes: {"custom_id": "a", "method": "POST", "url": "/v1/embeddings", "body": {"model": "m", "input": "x"}}

    To do: write one request object a line.

    Source: the API's answer is not known; its sentence for a line that is no JSON is given.
    """


@rule(fails=None, default=False)
def duplicate_key() -> None:
    """An object has a key twice, of which decoders keep the last.

    Finding it needs a second, slower decoding of every line, so the rule is off unless chosen
    (`--warn duplicate_key`).

    To do: look at which of the values was meant.

    Source: RFC 8259, section 4, calls it unpredictable.  What the API does is not known.
    """


@rule(fails=None)
def blank_line() -> None:
    """The line is blank.

    It counts as a line, but not as a request.  A newline at the end of the last line is no blank line.

    To do: leave it out.

    Source: what the API does is not known; two servers of the same interface refuse blank lines, and
    others skip them.
    """


@rule(code="missing_required_parameter", fails="batch")
def missing_line_member() -> None:
    """One of `custom_id`, `method`, `url` and `body` is missing.

    Fails: {"custom_id": "a", "url": "/v1/embeddings", "body": {"model": "m", "input": "x"}}
    Passes: {"custom_id": "a", "method": "POST", "url": "/v1/embeddings", "body": {"model": "m", "input": "x"}}

    To do: add it; `method` is always `POST`.

    Source: ogx-ai/ogx `test_batches_errors.py` (August 2025).  Certain.
    """


@rule(fails="batch")
def invalid_custom_id() -> None:
    """The `custom_id` is not a string.

    Fails: {"custom_id": 17, "method": "POST", "url": "/v1/embeddings", "body": {"model": "m", "input": "x"}}
    Passes: {"custom_id": "17", "method": "POST", "url": "/v1/embeddings", "body": {"model": "m", "input": "x"}}

    To do: write it in quotes.

    Source: the Batch guide documents a string.  The API's code and sentence are not known; the
    sentence is made after the API's grammar.
    """


@rule(fails=None)
def empty_custom_id() -> None:
    """The `custom_id` is the empty string.

    Fails: {"custom_id": "", "method": "POST", "url": "/v1/embeddings", "body": {"model": "m", "input": "x"}}
    Passes: {"custom_id": "a", "method": "POST", "url": "/v1/embeddings", "body": {"model": "m", "input": "x"}}

    To do: give every request an id by which its result is found.

    Source: what the API does is not known.
    """


@rule(fails="batch")
def invalid_method() -> None:
    """The `method` is not `POST`.

    Fails: {"custom_id": "a", "method": "GET", "url": "/v1/embeddings", "body": {"model": "m", "input": "x"}}
    Passes: {"custom_id": "a", "method": "POST", "url": "/v1/embeddings", "body": {"model": "m", "input": "x"}}

    To do: write `"method": "POST"`.

    Source: the Batch guide ("Currently only POST is supported").  The API's code and sentence are not
    known; the sentence is made after the API's grammar.
    """


@rule(fails="batch")
def invalid_url() -> None:
    """The `url` is none of the endpoints that a batch may have.

    It must equal the batch's endpoint to the letter: `/v1/chat/completions`, without host and
    without a slash at the end.  Nothing else of the line is judged.

    Fails: {"custom_id": "a", "method": "POST", "url": "/chat/completions", "body": {"model": "m"}}
    Passes: {"custom_id": "a", "method": "POST", "url": "/v1/embeddings", "body": {"model": "m", "input": "x"}}

    To do: what the hint says.

    Source: a recorded failed batch (thyword-study/scribe, April 2025), and 97 batches lost to a missing
    `/v1`.  Certain.
    """


@rule(fails="batch")
def invalid_body() -> None:
    """The `body` is not an object.

    Fails: {"custom_id": "a", "method": "POST", "url": "/v1/embeddings", "body": "{}"}
    Passes: {"custom_id": "a", "method": "POST", "url": "/v1/embeddings", "body": {"model": "m", "input": "x"}}

    To do: put the request in as an object, not as a string of JSON.

    Source: the API's code and sentence are not known; the sentence is made after the API's grammar.
    """


@rule(fails=None)
def unknown_line_member() -> None:
    """The line has a member beside `custom_id`, `method`, `url` and `body`.

    Fails: {"custom_id": "a", "method": "POST", "url": "/v1/embeddings", "body": {"model": "m", "input": "x"}, "model": "m"}
    Passes: {"custom_id": "a", "method": "POST", "url": "/v1/embeddings", "body": {"model": "m", "input": "x"}}

    To do: move it into the body, or leave it out.

    Source: what the API does is not known.
    """
