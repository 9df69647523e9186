"""Common steps of the server tests: upload files, create and poll batches, read results."""

from __future__ import annotations

import json
from typing import Any, Final

from openai import OpenAI
from openai.types import Batch
from pydantic import BaseModel

CHAT: Final = "/v1/chat/completions"


def upload(client: OpenAI, data: bytes, name: str = "requests.jsonl") -> str:
    """Upload a file, and return its ID."""
    return client.files.create(file=(name, data), purpose="batch").id


def create(client: OpenAI, data: bytes, endpoint: Any = CHAT, **params: Any) -> Batch:
    """Upload a file, and create a batch from it."""
    return client.batches.create(
        input_file_id=upload(client, data),
        endpoint=endpoint,
        completion_window="24h",
        **params,
    )


def finish(client: OpenAI, batch: Batch) -> Batch:
    """Poll a batch until it ends."""
    for _ in range(10):
        if batch.status in ("completed", "failed", "cancelled"):
            return batch
        batch = client.batches.retrieve(batch.id)
    raise AssertionError(f"the batch is {batch.status} after ten polls")


def read(client: OpenAI, file_id: str | None) -> list[dict[str, Any]]:
    """Return the decoded lines of a file."""
    assert file_id is not None
    return [json.loads(text) for text in client.files.content(file_id).text.splitlines()]


def assert_client_knows_all_fields(value: Any, raw: Any) -> None:
    """Assert that an object of the official client contains the whole JSON in declared fields."""
    assert _to_json(value) == raw
    _assert_no_extra(value)


def _to_json(value: Any) -> Any:
    return value.model_dump(mode="json", by_alias=True, exclude_unset=True)


def _assert_no_extra(value: Any) -> None:
    if isinstance(value, BaseModel):
        assert not value.model_extra, f"{type(value).__name__} does not know {value.model_extra}"
        for name in type(value).model_fields:
            _assert_no_extra(getattr(value, name))
    elif isinstance(value, list):
        for item in value:
            _assert_no_extra(item)
