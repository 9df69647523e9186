"""`batchlint provider`: explains providers."""

from __future__ import annotations

import click

from .parameters import ProviderName
from .printing import print_all


@click.command()
@click.argument("name", required=False, metavar="[NAME]", type=ProviderName())
def provider(name: str | None) -> None:
    """Explain a provider; without NAME, list all providers."""
    from ..output.providers import explain_provider, list_providers

    print_all(list_providers() if name is None else [explain_provider(name)])
