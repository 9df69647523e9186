"""The `batchlint provider` command."""

from __future__ import annotations

import sys

import click

from .parameters import ProviderName
from .printing import print_all, terminal_width


@click.command(short_help="Explain providers.")
@click.argument("name", required=False, metavar="[NAME]", type=ProviderName())
def provider(name: str | None) -> None:
    """Explain a provider. Without NAME, list all providers."""
    from ..output.providers import explain_provider, list_providers

    width = terminal_width(sys.stdout)
    print_all(list_providers(width) if name is None else [explain_provider(name, width)])
