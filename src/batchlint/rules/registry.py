"""The registry of rules, and which of them a run uses."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from ..findings import PHASES, Fails, Found, Severity
from ..grammar import dotted


class Request(NamedTuple):
    """A decoded line as rules see it, its body an object.

    Attributes:
        url: a batch endpoint.
        body: of whatever members; the schema may have refused some.
        size: of the line, in bytes.
        memory: what rules find out for one another.
    """

    url: str
    body: dict[str, Any]
    size: int
    memory: dict[str, Any]

    @property
    def model(self) -> str:
        """The model, or the empty string."""
        model = self.body.get("model")
        return model if isinstance(model, str) else ""

    def objects(self, member: str) -> Iterator[tuple[int, dict[str, Any]]]:
        """The objects in a list that is a member of the body, with their places; none if it is no list."""
        given = self.body.get(member)
        if isinstance(given, list):
            yield from ((i, item) for i, item in enumerate(given) if isinstance(item, dict))


Check = Callable[[Request], Iterator[Found]]
Asleep = Mapping[str, Any] | Callable[[Request], bool]


class Rule(NamedTuple):
    """A rule.

    Attributes:
        name: unique, snake_case.
        code: the API's code for it; the name where the API has none or nobody knows it.
        severity: unless the user chooses another.
        fails: what the API does; None for a warning.
        default: whether it is on unless chosen.
        once: said once for a file, with the first line and the count.
        urls: the endpoints whose requests the check looks at; empty for all.
        wakes: the members of a body that wake the check.
        marks: members of a message or an item that wake the check too, each with the schema of the values that
            do not (False: all values do).
        part_marks: likewise, members of a part of content.
        asleep: a schema of bodies in which the check finds nothing, whatever wakes it; or, of a rule that only `wakes`
            wake, a function that tells so of a request, which rules may share and then is asked once; None if there
            is none.
        long_lines: whether long lines alone wake the check.
        check: of a request; None if the engine or the file raises its findings.
        docstring: of the check, as it stands in the source.
    """

    name: str
    code: str
    severity: Severity
    fails: Fails | None
    default: bool
    once: bool
    urls: tuple[str, ...]
    wakes: frozenset[str]
    marks: Mapping[str, Any]
    part_marks: Mapping[str, Any]
    asleep: Asleep | None
    long_lines: bool
    check: Check | None
    docstring: str

    @property
    def always_asked(self) -> bool:
        """Whether nothing has to wake the check."""
        return not (self.wakes or self.marks or self.part_marks or self.long_lines)

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
        """The examples under `Fails` or `Passes`, as they stand in the documentation."""
        found, inside = [], False
        for line in self.doc.splitlines():
            if line.startswith(("Fails: ", "Passes: ")):
                inside = line.startswith(heading)
                if inside:
                    found.append(line.partition(": ")[2])
            elif inside and line.startswith("    "):
                found[-1] += "\n" + line.strip()
            else:
                inside = False
        return found


_rules: dict[str, Rule] = {}
#: Every rule, by name, in the order of the modules.
RULES: Final[Mapping[str, Rule]] = MappingProxyType(_rules)


def rule(
    *,
    code: str | None = None,
    fails: Fails | None = "request",
    default: bool = True,
    once: bool = False,
    urls: Iterable[str] = (),
    wakes: Iterable[str] = (),
    marks: Mapping[str, Any] = MappingProxyType({}),
    part_marks: Mapping[str, Any] = MappingProxyType({}),
    asleep: Asleep | None = None,
    long_lines: bool = False,
) -> Callable[[Callable[..., Any]], Rule]:
    """Register a function as a rule; its name and docstring are the rule's.

    The arguments are the attributes of `Rule`; without `code` it is the name, without `urls` all endpoints are meant.
    A rule without `fails` is a warning.  A function that takes a parameter is the check of a
    request; one without is only the documentation of what the engine raises.  A check that nothing
    wakes looks at every request that its `asleep` does not fit.
    """

    def register(function: Callable[..., Any]) -> Rule:
        name = function.__name__
        if name in _rules:
            raise ValueError(f"two rules are called {name}")
        if callable(asleep) and (marks or part_marks or not (wakes or long_lines)):
            raise ValueError(f"{name}: `asleep` may be a function only where members of the body alone wake the rule")
        check = function if function.__code__.co_argcount else None
        _rules[name] = made = Rule(name, code or name, "error" if fails else "warning", fails, default, once,
                                   tuple(urls), frozenset(wakes), marks, part_marks, asleep, long_lines, check, function.__doc__ or "")
        return made

    return register


#: "The param is the dotted path", where None would be "the API gives null".
_SAME: Final = "\0"


def fault(
    message: str,
    *path: str | int,
    param: str | None = _SAME,
    phase: str = "fields",
    hint: str | None = None,
) -> Found:
    """What the check of a request yields.

    Args:
        message: the sentence.
        path: the true place in the body, as keys and indices.
        param: the place in the API's words, if it is not that of the path; None where the API gives null.
        phase: when the API would come upon it, a key of `PHASES`; within `fields` the place of the
            path's first member in its surface's order counts.
        hint: what to do.
    """
    return Found("", message, dotted(path) if param == _SAME else param, ("body", *path), hint, (PHASES[phase], 0, 0))


class Selection(NamedTuple):
    """Which rules are on, and with which severity.  Hashable, so that processes can keep what they made of it."""

    severities: tuple[tuple[str, Severity], ...]

    def as_dict(self) -> dict[str, Severity]:
        """The severity of every rule that is on."""
        return dict(self.severities)


def select(
    select: Iterable[str] | None = None,
    ignore: Iterable[str] = (),
    warn: Iterable[str] = (),
    error: Iterable[str] = (),
) -> Selection:
    """The rules that are on.

    Args:
        select: exactly these; None is all but those that are off by default.
        ignore: leave these out.
        warn: make these warnings, and switch them on.
        error: make these errors, and switch them on.

    Each name is a rule's or an API code, which stands for all of its rules.

    Raises:
        ValueError: a name is neither; the message suggests the near ones.
    """
    on = [name for name, r in RULES.items() if r.default] if select is None else named(select)
    severities = {name: RULES[name].severity for name in on}
    severities |= dict.fromkeys(named(warn), "warning")
    severities |= dict.fromkeys(named(error), "error")
    for name in named(ignore):
        severities.pop(name, None)
    return Selection(tuple((name, severities[name]) for name in RULES if name in severities))


def named(names: Iterable[str]) -> list[str]:
    """The rules that these names or codes stand for.

    Raises:
        TypeError: a single string, where a list of strings is meant.
        ValueError: a name is unknown.
    """
    if isinstance(names, str):
        names = names.split(",")
    chosen: list[str] = []
    for name in filter(None, map(str.strip, names)):
        found = [r.name for r in RULES.values() if name in (r.name, r.code)]
        if not found:
            codes = {r.code for r in RULES.values()}
            import difflib

            near = difflib.get_close_matches(name, sorted(RULES.keys() | codes), 3)
            meant = f"; did you mean {' or '.join(near)}?" if near else "; `batchlint rule` lists them"
            raise ValueError(f"unknown rule {name!r}{meant}")
        chosen += found
    return chosen
