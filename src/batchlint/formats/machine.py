"""Formats for programs: one JSON document, one finding a line, and what the API would answer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import orjson

from .checked import Checked


def json(files: Iterable[Checked], _most: int) -> Iterator[str]:
    """One document for all files (`schemas/report.json`)."""
    from .. import __version__

    shown = [{"path": file.path, "ok": False, "error": file.error} if file.report is None
             else file.report.to_dict() | {"path": file.path} for file in files]
    document = {"version": __version__, "ok": all(file["ok"] for file in shown), "files": shown}
    yield orjson.dumps(document, option=orjson.OPT_INDENT_2).decode() + "\n"


def jsonl(files: Iterable[Checked], _most: int) -> Iterator[str]:
    """One finding a line, errors first, each with the path of its file; a file that cannot be read has a line, too."""
    for file in files:
        if file.report is None:
            yield orjson.dumps({"path": file.path, "error": file.error}).decode() + "\n"
        else:
            for error in (*file.report.errors, *file.report.warnings):
                yield orjson.dumps({"path": file.path} | error.to_dict()).decode() + "\n"


def batch(files: Iterable[Checked], _most: int) -> Iterator[str]:
    """One line a file: the Batch object, or the error object, that the API would answer; or why it cannot be read."""
    for file in files:
        answer = file.report.to_batch() if file.report is not None else {
            "error": {"message": file.error, "type": "unreadable_file", "param": "file", "code": None}}
        yield orjson.dumps(answer).decode() + "\n"
