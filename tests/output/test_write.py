"""Writing a report to a file atomically, and never over an input."""

from __future__ import annotations

import errno
import io
import os
import signal
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from batchlint.output import FORMATS, write
from batchlint.output.complete_writer import OutputError
from batchlint.output.write import write_atomic
from output.samples import CLEAN, MIXED, SAMPLES
from support import FIXTURES, CommandResult, line

GOOD = str(FIXTURES / "valid" / "embeddings.jsonl")
BAD = str(FIXTURES / "invalid" / "invalid_type.jsonl")
MANY_ERRORS = str(FIXTURES / "cases" / "mutants.jsonl")

Run = Callable[..., CommandResult]
posix = pytest.mark.skipif(os.name != "posix", reason="needs POSIX files")


@pytest.mark.parametrize("name", FORMATS)
def test_output_file_has_the_same_contents_as_standard_output(
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


def test_interrupted_run_keeps_the_old_report(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "x"
    path.write_text("old", "utf-8")

    def interrupt(*_: object, **__: object) -> None:
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr("batchlint.engine.check.check", interrupt)
    assert run("check", str(SAMPLES / CLEAN), "--output-file", str(path)).status == 130
    assert path.read_text("utf-8") == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["x"]


def test_failed_write_keeps_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_text("old", "utf-8")

    def chunks() -> Iterator[str]:
        yield "new"
        raise RuntimeError

    with pytest.raises(RuntimeError):
        write_atomic(str(path), chunks())
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


@pytest.mark.parametrize("format_name", FORMATS)
def test_old_report_is_kept_if_no_file_can_be_checked(
    format_name: str, run: Run, tmp_path: Path
) -> None:
    path = tmp_path / "x"
    path.write_text("old", "utf-8")
    args = ["check", f"--format={format_name}", "--output-file", str(path)]
    result = run(*args, "missing", "missing too")

    assert result.status == 2
    assert "not written, because no file could be checked" in result.err
    assert path.read_text("utf-8") == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["x"]
    assert run(*args, "missing", GOOD).status == 2
    assert path.read_text("utf-8") != "old"


@posix
@pytest.mark.parametrize("umask", [0o022, 0o000, 0o077], ids=oct)
@pytest.mark.parametrize("mode", [0o600, 0o640, 0o666, 0o444], ids=oct)
def test_file_keeps_its_permissions_while_it_is_replaced(
    mode: int, umask: int, tmp_path: Path
) -> None:
    path = tmp_path / "x"
    path.write_text("old", "utf-8")
    path.chmod(mode)
    modes = []

    def chunks() -> Iterator[str]:
        for _ in range(2):
            (temporary,) = (entry for entry in tmp_path.iterdir() if entry != path)
            modes.append(temporary.stat().st_mode & 0o777)
            yield "x" * 200_000

    before = os.umask(umask)
    try:
        write_atomic(str(path), chunks())
    finally:
        os.umask(before)
    assert [*modes, path.stat().st_mode & 0o777] == [mode] * 3


@posix
def test_new_report_has_default_permissions(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        write_atomic(str(tmp_path / "x"), ["x"])
    finally:
        os.umask(before)
    assert (tmp_path / "x").stat().st_mode & 0o777 == 0o640


@posix
def test_symlink_with_the_temporary_name_is_not_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.urandom", bytes)
    victim = tmp_path / "victim"
    victim.write_text("precious", "utf-8")
    for name in (f".batchlint.{os.getpid()}.part", f".batchlint.{bytes(8).hex()}.part"):
        (tmp_path / name).symlink_to(victim)
    before = sorted(tmp_path.iterdir())

    with pytest.raises(OSError, match="File exists"):
        write_atomic(str(tmp_path / "report"), ["x"])
    assert victim.read_text("utf-8") == "precious"
    assert sorted(tmp_path.iterdir()) == before


def test_simultaneous_writes_in_a_directory_use_different_temporary_files(tmp_path: Path) -> None:
    """Process IDs don't suffice: processes in two containers may have the same one."""

    def chunks() -> Iterator[str]:
        yield "outer"
        write_atomic(str(tmp_path / "inner"), ["inner"])

    write_atomic(str(tmp_path / "outer"), chunks())
    assert {entry.name: entry.read_text("utf-8") for entry in tmp_path.iterdir()} == {
        "inner": "inner",
        "outer": "outer",
    }


@posix
def test_write_keeps_hard_links(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_text("old and longer", "utf-8")
    (tmp_path / "y").hardlink_to(path)
    write_atomic(str(path), ["new"])

    assert [entry.read_text("utf-8") for entry in tmp_path.iterdir()] == ["new", "new"]
    assert path.stat().st_nlink == 2


@posix
def test_write_keeps_owner_and_permissions(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("needs root to change the owner of a file")
    path = tmp_path / "x"
    for text in ("old and longer", "old"):
        path.write_text(text, "utf-8")
        path.chmod(0o640)
        os.chown(path, 12345, 54321)
        write_atomic(str(path), ["new"])

        stat = path.stat()
        assert (stat.st_uid, stat.st_gid, stat.st_mode & 0o777) == (12345, 54321, 0o640)
        assert [entry.read_text("utf-8") for entry in tmp_path.iterdir()] == ["new"]


#: An access control list: the owner and user 65534 may read and write, and the group has no access.
ACCESS_CONTROL_LIST = b"".join(
    [
        struct.pack("<I", 2),
        struct.pack("<HHI", 1, 6, 0xFFFFFFFF),
        struct.pack("<HHI", 2, 6, 65534),
        struct.pack("<HHI", 4, 0, 0xFFFFFFFF),
        struct.pack("<HHI", 16, 6, 0xFFFFFFFF),
        struct.pack("<HHI", 32, 0, 0xFFFFFFFF),
    ]
)


@pytest.mark.skipif(sys.platform != "linux", reason="needs extended attributes")
@pytest.mark.parametrize("can_copy", [True, False])
@pytest.mark.parametrize("name", ["user.a", "system.posix_acl_access"])
def test_write_keeps_extended_attributes(
    name: str, can_copy: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "x"
    path.write_text("old", "utf-8")
    if sys.platform == "linux":
        try:
            os.setxattr(path, name, ACCESS_CONTROL_LIST)
        except OSError:
            pytest.skip("this file system has no extended attributes")
    mode = path.stat().st_mode

    def refuse(*_: object) -> None:
        raise OSError(errno.EPERM, "refused")

    if not can_copy:
        monkeypatch.setattr(os, "setxattr", refuse)
    write_atomic(str(path), ["new"])

    if sys.platform == "linux":
        assert os.getxattr(path, name) == ACCESS_CONTROL_LIST
    assert path.stat().st_mode == mode
    assert [entry.read_text("utf-8") for entry in tmp_path.iterdir()] == ["new"]


@posix
@pytest.mark.parametrize("links", [1, 2])
def test_new_content_is_on_the_disk_before_the_old_content_is_lost(
    links: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"old")
    if links == 2:
        os.link(path, tmp_path / "b.jsonl")
    synced: list[tuple[bytes, int]] = []

    def sync(descriptor: int) -> None:
        synced.append((path.read_bytes(), os.fstat(descriptor).st_size))
        raise OSError(errno.EINVAL, "this file system can't sync")

    monkeypatch.setattr(os, "fsync", sync)
    write_atomic(str(path), [b"new ", b"content"])

    assert synced == [(b"old", 11), (b"new content", 11)][:links]
    assert path.read_bytes() == b"new content"


def test_failed_sync_keeps_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"old")

    def sync(_: int) -> None:
        raise OSError(errno.EIO, "disk error")

    monkeypatch.setattr(os, "fsync", sync)
    with pytest.raises(OutputError, match="disk error"):
        write_atomic(str(path), [b"new"])

    assert path.read_bytes() == b"old"
    assert [*tmp_path.iterdir()] == [path]


@posix
def test_mounted_file_is_overwritten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that is mounted in a container can't be replaced."""
    path = tmp_path / "x"
    path.write_text("old and longer", "utf-8")

    def fail(*_: object) -> None:
        raise OSError(errno.EBUSY, "Device or resource busy")

    monkeypatch.setattr("os.replace", fail)
    write_atomic(str(path), ["new"])

    assert [entry.read_text("utf-8") for entry in tmp_path.iterdir()] == ["new"]


@posix
def test_failed_write_keeps_the_content_of_hard_links(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_text("old", "utf-8")
    (tmp_path / "y").hardlink_to(path)

    def chunks() -> Iterator[str]:
        yield "x" * 200_000
        raise RuntimeError

    with pytest.raises(RuntimeError):
        write_atomic(str(path), chunks())
    assert [entry.read_text("utf-8") for entry in tmp_path.iterdir()] == ["old", "old"]


@posix
def test_interrupted_copy_over_hard_links_is_completed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise, the file would contain parts of its old and its new content."""
    path = tmp_path / "x"
    path.write_text("old and longer", "utf-8")
    (tmp_path / "y").hardlink_to(path)
    copy = write._copy

    def interrupted(_: io.FileIO, file: io.FileIO) -> None:
        monkeypatch.setattr(write, "_copy", copy)
        file.write(b"n")
        raise KeyboardInterrupt

    monkeypatch.setattr(write, "_copy", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_atomic(str(path), ["new"])

    assert [entry.read_text("utf-8") for entry in tmp_path.iterdir()] == ["new", "new"]


@posix
def test_signal_before_a_copy_over_hard_links_keeps_the_old_content(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The space for the new content is already reserved, so the file is longer."""
    path = tmp_path / "x"
    path.write_text("old", "utf-8")
    (tmp_path / "y").hardlink_to(path)

    def interrupted(descriptor: int, size: int) -> None:
        os.truncate(descriptor, size)
        raise KeyboardInterrupt

    monkeypatch.setattr(write, "_reserve", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_atomic(str(path), ["new and longer"])

    assert [entry.read_text("utf-8") for entry in tmp_path.iterdir()] == ["old", "old"]


@posix
def test_failed_copy_over_hard_links_keeps_the_new_content(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The old content is lost, so the temporary file has the only complete content."""
    path = tmp_path / "x"
    path.write_text("old and longer", "utf-8")
    (tmp_path / "y").hardlink_to(path)

    def failing(_: io.FileIO, file: io.FileIO) -> None:
        file.write(b"n")
        raise OSError(errno.EIO, "broken")

    monkeypatch.setattr(write, "_copy", failing)
    with pytest.raises(OutputError) as caught:
        write_atomic(str(path), ["new"])

    message = str(caught.value.strerror)
    assert message.startswith("broken; the complete new content is in ")
    assert Path(message.rpartition(" in ")[2]).read_text("utf-8") == "new"


@posix
def test_file_below_a_directory_that_the_user_cannot_enter_is_replaced(tmp_path: Path) -> None:
    code = """
import os, sys
from batchlint import fix
from batchlint.output.write import write_atomic
os.chdir(sys.argv[1])
fix("y.jsonl", "z.jsonl", unsafe=True)  # Loads all modules and schemas that are needed.
os.remove("z.jsonl")
if os.geteuid() == 0:
    for path in (".", "x", "y.jsonl"):
        os.chown(path, 65534, -1)
os.chmod("..", 0)
if os.geteuid() == 0:
    os.setuid(65534)
write_atomic("x", ["new"])
fix("y.jsonl", "y.jsonl", unsafe=True)
"""
    directory = tmp_path / "parent" / "child"
    directory.mkdir(parents=True)
    (directory / "x").write_text("old", "utf-8")
    (directory / "y.jsonl").write_bytes(b"\n" + line("a"))
    try:
        subprocess.run([sys.executable, "-c", code, str(directory)], check=True, timeout=60)
    finally:
        directory.parent.chmod(0o700)

    assert (directory / "x").read_text("utf-8") == "new"
    assert (directory / "y.jsonl").read_bytes() == line("a")
    assert len(list(directory.iterdir())) == 2


def shell(script: str, *args: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run a shell script that can call `batchlint`."""
    return subprocess.run(
        [
            "/bin/sh",
            "-c",
            f'batchlint() {{ "$0" -m batchlint "$@"; }}; {script}',
            sys.executable,
            *args,
        ],
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@posix
@pytest.mark.parametrize("name", ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1", "link"])
def test_standard_output_can_be_the_output_file(name: str, tmp_path: Path) -> None:
    if name != "link" and not os.path.lexists(name):
        pytest.skip(f"this system has no {name}")
    (tmp_path / "link").symlink_to("/dev/stdout")
    args = ["check", f"--output-file={name}", GOOD]
    piped = shell('batchlint "$@" | cat', *args, cwd=tmp_path)
    appended = shell('echo old > x; batchlint "$@" >> x; batchlint "$@" >> x', *args, cwd=tmp_path)
    shell('{ echo old; batchlint "$@"; echo end; } > y', *args, cwd=tmp_path)

    assert piped.stdout.endswith("no errors\n")
    assert (piped.stderr, appended.stderr) == ("", "")
    assert (tmp_path / "x").read_text("utf-8") == f"old\n{piped.stdout * 2}"
    assert (tmp_path / "y").read_text("utf-8") == f"old\n{piped.stdout}end\n"
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["link", "x", "y"]


@posix
def test_named_pipe_can_be_the_output_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    read = shell(
        'cat pipe & batchlint "$@"; wait', "check", "--output-file=pipe", GOOD, cwd=tmp_path
    )

    assert read.stdout.endswith("no errors\n")
    assert (tmp_path / "pipe").is_fifo()


@posix
@pytest.mark.parametrize(("name", "status"), [(GOOD, 0), (BAD, 1)])
def test_reader_of_an_output_pipe_can_exit_early(name: str, status: int, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    script = 'head -c 1 pipe > /dev/null & batchlint "$@"; echo $?; wait'
    args = ["--format=json", "--keep=0", "--output-file=pipe", MANY_ERRORS, name]
    result = shell(script, "check", "--select=invalid_type", *args, cwd=tmp_path)
    alone = shell(script, "check", "--output-file=pipe", name, cwd=tmp_path)

    assert (result.stdout, result.stderr) == ("1\n", "")
    assert (alone.stdout, alone.stderr) == (f"{status}\n", "")


@posix
def test_full_output_device_is_reported(run: Run) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("needs /dev/full")
    result = run("check", "--output-file=/dev/full", GOOD)

    assert result == (2, "", "batchlint: /dev/full: cannot write: No space left on device\n")


@posix
def test_circular_symlink_as_output_file_is_reported(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    result = run("check", "--output-file", str(tmp_path / "a"), GOOD)

    assert result.status == 2
    assert "cannot write: Too many levels of symbolic links" in result.err
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["a", "b"]


@posix
def test_null_device_can_be_both_input_and_output(run: Run) -> None:
    assert run("check", "--output-file", os.devnull, "--", os.devnull).status == 1


@posix
def test_writing_keeps_symlinks_and_devices(run: Run, tmp_path: Path) -> None:
    link = tmp_path / "link"
    target = tmp_path / "target"
    target.write_text("old", "utf-8")
    link.symlink_to(target)
    run("check", str(SAMPLES / CLEAN), "--output-file", str(link))

    assert link.is_symlink()
    assert "no errors" in target.read_text("utf-8")
    assert run("check", str(SAMPLES / CLEAN), "--output-file", os.devnull).status == 0
    assert Path(os.devnull).is_char_device()


def test_output_file_option_keeps_permissions_and_rejects_a_trailing_slash(
    run: Run, tmp_path: Path
) -> None:
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
