"""Sources of lines: `head`, `chunks` and `read_range` of each kind."""

from __future__ import annotations

import gzip
import io
import os
import pickle
import sys
import threading
from collections.abc import Callable, Iterator
from io import BufferedReader, BytesIO, RawIOBase, StringIO
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batchlint import sources
from batchlint.sources import (
    CHUNK_BYTES,
    MAX_HEAD_BYTES,
    BytesSource,
    FileSource,
    ItemSource,
    Source,
    StreamSource,
    is_gzipped,
    open_file,
    open_source,
    to_json_bytes,
    to_json_text,
)

DATA: Final = (
    b"".join(b"%d %s\n" % (number, b"x" * (number % 50)) for number in range(200)) + b"end"
)


class Socket(RawIOBase):
    """A stream that returns a few bytes at a time."""

    def __init__(self, data: bytes) -> None:
        self._data = BytesIO(data)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return self._data.readinto(memoryview(buffer)[:7])


class Bare:
    """A stream that has only a `read` method."""

    def __init__(self, data: bytes) -> None:
        self._data = BytesIO(data)

    def read(self, size: int) -> bytes:
        return self._data.read(min(size, 100))


Maker = Callable[[bytes, Path], Source]


def _file(data: bytes, directory: Path) -> Source:
    path = directory / "file"
    path.write_bytes(data)
    return open_source(path)


MAKERS: Final[dict[str, Maker]] = {
    "bytes": lambda data, _: open_source(data),
    "file": _file,
    "stream": lambda data, _: open_source(BytesIO(data)),
    "buffered socket": lambda data, _: open_source(BufferedReader(Socket(data))),
    "raw socket": lambda data, _: open_source(Socket(data)),
    "bare stream": lambda data, _: open_source(Bare(data)),
    "lines": lambda data, _: open_source(BytesIO(data).readlines()),
}


@pytest.fixture(params=MAKERS.values(), ids=list(MAKERS))
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[bytes], Source]:
    """Return a function that makes a source of one kind from bytes."""
    maker: Maker = request.param
    return lambda data: maker(data, tmp_path)


def with_final_newline(data: bytes) -> bytes:
    return data if data.endswith(b"\n") or not data else data + b"\n"


# -- chunks ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [1, 10, 300, 1_000_000])
def test_chunks_are_whole_lines_and_contain_every_byte(
    size: int, make: Callable[[bytes], Source]
) -> None:
    chunks = list(make(DATA).chunks(size))

    assert with_final_newline(b"".join(chunks)) == with_final_newline(DATA)
    assert all(chunk.endswith(b"\n") for chunk in chunks[:-1])
    assert all(chunks)


def test_chunks_have_about_the_requested_size(make: Callable[[bytes], Source]) -> None:
    chunks = list(make(DATA).chunks(300))

    assert len(chunks) > 5
    assert max(map(len, chunks)) <= 300 + 60


@pytest.mark.parametrize("data", [b"", b"\n", b"\n\n\n", b"a", b"a\n", b"a\r\nb\rc\n"], ids=repr)
def test_chunks_of_short_data(data: bytes, make: Callable[[bytes], Source]) -> None:
    chunks = list(make(data).chunks(1))

    assert with_final_newline(b"".join(chunks)) == with_final_newline(data)
    assert all(chunk.count(b"\n") <= 1 for chunk in chunks)


def test_line_longer_than_a_chunk_is_in_one_piece(make: Callable[[bytes], Source]) -> None:
    data = b"a\n" + b"x" * 5000 + b"\nb\n"

    assert b"x" * 5000 in b"".join(chunk for chunk in make(data).chunks(100) if b"x" in chunk)
    assert sum(b"x" in chunk for chunk in make(data).chunks(100)) == 1


@pytest.mark.parametrize("data", [b"x" * 9000, b"a\n" + b"x" * 9000 + b"\nb\n"])
def test_endless_line_raises_os_error(
    data: bytes, make: Callable[[bytes], Source], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "MAX_LINE_BYTES", 5000)
    source = make(data)
    if not isinstance(source, FileSource | StreamSource):
        return  # Its lines are in memory already.

    with pytest.raises(OSError, match=r"^a line is longer than 5,000 bytes, so this is not a "):
        list(source.chunks(100))


def test_file_is_not_read_beyond_an_endless_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "MAX_LINE_BYTES", 5000)
    file = tmp_path / "a.jsonl"
    file.write_bytes(b"a\n" + bytes(50_000_000))
    reads: list[int] = []
    read = sources._Descriptor.read

    def counted(descriptor: Any, size: int, offset: int) -> bytes:
        reads.append(size)
        return read(descriptor, size, offset)

    monkeypatch.setattr(sources._Descriptor, "read", counted)
    with pytest.raises(OSError, match="a line is longer than"):
        list(FileSource(file).chunks(100))

    assert sum(reads) < 1_000_000


def test_line_of_the_maximum_length_is_read(
    make: Callable[[bytes], Source], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "MAX_LINE_BYTES", 5000)
    data = b"a\n" + b"x" * 4800 + b"\n" + b"y" * 4800 + b"\n"

    assert b"".join(make(data).chunks(100)) == data


# -- head, then chunks ----------------------------------------------------------------------------


def test_reading_the_head_does_not_consume_it(make: Callable[[bytes], Source]) -> None:
    data = DATA * 100
    source = make(data)
    head = source.head()
    rest = b"".join(source.chunks())

    assert head
    assert rest.startswith(head)
    assert with_final_newline(rest) == with_final_newline(data)


def test_head_is_shorter_than_a_long_file(make: Callable[[bytes], Source]) -> None:
    assert len(make(DATA * 200).head()) < len(DATA * 200) // 2


def test_head_can_be_read_twice(make: Callable[[bytes], Source]) -> None:
    source = make(DATA)

    assert source.head() == source.head()
    assert with_final_newline(b"".join(source.chunks())) == with_final_newline(DATA)


def test_head_of_an_empty_source_is_empty(make: Callable[[bytes], Source]) -> None:
    source = make(b"")

    assert source.head() == b""
    assert list(source.chunks()) == []


def test_head_consists_of_whole_lines(make: Callable[[bytes], Source]) -> None:
    assert make(DATA * 200).head().endswith(b"\n")


def test_head_is_the_same_for_every_type_of_source(make: Callable[[bytes], Source]) -> None:
    data = DATA * 200

    assert make(data).head() == BytesSource(data).head()


def test_head_may_end_inside_a_very_long_line(tmp_path: Path) -> None:
    path = tmp_path / "file"
    with path.open("wb") as file:
        file.truncate(MAX_HEAD_BYTES + 10_000_000)

    assert len(FileSource(path).head()) == MAX_HEAD_BYTES


def test_items_are_consumed_lazily() -> None:
    consumed = 0

    def items() -> Iterator[bytes]:
        nonlocal consumed
        for _ in range(100):
            consumed += 1
            yield b"x" * (CHUNK_BYTES // 4)

    source = ItemSource(items())
    assert consumed == 0
    source.head()
    assert consumed <= 5
    next(iter(source.chunks()))
    assert consumed <= 5


# -- files ----------------------------------------------------------------------------------------


@pytest.fixture
def file(tmp_path: Path) -> FileSource:
    """Return a file with the data."""
    path = tmp_path / "file.jsonl"
    path.write_bytes(DATA)
    return FileSource(path)


def test_file_has_a_name_and_a_size(file: FileSource) -> None:
    assert str(file.name).endswith("file.jsonl")
    assert file.size == len(DATA)


def test_sources_other_than_files_have_no_name_or_size() -> None:
    for source in (open_source(b"x"), open_source(BytesIO(b"x")), open_source([b"x"])):
        assert (source.name, source.size) == (None, None)


@pytest.mark.parametrize("step", [1, 7, 100, 10_000])
@pytest.mark.parametrize("size", [1, 50, CHUNK_BYTES])
def test_ranges_of_a_file_contain_each_line_once(step: int, size: int, file: FileSource) -> None:
    cuts = [*range(0, len(DATA), step), len(DATA)]
    chunks = [
        chunk for start, stop in pairwise(cuts) for chunk in file.read_range(start, stop, size)
    ]

    assert b"".join(chunks) == DATA
    assert all(chunk.endswith(b"\n") for chunk in chunks[:-1])


def test_line_belongs_to_the_range_with_its_first_byte(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"aa\nbb\ncc\n")
    source = FileSource(path)

    assert b"".join(source.read_range(0, 3)) == b"aa\n"
    assert b"".join(source.read_range(0, 4)) == b"aa\nbb\n"
    assert b"".join(source.read_range(1, 3)) == b""
    assert b"".join(source.read_range(1, 4)) == b"bb\n"
    assert b"".join(source.read_range(3, 4)) == b"bb\n"


def test_file_can_be_read_again_and_in_another_process(file: FileSource) -> None:
    """Workers get the source itself."""
    copy = pickle.loads(pickle.dumps(file))

    assert b"".join(file.chunks()) == b"".join(file.chunks()) == DATA
    assert b"".join(copy.chunks()) == DATA


def test_shortened_file_raises_os_error(file: FileSource) -> None:
    os.truncate(str(file.name), 100)

    with pytest.raises(
        OSError, match=f"became shorter while it was being read: 100 of {len(DATA):,}"
    ):
        list(file.chunks())
    with pytest.raises(OSError, match="became shorter"):
        list(file.read_range(50, 80))


def test_file_that_becomes_shorter_between_two_chunks_raises_os_error(file: FileSource) -> None:
    chunks = file.chunks(100)
    next(chunks)
    os.truncate(str(file.name), 120)

    with pytest.raises(OSError, match="became shorter"):
        list(chunks)


def grow(path: Path) -> None:
    with path.open("ab") as stream:
        stream.write(b" of the line\nmore\n")


def overwrite(path: Path) -> None:
    with path.open("r+b") as stream:
        stream.write(b"changed")
    os.utime(path, ns=(0, 0))  # The clock may be too coarse to show a quick change.


@pytest.mark.parametrize("change", [grow, overwrite])
def test_file_that_changes_while_it_is_read_raises_os_error(
    change: Callable[[Path], None], file: FileSource
) -> None:
    chunks = file.chunks(100)
    next(chunks)
    change(Path(str(file.name)))

    with pytest.raises(OSError, match="changed while it was being read"):
        list(chunks)
    with pytest.raises(OSError, match="changed while it was being read"):
        list(file.read_range(50, 80))


def replace(path: Path) -> None:
    other = path.with_name("other")
    other.write_bytes(b"x" * len(DATA))
    other.replace(path)


@pytest.mark.skipif(sys.platform == "win32", reason="an open file cannot be replaced there")
def test_file_that_is_replaced_while_open_keeps_its_old_contents(file: FileSource) -> None:
    chunks = file.chunks(100)
    first = next(chunks)
    replace(Path(str(file.name)))

    assert first + b"".join(chunks) == DATA
    assert b"".join(file.chunks()) == DATA


@pytest.mark.skipif(sys.platform == "win32", reason="an open file cannot be replaced there")
def test_worker_that_opens_a_replaced_file_raises_os_error(file: FileSource) -> None:
    copied = pickle.dumps(file)
    replace(Path(str(file.name)))
    here = pickle.loads(copied)

    assert b"".join(here.chunks()) == DATA

    sources._descriptors.clear()  # Processes that aren't forks of this one are in this state.
    elsewhere = pickle.loads(copied)

    with pytest.raises(OSError, match="changed while it was being read"):
        list(elsewhere.chunks())


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="this system has no /proc")
def test_closing_the_source_closes_its_descriptor(file: FileSource) -> None:
    before = len([*Path("/proc/self/fd").iterdir()])
    copies = [FileSource(str(file.name)) for _ in range(10)]
    during = len([*Path("/proc/self/fd").iterdir()])
    del copies

    assert during == before + 10
    assert len([*Path("/proc/self/fd").iterdir()]) == before


@pytest.mark.skipif(sys.platform == "win32", reason="this system has no named pipes")
def test_named_pipe_is_read_as_a_stream(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    source = FileSource(path)
    writer = threading.Thread(target=path.write_bytes, args=[DATA])
    writer.start()
    head = source.head()
    data = b"".join(source.chunks())
    writer.join()

    assert source.size is None
    assert data == DATA
    assert data.startswith(head)


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="this system has no /proc")
def test_system_file_with_a_reported_size_of_zero_is_read() -> None:
    source = FileSource("/proc/self/status")

    assert source.size is None
    assert b"Pid:" in b"".join(source.chunks())


def test_missing_file_raises_when_it_is_opened(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        open_source(tmp_path / "missing")


def test_path_with_a_null_character_raises_os_error() -> None:
    with pytest.raises(OSError, match="a path must not contain null characters"):
        open_source("a\0b")


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
def test_only_files_can_be_read_in_ranges(make: Maker, tmp_path: Path) -> None:
    source = make(DATA, tmp_path)
    if source.size is not None:
        assert b"".join(source.read_range(0, len(DATA))) == DATA
    else:
        with pytest.raises(io.UnsupportedOperation, match="cannot be read in ranges"):
            source.read_range(0, 1)


# -- streams --------------------------------------------------------------------------------------


@given(
    st.lists(st.sampled_from([b"a", b"\n", b"bc\n", b"\nd", b"e\nf\ng"]), max_size=12),
    st.integers(1, 9),
)
def test_stream_gives_whole_lines_for_reads_of_any_size(pieces: list[bytes], size: int) -> None:
    class Pieces:
        def __init__(self) -> None:
            self._pieces = iter(pieces)

        def read(self, _: int) -> bytes:
            return next(self._pieces, b"")

    chunks = list(StreamSource(Pieces()).chunks(size))  # type: ignore[arg-type]

    assert b"".join(chunks) == b"".join(pieces)
    assert all(chunk.endswith(b"\n") for chunk in chunks[:-1])


def test_stream_without_data_yet_raises_blocking_io_error() -> None:
    class Waiting(RawIOBase):
        def readinto(self, _: Any) -> None:
            return None

        def readable(self) -> bool:
            return True

    for stream in (Waiting(), BufferedReader(Waiting())):
        with pytest.raises(BlockingIOError, match="make it blocking"):
            open_source(stream).head()


def test_stream_can_be_closed_while_it_is_reread() -> None:
    stream = BytesIO(b"a\n")
    chunks = open_source(stream).reread()
    assert next(chunks) == b"a\n"
    stream.close()

    chunks.close()  # type: ignore[attr-defined]


def test_non_blocking_stream_never_cuts_a_line() -> None:
    """The rest of a line may arrive only after the stream's `readline` has returned."""

    class Slow(RawIOBase):
        def __init__(self) -> None:
            self._pieces = iter([b"ab", None, None, b"c\nd", None, None, b"e\n"])

        def readinto(self, buffer: Any) -> int | None:
            piece = next(self._pieces, b"")
            if piece is not None:
                buffer[: len(piece)] = piece
            return None if piece is None else len(piece)

        def readable(self) -> bool:
            return True

    assert list(open_source(BufferedReader(Slow())).chunks()) == [b"abc\n", b"de\n"]


@pytest.mark.parametrize("value", ["text", 5, [65, 66]], ids=repr)
def test_stream_of_non_bytes_raises_type_error(value: object) -> None:
    class Odd:
        def read(self, _: int) -> object:
            return value

    with pytest.raises(TypeError, match="open it in binary mode"):
        open_source(Odd()).head()


# -- items ----------------------------------------------------------------------------------------


def test_items_are_written_as_lines() -> None:
    items = [{"a": 1}, '{"b": 2}', b'{"c": 3}', '{"d": 4}\n', b'{"e": 5}\n', "\ud83d"]

    assert b"".join(open_source(items).chunks()) == (
        b'{"a":1}\n{"b": 2}\n{"c": 3}\n{"d": 4}\n{"e": 5}\n\xed\xa0\xbd\n'
    )


@pytest.mark.parametrize(
    "source",
    [None, 7, 1.5, StringIO("{}"), {"custom_id": "a"}, object()],
    ids=lambda value: type(value).__name__,
)
def test_unsupported_source_raises_type_error(source: Any) -> None:
    with pytest.raises(TypeError):
        open_source(source).head()


def test_error_about_an_unsupported_source_names_its_type() -> None:
    with pytest.raises(TypeError, match="cannot read requests from dict; pass a path, a URL"):
        open_source({"custom_id": "a"})


def test_data_frame_raises_type_error() -> None:
    """Iterating over a pandas data frame yields the names of its columns."""

    class DataFrame(list[str]):
        def __dataframe__(self) -> None:
            """Implement the interchange protocol, which pandas supports."""

    with pytest.raises(TypeError, match="data frame; pass an iterable of its rows"):
        open_source(DataFrame(["custom_id", "body"]))


@pytest.mark.parametrize("data", [bytearray(DATA), memoryview(DATA)], ids=["bytearray", "view"])
def test_buffers_are_accepted_as_sources(data: bytearray | memoryview) -> None:
    source = open_source(data)

    assert isinstance(source, BytesSource)
    assert b"".join(source.chunks()) == DATA


# -- JSON -----------------------------------------------------------------------------------------


def test_to_json_bytes_escapes_a_lone_surrogate() -> None:
    assert to_json_bytes({"a": "\ud83d"}) == b'{"a": "\\ud83d"}'
    assert to_json_bytes({"a": "\U0001f600"}) == '{"a":"\U0001f600"}'.encode()


def test_to_json_bytes_writes_integers_of_any_size() -> None:
    assert to_json_bytes(2**70) == str(2**70).encode()


@pytest.mark.parametrize("value", [{1, 2}, object(), b"x"], ids=["set", "object", "bytes"])
def test_to_json_bytes_raises_type_error_for_a_value_that_json_lacks(value: Any) -> None:
    with pytest.raises(TypeError):
        to_json_bytes([value])


def test_exception_from_to_json_text_names_the_value() -> None:
    circle: list[Any] = []
    circle.append(circle)

    with pytest.raises(TypeError, match="a call cannot be written as JSON: Circular"):
        to_json_text(circle, "a call")


# -- compressed files -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a.jsonl.gz", True),
        ("a.JSONL.GZ", True),
        ("a.jsonl", False),
        ("a.gz", False),
        ("a.jsonl.gz.txt", False),
    ],
)
def test_is_gzipped_depends_on_the_name(name: str, expected: bool) -> None:
    assert is_gzipped(name) is expected


def test_open_file_decompresses_by_the_name(tmp_path: Path) -> None:
    plain = tmp_path / "a.jsonl"
    packed = tmp_path / "a.jsonl.gz"
    plain.write_bytes(DATA)
    packed.write_bytes(gzip.compress(DATA))

    for path in (plain, packed):
        with open_file(str(path)) as stream:
            assert stream.read() == DATA


def test_open_file_does_not_decompress_files_with_other_names(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(gzip.compress(DATA))

    with open_file(str(path)) as stream:
        assert stream.read().startswith(b"\x1f\x8b")


@pytest.mark.parametrize("left", [1, 0, -1])
def test_decompressed_size_is_limited(left: int, tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl.gz"
    path.write_bytes(gzip.compress(DATA))
    with open_file(str(path), len(DATA) + left) as file:
        if left >= 0:
            assert b"".join(StreamSource(file).chunks(100)) == DATA
        else:
            with pytest.raises(OSError, match="when decompressed; raise --max-unpacked-bytes"):
                list(StreamSource(file).chunks(100))
