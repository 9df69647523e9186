"""Loads JSON Schemas, validates values, and explains problems in the API's words."""
