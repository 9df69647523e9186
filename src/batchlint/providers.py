"""Providers, endpoints and model families.

No other module maps URLs to endpoints or loads limits.

The data and its sources are in `schemas/providers.yaml` and `schemas/models.yaml`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any, Final, Literal, NamedTuple

from . import data
from .findings import Effect

#: Longer model names are not looked up.
_MAX_NAME_LENGTH: Final = 256


@dataclass(frozen=True, eq=False)
class Endpoint:
    """A batch endpoint, which determines the form of a request. Providers map URLs to endpoints.

    Each endpoint is one object, so endpoints can be compared by identity.

    Attributes:
        name: the display name.
        schema: the name of the body's schema in `schemas/`.
        prompt: the parameter that contains the prompt. Empty if it is unknown.
        items: fields of the body that are lists of messages or items.
        parts: fields that contain one content part or a list of parts. They are fields of each
            item, or of the body if the endpoint has no items.
        default_model: the model that the API uses by default. None if the body must name one.
    """

    name: str
    schema: str
    prompt: str
    items: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()
    default_model: str | None = None


RESPONSES: Final = Endpoint(
    "responses", "v1/responses", "input", items=("input",), parts=("content", "output")
)
CHAT: Final = Endpoint(
    "chat", "v1/chat/completions", "messages", items=("messages",), parts=("content",)
)
EMBEDDINGS: Final = Endpoint("embeddings", "v1/embeddings", "input")
COMPLETIONS: Final = Endpoint("completions", "v1/completions", "prompt")
#: The default models are from openai-python 3.54.0.
MODERATIONS: Final = Endpoint(
    "moderations",
    "v1/moderations",
    "input",
    parts=("input",),
    default_model="omni-moderation-latest",
)
IMAGE_GENERATIONS: Final = Endpoint("image generations", "v1/images/generations", "prompt")
IMAGE_EDITS: Final = Endpoint(
    "image edits", "v1/images/edits", "prompt", parts=("images", "mask", "markup")
)
VIDEOS: Final = Endpoint(
    "videos", "v1/videos", "prompt", parts=("input_reference",), default_model="sora-2"
)

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


#: Represents every endpoint that has no schema.
OTHER: Final = Endpoint("other", "", "")


class Limits(NamedTuple):
    """The limits of a provider's batches. None means that the limit is unknown.

    Attributes:
        requests: requests per file.
        bytes: bytes per file.
        line_bytes: bytes per line, without the newline.
        embedding_inputs: inputs per file, in all requests to the embeddings endpoint.
        embedding_requests: requests per file to the embeddings endpoint.
    """

    requests: int | None = None
    bytes: int | None = None
    line_bytes: int | None = None
    embedding_inputs: int | None = None
    embedding_requests: int | None = None


class RuleChange(NamedTuple):
    """A provider's changes to a rule. None means no change.

    Attributes:
        severity: `error`, `warning`, or `none` if the rule is off.
        code: the provider's code.
        message: the provider's message.
        fails: what fails: `upload`, `create`, `batch` or `request`.
        hint: how to fix the problem with this provider.
    """

    severity: Literal["error", "warning", "none"] | None = None
    code: str | None = None
    message: str | None = None
    fails: Effect | None = None
    hint: str | None = None


class Provider(NamedTuple):
    """A service that accepts batch files.

    Attributes:
        name: the name for `--provider`.
        title: the display name.
        service: a short description.
        endpoints: maps URLs to endpoints, in the order of the provider's documentation.
        suffixes: maps URL suffixes to endpoints.
        default_endpoint: the endpoint of lines that don't identify one. None if every line must.
        limits: the limits above which the provider rejects a batch.
        safe_limits: the lowest limits in any source. Above them, a batch may be rejected.
        line_fields: the fields of a line, and whether each is required.
        line_patch: the patch that turns the schema of OpenAI's lines into the provider's.
        checks_types_only: whether only the types of known parameters are checked, because the
            provider has its own parameters and values.
        body_patches: patches of body schemas, by endpoint name.
        parameters: the names of the provider's own parameters, by endpoint name.
        has_openai_models: whether model names are OpenAI's. Otherwise, names don't identify known
            models.
        needs_model: whether every body needs a model.
        single_model: whether a file may use only one model. None if unknown.
        uses_file_endpoint: whether the provider uses the URLs in the file and ignores the endpoint
            of the create call.
        window: the shortest and longest completion window in hours. None if unknown.
        rules: changes to rules, by the rule's name.
        custom_id: the limits of a custom_id: `min`, `max`, `pattern`.
        notes: further facts for users.
        sources: the dated sources of each fact (`limits.requests`, `line`, ...).
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
    uses_file_endpoint: bool
    window: tuple[int, int] | None
    rules: Mapping[str, RuleChange]
    custom_id: Mapping[str, Any]
    notes: tuple[str, ...]
    sources: Mapping[str, tuple[str, ...]]

    def endpoint(self, url: object) -> Endpoint | None:
        """Return the endpoint of a URL. None if the URL is not a batch endpoint."""
        if not isinstance(url, str):
            return None
        endpoint = self.endpoints.get(url)
        if endpoint is None and self.suffixes:
            matches = (match for suffix, match in self.suffixes.items() if url.endswith(suffix))
            return next(matches, None)
        return endpoint

    def url_of(self, endpoint: Endpoint) -> str:
        """Return the provider's URL for an endpoint, or the endpoint's name if there is none."""
        urls = (url for url, other in self.endpoints.items() if other is endpoint)
        return next(urls, endpoint.name)

    def url_of_line(self, request: Mapping[str, Any], endpoint: str | None = None) -> Any:
        """Return a line's URL. If it is optional and missing, infer it from the batch or the body.

        Args:
            request: the decoded line.
            endpoint: the URL of the batch, if the caller set it.
        """
        url = request.get("url") if "url" in self.line_fields else None
        if url is not None or self.needs_url:
            return url
        return endpoint or self.url_of_body(request.get("body"))

    def url_of_body(self, body: object) -> str | None:
        """Return the URL of the endpoint that a body is written for.

        If that is unclear, return the default endpoint's URL, or None if there is no default.
        """
        if isinstance(body, dict):
            for field, endpoint in _ENDPOINTS_BY_FIELD.items():
                if field in body:
                    return self.url_of(endpoint)
        return None if self.default_endpoint is None else self.url_of(self.default_endpoint)

    @property
    def schema_provider(self) -> str:
        """The name of the provider whose body schemas apply. Empty for OpenAI's."""
        return self.name if self.checks_types_only else ""

    @property
    def needs_url(self) -> bool:
        """Whether every line must have a URL."""
        return self.line_fields.get("url", False)


#: Parameters that imply an endpoint.
_ENDPOINTS_BY_FIELD: Final[Mapping[str, Endpoint]] = {
    "messages": CHAT,
    "input": EMBEDDINGS,
    "prompt": COMPLETIONS,
}


#: The default provider and the provider for unlisted services.
OPENAI: Final = "openai"
COMPATIBLE: Final = "compatible"


@cache
def provider(name: str = OPENAI) -> Provider:
    """Look up a provider by its name.

    Raises:
        ValueError: there is no such provider. The message suggests similar names, or lists all.
        TypeError: the name is not a string.
    """
    if not isinstance(name, str):
        raise TypeError(f"provider must be a string, not {type(name).__name__}")
    if name != OPENAI and name not in provider_names():
        raise ValueError(f"unknown provider {name!r}{_suggestion(name, provider_names())}")
    return _provider(name, data.read(f"providers/{name}"))


def provider_names() -> list[str]:
    """Return the names of all providers."""
    return list(provider_index())


@cache
def provider_index() -> Mapping[str, Mapping[str, Any]]:
    """Map provider names to `title`, `service`, `models`, `urls`, `line` and `codes`."""
    return data.read("providers")


def _suggestion(name: str, names: list[str]) -> str:
    import difflib

    near = difflib.get_close_matches(name.lower(), names, 3, cutoff=0.7)
    return (
        f"; did you mean {' or '.join(near)}?"
        if near
        else f"; the providers are {', '.join(names)}"
    )


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
        uses_file_endpoint=row["uses_file_endpoint"],
        window=tuple(row["window"]["hours"]) if row["window"] else None,
        rules={rule: RuleChange(**change) for rule, change in row["rules"].items()},
        custom_id=row["custom_id"],
        notes=tuple(row["notes"]),
        sources={fact: tuple(sources) for fact, sources in row["sources"].items()},
    )


def _endpoint(name: str) -> Endpoint:
    return OTHER if name == OTHER.name else ENDPOINTS[name]


class ModelFamily(NamedTuple):
    """Models that accept and reject the same parameters.

    Attributes:
        name: the display name.
        patterns: regular expressions. One of them matches the whole name of each model.
        variants: maps the name of an endpoint's schema to the name of these models' variant.
            Endpoints whose plain schema applies are not listed.
        context: the context window in tokens. None if it is unknown or differs between models.
        endpoints: the batch endpoints of the models. None if they are unknown.
    """

    name: str
    patterns: tuple[str, ...]
    variants: Mapping[str, str]
    context: int | None
    endpoints: tuple[Endpoint, ...] | None


class _Models:
    """The table of models, `schemas/models.json`.

    Attributes:
        table: the content of the file.
        families: the families by name, in the order in which they are tried.
        patterns: the patterns of all families as (prefix, pattern, family). Every match begins with
            the prefix, so most patterns are never compiled. Compiling all of them takes longer than
            checking a small file.
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
            (_literal_prefix(pattern), pattern, family)
            for family in self.families.values()
            for pattern in family.patterns
        )


@cache
def _models() -> _Models:
    return _Models()


def _literal_prefix(pattern: str) -> str:
    """Return the literal prefix of every match of a pattern."""
    end = next((i for i, char in enumerate(pattern) if char in "\\([.?*+|{"), len(pattern))
    return pattern[: end - (pattern[end : end + 1] in ("?", "*", "{"))]


def model_families() -> Mapping[str, ModelFamily]:
    """Return all model families by name. A model belongs to the first family that matches."""
    return _models().families


def known_models() -> Mapping[str, str]:
    """Map known models to the names of their families, or to '' if there is none."""
    names: Mapping[str, str] = _models().table["names"]
    return names


def shutdown_dates() -> Mapping[str, str]:
    """Map models to their announced shutdown dates (ISO 8601)."""
    dates: Mapping[str, str] = _models().table["shutdowns"]
    return dates


def reported_shutdown_dates() -> Mapping[str, str]:
    """Map models to unconfirmed shutdown dates (ISO 8601) from a public list."""
    dates: Mapping[str, str] = _models().table["reported_shutdowns"]
    return dates


def successors() -> Mapping[str, str]:
    """Map models to their replacements."""
    names: Mapping[str, str] = _models().table["successors"]
    return names


def unbatchable_models() -> Collection[str]:
    """Return the known models that no source lists as available in the Batch API."""
    names: Collection[str] = _models().table["unbatchable"]
    return names


def schema_date() -> str:
    """Return the release date (ISO 8601) of the client that the schemas were generated from."""
    date: str = _models().table["date"]
    return date


def base_model(model: str) -> str:
    """Return the base model of a fine-tuned model, or any other model unchanged."""
    return model.split(":")[1] if model.startswith("ft:") else model


def model_family(model: str) -> ModelFamily | None:
    """Return the family of a model, or of a fine-tuned model's base. None if unknown."""
    return None if len(model) > _MAX_NAME_LENGTH else _find_family(model)


@lru_cache(maxsize=1024)
def _find_family(model: str) -> ModelFamily | None:
    base = base_model(model)
    name = known_models().get(base)
    if name is not None:
        return model_families().get(name)
    candidates = (
        family
        for prefix, pattern, family in _models().patterns
        if base.startswith(prefix) and re.fullmatch(pattern, base)
    )
    return next(candidates, None)


def schema_variant(endpoint: Endpoint, model: object) -> str:
    """Return the name of a model's variant of an endpoint's schema. '' for the plain schema."""
    family = model_family(model) if isinstance(model, str) else None
    return "" if family is None else family.variants.get(endpoint.schema, "")


def schema_variants(endpoint: Endpoint) -> Collection[str]:
    """Return the names of all variants of an endpoint's schema."""
    variants: Collection[str] = _models().table["variants"].get(endpoint.schema, {}).keys()
    return variants


def schema_patches(endpoint: Endpoint, variant: str) -> Iterator[Mapping[str, Any]]:
    """Yield the patches that turn an endpoint's schema into a variant, in order.

    Raises:
        KeyError: there is no such variant.
    """
    table = _models().table
    for part in table["variants"][endpoint.schema][variant]:
        yield table["behaviors"][part][endpoint.schema] if isinstance(part, str) else part


def context_window(model: str) -> int | None:
    """Return the context window of a model in tokens. None if unknown."""
    family = model_family(model)
    return None if family is None else family.context
