"""Write files atomically."""

from __future__ import annotations

import errno
import io
import os
import re
import stat
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import BinaryIO, Final

from .complete_writer import OutputError, as_output_error, open_writer, to_bytes

#: The maximum number of links to follow in a path. Linux has the same limit.
_MAX_LINKS: Final = 40

#: Matches directories that contain the open files of a process.
_DESCRIPTORS: Final = r"/dev/fd|/proc/(?:self|thread-self|(?P<pid>\d+))(?:/task/\d+)?/fd"

#: The descriptor of standard output.
_STANDARD_OUTPUT: Final = 1

#: The flags for opening files. Not every system has every flag.
_FLAGS: Final = (
    os.O_WRONLY
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)
    | getattr(os, "O_NOCTTY", 0)
)
_NEW: Final = _FLAGS | os.O_CREAT | os.O_EXCL

#: The beginnings of the names of extended attributes to keep: access control lists, and attributes
#: that users set.
_KEPT_ATTRIBUTES: Final = ("system.posix_acl_", "user.")

#: The number of bytes to copy at once.
_COPY_BYTES: Final = 1 << 20


def write_atomic(
    path: str, chunks: Iterable[str | bytes], confirm: Callable[[], None] | None = None
) -> None:
    """Write strings or bytes to a temporary file and rename it to `path` when it is complete.

    Symbolic links are kept. If the file has several hard links or is a mount point, or if a rename
    would change its owner, group or extended attributes, the complete temporary file is copied over
    it instead. Pipes, devices and open files of this process, such as `/dev/stdout`, are written to
    directly.

    Args:
        path: the path.
        chunks: the content.
        confirm: a function that is called immediately before a file is replaced. If it raises an
            exception, the file keeps its old content.

    Raises:
        OutputError: the file can't be written. It keeps its old content, unless the message names the
            temporary file, which then has the new content.
    """
    with as_output_error():
        descriptor = _open_special(path)
    if descriptor is None:
        _replace(real_path(path), chunks, confirm)
        return
    with open_writer(descriptor) as file:
        _write_chunks(file, chunks)


def real_path(path: str) -> str:
    """Return the path without symbolic links.

    A relative path that is not a link stays unchanged if this user can't enter a parent of the
    working directory. For example, a container may have it mounted below /root.
    """
    real = os.path.realpath(path)
    if os.path.isdir(os.path.dirname(real)) or os.path.islink(path):  # noqa: PTH112, PTH114, PTH120
        return real
    return path


def is_standard_output(path: str) -> bool:
    """Return whether a path, such as `/dev/stdout`, names the standard output of this process."""
    return _descriptor_of_this_process(path) == _STANDARD_OUTPUT


def _write_chunks(file: BinaryIO, chunks: Iterable[str | bytes]) -> None:
    file.writelines(chunk if isinstance(chunk, bytes) else to_bytes(chunk) for chunk in chunks)


def _open_special(path: str) -> int | None:
    """Open a file that must not be replaced. Return None for a regular file or a new one.

    Raises:
        OSError: the file can't be written.
    """
    descriptor = _descriptor_of_this_process(path)
    if descriptor is not None:
        return os.dup(descriptor)  # The copy shares the offset, so that `>>` appends.
    try:
        mode = os.stat(path).st_mode  # noqa: PTH116 - a Path would drop a trailing slash
    except FileNotFoundError:
        if path.endswith(("/", os.sep)):
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), path) from None
        return None
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), path)
    return None if stat.S_ISREG(mode) else os.open(path, _FLAGS)


def _descriptor_of_this_process(path: str) -> int | None:
    """Return the descriptor that a path such as `/dev/stdout` or `/dev/fd/3` names, or None."""
    for _ in range(_MAX_LINKS):
        directory, name = os.path.split(path)
        directory = os.path.realpath(directory)
        if match := re.fullmatch(_DESCRIPTORS, directory):
            is_this_process = match["pid"] in (None, str(os.getpid()))
            return int(name) if is_this_process and name.isascii() and name.isdigit() else None
        try:
            target = os.readlink(os.path.join(directory, name))  # noqa: PTH115, PTH118
        except (OSError, ValueError):
            return None
        path = os.path.join(directory, target)  # noqa: PTH118
    return None


def _replace(
    target: str, chunks: Iterable[str | bytes], confirm: Callable[[], None] | None
) -> None:
    """Write a temporary file next to a target, then rename it to the target or copy it there."""
    name = f".batchlint.{os.urandom(8).hex()}.part"
    temporary = os.path.join(os.path.dirname(target), name)  # noqa: PTH118, PTH120
    try:
        _write_new(temporary, target, chunks)
        if confirm is not None:  # Writing a large file to the disk takes seconds.
            confirm()
        with as_output_error():
            if _is_replaceable(target, temporary) and _rename(temporary, target):
                return
            _overwrite(target, temporary)
        _remove(temporary)
    except _IncompleteCopyError:
        raise
    except BaseException as error:
        if getattr(error, "errno", None) != errno.EEXIST:  # With EEXIST, another process owns it.
            _remove(temporary)
        raise


def _rename(temporary: str, target: str) -> bool:
    """Rename a file and return True. Return False if the target is a mount point.

    A container may have a single file mounted.

    Raises:
        OSError: the file can't be renamed.
    """
    try:
        os.replace(temporary, target)  # noqa: PTH105
    except OSError as error:
        if error.errno == errno.EBUSY:
            return False
        raise
    return True


def _remove(path: str) -> None:
    """Remove a file, if that is possible."""
    with suppress(OSError):
        os.unlink(path)  # noqa: PTH108


def _write_new(path: str, target: str, chunks: Iterable[str | bytes]) -> None:
    """Write a new file that only users with access to the target can ever read."""
    old = _status(target)
    with as_output_error():
        descriptor = os.open(path, _NEW, 0o666 if old is None else 0o600)
    with open_writer(descriptor) as file:
        # Without the access control list, the mode may give the group more access.
        if old is not None and _copy_attributes(target, path):
            with as_output_error():
                os.chmod(path, stat.S_IMODE(old.st_mode))  # noqa: PTH101
        _write_chunks(file, chunks)
        if old is not None:
            file.flush()
            with as_output_error():
                _sync(descriptor)


def _copy_attributes(source: str, target: str) -> bool:
    """Copy the attributes of a file. Return whether the other file then has the same ones."""
    wanted = _attributes(source)
    with suppress(OSError):
        for name in _attributes(target).keys() - wanted:  # For example, from the directory.
            os.removexattr(target, name)
        for name, value in wanted.items():
            os.setxattr(target, name, value)
    return _attributes(target) == wanted


def _attributes(path: str) -> dict[str, bytes]:
    """Return the extended attributes to keep, if the system has any."""
    if not hasattr(os, "listxattr"):
        return {}
    try:
        names = [name for name in os.listxattr(path) if name.startswith(_KEPT_ATTRIBUTES)]
        return {name: os.getxattr(path, name) for name in names}
    except OSError:  # Some file systems have none.
        return {}


def _sync(descriptor: int) -> None:
    """Wait until a file is on the disk. Otherwise, a power failure may lose the old and new content.

    Raises:
        OSError: the file can't be written to the disk.
    """
    try:
        os.fsync(descriptor)
    except OSError as error:
        # Some file systems can't do this.
        if error.errno not in (errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP):
            raise


def _status(path: str) -> os.stat_result | None:
    """Return the status of a file. None if it doesn't exist."""
    with as_output_error():
        try:
            return os.stat(path)  # noqa: PTH116
        except FileNotFoundError:
            return None


def _is_replaceable(target: str, temporary: str) -> bool:
    """Return whether a rename keeps hard links, owner, group and attributes."""
    old = _status(target)
    if old is None:
        return True
    new = os.stat(temporary)  # noqa: PTH116
    return (
        old.st_nlink == 1
        and (old.st_uid, old.st_gid) == (new.st_uid, new.st_gid)
        and _attributes(target) == _attributes(temporary)
    )


class _IncompleteCopyError(OutputError):
    """A copy failed. The target's old content is lost; the temporary file has the new content."""


def _overwrite(target: str, temporary: str) -> None:
    """Overwrite a file with the content of a temporary file.

    If a signal interrupts the copy, it is completed first.

    Raises:
        OSError: the target can't be written. It keeps its old content.
        _IncompleteCopyError: the copy failed.
    """
    with (
        open(temporary, "rb", buffering=0) as new,  # noqa: PTH123
        io.FileIO(os.open(target, _FLAGS), "w") as file,
    ):
        old_size = os.fstat(file.fileno()).st_size
        has_begun = False
        try:
            _reserve(file.fileno(), os.fstat(new.fileno()).st_size)
            has_begun = True
            with _as_incomplete_copy(temporary):
                _copy(new, file)
                _sync(file.fileno())
                file.close()  # A network file system may report a failed write only now.
        except _IncompleteCopyError:
            raise
        except BaseException:
            if not has_begun:
                os.ftruncate(file.fileno(), old_size)  # Release the reserved space.
            elif not file.closed:
                with _as_incomplete_copy(temporary):
                    _copy(new, file)
            raise


@contextmanager
def _as_incomplete_copy(temporary: str) -> Iterator[None]:
    """Raise `_IncompleteCopyError` for an `OSError`. The message names the temporary file."""
    try:
        yield
    except OSError as error:
        text = f"{error.strerror or error}; the complete new content is in {temporary}"
        raise _IncompleteCopyError(error.errno, text) from error


def _copy(new: io.FileIO, file: io.FileIO) -> None:
    """Replace the content of a file with that of another one. This can be called again."""
    new.seek(0)
    file.seek(0)
    while data := new.read(_COPY_BYTES):
        rest = memoryview(data)
        while rest:
            rest = rest[file.write(rest) :]
    file.truncate()


def _reserve(descriptor: int, size: int) -> None:
    """Reserve space for a file before its old content is lost, if the system can.

    The file may become longer even if this fails.
    """
    if size <= os.fstat(descriptor).st_size or not hasattr(os, "posix_fallocate"):
        return
    try:
        os.posix_fallocate(descriptor, 0, size)
    except OSError as error:
        # Some file systems can't reserve space.
        if error.errno not in (errno.EINVAL, errno.EOPNOTSUPP):
            raise
