"""`split`: how lines are divided, how parts are named, and when nothing is written."""

from __future__ import annotations

import errno
import gzip
import hashlib
import io
import json
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fsspec.implementations.memory import MemoryFileSystem
from jsonschema import Draft202012Validator

import batchlint
from batchlint import Manifest, check, data, split, splitting
from support import FIXTURES, assert_linear_work, line, request

CHAT = "/v1/chat/completions"
EMBEDDINGS = "/v1/embeddings"


def names(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


def shapes(manifest: Manifest) -> list[tuple[str, int]]:
    return [(part.path, part.requests) for part in manifest.parts]


# -- limits ---------------------------------------------------------------------------------------


def test_lines_fill_each_part_in_the_order_of_the_input(tmp_path: Path) -> None:
    lines = [line(str(number)) for number in range(5)]
    manifest = split(lines, tmp_path, name="in.jsonl", max_requests=2)

    assert shapes(manifest) == [("in-001.jsonl", 2), ("in-002.jsonl", 2), ("in-003.jsonl", 1)]
    assert names(tmp_path) == ["in-001.jsonl", "in-002.jsonl", "in-003.jsonl", "in.manifest.json"]
    assert (tmp_path / "in-001.jsonl").read_bytes() == lines[0] + lines[1]
    assert (tmp_path / "in-003.jsonl").read_bytes() == lines[4]
    assert [part.lines for part in manifest.parts] == [((1, 2),), ((3, 4),), ((5, 5),)]


@pytest.mark.parametrize(("more", "parts"), [(0, 1), (-1, 2)])
def test_size_of_a_part_is_the_size_of_its_lines(more: int, parts: int, tmp_path: Path) -> None:
    lines = [line("a"), line("b")]
    size = sum(map(len, lines))
    manifest = split(lines, tmp_path, max_bytes=size + more)

    assert len(manifest.parts) == parts
    assert sum(part.bytes for part in manifest.parts) == size == manifest.bytes


@pytest.mark.parametrize(("limit", "parts"), [(4, 1), (3, 2)])
def test_inputs_of_embedding_requests_are_limited(limit: int, parts: int, tmp_path: Path) -> None:
    lines = [line("a", input=["x", "y"]), line("b", input="x"), line("c", input=[1, 2, 3])]
    manifest = split(lines, tmp_path, max_embedding_inputs=limit)

    assert len(manifest.parts) == parts
    assert sum(part.embedding_inputs for part in manifest.parts) == 4


def test_inputs_of_other_endpoints_are_not_counted(tmp_path: Path) -> None:
    manifest = split([line("a", "/v1/moderations", input=["x", "y"])], tmp_path)

    assert [part.embedding_inputs for part in manifest.parts] == [0]


def test_request_without_a_body_has_no_inputs(tmp_path: Path) -> None:
    manifest = split(b'{"url": "/v1/embeddings", "body": 7}', tmp_path, by=["url"])

    assert [part.embedding_inputs for part in manifest.parts] == [0]


def test_limits_default_to_those_of_the_provider(tmp_path: Path) -> None:
    manifest = split([line()], tmp_path)

    assert manifest.limits == {
        "requests": 50_000,
        "bytes": 200_000_000,
        "embedding_inputs": 50_000,
    }


# -- groups and names -----------------------------------------------------------------------------


def test_each_model_gets_its_own_parts(tmp_path: Path) -> None:
    lines = [line(str(number), model=model) for number, model in enumerate("abab")]
    manifest = split(lines, tmp_path, name="x.jsonl")

    assert shapes(manifest) == [("x-a-001.jsonl", 2), ("x-b-001.jsonl", 2)]
    assert (tmp_path / "x-a-001.jsonl").read_bytes() == lines[0] + lines[2]
    assert [part.lines for part in manifest.parts] == [((1, 1), (3, 3)), ((2, 2), (4, 4))]
    assert [part.model for part in manifest.parts] == ["a", "b"]


def test_each_endpoint_gets_its_own_parts(tmp_path: Path) -> None:
    manifest = split([line("a"), line("b", CHAT)], tmp_path, name="x.jsonl")

    assert shapes(manifest) == [("x-embeddings-001.jsonl", 1), ("x-chat-completions-001.jsonl", 1)]


def test_part_names_contain_model_and_endpoint_if_both_differ(tmp_path: Path) -> None:
    lines = [line("a", model="m"), line("b", CHAT, model="m"), line("c", model="n")]
    manifest = split(lines, tmp_path, dry_run=True)

    assert [part.path for part in manifest.parts] == [
        "batch-embeddings-m-001.jsonl",
        "batch-chat-completions-m-001.jsonl",
        "batch-embeddings-n-001.jsonl",
    ]


@pytest.mark.parametrize(
    ("by", "parts"), [((), 1), (["model"], 2), (["url"], 2), (["url", "model"], 3)]
)
def test_by_option_determines_the_grouping_of_lines(
    by: list[str], parts: int, tmp_path: Path
) -> None:
    lines = [line("a", model="m"), line("b", CHAT, model="m"), line("c", model="n")]
    manifest = split(lines, tmp_path, by=by)

    assert len(manifest.parts) == parts
    assert manifest.by == tuple(by)


def test_models_with_similar_file_names_get_separate_parts(tmp_path: Path) -> None:
    models = ["a/b", "a:b", "A-B", "..", "x" * 99, "-X."]
    lines = [line(str(number), model=model) for number, model in enumerate(models)]
    manifest = split(lines, tmp_path, name="s.jsonl")

    assert [part.path for part in manifest.parts] == [
        "s-a-b-001.jsonl",
        "s-a-b~2-001.jsonl",
        "s-A-B~3-001.jsonl",
        "s-other-001.jsonl",
        f"s-{'x' * 60}-001.jsonl",
        "s-X-001.jsonl",
    ]
    assert len(names(tmp_path)) == 7


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        ("a.jsonl", "a"),
        ("directory/a.JSONL", "a"),
        ("a.b.jsonl.gz", "a.b"),
        ("a", "a"),
        (".jsonl", "batch"),
        (None, "batch"),
        ("\udcff.jsonl", "_"),
    ],
)
def test_parts_are_named_after_the_input(name: str | None, stem: str, tmp_path: Path) -> None:
    manifest = split([line()], tmp_path, name=name)

    assert names(tmp_path) == [f"{stem}-001.jsonl", f"{stem}.manifest.json"]
    assert shapes(manifest) == [(f"{stem}-001.jsonl", 1)]


def test_missing_model_means_the_default_of_the_endpoint(tmp_path: Path) -> None:
    bare = request("b", "/v1/moderations")
    del bare["body"]["model"]
    lines = [line("a", "/v1/moderations", model="omni-moderation-latest"), json.dumps(bare)]
    manifest = split(lines, tmp_path)

    assert shapes(manifest) == [("batch-001.jsonl", 2)]


def test_part_has_at_most_as_many_embedding_requests_as_the_provider_accepts(
    tmp_path: Path,
) -> None:
    limit = 10_000
    body = {"model": "embedding-3", "input": "a"}
    lines = [
        json.dumps({"custom_id": f"id-{n:05}", "method": "POST", "url": url, "body": body})
        for url in ("/v4/embeddings", "/v4/chat/completions")
        for n in range(limit + 1)
    ]
    manifest = split(lines, tmp_path, provider="zhipu")

    assert [part.requests for part in manifest.parts] == [limit, 1, limit + 1]


@pytest.mark.parametrize(
    ("provider", "by"),
    [
        ("openai", ("model", "url")),
        ("vllm", ()),
        ("doubleword", ()),
        ("parasail", ("url",)),
        ("together", ("model",)),
    ],
)
def test_default_grouping_of_lines_depends_on_the_provider(
    provider: str, by: tuple[str, ...], tmp_path: Path
) -> None:
    assert split([line()], tmp_path, provider=provider).by == by


@pytest.mark.parametrize(
    ("provider", "path"),
    [(path.parent.name, path) for path in sorted((FIXTURES / "providers").glob("*/valid*.jsonl"))],
    ids=lambda value: value if isinstance(value, str) else value.stem,
)
@pytest.mark.parametrize("by", [None, [], ["model", "url"]])
def test_every_request_that_a_provider_accepts_fits_into_a_part(
    provider: str, path: Path, by: list[str] | None, tmp_path: Path
) -> None:
    manifest = split(path, tmp_path, provider=provider, by=by)

    assert manifest.ok
    assert sum(part.requests for part in manifest.parts) == manifest.requests > 0


def short(**body: Any) -> bytes:
    """Return a line for a provider that requires neither method nor URL."""
    return json.dumps({"custom_id": "a", "body": body}).encode() + b"\n"


def test_endpoint_is_inferred_from_the_body_if_a_line_has_no_url(tmp_path: Path) -> None:
    lines = [short(messages=[]), short(input=["x", "y"]), short(document={}), short(input="x")]
    manifest = split(lines, tmp_path, provider="mistral", by=["url"])

    assert [(part.url, part.embedding_inputs, part.lines) for part in manifest.parts] == [
        ("/v1/chat/completions", 0, ((1, 1),)),
        ("/v1/embeddings", 3, ((2, 2), (4, 4))),
        (None, 0, ((3, 3),)),
    ]
    assert names(tmp_path) == [
        "batch-chat-completions-001.jsonl",
        "batch-embeddings-001.jsonl",
        "batch-other-001.jsonl",
        "batch.manifest.json",
    ]
    written = json.loads((tmp_path / "batch.manifest.json").read_bytes())
    Draft202012Validator(data.read("manifest")).validate(written)


def test_line_without_a_model_gets_a_part_if_no_model_is_required(tmp_path: Path) -> None:
    lines = [short(messages=[]), short(messages=[], model="m"), short(messages=[])]
    manifest = split(lines, tmp_path, provider="mistral")

    assert [(part.model, part.lines) for part in manifest.parts] == [
        (None, ((1, 1), (3, 3))),
        ("m", ((2, 2),)),
    ]


def test_optional_url_of_a_line_is_used_if_present(tmp_path: Path) -> None:
    lines = [short(messages=[], model="m"), line("b", "/v1/completions", model="m")]
    manifest = split(lines, tmp_path, provider="novita", by=["url"])

    assert [part.url for part in manifest.parts] == ["/v1/chat/completions", "/v1/completions"]


@pytest.mark.parametrize("wrong", [{"url": 7}, {"url": ""}, {"body": {"model": ""}}])
def test_invalid_optional_field_fails_the_split(wrong: dict[str, Any], tmp_path: Path) -> None:
    text = json.dumps(request("a", CHAT) | wrong).encode()

    assert not split(text, tmp_path, provider="siliconflow", by=["model", "url"])


# -- the number of parts --------------------------------------------------------------------------


def test_file_with_too_many_models_is_not_split(tmp_path: Path) -> None:
    lines = [line("a", model=f"m{number}") for number in range(1001)]
    manifest = split(lines, tmp_path)

    assert not manifest
    assert [(each.line, each.message) for each in manifest.unplaced_lines] == [
        (1001, "The request needs another part, but the maximum is 1,000 parts.")
    ]
    assert names(tmp_path) == []


@pytest.mark.parametrize(("max_parts", "is_ok"), [(2, False), (3, True)])
def test_maximum_number_of_parts_can_be_changed(
    max_parts: int, is_ok: bool, tmp_path: Path
) -> None:
    manifest = split(
        [line(str(n)) for n in range(3)], tmp_path, max_requests=1, max_parts=max_parts
    )

    assert manifest.ok is is_ok
    assert len(manifest.parts) == max_parts


def test_limits_come_from_the_provider(tmp_path: Path) -> None:
    manifest = split([line("a" * 6_291_456)], tmp_path, provider="dashscope")

    assert manifest.limits == {"requests": 50_000, "bytes": 500_000_000, "embedding_inputs": None}
    assert manifest.unplaced_lines[0].message.endswith("accepts at most 6,291,456.")
    validator = Draft202012Validator(data.read("manifest"))
    assert validator.is_valid(manifest.to_dict())


# -- omitted lines --------------------------------------------------------------------------------


def test_blank_lines_are_omitted_and_counted(tmp_path: Path) -> None:
    text = b"\n" + line("a") + b" \t\r\n" + line("b").replace(b"\n", b"\r\n") + b"\n"
    manifest = split(text, tmp_path)

    assert (manifest.lines, manifest.blank_lines, manifest.requests) == (5, 3, 2)
    assert (tmp_path / "batch-001.jsonl").read_bytes() == text.replace(b" \t\r\n", b"").strip(
        b"\n"
    ) + b"\n"
    assert [part.lines for part in manifest.parts] == [((2, 2), (4, 4))]


def test_last_line_without_a_newline_is_unchanged(tmp_path: Path) -> None:
    split(line("a").rstrip(), tmp_path)

    assert (tmp_path / "batch-001.jsonl").read_bytes() == line("a").rstrip()


def test_file_without_requests_has_a_manifest_without_parts(tmp_path: Path) -> None:
    manifest = split(b"\n", tmp_path)

    assert manifest.ok
    assert not split(b"\x0b\n", tmp_path, dry_run=True).ok
    assert names(tmp_path) == ["batch.manifest.json"]


# -- lines that don't fit into any part -----------------------------------------------------------

NO_MODEL = b'{"custom_id": "n", "url": "/v1/embeddings", "body": {"input": "x"}}\n'


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        (b"nonsense\n", {}, "The line is not a JSON object. Run `batchlint check` for details."),
        (b"[1]\n", {"by": []}, "The line is not a JSON object. Run `batchlint check` for details."),
        (NO_MODEL, {}, "The request has no valid model, which is needed to split the file."),
        (
            b'{"body": {"model": ""}}\n',
            {"by": ["model"]},
            "The request has no valid model, which is",
        ),
        (
            b'{"body": {"model": "m"}}\n',
            {},
            "The request has no valid url, which is needed to split the file.",
        ),
        (b'{"url": 7, "body": 7}\n', {"by": ["url"]}, "The request has no valid url, which is"),
        (
            line("b"),
            {"max_bytes": 50},
            "This line alone has 100 bytes; a part can have at most 50.",
        ),
        (
            line("b", input=["x"] * 3),
            {"max_embedding_inputs": 2},
            "This request alone has 3 embedding inputs; a part can have at most 2.",
        ),
    ],
)
def test_unplaceable_line_is_reported_and_nothing_is_written(
    text: bytes, options: dict[str, Any], message: str, tmp_path: Path
) -> None:
    first = b'{"url": "u", "body": {"model": "m"}}\n'
    directory = tmp_path / "new" / "directory"
    manifest = split(first + text, directory, **options)

    assert not manifest
    assert manifest.unplaced == 1
    assert manifest.unplaced_lines[0].line == 2
    assert manifest.unplaced_lines[0].message.startswith(message)
    assert names(tmp_path) == []


def test_existing_directory_is_kept_if_nothing_is_written(tmp_path: Path) -> None:
    directory = tmp_path / "empty"
    directory.mkdir()
    split(NO_MODEL, directory / "new")

    assert names(tmp_path) == ["empty"]
    assert names(directory) == []


def test_all_unplaced_lines_are_counted_but_only_some_are_listed(
    tmp_path: Path,
) -> None:
    manifest = split(NO_MODEL * 1002, tmp_path)

    assert manifest.unplaced == 1002
    assert [each.line for each in manifest.unplaced_lines] == [*range(1, 1001)]
    assert manifest.unplaced_lines[0].custom_id == "n"


def test_model_is_optional_if_parts_are_not_grouped_by_it(tmp_path: Path) -> None:
    assert split(NO_MODEL, tmp_path, by=["url"]).ok


# -- custom_ids -----------------------------------------------------------------------------------


@pytest.mark.parametrize("custom_id", [7, None, ["a"], {"a": 1}, True])
def test_non_string_custom_ids_are_not_duplicates(custom_id: Any, tmp_path: Path) -> None:
    manifest = split([line(custom_id)] * 2 + [NO_MODEL], tmp_path)

    assert manifest.repeated_ids == 0
    assert [each.custom_id for each in manifest.unplaced_lines] == ["n"]


def test_lines_without_a_custom_id_are_not_duplicates(tmp_path: Path) -> None:
    manifest = split(b"\n\n7\n7\n", tmp_path)

    assert manifest.repeated_ids == 0
    assert [each.custom_id for each in manifest.unplaced_lines] == [None, None]


def test_repeated_custom_id_is_reported_across_parts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = [line("a"), line("b"), line("a", model="n"), line("a"), line("b")]
    manifest = split(lines, tmp_path)

    assert manifest.ok
    assert manifest.repeated_ids == 3
    assert [(each.line, each.first, each.custom_id) for each in manifest.repeats] == [
        (3, 1, "a"),
        (4, 1, "a"),
        (5, 2, "b"),
    ]
    monkeypatch.setattr(splitting, "MAX_LISTED", 2)
    manifest = split(lines, tmp_path, dry_run=True)
    assert (manifest.repeated_ids, len(manifest.repeats)) == (3, 2)


# -- the manifest ---------------------------------------------------------------------------------


def test_manifest_describes_the_parts(tmp_path: Path) -> None:
    path = tmp_path / "in.jsonl"
    path.write_bytes(line("a") + line("b", CHAT) + line("c"))
    manifest = split(path, tmp_path / "out")
    written = json.loads((tmp_path / "out" / "in.manifest.json").read_bytes())

    Draft202012Validator(data.read("manifest")).validate(written)
    text = (tmp_path / "out" / "in.manifest.json").read_text("utf-8")
    assert text.startswith('{\n  "version": ')
    assert "[3, 3]" in text
    assert written == manifest.to_dict()
    assert written["source"] == str(path)
    for part in written["parts"]:
        content = (tmp_path / "out" / part["path"]).read_bytes()
        assert part["sha256"] == hashlib.sha256(content).hexdigest()
        assert part["bytes"] == len(content)
        assert part["requests"] == content.count(b"\n")
        report = check(content)
        assert report.ok
        assert (report.endpoint, report.models) == (part["url"], (part["model"],))


def test_names_that_look_like_ranges_of_lines_are_unchanged(tmp_path: Path) -> None:
    """The manifest file is reformatted so that each range is on one line."""
    manifest = split([request(body={"model": "m[ 1, 2 ]"})], tmp_path, name="in[ 3, 4 ].jsonl")
    written = json.loads((tmp_path / "in[ 3, 4 ].manifest.json").read_bytes())

    assert written == manifest.to_dict()
    assert (tmp_path / written["parts"][0]["path"]).exists()


def test_dry_run_writes_nothing_and_gives_the_same_manifest(tmp_path: Path) -> None:
    lines = [line(str(number), model=model) for number, model in enumerate("abab")]
    plan = split(lines, tmp_path / "out", dry_run=True, max_requests=1)

    assert names(tmp_path) == []
    assert split(lines, tmp_path / "out", max_requests=1) == plan


def test_many_parts_written_alternately_are_complete(tmp_path: Path) -> None:
    """Each part is too small to be written early, but all parts together aren't."""
    lines = [line("x" * 120_000, model=f"m{number % 30}") for number in range(60)]
    written_early: list[Path] = []

    def source() -> Iterator[bytes]:
        yield from lines
        written_early.extend(tmp_path.rglob("*.parts/*"))

    manifest = split(source(), tmp_path)

    assert len(manifest.parts) == 30
    assert len(written_early) == 30
    assert manifest.bytes == sum(map(len, lines))
    for number, part in enumerate(manifest.parts):
        assert (tmp_path / part.path).read_bytes() == b"".join(lines[number::30])


def test_unfinished_parts_are_in_a_hidden_directory_next_to_the_target(tmp_path: Path) -> None:
    seen: list[str] = []

    def source() -> Iterator[bytes]:
        seen.extend(names(tmp_path))
        yield line("a")

    split(source(), tmp_path)

    assert [re.sub(r"\..*\.", ".*.", name) for name in seen] == [".*.parts"]
    assert seen[0].startswith(".batchlint.")


# -- existing files -------------------------------------------------------------------------------


def test_existing_part_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "batch-001.jsonl").write_text("mine", "utf-8")
    with pytest.raises(FileExistsError) as raised:
        split([line()], tmp_path)

    assert raised.value.filename == str(tmp_path / "batch-001.jsonl")
    assert names(tmp_path) == ["batch-001.jsonl"]
    assert (tmp_path / "batch-001.jsonl").read_text("utf-8") == "mine"


def test_existing_manifest_is_not_replaced_and_nothing_is_read(tmp_path: Path) -> None:
    (tmp_path / "batch.manifest.json").write_text("mine", "utf-8")
    stream = io.BytesIO(line())
    with pytest.raises(FileExistsError):
        split(stream, tmp_path)

    assert stream.tell() == 0
    assert names(tmp_path) == ["batch.manifest.json"]


def test_force_works_without_an_earlier_run(tmp_path: Path) -> None:
    """The manifest and the parts that it lists may have been deleted."""
    split([line()], tmp_path, force=True)
    lines = [line(str(number)) for number in range(3)]
    split(lines, tmp_path, max_requests=1, force=True)
    (tmp_path / "batch-003.jsonl").unlink()
    split(lines, tmp_path, max_requests=2, force=True)

    assert names(tmp_path) == ["batch-001.jsonl", "batch-002.jsonl", "batch.manifest.json"]


def test_force_replaces_an_earlier_run_and_removes_leftover_parts(tmp_path: Path) -> None:
    lines = [line(str(number)) for number in range(3)]
    split(lines, tmp_path, max_requests=1)
    (tmp_path / "batch-note.jsonl").write_text("mine", "utf-8")
    split(lines, tmp_path, max_requests=2, force=True)

    assert names(tmp_path) == [
        "batch-001.jsonl",
        "batch-002.jsonl",
        "batch-note.jsonl",
        "batch.manifest.json",
    ]
    assert (tmp_path / "batch-001.jsonl").read_bytes() == lines[0] + lines[1]


@pytest.mark.skipif(os.name != "posix", reason="needs permissions of files")
def test_parts_have_the_permissions_that_the_umask_allows(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        split([line()], tmp_path)
    finally:
        os.umask(before)

    assert (tmp_path / "batch-001.jsonl").stat().st_mode & 0o777 == 0o666


@pytest.mark.parametrize(
    "path", ["batch-x/../../victim.jsonl", "../victim.jsonl", "/victim.jsonl", "victim.jsonl", 7]
)
def test_manifest_with_unrelated_file_names_removes_no_files(path: Any, tmp_path: Path) -> None:
    directory = tmp_path / "out"
    (directory / "batch-x").mkdir(parents=True)
    for victim in (tmp_path / "victim.jsonl", directory / "victim.jsonl"):
        victim.write_text("mine", "utf-8")
    text = json.dumps({"parts": [{"path": path}]})
    (directory / "batch.manifest.json").write_text(text, "utf-8")
    split([line()], directory, force=True)

    assert names(directory) == ["batch-001.jsonl", "batch-x", "batch.manifest.json", "victim.jsonl"]
    assert (tmp_path / "victim.jsonl").exists()


def stop_at_the_second_part(monkeypatch: pytest.MonkeyPatch, stop: Callable[[], object]) -> None:
    """Call a function just before the second part is moved."""
    moved: list[Path] = []
    replace = Path.replace

    def replace_or_stop(path: Path, target: Path) -> Path:
        if target.suffix == ".jsonl":
            moved.append(target)
            if len(moved) == 2:
                stop()
        return replace(path, target)

    monkeypatch.setattr(Path, "replace", replace_or_stop)


def interrupt() -> None:
    raise KeyboardInterrupt


def test_interrupted_split_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stop_at_the_second_part(monkeypatch, interrupt)
    with pytest.raises(KeyboardInterrupt):
        split([line("a"), line("b"), line("c")], tmp_path, max_requests=1)

    assert names(tmp_path) == []


def test_force_removes_all_parts_of_stopped_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A killed run leaves no manifest. `*.unfinished` lists its parts and earlier parts."""
    lines = [line(str(number)) for number in range(9)]
    split(lines, tmp_path, max_requests=1)
    with monkeypatch.context() as patch:
        stop_at_the_second_part(patch, interrupt)
        with pytest.raises(KeyboardInterrupt):
            split(lines, tmp_path, max_requests=2, force=True)
    assert not (tmp_path / "batch.manifest.json").exists()
    with pytest.raises(FileExistsError, match=r"batch\.manifest\.json\.unfinished"):
        split(lines, tmp_path, max_requests=5)

    split(lines, tmp_path, max_requests=5, force=True)

    assert names(tmp_path) == ["batch-001.jsonl", "batch-002.jsonl", "batch.manifest.json"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_pipe_instead_of_a_manifest_is_not_read(tmp_path: Path) -> None:
    """Nothing writes to the pipe, so reading would never end."""
    os.mkfifo(tmp_path / "batch.manifest.json")

    assert split(line("a"), tmp_path, force=True)
    assert json.loads((tmp_path / "batch.manifest.json").read_text())["requests"] == 1


def test_manifest_that_is_nested_too_deep_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "batch.manifest.json").write_text("[" * 100_000)

    assert split(line("a"), tmp_path, force=True)


def test_listed_names_that_are_not_files_are_ignored(tmp_path: Path) -> None:
    (tmp_path / "batch-directory.jsonl").mkdir()
    paths = [
        "batch-\0.jsonl",
        "batch-\ud800.jsonl",
        "batch-directory.jsonl",
        f"batch-{'x' * 300}.jsonl",
    ]
    text = json.dumps({"parts": [{"path": path} for path in paths]})
    (tmp_path / "batch.manifest.json").write_text(text, "utf-8")

    assert split([line()], tmp_path, force=True)
    assert names(tmp_path) == ["batch-001.jsonl", "batch-directory.jsonl", "batch.manifest.json"]


@pytest.mark.skipif(os.name != "posix", reason="names may be longer elsewhere")
@pytest.mark.parametrize("force", [False, True])
def test_part_whose_name_is_too_long_leaves_earlier_parts_unchanged(
    force: bool, tmp_path: Path
) -> None:
    name = "x" * 200
    split([line()], tmp_path, name=name)
    before = names(tmp_path)
    if not force:
        (tmp_path / f"{name}.manifest.json").unlink()
    with pytest.raises(OSError, match="File name too long"):
        split([line(), line(model="m" * 60)], tmp_path, name=name, force=force)

    assert names(tmp_path) == (before if force else before[:1])


@pytest.mark.skipif(os.name != "posix", reason="needs links")
def test_input_is_never_removed(tmp_path: Path) -> None:
    """The input may be a leftover part."""
    split([line(str(number)) for number in range(3)], tmp_path, max_requests=1)
    link = tmp_path / "batch.jsonl"
    link.symlink_to("batch-003.jsonl")
    before = names(tmp_path)
    with pytest.raises(OSError, match=r"batch-003\.jsonl is the input"):
        split(link, tmp_path, max_requests=1, force=True)

    assert names(tmp_path) == before
    assert link.read_bytes() == line("2")


def test_input_is_never_replaced(tmp_path: Path) -> None:
    path = tmp_path / "batch-001.jsonl"
    path.write_bytes(line())
    with pytest.raises(OSError, match="is the input") as raised:
        split(path, tmp_path, name="batch.jsonl", force=True)

    assert raised.value.errno == errno.EEXIST
    assert path.read_bytes() == line()
    assert names(tmp_path) == ["batch-001.jsonl"]


# -- arguments ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "exception", "message"),
    [
        ({"max_requests": 0}, ValueError, "max_requests must be from 1 to 50,000 (the limit"),
        ({"max_requests": 50_001}, ValueError, "max_requests must be from 1 to 50,000"),
        ({"max_bytes": 209_715_201}, ValueError, "max_bytes must be from 1 to 209,715,200"),
        ({"max_bytes": 1.5}, TypeError, "max_bytes must be an integer"),
        ({"max_embedding_inputs": -1}, ValueError, "max_embedding_inputs must not be negative"),
        ({"max_parts": 1.5}, TypeError, "max_parts must be an integer"),
        ({"max_parts": 0}, ValueError, "max_parts must be at least 1, not 0"),
        ({"by": ["endpoint"]}, ValueError, "by may contain only 'model' and 'url', not 'endpoint'"),
        ({"by": "model"}, TypeError, "by must be a list of fields, not a string"),
        ({"name": 5}, TypeError, "name must be a string, not int"),
        ({"provider": "nobody"}, ValueError, "unknown provider 'nobody'"),
    ],
)
def test_invalid_argument_raises(
    options: dict[str, Any], exception: type[Exception], message: str, tmp_path: Path
) -> None:
    with pytest.raises(exception) as raised:
        split([line()], tmp_path / "out", **options)

    assert str(raised.value).startswith(message)
    assert names(tmp_path) == []


def test_folder_must_not_be_a_url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The parts were written to a directory `s3:`."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match="folder must be a directory on this machine"):
        split([line()], "s3://bucket/parts")

    assert names(tmp_path) == []


def test_file_at_a_url_can_be_split_again(tmp_path: Path) -> None:
    MemoryFileSystem().pipe("/split/a.jsonl", line())
    for _ in range(2):
        manifest = split("memory://split/a.jsonl", tmp_path, force=True)

    assert manifest.source == "memory://split/a.jsonl"
    assert names(tmp_path) == ["a-001.jsonl", "a.manifest.json"]


def test_compressed_source_can_be_passed_decompressed(tmp_path: Path) -> None:
    with gzip.open(io.BytesIO(gzip.compress(line()))) as stream:
        assert split(stream, tmp_path).requests == 1


def test_unreadable_source_raises_and_writes_nothing(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        batchlint.split(tmp_path / "missing.jsonl", tmp_path / "out")

    assert names(tmp_path) == []


def test_name_that_no_file_can_have_is_replaced(tmp_path: Path) -> None:
    manifest = split(line("a"), tmp_path, name="a\0\ud800\udcff.jsonl")

    assert [part.path for part in manifest.parts] == ["a___-001.jsonl"]
    assert manifest.source == "a\0\ufffd\ufffd.jsonl"
    assert (tmp_path / "a___.manifest.json").exists()


def test_naming_parts_takes_work_in_proportion_to_their_number(tmp_path: Path) -> None:
    """50,000 models that differ only after 60 characters took minutes."""

    def split_by_model(models: int) -> None:
        lines = [line(str(number), model="m" * 60 + str(number)) for number in range(models)]
        assert len(split(lines, tmp_path, max_parts=models, dry_run=True).parts) == models

    assert_linear_work(split_by_model, 200)
