"""The `batchlint rule` command."""

from __future__ import annotations

import sys

import click

from .parameters import complete_rule
from .printing import print_all, terminal_width


@click.command(short_help="Explain rules.")
@click.argument("name", required=False, metavar="[RULE]", shell_complete=complete_rule)
def rule(name: str | None) -> None:
    """Explain a RULE. Without RULE, list all rules by group.

    RULE may also be an API code, a group or a glob such as 'image*'.
    """
    from ..output.rules import explain_rule, list_rules
    from ..rules.registry import RULES, resolve_rule_names

    width = terminal_width(sys.stdout)
    if name is None:
        print_all(list_rules(width))
        return
    try:
        names = resolve_rule_names(name)
    except ValueError as error:
        raise click.ClickException(str(error)) from None
    pages = "\n\n".join(explain_rule(RULES[name], width) for name in names)
    print_all([pages, "\n"])
