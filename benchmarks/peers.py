"""Other checkers: what they check, and the environments in which they run."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from shutil import rmtree
from typing import Any, Final, NamedTuple

from measure import plain

HERE: Final = Path(__file__).parent
DATA: Final = HERE / "data"


class Peer(NamedTuple):
    """Another way to check a batch file.

    Attributes:
        name: the name of its row.
        packages: the packages to install. The first one names its environment.
        checks: the errors it finds.
        misses: the errors it doesn't find.
        brief: a short form of `checks`, for the chart.
        program: the arguments of the interpreter. The line schema and the file follow.
        sample: the maximum number of lines to check, to extrapolate the time. 0 means all lines.
    """

    name: str
    packages: tuple[str, ...]
    checks: str
    misses: str
    brief: str
    program: tuple[str, ...]
    sample: int = 0


def _loop(name: str) -> tuple[str, ...]:
    return (str(HERE / "loops" / f"{name}.py"),)


SCHEMA_ALONE: Final = (
    "duplicate IDs, mixed models and URLs, the file's limits, and rules beyond a schema"
)

PEERS: Final = (
    Peer(
        "jsonschema-rs alone",
        ("jsonschema-rs", "orjson"),
        "JSON, and whether the line and the body match batchlint's schemas",
        f"why a line is invalid; {SCHEMA_ALONE}",
        "batchlint's schemas; only valid or invalid",
        _loop("engine"),
    ),
    Peer(
        "openbatch",
        ("openbatch",),
        "JSON, the four fields, duplicate IDs, mixed URLs, number of requests, size; "
        "in the body, only that `model` and `messages` or `input` are present",
        "the types and values of the body; NaN, mixed models, an empty file; five of the eight endpoints",
        "lines and duplicate IDs, little of the bodies",
        _loop("openbatch_file"),
    ),
    Peer(
        "together files check",
        ("together",),
        "UTF-8, and that every line is a JSON object",
        "custom_id, method, url, body, duplicates, limits; lines after the first error",
        "only that every line is a JSON object",
        _loop("together_file"),
    ),
    Peer(
        "sourcemeta jsonschema",
        ("sourcemeta-jsonschema",),
        "JSON, and whether the line and the body match batchlint's schemas (`validate --fast`)",
        f"lines after the first invalid one; {SCHEMA_ALONE}",
        "batchlint's schemas, up to the first invalid line",
        ("-m", "sourcemeta_jsonschema", "validate", "--fast"),
    ),
    Peer(
        "jsonschema loop",
        ("jsonschema",),
        "JSON, and all errors in the line and the body according to batchlint's schemas",
        SCHEMA_ALONE,
        "batchlint's schemas, all errors",
        _loop("naive"),
        sample=1000,
    ),
)


class InstallError(Exception):
    """An environment could not be created."""


class Environment(NamedTuple):
    """A virtual environment with some packages.

    Attributes:
        python: the interpreter.
        versions: the versions of the packages, by name.
    """

    python: Path
    versions: dict[str, str]

    def command(self, name: str) -> str:
        """Return the path of a command in this environment."""
        return str(self.python.with_name(name))


def environment(
    name: str, requirements: Sequence[str], names: Sequence[str], key: str = ""
) -> Environment:
    """Return a virtual environment. Create it if it doesn't exist.

    Args:
        name: the name of its directory.
        requirements: the requirements to install with pip.
        names: the packages whose versions to return.
        key: an arbitrary string. If it changes, the environment is created again.

    Raises:
        InstallError: the environment could not be created.
    """
    directory = DATA / "environments" / name
    python, stamp = directory / "bin" / "python", directory / "key.txt"
    contents = sha256(repr((sys.version, list(requirements), key)).encode()).hexdigest()
    if not stamp.exists() or stamp.read_text("utf-8") != contents:
        rmtree(directory, ignore_errors=True)
        _call([sys.executable, "-m", "venv", str(directory)])
        _call(
            [
                str(python),
                "-m",
                "pip",
                "install",
                "--quiet",
                "--disable-pip-version-check",
                *requirements,
            ]
        )
        stamp.write_text(contents, "utf-8")
    code = "import sys, importlib.metadata as m; print(*map(m.version, sys.argv[1:]))"
    return Environment(
        python, dict(zip(names, _call([str(python), "-c", code, *names]).split(), strict=True))
    )


def ours() -> Environment:
    """Return the environment of this checkout."""
    root = HERE.parent
    names = ("batchlint", "orjson", "jsonschema-rs")
    return environment(
        "batchlint", ["--editable", str(root)], names, (root / "pyproject.toml").read_text("utf-8")
    )


def line_schema(home: Environment, url: str) -> Path:
    """Write the schema of an endpoint's lines for schema validators, and return its path."""
    schema = _printed_schema(home, "batch-request")
    body = _printed_schema(home, url)
    fields = schema["properties"]
    fields["custom_id"]["minLength"] = 1
    fields["url"] = {"const": url}
    fields["body"] = {key: value for key, value in body.items() if not key.startswith("$")}
    path = DATA / "schemas" / (url.strip("/").replace("/", "-") + ".json")
    path.parent.mkdir(parents=True, exist_ok=True)
    del schema["$id"]
    path.write_text(json.dumps(schema | {"$defs": body.get("$defs", {})}), "utf-8")
    return path


def _printed_schema(home: Environment, name: str) -> Any:
    return _without_notes(json.loads(_call([home.command("batchlint"), "schema", name])))


def _without_notes(schema: Any) -> Any:
    """Return a schema without the `x-batchlint` notes, which other tools ignore."""
    if isinstance(schema, list):
        return [_without_notes(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    return {key: _without_notes(value) for key, value in schema.items() if key != "x-batchlint"}


def _call(command: Sequence[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise InstallError(plain(done.stderr) or f"exit status {done.returncode}")
    return done.stdout
