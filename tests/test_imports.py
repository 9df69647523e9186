"""Modules are imported lazily, and only from lower layers.

A commit hook has to start quickly, so a module is imported only when a run needs it.
"""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

import batchlint
from support import FIXTURES

PACKAGE: Final = Path(str(batchlint.__file__)).parent

#: The modules and packages by layer. Each may import from lower layers, and a package from itself.
#: The lowest layer comes first.
LAYERS: Final = (
    {"arguments", "bounds", "data", "findings", "nesting", "remote"},
    {"locate", "phrasing", "providers", "report", "sources", "summary"},
    {"edits", "model_names", "schema", "structured"},
    {"json_documents", "rules"},
    {"config", "engine", "output"},
    {"fixing", "many", "openai", "parts", "server", "splitting"},
    {"cli"},
    {"__main__"},
)
LAYER_OF: Final = {module: number for number, layer in enumerate(LAYERS) for module in layer}

#: Modules that are slow to import and that only some runs need, such as runs with URLs.
SLOW: Final = {
    "anyio",
    "asyncio",
    "click",
    "concurrent.futures.process",
    "difflib",
    "fsspec",
    "jsonschema",
    "jsonschema_rs",
    "multiprocessing",
    "pickle",
    "python_multipart",
    "starlette",
    "tqdm",
    "uvicorn",
}

#: Modules that are needed only for invalid lines, users' schemas and configuration files.
RARELY_NEEDED: Final = {"batchlint.schema.explain", "batchlint.structured", "tomllib"}


# -- when modules are imported --------------------------------------------------------------------


def modules_after(code: str) -> set[str]:
    """Run code in a new interpreter, and return the modules that are loaded afterwards."""
    text = f"{code}\nimport json, sys; print(json.dumps(sorted(sys.modules)))"
    completed = subprocess.run(
        [sys.executable, "-c", text],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "COVERAGE_PROCESS_CONFIG": ""},  # Coverage imports modules too.
    )
    return set(json.loads(completed.stdout.splitlines()[-1]))


def modules_after_command(*args: str) -> set[str]:
    """Run the command in a new interpreter, and return the modules that are loaded afterwards."""
    return modules_after(
        f"import sys; sys.argv[1:] = {list(args)!r}\n"
        "from batchlint.__main__ import main\n"
        "assert main() == 0"
    )


def test_importing_the_package_loads_none_of_its_modules() -> None:
    modules = modules_after("import batchlint")

    assert "batchlint" in modules
    assert not modules & SLOW
    assert not any(name.startswith("batchlint.") for name in modules)


def test_library_loads_neither_the_command_nor_the_reference_engine() -> None:
    modules = modules_after("from batchlint import check; check(b'{}')")

    assert "batchlint.engine.check" in modules
    assert not modules & (SLOW - {"jsonschema_rs"})


@pytest.mark.parametrize(
    ("name", "unneeded"),
    [("embeddings", RARELY_NEEDED), ("chat_completions", {"tomllib"})],
)
def test_checking_a_valid_file_loads_only_what_it_needs(name: str, unneeded: set[str]) -> None:
    modules = modules_after_command("check", str(FIXTURES / "valid" / f"{name}.jsonl"))

    assert {"click", "batchlint.engine.check"} <= modules
    assert not modules & ((SLOW - {"click", "jsonschema_rs"}) | unneeded)


@pytest.mark.parametrize(
    ("engine", "other"), [("jsonschema", "jsonschema_rs"), ("jsonschema-rs", "jsonschema")]
)
def test_environment_variable_chooses_the_engine(engine: str, other: str) -> None:
    modules = modules_after(
        f"import os; os.environ['BATCHLINT_ENGINE'] = {engine!r}\n"
        "from batchlint import check_request\n"
        "check_request({'url': '/v1/videos', 'body': {'model': 'm'}})"
    )

    assert engine.replace("-", "_") in modules
    assert other not in modules


def test_version_option_loads_no_engine() -> None:
    modules = modules_after_command("--version")

    assert not modules & (SLOW - {"click"})
    assert "orjson" not in modules


def test_star_import_loads_every_public_name() -> None:
    modules = modules_after(
        "from batchlint import *\n"
        "assert all(map(callable, [check, check_create, check_request, iter_errors]))"
    )

    assert "batchlint.report" in modules


# -- which module may import which ----------------------------------------------------------------

MODULES: Final = sorted(path for path in PACKAGE.rglob("*.py") if path != PACKAGE / "__init__.py")


def top_level_module(path: Path) -> str:
    """Return the module or package directly below `batchlint` that a file belongs to."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported_modules(path: Path) -> Iterator[str]:
    """Yield the modules of this package that a file imports, including imports in functions."""
    package = ("batchlint", *path.relative_to(PACKAGE).parts[:-1])
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level:
            base = package[: len(package) - node.level + 1]
            names = [node.module] if node.module else [alias.name for alias in node.names]
            yield from (".".join((*base, str(name))) for name in names)
        elif isinstance(node, ast.ImportFrom) and str(node.module).startswith("batchlint"):
            yield str(node.module)


def imported_top_level_modules(path: Path) -> set[str]:
    """Return the other modules and packages directly below `batchlint` that a file imports."""
    modules = {name.split(".")[1] for name in imported_modules(path) if "." in name}
    return modules & LAYER_OF.keys() - {top_level_module(path)}


def test_every_module_is_in_exactly_one_layer() -> None:
    assert len(MODULES) > 20
    assert sum(map(len, LAYERS)) == len(LAYER_OF)
    assert {top_level_module(path) for path in MODULES} == LAYER_OF.keys()


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_modules_import_only_from_lower_layers(path: Path) -> None:
    too_high = {
        name
        for name in imported_top_level_modules(path)
        if LAYER_OF[name] >= LAYER_OF[top_level_module(path)]
    }

    assert not too_high


@pytest.mark.parametrize("module", sorted(name for name, layer in LAYER_OF.items() if layer))
def test_module_is_in_the_lowest_possible_layer(module: str) -> None:
    paths = [path for path in MODULES if top_level_module(path) == module]
    below = {LAYER_OF[name] for path in paths for name in imported_top_level_modules(path)}

    assert max(below) == LAYER_OF[module] - 1


def test_only_the_server_imports_its_extra() -> None:
    extra = ("import anyio", "from anyio", "starlette", "uvicorn", "python_multipart")
    importers = {
        top_level_module(path)
        for path in MODULES
        if any(name in path.read_text("utf-8") for name in extra)
    }

    assert importers == {"server"}


def test_only_the_command_line_imports_click() -> None:
    importers = {
        top_level_module(path) for path in MODULES if "import click" in path.read_text("utf-8")
    }

    assert importers <= {"cli", "__main__"}
