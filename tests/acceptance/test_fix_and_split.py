"""The recipes in `docs/fix-and-split.md`, run unchanged."""

from __future__ import annotations

from pathlib import Path

import pytest

from acceptance.openai_service import Service
from acceptance.recipes import Recipes
from support import line

CHAT = "/v1/chat/completions"
RECIPES = Recipes("fix-and-split.md")
run = RECIPES.run


@pytest.fixture(autouse=True)
def _in_an_empty_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_every_python_block_is_tested() -> None:
    assert list(RECIPES) == ["Fix in a pipeline", "Split and upload every part"]


def test_fix_recipe_writes_the_fixed_file_and_prints_the_fixes(
    capsys: pytest.CaptureFixture[str],
) -> None:
    Path("requests.jsonl").write_bytes(b"\n" + line("a", CHAT, stream=True))
    run("Fix in a pipeline")

    assert Path("fixed.jsonl").read_bytes() == line("a", CHAT)
    assert capsys.readouterr().out == "1 fixed: blank_line\n1 fixed: streaming_unsupported\n"


def test_fix_recipe_exits_with_an_error_if_errors_remain(
    capsys: pytest.CaptureFixture[str],
) -> None:
    Path("requests.jsonl").write_bytes(line("a", CHAT, bogus=1))
    with pytest.raises(SystemExit, match="errors remain"):
        run("Fix in a pipeline")

    assert "unknown_parameter body.bogus" in capsys.readouterr().out


def test_split_recipe_creates_a_batch_for_every_part(
    service: Service, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = [line("a", CHAT), line("b", CHAT, model="n"), line("c")]
    Path("requests.jsonl").write_bytes(b"".join(lines))
    names = run("Split and upload every part")
    names["client"].close()

    assert [content for _, _, content in service.uploads] == lines
    assert [call["endpoint"] for call in service.creates] == [CHAT, CHAT, "/v1/embeddings"]
    assert len(capsys.readouterr().out.splitlines()) == 3


def test_split_recipe_reports_unplaceable_lines_and_uploads_nothing(
    service: Service, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("requests.jsonl").write_bytes(line("a", CHAT) + b"{}\n")
    with pytest.raises(SystemExit):
        run("Split and upload every part")

    assert capsys.readouterr().out.startswith("2 The request has no valid url")
    assert service.paths == []
