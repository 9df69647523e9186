"""Dask with two worker processes, which must give the same reports as this process."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from batchlint import check
from support import line

pytestmark = [pytest.mark.clusters, pytest.mark.filterwarnings("default")]


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    from dask.distributed import Client, LocalCluster

    with (
        LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
        ) as cluster,
        Client(cluster) as client,
    ):
        yield client


def test_cluster_has_two_worker_processes(client: Any) -> None:
    import os

    pids = set(client.run(os.getpid).values())
    assert len(pids) == 2
    assert os.getpid() not in pids


def test_dask_executor_gives_the_same_reports(
    client: Any, recipes: dict[str, Any], paths: list[str]
) -> None:
    results = recipes["check_with_dask"](client, [*paths, "missing.jsonl"])

    assert isinstance(results.pop("missing.jsonl"), FileNotFoundError)
    assert results == {path: check(path) for path in paths}


def test_dask_map_and_bag_recipes_give_the_same_findings(
    client: Any, recipes: dict[str, Any], paths: list[str]
) -> None:
    assert recipes["failed_requests"](client, paths) == 1
    assert recipes["findings_from_bag"](paths) == check(paths[3]).rows()


def test_duplicate_on_the_first_and_last_line_is_found_across_parts(
    client: Any, recipes: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "large.jsonl"
    lines = (line(str(number), user="x" * 400) for number in range(3000))
    path.write_bytes(line("same") + b"".join(lines) + line("same"))
    from dask import bytes as dask_bytes

    read = dask_bytes.read_bytes
    sizes: list[int] = []

    def in_small_blocks(url: str, **options: Any) -> Any:
        sample, blocks = read(url, **{**options, "blocksize": 300_000})
        sizes.append(len(blocks[0]))
        return sample, blocks

    monkeypatch.setitem(recipes, "read_bytes", in_small_blocks)
    report = recipes["check_in_parts"](str(path))

    assert client.scheduler_info()["workers"]
    assert sizes[0] > 4
    assert report == check(path)
    assert [(error.rule, error.line) for error in report.errors] == [("duplicate_custom_id", 3002)]
