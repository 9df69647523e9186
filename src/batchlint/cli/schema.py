"""`batchlint schema`: prints the JSON Schemas."""

from __future__ import annotations

import click

from .parameters import complete_schema, schema_names
from .printing import print_all


@click.command()
@click.argument("endpoint", required=False, shell_complete=complete_schema)
def schema(endpoint: str | None) -> None:
    """Print a JSON Schema; without ENDPOINT, list them."""
    import json

    from .. import data
    from ..providers import provider

    names = schema_names()
    if endpoint is None:
        print_all(f"{name}\n" for name in names)
        return
    if endpoint not in names:
        raise click.UsageError(f"no schema for {endpoint!r}; the schemas are {', '.join(names)}")
    endpoints = provider().endpoints
    name = endpoints[endpoint].schema if endpoint in endpoints else endpoint
    print_all([json.dumps(data.read(name), indent=2, ensure_ascii=False) + "\n"])
