"""The `batchlint fix` command."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..output.complete_writer import OutputError, to_bytes
from ..output.wording import pluralize, summary
from ..output.wrapping import wrap
from ..phrasing import escape
from .check import EXIT_FOUND, EXIT_OK, START
from .checking import FileSettings
from .crash import EXIT_ERROR
from .inputs import (
    UNREADABLE,
    display_name,
    find_inputs,
    is_special,
    reason,
    refuse_directory,
    standard_input,
)
from .options import (
    config_lookup,
    config_options,
    endpoint_option,
    jobs_option,
    provider_option,
    rule_options,
)
from .parameters import CheckCommand, InputFile, Text
from .printing import print_bytes, print_file, print_lines, print_message, terminal_width

if TYPE_CHECKING:
    from ..fixing import FixReport, Result


@click.command(
    cls=CheckCommand,
    epilog="Exit status: 0: no errors remain; 1: errors remain or --diff shows a change; 2: a "
    "file could not be read or written.",
)
@click.argument("files", nargs=-1, required=True, type=InputFile())
@click.option(
    "--unsafe",
    is_flag=True,
    help="Also apply unsafe fixes, which may change the meaning of a request.",
)
@click.option(
    "--diff", is_flag=True, help="Print the changes as a unified diff, and write nothing."
)
@click.option(
    "--output-file",
    type=Text(),
    metavar="PATH",
    help="Write the repaired file to PATH. '-' is standard output.  [default: the file itself; for "
    "standard input, standard output]",
)
@provider_option("files")
@endpoint_option
@rule_options
@config_options
@jobs_option
@click.pass_context
def fix(
    ctx: click.Context,
    /,
    files: tuple[str, ...],
    unsafe: bool,
    diff: bool,
    output_file: str | None,
    provider: str | None,
    endpoint: str | None,
    jobs: int | None,
    **rules: list[str] | None,
) -> None:
    """Repair batch input FILES in place.

    '-' reads standard input and writes standard output. For a directory, batchlint repairs its
    *.jsonl files, except symbolic links. Only faulty text is changed; all other bytes stay the
    same. `batchlint check` marks fixable findings with [*].
    """
    from ..sources import is_gzipped

    configs = config_lookup(ctx)
    paths, notes, _ = find_inputs(files, configs)
    compressed = {path for path in paths if path not in files and path.endswith(".gz")}
    paths = [path for path in paths if path not in compressed]
    notes += [
        f"{display_name(path)}: skipped, because it is compressed" for path in sorted(compressed)
    ]
    # `Path.is_symlink` raises an error if access is denied.
    links = [path for path in paths if path not in files and os.path.islink(path)]  # noqa: PTH114
    notes += [
        f"{display_name(path)}: skipped, because it is a symbolic link; to repair its target, pass "
        "the link as an argument"
        for path in links
    ]
    paths = [path for path in paths if path not in links]
    if output_file is not None and (diff or len(paths) > 1):
        raise click.UsageError(
            "--output-file needs a single file, and cannot be combined with --diff"
        )
    if output_file is not None and is_gzipped(output_file):
        raise click.UsageError(
            "--output-file must not be a .jsonl.gz file: the API rejects compressed files"
        )
    for note in notes:
        print_message(note)
    settings = FileSettings(
        rules={key: names for key, names in rules.items() if names is not None},
        values={"provider": provider, "endpoint": endpoint},
        configs=configs,
    )
    run = _Run(settings, output_file, diff=diff, jobs=jobs, start=START, unsafe=unsafe)
    ctx.exit(max((run.fix(path) for path in paths), default=EXIT_OK))


class _Run:
    """One run of the command.

    Args:
        settings: the settings from the command line and the configuration files.
        output_file: the target. None repairs the file in place.
        diff: whether to print a diff and write nothing.
        options: further options of `Repair`.
    """

    def __init__(
        self, settings: FileSettings, output_file: str | None, *, diff: bool, **options: Any
    ) -> None:
        self._settings = settings
        self._output_file = output_file
        self._diff = diff
        self._options = options

    def fix(self, path: str) -> int:
        """Repair one file, print a summary, and return the exit status."""
        from ..output.write import is_standard_output
        from ..sources import is_url

        target = path if self._output_file is None else self._output_file
        to_stdout = self._diff or target == "-" or is_standard_output(target)
        if not to_stdout and is_url(target):
            print_message(f"{target}: cannot write to a URL; use --diff, or a local --output-file")
            return EXIT_ERROR
        if not to_stdout and self._output_file is None and is_special(Path(path)):
            print_message(
                f"{display_name(path)}: cannot fix a pipe or a device in place; use --output-file "
                "or --diff"
            )
            return EXIT_ERROR
        try:
            with self._repair(path, _source(path), target) as result:
                report = result.report
                if self._diff:
                    print_bytes(_diff(path, result))
                elif to_stdout:
                    print_file(result.chunks())
                else:
                    result.write(target, source=path)
        except OutputError as error:
            if to_stdout:
                print_message(f"cannot write to standard output: {error.strerror}")
            else:
                print_message(f"{display_name(target)}: cannot write: {error.strerror}")
            return EXIT_ERROR
        except UNREADABLE as error:
            print_message(f"{display_name(path)}: {reason(error)}")
            return EXIT_ERROR
        lines = _summary(display_name(path), report, "would be fixed" if self._diff else "fixed")
        if to_stdout:
            width = terminal_width(sys.stderr)
            click.echo("\n".join(wrap(line, width) for line in lines), err=True)
        else:
            print_lines(lines)
        return EXIT_FOUND if not report.ok or (self._diff and report.changed) else EXIT_OK

    def _repair(self, path: str, source: Any, target: str) -> AbstractContextManager[Result]:
        from ..engine.check import Rules
        from ..fixing import Repair

        options = self._settings.options_for(Path("<stdin>" if path == "-" else path))
        rules = Rules(**{key: options[key] for key in Rules._fields if key in options})
        if options["endpoint"] is None and (endpoint := (options["create"] or {}).get("endpoint")):
            raise click.UsageError(f"{endpoint!r} is not a batch endpoint")
        repair = Repair(
            rules,
            name=None,
            provider=options["provider"],
            endpoint=options["endpoint"],
            **self._options,
        )
        writes_file = not self._diff and target != "-"
        return repair.run(source, beside=target if writes_file else None)


def _source(path: str) -> Any:
    """Return the source at a path.

    Raises:
        OSError: standard input is closed, or the path is a compressed file or a directory.
    """
    from ..sources import is_gzipped

    if path == "-":
        return standard_input()
    if is_gzipped(path):
        raise OSError("cannot fix a compressed file; decompress it first")
    refuse_directory(path)
    return path


def _diff(path: str, result: Result) -> Iterator[bytes]:
    """Yield the diff of the fixes. On a terminal, control characters are escaped."""
    from ..output.diff import unified_diff

    name = "<stdin>" if path == "-" else path
    pieces = unified_diff(
        name, result.before.lines, result.after.lines, same_lines=not result.is_converted
    )
    if sys.stdout is None or not sys.stdout.isatty():
        yield from pieces
        return
    for piece in pieces:
        for line in piece.splitlines():
            yield to_bytes(escape(line.decode("utf-8", "replace"))) + b"\n"


def _summary(name: str, report: FixReport, verb: str) -> Iterator[str]:
    """Yield the number of fixes per rule and a summary of the remaining findings."""
    name = escape(name)
    total = sum(report.fixed.values())
    rules = ", ".join(f"{count:,} {rule}" for rule, count in report.fixed.items())
    if report.has_objects:
        yield f"{name}: {pluralize(total, 'problem')} {verb}{f' ({rules})' if rules else ''}"
    else:
        yield f"{name}: not changed, because none of its lines is a JSON object"
    yield f"{name}: {summary(report.report)}"
    if report.report.fixable.get("unsafe") and not report.unsafe:
        yield f"    {pluralize(report.report.fixable['unsafe'], 'problem')} fixable with `--unsafe`"
