"""Rules about the JSON Schemas in a request: structured outputs, and the parameters of functions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import count
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

from .. import grammar
from ..findings import Found, PathParts
from ..known import Known
from .registry import Request, fault, rule

if TYPE_CHECKING:
    from ..structured.metaschema import Fault

_CHAT: Final = "/v1/chat/completions"
_RESPONSES: Final = "/v1/responses"

#: Where schemas may be.
_URLS: Final = (_CHAT, _RESPONSES)
_MEMBERS: Final = ("response_format", "text", "tools", "functions")


class _Spot(NamedTuple):
    """A schema of a request.

    Attributes:
        subject: what the API calls it.
        named: what has its name.
        schema: None if a function has none.
        path: where it stands in the body; where it is missing, what misses it.
        param: that place in the API's words.
    """

    subject: Literal["response_format", "function"]
    named: dict[str, Any]
    schema: dict[str, Any] | None
    path: PathParts
    param: str

    @property
    def strict(self) -> bool:
        """Whether strict mode is asked for."""
        return self.named.get("strict") is True

    def faults(self) -> tuple[Fault, ...]:
        """What is wrong with the schema."""
        from ..structured import subset  # late, for most files have no schemas

        if self.schema is None:
            return (subset.ABSENT,) if self.strict else ()
        return subset.faults(self.schema, "strict" if self.strict else "loose")

    def found(self, wrong: Fault) -> Found:
        """A fault of the schema as a finding about the body."""
        name = self.named.get("name")
        name = grammar.shown(name) if isinstance(name, str) else ""
        return fault(f"Invalid schema for {self.subject} '{name}': {wrong.sentence}", *self.path, *wrong.path,
                     param=self.param, hint=wrong.hint)


def _surely_fine(request: Request) -> bool:
    """Whether there is nothing to say of any schema of a request; of those for fine-tuned models that is not known yet."""
    return not (_faults(request) or _is_tuned(request))


@rule(urls=_URLS, wakes=_MEMBERS, asleep=_surely_fine)
def invalid_json_schema(request: Request) -> Iterator[Found]:
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
    for spot, wrong in _faults(request):
        if spot.subject == "response_format" and wrong.sure == "sure":
            yield spot.found(wrong)


@rule(urls=_URLS, wakes=_MEMBERS, asleep=_surely_fine)
def invalid_function_parameters(request: Request) -> Iterator[Found]:
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
    for spot, wrong in _faults(request):
        if spot.subject == "function" and (wrong.sure == "sure" or (wrong.sure == "chat" and request.url == _CHAT)):
            yield spot.found(wrong)


@rule(fails=None, urls=_URLS, wakes=_MEMBERS, asleep=_surely_fine)
def doubtful_schema(request: Request) -> Iterator[Found]:
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

    for spot, wrong in _faults(request):
        said = _is_tuned(request) and wrong.path[-1:] and wrong.path[-1] in subset.TUNED  # by `fine_tuned_schema`
        if (wrong.sure == "doubt" and not said) or (wrong.sure == "chat" and request.url != _CHAT):
            yield spot.found(wrong)


@rule(fails=None, urls=_URLS, wakes=_MEMBERS, asleep=_surely_fine)
def fine_tuned_schema(request: Request) -> Iterator[Found]:
    """A strict schema for a fine-tuned model has a keyword that only other models take.

    These are `minLength`, `maxLength`, `pattern`, `format`, `minimum`, `maximum`, `multipleOf`,
    `patternProperties`, `minItems` and `maxItems`.

    Fails: /v1/responses {"model": "ft:gpt-4.1-mini:acme::1", "input": "x", "text": {"format": {"type": "json_schema", "name": "r", "strict": true, "schema": {"type": "object", "properties": {"a": {"type": "integer", "minimum": 1}}, "required": ["a"], "additionalProperties": false}}}}
    Passes: /v1/responses {"model": "gpt-4.1-mini", "input": "x", "text": {"format": {"type": "json_schema", "name": "r", "strict": true, "schema": {"type": "object", "properties": {"a": {"type": "integer", "minimum": 1}}, "required": ["a"], "additionalProperties": false}}}}

    To do: take it out, and say what it says in the description.

    Source: the Structured Outputs guide (October 2026); no answer has been seen.
    """
    if _is_tuned(request):
        from ..structured import subset

        for holder in _HOLDERS[request.url]:
            for spot in map(holder.finder, count(), holder.values(request.body)):
                if spot and spot.schema and spot.strict:
                    for wrong in subset.faults(spot.schema, "tuned"):
                        yield spot.found(wrong)


def _is_tuned(request: Request) -> bool:
    return request.model.startswith("ft:")


# -- the schemas of a request ------------------------------------------------------------------------------------------


#: From the place of a value in its list, and the value, to the schema in it.
_Finder = Callable[[int, Any], _Spot | None]


def _response_format(_: int, value: Any) -> _Spot | None:
    return _format(_member(value, "json_schema"), "response_format", "response_format", "json_schema", "schema") \
        if _member(value, "type") == "json_schema" else None


def _text_format(_: int, value: Any) -> _Spot | None:
    form = _member(value, "format")
    return _format(form, "text.format.schema", "text", "format", "schema") \
        if _member(form, "type") == "json_schema" else None


def _format(form: Any, param: str, *path: str) -> _Spot | None:
    """A response format, if it is strict and has a schema."""
    schema = _member(form, "schema")
    strict = isinstance(schema, dict) and form.get("strict") is True
    return _Spot("response_format", form, schema, path, param) if strict else None


def _tool(index: int, value: Any) -> _Spot | None:
    return _callable(_member(value, "function"), "tools", index, "function") \
        if _member(value, "type") == "function" else None


def _flat_tool(index: int, value: Any) -> _Spot | None:
    return _callable(value, "tools", index) if _member(value, "type") == "function" else None


def _function(index: int, value: Any) -> _Spot | None:
    return _callable(value, "functions", index)


def _callable(function: Any, *path: str | int) -> _Spot | None:
    """A function, if its parameters are an object or missing."""
    parameters = _member(function, "parameters")
    if not isinstance(function, dict) or not isinstance(parameters, dict | None):
        return None
    place = (*path, "parameters")
    return _Spot("function", function, parameters, place if "parameters" in function else path, grammar.dotted(place))


def _member(value: Any, key: str) -> Any:
    """The member of a value, if that is an object."""
    return value.get(key) if isinstance(value, dict) else None


class _Holder(NamedTuple):
    """A member of a body that holds schemas.

    Attributes:
        member: its name.
        kind: what it is: an object with one schema, or a list whose values have one each.
        finder: from the place and the value to the schema in it.
        known: values in whose schemas there was no fault.
    """

    member: str
    kind: type
    finder: _Finder
    known: Known

    def values(self, body: Mapping[str, Any]) -> Sequence[Any]:
        """The values that may have a schema each; none if the member is not of its kind."""
        value = body.get(self.member)
        if not isinstance(value, self.kind):
            return ()
        return value if isinstance(value, list) else (value,)


#: The members that may hold schemas, by endpoint.
_HOLDERS: Final[Mapping[str, tuple[_Holder, ...]]] = {
    url: tuple(_Holder(member, kind, finder, Known()) for member, kind, finder in holders) for url, holders in (
        (_CHAT, (("response_format", dict, _response_format), ("tools", list, _tool), ("functions", list, _function))),
        (_RESPONSES, (("text", dict, _text_format), ("tools", list, _flat_tool))))}


# -- their faults ------------------------------------------------------------------------------------------------------

_Faults = Sequence[tuple[_Spot, "Fault"]]


def _faults(request: Request) -> _Faults:
    """All that is wrong with the schemas of a request, each with where that schema stands; several rules ask for it."""
    found: list[tuple[_Spot, Fault]] | None = request.memory.get("schemas")
    if found is None:
        found = request.memory["schemas"] = []
        for holder in _HOLDERS[request.url]:
            values = holder.values(request.body)
            for index in holder.known.strangers(values) if values else ():
                found += _of_value(holder, index, values[index])
    return found


def _of_value(holder: _Holder, index: int, value: Any) -> _Faults:
    """The faults of the schema in a value; that there are none is remembered."""
    spot = holder.finder(index, value)
    found = [(spot, wrong) for wrong in spot.faults()] if spot else []
    if not found:
        holder.known.add(value)
    return found
