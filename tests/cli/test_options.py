"""Options for output and configuration, and environment variables."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from batchlint.cli.check import check as check_command
from batchlint.config import FORMAT_NAMES, SETTINGS
from batchlint.output import FORMATS
from cli.samples import BAD, GOOD, WARNINGS
from support import FIXTURES, CommandResult, line, run_command

Run = Callable[..., CommandResult]

SAMPLE = str(FIXTURES / "sample_batch.jsonl")


@pytest.fixture
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with a file that has an error and a warning."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "x.jsonl").write_bytes(line(dimensions="x", input="x" * 20) + b"\n")
    return tmp_path


# -- quiet and exit-zero --------------------------------------------------------------------------


@pytest.mark.usefixtures("directory")
def test_quiet_prints_only_errors(run: Run) -> None:
    default = run("check", "x.jsonl").out.splitlines()
    quiet = run("check", "--quiet", "x.jsonl")

    assert quiet == CommandResult(1, f"{default[0]}\n", "")
    assert "blank_line" in "".join(default)


@pytest.mark.parametrize("format_name", ["text", "github"])
def test_quiet_run_without_errors_prints_nothing(
    format_name: str, run: Run, tmp_path: Path
) -> None:
    (tmp_path / ".hidden.jsonl").write_bytes(b"")
    (tmp_path / "batch.jsonl").write_bytes(line("a") + b"\n")
    result = run("check", "-q", f"--format={format_name}", GOOD, WARNINGS, str(tmp_path))

    assert result == CommandResult(0, "", "")


def test_quiet_reports_how_many_errors_are_not_printed(run: Run, directory: Path) -> None:
    (directory / "many.jsonl").write_bytes(b"".join(line(str(n), bogus=1) for n in range(40)))
    out = run("check", "-q", "many.jsonl").out.splitlines()

    assert len(out) == 21 + 1  # One finding has a hint.
    assert out[-1].startswith("... and 20 more of unknown_parameter, lines 21-40")


def test_quiet_prints_warnings_if_strict_makes_them_fail_the_run(run: Run) -> None:
    result = run("check", "-q", "--strict", WARNINGS)

    assert result.status == 1
    assert "blank_line" in result.out


def test_quiet_still_reports_unreadable_files(run: Run, tmp_path: Path) -> None:
    result = run("check", "-q", str(tmp_path / "missing"))

    assert (result.status, result.out) == (2, "")
    assert "No such file or directory" in result.err


def test_exit_zero_ignores_findings_but_not_unreadable_files(run: Run, tmp_path: Path) -> None:
    assert run("check", "--exit-zero", BAD).status == 0
    assert run("check", "--exit-zero", "--strict", WARNINGS).status == 0
    assert run("check", "--exit-zero", BAD, str(tmp_path / "missing")).status == 2
    assert run("check", "--exit-zero", BAD).out == run("check", BAD).out


# -- additional reports ---------------------------------------------------------------------------


def test_output_option_writes_reports_in_addition_to_standard_output(
    run: Run, directory: Path
) -> None:
    plain = run("check", "x.jsonl")
    result = run("check", "x.jsonl", "--output=json=a.json", "--output", "junit=b.xml")

    assert result == plain
    (file,) = json.loads((directory / "a.json").read_bytes())["files"]
    assert [error["column"] for error in file["errors"]["data"]] == [133]
    assert ET.parse(directory / "b.xml").getroot().get("failures") == "1"


def test_additional_report_contains_all_kept_findings(run: Run, directory: Path) -> None:
    (directory / "many.jsonl").write_bytes(b"".join(line(str(n), bogus=1) for n in range(1100)))
    run("check", "many.jsonl", "--output=json=a.json")

    (file,) = json.loads((directory / "a.json").read_bytes())["files"]
    assert len(file["errors"]["data"]) == 1000


def test_nothing_is_printed_if_all_reports_go_to_files(run: Run, directory: Path) -> None:
    result = run("check", "x.jsonl", "--output-file=a.txt", "--output=jsonl=b.jsonl")

    assert result == CommandResult(1, "", "")
    assert (directory / "a.txt").read_text("utf-8").startswith("x.jsonl:1:")
    assert (directory / "b.jsonl").read_bytes().count(b"\n") == 2


@pytest.mark.parametrize("name", ["-", None], ids=["dash", "default"])
def test_output_file_dash_means_standard_output(
    name: str | None, run: Run, directory: Path
) -> None:
    options = [] if name is None else [f"--output-file={name}"]
    result = run("check", "x.jsonl", "--format=json", *options)

    (file,) = json.loads(result.out)["files"]
    assert file["path"] == "x.jsonl"
    assert not (directory / "-").exists()


def test_additional_report_can_go_to_standard_output(run: Run, directory: Path) -> None:
    printed = run("check", "x.jsonl", "--format=json")
    result = run("check", "x.jsonl", "--output-file=a.txt", "--output=json=-")

    assert result == printed
    assert (directory / "a.txt").read_text("utf-8").startswith("x.jsonl:1:")
    assert not (directory / "-").exists()


@pytest.mark.parametrize(
    "args",
    [
        ["check", ""],
        ["fix", ""],
        ["split", ""],
        ["check", "x.jsonl", "--output-file="],
        ["fix", "x.jsonl", "--output-file="],
        ["split", "x.jsonl", "--output-dir="],
        ["check", ".", "--include="],
        ["check", ".", "--exclude="],
        ["check", "x.jsonl", "--config="],
    ],
    ids=" ".join,
)
def test_empty_path_or_glob_is_a_usage_error(args: list[str], run: Run, directory: Path) -> None:
    before = sorted(directory.iterdir())
    result = run(*args)

    assert (result.status, result.out) == (2, "")
    assert result.err.endswith(("it is empty\n", "the file name is empty\n"))
    assert sorted(directory.iterdir()) == before


@pytest.mark.parametrize("target", ["-", "s3://bucket/parts"])
def test_split_writes_parts_only_to_directories(target: str, run: Run, directory: Path) -> None:
    before = sorted(directory.iterdir())
    result = run("split", "x.jsonl", f"--output-dir={target}")

    assert result.status == 2
    assert "--output-dir needs a directory" in result.err
    assert sorted(directory.iterdir()) == before


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--output=json=-"], "two reports would be written to standard output; give one of"),
        (["--output=json=-", "--output-file=-"], "two reports would be written to standard output"),
        (["--output-file=a", "--output=json=-", "--output=sarif=-"], "two reports would be"),
        (
            ["--output=json"],
            "'json' is not of the form FORMAT=PATH, such as sarif=report.sarif",
        ),
        (["--output=json="], "'json=' is not of the form FORMAT=PATH"),
        (["--output=jsn=a"], "'jsn' is not a format; the formats are text, json"),
        (["--output=json=x.jsonl"], "would overwrite x.jsonl, which is an input file"),
        (["--output=json=a", "--output=sarif=./a"], "two reports would be written to ./a"),
        (["--output=json=a", "--output-file=a"], "two reports would be written to a"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_invalid_or_conflicting_report_options_are_usage_errors(
    options: list[str], message: str, run: Run, directory: Path
) -> None:
    before = (directory / "x.jsonl").read_bytes()
    result = run("check", "x.jsonl", *options)

    assert (result.status, result.out) == (2, "")
    assert message in result.err
    assert (directory / "x.jsonl").read_bytes() == before
    assert not (directory / "a").exists()


def test_unwritable_report_causes_exit_status_2_and_other_reports_are_written(
    run: Run, directory: Path
) -> None:
    result = run("check", "x.jsonl", "--output=json=missing/a.json", "--output=json=b.json")

    assert result.status == 2
    assert "missing/a.json: cannot write: No such file or directory" in result.err
    assert (directory / "b.json").exists()


# -- the option --stdin-filename ------------------------------------------------------------------


def test_stdin_filename_sets_the_printed_name_and_the_config_file(directory: Path) -> None:
    (directory / "data").mkdir()
    (directory / "data" / "batchlint.toml").write_text('ignore = ["blank_line"]', "utf-8")
    result = run_command(
        "check", "-", "--stdin-filename=data/new.jsonl", stdin=line(bogus=1) + b"\n"
    )

    assert result.out.startswith("data/new.jsonl:1:100: unknown_parameter")
    assert "blank_line" not in result.out


def test_stdin_filename_is_checked_but_never_read(directory: Path) -> None:
    options = ["--stdin-filename=x.json", "--show-source"]
    (directory / "x.json").write_bytes(b"SECRET\n" * 9)
    result = run_command("check", "-", *options, stdin=line("a", bogus=1))

    assert "x.json: not_jsonl_name" in result.out
    assert "SECRET" not in result.out


@pytest.mark.parametrize("format_name", ["sarif", "gitlab", "github", "rdjson"])
def test_reports_contain_the_stdin_filename(format_name: str) -> None:
    options = [f"--format={format_name}", "--stdin-filename=data/new.jsonl"]
    result = run_command("check", "-", *options, stdin=line(bogus=1))

    assert "data/new.jsonl" in result.out
    assert "<stdin>" not in result.out


@pytest.mark.skipif(not os.path.exists("/dev/fd"), reason="needs /dev/fd")  # noqa: PTH110
def test_name_of_a_process_substitution_is_not_checked() -> None:
    reader, writer = os.pipe()
    os.write(writer, line("a"))
    os.close(writer)
    completed = subprocess.run(
        [sys.executable, "-m", "batchlint", "check", f"/dev/fd/{reader}"],
        pass_fds=[reader],
        capture_output=True,
        check=False,
    )
    os.close(reader)

    assert completed.returncode == 0, completed.stdout


# -- the format batch -----------------------------------------------------------------------------


def test_batch_format_explains_exit_status_1(run: Run) -> None:
    result = run("check", "--format=batch", BAD)

    assert json.loads(result.out)["status"] == "validating"
    assert result.err == (
        f"batchlint: {BAD}: the API would accept this batch, but batchlint found 5 errors, so the "
        "exit status is 1; --format text shows them\n"
    )
    assert run("check", "--format=batch", SAMPLE).err == ""
    assert run("check", "--format=batch", GOOD).err == ""


# -- configuration --------------------------------------------------------------------------------


def test_every_setting_has_an_option_with_the_same_name() -> None:
    options = {option.removeprefix("--") for param in check_command.params for option in param.opts}

    assert options >= SETTINGS.keys()
    assert tuple(FORMATS) == FORMAT_NAMES


@pytest.mark.parametrize(
    ("text", "status", "expected"),
    [
        ("strict = true\nignore = ['invalid_type']", 1, "no errors, 1 warning (fails: --strict)"),
        ("exit-zero = true", 0, "1 error "),
        ("quiet = true", 1, "invalid_type"),
        ("format = 'jsonl'", 1, '"rule":"invalid_type"'),
        ("statistics = true", 1, "1  invalid_type  fails its request"),
        ("show-source = true", 1, "^"),
        ("max-errors = 1", 1, "... and 1 more of blank_line"),
        ("color = 'always'", 1, "\x1b[31m"),
        ("endpoint = '/v1/responses'", 1, "invalid_url"),
        ("completion-window = '1h'", 1, "invalid_value completion_window"),
        ("output-expires-after = 1", 1, "integer_below_min_value output_expires_after.seconds"),
        ("[metadata]\nk = '" + "v" * 600 + "'", 1, "string_above_max_length metadata.k"),
        ("max-enqueued-tokens = 1\n", 1, "enqueued_tokens"),
        ("[per-file.'x*']\nendpoint = '/v1/responses'", 1, "invalid_url"),
        ("provider = 'groq'", 1, "'/v1/embeddings' is not a batch endpoint"),
    ],
    ids=lambda value: value.split("\n")[0] if isinstance(value, str) else "",
)
def test_settings_in_the_config_file_apply(
    text: str, status: int, expected: str, run: Run, directory: Path
) -> None:
    (directory / "batchlint.toml").write_text(text, "utf-8")
    result = run("check", "x.jsonl")

    assert result.status == status
    assert expected in result.out
    assert (
        run("check", "--no-config", "x.jsonl").out
        == run("check", "x.jsonl", "--config=" + os.devnull).out
    )


def test_options_override_variables_and_variables_override_the_config_file(
    run: Run, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (directory / "batchlint.toml").write_text("format = 'json'", "utf-8")
    assert run("check", "x.jsonl").out.startswith("{")
    monkeypatch.setenv("BATCHLINT_CHECK_FORMAT", "gitlab")
    assert run("check", "x.jsonl").out.startswith("[")
    assert run("check", "x.jsonl", "--format=text").out.startswith("x.jsonl:1")


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("STRICT", "1", "(fails: --strict)"),
        ("IGNORE", "invalid_type,blank_line", "no errors"),
        ("MAX_ERRORS", "1", "1 more of"),
        ("ENDPOINT", "/v1/responses", "invalid_url"),
        ("METADATA", "a=b c=" + "d" * 600, "metadata.c"),
    ],
)
@pytest.mark.usefixtures("directory")
def test_environment_variable_sets_an_option(
    name: str, value: str, expected: str, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"BATCHLINT_CHECK_{name}", value)
    if name == "STRICT":
        monkeypatch.setenv("BATCHLINT_CHECK_IGNORE", "invalid_type")

    assert expected in run("check", "x.jsonl").out


def test_version_option_has_no_environment_variable(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BATCHLINT_VERSION", "1")

    assert run("check", GOOD).out.startswith(GOOD)


def test_config_option_selects_the_config_file(run: Run, directory: Path) -> None:
    (directory / "batchlint.toml").write_text("ignore = ['invalid_type']", "utf-8")
    (directory / "other.toml").write_text("ignore = ['blank_line']", "utf-8")
    project = directory / "sub" / "pyproject.toml"
    project.parent.mkdir()
    project.write_text("[tool.batchlint]\nignore = ['json']", "utf-8")

    assert "invalid_type" not in run("check", "x.jsonl").out
    for path in ("other.toml", str(project)):
        out = run("check", "x.jsonl", f"--config={path}").out
        assert "invalid_type" in out
        assert "blank_line" not in out


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--config=missing.toml"], "Error: missing.toml: No such file or directory\n"),
        (["--config=pyproject.toml"], "Error: pyproject.toml: has no [tool.batchlint] table\n"),
        (["--config=a.toml"], "Error: a.toml:2: format must be one of text, json, jsonl, "),
    ],
)
def test_configuration_error_prints_no_usage_text(
    options: list[str], message: str, run: Run, directory: Path
) -> None:
    (directory / "pyproject.toml").write_text("[tool.other]\n", "utf-8")
    (directory / "a.toml").write_text("# Comment\nformat = 'xml'", "utf-8")
    result = run("check", "x.jsonl", *options)

    assert (result.status, result.out) == (2, "")
    assert result.err.startswith(message)


def test_config_and_no_config_are_mutually_exclusive(run: Run) -> None:
    for options in (["--config=x", "--no-config"], ["--no-config", "--config=x"]):
        result = run("check", GOOD, *options)
        assert result.status == 2
    assert "--config and --no-config cannot be combined" in result.err


# -- colors ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("env", "colored"),
    [
        ({"FORCE_COLOR": "1"}, True),
        ({"FORCE_COLOR": ""}, False),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
    ],
    ids=str,
)
def test_force_color_colors_piped_output(
    env: dict[str, str], colored: bool, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in env.items():
        monkeypatch.setenv(name, value)

    assert ("\x1b[" in run("check", BAD).out) == colored


# -- suggestions ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ([BAD], f"{BAD!r} is not a command; to check files, type: batchlint check {BAD}"),
        (["a b.jsonl", "-q"], "type: batchlint check 'a b.jsonl' -q"),
        (["-"], "type: batchlint check -"),
        (["chekc"], "'chekc' is not a command; did you mean check?"),
        (["xyz"], "'xyz' is not a command; the commands are check, "),
        (
            ["--strict", BAD],
            f"--strict is an option of check; type: batchlint check --strict {BAD}",
        ),
        (["rule", "duplicate_custom_ids"], "did you mean duplicate_custom_id"),
        (["schema", "embedings"], "no schema for 'embedings'; the schemas are /v1/responses"),
        (["schema", "images"], "'images' is ambiguous: /v1/images/generations or /v1/images/edits"),
    ],
    ids=lambda value: " ".join(value)[-40:] if isinstance(value, list) else "",
)
def test_mistyped_command_gets_a_suggestion(args: list[str], message: str, run: Run) -> None:
    result = run(*args)

    assert (result.status, result.out) == (2, "")
    assert message in result.err
    assert "Usage:" not in result.err


@pytest.mark.parametrize(
    ("name", "schema_id"),
    [
        ("embeddings", "v1/embeddings"),
        ("/embeddings/", "v1/embeddings"),
        ("v1/embeddings", "v1/embeddings"),
        ("chat/completions", "v1/chat/completions"),
        ("chat", "v1/chat/completions"),
        ("edits", "v1/images/edits"),
        ("config", "config.json"),
    ],
)
def test_schema_is_found_by_part_of_its_name(name: str, schema_id: str, run: Run) -> None:
    assert json.loads(run("schema", name).out)["$id"] == schema_id


def test_version_has_a_short_option(run: Run) -> None:
    assert run("-V") == run("--version")
