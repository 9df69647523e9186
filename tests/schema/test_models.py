"""The model table: for each rejection, one request fails and a similar one passes."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

import pytest

from batchlint import BatchError, check_request, data
from batchlint.providers import (
    ModelFamily,
    known_models,
    model_families,
    provider,
    schema_patches,
    schema_variant,
)
from batchlint.schema.store import body_schema
from rules.helpers import each
from support import BODIES, ROOT, URLS

CHAT: Final = "/v1/chat/completions"
RESPONSES: Final = "/v1/responses"
EMBEDDINGS: Final = "/v1/embeddings"
COMPLETIONS: Final = "/v1/completions"
MODERATIONS: Final = "/v1/moderations"
EDITS: Final = "/v1/images/edits"

Body = dict[str, Any]

#: Parameters that a family's minimal request needs, besides the required ones.
NEEDS: Final[dict[str, Body]] = {
    "gpt-audio": {
        "modalities": ["text", "audio"],
        "audio": {"voice": "alloy", "format": "mp3"},
    },
    "deep research": {"tools": [{"type": "web_search_preview"}]},
}

#: A value for each parameter that some family always rejects.
VALUES: Final[dict[str, Any]] = {
    "max_tokens": 5,
    "stop": ["END"],
    "logit_bias": {"1": 1},
    "prediction": {"type": "content", "content": "x"},
    "web_search_options": {},
    "parallel_tool_calls": True,
    "reasoning_effort": "low",
    "audio": {"voice": "alloy", "format": "wav"},
    "modalities": ["text"],
    "temperature": 0,
    "presence_penalty": 1,
    "dimensions": 256,
    "suffix": "x",
    "response_format": "url",
    "style": "vivid",
    "input_fidelity": "high",
    "quality": "low",
}

FUNCTION: Final = {
    "type": "function",
    "function": {"name": "f", "parameters": {"type": "object", "properties": {}}},
}
FLAT_FUNCTION: Final = {
    "type": "function",
    "name": "f",
    "parameters": {"type": "object", "properties": {}},
    "strict": False,
}
DEFERRED: Final = {**FLAT_FUNCTION, "defer_loading": True}
COMPUTER: Final = {
    "type": "computer_use_preview",
    "display_width": 1024,
    "display_height": 768,
    "environment": "browser",
}
FORMAT: Final = {
    "name": "s",
    "schema": {"type": "object", "properties": {}, "required": [], "additionalProperties": False},
}
TEXT: Final = {"type": "text", "text": "Hi"}
IMAGE: Final = {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}
AUDIO: Final = {"type": "input_audio", "input_audio": {"data": "UklGRg==", "format": "wav"}}
FILE: Final = {"type": "file", "file": {"file_id": "file-1"}}


def tool_answer(*parts: dict[str, Any]) -> dict[str, Any]:
    """Return a conversation whose tool message has these parts."""
    call = {"id": "a", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    return {
        "messages": [
            {"role": "assistant", "tool_calls": [call]},
            {"role": "tool", "tool_call_id": "a", "content": list(parts)},
        ]
    }


def user(*parts: Body) -> Body:
    """Return the parameters of a chat with one message that has these parts."""
    return {"messages": [{"role": "user", "content": list(parts)}]}


def effort(value: str, **parameters: Any) -> Body:
    """Return the parameters of a response with this effort."""
    return {"reasoning": {"effort": value}, **parameters}


MENTIONS_JSON: Final = {"messages": [{"role": "user", "content": "JSON"}]}
JSON_OBJECT: Final = MENTIONS_JSON | {"response_format": {"type": "json_object"}}
JSON_SCHEMA: Final = {"response_format": {"type": "json_schema", "json_schema": FORMAT}}
LOGPROBS_INCLUDED: Final = ["message.output_text.logprobs"]

#: A pair of similar requests: the first one fails, and the second one passes.
Pair = tuple[Body, Body]

#: Rejections that depend on several parameters, by patch name (see `Patch`) and URL.
PAIRS: Final[dict[str, dict[str, list[Pair]]]] = {
    "modalities unknown": {CHAT: [({"modalities": ["text"]}, {"modalities": None})]},
    "no audio parts": {CHAT: [(user(AUDIO), user(TEXT))]},
    "no image parts": {CHAT: [(user(TEXT, IMAGE), user(TEXT))]},
    "no tool images": {CHAT: [(tool_answer(TEXT, IMAGE), tool_answer(TEXT))]},
    "fixed sampling": {
        CHAT: [
            ({"top_p": 0.5}, {"top_p": 1}),
            ({"presence_penalty": 1}, {"presence_penalty": 0}),
            ({"frequency_penalty": 1}, {"frequency_penalty": 0}),
            ({"logprobs": True}, {"logprobs": False}),
        ]
    },
    "temperature 1 only": {CHAT: [({"temperature": 0}, {"temperature": 1})]},
    "no temperature": {CHAT: [({"temperature": 1}, {"temperature": None})]},
    "fixed sampling while reasoning": {
        CHAT: [
            ({"reasoning_effort": "low", **parameter}, parameter)
            for parameter in (
                {"temperature": 0},
                {"top_p": 0.5},
                {"presence_penalty": 1},
                {"frequency_penalty": 1},
                {"logprobs": True},
            )
        ],
        RESPONSES: [
            (effort("low", **parameter), effort("none", **parameter))
            for parameter in (
                {"temperature": 0},
                {"top_p": 0.5},
                {"presence_penalty": 1},
                {"frequency_penalty": 1},
                {"top_logprobs": 1},
                {"include": LOGPROBS_INCLUDED},
            )
        ],
    },
    "fixed sampling in responses": {
        RESPONSES: [
            ({"temperature": 0}, {"temperature": 1}),
            ({"top_p": 1}, {"top_p": None}),
            ({"presence_penalty": 0}, {}),
            ({"frequency_penalty": 0}, {}),
            ({"top_logprobs": 1}, {"top_logprobs": 0}),
            ({"include": LOGPROBS_INCLUDED}, {"include": []}),
        ]
    },
    "no pro mode": {
        RESPONSES: [({"reasoning": {"mode": "pro"}}, {"reasoning": {"mode": "standard"}})]
    },
    "pro mode only": {
        RESPONSES: [({"reasoning": {"mode": "standard"}}, {"reasoning": {"mode": "pro"}})]
    },
    "no all_turns context": {
        RESPONSES: [({"reasoning": {"context": "all_turns"}}, {"reasoning": {"context": "auto"}})]
    },
    "no reasoning summary": {
        RESPONSES: [({"reasoning": {"summary": "auto"}}, {"reasoning": {"summary": None}})]
    },
    "no concise summary": {
        RESPONSES: [({"reasoning": {"summary": "concise"}}, {"reasoning": {"summary": "auto"}})]
    },
    "no hosted tools with minimal effort": {
        RESPONSES: [
            (
                effort("minimal", tools=[{"type": "web_search"}]),
                effort("low", tools=[{"type": "web_search"}]),
            )
        ]
    },
    "no tool_search": {
        RESPONSES: [({"tools": [{"type": "tool_search"}, DEFERRED]}, {"tools": [FLAT_FUNCTION]})]
    },
    "no computer tool": {RESPONSES: [({"tools": [{"type": "computer"}]}, {})]},
    "no apply_patch tool": {RESPONSES: [({"tools": [{"type": "apply_patch"}]}, {})]},
    "no shell tool": {RESPONSES: [({"tools": [{"type": "shell"}]}, {})]},
    "doubtful computer_use_preview tool": {RESPONSES: [({"tools": [COMPUTER]}, {})]},
    "medium verbosity only": {
        CHAT: [({"verbosity": "low"}, {"verbosity": "medium"})],
        RESPONSES: [({"text": {"verbosity": "low"}}, {"text": {"verbosity": "medium"}})],
    },
    "no function tools while reasoning": {CHAT: [({"tools": [FUNCTION]}, {})]},
    "no function tools with an effort": {
        CHAT: [({"tools": [FUNCTION], "reasoning_effort": "low"}, {"tools": [FUNCTION]})]
    },
    "no function tools with an effort in gpt-5.4": {
        CHAT: [({"tools": [FUNCTION], "reasoning_effort": "low"}, {"tools": [FUNCTION]})]
    },
    "no tools": {CHAT: [({"tools": [FUNCTION]}, {})]},
    "deep research tools only": {
        RESPONSES: [
            (
                {"tools": [{"type": "web_search_preview"}, FLAT_FUNCTION]},
                {"tools": [{"type": "web_search_preview"}]},
            ),
            ({"tools": None}, {}),
        ]
    },
    "no effort": {RESPONSES: [(effort("low"), {"reasoning": {"summary": "auto"}})]},
    "no encrypted reasoning": {
        RESPONSES: [({"include": ["reasoning.encrypted_content"]}, {"include": []})]
    },
    "no json_schema": {
        CHAT: [(JSON_SCHEMA, {"response_format": {"type": "text"}})],
        RESPONSES: [
            (
                {"text": {"format": {"type": "json_schema", **FORMAT}}},
                {"text": {"format": {"type": "text"}}},
            )
        ],
    },
    "no json_object": {CHAT: [(JSON_OBJECT, MENTIONS_JSON)]},
    "cl100k tokens only": {
        COMPLETIONS: [
            ({"prompt": [100_258]}, {"prompt": [100_257]}),
            ({"prompt": [[0], [-1]]}, {"prompt": [[0], [1]]}),
        ]
    },
    "24h prompt cache only": {
        url: [({"prompt_cache_retention": "in_memory"}, {"prompt_cache_retention": "24h"})]
        for url in (CHAT, RESPONSES)
    },
    "no prompt_cache_options": {
        url: [({"prompt_cache_options": {"ttl": "30m"}}, {})] for url in (CHAT, RESPONSES)
    },
    "no hosted web search": {
        RESPONSES: [
            ({"tools": [{"type": kind}]}, {"tools": [FLAT_FUNCTION]})
            for kind in ("web_search", "web_search_preview")
        ]
    },
    "gpt-image-1-mini": {EDITS: [({"input_fidelity": "high"}, {"input_fidelity": "low"})]},
    "gpt-5.6": {
        CHAT: [
            ({"n": 9}, {"n": 8}),
            (
                {"reasoning_effort": "none", "logprobs": True, "top_logprobs": 6},
                {"reasoning_effort": "none", "logprobs": True, "top_logprobs": 5},
            ),
        ]
    },
    "gpt-5-chat-latest": {RESPONSES: [(effort("low"), {"reasoning": {"summary": "auto"}})]},
    "gpt-4o-search-preview": {CHAT: [(user(TEXT, FILE), user(TEXT)), (JSON_OBJECT, MENTIONS_JSON)]},
    "gpt-audio": {
        CHAT: [
            ({"logprobs": True}, {"logprobs": False}),
            (user(IMAGE), user(TEXT)),
            ({"modalities": ["text"]}, {}),
            ({"audio": None}, {}),
            (JSON_SCHEMA, {}),
        ]
    },
    "o1-mini and o1-preview": {
        CHAT: [
            ({"messages": [{"role": role, "content": "x"}]}, {}) for role in ("system", "developer")
        ]
    },
    "text-moderation": {
        MODERATIONS: [({"input": [{"type": "text", "text": "x"}]}, {"input": ["x"]})]
    },
}

#: The behaviors and families that cause only warnings.
WARNINGS: Final = {
    "doubtful parallel_tool_calls",
    "doubtful computer_use_preview tool",
    "no prompt_cache_options",
    "gpt-image-1-mini",
    "text-moderation",
    "base completion models",
}

#: A known model of each family that has one.
NAMES: Final = {family: model for model, family in reversed(list(known_models().items())) if family}
BEHAVIORS: Final[dict[str, dict[str, Any]]] = data.read("models")["behaviors"]


class Patch(NamedTuple):
    """A patch of an endpoint's schema for a model family.

    Attributes:
        family: the name of the family.
        url: the URL of the endpoint.
        name: the behavior's name, or the family's name if the patch belongs only to this family.
        schema: the patch.
    """

    family: str
    url: str
    name: str
    schema: Mapping[str, Any]


class Rejection(NamedTuple):
    """A request that a family rejects, and a similar one that passes."""

    family: str
    url: str
    behavior: str
    number: int
    fails: Body
    passes: Body

    @property
    def name(self) -> str:
        return f"{self.family}: {self.behavior} at {self.url}, {self.number}"


def patches() -> Iterator[Patch]:
    """Yield every patch of every family."""
    table = data.read("models")["variants"]
    for family in model_families().values():
        for url, endpoint in provider().endpoints.items():
            variant = family.variants.get(endpoint.schema)
            for part in table[endpoint.schema][variant] if variant else ():
                if isinstance(part, str):
                    patch = BEHAVIORS[part][endpoint.schema]
                    yield Patch(family.name, url, part, patch)
                else:
                    yield Patch(family.name, url, family.name, part)


def pairs_of_parameter(url: str, key: str, schema: Mapping[str, Any] | None) -> Iterator[Pair]:
    """Yield the pairs that test one parameter's patch."""
    if schema is None or (schema.get("enum") or [0])[0] is None or schema.get("not") == {}:
        yield {key: VALUES[key]}, {}
    elif "enum" in schema and key not in ("quality", "output_format", "verbosity"):
        plain = body_schema(provider().endpoints[url])["properties"][key]
        for bad in plain.get("enum", ["1x1"]):
            if bad is not None and bad not in schema["enum"]:
                yield from (({key: bad}, {key: good}) for good in schema["enum"] if good)
    elif "maximum" in schema and key != "top_logprobs":
        yield {key: schema["maximum"] + 1}, {key: schema["maximum"]}


def rejections() -> Iterator[Rejection]:
    """Yield a case for each rejection by each family that has a known model."""
    counts: dict[tuple[str, str, str], int] = {}
    for patch in patches():
        if patch.family not in NAMES:
            continue
        key = patch[:3]
        pairs = [] if key in counts else list(PAIRS.get(patch.name, {}).get(patch.url, ()))
        for parameter, schema in patch.schema.get("properties", {}).items():
            pairs += pairs_of_parameter(patch.url, parameter, schema)
        for pair in pairs:
            counts[key] = counts.get(key, 0) + 1
            yield Rejection(*key, counts[key], *pair)
        counts.setdefault(key, 0)


REJECTIONS: Final = list(rejections())


def findings(url: str, model: str, *parameters: Body) -> list[BatchError]:
    """Check a minimal request with parameters, and return the findings, except deprecations."""
    body = copy.deepcopy(BODIES[url]) | {"model": model}
    for more in parameters:
        body |= more
    request = {"custom_id": "a", "method": "POST", "url": url, "body": body}
    return [error for error in check_request(request) if error.rule != "deprecated_parameter"]


# -- rejections -----------------------------------------------------------------------------------


@each(REJECTIONS)
def test_rejected_parameter_fails_and_a_similar_one_passes(case: Rejection) -> None:
    needs = NEEDS.get(case.family, {})
    found = findings(case.url, NAMES[case.family], needs, case.fails)

    assert found
    if case.behavior not in WARNINGS and "max_output_tokens" not in case.fails:
        assert any(error.severity == "error" for error in found)
    assert findings(case.url, NAMES[case.family], needs, case.passes) == []


def is_about_the_endpoint(name: str) -> bool:
    """Return whether a behavior rejects every request to an endpoint."""
    constraints = [part for patch in BEHAVIORS[name].values() for part in patch.get("allOf", ())]
    return any("not" in part["anyOf"][0] for part in constraints)


@pytest.mark.parametrize("name", [name for name in BEHAVIORS if not is_about_the_endpoint(name)])
def test_every_behavior_has_a_case(name: str) -> None:
    assert any(case.behavior == name for case in REJECTIONS)


class Efforts(NamedTuple):
    name: str
    rejected: list[str]


def efforts_of_responses() -> Iterator[Efforts]:
    """Yield the efforts that each family rejects in /v1/responses."""
    for patch in patches():
        sentence = "'{/reasoning/effort}' is not supported"
        is_own = patch.name == patch.family and patch.family in NAMES
        if patch.url == RESPONSES and is_own and sentence in str(patch.schema):
            (branch,) = patch.schema["allOf"][0]["anyOf"]
            reasoning = branch["properties"]["reasoning"]["properties"]
            yield Efforts(patch.family, reasoning["effort"]["not"]["enum"])


@each([*efforts_of_responses()])
def test_unsupported_effort_is_rejected_in_responses(case: Efforts) -> None:
    for value in ("none", "minimal", "low", "medium", "high", "xhigh", "max"):
        codes = [error.code for error in findings(RESPONSES, NAMES[case.name], effort(value))]
        assert codes == (["unsupported_value"] if value in case.rejected else []), value


# -- endpoints ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "family",
    [family for family in model_families().values() if family.name in NAMES],
    ids=lambda family: family.name,
)
def test_model_passes_only_at_its_own_endpoints(family: ModelFamily) -> None:
    for url, endpoint in provider().endpoints.items():
        needs = NEEDS.get(family.name, {}) if url in (CHAT, RESPONSES) else {}
        found = findings(url, NAMES[family.name], needs)
        constraints = body_schema(endpoint, schema_variant(endpoint, NAMES[family.name]))
        is_refused = any(part["anyOf"] == [{"not": {}}] for part in constraints.get("allOf", ()))
        assert bool(found) is is_refused, (url, found)
        if family.endpoints is not None:
            assert is_refused is (endpoint not in family.endpoints), url


# -- the file -------------------------------------------------------------------------------------


@pytest.mark.parametrize("url", URLS)
def test_patches_of_a_variant_are_patches_of_its_endpoint(url: str) -> None:
    endpoint = provider().endpoints[url]
    names = {family.variants.get(endpoint.schema) for family in model_families().values()}
    for name in filter(None, names):
        assert all(isinstance(patch, dict) for patch in schema_patches(endpoint, name))


def test_model_table_is_small() -> None:
    """Every run reads the table."""
    assert (ROOT / "schemas" / "models.json").stat().st_size < 200_000
