"""Fingerprints of findings. They are unique within a run and don't change when lines move."""

from __future__ import annotations

from collections import Counter
from hashlib import sha256

from ..findings import BatchError


class Fingerprints:
    """Creates the fingerprints of a run."""

    def __init__(self) -> None:
        self._seen = Counter[bytes]()

    def for_finding(self, path: str, error: BatchError) -> str:
        """Return the fingerprint of a finding. Equal findings are numbered."""
        return self.from_parts(path, error.rule, error.custom_id, error.pointer, error.message)

    def from_parts(self, *parts: str | None) -> str:
        """Return a fingerprint of strings. Equal lists of strings are numbered."""
        text = "\0".join(part or "" for part in parts).encode(errors="backslashreplace")
        self._seen[text] += 1  # Different parts may give the same text.
        return sha256(b"%b\0%d" % (text, self._seen[text])).hexdigest()[:32]
