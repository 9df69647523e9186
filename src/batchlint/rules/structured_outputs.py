"""Rules about the JSON Schemas of structured outputs and function parameters."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

import orjson

from .. import edits, phrasing
from ..bounds import Budget
from ..findings import Edit, Fix, PathParts, Phase, Problem
from ..providers import CHAT, RESPONSES, Endpoint
from .registry import Request, problem, request_rule
from .triggers import fields

if TYPE_CHECKING:
    from ..structured.problems import SchemaProblem

_STRICT_BY_DEFAULT: Final = (
    "The API uses strict mode if `strict` is absent. If you don't need it, set `strict` to false."
)

_ENDPOINTS: Final = (CHAT, RESPONSES)
_WHEN: Final = fields("response_format", "text", "tools", "functions")


class _Location(NamedTuple):
    """A schema in a request, and its location.

    Attributes:
        subject: the API's word for the thing that the schema describes.
        named: the object with the name of the schema.
        schema: the schema; None if a function has none.
        path: the schema's path in the body. For a missing schema, the function's path.
        param: the API's param for the schema.
    """

    subject: Literal["response_format", "function"]
    named: dict[str, Any]
    schema: dict[str, Any] | None
    path: PathParts
    param: str

    @property
    def name(self) -> str:
        """The name of the schema, as quoted in messages."""
        name = self.named.get("name")
        return phrasing.excerpt(name) if isinstance(name, str) else ""

    @property
    def strict(self) -> bool:
        """Whether strict mode applies. The deprecated `functions` lack it."""
        is_requested = self.named.get("strict") is True and self.path[0] != "functions"
        return is_requested or self.is_strict_by_default

    @property
    def is_strict_by_default(self) -> bool:
        """Whether the API sets the absent `strict` of a `text.format` to true."""
        return self.path[0] == "text" and self.named.get("strict") is None

    def problems(self, budget: Budget) -> tuple[SchemaProblem, ...]:
        """Find the problems of the schema, within the line's remaining budget."""
        # Imported here because most files have no schemas. Importing the module, rather than the
        # function, halves the cost of this statement.
        from ..structured import subset

        return subset.problems(self.schema, "strict" if self.strict else "function", budget)

    def problem(self, found: SchemaProblem) -> Problem:
        """Convert a problem of the schema to a problem of the body."""
        hint = found.hint
        if self.is_strict_by_default:
            hint = " ".join(filter(None, (hint, _STRICT_BY_DEFAULT)))
        return problem(
            f"Invalid schema for {self.subject} '{self.name}': {found.sentence}",
            *self.path,
            *found.path,
            param=self.param,
            hint=hint,
            fix=self.fix(found),
        )

    def fix(self, found: SchemaProblem) -> Fix | None:
        """Return the fix for a problem. OpenAI's clients change schemas in the same way.

        Without `strict`, there is none, because setting `strict` to false may be the better change.
        """
        if self.is_strict_by_default:
            return None
        path = ("body", *self.path, *found.object_path)
        if found.repair == "close":
            edit = edits.put((*path, "additionalProperties"), "false")
            return Fix("unsafe", 'Add "additionalProperties": false.', (edit,))
        if found.repair == "require":
            return Fix("unsafe", "List every property in `required`.", (edits.require_all(path),))
        return None


def _has_no_problem(request: Request) -> bool:
    """Return whether no schema has a problem. Always false for fine-tuned models."""
    return not (_is_fine_tuned(request) or _schema_problems(request))


@request_rule(endpoints=_ENDPOINTS, when=_WHEN, unless=_has_no_problem)
def invalid_json_schema(request: Request) -> Iterator[Problem]:
    """A strict response format has a schema that Structured Outputs does not support.

    Structured Outputs supports a subset of JSON Schema:

    * The root is an object.
    * Every object has `"additionalProperties": false` and lists all of its properties
      in `required`.
    * Every array has `items`.
    * Every schema below the root has a `type`, an `anyOf` or a `$ref`.
    * The values of an `enum` match its `type`.
    * Only the formats and keywords in the Structured Outputs guide are supported.
    * A `$ref` has no sibling keywords and points to the root or to one of its definitions.
    * A schema has at most 10 levels. In total, it has at most 5,000 properties, 120,000
      characters of names and values, and 1,000 enum values. The values of an enum with
      more than 250 values have at most 15,000 characters in total.

    The API rejects the request when the batch runs. The error appears in the
    batch's error file. The API reports one problem per request. batchlint reports up to
    100 violations of the meta-schema, up to 100 problems in subschemas, and every
    exceeded limit, in the order in which the API seems to check them.

    Fails: /v1/chat/completions {"model": "m", "messages": [{"role": "user", "content":
            "Hi"}], "response_format": {"type": "json_schema", "json_schema": {"name":
            "r", "strict": true, "schema": {"type": "object", "properties": {"a":
            {"type": "string"}}, "required": ["a"]}}}}
    Passes: /v1/chat/completions {"model": "m", "messages": [{"role": "user", "content":
            "Hi"}], "response_format": {"type": "json_schema", "json_schema": {"name":
            "r", "strict": true, "schema": {"type": "object", "properties": {"a":
            {"type": "string"}}, "required": ["a"], "additionalProperties": false}}}}
    Fails: /v1/responses {"model": "m", "input": "x", "text": {"format": {"type":
            "json_schema", "name": "r", "strict": true, "schema": {"type": "object",
            "properties": {"a": {"type": "string", "format": "uri"}}, "required": ["a"],
            "additionalProperties": false}}}}
    Passes: /v1/responses {"model": "m", "input": "x", "text": {"format": {"type":
            "json_schema", "name": "r", "strict": true, "schema": {"type": "object",
            "properties": {"a": {"type": "string", "format": "uuid"}}, "required":
            ["a"], "additionalProperties": false}}}}

    Fix: Change the schema as the finding's hint describes, or remove `strict`.

    Evidence: confirmed. Recorded responses and reports with full error messages,
    2025 to October 2026, and the Structured Outputs guide (October 2026). The code
    is null for chat completions, and `invalid_json_schema` for `/v1/responses`. The
    messages for exceeding 120,000 characters and for an undefined reference are unknown.
    """
    for location, found in _checked_problems(request):
        if location.subject == "response_format" and _is_certain(location, found, request):
            yield location.problem(found)


@request_rule(endpoints=_ENDPOINTS, when=_WHEN, unless=_has_no_problem)
def invalid_function_parameters(request: Request) -> Iterator[Problem]:
    """The `parameters` of a function are not a JSON Schema that the API accepts.

    For every function, the schema must be valid under the meta-schema of draft 2020-12
    (draft 7, if `$schema` names a draft from before 2019), and Python's `re` must be able
    to compile its patterns. The root must be an object with `type` and `properties`, and
    arrays must have `items`. With `"strict": true`, the subset of `invalid_json_schema`
    applies too. Unless a function is strict, its `parameters` may be missing or empty.

    The API rejects the request when the batch runs. The error appears in the
    batch's error file.

    Fails: /v1/chat/completions {"model": "m", "messages": [{"role": "user", "content":
            "Hi"}], "tools": [{"type": "function", "function": {"name": "f",
            "parameters": {"type": "object", "properties": {"a": {"type": "array"}}}}}]}
    Passes: /v1/chat/completions {"model": "m", "messages": [{"role": "user", "content":
            "Hi"}], "tools": [{"type": "function", "function": {"name": "f",
            "parameters": {"type": "object", "properties": {"a": {"type": "array",
            "items": {}}}}}}]}
    Fails: /v1/responses {"model": "m", "input": "x", "tools": [{"type": "function",
            "name": "f", "strict": true, "parameters": {"type": "object", "properties":
            {}, "required": []}}]}
    Passes: /v1/responses {"model": "m", "input": "x", "tools": [{"type": "function",
            "name": "f", "strict": true, "parameters": {"type": "object", "properties":
            {}, "required": [], "additionalProperties": false}}]}

    Fix: Change the schema as the finding's hint describes.

    Evidence: confirmed. A recorded response from September 2026, and reports with
    full error responses from 2024 to September 2026.
    """
    for location, found in _checked_problems(request):
        if location.subject == "function" and _is_certain(location, found, request):
            yield location.problem(found)


@request_rule(fails=None, endpoints=_ENDPOINTS, when=_WHEN, unless=_has_no_problem)
def doubtful_schema(request: Request) -> Iterator[Problem]:
    """A schema uses a feature that the API may reject.

    In strict mode:

    * `minLength` and `maxLength`, which the API rejected in late 2025, but accepted
      in tests in 2026
    * `patternProperties`
    * keywords that the Structured Outputs guide does not mention
    * an `enum` without a `type`
    * a schema as `additionalProperties`, if `type` also allows something other than `object`

    The same applies to everything else that strict mode does not support, if the
    `text.format` of a `/v1/responses` request has no `strict`. The API then uses strict
    mode. It is unknown whether it rejects the schema or turns strict mode off.

    In the parameters of functions that are not strict:

    * a root with neither `type` nor `properties`
    * a root whose `type` is a list without `object`
    * on `/v1/responses`, `anyOf` and similar keywords at the root, which chat
      completions reject

    This is a warning because the evidence is contradictory or comes from a single
    report.

    Fails: /v1/responses {"model": "m", "input": "x", "text": {"format": {"type":
            "json_schema", "name": "r", "schema": {"type": "object", "properties": {"a":
            {"type": "string"}}}}}}
    Passes: /v1/responses {"model": "m", "input": "x", "text": {"format": {"type":
            "json_schema", "name": "r", "strict": false, "schema": {"type": "object",
            "properties": {"a": {"type": "string"}}}}}}
    Fails: /v1/responses {"model": "m", "input": "x", "text": {"format": {"type":
            "json_schema", "name": "r", "strict": true, "schema": {"type": "object",
            "properties": {"a": {"type": "string", "minLength": 1}}, "required": ["a"],
            "additionalProperties": false}}}}
    Passes: /v1/responses {"model": "m", "input": "x", "text": {"format": {"type":
            "json_schema", "name": "r", "strict": true, "schema": {"type": "object",
            "properties": {"a": {"type": "string", "pattern": "."}}, "required": ["a"],
            "additionalProperties": false}}}}

    Fix: Send one request with the schema before you create the batch, or avoid the
    feature.

    Evidence: reported. Contradictory reports and tests from 2025 and 2026, or a single
    report. In 19 recorded responses from March 2025 to August 2026, the API set the
    absent `strict` of a supported schema to true. getzep/graphiti#1751 (August 2026)
    quotes the rejection of another schema, sent through a gateway.
    """
    from ..structured import subset

    for location, found in _checked_problems(request):
        keyword = found.path[-1] if found.path else ""
        if _is_fine_tuned(request) and keyword in subset.NOT_FOR_FINE_TUNED and not found.certain:
            continue  # `fine_tuned_schema` reports it.
        if not _is_certain(location, found, request):
            yield location.problem(found)


def schema_repairs(request: Request) -> Iterator[tuple[Edit, str]]:
    """Yield the edits that repair the objects of strict schemas, each with the rule that it is for.

    Unlike the findings of a line, these edits are not limited in number. With the findings' edits
    alone, the line would have to be checked again after every 100 objects.
    """
    from ..structured import subset

    found = _checked_problems(request)
    repairable = {each.path: each for each, schema_problem in found if schema_problem.repair}
    for location in repairable.values():
        is_format = location.subject == "response_format"
        rule = invalid_json_schema if is_format else invalid_function_parameters
        for schema_problem in subset.repairs(location.schema or {}):
            fix = location.fix(schema_problem)
            if fix is not None:
                yield fix.edits[0], rule.name


def _is_certain(location: _Location, found: SchemaProblem, request: Request) -> bool:
    """Return whether the API is certain to reject a schema for this problem."""
    is_possible = request.endpoint == CHAT or not found.chat_only
    return found.certain and is_possible and not location.is_strict_by_default


@request_rule(fails=None, endpoints=_ENDPOINTS, when=_WHEN, unless=_has_no_problem)
def unchecked_schema(request: Request) -> Iterator[Problem]:
    """A schema was not checked, because checking it would take too much work.

    batchlint limits the work per line. Larger schemas get a larger allowance. A schema
    can exceed the limit if it has many deeply nested values, or thousands of values of
    which at least one is invalid. The limit counts work, not time, so every run gives
    the same report. Only the first 1,000 tools or functions in a list are checked. The
    finding appears once per line.

    Fix: Make the schema smaller, nest it less deeply, or send fewer tools. The API may
    accept the schema as it is.

    Evidence: none. The limit is batchlint's own, not the API's.
    """
    unchecked = [location for location, found in _schema_problems(request) if _is_unchecked(found)]
    if unchecked:
        first = unchecked[0]
        more = f" and {len(unchecked) - 1:,} others" if len(unchecked) > 1 else ""
        yield problem(
            f"The schema of {first.subject} '{first.name}'{more} would take too much work to "
            "check.",
            *first.path,
            param=first.param,
            phase=Phase.LAST,
            hint="The schema was not checked. Make it smaller, nest it less deeply, or send at most "
            "1,000 tools.",
        )


@request_rule(fails=None, endpoints=_ENDPOINTS, when=_WHEN, unless=_has_no_problem)
def fine_tuned_schema(request: Request) -> Iterator[Problem]:
    """A strict schema for a fine-tuned model uses a keyword that only other models support.

    The keywords are `minLength`, `maxLength`, `pattern`, `format`, `minimum`,
    `maximum`, `multipleOf`, `patternProperties`, `minItems` and `maxItems`. This is
    a warning because the API's response is unknown.

    Fails: /v1/responses {"model": "ft:gpt-4.1-mini:acme::1", "input": "x", "text":
            {"format": {"type": "json_schema", "name": "r", "strict": true, "schema":
            {"type": "object", "properties": {"a": {"type": "integer", "minimum": 1}},
            "required": ["a"], "additionalProperties": false}}}}
    Passes: /v1/responses {"model": "gpt-4.1-mini", "input": "x", "text": {"format":
            {"type": "json_schema", "name": "r", "strict": true, "schema": {"type":
            "object", "properties": {"a": {"type": "integer", "minimum": 1}},
            "required": ["a"], "additionalProperties": false}}}}

    Fix: Remove the keyword and state the constraint in the `description`.

    Evidence: documented. The Structured Outputs guide (October 2026) lists the
    keywords.
    """
    if _is_fine_tuned(request):
        from ..structured import subset

        for location in _locations(request):
            if location.schema and location.strict:
                for found in subset.problems(location.schema, "fine-tuned"):
                    if not _is_unchecked(found):
                        yield location.problem(found)


# -- locating schemas ----------------------------------------------------------------------------


def _is_fine_tuned(request: Request) -> bool:
    return request.model.startswith("ft:")


def _field(value: Any, name: str) -> Any:
    """Return a field of a value; None if the value is not an object."""
    return value.get(name) if isinstance(value, dict) else None


def _response_format(_: int, value: Any) -> _Location | None:
    if _field(value, "type") != "json_schema":
        return None
    named = _field(value, "json_schema")
    return _format(named, "response_format", "response_format", "json_schema", "schema")


def _text_format(_: int, value: Any) -> _Location | None:
    named = _field(value, "format")
    if _field(named, "type") != "json_schema":
        return None
    return _format(named, "text.format.schema", "text", "format", "schema")


def _format(named: Any, param: str, *path: str) -> _Location | None:
    """Locate the schema of a response format. None unless strict mode applies."""
    schema = _field(named, "schema")
    if not isinstance(schema, dict):
        return None
    location = _Location("response_format", named, schema, path, param)
    return location if location.strict else None


def _chat_tool(index: int, value: Any) -> _Location | None:
    if _field(value, "type") != "function":
        return None
    return _parameters(_field(value, "function"), "tools", index, "function")


def _responses_tool(index: int, value: Any) -> _Location | None:
    return _parameters(value, "tools", index) if _field(value, "type") == "function" else None


def _function(index: int, value: Any) -> _Location | None:
    return _parameters(value, "functions", index)


def _parameters(function: Any, *path: str | int) -> _Location | None:
    """Locate the schema of a function's parameters. None if the schema is not an object."""
    parameters = _field(function, "parameters")
    if not isinstance(function, dict) or not isinstance(parameters, dict | None):
        return None
    schema_path = (*path, "parameters")
    location = schema_path if "parameters" in function else path
    return _Location("function", function, parameters, location, phrasing.dotted(schema_path))


#: Finds the schema in a field or list item, given its index and value.
_Locator = Callable[[int, Any], _Location | None]

#: Parameters that may contain schemas: an object with one schema, or a list of objects.
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
    """Yield the schemas in a request."""
    for name, json_type, locate in _FIELDS[request.endpoint]:
        value = request.body.get(name)
        if isinstance(value, json_type):
            yield from _locate_all(value, locate)


def _locate_all(value: Any, locate: _Locator) -> Iterator[_Location]:
    for index, item in enumerate(value if isinstance(value, list) else (value,)):
        location = locate(index, item)
        if location is not None:
            yield location


# -- finding problems ----------------------------------------------------------------------------

_Problems = Sequence[tuple[_Location, "SchemaProblem"]]


def _schema_problems(request: Request) -> _Problems:
    """Find the problems of all schemas, except those that only concern fine-tuned models."""
    found: list[tuple[_Location, SchemaProblem]] = []
    budget = Budget()
    for name, json_type, locate in _FIELDS[request.endpoint]:
        value = request.body.get(name)
        if isinstance(value, json_type):
            found += _item_problems(value if isinstance(value, list) else [value], locate, budget)
    return found


def _checked_problems(request: Request) -> _Problems:
    """Return the problems of the schemas that were checked."""
    return [each for each in _schema_problems(request) if not _is_unchecked(each[1])]


def _is_unchecked(found: SchemaProblem) -> bool:
    """Return whether a problem reports that a schema was not checked."""
    return found is _unchecked()


def _unchecked() -> SchemaProblem:
    from ..structured import subset

    return subset.UNCHECKED[0]


class _GoodItems:
    """List items whose schemas have no problems, recognized by their text.

    The lines of a file often have the same tools. Encoding a list once and comparing its text
    with the texts of known items takes a third of the time of encoding and looking up each item.
    """

    def __init__(self) -> None:
        self._last = b""
        self._texts: dict[bytes, bytes] = {}  # The keys are their first bytes.
        self._bytes = 0

    def unknown(self, items: list[Any]) -> Sequence[int]:
        """Return the indices of the items that have not been recorded as good."""
        try:
            text = orjson.dumps(items)
        except TypeError:  # Nested more than 254 levels deep.
            return range(len(items))
        if text == self._last:
            return ()
        unknown = []
        start = 1  # After the bracket.
        for index, item in enumerate(items):
            known = self._texts.get(text[start : start + _BEGINNING])
            # An object's text is never the beginning of another object's text.
            if known is None or not text.startswith(known, start):
                unknown.append(index)
                known = orjson.dumps(item)
            start += len(known) + 1  # With the comma.
        if not unknown:
            self._last = text
        return unknown

    def add(self, item: Any) -> None:
        """Record that an item is good."""
        if not isinstance(item, dict):
            return
        try:
            # orjson's buffer is several times larger than its content, so copy the content.
            text = bytes(memoryview(orjson.dumps(item)))
        except TypeError:
            return
        if len(text) < _BEGINNING:
            return
        beginning = text[:_BEGINNING]
        self._bytes += len(text) - len(self._texts.get(beginning, b""))
        if self._bytes > _MAX_BYTES:
            self._texts.clear()
            self._bytes = len(text)
        self._texts[beginning] = text


#: The maximum number of list items whose schemas are checked. Chat completions accept 128 tools.
_MAX_ITEMS: Final = 1000

#: The number of leading bytes by which an item is looked up. A match is then compared in full.
_BEGINNING: Final = 96

#: The maximum size of the texts to keep, in bytes.
_MAX_BYTES: Final = 2_000_000

_good_items: Final[dict[_Locator, _GoodItems]] = {
    locate: _GoodItems() for fields in _FIELDS.values() for _, _, locate in fields
}


def _item_problems(items: list[Any], locate: _Locator, budget: Budget) -> _Problems:
    """Find the problems of the items that are not recorded as good.

    Only the first `_MAX_ITEMS` items are checked. Items that use some of the budget are never
    recorded, because they must use it on every line.
    """
    good = _good_items[locate]
    found: list[tuple[_Location, SchemaProblem]] = []
    for index in good.unknown(items[:_MAX_ITEMS]):
        location = locate(index, items[index])
        before = budget.left
        problems = location.problems(budget) if location is not None else ()
        if location is not None:
            found += [(location, problem) for problem in problems]
        if not problems and budget.left == before:
            good.add(items[index])
    for index in range(_MAX_ITEMS, len(items)):
        location = locate(index, items[index])
        if location is not None:  # Mention only the first schema that is not checked.
            found.append((location, _unchecked()))
            break
    return found
