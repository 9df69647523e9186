"""Turns chunks of lines into a report: checks lines, summarizes chunks, runs chunks in parallel."""
