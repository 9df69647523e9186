"""Files at URLs: reading, decompressing, finding, and reporting errors.

The tests use fsspec's in-memory filesystem. The tests marked `remote` use servers.
"""

from __future__ import annotations

import errno
import gzip
import subprocess
import sys
import tarfile
import threading
from collections.abc import Iterator
from io import BytesIO
from itertools import islice
from pathlib import Path
from typing import Any, Final
from zipfile import ZipFile

import fsspec
import pytest
from fsspec.implementations.memory import MemoryFile, MemoryFileSystem

from batchlint import check
from batchlint.remote import file as remote_file
from batchlint.remote import find as remote_find
from batchlint.remote.file import RemoteFile
from batchlint.remote.filesystem import public_name
from batchlint.remote.find import MatchingFile, find, is_pattern
from batchlint.sources import RemoteSource, is_url, open_source
from support import line, run_command

DATA: Final = b"".join(b"%d %s\n" % (number, b"x" * (number % 50)) for number in range(9000))

#: The maximum duration of a search, longer than any test takes.
SECONDS: Final = 60


@pytest.fixture
def memory() -> Iterator[MemoryFileSystem]:
    filesystem = MemoryFileSystem()
    filesystem.store.clear()
    filesystem.pseudo_dirs[:] = [""]
    yield filesystem
    filesystem.store.clear()


# -- recognizing URLs -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("s3://bucket/key", True),
        ("https://host/a.jsonl?x=1", True),
        ("zip://a.jsonl::s3://bucket/a.zip", True),
        ("simplecache::s3://bucket/key", True),
        ("requests.jsonl", False),
        ("data::1.jsonl", False),
        ("directory/s3://bucket", False),
        ("c://directory/a.jsonl", False),
        ("-", False),
        (b"s3://bucket/key", False),
    ],
)
def test_is_url_requires_a_scheme(path: object, expected: bool) -> None:
    assert is_url(path) is expected


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("s3://bucket/key.jsonl", False),
        ("s3://bucket/*.jsonl", True),
        ("s3://bucket/part-?.jsonl", True),
        ("s3://bucket/part-[12].jsonl", True),
        ("s3://bucket/prefix/", True),
        ("https://host/a.jsonl?signature=1", False),
        ("https://host/a.jsonl?signature=*[/", False),
        ("https://host/*.jsonl", True),
        ("https://host/*?signature=1", True),
        ("https://host/", True),
        ("http://[::1]:80/a.jsonl", False),
        ("http://[::1]:80/[ab].jsonl", True),
        ("http://[::1]:80/", True),
        ("http://[::1]", False),
        ("simplecache::https://host/a.jsonl?signature=1", False),
        ("simplecache::s3://bucket/part-?.jsonl", True),
        ("zip://a.jsonl::https://host/a.zip?signature=*/", False),
        ("zip://b/::s3://bucket/a.zip", True),
    ],
)
def test_is_pattern_accepts_globs_and_prefixes(url: str, expected: bool) -> None:
    assert is_pattern(url) is expected


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://host/a.jsonl?signature=secret#part", "https://host/a.jsonl"),
        ("https://user:secret@host/a.jsonl", "https://host/a.jsonl"),
        ("swithhost://user:secret@host/a@b.jsonl", "swithhost://host/a@b.jsonl"),
        ("s3://bucket/a?b.jsonl", "s3://bucket/a?b.jsonl"),
        (
            "simplecache::https://user:secret@host/a.jsonl?x=secret",
            "simplecache::https://host/a.jsonl",
        ),
        ("zip://a.jsonl::https://host/a.zip?x=secret", "zip://a.jsonl::https://host/a.zip"),
    ],
)
def test_reports_show_urls_without_secrets(url: str, expected: str) -> None:
    assert public_name(url) == expected


# -- reading --------------------------------------------------------------------------------------


def test_file_is_read_in_chunks_of_whole_lines(
    memory: MemoryFileSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remote_file, "_PIECE_BYTES", 1000)
    memory.pipe("/b/a.jsonl", DATA)
    source = open_source("memory://b/a.jsonl")
    chunks = list(source.chunks())

    assert source.name == "memory://b/a.jsonl"
    assert source.size is None
    assert b"".join(chunks) == DATA
    assert all(chunk.endswith(b"\n") for chunk in chunks)
    assert max(map(len, chunks)) <= 1000 + 60


def test_head_is_read_again_with_the_chunks(memory: MemoryFileSystem) -> None:
    memory.pipe("/b/a.jsonl", DATA)
    source = open_source("memory://b/a.jsonl")

    assert DATA.startswith(source.head())
    assert b"".join(source.chunks()) == DATA


def test_compressed_file_is_decompressed_and_named_without_its_suffix(
    memory: MemoryFileSystem,
) -> None:
    memory.pipe("/b/a.jsonl.gz", gzip.compress(DATA))
    source = open_source("memory://b/a.jsonl.gz")

    assert source.name == "memory://b/a.jsonl"
    assert b"".join(source.chunks()) == DATA


def test_decompressed_size_is_limited(memory: MemoryFileSystem) -> None:
    memory.pipe("/b/a.jsonl.gz", gzip.compress(DATA))

    with pytest.raises(OSError, match="more than 999 bytes when decompressed"):
        list(open_source("memory://b/a.jsonl.gz", None, 999).chunks())


@pytest.mark.parametrize("data", [b"not gzip", gzip.compress(DATA)[:-20]], ids=["other", "cut"])
def test_damaged_compressed_file_raises_an_os_error(memory: MemoryFileSystem, data: bytes) -> None:
    memory.pipe("/b/a.jsonl.gz", data)

    with pytest.raises(OSError, match=r"memory://b/a\.jsonl\.gz"):
        list(open_source("memory://b/a.jsonl.gz").chunks())


class PathObject:
    """A path with its own filesystem, like a `UPath`."""

    protocol = "memory"
    storage_options: Final[dict[str, Any]] = {}

    def __init__(self, fs: MemoryFileSystem, path: str) -> None:
        self.fs = fs
        self.path = path

    def __str__(self) -> str:
        return f"memory:/{self.path}"


def test_path_object_is_read_through_its_filesystem(memory: MemoryFileSystem) -> None:
    memory.pipe("/b/a.jsonl", DATA)
    source = open_source(PathObject(memory, "/b/a.jsonl"))

    assert isinstance(source, RemoteSource)
    assert source.name == "memory://b/a.jsonl"
    assert b"".join(source.chunks()) == DATA


def test_open_file_of_a_filesystem_is_a_stream(memory: MemoryFileSystem) -> None:
    memory.pipe("/b/a.jsonl", DATA)
    with memory.open("/b/a.jsonl", "rb") as file:
        assert b"".join(open_source(file).chunks()) == DATA


def test_number_of_pieces_read_ahead_is_limited(
    memory: MemoryFileSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remote_file, "_PIECE_BYTES", 1000)
    memory.pipe("/b/a.jsonl", DATA)
    reads: list[int] = []

    class Counted:
        def __init__(self, file: Any) -> None:
            self.file = file

        def read(self, size: int) -> bytes:
            reads.append(size)
            data: bytes = self.file.read(size)
            return data

    pieces = RemoteFile("memory://b/a.jsonl").pieces(60, Counted)  # type: ignore[arg-type]
    next(pieces)
    threads = [thread for thread in threading.enumerate() if "batchlint-read" in thread.name]
    assert len(threads) == 1
    pieces.close()  # type: ignore[attr-defined]
    threads[0].join(10)

    assert 1 <= len(reads) <= 1 + remote_file._PIECES_AHEAD
    assert not threads[0].is_alive()


def test_stalled_stream_raises_timeout_error(
    memory: MemoryFileSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remote_file, "_PIECE_BYTES", 1000)
    memory.pipe("/b/a.jsonl", DATA)
    may_continue = threading.Event()

    class Stalled:
        def __init__(self, file: Any) -> None:
            self.file = file
            self.left = 3

        def read(self, size: int) -> bytes:
            self.left -= 1
            if self.left < 0:
                may_continue.wait(10)
            data: bytes = self.file.read(size)
            return data

    pieces = RemoteFile("memory://b/a.jsonl").pieces(0.05, Stalled)  # type: ignore[arg-type]
    assert b"".join(islice(pieces, 3)) == DATA[:3000]
    with pytest.raises(TimeoutError, match=r"sent only 3,000 bytes in 0\.05 seconds") as caught:
        next(pieces)
    may_continue.set()

    assert caught.value.filename == "memory://b/a.jsonl"


@pytest.fixture
def archive(tmp_path: Path) -> str:
    """The path of an archive with one file, `b/a.jsonl`."""
    path = tmp_path / "b.zip"
    with ZipFile(path, "w") as file:
        file.writestr("b/a.jsonl", line("a"))
    return str(path)


@pytest.mark.parametrize("cache", ["", "simplecache::"])
def test_file_in_an_archive_is_read(archive: str, cache: str) -> None:
    assert check(f"zip://b/a.jsonl::{cache}file://{archive}").ok


def test_file_in_an_archive_has_a_limit(archive: str) -> None:
    with pytest.raises(OSError, match="it has more than 9 bytes when decompressed"):
        check(f"zip://b/a.jsonl::file://{archive}", max_unpacked_bytes=9)


def test_stream_of_unknown_size_has_a_limit(
    memory: MemoryFileSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    memory.pipe("/b/a.jsonl", DATA)
    assert b"".join(open_source("memory://b/a.jsonl", None, 999).chunks()) == DATA

    monkeypatch.setattr(MemoryFile, "size", None)
    assert b"".join(open_source("memory://b/a.jsonl", None, len(DATA)).chunks()) == DATA
    with pytest.raises(OSError, match="it has more than 999 bytes; raise --max-unpacked-bytes"):
        list(open_source("memory://b/a.jsonl", None, 999).chunks())


def test_compressed_file_in_an_archive_is_decompressed(tmp_path: Path) -> None:
    archive = tmp_path / "a.zip"
    with ZipFile(archive, "w") as file:
        file.writestr("b/a.jsonl.gz", gzip.compress(line()))
    report = check(f"zip://b/a.jsonl.gz::file://{archive}")
    assert report.ok
    assert report.total == 1
    assert report.path == f"zip://b/a.jsonl::file://{archive}"


# -- finding --------------------------------------------------------------------------------------


@pytest.fixture
def bucket(memory: MemoryFileSystem) -> MemoryFileSystem:
    for name in ("b/2.jsonl", "b/1.jsonl", "b/in/3.JSONL", "b/in/4.jsonl.gz", "b/notes.txt"):
        memory.pipe(f"/{name}", b"{}\n")
    return memory


@pytest.mark.usefixtures("bucket")
def test_glob_finds_files_in_the_order_of_their_names() -> None:
    assert find("memory://b/*.jsonl", SECONDS) == [
        MatchingFile("memory:///b/1.jsonl", 3),
        MatchingFile("memory:///b/2.jsonl", 3),
    ]


@pytest.mark.usefixtures("bucket")
def test_glob_matches_any_file_name_but_no_directories() -> None:
    assert [file.url for file in find("memory://b/*", SECONDS)] == [
        "memory:///b/1.jsonl",
        "memory:///b/2.jsonl",
        "memory:///b/notes.txt",
    ]


@pytest.mark.usefixtures("bucket")
def test_prefix_matches_all_jsonl_files_below_it() -> None:
    assert [file.url for file in find("memory://b/", SECONDS)] == [
        "memory:///b/1.jsonl",
        "memory:///b/2.jsonl",
        "memory:///b/in/3.JSONL",
        "memory:///b/in/4.jsonl.gz",
    ]


@pytest.mark.usefixtures("bucket")
@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("memory://b/*.json", "no files match"),
        ("memory://b/none/", "no .jsonl files below this prefix"),
    ],
)
def test_pattern_without_files_raises_file_not_found_error(url: str, message: str) -> None:
    with pytest.raises(FileNotFoundError) as caught:
        find(url, SECONDS)
    assert (caught.value.strerror, caught.value.filename) == (message, url)


def test_colons_in_a_name_do_not_start_a_chain(memory: MemoryFileSystem) -> None:
    memory.pipe("/b/a.jsonl", line("a"))
    memory.pipe("/b/a.jsonl::1.jsonl", b"{}")

    assert [file.url for file in find("memory://b/", SECONDS)] == [
        "memory:///b/a.jsonl",
        "memory:///b/a.jsonl::1.jsonl",
    ]
    assert check("memory:///b/a.jsonl::1.jsonl").bytes == 2
    assert check("memory://b/a.jsonl").ok


def test_command_removes_temporary_copies(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(line("a"))
    folder = tmp_path / "temporary"
    folder.mkdir()
    result = run_command(
        "check", f"simplecache::file://{tmp_path}/a.jsonl", env={"TMPDIR": str(folder)}
    )

    assert (result.status, result.err) == (0, "")
    assert not list(folder.iterdir())


@pytest.mark.parametrize(
    ("url", "report"),
    [
        ("file://{}/a.jsonl", "a.jsonl"),
        ("file://{}/*.jsonl", "a.jsonl"),
        ("local://{}/a.jsonl", "a.jsonl"),
        ("simplecache::file://{}/a.jsonl", "a.jsonl"),
        ("zip://a.jsonl::file://{}/a.zip", "a.zip"),
    ],
)
def test_report_never_overwrites_an_input_at_a_local_url(
    url: str, report: str, tmp_path: Path
) -> None:
    (tmp_path / "a.jsonl").write_bytes(line("a"))
    with ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("a.jsonl", line("a"))
    before = (tmp_path / report).read_bytes()
    result = run_command("check", url.format(tmp_path), f"--output=json={tmp_path / report}")

    assert result.status == 2
    assert "which is an input file" in result.err
    assert (tmp_path / report).read_bytes() == before


def test_glob_finds_files_in_an_archive(memory: MemoryFileSystem) -> None:
    with memory.open("/b.zip", "wb") as file, ZipFile(file, "w") as archive:
        archive.writestr("a.jsonl", line("a"))

    (found,) = find("zip://*.jsonl::memory://b.zip", SECONDS)

    assert found.url == "zip://a.jsonl::memory://b.zip"
    assert check(found.url).ok


@pytest.mark.parametrize("pattern", ["b/", "b/*.jsonl", "**/a.jsonl"])
def test_pattern_finds_files_in_an_archive_on_disk(archive: str, pattern: str) -> None:
    (found,) = find(f"zip://{pattern}::file://{archive}", SECONDS)

    assert found.url == f"zip://b/a.jsonl::file://{archive}"
    assert check(found.url).ok


def test_number_of_files_in_an_archive_is_limited(
    archive: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reading one of them takes time proportional to the number of all entries."""
    with ZipFile(archive, "a") as file:
        file.writestr("c.txt", "")
    monkeypatch.setattr(remote_find, "_MAX_ARCHIVE_WORK", 2)

    with pytest.raises(OSError, match="the archive has 3 entries, and 1 of them match; extract it"):
        find(f"zip://b/::file://{archive}", SECONDS)


@pytest.mark.parametrize(
    ("limit", "value"), [("_MAX_ARCHIVE_WORK", 7), ("_MAX_STREAM_BYTES", 1000)]
)
def test_work_for_a_compressed_stream_is_limited(
    limit: str, value: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.jsonl").write_bytes(line("a"))
    (tmp_path / "large").write_bytes(bytes(1000))
    for name, mode in (("b.tar", "w"), ("b.tar.gz", "w:gz")):
        with tarfile.open(str(tmp_path / name), mode) as archive:  # type: ignore[call-overload]
            archive.add(tmp_path / "a.jsonl", "b/a.jsonl")
            archive.add(tmp_path / "large", "large")
    urls = [f"tar://b/::file://{tmp_path}/{name}" for name in ("b.tar", "b.tar.gz")]
    assert [len(find(url, SECONDS)) for url in urls] == [1, 1]

    monkeypatch.setattr(remote_find, limit, value)
    with pytest.raises(OSError, match="the archive has 3 entries, and 1 of them match; extract it"):
        find(urls[1], SECONDS)


@pytest.mark.parametrize("pattern", ["b/", "b/**"])
def test_name_in_an_archive_cannot_refer_to_another_file(tmp_path: Path, pattern: str) -> None:
    path = tmp_path / "b.zip"
    with ZipFile(path, "w") as archive:
        archive.writestr("b/x::file:///other.jsonl", line("a"))
    message = "the name of a file contains '::': b/x::file:///other.jsonl"

    with pytest.raises(OSError, match=message):
        find(f"zip://{pattern}::file://{path}", SECONDS)
    with pytest.raises(OSError, match=message):
        find(f"zip://{pattern}", SECONDS, {"fo": str(path)})


@pytest.mark.parametrize("pattern", ["*.jsonl", ""])
def test_pattern_after_a_cache_finds_files(memory: MemoryFileSystem, pattern: str) -> None:
    memory.pipe("/b/a.jsonl", line("a"))

    (found,) = find(f"simplecache::memory://b/{pattern}", SECONDS)

    assert found.url == "simplecache::memory:///b/a.jsonl"
    assert check(found.url).ok


@pytest.mark.parametrize("pattern", ["", "*.jsonl", "**"])
def test_symbolic_links_to_files_are_found(tmp_path: Path, pattern: str) -> None:
    folder = tmp_path / "b"
    folder.mkdir()
    (tmp_path / "a.txt").touch()
    for name, target in (("a", "../a.txt"), ("loop", "../b")):
        (folder / f"{name}.jsonl").symlink_to(target)
    assert [file.url for file in find(f"file://{folder}/{pattern}", SECONDS)] == [
        f"file://{folder}/a.jsonl"
    ]


def test_pattern_below_a_directory_filesystem_finds_files(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(line("a"))

    (found,) = find(f"dir://*.jsonl::file://{tmp_path}", SECONDS)

    assert found.url == f"dir://a.jsonl::file://{tmp_path}"
    assert check(found.url).ok


class HostFileSystem(MemoryFileSystem):  # type: ignore[misc]
    """Like FTP and SFTP: the host of a URL is not part of the path."""

    protocol = "withhost"

    @classmethod
    def _strip_protocol(cls, path: str) -> str:
        if "://" in path:
            path = "/" + path.removeprefix("withhost://").partition("/")[2]
        return path.rstrip("/")


@pytest.mark.parametrize("pattern", ["*.jsonl", ""])
def test_pattern_keeps_the_host_of_the_url(memory: MemoryFileSystem, pattern: str) -> None:
    memory.pipe("/b/a.jsonl", line("a"))
    fsspec.register_implementation("withhost", HostFileSystem, clobber=True)

    (found,) = find(f"withhost://user@host/b/{pattern}", SECONDS)

    assert found.url == "withhost://user@host/b/a.jsonl"


class DriverFileSystem(MemoryFileSystem):  # type: ignore[misc]
    """Like HDFS: the filesystem uses another library's, which has no protocol."""

    protocol = "withdriver"
    fs: Final = object()

    @classmethod
    def _strip_protocol(cls, path: str) -> str:
        return "/" + path.removeprefix("withdriver://").strip("/")


@pytest.mark.parametrize("pattern", ["*.jsonl", ""])
def test_pattern_finds_files_through_the_driver_of_another_library(
    memory: MemoryFileSystem, pattern: str
) -> None:
    memory.pipe("/b/a.jsonl", line("a"))
    fsspec.register_implementation("withdriver", DriverFileSystem, clobber=True)

    (found,) = find(f"withdriver://b/{pattern}", SECONDS)

    assert found.url == "withdriver:///b/a.jsonl"
    assert check(found.url).ok


# -- errors ---------------------------------------------------------------------------------------


@pytest.mark.usefixtures("memory")
def test_missing_file_raises_file_not_found_error() -> None:
    with pytest.raises(FileNotFoundError) as caught:
        open_source("memory://b/none.jsonl").head()
    assert str(caught.value) == "[Errno 2] no such file: 'memory://b/none.jsonl'"


class ClientError(Exception):
    """An HTTP client's error. Its text contains the whole URL."""

    status = 500
    message = "Internal Server Error"

    def __str__(self) -> str:
        return "500, url='https://host/a.jsonl?signature=secret'"


class ForbiddenError(ClientError):
    status = 403
    message = "Forbidden"


class TalkativeError(ClientError):
    status = 400
    message = "Bad status line:\n\n  b'" + 1000 * "x"


def caused_by(cause: Exception) -> Exception:
    """Return the FileNotFoundError that fsspec raises for any HTTP error, with this cause."""
    error = FileNotFoundError("https://host/a.jsonl?signature=secret")
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("raised", "kind", "number", "message"),
    [
        (FileNotFoundError("b/a"), FileNotFoundError, errno.ENOENT, "no such file"),
        (PermissionError("Access Denied"), PermissionError, errno.EACCES, "access denied: Access Denied"),
        (caused_by(ForbiddenError()), PermissionError, errno.EACCES, "access denied: HTTP status 403 Forbidden"),
        (caused_by(ClientError()), OSError, errno.EIO, "HTTP status 500 Internal Server Error"),
        (TimeoutError(), TimeoutError, errno.ETIMEDOUT, "the server did not respond in time"),
        (ConnectionResetError(errno.ECONNRESET, "reset"), ConnectionResetError, errno.ECONNRESET, "reset"),
        (ValueError("a\nb"), OSError, errno.EIO, "a"),
        (caused_by(TalkativeError()), OSError, errno.EIO, "HTTP status 400 Bad status line:"),
        (RuntimeError(), OSError, errno.EIO, "RuntimeError"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else None,
)  # fmt: skip
def test_filesystem_exceptions_become_os_errors(
    monkeypatch: pytest.MonkeyPatch, raised: Exception, kind: type, number: int, message: str
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise raised

    monkeypatch.setattr(MemoryFileSystem, "_open", refuse)

    with pytest.raises(OSError, match=r"'memory://b/a\.jsonl'") as caught:
        open_source("memory://b/a.jsonl").head()
    assert (type(caught.value), caught.value.errno, caught.value.strerror) == (
        kind,
        number,
        message,
    )
    assert "secret" not in str(caught.value)


def test_missing_driver_names_its_package() -> None:
    with pytest.raises(OSError, match=r"hf:// URLs need the package huggingface_hub: pip install"):
        open_source("hf://datasets/a/b.jsonl").head()


def test_unknown_scheme_is_named() -> None:
    with pytest.raises(OSError, match="Protocol not known: nothing"):
        open_source("nothing://b/a.jsonl").head()


WITHOUT_FSSPEC: Final = """
import sys
sys.modules["fsspec"] = None
import batchlint
try:
    batchlint.check(sys.argv[1])
except OSError as error:
    print(error.strerror)
"""


@pytest.mark.parametrize(
    ("url", "pipe"),
    [
        ("s3://b/a.jsonl", "aws s3 cp s3://b/a.jsonl - | batchlint check -"),
        ("s3://b/a.jsonl.gz", "aws s3 cp s3://b/a.jsonl.gz - | gunzip | batchlint check -"),
    ],
)
def test_error_without_fsspec_suggests_the_extra_or_a_pipe(url: str, pipe: str) -> None:
    completed = subprocess.run(
        [sys.executable, "-c", WITHOUT_FSSPEC, url], capture_output=True, text=True, check=True
    )

    assert completed.stdout == (
        f'URLs need the "remote" extra: pip install "batchlint[remote]". Or pipe the file: {pipe}\n'
    )


# -- columns --------------------------------------------------------------------------------------


def test_findings_that_compare_lines_have_columns(memory: MemoryFileSystem) -> None:
    memory.pipe("/b/a.jsonl", line("a") + line("a"))

    (error,) = check("memory://b/a.jsonl").errors
    assert (error.line, error.column) == (2, 15)


def test_stream_that_fails_to_seek_has_no_columns_for_duplicates() -> None:
    """Fsspec's streamed HTTP files are such streams."""

    class Claiming(BytesIO):
        def seek(self, *_: Any) -> int:
            raise ValueError("Cannot seek streaming HTTP file")

    (error,) = check(Claiming(line("a") + line("a"))).errors
    assert (error.line, error.column) == (2, None)
