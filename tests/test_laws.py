"""The laws that hold for any file, each under the sentence that it proves."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from functools import cache
from io import BytesIO
from itertools import pairwise
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import jsonschema_rs
import orjson
import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from support import BODIES, FIXTURES, NOW, command, inputs, line, request, rows

from batchlint import check, schemas
from batchlint.core import Plan, check_chunk
from batchlint.findings import Part, merge
from batchlint.recognise import recognise
from batchlint.report import Report
from batchlint.rules import select
from batchlint.sources import CHUNK, chunks, ranged
from batchlint.whole import custom_ids, finish
from batchlint.workers import Start

FILES = [*inputs("valid", "invalid", "foreign", "wild", "cases/valid"), FIXTURES / "cases" / "mutants.jsonl"]
LINES = sorted({text for path in inputs("valid", "invalid", "cases") for text in path.read_bytes().split(b"\n")})
PLAN = Plan(select(), keep=3, now=NOW)  # few enough that the bound is reached

BODIES_SEEN = [(row["url"], row["body"]) for path in (*inputs("valid", "cases/valid"), FIXTURES / "cases/mutants.jsonl")
               for row in rows(path) if "url" in row]

#: Models of every family.
MODELS = sorted({str(row["body"].get("model")) for path in inputs("answers") for row in rows(path)} | {
    "o1", "o1-mini", "o3", "o3-mini", "o4-mini", "gpt-5", "gpt-5-mini", "gpt-5.1", "gpt-4o", "gpt-image-1", "dall-e-2", "dall-e-3", "sora-2"})

REPLACEMENTS: list[Any] = [
    None, True, False, 0, 1, -1, 1.0, 0.5, 1e300, 2**64, "", "x", "user", "text", "function", "name\n", "\u0663",
    "x" * 70, [], [[]], [""], ["x"], [1], [{}], {}, {"type": "text"}, {"type": "x"}, {"type": 1}, {"x": None}]


def test_there_is_something_to_try() -> None:
    assert len(FILES) > 80
    assert len(LINES) > 500
    assert len(BODIES_SEEN) > 500
    assert {url for url, _ in BODIES_SEEN} == set(schemas.ENDPOINTS)


# -- what is tried ----------------------------------------------------------------------------------------------------


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A line with a few bytes cut out, put in, or both."""
    text = draw(st.sampled_from(LINES))
    start = draw(st.integers(0, len(text)))
    return text[:start] + draw(st.binary(max_size=4)) + text[start + draw(st.integers(0, 9)):]


ODDITIES = [b"", b" ", b"\r", b"\t \r", b"\xef\xbb\xbf", b"\xff\xfe", b"\0", b"{}", b"[]", b"null", b"NaN", b"1e400", b'"\\ud800"',
            b"\xe2\x80\xa8", b"\xc2\x85", b"[" * 3000, b'{"a":' * 1100, b'{"url":' + b"9" * 5000 + b"}"]
#: A line without its newline.
ANY_LINE = st.one_of(st.sampled_from(LINES), damaged(), st.binary(max_size=30), st.sampled_from(ODDITIES)).map(
    lambda text: text.replace(b"\n", b"\r"))
#: Lines, each with its newline.
SOME_LINES = st.lists(st.tuples(ANY_LINE, st.sampled_from([b"\n", b"\r\n"])).map(b"".join), max_size=8).map(b"".join)
#: A file, perhaps without its last newline.
ANY_FILE = st.tuples(SOME_LINES, st.one_of(st.just(b""), ANY_LINE)).map(b"".join)


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The paths of all values inside a value, its own first."""
    yield path
    for key, child in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from places(child, (*path, key))


def replaced(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    """A copy of a value, with what stands at a path replaced."""
    if not path:
        return new
    copy = value.copy()
    copy[path[0]] = replaced(value[path[0]], path[1:], new)
    return copy


def at(value: Any, path: tuple[Any, ...]) -> Any:
    """What stands at a path."""
    return at(value[path[0]], path[1:]) if path else value


@st.composite
def mutated(draw: st.DrawFn) -> tuple[str, dict[str, Any]]:
    """A url and a body in which one to three members were taken out, replaced or put in."""
    url, body = draw(st.sampled_from(BODIES_SEEN))
    for _ in range(draw(st.integers(1, 3))):
        inner = [path for path in places(body) if path]
        path = draw(st.sampled_from(inner)) if inner else ()
        parent, key = at(body, path[:-1]), path[-1] if path else None
        how = draw(st.sampled_from(["replace", "delete", "insert", "copy"]))
        if how == "delete" and path:
            kept = parent.copy()
            del kept[key]
            body = replaced(body, path[:-1], kept)
        elif how == "insert" or not path:
            new = draw(st.sampled_from(REPLACEMENTS))
            name = draw(st.sampled_from(["bogus", "type", "role", "content", "name", "text", "stream", "model"]))
            body = replaced(body, path[:-1], parent | {name: new} if isinstance(parent, dict) else [*parent, new])
        else:
            new = at(body, draw(st.sampled_from(inner))) if how == "copy" else draw(st.sampled_from(REPLACEMENTS))
            body = replaced(body, path, new)
    return url, orjson.loads(json.dumps(body))


# -- law 1: parts are a monoid, and how they were made does not show ---------------------------------------------------


def value(part: Part) -> Part:
    """A part, with the custom_ids in one block: where blocks end is storage, not meaning."""
    return part._replace(ids=tuple((1, orjson.dumps(custom_id)) for custom_id in custom_ids(part)))


@given(SOME_LINES, ANY_FILE)
def test_checking_two_chunks_and_merging_is_checking_both_at_once(a: bytes, b: bytes) -> None:
    merged = merge([check_chunk(a, PLAN, first=True), check_chunk(b, PLAN, first=not a)], PLAN.keep)

    assert value(merged) == value(check_chunk(a + b, PLAN, first=True))


@given(SOME_LINES, SOME_LINES, ANY_FILE)
def test_merge_is_associative(a: bytes, b: bytes, c: bytes) -> None:
    x, y, z = (check_chunk(data, PLAN) for data in (a, b, c))
    left = merge([merge([x, y], PLAN.keep), z], PLAN.keep)

    assert left == merge([x, merge([y, z], PLAN.keep)], PLAN.keep) == merge([x, y, z], PLAN.keep)


@given(ANY_FILE)
def test_the_empty_part_is_the_identity_of_merge(data: bytes) -> None:
    part = check_chunk(data, PLAN)

    assert merge([Part(), part], PLAN.keep) == part == merge([part, Part()], PLAN.keep)
    assert merge([]) == Part() == check_chunk(b"", PLAN)


@given(ANY_FILE)
def test_checking_the_same_chunk_again_gives_the_same_part(data: bytes) -> None:
    assert check_chunk(data, PLAN) == check_chunk(data, PLAN)


@given(ANY_FILE, st.sampled_from([1, 2, 7, 64, 500]))
def test_the_size_of_chunks_does_not_show(data: bytes, size: int) -> None:
    assume(recognise(data) is None)
    assert b"".join(chunks(data, size)) == b"".join(chunks(BytesIO(data), size)) == data
    for source in (data, BytesIO(data)):
        parts = [check_chunk(chunk, PLAN, number == 0) for number, chunk in enumerate(chunks(source, size))]
        report = finish(merge(parts, PLAN.keep), PLAN, name=None, endpoint=None)

        assert report.to_dict() == check(data, keep=PLAN.keep).to_dict()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=ANY_FILE, length=st.integers(100, 900), size=st.integers(1, 60))
@example(data=b"{}\n\n[]\n1", length=1, size=1)
def test_ranges_of_a_file_are_its_lines_once_each(data: bytes, length: int, size: int, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(data)
    cuts = [*range(0, len(data), length), len(data)]
    pieces = [list(ranged(str(path), start, stop, len(data), size)) for start, stop in pairwise(cuts)]
    joined = [text for piece in pieces if (text := b"".join(piece))]

    assert b"".join(joined) == data
    assert all(text.endswith(b"\n") for text in joined[:-1])


@pytest.fixture(scope="module")
def big() -> bytes:
    """A file of several chunks in which most rules have something to say."""
    once = b"\n".join(LINES) + b"\n" + b'{"custom_id": "' + b"long" * 500_000 + b'"}\n' + b" " * CHUNK + b"\n"
    return line("first") + 4 * once


@pytest.fixture(scope="module", params=["threads", "processes"])
def executor(request: pytest.FixtureRequest) -> Iterator[Executor]:
    pool = ThreadPoolExecutor(3) if request.param == "threads" else ProcessPoolExecutor(2, get_context("spawn"))
    with pool:
        yield pool


def test_the_executor_does_not_show(big: bytes, executor: Executor) -> None:
    report = check(big)

    assert report.counts
    assert len(list(chunks(big))) > 5
    assert check(big, executor=executor).to_dict() == report.to_dict()
    assert check(b"", executor=executor).to_dict() == check(b"").to_dict()


@pytest.mark.parametrize("keep", [0, 2, 1000])
@pytest.mark.parametrize(("jobs", "start"), [(0, "spawn"), (2, "spawn"), (None, "spawn"), (None, "fork"), (3, "fork")])
def test_the_number_of_jobs_does_not_show(
    big: bytes, jobs: int | None, start: Start, keep: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "batch.jsonl"
    path.write_bytes(big)
    report = check(path, jobs=1, keep=keep)
    monkeypatch.setattr("batchlint.workers.SMALLEST", 400_000)
    monkeypatch.setattr("batchlint.workers.PARALLEL_FROM", {"fork": 1, "spawn": 1})

    assert check(path, jobs=jobs, start=start, keep=keep).to_dict() == report.to_dict()
    assert report.to_dict() == check(big, name=str(path), keep=keep).to_dict()


@pytest.mark.parametrize("share", [1, 3, 1000])
def test_duplicates_are_found_however_few_hashes_are_held(share: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("batchlint.whole._HASHES", share)
    ids = [str(number) for number in range(20)]

    assert check(b"".join(map(line, ids))).errors == ()
    for again in ids:
        (error,) = check(b"".join(map(line, [*ids, again]))).errors
        assert (error.rule, error.line, error.custom_id) == ("duplicate_custom_id", 21, again)


def test_the_kind_of_source_does_not_show(big: bytes, tmp_path: Path) -> None:
    path = tmp_path / "batch.jsonl"
    path.write_bytes(big)
    expected = check(big, name="x.jsonl").to_dict()

    for source in (path, str(path), BytesIO(big), BytesIO(big).readlines(), (text for text in BytesIO(big))):
        assert check(source, name="x.jsonl").to_dict() == expected


def test_at_most_so_many_findings_of_a_rule_are_kept_and_all_are_counted() -> None:
    data = b"".join(line(str(number), bogus=number) for number in range(40))
    full, cut = check(data, keep=0), check(data, keep=7)

    assert len(full.errors) == 40
    assert full.truncated == {}
    assert cut.errors == full.errors[:7]
    assert cut.counts == full.counts
    assert cut.truncated == {"unknown_parameter": 33}
    assert cut.failed == full.failed == 40


# -- law 2: check raises on no bytes, and ends -------------------------------------------------------------------------


def survives(data: bytes) -> Report:
    """The report about any bytes; all that can be made of it can be made, and be written down as JSON."""
    report = check(data, keep=5, warn=["duplicate_key"])
    assert json.loads(orjson.dumps(report.to_dict()))["ok"] is report.ok
    assert orjson.dumps(report.to_batch())
    assert report.ok == (not report.errors)
    assert report.failed <= report.total <= data.count(b"\n") + 1
    return report


@given(st.binary(max_size=200))
def test_no_bytes_make_check_raise(data: bytes) -> None:
    survives(data)


@given(ANY_FILE)
@example(b"\xef\xbb\xbf")
@example(b"\xef\xbb\xbf\n\xef\xbb\xbf{}")
@example(b"\x01\n\x01\n")
@example(b'{"custom_id": "a", "url": ["/v1/embeddings"], "body": {}}')
@example(b'{"custom_id": "a", "url": {"x": 1}, "method": [], "body": [1]}')
@example(b'{"custom_id": "a", "method": "POST", "url": null, "body": {"model": null}}')
def test_no_file_makes_check_raise(data: bytes) -> None:
    survives(data)


@settings(max_examples=300)
@given(mutated(), st.sampled_from(MODELS))
def test_no_body_makes_check_raise(case: tuple[str, dict[str, Any]], model: str) -> None:
    url, body = case
    for made in (body, body | {"model": model}):
        survives(json.dumps({"custom_id": "a", "method": "POST", "url": url, "body": made}).encode())


@pytest.mark.parametrize("url", schemas.ENDPOINTS)
@pytest.mark.parametrize("model", MODELS)
def test_no_value_of_a_parameter_makes_check_raise(url: str, model: str) -> None:
    keys = schemas.body(url)["properties"]
    survives(b"".join(line(f"{key} {number}", url, **{"model": model, key: new})
                      for key in keys for number, new in enumerate(REPLACEMENTS)))


SPOTS = [
    b"@",
    b'{"custom_id": @, "method": "POST", "url": "/v1/embeddings", "body": {"model": "m", "input": "x"}}',
    b'{"custom_id": "a", "method": @, "url": "/v1/embeddings", "body": {"model": "m", "input": "x"}}',
    b'{"custom_id": "a", "method": "POST", "url": @, "body": {"model": "m", "input": "x"}}',
    b'{"custom_id": "a", "method": "POST", "url": "/v1/embeddings", "body": @}',
    *(b'{"custom_id": "a", "method": "POST", "url": "%s", "body": %s}' % (url.encode(), body) for url, body in [
        ("/v1/embeddings", b'{"model": @, "input": "x"}'),
        ("/v1/embeddings", b'{"model": "m", "input": @}'),
        ("/v1/embeddings", b'{"model": "m", "input": "x", "bogus": @}'),
        ("/v1/chat/completions", b'{"model": "m", "messages": @}'),
        ("/v1/chat/completions", b'{"model": "m", "messages": [{"role": "user", "content": @}]}'),
        ("/v1/chat/completions", b'{"model": "m", "messages": [{"role": @, "content": "x"}], "metadata": @}'),
        ("/v1/chat/completions", b'{"model": "m", "messages": [{"role": "user", "content": "x"}], "temperature": @, "stop": @}'),
        ("/v1/chat/completions", b'{"model": "m", "messages": [{"role": "user", "content": "x"}], "tools": [{"type": '
         b'"function", "function": {"name": "f", "strict": true, "parameters": @}}]}'),
        ("/v1/chat/completions", b'{"model": "m", "messages": [{"role": "user", "content": "x"}], "response_format": '
         b'{"type": "json_schema", "json_schema": {"name": "f", "strict": true, "schema": @}}}'),
        ("/v1/responses", b'{"model": "m", "input": @, "include": @, "service_tier": @}'),
        ("/v1/responses", b'{"model": "m", "input": "x", "tools": [{"type": "file_search", "vector_store_ids": ["v"], '
         b'"filters": @}]}'),
        ("/v1/responses", b'{"model": "m", "input": [{"type": "function_call_output", "call_id": "c", "output": @}]}'),
    ]),
]
NESTS = {"arrays": (b"[", b"1", b"]"), "objects": (b'{"a":', b"1", b"}"), "filters": (
    b'{"type":"and","filters":[', b'{"type":"eq","key":"k","value":1}', b"]}"), "schemas": (
    b'{"type":"object","additionalProperties":false,"required":["a"],"properties":{"a":', b'{"type":"string"}', b"}}")}


@pytest.mark.parametrize("depth", [10, 130, 250, 330, 510, 900, 1020, 1100, 100_000])
@pytest.mark.parametrize("nest", NESTS)
def test_no_nesting_makes_check_raise(nest: str, depth: int) -> None:
    """Whatever nests, however deep, and wherever it stands."""
    opening, inner, closing = NESTS[nest]
    deep = opening * depth + inner + closing * depth
    for spot in SPOTS:
        survives(spot.replace(b"@", deep))


# -- law 3: the engines agree, with each other and with the explainer --------------------------------------------------


@pytest.fixture(scope="module")
def reports() -> dict[str, list[dict[str, Any]]]:
    """The reports on all files, by the engine that made them."""
    made = {engine: command("check", "--format=json", *map(str, FILES), env={"BATCHLINT_ENGINE": engine})
            for engine in ("jsonschema-rs", "jsonschema")}
    return {engine: json.loads(ran.out)["files"] for engine, ran in made.items()}


@pytest.mark.parametrize("number", range(len(FILES)), ids=lambda number: "/".join(FILES[number].parts[-2:]))
def test_both_engines_give_the_same_report(number: int, reports: dict[str, list[dict[str, Any]]]) -> None:
    report = reports["jsonschema"][number]

    assert report["path"] == str(FILES[number])
    assert "errors" in report
    assert report == reports["jsonschema-rs"][number]


@cache
def engines(url: str, of: str) -> tuple[Any, Any]:
    """The schema of a body, for a family of models, compiled by both engines."""
    schema = schemas.body(url, of)
    reference = Draft202012Validator(schemas.ended(schema)).is_valid
    return jsonschema_rs.validator_for(orjson.dumps(schema).decode()).is_valid, reference


def agree(url: str, body: Any, of: str = "") -> None:
    """Both engines and the explainer come to the same verdict about a body."""
    fast, reference = engines(url, of)
    found = schemas.explainer(url, of).explain(body)
    verdicts = {"jsonschema-rs": fast(body), "jsonschema": reference(body), "explainer": not found}

    assert len(set(verdicts.values())) == 1, (verdicts, found, body)


def test_the_engines_and_the_explainer_agree_on_all_cases() -> None:
    for url, body in BODIES_SEEN:
        agree(url, body)


@pytest.mark.parametrize(("url", "of"), [(url, family.name) for family in schemas.families() for url in family.patch])
def test_the_engines_and_the_explainer_agree_on_what_a_family_of_models_refuses(url: str, of: str) -> None:
    for other, body in BODIES_SEEN:
        if other == url:
            agree(url, body, of)


@given(mutated(), st.data())
def test_the_engines_and_the_explainer_agree_on_mutated_bodies_for_any_family(
    case: tuple[str, dict[str, Any]], data: st.DataObject
) -> None:
    url, body = case
    agree(url, body, data.draw(st.sampled_from(["", *(made.name for made in schemas.families() if url in made.patch)])))


@settings(max_examples=500)
@given(mutated())
def test_the_engines_and_the_explainer_agree_on_mutated_bodies(case: tuple[str, dict[str, Any]]) -> None:
    agree(*case)


@pytest.mark.parametrize("url", schemas.ENDPOINTS)
@pytest.mark.parametrize("new", REPLACEMENTS, ids=repr)
def test_the_engines_and_the_explainer_agree_on_any_value_of_a_parameter(url: str, new: Any) -> None:
    for key in schemas.body(url)["properties"]:
        agree(url, orjson.loads(json.dumps(BODIES[url] | {key: new})))


BOUNDS = ("minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties")


def bounds(node: Any) -> set[int]:
    """The numbers that bound a value, or the values inside it."""
    inner = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    own = {int(node[key]) for key in BOUNDS if isinstance(node.get(key), int | float)} if isinstance(node, dict) else set()
    return {number for number in own if abs(number) <= 5000}.union(*map(bounds, inner))


@pytest.mark.parametrize("url", schemas.ENDPOINTS)
def test_the_engines_and_the_explainer_agree_on_both_sides_of_every_bound(url: str) -> None:
    new: Any
    for key, node in schemas.body(url)["properties"].items():
        for size in {number + step for number in bounds(node) for step in (-1, 0, 1)}:
            length = max(size, 0)
            for new in (size, size + 0.5, "x" * length, ["x"] * length, [1] * length, [[1]] * length, [{}] * length,
                        {str(number): "v" for number in range(length)}, {"k" * length: "v"}, {"k": "v" * length}):
                agree(url, BODIES[url] | {key: new})


TRAPS = [
    ("a pattern's $ before a final newline", {"tools": [{"type": "function", "function": {"name": "f\n"}}]}, False),
    ("digits that are not ASCII", {"tools": [{"type": "function", "function": {"name": "\u0663"}}]}, False),
    ("letters that are not ASCII", {"tools": [{"type": "function", "function": {"name": "\u00e9"}}]}, False),
    ("a whole float as an integer", {"n": 2.0}, True),
    ("true as an integer", {"n": True}, False),
    ("an integer beyond 64 bits", {"seed": 2**70}, None),
    ("an integer of 64 bits", {"seed": 2**63 - 1}, None),
    ("a bound met exactly", {"temperature": 2}, True),
    ("a bound missed by a hair", {"temperature": 2.0000000000000004}, False),
    ("minus zero at a bound", {"temperature": -0.0}, True),
    ("characters beyond the BMP count once", {"metadata": {"k": "\U0001f600" * 512}}, True),
    ("one character too many beyond the BMP", {"metadata": {"k": "\U0001f600" * 513}}, False),
]


@pytest.mark.parametrize(("body", "fits"), [trap[1:] for trap in TRAPS], ids=[trap[0] for trap in TRAPS])
def test_the_engines_and_the_explainer_agree_where_engines_are_known_to_differ(
    body: dict[str, Any], fits: bool | None
) -> None:
    url = "/v1/chat/completions"
    whole = orjson.loads(json.dumps(BODIES[url] | body))
    agree(url, whole)

    assert fits is None or engines(url, "")[0](whole) is fits


@given(mutated())
def test_a_line_passes_just_when_its_findings_hold_no_error(case: tuple[str, dict[str, Any]]) -> None:
    """The gate, which lets a line through unseen, and the findings about the line are of one mind."""
    url, body = case
    whole = {"custom_id": "a", "method": "POST", "url": url, "body": body}
    report = check([whole])

    assert report.failed == (not report.ok)
    if schemas.gate(url, of := schemas.patched_for(url, body.get("model")))(whole):
        assert schemas.explainer(url, of).explain(body) == []


# -- law 5: lines ------------------------------------------------------------------------------------------------------


@given(ANY_FILE)
def test_lines_end_at_newlines_alone(data: bytes) -> None:
    expected = data.count(b"\n") + (data != b"" and not data.endswith(b"\n"))

    assert len(check_chunk(data, PLAN).outcomes) == expected


@given(ANY_FILE)
def test_a_blank_line_counts_as_a_line_and_not_as_a_request(data: bytes) -> None:
    assume(recognise(data) is None)
    assume(recognise(b"\n \n" + data) is None)
    assume(not data.startswith(b"\xef\xbb\xbf"))
    before, after = check(data, keep=0), check(b"\n \n" + data, keep=0)

    assert (after.total, after.failed) == (before.total, before.failed)
    assert [error.line - 2 for error in after.errors if error.line] == [e.line for e in before.errors if e.line]
    assert [error.line for error in after.warnings if error.rule == "blank_line"][:2] == [1, 2]


@given(ANY_FILE)
def test_the_final_newline_is_optional(data: bytes) -> None:
    assume(data and not data.endswith(b"\n"))
    assume(recognise(data) is None)

    assert check(data + b"\n").to_dict() == check(data).to_dict() | {"bytes": len(data) + 1}


@given(SOME_LINES)
def test_carriage_returns_before_newlines_do_not_show(data: bytes) -> None:
    plain = re.sub(rb"\r+\n", b"\n", data)
    assume(recognise(plain) is None)
    windows = plain.replace(b"\n", b"\r\n")

    assert check(windows).to_dict() == check(plain).to_dict() | {"bytes": len(windows)}


# -- law 6: no part of a prompt is printed -----------------------------------------------------------------------------

#: No 65 characters of it stand in it twice.
SECRET = "".join(f"<{number:03}>" for number in range(60))
CONTROLS = "".join(map(chr, (*range(0x20), *range(0x7F, 0xA0))))


def texts(data: bytes) -> Iterator[str]:
    """All that is said about a file, its places aside."""
    report = check(data, keep=0, warn=["duplicate_key"])
    for error in (*report.errors, *report.warnings):
        yield error.message
        yield error.hint or ""


def telling(case: dict[str, Any], new: str) -> Iterator[bytes]:
    """A request with each of its values replaced by a string, whole and as a broken line."""
    for path in places(case):
        if path:
            data = json.dumps(replaced(case, path, new)).encode()
            yield data
            yield json.dumps(replaced(case, path, [new]), ensure_ascii=False).encode("utf-8", "surrogatepass")[:-3]


@pytest.mark.parametrize("path", inputs("valid", "invalid"), ids=lambda path: f"{path.parent.name}/{path.name}")
def test_at_most_64_characters_of_a_value_are_quoted(path: Path) -> None:
    windows = {SECRET[start:start + 65] for start in range(len(SECRET) - 64)}
    cases = [case for text in path.read_bytes().split(b"\n") if isinstance(case := parsed(text), dict)]

    for case in cases:
        for data in telling(case, SECRET):
            for text in texts(data):
                assert not any(text[start:start + 65] in windows for start in range(len(text) - 64)), text


def parsed(text: bytes) -> Any:
    """A line, decoded; None if it is no JSON."""
    try:
        return orjson.loads(text)
    except ValueError:
        return None


@pytest.mark.parametrize("url", schemas.ENDPOINTS)
def test_control_characters_are_escaped(url: str) -> None:
    """In values and in names, in messages, places and hints: a terminal is not to be steered by a prompt."""
    hostile = CONTROLS + "\u2028\u202e"
    case = request(url=url)
    data = [*telling(case, hostile), *(json.dumps(made).encode() for made in (
        case | {hostile: 1}, case | {"body": case["body"] | {hostile: 1}}, case | {"body": case["body"] | {"metadata": {
            hostile * 3: 1}}}, case | {"url": hostile}, case | {"method": hostile}))]
    said = 0
    for text in data:
        report = check(text, keep=0)
        for error in (*report.errors, *report.warnings):
            said += 1
            for shown in (error.message, error.param or "", error.hint or ""):
                assert not set(hostile) & set(shown), shown
    assert said > 10
