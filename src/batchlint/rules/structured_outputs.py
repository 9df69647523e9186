"""Rules about the JSON Schemas in a request: structured outputs, and the parameters of functions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

import orjson

from .. import phrasing
from ..findings import PathParts, Problem
from ..providers import CHAT, RESPONSES, Endpoint
from .registry import Request, problem, request_rule
from .triggers import fields

if TYPE_CHECKING:
    from ..structured.problems import SchemaProblem

_ENDPOINTS: Final = (CHAT, RESPONSES)
_WHEN: Final = fields("response_format", "text", "tools", "functions")


class _Location(NamedTuple):
    """Where a request has a schema.

    Attributes:
        subject: what the API calls it.
        named: the object with its name.
        schema: None if a function has none.
        path: in the body; of a missing schema, the object that lacks it.
        param: that place in the API's words.
    """

    subject: Literal["response_format", "function"]
    named: dict[str, Any]
    schema: dict[str, Any] | None
    path: PathParts
    param: str

    @property
    def strict(self) -> bool:
        """Whether the request asks for strict mode."""
        return self.named.get("strict") is True

    def problems(self) -> tuple[SchemaProblem, ...]:
        """The problems of the schema."""
        from ..structured import subset  # Late, because most files have no schemas.

        if self.schema is None:
            return (subset.ABSENT,) if self.strict else ()
        return subset.problems(self.schema, "strict" if self.strict else "function")

    def problem(self, found: SchemaProblem) -> Problem:
        """A problem of the schema as a problem of the body."""
        name = self.named.get("name")
        name = phrasing.excerpt(name) if isinstance(name, str) else ""
        return problem(
            f"Invalid schema for {self.subject} '{name}': {found.sentence}",
            *self.path,
            *found.path,
            param=self.param,
            hint=found.hint,
        )


def _has_no_problem(request: Request) -> bool:
    """Whether no schema has a problem. Schemas for fine-tuned models need a closer look."""
    return not (_is_fine_tuned(request) or _schema_problems(request))


@request_rule(endpoints=_ENDPOINTS, when=_WHEN, unless=_has_no_problem)
def invalid_json_schema(request: Request) -> Iterator[Problem]:
    """A strict response format has a schema outside of the subset that Structured Outputs take.

    The root is an object; every object has `"additionalProperties": false` and requires each of its
    properties; arrays have items; formats and keywords are those of the guide; a reference stands
    alone and points to a definition of the root.  A schema has at most 5,000 properties, 10 levels,
    120,000 characters of names and values and 1,000 enum values; an enum of more than 250 values has
    at most 15,000 characters.  The API answers one fault; all of them are reported, in the order in
    which it seems to look.

    Fails: /v1/chat/completions {"model": "m", "messages": [{"role": "user", "content": "Hi"}], "response_format": {"type": "json_schema", "json_schema": {"name": "r", "strict": true, "schema": {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}}}}
    Passes: /v1/chat/completions {"model": "m", "messages": [{"role": "user", "content": "Hi"}], "response_format": {"type": "json_schema", "json_schema": {"name": "r", "strict": true, "schema": {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"], "additionalProperties": false}}}}
    Fails: /v1/responses {"model": "m", "input": "x", "text": {"format": {"type": "json_schema", "name": "r", "strict": true, "schema": {"type": "object", "properties": {"a": {"type": "string", "format": "uri"}}, "required": ["a"], "additionalProperties": false}}}}
    Passes: /v1/responses {"model": "m", "input": "x", "text": {"format": {"type": "json_schema", "name": "r", "strict": true, "schema": {"type": "object", "properties": {"a": {"type": "string", "format": "uuid"}}, "required": ["a"], "additionalProperties": false}}}}

    To do: what the hint says, or leave `strict` out.

    Source: the Structured Outputs guide (October 2026); recorded answers and reports with full
    sentences, 2025 to October 2026.  Chat completions give the code null, responses
    `invalid_json_schema`.  The sentences for 120,000 characters and for an undefined reference are
    not known.
    """
    for location, found in _schema_problems(request):
        if location.subject == "response_format" and found.certain:
            yield location.problem(found)


@request_rule(endpoints=_ENDPOINTS, when=_WHEN, unless=_has_no_problem)
def invalid_function_parameters(request: Request) -> Iterator[Problem]:
    """The parameters of a function are no JSON Schema, or not one that the API takes.

    Of every function: valid under the meta-schema of draft 2020-12 (patterns for Python's `re`), an
    object at the root that has `properties`, and arrays with items.  With `"strict": true`, the
    subset of `invalid_json_schema` too.  A function may do without parameters unless it is strict.

    Fails: /v1/chat/completions {"model": "m", "messages": [{"role": "user", "content": "Hi"}], "tools": [{"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {"a": {"type": "array"}}}}}]}
    Passes: /v1/chat/completions {"model": "m", "messages": [{"role": "user", "content": "Hi"}], "tools": [{"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {"a": {"type": "array", "items": {}}}}}}]}
    Fails: /v1/responses {"model": "m", "input": "x", "tools": [{"type": "function", "name": "f", "strict": true, "parameters": {"type": "object", "properties": {}, "required": []}}]}
    Passes: /v1/responses {"model": "m", "input": "x", "tools": [{"type": "function", "name": "f", "strict": true, "parameters": {"type": "object", "properties": {}, "required": [], "additionalProperties": false}}]}

    To do: what the hint says.

    Source: a recorded answer, September 2026, and reports with full answers, 2024 to September 2026.
    """
    for location, found in _schema_problems(request):
        if location.subject == "function" and _is_certain(found, request):
            yield location.problem(found)


@request_rule(fails=None, endpoints=_ENDPOINTS, when=_WHEN, unless=_has_no_problem)
def doubtful_schema(request: Request) -> Iterator[Problem]:
    """A schema has something of which it is not certain that the API refuses it.

    In strict mode `minLength` and `maxLength` (refused at the end of 2025, accepted by probes of
    2026), `patternProperties`, keywords that the guide does not mention, an enum without a type, and
    unknown formats of what is no string; in other functions a root without a type, and on responses
    `anyOf` and the like at the root, which chat completions refuse.

    Fails: /v1/responses {"model": "m", "input": "x", "text": {"format": {"type": "json_schema", "name": "r", "strict": true, "schema": {"type": "object", "properties": {"a": {"type": "string", "minLength": 1}}, "required": ["a"], "additionalProperties": false}}}}
    Passes: /v1/responses {"model": "m", "input": "x", "text": {"format": {"type": "json_schema", "name": "r", "strict": true, "schema": {"type": "object", "properties": {"a": {"type": "string", "pattern": "."}}, "required": ["a"], "additionalProperties": false}}}}

    To do: send one such request before the batch.

    Source: reports and probes of 2025 and 2026 that contradict one another, or a single one.
    """
    from ..structured import subset

    for location, found in _schema_problems(request):
        keyword = found.path[-1] if found.path else ""
        if _is_fine_tuned(request) and keyword in subset.NOT_FOR_FINE_TUNED and not found.certain:
            continue  # `fine_tuned_schema` reports it.
        if not _is_certain(found, request):
            yield location.problem(found)


def _is_certain(found: SchemaProblem, request: Request) -> bool:
    """Whether the API certainly refuses a schema for this problem."""
    return found.certain and (request.endpoint == CHAT or not found.chat_only)


@request_rule(fails=None, endpoints=_ENDPOINTS, when=_WHEN, unless=_has_no_problem)
def fine_tuned_schema(request: Request) -> Iterator[Problem]:
    """A strict schema for a fine-tuned model has a keyword that only other models take.

    These are `minLength`, `maxLength`, `pattern`, `format`, `minimum`, `maximum`, `multipleOf`,
    `patternProperties`, `minItems` and `maxItems`.

    Fails: /v1/responses {"model": "ft:gpt-4.1-mini:acme::1", "input": "x", "text": {"format": {"type": "json_schema", "name": "r", "strict": true, "schema": {"type": "object", "properties": {"a": {"type": "integer", "minimum": 1}}, "required": ["a"], "additionalProperties": false}}}}
    Passes: /v1/responses {"model": "gpt-4.1-mini", "input": "x", "text": {"format": {"type": "json_schema", "name": "r", "strict": true, "schema": {"type": "object", "properties": {"a": {"type": "integer", "minimum": 1}}, "required": ["a"], "additionalProperties": false}}}}

    To do: take it out, and say what it says in the description.

    Source: the Structured Outputs guide (October 2026); no answer has been seen.
    """
    if _is_fine_tuned(request):
        from ..structured import subset

        for location in _locations(request):
            if location.schema and location.strict:
                for found in subset.problems(location.schema, "fine-tuned"):
                    yield location.problem(found)


# -- where schemas are ----------------------------------------------------------------------------


def _is_fine_tuned(request: Request) -> bool:
    return request.model.startswith("ft:")


def _field(value: Any, name: str) -> Any:
    """A field of a value, if that is an object."""
    return value.get(name) if isinstance(value, dict) else None


def _response_format(_: int, value: Any) -> _Location | None:
    if _field(value, "type") != "json_schema":
        return None
    named = _field(value, "json_schema")
    return _strict_format(named, "response_format", "response_format", "json_schema", "schema")


def _text_format(_: int, value: Any) -> _Location | None:
    named = _field(value, "format")
    if _field(named, "type") != "json_schema":
        return None
    return _strict_format(named, "text.format.schema", "text", "format", "schema")


def _strict_format(named: Any, param: str, *path: str) -> _Location | None:
    """The schema of a response format, if it is strict."""
    schema = _field(named, "schema")
    if not isinstance(schema, dict) or named.get("strict") is not True:
        return None
    return _Location("response_format", named, schema, path, param)


def _chat_tool(index: int, value: Any) -> _Location | None:
    if _field(value, "type") != "function":
        return None
    return _parameters(_field(value, "function"), "tools", index, "function")


def _responses_tool(index: int, value: Any) -> _Location | None:
    return _parameters(value, "tools", index) if _field(value, "type") == "function" else None


def _function(index: int, value: Any) -> _Location | None:
    return _parameters(value, "functions", index)


def _parameters(function: Any, *path: str | int) -> _Location | None:
    """The schema of a function's parameters, if it is an object or missing."""
    parameters = _field(function, "parameters")
    if not isinstance(function, dict) or not isinstance(parameters, dict | None):
        return None
    place = (*path, "parameters")
    at = place if "parameters" in function else path
    return _Location("function", function, parameters, at, phrasing.dotted(place))


#: From the index and the value of a field, or of an item of it, to the schema in it.
_Locator = Callable[[int, Any], _Location | None]

#: The fields that may hold schemas: an object with one schema, or a list of objects.
_FIELDS: Final[Mapping[Endpoint, Sequence[tuple[str, type, _Locator]]]] = {
    CHAT: (
        ("response_format", dict, _response_format),
        ("tools", list, _chat_tool),
        ("functions", list, _function),
    ),
    RESPONSES: (
        ("text", dict, _text_format),
        ("tools", list, _responses_tool),
    ),
}


def _locations(request: Request) -> Iterator[_Location]:
    """The schemas of a request."""
    for name, json_type, locate in _FIELDS[request.endpoint]:
        value = request.body.get(name)
        if isinstance(value, json_type):
            yield from _located(value, locate)


def _located(value: Any, locate: _Locator) -> Iterator[_Location]:
    for index, item in enumerate(value if isinstance(value, list) else (value,)):
        location = locate(index, item)
        if location is not None:
            yield location


# -- their problems -------------------------------------------------------------------------------

_Problems = Sequence[tuple[_Location, "SchemaProblem"]]


def _schema_problems(request: Request) -> _Problems:
    """The problems of all schemas of a request, except those that only fine-tuned models have."""
    found: list[tuple[_Location, SchemaProblem]] = []
    for name, json_type, locate in _FIELDS[request.endpoint]:
        value = request.body.get(name)
        if isinstance(value, list) and json_type is list:
            found += _list_problems(value, locate)
        elif isinstance(value, json_type):
            found += _problems_of(value, locate)
    return found


#: The text of the last list without problems, for each kind of list: lines often share it.
_last_good: dict[_Locator, bytes] = {}


def _list_problems(value: list[Any], locate: _Locator) -> _Problems:
    try:
        text = orjson.dumps(value)
    except TypeError:  # Nested more than 254 levels deep.
        return _problems_of(value, locate)
    if _last_good.get(locate) == text:
        return ()
    problems = _problems_of(value, locate)
    if not problems:
        _last_good[locate] = text
    return problems


def _problems_of(value: Any, locate: _Locator) -> _Problems:
    return [(at, problem) for at in _located(value, locate) for problem in at.problems()]
