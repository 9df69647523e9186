"""JSON Schemas: stored, validated, and explained in the API's words."""
