"""Types of command-line parameters, and what a shell completes for them."""

from __future__ import annotations

from typing import Any

import click


class Rules(click.ParamType):  # type: ignore[type-arg]  # generic only in new releases
    """Names of rules or API codes, separated by commas."""

    name = "rules"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> list[str]:
        """The names of the rules."""
        from ..rules.registry import names_of

        if isinstance(value, list):
            return value
        try:
            return names_of(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[Any]:
        """Complete the last name."""
        from click.shell_completion import CompletionItem

        before, comma, last = incomplete.rpartition(",")
        return [CompletionItem(before + comma + name) for name in complete_rule(ctx, param, last)]


class KeyValue(click.ParamType):  # type: ignore[type-arg]  # likewise
    """KEY=VALUE."""

    name = "key=value"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, str]:
        """The two sides of the first equals sign."""
        if isinstance(value, tuple):
            return value
        key, equals, text = value.partition("=")
        try:
            value.encode()
        except UnicodeEncodeError:
            self.fail("metadata must be UTF-8 text", param, ctx)
        if not equals:
            self.fail(f"{value!r} has no '='; write KEY=VALUE", param, ctx)
        return key, text


def complete_rule(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    """Complete the name of a rule."""
    from ..rules import RULES

    return [name for name in RULES if name.startswith(incomplete)]


def complete_endpoint(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    """Complete the URL of an endpoint."""
    from ..providers import provider

    return [url for url in provider().endpoints if url.startswith(incomplete)]


def complete_schema(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    """Complete the name of a schema."""
    return [name for name in schema_names() if name.startswith(incomplete)]


def schema_names() -> tuple[str, ...]:
    """The names of the schemas: the URLs of the endpoints, and the others."""
    from ..providers import provider

    return (*provider().endpoints, "batch-request", "batch-create", "batch", "report")
