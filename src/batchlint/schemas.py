"""The schemas that ship with the package: found, read, and compiled into gates and explainers."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import orjson

if TYPE_CHECKING:
    from .explain import Explainer

#: The endpoints of a batch (source: the Batch guide, October 2026), in the guide's order.
ENDPOINTS: Final = (
    "/v1/responses", "/v1/chat/completions", "/v1/embeddings", "/v1/completions", "/v1/moderations",
    "/v1/images/generations", "/v1/images/edits", "/v1/videos",
)

Gate = Callable[[Any], bool]


def load(name: str) -> dict[str, Any]:
    """A schema by its name below `schemas/`, without the suffix: `v1/embeddings`, `report`.

    Raises:
        RuntimeError: there is no such schema.
    """
    try:
        schema: dict[str, Any] = orjson.loads((_folder() / f"{name}.json").read_bytes())
    except FileNotFoundError as error:  # not to be taken for a file of the user's
        raise RuntimeError(f"batchlint is not installed as a whole: the schema {name!r} is missing") from error
    return schema


@cache
def _folder() -> Path:
    """Where the schemas lie: in the installed package, or at the root of a checkout."""
    packaged = Path(__file__).parent / "schemas"  # importlib.resources would take 15 ms to say so
    return packaged if packaged.is_dir() else Path(__file__).parents[2] / "schemas"


class Family(NamedTuple):
    """Models that refuse the same things.

    Attributes:
        name: for people.
        pattern: of the whole name of a model.
        patch: what to lay over the schemas, by url.
        context: the size of the context window, in tokens; None where it is not known or differs.
    """

    name: str
    pattern: str
    patch: Mapping[str, Mapping[str, Any]]
    context: int | None


@cache
def families() -> tuple[Family, ...]:
    """The families of the table; the first that matches counts."""
    return tuple(Family(row["name"], row["pattern"], row["patch"],
                        row.get("context")) for row in load("models")["families"])


@cache
def shutdowns() -> Mapping[str, str]:
    """The announced date (ISO 8601) of the end of every model that has one."""
    dates: Mapping[str, str] = load("models")["shutdowns"]
    return dates


#: No name of a model is longer, and none is looked up that is.
_LONGEST_NAME: Final = 256


@lru_cache(maxsize=1024)
def family(model: str) -> Family | None:
    """The family of a model, of a fine-tuned one that of its base; None if the table has none."""
    base = model.split(":")[1] if model.startswith("ft:") else model
    return next((found for found in families() if _may_match(found.pattern, base)
                 and re.fullmatch(found.pattern, base)), None)


def _may_match(pattern: str, name: str) -> bool:
    """Whether a name begins with the letters of a pattern; compiling them all takes longer than a small file."""
    end = next((i for i, char in enumerate(pattern) if char in "\\([.?*+|{"), len(pattern))
    sure = pattern[: end - (pattern[end:end + 1] in ("?", "*", "{"))]  # these may leave out the letter before them
    return "|" in pattern or name.startswith(sure)


def context_window(model: str) -> int | None:
    """How many tokens the context window of a model has; None where the table does not say."""
    found = family(model) if len(model) <= _LONGEST_NAME else None
    return found.context if found is not None else None


def patched_for(url: str, model: object) -> str:
    """The name of the family whose patch changes an endpoint's schema for a model; empty if none does."""
    found = family(model) if isinstance(model, str) and len(model) <= _LONGEST_NAME else None
    return found.name if found is not None and url in found.patch else ""


@cache
def body(url: str, of: str = "") -> dict[str, Any]:
    """The schema of the body of a batch endpoint's requests.

    Args:
        url: the endpoint.
        of: the name of a family of models, whose refusals are to be in it.
    """
    if not of:
        return load(url.lstrip("/"))
    plain = body(url)
    patch = next(found.patch[url] for found in families() if found.name == of)
    merged: dict[str, Any] = merge_patch(plain, {key: value for key, value in patch.items() if key != "allOf"})
    added = [*plain.get("allOf", ()), *patch.get("allOf", ())]
    return merged | {"allOf": added} if added else merged


def merge_patch(target: Any, patch: Any) -> Any:
    """RFC 7386: objects merge, null removes a member, everything else replaces."""
    if not isinstance(patch, Mapping):
        return patch
    merged = dict(target) if isinstance(target, Mapping) else {}
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = merge_patch(merged.get(key), value)
    return merged


def gate(url: str, of: str = "") -> Gate:
    """A function that tells whether a whole decoded line is a request to this endpoint to which no schema objects.

    A line that has members beside the four is not let through: that is a warning.  Nor is an empty custom_id.
    """
    return compiled(_line(url, of))


def plain_gate(url: str, of: str, more: Mapping[str, Any]) -> Gate:
    """A function that tells whether a decoded line is let through, and its body fits one more schema.

    Both are asked at once: two calls would have to fetch everything into the caches twice.
    """
    line = _line(url, of)
    within = {key: value for key, value in line.items() if not key.startswith("$")}
    return compiled({"allOf": [{"properties": {"body": more}}, within], "$defs": line.get("$defs", {})})


def _line(url: str, of: str) -> dict[str, Any]:
    """The schema of a line for an endpoint."""
    schema = body(url, of)
    line = load("batch-request")
    line["properties"]["custom_id"]["minLength"] = 1
    line["properties"]["url"] = {"const": url}
    line["properties"]["body"] = {key: value for key, value in schema.items() if not key.startswith("$")}
    line["additionalProperties"] = False
    if "$defs" in schema:
        line["$defs"] = schema["$defs"]
    return line


@cache
def deprecated(url: str, of: str = "") -> frozenset[str]:
    """The members of a body that the API marks as deprecated and the family does not refuse anyway."""
    return frozenset(key for key, value in body(url, of)["properties"].items()
                     if value.get("deprecated") and value.get("enum") != [None])


@cache
def explainer(url: str, of: str = "") -> Explainer:
    """What explains a body that the endpoint's schema refuses."""
    return _explainer(body(url, of), at=("body",), hint=_hint(), compiled=compiled)


@cache
def line_explainer() -> Explainer:
    """What explains a line whose own members are wrong."""
    return _explainer(load("batch-request"), compiled=compiled)


@cache
def create_explainer() -> Explainer:
    """What explains the body of a `POST /v1/batches`."""
    return _explainer(load("batch-create"), hint=_hint())


@cache
def date() -> str:
    """The date (ISO 8601) of the client from which the schemas were generated; they know what it knew."""
    made: str = load("models")["date"]
    return made


def _hint() -> str:
    return f"Known as of {date()}, when the schema was made; a newer API may know more."


def _explainer(schema: Mapping[str, Any], **options: Any) -> Explainer:
    from .explain import Explainer  # late, for most files have nothing to explain

    return Explainer(schema, **options)


def engine() -> str:
    """The engine of the gates: `jsonschema-rs`, or `jsonschema` where that is absent or asked for.

    `BATCHLINT_ENGINE` names the one to use; both give the same reports.
    """
    name = os.environ.get("BATCHLINT_ENGINE", "")
    if name in ("jsonschema", "jsonschema-rs"):
        return name
    try:
        import jsonschema_rs  # noqa: F401 - only whether it is there
    except ImportError:
        return "jsonschema"
    return "jsonschema-rs"


def compiled(schema: Mapping[str, Any]) -> Gate:
    """A schema as a function that tells whether a value fits it."""
    if engine() == "jsonschema-rs":
        import jsonschema_rs

        gate: Gate = jsonschema_rs.validator_for(orjson.dumps(schema).decode()).is_valid
        return gate
    from jsonschema import Draft202012Validator

    validator = Draft202012Validator(ended(schema))

    def fits(value: Any) -> bool:
        try:
            return validator.is_valid(value)
        except RecursionError:  # what is nested that deep is to be looked at more closely
            return False

    return fits


def ended(schema: Any) -> Any:
    r"""The schema, with every pattern's final `$` as Python's `\Z`: its `$` also matches before a newline."""
    if isinstance(schema, list):
        return [ended(item) for item in schema]
    if not isinstance(schema, Mapping):
        return schema
    return {key: value.removesuffix("$") + r"\Z" if key == "pattern" and isinstance(value, str) and value.endswith("$")
            else ended(value) for key, value in schema.items()}
