"""The rules of `rules/file.py`, with summaries of small files on both sides of every limit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import pytest

from batchlint import check, providers
from batchlint.findings import Problem
from batchlint.providers import Limits, provider
from batchlint.rules import RULES, file
from batchlint.rules.file import affected, is_replaceable, repeated_ids
from batchlint.rules.registry import CheckedFile
from batchlint.summary import ChunkSummary, CustomIds, LineStatus
from rules.helpers import each
from support import NOW, request

EMBEDDINGS = "/v1/embeddings"
COMPLETIONS = "/v1/completions"
CHAT = "/v1/chat/completions"
RESPONSES = "/v1/responses"
VIDEOS = "/v1/videos"

SMALL = provider()._replace(
    limits=Limits(requests=3, bytes=100, embedding_inputs=5),
    safe_limits=Limits(requests=3, bytes=90, embedding_inputs=5),
)


class Row(NamedTuple):
    """The facts of one line."""

    custom_id: str | None = None
    url: str | None = EMBEDDINGS
    model: str | None = "m"
    status: LineStatus = LineStatus.PASSED


BLANK = Row(url=None, model=None, status=LineStatus.BLANK)


def checked_file(
    *rows: Row,
    endpoint: str | None = EMBEDDINGS,
    now: float = NOW,
    max_enqueued_tokens: int | None = None,
    deprecated: Mapping[tuple[str, str, bool], list[int]] | None = None,
    **totals: int,
) -> CheckedFile:
    """Return a checked file with these lines. `deprecated` maps parameters to their lines."""
    summary = ChunkSummary()
    for number, row in enumerate(rows, 1):
        summary.statuses.append(row.status)
        if row.status != LineStatus.BLANK:
            summary.urls.record(number, row.url)
            summary.models.record(number, row.model)
    summary.custom_ids.absorb(CustomIds.pack([row.custom_id for row in rows]))
    for parameter, lines in (deprecated or {}).items():
        for number in lines:
            summary.deprecated.record(parameter, number)
    summary.totals.update(totals)
    return CheckedFile(summary, SMALL, endpoint, int(now), max_enqueued_tokens)


def run(rule: str, checked: CheckedFile) -> list[Problem]:
    return [*RULES[rule].check(checked)]


def messages(rule: str, checked: CheckedFile) -> list[str]:
    return [problem.message for problem in run(rule, checked)]


def test_small_file_passes_every_file_rule() -> None:
    rules = [rule.name for rule in RULES.values() if rule.scope == "file"]

    assert len(rules) == 16
    for rule in rules:
        assert run(rule, checked_file(Row("a"), Row("b"))) == [] or rule == "empty_file", rule


def test_openai_limits_match_the_known_values() -> None:
    assert provider().limits == Limits(requests=50_000, bytes=209_715_200, embedding_inputs=50_000)
    assert provider().safe_limits == provider().limits._replace(bytes=200_000_000)


# -- the name -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["x.jsonl", "a b/ü.jsonl", ".jsonl"])
def test_name_that_ends_in_jsonl_passes(name: str) -> None:
    assert list(RULES["not_jsonl_name"].check(name)) == []


@pytest.mark.parametrize("name", ["x.json", "x.JSONL", "x.jsonl.gz", "jsonl", ""])
def test_other_file_name_is_reported(name: str) -> None:
    [problem] = RULES["not_jsonl_name"].check(name)

    assert problem.message == "Invalid file format for Batch API. Must be .jsonl"


# -- size -----------------------------------------------------------------------------------------


class Size(NamedTuple):
    name: str
    bytes: int
    is_too_large: bool
    is_near_limit: bool


@each(
    [
        Size("up to the documented limit", 90, is_too_large=False, is_near_limit=False),
        Size("above the documented limit", 91, is_too_large=False, is_near_limit=True),
        Size("up to the enforced limit", 100, is_too_large=False, is_near_limit=True),
        Size("above the enforced limit", 101, is_too_large=True, is_near_limit=False),
    ]
)
def test_size_is_compared_with_both_limits(case: Size) -> None:
    checked = checked_file(Row("a"), bytes=case.bytes)

    assert messages("file_too_large", checked) == ["File is too large."] * case.is_too_large
    assert len(run("file_size_near_limit", checked)) == case.is_near_limit


def test_hint_contains_the_size() -> None:
    [problem] = run("file_too_large", checked_file(bytes=1101))

    assert (problem.hint or "").startswith("The file has 1,101 bytes; the maximum is 100.")


# -- numbers of requests and inputs ---------------------------------------------------------------


def test_file_without_requests_is_empty() -> None:
    message = "Invalid file format for Batch API. Must be .jsonl"

    assert messages("empty_file", checked_file()) == [message]
    assert messages("empty_file", checked_file(BLANK, BLANK)) == [message]
    assert messages("empty_file", checked_file(BLANK, Row("a"))) == []
    assert messages("empty_file", checked_file(Row("a", status=LineStatus.FAILED))) == []


def test_requests_are_counted_without_blank_lines() -> None:
    rows = [Row(name) for name in "abc"]

    assert messages("too_many_requests", checked_file(*rows, BLANK)) == []
    assert messages("too_many_requests", checked_file(*rows, BLANK, Row("d"))) == [
        "The file has 4 requests; the maximum is 3."
    ]


def test_embedding_inputs_are_limited() -> None:
    assert messages("too_many_embedding_inputs", checked_file(embedding_inputs=5)) == []
    assert messages("too_many_embedding_inputs", checked_file(embedding_inputs=6)) == [
        "The requests have 6 embedding inputs; the maximum is 5."
    ]


def test_enqueued_tokens_are_compared_with_the_user_limit() -> None:
    assert messages("enqueued_tokens", checked_file(prompt_bytes=4_003)) == []
    for limit, expected in ((1000, 0), (999, 1)):
        checked = checked_file(max_enqueued_tokens=limit, prompt_bytes=4_003)

        assert len(run("enqueued_tokens", checked)) == expected
    assert messages("enqueued_tokens", checked_file(max_enqueued_tokens=0, prompt_bytes=4)) == [
        "The prompts have about 1 tokens (estimated from 4 bytes of text, 4 bytes per token), more"
        " than 0."
    ]


# -- models with a shutdown date ------------------------------------------------------------------

SHUTDOWN = datetime(2026, 9, 1, tzinfo=UTC)
ONE_1 = affected(1, 1)


@pytest.fixture
def _old_model(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shut down the models `old` and `older` on 1 September 2026."""
    dates = {"old": "2026-09-01", "older": "2026-09-01"}
    monkeypatch.setattr(file, "shutdown_dates", lambda: dates)


class ListedShutdown(NamedTuple):
    name: str
    date: str
    verb: str
    hint: str


class Day(NamedTuple):
    name: str
    days_before: float
    shutdown: bool
    soon: bool


@each(
    [
        Day("the day after", -1, shutdown=True, soon=False),
        Day("the day itself", 0, shutdown=True, soon=False),
        Day("the last second before it", 1 / 86_400, shutdown=False, soon=True),
        Day("30 days before", 30, shutdown=False, soon=True),
        Day("31 days before", 31, shutdown=False, soon=False),
    ]
)
@pytest.mark.usefixtures("_old_model")
def test_shutdown_date_is_compared_with_today(case: Day) -> None:
    now = (SHUTDOWN - timedelta(days=case.days_before)).timestamp()
    checked = checked_file(Row("a", model="old"), now=now)

    assert messages("model_shutdown", checked) == (
        ["The provided model 'old' is not supported by the Batch API."] * case.shutdown
    )
    assert messages("model_shutdown_soon", checked) == (
        ["The model 'old' will be shut down on 2026-09-01."] * case.soon
    )


@pytest.mark.usefixtures("_old_model")
@pytest.mark.parametrize(
    ("rule", "days_before"), [("model_shutdown", 0), ("model_shutdown_soon", 10)]
)
def test_each_model_with_a_shutdown_date_is_reported_once_with_its_request_count(
    rule: str, days_before: int
) -> None:
    now = (SHUTDOWN - timedelta(days=days_before)).timestamp()
    names = ["m", "old", "old", "older", None, "old"]
    rows = [Row(str(number), model=name) for number, name in enumerate(names)]

    problems = run(rule, checked_file(rows[0], rows[1], BLANK, *rows[2:], now=now))

    assert [(problem.line, problem.param) for problem in problems] == [
        (2, "body.model"),
        (5, "body.model"),
    ]
    assert affected(3, 2) in (problems[0].hint or "")
    assert affected(1, 5) in (problems[1].hint or "")


def test_retired_model_is_reported_with_its_successor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file, "shutdown_dates", lambda: {"old": "2026-09-01", "odd": "2026-09-01"})
    monkeypatch.setattr(file, "successors", lambda: {"old": "new"})
    checked = checked_file(Row("a", model="old"), Row("b", model="odd"))

    first, second = run("model_shutdown", checked)

    assert first.hint == f"Its shutdown was announced for 2026-09-01. Use 'new' instead. {ONE_1}"
    assert (
        second.hint
        == f"Its shutdown was announced for 2026-09-01. Use another model. {affected(1, 2)}"
    )


@each(
    [
        ListedShutdown(
            "soon",
            "2026-09-20",
            "will reportedly be",
            f"The batch may still be running then: it can take 24 hours. Use 'new' instead. {ONE_1}",
        ),
        ListedShutdown("past", "2026-08-20", "was reportedly", f"Use 'new' instead. {ONE_1}"),
        ListedShutdown("today", "2026-09-01", "was reportedly", f"Use 'new' instead. {ONE_1}"),
    ]
)
def test_shutdown_date_of_a_list_of_models_is_a_warning(
    monkeypatch: pytest.MonkeyPatch, case: ListedShutdown
) -> None:
    monkeypatch.setattr(file, "reported_shutdown_dates", lambda: {"old": case.date})
    monkeypatch.setattr(file, "successors", lambda: {"old": "new"})
    checked = checked_file(Row("a", model="old"))

    (problem,) = run("model_shutdown_soon", checked)

    assert problem.message == f"The model 'old' {case.verb} shut down on {case.date}."
    assert problem.hint == case.hint
    assert run("model_shutdown", checked) == []
    assert RULES["model_shutdown_soon"].severity == "warning"


def test_distant_shutdown_date_from_a_model_list_is_not_reported(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(file, "reported_shutdown_dates", lambda: {"old": "2026-10-02"})

    assert run("model_shutdown_soon", checked_file(Row("a", model="old"))) == []


# -- unbatchable and misspelled models ------------------------------------------------------------


def test_model_missing_from_all_batch_lists_is_reported_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(file, "unbatchable_models", lambda: ["slow"])
    checked = checked_file(Row("a"), Row("b", model="slow"), Row("c"), Row("d", model="slow"))

    (problem,) = run("model_not_batchable", checked)

    assert problem.message == "The model 'slow' may not be available in the Batch API."
    assert (problem.line, problem.param) == (2, "body.model")
    assert affected(2, 2) in (problem.hint or "")


@pytest.mark.parametrize(
    ("shutdown", "reported"), [("2026-08-01", False), ("2026-09-05", False), ("2026-10-05", True)]
)
def test_model_with_a_shutdown_date_is_not_also_reported_as_not_batchable(
    monkeypatch: pytest.MonkeyPatch, shutdown: str, reported: bool
) -> None:
    monkeypatch.setattr(file, "unbatchable_models", lambda: ["slow"])
    monkeypatch.setattr(file, "shutdown_dates", lambda: {"slow": shutdown})

    assert bool(run("model_not_batchable", checked_file(Row("a", model="slow")))) is reported


def test_misspelled_model_is_reported_once_with_the_correct_name() -> None:
    checked = checked_file(Row("a"), Row("b", model="gpt-5.4-mni"), Row("c", model="gpt-5.4-mni"))

    (problem,) = run("misspelled_model", checked)

    assert problem.message == ("The model 'gpt-5.4-mni' is unknown. Did you mean 'gpt-5.4-mini'?")
    assert (problem.line, problem.hint) == (2, affected(2, 2))
    assert run("misspelled_model", checked_file(Row("a", model="gpt-5.4-mini"))) == []


def test_affected_requests_are_counted() -> None:
    assert affected(1, 7) != affected(2, 7)
    assert "1,200" in affected(1200, 3_400)
    assert "3,400" in affected(1200, 3_400)


# -- deprecated parameters and endpoints ----------------------------------------------------------


def test_each_deprecated_parameter_is_reported_once() -> None:
    checked = checked_file(
        Row("a"),
        Row("b"),
        deprecated={(CHAT, "seed", False): [2], (CHAT, "user", False): [1, 2]},
    )

    problems = run("deprecated_parameter", checked)

    assert [(problem.line, problem.param, problem.path) for problem in problems] == [
        (1, "body.user", ("body", "user")),
        (2, "body.seed", ("body", "seed")),
    ]
    assert problems[0].message == "The parameter 'user' is deprecated."
    assert affected(2, 1) in (problems[0].hint or "")
    assert "'safety_identifier'" in (problems[0].hint or "")


@pytest.mark.parametrize(("model", "is_replaced"), [("gpt-4.1", False), ("gpt-5.6", True)])
def test_cache_retention_is_deprecated_where_it_has_a_replacement(
    model: str, is_replaced: bool
) -> None:
    """Models before gpt-5.6 lack `prompt_cache_options`."""
    line = request(url=RESPONSES, model=model, prompt_cache_retention="24h")

    rules = [warning.rule for warning in check([line]).warnings]

    assert ("deprecated_parameter" in rules) == is_replaced


def test_deprecated_parameters_of_one_line_keep_the_order_of_the_schema() -> None:
    names = ["user", "max_tokens", "seed", "functions", "function_call"]
    in_order = {(CHAT, name, False): [1] for name in names}
    reverse = {(CHAT, name, False): [1] for name in reversed(names)}

    problems = run("deprecated_parameter", checked_file(Row("a"), deprecated=in_order))

    assert len(problems) == 5
    assert problems == run("deprecated_parameter", checked_file(Row("a"), deprecated=reverse))


def test_deprecated_parameter_of_two_endpoints_is_reported_for_each() -> None:
    checked = checked_file(
        Row("a"), deprecated={(CHAT, "user", False): [2], (RESPONSES, "user", False): [1]}
    )

    assert [problem.line for problem in run("deprecated_parameter", checked)] == [1, 2]


def test_deprecated_parameter_has_a_fix_only_where_it_can_be_replaced() -> None:
    checked = checked_file(
        *(Row(str(number)) for number in range(3)),
        deprecated={(CHAT, "max_tokens", True): [2, 3], (CHAT, "max_tokens", False): [1]},
    )
    problems = run("deprecated_parameter", checked)

    assert [(problem.line, problem.fix and problem.fix.safety) for problem in problems] == [
        (1, None),
        (2, "safe"),
    ]
    assert affected(2, 2) in (problems[1].hint or "")


@pytest.mark.parametrize(
    ("name", "body", "expected"),
    [
        ("max_tokens", {}, True),
        ("max_tokens", {"max_completion_tokens": None}, True),
        ("max_tokens", {"max_completion_tokens": 1}, False),
        ("functions", {"functions": [{}]}, True),
        ("function_call", {"functions": [{}]}, True),
        ("functions", {"functions": []}, False),
        ("functions", {"functions": {"a": 1}}, False),
        ("function_call", {}, False),
        ("functions", {"functions": [{}], "tools": None}, False),
        ("functions", {"functions": [{}], "tool_choice": None}, False),
        ("seed", {}, False),
    ],
)
def test_deprecated_parameter_can_be_replaced_without_conflicts(
    name: str, body: dict[str, Any], expected: bool
) -> None:
    assert is_replaceable(providers.CHAT, name, {name: 1} | body) is expected
    assert not is_replaceable(providers.RESPONSES, name, {name: 1} | body)


def test_first_request_to_the_videos_endpoint_is_reported() -> None:
    message = "The shutdown of the Sora API was announced for 2026-09-24."
    checked = checked_file(Row("a"), Row("b", VIDEOS), Row("c"), Row("d", VIDEOS))

    problems = run("videos_shut_down", checked)

    assert [(problem.message, problem.line) for problem in problems] == [(message, 2)]
    assert run("videos_shut_down", checked_file(Row("a"), Row("b", url=None))) == []


# -- values that all lines share ------------------------------------------------------------------


def locations(problems: list[Problem]) -> list[tuple[int | None, str | None, str | None]]:
    return [(problem.line, problem.custom_id, problem.param) for problem in problems]


def test_url_that_is_not_the_endpoint_of_the_batch_is_reported() -> None:
    rows = [
        Row("a"),
        Row("b", COMPLETIONS),
        BLANK,
        Row("c", COMPLETIONS),
        Row("d", url=None),
    ]

    assert locations(run("mismatched_url", checked_file(*rows))) == [
        (2, "b", "url"),
        (4, "c", "url"),
    ]
    assert locations(run("mismatched_url", checked_file(*rows, endpoint=COMPLETIONS))) == [
        (1, "a", "url")
    ]


def test_hint_about_another_url_cuts_a_long_url() -> None:
    """Some services accept any URL, and a hint may be repeated for each line."""
    [problem] = run("mismatched_url", checked_file(Row("a"), endpoint="/" * 5000))

    assert len(problem.hint or "") < 200


def test_model_that_is_not_the_most_frequent_is_reported() -> None:
    rows = [Row("a", model="n"), Row("b"), Row("c", model=None), Row("d")]

    problems = run("mismatched_model", checked_file(*rows))

    assert locations(problems) == [(1, "a", "body.model")]
    assert problems[0].message == (
        "The model 'n' for this request does not match the rest of the batch. Each batch must"
        " contain requests for a single model."
    )
    assert "'m'" in (problems[0].hint or "")


def test_misspelled_model_among_correct_ones_gets_a_suggestion() -> None:
    rows = [
        Row("a", model="gpt-4o"),
        Row("b", model="gpt-4o"),
        Row("c", model="gtp-4o"),
    ]

    (problem,) = run("mismatched_model", checked_file(*rows))

    assert problem.hint == "Did you mean 'gpt-4o'?"


def test_first_of_equally_frequent_models_is_the_reference() -> None:
    checked = checked_file(Row("a", model="n"), Row("b", model="m"))

    assert locations(run("mismatched_model", checked)) == [(2, "b", "body.model")]
    assert run("mismatched_model", checked_file(Row("a", model=None))) == []


def test_repeated_custom_id_is_reported_with_its_first_line() -> None:
    names = ["a", "b", "a", None, "", "", None, "a", "A"]
    checked = checked_file(*(Row(name) for name in names))

    problems = run("duplicate_custom_id", checked)

    assert locations(problems) == [(3, "a", "custom_id"), (8, "a", "custom_id")]
    assert all("1" in (problem.hint or "") for problem in problems)
    assert problems[0].message == (
        "The custom_id for this request is a duplicate of another request. The custom_id"
        " parameter must be unique for each request in a batch."
    )


@pytest.mark.parametrize("few_lines", [0, 100_000], ids=["by hash", "by set"])
@pytest.mark.parametrize("share", [1, 3, 1 << 14])
def test_duplicates_are_found_in_files_of_any_size(
    monkeypatch: pytest.MonkeyPatch, few_lines: int, share: int
) -> None:
    monkeypatch.setattr(file, "_FEW_LINES", few_lines)
    monkeypatch.setattr(file, "_PARTITION_SIZE", share)
    rows = [Row(str(number)) for number in range(20)]

    assert run("duplicate_custom_id", checked_file(*rows)) == []
    assert locations(run("duplicate_custom_id", checked_file(*rows, Row("7")))) == [
        (21, "7", "custom_id")
    ]
    assert (
        run(
            "duplicate_custom_id",
            checked_file(*rows, Row(None), Row(None), Row(""), Row("")),
        )
        == []
    )


def test_search_for_duplicates_reads_the_custom_ids_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file, "_FEW_LINES", 0)
    monkeypatch.setattr(file, "_PARTITION_SIZE", 2)
    ids = CustomIds.pack([str(number) for number in range(40)])
    reads = []
    blocks = CustomIds.blocks

    def counted(self: CustomIds) -> Iterator[list[str | None]]:
        reads.append(self)
        return blocks(self)

    monkeypatch.setattr(CustomIds, "blocks", counted)

    assert [*repeated_ids(ids, 40)] == []
    assert len(reads) == 1


def test_ids_with_equal_hashes_are_not_duplicates(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file, "_FEW_LINES", 0)
    monkeypatch.setattr(file, "hash", lambda _: 7, raising=False)

    assert run("duplicate_custom_id", checked_file(Row("a"), Row("b"))) == []
    assert locations(run("duplicate_custom_id", checked_file(Row("a"), Row("b"), Row("a")))) == [
        (3, "a", "custom_id")
    ]
