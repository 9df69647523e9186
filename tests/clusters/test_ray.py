"""Ray, which must give the same reports as this process."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from batchlint import check, check_chunk, finish, merge
from batchlint.sources import BytesSource
from support import line

pytestmark = [pytest.mark.clusters, pytest.mark.filterwarnings("default")]


@pytest.fixture(scope="module", autouse=True)
def _cluster() -> Iterator[None]:
    import ray

    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, logging_level="error")
    yield
    ray.shutdown()


def test_ray_remote_function_gives_the_same_reports_as_check(
    recipes: dict[str, Any], paths: list[str]
) -> None:
    assert recipes["check_with_ray"](paths) == [check(path) for path in paths]


def test_ray_data_over_paths_gives_the_same_results(
    recipes: dict[str, Any], paths: list[str]
) -> None:
    rows = recipes["check_paths"]([*paths, "missing.jsonl"]).take_all()
    by_path = {row["path"]: row for row in rows}

    assert {path: by_path[path]["ok"] for path in paths} == {path: check(path).ok for path in paths}
    assert "No such file" in by_path["missing.jsonl"]["error"]


def test_ray_data_over_bytes_gives_the_same_results_as_check(
    recipes: dict[str, Any], paths: list[str]
) -> None:
    rows = recipes["check_binary_files"](paths).take_all()

    assert {row["path"]: row["ok"] for row in rows} == {path: check(path).ok for path in paths}


def test_duplicate_on_the_first_and_last_line_is_found_across_parts(tmp_path: Path) -> None:
    import ray

    lines = b"".join(line(str(number), user="x" * 400) for number in range(3000))
    data = line("same") + lines + line("same")
    path = tmp_path / "large.jsonl"
    path.write_bytes(data)
    part = ray.remote(check_chunk)
    parts = [
        part.remote(chunk, first=number == 0)
        for number, chunk in enumerate(BytesSource(data).chunks(300_000))
    ]
    report = finish(merge(ray.get(parts)), source=path)

    assert len(parts) > 4
    assert report == check(path)
    assert [(error.rule, error.line) for error in report.errors] == [("duplicate_custom_id", 3002)]
