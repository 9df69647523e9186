"""The schemas that ship with the package, with the patches of model families applied."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Any, Final

from .. import data
from ..providers import OTHER, Endpoint, Provider, provider, schema_date, schema_patches

#: Looking up this many parameters takes an engine as long as going through all keys of a body.
_FEW_PARAMETERS: Final = 4


def body_schema(endpoint: Endpoint, variant: str = "", provider_name: str = "") -> dict[str, Any]:
    """Return the schema of the body of an endpoint's requests.

    Args:
        endpoint: the endpoint.
        variant: the name of the variant for some models (`providers.schema_variant`).
        provider_name: the provider, if its bodies have their own schemas (`Provider.schemas`).
    """
    return _body_schema(endpoint, variant, provider_name)


@cache
def _body_schema(endpoint: Endpoint, variant: str, provider_name: str) -> dict[str, Any]:
    if endpoint is OTHER:
        return {"type": "object", "properties": {}}
    if provider_name:
        return _types_of(endpoint, provider(provider_name))
    if not variant:
        return data.read(endpoint.schema)
    schema = body_schema(endpoint)
    constraints = list(schema.get("allOf", ()))
    for patch in schema_patches(endpoint, variant):
        schema = merge_patch(schema, {key: patch[key] for key in patch if key != "allOf"})
        constraints += patch.get("allOf", ())
    return schema | {"allOf": constraints} if constraints else schema


def _types_of(endpoint: Endpoint, provider: Provider) -> dict[str, Any]:
    """Return the schema of the types of parameters, including the provider's own parameters."""
    schema = data.read(f"types/{endpoint.schema}")
    if not provider.needs_model:
        schema["required"] = [name for name in schema["required"] if name != "model"]
    for name in provider.parameters.get(endpoint.name, ()):
        schema["properties"].setdefault(name, {})
    patched: dict[str, Any] = merge_patch(schema, provider.body_patches.get(endpoint.name, {}))
    return patched


def line_fields_schema(provider: Provider) -> dict[str, Any]:
    """Return the schema of the fields of a provider's line, in which the body may be any object."""
    schema: dict[str, Any] = merge_patch(data.read("batch-request"), provider.line_patch)
    if "url" in schema["properties"]:
        if provider.suffixes:
            del schema["properties"]["url"]["enum"]
            ends = "|".join(map(re.escape, provider.suffixes))
            names = "|".join(map(re.escape, provider.endpoints))
            schema["properties"]["url"]["pattern"] = f"^(?:{names})$|(?:{ends})$"
            errors = schema["properties"]["url"]["x-batchlint"]["errors"]
            errors["pattern"] = errors["enum"]
        else:
            schema["properties"]["url"]["enum"] = list(provider.endpoints)
    return schema


def line_schema(endpoint: Endpoint, variant: str, url: str, provider: Provider) -> dict[str, Any]:
    """Return the schema of whole lines for an endpoint that have no problem, not even a warning."""
    body = _skipping_constraints(endpoint, variant, provider)
    line = narrow_line_schema(merge_patch(data.read("batch-request"), provider.line_patch))
    if "url" in line["properties"]:
        line["properties"]["url"] = {"const": url}
    line["properties"]["body"] = {
        key: value for key, value in body.items() if not key.startswith("$")
    }
    if provider.checks_types_only and endpoint is not OTHER:
        # Unknown parameters are allowed, but a rule looks for misspelled ones.
        line["properties"]["body"]["additionalProperties"] = False
    if "$defs" in body:
        line["$defs"] = body["$defs"]
    return line


def _skipping_constraints(endpoint: Endpoint, variant: str, provider: Provider) -> dict[str, Any]:
    """Return the schema of a body, rewritten so that an engine skips constraints about absent parameters.

    A constraint is satisfied if one of its branches is. A branch about a single parameter is
    satisfied if the parameter is absent, so the constraint needs checking only if it is present.
    """
    schema = body_schema(endpoint, variant, provider.schemas)
    plain = body_schema(endpoint, "", provider.schemas).get("allOf", ())
    dependent: dict[str, list[Any]] = {}
    for constraint in schema.get("allOf", ())[len(plain) :]:
        names = filter(None, map(_only_parameter, constraint["anyOf"]))
        dependent.setdefault(next(names, ""), []).append(constraint)
    constraints = [*plain, *dependent.pop("", ())]
    if not dependent:
        return schema
    rewritten = {key: value for key, value in schema.items() if key != "allOf"}
    if constraints:
        rewritten["allOf"] = constraints
    by_parameter = {name: {"allOf": own} for name, own in dependent.items()}
    if len(by_parameter) < _FEW_PARAMETERS:
        return rewritten | {"dependentSchemas": by_parameter}
    # Most bodies have none of the parameters. One check of their keys shows this.
    others = {name: True for name in schema["properties"] if name not in by_parameter}
    has_none = {"properties": others, "additionalProperties": False}
    return rewritten | {"anyOf": [has_none, {"dependentSchemas": by_parameter}]}


def _only_parameter(branch: Mapping[str, Any]) -> str | None:
    """Return the parameter of a branch, if there is only one and the branch doesn't require it."""
    properties = branch.get("properties", ())
    return next(iter(properties)) if len(branch) == len(properties) == 1 else None


def narrow_line_schema(schema: dict[str, Any]) -> dict[str, Any]:
    """Narrow the schema of a line: reject unknown fields and an empty custom_id.

    Both are only warnings, so `batch-request.json` accepts them.
    """
    custom_id = schema["properties"]["custom_id"]
    custom_id["minLength"] = max(1, custom_id.get("minLength", 0))
    schema["additionalProperties"] = False
    return schema


def create_schema(provider: Provider) -> dict[str, Any]:
    """Return the schema of the create call of a provider."""
    schema = data.read("batch-create")
    if provider.has_openai_models:
        return schema
    properties = schema["properties"]
    if provider.endpoint_of_file or provider.suffixes:
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
    """Return the schema of a completion window from the shortest to the longest, in hours."""
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
    """Return the parameters that the API marks as deprecated, except those that the variant rejects."""
    properties = body_schema(endpoint, variant, provider_name)["properties"]
    return frozenset(
        name
        for name, schema in properties.items()
        if schema.get("deprecated") and schema.get("enum") != [None]
    )


def newer_hint() -> str:
    """Return the hint for names and values that a newer API may know."""
    return f"batchlint knows the API as of {schema_date()}; the API may accept more by now."


def merge_patch(target: Any, patch: Any) -> Any:
    """Apply a JSON merge patch (RFC 7386)."""
    if not isinstance(patch, Mapping):
        return patch
    merged = dict(target) if isinstance(target, Mapping) else {}
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = merge_patch(merged.get(key), value)
    return merged
