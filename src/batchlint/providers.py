"""Providers, endpoints and model families: the only module that knows URLs and limits.

The data is in `schemas/providers.yaml` and `schemas/models.yaml`, each fact with its source.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any, Final, NamedTuple

from . import data

#: No model name is longer. Longer names are not looked up.
_LONGEST_NAME: Final = 256


@dataclass(frozen=True, eq=False)
class Endpoint:
    """A batch endpoint: the shape of its requests, whatever URL a provider gives it.

    There is one object per endpoint, so that endpoints are compared by identity.

    Attributes:
        name: for people.
        schema: the name of the body's schema in `schemas/`.
        items: fields of the body that are lists of messages or items.
        parts: fields that hold one content part or a list of parts: of each item, or of the body
            where there are no items.
        default_model: the model that the API uses if the body names none; None if it needs one.
    """

    name: str
    schema: str
    items: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()
    default_model: str | None = None


RESPONSES: Final = Endpoint("responses", "v1/responses", ("input",), ("content", "output"))
CHAT: Final = Endpoint("chat", "v1/chat/completions", ("messages",), ("content",))
EMBEDDINGS: Final = Endpoint("embeddings", "v1/embeddings")
COMPLETIONS: Final = Endpoint("completions", "v1/completions")
#: Source for the default models: openai-python 3.54.0.
MODERATIONS: Final = Endpoint(
    "moderations", "v1/moderations", parts=("input",), default_model="omni-moderation-latest"
)
IMAGE_GENERATIONS: Final = Endpoint("image generations", "v1/images/generations")
IMAGE_EDITS: Final = Endpoint("image edits", "v1/images/edits", parts=("images", "mask", "markup"))
VIDEOS: Final = Endpoint("videos", "v1/videos", parts=("input_reference",), default_model="sora-2")

ENDPOINTS: Final[Mapping[str, Endpoint]] = {
    endpoint.name: endpoint
    for endpoint in (
        RESPONSES,
        CHAT,
        EMBEDDINGS,
        COMPLETIONS,
        MODERATIONS,
        IMAGE_GENERATIONS,
        IMAGE_EDITS,
        VIDEOS,
    )
}


class Limits(NamedTuple):
    """What a batch of a provider may hold.

    Attributes:
        requests: per file.
        bytes: per file, as the API enforces it.
        documented_bytes: per file, as the documentation states it.
        embedding_inputs: per file, over all requests to the embeddings endpoint.
    """

    requests: int
    bytes: int
    documented_bytes: int
    embedding_inputs: int


class Provider(NamedTuple):
    """A service that takes batch files.

    Attributes:
        name: as `--provider` takes it.
        title: for people.
        endpoints: the endpoint behind each URL, in the order of the provider's documentation.
        limits: of a batch.
    """

    name: str
    title: str
    endpoints: Mapping[str, Endpoint]
    limits: Limits


@cache
def provider(name: str = "openai") -> Provider:
    """Look up a provider by its name.

    Raises:
        ValueError: there is no such provider.
    """
    table = data.read("providers")
    if name not in table:
        raise ValueError(f"unknown provider {name!r}; known are {', '.join(table)}")
    row = table[name]
    return Provider(
        name,
        row["title"],
        {url: ENDPOINTS[endpoint] for url, endpoint in row["endpoints"].items()},
        Limits(**row["limits"]),
    )


class ModelFamily(NamedTuple):
    """Models that refuse the same things.

    Attributes:
        name: for people.
        pattern: a regular expression that matches the whole name of a model.
        patches: what to lay over the schemas, by the name of the schema.
        context: the context window in tokens; None where it is unknown or differs.
    """

    name: str
    pattern: str
    patches: Mapping[str, Mapping[str, Any]]
    context: int | None


@cache
def _models() -> Mapping[str, Any]:
    return data.read("models")


@cache
def model_families() -> Mapping[str, ModelFamily]:
    """All model families by name. The first one that matches a model counts."""
    return {
        row["name"]: ModelFamily(row["name"], row["pattern"], row["patches"], row.get("context"))
        for row in _models()["families"]
    }


def shutdown_dates() -> Mapping[str, str]:
    """The announced shutdown date (ISO 8601) of each model that has one."""
    dates: Mapping[str, str] = _models()["shutdowns"]
    return dates


def schema_date() -> str:
    """The date (ISO 8601) of the client that the schemas were generated from."""
    date: str = _models()["date"]
    return date


def model_family(model: str) -> ModelFamily | None:
    """The family of a model; for a fine-tuned model, that of its base. None if unknown."""
    return None if len(model) > _LONGEST_NAME else _family_of(model)


@lru_cache(maxsize=1024)
def _family_of(model: str) -> ModelFamily | None:
    base = model.split(":")[1] if model.startswith("ft:") else model
    families = model_families().values()
    return next((family for family in families if re.fullmatch(family.pattern, base)), None)


def patching_family(endpoint: Endpoint, model: object) -> str:
    """The name of the family whose patch changes an endpoint's schema for a model, or ''."""
    family = model_family(model) if isinstance(model, str) else None
    return family.name if family is not None and endpoint.schema in family.patches else ""


def context_window(model: str) -> int | None:
    """The context window of a model in tokens; None if unknown."""
    family = model_family(model)
    return None if family is None else family.context
