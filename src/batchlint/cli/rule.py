"""`batchlint rule`: explains rules."""

from __future__ import annotations

import click

from .parameters import complete_rule
from .printing import print_all


@click.command()
@click.argument("name", required=False, metavar="[RULE]", shell_complete=complete_rule)
def rule(name: str | None) -> None:
    """Explain a RULE or an API code; without one, list all."""
    from ..output.rules import explain_rule, list_rules
    from ..rules.registry import RULES, names_of

    if name is None:
        print_all(list_rules())
        return
    try:
        names = names_of(name)
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    pages = "\n\n".join(explain_rule(RULES[name]) for name in names)
    print_all([pages, "\n"])
