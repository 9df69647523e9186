"""Many files and URLs: checked in parallel, reported in the order of the arguments."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Self

import pytest
from fsspec.implementations.memory import MemoryFileSystem

from batchlint.cli import checking
from batchlint.engine import parallel
from support import CommandResult, line, run_command

Run = Callable[..., CommandResult]


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    """Write twenty files. The first is much larger than the others, so it finishes last."""
    for number in range(20):
        lines = line("a") + (line("b", bogus=1) if number in (3, 13) else line("b"))
        padding = b"".join(line(str(n)) for n in range(20_000)) if number == 0 else b""
        (tmp_path / f"{number:02}.jsonl").write_bytes(lines + padding)
    return [str(tmp_path / f"{number:02}.jsonl") for number in range(20)]


@pytest.fixture
def memory() -> Iterator[MemoryFileSystem]:
    filesystem = MemoryFileSystem()
    filesystem.store.clear()
    yield filesystem
    filesystem.store.clear()


@pytest.mark.parametrize("jobs", ["1", "2", "0"])
def test_results_are_printed_in_the_order_of_the_arguments(files: list[str], jobs: str) -> None:
    result = run_command("check", "--jobs", jobs, *files, "missing.jsonl")
    summaries = [text for text in result.out.splitlines() if " requests to " in text]

    assert result.status == 2
    assert [text.split(": ")[0] for text in summaries] == files
    assert [text for text in summaries if "1 error" in text] == [summaries[3], summaries[13]]
    assert result.out.splitlines()[-1] == "21 files, 2 with errors, 1 could not be read"
    assert result.err == "batchlint: missing.jsonl: No such file or directory\n"


def test_output_does_not_depend_on_the_number_of_jobs(files: list[str]) -> None:
    for format_name in ("json", "github"):
        one = run_command("check", "--format", format_name, "--jobs", "1", *files)
        assert run_command("check", "--format", format_name, "--jobs", "2", *files) == one
        assert one.status == 1


@pytest.mark.skipif(sys.platform == "win32", reason="this system has no SIGKILL")
def test_worker_death_is_reported_for_every_unchecked_file(
    run: Run, files: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    parent = os.getpid()
    original = checking.FileCheck.run

    def die(self: checking.FileCheck, **options: Any) -> Any:
        if os.getpid() != parent:
            os.kill(os.getpid(), signal.SIGKILL)
        return original(self, **options)

    monkeypatch.setattr(checking.FileCheck, "run", die)
    monkeypatch.setattr("batchlint.cli.check.START", "fork")
    result = run("check", "--jobs", "2", *files)

    assert result.status == 2
    assert result.err.count("a worker process died") == len(files)


def test_worker_death_is_reported_without_the_secrets_of_urls(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> Iterator[Any]:
        raise OSError("a worker process died")
        yield

    monkeypatch.setattr("batchlint.engine.parallel.as_finished", fail)
    result = run("check", *(f"https://user:secret@host/{name}?secret" for name in "ab"))

    assert result.status == 2
    assert result.err.splitlines() == [
        "batchlint: https://host/a: a worker process died",
        "batchlint: https://host/b: a worker process died",
    ]


def test_one_progress_bar_covers_all_files(
    run: Run, files: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    bars: list[dict[str, Any]] = []
    updates: list[int] = []

    class Bar:
        def __init__(self, **options: Any) -> None:
            bars.append(options)

        def __enter__(self) -> Self:
            return self

        def __exit__(self, *_: object) -> None:
            pass

        def update(self, size: int) -> None:
            updates.append(size)

        def clear(self) -> None:
            pass

    monkeypatch.setattr("tqdm.tqdm", Bar)
    size = sum(Path(file).stat().st_size for file in files)
    for jobs in ("1", "2"):
        run("check", "--progress", "--jobs", jobs, *files)

        assert sum(updates) == size
        updates.clear()
    assert [(bar["desc"], bar["total"]) for bar in bars] == [("20 files", size)] * 2


# -- URLs -----------------------------------------------------------------------------------------


def test_url_globs_and_prefixes_are_expanded(run: Run, memory: MemoryFileSystem) -> None:
    memory.pipe("/b/1.jsonl", line("a"))
    memory.pipe("/b/2.jsonl", line("a", bogus=1))
    for url in ("memory://b/*.jsonl", "memory://b/"):
        result = run("check", url)

        assert result.status == 1
        assert "memory:///b/1.jsonl: 1 request to /v1/embeddings, no errors" in result.out
        assert result.out.splitlines()[-1] == "2 files, 1 with errors"
        assert result.err == ""


def test_found_url_with_the_characters_of_a_glob_is_checked(
    run: Run, memory: MemoryFileSystem
) -> None:
    memory.pipe("/b/[1]*.jsonl", line("a"))
    result = run("check", "memory://b/")

    assert result.out == "memory:///b/[1]*.jsonl: 1 request to /v1/embeddings, no errors\n"
    assert result.status == 0


def test_list_files_prints_urls(run: Run, memory: MemoryFileSystem) -> None:
    memory.pipe("/b/1.jsonl", line("a"))

    assert run("check", "--list-files", "memory://b/") == (0, "memory:///b/1.jsonl\n", "")
    assert run("check", "--list-files", "memory://none/") == (
        2,
        "",
        "batchlint: memory://none/: no .jsonl files below this prefix\n",
    )


@pytest.mark.usefixtures("memory")
@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("memory://b/none.jsonl", "no such file"),
        ("memory://b/*.jsonl", "no files match"),
        ("memory://b/", "no .jsonl files below this prefix"),
    ],
)
def test_url_that_matches_no_file_is_reported(run: Run, url: str, message: str) -> None:
    assert run("check", url) == (2, "", f"batchlint: {url}: {message}\n")


def test_url_is_printed_without_credentials_and_query(run: Run) -> None:
    result = run("check", "http://user:secret@127.0.0.1:9/a.jsonl?signature=secret")

    assert result.status == 2
    assert result.err.startswith("batchlint: http://127.0.0.1:9/a.jsonl: ")
    assert "secret" not in result.err


def test_show_source_prints_no_excerpt_of_a_url(run: Run, memory: MemoryFileSystem) -> None:
    memory.pipe("/b/1.jsonl", line("a", bogus=1))
    result = run("check", "--show-source", "memory://b/1.jsonl")

    assert result.status == 1
    assert result == run("check", "memory://b/1.jsonl")


@pytest.mark.parametrize(
    ("format_name", "expected"),
    [("sarif", '"uri": "memory://b/1.jsonl"'), ("gitlab", '"path": "memory://b/1.jsonl"')],
)
def test_reports_contain_the_url_unchanged(
    run: Run, memory: MemoryFileSystem, format_name: str, expected: str
) -> None:
    memory.pipe("/b/1.jsonl", line("a", bogus=1))

    assert expected in run("check", "--format", format_name, "memory://b/1.jsonl").out


def test_file_at_a_url_is_fixed_into_a_local_file(
    run: Run, memory: MemoryFileSystem, tmp_path: Path
) -> None:
    memory.pipe("/b/1.jsonl", line("a") + b"\n")
    target = tmp_path / "fixed.jsonl"

    assert run("fix", "--output-file", str(target), "memory://b/1.jsonl").status == 0
    assert target.read_bytes() == line("a")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["fix"], "cannot write to a URL; use --diff, or a local --output-file"),
        (["split", "--dry-run"], "cannot split a file at a URL; pipe it to `batchlint split -`"),
    ],
)
def test_fixing_a_url_in_place_and_splitting_a_url_are_errors(
    run: Run, memory: MemoryFileSystem, arguments: list[str], message: str
) -> None:
    memory.pipe("/b/1.jsonl", line("a"))

    assert run(*arguments, "memory://b/1.jsonl") == (
        2,
        "",
        f"batchlint: memory://b/1.jsonl: {message}\n",
    )


def test_more_urls_are_queued_than_there_are_threads() -> None:
    """Otherwise, threads would be idle while a result is printed."""
    from batchlint.many import choose_execution

    assert (
        choose_execution(["memory://b/1.jsonl"] * 2, None, "spawn").window
        > parallel.CALLS_PER_WORKER
    )


def test_spawned_workers_import_nothing_from_the_working_directory(tmp_path: Path) -> None:
    (tmp_path / "socket.py").write_text("open('imported', 'w').close()\n", "utf-8")
    names = ["a.jsonl", "b.jsonl", "c.jsonl", "d.jsonl"]
    for name in names:
        (tmp_path / name).write_bytes(line("a"))
    program = (
        "import sys; sys.path.remove(''); import batchlint.cli.check as check; "
        "check.START = 'spawn'; from batchlint.__main__ import run; run()"
    )

    completed = subprocess.run(
        [sys.executable, "-c", program, "check", "--jobs", "2", *names],
        cwd=tmp_path,
        capture_output=True,
        check=False,
    )

    assert completed.returncode == 0
    assert not (tmp_path / "imported").exists()
