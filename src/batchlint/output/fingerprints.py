"""Fingerprints of findings: unique in a run, and the same in the next one, though lines move."""

from __future__ import annotations

from collections import Counter
from hashlib import sha256

from ..findings import BatchError


class Fingerprints:
    """Makes the fingerprints of a run."""

    def __init__(self) -> None:
        self._seen = Counter[tuple[str | None, ...]]()

    def of(self, path: str, error: BatchError) -> str:
        """The fingerprint of a finding; of those that are alike, the first, the second and so on have their own."""
        return self.made(path, error.rule, error.custom_id, error.pointer, error.message)

    def made(self, *parts: str | None) -> str:
        """The fingerprint of something that these parts make up."""
        self._seen[parts] += 1
        text = "\0".join([*(part or "" for part in parts), str(self._seen[parts])])
        return sha256(text.encode(errors="backslashreplace")).hexdigest()[:32]
