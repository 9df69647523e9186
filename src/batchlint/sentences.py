"""Sentences that a schema and a value fill: what the API expected, what it supports, templates of the schemas."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from . import grammar

Schema = Mapping[str, Any]
_NOTHING: Schema = {}


def expected(node: Schema, value: Any, deref: Callable[[Schema], Schema]) -> str:
    """What the API says it expected in the place of a value.

    Args:
        node: the schema of the place.
        value: what stands there; the API's phrase may depend on its type.
        deref: follows the references of a schema.
    """
    node = deref(node)
    notes = node.get("x-batchlint", _NOTHING)
    own = notes.get("expected")
    if isinstance(own, str):
        return own
    if own is not None:
        return str(own.get(grammar.kind(value), own[""]))
    values = [v for v in notes.get("supported", node.get("enum", ())) if v is not None] if "enum" in node else []
    if values and all(isinstance(v, str) for v in values):
        return grammar.one_of(grammar.quoted(map(grammar.abbreviated, values)))
    if "anyOf" in node and "properties" not in node:
        phrases = [expected(branch, value, deref) for branch in node["anyOf"] if deref(branch).get("type") != "null"]
        return grammar.one_of(list(dict.fromkeys(phrases)))
    types = node.get("type", "object")
    kinds = [types] if isinstance(types, str) else [kind for kind in types if kind != "null"]
    return grammar.one_of([_array(node, value, deref) if kind == "array" else grammar.EXPECTED[kind] for kind in kinds])


def _array(node: Schema, value: Any, deref: Callable[[Schema], Schema]) -> str:
    return grammar.array_of(expected(node["items"], value, deref)) if "items" in node else "an array"


def supported(value: str, values: list[str]) -> str:
    """A value is none of those that are supported."""
    if len(values) == 1:
        return f"Invalid value: '{value}'. Value must be '{values[0]}'."
    return f"Invalid value: '{value}'. Supported values are: {grammar.listed(grammar.quoted(values))}."


def filled(template: str, values: dict[str, Any]) -> str:
    """A schema's own sentence with its placeholders replaced, once each and never inside one another.

    `{name}` is one of the values, `{repr}` the raw one as Python prints it; `{/a/b}` is what stands
    there in the value that the schema is about.
    """
    if "{" not in template:
        return template

    def fill(match: re.Match[str]) -> str:
        name = match[1]
        if name == "repr":
            return grammar.as_python(values.get("raw"))
        if not name.startswith("/"):
            return str(values.get(name, match[0]))
        value = values.get("whole")
        for key in name[1:].split("/"):
            value = value.get(key) if isinstance(value, dict) else None
        return grammar.shown(value) if isinstance(value, str) else grammar.as_python(value)

    return re.sub(r"\{(\w+|/[\w/]+)\}", fill, template)
