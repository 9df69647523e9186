"""The command as users run it: what it prints where, and how it exits."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from support import FIXTURES, Ran, command, line

from batchlint import schemas
from batchlint.rules import RULES

GOOD = str(FIXTURES / "valid" / "embeddings.jsonl")
BAD = str(FIXTURES / "invalid" / "invalid_type.jsonl")
WARNED = str(FIXTURES / "invalid" / "blank_line.jsonl")
MANY = str(FIXTURES / "cases" / "mutants.jsonl")

posix = pytest.mark.skipif(os.name != "posix", reason="needs POSIX signals and pipes")

# -- exit statuses -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("args", "status"), [
    (["check", GOOD], 0), (["check", GOOD, GOOD], 0), (["check", BAD], 1), (["check", GOOD, BAD], 1), (["check", BAD, GOOD], 1),
    (["check", WARNED], 0), (["check", "--strict", WARNED], 1), (["check", "--strict", GOOD], 0),
    (["check", "missing.jsonl"], 2), (["check", GOOD, "missing.jsonl"], 2), (["check", "missing.jsonl", BAD], 2),
    (["check"], 2), (["check", "--bogus", GOOD], 2), (["check", "--format=xml", GOOD], 2), (["check", "--jobs=-1", GOOD], 2),
    (["check", "--max-errors=x", GOOD], 2), (["check", "--select=nope", GOOD], 2), (["check", "--metadata=novalue", GOOD], 2),
    (["bogus"], 2), (["rule", "nope"], 2), (["schema", "/v1/nope"], 2),
    (["--help"], 0), (["--version"], 0), (["check", "--help"], 0), (["rule"], 0), (["schema"], 0)],
    ids=lambda value: " ".join(Path(arg).name for arg in value) if isinstance(value, list) else str(value))
def test_the_exit_status_tells_what_happened(args: list[str], status: int, tmp_path: Path) -> None:
    ran = command(*args, cwd=tmp_path)

    assert ran.status == status, ran
    if status == 2:
        assert ran.err.strip()
    else:
        assert ran.out.strip()
        assert ran.err == ""


def test_the_version_is_that_of_the_package() -> None:
    assert command("--version").out == "batchlint 0.1.0\n"


# -- what is printed ---------------------------------------------------------------------------------------------------


def test_text_has_the_place_the_code_the_param_the_message_and_a_summary(run: Callable[..., Ran]) -> None:
    lines = run("check", BAD).out.splitlines()

    assert lines[0] == (f"{BAD}:2:167: invalid_type body.temperature: Invalid type for 'temperature': expected a decimal, but got a "
                        "string instead.")
    assert lines[-1] == f"{BAD}: 6 requests to /v1/chat/completions, 5 errors (5 fail their requests)"


def test_the_summary_tells_what_fails(run: Callable[..., Ran], tmp_path: Path) -> None:
    path = tmp_path / "x.txt"
    path.write_bytes(line("a") + line("a", bogus=1) + b"\n")
    summary = run("check", str(path)).out.splitlines()[-1]

    assert summary == (f"{path}: 2 requests to /v1/embeddings, 3 errors (1 fails the upload, 1 fails the whole batch, 1 fails its "
                       "request; 1 request has errors), 1 warning")


def test_several_files_have_a_summary_of_all(run: Callable[..., Ran]) -> None:
    assert run("check", GOOD, BAD, WARNED).out.splitlines()[-1] == "3 files, 1 with errors"
    assert run("check", GOOD, WARNED).out.splitlines()[-1] == "2 files, all in order"
    assert run("check", GOOD, "nowhere.jsonl").out.splitlines()[-1] == "2 files, 1 could not be read"


def test_what_only_a_choice_makes_an_error_fails_nothing_that_is_known(run: Callable[..., Ran], tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_bytes(line().replace(b"{", b'{"custom_id": "a", ', 1) + b"\n")
    ran = run("check", "--error=duplicate_key,blank_line", "--statistics", str(path))

    assert ran.status == 1
    assert ran.out.splitlines()[-3:] == [
        f"{path}: 1 request to /v1/embeddings, 2 errors (2 are errors by choice; 1 request has errors)",
        "1  blank_line     is an error by choice", "1  duplicate_key  is an error by choice"]
    file = json.loads(run("check", "--error=duplicate_key", "--format=json", str(path)).out)["files"][0]
    assert [(error["rule"], error["fails"]) for error in file["errors"]["data"]] == [("duplicate_key", None)]
    assert file["request_counts"] == {"total": 1, "failed": 1}


def test_strict_says_that_it_is_what_fails(run: Callable[..., Ran]) -> None:
    assert run("check", WARNED).out.splitlines()[-1].endswith("no errors, 3 warnings")
    assert run("check", "--strict", WARNED).out.splitlines()[-1].endswith("no errors, 3 warnings (fails: --strict)")
    assert run("check", "--strict", BAD).out.splitlines()[-1].endswith("5 errors (5 fail their requests)")


@pytest.mark.parametrize("form", ["jsonl", "gitlab", "junit"])
def test_formats_without_a_place_for_it_tell_on_standard_error_what_was_not_kept(
    form: str, run: Callable[..., Ran], tmp_path: Path
) -> None:
    path = tmp_path / "batch.jsonl"
    path.write_bytes(b"".join(line(str(number), dimensions="x") for number in range(30)))

    assert run("check", f"--format={form}", "--keep=10", str(path)).err \
        == f"batchlint: {path}: 20 findings are counted and not in the report; --keep 0 keeps all\n"
    assert run("check", f"--format={form}", str(path)).err == ""


@pytest.mark.parametrize(("words", "number", "completed"), [
    ("batchlint rule invalid_typ", 2, ["invalid_type"]),
    ("batchlint check --ignore=blank_line,duplicate_k", 2, ["blank_line,duplicate_key"]),
    ("batchlint check --endpoint /v1/emb", 3, ["/v1/embeddings"]),
    ("batchlint schema batch-c", 2, ["batch-create"])])
def test_a_shell_completes_names(words: str, number: int, completed: list[str]) -> None:
    ran = command(env={"_BATCHLINT_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": str(number)})

    assert [row.partition(",")[2] for row in ran.out.splitlines()] == completed


@pytest.mark.parametrize(("most", "printed"), [
    ([], 20), (["--max-errors=3"], 3), (["--max-errors=39"], 39), (["--max-errors=40"], 40), (["--max-errors", "0"], 40)])
def test_so_many_findings_are_printed_and_all_are_counted(
    most: list[str], printed: int, run: Callable[..., Ran], tmp_path: Path
) -> None:
    path = tmp_path / "batch.jsonl"
    path.write_bytes(b"".join(line(str(number), dimensions="x") for number in range(40)))
    out = run("check", *most, str(path)).out

    assert out.count(": invalid_type ") == printed
    assert ("... and " in out) == (printed < 40)
    assert printed == 40 or f"... and {40 - printed} more" in out
    assert "40 errors (40 fail their requests)" in out


@pytest.mark.parametrize(("options", "kept"), [
    ([], 1000), (["--keep=7"], 7), (["--keep=0"], 1200), (["--max-errors=0"], 1200), (["--max-errors=1100"], 1100),
    (["--max-errors=0", "--keep=5"], 5)])
def test_of_each_rule_so_many_findings_are_kept_and_the_others_counted(
    options: list[str], kept: int, run: Callable[..., Ran], tmp_path: Path
) -> None:
    path = tmp_path / "batch.jsonl"
    path.write_bytes(b"".join(line(str(number), dimensions="x") for number in range(1200)))
    file = json.loads(run("check", "--format=json", *options, str(path)).out)["files"][0]

    assert len(file["errors"]["data"]) == kept
    assert file["truncated"] == ({"invalid_type": 1200 - kept} if kept < 1200 else {})
    assert file["request_counts"] == {"total": 1200, "failed": 1200}


def test_jsonl_has_one_finding_a_line(run: Callable[..., Ran]) -> None:
    rows = [json.loads(text) for text in run("check", "--format=jsonl", GOOD, BAD, WARNED).out.splitlines()]

    assert [(row["path"], row["line"], row["severity"]) for row in rows] == [
        *((BAD, number, "error") for number in range(2, 7)), *((WARNED, number, "warning") for number in (2, 3, 5))]
    assert list(rows[0]) == ["path", "code", "line", "message", "param", "rule", "pointer", "custom_id", "severity", "fails", "hint"]


def test_json_is_one_document(run: Callable[..., Ran]) -> None:
    document = json.loads(run("check", "--format=json", GOOD, BAD).out)

    assert [(file["path"], file["ok"]) for file in document["files"]] == [(GOOD, True), (BAD, False)]
    assert document["ok"] is False
    assert document["files"][1]["request_counts"] == {"total": 6, "failed": 5}


def test_batch_is_one_line_a_file(run: Callable[..., Ran]) -> None:
    rows = [json.loads(text) for text in run("check", "--format=batch", GOOD, str(FIXTURES / "invalid/invalid_url.jsonl")).out.splitlines()]

    assert [row["status"] for row in rows] == ["validating", "failed"]
    assert {row["created_at"] for row in rows} == {int(os.environ["SOURCE_DATE_EPOCH"])}


def test_standard_input_is_a_file_without_a_name() -> None:
    ran = command("check", "-", stdin=line("a", bogus=1))

    assert ran.status == 1
    assert ran.out.splitlines()[0].startswith("<stdin>:1: unknown_parameter body.bogus: ")
    assert command("check", "--format=json", "-", stdin=line("a")).status == 0
    assert command("check", "-", stdin=b"").status == 1
    assert command("check", "-", GOOD, stdin=line("a")).out.count("no errors") == 2


def test_a_file_is_named_as_the_user_named_it(run: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(FIXTURES)

    assert run("check", "invalid/../valid/embeddings.jsonl").out.startswith("invalid/../valid/embeddings.jsonl: 4 requests")


def test_a_bar_is_drawn_on_standard_error_if_asked_for() -> None:
    ran = command("check", "--progress", GOOD)

    assert ran.status == 0
    assert "embeddings.jsonl" in ran.err
    assert "embeddings.jsonl: 4 requests" in ran.out
    assert command("check", "--no-progress", GOOD).err == ""


# -- choosing ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("args", "said"), [
    ([], {"unknown_parameter": "error", "invalid_type": "error", "blank_line": "warning", "unknown_line_member": "warning"}),
    (["--select=invalid_type"], {"invalid_type": "error"}),
    (["--select=invalid_type,blank_line"], {"invalid_type": "error", "blank_line": "warning"}),
    (["--select=invalid_type", "--ignore=invalid_type"], {}),
    (["--ignore=unknown_parameter,unknown_line_member"], {"invalid_type": "error", "blank_line": "warning"}),
    (["--warn=invalid_type,unknown_parameter"], {"unknown_parameter": "warning", "invalid_type": "warning", "blank_line": "warning",
                                                 "unknown_line_member": "warning"}),
    (["--select=blank_line", "--error=blank_line"], {"blank_line": "error"}),
    (["--select=", "--warn=duplicate_key"], {"duplicate_key": "warning"}),
    (["--select=missing_required_parameter", "--error=duplicate_key"], {"duplicate_key": "error"}),
], ids=" ".join)
def test_rules_are_chosen(args: list[str], said: dict[str, str], run: Callable[..., Ran], tmp_path: Path) -> None:
    path = tmp_path / "batch.jsonl"
    twice = line("a", bogus=1, dimensions="x").replace(b'"POST",', b'"POST", "method": "POST", "more": 1,')
    path.write_bytes(twice + b"\n")
    ran = run("check", "--format=jsonl", *args, str(path))
    rows = [json.loads(text) for text in ran.out.splitlines()]

    assert {row["rule"]: row["severity"] for row in rows} == said
    assert ran.status == ("error" in said.values())


@pytest.mark.parametrize("option", ["--select", "--ignore", "--warn", "--error"])
def test_an_unknown_rule_is_a_usage_error_that_suggests_the_near_ones(option: str) -> None:
    ran = command("check", option, "duplicate_custom_ids", GOOD)

    assert ran.status == 2
    assert "unknown rule 'duplicate_custom_ids'; did you mean duplicate_custom_id" in ran.err
    assert ran.out == ""


def test_the_endpoint_of_the_batch_may_be_given(run: Callable[..., Ran]) -> None:
    assert run("check", "--endpoint=/v1/embeddings", GOOD).status == 0
    ran = run("check", "--endpoint=/v1/responses", GOOD)
    assert (ran.status, ran.out.count("invalid_url url: ")) == (1, 4)


@pytest.mark.parametrize(("args", "code"), [
    (["--endpoint=/v1/audio/speech"], "invalid_value endpoint"),
    (["--completion-window=1h"], "invalid_value completion_window"),
    (["--output-expires-after=3599"], "integer_below_min_value output_expires_after.seconds"),
    (["--output-expires-after=2592001"], "integer_above_max_value output_expires_after.seconds"),
    ([f"--metadata=key{number}=x" for number in range(17)], "object_above_max_properties metadata"),
    (["--metadata", f"{'k' * 65}=x"], "property_name_above_max_length metadata.k"),
    (["--metadata", f"k={'v' * 513}"], "string_above_max_length metadata.k"),
], ids=lambda value: str(value)[:50])
def test_the_parameters_of_the_create_call_are_checked(args: list[str], code: str) -> None:
    ran = command("check", *args, GOOD)

    assert ran.status == 1, ran
    assert f": {code}" in ran.out
    assert "1 error (1 fails the create call)" in ran.out


def test_a_rule_that_is_ignored_is_ignored_in_the_create_call_too(run: Callable[..., Ran]) -> None:
    path = str(FIXTURES / "valid" / "embeddings.jsonl")

    assert run("check", path, "--completion-window=1h").status == 1
    assert run("check", path, "--completion-window=1h", "--ignore=invalid_value").status == 0


def test_good_parameters_of_the_create_call_bring_no_error() -> None:
    metadata = [f"--metadata=key{number}=a=b" for number in range(16)]

    assert command("check", "--completion-window=24h", "--output-expires-after=3600", "--output-expires-after=2592000", *metadata,
                   "--endpoint=/v1/embeddings", GOOD).status == 0


# -- the other commands ------------------------------------------------------------------------------------------------


def test_rule_lists_all_rules_with_one_line_each(run: Callable[..., Ran]) -> None:
    lines = run("rule").out.splitlines()

    assert [text.split()[0] for text in lines] == list(RULES)
    assert all(text.endswith(".") for text in lines)


@pytest.mark.parametrize("name", RULES)
def test_rule_explains_a_rule(name: str, run: Callable[..., Ran]) -> None:
    ran = run("rule", name)

    assert ran.status == 0
    assert RULES[name].doc in ran.out
    assert ran.out.count(f"\n{name} (") + ran.out.startswith(f"{name} (") == 1


def test_rule_explains_all_rules_of_a_code() -> None:
    out = command("rule", "missing_required_parameter").out

    assert all(f"{name} (" in out for name in ("missing_required_parameter", "missing_messages", "missing_line_member"))


@pytest.mark.parametrize(("name", "meant"), [("nope", "`batchlint rule` lists them"), ("blank_lines", "did you mean blank_line")])
def test_an_unknown_rule_cannot_be_explained(name: str, meant: str) -> None:
    ran = command("rule", name)

    assert (ran.status, ran.out) == (2, "")
    assert meant in ran.err


def test_schema_lists_the_schemas(run: Callable[..., Ran]) -> None:
    assert run("schema").out.split() == [*schemas.ENDPOINTS, "batch-request", "batch-create", "batch", "report"]


@pytest.mark.parametrize("name", [*schemas.ENDPOINTS, "batch-request", "batch-create", "batch", "report"])
def test_schema_prints_a_schema(name: str, run: Callable[..., Ran]) -> None:
    assert json.loads(run("schema", name).out) == schemas.load(name.lstrip("/"))


# -- what cannot be read -----------------------------------------------------------------------------------------------


def test_what_cannot_be_read_is_told_and_the_other_files_are_checked(tmp_path: Path) -> None:
    (tmp_path / "folder.jsonl").mkdir()
    (tmp_path / "dangling.jsonl").symlink_to(tmp_path / "nowhere")
    (tmp_path / "good.jsonl").write_bytes(line("a"))
    (tmp_path / "bad.jsonl").write_bytes(line("a", bogus=1))
    names = ["missing/x.jsonl", "folder.jsonl", "good.jsonl", "dangling.jsonl", "good.jsonl/x.jsonl", "bad.jsonl"]
    ran = command("check", *names, cwd=tmp_path)

    assert ran.status == 2
    assert [text.partition(": ")[2] for text in ran.err.splitlines()] == [
        "missing/x.jsonl: No such file or directory", "folder.jsonl: a folder in which no file is named like *batch*.jsonl", "dangling.jsonl: No such file or directory",
        "good.jsonl/x.jsonl: Not a directory"]
    assert "good.jsonl: 1 request to /v1/embeddings, no errors\n" in ran.out
    assert "bad.jsonl:1:100: unknown_parameter body.bogus" in ran.out
    assert ran.out.splitlines()[-1] == "6 files, 1 with errors, 4 could not be read"


def test_a_file_that_may_not_be_read_is_told(tmp_path: Path) -> None:
    path = tmp_path / "secret.jsonl"
    path.write_bytes(line("a"))
    path.chmod(0)
    if os.access(path, os.R_OK):
        pytest.skip("this user may read any file")
    ran = command("check", str(path))

    assert (ran.status, ran.err) == (2, f"batchlint: {path}: Permission denied\n")


@pytest.mark.parametrize("form", ["json", "jsonl", "batch"])
def test_what_cannot_be_read_is_told_in_every_format(form: str, tmp_path: Path) -> None:
    ran = command("check", f"--format={form}", "missing.jsonl", GOOD, cwd=tmp_path)

    assert ran.status == 2
    assert "missing.jsonl: No such file or directory" in ran.err
    for text in [ran.out] if form == "json" else ran.out.splitlines():
        json.loads(text)


def test_a_file_that_shrinks_while_it_is_read_is_told(
    run: Callable[..., Ran], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "batch.jsonl"
    path.write_bytes(line("a", input="x" * 1000) * 5000)

    class Bar:
        """A bar that cuts the file off as soon as something of it was checked."""

        def __init__(self, **_: Any) -> None:
            pass

        def update(self, _size: int) -> None:
            os.truncate(path, 1000)

        def close(self) -> None:
            pass

    monkeypatch.setattr("tqdm.tqdm", Bar)
    ran = run("check", "--progress", "--jobs=1", str(path))

    assert ran.status == 2
    assert ran.err.startswith(f"batchlint: {path}: the file became shorter while it was read")


def test_a_file_that_grows_or_is_a_pipe_is_read_to_its_end(tmp_path: Path) -> None:
    if not hasattr(os, "mkfifo"):
        pytest.skip("needs named pipes")
    path = tmp_path / "pipe.jsonl"
    os.mkfifo(path)
    with subprocess.Popen([sys.executable, "-m", "batchlint", "check", str(path)], stdout=subprocess.PIPE) as reader:
        path.write_bytes(line("a") + line("b"))
        out, _ = reader.communicate(timeout=30)

    assert reader.returncode == 0
    assert b"2 requests to /v1/embeddings, no errors" in out


# -- names and terminals -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [b"a b c.jsonl", "größe 你.jsonl".encode(), b"-dash.jsonl", b"new\nline.jsonl", b"\x1b[31mred.jsonl",
                                  b"z\xfcrich.jsonl"], ids=repr)
@pytest.mark.parametrize("form", ["text", "json", "jsonl", "batch"])
def test_a_file_may_have_any_name(name: bytes, form: str, tmp_path: Path) -> None:
    path = os.fsencode(tmp_path) + b"/" + name
    try:
        Path(os.fsdecode(path)).write_bytes(line("a", bogus=1))
    except OSError as error:
        pytest.skip(f"this file system takes no such name: {error}")
    ran = command("check", f"--format={form}", "--", path)

    assert (ran.status, ran.err) == (1, "")
    assert form == "batch" or "bogus" in ran.out
    assert "\x1b" not in ran.out
    if form == "text":
        assert len(ran.out.splitlines()) == 3  # the finding, its hint, the summary


@pytest.mark.parametrize("env", [
    {"PYTHONIOENCODING": "ascii"}, {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    {"PYTHONIOENCODING": "latin-1:strict"}], ids=str)
@pytest.mark.parametrize("form", ["text", "json", "jsonl"])
def test_a_terminal_may_know_few_characters(env: dict[str, str], form: str, tmp_path: Path) -> None:
    path = tmp_path / "größe.jsonl"
    unknown: dict[str, Any] = {"größe \U0001f600": 1}
    path.write_bytes(line("你好", **unknown) + line("b", encoding_format="größe 你"))
    ran = command("check", f"--format={form}", str(path), "größe/missing.jsonl", env=env)

    assert ran.status == 2
    assert "unknown_parameter" in ran.out
    assert "missing.jsonl: No such file or directory" in ran.err
    assert command("rule", "unknown_parameter", env=env).status == 0
    assert command("rule", "größe", env=env).status == 2


# -- readers that go away, interrupts, full disks ----------------------------------------------------------------------


@contextlib.contextmanager
def started(*args: str, stdin: int = subprocess.DEVNULL, stdout: int = subprocess.PIPE,
            stderr: int = subprocess.PIPE) -> Iterator[subprocess.Popen[bytes]]:
    """A run of the command that is under way."""
    with subprocess.Popen([sys.executable, "-m", "batchlint", *args], stdin=stdin, stdout=stdout, stderr=stderr) as process:
        try:
            yield process
        finally:
            process.kill()


def ending(process: subprocess.Popen[bytes]) -> tuple[int, str]:
    """The exit status and standard error of a run, once it has ended."""
    status = process.wait(timeout=60)
    assert process.stderr is not None
    return status, process.stderr.read().decode()


@posix
@pytest.mark.parametrize("args", [["check", "--format=jsonl", MANY], ["check", "--max-errors=0", MANY], ["check", "--format=json", MANY, GOOD],
                                  ["rule"], ["rule", "invalid_type"], ["schema", "/v1/responses"], ["schema"], ["--help"]],
                         ids=lambda args: " ".join(args[:2]))
def test_a_reader_that_goes_away_ends_the_command_quietly(args: list[str]) -> None:
    """At once, and after the first line, as `head -1` does."""
    for lines in (0, 1):
        with started(*args) as process:
            assert process.stdout is not None
            for _ in range(lines):
                assert process.stdout.readline()
            process.stdout.close()
            status, err = ending(process)
        assert err == ""
        assert status in (0, 1)  # that of what was seen so far, never 2
        assert args[0] == "check" or status == 0


@posix
def test_a_full_disk_is_told() -> None:
    if not Path("/dev/full").exists():
        pytest.skip("needs /dev/full")
    for args in (["check", GOOD], ["check", "--format=json", MANY], ["rule"], ["schema", "/v1/responses"]):
        with Path("/dev/full").open("wb") as full, started(*args, stdout=full.fileno()) as process:
            status, err = ending(process)
        assert "Traceback" not in err
        assert status == 2
        assert "No space left on device" in err


@posix
def test_what_cannot_be_told_on_standard_error_changes_no_verdict() -> None:
    if not Path("/dev/full").exists():
        pytest.skip("needs /dev/full")
    for args, printed in ((["check", "missing"], 0), (["check", "--nonsense"], 0), (["check", "missing", GOOD], 2)):
        with Path("/dev/full").open("wb") as full, started(*args, stderr=full.fileno()) as process:
            out, _ = process.communicate(timeout=60)
        assert process.returncode == 2
        assert len(out.splitlines()) == printed


@posix
def test_a_closed_standard_output_is_no_traceback() -> None:
    for args in (f"check {GOOD}", "rule", "schema /v1/videos"):
        made = subprocess.run(f"{sys.executable} -m batchlint {args} >&-", shell=True, capture_output=True, text=True, check=False)
        assert "Traceback" not in made.stderr


@posix
@pytest.mark.parametrize(("sent", "wanted", "said"), [(signal.SIGINT, 130, "batchlint: interrupted"), (signal.SIGTERM, 143, "")])
@pytest.mark.parametrize("args", [["-"], ["--jobs=2", "-"], ["--format=json", "-"]], ids=" ".join)
def test_a_signal_while_a_long_input_is_read_ends_the_command(args: list[str], sent: int, wanted: int, said: str) -> None:
    with started("check", *args, stdin=subprocess.PIPE) as process:
        assert process.stdin is not None
        for number in range(40):  # more than a pipe holds: when all is written the command is reading
            process.stdin.write(line(str(number), input="x" * 100_000))
        process.stdin.flush()
        time.sleep(0.3)
        process.send_signal(sent)
        status, err = ending(process)

    assert status == wanted
    assert err.strip() == said


def test_a_command_that_is_interrupted_while_it_starts_says_so(tmp_path: Path) -> None:
    (tmp_path / "click.py").write_text("import os, signal\nos.kill(os.getpid(), signal.SIGINT)\n", "utf-8")
    ran = command("--version", env={"PYTHONPATH": str(tmp_path)})

    assert ran == (130, "", "batchlint: interrupted\n")


# -- what an attack found ----------------------------------------------------------------------------------------------


@posix
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("module", ["uuid", "batchlint.schemas", "jsonschema_rs", "click.core"])
def test_a_signal_in_the_middle_of_an_import_waits_for_its_end(module: str, number: signal.Signals, tmp_path: Path) -> None:
    """orjson crashes if what it imports is interrupted."""
    (tmp_path / "sitecustomize.py").write_text(f"""
import os, sys
class Finder:
    def find_spec(self, name, path=None, target=None):
        if name == {module!r}:
            os.kill(os.getpid(), {int(number)})
sys.meta_path.insert(0, Finder())
""", "utf-8")
    ran = command("check", GOOD, env={"PYTHONPATH": str(tmp_path)})

    assert ran == (128 + number, "", "batchlint: interrupted\n" if number == signal.SIGINT else "")


@posix
def test_a_second_signal_changes_nothing() -> None:
    with started("check", "-", stdin=subprocess.PIPE) as process:
        time.sleep(0.5)
        for _ in range(3):
            process.send_signal(signal.SIGTERM)
            process.send_signal(signal.SIGINT)
        assert ending(process) in [(143, ""), (130, "batchlint: interrupted\n")]  # of two at a time, either may be seen first


@posix
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_workers_that_are_fed_from_a_stream(number: signal.Signals, tmp_path: Path) -> None:
    path = tmp_path / "batch.jsonl"
    path.write_bytes(b"".join(line(str(i), input="x" * 20_000) for i in range(800)))
    for pause in (0.15, 0.25, 0.35):
        with path.open("rb") as file, started("check", "-j2", "-", stdin=file.fileno()) as process:
            time.sleep(pause)
            process.send_signal(number)
            status, err = ending(process)
        assert status in (128 + number, 0)  # it may have been done
        assert "Traceback" not in err


@posix
def test_a_closed_standard_error_changes_no_verdict() -> None:
    for options in ("", "--format json", "--progress", "-j2", "--bogus"):
        ran = subprocess.run(["/bin/sh", "-c", f'"$0" -m batchlint check {options} "$1" 2>&-', sys.executable, GOOD],
                             capture_output=True, check=False)
        assert (ran.returncode, bool(ran.stdout)) == ((2, False) if options == "--bogus" else (0, True)), options


@posix
def test_a_standard_input_that_does_not_wait_is_made_to_wait() -> None:
    read, write = os.pipe()
    os.set_blocking(read, False)
    with started("check", "--format=jsonl", "-", stdin=read) as process:
        for part in (line("a")[:30], line("a")[30:], b"garbage\n"):
            time.sleep(0.3)
            os.write(write, part)
        os.close(write)
        out, _ = process.communicate(timeout=60)
    os.close(read)

    assert [json.loads(row)["line"] for row in out.splitlines()] == [2]


@pytest.mark.parametrize(("options", "param"), [
    (["--completion-window", "\udcff"], "completion_window"), (["--output-expires-after", "9" * 25], "output_expires_after.seconds"),
    (["--output-expires-after", "-" + "9" * 25], "output_expires_after.seconds"), (["--endpoint", "\udcff"], "endpoint")])
def test_no_parameter_of_the_create_call_is_too_odd_for_a_finding(
    options: list[str], param: str, run: Callable[..., Ran]
) -> None:
    ran = run("check", "--format=jsonl", *options, GOOD)

    assert ran.status == 1
    assert [json.loads(row)["param"] for row in ran.out.splitlines()] == [param]


@posix
def test_a_report_does_not_overwrite_standard_input(tmp_path: Path) -> None:
    path = tmp_path / "in.jsonl"
    path.write_bytes(line())
    with path.open("rb") as file:
        process = subprocess.run([sys.executable, "-m", "batchlint", "check", "--output-file", path, "-"], stdin=file,
                                 capture_output=True, check=False)

    assert process.returncode == 2
    assert b"would overwrite" in process.stderr
    assert path.read_bytes() == line()


def test_a_report_takes_over_who_may_read_what_was_there(run: Callable[..., Ran], tmp_path: Path) -> None:
    path = tmp_path / "report.txt"
    path.write_text("old", "utf-8")
    path.chmod(0o640)

    assert run("check", "--output-file", str(path), GOOD).status == 0
    assert path.stat().st_mode & 0o777 == (0o640 if os.name == "posix" else path.stat().st_mode & 0o777)
    assert run("check", "--output-file", f"{path}/", GOOD).err == f"batchlint: {path}/: cannot be written: Not a directory\n"
    assert path.read_text("utf-8").endswith("no errors\n")


def test_the_name_of_a_file_begins_no_line_of_standard_error(run: Callable[..., Ran]) -> None:
    assert run("check", "a\n::error::x.jsonl").err == "batchlint: a\\n::error::x.jsonl: No such file or directory\n"
