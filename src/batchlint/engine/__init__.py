"""Checks chunks of lines, in sequence or in parallel, and turns their summaries into a report."""
