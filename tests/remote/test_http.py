"""Files on HTTP servers, good and bad."""

from __future__ import annotations

import gzip
import re
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import repeat
from typing import Any, Final
from urllib.parse import urlsplit

import pytest

from batchlint import check, check_many, iter_errors
from batchlint.remote import RemoteFile
from support import line, run_command

pytestmark = pytest.mark.remote

DATA: Final = b"".join(line(f"{number}", user="x" * 500) for number in range(5000)) + line("0")


#: Seconds, much longer than any test may take.
LONG: Final = 60


def drip() -> Iterator[bytes]:
    """A byte at a time."""
    for number in range(10 * LONG):
        yield DATA[number : number + 1]
        time.sleep(0.1)


def stall() -> Iterator[bytes]:
    """The first half, and then nothing."""
    yield DATA[: len(DATA) // 2]
    time.sleep(LONG)


def steady() -> Iterator[bytes]:
    """Longer than the timeout of the test, but always enough at a time."""
    step = len(DATA) // 12
    for start in range(0, len(DATA), step):
        yield DATA[start : start + step]
        time.sleep(0.15)


STREAMS: Final[dict[str, Callable[[], Iterable[bytes]]]] = {
    "/drip.jsonl": drip,
    "/stall.jsonl": stall,
    "/steady.jsonl": steady,
    "/endless.jsonl": lambda: repeat(line("a")),
    "/endless.jsonl.gz": lambda: repeat(gzip.compress(DATA)),
}


class Handler(BaseHTTPRequestHandler):
    """Serves one file under several paths. Each path represents a behavior of servers."""

    protocol_version = "HTTP/1.1"

    def do_HEAD(self) -> None:
        if (
            urlsplit(self.path).path == "/no-head.jsonl"
        ):  # This is how a signature for GET only behaves.
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
        elif parts.path == "/wrong.jsonl":
            self._answer(200, b"{}\n" + DATA, body=body)
        elif parts.path == "/silent.jsonl":
            time.sleep(LONG)
        elif parts.path in STREAMS:
            self._stream(STREAMS[parts.path](), body=body)
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

    def _stream(self, pieces: Iterable[bytes], *, body: bool) -> None:
        """Send pieces until the client hangs up. No header says how many there are."""
        self.send_response(200)
        self.end_headers()
        self.close_connection = True
        with suppress(ConnectionError):
            for piece in pieces if body else ():
                self.wfile.write(piece)

    def log_message(self, *_: object) -> None:
        """Print nothing."""


class Server(ThreadingHTTPServer):
    """A server that expects its clients to hang up."""

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    server = Server(("127.0.0.1", 0), Handler)
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


def test_missing_server_raises_connection_error() -> None:
    with pytest.raises(ConnectionRefusedError, match=r"http://127\.0\.0\.1:9/a\.jsonl"):
        check("http://127.0.0.1:9/a.jsonl")


@pytest.mark.parametrize(
    ("path", "sent"),
    [
        ("/silent.jsonl", "nothing"),
        ("/drip.jsonl", "only [0-9]+ bytes"),
        ("/stall.jsonl", "(nothing|only [0-9,]+ bytes)"),
    ],
)
def test_server_that_is_too_slow_is_a_timeout_error(site: str, path: str, sent: str) -> None:
    results = dict(check_many([site + path, f"{site}/a.jsonl"], read_timeout=2))

    assert results[f"{site}/a.jsonl"] == replace(check(DATA), path=f"{site}/a.jsonl")
    error = results[site + path]
    assert isinstance(error, TimeoutError)
    assert error.filename == site + path
    assert error.strerror is not None
    assert re.fullmatch(
        rf"the server sent {sent} in 2 seconds; raise --read-timeout \(read_timeout in Python\) "
        "to wait longer",
        error.strerror,
    )


@pytest.mark.parametrize("path", ["/silent.jsonl", "/drip.jsonl", "/stall.jsonl"])
def test_thread_that_reads_ends_after_a_timeout(site: str, path: str) -> None:
    before = threading.enumerate()
    with pytest.raises(TimeoutError):
        check(site + path, read_timeout=0.2)
    for thread in threading.enumerate():
        if thread.name == "batchlint-read" and thread not in before:
            thread.join(10)
            assert not thread.is_alive()


def test_slow_file_is_checked_as_long_as_enough_comes_in_time(site: str) -> None:
    began = time.monotonic()
    report = check(f"{site}/steady.jsonl", read_timeout=1)

    assert time.monotonic() - began > 1
    assert report == replace(check(DATA), path=f"{site}/steady.jsonl")


def test_time_in_which_the_pieces_are_in_use_does_not_count(site: str) -> None:
    findings = iter_errors(f"{site}/wrong.jsonl", read_timeout=1)
    first = next(findings)
    time.sleep(1.5)

    assert [first, *findings] == [*iter_errors(b"{}\n" + DATA)]


def test_whole_download_has_no_time_limit(site: str) -> None:
    filesystem, _ = RemoteFile(f"{site}/a.jsonl")._filesystem(7)
    own, _ = RemoteFile(f"{site}/a.jsonl", {"client_kwargs": {"trust_env": True}})._filesystem(7)

    assert filesystem.client_kwargs["timeout"].total is None
    assert own.client_kwargs == {"trust_env": True}


@pytest.mark.parametrize("path", ["/endless.jsonl", "/endless.jsonl.gz"])
def test_stream_without_an_end_is_limited(site: str, path: str) -> None:
    with pytest.raises(OSError, match=r"more than 3,000,000 bytes.*raise --max-unpacked-bytes"):
        check(site + path, max_unpacked_bytes=3_000_000)


def test_command_names_the_options_that_limit_a_url(site: str) -> None:
    urls = [f"{site}/endless.jsonl", f"{site}/drip.jsonl", f"{site}/a.jsonl"]
    result = run_command("check", "--max-unpacked-bytes", "4000000", "--read-timeout", "2", *urls)

    assert result.status == 2
    assert (
        f"{urls[0]}: it has more than 4,000,000 bytes; raise --max-unpacked-bytes "
        "(max_unpacked_bytes in Python) to check it"
    ) in result.err
    assert f"{urls[1]}: the server sent only " in result.err
    assert f"{urls[2]}" in result.out
