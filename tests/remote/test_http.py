"""Files on HTTP servers that work, fail, stall or never finish."""

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
from batchlint.remote.file import RemoteFile
from batchlint.remote.find import _split_glob, find
from support import line, run_command

pytestmark = pytest.mark.remote

DATA: Final = b"".join(line(f"{number}", user="x" * 500) for number in range(5000)) + line("0")


#: A time in seconds that is longer than any test takes.
LONG: Final = 60


def drip() -> Iterator[bytes]:
    """Send one byte every 0.1 seconds."""
    for number in range(10 * LONG):
        yield DATA[number : number + 1]
        time.sleep(0.1)


def stall() -> Iterator[bytes]:
    """Send the first half, then nothing."""
    yield DATA[: len(DATA) // 2]
    time.sleep(LONG)


def steady() -> Iterator[bytes]:
    """Send enough data in each interval, but take longer than the timeout in total."""
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


LISTINGS: Final = dict.fromkeys(
    ("/self/", "/self/."), b"<a href='./'>.</a> <a href='none/'>none</a> <a href='a.jsonl'>a</a>"
) | {
    "/up/": b"<a href='../'>x</a> <a href='../a.jsonl'>x</a> <a href='../self/'>x</a> "
    b"<a href='%2e%2e/a.jsonl'>x</a> <a href='.\t./a.jsonl'>x</a> <a href='a.jsonl'>a</a>",
    # fsspec's regular expression takes minutes for this page.
    "/spaces/": b"<a" + b" " * 4000 + b"<a href='a.jsonl'>a</a>",
    "/links/": b"<A class='x' HREF=\"?sort=name\">x</A> <a title='>' href='no.jsonl'>x</a> "
    b"<a href='a.jsonl'>a</a> <a href='/links/b&amp;c.jsonl'>b</a> <a href='http://[/'>x</a> "
    b"<a href='d/x.jsonl'>x</a> <a href='e/x.jsonl'>x</a> <area href='no.jsonl'> "
    b"http://{host}/links/f.jsonl https://{host}/links/g.jsonl http://other/links/no.jsonl",
    "/schemes/": b"<a href='a.jsonl'>a</a> <a href='x://{host}/schemes/b.jsonl'>x</a> "
    b"<a href='x://{host}/schemes/c/'>x</a>",
    "/quotes/": b"<a href=\"it's.jsonl\">a</a> <a href='&#39;&#x27;.jsonl'>b</a> "
    b"<a href='&lt;&copy.jsonl'>c</a> <a href='?a#b'>x</a> <a href='#c'>x</a> <a href='d#e'>d</a>",
    "/deep/": b"<a href='" + b"x/" * 70 + b"a.jsonl'>a</a>",
    "/endless-address/": b"<a href='" + b"%2e" * 30_000 + b".jsonl'>x</a> <a href='a.jsonl'>a</a>",
    "/%C3%BC%20x/": b"<a href='/%C3%BC%20x/%C3%BC%201.jsonl'>1</a> <a href='2.jsonl'>2</a>",
    "/tree/": b"<a href='1/'>1</a> <a href='2/'>2</a>",
    "/tree/1/": b"<a href='a.jsonl'>a</a> <a href='deep/'>deep</a>",
    "/tree/1/deep/": b"<a href='b.jsonl'>b</a> <a href='c.txt'>c</a>",
    "/tree/2/": b"<a href='a.jsonl'>a</a> <a href='denied/'>x</a>",
    "/no-slash": b"<a href='a.jsonl'>a</a>",
}


class Handler(BaseHTTPRequestHandler):
    """Serves one file under several paths. Each path simulates a server with a different behavior."""

    protocol_version = "HTTP/1.1"

    def do_HEAD(self) -> None:
        # A URL that is signed only for GET behaves like this.
        if urlsplit(self.path).path == "/no-head.jsonl":
            self._respond(403, b"")
        else:
            self._respond_to_path(body=False)

    def do_GET(self) -> None:
        self._respond_to_path(body=True)

    def _respond_to_path(self, *, body: bool) -> None:  # noqa: PLR0912
        parts = urlsplit(self.path)
        if parts.path in ("/a.jsonl", "/self/a.jsonl", "/up/a.jsonl", "/no-head.jsonl"):
            self._respond(200, DATA, body=body)
        elif parts.path == "/signed.jsonl":
            self._respond(200 if parts.query == "signature=secret" else 403, DATA, body=body)
        elif parts.path == "/a.jsonl.gz":
            self._respond(200, gzip.compress(DATA), body=body)
        elif parts.path in ("/encoded.jsonl", "/encoded.jsonl.gz"):
            self._respond(200, gzip.compress(DATA), body=body, encoding="gzip")
        elif parts.path == "/wrongly-encoded.jsonl":
            self._respond(200, DATA, body=body, encoding="UTF-8, aws-chunked")
        elif parts.path == "/encoded-cut.jsonl":
            # `Content-Length` is the truncated size, so only decompression reveals the truncation.
            self._respond(200, gzip.compress(DATA)[:-20], body=body, encoding="gzip")
        elif parts.path == "/brotli.jsonl":
            self._respond(200, DATA, body=body, encoding="br")
        elif parts.path == "/dropped.jsonl":
            self._respond(200, DATA, body=body, sent=len(DATA) // 2)
        elif re.fullmatch(r"/(206|401|403|410|500)\.jsonl", parts.path):
            self._respond(int(parts.path[1:4]), line("a"), body=body)
        elif parts.path == "/wrong.jsonl":
            self._respond(200, b"{}\n" + DATA, body=body)
        elif parts.path == "/changing.jsonl":
            changes = self.server.changes = getattr(self.server, "changes", 0) + body  # type: ignore[attr-defined]
            data = b"%b%b" % (line("a"), line("a", seed=changes))
            self._respond(200, data, body=body, version=f'"{changes}"')
        elif parts.path in LISTINGS:
            host = self.headers["Host"].encode()
            self._respond(200, LISTINGS[parts.path].replace(b"{host}", host), body=body)
        elif parts.path.startswith("/slow/"):
            time.sleep(0.2)
            self._respond(200, b"<a href='slow/'>slow</a>", body=body)
        elif parts.path == "/data/":
            self._respond(200, b"<a href='a.jsonl'>a</a>", body=body, content_type="text/plain")
        elif parts.path.startswith("/loop/"):
            self._respond(200, b"<a href='loop/'>loop</a> <a href='again/'>again</a>", body=body)
        elif parts.path.endswith("/denied/"):
            self._respond(403, b"no", body=body)
        elif parts.path in ("/silent.jsonl", "/silent/"):
            time.sleep(LONG)
        elif parts.path in STREAMS:
            self._stream(STREAMS[parts.path](), body=body)
        else:
            self._respond(404, b"no", body=body)

    def _respond(
        self,
        status: int,
        data: bytes,
        *,
        body: bool = True,
        sent: int | None = None,
        encoding: str | None = None,
        content_type: str | None = None,
        version: str | None = None,
    ) -> None:
        self.send_response(status)
        if version is not None:
            self.send_header("ETag", version)
        if content_type is not None:
            self.send_header("Content-Type", content_type)
        if encoding is not None:
            self.send_header("Content-Encoding", encoding)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if body:
            self.wfile.write(data[:sent])
        if sent is not None and body:
            self.wfile.flush()
            self.close_connection = True

    def _stream(self, pieces: Iterable[bytes], *, body: bool) -> None:
        """Send pieces without a Content-Length header until the client disconnects."""
        self.send_response(200)
        self.end_headers()
        self.close_connection = True
        with suppress(ConnectionError):
            for piece in pieces if body else ():
                self.wfile.write(piece)

    def log_message(self, *_: object) -> None:
        """Print nothing."""


class Server(ThreadingHTTPServer):
    """A server whose clients may disconnect at any time."""

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


@pytest.mark.parametrize(
    "path",
    [
        "/a.jsonl",
        "/no-head.jsonl",
        "/a.jsonl.gz",
        "/encoded.jsonl",
        "/encoded.jsonl.gz",
        "/wrongly-encoded.jsonl",
    ],
)
def test_remote_file_gives_the_same_report_as_a_local_one(site: str, path: str) -> None:
    report = check(site + path)

    assert report == replace(check(DATA), path=site + path.removesuffix(".gz"))
    assert [error.line for error in report.errors] == [5001]


def test_query_string_is_sent_but_never_printed(site: str) -> None:
    assert check(f"{site}/signed.jsonl?signature=secret").path == f"{site}/signed.jsonl"
    with pytest.raises(PermissionError, match="HTTP status 403 Forbidden") as caught:
        check(f"{site}/signed.jsonl?signature=wrong")
    assert "wrong" not in str(caught.value)


def test_dropped_connection_is_an_error_only_for_its_file(site: str) -> None:
    results = dict(check_many([f"{site}/dropped.jsonl", f"{site}/a.jsonl"]))

    assert results[f"{site}/a.jsonl"] == replace(check(DATA), path=f"{site}/a.jsonl")
    error = results[f"{site}/dropped.jsonl"]
    assert isinstance(error, OSError)
    assert "not completed" in str(error) or "Not enough data" in str(error)


@pytest.mark.parametrize(
    ("path", "error_type", "message"),
    [
        (
            "/encoded-cut.jsonl",
            OSError,
            "Compressed file ended before the end-of-stream marker was reached",
        ),
        ("/brotli.jsonl", OSError, "Content-Encoding is br, but only gzip can be read"),
        ("/206.jsonl", OSError, "HTTP status 206 instead of 200: the file may be incomplete"),
        ("/404.jsonl", FileNotFoundError, "no such file"),
        ("/410.jsonl", FileNotFoundError, "no such file"),
        ("/401.jsonl", PermissionError, "access denied: HTTP status 401 Unauthorized"),
        ("/403.jsonl", PermissionError, "access denied: HTTP status 403 Forbidden"),
        ("/500.jsonl", OSError, "HTTP status 500 Internal Server Error"),
    ],
)
def test_http_error_raises_the_matching_os_error(
    site: str, path: str, error_type: type[OSError], message: str
) -> None:
    with pytest.raises(error_type) as caught:
        check(site + path)
    assert caught.value.strerror == message
    assert caught.value.filename == site + path


def test_refused_connection_raises_connection_refused_error() -> None:
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
def test_server_slower_than_the_timeout_is_an_error_only_for_its_file(
    site: str, path: str, sent: str
) -> None:
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
def test_reading_thread_ends_after_a_timeout(site: str, path: str) -> None:
    before = threading.enumerate()
    with pytest.raises(TimeoutError):
        check(site + path, read_timeout=0.2)
    for thread in threading.enumerate():
        if thread.name == "batchlint-read" and thread not in before:
            thread.join(10)
            assert not thread.is_alive()


def test_slow_download_is_checked_if_data_arrives_within_each_timeout(site: str) -> None:
    began = time.monotonic()
    report = check(f"{site}/steady.jsonl", read_timeout=1)

    assert time.monotonic() - began > 1
    assert report == replace(check(DATA), path=f"{site}/steady.jsonl")


def test_timeout_excludes_time_spent_in_the_caller(site: str) -> None:
    findings = iter_errors(f"{site}/wrong.jsonl", read_timeout=1)
    first = next(findings)
    time.sleep(1.5)

    assert [first, *findings] == [*iter_errors(b"{}\n" + DATA)]


def test_total_download_time_is_unlimited(site: str) -> None:
    filesystem, _ = RemoteFile(f"{site}/a.jsonl")._filesystem(7)
    customized, _ = RemoteFile(
        f"{site}/a.jsonl", {"client_kwargs": {"trust_env": True}}
    )._filesystem(7)

    assert filesystem.client_kwargs["timeout"].total is None
    assert customized.client_kwargs == {"trust_env": True}


@pytest.mark.parametrize("path", ["/endless.jsonl", "/endless.jsonl.gz"])
def test_endless_stream_is_limited_by_max_unpacked_bytes(site: str, path: str) -> None:
    with pytest.raises(OSError, match=r"more than 3,000,000 bytes.*raise --max-unpacked-bytes"):
        check(site + path, max_unpacked_bytes=3_000_000)


def test_error_about_a_limit_names_the_option_that_raises_it(site: str) -> None:
    urls = [f"{site}/endless.jsonl", f"{site}/drip.jsonl", f"{site}/a.jsonl"]
    result = run_command("check", "--max-unpacked-bytes", "4000000", "--read-timeout", "2", *urls)

    assert result.status == 2
    assert (
        f"{urls[0]}: it has more than 4,000,000 bytes; raise --max-unpacked-bytes "
        "(max_unpacked_bytes in Python) to check it"
    ) in result.err
    assert f"{urls[1]}: the server sent only " in result.err
    assert f"{urls[2]}" in result.out


def paths(site: str, pattern: str) -> list[str]:
    """Return the paths of the files that match a glob or prefix on the server."""
    return [file.url.removeprefix(site) for file in find(site + pattern, LONG)]


def test_directory_that_links_to_itself_is_listed(site: str) -> None:
    (found,) = find(f"{site}/self/", LONG)
    assert check(found.url).bytes == len(DATA)


@pytest.mark.parametrize("pattern", ["", "**", "*.jsonl"])
def test_links_out_of_the_directory_are_ignored(site: str, pattern: str) -> None:
    assert paths(site, f"/up/{pattern}") == ["/up/a.jsonl"]


def test_page_with_many_spaces_in_a_tag_is_listed(site: str) -> None:
    assert paths(site, "/spaces/") == ["/spaces/a.jsonl"]


def test_links_may_be_relative_or_absolute_or_plain_text(site: str) -> None:
    assert [
        path.removeprefix(site.replace("http", "https")) for path in paths(site, "/links/")
    ] == [
        "/links/a.jsonl",
        "/links/b&c.jsonl",
        "/links/d/x.jsonl",
        "/links/e/x.jsonl",
        "/links/f.jsonl",
        "/links/g.jsonl",
    ]


@pytest.mark.parametrize("pattern", ["**", "*"])
def test_addresses_may_have_quotes_and_character_references(site: str, pattern: str) -> None:
    assert paths(site, f"/quotes/{pattern}") == [
        f"/quotes/{name}" for name in ("''.jsonl", "<&copy.jsonl", "d", "it's.jsonl")
    ]


@pytest.mark.parametrize("pattern", ["", "**", "*.jsonl"])
def test_links_with_other_schemes_are_ignored(site: str, pattern: str) -> None:
    assert paths(site, f"/schemes/{pattern}") == ["/schemes/a.jsonl"]


def test_addresses_that_no_server_accepts_are_ignored(site: str) -> None:
    assert paths(site, "/endless-address/") == ["/endless-address/a.jsonl"]


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]"])
def test_glob_keeps_the_host_and_ignores_its_brackets(host: str) -> None:
    assert _split_glob(f"http://{host}:80/b/[ab]*/x") == (f"http://{host}:80/b/", "[ab]*/x")


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("/tree/1/*.jsonl", ["/tree/1/a.jsonl"]),
        ("/tree/1/**/*.jsonl", ["/tree/1/a.jsonl", "/tree/1/deep/b.jsonl"]),
        ("/tree/1/**", ["/tree/1/a.jsonl", "/tree/1/deep/b.jsonl", "/tree/1/deep/c.txt"]),
        ("/tree/1/", ["/tree/1/a.jsonl", "/tree/1/deep/b.jsonl"]),
        ("/tree/*/deep/[!c]*", ["/tree/1/deep/b.jsonl"]),
        ("/tree/*1/**/deep/**/b.jsonl", ["/tree/1/deep/b.jsonl"]),
        ("/tree/[12]/a.jsonl", ["/tree/1/a.jsonl", "/tree/2/a.jsonl"]),
        ("/no-slash/", ["/no-slash/a.jsonl"]),
        ("/%C3%BC%20x/", ["/%C3%BC%20x/%C3%BC%201.jsonl", "/%C3%BC%20x/2.jsonl"]),
        ("/ü x/ü *", ["/%C3%BC%20x/%C3%BC%201.jsonl"]),
        ("/ü x/2*", ["/ü x/2.jsonl"]),
        ("/no-slash/*", ["/no-slash/a.jsonl"]),
    ],
)
def test_glob_lists_only_directories_that_may_match(
    site: str, pattern: str, expected: list[str]
) -> None:
    assert paths(site, pattern) == expected


@pytest.mark.parametrize("pattern", ["/tree/", "/tree/**/*.jsonl", "/tree/2/*/*.jsonl"])
def test_unreadable_directory_is_an_error(site: str, pattern: str) -> None:
    with pytest.raises(PermissionError):
        find(site + pattern, LONG)


@pytest.mark.parametrize("pattern", ["/none/", "/none/*", "/data/", "/tree/1/*.txt"])
def test_search_without_matches_is_an_error(site: str, pattern: str) -> None:
    with pytest.raises(FileNotFoundError) as caught:
        find(site + pattern, LONG)
    assert caught.value.filename == site + pattern


def test_double_star_must_be_a_whole_path_segment(site: str) -> None:
    with pytest.raises(OSError, match=r"\*\* must be a whole path segment"):
        find(f"{site}/tree/**.jsonl", LONG)


@pytest.mark.parametrize("pattern", ["/loop/", "/loop/**/x.jsonl", "/deep/"])
def test_endless_directories_are_an_error(site: str, pattern: str) -> None:
    with pytest.raises(OSError, match="too many levels of directories") as caught:
        find(site + pattern, LONG)
    assert caught.value.filename == site + pattern


@pytest.mark.parametrize(
    ("limit", "value", "message"),
    [
        ("_MAX_DIRECTORIES", 1, "there are more than 1 directories"),
        ("_MAX_LINKS", 3, "there are more than 3 links in directory pages"),
        ("_MAX_MEBIBYTES", 0, "there are more than 0 MiB of directory pages"),
        ("_MAX_URL_CHARACTERS", 60, "there are more than 60 characters in links"),
    ],
)
@pytest.mark.parametrize("cache", ["", "simplecache::"])
def test_search_is_limited(
    site: str, monkeypatch: pytest.MonkeyPatch, cache: str, limit: str, value: int, message: str
) -> None:
    monkeypatch.setattr(f"batchlint.remote.http.{limit}", value)
    with pytest.raises(OSError, match=f"{message}; use a longer prefix, or name the files"):
        find(f"{cache}{site}/tree/1/", LONG)


@pytest.mark.parametrize("path", ["/slow/", "/silent/"])
def test_search_has_a_time_limit(site: str, path: str) -> None:
    with pytest.raises(TimeoutError, match=r"listing the directories took more than 0\.5 seconds"):
        find(site + path, 0.5)


def test_read_timeout_of_the_command_limits_a_search(site: str) -> None:
    result = run_command("check", "--read-timeout", "1", f"{site}/silent/")

    assert result.status == 2
    assert (
        f"{site}/silent/: listing the directories took more than 1 seconds; use a longer prefix, or "
        "raise --read-timeout (read_timeout in Python)"
    ) in result.err


def test_search_through_a_cache_keeps_its_scheme(site: str) -> None:
    (found,) = find(f"simplecache::{site}/up/*.jsonl", LONG)
    assert found.url == f"simplecache::{site}/up/a.jsonl"


def test_file_that_changes_between_two_downloads_has_no_columns_for_duplicates(site: str) -> None:
    columns = {error.rule: error.column for error in check(f"{site}/changing.jsonl").errors}
    assert columns["duplicate_custom_id"] is None
    assert columns["unknown_parameter"] is not None


def test_prefix_on_a_silent_server_times_out(site: str) -> None:
    ((name, result),) = check_many(f"{site}/silent/", read_timeout=0.5)
    assert name == f"{site}/silent/"
    assert isinstance(result, TimeoutError)
