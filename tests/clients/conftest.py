"""Fixtures: a server in a separate process, and each client connected to it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from clients.clients import CLIENTS, Client
from server.processes import serving
from support import NOW


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The base URL of a server that all tests share."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(os.environ, "SOURCE_DATE_EPOCH", str(NOW))
        with serving(tmp_path_factory.mktemp("server")) as (url, _):
            yield url


@pytest.fixture(scope="session", params=CLIENTS)
def client(request: pytest.FixtureRequest, server: str) -> Iterator[Client]:
    """Each client in turn."""
    client = CLIENTS[request.param](server)
    yield client
    client.close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """The path for a batch file."""
    return tmp_path / "requests.jsonl"
