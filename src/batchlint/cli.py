"""The command: parse, call the library, print, exit.

Nothing but click is imported before it is needed; a commit hook should start at once.
"""

from __future__ import annotations

import os
import sys
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from . import __version__
from .formats import FORMATS, formatter

if TYPE_CHECKING:
    from .formats.checked import Checked
    from .report import Report

#: Exit statuses.
OK, FOUND, TROUBLE = 0, 1, 2

#: Files smaller than this (bytes) are checked before a bar could be read.
_BAR_FROM = 20_000_000

#: How many findings of a rule are kept at least in formats that print --max-errors of them.
_KEPT_OF_FEW = 100

#: Formats that do not tell by themselves how many findings are not in them.
_SILENT = ("jsonl", "gitlab", "junit")

#: A command has no threads; elsewhere than on Linux a fork may still break system libraries.
_START = "fork" if sys.platform == "linux" else "spawn"


class Rules(click.ParamType):  # type: ignore[type-arg]  # generic only in new releases
    """Names of rules or API codes, separated by commas."""

    name = "rules"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> list[str]:
        """The names, all of them known."""
        from .rules.registry import named

        if isinstance(value, list):
            return value
        try:
            return named(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[Any]:
        """The names that go on like the last one."""
        from click.shell_completion import CompletionItem

        before, comma, last = incomplete.rpartition(",")
        return [CompletionItem(before + comma + name) for name in _rules_like(ctx, param, last)]


class KeyValue(click.ParamType):  # type: ignore[type-arg]  # likewise
    """KEY=VALUE."""

    name = "key=value"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, str]:
        """The two sides of the first equals sign."""
        if isinstance(value, tuple):
            return value
        key, equals, text = value.partition("=")
        try:
            value.encode()
        except UnicodeEncodeError:
            self.fail("metadata is text in UTF-8", param, ctx)
        if not equals:
            self.fail(f"{value!r} has no '='; write KEY=VALUE", param, ctx)
        return key, text


def version(ctx: click.Context, _param: click.Parameter, value: bool) -> None:
    """Print the version and exit."""
    if value and not ctx.resilient_parsing:
        click.echo(f"batchlint {__version__}")
        ctx.exit()


def _rules_like(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    """The rules whose names begin like this, for a shell to complete."""
    from .rules import RULES

    return [name for name in RULES if name.startswith(incomplete)]


def _endpoints_like(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    """The endpoints whose urls begin like this, likewise."""
    from .schemas import ENDPOINTS

    return [url for url in ENDPOINTS if url.startswith(incomplete)]


def _schemas_like(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    """The schemas whose names begin like this, likewise."""
    return [name for name in _schemas() if name.startswith(incomplete)]


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--version", is_flag=True, is_eager=True, expose_value=False, callback=version,
              help="Print the version and exit.")
def cli() -> None:
    """Check OpenAI Batch API input files before the upload."""


@cli.command(epilog="Exit status: 0 no errors, 1 errors found, 2 something could not be read or the usage is wrong.")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=str, readable=False))
@click.option("--endpoint", metavar="URL", shell_complete=_endpoints_like,
              help="The batch's endpoint.  [default: the most frequent url]")
@click.option("--format", "form", type=click.Choice(tuple(FORMATS)),
              help="What to print.  [default: text; under GitHub Actions: github]")
@click.option("--output-file", metavar="PATH", help="Write the report to this file, whole or not at all.")
@click.option("--select", type=Rules(), metavar="RULES", help="Check for exactly these rules (names or API codes).")
@click.option("--ignore", type=Rules(), metavar="RULES", help="Leave these rules out.")
@click.option("--warn", type=Rules(), metavar="RULES", help="Make these rules warnings; switches them on.")
@click.option("--error", type=Rules(), metavar="RULES", help="Make these rules errors; switches them on.")
@click.option("--max-errors", type=click.IntRange(0), default=20, show_default=True, metavar="N",
              help="Maximum findings to print per file (text, github); if there are more, a few of every rule. 0 means no limit. All are counted.")
@click.option("--keep", type=click.IntRange(0), metavar="N",
              help="Findings kept of each rule; 0 is all. All are counted.  [default: 1000; 100 in text and github; at least "
              "--max-errors]")
@click.option("--statistics", is_flag=True, help="In text: count the findings of each rule, and say what they do.")
@click.option("--show-source", is_flag=True, help="In text: show the place in a short piece of the line.")
@click.option("--color", type=click.Choice(("auto", "always", "never")), default="auto", show_default=True,
              help="In text: colours; auto is on a terminal, unless NO_COLOR is set.")
@click.option("-j", "--jobs", type=click.IntRange(0), metavar="N",
              help="Worker processes; 0 is one a core.  [default: by the size of the file]")
@click.option("--progress/--no-progress", default=None, help="A bar on standard error.  [default: on a terminal]")
@click.option("--strict", is_flag=True, help="Warnings fail too.")
@click.option("--max-enqueued-tokens", type=click.IntRange(1), metavar="N",
              help="Warn if the prompts have more tokens, by a rough estimate from their characters.")
@click.option("--metadata", type=KeyValue(), multiple=True, metavar="KEY=VALUE",
              help="The batch's metadata, checked too; may be repeated.")
@click.option("--output-expires-after", type=int, metavar="SECONDS", help="The create call's parameter, checked too.")
@click.option("--completion-window", metavar="WINDOW", help="The create call's parameter, checked too.")
@click.pass_context
def check(
    ctx: click.Context, /, files: tuple[str, ...], endpoint: str | None, form: str | None, output_file: str | None,
    max_errors: int, keep: int | None, statistics: bool, show_source: bool, color: str, jobs: int | None, progress: bool | None, strict: bool,
    max_enqueued_tokens: int | None, metadata: tuple[tuple[str, str], ...], output_expires_after: int | None,
    completion_window: str | None, **rules: list[str] | None,
) -> None:
    """Check batch input FILES.

    '-' is standard input; of a folder, the files named like *batch*.jsonl are checked.
    """
    from .schemas import ENDPOINTS

    create = _create(endpoint, metadata, output_expires_after, completion_window)
    choice = {key: value for key, value in rules.items() if value is not None}
    form = form or ("github" if os.environ.get("GITHUB_ACTIONS") == "true" else "text")
    options = {"endpoint": endpoint if endpoint in ENDPOINTS else None, "jobs": jobs, "create": create, "start": _START,
               "max_enqueued_tokens": max_enqueued_tokens, "keep": _kept(form, max_errors) if keep is None else keep}
    style = {"style": click.style} if _coloured(color, output_file) else {}
    paths = _within(files)
    seen: list[Checked] = []
    status = OK

    def checked() -> Iterator[Checked]:
        nonlocal status
        for path in paths:
            file = _checked(path, options, choice, progress)
            if file.error is not None:
                complain(f"{file.path}: {file.error}")
                status = TROUBLE
            elif file.report is not None and (not file.report.ok or (strict and file.report.counts)):
                status = max(status, FOUND)
            if form == "github":
                seen.append(file)
            elif form in _SILENT and file.report is not None and (left := file.report.truncated):
                complain(f"{file.path}: {sum(left.values()):,} findings are counted and not in the report; "
                         "--keep 0 keeps all")
            yield file

    write = formatter(form)
    if form == "text":
        write = partial(write, show_source=show_source, statistics=statistics, strict=strict, **style)
    _deliver(write(checked(), max_errors), output_file, paths)
    if form == "github":
        _append_step_summary(seen)
    ctx.exit(status)


def _kept(form: str, most: int) -> int:
    """How many findings of a rule are kept, if so many of a file are to be printed."""
    from .findings import KEEP

    return max(most, _KEPT_OF_FEW if form in ("text", "github") else KEEP) if most else 0


def _coloured(color: str, output: str | None) -> bool:
    """Whether a report is to have colours."""
    if color != "auto":
        return color == "always"
    return (output is None and sys.stdout is not None and sys.stdout.isatty() and not os.environ.get("NO_COLOR")
            and os.environ.get("TERM") != "dumb")


def _deliver(texts: Iterable[str], output: str | None, files: Iterable[str]) -> None:
    """Print a report, or write it to a file that is none of those that are checked."""
    if output is None:
        _print(texts)
        return
    from .formats.written import write

    try:
        if any(map(partial(_is_same, output), files)):
            raise click.UsageError(f"--output-file would overwrite {click.format_filename(output)}, which is to be checked")
        write(output, texts)
    except OSError as error:
        complain(f"{click.format_filename(output)}: cannot be written: {error.strerror}")
        click.get_current_context().exit(TROUBLE)


def _is_same(output: str, file: str) -> bool:
    """Whether a file to write is one to check."""
    if not Path(output).exists():
        return False
    if file == "-":
        return sys.stdin is not None and os.path.samestat(os.fstat(sys.stdin.fileno()), Path(output).stat())
    return Path(file).exists() and Path(output).samefile(file)


def _append_step_summary(files: list[Checked]) -> None:
    """Append to the summary of the step, where the runner named a file for it."""
    from .formats.github import step_summary

    path = os.environ.get("GITHUB_STEP_SUMMARY")
    if not path:
        return
    try:
        with Path(path).open("a", encoding="utf-8", errors="backslashreplace", newline="\n") as file:
            file.write(step_summary(files))
    except OSError as error:
        complain(f"{path}: the summary cannot be written: {error.strerror}")


def _create(
    endpoint: str | None, metadata: Iterable[tuple[str, str]], expires: int | None, window: str | None
) -> dict[str, Any] | None:
    """The create call's parameters from the options; None if there are none.

    The endpoint is among them if others are, or if it is no batch endpoint, so that a finding says so.
    """
    from .schemas import ENDPOINTS

    params: dict[str, Any] = {}
    if pairs := dict(metadata):
        params["metadata"] = pairs
    if expires is not None:
        params["output_expires_after"] = {"anchor": "created_at", "seconds": expires}
    if window is not None:
        params["completion_window"] = window
    if endpoint is not None and (params or endpoint not in ENDPOINTS):
        params["endpoint"] = endpoint
    return params or None


def _within(paths: Iterable[str]) -> list[str]:
    """The paths, each folder replaced by the batch files in it, if there are any."""
    from .sources import batch_files

    found: list[str] = []
    for path in paths:
        try:
            inside = batch_files(path) if path != "-" and Path(path).is_dir() else []
        except OSError:  # which is told when it is read
            inside = []
        found += inside or [path]
    return found


def _checked(path: str, options: dict[str, Any], choice: dict[str, list[str]], progress: bool | None) -> Checked:
    """Check one file; what keeps it from being read becomes its error."""
    from .formats.checked import Checked

    shown, source = ("<stdin>", None) if path == "-" else (click.format_filename(path), path)
    try:
        return Checked(shown, _report(path, options, choice, progress), source=source)
    except (OSError, EOFError, zlib.error) as error:  # the last two: what is packed is cut off or damaged
        return Checked(shown, error=getattr(error, "strerror", None) or str(error), source=source)
    except MemoryError:
        return Checked(shown, error="there is not enough memory to check it", source=source)


def _report(path: str, options: dict[str, Any], choice: dict[str, list[str]], progress: bool | None) -> Report:
    """The report of a file, which is unpacked if it is packed."""
    from . import api
    from .sources import batch_files, is_packed, opened

    rules = _chosen(Path("<stdin>" if path == "-" else path), choice)
    if path == "-":
        if sys.stdin is None:
            raise OSError("standard input is closed")
        with suppress(OSError, AttributeError):  # what somebody else left it in; and tests have none
            os.set_blocking(sys.stdin.fileno(), True)
        with _bar(path, progress) as tick:
            return api.check(sys.stdin.buffer, progress=tick, **options, **rules)
    if Path(path).is_dir():
        batch_files(path)  # which says if it cannot be read
        raise OSError("a folder in which no file is named like *batch*.jsonl")
    if not is_packed(path):
        with _bar(path, progress) as tick:
            return api.check(path, progress=tick, **options, **rules)
    complain(f"{click.format_filename(path)}: unpacked to be checked; the API takes plain files only")
    with opened(path) as stream, _bar(path, progress) as tick:
        return api.check(stream, name=path[:-len(".gz")], progress=tick, **options, **rules)


def _chosen(file: Path, choice: dict[str, list[str]]) -> dict[str, Any]:
    """The choice of rules for a file: the configuration's, with what the command line says on top."""
    from . import config

    try:
        rules: dict[str, Any] = config.nearest(file.parent).for_file(file)
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    if asked := {name for key, names in choice.items() if key != "ignore" for name in names}:
        rules["ignore"] = [name for name in rules.get("ignore", []) if name not in asked]
    for key, names in choice.items():
        rules[key] = names if key == "select" else [*rules.get(key, []), *names]
    return rules


def _bar(path: str, progress: bool | None) -> AbstractContextManager[Callable[[int], object] | None]:
    """A bar by bytes on standard error, for long work on a terminal."""
    from .sources import is_packed

    size = Path(path).stat().st_size if path != "-" and not is_packed(path) else None
    if progress is None:
        progress = sys.stderr is not None and sys.stderr.isatty() and (size is None or size >= _BAR_FROM)
    if not progress or sys.stderr is None:
        return nullcontext()
    from tqdm import tqdm

    tqdm.monitor_interval = 0  # its thread would stand in the way of a fork
    return _ticking(tqdm(total=size, unit="B", unit_scale=True, desc="<stdin>" if path == "-" else click.format_filename(path, shorten=True),
                         leave=False, file=sys.stderr, dynamic_ncols=True))


class _ticking(AbstractContextManager[Callable[[int], object]]):  # noqa: N801 - reads as a function
    """A bar as the function that moves it."""

    def __init__(self, bar: Any) -> None:
        self._bar = bar

    def __enter__(self) -> Callable[[int], object]:
        return self._bar.update  # type: ignore[no-any-return]

    def __exit__(self, *_: object) -> None:
        self._bar.close()


@cli.command()
@click.argument("name", required=False, metavar="[RULE]", shell_complete=_rules_like)
def rule(name: str | None) -> None:
    """Explain a RULE or an API code; without one, list all."""
    from .rules import RULES
    from .rules.registry import named

    if name is None:
        width = max(map(len, RULES))
        _print(f"{r.name:{width}}  {r.severity:7}  {r.summary}{'' if r.default else ' Off by default.'}\n" for r in RULES.values())
        return
    try:
        names = named(name)
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    _print("\n\n".join(_explained(RULES[n]) for n in names).splitlines(keepends=True))
    click.echo()


def _explained(made: Any) -> str:
    effect = {"upload": "refuses the upload", "create": "refuses the batch", "batch": "fails the whole batch",
              "request": "refuses the request", None: "is not known to object"}[made.fails]
    state = "" if made.default else ", off by default"
    code = f", code {made.code}" if made.code != made.name else ""
    return f"{made.name} ({made.severity}{code}{state}; the API {effect})\n\n{made.doc}"


def _schemas() -> tuple[str, ...]:
    """The names of the schemas: endpoints, and what else a batch has to do with."""
    from .schemas import ENDPOINTS

    return (*ENDPOINTS, "batch-request", "batch-create", "batch", "report")


@cli.command()
@click.argument("endpoint", required=False, shell_complete=_schemas_like)
def schema(endpoint: str | None) -> None:
    """Print a JSON Schema; without ENDPOINT, list them."""
    from . import schemas

    if endpoint is None:
        _print(f"{name}\n" for name in _schemas())
        return
    if endpoint not in _schemas():
        raise click.UsageError(f"no schema for {endpoint!r}; there are {', '.join(_schemas())}")
    import json

    _print([json.dumps(schemas.load(endpoint.lstrip("/")), indent=2, ensure_ascii=False) + "\n"])


def _print(texts: Iterable[str]) -> None:
    """Print as it comes, and see that it arrived; a reader that goes away ends it."""
    try:
        for text in texts:
            if sys.stdout is not None:  # closed by who started us
                sys.stdout.write(text)
        if sys.stdout is not None:
            sys.stdout.flush()
    except BrokenPipeError:
        drop_output()


def complain(text: str) -> None:
    """Tell on standard error; where that cannot be written the exit status still tells."""
    from .grammar import clean

    with suppress(OSError):
        click.echo(f"batchlint: {clean(text)}", err=True)


def drop_output() -> None:
    """The reader is gone: let nothing be written at exit either."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
