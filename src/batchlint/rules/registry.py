"""The registry of rules: what a rule is, how one is registered, and which are selected.

A rule is a function; its name and its docstring are the rule's name and documentation. The
decorator says what the function gets:

* `@request_rule`: a request, after its line was decoded. For checks beyond JSON Schema.
* `@line_rule`: a line that is a JSON object, but not a valid request.
* `@text_rule`: a line, or the beginning of a file, that is not a JSON object.
* `@every_line_rule`: the bytes of every line.
* `@name_rule`: the name of the file.
* `@file_rule`: the whole file, after all its lines were checked.
* `@stated_in_schema`: nothing. The schemas state the check; the function is its documentation.
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
from .groups import group_of
from .triggers import ALWAYS, Trigger, Unless

#: What a rule checks.
Scope = Literal["request", "line", "text", "every line", "name", "file", "schema"]


class Request(NamedTuple):
    """A decoded line as request rules see it. Its body is an object.

    Attributes:
        endpoint: the endpoint of its URL.
        body: any object; the schema may have rejected some of its fields.
        line_bytes: the size of the line.
        provider: the provider to check for; None for OpenAI.
    """

    endpoint: Endpoint
    body: dict[str, Any]
    line_bytes: int = 0
    provider: Provider | None = None

    @property
    def model(self) -> str:
        """The OpenAI model; empty if there is none, or if the provider has other models."""
        model = self.body.get("model")
        if self.provider is not None and not self.provider.has_openai_models:
            return ""
        return model if isinstance(model, str) else ""

    def objects(self, field: str) -> Iterator[tuple[int, dict[str, Any]]]:
        """The objects in a list that is a field of the body, each with its index."""
        values = self.body.get(field)
        if isinstance(values, list):
            for index, item in enumerate(values):
                if isinstance(item, dict):
                    yield index, item

    def at(self, path: PathParts) -> Any:
        """The value at a path in the body; None if there is none."""
        value: Any = self.body
        for part in path:
            if isinstance(part, str):
                value = value.get(part) if isinstance(value, dict) else None
            else:
                value = value[part] if isinstance(value, list) and part < len(value) else None
        return value


class Line(NamedTuple):
    """A decoded line that is not a valid request, as line rules see it.

    Attributes:
        request: the JSON object.
        provider: the provider to check for.
        endpoint: the endpoint of its URL; None if that is not a batch endpoint.
    """

    request: dict[str, Any]
    provider: Provider
    endpoint: Endpoint | None = None


class CheckedFile(NamedTuple):
    """A file whose lines were checked, as file rules see it.

    Attributes:
        summary: what is known about its lines.
        provider: the provider to check for.
        endpoint: the URL of the batch: the caller's, or the most frequent one.
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
        """The limits that no source doubts."""
        return self.provider.safe_limits


Check = Callable[..., Iterator[Problem]]

#: Makes a hint from the line (or from the body, if the body's schema found the problem), the path
#: of the problem, and the provider.
HintMaker = Callable[[Mapping[str, Any], PathParts, Provider], str | None]


#: Makes the fix of a problem from the decoded line; None if it has none.
FixMaker = Callable[[Problem, Line], Fix | None]


class Rule(NamedTuple):
    """A rule.

    Attributes:
        name: its unique name, in snake_case.
        module: the module of this package that defines it.
        scope: what it checks.
        check: yields the problems.
        code: the API's code; the rule's name if the API's code is null or unknown.
        severity: the severity, unless the user chooses another.
        fails: what the API does; None for a warning.
        default: whether it is on by default.
        once_per_file: reported once per file, with the first line and the count.
        when_at: for a request rule about a limit that only some providers have. Makes
            `when` for a provider; None if the provider has no such limit.
        endpoints: the endpoints whose requests it checks; empty for all.
        when: what triggers it in a request.
        unless: when a triggered rule has nothing to find.
        hint: makes the hint, for rules that a schema states.
        fix: makes the fix, for rules that a schema states. Other rules put it into the problem.
        docstring: as it is in the source.
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
    when_at: Callable[[Provider], Trigger | None] | None = None

    def for_provider(self, provider: Provider) -> Rule | None:
        """The rule with its trigger for a provider; None if nothing triggers it."""
        if self.when_at is None:
            return self
        when = self.when_at(provider)
        return None if when is None else self._replace(when=when)

    @property
    def group(self) -> str:
        """The name of its group, by topic."""
        return group_of(self.module)

    @property
    def doc(self) -> str:
        """The documentation, without the indentation of the source."""
        from inspect import cleandoc

        return cleandoc(self.docstring)

    @property
    def summary(self) -> str:
        """The first sentence of the documentation."""
        return " ".join(self.doc.partition("\n\n")[0].split())

    def examples(self, heading: str) -> list[str]:
        """The examples under `Fails` or `Passes`.

        In the documentation, an indentation of four spaces means another line of the
        same file, and eight spaces mean that the previous line continues.
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
    when_at: Callable[[Provider], Trigger | None] | None = None,
) -> Decorator:
    """Register a check of a `Request`. The arguments are the attributes of `Rule`.

    Without `fails` the rule is a warning. A rule without `when` runs for every request that
    `unless` does not exclude.
    """
    return _decorator(
        "request",
        fails,
        code,
        endpoints=tuple(endpoints),
        when=when,
        unless=unless,
        once_per_file=once_per_file,
        when_at=when_at,
    )


def line_rule(*, fails: Effect | None = "batch", code: str | None = None) -> Decorator:
    """Register a check of a `Line`."""
    return _decorator("line", fails, code)


def text_rule(*, fails: Effect | None = "batch", code: str | None = None) -> Decorator:
    """Register a check of a `Defect`: why a line, or a file, could not be read."""
    return _decorator("text", fails, code)


def every_line_rule(*, fails: Effect | None = None, code: str | None = None) -> Decorator:
    """Register a check of the bytes of every line. It is slow, so it is off by default."""
    return _decorator("every line", fails, code, default=False)


def name_rule(*, fails: Effect | None, code: str | None = None) -> Decorator:
    """Register a check of the file's name. It also runs for files of a foreign format."""
    return _decorator("name", fails, code)


def file_rule(*, fails: Effect | None, code: str | None = None) -> Decorator:
    """Register a check of a `CheckedFile`."""
    return _decorator("file", fails, code)


def stated_in_schema(
    *,
    fails: Effect | None = "request",
    code: str | None = None,
    hint: HintMaker | None = None,
    fix: FixMaker | None = None,
) -> Callable[[Callable[[], None]], Rule]:
    """Register the documentation of a check that a schema states.

    Args:
        fails: what the API does.
        code: the API's code.
        hint: makes the hint of a problem.
        fix: makes the fix of a problem.
    """

    def decorate(function: Callable[[], None]) -> Rule:
        return _register(function, _no_check, "schema", fails, code, hint=hint, fix=fix)

    return decorate


def _no_check() -> Iterator[Problem]:
    return iter(())


#: The param is the dotted path. (None means that the API gives null.)
_DOTTED: Final = "\0"


def problem(
    message: str,
    *path: str | int,
    param: str | None = _DOTTED,
    phase: Phase = Phase.FIELDS,
    hint: str | None = None,
    fix: Fix | None = None,
) -> Problem:
    """Make a problem of a request rule.

    Args:
        message: the sentence.
        path: the place in the body, as keys and indices.
        param: the place in the API's words, if it is not the path; None where the API gives null.
        phase: when the API would report it.
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
    """The rules that are on, with their severities. Hashable, so that checkers can be cached."""

    severities: tuple[tuple[str, Severity], ...]

    def as_dict(self) -> dict[str, Severity]:
        """The severity of every rule that is on."""
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
        only: exactly these; None selects all that are on by default.
        ignore: leave these out.
        warn: make these warnings, and switch them on.
        error: make these errors, and switch them on.
        provider: the provider to select rules for. Its severities replace those of the
            rules, and the rules that it switches off are left out unless `warn` or
            `error` names them.

    Raises:
        ValueError: a name is unknown, and the message suggests similar ones; or no rule is left.
    """
    if only is None:
        names = [rule.name for rule in RULES.values() if rule.default]
    else:
        names = names_of(only)
    severities = {name: RULES[name].severity for name in names}
    for name, change in provider.rules.items() if provider is not None else ():
        if change.severity == "none":
            severities.pop(name, None)
        elif change.severity is not None and name in severities:
            severities[name] = change.severity
    severities |= dict.fromkeys(names_of(warn), "warning")
    severities |= dict.fromkeys(names_of(error), "error")
    for name in names_of(ignore):
        severities.pop(name, None)
    if not severities:
        raise ValueError("no rule is selected, so nothing would be checked")
    return Selection(tuple((name, severities[name]) for name in RULES if name in severities))


def names_of(names_or_codes: str | Iterable[str]) -> list[str]:
    """Resolve names, API codes, groups and globs to names of rules.

    Args:
        names_or_codes: a list, or a string of names separated by commas.

    Raises:
        ValueError: a name is unknown, or a glob matches nothing; the message suggests similar ones.
    """
    if isinstance(names_or_codes, str):
        names_or_codes = names_or_codes.split(",")
    chosen: dict[str, None] = {}
    for name in filter(None, map(str.strip, names_or_codes)):
        found = [rule.name for rule in RULES.values() if _is_named(rule, name)]
        found = found or _with_code_of_a_provider(name)
        if not found:
            raise ValueError(f"unknown rule {name!r}{_suggestion(name)}")
        exact_first = sorted(found, key=lambda rule_name: rule_name != name)
        chosen |= dict.fromkeys(exact_first)
    return [*chosen]


def _is_named(rule: Rule, name: str) -> bool:
    """Whether a name is a rule's name, code or group, or a glob that matches one of them."""
    names = (rule.name, rule.code, rule.group)
    return name in names or any(fnmatchcase(each, name) for each in names)


def _with_code_of_a_provider(code: str) -> list[str]:
    """The rules for which a provider other than OpenAI has this code, such as `url_mismatch`."""
    of_providers = (row["codes"].get(code, ()) for row in provider_index().values())
    names = {name for found in of_providers for name in found}
    return [name for name in RULES if name in names]


def _suggestion(name: str) -> str:
    import difflib

    known = sorted(
        {known for rule in RULES.values() for known in (rule.name, rule.code, rule.group)}
    )
    inside = [each for each in known if len(name) > 3 and name in each]
    longer = sorted((each for each in inside if each.startswith(name)), key=len)
    near = (longer or difflib.get_close_matches(name, known, 3) or inside)[:3]
    return f"; did you mean {' or '.join(near)}?" if near else "; `batchlint rule` lists them"
