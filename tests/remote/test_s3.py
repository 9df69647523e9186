"""Objects on a server with the S3 API: same reports as for local files, and clear errors."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace
from pathlib import Path

import pytest

from batchlint import Report, check, check_many, iter_errors
from remote.conftest import S3
from support import FIXTURES, fixture_files, line, run_command

pytestmark = pytest.mark.remote

SAMPLE = (FIXTURES / "sample_batch.jsonl").read_bytes()


def test_objects_give_the_same_reports_as_local_files(s3: S3) -> None:
    paths = {s3.put(path.name, path.read_bytes()): path for path in fixture_files("invalid")[:40]}
    results = dict(check_many("s3://batches/*"))

    assert results.keys() == paths.keys()
    for url, path in paths.items():
        result = results[url]
        assert isinstance(result, Report)
        assert result == replace(check(path), path=url)


def test_object_larger_than_one_read_gives_the_same_report(s3: S3) -> None:
    data = b"".join(line(f"{number}", user="x" * 5000) for number in range(2400)) + line("0")
    assert len(data) > 11_000_000
    url = s3.put("large.jsonl", data)

    report = check(url)
    assert report == check(data, name=url)
    assert [(error.rule, error.line) for error in report.errors] == [("duplicate_custom_id", 2401)]
    assert check(url, jobs=2, start="spawn") == report


def test_compressed_object_is_decompressed(s3: S3) -> None:
    url = s3.put("a.jsonl.gz", gzip.compress(SAMPLE))

    assert check(url) == check(SAMPLE, name="s3://batches/a.jsonl")
    with pytest.raises(OSError, match="more than 100 bytes when decompressed"):
        check(url, max_unpacked_bytes=100)


def test_storage_options_reach_the_server(s3: S3, monkeypatch: pytest.MonkeyPatch) -> None:
    url = s3.put("a.jsonl", SAMPLE)
    for name in s3.variables:
        monkeypatch.delenv(name)
    options = {
        "endpoint_url": s3.variables["AWS_ENDPOINT_URL"],
        "key": "test",
        "secret": "test",
        "client_kwargs": {"region_name": "us-east-1"},
    }

    expected = check(SAMPLE, name=url)
    assert check(url, storage_options=options) == expected
    assert dict(check_many([url], storage_options=options)) == {url: expected}
    assert len(list(iter_errors(url, storage_options=options))) == len(expected.errors)


def test_upath_objects_and_fsspec_files_are_accepted(s3: S3) -> None:
    import fsspec
    from upath import UPath

    url = s3.put("a.jsonl", SAMPLE)
    expected = check(SAMPLE, name=url)

    assert check(UPath(url)) == expected
    assert dict(check_many([UPath(url)])) == {url: expected}
    with fsspec.open(url, "rb") as file:
        assert check(file) == replace(expected, path=None)


def test_unreadable_objects_are_errors_and_other_objects_are_checked(s3: S3) -> None:
    url = s3.put("in/a.jsonl", SAMPLE)
    sources = [
        "s3://batches/none.jsonl",
        "s3://batches/none*.jsonl",
        "s3://batches/none/",
        "s3://batches/in",
        "s3://denied/a.jsonl",
        "s3://no-such-bucket/a.jsonl",
        url,
    ]
    results = dict(check_many(sources))

    assert results.pop(url) == check(SAMPLE, name=url)
    errors = {
        name: (type(error), error.strerror)
        for name, error in results.items()
        if isinstance(error, OSError)
    }
    assert errors == {
        "s3://batches/none.jsonl": (FileNotFoundError, "no such file"),
        "s3://batches/none*.jsonl": (FileNotFoundError, "no files match"),
        "s3://batches/none/": (FileNotFoundError, "no .jsonl files below this prefix"),
        "s3://batches/in": (
            IsADirectoryError,
            "this is a prefix; to check the files below it, use s3://batches/in/",
        ),
        "s3://denied/a.jsonl": (PermissionError, "access denied: Forbidden"),
        "s3://no-such-bucket/a.jsonl": (
            FileNotFoundError,
            "An error occurred (NoSuchBucket) when calling the ListObjectsV2 operation: The "
            "specified bucket does not exist",
        ),
    }  # fmt: skip


@pytest.mark.parametrize("pattern", ["s3://batches/p/", "s3://batches/p/*"])
def test_objects_written_after_a_listing_are_checked(s3: S3, pattern: str) -> None:
    changed = s3.put("p/changed.jsonl", line("1"))
    deleted = s3.put("p/deleted.jsonl", line("1"))
    assert all(result for _, result in check_many(pattern))
    invalid = line("1", temperature=9)
    assert s3.put("p/changed.jsonl", invalid) == changed
    new = s3.put("p/new.jsonl", invalid)
    s3.client.delete_object(Bucket="batches", Key="p/deleted.jsonl")

    for url in (changed, new):
        assert check(url) == check(invalid, name=url)
    with pytest.raises(FileNotFoundError):
        check(deleted)
    results = dict(check_many(pattern))
    assert results == {url: check(invalid, name=url) for url in (changed, new)}


def test_command_reports_invalid_objects_and_prints_one_summary(s3: S3) -> None:
    bad = (7, 77, 177)
    for number in range(200):
        data = line("a") + (line("b", bogus=1) if number in bad else line("b"))
        s3.put(f"2026-11/{number:03}.jsonl", data)
    result = run_command("check", "s3://batches/2026-11/*.jsonl", env=s3.variables)

    assert result.status == 1
    named = [text for text in result.out.splitlines() if "bogus" in text]
    assert len(named) == len(bad)
    for number in bad:
        assert f"s3://batches/2026-11/{number:03}.jsonl" in result.out
    assert result.out.splitlines()[-1] == "200 files, 3 with errors"


def test_command_reports_objects_and_files_in_argument_order(s3: S3, tmp_path: Path) -> None:
    local = tmp_path / "local.jsonl"
    local.write_bytes(SAMPLE)
    second = s3.put("b.jsonl", SAMPLE)
    first = s3.put("a.jsonl.gz", gzip.compress(SAMPLE))
    result = run_command(
        "check", "--format", "json", second, str(local), "s3://batches/none.jsonl", "s3://batches/a*",
        env=s3.variables,
    )  # fmt: skip

    files = json.loads(result.out)["files"]
    assert [row["path"] for row in files] == [
        second, str(local), "s3://batches/none.jsonl", first,
    ]  # fmt: skip
    assert result.status == 2
    assert "s3://batches/none.jsonl: no such file" in result.err
    assert "a.jsonl.gz: decompressed for checking" in result.err
