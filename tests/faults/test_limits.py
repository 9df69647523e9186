"""Circular symlinks, a deleted working directory, little memory and failing system calls."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from batchlint.output import FORMATS
from cli.samples import BAD, GOOD, MANY_ERRORS
from faults.machine import posix
from support import CommandResult, line

pytestmark = [pytest.mark.faults, posix]

Run = Callable[..., CommandResult]


# -- symlinks -------------------------------------------------------------------------------------


def test_circular_symlinks_are_reported_as_unreadable(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a-batch.jsonl").symlink_to("b-batch.jsonl")
    (tmp_path / "b-batch.jsonl").symlink_to("a-batch.jsonl")
    (tmp_path / "inside").symlink_to("inside")
    for format_name in FORMATS:
        result = run("check", f"--format={format_name}", str(tmp_path / "a-batch.jsonl"), GOOD)
        assert result.status == 2
        assert result.err.endswith(": Too many levels of symbolic links\n")
    for path in (tmp_path, tmp_path / "inside" / "x.jsonl"):
        result = run("check", str(path))
        assert result.status == 2
        assert "Too many levels of symbolic links" in result.err


def test_circular_symlink_does_not_prevent_matching_per_file_settings(
    run: Run, tmp_path: Path
) -> None:
    (tmp_path / "batchlint.toml").write_text('[per-file."a*"]\nignore = ["blank_line"]', "utf-8")
    (tmp_path / "a.jsonl").symlink_to("a.jsonl")
    (tmp_path / "b.jsonl").write_bytes(line())
    result = run("check", str(tmp_path / "a.jsonl"), str(tmp_path / "b.jsonl"))

    assert result.status == 2
    assert result.err.count("\n") == 1
    assert "Too many levels of symbolic links" in result.err


# -- the working directory ------------------------------------------------------------------------


def run_in_deleted_directory(command: str, *args: str, cwd: Path) -> CommandResult:
    """Run the command in a deleted directory. Skip the test if the system doesn't delete it."""
    (cwd / "gone").mkdir()
    script = f'cd gone && rmdir ../gone && {{ "$0" -m batchlint "$@" {command}; }}'
    completed = subprocess.run(
        ["/bin/sh", "-c", script, sys.executable, *args],
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
        input=line().decode(),
        timeout=60,
    )
    if "sharing violation" in completed.stderr or "cannot remove" in completed.stderr:
        pytest.skip("this system does not delete a working directory")
    return CommandResult(completed.returncode, completed.stdout, completed.stderr)


@pytest.mark.parametrize("format_name", FORMATS)
def test_absolute_input_path_works_in_a_deleted_directory(format_name: str, tmp_path: Path) -> None:
    result = run_in_deleted_directory("", "check", f"--format={format_name}", BAD, cwd=tmp_path)

    assert result.status == 1
    assert len(result.err.splitlines()) == (format_name == "batch")  # `batch` explains the status.
    assert "invalid_type" in result.out or format_name == "batch"


@pytest.mark.parametrize("format_name", FORMATS)
def test_closed_standard_output_works_in_a_deleted_directory(
    format_name: str, tmp_path: Path
) -> None:
    result = run_in_deleted_directory(">&-", "check", f"--format={format_name}", BAD, cwd=tmp_path)

    assert (result.status, result.out) == (1, "")
    assert len(result.err.splitlines()) == (format_name == "batch")


def test_standard_input_works_in_a_deleted_directory(tmp_path: Path) -> None:
    result = run_in_deleted_directory("", "check", "-", cwd=tmp_path)

    assert (result.status, result.err) == (0, "")


def test_relative_paths_in_a_deleted_directory_are_reported(tmp_path: Path) -> None:
    result = run_in_deleted_directory("", "check", "--output-file=report", BAD, cwd=tmp_path)
    assert result == (2, "", "batchlint: report: cannot write: No such file or directory\n")
    result = run_in_deleted_directory("", "check", "x.jsonl", cwd=tmp_path)
    assert result == (2, "", "batchlint: x.jsonl: No such file or directory\n")


# -- memory ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("format_name", "spare"),
    [("json", 1_000_000), ("junit", 1_000_000), ("sarif", 300_000), ("sarif", 2_000_000)],
)
def test_out_of_memory_while_rendering_causes_exit_status_2(
    format_name: str, spare: int, tmp_path: Path
) -> None:
    """The findings fit into memory, but the rendered report doesn't."""
    if sys.platform != "linux":
        pytest.skip("needs Linux, where the memory of a process can be limited")
    path = tmp_path / "batch.jsonl"
    path.write_bytes(Path(MANY_ERRORS).read_bytes() * 10)
    code = f"""
import resource, sys
import batchlint.output.{format_name} as output_format
render = output_format.render
def limited(files, options):
    files = list(files)
    used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + {spare}, used + {spare}))
    return render(files, options)
output_format.render = limited
sys.argv = ["batchlint", "check", "--format={format_name}", "--keep=0", "-j1", sys.argv[1]]
from batchlint.__main__ import run
run()
"""
    completed = subprocess.run(
        [sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=False
    )

    assert (completed.returncode, completed.stdout) == (2, "")
    assert completed.stderr.count("\n") == 1
    # Compiled modules may turn a MemoryError into something else.
    assert re.match("batchlint: (not enough memory|internal error: SystemError)", completed.stderr)


# -- processes ------------------------------------------------------------------------------------


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_ignored_sigchld_does_not_change_the_exit_status(jobs: str, tmp_path: Path) -> None:
    """Some supervisors start their child processes with SIGCHLD ignored."""
    with (tmp_path / "batch.jsonl").open("wb") as file:
        for number in range(40):
            file.write(line(str(number), input="x" * 100_000))
        file.write(line("last", bogus=1))
    code = "import signal, os, sys; signal.signal(signal.SIGCHLD, signal.SIG_IGN); os.execv(*eval(sys.argv[1]))"
    args = [sys.executable, "-m", "batchlint", "check", "--jobs", jobs, "batch.jsonl"]
    completed = subprocess.run(
        [sys.executable, "-c", code, repr((sys.executable, args))],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (completed.returncode, completed.stderr) == (1, "")


@pytest.mark.parametrize("successful_forks", [0, 1])
def test_failed_fork_is_reported_and_leaves_no_signal_blocked(
    successful_forks: int, tmp_path: Path
) -> None:
    with (tmp_path / "batch.jsonl").open("wb") as file:
        for number in range(40):
            file.write(line(str(number), input="x" * 100_000))
    code = f"""
import os, signal, sys
fork = os.fork
forked = []
def failing():
    if len(forked) >= {successful_forks}:
        raise BlockingIOError(11, "Resource temporarily unavailable")
    forked.append(1)
    return fork()
os.fork = failing
exit = os._exit
def ending(status):
    print(status, signal.pthread_sigmask(signal.SIG_BLOCK, ()), file=sys.__stderr__, flush=True)
    exit(status)
os._exit = ending
sys.argv = ["batchlint", "check", "-j2", "batch.jsonl"]
from batchlint.__main__ import run
run()
"""
    completed = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    if sys.platform != "linux":
        pytest.skip("needs forked workers, which only Linux has")
    message, ended = completed.stderr.splitlines()

    assert message == "batchlint: batch.jsonl: Resource temporarily unavailable"
    assert ended == "2 set()"


def test_more_than_1024_open_files_do_not_break_workers(tmp_path: Path) -> None:
    """`select` supports only file descriptors below 1,024."""
    import resource

    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < 1200:
        pytest.skip("this system does not allow so many open files")
    with (tmp_path / "batch.jsonl").open("wb") as file:
        for number in range(40):
            file.write(line(str(number), input="x" * 100_000))
    code = """
import os, resource, sys
resource.setrlimit(resource.RLIMIT_NOFILE, (1200, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
null = os.open(os.devnull, os.O_RDONLY)
for _ in range(1100):
    os.dup(null)
sys.argv = ["batchlint", "check", "-j2", "batch.jsonl"]
from batchlint.__main__ import run
run()
"""
    completed = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )

    assert (completed.returncode, completed.stderr) == (0, "")


def test_jsonschema_engine_checks_a_large_image_with_little_memory(tmp_path: Path) -> None:
    """`jsonschema` copies values into its errors, so batchlint must not request these errors."""
    url = "data:image/png;base64," + "QUFB" * 12_500_000
    content = [{"type": "input_image", "image_url": url, "detail": 5}]
    body = {"model": "m", "input": [{"role": "user", "content": content}]}
    (tmp_path / "batch.jsonl").write_bytes(line("a", "/v1/responses", **body))
    completed = subprocess.run(
        [
            "/bin/sh",
            "-c",
            'ulimit -v 800000; exec "$0" -m batchlint check batch.jsonl',
            sys.executable,
        ],
        cwd=tmp_path,
        env={**os.environ, "BATCHLINT_ENGINE": "jsonschema"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert completed.returncode == 1, completed.stderr
    assert "1 request to /v1/responses" in completed.stdout


@pytest.mark.parametrize("command", ["check --jobs 1", "fix --diff --jobs 1", "split --dry-run"])
def test_out_of_memory_is_not_reported_as_invalid_json(command: str, tmp_path: Path) -> None:
    """Running out of memory and invalid JSON raise the same exception in orjson."""
    (tmp_path / "batch.jsonl").write_bytes(line("a", input="x" * 50_000_000))
    for limit in (250_000, 300_000, 350_000):
        script = f'ulimit -v {limit}; exec "$0" -m batchlint {command} batch.jsonl'
        completed = subprocess.run(
            ["/bin/sh", "-c", script, sys.executable],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

        assert completed.returncode in (0, 2), completed.stdout
        assert completed.returncode == 0 or "not enough memory" in completed.stderr
