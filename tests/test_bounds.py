"""Caches that are limited by bytes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from batchlint import phrasing, providers
from batchlint.bounds import ByteCache
from batchlint.engine.checker import checker_for


def test_oldest_value_is_evicted_when_the_cache_is_full() -> None:
    cache = ByteCache[str, int](1000)
    for number in range(10):
        cache.put(str(number), number, 100)

    assert [cache.get(str(number)) for number in range(10)] == list(range(10))

    cache.put("x", 10, 100)

    assert cache.get("0") is None
    assert cache.get("x") == 10


def test_large_value_is_not_cached() -> None:
    cache = ByteCache[str, int](1000)
    cache.put("small", 1, 100)
    cache.put("large", 2, 126)

    assert (cache.get("small"), cache.get("large")) == (1, None)


def test_missing_value_is_computed_once() -> None:
    computed: list[str] = []

    def make(key: str) -> int:
        computed.append(key)
        return len(key)

    cache = ByteCache[str, int](1000)

    assert [cache.get_or_make(key, make, len) for key in ("aa", "b", "aa")] == [2, 1, 2]
    assert computed == ["aa", "b"]


def test_results_for_large_keys_are_not_cached() -> None:
    for number in range(3):
        key = f"{number}" + "k" * 1_000_000
        assert len(phrasing.dotted((key,))) == 1000
        assert len(phrasing.pointer((key,))) == 1001
        assert phrasing.did_you_mean(key, ["model"], ()) == ""
        assert providers.model_family(key) is None
    for cache in (phrasing._dotted_cache, phrasing._pointer_cache, phrasing._suggestion_cache):
        keys = [key[:1] for key in cache._values]
        assert not any(
            isinstance(part, str) and len(part) > 100_000 for key in keys for part in key
        )


def test_number_of_cached_checkers_is_limited() -> None:
    assert checker_for.cache_info().maxsize == 32


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="this system has no /proc")
def test_memory_does_not_grow_with_the_keys_of_a_file() -> None:
    """150 lines, each with a different key of 1 MB."""
    code = """
import re
from pathlib import Path
from batchlint.engine.check import check_request

def requests():
    for number in range(150):
        yield {"custom_id": str(number), "method": "POST", "url": "/v1/embeddings",
               "body": {"model": f"{number}" + "m" * 1_000_000, "input": "x",
                        f"{number}" + "k" * 1_000_000: 1}}

for request in requests():
    check_request(request)
print(re.search("VmHWM: *([0-9]+)", Path("/proc/self/status").read_text().replace("\\t", " "))[1])
"""
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)

    assert int(result.stdout) < 120_000
