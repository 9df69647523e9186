"""What is imported when, and which module may import which: a commit hook starts fast, and dependencies point one way."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from support import FIXTURES

import batchlint

PACKAGE = Path(str(batchlint.__file__)).parent

#: Each module may import those before it; a package stands for all of its modules.
ORDER = ["deep", "findings", "known", "grammar", "sentences", "sources", "decode", "recognise", "explain", "schemas", "structured", "rules", "judge", "report", "core", "whole",
         "forks", "workers", "config", "api", "openai", "formats", "cli", "__main__"]

LATE = {"click", "difflib", "jsonschema", "jsonschema_rs", "pickle", "tqdm", "multiprocessing", "concurrent.futures.process"}


def imported(code: str) -> set[str]:
    """The modules that are there after this code has run in a new interpreter."""
    text = f"{code}\nimport json, sys; print(json.dumps(sorted(sys.modules)))"
    made = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=True)
    return set(json.loads(made.stdout.splitlines()[-1]))


def test_the_package_alone_imports_nothing_of_weight() -> None:
    modules = imported("import batchlint")

    assert "batchlint" in modules
    assert not modules & LATE
    assert not any(name.startswith("batchlint.") for name in modules)


def test_the_library_imports_neither_the_command_nor_the_reference_engine() -> None:
    modules = imported("from batchlint import check; check(b'{}')")

    assert "batchlint.api" in modules
    assert not modules & (LATE - {"jsonschema_rs"})


#: What only wrong lines, schemas of users and configuration need.
NEEDED_BY_FEW = {"batchlint.explain", "batchlint.structured", "tomllib"}


@pytest.mark.parametrize(("name", "late"), [("embeddings", NEEDED_BY_FEW), ("chat_completions", {"tomllib"})])
def test_a_good_file_costs_no_more_imports_than_it_needs(name: str, late: set[str]) -> None:
    path = FIXTURES / "valid" / f"{name}.jsonl"
    modules = imported(f"import sys; sys.argv[1:] = ['check', {str(path)!r}]\nfrom batchlint.__main__ import main\nassert main() == 0")

    assert {"click", "batchlint.api"} <= modules
    assert not modules & ((LATE - {"click", "jsonschema_rs"}) | late)


@pytest.mark.parametrize(("engine", "other"), [("jsonschema", "jsonschema_rs"), ("jsonschema-rs", "jsonschema")])
def test_the_engine_can_be_chosen(engine: str, other: str) -> None:
    modules = imported(f"import os; os.environ['BATCHLINT_ENGINE'] = {engine!r}\n"
                       "from batchlint import check_request; check_request({'url': '/v1/videos', 'body': {'model': 'm'}})")

    assert engine.replace("-", "_") in modules
    assert other not in modules


def test_the_version_imports_no_engine() -> None:
    modules = imported("import sys; sys.argv[1:] = ['--version']\nfrom batchlint.__main__ import main\nassert main() == 0")

    assert not modules & (LATE - {"click"})
    assert "orjson" not in modules


def test_all_of_the_public_names_can_be_imported() -> None:
    modules = imported("from batchlint import *\nassert all(map(callable, [check, check_create, check_request, iter_errors]))")

    assert "batchlint.report" in modules


def place(module: str) -> int:
    """Where a module stands in the order."""
    return ORDER.index(module.removeprefix("batchlint.").split(".")[0])


def imports(path: Path) -> Iterator[str]:
    """The modules of the package that a file imports, wherever in it; those for types alone are imports too."""
    package = ("batchlint", *path.relative_to(PACKAGE).parts[:-1])
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level:
            base = package[: len(package) - node.level + 1]
            names = [node.module] if node.module else [alias.name for alias in node.names]
            yield from (".".join((*base, str(name))) for name in names)
        elif isinstance(node, ast.ImportFrom) and str(node.module).startswith("batchlint"):
            yield str(node.module)


MODULES = sorted(PACKAGE.rglob("*.py"))


def test_there_are_modules() -> None:
    assert len(MODULES) > 20
    assert {path.relative_to(PACKAGE).parts[0].removesuffix(".py") for path in MODULES} == {*ORDER, "__init__"}


@pytest.mark.parametrize("path", [p for p in MODULES if p != PACKAGE / "__init__.py"], ids=lambda p: str(p.relative_to(PACKAGE)))
def test_dependencies_point_one_way(path: Path) -> None:
    own = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    others = [name for name in imports(path) if name.count(".") and name.split(".")[1] in ORDER]

    for name in others:
        assert place(name) < ORDER.index(own) or name.split(".")[1] == own, f"{own} imports {name}"


def test_click_is_the_command_s_alone() -> None:
    for path in MODULES:
        if path.name not in ("cli.py", "__main__.py"):
            assert "import click" not in path.read_text("utf-8"), path
