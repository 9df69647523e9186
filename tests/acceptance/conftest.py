"""A local service that replaces the API."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from acceptance.openai_service import Service, serving


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    """A service that records its requests. Environment variables direct clients to it."""
    with serving() as service:
        monkeypatch.setenv("OPENAI_BASE_URL", service.url)
        monkeypatch.setenv("OPENAI_API_KEY", "test")
        yield service
