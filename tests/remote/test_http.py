"""Files of HTTP servers, good and bad ones."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final
from urllib.parse import urlsplit

import pytest

from batchlint import check, check_many
from support import line

pytestmark = pytest.mark.remote

DATA: Final = b"".join(line(f"{number}", user="x" * 500) for number in range(5000)) + line("0")


class Handler(BaseHTTPRequestHandler):
    """Serves one file under several paths, each of which is a way of a server to behave."""

    protocol_version = "HTTP/1.1"

    def do_HEAD(self) -> None:
        if urlsplit(self.path).path == "/no-head.jsonl":  # As a signature for GET only does.
            self._answer(403, b"")
        else:
            self._answer_path(body=False)

    def do_GET(self) -> None:
        self._answer_path(body=True)

    def _answer_path(self, *, body: bool) -> None:
        parts = urlsplit(self.path)
        if parts.path in ("/a.jsonl", "/no-head.jsonl"):
            self._answer(200, DATA, body=body)
        elif parts.path == "/signed.jsonl":
            self._answer(200 if parts.query == "signature=secret" else 403, DATA, body=body)
        elif parts.path == "/a.jsonl.gz":
            self._answer(200, gzip.compress(DATA), body=body)
        elif parts.path == "/dropped.jsonl":
            self._answer(200, DATA, body=body, sent=len(DATA) // 2)
        elif parts.path in ("/401.jsonl", "/403.jsonl", "/410.jsonl", "/500.jsonl"):
            self._answer(int(parts.path[1:4]), b"no", body=body)
        else:
            self._answer(404, b"no", body=body)

    def _answer(
        self, status: int, data: bytes, *, body: bool = True, sent: int | None = None
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if body:
            self.wfile.write(data[:sent])
        if sent is not None and body:
            self.wfile.flush()
            self.close_connection = True

    def log_message(self, *_: object) -> None:
        """Print nothing."""


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize("path", ["/a.jsonl", "/no-head.jsonl", "/a.jsonl.gz"])
def test_remote_file_gets_the_same_report_as_a_local_one(site: str, path: str) -> None:
    report = check(site + path)

    assert report == replace(check(DATA), path=site + path.removesuffix(".gz"))
    assert [error.line for error in report.errors] == [5001]


def test_query_string_is_sent_but_not_shown(site: str) -> None:
    assert check(f"{site}/signed.jsonl?signature=secret").path == f"{site}/signed.jsonl"
    with pytest.raises(PermissionError, match="HTTP status 403 Forbidden") as caught:
        check(f"{site}/signed.jsonl?signature=wrong")
    assert "wrong" not in str(caught.value)


def test_dropped_connection_is_an_error_for_its_file(site: str) -> None:
    results = dict(check_many([f"{site}/dropped.jsonl", f"{site}/a.jsonl"]))

    assert results[f"{site}/a.jsonl"] == replace(check(DATA), path=f"{site}/a.jsonl")
    error = results[f"{site}/dropped.jsonl"]
    assert isinstance(error, OSError)
    assert "not completed" in str(error) or "Not enough data" in str(error)


@pytest.mark.parametrize(
    ("path", "kind", "message"),
    [
        ("/404.jsonl", FileNotFoundError, "no such file"),
        ("/410.jsonl", FileNotFoundError, "no such file"),
        ("/401.jsonl", PermissionError, "access denied: HTTP status 401 Unauthorized"),
        ("/403.jsonl", PermissionError, "access denied: HTTP status 403 Forbidden"),
        ("/500.jsonl", OSError, "HTTP status 500 Internal Server Error"),
    ],
)
def test_http_errors_are_os_errors(site: str, path: str, kind: type[OSError], message: str) -> None:
    with pytest.raises(kind) as caught:
        check(site + path)
    assert caught.value.strerror == message
    assert caught.value.filename == site + path


def test_no_server_is_a_connection_error() -> None:
    with pytest.raises(ConnectionRefusedError, match=r"http://127\.0\.0\.1:9/a\.jsonl"):
        check("http://127.0.0.1:9/a.jsonl")
