"""Fixtures: a server in this process, and the official client connected to it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from openai import OpenAI
from starlette.testclient import TestClient

from batchlint.server import create_app


@pytest.fixture
def http() -> Iterator[TestClient]:
    """An HTTP client for a new server in this process."""
    with TestClient(create_app()) as client:
        yield client


@pytest.fixture
def client(http: TestClient) -> OpenAI:
    """The official client, connected to the same server."""
    return OpenAI(
        api_key="unused", base_url="http://testserver/v1", http_client=http, max_retries=0
    )
