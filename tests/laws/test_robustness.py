"""No data makes a check raise. The result is always a report that can be serialized as JSON."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any, NamedTuple

import orjson
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from batchlint import check
from batchlint.providers import provider, schema_variant
from batchlint.report import Report
from batchlint.rules import RULES
from batchlint.schema.store import body_schema
from strategies import ANY_FILE, MODELS, REPLACEMENTS, mutated_bodies, paths, replace_at
from support import example_lines, line


def check_anything(data: bytes) -> Report:
    """Check data, and verify the properties of every report."""
    report = check(data, keep=5, warn=["duplicate_key"])

    assert json.loads(orjson.dumps(report.to_dict()))["ok"] is report.ok
    assert orjson.dumps(report.to_batch())
    assert report.ok == (not report.errors)
    assert report.failed <= report.total <= data.count(b"\n") + 1
    return report


@given(st.binary(max_size=200))
def test_check_accepts_any_bytes(data: bytes) -> None:
    check_anything(data)


@given(ANY_FILE)
@example(b"\xef\xbb\xbf")
@example(b"\xef\xbb\xbf\n\xef\xbb\xbf{}")
@example(b"\x01\n\x01\n")
@example(b'{"custom_id": "a", "url": ["/v1/embeddings"], "body": {}}')
@example(b'{"custom_id": "a", "url": {"x": 1}, "method": [], "body": [1]}')
@example(b'{"custom_id": "a", "method": "POST", "url": null, "body": {"model": null}}')
def test_check_accepts_any_file(data: bytes) -> None:
    check_anything(data)


@settings(max_examples=300)
@given(mutated_bodies(), st.sampled_from(MODELS))
def test_check_accepts_any_body(case: tuple[str, dict[str, Any]], model: str) -> None:
    url, body = case
    for changed in (body, body | {"model": model}):
        row = {"custom_id": "a", "method": "POST", "url": url, "body": changed}
        check_anything(json.dumps(row).encode())


#: One model for each variant of an endpoint's schema, as (URL, model).
MODEL_OF_EACH_VARIANT = sorted(
    {
        (url, schema_variant(endpoint, model)): (url, model)
        for url, endpoint in provider().endpoints.items()
        for model in MODELS
    }.values()
)


@pytest.mark.parametrize(("url", "model"), MODEL_OF_EACH_VARIANT)
def test_check_accepts_any_value_of_a_parameter(url: str, model: str) -> None:
    names = body_schema(provider().endpoints[url])["properties"]
    data = b"".join(
        line(f"{name} {number}", url, **{"model": model, name: value})
        for name in names
        for number, value in enumerate(REPLACEMENTS)
    )

    check_anything(data)


def test_check_accepts_any_value_in_a_failing_example() -> None:
    """A rule may expect a string where the line has a number or an unhashable value."""
    requests = []
    for rule in RULES.values():
        for text in rule.examples("Fails"):
            for part in example_lines(text).splitlines():
                with suppress(ValueError):  # Some examples are not JSON.
                    requests.append(orjson.loads(part))
    lines = [
        json.dumps(replace_at(request, path, new)).encode()
        for request in requests
        if isinstance(request, dict)
        for path in paths(request)
        if path
        for new in ([1], {"x": [1]}, 1, None, "x")
    ]

    assert len(lines) > 5000
    for start in range(0, len(lines), 500):
        check_anything(b"\n".join(lines[start : start + 500]))


# -- deeply nested values -------------------------------------------------------------------------


class Nest(NamedTuple):
    """A value that can be nested to any depth."""

    opening: bytes
    inner: bytes
    closing: bytes


NESTS = {
    "arrays": Nest(b"[", b"1", b"]"),
    "objects": Nest(b'{"a":', b"1", b"}"),
    "filters": Nest(b'{"type":"and","filters":[', b'{"type":"eq","key":"k","value":1}', b"]}"),
    "schemas": Nest(
        b'{"type":"object","additionalProperties":false,"required":["a"],"properties":{"a":',
        b'{"type":"string"}',
        b"}}",
    ),
}

EMBEDDINGS = b'"/v1/embeddings"'
CHAT = b'"/v1/chat/completions"'
RESPONSES = b'"/v1/responses"'

#: Lines in which every @ is a placeholder for the nested value.
TEMPLATES = [
    b"@",
    b'{"custom_id": @, "method": "POST", "url": "/v1/embeddings", "body": {"model": "m", "input": "x"}}',
    b'{"custom_id": "a", "method": @, "url": "/v1/embeddings", "body": {"model": "m", "input": "x"}}',
    b'{"custom_id": "a", "method": "POST", "url": @, "body": {"model": "m", "input": "x"}}',
    b'{"custom_id": "a", "method": "POST", "url": "/v1/embeddings", "body": @}',
    *(
        b'{"custom_id": "a", "method": "POST", "url": %s, "body": %s}' % (url, body)
        for url, body in [
            (EMBEDDINGS, b'{"model": @, "input": "x"}'),
            (EMBEDDINGS, b'{"model": "m", "input": @}'),
            (EMBEDDINGS, b'{"model": "m", "input": "x", "bogus": @}'),
            (CHAT, b'{"model": "m", "messages": @}'),
            (CHAT, b'{"model": "m", "messages": [{"role": "user", "content": @}]}'),
            (CHAT, b'{"model": "m", "messages": [{"role": @, "content": "x"}], "metadata": @}'),
            (
                CHAT,
                b'{"model": "m", "messages": [{"role": "user", "content": "x"}], '
                b'"temperature": @, "stop": @}',
            ),
            (
                CHAT,
                b'{"model": "m", "messages": [{"role": "user", "content": "x"}], '
                b'"tools": [{"type": "function", "function": '
                b'{"name": "f", "strict": true, "parameters": @}}]}',
            ),
            (
                CHAT,
                b'{"model": "m", "messages": [{"role": "user", "content": "x"}], '
                b'"response_format": {"type": "json_schema", "json_schema": '
                b'{"name": "f", "strict": true, "schema": @}}}',
            ),
            (RESPONSES, b'{"model": "m", "input": @, "include": @, "service_tier": @}'),
            (
                RESPONSES,
                b'{"model": "m", "input": "x", "tools": '
                b'[{"type": "file_search", "vector_store_ids": ["v"], "filters": @}]}',
            ),
            (
                RESPONSES,
                b'{"model": "m", "input": '
                b'[{"type": "function_call_output", "call_id": "c", "output": @}]}',
            ),
        ]
    ),
]


@pytest.mark.parametrize("depth", [10, 130, 250, 330, 510, 900, 1020, 1100, 100_000])
@pytest.mark.parametrize("nest", NESTS.values(), ids=NESTS)
def test_check_accepts_any_nesting(nest: Nest, depth: int) -> None:
    value = nest.opening * depth + nest.inner + nest.closing * depth
    for template in TEMPLATES:
        check_anything(template.replace(b"@", value))
