"""The server in this process, by itself and with the official client."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from openai import OpenAI
from starlette.testclient import TestClient

from batchlint.server import create_app


@pytest.fixture
def http() -> Iterator[TestClient]:
    """Send HTTP requests to a new server in this process."""
    with TestClient(create_app()) as client:
        yield client


@pytest.fixture
def client(http: TestClient) -> OpenAI:
    """The official client of the same server."""
    return OpenAI(
        api_key="unused", base_url="http://testserver/v1", http_client=http, max_retries=0
    )
