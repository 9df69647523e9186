"""`batchlint check`: checks batch input files."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from ..output import FORMATS, Format, Options, default_format
from ..output.complete_writer import OutputError
from .crash import EXIT_ERROR
from .inputs import CreateCall, check_file, expand, shown_name
from .parameters import CheckCommand, KeyValue, ProviderName, Rules, complete_endpoint
from .printing import complain, print_all

if TYPE_CHECKING:
    from ..output.result import FileResult

#: Exit statuses.
EXIT_OK: Final = 0
EXIT_FOUND: Final = 1

#: At least this many findings of a rule are kept in formats that print a sample of them.
_KEPT_FOR_SAMPLE: Final = 100

#: Schemas are old from this number of days on. In that time the client usually changes.
_OLD_DAYS: Final = 180

#: The command has no threads. On other systems a fork may still break system libraries.
_START: Final = "fork" if sys.platform == "linux" else "spawn"


@click.command(
    cls=CheckCommand,
    epilog="Exit status: 0 no errors, 1 errors found, 2 a file could not be checked or the "
    "report could not be written.",
)
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=str, readable=False))
@click.option(
    "--provider",
    metavar="NAME",
    type=ProviderName(),
    help="The service that the files are for; `batchlint provider` lists them.  [default: openai]",
)
@click.option(
    "--endpoint",
    metavar="URL",
    shell_complete=complete_endpoint,
    help="The batch's endpoint.  [default: the most frequent URL in the file]",
)
@click.option(
    "--format",
    "format_name",
    type=click.Choice(tuple(FORMATS)),
    help="Output format.  [default: text; github under GitHub Actions]",
)
@click.option(
    "--output-file",
    metavar="PATH",
    help="Write the report to PATH atomically. If no file can be checked, nothing is written.",
)
@click.option(
    "--select",
    type=Rules(),
    metavar="RULES",
    help="Check only these rules (names or API codes).",
)
@click.option("--ignore", type=Rules(), metavar="RULES", help="Skip these rules.")
@click.option(
    "--warn",
    type=Rules(),
    metavar="RULES",
    help="Enable these rules as warnings.",
)
@click.option("--error", type=Rules(), metavar="RULES", help="Enable these rules as errors.")
@click.option(
    "--max-errors",
    type=click.IntRange(0),
    default=20,
    show_default=True,
    metavar="N",
    help="Maximum findings to print per file (text, github). If there are more, a few of each "
    "rule are printed. 0 means no limit.",
)
@click.option(
    "--keep",
    type=click.IntRange(0),
    metavar="N",
    help="Maximum findings to keep per rule; the others are only counted. 0 means no limit.  "
    "[default: 1000; 100 for text and github; at least --max-errors]",
)
@click.option(
    "--statistics",
    is_flag=True,
    help="Count the findings by rule (text).",
)
@click.option(
    "--show-source",
    is_flag=True,
    help="Show an excerpt of the line, which may be private (text).",
)
@click.option(
    "--color",
    type=click.Choice(("auto", "always", "never")),
    default="auto",
    show_default=True,
    help="Use colors (text). auto: on a terminal, unless NO_COLOR is set.",
)
@click.option(
    "-j",
    "--jobs",
    type=click.IntRange(0),
    metavar="N",
    help="Number of worker processes; 0 means one per core.  [default: depends on the file size]",
)
@click.option(
    "--progress/--no-progress",
    default=None,
    help="Show a progress bar on standard error.  [default: on a terminal]",
)
@click.option("--strict", is_flag=True, help="Exit with status 1 if there are warnings.")
@click.option(
    "--max-enqueued-tokens",
    type=click.IntRange(1),
    metavar="N",
    help="Warn if the prompts have more than about N tokens, estimated from 4 bytes of text per "
    "token. Images are not counted.",
)
@click.option(
    "--max-unpacked-bytes",
    type=click.IntRange(1),
    default=2_000_000_000,
    show_default=True,
    metavar="N",
    help="Maximum size of a .jsonl.gz file when decompressed; a larger one is not checked.",
)
@click.option(
    "--metadata",
    type=KeyValue(),
    multiple=True,
    metavar="KEY=VALUE",
    help="Check this metadata for the create call. Repeatable.",
)
@click.option(
    "--output-expires-after",
    type=int,
    metavar="SECONDS",
    help="Check this `output_expires_after.seconds` for the create call.",
)
@click.option(
    "--completion-window",
    metavar="WINDOW",
    help="Check this `completion_window` for the create call, such as 24h.",
)
@click.pass_context
def check(
    ctx: click.Context,
    /,
    files: tuple[str, ...],
    provider: str | None,
    endpoint: str | None,
    format_name: str | None,
    output_file: str | None,
    max_errors: int,
    keep: int | None,
    statistics: bool,
    show_source: bool,
    color: str,
    jobs: int | None,
    progress: bool | None,
    strict: bool,
    max_enqueued_tokens: int | None,
    max_unpacked_bytes: int,
    metadata: tuple[tuple[str, str], ...],
    output_expires_after: int | None,
    completion_window: str | None,
    **rules: list[str] | None,
) -> None:
    """Check batch input FILES.

    '-' reads standard input. For a directory, batchlint checks the files whose names match
    *batch*.jsonl. Files that end in .jsonl.gz are decompressed before checking.
    """
    chosen = FORMATS[format_name] if format_name else default_format()
    options = {
        "jobs": jobs,
        "start": _START,
        "max_enqueued_tokens": max_enqueued_tokens,
        "keep": _kept(chosen, max_errors) if keep is None else keep,
    }
    call = CreateCall(endpoint, dict(metadata), output_expires_after, completion_window)
    printing = Options(max_errors, show_source=show_source, statistics=statistics, strict=strict)
    if _wants_color(color, output_file):
        printing = printing._replace(style=click.style)
    given = {key: names for key, names in rules.items() if names is not None}
    paths = expand(files)
    results: list[FileResult] = []

    def checked() -> Iterator[FileResult]:
        for path in paths:
            result = check_file(
                path,
                options,
                given,
                provider=provider,
                call=call,
                progress=progress,
                most_unpacked=max_unpacked_bytes,
            )
            _print_problems(result, chosen)
            results.append(result)
            yield result

    texts = chosen.render(checked(), printing)
    if output_file is None:
        print_all(texts, as_utf8=not chosen.is_for_people)
    else:
        _write(output_file, _if_any_is_checked(texts, results), paths)
    _note_old_schemas()
    status = exit_status(results, strict=strict)
    ctx.exit(status if _append_summary(chosen, results) else EXIT_ERROR)


def exit_status(results: Iterable[FileResult], *, strict: bool) -> int:
    """The exit status: 2 if a file could not be read, else 1 if one has errors, else 0.

    Args:
        results: the results of all files.
        strict: warnings count as errors.
    """
    status = EXIT_OK
    for result in results:
        if result.report is None:
            return EXIT_ERROR
        if not result.report.ok or (strict and result.report.counts):
            status = EXIT_FOUND
    return status


def _print_problems(result: FileResult, chosen: Format) -> None:
    """Print on standard error what the output itself does not say of a file."""
    if result.report is None:
        complain(f"{result.path}: {result.error}")
    elif not chosen.reports_truncated and (truncated := result.report.truncated):
        complain(
            f"{result.path}: {sum(truncated.values()):,} findings are not in this report; use "
            "--keep 0 to keep all"
        )


def _note_old_schemas() -> None:
    """Print on standard error that the schemas are old, if they are."""
    from ..arguments import epoch
    from ..providers import schema_date

    day = schema_date()
    today = datetime.fromtimestamp(epoch(None), UTC).date()
    if (today - date.fromisoformat(day)).days >= _OLD_DAYS:
        complain(
            f"the schemas are of {day}, and the API may have changed since. Upgrade batchlint "
            '("pip install --upgrade batchlint", or "pre-commit autoupdate").'
        )


def _kept(chosen: Format, max_errors: int) -> int:
    """The number of findings to keep per rule, if so many of a file will be printed."""
    from ..findings import KEEP

    if not max_errors:
        return 0
    return max(max_errors, _KEPT_FOR_SAMPLE if chosen.prints_sample else KEEP)


def _wants_color(color: str, output_file: str | None) -> bool:
    if color != "auto":
        return color == "always"
    if output_file is not None or sys.stdout is None or not sys.stdout.isatty():
        return False
    return not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


class _NothingCheckedError(Exception):
    """No file could be checked, so there is no report."""


def _if_any_is_checked(texts: Iterable[str], results: list[FileResult]) -> Iterator[str]:
    """The texts of a report, if it is about anything. An old report is better than an empty one.

    Raises:
        _NothingCheckedError: no file could be checked.
    """
    yield from texts
    if all(result.report is None for result in results):
        raise _NothingCheckedError


def _write(output_file: str, texts: Iterable[str], inputs: Iterable[str]) -> None:
    """Write a report to a file that is not an input."""
    from ..output.write import write_atomic

    name = shown_name(output_file)
    if any(_is_same_file(output_file, path) for path in inputs):
        raise click.UsageError(f"--output-file would overwrite {name}, which is an input file")
    try:
        write_atomic(output_file, texts)
    except OutputError as error:
        complain(f"{name}: cannot write: {error.strerror}")
        click.get_current_context().exit(EXIT_ERROR)
    except _NothingCheckedError:
        complain(f"{name}: not written, because no file could be checked")


def _is_same_file(output_file: str, path: str) -> bool:
    """Whether an output is a regular file, and also an input."""
    try:
        target = Path(output_file).stat()
        source = os.fstat(sys.stdin.fileno()) if path == "-" else Path(path).stat()
    except (OSError, ValueError, AttributeError):  # One does not exist, or is closed.
        return False
    return stat.S_ISREG(target.st_mode) and os.path.samestat(target, source)


def _append_summary(chosen: Format, results: list[FileResult]) -> bool:
    """Write the summary of the service we run under, if it wants one; False if that fails."""
    try:
        chosen.append_summary(results)
    except OSError as error:
        complain(f"{error.filename}: cannot write the summary: {error.strerror}")
        return False
    return True
