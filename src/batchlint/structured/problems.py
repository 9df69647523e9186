"""A problem of a user's JSON Schema, wherever the request has it."""

from __future__ import annotations

from typing import NamedTuple

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
    """

    sentence: str
    path: PathParts = ()
    hint: str | None = None
    certain: bool = True
    chat_only: bool = False
