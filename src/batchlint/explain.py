"""From a schema and a value that it refuses to what the API says about it, in the API's order.

The explainer walks the schema and the value together.  Its vocabulary is the one the schemas use
(`schemas/README.md`); that its verdict is the engines' is a property test.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from . import grammar, sentences
from .deep import flat
from .findings import PHASES, Found, PathParts

Schema = Mapping[str, Any]
Gate = Callable[[Any], bool]
#: Findings, and generators of more in the place of theirs (`flat`).
Steps = Iterator[Any]
_NOTHING: Schema = {}
#: How many unknown members of a root get a suggestion.
_SUGGESTIONS = 100
#: How many values of members of a root are remembered to be right, and how long a string among them may be.
_MOST_VALUES, _SHORT = 1000, 40

_SIZES = frozenset({"minProperties", "maxProperties", "propertyNames"})
_regex = lru_cache(maxsize=None)(re.compile)


class Explainer:
    """Explains why values do not fit one schema.

    Args:
        schema: a JSON Schema of the vocabulary of `schemas/`.
        at: where the value stands in the line, e.g. `("body",)`; it leads every path, but is left
            out of messages and params.
        hint: what to say of names and values that a newer API may know.
        compiled: makes a gate of a schema; where it is given, only what its gate refuses is walked.
    """

    def __init__(
        self, schema: Schema, at: PathParts = (), hint: str | None = None,
        compiled: Callable[[Schema], Gate] | None = None,
    ) -> None:
        self.schema = schema
        self._defs: Schema = schema.get("$defs", _NOTHING)
        self._at = at
        self._hint = hint
        self._compiled = compiled
        self._gates: dict[int, Gate] = {}  # by the identity of the subschema
        self._branches: dict[int, dict[str, Schema]] = {}  # likewise
        self._right: set[tuple[str, type, Any]] = set()  # short values of members of the root
        self._places = {key: place for place, key in enumerate(schema.get("properties", _NOTHING))}

        notes = schema.get("x-batchlint", _NOTHING)
        self._early = frozenset(notes.get("early", ()))
        self._in_place = notes.get("in_place", False)
        self._closed = schema.get("additionalProperties", True) is False
        self._sized = not _SIZES.isdisjoint(schema)

    def surely_fits(self, value: Any) -> bool:
        """Whether there is nothing to explain, as far as a gate tells at once."""
        return self._let_through(self.schema, value)

    def explain(self, value: Any) -> list[Found]:
        """All findings about a value, in the order in which the API would come upon them."""
        found = list(self._root(value) if isinstance(value, dict) else flat(self._walk(self.schema, value, ())))
        return sorted(found, key=lambda f: f.order) if len(found) > 1 else found

    # -- the root: the API's phases -----------------------------------------------------------------------------------

    def _root(self, value: dict[str, Any]) -> Iterator[Found]:
        """The members of the root one by one, each finding with its place in the order of checks."""
        for serial, (found, phase, key) in enumerate(self._members(value)):
            named = "model" if key in self._early else "fields" if phase == "presence" and self._in_place else phase
            own = found.order[0]  # a phase of its own, in which the order of the schema counts
            place = 0 if own else self._places.get(key, len(self._places))
            yield Found(*found[:-1], order=(own or PHASES[named], place, serial))

    def _members(self, value: dict[str, Any]) -> Iterator[tuple[Found, str, str]]:
        """The findings about the members of the root, with the phase and the member they belong to."""
        node, places = self.schema, self._places
        for found in self._missing(node, value, ()):
            yield found, "presence", str(found.path[-1]) if found.path else ""
        if self._closed and not value.keys() <= places.keys():
            for found in self._unknown(node, value, ()):
                yield found, "unknown", ""
        children = node.get("properties", _NOTHING)
        for key, item in value.items():
            if key in places and not self._is_right(key, children[key], item):
                for found in flat(self._walk(children[key], item, (key,))):
                    yield found, "fields", key
        if self._sized:
            for found in self._sizes(node, value, ()):
                yield found, "fields", ""
        for found in self._constraints(node, value, ()):
            yield found, "fields", str(found.path[len(self._at)]) if found.path else ""

    def _is_right(self, key: str, node: Schema, item: Any) -> bool:
        """Whether a gate tells at once that a member of the root is right; of short values that is remembered."""
        kind = type(item)
        if kind in (list, dict) or (kind is str and len(item) > _SHORT):
            return self._let_through(node, item)
        known = key, kind, item
        if known in self._right:
            return True
        right = self._let_through(node, item)
        if right and len(self._right) < _MOST_VALUES:
            self._right.add(known)
        return right

    # -- the walk -----------------------------------------------------------------------------------------------------

    def _walk(self, node: Schema, value: Any, path: PathParts) -> Steps:
        """The findings about a value under a schema, depth first."""
        node = self._deref(node)
        if "anyOf" in node and "properties" not in node:
            yield self._union(node, value, path)
            return
        if "not" in node and self._fits(node["not"], value):
            yield self._found("invalid_value", "Invalid '{p}'.", node, "not", path)
        kind = grammar.kind(value)
        types = node.get("type")
        if types is not None and not _is_a(kind, value, types):
            yield self._wrong_type(node, value, path)
            return
        if "enum" in node and not _among(value, node["enum"]):
            yield self._wrong_value(node, value, path)
            return
        if kind == "string":
            yield from self._string(node, value, path)
        elif kind in ("integer", "number"):
            yield from self._number(node, value, path)
        elif kind == "array":
            yield self._array(node, value, path)
        elif kind == "object":
            yield self._object(node, value, path)

    def _deref(self, node: Schema) -> Schema:
        while "$ref" in node:
            node = self._defs[node["$ref"].rpartition("/")[2]]
        return node

    def _let_through(self, node: Schema, value: Any) -> bool:
        """Whether a gate tells at once that a value is right, and the walk can be spared."""
        gate = self._gates.get(id(node))
        if gate is None:
            gate = self._gates[id(node)] = self._gate(node)
        return gate(value)

    def _gate(self, node: Schema) -> Gate:
        """What tells at once that a value is right under a subschema; without an engine nothing does."""
        if self._compiled is None:
            return _unsure
        own = {key: part for key, part in node.items() if not key.startswith("$") or key == "$ref"}
        return self._compiled({**own, "$defs": self._defs})

    def _fits(self, node: Schema, value: Any) -> bool:
        return next(flat(self._walk(node, value, ())), None) is None

    def _string(self, node: Schema, value: str, path: PathParts) -> Iterator[Found]:
        length = len(value)
        if length < node.get("minLength", 0):  # no schema asks for more than one character
            yield self._found("empty_string", "Invalid '{p}': empty string. Expected a string with minimum "
                              "length 1, but got an empty string instead.", node, "minLength", path)
        elif "maxLength" in node and length > node["maxLength"]:
            yield self._bound("string_above_max_length", "string too long", "a string with maximum length",
                              node, "maxLength", path, f"a string with length {length}")
        elif "pattern" in node and not _matches(node["pattern"], value):
            yield self._found("invalid_pattern", "Invalid '{p}': string does not match pattern. Expected a string "
                              f"that matches the pattern '{node['pattern']}'.", node, "pattern", path,
                              value=grammar.shown(value))

    def _number(self, node: Schema, value: float, path: PathParts) -> Iterator[Found]:
        types = node.get("type", ())
        word = "integer" if "integer" in types and "number" not in types else "decimal"
        got = grammar.number(value)
        if "minimum" in node and value < node["minimum"]:
            yield self._bound(f"{word}_below_min_value", f"{word} below minimum value", "a value >=",
                              node, "minimum", path, got)
        if "maximum" in node and value > node["maximum"]:
            yield self._bound(f"{word}_above_max_value", f"{word} above maximum value", "a value <=",
                              node, "maximum", path, got)

    def _array(self, node: Schema, value: list[Any], path: PathParts) -> Steps:
        length = len(value)
        if length < node.get("minItems", 0):  # no schema asks for more than one member
            yield self._found("empty_array", "Invalid '{p}': empty array. Expected an array with minimum length "
                              "1, but got an empty array instead.", node, "minItems", path)
        elif "maxItems" in node and length > node["maxItems"]:
            yield self._bound("array_above_max_length", "array too long", "an array with maximum length",
                              node, "maxItems", path, f"an array with length {length}")
        if "contains" in node:
            count = sum(self._fits(node["contains"], item) for item in value)
            if count > node.get("maxContains", count):
                yield self._found("invalid_value", "Invalid '{p}'.", node, "maxContains", path, count=count)
            if count < node.get("minContains", 1):
                yield self._found("invalid_value", "Invalid '{p}'.", node, "contains", path, count=count)
        if "items" in node:
            item_node = self._deref(node["items"])
            for index, item in enumerate(value):
                if not ("anyOf" in item_node and self._let_through(item_node, item)):
                    yield self._walk(item_node, item, (*path, index))

    def _object(self, node: Schema, value: dict[str, Any], path: PathParts) -> Steps:
        yield from self._missing(node, value, path)
        yield from self._unknown(node, value, path)
        yield from self._sizes(node, value, path)
        for key, child in node.get("properties", _NOTHING).items():
            if key in value:
                yield self._walk(child, value[key], (*path, key))
        others = node.get("additionalProperties")
        if isinstance(others, dict) and others:
            for key, item in value.items():
                if key not in node.get("properties", _NOTHING):
                    yield self._walk(others, item, (*path, key))
        yield from self._constraints(node, value, path)

    def _missing(self, node: Schema, value: dict[str, Any], path: PathParts) -> Iterator[Found]:
        for key in node.get("required", ()):
            if key not in value:
                yield self._found("missing_required_parameter", "Missing required parameter: '{p}'.",
                                  node, f"required:{key}", (*path, key))

    def _unknown(self, node: Schema, value: dict[str, Any], path: PathParts) -> Iterator[Found]:
        if node.get("additionalProperties", True) is not False:
            return
        known = node.get("properties", _NOTHING)
        for number, key in enumerate(key for key in value if key not in known):
            near = grammar.did_you_mean(key, known, value) if not path and number < _SUGGESTIONS else ""
            found = self._found("unknown_parameter", "Unknown parameter: '{p}'." + near, node,
                                f"unknown:{key}", (*path, key), key=grammar.shown(key))
            if found.rule == "unknown_parameter":
                found = found._replace(hint=self._hint)
                if path and key == path[-1]:
                    found = found._replace(path=(*self._at, *path), hint="The object is wrapped in itself: "
                                           f"put the members of the inner {grammar.shown(key)!r} in its place.")
            yield found

    def _sizes(self, node: Schema, value: dict[str, Any], path: PathParts) -> Iterator[Found]:
        if not node.keys() & _SIZES:
            return
        size = len(value)
        if size > node.get("maxProperties", size):
            yield self._bound("object_above_max_properties", "too many properties", "an object with at most",
                              node, "maxProperties", path, f"an object with {size} properties", " properties")
        elif size < node.get("minProperties", 0):
            yield self._bound("object_below_min_properties", "too few properties", "an object with at least",
                              node, "minProperties", path, f"an object with {size} properties", " properties")
        longest = node.get("propertyNames", _NOTHING).get("maxLength")
        for key in value if longest is not None else ():
            if len(key) > longest:
                name = grammar.dotted(path)
                yield self._found(
                    "property_name_above_max_length",
                    f"Invalid property name in '{name}': '{grammar.abbreviated(grammar.clean(key))}' is too long. "
                    f"Expected a string with maximum length {longest}, but got a string with length {len(key)} "
                    "instead.", node, "propertyNames", (*path, key))

    def _constraints(self, node: Schema, value: Any, path: PathParts) -> Iterator[Found]:
        """The parts of an `allOf`: each says in its own words that none of its branches fits."""
        for part in node.get("allOf", ()):
            if not (self._let_through(part, value) or any(self._fits(branch, value) for branch in part["anyOf"])):
                at = part["x-batchlint"].get("at", [])
                yield self._found("missing_required_parameter", "Missing required parameter: '{p}'.", part, "anyOf",
                                  (*path, *([at] if isinstance(at, str) else at)), whole=value)

    # -- unions -------------------------------------------------------------------------------------------------------

    def _union(self, node: Schema, value: Any, path: PathParts) -> Steps:
        """The findings about a value under a union, in the branch that it is meant for."""
        kind = grammar.kind(value)
        branches = [b for b in map(self._deref, node["anyOf"]) if self._takes(b, kind, value)]
        if not branches:
            yield self._wrong_type(node, value, path)
        elif kind == "object" and "tag" in node.get("x-batchlint", _NOTHING):
            yield self._tagged(node, value, path)
        elif kind == "array" and len(branches) > 1:
            yield self._arrays(branches, value, path)
        else:
            yield self._walk(branches[0], value, path)

    def _takes(self, branch: Schema, kind: str, value: Any) -> bool:
        """Whether a branch is meant for values of this kind."""
        if "anyOf" in branch and "properties" not in branch:
            return any(self._takes(self._deref(b), kind, value) for b in branch["anyOf"])
        return "type" not in branch or _is_a(kind, value, branch["type"])

    def _tagged(self, node: Schema, value: dict[str, Any], path: PathParts) -> Steps:
        """The branch by the value's tag; the tag itself if it names none."""
        notes = node["x-batchlint"]
        key = notes["tag"]
        branches = self._branches.get(id(node))
        if branches is None:
            branches = {tag: b for b in map(self._deref, node["anyOf"]) for tag in self._tags(b, key)}
            self._branches[id(node)] = branches
        tag = value.get(key)
        if tag is None and "untagged" in notes:
            tag = next(tag for member, tag in notes["untagged"].items() if member in value or not member)
        if not isinstance(tag, str) or tag not in branches:
            if "otherwise" in notes:
                tag = notes["otherwise"]
            elif key not in value and not notes.get("untold"):
                yield self._found("missing_required_parameter", "Missing required parameter: '{p}'.", node,
                                  f"required:{key}", (*path, key))
                return
            else:
                yield self._wrong_tag(node, tag, list(branches), path)
                return
        yield self._walk(branches[tag], value, path)

    def _wrong_tag(self, node: Schema, tag: Any, tags: list[str], path: PathParts) -> Found:
        """The tag names no branch: at the tag, or at the item where the API names that."""
        notes = node["x-batchlint"]
        among = notes.get("among", ())
        at_item = notes.get("at") == "item" and (not among or tag in among)
        supported = notes.get("supported", tags) if at_item or not among else among
        shown = grammar.abbreviated(tag, grammar.SHORT_VALUE) if isinstance(tag, str) else ""
        found = self._found("invalid_value", sentences.supported(shown, supported), node, "tag", (*path, notes["tag"]))
        param = grammar.dotted(path if at_item else (*path, notes["tag"]))
        return found._replace(param=param, hint=self._hint)

    def _tags(self, branch: Schema, key: str) -> list[str]:
        if "anyOf" in branch and "properties" not in branch:
            return [tag for b in branch["anyOf"] for tag in self._tags(self._deref(b), key)]
        return [tag for tag in branch.get("properties", _NOTHING).get(key, _NOTHING).get("enum", ()) if tag is not None]

    def _arrays(self, branches: list[Schema], value: list[Any], path: PathParts) -> Steps:
        """The branch by the array's first element; that element if no branch has such."""
        for branch in branches:
            if not value or self._opens(self._deref(branch["items"]), value[0]):
                yield self._walk(branch, value, path)
                return
        items = {"anyOf": [branch["items"] for branch in branches]}
        yield self._wrong_type(items, value[0], (*path, 0))

    def _opens(self, node: Schema, value: Any) -> bool:
        """Whether a value has the type of a schema, arrays by their own first element."""
        if not self._takes(node, grammar.kind(value), value):
            return False
        return not (isinstance(value, list) and value and "items" in node) or self._opens(
            self._deref(node["items"]), value[0])

    # -- sentences ----------------------------------------------------------------------------------------------------

    def _wrong_type(self, node: Schema, value: Any, path: PathParts) -> Found:
        got = grammar.GOT[grammar.kind(value)]
        keyword = "type:null" if value is None else "type"
        message = f"Invalid type for '{{p}}': expected {sentences.expected(node, value, self._deref)}, but got {got} instead."
        return self._found("invalid_type", message, node, keyword, path, raw=value)

    def _wrong_value(self, node: Schema, value: Any, path: PathParts) -> Found:
        shown = grammar.abbreviated(value, grammar.SHORT_VALUE) if isinstance(value, str) else ""
        supported = node.get("x-batchlint", _NOTHING).get("supported", [v for v in node["enum"] if v is not None])
        found = self._found("invalid_value", sentences.supported(shown, supported), node, "enum", path, raw=value)
        return found._replace(hint=self._hint) if found.rule == "invalid_value" else found

    def _bound(self, rule: str, what: str, expected: str, node: Schema, keyword: str, path: PathParts,
               got: str, unit: str = "") -> Found:
        limit = grammar.number(node[keyword])
        message = f"Invalid '{{p}}': {what}. Expected {expected} {limit}{unit}, but got {got} instead."
        return self._found(rule, message, node, keyword, path, limit=limit, value=got)

    def _found(self, rule: str, message: str, node: Schema, keyword: str, path: PathParts,
               **values: Any) -> Found:
        """The finding of a keyword, in the schema's own words where it has such.

        `errors` of the schema's notes is asked for `keyword`, and for what stands before its colon.
        """
        notes = node.get("x-batchlint", _NOTHING).get("errors", _NOTHING)
        own = notes.get(keyword)
        if own is None and keyword.startswith("type:"):
            own = notes.get("type")
        name = grammar.dotted(path)
        param: str | None = name
        order = (0, 0, 0)
        if own is not None:
            rule = own.get("rule", rule)
            index = next((part for part in path if isinstance(part, int)), "")
            values |= {"limit": node.get(keyword), "i": index}
            if "message" in own:
                values["supported"] = grammar.listed(grammar.quoted(str(v) for v in node.get("enum", ()) if v is not None))
                message = sentences.filled(own["message"].replace("{p}", "\0"), values).replace("\0", "{p}")
            if "param" in own:
                param = sentences.filled(own["param"], values) or None
            if "phase" in own:
                order = (PHASES[own["phase"]], 0, 0)
        name = name if len(name) <= 4 * grammar.QUOTED else grammar.shown(name)
        return Found(rule, message.replace("{p}", name), param, (*self._at, *path), None, order)


def _unsure(_: Any) -> bool:
    return False


def _is_a(kind: str, value: Any, types: str | list[str]) -> bool:
    """Whether a value of a kind has one of the types of a schema."""
    if kind in types if isinstance(types, list) else kind == types:
        return True
    if kind == "integer":
        return "number" in types
    return kind == "number" and "integer" in types and float(value).is_integer()


def _among(value: Any, values: list[Any]) -> bool:
    """Membership by JSON's equality, in which true is not 1."""
    return any(value == v and isinstance(value, bool) == isinstance(v, bool) for v in values)


def _matches(pattern: str, value: str) -> bool:
    """`pattern` as JSON Schema has it: `$` is the very end."""
    return _regex(pattern.removesuffix("$") + r"\Z" if pattern.endswith("$") else pattern).search(value) is not None
