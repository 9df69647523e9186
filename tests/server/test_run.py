"""The server's address, and the hosts and origins that it accepts."""

from __future__ import annotations

import socket

import pytest
from starlette.testclient import TestClient

from batchlint.server import create_app
from batchlint.server.run import LocalOnly, base_url, is_loopback, listen


@pytest.mark.parametrize(
    ("host", "origin", "status"),
    [
        ("127.0.0.1:8000", None, 200),
        ("localhost:8000", None, 200),
        ("[::1]:8000", None, 200),
        ("127.0.0.1:8000", "http://localhost:3000", 200),
        ("evil.example:8000", None, 403),
        ("localhost.evil.example", None, 403),
        ("", None, 403),
        ("[", None, 403),
        ("127.0.0.1:8000", "https://evil.example", 403),
        ("127.0.0.1:8000", "null", 403),
    ],
)
def test_requests_with_another_host_or_origin_are_rejected(
    host: str, origin: str | None, status: int
) -> None:
    headers = {"host": host} | ({} if origin is None else {"origin": origin})
    with TestClient(LocalOnly(create_app())) as http:
        answer = http.get("/v1/files", headers=headers)

    assert answer.status_code == status
    if status == 403:
        assert "localhost" in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    ("host", "shown_host", "is_local"),
    [
        ("127.0.0.1", "127.0.0.1", True),
        ("localhost", "127.0.0.1", True),
        ("0.0.0.0", "0.0.0.0", False),
    ],
)
def test_base_url_shows_the_address_and_loopback_is_recognized(
    host: str, shown_host: str, is_local: bool
) -> None:
    with listen(host, 0) as listener:
        port = listener.getsockname()[1]

        assert base_url(listener) in (f"http://{shown_host}:{port}/v1", f"http://[::1]:{port}/v1")
        assert is_loopback(listener) == is_local


@pytest.mark.skipif(not socket.has_ipv6, reason="needs IPv6")
def test_base_url_has_brackets_around_an_ipv6_address() -> None:
    try:
        listener = listen("::1", 0)
    except OSError:
        pytest.skip("this machine has no IPv6 address")
    with listener:
        assert base_url(listener).startswith("http://[::1]:")
        assert is_loopback(listener)


def test_listening_on_another_machines_address_raises_os_error() -> None:
    with pytest.raises(OSError, match=r".+"):
        listen("192.0.2.1", 0)
