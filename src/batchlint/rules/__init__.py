"""The rules: one function each, whose docstring is its documentation; one registry of them all."""

from . import (
    batch_usage,
    combinations,
    conversation,
    file,
    foreign,
    images,
    line,
    media,
    model_support,
    models,
    prompt_size,
    stated,
    structured_outputs,
    text,
    tool_choice,
)
from .registry import RULES, Rule, Selection, select_rules

__all__ = [
    "RULES",
    "Rule",
    "Selection",
    "batch_usage",
    "combinations",
    "conversation",
    "file",
    "foreign",
    "images",
    "line",
    "media",
    "model_support",
    "models",
    "prompt_size",
    "select_rules",
    "stated",
    "structured_outputs",
    "text",
    "tool_choice",
]
