"""From chunks of lines to a report: checks lines, sums up chunks, runs chunks in parallel."""
