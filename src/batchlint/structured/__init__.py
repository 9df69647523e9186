"""The JSON Schemas that users send: which of them the API takes for structured outputs and functions."""
