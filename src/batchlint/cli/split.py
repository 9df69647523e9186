"""The `batchlint split` command."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from ..output.complete_writer import OutputError
from ..output.wording import pluralize
from ..phrasing import escape, excerpt
from .check import EXIT_FOUND, EXIT_OK
from .crash import EXIT_ERROR
from .inputs import UNREADABLE, display_name, reason, standard_input
from .options import config_lookup, config_options, provider_option
from .parameters import CheckCommand, InputFile, Text
from .printing import print_all, print_lines, print_message, terminal_width

if TYPE_CHECKING:
    from ..splitting import Manifest

#: The maximum number of unplaced lines, and of repeated custom_ids, to print.
_MAX_PRINTED: Final = 20

#: The indentation of a row's continuation lines.
_INDENT: Final = "    "


class _Fields(click.ParamType):  # type: ignore[type-arg]  # generic only in recent releases
    """Names of fields, separated by commas, or `none`."""

    name = "fields"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, ...]:
        """Return the names of the fields."""
        from ..splitting import FIELDS

        if isinstance(value, tuple):
            return value
        names = tuple(name.strip() for name in value.split(","))
        if names == ("none",):
            return ()
        if not {*names} <= {*FIELDS}:
            self.fail(f"{value!r} is not one of: model,url; model; url; none", param, ctx)
        return names


@click.command(
    cls=CheckCommand,
    short_help="Split a batch input FILE into parts.",
    epilog="Exit status: 0: all parts were written; 1: a line doesn't fit into any part, so "
    "nothing was written; 2: the file could not be read or the parts could not be written.",
)
@click.argument("file", type=InputFile())
@provider_option("parts")
@click.option(
    "--output-dir",
    type=Text(),
    default=".",
    show_default=True,
    metavar="DIR",
    help="Write the parts and the manifest to DIR, and create DIR if it doesn't exist.",
)
@click.option(
    "--by",
    type=_Fields(),
    metavar="FIELDS",
    help="Fields whose values all requests in a part must share: `model,url`, `model`, `url` or "
    "`none`.  [default: the fields that the provider requires, or may require, to be the same; "
    "for OpenAI: model,url]",
)
@click.option(
    "--max-requests",
    type=click.IntRange(1),
    metavar="N",
    help="Maximum requests per part.  [default: the provider's lowest documented limit, 50000 for OpenAI]",
)
@click.option(
    "--max-bytes",
    type=click.IntRange(1),
    metavar="N",
    help="Maximum size of a part.  [default: the provider's lowest documented limit, 200000000 for OpenAI]",
)
@click.option(
    "--max-embedding-inputs",
    type=click.IntRange(1),
    metavar="N",
    help="Maximum embedding inputs per part.  [default: the provider's lowest documented limit, 50000 for OpenAI]",
)
@click.option(
    "--max-parts",
    type=click.IntRange(1),
    default=1000,
    show_default=True,
    metavar="N",
    help="Maximum number of parts. If the file needs more, nothing is written.",
)
@click.option("--dry-run", is_flag=True, help="Print the plan without writing any files.")
@config_options
@click.option("--force", is_flag=True, help="Replace the parts and the manifest of an earlier run.")
@click.pass_context
def split(
    ctx: click.Context,
    /,
    file: str,
    provider: str | None,
    output_dir: str,
    max_parts: int,
    dry_run: bool,
    **options: Any,
) -> None:
    """Split a batch input FILE into parts within the limits of a batch.

    '-' reads standard input. A file that ends in .jsonl.gz is decompressed. The parts are
    STEM-001.jsonl and so on, with the model or the endpoint in the name if there are several.
    STEM.manifest.json describes them. Lines are not changed. Requests are not checked: run
    `batchlint check` before or after.
    """
    from .. import splitting
    from ..sources import is_url

    if output_dir == "-":
        raise click.UsageError("--output-dir needs a directory; '-' is not one")
    if is_url(output_dir):
        raise click.UsageError(
            "--output-dir needs a directory on this machine; copy the parts from there to the URL"
        )
    name_to_print = display_name(file)
    path = Path("<stdin>" if file == "-" else file)
    configured_provider = config_lookup(ctx)(path.parent).value_for(path, "provider")
    options["provider"] = provider or configured_provider or "openai"
    try:
        with _open(file) as (source, name):
            manifest = splitting.split(
                source, output_dir, name=name, max_parts=max_parts, dry_run=dry_run, **options
            )
    except FileExistsError as error:
        print_message(f"{error.filename}: already exists; --force replaces it")
        ctx.exit(EXIT_ERROR)
    except OutputError as error:
        print_message(f"{output_dir}: cannot write the parts: {error.strerror}")
        ctx.exit(EXIT_ERROR)
    except UNREADABLE as error:
        print_message(f"{name_to_print}: {reason(error)}")
        ctx.exit(EXIT_ERROR)
    except ValueError as error:
        raise click.UsageError(f"--{str(error).replace('_', '-', 2)}") from None
    width = terminal_width(sys.stdout)
    if manifest.ok:
        print_all(f"{row}\n" for row in _table(manifest, width))
    print_lines(_unplaced_messages(name_to_print, manifest))
    print_lines(_repeat_messages(name_to_print, manifest))
    print_lines([_summary(name_to_print, manifest, output_dir, dry_run=dry_run)])
    if not manifest.ok and len(manifest.parts) == max_parts:
        print_lines(
            ["    `--max-parts` allows more parts. `--by` and the limits change their number."]
        )
    ctx.exit(EXIT_OK if manifest.ok else EXIT_FOUND)


def _open(path: str) -> AbstractContextManager[tuple[Any, str | None]]:
    """Return the source at a path and a name for it if it has none.

    Raises:
        OSError: the path is a URL, the file can't be opened, or standard input is closed.
    """
    from ..sources import is_gzipped, is_url, open_file

    if path == "-":
        return nullcontext((standard_input(), "stdin"))
    if is_url(path):
        raise OSError("cannot split a file at a URL; pipe it to `batchlint split -`")
    return nullcontext((open_file(path), path)) if is_gzipped(path) else nullcontext((path, None))


def _table(manifest: Manifest, width: int | None) -> Iterator[str]:
    """Yield a header and one row per part.

    Args:
        manifest: the description of the parts.
        width: the width of the terminal in columns. None without a terminal. A wider row takes
            several lines.
    """
    has_inputs = any(part.embedding_inputs for part in manifest.parts)
    rows: list[tuple[str, ...]] = [
        ("part", "requests", "bytes", *(["inputs"] if has_inputs else ()), *manifest.by)
    ]
    for part in manifest.parts:
        cells = [escape(part.path), f"{part.requests:,}", f"{part.bytes:,}"]
        if has_inputs:
            cells.append(f"{part.embedding_inputs:,}")
        # All rows are as wide as the longest value, so a very long one is cut.
        cells += [excerpt(getattr(part, field) or "-") for field in manifest.by]
        rows.append(tuple(cells))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    right_aligned = range(1, 4 if has_inputs else 3)
    lines = _columns_by_line(widths, width)
    for row in rows:
        padded = [
            f"{cell:>{column}}" if index in right_aligned else f"{cell:<{column}}"
            for index, (cell, column) in enumerate(zip(row, widths, strict=True))
        ]
        for number, indices in enumerate(lines):
            indent = _INDENT if number else ""
            yield indent + "  ".join(padded[index] for index in indices).rstrip()


def _columns_by_line(widths: list[int], width: int | None) -> list[list[int]]:
    """Distribute the columns of a table over the lines that each row takes.

    Args:
        widths: the width of each column.
        width: the width of the terminal in columns. None without a terminal.
    """
    lines: list[list[int]] = [[]]
    room = sys.maxsize if width is None else width
    left = room
    for index, column in enumerate(widths):
        if column > left and lines[-1]:
            lines.append([])
            left = room - len(_INDENT)
        lines[-1].append(index)
        left -= column + 2
    return lines


def _unplaced_messages(name: str, manifest: Manifest) -> Iterator[str]:
    """Yield messages about unplaced lines, which don't fit into any part."""
    for line in manifest.unplaced_lines[:_MAX_PRINTED]:
        yield f"{escape(name)}:{line.line}: {line.message}"
    if manifest.unplaced > _MAX_PRINTED:
        yield f"... and {manifest.unplaced - _MAX_PRINTED:,} more"


def _repeat_messages(name: str, manifest: Manifest) -> Iterator[str]:
    """Yield messages about lines whose custom_id an earlier line already uses."""
    for repeat in manifest.repeats[:_MAX_PRINTED]:
        yield (
            f"{escape(name)}:{repeat.line}: warning: the custom_id is already used on line "
            f"{repeat.first:,}. Results are matched by custom_id."
        )
    if manifest.repeated_ids > _MAX_PRINTED:
        yield f"... and {manifest.repeated_ids - _MAX_PRINTED:,} more"


def _summary(name: str, manifest: Manifest, directory: str, *, dry_run: bool) -> str:
    """Return a summary of the run."""
    blank = f", {pluralize(manifest.blank_lines, 'blank line')} omitted" * bool(
        manifest.blank_lines
    )
    start = f"{escape(name)}: {pluralize(manifest.requests, 'request')}{blank}"
    if not manifest.ok:
        lines = pluralize(manifest.unplaced, "line")
        verb = "doesn't" if manifest.unplaced == 1 else "don't"
        return f"{start}: {lines} {verb} fit into any part, so nothing was written"
    parts = pluralize(len(manifest.parts), "part")
    verb = "would be written" if dry_run else "written"
    return f"{start}: {parts} {verb} to {escape(display_name(directory))}"
