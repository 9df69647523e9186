"""Iterates over the subschemas that the API checks, and formats their paths as the API does."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from .. import phrasing
from ..findings import PathParts
from .problems import SchemaProblem

#: The maximum length of a path to visit. No value in a decoded line is deeper.
_MAX_PATH_LENGTH: Final = 2500

#: The maximum length of a path at which problems are reported, so that messages stay short.
_MAX_REPORTED_PATH_LENGTH: Final = 64


class Node(NamedTuple):
    """A subschema.

    Attributes:
        value: the subschema. In an invalid schema, it may be any value.
        context: its path in the API's notation.
        path: its path in the schema.
        level: its level of nesting. Properties and items are one level below their parent. Branches
            of `anyOf` are on the same level.
    """

    value: Any
    context: tuple[str, ...] = ()
    path: PathParts = ()
    level: int = 0

    def problem(
        self,
        tail: str,
        *path: str,
        hint: str | None = None,
        certain: bool = True,
        context: tuple[str, ...] = (),
    ) -> SchemaProblem:
        """Create a problem at this subschema, or at a path inside it.

        Args:
            tail: the part of the API's message that follows the context.
            path: the path inside this subschema.
            hint: how to fix the problem.
            certain: whether the API is certain to reject the schema.
            context: the parts to append to the context.
        """
        return SchemaProblem(
            f"In context={as_python_tuple(self.context + context)}, {tail}",
            (*self.path, *path),
            hint,
            certain,
        )


def nodes(root: dict[str, Any], *, strict: bool, levels: int | None = None) -> Iterator[Node]:
    """Yield a schema and its subschemas, depth-first.

    This function doesn't recurse, because schemas may be deeply nested.

    Args:
        root: the schema.
        strict: whether to visit definitions and skip the children of a schema with `$ref`.
        levels: the maximum `level`. If it is set, paths are also limited, to
            `_MAX_REPORTED_PATH_LENGTH` parts. If it is None, all subschemas are visited.
    """
    max_path_length = _MAX_PATH_LENGTH if levels is None else _MAX_REPORTED_PATH_LENGTH
    stack = [Node(root)]
    while stack:
        node = stack.pop()
        yield node
        if (
            isinstance(node.value, dict)
            and not (strict and "$ref" in node.value)
            and len(node.path) < max_path_length
        ):
            subschemas = [*_branches(node), *(_definitions(node) if strict else ())]
            if levels is None or node.level < levels:
                subschemas = [*_children(node), *subschemas]
            stack.extend(reversed(subschemas))


def _children(node: Node) -> Iterator[Node]:
    """Yield the subschemas in `properties` and `items`."""
    schema, context, path, level = node
    properties = schema.get("properties")
    items = schema.get("items")
    if isinstance(properties, dict):
        prefix = (*context, *type_context(schema, "object"), "properties")
        for name, child in properties.items():
            yield Node(child, (*prefix, name), (*path, "properties", name), level + 1)
    if isinstance(items, dict):
        yield Node(
            items, (*context, *type_context(schema, "array"), "items"), (*path, "items"), level + 1
        )


def _branches(node: Node) -> Iterator[Node]:
    """Yield the subschemas in `anyOf`."""
    branches = node.value.get("anyOf")
    if isinstance(branches, list):
        for index, child in enumerate(branches):
            yield Node(
                child,
                (*node.context, "anyOf", str(index)),
                (*node.path, "anyOf", index),
                node.level,
            )


def _definitions(node: Node) -> Iterator[Node]:
    """Yield the definitions in a schema, at level 0.

    It isn't known whether the API counts levels through references.
    """
    for key in ("$defs", "definitions"):
        named = node.value.get(key)
        if isinstance(named, dict):
            for name, child in named.items():
                yield Node(child, (*node.context, key, name), (*node.path, key, name))


def types(schema: dict[str, Any]) -> list[Any]:
    """Return the value of `type` as a list, or `[None]` if it is missing."""
    value = schema.get("type")
    return value if isinstance(value, list) else [value]


def type_context(schema: dict[str, Any], name: str) -> tuple[str, ...]:
    """Return the context of one name in a `type` list, such as `("type", "1")`.

    If `type` is not a list, or lacks the name, return an empty tuple.

    Evidence: reported, July 2025 and June 2026.
    """
    value = schema.get("type")
    return ("type", str(value.index(name))) if isinstance(value, list) and name in value else ()


def as_python_tuple(context: tuple[str, ...]) -> str:
    """Return a context in the form of a Python tuple, as in the API's messages."""
    return f"({', '.join(map(quote, context))}{',' if len(context) == 1 else ''})"


def quote(name: str) -> str:
    """Return the `repr` of a name, after shortening the name to 64 characters."""
    limit = phrasing.MAX_EXCERPT_LENGTH
    return repr(name if len(name) <= limit else f"{name[: limit - 3]}...")
