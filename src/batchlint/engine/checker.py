"""`Checker`: the compiled checks for one provider and one selection of rules."""

from __future__ import annotations

import sys
from bisect import bisect
from collections.abc import Callable, Iterable, Iterator, Mapping
from copy import deepcopy
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import orjson

from .. import phrasing
from ..bounds import raise_if_out_of_memory
from ..findings import (
    MAX_PROBLEMS_PER_LINE,
    MAX_QUOTE_LENGTH,
    TOO_MANY_PROBLEMS,
    BatchError,
    Effect,
    Part,
    PathParts,
    Phase,
    Problem,
    Rank,
    stage,
)
from ..providers import Endpoint, Provider, RuleChange, provider, schema_variant
from ..rules import RULES, Rule, Selection
from ..rules.foreign import find_foreign
from ..rules.registry import Line, Request, Scope
from ..rules.text import BYTE_ORDER_MARK, Defect, find_defect, find_mark_fix, find_surrogate
from ..rules.triggers import EndpointRules, Group, checks_to_run
from ..schema.store import (
    body_schema,
    create_schema,
    deprecated_parameters,
    line_fields_schema,
    line_schema,
    narrow_line_schema,
    newer_hint,
)
from ..schema.validate import compile_schema
from ..sources import size_without_newline

if TYPE_CHECKING:
    from ..schema.explain import Explainer, HintMaker

#: The maximum number of sets of fields for which an endpoint checker caches the triggered rules.
_MAX_FIELD_SETS: Final = 256

#: The maximum number of endpoint checkers that a checker caches. OpenAI's endpoints and groups of
#: models need fewer. For services that accept any URL, each line may have another one.
_MAX_ENDPOINT_CHECKERS: Final = 128

#: The maximum number of defects for which a checker caches the findings. Often, many lines have the
#: same defect.
_MAX_CACHED_DEFECTS: Final = 256

#: The maximum number of lines whose results are cached, and their maximum length in bytes. A small
#: file may have a million equal lines, such as `{}`.
_MAX_CACHED_LINES: Final = 256
_MAX_CACHED_LINE_BYTES: Final = 64

_ProblemFilter = Callable[[Iterable[Problem], Request, Provider], list[Problem]]
_HintAdder = Callable[[Iterable[Problem], Request], list[Problem]]

_NO_BODY: Final[dict[str, Any]] = {}
_NO_CHANGE: Final = RuleChange()


class EndpointChecker:
    """The compiled checks for one endpoint and one group of models with the same schema.

    Args:
        endpoint: the endpoint.
        url: the provider's URL for the endpoint.
        variant: the name of the schema variant. Empty for the unchanged schema.
        rules: the rules for requests to this endpoint.
        provider: the endpoint's provider.

    Attributes:
        endpoint: the endpoint.
        url: the provider's URL for the endpoint.
        is_valid: a function that returns whether a decoded line matches the schema.
        is_quiet: a function that returns whether no item and no content part triggers a rule.
        triggers_nothing: a function that returns whether no field of a body triggers a rule.
        long_line: the minimum size in bytes of lines that trigger a rule by their size alone.
        deprecated: the names of the deprecated parameters.
    """

    def __init__(
        self, endpoint: Endpoint, url: str, variant: str, rules: EndpointRules, provider: Provider
    ) -> None:
        self.endpoint = endpoint
        self.url = url
        self.is_valid = compile_schema(line_schema(endpoint, variant, url, provider))
        self.is_quiet = rules.is_quiet
        self.deprecated = deprecated_parameters(endpoint, variant, provider.schema_provider)
        self.long_line = min(rules.line_sizes, default=sys.maxsize)
        self.triggers_nothing = rules.fields.isdisjoint
        self._variant = variant
        self._provider = provider
        self._rules = rules
        self._explainer: Explainer | None = None
        self._positions = {
            name: position
            for position, name in enumerate(
                body_schema(endpoint, "", provider.schema_provider)["properties"]
            )
        }
        self._groups: dict[tuple[frozenset[str], bool, int], tuple[Group, ...]] = {}

    def explain(self, body: dict[str, Any], *, known_invalid: bool) -> list[Problem]:
        """Return the schema problems of a body.

        Args:
            body: the body.
            known_invalid: whether a validator has already rejected the body.
        """
        if self._explainer is None:
            self._explainer = _explainer(
                body_schema(self.endpoint, self._variant, self._provider.schema_provider),
                part=Part.BODY,
                prefix=("body",),
                hints=_hint_makers(self._provider),
                newer_hint=None if self._provider.checks_types_only else newer_hint(),
            )
        if not known_invalid and self._explainer.accepts(body):
            return []
        return self._explainer.explain(body)

    def run_rules(
        self, body: dict[str, Any], line_bytes: int, *, quiet: bool
    ) -> list[tuple[str, Rank, Problem]]:
        """Return the problems that rules find in a body, as (rule name, rank, problem).

        Args:
            body: the body. It may be invalid.
            line_bytes: the size of the line in bytes, without the newline.
            quiet: the result of `is_quiet`.
        """
        groups = self._triggered_groups(body, line_bytes, quiet=quiet)
        if not groups:
            return []
        request = Request(self.endpoint, body, line_bytes, self._provider)
        found: list[tuple[str, Rank, Problem]] = []
        for rule, check in checks_to_run(groups, request):
            for serial, problem in enumerate(check(request)):
                if serial == MAX_PROBLEMS_PER_LINE:
                    found.append((TOO_MANY_PROBLEMS, _LAST, _too_many_problems(rule)))
                    break
                position = self._position(problem.path or ())
                rank = Rank(Part.BODY, problem.rank.phase, position, True, serial)
                found.append((rule, rank, problem))
        return found

    def _position(self, path: PathParts) -> int:
        """Return the position of a path's parameter in the API's order of parameters.

        Unknown parameters come last.
        """
        last = len(self._positions)
        return self._positions.get(path[1], last) if len(path) > 1 else last

    def _triggered_groups(
        self, body: dict[str, Any], line_bytes: int, *, quiet: bool
    ) -> tuple[Group, ...]:
        """Return the groups of rules that a request triggers.

        The result is cached, because most lines of a file have the same fields.
        """
        key = (
            self._rules.fields.intersection(body),
            quiet,
            bisect(self._rules.line_sizes, line_bytes),
        )
        groups = self._groups.get(key)
        if groups is None:
            if len(self._groups) >= _MAX_FIELD_SETS:
                self._groups.clear()
            found = self._rules.triggered(key[0], quiet=quiet, line_bytes=line_bytes)
            groups = self._groups[key] = tuple(found)
        return groups


def _hint_makers(provider: Provider) -> dict[str, HintMaker]:
    """Return the functions that make hints for schema problems, by the name of the rule."""

    def with_provider(make: Any) -> HintMaker:
        return lambda value, path: make(value, path, provider)

    return {rule.name: with_provider(rule.hint) for rule in RULES.values() if rule.hint}


class LineChecker:
    """The compiled checks for the fields of a line, except the body.

    Args:
        provider: the provider that the lines are for.

    Attributes:
        is_clean: a function that returns whether these fields have neither errors nor warnings.
        explainer: explains the problems of these fields.
    """

    def __init__(self, provider: Provider) -> None:
        schema = line_fields_schema(provider)
        self.explainer = _explainer(schema, hints=_hint_makers(provider))
        self.is_clean = compile_schema(narrow_line_schema(deepcopy(schema)))


class LineResult(NamedTuple):
    """The result of checking a line that is not known to be a valid request.

    Attributes:
        errors: the findings.
        is_blank: whether the line has only whitespace.
        custom_id: the line's custom_id. None if it has no valid one.
        url: the line's URL. None if it is not a batch endpoint.
        model: the request's model. None if it has no valid one.
        body: the request's body. Empty if it is missing or not an object.
        checker: the compiled checks for the URL and the model. None if there is no valid URL.
    """

    errors: list[BatchError]
    is_blank: bool = False
    custom_id: str | None = None
    url: str | None = None
    model: str | None = None
    body: Mapping[str, Any] = _NO_BODY
    checker: EndpointChecker | None = None


class Checker:
    """The compiled checks for one provider and one selection of rules.

    Args:
        provider: the provider whose limits and URLs apply.
        selection: the enabled rules.

    Attributes:
        provider: the provider.
        severities: the severity of each enabled rule.
    """

    def __init__(self, provider: Provider, selection: Selection) -> None:
        self.provider = provider
        self.severities = selection.as_dict()
        self._endpoint_checkers: dict[tuple[str, str], EndpointChecker] = {}
        self._endpoint_rules: dict[str, EndpointRules] = {}
        self._compiled_line_checker: LineChecker | None = None
        # `causes` and `hints` are imported when first needed, because most files have no problems.
        # Their functions are stored, because each import statement takes 1 µs.
        self._postprocessors: tuple[_ProblemFilter, _HintAdder] | None = None
        self._defect_errors: dict[tuple[Defect, Effect | None], list[BatchError]] = {}
        self._line_results: dict[tuple[bytes, str | None], LineResult] = {}
        self._rules: dict[Scope, list[Rule]] = {}
        for name in self.severities:
            self._rules.setdefault(RULES[name].scope, []).append(RULES[name])

    def rules(self, scope: Scope) -> list[Rule]:
        """Return the enabled rules with a scope."""
        return self._rules.get(scope, [])

    def url_of(self, request: dict[str, Any], endpoint: str | None) -> Any:
        """Return the URL of a request, for providers whose lines may omit it.

        Args:
            request: the decoded line.
            endpoint: the URL of the batch endpoint, if the caller gave one.
        """
        return self.provider.url_of_line(request, endpoint)

    def endpoint_checker(self, url: object, model: object) -> EndpointChecker | None:
        """Return the compiled checks for a URL and a model.

        Return None if the URL is not a batch endpoint.
        """
        endpoint = self.provider.endpoint(url)
        if endpoint is None:
            return None
        has_variants = self.provider.has_openai_models
        key = (str(url), schema_variant(endpoint, model) if has_variants else "")
        checker = self._endpoint_checkers.get(key)
        if checker is None:
            if len(self._endpoint_checkers) >= _MAX_ENDPOINT_CHECKERS:
                self._endpoint_checkers.clear()
            checker = EndpointChecker(endpoint, *key, self._rules_for(endpoint), self.provider)
            self._endpoint_checkers[key] = checker
        return checker

    @property
    def _line_checker(self) -> LineChecker:
        """The line checker, compiled when first needed. Most files have no invalid line."""
        if self._compiled_line_checker is None:
            self._compiled_line_checker = LineChecker(self.provider)
        return self._compiled_line_checker

    def _rules_for(self, endpoint: Endpoint) -> EndpointRules:
        endpoint_rules = self._endpoint_rules.get(endpoint.name)
        if endpoint_rules is None:
            rules = [
                rule
                for rule in self.rules("request")
                if not rule.endpoints or endpoint in rule.endpoints
            ]
            if self.provider.checks_types_only:  # Rules without `when_for` are about OpenAI's API.
                rules = [rule for rule in rules if rule.when_for]
            rules = [*filter(None, (rule.for_provider(self.provider) for rule in rules))]
            endpoint_rules = EndpointRules(endpoint, rules)
            self._endpoint_rules[endpoint.name] = endpoint_rules
        return endpoint_rules

    # -- lines ------------------------------------------------------------------------------------

    def run_rules(
        self,
        checker: EndpointChecker,
        body: dict[str, Any],
        line: tuple[int, int, str | None],
        *,
        quiet: bool,
    ) -> list[BatchError]:
        """Run the request rules on a valid request and return their findings.

        Args:
            checker: the compiled checks for the request's endpoint and model.
            body: the request's body.
            line: the line's number, its size in bytes, and its custom_id.
            quiet: the result of `EndpointChecker.is_quiet`.
        """
        number, line_bytes, custom_id = line
        found = checker.run_rules(body, line_bytes, quiet=quiet)
        return (
            _sorted_errors(self._error(*item, number, custom_id) for item in found) if found else []
        )

    def explain_line(
        self, line: bytes, request: Any, number: int, *, first: bool, endpoint: str | None = None
    ) -> LineResult:
        """Check a line that is not known to be a valid request. Return its findings and facts.

        The results of short lines are cached, except that of the first line.

        Args:
            line: the line.
            request: the decoded line. None if it is not JSON.
            number: the line's number in its chunk, counted from 1.
            first: whether this is the first line of the file, which may start with a byte order
                mark.
            endpoint: the URL for lines that have none, if the caller gave one.
        """
        if first or len(line) > _MAX_CACHED_LINE_BYTES:
            return self._explain_line(line, request, number, first, endpoint)
        result = self._line_results.get((line, endpoint))
        if result is None:
            if len(self._line_results) >= _MAX_CACHED_LINES:
                self._line_results.clear()
            result = self._explain_line(line, request, number, first, endpoint)
            self._line_results[line, endpoint] = result
        return result._replace(errors=[error._replace(line=number) for error in result.errors])

    def _explain_line(
        self, line: bytes, request: Any, number: int, first: bool, endpoint: str | None
    ) -> LineResult:
        """Check a line like `explain_line`, but without the cache."""
        errors: list[BatchError] = []
        if first and line.startswith(BYTE_ORDER_MARK):
            mark = Defect("byte order mark", fix=find_mark_fix(line))
            errors += self._explain_defect(mark, number)
            line = line.removeprefix(BYTE_ORDER_MARK)
            request = _decode(line)
            if not line.strip():
                return LineResult(errors)
        if not isinstance(request, dict):
            defect = find_defect(line, request)
            errors += self._explain_defect(defect, number)
            return LineResult(errors, is_blank=defect.kind == "blank")
        custom_id = request.get("custom_id")
        custom_id = custom_id if isinstance(custom_id, str) else None
        needs_url = self.provider.needs_url
        url = request.get("url") if needs_url else self.url_of(request, endpoint)
        body = request.get("body")
        model = body.get("model") if isinstance(body, dict) else None
        checker = self.endpoint_checker(url, model)
        found = self._explain_request(request, size_without_newline(line), checker)
        return LineResult(
            errors + _sorted_errors(self._error(*item, number, custom_id) for item in found),
            False,
            custom_id,
            None if checker is None else checker.url,
            model if isinstance(model, str) else None,
            body if isinstance(body, dict) else _NO_BODY,
            checker,
        )

    def _explain_request(
        self, request: dict[str, Any], line_bytes: int, checker: EndpointChecker | None
    ) -> Iterator[tuple[str, Rank, Problem]]:
        """Yield the problems of a line's fields and its body, as (rule name, rank, problem)."""
        is_clean_line = self._line_checker.is_clean(request)
        may_be_valid = is_clean_line and self.provider.checks_types_only
        line = Line(request, self.provider, None if checker is None else checker.endpoint)
        if not is_clean_line:
            for problem in self._line_checker.explainer.explain(request):
                yield problem.rule, problem.rank, _add_fix(problem, line)
        if may_be_valid or not is_clean_line:
            for rule in self.rules("line"):
                for serial, problem in enumerate(rule.check(line)):
                    if serial == MAX_PROBLEMS_PER_LINE:
                        yield TOO_MANY_PROBLEMS, _LAST, _too_many_problems(rule.name)
                        break
                    yield rule.name, problem.rank, problem
        body = request.get("body")
        if checker is not None and isinstance(body, dict):
            # If the line's fields are valid, the body isn't. Exception: if only types are checked,
            # the body may be valid and have a misspelled parameter.
            problems = checker.explain(body, known_invalid=is_clean_line and not may_be_valid)
            context = Request(checker.endpoint, body, line_bytes, self.provider)
            for problem in self._postprocess(problems, context):
                yield problem.rule, problem.rank, _add_fix(problem, line)
            yield from checker.run_rules(body, line_bytes, quiet=checker.is_quiet(body))

    def _postprocess(self, problems: list[Problem], request: Request) -> list[Problem]:
        """Return the schema problems that don't follow from another one, with hints."""
        if not problems:
            return problems
        if self._postprocessors is None:
            from .causes import first_of_each_cause
            from .hints import with_hints

            self._postprocessors = first_of_each_cause, with_hints
        first_per_cause, add_hints = self._postprocessors
        return add_hints(first_per_cause(problems, request, self.provider), request)

    def _explain_defect(
        self, defect: Defect, number: int | None, effect: Effect | None = None
    ) -> list[BatchError]:
        """Return the findings about a defect of a line, a file or a create call."""
        errors = self._defect_errors.get((defect, effect))
        if errors is None:
            if len(self._defect_errors) >= _MAX_CACHED_DEFECTS:
                self._defect_errors.clear()
            problems = (
                problem._replace(rule=rule.name)
                for rule in self.rules("text")
                for problem in rule.check(defect)
            )
            errors = self._defect_errors[defect, effect] = self.errors(problems, effect)
        return [error._replace(line=number) for error in errors]

    def explain_head(self, head: bytes) -> list[BatchError]:
        """Return the findings about a file that is not batch input, or else an empty list.

        Args:
            head: the beginning of the file.
        """
        defect = find_foreign(head, self.provider)
        return [] if defect is None else self._explain_defect(defect, None)

    def explain_create_call(self, params: dict[str, Any]) -> list[BatchError]:
        """Return the findings about the decoded parameters of `POST /v1/batches`."""
        defect = find_surrogate(params)
        if defect is not None:
            errors = self._explain_defect(defect, None, effect="create")
            if errors:  # A call that can't be parsed has no other findings.
                return errors
        schema = create_schema(self.provider)
        hint = newer_hint() if self.provider.has_openai_models else None
        explainer = _explainer(schema, newer_hint=hint, validate_fields=False)
        return self.errors(explainer.explain(params), effect="create")

    # -- findings ---------------------------------------------------------------------------------

    def errors(self, problems: Iterable[Problem], effect: Effect | None = None) -> list[BatchError]:
        """Turn problems into findings, in the order of the API's checks.

        Problems of disabled rules are omitted.

        Args:
            problems: the problems, with their rule, line and custom_id.
            effect: the effect of the problems. Default: the effect that the provider or the rule
                defines.
        """
        return _sorted_errors(
            self._error(
                problem.rule, problem.rank, problem, problem.line, problem.custom_id, effect
            )
            for problem in problems
        )

    def _error(
        self,
        name: str,
        rank: Rank,
        problem: Problem,
        line: int | None,
        custom_id: str | None,
        effect: Effect | None = None,
    ) -> BatchError | None:
        """Turn a problem into a finding. Return None if its rule is disabled.

        Raises:
            KeyError: there is no such rule.
        """
        rule = RULES[name]
        severity = self.severities.get(name)
        if severity is None:
            return None
        change = self.provider.rules.get(name, _NO_CHANGE)
        fails = (effect or change.fails or rule.fails) if severity == "error" else None
        if custom_id is not None and len(custom_id) > MAX_QUOTE_LENGTH:
            custom_id = custom_id[:MAX_QUOTE_LENGTH]
        return BatchError(
            name,
            change.code or rule.code,
            line,
            change.message or problem.message,
            problem.param,
            None if problem.path is None else phrasing.pointer(problem.path),
            custom_id,
            severity,
            fails,
            change.hint or problem.hint,
            fix=problem.fix,
            order=(stage(fails), *rank),
        )


@lru_cache(maxsize=32)
def checker_for(provider_name: str, selection: Selection) -> Checker:
    """Return the checker for a provider and a selection of rules. Up to 32 checkers are cached."""
    return Checker(provider(provider_name), selection)


def _explainer(schema: dict[str, Any], **options: Any) -> Explainer:
    from ..schema.explain import Explainer  # Imported here because valid lines don't need it.

    return Explainer(schema, **options)


def _add_fix(problem: Problem, line: Line) -> Problem:
    """Return a problem with the fix that its rule defines, if any."""
    make_fix = RULES[problem.rule].fix
    fix = None if make_fix is None else make_fix(problem, line)
    return problem if fix is None else problem._replace(fix=fix)


def _sorted_errors(errors: Iterable[BatchError | None]) -> list[BatchError]:
    """Return the findings of one line in the order of the API's checks, without None."""
    found = [error for error in errors if error is not None]
    if len(found) > 1:
        found.sort()
    if len(found) > MAX_PROBLEMS_PER_LINE:  # Keep only one notice that there are more.
        notices = [error for error in found if error.rule == TOO_MANY_PROBLEMS]
        found = [error for error in found if error.rule != TOO_MANY_PROBLEMS] + notices[:1]
    return found


#: A rank that sorts after all other problems of a body.
_LAST: Final = Rank(Part.BODY, Phase.LAST, sys.maxsize)


def _too_many_problems(rule: str) -> Problem:
    """Create the problem for a rule that finds too many problems in one line."""
    return Problem(
        f"There are more than {MAX_PROBLEMS_PER_LINE:,} problems. The rest are not listed.",
        hint=f"Fix the listed findings of `{rule}` and check again.",
        path=(),
    )


def _decode(line: bytes) -> Any:
    try:
        return orjson.loads(line)
    except ValueError as error:
        raise_if_out_of_memory(error)
        return None
