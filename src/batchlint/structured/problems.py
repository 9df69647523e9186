"""A problem of a user's JSON Schema, wherever that schema is and whatever its name is."""

from __future__ import annotations

from typing import NamedTuple

from ..findings import PathParts


class SchemaProblem(NamedTuple):
    """Something that the API refuses, or may refuse, about a schema.

    Attributes:
        sentence: the API's, after the name of the schema.
        path: from the root of the schema.
        hint: how to fix it.
        certain: the API refuses it. Otherwise it may.
        chat_only: only chat completions certainly refuse it; on responses it is doubtful.
    """

    sentence: str
    path: PathParts = ()
    hint: str | None = None
    certain: bool = True
    chat_only: bool = False
