"""A problem of a user's JSON Schema, wherever the request has it."""

from __future__ import annotations

from typing import Literal, NamedTuple

from ..findings import PathParts


class SchemaProblem(NamedTuple):
    """Something that the API refuses, or may refuse, about a schema.

    Attributes:
        sentence: the API's message after the name of the schema.
        path: its path from the root of the schema.
        hint: how to fix it.
        certain: whether the API certainly refuses it. Otherwise it may.
        chat_only: whether only chat completions certainly refuse it; `/v1/responses`
            may.
        repair: what an object lacks that strict mode demands: `close` for
            `"additionalProperties": false`, `require` for all properties in `required`.
        object_path: the path of that object.
    """

    sentence: str
    path: PathParts = ()
    hint: str | None = None
    certain: bool = True
    chat_only: bool = False
    repair: Literal["close", "require"] | None = None
    object_path: PathParts = ()
