"""The `batchlint schema` command."""

from __future__ import annotations

import click

from .parameters import complete_schema, schema_names
from .printing import print_all


@click.command(short_help="Print JSON Schemas.")
@click.argument("name", required=False, shell_complete=complete_schema)
def schema(name: str | None) -> None:
    """Print a JSON Schema. Without NAME, list all schemas.

    NAME is a listed name, or a part of a URL such as 'embeddings'.
    """
    import json

    from .. import data
    from ..providers import provider

    if name is None:
        print_all(f"{name}\n" for name in schema_names())
        return
    chosen = _find(name)
    endpoints = provider().endpoints
    file = endpoints[chosen].schema if chosen in endpoints else chosen
    print_all([json.dumps(data.read(file), indent=2, ensure_ascii=False) + "\n"])


def _find(name: str) -> str:
    """Return the full name of a schema. `name` may be a part of a URL.

    Raises:
        click.ClickException: no schema matches, or several do.
    """
    names = schema_names()
    if name in names:
        return name
    suffix = "/" + name.strip("/").lower()
    found = [each for each in names if each.endswith(suffix)] or [
        each for each in names if f"{suffix}/" in f"{each}/"
    ]
    if len(found) == 1:
        return found[0]
    if found:
        raise click.ClickException(f"{name!r} is ambiguous: {' or '.join(found)}")
    raise click.ClickException(f"no schema for {name!r}; the schemas are {', '.join(names)}")
