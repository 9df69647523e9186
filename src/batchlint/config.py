"""Configuration: `[tool.batchlint]` in the nearest `pyproject.toml`, or a `batchlint.toml`."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from fnmatch import fnmatch
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, NamedTuple

#: The keys that select rules, as on the command line.
_RULE_KEYS: Final = ("select", "ignore", "warn", "error")
_PER_FILE: Final = "per-file"
_PROVIDER: Final = "provider"

#: Every spelling of a `[tool.batchlint]` table matches. Parsing TOML takes 5 ms, and a file that
#: only lists batchlint as a dependency is skipped.
_MENTION: Final = re.compile(rb"""tool["' \t]*(\.["' \t]*batchlint|[]=])""")

Rules = Mapping[str, tuple[str, ...]]


class Config(NamedTuple):
    """A configuration.

    Attributes:
        path: the file; None if there is none.
        rules: `select`, `ignore`, `warn` and `error`, where given, each a tuple of rule names.
        per_file: pairs of a glob, relative to the file's directory, and the rules for the files
            that match it.
        provider: the provider, where given.
        provider_per_file: pairs of a glob and the provider of the files that match it.
    """

    path: Path | None = None
    rules: Rules = MappingProxyType({})
    per_file: tuple[tuple[str, Rules], ...] = ()
    provider: str | None = None
    provider_per_file: tuple[tuple[str, str], ...] = ()

    def for_file(self, path: Path) -> dict[str, list[str]]:
        """The rules for a file: those for all files, then those of the globs that match it."""
        chosen = {key: list(names) for key, names in self.rules.items()}
        for glob, rules in self.per_file:
            if self._matches(glob, path):
                for key, names in rules.items():
                    before = [] if key == "select" else chosen.get(key, [])
                    chosen[key] = [*before, *names]
        return chosen

    def provider_for(self, path: Path) -> str | None:
        """The provider of a file: that of the last glob that matches it, else that of all files."""
        own = (name for glob, name in self.provider_per_file[::-1] if self._matches(glob, path))
        return next(own, self.provider)

    def _matches(self, glob: str, path: Path) -> bool:
        if self.path is None:
            return False
        try:
            relative = _resolved(path).relative_to(_resolved(self.path.parent)).as_posix()
        except (OSError, ValueError):
            relative = path.name
        return fnmatch(relative, glob) or fnmatch(path.name, glob)


def nearest(folder: Path) -> Config:
    """The configuration of a directory: its own, or that of the nearest one above it.

    In one directory, `batchlint.toml` wins over `pyproject.toml`. A `pyproject.toml` without
    `[tool.batchlint]` is skipped.

    Raises:
        ValueError: the file is invalid; the message names the file and the place.
    """
    try:
        return _nearest(_resolved(folder))
    except OSError:  # The working directory is gone, so its parents are unknown.
        return Config()


def _resolved(path: Path) -> Path:
    """The path without links. Unlike `Path.resolve`, it accepts links that lead to each other."""
    return Path(os.path.realpath(path))


@cache
def _nearest(folder: Path) -> Config:
    for place in (folder, *folder.parents):
        own = place / "batchlint.toml"
        if own.is_file():
            return _parse(own, _load(own))
        project = place / "pyproject.toml"
        if project.is_file() and _MENTION.search(_read(project)):
            tools = _load(project).get("tool", {})
            table = tools.get("batchlint") if isinstance(tools, dict) else None
            if table is not None:
                return _parse(project, table)
    return Config()


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ValueError(f"{path}: {error.strerror}") from None


def _load(path: Path) -> dict[str, Any]:
    import tomllib  # Late, because it takes 5 ms.

    try:
        return tomllib.loads(_read(path).decode())
    except RecursionError:
        raise ValueError(f"{path}: nested too deep") from None
    except ValueError as error:  # Not TOML, not UTF-8, or a number of too many digits.
        raise ValueError(
            error if str(error).startswith(f"{path}: ") else f"{path}: {error}"
        ) from None


def _parse(path: Path, table: Any) -> Config:
    if not isinstance(table, dict):
        raise ValueError(f"{path}: tool.batchlint must be a table")  # noqa: TRY004
    per_file = table.get(_PER_FILE, {})
    rules = _parse_rules(path, "", _without(table, _PER_FILE, _PROVIDER))
    if not isinstance(per_file, dict):
        raise ValueError(f"{path}: {_PER_FILE} must be a table that maps globs to rules")  # noqa: TRY004
    return Config(
        path,
        rules,
        tuple(
            (glob, _parse_rules(path, f"{_PER_FILE}.{glob!r}.", _without(chosen, _PROVIDER)))
            for glob, chosen in per_file.items()
        ),
        _parse_provider(path, "", table),
        tuple(
            (glob, name)
            for glob, chosen in per_file.items()
            if (name := _parse_provider(path, f"{_PER_FILE}.{glob!r}.", chosen)) is not None
        ),
    )


def _without(table: Any, *keys: str) -> Any:
    """A table without these keys. What is not a table is reported elsewhere."""
    if not isinstance(table, dict):
        return table
    return {key: value for key, value in table.items() if key not in keys}


def _parse_provider(path: Path, place: str, table: Any) -> str | None:
    from .providers import provider

    name = table.get(_PROVIDER)
    if name is None:
        return None
    if not isinstance(name, str):
        raise ValueError(f"{path}: {place}{_PROVIDER} must be the name of a provider")  # noqa: TRY004
    try:
        return provider(name).name
    except ValueError as error:
        raise ValueError(f"{path}: {place}{_PROVIDER}: {error}") from None


def _parse_rules(path: Path, place: str, table: Any) -> Rules:
    from .rules.registry import names_of

    if not isinstance(table, dict):
        raise ValueError(f"{path}: {place.rstrip('.')} must be a table")  # noqa: TRY004
    rules: dict[str, tuple[str, ...]] = {}
    for key, names in table.items():
        if key not in _RULE_KEYS:
            known = ", ".join((*_RULE_KEYS, _PROVIDER, _PER_FILE))
            raise ValueError(f"{path}: unknown key {place}{key}; known keys are {known}")
        if not _is_list_of_strings(names):
            raise ValueError(f"{path}: {place}{key} must be a list of rule names")
        try:
            rules[key] = tuple(names_of(names))
        except ValueError as error:
            raise ValueError(f"{path}: {place}{key}: {error}") from None
        if key == "select" and not rules[key]:
            raise ValueError(f"{path}: {place}{key} names no rule, so nothing would be checked")
    return rules


def _is_list_of_strings(names: Any) -> bool:
    if not isinstance(names, Iterable) or isinstance(names, str | dict):
        return False
    return all(isinstance(name, str) for name in names)
