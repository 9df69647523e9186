"""`batchlint provider`, and `--provider` of `batchlint check`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from batchlint.providers import provider, provider_names
from support import FIXTURES, CommandResult

Run = Callable[..., CommandResult]

OF_AZURE = str(FIXTURES / "providers" / "azure" / "valid.jsonl")
OF_VLLM = str(FIXTURES / "wild" / "vllm-project__vllm__openai_example_batch.jsonl")


# -- batchlint provider ---------------------------------------------------------------------------


def test_provider_lists_all_providers_with_one_line_each(run: Run) -> None:
    lines = run("provider").out.splitlines()

    assert [text.split()[0] for text in lines] == provider_names()
    assert all(len(text.split()) > 1 for text in lines)


@pytest.mark.parametrize("name", provider_names())
def test_provider_explains_a_provider_with_its_sources(name: str, run: Run) -> None:
    out = run("provider", name).out
    one = provider(name)

    assert out.startswith(f"{name}: {one.title}\n")
    for sources in one.sources.values():
        assert all(source in out for source in sources)
    if one.safe_limits.requests is not None:
        assert f"{one.safe_limits.requests:,}" in out


def test_unknown_provider_is_a_usage_error_with_near_names(run: Run) -> None:
    for arguments in (["provider", "azur"], ["check", "--provider=azur", OF_AZURE]):
        result = run(*arguments)

        assert result.status == 2
        assert "unknown provider 'azur'; did you mean azure?" in result.err


# -- batchlint check ------------------------------------------------------------------------------


def test_check_takes_the_provider_of_the_command_line(run: Run) -> None:
    assert run("check", OF_AZURE).status == 1
    assert run("check", "--provider=azure", OF_AZURE).status == 0


def test_check_uses_the_per_file_provider_from_the_configuration(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("batchlint.toml").write_text(
        'provider = "azure"\n[per-file."groq*"]\nprovider = "groq"\n', "utf-8"
    )
    for name in ("azure", "groq"):
        valid = (FIXTURES / "providers" / name / "valid.jsonl").read_bytes()
        Path(f"{name}.jsonl").write_bytes(valid)

    assert run("check", "azure.jsonl", "groq.jsonl").status == 0
    assert run("check", "--provider=groq", "azure.jsonl", "groq.jsonl").status == 1


def test_endpoint_of_the_create_call_is_spelled_as_for_the_provider(run: Run) -> None:
    of_together = str(FIXTURES / "providers" / "together" / "valid.jsonl")
    options = ("check", "--provider=together", of_together)

    assert run(*options, "--endpoint=/v1/chat/completions").status == 0
    result = run(*options, "--endpoint=/v1/embeddings")
    assert result.status == 1
    assert "invalid_value endpoint" in result.out


# -- the hint to use it ---------------------------------------------------------------------------


def test_file_with_a_foreign_model_gets_one_hint_and_keeps_its_status(run: Run) -> None:
    result = run("check", "--strict", OF_VLLM)

    assert result.status == 0
    assert result.out.count("hint: ") == 1
    assert "`--provider NAME`" in result.out


def test_json_has_the_provider_and_the_hint(run: Run) -> None:
    [report] = json.loads(run("check", "--format=json", OF_VLLM).out)["files"]
    [other] = json.loads(run("check", "--format=json", "--provider=vllm", OF_VLLM).out)["files"]

    assert report["provider"] == "openai"
    assert "is not an OpenAI model" in report["hint"]
    assert (other["provider"], other["hint"]) == ("vllm", None)
