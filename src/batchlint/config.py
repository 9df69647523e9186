"""Configuration: `[tool.batchlint]` in the nearest `pyproject.toml`, or a `batchlint.toml`."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from fnmatch import fnmatch
from functools import cache
from itertools import starmap
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, Literal, NamedTuple

#: The keys that select rules. The command line has options of the same names.
RULE_KEYS: Final = ("select", "ignore", "warn", "error")

#: The key of the settings for files that match a glob.
_PER_FILE: Final = "per-file"

#: The maximum number of dots per line. The time to parse a key grows with the square of the number
#: of dots in it. A key with 50,000 dots takes half a minute.
_MAX_DOTS: Final = 1000

#: The maximum size of a configuration file in bytes. Parsing a file of this size takes a second.
_MAX_BYTES: Final = 1_000_000

#: The maximum total number of characters to parse again to find the line of an error.
_MAX_REPARSED_CHARACTERS: Final = 5_000_000

#: Matches every spelling of a `[tool.batchlint]` table. Parsing TOML takes 5 ms, so a file without
#: a match, such as one that only lists batchlint as a dependency, is not parsed.
_TABLE: Final = rb"""tool["' \t]*(\.["' \t]*batchlint|[]=])"""

#: Matches the position at the end of the TOML parser's error messages.
_POSITION: Final = r" \(at line (\d+), column (\d+)\)$"

#: The names of the output formats.
FORMAT_NAMES: Final = (
    "text",
    "json",
    "jsonl",
    "batch",
    "github",
    "gitlab",
    "junit",
    "rdjson",
    "sarif",
)

Rules = Mapping[str, tuple[str, ...]]


class ConfigError(ValueError):
    """A configuration is missing or invalid. The message names the file and, if known, the line."""


# -- the settings ---------------------------------------------------------------------------------


class ValueType(NamedTuple):
    """The type of a setting's value.

    Attributes:
        description: a description of valid values that completes "must be ...".
        schema: a JSON Schema for valid values.
        is_valid: a function that returns whether a value is valid.
    """

    description: str
    schema: Mapping[str, Any]
    is_valid: Callable[[Any], bool]


def _integer_from(minimum: int) -> ValueType:
    return ValueType(
        f"an integer, at least {minimum}",
        {"type": "integer", "minimum": minimum},
        lambda value: type(value) is int and value >= minimum,
    )


def _one_of(*names: str) -> ValueType:
    return ValueType(
        f"one of {', '.join(names)}", {"enum": list(names)}, lambda value: value in list(names)
    )


def _is_list_of_strings(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _is_list_of_globs(value: Any) -> bool:
    return _is_list_of_strings(value) and all(value)


def _is_table_of_strings(value: Any) -> bool:
    return isinstance(value, dict) and _is_list_of_strings([*value.values()])


_STRING_LIST_SCHEMA: Final = {"type": "array", "items": {"type": "string"}}
_RULES: Final = ValueType("a list of rules", _STRING_LIST_SCHEMA, _is_list_of_strings)
_GLOBS: Final = ValueType(
    "a list of non-empty globs",
    {"type": "array", "items": {"type": "string", "minLength": 1}},
    _is_list_of_globs,
)
_STRING: Final = ValueType("a string", {"type": "string"}, lambda value: isinstance(value, str))
_BOOLEAN: Final = ValueType(
    "true or false", {"type": "boolean"}, lambda value: isinstance(value, bool)
)
_INTEGER: Final = ValueType("an integer", {"type": "integer"}, lambda value: type(value) is int)
_STRING_TABLE: Final = ValueType(
    "a table of strings",
    {"type": "object", "additionalProperties": {"type": "string"}},
    _is_table_of_strings,
)

#: What a setting applies to: a file, a directory that is searched for files, or a run of the
#: command.
Scope = Literal["file", "directory", "run"]


class Setting(NamedTuple):
    """A key of the configuration. The option on the command line has the same name.

    Attributes:
        value_type: the type of its value.
        scope: what it applies to.
        description: a description for the JSON Schema and the documentation.
    """

    value_type: ValueType
    scope: Scope
    description: str


SETTINGS: Final[Mapping[str, Setting]] = MappingProxyType(
    {
        "select": Setting(_RULES, "file", "Check only these rules: names, groups, codes or globs."),
        "ignore": Setting(_RULES, "file", "Skip these rules."),
        "warn": Setting(_RULES, "file", "Enable these rules as warnings."),
        "error": Setting(_RULES, "file", "Enable these rules as errors."),
        "provider": Setting(_STRING, "file", "The service that the file is for."),
        "endpoint": Setting(_STRING, "file", "The endpoint of the batch."),
        "max-enqueued-tokens": Setting(
            _integer_from(1), "file", "Warn if the prompts have more than about this many tokens."
        ),
        "max-unpacked-bytes": Setting(
            _integer_from(1),
            "file",
            "The maximum size of a .jsonl.gz file when decompressed, and of a file read over HTTP.",
        ),
        "read-timeout": Setting(
            _integer_from(1),
            "file",
            "The maximum number of seconds to wait for the next 64 KiB of a file at a URL, and for a "
            "search on an HTTP server.",
        ),
        "metadata": Setting(_STRING_TABLE, "file", "The metadata of the create call."),
        "output-expires-after": Setting(
            _INTEGER, "file", "The `output_expires_after.seconds` of the create call."
        ),
        "completion-window": Setting(
            _STRING, "file", "The `completion_window` of the create call."
        ),
        "include": Setting(_GLOBS, "directory", "In directories, check only files that match."),
        "exclude": Setting(
            _GLOBS, "directory", "In directories, skip files and directories that match."
        ),
        "format": Setting(_one_of(*FORMAT_NAMES), "run", "The output format."),
        "max-errors": Setting(
            _integer_from(0),
            "run",
            "The maximum number of findings to print per file; 0 means no limit.",
        ),
        "keep": Setting(
            _integer_from(0),
            "run",
            "The maximum number of findings to keep per rule; 0 means no limit.",
        ),
        "quiet": Setting(_BOOLEAN, "run", "Print errors only."),
        "statistics": Setting(_BOOLEAN, "run", "Count the findings by rule."),
        "show-source": Setting(_BOOLEAN, "run", "Show an excerpt of the line."),
        "color": Setting(_one_of("auto", "always", "never"), "run", "When to use colors."),
        "jobs": Setting(_integer_from(0), "run", "The number of worker processes."),
        "progress": Setting(_BOOLEAN, "run", "Whether to show a progress bar."),
        "strict": Setting(_BOOLEAN, "run", "Exit with status 1 if there are warnings."),
        "exit-zero": Setting(_BOOLEAN, "run", "Exit with status 0 even if there are errors."),
    }
)


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema for `batchlint.toml` and for `[tool.batchlint]`."""
    properties = {
        key: {**setting.value_type.schema, "description": setting.description}
        for key, setting in SETTINGS.items()
    }
    for_files = {
        key: properties[key] for key, setting in SETTINGS.items() if setting.scope == "file"
    }
    per_file = {
        "type": "object",
        "description": "Settings for files that match a glob, relative to the configuration file.",
        "additionalProperties": {"$ref": "#/$defs/PerFile"},
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "config.json",
        "title": "batchlint.toml, or [tool.batchlint] in pyproject.toml",
        "type": "object",
        "properties": {**properties, _PER_FILE: per_file},
        "additionalProperties": False,
        "$defs": {
            "PerFile": {"type": "object", "properties": for_files, "additionalProperties": False}
        },
    }


# -- a configuration ------------------------------------------------------------------------------


class Config(NamedTuple):
    """The settings in a configuration file, or no settings.

    Attributes:
        path: the path of the configuration file. None if there is none.
        settings: the values by key. Rule selections are tuples of rule names.
        per_file: pairs of a glob and the settings for the files that match it. The glob is relative
            to the configuration file's directory.
    """

    path: Path | None = None
    settings: Mapping[str, Any] = MappingProxyType({})
    per_file: tuple[tuple[str, Mapping[str, Any]], ...] = ()

    @property
    def run(self) -> dict[str, Any]:
        """The settings for a run of the command."""
        return {key: value for key, value in self.settings.items() if SETTINGS[key].scope == "run"}

    def rules_for(self, path: Path) -> dict[str, list[str]]:
        """Return the rule selection for a file.

        A matching glob in `per-file` replaces `select`, and adds to the other keys.
        """
        chosen: dict[str, list[str]] = {}
        for settings in self._settings_for(path):
            for key in RULE_KEYS:
                if key in settings:
                    before = [] if key == "select" else chosen.get(key, [])
                    chosen[key] = [*before, *settings[key]]
        return chosen

    def value_for(self, path: Path, key: str) -> Any:
        """Return the value of a setting for a file. None if it is not set.

        If matching globs in `per-file` set it, the last of them takes precedence.
        """
        value = None
        for settings in self._settings_for(path):
            value = settings.get(key, value)
        return value

    def _settings_for(self, path: Path) -> Iterator[Mapping[str, Any]]:
        yield self.settings
        if self.path is None:
            return
        matches = _matcher(path)
        for glob, settings in self.per_file:
            if matches(glob, self.path.parent):
                yield settings

    def globs(self, key: str) -> list[tuple[str, Path]]:
        """Return the globs of a setting, each with the directory that it is relative to."""
        directory = (self.path or Path()).parent
        return [(glob, directory) for glob in self.settings.get(key, ())]


def is_matched(path: Path, globs: Iterable[tuple[str, Path]]) -> bool:
    """Return whether any of the globs matches a path.

    A glob that contains a slash before its end is matched against the path relative to its
    directory. Other globs are matched against the name.

    Args:
        path: the path.
        globs: pairs of a glob and its directory.
    """
    return any(starmap(_matcher(path), globs))


def _matcher(path: Path) -> Callable[[str, Path], bool]:
    """Return a function that returns whether a glob matches a path, as defined by `is_matched`.

    Finding the relative path takes longer than matching it, so it is found once per directory.
    """
    relative: dict[Path, str] = {}  # by directory

    def matches(glob: str, directory: Path) -> bool:
        glob = glob.rstrip("/")
        if "/" not in glob:
            return fnmatch(path.name, glob)
        if directory not in relative:
            relative[directory] = _relative_path(path, directory)
        return _is_path_matched(relative[directory], glob.removeprefix("./"))

    return matches


def _is_path_matched(path: str, glob: str) -> bool:
    """Return whether a glob matches a relative path.

    `**/` matches any number of directories, or none. Otherwise, `*` also matches slashes.
    """
    *parts, last = re.split(r"(?<![^/])(?:\*\*/)+", glob)
    # The offsets at which the rest of the glob may start to match. After `**/`, this may be
    # the start of any name in the rest of the path, so only the first possible match counts.
    starts = [0]
    names = [0, *(match.end() for match in re.finditer("/", path))]
    for part in parts:
        for end in names:
            if any(fnmatch(path[start:end], part) for start in starts if start <= end):
                break
        else:
            return False
        starts = [start for start in names if start >= end]
    return any(fnmatch(path[start:], last) for start in starts)


def _relative_path(path: Path, directory: Path) -> str:
    """Return a path relative to a directory, or only its name if it is outside the directory.

    If the file itself is a symbolic link, the link counts, not its target.
    """
    try:
        return (_resolve(path.parent) / path.name).relative_to(_resolve(directory)).as_posix()
    except (OSError, ValueError):
        return path.name


def nearest(directory: Path) -> Config:
    """Return the configuration of a directory, or else of the nearest parent that has one.

    In the same directory, `batchlint.toml` takes precedence over `pyproject.toml`. A
    `pyproject.toml` without `[tool.batchlint]` is skipped. If there is no configuration, the result
    is empty.

    Raises:
        ConfigError: the file can't be read or is invalid.
    """
    try:
        return _nearest(_resolve(directory))
    except OSError:  # The working directory no longer exists, so its parents are unknown.
        return Config()


def load(path: Path) -> Config:
    """Read a configuration from `pyproject.toml`, or from a file in the format of `batchlint.toml`.

    Raises:
        ConfigError: the file can't be read, is invalid, or is a `pyproject.toml` without
            `[tool.batchlint]`.
    """
    if path.name != "pyproject.toml":
        return _File(path).config()
    config = _File(path, ("tool", "batchlint")).config()
    if config.path is None:
        raise ConfigError(f"{path}: has no [tool.batchlint] table")
    return config


def _resolve(path: Path) -> Path:
    """Resolve symbolic links. Unlike `Path.resolve`, this accepts circular links."""
    return Path(os.path.realpath(path))


def _nearest(directory: Path) -> Config:
    found = map(_config_in, (directory, *directory.parents))
    return next((config for config in found if config is not None), Config())


@cache
def _config_in(directory: Path) -> Config | None:
    """Return the configuration in a directory. None if there is none.

    The result is cached, because many directories may have the same parent.
    """
    path = directory / "batchlint.toml"
    if path.is_file():
        return _File(path).config()
    project = directory / "pyproject.toml"
    if not project.is_file() or not re.search(_TABLE, _read(project)):
        return None
    config = _File(project, ("tool", "batchlint")).config()
    return None if config.path is None else config


def _read(path: Path) -> bytes:
    from .sources import open_regular

    try:
        with open_regular(str(path)) as file:
            data = file.read(_MAX_BYTES + 1)
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from None
    if len(data) > _MAX_BYTES:
        raise ConfigError(
            f"{path}: larger than {_MAX_BYTES:,} bytes; write a smaller batchlint.toml, or use "
            "--no-config"
        )
    return data


# -- reading --------------------------------------------------------------------------------------


class _File:
    """A configuration file.

    Args:
        path: the path of the file.
        prefix: the keys that lead to the table. Empty for the whole document.
    """

    def __init__(self, path: Path, prefix: tuple[str, ...] = ()) -> None:
        self._path = path
        self._prefix = prefix
        self._text = ""

    def config(self) -> Config:
        """Read the configuration. If the table is missing, the configuration has no path.

        Raises:
            ConfigError: the file can't be read or is invalid.
        """
        table: Any = self._load()
        for key in self._prefix:
            table = table.get(key) if isinstance(table, dict) else None
        if table is None:
            return Config()
        if not isinstance(table, dict):
            raise self._error((), "tool.batchlint must be a table")
        if not self._prefix and "tool" in table:
            raise self._error(
                ("tool",),
                "tool.batchlint belongs in pyproject.toml; in this file, write its keys at the top "
                "level",
            )
        per_file = table.get(_PER_FILE, {})
        if not isinstance(per_file, dict):
            message = f"{_PER_FILE} must be a table that maps globs to settings"
            raise self._error((_PER_FILE,), message)
        for_all = {key: value for key, value in table.items() if key != _PER_FILE}
        return Config(
            self._path,
            self._settings((), for_all),
            tuple(
                (glob, self._settings((_PER_FILE, glob), settings))
                for glob, settings in per_file.items()
            ),
        )

    def _load(self) -> dict[str, Any]:
        import tomllib  # Imported here because it takes 5 ms.

        data = _read(self._path)
        for number, line in enumerate(data.split(b"\n"), 1):
            if line.count(b".") > _MAX_DOTS:
                raise ConfigError(f"{self._path}:{number}: more than {_MAX_DOTS:,} dots in a line")
        try:
            self._text = data.decode("utf-8-sig")  # Some Windows editors add a byte order mark.
            return tomllib.loads(self._text)
        except RecursionError:
            raise ConfigError(f"{self._path}: nested too deeply") from None
        except ValueError as error:  # Not TOML, not UTF-8, or a number with too many digits.
            position = re.search(_POSITION, str(error))
            where = f":{position[1]}:{position[2]}" if position else ""
            raise ConfigError(f"{self._path}{where}: {re.sub(_POSITION, '', str(error))}") from None

    def _settings(self, keys: tuple[str, ...], table: Any) -> dict[str, Any]:
        """Return the settings in a table."""
        table_name = f"{_PER_FILE}.{keys[1]!r}" if keys else ""
        if not isinstance(table, dict):
            raise self._error(keys, f"{table_name} must be a table")
        known = [key for key, setting in SETTINGS.items() if not keys or setting.scope == "file"]
        settings = {}
        for key, value in table.items():
            full_key = f"{table_name}.{key}".lstrip(".")
            if key not in known:
                raise self._error((*keys, key), f"unknown key {full_key}{_suggestion(key, known)}")
            value_type = SETTINGS[key].value_type
            if not value_type.is_valid(value):
                raise self._error((*keys, key), f"{full_key} must be {value_type.description}")
            try:
                settings[key] = _resolve_names(key, value)
            except ValueError as error:
                raise self._error((*keys, key), f"{full_key}: {error}") from None
        return settings

    def _error(self, keys: tuple[str, ...], message: str) -> ConfigError:
        line = _find_line(self._text, (*self._prefix, *keys))
        return ConfigError(f"{self._path}{f':{line}' if line else ''}: {message}")


def _resolve_names(key: str, value: Any) -> Any:
    """Return the value of a setting, with groups, codes and globs resolved to rule names.

    Raises:
        ValueError: a provider or a rule is unknown, or no rule is selected.
    """
    if key == "provider":
        from .providers import provider

        return provider(value).name
    if key not in RULE_KEYS:
        return value
    from .rules.registry import resolve_rule_names

    names = tuple(resolve_rule_names(value))
    if key == "select" and not names:
        raise ValueError("no rule is named, so nothing would be checked")
    return names


def _suggestion(key: str, known: Sequence[str]) -> str:
    """Return the end of a message about an unknown key: similar keys, or else all known ones."""
    import difflib

    near = difflib.get_close_matches(key.replace("_", "-"), known, 2)
    if near:
        return f"; did you mean {' or '.join(near)}?"
    return f"; known keys are {', '.join((*known, _PER_FILE))}"


def _find_line(text: str, keys: Sequence[str]) -> int | None:
    """Return the line of a TOML document on which a key begins. None if it is not found.

    The parser doesn't report lines, so parts of the document are parsed again, up to a limit. The
    key begins on the first line that contains its name and adds the key to the parsed document.
    """
    with suppress(_TooMuchWorkError):
        return _search_line(text.split("\n"), keys)
    return None


def _search_line(lines: Sequence[str], keys: Sequence[str]) -> int | None:
    """Do the work of `_find_line`.

    Raises:
        _TooMuchWorkError: the limit on parsed characters is reached.
    """
    parser = _Parser(_MAX_REPARSED_CHARACTERS)
    for number, line in enumerate(lines):
        if not keys or keys[-1] not in line:
            continue
        before = parser.parse(lines[:number])
        if before is None or _has_key(before, keys):
            continue
        longer_documents = (
            parser.parse(lines[:stop]) for stop in range(number + 1, len(lines) + 1)
        )
        if _has_key(next((found for found in longer_documents if found is not None), {}), keys):
            return number + 1
    return None


class _TooMuchWorkError(Exception):
    """Too many characters would have to be parsed."""


class _Parser:
    """Parses parts of a document, up to a total number of characters."""

    def __init__(self, limit: int) -> None:
        self._left = limit

    def parse(self, lines: Sequence[str]) -> dict[str, Any] | None:
        """Parse lines. Return None if they end within a value.

        Raises:
            _TooMuchWorkError: the limit is reached.
        """
        import tomllib

        text = "\n".join(lines)
        self._left -= len(text)
        if self._left < 0:
            raise _TooMuchWorkError
        try:
            return tomllib.loads(text)
        except (ValueError, RecursionError):  # The stack may be fuller than in the first parse.
            return None


def _has_key(document: Any, keys: Sequence[str]) -> bool:
    for key in keys:
        if not isinstance(document, dict) or key not in document:
            return False
        document = document[key]
    return True
