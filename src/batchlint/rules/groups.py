"""Groups of rules, by topic."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple


class Group(NamedTuple):
    """Rules about one topic.

    Attributes:
        title: the topic.
        modules: the modules of this package that contain its rules.
    """

    title: str
    modules: tuple[str, ...]


#: The groups by name, in the order in which the rules are listed.
GROUPS: Final[Mapping[str, Group]] = {
    "file": Group("The file", ("file", "foreign")),
    "json": Group("JSON and encoding", ("text",)),
    "line": Group("The line", ("line",)),
    "values": Group("Types, values and limits", ("stated", "embedding_tokens", "prompt_size")),
    "models": Group("Models", ("models", "model_support")),
    "conversations": Group(
        "Conversations and tools",
        ("conversation", "tool_choice", "tools", "replayed_items"),
    ),
    "structured-outputs": Group("Structured outputs", ("structured_outputs",)),
    "images": Group("Images and files", ("parts", "media", "images")),
    "combinations": Group("Combinations of parameters", ("combinations", "batch_usage")),
    "providers": Group("Other providers", ("providers",)),
}

#: The group name of each module.
_GROUP_NAMES: Final = {module: name for name, group in GROUPS.items() for module in group.modules}


def group_name(module: str) -> str:
    """Return the name of a module's group.

    Raises:
        KeyError: the module is in no group.
    """
    return _GROUP_NAMES[module]
