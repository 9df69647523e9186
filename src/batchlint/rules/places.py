"""Where rules look inside of a body: at its messages or items, and at the parts of their content."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple


class Places(NamedTuple):
    """The members of a body that rules look into.

    Attributes:
        items: members that are lists of messages or items.
        parts: members that hold a part of content or a list of parts: of each item, or of the body where there are
            no items.
    """

    items: tuple[str, ...]
    parts: tuple[str, ...]


#: By endpoint; the others have none.
PLACES: Final[Mapping[str, Places]] = {
    "/v1/chat/completions": Places(("messages",), ("content",)),
    "/v1/responses": Places(("input",), ("content", "output")),
    "/v1/moderations": Places((), ("input",)),
    "/v1/images/edits": Places((), ("images", "mask", "markup")),
    "/v1/videos": Places((), ("input_reference",)),
}
