"""Generate the schemas from the types of the pinned `openai` package and the facts in YAML.

    python schemas/refresh.py            write the files
    python schemas/refresh.py --check    exit 1 if a committed file is out of date

The package gives the structure of a request: its parameters, their JSON types and their listed
values. It doesn't give bounds, patterns or wording, and it is wrong in known places. `overlay.yaml`
adds these facts, each with its source. If a fact no longer changes anything, the script stops, so
that facts are deleted when the package catches up.

`models.json` comes from `models.yaml` and the package, `providers.json` from `providers.yaml`.
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
UPLOADS = {"FileTypes", "InputReference"}  # types that only a multipart request can carry

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
            self._names[cls] = short  # set before the walk, because types may be recursive
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
        if {"type": "string"} in branches:  # any string: the listed values are only examples
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
        SystemExit: a fact has no source, changes nothing, or adds a property that `adds` omits.
    """
    for fact in facts:
        if not fact.get("source"):
            raise SystemExit(f"a fact without a source: {fact}")
        strangers: set[str] = set()
        for target, patch in fact["patch"].items():
            touched = False
            for url, schema in schemas.items():
                place, key = (schemas, url) if target == url else (schema["$defs"], target)
                if key not in place and not (fact.get("new") and url in fact["new"]):
                    continue
                if key in place:
                    strangers.update(unknown_properties(place[key], patch))
                after = merge_patch(
                    place.get(key), copy.deepcopy(patch)
                )  # YAML aliases share one object.
                touched |= after != place.get(key)
                place[key] = after
            if not touched:
                raise SystemExit(
                    f"overlay.yaml: the fact about {target!r} changes nothing any more: {patch}"
                )
        declared = set(fact.get("adds", ()))
        if strangers != declared:
            raise SystemExit(
                f"overlay.yaml: {', '.join(fact['patch'])}: `adds` lists the properties that a fact adds to the generated "
                f"schema; not listed: {sorted(strangers - declared)}, not added: {sorted(declared - strangers)}"
            )


def unknown_properties(schema: Any, patch: Any) -> Iterator[str]:
    """Yield the properties that a patch names and a schema lacks. Added properties are not searched."""
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
    """List the values of `key` that select a branch of a union; None if `key` doesn't select it."""
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
    """Note in every union of objects the property that distinguishes its branches."""
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
            raise SystemExit(f"a union whose branches no property tells apart: {node}")


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


def build() -> dict[Path, str]:
    """Every file to be written, with its text."""
    config = yaml.safe_load((HERE / "overlay.yaml").read_text("utf-8"))
    if openai.__version__ != config["openai"]:
        raise SystemExit(
            f"overlay.yaml is kept for openai {config['openai']}; installed is {openai.__version__}"
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
            "title": f"The body of a POST {url} in a batch",
            "$comment": f"Generated by refresh.py from openai {openai.__version__} ({config['date']}) and "
            "overlay.yaml. Derived from Apache-2.0 material; modified. See README.md.",
        }
        files[HERE / (url.lstrip("/") + ".json")] = (
            json.dumps(head | made, indent=1, ensure_ascii=False) + "\n"
        )
    providers = yaml.safe_load((HERE / "providers.yaml").read_text("utf-8"))
    files[HERE / "providers.json"] = json.dumps(providers, indent=1) + "\n"
    files[HERE / "models.json"] = (
        json.dumps({"date": config["date"]} | models(schemas), indent=1, default=str) + "\n"
    )
    return files


def models(schemas: dict[str, Schema]) -> dict[str, Any]:
    """Build the table of models: the families and the shutdown dates.

    Raises:
        SystemExit: a family's patch names a parameter or definition that its endpoint lacks.
    """
    table = yaml.safe_load((HERE / "models.yaml").read_text("utf-8"))
    for family in table["families"]:
        re.compile(family["pattern"])
        for url, patch in family["patch"].items():
            for kind in ("properties", "$defs"):
                strange = patch.get(kind, {}).keys() - schemas[url][kind].keys()
                if strange:
                    raise SystemExit(
                        f"models.yaml: {family['name']}: {url} has no {', '.join(strange)}"
                    )
        family["patches"] = {url.lstrip("/"): patch for url, patch in family.pop("patch").items()}
    dates = announced()
    for group in table["shutdowns"]:
        dates |= group["models"]
    return {
        "families": table["families"],
        "shutdowns": {name: str(dates[name]) for name in sorted(dates)},
    }


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


def main() -> int:
    """Write the files, or compare them with `--check`."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument(
        "--check", action="store_true", help="write nothing; exit 1 if a file differs"
    )
    check = parser.parse_args().check
    stale = {
        path: text
        for path, text in build().items()
        if not path.exists() or path.read_text("utf-8") != text
    }
    for path, text in stale.items():
        if check:
            print(
                f"differs from what refresh.py makes: {path.relative_to(HERE.parent)}",
                file=sys.stderr,
            )
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
