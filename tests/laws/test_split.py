"""The parts of a split file, joined as the manifest describes, contain exactly its lines."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batchlint import split
from laws.law_files import FILES, file_id
from strategies import ANY_FILE
from support import line

LIMITS = st.fixed_dictionaries(
    {},
    optional={
        "max_requests": st.integers(1, 5),
        "max_bytes": st.integers(1, 2000),
        "max_embedding_inputs": st.integers(1, 5),
        "by": st.lists(st.sampled_from(["model", "url"]), unique=True),
    },
)

REQUESTS = st.builds(
    line,
    st.sampled_from(["a", "b", "c", "d"]),
    st.sampled_from(["/v1/embeddings", "/v1/moderations"]),
    model=st.sampled_from(["m", "n", "m/n"]),
    input=st.sampled_from(["x", ["x", "y"], ["x"] * 3]),
)
GENERATED = st.lists(REQUESTS | st.sampled_from([b"\n", b" \r\n"]), max_size=20).map(b"".join)


@settings(max_examples=60)
@given(GENERATED | GENERATED.map(bytes.rstrip) | ANY_FILE, LIMITS)
def test_parts_contain_every_line_once_and_respect_the_limits(
    data: bytes, options: dict[str, Any]
) -> None:
    assert_parts_match_the_file(data, options)


@pytest.mark.parametrize("options", [{}, {"by": ["url"], "max_requests": 2}], ids=str)
@pytest.mark.parametrize("path", FILES, ids=file_id)
def test_parts_of_any_file_contain_every_line_once(path: Path, options: dict[str, Any]) -> None:
    """Lines that fit into no part are removed first, because `split` would write nothing."""
    data = path.read_bytes()
    with tempfile.TemporaryDirectory() as directory:
        manifest = split(data, directory, **options)
    unplaced = {each.line for each in manifest.unplaced_lines}
    lines = enumerate(data.split(b"\n"), 1)
    kept = b"\n".join(line for number, line in lines if number not in unplaced)

    assert manifest.unplaced == len(unplaced)
    assert_parts_match_the_file(kept, options)


def assert_parts_match_the_file(data: bytes, options: dict[str, Any]) -> None:
    """Split a file, and verify the parts. If a line fits into no part, nothing is written."""
    with tempfile.TemporaryDirectory() as directory:
        manifest = split(data, directory, **options)
        written = {path.name: path.read_bytes() for path in Path(directory).iterdir()}

    if not manifest.ok:
        assert written == {}
        return
    lines = data.split(b"\n")
    joined: dict[int, bytes] = {}
    for part in manifest.parts:
        numbers = [n for first, last in part.lines for n in range(first, last + 1)]
        content = written[part.path]
        assert numbers == sorted(numbers)
        assert len(numbers) == part.requests <= (manifest.limits["requests"] or 0)
        assert len(content) == part.bytes <= (manifest.limits["bytes"] or 0)
        assert part.embedding_inputs <= (manifest.limits["embedding_inputs"] or 0)
        assert not joined.keys() & set(numbers)
        joined |= zip(numbers, content.split(b"\n"), strict=False)
    blank = {number for number, text in enumerate(lines, 1) if not text.strip(b" \t\r")}
    assert joined == {n: text for n, text in enumerate(lines, 1) if n not in blank}
    assert len(written) == len(manifest.parts) + 1
    assert manifest.requests + manifest.blank_lines == manifest.lines
