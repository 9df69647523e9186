"""Generate the schemas from the types of the pinned `openai` package and the facts in YAML.

    python schemas/refresh.py              write the files, and print what changes
    python schemas/refresh.py --check      exit 1 if a committed file is out of date
    python schemas/refresh.py --compare    write nothing; print what the installed package would change

The changes are printed as Markdown, for a pull request.

The package gives the structure of a request: its parameters, their JSON types and their listed
values. It doesn't give bounds, patterns or wording, and it is wrong in known places. `overlay.yaml`
adds these facts, each with its source. If a fact no longer changes anything, the script stops, so
that facts are deleted when the package catches up.

`models.json` comes from `models.yaml` and the package, `providers.json` and `providers/` from
`providers.yaml`, and `config.json` from `batchlint.config`. The schemas in `types/` keep only the
types of the parameters, for providers other than OpenAI.
"""

from __future__ import annotations

import argparse
import copy
import importlib
import json
import re
import sys
import types
import typing
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Literal, NotRequired, Required, Union, get_args, get_origin

import openai
import yaml
from typing_extensions import get_type_hints, is_typeddict

from batchlint.config import json_schema
from batchlint.phrasing import listed, quoted
from batchlint.schema.store import merge_patch

HERE = Path(__file__).parent
DIALECT = "https://json-schema.org/draft/2020-12/schema"
SCALARS: dict[Any, str] = {str: "string", int: "integer", float: "number", bool: "boolean"}
ENDPOINTS = {  # URL: the class of its request body in `openai.types`
    "/v1/responses": "responses.response_create_params.ResponseCreateParamsBase",
    "/v1/chat/completions": "chat.completion_create_params.CompletionCreateParamsBase",
    "/v1/embeddings": "embedding_create_params.EmbeddingCreateParams",
    "/v1/completions": "completion_create_params.CompletionCreateParamsBase",
    "/v1/moderations": "moderation_create_params.ModerationCreateParams",
    "/v1/images/generations": "image_generate_params.ImageGenerateParamsBase",
    "/v1/images/edits": "image_edit_params.ImageEditParamsBase",
    "/v1/videos": "video_create_params.VideoCreateParams",
}
UPLOADS = {"FileTypes", "InputReference"}  # types for multipart requests only

Schema = dict[str, Any]


class Definitions:
    """Collects the `$defs` of one endpoint while walking its types."""

    def __init__(self) -> None:
        self.schemas: dict[str, Schema] = {}
        self._names: dict[Any, str] = {}

    def schema(self, hint: Any) -> Schema:
        """Convert a type hint of the package to a JSON Schema."""
        origin = get_origin(hint)
        if hint in SCALARS:
            return {"type": SCALARS[hint]}
        if hint is None or hint is type(None):
            return {"type": "null"}
        if hint is object or hint is Any:
            return {}
        if is_typeddict(hint):
            return {"$ref": f"#/$defs/{self.name(hint)}"}
        if origin in (Required, NotRequired, typing.Annotated):
            return self.schema(get_args(hint)[0])
        if origin is Literal:
            return {"type": "string", "enum": list(get_args(hint))}
        if origin is Union or isinstance(hint, types.UnionType):
            return self.union(get_args(hint))
        if origin in (dict, Mapping, typing.get_origin(Mapping[str, str])):
            return {"type": "object", "additionalProperties": self.schema(get_args(hint)[1])}
        if isinstance(origin, type) and issubclass(origin, Iterable):
            return {"type": "array", "items": self.schema(get_args(hint)[0])}
        raise TypeError(f"no schema for {hint!r}")

    def name(self, cls: Any) -> str:
        """Name a class in `$defs`. If two classes share a name, the module's name precedes it."""
        if cls not in self._names:
            short = re.sub("Params?(Param)?$", "", cls.__name__)
            self._names[cls] = short  # Set before the walk, because types may be recursive.
            schema = self.object(cls)
            if self.schemas.get(short, schema) != schema:
                module = cls.__module__.rpartition(".")[2]
                short = (
                    "".join(map(str.title, re.sub("(_params?)+$", "", module).split("_")))
                    + "."
                    + short
                )
                self._names[cls] = short
            self.schemas[short] = schema
        return self._names[cls]

    def object(self, cls: Any) -> Schema:
        """Convert a TypedDict to a closed object."""
        properties: Schema = {}
        required: list[str] = []
        for key, hint in get_type_hints(cls, include_extras=True).items():
            properties[key] = self.schema(hint)
            if get_origin(hint) is typing.cast("Any", Required):
                required.append(key)
        schema: Schema = {"type": "object", "properties": properties}
        if required:
            schema["required"] = required
        return schema | {"additionalProperties": False}

    def union(self, hints: Iterable[Any]) -> Schema:
        """Convert a union. Branches that differ only in their JSON type become a list of types."""
        branches: list[Schema] = []
        for branch in map(self.schema, hints):
            for flat in branch.get("anyOf", [branch]):
                if flat not in branches:
                    branches.append(flat)
        if {"type": "string"} in branches:  # Any string: the listed values are only examples.
            branches = [b for b in branches if not (b.get("type") == "string" and "enum" in b)]
        null = {"type": "null"} in branches
        rest = [b for b in branches if b != {"type": "null"}]
        kinds = [b.get("type") for b in rest]
        plain = all(isinstance(kind, str) for kind in kinds) and len(set(kinds)) == len(kinds)
        if plain and not (len(rest) > 1 and any("enum" in b or "properties" in b for b in rest)):
            merged: Schema = {}
            for branch in rest:
                merged |= branch
            if len(kinds) > 1 or null:
                merged["type"] = [*kinds, *(["null"] if null else [])]
            if null and "enum" in merged:
                merged["enum"] = [*merged["enum"], None]
            return merged
        enums = [b for b in rest if b.get("type") == "string"]
        if len(enums) > 1:
            values = [value for branch in enums for value in branch["enum"]]
            rest = [
                {"type": "string", "enum": list(dict.fromkeys(values))},
                *(b for b in rest if b not in enums),
            ]
        return {"anyOf": [*rest, *([{"type": "null"}] if null else [])]}


def generate(url: str) -> Schema:
    """Generate the schema of an endpoint's body from the package, without the overlay."""
    module, _, cls = ENDPOINTS[url].rpartition(".")
    loaded = importlib.import_module(f"openai.types.{module}")
    for name in UPLOADS & vars(loaded).keys():
        members = [m for m in get_args(vars(loaded)[name]) if is_typeddict(m)]
        setattr(loaded, name, Union[tuple(members)] if members else object)  # noqa: UP007 - built at run time
    definitions = Definitions()
    root = definitions.object(getattr(loaded, cls))
    return root | {"$defs": dict(sorted(definitions.schemas.items()))}


def overlay(schemas: dict[str, Schema], facts: list[dict[str, Any]]) -> None:
    """Apply the facts of the overlay to the generated schemas, in order.

    Raises:
        SystemExit: a fact has no source, changes nothing, or adds a property that its `adds` doesn't list.
    """
    for fact in facts:
        if not fact.get("source"):
            raise SystemExit(f"overlay.yaml: a fact has no source: {fact}")
        added: set[str] = set()
        for target, patch in fact["patch"].items():
            changed = False
            for url, schema in schemas.items():
                place, key = (schemas, url) if target == url else (schema["$defs"], target)
                if key not in place and not (fact.get("new") and url in fact["new"]):
                    continue
                if key in place:
                    added.update(unknown_properties(place[key], patch))
                # Copied, because YAML aliases share one object.
                after = merge_patch(place.get(key), copy.deepcopy(patch))
                changed |= after != place.get(key)
                place[key] = after
            if not changed:
                raise SystemExit(
                    f"overlay.yaml: the fact about {target!r} no longer changes anything: {patch}"
                )
        declared = set(fact.get("adds", ()))
        if added != declared:
            raise SystemExit(
                f"overlay.yaml: {', '.join(fact['patch'])}: `adds` must list the properties that the fact adds to the generated "
                f"schema; not listed: {sorted(added - declared)}, not added: {sorted(declared - added)}"
            )


def unknown_properties(schema: Any, patch: Any) -> Iterator[str]:
    """Yield the properties that a patch names and a schema lacks. Added properties are skipped."""
    schema = schema if isinstance(schema, dict) else {}
    known = schema.get("properties", {})
    for name, inner in patch.get("properties", {}).items():
        if name not in known:
            yield name
        elif inner:
            yield from unknown_properties(known[name], inner)
    for keyword in ("items", "additionalProperties", "contains", "propertyNames", "not"):
        if isinstance(patch.get(keyword), dict):
            yield from unknown_properties(schema.get(keyword), patch[keyword])


def nullable(schema: Schema) -> Schema:
    """Allow null in a schema."""
    if "anyOf" in schema:
        null = {"type": "null"}
        return schema if null in schema["anyOf"] else schema | {"anyOf": [*schema["anyOf"], null]}
    if "$ref" in schema:
        return {"anyOf": [schema, {"type": "null"}]}
    if "type" not in schema:
        return schema
    kinds = [schema["type"]] if isinstance(schema["type"], str) else schema["type"]
    if "null" in kinds:
        return schema
    wider = schema | {"type": [*kinds, "null"]}
    return wider | {"enum": [*schema["enum"], None]} if "enum" in schema else wider


def allow_null(schema: Schema, keys: list[str] | Literal["everywhere"], never: list[str]) -> None:
    """Allow null for these root properties, or for every optional property of every object."""
    never = [*never, *schema.get("required", ())]
    for node in list(walk(schema)) if keys == "everywhere" else [schema]:
        properties = node.get("properties", {}) if "additionalProperties" in node else {}
        for key, value in properties.items():
            excluded = never if node is schema else node.get("required", ())
            if key not in excluded and (keys == "everywhere" or key in keys):
                properties[key] = nullable(value)


def in_order(root: Schema, order: list[str]) -> Schema:
    """Sort the properties of the root in the order in which the API checks them."""
    unknown = [key for key in order if key not in root["properties"]]
    if unknown:
        raise SystemExit(f"overlay.yaml: the order names unknown parameters: {unknown}")
    keys = [*order, *(key for key in root["properties"] if key not in order)]
    return root | {"properties": {key: root["properties"][key] for key in keys}}


def walk(schema: Any) -> Iterator[Schema]:
    """Yield a schema and all of its subschemas."""
    if not isinstance(schema, dict):  # `additionalProperties` may be a boolean.
        return
    yield schema
    for keyword in ("properties", "$defs"):
        for child in schema.get(keyword, {}).values():
            yield from walk(child)
    for keyword in ("anyOf", "allOf"):
        for child in schema.get(keyword, ()):
            yield from walk(child)
    for keyword in ("items", "additionalProperties", "contains", "propertyNames", "not"):
        yield from walk(schema.get(keyword))


def tags(branch: Schema, key: str, defs: dict[str, Schema]) -> list[str] | None:
    """List the values of `key` that select a branch of a union; None if `key` doesn't distinguish it."""
    branch = defs[branch["$ref"].rpartition("/")[2]] if "$ref" in branch else branch
    if "anyOf" in branch:
        inner = [tags(b, key, defs) for b in branch["anyOf"]]
        return (
            None
            if None in inner
            else list(dict.fromkeys(v for values in inner for v in values or ()))
        )
    values = branch.get("properties", {}).get(key, {}).get("enum")
    return [v for v in values if v is not None] if values else None


def mark_unions(schema: Schema) -> None:
    """Record in every union of objects the property that distinguishes its branches."""
    defs = schema["$defs"]
    for node in walk(schema):
        objects = [b for b in node.get("anyOf", ()) if "$ref" in b or b.get("type") == "object"]
        if len(objects) < 2 or "tag" in node.get("x-batchlint", {}):
            continue
        for key in ("type", "role"):
            known = [tags(branch, key, defs) for branch in objects]
            flat = [value for values in known for value in values or ()]
            if None not in known and len(flat) == len(set(flat)):
                node["x-batchlint"] = {"tag": key} | node.get("x-batchlint", {})
                break
        else:
            raise SystemExit(f"no property distinguishes the branches of this union: {node}")


def prune(schema: Schema) -> Schema:
    """Remove the definitions that nothing refers to."""
    used: set[str] = set()
    queue = [{key: value for key, value in schema.items() if key != "$defs"}]
    while queue:
        for node in walk(queue.pop()):
            name = str(node.get("$ref", "")).rpartition("/")[2]
            if name and name not in used:
                used.add(name)
                queue.append(schema["$defs"][name])
    return schema | {"$defs": {name: s for name, s in schema["$defs"].items() if name in used}}


def types_only(schema: Schema) -> Schema:
    """Keep only the types of the parameters, for providers other than OpenAI.

    Other services have their own parameters, values and bounds. They accept null for every optional
    parameter.
    """
    errors = schema.get("x-batchlint", {}).get("errors", {})
    required = schema.get("required", [])
    properties = {
        name: typed(child, schema["$defs"]) for name, child in schema["properties"].items()
    }
    return {
        "type": "object",
        "properties": {
            name: child if name in required else nullable(child)
            for name, child in properties.items()
        },
        "required": required,
        "x-batchlint": {"errors": {key: errors[key] for key in errors if key in MISSING}},
    }


#: The notes about missing parameters that apply to every provider.
MISSING = {"required:model", "required:messages"}


def typed(node: Schema, defs: Schema, above: tuple[str, ...] = ()) -> Schema:
    """Keep only the types of a schema. Recursive references accept anything."""
    reference = str(node.get("$ref", "")).rpartition("/")[2]
    if reference:
        return {} if reference in above else typed(defs[reference], defs, (*above, reference))
    if "anyOf" in node and "properties" not in node:
        return any_of([typed(branch, defs, above) for branch in node["anyOf"]])
    kept: Schema = {"type": node["type"]} if "type" in node else {}
    if "properties" in node:
        children = {name: typed(child, defs, above) for name, child in node["properties"].items()}
        kept["properties"] = {
            name: child if name == "role" else nullable(child) for name, child in children.items()
        }
        # Every service requires the role of a message. Some services have defaults for the other
        # fields.
        if "role" in node.get("required", ()):
            kept["required"] = ["role"]
    if "items" in node:
        kept["items"] = typed(node["items"], defs, above)
    return kept


def any_of(branches: list[Schema]) -> Schema:
    """Merge the branches of a union. The result accepts what any branch accepts."""
    if not all("type" in branch for branch in branches):
        return {}
    kinds = [kind for branch in branches for kind in types_of(branch)]
    kinds = list(dict.fromkeys(k for k in kinds if k != "integer" or "number" not in kinds))
    kinds = [kind for kind in kinds if kind != "null"] + ["null"] * ("null" in kinds)
    merged: Schema = {"type": kinds if len(kinds) > 1 else kinds[0]}
    arrays = [branch for branch in branches if "array" in types_of(branch)]
    items = [branch["items"] for branch in arrays if branch.get("items")]
    if items and len(items) == len(arrays):
        merged["items"] = any_of(items)
    objects = [branch for branch in branches if "object" in types_of(branch)]
    if objects and all("properties" in branch for branch in objects):
        names = list(objects[0]["properties"])
        merged["properties"] = {
            name: any_of([branch["properties"][name] for branch in objects])
            for name in names
            if all(name in branch["properties"] for branch in objects)
        }
        if all("role" in branch.get("required", ()) for branch in objects):
            merged["required"] = ["role"]
    return {key: value for key, value in merged.items() if value != {}}


def types_of(schema: Schema) -> list[str]:
    """List the types of a schema."""
    kinds = schema["type"]
    return [kinds] if isinstance(kinds, str) else kinds


#: The facts in a row of `providers.yaml`. Its `evidence` names the sources of each fact.
FACTS = (
    "endpoints",
    "default",
    "line",
    "any_method",
    "custom_id",
    "bodies",
    "parameters",
    "model",
    "limits",
    "window",
    "uses_file_endpoint",
    "rules",
)
#: The other fields of a row.
ABOUT = ("title", "service", "like", "body", "models", "evidence", "sources", "notes")
LIMITS = ("requests", "bytes", "line_bytes", "embedding_inputs", "embedding_requests")
LINE = ("custom_id", "method", "url", "body")


def providers(table: dict[str, Any]) -> dict[str, Any]:
    """Build the table of providers.

    Raises:
        SystemExit: a row has an unknown field, or a fact without a source and a date.
    """
    return {name: provider(name, row, table) for name, row in table.items()}


def index(rows: dict[str, dict[str, Any]], table: dict[str, Any]) -> dict[str, Any]:
    """Build the index of providers, with which batchlint recognizes the provider of a file."""
    return {
        name: {
            "title": row["title"],
            "service": row["service"],
            "models": table[name].get("models", []),
            "urls": list(row["endpoints"]),
            "line": list(row["line_fields"]),
            "codes": codes(row["rules"]),
        }
        for name, row in rows.items()
    }


def codes(rules: dict[str, dict[str, Any]]) -> dict[str, list[str]]:
    """List the rules for each of a provider's own codes."""
    found: dict[str, list[str]] = {}
    for rule, change in rules.items():
        if change.get("code"):
            found.setdefault(change["code"], []).append(rule)
    return found


def provider(name: str, row: dict[str, Any], table: dict[str, Any]) -> dict[str, Any]:
    """Build the row of one provider."""
    check_evidence(name, row)
    if "like" in row:
        model = table[row["like"]]
        merged = {key: merge_patch(model.get(key, {}), row.get(key, {})) for key in MERGED}
        merged["parameters"] = parameters(model, row)
        row = {key: model[key] for key in INHERITED if key in model} | row | merged
    limits = {key: safe_and_max(row.get("limits", {}).get(key)) for key in LIMITS}
    return {
        "title": row["title"],
        "service": row.get("service", ""),
        "endpoints": row["endpoints"],
        "default": row.get("default"),
        "limits": {key: maximum for key, (_, maximum) in limits.items()},
        "safe_limits": {key: safe for key, (safe, _) in limits.items()},
        "line": line_patch(row),
        "line_fields": {field: row["line"][field] == "required" for field in row["line"]},
        "body": row["body"],
        "bodies": row.get("bodies", {}),
        "parameters": row.get("parameters", {}),
        "model": row["model"],
        "window": row.get("window"),
        "uses_file_endpoint": row.get("uses_file_endpoint", False),
        "rules": row.get("rules", {}),
        "custom_id": row.get("custom_id", {}),
        "notes": row.get("notes", []),
        "sources": sources(row),
    }


#: The fields that a provider inherits from its `like`. Limits and `bodies` are never inherited.
INHERITED = ("body", "line", "endpoints", "default", "any_method")
MERGED = ("model", "rules")


def parameters(*rows: dict[str, Any]) -> dict[str, list[str]]:
    """Merge the parameter names of several rows, by endpoint."""
    joined: dict[str, set[str]] = {}
    for row in rows:
        for endpoint, names in row.get("parameters", {}).items():
            joined.setdefault(endpoint, set()).update(names)
    return {endpoint: sorted(names) for endpoint, names in joined.items()}


def check_evidence(name: str, row: dict[str, Any]) -> None:
    """Stop if a fact about a provider has no source, or a source has no date."""
    if unknown := row.keys() - {*FACTS, *ABOUT}:
        raise SystemExit(f"providers.yaml: {name}: unknown fields: {sorted(unknown)}")
    sources = row.get("sources", {})
    for key, source in sources.items():
        if not (source.get("what") and source.get("date")):
            raise SystemExit(f"providers.yaml: {name}: the source {key!r} lacks `what` or `date`")
    evidence = row.get("evidence", {})
    facts = {fact for fact in FACTS if fact in row and fact != "limits"}
    facts |= {f"limits.{limit}" for limit in row.get("limits", {})}
    if facts != evidence.keys():
        raise SystemExit(
            f"providers.yaml: {name}: `evidence` must name the sources of each fact; "
            f"missing: {sorted(facts - evidence.keys())}, unnecessary: {sorted(evidence.keys() - facts)}"
        )
    for fact, named in evidence.items():
        unknown = set(names_in(named)) - sources.keys()
        if unknown or not named:
            raise SystemExit(f"providers.yaml: {name}: {fact}: unknown sources {sorted(unknown)}")


def sources(row: dict[str, Any]) -> dict[str, list[str]]:
    """List the sources of each fact, with their dates."""
    read = {key: f"{source['what']} ({source['date']})" for key, source in row["sources"].items()}
    return {fact: [read[key] for key in names_in(named)] for fact, named in row["evidence"].items()}


def names_in(sources: str | list[str]) -> list[str]:
    """List the names of one source or of several."""
    return [sources] if isinstance(sources, str) else sources


def safe_and_max(limit: int | list[int | None] | None) -> tuple[int | None, int | None]:
    """Split a limit into (safe limit, maximum). Above the maximum, files are certain to be rejected."""
    if isinstance(limit, list):
        safe, maximum = limit
        return safe, maximum
    return limit, limit


def line_patch(row: dict[str, Any]) -> Schema:
    """Build the patch of `batch-request.json` for the lines of a provider."""
    fields = row["line"]
    patch: Schema = {}
    properties: Schema = {name: None for name in LINE if fields.get(name) is None}
    if row.get("any_method") and "method" in fields:
        properties["method"] = {"enum": None}
    if own := row.get("custom_id"):
        properties["custom_id"] = custom_id(own)
    if fields.get("custom_id") == "optional":
        properties["custom_id"] = properties.get("custom_id", {}) | {"type": ["string", "null"]}
    if properties:
        patch["properties"] = properties
    required = [name for name in LINE if fields.get(name) == "required"]
    if required != list(LINE):
        patch["required"] = required
    return patch


def custom_id(own: dict[str, Any]) -> Schema:
    """Build the patch of `custom_id` from its limits."""
    keywords = {"max": "maxLength", "min": "minLength", "pattern": "pattern"}
    rule = "doubtful_custom_id" if own.get("doubtful") else "refused_custom_id"
    message = own["message"]
    return {keywords[key]: own[key] for key in keywords if key in own} | {
        "x-batchlint": {
            "errors": {
                keywords[key]: {"rule": rule, "message": message} for key in keywords if key in own
            }
        }
    }


def build(*, any_version: bool = False) -> dict[Path, str]:
    """Return every file to write, with its text.

    Args:
        any_version: whether the installed package may differ from the pinned one.
    """
    config = yaml.safe_load((HERE / "overlay.yaml").read_text("utf-8"))
    if openai.__version__ != config["openai"] and not any_version:
        raise SystemExit(
            f"overlay.yaml is for openai {config['openai']}, but {openai.__version__} is installed"
        )
    schemas = {url: generate(url) for url in ENDPOINTS}
    overlay(schemas, config["facts"])
    files = {}
    for url, schema in schemas.items():
        settings = config["endpoints"][url]
        allow_null(schema, settings.get("nullable", []), settings.get("never_null", []))
        mark_unions(schema)
        made = prune(in_order(schema, settings["order"]))
        head = {
            "$schema": DIALECT,
            "$id": url.lstrip("/"),
            "title": f"The body of a batch request to {url}",
            "$comment": f"Generated by refresh.py from openai {openai.__version__} ({config['date']}) and "
            "overlay.yaml. Derived from Apache-2.0 material; modified. See README.md.",
        }
        files[HERE / (url.lstrip("/") + ".json")] = (
            json.dumps(head | made, indent=1, ensure_ascii=False) + "\n"
        )
        types_head = {
            "$id": f"types{url}",
            "title": f"The parameter types of a batch request to {url}",
        }
        files[HERE / f"types{url}.json"] = (
            json.dumps(head | types_head | types_only(made), indent=1, ensure_ascii=False) + "\n"
        )
    table = yaml.safe_load((HERE / "providers.yaml").read_text("utf-8"))
    rows = providers(table)
    files[HERE / "providers.json"] = json.dumps(index(rows, table), indent=1) + "\n"
    for name, row in rows.items():
        text = json.dumps(row, indent=1, ensure_ascii=False, default=str)
        files[HERE / "providers" / f"{name}.json"] = f"{text}\n"
    files[HERE / "config.json"] = json.dumps(json_schema(), indent=1) + "\n"
    files[HERE / "models.json"] = (
        json.dumps({"date": config["date"]} | models(schemas), indent=1, default=str) + "\n"
    )
    return files


DATE_SUFFIX = r"(-\d{4}-\d\d-\d\d)?"
EFFORTS = ("none", "minimal", "low", "medium", "high", "xhigh", "max")
CHAT, RESPONSES = "/v1/chat/completions", "/v1/responses"


def models(schemas: dict[str, Schema]) -> dict[str, Any]:
    """Build the table of models: what families reject, the names of models, and shutdown dates.

    Raises:
        SystemExit: a patch or a family names something that does not exist.
    """
    table = yaml.safe_load((HERE / "models.yaml").read_text("utf-8"))
    behaviors = {name: fact["patch"] for name, fact in table["behaviors"].items()}
    facts = [*table["behaviors"].items(), *((row["name"], row) for row in table["families"])]
    for name, fact in facts:
        if not (fact.get("source") and fact.get("date")):
            raise SystemExit(f"models.yaml: {name}: no source or date")
        check_patch(schemas, name, fact.get("patch", {}))
    families, variants = expand(table, behaviors)
    dates = announced()
    reported: dict[str, str] = {}
    for group in table["shutdowns"]:
        (reported if group.get("reported") else dates).update(group["models"])
    successors = {
        old: new
        for group in table["successors"]
        for new, olds in group["models"].items()
        for old in olds
    }
    unbatchable = {name for group in table["unbatchable"] for name in group["names"]}
    known = {name for group in table["known"] for name in group["names"]}
    known |= packaged_names() | dates.keys() | reported.keys() | unbatchable
    return {
        "behaviors": {name: by_schema(patch) for name, patch in behaviors.items()},
        "variants": by_schema(variants),
        "families": families,
        "names": {name: family_of(name, families) for name in sorted(known)},
        "shutdowns": {name: str(dates[name]) for name in sorted(dates)},
        "reported_shutdowns": {
            name: str(reported[name]) for name in sorted(reported) if name not in dates
        },
        "successors": dict(sorted(successors.items())),
        "unbatchable": sorted(unbatchable),
    }


def by_schema(by_url: Mapping[str, Any]) -> dict[str, Any]:
    """Key values by the name of the endpoint's schema, which is the URL without its slash."""
    return {url.lstrip("/"): value for url, value in by_url.items()}


#: The patches of each schema variant, by URL and variant name.
Variants = dict[str, dict[str, list[str | Schema]]]


def expand(
    table: dict[str, Any], behaviors: dict[str, Any]
) -> tuple[list[dict[str, Any]], Variants]:
    """Expand the families into variants. Return both.

    Raises:
        SystemExit: a family is malformed, or a behavior has no family.
    """
    variants: Variants = {url: {} for url in ENDPOINTS}
    families: list[dict[str, Any]] = []
    for family in table["families"]:
        patterns = [pattern.replace("{date}", DATE_SUFFIX) for pattern in family["models"]]
        if any("|" in re.sub(r"\(.*\)", "", pattern) for pattern in patterns):
            raise SystemExit(
                f"models.yaml: {family['name']}: write alternatives as separate patterns"
            )
        own = {}
        for url, parts in parts_of(family, table["elsewhere"], behaviors).items():
            same = [name for name, other in variants[url].items() if other == parts]
            shared = ", ".join(part for part in parts if isinstance(part, str))
            has_own_patch = any(isinstance(part, dict) for part in parts)
            own[url] = same[0] if same else family["name"] if has_own_patch else shared
            variants[url][own[url]] = parts
        row = {"name": family["name"], "patterns": patterns, "variants": by_schema(own)}
        if "context" in family:
            row["context"] = family["context"]
        if "endpoints" in family:
            row["endpoints"] = [url.lstrip("/") for url in family["endpoints"]]
        families.append(row)
    if len({family["name"] for family in families}) < len(families):
        raise SystemExit("models.yaml: two families have the same name")
    used = {
        part
        for own in variants.values()
        for parts in own.values()
        for part in parts
        if isinstance(part, str)
    }
    unused = behaviors.keys() - used
    if unused:
        raise SystemExit(
            f"models.yaml: no family uses these behaviors: {', '.join(sorted(unused))}"
        )
    return families, variants


def check_patch(schemas: dict[str, Schema], name: str, patch: dict[str, Schema]) -> None:
    """Stop if a patch names a parameter or definition that its endpoint lacks."""
    for url, part in patch.items():
        for kind in ("properties", "$defs"):
            unknown = part.get(kind, {}).keys() - schemas[url][kind].keys()
            if unknown:
                raise SystemExit(f"models.yaml: {name}: {url} has no {', '.join(unknown)}")


def parts_of(
    family: dict[str, Any], elsewhere: dict[str, str], behaviors: dict[str, Any]
) -> dict[str, list[str | Schema]]:
    """List the patches of a family by URL: names of behaviors, then its own patches."""
    unknown = [name for name in family.get("behaviors", ()) if name not in behaviors]
    if unknown:
        raise SystemExit(f"models.yaml: {family['name']}: no such behavior: {', '.join(unknown)}")
    by_url: dict[str, list[str | Schema]] = {}
    for url in ENDPOINTS:
        if "endpoints" in family and url not in family["endpoints"]:
            own = family.get("elsewhere", {}).get(url)
            is_doubtful = url in family.get("doubtful", ())
            is_doubtful |= family.get("single_source", False) and own is None
            by_url[url] = ["doubtful endpoint" if is_doubtful else own or elsewhere[url]]
            continue
        parts: list[str | Schema] = [
            name for name in family.get("behaviors", ()) if url in behaviors[name]
        ]
        own_patches = (efforts(family, url), output(family, url), family.get("patch", {}).get(url))
        parts += filter(None, own_patches)
        if parts:
            by_url[url] = parts
    return by_url


def efforts(family: dict[str, Any], url: str) -> Schema | None:
    """Make the patch for the efforts that a family accepts."""
    if "effort" not in family:
        return None
    if url == CHAT:
        return {"properties": {"reasoning_effort": {"enum": [*family["effort"], None]}}}
    if url != RESPONSES:
        return None
    supported = family.get("effort_responses", family["effort"])
    refused = {"not": {"enum": [effort for effort in EFFORTS if effort not in supported]}}
    reasoning = {"properties": {"effort": refused}}
    message = (
        "Unsupported value: '{/reasoning/effort}' is not supported with the '{/model}' model. "
        f"Supported values are: {listed(quoted(supported))}."
    )
    note = {"rule": "unsupported_value", "phase": "values", "message": message}
    constraint = {
        "anyOf": [{"properties": {"reasoning": reasoning}}],
        "x-batchlint": {"at": ["reasoning", "effort"], "errors": {"anyOf": note}},
    }
    return {"allOf": [constraint]}


def output(family: dict[str, Any], url: str) -> Schema | None:
    """Make the patch for a family's output limit: an error on chat, a warning on /v1/responses."""
    maximum = family.get("output")
    if maximum is None:
        return None
    if url == CHAT:
        note = {
            "rule": "max_tokens_too_large",
            "message": "{p} is too large: {value}. This model supports at most {limit} completion "
            "tokens, whereas you provided {value}.",
        }
        names = ["max_tokens", "max_completion_tokens"]
        if any("max_tokens" in name for name in family.get("behaviors", ())):
            names.remove("max_tokens")
    elif url == RESPONSES:
        note = {
            "rule": "unsupported_by_documentation",
            "message": "The model is documented to write at most {limit} tokens.",
        }
        names = ["max_output_tokens"]
    else:
        return None
    limit = {"maximum": maximum, "x-batchlint": {"errors": {"maximum": note}}}
    return {"properties": dict.fromkeys(names, limit)}


def family_of(name: str, families: list[dict[str, Any]]) -> str:
    """Find the first family that matches a model; empty if none does."""
    for family in families:
        if any(re.fullmatch(pattern, name) for pattern in family["patterns"]):
            return str(family["name"])
    return ""


def packaged_names() -> set[str]:
    """Read the model names in the types of the package."""
    names: set[str] = set()
    pattern = re.compile(r'^    +"([a-z][\w.-]*\d[\w.-]*|chat-latest)",?$', re.MULTILINE)
    for path in sorted(Path(openai.__file__).parent.glob("types/**/*_model*.py")):
        names.update(pattern.findall(path.read_text("utf-8")))
    return names


def announced() -> dict[str, str]:
    """Read the shutdown dates that the docstrings of the package announce."""
    dates: dict[str, str] = {}
    for path in sorted(Path(openai.__file__).parent.glob("types/**/*.py")):
        text = " ".join(path.read_text("utf-8").split())
        for names, date in re.findall(
            r'((?:"[\w.-]+",? ?)+): ?Announced shutdown date: ?(\d{4}-\d\d-\d\d)', text
        ):
            dates |= dict.fromkeys(re.findall(r'"([\w.-]+)"', names), date)
    return dates


def changes(before: Any, after: Any, at: str = "") -> Iterator[str]:
    """Yield the differences between two schemas or tables, one Markdown line each."""
    if isinstance(before, dict) and isinstance(after, dict):
        for key in [*before, *(key for key in after if key not in before)]:
            place = f"{at}/{key}"
            if key == "$comment":
                continue
            if key not in after:
                yield f"- `{place}` is gone"
            elif key not in before:
                yield f"- `{place}` is new"
            else:
                yield from changes(before[key], after[key], place)
    elif isinstance(before, list) and isinstance(after, list):
        if all(isinstance(item, dict) and "name" in item for item in (*before, *after)):
            yield from changes(by_name(before), by_name(after), at)
        elif before != after:
            gone = [shown(item) for item in before if item not in after]
            new = [shown(item) for item in after if item not in before]
            parts = [f"without {', '.join(gone)}"] * bool(gone)
            parts += [f"with {', '.join(new)}"] * bool(new)
            yield f"- `{at}`: {'; '.join(parts) or 'in another order'}"
    elif before != after:
        yield f"- `{at}`: {shown(before)} becomes {shown(after)}"


def by_name(items: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Key the rows of a table by their names."""
    return {item["name"]: item for item in items}


def shown(value: Any) -> str:
    """Format a value as code, cut to 100 characters."""
    text = json.dumps(value, ensure_ascii=False)
    return f"`{text if len(text) <= 100 else text[:97] + '...'}`"


def summary(files: Mapping[Path, str]) -> str:
    """List the changes to the committed files as Markdown; empty if there are none."""
    sections = []
    for path, text in files.items():
        before = json.loads(path.read_text("utf-8")) if path.exists() else {}
        lines = list(changes(before, json.loads(text)))
        if lines:
            sections.append("\n".join([f"## {path.relative_to(HERE)}", "", *lines, ""]))
    return "\n".join(sections)


def main() -> int:
    """Write the files; with `--check` or `--compare`, only report what would change."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    group = parser.add_mutually_exclusive_group()
    group.add_argument(
        "--check", action="store_true", help="write nothing; exit 1 if a file differs"
    )
    group.add_argument(
        "--compare",
        action="store_true",
        help="write nothing; print what the installed package would change",
    )
    arguments = parser.parse_args()
    files = build(any_version=arguments.compare)
    if arguments.compare:
        print(summary(files) or f"openai {openai.__version__} changes nothing.")
        return 0
    stale = {
        path: text
        for path, text in files.items()
        if not path.exists() or path.read_text("utf-8") != text
    }
    print(summary(stale), end="", file=sys.stderr if arguments.check else sys.stdout)
    for path, text in stale.items():
        if arguments.check:
            print(
                f"{path.relative_to(HERE.parent)} is out of date; run schemas/refresh.py",
                file=sys.stderr,
            )
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
    return 1 if arguments.check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
