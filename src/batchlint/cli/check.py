"""The `batchlint check` command."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, Final, NoReturn

import click

from ..bounds import MAX_UNPACKED_BYTES, READ_TIMEOUT
from ..config import RULE_KEYS
from ..findings import count_by_severity
from ..output import FORMATS, Format, Options, default_format
from ..output.wording import pluralize
from ..phrasing import escape
from .checking import FileSettings, check_files
from .crash import EXIT_ERROR
from .inputs import display_name, find_inputs, reason, refuse_directory
from .options import (
    config_lookup,
    config_options,
    directory_options,
    endpoint_option,
    jobs_option,
    provider_option,
    rule_options,
)
from .parameters import CheckCommand, InputFile, KeyValue, Target, Text
from .printing import print_all, print_message, terminal_width
from .reports import STANDARD_OUTPUT, append_summary, refuse_conflicts, write_report

if TYPE_CHECKING:
    from ..output.result import FileResult

#: The exit status if there are no errors.
EXIT_OK: Final = 0

#: The exit status if there are errors.
EXIT_FOUND: Final = 1

#: The minimum number of findings to keep per rule if every format prints only a sample.
_KEEP_FOR_SAMPLE: Final = 100

#: The age in days at which schemas count as old. By then, the API has usually changed.
_OLD_AFTER_DAYS: Final = 180

#: How worker processes start. The command has no threads, so it can fork on Linux. On other
#: systems, a fork may break system libraries.
START: Final = "fork" if sys.platform == "linux" else "spawn"


@click.command(
    cls=CheckCommand,
    epilog="Exit status: 0: no errors; 1: errors (with --strict, also warnings); 2: a file could "
    "not be checked or the report could not be written.",
)
@click.argument("files", nargs=-1, required=True, type=InputFile())
@provider_option("files")
@endpoint_option
@click.option(
    "--format",
    type=click.Choice(tuple(FORMATS)),
    metavar="FORMAT",
    help=f"Output format: {', '.join(FORMATS)}.  [default: text; github under GitHub Actions]",
)
@click.option(
    "--output-file",
    type=Text(),
    metavar="PATH",
    help="Write the report to PATH atomically, instead of to standard output. '-' is standard "
    "output. If no file can be checked, nothing is written.",
)
@click.option(
    "--output",
    type=Target(),
    multiple=True,
    metavar="FORMAT=PATH",
    help="Also write a report in FORMAT to PATH, such as sarif=report.sarif. Repeatable.",
)
@rule_options
@click.option(
    "--max-errors",
    type=click.IntRange(0),
    default=20,
    show_default=True,
    metavar="N",
    help="Maximum findings to print per file (text, github). If there are more, each rule gets a "
    "share. 0 means no limit.",
)
@click.option(
    "--keep",
    type=click.IntRange(0),
    metavar="N",
    help="Maximum findings to keep per rule. Further findings are only counted. 0 means no limit.  "
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
    help="Use colors (text). auto: on a terminal or if FORCE_COLOR is set, unless NO_COLOR is set.",
)
@jobs_option
@click.option(
    "--progress/--no-progress",
    default=None,
    help="Show a progress bar on standard error.  [default: on a terminal]",
)
@click.option(
    "-q",
    "--quiet",
    is_flag=True,
    help="Print errors only: no summary, warnings or notes (text, github).",
)
@click.option("--strict", is_flag=True, help="Exit with status 1 if there are warnings.")
@click.option("--exit-zero", is_flag=True, help="Exit with status 0 even if there are errors.")
@click.option(
    "--stdin-filename",
    metavar="NAME",
    help="Name of standard input in reports, also used to find the configuration.",
)
@directory_options
@config_options
@click.option(
    "--max-enqueued-tokens",
    type=click.IntRange(1),
    metavar="N",
    help="Warn if the prompts have more than about N tokens, estimated at 4 bytes of text per "
    "token. Images are not counted.",
)
@click.option(
    "--max-unpacked-bytes",
    type=click.IntRange(1),
    metavar="N",
    help="Maximum size of a .jsonl.gz file when decompressed, and of a file read over HTTP. A larger "
    f"file is not checked.  [default: {MAX_UNPACKED_BYTES}]",
)
@click.option(
    "--read-timeout",
    type=click.IntRange(1),
    metavar="SECONDS",
    help="Maximum time to wait for the next 64 KiB of a file at a URL, and for a search on an HTTP "
    f"server.  [default: {READ_TIMEOUT}]",
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
    format: str | None,  # noqa: A002 - click derives the variable name from the option
    output_file: str | None,
    output: tuple[tuple[str, str], ...],
    max_errors: int,
    keep: int | None,
    statistics: bool,
    show_source: bool,
    color: str,
    jobs: int | None,
    progress: bool | None,
    quiet: bool,
    strict: bool,
    exit_zero: bool,
    stdin_filename: str | None,
    include: tuple[str, ...],
    exclude: tuple[str, ...],
    list_files: bool,
    metadata: tuple[tuple[str, str], ...],
    **values: Any,
) -> None:
    """Check batch input FILES.

    '-' reads standard input. For a directory, batchlint checks its *.jsonl and *.jsonl.gz files,
    except hidden ones and the results of batches. Files that end in .jsonl.gz are decompressed
    before checking. With the `remote` extra, FILES may be URLs: s3://bucket/key, a glob, or a
    prefix that ends with a slash.
    """
    configs = config_lookup(ctx)
    settings = FileSettings(
        rules={key: values.pop(key) for key in RULE_KEYS if values[key] is not None},
        values={key.replace("_", "-"): value for key, value in values.items()}
        | {"metadata": dict(metadata) or None},
        configs=configs,
    )
    paths, notes, unlisted = find_inputs(
        files, configs, include, exclude, settings.read_timeout_for
    )
    if list_files:
        _print_files(ctx, paths, notes, unlisted)
    main_format = FORMATS[format] if format else default_format()
    targets = [path for _, path in output]
    main_target = STANDARD_OUTPUT if output_file is None else output_file
    refuse_conflicts([main_target, *targets], paths)
    formats = [main_format, *(FORMATS[name] for name, _ in output)]
    options: dict[str, Any] = {
        "jobs": jobs,
        "start": START,
        "keep": _default_keep(formats, max_errors) if keep is None else keep,
    }
    report_options = Options(
        max_errors, show_source=show_source, statistics=statistics, strict=strict, quiet=quiet
    )
    if not quiet:
        for note in notes:
            print_message(note)
    results: list[FileResult] = []

    def check_all() -> Iterator[FileResult]:
        for result in check_files(
            paths,
            settings,
            unlisted,
            stdin_name=stdin_filename,
            copy_stdin=show_source or any(each.reads_lines for each in formats),
            progress=False if quiet else progress,
            quiet=quiet,
            **options,
        ):
            _print_problems(result, formats, quiet=quiet)
            results.append(result)
            yield result

    if main_target == STANDARD_OUTPUT:
        terminal_options = report_options._replace(width=terminal_width(sys.stdout))
        if _should_color(color):
            terminal_options = terminal_options._replace(style=click.style)
        print_all(
            main_format.render(check_all(), terminal_options), as_utf8=not main_format.is_for_people
        )
        is_written = True
    else:
        is_written = write_report(
            main_target, main_format.render(check_all(), report_options), results
        )
    for name, path in output:
        report = FORMATS[name].render(iter(results), report_options)
        if path == STANDARD_OUTPUT:
            print_all(report, as_utf8=not FORMATS[name].is_for_people)
        else:
            is_written = write_report(path, report, results) and is_written
    if not quiet:
        _note_old_schemas()
    status = exit_status(results, strict=strict)
    if exit_zero and status == EXIT_FOUND:
        status = EXIT_OK
    is_written = append_summary(main_format, results) and is_written
    ctx.exit(status if is_written else EXIT_ERROR)


def _print_files(
    ctx: click.Context, paths: Iterable[str], notes: Iterable[str], unlisted: Mapping[str, str]
) -> NoReturn:
    """Print the files that would be checked, and notes about skipped files, then exit."""
    status = EXIT_OK
    for note in notes:
        print_message(note)
    for path in paths:
        problem = unlisted.get(path) or _listing_problem(path)
        if problem is None:
            print_all([f"{escape(display_name(path))}\n"])
        else:
            print_message(f"{display_name(path)}: {problem}")
            status = EXIT_ERROR
    ctx.exit(status)


def _listing_problem(path: str) -> str | None:
    """Return why a file can't be checked. None if it probably can be."""
    from ..sources import is_url

    if path == "-" or is_url(path):
        return None
    try:
        os.lstat(path)
        refuse_directory(path)
    except FileNotFoundError:
        return "no such file"
    except (OSError, ValueError) as error:
        return reason(error)
    return None


def exit_status(results: Iterable[FileResult], *, strict: bool) -> int:
    """Return the exit status: 2 if a file could not be checked, else 1 if one has errors, else 0.

    Args:
        results: the results of all files.
        strict: whether warnings count as errors.
    """
    status = EXIT_OK
    for result in results:
        if result.report is None:
            return EXIT_ERROR
        if not result.report.ok or (strict and result.report.counts):
            status = EXIT_FOUND
    return status


def _print_problems(result: FileResult, formats: Sequence[Format], *, quiet: bool) -> None:
    """Print on standard error why a file can't be read, or what the reports don't show."""
    report = result.report
    if report is None:
        print_message(f"{result.path}: {result.error}")
        return
    count = sum(report.truncated.values())
    if count and not all(each.reports_truncated for each in formats):
        print_message(
            f"{result.path}: {count:,} findings are not in this report; use --keep 0 to keep all"
        )
    is_accepted = not any(key.fails in ("upload", "create", "batch") for key in report.counts)
    if not report.ok and is_accepted and not quiet and not formats[0].reports_requests:
        errors, _ = count_by_severity(report.counts)
        print_message(
            f"{result.path}: the API would accept this batch, but batchlint found "
            f"{pluralize(errors, 'error')}, so the exit status is 1; --format text shows them"
        )


def _note_old_schemas() -> None:
    """Print a note on standard error if the schemas are old."""
    from ..arguments import epoch_seconds
    from ..providers import schema_date

    day = schema_date()
    today = datetime.fromtimestamp(epoch_seconds(None), UTC).date()
    if (today - date.fromisoformat(day)).days >= _OLD_AFTER_DAYS:
        print_message(
            f"the schemas date from {day}, and the API may have changed since. Upgrade batchlint "
            '("pip install --upgrade batchlint", or "pre-commit autoupdate").'
        )


def _default_keep(formats: Iterable[Format], max_errors: int) -> int:
    """Return the default number of findings to keep per rule. 0 means all."""
    from ..findings import DEFAULT_KEEP

    if not max_errors:
        return 0
    only_samples = all(each.prints_sample for each in formats)
    return max(max_errors, _KEEP_FOR_SAMPLE if only_samples else DEFAULT_KEEP)


def _should_color(color: str) -> bool:
    """Return whether to color the output. NO_COLOR takes precedence over FORCE_COLOR."""
    if color != "auto":
        return color == "always"
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    is_terminal = sys.stdout is not None and sys.stdout.isatty()
    return is_terminal and os.environ.get("TERM") != "dumb"
