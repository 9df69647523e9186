"""Writing a report to a file: atomically, and never over an input."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from batchlint.output import FORMATS
from batchlint.output.write import write_atomic
from output.samples import CLEAN, MIXED, SAMPLES
from support import FIXTURES, CommandResult, line

GOOD = str(FIXTURES / "valid" / "embeddings.jsonl")

Run = Callable[..., CommandResult]
posix = pytest.mark.skipif(os.name != "posix", reason="needs POSIX files")


@pytest.mark.parametrize("name", FORMATS)
def test_output_file_gets_what_would_be_printed(
    name: str, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(SAMPLES)
    printed = run("check", f"--format={name}", MIXED).out
    path = tmp_path / "report"
    result = run("check", f"--format={name}", MIXED, "--output-file", str(path))

    assert result == (1, "", "")
    assert path.read_bytes() == printed.encode()
    assert [entry.name for entry in tmp_path.iterdir()] == ["report"]


def test_unwritable_output_file_is_reported(run: Run, tmp_path: Path) -> None:
    for path in (tmp_path / "missing" / "x", tmp_path):
        result = run("check", str(SAMPLES / CLEAN), "--output-file", str(path))

        assert result.status == 2
        assert result.out == ""
        assert f"{path}: cannot write: " in result.err


def test_interrupted_run_leaves_the_old_report(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "x"
    path.write_text("old", "utf-8")

    def interrupt(*_: object, **__: object) -> None:
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr("batchlint.api.check", interrupt)
    assert run("check", str(SAMPLES / CLEAN), "--output-file", str(path)).status == 130
    assert path.read_text("utf-8") == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["x"]


def test_failed_write_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_text("old", "utf-8")

    def texts() -> Iterator[str]:
        yield "new"
        raise RuntimeError

    with pytest.raises(RuntimeError):
        write_atomic(str(path), texts())
    assert path.read_text("utf-8") == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["x"]


def test_report_does_not_overwrite_an_input(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_bytes(line("a"))
    result = run("check", str(path), "--output-file", str(tmp_path / "." / "x.jsonl"))

    assert result.status == 2
    assert "would overwrite" in result.err
    assert path.read_bytes() == line("a")


@posix
def test_report_does_not_overwrite_standard_input(tmp_path: Path) -> None:
    path = tmp_path / "in.jsonl"
    path.write_bytes(line())
    command = [sys.executable, "-m", "batchlint", "check", "--output-file", str(path), "-"]
    with path.open("rb") as file:
        completed = subprocess.run(command, stdin=file, capture_output=True, check=False)

    assert completed.returncode == 2
    assert b"would overwrite" in completed.stderr
    assert path.read_bytes() == line()


@posix
def test_links_and_devices_stay_what_they_are(run: Run, tmp_path: Path) -> None:
    link = tmp_path / "link"
    target = tmp_path / "target"
    target.write_text("old", "utf-8")
    link.symlink_to(target)
    run("check", str(SAMPLES / CLEAN), "--output-file", str(link))

    assert link.is_symlink()
    assert "no errors" in target.read_text("utf-8")
    assert run("check", str(SAMPLES / CLEAN), "--output-file", os.devnull).status == 0
    assert Path(os.devnull).is_char_device()


def test_report_keeps_the_permissions_of_the_old_file(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "report.txt"
    path.write_text("old", "utf-8")
    path.chmod(0o640)

    assert run("check", "--output-file", str(path), GOOD).status == 0
    if os.name == "posix":
        assert path.stat().st_mode & 0o777 == 0o640
    assert run("check", "--output-file", f"{path}/", GOOD).err == (
        f"batchlint: {path}/: cannot write: Not a directory\n"
    )
    assert path.read_text("utf-8").endswith("no errors\n")
