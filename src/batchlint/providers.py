"""Providers, endpoints and model families: the only module that knows URLs and limits.

The data is in `schemas/providers.yaml` and `schemas/models.yaml`, each fact with its source.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any, Final, Literal, NamedTuple

from . import data
from .findings import Effect

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


#: An endpoint whose bodies no schema describes.
OTHER: Final = Endpoint("other", "")


class Limits(NamedTuple):
    """What a batch of a provider may hold. None: no limit is known.

    Attributes:
        requests: per file.
        bytes: per file.
        line_bytes: per line, without its newline.
        embedding_inputs: per file, over all requests to the embeddings endpoint.
    """

    requests: int | None = None
    bytes: int | None = None
    line_bytes: int | None = None
    embedding_inputs: int | None = None


class RuleChange(NamedTuple):
    """What differs for a rule at a provider. None: nothing does.

    Attributes:
        severity: `error`, `warning`, or `none` if the rule is off.
        code: the provider's code.
        message: the provider's sentence.
        fails: what the provider does: `upload`, `create`, `batch` or `request`.
        hint: how to fix it there.
    """

    severity: Literal["error", "warning", "none"] | None = None
    code: str | None = None
    message: str | None = None
    fails: Effect | None = None
    hint: str | None = None


class Provider(NamedTuple):
    """A service that takes batch files.

    Attributes:
        name: as `--provider` takes it.
        title: for people.
        service: what it is.
        endpoints: the endpoint behind each URL, in the order of the provider's documentation.
        suffixes: the endpoint behind the URLs that end like this.
        default_endpoint: the endpoint of a line that shows none; None if every line must.
        limits: of a batch. The provider refuses more.
        safe_limits: of a batch. Sources disagree about more, or are not certain.
        line_fields: the fields of a line, and whether each is required.
        line_patch: turns the schema of OpenAI's line into that of the provider's.
        checks_types_only: the provider has parameters and values of its own, so a body is only
            checked for the types of known parameters.
        body_patches: patches of the schema of a body, by the name of the endpoint.
        parameters: the names of the provider's own parameters, by the name of the endpoint.
        has_openai_models: names of models are those of OpenAI. Otherwise they say nothing about a
            model.
        needs_model: every body needs a model.
        single_model: whether a file may have only one model; None if that is unknown.
        endpoint_of_file: the URLs in the file count, not the endpoint of the create call.
        window: the shortest and longest completion window in hours; None if it is unknown.
        rules: what differs for a rule, by its name.
        custom_id: the limits of a custom_id: `min`, `max`, `pattern`.
        notes: what else a user should know.
        sources: of each fact (`limits.requests`, `line`, ...) what was read, with the date.
    """

    name: str
    title: str
    service: str
    endpoints: Mapping[str, Endpoint]
    suffixes: Mapping[str, Endpoint]
    default_endpoint: Endpoint | None
    limits: Limits
    safe_limits: Limits
    line_fields: Mapping[str, bool]
    line_patch: Mapping[str, Any]
    checks_types_only: bool
    body_patches: Mapping[str, Mapping[str, Any]]
    parameters: Mapping[str, Collection[str]]
    has_openai_models: bool
    needs_model: bool
    single_model: bool | None
    endpoint_of_file: bool
    window: tuple[int, int] | None
    rules: Mapping[str, RuleChange]
    custom_id: Mapping[str, Any]
    notes: tuple[str, ...]
    sources: Mapping[str, tuple[str, ...]]

    def endpoint(self, url: object) -> Endpoint | None:
        """The endpoint behind a URL; None if the URL is not a batch endpoint."""
        if not isinstance(url, str):
            return None
        endpoint = self.endpoints.get(url)
        if endpoint is None and self.suffixes:
            ends = (known for end, known in self.suffixes.items() if url.endswith(end))
            return next(ends, None)
        return endpoint

    def url_of(self, endpoint: Endpoint) -> str:
        """The URL of an endpoint, as far as the provider has it; otherwise its name."""
        urls = (url for url, known in self.endpoints.items() if known is endpoint)
        return next(urls, endpoint.name)

    def url_of_body(self, body: object) -> str | None:
        """The URL of the endpoint that a body is written for, if its line does not have one."""
        if isinstance(body, dict):
            for field, endpoint in _PROMPTS.items():
                if field in body:
                    return self.url_of(endpoint)
        return None if self.default_endpoint is None else self.url_of(self.default_endpoint)

    @property
    def schemas(self) -> str:
        """The name of the provider if its bodies have schemas of its own; '' for OpenAI's."""
        return self.name if self.checks_types_only else ""

    @property
    def has_urls(self) -> bool:
        """Whether every line has the URL of its endpoint."""
        return self.line_fields.get("url", False)


#: The endpoint that each of these parameters shows.
_PROMPTS: Final[Mapping[str, Endpoint]] = {
    "messages": CHAT,
    "input": EMBEDDINGS,
    "prompt": COMPLETIONS,
}


#: The default provider, and the one that stands for all others.
OPENAI: Final = "openai"
COMPATIBLE: Final = "compatible"


@cache
def provider(name: str = OPENAI) -> Provider:
    """Look up a provider by its name.

    Raises:
        ValueError: there is no such provider; the message suggests similar names.
        TypeError: the name is not a string.
    """
    if not isinstance(name, str):
        raise TypeError(f"provider must be a string, not {type(name).__name__}")
    if name != OPENAI and name not in provider_names():
        raise ValueError(f"unknown provider {name!r}{_suggestion(name, provider_names())}")
    return _provider(name, data.read(f"providers/{name}"))


def provider_names() -> list[str]:
    """The names of all providers."""
    return list(provider_index())


@cache
def provider_index() -> Mapping[str, Mapping[str, Any]]:
    """Of each provider, by its name: `title`, `service`, `models`, `urls`, `line` and `codes`."""
    return data.read("providers")


def _suggestion(name: str, names: list[str]) -> str:
    import difflib

    near = difflib.get_close_matches(name.lower(), names, 3, cutoff=0.7)
    return f"; did you mean {' or '.join(near)}?" if near else f"; known are {', '.join(names)}"


def _provider(name: str, row: Mapping[str, Any]) -> Provider:
    endpoints = {url: _endpoint(named) for url, named in row["endpoints"].items()}
    model = row["model"]
    line = row["line"]
    return Provider(
        name=name,
        title=row["title"],
        service=row["service"],
        endpoints={url: known for url, known in endpoints.items() if url[0] != "*"},
        suffixes={url[1:]: known for url, known in endpoints.items() if url[0] == "*"},
        default_endpoint=_endpoint(row["default"]) if row["default"] else None,
        limits=Limits(**row["limits"]),
        safe_limits=Limits(**row["safe_limits"]),
        line_fields=row["line_fields"],
        line_patch=line,
        checks_types_only=row["body"] == "types",
        body_patches=row["bodies"],
        parameters=row["parameters"],
        has_openai_models=model["names"] == "openai",
        needs_model=model["required"],
        single_model={"one": True, "any": False, "unknown": None}[model["per_file"]],
        endpoint_of_file=row["endpoint_of_file"],
        window=tuple(row["window"]["hours"]) if row["window"] else None,
        rules={rule: RuleChange(**change) for rule, change in row["rules"].items()},
        custom_id=row["custom_id"],
        notes=tuple(row["notes"]),
        sources={fact: tuple(sources) for fact, sources in row["sources"].items()},
    )


def _endpoint(name: str) -> Endpoint:
    return OTHER if name == OTHER.name else ENDPOINTS[name]


class ModelFamily(NamedTuple):
    """Models that accept and refuse the same things.

    Attributes:
        name: for people.
        patterns: regular expressions. One of them matches the whole name of a model.
        variants: the name of the endpoint's schema to the name of the variant for these models.
            An endpoint whose plain schema applies is missing.
        context: the context window in tokens; None where it is unknown or differs.
        endpoints: the batch endpoints that the models are for; None where they are unknown.
    """

    name: str
    patterns: tuple[str, ...]
    variants: Mapping[str, str]
    context: int | None
    endpoints: tuple[Endpoint, ...] | None


class _Models:
    """The table of models, `schemas/models.json`.

    Attributes:
        table: as it is in the file.
        families: by name, in the order in which they are tried.
        patterns: the patterns of all families as (beginning, pattern, family). Every name that a
            pattern matches starts with its beginning, so that few patterns have to be compiled:
            compiling all of them takes longer than checking a small file.
    """

    def __init__(self) -> None:
        self.table = data.read("models")
        endpoints = {endpoint.schema: endpoint for endpoint in ENDPOINTS.values()}
        self.families = {
            row["name"]: ModelFamily(
                row["name"],
                tuple(row["patterns"]),
                row["variants"],
                row.get("context"),
                tuple(endpoints[name] for name in row["endpoints"]) if "endpoints" in row else None,
            )
            for row in self.table["families"]
        }
        self.patterns = tuple(
            (_beginning(pattern), pattern, family)
            for family in self.families.values()
            for pattern in family.patterns
        )


@cache
def _models() -> _Models:
    return _Models()


def _beginning(pattern: str) -> str:
    """The letters that every match of a pattern starts with."""
    end = next((i for i, char in enumerate(pattern) if char in "\\([.?*+|{"), len(pattern))
    return pattern[: end - (pattern[end : end + 1] in ("?", "*", "{"))]


def model_families() -> Mapping[str, ModelFamily]:
    """All model families by name. The first one that matches a model counts."""
    return _models().families


def known_models() -> Mapping[str, str]:
    """The names of known models, each with the name of its family; '' where it has none."""
    names: Mapping[str, str] = _models().table["names"]
    return names


def shutdown_dates() -> Mapping[str, str]:
    """The announced shutdown date (ISO 8601) of each model that has one."""
    dates: Mapping[str, str] = _models().table["shutdowns"]
    return dates


def reported_shutdown_dates() -> Mapping[str, str]:
    """Shutdown dates (ISO 8601) that a collection of models has and nothing confirms."""
    dates: Mapping[str, str] = _models().table["reported_shutdowns"]
    return dates


def successors() -> Mapping[str, str]:
    """The replacement of each model that has one."""
    names: Mapping[str, str] = _models().table["successors"]
    return names


def unbatchable_models() -> Collection[str]:
    """The known models that no source lists as available in batches."""
    names: Collection[str] = _models().table["unbatchable"]
    return names


def schema_date() -> str:
    """The date (ISO 8601) of the client that the schemas were generated from."""
    date: str = _models().table["date"]
    return date


def base_model(model: str) -> str:
    """The model that a fine-tuned model is based on; any other model itself."""
    return model.split(":")[1] if model.startswith("ft:") else model


def model_family(model: str) -> ModelFamily | None:
    """The family of a model; for a fine-tuned model, that of its base. None if unknown."""
    return None if len(model) > _LONGEST_NAME else _family_of(model)


@lru_cache(maxsize=1024)
def _family_of(model: str) -> ModelFamily | None:
    base = base_model(model)
    name = known_models().get(base)
    if name is not None:
        return model_families().get(name)
    candidates = (
        family
        for beginning, pattern, family in _models().patterns
        if base.startswith(beginning) and re.fullmatch(pattern, base)
    )
    return next(candidates, None)


def schema_variant(endpoint: Endpoint, model: object) -> str:
    """The name of the variant of an endpoint's schema for a model; '' for the plain schema."""
    family = model_family(model) if isinstance(model, str) else None
    return "" if family is None else family.variants.get(endpoint.schema, "")


def schema_variants(endpoint: Endpoint) -> Collection[str]:
    """The names of all variants of an endpoint's schema."""
    variants: Collection[str] = _models().table["variants"].get(endpoint.schema, {}).keys()
    return variants


def schema_patches(endpoint: Endpoint, variant: str) -> Iterator[Mapping[str, Any]]:
    """The patches that turn an endpoint's schema into a variant, in order.

    Raises:
        KeyError: there is no such variant.
    """
    table = _models().table
    for part in table["variants"][endpoint.schema][variant]:
        yield table["behaviours"][part][endpoint.schema] if isinstance(part, str) else part


def context_window(model: str) -> int | None:
    """The context window of a model in tokens; None if unknown."""
    family = model_family(model)
    return None if family is None else family.context
