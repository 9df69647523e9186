"""Read the body of an upload and stream its file to disk."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Final

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from . import errors

#: The maximum length of a field value and of a file name, in characters. Longer ones are truncated.
#: A field value with non-ASCII characters may be truncated earlier.
_MAX_FIELD: Final = 1000

#: The maximum size of an upload in bytes, besides the contents of its parts. The contents may have the
#: maximum size of a file.
_MAX_OVERHEAD: Final = 1 << 20

#: The maximum number of bytes to read. A file that is too large is read up to this size, so that
#: the client gets a response instead of a broken connection. The API accepts files up to 512 MB.
_MAX_BYTES: Final = 512 << 20


@dataclass
class Upload:
    """The contents of an upload.

    Attributes:
        fields: the fields by name.
        filename: the client's name for the file, without directories. It is never used as a path.
            None if there is no file.
        size: the size of the file in bytes.
    """

    fields: dict[str, str] = field(default_factory=dict)
    filename: str | None = None
    size: int = 0


async def read_upload(
    content_type: str, body: AsyncIterator[bytes], path: Path, max_bytes: int
) -> Upload:
    """Read the body of an upload and write its file to a path.

    Args:
        content_type: the content type of the body, with its boundary.
        body: the chunks of the body.
        path: where to write the file. If an error is raised, the file may be incomplete.
        max_bytes: the maximum size of the file.

    Raises:
        ApiError: the body is not a form, or is too large.
        OSError: the file can't be written.
    """
    kind, options = parse_options_header(content_type)
    if kind != b"multipart/form-data" or not options.get(b"boundary"):
        raise errors.not_multipart()
    with path.open("wb") as file:
        form = _Form(file, max_bytes)
        received = 0
        try:
            parser = MultipartParser(options[b"boundary"], form.callbacks())
            async for chunk in body:
                overhead = received - form.data_size
                received += len(chunk)
                if received > _MAX_BYTES:
                    raise errors.body_too_large()
                # Parsing takes time and memory, so a body that will be rejected is only read.
                if form.upload.size <= max_bytes and overhead <= _MAX_OVERHEAD:
                    parser.write(chunk)
        except FormParserError:
            raise errors.not_multipart() from None
        overhead = received - min(form.data_size, max_bytes)
        if form.upload.size > max_bytes or overhead > _MAX_OVERHEAD:
            raise errors.file_too_large()
        if not form.is_complete:
            raise errors.not_multipart()
    return form.upload


class _Form:
    """Collects the parts of a form that the parser finds.

    Attributes:
        upload: the fields and the file read so far.
        data_size: the total size of the contents of all parts in bytes.
        is_complete: whether the form has ended.
    """

    def __init__(self, file: BinaryIO, max_bytes: int) -> None:
        self.upload = Upload()
        self.data_size = 0
        self.is_complete = False
        self._file = file
        self._max_bytes = max_bytes
        self._header: tuple[bytes, bytes] = (b"", b"")
        self._disposition = b""
        self._name: str | None = None
        self._is_in_file = False

    def callbacks(self) -> Any:
        """Return the callbacks for the parser."""
        return {
            "on_part_begin": self._begin_part,
            "on_header_field": self._add_to_header_name,
            "on_header_value": self._add_to_header_value,
            "on_header_end": self._end_header,
            "on_headers_finished": self._end_headers,
            "on_part_data": self._add_data,
            "on_end": self._end,
        }

    def _begin_part(self) -> None:
        self._header = (b"", b"")
        self._disposition = b""
        self._name = None
        self._is_in_file = False

    def _add_to_header_name(self, data: bytes, start: int, end: int) -> None:
        self._header = (self._header[0] + data[start:end], b"")

    def _add_to_header_value(self, data: bytes, start: int, end: int) -> None:
        self._header = (self._header[0], self._header[1] + data[start:end])

    def _end_header(self) -> None:
        name, value = self._header
        if name.lower() == b"content-disposition":
            self._disposition = value
        self._header = (b"", b"")

    def _end_headers(self) -> None:
        _, options = parse_options_header(self._disposition)
        name = options.get(b"name", b"").decode("utf-8", "replace")
        filename = options.get(b"filename")
        if name == "file" and filename is not None and self.upload.filename is None:
            text = filename.decode("utf-8", "replace").replace("\\", "/")
            self.upload.filename = text.rpartition("/")[2][:_MAX_FIELD]
            self._is_in_file = True
        elif filename is None:
            self._name = name

    def _add_data(self, data: bytes, start: int, end: int) -> None:
        self.data_size += end - start
        if self._is_in_file:
            self.upload.size += end - start
            if self.upload.size <= self._max_bytes:
                self._file.write(memoryview(data)[start:end])
        elif self._name is not None:
            text = data[start : min(end, start + _MAX_FIELD)].decode("utf-8", "replace")
            before = self.upload.fields.get(self._name, "")
            self.upload.fields[self._name] = (before + text)[:_MAX_FIELD]

    def _end(self) -> None:
        self.is_complete = True
