"""The rule registry: the type `Rule`, the decorators that register rules, and rule selection.

A rule is a function, whose name and docstring are the rule's name and documentation. The
decorator determines the function's argument:

* `@request_rule`: a decoded request. For checks beyond JSON Schema.
* `@line_rule`: a `Line`: a JSON object that is usually not a valid request.
* `@text_rule`: a `Defect`: why a line, or the beginning of a file, could not be read.
* `@every_line_rule`: the bytes of every line.
* `@name_rule`: the name of the file.
* `@file_rule`: the whole file, after all of its lines have been checked.
* `@stated_in_schema`: none. A schema performs the check, and the function only documents it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from types import MappingProxyType
from typing import Any, Final, Literal, NamedTuple

from ..findings import Effect, Fix, Part, PathParts, Phase, Problem, Rank, Severity
from ..phrasing import dotted
from ..providers import Endpoint, Limits, Provider, provider_index
from ..summary import ChunkSummary
from .groups import group_name
from .triggers import ALWAYS, Trigger, Unless

#: What a rule checks.
Scope = Literal["request", "line", "text", "every line", "name", "file", "schema"]


class Request(NamedTuple):
    """A decoded line whose body is an object. Request rules check it.

    Attributes:
        endpoint: the endpoint of its URL.
        body: the body. The schema may have rejected some of its fields.
        line_bytes: the size of the line in bytes, without the newline.
        provider: the provider to check for; None for OpenAI.
    """

    endpoint: Endpoint
    body: dict[str, Any]
    line_bytes: int = 0
    provider: Provider | None = None

    @property
    def model(self) -> str:
        """The name of the OpenAI model; empty if there is none, or for a provider's own models."""
        model = self.body.get("model")
        if self.provider is not None and not self.provider.has_openai_models:
            return ""
        return model if isinstance(model, str) else ""

    def objects(self, field: str) -> Iterator[tuple[int, dict[str, Any]]]:
        """Yield the objects in a list in the body, each with its index."""
        values = self.body.get(field)
        if isinstance(values, list):
            for index, item in enumerate(values):
                if isinstance(item, dict):
                    yield index, item

    def value_at(self, path: PathParts) -> Any:
        """Return the value at a path in the body; None if there is none."""
        value: Any = self.body
        for part in path:
            if isinstance(part, str):
                value = value.get(part) if isinstance(value, dict) else None
            else:
                value = value[part] if isinstance(value, list) and part < len(value) else None
        return value


class Line(NamedTuple):
    """A decoded line that is not a valid request. Line rules check it.

    If only the types in the provider's bodies are checked, the line may also be valid.

    Attributes:
        request: the JSON object.
        provider: the provider to check for.
        endpoint: the endpoint of its URL; None if the URL is not a batch endpoint.
    """

    request: dict[str, Any]
    provider: Provider
    endpoint: Endpoint | None = None


class CheckedFile(NamedTuple):
    """A file whose lines have been checked. File rules check it.

    Attributes:
        summary: findings and facts about its lines.
        provider: the provider to check for.
        endpoint: the batch's URL: the caller's, or else the most frequent valid one; None if there
            is neither.
        now: the time of the check, in seconds since the epoch.
        max_enqueued_tokens: the caller's limit; None if there is none.
    """

    summary: ChunkSummary
    provider: Provider
    endpoint: str | None
    now: int
    max_enqueued_tokens: int | None = None

    @property
    def limits(self) -> Limits:
        """The limits of a batch."""
        return self.provider.limits

    @property
    def safe_limits(self) -> Limits:
        """The limits that no source contradicts."""
        return self.provider.safe_limits


Check = Callable[..., Iterator[Problem]]

#: Makes a hint from the line, the path of the problem, and the provider. For problems of the body's
#: schema, the first argument is the body instead of the line.
HintMaker = Callable[[Mapping[str, Any], PathParts, Provider], str | None]

#: Makes the fix for a problem from the decoded line; None if there is no fix.
FixMaker = Callable[[Problem, Line], Fix | None]


class Rule(NamedTuple):
    """A rule.

    Attributes:
        name: its unique name, in snake_case.
        module: the module of this package that defines it.
        scope: what the rule checks.
        check: the function that yields the problems.
        code: the API's code; the rule's name if the API's code is null or unknown.
        severity: the default severity.
        fails: what fails in the API: the upload, the batch or the request; None for a warning.
        default: whether the rule is on by default.
        once_per_file: whether the rule reports each message once per file, with the first line and
            the number of requests.
        endpoints: the endpoints whose requests the rule checks; empty for all.
        when: what triggers the rule in a request.
        unless: matches requests in which a triggered rule would find nothing.
        hint: makes the hint, for rules that a schema states.
        fix: makes the fix, for rules that a schema states. Other rules attach it to the problem.
        docstring: the docstring as written in the source.
        when_for: for rules about limits that only some providers have. Makes `when` for a
            provider; returns None if the provider doesn't have the limit.
    """

    name: str
    module: str
    scope: Scope
    check: Check
    code: str
    severity: Severity
    fails: Effect | None
    default: bool = True
    once_per_file: bool = False
    endpoints: tuple[Endpoint, ...] = ()
    when: Trigger = ALWAYS
    unless: Unless | None = None
    hint: HintMaker | None = None
    fix: FixMaker | None = None
    docstring: str = ""
    when_for: Callable[[Provider], Trigger | None] | None = None

    def for_provider(self, provider: Provider) -> Rule | None:
        """Return the rule with its trigger for a provider; None if the rule doesn't apply."""
        if self.when_for is None:
            return self
        when = self.when_for(provider)
        return None if when is None else self._replace(when=when)

    @property
    def group(self) -> str:
        """The name of the rule's group."""
        return group_name(self.module)

    @property
    def doc(self) -> str:
        """The documentation, without the indentation of the source."""
        from inspect import cleandoc

        return cleandoc(self.docstring)

    @property
    def summary(self) -> str:
        """The first paragraph of the documentation, on one line."""
        return " ".join(self.doc.partition("\n\n")[0].split())

    def examples(self, heading: str) -> list[str]:
        """Return the examples under `Fails` or `Passes`.

        In the docstring, lines that are indented by four spaces are further lines of the same file.
        Lines that are indented by eight spaces continue the previous line.
        """
        found: list[str] = []
        inside = False
        for line in self.doc.splitlines():
            if line.startswith(("Fails: ", "Passes: ")):
                inside = line.startswith(heading)
                if inside:
                    found.append(line.partition(": ")[2])
            elif inside and line.startswith("        "):
                found[-1] += " " + line.strip()
            elif inside and line.startswith("    "):
                found[-1] += "\n" + line.strip()
            else:
                inside = False
        return found


_rules: dict[str, Rule] = {}

#: Every rule by name, in the order of the modules.
RULES: Final[Mapping[str, Rule]] = MappingProxyType(_rules)

Decorator = Callable[[Check], Rule]


def _decorator(scope: Scope, fails: Effect | None, code: str | None, **options: Any) -> Decorator:
    def decorate(function: Check) -> Rule:
        return _register(function, function, scope, fails, code, **options)

    return decorate


def _register(
    function: Callable[..., object],
    check: Check,
    scope: Scope,
    fails: Effect | None,
    code: str | None,
    **options: Any,
) -> Rule:
    name = function.__name__
    if name in _rules:
        raise ValueError(f"two rules are called {name}")
    rule = Rule(
        name=name,
        module=function.__module__.rpartition(".")[2],
        scope=scope,
        check=check,
        code=code or name,
        severity="error" if fails else "warning",
        fails=fails,
        docstring=function.__doc__ or "",
        **options,
    )
    if callable(rule.unless) and (rule.when.looks_inside or rule.when == ALWAYS):
        raise ValueError(f"{name}: `unless` must be a schema if items or parts trigger the rule")
    _rules[name] = rule
    return rule


def request_rule(
    *,
    endpoints: Iterable[Endpoint] = (),
    when: Trigger = ALWAYS,
    unless: Unless | None = None,
    code: str | None = None,
    fails: Effect | None = "request",
    once_per_file: bool = False,
    when_for: Callable[[Provider], Trigger | None] | None = None,
) -> Decorator:
    """Register a check of a `Request`. The arguments are attributes of `Rule`.

    If `fails` is None, the rule is a warning. A rule without `when` runs for every request that
    `unless` doesn't match.
    """
    return _decorator(
        "request",
        fails,
        code,
        endpoints=tuple(endpoints),
        when=when,
        unless=unless,
        once_per_file=once_per_file,
        when_for=when_for,
    )


def line_rule(*, fails: Effect | None = "batch", code: str | None = None) -> Decorator:
    """Register a check of a `Line`."""
    return _decorator("line", fails, code)


def text_rule(*, fails: Effect | None = "batch", code: str | None = None) -> Decorator:
    """Register a check of a `Defect`: why a line, or the beginning of a file, could not be read."""
    return _decorator("text", fails, code)


def every_line_rule(*, fails: Effect | None = None, code: str | None = None) -> Decorator:
    """Register a check of the bytes of every line. It is slow, so it is off by default."""
    return _decorator("every line", fails, code, default=False)


def name_rule(*, fails: Effect | None, code: str | None = None) -> Decorator:
    """Register a check of the file's name. It also runs for files in foreign formats."""
    return _decorator("name", fails, code)


def file_rule(*, fails: Effect | None, code: str | None = None) -> Decorator:
    """Register a check of a `CheckedFile`."""
    return _decorator("file", fails, code)


def stated_in_schema(
    *,
    fails: Effect | None = "request",
    code: str | None = None,
    hint: HintMaker | str | None = None,
    fix: FixMaker | None = None,
) -> Callable[[Callable[[], None]], Rule]:
    """Register the documentation of a check that a schema performs.

    Args:
        fails: what fails in the API; None for a warning.
        code: the API's code; None if it is the rule's name.
        hint: the hint for every problem, or a function that makes the hint for a problem.
        fix: makes the fix for a problem.
    """
    make_hint = _always(hint) if isinstance(hint, str) else hint

    def decorate(function: Callable[[], None]) -> Rule:
        return _register(function, _no_check, "schema", fails, code, hint=make_hint, fix=fix)

    return decorate


def _always(hint: str) -> HintMaker:
    """Return a function that returns the same hint for every problem."""
    return lambda _line, _path, _provider: hint


def _no_check() -> Iterator[Problem]:
    return iter(())


#: The default param: the dotted path. (None means that the API returns null.)
_DOTTED: Final = "\0"


def problem(
    message: str,
    *path: str | int,
    param: str | None = _DOTTED,
    phase: Phase = Phase.FIELDS,
    hint: str | None = None,
    fix: Fix | None = None,
) -> Problem:
    """Make a problem in the body of a request.

    Args:
        message: the message.
        path: the path in the body, as keys and indices.
        param: the API's param; None if the API returns null. Defaults to the dotted path.
        phase: when the API would report the problem.
        hint: how to fix it.
        fix: how `batchlint fix` repairs it.
    """
    if param == _DOTTED:
        param = dotted(path)
    if param is not None:
        param = f"body.{param}".removesuffix(".")
    return Problem(
        message, param, ("body", *path), hint, rank=Rank(Part.BODY, phase, 0, True), fix=fix
    )


class Selection(NamedTuple):
    """The enabled rules and their severities. Hashable, so that checkers can be cached."""

    severities: tuple[tuple[str, Severity], ...]

    def as_dict(self) -> dict[str, Severity]:
        """Map each enabled rule to its severity."""
        return dict(self.severities)


def select_rules(
    only: Iterable[str] | None = None,
    ignore: Iterable[str] = (),
    warn: Iterable[str] = (),
    error: Iterable[str] = (),
    *,
    provider: Provider | None = None,
) -> Selection:
    """Select rules by name, API code, group or glob.

    Args:
        only: the rules to start with; None starts with all that are on by default.
        ignore: omit these rules.
        warn: select these rules as warnings.
        error: select these rules as errors.
        provider: the provider to select rules for. Its severities replace the default ones. It can
            disable rules, but not those that `warn` or `error` names.

    Raises:
        ValueError: a name is unknown, a glob matches nothing, or no rule is left.
    """
    if only is None:
        names = [rule.name for rule in RULES.values() if rule.default]
    else:
        names = resolve_rule_names(only)
    severities = {name: RULES[name].severity for name in names}
    for name, change in provider.rules.items() if provider is not None else ():
        if change.severity == "none":
            severities.pop(name, None)
        elif change.severity is not None and name in severities:
            severities[name] = change.severity
    severities |= dict.fromkeys(resolve_rule_names(warn), "warning")
    severities |= dict.fromkeys(resolve_rule_names(error), "error")
    for name in resolve_rule_names(ignore):
        severities.pop(name, None)
    if not severities:
        raise ValueError("no rule is selected, so nothing would be checked")
    return Selection(tuple((name, severities[name]) for name in RULES if name in severities))


def resolve_rule_names(names_or_codes: str | Iterable[str]) -> list[str]:
    """Resolve names, API codes, groups and globs to rule names.

    Args:
        names_or_codes: a list, or a string of names separated by commas.

    Raises:
        TypeError: the argument is not iterable, or a name is not a string.
        ValueError: a name is unknown, or a glob matches nothing. The message suggests similar names
            if there are any.
    """
    if isinstance(names_or_codes, str):
        names_or_codes = names_or_codes.split(",")
    if not isinstance(names_or_codes, Iterable):
        raise TypeError(f"rules must be a list of names, not {type(names_or_codes).__name__}")
    names = [*names_or_codes]
    for name in names:
        if not isinstance(name, str):
            raise TypeError(f"the name of a rule must be a string, not {type(name).__name__}")
    chosen: dict[str, None] = {}
    for name in filter(None, map(str.strip, names)):
        found = [rule.name for rule in RULES.values() if _is_named(rule, name)]
        found = found or _with_provider_code(name)
        if not found:
            raise ValueError(f"unknown rule {name!r}{_suggestion(name)}")
        exact_first = sorted(found, key=lambda rule_name: rule_name != name)
        chosen |= dict.fromkeys(exact_first)
    return [*chosen]


def _is_named(rule: Rule, name: str) -> bool:
    """Return whether a name or glob matches a rule's name, code or group."""
    names = (rule.name, rule.code, rule.group)
    return name in names or any(fnmatchcase(each, name) for each in names)


def _with_provider_code(code: str) -> list[str]:
    """Return the names of the rules that report a code, such as `url_mismatch`."""
    rules_by_provider = (row["codes"].get(code, ()) for row in provider_index().values())
    names = {name for rules in rules_by_provider for name in rules}
    return [name for name in RULES if name in names]


def _suggestion(name: str) -> str:
    import difflib

    known = sorted(
        {known for rule in RULES.values() for known in (rule.name, rule.code, rule.group)}
    )
    containing = [each for each in known if len(name) > 3 and name in each]
    completions = sorted((each for each in containing if each.startswith(name)), key=len)
    similar = (completions or difflib.get_close_matches(name, known, 3) or containing)[:3]
    return f"; did you mean {' or '.join(similar)}?" if similar else "; `batchlint rule` lists them"
