"""Configuration: `[tool.batchlint]` of the nearest `pyproject.toml`, or a `batchlint.toml`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from fnmatch import fnmatch
from functools import cache
from pathlib import Path
from typing import Any, Final, NamedTuple

#: The choices of rules, as on the command line.
_CHOICES: Final = ("select", "ignore", "warn", "error")
_PER_FILE: Final = "per-file"

#: What every spelling of a `[tool.batchlint]` table has. A project that only depends on us has it not, and need not be
#: parsed, which takes 5 ms.
_MENTION: Final = re.compile(rb"""tool["' \t]*(\.["' \t]*batchlint|[]=])""")


class Config(NamedTuple):
    """What a configuration file says.

    Attributes:
        path: of the file; None if there is none.
        rules: `select`, `ignore`, `warn` and `error`, each a tuple of names, where given.
        per_file: pairs of a glob and the rules for the files that it matches, relative to the file's folder.
    """

    path: Path | None = None
    rules: Mapping[str, tuple[str, ...]] = {}
    per_file: tuple[tuple[str, Mapping[str, tuple[str, ...]]], ...] = ()

    def for_file(self, path: Path) -> dict[str, list[str]]:
        """The choice of rules for a file: what holds for all, then what the globs that match it say."""
        chosen = {key: list(names) for key, names in self.rules.items()}
        for glob, rules in self.per_file:
            if self._matches(glob, path):
                for key, names in rules.items():
                    chosen[key] = list(names) if key == "select" else [*chosen.get(key, []), *names]
        return chosen

    def _matches(self, glob: str, path: Path) -> bool:
        if self.path is None:
            return False
        try:
            relative = path.resolve().relative_to(self.path.parent.resolve()).as_posix()
        except ValueError:
            relative = path.name
        return fnmatch(relative, glob) or fnmatch(path.name, glob)


def nearest(folder: Path) -> Config:
    """The configuration for the files of a folder: of the folder itself or the nearest above it.

    A `batchlint.toml` goes before a `pyproject.toml`, and one without `[tool.batchlint]` is passed over.

    Raises:
        ValueError: the file is no TOML, or says what cannot be; the message names the file and the place.
    """
    return _nearest(folder.resolve())


@cache
def _nearest(folder: Path) -> Config:
    for place in (folder, *folder.parents):
        own = place / "batchlint.toml"
        if own.is_file():
            return _read(own, _loaded(own))
        project = place / "pyproject.toml"
        if project.is_file() and _MENTION.search(_bytes(project)):
            tools = _loaded(project).get("tool", {})
            table = tools.get("batchlint") if isinstance(tools, dict) else None
            if table is not None:
                return _read(project, table)
    return Config()


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ValueError(f"{path}: {error.strerror}") from None


def _loaded(path: Path) -> dict[str, Any]:
    import tomllib  # 5 ms that most runs need not spend

    try:
        return tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise ValueError(f"{path}: {error.strerror}") from None
    except ValueError as error:  # no TOML, no UTF-8, or a number of too many digits
        raise ValueError(f"{path}: {error}") from None
    except RecursionError:
        raise ValueError(f"{path}: nested too deep") from None


def _read(path: Path, table: Any) -> Config:
    if not isinstance(table, dict):
        raise ValueError(f"{path}: tool.batchlint must be a table")  # noqa: TRY004 - of the file, not the argument
    per_file = table.get(_PER_FILE, {})
    rules = _rules(path, "", {key: value for key, value in table.items() if key != _PER_FILE})
    if not isinstance(per_file, dict):
        raise ValueError(f"{path}: {_PER_FILE} must be a table from globs to choices of rules")  # noqa: TRY004
    return Config(
        path,
        rules,
        tuple(
            (glob, _rules(path, f"{_PER_FILE}.{glob!r}.", value))
            for glob, value in per_file.items()
        ),
    )


def _rules(path: Path, where: str, table: Any) -> dict[str, tuple[str, ...]]:
    from .rules.registry import names_of

    if not isinstance(table, dict):
        raise ValueError(f"{path}: {where.rstrip('.')} must be a table")  # noqa: TRY004
    rules: dict[str, tuple[str, ...]] = {}
    for key, names in table.items():
        if key not in _CHOICES:
            raise ValueError(
                f"{path}: unknown key {where}{key}; there are {', '.join((*_CHOICES, _PER_FILE))}"
            )
        if not _is_names(names):
            raise ValueError(f"{path}: {where}{key} must be a list of names of rules")
        try:
            rules[key] = tuple(names_of(names))
        except ValueError as error:
            raise ValueError(f"{path}: {where}{key}: {error}") from None
    return rules


def _is_names(names: Any) -> bool:
    return (
        isinstance(names, Iterable)
        and not isinstance(names, str | dict)
        and all(isinstance(n, str) for n in names)
    )
