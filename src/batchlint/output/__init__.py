"""Output formats. Each has a module with a `render` function, which is imported on demand."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from .result import FileResult


#: `click.style`, or a function with the same arguments.
Style = Callable[..., str]


def _plain(text: str, **_: object) -> str:
    return text


class Options(NamedTuple):
    """Options for rendering.

    Attributes:
        max_errors: the maximum number of findings to print per file. 0 prints all kept findings.
        style: a function that colors a string.
        show_source: whether to show an excerpt of the line, which may be private.
        statistics: whether to count the findings of all files by rule.
        strict: whether warnings fail the run too.
        quiet: whether to print errors only.
        width: the width of the terminal in columns. None disables wrapping.
    """

    max_errors: int = 20
    style: Style = _plain
    show_source: bool = False
    statistics: bool = False
    strict: bool = False
    quiet: bool = False
    width: int | None = None


class Format(NamedTuple):
    """An output format.

    Attributes:
        name: the value of `--format`, and the name of its module.
        prints_sample: whether it prints at most `--max-errors` findings per file.
        reports_truncated: whether it reports how many findings it omits.
        reports_requests: whether it includes errors that fail only their request.
        reads_lines: whether it reads the lines of findings again, even if it doesn't show them.
        is_for_people: whether it is printed in the terminal's encoding. Other formats are UTF-8.
    """

    name: str
    prints_sample: bool = False
    reports_truncated: bool = True
    reports_requests: bool = True
    reads_lines: bool = False
    is_for_people: bool = False

    def render(self, files: Iterable[FileResult], options: Options) -> Iterator[str]:
        """Yield the text to print. Some formats yield it while files are checked."""
        rendered: Iterator[str] = self._module().render(files, options)
        return rendered

    def append_summary(self, files: list[FileResult]) -> None:
        """Write the summary that a CI service shows, if the service names a file for it.

        Raises:
            OSError: the summary can't be written. `filename` is the name of its file.
        """
        append: Callable[[list[FileResult]], None] | None = getattr(
            self._module(), "append_summary", None
        )
        if append is not None:
            append(files)

    def _module(self) -> Any:
        return import_module(f".{self.name}", __name__)


FORMATS: Final[Mapping[str, Format]] = {
    row.name: row
    for row in (
        Format("text", prints_sample=True, is_for_people=True),
        Format("json"),
        Format("jsonl", reports_truncated=False),
        Format("batch", reports_requests=False),
        Format("github", prints_sample=True),
        Format("gitlab", reports_truncated=False),
        Format("junit", reports_truncated=False),
        Format("rdjson", reports_truncated=False, reads_lines=True),
        Format("sarif", reads_lines=True),
    )
}


def default_format() -> Format:
    """Return the default format: `github` under GitHub Actions, otherwise `text`."""
    return FORMATS["github" if os.environ.get("GITHUB_ACTIONS") == "true" else "text"]
