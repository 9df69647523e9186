"""The recipes of `docs/fix-and-split.md`, run unchanged."""

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
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_every_python_block_is_a_tested_recipe() -> None:
    assert list(RECIPES) == ["Fix in a pipeline", "Split and upload every part"]


def test_pipeline_gets_a_repaired_file(capsys: pytest.CaptureFixture[str]) -> None:
    Path("requests.jsonl").write_bytes(b"\n" + line("a", CHAT, stream=True))
    run("Fix in a pipeline")

    assert Path("fixed.jsonl").read_bytes() == line("a", CHAT)
    assert capsys.readouterr().out == "1 fixed: blank_line\n1 fixed: streaming_unsupported\n"


def test_pipeline_stops_if_errors_remain(capsys: pytest.CaptureFixture[str]) -> None:
    Path("requests.jsonl").write_bytes(line("a", CHAT, bogus=1))
    with pytest.raises(SystemExit, match="errors are left"):
        run("Fix in a pipeline")

    assert "unknown_parameter body.bogus" in capsys.readouterr().out


def test_every_part_is_sent_as_a_batch(
    service: Service, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = [line("a", CHAT), line("b", CHAT, model="n"), line("c")]
    Path("requests.jsonl").write_bytes(b"".join(lines))
    names = run("Split and upload every part")
    names["client"].close()

    assert [content for _, _, content in service.uploads] == lines
    assert [call["endpoint"] for call in service.creates] == [CHAT, CHAT, "/v1/embeddings"]
    assert len(capsys.readouterr().out.splitlines()) == 3


def test_unplaced_line_is_printed_and_nothing_is_uploaded(
    service: Service, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("requests.jsonl").write_bytes(line("a", CHAT) + b"{}\n")
    with pytest.raises(SystemExit):
        run("Split and upload every part")

    assert capsys.readouterr().out.startswith("2 The request has no valid url")
    assert service.paths == []
