"""Generate the rule pages, `docs/library.md`, and the generated blocks of other pages.

    python scripts/docs.py            # write the pages
    python scripts/docs.py --check    # exit with status 1 if a page is out of date

A generated block is between `<!-- generated: NAME -->` and `<!-- end -->`. In YAML, it is between
`# generated: NAME` and `# end`. The script also updates the version, and the repository's URL from
`[project.urls]`, in install commands and hooks.
"""

from __future__ import annotations

import argparse
import ast
import inspect
import json
import os
import re
import subprocess
import sys
import tempfile
import textwrap
import tomllib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import FunctionType
from typing import Any

import batchlint
import batchlint.openai
from batchlint.config import SETTINGS
from batchlint.output.providers import by_source, custom_id, window
from batchlint.output.wording import EFFECT_OF_RULE
from batchlint.providers import Provider, provider, provider_names
from batchlint.rules import RULES, Rule
from batchlint.rules.groups import GROUPS

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
SAMPLE = "fixtures/sample_batch.jsonl"


def rules_by_topic() -> dict[str, list[Rule]]:
    """Return the rules of each topic, in the order of the source."""
    return {
        group.title: [
            rule for module in group.modules for rule in RULES.values() if rule.module == module
        ]
        for group in GROUPS.values()
    }


def rules_index() -> str:
    """Render the table of all rules, by topic."""
    return "\n".join(_index_lines()) + "\n"


def _index_lines() -> Iterator[str]:
    yield "# Rules\n"
    yield (
        "Each rule has a page with a fix and its evidence. Most pages also have examples. "
        "`batchlint rule NAME` prints the same text.\n"
    )
    yield (
        "Each finding has a code: the API's code if it is known, otherwise the rule's name. If the two differ, "
        "the rule's name appears in brackets after the message. `--select`, `--ignore`, `--warn` and `--error` accept names, codes, "
        "groups, and globs such as `image*`."
    )
    yield (
        "\nThe evidence is *confirmed* (a recorded API response), *documented* (the documentation "
        "or a client of OpenAI or the provider), *reported* (users quote the response), *inferred*, or *none* (a limit of batchlint "
        "itself)."
    )
    for topic, rules in rules_by_topic().items():
        yield f"\n## {topic}\n\nGroup: `{rules[0].group}`\n"
        yield "| rule | what it reports | severity | the API |\n|---|---|---|---|"
        for rule in rules:
            off = ", off by default" if not rule.default else ""
            code = "" if rule.code == rule.name else f" Code: `{rule.code}`."
            yield (
                f"| [`{rule.name}`](rules/{rule.name}.md) | {rule.summary}{code} | "
                f"{rule.severity}{off} | {EFFECT_OF_RULE[rule.fails]} |"
            )


def rule_page(rule: Rule, topic: str) -> str:
    """Render a rule's page from its docstring."""
    return "\n".join(_rule_lines(rule, topic)) + "\n"


def _rule_lines(rule: Rule, topic: str) -> Iterator[str]:
    yield f"# {rule.name}\n"
    code = "" if rule.code == rule.name else f" Code: `{rule.code}`."
    off = "" if rule.default else " Off by default."
    yield (
        f"*{rule.severity.capitalize()}. The API {EFFECT_OF_RULE[rule.fails]}.{code}{off} "
        f"Group: [`{rule.group}`](../rules.md#{_anchor(topic)}).*\n"
    )
    yield from _rule_body(rule)


def _anchor(heading: str) -> str:
    return re.sub(r"[^a-z ]", "", heading.lower()).replace(" ", "-")


def rules_navigation() -> str:
    """Render the entries of `docs/.nav.yml` for the rules."""
    lines = ["  - Rules:", "      - All rules: rules.md"]
    for topic, rules in rules_by_topic().items():
        lines.append(f"      - {topic}:")
        lines += [f"          - rules/{rule.name}.md" for rule in rules]
    return "\n".join(lines)


def _rule_body(rule: Rule) -> Iterator[str]:
    """Render a rule's documentation as Markdown: examples as code, headings in bold."""
    example = False
    for line in rule.doc.splitlines():
        heading = re.match(r"(Fails|Passes|Fix|Evidence): ?(.*)", line)
        if heading and heading[1] in ("Fails", "Passes"):
            if example:
                yield "```\n"
            url = heading[2].partition(" ")[0] if heading[2].startswith("/") else ""
            body = heading[2].removeprefix(url).lstrip()
            yield f"**{heading[1]}**{f' (`{url}`)' if url else ''}\n\n```json\n{body}"
            example = True
        elif example and line.startswith("    "):
            yield line[4:]
        else:
            if example:
                yield "```"
                example = False
            yield f"**{heading[1]}:** {heading[2]}" if heading else line
    if example:
        yield "```"


def library_page() -> str:
    """Render the library page, with all public names, from their docstrings."""
    return "\n".join(_library_lines()) + "\n"


#: Public classes whose attributes and methods are not public.
OPAQUE = (batchlint.ChunkSummary,)

#: The beginning of the library page.
LIBRARY = """\
# Library

```python
import batchlint

report = batchlint.check("requests.jsonl", endpoint="/v1/responses")
report.ok                # True if there are no errors
report.errors            # (BatchError(rule, code, line, message, param, ...), ...)
report.request_counts    # {"total": ..., "failed": ...}
report.to_dict()         # the dict that --format json prints for the file
report.to_batch()        # the object that the API would return
```

For complete examples, see the [recipes](recipes.md).

| task | function |
|---|---|
| Check a file | [`check`](#batchlintcheck) |
| Get findings while a file is being read | [`iter_errors`](#batchlintiter_errors) |
| Check a single request | [`check_request`](#batchlintcheck_request) |
| Check the parameters of a create call | [`check_create`](#batchlintcheck_create) |
| Check many files | [`check_many`](#batchlintcheck_many) |
| Check parts of one file on several machines | [`check_chunk`](#batchlintcheck_chunk), [`merge`](#batchlintmerge) and [`finish`](#batchlintfinish) |
| Repair a file | [`fix`](#batchlintfix) |
| Split a file | [`split`](#batchlintsplit) |
| Check a file, upload it and create the batch | [`openai.create_batch`](#batchlintopenaicreate_batch) |

**Exceptions.** Bad data is reported, and never causes an exception. An invalid argument raises
`ValueError` or `TypeError`. A file that can't be read raises `OSError`.

**Configuration.** The library doesn't read configuration files.

**Processes.** `jobs=0` uses one process per core. Each process imports your script, so set `jobs` or call
`check_many` only under `if __name__ == "__main__":`. `executor` accepts any object with a `submit`
method, such as `concurrent.futures.ProcessPoolExecutor` or Dask's `Client.get_executor()`.

**Stability.** Only the names on this page, and `app` and `create_app` in `batchlint.server`, are
public. Other names may change."""


def _library_lines() -> Iterator[str]:
    yield LIBRARY
    names = {name: getattr(batchlint, name) for name in batchlint.__all__}
    functions = [name for name in names if isinstance(names[name], FunctionType)]
    for name in (*functions, *(name for name in names if name not in functions)):
        yield from _public(f"batchlint.{name}", names[name])
    for name in ("create_batch", "BatchInputError"):
        yield from _public(f"batchlint.openai.{name}", getattr(batchlint.openai, name))


def _public(name: str, obj: Any) -> Iterator[str]:
    """Render a function or class as Markdown, with its properties and methods."""
    yield f"\n## {name}\n"
    if isinstance(obj, FunctionType):
        yield f"```python\n{_signature(obj)}\n```\n"
    yield from _sections(obj)
    if not isinstance(obj, type) or obj in OPAQUE:
        return
    for attribute, member in vars(obj).items():
        if not attribute.startswith("_") and isinstance(member, property | FunctionType):
            heading = f"\n### {name.rpartition('.')[2]}.{attribute}"
            if isinstance(member, FunctionType):
                yield f"{heading}()\n\n```python\n{_signature(member)}\n```\n"
            else:
                yield f"{heading}\n"
            yield from _sections(member)


def _signature(function: FunctionType) -> str:
    """Return the signature of a function as in the source, but with constants replaced by their values."""
    source = textwrap.dedent(inspect.getsource(function))
    (definition,) = ast.parse(source).body
    assert isinstance(definition, ast.FunctionDef)
    text = "\n".join(source.splitlines()[: definition.body[0].lineno - 1]).removesuffix(":")
    for name, parameter in inspect.signature(function).parameters.items():
        if isinstance(parameter.default, int | float):
            value = f"{parameter.default:_}"
            text = re.sub(rf"(\b{name}: \w+ = )[A-Z_]+\b", rf"\g<1>{value}", text)
    return text


def _sections(obj: Any) -> Iterator[str]:
    """Render a docstring as Markdown: section headings in bold, and their entries as lists."""
    section = ""
    text = inspect.getdoc(obj) or ""
    if obj in OPAQUE:
        text = text.partition("\n\nAttributes:")[0]
    for line in text.splitlines():
        heading = re.fullmatch(r"(Args|Returns|Raises|Attributes):", line)
        entry = re.match(r"    (\w+): (.*)", line)
        if heading:
            section = heading[1]
            yield f"**{section}**\n"
        elif section == "Returns" or not section:
            yield line.strip()
        elif entry:
            yield f"* `{entry[1]}`: {entry[2]}"
        else:
            yield f"  {line.strip()}".rstrip()


def command(*arguments: str, directory: Path = ROOT) -> str:
    """Run the command in a directory, and render its output as a console block."""
    result = subprocess.run(
        [sys.executable, "-m", "batchlint", *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=directory,
        env=os.environ | {"COLUMNS": "100", "SOURCE_DATE_EPOCH": "1788220800"},
    )
    return f"```console\n$ batchlint {' '.join(arguments)}\n{result.stdout.rstrip()}\n```"


def finding() -> str:
    """Render a finding of the sample in the `jsonl` format, pretty-printed."""
    lines = command("check", "--format", "jsonl", SAMPLE).splitlines()
    return f"```json\n{json.dumps(json.loads(lines[3]), indent=2)}\n```"


def settings() -> str:
    """Render the keys of the configuration as a table."""
    lines = ["| key | value | meaning | applies to |", "|---|---|---|---|"]
    applies_to = {"file": "a file", "directory": "a directory", "run": "the run"}
    for key, setting in SETTINGS.items():
        lines.append(
            f"| `{key}` | {setting.value_type.description} | {setting.description} | {applies_to[setting.scope]} |"
        )
    return "\n".join(lines)


def tutorial(*, fixed: bool) -> str:
    """Render the report on the tutorial's file, either unchanged or with the reader's fixes."""
    page = (DOCS / "tutorial.md").read_text("utf-8")
    (lines,) = re.findall(
        r'^```json title="reviews_batch.jsonl"\n(.*?)^```$', page, re.MULTILINE | re.DOTALL
    )
    if fixed:
        first, second, third = lines.splitlines(keepends=True)
        second = second.replace("max_tokens", "max_completion_tokens")
        third = third.replace("review-2", "review-3").replace("usr", "user")
        lines = first + second + third
    with tempfile.TemporaryDirectory() as directory:
        Path(directory, "reviews_batch.jsonl").write_text(lines, "utf-8")
        return command("check", "reviews_batch.jsonl", directory=Path(directory))


def speed() -> str:
    """Render the table of benchmark results."""
    results = json.loads((ROOT / "benchmarks" / "results.json").read_text("utf-8"))
    work = {
        "L: orjson.loads(line)": ("that each line is valid JSON", "anything else"),
        "batchlint check": ("all [rules](rules.md)", ""),
        "batchlint check --jobs 1": ("all rules, in one process", ""),
    }
    work |= {peer["name"]: (peer["checks"], peer["misses"]) for peer in results["peers"]}
    lines = ["| tool | seconds | memory | checks | does not check |", "|---|--:|--:|---|---|"]
    for row in results["rows"]:
        if row["corpus"] == "chat":
            seconds = f"{row['seconds']:.2f}{' (estimate)' if row['extrapolated'] else ''}"
            lines.append(
                f"| {_code(row['tool'].removeprefix('L: '))} | {row['failed'] or seconds} | "
                f"{row['peak'] / 1e6:.0f} MB | {' | '.join(work[row['tool']])} |"
            )
    machine = results["machine"]
    return "\n".join(
        [
            *lines,
            f"\n{machine['processor']}, {machine['cores']} cores, Python {machine['python']}, {results['made']}.",
        ]
    )


def _code(tool: str) -> str:
    """Render a command or an expression as code, and other names as text."""
    return f"`{tool}`" if tool.startswith(("batchlint ", "orjson.")) else tool


def providers() -> str:
    """Render the table of providers."""
    lines = [
        "| provider | line | URLs | models per file | requests | file | line size | custom_id | window |",
        "|---|---|---|---|--:|--:|--:|---|---|",
    ]
    for profile in map(provider, provider_names()):
        cells = (
            f"[`{profile.name}`](#{profile.name})",
            ", ".join(
                f"`{name}`{'' if must else '?'}" for name, must in profile.line_fields.items()
            ),
            ", ".join(
                f"`{url}`" for url in (*profile.endpoints, *(f"*{end}" for end in profile.suffixes))
            ),
            {True: "one", False: "several", None: "?"}[profile.single_model],
            _limit(profile, "requests", 1, ""),
            _limit(profile, "bytes", 10**6, " MB"),
            _limit(profile, "line_bytes", 10**3, " KB"),
            custom_id(profile),
            window(profile),
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _limit(profile: Provider, limit: str, unit: int, name: str) -> str:
    """Render a limit as `50,000`, or as `100 to 105 MB` if sizes in between are warnings."""
    safe, maximum = (getattr(limits, limit) for limits in (profile.safe_limits, profile.limits))
    if safe is None:
        return ""
    if maximum is None:
        return f"{safe / unit:,.0f}{name} or more"
    return f"{safe / unit:,.0f}" + (f" to {maximum / unit:,.0f}" if maximum != safe else "") + name


def provider_sources() -> str:
    """Render each provider's notes and sources."""
    parts = []
    for profile in map(provider, provider_names()):
        about = "" if profile.service == profile.title else f": {profile.service}"
        parts += [f"### {profile.name}\n", f"**{profile.title}**{about}.", *profile.notes]
        parts.append("")
        parts += [f"* {source}: {', '.join(about)}" for source, about in by_source(profile).items()]
        parts.append("")
    return "\n".join(parts).rstrip()


BLOCKS: Mapping[str, Callable[[], str]] = {
    "speed": speed,
    "sample": lambda: command("check", SAMPLE),
    "commands": lambda: command("--help"),
    "help": lambda: command("check", "--help"),
    "providers": providers,
    "provider_sources": provider_sources,
    "serve": lambda: command("serve", "--help"),
    "fix": lambda: command("fix", "--help"),
    "split": lambda: command("split", "--help"),
    "finding": finding,
    "settings": settings,
    "rules": rules_navigation,
    "tutorial": lambda: tutorial(fixed=False),
    "tutorial_fixed": lambda: tutorial(fixed=True),
    "tutorial_rule": lambda: command("rule", "duplicate_custom_id"),
}


#: The URL of the repository.
REPOSITORY: str = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["urls"][
    "Source"
]

#: The repository in the form that GitHub Actions use (OWNER/NAME).
ACTION = (
    REPOSITORY.removeprefix("https://github.com/")
    if REPOSITORY.startswith("https://github.com/")
    else "OWNER/batchlint"
)


def insert_versions(text: str) -> str:
    """Insert the repository's URL and the current version into a page's examples."""
    text = re.sub(r"((?:git\+|git clone |- repo: ))https://[^\s']+", rf"\1{REPOSITORY}", text)
    text = re.sub(r"uses: [\w-]+/batchlint@\S+", f"uses: {ACTION}@v{batchlint.__version__}", text)
    return re.sub(r"rev: v\S+", f"rev: v{batchlint.__version__}", text)


def fill_blocks(text: str) -> str:
    """Replace the generated blocks of a page."""

    def fill(match: re.Match[str]) -> str:
        return f"{match[1]}\n{BLOCKS[match[2]]()}\n{match[3]}"

    return re.sub(
        r"((?:<!--| *#) generated: (\w+)(?: -->)?)\n.*?\n((?:<!--| *#) end(?: -->)?)",
        fill,
        text,
        flags=re.DOTALL,
    )


def pages() -> dict[Path, str]:
    """Render all generated pages, and all pages with generated blocks."""
    rendered = {DOCS / "rules.md": rules_index(), DOCS / "library.md": library_page()}
    rendered |= {
        DOCS / "rules" / f"{rule.name}.md": rule_page(rule, topic)
        for topic, rules in rules_by_topic().items()
        for rule in rules
    }
    for path in (ROOT / "README.md", DOCS / ".nav.yml", *sorted(DOCS.glob("*.md"))):
        if path not in rendered:
            rendered[path] = insert_versions(fill_blocks(path.read_text("utf-8")))
    return rendered


def main() -> int:
    """Write the pages. With `--check`, only compare them."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument(
        "--check",
        action="store_true",
        help="write nothing; exit with status 1 if a page is out of date",
    )
    check = parser.parse_args().check
    rendered = pages()
    stale = [
        path
        for path, text in rendered.items()
        if not path.exists() or path.read_text("utf-8") != text
    ]
    obsolete = [path for path in (DOCS / "rules").glob("*") if path not in rendered]
    for path in (*stale, *obsolete):
        if check:
            print(
                f"{path.relative_to(ROOT)} is out of date; run scripts/docs.py",
                file=sys.stderr,
            )
        elif path in rendered:
            path.parent.mkdir(exist_ok=True)
            path.write_text(rendered[path], "utf-8")
        else:
            path.unlink()
    return 1 if check and (stale or obsolete) else 0


if __name__ == "__main__":
    sys.exit(main())
