"""The two schema engines, which have one interface. `tests/laws` compares them on many bodies."""

from __future__ import annotations

import sys
import tracemalloc
from collections.abc import Callable
from typing import Any

import orjson
import pytest

from batchlint.providers import CHAT, EMBEDDINGS, RESPONSES, provider
from batchlint.schema.explain import Explainer
from batchlint.schema.store import body_schema, line_fields_schema
from batchlint.schema.validate import anchor_patterns, compile_schema, engine_name
from support import count_garbage

ENGINES = ["jsonschema", "jsonschema-rs"]


@pytest.fixture(params=ENGINES)
def compile_with_engine(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Callable[[Any], Callable[[Any], bool]]:
    """Return `compile_schema` for each engine."""
    monkeypatch.setenv("BATCHLINT_ENGINE", request.param)
    return compile_schema


def test_engine_is_jsonschema_rs_if_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BATCHLINT_ENGINE", raising=False)
    pytest.importorskip("jsonschema_rs")

    assert engine_name() == "jsonschema-rs"


def test_engine_falls_back_to_jsonschema(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BATCHLINT_ENGINE", raising=False)
    monkeypatch.setitem(sys.modules, "jsonschema_rs", None)

    assert engine_name() == "jsonschema"


@pytest.mark.parametrize("name", ENGINES)
def test_variable_chooses_the_engine(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BATCHLINT_ENGINE", name)

    assert engine_name() == name


def test_unknown_engine_is_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BATCHLINT_ENGINE", "other")

    assert engine_name() in ENGINES


@pytest.mark.parametrize(
    ("schema", "value", "valid"),
    [
        pytest.param({"type": "integer"}, 1, True, id="integer"),
        pytest.param({"type": "integer"}, 1.0, True, id="whole float"),
        pytest.param({"type": "integer"}, True, False, id="boolean for integer"),
        pytest.param({"enum": [1]}, True, False, id="boolean among integers"),
        pytest.param({"pattern": "^a$"}, "a", True, id="pattern"),
        pytest.param({"pattern": "^a$"}, "a\n", False, id="pattern and a newline"),
        pytest.param({"maxLength": 1}, "\U0001f600", True, id="length in characters"),
    ],
)
def test_both_engines_agree(
    schema: dict[str, Any],
    value: object,
    valid: bool,
    compile_with_engine: Callable[[Any], Callable[[Any], bool]],
) -> None:
    assert compile_with_engine(schema)(value) is valid


SPACES = [chr(code) for code in range(0x10000) if chr(code).isspace()] + ["\ufeff"]


def test_no_engine_accepts_any_kind_of_space_in_a_model_name(
    compile_with_engine: Callable[[Any], Callable[[Any], bool]],
) -> None:
    r"""Engines differ in the characters that `\s` matches."""
    for endpoint in (CHAT, RESPONSES, EMBEDDINGS):
        is_valid = compile_with_engine(body_schema(endpoint)["properties"]["model"])

        assert is_valid("gpt-4o")
        assert not any(is_valid(f"gpt{space}4o") for space in SPACES)


def test_no_engine_accepts_a_newline_after_a_url(
    compile_with_engine: Callable[[Any], Callable[[Any], bool]],
) -> None:
    schema = line_fields_schema(provider("vllm"))["properties"]["url"]
    is_valid = compile_with_engine(schema)
    for url in ("/v1/chat/completions", "/v1/score"):
        assert is_valid(url)
        assert not is_valid(f"{url}\n")
        assert Explainer({"properties": {"url": schema}}).explain({"url": f"{url}\n"})


def test_value_too_deep_for_jsonschema_is_checked_down_to_64_levels(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("BATCHLINT_ENGINE", "jsonschema")
    is_valid = compile_schema(
        {
            "$defs": {"a": {"items": {"$ref": "#/$defs/a"}, "maxItems": 1}},
            "$ref": "#/$defs/a",
        }
    )
    deep: list[Any] = []
    for _ in range(10_000):
        deep = [deep]

    assert is_valid(deep)
    assert not is_valid([deep, deep])
    assert not is_valid([[deep, deep]])


def test_patterns_are_anchored_at_every_depth() -> None:
    schema = {
        "pattern": "^a$",
        "anyOf": [{"pattern": "b"}, {"pattern": "c$"}],
        "properties": {"pattern": {"pattern": "d$"}},
    }

    assert anchor_patterns(schema) == {
        "pattern": r"^a\Z",
        "anyOf": [{"pattern": "b"}, {"pattern": r"c\Z"}],
        "properties": {"pattern": {"pattern": r"d\Z"}},
    }


def test_long_string_is_not_copied_into_unused_messages(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With the copies, a 50 MB image took 2.7 GB."""
    monkeypatch.setenv("BATCHLINT_ENGINE", "jsonschema")
    is_valid = compile_schema({"anyOf": [{"type": "array"}, {"maxLength": 5_000_000}, False]})
    text = "ü" * 10_000_000
    tracemalloc.start()

    assert not is_valid([{"x": text}, text][1])
    assert tracemalloc.get_traced_memory()[1] < 2.5 * sys.getsizeof(text)

    tracemalloc.stop()


@pytest.mark.parametrize("size", [1000, 1001, 5000])
def test_long_string_is_validated_unchanged(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BATCHLINT_ENGINE", "jsonschema")
    text = "x" * size
    schema = {
        "type": "string",
        "pattern": "^x+$",
        "maxLength": size,
        "minLength": size,
        "enum": [text],
    }

    assert compile_schema(schema)(text)
    assert not compile_schema(schema)(text + "\n")
    assert compile_schema({"properties": {text: {"const": text}}, "required": [text]})({text: text})


@pytest.mark.parametrize("value", [[[None]] * 1000, orjson.loads("[" * 1000 + "]" * 1000)])
def test_engine_leaves_no_reference_cycles(
    value: Any, compile_with_engine: Callable[[Any], Callable[[Any], bool]]
) -> None:
    """With `jsonschema`, embeddings of 4 MB took 12 GB. The command doesn't collect garbage."""
    items = {"anyOf": [{"type": "string"}, {"type": "array", "items": {"$ref": "#/$defs/item"}}]}
    is_valid = compile_with_engine(
        {"anyOf": [{"items": {"type": "integer"}}, items], "$defs": {"item": items}}
    )

    assert count_garbage(is_valid, value) < 10


def test_compiled_schema_leaves_no_reference_cycles(
    compile_with_engine: Callable[[Any], Callable[[Any], bool]],
) -> None:
    """A service may accept any URL, and each URL has its own schema."""
    schema = {"properties": {"a": {"anyOf": [{"type": "string"}, {"type": "null"}]}}}

    assert count_garbage(lambda: compile_with_engine(schema)({"a": 1})) < 10
