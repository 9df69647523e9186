"""`SchemaProblem`: a problem in a user's schema."""

from __future__ import annotations

from typing import Literal, NamedTuple

from ..findings import PathParts


class SchemaProblem(NamedTuple):
    """A reason why the API rejects, or may reject, a schema.

    Attributes:
        sentence: the part of the API's message that follows the schema's name.
        path: the path of the problem in the schema.
        hint: how to fix the problem.
        certain: whether the API is certain to reject the schema. Otherwise, it may be accepted.
        chat_only: whether `certain` applies only to chat completions. `/v1/responses` may accept
            the schema.
        repair: how to make an object valid in strict mode. `close` adds `"additionalProperties":
            false`, and `require` lists all properties in `required`.
        object_path: the path in the schema of the object to repair.
    """

    sentence: str
    path: PathParts = ()
    hint: str | None = None
    certain: bool = True
    chat_only: bool = False
    repair: Literal["close", "require"] | None = None
    object_path: PathParts = ()
