"""The rules: one function each, whose docstring is its documentation; one registry of them all."""

from . import body, capability, conversation, files, lines
from .registry import RULES, Request, Rule, Selection, select

__all__ = ["RULES", "Request", "Rule", "Selection", "body", "capability", "conversation", "files", "lines", "select"]
