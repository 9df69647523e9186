"""`Checker`: its compiled checks, and how problems become findings."""

from __future__ import annotations

import json
from typing import Any

import orjson
import pytest

from batchlint import Report, check
from batchlint.engine import checker as checker_module
from batchlint.engine.checker import Checker, checker_for
from batchlint.findings import Part, Phase, Problem, Rank
from batchlint.providers import EMBEDDINGS, provider, schema_variants
from batchlint.rules import RULES, select_rules
from batchlint.schema.store import body_schema
from support import BODIES, URLS, line, request


@pytest.fixture
def checker() -> Checker:
    """Return a checker with the default rules."""
    return Checker(provider(), select_rules())


# -- lines ----------------------------------------------------------------------------------------


def test_equal_short_lines_are_explained_once(
    checker: Checker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file of 1.5 MB may have 500,000 lines that are `{}`."""
    lines: list[bytes] = []
    explain = checker._explain_line

    def counting(line: bytes, *args: Any) -> Any:
        lines.append(line)
        return explain(line, *args)

    monkeypatch.setattr(checker, "_explain_line", counting)
    results = [
        checker.explain_line(text, orjson.loads(text), number, first=number == 1)
        for number, text in enumerate([b"{}\n", b"{}\n", b'{"body": {}}\n', b"{}\n"], 1)
    ]

    assert lines == [b"{}\n", b"{}\n", b'{"body": {}}\n']
    assert [error.message for error in results[3].errors] == [
        error.message for error in results[0].errors
    ]
    for number, result in enumerate(results, 1):
        assert {error.line for error in result.errors} == {number}


# -- compiled checks ------------------------------------------------------------------------------


def test_checker_is_compiled_once_per_selection() -> None:
    assert checker_for("openai", select_rules()) is checker_for("openai", select_rules())
    assert checker_for("openai", select_rules()) is not checker_for(
        "openai", select_rules(["blank_line"])
    )


def test_checker_for_an_unknown_provider_raises_value_error() -> None:
    with pytest.raises(ValueError, match="unknown provider 'nope'"):
        checker_for("nope", select_rules())


def test_rules_match_the_selection() -> None:
    checker = Checker(provider(), select_rules(["blank_line", "invalid_type", "not_jsonl_name"]))

    assert [rule.name for rule in checker.rules("text")] == ["blank_line"]
    assert [rule.name for rule in checker.rules("name")] == ["not_jsonl_name"]
    assert checker.rules("file") == []


@pytest.mark.parametrize("url", URLS)
def test_endpoint_checker_is_compiled_once_per_endpoint_and_family(
    url: str, checker: Checker
) -> None:
    first = checker.endpoint_checker(url, "m")

    assert first is not None
    assert first.url == url
    assert first.endpoint == provider().endpoints[url]
    assert checker.endpoint_checker(url, "another unknown model") is first


def test_number_of_cached_endpoint_checkers_is_limited() -> None:
    """If a service accepts any URL, every line may have another one. Each checker takes 100 kB."""
    checker = Checker(provider("compatible"), select_rules(provider=provider("compatible")))

    for number in range(checker_module._MAX_ENDPOINT_CHECKERS + 1):
        assert checker.endpoint_checker(f"/{number}", "m") is not None

    assert len(checker._endpoint_checkers) == 1


def test_all_endpoint_checkers_of_openai_fit_into_the_cache() -> None:
    for name in ("openai", "azure"):
        combinations = [
            (url, variant)
            for url, endpoint in provider(name).endpoints.items()
            for variant in schema_variants(endpoint)
        ]
        assert len(combinations) <= checker_module._MAX_ENDPOINT_CHECKERS


def test_model_family_has_its_own_endpoint_checker(checker: Checker) -> None:
    url = "/v1/chat/completions"
    plain = checker.endpoint_checker(url, "m")
    reasoning = checker.endpoint_checker(url, "gpt-5")
    row = request("a", url, temperature=0.5)
    assert plain is not None
    assert reasoning is not None

    assert reasoning is not plain
    assert checker.endpoint_checker(url, "gpt-5-2025-08-07") is reasoning
    assert plain.is_valid(row)
    assert not reasoning.is_valid(row | {"body": row["body"] | {"model": "gpt-5"}})


@pytest.mark.parametrize("url", ["/v1/embedding", "", None, 7, ["/v1/embeddings"], {}], ids=repr)
def test_url_that_is_not_a_batch_endpoint_has_no_checker(url: object, checker: Checker) -> None:
    assert checker.endpoint_checker(url, "m") is None


@pytest.mark.parametrize(
    "model", [None, 7, [], {}, "x" * 10_000], ids=lambda value: repr(value)[:9]
)
def test_model_of_any_type_has_a_checker(model: object, checker: Checker) -> None:
    assert checker.endpoint_checker("/v1/embeddings", model) is not None


@pytest.mark.parametrize("url", URLS)
def test_is_valid_accepts_only_the_url_it_was_compiled_for(url: str, checker: Checker) -> None:
    endpoint_checker = checker.endpoint_checker(url, "m")
    assert endpoint_checker is not None

    assert endpoint_checker.is_valid(request("a", url))
    assert not endpoint_checker.is_valid(request("a", url) | {"url": "/v1/other"})
    assert not endpoint_checker.is_valid(request("a", url) | {"body": BODIES[url] | {"bogus": 1}})


# -- problems become findings ---------------------------------------------------------------------


def test_problem_becomes_a_finding_with_the_attributes_of_its_rule(checker: Checker) -> None:
    problem = Problem(
        "A sentence.",
        "body.input",
        ("body", "input", 0, "a/b"),
        "A hint.",
        line=3,
        custom_id="a",
    )
    rule = next(rule for rule in RULES.values() if rule.code != rule.name and rule.default)
    (error,) = checker.errors([problem._replace(rule=rule.name)])

    assert error.rule == rule.name
    assert error.code == rule.code
    assert error.severity == rule.severity
    assert error.fails == rule.fails
    assert error.message == "A sentence."
    assert error.param == "body.input"
    assert error.pointer == "/body/input/0/a~1b"
    assert error.hint == "A hint."
    assert error.line == 3
    assert error.custom_id == "a"


def test_problem_of_an_unknown_rule_raises_key_error(checker: Checker) -> None:
    with pytest.raises(KeyError, match="no_such_rule"):
        checker.errors([Problem("A sentence.", rule="no_such_rule")])


def test_problem_of_a_disabled_rule_is_dropped() -> None:
    checker = Checker(provider(), select_rules(ignore=["invalid_type"]))
    problems = [Problem("off", rule="invalid_type"), Problem("on", rule="invalid_value")]

    assert [error.message for error in checker.errors(problems)] == ["on"]


def test_problem_without_a_path_has_no_pointer(checker: Checker) -> None:
    pointers = {
        path: checker.errors([Problem("m", path=path, rule="invalid_type")])[0].pointer
        for path in (None, (), ("url",))
    }

    assert pointers == {None: None, (): "", ("url",): "/url"}


def test_warning_has_no_effect() -> None:
    checker = Checker(provider(), select_rules(warn=["invalid_type"]))
    (error,) = checker.errors([Problem("m", rule="invalid_type")])

    assert (error.severity, error.fails) == ("warning", None)


def test_promoted_warning_has_no_effect() -> None:
    checker = Checker(provider(), select_rules(error=["blank_line"]))
    (error,) = checker.errors([Problem("m", rule="blank_line")])

    assert (error.severity, error.fails) == ("error", None)


def test_explicit_effect_overrides_the_effect_of_the_rule(checker: Checker) -> None:
    (error,) = checker.errors([Problem("m", rule="invalid_type")], effect="create")

    assert error.fails == "create"


def test_explicit_effect_does_not_apply_to_warnings() -> None:
    checker = Checker(provider(), select_rules(warn=["invalid_type"]))
    (error,) = checker.errors([Problem("m", rule="invalid_type")], effect="create")

    assert error.fails is None


# -- order ----------------------------------------------------------------------------------------

#: Pairs of ranks, in the order in which the API reports problems with the same effect.
RANKS = [
    pytest.param(Rank(Part.LINE, Phase.LAST), Rank(Part.BODY, Phase.MODEL), id="part"),
    pytest.param(Rank(Part.BODY, Phase.MODEL), Rank(Part.BODY, Phase.PRESENCE), id="phase"),
    pytest.param(
        Rank(Part.BODY, Phase.FIELDS, 1, True, 9), Rank(Part.BODY, Phase.FIELDS, 2), id="position"
    ),
    pytest.param(
        Rank(Part.BODY, Phase.FIELDS, 1, False, 9),
        Rank(Part.BODY, Phase.FIELDS, 1, True, 0),
        id="the schema before a rule",
    ),
    pytest.param(
        Rank(Part.BODY, Phase.FIELDS, 1, True, 0),
        Rank(Part.BODY, Phase.FIELDS, 1, True, 1),
        id="serial",
    ),
]


@pytest.mark.parametrize(("earlier", "later"), RANKS)
def test_findings_of_a_line_are_ordered_by_rank(
    earlier: Rank, later: Rank, checker: Checker
) -> None:
    problems = [
        Problem("later", rule="invalid_type", rank=later),
        Problem("earlier", rule="invalid_value", rank=earlier),
    ]
    errors = checker.errors(problems)

    assert [error.message for error in errors] == ["earlier", "later"]
    assert errors == checker.errors(reversed(problems))


def test_effect_takes_precedence_over_the_rank(checker: Checker) -> None:
    first = Rank(Part.LINE, Phase.MODEL)
    last = Rank(Part.BODY, Phase.LAST)
    errors = checker.errors(
        [
            Problem("a warning", rule="blank_line", rank=first),
            Problem("fails the request", rule="invalid_type", rank=first),
            Problem("fails the batch", rule="duplicate_custom_id", rank=last),
            Problem("fails the upload", rule="empty_file", rank=last),
        ]
    )

    assert [error.message for error in errors] == [
        "fails the upload",
        "fails the batch",
        "fails the request",
        "a warning",
    ]


def test_findings_of_rules_are_ordered_like_the_parameters(checker: Checker) -> None:
    """The order of the schema counts, not the order of the body or of the rules."""
    url = "/v1/chat/completions"
    body = BODIES[url] | {
        "stream_options": {},
        "top_logprobs": 3,
        "parallel_tool_calls": True,
        "function_call": "auto",
    }
    endpoint_checker = checker.endpoint_checker(url, "m")
    assert endpoint_checker is not None
    errors = checker.run_rules(
        endpoint_checker, body, (1, 100, "a"), quiet=endpoint_checker.is_quiet(body)
    )
    found = [str(error.param).removeprefix("body.") for error in errors]
    parameters = body_schema(endpoint_checker.endpoint)["properties"]

    assert {error.fails for error in errors} == {"request"}
    assert sorted(found) == sorted(body.keys() - {"model", "messages"})
    assert found == [name for name in parameters if name in found]


# -- lines ----------------------------------------------------------------------------------------


def explain(checker: Checker, data: bytes, *, first: bool = False) -> Any:
    """Explain a line."""
    try:
        decoded = orjson.loads(data)
    except ValueError:
        decoded = None
    return checker.explain_line(data, decoded, 7, first=first)


def test_explained_line_keeps_its_facts(checker: Checker) -> None:
    result = explain(checker, line("a", model="m", bogus=1))

    assert [(error.rule, error.line, error.custom_id) for error in result.errors] == [
        ("unknown_parameter", 7, "a")
    ]
    assert not result.is_blank
    assert (result.custom_id, result.url, result.model) == ("a", "/v1/embeddings", "m")
    assert result.body == {"model": "m", "input": "x", "bogus": 1}


@pytest.mark.parametrize(
    "row",
    [
        pytest.param({}, id="nothing"),
        pytest.param({"custom_id": 7, "url": [], "body": []}, id="other types"),
        pytest.param({"url": "/v1/nope", "body": {"model": {}}}, id="other values"),
    ],
)
def test_explained_line_has_no_facts_of_a_wrong_type(row: dict[str, Any], checker: Checker) -> None:
    result = explain(checker, json.dumps(row).encode())

    assert result.errors
    assert (result.custom_id, result.url, result.model) == (None, None, None)
    assert isinstance(result.body, dict)


@pytest.mark.parametrize("data", [b"\n", b" \t\r\n", b""], ids=repr)
def test_blank_line_is_explained_as_blank(data: bytes, checker: Checker) -> None:
    result = explain(checker, data)

    assert result.is_blank
    assert [error.rule for error in result.errors] == ["blank_line"]


def test_byte_order_mark_is_reported_on_the_first_line_only(checker: Checker) -> None:
    data = b"\xef\xbb\xbf" + line("a")

    assert [e.rule for e in explain(checker, data, first=True).errors] == ["byte_order_mark"]
    assert explain(checker, data, first=True).custom_id == "a"
    assert [e.rule for e in explain(checker, data).errors] == ["invalid_json_line"]


def test_head_of_a_batch_file_has_no_finding(checker: Checker) -> None:
    assert checker.explain_head(line("a")) == []
    assert checker.explain_head(b"") == []


def test_head_of_a_foreign_file_has_one_finding_without_a_line(checker: Checker) -> None:
    (error,) = checker.explain_head(b'[{"a": 1},\n {"a": 2}]\n')

    assert (error.rule, error.line) == ("not_a_batch_file", None)


def test_embeddings_endpoint_is_recognized_by_identity(checker: Checker) -> None:
    """`check_chunk` compares endpoints with `is`, which is faster."""
    endpoint_checker = checker.endpoint_checker("/v1/embeddings", "m")

    assert endpoint_checker is not None
    assert endpoint_checker.endpoint is EMBEDDINGS


CHAT_URL = "/v1/chat/completions"


# -- bounds ---------------------------------------------------------------------------------------


def counts(report: Report) -> dict[str, int]:
    return {key.rule: number for key, number in report.counts.items()}


def test_problems_of_one_parameter_are_limited_before_they_are_created() -> None:
    """Without the limit, a list of a million invalid items took a gigabyte."""
    body = {"model": "m", "messages": [1] * 100_000, "temperature": "x"}
    report = check([request("a", CHAT_URL, **body)], keep=0)

    assert counts(report) == {"invalid_type": 1001, "too_many_problems": 1}
    assert "body.temperature" in {error.param for error in report.errors}
    assert [error.param for error in report.warnings] == ["body.messages"]
    assert "more than 1,000" in report.warnings[0].message


def test_up_to_a_thousand_problems_are_all_reported() -> None:
    report = check([request("a", CHAT_URL, messages=[1] * 1000)])

    assert counts(report) == {"invalid_type": 1000}


def test_unknown_parameters_are_limited() -> None:
    fields: dict[str, Any] = {f"x{number}": 1 for number in range(3000)}
    report = check([request("a", **fields)])

    assert counts(report) == {"unknown_parameter": 1000, "too_many_problems": 1}


def test_unknown_line_fields_are_limited() -> None:
    report = check([request("a") | {f"x{number}": 1 for number in range(3000)}])

    assert counts(report) == {"unknown_line_member": 1000, "too_many_problems": 1}


def test_number_of_problems_per_rule_and_line_is_limited() -> None:
    call = {"type": "function_call", "call_id": "a", "name": "f", "arguments": "{'x'}"}
    body = {"input": [call] * 1500}
    many = ["arguments_not_json", "too_many_problems"]
    report = check([request("a", "/v1/responses", **body)], select=many)

    assert counts(report) == {"arguments_not_json": 1000, "too_many_problems": 1}
    more = next(error for error in report.warnings if error.rule == "too_many_problems")
    assert more.hint == "Fix the listed findings of `arguments_not_json` and check again."


def test_rule_with_too_many_problems_does_not_stop_other_rules() -> None:
    call = {"type": "function_call", "call_id": "a", "name": "f", "arguments": "{'x'}"}
    more = {"stream": True, "tool_choice": {"type": "function", "name": "g"}, "store": True}

    def rules(calls: int) -> set[str]:
        return set(counts(check([request("a", "/v1/responses", input=[call] * calls, **more)])))

    assert rules(1500) == rules(2) | {"too_many_problems"}
    assert len(rules(2)) > 2


def test_further_problems_of_a_line_are_mentioned_once() -> None:
    fields: dict[str, Any] = {f"x{number}": 1 for number in range(3000)}
    body = {"messages": [1] * 3000, "tools": [1] * 3000}
    report = check([request("a", CHAT_URL, **body, **fields) | fields])

    assert counts(report)["too_many_problems"] == 1


def test_long_custom_id_is_shortened_in_findings() -> None:
    """Every finding of the line repeats it."""
    report = check([request("i" * 1_000_000, bogus=1), request("i" * 1_000_000)])

    assert {error.custom_id for error in report.errors} == {"i" * 1000}
    assert {error.rule for error in report.errors} == {"unknown_parameter", "duplicate_custom_id"}
