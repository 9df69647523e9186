"""Checks chunks of lines, alone or in parallel, and turns their summaries into a report."""
