"""The other checkers: what they are, what each of them checks, and environments to run them in."""

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
        name: of its row.
        packages: what to install, the one that it is named after first.
        checks: what it finds.
        misses: what it does not.
        brief: what it checks, in the picture.
        program: how it is run, after the interpreter; a schema of lines and a file follow.
        sample: at most so many lines are given to it, and its time is extrapolated; 0 is all.
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
    "duplicate ids, mixed models and urls, limits of the file, everything that no schema can say"
)

PEERS: Final = (
    Peer(
        "jsonschema-rs alone",
        ("jsonschema-rs", "orjson"),
        "JSON; our schema of the line and the body: yes or no",
        f"says not what is wrong; {SCHEMA_ALONE}",
        "our schema, yes or no",
        _loop("engine"),
    ),
    Peer(
        "openbatch",
        ("openbatch",),
        "JSON, the four members, duplicate ids, mixed urls, number of requests, size; "
        "of the body whether `model` and `messages` or `input` are there",
        "the types and values of the body; NaN, mixed models, an empty file; five of the eight endpoints",
        "lines and duplicate ids, hardly the bodies",
        _loop("openbatch_file"),
    ),
    Peer(
        "together files check",
        ("together",),
        "UTF-8, and that every line is a JSON object",
        "custom_id, method, url, body, duplicates, limits; stops at the first error",
        "is every line a JSON object?",
        _loop("together_file"),
    ),
    Peer(
        "sourcemeta jsonschema",
        ("sourcemeta-jsonschema",),
        "JSON; our schema of the line and the body (`validate --fast`)",
        f"{SCHEMA_ALONE}; stops at the first wrong line, counts entries, not lines",
        "our schema, first wrong line",
        ("-m", "sourcemeta_jsonschema", "validate", "--fast"),
    ),
    Peer(
        "jsonschema loop",
        ("jsonschema",),
        "JSON; our schema of the line and the body, with every error of it",
        SCHEMA_ALONE,
        "our schema, every error",
        _loop("naive"),
        sample=1000,
    ),
)


class InstallError(Exception):
    """An environment could not be made."""


class Environment(NamedTuple):
    """A virtual environment with some packages.

    Attributes:
        python: its interpreter.
        versions: of the packages, by name.
    """

    python: Path
    versions: dict[str, str]

    def command(self, name: str) -> str:
        """The path of a command in it."""
        return str(self.python.with_name(name))


def environment(
    name: str, requirements: Sequence[str], names: Sequence[str], key: str = ""
) -> Environment:
    """A virtual environment of its own, made if it is not there yet.

    Args:
        name: of its folder.
        requirements: what pip is told to install.
        names: the packages whose versions to tell.
        key: something whose change makes a new one.

    Raises:
        InstallError: it could not be made.
    """
    folder = DATA / "environments" / name
    python, stamp = folder / "bin" / "python", folder / "made-of.txt"
    wanted = sha256(repr((sys.version, list(requirements), key)).encode()).hexdigest()
    if not stamp.exists() or stamp.read_text("utf-8") != wanted:
        rmtree(folder, ignore_errors=True)
        _call([sys.executable, "-m", "venv", str(folder)])
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
        stamp.write_text(wanted, "utf-8")
    ask = "import sys, importlib.metadata as m; print(*map(m.version, sys.argv[1:]))"
    return Environment(
        python, dict(zip(names, _call([str(python), "-c", ask, *names]).split(), strict=True))
    )


def ours() -> Environment:
    """The environment of this checkout."""
    root = HERE.parent
    names = ("batchlint", "orjson", "jsonschema-rs")
    return environment(
        "batchlint", ["--editable", str(root)], names, (root / "pyproject.toml").read_text("utf-8")
    )


def line_schema(home: Environment, url: str) -> Path:
    """The schema of whole lines to an endpoint, for those who know schemas only."""
    schema = _printed_schema(home, "batch-request")
    body = _printed_schema(home, url)
    members = schema["properties"]
    members["custom_id"]["minLength"] = 1
    members["url"] = {"const": url}
    members["body"] = {key: value for key, value in body.items() if not key.startswith("$")}
    path = DATA / "schemas" / (url.strip("/").replace("/", "-") + ".json")
    path.parent.mkdir(parents=True, exist_ok=True)
    del schema["$id"]
    path.write_text(json.dumps(schema | {"$defs": body.get("$defs", {})}), "utf-8")
    return path


def _printed_schema(home: Environment, name: str) -> Any:
    return _without_notes(json.loads(_call([home.command("batchlint"), "schema", name])))


def _without_notes(schema: Any) -> Any:
    """The schema without our notes for people, which others would only have to read over."""
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
