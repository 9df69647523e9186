"""Generate `docs/rules.md`, `docs/library.md` and the generated blocks of other pages.

    python scripts/docs.py            write the pages
    python scripts/docs.py --check    exit 1 if a page is out of date

A generated block is enclosed in `<!-- generated: NAME -->` and `<!-- end -->`.
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
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import FunctionType
from typing import Any

import batchlint
import batchlint.openai
from batchlint.output.wording import EFFECT_OF_RULE
from batchlint.rules import RULES, Rule

ROOT = Path(__file__).parents[1]
SAMPLE = "fixtures/sample_batch.jsonl"


def rules_page() -> str:
    """Render the page of all rules from their docstrings."""
    return "\n".join(_rules_lines()) + "\n"


def _rules_lines() -> Iterator[str]:
    yield "# Rules\n"
    yield (
        "Generated from the docstrings by `scripts/docs.py`. `batchlint rule NAME` prints the same "
        "text. In examples, `/v1/embeddings {...}` is short for a line with that URL and body.\n"
    )
    yield "| rule | code | | the API |\n|---|---|---|---|"
    for rule in RULES.values():
        off = ", off by default" if not rule.default else ""
        code = "" if rule.code == rule.name else f"`{rule.code}`"
        yield f"| [`{rule.name}`](#{rule.name}) | {code} | {rule.severity}{off} | {EFFECT_OF_RULE[rule.fails]} |"
    for rule in RULES.values():
        yield f"\n## {rule.name}\n"
        yield from _explained(rule)


def _explained(rule: Rule) -> Iterator[str]:
    """Render a rule's documentation as Markdown: examples as code, headings in bold."""
    example = False
    for line in rule.doc.splitlines():
        heading = re.match(r"(Fails|Passes|Fix|Evidence): ?(.*)", line)
        if heading and heading[1] in ("Fails", "Passes"):
            if example:
                yield "```\n"
            yield f"**{heading[1]}**\n\n```json\n{heading[2]}"
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
    """Render the page of all public names from their docstrings."""
    return "\n".join(_library_lines()) + "\n"


def _library_lines() -> Iterator[str]:
    yield "# Library\n"
    yield (
        "Generated from the docstrings by `scripts/docs.py`. [recipes.md](recipes.md) shows the "
        "library in use. Only the names on this page are public. Other names may change."
    )
    names = {name: getattr(batchlint, name) for name in batchlint.__all__}
    functions = [name for name in names if isinstance(names[name], FunctionType)]
    for name in (*functions, *(name for name in names if name not in functions)):
        yield from _public(f"batchlint.{name}", names[name])
    for name in ("create_batch", "BatchInputError"):
        yield from _public(f"batchlint.openai.{name}", getattr(batchlint.openai, name))


def _public(name: str, thing: Any) -> Iterator[str]:
    """Render a function or class as Markdown, with its properties and methods."""
    yield f"\n## {name}\n"
    if isinstance(thing, FunctionType):
        yield f"```python\n{_signature(thing)}\n```\n"
    yield from _sections(thing)
    if not isinstance(thing, type):
        return
    for own, member in vars(thing).items():
        if not own.startswith("_") and isinstance(member, property | FunctionType):
            yield f"\n### {name.rpartition('.')[2]}.{own}{'()' if isinstance(member, FunctionType) else ''}\n"
            yield from _sections(member)


def _signature(function: FunctionType) -> str:
    """Return the signature of a function as written in the source."""
    source = inspect.getsource(function)
    (made,) = ast.parse(source).body
    assert isinstance(made, ast.FunctionDef)
    return "\n".join(source.splitlines()[: made.body[0].lineno - 1]).removesuffix(":")


def _sections(thing: Any) -> Iterator[str]:
    """Render a docstring as Markdown: section headings in bold, and their entries as lists."""
    section = ""
    for line in (inspect.getdoc(thing) or "").splitlines():
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


def command(*arguments: str) -> str:
    """Run the command and render its output as a console block."""
    made = subprocess.run(
        [sys.executable, "-m", "batchlint", *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        env=os.environ | {"COLUMNS": "100", "SOURCE_DATE_EPOCH": "1788220800"},
    )
    return f"```console\n$ batchlint {' '.join(arguments)}\n{made.stdout.rstrip()}\n```"


def speed() -> str:
    """Render the table of the peers from the last run of the benchmark."""
    results = json.loads((ROOT / "benchmarks" / "results.json").read_text("utf-8"))
    work = {
        "L: orjson.loads(line)": ("only parses the lines, with orjson", "anything else"),
        "batchlint check": ("everything under *What it checks*", ""),
        "batchlint check --jobs 1": ("the same in one process", ""),
    }
    work |= {peer["name"]: (peer["checks"], peer["misses"]) for peer in results["peers"]}
    lines = ["| | checks | does not check | seconds | largest process |", "|---|---|---|--:|--:|"]
    for row in results["rows"]:
        if row["corpus"] == "chat":
            seconds = f"{row['seconds']:.2f}{' (extrapolated from 1,000 lines)' if row['extrapolated'] else ''}"
            lines.append(
                f"| {row['tool'].removeprefix('L: ')} | {' | '.join(work[row['tool']])} | "
                f"{row['failed'] or seconds} | {row['peak'] / 1e6:.0f} MB |"
            )
    machine = results["machine"]
    return "\n".join(
        [
            *lines,
            f"\n{machine['processor']}, {machine['cores']} cores, Python {machine['python']}, {results['made']}.",
        ]
    )


BLOCKS: Mapping[str, Callable[[], str]] = {
    "speed": speed,
    "sample": lambda: command("check", SAMPLE),
    "help": lambda: command("check", "--help"),
    "serve": lambda: command("serve", "--help"),
    "split": lambda: command("split", "--help"),
}


def filled(text: str) -> str:
    """Regenerate the blocks of a page."""

    def fill(match: re.Match[str]) -> str:
        return f"<!-- generated: {match[1]} -->\n{BLOCKS[match[1]]()}\n<!-- end -->"

    return re.sub(r"<!-- generated: (\w+) -->\n.*?<!-- end -->", fill, text, flags=re.DOTALL)


def main() -> int:
    """Write the pages, or compare them with `--check`."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument(
        "--check", action="store_true", help="write nothing; exit 1 if a page differs"
    )
    check = parser.parse_args().check
    pages = {ROOT / "docs" / "rules.md": rules_page(), ROOT / "docs" / "library.md": library_page()}
    for path in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))):
        if path not in pages:
            pages[path] = filled(path.read_text("utf-8"))
    stale = [
        path for path, text in pages.items() if not path.exists() or path.read_text("utf-8") != text
    ]
    for path in stale:
        if check:
            print(
                f"differs from what scripts/docs.py makes: {path.relative_to(ROOT)}",
                file=sys.stderr,
            )
        else:
            path.write_text(pages[path], "utf-8")
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
