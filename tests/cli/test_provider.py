"""`batchlint provider` and `batchlint check --provider`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from batchlint.providers import provider, provider_names
from support import FIXTURES, CommandResult

Run = Callable[..., CommandResult]

AZURE_FILE = str(FIXTURES / "providers" / "azure" / "valid.jsonl")
VLLM_FILE = str(FIXTURES / "wild" / "vllm-project__vllm__openai_example_batch.jsonl")


# -- batchlint provider ---------------------------------------------------------------------------


def test_provider_lists_all_providers_one_per_line(run: Run) -> None:
    lines = run("provider").out.splitlines()

    assert [text.split()[0] for text in lines] == provider_names()
    assert all(len(text.split()) > 1 for text in lines)


@pytest.mark.parametrize("name", provider_names())
def test_provider_prints_its_title_sources_and_request_limit(name: str, run: Run) -> None:
    out = run("provider", name).out
    expected = provider(name)

    assert out.startswith(f"{name}: {expected.title}\n")
    for sources in expected.sources.values():
        assert all(source in out for source in sources)
    if expected.safe_limits.requests is not None:
        assert f"{expected.safe_limits.requests:,}" in out


def test_unknown_provider_is_a_usage_error_with_a_suggestion(run: Run) -> None:
    for arguments in (["provider", "azur"], ["check", "--provider=azur", AZURE_FILE]):
        result = run(*arguments)

        assert result.status == 2
        assert "unknown provider 'azur'; did you mean azure?" in result.err


# -- batchlint check ------------------------------------------------------------------------------


def test_provider_option_sets_the_provider(run: Run) -> None:
    assert run("check", AZURE_FILE).status == 1
    assert run("check", "--provider=azure", AZURE_FILE).status == 0


def test_config_file_sets_a_provider_per_file_and_the_option_overrides_it(
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


def test_endpoint_option_must_name_an_endpoint_of_the_provider(run: Run) -> None:
    together_file = str(FIXTURES / "providers" / "together" / "valid.jsonl")
    options = ("check", "--provider=together", together_file)

    assert run(*options, "--endpoint=/v1/chat/completions").status == 0
    result = run(*options, "--endpoint=/v1/embeddings")
    assert result.status == 1
    assert "invalid_value endpoint" in result.out


# -- the hint to use --provider -------------------------------------------------------------------


def test_model_of_another_provider_causes_one_hint_and_exit_status_0(run: Run) -> None:
    result = run("check", "--strict", VLLM_FILE)

    assert result.status == 0
    assert result.out.count("hint: ") == 1
    assert "`--provider NAME`" in result.out


def test_json_report_contains_the_provider_and_the_hint(run: Run) -> None:
    [report] = json.loads(run("check", "--format=json", VLLM_FILE).out)["files"]
    [other] = json.loads(run("check", "--format=json", "--provider=vllm", VLLM_FILE).out)["files"]

    assert report["provider"] == "openai"
    assert "is not an OpenAI model" in report["hint"]
    assert (other["provider"], other["hint"]) == ("vllm", None)
