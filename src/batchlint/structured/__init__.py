"""Checks the JSON Schemas that users write for structured outputs and functions."""
