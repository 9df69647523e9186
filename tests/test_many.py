"""`check_many` gives the same results as `check` for each file, wherever the checks run."""

from __future__ import annotations

import multiprocessing
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import nullcontext
from pathlib import Path
from typing import Any, Final

import pytest
from fsspec.implementations.memory import MemoryFileSystem

import batchlint
import batchlint.engine.parallel
import batchlint.many
from batchlint import Report, check, check_many
from batchlint.engine.parallel import Start
from batchlint.many import Execution, choose_execution
from support import line

NAMES: Final = [f"{number}.jsonl" for number in range(12)]
MISSING: Final = "missing.jsonl"


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    """Write files, some of which have an error, and include the name of a missing file."""
    for number, name in enumerate(NAMES):
        second = line("b", bogus=1) if number % 5 == 0 else line("b")
        (tmp_path / name).write_bytes(line("a") + second)
    return [tmp_path / name for name in (*NAMES, MISSING)]


@pytest.fixture
def urls(files: list[Path]) -> Iterator[str]:
    """Copy the files into the memory filesystem, and return their prefix."""
    filesystem = MemoryFileSystem()
    filesystem.store.clear()
    for file in files[:-1]:
        filesystem.pipe(f"/b/{file.name}", file.read_bytes())
    yield "memory://b/"
    filesystem.store.clear()


def assert_results(results: dict[str, Report | OSError], files: list[Path]) -> None:
    """Verify that each file has the same result as with `check`."""
    assert len(results) == len(files)
    for file in files:
        result = results[str(file)]
        if file.name == MISSING:
            assert isinstance(result, FileNotFoundError)
            assert result.filename is not None
            assert MISSING in str(result.filename)
        else:
            assert result == check(file)


@pytest.mark.parametrize(
    ("jobs", "start"), [(1, "spawn"), (None, "spawn"), (2, "fork"), (0, "fork"), (2, "spawn")]
)
def test_every_file_gets_a_result(files: list[Path], jobs: int | None, start: Start) -> None:
    assert_results(dict(check_many(files, jobs=jobs, start=start)), files)


@pytest.mark.parametrize("kind", [ThreadPoolExecutor, ProcessPoolExecutor])
def test_executors_give_the_same_results(files: list[Path], kind: type[Any]) -> None:
    with kind(2) as executor:
        assert_results(dict(check_many(iter(files), executor=executor)), files)


class MinimalExecutor:
    """An executor that has only `submit`, with futures that have only `result`."""

    class Done:
        def __init__(self, value: Any) -> None:
            self.value = value

        def result(self) -> Any:
            return self.value

    def submit(self, function: Any, /, *args: Any) -> Done:
        return self.Done(function(*args))


def test_any_object_with_submit_is_an_executor(files: list[Path]) -> None:
    assert_results(dict(check_many(files, executor=MinimalExecutor())), files)


@pytest.mark.parametrize("start", ["fork", "spawn"])
def test_huge_file_among_small_ones_is_divided(
    files: list[Path], start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = b"".join(line(str(number), user="x" * 900) for number in range(2000))
    files[4].write_bytes(line("same") + lines + line("same"))
    monkeypatch.setattr(batchlint.engine.parallel, "MIN_SHARED_FILE_BYTES", 1_000_000)
    ranges: list[int] = []

    def recording_calls(*args: Any) -> Iterator[Any]:
        for call in range_calls(*args):
            ranges.append(call[1][1])
            yield call

    range_calls = batchlint.engine.parallel._range_calls
    monkeypatch.setattr(batchlint.engine.parallel, "_range_calls", recording_calls)

    assert_results(dict(check_many(files, jobs=2, start=start)), files)
    assert len(ranges) > 1


def test_few_files_are_checked_one_at_a_time(files: list[Path]) -> None:
    assert_results(dict(check_many(files[-2:], jobs=2, start="fork")), files[-2:])


def test_results_are_yielded_in_order_of_completion(files: list[Path]) -> None:
    has_result = threading.Event()

    class Delayed(ThreadPoolExecutor):
        """The first call waits until another call has a result."""

        def submit(self, function: Any, /, *args: Any, **_: Any) -> Future[Any]:
            def call() -> Any:
                if args[0] == files[0]:
                    has_result.wait(20)
                return function(*args)

            return super().submit(call)

    names = []
    with Delayed(2) as executor:
        for name, _ in check_many(files, executor=executor):
            names.append(name)
            has_result.set()

    assert sorted(names) == sorted(map(str, files))
    assert names[0] != str(files[0])


def test_sources_are_consumed_lazily(files: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batchlint.many, "_EXECUTOR_WINDOW", 3)
    consumed: list[Path] = []

    def sources() -> Iterator[Path]:
        for file in files:
            consumed.append(file)
            yield file

    with ThreadPoolExecutor(2) as executor:
        results = check_many(sources(), executor=executor)
        next(results)
        assert len(consumed) == 3
        assert len(list(results)) == len(files) - 1


@pytest.mark.parametrize("jobs", [None, 1])
def test_prefix_and_glob_are_expanded(urls: str, jobs: int | None) -> None:
    expected = {f"memory:///b/{name}" for name in NAMES}

    assert dict(check_many([urls], jobs=jobs)).keys() == expected
    assert dict(check_many("memory://b/1*.jsonl", jobs=jobs)).keys() == {
        "memory:///b/1.jsonl",
        "memory:///b/10.jsonl",
        "memory:///b/11.jsonl",
    }


def test_url_gets_the_same_report_as_the_file(urls: str, files: list[Path]) -> None:
    for name, report in check_many(urls):
        assert isinstance(report, Report)
        local = check(files[0].parent / Path(name).name)
        assert report.path == name
        assert (report.errors, report.total, report.bytes) == (
            local.errors,
            local.total,
            local.bytes,
        )


def test_pattern_without_files_has_an_error_and_the_rest_is_checked(urls: str) -> None:
    results = dict(check_many(["memory://none/*.jsonl", urls, "memory://b/none.jsonl"]))

    assert len(results) == len(NAMES) + 2
    assert "no files match" in str(results["memory://none/*.jsonl"])
    assert "no such file" in str(results["memory://b/none.jsonl"])


def test_options_apply_to_every_file(files: list[Path]) -> None:
    options: dict[str, Any] = {
        "endpoint": "/v1/responses",
        "warn": iter(["mismatched_url"]),
        "now": 5,
    }
    results = dict(check_many(files[:-1], **options))

    for result in results.values():
        assert isinstance(result, Report)
        assert result.endpoint == "/v1/responses"
        assert result.now == 5
        assert [error.rule for error in result.warnings] == ["mismatched_url"] * 2


def test_progress_counts_the_bytes_of_each_file(files: list[Path]) -> None:
    sizes: list[int] = []
    list(check_many(files, progress=sizes.append))

    assert sorted(sizes) == sorted(file.stat().st_size for file in files[:-1])


@pytest.mark.parametrize(
    ("options", "kind"),
    [
        ({"jobs": -1}, ValueError),
        ({"start": "forkserver"}, ValueError),
        ({"executor": 5}, TypeError),
        ({"jobs": "2"}, TypeError),
        ({"select": ["nothing"]}, ValueError),
        ({"endpoint": "/v2"}, ValueError),
        ({"provider": "nobody"}, ValueError),
        ({"max_unpacked_bytes": -1}, ValueError),
        ({"read_timeout": 0}, ValueError),
        ({"read_timeout": float("nan")}, ValueError),
        ({"read_timeout": 10**400}, ValueError),
        ({"read_timeout": "60"}, TypeError),
        ({"read_timeout": True}, TypeError),
    ],
)
def test_invalid_arguments_raise_before_the_iteration(
    options: dict[str, Any], kind: type[Exception]
) -> None:
    with pytest.raises(kind):
        check_many([], **options)


@pytest.mark.parametrize("source", [b"a.jsonl", {"custom_id": "a"}, None, 5])
def test_source_that_is_not_a_path_raises_type_error(source: object) -> None:
    with pytest.raises(TypeError, match="sources must be paths or URLs"):
        next(check_many([source]))


def test_malformed_url_does_not_stop_the_other_checks(tmp_path: Path) -> None:
    good = tmp_path / "a.jsonl"
    good.write_bytes(line("a"))

    results = dict(check_many(["http://[bad/a.jsonl", good]))

    assert isinstance(results["http://[bad/a.jsonl"], OSError)
    assert results[str(good)]


def test_abandoning_the_iteration_cancels_pending_calls() -> None:
    results = check_many([f"memory://b/{name}" for name in NAMES])
    next(results)
    results.close()  # type: ignore[attr-defined]

    for thread in threading.enumerate():
        if thread.name.startswith("batchlint_"):
            thread.join(10)
            assert not thread.is_alive()


def test_no_sources_give_no_results() -> None:
    executor: Executor = ThreadPoolExecutor(1)
    with executor:
        assert list(check_many([], executor=executor)) == []
    assert list(check_many([])) == []


def test_enough_files_are_counted_on_machines_with_many_cores(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int] = []

    def recording_choice(sources: Sequence[Any], jobs: int | None, start: Start) -> Execution:
        seen.append(len(sources))
        return choose_execution(sources, jobs, start)

    monkeypatch.setattr(batchlint.many, "count_cores", lambda: 64)
    monkeypatch.setattr(batchlint.many, "choose_execution", recording_choice)
    path = tmp_path / "a.jsonl"
    path.write_bytes(line("a"))

    assert len(list(check_many([path] * 200))) == 200
    assert seen == [128]


def test_single_process_takes_one_file_at_a_time(files: list[Path]) -> None:
    taken: list[Path] = []

    def sources() -> Iterator[Path]:
        for file in files:
            taken.append(file)
            yield file

    for count, _ in enumerate(check_many(sources(), jobs=1), 1):
        assert len(taken) == count


@pytest.mark.parametrize("count", [1, 9])
def test_daemonic_process_checks_files_without_workers(files: list[Path], count: int) -> None:
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        execution = pool.apply(choose_execution, (files[:count], 2, "spawn"))

    assert isinstance(execution.executor, nullcontext)
    assert execution.jobs == 1


def test_workers_survive_the_thread_that_started_them(files: list[Path]) -> None:
    """A web server may call `next` in a different thread each time."""
    results = check_many(files * 60, jobs=2)
    first: list[tuple[str, Report | OSError]] = []
    thread = threading.Thread(target=lambda: first.append(next(results)))
    thread.start()
    thread.join()

    assert len([*first, *results]) == 60 * len(files)
