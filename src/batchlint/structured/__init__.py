"""Checks of users' JSON Schemas for structured outputs and functions."""
