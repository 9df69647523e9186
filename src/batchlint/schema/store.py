"""The schemas that ship with the package, patched for model families and providers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Any, Final

from .. import data
from ..providers import OTHER, Endpoint, Provider, provider, schema_date, schema_patches

#: The number of parameters from which an engine checks all keys of a body faster than it looks up
#: each parameter.
_MANY_PARAMETERS: Final = 4


def body_schema(endpoint: Endpoint, variant: str = "", provider_name: str = "") -> dict[str, Any]:
    """Return the schema for the bodies of an endpoint's requests.

    Args:
        endpoint: the endpoint.
        variant: the name of the variant for a group of models (`providers.schema_variant`). Empty
            for the unchanged schema.
        provider_name: the name of the provider whose schemas to use (`Provider.schema_provider`).
            Empty for OpenAI's schemas.
    """
    return _body_schema(endpoint, variant, provider_name)


@cache
def _body_schema(endpoint: Endpoint, variant: str, provider_name: str) -> dict[str, Any]:
    if endpoint is OTHER:
        return {"type": "object", "properties": {}}
    if provider_name:
        return _type_schema(endpoint, provider(provider_name))
    if not variant:
        return data.read(endpoint.schema)
    schema = body_schema(endpoint)
    constraints = list(schema.get("allOf", ()))
    for patch in schema_patches(endpoint, variant):
        schema = merge_patch(schema, {key: patch[key] for key in patch if key != "allOf"})
        constraints += patch.get("allOf", ())
    return schema | {"allOf": constraints} if constraints else schema


def _type_schema(endpoint: Endpoint, provider: Provider) -> dict[str, Any]:
    """Return a schema that checks only types. It includes the provider's additional parameters."""
    schema = data.read(f"types/{endpoint.schema}")
    if not provider.needs_model:
        schema["required"] = [name for name in schema["required"] if name != "model"]
    for name in provider.parameters.get(endpoint.name, ()):
        schema["properties"].setdefault(name, {})
    patched: dict[str, Any] = merge_patch(schema, provider.body_patches.get(endpoint.name, {}))
    return patched


def line_fields_schema(provider: Provider) -> dict[str, Any]:
    """Return the schema for the fields of a provider's lines. The body may be any object."""
    schema: dict[str, Any] = merge_patch(data.read("batch-request"), provider.line_patch)
    if "url" in schema["properties"]:
        if provider.suffixes:
            del schema["properties"]["url"]["enum"]
            suffixes = "|".join(map(re.escape, provider.suffixes))
            urls = "|".join(map(re.escape, provider.endpoints))
            schema["properties"]["url"]["pattern"] = f"(?:^(?:{urls})|{suffixes})$"
            errors = schema["properties"]["url"]["x-batchlint"]["errors"]
            errors["pattern"] = errors["enum"]
        else:
            schema["properties"]["url"]["enum"] = list(provider.endpoints)
    return schema


def line_schema(endpoint: Endpoint, variant: str, url: str, provider: Provider) -> dict[str, Any]:
    """Return the schema for whole lines. It also rejects lines whose fields have warnings."""
    body = _with_dependent_constraints(endpoint, variant, provider)
    line = narrow_line_schema(merge_patch(data.read("batch-request"), provider.line_patch))
    if "url" in line["properties"]:
        line["properties"]["url"] = {"const": url}
    line["properties"]["body"] = {
        key: value for key, value in body.items() if not key.startswith("$")
    }
    if provider.checks_types_only and endpoint is not OTHER:
        # Unknown parameters are valid, but a rule has to check whether they are misspelled.
        line["properties"]["body"]["additionalProperties"] = False
    if "$defs" in body:
        line["$defs"] = body["$defs"]
    return line


def _with_dependent_constraints(
    endpoint: Endpoint, variant: str, provider: Provider
) -> dict[str, Any]:
    """Return the schema for a body, rewritten for speed.

    A constraint is satisfied if one of its branches is. A branch about a single parameter is
    satisfied if the parameter is absent. In the rewritten schema, an engine checks such a
    constraint only if the parameter is present.
    """
    schema = body_schema(endpoint, variant, provider.schema_provider)
    common = body_schema(endpoint, "", provider.schema_provider).get("allOf", ())
    dependent: dict[str, list[Any]] = {}
    for constraint in schema.get("allOf", ())[len(common) :]:
        names = filter(None, map(_only_parameter, constraint["anyOf"]))
        dependent.setdefault(next(names, ""), []).append(constraint)
    constraints = [*common, *dependent.pop("", ())]
    if not dependent:
        return schema
    rewritten = {key: value for key, value in schema.items() if key != "allOf"}
    if constraints:
        rewritten["allOf"] = constraints
    by_parameter = {name: {"allOf": group} for name, group in dependent.items()}
    if len(by_parameter) < _MANY_PARAMETERS:
        return rewritten | {"dependentSchemas": by_parameter}
    # Most bodies have none of these parameters. The first branch checks this in one pass.
    others = {name: True for name in schema["properties"] if name not in by_parameter}
    only_others = {"properties": others, "additionalProperties": False}
    return rewritten | {"anyOf": [only_others, {"dependentSchemas": by_parameter}]}


def _only_parameter(branch: Mapping[str, Any]) -> str | None:
    """Return the parameter of a branch that has a single, optional parameter, or else None."""
    properties = branch.get("properties", ())
    return next(iter(properties)) if len(branch) == len(properties) == 1 else None


def narrow_line_schema(schema: dict[str, Any]) -> dict[str, Any]:
    """Change a line's schema so that it rejects unknown fields and an empty custom_id. Return it.

    Both lead to warnings, so `batch-request.json` accepts them.
    """
    custom_id = schema["properties"]["custom_id"]
    custom_id["minLength"] = max(1, custom_id.get("minLength", 0))
    schema["additionalProperties"] = False
    return schema


def create_schema(provider: Provider) -> dict[str, Any]:
    """Return the schema for the parameters of a provider's create call."""
    schema = data.read("batch-create")
    if provider.has_openai_models:
        return schema
    properties = schema["properties"]
    if provider.uses_file_endpoint or provider.suffixes:
        del properties["endpoint"]["enum"]
    else:
        properties["endpoint"]["enum"] = list(provider.endpoints)
    properties["completion_window"] = _window_schema(provider.window)
    if provider.checks_types_only:
        del schema["additionalProperties"]
        schema["required"].remove("endpoint")
        schema["required"].remove("completion_window")
    return schema


def _window_schema(window: tuple[int, int] | None) -> dict[str, Any]:
    """Return the schema for a completion window.

    Args:
        window: the shortest and the longest window, in hours. None accepts any string.
    """
    if window is None:
        return {"type": "string"}
    shortest, longest = window
    days = [f"{hours // 24}d" for hours in range(shortest, longest + 1) if hours % 24 == 0]
    values = [f"{hours}h" for hours in range(shortest, longest + 1)]
    if shortest == longest:
        return {"type": "string", "enum": values}
    message = f"Invalid value: {{repr}}. It must be from '{shortest}h' to '{longest}h'."
    return {
        "type": "string",
        "enum": values + days,
        "x-batchlint": {"errors": {"enum": {"rule": "invalid_value", "message": message}}},
    }


def deprecated_parameters(
    endpoint: Endpoint, variant: str = "", provider_name: str = ""
) -> frozenset[str]:
    """Return the deprecated parameters of an endpoint that a variant doesn't reject.

    For the arguments, see `body_schema`.
    """
    properties = body_schema(endpoint, variant, provider_name)["properties"]
    return frozenset(
        name
        for name, schema in properties.items()
        if schema.get("deprecated") and schema.get("enum") != [None]
    )


def newer_hint() -> str:
    """Return the hint for unknown names and values that a newer version of the API may accept."""
    return f"batchlint's schemas date from {schema_date()}. The API may have changed since then."


def merge_patch(target: Any, patch: Any) -> Any:
    """Return a copy of `target` with a JSON Merge Patch (RFC 7396) applied."""
    if not isinstance(patch, Mapping):
        return patch
    merged = dict(target) if isinstance(target, Mapping) else {}
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = merge_patch(merged.get(key), value)
    return merged
