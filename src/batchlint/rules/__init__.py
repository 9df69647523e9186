"""The rules: one function each, whose docstring is its documentation; one registry of them all."""

from . import (
    batch_sense,
    body,
    capability,
    conversation,
    files,
    images,
    lines,
    places,
    size,
    strict,
    together,
    tool_choice,
    values,
    waking,
)
from .registry import RULES, Request, Rule, Selection, select

__all__ = ["RULES", "Request", "Rule", "Selection", "batch_sense", "body", "capability", "conversation", "files",
           "images", "lines", "places", "select", "size", "strict", "together", "tool_choice", "values", "waking"]
