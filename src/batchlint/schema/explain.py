"""Explains why a value doesn't match a schema, in the words and the order of the API.

The explainer walks through the schema and the value together. It supports the vocabulary of the
shipped schemas (`schemas/README.md`). A property test verifies that it agrees with the engines.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from itertools import islice
from typing import Any, Final

from .. import phrasing
from ..findings import (
    MAX_PROBLEMS_PER_LINE,
    TOO_MANY_PROBLEMS,
    Part,
    PathParts,
    Phase,
    Problem,
    Rank,
)
from ..nesting import MAX_EXPLAINED_LEVELS, with_fresh_stack
from .validate import Validator, anchor_pattern, compile_schema

Schema = Mapping[str, Any]

#: A function that returns a hint, given the whole value and the problem's path.
HintMaker = Callable[[Any, PathParts], str | None]

#: The maximum number of unknown parameters in a body that get a suggestion.
_MAX_SUGGESTIONS: Final = 100

#: The maximum depth at which a validator checks the items of an array of unions, to skip those that
#: are valid. At every level of a recursive union, this would take quadratic time.
_MAX_VALIDATED_LEVELS: Final = 8

_EMPTY: Final[Schema] = {}
_SIZE_KEYWORDS: Final = frozenset({"minProperties", "maxProperties", "propertyNames"})
_compile_pattern = lru_cache(maxsize=None)(re.compile)


class Explainer:
    """Explains why values don't match a schema.

    Args:
        schema: a JSON Schema with the vocabulary of `schemas/`.
        part: the part of the line that the schema describes.
        prefix: the path of the value in the line. The `path` and the `param` of each problem start
            with it. Messages omit it.
        hints: the functions that make hints, by the name of the rule.
        newer_hint: the hint for names and values that a newer version of the API may accept.
        validate_fields: whether to compile a validator for each field, and explain only the fields
            that their validators reject. Otherwise, the explainer walks through all values.
    """

    def __init__(
        self,
        schema: Schema,
        *,
        part: Part = Part.LINE,
        prefix: PathParts = (),
        hints: Mapping[str, HintMaker] | None = None,
        newer_hint: str | None = None,
        validate_fields: bool = True,
    ) -> None:
        self.schema = schema
        self.part = part
        self.prefix = prefix
        self.param_prefix = f"{phrasing.dotted(prefix)}." if prefix else ""
        self.hints = hints or {}
        self.newer_hint = newer_hint
        self.positions = {
            name: position for position, name in enumerate(schema.get("properties", _EMPTY))
        }
        notes = schema.get("x-batchlint", _EMPTY)
        self.early = frozenset(notes.get("early", ()))
        self.missing_in_order = notes.get("in_place", False)
        self._definitions: Schema = schema.get("$defs", _EMPTY)
        self.has_validators = validate_fields
        # Both caches use the `id` of the subschema as the key.
        self._validators: dict[int, Validator] = {}
        self._tagged_branches: dict[int, dict[str, Schema]] = {}

    def explain(self, value: Any) -> list[Problem]:
        """Return the problems of a value, in the order in which the API would report them."""
        problems = with_fresh_stack(self._problems, value)
        if len(problems) > 1:
            problems.sort(key=lambda problem: problem.rank)
        return problems

    def _problems(self, value: Any) -> list[Problem]:
        return list(_Walk(self, value).root_problems(value))

    def accepts(self, value: Any) -> bool:
        """Return whether a validator accepts the whole value."""
        return self.is_valid(self.schema, value)

    def is_valid(self, node: Schema, value: Any) -> bool:
        """Return whether the validator of a subschema accepts a value.

        Without validators, return False, so that the caller walks through the value.
        """
        validator = self._validators.get(id(node))
        if validator is None:
            validator = self._validators[id(node)] = self._validator(node)
        return validator(value)

    def _validator(self, node: Schema) -> Validator:
        if not self.has_validators:
            return _never
        keywords = {key: node[key] for key in node if not key.startswith("$") or key == "$ref"}
        return compile_schema({**keywords, "$defs": self._definitions})

    def dereference(self, node: Schema) -> Schema:
        """Return the subschema that a reference points to. Return any other subschema unchanged."""
        while "$ref" in node:
            node = self._definitions[node["$ref"].rpartition("/")[2]]
        return node

    def tagged_branches(self, node: Schema) -> dict[str, Schema]:
        """Return the branches of a union, by the value of the tag."""
        branches = self._tagged_branches.get(id(node))
        if branches is None:
            key = node["x-batchlint"]["tag"]
            branches = {
                tag: branch
                for branch in map(self.dereference, node["anyOf"])
                for tag in self._tags(branch, key)
            }
            self._tagged_branches[id(node)] = branches
        return branches

    def _tags(self, branch: Schema, key: str) -> list[str]:
        if _is_union(branch):
            return [
                tag for inner in branch["anyOf"] for tag in self._tags(self.dereference(inner), key)
            ]
        values = branch.get("properties", _EMPTY).get(key, _EMPTY).get("enum", ())
        return [tag for tag in values if tag is not None]


class _Walk:
    """One walk through a value. It keeps track of the phase and the top-level parameter."""

    def __init__(self, explainer: Explainer, root: Any) -> None:
        self._explainer = explainer
        self._root = root
        self._phase = Phase.MODEL
        self._position = 0
        self._serial = 0

    # -- the root: the API's phases ---------------------------------------------------------------

    def root_problems(self, value: Any) -> Iterator[Problem]:
        """Yield the problems of the whole value."""
        schema = self._explainer.schema
        if not isinstance(value, dict):
            yield from self._value_problems(schema, value, ())
            return
        for name in schema.get("required", ()):
            if name not in value:
                in_order = self._explainer.missing_in_order
                self._enter(Phase.FIELDS if in_order else Phase.PRESENCE, name)
                yield self._missing_problem(schema, name, ())
        if not value.keys() <= self._explainer.positions.keys():
            self._enter(Phase.UNKNOWN, "")
            yield from self._limit(self._unknown_field_problems(schema, value, ()), ())
        properties = schema.get("properties", _EMPTY)
        for name, item in value.items():
            if name in properties and not self._explainer.is_valid(properties[name], item):
                self._enter(Phase.FIELDS, name)
                yield from self._limit(
                    self._value_problems(properties[name], item, (name,)), (name,)
                )
        if schema.keys() & _SIZE_KEYWORDS:
            self._enter(Phase.FIELDS, "")
            yield from self._size_problems(schema, value, ())
        for constraint in self._failed_constraints(schema, value):
            location = _constraint_path(constraint)
            self._enter(Phase.FIELDS, str(location[0]) if location else "")
            yield self._constraint_problem(constraint, value, ())

    def _limit(self, problems: Iterator[Problem], path: PathParts) -> Iterator[Problem]:
        """Yield the first problems at a path. If there are more, yield one that reports this."""
        yield from islice(problems, MAX_PROBLEMS_PER_LINE)
        if next(problems, None) is not None:
            explainer = self._explainer
            name = phrasing.dotted(path)
            yield Problem(
                f"There are more than {MAX_PROBLEMS_PER_LINE:,} problems. The rest are not listed.",
                f"{explainer.param_prefix}{name}".removesuffix(".") or None,
                (*explainer.prefix, *path),
                rule=TOO_MANY_PROBLEMS,
                rank=Rank(explainer.part, Phase.LAST, self._position),
            )

    def _enter(self, phase: Phase, name: str) -> None:
        """Set the phase and the parameter for the problems that follow."""
        explainer = self._explainer
        self._phase = Phase.MODEL if name in explainer.early else phase
        self._position = explainer.positions.get(name, len(explainer.positions))

    # -- values -----------------------------------------------------------------------------------

    def _value_problems(self, node: Schema, value: Any, path: PathParts) -> Iterator[Problem]:
        """Yield the problems of a value under a schema, depth-first."""
        node = self._explainer.dereference(node)
        if len(path) >= MAX_EXPLAINED_LEVELS:  # A fixed limit, because the engines' limits differ.
            return
        if _is_union(node):
            yield from self._union_problems(node, value, path)
            return
        if "not" in node and self._matches_schema(node["not"], value):
            yield self._problem("invalid_value", f"Invalid '{_name(path)}'.", node, "not", path)
        json_type = phrasing.json_type(value)
        types = node.get("type")
        if types is not None and not _is_of_type(json_type, value, types):
            yield self._wrong_type_problem(node, value, path)
        elif "enum" in node and not _is_among(value, node["enum"]):
            yield self._wrong_value_problem(node, value, path)
        elif json_type == "string":
            yield from self._string_problems(node, value, path)
        elif json_type in ("integer", "number"):
            yield from self._number_problems(node, value, path)
        elif json_type == "array":
            yield from self._array_problems(node, value, path)
        elif json_type == "object":
            yield from self._object_problems(node, value, path)

    def _matches_schema(self, node: Schema, value: Any) -> bool:
        if self._explainer.has_validators:
            return self._explainer.is_valid(node, value)
        return next(self._value_problems(node, value, ()), None) is None

    def _string_problems(self, node: Schema, value: str, path: PathParts) -> Iterator[Problem]:
        length = len(value)
        if length < node.get("minLength", 0):  # No schema requires more than one character.
            message = (
                f"Invalid '{_name(path)}': empty string. Expected a string with minimum length 1, "
                "but got an empty string instead."
            )
            yield self._problem("empty_string", message, node, "minLength", path)
        elif "maxLength" in node and length > node["maxLength"]:
            yield self._out_of_bounds_problem(
                "string_above_max_length",
                ("string too long", "a string with maximum length", ""),
                (node, "maxLength"),
                path,
                f"a string with length {length}",
            )
        elif "pattern" in node and not _matches_pattern(node["pattern"], value):
            message = (
                f"Invalid '{_name(path)}': string does not match pattern. Expected a string that "
                f"matches the pattern '{node['pattern']}'."
            )
            yield self._problem(
                "invalid_pattern", message, node, "pattern", path, value=phrasing.excerpt(value)
            )

    def _number_problems(self, node: Schema, value: float, path: PathParts) -> Iterator[Problem]:
        types = node.get("type", ())
        word = "integer" if "integer" in types and "number" not in types else "decimal"
        # The number is formatted only for a problem, because an embedding input has many numbers.
        if "minimum" in node and value < node["minimum"]:
            words = (f"{word} below minimum value", "a value >=", "")
            rule = f"{word}_below_min_value"
            got = phrasing.format_number(value)
            yield self._out_of_bounds_problem(rule, words, (node, "minimum"), path, got)
        if "maximum" in node and value > node["maximum"]:
            words = (f"{word} above maximum value", "a value <=", "")
            rule = f"{word}_above_max_value"
            got = phrasing.format_number(value)
            yield self._out_of_bounds_problem(rule, words, (node, "maximum"), path, got)

    def _array_problems(self, node: Schema, value: list[Any], path: PathParts) -> Iterator[Problem]:
        length = len(value)
        if length < node.get("minItems", 0):  # No schema requires more than one item.
            message = (
                f"Invalid '{_name(path)}': empty array. Expected an array with minimum length 1, "
                "but got an empty array instead."
            )
            yield self._problem("empty_array", message, node, "minItems", path)
        elif "maxItems" in node and length > node["maxItems"]:
            yield self._out_of_bounds_problem(
                "array_above_max_length",
                ("array too long", "an array with maximum length", ""),
                (node, "maxItems"),
                path,
                f"an array with length {length}",
            )
        if "contains" in node:
            count = sum(self._matches_schema(node["contains"], item) for item in value)
            message = f"Invalid '{_name(path)}'."
            if count > node.get("maxContains", count):
                yield self._problem(
                    "invalid_value", message, node, "maxContains", path, count=count
                )
            if count < node.get("minContains", 1):
                yield self._problem("invalid_value", message, node, "contains", path, count=count)
        if "items" in node:
            items = self._explainer.dereference(node["items"])
            validates_items = "anyOf" in items and len(path) < _MAX_VALIDATED_LEVELS
            for index, item in enumerate(value):
                if not (validates_items and self._explainer.is_valid(items, item)):
                    yield from self._value_problems(items, item, (*path, index))

    def _object_problems(
        self, node: Schema, value: dict[str, Any], path: PathParts
    ) -> Iterator[Problem]:
        for name in node.get("required", ()):
            if name not in value:
                yield self._missing_problem(node, name, path)
        yield from self._unknown_field_problems(node, value, path)
        yield from self._size_problems(node, value, path)
        properties = node.get("properties", _EMPTY)
        for name, child in properties.items():
            if name in value:
                yield from self._value_problems(child, value[name], (*path, name))
        others = node.get("additionalProperties")
        if isinstance(others, dict) and others:
            for name, item in value.items():
                if name not in properties:
                    yield from self._value_problems(others, item, (*path, name))
        for constraint in self._failed_constraints(node, value):
            yield self._constraint_problem(constraint, value, path)

    def _missing_problem(self, node: Schema, name: str, path: PathParts) -> Problem:
        path = (*path, name)
        message = f"Missing required parameter: '{_name(path)}'."
        keyword = f"required:{name}"
        return self._problem("missing_required_parameter", message, node, keyword, path)

    def _unknown_field_problems(
        self, node: Schema, value: dict[str, Any], path: PathParts
    ) -> Iterator[Problem]:
        if node.get("additionalProperties", True) is not False:
            return
        known = node.get("properties", _EMPTY)
        unknown = [name for name in value if name not in known]
        for count, name in enumerate(unknown):
            suggestion = ""
            if not path and count < _MAX_SUGGESTIONS:
                suggestion = phrasing.did_you_mean(name, known, value)
            hint = None
            location: PathParts = (*path, name)
            if path and name == path[-1]:
                hint = (
                    f"{phrasing.excerpt(name)!r} contains another object with the same name. Move "
                    "the fields of the inner object into the outer one."
                )
                location = path
            yield self._problem(
                "unknown_parameter",
                f"Unknown parameter: '{_name((*path, name))}'.{suggestion}",
                node,
                f"unknown:{name}",
                (*path, name),
                location=location,
                hint=hint,
                may_be_newer=True,
                key=phrasing.excerpt(name),
            )

    def _size_problems(
        self, node: Schema, value: dict[str, Any], path: PathParts
    ) -> Iterator[Problem]:
        if not node.keys() & _SIZE_KEYWORDS:
            return
        size = len(value)
        got = f"an object with {size} properties"
        if size > node.get("maxProperties", size):
            words = ("too many properties", "an object with at most", " properties")
            rule = "object_above_max_properties"
            yield self._out_of_bounds_problem(rule, words, (node, "maxProperties"), path, got)
        elif size < node.get("minProperties", 0):
            words = ("too few properties", "an object with at least", " properties")
            rule = "object_below_min_properties"
            yield self._out_of_bounds_problem(rule, words, (node, "minProperties"), path, got)
        longest = node.get("propertyNames", _EMPTY).get("maxLength")
        for name in value if longest is not None else ():
            if len(name) > longest:
                message = (
                    f"Invalid property name in '{phrasing.dotted(path)}': "
                    f"'{phrasing.abbreviate(phrasing.escape(name))}' is too long. Expected a "
                    f"string with maximum length {longest}, but got a string with length "
                    f"{len(name)} instead."
                )
                rule = "property_name_above_max_length"
                yield self._problem(rule, message, node, "propertyNames", (*path, name))

    def _failed_constraints(self, node: Schema, value: Any) -> Iterator[Schema]:
        """Yield the schemas of an `allOf` that the value doesn't match."""
        for constraint in node.get("allOf", ()):
            if not self._explainer.is_valid(constraint, value) and not any(
                self._matches_schema(branch, value) for branch in constraint["anyOf"]
            ):
                yield constraint

    def _constraint_problem(self, constraint: Schema, value: Any, path: PathParts) -> Problem:
        location = (*path, *_constraint_path(constraint))
        message = f"Missing required parameter: '{_name(location)}'."
        rule = "missing_required_parameter"
        return self._problem(rule, message, constraint, "anyOf", location, whole=value)

    # -- unions -----------------------------------------------------------------------------------

    def _union_problems(self, node: Schema, value: Any, path: PathParts) -> Iterator[Problem]:
        """Yield the problems under the branch of a union that the value was written for."""
        json_type = phrasing.json_type(value)
        branches = map(self._explainer.dereference, node["anyOf"])
        candidates = [b for b in branches if self._accepts_type(b, json_type, value)]
        if not candidates:
            yield self._wrong_type_problem(node, value, path)
        elif json_type == "object" and "tag" in node.get("x-batchlint", _EMPTY):
            yield from self._tagged_union_problems(node, value, path)
        elif json_type == "array" and len(candidates) > 1:
            yield from self._array_union_problems(candidates, value, path)
        else:
            yield from self._value_problems(candidates[0], value, path)

    def _accepts_type(self, branch: Schema, json_type: str, value: Any) -> bool:
        """Return whether a branch accepts the type of a value."""
        if _is_union(branch):
            inner = map(self._explainer.dereference, branch["anyOf"])
            return any(self._accepts_type(child, json_type, value) for child in inner)
        return "type" not in branch or _is_of_type(json_type, value, branch["type"])

    def _tagged_union_problems(
        self, node: Schema, value: dict[str, Any], path: PathParts
    ) -> Iterator[Problem]:
        """Yield the problems under the branch that the tag selects, or a problem about the tag."""
        notes = node["x-batchlint"]
        key = notes["tag"]
        branches = self._explainer.tagged_branches(node)
        tag = value.get(key)
        if tag is None and "untagged" in notes:
            tag = next(tag for name, tag in notes["untagged"].items() if name in value or not name)
        if not isinstance(tag, str) or tag not in branches:
            if "otherwise" in notes:
                tag = notes["otherwise"]
            elif key not in value and not notes.get("missing_as_invalid"):
                yield self._missing_problem(node, key, path)
                return
            else:
                yield self._wrong_tag_problem(node, tag, list(branches), path)
                return
        yield from self._value_problems(branches[tag], value, path)

    def _wrong_tag_problem(
        self, node: Schema, tag: Any, tags: list[str], path: PathParts
    ) -> Problem:
        """Create the problem for a tag that has no branch.

        The API names either the tag or the object with the tag, as the schema's notes specify.
        """
        notes = node["x-batchlint"]
        among = notes.get("among", ())
        at_item = notes.get("at") == "item" and (not among or tag in among)
        values = notes.get("supported", tags) if at_item or not among else among
        short = phrasing.abbreviate(tag, phrasing.MAX_VALUE_LENGTH) if isinstance(tag, str) else ""
        location = (*path, notes["tag"])
        message = phrasing.unsupported_value(short, values)
        param = path if at_item else location
        return self._problem(
            "invalid_value", message, node, "tag", location, param=param, may_be_newer=True
        )

    def _array_union_problems(
        self, branches: list[Schema], value: list[Any], path: PathParts
    ) -> Iterator[Problem]:
        """Yield the problems under the first branch that accepts the type of the first item.

        If no branch accepts it, yield a problem about this item.
        """
        for branch in branches:
            items = self._explainer.dereference(branch["items"])
            if not value or self._accepts_nested_type(items, value[0]):
                yield from self._value_problems(branch, value, path)
                return
        items = {"anyOf": [branch["items"] for branch in branches]}
        yield self._wrong_type_problem(items, value[0], (*path, 0))

    def _accepts_nested_type(self, node: Schema, value: Any) -> bool:
        """Return whether a schema accepts the type of a value and of its first item, recursively."""
        if not self._accepts_type(node, phrasing.json_type(value), value):
            return False
        if not (isinstance(value, list) and value and "items" in node):
            return True
        return self._accepts_nested_type(self._explainer.dereference(node["items"]), value[0])

    # -- messages ---------------------------------------------------------------------------------

    def _wrong_type_problem(self, node: Schema, value: Any, path: PathParts) -> Problem:
        expected = phrasing.expected(node, value, self._explainer.dereference)
        got = phrasing.GOT[phrasing.json_type(value)]
        keyword = "type:null" if value is None else "type"
        message = f"Invalid type for '{_name(path)}': expected {expected}, but got {got} instead."
        return self._problem("invalid_type", message, node, keyword, path, raw=value)

    def _wrong_value_problem(self, node: Schema, value: Any, path: PathParts) -> Problem:
        values = node.get("x-batchlint", _EMPTY).get("supported")
        if values is None:
            values = [supported for supported in node["enum"] if supported is not None]
        short = (
            phrasing.abbreviate(value, phrasing.MAX_VALUE_LENGTH) if isinstance(value, str) else ""
        )
        message = phrasing.unsupported_value(short, values)
        return self._problem(
            "invalid_value", message, node, "enum", path, may_be_newer=True, raw=value, value=short
        )

    def _out_of_bounds_problem(
        self,
        rule: str,
        words: tuple[str, str, str],
        bound: tuple[Schema, str],
        path: PathParts,
        got: str,
    ) -> Problem:
        """Create the problem for a value beyond a limit.

        Args:
            rule: the rule's name.
            words: the flaw, the expected value, and the unit of the limit.
            bound: the schema and the keyword that sets the limit.
            path: the path of the value.
            got: the actual value.
        """
        node, keyword = bound
        flaw, expected, unit = words
        limit = phrasing.format_number(node[keyword])
        message = (
            f"Invalid '{_name(path)}': {flaw}. Expected {expected} {limit}{unit}, "
            f"but got {got} instead."
        )
        return self._problem(rule, message, node, keyword, path, limit=limit, value=got)

    def _problem(
        self,
        rule: str,
        message: str,
        node: Schema,
        keyword: str,
        path: PathParts,
        *,
        location: PathParts | None = None,
        param: PathParts | None = None,
        hint: str | None = None,
        may_be_newer: bool = False,
        **values: Any,
    ) -> Problem:
        """Create a problem. The schema's notes may replace its rule, message, param and phase.

        Args:
            rule: the rule's name.
            message: the message.
            node: the schema that the value violates.
            keyword: the violated keyword, which is the key of its note. `type:null` falls back to
                the note for `type`.
            path: the path that the message names.
            location: the path of the value, if it differs from `path`.
            param: the path that the API gives as `param`, if it differs from `path`.
            hint: the hint. Default: the hint of the rule.
            may_be_newer: whether a newer version of the API may accept this name or value.
            values: the values for the placeholders in the message of a note.
        """
        notes = node.get("x-batchlint", _EMPTY).get("errors", _EMPTY)
        note = notes.get(keyword)
        if note is None and keyword.startswith("type:"):
            note = notes.get("type")
        param_name: str | None = phrasing.dotted(path if param is None else param)
        phase = self._phase
        position = self._position
        if note is not None:
            rule = note.get("rule", rule)
            if "message" in note or "param" in note:
                values = {"whole": self._root, **values, **_placeholders(note, node, keyword, path)}
            if "message" in note:
                message = phrasing.fill(note["message"], values)
            if "param" in note:
                param_name = phrasing.fill(note["param"], values) or None
            if "phase" in note:  # Within this phase, problems keep the order in which they occur.
                phase = Phase[note["phase"].upper()]
                position = 0
        explainer = self._explainer
        if hint is None:
            hint = self._hint(rule, path, may_be_newer=may_be_newer)
        self._serial += 1
        return Problem(
            message,
            None
            if param_name is None
            else f"{explainer.param_prefix}{param_name}".removesuffix("."),
            (*explainer.prefix, *(path if location is None else location)),
            hint,
            rule,
            Rank(explainer.part, phase, position, False, self._serial),
        )

    def _hint(self, rule: str, path: PathParts, *, may_be_newer: bool) -> str | None:
        if rule in self._explainer.hints:
            return self._explainer.hints[rule](self._root, path)
        if may_be_newer and rule in ("unknown_parameter", "invalid_value"):
            return self._explainer.newer_hint
        return None


def _placeholders(note: Schema, node: Schema, keyword: str, path: PathParts) -> dict[str, Any]:
    """Return the values for the placeholders in the message of a note."""
    indices = [str(part) for part in path if isinstance(part, int)] or [""]
    values = {
        "p": _name(path),
        "limit": node.get(keyword),
        "i": indices[0],
        "j": indices[-1],
    }
    if "{supported}" in note.get("message", ""):
        names = phrasing.quoted(str(v) for v in node.get("enum", ()) if v is not None)
        values["supported"] = phrasing.listed(names)
    return values


def _name(path: PathParts) -> str:
    """Return a path as messages show it. A long path is abbreviated."""
    name = phrasing.dotted(path)
    return name if len(name) <= 4 * phrasing.MAX_EXCERPT_LENGTH else phrasing.excerpt(name)


def _never(_: Any) -> bool:
    return False


def _is_union(node: Schema) -> bool:
    return "anyOf" in node and "properties" not in node


def _constraint_path(constraint: Schema) -> PathParts:
    """Return the path that the API reports for a failed schema of an `allOf`."""
    at = constraint["x-batchlint"].get("at", [])
    return (at,) if isinstance(at, str) else tuple(at)


def _is_of_type(json_type: str, value: Any, types: str | list[str]) -> bool:
    """Return whether a value has a type, or one of a list of types. 1.0 counts as an integer."""
    if json_type in types if isinstance(types, list) else json_type == types:
        return True
    if json_type == "integer":
        return "number" in types
    return json_type == "number" and "integer" in types and float(value).is_integer()


def _is_among(value: Any, values: list[Any]) -> bool:
    """Return whether a list contains a value. As in JSON, `True` doesn't equal 1."""
    return any(
        value == other and isinstance(value, bool) == isinstance(other, bool) for other in values
    )


def _matches_pattern(pattern: str, value: str) -> bool:
    """Return whether a string matches a JSON Schema pattern.

    Unlike in Python, a final `$` matches only at the very end.
    """
    return _compile_pattern(anchor_pattern(pattern)).search(value) is not None
