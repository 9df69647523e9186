"""The subschemas that the API checks, and the API's notation for their locations."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from .. import phrasing
from ..findings import PathParts
from .metaschema import MAX_PATH_LENGTH
from .problems import SchemaProblem

#: Problems are reported at paths of up to this many parts, so that messages stay short.
_MAX_REPORTED_PATH_LENGTH: Final = 64


class Node(NamedTuple):
    """A subschema.

    Attributes:
        value: the subschema.
        context: its path in the API's notation.
        path: its path in the schema.
        level: its depth in the data. Properties and items count, branches of `anyOf` do
            not.
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
        """Create a problem at this subschema, or at a path below it."""
        return SchemaProblem(
            f"In context={as_python_tuple(self.context + context)}, {tail}",
            (*self.path, *path),
            hint,
            certain,
        )


def nodes(root: dict[str, Any], *, strict: bool, levels: int | None = None) -> Iterator[Node]:
    """Yield subschemas, depth-first. It does not recurse, because schemas may be deep.

    Args:
        root: a schema.
        strict: whether to stop at references, and to visit definitions.
        levels: the maximum depth in the data. If set, paths are also limited to
            `_MAX_REPORTED_PATH_LENGTH` parts. If None, everything is visited.
    """
    longest = MAX_PATH_LENGTH if levels is None else _MAX_REPORTED_PATH_LENGTH
    stack = [Node(root)]
    while stack:
        node = stack.pop()
        yield node
        if (
            isinstance(node.value, dict)
            and not (strict and "$ref" in node.value)
            and len(node.path) < longest
        ):
            below = [*_branches(node), *(_definitions(node) if strict else ())]
            if levels is None or node.level < levels:
                below = [*_children(node), *below]
            stack.extend(reversed(below))


def _children(node: Node) -> Iterator[Node]:
    """Yield the subschemas for the properties and the items of a subschema."""
    schema, context, path, level = node
    properties = schema.get("properties")
    items = schema.get("items")
    if isinstance(properties, dict):
        before = (*context, *type_context(schema, "object"), "properties")
        for name, child in properties.items():
            yield Node(child, (*before, name), (*path, "properties", name), level + 1)
    if isinstance(items, dict):
        yield Node(
            items, (*context, *type_context(schema, "array"), "items"), (*path, "items"), level + 1
        )


def _branches(node: Node) -> Iterator[Node]:
    """Yield the branches of `anyOf`."""
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
    """Yield the definitions of a schema, at level 0.

    It is not known whether the API counts levels through references.
    """
    for key in ("$defs", "definitions"):
        named = node.value.get(key)
        if isinstance(named, dict):
            for name, child in named.items():
                yield Node(child, (*node.context, key, name), (*node.path, key, name))


def types(schema: dict[str, Any]) -> list[Any]:
    """Return the types of a schema, as a list."""
    kind = schema.get("type")
    return kind if isinstance(kind, list) else [kind]


def type_context(schema: dict[str, Any], name: str) -> tuple[str, ...]:
    """Return the context parts for one entry of a `type` list, such as `'type', '1'`.

    Empty if `type` is not a list.

    Evidence: reported, July 2025 and June 2026.
    """
    kind = schema.get("type")
    return ("type", str(kind.index(name))) if isinstance(kind, list) and name in kind else ()


def as_python_tuple(context: tuple[str, ...]) -> str:
    """Return a context as the API prints it, as a Python tuple."""
    return f"({', '.join(map(quote, context))}{',' if len(context) == 1 else ''})"


def quote(name: str) -> str:
    """Return the Python repr of a name, cut to 64 characters."""
    return repr(name if len(name) <= phrasing.QUOTED else f"{name[: phrasing.QUOTED - 3]}...")
