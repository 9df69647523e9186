"""Configuration files: where they are found, what they may contain, and how errors are reported."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import jsonschema
import pytest

from batchlint import config
from support import CommandResult, count_calls, line

Run = Callable[..., CommandResult]


@pytest.fixture(autouse=True)
def _empty_cache() -> None:
    config._config_in.cache_clear()


@pytest.mark.parametrize(
    "text",
    [
        pytest.param('[tool.batchlint]\nignore = ["blank_line"]', id="plain header"),
        pytest.param('[ tool . batchlint ]\nignore = ["blank_line"]', id="spaces"),
        pytest.param('[tool."batchlint"]\nignore = ["blank_line"]', id="quoted name"),
        pytest.param("[ 'tool' .\t'batchlint' ]\nignore = ['blank_line']", id="quotes and a tab"),
        pytest.param('[tool]\nbatchlint.ignore = ["blank_line"]', id="dotted key in [tool]"),
        pytest.param('tool.batchlint.ignore = ["blank_line"]', id="dotted key"),
        pytest.param('tool = {batchlint = {ignore = ["blank_line"]}}', id="inline tables"),
        pytest.param('["tool"]\n"batchlint" = {ignore = ["blank_line"]}', id="quoted keys"),
    ],
)
def test_batchlint_table_is_found_in_any_toml_syntax(text: str, tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(text, "utf-8")

    found = config.nearest(tmp_path).rules_for(tmp_path / "x.jsonl")
    assert found == {"ignore": ["blank_line"]}


def test_pyproject_without_a_batchlint_table_is_not_parsed(tmp_path: Path) -> None:
    text = '[dependency-groups]\ndev = ["batchlint"]\n[tool.ruff]\nthis is not TOML'
    (tmp_path / "pyproject.toml").write_text(text, "utf-8")

    assert config.nearest(tmp_path) == config.Config()


def test_nearest_configuration_is_used_and_batchlint_toml_takes_precedence(tmp_path: Path) -> None:
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    config_file = tmp_path / "batchlint.toml"
    config_file.write_text('select = ["blank_line"]', "utf-8")
    project = tmp_path / "pyproject.toml"
    project.write_text('[tool.batchlint]\nselect = ["invalid_type"]', "utf-8")
    unrelated = tmp_path / "a" / "pyproject.toml"
    unrelated.write_text('[project]\nname = "batchlint"\n[tool.other]', "utf-8")

    assert config.nearest(inner).path == config_file


def test_configuration_of_many_directories_is_read_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = Mock(side_effect=config._read)
    monkeypatch.setattr(config, "_read", read)
    project = tmp_path / "pyproject.toml"
    project.write_text("[tool.batchlint]\nstrict = true", "utf-8")

    found = [config.nearest(tmp_path / name) for name in "abc"]

    assert [each.path for each in found] == [project] * 3
    assert read.call_count == 2  # Once to search for the table, and once to parse it.


def test_globs_add_to_the_rules_for_all_files(tmp_path: Path) -> None:
    text = (
        'ignore = ["blank_line"]\n'
        '[per-file."old/*.jsonl"]\nwarn = ["unknown_parameter"]\n'
        '[per-file."x.jsonl"]\nselect = ["invalid_type"]'
    )
    (tmp_path / "batchlint.toml").write_text(text, "utf-8")
    found = config.nearest(tmp_path)

    assert found.rules_for(tmp_path / "y.jsonl") == {"ignore": ["blank_line"]}
    assert found.rules_for(tmp_path / "old" / "y.jsonl") == {
        "ignore": ["blank_line"],
        "warn": ["unknown_parameter"],
    }
    assert found.rules_for(tmp_path / "x.jsonl") == {
        "ignore": ["blank_line"],
        "select": ["invalid_type"],
    }


def test_globs_without_a_slash_match_names_and_not_directories(tmp_path: Path) -> None:
    text = '[per-file."draft*.jsonl"]\nignore = ["blank_line"]'
    (tmp_path / "batchlint.toml").write_text(text, "utf-8")
    found = config.nearest(tmp_path)

    assert found.rules_for(tmp_path / "any" / "draft-1.jsonl") == {"ignore": ["blank_line"]}
    assert found.rules_for(tmp_path / "drafts" / "final.jsonl") == {}


def test_relative_path_is_found_once_for_many_globs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = config.Config(
        tmp_path / "batchlint.toml",
        {"exclude": [f"data/{number}/*" for number in range(50)]},
        tuple((f"data/{number}/*", {"warn": ("blank_line",)}) for number in range(50)),
    )
    path = tmp_path / "data" / "49" / "a.jsonl"
    find = Mock(side_effect=config._relative_path)
    monkeypatch.setattr(config, "_relative_path", find)

    assert config.is_matched(path, found.globs("exclude"))
    assert found.rules_for(path) == {"warn": ["blank_line"]}
    assert find.call_count == 2


@pytest.mark.parametrize(
    ("glob", "matched", "others"),
    [
        ("**/a.jsonl", ["a.jsonl", "x/a.jsonl", "x/y/a.jsonl"], ["ba.jsonl", "x/ba.jsonl"]),
        ("data/**/*.jsonl", ["data/a.jsonl", "data/x/y/a.jsonl"], ["a.jsonl", "x/data/a.jsonl"]),
        ("**/b/**/**/c", ["b/c", "a/b/c", "a/b/x/y/c"], ["c", "bc", "xb/c", "b/xc"]),
        ("data/**", ["data/a", "data/x/a"], ["data", "database/a"]),
        ("**/tmp/**", ["tmp/a", "x/tmp/y/a"], ["tmp", "x/tmp"]),
        ("./data/*", ["data/a"], ["x/data/a"]),
        ("./a", ["a"], ["x/a"]),
    ],
)
def test_double_star_matches_any_number_of_directories(
    tmp_path: Path, glob: str, matched: list[str], others: list[str]
) -> None:
    globs = [(glob, tmp_path)]

    assert [
        name for name in matched + others if config.is_matched(tmp_path / name, globs)
    ] == matched


def test_globs_match_links_and_not_their_targets(tmp_path: Path) -> None:
    """Version control of large files often replaces files by links into a store."""
    project = tmp_path / "project"
    (project / "batches").mkdir(parents=True)
    link = project / "batches" / "x.jsonl"
    link.symlink_to(tmp_path / "store")
    text = 'include = ["batches/*"]\n[per-file."batches/*"]\nselect = ["invalid_type"]'
    (project / "batchlint.toml").write_text(text, "utf-8")
    found = config.nearest(project)

    assert found.rules_for(link) == {"select": ["invalid_type"]}
    assert config.is_matched(link, found.globs("include"))


def test_globs_match_names_of_files_outside_the_project(tmp_path: Path) -> None:
    (tmp_path / "project").mkdir()
    text = '[per-file."x.jsonl"]\nselect = ["invalid_type"]\n[per-file."a/*"]\nwarn = []'
    (tmp_path / "project" / "batchlint.toml").write_text(text, "utf-8")
    found = config.nearest(tmp_path / "project")

    assert found.rules_for(tmp_path / "a" / "x.jsonl") == {"select": ["invalid_type"]}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("ignore = 3", "ignore must be a list of rules", id="number"),
        pytest.param('ignore = "blank_line"', "ignore must be a list of rules", id="string"),
        pytest.param(
            'ignore = ["blank_lines"]',
            "ignore: unknown rule 'blank_lines'; did you mean blank_line",
            id="unknown rule",
        ),
        pytest.param(
            "ingore = []",
            "unknown key ingore; did you mean ignore?",
            id="unknown key",
        ),
        pytest.param("per-file = 3", "per-file must be a table", id="per-file is a number"),
        pytest.param(
            '[per-file]\n"*.jsonl" = 3', "per-file.'*.jsonl' must be a table", id="glob is a number"
        ),
        pytest.param(
            '[per-file."a"]\nx = 1',
            "unknown key per-file.'a'.x; known keys are select, ignore, ",
            id="key of a glob",
        ),
        pytest.param("ignore = [\n=", "Invalid value", id="not TOML"),
    ],
)
def test_invalid_config_is_reported_and_nothing_runs(
    text: str, message: str, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "batchlint.toml").write_text(text, "utf-8")
    (tmp_path / "x.jsonl").write_bytes(line())
    result = run("check", "x.jsonl")

    assert result.status == 2
    assert result.out == ""
    assert "Usage:" not in result.err
    assert re.search(rf"batchlint\.toml:\d+(:\d+)?: {re.escape(message)}", result.err)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        pytest.param(b"\xff", "utf-8", id="not UTF-8"),
        pytest.param(b"a = " + b"[" * 100_000, "nested too deeply", id="nested"),
        pytest.param(
            b"x = 1\n" + b"a." * 100_000 + b"b = 1", ":2: more than 1,000 dots", id="dots"
        ),
        pytest.param(b"#" * 1_000_001, "larger than 1,000,000 bytes; write a smaller", id="large"),
    ],
)
def test_undecodable_config_is_reported(data: bytes, message: str, tmp_path: Path) -> None:
    (tmp_path / "batchlint.toml").write_bytes(data)

    with pytest.raises(ValueError, match=message):
        config.nearest(tmp_path)


def test_config_that_is_nested_as_deeply_as_the_stack_allows_is_reported(tmp_path: Path) -> None:
    """To find the line of a mistake, the parser runs again with less stack left."""
    path = tmp_path / "batchlint.toml"
    for depth in range(440, 500):
        path.write_text(f"x = {'[' * depth}{']' * depth}\nsurprise = 1", "utf-8")
        with pytest.raises(ValueError, match=r"unknown key x|nested too deeply"):
            config.load(path)


def test_byte_order_mark_is_skipped(tmp_path: Path) -> None:
    path = tmp_path / "batchlint.toml"
    path.write_bytes(b"\xef\xbb\xbfstrict = true")

    assert config.load(path).settings == {"strict": True}


def test_config_of_the_maximum_size_is_read(tmp_path: Path) -> None:
    path = tmp_path / "batchlint.toml"
    path.write_bytes(b"strict = true\n#".ljust(1_000_000, b"#"))

    assert config.load(path).settings == {"strict": True}


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_config_must_be_a_regular_file(tmp_path: Path) -> None:
    pipe = tmp_path / "batchlint.toml"
    os.mkfifo(pipe)  # Opening it would wait for a writer.

    for path in (pipe, Path("/dev/zero")):
        with pytest.raises(ValueError, match=f"^{path}: not a regular file$"):
            config.load(path)


@pytest.mark.skipif(not Path("/dev/fd").exists(), reason="this system has no /dev/fd")
def test_config_may_be_a_process_substitution() -> None:
    reader, writer = os.pipe()
    os.write(writer, b"strict = true")
    os.close(writer)
    found = config.load(Path(f"/dev/fd/{reader}"))
    os.close(reader)

    assert found.settings == {"strict": True}


@pytest.mark.skipif(not Path("/dev/fd").exists(), reason="this system has no /dev/fd")
def test_endless_config_is_not_read_to_its_end() -> None:
    with Path("/dev/zero").open("rb") as file, pytest.raises(ValueError, match="larger than"):
        config.load(Path(f"/dev/fd/{file.fileno()}"))


def test_batchlint_entry_in_pyproject_must_be_a_table(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("tool.batchlint = 3", "utf-8")

    with pytest.raises(ValueError, match=r"tool\.batchlint must be a table"):
        config.nearest(tmp_path)


def test_unreadable_config_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "batchlint.toml").write_text("", "utf-8")
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "pyproject.toml").write_text("", "utf-8")

    def fail(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("batchlint.sources.open_regular", fail)
    for directory in (tmp_path, tmp_path / "inner"):
        with pytest.raises(ValueError, match=r"\.toml: Permission denied$"):
            config.nearest(directory)


def test_command_line_overrides_the_config(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "batchlint.toml").write_text('ignore = ["invalid_type"]', "utf-8")
    (tmp_path / "x.jsonl").write_bytes(line(dimensions="x") + b"\n")

    assert run("check", "x.jsonl").status == 0
    assert run("check", "x.jsonl", "--strict").status == 1
    assert run("check", "x.jsonl", "--strict", "--ignore=blank_line").status == 0
    assert run("check", "x.jsonl", "--select=invalid_type").status == 1
    assert run("check", "x.jsonl", "--error=invalid_type").status == 1
    assert run("check", "x.jsonl", "--warn=invalid_type").status == 0
    last = run("check", "x.jsonl", "--warn=invalid_type").out.splitlines()[-1]
    assert last.endswith("no errors, 2 warnings")


# -- lines ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "line_number"),
    [
        pytest.param("\n\ningore = []", 3, id="after blank lines"),
        pytest.param('ignore = [\n  "blank_line",\n]\nstrict = 1', 4, id="after a list"),
        pytest.param('strict = true\n[per-file."a"]\nwarn = []\n\nx = 1', 5, id="in a table"),
        pytest.param('[per-file."a"]\nwarn = []\n[per-file."b"]\nwarn = 1', 4, id="same key"),
        pytest.param(
            '# strict = 1\nselect = ["""\nstrict""",\n]\n"strict" = 1', 2, id="in a string"
        ),
        pytest.param('ignore = [\n  "blank_line",\n  "no_such_rule",\n]', 1, id="of a list"),
        pytest.param("[metadata]\na = 1", 1, id="of a table"),
    ],
)
def test_errors_name_the_line_of_the_key(text: str, line_number: int, tmp_path: Path) -> None:
    (tmp_path / "batchlint.toml").write_text(text, "utf-8")

    with pytest.raises(config.ConfigError, match=rf"batchlint\.toml:{line_number}: "):
        config.nearest(tmp_path)


def test_work_to_find_the_line_of_an_error_is_limited(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import tomllib

    parsed = 0
    parse = tomllib.loads

    def counting(text: str) -> dict[str, Any]:
        nonlocal parsed
        parsed += len(text)
        return parse(text)

    monkeypatch.setattr(tomllib, "loads", counting)
    monkeypatch.setattr(config, "_MAX_REPARSED_CHARACTERS", 200_000)
    path = tmp_path / "batchlint.toml"
    path.write_text("bogus = [\n" + "'bogus',\n" * 2000 + "]", "utf-8")
    with pytest.raises(ValueError, match=r"batchlint\.toml: unknown key bogus"):
        config.load(path)

    assert 200_000 < parsed < 300_000


def test_no_part_is_assembled_beyond_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Assembling a part for each of 90,000 lines took more than a minute."""
    monkeypatch.setattr(config, "_MAX_REPARSED_CHARACTERS", 10_000)
    text = "# keep\n" * 20_000 + "keep = 'x'"

    assert count_calls(config._find_line, text, ("keep",)) < 20_000


def test_error_line_number_refers_to_pyproject(tmp_path: Path) -> None:
    text = "[tool.other]\nstrict = 1\n\n[tool.batchlint]\nstrict = 1\n"
    (tmp_path / "pyproject.toml").write_text(text, "utf-8")

    message = r"pyproject\.toml:5: strict must be true or false"
    with pytest.raises(config.ConfigError, match=message):
        config.nearest(tmp_path)


def test_pyproject_table_in_batchlint_toml_is_explained(tmp_path: Path) -> None:
    (tmp_path / "batchlint.toml").write_text("\n[tool.batchlint]\nstrict = true", "utf-8")

    message = r"batchlint\.toml:2: tool\.batchlint belongs in pyproject\.toml; in this file, write"
    with pytest.raises(config.ConfigError, match=message):
        config.nearest(tmp_path)


# -- the JSON Schema ------------------------------------------------------------------------------

VALUES: tuple[object, ...] = (
    True,
    0,
    1,
    -1,
    1.5,
    "",
    "text",
    "auto",
    [],
    ["text"],
    ["text", 1],
    {},
    {"a": "b"},
    {"a": 1},
    None,
)


@pytest.mark.parametrize("key", config.SETTINGS)
def test_schema_and_reader_accept_the_same_configurations(key: str) -> None:
    value_type = config.SETTINGS[key].value_type
    validator = jsonschema.Draft202012Validator(config.json_schema())

    assert value_type.description
    for value in VALUES:
        assert validator.is_valid({key: value}) == value_type.is_valid(value), value


def test_schema_of_a_glob_has_the_settings_of_files() -> None:
    validator = jsonschema.Draft202012Validator(config.json_schema())

    assert validator.is_valid({"per-file": {"a/*": {"warn": ["json"], "endpoint": "x"}}})
    assert not validator.is_valid({"per-file": {"a/*": {"strict": True}}})
    assert not validator.is_valid({"ingore": []})
