"""A problem of a user's JSON Schema, independent of the schema's place in the request."""

from __future__ import annotations

from typing import Literal, NamedTuple

from ..findings import PathParts


class SchemaProblem(NamedTuple):
    """A reason why the API rejects, or may reject, a schema.

    Attributes:
        sentence: the API's message after the name of the schema.
        path: its path from the root of the schema.
        hint: how to fix it.
        certain: whether the API is certain to reject the schema. Otherwise it may.
        chat_only: whether only chat completions are certain to reject it; `/v1/responses` may.
        repair: what an object lacks that strict mode requires: `close` for `"additionalProperties":
            false`, `require` for all properties in `required`.
        object_path: the path of that object.
    """

    sentence: str
    path: PathParts = ()
    hint: str | None = None
    certain: bool = True
    chat_only: bool = False
    repair: Literal["close", "require"] | None = None
    object_path: PathParts = ()
