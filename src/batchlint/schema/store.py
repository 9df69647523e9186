"""The schemas that ship with the package, with the patches of model families applied."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from .. import data
from ..providers import Endpoint, model_families, schema_date


@cache
def body_schema(endpoint: Endpoint, family: str = "") -> dict[str, Any]:
    """The schema of the body of an endpoint's requests.

    Args:
        endpoint: the endpoint.
        family: the name of a model family whose refusals to include.
    """
    if not family:
        return data.read(endpoint.schema)
    plain = body_schema(endpoint)
    patch = model_families()[family].patches[endpoint.schema]
    merged: dict[str, Any] = merge_patch(
        plain, {key: value for key, value in patch.items() if key != "allOf"}
    )
    constraints = [*plain.get("allOf", ()), *patch.get("allOf", ())]
    return merged | {"allOf": constraints} if constraints else merged


def line_schema(endpoint: Endpoint, family: str, url: str) -> dict[str, Any]:
    """The schema of a whole line for an endpoint, to which no rule about the line objects."""
    body = body_schema(endpoint, family)
    line = narrow_line_schema(data.read("batch-request"))
    line["properties"]["url"] = {"const": url}
    line["properties"]["body"] = {
        key: value for key, value in body.items() if not key.startswith("$")
    }
    if "$defs" in body:
        line["$defs"] = body["$defs"]
    return line


def narrow_line_schema(schema: dict[str, Any]) -> dict[str, Any]:
    """Narrow the schema of a line: refuse unknown fields and an empty custom_id.

    Both are only warnings, so `batch-request.json` accepts them.
    """
    schema["properties"]["custom_id"]["minLength"] = 1
    schema["additionalProperties"] = False
    return schema


def deprecated_parameters(endpoint: Endpoint, family: str = "") -> frozenset[str]:
    """The parameters that the API marks as deprecated and the family does not refuse anyway."""
    properties = body_schema(endpoint, family)["properties"]
    return frozenset(
        name
        for name, schema in properties.items()
        if schema.get("deprecated") and schema.get("enum") != [None]
    )


def newer_hint() -> str:
    """The hint for names and values that a newer API may know."""
    return f"Known as of {schema_date()}. A newer API may accept more."


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
