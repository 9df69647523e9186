"""Command-line parameter types and their shell completion."""

from __future__ import annotations

import os
from typing import Any

import click


class CheckCommand(click.Command):
    """A command whose arguments are files."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the arguments. Refuse an argument that is both an option and the name of a file.

        A glob or a hook may pass a file whose name looks like an option.
        """
        if not ctx.resilient_parsing and "--" not in args:
            for arg in args:
                if arg.startswith("-") and arg != "-" and os.path.lexists(arg):
                    raise click.UsageError(
                        f"{arg!r} is both an option and a file in this directory; write `--` "
                        "before the files",
                        ctx,
                    )
        return super().parse_args(ctx, args)


class Text(click.ParamType):  # type: ignore[type-arg]  # generic only in recent releases
    """A path or a glob. An empty value is refused, because it may be an unset shell variable."""

    name = "text"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the value as a string."""
        if value == "":
            self.fail("it is empty", param, ctx)
        return str(value)


class InputFile(click.Path):
    """The name of an input file. An empty name is refused."""

    def __init__(self) -> None:
        super().__init__(path_type=str, readable=False)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the name."""
        if value == "":
            self.fail("the file name is empty", param, ctx)
        return super().convert(value, param, ctx)


class Rules(click.ParamType):  # type: ignore[type-arg]  # as for `Text`
    """Names of rules, groups or API codes, or globs, separated by commas."""

    name = "rules"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> list[str]:
        """Return the names of the rules."""
        from ..rules.registry import resolve_rule_names

        if isinstance(value, list):
            return value
        try:
            names = resolve_rule_names(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)
        if not names and param is not None and param.name == "select":
            self.fail("no rule is named, so nothing would be checked", param, ctx)
        return names

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[Any]:
        """Complete the last name in the list."""
        from click.shell_completion import CompletionItem

        before, comma, last = incomplete.rpartition(",")
        return [CompletionItem(before + comma + name) for name in complete_rule(ctx, param, last)]


class ProviderName(click.ParamType):  # type: ignore[type-arg]  # as for `Text`
    """The name of a provider."""

    name = "provider"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the name. It must be the name of a provider."""
        from ..providers import provider

        try:
            return provider(value).name
        except ValueError as error:
            self.fail(str(error), param, ctx)

    def shell_complete(
        self, _ctx: click.Context, _param: click.Parameter, incomplete: str
    ) -> list[Any]:
        """Complete the name of a provider."""
        from click.shell_completion import CompletionItem

        from ..providers import provider_names

        return [CompletionItem(name) for name in provider_names() if name.startswith(incomplete)]


class KeyValue(click.ParamType):  # type: ignore[type-arg]  # as for `Text`
    """A value of the form KEY=VALUE."""

    name = "key=value"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, str]:
        """Return the parts before and after the first equals sign."""
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


class Target(click.ParamType):  # type: ignore[type-arg]  # as for `Text`
    """A value of the form FORMAT=PATH."""

    name = "format=path"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, str]:
        """Return the format and the path."""
        from .reports import parse_target

        if isinstance(value, tuple):
            return value
        try:
            return parse_target(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


def complete_rule(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    """Complete the name of a rule or group."""
    from ..rules import RULES
    from ..rules.groups import GROUPS

    return [name for name in (*RULES, *GROUPS) if name.startswith(incomplete)]


def complete_endpoint(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    """Complete the URL of an endpoint."""
    from ..providers import provider

    return [url for url in provider().endpoints if url.startswith(incomplete)]


def complete_schema(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    """Complete the name of a schema."""
    return [name for name in schema_names() if name.startswith(incomplete)]


def schema_names() -> tuple[str, ...]:
    """Return the names of the schemas: the endpoints' URLs, then all other names."""
    from ..providers import provider

    return (
        *provider().endpoints,
        "batch-request",
        "batch-create",
        "batch",
        "report",
        "manifest",
        "config",
    )
